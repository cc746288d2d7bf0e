"""What one durable act costs inside a process: against hand-written sqlite3 that writes the same rows, and beside peers.

    python benchmarks/advance.py [--items 200] [--rounds 5] [--sync FULL NORMAL] [--no-peers]

The floor has the same library and durability and the product's own database with its checks and triggers; in one
transaction it reads the item's JSON and the last hash, makes the two JSON texts and the event's hash, and writes the
event, the item's row and the notice, where the act sent one. The 3-row floor writes a small item, event and timer as a
hand-made script would. The peers (`benchmarks/peers/`) take an item of theirs through as many steps, each one durable
transaction. All run on the real disk, in turn at each step of the workflow; medians over steps and rounds. NORMAL leaves out
the disk: it is in processor time, for what the software costs, whoever else uses the machine.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.figure import ROOT, WORK, compared, keep
from benchmarks.peer import Peer
from engine.canonical import canonical, hash_many
from engine.clock import HOUR, SteppedTime, parse_instant
from engine.context import Hand
from engine.loader import load
from engine.office import Office
from engine.row import EventQuery, ItemQuery, Row
from interfaces.roster import read_organisation
from storage import connection, statements
from storage.creation import create
from storage.sqlite import open_store
from workflows.calendars import shipped_edition
from workflows.index import definition_text, index_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from benchmarks.figure import Figure
    from engine.event import Event
    from engine.notice import Notice
    from storage.sqlite import SqliteStore

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


def office_at(path: Path, items: int) -> tuple[Office, SqliteStore, SteppedTime]:
    """Make a database with the petition workflow and registered items."""
    create(str(path), {"trial": "1", "installation": "bench"})
    clock = SteppedTime(START)
    store = open_store(str(path))
    office = Office(store, clock)
    hand = Hand("o11", "o11")
    office.put_policy("calendar", "cn", canonical(shipped_edition().to_dict()), hand)
    office.put_policy("organisation", "bureau", read_organisation(str(ROOT / "workflows/bureau.toml")).text, hand)
    definition = load(definition_text("petition"))
    office.put_policy("definition", "petition", definition.text, hand, index_of(definition))
    office.register("petition", [({"title": f"事项{n}", "reporter": "张女士"}, None) for n in range(items)], hand)
    return office, store, clock


TIMERS = {"FULL": time.perf_counter, "NORMAL": time.process_time}


class Beside(NamedTuple):
    """A peer: its name, how many times slower it must be at which durability, and how many times fewer items it takes."""

    title: str
    least: dict[str, float]
    fewer: int = 1


PEERS = {
    "spiff": Beside("SpiffWorkflow, reloaded at each step", {"FULL": 2.8, "NORMAL": 6}, 2),
    "django_log": Beside("django-fsm-2 with fsm-log", {"FULL": 3, "NORMAL": 5}, 2),
    "orm": Beside("SQLModel, a Machine per load", {"FULL": 4, "NORMAL": 9}, 2),
    "dbos_steps": Beside("DBOS on SQLite", {"FULL": 6}, 20),
}


class Written(NamedTuple):
    """What one act wrote."""

    event: Event
    row: Row
    notices: list[Notice]


def siban_step(
    office: Office,
    items: int,
    step: tuple[str, dict[str, object], str],
    *,
    at_once: int = 1,
    timer: Callable[[], float] = time.perf_counter,
) -> tuple[float, list[Written]]:
    """Do one verb on every item, so many in one command; return seconds per act and what each act wrote."""
    verb, fields, who = step
    with office.store.read() as reader:
        last = reader.head()[0]
    hand = Hand(who, who)
    begun = timer()
    for number in range(1, items + 1, at_once):
        office.act(range(number, min(number + at_once, items + 1)), verb, fields, hand)
    taken = timer() - begun
    with office.store.read() as reader:
        events = list(reader.events(EventQuery(after=last)))
        rows = {row.number: row for row in reader.rows(ItemQuery())}
        notices: dict[int, list[Notice]] = {}
        for notice in reader.notices():
            notices.setdefault(notice.seq, []).append(notice)
    if [event.item for event in events] != list(range(1, items + 1)):
        message = "an act leaves one entry, and nothing came due"
        raise AssertionError(message)
    return taken / items, [Written(event, rows[event.item], notices.get(event.seq, [])) for event in events]


def floor_at(path: Path, office: Office) -> sqlite3.Connection:
    """Make a database that stands where the product's does, without the product.

    Its rows come in one transaction, as the product's did: each commit would make the write-ahead log longer, and a sync of a
    file that still grows waits for the file system's journal. A reporter was registered there, so that what is deleted is
    overwritten here too.
    """
    create(str(path), {})
    opened = connection.connect(str(path))
    opened.execute(statements.SECURE)
    opened.execute("BEGIN")
    with office.store.read() as reader:
        opened.executemany(statements.APPEND, reader.events(EventQuery()))
        opened.executemany(statements.PUT_ROW, reader.rows(ItemQuery()))
    opened.execute("COMMIT")
    return opened


def floor_step(
    opened: sqlite3.Connection, written: list[Written], timer: Callable[[], float] = time.perf_counter
) -> float:
    """Write the same rows by hand; return seconds per act."""
    names = Row._fields[1:]
    update = f"UPDATE item SET {','.join(f'{name}=?' for name in names)} WHERE number=?"  # noqa: S608 - names of our own
    bodies = [(json.loads(act.event.body), json.loads(act.row.body)) for act in written]
    begun = timer()
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
    return (timer() - begun) / len(written)


def small_at(path: Path, items: int) -> sqlite3.Connection:
    """Make the database of a hand-made script."""
    opened: sqlite3.Connection = connection.dbapi.connect(str(path), isolation_level=None, cached_statements=256)
    opened.executescript(SMALL)
    opened.execute(f"PRAGMA journal_mode = {connection.journal()[0]}")
    opened.execute("BEGIN")  # one transaction, as in `floor_at`
    for number in range(items):
        opened.execute("INSERT INTO item VALUES (?,?,?,?,0,0)", (number, "t", "s", "o"))
    opened.execute("COMMIT")
    return opened


def small_step(
    opened: sqlite3.Connection, items: int, verb: str, who: str, timer: Callable[[], float] = time.perf_counter
) -> float:
    """Write a small item, event and timer by hand; return seconds per act."""
    begun = timer()
    for number in range(items):
        opened.execute("BEGIN IMMEDIATE")
        opened.execute("SELECT state, version FROM item WHERE id=?", (number,)).fetchone()
        opened.execute("UPDATE item SET state=?, owner=?, version=version+1 WHERE id=?", (verb, who, number))
        opened.execute(
            "INSERT INTO event(item_id,at,actor,action,body) VALUES (?,?,?,?,?)", (number, START, who, verb, "{}")
        )
        opened.execute("INSERT OR REPLACE INTO timer VALUES (?,?)", (number, START))
        opened.execute("COMMIT")
    return (timer() - begun) / items


def one_round(folder: Path, items: int, sync: str, peers: Sequence[str]) -> list[dict[str, float]]:
    """Take all steps, everybody in turn at each; return everybody's seconds per act, step by step."""
    office, store, clock = office_at(folder / "siban.db", items)
    floor, small = floor_at(folder / "floor.db", office), small_at(folder / "small.db", items)
    for opened in (store.connection, floor, small):
        opened.execute(f"PRAGMA synchronous = {sync if connection.journal()[0] == 'wal' else 'EXTRA'}")
    seen, timer = [], TIMERS[sync]
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(
                Peer(name, str(folder / f"{name}.db"), str(max(items // PEERS[name].fewer, 1)), sync)
            )
            for name in peers
        }
        for number, step in enumerate(STEPS):
            clock.advance(HOUR)
            ours, written = siban_step(office, items, step, timer=timer)
            taken = {
                "ours": ours,
                "floor": floor_step(floor, written, timer),
                "small": small_step(small, items, step[0], step[2], timer),
            }
            seen.append(taken | {name: peer.does(number) for name, peer in running.items()})
    store.close()
    floor.close()
    small.close()
    return seen


def figures(sync: str, seen: list[dict[str, float]]) -> list[Figure]:
    """Compare what was seen at one degree of durability with what must hold."""
    work = f"a durable act, {sync}{', processor time' if TIMERS[sync] is time.process_time else ''}"

    def beside(name: str, words: str, most: float | None = None, least: float | None = None) -> Figure:
        return compared(work, words, [(each["ours"], each[name]) for each in seen], most=most, least=least)

    found = [
        beside("floor", "sqlite3, the same rows", most={"FULL": 1.3, "NORMAL": 1.7}.get(sync)),
        beside("small", "sqlite3, 3 small rows", most={"FULL": 2.0}.get(sync)),
    ]
    return found + [
        beside(name, peer.title, least=peer.least.get(sync)) for name, peer in PEERS.items() if name in seen[0]
    ]


def main() -> None:
    """Measure interleaved and print medians and ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sync", nargs="+", default=["FULL", "NORMAL"], choices=["FULL", "NORMAL"])
    parser.add_argument("--no-peers", action="store_true", help="only the floors")
    parser.add_argument("--result", default="", metavar="FILE")
    options = parser.parse_args()
    begun = time.perf_counter()
    gc.disable()  # as cli.py does, for all of this process alike
    hash_many()  # as `serve` does; the floor has OpenSSL too
    WORK.mkdir(exist_ok=True)
    found: list[Figure] = []
    for sync in options.sync:
        peers = [] if options.no_peers else [name for name, peer in PEERS.items() if sync in peer.least]
        seen: list[dict[str, float]] = []
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory(dir=WORK) as folder:
                seen += one_round(Path(folder), options.items, sync, peers)
        found += figures(sync, seen)
    keep(found, options.result, begun, f"{options.rounds} rounds of {len(STEPS)} steps, {options.items} items each.")


if __name__ == "__main__":
    main()
