"""A new calendar over a ledger at work: due moments move and say so, crossed rungs and closed items stay as they are."""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from engine.amendment import amended
from engine.canonical import canonical, parse
from engine.check import check
from engine.clock import SteppedTime, iso, parse_instant
from engine.context import Hand
from engine.errors import Conflict
from engine.office import Office
from engine.policy import PolicyShelf
from engine.row import EventQuery, ItemQuery
from interfaces.listing import item_row
from storage.sqlite import open_store
from tests.trial import END, HEAD
from workflows.calendars import shipped_edition

if TYPE_CHECKING:
    from pathlib import Path

    from engine.calendar import Edition
    from engine.event import Event
    from engine.ports import Store
    from engine.row import Crossing, Row

STORM = {
    "notice": "沪防〔2023〕3号",
    "off": dict.fromkeys(("2023-05-15", "2023-05-16", "2023-06-01", "2023-06-15", "2023-06-16"), "台风停工"),
}


def stormy() -> Edition:
    """The shipped edition with five days off in May and June."""
    return amended(shipped_edition(), {"local": [STORM]})


def load(store: Store, edition: Edition, at: str = END) -> Office:
    """Make an edition the one in force."""
    office = Office(store, SteppedTime(parse_instant(at)))
    office.put_policy("calendar", "cn", canonical(edition.to_dict()), Hand(HEAD, HEAD))
    return office


def rows(store: Store) -> dict[int, Row]:
    """The ledger by number."""
    with store.read() as reader:
        return {row.number: row for row in reader.rows(ItemQuery())}


def crossings(store: Store) -> list[Crossing]:
    """The crossed rungs."""
    with store.read() as reader:
        return list(reader.crossings())


def recounts(store: Store) -> list[Event]:
    """The entries of moved due moments."""
    with store.read() as reader:
        return list(reader.events(EventQuery(verb="recount")))


def test_each_item_that_moves_gets_one_entry(book: Path) -> None:
    """What moved is what the rows say before and after; the entry names old and new, and leaves `effective_at` alone."""
    with closing(open_store(book)) as store:
        load(store, shipped_edition())  # nothing new: nothing happens
        before = rows(store)
        assert recounts(store) == []
        load(store, stormy())
        after = rows(store)
        entries = recounts(store)
        moved = {n for n in after if after[n].due_at != before[n].due_at}
        assert moved
        assert moved <= {entry.item for entry in entries}
        assert len({entry.item for entry in entries}) == len(entries)
        with store.read() as reader:
            head = next(reader.events(EventQuery(verb="load_calendar", newest=True)))
            now, then = reader.item(entries[0].item), before[entries[0].item]
        assert [entry.seq for entry in entries] == list(range(head.seq + 1, head.seq + 1 + len(entries)))
        assert all(entry.calendar == parse(head.body)["hash"] for entry in entries)
        assert now is not None
        assert f'"{now.state}",{now.since},{now.registered_at},{now.effective_at}' in then.body
        for entry in entries:
            for clock, old, new in parse(entry.body)["moved"]:  # type: ignore[attr-defined]
                assert old != new
                if clock == "total":
                    assert (before[entry.item].due_at, after[entry.item].due_at) == (old, new)


def test_closed_items_and_crossed_rungs_stay(book: Path) -> None:
    """Rungs crossed before the load stay crossed, closed items keep row and verdict, and the ledger equals the record."""
    with closing(open_store(book)) as store:
        before, crossed = rows(store), crossings(store)
        assert crossed
        office = load(store, stormy())
        after = rows(store)
        closed = {number for number, row in before.items() if not row.open}
        assert closed
        assert all(after[number] == before[number] for number in closed)
        assert not closed & {entry.item for entry in recounts(store)}
        assert crossings(store) == crossed
        for at in ("2023-06-20 09:00", "2023-07-20 09:00"):  # the new due moments and rungs are the next beats' affair
            office = Office(store, SteppedTime(parse_instant(at)))
            office.tick()
            with store.read() as reader:
                assert check(reader, PolicyShelf()) == []
        assert crossings(store)[: len(crossed)] == crossed
        assert len(crossings(store)) > len(crossed)
        keys = [one[:4] for one in crossings(store)]
        assert len(set(keys)) == len(keys)


def test_what_is_due_happens_under_the_old_calendar_first(book: Path) -> None:
    """No heartbeat for ten days, then a load: the rungs of those days are crossed as the old calendar planned them."""
    late = "2023-06-24 09:00"
    other = book.with_name("other.db")
    shutil.copy(book, other)
    with closing(open_store(book)) as store, closing(open_store(other)) as beaten:
        load(store, stormy(), late)
        Office(beaten, SteppedTime(parse_instant(late))).tick()
        planned = [one[:5] for one in crossings(beaten)]
        assert [one[:5] for one in crossings(store)] == planned
        assert len(planned) > 0
        load(beaten, stormy(), late)
        assert rows(store) == rows(beaten)
        with store.read() as reader:
            assert check(reader, PolicyShelf()) == []


def test_a_verdict_is_not_judged_anew(book: Path) -> None:
    """An item closed on time stays so, also when a later entry about it is made under the new calendar."""
    with closing(open_store(book)) as store:
        office = load(store, stormy())
        office.remark([1], "comment", {"fields": {"comment": "归档"}}, Hand(HEAD, HEAD))
        with store.read() as reader:
            item = reader.item(1)
            assert item is not None
            assert item.fields["on_time"] is True
            assert check(reader, PolicyShelf()) == []
            rules = PolicyShelf().rules(reader, item.definition)
        late = item._replace(fields={**item.fields, "on_time": False})  # as if the count of that day had been another
        now, kept = parse_instant(END), rows(store)[1].due_at
        assert item_row(item, rules, now, kept)["left"] == "按时"
        assert item_row(late, rules, now, kept)["left"] == "逾期"
        assert item_row(late, rules, now, kept)["light"] == "overdue"


def test_hours_move_due_moments_too(book: Path) -> None:
    """Office hours from a day on move the close of the due days after it."""
    with closing(open_store(book)) as store:
        hours = [{"from": "2023-06-20", "sessions": [["09:00", "12:00"], ["13:30", "18:00"]]}]
        before = rows(store)
        load(store, amended(shipped_edition(), {"hours": hours}))
        moved = {
            number: iso(row.due_at)[11:16]
            for number, row in rows(store).items()
            if row.due_at and row.due_at != before[number].due_at
        }
        assert moved
        assert set(moved.values()) == {"18:00"}
        with store.read() as reader:
            assert check(reader, PolicyShelf()) == []


def test_two_who_load_at_once_do_not_undo_each_other(book: Path) -> None:
    """An edition made from one that is no longer in force is not put over what somebody else has loaded since."""
    with closing(open_store(book)) as store:
        with store.read() as reader:
            first = reader.current_hashes()["calendar", "cn"]
        office = load(store, stormy())
        held = rows(store)
        mine = amended(shipped_edition(), {"local": [{"notice": "甲", "off": {"2023-07-20": "台风停工"}}]})
        with pytest.raises(Conflict, match="policy_replaced"):
            office.put_policy("calendar", "cn", canonical(mine.to_dict()), Hand(HEAD, HEAD), over=first)
        assert rows(store) == held
