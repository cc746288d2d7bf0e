"""People leave and move: who is told, whose desk an item comes to, and what an organisation's file may not say."""

import tomllib
from typing import Any

import pytest

from engine import organisation
from engine.clock import parse_instant
from engine.errors import FaultsFound
from engine.handover import departed, handovers
from engine.ladder import RUNG, next_coming, rung_of, told_by
from engine.organisation import Organisation, from_data
from engine.roles import holds, members
from engine.scope import scope_of
from tests.unit.conftest import WORKFLOWS, Case

HANDLER, HEAD, DEPUTY, LEADER, PRINCIPAL, OFFICE = "o23", "o21", "o22", "o04", "o01", "o11"


def data() -> dict[str, Any]:
    """Return the demo's bureau as data."""
    found: dict[str, Any] = tomllib.loads((WORKFLOWS / "bureau.toml").read_text(encoding="utf-8"))
    return found


def without(*people: str, **moves: str) -> Organisation:
    """Return the bureau after some have left it and some have moved to another unit."""
    left = data()
    left["officers"] = [dict(o) | ({"unit": moves[o["id"]]} if o["id"] in moves else {}) for o in left["officers"]]
    left["officers"] = [o for o in left["officers"] if o["id"] not in people]
    left["delegations"] = []
    for unit in left["units"]:
        for post in ("head", "deputy", "in_charge"):
            if unit.get(post) in people:
                del unit[post]
    return from_data(left)


def away(**spans: tuple[str, str]) -> Organisation:
    """Return the bureau with some people away, and no delegations."""
    absent = data()
    absent["officers"] = [
        dict(o) | {"away": [list(spans[o["id"]])] if o["id"] in spans else []} for o in absent["officers"]
    ]
    absent["delegations"] = []
    return from_data(absent)


def told(case: Case, office: Organisation, relation: str, at: str = "2023-06-14 10:00") -> tuple[list[str], bool]:
    """Return whom a rung that tells this relation would tell."""
    item = case.items[1]
    rules = case.rules._replace(organisation=office)
    coming = next_coming(item, rules)
    assert coming is not None
    assert coming.kind == RUNG
    return told_by(rung_of(coming, rules)._replace(notify=(relation,)), item, rules, parse_instant(at))


@pytest.mark.parametrize("gone", [without(HANDLER), without(o23="river")], ids=["left", "moved"])
def test_the_head_takes_over(case: Case, gone: Organisation) -> None:
    """A handler who has left the bureau or the unit is followed by the unit's head and deputy, in all respects."""
    case.rectifying("immediate", handler=HANDLER)
    item = case.items[1]
    assert members("lead_unit.handler", item, case.rules.organisation) == [HANDLER]
    assert departed(item, case.rules.organisation) == []
    assert departed(item, gone) == [HANDLER]
    assert members("lead_unit.handler", item, gone) == [HEAD, DEPUTY]
    assert holds(("lead_unit.handler",), HEAD, item, gone)
    assert not holds(("lead_unit.handler",), HANDLER, item, gone)
    assert told(case, gone, "owner") == ([HEAD], False)
    change = next(handovers([(item, case.rules)], gone, case.now))
    assert (change.gone, change.moves) == ((HANDLER,), ((HANDLER,), (HEAD,)))
    assert (change.desk[0].person, change.desk[1].unit) == (HANDLER, "water")


def test_nothing_changes_where_nobody_moves(case: Case) -> None:
    """The same organisation, or one that changes elsewhere, hands nothing over."""
    case.rectifying("immediate", handler=HANDLER)
    pairs = [(case.items[1], case.rules)]
    assert list(handovers(pairs, case.rules.organisation, case.now)) == []
    assert list(handovers(pairs, without("o43"), case.now)) == []


def test_the_superior_is_looked_up_when_the_rung_fires(case: Case) -> None:
    """Another head from today on is told by the next rung; a rung that has fired told whoever was head then."""
    case.rectifying("immediate", handler=HANDLER)
    other = data()
    next(unit for unit in other["units"] if unit["id"] == "water")["head"] = DEPUTY
    before = told(case, case.rules.organisation, "superior(1)")
    assert before == ([HEAD], False)
    assert told(case, from_data(other), "superior(1)") == ([DEPUTY], False)


@pytest.mark.parametrize(
    ("spans", "relation", "found"),
    [
        ((), "superior(1)", [HEAD]),
        ((HEAD,), "superior(1)", [DEPUTY]),
        ((HEAD, DEPUTY), "superior(1)", [LEADER]),
        ((HEAD, DEPUTY, LEADER), "superior(1)", [PRINCIPAL]),
        ((HEAD, DEPUTY, LEADER, PRINCIPAL), "superior(1)", ["o02"]),
        ((HANDLER,), "owner", [HEAD]),
    ],
)
def test_absent_then_deputy_then_next_level(
    case: Case, spans: tuple[str, ...], relation: str, found: list[str]
) -> None:
    """Away → whoever stands in → the level above, and so on."""
    case.rectifying("immediate", handler=HANDLER)
    absent = away(**dict.fromkeys(spans, ("2023-06-01", "2023-06-30")))
    assert told(case, absent, relation) == (found, False)


def test_nobody_is_an_alarm_to_the_office(case: Case) -> None:
    """When the whole chain is away the office is alarmed; when the office is away too, it waits for the office's head."""
    case.rectifying("immediate", handler=HANDLER)
    chain = (HANDLER, HEAD, DEPUTY, LEADER, PRINCIPAL, "o02")
    month = ("2023-06-01", "2023-06-30")
    assert told(case, away(**dict.fromkeys(chain, month)), "superior(1)") == ([OFFICE], True)
    everybody = [o["id"] for o in data()["officers"]]
    assert told(case, away(**dict.fromkeys(everybody, month)), "superior(1)") == ([OFFICE], True)


def test_a_commander_who_left_is_followed_by_the_principal(case: Case) -> None:
    """The principal signs in the place of a commander who is gone."""
    case.rectifying("led")
    gone = without("o03")
    assert case.items[1].text("commander") == "o03"
    assert departed(case.items[1], gone) == ["o03"]
    assert members("commander", case.items[1], gone) == [PRINCIPAL]


def test_a_registrar_who_left_is_followed_by_the_office(case: Case) -> None:
    """Whoever registered an item and has left is told in the person of the supervising office's head."""
    case.rectifying("immediate", handler=HANDLER)
    assert members("registrar", case.items[1], case.rules.organisation) == [HANDLER]
    assert told(case, without(HANDLER), "registrar") == ([OFFICE], False)


def test_every_fault_at_once() -> None:
    """All that is wrong with an organisation, each with its place; nothing is taken silently."""
    wrong = {
        "organisation": {
            "title": "局",
            "supervising_unit": "gone",
            "alternate_unit": "a",
            "principal": "nobody",
            "x": 1,
        },
        "units": [{"id": "a", "title": "甲", "head": "o9", "haed": "o1"}, {"id": "a"}, {"title": "无编号"}, "乙"],
        "officers": [
            {"id": "o1", "name": 7, "unit": "b"},
            {"id": "o2", "name": "乙", "unit": "a", "role": "boss", "away": [["2023-02-30", "2023-03-01"]]},
            {"id": "o3", "name": "丙", "unit": "a", "role": "auditor"},
        ],
        "delegations": [
            {"from": "o1", "to": "o1", "since": "2023-01-01", "until": "2023-12-31"},
            {"from": "o1", "to": "o3", "since": "2023-12-31", "until": "2023-01-01"},
            {"from": "o1", "to": "o8", "since": "2023-01-01", "until": "2023-12-31"},
        ],
        "bodies": [{"id": "o1", "title": "党组"}],
        "unit": [],
    }
    with pytest.raises(FaultsFound) as found:
        from_data(wrong)
    faults = found.value.data["faults"]
    assert isinstance(faults, list)
    assert {(place, code) for place, code, _ in faults} == {
        ("organisation.x", "unknown_key"), ("unit", "unknown_key"), ("units[1].haed", "unknown_key"),
        ("units[4]", "not_a_table"), ("units[2]", "twice"), ("units[3]", "missing"), ("officers[1].name", "text_needed"),
        ("officers.o2.away", "bad_days"), ("delegations[2]", "bad_days"), ("organisation.supervising_unit", "unknown_unit"),
        ("organisation.principal", "unknown_officer"), ("units.a.head", "unknown_officer"),
        ("officers.o1.unit", "unknown_unit"), ("officers.o2.role", "unknown_role"), ("bodies.o1", "id_taken"),
        ("delegations[1]", "delegates_to_self"), ("delegations[2]", "auditor_leads"), ("delegations[3]", "unknown_officer"),
    }  # fmt: skip
    assert from_data(data()).title  # control: the sample has none


@pytest.mark.parametrize(
    ("marks", "doubles"),
    [
        ([("o1", "", ""), ("o2", "", "")], []),
        ([("o1", "p", ""), ("o2", "p", "")], [("o1", "o2")]),
        ([("o1", "", "u"), ("o2", "", "u"), ("o3", "", "v")], [("o1", "o2")]),
        ([("o1", "", ""), ("o2", "o1", "")], [("o1", "o2")]),  # a person named by another desk's id
        ([("o1", "p", "u"), ("o2", "p", ""), ("o3", "", "u"), ("o4", "", "")], [("o1", "o2", "o3")]),
        ([("o1", "p", ""), ("o2", "", "u"), ("o3", "p", "u")], [("o1", "o2", "o3")]),  # the third joins two
    ],
)
def test_desks_of_one_person(marks: list[tuple[str, str, str]], doubles: list[tuple[str, ...]]) -> None:
    """One `person`, or one user of the system, is one human being, however the marks hang together."""
    office = from_data(
        {
            "organisation": {"supervising_unit": "a", "alternate_unit": "a", "principal": "o1"},
            "units": [{"id": "a"}],
            "officers": [{"id": key, "unit": "a", "person": p, "os_user": u} for key, p, u in marks],
        }
    )
    assert sorted(set(office.doubles.values())) == doubles
    assert all(office.desks(key) == (key,) for key, *_ in marks if key not in {d for group in doubles for d in group})


def test_what_is_stored_reads_back(bureau: Organisation) -> None:
    """The stored text builds the same organisation, auditors and doubles included."""
    changed = data()
    changed["officers"][40] |= {"role": "auditor"}
    changed["officers"][41] |= {"person": "o11"}
    made = from_data(changed)
    assert organisation.stored(made.text) == made
    assert made.auditors
    assert made.desks("o11") == made.desks(changed["officers"][41]["id"])
    assert len(made.desks("o11")) == len(("o11", "its double"))
    assert bureau.doubles == {}


def test_the_office_for_its_own_items_is_the_alternate(case: Case) -> None:
    """Who verifies an item that the supervising office handles itself sees it; the rest of that unit's world stays closed."""
    case.register()
    case.do("o11", "assign", {"track": "immediate", "lead_unit": "office"})
    scope = scope_of("o16", case.rules.organisation)
    assert not scope.whole
    assert scope.sees(case.items[1])
    assert not scope_of("o43", case.rules.organisation).sees(case.items[1])
