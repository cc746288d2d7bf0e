"""What a decision is taken under: the rules of the day, who decides, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.canonical import canonical
from engine.event import DONE, Event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.calendar import Calendar
    from engine.definition import Definition
    from engine.item import Item
    from engine.organisation import Organisation


class Rules(NamedTuple):
    """The definition, calendar edition and organisation in force for an item."""

    definition: Definition
    calendar: Calendar
    organisation: Organisation


class Hand(NamedTuple):
    """Who decides and who enters it. `basis` is canonical JSON text, empty when they are one and the same."""

    decider: str
    enterer: str
    basis: str = ""
    command_id: str = ""


class Context(NamedTuple):
    """Everything outside the item that a decision may look at.

    `now` is when it is entered, `effective_at` when it was so. `other` finds another item by number (for merging). `chosen` is true for the
    steps of a composite, whose own rule said who may.
    """

    rules: Rules
    hand: Hand
    now: int
    effective_at: int
    other: Callable[[int], Item | None]
    chosen: bool = False

    def event(
        self, item: int, verb: str, body: Mapping[str, object], result: str = DONE, at: int | None = None
    ) -> Event:
        """Make an entry of this context, still without its place in the chain."""
        return Event(
            seq=0,
            item=item,
            verb=verb,
            result=result,
            effective_at=self.effective_at if at is None else at,
            recorded_at=self.now,
            decider=self.hand.decider,
            enterer=self.hand.enterer,
            basis=self.hand.basis,
            command_id=self.hand.command_id,
            definition=self.rules.definition.hash,
            calendar=self.rules.calendar.hash,
            body=canonical(body),
        )
