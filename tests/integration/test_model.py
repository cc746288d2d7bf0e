"""`Office` against a plain model of the whole workflow (tests/model.py): random histories, compared act by act.

The default run takes a few hundred histories in memory and some on SQLite; `pytest -m slow -n 4 --dist load
tests/integration/test_model.py` takes ten thousand in four shares and asks that they have been everywhere.
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
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from engine import organisation
from engine.check import check
from engine.clock import SteppedTime
from engine.context import Hand as RealHand
from engine.decide import on_desk
from engine.errors import Conflict, Misused, SibanError
from engine.office import Office
from engine.policy import PolicyShelf
from engine.run import due
from storage.creation import create
from storage.memory import MemoryStore
from storage.sqlite import open_store
from tests.model import copied
from tests.model_acts import Acts, Hand, No
from tests.model_moves import FILE, WORDS, Move, moves
from tests.model_time import Count, micros
from tests.trial import WORKFLOWS, Ledger
from workflows.calendars import shipped_edition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.ports import Store, Writer

SIBAN = tomllib.loads((WORKFLOWS / "siban.toml").read_text(encoding="utf-8"))
COUNT = Count(json.loads(json.dumps(shipped_edition().to_dict())))
START = datetime(2023, 4, 25, 9)  # noqa: DTZ001 - civil time; before a feast with exchanged days
SEEDS = st.integers(0, 2**62)


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
    ledger.office.put_policy("organisation", "bureau", text, RealHand("os:test", "os:test"))
    return store


MEMORY = MemoryStore()
filled(MEMORY)


class Crash(Exception):
    """The machine went down before the commit."""


class Crashing:
    """A store that goes down each time before it commits."""

    def __init__(self, store: Store) -> None:
        """Stand before a store."""
        self.store, self.read = store, store.read

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """Let everything be done, and then go down."""
        with self.store.write() as writer:
            yield writer
            raise Crash


class Histories(RuleBasedStateMachine):
    """Two offices, the real one and the model; whatever is done is done to both."""

    visited: ClassVar[set[tuple[str, str]]] = set()
    refused: ClassVar[set[tuple[str, str]]] = set()

    def __init__(self) -> None:
        """Open both."""
        super().__init__()
        self.model = Acts(SIBAN, BUREAU, COUNT, START)
        self.model.visited, self.model.refused = self.visited, self.refused
        self.store = self.opened()
        self.office = self.at_work()
        self.commands = 0
        with self.store.read() as reader:
            self.entries = reader.head()[0]
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
        self.root, self.steps = root, 0

    def rnd(self, number: int) -> Random:
        """Return the choices of this step."""
        self.steps += 1
        return Random(f"{self.root} {number} {self.steps}")  # noqa: S311 - no secret

    @precondition(lambda self: len(self.model.items) < 3)
    @rule(number=SEEDS)
    def register(self, number: int) -> None:
        """A problem comes in, at times mended on the spot, at times entered late, at times not as it should be."""
        rnd = self.rnd(number)
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
        at = self.model.now - timedelta(days=rnd.choice([-1, 1, 3])) if rnd.random() < 0.2 else None
        draft = rnd.random() < 0.1
        self.both(
            lambda: self.office.register("siban", [(fields, micros(at))], hand, draft=draft),
            lambda: self.model.register(fields, who, at, draft=draft),
        )

    def go(self, number: int) -> None:
        """Something that the rules allow, where a few tries find it."""
        if not self.model.items:
            return
        rnd = self.rnd(number)
        item = self.pick(rnd)
        move = moves(self.model, item, rnd)
        for _ in range(4):
            if self.would(item["number"], move):
                break
            move = moves(self.model, item, rnd)
        self.do(item["number"], move)

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

    @rule(number=SEEDS)
    def go_on(self, number: int) -> None:
        """The work goes on."""
        self.go(number)

    @rule(number=SEEDS)
    def go_further(self, number: int) -> None:
        """The work goes on, in most steps."""
        self.go(number)

    @rule(number=SEEDS)
    def go_further_still(self, number: int) -> None:
        """The work goes on, in most steps."""
        self.go(number)

    @rule(number=SEEDS)
    def try_what_may_not_be(self, number: int) -> None:
        """By the wrong person, in the wrong place, without what is needed, with what does not fit."""
        rnd = self.rnd(number)
        if self.model.items:
            item = self.pick(rnd)
            self.do(item["number"], moves(self.model, item, rnd, spoil=True))

    @rule(number=SEEDS)
    def enter_late(self, number: int) -> None:
        """补录: it was done before, at times before something that is already on record, or in the future."""
        rnd = self.rnd(number)
        if self.model.items:
            item = self.pick(rnd)
            move = moves(self.model, item, rnd)
            if move.what in ("act", "ask"):
                gap = self.model.now - item["effective_at"]
                at = rnd.choice([item["effective_at"] + gap * rnd.random(), item["effective_at"], self.model.now])
                at = at if rnd.random() < 0.8 else self.model.now + timedelta(hours=rnd.choice([-90, 1]))
                self.do(item["number"], move, at.replace(microsecond=0))

    @rule(number=SEEDS)
    def time_passes(self, number: int) -> None:
        """Minutes, a night, a weekend, weeks; nobody need notice."""
        self.pass_time(number)

    @rule(number=SEEDS)
    def more_time_passes(self, number: int) -> None:
        """Time, and a beat of the heart."""
        self.pass_time(number)
        self.both(self.office.tick, self.model.tick)

    def pass_time(self, number: int) -> None:
        """Set both clocks to a moment of an office day, or of a night."""
        rnd = self.rnd(number)
        day = self.model.now + timedelta(days=rnd.choice([0, 0, 1, 1, 2, 3, 5, 9, 16, 40]))
        hour, minute = rnd.choice([(9, 0), (10, 30), (12, 30), (15, 0), (17, 30), (17, 35), (22, 0)])
        self.model.now = max(day.replace(hour=hour, minute=minute), self.model.now + timedelta(minutes=5))
        self.time.set(micros(self.model.now) or 0)

    @rule()
    def beat(self) -> None:
        """The heartbeat beats, twice: the second time there is nothing to do."""
        self.both(self.office.tick, self.model.tick)
        assert self.office.tick().events == 0

    @rule(number=SEEDS)
    def twice(self, number: int) -> None:
        """A command comes a second time under its id, by the same hand and by another."""
        rnd = self.rnd(number)
        if not self.model.items:
            return
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

    @rule(number=SEEDS)
    def several(self, number: int) -> None:
        """One act on all items at once, all of it or none."""
        rnd = self.rnd(number)
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

    @rule(number=SEEDS)
    def nothing_is_written(self, number: int) -> None:
        """A dry run, a value that cannot be read, a machine that goes down before the commit."""
        rnd = self.rnd(number)
        if not self.model.items:
            return
        item = self.pick(rnd)
        move = moves(self.model, item, rnd)
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
            assert reader.head()[0] == self.entries + made

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
    """A few hundred."""
    run_state_machine_as_test(Histories, settings=settings(max_examples=300, stateful_step_count=30))


def test_histories_on_a_file() -> None:
    """Some of them."""
    run_state_machine_as_test(OnFile, settings=settings(max_examples=30, stateful_step_count=30))
