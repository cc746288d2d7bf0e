"""A large ledger for benchmarks: the twelve items of `tests.trial` many times over, entry by entry in the order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.canonical import canonical, parse
from engine.clock import parse_instant
from engine.policy import DEFINITION
from engine.row import EventQuery, ItemQuery, from_text, to_text
from storage.creation import create
from storage.memory import MemoryStore
from storage.sqlite import open_store
from tests.trial import END, Ledger, fill

if TYPE_CHECKING:
    from pathlib import Path

    from engine.event import Event
    from engine.ports import Store
    from engine.row import Row

BATCH = 20_000
"""How many entries one transaction writes."""


def beginning(path: Path) -> tuple[Store, list[Event], list[Row]]:
    """Make a database that has the policy of the trial and no items; return it with the trial's entries about items, and its rows."""
    original = MemoryStore()
    fill(Ledger(original))
    with original.read() as reader:
        record, rows = list(reader.events(EventQuery())), list(reader.rows(ItemQuery()))
        policies = [policy for kind in ("calendar", "organisation", DEFINITION) for policy in reader.current(kind)]
    create(path, {"trial": "1", "clock": str(parse_instant(END)), "installation": "bench"})
    store = open_store(path)
    with store.write() as writer:
        for policy in policies:
            writer.put_policy(policy)
        writer.append([event for event in record if not event.item])
    return store, [event for event in record if event.item], rows


def multiplied(path: Path, *, items: int = 0, events: int = 0) -> Store:
    """Make a database with at least so many items, or entries; every copy of an item has the entries of the original."""
    store, about, rows = beginning(path)
    width = max(row.number for row in rows)
    copies = max(-(-items // width), -(-events // len(about)), 1)
    last = _write(store, about, copies, width)
    with store.write() as writer:
        for row in rows:
            for copy in range(copies):
                writer.put_row(_copied(row, row.number + copy * width, last[row.number] + copy))
    return store


def renumbered(event: Event, by: int) -> Event:
    """Return the same entry about another item."""
    number = event.item + by
    if '"serial":' not in event.body:
        return event._replace(item=number)
    return event._replace(item=number, body=canonical(parse(event.body) | {"serial": _serial(number)}))


def _write(store: Store, about: list[Event], copies: int, width: int) -> dict[int, int]:
    """Write the entries, and return for each original item the number of its last entry's first copy."""
    with store.read() as reader:
        seq, last = reader.head()[0], {}
    batch: list[Event] = []
    for event in about:
        if event.result == "done":
            last[event.item] = seq + 1
        seq += copies
        for copy in range(copies):
            batch.append(renumbered(event, copy * width))
            if len(batch) == BATCH:
                with store.write() as writer:
                    writer.append(batch)
                batch = []
    with store.write() as writer:
        writer.append(batch)
    return last


def _copied(row: Row, number: int, last_seq: int) -> Row:
    item = from_text(row.body)._replace(number=number, serial=_serial(number), last_seq=last_seq)
    return row._replace(number=number, serial=item.serial, last_seq=last_seq, body=to_text(item))


def _serial(number: int) -> str:
    return f"ZG2023-{number:07d}"
