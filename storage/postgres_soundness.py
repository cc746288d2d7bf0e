"""Whether a database on a server has the guards this program gave it, each as it was made and in force for every session."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from storage.postgres_creation import triggers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.postgres_connection import Connection

_TRIGGERS = b"""
SELECT tgname::text, tgenabled::text, relname::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = to_regnamespace('siban') AND NOT tgisinternal
"""
_FUNCTIONS = (
    b"SELECT proname::text, prosrc FROM pg_proc WHERE pronamespace = to_regnamespace('siban') AND prorettype = 2279"
)


def faults(connection: Connection) -> Iterator[tuple[str, str, str]]:
    """Yield (place, code, detail) for every guard that is missing, changed or not in force."""
    text = triggers()
    wanted = set(re.findall(r"CREATE TRIGGER (\w+) .*? ON (\w+)", text))
    there = {(name, table) for name, enabled, table in connection.execute(_TRIGGERS) if enabled == "A"}
    sources = dict(re.findall(r"CREATE FUNCTION (\w+)\(\).*?AS \$\$(.*?)\$\$;", text, re.DOTALL))
    kept: dict[str, str] = dict(connection.execute(_FUNCTIONS).fetchall())
    wrong = {name for name, _ in wanted - there} | {
        name for name, source in sources.items() if kept.get(name) != source
    }
    for name in sorted(wrong):
        yield f"database {name}", "schema_differs", ""
