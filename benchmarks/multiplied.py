"""A large ledger for benchmarks: a small one many times over, entry by entry in the order of time, with all that follows from it.

The small one is the twelve items of `tests.trial`, or a hundred open petitions, two of which come due long before the others; with
those `siban check` and `siban audit verify` find nothing wrong, while papers and notices of the twelve stand as they were sent.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figure import WORK
from engine.clock import parse_instant
from engine.context import Hand
from engine.notice import notices_of
from engine.policy import DEFINITION
from engine.row import EventQuery, ItemQuery, Reporter, from_text, to_text
from engine.work import crossing_of
from storage.creation import create
from storage.memory import MemoryStore
from storage.sqlite import open_store
from tests.trial import END, START, Ledger, fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.event import Event
    from engine.row import Row
    from storage.sqlite import SqliteStore

BATCH = 20_000
"""How many entries one transaction writes."""

HUNDRED = 100
"""How many petitions are open in the small ledger, of which the first two come due early."""

EARLY = "2023-03-06 09:00"
NEXT = "2023-03-08 09:00"
LATE = "2023-04-20 10:00"
NOTHING_DUE = "2023-04-20 12:00"
"""A moment at which nothing in a ledger of open petitions has come due that is not settled."""


def open_petitions(ledger: Ledger) -> None:
    """Let a hundred petitions be registered and accepted, the first two of them six weeks before the rest."""
    for when, count in ((EARLY, 1), (NEXT, 1), (LATE, HUNDRED - 2)):
        ledger.at(when)
        sheets = [({"title": f"来信反映问题{n}", "reporter": "张女士"}, None) for n in range(count)]
        made = ledger.office.register("petition", sheets, Hand("o11", "o11"))
        numbers = [outcome.after.number for outcome in made]
        ledger.office.act(numbers, "accept", {"lead_unit": "water", "handler": "o23"}, Hand("o11", "o11"))


def beginning(
    path: Path, filled: Callable[[Ledger], None] = fill, start: str = START, end: str = END
) -> tuple[SqliteStore, list[Event], list[Row], list[Reporter]]:
    """Make a database that has the policy of a small ledger and no items; return it with the small one's entries, rows and reporters."""
    original = MemoryStore()
    filled(Ledger(original, start))
    with original.read() as reader:
        record, rows = list(reader.events(EventQuery())), list(reader.rows(ItemQuery()))
        reporters = list(reader.reporters())
        policies = [policy for kind in ("calendar", "organisation", DEFINITION) for policy in reader.current(kind)]
    create(path, {"trial": "1", "clock": str(parse_instant(end)), "installation": "bench"})
    store = open_store(path)
    store.connection.execute("PRAGMA synchronous = OFF")  # what is cut off is made anew
    with store.write() as writer:
        for policy in policies:
            writer.put_policy(policy)
        writer.append([event for event in record if not event.item])
    return store, [event for event in record if event.item], rows, reporters


def multiplied(path: Path, *, items: int = 0, events: int = 0, petitions: bool = False) -> SqliteStore:
    """Make a database with at least so many items, or entries; every copy of an item has the entries of the original."""
    small = beginning(path, open_petitions, EARLY, NOTHING_DUE) if petitions else beginning(path)
    store, about, rows, reporters = small
    width = max(row.number for row in rows)
    copies = max(-(-items // width), -(-events // len(about)), 1)
    last = _write(store, about, copies, width)
    kept = {reporter.item: reporter for reporter in reporters}
    made = ((row, copy * width, last[row.number] + copy) for copy in range(copies) for row in rows)
    while batch := list(islice(made, BATCH)):
        with store.write() as writer:
            for row, by, last_seq in batch:
                writer.put_row(_copied(row, row.number + by, last_seq))
                if row.number in kept:
                    writer.put_reporter(kept[row.number]._replace(item=row.number + by))
    return store


@contextmanager
def petitions(items: int) -> Iterator[SqliteStore]:
    """Give a ledger of so many open petitions, which is made where it is not there yet; whoever writes to it goes on in time."""
    place = WORK / "ledgers"
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"petitions-{items}.db"
    if not path.exists():
        draft = path.with_suffix(".part")
        for left in place.glob(f"{draft.name}*"):
            left.unlink()
        multiplied(draft, items=items, petitions=True).close()
        draft.rename(path)
        Path(f"{draft}.lock").unlink()
    store = open_store(path)
    try:
        yield store
    finally:
        store.close()


def renumbered(event: Event, by: int) -> Event:
    """Return the same entry about another item."""
    number = event.item + by
    if event.verb != "register":
        return event._replace(item=number)
    before, mark, rest = event.body.partition('"serial":"')
    serial, quote, after = rest.partition('"')
    return event._replace(item=number, body=f"{before}{mark}{_serial(serial, number)}{quote}{after}")


def _write(store: SqliteStore, about: list[Event], copies: int, width: int) -> dict[int, int]:
    """Write the entries, and return for each original item the number of its last entry's first copy."""
    with store.read() as reader:
        seq, last = reader.head()[0], {}
    for event in about:
        if event.result == "done":
            last[event.item] = seq + 1
        seq += copies
    entries = (renumbered(event, copy * width) for event in about for copy in range(copies))
    number = 1
    while batch := list(islice(entries, BATCH)):
        with store.write() as writer:
            complete = writer.append(batch)
            writer.put_crossings([crossing_of(event) for event in complete if event.verb == "escalate"])
            for event in complete:
                told = notices_of(event, number)
                number += len(told)
                writer.put_notices(told)
    return last


def _copied(row: Row, number: int, last_seq: int) -> Row:
    serial = _serial(row.serial, number)
    item = from_text(row.body)._replace(number=number, serial=serial, last_seq=last_seq)
    return row._replace(number=number, serial=serial, last_seq=last_seq, body=to_text(item))


def _serial(original: str, number: int) -> str:
    return f"{original.partition('-')[0]}-{number:07d}"
