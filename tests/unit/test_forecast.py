"""What a forecast says day by day and desk by desk, what is supposed with it, and how two of them differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.calendar import Calendar
from engine.clock import DAY, day_of, iso, parse_instant
from engine.errors import Refused
from engine.forecast import (
    ADDED,
    DUE,
    GONE,
    MOST_DAYS,
    MOVED,
    RETOLD,
    Change,
    Forecast,
    Happening,
    difference,
    forecast,
)
from engine.ladder import RUNG, WAKE
from engine.loader import load
from tests.unit.conftest import WORKFLOWS, Case

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.context import Rules
    from engine.definition import Definition
    from engine.forecast import Day


def foretell(case: Case, until: str, assumed: Callable[[Rules], Rules] | None = None) -> Forecast:
    """Forecast all items of a case from its moment on."""
    items = [(item, case.rules) for item in case.items.values()]
    there = assumed(case.rules) if assumed else case.rules
    return forecast(items, case.now, parse_instant(until), there.calendar, there.organisation, assumed)


def day(found: Forecast, date: str) -> Day:
    """Return one day of a forecast."""
    return found.days[(day_of(parse_instant(date)) - day_of(found.now)).days]


def brief(happening: Happening) -> tuple[str, str, int]:
    """Return when, which clock and which level."""
    return iso(happening.at)[:16], happening.clock, happening.level


def mending(case: Case, limit: str = "2023-06-14", count: int = 1) -> None:
    """Have items mended, each with its own limit's last week before it."""
    for number in range(1, count + 1):
        case.register()
        fields = {"track": "campaign", "lead_unit": "water", "handler": "o23", "limit": limit}
        case.do("o11", "assign", fields, number=number)
        case.do("o23", "sign", number=number)
        case.do("o23", "submit_plan", {"objective": "完好", "measures": [{"text": "更换", "unit": "water", "due": "2023-06-10"}]},
                number=number)  # fmt: skip
        case.do("o04", "approve_plan", number=number)


# ---- day by day ------------------------------------------------------------------------------------


def test_a_limit_falls_due_and_is_overdue_from_then_on(case: Case) -> None:
    """Due on a Wednesday at 17:30: overdue at that day's end; the ladder follows, over the weekend nothing comes."""
    mending(case)
    case.settled(at="2023-06-14 09:00")
    found = foretell(case, "2023-06-21")

    assert (found.open, found.overdue) == (1, 0)
    assert [brief(h) for h in found.happenings if h.kind == DUE] == [("2023-06-14T17:30", "total", 0)]
    assert [brief(h) for h in found.happenings if h.kind == RUNG] == [
        ("2023-06-14T17:30", "total", 1),
        ("2023-06-15T17:30", "total", 2),
    ]
    wednesday, thursday, saturday = day(found, "2023-06-14"), day(found, "2023-06-15"), day(found, "2023-06-17")
    assert (wednesday.due, wednesday.steps, wednesday.overdue, wednesday.notices) == (1, 0, 1, 2)
    assert (thursday.due, thursday.overdue, thursday.notices) == (0, 1, 2)
    assert (saturday.workday, saturday.overdue, saturday.notices) == (False, 1, 0)
    assert len(found.days) == 7  # until midnight of the 21st: the 14th to the 20th


def test_until_is_the_last_moment(case: Case) -> None:
    """A due moment is in when it is the last moment, and the item is then not yet overdue."""
    mending(case)
    case.settled(at="2023-06-14 09:00")
    found = foretell(case, "2023-06-14 17:30")
    assert [h.kind for h in found.happenings] == [DUE, RUNG]
    assert found.days[-1].overdue == 0
    assert foretell(case, "2023-06-14 17:29").happenings == ()
    assert foretell(case, "2023-06-14 17:31").days[-1].overdue == 1


def test_steps_are_counted_beside_limits(case: Case) -> None:
    """Signing falls due the next day, long before the limit of the whole."""
    case.register()
    case.do("o11", "assign", {"track": "campaign", "lead_unit": "water", "limit": "2023-06-14"})
    found = foretell(case, "2023-05-10")
    assert [(h.clock, h.main) for h in found.happenings if h.kind == DUE] == [("sign", False)]
    tuesday = day(found, "2023-05-09")
    assert (tuesday.due, tuesday.steps, tuesday.overdue) == (0, 1, 0)


def test_before_the_limit_begins_the_step_is_what_the_item_is_judged_by(case: Case) -> None:
    """A registered item is overdue in the ledger when nobody accepts it."""
    case.register()
    found = foretell(case, "2023-05-11")
    tuesday = day(found, "2023-05-09")
    assert (tuesday.due, tuesday.steps, tuesday.overdue) == (1, 0, 1)


def test_a_suspended_item_is_overdue_only_after_it_resumes(case: Case) -> None:
    """It wakes by itself; what stood still is given back, and the resume is told."""
    mending(case)
    case.ask("o23", "suspension", grounds="season", until="2023-06-12", reason="汛期水位过高")
    case.answer("o21")
    case.answer("o04")
    assert case.items[1].state == "suspended"
    found = foretell(case, "2023-08-01")
    wakes = [h for h in found.happenings if h.kind == WAKE]
    dues = [h for h in found.happenings if h.kind == DUE]
    assert [(iso(h.at)[:16], h.name, h.receivers) for h in wakes] == [
        ("2023-06-13T00:00", "resume", ("o23", "o21", "o11"))
    ]
    assert [h.clock for h in dues] == ["total"]
    assert dues[0].at > parse_instant("2023-07-01")
    assert day(found, "2023-06-14").overdue == 0
    assert found.days[-1].overdue == 1


def test_what_has_passed_unrecorded_counts_today(case: Case) -> None:
    """With no heartbeat for a week its rungs go out at the next one: they keep their moments and count today."""
    mending(case)
    case.now = parse_instant("2023-06-16 10:00")
    found = foretell(case, "2023-06-18")
    assert min(h.at for h in found.happenings) < case.now
    assert found.overdue == 1
    assert found.days[0].notices == sum(len(h.receivers) for h in found.happenings) > 0


def test_a_year_not_announced_is_marked(case: Case) -> None:
    """Dates that lean on such a year are provisional, and so are its days."""
    case.now = parse_instant("2026-12-28 09:00")
    case.register()
    case.do("o11", "assign", {"track": "immediate", "lead_unit": "water"})
    found = foretell(case, "2027-01-15")
    assert all(h.provisional for h in found.happenings if h.kind == DUE)
    assert found.days[-1].provisional
    mending(case_two := Case(case.rules.definition, case.rules.organisation, case.rules.calendar))
    assert not any(h.provisional for h in foretell(case_two, "2023-07-01").happenings)


# ---- desks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "over"), [(4, False), (5, True)])
def test_a_desk_is_overloaded_by_more_items_than_working_days(case: Case, count: int, over: bool) -> None:  # noqa: FBT001 - a case
    """The week of 端午 has four working days, its Sunday one of them: four items for one person pass, a fifth does not."""
    mending(case, "2023-06-21", count)
    case.now = parse_instant("2023-06-16 18:00")
    for number in case.items:
        case.settled(number)
    found = foretell(case, "2023-07-03")
    assert [week.workdays for week in found.weeks] == [0, 4, 5]
    handler = next(load for load in found.loads if load.person == "o23")
    unit = next(load for load in found.loads if load.unit == "water" and not load.person)
    assert (handler.open, handler.due, handler.people) == (count, (0, count, 0), 1)
    assert (unit.open, unit.due, unit.people, unit.over) == (count, (0, count, 0), 4, ())
    assert bool(handler.over) == over


# ---- what if ---------------------------------------------------------------------------------------


def either(change: Change) -> Happening:
    """Return the happening after a change, or before it where it is gone."""
    found = change.after or change.before
    assert found is not None
    return found


def changed(case: Case, until: str, assumed: Callable[[Rules], Rules]) -> list[Change]:
    """Return what an assumption changes."""
    return difference(foretell(case, until), foretell(case, until, assumed))


def test_a_day_off_more_moves_what_comes_after_it(case: Case) -> None:
    """The rung one working day after the due moment moves; the due moment is a date and does not, nor does what is recorded."""
    mending(case)
    case.settled(at="2023-06-14 18:00")
    edition = case.rules.calendar.edition
    years = tuple(
        year._replace(off=tuple(sorted((*year.off, (day_of(parse_instant("2023-06-15")).toordinal(), "台风")))))
        if year.year == 2023
        else year
        for year in edition.years
    )
    other = Calendar(edition._replace(years=years))
    changes = changed(case, "2023-06-20", lambda rules: rules._replace(calendar=other))
    assert [change.what for change in changes] == [(MOVED,)]
    before, after = changes[0].before, changes[0].after
    assert before is not None
    assert after is not None
    assert (brief(before), brief(after)) == (("2023-06-15T17:30", "total", 2), ("2023-06-16T17:30", "total", 2))


def test_on_leave_somebody_else_is_told(case: Case) -> None:
    """The head is away when the rung comes: the deputy is told instead, and nothing else changes."""
    mending(case)
    case.settled(at="2023-06-14 09:00")
    span = tuple(day_of(parse_instant(text)).toordinal() for text in ("2023-06-15", "2023-06-16"))

    def away(rules: Rules) -> Rules:
        officers = dict(rules.organisation.officers)
        officers["o21"] = officers["o21"]._replace(away=((span[0], span[1]),))
        return rules._replace(organisation=rules.organisation._replace(officers=officers))

    changes = changed(case, "2023-06-17", away)
    assert [change.what for change in changes] == [(RETOLD,)]
    told = [h.receivers for h in (changes[0].before, changes[0].after) if h]
    assert told == [("o21", "o04"), ("o22", "o04")]


def test_another_ladder_holds_from_now_on(case: Case) -> None:
    """A rung that would have come before now comes at once; one that is crossed is not crossed again."""
    mending(case)
    case.settled(at="2023-06-19 09:00")  # the rung of one working day after the due moment is crossed
    text = (WORKFLOWS / "siban.toml").read_text(encoding="utf-8")
    other = load(text.replace('at = "+6wd"', 'at = "+2wd"').replace('at = "+10wd"', 'at = "+19wd"'))
    changes = changed(case, "2023-07-10", lambda rules: rules._replace(definition=other))
    by_level = {either(c).level: c for c in changes}
    assert by_level[3].what == (MOVED,)
    moved = by_level[3].after
    assert moved is not None
    assert moved.at == parse_instant("2023-06-16 17:30") < case.now
    assert by_level[4].what == (GONE,)
    assert set(by_level) == {3, 4}


def test_a_definition_that_cannot_go_on_names_the_items(case: Case) -> None:
    """A state it does not know, or a resume that leads nowhere: listed, and left out of the comparison."""
    mending(case, count=2)
    case.ask("o23", "suspension", number=2, grounds="season", until="2023-06-12", reason="汛期水位过高")
    case.answer("o21", number=2)
    case.answer("o04", number=2)
    other = _without(case.rules.definition, "rectifying", "resume")
    found = foretell(case, "2023-08-01", lambda rules: rules._replace(definition=other))
    assert [tuple(one) for one in found.unplaced] == [(1, "rectifying", ""), (2, "suspended", "resume")]
    assert found.subjects[1].state == "rectifying"
    assert (found.open, found.happenings) == (0, ())
    assert difference(foretell(case, "2023-08-01"), found) == []


def _without(definition: Definition, state: str, verb: str) -> Definition:
    """Return a definition without a state and a verb, as another office might have it."""
    states = {name: one for name, one in definition.states.items() if name != state}
    transitions = tuple(one for one in definition.transitions if one.verb != verb)
    return definition._replace(states=states, transitions=transitions, hash=f"without {state} {verb}")


# ---- two runs --------------------------------------------------------------------------------------


def test_two_equal_runs_do_not_differ(case: Case) -> None:
    """Nor does a later one, when nobody has acted meanwhile: what has passed is no difference."""
    mending(case)
    early = foretell(case, "2023-07-10")
    assert difference(early, foretell(case, "2023-07-10")) == []
    case.settled(at="2023-06-16 09:00")
    late = foretell(case, "2023-07-10")
    assert len(late.happenings) < len(early.happenings)
    assert difference(early, late) == []


def test_what_was_done_meanwhile_shows(case: Case) -> None:
    """Reported in time, the rungs are gone and the reviews come; beyond what both look at nothing is compared."""
    mending(case)
    early = foretell(case, "2023-06-16")
    case.reported(at="2023-06-13 09:00")
    changes = difference(early, foretell(case, "2023-07-20"))
    whats = {(change.what, either(change).clock) for change in changes}
    assert ((ADDED,), "unit_review") in whats
    assert all(either(change).at <= early.until for change in changes)
    assert {change.what for change in difference(early, early._replace(happenings=()))} == {(GONE,)}


# ---- bounds ----------------------------------------------------------------------------------------


def test_a_forecast_looks_ahead_and_not_past_a_year(case: Case) -> None:
    """From the very next moment to the end of the day a year on."""
    case.register()
    for until, code in (
        (case.now, "forecast_past"),
        (case.now - DAY, "forecast_past"),
        (case.now + 400 * DAY, "forecast_too_far"),
    ):
        with pytest.raises(Refused) as refused:
            forecast([], case.now, until, case.rules.calendar, case.rules.organisation)
        assert refused.value.code == code
    assert len(foretell(case, "2024-05-09").days) == MOST_DAYS + 1
    assert len(foretell(case, "2023-05-08 09:02").days) == 1
