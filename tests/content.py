"""What a database file holds, row by row."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from storage.connection import dbapi

if TYPE_CHECKING:
    from pathlib import Path

TABLES = ("meta", "policy", "event", "item", "rung", "notice", "delivery", "reporter", "seal")

Rows = dict[str, list[tuple[int | str | None, ...]]]


def content(path: Path, *, settings: bool = False) -> Rows:
    """Return the rows of each table.

    Without `settings` their table is left out: what a beat or a backup remembers there is no part of the ledger.
    """
    with closing(dbapi.connect(f"file:{path}?mode=ro", uri=True)) as opened:
        return {
            table: opened.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608 - names of ours
            for table in TABLES
            if settings or table != "meta"
        }
