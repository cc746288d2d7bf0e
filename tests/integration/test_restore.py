"""A restore: what would be lost is said and asked for, whom one had to forget stays forgotten, and it is one step or none."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from engine.clock import DAY, SteppedTime, parse_instant
from engine.context import Hand
from engine.errors import Conflict, FaultsFound, Refused, Unavailable
from engine.office import Office
from engine.privacy import is_erased
from engine.row import EventQuery
from interfaces.heartbeat import only_one
from interfaces.keeping import UNREADABLE, back_up, verified
from interfaces.restoring import Plan, look, restore
from storage import connection
from storage.creation import create
from storage.lock import FileLock
from storage.sqlite import open_store
from tests.content import content
from tests.integration.test_backup import HAND, NOW, comment, killed, process, said
from tests.trial import HEAD


@pytest.fixture(name="kept")
def _kept(book: Path, tmp_path: Path) -> Path:
    """A backup of the book, after which it went on by three entries."""
    with closing(open_store(book)) as store:
        made = back_up(store, str(book), str(tmp_path / "kept.db"), NOW)
        for number in range(3):
            comment(store, f"备份之后第 {number} 条")
    return Path(made.path)


def head(path: Path) -> tuple[int, str]:
    """Return number and hash of the last entry."""
    with closing(open_store(path)) as store, store.read() as reader:
        return reader.head()


def files(folder: Path) -> set[str]:
    """Return the names in a folder but of lock files, which stay, and of what a reader needs beside a log."""
    return {file.name for file in folder.iterdir() if not file.name.endswith((".lock", ".serve", "db-wal", "db-shm"))}


def test_what_would_be_lost_is_said_and_asked_for(book: Path, kept: Path) -> None:
    """Three entries, with numbers and moments; nothing is done before somebody agrees, or when one only looks."""
    before, number = content(book, settings=True), head(book)[0]
    plan = look(str(book), str(kept))
    assert (plan.lost, plan.gained, plan.same, plan.present) == (3, 0, True, "readable")
    assert plan.first is not None
    assert plan.last is not None
    assert (plan.first.seq, plan.last.seq) == (number - 2, number)
    with pytest.raises(Refused) as caught:
        restore(str(book), str(kept), HAND, NOW)
    assert (caught.value.code, caught.value.data["lost"], caught.value.data["numbers"]) == (
        "entries_lost",
        3,
        f"{number - 2}-{number}",
    )
    assert content(book, settings=True) == before
    assert files(book.parent) == {"office.db", "kept.db"}


def test_it_takes_the_place_and_the_file_before_stays(book: Path, kept: Path) -> None:
    """The restored ledger is the backup with one entry more, which says what was lost; the old file is whole, under a name."""
    before, backed, lost_head = content(book), content(kept), head(book)[1]
    done = restore(str(book), str(kept), HAND, NOW, discard_newer=True)
    assert content(Path(done.aside)) == before
    after = content(book)
    assert after["event"][:-1] == backed["event"]
    with closing(open_store(book)) as store, store.read() as reader:
        (entry,) = reader.events(EventQuery(verb="restore"))
    assert entry.enterer == "os:root"
    assert f'"lost":3,"lost_head":"{lost_head}"' in entry.body
    assert {table: rows for table, rows in after.items() if table != "event"} == {
        table: rows for table, rows in backed.items() if table != "event"
    }
    assert files(book.parent) == {"office.db", "kept.db", Path(done.aside).name}
    assert book.stat().st_mode & 0o777 == 0o600
    verified(book, "")


def test_nothing_is_lost_where_nothing_came_after(book: Path, tmp_path: Path) -> None:
    """The backup is the head: no need to agree to anything."""
    with closing(open_store(book)) as store:
        made = back_up(store, str(book), str(tmp_path / "kept.db"), NOW)
    assert restore(str(book), made.path, HAND, NOW).plan.lost == 0


def test_a_reporter_erased_since_is_erased_again(book: Path, tmp_path: Path) -> None:
    """By the same decider for the same reason, on record, and the ledger still verifies; others stay."""
    with closing(open_store(book)) as store:
        made = back_up(store, str(book), str(tmp_path / "kept.db"), NOW)
        office = Office(store, SteppedTime(NOW + DAY))
        assert office.redact(1, "本人要求", Hand(HEAD, HEAD))
    done = restore(str(book), made.path, HAND, NOW + DAY, discard_newer=True)
    assert [event.item for event in done.plan.erased] == [1]
    with closing(open_store(book)) as store, store.read() as reader:
        gone = {reporter.item for reporter in reader.reporters() if is_erased(reporter)}
        (entry,) = reader.events(EventQuery(verb="redact"))
        assert (gone, entry.item, entry.decider, entry.enterer) == ({1}, 1, HEAD, "os:root")
        assert "本人要求" in entry.body
        assert len(list(reader.reporters())) == 3
    verified(book, "")
    assert "陈女士".encode() not in book.read_bytes()
    assert "陈女士".encode() in Path(made.path).read_bytes()  # the control: the backup does hold her


def test_another_history_or_another_database_needs_a_word_of_its_own(book: Path, kept: Path, tmp_path: Path) -> None:
    """`discard_newer` alone is not enough where the backup went another way, or was never this database's."""
    with closing(open_store(kept)) as store:
        comment(store, "另一条路")
    plan = look(str(book), str(kept))
    assert (plan.lost, plan.gained) == (3, 1)
    with pytest.raises(Refused, match="histories_differ"):
        restore(str(book), str(kept), HAND, NOW, discard_newer=True)
    with pytest.raises(Refused, match="entries_lost"):
        restore(str(book), str(kept), HAND, NOW, other_history=True)
    stranger = tmp_path / "stranger.db"
    create(stranger, {"trial": "1", "installation": "another"})
    with pytest.raises(Refused, match="another_database"):
        restore(str(book), str(stranger), HAND, NOW, discard_newer=True)
    real = tmp_path / "real.db"
    create(real, {"trial": "0", "installation": "test"})
    with pytest.raises(Refused, match="trial_differs"):
        restore(str(book), str(real), HAND, NOW, discard_newer=True, other_history=True)
    done = restore(str(book), str(kept), HAND, NOW, discard_newer=True, other_history=True)
    assert done.aside
    verified(book, "")


def test_a_backup_ahead_of_a_ledger_that_was_cut_brings_it_back(book: Path, kept: Path) -> None:
    """The present file is the older one: nothing is lost, and nothing need be agreed to."""
    newer = kept.with_name("newer.db")
    with closing(open_store(book)) as store:
        back_up(store, str(book), str(newer), NOW)
    restore(str(book), str(kept), HAND, NOW, discard_newer=True)
    book.unlink()
    shutil.copy(kept, book)
    plan = look(str(book), str(newer))
    assert (plan.lost, plan.gained) == (0, 3)
    assert restore(str(book), str(newer), HAND, NOW).plan.gained == 3


@pytest.mark.parametrize("how", ["zeroed", "cut", "newer"])
def test_a_ledger_that_cannot_be_read_can_be_replaced(book: Path, kept: Path, how: str) -> None:
    """That is what backups are for. What is lost cannot be known, so somebody has to say so; the wreck is kept with its log."""
    with closing(open_store(book)) as store:
        comment(store, "还在日志里")
        log = Path(f"{book}-wal").read_bytes() if connection.journal()[0] == "wal" else b""
        data = book.read_bytes()
        if how == "newer":
            store.connection.execute("PRAGMA user_version = 99")
    if how != "newer":
        book.write_bytes(bytes(100) + data[100:] if how == "zeroed" else data[: len(data) // 2 + 17])
        Path(f"{book}-wal").write_bytes(log)
    wreck = book.read_bytes()
    assert look(str(book), str(kept)) == Plan(*verified(kept, ""), present="unreadable")
    with pytest.raises(Refused, match="unreadable_now"):
        restore(str(book), str(kept), HAND, NOW)
    assert book.read_bytes() == wreck
    done = restore(str(book), str(kept), HAND, NOW, discard_newer=True)
    if how != "newer":
        assert Path(done.aside).read_bytes() == wreck
        assert Path(f"{done.aside}-wal").read_bytes() == log
    verified(book, "")


def test_somebody_elses_file_is_never_replaced(book: Path, kept: Path) -> None:
    """Another program's database is not a ledger that went wrong."""
    book.unlink()
    with closing(connection.dbapi.connect(book)) as plain:
        plain.execute("CREATE TABLE theirs (x)")
    before = book.read_bytes()
    with pytest.raises(Unavailable, match="foreign_database"):
        restore(str(book), str(kept), HAND, NOW, discard_newer=True, other_history=True)
    assert book.read_bytes() == before
    assert "foreign_database" not in UNREADABLE


def test_a_backup_that_does_not_verify_is_not_restored(book: Path, kept: Path, tmp_path: Path) -> None:
    """Tampered with, cut, of another program, of tomorrow, or no file at all: the ledger stays as it is."""
    before = content(book, settings=True)
    tampered = tmp_path / "tampered.db"
    shutil.copy(kept, tampered)
    with closing(connection.dbapi.connect(tampered)) as plain:
        plain.execute("UPDATE item SET title = '另一件' WHERE number = 2")
        plain.commit()
        plain.execute("PRAGMA journal_mode = DELETE")
    with pytest.raises(FaultsFound, match="backup_faulty") as caught:
        restore(str(book), str(tampered), HAND, NOW, discard_newer=True)
    assert len(str(caught.value.data["faults"])) > 0
    cut = tmp_path / "cut.db"
    cut.write_bytes(kept.read_bytes()[:-4096])
    with pytest.raises(FaultsFound, match="backup_faulty"):
        restore(str(book), str(cut), HAND, NOW, discard_newer=True)
    newer = tmp_path / "newer.db"
    shutil.copy(kept, newer)
    with closing(connection.dbapi.connect(newer)) as plain:
        plain.execute("PRAGMA user_version = 99")
    for place, code in ((newer, "newer_schema"), (tmp_path / "none.db", "no_backup"), (Path(__file__), "not_a")):
        with pytest.raises(Unavailable, match=code):
            restore(str(book), str(place), HAND, NOW, discard_newer=True)
    with pytest.raises(Refused, match="restore_itself"):
        restore(str(book), str(book), HAND, NOW)
    assert content(book, settings=True) == before


def test_it_waits_for_nobody(book: Path, kept: Path) -> None:
    """Who has the ledger open, writes to it, or serves it: the restore is refused at once and nothing is changed."""
    before = content(book, settings=True)
    with closing(FileLock(str(book), "siban tick")) as lock:
        lock.take(1)
        with pytest.raises(Unavailable, match="locked") as caught:
            restore(str(book), str(kept), HAND, NOW, discard_newer=True)
    assert caught.value.data["command"] == "siban tick"
    if connection.journal()[0] == "wal":
        with closing(open_store(book)), pytest.raises(Unavailable, match="in_use"):
            restore(str(book), str(kept), HAND, NOW, discard_newer=True)
    release = only_one(str(book))
    with pytest.raises(Conflict, match="another_serve"):
        restore(str(book), str(kept), HAND, NOW, discard_newer=True)
    release()
    assert content(book, settings=True) == before
    assert files(book.parent) == {"office.db", "kept.db"}


def test_who_opened_the_old_file_cannot_write_into_it(book: Path, kept: Path) -> None:
    """A process that came a moment too early is told; its act is not kept where nobody will look."""
    with closing(open_store(book)) as stale:
        aside = book.with_name("aside.db")
        book.rename(aside)
        shutil.copy(kept, book)
        before = head(aside)
        with pytest.raises(Unavailable, match="replaced"):
            comment(stale, "写给谁看")
        with stale.read() as reader:
            assert reader.head() == before


@pytest.mark.parametrize("point", ["duplicating", "duplicated", "linked"])
def test_killed_in_the_middle_it_leaves_the_ledger_as_it_was(book: Path, kept: Path, point: str) -> None:
    """Whatever it was doing; and run again it comes to its end."""
    before = content(book, settings=True)
    running = process(point, book, kept)
    assert said(running) == point
    assert "office.db.restoring" in files(book.parent)  # the control: it was in the middle
    killed(running)
    assert content(book, settings=True) == before
    verified_now = head(book)
    done = restore(str(book), str(kept), HAND, NOW, discard_newer=True)
    assert done.plan.lost == 3
    assert head(Path(done.aside)) == verified_now
    assert not [name for name in files(book.parent) if "restoring" in name]
    verified(book, "")


def test_the_moment_of_a_restore_is_never_before_the_last_entry(book: Path, kept: Path) -> None:
    """A clock that lies behind does not put the record out of order."""
    restore(str(book), str(kept), HAND, parse_instant("2023-01-01"), discard_newer=True)
    with closing(open_store(book)) as store, store.read() as reader:
        last = list(reader.events(EventQuery(newest=True, limit=2)))
    assert last[0].recorded_at >= last[1].recorded_at
