"""What a decision is taken under: the rules of the day, who decides, and when."""

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from engine.calendar import Calendar
from engine.canonical import canonical
from engine.definition import Definition
from engine.event import DONE, Event
from engine.item import Item
from engine.organisation import Organisation
from engine.roles import HANDS


class Rules(NamedTuple):
    """The definition, calendar edition and organisation in force for an item."""

    definition: Definition
    calendar: Calendar
    organisation: Organisation


DELEGATED = '{"kind":"delegation"'
"""How the basis of an act under a delegation begins."""


class Hand(NamedTuple):
    """Who decides and who enters it. `basis` is canonical JSON text, empty when they are one and the same."""

    decider: str
    enterer: str
    basis: str = ""
    command_id: str = ""

    @property
    def is_delegated(self) -> bool:
        """Whether the one who enters decided too, for another: under a delegation, not copying from paper (代录)."""
        return self.basis.startswith(DELEGATED)

    def delegated(self, about: str) -> dict[str, list[str]]:
        """Return what the item keeps under `HANDS` of an act under a delegation, nothing of any other.

        `about` is `ROUND:VERB`, or `request-ORDINAL` for an application.
        """
        return {HANDS: [f"{about}:{self.enterer}"]} if self.is_delegated else {}

    def people(self, organisation: Organisation) -> tuple[str, ...]:
        """Return every desk of the human beings who decide here: what four eyes compares."""
        if self.enterer == self.decider or not self.is_delegated:
            return organisation.desks(self.decider)
        return (*organisation.desks(self.decider), *organisation.desks(self.enterer))


_made = tuple.__new__  # half the time of a call of the class, and this is in every act


def _no_parts(_relation: str) -> tuple[Item, ...]:
    return ()


class Context(NamedTuple):
    """Everything outside the item that a decision may look at.

    `now` is when it is entered, `effective_at` when it was so. `other` finds another item by number (for merging). `chosen` is true for the
    steps of a composite, whose own rule said who may. `facts` keeps what each entry's body says beside its text, for whoever would
    have to read it again. `parts` gives the items that refer to one: `project:12`.
    """

    rules: Rules
    hand: Hand
    now: int
    effective_at: int
    other: Callable[[int], Item | None]
    chosen: bool = False
    facts: dict[str, Mapping[str, object]] | None = None
    parts: Callable[[str], Iterable[Item]] = _no_parts

    def event(self, item: int, verb: str, body: Mapping[str, object], result: str = DONE) -> Event:
        """Make an entry of this context, still without its place in the chain."""
        text = canonical(body)
        if self.facts is not None:
            self.facts[text] = body
        definition, calendar, _ = self.rules
        decider, enterer, basis, command_id = self.hand
        return _made(Event, (  # of all fields in their order
            0, item, verb, result, self.effective_at, self.now, decider, enterer, basis, command_id, definition.hash,
            calendar.hash, text, "", "",
        ))  # fmt: skip
