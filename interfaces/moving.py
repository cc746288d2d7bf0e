"""`db copy`: a whole database into a new one, proved there before it is said to be done."""

from __future__ import annotations

import os
from pathlib import Path

from engine.errors import FaultsFound, Refused
from interfaces.checking import place_text
from interfaces.keeping import verified
from interfaces.progress import bar
from storage.transfer import Moved, counted, fill, sqlite_source, sqlite_target, tables


def move(source: str, target: str, *, dry_run: bool = False) -> Moved:
    """Copy every row of one database into a new one; it has its name only when rows, chain, seals and replay agree.

    Raises `Refused` (`exists`, `copy_to_itself`), `FaultsFound` (`copy_differs`, `backup_faulty`) or `Unavailable`.
    """
    real = os.path.realpath(target)
    if real == os.path.realpath(source):
        raise Refused("copy_to_itself", path=target)
    for ending in ("", "-journal", "-wal", "-shm"):
        if os.path.lexists(f"{real}{ending}"):
            raise Refused("exists", path=f"{target}{ending}")
    with sqlite_source(source) as here:
        if dry_run:
            return counted(here)
        meta = next(table for table in tables() if table.name == "meta")
        settings = {str(name): str(value) for name, value in here.rows(meta)}
        with sqlite_target(target, settings, lambda part: _proved(part, target)) as there:
            try:
                return fill(here, there, bar("行"))
            except FaultsFound as error:
                faults: list[tuple[str, str, str]] = error.data["faults"]  # type: ignore[assignment]  # as `fill` has them
                raise FaultsFound(
                    error.code, path=target, faults=[(place_text(place), *rest) for place, *rest in faults]
                ) from None


def _proved(part: str, named: str) -> None:
    verified(Path(part), named)
