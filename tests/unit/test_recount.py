"""What other rules do to the due moments of an item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calendar import Calendar
from engine.clock import iso
from engine.edition import edition_from_dict
from engine.recount import moves
from workflows.calendars import shipped_edition

if TYPE_CHECKING:
    from tests.unit.conftest import Case


def stormy(*days: str) -> Calendar:
    """Return the shipped calendar with further days off in 2023."""
    data = shipped_edition().to_dict()
    years: dict[str, dict[str, dict[str, str]]] = data["years"]  # type: ignore[assignment]
    years["2023"]["off"] |= dict.fromkeys(days, "台风停工")
    return Calendar(edition_from_dict(data), "1" * 64)


def test_a_day_off_moves_what_runs_over_it(case: Case) -> None:
    """Assigned on Monday 8 May 2023, five working days end a day later when Wednesday is off; the main clock comes first."""
    item = case.assigned("immediate")
    found = moves(item, case.rules, case.rules._replace(calendar=stormy("2023-05-10")))
    assert [(one.clock, one.main) for one in found] == [("total", True)]
    assert iso(found[0].old_due or 0) == "2023-05-15T17:30:00+08:00"
    assert iso(found[0].new_due or 0) == "2023-05-16T17:30:00+08:00"
    assert found[0].fired == ()
    assert found[0].fact == ["total", found[0].old_due, found[0].new_due]


def test_nothing_moves_under_the_same_days(case: Case) -> None:
    """Another edition that says the same of these days moves nothing."""
    item = case.assigned("immediate")
    assert moves(item, case.rules, case.rules._replace(calendar=stormy("2023-08-09"))) == []


def test_rungs_already_fired_are_named(case: Case) -> None:
    """An overdue item keeps what it has crossed: the list says which levels."""
    case.assigned("immediate")
    item = case.settled(at="2023-05-17 09:00")
    (moved,) = moves(item, case.rules, case.rules._replace(calendar=stormy("2023-05-10")))
    crossed = {int(key.rpartition(":")[2]) for key in item.crossed if key.startswith(f"total:{moved.cycle}:")}
    assert crossed
    assert set(moved.fired) == crossed


def test_a_reported_item_moves_until_it_is_closed(case: Case) -> None:
    """What was reported done is still to be judged by the main clock; a closed item keeps its verdict."""
    case.answered("immediate")
    stormed = case.rules._replace(calendar=stormy("2023-05-10"))
    item = case.items[1]
    assert item.clocks["total"].stopped is not None
    assert [one.clock for one in moves(item, case.rules, stormed)][:1] == ["total"]
    closed = item._replace(state="closed")
    assert case.rules.definition.states["closed"].final
    assert moves(closed, case.rules, stormed) == []


def test_an_item_that_the_change_itself_touches(case: Case) -> None:
    """`after` is what is counted under the new rules."""
    item = case.assigned("immediate")
    later = item._replace(fields={**item.fields, "limit": "30d"}, clocks={})
    found = moves(item, case.rules, case.rules, later)
    assert {one.clock: one.new_due for one in found}["total"] is None
