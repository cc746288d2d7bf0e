"""What the inspectors are shown: every figure on a ledger made for it, with what must not be counted beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.canonical import canonical
from engine.clock import HOUR, MINUTE, parse_instant
from engine.conduct import Bounds, Conduct, Observer, conduct, heaps, may_read
from engine.context import Hand
from engine.event import DONE
from engine.organisation import from_data
from engine.report import Cohort
from engine.row import EventQuery, ItemQuery, from_text
from storage.memory import MemoryStore
from tests.people import AUDITOR, bureau
from tests.trial import CLERK, FILE, HEAD, RIVER, VERIFIER, Ledger
from workflows.conduct import CONCERNS, COUNTED

if TYPE_CHECKING:
    from engine.conduct import Concern

BOUNDS = Bounds(burst=3, span=HOUR, quick=10 * MINUTE)
OTHER = FILE | {"sha256": "1" * 64}


def handled(ledger: Ledger, title: str, evidence: dict[str, object]) -> int:
    """Bring one item of the river station to the office's review."""
    number = ledger.assigned(title, track="immediate")
    ledger.act(RIVER, "sign", number)
    ledger.reported(number, evidence=[evidence])
    return number


def finished(ledger: Ledger, number: int, way: str, enterer: str = VERIFIER) -> None:
    """Verify, answer and close it; whoever decides, `enterer` types the verification."""
    basis = canonical({"kind": "电话", "date": "2023-05-10"}) if enterer != VERIFIER else ""
    ledger.office.act([number], "pass_office", {"verify_by": way, "opinion": "同意"}, Hand(VERIFIER, enterer, basis))
    ledger.act(RIVER, "answer", number, told=["party_org"], answered_by="phone", answer_text="已整改到位，请监督")
    ledger.act(HEAD, "close", number, evidence=[FILE | {"sha256": f"{number:064}"}])


@pytest.fixture(name="found", scope="module")
def _found() -> dict[str, Concern]:
    return {concern.key: concern for concern in drawn(made()).concerns}


def made() -> Ledger:
    """Five items: one as it should be, four with something about them."""
    ledger = Ledger(MemoryStore())
    one, two, three, four = (
        handled(ledger, f"事项{n}", file)
        for n, file in enumerate((FILE, OTHER, OTHER, {**FILE, "sha256": "2" * 64}), 1)
    )
    finished(ledger, two, "material")  # at the very moment of the report
    ledger.at("2023-05-10 10:00")
    finished(ledger, one, "site")
    finished(ledger, three, "site", enterer=RIVER)
    finished(ledger, four, "site")
    ledger.act(
        HEAD, "assign", ledger.register(CLERK, title="事项5"), track="immediate", lead_unit="river", handler=RIVER
    )
    ledger.act(RIVER, "sign", 5, at="2023-05-10 10:00")
    ledger.at("2023-05-15 16:00")
    ledger.act(
        RIVER,
        "report_done",
        5,
        at="2023-05-12 11:00",
        outcome="已清理完毕",
        result_class="solved",
        evidence=[FILE | {"sha256": "5" * 64}],
    )
    return ledger


def drawn(ledger: Ledger) -> Conduct:
    """Look at the whole record."""
    with ledger.office.store.read() as reader:
        rows = list(reader.rows(ItemQuery()))
        items = {row.number: (from_text(row.body), ledger.office.shelf.rules(reader, row.definition)) for row in rows}
        seen = Observer(items)
        for event in reader.events(EventQuery(result=DONE)):
            seen.see(event)
    return conduct(seen, parse_instant("2023-05-15 17:00"), Cohort(), BOUNDS)


def numbers(concern: Concern) -> tuple[tuple[int, ...], int]:
    """Return the items, and out of how many."""
    return tuple(concern.figure.numbers), concern.figure.bottom


def test_items_are_found_for_what_is_about_them(found: dict[str, Concern]) -> None:
    """Each figure names its items and those it could have named."""
    assert numbers(found["shared"]) == ((2, 3), 5)
    assert numbers(found["no_site"]) == ((2,), 4)
    assert numbers(found["both_sides"]) == ((3,), 5 - 1)
    assert numbers(found["heap"]) == ((1, 3, 4), 4)
    assert numbers(found["reopened"]) == ((), 4)
    assert 2 in found["quick"].figure.numbers


def test_entries_are_counted_by_the_unit_that_typed_them(found: dict[str, Concern]) -> None:
    """One entered for another, one entered three days late."""
    behalf, late = found["behalf"], found["late"]
    assert behalf.of_entries
    assert behalf.figure.top == 1
    assert behalf.units["river"].top == 1
    assert behalf.units["lead_office" if "lead_office" in behalf.units else "office"].top == 0
    assert late.figure.top == 1
    assert late.figure.bottom == behalf.figure.bottom > 20
    assert sum(unit.bottom for unit in late.units.values()) == late.figure.bottom


def test_every_figure_leads_to_entries_of_the_record(found: dict[str, Concern]) -> None:
    """But for the day of the report, which the clock knows and no entry says."""
    for concern in found.values():
        assert set(concern.entries) == set(concern.figure.numbers)
        if concern.key != "last_day":
            assert all(concern.entries.values())


def test_a_heap_is_as_many_within_the_span() -> None:
    """Control: with a bound of four, three are no heap; in a span of nothing, those of one moment still are."""
    concerns = {c.key: c for c in drawn(made()).concerns}
    assert concerns["heap"].figure.top == 3
    closings = [("a", minute * MINUTE, minute, minute) for minute in (0, 30, 60, 61, 500)]
    assert sorted(heaps(closings, BOUNDS)) == [0, 30, 60, 61]
    assert heaps(closings, BOUNDS._replace(burst=4)) == {}
    assert heaps([(f"p{n}", 0, n, n) for n in range(9)], BOUNDS) == {}  # by nine hands


def test_nothing_of_nothing_is_no_share() -> None:
    """0/0 has no share."""
    page = conduct(Observer({}), 0, Cohort(), BOUNDS)
    assert {concern.figure.per_mille for concern in page.concerns} == {None}


def test_it_is_for_the_inspectors_and_the_head() -> None:
    """Not for leaders, not for the rest of the supervising office."""
    organisation = from_data(bureau())
    assert [who for who in organisation.officers if may_read(who, organisation)] == [HEAD, AUDITOR]


def test_every_figure_has_its_words() -> None:
    """A title and how it is counted, in the order of the report."""
    assert (
        [concern.key for concern in conduct(Observer({}), 0, Cohort(), BOUNDS).concerns]
        == list(CONCERNS)
        == list(COUNTED)
    )
