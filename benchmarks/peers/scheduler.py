"""APScheduler with a stored job for each item: so many come due at once, and each writes what a hand-made escalation writes.

    python -m benchmarks.peers.scheduler DATABASE JOBS SYNC DUE

The jobs lie in its own table on SQLite and the items in another file, each job one durable transaction of three rows. For each order
so many of the stored jobs are moved into the past, and the scheduler is let loose on them; it grants any delay, since its
default would discard them in silence.
"""

from __future__ import annotations

import logging
import pickle
import sqlite3
import sys
import time
from datetime import UTC, datetime, timedelta

import sqlalchemy
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.util import datetime_to_utc_timestamp

from benchmarks.peers.course import BESIDE, NOTE, NOW, given, opened, settings

ITEMS = (
    "CREATE TABLE item(id INTEGER PRIMARY KEY, state TEXT NOT NULL, owner TEXT, version INTEGER NOT NULL, updated_at INTEGER);"
    + BESIDE
)
LATER = timedelta(days=30)
WAIT = 0.01


class Fired:
    """How many jobs have run, and where they write."""

    count = 0
    connection: sqlite3.Connection


def fire(item: int) -> None:
    """Escalate an item: what a stored job does."""
    run = Fired.connection.execute
    run("BEGIN IMMEDIATE")
    run("UPDATE item SET owner = 'superior', version = version + 1, updated_at = ? WHERE id = ?", (NOW, item))
    run(NOTE, (item, NOW, "system", "escalate", "handling", "handling"))
    run("UPDATE timer SET due_at = ?, level = level + 1 WHERE item_id = ?", (NOW, item))
    run("COMMIT")
    Fired.count += 1


def fill(store: SQLAlchemyJobStore, engine: sqlalchemy.Engine, state: dict[str, object], jobs: int) -> None:
    """Store the jobs as the scheduler itself would, in one transaction: it needs a commit for each."""
    begin = datetime.now(UTC) + LATER

    def row(item: int) -> dict[str, object]:
        at = begin + timedelta(seconds=item)
        told = state | {"id": str(item), "args": (item,), "next_run_time": at, "trigger": DateTrigger(run_date=at)}
        return {
            "id": str(item),
            "next_run_time": datetime_to_utc_timestamp(at),
            "job_state": pickle.dumps(told, pickle.HIGHEST_PROTOCOL),
        }

    with engine.begin() as connection:
        for first in range(1, jobs + 1, 10_000):
            connection.execute(store.jobs_t.insert(), [row(n) for n in range(first, min(first + 10_000, jobs + 1))])


def bring_due(path: str, first: int, last: int) -> None:
    """Move stored jobs into the past: the row and what is in it."""
    past = datetime.now(UTC) - timedelta(seconds=5)
    connection = sqlite3.connect(path)
    for item in range(first, last + 1):
        kept = connection.execute("SELECT job_state FROM apscheduler_jobs WHERE id = ?", (str(item),)).fetchone()[0]
        told = pickle.loads(kept) | {"next_run_time": past}  # noqa: S301 - written above
        connection.execute(
            "UPDATE apscheduler_jobs SET next_run_time = ?, job_state = ? WHERE id = ?",
            (past.timestamp(), pickle.dumps(told, pickle.HIGHEST_PROTOCOL), str(item)),
        )
    connection.commit()
    connection.close()


def scheduler(engine: sqlalchemy.Engine) -> BackgroundScheduler:
    """Make a scheduler over the stored jobs with one worker."""
    stores = {"default": SQLAlchemyJobStore(engine=engine)}
    return BackgroundScheduler(jobstores=stores, executors={"default": ThreadPoolExecutor(1)}, timezone="UTC")


def main() -> None:
    """Store the jobs, and let so many run at each order."""
    asked, due = given(), int(sys.argv[4])
    logging.disable(logging.CRITICAL)
    engine = sqlalchemy.create_engine(f"sqlite:///{asked.path}")

    @sqlalchemy.event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _record: object) -> None:
        for setting in settings(asked.sync):
            connection.execute(setting)

    first = scheduler(engine)
    first.start(paused=True)
    job = first.add_job("benchmarks.peers.scheduler:fire", "date", run_date=datetime.now(UTC) + LATER, args=[0],
                        id="0", misfire_grace_time=None)  # fmt: skip
    fill(first._jobstores["default"], engine, job.__getstate__(), asked.items)  # noqa: SLF001 - there is no other way
    first.shutdown()
    opened(asked._replace(path=f"{asked.path}-items"), ITEMS).close()
    from benchmarks.peers import scheduler as stored  # noqa: PLC0415 - the module that stored jobs name, not this main program

    items = stored.Fired.connection = sqlite3.connect(
        f"{asked.path}-items", isolation_level=None, check_same_thread=False
    )
    for setting in settings(asked.sync):
        items.execute(setting)
    items.execute("BEGIN")
    for n in range(1, asked.items + 1):
        items.execute("INSERT INTO item VALUES (?, 'handling', 'o23', 0, 0)", (n,))
        items.execute("INSERT INTO timer VALUES (?, ?, 0)", (n, NOW))
    items.execute("COMMIT")
    print("ready", flush=True)
    for order, _ in enumerate(sys.stdin):
        bring_due(asked.path, order * due + 1, (order + 1) * due)
        running = scheduler(engine)
        begun = time.perf_counter()
        running.start()
        while stored.Fired.count < (order + 1) * due:
            time.sleep(WAIT)
        print((time.perf_counter() - begun) / due, flush=True)
        running.shutdown()


if __name__ == "__main__":
    main()
