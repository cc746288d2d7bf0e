"""A new database on a PostgreSQL server: our schema in it, whole, or nothing."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import errors

from engine.errors import Refused, Unavailable
from storage.connection import SCHEMA_VERSION, SECONDS
from storage.postgres_connection import MARK, OFFICER, READER, blank, translated, where
from storage.postgres_statements import numbered
from storage.statements import PUT_SETTING
from storage.text import refuse_bad

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from storage.postgres_connection import Connection

_BEFORE = """
CREATE SCHEMA siban;
COMMENT ON SCHEMA siban IS '{mark}{version}';
SET LOCAL search_path = siban, pg_temp;
-- SQLite has a function of this name; what is no JSON raises an error of its own.
CREATE FUNCTION json_valid(value text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT value::json IS NOT NULL';
"""

_BETWEEN = """
-- By whom the database itself knows an entry was made: beside what is chained, since an account can be renamed.
ALTER TABLE event ADD COLUMN account TEXT COLLATE "C" NOT NULL;
CREATE TABLE account (person TEXT COLLATE "C" NOT NULL, login TEXT COLLATE "C" NOT NULL, PRIMARY KEY (person, login));
"""

_GRANTS = f"""
GRANT USAGE ON SCHEMA siban TO {READER}, {OFFICER};
GRANT SELECT ON ALL TABLES IN SCHEMA siban TO {READER}, {OFFICER};
GRANT INSERT ON event, rung, seal, item, notice, delivery, policy, meta, reporter TO {OFFICER};
GRANT UPDATE ON item, notice, delivery, meta, reporter TO {OFFICER};
GRANT UPDATE (index_text, current) ON policy TO {OFFICER};
"""

ROLES_SQL = f"CREATE ROLE {READER} NOLOGIN; CREATE ROLE {OFFICER} NOLOGIN;"
"""What the server's administrator runs once for all databases, where the owner of this one may not."""


def create(url: str, settings: Mapping[str, str]) -> None:
    """Make our schema in a database that is there. Whoever makes it owns it.

    Raises `Refused("exists")` when it is there already, `Unavailable("no_roles")` when the group roles are missing and the
    owner may not make them, and what `postgres_connection.blank` raises.
    """
    for setting in settings.items():
        refuse_bad(setting, ("name", "value"))
    with making(url) as connection, connection.transaction():
        build(connection, where(url), settings)


@contextmanager
def making(url: str) -> Iterator[Connection]:
    """Give a connection on which our schema is to be made, and say what an error of the server means then.

    Raises `Refused("exists")` when the schema is there already, and what `postgres_connection.blank` raises.
    """
    place, connection = where(url), blank(url)
    try:
        yield connection
    except psycopg.Error as error:
        if isinstance(error, (errors.DuplicateSchema, errors.UniqueViolation)):
            raise Refused("exists", path=place) from error
        raise translated(error, place, SECONDS) or error from error
    finally:
        connection.close()


def schema() -> str:
    """Return the DDL of tables and indexes."""
    return Path(__file__).with_name("postgres_schema.sql").read_text(encoding="utf-8")


def triggers() -> str:
    """Return the DDL of functions and triggers."""
    return Path(__file__).with_name("postgres_triggers.sql").read_text(encoding="utf-8")


def build(connection: Connection, place: str, settings: Mapping[str, str]) -> None:
    """Make our schema with these settings in the transaction under way."""
    _roles(connection, place)
    before = _BEFORE.format(mark=MARK, version=SCHEMA_VERSION)
    for script in (before, schema(), _BETWEEN, triggers(), _GRANTS):
        connection.execute(script.encode())
    for setting in settings.items():
        connection.execute(numbered(PUT_SETTING), setting)


def _roles(connection: Connection, place: str) -> None:
    """Make the group roles that are missing: they belong to the server, not to one database."""
    for role in (READER, OFFICER):
        if connection.execute(b"SELECT 1 FROM pg_roles WHERE rolname = $1", (role,)).fetchone():
            continue
        try:
            with connection.transaction():
                connection.execute(f"CREATE ROLE {role} NOLOGIN".encode())
        except errors.InsufficientPrivilege as error:
            raise Unavailable("no_roles", path=place, why=ROLES_SQL) from error
        except (errors.DuplicateObject, errors.UniqueViolation):
            continue  # somebody else makes one at the same time
