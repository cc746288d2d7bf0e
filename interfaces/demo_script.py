"""The demo's script: the way of each problem through the office, from its registration to its end.

What the engine refuses stops the demo: nobody here goes round it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from engine.clock import MINUTE, iso, ordinal_of, parse_instant
from engine.guards import unanswered
from interfaces.demo_play import CHIEF, CLERK, VERIFIER
from interfaces.demo_steps import Steps
from interfaces.demo_story import read_sheet, read_stories

if TYPE_CHECKING:
    from interfaces.demo_play import Play, Script
    from interfaces.demo_story import Story

_ANSWERED_BY = {"citizen": "phone", "self_check": "meeting", "study": "meeting"}  # the others in writing
_WAIT = {"prompt": 6, "normal": 12, "slow": 14, "late": 9}  # working days until the superior body replies
_EXPLAINED = "列入年内计划"  # words of a result that is explained rather than solved


def scripts(play: Play) -> list[Script]:
    """Return the ways of all problems of the list."""
    return [_way(play, story) for story in read_stories()]


def _way(play: Play, story: Story) -> Script:
    """Wake in the morning on which the problem was found, read its row as the office would, and go its way."""
    yield play.calendar.opening(parse_instant(story.found_on)) + (20 + story.no * 7 % 90) * MINUTE
    yield from Handling(play, story, read_sheet([story.no], play.session)[story.no]).run()


class Handling(Steps):
    """One problem on its way."""

    def run(self) -> Script:
        """Go the whole way."""
        if self.story.has("mend"):
            return self._mended()
        if self.story.has("reject") or self.story.merged_into:
            return self._turned_away()
        ways = {"immediate": self._immediate, "upstream": self._upstream}
        return ways.get(self.track, self._planned)()

    # -- the small ones ------------------------------------------------------------------------------------------------

    def _mended(self) -> Script:
        """即办: found, mended and answered by the handler, entered the same or the next day."""
        play, words = self.play, self.words
        source = play.definition.sources[self.source]
        yield self.within(4)
        known = play.definition.composites["mend"].fields
        fields = {name: value for name, value in self.fields.items() if name in known} | {
            "measure": words["measure"],
            "outcome": words["result"],
            "evidence": play.evidence(words["evidence"]),
            "told": list(source.feedback_to),
            "answered_by": _ANSWERED_BY.get(self.source, "letter"),
            "answer_text": words["answer"],
        }
        play.mend(self.no, fields, self.hand())
        if source.call_back:
            yield self.within(7)
            self.do("call_back", self.hand(CLERK), satisfaction="satisfied", solved="solved")

    def _turned_away(self) -> Script:
        """不予受理, or merged into the item that is about the same."""
        play, words, into = self.play, self.words, self.story.merged_into
        play.register(self.no, self.fields, self.hand(CLERK))
        yield self.within(2)
        if into:
            target = play.numbers[into]
            reason = words["reason"].replace(f"第{into}号", f"第{target}号")
            self.do("merge", self.hand(play.dispatcher()), into=target, reason=reason)
            return
        self.do(
            "reject",
            self.hand(play.dispatcher()),
            reason=words["reason"],
            channel="居民委员会人民调解、属地公安派出所",
            answered_by="phone",
            answer_text=words["answer"],
        )

    # -- registered, assigned, signed for ------------------------------------------------------------------------------

    def _taken_in(self) -> Script:
        """登记、交办, perhaps a return (granted or not), 签收, and the first word with the reporter."""
        play, words = self.play, self.words
        play.register(self.no, self.fields, self.hand(CLERK))
        yield self.within(2)
        named = {name: words[name] for name in ("commander", "submit_to") if name in words}
        self.do("assign", self.hand(play.dispatcher()), **named)
        if self.story.has("return") or self.story.has("return_refused"):
            yield from self._return()
        yield self.within(self.pace.sign)
        self.do("sign", self.hand())
        if self.fields.get("reporter"):
            yield self.within(2)
            said = {"contact_result": "reached", "contact_note": "已与反映人核实情况。"}
            self.do("first_contact", self.hand(), contact_way="phone", **said)
        if self.story.has("reassign"):
            yield from self._reassignment()

    def _return(self) -> Script:
        """退回: the unit says it is not its affair; the office agrees, or does not."""
        play, words = self.play, self.words
        yield self.within(4)
        suggested = {"suggested_unit": words["to_unit"]} if "to_unit" in words else {}
        ordinal = play.ask(self.no, "return", self.hand(), reason=words["reason"], **suggested)
        yield self.within(5)
        if self.story.has("return_refused"):
            play.decide(self.no, ordinal, self.hand(CHIEF), grant=False, opinion=words["refusal"])
            return
        play.decide(self.no, ordinal, self.hand(CHIEF), grant=True)
        self._move_to(words["to_unit"])
        yield self.within(1)
        self.do("assign", self.hand(play.dispatcher()), lead_unit=self.unit, handler=self.handler)

    def _reassignment(self) -> Script:
        """调整主办单位: lead and co-unit change places."""
        yield self.within(9)
        self.fields["co_units"] = [self.unit]
        self._move_to(self.words["to_unit"])
        self.do(
            "reassign",
            self.hand(self.play.dispatcher()),
            lead_unit=self.unit,
            handler=self.handler,
            co_units=self.fields["co_units"],
            reason=self.words["reason"],
        )
        yield self.within(self.pace.sign)
        self.do("sign", self.hand())

    def _move_to(self, unit: str) -> None:
        self.unit, self.handler = unit, self.play.staff(unit)[1]

    # -- the four treatments -------------------------------------------------------------------------------------------

    def _immediate(self) -> Script:
        """即知即办: report, answer, call back, confirm."""
        yield from self._taken_in()
        yield from self.work()
        self._report(self.words["result"], measure=self.words["measure"])
        if self.story.has("redo"):  # only what was verified and answered can turn out not to satisfy
            yield self.within(8)
            self._pass_office()
            yield from self._answer(self.words["answer"])
            yield from self._redo()
        yield from self._answer(self.words.get("answer_again", self.words["answer"]))
        yield from self._called_back()
        yield self.within(5)
        self.do("confirm", self.hand(self._verifier()))

    def _planned(self) -> Script:
        """限时主办 and 挂帅研办: a plan, its approval, the work, two reviews, the answer."""
        yield from self._taken_in()
        yield from self.plan()
        yield from self.work()
        if self.story.has("stuck"):
            yield from self.stuck()
        elif self.story.has("longterm"):
            yield from self.longterm()
        else:
            yield from self._completion()

    def _upstream(self) -> Script:
        """提请协调: a letter to the superior body, its reply, then as the others."""
        play, words = self.play, self.words
        yield from self._taken_in()
        yield self.within(self.pace.desk)
        self.do("progress", self.hand(), progress_note="已完成情况梳理，提请函稿送局办公室。", percent=20)
        yield self.within(9)
        self.do(
            "submit_upstream",
            self.hand(CLERK),
            matter=f"提请{words['submit_to']}协调解决：{self.fields['title']}。",
            reference=words["reference"],
            sent_on=iso(play.now)[:10],
            signed_by=play.organisation.principal,
        )
        yield play.workday(_WAIT[self.story.pace], 14.5)
        self.do("upstream_reply", self.hand(CLERK), reply=words["reply"], replied_on=iso(play.now)[:10])
        yield from self.work()
        yield from self._completion()

    # -- completion, verification, answer ------------------------------------------------------------------------------

    def _completion(self) -> Script:
        """Report, unit review, verification (perhaps sent back), answer, call-back (perhaps done again), closing."""
        words = self.words
        self._report(words["result"])
        yield from self._unit_review()
        yield self.within(9)
        if self.story.has("send_back"):
            opinion = "经核验，整改尚不到位，退回继续整改。"
            self.do("send_back", self.hand(self._verifier()), opinion=opinion, further_demand=words["demand"])
            yield self.within(self.pace.desk * 2)
            self._report(words["result_again"])
            yield from self._unit_review()
            yield self.within(7)
        self._pass_office()
        yield from self._answer(words["answer"])
        if self.story.has("redo"):
            yield from self._redo()
            yield from self._unit_review()
            yield self.within(6)
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
        self.do(
            "report_done",
            self.hand(),
            outcome=result,
            result_class="explained" if _EXPLAINED in result else "solved",
            evidence=self.play.evidence(self.words["evidence"]),
            **fields,
        )

    def _unit_review(self) -> Script:
        yield self.within(self.pace.desk)
        self.do("pass_unit", self.head(), opinion="同意报核验。")

    def _verifier(self) -> str:
        """Return who verifies: of the office, or of the personnel division where the office has the problem (回避)."""
        return self.play.staff("personnel")[0] if self.unit == "office" else VERIFIER

    def _pass_office(self) -> None:
        words, fields = self.words, {"verify_by": "site" if self.track in ("campaign", "led") else "material"}
        if _EXPLAINED in words["result"]:
            fields["explained_basis"] = f"{words['reference']}及{words['submit_to']}答复"
        self.do("pass_office", self.hand(self._verifier()), opinion="经核验，整改到位。", **fields)

    def _answer(self, text: str) -> Script:
        """反馈 to whoever must still be answered: nobody where the letter was anonymous."""
        yield self.within(4)
        left = unanswered(self.play.item(self.no))
        if left:
            way = _ANSWERED_BY.get(self.source, "letter")
            self.do("answer", self.hand(), told=left, answered_by=way, answer_text=text)

    def _called_back(self) -> Script:
        """回访 where the source asks for it and somebody was answered."""
        if self.play.definition.sources[self.source].call_back and self.play.item(self.no).names("told"):
            yield self.within(8)
            self.do("call_back", self.hand(CLERK), satisfaction="satisfied", solved="solved")

    def _redo(self) -> Script:
        """The reporter is not satisfied: handled again, within three working days."""
        words = self.words
        yield self.within(8)
        verdict = {"satisfaction": "dissatisfied", "solved": "unsolved", "complaint": words["reason"]}
        self.do("call_back", self.hand(CLERK), **verdict)
        yield self.within(2)
        reason, dispatcher = words["reason"], self.hand(self.play.dispatcher())
        self.do("redo", dispatcher, reason=reason, further_demand=words["demand"])
        yield self.within(7)
        self._report(words["result_again"])

    def _closing(self) -> Script:
        """挂帅签字, 公示 where it was decided, 销号."""
        play, words = self.play, self.words
        if self.track == "led":
            yield self.within(5)
            yield play.back(words["commander"])
            self.do("sign_off", self.hand(words["commander"]), opinion="同意销号。")
        if self.story.has("publicity"):
            yield self.within(2)
            until = play.calendar.add_workdays(ordinal_of(play.now), 5)
            self.do(
                "publicise",
                self.hand(play.dispatcher()),
                decision=words["decision"],
                publicity_place="局内网公示栏",
                publicity_until=date.fromordinal(until).isoformat(),
            )
            yield self.morning(until, 1)
        yield self.within(3)
        self.do("close", self.hand(play.dispatcher()))
