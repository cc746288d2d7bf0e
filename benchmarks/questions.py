"""What the questions of an auditor cost on a long record, against the same raw SQL in process.

    python benchmarks/questions.py [--events 1000000] [--rounds 15] [--keep FOLDER] [--plans]

The record is that of `tests.trial` many times over, each copy begun somewhat later, so that three years pass in it and a day
has about a thousandth of the entries. An item's history, a person's day, the latest 50 of a common verb and of one not done
for years, pages near the beginning and near the end: through the reader, as `siban log` asks, and the statement alone with its
rows fetched; in processor time, rounds in turn, since others may be using the machine. The milliseconds say whether an index is
missing; `--plans` says how SQLite finds the rows. The record is made once and found again; ten million entries take some
quarter of an hour and 13 GB.
"""

from __future__ import annotations

import argparse
import heapq
from contextlib import closing
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from benchmarks.figure import WORK, compared, keep
from benchmarks.multiplied import BATCH, beginning, renumbered
from engine.clock import DAY, parse_instant, start_of_day
from engine.clock import ordinal_of as day_of
from engine.policy import PolicyShelf
from engine.row import EventQuery
from interfaces.entries import Question, page
from storage import connection, statements
from storage.sqlite import open_store
from tests.trial import START

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from engine.context import Rules
    from engine.event import Event
    from engine.ports import Store

SPAN = 3 * 365 * DAY
"""Over how long the copies begin."""

OLD, OLD_ONES = "submit_upstream", 60
"""A verb that only the first so many copies have."""

MIDDLE = start_of_day(day_of(parse_instant(START)) + SPAN // DAY // 2)


def questions(events: int) -> dict[str, EventQuery]:
    """Return what is asked of a record of so many entries."""
    day = EventQuery(person="o27", since=MIDDLE, until=MIDDLE + DAY, newest=True)
    return {
        "an item's history": EventQuery(item=events // 2000),
        "a person's day": day,
        "a day of all": day._replace(person=""),
        "latest 50 of a common verb": EventQuery(verb="report_done", newest=True, limit=50),
        "latest 50 of an old verb": EventQuery(verb=OLD, newest=True, limit=50),
        "latest 50": EventQuery(newest=True, limit=50),
        "the next page of 50": EventQuery(after=1000, limit=50),
        "a deep page of 50": EventQuery(after=events * 9 // 10, limit=50),
    }


def record(events: int, folder: str) -> Path:
    """Return the file of a record with at least so many entries, which is made where the folder has none."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    path = Path(folder) / f"record-{events}.db"
    return path if path.exists() else made(path, events)


def made(path: Path, events: int) -> Path:
    """Make a record: copies of a small one, in the order of their moments."""
    draft = path.with_suffix(".part")
    for left in path.parent.glob(f"{draft.name}*"):
        left.unlink()
    store, about, rows, _ = beginning(draft)
    width, each = max(row.number for row in rows), sum(event.verb != OLD for event in about)
    copies = -(-events // each)

    def shifted(copy: int) -> Iterator[tuple[int, int, Event]]:
        later = SPAN * copy // copies
        for event in about:
            if event.verb == OLD and copy > OLD_ONES:
                continue
            at = event.recorded_at + later
            yield at, copy, event._replace(recorded_at=at, effective_at=event.effective_at + later)

    in_order = heapq.merge(*map(shifted, range(copies)), key=lambda found: found[:2])
    while batch := [renumbered(event, copy * width) for _, copy, event in islice(in_order, BATCH)]:
        with store.write() as writer:
            writer.append(batch)
    store.close()
    return draft.rename(path)


def asked(store: Store, query: EventQuery) -> tuple[float, int]:
    """Ask as `siban log` does; return seconds and how many entries there were."""
    shelf = PolicyShelf()
    with store.read() as reader:
        organisation = shelf.organisation(reader, reader.current_hashes()["organisation", "bureau"])

        def rules_of(event: Event) -> Rules:
            return shelf.rules(reader, event.definition)

        begun = process_time()
        found, _ = page(reader, Question(query._replace(limit=0), limit=query.limit), organisation, rules_of)
        return process_time() - begun, len(found)


def raw(opened: sqlite3.Connection, query: EventQuery) -> tuple[float, int]:
    """Run the same statement by hand."""
    text, parameters = statements.events(query)
    begun = process_time()
    found = opened.execute(text, parameters).fetchall()
    return process_time() - begun, len(found)


def plan(opened: sqlite3.Connection, query: EventQuery) -> str:
    """Say how SQLite finds the rows."""
    text, parameters = statements.events(query)
    return "; ".join(str(row[3]) for row in opened.execute(f"EXPLAIN QUERY PLAN {text}", parameters))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--keep", default=str(WORK / "ledgers"), metavar="FOLDER", help="where the record is kept")
    parser.add_argument("--plans", action="store_true", help="say how SQLite finds the rows")
    parser.add_argument("--result", default="", metavar="FILE")
    options = parser.parse_args()
    begun, found = perf_counter(), []
    path = record(options.events, options.keep)
    with closing(open_store(path)) as store, closing(connection.connect(str(path))) as opened:
        with store.read() as reader:
            size = reader.head()[0]
        for name, query in questions(options.events).items():
            asked(store, query)  # its pages and rules are read before
            seen, counts = [], set()
            for _ in range(options.rounds):
                (ours, count), (floor, bare) = asked(store, query), raw(opened, query)
                seen.append((ours, floor))
                counts |= {count, bare}
            found.append(
                compared(f"{name}: {counts.pop()} entries", "the same SQL", seen, most=2, unit="ms", size=size)
            )
            if counts:
                parser.error(f"{name}: not the same entries")
            if options.plans:
                print(f"{name}: {plan(opened, query)}")
        note = f"{size:,} entries, {path.stat().st_size >> 20:,} MiB; processor time, {options.rounds} rounds."
    keep(found, options.result, begun, note)


if __name__ == "__main__":
    main()
