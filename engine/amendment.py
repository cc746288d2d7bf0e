"""What a newly loaded file makes of an edition: a further year, local days, office hours from a day on, or all of it anew.

Nothing is overwritten in silence: of two notices that name a day differently, the newer must say that it changes the
older, by listing it among its own (`"notice": "older newer"`), as the shipped tables of amended years do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calendar import Calendar, Edition, Local, Period, Year, day_text, statutory_days
from engine.edition import bad, edition_from_dict, keys, periods

if TYPE_CHECKING:
    from collections.abc import Mapping

    Table = Mapping[str, object]
    Source = Year | Local


def amended(old: Edition, data: Table) -> Edition:
    """Return the edition that a file makes of `old`.

    `{"year": 2027, "notice", "off", "work"}` adds a year (the shipped form). `{"years": {…}}`, `{"local": […]}` and
    `{"hours": [{"from", "sessions"}]}`, alone or together, add to what there is. With an `"id"` it is a whole edition,
    in which nothing known may be missing. Raises `Misused("bad_calendar", place, why)` for the first fault.
    """
    if "id" in data:
        given = edition_from_dict(data)
        _complete(old, given)
        hours = given.hours
    else:
        given = _part(old, data)
        hours = _joined(old.hours, periods(data["hours"], added=True)) if "hours" in data else old.hours
    new = old._replace(hours=hours)
    for year in given.years:
        if year not in old.years:
            _check_year(new, year)
            others = [one for one in new.years if one.year != year.year]
            new = new._replace(years=tuple(sorted([*others, year])))
    for number, local in enumerate(given.local, 1):
        if local not in old.local:
            _check_days(new, local, f"local.{number}", [*new.years, *new.local])
            new = new._replace(local=(*new.local, local))
    return new


def _part(old: Edition, data: Table) -> Edition:
    """Read a file that adds to an edition; what it does not speak of is empty."""
    if "year" in data:
        keys(data, "", required=("year", "notice", "off"), optional=("work", "zone"))
        table = {key: value for key, value in data.items() if key not in ("year", "zone")}
        data = {"years": {str(data["year"]): table}} | {key: data[key] for key in ("zone",) if key in data}
    keys(data, "", optional=("years", "local", "hours", "zone"))
    if not data:
        bad("", "nothing_given")
    hours = old.to_dict()["hours"]  # those of the file are no whole: they are read by themselves
    given = edition_from_dict({"id": old.id, "years": {}} | dict(data) | {"hours": hours})
    years = data.get("years", {})
    for name in sorted(years if isinstance(years, dict) else ()):
        if int(name) not in {year.year for year in given.years}:
            bad(f"years.{name}", "days_missing")
    return given


def _joined(old: tuple[Period, ...], added: tuple[Period, ...]) -> tuple[Period, ...]:
    """Put periods among those there are; one that begins on the same day takes the other's place."""
    by_day = {period.first: period for period in (*old, *added)}
    return tuple(by_day[first] for first in sorted(by_day))


def _complete(old: Edition, given: Edition) -> None:
    """Refuse a whole edition that is another calendar's, or in which something known is missing."""
    if given.id != old.id:
        bad("id", "another_calendar")
    known = {year.year for year in given.years}
    for year in old.years:
        if year.year not in known:
            bad(f"years.{year.year}", "year_lost")
    for local in old.local:
        if local not in given.local:
            bad("local", "local_lost", notice=local.notice)


def _check_year(old: Edition, year: Year) -> None:
    """Refuse a year without its fixed statutory days, and what any notice refuses."""
    place = f"years.{year.year}"
    missing = statutory_days(year.year).keys() - dict(year.off).keys()
    if missing:
        bad(f"{place}.off.{day_text(min(missing))}", "statutory_missing")
    above: list[Source] = [*(one for one in old.years if one.year > year.year), *old.local]
    for source in above:
        day = _contradicted(source, year)
        if day is not None:
            bad(f"{place}.{day_text(day)}", "overruled", notice=source.notice)
    _check_days(old, year, place, [one for one in old.years if one.year <= year.year])


def _check_days(old: Edition, new: Source, place: str, before: list[Source]) -> None:
    """Refuse a make-up day on a working day, and a day named differently by a notice that the new one does not list."""
    listed = set(new.notice.split())
    for source in before:
        day = _contradicted(source, new)
        if day is not None and not set(source.notice.split()) < listed:
            bad(f"{place}.{day_text(day)}", "contradicts", notice=source.notice)
    calendar = Calendar(old)
    for day, _ in new.work:
        if 0 < day % 7 < 6 and calendar.is_workday(day) and len(listed) == 1:  # noqa: PLR2004 - Saturday is 6
            bad(f"{place}.work.{day_text(day)}", "makeup_on_weekday")


def _contradicted(old: Source, new: Source) -> int | None:
    """Return the first day of which two notices say different things; of one year, also what only one of them names."""
    before = dict.fromkeys(dict(old.off), False) | dict.fromkeys(dict(old.work), True)
    after = dict.fromkeys(dict(new.off), False) | dict.fromkeys(dict(new.work), True)
    if isinstance(old, Year) and isinstance(new, Year) and old.year == new.year:
        days = [day for day in before.keys() | after.keys() if before.get(day) != after.get(day)]
    else:
        days = [day for day in before.keys() & after.keys() if before[day] != after[day]]
    return min(days, default=None)
