"""牵头部门 is a relation: by workflow, by list, by item; where it handles the item itself another unit verifies."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from engine import organisation
from engine.context import Hand
from engine.errors import FaultsFound, Refused
from engine.item import Item
from engine.roles import supervising_unit, verifying_unit
from engine.scope import scope_of
from storage.memory import MemoryStore
from tests.integration.test_recurrence import BASE, Tasks
from tests.trial import HEAD, RIVER, VERIFIER, WORKFLOWS

if TYPE_CHECKING:
    from engine.organisation import Organisation

PERSONNEL_HEAD, PERSONNEL, PERSONNEL_TOO = "o15", "o17", "o18"  # 局组织人事处 韩玉梅、宋佳、丁一鸣


def data() -> dict[str, Any]:
    """Return the demo's bureau as data."""
    return tomllib.loads((WORKFLOWS / "bureau.toml").read_text(encoding="utf-8"))


@pytest.fixture(name="bureau")
def _bureau() -> Organisation:
    return organisation.from_data(data())


@pytest.fixture(name="tasks")
def _tasks() -> Tasks:
    return Tasks(MemoryStore())


def item(workflow: str, **fields: object) -> Item:
    """Return an item of a workflow."""
    return Item(1, "X-1", workflow, "", "", 0, 0, 0, fields=fields)


@pytest.mark.parametrize(
    ("workflow", "fields", "supervises", "verifies"),
    [
        ("siban", {"lead_unit": "river"}, "office", "office"),
        ("siban", {"lead_unit": "office"}, "office", "personnel"),
        ("task", {"lead_unit": "river"}, "personnel", "personnel"),
        ("task", {"lead_unit": "personnel"}, "personnel", "office"),
        ("task", {"lead_unit": "river", "lead_office": "office"}, "office", "office"),
        ("outcome", {"lead_unit": "river"}, "personnel", "personnel"),
        ("siban", {"lead_unit": "river", "track": "led"}, "ecology", "ecology"),
        ("siban", {"lead_unit": "ecology", "track": "led"}, "ecology", "personnel"),
    ],
)
def test_who_supervises_and_who_verifies(
    workflow: str, fields: dict[str, object], supervises: str, verifies: str
) -> None:
    """The item's own, else that of its list, of its workflow, of the bureau; never the unit that handles it."""
    changed = data()
    changed["lead_offices"].append({"workflow": "siban", "list": "led", "unit": "ecology"})
    bureau = organisation.from_data(changed)
    one = item(workflow, **fields)
    assert (supervising_unit(one, bureau), verifying_unit(one, bureau)) == (supervises, verifies)


def test_a_task_of_the_lead_office_itself_is_verified_by_another(tasks: Tasks) -> None:
    """局组织人事处 issues, fills in, and may not verify its own; 局办公室 does; others' it verifies, by another person."""
    tasks.series(for_units=["personnel", "river"])
    own, others = (one.number for one in tasks.instances())
    tasks.act(PERSONNEL, "fill_in", own, held_on="2023-05-08", outcome="已经按要求开展")
    with pytest.raises(Refused, match="not_allowed"):
        tasks.act(PERSONNEL_TOO, "verify", own)
    tasks.act(VERIFIER, "verify", own)
    tasks.act(RIVER, "fill_in", others, held_on="2023-05-08", outcome="已经按要求开展")
    with pytest.raises(Refused, match="not_allowed"):
        tasks.act(VERIFIER, "verify", others)
    tasks.act(PERSONNEL, "verify", others)


def test_who_handed_in_does_not_verify_whatever_his_desk(tasks: Tasks) -> None:
    """Four eyes by person: handed in for a party organisation, verified in another office by somebody else."""
    tasks.series(for_units=["p_office"])
    [one] = tasks.instances()
    tasks.act(PERSONNEL, "fill_in", one.number, held_on="2023-05-08", outcome="已经按要求开展")
    with pytest.raises(Refused, match="same_person"):
        tasks.act(PERSONNEL, "verify", one.number)
    tasks.act(PERSONNEL_TOO, "verify", one.number)


def test_the_lead_office_named_must_lead_something(tasks: Tasks) -> None:
    """A unit takes nothing upon itself that the organisation does not let it lead."""
    given: dict[str, object] = {"title": "调研课题", **BASE}
    tasks.office.register("task", [(given | {"lead_office": "office"}, None)], Hand(HEAD, HEAD))
    for who, office in ((HEAD, ""), (RIVER, "river"), (RIVER, "")):
        named = {"lead_office": office} if office else {}
        with pytest.raises(Refused, match="not_allowed"):
            tasks.office.register("task", [(given | named, None)], Hand(who, who))


def test_who_leads_a_workflow_sees_its_items(bureau: Organisation) -> None:
    """And not those of others; a common workflow is seen by everybody."""
    scope = scope_of(PERSONNEL, bureau, frozenset({"campaign"}))
    assert not scope.whole
    assert scope.sees(item("task", lead_unit="river"))
    assert not scope.sees(item("siban", lead_unit="river"))
    assert "task" in scope.words()
    assert scope.sees(item("campaign"))
    assert not scope_of(PERSONNEL, bureau).sees(item("campaign"))


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"workflow": "task", "unit": "navy"}, "unknown_unit"),
        ({"unit": "river"}, "missing"),
        ({"workflow": "task", "unit": "river"}, "twice"),
        ({"workflow": "task", "unit": "river", "unti": "x"}, "unknown_key"),
    ],
)
def test_a_faulty_lead_office_is_refused(row: dict[str, str], fault: str) -> None:
    """A unit that is not there, no workflow, one said twice, a word misspelt."""
    changed = data()
    changed["lead_offices"].append(row)
    with pytest.raises(FaultsFound) as found:
        organisation.from_data(changed)
    assert fault in {code for _, code, _ in found.value.data["faults"]}  # type: ignore[attr-defined]  # a list of faults
