"""Whether a database file is as this program makes them: its tables, indexes and guards, and every page of it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from storage import connection
from storage.creation import schema, triggers

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

_OBJECTS = "SELECT name, type, sql FROM sqlite_master"


def faults(opened: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    """Yield (place, code, detail) for every table, index or guard that is missing, changed or too many, and for damage.

    What the library reports about indexes, pages and CHECKs comes one finding each, in its own words.
    """
    with closing(connection.dbapi.connect(":memory:")) as fresh:
        fresh.executescript(schema() + triggers())
        wanted = {row[0]: row for row in fresh.execute(_OBJECTS)}
    there = {row[0]: row for row in opened.execute(_OBJECTS)}
    for name in sorted(wanted.keys() | there.keys(), key=str):
        if wanted.get(name) != there.get(name):
            yield f"database {name}", "schema_differs", ""
    for (finding,) in opened.execute("PRAGMA integrity_check"):
        if finding != "ok":
            yield "database", "file_damaged", str(finding).replace("\n", " ")
