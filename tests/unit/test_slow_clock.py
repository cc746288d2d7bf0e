"""The due moment, and when it comes near, against a second, slow count: random runs under random calendars, exactly."""

from __future__ import annotations

import json
import random
from datetime import date, datetime, time
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import pytest

from engine import run
from engine.calendar import Calendar
from engine.clock import civil, from_datetime
from engine.definition import Clock, LimitRule
from engine.edition import edition_from_dict
from engine.item import Item
from engine.limit import Limit
from engine.run import Run
from tests import slow_clock
from tests.model_time import Count
from tests.slow_clock import A_DAY, A_MINUTE, Case
from workflows.calendars import shipped_edition

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.slow_clock import Days

ITEM = Item(1, "ZG2023-0001", "siban", "0" * 64, "rectifying", 0, 0, 0)
HOURS = (
    [["08:30", "12:00"], ["13:30", "17:30"]],
    [["09:00", "12:00"], ["13:00", "18:00"]],
    [["08:00", "16:00"]],
    [["08:00", "11:30"], ["12:00", "15:00"], ["16:00", "20:00"]],
    [["00:00", "24:00"]],
)
UNITS = {"h": 200, "wh": 40, "wd": 45, "d": 70, "mo": 3, "on": 70}
"""Units with the most of each that is tried."""
NEW_YEAR = datetime(2022, 1, 1)  # noqa: DTZ001 - the slow clock knows civil time only

Dice = random.Random


@cache
def calendar(number: int) -> tuple[Calendar, Count]:
    """Make one of many calendars, for each clock its own reading: as shipped, or years missing, local days, hours that change."""
    dice = Dice(number)
    edition = json.loads(json.dumps(_plain()))
    edition["years"] = {year: table for year, table in edition["years"].items() if int(year) >= 2021}
    if number:
        changes = sorted(dice.sample(range(5 * 365), dice.choice((0, 0, 1, 12))))
        edition["hours"] = [{"sessions": dice.choice(HOURS)}] + [
            {"from": (NEW_YEAR.date() + day * A_DAY).isoformat(), "sessions": dice.choice(HOURS)} for day in changes
        ]
        edition["local"] = [_local(dice) for _ in range(dice.choice((0, 1, 4)))]
        for year in dice.sample(sorted(edition["years"]), dice.choice((0, 0, 1, 3))):
            del edition["years"][year]  # not yet announced: provisional
        for year, table in edition["years"].items():
            for _ in range(dice.choice((0, 3, 12))):
                day = (date(int(year), 1, 1) + dice.randrange(365) * A_DAY).isoformat()
                kind, other = dice.sample(("off", "work"), 2)
                if day not in table[other]:
                    table[kind][day] = "台风"
    return Calendar(edition_from_dict(edition), str(number)), Count(edition)


def _local(dice: Dice) -> dict[str, object]:
    """Roll a notice of the place: a week of days off or at work, whatever the yearly one says."""
    first = NEW_YEAR.date() + dice.randrange(5 * 365) * A_DAY
    days = [(first + number * A_DAY).isoformat() for number in range(7)]
    off = dice.sample(days, 4)
    return {
        "notice": "通知",
        "off": dict.fromkeys(off, "台风"),
        "work": {day: "补班" for day in days if day not in off},
    }


@lru_cache(maxsize=1)
def _plain() -> dict[str, Any]:
    """Write the shipped edition as JSON, with the simple form of office hours."""
    return {"id": "cn", "hours": HOURS[0], "years": shipped_edition().to_dict()["years"]}


def random_case(dice: Dice, days: Days) -> Case:
    """Roll a run whose instants like to fall on openings, closes and midnights, and on the due moment itself."""
    begun = _some_moment(dice, days, NEW_YEAR + dice.randrange(5 * 365) * A_DAY)
    unit = dice.choice(list(UNITS))
    amount = dice.randint(1, UNITS[unit] if dice.random() < 0.5 else min(UNITS[unit], 8))
    limit = begun.date() + amount * A_DAY if unit == "on" else (amount, unit)
    case = Case(begun, limit, roll=dice.random() < 0.8, pauses=(), moves=())
    ends = slow_clock.due(case, days)
    span = max(int((ends - begun) / A_MINUTE), 60)
    instants = [
        begun,
        ends,
        *(begun + A_MINUTE * dice.randrange(span * 3 // 2) for _ in range(2)),
        *(_some_moment(dice, days, begun + A_MINUTE * dice.randrange(span * 3 // 2)) for _ in range(3)),
        *(_some_moment(dice, days, ends + dice.randint(-2, 4) * A_DAY) for _ in range(2)),
    ]
    instants = sorted(max(begun, at) for at in instants)
    pauses: list[tuple[datetime, datetime | None]] = []
    first = dice.randrange(2)
    for begin, end in zip(instants[first:], instants[first + 1 :], strict=False):  # adjacent ones as well
        if dice.random() < 0.4:
            pauses.append((begin, end))
    if dice.random() < 0.1:
        pauses.append((instants[-1], None))
    moves = tuple(
        (at, to)
        for at in sorted({_some_moment(dice, days, dice.choice(instants)) for _ in range(dice.choice((0, 0, 1, 2)))})
        for to in [_granted(dice, days, max(ends, at), unit)]
        if at >= begun
    )
    return case._replace(pauses=tuple(pauses), moves=moves)


def _granted(dice: Dice, days: Days, after: datetime, unit: str) -> datetime:
    """Roll the date of an extension, a day off as well; or the midnight of a new limit in days, or a moment that is over."""
    day = after.date() + dice.choice((0, 1, 2, 3, 5, 8, 20)) * A_DAY
    chance = dice.random()
    if chance < 0.2 and unit in {"d", "mo"}:
        return datetime.combine(day, time())
    return days.close(day if chance < 0.95 else day - 30 * A_DAY)


def _some_moment(dice: Dice, days: Days, near: datetime) -> datetime:
    """Roll a moment of a day: an edge of it or any minute."""
    midnight = datetime.combine(near.date(), time())
    edges = [0, *(minute for session in days.sessions(near.date()) for minute in session), 24 * 60]
    minute = dice.choice(edges) + dice.choice((0, 0, 0, -1, 1)) if dice.random() < 0.6 else dice.randrange(24 * 60)
    return midnight + A_MINUTE * minute


def counted(case: Case, under: Calendar) -> tuple[datetime, datetime]:
    """Return the due moment by the engine and when it comes near, as naive civil time."""
    limit = Limit(case.limit.toordinal(), "on") if isinstance(case.limit, date) else Limit(*case.limit)
    clock = Clock("total", "total", ("rectifying",), LimitRule((limit,)), roll=case.roll)
    facts = Run(
        1 + len(case.moves),
        from_datetime(case.start),
        from_datetime(case.start),
        tuple((from_datetime(begin), from_datetime(end) if end else None) for begin, end in case.pauses),
        tuple((from_datetime(at), from_datetime(to)) for at, to in case.moves),
    )
    moment = run.due(facts, clock, ITEM, under)
    assert moment is not None
    near = run.near(facts, clock, ITEM, under, moment)
    return civil(moment).replace(tzinfo=None), civil(near).replace(tzinfo=None)


def compare(count: int, seed: int) -> dict[str, int]:
    """Compare so many random cases; return how many there were of each unit. Raises with the first that differs."""
    dice = Dice(seed)
    seen = dict.fromkeys(UNITS, 0) | {"paused": 0, "moved": 0, "pause counted": 0}
    for number in range(count):
        fast, slow = calendar(dice.randrange(40))
        case = random_case(dice, slow.days)
        expected = slow_clock.due(case, slow.days)
        moment, near = counted(case, fast)
        which = f"case {number} of seed {seed}, calendar {fast.hash}: {case}"
        assert moment == expected, which
        if case.unit not in {"h", "wh"}:  # the model, whose count this is, has none of those
            assert near == slow.near({"started": case.start, "pauses": case.pauses}, case.unit, expected), which
        seen[case.unit] += 1
        seen["paused"] += bool(case.pauses)
        seen["moved"] += bool(case.moves)
        seen["pause counted"] += bool(case.pauses) and expected != slow_clock.due(case._replace(pauses=()), slow.days)
    return seen


def test_a_thousand_random_runs_are_counted_alike() -> None:
    """Fast and slow agree to the minute; the cases are of every kind, and most pauses matter."""
    seen = compare(1000, seed=1)
    assert min(seen[unit] for unit in UNITS) > 100
    assert min(seen["paused"], seen["moved"], seen["pause counted"]) > 200


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_a_hundred_thousand_random_runs_are_counted_alike(seed: int) -> None:
    """The long form: ten times ten thousand, 12 to 17 minutes on two busy cores."""
    compare(10_000, seed)


def _half_open(start: int, end: int, under: Calendar, *, working: bool, midnight: bool) -> int:
    """As it was once: a close stood still from the first instant of a pause on, and no more at its last."""
    return run_closes(start - 1, end - 1, under, working=working, midnight=midnight)


def _by_the_wall(start: int, end: int, _under: Calendar, **_: bool) -> int:
    """As in other systems: so many days as there are 24 hours."""
    return (end - start) // 86_400_000_000


run_closes = run._closes  # noqa: SLF001 - the control plants a fault


@pytest.mark.parametrize("fault", [_half_open, _by_the_wall])
def test_a_planted_fault_is_found(fault: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: pauses given back otherwise, by one instant or by the wall clock, do not pass the comparison."""
    monkeypatch.setattr(run, "_closes", fault)
    run._due.cache_clear()  # noqa: SLF001 - what was counted rightly before
    try:
        with pytest.raises(AssertionError, match="of seed 1"):
            compare(1000, seed=1)
    finally:
        run._due.cache_clear()  # noqa: SLF001 - nor may the fault outlive the test
