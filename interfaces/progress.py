"""How far long work has come: a bar on a terminal's standard error, nothing anywhere else."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from interfaces.output import is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

_BAR = 30  # cells
_BESIDE = 30  # cells for the numbers beside it


def bar(unit: str) -> Callable[[int, int], None] | None:
    """Return what draws how many of how many are done, None where nobody looks on; it is wiped when all are done."""
    if not is_terminal(sys.stderr):
        return None
    cells = max(min(_BAR, _columns() - _BESIDE), 1)

    def draw(done: int, total: int) -> None:
        filled = min(done * cells // max(total, 1), cells)
        sys.stderr.write(f"\r  {'█' * filled}{'░' * (cells - filled)}  {done}/{total} {unit}  ")
        if done >= total:
            wipe()
        sys.stderr.flush()

    return draw


def wipe() -> None:
    """Blank the line that progress was told on, with nothing that a plain terminal would not understand."""
    sys.stderr.write(f"\r{' ' * (_columns() - 1)}\r")


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
