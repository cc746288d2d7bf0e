"""The queue before the write lock of a database file: taken first, so that a busy writer does not starve the others.

SQLite's own waiting is a lottery (measured: of eight writers in tight loops one got a single turn in five seconds).
This lock only makes it fair; `BEGIN IMMEDIATE` keeps the data whole with or without it. The kernel drops it when its
holder dies.

Whoever has the lock itself writes; the others stand in a row of places before it, each place a lock of its own on the same
file, and step up as the place before them falls free. Who has come through may write for a short turn, as often as the lock
is free, and then stands at the end again: a turn keeps the lock from lying idle between two who write, and bounds how long
the others wait.
"""

from __future__ import annotations

import os
import struct
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from engine.errors import Unavailable
from storage.disk import unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

try:
    import fcntl
except ImportError:  # Windows: SQLite's own waiting has to do
    fcntl = None  # type: ignore[assignment]

# Locks of the open file, not of the process, on one byte each (struct flock); Linux alone has them, elsewhere there are no places.
_SET: int = getattr(fcntl, "F_OFD_SETLK", 0)
_PLACES = 8 if _SET else 0  # who finds all of them taken waits for the last


def _byte(place: int, kind: str) -> bytes:
    return struct.pack("hhqqi4x", getattr(fcntl, kind, 0), 0, place, 1, 0)


_TAKEN, _FREE = ([_byte(place, kind) for place in range(_PLACES)] for kind in ("F_WRLCK", "F_UNLCK"))

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
        """Step up from the last place to the first, then wait for the lock, and begin a turn."""
        if self._fd < 0:
            self._fd = self._open()
        end = time.monotonic() + seconds
        held = -1
        try:
            for place in reversed(range(_PLACES)):
                self._wait(partial(self._step_to, place), end, seconds, _LONGEST_NAP)
                self._leave(held)
                held = place
            self._wait(self._is_free, end, seconds, _NEXT_NAP)
        finally:
            self._leave(held)
        self._turn_ends = time.monotonic() + _TURN

    def _step_to(self, place: int) -> bool:
        """Take a place, unless somebody else stands there."""
        try:
            fcntl.fcntl(self._fd, _SET, _TAKEN[place])
        except BlockingIOError:
            return False
        return True

    def _leave(self, place: int) -> None:
        if place >= 0:
            fcntl.fcntl(self._fd, _SET, _FREE[place])

    def _is_free(self) -> bool:
        """Take the lock, unless somebody else has it."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait(self, attempt: Callable[[], bool], end: float, seconds: float, longest: float) -> None:
        """Try again and again until an instant of the monotonic clock."""
        nap = _FIRST_NAP
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
