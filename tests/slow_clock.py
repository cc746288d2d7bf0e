"""A second clock, slow and plain: it walks day by day and minute by minute, and shares no code with `engine/`.

It is written from the rules as they stand in words (docs/decisions.md "What a pause gives back"; the docstrings of `engine.run.due` and
`engine.calendar`), reads a calendar's JSON form by itself, and knows civil time only: naive datetimes, Shanghai's.

- The start day does not count; a receipt out of hours counts from the next opening, whose day is then the start day.
- A day counts when the clock ran at its close: close of business, or 24:00 for a limit in calendar days or months. A pause that begins at a
  close leaves that day counted, one that ends at a close takes it.
- Calendar days and months that end on a day off end with the next working day on which the clock runs (with `roll`).
- Hours count minute by minute: elapsed ones, or those of office time.
- An extension, and a fixed date, is a moment that holds as it is; what stood still of the counted days or minutes before it is made up
  after it.
- What would fall due while the clock stands still falls due at the first close of a working day after it goes on.
- A pause that begins at the due moment or later gives nothing, nor does one that is still open.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

A_DAY, A_MINUTE = timedelta(days=1), timedelta(minutes=1)
SATURDAY = 5


class Case(NamedTuple):
    """One run of a clock: when it began, its limit ((amount, unit) or a date), pauses with an open end or not, and moves (at, to)."""

    start: datetime
    limit: tuple[int, str] | date
    roll: bool
    pauses: tuple[tuple[datetime, datetime | None], ...]
    moves: tuple[tuple[datetime, datetime], ...]

    @property
    def unit(self) -> str:
        """The unit of the limit; a date's is "on"."""
        return "on" if isinstance(self.limit, date) else self.limit[1]

    def stood_still(self, before: datetime, at: datetime) -> bool:
        """Whether the clock stood still between two moments with nothing in between: just before a close, or over a minute."""
        for begin, end in self.pauses:  # noqa: SIM110 - asked for each minute, and `any` takes twice as long
            if end is not None and begin <= before and at <= end:
                return True
        return False

    def paused_at(self, close: datetime) -> bool:
        """Whether the clock stood still when a day closed."""
        return self.stood_still(close - A_MINUTE, close)


class Days:
    """What kind of day each one is, by the JSON form of a calendar edition."""

    def __init__(self, edition: Mapping[str, Any]) -> None:
        """Take an edition, its office hours in the plain form or by dates."""
        hours = edition["hours"] if isinstance(edition["hours"][0], dict) else [{"sessions": edition["hours"]}]
        self.hours = [
            (date.fromisoformat(one.get("from", "0001-01-01")), [(_minute(a), _minute(b)) for a, b in one["sessions"]])
            for one in hours
        ]
        self.published = sorted(int(year) for year, table in edition["years"].items() if table.get("off"))
        self.named: dict[date, bool] = {}  # whether a day that a notice names is at work; the newer notice wins
        for table in [*(edition["years"][str(year)] for year in self.published), *edition.get("local", ())]:
            self.named |= {date.fromisoformat(day): False for day in table.get("off", {})}
            self.named |= {date.fromisoformat(day): True for day in table.get("work", {})}
        self.known: dict[date, bool] = {}
        self.open: dict[date, list[tuple[int, int]]] = {}  # office hours as asked for, none on days off

    def sessions(self, day: date) -> list[tuple[int, int]]:
        """Return the office hours that hold on a day, in minutes after midnight."""
        return [sessions for first, sessions in self.hours if first <= day][-1]

    def at_work(self, day: date) -> bool:
        """Whether a day is a working day."""
        if day not in self.known:
            self.known[day] = self._at_work(day)
        return self.known[day]

    def _at_work(self, day: date) -> bool:
        if day in self.named:
            return self.named[day]
        lawless = day.year in self.published or (self.published and day.year < self.published[0])
        if not lawless:
            fixed = [(1, 1), (5, 1), (10, 1), (10, 2), (10, 3)] + ([(5, 2)] if day.year >= 2025 else [])
            if (day.month, day.day) in fixed:
                return False
        return day.weekday() < SATURDAY

    def close(self, day: date) -> datetime:
        """When business closes on a day."""
        return datetime.combine(day, time()) + A_MINUTE * self.sessions(day)[-1][1]

    def in_office(self, at: datetime) -> bool:
        """Whether the minute from `at` on is office time."""
        day, minute = at.date(), at.hour * 60 + at.minute
        if day not in self.open:
            self.open[day] = self.sessions(day) if self.at_work(day) else []
        for begin, end in self.open[day]:  # noqa: SIM110 - as above
            if begin <= minute < end:
                return True
        return False

    def opening(self, at: datetime) -> datetime:
        """Wait for the first minute of office time."""
        while not self.in_office(at):
            at = at + A_MINUTE if self.at_work(at.date()) else datetime.combine(at.date() + A_DAY, time())
        return at

    def working_close_after(self, at: datetime) -> datetime:
        """Find the first close of a working day after a moment."""
        day = at.date()
        while not (self.at_work(day) and self.close(day) > at):
            day += A_DAY
        return self.close(day)


def due(case: Case, days: Days) -> datetime:
    """Return the moment after which the run is overdue."""
    if case.moves:
        # of two given at one moment the last one
        return _from_moment(case, days, *max(reversed(case.moves), key=itemgetter(0)))
    if isinstance(case.limit, date):
        return _from_moment(case, days, case.start, days.close(case.limit))
    amount, unit = case.limit
    if unit in {"h", "wh"}:
        return _minutes(case, days, case.start, amount * 60)
    if unit == "wd":
        return _working_days(case, days, amount)
    return _calendar_days(case, days, amount)


def _minutes(case: Case, days: Days, at: datetime, left: int) -> datetime:
    """Count down minutes in which the clock runs: all of them, or those of office time."""
    working = case.unit == "wh"
    while left:
        if working and not days.at_work(at.date()):
            at = datetime.combine(at.date() + A_DAY, time())
            continue
        if not (working and not days.in_office(at)) and not case.stood_still(at, at + A_MINUTE):
            left -= 1
        at += A_MINUTE
    return at


def _working_days(case: Case, days: Days, left: int) -> datetime:
    day = days.opening(case.start).date()
    while left:
        day += A_DAY
        if days.at_work(day) and not case.paused_at(days.close(day)):
            left -= 1
    return days.close(day)


def _calendar_days(case: Case, days: Days, amount: int) -> datetime:
    """Count days or months to 24:00, and then on to a working day."""
    day = case.start.date()
    left = amount if case.unit == "d" else (_months_later(day, amount) - day).days
    while True:
        day += A_DAY
        midnight = datetime.combine(day + A_DAY, time())
        if case.paused_at(midnight):
            continue
        left -= 1
        if left <= 0 and (days.at_work(day) or not case.roll):
            return midnight


def _from_moment(case: Case, days: Days, since: datetime, moment: datetime) -> datetime:
    """Hold a moment that was given as such, and make up after it what stood still between `since` and it."""
    if moment <= since:
        return moment
    if case.unit in {"h", "wh"}:
        return _made_up_minutes(case, days, since, moment)
    start_day = (days.opening(case.start) if case.unit == "wd" else case.start).date()
    at_midnight = (
        case.unit in {"d", "mo"} and moment.time() == time()
    )  # else it is a close of business, whatever the hour
    day, owed, fell = since.date() - A_DAY, 0, False
    while True:
        day += A_DAY
        close = datetime.combine(day + A_DAY, time()) if at_midnight else days.close(day)
        if close <= since:
            continue
        paused = case.paused_at(close)
        counts = day > start_day and (case.unit != "wd" or days.at_work(day))
        if close <= moment:
            owed += paused and counts
            if close == moment and not owed and not paused:
                return moment
            fell = close == moment and not owed  # due while it stood still: a working day, whatever its unit
        elif not paused:
            owed -= bool(owed and counts)
            if not owed and (days.at_work(day) or not (case.roll or fell)):
                return close


def _made_up_minutes(case: Case, days: Days, since: datetime, moment: datetime) -> datetime:
    working = case.unit == "wh"
    at, owed = since, 0
    while True:
        while at < moment:
            owed += case.stood_still(at, at + A_MINUTE) and (not working or days.in_office(at))
            at += A_MINUTE
        if owed:
            return _minutes(case, days, at, owed)
        ends = [end for begin, end in case.pauses if end and begin < moment <= end and end > since]
        if not ends:
            return moment
        at, moment = ends[0], days.working_close_after(ends[0])


def _months_later(day: date, months: int) -> date:
    """The corresponding day of a later month, or that month's last."""
    wanted = day.day
    for _ in range(months):
        day = day.replace(day=28) + 4 * A_DAY
        day = day.replace(day=1)
    while wanted > 28 and (day.replace(day=28) + (wanted - 28) * A_DAY).month != day.month:
        wanted -= 1
    return day.replace(day=wanted)


def _minute(text: str) -> int:
    """Minutes after midnight."""
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)
