"""Who is at the keyboard: the user of the operating system, by uid, or whoever called us through sudo.

`SUDO_UID` is a variable, and anybody can set one. It is believed only where the kernel bears it out: this process runs as the
owner of the database, who is not root; it descends from a process named sudo that root owns; and the process that called
sudo belongs to the uid that the variable names. Where one of these cannot be seen, the user is the one whose uid we run as.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

OWN, SUDO, SUDO_NOT_BELIEVED = "own", "sudo", "sudo_not_believed"
"""How the user was found: by our own uid, through sudo, or by our own uid although sudo was claimed."""


class Process(NamedTuple):
    """What the kernel says about a process: its parent, the uid that owns it in effect, and its name."""

    parent: int
    uid: int
    name: str


class Caller(NamedTuple):
    """The user found, and how."""

    user: str
    uid: int
    how: str


def caller(path: str) -> Caller:
    """Return who is calling, for a database at `path` (it need not be there)."""
    if not hasattr(os, "getuid"):  # Windows knows no uid; the name is all there is
        return Caller(os.environ.get("USERNAME", ""), -1, OWN)
    uid, claimed = os.geteuid(), os.environ.get("SUDO_UID", "")
    if not claimed:
        uid = os.getuid()
        return Caller(name_of(uid), uid, OWN)
    if uid and uid == _owner(path) and claimed.isascii() and claimed.isdecimal() and invoker(process) == int(claimed):
        return Caller(name_of(int(claimed)), int(claimed), SUDO)
    uid = os.getuid()
    return Caller(name_of(uid), uid, SUDO_NOT_BELIEVED)


def invoker(look: Callable[[int], Process | None], start: int | None = None) -> int | None:
    """Return the uid of whoever called sudo to start us, as the kernel has it; None where no sudo of root's is above us."""
    number = os.getpid() if start is None else start
    own = look(number)
    through = False
    here = own
    while here is not None and own is not None and here.parent > 0:
        above = look(here.parent)
        if above is None:
            return None
        if above.name == "sudo" and above.uid == 0:
            through = True
        elif through:
            return above.uid
        elif above.uid != own.uid:
            return None  # somebody else stands between sudo and us
        here = above
    return None


def process(number: int) -> Process | None:
    """Read what the kernel says about a process (Linux); None where it does not say."""
    try:
        with open(f"/proc/{number}/status", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - pathlib loads slowly
            said = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        return Process(int(said["PPid"]), int(said["Uid"].split()[1]), said["Name"])
    except (OSError, KeyError, ValueError, IndexError):
        return None


def name_of(uid: int) -> str:
    """Return the name of a user of the operating system, the number where it has none."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def owns(path: str) -> bool:
    """Whether whoever calls owns the database's file: its administrator, who can do anything to it."""
    if not hasattr(os, "getuid"):
        return True
    return caller(path).uid in (_owner(path), 0)


def _owner(path: str) -> int:
    try:
        return os.stat(path).st_uid  # noqa: PTH116 - as above
    except (OSError, ValueError):
        return -1
