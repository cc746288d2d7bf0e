"""On what kind of file system a path lies, and whether a database may lie there.

A database needs memory shared with every process that has it open, and locks that the kernel keeps. A file system that
several machines share, or a program in user space, may break both without an error: committed work is then lost.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

SHARED = frozenset(
    {
        "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse", "gfs", "gfs2", "gpfs", "lustre", "ncpfs",
        "nfs", "nfs4", "ocfs2", "orangefs", "pvfs2", "prl_fs", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs",
    }
)  # fmt: skip
"""File systems on which no database may lie: those shared between machines, or between a machine and its guests."""

_TABLE = "/proc/self/mountinfo"
_NO_DEVICE = (
    0  # the major number of what lies on no disk of this machine: network, memory, overlay, and btrfs and zfs as well
)


def kind_of(path: str, table: Iterable[str]) -> str:
    r"""Return the kind of file system an absolute path lies on, by the lines of a mount table; empty when none says.

    The longest mount point above the path counts, of several at one place the last: it covers those before it.
    Source: proc_pid_mountinfo(5); blanks in mount points are written as `\040`.
    """
    found, longest = "", -1
    for line in table:
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:  # noqa: PLR2004 - the fifth is the mount point
            continue
        place = _unescaped(fields[4])
        if len(place) >= longest and (path == place or path.startswith(place.rstrip("/") + "/")):
            found, longest = after.split(None, 1)[0], len(place)
    return found


def is_shared(kind: str) -> bool:
    """Return whether this kind of file system may not hold a database; `fuse.sshfs` and the like may not either."""
    return kind in SHARED or kind.startswith("fuse.")


def refuse_shared(path: str, about: os.stat_result | None = None) -> None:
    """Raise `Unavailable("network_disk")` with `kind` when a path lies where no database may lie; `about` is its state.

    Where there is no mount table (macOS), it is taken on trust; on Windows a path to another machine is refused.
    """
    if os.name == "nt":
        if path.startswith("\\\\") and not path.startswith("\\\\?\\"):
            raise Unavailable("network_disk", path=path, kind="UNC")
        return
    if about is not None and os.major(about.st_dev) != _NO_DEVICE:
        return  # on a disk of this machine, without reading the table at every start
    try:
        with open(_TABLE, encoding="utf-8", errors="surrogateescape") as table:  # noqa: PTH123 - pathlib loads slowly
            kind = kind_of(path, table)
    except OSError:
        return
    if is_shared(kind):
        raise Unavailable("network_disk", path=path, kind=kind)


def _unescaped(text: str) -> str:
    """Return a mount point as it is: the table writes blank, tab, line feed and backslash as three octal digits."""
    if "\\" not in text:
        return text
    for octal, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(octal, char)
    return text
