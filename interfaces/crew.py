"""Processes that share one long work among all processors."""

from __future__ import annotations

import gc
import os
import signal
from collections import deque
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from concurrent.futures import Future, ProcessPoolExecutor

About = TypeVar("About")
Result = TypeVar("Result")

PAYS = 5_000
"""From how many items or rows on it pays to start processes."""

_AHEAD = 2  # jobs for each process: none has to wait for the next, and no more than these are held


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def crew(size: int) -> ProcessPoolExecutor:
    """Return so many processes, each begun anew when there is work for it."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(size, get_context("spawn"), initializer=_begin)


def _begin() -> None:
    gc.disable()  # as cli.py does
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever interrupts means the one that waits


class Crew:
    """As many processes as there are processors: begun when there is work for them, ended with the block."""

    def __init__(self) -> None:
        """Begin nothing yet."""
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    @property
    def begun(self) -> bool:
        """Whether there was work for it."""
        return self._pool is not None

    @staticmethod
    def pays(count: int) -> bool:
        """Whether so many items or rows are done sooner with others than alone."""
        return count >= PAYS and processors() > 1

    def in_turn(
        self, function: Callable[..., Result], jobs: Iterable[tuple[About, tuple[Any, ...] | None]]
    ) -> Generator[tuple[About, Result | None]]:
        """Call a function for each job in one of the processes; yield each in its turn with the result.

        A job is what it is about and the arguments, None for one without a call. One whose process fails, or is not to be had,
        is done here.
        """
        from concurrent.futures import BrokenExecutor

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

        size = processors()
        self._pool = self._pool or crew(size)
        try:
            for about, arguments in jobs:
                try:
                    future = None if arguments is None else self._pool.submit(function, *arguments)
                except (BrokenExecutor, OSError):
                    future = None
                waiting.append((about, arguments, future))
                if len(waiting) > _AHEAD * size:
                    yield first()
            while waiting:
                yield first()
        finally:
            for _, _, future in waiting:
                if future is not None:
                    future.cancel()
