"""The store in one SQLite file: a transaction is one object, begun on entering and ended on leaving it."""

from __future__ import annotations

import os
import sys
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Self

from engine.chain import GENESIS, link
from engine.delivery import Delivery
from engine.errors import Conflict, Unavailable
from engine.event import Event
from engine.notice import Notice
from engine.row import Crossing, Policy, PolicyRow, Reporter, Row, from_text
from storage import connection, statements
from storage.connection import SECONDS
from storage.lock import FileLock
from storage.statements import MOST_MEANT
from storage.text import refuse_bad, refuse_fixed, refuse_surrogate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from engine.item import Item
    from engine.row import EventQuery, ItemQuery

_LONGEST_NUMBER = 18  # digits of what surely fits into 64 bits

_event_texts, _row_texts = (
    itemgetter(*[place for place, kind in enumerate(made.__annotations__.values()) if kind is str])
    for made in (Event, Row)
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


class SqliteReader:
    """A `Reader`. What it yields is read while the block lasts."""

    __slots__ = ("_cursors", "_hashes", "_last", "_run", "_store")

    def __init__(self, store: SqliteStore) -> None:
        """Begin nothing yet."""
        self._store = store
        self._run = store.connection.execute
        self._cursors: list[sqlite3.Cursor] = []
        self._hashes: dict[tuple[str, str], str] | None = None
        self._last: tuple[int, str, int] | None = None

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

    # -- settings and policy

    def setting(self, name: str) -> str | None:
        """Return a setting of the database."""
        found = self._run(statements.SETTING, (name,)).fetchone()
        return found[0] if found else None

    def policy(self, kind: str, hash_: str) -> Policy | None:
        """Return a kept definition, calendar or organisation by its hash."""
        found = self._run(statements.POLICY, (kind, hash_)).fetchone()
        return Policy._make(found) if found else None

    def current_hashes(self) -> dict[tuple[str, str], str]:
        """Return (kind, name) → hash of every current policy."""
        if self._hashes is None:
            found = self._run(statements.CURRENT_HASHES).fetchall()
            self._hashes = {(kind, name): hash_ for _, kind, name, hash_ in found}
            self._store.in_force = ",".join([str(seq) for seq, *_ in found]), self._hashes
        return self._hashes

    def current(self, kind: str) -> list[Policy]:
        """Return the current policy of a kind, by name."""
        return [Policy._make(found) for found in self._run(statements.CURRENT, (kind,)).fetchall()]

    # -- items

    def item(self, number: int) -> Item | None:
        """Return an item."""
        found = self._run(statements.ITEM, (number,)).fetchone()
        return from_text(found[0]) if found else None

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

    def row(self, number: int) -> Row | None:
        """Return an item's row."""
        found = self._run(statements.ROW, (number,)).fetchone()
        return Row._make(found) if found else None

    def resolve(self, name: str) -> list[int]:
        """Return the numbers that may be meant: the item of that number, else of that serial, else serials' ends."""
        refuse_surrogate(name, "item")
        if name.isascii() and name.isdecimal() and name[0] != "0" and len(name) <= _LONGEST_NUMBER:
            number = int(name)
            if self._run(statements.ITEM, (number,)).fetchone():
                return [number]
        found = self._run(statements.BY_SERIAL, (name,)).fetchall()
        if not found and name:
            found = self._run(statements.BY_END, (name, MOST_MEANT)).fetchall()
        return [number for (number,) in found]

    def rows(self, query: ItemQuery) -> Iterator[Row]:
        """Yield rows by number."""
        return map(Row._make, self._ask(*statements.rows(query)))

    def due(self, now: int, limit: int = 1000) -> list[int]:
        """Return numbers of items for which something happens by itself at or before `now`, the earliest first."""
        return [number for (number,) in self._run(statements.DUE, (now, limit)).fetchall()]

    def next_item(self) -> int:
        """Return the number the next item gets."""
        return self._number(statements.NEXT_ITEM)

    def reporter(self, item: int) -> Reporter | None:
        """Return who reported an item."""
        found = self._run(statements.REPORTER, (item,)).fetchone()
        return Reporter._make(found) if found else None

    def reporters(self) -> Iterator[Reporter]:
        """Yield everybody who is kept as a reporter, by item."""
        return map(Reporter._make, self._ask(statements.REPORTERS))

    def policies(self) -> Iterator[PolicyRow]:
        """Yield every kept policy text, superseded ones too, in the order in which they were first loaded."""
        return map(PolicyRow._make, self._ask(statements.POLICIES))

    def seals(self) -> list[tuple[int, str]]:
        """Return the signed seals with their numbers, in the order in which they were made."""
        return self._run(statements.SEALS).fetchall()

    # -- the record

    def events(self, query: EventQuery) -> Iterator[Event]:
        """Yield entries of the record."""
        return map(Event._make, self._ask(*statements.events(query)))

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last entry, (0, GENESIS) when there is none."""
        seq, hash_, _ = self._last_entry()
        return seq, hash_

    def last_at(self) -> int:
        """Return when the last entry was recorded, 0 when there is none."""
        return self._last_entry()[2]

    def command(self, command_id: str) -> list[Event]:
        """Return the entries a command left, empty when it is unknown."""
        return [Event._make(found) for found in self._run(statements.COMMAND, (command_id,)).fetchall()]

    # -- rungs and notices

    def crossings(self, item: int | None = None) -> Iterator[Crossing]:
        """Yield crossed rungs in the order of their entries."""
        found = self._ask(statements.CROSSINGS) if item is None else self._ask(statements.CROSSINGS_OF, (item,))
        return map(Crossing._make, found)

    def notice(self, number: int) -> Notice | None:
        """Return a notice."""
        found = self._run(statements.NOTICE, (number,)).fetchone()
        return Notice._make(found) if found else None

    def notices(
        self, *, receiver: str = "", status: str = "", unseen: bool = False, item: int | None = None
    ) -> Iterator[Notice]:
        """Yield notices by number."""
        question = statements.notices(receiver=receiver, status=status, unseen=unseen, item=item)
        return map(Notice._make, self._ask(*question))

    def next_notice(self) -> int:
        """Return the number the next notice gets."""
        return self._number(statements.NEXT_NOTICE)

    def undelivered(self) -> Iterator[Notice]:
        """Yield sent and released notices that no delivery speaks of yet, by number."""
        return map(Notice._make, self._ask(statements.UNDELIVERED))

    def deliveries(self, notice: int | None = None) -> Iterator[Delivery]:
        """Yield the deliveries that were not carried, by notice and target; with `notice` all of that one."""
        found = self._ask(statements.DELIVERIES) if notice is None else self._ask(statements.DELIVERIES_OF, (notice,))
        return map(Delivery._make, found)

    # -- inside

    def _begin(self) -> None:
        self._run(statements.BEGIN_READING)

    def _last_entry(self) -> tuple[int, str, int]:
        if self._last is None:
            self._last = self._run(statements.HEAD).fetchone() or (0, GENESIS, 0)
        return self._last

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

    def _ask(self, statement: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        cursor = self._run(statement, parameters)
        self._cursors.append(cursor)
        return cursor

    def _number(self, statement: str) -> int:
        number: int = self._run(statement).fetchone()[0]
        return number


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
        for event in events:
            if "\0" in "".join(_event_texts(event)):  # half characters are found by whoever encodes the values
                refuse_bad(event, Event._fields)
        try:
            complete = link(events, *self.head())
        except UnicodeEncodeError:
            for event in events:
                refuse_bad(event, Event._fields)
            raise
        if len(complete) == 1:  # `executemany` takes half as long again for one
            self._run(statements.APPEND, complete[0])
        else:
            self._store.connection.executemany(statements.APPEND, complete)
        if complete:
            last = complete[-1]
            self._last = last.seq, last.hash, last.recorded_at
        return complete

    def put_row(self, row: Row) -> None:
        """Insert an item's row, or rewrite it; a serial that another item has raises `Conflict("serial_taken")`."""
        if "\0" in "".join(_row_texts(row)):
            refuse_bad(row, Row._fields)
        try:
            if not self._run(statements.REWRITE_ROW, row).rowcount:
                self._run(statements.PUT_ROW, row)
        except UnicodeEncodeError:
            refuse_bad(row, Row._fields)
            raise
        except connection.dbapi.IntegrityError as error:
            if "item.serial" in str(error):
                raise Conflict("serial_taken", serial=row.serial) from error
            raise

    def put_crossings(self, crossings: Iterable[Crossing]) -> None:
        """Keep crossed rungs; one that is there already raises `Conflict("rung_crossed")`."""
        for crossing in crossings:
            refuse_bad(crossing, Crossing._fields)
            try:
                self._run(statements.PUT_CROSSING, crossing)
            except connection.dbapi.IntegrityError as error:
                if "rung_crossed" in str(error):
                    named = dict(zip(Crossing._fields[:4], crossing, strict=False))
                    raise Conflict("rung_crossed", **named) from error
                raise

    def put_notices(self, notices: Iterable[Notice]) -> None:
        """Keep new notices, or rewrite ones with the same number."""
        for notice in notices:
            refuse_bad(notice, Notice._fields)
            self._run(statements.PUT_NOTICE, notice)

    def put_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        """Keep new deliveries, or rewrite ones of the same notice and target."""
        rows = list(deliveries)
        for row in rows:
            refuse_bad(row, Delivery._fields)
        self._store.connection.executemany(statements.PUT_DELIVERY, rows)

    def put_reporter(self, reporter: Reporter) -> None:
        """Keep who reported an item; what the file held in its place before is overwritten, and so is what it moves."""
        refuse_bad(reporter, Reporter._fields)
        self._run(statements.SECURE)
        self._run(statements.PUT_REPORTER, reporter)

    def put_seal(self, note: str) -> None:
        """Keep a signed seal after those before it."""
        refuse_bad((note,), ("note",))
        self._run(statements.PUT_SEAL, (note,))

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
