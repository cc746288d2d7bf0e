"""The store in one SQLite file: a transaction is one object, begun on entering and ended on leaving it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Self

from engine.chain import GENESIS, link
from engine.errors import Conflict
from engine.event import Event
from engine.notice import Notice
from engine.ports import Crossing, Policy, Reporter
from engine.row import Row, from_text
from storage import connection, statements
from storage.connection import SECONDS
from storage.lock import FileLock
from storage.text import refuse_bad, refuse_surrogate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from engine.item import Item
    from engine.ports import EventQuery, ItemQuery

_LONGEST_NUMBER = 18  # digits of what surely fits into 64 bits
_MOST_MEANT = 10


def open_store(path: str | os.PathLike[str], *, seconds: float = SECONDS, command: str = "") -> SqliteStore:
    """Open a database that is there, or raise `Unavailable`.

    `seconds` is how long a writer waits for others, `command` what they read when they have to wait for this one.
    """
    real = os.path.realpath(path)  # noqa: PTH - one name for the file, its journal and its lock, whichever link was given
    return SqliteStore(real, connection.connect(real, seconds=seconds), seconds=seconds, command=command)


class SqliteStore:
    """A `Store`. One thread uses it, for one transaction at a time; another thread opens its own."""

    def __init__(self, path: str, opened: sqlite3.Connection, *, seconds: float = SECONDS, command: str = "") -> None:
        """Keep a connection that `connect` has set up."""
        self.path = path
        self.seconds = seconds
        self.connection = opened
        self.lock = FileLock(path, command or os.path.basename(sys.argv[0]))  # noqa: PTH119 - pathlib loads slowly

    def read(self) -> SqliteReader:
        """Open one consistent view; it is fixed by the first thing that is read."""
        return SqliteReader(self)

    def write(self) -> SqliteWriter:
        """Open the one write transaction."""
        return SqliteWriter(self)

    def close(self) -> None:
        """Let go of the file and its lock."""
        self.connection.close()
        self.lock.close()


class SqliteReader:
    """A `Reader`. What it yields is read while the block lasts."""

    __slots__ = ("_cursors", "_hashes", "_run", "_store")

    def __init__(self, store: SqliteStore) -> None:
        """Begin nothing yet."""
        self._store = store
        self._run = store.connection.execute
        self._cursors: list[sqlite3.Cursor] = []
        self._hashes: dict[tuple[str, str], str] | None = None

    def __enter__(self) -> Self:
        if self._store.connection.in_transaction:
            message = "a transaction of this store is under way"
            raise RuntimeError(message)
        self._begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            for cursor in self._cursors:  # an unfinished question would keep the old view open
                cursor.close()
            if error is None:
                self._run(statements.COMMIT)
        except BaseException as failed:
            self._abandon(failed)
            raise
        if error is not None:
            self._abandon(error)

    def _begin(self) -> None:
        self._run(statements.BEGIN_READING)

    def _abandon(self, error: BaseException) -> None:
        """Undo what the database has not undone by itself; say what an error of the database means."""
        store = self._store
        if store.connection.in_transaction:
            try:
                self._run(statements.ROLLBACK)
            except connection.dbapi.Error:
                store.connection.close()  # undone by whoever opens the file next
        meant = connection.translated(error, store.path, store.seconds)
        if meant is not None:
            raise meant from error

    def _all(self, statement: str, parameters: Iterable[object]) -> sqlite3.Cursor:
        cursor = self._run(statement, parameters)  # type: ignore[arg-type]  # a list of what a column can hold
        self._cursors.append(cursor)
        return cursor
