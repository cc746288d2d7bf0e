"""The store in one SQLite file: a transaction is one object, begun on entering and ended on leaving it."""

from __future__ import annotations

import os
import sys
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Self

from engine.chain import link
from engine.delivery import Delivery
from engine.errors import Conflict, Unavailable
from engine.event import Event
from engine.notice import Notice
from engine.row import Crossing, Policy, Reporter, Row, from_text
from storage import connection, statements
from storage.connection import SECONDS
from storage.lock import FileLock
from storage.reader import SqlReader
from storage.statements import SQLITE
from storage.text import refuse_bad, refuse_fixed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

    from engine.item import Item

_event_texts, _row_texts, _crossing_texts, _notice_texts, _delivery_texts = (
    itemgetter(*[place for place, kind in enumerate(made.__annotations__.values()) if kind is str])
    for made in (Event, Row, Crossing, Notice, Delivery)
)


def open_store(path: str | os.PathLike[str], *, seconds: float = SECONDS, command: str = "") -> SqliteStore:
    """Open a database that is there, or raise `Unavailable`.

    `seconds` is how long a writer waits for others, `command` what they read when they have to wait for this one.
    """
    real = os.path.realpath(path)
    before = _identity(real)
    store = SqliteStore(real, connection.connect(real, seconds=seconds), seconds=seconds, command=command)
    store.identity = before
    return store


def open_still(path: str | os.PathLike[str]) -> SqliteStore:
    """Open a copy that nobody writes to, to read alone; nothing of it is changed. Raises what `connection.still` raises."""
    real = os.path.realpath(path)
    return SqliteStore(real, connection.still(real))


def _identity(path: str) -> tuple[int, int]:
    """Return which file a name means now."""
    try:
        about = os.stat(path)  # noqa: PTH116 - pathlib loads slowly
    except (OSError, ValueError):
        return 0, 0
    return about.st_dev, about.st_ino


class SqliteStore:
    """A `Store`. One thread uses it, for one transaction at a time; another thread opens its own."""

    def __init__(self, path: str, opened: sqlite3.Connection, *, seconds: float = SECONDS, command: str = "") -> None:
        """Keep a connection that `connect` has set up."""
        self.path = path
        self.seconds = seconds
        self.connection = opened
        self.identity: tuple[int, int] | None = None  # which file was opened by that name
        self.lock = FileLock(path, command or os.path.basename(sys.argv[0]))  # noqa: PTH119 - pathlib loads slowly
        self.in_force: tuple[str, dict[tuple[str, str], str]] = (
            "",
            {},
        )  # the current policy, as `current_hashes` saw it

    def read(self) -> SqliteReader:
        """Open one consistent view; it is fixed by the first thing that is read."""
        return SqliteReader(self)

    def write(self, items: Iterable[int] = (), *, alone: bool = False) -> SqliteWriter:  # noqa: ARG002 - the file has one writer
        """Open the one write transaction."""
        return SqliteWriter(self)

    def as_it_is(self) -> None:
        """From now on read texts that are no UTF-8 with what is wrong in them as half characters: for whoever looks for faults."""
        self.connection.text_factory = lambda data: data.decode(errors="surrogateescape")

    def purge(self) -> bool:
        """Take what was erased out of the write-ahead log as well; False while somebody who reads still holds on to it."""
        try:
            busy: int = self.connection.execute(statements.CHECKPOINT).fetchone()[0]
        except connection.dbapi.Error as error:
            raise connection.translated(error, self.path, self.seconds) or error from error
        return not busy

    def close(self) -> None:
        """Let go of the file and its lock."""
        self.connection.close()
        self.lock.close()


class SqliteReader(SqlReader):
    """A `Reader`. What it yields is read while the block lasts."""

    __slots__ = ("_cursors", "_run", "_store")
    _dialect = SQLITE

    def __init__(self, store: SqliteStore) -> None:
        """Begin nothing yet."""
        super().__init__()
        self._store: SqliteStore = store
        self._run = store.connection.cursor().execute  # one for all statements whose answer is taken at once
        self._cursors: list[sqlite3.Cursor] = []

    def __enter__(self) -> Self:
        store = self._store
        if store.connection.in_transaction:
            message = "a transaction of this store is under way"
            raise RuntimeError(message)
        try:
            self._begin()
        except connection.dbapi.Error as error:
            raise connection.translated(error, store.path, store.seconds) or error from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for cursor in self._cursors:  # an unfinished question would keep the old view open
            cursor.close()
        if error is None:
            try:
                self._run(statements.COMMIT)
            except BaseException as failed:
                self._undo(failed)
                raise
        else:
            self._undo(error)

    def item_due(self, number: int) -> tuple[Item, int | None] | None:
        """Return an item with the moment at which something next happens to it by itself."""
        found = self._run(statements.ITEM_DUE, (number,)).fetchone()
        if found is None:
            return None
        body, next_at, in_force = found
        known, hashes = self._store.in_force
        if in_force == known:  # the next question is for the item's rules, and they hardly ever change
            self._hashes = hashes
        return from_text(body), next_at

    # -- inside

    def _begin(self) -> None:
        self._run(statements.BEGIN_READING)

    def _ask(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self._run(statement, parameters).fetchall()

    def _stream(self, statement: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        cursor = self._store.connection.execute(statement, parameters)
        self._cursors.append(cursor)
        return cursor

    def _undo(self, error: BaseException) -> None:
        """Undo what the database has not undone by itself; then say what an error of the database means."""
        store = self._store
        store.in_force = ("", {})  # it may be what is undone
        if store.connection.in_transaction:
            try:
                self._run(statements.ROLLBACK)
            except connection.dbapi.Error:
                store.connection.close()  # whoever opens the file next undoes it
        meant = connection.translated(error, store.path, store.seconds)
        if meant is not None:
            raise meant from error


class SqliteWriter(SqliteReader):
    """A `Writer`: from its beginning to its end nobody else writes."""

    __slots__ = ()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            super().__exit__(kind, error, trace)
        except Unavailable as failed:
            if error is None and failed.code == "disk_failed" and not connection.unwritten(failed.__cause__):
                raise Unavailable("outcome_unknown", **failed.data) from failed
            raise
        finally:
            self._store.lock.free()

    def put_setting(self, name: str, value: str) -> None:
        """Set a setting; `trial` is fixed when the file is made: `Misused("trial_stays")`."""
        refuse_fixed(name)
        refuse_bad((name, value), ("name", "value"))
        self._run(statements.PUT_SETTING, (name, value))

    def put_policy(self, policy: Policy) -> None:
        """Keep a policy text and make it the current one of its kind and name."""
        refuse_bad(policy, Policy._fields)
        self._hashes = None
        self._run(statements.SUPERSEDE, (policy.kind, policy.name))
        self._run(statements.PUT_POLICY, policy)

    def append(self, events: Iterable[Event]) -> list[Event]:
        """Number and chain the events after the last entry, keep them, and return them complete."""
        events = list(events)
        for event in events:  # half characters are found by whoever encodes the values
            if "\0" in "".join(_event_texts(event)):
                refuse_bad(event, Event._fields)
        try:
            complete = link(events, *self.head())
        except UnicodeEncodeError:
            for event in events:
                refuse_bad(event, Event._fields)
            raise
        self._run_each(statements.APPEND, complete)
        if complete:
            last = complete[-1]
            self._last = last.seq, last.hash, last.recorded_at
        return complete

    def put_row(self, row: Row) -> None:
        """Insert an item's row, or rewrite it; a serial that another item has raises `Conflict("serial_taken")`."""
        if "\0" in "".join(_row_texts(row)):
            refuse_bad(row, Row._fields)
        values = tuple(row)  # the driver asks a tuple of another class for each value through Python
        try:
            if not self._run(statements.REWRITE_ROW, values).rowcount:
                self._run(statements.PUT_ROW, values)
        except UnicodeEncodeError:
            refuse_bad(row, Row._fields)
            raise
        except connection.dbapi.IntegrityError as error:
            if "item.serial" in str(error):
                raise Conflict("serial_taken", serial=row.serial) from error
            raise

    def put_rows(self, rows: Sequence[Row]) -> None:
        """Insert the rows of several new items; raises as `put_row` does."""
        try:
            self._put_all(statements.PUT_ROW, rows, _row_texts)
        except connection.dbapi.IntegrityError:
            for row in rows:  # one by one: which of them it is
                self.put_row(row)
            raise

    def rewrite_rows(self, rows: Sequence[Row]) -> None:
        """Rewrite the rows of items that stay in their states; raises as `put_row` does."""
        if self._put_all(statements.REWRITE_STILL, rows, _row_texts) < len(rows):
            for row in rows:
                self.put_row(row)

    def put_crossings(self, crossings: Sequence[Crossing]) -> None:
        """Keep crossed rungs; one that is there already raises `Conflict("rung_crossed")`."""
        before = self._store.connection.total_changes
        try:
            self._put_all(statements.PUT_CROSSING, crossings, _crossing_texts)
        except connection.dbapi.IntegrityError as error:
            if "rung_crossed" in str(error):
                crossing = crossings[self._store.connection.total_changes - before]
                raise Conflict("rung_crossed", **dict(zip(Crossing._fields[:4], crossing, strict=False))) from error
            raise

    def put_notices(self, notices: Sequence[Notice]) -> None:
        """Keep new notices, or rewrite ones with the same number."""
        self._put_all(statements.PUT_NOTICE, notices, _notice_texts)

    def put_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        """Keep new deliveries, or rewrite ones of the same notice and target."""
        self._put_all(statements.PUT_DELIVERY, deliveries, _delivery_texts)

    def put_reporter(self, reporter: Reporter) -> None:
        """Keep who reported an item; what the file held in its place before is overwritten, and so is what it moves."""
        refuse_bad(reporter, Reporter._fields)
        self._run(statements.SECURE)
        self._run(statements.PUT_REPORTER, reporter)

    def put_seal(self, note: str) -> None:
        """Keep a signed seal after those before it."""
        refuse_bad((note,), ("note",))
        self._run(statements.PUT_SEAL, (note,))

    def _put_all(
        self, statement: str, rows: Sequence[Row | Crossing | Notice | Delivery], texts: Callable[[Any], Iterable[str]]
    ) -> int:
        """Do a statement for each row; return how many it changed. Texts are held to their form all at once."""
        try:
            if "\0" in "".join(chain.from_iterable(map(texts, rows))):
                for row in rows:
                    refuse_bad(row, row._fields)
            return self._run_each(statement, rows)
        except UnicodeEncodeError:
            for row in rows:
                refuse_bad(row, row._fields)
            raise

    def _run_each(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
        """Do a statement for each row; return how many it changed."""
        if len(rows) == 1:  # `executemany` takes half as long again for one
            return self._run(statement, tuple(rows[0])).rowcount
        return self._store.connection.executemany(statement, map(tuple, rows)).rowcount

    def _begin(self) -> None:
        store = self._store
        store.lock.take(store.seconds)
        try:
            self._run(statements.BEGIN_WRITING)
            self._still_named()
        except BaseException:
            store.lock.free()
            raise

    def _still_named(self) -> None:
        """Raise `Unavailable("replaced")` when the name means another file by now: what is written here would be in nobody's ledger."""
        store = self._store
        if store.identity and store.identity != _identity(store.path):
            self._run(statements.ROLLBACK)
            raise Unavailable("replaced", path=store.path)
