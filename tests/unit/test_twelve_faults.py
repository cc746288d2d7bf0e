"""Twelve faults seen in real systems of this field, each with a test that would fail if we had it.

Number 7 (a rate of 0/0 shown as 0) is the report's and is tested beside it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from engine.checker import check
from engine.clock import DAY, iso, parse_instant
from engine.evolve import replay
from engine.item import Item
from engine.light import light
from engine.limit import Limit, code, parse
from engine.run import Run, due
from workflows.limits import UNREADABLE, read_limit

if TYPE_CHECKING:
    from engine.calendar import Calendar
    from engine.definition import Definition
    from tests.unit.conftest import Case

LATER = {"until": "2023-06-20", "reason": "汛期不能施工", "progress_note": "已完成一半"}
HOLD = {"grounds": "season", "until": "2023-05-31", "reason": "主汛期不能施工"}


def suspend(case: Case, since: str, until: str) -> None:
    """Suspend item 1 from an instant to an instant."""
    case.ask("o23", "suspension", HOLD)
    case.answer("o21")
    case.answer("o04", at=since)
    case.do("o23", "resume", at=until)


def extend(case: Case) -> None:
    """Grant item 1 an extension to 20 June."""
    case.ask("o23", "extension", LATER)
    case.answer("o21")
    case.answer("o04")


@pytest.mark.parametrize("limit", ["10wd", "40wh"])
def test_1_a_night_of_suspension_gives_back_nothing(case: Case, limit: str) -> None:
    """Fault 1: a pause measured by the wall clock and given back as office time; 18:00 to 8:00 made nearly two days."""
    case.rectifying("immediate", limit=limit)
    before = case.due()
    suspend(case, "2023-05-09 18:00", "2023-05-10 08:00")
    assert case.due() == before


def test_1_a_week_of_suspension_gives_back_its_working_days(case: Case) -> None:
    """Fault 1, the other way round: what really stood still comes back."""
    case.rectifying("immediate", limit="10wd")
    suspend(case, "2023-05-10 09:00", "2023-05-17 09:00")
    assert case.due() == "2023-05-29T17:30"  # from Monday 22 May, five working days on


def test_2_an_extension_survives_a_suspension(case: Case) -> None:
    """Fault 2: resuming recounted from the start and the first limit, and the extension was gone."""
    case.rectifying("immediate", limit="10wd")
    extend(case)
    assert case.due() == "2023-06-20T17:30"
    suspend(case, "2023-05-10 09:00", "2023-05-12 09:00")
    # two closes stood still; after 20 June come the 21st, 端午, and Sunday the 25th, a make-up workday
    assert case.due() == "2023-06-25T17:30"


def test_2_an_extension_after_a_suspension_holds_as_granted(case: Case) -> None:
    """Fault 2: suspend, resume, extend: the day that was granted is the day that counts."""
    case.rectifying("immediate", limit="10wd")
    suspend(case, "2023-05-10 09:00", "2023-05-12 09:00")
    extend(case)
    assert case.due() == "2023-06-20T17:30"


def test_2_an_extension_granted_while_suspended_survives(siban: Definition, calendar: Calendar) -> None:
    """Fault 2: suspend, extend, resume: only what stood still after the grant is added to it."""
    start, pause, grant, resume = map(
        parse_instant, ("2023-05-08", "2023-05-10 09:00", "2023-05-11 09:00", "2023-05-12 09:00")
    )
    granted = parse_instant("2023-06-20 17:30")
    run = Run(2, start, grant, pauses=((pause, resume),), moves=((grant, granted),))
    item = Item(
        1, "ZG2023-0001", "siban", siban.hash, "rectifying", 0, 0, 0, fields={"track": "immediate", "limit": "10wd"}
    )
    assert iso(due(run, siban.clocks["total"], item, calendar) or 0) == "2023-06-21T17:30:00+08:00"


def test_3_a_limit_in_working_days_is_not_so_many_times_24_hours(case: Case) -> None:
    """Fault 3: time counted in office minutes against n x 24 hours turned the light three times too late."""
    case.rectifying("immediate")
    words = {}
    for moment in ("05-12 14:00", "05-12 17:30", "05-15 17:30", "05-15 17:31", "05-23 09:00"):
        case.settled(at=f"2023-{moment}")
        words[moment] = light(case.items[1], case.rules, case.now)[:2]
    assert words == {
        "05-12 14:00": ("normal", 1),
        "05-12 17:30": ("due_soon", 1),
        "05-15 17:30": ("due_soon", 0),
        "05-15 17:31": ("overdue", 0),
        "05-23 09:00": ("overdue", 6),
    }


def test_3_a_long_limit_does_not_overflow(calendar: Calendar) -> None:
    """Fault 3: days x 24 x 60 x 60 x 1000 in 32 bits overflowed at 25 days."""
    start = parse_instant("2023-05-08 10:00")
    lengths = [calendar.due(start, Limit(days, "d"), roll=False) - start for days in (24, 25, 26, 60)]
    assert [length // DAY for length in lengths] == [24, 25, 26, 60]


def test_4_a_limit_is_kept_once(case: Case, siban: Definition) -> None:
    """Fault 4: the limit's text and its parsed type were both kept, and drifted apart."""
    limits = [field for field in siban.fields.values() if field.kind == "limit"]
    assert [field.name for field in limits] == ["limit"]
    case.rectifying("immediate", limit="2h", limit_text="2紧急工作时")
    counted = case.due()
    item = case.items[1]
    case.items[1] = item._replace(fields={**item.fields, "limit_text": "9个工作日"})
    assert case.due() == counted
    for text in ("2h", "4wh", "5wd", "15d", "1mo", "2023-08-31"):
        assert code(parse(text)) == text


def test_5_a_limit_text_is_never_guessed_in_silence() -> None:
    """Fault 5: 15天 was read as working days without a word, and what could not be read as one calendar day."""
    today = date(2023, 5, 8)
    bare = read_limit("15天", today=today)
    assert (bare.code, bool(bare.note)) == ("15d", True)
    assert read_limit("种植季节后", today=today)[:3:2] == (None, UNREADABLE)
    assert read_limit("15个工作日", today=today).code == "15wd"


def test_5_an_item_without_a_readable_limit_has_no_due_day(case: Case) -> None:
    """Fault 5: 时限待明确 is no limit at all, not a short one; 限时主办 is not assigned without one."""
    case.register(limit_text="种植季节后")
    refused = case.refusal("o11", "assign", track="campaign", lead_unit="water")
    assert refused.code == "limit_needed"
    case.do("o11", "assign", track="led", lead_unit="water", commander="o03")
    assert case.due() == ""


def test_6_an_item_handed_in_late_stays_late_in_review(case: Case) -> None:
    """Fault 6: the test for overdue left out the states of review, so that handing in ended the lateness."""
    case.rectifying("upstream")
    case.reported(at="2023-05-17 09:00")
    assert case.items[1].state == "unit_review"
    assert light(case.items[1], case.rules, case.now).word == "overdue"
    case.settled(at="2023-05-26 09:00")
    assert case.rungs()[-1] == "total:1:3"
    case.verified()
    assert light(case.items[1], case.rules, case.now).word == "overdue"


def test_6_an_item_in_review_over_its_due_day_is_urged(case: Case) -> None:
    """Fault 6: what was handed in in time is judged as running until it has passed, and then as in time."""
    case.rectifying("upstream")
    case.reported(at="2023-05-15 16:00")
    case.settled(at="2023-05-17 09:00")
    assert light(case.items[1], case.rules, case.now).word == "overdue"
    assert "total:1:2" in case.rungs()
    case.verified()
    case.tell()
    assert case.do("o11", "close").fields["on_time"] is True


@pytest.mark.parametrize("track", ["immediate", "campaign", "led", "upstream"])
@pytest.mark.parametrize("verb", ["close", "confirm", "close_with_explanation", "pass_office", "publicise"])
def test_8_nothing_closes_straight_from_rectifying(case: Case, track: str, verb: str) -> None:
    """Fault 8: an item could be closed from 整改中 without any verification."""
    case.rectifying(track)
    for who in ("o11", "o13", "o04", "o01", "o03", "o21", "o23"):
        assert case.refusal(who, verb).code == "not_in_state"


def test_8_no_way_leads_round_the_verification(siban: Definition) -> None:
    """Fault 8, for every path: without 核验通过 the definition has no way to 已销号."""
    without = siban._replace(transitions=tuple(t for t in siban.transitions if t.verb != "pass_office"), composites={})
    assert ("states.closed", "unreachable_state") in [fault[:2] for fault in check(without)]


def test_9_open_requests_end_with_a_reassignment(case: Case) -> None:
    """Fault 9: a request survived the reassignment, and its granting later hit another unit's item."""
    case.rectifying("campaign")
    case.ask("o23", "extension", LATER | {"until": "2023-07-20"})
    case.do("o11", "reassign", lead_unit="river", reason="职责作了调整")
    assert [request.state for request in case.items[1].requests] == ["void"]


def test_9_open_requests_end_with_a_reassignment_that_keeps_the_state(case: Case) -> None:
    """Fault 9: an unanswered return of the unit before must not send back the unit after."""
    case.register()
    case.do("o11", "assign", track="immediate", lead_unit="water")
    case.ask("o23", "return", reason="不属本处职责")
    case.do("o11", "reassign", lead_unit="river", reason="职责作了调整")
    assert [request.state for request in case.items[1].requests] == ["void"]


def test_10_reopening_leaves_the_earlier_round_as_it_was(case: Case) -> None:
    """Fault 10: reopening an item changed last month's report."""
    case.answered("immediate")
    closed = case.do("o11", "close", at="2023-05-31 10:00")
    closing = len(case.log)
    verdict = case.log[-1].body
    item = case.do(
        "o11", "reopen", at="2023-06-05 09:00", reason="问题出现反弹", authority="区委督查室通报", limit="5wd"
    )
    assert (item.state, item.round, item.closed_at) == ("rectifying", 2, None)
    assert list(item.acts) == ["reopen"]
    assert (item.clocks["total"].cycle, case.due()) == (2, "2023-06-12T17:30")
    # what the ledger said at the end of May it says still
    assert replay(case.log[:closing]) == closed
    assert case.log[closing - 1].body == verdict
    assert '"on_time":true' in verdict


def test_10_a_new_round_asks_for_everything_anew(case: Case) -> None:
    """Fault 10: a new limit, and a plan, an answer and a call-back of its own."""
    case.answered("campaign")
    case.do("o11", "close")
    again = {"reason": "问题出现反弹", "authority": "区委督查室通报"}
    assert case.refusal("o11", "reopen", again).data["fields"] == ["limit"]
    item = case.do("o11", "reopen", again, limit="2023-08-31")
    assert (item.state, item.round, list(item.acts)) == ("planning", 2, ["reopen"])
    left = {"measures", "outcome", "result_class", "told", "satisfaction", "on_time", "lessons"} & set(item.fields)
    assert left == set()


def test_11_the_main_clock_stops_at_the_report_that_passed(case: Case) -> None:
    """Fault 11: lateness counted to the day of closing; or to the first report, so that a hasty one bought time."""
    case.rectifying("immediate")
    case.reported(at="2023-05-12 10:00")
    back = {"opinion": "未整改到位", "further_demand": "请补充整改前后对比照片"}
    case.do("o13", "send_back", back, at="2023-05-15 10:00")
    case.reported(at="2023-05-16 10:00")
    case.settled(at="2023-05-19 10:00")
    case.verified()
    assert iso(case.items[1].clocks["total"].stopped or 0) == "2023-05-16T10:00:00+08:00"
    case.tell()
    assert case.do("o11", "close", at="2023-05-25 10:00").fields["on_time"] is False


def test_11_a_closing_long_after_a_report_in_time_is_in_time(case: Case) -> None:
    """Fault 11: what the office and the reporter take afterwards is not the unit's."""
    case.rectifying("immediate")
    case.reported(at="2023-05-12 10:00")
    case.settled(at="2023-05-18 10:00")
    case.verified()
    case.tell()
    assert case.do("o11", "close", at="2023-05-25 10:00").fields["on_time"] is True


def test_12_make_up_saturdays_are_working_days(case: Case) -> None:
    """Fault 12: a week-end test by Monday to Friday alone."""
    case.now = parse_instant("2023-05-05 10:00")
    case.register()
    assert case.due("accept") == "2023-05-06T17:30"
    case.settled(at="2023-05-06 17:29")
    assert case.rungs() == ["accept:1:0"]


def test_12_days_off_in_the_week_are_not(case: Case) -> None:
    """Fault 12: 五一 with its make-up Saturday: five working days from 28 April end on 9 May, not on 5 May."""
    case.now = parse_instant("2023-04-28 10:00")
    case.rectifying("immediate")
    assert case.due() == "2023-05-09T17:30"
