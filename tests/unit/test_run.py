"""One run of a clock: what pauses and extensions do to its due moment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendar import Calendar
from engine.clock import DAY, iso, parse_instant
from engine.definition import Clock, LimitRule
from engine.item import Item
from engine.limit import parse
from engine.run import Run, due, due_is_provisional, near, original_due
from workflows.calendars import shipped_edition

CALENDAR = Calendar(shipped_edition(), "0" * 64)
ITEM = Item(1, "ZG2023-0001", "siban", "0" * 64, "rectifying", 0, 0, 0)
STARTED = parse_instant("2023-05-05 10:00")


def clock(code: str) -> Clock:
    """Make a clock with a fixed limit."""
    return Clock("total", "total", ("rectifying",), LimitRule((parse(code),)))


def at(text: str) -> int:
    """Read an instant."""
    return parse_instant(text)


@pytest.mark.parametrize(
    ("code", "since", "until", "moved"),
    [
        ("6wd", "2023-05-08 18:00", "2023-05-09 08:00", "2023-05-12T17:30:00+08:00"),  # a night: no close inside
        ("6wd", "2023-05-08 09:00", "2023-05-10 09:00", "2023-05-16T17:30:00+08:00"),  # two closes
        ("6wd", "2023-05-08 09:00", "2023-05-08 16:00", "2023-05-12T17:30:00+08:00"),  # within a day
        ("6wd", "2023-05-12 09:00", "2023-05-15 09:00", "2023-05-15T17:30:00+08:00"),  # a week-end gives back one day
        ("6wd", "2023-05-15 09:00", "2023-05-25 09:00", "2023-05-12T17:30:00+08:00"),  # began after the due moment
        ("7d", "2023-05-08 09:00", "2023-05-10 09:00", "2023-05-16T00:00:00+08:00"),  # 14 May is a Sunday: rolled on
        ("7d", "2023-05-08 09:00", "2023-05-08 18:00", "2023-05-13T00:00:00+08:00"),  # no midnight inside
        ("200h", "2023-05-08 09:00", "2023-05-08 19:00", "2023-05-14T04:00:00+08:00"),  # elapsed hours come back
        (
            "10wh",
            "2023-05-05 15:00",
            "2023-05-05 20:00",
            "2023-05-06T15:30:00+08:00",
        ),  # office hours come back, on a make-up Saturday
    ],
)
def test_a_pause_gives_back_what_stood_still(code: str, since: str, until: str, moved: str) -> None:
    """A day comes back for each close inside the pause, an hour for each hour."""
    run = Run(1, STARTED, STARTED, pauses=((at(since), at(until)),))
    assert iso(due(run, clock(code), ITEM, CALENDAR) or 0) == moved


@given(st.integers(0, 20 * DAY), st.integers(0, 20 * DAY), st.integers(0, 20 * DAY), st.sampled_from(["20wd", "30d"]))
def test_pauses_add_up_however_they_are_cut(wait: int, first: int, second: int, code: str) -> None:
    """One pause and its two parts one after the other lead to the same due moment."""
    a = STARTED + wait
    b, c = a + first, a + first + second
    whole = Run(1, STARTED, STARTED, pauses=((a, c),))
    parts = Run(1, STARTED, STARTED, pauses=((a, b), (b, c)))
    assert due(whole, clock(code), ITEM, CALENDAR) == due(parts, clock(code), ITEM, CALENDAR)


@pytest.mark.parametrize("then", ["2023-05-10 17:30", "2023-06-30 17:30"])
def test_of_two_new_moments_given_at_one_instant_the_last_holds(then: str) -> None:
    """Be it the earlier one: two acts entered late for one moment of a day, the second of which shortens the limit."""
    moved = at("2023-05-09 09:00")
    run = Run(1, STARTED, STARTED, moves=((moved, at("2023-05-31 17:30")), (moved, at(then))))
    assert due(run, clock("6wd"), ITEM, CALENDAR) == at(then)


def test_an_extension_survives_a_suspension_in_either_order() -> None:
    """Extended to 31 May, then suspended two days: 2 June. Suspended two days, then extended to 31 May: 31 May."""
    extended_to = at("2023-05-31 17:30")
    pause = (at("2023-05-10 09:00"), at("2023-05-12 09:00"))
    before = Run(1, STARTED, STARTED, pauses=(pause,), moves=((at("2023-05-09 09:00"), extended_to),))
    after = Run(1, STARTED, STARTED, pauses=(pause,), moves=((at("2023-05-15 09:00"), extended_to),))
    assert iso(due(before, clock("6wd"), ITEM, CALENDAR) or 0) == "2023-06-02T17:30:00+08:00"
    assert iso(due(after, clock("6wd"), ITEM, CALENDAR) or 0) == "2023-05-31T17:30:00+08:00"
    assert iso(original_due(after, clock("6wd"), ITEM, CALENDAR) or 0) == "2023-05-16T17:30:00+08:00"


def test_an_extension_within_a_suspension_counts_the_rest_of_it() -> None:
    """Extended on the second of four paused days: only the closes after the decision come back."""
    pause = (at("2023-05-10 09:00"), at("2023-05-16 09:00"))
    run = Run(1, STARTED, STARTED, pauses=(pause,), moves=((at("2023-05-11 09:00"), at("2023-05-31 17:30")),))
    assert iso(due(run, clock("6wd"), ITEM, CALENDAR) or 0) == "2023-06-05T17:30:00+08:00"


@pytest.mark.parametrize(
    ("code", "moment"),
    [
        ("5wd", "2023-05-10T17:30:00+08:00"),  # the fourth of five days closes
        ("10wd", "2023-05-16T17:30:00+08:00"),  # the eighth of ten
        ("1wd", "2023-05-05T17:30:00+08:00"),  # one working day before
        ("60d", "2023-06-23T00:00:00+08:00"),  # 48 of 60 days
        ("10h", "2023-05-05T18:00:00+08:00"),  # eight of ten hours
    ],
)
def test_near_is_four_fifths_and_at_least_a_day_before(code: str, moment: str) -> None:
    """临期 comes at 80 % of the counted time, for day limits in any case one working day before."""
    run = Run(1, STARTED, STARTED)
    moment_due = due(run, clock(code), ITEM, CALENDAR)
    assert moment_due is not None
    found = iso(near(run, clock(code), ITEM, CALENDAR, moment_due))
    assert found == moment


def test_a_pause_moves_near_with_the_due_moment() -> None:
    """Two paused days move the fourth of five counted days by two working days."""
    run = Run(1, STARTED, STARTED, pauses=((at("2023-05-08 09:00"), at("2023-05-10 09:00")),))
    moment_due = due(run, clock("5wd"), ITEM, CALENDAR)
    assert moment_due is not None
    assert iso(moment_due) == "2023-05-15T17:30:00+08:00"
    assert iso(near(run, clock("5wd"), ITEM, CALENDAR, moment_due)) == "2023-05-12T17:30:00+08:00"


@pytest.mark.parametrize(
    ("code", "since", "until", "moment"),
    [
        # reported late, verified, done again: the clock stood still only after it had come due
        ("60d", "2023-07-10 09:00", "2023-07-20 09:00", "2023-06-19T14:00:00+08:00"),
        # the new date lies in a pause that began with the clock: no time counts before it
        ("60wd", "2023-05-05 18:00", "2023-07-20 09:00", "2023-06-29T17:30:00+08:00"),
    ],
)
def test_a_pause_after_the_due_moment_leaves_near_where_it_was(code: str, since: str, until: str, moment: str) -> None:
    """What counts ends with the due moment; a pause behind it brings 临期, and its rung, no second time."""
    moment_due = at("2023-06-30 17:30")
    run = Run(2, STARTED, STARTED, ((at(since), at(until)),), ((at("2023-07-25 09:00"), moment_due),))
    assert due(run, clock(code), ITEM, CALENDAR) == moment_due
    assert iso(near(run, clock(code), ITEM, CALENDAR, moment_due)) == moment


def test_a_pause_over_the_start_day_gives_back_nothing_of_it() -> None:
    """The start day is not counted: assigned at ten, paused from eleven to six, one working day is still the next."""
    run = Run(1, STARTED, STARTED, pauses=((at("2023-05-05 11:00"), at("2023-05-05 18:00")),))
    assert iso(due(run, clock("1wd"), ITEM, CALENDAR) or 0) == "2023-05-06T17:30:00+08:00"


def test_a_pause_over_the_days_rolled_on_to_does_not_end_overdue() -> None:
    """8 days from 5 May end on Saturday 13 May, rolled on to Monday the 15th; paused from Sunday to Tuesday it ends with Tuesday."""
    run = Run(1, STARTED, STARTED, pauses=((at("2023-05-14 09:00"), at("2023-05-16 09:00")),))
    assert iso(due(Run(1, STARTED, STARTED), clock("8d"), ITEM, CALENDAR) or 0) == "2023-05-16T00:00:00+08:00"
    assert iso(due(run, clock("8d"), ITEM, CALENDAR) or 0) == "2023-05-17T00:00:00+08:00"


WINTER = at("2026-12-14 10:00")


@pytest.mark.parametrize(
    ("code", "pauses", "moves", "expected"),
    [
        ("4wd", [], [], False),
        ("5wd", [], [], True),  # ends on 21 December
        ("500h", [], [], False),
        ("2027-01-15", [], [], False),
        ("4wd", [("2026-12-15 09:00", "2026-12-17 09:00")], [], True),  # the days given back lie after the 20th
        ("2d", [("2026-12-15 09:00", "2026-12-24 09:00")], [], True),  # ends on a day that may be off
        ("100h", [("2026-12-15 09:00", "2026-12-24 09:00")], [], False),
        ("10wd", [], [("2026-12-16 09:00", "2027-01-15 17:30")], False),  # a granted date leans on nothing
        ("10wd", [("2026-12-15 09:00", "2026-12-15 18:00")], [("2026-12-16 09:00", "2027-01-15 17:30")], False),
        ("10wd", [("2026-12-28 09:00", "2027-01-05 09:00")], [("2026-12-16 09:00", "2027-01-15 17:30")], True),
        ("10wd", [("2026-12-16 09:00", None)], [("2026-12-15 09:00", "2026-12-18 17:30")], False),
    ],
)
def test_what_leans_on_days_no_notice_has_settled(
    code: str, pauses: list[tuple[str, str | None]], moves: list[tuple[str, str]], *, expected: bool
) -> None:
    """A run's due moment is provisional when a day it counted, or moved over, can still be changed by a notice."""
    run = Run(
        1,
        WINTER,
        WINTER,
        pauses=tuple((at(start), at(end) if end else None) for start, end in pauses),
        moves=tuple((at(decided), at(until)) for decided, until in moves),
    )
    assert due_is_provisional(run, clock(code), ITEM, CALENDAR) is expected


def test_no_limit_leans_on_nothing() -> None:
    """Where no limit is fixed there is no date to mark."""
    open_clock = Clock("total", "total", ("rectifying",), LimitRule(()))
    assert not due_is_provisional(Run(1, WINTER, WINTER), open_clock, ITEM, CALENDAR)


@pytest.mark.parametrize(
    ("code", "since", "until", "moved"),
    [
        ("6wd", "2023-05-08 17:30", "2023-05-09 08:00", "2023-05-12T17:30:00+08:00"),  # from a close on: a night
        ("6wd", "2023-05-08 09:00", "2023-05-08 17:30", "2023-05-15T17:30:00+08:00"),  # up to a close: the day
        ("2023-05-12", "2023-05-09 18:00", "2023-05-10 08:00", "2023-05-12T17:30:00+08:00"),  # a night before a date
        (
            "2023-05-12",
            "2023-05-12 10:00",
            "2023-05-12 20:00",
            "2023-05-15T17:30:00+08:00",
        ),  # over the date's own close
        ("8d", "2023-05-14 09:00", "2023-05-16 00:00", "2023-05-17T00:00:00+08:00"),  # up to where it had rolled on to
    ],
)
def test_a_close_is_paused_after_the_first_instant_of_a_pause_and_at_its_last(
    code: str, since: str, until: str, moved: str
) -> None:
    """The edges of a pause, where the slow clock and this one once differed."""
    run = Run(1, STARTED, STARTED, pauses=((at(since), at(until)),))
    assert iso(due(run, clock(code), ITEM, CALENDAR) or 0) == moved


def test_an_extension_to_a_day_off_does_not_end_while_the_clock_stands_still() -> None:
    """Granted until Saturday 20 May, suspended over it: due at the close of the Monday after."""
    granted = (at("2023-05-09 09:00"), at("2023-05-20 17:30"))
    run = Run(2, STARTED, STARTED, pauses=((at("2023-05-20 10:00"), at("2023-05-21 10:00")),), moves=(granted,))
    for code in ("6wd", "30wh"):
        assert iso(due(run, clock(code), ITEM, CALENDAR) or 0) == "2023-05-22T17:30:00+08:00"
