"""`Office` against a plain model of the whole workflow (tests/model.py): random histories, compared act by act.

The default run takes five hundred histories in memory and some on SQLite; `pytest -m slow -n 0
tests/integration/test_model.py` takes ten thousand and asks that they have been everywhere.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import tomllib
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from engine import organisation
from engine.check import check
from engine.clock import SteppedTime
from engine.context import Hand as RealHand
from engine.decide import on_desk
from engine.errors import Conflict, Misused, SibanError
from engine.ladder import settle
from engine.loader import load
from engine.office import Office
from engine.policy import PolicyShelf
from engine.run import due
from storage.creation import create
from storage.memory import MemoryStore
from storage.sqlite import open_store
from tests.model import copied
from tests.model_acts import Acts, Hand, No
from tests.model_moves import AIMS, FILE, WORDS, Move, moves
from tests.model_time import Count, micros
from tests.trial import WORKFLOWS, Ledger
from workflows.calendars import shipped_edition
from workflows.index import index_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.ports import Reader, Store, Writer

SIBAN = tomllib.loads((WORKFLOWS / "siban.toml").read_text(encoding="utf-8"))
COUNT = Count(json.loads(json.dumps(shipped_edition().to_dict())))
START = datetime(2023, 4, 25, 9)  # noqa: DTZ001 - civil time; before a feast with exchanged days
SEEDS = st.integers(0, 2**62)
MOST = 3
"""How many items a history has at most."""


def bureau() -> dict[str, Any]:
    """The demo's bureau with what is hard: one human being at two desks, an auditor, delegations that begin and end."""
    data: dict[str, Any] = tomllib.loads((WORKFLOWS / "bureau.toml").read_text(encoding="utf-8"))
    for officer in data["officers"]:
        if officer["id"] == "o14":
            officer["person"] = "o28"
        if officer["id"] == "o47":
            officer["role"] = "auditor"
    days = {"since": "2023-04-20", "until": "2023-05-19"}
    later = {"since": "2023-05-10", "until": "2023-12-31"}
    data["delegations"] += [{"from": a, "to": b} | days for a, b in (("o25", "o26"), ("o11", "o12"), ("o01", "o02"))]
    data["delegations"] += [{"from": a, "to": b} | later for a, b in (("o27", "o28"), ("o14", "o13"), ("o04", "o03"))]
    return data


BUREAU = bureau()
SHELF = PolicyShelf()


def filled(store: Store) -> Store:
    """Put the policy into a store, with that bureau."""
    ledger = Ledger(store, "2023-04-25 09:00")
    text = organisation.from_data(BUREAU).text
    hand = RealHand("os:test", "os:test")
    ledger.office.put_policy("organisation", "bureau", text, hand)
    for name in ("campaign", "project"):
        definition = load((WORKFLOWS / f"{name}.toml").read_text(encoding="utf-8"))
        ledger.office.put_policy("definition", name, definition.text, hand, index_of(definition))
    about = {"title": "先学先改", "document": "方案", "starts_on": "2023-04-20"}
    for ends in ("2023-06-30", "2024-03-29", "2023-05-31"):
        ledger.register("o11", "campaign", ends_on=ends, **about)
    ledger.act("o11", "end_campaign", 3)
    for ends in ("2023-09-28", "2023-06-30"):
        ledger.register("o11", "project", title="专项整治", commander="o03", lead_unit="river", ends_on=ends)
    ledger.act("o01", "drop_project", 5, reason="不再开展此项", authority="会议纪要第3号")
    return store


MEMORY = MemoryStore()
filled(MEMORY)


def others() -> dict[int, dict[str, Any]]:
    """Return what problems may refer to, as the model takes it: two campaigns and one that has ended, a project and one dropped."""
    with MEMORY.read() as reader:
        found = [item for number in range(1, reader.next_item()) if (item := reader.item(number))]
    return {
        item.number: {
            "workflow": item.workflow,
            "state": item.state,
            "fields": dict(item.fields),
            "open": item.closed_at is None,
        }
        for item in found
    }


OTHERS = others()


class Crash(Exception):
    """The machine went down before the commit."""


class Crashing:
    """A store that goes down each time before it commits."""

    def __init__(self, store: Store) -> None:
        """Stand before a store."""
        self.store, self.read = store, store.read

    @contextmanager
    def write(self, items: Sequence[int] = (), *, alone: bool = False) -> Iterator[Writer]:
        """Let everything be done, and then go down."""
        with self.store.write(items, alone=alone) as writer:
            yield writer
            raise Crash


class Histories(RuleBasedStateMachine):
    """Two offices, the real one and the model; whatever is done is done to both."""

    share: ClassVar[int] = 0
    visited: ClassVar[set[tuple[str, str]]] = set()
    refused: ClassVar[set[tuple[str, str]]] = set()

    def __init__(self) -> None:
        """Open both."""
        super().__init__()
        self.model = Acts(SIBAN, BUREAU, COUNT, START, OTHERS)
        self.model.visited, self.model.refused = self.visited, self.refused
        self.store = self.opened()
        self.office = self.at_work()
        self.commands = 0
        self.compared: dict[int, tuple[object, int]] = {}
        with self.store.read() as reader:
            self.entries = reader.head()[0] - self.elsewhere(reader)
        self.noted = 0

    def opened(self) -> Store:
        """A new store with the policy in it."""
        store = MemoryStore()
        store.tables, store.record = MEMORY.tables, list(MEMORY.record)
        return store

    def at_work(self) -> Office:
        """An office over the store at the present moment."""
        self.time = SteppedTime(micros(self.model.now) or 0)
        return Office(self.store, self.time, SHELF, salt=lambda: "ab" * 16)

    def teardown(self) -> None:
        """In the end the chain holds, and the tables are what the record says."""
        with self.store.read() as reader:
            assert check(reader, SHELF) == []
        self.store.close()

    # -- doing the same to both

    def hand(self, hand: Hand) -> RealHand:
        """The real hand, with a command id of its own."""
        self.commands += 1
        basis = '{"kind":"delegation"}' if hand.delegated else '{"kind":"电话"}' if hand.enterer != hand.decider else ""
        return RealHand(hand.decider, hand.enterer, basis, f"c{self.commands}")

    def both(self, real: Callable[[], object], plain: Callable[[], object], about: int = 0) -> str:
        """Do it to both and compare what came of it; return the code of the refusal."""
        said = code = ""
        try:
            plain()
        except No as no:
            code = no.code
        try:
            real()
        except SibanError as error:
            said = error.code
        assert said == code
        self.noted += bool(code) and about in self.model.items
        self.compare()
        return code

    def do(self, number: int, move: Move, at: datetime | None = None) -> str:
        """Try a move on both."""
        office, hand, when = self.office, self.hand(move.hand), micros(at)
        note(f"  {number} {self.model.items[number]['state']}: {move}")
        if move.what == "act":
            return self.both(
                lambda: office.act([number], move.name, move.fields, hand, at=when),
                lambda: self.model.act([number], move.name, move.fields, move.hand, at),
                number,
            )
        if move.what == "ask":
            return self.both(
                lambda: office.request([number], move.name, move.fields, hand, at=when),
                lambda: self.model.ask(number, move.name, move.fields, move.hand, at),
                number,
            )
        grant = move.what == "grant"
        return self.both(
            lambda: office.answer([(number, move.ordinal)], move.fields, hand, grant=grant),
            lambda: self.model.answer(number, move.ordinal, move.fields, move.hand, grant=grant),
            number,
        )

    def pick(self, rnd: Random) -> dict[str, Any]:
        """Choose an item, rather one that is under way."""
        items = list(self.model.items.values())
        under_way = [item for item in items if SIBAN["states"][item["state"]]["stage"] != "closed"]
        return rnd.choice(under_way if under_way and rnd.random() < 0.8 else items)

    # -- rules

    @initialize(root=SEEDS)
    def begin(self, root: int) -> None:
        """Every choice of a step follows from one number."""
        self.root, self.steps = f"{self.share} {root}", 0

    @rule(number=SEEDS)
    def step(self, number: int) -> None:
        """One thing happens. One rule for all of it: Hypothesis would leave some out of most histories."""
        self.steps += 1
        rnd = Random(f"{self.root} {number} {self.steps}")  # noqa: S311 - no secret
        if not self.model.items or (len(self.model.items) < MOST and rnd.random() < 0.08):
            self.register(rnd)
            return
        [step] = rnd.choices(*zip(*self.weights(), strict=True))
        note(f"{self.model.now:%m-%d %H:%M} {step.__name__}")
        step(rnd)

    def weights(self) -> list[tuple[Callable[[Random], None], int]]:
        """Return what may happen, and how often."""
        return [
            (self.go_on, 60), (self.try_what_may_not_be, 30), (self.enter_late, 8), (self.time_passes, 14), (self.beat, 6),
            (self.twice, 2), (self.several, 3), (self.nothing_is_written, 4),
        ]  # fmt: skip

    def register(self, rnd: Random) -> None:
        """A problem comes in, at times mended on the spot, at times entered late, at times not as it should be."""
        source = rnd.choice(["self_check", "citizen", "citizen", "inspection", "research"])
        fields: dict[str, Any] = {"title": "河道漂浮垃圾", "source": source}
        if source == "citizen" and rnd.random() < 0.9:
            fields |= rnd.choice([{"reporter": "周女士", "contact": "13800000003"}, {"anonymous": True}])
        who = Hand(rnd.choice(["o13", "o27", "o27", "o28", "o47", "party_group"]))
        hand = self.hand(who)
        if rnd.random() < 0.15:
            told = list(SIBAN["sources"][source]["feedback_to"])
            fields |= {"outcome": WORDS, "evidence": [FILE], "told": told[: rnd.choice([1, 2])], "answered_by": "phone",
                       "answer_text": WORDS}  # fmt: skip
            self.both(
                lambda: self.office.compose_new("siban", "mend", fields, hand), lambda: self.model.mend(fields, who)
            )
            return
        if rnd.random() < 0.25:
            fields |= {"limit_text": "尽快"}
        if rnd.random() < 0.1:
            fields |= {"title": ""}
        for name in ("campaign", "project"):
            if rnd.random() < 0.1:
                fields |= {name: rnd.choice([99, *OTHERS, *OTHERS])}
        at = self.model.now - timedelta(days=rnd.choice([-1, 1, 3])) if rnd.random() < 0.2 else None
        draft = rnd.random() < 0.1
        self.both(
            lambda: self.office.register("siban", [(fields, micros(at))], hand, draft=draft),
            lambda: self.model.register(fields, who, at, draft=draft),
        )

    def go_on(self, rnd: Random) -> None:
        """Something that the rules allow, where a few tries find it."""
        item = self.pick(rnd)
        move = self.moves(item, rnd)
        for _ in range(5):
            if self.would(item["number"], move):
                break
            move = self.moves(item, rnd)
        self.do(item["number"], move)

    def moves(self, item: dict[str, Any], rnd: Random, *, spoil: bool = False) -> Move:
        """Think of something, with where this item is to go in mind."""
        aim = Random(f"{self.root} {item['number']}").choice(AIMS)  # noqa: S311 - no secret
        return moves(self.model, item, rnd, aim, spoil=spoil)

    def would(self, number: int, move: Move) -> bool:
        """Whether the model would do it; it does not."""
        model = self.model
        kept, seen = model.items, (set(model.visited), set(model.refused))
        model.items = {n: copied(item) for n, item in kept.items()}
        try:
            if move.what == "act":
                model.act([number], move.name, move.fields, move.hand)
            elif move.what == "ask":
                model.ask(number, move.name, move.fields, move.hand)
            else:
                model.answer(number, move.ordinal, move.fields, move.hand, grant=move.what == "grant")
        except No:
            return False
        else:
            return True
        finally:
            model.items = kept
            model.visited.intersection_update(seen[0])
            model.refused.intersection_update(seen[1])

    def try_what_may_not_be(self, rnd: Random) -> None:
        """By the wrong person, in the wrong place, without what is needed, with what does not fit."""
        item = self.pick(rnd)
        self.do(item["number"], self.moves(item, rnd, spoil=True))

    def enter_late(self, rnd: Random) -> None:
        """补录: it was done before, at times before something that is already on record, or in the future."""
        item = self.pick(rnd)
        move = self.moves(item, rnd)
        if move.what in ("act", "ask"):
            gap = self.model.now - item["effective_at"]
            at = rnd.choice([item["effective_at"] + gap * rnd.random(), item["effective_at"], self.model.now])
            at = at if rnd.random() < 0.8 else self.model.now + timedelta(hours=rnd.choice([-90, 1]))
            self.do(item["number"], move, at.replace(microsecond=0))

    def time_passes(self, rnd: Random) -> None:
        """Minutes, a night, a weekend, weeks: to a moment of an office day, or of a night. Nobody need notice."""
        day = self.model.now + timedelta(days=rnd.choice([0, 0, 1, 1, 2, 3, 5, 9, 16, 40]))
        hour, minute = rnd.choice([(9, 0), (10, 30), (12, 30), (15, 0), (17, 30), (17, 35), (22, 0)])
        self.model.now = max(day.replace(hour=hour, minute=minute), self.model.now + timedelta(minutes=5))
        self.time.set(micros(self.model.now) or 0)

    def beat(self, _rnd: Random) -> None:
        """The heartbeat beats, twice: the second time there is nothing to do."""
        self.both(self.office.tick, self.model.tick)
        assert self.office.tick().events == 0

    def twice(self, rnd: Random) -> None:
        """A command comes a second time under its id, by the same hand and by another."""
        item = self.pick(rnd)
        hand = self.hand(Hand("o13"))
        body = {"fields": {"comment": WORDS}}
        self.both(
            lambda: self.office.remark([item["number"]], "comment", body, hand),
            lambda: self.model.comment(item["number"], Hand("o13")),
        )
        for other, code in ((hand, "already_done"), (hand._replace(decider="o27", enterer="o27"), "command_reused")):
            with pytest.raises(Conflict, match=code):
                self.office.remark([item["number"]], "comment", body, other)
        self.compare()

    def several(self, rnd: Random) -> None:
        """One act on all items at once, all of it or none."""
        numbers = sorted(self.model.items)
        if len(numbers) > 1:
            rnd.shuffle(numbers)
            verb, fields = rnd.choice([("accept", {}), ("supervise", {"demand": WORDS, "answer_by": "2023-06-01"})])
            hand = self.hand(Hand("o11"))
            self.both(
                lambda: self.office.act(numbers, verb, fields, hand),
                lambda: self.model.act(numbers, verb, fields, Hand("o11")),
                numbers[0],
            )

    def nothing_is_written(self, rnd: Random) -> None:
        """A dry run, a value that cannot be read, a machine that goes down before the commit."""
        item = self.pick(rnd)
        move = self.moves(item, rnd)
        hand = self.hand(move.hand)
        if move.what == "act":
            would = self.would(item["number"], move)
            if rnd.random() < 0.5:
                try:
                    self.office.act([item["number"]], move.name, move.fields, hand, dry_run=True)
                    assert would
                except SibanError:
                    assert not would
            else:
                crashing = Office(Crashing(self.store), self.time, SHELF)  # type: ignore[arg-type] # what an act needs
                with pytest.raises(Crash):
                    crashing.act([item["number"]], move.name, move.fields, hand)
                self.reopen()
        else:
            with pytest.raises(Misused, match="bad_field"):
                self.office.act([item["number"]], "progress", {"percent": 101}, RealHand("o27", "o27"))
        self.compare()

    def reopen(self) -> None:
        """Start anew over what is kept."""
        self.office = self.at_work()

    # -- comparing

    def compare(self) -> None:
        """Every item is the same in both, and the record has one entry for each thing that happened."""
        with self.store.read() as reader:
            for number, plain in self.model.items.items():
                row = reader.row(number)
                if self.compared.get(number) == (row, plain["version"]):
                    continue
                self.compared[number] = row, plain["version"]
                item = reader.item(number)
                assert row
                assert item
                rules = SHELF.rules(reader, item.definition)
                for name in ("state", "version", "round"):
                    assert getattr(item, name) == plain[name], name
                for name in ("since", "effective_at", "closed_at"):
                    assert getattr(item, name) == micros(plain[name]), name
                assert item.fields == plain["fields"]
                assert item.papers == plain["papers"]
                assert item.wake == (plain["wake"] and (micros(plain["wake"][0]), plain["wake"][1]))
                assert {verb: (a.times, list(a.by), a.at) for verb, a in item.acts.items()} == {
                    verb: (a["times"], a["by"], micros(a["at"])) for verb, a in plain["acts"].items()
                }
                assert [
                    (r.kind, r.state, r.is_open, r.made_by, r.made_at, r.made_in, r.timely, r.lapses_at, r.fields)
                    for r in item.requests
                ] == [
                    (r["kind"], r["state"], r["open"], r["made_by"], micros(r["made_at"]), r["made_in"], r["timely"],
                     micros(r["lapses_at"]), r["fields"])
                    for r in plain["requests"]
                ]  # fmt: skip
                assert item.crossed == {
                    f"{c}:{n}:{level}": micros(at) for (c, n, level), at in plain["crossed"].items()
                }
                self.compare_clocks(item, plain, rules)
                coming = self.model.coming(plain)
                assert (row.next_at, row.rungs) == (micros(coming[0]) if coming else None, len(plain["crossed"]))
                assert on_desk(item, OnlyRules(rules)) == [  # type: ignore[arg-type] # all it looks at
                    rules.organisation.name_of(one) for one in self.model.desk(plain)
                ]
            made = sum(item["version"] for item in self.model.items.values()) + self.noted
            assert reader.head()[0] == self.entries + made + self.elsewhere(reader)

    @staticmethod
    def elsewhere(reader: Reader) -> int:
        """How many entries there are of what the problems refer to; rungs come there too."""
        return sum(row.version for number in OTHERS if (row := reader.row(number)))

    def compare_clocks(self, item: Any, plain: dict[str, Any], rules: Any) -> None:  # noqa: ANN401 - as the engine has them
        """Each run of a clock, and its due moment by the slow clock."""
        assert item.clocks.keys() == plain["clocks"].keys()
        for name, run in item.clocks.items():
            other = plain["clocks"][name]
            assert (run.cycle, run.started, run.since, run.stopped) == (
                other["cycle"], micros(other["started"]), micros(other["since"]), micros(other["stopped"]),
            ), name  # fmt: skip
            assert [tuple(p) for p in run.pauses] == [(micros(a), micros(b)) for a, b in other["pauses"]], name
            assert [tuple(m) for m in run.moves] == [(micros(a), micros(b)) for a, b in other["moves"]], name
            moment = due(run, rules.definition.clocks[name], item, rules.calendar)
            assert moment == micros(self.model.due(plain, name)), name


class OnlyRules:
    """A context of which nothing but the rules is asked."""

    def __init__(self, rules: Any) -> None:  # noqa: ANN401 - as the engine has them
        """Keep them."""
        self.rules = rules


class OnFile(Histories):
    """The same on SQLite, where opening anew is a new connection."""

    def opened(self) -> Store:
        """A copy of a database with the policy in it."""
        self.folder = Path(tempfile.mkdtemp(prefix="siban-model-"))
        shutil.copy(template(), self.folder / "office.db")
        return open_store(self.folder / "office.db")

    def reopen(self) -> None:
        """Let go of the file and open it again."""
        self.store.close()
        self.store = open_store(self.folder / "office.db")
        super().reopen()

    def teardown(self) -> None:
        """As in memory; the folder goes too."""
        try:
            super().teardown()
        finally:
            shutil.rmtree(self.folder)


_TEMPLATE: list[Path] = []


def template() -> Path:
    """Make the database that the histories on SQLite begin with, once."""
    if not _TEMPLATE:
        path = Path(tempfile.mkdtemp(prefix="siban-model-")) / "office.db"
        create(path, {"trial": "1"})
        filled(open_store(path)).close()
        _TEMPLATE.append(path)
    return _TEMPLATE[0]


def test_histories_in_memory() -> None:
    """Five hundred."""
    run_state_machine_as_test(Histories, settings=settings(max_examples=500, stateful_step_count=30))


def test_histories_on_a_file() -> None:
    """Some of them."""
    run_state_machine_as_test(OnFile, settings=settings(max_examples=30, stateful_step_count=30))


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        ("engine.guards.check", lambda *_: None),  # no guard is asked
        ("engine.work.settle", lambda item, rules, *_, **__: settle(item, rules, 0)),  # nothing comes by itself
    ],
)
def test_a_fault_of_the_office_shows(monkeypatch: pytest.MonkeyPatch, place: str, fault: object) -> None:
    """The control: an office that is not right is not like the model."""
    monkeypatch.setattr(place, fault)
    once = settings(max_examples=100, stateful_step_count=30, phases=[Phase.generate], report_multiple_bugs=False)
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(Histories, settings=once)


# -- where the histories have been


def everywhere() -> set[tuple[str, str]]:
    """Every transition that the definition has: each variant from each of its states, each request that moves, each step."""
    found = {(f"{t['verb']}#{n}", state) for n, t in enumerate(SIBAN["transitions"]) for state in t["from"]}
    found |= {
        (f"request:{n}", state) for n, kind in SIBAN["requests"].items() if kind.get("to") for state in kind["from"]
    }
    steps = {(c["verb"], step["verb"]) for c in SIBAN["composites"] for step in c["steps"]}
    return found | {(verb, step) for verb, step in steps if step != "register"}


def guarded() -> set[tuple[str, str]]:
    """Every guard that an act or a request names."""
    named = [
        ("register", SIBAN["register"]),
        *((t["verb"], t) for t in SIBAN["transitions"]),
        *SIBAN["requests"].items(),
    ]
    return {(name, guard) for name, about in named for guard in about.get("guards", [])}


BEHIND_ANOTHER = {
    ("merge", "given:into"),  # only a merged item has one, and there it ends
    ("close", "result_is:solved|explained"),  # nothing else passes the verification
    ("close", "measures_done"),  # nothing else is reported done
    ("close", "co_units_reported"),  # as above
    ("close", "no_open_request"),  # none passes the verification, and none can be made after it
    ("close_with_explanation", "no_open_request"),  # as above
}
"""Guards that stand behind another one: what they refuse does not come so far. Unit tests refuse it there by hand."""


@pytest.mark.slow
def test_ten_thousand_histories_in_memory() -> None:
    """No history differs from the model; they go nearly everywhere, and nearly every guard refuses somewhere."""
    run_state_machine_as_test(Thorough, settings=settings(max_examples=10_000, stateful_step_count=40))
    for met, all_ in ((Thorough.visited, everywhere()), (Thorough.refused, guarded() - BEHIND_ANOTHER)):
        left = all_ - met
        assert len(left) <= 0.05 * len(all_), left


class Thorough(Histories):
    """Other histories than those of the default run, with a memory of their own of where they have been."""

    share = 1
    visited: ClassVar[set[tuple[str, str]]] = set()
    refused: ClassVar[set[tuple[str, str]]] = set()
