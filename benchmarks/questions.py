"""What the questions of an auditor cost on a long record, against the same raw SQL in process.

    python benchmarks/questions.py [--events 1000000] [--rounds 15] [--keep FOLDER]

The record is that of `tests.trial` many times over, each copy begun somewhat later, so that three years pass in it and a day
has about a thousandth of the entries. An item's history, a person's day, the latest 50 of a common verb and of one not done
for years, pages near the beginning and near the end: through the reader, as `siban log` asks, and the statement alone with its
rows fetched; in processor time, the least of some rounds in turn, since others may be using the machine. Must hold: ≤ 2.
The milliseconds say whether an index is missing; behind them stands how SQLite finds the rows. With `--keep` the record is
made once and found there again.
"""

from __future__ import annotations

import argparse
import heapq
import tempfile
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

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
        "the next page of 50": EventQuery(after=1000, limit=50),
        "a deep page of 50": EventQuery(after=events * 9 // 10, limit=50),
    }


@contextmanager
def record(events: int, folder: str) -> Iterator[Path]:
    """Give the file of a record with at least so many entries: a new one, or the one that stands in the folder."""
    if not folder:
        with tempfile.TemporaryDirectory() as own:
            yield made(Path(own) / "bench.db", events)
        return
    path = Path(folder) / f"record-{events}.db"
    yield path if path.exists() else made(path, events)


def made(path: Path, events: int) -> Path:
    """Make a record: copies of a small one, in the order of their moments."""
    draft = path.with_suffix(".part")
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
    parser.add_argument("--keep", default="", metavar="FOLDER", help="where the record is kept between runs")
    options = parser.parse_args()
    with record(options.events, options.keep) as path:
        store, opened = open_store(path), connection.connect(str(path))
        with store.read() as reader:
            print(f"{reader.head()[0]} entries, {path.stat().st_size >> 20} MiB")
        for name, query in questions(options.events).items():
            ours: list[float] = []
            floor: list[float] = []
            counts = set()
            for _ in range(options.rounds):
                for seconds, (taken, count) in ((ours, asked(store, query)), (floor, raw(opened, query))):
                    seconds.append(taken)
                    counts.add(count)
            mine, low = min(ours), min(floor)
            print(f"{name:28} {mine * 1000:9.2f} ms   {mine / low:5.2f} × SQL   {counts}   {plan(opened, query)}")
        opened.close()
        store.close()


if __name__ == "__main__":
    main()
