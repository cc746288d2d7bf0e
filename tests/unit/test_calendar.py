"""Working days, office hours and due moments, against golden dates, a second package and slow counting."""

# ruff: noqa: FBT001 - booleans are columns of tables and drawn values here

import calendar as months
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendar import Calendar
from engine.clock import DAY, HOUR, MINUTE, iso, parse_instant
from engine.edition import edition_from_dict
from engine.errors import Misused
from engine.limit import Limit
from engine.limit import parse as limit
from workflows.calendars import shipped_edition

if TYPE_CHECKING:
    from collections.abc import Callable

EDITION = shipped_edition()
CALENDAR = Calendar(EDITION)
FILES = Path(__file__).resolve().parents[2] / "workflows" / "calendars"


def ordinal(text: str) -> int:
    """The ordinal of a written date."""
    return date.fromisoformat(text).toordinal()


def day(number: int) -> str:
    """The written date of an ordinal."""
    return date.fromordinal(number).isoformat()


# ---- golden dates -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "code", "due"),
    [
        ("2023-04-28", "5wd", "2023-05-09"),
        ("2023-05-05", "1wd", "2023-05-06"),
        ("2023-06-21", "3wd", "2023-06-27"),
        ("2023-09-28", "5wd", "2023-10-11"),
        ("2025-01-24", "5wd", "2025-02-07"),
        ("2025-09-30", "3wd", "2025-10-11"),
        ("2026-02-13", "5wd", "2026-02-27"),
        ("2023-05-08", "15d", "2023-05-23"),
        ("2023-05-10", "60d", "2023-07-10"),
        ("2023-08-02", "60d", "2023-10-07"),
    ],
)
def test_golden_dates(start: str, code: str, due: str) -> None:
    """The ten hard cases fall due on their days, counted from the date and from an instant in office hours."""
    assert day(CALENDAR.due_day(ordinal(start), limit(code))) == due
    moment = CALENDAR.due(parse_instant(f"{start} 10:00"), limit(code))
    closes = f"{due}T17:30:00+08:00" if code.endswith("wd") else f"{day(ordinal(due) + 1)}T00:00:00+08:00"
    assert iso(moment) == closes


def test_without_rolling_a_limit_ends_on_a_day_off() -> None:
    """With rolling switched off, calendar days and months end where they end."""
    assert day(CALENDAR.due_day(ordinal("2023-05-10"), limit("60d"), roll=False)) == "2023-07-09"
    assert day(CALENDAR.due_day(ordinal("2023-09-01"), limit("1mo"), roll=False)) == "2023-10-01"
    assert day(CALENDAR.due_day(ordinal("2023-09-01"), limit("1mo"))) == "2023-10-07"


def test_make_up_workdays() -> None:
    """The make-up workdays 2023-2026 are exactly the published ones."""
    expected = {
        "2023": "01-28 01-29 04-23 05-06 06-25 10-07 10-08",
        "2024": "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
        "2025": "01-26 02-08 04-27 09-28 10-11",
        "2026": "01-04 02-14 02-28 05-09 09-20 10-10",
    }
    for year, listed in expected.items():
        days = range(ordinal(f"{year}-01-01"), ordinal(f"{year}-12-31") + 1)
        assert " ".join(day(d)[5:] for d in days if CALENDAR.reason(d)[0] == "makeup") == listed


def test_working_days_of_the_campaign() -> None:
    """From 2023-05-01 to 2023-08-31 there are 86 working days."""
    assert CALENDAR.workdays(ordinal("2023-04-30"), ordinal("2023-08-31")) == 86


def test_every_day_is_as_a_second_package_says() -> None:
    """Every day 2007-2026 is a working day exactly when chinesecalendar says so."""
    for number in range(ordinal("2007-01-01"), ordinal("2026-12-31") + 1):
        assert CALENDAR.is_workday(number) == chinese_calendar.is_workday(date.fromordinal(number)), day(number)


# ---- slow counting, day by day and minute by minute, sharing no code with the engine ------------------------------


def _tables() -> tuple[dict[date, bool], set[int]]:
    off: dict[date, bool] = {}
    years = set()
    for path in sorted(FILES.glob("2*.json")):
        table = json.loads(path.read_text(encoding="utf-8"))
        years.add(table["year"])
        for text in table["off"]:
            off[date.fromisoformat(text)] = True
        for text in table["work"]:
            off[date.fromisoformat(text)] = False
    return off, years


OFF, YEARS = _tables()


def works(d: date) -> bool:
    """Whether a day is a working day, by the files and the law."""
    if d in OFF:
        return not OFF[d]
    fixed = {(1, 1), (5, 1), (10, 1), (10, 2), (10, 3)} | ({(5, 2)} if d.year >= 2025 else set())
    if d.year > max(YEARS) and (d.month, d.day) in fixed:
        return False
    return d.weekday() < 5


def in_office(moment: datetime) -> bool:
    """Whether the minute that begins here is office time."""
    return works(moment.date()) and ("08:30" <= f"{moment:%H:%M}" < "12:00" or "13:00" <= f"{moment:%H:%M}" < "17:30")


def micros(moment: datetime) -> int:
    """The instant of a naive Shanghai time."""
    return (moment - datetime(1970, 1, 1, 8)) // timedelta(microseconds=1)  # noqa: DTZ001 - civil time throughout


def walk(d: date, amount: int) -> date:
    """The n-th working day after or before, one day at a time."""
    step = timedelta(days=1 if amount > 0 else -1)
    for _ in range(abs(amount)):
        d += step
        while not works(d):
            d += step
    return d


def slow_opening(moment: datetime) -> datetime:
    """The next minute of office time."""
    while not in_office(moment):
        moment += timedelta(minutes=1)
    return moment


def slow_add(moment: datetime, minutes: int) -> datetime:
    """Add office minutes one by one; negative ones backwards."""
    step = timedelta(minutes=1)
    while minutes > 0:
        minutes -= in_office(moment)
        moment += step
    while minutes < 0:
        moment -= step
        minutes += in_office(moment)
    return moment


def slow_due(start: datetime, code: Limit, *, roll: bool) -> datetime:
    """The due moment, counted on the fingers."""
    amount, unit = code
    if unit == "h":
        return start + timedelta(hours=amount)
    if unit == "wh":
        return slow_add(slow_opening(start), amount * 60)
    if unit == "wd":
        return datetime.combine(walk(slow_opening(start).date(), amount), datetime.min.time()) + timedelta(hours=17.5)
    d = start.date()
    if unit == "on":
        d = date.fromordinal(amount)
        return datetime(d.year, d.month, d.day, 17, 30)  # noqa: DTZ001 - civil time
    if unit == "d":
        for _ in range(amount):
            d += timedelta(days=1)
    else:
        year, month = d.year, d.month
        for _ in range(amount):
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        d = date(year, month, min(d.day, months.monthrange(year, month)[1]))
    while roll and not works(d):
        d += timedelta(days=1)
    return datetime.combine(d, datetime.min.time()) + timedelta(days=1)


DATES = st.dates(date(2006, 12, 1), date(2029, 12, 31))
# near the feasts, where the counting is hard, as often as anywhere
MOMENTS = st.builds(
    lambda d, shift, minute: datetime(d.year, d.month, d.day) + timedelta(days=shift, minutes=minute),  # noqa: DTZ001
    st.sampled_from(sorted(OFF)[5:]) | DATES,
    st.integers(-3, 3),
    st.integers(0, 24 * 60 - 1) | st.sampled_from([0, 510, 719, 720, 780, 1049, 1050]),
)
LIMITS = (
    st.builds(Limit, st.integers(1, 72), st.just("h"))
    | st.builds(Limit, st.integers(1, 24), st.just("wh"))
    | st.builds(Limit, st.integers(1, 40), st.just("wd"))
    | st.builds(Limit, st.integers(1, 400), st.just("d"))
    | st.builds(Limit, st.integers(1, 30), st.just("mo"))
    | st.builds(lambda d: Limit(d.toordinal(), "on"), DATES)
)


def test_every_day_is_as_the_files_and_the_law_say() -> None:
    """Every day from 2006-12 to 2030 is a working day exactly when the slow reading says so."""
    for number in range(ordinal("2006-12-01"), ordinal("2030-12-31") + 1):
        assert CALENDAR.is_workday(number) == works(date.fromordinal(number)), day(number)


@given(DATES, st.integers(-400, 400))
def test_workdays_are_those_counted_one_by_one(start: date, length: int) -> None:
    """The count of working days equals counting them, and turns its sign with its direction."""
    end = start + timedelta(days=length)
    low, high = sorted((start, end))
    count = sum(works(low + timedelta(days=n + 1)) for n in range((high - low).days))
    assert CALENDAR.workdays(low.toordinal(), high.toordinal()) == count
    assert CALENDAR.workdays(high.toordinal(), low.toordinal()) == -count


@given(DATES, st.integers(-120, 120).filter(bool))
def test_the_nth_working_day_is_the_one_walked_to(start: date, amount: int) -> None:
    """Adding working days equals walking to them, forwards and back."""
    assert CALENDAR.add_workdays(start.toordinal(), amount) == walk(start, amount).toordinal()


@given(DATES)
def test_no_working_days_is_the_day_or_the_next(start: date) -> None:
    """Adding none keeps a working day and moves a day off to the next working day."""
    expected = start if works(start) else walk(start, 1)
    assert CALENDAR.add_workdays(start.toordinal(), 0) == expected.toordinal()


@given(MOMENTS)
def test_opening_is_the_next_minute_of_office_time(moment: datetime) -> None:
    """The opening equals waiting, minute by minute, for office hours."""
    assert iso(CALENDAR.opening(micros(moment))) == iso(micros(slow_opening(moment)))


@pytest.mark.parametrize(
    ("at", "opening"),
    [
        ("2023-05-08 08:29", "2023-05-08T08:30:00+08:00"),
        ("2023-05-08 08:30", "2023-05-08T08:30:00+08:00"),
        ("2023-05-08 11:59:59.999999", "2023-05-08T11:59:59.999999+08:00"),
        ("2023-05-08 12:00", "2023-05-08T13:00:00+08:00"),
        ("2023-05-08 17:29:59", "2023-05-08T17:29:59+08:00"),
        ("2023-05-08 17:30", "2023-05-09T08:30:00+08:00"),
        ("2023-05-05 18:00", "2023-05-06T08:30:00+08:00"),
        ("2023-04-28 18:00", "2023-05-04T08:30:00+08:00"),
    ],
)
def test_opening_at_the_edges(at: str, opening: str) -> None:
    """The closing moment is closed, midday is within the day, a make-up Saturday is open."""
    assert iso(CALENDAR.opening(parse_instant(at))) == opening


@settings(max_examples=50)
@given(MOMENTS, st.integers(0, 12 * 24 * 60))
def test_worktime_is_the_minutes_counted_one_by_one(start: datetime, length: int) -> None:
    """Office time equals counting its minutes, and turns its sign with its direction."""
    end = start + timedelta(minutes=length)
    count = sum(in_office(start + timedelta(minutes=n)) for n in range(length))
    assert CALENDAR.worktime(micros(start), micros(end)) == count * MINUTE
    assert CALENDAR.worktime(micros(end), micros(start)) == -count * MINUTE


@settings(max_examples=50)
@given(MOMENTS, st.integers(-2000, 2000) | st.sampled_from([210, 270, 480, 960, -210, -270, -480, -960]))
def test_added_worktime_is_the_minutes_walked_one_by_one(start: datetime, minutes: int) -> None:
    """Adding office time equals walking its minutes, forwards and back, and ends at a session's own edge."""
    assert iso(CALENDAR.add_worktime(micros(start), minutes * MINUTE)) == iso(micros(slow_add(start, minutes)))


@given(MOMENTS, st.integers(-5 * DAY, 5 * DAY), st.integers(0, DAY))
def test_added_worktime_has_passed_to_the_microsecond(start: datetime, amount: int, odd: int) -> None:
    """Between an instant and the one with office time added lies exactly that office time."""
    at = micros(start) + odd
    assert CALENDAR.worktime(at, CALENDAR.add_worktime(at, amount)) == amount


@pytest.mark.parametrize(
    ("at", "hours", "expected"),
    [
        ("2023-05-08 08:30", 3.5, "2023-05-08T12:00:00+08:00"),
        ("2023-05-08 08:30", 8, "2023-05-08T17:30:00+08:00"),
        ("2023-05-08 12:30", 0, "2023-05-08T12:30:00+08:00"),
        ("2023-05-08 17:30", -4.5, "2023-05-08T13:00:00+08:00"),
        ("2023-05-05 17:00", 1, "2023-05-06T09:00:00+08:00"),
    ],
)
def test_worktime_ends_at_a_sessions_edge(at: str, hours: float, expected: str) -> None:
    """Time used up exactly at noon or at close of business ends there, not at the next opening."""
    assert iso(CALENDAR.add_worktime(parse_instant(at), int(hours * HOUR))) == expected


@settings(max_examples=150)
@given(MOMENTS, LIMITS, st.booleans())
def test_due_is_as_counted_on_the_fingers(start: datetime, code: Limit, roll: bool) -> None:
    """The due moment of every kind of limit equals the slow count."""
    assert iso(CALENDAR.due(micros(start), code, roll)) == iso(micros(slow_due(start, code, roll=roll)))


@given(DATES.filter(works), LIMITS.filter(lambda code: code.unit not in {"h", "wh"}), st.booleans())
def test_due_day_is_the_day_of_due(start: date, code: Limit, roll: bool) -> None:
    """From a working day, the bare date and an instant in its office hours lead to one due day."""
    at = micros(datetime(start.year, start.month, start.day, 10))  # noqa: DTZ001 - civil time
    moment = CALENDAR.due(at, code, roll)
    assert (moment + 8 * HOUR - 1) // DAY + ordinal("1970-01-01") == CALENDAR.due_day(start.toordinal(), code, roll)


@pytest.mark.parametrize(
    ("start", "code", "due"),
    [
        ("2023-05-08 17:00", "2h", "2023-05-08T19:00:00+08:00"),
        ("2023-05-06 23:00", "2h", "2023-05-07T01:00:00+08:00"),
        ("2023-05-08 17:00", "4wh", "2023-05-09T12:00:00+08:00"),
        ("2023-05-07 23:00", "4wh", "2023-05-08T13:30:00+08:00"),
        ("2023-05-08 17:29", "1wd", "2023-05-09T17:30:00+08:00"),
        ("2023-05-08 17:30", "1wd", "2023-05-10T17:30:00+08:00"),
        ("2023-04-29 10:00", "1wd", "2023-05-05T17:30:00+08:00"),
        ("2024-01-31 10:00", "1mo", "2024-03-01T00:00:00+08:00"),
        ("2023-11-30 10:00", "1y", "2024-12-03T00:00:00+08:00"),
        ("2023-05-08 10:00", "2023-07-09", "2023-07-09T17:30:00+08:00"),
    ],
)
def test_due_by_unit(start: str, code: str, due: str) -> None:
    """Hours start at once, working units at the opening; months end on the corresponding day; a fixed date stays."""
    assert iso(CALENDAR.due(parse_instant(start), limit(code))) == due


@pytest.mark.parametrize(
    ("start", "code", "due"),
    [
        ("2023-05-08", "2h", "2023-05-08"),
        ("2023-05-08", "8wh", "2023-05-08"),
        ("2023-05-08", "9wh", "2023-05-09"),
        ("2023-05-07", "2h", "2023-05-08"),
        ("2023-05-07", "1wd", "2023-05-08"),
        ("2023-05-07", "2023-07-09", "2023-07-09"),
    ],
)
def test_due_day_of_a_bare_date(start: str, code: str, due: str) -> None:
    """Hours count from the day's opening or the next one; a bare day off is a start day like any other."""
    assert day(CALENDAR.due_day(ordinal(start), limit(code))) == due


# ---- pauses -------------------------------------------------------------------------------------------------------


# ---- unpublished years --------------------------------------------------------------------------------------------


def test_a_limit_into_late_december_is_provisional() -> None:
    """5 working days from 2026-12-14 end on 2026-12-21, which the notice of 2027 may still move."""
    assert day(CALENDAR.due_day(ordinal("2026-12-14"), limit("5wd"))) == "2026-12-21"
    assert CALENDAR.provisional(ordinal("2026-12-14"), ordinal("2026-12-21"))
    assert CALENDAR.due_is_provisional(parse_instant("2026-12-14 10:00"), limit("5wd"))
    assert not CALENDAR.due_is_provisional(parse_instant("2026-12-11 10:00"), limit("5wd"))


@pytest.mark.parametrize(
    ("after", "until", "expected"),
    [
        ("2026-12-01", "2026-12-19", False),
        ("2026-12-19", "2026-12-20", True),
        ("2026-12-20", "2026-12-20", False),
        ("2025-12-20", "2026-01-10", False),
        ("2030-01-01", "2030-02-01", True),
        ("2006-12-31", "2007-01-01", False),
        ("2006-12-30", "2006-12-31", True),
        ("1995-01-01", "2010-01-01", True),
    ],
)
def test_provisional_spans(after: str, until: str, expected: bool) -> None:
    """Unpublished years and the days from 20 December before them are provisional, published ones are not."""
    assert CALENDAR.provisional(ordinal(after), ordinal(until)) is expected


@pytest.mark.parametrize(
    ("start", "code", "roll", "expected"),
    [
        ("2027-03-01 10:00", "2h", True, False),
        ("2027-03-01 10:00", "2h", False, False),
        ("2027-03-01 10:00", "4wh", True, True),
        ("2026-03-01 10:00", "2027-03-01", True, False),
        ("2026-11-20 10:00", "60d", True, True),
        ("2026-11-20 10:00", "60d", False, False),
        ("2026-11-19 10:00", "30d", True, True),
        ("2026-11-16 10:00", "1mo", True, False),
        ("2026-12-16 10:00", "1mo", True, True),
        ("2006-12-25 10:00", "30d", True, False),
    ],
)
def test_only_what_leans_on_an_unpublished_year_is_provisional(
    start: str,
    code: str,
    roll: bool,
    expected: bool,
) -> None:
    """Continuous hours, fixed dates and limits that do not move off days off lean on no table."""
    assert CALENDAR.due_is_provisional(parse_instant(start), limit(code), roll) is expected


def test_a_gap_between_published_years_is_provisional() -> None:
    """A year missing between two published ones is provisional, with the December before it."""
    data = EDITION.to_dict()
    years = data["years"]
    assert isinstance(years, dict)
    del years["2024"]
    gap = Calendar(edition_from_dict(data))
    assert gap.provisional(ordinal("2023-12-19"), ordinal("2023-12-20"))
    assert gap.provisional(ordinal("2024-12-30"), ordinal("2024-12-31"))
    assert not gap.provisional(ordinal("2024-12-31"), ordinal("2025-12-31"))
    assert [gap.is_workday(ordinal(d)) for d in ("2024-02-12", "2024-02-18", "2024-10-02", "2024-05-02")] == [
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2023-05-08", ("workday", "", "")),
        ("2023-05-07", ("weekend", "", "")),
        ("2027-05-02", ("statutory_provisional", "labour_day", "")),
        ("2027-05-03", ("workday", "", "")),
        ("2027-10-03", ("statutory_provisional", "national_day", "")),
        ("2028-01-01", ("statutory_provisional", "new_year", "")),
        ("2005-10-03", ("workday", "", "")),
    ],
)
def test_reasons_without_a_notice(text: str, reason: tuple[str, str, str]) -> None:
    """Ordinary days, and fixed statutory days of an unpublished year, give their kind without a notice."""
    assert CALENDAR.reason(ordinal(text)) == reason


@pytest.mark.parametrize(
    ("text", "kind", "name", "notice"),
    [
        ("2023-05-01", "holiday", "劳动节", "content_5730844"),
        ("2022-12-31", "holiday", "元旦", "content_5730844"),
        ("2007-12-31", "holiday", "元旦", "content_1645"),
        ("2018-12-29", "makeup", "元旦", "content_5346276"),
        ("2023-05-06", "makeup", "劳动节", "content_5730844"),
        ("2020-02-03", "workday", "春节", "content_5472352"),
        ("2019-05-03", "holiday", "劳动节", "content_5375877"),
    ],
)
def test_reasons_name_their_notice(text: str, kind: str, name: str, notice: str) -> None:
    """A day of a notice gives its kind, its feast and the notice it came from, the December before included."""
    found = CALENDAR.reason(ordinal(text))
    assert found[:2] == (kind, name)
    assert notice in found[2]


def test_reason_and_workday_agree() -> None:
    """The kind says of every day whether it counts just as the counting does."""
    for number in range(ordinal("2006-01-01"), ordinal("2028-12-31") + 1):
        assert (CALENDAR.reason(number)[0] in {"workday", "makeup"}) == CALENDAR.is_workday(number), day(number)


def test_days_out_of_range_are_refused() -> None:
    """A day that cannot be held is refused, whether given or reached, rather than counted by guess."""
    asks: list[Callable[[], object]] = [
        lambda: CALENDAR.is_workday(ordinal("1991-12-30")),
        lambda: CALENDAR.is_workday(ordinal("2100-01-01")),
        lambda: CALENDAR.add_workdays(ordinal("2099-12-30"), 5),
        lambda: CALENDAR.workdays(ordinal("2023-01-01"), ordinal("2100-01-01")),
        lambda: CALENDAR.due_day(ordinal("2023-01-01"), limit("9999mo")),
        lambda: CALENDAR.due_day(ordinal("2090-01-01"), limit("9999d")),
    ]
    for ask in asks:
        with pytest.raises(Misused, match="instant_out_of_range"):
            ask()
