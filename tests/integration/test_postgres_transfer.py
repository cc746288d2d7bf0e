"""A whole database moved to a server and back: the same rows, nothing half, and the guards awake again."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest

from engine.clock import DAY
from engine.errors import Conflict, FaultsFound, Misused, Refused, Unavailable
from engine.seal import state_root
from interfaces import moving
from interfaces.keeping import back_up, is_due
from interfaces.moving import move
from storage import connection, transfer
from storage.place import open_store
from storage.postgres_soundness import faults
from storage.postgres_transfer import PostgresEnd
from tests.content import content
from tests.integration.test_backup import NOW, comment
from tests.integration.test_transfer import _sealed  # noqa: F401 - a fixture
from tests.postgres import ADMIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.postgres import PostgresStore
    from tests.postgres import Server


def root(place: str) -> tuple[bytes, tuple[int, str]]:
    """Return the root of the present state and the record's head."""
    with closing(open_store(place)) as store, store.read() as reader:
        return state_root(reader), reader.head()


def empty(url: str) -> bool:
    """Whether a database holds no schema of ours."""
    with psycopg.connect(url) as plain:
        return plain.execute("SELECT to_regnamespace('siban')").fetchone() == (None,)


@pytest.mark.parametrize("trial", ["1", "0"])
def test_to_a_server_and_back_every_table_is_the_same(
    book: Path, tmp_path: Path, server: Server, request: pytest.FixtureRequest, trial: str
) -> None:
    """Also a real ledger, whose entries were made by accounts that the server does not know; from server to server too."""
    if trial == "1":
        request.getfixturevalue("sealed")
    else:
        with closing(connection.dbapi.connect(book)) as plain:
            plain.execute("UPDATE meta SET value = '0' WHERE name = 'trial'")
            plain.commit()
    before = content(book, settings=True)
    there, other = server.url(server.new()), server.url(server.new())
    moved = move(str(book), there)
    assert moved.rows == {table: len(rows) for table, rows in before.items()}
    move(there, other)
    back = tmp_path / "back.db"
    assert move(other, str(back)).head == moved.head
    assert content(back, settings=True) == before
    assert root(there) == root(other) == root(str(book))
    with psycopg.connect(there, cursor_factory=psycopg.RawCursor) as plain:
        assert list(faults(plain)) == []
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):  # the guards are awake
            plain.execute(b"DELETE FROM siban.event")
    with psycopg.connect(there) as plain, pytest.raises(psycopg.Error, match="event_does_not_follow"):
        plain.execute("INSERT INTO siban.event SELECT * FROM siban.event WHERE seq = 2")


def accounts(url: str) -> list[tuple[str, int]]:
    """Return by which account how many entries were made."""
    with psycopg.connect(url) as plain:
        found = plain.execute("SELECT account, count(*) FROM siban.event GROUP BY 1 ORDER BY 1").fetchall()
    return [(str(account), int(count)) for account, count in found]


def test_the_account_of_an_entry_goes_from_server_to_server(sealed: Path, server: Server) -> None:
    """What comes from a file stands under whoever brought it; what a server knew stays known, and new entries bear their own."""
    there, other = server.url(server.new()), server.url(server.new())
    entries = move(str(sealed), there).rows["event"]
    assert accounts(there) == [(ADMIN, entries)]
    with psycopg.connect(there) as plain:  # as if an officer had entered one of them
        plain.execute("ALTER TABLE siban.event DISABLE TRIGGER event_stays")
        plain.execute("UPDATE siban.event SET account = 'fangwj' WHERE seq = 3")
        plain.execute("ALTER TABLE siban.event ENABLE ALWAYS TRIGGER event_stays")
    move(there, other)
    assert accounts(other) == [("fangwj", 1), (ADMIN, entries - 1)]
    with closing(open_store(other)) as store:
        comment(store, "在新库里")
    assert accounts(other) == [("fangwj", 1), (ADMIN, entries)]


def test_while_others_write_it_is_one_moment(
    sealed: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is entered while rows are fetched belongs to the next copy, whole."""
    there = server.url(server.new())
    entries = move(str(sealed), there).rows["event"]
    rows = PostgresEnd.rows

    def busy(self: PostgresEnd, table: transfer.Table) -> Iterator[transfer.Values]:
        if table.name == "event":
            with closing(open_store(there)) as store:
                comment(store, "正在搬的时候")
        return rows(self, table)

    with monkeypatch.context() as patch:
        patch.setattr(PostgresEnd, "rows", busy)
        assert move(there, str(tmp_path / "during.db")).rows["event"] == entries
    assert move(there, str(tmp_path / "after.db")).rows["event"] > entries


def test_what_a_killed_move_left_is_no_ledger_and_goes_with_the_next(
    sealed: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after its rows are kept and before they are proved; while it lives, a second one into the same place waits its turn."""
    there = server.url(server.new())

    def second(_store: PostgresStore, _named: str) -> None:
        with pytest.raises(Conflict, match="another_move"):
            move(str(sealed), there)
        with psycopg.connect(there, autocommit=True) as killer:
            killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks"
                " WHERE locktype = 'advisory' AND objid = 5 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(moving, "_proved_there", second)
        with pytest.raises(BaseException):  # noqa: B017, PT011 - whatever the dying says
            move(str(sealed), there)
    assert not empty(there)
    with pytest.raises(Unavailable, match="foreign_database"):
        open_store(there)
    assert move(str(sealed), there).rows["event"]
    assert root(there) == root(str(sealed))


def test_a_backup_of_a_server_is_a_file_that_was_read_back(
    sealed: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named, thinned and remembered as a file's is; due again when something was entered; what does not verify is not kept."""
    there, kept = server.url(server.new()), tmp_path / "kept"
    move(str(sealed), there)
    with closing(open_store(there)) as store:
        with pytest.raises(Misused, match="backup_needs_place"):
            back_up(store, there, None, NOW)
        made = [back_up(store, there, f"{kept}/", NOW + n * DAY, keep=2) for n in range(3)]
        assert [len(one.deleted) for one in made] == [0, 0, 1]
        assert not is_due(store, kept, NOW + 3 * DAY)
        comment(store, "备份之后")
        assert is_due(store, kept, NOW + 3 * DAY)
        names = sorted(os.listdir(kept))  # noqa: PTH208 - names are enough
        assert len(names) == 2
        assert all(name.endswith(".backup.db") for name in names)
        monkeypatch.setattr(
            moving, "_proved", lambda *_: (_ for _ in ()).throw(FaultsFound("backup_faulty", path="", faults=[]))
        )
        with pytest.raises(FaultsFound):
            back_up(store, there, f"{kept}/", NOW + 4 * DAY, keep=2)
    assert sorted(os.listdir(kept)) == names  # noqa: PTH208 - as above
    assert made[-1].head == root(str(kept / names[-1]))[1][1]


def test_what_is_there_stays(sealed: Path, server: Server) -> None:
    """A database that has our schema already, or none at all."""
    there = server.url(server.new("office"))
    before = root(there)
    with pytest.raises(Refused, match="exists"):
        move(str(sealed), there)
    assert root(there) == before
    with pytest.raises(Refused, match="copy_to_itself"):
        move(there, there)
    with pytest.raises(Unavailable, match="no_such_database"):
        move(str(sealed), server.url("nowhere"))


def test_to_look_writes_nothing(sealed: Path, server: Server) -> None:
    """The same counts, and no schema."""
    there = server.url(server.new())
    looked = move(str(sealed), there, dry_run=True)
    assert empty(there)
    assert looked == move(str(sealed), there)


def test_cut_off_or_careless_it_leaves_nothing(sealed: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that breaks in the middle, rows that arrive otherwise, a ledger that does not verify: no schema."""
    there, put = server.url(server.new()), PostgresEnd.put

    def broken(self: PostgresEnd, table: transfer.Table, rows: list[transfer.Values]) -> None:
        put(self, table, rows)
        if table.name == "item":
            with psycopg.connect(there, autocommit=True) as killer:
                killer.execute("SELECT pg_terminate_backend(%s)", (self._connection.info.backend_pid,))

    def careless(self: PostgresEnd, table: transfer.Table, rows: list[transfer.Values]) -> None:
        put(self, table, rows[:-1] if table.name == "notice" else rows)

    for wrong, error in ((broken, Unavailable), (careless, FaultsFound)):
        monkeypatch.setattr(PostgresEnd, "put", wrong)
        with pytest.raises(error):
            move(str(sealed), there)
        assert empty(there)
    monkeypatch.setattr(PostgresEnd, "put", put)
    with closing(connection.dbapi.connect(sealed)) as plain:
        plain.execute("UPDATE item SET title = '另一件' WHERE number = 2")
        plain.commit()
    with pytest.raises(FaultsFound, match="backup_faulty"):
        move(str(sealed), there)
    assert empty(there)
