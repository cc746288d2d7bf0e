"""The ledger as it was: folded to an instant it is what stood there then, and folded to now it is what stands now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.canonical import canonical, parse
from engine.clock import DAY, HOUR, parse_instant
from engine.context import Hand
from engine.event import DONE
from engine.evolve import Draft, evolve, replay
from engine.past import Past, Seen, folded
from engine.row import EventQuery, ItemQuery, from_text
from storage.memory import MemoryStore
from tests.trial import HEAD, RIVER, Ledger, fill
from workflows.calendars import shipped_edition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.event import Event
    from engine.ports import Reader


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """Five weeks of twelve items, then a late entry behind remarks, a merger that was entered late, and a correction."""
    made = Ledger(MemoryStore())
    fill(made)
    made.at(LATER)
    made.office.remark([9], "comment", {"fields": {"comment": "请抓紧签收"}}, Hand(HEAD, HEAD))
    made.act(RIVER, "sign", 9, at="2023-06-10 09:00")
    thirteen = made.register(title="步道路灯不亮")
    made.act(HEAD, "merge", 10, at="2023-06-15 09:00", into=thirteen, reason="与新登记的为同一问题")
    made.office.correct(3, "title", "秋浦浜水体反复黑臭", "地名写错", Hand(HEAD, HEAD))
    return made


@pytest.fixture
def reader(ledger: Ledger) -> Iterator[Reader]:
    """One view of it."""
    with ledger.office.store.read() as view:
        yield view


LATER = "2023-06-16 10:00"


def seen(ledger: Ledger, reader: Reader, as_of: int, known_at: int | None = None) -> dict[int, Seen]:
    """Return the whole ledger as it was, by number."""
    past = Past(reader, ledger.office.shelf, as_of, known_at)
    return {one.item.number: one for one in past.items(reader.rows(ItemQuery()))}


def of_items(reader: Reader) -> list[Event]:
    """Return the entries about items."""
    return [event for event in reader.events(EventQuery(result=DONE)) if event.item]


def test_as_of_now_is_the_ledger(ledger: Ledger, reader: Reader) -> None:
    """Folded or taken as they stand: the same items, and for closed ones the due moment of the row."""
    rows = {row.number: row for row in reader.rows(ItemQuery())}
    now = seen(ledger, reader, parse_instant(LATER))
    past = Past(reader, ledger.office.shelf, parse_instant(LATER))
    assert {n: one.item for n, one in now.items()} == {n: from_text(row.body) for n, row in rows.items()}
    for number, row in rows.items():
        folded = past.item(number)
        assert folded == now[number]
        assert folded.due_at == (None if row.open else row.due_at)


def test_as_of_each_entry_is_the_replay_up_to_it(ledger: Ledger, reader: Reader) -> None:
    """At the instant of each entry, as known then: what the entries recorded by then fold to."""
    every = of_items(reader)
    for at in sorted({event.recorded_at for event in every}):
        before: dict[int, list[Event]] = {}
        for event in every:
            if event.recorded_at <= at:
                before.setdefault(event.item, []).append(event)
        expected = {number: replay(events) for number, events in before.items()}
        assert {n: one.item for n, one in seen(ledger, reader, at, at).items()} == expected


def test_as_of_each_effect_is_the_replay_of_what_was_so(ledger: Ledger, reader: Reader) -> None:
    """As known now: the entries effective by then, whenever they were recorded."""
    every = of_items(reader)
    for at in sorted({event.effective_at for event in every}):
        before: dict[int, list[Event]] = {}
        for event in every:
            if event.effective_at <= at and (event.verb == "register" or event.item in before):
                before.setdefault(event.item, []).append(event)
        expected = {number: replay(events) for number, events in before.items()}
        assert {n: one.item for n, one in seen(ledger, reader, at).items()} == expected


def test_what_is_kept_and_what_is_folded_agree(ledger: Ledger, reader: Reader) -> None:
    """Half-way some rows stand as they are and others are folded: one by one it is the same."""
    at = parse_instant("2023-05-29 11:00")
    past = Past(reader, ledger.office.shelf, at)
    together = seen(ledger, reader, at)
    assert 0 < len(together) < len(list(reader.rows(ItemQuery())))
    assert {n: one.item for n, one in together.items()} == {n: past.item(n).item for n in together}  # type: ignore[union-attr]


def test_what_a_merger_brought_about_waits_for_the_item_it_brought_it_to(ledger: Ledger, reader: Reader) -> None:
    """Merged on the 15th into an item that came in on the 16th: as of the 15th there is only the one that was merged."""
    past = Past(reader, ledger.office.shelf, parse_instant("2023-06-15 12:00"))
    merged = past.item(10)
    assert merged is not None
    assert (merged.item.state, past.item(13)) == ("merged", None)


def test_an_act_lives_under_the_version_it_was_done_under(reader: Reader) -> None:
    """A move to another version does not count yet, an act entered after it does: the states are those of the act's version."""
    events = list(reader.events(EventQuery(item=5, result=DONE)))
    moved = [*events[:-1], events[-1]._replace(definition="f" * 64)]
    item, last = folded(moved)[5]
    assert (item.definition, last) == ("f" * 64, moved[-1])
    remarked = [*moved, moved[-1]._replace(verb="comment", definition="e" * 64, body="{}")]
    assert folded(remarked)[5][0].definition == "f" * 64
    assert folded(events[1:]) == {}  # what came before it was registered is about nothing


def test_a_draft_leaves_the_item_it_began_with_as_it_is(reader: Reader) -> None:
    """Folded in place or item by item, the outcome is one; an item that was handed out does not change any more."""
    for number in range(1, 13):
        events = list(reader.events(EventQuery(item=number, result=DONE)))
        steps = [replay(events[:n]) for n in range(1, len(events) + 1)]
        known = [repr(item) for item in steps]
        for item, event, after in zip(steps, events[1:], steps[1:], strict=False):
            assert item is not None
            draft = Draft(item)
            draft.take(event, parse(event.body))
            assert draft.item() == after == evolve(item, event)
        assert [repr(item) for item in steps] == known
        assert folded(events)[number][0] == steps[-1]


def test_before_the_first_entry_there_is_nothing(ledger: Ledger, reader: Reader) -> None:
    """Not one item, and no error either."""
    assert seen(ledger, reader, parse_instant("2020-01-01")) == {}


def test_a_late_entry_counts_from_when_it_was_so_but_only_once_it_is_known() -> None:
    """Done on the 9th, entered on the 12th: as of the 10th it was done, and on the 10th nobody knew."""
    ledger = Ledger(MemoryStore())
    number = ledger.assigned("河道漂浮垃圾", track="immediate")
    ledger.at("2023-05-12 10:00")
    ledger.act(RIVER, "sign", number, at="2023-05-09 10:00")
    tenth = parse_instant("2023-05-10 10:00")
    with ledger.office.store.read() as reader:
        states = [seen(ledger, reader, tenth, known)[number].item.state for known in (None, tenth)]
    assert states == ["rectifying", "assigned"]


def test_the_rules_are_those_in_force_then() -> None:
    """A calendar loaded since judges what is asked as of today, not what was so before it came."""
    ledger = Ledger(MemoryStore())
    number = ledger.assigned("河道漂浮垃圾", track="immediate")
    ledger.act(RIVER, "sign", number)
    before = ledger.time.now()
    ledger.time.set(before + DAY)
    data = shipped_edition().to_dict()
    data["version"] = "2023-06-off"
    ledger.office.put_policy("calendar", "cn", canonical(data), Hand(HEAD, HEAD))
    with ledger.office.store.read() as reader:
        then, now = (seen(ledger, reader, at)[number].rules.calendar.hash for at in (before, ledger.time.now()))
        current = reader.current_hashes()["calendar", "cn"]
    assert then != now == current


def test_what_came_in_before_the_office_began_is_judged_by_its_first_rules() -> None:
    """A problem found in April and entered in May: as of April there was no calendar yet, and the first one serves."""
    ledger = Ledger(MemoryStore())
    april = parse_instant("2023-04-10 09:00")
    hand = Hand("o13", "o13")
    ledger.office.register("siban", [({"title": "旧问题", "source": "self_check"}, april)], hand)
    with ledger.office.store.read() as reader:
        found = seen(ledger, reader, april + HOUR)
        assert [one.item.text("title") for one in found.values()] == ["旧问题"]
        assert found[1].rules.calendar.hash == reader.current_hashes()["calendar", "cn"]


def test_progress_is_told(ledger: Ledger, reader: Reader) -> None:
    """How many rows have been looked at, up to all of them."""
    told: list[int] = []
    past = Past(reader, ledger.office.shelf, parse_instant(LATER))
    assert len(list(past.items(reader.rows(ItemQuery()), told.append))) == 13
    assert told == [13]


def test_an_earlier_end_of_the_question_stays(ledger: Ledger, reader: Reader) -> None:
    """What the question itself asks for narrows the past further, never widens it."""
    past = Past(reader, ledger.office.shelf, 1000, 500)
    assert past.query(until=100).until == 100
    assert past.query(until=900).until == 501
    assert past.query().effective_until == 1001
