"""Attachments, kept by what is in them: `DATABASE.files/ab/abcdef…`. The record holds name, size and SHA-256 of each.

They are copied before the transaction that names them: an interrupted act leaves a file nobody names, never a name
without its file. They are their owner's alone, unless the folder was made for a group: then the group may read them.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import Refused
from storage.disk import sync_directory, unavailable

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import BinaryIO

MOST_BYTES = 200 * 1024 * 1024
"""How large an attachment may be."""

_PIECE = 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_WHY = {errno.ENOENT: "missing", errno.ENOTDIR: "missing", errno.ELOOP: "not_a_file", errno.EISDIR: "not_a_file"}
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class File(NamedTuple):
    """A kept attachment as the record names it."""

    name: str
    size: int
    sha256: str


def keep(store_path: str | os.PathLike[str], source_path: str | os.PathLike[str]) -> File:
    """Copy a file to where the database keeps its attachments, so that it lasts, and return what to record.

    Raise `Refused("bad_attachment")` with `path` and `why`: missing, not_a_file (directories, links, devices),
    unreadable, too_large (with `limit`), name (it cannot be written as text).
    """
    source = Path(source_path)
    if not _is_text(source.name):
        raise _refused(source, "name")
    with os.fdopen(_opened(source), "rb") as reading:
        folder = Path(f"{os.path.realpath(store_path)}.files")
        try:
            _make(folder)
            size, sha256 = _store(reading, folder, source)
        except OSError as error:
            raise unavailable(error, str(folder)) from error
    return File(source.name, size, sha256)


def examine(_store_path: str | os.PathLike[str], source_path: str | os.PathLike[str]) -> File:
    """Return what `keep` would record of a file, and keep nothing; raises what it raises about the file."""
    source = Path(source_path)
    if not _is_text(source.name):
        raise _refused(source, "name")
    with os.fdopen(_opened(source), "rb") as reading:
        digest = hashlib.file_digest(reading, "sha256")
        return File(source.name, reading.tell(), digest.hexdigest())


def path_of(store_path: str | os.PathLike[str], sha256: str) -> Path:
    """Return where an attachment is kept; `Refused("bad_attachment")` when that is no SHA-256 in lower case."""
    if not _DIGEST.fullmatch(sha256):
        raise _refused(sha256, "digest")
    return Path(f"{os.path.realpath(store_path)}.files", sha256[:2], sha256)


def read(store_path: str | os.PathLike[str], sha256: str, most: int) -> bytes | str:
    """Return a kept attachment whole, held to its SHA-256, or why not: missing, changed, unreadable, too_large (over `most` bytes)."""
    if not _DIGEST.fullmatch(sha256):
        return "missing"
    try:
        with path_of(store_path, sha256).open("rb") as reading:
            data = reading.read(most + 1)
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "unreadable"
    if len(data) > most:
        return "too_large"
    return data if hashlib.sha256(data).hexdigest() == sha256 else "changed"


def is_kept(store_path: str | os.PathLike[str], sha256: str, size: object) -> bool:
    """Whether an attachment is there with its size; what is in it is not read."""
    try:
        return bool(_DIGEST.fullmatch(sha256)) and path_of(store_path, sha256).stat().st_size == size
    except OSError:
        return False


def fault(store_path: str | os.PathLike[str], sha256: str) -> str:
    """Say what is wrong with a kept attachment: missing, changed, unreadable, or "" when it is what was kept."""
    if not _DIGEST.fullmatch(sha256):
        return "missing"
    try:
        with path_of(store_path, sha256).open("rb") as reading:
            found = hashlib.file_digest(reading, "sha256").hexdigest()
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "unreadable"
    return "" if found == sha256 else "changed"


def copy_out(store_path: str | os.PathLike[str], sha256: str, target: str | os.PathLike[str]) -> str:
    """Copy a kept attachment to a new file beside nothing of the same name, held to its SHA-256; return what was wrong, or "".

    Raises `FileExistsError` when the target is there, `OSError` when it cannot be written. What was wrong is not left behind.
    """
    if not _DIGEST.fullmatch(sha256):
        return "missing"
    try:
        reading = path_of(store_path, sha256).open("rb")
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "unreadable"
    digest = hashlib.sha256()
    with reading, os.fdopen(os.open(target, _WRITE, 0o600), "wb") as writing:
        while piece := reading.read(_PIECE):
            digest.update(piece)
            writing.write(piece)
    if digest.hexdigest() == sha256:
        return ""
    Path(target).unlink()
    return "changed"


def unnamed(store_path: str | os.PathLike[str], named: Collection[str], *, before: float) -> tuple[int, int]:
    """Count the files that no record names, and their bytes: left by acts that were interrupted or refused.

    Only files older than `before` (seconds since 1970) count: an act that is under way has copied its file and not yet named it.
    """
    count = size = 0
    for path in Path(f"{os.path.realpath(store_path)}.files").glob("**/*"):
        with suppress(OSError):  # gone meanwhile
            about = path.stat()
            if stat.S_ISREG(about.st_mode) and path.name not in named and about.st_mtime < before:
                count, size = count + 1, size + about.st_size
    return count, size


def _refused(path: str | Path, why: str, **data: object) -> Refused:
    return Refused("bad_attachment", path=os.fsencode(path).decode(errors="backslashreplace"), why=why, **data)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes of another encoding in a file name
        return False
    return True


def _opened(source: Path) -> int:
    """Open a plain file: no link followed, no pipe waited for."""
    try:
        fd = os.open(source, _READ)
    except OSError as error:
        raise _refused(source, _WHY.get(error.errno or 0, "unreadable")) from error
    about = os.fstat(fd)
    if stat.S_ISREG(about.st_mode) and about.st_size <= MOST_BYTES:
        return fd
    os.close(fd)
    if stat.S_ISREG(about.st_mode):
        raise _refused(source, "too_large", limit=MOST_BYTES)
    raise _refused(source, "not_a_file")


def _store(reading: BinaryIO, folder: Path, source: Path) -> tuple[int, str]:
    """Copy under a passing name, then give the copy the name of what is in it; return size and SHA-256."""
    draft = folder / f".draft-{os.urandom(8).hex()}"
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(os.open(draft, _WRITE, 0o600), "wb") as writing:
            while piece := reading.read(_PIECE):
                size += len(piece)
                if size > MOST_BYTES:  # it grows while it is read
                    raise _refused(source, "too_large", limit=MOST_BYTES)
                digest.update(piece)
                writing.write(piece)
            writing.flush()
            if os.name != "nt":
                os.fchmod(writing.fileno(), 0o600 | _shared(folder) & 0o040)
            os.fsync(writing.fileno())
        place = folder / digest.hexdigest()[:2]
        _make(place, _shared(folder))
        draft.replace(place / digest.hexdigest())  # should it be there already: the same bytes
        sync_directory(str(place))
    finally:
        draft.unlink(missing_ok=True)
    return size, digest.hexdigest()


def _shared(folder: Path) -> int:
    """Return what a folder lets its group do, and whether what is made in it belongs to that group."""
    return folder.stat().st_mode & (stat.S_ISGID | stat.S_IRWXG)


def _make(folder: Path, shared: int = 0) -> None:
    """Make a directory for its owner, and a group that shares it, unless it is there, so that it lasts."""
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        return
    if shared:
        folder.chmod(0o700 | shared)
    sync_directory(str(folder.parent))
