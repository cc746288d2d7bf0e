"""A whole database, table by table, from one place to another: rows as they are, in the order in which they may be written.

Each kind of database brings an `End` and two openers, one to read from and one to write into; all else is common.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from engine.errors import FaultsFound
from storage import connection, statements
from storage.backup import settled
from storage.connection import SECONDS
from storage.creation import create, give_name
from storage.disk import unavailable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Values = tuple[int | str | None, ...]
    Progress = Callable[[int, int], None]

_BATCH = 1000


class Table(NamedTuple):
    """A table, its columns, and those that give its order: the record's order is what its guards ask for."""

    name: str
    columns: tuple[str, ...]
    order: tuple[str, ...]


class End(Protocol):
    """One database as rows. Everything read or written lies in one transaction, which the opener ends.

    `has_accounts` says whether it keeps by which account each entry was made.
    """

    has_accounts: bool

    def count(self, table: Table) -> int:
        """Return how many rows there are."""

    def rows(self, table: Table) -> Iterator[Values]:
        """Yield the rows in the table's order."""

    def put(self, table: Table, rows: Sequence[Values]) -> None:
        """Write rows after those there are."""


class Moved(NamedTuple):
    """What was moved: rows by table, and the hash of the record's last entry."""

    rows: dict[str, int]
    head: str


def tables(*, accounts: bool = False) -> list[Table]:
    """Return every table, in the order in which they are made; read from `storage.schema`, which is slow to load.

    `accounts` adds the account to the entries, which databases on servers alone have.
    """
    from storage.schema import METADATA  # noqa: PLC0415 - SQLModel, loaded only where it is used

    more = {"event": ("account",) if accounts else ()}
    return [
        Table(
            table.name,
            (*(column.name for column in table.columns), *more.get(table.name, ())),
            tuple(column.name for column in table.primary_key),
        )
        for table in METADATA.tables.values()
    ]


def fill(source: End, target: End, progress: Progress | None = None) -> Moved:
    """Write every row of one end into the other, which holds settings alone; then compare the two, row by row.

    Raises `FaultsFound("copy_differs")` with a line (place, code, detail) for each table that is not the same.
    """
    every = tables(accounts=source.has_accounts and target.has_accounts)
    counts = {table.name: source.count(table) for table in every}
    total, done = sum(counts.values()), 0
    digests = {}
    for table in every:
        digest = hashlib.sha256()
        rows = source.rows(table)
        while batch := list(islice(rows, _BATCH)):
            for values in batch:
                digest.update(_bytes(values))
            if table.name != "meta":  # written when the target was made
                target.put(table, batch)
            done += len(batch)
            if progress:
                progress(done, total)
        digests[table.name] = digest.hexdigest()
    faults = [
        (f"database {table.name}", "copy_differs", "")
        for table in every
        if digest_of(target.rows(table)) != digests[table.name]
    ]
    if faults:
        raise FaultsFound("copy_differs", path="", faults=faults)
    return counted(source)


def counted(source: End) -> Moved:
    """Return what there is to move."""
    found = {table.name: table for table in tables()}
    head = ""
    event = found["event"]
    place = event.columns.index("hash")
    for values in source.rows(event):
        head = str(values[place])
    return Moved({name: source.count(table) for name, table in found.items()}, head)


def digest_of(rows: Iterable[Values]) -> str:
    """Return SHA-256 over rows, each as one line of JSON."""
    digest = hashlib.sha256()
    for values in rows:
        digest.update(_bytes(values))
    return digest.hexdigest()


def _bytes(values: Values) -> bytes:
    return (json.dumps(list(values), ensure_ascii=False, separators=(",", ":")) + "\n").encode(errors="surrogatepass")


# -- SQLite ----------------------------------------------------------------------------------------------------------


class SqliteEnd:
    """An SQLite file as rows."""

    has_accounts = False

    def __init__(self, opened: sqlite3.Connection) -> None:
        """Keep a connection."""
        self._opened = opened

    def count(self, table: Table) -> int:
        """Return how many rows there are."""
        found: int = self._opened.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]  # noqa: S608 - a name of ours
        return found

    def rows(self, table: Table) -> Iterator[Values]:
        """Yield the rows in the table's order."""
        order, columns = ", ".join(table.order), ", ".join(table.columns)
        return iter(self._opened.execute(f"SELECT {columns} FROM {table.name} ORDER BY {order}"))  # noqa: S608 - as above

    def put(self, table: Table, rows: Sequence[Values]) -> None:
        """Write rows after those there are."""
        marks = ", ".join("?" * len(table.columns))
        columns = ", ".join(table.columns)
        self._opened.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", rows)  # noqa: S608 - as above


@contextmanager
def sqlite_source(path: str) -> Iterator[End]:
    """Open one view of a database file to read from."""
    real = os.path.realpath(path)
    with closing(connection.connect(real)) as opened:
        try:
            opened.execute(statements.BEGIN_READING)
            yield SqliteEnd(opened)
        except connection.dbapi.Error as error:
            raise connection.translated(error, real, SECONDS) or error from error


@contextmanager
def sqlite_target(path: str, settings: dict[str, str], examine: Callable[[str], None]) -> Iterator[End]:
    """Make a new database file with these settings to write into: whole under its name, or not there at all.

    What was written is synced, then `examine` looks at it and raises when it is not sound; only then has it its name.
    """
    real = Path(os.path.realpath(path))
    part = Path(f"{real}.moving-{os.getpid()}")
    try:
        create(part, settings)
        with closing(connection.connect(str(part))) as opened:
            opened.execute(statements.BEGIN_WRITING)
            yield SqliteEnd(opened)
            opened.execute(statements.COMMIT)
        with part.open("rb+") as file:
            settled(file.fileno())
        examine(str(part))
        give_name(part, real)
    except connection.dbapi.Error as error:
        raise connection.translated(error, str(real), SECONDS) or error from error
    except OSError as error:
        raise unavailable(error, str(real)) from error
    finally:
        for ending in ("", "-wal", "-shm", "-journal", ".lock"):
            Path(f"{part}{ending}").unlink(missing_ok=True)
