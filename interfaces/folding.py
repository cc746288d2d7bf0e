"""The past of a large ledger folded by all processors at once: each batch of histories by a process that reads the file itself.

What is asked for ends at the last entry that whoever asks can see, so that a record which grows meanwhile folds to the same.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from engine.past import folded
from interfaces.crew import Crew
from storage.sqlite import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.past import Batches, Known
    from engine.row import EventQuery, Row


def together(path: str, batches: Batches) -> Iterator[tuple[list[Row], Known]]:
    """Answer batches of rows of a file's ledger with what their questions fold to, each in its turn."""
    with Crew() as crew:
        for batch, known in crew.in_turn(
            histories, ((batch, (path, asked) if asked else None) for batch, asked in batches)
        ):
            yield batch, known or {}


def histories(path: str, asked: EventQuery) -> Known:
    """Fold the histories that a question is about, out of a file."""
    with closing(open_store(path)) as store, store.read() as reader:
        return folded(reader.facts(asked))
