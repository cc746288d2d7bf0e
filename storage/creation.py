"""A new database file: whole and open to its owner alone, or not there at all."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import Refused
from storage import connection, statements
from storage.connection import APPLICATION_ID, SCHEMA_VERSION, SECONDS
from storage.disk import sync_directory, unavailable
from storage.mount import refuse_shared
from storage.text import refuse_bad

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENDINGS = ("", "-journal", "-wal", "-shm")


def create(path: str | os.PathLike[str], settings: Mapping[str, str]) -> None:
    """Make a database with these settings. `Refused("exists")` when something is there: nothing is overwritten.

    It is built under another name and then given its own, so that an interruption leaves no half database behind.
    """
    for setting in settings.items():
        refuse_bad(setting, ("name", "value"))
    real = Path(os.path.realpath(path))
    refuse_shared(str(real))
    for ending in _ENDINGS:  # an old journal would be played into the new file
        if os.path.lexists(f"{real}{ending}"):
            raise Refused("exists", path=f"{real}{ending}")
    building = Path(f"{real}.new-{os.getpid()}")
    try:
        building.touch(0o600, exist_ok=False)  # the files beside it take its mode
        _build(str(building), settings)
        give_name(building, real)
    except FileExistsError as error:
        raise Refused("exists", path=error.filename2 or error.filename) from error
    except OSError as error:
        raise unavailable(error, str(real)) from error
    except connection.dbapi.Error as error:
        raise connection.translated(error, str(real), SECONDS) or error from error
    finally:
        for ending in _ENDINGS:
            Path(f"{building}{ending}").unlink(missing_ok=True)


def schema() -> str:
    """Return the DDL of tables and indexes."""
    return Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")


def triggers() -> str:
    """Return the DDL of triggers."""
    return Path(__file__).with_name("triggers.sql").read_text(encoding="utf-8")


def _build(path: str, settings: Mapping[str, str]) -> None:
    with closing(connection.blank(path)) as opened:
        marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
        opened.execute("PRAGMA synchronous = EXTRA")
        opened.executescript(f"BEGIN IMMEDIATE; {marks} {schema()} {triggers()}")
        opened.executemany(statements.PUT_SETTING, list(settings.items()))
        opened.execute(statements.COMMIT)
        opened.execute(f"PRAGMA journal_mode = {connection.journal()[0]}")


def give_name(building: Path, real: Path) -> None:
    """Give a finished file its name, so that it lasts; `FileExistsError` when that is taken meanwhile."""
    try:
        real.hardlink_to(building)
        building.unlink()
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        building.rename(real)
    sync_directory(str(real.parent))
