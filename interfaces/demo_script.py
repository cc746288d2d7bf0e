"""The demo's script: the way of each problem through the office, from its registration to its end.

A way is a generator: it yields the moment at which it goes on and then acts, always through `Play`. What the engine refuses stops the demo.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from engine.clock import HOUR, day_of, instant, iso, ordinal_of, parse_instant, start_of_day
from engine.guards import unanswered
from interfaces.demo_play import CHIEF, CLERK, VERIFIER
from interfaces.demo_story import read_sheet, read_stories

if TYPE_CHECKING:
    from engine.context import Hand
    from interfaces.demo_play import Play, Script
    from interfaces.demo_story import Story


class Pace(NamedTuple):
    """How fast a unit works: office hours to sign and for each step at the desk, and when it reports completion.

    That is after a `share` of the office time left, or where `late` says so, so many working days after the due day.
    """

    sign: float
    desk: float
    share: float
    late: int = 0


PACES = {
    "prompt": Pace(1.5, 3, 0.4),
    "normal": Pace(3, 6, 0.65),
    "slow": Pace(6, 11, 0.93),
    "late": Pace(11, 8, 1, 3),
    "very_late": Pace(21, 18, 1, 12),
}
"""The paces of the story."""

_ANSWERED_BY = {"citizen": "phone", "inspection": "letter", "self_check": "meeting", "study": "meeting", "research": "letter"}
_GROUNDS = {"water": "season", "river": "season", "ecology": "approval"}
_WAIT = {"prompt": 6, "normal": 12, "slow": 14, "late": 9}
"""How many working days the superior takes to reply."""
_PLANNED_ONLY = "列入年内计划"
"""Words of a result that is explained rather than solved."""


class Handling:
    """One problem on its way."""

    def __init__(self, play: Play, story: Story, fields: dict[str, object]) -> None:
        """Take the problem's story and what the list says of it."""
        self.play, self.story, self.fields = play, story, fields
        self.no, self.words, self.pace = story.no, story.words, PACES[story.pace]
        self.track, self.source = str(fields["track"]), str(fields["source"])
        self.unit, self.handler = str(fields.get("lead_unit", "")), str(fields.get("handler", ""))
        self._steps = 0

    # -- small helps -----------------------------------------------------------------------------------------------------------

    def _in(self, hours: float) -> int:
        """Return the moment so many office hours from now, give or take what keeps the acts of a day apart."""
        self._steps += 1
        return self.play.later(hours, (self.no * 17 + self._steps * 23) % 41)

    def _hand(self, person: str = "") -> Hand:
        return self.play.hand(person or self.handler)

    def _head(self) -> Hand:
        """Return the hand of whoever reviews for the unit today, another person than the handler."""
        return self._hand(self.play.head(self.unit))

    def _do(self, verb: str, hand: Hand | None = None, **fields: object) -> None:
        self.play.act(self.no, verb, hand or self._hand(), **fields)

    def _verifier(self) -> str:
        """Return who verifies: of the office, or of the personnel division where the office handles the problem itself (回避)."""
        return self.play.staff("personnel")[0] if self.unit == "office" else VERIFIER

    def _leader(self) -> str:
        return self.play.organisation.units[self.unit].in_charge

    # -- from registration to signing ------------------------------------------------------------------------------------------

    def run(self) -> Script:
        """Go the whole way."""
        play, story = self.play, self.story
        found = parse_instant(story.found_on)
        yield play.calendar.opening(found) + (20 + self.no * 7 % 90) * 60_000_000
        if story.has("mend"):
            yield from self._mend()
            return
        play.register(self.no, self.fields, self._hand(CLERK))
        yield self._in(2)
        if story.has("reject"):
            self._do(
                "reject",
                self._hand(play.dispatcher()),
                reason=self.words["reason"],
                channel="居民委员会人民调解、属地公安派出所",
                answered_by="phone",
                answer_text=self.words["answer"],
            )
            return
        if story.merged_into:
            target = play.numbers[story.merged_into]
            reason = self.words["reason"].replace(f"第{story.merged_into}号事项", f"第{target}号事项")
            self._do("merge", self._hand(play.dispatcher()), into=target, reason=reason)
            return
        yield from self._assignment()
        yield from {"immediate": self._immediate, "campaign": self._planned, "led": self._planned, "upstream": self._upstream}[self.track]()

    def _mend(self) -> Script:
        """即办: found, mended and answered by the handler, entered the same or the next day."""
        play, words = self.play, self.words
        yield self._in(4)
        known = play.definition.composites["mend"].fields
        told = list(play.definition.sources[self.source].feedback_to)
        fields = {name: value for name, value in self.fields.items() if name in known} | {
            "measure": words["measure"],
            "outcome": words["result"],
            "evidence": play.evidence(words["evidence"]),
            "done_at": play.now - HOUR,
            "told": told,
            "answered_by": _ANSWERED_BY[self.source],
            "answer_text": words["answer"],
        }
        play.mend(self.no, fields, self._hand())
        if play.definition.sources[self.source].call_back:
            yield self._in(7)
            self._do("call_back", self._hand(CLERK), satisfaction="satisfied", solved="solved")

    def _assignment(self) -> Script:
        """交办, perhaps a return (granted or not), signing, and the first word with the reporter."""
        play, words = self.play, self.words
        extra = {"led": {"commander": words.get("commander")}, "upstream": {"submit_to": words.get("submit_to")}}
        self._do("assign", self._hand(play.dispatcher()), **extra.get(self.track, {}))
        if self.story.has("return"):
            yield self._in(3)
            ordinal = play.ask(self.no, "return", self._hand(), reason=words["reason"], suggested_unit=words["to_unit"])
            yield self._in(5)
            play.decide(self.no, ordinal, self._hand(CHIEF), grant=True)
            self._move_to(words["to_unit"])
            yield self._in(1)
            self._do("assign", self._hand(play.dispatcher()), lead_unit=self.unit, handler=self.handler)
        if self.story.has("return_refused"):
            yield self._in(6)
            ordinal = play.ask(self.no, "return", self._hand(), reason=words["reason"])
            yield self._in(4)
            play.decide(self.no, ordinal, self._hand(CHIEF), grant=False, opinion=words["refusal"])
        yield self._in(self.pace.sign)
        self._do("sign")
        if self.fields.get("reporter"):
            yield self._in(2)
            self._do("first_contact", contact_way="phone", contact_result="reached", contact_note="已与反映人核实情况。")
        if self.story.has("reassign"):
            yield self._in(9)
            co_units = [self.unit]
            self._move_to(words["to_unit"])
            self.fields["co_units"] = co_units
            self._do(
                "reassign",
                self._hand(play.dispatcher()),
                lead_unit=self.unit,
                handler=self.handler,
                co_units=co_units,
                reason=words["reason"],
            )
            yield self._in(self.pace.sign)
            self._do("sign")

    def _move_to(self, unit: str) -> None:
        self.unit, self.handler = unit, self.play.staff(unit)[1]

    # -- the four treatments ---------------------------------------------------------------------------------------------------

    def _immediate(self) -> Script:
        """即知即办: report, answer, call back, confirm."""
        yield from self._work()
        self._report(self.words["result"], measure=self.words["measure"])
        if self.story.has("redo"):  # only what was verified and answered can turn out not to satisfy
            yield self._in(8)
            self._pass_office()
            yield from self._answer(self.words["answer"])
            yield from self._redo()
        yield from self._answer(self.words.get("answer_again") or self.words["answer"])
        yield from self._called_back()
        yield self._in(5)
        self._do("confirm", self._hand(self._verifier()))

    def _planned(self) -> Script:
        """限时主办 and 挂帅研办: a plan, its approval, the work, two reviews, the answer."""
        yield from self._plan()
        yield from self._work()
        if self.story.has("stuck"):
            yield from self._stuck()
            return
        if self.story.has("longterm"):
            yield from self._longterm()
            return
        yield from self._completion()

    def _upstream(self) -> Script:
        """提请协调: a letter to the superior body, its reply, then as the others."""
        play, words = self.play, self.words
        title = str(self.fields["title"])
        yield self._in(self.pace.desk)
        self._do("progress", progress_note="已完成情况梳理，提请函稿送局办公室。", percent=20)
        yield self._in(9)
        today = iso(play.now)[:10]
        self._do(
            "submit_upstream",
            self._hand(CLERK),
            matter=f"提请{words['submit_to']}协调解决：{title}。",
            reference=words["reference"],
            sent_on=today,
            signed_by=play.organisation.principal,
        )
        yield play.workday(_WAIT[self.story.pace], 14.5)
        self._do("upstream_reply", self._hand(CLERK), reply=words["reply"], replied_on=iso(play.now)[:10])
        yield from self._work()
        yield from self._completion()

    # -- the plan --------------------------------------------------------------------------------------------------------------

    def _plan(self) -> Script:
        yield self._in(self.pace.desk * 1.5)
        self._submit_plan()
        yield from self._approver()
        if self.story.has("plan_returned"):
            self._do("return_plan", self._hand(self._planner()), opinion=self.words["plan_opinion"])
            yield self._in(self.pace.desk)
            self._submit_plan()
            yield from self._approver()
        if self.track == "led" and self.no % 2:  # decided at a meeting in the morning, entered in the afternoon (代录)
            meeting = start_of_day(ordinal_of(self.play.now)) + 9 * HOUR
            hand = self.play.on_paper("party_group", f"局党组会议纪要〔2023〕{self.no - 19}号")
            self.play.act(self.no, "approve_plan", hand, meeting, opinion="会议研究，原则同意该方案。")
        else:
            self._do("approve_plan", self._hand(self._planner()), opinion="同意。")

    def _planner(self) -> str:
        return self.play.organisation.principal if self.track == "led" else self._leader()

    def _approver(self) -> Script:
        """Wait until the approver has read it, the afternoon of the next working day at the earliest for a meeting."""
        yield self._in(7)
        yield self.play.back(self._planner())
        if self.track == "led" and self.no % 2:
            yield self.play.workday(1, 15)

    def _submit_plan(self) -> None:
        due = day_of(self.play.due_at(self.no) - 1)
        parts = self.words["measure"].rstrip("。").split("，")
        last = len(parts) - 1
        measures = [
            {"text": text, "unit": self.unit, "due": (due - timedelta(days=3 * (last - n))).isoformat()} for n, text in enumerate(parts)
        ]
        fields = {"proposed_due": due.isoformat()} if self.track == "led" else {}
        self._do("submit_plan", objective=f"切实解决“{self.fields['title']}”，做到措施落实、长效管用。", measures=measures, **fields)

    # -- the work --------------------------------------------------------------------------------------------------------------

    def _work(self) -> Script:
        """Work until the report of completion is due by this pace, with whatever is asked for on the way."""
        for event, asked in (("extension", self._extension), ("extension_refused", self._extension), ("suspension", self._suspension)):
            if self.story.has(event):
                yield from asked()
        calendar, play = self.play.calendar, self.play
        goal = self._goal()
        if self.track != "immediate":
            yield calendar.add_worktime(play.now, calendar.worktime(play.now, goal) // 2)
            self._do("progress", progress_note="各项措施正按计划推进。", percent=50, **self._first_done())
        co_units = self.fields.get("co_units")
        for unit in co_units if isinstance(co_units, list) else []:
            yield min(goal, self._in(3))
            self._do("co_report", self._hand(play.staff(unit)[0]), co_result="已按分工完成协办事项，情况已告主办单位。")
        if not self.story.has("stuck"):
            yield goal

    def _goal(self) -> int:
        """Return when completion is reported."""
        calendar, due_at = self.play.calendar, self.play.due_at(self.no)
        if self.pace.late:
            day = calendar.add_workdays(ordinal_of(due_at - 1), self.pace.late)
            return start_of_day(day) + 10 * HOUR + self.no * 60_000_000
        return calendar.add_worktime(self.play.now, int(calendar.worktime(self.play.now, due_at) * self.pace.share))

    def _first_done(self) -> dict[str, object]:
        return {"measure_done": ["1"]} if self.play.item(self.no).fields.get("measures") else {}

    def _extension(self) -> Script:
        """延期: asked for some days before it is due, endorsed by the head, decided by the leader whose power reaches so far."""
        play, words, refused = self.play, self.words, self.story.has("extension_refused")
        due = ordinal_of(play.due_at(self.no) - 1)
        yield start_of_day(play.calendar.add_workdays(due, -9 if refused else -5)) + 10 * HOUR + self.no * 60_000_000
        until = words.get("until", "2023-09-30")
        ordinal = play.ask(self.no, "extension", self._hand(), until=until, reason=words["reason"], progress_note="前期措施已落实，后续措施正在推进。")
        yield self._in(6)
        play.decide(self.no, ordinal, self._head(), grant=True, opinion="情况属实，同意上报。")
        far = date.fromisoformat(until) > date.fromordinal(due) + timedelta(days=30)
        decider = words.get("commander") or (play.organisation.principal if far else self._leader())
        yield self._in(7)
        yield play.back(decider)
        if refused:
            play.decide(self.no, ordinal, self._hand(decider), grant=False, opinion=words["refusal"])
        else:
            play.decide(self.no, ordinal, self._hand(decider), grant=True, opinion="同意延期，请抓紧办理。")

    def _suspension(self) -> Script:
        """暂缓办理: asked for before it begins; it ends by itself."""
        play, words = self.play, self.words
        since = instant(date.fromisoformat(words["since"]))
        yield start_of_day(play.calendar.add_workdays(ordinal_of(since), -2)) + 10 * HOUR
        ordinal = play.ask(
            self.no, "suspension", self._hand(), until=words["until"], reason=words["reason"], grounds=_GROUNDS[self.unit]
        )
        yield self._in(6)
        play.decide(self.no, ordinal, self._head(), grant=True, opinion="情况属实，同意上报。")
        yield since + 9 * HOUR + 30 * 60_000_000
        play.decide(self.no, ordinal, self._hand(self._leader()), grant=True, opinion="同意暂缓，期间做好巡查和安全防护。")
        until = date.fromisoformat(words["until"])
        yield start_of_day(play.calendar.add_workdays(until.toordinal(), 1)) + 10 * HOUR

    def _stuck(self) -> Script:
        """What does not move: told now and then, supervised by the office, and never reported done."""
        play, words = self.play, self.words
        late = play.calendar.add_workdays(ordinal_of(play.due_at(self.no) - 1), 4)
        yield start_of_day(late) + 14 * HOUR
        self._do("progress", progress_note=words["result"], percent=60, obstacle=words["result"].partition("；")[2] or words["result"])
        yield play.workday(4, 9.75)
        answer_by = date.fromordinal(play.calendar.add_workdays(ordinal_of(play.now), 5)).isoformat()
        self._do("supervise", self._hand(CHIEF), demand="请说明未按期完成的原因，提出下一步措施和完成时间。", answer_by=answer_by)
        yield play.workday(4, 16)
        self._do("reply_supervision", supervision_reply=words["answer"])

    def _longterm(self) -> Script:
        """转持续整改: the stage is reached, the rest takes a year."""
        play, words = self.play, self.words
        ordinal = play.ask(
            self.no,
            "longterm",
            self._hand(),
            stage_goal=words["result"],
            next_review_on=words["next_review"],
            expected_on="2024-06-30",
            reason=words["reason"],
        )
        yield self._in(6)
        play.decide(self.no, ordinal, self._head(), grant=True, opinion="同意上报。")
        yield self._in(8)
        yield play.back(self._leader())
        play.decide(self.no, ordinal, self._hand(self._leader()), grant=True, opinion="同意转持续整改，每季度检查一次。")

    # -- completion, verification, answer --------------------------------------------------------------------------------------

    def _completion(self) -> Script:
        """Report, unit review, verification (perhaps sent back), answer, call-back (perhaps done again), closing."""
        words, again = self.words, self.words.get("result_again", "")
        self._report(words["result"])
        yield from self._unit_review()
        yield self._in(9)
        if self.story.has("send_back"):
            self._do("send_back", self._hand(self._verifier()), opinion="经核验，整改尚不到位，退回继续整改。", further_demand=words["demand"])
            yield self._in(self.pace.desk * 2)
            self._report(again)
            yield from self._unit_review()
            yield self._in(7)
        self._pass_office()
        yield from self._answer(words["answer"])
        if self.story.has("redo"):
            yield from self._redo()
            yield from self._unit_review()
            yield self._in(6)
            self._pass_office()
            yield from self._answer(words["answer_again"])
        yield from self._called_back()
        yield from self._closing()

    def _report(self, result: str, **fields: object) -> None:
        """报办结."""
        if self.track != "immediate":
            fields |= {
                "lessons": f"已对{self.fields['line']}条线同类问题开展排查，一并整改。",
                "long_term_mechanism": "已纳入日常巡查和季度抽查。",
                "all_measures_done": True,
            }
        explained = _PLANNED_ONLY in result
        self._do(
            "report_done",
            outcome=result,
            result_class="explained" if explained else "solved",
            evidence=self.play.evidence(self.words["evidence"]),
            **fields,
        )

    def _unit_review(self) -> Script:
        yield self._in(self.pace.desk)
        self._do("pass_unit", self._head(), opinion="同意报核验。")

    def _pass_office(self) -> None:
        fields: dict[str, object] = {}
        if _PLANNED_ONLY in self.words["result"]:
            fields["explained_basis"] = f"{self.words['reference']}及{self.words['submit_to']}答复"
        verify_by = "material" if self.track in ("upstream", "immediate") else "site"
        self._do("pass_office", self._hand(self._verifier()), verify_by=verify_by, opinion="经核验，整改到位。", **fields)

    def _answer(self, text: str) -> Script:
        """反馈 to whoever must still be answered; nobody is left where the letter was anonymous."""
        yield self._in(4)
        left = unanswered(self.play.item(self.no))
        if left:
            self._do("answer", told=left, answered_by=_ANSWERED_BY[self.source], answer_text=text)

    def _called_back(self) -> Script:
        """回访 where the source asks for it and somebody was answered."""
        item = self.play.item(self.no)
        if self.play.definition.sources[self.source].call_back and item.names("told"):
            yield self._in(8)
            self._do("call_back", self._hand(CLERK), satisfaction="satisfied", solved="solved")

    def _redo(self) -> Script:
        """The reporter is not satisfied: handled again, within three working days."""
        play, words = self.play, self.words
        yield self._in(8)
        self._do("call_back", self._hand(CLERK), satisfaction="dissatisfied", solved="unsolved", complaint=words["reason"])
        yield self._in(2)
        self._do("redo", self._hand(play.dispatcher()), reason=words["reason"], further_demand=words["demand"])
        yield self._in(7)
        self._report(words["result_again"])

    def _closing(self) -> Script:
        """挂帅签字, 公示 where it was decided, 销号."""
        play, words = self.play, self.words
        if self.track == "led":
            yield self._in(5)
            yield play.back(words["commander"])
            self._do("sign_off", self._hand(words["commander"]), opinion="同意销号。")
        if self.story.has("publicity"):
            yield self._in(2)
            until = date.fromordinal(play.calendar.add_workdays(ordinal_of(play.now), 5))
            self._do(
                "publicise",
                self._hand(play.dispatcher()),
                decision=words["decision"],
                publicity_place="局内网公示栏",
                publicity_until=until.isoformat(),
            )
            yield start_of_day(play.calendar.add_workdays(until.toordinal(), 1)) + 10 * HOUR
        yield self._in(3)
        self._do("close", self._hand(play.dispatcher()))


def scripts(play: Play) -> list[Script]:
    """Return the ways of all problems of the list."""
    return [_way(play, story) for story in read_stories()]


def _way(play: Play, story: Story) -> Script:
    """Wake in the morning on which the problem was found, read its row as the office would, and go its way."""
    yield play.calendar.opening(parse_instant(story.found_on))
    yield from Handling(play, story, read_sheet([story.no], play.session)[story.no]).run()
