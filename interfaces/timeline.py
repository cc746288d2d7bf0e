"""A line of time in text: what has a date, set out over the days between two of them, with today marked."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from interfaces.display import pad, shorten, width

if TYPE_CHECKING:
    from collections.abc import Callable

DONE, OPEN, LATE, WAIVED = "●", "○", "▲", "－"
"""Marks of a date: done, still to come, past and not done, waived."""

LEGEND = f"{DONE} 完成　{OPEN} 未到　{LATE} 逾期　{WAIVED} 免予　│ 今日"


class Mark(NamedTuple):
    """One dated thing: its name, its day, how it stands (a mark), and words to its right."""

    name: str
    day: date
    mark: str
    words: str


def timeline(marks: list[Mark], first: date, last: date, today: date, room: int) -> list[str]:
    """Draw marks one a line under a scale of months; `room` is the terminal's width in cells."""
    if not marks:
        return []
    first = min([first, *(mark.day for mark in marks)])
    last = max([last, *(mark.day for mark in marks)])
    names = min(max(width(mark.name) for mark in marks), 20)
    words = max(width(mark.words) for mark in marks)
    span = max(room - names - words - 6, 12)
    days = max((last - first).days, 1)

    def place(day: date) -> int:
        return min(max(round((day - first).days * (span - 1) / days), 0), span - 1)

    lines = [f"{' ' * (names + 2)}{_scale(first, last, span, place)}"]
    for mark in marks:
        cells = ["·"] * span
        if first <= today <= last:
            cells[place(today)] = "│"
        cells[place(mark.day)] = mark.mark
        lines.append(f"{pad(shorten(mark.name, names), names)}  {''.join(cells)}  {mark.words}".rstrip())
    return lines


def _scale(first: date, last: date, span: int, place: Callable[[date], int]) -> str:
    """Write the months over their first days, as far as there is room between them."""
    cells = [" "] * span
    day, free = first, 0
    while day <= last:
        at, text = place(day), f"{day.month}月"
        if at >= free and at + width(text) <= span:
            cells[at : at + width(text)] = [text, *[""] * (width(text) - 1)]
            free = at + width(text) + 1
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return "".join(cells).rstrip()
