"""The record never depends on which heartbeat ran when: random histories under five patterns of beats, and control.

A history is two items and some dozen acts, requests and answers at random moments of 25 days, many of which are refused; whatever
the beat, the same ones must be. The beats go on to the 40th day.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from contextlib import closing
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from engine import ladder
from engine.clock import DAY, HOUR, MINUTE, SteppedTime, civil, parse_instant, start_of_day
from engine.context import Hand
from engine.errors import SibanError
from engine.office import Office
from engine.row import EventQuery, ItemQuery
from storage.creation import create
from storage.memory import MemoryStore
from storage.sqlite import open_store
from tests.heartbeat import Heartbeat
from tests.trial import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping
    from pathlib import Path

    from engine.context import Context
    from engine.event import Event
    from engine.item import Item
    from engine.ladder import Coming
    from engine.ports import Store

START = parse_instant("2023-05-08 09:00")
END = START + 40 * DAY
FILES = [{"name": "照片.jpg", "size": 1, "sha256": "0" * 64}]
UNIT, HEAD, LEADER, OFFICE, VERIFIER = "o27", "o25", "o04", "o11", "o14"

Record = dict[str, Any]


class Step(NamedTuple):
    """One thing somebody does: an act, an application (`kind` set) or an answer to the latest one (`grant` set)."""

    at: int
    items: tuple[int, ...]
    who: str
    verb: str = ""
    fields: Mapping[str, object] = {}
    kind: str = ""
    grant: bool | None = None


Act = tuple[str, str, dict[str, object]]
REPORT: dict[str, object] = {"outcome": "已经整改到位。", "result_class": "solved", "evidence": FILES}
TO_SIGN: Act = (UNIT, "sign", {})
TO_CLOSE: list[Act] = [
    (UNIT, "report_done", REPORT),
    (VERIFIER, "send_back", {"opinion": "材料不足，须补充。", "further_demand": "补充整改前后对比照片和长效保洁安排"}),
    (UNIT, "report_done", REPORT),
    (VERIFIER, "pass_office", {"verify_by": "site", "opinion": "同意"}),
    (UNIT, "answer", {"told": ["party_org"], "answered_by": "meeting", "answer_text": "已经整改到位。"}),
    (OFFICE, "close", {"evidence": FILES}),
]
OTHER: list[Act] = [
    (OFFICE, "reassign", {"lead_unit": "water", "reason": "职责作了调整"}),
    (OFFICE, "reassign", {"lead_unit": "river", "reason": "职责调整回来"}),
    (UNIT, "sign", {}),
    (OFFICE, "restart_clock", {"reason": "交办单位有误"}),
    (OFFICE, "restart_clock", {"reason": "上级另定时限", "limit": "30wh"}),
    (LEADER, "supervise", {"demand": "抓紧办理，按周报告", "answer_by": "2023-05-19"}),
    (UNIT, "reply_supervision", {"supervision_reply": "正在抓紧办理"}),
    (UNIT, "resume", {}),
    (OFFICE, "reopen", {"reason": "问题出现反弹", "authority": "区委督查室通报", "limit": "5d"}),
]


def history(seed: int) -> list[Step]:
    """Roll a history: along the usual path, with requests and their answers on it, and unusual acts in between."""
    dice = random.Random(seed)  # noqa: S311 - a test's own dice
    moments = sorted(
        START + (dice.randrange(25 * 24 * 60) * MINUTE if dice.random() < 0.7 else _edge(dice))
        for _ in range(dice.randint(6, 22))
    )
    limit = dice.choice(("3wd", "8wd", "12d", "60wh"))
    assign: Act = ("o11", "assign", {"track": "immediate", "lead_unit": "river", "handler": UNIT, "limit": limit})
    path: list[Act | str] = [assign, TO_SIGN]
    for _ in range(dice.randrange(4)):
        path += ["ask", *dice.choice((["answer"], ["answer", "answer"], [], ["answer", "answer", "answer"]))]
    path = [*reversed([*path, *TO_CLOSE])]
    steps: list[Step] = []
    for at in moments:
        items = dice.choice(((0,), (1,), (0, 1), (0, 1)))
        if not path or (dice.random() < 0.2 and len(steps) > 1):
            steps.append(Step(at, items, *dice.choice(OTHER)))
        elif path[-1] == "ask":
            path.pop()
            steps.append(_request(dice, at, items, civil(at + dice.randint(1, 14) * DAY).date().isoformat()))
        elif path[-1] == "answer":
            path.pop()
            who = dice.choice((HEAD, LEADER, OFFICE)) if dice.random() < 0.2 else (HEAD, LEADER)[path[-1] != "answer"]
            steps.append(Step(at, steps[-1].items if steps[-1].kind else items, who, grant=dice.random() < 0.8))
        else:
            act = path.pop()
            assert not isinstance(act, str)
            steps.append(Step(at, (0, 1) if len(steps) < 2 else items, *act))
    return steps


def _edge(dice: random.Random) -> int:
    """Roll a moment at which something may be planned: an opening, a close, a midnight."""
    midnight = start_of_day(civil(START + dice.randrange(25) * DAY).date()) - START
    return max(midnight + dice.choice((0, 8 * HOUR + 30 * MINUTE, 13 * HOUR + 30 * MINUTE, 17 * HOUR + 30 * MINUTE)), 0)


def _request(dice: random.Random, at: int, items: tuple[int, ...], until: str) -> Step:
    kind = dice.choice(("extension", "suspension", "suspension", "return"))
    fields: dict[str, object] = {"reason": "汛期无法施工，须延长时限。"}
    if kind != "return":
        fields["until"] = until
    fields |= {"extension": {"progress_note": "已完成一半"}, "suspension": {"grounds": "season"}}.get(kind, {})
    return Step(at, items, UNIT, "request", fields, kind)


@lru_cache(maxsize=1)
def prepared() -> Ledger:
    """Put the policy into a store once; each history begins with a copy."""
    return Ledger(MemoryStore())


def fresh() -> Store:
    """Copy the prepared store."""
    base, store = prepared().office.store, MemoryStore()
    assert isinstance(base, MemoryStore)
    store.tables, store.record = base.tables, list(base.record)
    return store


def play(
    steps: list[Step],
    beats: Iterable[int],
    offices: int = 1,
    store: Store | None = None,
    beat: Callable[[int], object] | None = None,
) -> Record:
    """Play a history, with a pass at each of `beats`, in turn by so many offices or by `beat`; return what the record says."""
    store = store or fresh()
    clock = SteppedTime(START)
    office, *others = [Office(store, clock, prepared().office.shelf) for _ in range(offices)]
    sheets: list[Any] = [({"title": f"问题{n}", "source": "study"}, None) for n in range(2)]
    numbers = [outcome.after.number for outcome in office.register("siban", sheets, Hand("o13", "o13"))]
    todo = list(reversed(steps))
    for number, at in enumerate([*beats, END]):
        while todo and todo[-1].at < at:
            clock.set(todo[-1].at)
            _do(office, todo.pop(), numbers)
        clock.set(at)
        if beat:
            beat(at)
        else:
            [office, *others][number % offices].tick()
    with store.read() as reader:
        return {
            "rungs": sorted((c.item, c.clock, c.cycle, c.level, c.planned_at) for c in reader.crossings()),
            "items": [(row.state, row.due_at, row.next_at, row.rungs, row.version) for row in reader.rows(ItemQuery())],
            "story": [
                [(e.verb, e.result, e.effective_at, e.body) for e in reader.events(EventQuery(item=number))]
                for number in numbers
            ],
            "told": [
                (n.item, n.receiver, n.level, n.planned_at)
                for n in sorted(reader.notices(), key=lambda n: (n.item, n.seq, n.number))
            ],
        }


def _do(office: Office, step: Step, numbers: list[int]) -> None:
    """Do one step; a refusal is part of the history: it must be the same one whatever the beat."""
    hand, chosen = Hand(step.who, step.who), [numbers[n] for n in step.items]
    try:
        if step.kind:
            office.request(chosen, step.kind, step.fields, hand)
        elif step.grant is not None:
            with office.store.read() as reader:
                latest = [(n, len(item.requests)) for n in chosen if (item := reader.item(n))]
            office.answer(latest, {} if step.grant else {"opinion": "条件已经具备"}, hand, grant=step.grant)
        else:
            office.act(chosen, step.verb, step.fields, hand)
    except SibanError:
        pass


def patterns(seed: int) -> dict[str, tuple[Iterable[int], int]]:
    """The patterns of beats of one process, as (instants, offices): the fifth, two processes, is a test of its own."""
    dice = random.Random(seed)  # noqa: S311 - a test's own dice
    return {
        "only at the end": ([], 1),
        "hourly": (range(START, END, HOUR), 1),
        "at random": (sorted(dice.randrange(START, END) for _ in range(dice.choice((3, 30, 300)))), 1),
        "two offices": (range(START, END, 5 * HOUR), 2),
        "every minute": (range(START, END, MINUTE), 1),
    }


def compare(seeds: Iterable[int], minutes: Container[int]) -> Counter[str]:
    """Play each history under each pattern; return how often things happened by themselves. Raises with what differs.

    A beat every minute takes longer than all the others: histories in `minutes` have it.
    """
    seen: Counter[str] = Counter()
    for seed in seeds:
        steps, beats = history(seed), patterns(seed)
        if seed not in minutes:
            del beats["every minute"]
        records = {name: play(steps, *pattern) for name, pattern in beats.items()}
        first = records["only at the end"]
        assert len(set(first["rungs"])) == len(first["rungs"])
        for name, record in records.items():
            for part, value in record.items():
                assert value == first[part], f"history {seed}: {part} differ when beating {name}"
        for story in first["story"]:
            seen.update(verb if result == "done" else "refusal" for verb, result, *_ in story)
    return seen


def two_processes(seeds: Iterable[int], folder: Path) -> None:
    """Play histories in a file that two heartbeat processes beat on at the same moments; compare with no beat at all."""
    empty, path = folder / "empty.db", folder / "office.db"
    create(empty, {"installation": "test"})
    with closing(open_store(empty)) as store:
        Ledger(store)
    with Heartbeat() as one, Heartbeat() as two:

        def both(at: int) -> None:
            one.begin(path, at, 1)
            two.begin(path, at, 1)
            one.end()
            two.end()

        for seed in seeds:
            path = folder / f"{seed}.db"
            shutil.copy(empty, path)
            with closing(open_store(path)) as store:
                record = play(history(seed), range(START, END, 6 * HOUR), store=store, beat=both)
            assert record == play(history(seed), []), f"history {seed} differs under two processes"
            for file in folder.glob(f"{seed}.db*"):
                file.unlink()


def test_any_pattern_of_beats_leaves_the_same_record() -> None:
    """Twenty histories: same rungs, same planned moments, none twice; same notices, refusals and due moments too. 2,000 behind `slow`."""
    seen = compare(range(20), range(0, 20, 4))
    by_chance = ("refusal", "request", "grant", "refuse", "lapse", "resume", "reassign", "supervise", "restart_clock")
    assert {verb for verb in by_chance if not seen[verb]} == set()
    assert seen["escalate"] > 150


def test_two_processes_leave_the_same_record(tmp_path: Path) -> None:
    """Two histories (2,000 behind `slow`) under two real processes at once."""
    two_processes(range(2), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_two_thousand_histories_leave_the_same_record(block: int) -> None:
    """The long form: a hundred histories a block, a beat each minute of forty days among the patterns."""
    block_of = range(1000 + 100 * block, 1100 + 100 * block)
    compare(block_of, block_of)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_two_thousand_histories_under_two_processes(block: int, tmp_path: Path) -> None:
    """The long form of the fifth pattern."""
    two_processes(range(1000 + 100 * block, 1100 + 100 * block), tmp_path)


def test_a_week_without_a_heartbeat_is_made_up_for_in_order() -> None:
    """Stopped for a week, the rungs come with their planned moments, in order, each once."""
    steps = [step for step in history(0) if step.verb in {"assign", "sign"}]
    never = play(steps, range(START, END, HOUR))
    week_off = play(steps, [at for at in range(START, END, HOUR) if not START + 10 * DAY < at < START + 17 * DAY])
    assert never == week_off
    assert len(never["rungs"]) >= 8


def test_the_harness_sees_a_rung_that_comes_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: were rungs planned from the beat instead of the due moment, the comparison above would fail."""
    real = ladder._escalation  # noqa: SLF001 - the control plants a fault

    def faulty(item: Item, coming: Coming, context: Context) -> Event:
        return real(item, coming._replace(at=context.now), context)

    monkeypatch.setattr(ladder, "_escalation", faulty)
    with pytest.raises(AssertionError, match="rungs differ"):
        compare(range(3), range(3))


def test_a_rung_that_was_held_is_recorded_after_what_let_it_go() -> None:
    """Lapsed at a beat or at the next act, the request comes first in the record and the rung it held after it."""
    wish: dict[str, object] = {"until": "2023-05-31", "reason": "汛期不能施工", "progress_note": "已完成一半"}
    asked = Step(START + HOUR, (0,), UNIT, "request", wish, "extension")
    limit: dict[str, object] = {"track": "immediate", "lead_unit": "river", "handler": UNIT, "limit": "2wd"}
    steps = [Step(START, (0, 1), OFFICE, "assign", limit), Step(START, (0, 1), UNIT, "sign"), asked]
    for beats in (range(0), range(START, END, HOUR)):
        story = [(verb, body) for verb, _, _, body in play(steps, beats)["story"][0]]
        lapse = next(n for n, (verb, _) in enumerate(story) if verb == "lapse")
        assert '"clock":"total","cycle":1,"level":2' in story[lapse + 1][1]
