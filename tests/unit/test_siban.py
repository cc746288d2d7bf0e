"""The default workflow: it checks clean, its four tracks run through, and what must be refused is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.checker import check, index_faults
from engine.decide import allowed_verbs
from engine.errors import Refused
from engine.loader import load

if TYPE_CHECKING:
    from engine.definition import Definition
    from engine.organisation import Organisation
    from tests.unit.conftest import Case

PETITION = Path(__file__).resolve().parents[2] / "workflows" / "petition.toml"
HEAD, DEPUTY, HANDLER, OTHER = "o21", "o22", "o23", "o24"  # 水务处
OFFICE, VERIFIER, THIRD = "o11", "o13", "o14"  # 局办公室
IN_CHARGE, PRINCIPAL, COMMANDER = "o04", "o01", "o03"
CO_UNIT = "o27"  # 河道署
EVIDENCE = [{"name": "整改后照片.jpg", "sha256": "0" * 64}]
MEASURES = [{"text": "更换护栏", "unit": "water", "due": "2023-06-15"}]
RETIRED = ("留痕", "封存", "返工", "复核", "重启", "派单", "改派", "档", "挂账")

DONE: dict[str, object] = {"outcome": "护栏已全部更换。", "result_class": "solved", "evidence": EVIDENCE}
LASTING: dict[str, object] = {"lessons": "已排查同类护栏", "long_term_mechanism": "不适用：一次性修复"}
PLAN: dict[str, object] = {"objective": "护栏完好", "measures": MEASURES}


# ---- the definition ------------------------------------------------------------------------------


def test_it_checks_clean(siban: Definition, bureau: Organisation) -> None:
    """The shipped workflow has no fault, alone or in the demo's bureau."""
    assert check(siban) == []
    assert check(siban, bureau) == []


def test_the_shipped_workflows_share_their_options(siban: Definition) -> None:
    """No option of the command line means two kinds of thing."""
    assert index_faults([siban, load(PETITION.read_text(encoding="utf-8"))]) == []


def test_no_retired_word_is_used(siban: Definition) -> None:
    """The words that an office no longer uses, or that mean the opposite elsewhere, do not appear."""
    assert [word for word in RETIRED if word in siban.text] == []


def test_every_verb_has_help(siban: Definition) -> None:
    """Each verb and each kind of request says in words what it is for."""
    silent = {t.verb for t in siban.transitions} - {t.verb for t in siban.transitions if t.help}
    assert silent == set()
    assert [kind.name for kind in siban.requests.values() if not kind.help] == []


def test_every_field_is_taken_by_some_act(siban: Definition) -> None:
    """No field is there that nothing ever fills; `on_time` is the verdict's."""
    used = {"on_time", *siban.register.fields}
    for t in siban.transitions:
        used |= {*t.fields, *t.put, *t.copy}
    for kind in siban.requests.values():
        used |= {*kind.fields, *kind.put, *kind.copy}
    assert set(siban.fields) - used == set()


def test_choices_agree_with_tracks_and_sources(siban: Definition) -> None:
    """The lists and sources a person may choose are those the workflow knows, under the same words."""
    assert siban.fields["track"].choices == {t.name: t.list_title for t in siban.tracks.values()}
    assert siban.fields["source"].choices == {s.name: s.title for s in siban.sources.values()}
    assert [t.name for t in siban.tracks.values() if not t.provisional] == ["led"]


# ---- the four tracks -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("track", "states", "due"),
    [
        ("immediate", "assigned rectifying office_review feedback", "2023-05-15T17:30"),
        ("campaign", "assigned planning plan_review rectifying unit_review office_review feedback", "2023-06-30T17:30"),
        ("led", "assigned planning plan_review rectifying unit_review office_review feedback", "2023-07-31T17:30"),
        ("upstream", "assigned rectifying unit_review office_review feedback", "2023-05-15T17:30"),
    ],
)
def test_a_track_runs_through(case: Case, track: str, states: str, due: str) -> None:
    """Each track passes the states of its own, under its own limit, to a closing in time."""
    case.answered(track)
    if track == "led":
        case.do(COMMANDER, "sign_off")
    closed = case.do(OFFICE, "close")
    bodies = [re.search(r'"to":"(\w+)"', event.body) for event in case.log]
    passed = [found[1] for found in bodies if found]
    assert passed == ["registered", "accepted", *states.split(), "closed"]
    assert case.due() == due
    assert closed.fields["on_time"] is True
    assert [run.running for run in closed.clocks.values()] == [False] * len(closed.clocks)


def test_a_plan_of_the_campaign_is_the_leader_in_charges(case: Case) -> None:
    """限时主办 is approved by 分管领导, 挂帅研办 by 主要领导 or 局党组, and by nobody else."""
    case.assigned("campaign")
    case.do(HANDLER, "submit_plan", PLAN)
    assert case.refusal(PRINCIPAL, "approve_plan").code == "not_allowed"
    assert case.do(IN_CHARGE, "return_plan", opinion="措施不够具体").state == "planning"
    case.do(HANDLER, "submit_plan", PLAN)
    assert case.do(IN_CHARGE, "approve_plan").state == "rectifying"
    assert "plan_due" not in case.items[1].fields


def test_a_led_plan_may_be_approved_by_the_party_group(case: Case) -> None:
    """The date of a led item's plan holds from its approval; before there is none."""
    case.assigned("led")
    assert case.due() == ""
    assert case.refusal(HANDLER, "submit_plan", PLAN).data["fields"] == ["proposed_due"]
    case.do(HANDLER, "submit_plan", PLAN, proposed_due="2023-07-31")
    assert case.refusal(IN_CHARGE, "approve_plan").code == "not_allowed"
    case.do("party_group", "approve_plan", authority="局党组会议纪要〔2023〕9号")
    assert case.due() == "2023-07-31T17:30"


def test_measures_end_within_the_items_limit(case: Case) -> None:
    """A measure needs a date, and one not later than the item's own."""
    case.assigned("campaign")
    late = [{"text": "更换护栏", "unit": "water", "due": "2023-07-01"}]
    assert case.refusal(HANDLER, "submit_plan", objective="护栏完好", measures=late).code == "measure_too_late"
    undated = [{"text": "更换护栏", "unit": "water"}]
    assert case.refusal(HANDLER, "submit_plan", objective="护栏完好", measures=undated).code == "measure_undated"


def test_each_track_asks_for_its_own(case: Case) -> None:
    """A date for 限时主办, a commander for 挂帅研办, an addressee for 提请协调."""
    case.register()
    assert case.refusal(OFFICE, "assign", track="campaign", lead_unit="water").code == "limit_needed"
    assert case.refusal(OFFICE, "assign", track="led", lead_unit="water").data["fields"] == ["commander"]
    assert case.refusal(OFFICE, "assign", track="upstream", lead_unit="water").data["fields"] == ["submit_to"]


def test_waiting_for_the_level_above_is_not_counted(case: Case) -> None:
    """提请协调: submitted under the principal's signature; the days of waiting are given back, with reminders."""
    case.rectifying("upstream")
    sent: dict[str, object] = {"matter": "界河联合保洁", "reference": "局函〔2023〕21号", "sent_on": "2023-05-10"}
    wrong = case.refusal(OFFICE, "submit_upstream", sent, at="2023-05-10 10:00", signed_by=IN_CHARGE)
    assert wrong.code == "not_in_role"
    case.do(OFFICE, "submit_upstream", sent, at="2023-05-10 10:00", signed_by=PRINCIPAL)
    assert case.due() == "2023-05-15T17:30"
    case.settled(at="2023-05-25 09:00")
    assert case.rungs() == ["upstream_wait:1:1"]
    case.do(OFFICE, "upstream_reply", reply="同意建立联保机制", replied_on="2023-05-24")
    # eleven closes of business fell into the wait: 10 to 24 May
    assert case.due() == "2023-05-30T17:30"


def test_an_item_mended_on_the_spot(case: Case) -> None:
    """即办 takes in, mends, reports and answers; 确认 by somebody else verifies and closes."""
    told = {"told": ["party_org"], "answered_by": "visit", "answer_text": "已当场整改到位。"}
    item = case.compose(HANDLER, "mend", DONE, told, result_class="partly")
    assert (item.state, item.text("lead_unit"), item.text("handler")) == ("office_review", "water", HANDLER)
    assert item.text("result_class") == "solved"
    assert case.refusal(HANDLER, "confirm").code == "not_allowed"
    item = case.do(VERIFIER, "confirm")
    assert (item.state, item.acts["pass_office"].by) == ("closed", (VERIFIER,))


def test_a_citizen_is_called_back_before_the_confirmation(case: Case) -> None:
    """确认 is all or nothing: without the call-back a citizen's item stays in verification."""
    told = {"told": ["reporter"], "answered_by": "phone", "answer_text": "已当场整改到位。"}
    case.compose(HANDLER, "mend", DONE, told, source="citizen", reporter="张女士")
    assert case.refusal(VERIFIER, "confirm").code == "not_called_back"
    case.do(VERIFIER, "call_back", satisfaction="satisfied", solved="solved")
    assert case.do(VERIFIER, "confirm").state == "closed"


def test_a_head_may_object_to_what_was_mended_on_the_spot(case: Case) -> None:
    """The head is told, and may take the item back until it is verified; the reporter is then told anew."""
    case.rectifying("immediate")
    case.reported()
    case.tell()
    item = case.do(HEAD, "object", opinion="现场仍有破损")
    assert item.state == "rectifying"
    assert item.names("told") == ()
    assert item.clocks["total"].running


def test_an_assignment_is_told_to_the_unit_it_goes_to(case: Case) -> None:
    """The unit's head hears of it, and after a change of unit the new one's."""
    case.register()
    case.do(OFFICE, "assign", track="immediate", lead_unit="water", handler=HANDLER)
    assert f'"tell":["{HEAD}","{HANDLER}"]' in case.log[-1].body
    case.do(OFFICE, "reassign", lead_unit="river", reason="职责作了调整")
    assert '"tell":["o25"]' in case.log[-1].body


def test_the_date_of_a_plan_holds_whatever_stood_still_before(case: Case) -> None:
    """A wait that was over when the date was approved does not move the date."""
    case.rectifying("upstream")
    sent = {"matter": "界河联合保洁", "reference": "局函〔2023〕21号", "sent_on": "2023-05-10", "signed_by": PRINCIPAL}
    case.do(OFFICE, "submit_upstream", sent, at="2023-05-10 10:00")
    promotion = {"commander": COMMANDER, "authority": "局党组会议纪要〔2023〕9号", "limit": "2023-06-30"}
    case.do("party_group", "promote", promotion, at="2023-05-24 10:00")
    case.do(HANDLER, "submit_plan", PLAN, proposed_due="2023-07-31")
    case.do(PRINCIPAL, "approve_plan")
    assert case.due() == "2023-07-31T17:30"


# ---- four eyes -----------------------------------------------------------------------------------


def test_who_reports_done_does_not_review(case: Case) -> None:
    """经办 ≠ 单位审核: a head who reported it leaves the review to the deputy."""
    case.rectifying("campaign")
    case.do(HEAD, "report_done", DONE | LASTING, all_measures_done=True)
    for verb, given in (("pass_unit", {}), ("send_back", {"opinion": "材料不全，请补充"})):
        refused = case.refusal(HEAD, verb, given)
        assert (refused.code, refused.data["before"]) == ("same_person", "report_done")
    assert case.do(DEPUTY, "pass_unit").state == "office_review"


@pytest.mark.parametrize("verb", ["sign", "submit_plan", "progress", "report_done", "pass_unit", "answer"])
@pytest.mark.parametrize("act", ["pass_office", "send_back"])
def test_who_had_a_hand_in_it_does_not_verify(case: Case, verb: str, act: str) -> None:
    """核验 by none who signed, planned, reported, reviewed or answered, whatever unit they are in by now."""
    case.rectifying("campaign")
    case.reported()
    item = case.do(HEAD, "pass_unit")
    before = item.acts["sign"]
    case.items[1] = item._replace(acts={**item.acts, verb: before._replace(by=(VERIFIER,))})
    given: dict[str, dict[str, object]] = {
        "pass_office": {"verify_by": "site", "opinion": "现场查看属实"},
        "send_back": {"opinion": "材料不全，请补充", "further_demand": "请补充整改前后对比照片"},
    }
    refused = case.refusal(VERIFIER, act, given[act])
    assert (refused.code, refused.data["before"]) == ("same_person", verb)
    case.do(THIRD, act, given[act])


@pytest.mark.parametrize(
    ("state", "act", "before", "given"),
    [
        ("plan_review", "approve_plan", "submit_plan", {}),
        ("feedback", "call_back", "answer", {"satisfaction": "satisfied"}),
        ("feedback", "call_back", "report_done", {"satisfaction": "satisfied"}),
        ("feedback", "close", "report_done", {}),
        ("office_review", "confirm", "sign", {}),
        ("office_review", "confirm", "progress", {}),
        ("office_review", "confirm", "report_done", {}),
        ("office_review", "confirm", "answer", {}),
    ],
)
def test_no_other_act_is_done_by_the_same_person(
    case: Case, state: str, act: str, before: str, given: dict[str, object]
) -> None:
    """Plan and approval, answer and call-back, report and closing, 即办 and 确认 are each two people's."""
    track = "immediate" if act == "confirm" else "campaign"
    if state == "plan_review":
        case.assigned(track)
        item = case.do(HANDLER, "submit_plan", PLAN)
    elif state == "office_review":
        case.rectifying(track)
        case.reported()
        item = case.tell()
    else:
        item = case.answered(track)
    assert item.state == state
    who = IN_CHARGE if act == "approve_plan" else VERIFIER
    case.items[1] = item._replace(acts={**item.acts, before: item.acts["sign"]._replace(by=(who,))})
    refused = case.refusal(who, act, given)
    assert (refused.code, refused.data["before"]) == ("same_person", before)


def test_the_office_does_not_verify_its_own_items(case: Case) -> None:
    """回避: what 局办公室 mends itself is verified by the alternate unit."""
    case.register()
    case.do(OFFICE, "assign", track="immediate", lead_unit="office", handler=THIRD)
    case.do(THIRD, "sign")
    case.do(THIRD, "report_done", DONE)
    assert case.refusal(VERIFIER, "pass_office", verify_by="site", opinion="同意").code == "not_allowed"
    assert case.do("o17", "pass_office", verify_by="site", opinion="同意").state == "feedback"


def test_who_asks_does_not_grant(case: Case) -> None:
    """A head who asks for more time does not speak for the unit on it."""
    case.rectifying("campaign")
    case.ask(HEAD, "extension", until="2023-07-20", reason="汛期不能施工", progress_note="已完成一半")
    with pytest.raises(Refused) as refused:
        case.answer(HEAD)
    assert refused.value.code == "same_person"
    case.answer(DEPUTY)
    assert case.items[1].requests[0].state == "endorsed"


# ---- co-units, contact, supervision --------------------------------------------------------------


def test_co_units_report_before_the_lead_unit_does(case: Case) -> None:
    """主办 reports done after every 协办, or says why without."""
    case.rectifying("immediate", co_units=["river"])
    assert case.refusal(HANDLER, "report_done", DONE).code == "co_units_left"
    case.do(CO_UNIT, "co_report", co_result="河道侧已清理完毕")
    case.reported()


def test_a_lead_unit_is_no_co_unit(case: Case) -> None:
    """Neither at the assignment nor later."""
    case.register()
    given: dict[str, object] = {"track": "immediate", "lead_unit": "water"}
    assert case.refusal(OFFICE, "assign", given, co_units=["water"]).code == "lead_among_co_units"
    case.do(OFFICE, "assign", given)
    assert case.refusal(OFFICE, "change_co_units", co_units=["water"]).code == "lead_among_co_units"


@pytest.mark.parametrize(
    ("fields", "due"),
    [
        ({"source": "citizen", "reporter": "张女士"}, "2023-05-09T17:30"),
        ({"source": "citizen", "anonymous": True}, ""),
        ({"source": "study"}, ""),
    ],
)
def test_a_named_reporter_is_contacted_first(case: Case, fields: dict[str, object], due: str) -> None:
    """先行联系 has a limit for those who can be contacted, and only once."""
    case.assigned("immediate", **fields)
    assert case.due("contact") == due
    item = case.do(HANDLER, "first_contact", contact_way="phone", contact_result="reached")
    assert item.clocks["contact"].stopped


def test_supervision_is_answered_by_its_date(case: Case) -> None:
    """督办 moves nothing; its own clock runs to the answer."""
    case.rectifying("campaign")
    assert case.refusal(HANDLER, "reply_supervision", supervision_reply="已加快进度").code == "not_done_before"
    assert "reply_supervision" not in allowed_verbs(case.items[1], case.context(HANDLER))  # nor is it offered
    item = case.do(IN_CHARGE, "supervise", demand="加快进度，按周报告", answer_by="2023-05-12")
    assert (item.state, case.due("supervision")) == ("rectifying", "2023-05-12T17:30")
    assert "reply_supervision" in allowed_verbs(case.items[1], case.context(HANDLER))
    item = case.do(HANDLER, "reply_supervision", supervision_reply="已加快进度")
    assert item.clocks["supervision"].stopped


def test_progress_falls_only_with_a_reason(case: Case) -> None:
    """完成进度 never falls in silence."""
    case.rectifying("campaign")
    case.do(HANDLER, "progress", progress_note="已完成一半", percent=50)
    assert case.refusal(HANDLER, "progress", progress_note="部分返修", percent=40).code == "percent_less"
    case.do(HANDLER, "progress", progress_note="部分返修", percent=40, less_reason="两处焊接不合格")


# ---- what closing asks for -----------------------------------------------------------------------


def test_everybody_must_be_answered_or_exempt(case: Case) -> None:
    """一反馈: both of a research item's addressees; an exemption is the office's, with a reason."""
    case.rectifying("immediate", source="research")
    case.reported()
    case.verified()
    case.tell("leading_officer")
    assert case.refusal(OFFICE, "close").data["names"] == ["place"]
    stranger = case.refusal(HANDLER, "answer", told=["reporter"], answered_by="phone", answer_text="已整改到位")
    assert stranger.code == "not_an_addressee"
    assert case.refusal(OFFICE, "exempt", exempted=["place"]).data["fields"] == ["reason"]
    assert case.refusal(HANDLER, "exempt", exempted=["place"], reason="该单位已撤销").code == "not_allowed"
    case.do(OFFICE, "exempt", exempted=["place"], reason="该单位已撤销")
    assert case.do(OFFICE, "close").state == "closed"


def test_an_anonymous_letter_needs_no_answer(case: Case) -> None:
    """Nobody can be told: exempt from the start, and not called back."""
    case.rectifying("immediate", source="citizen", anonymous=True)
    case.reported()
    case.verified()
    assert case.do(OFFICE, "close").state == "closed"


def test_a_citizens_reporter_is_named_or_anonymous(case: Case) -> None:
    """群众反映 without a reporter is refused."""
    with pytest.raises(Refused) as refused:
        case.register(source="citizen")
    assert refused.value.code == "reporter_needed"


def test_publicity_needs_a_decision_and_five_working_days(case: Case) -> None:
    """公示 is decided in writing, lasts, ends, and an objection sends the item back to be mended and answered anew."""
    case.answered("campaign")
    shown: dict[str, object] = {"publicity_place": "局内网"}
    decided: dict[str, object] = shown | {"decision": "局党组会议同意"}
    missing = case.refusal(OFFICE, "publicise", shown, publicity_until="2023-05-15")
    assert missing.data["fields"] == ["decision"]
    assert case.refusal(OFFICE, "publicise", decided, publicity_until="2023-05-14").code == "too_short"
    case.do(OFFICE, "publicise", decided, publicity_until="2023-05-15")
    assert case.refusal(OFFICE, "close", at="2023-05-15 17:00").code == "publicity_running"
    item = case.do(OFFICE, "objection", objection_text="东段护栏仍未更换")
    assert (item.state, item.names("told"), item.clocks["total"].running) == ("rectifying", (), True)
    case.reported()
    case.verified()
    case.tell()
    case.do(OFFICE, "publicise", decided, publicity_until="2023-05-22")
    assert case.do(OFFICE, "close", at="2023-05-23 09:00").state == "closed"


MISSING: dict[str, tuple[str, dict[str, object]]] = {
    "measures": ("measures_left", {"all_measures_done": False}),
    "evidence": ("missing_field", {"evidence": []}),
    "co-units": ("co_units_left", {"co_units": ["river"]}),
    "answers": ("unanswered", {"told": []}),
    "satisfaction": ("dissatisfied", {"satisfaction": "dissatisfied"}),
    "solution": ("dissatisfied", {"solved": "unsolved"}),
    "publicity": ("publicity_running", {"publicity_until": "2023-12-31"}),
    "result": ("result_not_final", {"result_class": "underway"}),
    "lessons": ("missing_field", {"lessons": ""}),
    "mechanism": ("missing_field", {"long_term_mechanism": ""}),
}


@pytest.mark.parametrize(("code", "spoilt"), MISSING.values(), ids=MISSING)
def test_closing_is_refused_while_something_is_missing(case: Case, code: str, spoilt: dict[str, object]) -> None:
    """Each condition of 销号 on its own."""
    item = case.answered("campaign")
    case.items[1] = item._replace(fields={**item.fields, **spoilt})
    assert case.refusal(OFFICE, "close").code == code
    case.items[1] = item
    assert case.do(OFFICE, "close").state == "closed"


def test_closing_waits_for_an_open_request(case: Case) -> None:
    """No application is left behind."""
    case.rectifying("campaign")
    case.ask(HANDLER, "extension", until="2023-07-20", reason="汛期不能施工", progress_note="已完成一半")
    assert case.refusal(HANDLER, "report_done", DONE | LASTING | {"all_measures_done": True}).code == "request_open"
    waiting = case.items[1].requests
    case.answer(HEAD, grant=False, opinion="可以夜间施工")
    case.reported()
    case.verified()
    item = case.tell()
    case.items[1] = item._replace(requests=waiting)
    assert case.refusal(OFFICE, "close").code == "request_open"


def test_closing_waits_for_the_call_back(case: Case) -> None:
    """A citizen is called back by the office, after the answer."""
    case.answered("immediate", source="citizen", reporter="张女士")
    assert case.refusal(OFFICE, "close").code == "not_called_back"
    unsaid = case.refusal(VERIFIER, "call_back", satisfaction="dissatisfied")
    assert unsaid.data["fields"] == ["complaint"]
    case.do(VERIFIER, "call_back", satisfaction="satisfied", solved="solved")
    assert case.do(OFFICE, "close").state == "closed"


def test_closing_a_led_item_waits_for_its_commander(case: Case) -> None:
    """挂帅领导 signs, and signs again when the item was mended again since."""
    case.answered("led")
    assert case.refusal(OFFICE, "close").code == "not_signed_off"
    assert case.refusal(PRINCIPAL, "sign_off").code == "not_allowed"
    item = case.do(COMMANDER, "sign_off")
    later = item.acts["report_done"]._replace(at=item.acts["sign_off"].at + 1)
    case.items[1] = item._replace(acts={**item.acts, "report_done": later})
    assert case.refusal(OFFICE, "close").code == "not_signed_off"
    case.items[1] = item
    assert case.do(OFFICE, "close").state == "closed"


# ---- the ladder ----------------------------------------------------------------------------------


def test_the_ladder_is_climbed_step_by_step(case: Case) -> None:
    """临期、到期、逾期1、6、10、20个工作日, each once, the higher the further up."""
    case.rectifying("immediate")
    case.settled(at="2023-07-01 09:00")
    crossed = [rung for rung in case.rungs() if rung.startswith("total")]
    assert crossed == [f"total:1:{level}" for level in range(6)]
    told = {
        f"{found[1]}": event.body
        for event in case.log
        if (found := re.search(r'"clock":"total".*"level":(\d)', event.body))
    }
    assert [f'"{PRINCIPAL}"' in told[level] for level in "012345"] == [False, False, False, True, True, True]
    assert case.items[1].papers == {"催办通知书": 1, "督办单": 1, "约谈建议": 1, "专报": 1}
    case.settled(at="2023-12-01 09:00")
    assert [rung for rung in case.rungs() if rung.startswith("total")] == crossed


def test_short_steps_are_urged_too(case: Case) -> None:
    """An item nobody accepts: its desk half a day before, the office's head when it is due, then the principal."""
    case.register()
    case.settled(at="2023-05-19 09:00")
    assert case.rungs() == ["accept:1:0", "accept:1:1", "accept:1:2", "accept:1:3"]
