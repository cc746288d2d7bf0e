"""A backup: taken while others write, read back before it counts, thinned without touching anything else."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.clock import DAY, SteppedTime, parse_instant
from engine.context import Hand
from engine.errors import Conflict, FaultsFound, Misused, Refused, Unavailable
from engine.office import Office
from interfaces import keeping
from interfaces.auditing import audited
from interfaces.keeping import back_up, is_due, last_backup, stamp, verified
from interfaces.restoring import restore
from storage import backup, connection
from storage.sqlite import open_store
from tests.content import content
from tests.trial import END, HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.ports import Store
    from storage.sqlite import SqliteStore

NOW = parse_instant(END)
HAND = Hand("os:root", "os:root")
KEEPER = Path(__file__).with_name("keeper.py")


@pytest.fixture(name="store")
def _store(book: Path) -> Iterator[SqliteStore]:
    with closing(open_store(book)) as store:
        yield store


def process(*words: str | Path) -> subprocess.Popen[str]:
    """Start a process that writes or keeps."""
    return subprocess.Popen(
        [sys.executable, str(KEEPER), *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def said(running: subprocess.Popen[str]) -> str:
    """Return its next word."""
    assert running.stdout is not None
    word = running.stdout.readline().strip()
    assert word, "it died by itself"
    return word


def killed(running: subprocess.Popen[str]) -> None:
    """Kill it (SIGKILL)."""
    running.kill()
    running.communicate()


def comment(store: Store, text: str, at: int = NOW) -> None:
    """Make one entry."""
    Office(store, SteppedTime(at)).remark([2], "comment", {"fields": {"comment": text}}, Hand(HEAD, HEAD))


def test_it_is_the_ledger_as_it_was(store: SqliteStore, book: Path, tmp_path: Path) -> None:
    """One new file for its owner alone, the same row by row, with nothing beside it; number and hash are the head's."""
    made = back_up(store, str(book), str(tmp_path / "kept.db"), NOW)
    place = Path(made.path)
    with store.read() as reader:
        assert (made.entries, made.head) == reader.head()
        remembered = last_backup(reader)
    assert remembered is not None
    assert (remembered["path"], remembered["at"]) == (made.path, NOW)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert content(place) == content(book)
    assert verified(place, "kept") == (made.entries, made.head)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(("kept.db-", "."))]  # noqa: PTH208 - names are enough


@pytest.mark.parametrize("rounds", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_taken_during_writes_it_restores_and_verifies(built: Path, tmp_path: Path, rounds: int) -> None:
    """While another process writes without pause: all that was acknowledged before is in it, and the restored ledger verifies."""
    for number in range(rounds):
        book, restored = tmp_path / f"{number}.db", tmp_path / f"{number}-restored.db"
        shutil.copy(built, book)
        writing = process("write", book)
        try:
            with closing(open_store(book)) as store:
                acknowledged = int(said(writing))
                made = back_up(store, str(book), str(tmp_path / f"{number}.backup"), NOW)
                assert made.entries >= acknowledged
                while int(said(writing)) <= made.entries:  # the control: writing went on beyond what the backup has
                    pass
        finally:
            killed(writing)
        done = restore(str(restored), made.path, HAND, NOW)
        assert (done.plan.present, done.aside) == ("none", "")
        assert verified(restored, "restored")[0] == made.entries + 1  # that it was restored is an entry


def test_writers_do_not_wait_for_it(store: SqliteStore, book: Path, tmp_path: Path) -> None:
    """An act in the midst of the copying is kept at once; the backup is the ledger from before."""
    if connection.journal()[0] != "wal":
        pytest.skip("under the fallback journal writers wait until the pages are copied")
    with store.read() as reader:
        before = reader.head()
    with closing(open_store(book, seconds=0)) as other:
        acts: list[int] = []

        def act(done: int, _pages: int) -> None:
            acts.append(done)
            comment(other, f"第 {len(acts)} 次")

        seen: list[tuple[int, str]] = []
        backup.make(book, tmp_path / "kept.db", lambda part: seen.append(verified(part, "")), act)
    assert acts
    assert seen == [before]


def test_what_does_not_verify_is_not_kept(store: SqliteStore, book: Path, tmp_path: Path) -> None:
    """A ledger that was tampered with gives faults with their places, no file, and no thinning of the good ones."""
    good = back_up(store, str(book), f"{tmp_path}/b/", NOW)
    with closing(connection.dbapi.connect(book)) as plain:
        plain.execute("DROP TRIGGER event_stays")
        plain.execute("UPDATE event SET body = replace(body, '清理', '没有清理') WHERE body LIKE '%清理%'")
        plain.commit()
    with pytest.raises(FaultsFound, match="backup_faulty") as caught:
        back_up(store, str(book), f"{tmp_path}/b/", NOW + DAY, keep=1)
    assert caught.value.data["faults"]
    assert [file.path for file in backup.kept(tmp_path / "b", "test")] == [Path(good.path)]
    assert len(list((tmp_path / "b").iterdir())) == 1
    with store.read() as reader:  # the control: it is the verifying that refused
        assert audited(reader, (), ())[1]


def test_nothing_is_overwritten(store: SqliteStore, book: Path, tmp_path: Path) -> None:
    """Not by its name, and not when somebody took the name while it was copied."""
    place = tmp_path / "kept.db"
    place.write_text("我的文件")
    with pytest.raises(Refused, match="exists"):
        back_up(store, str(book), str(place), NOW)
    late = tmp_path / "late.db"

    def taken(name: Path) -> None:
        name.write_text("我的文件")

    with pytest.raises(Refused, match="exists"):
        backup.make(book, late, lambda _part: taken(late))
    assert place.read_text() == late.read_text() == "我的文件"
    with pytest.raises(Misused, match="keep_needs_directory"):
        back_up(store, str(book), str(tmp_path / "other.db"), NOW, keep=3)
    with pytest.raises(Unavailable, match="no_directory"):
        back_up(store, str(book), str(tmp_path / "none" / "other.db"), NOW)


def test_thinning_takes_only_older_backups_of_this_database(store: SqliteStore, book: Path, tmp_path: Path) -> None:
    """Other installations', renamed copies, links, unfinished work and whatever else lies there stay."""
    place = tmp_path / "b"
    made = [back_up(store, str(book), str(place) + "/", NOW + day * DAY) for day in range(4)]
    first = Path(made[0].path)
    strangers = [
        place / "note.txt",
        place / "office-other-20200101-000000.backup.db",  # another installation's, by its name
        place / "office-test-20200101-000000.backup.db",  # ours by its name alone
        place / "office-test-20200102-000000.backup.db",  # a link to one of ours
        place / "copy of office.db",  # one of ours under another name
    ]
    strangers[0].write_text("x")
    shutil.copy(first, strangers[1])
    strangers[2].write_text("x")
    strangers[3].symlink_to(made[3].path)
    shutil.copy(first, strangers[4])
    done = back_up(store, str(book), str(place), NOW + 4 * DAY, keep=3)
    assert done.deleted == (made[0].path, made[1].path)
    assert [file.exists() for file in strangers] == [True] * 5
    assert [str(file.path) for file in backup.kept(place, "test")] == [made[2].path, made[3].path, done.path]


def test_the_one_just_made_stays_whatever_the_clock_said(store: SqliteStore, book: Path, tmp_path: Path) -> None:
    """Backups from a clock that went wrong bear later names; the new one is not thinned away for them."""
    for day in (7, 8):
        back_up(store, str(book), str(tmp_path) + "/", NOW + day * DAY)
    made = back_up(store, str(book), str(tmp_path), NOW, keep=1)
    assert [str(file.path) for file in backup.kept(tmp_path, "test")] == [made.path]


def test_one_at_a_time_in_a_directory(store: SqliteStore, book: Path, tmp_path: Path) -> None:
    """A second one meanwhile is refused; the first comes to its end."""
    refusals: list[str] = []

    def meanwhile(_part: Path) -> None:
        with pytest.raises(Conflict) as caught:
            back_up(store, str(book), str(tmp_path / "second.db"), NOW)
        refusals.append(caught.value.code)

    backup.make(book, tmp_path / "first.db", meanwhile)
    assert refusals == ["another_backup"]
    assert (tmp_path / "first.db").exists()
    assert not (tmp_path / "second.db").exists()


@pytest.mark.parametrize("point", ["copying", "copied"])
def test_killed_in_the_middle_it_leaves_no_backup(book: Path, tmp_path: Path, point: str) -> None:
    """Nothing stands under its name, the ledger is as it was, and the next backup clears up."""
    before, place = content(book), tmp_path / "b"
    place.mkdir()
    running = process(point, book, place / "kept.db")
    assert said(running) == point
    assert [file.name for file in place.iterdir()] == [".office.db.part"]  # the control: it was in the middle
    killed(running)
    assert not (place / "kept.db").exists()
    assert content(book) == before
    with closing(open_store(book)) as store:
        back_up(store, str(book), str(place / "kept.db"), NOW)
    assert [file.name for file in place.iterdir()] == ["kept.db"]


def test_the_daily_one_is_due_when_a_day_began_and_something_was_entered(
    store: SqliteStore, book: Path, tmp_path: Path
) -> None:
    """Not twice a day, not on days when nothing happens, and at once where the newest is gone."""
    assert is_due(store, tmp_path / "b", NOW)
    made = back_up(store, str(book), f"{tmp_path}/b/", NOW)
    assert not is_due(store, tmp_path / "b", NOW)
    assert not is_due(store, tmp_path / "b", NOW + DAY)
    comment(store, "又有一条")
    assert not is_due(store, tmp_path / "b", NOW)
    assert is_due(store, tmp_path / "b", NOW + DAY)
    back_up(store, str(book), str(tmp_path / "elsewhere.db"), NOW)  # by hand: that day's is not made up for by it
    assert is_due(store, tmp_path / "b", NOW + DAY)
    assert not is_due(store, tmp_path / "b", NOW)
    Path(made.path).unlink()
    assert is_due(store, tmp_path / "b", NOW)


def test_a_name_says_when_and_whose(book: Path, tmp_path: Path) -> None:
    """Civil time, so that names sort as they were made; a second one of the same second gets a number."""
    first = backup.name_for(book, tmp_path, "3f9a" * 8, stamp(NOW))
    assert first.name == "office-3f9a3f9a-20230614-100000.backup.db"
    first.touch()
    assert backup.name_for(book, tmp_path, "3f9a" * 8, stamp(NOW)).name == "office-3f9a3f9a-20230614-100000-2.backup.db"


def test_a_copy_is_read_without_touching_it(store: SqliteStore, book: Path, tmp_path: Path) -> None:
    """Also where one may not write; and a file whose log lies beside it is not all there."""
    made = Path(back_up(store, str(book), str(tmp_path / "kept.db"), NOW).path)
    before = made.read_bytes()
    made.chmod(0o400)
    verified(made, "")
    assert made.read_bytes() == before
    assert keeping.verified(made, "")[0] > 0
    live = tmp_path / "live.db"
    comment(store, "还在日志里")
    shutil.copy(book, live)
    if connection.journal()[0] == "wal":
        shutil.copy(f"{book}-wal", f"{live}-wal")
        with pytest.raises(Unavailable, match="not_still"):
            verified(live, "")
