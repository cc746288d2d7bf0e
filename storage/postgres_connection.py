"""Connections to a PostgreSQL database: how it is reached, which settings are in force, whose it is, what its errors mean to us."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from psycopg import conninfo, errors, pq

from engine.errors import Misused, Overtaken, SibanError, Unavailable
from storage.connection import SCHEMA_VERSION, SECONDS

if TYPE_CHECKING:
    Connection = psycopg.Connection[tuple[Any, ...]]

SCHEMA = "siban"
"""The schema all of ours lives in."""

MARK = "siban schema "
"""What the comment on our schema begins with; its version follows."""

READER, OFFICER = "siban_reader", "siban_officer"
"""Group roles: who may look, and who may act."""

_CONNECT_SECONDS = 10
_STATEMENT_SECONDS = 600  # a report over a large ledger; an act takes milliseconds
_IDLE_SECONDS = 300  # a client that was stopped in the middle must not hold an item for ever
_LOST_SECONDS = 30

_LOOK = b"""
SELECT session_user::text, current_setting('synchronous_commit'), pg_is_in_recovery(),
    to_regnamespace('siban') IS NOT NULL, coalesce(obj_description(to_regnamespace('siban'), 'pg_namespace'), ''),
    coalesce(has_schema_privilege(to_regnamespace('siban'), 'USAGE'), false),
    coalesce((SELECT pg_has_role(session_user, nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'siban'), false)
"""


class Account(NamedTuple):
    """Whom the database takes us for, and whether that account owns what is ours there."""

    login: str
    owns: bool


class Opened(NamedTuple):
    """A connection, and its account."""

    connection: Connection
    account: Account


def where(url: str) -> str:
    """Return how a database is named to people: without its password."""
    said = _parts(url)
    host = str(said.get("host") or os.environ.get("PGHOST", ""))
    port = f":{said['port']}" if said.get("port") else ""
    place = "" if not host or host.startswith(("/", "@")) else f"{host}{port}"
    return f"postgresql://{place}/{said.get('dbname', '')}"


def connect(url: str, *, seconds: float = SECONDS, any_version: bool = False) -> Opened:
    """Connect to a database of ours, or raise `Unavailable`; nothing is made or changed.

    Codes: no_server, wrong_password, no_login, no_such_database, not_admitted, no_tls, foreign_database, older_schema,
    newer_schema, standby, not_permitted. `Misused("bad_url")` when the address cannot be read.
    """
    place = where(url)
    connection = blank(url, seconds=seconds)
    try:
        account = _examine(connection, place, any_version=any_version)
    except BaseException as error:
        connection.close()
        meant = translated(error, place, seconds)
        if meant is None:
            raise
        raise meant from error
    return Opened(connection, account)


def _examine(connection: Connection, place: str, *, any_version: bool) -> Account:
    """Refuse a database that is not one of ours, or not one to write to; return the account we are known by."""
    account, synchronous, standby, there, comment, usable, owns = connection.execute(_LOOK).fetchall()[0]
    if not comment.startswith(MARK):  # somebody else's schema of our name has another comment, or none
        raise Unavailable("foreign_database" if there else "not_founded", path=place)
    found = int(comment.removeprefix(MARK))
    if found != SCHEMA_VERSION and not any_version:
        code = "newer_schema" if found > SCHEMA_VERSION else "older_schema"
        raise Unavailable(code, path=place, found=found, known=SCHEMA_VERSION)
    if not usable:
        raise Unavailable("not_permitted", path=place, account=account)
    if standby:
        raise Unavailable("standby", path=place)
    if synchronous in {"off", "local"}:  # a commit that was acknowledged must last
        connection.execute(b"SET synchronous_commit = on")
    return Account(account, owns)


def blank(url: str, *, seconds: float = SECONDS) -> Connection:
    """Connect without asking whose database it is; settings of ours are in force."""
    said = _parts(url)
    place = where(url)
    milliseconds = {
        "statement_timeout": _STATEMENT_SECONDS * 1000,
        "lock_timeout": max(int(seconds * 1000), 1),
        "idle_in_transaction_session_timeout": _IDLE_SECONDS * 1000,
    }
    settings = {"search_path": f"{SCHEMA},pg_temp", "client_encoding": "UTF8", "standard_conforming_strings": "on"}
    settings["plan_cache_mode"] = "force_generic_plan"  # what is prepared here finds its rows by a key
    options = " ".join(f"-c {name}={value}" for name, value in (settings | milliseconds).items())
    fixed: dict[str, Any] = {
        "options": options,
        "connect_timeout": said.get("connect_timeout", _CONNECT_SECONDS),
        "tcp_user_timeout": said.get("tcp_user_timeout", _LOST_SECONDS * 1000),
        "keepalives_idle": said.get("keepalives_idle", _LOST_SECONDS),
        "keepalives_interval": said.get("keepalives_interval", 10),
        "keepalives_count": said.get("keepalives_count", 3),
        "application_name": said.get("application_name", "siban"),
    }
    try:
        return psycopg.connect(url, autocommit=True, prepare_threshold=None, cursor_factory=psycopg.RawCursor, **fixed)
    except psycopg.Error as error:
        raise _not_reached(error, place, str(said.get("user") or "")) from None  # its text may hold the address


def _parts(url: str) -> dict[str, Any]:
    try:
        said = dict(conninfo.conninfo_to_dict(url))
    except psycopg.Error:
        raise Misused("bad_url") from None  # what is wrong with it may be the password
    name, port = str(said.get("dbname") or ""), str(said.get("port") or "")
    if not _NAME.fullmatch(name) or not _PORT.fullmatch(port):  # nor does a piece of one pass for a name
        raise Misused("bad_url")
    return said


_NAME, _PORT = re.compile(r"[^@/:]*"), re.compile(r"[0-9,]*")

_REFUSALS = Path(__file__).with_name("postgres_refusals.txt")


def _signs() -> list[tuple[str, str]]:
    """Return what is looked for in the text of a refusal, as (code, sign), in its order."""
    lines = _REFUSALS.read_text(encoding="utf-8").splitlines()
    return [(code, sign) for code, _, sign in (line.partition("\t") for line in lines if not line.startswith("#"))]


def _not_reached(error: psycopg.Error, place: str, user: str) -> SibanError:
    """Say why there is no connection; the text of the library is looked at, and of it only the cause is passed on."""
    text = str(error)
    if isinstance(error, psycopg.ProgrammingError):
        return Misused("bad_url")
    found = [code for code, sign in _signs() if sign in text]
    code = found[0] if found else ""
    if code in ("", "database"):
        return Unavailable("no_server", path=place)
    if code == "absent":
        code = "no_such_database" if "database" in found else "no_login"
    return Unavailable(code, path=place, account=user)


def lost(error: BaseException) -> bool:
    """Whether the connection is gone."""
    return isinstance(error, psycopg.OperationalError) and (
        error.sqlstate is None or isinstance(error, (errors.AdminShutdown, errors.CrashShutdown, *_IDLE))
    )


_IDLE = (errors.IdleInTransactionSessionTimeout,)


def translated(error: BaseException, place: str, seconds: float, *, committing: bool = False) -> SibanError | None:
    """Return what an error of the database means to us, or None when it is a fault of the program.

    `committing` says that the error came in answer to a commit: then nobody knows whether it is kept.
    """
    if isinstance(error, UnicodeEncodeError):
        return Misused("bad_text", field="", why="surrogate", char=f"U+{ord(error.object[error.start]):04X}")
    if not isinstance(error, psycopg.Error):
        return None
    if isinstance(error, psycopg.DataError) and "NUL" in str(error):
        return Misused("bad_text", field="", why="control", char="U+0000")
    if isinstance(error, (errors.DeadlockDetected, errors.SerializationFailure)):
        return Overtaken("overtaken")
    code = _code(error, committing=committing)
    return Unavailable(code, path=place, seconds=seconds, why=error.diag.message_primary or "") if code else None


def _code(error: psycopg.Error, *, committing: bool) -> str:
    if lost(error):
        return "commit_unanswered" if committing else "connection_lost"
    if error.diag.message_primary == "entry_of_another":
        return "entry_of_another"
    return next((code for kind, code in _MEANT if isinstance(error, kind)), "")


_MEANT: tuple[tuple[type[psycopg.Error], str], ...] = (
    (errors.LockNotAvailable, "held"),
    (errors.QueryCanceled, "too_slow"),
    (errors.InsufficientPrivilege, "not_permitted"),
    (errors.DiskFull, "disk_full"),
    (errors.OutOfMemory, "server_full"),
    (errors.TooManyConnections, "server_full"),
    (errors.ReadOnlySqlTransaction, "standby"),
    (errors.UndefinedTable, "damaged"),
    (errors.UndefinedColumn, "damaged"),
    (errors.DataCorrupted, "damaged"),
    (errors.IndexCorrupted, "damaged"),
    (errors.IoError, "disk_failed"),
)


def idle(connection: Connection) -> bool:
    """Whether a connection has no transaction under way."""
    return connection.info.transaction_status == pq.TransactionStatus.IDLE
