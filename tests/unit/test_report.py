"""The page for leaders: what counts, what it is divided by, and what is behind every figure."""

from __future__ import annotations

from typing import Any

import pytest

from engine.clock import parse_instant
from engine.division import BY
from engine.figure import Figure, Numbers
from engine.light import OVERDUE
from engine.past import Past
from engine.report import LEADERS, Report, _led, report
from engine.row import EventQuery, ItemQuery, from_text
from engine.turn import desk
from interfaces.brief import rate
from storage.memory import MemoryStore
from tests.trial import Ledger, fill
from workflows.indicators import FIGURES, MATTERS, RATES

HEAD, HANDLER = "o21", "o23"  # 水务处
OFFICE, VERIFIER = "o11", "o13"
IN_CHARGE, PRINCIPAL = "o04", "o01"
DONE: dict[str, Any] = {
    "outcome": "护栏已全部更换。",
    "result_class": "solved",
    "evidence": [{"name": "a.jpg", "size": 1, "sha256": "0" * 64}],
}
ANSWER: dict[str, Any] = {"told": ["party_org"], "answered_by": "meeting", "answer_text": "已向支部通报"}


@pytest.fixture
def ledger() -> Ledger:
    """An office with nothing in its ledger, on a Monday morning."""
    return Ledger(MemoryStore())


def page(ledger: Ledger, at: str, since: str = "2023-05-01") -> Report:
    """Draw up the page of a ledger."""
    with ledger.office.store.read() as reader:
        items = [from_text(row.body) for row in reader.rows(ItemQuery())]
        ruled = [(item, ledger.office.shelf.rules(reader, item.definition)) for item in items]
    return report(ruled, parse_instant(at), parse_instant(since))


def assigned(ledger: Ledger, **fields: Any) -> int:  # noqa: ANN401 - whatever the act takes
    """Register and assign one more item; return its number."""
    number = ledger.register(title="护栏破损")
    ledger.act(OFFICE, "assign", number, **({"track": "immediate", "lead_unit": "water", "handler": HANDLER} | fields))
    return number


def closed(ledger: Ledger, number: int) -> None:
    """Take an item from assigned to closed."""
    ledger.act(HANDLER, "sign", number)
    ledger.act(HANDLER, "report_done", number, **DONE)
    ledger.act(HANDLER, "answer", number, **ANSWER)
    ledger.act(VERIFIER, "confirm", number)


def test_nothing_divided_by_nothing_is_a_dash(ledger: Ledger) -> None:
    """Fault 7: a rate of 0/0 is neither 0 % nor 100 %."""
    empty = page(ledger, "2023-05-08 10:00")
    assert {key: rate(empty.figures[key]) for key in RATES} == dict.fromkeys(RATES, "—")
    assert all(empty.figures[key].per_mille is None for key in RATES)
    assigned(ledger)
    running = page(ledger, "2023-05-08 10:00")
    assert rate(running.figures["on_time"]) == "—"  # nothing is due yet
    assert rate(running.figures["fulfilled"]) == "0.0%（0/1）"


def test_rates_are_rounded_to_the_nearest_tenth() -> None:
    """What is short of all is seen in the numbers beside it."""
    assert rate(Figure((1, 2), (1, 2, 3))) == "66.7%（2/3）"
    assert rate(Figure((1,), (1, 2, 3))) == "33.3%（1/3）"
    assert rate(Figure((1, 2), (1, 2))) == "100.0%（2/2）"
    assert rate(Figure(tuple(range(4999)), tuple(range(5000)))) == "100.0%（4999/5000）"


def test_what_lies_on_a_leaders_desk_is_found_without_looking_at_every_desk(ledger: Ledger) -> None:
    """Where no leader can be waited for, none is: of every item of the ledger, at several moments, and in each state that has some."""
    fill(ledger)
    seen = set()
    with ledger.office.store.read() as reader:
        for row in reader.rows(ItemQuery()):
            for event in reader.events(EventQuery(item=row.number, result="done")):
                past = Past(reader, ledger.office.shelf, event.effective_at).item(row.number)
                if past is None:
                    continue
                item, rules = past.item, past.rules
                role = desk(item, rules, event.effective_at).role
                assert _led(rules.definition, item.state) or not role.startswith(LEADERS), (item.state, role)
                seen.add((item.state, role.startswith(LEADERS)))
    assert len({state for state, _ in seen}) > 10
    assert ("plan_review", True) in seen


def test_numbers_are_those_of_a_tuple() -> None:
    """Numbers gathered in parts: as many, in order, equal to and hashed as the tuple of them; nothing in nothing."""
    some = Numbers([[5, 9], [], [1, 7]])
    assert (len(some), some[0], some[1:3], list(some), 7 in some, 8 in some) == (
        4,
        1,
        (5, 7),
        [1, 5, 7, 9],
        True,
        False,
    )
    assert some == (1, 5, 7, 9) == Numbers([[1, 5, 7, 9]])
    assert some != (1, 5)
    assert len({some, (1, 5, 7, 9), Numbers([])}) == 2
    assert (len(Numbers([])), bool(Numbers([])), repr(some)) == (0, False, "(1, 5, 7, 9)")


def test_what_is_rejected_merged_or_void_is_out_of_everything(ledger: Ledger) -> None:
    """They are counted beside the total and nowhere else."""
    kept = assigned(ledger)
    out = [ledger.register(title="护栏") for _ in range(3)]
    ledger.act(OFFICE, "reject", out[0], reason="不属受理范围", channel="12345热线")
    ledger.act(OFFICE, "merge", out[1], into=kept, reason="同一处护栏")
    ledger.ask(OFFICE, "void", out[2], reason="重复登记了")
    ledger.answer(PRINCIPAL, out[2], 1)
    found = page(ledger, "2023-05-09 10:00")
    assert found.figures["total"].numbers == (kept,)
    assert found.figures["not_counted"].numbers == tuple(out)
    everywhere = {n for key, f in found.figures.items() if key != "not_counted" for n in (*f.numbers, *(f.of or ()))}
    assert everywhere == {kept}
    assert all(line.figures["total"].numbers == (kept,) for by in BY for line in found.divisions[by])


def test_the_two_headline_rates(ledger: Ledger) -> None:
    """件件有落实 is closed / counted; 事事有回应 counts whoever was answered, before closing too, and the exempt."""
    one, two, three = (assigned(ledger) for _ in range(3))
    closed(ledger, one)
    ledger.act(HANDLER, "sign", two)
    ledger.act(HANDLER, "report_done", two, **DONE)
    ledger.act(HANDLER, "answer", two, **ANSWER)
    ledger.act(HANDLER, "sign", three)
    ledger.act(HANDLER, "report_done", three, **DONE)
    before = page(ledger, "2023-05-09 10:00")
    assert (before.figures["responded"].numbers, before.figures["responded"].of) == ((one, two), (one, two, three))
    assert (before.figures["fulfilled"].numbers, before.figures["fulfilled"].of) == ((one,), (one, two, three))
    ledger.act(OFFICE, "exempt", three, exempted=["party_org"], reason="要求不作回复")
    assert page(ledger, "2023-05-09 10:00").figures["responded"].numbers == (one, two, three)


def test_on_time_is_divided_by_what_was_to_be_done(ledger: Ledger) -> None:
    """Done or overdue: what still runs in time, stands still, or was not assigned is out of it."""
    in_time, late, overdue, running = (assigned(ledger) for _ in range(4))
    suspended = assigned(ledger)
    waiting = assigned(ledger, track="upstream", submit_to="市水务局")
    ledger.register(title="护栏")
    closed(ledger, in_time)
    ledger.act(HANDLER, "sign", suspended)
    ledger.ask(HANDLER, "suspension", suspended, grounds="season", until="2023-07-01", reason="汛期无法施工")
    ledger.answer(HEAD, suspended, 1)
    ledger.answer(IN_CHARGE, suspended, 1)
    ledger.act(HANDLER, "sign", waiting)
    upward = {"submit_to": "市水务局", "matter": "请求统筹调水", "reference": "1号", "sent_on": "2023-05-08"}
    ledger.act(OFFICE, "submit_upstream", waiting, signed_by=PRINCIPAL, **upward)
    ledger.at("2023-05-22 10:00")
    ledger.act(OFFICE, "restart_clock", running, reason="交办有误重新计时")
    closed(ledger, late)
    figures = page(ledger, "2023-05-23 10:00").figures
    assert (figures["on_time"].numbers, figures["on_time"].of) == ((in_time,), (in_time, late, overdue))
    assert figures["overdue"].numbers[0] == overdue
    assert (figures["suspended"].numbers, figures["waiting"].numbers) == ((suspended,), (waiting,))


def test_an_appeal_that_succeeded_counts_as_on_time_and_stays_visible(ledger: Ledger) -> None:
    """The fact that it was late stays in the item; the figure is beside the rate."""
    number = assigned(ledger)
    ledger.at("2023-05-22 10:00")
    closed(ledger, number)
    assert page(ledger, "2023-05-23 10:00").figures["on_time"].numbers == ()
    ledger.at("2023-05-23 10:00")
    ledger.ask(HEAD, "appeal", number, reason="系统故障所致")
    ledger.answer(OFFICE, number, 1)
    ledger.answer(IN_CHARGE, number, 1)
    figures = page(ledger, "2023-05-24 10:00").figures
    assert figures["on_time"].numbers == figures["excused"].numbers == (number,)
    with ledger.office.store.read() as reader:
        item = reader.item(number)
        assert item is not None
        assert item.fields["on_time"] is False


def test_what_goes_on_for_long_is_neither_done_nor_late(ledger: Ledger) -> None:
    """持续整改 stands beside 落实率 and outside 按时办结率."""
    number = assigned(ledger)
    ledger.act(HANDLER, "sign", number)
    asked = {
        "stage_goal": "护栏完好",
        "next_review_on": "2023-08-01",
        "expected_on": "2023-12-01",
        "reason": "须长期坚持",
    }
    ledger.ask(HANDLER, "longterm", number, **asked)
    ledger.answer(HEAD, number, 1)
    ledger.answer(IN_CHARGE, number, 1)
    figures = page(ledger, "2023-06-01 10:00").figures
    assert figures["continuing"].numbers == (number,)
    assert figures["fulfilled"].numbers == figures["on_time"].of == figures["overdue"].numbers == ()


def test_an_overdue_item_says_where_it_is_stuck_and_why(ledger: Ledger) -> None:
    """The desk, since when, and the application whose answer it waits for."""
    number = assigned(ledger)
    ledger.act(HANDLER, "sign", number)
    ledger.at("2023-05-15 09:00")
    ledger.ask(HANDLER, "extension", number, until="2023-06-15", reason="养护单位正在核减", progress_note="已完成两家")
    ledger.at("2023-05-16 09:00")
    (stuck,) = page(ledger, "2023-05-16 10:00").overdue
    assert (stuck.number, stuck.judged.word, stuck.judged.days) == (number, OVERDUE, 1)
    assert (stuck.desk.unit, stuck.desk.person, stuck.state) == ("water", HANDLER, "rectifying")
    assert stuck.waiting is not None
    assert (stuck.waiting.name, stuck.waiting.kind, stuck.waiting.roles) == (
        f"{number}-1",
        "extension",
        ("lead_unit.head",),
    )


def test_what_is_for_a_leader(ledger: Ledger) -> None:
    """A plan to approve, an application to decide, an answer from above to wait for, an obstacle that was reported."""
    plan = assigned(ledger, track="led", commander="o03", limit="2023-06-30")
    ledger.act(HANDLER, "sign", plan)
    measures = [{"text": "更换护栏", "unit": "water", "due": "2023-06-15"}]
    ledger.act(HANDLER, "submit_plan", plan, objective="护栏完好", measures=measures, proposed_due="2023-06-20")
    asked, blocked = assigned(ledger), assigned(ledger)
    ledger.act(HANDLER, "sign", asked)
    ledger.ask(HANDLER, "extension", asked, until="2023-06-01", reason="养护单位正在核减", progress_note="已完成两家")
    assert {m.code for m in page(ledger, "2023-05-09 10:00").matters} == {"decision"}  # the unit's head speaks first
    ledger.answer(HEAD, asked, 1)
    ledger.act(HANDLER, "sign", blocked)
    ledger.act(HANDLER, "progress", blocked, progress_note="等管线迁改", obstacle="需协调管线单位")
    found = {(m.number, m.code) for m in page(ledger, "2023-05-09 10:00").matters}
    assert found == {(plan, "decision"), (asked, "request"), (blocked, "obstacle")}


def test_divisions_add_up_and_are_not_ranked(ledger: Ledger) -> None:
    """Units come in the order of the organisation, whatever their figures; every division covers all that counts."""
    for unit in ("sanitation", "water", "river", "water"):
        assigned(ledger, lead_unit=unit, handler=None)
    found = page(ledger, "2023-05-30 10:00")
    assert [line.key for line in found.divisions["unit"]] == ["water", "river", "sanitation"]
    for by in BY:
        numbers = sorted(n for line in found.divisions[by] for n in line.figures["total"].numbers)
        assert numbers == list(found.figures["total"].numbers)


def test_every_figure_has_a_title_and_only_items_behind_it(ledger: Ledger) -> None:
    """What can be drilled into is named, and a share never has more than all."""
    closed(ledger, assigned(ledger))
    found = page(ledger, "2023-05-30 10:00")
    assert set(found.figures) == set(FIGURES)
    assert set(RATES) <= set(FIGURES)
    for figure in found.figures.values():
        assert figure.of is None or set(figure.numbers) <= set(figure.of)
    assert {m.code for m in found.matters} <= set(MATTERS)


def test_what_is_new_is_counted_from_the_day_asked_for(ledger: Ledger) -> None:
    """Registered, closed and newly overdue since a day."""
    one = assigned(ledger)
    closed(ledger, one)
    ledger.at("2023-06-01 09:00")
    two = assigned(ledger)
    figures = page(ledger, "2023-06-12 10:00", "2023-06-01").figures
    assert figures["registered_since"].numbers == figures["overdue_since"].numbers == (two,)
    assert figures["closed_since"].numbers == ()
    assert page(ledger, "2023-06-12 10:00", "2023-05-01").figures["closed_since"].numbers == (one,)
