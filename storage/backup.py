"""Copies of a database file: made while others write, told apart by installation and instant, thinned, put back in place."""

from __future__ import annotations

import os
import re
import stat
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import Conflict, Refused, Unavailable
from storage import connection, statements
from storage.connection import SECONDS
from storage.creation import give_name
from storage.disk import sync_directory, unavailable

try:
    import fcntl
except ImportError:  # Windows: two backups into one directory at once are then the user's business
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    Progress = Callable[[int, int], None]

_NAME = re.compile(
    r"(?P<stem>.+)-(?P<installation>[0-9A-Za-z]{1,8})-(?P<at>\d{8}-\d{6})(?:-(?P<number>\d+))?\.backup\.db"
)
_PLAIN = re.compile(r"[^0-9A-Za-z]")
_PAGES = 512  # a step of the copying: 2 MB
_PIECE = 1024 * 1024
_BESIDE = ("-journal", "-wal", "-shm")
_SHORTEST_WAIT = 0.2  # seconds; whoever has the database open keeps it open


class Kept(NamedTuple):
    """A backup that is there. Sorts by when it was made: `at` is civil time, YYYYMMDD-HHMMSS."""

    at: str
    number: int
    path: Path


# -- making ----------------------------------------------------------------------------------------------------------


def name_for(path: str | os.PathLike[str], directory: Path, installation: str, at: str) -> Path:
    """Return the first free name in a directory for a backup of a database made at an instant (YYYYMMDD-HHMMSS)."""
    start = f"{Path(os.path.realpath(path)).stem}-{_short(installation)}-{at}"
    number = 1
    while True:
        place = directory / f"{start}{f'-{number}' if number > 1 else ''}.backup.db"
        if not os.path.lexists(place):
            return place
        number += 1


def make(
    path: str | os.PathLike[str],
    place: Path,
    examine: Callable[[Path], None],
    progress: Progress | None = None,
    *,
    any_version: bool = False,
) -> None:
    """Copy a database as it is now into a new file for its owner alone, while others go on writing.

    `examine` is given the copy, synced and not yet named, and raises when it is not sound; then nothing is left of it.
    `progress` is told pages done and pages in all. `any_version` copies a database of any schema. Raises `Refused("exists")`,
    `Conflict("another_backup")`, `Unavailable`.
    """
    real = os.path.realpath(path)
    if os.path.lexists(place):
        raise Refused("exists", path=str(place))
    part = place.with_name(f".{Path(real).name}.part")
    try:
        with _held(part) as handle:
            try:
                _copy(real, part, progress, any_version=any_version)
                settled(handle)
                examine(part)
                _named(part, place)
            finally:
                for ending in ("", *_BESIDE):
                    Path(f"{part}{ending}").unlink(missing_ok=True)
    except OSError as error:
        raise unavailable(error, str(place)) from error
    except connection.dbapi.Error as error:
        raise connection.translated(error, str(place), SECONDS) or error from error


def settled(handle: int) -> None:
    """Make a file last, and forget what of it is in memory: whoever reads it next reads what is on the disk."""
    os.fsync(handle)
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):  # some file systems have no such thing
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)


@contextmanager
def _held(part: Path) -> Iterator[int]:
    """Hold the one unfinished copy of a directory, empty; what a killed run left of it is overwritten."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    while True:
        handle = os.open(part, flags, 0o600)
        try:
            if fcntl is not None:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is(part, handle):  # finished and named by whoever had it: it is theirs
                continue
            os.ftruncate(handle, 0)
            if os.name != "nt":
                os.fchmod(handle, 0o600)
            for ending in _BESIDE:
                Path(f"{part}{ending}").unlink(missing_ok=True)
            yield handle
        except BlockingIOError:
            raise Conflict("another_backup", path=str(part.parent)) from None
        else:
            return
        finally:
            os.close(handle)


def _is(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _copy(real: str, part: Path, progress: Progress | None, *, any_version: bool) -> None:
    with (
        closing(connection.connect(real, any_version=any_version)) as source,
        closing(connection.blank(str(part))) as target,
    ):
        target.execute("PRAGMA journal_mode = MEMORY")  # half a copy is thrown away, so nothing need be undone in it
        target.execute("PRAGMA synchronous = OFF")
        source.execute(statements.BEGIN_READING)
        source.execute(
            "SELECT count(*) FROM sqlite_master"
        ).fetchone()  # one view for all of it: no write makes the copying start anew

        def tell(_status: int, left: int, pages: int) -> None:
            if progress:
                progress(pages - left, pages)

        source.backup(target, pages=_PAGES, progress=tell)
        source.execute(statements.COMMIT)
    with closing(connection.blank(str(part))) as target:
        target.execute("PRAGMA journal_mode = DELETE")  # it was marked for a log: a backup is one file and no more


def _named(part: Path, place: Path) -> None:
    try:
        give_name(part, place)
    except FileExistsError:
        raise Refused("exists", path=str(place)) from None


# -- those that are there --------------------------------------------------------------------------------------------


def kept(directory: Path, installation: str) -> list[Kept]:
    """Return an installation's backups in a directory, the oldest first: those that say so by name and by content."""
    found = []
    try:
        files = sorted(directory.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unavailable(error, str(directory)) from error
    for path in files:
        match = _NAME.fullmatch(path.name)
        if match and match["installation"] == _short(installation) and _of(path) == installation:
            found.append(Kept(match["at"], int(match["number"] or 1), path))
    return sorted(found)


def thin(directory: Path, installation: str, keep: int, newest: Path) -> list[Path]:
    """Delete the oldest of an installation's backups in a directory so that `keep` are left; return those deleted.

    `newest` is the one just made: it stays, whatever the clock said when the others were made.
    """
    others = [one.path for one in kept(directory, installation) if one.path.name != newest.name]
    surplus = others[: max(len(others) + 1 - max(keep, 1), 0)]
    for path in surplus:
        try:
            path.unlink()
        except OSError as error:
            raise unavailable(error, str(path)) from error
    if surplus:
        sync_directory(str(directory))
    return surplus


def _of(path: Path) -> str:
    """Return whose backup a file is; empty for what is none."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return ""
        with closing(connection.still(str(path), any_version=True)) as opened:
            found = opened.execute(statements.SETTING, ("installation",)).fetchone()
    except (OSError, Unavailable, connection.dbapi.Error):
        return ""
    return str(found[0]) if found else ""


def _short(installation: str) -> str:
    return _PLAIN.sub("", installation)[:8] or "0"


# -- putting back ----------------------------------------------------------------------------------------------------


@contextmanager
def alone(path: str) -> Iterator[sqlite3.Connection]:
    """Hold a database that is there so that nobody else has it open, with its log folded into the one file.

    Raises `Unavailable`: `in_use`, and what `connect` raises.
    """
    with closing(connection.connect(path, seconds=_SHORTEST_WAIT, any_version=True)) as opened:
        try:
            opened.execute("PRAGMA journal_mode = DELETE")  # only whoever is alone leaves the log behind
            opened.execute("PRAGMA locking_mode = EXCLUSIVE")
            opened.execute("BEGIN EXCLUSIVE")
            opened.execute(statements.COMMIT)  # the lock stays until the connection is closed
            if opened.execute("PRAGMA journal_mode").fetchone()[0] != "delete":  # somebody came and went in between
                raise Unavailable("in_use", path=path)
        except connection.dbapi.Error as error:
            meant = connection.translated(error, path, 0)
            if meant is not None and meant.code == "locked":
                raise Unavailable("in_use", path=path) from error
            raise meant or error from error
        yield opened


def duplicate(source: Path, place: Path, progress: Progress | None = None) -> None:
    """Copy a file that nobody writes to, byte for byte, so that it lasts; what is at `place` is overwritten."""
    try:
        place.unlink(missing_ok=True)
        for ending in _BESIDE:
            Path(f"{place}{ending}").unlink(missing_ok=True)
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with source.open("rb") as reading, os.fdopen(handle, "wb") as writing:
            size, done = os.fstat(reading.fileno()).st_size, 0
            while piece := reading.read(_PIECE):
                writing.write(piece)
                done += len(piece)
                if progress:
                    progress(done, size)
            writing.flush()
            settled(writing.fileno())
    except OSError as error:
        raise unavailable(error, str(place)) from error


def replace(path: str, part: Path, at: str) -> str:
    """Give the file at `part` a database's name; return where the one before is kept now, empty when there was none.

    Whoever is killed within finds the old one or the new one under the name. A log that could not be folded in (the file
    cannot be read) goes with the old one.
    """
    real, aside = Path(path), ""
    try:
        sync_directory(str(real.parent))
        if os.path.lexists(real):
            aside = _aside(real, at)
        if os.path.lexists(f"{real}-wal") or os.path.lexists(f"{real}-journal"):
            for ending in _BESIDE:  # played into the new file they would spoil it
                if os.path.lexists(f"{real}{ending}"):
                    Path(f"{real}{ending}").rename(f"{aside or _free(real, at)}{ending}")
            sync_directory(str(real.parent))
        if aside:
            part.replace(real)
            sync_directory(str(real.parent))
        else:
            give_name(part, real)
    except FileExistsError as error:
        raise Refused("exists", path=path) from error
    except OSError as error:
        raise unavailable(error, path) from error
    return aside


def _aside(real: Path, at: str) -> str:
    """Give a file a second name, or where the file system has no such thing another one."""
    place = _free(real, at)
    try:
        Path(place).hardlink_to(real)
    except FileExistsError:
        raise
    except OSError:
        real.rename(place)
    return place


def _free(real: Path, at: str) -> str:
    number = 1
    while os.path.lexists(place := f"{real}.replaced-{at}{f'-{number}' if number > 1 else ''}"):
        number += 1
    return place
