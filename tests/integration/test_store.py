"""What every store does alike: memory, SQLite, and whatever comes next. The contract is `engine/ports.py`."""

from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from threading import Thread
from typing import Any, Protocol

import pytest

from engine.canonical import digest
from engine.chain import GENESIS, first_broken
from engine.clock import DAY
from engine.delivery import Delivery
from engine.errors import Conflict, Misused, Unavailable
from engine.event import Event, Fact
from engine.notice import Notice
from engine.ports import Store
from engine.row import Crossing, EventQuery, ItemQuery, Policy, Reporter, Row, Step, from_text

AT = 1_683_509_400_000_000
ALL = EventQuery()

MakeRow = Callable[..., Row]
MakeEvent = Callable[..., Event]


class Doors(Protocol):
    """Ways into one and the same data: closed in the end, or by who asked."""

    open: Callable[[], Store]
    alone: Callable[[], Store]
    kind: str


def notice(number: int, **changes: Any) -> Notice:  # noqa: ANN401 - whatever the field holds
    """Make a notice and change some fields."""
    return Notice(number, 1, 1, "zhang", "remind", "total", 0, "", "auto", "sent", AT)._replace(**changes)


def policy(kind: str, name: str, text: str, index: str = "") -> Policy:
    """Make a policy under its hash."""
    return Policy(kind, name, digest(text), text, index)


def put(store: Store, *rows: Row) -> None:
    """Keep rows."""
    with store.write() as writer:
        for row in rows:
            writer.put_row(row)


class Stop(Exception):
    """Something goes wrong in the middle of a transaction."""


# -- deliveries


def test_a_notice_waits_for_a_delivery_until_one_speaks_of_it(store: Store) -> None:
    """Sent ones in order; a draft not before it is released, however old its number; a rewritten delivery is one still."""
    with store.write() as writer:
        writer.put_notices([notice(1), notice(2, status="draft", release="leader", paper="督办单"), notice(3)])
        assert [one.number for one in writer.undelivered()] == [1, 3]
        writer.put_deliveries(
            [Delivery(1, "log", "zhang", "a", AT, next_at=AT), Delivery(3, "log", "zhang", "a", AT, next_at=AT)]
        )
        assert list(writer.undelivered()) == []
        writer.put_notices([notice(2, status="released", release="leader", paper="督办单"), notice(4)])
    with store.write() as writer:
        assert [one.number for one in writer.undelivered()] == [2, 4]
        writer.put_deliveries([Delivery(1, "log", "zhang", "a", AT, 1, None, AT)])
        writer.put_deliveries([Delivery(3, "mail", "zhang", "b", AT, 8, None, None, "HTTP 500")])
    with store.read() as reader:
        assert [(one.notice, one.target) for one in reader.deliveries()] == [(3, "log"), (3, "mail")]
        assert [(one.target, one.is_given_up) for one in reader.deliveries(3)] == [("log", False), ("mail", True)]
        assert [one.carried_at for one in reader.deliveries(1)] == [AT]


# -- seals


def test_seals_are_kept_in_order(store: Store) -> None:
    """Numbered from one; what an undone transaction kept is not there."""
    for note in ("first\n", "second\n"):
        with store.write() as writer:
            writer.put_seal(note)
    with suppress(Stop), store.write() as writer:
        writer.put_seal("third\n")
        raise Stop
    with store.read() as reader:
        assert reader.seals() == [(1, "first\n"), (2, "second\n")]


def test_policies_and_reporters_are_listed_whole(store: Store) -> None:
    """Superseded texts too, in the order of loading, with the one in force marked; reporters by item."""
    texts = [policy("calendar", "cn", "one"), policy("definition", "a", "x", "i"), policy("calendar", "cn", "two")]
    with store.write() as writer:
        for each in (*texts, texts[0]):
            writer.put_policy(each)
        for item in (7, 3):
            writer.put_reporter(Reporter(item, "ab", "张女士", ""))
    with store.read() as reader:
        found = list(reader.policies())
        assert [row.item for row in reader.reporters()] == [3, 7]
    assert [(row.seq, row.kind, row.text, row.index_text, row.current) for row in found] == [
        (1, "calendar", "one", "", 1), (2, "definition", "x", "i", 1), (3, "calendar", "two", "", 0)
    ]  # fmt: skip


# -- settings and policy


def test_a_setting_is_kept_and_replaced(store: Store) -> None:
    """The last value counts; an unknown name gives None."""
    for value in ("one", "two"):
        with store.write() as writer:
            writer.put_setting("office", value)
    with store.read() as reader:
        assert (reader.setting("office"), reader.setting("nothing")) == ("two", None)


def test_a_newer_policy_takes_the_place_of_the_older(store: Store) -> None:
    """One is current for each kind and name; superseded ones are still found by their hash."""
    old, new = policy("definition", "siban", "{}"), policy("definition", "siban", '{"v":2}', "index")
    other, calendar = policy("definition", "petition", "[]"), policy("calendar", "cn", "{}")
    with store.write() as writer:
        for each in (old, new, other, calendar):
            writer.put_policy(each)
    with store.read() as reader:
        assert reader.current("definition") == [other, new]
        assert reader.current("organisation") == []
        assert reader.policy("definition", old.hash) == old
        assert reader.policy("definition", new.hash) == new
        assert reader.policy("definition", "0" * 64) is None
        assert reader.policy("calendar", old.hash) == calendar  # the same text, of another kind
        assert reader.current_hashes() == {
            ("definition", "siban"): new.hash,
            ("definition", "petition"): other.hash,
            ("calendar", "cn"): calendar.hash,
        }


def test_an_older_policy_can_come_back(store: Store) -> None:
    """Putting a kept text again makes it current again, with the newer index."""
    old, new = policy("definition", "siban", "{}"), policy("definition", "siban", '{"v":2}')
    again = old._replace(index_text="again")
    with store.write() as writer:
        for each in (old, new, again):
            writer.put_policy(each)
            assert writer.current_hashes() == {("definition", "siban"): each.hash}
    with store.read() as reader:
        assert reader.current("definition") == [again]
        assert reader.policy("definition", new.hash) == new


# -- the record


def test_entries_are_numbered_and_chained(store: Store, make_event: MakeEvent) -> None:
    """Numbers have no gaps, over transactions; the chain is whole; what is returned is what is kept."""
    returned: list[Event] = []
    for size in (1, 3, 0, 2):
        with store.write() as writer:
            returned += writer.append(make_event(n + 1) for n in range(size))
            assert writer.head()[0] == len(returned)
    with store.read() as reader:
        kept = list(reader.events(ALL))
        assert reader.head() == (6, kept[-1].hash)
    assert kept == returned
    assert [event.seq for event in kept] == [1, 2, 3, 4, 5, 6]
    assert first_broken(kept) is None
    assert all(after.prev == before.hash for before, after in pairwise(kept))


def test_an_empty_record_has_the_first_head(store: Store) -> None:
    """Nothing was recorded: number 0 and the beginning of the chain."""
    with store.read() as reader:
        assert reader.head() == (0, GENESIS)


def test_a_transaction_that_fails_leaves_nothing(store: Store, make_row: MakeRow, make_event: MakeEvent) -> None:
    """An exception in the block undoes everything in it, and the next numbers are the same as before."""
    put(store, make_row(1))
    with pytest.raises(Stop), store.write() as writer:  # noqa: PT012 - all of it is one transaction
        writer.append([make_event(2), make_event(2)])
        writer.put_row(make_row(1, state="changed"))
        writer.put_row(make_row(2))
        writer.put_setting("name", "value")
        writer.put_policy(policy("definition", "siban", "{}"))
        writer.put_crossings([Crossing(2, "total", 1, 0, AT, AT, 1)])
        writer.put_notices([notice(1)])
        writer.put_reporter(Reporter(2, "salt", "name", "contact"))
        raise Stop
    with store.write() as writer:
        assert list(writer.events(ALL)) == []
        assert list(writer.rows(ItemQuery())) == [make_row(1)]
        assert list(writer.crossings()) == []
        assert list(writer.notices()) == []
        assert (writer.setting("name"), writer.reporter(2), writer.current_hashes()) == (None, None, {})
        assert (writer.next_item(), writer.next_notice()) == (2, 1)
        assert [event.seq for event in writer.append([make_event(2)])] == [1]


def test_a_reader_keeps_its_view_while_others_write(doors: Doors, make_row: MakeRow, make_event: MakeEvent) -> None:
    """What is committed after a view was opened does not show in it, and shows in the next."""
    ours, theirs = doors.open(), doors.open()
    put(ours, make_row(1))
    if doors.kind == "system_sqlite":
        with ours.read() as reader, pytest.raises(Unavailable, match="locked"):  # noqa: PT012 - without a write-ahead log
            assert reader.head() == (0, GENESIS)
            put(theirs, make_row(1, state="changed"))
        return
    with ours.read() as reader:
        assert reader.head() == (0, GENESIS)
        with theirs.write() as writer:
            writer.append([make_event(1)])
            writer.put_row(make_row(1, state="changed"))
            writer.put_row(make_row(2))
            assert list(reader.rows(ItemQuery())) == [make_row(1)]
        assert list(reader.rows(ItemQuery())) == [make_row(1)]
        assert list(reader.events(ALL)) == []
        assert reader.head() == (0, GENESIS)
    with ours.read() as reader:
        assert list(reader.rows(ItemQuery())) == [make_row(1, state="changed"), make_row(2)]
        assert reader.head()[0] == 1


def test_a_writer_sees_what_it_wrote(store: Store, make_row: MakeRow, make_event: MakeEvent) -> None:
    """Inside a transaction its own changes count."""
    with store.write() as writer:
        writer.put_row(make_row(1))
        writer.append([make_event(1, command_id="once")])
        writer.put_row(make_row(1, state="later"))
        row = writer.row(1)
        assert row is not None
        assert row.state == "later"
        assert len(writer.command("once")) == 1


def test_one_store_has_one_transaction_at_a_time(store: Store) -> None:
    """Writing inside a write of the same store is a fault of the program, not a wait without end."""
    with store.write(), pytest.raises(RuntimeError), store.write():
        pass
    with store.write() as writer:
        writer.put_setting("still", "usable")


def test_entries_are_found_by_what_is_asked(store: Store, make_event: MakeEvent) -> None:
    """Every condition narrows; all of them must hold; the order is that of the record, or the newest first."""
    events = [
        make_event(1, recorded_at=AT),
        make_event(1, verb="accept", decider="li", enterer="zhang", recorded_at=AT + 10),
        make_event(2, recorded_at=AT + 20, decider="wang", enterer="wang"),
        make_event(2, verb="accept", result="refused", decider="li", enterer="li", recorded_at=AT + 30),
        make_event(0, verb="define", decider="li", enterer="li", recorded_at=AT + 40),
    ]
    with store.write() as writer:
        writer.append(events)

    def found(**asked: Any) -> list[int]:  # noqa: ANN401 - whatever the condition takes
        with store.read() as reader:
            return [event.seq for event in reader.events(EventQuery(**asked))]

    assert found() == [1, 2, 3, 4, 5]
    assert found(item=1) == [1, 2]
    assert found(item=0) == [5]
    assert found(item=9) == []
    assert found(person="zhang") == [1, 2]  # as who decided, or who entered it
    assert found(person="li") == [2, 4, 5]
    assert found(verb="accept") == [2, 4]
    assert found(result="refused") == [4]
    assert found(since=AT + 10, until=AT + 30) == [2, 3]  # the end is not included
    assert found(after=3) == [4, 5]
    assert found(after=1, upto=3) == [2, 3]
    assert found(newest=True) == [5, 4, 3, 2, 1]
    assert found(newest=True, limit=2) == [5, 4]
    assert found(limit=2) == [1, 2]
    assert found(person="li", verb="accept", item=1) == [2]
    assert found(items=(0, 2, 9)) == [5, 3, 4]  # item by item
    assert found(items=(2, 1), newest=True) == [2, 1, 4, 3]
    assert found(item=1, verb="accept", since=AT, until=AT + 30) == [2]
    assert found(verb="accept", since=AT, until=AT + 400 * DAY, person="li") == [2, 4]
    assert found(since=AT + 20, until=AT + 2 * DAY, newest=True) == [5, 4, 3]


def test_facts_and_steps_are_their_entries_as_far_as_one_looks(store: Store, make_event: MakeEvent) -> None:
    """They are found as entries are, in their order, and say the same."""
    made = make_event(2, basis='{"kind":"电话"}', command_id="a"), make_event(1), make_event(2, verb="sign")
    with store.write() as writer:
        writer.append(made)
    queries = EventQuery(), EventQuery(items=(1, 2)), EventQuery(verb="sign"), EventQuery(newest=True, limit=2)
    with store.read() as reader:
        for query in queries:
            whole = list(reader.events(query))
            for kind, found in ((Fact, reader.facts(query)), (Step, reader.steps(query))):
                assert list(found) == [tuple(getattr(event, name) for name in kind._fields) for event in whole], query


def test_entries_are_found_by_when_it_was_so(store: Store, make_event: MakeEvent) -> None:
    """A late entry was so before it was recorded; the end is not included."""
    with store.write() as writer:
        writer.append([make_event(1, effective_at=AT + 5), make_event(1, effective_at=AT, recorded_at=AT + 9)])
    with store.read() as reader:
        assert [event.seq for event in reader.events(EventQuery(effective_until=AT + 5))] == [2]
        assert [event.seq for event in reader.events(EventQuery(effective_until=AT + 6))] == [1, 2]
        assert [event.seq for event in reader.events(EventQuery(effective_until=AT + 6, until=AT + 9))] == [1]


def test_a_command_is_known_by_its_id(store: Store, make_event: MakeEvent) -> None:
    """All entries of a command are found, in order; no id means no command."""
    with store.write() as writer:
        writer.append([make_event(1), make_event(1, command_id="a"), make_event(2, command_id="a"), make_event(3)])
    with store.read() as reader:
        assert [event.seq for event in reader.command("a")] == [2, 3]
        assert reader.command("b") == []
        assert reader.command("") == []


# -- items


def test_an_item_comes_back_as_it_was(store: Store, make_row: MakeRow) -> None:
    """Row and item are what was put; rewriting replaces every column."""
    row = make_row(7, due_at=AT, next_at=AT, done_at=AT, closed_at=AT, open=0, stage="closed")
    put(store, make_row(7), row)
    with store.read() as reader:
        assert reader.row(7) == row
        assert reader.item(7) == from_text(row.body)
        assert (reader.row(8), reader.item(8)) == (None, None)


def test_every_column_can_be_rewritten(store: Store, make_row: MakeRow) -> None:
    """Whichever columns change, those that hardly ever do included."""
    before = make_row(1)
    for name in Row._fields[1:]:
        old = getattr(before, name)
        value: Any = {"open": 0, "stage": "closed", "body": "[1]"}.get(name, f"{old}x" if isinstance(old, str) else 5)
        after = before._replace(**{name: value})
        put(store, before)
        put(store, after)
        with store.read() as reader:
            assert reader.row(1) == after


def test_two_items_cannot_have_one_serial(store: Store, make_row: MakeRow) -> None:
    """The second is refused; the transaction is undone."""
    put(store, make_row(1, serial="A-1"))
    with pytest.raises(Conflict) as caught:
        put(store, make_row(2), make_row(3, serial="A-1"))
    assert (caught.value.code, caught.value.data) == ("serial_taken", {"serial": "A-1"})
    with store.read() as reader:
        assert [row.number for row in reader.rows(ItemQuery())] == [1]


def test_a_serial_that_was_given_up_is_free(store: Store, make_row: MakeRow) -> None:
    """After an item has got another serial, its old one finds nothing and may be used."""
    put(store, make_row(1, serial="A-1"), make_row(1, serial="B-1"), make_row(2, serial="A-1"))
    with store.read() as reader:
        assert (reader.resolve("A-1"), reader.resolve("B-1")) == ([2], [1])


def test_items_are_named_by_number_serial_or_its_end(store: Store, make_row: MakeRow) -> None:
    """A number comes before a serial, a serial before the end of others; no more than ten are given."""
    put(store, *(make_row(n, serial=f"水-{n:04d}") for n in range(1, 13)))
    put(store, make_row(20, serial="12"), make_row(21, serial="X0005"), make_row(22, serial="%"))
    with store.read() as reader:
        assert reader.resolve("12") == [12]
        assert reader.resolve("水-0012") == [12]
        assert reader.resolve("0012") == [12]
        assert reader.resolve("005") == [5, 21]
        assert reader.resolve("-0005") == [5]
        assert reader.resolve("0") == [10]
        assert reader.resolve("%") == [22]  # no wildcard
        assert reader.resolve("13") == []
        assert reader.resolve("") == []
        assert reader.resolve("9" * 40) == []
        assert reader.resolve("٣") == []  # another script's digit is no number
    put(store, *(make_row(n, serial=f"{n}-end") for n in range(30, 45)))
    with store.read() as reader:
        assert reader.resolve("-end") == list(range(30, 40))


def test_rows_are_found_by_what_is_asked(store: Store, make_row: MakeRow) -> None:
    """Every condition narrows; all of them must hold; the order is that of the numbers."""
    put(
        store,
        make_row(3, state="planning", lead_unit="roads", handler="li", due_at=AT + 5, title="PVC 管道破损"),
        make_row(1, state="registered", stage="intake", source="audit", track="led", due_at=AT),
        make_row(2, state="closed", stage="closed", open=0, workflow="petition", title="100% 完成"),
    )

    def found(**asked: Any) -> list[int]:  # noqa: ANN401 - whatever the condition takes
        with store.read() as reader:
            return [row.number for row in reader.rows(ItemQuery(**asked))]

    assert found() == [1, 2, 3]
    assert found(open=True) == [1, 3]
    assert found(open=False) == [2]
    assert found(states=("planning", "closed")) == [2, 3]
    assert found(stages=("intake",)) == [1]
    assert found(lead_units=("roads", "nobody")) == [3]
    assert found(handler="li") == [3]
    assert found(tracks=("led",)) == [1]
    assert found(sources=("audit", "citizen")) == [1, 2, 3]
    assert found(workflows=("petition",)) == [2]
    assert found(due_before=AT) == []
    assert found(due_before=AT + 1) == [1]
    assert found(due_before=AT + 9) == [1, 3]  # no due moment is not before any
    assert found(text="pvc") == [3]
    assert found(text="管道") == [3]
    assert found(text="%") == [2]
    assert found(text="2023-0001") == [1]
    assert found(numbers=(3, 1, 9)) == [1, 3]
    assert found(limit=2) == [1, 2]
    assert found(open=True, tracks=("led",), text="问题", numbers=(1, 3)) == [1]


def test_what_is_due_comes_earliest_first(store: Store, make_row: MakeRow) -> None:
    """Due at the moment itself counts; equal moments go by number; items with nothing to come are left out."""
    put(store, make_row(1, next_at=AT + 2), make_row(2, next_at=AT), make_row(3), make_row(4, next_at=AT))
    put(store, make_row(5, next_at=AT + 1), make_row(6, next_at=AT + 3))
    with store.read() as reader:
        assert reader.due(AT + 2) == [2, 4, 5, 1]
        assert reader.due(AT + 2, limit=3) == [2, 4, 5]


def test_an_idle_tick_finds_nothing(store: Store, make_row: MakeRow) -> None:
    """Nothing before its moment, and nothing after it has been dealt with."""
    put(store, make_row(1, next_at=AT))
    with store.read() as reader:
        assert reader.due(AT - 1) == []
    put(store, make_row(1, next_at=None))
    with store.read() as reader:
        assert reader.due(AT * 2) == []


def test_numbers_are_never_given_again(store: Store, make_row: MakeRow, make_event: MakeEvent) -> None:
    """The next item's number is above every row and above every item the record has ever named."""
    with store.write() as writer:
        assert writer.next_item() == 1
        writer.put_row(make_row(writer.next_item()))
        assert writer.next_item() == 2
        writer.append([make_event(7), make_event(3)])
        assert writer.next_item() == 8
        writer.put_row(make_row(9))
    with store.read() as reader:
        assert reader.next_item() == 10


# -- rungs, notices, reporters


def test_a_rung_is_crossed_once(store: Store) -> None:
    """The same item, clock, cycle and level again is a conflict, and leaves nothing of its transaction."""
    first = Crossing(1, "total", 1, 0, AT, AT + 5, 3)
    with store.write() as writer:
        writer.put_crossings([first])
    with pytest.raises(Conflict) as caught, store.write() as writer:
        writer.put_crossings([first._replace(level=1), first._replace(planned_at=AT + 1, seq=4)])
    assert caught.value.code == "rung_crossed"
    assert caught.value.data == {"item": 1, "clock": "total", "cycle": 1, "level": 0}
    with store.read() as reader:
        assert list(reader.crossings()) == [first]


def test_rungs_come_in_the_order_of_their_entries(store: Store) -> None:
    """Another cycle, level, clock or item is another rung."""
    third = Crossing(1, "total", 1, 0, AT, AT, 3)
    others = [third._replace(seq=1, item=2), third._replace(seq=2, cycle=2), third._replace(seq=4, level=1)]
    last = third._replace(seq=5, clock="sign")
    with store.write() as writer:
        writer.put_crossings([third, last, *others])
    with store.read() as reader:
        assert [crossing.seq for crossing in reader.crossings()] == [1, 2, 3, 4, 5]
        assert [crossing.seq for crossing in reader.crossings(1)] == [2, 3, 4, 5]
        assert list(reader.crossings(9)) == []


def test_notices_are_kept_rewritten_and_found(store: Store) -> None:
    """By number, and by every condition that is given."""
    notices = [
        notice(1),
        notice(2, receiver="li", status="draft", release="leader", paper="督办单"),
        notice(3, item=2, acked_at=AT),
    ]
    with store.write() as writer:
        writer.put_notices(notices)
        assert writer.next_notice() == 4
        writer.put_notices([notices[1]._replace(status="released")])
    with store.read() as reader:
        assert reader.notice(2) == notices[1]._replace(status="released")
        assert reader.notice(9) is None

        def found(**asked: Any) -> list[int]:  # noqa: ANN401 - whatever the condition takes
            return [each.number for each in reader.notices(**asked)]

        assert found() == [1, 2, 3]
        assert found(receiver="zhang") == [1, 3]
        assert found(status="released") == [2]
        assert found(unseen=True) == [1, 2]
        assert found(item=2) == [3]
        assert found(receiver="zhang", unseen=True) == [1]
        assert found(receiver="nobody") == []


def test_a_reporter_is_kept_and_can_be_blanked(store: Store) -> None:
    """The last words count, so that a name can be erased."""
    with store.write() as writer:
        writer.put_reporter(Reporter(1, "salt", "张三", "138"))
    with store.read() as reader:
        assert reader.reporter(1) == Reporter(1, "salt", "张三", "138")
        assert reader.reporter(2) is None
    with store.write() as writer:
        writer.put_reporter(Reporter(1, "", "", ""))
    with store.read() as reader:
        assert reader.reporter(1) == Reporter(1, "", "", "")


# -- text that cannot be kept


def test_rows_of_several_new_items_are_kept_at_once(store: Store, make_row: MakeRow) -> None:
    """All of them, or none where one has another's serial; which one is said."""
    rows = [make_row(number) for number in range(1, 6)]
    with store.write() as writer:
        writer.put_rows(rows)
    with pytest.raises(Conflict) as caught, store.write() as writer:
        writer.put_rows([make_row(6), make_row(7, serial=rows[2].serial), make_row(8)])
    assert (caught.value.code, caught.value.data) == ("serial_taken", {"serial": rows[2].serial})
    with store.read() as reader:
        assert list(reader.rows(ItemQuery())) == rows


BAD = {"control": ("a\0b", "U+0000"), "surrogate": ("a\ud800", "U+D800")}


@pytest.mark.parametrize("why", BAD)
def test_text_that_cannot_be_kept_is_refused(store: Store, make_row: MakeRow, make_event: MakeEvent, why: str) -> None:
    """NUL and half characters raise an error that names the field, and nothing is kept."""
    bad, char = BAD[why]
    attempts: dict[str, Callable[[Any], object]] = {
        "decider": lambda writer: writer.append([make_event(1), make_event(1, decider=bad)]),
        "title": lambda writer: writer.put_row(make_row(2, title=bad)),
        "source": lambda writer: writer.put_rows([make_row(2), make_row(3, source=bad)]),
        "receiver": lambda writer: writer.put_notices([notice(1, receiver=bad)]),
        "clock": lambda writer: writer.put_crossings([Crossing(1, bad, 1, 0, AT, AT, 1)]),
        "contact": lambda writer: writer.put_reporter(Reporter(1, "", "", bad)),
        "value": lambda writer: writer.put_setting("name", bad),
        "text": lambda writer: writer.put_policy(Policy("definition", "siban", "0" * 64, bad)),
    }
    for field, attempt in attempts.items():
        with pytest.raises(Misused) as caught, store.write() as writer:
            attempt(writer)
        assert (caught.value.code, caught.value.data) == ("bad_text", {"field": field, "why": why, "char": char})
    with store.read() as reader:
        assert list(reader.events(ALL)) == []
        assert list(reader.rows(ItemQuery())) == []


def test_half_a_character_in_a_name_is_refused(store: Store) -> None:
    """A name from a terminal with another encoding is misuse, not a crash."""
    with pytest.raises(Misused, match="bad_text"), store.read() as reader:
        reader.resolve("\udce5")


# -- many at once


def test_writers_in_threads_wait_for_each_other(doors: Doors, make_row: MakeRow, make_event: MakeEvent) -> None:
    """Four threads count on one item, 25 steps each: no step is lost, and the chain is whole."""
    put(doors.open(), make_row(1, version=0))
    failures: list[BaseException] = []

    def work() -> None:
        store = doors.alone()
        try:
            for _ in range(25):
                with store.write() as writer:
                    row = writer.row(1) or make_row(1)
                    (event,) = writer.append([make_event(1)])
                    writer.put_row(row._replace(version=row.version + 1, last_seq=event.seq))
        except BaseException as error:  # noqa: BLE001 - shown in the main thread
            failures.append(error)
        finally:
            store.close()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with doors.open().read() as reader:
        row = reader.row(1)
        assert row is not None
        assert (row.version, row.last_seq) == (100, 100)
        assert first_broken(reader.events(ALL)) is None
