"""What the file system's refusals mean to us, and how a new name in a directory is made to last."""

from __future__ import annotations

import errno
import os

from engine.errors import Unavailable

_CODES = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EFBIG: "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "read_only",
    errno.EPERM: "read_only",
    errno.ELOOP: "read_only",
    errno.ENOENT: "no_directory",
    errno.ENOTDIR: "no_directory",
}


def unavailable(error: OSError, path: str) -> Unavailable:
    """Return the error for `path` that an error of the file system stands for."""
    return Unavailable(_CODES.get(error.errno or 0, "disk_failed"), path=path, why=os.strerror(error.errno or 0))


def sync_directory(path: str) -> None:
    """Make names in a directory last through a loss of power, where the system can do that."""
    if os.name == "nt":
        return
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
