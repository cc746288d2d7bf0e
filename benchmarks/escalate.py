"""What it costs to escalate what has come due in a large ledger: against raw SQL that writes the same rows, and a job for each item.

    python benchmarks/escalate.py [--items 1000000] [--rounds 5] [--no-peer]

A hundredth of the items crosses a rung in each round: the heartbeat settles them (`Office.tick`). Set-wise SQL then writes the very
same rows into a copy of the database, with its checks, triggers and indexes and the same durability, in one transaction of four
statements from tables in memory in which they stand ready: no row goes through Python, nothing is decided and nothing is hashed. The
second floor is what a program by hand would do: it reads each item's JSON, makes the texts and the hash, and writes row by row in
batches of 200 as the heartbeat does. The peer is APScheduler with a stored job for each item, one commit each.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import shutil
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.figure import WORK, compared, keep
from benchmarks.multiplied import HUNDRED, NOTHING_DUE, petitions
from benchmarks.peer import Peer
from engine.canonical import hash_many
from engine.clock import SteppedTime, parse_instant
from engine.event import Event
from engine.notice import Notice
from engine.office import Office
from engine.row import Crossing, Row
from storage import connection, statements
from storage.sqlite import open_store

if TYPE_CHECKING:
    import sqlite3

TABLES: dict[str, tuple[str, ...]] = {
    "event": Event._fields,
    "item": Row._fields,
    "rung": Crossing._fields,
    "notice": Notice._fields,
}
BATCH = 200


class Written(NamedTuple):
    """The rows that one pass wrote."""

    events: list[tuple[object, ...]]
    items: list[tuple[object, ...]]
    rungs: list[tuple[object, ...]]
    notices: list[tuple[object, ...]]


def written(opened: sqlite3.Connection, after: int) -> Written:
    """Read what was written after an entry."""
    fields = {name: ", ".join(columns) for name, columns in TABLES.items()}
    found = [
        opened.execute(f"SELECT {fields[name]} FROM {name} WHERE {column} > ? ORDER BY {column}", (after,)).fetchall()  # noqa: S608 - names of ours
        for name, column in (("event", "seq"), ("item", "last_seq"), ("rung", "seq"), ("notice", "seq"))
    ]
    return Written(*found)


def set_wise(opened: sqlite3.Connection, rows: Written) -> float:
    """Write rows by one statement for each table; return the seconds of that."""
    for name, columns, values in zip(TABLES, TABLES.values(), rows, strict=True):
        opened.execute(f"CREATE TEMP TABLE IF NOT EXISTS new_{name} ({', '.join(columns)})")
        opened.execute(f"DELETE FROM new_{name}")  # noqa: S608 - names of ours
        opened.executemany(f"INSERT INTO new_{name} VALUES ({','.join('?' * len(columns))})", values)  # noqa: S608 - as above
    event, rung, notice = (", ".join(TABLES[name]) for name in ("event", "rung", "notice"))
    steady = (
        *statements.STEADY,
        "workflow",
        "definition",
        "registered_at",
        "title",
        "source",
        "track",
        "handler",
        "state",
        "open",
    )
    sets = ", ".join(f"{name} = new.{name}" for name in Row._fields if name not in steady)
    begun = time.perf_counter()
    opened.execute("BEGIN IMMEDIATE")
    opened.execute(f"INSERT INTO event ({event}) SELECT {event} FROM new_event ORDER BY seq")  # noqa: S608 - as above
    opened.execute(f"UPDATE item SET {sets} FROM new_item AS new WHERE item.number = new.number")  # noqa: S608 - as above
    opened.execute(f"INSERT INTO rung ({rung}) SELECT {rung} FROM new_rung")  # noqa: S608 - as above
    opened.execute(f"INSERT INTO notice ({notice}) SELECT {notice} FROM new_notice")  # noqa: S608 - as above
    opened.execute("COMMIT")
    return time.perf_counter() - begun


def by_hand(opened: sqlite3.Connection, rows: Written) -> float:
    """Write rows as a program without an engine would; return the seconds."""
    names = Row._fields[1:]
    update = f"UPDATE item SET {','.join(f'{name}=?' for name in names)} WHERE number=?"  # noqa: S608 - names of ours
    at = {row[0]: row for row in rows.items}
    rungs = {rung[-1]: rung for rung in rows.rungs}
    notices: dict[object, list[tuple[object, ...]]] = {}
    for notice in rows.notices:
        notices.setdefault(notice[1], []).append(notice)
    bodies = {event[0]: (json.loads(str(event[12])), json.loads(str(at[event[1]][-1]))) for event in rows.events}
    run = opened.execute
    begun = time.perf_counter()
    for first in range(0, len(rows.events), BATCH):
        run("BEGIN IMMEDIATE")
        for event in rows.events[first : first + BATCH]:
            json.loads(run("SELECT body FROM item WHERE number=?", (event[1],)).fetchone()[0])
            said, item = bodies[event[0]]
            json.dumps(said, ensure_ascii=False, sort_keys=True)
            json.dumps(item, ensure_ascii=False)
            hashlib.sha256("".join(map(str, event)).encode()).hexdigest()
            run(statements.APPEND, event)
            run(update, (*at[event[1]][1:], event[1]))
            run(statements.PUT_CROSSING, rungs[event[0]])
            for notice in notices.get(event[0], ()):
                run(statements.PUT_NOTICE, notice)
        run("COMMIT")
    return time.perf_counter() - begun


def main() -> None:
    """Measure in turn and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-peer", action="store_true", help="only the floors")
    parser.add_argument("--result", default="", metavar="FILE")
    options = parser.parse_args()
    begun, due = time.perf_counter(), options.items // HUNDRED
    gc.disable()  # as cli.py does, for all of this process alike
    hash_many()  # as `serve` does
    seen: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(dir=WORK) as folder, ExitStack() as stack:
        with petitions(options.items) as store:
            original = store.path
        copies = [Path(folder) / f"{name}.db" for name in ("ours", "set", "hand")]
        for copy in copies:
            shutil.copyfile(original, copy)
        store = stack.enter_context(closing(open_store(copies[0])))
        floors = [stack.enter_context(closing(connection.connect(str(copy)))) for copy in copies[1:]]
        peer = None
        if not options.no_peer:
            jobs = str(options.items), "FULL", str(due)
            peer = stack.enter_context(Peer("scheduler", str(Path(folder) / "jobs.db"), *jobs))
        clock = SteppedTime(parse_instant(NOTHING_DUE))
        office = Office(store, clock)
        for number in range(options.rounds):
            head, moment = _standing(store.connection)
            clock.set(moment)
            started = time.perf_counter()
            done = office.tick()
            taken = {"ours": time.perf_counter() - started}
            if done.items != due:
                parser.error(f"{done.items} items came due")
            rows = written(store.connection, head)
            taken |= {"set": set_wise(floors[0], rows), "hand": by_hand(floors[1], rows)}
            if peer:
                taken["jobs"] = peer.does(number) * due
            seen.append(taken)
    titles = {
        "set": ("set-wise SQL, the same rows", 1.5, None),
        "hand": ("sqlite3 by hand, the same rows", None, None),
        "jobs": ("APScheduler, a stored job an item", None, 7.0),
    }
    work = f"escalate {due:,} of {options.items:,}"
    found = [
        compared(work, title, [(each["ours"], each[name]) for each in seen], most=most, least=least, unit="ms",
                 size=options.items)
        for name, (title, most, least) in titles.items() if name in seen[0]
    ]  # fmt: skip
    keep(found, options.result, begun, f"{options.rounds} rounds.")


def _standing(opened: sqlite3.Connection) -> tuple[int, int]:
    """Return the number of the last entry, and the next moment at which something comes due."""
    head, moment = opened.execute("SELECT (SELECT max(seq) FROM event), (SELECT min(next_at) FROM item)").fetchone()
    return head, moment


if __name__ == "__main__":
    main()
