"""A whole PostgreSQL database as rows, for `storage.transfer`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from engine.errors import Conflict
from storage.connection import SCHEMA_VERSION, SECONDS
from storage.postgres import PostgresStore
from storage.postgres_connection import MARK, SCHEMA, Account, Opened, connect, translated, where
from storage.postgres_creation import build, making
from storage.postgres_statements import ARRIVAL, BEGIN_VIEW, DECLARE, FETCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from storage.postgres_connection import Connection
    from storage.transfer import Table, Values

_ARRIVING = (
    "siban arriving"  # the comment on our schema until what was moved there is proved: nobody takes it for a ledger
)
_COMMENT = f"COMMENT ON SCHEMA {SCHEMA} IS '{{}}'"
_DROP = f"DROP SCHEMA {SCHEMA} CASCADE".encode()
_LOOK = b"""
SELECT session_user::text, to_regnamespace('siban') IS NOT NULL,
    coalesce(obj_description(to_regnamespace('siban'), 'pg_namespace'), '')
"""


class PostgresEnd:
    """A database on a server as rows.

    By which account an entry was made is asked for and brought from server to server. Elsewhere nobody knows it: what comes
    from a file stands under the account that brings it.
    """

    has_accounts = True

    def __init__(self, connection: Connection, account: str = "") -> None:
        """Keep a connection in whose transaction everything is read, or written by an account."""
        self._connection, self._account = connection, account

    def count(self, table: Table) -> int:
        """Return how many rows there are."""
        found = self._connection.execute(f"SELECT count(*) FROM {table.name}".encode()).fetchone()  # noqa: S608 - a name of ours
        return int(found[0]) if found else 0

    def rows(self, table: Table) -> Iterator[Values]:
        """Yield the rows in the table's order, fetched piece by piece."""
        order, columns = ", ".join(table.order), ", ".join(table.columns)
        question = f"SELECT {columns} FROM {table.name} ORDER BY {order}"  # noqa: S608 - as above
        name = f"moving_{table.name}"
        self._connection.execute(DECLARE.format(name, question).encode())
        while piece := self._connection.execute(FETCH.format(name).encode()).fetchall():
            yield from piece
        self._connection.execute(f"CLOSE {name}".encode())

    def put(self, table: Table, rows: Sequence[Values]) -> None:
        """Write rows after those there are."""
        columns = table.columns
        more: tuple[str, ...] = ()
        if table.name == "event" and "account" not in columns:
            columns, more = (*columns, "account"), (self._account,)
        text = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN"
        with self._connection.cursor() as cursor, cursor.copy(text.encode()) as copy:
            for row in rows:
                copy.write_row((*row, *more))


@contextmanager
def postgres_source(url: str) -> Iterator[PostgresEnd]:
    """Open one view of a database to read from, while others go on writing; raises what `connect` raises."""
    connection = connect(url).connection
    try:
        connection.execute(BEGIN_VIEW.encode())
        yield PostgresEnd(connection)
    except psycopg.Error as error:
        raise translated(error, where(url), SECONDS) or error from error
    finally:
        connection.close()


@contextmanager
def postgres_target(
    url: str, settings: Mapping[str, str], examine: Callable[[PostgresStore], None]
) -> Iterator[PostgresEnd]:
    """Make our schema in a database, with these settings, to write into: a ledger when all is proved, or nothing.

    Whoever moves it owns it. The guard that asks whose entry it is sleeps until all are in. `examine` then looks at what is
    kept; what it refuses is taken away again. Until it agrees the schema bears no mark of ours, so that nobody opens it; what a
    move that was killed has left there goes with the next. Raises `Refused("exists")`, `Conflict("another_move")` while
    somebody else moves into the same database, `Unavailable`.
    """
    place = where(url)
    with making(url) as connection:
        if not connection.execute(ARRIVAL.encode()).fetchall()[0][0]:  # until this connection ends
            raise Conflict("another_move", path=place)
        account, there, comment = connection.execute(_LOOK).fetchall()[0]
        if there and comment == _ARRIVING:
            connection.execute(_DROP)
        with connection.transaction():
            build(connection, place, settings)
            connection.execute(_COMMENT.format(_ARRIVING).encode())
            connection.execute(b"ALTER TABLE event DISABLE TRIGGER event_follows")
            yield PostgresEnd(connection, account)
            connection.execute(b"ALTER TABLE event ENABLE ALWAYS TRIGGER event_follows")
        try:
            examine(PostgresStore(url, Opened(connection, Account(account, owns=True))))
        except BaseException:
            if not connection.closed:
                connection.execute(_DROP)
            raise
        connection.execute(_COMMENT.format(f"{MARK}{SCHEMA_VERSION}").encode())
