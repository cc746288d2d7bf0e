"""The default workflow under way: what moves the due day and what does not, requests, merging, changes of list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import Refused
from engine.loader import load
from tests.unit.conftest import WORKFLOWS, Case

if TYPE_CHECKING:
    from engine.calendar import Calendar
    from engine.organisation import Organisation

HEAD, DEPUTY, HANDLER = "o21", "o22", "o23"  # 水务处
OFFICE, VERIFIER = "o11", "o13"  # 局办公室
IN_CHARGE, PRINCIPAL, COMMANDER = "o04", "o01", "o03"


# ---- the main clock ------------------------------------------------------------------------------


def test_a_return_keeps_the_main_clock(case: Case) -> None:
    """A return and a new assignment cost time: the due day stays where the first assignment put it."""
    case.assigned("campaign", limit="20wd")
    due = case.due()
    case.ask(HANDLER, "return", at="2023-05-10 09:00", reason="不属本处职责", suggested_unit="river")
    assert case.answer(OFFICE, at="2023-05-11 09:00").state == "accepted"
    assert case.items[1].clocks["total"].running
    item = case.do(OFFICE, "assign", at="2023-05-15 09:00", track="campaign", lead_unit="river", limit="20wd")
    assert (item.clocks["total"].cycle, case.due()) == (1, due)
    assert case.rungs() == ["dispatch:2:0", "dispatch:2:1"]


def test_a_return_has_its_window(case: Case) -> None:
    """Three working days after the assignment a unit keeps what it has; a designated one from the first."""
    case.assigned("campaign")
    with pytest.raises(Refused) as late:
        case.ask(HANDLER, "return", at="2023-05-12 09:00", reason="不属本处职责")
    assert late.value.code == "request_window_over"


def test_a_designated_unit_does_not_return(case: Case) -> None:
    """指定承办 ends the dispute."""
    case.register()
    case.do(OFFICE, "accept")
    given: dict[str, object] = {"track": "immediate", "lead_unit": "water"}
    assert case.refusal(OFFICE, "designate", given).data["fields"] == ["coordination"]
    case.do(OFFICE, "designate", given, coordination="经与两处商定，由水务处承办")
    assert case.items[1].clocks["total"].running
    with pytest.raises(Refused) as refused:
        case.ask(HANDLER, "return", reason="不属本处职责")
    assert refused.value.code == "designated"


def test_a_reassignment_keeps_the_main_clock_and_restarts_the_signing(case: Case) -> None:
    """调整主办单位 moves the desk, not the due day; it needs another unit."""
    case.rectifying("immediate")
    due = case.due()
    same: dict[str, object] = {"lead_unit": "water", "reason": "职责调整"}
    assert case.refusal(OFFICE, "reassign", same | {"reason": "职责"}).code == "field_too_short"
    assert case.refusal(OFFICE, "reassign", same | {"reason": "职责作了调整"}).code == "same_unit"
    assert case.refusal(OFFICE, "reassign", reason="职责作了调整").data["fields"] == ["lead_unit"]
    case.do(OFFICE, "reassign", at="2023-05-10 09:00", lead_unit="river", reason="职责作了调整")
    item = case.do(OFFICE, "reassign", at="2023-05-11 09:00", lead_unit="greening", reason="职责又作了调整")
    assert (item.state, case.due(), item.clocks["total"].cycle) == ("assigned", due, 1)
    assert case.due("sign") == "2023-05-12T17:30"
    assert item.clocks["sign"].cycle == 3


def test_only_an_explicit_restart_resets_the_main_clock(case: Case) -> None:
    """重新计时 is an act of its own, with a reason; it begins a new cycle."""
    case.rectifying("immediate")
    assert case.refusal(OFFICE, "restart_clock").data["fields"] == ["reason"]
    item = case.do(OFFICE, "restart_clock", at="2023-05-12 09:00", reason="交办单位有误")
    assert (case.due(), item.clocks["total"].cycle, item.state) == ("2023-05-19T17:30", 2, "rectifying")


def test_review_counts_and_rework_goes_on(case: Case) -> None:
    """The main clock runs through both reviews and, after 退回整改, on to the report that passes."""
    case.rectifying("immediate", limit="10wd")
    due = case.due()
    case.reported()
    assert case.items[1].clocks["total"].running
    back = case.do(
        VERIFIER, "send_back", at="2023-05-15 09:00", opinion="未整改到位", further_demand="请补充整改前后对比照片"
    )
    assert (back.state, back.clocks["total"].running, case.due()) == ("rectifying", True, due)
    assert case.refusal(HANDLER, "report_done").data["fields"] == ["outcome", "result_class"]
    case.reported(outcome="已补充更换两处护栏。")
    reported = case.items[1].acts["report_done"].at
    assert case.verified().clocks["total"].stopped == reported


def test_a_redo_goes_on_where_the_main_clock_stood(case: Case) -> None:
    """重新办理: the days between the report and the redo are given back; three working days are set beside."""
    case.answered("immediate", source="citizen", reporter="张女士")
    case.do(
        VERIFIER,
        "call_back",
        at="2023-05-10 09:00",
        satisfaction="dissatisfied",
        complaint="仍有破损",
        solved="unsolved",
    )
    assert case.refusal(OFFICE, "close").code == "dissatisfied"
    assert case.refusal(VERIFIER, "call_back", satisfaction="satisfied").code == "not_in_state"
    item = case.do(OFFICE, "redo", at="2023-05-12 09:00", reason="反映人不满意")
    assert (item.state, item.clocks["total"].running, item.clocks["total"].cycle) == ("rectifying", True, 1)
    assert case.due() == "2023-05-18T17:30"  # 12, 15, 16, 17 and 18 May count; the start day never did
    assert case.due("redo") == "2023-05-17T17:30"
    assert (item.names("told"), "satisfaction" in item.fields) == ((), False)
    case.reported()
    case.verified()
    assert case.refusal(OFFICE, "close").data["names"] == ["reporter"]
    case.tell()
    # the call-back before the redo does not count for the answer after it
    assert case.refusal(OFFICE, "close").code == "not_called_back"
    case.do(VERIFIER, "call_back", satisfaction="dissatisfied", complaint="还是不满意")
    assert case.refusal(OFFICE, "redo", reason="反映人仍不满意").code == "done_once"
    assert (
        case.refusal(OFFICE, "close_with_explanation", explanation="已按标准整改，与反映人诉求有差距").code
        == "not_allowed"
    )
    done = case.do(IN_CHARGE, "close_with_explanation", explanation="已按标准整改，与反映人诉求有差距")
    assert done.state == "closed"


def test_a_second_redo_is_the_leaders_and_leads_to_a_talk(case: Case) -> None:
    """分管领导 may have it done once more; the second time itself is a rung."""
    case.answered("immediate", source="citizen", reporter="张女士", limit="60wd")
    bad: dict[str, object] = {"satisfaction": "dissatisfied", "complaint": "仍有破损"}
    case.do(VERIFIER, "call_back", bad)
    assert case.refusal(IN_CHARGE, "close_with_explanation", explanation="一" * 10).code == "not_done_before"
    case.do(OFFICE, "redo", reason="反映人不满意")
    case.reported()
    case.verified()
    case.tell()
    case.do(VERIFIER, "call_back", bad)
    case.do(IN_CHARGE, "redo", reason="仍未解决，再办一次")
    assert "total:1:7" in case.rungs()
    assert case.items[1].papers == {"约谈建议": 1}


# ---- requests ------------------------------------------------------------------------------------

LATER: dict[str, object] = {"until": "2023-07-20", "reason": "汛期不能施工", "progress_note": "已完成一半"}


def test_an_extension_moves_the_due_day_twice_at_most(case: Case) -> None:
    """First 分管领导 up to 30 days, then 主要领导; a refused one does not count; never a third."""
    case.rectifying("campaign")
    case.ask(HANDLER, "extension", LATER)
    case.answer(HEAD, grant=False, opinion="可以夜间施工")
    case.ask(HANDLER, "extension", LATER)
    case.answer(HEAD)
    case.answer(IN_CHARGE)
    assert (case.due(), case.items[1].clocks["total"].cycle) == ("2023-07-20T17:30", 2)
    case.ask(HANDLER, "extension", LATER | {"until": "2023-08-01"})
    case.answer(HEAD)
    with pytest.raises(Refused) as refused:
        case.answer(IN_CHARGE)
    assert refused.value.data["roles"] == ["leader.principal"]
    case.answer(PRINCIPAL)
    assert case.due() == "2023-08-01T17:30"
    with pytest.raises(Refused) as refused:
        case.ask(HANDLER, "extension", LATER | {"until": "2023-08-10"})
    assert refused.value.code == "request_used_up"


@pytest.mark.parametrize(
    ("track", "until", "who"),
    [("campaign", "2023-07-30", IN_CHARGE), ("campaign", "2023-07-31", PRINCIPAL), ("led", "2023-08-10", COMMANDER)],
)
def test_who_grants_an_extension(case: Case, track: str, until: str, who: str) -> None:
    """The length asked for, and the list, say whose it is to grant."""
    case.rectifying(track)
    case.ask(HANDLER, "extension", LATER | {"until": until})
    case.answer(HEAD)
    others = {IN_CHARGE, PRINCIPAL, COMMANDER} - {who}
    for other in others:
        with pytest.raises(Refused):
            case.answer(other)
    case.answer(who)
    assert case.due() == f"{until}T17:30"


def test_an_extension_is_asked_for_in_time(case: Case) -> None:
    """Not once overdue, not backwards, not beyond 90 days."""
    case.rectifying("campaign")
    for until, code in (("2023-06-30", "request_not_later"), ("2023-09-29", "request_too_long")):
        with pytest.raises(Refused) as refused:
            case.ask(HANDLER, "extension", LATER | {"until": until})
        assert refused.value.code == code
    with pytest.raises(Refused) as refused:
        case.ask(HANDLER, "extension", LATER, at="2023-07-03 09:00")
    assert refused.value.code == "request_too_late"


def test_a_timely_extension_holds_the_ladder_at_its_second_step(case: Case) -> None:
    """到期催办 goes out all the same; 催办通知书 waits for the decision and then keeps its planned moment."""
    case.rectifying("campaign")
    case.ask(HANDLER, "extension", LATER, at="2023-06-29 09:00")
    case.settled(at="2023-07-04 09:00")
    assert case.rungs()[-1] == "total:1:1"
    case.answer(HEAD, grant=False, opinion="可以夜间施工")
    assert case.rungs()[-1] == "total:1:2"
    assert case.items[1].papers == {"催办通知书": 1}


def test_a_suspension_stops_the_clock_and_ends_by_itself(case: Case) -> None:
    """暂缓办理: once, up to a year; it resumes by itself at the end of its last day."""
    case.rectifying("immediate", limit="10wd")
    assert case.due() == "2023-05-22T17:30"
    case.ask(HANDLER, "suspension", grounds="season", until="2023-05-31", reason="主汛期不能施工")
    case.answer(HEAD)
    item = case.answer(IN_CHARGE, at="2023-05-10 09:00")
    assert (item.state, item.clocks["total"].paused) == ("suspended", True)
    item = case.settled(at="2023-06-01 08:00")
    assert (item.state, item.clocks["total"].running) == ("rectifying", True)
    # sixteen closes of business fell into it: 10 to 31 May
    assert case.due() == "2023-06-13T17:30"
    with pytest.raises(Refused) as refused:
        case.ask(HANDLER, "suspension", grounds="season", until="2023-06-30", reason="主汛期不能施工")
    assert refused.value.code == "request_used_up"


def test_a_suspended_item_may_resume_early(case: Case) -> None:
    """When the reason is gone before its time, the unit or the office resumes; nothing wakes it again."""
    case.rectifying("immediate", limit="10wd")
    case.ask(HANDLER, "suspension", grounds="season", until="2023-05-31", reason="主汛期不能施工")
    case.answer(HEAD)
    case.answer(IN_CHARGE)
    item = case.do(HANDLER, "resume", at="2023-05-12 09:00")
    assert (item.state, item.wake) == ("rectifying", None)


def test_long_term_items_are_reviewed_and_may_come_back(case: Case) -> None:
    """持续整改: two levels agree; each review sets the next; under a new limit it goes back to be mended."""
    case.rectifying("led")
    goal: dict[str, object] = {"stage_goal": "设施修复", "expected_on": "2024-06-30", "reason": "须经一个年度检验"}
    with pytest.raises(Refused):
        case.ask(HANDLER, "longterm", goal, next_review_on="2023-05-08")
    case.ask(HANDLER, "longterm", goal, next_review_on="2023-08-31")
    case.answer(HEAD)
    item = case.answer(IN_CHARGE)
    assert (item.state, item.text("next_review_on"), case.due("longterm_review")) == (
        "longterm",
        "2023-08-31",
        "2023-08-31T17:30",
    )
    item = case.do(
        HANDLER, "review_longterm", at="2023-08-30 09:00", progress_note="已完成三季度检查", next_review_on="2023-11-30"
    )
    assert case.due("longterm_review") == "2023-11-30T17:30"
    assert item.clocks["longterm_review"].cycle == 2
    assert case.refusal(OFFICE, "rectify", reason="检查发现反弹").data["fields"] == ["limit"]
    item = case.do(OFFICE, "rectify", at="2023-12-01 09:00", reason="检查发现反弹", limit="10wd")
    assert (item.state, case.due()) == ("rectifying", "2023-12-15T17:30")


def test_what_is_only_under_way_goes_on_in_the_long_term(case: Case) -> None:
    """正在解决 and 列入计划 do not pass; 暂无法解决 passes with the basis of its reasons."""
    case.rectifying("campaign")
    case.reported(result_class="underway")
    case.do(HEAD, "pass_unit")
    passed: dict[str, object] = {"verify_by": "material", "opinion": "情况属实"}
    assert case.refusal(VERIFIER, "pass_office", passed).code == "result_not_final"
    goal: dict[str, object] = {"stage_goal": "列入计划", "expected_on": "2024-06-30", "reason": "项目已列入年度计划"}
    case.ask(HANDLER, "longterm", goal, next_review_on="2023-08-31")
    case.answer(HEAD)
    case.answer(IN_CHARGE)
    # an old result does not do for the new report
    assert case.refusal(HANDLER, "report_done").data["fields"] == ["outcome", "result_class"]
    case.reported(result_class="explained")
    case.do(HEAD, "pass_unit")
    assert case.refusal(VERIFIER, "pass_office", passed).data["fields"] == ["explained_basis"]
    case.do(VERIFIER, "pass_office", passed, explained_basis="局党组会议纪要")


def test_an_appeal_is_for_what_closed_late(case: Case) -> None:
    """Once, by the unit's head; it takes the item out of the statistics, not out of the record."""
    case.rectifying("immediate")
    case.settled(at="2023-05-16 09:00")
    case.reported()
    case.verified()
    case.tell()
    case.do(OFFICE, "close")
    assert case.items[1].fields["on_time"] is False
    case.ask(HEAD, "appeal", reason="因暴雨预警停工")
    case.answer(OFFICE)
    item = case.answer(IN_CHARGE)
    assert (item.fields["exempt_from_statistics"], item.fields["on_time"]) == (True, False)


def test_an_item_on_time_has_nothing_to_appeal(case: Case) -> None:
    """An appeal needs something to appeal."""
    case.answered("immediate")
    case.do(OFFICE, "close")
    with pytest.raises(Refused) as refused:
        case.ask(HEAD, "appeal", reason="因暴雨预警停工")
    assert refused.value.code == "not_overdue"


def test_what_was_registered_by_mistake_is_voided_with_consent(case: Case) -> None:
    """作废 is asked for by whoever registered it and granted by the office's head."""
    case.register()
    case.ask("o23", "void", reason="与上月登记重复")
    assert case.answer(OFFICE).state == "voided"


# ---- merging, promoting, changing ----------------------------------------------------------------


def test_a_merged_item_passes_on_who_must_be_answered(case: Case) -> None:
    """并案: the reporter of the one is answered about the other."""
    case.rectifying("immediate", source="citizen", reporter="张女士")
    case.register(source="citizen", reporter="李先生")
    for into, code in ((2, "merge_self"), (9, "unknown_item")):
        assert case.refusal(OFFICE, "merge", number=2, into=into, reason="同一地点同一问题").code == code
    assert case.do(OFFICE, "merge", number=2, into=1, reason="同一地点同一问题").state == "merged"
    assert case.items[1].names("addressees") == ("reporter", f"reporter@{case.items[2].serial}")
    case.register()
    assert case.refusal(OFFICE, "merge", number=3, into=2, reason="同一地点同一问题").code == "merge_closed"


def test_a_promotion_asks_for_a_plan_of_its_own(case: Case) -> None:
    """挂帅提级: by the principal or the party group, with a commander; the due day stays until a plan is approved."""
    case.rectifying("campaign")
    led: dict[str, object] = {"commander": COMMANDER, "authority": "局党组会议纪要〔2023〕9号"}
    assert case.refusal(OFFICE, "promote", led).code == "not_allowed"
    item = case.do("party_group", "promote", led)
    assert (item.state, item.text("track"), case.due()) == ("planning", "led", "2023-06-30T17:30")


def test_a_change_of_list_is_signed_for_anew(case: Case) -> None:
    """变更清单: the office's before work has begun, then 分管领导's."""
    case.rectifying("immediate")
    change: dict[str, object] = {"track": "campaign", "limit": "2023-07-31", "reason": "须分步实施"}
    assert case.refusal(OFFICE, "change_list", change).code == "not_allowed"
    item = case.do(IN_CHARGE, "change_list", change)
    assert (item.state, case.due(), item.clocks["total"].started) == (
        "assigned",
        "2023-07-31T17:30",
        item.acts["assign"].at,
    )
    assert case.do(HANDLER, "sign").state == "planning"


def test_a_late_heartbeat_costs_no_rung_of_a_clock_that_a_resume_began(
    bureau: Organisation, calendar: Calendar
) -> None:
    """What comes due by itself was known beforehand: beats at every step or one long after cross the same rungs."""
    step = '\n[clocks.step]\ntitle = "整改步骤"\nruns_in = ["rectifying"]\nlimit = "3wd"\nladder = "desk"\n'
    text = (WORKFLOWS / "siban.toml").read_text(encoding="utf-8")
    definition = load(text.replace("\n[clocks.total]\n", f"{step}\n[clocks.total]\n"))
    crossed = []
    for beats in (["2023-06-01 08:00", "2023-06-05 08:00", "2023-06-30 08:00"], ["2023-06-30 08:00"]):
        case = Case(definition, bureau, calendar)
        case.rectifying("immediate", limit="10wd")
        case.ask(HANDLER, "suspension", grounds="season", until="2023-05-31", reason="主汛期不能施工")
        case.answer(HEAD)
        case.answer(IN_CHARGE, at="2023-05-10 09:00")
        for at in beats:
            case.settled(at=at)
        crossed.append(dict(case.items[1].crossed))
    assert crossed[0] == crossed[1]
    assert "step:2:0" in crossed[0]
