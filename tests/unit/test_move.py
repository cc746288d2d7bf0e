"""What an item meets in another version of its definition, and what moving it there leaves as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from engine.clock import iso
from engine.context import Context, Hand
from engine.errors import Refused
from engine.evolve import evolve, replay
from engine.ladder import settle
from engine.loader import load
from engine.move import BLOCKED, FITS, UNMAPPED, Fit, Order, judge
from engine.run import due
from tests.revised import renamed, revised

if TYPE_CHECKING:
    from engine.context import Rules
    from engine.item import Item
    from tests.unit.conftest import Case


class Moved(NamedTuple):
    """What came of a move: the judgement, the rules moved to, and the item after it with what came due at once."""

    fit: Fit
    rules: Rules
    item: Item

    def due(self, clock: str = "total") -> str:
        """Return a clock's due moment under the new rules."""
        moment = due(self.item.clocks[clock], self.rules.definition.clocks[clock], self.item, self.rules.calendar)
        return iso(moment)[:16] if moment else ""


def moved(case: Case, text: str, at: str = "", who: str = "o11", **mapping: str) -> Moved:
    """Judge the case's first item against a version and move it, if it fits."""
    item = case.settled(at=at)
    new = case.rules._replace(definition=load(text))
    context = Context(new, Hand(who, who), case.now, case.now, case.items.get)
    fit = judge(item, case.rules, Order(new.definition.hash, mapping, "按新办法办理"), context)
    if fit.event:
        case.log.append(fit.event)
        item, events, _ = settle(evolve(item, fit.event), new, case.now)
        case.log += events
    return Moved(fit, new, item)


def test_the_same_rules_under_another_number_change_nothing_but_the_version(case: Case) -> None:
    """State, fields, clocks, rungs, requests and who did what stay; the item lives under the new hash."""
    before = case.rectifying("campaign")
    there = moved(case, revised(2), "2023-06-01 10:00")
    now = there.item
    assert (there.fit.verdict, there.fit.days, there.fit.rungs, there.fit.stops, there.fit.starts) == (
        FITS,
        0,
        0,
        (),
        (),
    )
    assert now.definition == there.rules.definition.hash != before.definition
    settled = case.items[1]
    kept = settled._replace(definition=now.definition, version=settled.version + 1, acts=now.acts)
    assert now == kept
    assert {**settled.acts, "move": now.acts["move"]} == now.acts


def test_a_later_entry_may_still_come_before_a_move_that_changed_nothing(case: Case) -> None:
    """Such a move is no step of the item: what was done before it may be entered after it."""
    before = case.rectifying("campaign")
    assert moved(case, revised(2), "2023-06-01 10:00").item.effective_at == before.effective_at
    shorter = (
        "[clocks.accept]",
        '[clocks.weekly]\ntitle = "每周报告"\nruns_in = ["rectifying"]\nlimit = "5wd"\n\n[clocks.accept]',
    )
    assert moved(case, revised(2, shorter)).item.effective_at == case.now


def test_the_log_folds_to_the_same_item(case: Case) -> None:
    """Replay needs neither version: the entries give the item that the move gave."""
    case.rectifying("immediate")
    there = moved(case, renamed(2), "2023-05-17 10:00", rectifying="mending")
    events = [event for event in case.log if event.item == 1]
    assert replay(events) == there.item


def test_a_state_that_is_not_there_needs_a_mapping(case: Case) -> None:
    """Without one the item stays; with one it stands in the new state, its clocks running on."""
    case.rectifying("immediate")
    due_before = case.due()
    left = moved(case, renamed(2)).fit
    assert (left.verdict, left.why, left.about, left.event) == (UNMAPPED, "state_unknown", "rectifying", None)
    there = moved(case, renamed(2), rectifying="mending")
    assert there.item.state == "mending"
    assert there.fit.days == 0
    assert there.due() == due_before
    assert there.item.clocks["total"] == case.items[1].clocks["total"]


def test_a_longer_limit_moves_the_due_day_and_begins_a_cycle(case: Case) -> None:
    """Five working days from 8 May become seven: from the 15th to the 17th, two days later; rungs crossed stay."""
    case.rectifying("immediate")
    there = moved(case, revised(2, ('immediate = ["@limit", "5wd"]', 'immediate = "7wd"')), "2023-05-16 10:00")
    assert case.rungs() != []
    assert there.due() == "2023-05-17T17:30"
    assert there.fit.days == 2
    run = there.item.clocks["total"]
    assert (run.cycle, run.since) == (2, case.now)
    assert there.item.crossed == case.items[1].crossed


def test_a_shorter_limit_keeps_the_cycle_and_says_which_rungs_come_at_once(case: Case) -> None:
    """Three working days ended on Thursday the 11th: on Friday the item is overdue, and its rungs come with the move."""
    case.rectifying("immediate")
    there = moved(case, revised(2, ('immediate = ["@limit", "5wd"]', 'immediate = "3wd"')), "2023-05-12 10:00")
    assert there.due() == "2023-05-11T17:30"
    assert there.fit.days == -2
    fresh = there.item.crossed.keys() - case.items[1].crossed.keys()
    assert fresh == {"total:1:0", "total:1:1"}
    assert there.fit.rungs == len(fresh)
    assert there.item.clocks["total"].cycle == 1


def test_an_approved_extension_stands_whatever_the_new_limit_says(case: Case) -> None:
    """The date that was granted is the due day under the new version too."""
    case.rectifying("campaign")
    case.ask("o23", "extension", until="2023-07-14", reason="汛期无法施工，须延长时限", progress_note="已完成一半")
    case.answer("o21")
    case.answer("o04")
    granted = case.due()
    assert granted == "2023-07-14T17:30"
    there = moved(case, revised(2, ('campaign = ["@limit", "@campaign_end"]', 'campaign = "90wd"')))
    assert (there.due(), there.fit.days) == (granted, 0)


def test_a_fixed_date_stands_though_pauses_lie_behind(case: Case) -> None:
    """Where the new version fixes a date, the days that a suspension gave back are not added to it."""
    case.rectifying("campaign")
    case.ask("o23", "suspension", until="2023-05-19", reason="汛期无法施工，条件不具备", grounds="season")
    case.answer("o21")
    case.answer("o04")
    case.settled(at="2023-05-22 10:00")
    assert case.items[1].state == "rectifying"
    there = moved(case, revised(2, ('campaign = ["@limit", "@campaign_end"]', 'campaign = "2023-08-31"')))
    assert there.due() == "2023-08-31T17:30"
    assert there.item.clocks["total"].moves != ()


def test_a_clock_that_is_gone_stops_and_one_that_is_new_starts(case: Case) -> None:
    """Both at the move; a clock begun by a verb that was never done waits for it."""
    case.assigned("campaign")
    text = revised(
        2,
        ("[clocks.plan]\n", "[clocks.scheme]\n"),
        (
            "[clocks.accept]\n",
            '[clocks.visit]\ntitle = "走访时限"\nruns_in = ["planning"]\nstarts_at = ["redo"]\nlimit = "3wd"\n\n[clocks.accept]\n',
        ),
    )
    there = moved(case, text, "2023-05-09 10:00")
    assert (there.fit.stops, there.fit.starts) == (("plan",), ("scheme",))
    assert there.item.clocks["plan"].stopped == case.now
    assert there.item.clocks["scheme"].started == case.now
    assert "visit" not in there.item.clocks


def test_a_state_in_which_the_new_version_pauses_pauses(case: Case) -> None:
    """And the clock stands still from the move on."""
    case.rectifying("immediate")
    text = revised(
        2,
        ('"plan_review", "rectifying", "unit_review", "office_review"]\npauses_in = ["upstream", "suspended"]\nstarts_at = ["assign"',
         '"plan_review", "unit_review", "office_review"]\npauses_in = ["rectifying", "upstream", "suspended"]\nstarts_at = ["assign"'),
        ("[clocks.accept]\n", '[clocks.weekly]\ntitle = "每周报告"\nruns_in = ["rectifying"]\nlimit = "5wd"\n\n[clocks.accept]\n'),
    )  # fmt: skip
    there = moved(case, text, "2023-05-09 10:00")
    assert there.item.clocks["total"].pauses == ((case.now, None),)


BLOCKS = {
    "the kind of an open request": (("[requests.extension]", "[requests.delay]"), "request_unknown", "extension"),
    "a value that cannot be chosen": (("campaign", "drive"), "choice_unknown", "track"),
    "a field of another kind": (
        ('objective = { title = "整改目标", kind = "text"', 'objective = { title = "整改目标", kind = "texts"'), "field_kind", "objective"),
}  # fmt: skip


@pytest.mark.parametrize(("written", "why", "about"), BLOCKS.values(), ids=BLOCKS)
def test_what_keeps_an_item_from_moving_is_named(case: Case, written: tuple[str, str], why: str, about: str) -> None:
    """A code, and the name it is about; the item is left as it is."""
    case.rectifying("campaign")
    case.ask("o23", "extension", until="2023-07-14", reason="汛期无法施工，须延长时限", progress_note="已完成一半")
    more = [('held_by = ["extension"]', 'held_by = ["delay"]')] if why == "request_unknown" else []
    fit = moved(case, revised(2, written, *more)).fit
    assert (fit.verdict, fit.why, fit.about, fit.event) == (BLOCKED, why, about, None)


def test_an_open_request_keeps_an_item_from_a_mapped_state(case: Case) -> None:
    """It would become void there: it is decided first."""
    case.rectifying("campaign")
    case.ask("o23", "extension", until="2023-07-14", reason="汛期无法施工，须延长时限", progress_note="已完成一半")
    fit = moved(case, renamed(2), rectifying="mending").fit
    assert (fit.verdict, fit.why) == (BLOCKED, "request_open")


def test_a_suspended_item_is_woken_under_the_new_version(case: Case) -> None:
    """The moment at which it resumes by itself goes with it, mapped or not; where nothing could wake it, it is blocked."""
    case.rectifying("campaign")
    case.ask("o23", "suspension", until="2023-05-19", reason="汛期无法施工，条件不具备", grounds="season")
    case.answer("o21")
    case.answer("o04")
    wake = case.items[1].wake
    assert wake is not None
    away = ("[states.suspended]", "[states.resting]"), ('"suspended"', '"resting"')
    there = moved(case, revised(2, *away), suspended="resting")
    assert there.item.wake == wake
    woken, _, _ = settle(there.item, there.rules, case.now + 30 * 86_400_000_000)
    assert (woken.state, woken.wake) == ("rectifying", None)
    fit = moved(case, revised(2), suspended="rectifying").fit
    assert (fit.verdict, fit.why, fit.about) == (BLOCKED, "wake_unknown", "resume")


def test_no_move_talks_a_limit_away(case: Case) -> None:
    """An item whose main clock would run towards nothing stays where it is, and so does one mapped onto an end."""
    case.rectifying("immediate")
    fit = moved(case, revised(2, ('immediate = ["@limit", "5wd"]\n', 'immediate = "@limit"\n'))).fit
    assert (fit.verdict, fit.why, fit.about) == (BLOCKED, "due_lost", "total")
    fit = moved(case, revised(2), rectifying="closed").fit
    assert (fit.verdict, fit.why) == (BLOCKED, "state_final")
    fit = moved(case, revised(2), rectifying="draft").fit
    assert (fit.verdict, fit.why) == (BLOCKED, "no_clock")


def test_an_item_goes_on_after_a_clock_is_gone(case: Case) -> None:
    """Acts that set a limit look only at the clocks that the version knows."""
    case.rectifying("campaign")
    there = moved(case, revised(2, ("[clocks.plan]\n", "[clocks.scheme]\n")))
    case.rules, case.items[1] = there.rules, there.item
    assert "plan" in there.item.clocks
    case.do("o01", "promote", commander="o01", authority="局党组会议纪要〔2023〕5号", limit="2023-07-31")
    assert case.due() == "2023-07-31T17:30"


def test_only_the_supervising_office_and_leaders_move_items(case: Case) -> None:
    """A handler is told who may."""
    case.rectifying("immediate")
    with pytest.raises(Refused) as refused:
        moved(case, revised(2), who="o23")
    assert refused.value.code == "not_allowed"
    assert refused.value.data["roles"] == ["supervisor", "leader"]
