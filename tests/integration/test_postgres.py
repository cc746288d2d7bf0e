"""What only PostgreSQL has: guards against whoever may write, accounts, many writers at once, a connection that breaks."""

# ruff: noqa: S608 - the statements are ours

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors

from engine.chain import event_hash, first_broken
from engine.check import check
from engine.clock import DAY
from engine.context import Hand
from engine.errors import Conflict, Misused, Overtaken, Refused, Unavailable
from engine.office import Office
from engine.organisation import from_data
from engine.policy import PolicyShelf
from engine.row import Crossing, EventQuery, ItemQuery, Policy
from storage import postgres_soundness
from storage.postgres import open_store
from storage.postgres_connection import where
from storage.postgres_creation import create
from tests.integration.test_recurrence import Tasks
from tests.people import bureau
from tests.trial import CLERK, HEAD, RIVER, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.event import Event
    from engine.row import Row
    from tests.postgres import Server

    MakeRow = Callable[..., Row]
    MakeEvent = Callable[..., Event]
    Connection = psycopg.Connection[tuple[Any, ...]]

AT = 1_683_509_400_000_000
ROUNDS = 20


@pytest.fixture
def admin(postgres_url: str) -> Iterator[Connection]:
    """Connect as the owner, without the store."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


def login(server: Server, name: str, *groups: str) -> None:
    """Make an account in groups, unless it is there."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone():
            connection.execute(f'CREATE ROLE "{name}" LOGIN'.encode())
        for group in groups:
            connection.execute(f'GRANT {group} TO "{name}"'.encode())


# -- values written into messages


WORDS = (
    "",
    "'",
    "''; DROP SCHEMA siban; --",
    "\\",
    "\\'",
    "E'\\n'",
    "$1",
    "$$",
    "?1",
    "a\nb",
    "四办😀",
    "%s",
    "\ufffe",
)


def test_values_arrive_as_they_are(postgres_url: str) -> None:
    """Quotes, backslashes and marks of every kind, planned on the spot and prepared, also in lists; what cannot be said is refused."""
    with closing(open_store(postgres_url)) as store:
        for text in (*WORDS, "".join(WORDS)):
            for value in (text, 0, -1, 2**63 - 1, -(2**63), None):
                number = value if value != text else 7
                assert store.ask([("SELECT ?::text, ?::bigint", (text, number))]) == [[(text, number)]]
        assert store.ask([("SELECT ?::text[], ?::bigint[]", (list(WORDS), [3, -4]))]) == [[(list(WORDS), [3, -4])]]
        for wrong in ("a\0b", "\ud800", ["a\0b"]):
            with pytest.raises((psycopg.DataError, UnicodeEncodeError)):
                store.ask([("SELECT ?::text", (wrong,))])


# -- what the database itself refuses


_LIKE = "item, verb, result, effective_at, recorded_at, decider, enterer, basis, command_id, definition, calendar"

FORGERIES = {
    "update an entry": ("UPDATE siban.event SET verb = 'x'", "event_is_append_only"),
    "delete an entry": ("DELETE FROM siban.event", "event_is_append_only"),
    "empty the record": ("TRUNCATE siban.event", "event_is_append_only"),
    "leave a gap": (
        f"INSERT INTO siban.event SELECT seq + 2, {_LIKE}, body, hash, hash FROM siban.event WHERE seq = 2",
        "event_does_not_follow",
    ),
    "link to another": (
        f"INSERT INTO siban.event SELECT seq + 1, {_LIKE}, body, prev, hash FROM siban.event WHERE seq = 2",
        "event_does_not_follow",
    ),
    "body that is no JSON": (
        f"INSERT INTO siban.event SELECT seq + 1, {_LIKE}, '{{', hash, hash FROM siban.event WHERE seq = 2",
        "json",  # whatever the server's language
    ),
    "change a rung": ("UPDATE siban.rung SET planned_at = 1", "rung_is_a_fact"),
    "delete a rung": ("DELETE FROM siban.rung", "rung_is_a_fact"),
    "empty the rungs": ("TRUNCATE siban.rung", "rung_is_a_fact"),
    "change a policy": ("UPDATE siban.policy SET text = '[]'", "policy_is_kept"),
    "delete a policy": ("DELETE FROM siban.policy", "policy_is_kept"),
    "empty the policies": ("TRUNCATE siban.policy", "policy_is_kept"),
    "change a seal": ("UPDATE siban.seal SET note = 'x'", "seal_is_kept"),
    "take a seal away": ("DELETE FROM siban.seal", "seal_is_kept"),
    "empty the seals": ("TRUNCATE siban.seal", "seal_is_kept"),
    "pass over a seal": ("INSERT INTO siban.seal VALUES (3, 'x')", "seal_does_not_follow"),
}


@pytest.mark.parametrize("replica", [False, True], ids=["session", "replica"])
def test_the_database_refuses_what_rewrites_history(
    postgres_url: str,
    admin: Connection,
    make_event: MakeEvent,
    *,
    replica: bool,
) -> None:
    """Even its owner, and even one who plays a replica, for whom ordinary triggers are not asked."""
    with closing(open_store(postgres_url)) as store, store.write() as writer:
        writer.append([make_event(1), make_event(1)])
        writer.put_crossings([Crossing(1, "total", 1, 0, AT, AT, 1)])
        writer.put_policy(Policy("calendar", "cn", "0" * 64, "{}"))
        writer.put_seal("one\n")
    if replica:
        admin.execute("SET session_replication_role = replica")
    for statement, code in FORGERIES.values():
        with pytest.raises(psycopg.Error, match=code):
            admin.execute(statement.encode())
    with closing(open_store(postgres_url)) as store, store.read() as reader:
        assert len(list(reader.events(EventQuery()))) == 2


def test_an_officer_may_add_to_the_record_and_no_more(server: Server, postgres_url: str) -> None:
    """Nor can he switch the guards off, or say which account is whose."""
    login(server, "clerk", "siban_officer")
    url = postgres_url.replace("siban_admin", "clerk")
    for statement in (
        "UPDATE siban.event SET verb = 'x'", "DELETE FROM siban.event", "TRUNCATE siban.event",
        "ALTER TABLE siban.event DISABLE TRIGGER ALL", "DROP TABLE siban.event", "UPDATE siban.rung SET seq = 1",
        "DELETE FROM siban.item", "DELETE FROM siban.policy", "UPDATE siban.policy SET text = ''",
        "INSERT INTO siban.account VALUES ('o01', 'clerk')", "SET session_replication_role = replica",
        "CREATE TABLE siban.own (x int)",
    ):  # fmt: skip
        with psycopg.connect(url, autocommit=True) as clerk, pytest.raises(errors.InsufficientPrivilege):
            clerk.execute(statement.encode())
    with psycopg.connect(url, autocommit=True) as clerk:
        assert clerk.execute("SELECT count(*) FROM siban.event").fetchone() == (0,)


def test_guards_that_are_gone_are_found(admin: Connection) -> None:
    """Missing, not in force, changed: `audit verify` and `doctor` name them."""
    assert list(postgres_soundness.faults(admin)) == []
    admin.execute("DROP TRIGGER event_stays ON siban.event")
    admin.execute("ALTER TABLE siban.rung DISABLE TRIGGER rung_keeps")
    admin.execute("ALTER TABLE siban.seal ENABLE TRIGGER seal_keeps")  # not for a replica any more
    admin.execute(
        "CREATE OR REPLACE FUNCTION siban.stays() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
    )
    assert [place for place, *_ in postgres_soundness.faults(admin)] == [
        "database event_stays", "database rung_keeps", "database seal_keeps", "database stays"
    ]  # fmt: skip


# -- whose account


@pytest.fixture
def real(postgres_url: str, admin: Connection) -> Ledger:
    """Make a real database with an item in it, where each officer's account has his id as its name."""
    with closing(open_store(postgres_url)) as store:
        ledger = Ledger(store)
        everybody = from_data(bureau()).text
        ledger.office.put_policy("organisation", "bureau", everybody, Hand("db:siban_admin", "db:siban_admin"))
        ledger.register(title="河道漂浮垃圾")
    admin.execute("UPDATE siban.meta SET value = '0' WHERE name = 'trial'")
    return ledger


def test_an_entry_is_by_whose_account_it_is(server: Server, postgres_url: str, real: Ledger) -> None:
    """The organisation in force says which account is whose; the database refuses any other name, and stamps the account."""
    for name in (CLERK, RIVER):
        login(server, name, "siban_officer")
    own = postgres_url.replace("siban_admin", CLERK)
    with closing(open_store(own)) as store:
        office = Office(store, real.time)
        office.remark([1], "comment", {"text": "催一下"}, Hand(CLERK, CLERK))
        office.remark([1], "comment", {"text": "代录"}, Hand(RIVER, CLERK, '{"kind":"paper"}'))  # entered for another
        for stranger in (RIVER, "db:siban_admin", "os:test", ""):
            with pytest.raises(Unavailable, match="entry_of_another"):
                office.remark([1], "comment", {"text": "冒名"}, Hand(CLERK, stranger))
        office.tick()  # what comes due by itself is nobody's
    with psycopg.connect(own) as clerk:
        found = clerk.execute("SELECT enterer, account FROM siban.event WHERE verb = 'comment' ORDER BY seq").fetchall()
    assert found == [(CLERK, CLERK), (CLERK, CLERK)]
    with closing(open_store(postgres_url)) as store:
        office = Office(store, real.time)
        moved = from_data(bureau(**{CLERK: {"os_user": "somebody_else"}})).text
        office.put_policy("organisation", "bureau", moved, Hand("db:siban_admin", "db:siban_admin"))
        with store.read() as reader:
            assert check(reader, PolicyShelf()) == []
    with closing(open_store(own)) as store, pytest.raises(Unavailable, match="entry_of_another"):
        Office(store, real.time).remark([1], "comment", {"text": "催一下"}, Hand(CLERK, CLERK))


# -- many at once


def test_entries_never_go_back_in_time(postgres_url: str, make_event: MakeEvent) -> None:
    """Who began first and comes last takes the moment of whoever was in between; alone, an entry keeps its own."""
    with closing(open_store(postgres_url)) as ours, closing(open_store(postgres_url)) as theirs:
        with ours.write() as writer:
            assert writer.last_at() == 0
            with theirs.write() as other:
                other.append([make_event(2, recorded_at=AT + 7)])
            first, second = writer.append([make_event(1, recorded_at=AT), make_event(1, recorded_at=AT + 9)])
            assert (first.recorded_at, second.recorded_at) == (AT + 7, AT + 9)
            assert event_hash(first) == first.hash
        with ours.write() as writer:
            assert writer.append([make_event(3, recorded_at=AT)])[0].recorded_at == AT
        with ours.read() as reader:
            assert first_broken(reader.events(EventQuery())) is None


def test_who_takes_items_crosswise_is_told_to_begin_again(postgres_url: str, make_row: MakeRow) -> None:
    """One of two goes on, the other is overtaken: nothing of it is kept."""
    with closing(open_store(postgres_url)) as store, store.write() as writer:
        for number in (1, 2):
            writer.put_row(make_row(number))
    gate, ended = threading.Barrier(2, timeout=30), []

    def work(first: int, second: int) -> None:
        with closing(open_store(postgres_url)) as store:
            try:
                with store.write() as writer:
                    writer.put_row(make_row(first, state=f"by {first}"))
                    writer.row(first)
                    gate.wait()
                    writer.row(second)
                ended.append("kept")
            except Overtaken:
                ended.append("overtaken")

    threads = [threading.Thread(target=work, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["kept", "overtaken"]
    with closing(open_store(postgres_url)) as store, store.read() as reader:
        assert sum(row.state.startswith("by") for row in reader.rows(ItemQuery())) == 1


def test_who_registers_and_who_has_an_item_do_not_wait_for_each_other(
    postgres_url: str, make_row: MakeRow, admin: Connection
) -> None:
    """Numbers and an item, taken crosswise: one begins again at once, and then waits in the common order; no deadlock has to be found."""
    ended: list[str] = []
    with closing(open_store(postgres_url)) as one, closing(open_store(postgres_url)) as other:
        with one.write() as writer:
            writer.put_row(make_row(1))

        def bring_forth() -> None:
            with one.write([1]) as acting:
                assert acting.item(1)
                acting.next_item()  # alone so far, it has the record: it does not wait

        def crosswise() -> None:
            with other.write() as registering:
                assert registering.next_item() == 2
                with pytest.raises(Overtaken):
                    bring_forth()
                with one.write([1]) as acting:
                    assert acting.item(1)  # the record comes last this time
                    registering.item(1)  # whoever has the numbers does not wait for an item either

        with pytest.raises(Overtaken):
            crosswise()

        def again() -> None:
            with other.write() as writer:
                writer.next_item()
                assert writer.item(1)
            ended.append("registered")

        with one.write([1]) as acting:
            assert acting.item(1)
            waiting = threading.Thread(target=again)
            waiting.start()
            end = time.monotonic() + 10
            while not admin.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
                assert time.monotonic() < end
            assert acting.next_item() == 2  # who waits has none of the numbers: the item comes first now
            ended.append("acted")
        waiting.join(10)
    assert ended == ["acted", "registered"]


def test_a_series_that_is_acted_on_while_others_register_costs_no_deadlock(
    postgres_url: str, admin: Connection
) -> None:
    """What comes round is numbered in the midst of an act, others register: each keeps what it did, and the server found no deadlock."""
    with closing(open_store(postgres_url)) as store:
        tasks = Tasks(store)
        series = tasks.series(every="1w")
        begun = tasks.time.now()
        told: list[int] = []
        ended = threading.Event()

        def register() -> None:
            with closing(open_store(postgres_url)) as own:
                office = Office(own, tasks.time)
                while not ended.is_set():
                    sheet: dict[str, object] = {"title": "一件", "source": "study"}
                    told.append(office.register("siban", [(sheet, None)], Hand("o13", "o13"))[0].after.number)

        thread = threading.Thread(target=register)
        thread.start()
        for week in range(1, 16):
            tasks.time.set(begun + 7 * week * DAY)
            tasks.office.remark([series], "comment", {"text": f"第{week}周"}, Hand(HEAD, HEAD))
        ended.set()
        thread.join()
        assert len(set(told)) == len(told) > 0
        assert len(tasks.instances()) == 2 * 16
        with store.read() as reader:
            assert check(reader, PolicyShelf()) == []
    found = admin.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    assert found == (0,)


def test_named_items_are_taken_in_order(postgres_url: str, make_row: MakeRow) -> None:
    """Whatever the order in which they are named: two never wait for each other."""
    with closing(open_store(postgres_url)) as store, store.write() as writer:
        for number in range(1, 9):
            writer.put_row(make_row(number, version=0))
    failures: list[BaseException] = []

    def work(numbers: list[int]) -> None:
        try:
            with closing(open_store(postgres_url)) as store:
                for _ in range(ROUNDS):
                    with store.write(numbers) as writer:
                        for number in numbers:
                            row = writer.row(number)
                            assert row
                            writer.put_row(row._replace(version=row.version + 1))
        except BaseException as error:  # noqa: BLE001 - shown in the main thread
            failures.append(error)

    orders = [list(range(1, 9)), list(range(8, 0, -1)), [3, 1, 7, 2, 8, 5, 4, 6]]
    threads = [threading.Thread(target=work, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with closing(open_store(postgres_url)) as store, store.read() as reader:
        assert {row.version for row in reader.rows(ItemQuery())} == {3 * ROUNDS}


def test_the_same_command_twice_at_once_is_done_once(postgres_url: str, make_event: MakeEvent) -> None:
    """The second waits until the first has ended, and then finds its entries."""
    first, second = open_store(postgres_url), open_store(postgres_url)
    found: list[int] = []

    def again() -> None:
        with closing(second), second.write() as writer:
            found.append(len(writer.command("once")))

    thread = threading.Thread(target=again)
    with closing(first), first.write() as writer:
        assert writer.command("once") == []
        writer.append([make_event(1, command_id="once")])
        thread.start()
    thread.join()
    assert found == [1]


def test_a_heartbeat_passes_over_what_another_has_in_hand(postgres_url: str, make_row: MakeRow) -> None:
    """Two beats share the work; a beat does not wait for an officer."""
    with closing(open_store(postgres_url)) as ours, closing(open_store(postgres_url, seconds=0.2)) as theirs:
        with ours.write() as writer:
            for number in range(1, 5):
                writer.put_row(make_row(number, next_at=AT + number))
        with ours.write() as writer:
            assert writer.due(AT + 9, 2) == [1, 2]
            with theirs.write() as other:
                assert other.due(AT + 9, 9) == [3, 4]
        with ours.write([2]) as writer, theirs.write() as other:
            assert writer.row(2)
            assert other.due(AT + 9, 9) == [1, 3, 4]


def test_a_change_of_policy_waits_for_acts_and_acts_for_it(postgres_url: str, make_row: MakeRow) -> None:
    """Neither begins while the other is under way."""
    with closing(open_store(postgres_url)) as ours, closing(open_store(postgres_url, seconds=0.2)) as theirs:
        with ours.write([1]) as writer:
            writer.put_row(make_row(1))
            writer.row(1)
            with pytest.raises(Unavailable, match="held"), theirs.write(alone=True) as other:
                other.current_hashes()
        with ours.write(alone=True) as writer:
            writer.current_hashes()
            with pytest.raises(Unavailable, match="held"), theirs.write([1]) as other:
                other.row(1)
            with theirs.read() as reader:
                assert reader.row(1)


def test_an_overtaken_command_is_done_again(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Office begins anew, from what is then the case; after ten times in vain it says so."""
    with closing(open_store(postgres_url)) as store:
        ledger = Ledger(store)
        number = ledger.register(title="一件")
        ledger.act("o11", "accept", number)
        flushed = store.write
        tries: list[int] = []

        def overtaken(*items: Any, **how: Any) -> Any:  # noqa: ANN401 - as `write` has it
            tries.append(1)
            if len(tries) < 3:
                raise Overtaken("overtaken")
            return flushed(*items, **how)

        monkeypatch.setattr(store, "write", overtaken)
        ledger.office.remark([number], "comment", {"text": "催一下"}, Hand(CLERK, CLERK))
        assert len(tries) == 3
        monkeypatch.setattr(store, "write", lambda *_a, **_k: (_ for _ in ()).throw(Overtaken("overtaken")))
        with pytest.raises(Overtaken):
            ledger.office.remark([number], "comment", {"text": "催一下"}, Hand(CLERK, CLERK))
    with closing(open_store(postgres_url)) as store, store.read() as reader:
        assert sum(event.verb == "comment" for event in reader.events(EventQuery())) == 1
        assert check(reader, PolicyShelf()) == []


# -- a connection that breaks


def test_a_lost_connection_is_said_and_made_anew(postgres_url: str, admin: Connection, make_row: MakeRow) -> None:
    """In the middle nothing is kept; the next transaction has a new connection."""
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with closing(open_store(postgres_url)) as store:
        with pytest.raises(Unavailable) as caught, store.write() as writer:  # noqa: PT012 - one transaction
            writer.put_row(make_row(1))
            writer.row(1)
            admin.execute(kill)
            writer.row(2)
        assert caught.value.code == "connection_lost"
        with pytest.raises(Unavailable) as caught, store.write() as writer:  # noqa: PT012 - one transaction
            writer.put_row(make_row(1))
            writer.row(1)
            admin.execute(kill)
        assert caught.value.code == "commit_unanswered"  # a commit that was not answered
        with store.write() as writer:
            assert writer.row(1) is None


def test_what_cannot_be_opened_says_why(server: Server, postgres_url: str, admin: Connection) -> None:
    """Each with its own code, and no word of a password."""
    login(server, "nobody_in_particular")
    admin.execute("COMMENT ON SCHEMA siban IS 'siban schema 99'")
    here = f"?host={server.folder}"
    for url, code in {
        "postgresql://x:geheim@127.0.0.1:1/o": "no_server",
        f"postgresql://unknown@/postgres{here}": "no_login",
        f"postgresql://siban_admin@/nowhere{here}": "no_such_database",
        f"postgresql://siban_admin@/postgres{here}": "not_founded",
        f"postgresql://nobody_in_particular@/office{here}": "not_permitted",
        postgres_url: "newer_schema",
    }.items():
        with pytest.raises(Unavailable) as caught:
            open_store(url)
        assert caught.value.code == code
        assert "geheim" not in str(caught.value)
    for url in (
        "postgresql://x:ge/heim@h:p/o",
        "postgresql://x@h/o?nonsense=1",
        "postgresql://[::1/o",
        "postgresql://x:y@h:port/o",
    ):
        with pytest.raises(Misused, match="bad_url"):
            open_store(url)
    assert (
        where("postgresql://zhang:geheim@db.office:5433/siban?sslmode=require") == "postgresql://db.office:5433/siban"
    )


def test_a_database_is_made_once_and_whole(server: Server) -> None:
    """There already: refused. Without the right to make anything: refused, and nothing is there."""
    url = server.url(server.new())
    create(url, {"trial": "1"})
    with pytest.raises(Refused, match="exists"):
        create(url, {"trial": "1"})
    login(server, "guest")
    with pytest.raises(Unavailable, match="not_permitted"):
        create(server.url(server.new(), "guest"), {})


def test_a_rung_crossed_elsewhere_is_told_by_its_name(postgres_url: str) -> None:
    """The unique key has the last word, whatever the transaction saw."""
    crossing = Crossing(7, "总 计, 时", 2, 1, AT, AT, 1)
    ours, theirs = open_store(postgres_url), open_store(postgres_url)
    with closing(ours), closing(theirs), pytest.raises(Conflict) as caught, ours.write() as writer:  # noqa: PT012 - one transaction
        assert list(writer.crossings()) == []
        with theirs.write() as other:
            other.put_crossings([crossing])
        writer.put_crossings([crossing])
    assert caught.value.code == "rung_crossed"
    assert caught.value.data == {"item": 7, "clock": "总 计, 时", "cycle": 2, "level": 1}


def test_durability_is_not_a_setting_of_the_account(server: Server) -> None:
    """An account for which commits are not waited for still waits for them here."""
    login(server, "hasty", "siban_officer")
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("ALTER ROLE hasty SET synchronous_commit = off")
    with closing(open_store(server.url("office", "hasty"))) as store:
        assert store.connection.execute(b"SHOW synchronous_commit").fetchone() == ("on",)
        assert store.account == ("hasty", False)
