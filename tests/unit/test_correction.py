"""更正: both texts are kept, nothing is edited, and what decides something is changed by its own act."""

from __future__ import annotations

import pytest

from engine.canonical import parse
from engine.check import check
from engine.context import Hand
from engine.errors import Refused
from engine.past import Past
from engine.row import EventQuery, from_text
from storage.memory import MemoryStore
from tests.trial import CLERK, HEAD, LEADER, RIVER, RIVER_TOO, Ledger


@pytest.fixture
def ledger() -> Ledger:
    """One item, signed for, whose clerk has mistyped its title; three days later."""
    made = Ledger(MemoryStore())
    number = made.assigned("柳溏港漂浮垃圾", track="campaign", limit="2023-05-31", description="桥下聚集")
    made.act(RIVER, "sign", number)
    made.at("2023-05-11 10:00")
    return made


def refused(ledger: Ledger, field: str, value: object, who: str = HEAD, reason: str = "笔误") -> Refused:
    """Return what a correction is refused with."""
    with pytest.raises(Refused) as caught:
        ledger.office.correct(1, field, value, reason, Hand(who, who))
    return caught.value


def test_both_texts_are_kept_and_the_field_is_replaced(ledger: Ledger) -> None:
    """The entry of the registration stays as it was written; the new one names it."""
    with ledger.office.store.read() as reader:
        before = list(reader.events(EventQuery(item=1)))
    ledger.office.correct(1, "title", "柳塘港漂浮垃圾", "错别字", Hand(CLERK, CLERK))
    with ledger.office.store.read() as reader:
        after, row = list(reader.events(EventQuery(item=1))), reader.row(1)
        faults = check(reader, ledger.office.shelf)
    assert after[:-1] == before
    assert row is not None
    assert row.title == from_text(row.body).text("title") == "柳塘港漂浮垃圾"
    assert parse(after[-1].body) == {
        "fields": {"title": "柳塘港漂浮垃圾", "reason": "错别字"},
        "keep": ["title"],
        "was": {"title": "柳溏港漂浮垃圾"},
        "corrects": before[0].seq,
    }
    assert (after[-1].effective_at, after[-1].recorded_at) == (before[0].effective_at, ledger.time.now())
    assert faults == []


def test_what_was_reported_then_stays(ledger: Ledger) -> None:
    """As of the 9th the title was right all along; as it was known on the 9th it was still the wrong one."""
    ledger.office.correct(1, "title", "柳塘港漂浮垃圾", "错别字", Hand(CLERK, CLERK))
    ledger.act(RIVER, "submit_plan", 1, objective="水面无垃圾",
               measures=[{"text": "清理", "unit": "river", "due": "2023-05-30"}])  # fmt: skip
    at = ledger.time.now() - 2 * 86_400_000_000
    with ledger.office.store.read() as reader:
        pasts = [Past(reader, ledger.office.shelf, at, known).item(1) for known in (None, at)]
    assert [past.item.text("title") for past in pasts if past] == ["柳塘港漂浮垃圾", "柳溏港漂浮垃圾"]


def test_a_correction_is_corrected_again(ledger: Ledger) -> None:
    """Its own entry is then the one put right, effective still when the first one was."""
    hand = Hand(HEAD, HEAD)
    first = ledger.office.correct(1, "title", "柳糖港漂浮垃圾", "错别字", hand).events[0]
    second = ledger.office.correct(1, "title", "柳塘港漂浮垃圾", "又错了", hand).events[0]
    assert parse(second.body)["was"] == {"title": "柳糖港漂浮垃圾"}
    with ledger.office.store.read() as reader:
        seqs = [event.seq for event in reader.events(EventQuery(item=1, verb="correct"))]
    assert parse(second.body)["corrects"] == seqs[0]
    assert second.effective_at == first.effective_at


@pytest.mark.parametrize("who", [CLERK, HEAD])
def test_the_enterer_and_the_supervisor_may(ledger: Ledger, who: str) -> None:
    """Who registered it (an officer of a unit would do), and the office that supervises."""
    assert (
        ledger.office.correct(1, "description", "桥下大量聚集", "补全", Hand(who, who)).after.text("description")
        == "桥下大量聚集"
    )


@pytest.mark.parametrize("who", [RIVER_TOO, LEADER])
def test_others_may_not(ledger: Ledger, who: str) -> None:
    """And are told who may; the attempt is recorded."""
    error = refused(ledger, "title", "新", who)
    assert (error.code, error.data["roles"], error.data["people"]) == (
        "not_allowed",
        ["supervisor", "enterer"],
        ["徐晨"],
    )
    with ledger.office.store.read() as reader:
        assert [event.verb for event in reader.events(EventQuery(result="refused"))] == ["correct"]


def test_an_officer_of_a_unit_corrects_what_they_entered(ledger: Ledger) -> None:
    """The handler their own plan, and nobody else's registration."""
    ledger.act(RIVER, "submit_plan", 1, objective="水面无拉圾",
               measures=[{"text": "清理", "unit": "river", "due": "2023-05-30"}])  # fmt: skip
    done = ledger.office.correct(1, "objective", "水面无垃圾", "错别字", Hand(RIVER, RIVER))
    assert done.after.text("objective") == "水面无垃圾"
    assert refused(ledger, "title", "新", RIVER).code == "not_allowed"


@pytest.mark.parametrize(
    ("field", "value", "act"),
    [
        ("limit", "2023-06-30", "extension"),
        ("track", "led", "change_list"),
        ("lead_unit", "water", "reassign"),
        ("source", "citizen", "present"),
    ],
)
def test_what_decides_something_names_the_act(ledger: Ledger, field: str, value: object, act: str) -> None:
    """By when, which way, whose desk, who is answered: refused, and no due moment moves."""
    with ledger.office.store.read() as reader:
        before = reader.row(1)
    error = refused(ledger, field, value)
    assert error.code == "correct_by_act"
    allowed = error.data["allowed"]
    assert isinstance(allowed, list)
    assert act in allowed
    with ledger.office.store.read() as reader:
        assert reader.row(1) == before


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("nonsense", "x", "not_correctable"),
        ("reporter", "陈女士", "not_correctable"),
        ("reason", "x", "not_correctable"),
        ("outcome", "已办", "nothing_to_correct"),
        ("title", "柳溏港漂浮垃圾", "same_value"),
    ],
)
def test_what_cannot_be_corrected(ledger: Ledger, field: str, value: object, code: str) -> None:
    """Fields that the item does not keep, private ones, what was never said, and what is so already."""
    assert refused(ledger, field, value).code == code


def test_a_reason_is_needed(ledger: Ledger) -> None:
    """Without one nothing is put right."""
    assert refused(ledger, "title", "新", reason="").code == "missing_field"


def test_a_dry_run_changes_nothing(ledger: Ledger) -> None:
    """It says what would be, and keeps nothing."""
    done = ledger.office.correct(1, "title", "新", "试", Hand(HEAD, HEAD), dry_run=True)
    assert done.after.text("title") == "新"
    with ledger.office.store.read() as reader:
        row = reader.row(1)
    assert row is not None
    assert row.title == "柳溏港漂浮垃圾"
