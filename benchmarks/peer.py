"""A peer: a program a user might take instead, in an environment of its own, doing one step after another as it is told.

The environment is made when it is first needed, from `benchmarks/peers/requirements.txt`, and made anew when that changes. No
part of the product imports anything of it.
"""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Self

from benchmarks.figure import ROOT, WORK

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

PLACE = WORK / "peers"
NEEDED = ROOT / "benchmarks" / "peers" / "requirements.txt"


def python() -> Path:
    """Return the interpreter of the peers' environment, which is made if need be."""
    stamp = PLACE / "made-of"
    wanted = sha256(NEEDED.read_bytes()).hexdigest()
    found = PLACE / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PLACE)], check=True)
        subprocess.run([str(found), "-m", "pip", "install", "-q", "-r", str(NEEDED)], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return found


class Peer:
    """A running peer; it says when it is ready and after each order how many seconds one act took it."""

    def __init__(self, name: str, *arguments: str) -> None:
        """Start `benchmarks/peers/NAME.py` and wait until it is ready."""
        command = [str(python()), "-m", f"benchmarks.peers.{name}", *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._heard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.communicate()  # the end of its orders is the end of it
        if error is None and self.process.returncode:
            raise RuntimeError(self.process.args)

    def does(self, order: int) -> float:
        """Let it do something; return seconds per act."""
        assert self.process.stdin is not None  # noqa: S101 - asked for above
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()
        return float(self._heard())

    def _heard(self) -> str:
        assert self.process.stdout is not None  # noqa: S101 - asked for above
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.args)
        return line
