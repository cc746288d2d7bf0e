"""Working days, office hours and due moments.

An `Edition` is one immutable table of days off and make-up workdays (调休) with the notices they come from; a
`Calendar` is compiled from it and counts. Counting is arithmetic on whole weeks plus a bisection over the days that
differ from Monday-Friday.

A year without a published notice is **provisional**: weekends and the fixed statutory days are off (元旦, 劳动节,
国庆节). The lunar ones (春节, 清明, 端午, 中秋) and every exchange of days cannot be known before the notice. Before
the first published year only weekends are off, provisionally too.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import date
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

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

if TYPE_CHECKING:
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


class Edition(NamedTuple):
    """One state of a calendar.

    `hours` are the sessions of a working day in minutes after midnight; `years` holds the published ones, in order.
    """

    id: str
    hours: tuple[tuple[int, int], ...]
    years: tuple[Year, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the form that is stored as canonical JSON: the inverse of `edition_from_dict`."""
        return {
            "id": self.id,
            "hours": [[_clock_text(start), _clock_text(end)] for start, end in self.hours],
            "years": {
                str(year.year): {
                    "notice": year.notice,
                    "off": {_day_text(day): name for day, name in year.off},
                    "work": {_day_text(day): name for day, name in year.work},
                }
                for year in self.years
            },
        }


def edition_from_dict(data: Mapping[str, object]) -> Edition:
    """Read and check an edition: `{"id", "hours": [["08:30", "12:00"], …], "years": {"2023": {…}}}`.

    A year is `{"notice", "off", "work"}`; `off` and `work` map dates to names. A year with neither notice nor days is
    not published and is left out. Raises `Misused` (`bad_calendar`, with `place` and `why`) for the first fault
    found: a day both off and at work, a date that does not exist or belongs to another year, hours that overlap or
    are out of order, a key that is not known.
    """
    _keys(data, "", required=("id", "hours", "years"))
    name = data["id"]
    if not isinstance(name, str) or not name:
        _bad("id", "not_a_text")
    years = []
    for key, value in sorted(_table(data["years"], "years").items()):
        year = _year(key, _table(value, f"years.{key}"))
        if year.off:
            years.append(year)
    return Edition(name, _hours(data["hours"]), tuple(years))


def stored_edition(data: Mapping[str, Any]) -> Edition:
    """Build an edition from its stored form, which was checked before; canonical JSON has the days in order."""
    years = (
        Year(int(key), year["notice"], _ordinals(year["off"]), _ordinals(year["work"]))
        for key, year in data["years"].items()
    )
    return Edition(data["id"], _hours(data["hours"]), tuple(years))


def _ordinals(days: Mapping[str, str]) -> tuple[tuple[int, str], ...]:
    return tuple([(date.fromisoformat(day).toordinal(), name) for day, name in days.items()])


class Calendar:
    """The counting rules of one edition. Days are proleptic ordinals, instants and lengths are microseconds.

    `hash` is the edition's digest, given in by whoever stored it; `hours` its sessions in minutes after midnight.
    Days outside 1992-2099 raise `Misused` (`instant_out_of_range`).
    """

    __slots__ = (
        "_close",
        "_counts",
        "_day",
        "_flipped",
        "_flips",
        "_sessions",
        "_spans",
        "_sums",
        "edition",
        "hash",
        "hours",
    )

    def __init__(self, edition: Edition, edition_hash: str = "") -> None:
        """Compile an edition."""
        self.edition = edition
        self.hash = edition_hash
        self.hours = edition.hours
        self._sessions = tuple((start * MINUTE, end * MINUTE) for start, end in edition.hours)
        self._close = self._sessions[-1][1]
        self._day = sum(end - start for start, end in self._sessions)
        self._spans = _provisional_spans({year.year for year in edition.years})
        self._flipped = _flipped(edition)
        self._flips = sorted(self._flipped)
        # _sums[i]: what the first i flipped days add to the count of weekdays
        # _counts[i]: working days up to and with flip i
        steps = [-1 if 0 < day % 7 < 6 else 1 for day in self._flips]  # noqa: PLR2004 - `_is_weekday` without the call
        self._sums = list(accumulate(steps, initial=0))
        self._counts = [_weekdays(day) + total for day, total in zip(self._flips, self._sums[1:], strict=True)]

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
        for year in reversed(self.edition.years):  # of two notices that name a day, the newer wins
            if abs(year.year - day.year) <= 1:
                off, work = dict(year.off), dict(year.work)
                if ordinal in off:
                    return "holiday", off[ordinal], year.notice
                if ordinal in work:
                    return "workday" if weekday == "workday" else "makeup", work[ordinal], year.notice
        name = _statutory(day.year).get(ordinal) if day.year in _statutory_years(self.edition) else None
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
            for start, end in self._sessions:
                if rest < end:
                    return at + max(start - rest, 0)
        return start_of_day(self.add_workdays(ordinal, 1)) + self._sessions[0][0]

    def worktime(self, since: int, until: int) -> int:
        """Return the office time (µs) in [since, until); negative when `until` comes first."""
        return self._office_time(until) - self._office_time(since)

    def add_worktime(self, at: int, amount: int) -> int:
        """Return the instant by which `amount` (µs) of office time has passed since `at`; negative counts backwards.

        An amount that is used up exactly at a session's end gives that end, not the next session's start; backwards,
        that is reached exactly at a session's start, gives that start.
        """
        if not amount:
            return at
        total = self._office_time(at) + amount
        # forwards the last microsecond must lie inside a session, backwards the first
        days, rest = divmod(total - 1, self._day) if amount > 0 else divmod(total, self._day)
        if amount > 0:
            rest += 1
        midnight = start_of_day(self._nth(days + 1))
        for start, end in self._sessions:
            length = end - start
            if rest < length or (amount > 0 and rest == length):
                return midnight + start + rest
            rest -= length
        raise AssertionError  # rest never exceeds the sessions' sum

    def close_of(self, ordinal: int) -> int:
        """Return the instant of a day's close of business, whether it is a working day or not."""
        return start_of_day(ordinal) + self._close

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

    def _office_time(self, at: int) -> int:
        """Return the office time (µs) up to an instant, from a far origin."""
        ordinal = ordinal_of(at)
        total = self._count(ordinal - 1) * self._day
        if self.is_workday(ordinal):
            rest = time_of_day(at)
            for start, end in self._sessions:
                total += min(max(rest - start, 0), end - start)
        return total


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


def _statutory(year: int) -> dict[int, str]:
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
    known = {day: True for year in _statutory_years(edition) for day in _statutory(year)}
    for year in edition.years:  # in order of years: of two notices that name a day, the newer wins
        known.update(dict.fromkeys(dict(year.off), True))
        known.update(dict.fromkeys(dict(year.work), False))
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


def _year(key: str, table: Mapping[str, object]) -> Year:
    """Read one year; it has no days when it is not published."""
    place = f"years.{key}"
    if not (len(key) == 4 and key.isascii() and key.isdigit() and _FIRST_YEAR <= int(key) <= _LAST_YEAR):  # noqa: PLR2004 - YYYY
        _bad(place, "not_a_year")
    _keys(table, place, optional=("notice", "off", "work"))
    notice = table.get("notice", "")
    if not isinstance(notice, str):
        _bad(f"{place}.notice", "not_a_text")
    off, work = (_days_of(int(key), table.get(part, {}), f"{place}.{part}") for part in ("off", "work"))
    both = set(dict(off)) & set(dict(work))
    if both:
        _bad(f"{place}.work.{_day_text(min(both))}", "off_and_work")
    if notice and not off:
        _bad(place, "days_missing")
    if (off or work) and not notice:
        _bad(place, "notice_missing")
    return Year(int(key), notice, off, work)


def _days_of(year: int, value: object, place: str) -> tuple[tuple[int, str], ...]:
    """Read a table of days, sorted."""
    days = []
    for text, name in _table(value, place).items():
        try:
            day = date.fromisoformat(text)
        except ValueError:
            _bad(f"{place}.{text}", "no_such_date")
        if day.isoformat() != text:
            _bad(f"{place}.{text}", "no_such_date")
        if day.year != year and (day.year, day.month) not in {(year - 1, 12), (year + 1, 1)}:
            _bad(f"{place}.{text}", "not_of_this_year")
        if not isinstance(name, str) or not name:
            _bad(f"{place}.{text}", "not_a_text")
        days.append((day.toordinal(), name))
    return tuple(sorted(days))


def _hours(value: object) -> tuple[tuple[int, int], ...]:
    """Read the sessions of a working day: at least one, in order, without overlap."""
    if not isinstance(value, (list, tuple)) or not value:
        _bad("hours", "hours_missing")
    sessions = []
    latest = 0
    for number, session in enumerate(value, 1):
        place = f"hours.{number}"
        if not isinstance(session, (list, tuple)) or len(session) != 2:  # noqa: PLR2004 - from and to
            _bad(place, "not_a_session")
        start, end = (_minutes(text, place) for text in session)
        if start < latest or end <= start:
            _bad(place, "hours_out_of_order")
        sessions.append((start, end))
        latest = end
    return tuple(sessions)


def _minutes(text: object, place: str) -> int:
    """Read '08:30' (to 24:00) as minutes after midnight."""
    if isinstance(text, str) and len(text) == 5 and text.isascii() and text[2] == ":":  # noqa: PLR2004 - HH:MM
        hour, minute = text[:2], text[3:]
        if hour.isdigit() and minute.isdigit() and int(minute) < 60:  # noqa: PLR2004 - minutes of an hour
            minutes = int(hour) * 60 + int(minute)
            if minutes <= 24 * 60:
                return minutes
    return _bad(place, "not_a_time")


def _table(value: object, place: str) -> Mapping[str, object]:
    """Return a table with texts as keys."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        _bad(place, "not_a_table")
    return value


def _keys(
    table: Mapping[str, object], place: str, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()
) -> None:
    """Refuse missing and unknown keys: an unknown one is a misspelt one."""
    for key in required:
        if key not in table:
            _bad(f"{place}.{key}".lstrip("."), "missing")
    for key in table:
        if key not in required and key not in optional:
            _bad(f"{place}.{key}".lstrip("."), "unknown_key")


def _bad(place: str, why: str) -> NoReturn:
    """Refuse an edition."""
    raise Misused("bad_calendar", place=place, why=why)


def _day_text(ordinal: int) -> str:
    """Write a day as 2023-08-31."""
    return date.fromordinal(ordinal).isoformat()


def _clock_text(minutes: int) -> str:
    """Write minutes after midnight as 08:30."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
