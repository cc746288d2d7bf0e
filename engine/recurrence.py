"""What comes round: an item that brings forth further items by itself, one for each period and each name it holds. Pure.

A period is known from its number alone, so it does not matter who looks when. The entry that says a period has come round is the
series' own; the items it brings forth are registered right after it, in the same transaction, each by an entry of its own.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from engine.clock import ordinal_of, start_of_day
from engine.errors import Misused

if TYPE_CHECKING:
    from engine.definition import Recurrence
    from engine.item import Item

RECUR = "recur"
"""The verb of the entry that a period has come round."""

BRINGS = "brings"
"""Under this key its body names, for each item to be brought forth, whose it is."""

UNITS = ("mo", "w", "d")
_YEAR = 12
_A_DAY = timedelta(days=1)


class Period(NamedTuple):
    """One turn: its number, counted from 1, and its first and last day (ordinals)."""

    number: int
    first: int
    last: int

    @property
    def text(self) -> str:
        """Both days as they are recorded: `2023-06-01/2023-06-30`."""
        return f"{date.fromordinal(self.first)}/{date.fromordinal(self.last)}"


def parse(every: str) -> tuple[int, str]:
    """Read how often: `1mo`, `2w`, `10d`; at most 99 of them. Raises `Misused("bad_period")`."""
    head = every.rstrip("mowd")
    unit = every[len(head) :]
    if unit not in UNITS or not (head.isascii() and head.isdigit() and head[0] != "0" and len(head) <= 2):  # noqa: PLR2004 - 99
        raise Misused("bad_period", text=every)
    return int(head), unit


def period(starts: int, every: str, number: int, ends: int | None) -> Period | None:
    """Return the period of a number, counted from 1 on the day `starts`; None when it would begin after `ends`.

    A month begins on the day of the month of `starts`, or on its last day where it has no such day. The last period ends with `ends`.
    """
    amount, unit = parse(every)
    first = _turn(starts, amount, unit, number - 1)
    last = _turn(starts, amount, unit, number) - 1
    if ends is not None:
        last = min(last, ends)
    return Period(number, first, last) if first <= last else None


def _turn(starts: int, amount: int, unit: str, times: int) -> int:
    if unit != "mo":
        return starts + amount * times * (7 if unit == "w" else 1)
    day = date.fromordinal(starts)
    year, month = divmod(day.year * _YEAR + day.month - 1 + amount * times, _YEAR)
    last = (date(year + month // (_YEAR - 1), (month + 1) % _YEAR + 1, 1) - _A_DAY).day
    return date(year, month + 1, min(day.day, last)).toordinal()


def next_period(item: Item, recurs: Recurrence) -> Period | None:
    """Return the period of a series that has not come round yet, or None when there is none or it does not recur here.

    What ended before the item came into its state is not made up for.
    """
    starts, every = item.text(recurs.starts), item.text(recurs.every)
    if item.state not in recurs.sources or not starts or not every or not item.names(recurs.each):
        return None
    ends = item.text(recurs.ends)
    until = date.fromisoformat(ends).toordinal() if ends else None
    since, beginning = ordinal_of(item.since), date.fromisoformat(starts).toordinal()
    known = item.fields.get(recurs.counter, 0)
    number = (known if isinstance(known, int) else 0) + 1
    while (found := period(beginning, every, number, until)) and found.last < since:
        number += 1
    return found


def runs_out(item: Item, recurs: Recurrence) -> int | None:
    """Return the moment after the last day of a series in which nothing more comes round, or None: it goes on, or does not recur here."""
    ends = item.text(recurs.ends)
    if not recurs.then or item.state not in recurs.sources or not ends or next_period(item, recurs):
        return None
    return max(start_of_day(date.fromisoformat(ends).toordinal() + 1), item.since)


def comes_at(found: Period, item: Item) -> int:
    """Return the moment a period comes round: the beginning of its first day, or that at which the item came into its state."""
    return max(start_of_day(found.first), item.since)
