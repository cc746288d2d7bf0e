"""The calls by which a command writes, and how one of them is made to fail: strace, from the system's own package."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, NamedTuple

from tests.errands import ended, line, start

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.said import Said

STRACE = shutil.which("strace")
WRITES = ("pwrite64", "write", "fsync", "fdatasync", "ftruncate", "unlink", "unlinkat", "rename", "link", "mkdir")
"""By these a command changes what is on disk."""

_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)")


class Call(NamedTuple):
    """The nth call of a name in a command's life, and the files it is about."""

    name: str
    nth: int
    about: str


class Fault(NamedTuple):
    """What happens at a call: `error=ENOSPC`, `error=EIO` or `signal=KILL`."""

    call: Call
    what: str


def calls(folder: Path, arguments: Sequence[str], *alterations: str) -> list[Call]:
    """Run a command and list the calls by which it wrote below a folder."""
    log = _log(folder)
    said = ended(start(folder, [*_strace(log), *line(folder, arguments, *alterations)]))
    assert said.status == 0, said
    counts: dict[str, int] = {}
    found = []
    for text in log.read_text(encoding="utf-8", errors="replace").splitlines():
        match = _CALL.match(text)
        if match and not text.endswith("resumed>"):
            name = match[1]
            counts[name] = counts.get(name, 0) + 1
            if _within(folder, match[2]):
                found.append(Call(name, counts[name], match[2]))
    return found


def struck(folder: Path, arguments: Sequence[str], fault: Fault, *alterations: str) -> Said:
    """Run a command with one call failing, or killed at it before it is carried out."""
    log = _log(folder)
    strike = f"inject={fault.call.name}:{fault.what}:when={fault.call.nth}"
    kills = fault.what.startswith("signal")
    said = ended(start(folder, [*_strace(log, kills=kills), "-e", strike, *line(folder, arguments, *alterations)]))
    text = log.read_text(encoding="utf-8", errors="replace")
    if kills:
        assert said.status == -9, "the kill did not come"
    else:
        hit = [one for one in text.splitlines() if one.endswith("(INJECTED)")]
        assert len(hit) == 1, hit
        assert _within(folder, hit[0]), hit
    return said


def _strace(log: Path, *, kills: bool = False) -> list[str]:
    assert STRACE
    # Only these calls stop, else starting Python takes twice as long; but with it strace 6.1 sends no signals.
    faster = [] if kills else ["--seccomp-bpf"]
    return [STRACE, "-f", "-y", "-s", "0", *faster, "-e", f"trace={','.join(WRITES)}", "-o", str(log)]


def _log(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.strace")


def _within(folder: Path, text: str) -> bool:
    return f"{folder}/" in text or f"{folder}>" in text  # the folder itself: its names made to last
