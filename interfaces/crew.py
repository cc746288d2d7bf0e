"""Processes that share one long work among all processors."""

from __future__ import annotations

import gc
import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def crew(size: int) -> ProcessPoolExecutor:
    """Return so many processes, each begun anew when there is work for it; whoever uses them waits for `BrokenExecutor` and `OSError`."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(size, get_context("spawn"), initializer=_begin)


def _begin() -> None:
    gc.disable()  # as cli.py does
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever interrupts means the one that waits
