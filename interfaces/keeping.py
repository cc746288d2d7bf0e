"""Backups: taken, verified as they were written, thinned; and the daily one of `siban serve`."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.clock import civil, ordinal_of
from engine.context import Hand
from engine.errors import FaultsFound, Misused, Refused, SibanError, Unavailable
from interfaces import auditing
from interfaces.founding import installer
from interfaces.progress import bar
from storage import backup, connection, soundness
from storage.disk import unavailable
from storage.place import on_server, shown
from storage.sqlite import open_still
from workflows.faults import fault_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from engine.ports import Reader, Store
    from interfaces.session import Session

LAST_BACKUP = "last_backup"
"""Setting: the last backup as JSON with `path`, `at` (µs), `entries` and `head`."""

UNREADABLE = ("damaged", "not_a_database", "journal_mode", "settings", "disk_failed", "newer_schema")
"""Codes of a database that is there and cannot be compared with anything."""

_BROKEN = (SibanError, LookupError, ValueError, TypeError, AttributeError, connection.dbapi.Error)


class Backup(NamedTuple):
    """A backup that was verified: where it is, how many entries it holds and the hash of the last one."""

    path: str
    at: int
    entries: int
    head: str
    size: int
    deleted: tuple[str, ...] = ()


def keeper(session: Session) -> Hand:
    """Return who backs up, restores or moves: whoever may set the rules of the house, or for a file that cannot be read its owner.

    Raises `Refused("not_keeper")`, or what opening the database raises.
    """
    here = not on_server(session.path)
    if here and not os.path.lexists(session.path):
        return Hand(session.signature, session.signature)
    try:
        return installer(session)
    except Refused as error:
        if error.code != "not_installer":
            raise
        raise Refused("not_keeper", **error.data) from error
    except Unavailable as error:
        if error.code not in UNREADABLE or not here:
            raise
        if not session.owns:
            raise Refused("not_keeper", people=[]) from error
        return Hand(session.signature, session.signature)


def back_up(store: Store, path: str, to: str | None, now: int, keep: int = 0) -> Backup:
    """Back a database up into a file or a directory (without either, `DATABASE.backups`), verify the copy and remember it.

    A database on a server is moved into a file row by row, as of one moment. `keep`, for a directory, is how many of this database's
    backups are left there. Raises `FaultsFound("backup_faulty")` when the copy does not verify, and then leaves none; `Refused("exists")`,
    `Conflict("another_backup")`, `Misused` (`keep_needs_directory`, `backup_needs_place`), `Unavailable`.
    """
    with store.read() as reader:
        installation = str(reader.setting("installation") or "")
    into = _directory(path, to)
    if into is None and keep:
        raise Misused("keep_needs_directory", path=to)
    place = Path(str(to)) if into is None else backup.name_for(shown(path), into, installation, stamp(now))
    entries, head = _taken(path, place)
    size = place.stat().st_size
    deleted = backup.thin(into, installation, keep, place) if into and keep else []
    made = Backup(os.path.realpath(place), now, entries, head, size, tuple(str(one) for one in deleted))
    with store.write() as writer:
        kept = {"path": made.path, "at": now, "entries": entries, "head": head}
        writer.put_setting(LAST_BACKUP, json.dumps(kept, ensure_ascii=False))
    return made


def _taken(path: str, place: Path) -> tuple[int, str]:
    """Copy a database into a file and verify that; return number and hash of its last entry."""
    if on_server(path):
        from interfaces.moving import move  # it proves what it moved by what stands here

        moved = move(path, str(place))
        return moved.rows["event"], moved.head
    found: list[tuple[int, str]] = []
    backup.make(path, place, lambda part: found.append(verified(part, str(place))), bar("页"))
    return found[0]


def verified(path: Path, named: str) -> tuple[int, str]:
    """Verify a copy that nobody writes to, as `audit verify` does, reading alone; return number and hash of its last entry.

    Raises `FaultsFound("backup_faulty")` with a line for each fault, or `Unavailable` for what is no database of this version of ours.
    """
    try:
        with closing(open_still(path)) as store:
            return proved(store, lambda: soundness.faults(store.connection), named)
    except Unavailable as error:
        if error.code != "damaged":
            raise
        fault = fault_line("", "file_damaged", str(error.data.get("why")))
    except _BROKEN as error:
        if isinstance(error, FaultsFound):
            raise
        fault = fault_line("", "file_damaged", str(error)[:200])
    raise FaultsFound("backup_faulty", path=named, faults=[fault])


def proved(store: Store, guards: Callable[[], Iterable[tuple[str, str, str]]], named: str) -> tuple[int, str]:
    """Verify a ledger as `audit verify` does, and the guards of its database; return number and hash of its last entry.

    Raises `FaultsFound("backup_faulty")` with a line for each fault.
    """
    with store.read() as reader:
        head = reader.head()
        _, lines = auditing.audited(reader, (), ())
    lines += [fault_line(*fault) for fault in guards()]
    if lines:
        raise FaultsFound("backup_faulty", path=named, faults=lines)
    return head


def last_backup(reader: Reader) -> Mapping[str, object] | None:
    """Return what is remembered of the last backup (`LAST_BACKUP`), None when there was none."""
    try:
        kept = json.loads(reader.setting(LAST_BACKUP) or "null")
    except ValueError:
        return None
    return kept if isinstance(kept, dict) and isinstance(kept.get("at"), int) else None


def is_due(store: Store, directory: Path, now: int) -> bool:
    """Whether a day has begun since a database's newest backup in a directory, and something has been entered since."""
    with store.read() as reader:
        installation, head = str(reader.setting("installation") or ""), reader.head()
        last = last_backup(reader)
    there = backup.kept(directory, installation)
    if not there:
        return head[0] > 0
    newest = there[-1]
    if (
        last is None or Path(str(last.get("path"))).name != newest.path.name
    ):  # made by hand elsewhere, or on another machine
        return newest.at[:8] < stamp(now)[:8]
    return head[0] != last.get("entries") and ordinal_of(int(str(last["at"]))) < ordinal_of(now)


def stamp(at: int) -> str:
    """Return an instant as names of files have it: civil time, YYYYMMDD-HHMMSS."""
    return civil(at).strftime("%Y%m%d-%H%M%S")


def directory_of(to: str) -> Path:
    """Return a directory for backups, made for its owner alone when it is not there; raises `Unavailable`."""
    place = Path(to)
    try:
        place.mkdir(0o700, exist_ok=True)
    except OSError as error:
        raise unavailable(error, to) from error
    return place


def same_disk(path: str, other: str) -> bool:
    """Whether two places lie on one file system, and so are lost together."""
    try:
        return Path(path).stat().st_dev == Path(other).stat().st_dev
    except OSError:
        return False


def _directory(path: str, to: str | None) -> Path | None:
    """Return the directory meant, None when a file is."""
    if to is None and on_server(path):
        raise Misused("backup_needs_place")
    if to is None:
        return directory_of(f"{os.path.realpath(path)}.backups")
    if to.endswith(("/", os.sep)) or Path(to).is_dir():
        return directory_of(to)
    if not Path(to).parent.is_dir():
        raise Unavailable("no_directory", path=to, why="")
    return None
