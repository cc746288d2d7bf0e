"""`db copy`: a whole database into a new one, proved there before it is said to be done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import FaultsFound, Refused
from interfaces.checking import place_text
from interfaces.keeping import proved, verified
from interfaces.progress import bar
from storage.place import on_server, shown
from storage.transfer import Moved, counted, fill, sqlite_source, sqlite_target, tables

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from storage.postgres import PostgresStore
    from storage.transfer import End


def move(source: str, target: str, *, dry_run: bool = False) -> Moved:
    """Copy every row of one database into a new one, each a file or on a server.

    The new one is a ledger only when rows, chain, seals and replay agree.

    Raises `Refused` (`exists`, `copy_to_itself`), `Conflict("another_move")`, `FaultsFound` (`copy_differs`, `backup_faulty`) or
    `Unavailable`.
    """
    if source == target or (not on_server(target) and os.path.realpath(target) == os.path.realpath(source)):
        raise Refused("copy_to_itself", path=shown(target))
    for ending in () if on_server(target) else ("", "-journal", "-wal", "-shm"):
        if os.path.lexists(f"{os.path.realpath(target)}{ending}"):
            raise Refused("exists", path=f"{target}{ending}")
    with _source(source) as here:
        if dry_run:
            return counted(here)
        meta = next(table for table in tables() if table.name == "meta")
        settings = {str(name): str(value) for name, value in here.rows(meta)}
        with _target(target, settings) as there:
            try:
                return fill(here, there, bar("行"))
            except FaultsFound as error:
                faults: list[tuple[str, str, str]] = error.data["faults"]  # type: ignore[assignment]  # as `fill` has them
                raise FaultsFound(
                    error.code, path=shown(target), faults=[(place_text(place), *rest) for place, *rest in faults]
                ) from None


def _source(place: str) -> AbstractContextManager[End]:
    if on_server(place):
        from storage.postgres_transfer import postgres_source

        return postgres_source(place)
    return sqlite_source(place)


def _target(place: str, settings: dict[str, str]) -> AbstractContextManager[End]:
    if on_server(place):
        from storage.postgres_transfer import postgres_target

        return postgres_target(place, settings, lambda store: _proved_there(store, shown(place)))
    return sqlite_target(place, settings, lambda part: _proved(part, place))


def _proved(part: str, named: str) -> None:
    verified(Path(part), named)


def _proved_there(store: PostgresStore, named: str) -> None:
    from storage.postgres_soundness import faults

    proved(store, lambda: faults(store.connection), named)
