"""Four eyes by person: random bureaus, with two desks for one human, delegations and people who move, never break it.

The oracle reads only the record and its own list of who is who: which human beings decided an entry, and whether one of them
decided another that the definition keeps apart from it.
"""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from engine import roles
from engine.canonical import canonical, parse
from engine.clock import DAY, HOUR, SteppedTime, parse_instant
from engine.context import Hand
from engine.errors import Conflict, Refused
from engine.event import DONE, SYSTEM
from engine.evolve import evolve
from engine.loader import load
from engine.office import Office
from engine.organisation import from_data
from engine.row import EventQuery
from storage.memory import MemoryStore
from workflows.calendars import shipped_edition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.definition import Definition
    from engine.event import Event
    from engine.item import Item

WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows"
SIBAN = load((WORKFLOWS / "siban.toml").read_text(encoding="utf-8"))
CALENDAR = canonical(shipped_edition().to_dict())
START = parse_instant("2023-05-08 09:00")
UNITS = ("office", "alternate", "river", "top")
FILE = {"name": "后.jpg", "size": 1, "sha256": "0" * 64}
FIELDS: Mapping[str, Mapping[str, object]] = {
    "assign": {"track": "campaign", "lead_unit": "river", "limit": "2023-06-30"},
    "sign": {},
    "submit_plan": {"objective": "护栏完好", "measures": [{"text": "更换", "unit": "river", "due": "2023-06-15"}]},
    "approve_plan": {},
    "progress": {"progress_note": "已进场施工", "percent": 50},
    "report_done": {
        "outcome": "护栏已全部更换。", "result_class": "solved", "evidence": [FILE], "all_measures_done": True,
        "lessons": "已排查同类护栏", "long_term_mechanism": "不适用：一次性修复",
    },
    "pass_unit": {},
    "unit_return": {"opinion": "佐证材料不足", "further_demand": "请补充整改前后的对比照片"},
    "pass_office": {"verify_by": "site", "opinion": "现场查看属实"},
    "send_back": {"opinion": "材料不足以证明", "further_demand": "请补充整改前后的对比照片"},
    "answer": {"told": ["party_org"], "answered_by": "meeting", "answer_text": "已整改到位，特此反馈。"},
    "close": {},
}  # fmt: skip
EXTENSION = {"until": "2023-07-10", "reason": "汛期无法施工，需要延期", "progress_note": "已完成招标"}


class Bureau(NamedTuple):
    """A random bureau's data, and which human being sits at each desk."""

    data: dict[str, object]
    humans: dict[str, str]


def bureau(chance: random.Random) -> Bureau:
    """Make one: few people, some with two desks (said by `person` or by a shared user), delegations at random."""
    humans = [f"h{n}" for n in range(chance.randint(4, 7))]
    desks = [*humans, *chance.choices(humans, k=chance.randint(1, 4))]
    officers: list[dict[str, object]] = []
    for number, human in enumerate(desks):
        told = {"person": human} if chance.random() < 0.5 else {"os_user": human}
        unit = UNITS[number] if number < len(UNITS) else chance.choice(UNITS)
        officers.append({"id": f"d{number}", "name": f"d{number}", "unit": unit, **told})
    for officer in officers:  # both marks now and then, so that one joins the desks that the other names
        if chance.random() < 0.5:
            officer |= {"person": desks[int(str(officer["id"])[1:])], "os_user": desks[int(str(officer["id"])[1:])]}
    by_mark: dict[str, set[str]] = {}
    ids = [str(officer["id"]) for officer in officers]
    names = dict(zip(ids, desks, strict=True))
    for officer in officers:
        for mark in ("person", "os_user"):
            if mark in officer:
                by_mark.setdefault(f"{mark}{officer[mark]}", set()).add(str(officer["id"]))
    # a human whose desks share no mark at all cannot be known as one: such a bureau says it by `person` throughout
    for human in humans:
        for officer in (o for o in officers if names[str(o["id"])] == human):
            officer.setdefault("person", human)
    data: dict[str, object] = {
        "organisation": {
            "title": "局", "supervising_unit": "office", "alternate_unit": "alternate", "principal": chance.choice(ids),
        },
        "units": [
            {
                "id": unit, "title": unit, "head": chance.choice(ids), "deputy": chance.choice(ids),
                "in_charge": chance.choice(ids),
            }
            for unit in UNITS
        ],
        "officers": officers,
        "delegations": [
            {"from": giver, "to": taker, "since": "2023-05-01", "until": "2023-12-31"}
            for giver, taker in {tuple(chance.sample(ids, 2)) for _ in range(chance.randint(1, 6))}
        ],
    }  # fmt: skip
    return Bureau(data, names)


def moved(made: Bureau, chance: random.Random) -> Bureau:
    """Move somebody to another unit, or give a unit another head."""
    data = {key: [dict(row) for row in value] if isinstance(value, list) else value for key, value in made.data.items()}
    officers, units = data["officers"], data["units"]
    assert isinstance(officers, list)
    assert isinstance(units, list)
    chance.choice(officers)["unit"] = chance.choice(UNITS)
    chance.choice(units)["head"] = chance.choice(sorted(made.humans))
    return Bureau(data, made.humans)


class Run:
    """One item's life in a random bureau: everybody tries everything, by themselves or for whom they may act."""

    def __init__(self, seed: int) -> None:
        """Set up the bureau and register the item."""
        self.chance = random.Random(seed)  # noqa: S311 - no secret, and the same each time
        self.bureau = bureau(self.chance)
        self.time = SteppedTime(START)
        self.store = MemoryStore()
        self.office = Office(self.store, self.time, salt=lambda: "ab" * 16)
        self.office.put_policy("calendar", "cn", CALENDAR, Hand("os:t", "os:t"))
        self._organise()
        self.office.put_policy("definition", "siban", SIBAN.text, Hand("os:t", "os:t"))
        sheet = {"title": "护栏破损", "source": "self_check"}
        self.office.register("siban", [(sheet, None)], self._hand())

    def live(self, rounds: int = 70) -> None:
        """Let people act at random; now and then somebody moves, or an application is made and decided."""
        for _ in range(rounds):
            self.time.set(self.time.now() + HOUR)
            if self.chance.random() < 0.05:
                self.bureau = moved(self.bureau, self.chance)
                self._organise()
            with suppress(Refused, Conflict):
                self._act()
            if self.item.closed_at is not None:
                return

    @property
    def item(self) -> Item:
        """The item as it stands."""
        with self.store.read() as reader:
            item = reader.item(1)
        assert item is not None
        return item

    def _act(self) -> None:
        hand, item = self._hand(), self.item
        if item.requests and item.requests[-1].is_open:
            self.office.answer([(1, len(item.requests))], {"opinion": "同意"}, hand, grant=self.chance.random() < 0.7)
            return
        verbs = [t.verb for t in SIBAN.leaving(item.state) if t.verb in FIELDS]
        verbs += [c.verb for c in SIBAN.composites.values() if item.state in c.sources and c.verb in FIELDS]
        if self.chance.random() < 0.3 and item.state == "rectifying":
            self.office.request([1], "extension", EXTENSION, hand)
        elif verbs:
            verb = self.chance.choice(verbs)
            self.office.act([1], verb, FIELDS[verb], hand)

    def _hand(self) -> Hand:
        """Somebody at random, one time in two for somebody who has given them a delegation."""
        me = self.chance.choice(sorted(self.bureau.humans))
        rows = self.bureau.data["delegations"]
        givers = [str(row["from"]) for row in rows if row["to"] == me] if isinstance(rows, list) else []
        if givers and self.chance.random() < 0.5:
            return Hand(self.chance.choice(givers), me, '{"kind":"delegation"}')
        return Hand(me, me)

    def _organise(self) -> None:
        self.office.put_policy("organisation", "bureau", from_data(self.bureau.data).text, Hand("os:t", "os:t"))

    def record(self) -> list[Event]:
        """Return what was done to the item."""
        with self.store.read() as reader:
            return [event for event in reader.events(EventQuery(item=1, result=DONE)) if event.decider != SYSTEM]


def broken(record: list[Event], humans: Mapping[str, str], definition: Definition = SIBAN) -> Iterator[str]:
    """Yield each entry that one human being should not have decided, because the same one decided another."""
    item: Item | None = None
    done: dict[str, set[str]] = {}
    asked: dict[int, set[str]] = {}
    for event in record:
        body = parse(event.body)
        people = {humans[event.decider]}
        if event.basis:
            people.add(humans[event.enterer])
        if item is not None:
            variants = [t for t in definition.variants(event.verb) if item.state in t.sources]
            apart = set.intersection(*(set(t.not_same_as) for t in variants)) if variants else set()
            for verb in sorted(apart):
                if people & done.get(verb, set()):
                    yield f"{event.seq}: {verb} and {event.verb} by {sorted(people & done[verb])}"
        if "round" in body:
            done = {}
        done.setdefault(event.verb, set()).update(people)
        decision = body.get("decision")
        if "request" in body:
            asked[len(asked) + 1] = people
        if isinstance(decision, list) and people & asked[int(decision[0])]:
            yield f"{event.seq}: asked for and decided by one"
        item = evolve(item, event)


def faults(seeds: range) -> tuple[list[str], dict[str, int]]:
    """Run bureaus; return what is broken, and how often each verb was done."""
    found: list[str] = []
    times: dict[str, int] = {}
    for seed in seeds:
        run = Run(seed)
        run.live()
        record = run.record()
        found += [f"seed {seed}, {fault}" for fault in broken(record, run.bureau.humans)]
        for event in record:
            times[event.verb] = times.get(event.verb, 0) + 1
            times["for another"] = times.get("for another", 0) + bool(event.basis)
    return found, times


def test_nobody_sits_on_two_sides() -> None:
    """60 random bureaus; every verb that four eyes is about is done in them, and much of it for others. 2,000 behind `slow`."""
    found, times = faults(range(60))
    assert found == []
    for verb in ("report_done", "pass_unit", "pass_office", "approve_plan", "close", "grant", "for another"):
        assert times.get(verb, 0) >= 5, times


@pytest.mark.slow
def test_nobody_sits_on_two_sides_of_two_thousand_bureaus() -> None:
    """The same for 2,000."""
    assert faults(range(1000, 3000))[0] == []


def test_without_the_rule_somebody_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: where the rule looks at nothing, the oracle finds people on both sides."""
    monkeypatch.setattr("engine.decide.seen_before", lambda *_: "")
    assert any("report_done" in fault for fault in faults(range(10))[0])


@pytest.mark.parametrize("blind", ["delegations", "doubles"])
def test_by_account_is_not_by_person(blind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: where only the deciding account is compared, those who act for others, or have two desks, get through."""

    def people(hand: Hand, organisation: object) -> tuple[str, ...]:
        desks = {hand.decider} if blind == "delegations" else {hand.decider, hand.enterer}
        if blind == "delegations":
            desks = set(organisation.desks(hand.decider))  # type: ignore[attr-defined]
        return tuple(desks)

    monkeypatch.setattr(Hand, "people", people)
    if blind == "delegations":
        monkeypatch.setattr(roles, "HANDS", "nobody looks here")
    assert faults(range(15))[0]


def test_a_delegation_over_is_no_delegation() -> None:
    """A hand prepared while a delegation held is refused once it is over: it is looked up in the act's own transaction."""
    run = Run(1)
    rows = run.bureau.data["delegations"]
    assert isinstance(rows, list)
    giver, taker = str(rows[0]["from"]), str(rows[0]["to"])
    run.time.set(START + 300 * DAY)
    for dry_run in (False, True):  # what a dry run promises, the act would keep
        with pytest.raises(Refused, match="delegation_over"):
            run.office.act(
                [1], "assign", FIELDS["assign"], Hand(giver, taker, '{"kind":"delegation"}'), dry_run=dry_run
            )
