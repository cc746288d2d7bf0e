"""The queue before the write lock of a database file: taken first, so that a busy writer does not starve the others.

SQLite's own waiting is a lottery (measured: of eight writers in tight loops one got a single turn in five seconds).
This lock only makes it fair; `BEGIN IMMEDIATE` keeps the data whole with or without it. The kernel drops it when its
holder dies.

It is two locks on one file: whoever has the lock itself writes, whoever has the turnstile before it is next. Who has come
through the turnstile may write for a short turn, as often as the lock is free; then it queues again, behind who is next. A
turn keeps the lock from lying idle between two who write, and bounds how long the others wait.
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
_TURN = 0.02  # seconds
_FIRST_NAP, _LONGEST_NAP = 0.0005, 0.005  # seconds
_NEXT_NAP = 0.002  # seconds: whoever is next is one alone, and the lock lies idle until it looks


class FileLock:
    """One lock file. `path` is the database's; `command` is what others read when they must wait."""

    def __init__(self, path: str, command: str) -> None:
        """Touch nothing yet: readers need no lock file."""
        self._path = path
        self._fd = -1
        self._turn_ends = 0.0  # by the monotonic clock
        self._note = f"{os.getpid()} {command}".encode()[:_NOTE].ljust(_NOTE)

    def take(self, seconds: float) -> None:
        """Take it, or raise `Unavailable` ("locked") with `seconds`, and `pid` and `command` of who has it."""
        if fcntl is None:
            return
        if time.monotonic() >= self._turn_ends or not self._is_free():
            self._queue(seconds)
        if os.pread(self._fd, _NOTE, 0) != self._note:  # a write would put the file's time on disk with each commit
            with suppress(OSError):  # a full disk: then others learn less, and the database says so itself
                os.pwrite(self._fd, self._note, 0)

    def free(self) -> None:
        """Let the next one in."""
        if self._fd >= 0:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd, self._turn_ends = -1, 0.0

    def holder(self) -> tuple[int, str]:
        """Return pid and command of who took it last, (0, "") when unknown."""
        return _named(os.pread(self._fd, _NOTE, 0))

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            return os.open(f"{self._path}.lock", flags, 0o600)
        except OSError as error:
            raise unavailable(error, self._path) from error

    def _queue(self, seconds: float) -> None:
        """Wait to be next, then for the lock, and begin a turn."""
        if self._fd < 0:
            self._fd = self._open()
        end = time.monotonic() + seconds
        had_a_turn = self._turn_ends > 0  # who had one looks no oftener than those who have waited for long
        self._wait(self._is_next, end, seconds, _LONGEST_NAP if had_a_turn else _FIRST_NAP, _LONGEST_NAP)
        try:
            self._wait(self._is_free, end, seconds, _FIRST_NAP, _NEXT_NAP)
        finally:
            if _SET is not None:
                fcntl.fcntl(self._fd, _SET, _OPEN)
        self._turn_ends = time.monotonic() + _TURN

    def _is_next(self) -> bool:
        """Step through the turnstile, unless somebody else stands there."""
        if _SET is not None:
            try:
                fcntl.fcntl(self._fd, _SET, _CLOSED)
            except BlockingIOError:
                return False
        return True

    def _is_free(self) -> bool:
        """Take the lock, unless somebody else has it."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait(self, attempt: Callable[[], bool], end: float, seconds: float, nap: float, longest: float) -> None:
        """Try again and again until an instant of the monotonic clock."""
        while not attempt():
            if time.monotonic() >= end:
                pid, command = self.holder()
                raise Unavailable("locked", path=self._path, seconds=seconds, pid=pid, command=command)
            time.sleep(nap)
            nap = min(2 * nap, longest)


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
