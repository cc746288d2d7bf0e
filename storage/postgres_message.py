"""Several statements as one message to a PostgreSQL server, each planned once for a connection and then only executed.

Spoken with libpq's pipeline itself: through psycopg's it costs twice as much, and values written into the statements as much again.
"""

from __future__ import annotations

import itertools
import select
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors, pq
from psycopg.adapt import Transformer

from storage.postgres_statements import numbered

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg.pq.abc import PGresult

    from storage.postgres_connection import Connection

    Rows = list[tuple[Any, ...]]

_AFTER = 2  # so often a statement is planned on the spot: a command that is over at once prepares nothing
_PLANNED = ("SELECT", "INSERT", "UPDATE", "BEGIN", "COMMIT")
_NUMBERS = itertools.count()


class Conversation:
    """What is said on a connection, and what is prepared there."""

    def __init__(self, connection: Connection) -> None:
        """Know of nothing yet."""
        self._connection = connection
        self._libpq = connection.pgconn
        self._seen: dict[str, int] = {}
        self._names: dict[str, bytes] = {}

    def ask(self, statements: Iterable[tuple[str, Sequence[object]]]) -> list[Rows]:
        """Say statements in one go and return what each of them answers; those that return once more are prepared.

        What the server refuses is raised as psycopg would raise it. Whoever is interrupted in the midst loses the connection.
        """
        said = [(text, [_text(value) for value in values]) for text, values in statements]
        try:
            self._libpq.enter_pipeline_mode()
            asked = [answers for text, values in said for answers in self._say(text, values)]
            self._libpq.pipeline_sync()
            self._send()
            results = [self._answer() for _ in asked]
            self._next()  # the end of it
            self._libpq.exit_pipeline_mode()
        except BaseException:
            with suppress(psycopg.Error):
                self._connection.cancel()
            self._connection.close()
            raise
        for result in results:
            if result.status == pq.ExecStatus.FATAL_ERROR:
                self._seen, self._names = {}, {}  # who knows which of them were reached
                raise errors.error_from_result(result)
        return [self._rows(result) for result, answers in zip(results, asked, strict=True) if answers]

    def _say(self, text: str, values: list[bytes | None]) -> list[bool]:
        """Put a statement into the pipeline; return for each answer that it will bring whether it is the statement's."""
        name = self._names.get(text)
        if name is not None:
            self._libpq.send_query_prepared(name, values)
            return [True]
        seen = self._seen[text] = self._seen.get(text, 0) + 1
        if seen <= _AFTER or not text.startswith(_PLANNED):
            self._libpq.send_query_params(numbered(text), values)
            return [True]
        name = self._names[text] = b"siban_%d" % next(_NUMBERS)
        self._libpq.send_prepare(name, numbered(text))
        self._libpq.send_query_prepared(name, values)
        return [False, True]

    def _send(self) -> None:
        """Send all of it; the server may already answer."""
        while self._libpq.flush():
            readable, _, _ = select.select([self._libpq.socket], [self._libpq.socket], [])
            if readable:
                self._libpq.consume_input()

    def _answer(self) -> PGresult:
        """Wait for the next statement's answer."""
        result = self._next()
        if result is None or (result.status == pq.ExecStatus.FATAL_ERROR and not _state(result)):
            raise psycopg.OperationalError(self._libpq.get_error_message())
        self._next()  # nothing more of this one
        return result

    def _next(self) -> PGresult | None:
        while self._libpq.is_busy():
            select.select([self._libpq.socket], [], [])  # not in libpq, where nobody can be interrupted
            self._libpq.consume_input()
        return self._libpq.get_result()

    def _rows(self, result: PGresult) -> Rows:
        if not result.nfields:
            return []
        transformer = Transformer(self._connection)
        transformer.set_pgresult(result)
        return transformer.load_rows(0, result.ntuples, tuple)


def _state(result: PGresult) -> bytes | None:
    return result.error_field(pq.DiagnosticField.SQLSTATE)


def _text(value: object) -> bytes | None:
    """Return a value as the server reads it."""
    if value is None:
        return None
    if isinstance(value, str):
        if "\0" in value:  # libpq would take it for the end
            message = "PostgreSQL text fields cannot contain NUL (0x00) bytes"
            raise psycopg.DataError(message)
        return value.encode()
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, list):
        return b"{%b}" % b",".join(_text(one if isinstance(one, int) else _quoted(one)) or b"" for one in value)
    message = f"nothing is written as {type(value).__name__}"
    raise TypeError(message)


def _quoted(value: str) -> str:
    """Write a text as a list has it."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
