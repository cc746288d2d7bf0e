"""The course that every peer takes: five durable acts for each item, each with an entry of who did what and a timer re-armed.

A peer is a program `python -m benchmarks.peers.NAME DATABASE ITEMS SYNC`. It makes its items, says that it is ready, and then for
each number of a step that it reads does that step to every item, one commit each, and says how many seconds one act took: by the
wall, at NORMAL of the processor.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_683_507_600
LIMIT = 432_000
STATES = ["registered", "handling", "review", "feedback", "closing", "closed"]
VERBS = ["accept", "report_done", "pass_review", "answer", "close"]
MOVES = [(verb, STATES[n], STATES[n + 1]) for n, verb in enumerate(VERBS)] + [("send_back", "review", "handling")]

BESIDE = """
CREATE TABLE audit(id INTEGER PRIMARY KEY, item_id INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL,
    action TEXT NOT NULL, src TEXT, dst TEXT);
CREATE INDEX audit_item ON audit(item_id, id);
CREATE TABLE timer(item_id INTEGER PRIMARY KEY, due_at INTEGER NOT NULL, level INTEGER NOT NULL);
CREATE INDEX timer_due ON timer(due_at);
"""
NOTE = "INSERT INTO audit(item_id, at, actor, action, src, dst) VALUES (?,?,?,?,?,?)"
ARM = (
    "INSERT INTO timer(item_id, due_at, level) VALUES (?,?,0)"
    " ON CONFLICT(item_id) DO UPDATE SET due_at = excluded.due_at, level = 0"
)
DISARM = "DELETE FROM timer WHERE item_id = ?"


class Given(NamedTuple):
    """What a peer is told at its start."""

    path: str
    items: int
    sync: str


def given() -> Given:
    """Return what the command line says."""
    path, items, sync = sys.argv[1:4]
    return Given(path, int(items), sync)


def settings(sync: str) -> list[str]:
    """Return the pragmas that make a commit as durable as ours, and as cheap as that can be."""
    return ["PRAGMA journal_mode = WAL", f"PRAGMA synchronous = {sync}", "PRAGMA busy_timeout = 10000"]


def opened(asked: Given, tables: str) -> sqlite3.Connection:
    """Make a database with some tables and return its connection."""
    connection = sqlite3.connect(asked.path, isolation_level=None, cached_statements=256)
    for setting in settings(asked.sync):
        connection.execute(setting)
    connection.executescript(tables)
    return connection


def arm(connection: sqlite3.Connection, item: int, state: str) -> None:
    """Set an item's timer for a state, or take it away where the item is closed."""
    if state == STATES[-1]:
        connection.execute(DISARM, (item,))
    else:
        connection.execute(ARM, (item, NOW + LIMIT))


def run(asked: Given, step: Callable[[int, int], None], acts: int = 0) -> None:
    """Say ready, then do each step that is asked for to every item; `acts` is how many acts that is, unless one each."""
    timer = time.process_time if asked.sync == "NORMAL" else time.perf_counter
    print("ready", flush=True)
    for line in sys.stdin:
        begun = timer()
        for item in range(1, asked.items + 1):
            step(item, int(line))
        print((timer() - begun) / (acts or asked.items), flush=True)
