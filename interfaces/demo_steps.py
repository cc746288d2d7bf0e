"""The steps of the demo's script: how the bureau's people plan, work, ask for time, and get stuck.

A step is a generator: it yields the moment at which it goes on and then acts, always through `Play`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from engine.clock import HOUR, MINUTE, day_of, ordinal_of, start_of_day
from interfaces.demo_play import CHIEF

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

_GROUNDS = {"river": "season", "ecology": "approval"}
_FAR = timedelta(days=30)  # the leader in charge may extend so far, the principal further


class Steps:
    """One problem, its story, and the steps of its way up to completion."""

    def __init__(self, play: Play, story: Story, fields: dict[str, object]) -> None:
        """Take the problem's story and what the list says of it."""
        self.play, self.story, self.fields = play, story, fields
        self.no, self.words, self.pace = story.no, story.words, PACES[story.pace]
        self.track, self.source = str(fields["track"]), str(fields["source"])
        self.unit, self.handler = str(fields.get("lead_unit", "")), str(fields.get("handler", ""))
        self._steps = 0

    # -- small helps ---------------------------------------------------------------------------------------------------

    def within(self, hours: float) -> int:
        """Return the moment so many office hours from now, give or take what keeps the acts of a day apart."""
        self._steps += 1
        return self.play.later(hours, (self.no * 17 + self._steps * 23) % 41)

    def hand(self, person: str = "") -> Hand:
        """Return a person's hand, the handler's when nobody is named."""
        return self.play.hand(person or self.handler)

    def head(self) -> Hand:
        """Return the hand of whoever leads the unit today."""
        return self.hand(self.play.head(self.unit))

    def leader(self) -> str:
        """Return the leader in charge of the unit."""
        return self.play.organisation.units[self.unit].in_charge

    def do(self, verb: str, hand: Hand, /, **fields: object) -> None:
        """Do a verb to the problem."""
        self.play.act(self.no, verb, hand, None, **fields)

    def morning(self, after: int, days: int, hour: int = 10) -> int:
        """Return an hour, and some minutes, of the day so many working days after a day."""
        return start_of_day(self.play.calendar.add_workdays(after, days)) + hour * HOUR + self.no * MINUTE

    def due_day(self) -> int:
        """Return the day on which the problem is due, as an ordinal."""
        return ordinal_of(self.play.due_at(self.no) - 1)

    # -- the plan ------------------------------------------------------------------------------------------------------

    def plan(self) -> Script:
        """报方案, perhaps returned once, and its approval."""
        yield self.within(self.pace.desk * 1.5)
        self._submit_plan()
        yield from self._read_by_approver()
        if self.story.has("plan_returned"):
            self.do("return_plan", self.hand(self._approver()), opinion=self.words["plan_opinion"])
            yield self.within(self.pace.desk)
            self._submit_plan()
            yield from self._read_by_approver()
        if self._at_meeting():  # decided in the morning, entered by the office in the afternoon (代录)
            meeting = start_of_day(ordinal_of(self.play.now)) + 9 * HOUR
            hand = self.play.on_paper("party_group", f"局党组会议纪要〔2023〕{self.no - 19}号")
            self.play.act(self.no, "approve_plan", hand, meeting, opinion="会议研究，原则同意该方案。")
        else:
            self.do("approve_plan", self.hand(self._approver()), opinion="同意。")

    def _submit_plan(self) -> None:
        due = day_of(self.play.due_at(self.no) - 1)
        texts = self.words["measure"].rstrip("。").split("，")
        dates = [(due - timedelta(days=3 * (len(texts) - n))).isoformat() for n in range(1, len(texts) + 1)]
        proposed = {"proposed_due": due.isoformat()} if self.track == "led" else {}
        self.do(
            "submit_plan",
            self.hand(),
            objective=f"切实解决“{self.fields['title']}”，措施落实、长效管用。",
            measures=[{"text": t, "unit": self.unit, "due": d} for t, d in zip(texts, dates, strict=True)],
            **proposed,
        )

    def _approver(self) -> str:
        return self.play.organisation.principal if self.track == "led" else self.leader()

    def _at_meeting(self) -> bool:
        """Whether the party group decides on the plan: on every other one of the led ones."""
        return self.track == "led" and bool(self.no % 2)

    def _read_by_approver(self) -> Script:
        yield self.within(7)
        yield self.play.back(self._approver())
        if self._at_meeting():
            yield self.play.workday(1, 15)

    # -- the work ------------------------------------------------------------------------------------------------------

    def work(self) -> Script:
        """Work until the report of completion is due by this pace, with whatever is asked for on the way."""
        if self.story.has("extension") or self.story.has("extension_refused"):
            yield from self._extension()
        if self.story.has("suspension"):
            yield from self._suspension()
        calendar, play, goal = self.play.calendar, self.play, self._goal()
        if self.track != "immediate":
            yield calendar.add_worktime(play.now, calendar.worktime(play.now, goal) // 2)
            done = {"measure_done": ["1"]} if play.item(self.no).fields.get("measures") else {}
            self.do("progress", self.hand(), progress_note="各项措施正按计划推进。", percent=50, **done)
        co_units = self.fields.get("co_units")
        for unit in co_units if isinstance(co_units, list) else []:
            yield min(goal, self.within(3))
            colleague = self.hand(play.staff(unit)[0])
            self.do("co_report", colleague, co_result="已按分工完成协办事项，情况已告主办单位。")
        if not self.story.has("stuck"):
            yield goal

    def _goal(self) -> int:
        """Return when completion is reported."""
        if self.pace.late:
            return self.morning(self.due_day(), self.pace.late)
        calendar, now = self.play.calendar, self.play.now
        return calendar.add_worktime(now, int(calendar.worktime(now, self.play.due_at(self.no)) * self.pace.share))

    def _extension(self) -> Script:
        """延期: asked for before it is due, endorsed by the head, decided by the leader whose power reaches so far."""
        play, words, refused = self.play, self.words, self.story.has("extension_refused")
        due = self.due_day()
        yield self.morning(due, -9 if refused else -5)
        until = words.get("until", "2023-09-30")
        note = "前期措施已落实，后续措施正在推进。"
        ordinal = play.ask(self.no, "extension", self.hand(), until=until, reason=words["reason"], progress_note=note)
        yield self.within(6)
        play.decide(self.no, ordinal, self.head(), grant=True, opinion="情况属实，同意上报。")
        far = date.fromisoformat(until) > date.fromordinal(due) + _FAR
        decider = words.get("commander") or (play.organisation.principal if far else self.leader())
        yield self.within(7)
        yield play.back(decider)
        opinion = words["refusal"] if refused else "同意延期，请抓紧办理。"
        play.decide(self.no, ordinal, self.hand(decider), grant=not refused, opinion=opinion)

    def _suspension(self) -> Script:
        """暂缓办理: asked for before it begins; it ends by itself."""
        play, words = self.play, self.words
        since, until = (date.fromisoformat(words[key]).toordinal() for key in ("since", "until"))
        yield self.morning(since, -2)
        asked = {"until": words["until"], "reason": words["reason"], "grounds": _GROUNDS[self.unit]}
        ordinal = play.ask(self.no, "suspension", self.hand(), **asked)
        yield self.within(6)
        play.decide(self.no, ordinal, self.head(), grant=True, opinion="情况属实，同意上报。")
        yield self.morning(since, 0, 9)
        opinion = "同意暂缓，期间做好巡查和安全防护。"
        play.decide(self.no, ordinal, self.hand(self.leader()), grant=True, opinion=opinion)
        yield self.morning(until, 1)

    # -- what does not end ---------------------------------------------------------------------------------------------

    def stuck(self) -> Script:
        """What does not move: told, supervised by the office, and never reported done."""
        play, words = self.play, self.words
        yield self.morning(self.due_day(), 4, 14)
        obstacle = words["result"].partition("；")[2]
        self.do("progress", self.hand(), progress_note=words["result"], percent=60, obstacle=obstacle)
        yield play.workday(4, 9.75)
        answer_by = date.fromordinal(play.calendar.add_workdays(ordinal_of(play.now), 5)).isoformat()
        demand = "请说明未按期完成的原因，提出下一步措施和完成时间。"
        self.do("supervise", self.hand(CHIEF), demand=demand, answer_by=answer_by)
        yield play.workday(4, 16)
        self.do("reply_supervision", self.hand(), supervision_reply=words["answer"])

    def longterm(self) -> Script:
        """转持续整改: the stage is reached, the rest takes a year."""
        play, words = self.play, self.words
        ordinal = play.ask(
            self.no,
            "longterm",
            self.hand(),
            stage_goal=words["result"],
            next_review_on=words["next_review"],
            expected_on="2024-06-30",
            reason=words["reason"],
        )
        yield self.within(6)
        play.decide(self.no, ordinal, self.head(), grant=True, opinion="同意上报。")
        yield self.within(8)
        yield play.back(self.leader())
        opinion = "同意转持续整改，每季度检查一次。"
        play.decide(self.no, ordinal, self.hand(self.leader()), grant=True, opinion=opinion)
