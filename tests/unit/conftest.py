"""A small office in memory: one workflow, the demo's bureau, the shipped calendar, and a clock that the test moves."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from engine import organisation, request
from engine.calendar import Calendar
from engine.clock import MINUTE, iso, parse_instant
from engine.context import Context, Hand, Rules
from engine.decide import choose, constant, decide, may_compose, register
from engine.definition import Definition, Step
from engine.errors import Refused
from engine.event import Event
from engine.evolve import evolve
from engine.item import Item
from engine.ladder import settle
from engine.loader import load
from engine.run import due
from workflows.calendars import shipped_edition

Fields = Mapping[str, object]
WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows"

ASSIGNED: Mapping[str, Fields] = {
    "immediate": {},
    "campaign": {"limit": "2023-06-30"},
    "led": {"commander": "o03"},
    "upstream": {"submit_to": "市水务局"},
}
PLAN: Fields = {
    "objective": "护栏完好",
    "measures": [{"text": "更换护栏", "unit": "water", "due": "2023-06-15"}],
}
DONE: Fields = {
    "outcome": "护栏已全部更换。",
    "result_class": "solved",
    "evidence": [{"name": "整改后照片.jpg", "sha256": "0" * 64}],
}
LASTING: Fields = {"lessons": "已排查同类护栏", "long_term_mechanism": "不适用：一次性修复"}


class Case:
    """Items on their way. Each act settles the item first, as the office does, and a minute passes after it."""

    def __init__(self, definition: Definition, bureau: organisation.Organisation, calendar: Calendar) -> None:
        """Begin with nothing, on a Monday morning."""
        self.rules = Rules(definition, calendar, bureau)
        self.items: dict[int, Item] = {}
        self.log: list[Event] = []
        self.now = parse_instant("2023-05-08 09:00")

    def register(self, *given: Fields, **fields: object) -> Item:
        """Register an item: by default one from a party group's own checking, numbered on."""
        number = len(self.items) + 1
        sheet = {"title": "河道护栏破损", "source": "self_check"} | _joined(given, fields)
        return self._apply(register(number, sheet, self.context("o23")), number)

    def do(self, who: str, verb: str, *given: Fields, number: int = 1, at: str = "", **fields: object) -> Item:
        """Do a verb, or each step of a composite, all of them or none."""
        item = self.settled(number, at)
        composite = self.rules.definition.composites.get(verb)
        if composite is None or item.state not in composite.sources:
            return self._apply(decide(item, verb, _joined(given, fields), self.context(who)), number)
        may_compose(item, composite, self.context(who))
        before = dict(self.items), list(self.log)
        try:
            return self._steps(who, composite.steps, _joined(given, fields), number)
        except Refused:
            self.items, self.log = before
            raise

    def compose(self, who: str, verb: str, *given: Fields, **fields: object) -> Item:
        """Run a composite that begins with a registration."""
        composite = self.rules.definition.composites[verb]
        sheet = _joined(given, fields)
        first = {name: value for name, value in sheet.items() if name in self.rules.definition.register.fields}
        item = self.register(first, composite.steps[0].put)
        return self._steps(who, composite.steps[1:], sheet, item.number)

    def ask(self, who: str, kind: str, *given: Fields, number: int = 1, at: str = "", **fields: object) -> Item:
        """Make an application."""
        item = self.settled(number, at)
        return self._apply(request.ask(item, kind, _joined(given, fields), self.context(who)), number)

    def answer(self, who: str, *, number: int = 1, grant: bool = True, at: str = "", **fields: object) -> Item:
        """Grant, pass on or refuse the last application."""
        item = self.settled(number, at)
        ordinal = len(item.requests)
        return self._apply(request.answer(item, ordinal, fields, self.context(who), grant=grant), number)

    def refusal(self, who: str, verb: str, *given: Fields, number: int = 1, at: str = "", **fields: object) -> Refused:
        """Return what an act is refused with; the item stays as it is."""
        item = self.settled(number, at)
        with pytest.raises(Refused) as refused:
            self.do(who, verb, _joined(given, fields), number=number)
        assert self.items[number] == item
        return refused.value

    def assigned(self, track: str, **fields: object) -> Item:
        """Register an item and hand it to the water unit, which signs for it."""
        self.register({key: fields.pop(key) for key in ("source", "anonymous", "reporter") if key in fields})
        self.do("o11", "assign", {"track": track, "lead_unit": "water"}, ASSIGNED[track], fields)
        return self.do("o23", "sign")

    def rectifying(self, track: str, **fields: object) -> Item:
        """Bring an item of a track to where it is being mended."""
        item = self.assigned(track, **fields)
        if item.state == "planning":
            proposed = {"proposed_due": "2023-07-31"} if track == "led" else {}
            self.do("o23", "submit_plan", PLAN, proposed)
            item = self.do("o01" if track == "led" else "o04", "approve_plan")
        assert item.state == "rectifying"
        return item

    def reported(self, *, at: str = "", **fields: object) -> Item:
        """Report the item done, with all that its track asks for."""
        item = self.settled(at=at)
        lasting = {} if item.text("track") == "immediate" else LASTING
        planned = {"all_measures_done": True} if "measures" in item.fields else {}
        return self.do("o23", "report_done", DONE, lasting, planned, fields)

    def verified(self) -> Item:
        """Bring the reported item past both reviews."""
        if self.items[1].state == "unit_review":
            self.do("o21", "pass_unit")
        return self.do("o13", "pass_office", verify_by="site", opinion="现场查看属实")

    def tell(self, *names: str) -> Item:
        """Tell those who must be answered."""
        told = names or self.items[1].names("addressees")
        return self.do("o23", "answer", told=list(told), answered_by="meeting", answer_text="已整改到位，特此反馈。")

    def answered(self, track: str, **fields: object) -> Item:
        """Bring an item of a track to where only the closing is left."""
        self.rectifying(track, **fields)
        self.reported()
        self.verified()
        return self.tell()

    def settled(self, number: int = 1, at: str = "") -> Item:
        """Let time pass to an instant, if one is given, and everything happen that has come due."""
        self.now = parse_instant(at) if at else self.now
        item, events, _ = settle(self.items[number], self.rules, self.now)
        self.log += events
        self.items[number] = item
        return item

    def due(self, clock: str = "total", number: int = 1) -> str:
        """Return a clock's due moment in civil time, "" when no limit is fixed."""
        item = self.items[number]
        moment = due(item.clocks[clock], self.rules.definition.clocks[clock], item, self.rules.calendar)
        return iso(moment)[:16] if moment else ""

    def rungs(self, number: int = 1) -> list[str]:
        """List the rungs crossed, in their order."""
        return list(self.items[number].crossed)

    def context(self, who: str) -> Context:
        """Return the context of an act of somebody's, now."""
        return Context(self.rules, Hand(who, who), self.now, self.now, self.items.get)

    def _steps(self, who: str, steps: Iterable[Step], fields: Fields, number: int) -> Item:
        for step in steps:
            context = self.context(who)._replace(chosen=True)
            known = choose(self.items[number], step.verb, context).fields
            given = {name: value for name, value in fields.items() if name in known}
            given |= {name: constant(value, context) for name, value in step.put.items()}
            self._apply(decide(self.items[number], step.verb, given, context), number)
        return self.items[number]

    def _apply(self, events: list[Event], number: int) -> Item:
        for event in events:
            self.log.append(event)
            self.items[event.item] = evolve(self.items.get(event.item), event)
        self.now += MINUTE
        return self.settled(number)


def _joined(given: Iterable[Fields], fields: Fields) -> dict[str, object]:
    """Join fields that were given together and one by one, the latter above the former."""
    return {name: value for sheet in (*given, fields) for name, value in sheet.items()}


@pytest.fixture(scope="session")
def siban() -> Definition:
    """The default workflow."""
    return load((WORKFLOWS / "siban.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def bureau() -> organisation.Organisation:
    """The demo's organisation."""
    return organisation.from_data(tomllib.loads((WORKFLOWS / "bureau.toml").read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def calendar() -> Calendar:
    """The shipped calendar."""
    return Calendar(shipped_edition())


@pytest.fixture
def case(siban: Definition, bureau: organisation.Organisation, calendar: Calendar) -> Case:
    """An office under the default workflow."""
    return Case(siban, bureau, calendar)
