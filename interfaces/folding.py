"""The past of a large ledger folded by all processors at once: each batch of histories by a process that reads the file itself.

What is asked for ends at the last entry that whoever asks can see, so that a record which grows meanwhile folds to the same.
"""

from __future__ import annotations

from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING

from engine.past import folded
from interfaces.crew import crew, processors
from storage.sqlite import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from engine.past import Batches, Known
    from engine.row import EventQuery, Row

PAYS = 5_000
"""From how many items on it pays to start processes."""

_AHEAD = 2  # batches for each process: none has to wait for the next, and no more rows than these are held


def together(path: str, batches: Batches) -> Iterator[tuple[list[Row], Known]]:
    """Answer batches of rows of a file's ledger with what their questions fold to, each in its turn.

    A batch whose process fails, or is not to be had, is folded here.
    """
    from concurrent.futures import BrokenExecutor

    size = processors()
    waiting: deque[tuple[list[Row], EventQuery | None, Future[Known] | None]] = deque()

    def first() -> tuple[list[Row], Known]:
        batch, asked, future = waiting.popleft()
        if asked is None:
            return batch, {}
        try:
            if future is not None:
                return batch, future.result()
        except (BrokenExecutor, OSError):
            pass
        return batch, histories(path, asked)

    pool = crew(size)
    try:
        for batch, asked in batches:
            try:
                future = pool.submit(histories, path, asked) if asked else None
            except (BrokenExecutor, OSError):
                future = None
            waiting.append((batch, asked, future))
            if len(waiting) > _AHEAD * size:
                yield first()
        while waiting:
            yield first()
    finally:
        pool.shutdown(cancel_futures=True)


def histories(path: str, asked: EventQuery) -> Known:
    """Fold the histories that a question is about, out of a file."""
    with closing(open_store(path)) as store, store.read() as reader:
        return folded(reader.facts(asked))
