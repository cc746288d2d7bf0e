"""What the questions of an auditor cost on a long record, against the same raw SQL in process.

    python benchmarks/questions.py [--events 100000] [--rounds 7]

An item's history, a person's day, the latest 50 of a common verb and of one not done lately: through the reader, as
`siban log` asks, and the statement alone with its rows fetched. Medians, interleaved; the ratio must be ≤ 2.
The milliseconds say whether an index is missing; behind them stands how SQLite finds the rows.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.multiplied import multiplied
from engine.clock import DAY, parse_instant
from engine.policy import PolicyShelf
from engine.row import EventQuery
from interfaces.entries import Question, page
from storage import connection, statements

if TYPE_CHECKING:
    import sqlite3

    from engine.context import Rules
    from engine.event import Event
    from engine.ports import Store

DAY_OF = parse_instant("2023-05-29")
QUESTIONS = {
    "an item's history": EventQuery(item=2),
    "a person's day": EventQuery(person="o04", since=DAY_OF, until=DAY_OF + DAY, newest=True),
    "latest 50 of a common verb": EventQuery(verb="report_done", newest=True, limit=50),
    "latest 50 of an old verb": EventQuery(verb="submit_upstream", newest=True, limit=50),
    "the next page of 50": EventQuery(after=1000, limit=50),
}


def asked(store: Store, query: EventQuery) -> tuple[float, int]:
    """Ask as `siban log` does; return seconds and how many entries there were."""
    shelf = PolicyShelf()
    with store.read() as reader:
        organisation = shelf.organisation(reader, reader.current_hashes()["organisation", "bureau"])

        def rules_of(event: Event) -> Rules:
            return shelf.rules(reader, event.definition)

        begun = perf_counter()
        found, _ = page(reader, Question(query._replace(limit=0), limit=query.limit), organisation, rules_of)
        return perf_counter() - begun, len(found)


def raw(opened: sqlite3.Connection, query: EventQuery) -> tuple[float, int]:
    """Run the same statement by hand."""
    text, parameters = statements.events(query)
    begun = perf_counter()
    found = opened.execute(text, parameters).fetchall()
    return perf_counter() - begun, len(found)


def plan(opened: sqlite3.Connection, query: EventQuery) -> str:
    """Say how SQLite finds the rows."""
    text, parameters = statements.events(query)
    return "; ".join(str(row[3]) for row in opened.execute(f"EXPLAIN QUERY PLAN {text}", parameters))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        store = multiplied(path, events=options.events)
        opened = connection.connect(str(path))
        with store.read() as reader:
            print(f"{reader.head()[0]} entries")
        for name, query in QUESTIONS.items():
            ours: list[float] = []
            floor: list[float] = []
            counts = set()
            for _ in range(options.rounds):
                for seconds, (taken, count) in ((ours, asked(store, query)), (floor, raw(opened, query))):
                    seconds.append(taken)
                    counts.add(count)
            mine, low = statistics.median(ours), statistics.median(floor)
            print(f"{name:28} {mine * 1000:9.2f} ms   {mine / low:5.2f} × SQL   {counts}   {plan(opened, query)}")
        opened.close()
        store.close()


if __name__ == "__main__":
    main()
