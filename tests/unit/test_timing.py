"""Clocks derived from events: what each act does to the clocks of an item, one after the other and one inside the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.canonical import canonical, parse
from engine.clock import iso, parse_instant
from engine.event import DONE, Event
from engine.evolve import evolve, replay

if TYPE_CHECKING:
    from tests.unit.conftest import Case

    Fields = dict[str, object]

HEAD, HANDLER = "o21", "o23"  # 水务处
OFFICE, VERIFIER = "o11", "o13"  # 局办公室
IN_CHARGE, PRINCIPAL, COMMANDER = "o04", "o01", "o03"

LATER: Fields = {"until": "2023-06-20", "reason": "汛期不能施工", "progress_note": "已完成一半"}
HOLD: Fields = {"grounds": "season", "until": "2023-06-15", "reason": "主汛期不能施工"}
SENT: Fields = {
    "matter": "界河联合保洁",
    "reference": "局函〔2023〕21号",
    "sent_on": "2023-05-10",
    "signed_by": PRINCIPAL,
}
REPLY: Fields = {"reply": "同意建立联保机制", "replied_on": "2023-05-16"}
BACK: Fields = {"opinion": "未整改到位", "further_demand": "请补充整改前后对比照片"}
UNHAPPY: Fields = {"satisfaction": "dissatisfied", "complaint": "仍有破损", "solved": "unsolved"}


def suspend(case: Case, since: str) -> None:
    """Have item 1 suspended from an instant on."""
    case.ask(HANDLER, "suspension", HOLD)
    case.answer(HEAD)
    case.answer(IN_CHARGE, at=since)


def extend(case: Case) -> None:
    """Have item 1 extended to 20 June."""
    case.ask(HANDLER, "extension", LATER)
    case.answer(HEAD)
    case.answer(IN_CHARGE)
    assert case.due() == "2023-06-20T17:30"


def pauses(case: Case, clock: str = "total") -> list[tuple[str, str]]:
    """Tell from when to when a clock stood still."""
    return [(iso(a)[5:16], iso(b)[5:16] if b else "") for a, b in case.items[1].clocks[clock].pauses]


# ---- pauses of two kinds, and what is done between and inside them -----------------------------------------------------


def test_a_wait_and_a_suspension_add_up(case: Case) -> None:
    """提请上级 and 暂缓办理 one after the other: every close that stood still comes back, once."""
    case.rectifying("upstream", limit="10wd")
    assert case.due() == "2023-05-22T17:30"
    case.do(OFFICE, "submit_upstream", SENT, at="2023-05-10 10:00")
    case.do(OFFICE, "upstream_reply", REPLY, at="2023-05-16 10:00")  # 10, 11, 12 and 15 May
    assert case.due() == "2023-05-26T17:30"
    suspend(case, "2023-05-17 09:00")
    case.do(HANDLER, "resume", at="2023-05-19 09:00")  # 17 and 18 May
    assert case.due() == "2023-05-30T17:30"
    assert pauses(case) == [("05-10T10:00", "05-16T10:00"), ("05-17T09:00", "05-19T09:00")]


@pytest.mark.parametrize("resumed", ["2023-05-11 09:00", "2023-05-15 09:00", "2023-05-15 18:00", ""])
def test_what_comes_back_is_what_really_stopped(case: Case, resumed: str) -> None:
    """Granted to 15 June and ended on another day: the days to the end, not those that were granted."""
    case.rectifying("immediate", limit="10wd")
    suspend(case, "2023-05-10 09:00")
    if resumed:
        case.do(HANDLER, "resume", at=resumed)
    else:
        case.settled(at="2023-06-20 09:00")
    expected = {"2023-05-11 09:00": "2023-05-23", "2023-05-15 09:00": "2023-05-25", "2023-05-15 18:00": "2023-05-26"}
    # 27 closes from 10 May to 15 June; then 22 and 23 June are 端午, and Sunday the 25th a make-up workday
    assert case.due()[:10] == expected.get(resumed, "2023-06-29")


@pytest.mark.parametrize("order", ["extension first", "suspension first"])
def test_an_extension_survives_a_suspension_and_what_follows(case: Case, order: str) -> None:
    """In either order, and then a reassignment, a change of list and a send-back: the day that was granted still counts."""
    case.rectifying("immediate", limit="10wd")
    if order == "extension first":
        extend(case)
    suspend(case, "2023-05-10 09:00")
    case.do(HANDLER, "resume", at="2023-05-12 09:00")
    if order == "suspension first":
        extend(case)
    # two closes after 20 June are the 21st and, past 端午, the make-up workday on the 25th
    due = "2023-06-25T17:30" if order == "extension first" else "2023-06-20T17:30"
    assert case.due() == due
    cycle = case.items[1].clocks["total"].cycle
    case.do(OFFICE, "reassign", lead_unit="river", reason="职责作了调整")
    case.do(OFFICE, "reassign", lead_unit="water", reason="职责调整回来")
    assert case.due() == due
    case.do(HANDLER, "sign")
    case.do(IN_CHARGE, "change_list", track="upstream", submit_to="市水务局", reason="须上级协调")
    case.do(HANDLER, "sign")
    case.reported()
    case.do(HEAD, "pass_unit")
    case.do(VERIFIER, "send_back", BACK)
    assert (case.due(), case.items[1].clocks["total"].cycle) == (due, cycle)


def test_a_return_keeps_an_extension(case: Case) -> None:
    """Moved to another unit and returned by it, the item keeps the day that was granted."""
    case.rectifying("immediate", limit="10wd")
    extend(case)
    case.do(OFFICE, "reassign", lead_unit="river", reason="职责作了调整")
    case.ask("o27", "return", reason="不属本署职责")
    case.answer(OFFICE)
    assert (case.items[1].state, case.due()) == ("accepted", "2023-06-20T17:30")
    case.do(OFFICE, "assign", track="immediate", lead_unit="water")
    assert (case.items[1].clocks["total"].cycle, case.due()) == (2, "2023-06-20T17:30")


def test_a_suspension_inside_a_redo_stops_both_clocks(case: Case) -> None:
    """重新办理 within 暂缓办理: the three days of the one and what is left of the other stand still together."""
    case.answered("immediate", source="citizen", reporter="张女士", limit="10wd")
    case.do(VERIFIER, "call_back", UNHAPPY)
    case.do(OFFICE, "redo", at="2023-05-09 09:00", reason="反映人不满意")
    before = case.due(), case.due("redo")
    assert before == ("2023-05-22T17:30", "2023-05-12T17:30")  # 8 May is the start day: nothing of it comes back
    suspend(case, "2023-05-10 09:00")
    case.do(HANDLER, "resume", at="2023-05-12 09:00")
    assert pauses(case, "redo") == [("05-10T09:00", "05-12T09:00")]
    assert (case.due(), case.due("redo")) == ("2023-05-24T17:30", "2023-05-16T17:30")


def test_a_promotion_out_of_a_wait_lets_the_clock_go_on(case: Case) -> None:
    """挂帅提级 while the level above is asked ends the wait; only what stood still comes back."""
    case.rectifying("upstream", limit="10wd")
    case.do(OFFICE, "submit_upstream", SENT, at="2023-05-10 10:00")
    led: Fields = {"commander": COMMANDER, "authority": "局党组会议纪要〔2023〕9号"}
    item = case.do("party_group", "promote", led, at="2023-05-12 10:00")
    assert (item.state, item.clocks["total"].running, case.due()) == ("planning", True, "2023-05-24T17:30")


def test_a_clock_that_ends_while_it_stands_still_leaves_no_open_pause() -> None:
    """Paused, stopped as of then and gone on with: the whole gap counts, once, and later pauses are pauses of their own."""
    days = [parse_instant(f"2023-05-{day:02d} 09:00") for day in range(1, 9)]

    def event(at: int, *operations: list[object], **more: object) -> Event:
        body = {"clocks": list(operations)} | more
        return Event(0, 1, "act", DONE, at, at, "x", "x", "", "", "d", "c", canonical(body))

    item = replay(
        [
            event(days[0], ["start", "total", days[0]], serial="X", workflow="siban", to="open"),
            event(days[2], ["pause", "total", days[2]]),
            event(days[3], ["stop", "total", days[3]]),
        ]
    )
    assert item is not None
    assert item.clocks["total"].pauses == ((days[2], days[3]),)
    item = evolve(item, event(days[5], ["continue", "total", days[5]]))
    assert item.clocks["total"].pauses == ((days[2], days[3]), (days[3], days[5]))
    item = evolve(item, event(days[6], ["pause", "total", days[6]]))
    item = evolve(
        item, event(days[7], ["stop", "total", days[4]])
    )  # as of a report before the pause, and inside the gap
    assert item.clocks["total"].pauses == ((days[2], days[3]), (days[3], days[4]))


# ---- 重新办理 ----------------------------------------------------------------------------------------------------------


def redone(case: Case, reported: str, redo: str) -> None:
    """Report an item of five working days (to 15 May) done, have it answered, and have it done again."""
    case.rectifying("immediate", source="citizen", reporter="张女士")
    case.do(HANDLER, "first_contact", contact_way="phone", contact_result="reached")
    case.reported(at=reported)
    case.verified()
    case.tell()
    case.do(VERIFIER, "call_back", UNHAPPY)
    case.do(OFFICE, "redo", at=redo, reason="反映人不满意")


def test_a_redo_gives_its_three_days_to_what_was_reported_in_time(case: Case) -> None:
    """Reported on the last day: the main clock would fall due on the day of the redo; it does not before the redo's own."""
    redone(case, "2023-05-15 16:00", "2023-05-22 09:00")
    item = case.items[1]
    assert (case.due(), case.due("redo")) == ("2023-05-25T17:30", "2023-05-25T17:30")
    assert item.clocks["total"].cycle == 2
    case.reported(at="2023-05-25 17:00")
    case.verified()
    case.tell()
    case.do(VERIFIER, "call_back", satisfaction="satisfied", solved="solved")
    assert case.do(OFFICE, "close").fields["on_time"] is True
    assert not [rung for rung in case.rungs() if rung.startswith("total:2:") and rung[-1] in "12345"]


def test_a_redo_does_not_excuse_what_was_late(case: Case) -> None:
    """Reported a day late, it stays late: a redo is no restart."""
    redone(case, "2023-05-16 10:00", "2023-05-22 09:00")
    assert (case.due(), case.items[1].clocks["total"].cycle) == ("2023-05-15T17:30", 1)
    case.reported()
    case.verified()
    case.tell()
    case.do(VERIFIER, "call_back", satisfaction="satisfied", solved="solved")
    assert case.do(OFFICE, "close").fields["on_time"] is False


# ---- 重新列入 ----------------------------------------------------------------------------------------------------------


def test_a_new_round_counts_by_itself(case: Case) -> None:
    """Pauses and extensions of the round before are gone from the clock and stay in the record; its verdict stands."""
    case.rectifying("immediate", limit="10wd")
    extend(case)
    suspend(case, "2023-05-10 09:00")
    case.do(HANDLER, "resume", at="2023-05-12 09:00")
    case.reported(at="2023-06-27 10:00")
    case.verified()
    case.tell()
    case.do(OFFICE, "close")
    closing = case.log[-1]
    before = case.items[1].clocks["total"]
    rungs = case.rungs()
    item = case.do(
        OFFICE, "reopen", at="2023-07-03 09:00", reason="问题出现反弹", authority="区委督查室通报", limit="5wd"
    )
    run = item.clocks["total"]
    assert (run.cycle, run.pauses, run.moves, case.due()) == (before.cycle + 1, (), (), "2023-07-10T17:30")
    assert parse(closing.body)["verdict"] == {
        "due_at": parse_instant("2023-06-25 17:30"),
        "done_at": parse_instant("2023-06-27 10:00"),
        "on_time": False,
    }
    assert case.rungs()[: len(rungs)] == rungs
    case.reported(at="2023-07-05 10:00")
    case.verified()
    case.tell()
    assert case.do(OFFICE, "close").fields["on_time"] is True
    assert closing in case.log
