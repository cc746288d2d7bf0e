"""Requests in full: each clause of what may be asked for, when, by whom, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.canonical import parse
from engine.clock import iso
from engine.decide import carry_out
from engine.errors import Refused
from engine.item import Request
from engine.run import original_due

if TYPE_CHECKING:
    from engine.definition import Definition
    from tests.unit.conftest import Case

    Fields = dict[str, object]

HEAD, DEPUTY, HANDLER = "o21", "o22", "o23"  # 水务处
RIVER = "o27"  # 河道署
OFFICE = "o11"  # 局办公室
IN_CHARGE, PRINCIPAL, COMMANDER = "o04", "o01", "o03"

LATER: Fields = {"until": "2023-07-20", "reason": "汛期不能施工", "progress_note": "已完成一半"}
HOLD: Fields = {"grounds": "season", "until": "2023-06-15", "reason": "主汛期不能施工"}
AWAY: Fields = {"reason": "不属本处职责", "suggested_unit": "river"}
DUE = "2023-06-30 17:30"  # of a campaign item of the fixture


def asked(case: Case, kind: str, fields: Fields, who: str = HANDLER, at: str = "") -> str:
    """Ask, and return the code of the refusal, or "" when it was taken; a refusal changes nothing."""
    before = case.settled(at=at)
    try:
        case.ask(who, kind, fields)
    except Refused as refused:
        assert case.items[1] == before
        return refused.code
    return ""


def answered(case: Case, who: str, *, grant: bool = True, at: str = "", **fields: str) -> str:
    """Answer the last request, and return the code of the refusal, or ""."""
    before = case.settled(at=at)
    given = {"opinion": None, "until": None, "limit": None} | fields
    try:
        case.answer(who, grant=grant, opinion=given["opinion"], until=given["until"], limit=given["limit"])
    except Refused as refused:
        assert case.items[1] == before
        return refused.code
    return ""


def granted(case: Case, kind: str, fields: Fields, who: str = IN_CHARGE) -> None:
    """Ask for something and have it granted."""
    assert [asked(case, kind, fields), answered(case, HEAD), answered(case, who)] == ["", "", ""]


def states(case: Case) -> list[str]:
    """What became of the requests, in their order."""
    return [request.state for request in case.items[1].requests]


# ---- 延期 ------------------------------------------------------------------------------------------------------------

EXTENSIONS: dict[str, tuple[Fields, str, str, str]] = {
    "asked for at the due moment": ({}, HANDLER, DUE, ""),
    "a minute later": ({}, HANDLER, "2023-06-30 17:31", "request_too_late"),
    "without a reason": ({"reason": None}, HANDLER, "", "missing_field"),
    "with a reason of four characters": ({"reason": "汛期施工"}, HANDLER, "", "field_too_short"),
    "without a date": ({"until": None}, HANDLER, "", "missing_field"),
    "without the progress made": ({"progress_note": None}, HANDLER, "", "missing_field"),
    "to the present due day": ({"until": "2023-06-30"}, HANDLER, "", "request_not_later"),
    "to 90 days after it": ({"until": "2023-09-28"}, HANDLER, "", ""),
    "to 91 days after it": ({"until": "2023-09-29"}, HANDLER, "", "request_too_long"),
    "by another unit": ({}, RIVER, "", "not_allowed"),
    "by the supervising office": ({}, OFFICE, "", "not_allowed"),
    "with what it does not take": ({"limit": "90d"}, HANDLER, "", "field_not_taken"),
}


@pytest.mark.parametrize(("change", "who", "at", "code"), EXTENSIONS.values(), ids=EXTENSIONS)
def test_an_extension_is_asked_for(case: Case, change: Fields, who: str, at: str, code: str) -> None:
    """In time, by whoever handles it, with a reason, the progress, and a date that is later but not too much so."""
    case.rectifying("campaign")
    assert asked(case, "extension", LATER | change, who, at) == code


def test_an_extension_is_for_what_is_being_mended(case: Case) -> None:
    """Not before there is a plan, nor in review."""
    case.assigned("campaign")
    assert asked(case, "extension", LATER) == "request_not_here"


@pytest.mark.parametrize("ends", ["refused", "lapsed", "void"])
def test_what_was_not_granted_uses_up_nothing(case: Case, ends: str) -> None:
    """Three that were refused, lapsed or became void leave both extensions; a third grant there is not."""
    case.rectifying("campaign", limit="2023-09-29")
    for month in (6, 7, 8):
        assert asked(case, "extension", LATER | {"until": "2023-10-20"}) == ""
        if ends == "refused":
            case.answer(HEAD, grant=False, opinion="可以夜间施工")
        elif ends == "lapsed":
            case.settled(at=f"2023-0{month}-28 18:00")
        else:
            item = case.items[1]
            case.items[1] = item._replace(requests=tuple(r._replace(state="void") for r in item.requests))
        assert states(case)[-1] == ends
    granted(case, "extension", LATER | {"until": "2023-10-20"})
    granted(case, "extension", LATER | {"until": "2023-10-30"}, PRINCIPAL)
    assert asked(case, "extension", LATER | {"until": "2023-11-10"}) == "request_used_up"


def test_one_extension_is_open_at_a_time(case: Case) -> None:
    """A second waits for the answer to the first, endorsed or not."""
    case.rectifying("campaign")
    assert asked(case, "extension", LATER) == ""
    assert asked(case, "extension", LATER | {"until": "2023-07-10"}) == "request_open"
    case.answer(HEAD)
    assert asked(case, "extension", LATER | {"until": "2023-07-10"}) == "request_open"
    case.answer(IN_CHARGE)
    assert asked(case, "extension", LATER | {"until": "2023-07-31"}) == ""


def test_the_original_date_stays_in_view(case: Case) -> None:
    """After two extensions it is still told what the due day would have been."""
    case.rectifying("campaign")
    granted(case, "extension", LATER)
    granted(case, "extension", LATER | {"until": "2023-08-01"}, PRINCIPAL)
    item, clock = case.items[1], case.rules.definition.clocks["total"]
    original = original_due(item.clocks["total"], clock, item, case.rules.calendar)
    assert (case.due(), iso(original or 0)[:16]) == ("2023-08-01T17:30", "2023-06-30T17:30")


def test_an_extension_asked_for_in_time_may_be_granted_after(case: Case) -> None:
    """Decided three days late, it holds; the steps that waited for it do not come."""
    case.rectifying("campaign")
    asked(case, "extension", LATER, at="2023-06-29 09:00")
    case.answer(HEAD)
    assert answered(case, IN_CHARGE, at="2023-07-04 09:00") == ""
    assert case.due() == "2023-07-20T17:30"
    assert "total:1:2" not in case.rungs()


DATES: dict[str, tuple[str, str, str, str]] = {
    "earlier than asked for": ("2023-07-10", IN_CHARGE, "", "2023-07-10T17:30"),
    "later, within his power": ("2023-07-30", IN_CHARGE, "", "2023-07-30T17:30"),
    "later, beyond his power": ("2023-07-31", IN_CHARGE, "not_allowed", ""),
    "later, the principal's": ("2023-07-31", PRINCIPAL, "", "2023-07-31T17:30"),
    "not later than it was": ("2023-06-30", IN_CHARGE, "request_not_later", ""),
    "beyond what may be": ("2023-09-29", PRINCIPAL, "request_too_long", ""),
}


@pytest.mark.parametrize(("until", "who", "code", "due"), DATES.values(), ids=DATES)
def test_whoever_grants_may_set_another_date(case: Case, until: str, who: str, code: str, due: str) -> None:
    """Within the bounds of the asking, and of the power of whoever grants."""
    case.rectifying("campaign")
    asked(case, "extension", LATER)
    case.answer(HEAD)
    assert answered(case, who, until=until) == code
    assert case.due() == (due or "2023-06-30T17:30")


def test_an_answer_takes_words_and_a_date_only(case: Case) -> None:
    """A refusal needs words; whoever endorses sets no date; nothing else slips into the item by an answer."""
    case.rectifying("campaign")
    asked(case, "extension", LATER)
    assert answered(case, HEAD, grant=False) == "missing_field"
    assert answered(case, HEAD, grant=False, opinion="不同意", until="2023-07-10") == "field_not_taken"
    assert answered(case, HEAD, until="2023-07-10") == "field_not_taken"
    assert answered(case, HEAD, limit="90d") == "field_not_taken"
    assert states(case) == ["open"]


def test_a_new_limit_overtakes_an_extension_that_waits(case: Case) -> None:
    """重新计时 to a later day leaves an extension to an earlier one nothing to grant."""
    case.rectifying("campaign")
    asked(case, "extension", LATER)
    case.do(OFFICE, "restart_clock", reason="上级另定时限", limit="2023-07-31")
    assert answered(case, HEAD) == "request_not_later"
    assert case.due() == "2023-07-31T17:30"


# ---- 暂缓办理 --------------------------------------------------------------------------------------------------------

SUSPENSIONS: dict[str, tuple[Fields, str, str, str]] = {
    "in time": ({}, HANDLER, "", ""),
    "once overdue": ({"until": "2023-08-15"}, HANDLER, "2023-06-30 17:31", "request_too_late"),
    "without grounds": ({"grounds": None}, HANDLER, "", "missing_field"),
    "without an end": ({"until": None}, HANDLER, "", "missing_field"),
    "without a reason": ({"reason": None}, HANDLER, "", "missing_field"),
    "to today": ({"until": "2023-05-08"}, HANDLER, "", "request_not_later"),
    "for a year": ({"until": "2024-05-08"}, HANDLER, "", ""),
    "for a year and a day": ({"until": "2024-05-09"}, HANDLER, "", "request_too_long"),
    "by another unit": ({}, RIVER, "", "not_allowed"),
}


@pytest.mark.parametrize(("change", "who", "at", "code"), SUSPENSIONS.values(), ids=SUSPENSIONS)
def test_a_suspension_is_asked_for(case: Case, change: Fields, who: str, at: str, code: str) -> None:
    """In time, with grounds, reason and an end within a year."""
    case.rectifying("campaign")
    assert asked(case, "suspension", HOLD | change, who, at) == code


def test_an_item_is_suspended_once(case: Case) -> None:
    """A refused one does not count; a second is not granted in one round."""
    case.rectifying("campaign")
    asked(case, "suspension", HOLD)
    case.answer(HEAD, grant=False, opinion="条件具备")
    granted(case, "suspension", HOLD)
    case.do(HANDLER, "resume", at="2023-05-15 09:00")
    assert asked(case, "suspension", HOLD) == "request_used_up"


def test_a_suspension_ends_by_itself_and_says_so(case: Case) -> None:
    """At the end of its last day, told to whoever handles it, to the unit's head and to the office's, as an early end is."""
    case.rectifying("campaign", handler=HANDLER)
    granted(case, "suspension", HOLD)
    item = case.settled(at="2023-06-16 00:00")
    event = case.log[-1]
    assert (item.state, event.verb, event.decider, iso(event.effective_at)[:16]) == (
        "rectifying",
        "resume",
        "system",
        "2023-06-16T00:00",
    )
    told = parse(event.body)["tell"]
    assert told == [HANDLER, HEAD, OFFICE]
    before = len(case.log)
    case.settled(at="2023-06-16 09:00")
    assert len(case.log) == before


def test_a_suspension_whose_time_has_passed_is_not_granted(case: Case) -> None:
    """Asked for to Wednesday and decided on Thursday, it would end before it began; another date may be set."""
    case.rectifying("campaign")
    asked(case, "suspension", HOLD | {"until": "2023-05-10"})
    case.answer(HEAD)
    assert answered(case, IN_CHARGE, at="2023-05-11 09:00") == "request_not_later"
    assert answered(case, IN_CHARGE, until="2023-05-15") == ""
    assert case.settled(at="2023-05-16 09:00").state == "rectifying"
    (pause,) = case.items[1].clocks["total"].pauses
    assert [iso(at or 0)[:10] for at in pause] == ["2023-05-11", "2023-05-16"]


def test_a_long_terms_date_may_be_set_by_whoever_grants_it(case: Case) -> None:
    """持续整改: `until` of the answer is the next review; a return has no date to set."""
    case.rectifying("campaign")
    goal: Fields = {"stage_goal": "设施修复", "expected_on": "2024-06-30", "reason": "须经年度检验"}
    asked(case, "longterm", goal | {"next_review_on": "2023-08-31"})
    case.answer(HEAD)
    item = case.answer(IN_CHARGE, until="2023-07-31")
    assert (item.text("next_review_on"), case.due("longterm_review")) == ("2023-07-31", "2023-07-31T17:30")


# ---- 退回 ------------------------------------------------------------------------------------------------------------

RETURNS: dict[str, tuple[Fields, str, str, str]] = {
    "at the end of the third day": ({}, HANDLER, "2023-05-11 17:30", ""),
    "a minute later": ({}, HANDLER, "2023-05-11 17:31", "request_window_over"),
    "without a reason": ({"reason": None}, HANDLER, "", "missing_field"),
    "with a short reason": ({"reason": "不属我"}, HANDLER, "", "field_too_short"),
    "without another unit in mind": ({"suggested_unit": None}, HANDLER, "", ""),
    "by another unit": ({}, RIVER, "", "not_allowed"),
}


@pytest.mark.parametrize(("change", "who", "at", "code"), RETURNS.values(), ids=RETURNS)
def test_a_return_is_asked_for(case: Case, change: Fields, who: str, at: str, code: str) -> None:
    """Within three working days of the assignment, with a reason, by the unit it was assigned to."""
    case.assigned("campaign")
    assert asked(case, "return", AWAY | change, who, at) == code


def test_a_return_needs_the_assigners_consent(case: Case) -> None:
    """Neither the unit's own head nor a leader sends it back; until the office does it stays where it is."""
    case.assigned("campaign")
    asked(case, "return", AWAY)
    assert [answered(case, who) for who in (HEAD, DEPUTY, RIVER, IN_CHARGE)] == ["not_allowed"] * 4
    assert case.items[1].state == "planning"
    assert answered(case, OFFICE, until="2023-07-01") == "field_not_taken"
    assert answered(case, OFFICE) == ""
    assert case.items[1].state == "accepted"


def test_a_returns_window_begins_anew_with_another_unit(case: Case) -> None:
    """The unit that it was moved to has three days of its own."""
    case.assigned("campaign")
    case.do(OFFICE, "reassign", at="2023-05-15 10:00", lead_unit="river", reason="职责作了调整")
    assert asked(case, "return", AWAY | {"suggested_unit": "water"}, RIVER, "2023-05-18 17:30") == ""


def test_a_return_is_not_for_what_has_been_planned(case: Case) -> None:
    """Once the plan is approved the unit keeps it, and so does one that was designated."""
    case.rectifying("campaign")
    assert asked(case, "return", AWAY) == "request_not_here"


# ---- what ends a request ---------------------------------------------------------------------------------------------


def test_a_request_is_void_when_the_item_leaves_its_place(case: Case, siban: Definition) -> None:
    """For each kind, each place and each act of the definition that leads out of it; an act that stays leaves it open."""
    item = case.rectifying("campaign")
    seen = {True: 0, False: 0}
    for kind in siban.requests.values():
        for state in kind.sources:
            waiting = Request(
                1, kind.name, "endorsed", HANDLER, case.now, state, timely=True, lapses_at=None, fields={}
            )
            here = item._replace(state=state, requests=(waiting,))
            for transition in siban.leaving(state):
                leaves = transition.to not in {"", state}
                if transition.absorb or "into" in {r.field for r in transition.require}:
                    given: Fields = {"reason": "同一问题"}
                else:
                    given = {"lead_unit": "water"} if "lead_unit" in transition.fields else {}
                (event,) = carry_out(here, transition, given, case.context(OFFICE))
                assert parse(event.body).get("void", []) == ([1] if leaves else []), (kind.name, state, transition.name)
                seen[leaves] += 1
    assert min(seen.values()) > 20


def test_a_suspension_voids_an_extension_that_waits(case: Case) -> None:
    """Both may wait at once; granting the one that moves the item ends the other."""
    case.rectifying("campaign")
    asked(case, "extension", LATER)
    granted(case, "suspension", HOLD)
    assert states(case) == ["void", "granted"]
    with pytest.raises(Refused) as refused:
        case.answer(IN_CHARGE)
    assert refused.value.code == "request_decided"


def test_a_new_round_has_requests_of_its_own(case: Case) -> None:
    """What an earlier round was granted is not counted against the next, and 分管领导 is first again."""
    case.rectifying("campaign")
    granted(case, "extension", LATER)
    granted(case, "extension", LATER | {"until": "2023-08-01"}, PRINCIPAL)
    case.reported()
    case.verified()
    case.tell()
    case.do(OFFICE, "close")
    again = {"reason": "问题出现反弹", "authority": "区委督查室通报", "limit": "2023-09-29"}
    case.do(OFFICE, "reopen", again, at="2023-07-03 09:00")
    measures = [{"text": "更换护栏", "unit": "water", "due": "2023-09-15"}]
    case.do(HANDLER, "submit_plan", objective="护栏完好", measures=measures)
    case.do(IN_CHARGE, "approve_plan")
    for until, who in (("2023-10-20", IN_CHARGE), ("2023-10-31", PRINCIPAL)):
        granted(case, "extension", LATER | {"until": until}, who)
    assert asked(case, "extension", LATER | {"until": "2023-11-10"}) == "request_used_up"
