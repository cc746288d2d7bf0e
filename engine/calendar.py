"""Working days, office hours and due moments.

An `Edition` is one immutable table of days off and make-up workdays (调休) with the notices they come from, and of the
office hours, each from a day on; a `Calendar` is compiled from it and counts. Counting is arithmetic on whole weeks
plus a bisection over the days that differ from Monday-Friday; office time is that count within each period of hours.

A year without a published notice is **provisional**: weekends and the fixed statutory days are off (元旦, 劳动节,
国庆节). The lunar ones (春节, 清明, 端午, 中秋) and every exchange of days cannot be known before the notice. Before
the first published year only weekends are off, provisionally too.
"""

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import date
from itertools import accumulate
from typing import Any, NamedTuple

from engine.clock import (
    FIRST_DAY,
    HOUR,
    LAST_DAY,
    MINUTE,
    closing_ordinal,
    ordinal_of,
    start_of_day,
    time_of_day,
)
from engine.errors import Misused
from engine.limit import Limit

_FIRST_YEAR = date.fromordinal(FIRST_DAY).year
_LAST_YEAR = date.fromordinal(LAST_DAY).year


class Year(NamedTuple):
    """What the notices of one year say: `off` and `work` are (ordinal of the day, name of the feast), by day.

    A notice may speak of the December before and the January after its year.
    """

    year: int
    notice: str
    off: tuple[tuple[int, str], ...]
    work: tuple[tuple[int, str], ...]


class Local(NamedTuple):
    """Days that a notice of the place names beside the yearly ones (a typhoon's): as in `Year`, and of any year."""

    notice: str
    off: tuple[tuple[int, str], ...]
    work: tuple[tuple[int, str], ...]


class Period(NamedTuple):
    """Office hours: the sessions of a working day in minutes after midnight, from the day with ordinal `first` on.

    The first period has 0 there: it holds for every day before the second.
    """

    first: int
    sessions: tuple[tuple[int, int], ...]


class Edition(NamedTuple):
    """One state of a calendar.

    `hours` holds the office hours in order of their first days, `years` the published years in order, and `local` the
    local days in the order in which they were loaded: the later one wins, and all of them over the years.
    """

    id: str
    hours: tuple[Period, ...]
    years: tuple[Year, ...]
    local: tuple[Local, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the form that is stored as canonical JSON: the inverse of `stored_edition`."""
        first, *later = self.hours
        hours: list[object] = _session_texts(first)
        if later:
            hours = [{"sessions": hours}]
            hours += [{"from": day_text(period.first), "sessions": _session_texts(period)} for period in later]
        data: dict[str, object] = {
            "id": self.id,
            "hours": hours,
            "years": {str(year.year): _days_texts(year) for year in self.years},
        }
        if self.local:
            data["local"] = [_days_texts(local) for local in self.local]
        return data


def stored_edition(data: Mapping[str, Any]) -> Edition:
    """Build an edition from its stored form, which was checked before; canonical JSON has the days in order."""
    years = (
        Year(int(key), year["notice"], _ordinals(year["off"]), _ordinals(year["work"]))
        for key, year in data["years"].items()
    )
    local = (Local(days["notice"], _ordinals(days["off"]), _ordinals(days["work"])) for days in data.get("local", ()))
    return Edition(data["id"], _stored_hours(data["hours"]), tuple(years), tuple(local))


def _stored_hours(hours: list[Any]) -> tuple[Period, ...]:
    if not isinstance(hours[0], dict):
        return (Period(0, _stored_sessions(hours)),)
    return tuple([Period(_first(period.get("from")), _stored_sessions(period["sessions"])) for period in hours])


def _stored_sessions(sessions: list[list[str]]) -> tuple[tuple[int, int], ...]:
    return tuple([(_minutes(start), _minutes(end)) for start, end in sessions])


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _first(text: str | None) -> int:
    return date.fromisoformat(text).toordinal() if text else 0


def _ordinals(days: Mapping[str, str]) -> tuple[tuple[int, str], ...]:
    return tuple([(date.fromisoformat(day).toordinal(), name) for day, name in days.items()])


class Calendar:
    """The counting rules of one edition. Days are proleptic ordinals, instants and lengths are microseconds.

    `hash` is the edition's digest, given in by whoever stored it. Days outside 1992-2099 raise `Misused`
    (`instant_out_of_range`).
    """

    __slots__ = (
        "_changes",
        "_counts",
        "_days",
        "_flipped",
        "_flips",
        "_hours",
        "_reached",
        "_spans",
        "_sums",
        "edition",
        "hash",
    )

    def __init__(self, edition: Edition, edition_hash: str = "") -> None:
        """Compile an edition."""
        self.edition = edition
        self.hash = edition_hash
        self._spans = _provisional_spans({year.year for year in edition.years})
        self._flipped = _flipped(edition)
        self._flips = sorted(self._flipped)
        # _sums[i]: what the first i flipped days add to the count of weekdays
        # _counts[i]: working days up to and with flip i
        steps = [-1 if 0 < day % 7 < 6 else 1 for day in self._flips]  # noqa: PLR2004 - `_is_weekday` without the call
        self._sums = list(accumulate(steps, initial=0))
        self._counts = [_weekdays(day) + total for day, total in zip(self._flips, self._sums[1:], strict=True)]
        # _changes: the first days of the later periods of hours; _reached: the office time reached when they begin
        self._days: dict[
            int, tuple[int, tuple[tuple[int, int], ...]]
        ] = {}  # day → office time before it, and its sessions
        self._changes = [period.first for period in edition.hours[1:]]
        self._hours: list[_Hours] = []
        self._reached: list[int] = []
        for period in edition.hours:
            hours = _compiled(period)
            if self._hours:
                days, before = self._count(period.first - 1), self._hours[-1]
                hours = hours._replace(offset=before.offset + days * (before.day - hours.day))
                self._reached.append(hours.offset + days * hours.day)
            self._hours.append(hours)

    def sessions_on(self, ordinal: int) -> tuple[tuple[int, int], ...]:
        """Return the sessions (µs after midnight) of the office hours in force on a day."""
        return self._hours_of(ordinal).sessions

    def is_workday(self, ordinal: int) -> bool:
        """Whether a day is a working day: the notice's word, else Monday-Friday."""
        _check(ordinal)
        return (0 < ordinal % 7 < 6) != (ordinal in self._flipped)  # noqa: PLR2004 - Monday is 1, Saturday 6, Sunday 0

    def reason(self, ordinal: int) -> tuple[str, str, str]:
        """Say why a day counts or does not: (kind, name of the feast, notice).

        The kind is `workday`, `weekend`, `holiday`, `makeup` or `statutory_provisional` (a fixed statutory day of an
        unpublished year, with `new_year`, `labour_day` or `national_day` as its name: there is no notice to quote). A
        weekday that an amended notice made a working day again is a `workday` with its name and notice.
        """
        _check(ordinal)
        weekday = "workday" if _is_weekday(ordinal) else "weekend"
        day = date.fromordinal(ordinal)
        near = [year for year in self.edition.years if abs(year.year - day.year) <= 1]
        sources: list[Year | Local] = [*near, *self.edition.local]
        for source in reversed(sources):  # of two notices that name a day, the newer wins
            off, work = dict(source.off), dict(source.work)
            if ordinal in off:
                return "holiday", off[ordinal], source.notice
            if ordinal in work:
                return "workday" if weekday == "workday" else "makeup", work[ordinal], source.notice
        name = statutory_days(day.year).get(ordinal) if day.year in _statutory_years(self.edition) else None
        return ("statutory_provisional", name, "") if name else (weekday, "", "")

    def workdays(self, after: int, until: int) -> int:
        """Count the working days d with after < d <= until; negative when `until` comes first."""
        _check(after)
        _check(until)
        return self._count(until) - self._count(after)

    def add_workdays(self, ordinal: int, amount: int) -> int:
        """Return the n-th working day after a day, or before it for a negative n; the day itself is never counted.

        With 0: the day itself if it is a working day, else the next one.
        """
        _check(ordinal)
        if amount > 0:
            return self._nth(self._count(ordinal) + amount)
        return self._nth(self._count(ordinal - 1) + amount + 1)

    def opening(self, at: int) -> int:
        """Return the instant from which a receipt at `at` counts: itself in office hours, else the next opening.

        In the midday break that is the afternoon's opening; the closing moment itself is already out of hours.
        """
        ordinal, rest = ordinal_of(at), time_of_day(at)
        if self.is_workday(ordinal):
            for start, end in self._hours_of(ordinal).sessions:
                if rest < end:
                    return at + max(start - rest, 0)
        following = self.add_workdays(ordinal, 1)
        return start_of_day(following) + self._hours_of(following).sessions[0][0]

    def worktime(self, since: int, until: int) -> int:
        """Return the office time (µs) in [since, until); negative when `until` comes first."""
        return self.office_time(until) - self.office_time(since)

    def add_worktime(self, at: int, amount: int) -> int:
        """Return the instant by which `amount` (µs) of office time has passed since `at`; negative counts backwards.

        An amount that is used up exactly at a session's end gives that end, not the next session's start; backwards,
        that is reached exactly at a session's start, gives that start.
        """
        if not amount:
            return at
        # forwards the last microsecond must lie inside a session, backwards the first
        last = self.office_time(at) + amount - (amount > 0)
        hours = self._hours[bisect_right(self._reached, last)]
        days, rest = divmod(last - hours.offset, hours.day)
        if amount > 0:
            rest += 1
        midnight = start_of_day(self._nth(days + 1))
        for start, end in hours.sessions:
            length = end - start
            if rest < length or (amount > 0 and rest == length):
                return midnight + start + rest
            rest -= length
        raise AssertionError  # rest never exceeds the sessions' sum

    def close_of(self, ordinal: int) -> int:
        """Return the instant of a day's close of business, whether it is a working day or not."""
        return start_of_day(ordinal) + self._hours_of(ordinal).sessions[-1][1]

    def due(self, start: int, limit: Limit, roll: bool = True) -> int:  # noqa: FBT001, FBT002 - a clock's own setting, passed through
        """Return the due moment of a limit that began at an instant; overdue is `now > due`.

        h: at once, day and night. wh: office time from the opening. wd: close of business of the n-th working day
        after the day of the opening. d, mo: 24:00 of the n-th day after the civil day of `start`, or of the
        corresponding day of the month (or its end); with `roll` an end on a day off moves to the next working day.
        on: close of business of that date, which never moves.
        """
        unit = limit.unit
        if unit == "h":
            return start + limit.amount * HOUR
        if unit == "wh":
            return self.add_worktime(self.opening(start), limit.amount * HOUR)
        first = self.opening(start) if unit == "wd" else start
        last = self.due_day(ordinal_of(first), limit, roll)
        return self.close_of(last) if unit in {"wd", "on"} else start_of_day(last + 1)

    def due_day(self, start_day: int, limit: Limit, roll: bool = True) -> int:  # noqa: FBT001, FBT002 - as in `due`
        """Return the due day counted from a bare date: it is the start day and not counted, even if it is a day off.

        Hours count from the opening of that day, or from the next opening when it is a day off.
        """
        amount, unit = limit
        if unit == "wd":
            return self.add_workdays(start_day, amount)
        if unit == "on":
            return amount
        if unit in {"h", "wh"}:
            return closing_ordinal(self.due(self.opening(start_of_day(start_day)), limit))
        last = _end_day(start_day, amount, unit)
        return self.add_workdays(last, 0) if roll else last

    def provisional(self, after: int, until: int) -> bool:
        """Whether any day d with after < d <= until leans on an unpublished year.

        That is every day of such a year, and every day from 20 December before it: its notice can still move those
        days.
        """
        return after < until and any(after < end and start <= until for start, end in self._spans)

    def due_is_provisional(self, start: int, limit: Limit, roll: bool = True) -> bool:  # noqa: FBT001, FBT002 - as in `due`
        """Whether the moment that `due` gives leans on an unpublished year and must be marked 暂定.

        Continuous hours and fixed dates lean on no table; calendar days and months only by moving off a day off.
        """
        unit = limit.unit
        if unit in {"h", "on"}:
            return False
        until = closing_ordinal(self.due(start, limit, roll))
        if unit in {"wd", "wh"}:
            return self.provisional(ordinal_of(start) - 1, until)
        return roll and self.provisional(_end_day(ordinal_of(start), limit.amount, unit) - 1, until)

    def _count(self, ordinal: int) -> int:
        """Count the working days up to and with a day, from a far origin."""
        return _weekdays(ordinal) + self._sums[bisect_right(self._flips, ordinal)]

    def _nth(self, number: int) -> int:
        """Return the day on which `_count` first reaches a number."""
        index = bisect_left(self._counts, number)
        weeks, rest = divmod(number - self._sums[index] - 1, 5)
        ordinal = 7 * weeks + rest + 1
        # between two flips weekdays are working days; past the next flip, that flip is the day sought
        if index < len(self._flips):
            ordinal = min(ordinal, self._flips[index])
        _check(ordinal)
        return ordinal

    def office_time(self, at: int) -> int:
        """Return the office time (µs) up to an instant, from a far origin: what lies between two of them is `worktime`."""
        ordinal = ordinal_of(at)
        known = self._days.get(ordinal)
        if known is None:
            hours = self._hours_of(ordinal)
            before = hours.offset + self._count(ordinal - 1) * hours.day
            known = self._days[ordinal] = (before, hours.sessions if self.is_workday(ordinal) else ())
        total, sessions = known
        if sessions:
            rest = time_of_day(at)
            for start, end in sessions:
                if rest > start:
                    total += min(rest, end) - start
        return total

    def _hours_of(self, ordinal: int) -> "_Hours":
        """Return the hours in force on a day."""
        return self._hours[bisect_right(self._changes, ordinal)]


class _Hours(NamedTuple):
    """One period of office hours, compiled: sessions and their sum in µs.

    Within the period the office time up to a day is `offset` + (working days before it) * `day`.
    """

    sessions: tuple[tuple[int, int], ...]
    day: int
    offset: int = 0


def _compiled(period: Period) -> _Hours:
    sessions = tuple([(start * MINUTE, end * MINUTE) for start, end in period.sessions])
    return _Hours(sessions, sum(end - start for start, end in sessions))


def _is_weekday(ordinal: int) -> bool:
    """Whether a day is Monday to Friday: ordinal 1 was a Monday."""
    return 0 < ordinal % 7 < 6  # noqa: PLR2004 - Saturday is 6


def _weekdays(ordinal: int) -> int:
    """Count the days Monday to Friday up to and with a day."""
    weeks, rest = divmod(ordinal, 7)
    return 5 * weeks + min(rest, 5)


def _check(ordinal: int) -> None:
    """Refuse a day that cannot be held; the eve of the first is needed to count from."""
    if not FIRST_DAY - 1 <= ordinal <= LAST_DAY:
        raise Misused("instant_out_of_range", text=str(ordinal))


def _end_day(start_day: int, amount: int, unit: str) -> int:
    """Return the day on which so many calendar days or months end, before any moving off a day off."""
    if unit == "d":
        return start_day + amount
    start = date.fromordinal(start_day)
    years, month = divmod(start.month - 1 + amount, 12)
    first = start.year + years
    if first > _LAST_YEAR:
        raise Misused("instant_out_of_range", text=str(first))
    # the first of the month after, less one, is the last of the month: there may be no corresponding day
    after = date(first + (month == 11), (month + 1) % 12 + 1, 1).toordinal()  # noqa: PLR2004 - months from 0
    return min(date(first, month + 1, 1).toordinal() + start.day, after) - 1


def statutory_days(year: int) -> dict[int, str]:
    """List the statutory days of a year that have a fixed date."""
    new_year, may, october = (date(year, month, 1).toordinal() for month in (1, 5, 10))
    days = {new_year: "new_year", may: "labour_day"} | dict.fromkeys(range(october, october + 3), "national_day")
    if year >= 2025:  # noqa: PLR2004 - the State Council's decision in force since 2025-01-01 made it two days
        days[may + 1] = "labour_day"
    return days


def _statutory_years(edition: Edition) -> list[int]:
    """List the unpublished years of which the fixed statutory days are off: those since the first published one."""
    published = {year.year for year in edition.years}
    return [year for year in range(min(published, default=_FIRST_YEAR), _LAST_YEAR + 1) if year not in published]


def _flipped(edition: Edition) -> frozenset[int]:
    """Collect the days that differ from Monday-Friday: weekdays off and weekend days at work."""
    known = {day: True for year in _statutory_years(edition) for day in statutory_days(year)}
    sources: list[Year | Local] = [*edition.years, *edition.local]
    for source in sources:  # in order: of two notices that name a day, the newer wins
        known.update(dict.fromkeys(dict(source.off), True))
        known.update(dict.fromkeys(dict(source.work), False))
    return frozenset(day for day, off in known.items() if off == (0 < day % 7 < 6))  # noqa: PLR2004 - Saturday is 6


def _provisional_spans(published: set[int]) -> tuple[tuple[int, int], ...]:
    """List the spans of days (first, last) that lean on unpublished years, in order."""
    spans = []
    start = None
    for year in range(_FIRST_YEAR, _LAST_YEAR + 2):
        unknown = year not in published and year <= _LAST_YEAR
        if unknown and start is None:
            start = max(date(year - 1, 12, 20).toordinal(), FIRST_DAY)
        elif not unknown and start is not None:
            spans.append((start, date(year - 1, 12, 31).toordinal()))
            start = None
    return tuple(spans)


def day_text(ordinal: int) -> str:
    """Write a day as 2023-08-31."""
    return date.fromordinal(ordinal).isoformat()


def _days_texts(source: Year | Local) -> dict[str, object]:
    """Write what one notice says."""
    return {
        "notice": source.notice,
        "off": {day_text(day): name for day, name in source.off},
        "work": {day_text(day): name for day, name in source.work},
    }


def _session_texts(period: Period) -> list[object]:
    """Write sessions as ["08:30", "12:00"]."""
    return [[clock_text(start), clock_text(end)] for start, end in period.sessions]


def clock_text(minutes: int) -> str:
    """Write minutes after midnight as 08:30."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
