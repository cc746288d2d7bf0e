"""Attachments, kept by what is in them: `DATABASE.files/ab/abcdef…`. The record holds name, size and SHA-256 of each.

They are copied before the transaction that names them: an interrupted act leaves a file nobody names, never a name
without its file.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import Refused
from storage.disk import sync_directory, unavailable

if TYPE_CHECKING:
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


def path_of(store_path: str | os.PathLike[str], sha256: str) -> Path:
    """Return where an attachment is kept; `Refused("bad_attachment")` when that is no SHA-256 in lower case."""
    if not _DIGEST.fullmatch(sha256):
        raise _refused(sha256, "digest")
    return Path(f"{os.path.realpath(store_path)}.files", sha256[:2], sha256)


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
            os.fsync(writing.fileno())
        place = folder / digest.hexdigest()[:2]
        _make(place)
        draft.replace(place / digest.hexdigest())  # should it be there already: the same bytes
        sync_directory(str(place))
    finally:
        draft.unlink(missing_ok=True)
    return size, digest.hexdigest()


def _make(folder: Path) -> None:
    """Make a directory for its owner alone unless it is there, so that it lasts."""
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        return
    sync_directory(str(folder.parent))
