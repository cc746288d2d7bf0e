"""The record never depends on which heartbeat ran when."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import ladder
from engine.clock import DAY, HOUR, MINUTE, SteppedTime, parse_instant
from engine.context import Hand
from engine.errors import SibanError
from engine.office import Office
from engine.row import EventQuery, ItemQuery
from storage.memory import MemoryStore
from tests.trial import Ledger

if TYPE_CHECKING:
    from engine.context import Context
    from engine.event import Event
    from engine.item import Item
    from engine.ladder import Coming

START = parse_instant("2023-05-08 09:00")
FILES = [{"name": "照片.jpg", "size": 1, "sha256": "0" * 64}]
SCRIPT: list[tuple[str, str, dict[str, Any]]] = [
    ("o11", "assign", {"track": "immediate", "lead_unit": "river", "handler": "o27", "limit": "5wd"}),
    ("o27", "sign", {}),
    ("o27", "report_done", {"outcome": "已经整改到位。", "result_class": "solved", "evidence": FILES}),
    ("o14", "send_back", {"opinion": "材料不足，须补充。", "further_demand": "补充整改前后对比照片和长效保洁安排"}),
    ("o27", "report_done", {"outcome": "已补充材料，整改到位。", "result_class": "solved", "evidence": FILES}),
    ("o14", "pass_office", {"verify_by": "site", "opinion": "同意"}),
]  # fmt: skip

Gaps = list[int]


def play(gaps: Gaps, ask: int, beats: list[int], offices: int = 1) -> dict[str, Any]:
    """Play a history on a fresh ledger, ticking at `beats` (instants after the start); return what the record says."""
    ledger = Ledger(MemoryStore())
    hands = [Office(ledger.office.store, ledger.time, ledger.office.shelf) for _ in range(offices)]
    clerk = Hand("o13", "o13")
    numbers = [
        o.after.number
        for o in ledger.office.register(
            "siban", [({"title": f"问题{n}", "source": "study"}, None) for n in range(2)], clerk
        )
    ]
    agenda: list[tuple[int, int, Any]] = [(START + beat, 0, None) for beat in beats]
    moment = START
    for step, gap in enumerate(gaps):
        moment += gap
        agenda.append((moment, 1, step))
    end = max([START + 90 * DAY, moment])
    agenda.append((end, 2, None))
    clock: SteppedTime = ledger.time
    for at, kind, step in sorted(agenda, key=lambda entry: entry[:2]):
        clock.set(at)
        if kind != 1:
            hands[at // MINUTE % offices].tick()
            continue
        who, verb, fields = SCRIPT[step]
        try:
            if step == ask:
                until = "2023-06-30"
                ledger.office.request(
                    numbers[:1],
                    "extension",
                    {"until": until, "reason": "汛期无法施工，须延长时限。"},
                    Hand("o27", "o27"),
                )
            ledger.office.act(numbers, verb, fields, Hand(who, who))
        except SibanError:
            continue  # a refusal is part of the history: it must be the same one whatever the beat
    with ledger.office.store.read() as reader:
        return {
            "rungs": sorted((c.item, c.clock, c.cycle, c.level, c.planned_at) for c in reader.crossings()),
            "items": [(row.state, row.due_at, row.next_at, row.rungs, row.version) for row in reader.rows(ItemQuery())],
            "story": {
                number: [(e.verb, e.result, e.effective_at, e.body) for e in reader.events(EventQuery(item=number))]
                for number in numbers
            },
            "told": [
                (n.item, n.receiver, n.level, n.planned_at)
                for n in sorted(reader.notices(), key=lambda n: (n.item, n.seq, n.number))
            ],
        }


HISTORIES = st.lists(st.integers(MINUTE, 12 * DAY), min_size=1, max_size=len(SCRIPT))


@settings(max_examples=40)
@given(HISTORIES, st.integers(-1, 4), st.integers(0, 2**32))
def test_any_pattern_of_beats_leaves_the_same_record(gaps: Gaps, ask: int, seed: int) -> None:
    """Only at the end, hourly by day, at random, by two processes: same rungs, same planned moments, none twice."""
    chance = random.Random(seed)  # noqa: S311 - a test's own dice
    stopped = play(gaps, ask, [])
    hourly = play(gaps, ask, list(range(0, 90 * DAY, 6 * HOUR)))
    at_random = play(gaps, ask, [chance.randrange(90 * DAY) for _ in range(30)])
    two = play(gaps, ask, list(range(0, 90 * DAY, 5 * HOUR)), offices=2)

    assert len(set(stopped["rungs"])) == len(stopped["rungs"])
    assert stopped == hourly
    assert stopped == at_random
    assert stopped == two


@pytest.mark.slow
@settings(max_examples=2000)
@given(HISTORIES, st.integers(-1, 4), st.integers(0, 2**32))
def test_two_thousand_histories_leave_the_same_record(gaps: Gaps, ask: int, seed: int) -> None:
    """The long form of the test above, against random beats."""
    chance = random.Random(seed)  # noqa: S311 - a test's own dice
    assert play(gaps, ask, []) == play(gaps, ask, [chance.randrange(90 * DAY) for _ in range(30)])


def test_a_week_without_a_heartbeat_is_made_up_for_in_order() -> None:
    """Stopped for a week, the rungs come with their planned moments, in order, each once."""
    never = play([HOUR, HOUR], -1, list(range(0, 60 * DAY, HOUR)))
    week_off = play([HOUR, HOUR], -1, [b for b in range(0, 60 * DAY, HOUR) if not 10 * DAY < b < 17 * DAY])
    assert never == week_off
    assert len(never["rungs"]) >= 8


def test_the_harness_sees_a_rung_that_comes_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: were rungs planned from the beat instead of the due moment, the comparison above would fail."""
    honest = play([HOUR, HOUR], -1, [])
    real = ladder._escalation  # noqa: SLF001 - the control plants a fault

    def faulty(item: Item, coming: Coming, context: Context) -> Event:
        return real(item, coming._replace(at=context.now), context)

    monkeypatch.setattr(ladder, "_escalation", faulty)
    assert play([HOUR, HOUR], -1, [3 * DAY, 40 * DAY]) != honest
