"""Heartbeats in processes of their own, as a test holds them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Self

BEATER = Path(__file__).with_name("integration") / "beater.py"


class Heartbeat:
    """One process that beats when told to. Killed, it is started again at its next beat."""

    def __init__(self, *faults: str) -> None:
        """Start none yet; `faults` are seeded in it."""
        self.faults = faults
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def begin(self, path: Path | str, at: int, batch: int = 200) -> None:
        """Have it begin a pass at a simulated instant."""
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, str(BEATER), *self.faults], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
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

    def end(self, dies_after: int = 0) -> int | None:
        """Wait until the pass is over and return how many rungs it crossed.

        With `dies_after` it is killed at work, when it has told of so many batches; then there is no number. A pass that is
        over before ends as usual.
        """
        kept = 0
        while (word := self.said()) == "kept":
            kept += 1
            if kept == dies_after:
                self.kill()
                return None
        return int(word.removeprefix("done "))

    def kill(self) -> None:
        """Kill it where it is (SIGKILL)."""
        if self.process:
            self.process.kill()
            self.process.communicate()
            self.process = None
