"""The store in a PostgreSQL database: many writers at once, each with the items it has taken in hand.

A transaction is one object. What it writes is kept back and sent with the next question or with the commit, so that an act
is two conversations with the server: what it is about, and everything it leaves; among many at work, one more for the head
of the record (`postgres_message`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn, Self

import psycopg
from psycopg import errors

from engine.chain import GENESIS, link
from engine.delivery import Delivery
from engine.errors import Conflict, Overtaken
from engine.event import Event
from engine.notice import Notice
from engine.row import Crossing, Policy, Reporter, Row, from_text
from storage import postgres_statements, statements
from storage.connection import SECONDS
from storage.postgres_connection import connect, idle, lost, translated, where
from storage.postgres_message import Conversation
from storage.postgres_statements import PIECE
from storage.reader import SqlReader
from storage.statements import POSTGRES, STEADY
from storage.text import refuse_bad, refuse_fixed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from engine.item import Item
    from storage.postgres_connection import Opened

    Rows = list[tuple[Any, ...]]
    Question = tuple[str, Sequence[object]]

_ABOUT = 32  # for how many transactions others are believed to be about, once one of them had the record


def open_store(url: str, *, seconds: float = SECONDS) -> PostgresStore:
    """Open a database of ours, or raise what `postgres_connection.connect` raises; `seconds` is how long one waits for others."""
    return PostgresStore(url, connect(url, seconds=seconds), seconds=seconds)


class PostgresStore:
    """A `Store`. One thread uses it, for one transaction at a time; another thread opens its own.

    A connection that was lost is made anew at the next transaction.
    """

    def __init__(self, url: str, opened: Opened, *, seconds: float = SECONDS) -> None:
        """Keep a connection that `connect` has made."""
        self.url, self.path, self.seconds = url, where(url), seconds
        self.connection, self.account = opened
        self._conversation = Conversation(self.connection)
        self.busy = False
        self.others = 0
        self.awaited: tuple[
            int, ...
        ] = ()  # the items the last transaction could not wait for: the next one takes them first
        self.in_force: tuple[str, dict[tuple[str, str], str]] = ("", {})  # the current policy, as it was last seen

    def read(self) -> PostgresReader:
        """Open one consistent view; it is fixed by the first thing that is read."""
        return PostgresReader(self)

    def write(self, items: Iterable[int] = (), *, alone: bool = False) -> PostgresWriter:
        """Open a write transaction about some items, or with every other writer kept out."""
        return PostgresWriter(self, items, alone=alone)

    def purge(self) -> bool:
        """Nothing of what was erased can be read any more; the server overwrites its pages in its own time."""
        return True

    def close(self) -> None:
        """Let go of the connection."""
        self.connection.close()

    def ready(self) -> None:
        """Make the connection anew if it was lost."""
        if self.connection.closed:
            self.connection, self.account = connect(self.url, seconds=self.seconds)
            self._conversation = Conversation(self.connection)

    def ask(self, questions: Iterable[Question]) -> list[Rows]:
        """Put questions to the server in one conversation; return their answers."""
        return self._conversation.ask(questions)


class PostgresReader(SqlReader):
    """A `Reader`."""

    __slots__ = ("_begun", "_kept_back", "_store", "_streams")
    _dialect = POSTGRES

    def __init__(self, store: PostgresStore) -> None:
        """Begin nothing yet."""
        super().__init__()
        self._store: PostgresStore = store
        self._kept_back: list[Question] = []
        self._begun = False
        self._streams = 0

    def __enter__(self) -> Self:
        store = self._store
        if store.busy:
            message = "a transaction of this store is under way"
            raise RuntimeError(message)
        store.ready()
        store.busy = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store.busy = False
        if error is not None:
            self._undo(error)
        elif self._begun or self._kept_back:
            try:
                self._end()
            except BaseException as failed:
                self._undo(failed, committing=True)
                raise

    def item(self, number: int) -> Item | None:
        """Return an item."""
        row = self.row(number)
        return from_text(row.body) if row else None

    def item_due(self, number: int) -> tuple[Item, int | None] | None:
        """Return an item with the moment at which something next happens to it by itself."""
        row = self.row(number)
        return (from_text(row.body), row.next_at) if row else None

    # -- inside

    def _first(self) -> list[Question]:
        """Return what is said before anything else."""
        return [(postgres_statements.BEGIN_VIEW, ())]

    def _besides(self) -> list[Question]:
        """Return what is asked after the first question, in the same conversation."""
        return []

    def _took(self, first: list[Rows], besides: list[Rows]) -> None:
        """Look at the answers to both."""

    def _ask(self, statement: str, *parameters: object) -> Rows:
        """Ask something, after whatever was kept back."""
        return self._say((statement, parameters))[-1]

    def _say(self, *questions: Question) -> list[Rows]:
        """Have a conversation; the first one begins the transaction, also without a question."""
        said, self._kept_back = [*self._kept_back, *questions], []
        if self._begun:
            return self._store.ask(said)[-len(questions) :]
        self._begun = True
        first, besides = self._first(), self._besides()
        answers = self._store.ask([*first, *said, *besides])
        end = len(first) + len(said)
        self._took(answers[: len(first)], answers[end:])
        return answers[end - len(questions) : end]

    def _stream(self, statement: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Ask something whose answer may be long: it comes in pieces, as of now."""
        self._streams += 1
        name = f"siban_{self._streams}"
        fetch = postgres_statements.FETCH.format(name)
        declared = postgres_statements.DECLARE.format(name, statement)
        return self._pieces(self._say((declared, parameters), (fetch, ()))[-1], fetch)

    def _pieces(self, piece: Rows, fetch: str) -> Iterator[tuple[Any, ...]]:
        yield from piece
        while len(piece) == PIECE:
            piece = self._ask(fetch)
            yield from piece

    def _end(self) -> None:
        self._ask(statements.COMMIT)

    def _undo(self, error: BaseException, *, committing: bool = False) -> None:
        """Undo what the server has not undone by itself; then say what an error of it means."""
        store = self._store
        store.in_force = ("", {})  # it may be what is undone
        if lost(error):
            store.connection.close()
        elif not store.connection.closed and not idle(store.connection):
            try:
                store.connection.execute(statements.ROLLBACK.encode())
            except psycopg.Error:
                store.connection.close()  # the server undoes it
        if isinstance(error, errors.UniqueViolation):
            _taken(error)
        meant = translated(error, store.path, store.seconds, committing=committing)
        if meant is not None:
            raise meant from error


class PostgresWriter(PostgresReader):
    """A `Writer`. Nobody else changes an item or a notice it has looked at; its locks and their order: `postgres_statements`."""

    __slots__ = ("_alone", "_early", "_held", "_next_notice", "_not_before", "_numbering", "_wanted")

    def __init__(self, store: PostgresStore, items: Iterable[int] = (), *, alone: bool = False) -> None:
        """Begin nothing yet."""
        super().__init__(store)
        self._alone, self._early, self._numbering = alone, False, False
        self._wanted = sorted({*items, *store.awaited})
        store.awaited = ()
        self._held: dict[int, Row | None] = {}
        self._next_notice = self._not_before = 0

    # -- what is taken in hand

    def row(self, number: int) -> Row | None:
        """Return an item's row and hold it."""
        if not self._begun and number in self._wanted:
            self._say()
        if number not in self._held:
            # with the record or the numbers in hand one does not wait for somebody who may be waiting for them
            hold = postgres_statements.HOLD_NOW if self._early or self._numbering else postgres_statements.HOLD
            try:
                self._hold(self._ask(hold, [number]), [number])
            except errors.LockNotAvailable as error:
                if hold is postgres_statements.HOLD:  # it has waited
                    raise
                self._store.awaited = (number,)
                raise self._crossed() from error
        return self._held[number]

    def due(self, now: int, limit: int = 1000) -> list[int]:
        """Return numbers of items for which something happens by itself, without those another writer has in hand."""
        return [row.number for row in self._take_due(now, limit)]

    def items_due(self, now: int, limit: int) -> list[tuple[Item, int]]:
        """Return those items themselves, each with its moment."""
        return [(from_text(row.body), row.next_at) for row in self._take_due(now, limit) if row.next_at is not None]

    def notice(self, number: int) -> Notice | None:
        """Return a notice and hold it."""
        found = self._ask(postgres_statements.HOLD_NOTICE, number)
        return Notice._make(found[0]) if found else None

    def command(self, command_id: str) -> list[Event]:
        """Return the entries a command left; the same command elsewhere waits until this one ends."""
        if not command_id:
            return []
        self._keep_back(postgres_statements.ONE_COMMAND, (command_id,))
        return super().command(command_id)

    def next_item(self) -> int:
        """Return the number the next item gets; others who register wait."""
        if not self._early:
            self._numbering = True
            self._keep_back(postgres_statements.ITEM_NUMBERS, ())
            return super().next_item()
        [[[taken]], [[number]]] = self._say((postgres_statements.ITEM_NUMBERS_NOW, ()), (statements.NEXT_ITEM, ()))
        if not taken:  # whoever has them may be waiting for the record
            raise self._crossed()
        return int(number)

    def next_notice(self) -> int:
        """Return the number the next notice gets; others who write wait from here on."""
        if not self._next_notice:
            self._take_record()
        return self._next_notice

    def undelivered(self) -> Iterator[Notice]:
        """Yield sent and released notices that no delivery speaks of yet; other machines that carry wait."""
        self._keep_back(postgres_statements.CARRIAGE, ())
        return super().undelivered()

    def deliveries(self, notice: int | None = None) -> Iterator[Delivery]:
        """Yield the deliveries that were not carried; other machines that carry wait until these are claimed."""
        self._keep_back(postgres_statements.CARRIAGE, ())
        return super().deliveries(notice)

    # -- what is written

    def put_setting(self, name: str, value: str) -> None:
        """Set a setting; `trial` is fixed when the database is made: `Misused("trial_stays")`."""
        refuse_fixed(name)
        refuse_bad((name, value), ("name", "value"))
        self._keep_back(statements.PUT_SETTING, (name, value))

    def put_policy(self, policy: Policy) -> None:
        """Keep a policy text and make it the current one of its kind and name."""
        refuse_bad(policy, Policy._fields)
        self._hashes = None
        self._keep_back(statements.SUPERSEDE, (policy.kind, policy.name))
        self._keep_back(statements.PUT_POLICY, policy)

    def append(self, events: Iterable[Event]) -> list[Event]:
        """Number and chain the events after the last entry, keep them, and return them complete.

        An entry is moved to the moment of the last one where that was recorded since this transaction began, and is later:
        the clocks of two machines differ, and who began first need not come first.
        """
        events = list(events)
        for event in events:
            refuse_bad(event, Event._fields)
        if not events:
            return []
        if not self._next_notice:
            self._take_record()
        if self._not_before:
            events = [event._replace(recorded_at=max(event.recorded_at, self._not_before)) for event in events]
        complete = link(events, *self.head())
        for event in complete:
            self._keep_back(statements.APPEND, event)
        last = complete[-1]
        self._last = last.seq, last.hash, last.recorded_at
        return complete

    def put_row(self, row: Row) -> None:
        """Insert an item's row, or rewrite it; a serial that another item has raises `Conflict("serial_taken")`."""
        refuse_bad(row, Row._fields)
        known = self._held.get(row.number)
        steady = known is not None and all(getattr(known, field) == getattr(row, field) for field in STEADY)
        self._keep_back(statements.REWRITE_ROW if steady else statements.PUT_ROW, row)
        if row.number in self._held:
            self._held[row.number] = row

    def put_rows(self, rows: Sequence[Row]) -> None:
        """Insert the rows of several new items; raises as `put_row` does."""
        for row in rows:
            self.put_row(row)

    def rewrite_rows(self, rows: Sequence[Row]) -> None:
        """Rewrite the rows of items that stay in their states; raises as `put_row` does."""
        self.put_rows(rows)

    def put_crossings(self, crossings: Sequence[Crossing]) -> None:
        """Keep crossed rungs; one that is there already raises `Conflict("rung_crossed")`, at the latest when the block ends."""
        for crossing in crossings:
            refuse_bad(crossing, Crossing._fields)
            self._keep_back(statements.PUT_CROSSING, crossing)

    def put_notices(self, notices: Sequence[Notice]) -> None:
        """Keep new notices, or rewrite ones with the same number."""
        for notice in notices:
            refuse_bad(notice, Notice._fields)
            self._keep_back(statements.PUT_NOTICE, notice)
            if self._next_notice:
                self._next_notice = max(self._next_notice, notice.number + 1)

    def put_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        """Keep new deliveries, or rewrite ones of the same notice and target."""
        for one in deliveries:
            refuse_bad(one, Delivery._fields)
            self._keep_back(statements.PUT_DELIVERY, one)

    def put_reporter(self, reporter: Reporter) -> None:
        """Keep who reported an item."""
        refuse_bad(reporter, Reporter._fields)
        self._keep_back(statements.PUT_REPORTER, reporter)

    def put_seal(self, note: str) -> None:
        """Keep a signed seal after those before it."""
        refuse_bad((note,), ("note",))
        self._keep_back(statements.PUT_SEAL, (note,))

    # -- inside

    def _crossed(self) -> Overtaken:
        """Begin again, and take the record last."""
        self._store.others = _ABOUT
        return Overtaken("overtaken")

    def _first(self) -> list[Question]:
        said: list[Question] = [
            (postgres_statements.BEGIN_ACT, ()),
            (postgres_statements.ALONE if self._alone else postgres_statements.TOGETHER, ()),
        ]
        if self._wanted:
            said.append((postgres_statements.HOLD, (self._wanted,)))
        return said

    def _besides(self) -> list[Question]:
        standing = (postgres_statements.STANDING, ())
        if self._store.others:
            self._store.others -= 1
            return [standing]
        # who names no items may still have to wait for some: it takes the record last
        return [(postgres_statements.AT_ONCE, ()), standing] if self._wanted or self._alone else [standing]

    def _took(self, first: list[Rows], besides: list[Rows]) -> None:
        if self._wanted:
            self._hold(first[-1], self._wanted)
        *at_once, [[in_force, next_notice, seq, hash_, at]] = besides
        self._last = (seq, hash_, at) if seq else (0, GENESIS, 0)
        if at_once and at_once[0][0][0]:
            self._next_notice, self._early = next_notice, True
        elif at_once:
            self._store.others = _ABOUT
        known, hashes = self._store.in_force
        if in_force == known:
            self._hashes = hashes

    def _take_due(self, now: int, limit: int) -> list[Row]:
        rows = [Row._make(found) for found in self._ask(postgres_statements.HOLD_DUE, now, limit)]
        self._held |= {row.number: row for row in rows}
        return rows

    def _hold(self, answer: Rows, numbers: Iterable[int]) -> None:
        self._held |= dict.fromkeys(numbers)
        self._held |= {row.number: row for row in map(Row._make, answer)}

    def _last_entry(self) -> tuple[int, str, int]:
        if not self._begun:
            self._say()
        return super()._last_entry()

    def _take_record(self) -> None:
        """Hold the head of the record and the numbers of notices from here on."""
        before, _, _ = self._last_entry()
        self._keep_back(postgres_statements.RECORD, ())
        _, self._next_notice, seq, hash_, at = self._ask(postgres_statements.STANDING)[0]
        self._last = (seq, hash_, at) if seq else (0, GENESIS, 0)
        if self._last[0] != before:
            self._not_before = self._last[2]

    def _keep_back(self, text: str, parameters: Sequence[object]) -> None:
        self._kept_back.append((text, parameters))


def _taken(error: errors.UniqueViolation) -> NoReturn:
    """Say what was there before us: a rung, a serial, or the place in a row that somebody else has taken."""
    # "Key (columns)=(values) …" in every language of the server
    found = re.search(r"=\((.*)\)", error.diag.message_detail or "")
    values = found[1] if found else ""
    rung = re.fullmatch(r"(\d+), (.*), (\d+), (\d+)", values)
    if error.diag.constraint_name == "rung_pkey" and rung:
        raise Conflict(
            "rung_crossed", item=int(rung[1]), clock=rung[2], cycle=int(rung[3]), level=int(rung[4])
        ) from error
    if error.diag.constraint_name == "item_serial_key":
        raise Conflict("serial_taken", serial=values) from error
    raise Overtaken("overtaken") from error
