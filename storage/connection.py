"""Connections to an SQLite file: which library, which settings, whose file it is, and what its errors mean to us."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from engine.errors import Misused, SibanError, Unavailable
from storage.mount import refuse_shared

if TYPE_CHECKING:
    import sqlite3 as dbapi
else:
    try:
        from pysqlite3 import dbapi2 as dbapi  # newer than what most systems bring
    except ImportError:
        import sqlite3 as dbapi

__all__ = [
    "APPLICATION_ID",
    "SCHEMA_VERSION",
    "SECONDS",
    "blank",
    "connect",
    "dbapi",  # whichever library it is
    "durability",
    "journal",
    "set_up",
    "sound",
    "still",
    "translated",
    "unwritten",
]

APPLICATION_ID = 0x53424E34
"""`SBN4` in the header of every file of ours; `file` and others can tell it apart by it."""

SCHEMA_VERSION = 1
"""The version of the schema this program reads and writes; in the file as `user_version`."""

SECONDS = 30.0
"""How long a writer waits for the others."""

# No write-ahead log under a library that can lose committed pages in it (fixed in these; never in 3.45 to 3.49).
_SOUND = (3, 51, 3)
_SOUND_IN = {(3, 50): 7, (3, 44): 6}

_SETTINGS = {
    "foreign_keys": 1,
    "recursive_triggers": 1,  # else INSERT OR REPLACE deletes without asking the triggers
    "cell_size_check": 1,
    "temp_store": 2,
}
_FULL, _EXTRA = 2, 3
_PLAIN = frozenset(b"/-._~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")

# Else the driver looks at each None for methods that it has not, which takes as long as a whole small statement.
dbapi.register_adapter(type(None), lambda none: none)

_WRITE_FAILED = 778  # SQLITE_IOERR_WRITE

_CODES = {  # SQLite's primary result codes that an administrator can do something about
    1: "damaged",  # no such table, no such column
    3: "read_only",
    5: "locked",
    6: "locked",
    8: "read_only",
    10: "disk_failed",
    11: "damaged",
    13: "disk_full",
    14: "read_only",  # it is there (looked before), but it or what belongs beside it cannot be opened
    23: "read_only",
    26: "not_a_database",
}


def sound(version: tuple[int, int, int]) -> bool:
    """Return whether an SQLite of this version may use a write-ahead log."""
    major, minor, patch = version
    return version >= _SOUND or patch >= _SOUND_IN.get((major, minor), 1000)


def journal() -> tuple[str, int]:
    """Return the journal mode and the degree of `synchronous` that lose no acknowledged commit under this library."""
    return ("wal", _FULL) if sound(dbapi.sqlite_version_info) else ("delete", _EXTRA)


def connect(path: str, *, seconds: float = SECONDS, any_version: bool = False) -> dbapi.Connection:
    """Open a database of ours that is there, or raise `Unavailable`; nothing is made, nothing of it is changed.

    Codes: no_database, not_a_database, foreign_database, older_schema, newer_schema (with `found` and `known`),
    read_only, locked, damaged, journal_mode, network_disk. `any_version` leaves the schema's version to the caller.
    """
    _ours(path)
    connection: dbapi.Connection | None = None
    try:
        connection = _open(path, "rw", seconds)
        if not any_version:
            _present(connection, path)
        set_up(connection, path)
    except BaseException as error:
        if connection is not None:
            connection.close()
        meant = translated(error, path, seconds)
        if meant is None:
            raise
        raise meant from error
    return connection


def still(path: str, *, any_version: bool = False) -> dbapi.Connection:
    """Open a copy that nobody writes to, to read alone: no lock, no journal, not a byte of it or beside it is changed.

    Raises what `connect` raises, and `Unavailable("not_still")` when a journal lies beside it: then it is not all there.
    """
    _ours(path)
    for ending in ("-wal", "-journal"):
        try:
            if os.stat(f"{path}{ending}").st_size:  # noqa: PTH116 - as in `_ours`
                raise Unavailable("not_still", path=path)
        except OSError:  # none
            continue
    opened = _open(path, "ro&immutable=1", 0)
    try:
        if not any_version:
            _present(opened, path)
        opened.execute("PRAGMA cell_size_check = 1")
    except BaseException as error:
        opened.close()
        meant = translated(error, path, 0)
        if meant is None:
            raise
        raise meant from error
    return opened


def set_up(connection: dbapi.Connection, path: str) -> None:
    """Put the settings of a connection in force and read them back."""
    mode, degree = journal()
    found = connection.execute(f"PRAGMA journal_mode = {mode}").fetchone()[0]
    if found != mode:  # somebody with another library has it open
        raise Unavailable("journal_mode", path=path, found=found, wanted=mode)
    # Old libraries hold json_valid, which our CHECKs use, for something that only a trusted schema may call.
    wanted = {**_SETTINGS, "synchronous": degree, "trusted_schema": int(dbapi.sqlite_version_info < _SOUND)}
    connection.executescript("".join(f"PRAGMA {name} = {value};" for name, value in wanted.items()))
    tables = ", ".join(f"pragma_{name}" for name in wanted)
    in_force = connection.execute(f"SELECT * FROM {tables}").fetchone()  # noqa: S608 - names of ours
    if in_force != tuple(wanted.values()):
        raise Unavailable("settings", path=path, found=list(in_force), wanted=list(wanted.values()))


def durability(path: str) -> tuple[str, int]:
    """Return the journal mode and the degree of `synchronous` that a connection to a database of ours has in force."""
    opened = connect(path)
    try:
        mode, degree = (opened.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous"))
    finally:
        opened.close()
    return mode, degree


def blank(path: str) -> dbapi.Connection:
    """Open a new, empty file that is there, without asking whose it is."""
    return _open(path, "rw", SECONDS)


def translated(error: BaseException, path: str, seconds: float) -> SibanError | None:
    """Return what an error of the database means to us, or None when it is a fault of the program."""
    if isinstance(error, UnicodeEncodeError):
        return Misused("bad_text", field="", why="surrogate", char=f"U+{ord(error.object[error.start]):04X}")
    if isinstance(error, UnicodeDecodeError):  # the library quotes a name from a damaged schema
        return Unavailable("damaged", path=path, why="UTF-8")
    if not isinstance(error, dbapi.DatabaseError):
        return None
    code = _CODES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    if code is None and str(error).startswith("Could not decode to UTF-8"):  # said by the driver, without a code
        code = "damaged"
    if code is None:
        return None
    if code == "locked":
        return Unavailable(code, path=path, seconds=seconds, pid=0, command="")
    return Unavailable(code, path=path, why=str(error))


def unwritten(error: BaseException | None) -> bool:
    """Return whether a commit that failed with this error of the database surely left nothing.

    A write that failed left it incomplete; a sync that failed left all of it written, perhaps to be found by whoever reads
    next. pysqlite3 does not say which it was.
    """
    return getattr(error, "sqlite_errorcode", 0) == _WRITE_FAILED


def _ours(path: str) -> None:
    """Look at the header without lock or journal, so that a file of somebody else is left exactly as it is.

    The header is read through SQLite, not by `open`: closing a file drops every lock this process has on it. Without
    the journal the pages may be half of one state and half of another (a kill while the log was written back): that is
    for the journal to mend, so this look at page 1 takes no offence at a file shorter than its header says.
    """
    try:
        about = os.stat(path)  # noqa: PTH116 - pathlib takes longer to load than all of this
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise Unavailable("no_database", path=path) from None
    except OSError as error:
        raise Unavailable("read_only", path=path, why=os.strerror(error.errno or 0)) from error
    if not stat.S_ISREG(about.st_mode) or about.st_size == 0:
        raise Unavailable("not_a_database", path=path, why="")
    refuse_shared(path, about)
    try:
        connection = _open(path, "ro&immutable=1", 0)
        try:
            connection.execute(
                "PRAGMA writable_schema = 1"
            )  # else "malformed"; nothing can be written through this one
            found = connection.execute("PRAGMA application_id").fetchone()[0]
        finally:
            connection.close()
    except dbapi.Error as error:
        raise translated(error, path, 0) or error from error
    if found != APPLICATION_ID:
        raise Unavailable("foreign_database", path=path)


def _present(connection: dbapi.Connection, path: str) -> None:
    """Refuse a schema that this program does not know, before anything else is done with the file."""
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found != SCHEMA_VERSION:
        code = "newer_schema" if found > SCHEMA_VERSION else "older_schema"
        raise Unavailable(code, path=path, found=found, known=SCHEMA_VERSION)


def _open(path: str, mode: str, seconds: float) -> dbapi.Connection:
    text = "".join([chr(byte) if byte in _PLAIN else f"%{byte:02x}" for byte in os.fsencode(path)])
    if os.name == "nt":
        text = "/" + text.replace("%5c", "/").replace("%3a", ":")
    uri = f"file:{text}?mode={mode}"
    return dbapi.connect(uri, timeout=seconds, isolation_level=None, cached_statements=256, uri=True)
