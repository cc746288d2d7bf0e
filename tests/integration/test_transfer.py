"""A whole database moved: the same rows, table by table, proved on the target before it has its name."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from engine.context import Hand
from engine.delivery import Delivery
from engine.errors import FaultsFound, Refused, Unavailable
from engine.seal import state_root
from interfaces.moving import move
from interfaces.sealing import make_seal, new_key, read_key
from storage import connection, transfer
from storage.schema import METADATA
from storage.sqlite import open_store
from tests.content import TABLES, content
from tests.integration.test_backup import NOW, comment
from tests.integration.test_migrations import objects
from tests.trial import HEAD

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="sealed")
def _sealed(book: Path, tmp_path: Path) -> Path:
    """The book with a seal, a setting that changed, and a notice on its way."""
    new_key(str(tmp_path / "key"), "test")
    with closing(open_store(book)) as store:
        make_seal(store, NOW, Hand(HEAD, HEAD), read_key(str(tmp_path / "key")))
        comment(store, "存证之后")
        with store.write() as writer:
            writer.put_setting("last_seen", str(NOW))
            writer.put_deliveries([Delivery(1, "office", HEAD, "k", NOW, 1, None, None, "没有送到")])
    return book


def root(path: Path) -> tuple[bytes, tuple[int, str]]:
    """Return the root of the present state and the record's head."""
    with closing(open_store(path)) as store, store.read() as reader:
        return state_root(reader), reader.head()


def test_there_and_back_every_table_is_the_same(sealed: Path, tmp_path: Path) -> None:
    """All nine tables with all their rows, schema and guards, numbers and serials; the same roots; open to its owner alone."""
    assert set(TABLES) == set(METADATA.tables)
    before = content(sealed, settings=True)
    assert all(before.values())  # the control: there is something in each of them
    there, back = tmp_path / "there.db", tmp_path / "back.db"
    moved = move(str(sealed), str(there))
    move(str(there), str(back))
    assert content(there, settings=True) == content(back, settings=True) == before
    assert moved.rows == {table: len(rows) for table, rows in before.items()}
    assert objects(there) == objects(sealed)
    assert root(there) == root(back) == root(sealed)
    assert moved.head == root(sealed)[1][1]
    assert there.stat().st_mode & 0o777 == 0o600
    with closing(open_store(there)) as store:  # and it goes on
        comment(store, "在新库里")
    assert not [name for name in os.listdir(tmp_path) if "moving" in name]  # noqa: PTH208 - names are enough


def test_to_look_writes_nothing(sealed: Path, tmp_path: Path) -> None:
    """The same counts, and no file."""
    there = tmp_path / "there.db"
    looked = move(str(sealed), str(there), dry_run=True)
    assert not there.exists()
    assert looked == move(str(sealed), str(there))


def test_the_target_must_be_new(sealed: Path, tmp_path: Path) -> None:
    """Neither a file, nor a journal that would be played into it, nor the source itself."""
    there = tmp_path / "there.db"
    there.write_text("我的文件")
    with pytest.raises(Refused, match="exists"):
        move(str(sealed), str(there))
    assert there.read_text() == "我的文件"
    there.rename(f"{there}-wal")
    with pytest.raises(Refused, match="exists"):
        move(str(sealed), str(there))
    with pytest.raises(Refused, match="copy_to_itself"):
        move(str(sealed), str(sealed))
    with pytest.raises(Unavailable, match="no_directory"):
        move(str(sealed), str(tmp_path / "none" / "there.db"))
    with pytest.raises(Unavailable, match="no_database"):
        move(str(tmp_path / "none.db"), str(tmp_path / "other.db"))


def test_what_arrives_otherwise_is_not_kept(sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is lost or changed on the way, in any table: the tables are named, and there is no target."""
    put = transfer.SqliteEnd.put

    def careless(self: transfer.SqliteEnd, table: transfer.Table, rows: list[transfer.Values]) -> None:
        kept = rows[:-1] if table.name == "notice" else rows
        put(self, table, [(*row[:-1], "x") if table.name == "reporter" else row for row in kept])

    monkeypatch.setattr(transfer.SqliteEnd, "put", careless)
    with pytest.raises(FaultsFound, match="copy_differs") as caught:
        move(str(sealed), str(tmp_path / "there.db"))
    faults = caught.value.data["faults"]
    assert isinstance(faults, list)
    assert [place for place, *_ in faults] == ["数据库 notice", "数据库 reporter"]
    assert not [name for name in os.listdir(tmp_path) if "there" in name]  # noqa: PTH208 - names are enough


def test_a_ledger_that_does_not_verify_does_not_arrive(sealed: Path, tmp_path: Path) -> None:
    """Faithfully copied, a fault is still a fault: the chain, the seals and the replay are looked at on the target."""
    with closing(connection.dbapi.connect(sealed)) as plain:
        plain.execute("UPDATE item SET title = '另一件' WHERE number = 2")
        plain.commit()
    with pytest.raises(FaultsFound, match="backup_faulty") as caught:
        move(str(sealed), str(tmp_path / "there.db"))
    assert "第 2 号事项" in str(caught.value.data["faults"])
    assert not (tmp_path / "there.db").exists()
