"""Where a database is: a file of its own, or the address of one on a PostgreSQL server. Whoever opens either opens it here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.ports import Store
    from storage.migrations import Status
    from storage.postgres_status import Status as ServerStatus

_ADDRESSES = ("postgresql://", "postgres://")


def on_server(place: str) -> bool:
    """Whether a place is an address on a PostgreSQL server; everything else is a file's path."""
    return place.startswith(_ADDRESSES)


def shown(place: str) -> str:
    """Return a place as people may see it: an address without its password."""
    if not on_server(place):
        return place
    from storage.postgres_connection import where  # noqa: PLC0415 - loads the driver

    return where(place)


def open_store(place: str, *, command: str = "", seconds: float | None = None) -> Store:
    """Open a database that is there, or raise `Unavailable`.

    `command` is what others read who wait for this one's file, `seconds` how long to wait for a file that is locked.
    """
    if on_server(place):
        from storage import postgres  # noqa: PLC0415 - only where there is a server

        return postgres.open_store(place)
    from storage import connection, sqlite  # noqa: PLC0415 - only where there is a file

    return sqlite.open_store(place, command=command, seconds=connection.SECONDS if seconds is None else seconds)


def create(place: str, settings: Mapping[str, str]) -> None:
    """Make a database: a new file, or our schema in a server's database. Raises `Refused("exists")` or `Unavailable`."""
    if on_server(place):
        from storage import postgres_creation  # noqa: PLC0415 - only where there is a server

        postgres_creation.create(place, settings)
        return
    from storage import creation  # noqa: PLC0415 - only where there is a file

    creation.create(place, settings)


def status_of(place: str) -> Status | ServerStatus:
    """Describe a database of ours, whatever the version of its schema; raises `Unavailable`."""
    if on_server(place):
        from storage import postgres_status  # noqa: PLC0415 - only where there is a server

        return postgres_status.status(place)
    from storage import migrations  # noqa: PLC0415 - only where there is a file

    return migrations.status(place)
