"""The count laid open: what is shown leads to the due moment that the engine holds, day by day and hour by hour."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendar import Calendar
from engine.clock import HOUR, MINUTE, closing_ordinal, iso, ordinal_of, parse_instant
from engine.context import Hand, Rules
from engine.definition import Clock, LimitRule
from engine.errors import Refused
from engine.explain import PAUSED, ROLLED, START, Explanation, Spent, count, day_length, spent
from engine.item import Item
from engine.limit import parse
from engine.row import EventQuery
from engine.run import Run, due, limit_of
from storage.memory import MemoryStore
from tests.trial import HEAD, LEADER, RIVER, RIVER_HEAD, VERIFIER, Ledger, fill
from workflows.calendars import shipped_edition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.definition import Definition
    from tests.unit.conftest import Case

CALENDAR = Calendar(shipped_edition(), "0" * 64)
STARTED = parse_instant("2023-05-05 10:00")
LIMITS = ["1wd", "5wd", "10wd", "3d", "15d", "1mo", "2023-05-31"]


def explained(
    code: str, started: int, pauses: Sequence[tuple[int, int]] = (), moves: Sequence[tuple[int, int]] = ()
) -> Explanation:
    """Explain a clock of one limit, and hold what is explained to the engine's own count."""
    clock = Clock("total", "total", ("rectifying",), LimitRule((parse(code),)))
    run = Run(1, started, started, tuple(pauses), tuple(moves))
    item = Item(1, "ZG2023-0001", "siban", "0" * 64, "rectifying", 0, 0, 0, clocks={"total": run})
    definition = cast("Definition", SimpleNamespace(clocks={"total": clock}, ladders={}))
    told = count(item, "total", Rules(definition, CALENDAR, None))  # type: ignore[arg-type]  # nobody is asked for
    assert told.due_at == due(run, clock, item, CALENDAR)
    return told


def spans(started: int, gaps: Sequence[int]) -> list[tuple[int, int]]:
    """Make pauses out of gaps in minutes."""
    at = started
    found = []
    for wait, length in zip(gaps[::2], gaps[1::2], strict=False):
        found.append((at + wait * MINUTE, at + (wait + length) * MINUTE))
        at = found[-1][1]
    return found


GAPS = st.lists(st.integers(0, 12 * 24 * 60), max_size=6)
WAITS = st.integers(0, 20 * 24 * 60)


@given(WAITS, GAPS, st.sampled_from(["1wd", "5wd", "10wd", "3d", "15d"]))
def test_as_many_days_count_as_the_limit_has(wait: int, gaps: list[int], code: str) -> None:
    """However often a clock stands still, the due day is the one on which the running number reaches the limit."""
    started = STARTED + wait * MINUTE
    told = explained(code, started, spans(started, gaps))
    counted = [day for day in told.days if day.counts]
    assert told.days[-1].day == closing_ordinal(told.due_at or 0)
    assert [day.number for day in counted] == list(range(1, parse(code).amount + 1))
    if parse(code).unit == "wd":  # a calendar limit may be moved on to a working day
        assert counted[-1] is told.days[-1]


@given(WAITS, GAPS, st.integers(0, 30 * 24 * 60), st.integers(1, 60), st.sampled_from(LIMITS))
def test_the_last_day_is_the_due_day_whatever_was_moved(
    wait: int, gaps: list[int], at: int, days: int, code: str
) -> None:
    """With pauses and an extension in any order, the days shown end on the day of the due moment, none left out."""
    started = STARTED + wait * MINUTE
    decided = started + at * MINUTE
    to = CALENDAR.close_of(ordinal_of(decided) + days)
    told = explained(code, started, spans(started, gaps), [(decided, to)])
    assert told.due_at is not None
    ordinals = [day.day for day in told.days]
    assert ordinals == list(range(ordinals[0], max(closing_ordinal(told.due_at), ordinals[0]) + 1))
    assert [(e.at, e.after) for e in told.extensions] == [(decided, to)]


@given(WAITS, GAPS, st.sampled_from(["2h", "30h", "4wh", "20wh"]))
def test_the_stretches_add_up_to_the_hours_of_the_limit(wait: int, gaps: list[int], code: str) -> None:
    """The stretches of an hours limit sum to it, and the last one ends with the due moment."""
    started = STARTED + wait * MINUTE
    told = explained(code, started, spans(started, gaps))
    assert sum(segment.counted for segment in told.segments) == parse(code).amount * HOUR
    assert max(s.end for s in told.segments if s.counted) == told.due_at


@pytest.mark.parametrize(
    ("start", "limit", "due_on", "whys"),
    [
        ("2023-04-28 10:00", "5wd", "2023-05-09T17:30", {"holiday": 5, "makeup": 1, "workday": 4, "weekend": 1}),
        ("2023-06-21 10:00", "3wd", "2023-06-27T17:30", {"holiday": 3, "makeup": 1, "workday": 2, "weekend": 0}),
        ("2025-09-30 10:00", "3wd", "2025-10-11T17:30", {"holiday": 8, "makeup": 1, "workday": 2, "weekend": 0}),
    ],
)
def test_each_day_says_why(start: str, limit: str, due_on: str, whys: dict[str, int]) -> None:
    """Golden cases: days off and make-up days are named with the feast and the notice they come from."""
    told = explained(limit, parse_instant(start))
    assert iso(told.due_at or 0)[:16] == due_on
    assert {why: sum(day.why == why for day in told.days[1:]) for why in whys} == whys
    assert all(day.name and day.notice.startswith("http") for day in told.days if day.why in ("holiday", "makeup"))
    assert told.days[0].why == START


def test_the_days_moved_on_to_are_marked() -> None:
    """60 日 from 2 August end on 1 October and are moved on over the feast to a make-up Saturday (民法典 203)."""
    told = explained("60d", parse_instant("2023-08-02 10:00"))
    assert iso(told.due_at or 0) == "2023-10-08T00:00:00+08:00"
    assert [day.why for day in told.days].count(ROLLED) == 6
    assert max(day.number for day in told.days) == 60


def test_a_receipt_out_of_hours_counts_from_the_opening() -> None:
    """Saturday's letter is Monday's, and Monday is the start day."""
    told = explained("1wd", parse_instant("2023-05-13 20:00"))
    assert iso(told.opened_at) == "2023-05-15T08:30:00+08:00"
    assert [day.why for day in told.days] == [START, "workday"]


def test_paused_days_say_so() -> None:
    """A day counts when the clock ran at its close."""
    told = explained("3wd", STARTED, [(parse_instant("2023-05-08 09:00"), parse_instant("2023-05-10 09:00"))])
    assert [day.why for day in told.days] == [START, "makeup", "weekend", PAUSED, PAUSED, "workday", "workday"]
    assert iso(told.unpaused_due or 0) == "2023-05-09T17:30:00+08:00"


def test_what_leans_on_an_unpublished_year_is_provisional() -> None:
    """Nobody knows the days off of 2031 yet."""
    assert explained("5wd", parse_instant("2031-05-05 10:00")).provisional
    assert not explained("5wd", STARTED).provisional


def test_a_clock_that_is_not_there_is_refused(case: Case) -> None:
    """No such clock, or one that has not begun: with those that have."""
    item = case.register()
    with pytest.raises(Refused, match="no_such_clock"):
        count(item, "nothing", case.rules)
    with pytest.raises(Refused, match="clock_not_begun"):
        count(item, "total", case.rules)


def test_the_way_to_the_limit_is_told(case: Case) -> None:
    """Which choice led to the limit, and which act laid it down."""
    case.register()
    item = case.do("o11", "assign", track="campaign", lead_unit="water", limit="2023-06-30")
    told = count(item, "total", case.rules, case.log)
    assert told.limit == "2023-06-30"
    assert (told.origin.choices, told.origin.field, told.origin.verb) == ((("track", "campaign"),), "limit", "assign")
    rule = case.rules.definition.clocks["total"].limit
    assert limit_of(rule, item) == parse(told.limit)


# ---- what the record knows -------------------------------------------------------------------------


def told_of(ledger: Ledger, number: int, clock: str = "total") -> Explanation:
    """Explain an item of a ledger out of its record."""
    with ledger.office.store.read() as reader:
        item = reader.item(number)
        assert item is not None
        rules = ledger.office.shelf.rules(reader, item.definition)
        return count(item, clock, rules, reader.events(EventQuery(item=number)))


def test_a_paused_day_names_the_entry_that_paused_it() -> None:
    """The grant of the suspension is named on each day it took away."""
    ledger = Ledger(MemoryStore())
    one = ledger.assigned("护岸塌陷", track="campaign", limit="2023-06-30")
    ledger.planned(one, "2023-06-20")
    ledger.at("2023-05-10 10:00")
    ledger.ask(RIVER, "suspension", one, grounds="season", until="2023-05-20", reason="汛期无法施工")
    ledger.answer(RIVER_HEAD, one, 1)
    ledger.answer(LEADER, one, 1)
    ledger.at("2023-05-25 10:00")
    told = told_of(ledger, one)
    paused = [day for day in told.days if day.why == PAUSED]
    assert {day.verb for day in paused} == {"grant"}
    assert len({day.seq for day in paused}) == 1
    assert paused[0].seq > 0
    assert len(paused) == 11


def test_an_extension_tells_from_what_to_what() -> None:
    """The due moment before, the one after, the entry; rungs of the later cycle are counted anew."""
    ledger = Ledger(MemoryStore())
    one = ledger.assigned("考核不严", track="campaign", limit="2023-05-31")
    ledger.planned(one, "2023-05-30")
    ledger.at("2023-05-29 11:00")
    ledger.ask(RIVER, "extension", one, until="2023-06-15", reason="正在核减之中", progress_note="已完成两家")
    ledger.answer(RIVER_HEAD, one, 1)
    ledger.answer(LEADER, one, 1)
    told = told_of(ledger, one)
    (extension,) = told.extensions
    assert (iso(extension.before or 0)[:10], iso(extension.after)[:10]) == ("2023-05-31", "2023-06-15")
    assert iso(told.original_due or 0)[:10] == "2023-05-31"
    assert extension.seq > 0
    assert [(s.cycle, s.level, s.seq > 0) for s in told.steps[:2]] == [(1, 0, True), (2, 0, False)]


def test_a_rung_that_a_late_entry_shows_needless_says_so() -> None:
    """Done in time and entered days later: what was sent stays, marked as what would not have been (本不会发出)."""
    ledger = Ledger(MemoryStore())
    one = ledger.assigned("公示牌未更新", track="immediate")
    ledger.act(RIVER, "sign", one)
    ledger.at("2023-05-18 09:00")
    assert [(s.level, s.needless) for s in told_of(ledger, one).steps if s.seq] == [(0, False), (1, False), (2, False)]
    done = {
        "outcome": "公示牌已更新",
        "result_class": "solved",
        "evidence": [{"name": "a.jpg", "size": 1, "sha256": "0" * 64}],
    }
    ledger.act(RIVER, "report_done", one, at="2023-05-11 10:00", **done)
    ledger.act(VERIFIER, "pass_office", one, at="2023-05-11 11:00", verify_by="site", opinion="同意")
    assert [(s.level, s.needless) for s in told_of(ledger, one).steps if s.seq] == [(0, True), (1, True), (2, True)]


def test_a_rung_sent_while_in_review_was_rightly_sent() -> None:
    """The clock is found to have stopped at the report, but until it passed it was rightly judged as running."""
    ledger = Ledger(MemoryStore())
    one = ledger.assigned("公示牌未更新", track="immediate")
    ledger.act(RIVER, "sign", one)
    ledger.reported(one)
    ledger.at("2023-05-18 09:00")
    ledger.act(VERIFIER, "pass_office", one, verify_by="site", opinion="同意")
    steps = [s for s in told_of(ledger, one).steps if s.seq]
    assert steps
    assert not any(s.needless for s in steps)


def test_where_the_time_went_adds_up() -> None:
    """Each stay begins where the one before ended; together they are the working time since registration."""
    ledger = Ledger(MemoryStore())
    one = ledger.register(title="垃圾箱房异味")
    ledger.at("2023-05-09 10:00")
    ledger.act(HEAD, "assign", one, track="immediate", lead_unit="river", handler=RIVER)
    ledger.at("2023-05-10 09:00")
    ledger.act(RIVER, "sign", one)
    ledger.at("2023-05-12 09:00")
    ledger.reported(one)
    ledger.at("2023-05-15 14:00")
    with ledger.office.store.read() as reader:
        rules = ledger.office.shelf.current(reader, "siban")
        told = spent(reader.events(EventQuery(item=one)), rules, ledger.time.now())
    visits = told.visits
    assert [(v.state, v.desk.unit, v.desk.person) for v in visits if v.worked] == [
        ("registered", "office", ""),
        ("assigned", "river", RIVER),
        ("rectifying", "river", RIVER),
        ("office_review", "office", ""),
    ]
    assert all(a.until == b.since for a, b in pairwise(visits))
    assert sum(v.worked for v in visits) == rules.calendar.worktime(
        parse_instant("2023-05-08 09:00"), ledger.time.now()
    )
    assert day_length(rules.calendar, STARTED) == 8 * HOUR


def added_up(told: Spent) -> None:
    """Hold the three views of one item's time to each other."""
    for shares in (told.units, told.people):
        assert sum(share.worked for share in shares) == told.worked == sum(visit.worked for visit in told.visits)
        assert sum(share.paused for share in shares) == told.paused
    for unit in told.units:
        own = [share for share in told.people if share.unit == unit.unit]
        assert (sum(share.worked for share in own), sum(share.paused for share in own)) == (unit.worked, unit.paused)


def test_where_the_time_went_by_unit_and_person() -> None:
    """Time under suspension is the unit's too and said apart; what was refused or only remarked moves nothing."""
    ledger = Ledger(MemoryStore())
    one = ledger.assigned("护岸塌陷", track="campaign", limit="2023-06-30")
    ledger.planned(one, "2023-06-20")
    ledger.at("2023-05-10 09:00")
    ledger.ask(RIVER, "suspension", one, grounds="season", until="2023-05-20", reason="汛期无法施工")
    ledger.answer(RIVER_HEAD, one, 1)
    ledger.answer(LEADER, one, 1)
    ledger.at("2023-05-12 10:00")
    ledger.office.remark([one], "comment", {"fields": {"comment": "汛期注意安全"}}, Hand(HEAD, HEAD))
    with pytest.raises(Refused):
        ledger.act(HEAD, "close", one)
    ledger.at("2023-05-22 13:30")
    with ledger.office.store.read() as reader:
        rules = ledger.office.shelf.current(reader, "siban")
        told = spent(reader.events(EventQuery(item=one)), rules, ledger.time.now())
    added_up(told)
    stays = [(v.state, v.paused, v.worked // MINUTE) for v in told.visits if v.worked]
    assert stays == [
        ("rectifying", False, 16 * 60),  # all of 8 May from 9:00, the 9th, half an hour of the 10th
        ("suspended", True, 7 * 60 + 30 + 7 * 8 * 60),  # the rest of the 10th, and 7 working days to the 20th
        ("rectifying", False, 4 * 60),
    ]
    (share,) = [share for share in told.people if share.worked]
    assert (share.unit, share.person) == ("river", RIVER)
    assert (share.worked // MINUTE, share.paused // MINUTE) == (5010, 3810)


def test_a_closed_item_uses_no_time() -> None:
    """Its life ends with its closing; opened again, it begins to count where it was opened."""
    ledger = Ledger(MemoryStore())
    fill(ledger)
    with ledger.office.store.read() as reader:
        rules = ledger.office.shelf.current(reader, "siban")
        events = list(reader.events(EventQuery(item=1)))
        told = spent(events, rules, ledger.time.now())
    added_up(told)
    closed = next(event for event in events if event.verb == "close")
    assert told.visits[-1].until == closed.effective_at
    assert told.worked == rules.calendar.worktime(events[0].effective_at, closed.effective_at)
    assert {share.unit for share in told.units if share.worked} == {"river", "office"}
