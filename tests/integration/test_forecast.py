"""A forecast is what the heartbeat then does, if nobody acts; and it writes nothing."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import ladder
from engine.canonical import parse
from engine.clock import DAY, HOUR, MINUTE, ordinal_of, parse_instant, start_of_day
from engine.context import Hand
from engine.errors import SibanError
from engine.event import SYSTEM
from engine.forecast import DUE, Forecast, forecast
from engine.ladder import RUNG
from engine.light import OVERDUE, light
from engine.loader import load
from engine.organisation import from_data
from engine.row import EventQuery, ItemQuery, from_text
from engine.run import due as due_of
from interfaces.outlook import open_items
from storage.memory import MemoryStore
from tests.trial import CLERK, FILE, HEAD, LEADER, PRINCIPAL, RIVER, RIVER_HEAD, VERIFIER, WORKFLOWS, Ledger
from workflows.index import index_of

if TYPE_CHECKING:
    from engine.context import Context
    from engine.event import Event
    from engine.item import Item
    from engine.ladder import Coming

TRACKS: list[dict[str, Any]] = [
    {"track": "immediate"},
    {"track": "campaign", "limit": "2023-06-30"},
    {"track": "campaign", "limit": "12d"},
    {"track": "led", "commander": PRINCIPAL, "limit": "2023-06-20"},
    {"track": "upstream", "submit_to": "市水务局"},
]
DONE = {"outcome": "已经整改到位，现场已清理。", "result_class": "solved", "evidence": [FILE]}
LASTING = {"lessons": "已排查同类", "long_term_mechanism": "纳入每日巡查", "all_measures_done": True}
PLAN = {"objective": "水面清洁", "measures": [{"text": "清理", "unit": "river", "due": "2023-06-15"}]}
ACTS: list[tuple[str, str, dict[str, Any]]] = [
    (RIVER, "sign", {}),
    (RIVER, "submit_plan", PLAN),
    (LEADER, "approve_plan", {}),
    (RIVER, "report_done", DONE | LASTING),
    (RIVER_HEAD, "pass_unit", {}),
    (VERIFIER, "send_back", {"opinion": "材料不足，须补充。", "further_demand": "补充整改前后对比照片和长效保洁安排"}),
    (VERIFIER, "pass_office", {"verify_by": "site", "opinion": "同意"}),
    (HEAD, "submit_upstream", {"matter": "请统筹", "reference": "浦水8号", "sent_on": "2023-05-10", "signed_by": PRINCIPAL}),
    (RIVER, "answer", {"told": ["party_org"], "answered_by": "meeting", "answer_text": "已整改到位，特此反馈。"}),
    (VERIFIER, "close", {}),
]  # fmt: skip
REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    (RIVER, "extension", {"until": "2023-07-20", "reason": "汛期无法施工", "progress_note": "已完成一半"}),
    (RIVER, "suspension", {"grounds": "season", "until": "2023-06-12", "reason": "汛期水位过高"}),
    (RIVER, "longterm", {"stage_goal": "已清", "next_review_on": "2023-07-03", "expected_on": "2023-12-01",
                         "reason": "须长期坚持", "result_class": "long_term"}),
    (RIVER_HEAD, "appeal", {"reason": "因不可抗力逾期"}),
]  # fmt: skip


class Said(NamedTuple):
    """What came by itself, or was to come, and how many items were overdue at the end of each day."""

    happenings: list[tuple[object, ...]]
    overdue: list[int]
    due: set[tuple[int, str, int, int]]


def history(chance: random.Random) -> Ledger:
    """Play a random month: three items, acts and applications that may be refused, somebody away."""
    ledger = Ledger(MemoryStore())
    data: dict[str, Any] = parse(_organisation(ledger))
    away = chance.randrange(20)
    for officer in data["officers"]:
        if officer["id"] in chance.sample((RIVER, RIVER_HEAD, LEADER, PRINCIPAL, HEAD), 2):
            officer["away"] = [[f"2023-05-{10 + away}", f"2023-06-{10 + away}"]]
    ledger.office.put_policy("organisation", "bureau", from_data(data).text, Hand(HEAD, HEAD))
    numbers = [ledger.register(CLERK, title=f"问题{n}", source="study") for n in range(3)]
    for number in numbers:
        if chance.random() < 0.9:
            ledger.act(HEAD, "assign", number, lead_unit="river", handler=RIVER, **chance.choice(TRACKS))
    for _ in range(chance.randrange(50)):
        ledger.time.advance(chance.choice((MINUTE, HOUR, HOUR, 3 * HOUR, DAY)))
        if chance.random() < 0.5:
            ledger.office.tick()
        _something(ledger, chance.choice(numbers), chance)
    return ledger


def _something(ledger: Ledger, number: int, chance: random.Random) -> None:
    """Do, ask for or answer something that the item's state has a place for; it may still be refused."""
    with ledger.office.store.read() as reader:
        item = reader.item(number)
        assert item is not None
        definition = ledger.office.shelf.rules(reader, item.definition).definition
    waiting = [request.ordinal for request in item.requests if request.is_open]
    verbs = {transition.verb for transition in definition.leaving(item.state)}
    acts = [act for act in ACTS if act[1] in verbs]
    requests = [request for request in REQUESTS if item.state in definition.requests[request[1]].sources]
    with suppress(SibanError):
        if waiting and chance.random() < 0.7:
            ledger.answer(chance.choice((RIVER_HEAD, LEADER)), number, waiting[-1])
        elif requests and chance.random() < 0.5:
            who, kind, fields = chance.choice(requests)
            ledger.ask(who, kind, number, **fields)
        elif acts:
            who, verb, fields = chance.choice(acts)
            ledger.act(who, verb, number, **fields)


def _organisation(ledger: Ledger) -> str:
    with ledger.office.store.read() as reader:
        return ledger.office.shelf.organisation(reader, reader.current_hashes()["organisation", "bureau"]).text


def foretold(ledger: Ledger, until: int) -> Forecast:
    """Ask for the forecast."""
    with ledger.office.store.read() as reader:
        hashes = reader.current_hashes()
        shelf = ledger.office.shelf
        calendar = shelf.calendar(reader, hashes["calendar", "cn"])
        organisation = shelf.organisation(reader, hashes["organisation", "bureau"])
        return forecast(open_items(reader, shelf, until), ledger.time.now(), until, calendar, organisation)


def said(found: Forecast) -> Said:
    """Put a forecast into the form of what happened."""
    happenings = [
        (h.at, h.item, h.kind, h.clock, h.cycle, h.level, h.receivers, h.paper, h.release, h.alarm, h.name)
        for h in found.happenings
        if h.kind != DUE
    ]
    due = {(h.item, h.clock, h.cycle, h.at) for h in found.happenings if h.kind == DUE}
    return Said(sorted(happenings, key=str), [day.overdue for day in found.days], due)


def happened(ledger: Ledger, until: int, beats: list[int]) -> Said:
    """Let the heartbeat run to that moment, nobody acting; return what it did."""
    begin = ledger.time.now()
    with ledger.office.store.read() as reader:
        last = reader.head()[0]
    midnights = [start_of_day(day) for day in range(ordinal_of(begin) + 1, ordinal_of(until) + 1)]
    ends = sorted({*midnights, until})
    overdue, due = [], set[tuple[int, str, int, int]]()
    for moment in sorted({*ends, *(beat for beat in beats if begin <= beat <= until)}):
        ledger.time.set(moment)
        ledger.office.tick()
        if moment in ends:
            overdue.append(_overdue(ledger))
        due |= _passed(ledger, begin)
    with ledger.office.store.read() as reader:
        events = list(reader.events(EventQuery(after=last)))
    assert {event.decider for event in events} <= {SYSTEM}
    return Said(sorted(map(_told, events), key=str), overdue, due)


def _told(event: Event) -> tuple[object, ...]:
    facts: dict[str, Any] = parse(event.body)
    told = tuple(facts.get("tell", ()))
    at, item = event.effective_at, event.item
    if event.verb == RUNG:
        papers = (facts.get("paper", ""), facts.get("release", ""))
        where = (facts["clock"], facts["cycle"], facts["level"])
        return (at, item, RUNG, *where, told, *papers, facts.get("alarm", False), "")
    if event.verb == "lapse":
        return (at, item, "lapse", "", 0, 0, told, "", "", False, f"{item}-{facts['decision'][0]}")
    return (at, item, "wake", "", 0, 0, told, "", "", False, event.verb)


def _overdue(ledger: Ledger) -> int:
    """Count as `list --overdue` does."""
    count, now = 0, ledger.time.now()
    with ledger.office.store.read() as reader:
        for row in reader.rows(ItemQuery(open=True)):
            judged = light(from_text(row.body), ledger.office.shelf.rules(reader, row.definition), now)
            count += judged.word == OVERDUE and row.done_at is None
    return count


def _passed(ledger: Ledger, begin: int) -> set[tuple[int, str, int, int]]:
    """List the clocks that run past their due moment, where that came after `begin`."""
    found, now = set(), ledger.time.now()
    with ledger.office.store.read() as reader:
        for row in reader.rows(ItemQuery(open=True)):
            item, rules = from_text(row.body), ledger.office.shelf.rules(reader, row.definition)
            for name, run in item.clocks.items():
                clock = rules.definition.clocks[name]
                at = due_of(run, clock, item, rules.calendar) if run.running else None
                if at is not None and begin < at < now:
                    found.add((item.number, name, run.cycle, at))
    return found


def assert_it_happens(seed: int, days: int) -> None:
    """Same rungs, resumes and lapses at the same planned moments to the same people; as many overdue on each day."""
    chance = random.Random(seed)  # noqa: S311 - a test's own dice
    ledger = history(chance)
    now = ledger.time.now()
    until = now + days * DAY - chance.choice((0, 7 * HOUR))
    expected = said(foretold(ledger, until))
    came = happened(ledger, until, [now + chance.randrange(days * DAY) for _ in range(chance.randrange(12))])

    assert came.happenings == expected.happenings
    assert came.overdue == expected.overdue
    assert came.due == {one for one in expected.due if one[3] < until}


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(1, 80))
def test_what_is_forecast_is_what_happens(seed: int, days: int) -> None:
    """Twenty histories; four hundred behind `slow`."""
    assert_it_happens(seed, days)


@pytest.mark.slow
@settings(max_examples=400)
@given(st.integers(0, 2**32), st.integers(1, 80))
def test_what_is_forecast_of_four_hundred_histories_is_what_happens(seed: int, days: int) -> None:
    """The same, longer."""
    assert_it_happens(seed, days)


def test_the_histories_reach_what_is_to_be_shown() -> None:
    """The comparison above is about rungs, resumes and lapses, papers, absence, what is made up for, and things overdue."""
    kinds, states, some = set[str](), set[str](), set[str]()
    for seed in range(30):
        ledger = history(random.Random(seed))  # noqa: S311 - as above
        found = foretold(ledger, ledger.time.now() + 60 * DAY)
        kinds |= {one.kind for one in found.happenings}
        states |= {subject.state for subject in found.subjects.values()}
        some |= {"paper" for one in found.happenings if one.paper}
        some |= {"past" for one in found.happenings if one.at <= found.now}
        some |= {"late" for day in found.days if day.overdue}
    assert kinds == {"due", "escalate", "wake", "lapse"}
    assert states >= {"registered", "assigned", "planning", "rectifying", "suspended", "office_review"}
    assert some == {"paper", "past", "late"}


def test_the_comparison_sees_a_rung_that_comes_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: a heartbeat that planned its rungs from the beat would not do what was forecast."""
    ledger = history(random.Random(3))  # noqa: S311 - as above
    until = ledger.time.now() + 40 * DAY
    expected = said(foretold(ledger, until))
    real = ladder._escalation  # noqa: SLF001 - the control plants a fault

    def faulty(item: Item, coming: Coming, context: Context) -> Event:
        return real(item, coming._replace(at=context.now), context)

    monkeypatch.setattr(ladder, "_escalation", faulty)
    assert happened(ledger, until, []).happenings != expected.happenings


def test_a_clock_that_an_automatic_resume_starts_runs_from_there() -> None:
    """A forecast is recorded step by step: what begins at the resume has its rungs, though the forecast ends long after."""
    ledger = Ledger(MemoryStore())
    text = (WORKFLOWS / "siban.toml").read_text(encoding="utf-8")
    added = '[clocks.mending]\ntitle = "开工时限"\nruns_in = ["rectifying"]\nlimit = "3wd"\nladder = "desk"\n\n'
    definition = load(text.replace("[clocks.plan]\n", added + "[clocks.plan]\n", 1))
    ledger.office.put_policy("definition", "siban", definition.text, Hand(HEAD, HEAD), index_of(definition))
    number = ledger.assigned("东禾港护岸塌陷", track="campaign", limit="2023-06-30")
    ledger.planned(number, "2023-06-20")
    ledger.ask(RIVER, "suspension", number, grounds="season", until="2023-06-05", reason="汛期水位过高无法施工")
    ledger.answer(RIVER_HEAD, number, 1)
    ledger.answer(LEADER, number, 1)

    until = parse_instant("2023-06-29 12:00")
    found = foretold(ledger, until)
    mending = [one for one in found.happenings if one.clock == "mending"]
    assert [one.at for one in mending if one.kind == DUE] == [parse_instant("2023-06-09 17:30")]
    assert len([one for one in mending if one.kind == RUNG]) >= 3
    assert happened(ledger, until, []).happenings == said(found).happenings


def test_an_appeal_about_a_closed_item_lapses() -> None:
    """Closed items count where something still happens to them by itself."""
    ledger = Ledger(MemoryStore())
    number = ledger.assigned("青禾路雨水口堵塞", track="immediate", limit="2wd")
    ledger.act(RIVER, "sign", number)
    ledger.at("2023-05-20 10:00")
    ledger.reported(number)
    ledger.act(VERIFIER, "pass_office", number, verify_by="site", opinion="同意")
    ledger.act(RIVER, "answer", number, told=["party_org"], answered_by="meeting", answer_text="已整改到位。")
    ledger.act(HEAD, "close", number)
    ledger.ask(RIVER_HEAD, "appeal", number, reason="因不可抗力逾期")

    until = ledger.time.now() + 30 * DAY
    found = foretold(ledger, until)
    assert [(one.kind, one.name) for one in found.happenings] == [("lapse", f"{number}-1")]
    assert (found.open, found.overdue) == (0, 0)
    assert happened(ledger, until, []).happenings == said(found).happenings


def test_a_forecast_writes_nothing() -> None:
    """Not a table of the store is touched, and the record has not grown."""
    ledger = history(random.Random(5))  # noqa: S311 - as above
    store = ledger.office.store
    assert isinstance(store, MemoryStore)
    tables, length = store.tables, len(store.record)
    assert foretold(ledger, ledger.time.now() + 30 * DAY).happenings
    assert store.tables is tables
    assert len(store.record) == length
    ledger.office.remark([1], "comment", {"fields": {"comment": "已阅"}}, Hand(HEAD, HEAD))
    assert store.tables is not tables  # control: a write is seen
