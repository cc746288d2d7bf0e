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
from interfaces.identity import owns
from interfaces.progress import bar
from interfaces.session import os_user
from storage import backup, connection, soundness
from storage.disk import unavailable
from storage.sqlite import open_still
from workflows.faults import fault_line

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    Raises `Refused("not_keeper")`, `Refused("server_keeps")` for a database on a server, or what opening the database raises.
    """
    refuse_server(session.path)
    user = os_user(session.path)
    if not os.path.lexists(session.path):
        return Hand(f"os:{user}", f"os:{user}")
    try:
        return installer(session)
    except Refused as error:
        if error.code != "not_installer":
            raise
        raise Refused("not_keeper", **error.data) from error
    except Unavailable as error:
        if error.code not in UNREADABLE:
            raise
        if not owns(session.path):
            raise Refused("not_keeper", people=[]) from error
        return Hand(f"os:{user}", f"os:{user}")


def refuse_server(*places: str) -> None:
    """Raise `Refused("server_keeps")` for a database on a server: it is kept by the server's own tools."""
    from storage.place import on_server, shown

    for place in places:
        if on_server(place):
            raise Refused("server_keeps", path=shown(place))


def back_up(store: Store, path: str, to: str | None, now: int, keep: int = 0) -> Backup:
    """Back a database up into a file or a directory (without either, `DATABASE.backups`), verify the copy and remember it.

    `keep`, for a directory, is how many of this database's backups are left there. Raises `FaultsFound("backup_faulty")` when the copy
    does not verify, and then leaves none; `Refused("exists")`, `Conflict("another_backup")`, `Misused("keep_needs_directory")`,
    `Unavailable`.
    """
    with store.read() as reader:
        installation = str(reader.setting("installation") or "")
    into = _directory(path, to)
    if into is None and keep:
        raise Misused("keep_needs_directory", path=to)
    place = Path(str(to)) if into is None else backup.name_for(path, into, installation, stamp(now))
    found: list[tuple[int, str]] = []
    backup.make(path, place, lambda part: found.append(verified(part, str(place))), bar("页"))
    (entries, head), size = found[0], place.stat().st_size
    deleted = backup.thin(into, installation, keep, place) if into and keep else []
    made = Backup(os.path.realpath(place), now, entries, head, size, tuple(str(one) for one in deleted))
    with store.write() as writer:
        kept = {"path": made.path, "at": now, "entries": entries, "head": head}
        writer.put_setting(LAST_BACKUP, json.dumps(kept, ensure_ascii=False))
    return made


def verified(path: Path, named: str) -> tuple[int, str]:
    """Verify a copy that nobody writes to, as `audit verify` does, reading alone; return number and hash of its last entry.

    Raises `FaultsFound("backup_faulty")` with a line for each fault, or `Unavailable` for what is no database of this version of ours.
    """
    lines: list[str] = []
    head = (0, "")
    try:
        with closing(open_still(path)) as store:
            with store.read() as reader:
                head = reader.head()
                _, lines = auditing.audited(reader, (), ())
            lines += [fault_line(*fault) for fault in soundness.faults(store.connection)]
    except Unavailable as error:
        if error.code != "damaged":
            raise
        lines.append(fault_line("", "file_damaged", str(error.data.get("why"))))
    except _BROKEN as error:
        lines.append(fault_line("", "file_damaged", str(error)[:200]))
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
    if to is None:
        return directory_of(f"{os.path.realpath(path)}.backups")
    if to.endswith(("/", os.sep)) or Path(to).is_dir():
        return directory_of(to)
    if not Path(to).parent.is_dir():
        raise Unavailable("no_directory", path=to, why="")
    return None
