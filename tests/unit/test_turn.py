"""Whose move it is: the owner's, or of whoever the item really waits for."""

from __future__ import annotations

from typing import Any

import pytest

from engine.turn import desk, people, turns
from storage.memory import MemoryStore
from tests.trial import CLERK, HEAD, LEADER, PRINCIPAL, RIVER, RIVER_HEAD, VERIFIER, Ledger

LASTING: dict[str, Any] = {
    "lessons": "已排查同类河道",
    "long_term_mechanism": "纳入每日巡查",
    "all_measures_done": True,
}


@pytest.fixture
def ledger() -> Ledger:
    """An office with nothing in its ledger, on a Monday morning."""
    return Ledger(MemoryStore())


def moves(ledger: Ledger, number: int) -> list[tuple[str, list[str]]]:
    """Return (verb, who) of every step that is expected."""
    with ledger.office.store.read() as reader:
        item = reader.item(number)
        assert item is not None
        rules = ledger.office.shelf.rules(reader, item.definition)
        now = ledger.time.now()
        found = turns(item, rules, now)
        assert (desk(item, rules, now).role == "") == (not found)
        return [(turn.verb, people(turn, item, rules)) for turn in found]


def in_feedback(ledger: Ledger, track: str = "immediate", **fields: Any) -> int:  # noqa: ANN401 - whatever the act takes
    """Take an item that a citizen reported to 反馈, and answer the citizen."""
    one = ledger.assigned("河面垃圾", source="citizen", reporter="陈女士", track=track, **fields)
    ledger.act(RIVER, "sign", one)
    if track == "led":
        measures = [{"text": "清理", "unit": "river", "due": "2023-06-20"}]
        ledger.act(RIVER, "submit_plan", one, objective="水清", measures=measures, proposed_due="2023-06-30")
        ledger.act(PRINCIPAL, "approve_plan", one)
        ledger.reported(one, **LASTING)
        ledger.act(RIVER_HEAD, "pass_unit", one)
    else:
        ledger.reported(one)
    ledger.act(CLERK, "pass_office", one, verify_by="site", opinion="属实")
    ledger.act(RIVER, "answer", one, told=["reporter"], answered_by="phone", answer_text="已清理完毕")
    return one


def test_the_owner_has_it_on_the_desk(ledger: Ledger) -> None:
    """The supervising office, then the handler; a unit's whole staff where nobody is named."""
    one = ledger.register(title="河面垃圾")
    assert moves(ledger, one) == [("", ["o11", "o12", "o13", "o14"])]
    ledger.act(HEAD, "assign", one, track="immediate", lead_unit="river")
    assert moves(ledger, one) == [("", ["o25", "o26", "o27", "o28"])]
    ledger.act(RIVER, "sign", one, handler=RIVER)
    assert moves(ledger, one) == [("", [RIVER])]


def test_a_plan_lies_with_the_leader_who_can_approve_it(ledger: Ledger) -> None:
    """On the led list the state's owner cannot move it on; the principal can."""
    one = ledger.assigned("水体黑臭", track="led", commander=LEADER, limit="2023-07-31")
    ledger.act(RIVER, "sign", one)
    measures = [{"text": "打通断头浜", "unit": "river", "due": "2023-07-20"}]
    ledger.act(RIVER, "submit_plan", one, objective="水清", measures=measures, proposed_due="2023-07-31")
    ((verb, who),) = moves(ledger, one)
    assert (verb, who[0]) == ("", PRINCIPAL)
    assert LEADER not in who


def test_four_eyes_keep_an_item_off_the_desk_of_who_reported_it(ledger: Ledger) -> None:
    """The head reported it done: the deputy reviews."""
    one = ledger.assigned("河面垃圾", track="campaign", limit="2023-06-30")
    ledger.planned(one, "2023-06-20")
    ledger.reported(one, RIVER_HEAD, **LASTING)
    assert moves(ledger, one) == [("", ["o26"])]


def test_a_clock_asks_for_its_own_step(ledger: Ledger) -> None:
    """First contact with a citizen is asked for beside the handling, until it is made; of others nobody asks it."""
    one = ledger.assigned("河面垃圾", source="citizen", reporter="陈女士", track="immediate")
    assert moves(ledger, one) == [("", [RIVER]), ("first_contact", [RIVER])]
    ledger.act(RIVER, "first_contact", one, contact_way="phone", contact_result="reached")
    assert moves(ledger, one) == [("", [RIVER])]
    assert moves(ledger, ledger.assigned("会议记录不全", track="immediate")) == [("", [RIVER])]


def test_a_co_unit_is_waited_for_until_it_reports(ledger: Ledger) -> None:
    """Each unit that has not reported, and only that one."""
    one = ledger.assigned("河面垃圾", track="immediate", co_units=["water", "ecology"])
    ledger.act("o23", "co_report", one, co_result="已开闸调水")
    assert moves(ledger, one)[1] == ("co_report", ["o31", "o32", "o33", "o34"])


def test_after_the_answer_the_call_back_is_waited_for(ledger: Ledger) -> None:
    """The verifiers', then whoever closes; not those barred by four eyes."""
    one = in_feedback(ledger)
    assert moves(ledger, one) == [("call_back", ["o11", "o12", "o13", "o14"])]
    ledger.act(VERIFIER, "call_back", one, satisfaction="satisfied", solved="solved")
    assert moves(ledger, one)[0][0] == "close"
    ledger.act(HEAD, "close", one)
    assert moves(ledger, one) == []


def test_dissatisfied_is_done_again_and_the_second_time_a_leader_decides(ledger: Ledger) -> None:
    """不满意: the office sends it back once; after that it is the leader's."""
    one = in_feedback(ledger)
    unhappy = {"satisfaction": "dissatisfied", "solved": "unsolved", "complaint": "垃圾仍在原处"}
    ledger.act(VERIFIER, "call_back", one, **unhappy)
    assert moves(ledger, one)[0] == ("redo", ["o11", "o12", "o13", "o14"])
    ledger.act(HEAD, "redo", one, reason="垃圾仍在原处")
    ledger.reported(one)
    ledger.act(CLERK, "pass_office", one, verify_by="site", opinion="属实")
    ledger.act(RIVER, "answer", one, told=["reporter"], answered_by="phone", answer_text="再次清理完毕")
    ledger.act(VERIFIER, "call_back", one, **unhappy)
    assert moves(ledger, one)[0][1] == [LEADER]


def test_a_led_item_waits_for_its_commander(ledger: Ledger) -> None:
    """挂帅签字 before 销号."""
    one = in_feedback(ledger, "led", commander="o03", limit="2023-07-31")
    ledger.act(VERIFIER, "call_back", one, satisfaction="satisfied", solved="solved")
    assert moves(ledger, one) == [("sign_off", ["o03"])]
