"""Instants and civil time in Shanghai."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import clock
from engine.errors import Misused

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = 1_683_509_400_000_000  # 2023-05-08 09:30 in Shanghai: 19485 days and 1 h 30 min after 1970-01-01 UTC


def test_every_day_to_2040_is_as_the_time_zone_says() -> None:
    """From 1992 to 2040 each day begins, in our arithmetic, when the zone database says that it does."""
    day = date(1992, 1, 1)
    while day.year <= 2040:
        start = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
        at = clock.start_of_day(day)
        assert at == round(start.timestamp()) * clock.SECOND
        assert clock.ordinal_of(at) == day.toordinal()
        assert clock.ordinal_of(at - 1) == day.toordinal() - 1
        noon = start.replace(hour=12)
        assert clock.civil(at + 12 * clock.HOUR).replace(tzinfo=None) == noon.replace(tzinfo=None)
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-05-08", "2023-05-08T00:00:00+08:00"),
        ("2023-05-08 09:30", "2023-05-08T09:30:00+08:00"),
        ("2023-05-08T09:30:00", "2023-05-08T09:30:00+08:00"),
        ("2023-05-08T09:30:00.25", "2023-05-08T09:30:00.250000+08:00"),
        ("2023-05-08T01:30:00Z", "2023-05-08T09:30:00+08:00"),
        ("2023-05-08T09:30:00+08:00", "2023-05-08T09:30:00+08:00"),
        ("2023-05-07T22:00-0330", "2023-05-08T09:30:00+08:00"),
        ("2023/5/8 9:30:12", "2023-05-08T09:30:12+08:00"),
        ("2023.5.8", "2023-05-08T00:00:00+08:00"),
        ("2023年5月8日", "2023-05-08T00:00:00+08:00"),
        ("2023年5月8日 9:30", "2023-05-08T09:30:00+08:00"),
        ("2023年5月8日9:30", "2023-05-08T09:30:00+08:00"),
        (" 2023-05-08\n", "2023-05-08T00:00:00+08:00"),
        ("1992-01-01", "1992-01-01T00:00:00+08:00"),
        ("2099-12-31 23:59:59.999999", "2099-12-31T23:59:59.999999+08:00"),
    ],
)
def test_every_written_form_is_read(text: str, expected: str) -> None:
    """Each form of a date or time is read as the instant it names, an unnamed offset as Shanghai's."""
    assert clock.iso(clock.parse_instant(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "20230508",
        "2023-5/8",
        "2023-02-30",
        "2023-05-08 24:00",
        "2023-05-08 09:60",
        "2023-05-08 9",
        "23-5-8",
        "2023-W19-1",
        "２０２３-05-08",
        "2023-05-08T09:30+25:00",
        "2023-05-08T09:30+08:99",
        "2023-05-08+08:00",
        "2023.5.8x",
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    """A text that is no date and time raises `bad_instant` with the text in its data."""
    with pytest.raises(Misused) as refused:
        clock.parse_instant(text)
    assert (refused.value.code, refused.value.data) == ("bad_instant", {"text": text})


@pytest.mark.parametrize(
    "text", ["1991-12-31", "1986-05-04 12:00", "1991-12-31 23:59:59.999999", "2100-01-01", "0001-01-01"]
)
def test_instants_out_of_range_are_refused(text: str) -> None:
    """An instant of the years of summer time, or after 2099, is refused in every way of making one."""
    with pytest.raises(Misused, match="instant_out_of_range"):
        clock.parse_instant(text)
    moment = datetime.fromisoformat(text)
    with pytest.raises(Misused, match="instant_out_of_range"):
        clock.from_datetime(moment)
    with pytest.raises(Misused, match="instant_out_of_range"):
        clock.start_of_day(moment.date())


def test_a_naive_datetime_is_read_as_shanghai() -> None:
    """A naive datetime is Shanghai's civil time, an aware one keeps its own zone."""
    assert clock.from_datetime(datetime(2023, 5, 8, 9, 30)) == AT  # noqa: DTZ001 - the point of the test
    assert clock.from_datetime(datetime(2023, 5, 8, 1, 30, tzinfo=UTC)) == AT
    assert clock.from_datetime(datetime(2023, 5, 8, 10, 30, tzinfo=timezone(timedelta(hours=9)))) == AT


def test_the_parts_of_an_instant_agree() -> None:
    """Day, ordinal, time of day and the making of an instant are inverse to each other."""
    assert clock.instant(date(2023, 5, 8), 9, 30) == AT
    assert clock.day_of(AT) == date(2023, 5, 8)
    assert clock.start_of_day(clock.ordinal_of(AT)) + clock.time_of_day(AT) == AT
    assert clock.time_of_day(AT) == 9 * clock.HOUR + 30 * clock.MINUTE


def test_a_due_moment_at_midnight_closes_the_day_before() -> None:
    """24:00 closes the day that it ends, any other moment its own day."""
    midnight = clock.start_of_day(date(2023, 5, 9))
    assert clock.closing_ordinal(midnight) == date(2023, 5, 8).toordinal()
    assert clock.closing_ordinal(midnight + 1) == date(2023, 5, 9).toordinal()
    assert clock.closing_ordinal(midnight + clock.DAY - 1) == date(2023, 5, 9).toordinal()


@given(st.integers(clock.start_of_day(clock.FIRST_DAY), clock.start_of_day(clock.LAST_DAY) + clock.DAY - 1))
def test_writing_and_reading_are_inverse(at: int) -> None:
    """Every instant survives being written and read again, to the microsecond, as text and as datetime."""
    assert clock.parse_instant(clock.iso(at)) == at
    assert clock.from_datetime(clock.civil(at)) == at
    assert clock.day_of(at) == clock.civil(at).date()


def test_system_time_is_the_present() -> None:
    """The system's time lies between two looks at the computer's clock."""
    before = datetime.now(UTC)
    now = clock.SystemTime().now()
    assert clock.from_datetime(before) <= now <= clock.from_datetime(datetime.now(UTC))


def test_stepped_time_moves_only_forward() -> None:
    """A stepped clock stands still, moves on when told, and refuses to go back."""
    stepped = clock.SteppedTime(AT)
    assert stepped.now() == stepped.now() == AT
    stepped.advance(clock.HOUR)
    stepped.set(AT + clock.HOUR)
    assert stepped.now() == AT + clock.HOUR
    with pytest.raises(Misused, match="time_goes_back"):
        stepped.set(AT)
    with pytest.raises(Misused, match="time_goes_back"):
        stepped.advance(-1)
    with pytest.raises(Misused, match="instant_out_of_range"):
        clock.SteppedTime(0)
    assert stepped.now() == AT + clock.HOUR
