"""Counting for the model: due moments by the slow clock, and rungs from them, in civil time and by walking."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tests.slow_clock import A_DAY, A_MINUTE, Case, Days, due

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_EPOCH = datetime(1970, 1, 1, 8)  # noqa: DTZ001 - the beginning of time as Shanghai's clocks showed it


def micros(at: datetime | None) -> int | None:
    """Return the instant of a civil moment as the engine has it."""
    return None if at is None else (at - _EPOCH) // timedelta(microseconds=1)


class Count:
    """A calendar that counts slowly and remembers what it counted."""

    def __init__(self, edition: Mapping[str, Any]) -> None:
        """Take an edition's JSON form."""
        self.days = Days(edition)
        self._due = lru_cache(maxsize=100_000)(self._counted)
        self._near = lru_cache(maxsize=100_000)(self._near_counted)
        self.offset = lru_cache(maxsize=100_000)(self._offset)

    def due(self, run: Mapping[str, Any], limit: str) -> datetime | None:
        """The due moment of a run under a limit's code; None when neither a limit nor an extension says one."""
        moves = tuple((at, to) for at, to in run["moves"] if to)
        if not limit and not moves:
            return None
        return self._due(run["started"], limit, tuple(map(tuple, run["pauses"])), moves)

    def _counted(
        self,
        start: datetime,
        limit: str,
        pauses: tuple[tuple[datetime, datetime | None], ...],
        moves: tuple[tuple[datetime, datetime], ...],
    ) -> datetime:
        length = split(limit) if limit else start.date()
        return due(Case(start, length, True, pauses, moves), self.days)  # noqa: FBT003 - siban's clocks all roll

    def workdays_on(self, day: date, amount: int) -> date:
        """The n-th working day after a day, before it for a negative amount."""
        step = A_DAY if amount > 0 else -A_DAY
        while amount:
            day += step
            amount -= (1 if amount > 0 else -1) if self.days.at_work(day) else 0
        return day

    def end_of(self, at: datetime, limit: str, *, roll: bool = True) -> datetime:
        """The due moment of a length that begins at a moment."""
        return due(Case(at, split(limit), roll, (), ()), self.days)

    def _offset(self, due_at: datetime, text: str) -> datetime:
        if text == "0":
            return due_at
        amount, unit = int(text[:-2]), text[-2:]
        if unit == "wd":
            return self.days.close(self.workdays_on((due_at - timedelta(microseconds=1)).date(), amount))
        at, left = due_at, -amount * 60
        while left:
            at -= A_MINUTE
            left -= self.days.in_office(at)
        return at

    def near(self, run: Mapping[str, Any], limit: str, due_at: datetime) -> datetime:
        """When a due moment comes near: four fifths of what counts, and at least one working day before."""
        pauses = tuple((a, b or due_at) for a, b in run["pauses"])
        return self._near(run["started"], limit, pauses, due_at)

    def _near_counted(
        self, start: datetime, limit: str, pauses: tuple[tuple[datetime, datetime], ...], due_at: datetime
    ) -> datetime:
        working = limit.endswith("wd")
        first = self.days.close(self.days.opening(start).date()) if working else _midnight(start.date() + A_DAY)
        stretches = list(self._stretches(first, due_at, working=working))
        for a, b in pauses:
            stretches = [cut for x, y in stretches for cut in ((x, min(y, a)), (max(x, b), y)) if cut[0] < cut[1]]
        left = sum((b - a for a, b in stretches), timedelta()) * 4 // 5
        found = due_at
        for a, b in stretches:
            if left <= b - a:
                found = a + left
                break
            left -= b - a
        day_before = self.workdays_on((due_at - timedelta(microseconds=1)).date(), -1)
        return min(found, self.days.close(day_before))

    def _stretches(self, first: datetime, last: datetime, *, working: bool) -> Iterator[tuple[datetime, datetime]]:
        """The time that counts from one moment to another: office time, or all of it."""
        if not working:
            yield first, max(first, last)
            return
        day = first.date()
        while _midnight(day) < last:
            for begin, end in self.days.sessions(day) if self.days.at_work(day) else ():
                a, b = max(first, _midnight(day) + begin * A_MINUTE), min(last, _midnight(day) + end * A_MINUTE)
                if a < b:
                    yield a, b
            day += A_DAY


def split(code: str) -> tuple[int, str] | date:
    """Read a limit's code."""
    if code[4:5] == "-":
        return date.fromisoformat(code)
    if code == "1y":
        return 12, "mo"
    unit = code.lstrip("0123456789")
    return int(code[: -len(unit)]), unit


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
