"""How far long work has come: a bar on a terminal's standard error, nothing anywhere else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from interfaces.output import is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

_BAR = 30  # cells


def bar(unit: str) -> Callable[[int, int], None] | None:
    """Return what draws how many of how many are done, None where nobody looks on; it is wiped when all are done."""
    if not is_terminal(sys.stderr):
        return None

    def draw(done: int, total: int) -> None:
        filled = min(done * _BAR // max(total, 1), _BAR)
        end = f"\r{' ' * 3 * _BAR}\r" if done >= total else ""
        sys.stderr.write(f"\r  {'█' * filled}{'░' * (_BAR - filled)}  {done}/{total} {unit}  {end}")
        sys.stderr.flush()

    return draw
