"""Office hours that change on a day: counting across the change, against a count minute by minute."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendar import Calendar, Edition, Period
from engine.clock import DAY, HOUR, MINUTE, iso, ordinal_of, parse_instant, start_of_day, time_of_day
from engine.limit import parse
from engine.run import Run, due
from tests.unit.test_run import ITEM, clock
from workflows.calendars import shipped_edition

if TYPE_CHECKING:
    from collections.abc import Callable

SHIPPED = shipped_edition()
FIRST = date(2023, 4, 24).toordinal()
DAYS = 21  # over the May holiday of 2023 with its make-up Saturday
WORKDAYS = {day for day in range(FIRST, FIRST + DAYS) if Calendar(SHIPPED).is_workday(day)}
Sessions = tuple[tuple[int, int], ...]


@st.composite
def sessions(draw: st.DrawFn) -> Sessions:
    """Sessions of a day on whole half hours, from one to three, up to 24:00."""
    edges = sorted(draw(st.sets(st.integers(0, 48), min_size=2, max_size=6)))
    return tuple((start * 30, end * 30) for start, end in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def editions(draw: st.DrawFn) -> Edition:
    """The shipped edition with hours that change up to three times within the span."""
    days = sorted(draw(st.sets(st.integers(FIRST - 2, FIRST + DAYS), max_size=3)))
    return SHIPPED._replace(hours=tuple(Period(first, draw(sessions())) for first in (0, *days)))


def in_office(edition: Edition, at: int) -> bool:
    """Whether a minute is one of office time, by looking at its day alone."""
    day, minute = ordinal_of(at), time_of_day(at) // MINUTE
    if day not in WORKDAYS:
        return False
    hours = [period for period in edition.hours if period.first <= day][-1]
    return any(start <= minute < end for start, end in hours.sessions)


SPAN = [start_of_day(FIRST) + number * 30 * MINUTE for number in range(DAYS * 48)]
"""Every half hour of the span: sessions begin and end on them."""


@given(editions(), st.integers(0, DAYS * 48 - 1), st.integers(0, DAYS * 48 - 1))
def test_worktime_is_the_half_hours_of_office_time(edition: Edition, since: int, until: int) -> None:
    """Office time between two instants is the sum of the half hours between them, whatever the hours became."""
    expected = sum(in_office(edition, at) for at in SPAN[min(since, until) : max(since, until)]) * 30 * MINUTE
    assert Calendar(edition).worktime(SPAN[since], SPAN[until]) == (expected if until >= since else -expected)


@given(editions(), st.integers(0, DAYS * 48 - 1), st.integers(1, 200))
def test_adding_office_time_is_waiting_for_it(edition: Edition, since: int, halves: int) -> None:
    """So much office time later is where a clock stops that counts half hours of office time; and back again."""
    calendar = Calendar(edition)
    left = halves
    for at in SPAN[since:]:
        left -= in_office(edition, at)
        if not left:
            assert calendar.add_worktime(SPAN[since], halves * 30 * MINUTE) == at + 30 * MINUTE
            break
    left = halves
    for at in reversed(SPAN[:since]):
        left -= in_office(edition, at)
        if not left:
            assert calendar.add_worktime(SPAN[since], -halves * 30 * MINUTE) == at
            break


@given(editions(), st.integers(0, DAYS * DAY), st.integers(1, 60 * HOUR))
def test_office_time_added_is_office_time_passed(edition: Edition, wait: int, amount: int) -> None:
    """To the microsecond: what is added is what has passed, and it ends inside office time."""
    calendar, at = Calendar(edition), SPAN[0] + wait
    later = calendar.add_worktime(at, amount)
    assert calendar.worktime(at, later) == amount
    assert calendar.worktime(later - 1, later) == 1
    earlier = calendar.add_worktime(at, -amount)
    assert calendar.worktime(earlier, at) == amount
    assert calendar.worktime(earlier, earlier + 1) == 1


@given(editions(), st.integers(0, DAYS * 48 - 1))
def test_the_opening_is_the_next_half_hour_of_office_time(edition: Edition, since: int) -> None:
    """A receipt counts from the first minute of office time at or after it."""
    expected = next((at for at in SPAN[since:] if in_office(edition, at)), None)
    if expected is not None:
        assert Calendar(edition).opening(SPAN[since]) == expected


def summer() -> Calendar:
    """The shipped calendar with summer hours from 15 June 2023, a Thursday, to the end of September."""
    shipped = SHIPPED.hours[0]
    hours = Period(date(2023, 6, 15).toordinal(), ((8 * 60, 11 * 60 + 30), (14 * 60 + 30, 18 * 60)))
    return Calendar(SHIPPED._replace(hours=(shipped, hours, shipped._replace(first=date(2023, 10, 1).toordinal()))))


@pytest.mark.parametrize(
    ("start", "code", "expected"),
    [
        ("2023-06-14 16:30", "4wh", "2023-06-15T11:00:00+08:00"),  # one hour under the old hours, three under the new
        ("2023-06-14 17:40", "1wh", "2023-06-15T09:00:00+08:00"),  # out of hours: from the new opening
        ("2023-06-14 10:00", "1wd", "2023-06-15T18:00:00+08:00"),  # the close in force on the due day
        ("2023-06-15 17:40", "1wd", "2023-06-16T18:00:00+08:00"),  # still in office hours under the new ones
        ("2023-09-28 10:00", "1wd", "2023-10-07T17:30:00+08:00"),  # and back, over the holiday
        ("2023-06-13 10:00", "2023-06-16", "2023-06-16T18:00:00+08:00"),
    ],
)
def test_due_moments_follow_the_hours_of_their_day(start: str, code: str, expected: str) -> None:
    """A due moment is the close of business in force on that day, and hours count by the hours of their days."""
    assert iso(summer().due(parse_instant(start), parse(code))) == expected


def test_a_pause_over_the_change_gives_back_whole_closes() -> None:
    """A pause from 17:40 to 18:10 stops no close under the old hours, and one under the new."""
    calendar = summer()

    def paused(day: str) -> str:
        run = Run(1, parse_instant("2023-06-12 09:00"), 0, pauses=((at(f"{day} 17:40"), at(f"{day} 18:10")),))
        return iso(due(run, clock("6wd"), ITEM, calendar) or 0)

    at: Callable[[str], int] = parse_instant
    assert paused("2023-06-14") == "2023-06-20T18:00:00+08:00"
    assert paused("2023-06-15") == "2023-06-21T18:00:00+08:00"
