"""Every figure against a plain recount from the entries; every figure of every line against the whole; where the time went."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from engine.clock import DAY, HOUR, parse_instant
from engine.division import BY, DIVIDERS
from engine.errors import Refused
from engine.explain import spent
from engine.figure import Spread
from engine.indicators import INDICATORS
from engine.lag import lag
from engine.policy import PolicyShelf
from engine.report import CLOSED, Cohort, report
from engine.row import EventQuery, ItemQuery, from_text
from interfaces.page import LIGHTS
from storage.memory import MemoryStore
from tests.survey import surveyed
from tests.trial import END, Ledger, fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.event import Event
    from engine.ports import Store
    from engine.report import Report
    from interfaces.survey import Survey

HEAD, HANDLER, OFFICE, VERIFIER = "o21", "o23", "o11", "o13"
IN_CHARGE, PRINCIPAL = "o04", "o01"
SINCE = "2023-05-20"
FILES = [{"name": "a.jpg", "size": 1, "sha256": "0" * 64}]
DONE: dict[str, Any] = {"outcome": "护栏已全部更换。", "result_class": "solved", "evidence": FILES}
LASTING: dict[str, Any] = {"lessons": "已排查", "long_term_mechanism": "纳入巡查", "all_measures_done": True}
PLAN: dict[str, Any] = {"objective": "完好", "measures": [{"text": "更换", "unit": "water", "due": "2023-05-30"}]}
ASSIGN: dict[str, Any] = {"lead_unit": "water", "handler": HANDLER}
CONTACT: dict[str, Any] = {"contact_way": "phone", "contact_result": "reached"}
UPWARD: dict[str, Any] = {
    "submit_to": "市水务局",
    "matter": "请求统筹调水",
    "reference": "1号",
    "sent_on": "2023-05-10",
}
LONG: dict[str, Any] = {
    "stage_goal": "护栏完好", "next_review_on": "2023-08-01", "expected_on": "2023-12-01", "reason": "须长期坚持",
}  # fmt: skip

PASS: dict[str, Any] = {"verify_by": "site", "opinion": "同意"}
ANSWER: dict[str, Any] = {"told": ["reporter"], "answered_by": "phone", "answer_text": "已更换完毕"}
HAPPY: dict[str, Any] = {"satisfaction": "satisfied", "solved": "solved"}
ANGRY: dict[str, Any] = {"satisfaction": "dissatisfied", "solved": "unsolved", "complaint": "仍有破损"}
BACK: dict[str, Any] = {"opinion": "照片不全请补", "further_demand": "补充清淤前后照片各一张"}

Move = tuple[str, str, dict[str, Any]]
GRANT: Move = ("", "grant", {})
FEEDBACK: tuple[Move, ...] = (
    (HANDLER, "answer", ANSWER), (HANDLER, "answer", ANSWER), (OFFICE, "exempt", {"exempted": ["reporter"], "reason": "要求不作回复"}),
    (VERIFIER, "call_back", HAPPY), (VERIFIER, "call_back", HAPPY), (VERIFIER, "call_back", ANGRY),
)  # fmt: skip
MENU: dict[str, tuple[Move, ...]] = {
    "registered": (
        (OFFICE, "assign", {"track": "immediate", **ASSIGN}),
        (OFFICE, "assign", {"track": "campaign", "limit": "2023-05-19", **ASSIGN}),
        (OFFICE, "assign", {"track": "upstream", "submit_to": "市水务局", **ASSIGN}),
        (OFFICE, "reject", {"reason": "不属受理范围", "channel": "12345"}),
    ),
    "accepted": ((OFFICE, "assign", {"track": "immediate", **ASSIGN}),),
    "assigned": ((HANDLER, "sign", {}), (HANDLER, "sign", {}), (HANDLER, "first_contact", CONTACT),
        (HANDLER, "?return", {"reason": "不属本单位职责"})),
    "planning": ((HANDLER, "submit_plan", PLAN),),
    "plan_review": ((IN_CHARGE, "approve_plan", {}),),
    "rectifying": (
        (HANDLER, "report_done", DONE), (HANDLER, "report_done", DONE), (HANDLER, "report_done", DONE | LASTING),
        (HANDLER, "progress", {"progress_note": "正在更换", "percent": 30}),
        (HANDLER, "?extension", {"until": "2023-06-25", "reason": "正在核减中", "progress_note": "已完成两家"}),
        (HANDLER, "?suspension", {"grounds": "season", "until": "2023-06-15", "reason": "汛期无法施工"}),
        (HANDLER, "?longterm", LONG),
        (OFFICE, "submit_upstream", {**UPWARD, "signed_by": PRINCIPAL}),
    ),
    "upstream": ((OFFICE, "upstream_reply", {"reply": "同意统筹调水", "replied_on": "2023-05-10"}),),
    "unit_review": ((HEAD, "pass_unit", {}),),
    "office_review": (*FEEDBACK, (VERIFIER, "send_back", BACK), (VERIFIER, "pass_office", PASS),
        (VERIFIER, "confirm", {}), (VERIFIER, "confirm", {})),
    "feedback": (*FEEDBACK, (OFFICE, "redo", {"reason": "反映人不满意"}), (OFFICE, "close", {}), (OFFICE, "close", {})),
    "closed": ((OFFICE, "reopen", {"reason": "问题反弹了", "authority": "会议纪要", "limit": "2023-06-20"}),),
}  # fmt: skip
"""What a random ledger tries in each state: some of it is refused, the rest makes items go their ways."""

PLAYS = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 60)), min_size=20, max_size=70)


def played(plays: list[tuple[int, int]]) -> Ledger:
    """Play a random ledger of five items, the last one registered later, some hours between one act and the next."""
    ledger = Ledger(MemoryStore())
    for number in range(4):
        ledger.register(title=f"护栏{number}", source="citizen", reporter="陈女士", contact="13800000003")
    ledger.act(OFFICE, "assign", 1, 2, 3, track="immediate", **ASSIGN)
    ledger.act(OFFICE, "assign", 4, track="upstream", submit_to="市水务局", **ASSIGN)
    ledger.act(HANDLER, "sign", 1, 2, 3, 4)
    ledger.act(HANDLER, "report_done", 1, 2, **DONE)
    ledger.act(HANDLER, "answer", 1, 2, **ANSWER)
    ledger.act(VERIFIER, "call_back", 1, **HAPPY)
    ledger.act(VERIFIER, "pass_office", 2, **PASS)
    for place, (number, choice) in enumerate(plays):
        ledger.time.advance(5 * HOUR)
        if place == len(plays) // 2:
            ledger.time.set(max(ledger.time.now(), parse_instant(SINCE)))
            ledger.register(title="护栏4", source="self_check")
        with ledger.office.store.read() as reader:
            item = reader.item(number)
        if item is None:
            continue
        menu = MENU.get(item.state, ())
        if any(request.is_open for request in item.requests) or not menu:
            menu = (GRANT, *menu[:1])
        who, verb, fields = menu[choice % len(menu)]
        with suppress(Refused):
            if verb == "grant":
                answered(ledger, number, len(item.requests))
            elif verb.startswith("?"):
                ledger.ask(who, verb[1:], number, **fields)
            else:
                ledger.act(who, verb, number, **fields)
    return ledger


def answered(ledger: Ledger, number: int, ordinal: int) -> None:
    """Grant an application, whoever has to."""
    for who in (HEAD, IN_CHARGE, PRINCIPAL, OFFICE):
        with suppress(Refused):
            ledger.answer(who, number, ordinal)


class Tally:
    """One item recounted from its entries by hand: no fold, no clock, no rules."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.state, self.registered, self.closed_at = "", 0, 0
        self.verbs: set[str] = set()
        self.asked: list[str] = []
        self.granted: dict[str, bool] = {}
        self.fields: dict[str, Any] = {}
        self.heard: set[str] = set()
        self.exempt: set[str] = set()
        self.heard_of: set[str] = set()

    def see(self, event: Event) -> None:
        """Take one entry."""
        body = json.loads(event.body)
        if event.verb == "register":
            self.registered = event.effective_at
        if "round" in body:
            self.verbs = set()
        self.verbs.add(event.verb)
        for name in body.get("clears", ()):
            self.fields.pop(name, None)
            if name == "told":
                self.heard.clear()
        self.fields |= body.get("fields", {})
        self.heard_of |= set(body.get("append", {}).get("addressees", ()))
        self.heard |= set(body.get("fields", {}).get("told", ()))
        self.exempt |= set(body.get("fields", {}).get("exempted", ()))
        if "request" in body:
            self.asked.append(body["request"]["kind"])
        if "decision" in body and body["decision"][1] == "granted":
            self.granted[self.asked[body["decision"][0] - 1]] = True
        if body.get("to"):
            self.state = body["to"]
            self.closed_at = event.effective_at if self.state == "closed" else 0


def tallied(store: Store) -> dict[int, Tally]:
    """Recount every item."""
    found: dict[int, Tally] = {}
    with store.read() as reader:
        for event in reader.events(EventQuery(result="done")):
            if event.item:
                found.setdefault(event.item, Tally()).see(event)
    return found


def recounted(tallies: dict[int, Tally], since: int) -> dict[str, list[int]]:
    """Count by hand what can be counted without a clock."""
    out = ("rejected", "merged", "voided", "draft")
    counts: dict[str, Callable[[Tally], bool]] = {
        "total": lambda _t: True,
        "open": lambda t: t.state != "closed",
        "closed": lambda t: t.state == "closed",
        "fulfilled": lambda t: t.state == "closed",
        "suspended": lambda t: t.state == "suspended",
        "waiting": lambda t: t.state == "upstream",
        "continuing": lambda t: t.state == "longterm",
        "registered_since": lambda t: t.registered >= since,
        "closed_since": lambda t: t.closed_at >= since and t.state == "closed",
        "backlog": lambda t: t.state != "closed" and t.registered < since,
        "sent_back": lambda t: "send_back" in t.verbs,
        "redone": lambda t: "redo" in t.verbs,
        "returned": lambda t: "return" in t.granted,
        "extended": lambda t: "extension" in t.granted,
        "satisfied": lambda t: t.fields.get("satisfaction") in ("satisfied", "basically"),
        "solved": lambda t: t.fields.get("solved") == "solved",
        "responded": lambda t: t.state == "closed" or (bool(t.heard_of) and t.heard | t.exempt >= t.heard_of),
    }
    counted = {number: tally for number, tally in tallies.items() if tally.state not in out}
    found = {key: [n for n, tally in counted.items() if holds(tally)] for key, holds in counts.items()}
    return found | {"not_counted": [n for n, tally in tallies.items() if tally.state in out]}


def page_of(store: Store, now: int, since: int, cohort: Cohort | None = None) -> Report:
    """Draw up the report of a store at an instant."""
    shelf = PolicyShelf()
    with store.read() as reader:
        items = [from_text(row.body) for row in reader.rows(ItemQuery())]
        ruled = [(item, shelf.rules(reader, item.definition)) for item in items]
    return report(ruled, now, since, cohort=cohort)


def assert_counted(plays: list[tuple[int, int]]) -> None:
    """Whatever happened: what can be counted from the entries by hand comes out the same, and nothing is counted twice."""
    ledger = played(plays)
    now, since = ledger.time.now(), parse_instant(SINCE)
    page = page_of(ledger.office.store, now, since)
    expected = recounted(tallied(ledger.office.store), since)
    assert {key: list(page.figures[key].numbers) for key in expected} == expected
    assert_sound(page)


@settings(max_examples=20, phases=[Phase.explicit, Phase.generate])  # a ledger takes too long to shrink
@given(PLAYS)
def test_figures_are_those_of_a_plain_recount(plays: list[tuple[int, int]]) -> None:
    """Twenty ledgers; four hundred behind `slow`."""
    assert_counted(plays)


@pytest.mark.slow
@settings(max_examples=400, phases=[Phase.explicit, Phase.generate])
@given(PLAYS)
def test_figures_of_four_hundred_ledgers_are_those_of_a_plain_recount(plays: list[tuple[int, int]]) -> None:
    """The same, longer."""
    assert_counted(plays)


def assert_sound(page: Report) -> None:
    """What must hold of any report: shares within their whole, lights that add up, lines that add up."""
    whole = page.figures["total"].numbers
    for figure in page.figures.values():
        assert figure.of is None or set(figure.numbers) <= set(figure.of) <= set(whole)
    lights = [n for key in LIGHTS for n in page.figures[key].numbers]
    assert sorted(lights) == list(page.figures["open"].numbers)
    for by in BY:
        for indicator in INDICATORS:
            figures = [line.figures[indicator.key] for line in page.divisions[by]]
            assert sorted(n for f in figures for n in f.numbers) == list(page.figures[indicator.key].numbers)
            if indicator.of:
                assert sorted(n for f in figures for n in f.of or ()) == list(page.figures[indicator.key].of or ())
        for key, spread in page.spreads.items():
            pairs = [pair for line in page.divisions[by] for pair in zip(*line.spreads[key], strict=True)]
            assert sorted(pairs) == list(zip(*spread, strict=True))


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    """The trial ledger of five weeks."""
    made = MemoryStore()
    fill(Ledger(made))
    return made


@pytest.fixture(scope="module")
def found(store: MemoryStore) -> Survey:
    """Its report."""
    return surveyed(store, END)


def test_the_trial_ledger_reads_as_it_was_made(found: Survey) -> None:
    """One figure of each kind by hand, so that the recount above is not right about nothing."""
    figures = found.page.figures
    assert figures["answered_first"].of == (1, 2, 3, 4, 5, 7, 8, 9, 12)
    assert figures["on_time"].numbers == (1,)
    assert figures["on_time"].of == (1, 7, 8)
    assert figures["satisfied"].of == figures["solved"].of == (1,)
    assert figures["sent_back_rate"].numbers == (8,)
    assert figures["extended"].numbers == (2,)
    assert figures["waiting"].numbers == (4,)
    assert_sound(found.page)


def test_an_extension_counts_only_by_the_limit_it_moved(store: MemoryStore) -> None:
    """Extended and not done on the 14th: in time by the present limit, overdue by the one before (both views)."""
    figures = surveyed(store, END).page.figures
    assert 2 not in (figures["on_time"].of or ())
    assert 2 in (figures["on_time_original"].of or ())
    assert 2 not in figures["on_time_original"].numbers


def test_time_by_state_is_that_of_explain(store: MemoryStore, found: Survey) -> None:
    """The one pass over all entries gives every item in every state what folding it alone gives."""
    ours = {
        (passage.state, number): value
        for passage in found.page.passages
        for number, value in zip(*passage.spread, strict=True)
    }
    theirs: dict[tuple[str, int], int] = {}
    for number, (item, rules) in found.items.items():
        if not rules.definition.states[item.state].counted:
            continue
        with store.read() as reader:
            events = list(reader.events(EventQuery(item=number)))
        for visit in spent(events, rules, found.page.now).visits:
            theirs[visit.state, number] = theirs.get((visit.state, number), 0) + visit.worked
    assert ours == theirs
    assert {p.state for p in found.page.passages if p.waiting} == {"upstream", "suspended"}


def test_a_cohort_holds_what_was_registered_or_closed_in_it(store: MemoryStore, found: Survey) -> None:
    """By registration, by closing, open at either end."""
    now, since = found.page.now, found.page.since
    june = parse_instant("2023-06-01")
    assert page_of(store, now, since, Cohort(begin=june)).figures["total"].numbers == (9, 10, 11, 12)
    assert page_of(store, now, since, Cohort(end=june)).figures["total"].numbers == (1, 2, 3, 4, 5, 7, 8)
    assert page_of(store, now, since, Cohort(CLOSED)).figures["total"].numbers == (1,)
    assert page_of(store, now, since, Cohort(CLOSED, begin=june)).figures["total"].numbers == ()
    assert all(f.per_mille is None for f in page_of(store, now, since, Cohort(CLOSED, begin=june)).figures.values())


def test_months_and_classes_come_in_order_and_what_has_none_last(found: Survey) -> None:
    """A division is in the order of time or of the definitions."""
    keys = {by: [line.key for line in found.page.divisions[by]] for by in BY}
    assert keys["month"] == ["2023-05", "2023-06"]
    assert keys["settled_month"] == ["2023-05", "2023-06", ""]
    assert keys["stage"] == ["intake", "assign", "handle", "verify", "closed"]
    assert keys["over"][-1] == ""
    assert set(BY) == set(DIVIDERS)


def test_the_ladder_counts_times_and_items(found: Survey) -> None:
    """As many times as rungs were crossed; the main clock's first, from the lowest up."""
    crossed = sum(len(item.crossed) for n, (item, _) in found.items.items() if n in found.page.figures["total"].numbers)
    assert sum(climb.times for climb in found.page.ladder) == crossed > 0
    order = [(not climb.main, climb.level) for climb in found.page.ladder]
    assert order == sorted(order)


def test_mean_and_median_of_a_spread() -> None:
    """Rounded to the nearest; of nothing there is neither."""
    assert (Spread((1, 2, 3), (1, 2, 9)).mean, Spread((1, 2, 3), (1, 2, 9)).median) == (4, 2)
    assert (Spread((1, 2), (1, 2)).mean, Spread((1, 2), (1, 4)).median) == (2, 3)
    assert (Spread().mean, Spread().median) == (None, None)


def test_behind_schedule_is_time_used_less_progress(found: Survey) -> None:
    """Half of the time and 30 % of the work are 20 points; a pause is no time; without progress there is no lag."""
    item, rules = found.items[7]
    run = item.clocks["total"]._replace(started=parse_instant("2023-05-08 09:00"), pauses=(), moves=(), stopped=None)
    due_at = parse_instant("2023-05-22 09:00")
    half = parse_instant("2023-05-15 09:00")
    told = item._replace(fields={**item.fields, "percent": 30})
    assert lag(told, run, due_at, rules, half) == 20
    assert lag(item, run, due_at, rules, half) is None
    paused = run._replace(pauses=((parse_instant("2023-05-10 09:00"), parse_instant("2023-05-15 09:00")),))
    assert lag(told, paused, due_at, rules, half) == 28 - 30
    assert lag(told, run, due_at, rules, due_at + 30 * DAY) == 70
