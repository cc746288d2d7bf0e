"""Progress against schedule (序时进度差): the share of the time that is used up, less the share of the work reported done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.context import Rules
    from engine.item import Item
    from engine.run import Run

BEHIND, FAR_BEHIND = 10, 30
"""Percentage points: from more than the first an item is behind (黄), from more than the second far behind (红)."""

HUNDRED = 100


def lag(item: Item, run: Run, due_at: int, rules: Rules, now: int) -> int | None:
    """Return by how many percentage points an item is behind its schedule; negative when ahead, None where no progress was reported.

    Time is office time between the start of the clock and its due moment (µs), without what it stood still.
    """
    percent = item.fields.get("percent")
    if not isinstance(percent, int) or isinstance(percent, bool) or run.stopped is not None:
        return None
    worktime = rules.calendar.worktime
    whole, used = worktime(run.started, due_at), worktime(run.started, now)
    for start, end in run.pauses:
        whole -= worktime(start, min(end, due_at)) if end is not None and start < due_at else 0
        used -= worktime(start, min(end or now, now)) if start < now else 0
    return min(used * HUNDRED // whole, HUNDRED) - percent if whole > 0 else None
