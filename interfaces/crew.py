"""Processes that share one long work among all processors."""

from __future__ import annotations

import gc
import os
import signal
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from concurrent.futures import Future, ProcessPoolExecutor

About = TypeVar("About")
Result = TypeVar("Result")

_AHEAD = 2  # jobs for each process: none has to wait for the next, and no more than these are held


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def crew(size: int) -> ProcessPoolExecutor:
    """Return so many processes, each begun anew when there is work for it; whoever uses them waits for `BrokenExecutor` and `OSError`."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(size, get_context("spawn"), initializer=_begin)


def in_turn(
    function: Callable[..., Result], jobs: Iterable[tuple[About, tuple[Any, ...] | None]]
) -> Generator[tuple[About, Result | None]]:
    """Call a function for each job in one of as many processes as there are processors; yield each in its turn with the result.

    A job is what it is about and the arguments, None for one without a call. One whose process fails, or is not to be had, is
    done here.
    """
    from concurrent.futures import BrokenExecutor

    size = processors()
    waiting: deque[tuple[About, tuple[Any, ...] | None, Future[Result] | None]] = deque()

    def first() -> tuple[About, Result | None]:
        about, arguments, future = waiting.popleft()
        if arguments is None:
            return about, None
        try:
            if future is not None:
                return about, future.result()
        except (BrokenExecutor, OSError):
            pass
        return about, function(*arguments)

    pool = crew(size)
    try:
        for about, arguments in jobs:
            try:
                future = None if arguments is None else pool.submit(function, *arguments)
            except (BrokenExecutor, OSError):
                future = None
            waiting.append((about, arguments, future))
            if len(waiting) > _AHEAD * size:
                yield first()
        while waiting:
            yield first()
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    gc.disable()  # as cli.py does
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever interrupts means the one that waits
