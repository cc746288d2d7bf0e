"""Items moved to another version through the office: one entry each, all or nothing, and the record still proves the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.canonical import parse
from engine.check import check
from engine.clock import DAY, MINUTE, parse_instant
from engine.context import Hand
from engine.errors import Misused, Refused, SibanError
from engine.loader import load
from engine.move import Order
from engine.policy import DEFINITION, PolicyShelf
from engine.row import EventQuery, ItemQuery, from_text
from storage.creation import create
from storage.memory import MemoryStore
from storage.sqlite import open_store
from tests.integration.test_schedule import TO_CLOSE, TO_SIGN, Act
from tests.revised import renamed, revised
from tests.trial import CLERK, HEAD, RIVER, Ledger, fill
from workflows.index import index_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.event import Event
    from engine.item import Item
    from engine.row import Row

OFFICE = Hand(HEAD, HEAD)
SCRIPT: list[Act] = [
    (HEAD, "assign", {"track": "immediate", "lead_unit": "river", "handler": RIVER, "limit": "5wd"}),
    TO_SIGN,
    *TO_CLOSE,
]


@pytest.fixture(name="ledger", params=["memory", "sqlite"])
def _ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """Twelve items on their way, over each store."""
    path = str(tmp_path / "office.db")
    if request.param == "sqlite":
        create(path, {"trial": "1"})
    store = MemoryStore() if request.param == "memory" else open_store(path)
    ledger = Ledger(store)
    fill(ledger)
    yield ledger
    store.close()


def put(ledger: Ledger, text: str) -> str:
    """Load a version and return its hash."""
    definition = load(text)
    return ledger.office.put_policy(DEFINITION, definition.name, definition.text, OFFICE, index_of(definition))


def rows(ledger: Ledger) -> list[Row]:
    """Return the ledger."""
    with ledger.office.store.read() as reader:
        return list(reader.rows(ItemQuery()))


def live(ledger: Ledger) -> dict[int, Row]:
    """Return the open items of the default workflow."""
    return {row.number: row for row in rows(ledger) if row.open and row.workflow == "siban"}


def events(ledger: Ledger) -> list[Event]:
    """Return the record."""
    with ledger.office.store.read() as reader:
        return list(reader.events(EventQuery()))


def faults(ledger: Ledger) -> list[object]:
    """Check the ledger against the record, as a new process would."""
    with ledger.office.store.read() as reader:
        return list(check(reader, PolicyShelf()))


def test_new_items_begin_under_the_new_version_and_the_others_stay(ledger: Ledger) -> None:
    """Loading a version moves nothing."""
    before = live(ledger)
    hash_ = put(ledger, revised(2))
    number = ledger.register(title="新的一件")
    after = live(ledger)
    assert after[number].definition == hash_
    assert {n: row.definition for n, row in after.items() if n != number} == {
        n: row.definition for n, row in before.items()
    }


def test_every_live_item_moves_by_one_entry_and_the_record_still_proves_the_ledger(ledger: Ledger) -> None:
    """The entries name the new version; closed items and other workflows are left alone."""
    before = rows(ledger)
    chosen = live(ledger)
    hash_ = put(ledger, revised(2))
    count = len(events(ledger))
    fits = ledger.office.move(Order(hash_, reason="按新办法办理"), OFFICE)
    moves = [event for event in events(ledger)[count:] if event.verb == "move"]
    assert [event.item for event in moves] == sorted(chosen) == [fit.number for fit in fits]
    assert {(event.definition, event.result, event.decider) for event in moves} == {(hash_, "done", HEAD)}
    for old, new in zip(before, rows(ledger), strict=True):
        same = ("state", "due_at", "done_at", "next_at", "rungs", "since", "lead_unit")
        assert [getattr(old, column) for column in same] == [getattr(new, column) for column in same]
        assert (new.definition == hash_) == (old.number in chosen)
    assert faults(ledger) == []
    with pytest.raises(Refused, match="not_to_move"):
        ledger.office.move(Order(hash_, reason="再转一次", numbers=[5]), OFFICE)
    assert ledger.office.move(Order(hash_, reason="再转一次"), OFFICE) == []


def test_a_blocked_item_keeps_all_from_moving_unless_only_the_fitting_go(ledger: Ledger) -> None:
    """Refused, one entry says so and no item has changed; with `only_fitting` the others go."""
    hash_ = put(ledger, renamed(2))
    before = rows(ledger)
    with pytest.raises(Refused, match="move_blocked"):
        ledger.office.move(Order(hash_, reason="按新办法办理"), OFFICE)
    assert rows(ledger) == before
    assert [(e.verb, e.result) for e in events(ledger)[-1:]] == [("move", "refused")]

    fits = ledger.office.move(Order(hash_, reason="按新办法办理", only_fitting=True), OFFICE)
    left = {fit.number for fit in fits if fit.event is None}
    assert left == {number for number, row in live(ledger).items() if row.state == "rectifying"} != set()
    assert {row.definition == hash_ for number, row in live(ledger).items() if number not in left} == {True}

    ledger.office.move(Order(hash_, {"rectifying": "mending"}, "按新办法办理"), OFFICE)
    assert {row.definition for row in live(ledger).values()} == {hash_}
    assert "mending" in {row.state for row in live(ledger).values()}
    assert faults(ledger) == []


def test_a_dry_run_lists_and_writes_nothing(ledger: Ledger) -> None:
    """Neither a move nor an entry."""
    hash_ = put(ledger, renamed(2))
    before, count = rows(ledger), len(events(ledger))
    fits = ledger.office.move(Order(hash_, only_fitting=True), OFFICE, dry_run=True)
    assert {fit.number for fit in fits} == set(live(ledger))
    assert (rows(ledger), len(events(ledger))) == (before, count)


def test_what_had_come_due_is_settled_under_the_old_version_first(ledger: Ledger) -> None:
    """A rung that the new ladder no longer has, planned before the move, is recorded; it names the old version."""
    old = {row.definition for row in live(ledger).values()}
    gone = '[[ladders.desk]]\nlevel = 3\ntitle = "逾期报告"\nat = "+5wd"\nnotify = ["superior(2)"]\n'
    hash_ = put(ledger, revised(2, (gone, "")))
    ledger.time.set(parse_instant("2023-06-26 10:00"))
    count = len(events(ledger))
    ledger.office.move(Order(hash_, reason="按新办法办理"), OFFICE)
    fresh = events(ledger)[count:]
    verbs = [event.verb for event in fresh]
    settled = fresh[: verbs.index("move")]
    assert {event.definition for event in settled} <= old
    assert any(event.verb == "escalate" and parse(event.body)["level"] == 3 for event in settled)
    assert settled == sorted(settled, key=lambda event: event.effective_at)
    assert faults(ledger) == []


def test_what_was_held_comes_after_what_let_it_go(ledger: Ledger) -> None:
    """A rung that an application held keeps its planned moment; settled by a move, it still stands after the application's end.

    Sorted by the moment alone it would come before, and the record could not be replayed.
    """
    other = ledger.assigned("泵站围栏破损", track="campaign", limit="2023-06-16")
    ledger.planned(other, "2023-06-16")
    ledger.ask(
        RIVER, "extension", other, until="2023-06-30", reason="更换的材料还没有到货", progress_note="已向厂家下单"
    )
    hash_ = put(ledger, revised(2))
    ledger.time.set(parse_instant("2023-07-24 10:00"))
    count = len(events(ledger))
    ledger.office.move(Order(hash_, reason="按新办法办理"), OFFICE)
    fresh = [event for event in events(ledger)[count:] if event.verb != "move"]
    mine = [(event.verb, event.effective_at) for event in fresh if event.item == other]
    lapse = next(n for n, (verb, _) in enumerate(mine) if verb == "lapse")
    held = [at for verb, at in mine[lapse + 1 :] if verb == "escalate" and at < mine[lapse][1]]
    assert held, "nothing was held: the case has lost its point"
    assert {event.item for event in fresh} > {other}, "one item alone is always in order"
    seen: dict[int, int] = {}
    ordered = [seen.setdefault(e.item, 0) or e.effective_at for e in fresh]
    for n, event in enumerate(fresh):
        seen[event.item] = ordered[n] = max(seen[event.item], event.effective_at)
    assert ordered == sorted(ordered), "beyond what was held the order is that of the moments, over all items"
    assert faults(ledger) == []


def test_a_moved_item_goes_on_to_its_end_under_the_new_version(ledger: Ledger) -> None:
    """Handled, moved back to the first version, and handled on: nothing in the record stands in the way."""
    first = live(ledger)[5].definition
    hash_ = put(ledger, renamed(2))
    order = Order(hash_, {"rectifying": "mending"}, "按新办法办理", [5])
    ledger.office.move(order, OFFICE)
    ledger.act(RIVER, "progress", 5, progress_note="已完成一半", percent=50)
    ledger.office.move(Order(first, {"mending": "rectifying"}, "退回原办法", [5]), OFFICE)
    ledger.act(RIVER, "progress", 5, progress_note="已完成大半", percent=80)
    assert live(ledger)[5].state == "rectifying"
    assert faults(ledger) == []


def test_a_mapping_of_states_that_are_not_there_is_misuse(ledger: Ledger) -> None:
    """Neither an old state that no version has nor a new one that is missing; a reason is asked for; nothing is written."""
    hash_ = put(ledger, renamed(2))
    count = len(events(ledger))
    for mapping in ({"nowhere": "mending"}, {"rectifying": "nowhere"}):
        with pytest.raises(Misused, match="unknown_state"):
            ledger.office.move(Order(hash_, mapping, "按新办法办理"), OFFICE)
    with pytest.raises(Refused, match="missing_field"):
        ledger.office.move(Order(hash_), OFFICE)
    assert len(events(ledger)) == count


Gaps = list[int]


def play(gaps: Gaps, moved_before: int) -> list[Item]:
    """Play a history; before step `moved_before` all items move to the same rules under another number. Return the items."""
    ledger = Ledger(MemoryStore())
    numbers = [ledger.register(CLERK, title=f"问题{n}", source="study") for n in range(2)]
    hash_ = put(ledger, revised(2))
    for step, gap in enumerate(gaps):
        if step == moved_before:
            ledger.office.move(Order(hash_, reason="按新办法办理"), OFFICE)
        ledger.time.advance(gap)
        who, verb, fields = SCRIPT[step]
        try:
            ledger.office.act(numbers, verb, fields, Hand(who, who))
        except SibanError:
            continue
    ledger.time.advance(60 * DAY)
    ledger.office.tick()
    assert faults(ledger) == []
    return [from_text(row.body) for row in rows(ledger)]


PACES = st.lists(st.integers(MINUTE, 12 * DAY), min_size=1, max_size=len(SCRIPT))


@settings(max_examples=12)
@given(PACES, st.integers(0, len(SCRIPT) - 1))
def test_a_move_to_the_same_rules_changes_no_due_moment_state_or_rung(gaps: Gaps, step: int) -> None:
    """Whenever it comes: the same clocks, rungs at the same moments, the same state, requests and fields at the end."""
    alike(gaps, step)


@pytest.mark.slow
@settings(max_examples=300)
@given(PACES, st.integers(0, len(SCRIPT) - 1))
def test_three_hundred_moves_to_the_same_rules_change_nothing(gaps: Gaps, step: int) -> None:
    """The same, for three hundred histories."""
    alike(gaps, step)


def alike(gaps: Gaps, step: int) -> None:
    """Compare a history without a move and with one before a step."""
    step %= len(gaps)
    never, moved = play(gaps, -1), play(gaps, step)
    for one, other in zip(never, moved, strict=True):
        acts = {verb: act for verb, act in other.acts.items() if verb != "move"}
        assert one.definition != other.definition or one.closed_at is not None
        assert one == other._replace(definition=one.definition, version=one.version, last_seq=one.last_seq, acts=acts)
