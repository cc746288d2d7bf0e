"""What one durable act costs inside a process, against hand-written sqlite3 that writes the same rows.

    python benchmarks/advance.py [--items 200] [--rounds 5]

The floor has the same library and durability and the product's own database with its checks and triggers; in one
transaction it reads the item's JSON and the last hash, makes the two JSON texts and the event's hash, and writes the
event, the item's row and the notice, where the act sent one. The 3-row floor writes a small item, event and timer as a
hand-made script would. All three run interleaved on the real disk. Must hold: ≤ 1.5 times the floor.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.canonical import canonical
from engine.clock import HOUR, SteppedTime, parse_instant
from engine.context import Hand
from engine.loader import load
from engine.office import Office
from engine.row import EventQuery, Row
from interfaces.founding import read_organisation
from storage import connection, statements
from storage.creation import create
from storage.sqlite import SqliteWriter, open_store
from workflows.calendars import shipped_edition
from workflows.index import definition_text, index_of

if TYPE_CHECKING:
    from engine.event import Event
    from engine.notice import Notice

ROOT = Path(__file__).resolve().parent.parent
START = parse_instant("2023-05-08 09:00")
STEPS: list[tuple[str, dict[str, object], str]] = [
    ("accept", {"lead_unit": "water", "handler": "o23"}, "o11"),
    ("report_done", {"outcome": "河道已清理，长效保洁已落实。"}, "o23"),
    ("pass_review", {}, "o12"),
    ("answer", {"told": ["reporter"], "answered_by": "phone", "answer_text": "已处理完毕，感谢监督。"}, "o23"),
    ("close", {}, "o11"),
]
SMALL = """
CREATE TABLE item(id INTEGER PRIMARY KEY, title TEXT NOT NULL, state TEXT NOT NULL, owner TEXT,
    version INTEGER NOT NULL, updated_at INTEGER NOT NULL);
CREATE TABLE event(id INTEGER PRIMARY KEY, item_id INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL,
    action TEXT NOT NULL, body TEXT);
CREATE INDEX event_item ON event(item_id, id);
CREATE TABLE timer(item_id INTEGER PRIMARY KEY, due_at INTEGER NOT NULL);
CREATE INDEX timer_due ON timer(due_at);
"""


def office_at(path: Path, items: int) -> tuple[Office, SteppedTime]:
    """Make a database with the petition workflow and registered items."""
    create(str(path), {"trial": "1", "installation": "bench"})
    clock = SteppedTime(START)
    office = Office(open_store(str(path)), clock)
    hand = Hand("o11", "o11")
    office.put_policy("calendar", "cn", canonical(shipped_edition().to_dict()), hand)
    office.put_policy("organisation", "bureau", read_organisation(str(ROOT / "workflows/bureau.toml")).text, hand)
    definition = load(definition_text("petition"))
    office.put_policy("definition", "petition", definition.text, hand, index_of(definition))
    office.register("petition", [({"title": f"事项{n}", "reporter": "张女士"}, None) for n in range(items)], hand)
    return office, clock


class Written(NamedTuple):
    """What one act wrote."""

    event: Event
    row: Row
    notices: list[Notice]


def run_siban(path: Path, items: int) -> tuple[float, list[Event], list[Written]]:
    """Advance every item through all steps; return seconds per act, the events before, and what each act wrote."""
    office, clock = office_at(path, items)
    with office.store.read() as reader:
        first = reader.head()[0]
    rows: list[Row] = []
    keep = SqliteWriter.put_row

    def noting(self: SqliteWriter, row: Row) -> None:
        rows.append(row)
        keep(self, row)

    SqliteWriter.put_row = noting  # type: ignore[method-assign]  # what was written is needed for the floor
    taken = 0.0
    for verb, fields, who in STEPS:
        clock.advance(HOUR)
        hand = Hand(who, who)
        begun = time.perf_counter()
        for number in range(1, items + 1):
            office.act([number], verb, fields, hand)
        taken += time.perf_counter() - begun
    SqliteWriter.put_row = keep  # type: ignore[method-assign]  # as it was
    with office.store.read() as reader:
        events = list(reader.events(EventQuery()))
        notices = list(reader.notices())
    office.store.close()
    acts = zip(events[first:], rows, strict=True)
    return taken / len(rows), events[:first], [Written(e, r, [n for n in notices if n.seq == e.seq]) for e, r in acts]


def run_floor(path: Path, before: list[Event], written: list[Written]) -> float:
    """Write the same rows by hand, the item's row already there as in the product; return seconds per act."""
    create(str(path), {})
    opened = connection.connect(str(path))
    opened.executemany(statements.APPEND, before)
    opened.executemany(statements.PUT_ROW, {act.row.number: act.row for act in reversed(written)}.values())
    names = Row._fields[1:]
    update = f"UPDATE item SET {','.join(f'{name}=?' for name in names)} WHERE number=?"  # noqa: S608 - names of our own
    bodies = [(json.loads(act.event.body), json.loads(act.row.body)) for act in written]
    begun = time.perf_counter()
    for (event, row, notices), (said, item) in zip(written, bodies, strict=True):
        opened.execute("BEGIN IMMEDIATE")
        json.loads(opened.execute("SELECT body FROM item WHERE number=?", (row.number,)).fetchone()[0])
        opened.execute("SELECT hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
        json.dumps(said, ensure_ascii=False, sort_keys=True)
        json.dumps(item, ensure_ascii=False)
        hashlib.sha256("".join(map(str, event)).encode()).hexdigest()
        opened.execute(statements.APPEND, event)
        opened.execute(update, (*row[1:], row.number))
        for notice in notices:
            opened.execute(statements.PUT_NOTICE, notice)
        opened.execute("COMMIT")
    taken = time.perf_counter() - begun
    opened.close()
    return taken / len(written)


def run_small(path: Path, items: int) -> float:
    """Write a small item, event and timer by hand; return seconds per act."""
    opened = connection.dbapi.connect(str(path), isolation_level=None, cached_statements=256)
    opened.executescript(SMALL)
    mode, sync = connection.journal()
    opened.execute(f"PRAGMA journal_mode = {mode}")
    opened.execute(f"PRAGMA synchronous = {sync}")
    for number in range(items):
        opened.execute("INSERT INTO item VALUES (?,?,?,?,0,0)", (number, "t", "s", "o"))
    begun = time.perf_counter()
    for verb, _, who in STEPS:
        for number in range(items):
            opened.execute("BEGIN IMMEDIATE")
            opened.execute("SELECT state, version FROM item WHERE id=?", (number,)).fetchone()
            opened.execute("UPDATE item SET state=?, owner=?, version=version+1 WHERE id=?", (verb, who, number))
            opened.execute(
                "INSERT INTO event(item_id,at,actor,action,body) VALUES (?,?,?,?,?)", (number, START, who, verb, "{}")
            )
            opened.execute("INSERT OR REPLACE INTO timer VALUES (?,?)", (number, START))
            opened.execute("COMMIT")
    taken = time.perf_counter() - begun
    opened.close()
    return taken / (items * len(STEPS))


def main() -> None:
    """Measure interleaved and print medians and ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    gc.disable()  # as cli.py does, for all three alike
    ours, floor, small = [], [], []
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        for turn in range(options.rounds):
            taken, before, written = run_siban(Path(folder) / f"siban{turn}.db", options.items)
            ours.append(taken)
            floor.append(run_floor(Path(folder) / f"floor{turn}.db", before, written))
            small.append(run_small(Path(folder) / f"small{turn}.db", options.items))
    mine, low, least = (statistics.median(t) * 1e6 for t in (ours, floor, small))
    print(f"durable act    {mine:8.0f} us")
    print(f"floor          {low:8.0f} us   ratio {mine / low:5.2f}   (same rows, same library and durability)")
    print(f"3-row floor    {least:8.0f} us   ratio {mine / least:5.2f}")


if __name__ == "__main__":
    main()
