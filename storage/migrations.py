"""From one version of the schema to the next, each step once, recorded in the file as `user_version`.

A step brings the tables from the version before to its own; triggers are none of its business: they are taken away
before the first step and made anew, as `triggers.sql` has them, after the last. When the schema first changes: keep
`schema.sql` as it is now for `m001_begin`, change `schema.py`, write the new `schema.sql`, add `m002_…` here and raise
`SCHEMA_VERSION`. A test compares a fresh schema with a migrated one.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.chain import GENESIS
from engine.errors import Unavailable
from storage import connection, statements
from storage.backup import make
from storage.connection import SCHEMA_VERSION, SECONDS
from storage.creation import schema, triggers
from storage.lock import FileLock

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    Step = Callable[[sqlite3.Connection], None]


class Status(NamedTuple):
    """What there is to say about a database file."""

    path: str
    version: int
    known: int
    items: int
    open_items: int
    events: int
    head: str
    size: int
    journal_mode: str
    sqlite_version: str
    trial: bool


class Upgrade(NamedTuple):
    """What an upgrade did: `backup` is empty when it made none."""

    path: str
    before: int
    after: int
    backup: str


def m001_begin(opened: sqlite3.Connection) -> None:
    """Make the tables and indexes of version 1 in an empty database."""
    run_script(opened, schema())


STEPS: Sequence[Step] = (m001_begin,)
"""Step n, counted from 1, leads to version n."""


def run_script(opened: sqlite3.Connection, script: str) -> None:
    """Run statements one after another inside the transaction that is open (`executescript` would end it)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if connection.dbapi.complete_statement(statement):
            opened.execute(statement)
            statement = ""


def upgrade(path: str | os.PathLike[str], *, backup: bool = True, steps: Sequence[Step] = STEPS) -> Upgrade:
    """Bring a database to the schema this program knows: all of the way or, should anything fail, not at all.

    First the present state is copied to `PATH.before-vN-<n>`. A newer schema raises `Unavailable("newer_schema")`.
    """
    real = os.path.realpath(path)
    with closing(connection.connect(real, any_version=True)) as opened, closing(FileLock(real, "upgrade")) as lock:
        lock.take(SECONDS)
        copied = ""
        try:
            opened.execute(statements.BEGIN_WRITING)  # from here on nobody else writes
            before = _version(opened)
            if before > len(steps):
                raise Unavailable("newer_schema", path=real, found=before, known=len(steps))
            if backup and before < len(steps):
                copied = _copy(real, before)
            _climb(opened, steps, before)
            opened.execute(statements.COMMIT)
        except connection.dbapi.Error as error:
            raise connection.translated(error, real, SECONDS) or error from error
        finally:
            if opened.in_transaction:
                opened.execute(statements.ROLLBACK)
            lock.free()
    return Upgrade(real, before, len(steps), copied)


def status(path: str | os.PathLike[str]) -> Status:
    """Describe a database of ours, whatever the version of its schema."""
    real = os.path.realpath(path)
    with closing(connection.connect(real, any_version=True)) as opened:
        try:
            opened.execute(statements.BEGIN_READING)
            seq, head, _ = opened.execute(statements.HEAD).fetchone() or (0, GENESIS, 0)
            items, open_items = opened.execute("SELECT count(*), coalesce(sum(open), 0) FROM item").fetchone()
            trial = opened.execute(statements.SETTING, ("trial",)).fetchone()
            mode = opened.execute("PRAGMA journal_mode").fetchone()[0]
            version = _version(opened)
        except connection.dbapi.Error as error:
            raise connection.translated(error, real, SECONDS) or error from error
        size = Path(real).stat().st_size
    library = connection.dbapi.sqlite_version
    return Status(
        path=real, version=version, known=SCHEMA_VERSION, items=items, open_items=open_items, events=seq, head=head,
        size=size, journal_mode=mode, sqlite_version=library, trial=trial == ("1",),
    )  # fmt: skip


def _version(opened: sqlite3.Connection) -> int:
    version: int = opened.execute("PRAGMA user_version").fetchone()[0]
    return version


def _climb(opened: sqlite3.Connection, steps: Sequence[Step], before: int) -> None:
    """Take the missing steps; the record must be the same afterwards, to its last entry."""
    head = opened.execute(statements.HEAD).fetchone() if before else None
    for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        opened.execute(f'DROP TRIGGER "{name}"')
    for step in steps[before:]:
        step(opened)
    run_script(opened, triggers())
    opened.execute(f"PRAGMA user_version = {len(steps)}")
    if before and opened.execute(statements.HEAD).fetchone() != head:
        message = "a migration may not touch the record"
        raise RuntimeError(message)


def _copy(path: str, version: int) -> str:
    """Copy the database as it is to the first free name beside it, and return that."""
    number = 1
    while os.path.lexists(place := f"{path}.before-v{version}-{number}"):
        number += 1
    make(path, Path(place), _whole, any_version=True)
    return place


def _whole(part: Path) -> None:
    """Raise `Unavailable("damaged")` for a copy with a fault in its pages: to upgrade that would only spread it."""
    with closing(connection.still(str(part), any_version=True)) as opened:
        (found,) = opened.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise Unavailable("damaged", path=str(part), why=found)
