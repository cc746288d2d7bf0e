"""What there is to say about a database on a server: how large it is, how it is kept, how it is reached."""

from __future__ import annotations

from typing import NamedTuple

import psycopg

from engine.chain import GENESIS
from storage.connection import SCHEMA_VERSION, SECONDS
from storage.postgres_connection import MARK, connect, translated, where
from storage.statements import HEAD


class Status(NamedTuple):
    """A database of ours on a server. `encrypted` names the protocol; it is empty for a plain connection, `local` for a socket."""

    path: str
    version: int
    known: int
    items: int
    open_items: int
    events: int
    head: str
    size: int
    server_version: str
    encrypted: str
    account: str
    trial: bool


class Keeping(NamedTuple):
    """The settings on which it depends that nothing acknowledged is lost, and the connection's protocol as in `Status`."""

    fsync: bool
    full_page_writes: bool
    synchronous_commit: str
    data_checksums: bool
    encrypted: str


_COUNTS = b"""
SELECT obj_description(to_regnamespace('siban'), 'pg_namespace'), (SELECT count(*) FROM item),
    (SELECT count(*) FROM item WHERE open = 1), pg_database_size(current_database()),
    current_setting('server_version'), coalesce((SELECT value FROM meta WHERE name = 'trial'), '0') = '1'
"""
_ENCRYPTED = b"""
SELECT CASE WHEN inet_server_addr() IS NULL THEN 'local' ELSE coalesce(version, '') END
FROM pg_stat_ssl WHERE pid = pg_backend_pid()
"""
_KEEPING = b"""
SELECT current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on',
    current_setting('synchronous_commit'), current_setting('data_checksums') = 'on'
"""


def status(url: str) -> Status:
    """Describe a database of ours, whatever the version of its schema; raises what `connect` raises."""
    connection, account = connect(url, any_version=True)
    try:
        with connection:
            comment, items, open_items, size, version, trial = connection.execute(_COUNTS).fetchall()[0]
            seq, head, _ = connection.execute(HEAD.encode()).fetchone() or (0, GENESIS, 0)
            encrypted = connection.execute(_ENCRYPTED).fetchall()[0][0]
    except psycopg.Error as error:
        raise translated(error, where(url), SECONDS) or error from error
    return Status(
        path=where(url), version=int(comment.removeprefix(MARK)), known=SCHEMA_VERSION, items=items,
        open_items=open_items, events=seq, head=head, size=size, server_version=version, encrypted=encrypted,
        account=account.login, trial=trial,
    )  # fmt: skip


def keeping(url: str) -> Keeping:
    """Return the settings in force for a connection of ours; raises what `connect` raises."""
    connection, _ = connect(url)
    with connection:
        settings = connection.execute(_KEEPING).fetchall()[0]
        encrypted = connection.execute(_ENCRYPTED).fetchall()[0][0]
    return Keeping._make((*settings, encrypted))
