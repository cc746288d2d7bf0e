"""The queue before the write lock of a database file: taken first, so that a busy writer does not starve the others.

SQLite's own waiting is a lottery (measured: of eight writers in tight loops one got a single turn in five seconds).
This lock only makes it fair; `BEGIN IMMEDIATE` keeps the data whole with or without it. The kernel drops it when its
holder dies.

It is two locks on one file: whoever has the lock itself writes, whoever has the turnstile before it is next. Nobody slips past
the one who is next, and who has just written and finds somebody waiting lets others through the turnstile first.
"""

from __future__ import annotations

import os
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from engine.errors import Unavailable
from storage.disk import unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

try:
    import fcntl
except ImportError:  # Windows: SQLite's own waiting has to do
    fcntl = None  # type: ignore[assignment]

# Locks of the open file, not of the process, on its first byte (struct flock); Linux alone has them, elsewhere there is no turnstile.
_SET = getattr(fcntl, "F_OFD_SETLK", None)
_CLOSED, _OPEN = (struct.pack("hhqqi4x", getattr(fcntl, kind, 0), 0, 0, 1, 0) for kind in ("F_WRLCK", "F_UNLCK"))

_NOTE = 128  # bytes: room for "pid command", rewritten whole each time
_FIRST_NAP, _LONGEST_NAP = 0.0005, 0.005  # seconds


class FileLock:
    """One lock file. `path` is the database's; `command` is what others read when they must wait."""

    def __init__(self, path: str, command: str) -> None:
        """Touch nothing yet: readers need no lock file."""
        self._path = path
        self._fd = -1
        self._crowded = False  # somebody waited when it was let go
        self._note = f"{os.getpid()} {command}".encode()[:_NOTE].ljust(_NOTE)

    def take(self, seconds: float) -> None:
        """Take it, or raise `Unavailable` ("locked") with `seconds`, and `pid` and `command` of who has it."""
        if fcntl is None:
            return
        if self._fd < 0:
            self._fd = self._open()
        if self._crowded:
            time.sleep(_LONGEST_NAP)
        end = time.monotonic() + seconds
        self._wait(self._step_up, end, seconds)
        try:
            self._wait(self._lock, end, seconds)
        finally:
            self._step_aside()
        if os.pread(self._fd, _NOTE, 0) != self._note:  # a write would put the file's time on disk with each commit
            with suppress(OSError):  # a full disk: then others learn less, and the database says so itself
                os.pwrite(self._fd, self._note, 0)

    def free(self) -> None:
        """Let the next one in."""
        if self._fd >= 0:
            try:
                self._step_up()
            except BlockingIOError:
                self._crowded = True
            else:
                self._crowded = False
                self._step_aside()
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def holder(self) -> tuple[int, str]:
        """Return pid and command of who took it last, (0, "") when unknown."""
        return _named(os.pread(self._fd, _NOTE, 0))

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            return os.open(f"{self._path}.lock", flags, 0o600)
        except OSError as error:
            raise unavailable(error, self._path) from error

    def _step_up(self) -> None:
        """Become the next one; `BlockingIOError` when somebody else is."""
        if _SET is not None:
            fcntl.fcntl(self._fd, _SET, _CLOSED)

    def _step_aside(self) -> None:
        if _SET is not None:
            fcntl.fcntl(self._fd, _SET, _OPEN)

    def _lock(self) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _wait(self, attempt: Callable[[], None], end: float, seconds: float) -> None:
        """Try again and again until an instant of the monotonic clock."""
        nap = _FIRST_NAP
        while True:
            with suppress(BlockingIOError):
                attempt()
                return
            if time.monotonic() >= end:
                pid, command = self.holder()
                raise Unavailable("locked", path=self._path, seconds=seconds, pid=pid, command=command)
            time.sleep(nap)
            nap = min(2 * nap, _LONGEST_NAP)


def holder_of(path: str) -> tuple[int, str] | None:
    """Return pid and command of who holds a lock file now (`DATABASE.lock`, `DATABASE.serve`), None when nobody does.

    Nothing is made or written, so that it can be asked by whoever may read the file; who may not learns of nobody.
    """
    if fcntl is None:
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named(os.read(handle, _NOTE))
    finally:
        os.close(handle)
    return None


def _named(note: bytes) -> tuple[int, str]:
    pid, _, command = note.decode(errors="replace").strip().partition(" ")
    return (int(pid), command) if pid.isdecimal() else (0, "")
