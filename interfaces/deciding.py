"""A large ledger's rows read and decided by a crew, and written by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.apart import decided, terms
from interfaces.problem_row import read_apart

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from engine.context import Hand
    from engine.intake import Answers, Batch
    from engine.ports import Reader
    from engine.secrecy import Guard
    from interfaces.crew import Crew
    from interfaces.problem_row import Read
    from interfaces.sheet import Row


def read_together(crew: Crew, manner: bytes, batches: Iterable[list[Row]]) -> Generator[tuple[int, Read]]:
    """Answer batches of rows with how many they are and what was read in them, each in its turn."""
    jobs = ((len(rows), (manner, rows)) for rows in batches)
    return ((count, read) for count, read in crew.in_turn(read_apart, jobs) if read is not None)


def decide_together(
    crew: Crew, workflow: str, hand: Hand, guard: Guard | None, reader: Reader, now: int, batches: Iterable[Batch]
) -> Answers:
    """Answer batches of rows with what they come to, each in its turn."""
    under = terms(reader, workflow, hand, now, guard)
    return crew.in_turn(decided, ((batch, (under, batch)) for batch in batches))
