"""Heartbeats in processes of their own, as a test holds them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Self

BEATER = Path(__file__).with_name("integration") / "beater.py"


class Heartbeat:
    """One process that beats when told to. Killed, it is started again at its next beat."""

    def __init__(self) -> None:
        """Start none yet."""
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def begin(self, path: Path, at: int, batch: int = 200) -> None:
        """Have it begin a pass at a simulated instant."""
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, str(BEATER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        assert self.process.stdin is not None
        self.process.stdin.write(f"{path}\t{at}\t{batch}\n")
        self.process.stdin.flush()

    def said(self) -> str:
        """Wait for its next word: `kept` or `done N`."""
        assert self.process is not None
        assert self.process.stdout is not None
        word = self.process.stdout.readline().strip()
        assert word, "the heartbeat died by itself"
        return word

    def end(self) -> int:
        """Wait until the pass is over; return how many rungs it crossed."""
        while (word := self.said()) == "kept":
            pass
        return int(word.removeprefix("done "))

    def kill(self) -> None:
        """Kill it where it is (SIGKILL)."""
        if self.process:
            self.process.kill()
            self.process.communicate()
            self.process = None
