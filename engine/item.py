"""An item of the ledger as its events fold to it, and the small facts inside it. Frozen: `evolve` makes the next one."""

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
from collections.abc import Mapping
from typing import NamedTuple

from engine.run import Run

OPEN = ("open", "endorsed")
"""The states in which a request still waits for somebody."""

ISSUED = "issued"
"""The field that keeps the papers issued about an item."""


class Request(NamedTuple):
    """One application about one item; named ITEM-ORDINAL outside (`12-1`).

    `state` is open, endorsed, granted, refused, void or lapsed. `made_in` is the state the item was in. `fields` are as asked for,
    `timely` whether it came before the due moment. `lapses_at` is when it ends undecided.
    """

    ordinal: int
    kind: str
    state: str
    made_by: str
    made_at: int
    made_in: str
    timely: bool
    lapses_at: int | None
    fields: Mapping[str, object]
    decided_by: str = ""
    decided_at: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to decide it."""
        return self.state in OPEN


class Act(NamedTuple):
    """How often a verb was done in this round, by whom (each person once), and when last."""

    times: int
    by: tuple[str, ...]
    at: int


class Item(NamedTuple):
    """One problem under way.

    `fields` holds what acts have kept (`title`, `source`, `track`, `lead_unit`, `co_units`, `handler`, `commander`, `limit` …),
    `acts` who did what in this round, `clocks` one `Run` for each clock that has begun, `requests` every application,
    `crossed` the rungs already climbed as "clock:cycle:level" → planned moment, `wake` the moment and verb of an act that
    happens by itself. `since` is when it came to its state; `effective_at` the latest act's. `version` counts its folded events.
    """

    number: int
    serial: str
    workflow: str
    definition: str
    state: str
    since: int
    registered_at: int
    effective_at: int
    closed_at: int | None = None
    round: int = 1
    version: int = 0
    last_seq: int = 0
    wake: tuple[int, str] | None = None
    fields: Mapping[str, object] = {}
    acts: Mapping[str, Act] = {}
    clocks: Mapping[str, Run] = {}
    requests: tuple[Request, ...] = ()
    crossed: Mapping[str, int] = {}
    papers: Mapping[str, int] = {}

    def recorded(self, seq: int) -> "Item":
        """Return it with the number of its last entry, known once that is in the record."""
        return _made(Item, (*self[:_LAST_SEQ], seq, *self[_LAST_SEQ + 1 :]))

    def text(self, name: str) -> str:
        """Return a kept field as text, empty when it is absent."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    @property
    def registrars(self) -> tuple[str, ...]:
        """Who registered it in this round."""
        act = self.acts.get("register")
        return act.by if act else ()

    def names(self, name: str) -> tuple[str, ...]:
        """Return a kept field that holds a list of names."""
        value = self.fields.get(name)
        return tuple(map(str, value)) if isinstance(value, (list, tuple)) else ()


_made = tuple.__new__  # of all fields in their order, as `_replace` does, which takes five times as long
_LAST_SEQ = Item._fields.index("last_seq")
