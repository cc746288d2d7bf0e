"""Reading an edition of the calendar from data, with every fault refused at its place: what is stored was read here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NoReturn

from engine.calendar import Edition, Local, Period, Year, day_text
from engine.clock import FIRST_DAY, LAST_DAY
from engine.errors import Misused

ZONE = "Asia/Shanghai"
"""The one zone that days and hours are written in."""

_FIRST_YEAR = date.fromordinal(FIRST_DAY).year
_LAST_YEAR = date.fromordinal(LAST_DAY).year

Days = tuple[tuple[int, str], ...]


def edition_from_dict(data: Mapping[str, object]) -> Edition:
    """Read and check an edition: `{"id", "hours": [["08:30", "12:00"], …], "years": {"2023": {…}}}`.

    A year is `{"notice", "off", "work"}`; `off` and `work` map dates to names. A year with neither notice nor days is
    not published and is left out. Hours that change are `[{"sessions": […]}, {"from": "2027-05-01", "sessions": […]}]`,
    and `"local"` lists local days, each list as a year's. Raises `Misused` (`bad_calendar`, with `place` and `why`) for
    the first fault found: a day both off and at work, a date that does not exist or belongs to another year, hours that
    overlap, are out of order or empty, another zone, a key that is not known.
    """
    keys(data, "", required=("id", "hours", "years"), optional=("local", "zone"))
    if data.get("zone", ZONE) != ZONE:
        bad("zone", "wrong_zone")
    name = data["id"]
    if not isinstance(name, str) or not name:
        bad("id", "not_a_text")
    years = []
    for key, value in sorted(_table(data["years"], "years").items()):
        year = _year(key, _table(value, f"years.{key}"))
        if year.off:
            years.append(year)
    return Edition(name, periods(data["hours"]), tuple(years), local_days(data.get("local", [])))


def _year(key: str, table: Mapping[str, object]) -> Year:
    """Read one year; it has no days when it is not published."""
    place = f"years.{key}"
    if not (len(key) == 4 and key.isascii() and key.isdigit() and _FIRST_YEAR <= int(key) <= _LAST_YEAR):  # noqa: PLR2004 - YYYY
        bad(place, "not_a_year")
    notice, off, work = _named(table, place, int(key))
    if notice and not off:
        bad(place, "days_missing")
    return Year(int(key), notice, off, work)


def local_days(value: object) -> tuple[Local, ...]:
    """Read lists of local days: `[{"notice", "off", "work"}]`; raises `Misused("bad_calendar")`."""
    if not isinstance(value, (list, tuple)):
        bad("local", "not_a_list")
    found = []
    for number, days in enumerate(value, 1):
        place = f"local.{number}"
        local = Local(*_named(_table(days, place), place, None))
        if not local.off and not local.work:
            bad(place, "days_missing")
        found.append(local)
    return tuple(found)


def _named(
    table: Mapping[str, object], place: str, year: int | None
) -> tuple[str, tuple[tuple[int, str], ...], tuple[tuple[int, str], ...]]:
    """Read what one notice says: notice, days off, days at work."""
    keys(table, place, optional=("notice", "off", "work"))
    notice = table.get("notice", "")
    if not isinstance(notice, str):
        bad(f"{place}.notice", "not_a_text")
    off, work = (_days_of(year, table.get(part, {}), f"{place}.{part}") for part in ("off", "work"))
    both = set(dict(off)) & set(dict(work))
    if both:
        bad(f"{place}.work.{day_text(min(both))}", "off_and_work")
    if (off or work) and not notice.strip():
        bad(place, "notice_missing")
    return notice, off, work


def _days_of(year: int | None, value: object, place: str) -> tuple[tuple[int, str], ...]:
    """Read a table of days, sorted; those of a year may lie in the December before and the January after it."""
    days = []
    for text, name in _table(value, place).items():
        try:
            day = date.fromisoformat(text)
        except ValueError:
            bad(f"{place}.{text}", "no_such_date")
        if day.isoformat() != text:
            bad(f"{place}.{text}", "no_such_date")
        if year is None and not FIRST_DAY <= day.toordinal() <= LAST_DAY:
            bad(f"{place}.{text}", "no_such_date")
        if year and day.year != year and (day.year, day.month) not in {(year - 1, 12), (year + 1, 1)}:
            bad(f"{place}.{text}", "not_of_this_year")
        if not isinstance(name, str) or not name:
            bad(f"{place}.{text}", "not_a_text")
        days.append((day.toordinal(), name))
    return tuple(sorted(days))


def periods(value: object, *, added: bool = False) -> tuple[Period, ...]:
    """Read office hours: the sessions of a working day, or `[{"sessions"}, {"from", "sessions"}, …]` by first day.

    Those `added` to others all say from which day on. Raises `Misused("bad_calendar")`.
    """
    if not isinstance(value, (list, tuple)) or not value:
        bad("hours", "hours_missing")
    if not added and not any(isinstance(period, Mapping) for period in value):
        return (Period(0, _sessions(value, "hours")),)
    found: list[Period] = []
    for number, entry in enumerate(value, 1):
        place = f"hours.{number}"
        period = _table(entry, place)
        dated = added or number > 1
        keys(period, place, required=("from", "sessions") if dated else ("sessions",))
        first = _first_day(period["from"], f"{place}.from") if dated else 0
        if found and first <= found[-1].first:
            bad(f"{place}.from", "periods_out_of_order")
        found.append(Period(first, _sessions(period["sessions"], f"{place}.sessions")))
    return tuple(found)


def _first_day(text: object, place: str) -> int:
    """Read the day from which hours hold."""
    days = _days_of(None, {text: "-"}, place) if isinstance(text, str) else ()
    return days[0][0] if days else bad(place, "no_such_date")


def _sessions(value: object, place: str) -> tuple[tuple[int, int], ...]:
    """Read the sessions of a working day: at least one, in order, none empty, without overlap."""
    if not isinstance(value, (list, tuple)) or not value:
        bad(place, "hours_missing")
    sessions: list[tuple[int, int]] = []
    for number, session in enumerate(value, 1):
        here = f"{place}.{number}"
        if not isinstance(session, (list, tuple)) or len(session) != 2:  # noqa: PLR2004 - from and to
            bad(here, "not_a_session")
        start, end = (_minutes(text, here) for text in session)
        if end == start:
            bad(here, "session_empty")
        if end < start:
            bad(here, "session_backwards")
        if sessions and start < sessions[-1][1]:
            bad(here, "sessions_overlap" if end > sessions[-1][0] else "hours_out_of_order")
        sessions.append((start, end))
    return tuple(sessions)


def _minutes(text: object, place: str) -> int:
    """Read '08:30' (to 24:00) as minutes after midnight."""
    if isinstance(text, str) and len(text) == 5 and text.isascii() and text[2] == ":":  # noqa: PLR2004 - HH:MM
        hour, minute = text[:2], text[3:]
        if hour.isdigit() and minute.isdigit() and int(minute) < 60:  # noqa: PLR2004 - minutes of an hour
            minutes = int(hour) * 60 + int(minute)
            if minutes <= 24 * 60:
                return minutes
    return bad(place, "not_a_time")


def _table(value: object, place: str) -> Mapping[str, object]:
    """Return a table with texts as keys."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        bad(place, "not_a_table")
    return value


def keys(
    table: Mapping[str, object], place: str, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()
) -> None:
    """Refuse missing and unknown keys: an unknown one is a misspelt one."""
    for key in required:
        if key not in table:
            bad(f"{place}.{key}".lstrip("."), "missing")
    for key in table:
        if key not in required and key not in optional:
            bad(f"{place}.{key}".lstrip("."), "unknown_key")


def bad(place: str, why: str, **more: str) -> NoReturn:
    """Refuse an edition."""
    raise Misused("bad_calendar", place=place, why=why, **more)
