"""The permission table against `decide`: every cell of verb × role × state is tried, and equal."""

import itertools
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

from engine import organisation, request
from engine.calendar import Calendar
from engine.clock import SteppedTime, ordinal_of, parse_instant
from engine.context import Context, Hand, Rules
from engine.decide import blank, decide, matches, may_compose, register
from engine.definition import Definition
from engine.errors import Refused
from engine.item import Act, Item, Request
from engine.ledger import row_of
from engine.loader import load
from engine.move import Order, judge
from engine.notice import DRAFT, SENT, Notice
from engine.office import Office
from engine.permission import APPROVE, ENDORSE, HOUSE, NEW, REQUEST, Permission, may, table
from engine.policy import PolicyShelf
from engine.privacy import about_reporter
from engine.roles import ENTERER, FILE_OWNER, FIXED, INSTALLERS, RECEIVER, RELEASERS, ROLES
from engine.row import Reporter
from engine.takeover import Standing, take_over
from storage.memory import MemoryStore
from workflows.labels import FIXED_VERBS

WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows"
NOW = parse_instant("2023-05-10 10:00")

PEOPLE: Mapping[str, tuple[str, ...]] = {
    "outsider": ("anyone",),
    "registrar": ("anyone", "registrar"),
    "clerk": ("anyone", "supervisor", "supervisor.verifier"),
    "chief": ("anyone", "supervisor", "supervisor.head", "supervisor.verifier"),
    "worker": ("anyone", "lead_unit"),
    "head": ("anyone", "lead_unit", "lead_unit.head"),
    "handler": ("anyone", "lead_unit", "lead_unit.handler"),
    "helper": ("anyone", "co_units"),
    "in_charge": ("anyone", "leader", "leader.in_charge"),
    "principal": ("anyone", "leader", "leader.principal"),
    "other_leader": ("anyone", "leader"),
    "commander": ("anyone", "commander"),
    "group": ("body",),
    "auditor": (),
    "stranger": (),
}
"""Who stands in which relations to the item of the trials: written down, not asked of the code under test."""

UNITS = {
    "office": ("chief", "clerk"),
    "personnel": (),
    "led": ("head", "worker", "handler"),
    "co": ("", "helper"),
    "top": ("", "in_charge", "principal", "other_leader"),
    "elsewhere": ("", "outsider", "registrar", "commander", "auditor"),
}


def bureau() -> organisation.Organisation:
    """Make an organisation in which each of the people stands in those relations and no other."""
    above = {"led": "in_charge", "elsewhere": "other_leader"}
    return organisation.from_data(
        {
            "organisation": {
                "title": "局",
                "supervising_unit": "office",
                "alternate_unit": "personnel",
                "principal": "principal",
                "governing_body": "group",
            },
            "units": [
                {"id": unit, "title": unit, "head": staff[0] if staff else "", "in_charge": above.get(unit, "")}
                for unit, staff in UNITS.items()
            ],
            "officers": [
                {"id": who, "name": who, "unit": unit} | ({"role": "auditor"} if who == "auditor" else {})
                for unit, staff in UNITS.items()
                for who in staff
                if who
            ],
            "bodies": [{"id": "group", "title": "党组"}],
        }
    )


def situations(definition: Definition, verb: str = "") -> list[dict[str, object]]:
    """Give the fields of items that differ in all that the rules of a verb (or of requests) ask about."""
    found: list[dict[str, object]] = [{}]
    if not verb:
        found += [{"track": track} for track in definition.tracks]
    whens = [t.when for t in definition.transitions if t.verb == verb]
    whens += [c.when for c in definition.composites.values() if c.verb == verb]
    whens += [row.when for kind in definition.requests.values() for row in kind.approve if not verb]
    for when in whens:
        for values in itertools.product(*when.values()):
            case: dict[str, object] = dict(zip(when, values, strict=True))
            if case not in found:
                found.append(case)
    return found


def item_in(definition: Definition, state: str, fields: Mapping[str, object]) -> Item:
    """Make an item in a state, with everybody in their places."""
    places = {"title": "试", "lead_unit": "led", "handler": "handler", "co_units": ["co"], "commander": "commander"}
    return Item(
        1, "T-1", definition.name, definition.hash, state, NOW, NOW, NOW,
        fields={**places, **fields}, acts={"register": Act(1, ("registrar",), NOW)},
    )  # fmt: skip


def context(rules: Rules, who: str) -> Context:
    """Give the context of an act of somebody's."""
    return Context(rules, Hand(who, who), NOW, NOW, lambda _number: None)


def allowed(definition: Definition, item: Item, verb: str, who: str, rules: Rules) -> bool:
    """Try a verb for real: what is refused for the state or for the person is not allowed; what is refused for a field is."""
    composite = definition.composites.get(verb)
    try:
        if composite and item.state in composite.sources and matches(composite.when, item):
            may_compose(item, composite, context(rules, who))
        else:
            decide(item, verb, {}, context(rules, who))
    except Refused as error:
        return error.code not in ("not_in_state", "unknown_verb", "not_allowed")
    return True


def cells(definition: Definition, calendar: Calendar) -> Iterator[tuple[str, str, str, Mapping[str, object], bool]]:
    """Try every verb in every state for everybody, in every situation that a rule of that verb looks at."""
    rules = Rules(definition, calendar, bureau())
    for verb, state in itertools.product(definition.verbs, definition.states):
        for fields in situations(definition, verb):
            item = item_in(definition, state, fields)
            for who in PEOPLE:
                yield verb, state, who, item.fields, allowed(definition, item, verb, who, rules)


@pytest.fixture(scope="session")
def petition() -> Definition:
    """The second workflow."""
    return load((WORKFLOWS / "petition.toml").read_text(encoding="utf-8"))


def test_every_cell_equals_the_table(siban: Definition, petition: Definition, calendar: Calendar) -> None:
    """Verb × role × state × situation of both workflows: the table says what `decide` does."""
    tried, granted = set(), 0
    for definition in (siban, petition):
        rules: dict[tuple[str, str], list[Permission]] = {}
        for rule in table(definition):
            rules.setdefault((rule.verb, rule.state), []).append(rule)
        for verb, state, who, fields, real in cells(definition, calendar):
            said = may(rules.get((verb, state), []), verb, state, PEOPLE[who], fields)
            assert said == real, (definition.name, verb, state, who, fields)
            tried.add((definition.name, verb, state, who))
            granted += real
    assert len(tried) >= 3000
    assert granted


def test_a_wrong_table_is_found(petition: Definition, calendar: Calendar) -> None:
    """Control: take the rules of any one verb and state away, or give one role more, and the trial disagrees."""
    rules = [rule for rule in table(petition) if rule.kind == "act"]
    real = list(cells(petition, calendar))

    def differs(changed: list[Permission], about: Permission) -> bool:
        near = [cell for cell in real if cell[:2] == (about.verb, about.state)]
        assert near
        return any(may(changed, verb, state, PEOPLE[who], fields) != truth for verb, state, who, fields, truth in near)

    whole = table(petition)
    assert not any(differs(whole, rule) for rule in rules)
    for gone in rules:  # with its variants: two of them may well say the same
        assert differs([rule for rule in whole if (rule.verb, rule.state) != (gone.verb, gone.state)], gone)
    for rule in rules:
        if not {"anyone", "co_units"} & set(rule.roles):
            assert differs([*whole, rule._replace(roles=("co_units",), when={})], rule)


def test_every_relation_is_tried() -> None:
    """The people of the trial stand in every role that a definition may name."""
    assert {role for roles in PEOPLE.values() for role in roles} == set(ROLES)


@pytest.mark.parametrize("who", PEOPLE)
def test_registration_follows_the_table(who: str, siban: Definition, calendar: Calendar) -> None:
    """Whoever may register may, and nobody else."""
    rules = Rules(siban, calendar, bureau())
    roles = tuple(role for role in PEOPLE[who] if role == "anyone")  # there is no item yet to stand in a relation to
    try:
        register(1, {}, context(rules, who))
        real = True
    except Refused as error:
        real = error.code != "not_allowed"
    assert real == may(table(siban), "register", NEW, roles, {})
    for composite in siban.composites.values():
        if composite.new:
            try:
                may_compose(blank(1, context(rules, who)), composite, context(rules, who))
                real = True
            except Refused as error:
                real = error.code != "not_allowed"
            assert real == may(table(siban), composite.verb, NEW, roles, {})


def test_every_cell_of_requests_equals_the_table(siban: Definition, petition: Definition, calendar: Calendar) -> None:
    """Who may apply for what where, and who may decide it: first those who endorse, then those whose power reaches so far."""
    tried = 0
    for definition in (siban, petition):
        rules, permissions = Rules(definition, calendar, bureau()), table(definition)
        for kind, state, who in itertools.product(definition.requests.values(), definition.states, PEOPLE):
            item = item_in(definition, state, {"track": "led"})
            about = [rule for rule in permissions if rule.kind == REQUEST and rule.about == kind.name]
            try:
                request.ask(item, kind.name, {}, context(rules, who))
                real = True
            except Refused as error:
                real = error.code not in ("request_not_here", "not_allowed")
            assert real == may(about, "request", state, PEOPLE[who], item.fields), (kind.name, state, who)
            tried += 1
        tried += _answered(definition, rules, permissions)
    assert tried > 1000


ITEM_VERBS = ("comment", "attach", "correct", "reveal", "redact", "move", "ack", "release", "withhold", "take_over")
"""What may be done about an item in any state, whatever its workflow."""


def really(verb: str, about: str, item: Item, who: str, rules: Rules, *, near: bool) -> bool:
    """Do a fixed verb for real; `near` is whether the entry put right is theirs, or the notice is to them."""
    now = context(rules, who)
    theirs = who if near else "nobody"
    try:
        if verb == "correct":
            wrong = now._replace(hand=Hand("registrar", theirs)).event(
                1, "register", {"fields": {"title": "试"}, "keep": ["title"]}
            )
            office = with_one(item, rules)
            with office.store.write() as writer:
                writer.append([wrong])
            office.correct(1, "title", "改", "原来写错", Hand(who, who), dry_run=True)
        elif verb in ("reveal", "redact"):
            about_reporter(item, Reporter(1, "ab", "周女士", "138"), verb, "核实情况", now)
        elif verb == "move":
            judge(item, rules, Order("f" * 64, reason="试"), now)
        elif verb == "take_over":
            take_over(item, Standing(next(iter(rules.definition.states)), NOW, {}), now)
        elif verb in ("comment", "attach"):
            with_one(item, rules).remark([1], verb, {}, Hand(who, who), dry_run=True)
        else:
            status = SENT if verb == "ack" else DRAFT
            notice = Notice(1, 1, 1, theirs, "remind", "total", 0, "", about or "auto", status, NOW)
            with_one(item, rules, notice).notice([1], verb, {"reason": "试"}, Hand(who, who))
    except Refused as error:
        return error.code not in ("not_allowed", "auditor_reads", "not_my_notice")
    return True


def with_one(item: Item, rules: Rules, *notices: Notice) -> Office:
    """Give an office over a store that holds one item as it is, and notices about it."""
    store = MemoryStore()
    with store.write() as writer:
        writer.put_row(row_of(item, rules))
        writer.put_notices(notices)
    return Office(store, SteppedTime(NOW), Shelf(rules))


class Shelf(PolicyShelf):
    """Everything lives under the same rules."""

    def __init__(self, rules: Rules) -> None:
        """Take the rules."""
        super().__init__()
        self.only = rules

    def rules(self, *_: object) -> Rules:
        """Return the rules."""
        return self.only


def test_every_cell_of_the_fixed_verbs_equals_the_table(
    siban: Definition, petition: Definition, calendar: Calendar
) -> None:
    """Comments, corrections, reporters, moves, notices and papers: in every state, for everybody, the table says what is so."""
    tried = granted = 0
    for definition in (siban, petition):
        rules, permissions = Rules(definition, calendar, bureau()), table(definition)
        for state, verb, who, near in itertools.product(definition.states, ITEM_VERBS, PEOPLE, (False, True)):
            item = item_in(definition, state, {})
            for about in RELEASERS if verb in ("release", "withhold") else ("",):
                found = [rule for rule in permissions if rule.verb == verb and rule.about == about]
                held = (*PEOPLE[who], *((ENTERER, RECEIVER) if near else ()), FILE_OWNER)
                said = may(found, verb, state, held, item.fields) and who != "auditor"
                real = really(verb, about, item, who, rules, near=near)
                assert said == real, (definition.name, verb, about, state, who, near)
                tried, granted = tried + 1, granted + real
    assert tried > 3000
    assert 0 < granted < tried


def test_a_wrong_rule_about_a_fixed_verb_is_found(petition: Definition, calendar: Calendar) -> None:
    """Control: each rule without one of its roles, or with another, says otherwise of somebody than what is so."""
    rules = Rules(petition, calendar, bureau())
    state = next(iter(petition.states))
    item = item_in(petition, state, {})

    def differs(rule: Permission) -> bool:
        return any(
            may([rule], rule.verb, state, (*PEOPLE[who], *((ENTERER, RECEIVER) if near else ()), FILE_OWNER), {})
            != really(rule.verb, rule.about, item, who, rules, near=near)
            for who in set(PEOPLE) - {"auditor"}
            for near in (False, True)
        )

    for rule in (rule for rule in table(petition) if rule.verb in ITEM_VERBS):
        assert not differs(rule)
        assert all(differs(rule._replace(roles=tuple(r for r in rule.roles if r != role))) for role in rule.roles)
        if "anyone" not in rule.roles:
            assert differs(rule._replace(roles=(*rule.roles, "co_units")))


def test_the_table_holds_every_verb_that_somebody_does(siban: Definition, petition: Definition) -> None:
    """Whatever the record may name is in it, but for what comes by itself or follows from another act."""
    by_itself = {"escalate", "lapse", "recur", "recount", "absorb"}
    for definition in (siban, petition):
        listed = {rule.verb for rule in table(definition)}
        assert listed == {*definition.verbs, *definition.composites, *FIXED_VERBS} - by_itself
        house = {rule.verb for rule in table(definition) if rule.kind == HOUSE}
        assert house == {verb for verb, roles in FIXED.items() if roles == INSTALLERS}


def _answered(definition: Definition, rules: Rules, permissions: list[Permission]) -> int:
    tried = 0
    for kind, stage, fields in itertools.product(
        definition.requests.values(), ("open", "endorsed"), situations(definition)
    ):
        if stage == "endorsed" and not kind.endorse:
            continue
        item = item_in(definition, kind.sources[0], fields)
        turn = ENDORSE if stage == "open" and kind.endorse else APPROVE
        row = [r for r in permissions if r.kind == turn and r.about == kind.name]
        for days in (1, 40, 400):  # lengths that are for different rows to approve
            until = date.fromordinal(ordinal_of(NOW) + days).isoformat()
            asked = {kind.until: until} if kind.until else {}
            made = Request(1, kind.name, stage, "nobody", NOW, item.state, timely=True, lapses_at=None, fields=asked)
            waiting = item._replace(requests=(made,))
            reaching = [
                r for r in row
                if matches(r.when, item) and (r.up_to is None or not asked or _reaches(r, days, rules.calendar))
            ][:1] or row[-1:]  # fmt: skip
            for verb, who in itertools.product(("grant", "refuse"), PEOPLE):
                try:
                    request.answer(waiting, 1, {}, context(rules, who), grant=verb == "grant")
                    real = True
                except Refused as error:
                    real = error.code != "not_allowed"
                roles = {role for r in reaching for role in r.roles}
                assert real == (not roles.isdisjoint(PEOPLE[who])), (kind.name, stage, days, verb, who)
                tried += 1
    return tried


def _reaches(rule: Permission, days: int, calendar: Calendar) -> bool:
    assert rule.up_to is not None
    last = ordinal_of(calendar.due(parse_instant("2023-05-10"), rule.up_to, roll=False) - 1)
    return ordinal_of(NOW) + days <= last
