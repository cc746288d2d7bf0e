"""A large ledger's rows decided by all processors at once, and written by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.apart import decided, terms
from interfaces.crew import in_turn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.context import Hand
    from engine.intake import Answers, Batch
    from engine.ports import Reader
    from engine.secrecy import Guard

PAYS = 5_000
"""From how many rows on it pays to start processes."""


def together(
    workflow: str, hand: Hand, guard: Guard | None, reader: Reader, now: int, batches: Iterable[Batch]
) -> Answers:
    """Answer batches of rows with what they come to, each in its turn."""
    under = terms(reader, workflow, hand, now, guard)
    return in_turn(decided, ((batch, (under, batch)) for batch in batches))
