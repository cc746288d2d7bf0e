"""A version of the schema that is not there yet, for tests of the way to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.migrations import run_script

if TYPE_CHECKING:
    import sqlite3


def m002_colour(opened: sqlite3.Connection) -> None:
    """Add a column, and rebuild a table that has triggers: what drops them without a word."""
    run_script(
        opened,
        """
        ALTER TABLE notice ADD COLUMN colour VARCHAR NOT NULL DEFAULT '';
        CREATE TABLE rung_new AS SELECT * FROM rung;
        DROP TABLE rung;
        ALTER TABLE rung_new RENAME TO rung;
        """,
    )
