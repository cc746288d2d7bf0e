"""One entry of the record: who did what to which item, when it was so and when it was entered."""

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
from typing import NamedTuple

DONE = "done"
REFUSED = "refused"

CORRECT = "correct"
"""The verb of an entry that puts another one right, and is effective when that one was."""

MINUTE_APART = 60_000_000
"""How much later (µs) an act is entered than it was done for it to be a late entry (补录)."""

SYSTEM = "system"
"""The decider of what comes due by itself: rungs, automatic resumes, lapsed requests."""


class Event(NamedTuple):
    """A fact. Nothing of it is ever edited; the order of the fields is the order in which they are hashed.

    `seq` has no gaps over the whole database; `item` is 0 for facts about no item (a definition or an organisation loaded).
    `effective_at` says when it was so, `recorded_at` when it was entered (both microseconds of UTC). `decider` is the officer or body
    who decided, `enterer` the officer who typed it, and `basis` (canonical JSON text, empty when they are one) what the entry rests on.
    `definition` and `calendar` are the hashes it acted under. `body` is canonical JSON text and holds all that `evolve` needs.
    `prev` and `hash` chain it to the entry before.
    """

    seq: int
    item: int
    verb: str
    result: str
    effective_at: int
    recorded_at: int
    decider: str
    enterer: str
    basis: str
    command_id: str
    definition: str
    calendar: str
    body: str
    prev: str = ""
    hash: str = ""


class Fact(NamedTuple):
    """An entry as far as anything about its item follows from it: what a fold looks at, and what a ledger is read back from."""

    seq: int
    item: int
    verb: str
    effective_at: int
    recorded_at: int
    decider: str
    definition: str
    calendar: str
    body: str


def is_late(event: Event) -> bool:
    """Whether an act was entered later than it was done; what comes due by itself and a correction are no late entries."""
    late = event.recorded_at - event.effective_at >= MINUTE_APART
    return late and event.decider != SYSTEM and event.verb != CORRECT
