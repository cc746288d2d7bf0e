"""The rows that a store keeps beside the events: items, crossed rungs, reporters, policy texts; and how they are asked for."""

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
import json
from typing import NamedTuple

from engine.canonical import encoder
from engine.item import Act, Item, Request
from engine.run import Run


class Row(NamedTuple):
    """One item as the ledger keeps it. `body` is the whole `Item` as JSON text; the rest are columns for questions.

    `related` names the items this one refers to, as ` campaign:3 project:12 `.
    `due_at` is the main clock's due moment, or before it begins the desk's; `next_at` the next thing that happens by itself.
    """

    number: int
    serial: str
    workflow: str
    definition: str
    state: str
    stage: str
    open: int
    title: str
    source: str
    track: str
    lead_unit: str
    handler: str
    related: str
    registered_at: int
    since: int
    due_at: int | None
    done_at: int | None
    closed_at: int | None
    next_at: int | None
    rungs: int
    version: int
    last_seq: int
    body: str


class Policy(NamedTuple):
    """A kept text of policy: a definition, a calendar edition or an organisation, under its hash."""

    kind: str
    name: str
    hash: str
    text: str
    index_text: str = ""


class PolicyRow(NamedTuple):
    """A policy text with its place in the order of loading, and whether it is the current one of its kind and name."""

    seq: int
    kind: str
    name: str
    hash: str
    text: str
    index_text: str
    current: int


class Crossing(NamedTuple):
    """A rung that was crossed: a fact, unique by its first four fields."""

    item: int
    clock: str
    cycle: int
    level: int
    planned_at: int
    crossed_at: int
    seq: int


class Reporter(NamedTuple):
    """Who reported an item: kept beside the record, which holds only a salted commitment to it."""

    item: int
    salt: str
    name: str
    contact: str


class ItemQuery(NamedTuple):
    """Which rows of the ledger; every condition that is given must hold. An empty one is the whole ledger by number.

    `related` is `FIELD:NUMBER`: items that refer to that one in that field; `:NUMBER`, in any.
    """

    open: bool | None = None
    states: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    lead_units: tuple[str, ...] = ()
    handler: str = ""
    tracks: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    due_before: int | None = None
    text: str = ""
    numbers: tuple[int, ...] = ()
    limit: int = 0
    related: str = ""

    @property
    def reference(self) -> str:
        """What a row's `related` holds when it meets that condition."""
        return f"{self.related} " if self.related.startswith(":") else f" {self.related} "


class EventQuery(NamedTuple):
    """Which entries of the record, oldest first (newest first with `newest`).

    `since` and `until` are moments of entry, `effective_until` is one at which it was so; both ends are not included.
    `after` and `upto` are numbers of entries, the first not included, the last included. Those of several `items` come item
    by item.
    """

    item: int | None = None
    person: str = ""
    verb: str = ""
    result: str = ""
    since: int | None = None
    until: int | None = None
    after: int = 0
    newest: bool = False
    limit: int = 0
    items: tuple[int, ...] = ()
    effective_until: int | None = None
    upto: int = 0


class Step(NamedTuple):
    """As much of an entry as a count over the whole record reads: whose act it was, and where it led its item."""

    item: int
    decider: str
    enterer: str
    effective_at: int
    body: str


_dump = encoder(sort_keys=True)  # so that it does not matter in which order an act gave its fields


def to_text(item: Item) -> str:
    """Write an item as JSON text: a list of its fields in their order."""
    return _dump(item)


def from_text(text: str) -> Item:
    """Read an item back from `to_text`."""
    values = _load(text)[0]
    if values[_WAKE]:
        values[_WAKE] = tuple(values[_WAKE])
    values[_ACTS] = {verb: _made(Act, (times, tuple(by), at)) for verb, (times, by, at) in values[_ACTS].items()}
    for run in values[_CLOCKS].values():
        run[_PAUSES] = tuple(map(tuple, run[_PAUSES])) if run[_PAUSES] else ()
        run[_MOVES] = tuple(map(tuple, run[_MOVES])) if run[_MOVES] else ()
    values[_CLOCKS] = {name: _made(Run, run) for name, run in values[_CLOCKS].items()}
    values[_REQUESTS] = tuple([Request(*request) for request in values[_REQUESTS]]) if values[_REQUESTS] else ()
    return _made(Item, values)


_load = json.JSONDecoder().raw_decode
_made = tuple.__new__  # of all fields in their order: half the time of a call of the class, and this is in every act
_WAKE, _ACTS, _CLOCKS, _REQUESTS = (Item._fields.index(name) for name in ("wake", "acts", "clocks", "requests"))
_PAUSES, _MOVES = (Run._fields.index(name) for name in ("pauses", "moves"))
