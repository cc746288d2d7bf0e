"""What only a file can suffer: foreign files, modes, locks, kills, full disks."""

import json
import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from engine.chain import GENESIS, first_broken
from engine.clock import DAY
from engine.errors import Refused, Unavailable
from engine.event import Event
from engine.row import EventQuery, ItemQuery, Row
from storage import connection, statements
from storage.connection import dbapi
from storage.creation import create
from storage.sqlite import open_store
from tests.trial import Ledger

WRITER = Path(__file__).with_name("writer.py")
ROOT = WRITER.parents[2]
AT = 1_683_509_400_000_000
ALL = EventQuery()

MakeRow = Callable[..., Row]
MakeEvent = Callable[..., Event]


def refusal(path: Path) -> Unavailable:
    """The error that opening gives; the file is byte for byte as it was, and nothing is left beside it."""
    before = {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    with pytest.raises(Unavailable) as caught:
        open_store(path)
    assert {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()} == before
    return caught.value


def started(mode: str, path: Path, count: int, row: Row, event: Event) -> subprocess.Popen[str]:
    """Start a writer."""
    command = [sys.executable, str(WRITER), mode, str(path), str(count), json.dumps(row), json.dumps(event)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def plain(path: Path) -> sqlite3.Connection:
    """Open the file as any tool would."""
    opened: sqlite3.Connection = dbapi.connect(str(path), isolation_level=None)
    return opened


def mark(path: Path, statement: str) -> None:
    """Run one statement past the program."""
    with closing(plain(path)) as opened:
        opened.execute(statement)


# -- whose file it is


def test_no_file(tmp_path: Path) -> None:
    """A path that leads nowhere is said to, and nothing is made there."""
    for place in (tmp_path / "none.db", tmp_path / "no" / "such.db"):
        with pytest.raises(Unavailable) as caught:
            open_store(place)
        assert (caught.value.code, caught.value.data) == ("no_database", {"path": str(place)})
    assert list(tmp_path.iterdir()) == []


FOREIGN = {"empty": b"", "text": "台账\n".encode() * 500, "short": b"SQLite format 3\0", "zeros": b"\0" * 8192}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_that_is_no_database(tmp_path: Path, kind: str) -> None:
    """An empty file, a text, half a header: refused, and left as it was."""
    place = tmp_path / "file.db"
    place.write_bytes(FOREIGN[kind])
    assert refusal(place).code == "not_a_database"


def test_a_directory_or_a_pipe_is_no_database(tmp_path: Path) -> None:
    """Neither is opened; a pipe is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(Unavailable, match="not_a_database"):
            open_store(place)


def test_a_database_of_somebody_else(tmp_path: Path) -> None:
    """It is not touched, not even when its write-ahead log waits to be played in."""
    place = tmp_path / "other.db"
    with closing(plain(place)) as opened:
        opened.execute("PRAGMA journal_mode = WAL")
        opened.execute("CREATE TABLE theirs (x)")
        copies = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    for name, data in copies.items():  # as a kill leaves it
        (tmp_path / name).write_bytes(data)
    assert "other.db-wal" in copies
    assert refusal(place).code == "foreign_database"


@pytest.mark.parametrize(("version", "code"), [(99, "newer_schema"), (0, "older_schema")])
def test_a_schema_of_another_version(path: Path, version: int, code: str) -> None:
    """Refused with both versions before anything is written."""
    mark(path, f"PRAGMA user_version = {version}")
    error = refusal(path)
    assert (error.code, error.data) == (code, {"path": str(path), "found": version, "known": 1})


def test_a_database_cut_short(path: Path, make_row: MakeRow) -> None:
    """Half a file is damaged: an error with a code, no traceback of the library's."""
    with closing(open_store(path)) as store:
        for number in range(1, 50):
            with store.write() as writer:
                writer.put_row(make_row(number))
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(Unavailable, match="damaged"), closing(open_store(path)) as store, store.read() as reader:
        list(reader.rows(ItemQuery()))


def test_a_missing_table(path: Path) -> None:
    """A database that lacks a table is damaged."""
    mark(path, "DROP TABLE reporter")
    with closing(open_store(path)) as store, pytest.raises(Unavailable, match="damaged"), store.read() as reader:
        reader.reporter(1)


def test_a_log_half_written_back_is_no_damage(path: Path, make_event: MakeEvent, tmp_path: Path) -> None:
    """A kill while the log was written back: page 1 says more pages than there are yet. The log mends it, on opening."""
    left = tmp_path / "left" / "office.db"
    left.parent.mkdir()
    with closing(open_store(path)) as store:
        with store.write() as writer:
            writer.append([make_event(body=f'{{"text":"{"x" * 4000}"}}') for _ in range(30)])
        shutil.copy(path, left)
        shutil.copy(f"{path}-wal", f"{left}-wal")
    page = path.read_bytes()[:4096]  # closed: the log has been written back, page 1 counts what is behind it
    assert page[28:32] > left.read_bytes()[28:32]
    with left.open("r+b") as file:
        file.write(page)
    with closing(open_store(left)) as store, store.read() as reader:
        assert reader.head()[0] == 30


@pytest.mark.parametrize(
    ("statement", "extended", "code"),
    [("COMMIT", 1034, "outcome_unknown"), ("COMMIT", 778, "disk_failed"), ("BEGIN IMMEDIATE", 1034, "disk_failed")],
)
def test_a_commit_that_may_be_there_is_not_called_undone(path: Path, statement: str, extended: int, code: str) -> None:
    """When the sync of a commit fails, what was written may be found later; when a write fails, it surely is not."""

    class Broken:
        """A connection on which one statement fails."""

        def __init__(self, whole: sqlite3.Connection) -> None:
            self.whole = whole

        def __getattr__(self, name: str) -> object:
            return getattr(self.whole, name)

        def cursor(self) -> object:
            return self

        def execute(self, text: str) -> object:
            if text == statement:
                failing = dbapi.OperationalError("disk I/O error")
                failing.sqlite_errorcode = extended
                raise failing
            return self.whole.execute(text)

    with closing(open_store(path)) as store:
        store.connection = Broken(store.connection)  # type: ignore[assignment] # as much of one as a store needs
        with pytest.raises(Unavailable) as caught, store.write():
            pass
    assert (caught.value.code, caught.value.data["path"]) == (code, str(path))


# -- making one


def test_only_its_owner_may_read_it(path: Path) -> None:
    """The file and all that appears beside it have mode 0600, whatever the umask."""
    old = os.umask(0)
    try:
        with closing(open_store(path)) as store, store.write() as writer:
            writer.put_setting("name", "value")
            files = {file.name.removeprefix(path.name): file for file in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert set(files) == {"", ".lock", "-wal", "-shm"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files.values() if file.exists()} == {0o600}


def test_nothing_is_overwritten(path: Path, tmp_path: Path) -> None:
    """A file that is there stays, be it ours, another's, a dead link or an old journal of that name."""
    (tmp_path / "dead.db").symlink_to(tmp_path / "nowhere" / "x.db")
    (tmp_path / "new.db-journal").write_bytes(b"old")
    for place, at in ((path, path), (tmp_path / "new.db", tmp_path / "new.db-journal")):
        before = at.read_bytes()
        with pytest.raises(Refused) as caught:
            create(place, {})
        assert (caught.value.code, caught.value.data) == ("exists", {"path": str(at)})
        assert at.read_bytes() == before
    with pytest.raises(Unavailable, match="no_directory"):
        create(tmp_path / "dead.db", {})
    assert not list(tmp_path.glob("*.new-*"))


def test_settings_are_there_from_the_start(path: Path) -> None:
    """What `create` was given can be read."""
    with closing(open_store(path)) as store, store.read() as reader:
        assert (reader.setting("installation"), reader.setting("trial")) == ("test", "1")


def test_a_database_that_cannot_be_finished_is_not_there(tmp_path: Path) -> None:
    """When the disk fills while it is made, nothing is left."""
    with most_bytes(8192), pytest.raises(Unavailable):
        create(tmp_path / "new.db", {})
    assert list(tmp_path.iterdir()) == []


def test_links_lead_to_the_same_lock(path: Path, tmp_path: Path) -> None:
    """Whoever comes by a symbolic link shares journal and lock with the others."""
    (tmp_path / "link.db").symlink_to(path)
    with closing(open_store(tmp_path / "link.db")) as store, store.write() as writer:
        writer.put_setting("name", "value")
    assert not list(tmp_path.glob("link.db?*"))


# -- settings of the connection


def test_settings_are_in_force(path: Path) -> None:
    """Read back from the connection, one by one."""
    with closing(open_store(path, seconds=7)) as store:
        mode, degree = connection.journal()
        read = {
            name: store.connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in (
                "journal_mode",
                "synchronous",
                "foreign_keys",
                "recursive_triggers",
                "cell_size_check",
                "busy_timeout",
            )
        }
        assert store.connection.isolation_level is None
    assert read == {
        "journal_mode": mode,
        "synchronous": degree,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "cell_size_check": 1,
        "busy_timeout": 7000,
    }
    assert (mode, degree) in {("wal", 2), ("delete", 3)}  # FULL, EXTRA: less may lose what was acknowledged


def test_an_idle_beat_asks_one_question(path: Path) -> None:
    """With nothing due, a pass of the heartbeat is one read of the index, however many items are open."""
    with closing(open_store(path)) as store:
        ledger = Ledger(store)
        for title in ("一", "二", "三"):
            ledger.register(title=title)
        asked: list[str] = []
        store.connection.set_trace_callback(asked.append)
        assert ledger.office.tick().items == 0
        store.connection.set_trace_callback(None)
    assert [text.split(" WHERE ")[0] for text in asked] == ["BEGIN", "SELECT number FROM item", "COMMIT"]
    assert "next_at <= " in asked[1]


FOUND_BY = {
    "event_item": [
        EventQuery(item=5), EventQuery(item=5, verb="sign"), EventQuery(item=5, verb="sign", since=AT, until=AT + DAY),
        EventQuery(items=(5, 7), result="done", verb="sign", effective_until=AT),
    ],
    "event_day": [
        EventQuery(person="o27", since=AT, until=AT + DAY, newest=True), EventQuery(since=AT, until=AT + DAY, limit=50),
        EventQuery(verb="sign", since=AT, until=AT + DAY),
    ],
    "event_verb": [EventQuery(verb="sign", newest=True, limit=50), EventQuery(verb="sign", after=7, limit=50)],
    "INTEGER PRIMARY KEY": [EventQuery(after=7, limit=50), EventQuery(after=7, person="o27", limit=50)],
    "SCAN event": [  # in the order of the record, until there are enough
        EventQuery(newest=True, limit=50), EventQuery(person="o27", newest=True, limit=50),
        EventQuery(since=AT, newest=True, limit=50), EventQuery(since=AT, until=AT + 400 * DAY, newest=True, limit=50),
    ],
}  # fmt: skip
"""How each question of an auditor finds its entries."""


@pytest.mark.parametrize("way", FOUND_BY)
def test_each_question_has_its_index(path: Path, way: str) -> None:
    """SQLite knows nothing of how much there is, so what it does here it does with ten million entries."""
    with closing(open_store(path)) as store:
        for query in FOUND_BY[way]:
            text, parameters = statements.events(query)
            (first, *rest) = [row[3] for row in store.connection.execute(f"EXPLAIN QUERY PLAN {text}", parameters)]
            assert way in first, query
            sorts = "USE TEMP B-TREE FOR ORDER BY" in rest
            assert sorts == (way == "event_day"), query  # a day is sorted, nothing else ever is


VERSIONS = {
    (3, 40, 1): False, (3, 44, 5): False, (3, 44, 6): True, (3, 45, 9): False, (3, 49, 2): False, (3, 50, 6): False,
    (3, 50, 7): True, (3, 51, 2): False, (3, 51, 3): True, (3, 53, 4): True, (4, 0, 0): True,
}  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
def test_a_write_ahead_log_only_where_it_is_sound(version: tuple[int, int, int]) -> None:
    """Versions that can lose committed pages in it use a rollback journal."""
    assert connection.sound(version) is VERSIONS[version]


def test_an_unsound_library_turns_the_log_off(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DELETE and EXTRA; but not under the feet of somebody who has it open with the other."""
    monkeypatch.setattr(connection, "sound", lambda _: False)
    with closing(open_store(path)) as store:
        assert store.connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert store.connection.execute("PRAGMA synchronous").fetchone() == (3,)
    monkeypatch.setattr(connection, "sound", lambda _: True)
    with closing(open_store(path)) as store, store.read() as reader:
        reader.head()
        monkeypatch.setattr(connection, "sound", lambda _: False)
        with pytest.raises(Unavailable, match="locked"):
            open_store(path, seconds=0.1)


def test_opening_loads_nothing_heavy() -> None:
    """One act needs the standard library and SQLite alone."""
    code = "import sys, storage.sqlite; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(result.stdout.split())
    assert loaded >= {"storage", "engine"}
    assert not loaded & {"sqlmodel", "sqlalchemy", "pydantic", "loguru", "pathlib", "tempfile", "apscheduler"}


# -- waiting


@pytest.mark.parametrize(("mode", "known"), [("hold", True), ("hold_begin", False)])
def test_a_writer_does_not_wait_for_ever(
    path: Path,
    make_row: MakeRow,
    make_event: MakeEvent,
    mode: str,
    known: bool,  # noqa: FBT001
) -> None:
    """Past the time-out it says so, and who it waited for if that is one of ours; then it goes on as if nothing was."""
    other = started(mode, path, 0, make_row(), make_event())
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    with closing(open_store(path, seconds=0.2)) as store:
        with pytest.raises(Unavailable) as caught, store.write():
            pass
        with store.read() as reader:  # readers do not wait
            assert reader.head() == (0, GENESIS)
        other.communicate("")
        with store.write() as writer:
            writer.put_setting("name", "value")
    assert caught.value.code == "locked"
    process = (other.pid, "writer") if known else (0, "")
    data = caught.value.data
    assert (data["path"], data["seconds"], data["pid"], data["command"]) == (str(path), 0.2, *process)


def test_who_died_holds_no_lock(path: Path, make_row: MakeRow, make_event: MakeEvent) -> None:
    """After a kill the next writer enters at once, though the lock file is still there."""
    other = started("hold", path, 0, make_row(), make_event())
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    other.kill()
    other.communicate()
    assert Path(f"{path}.lock").exists()
    with closing(open_store(path, seconds=0.2)) as store, store.write() as writer:
        writer.put_setting("name", "value")


def test_processes_at_once_lose_nothing(path: Path, make_row: MakeRow, make_event: MakeEvent) -> None:
    """Four processes, fifty acts each on one item: two hundred counted, two hundred recorded, the chain whole."""
    processes = [started("act", path, 50, make_row(), make_event()) for _ in range(4)]
    told = [line for process in processes for line in process.communicate()[0].split()]
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    with closing(open_store(path)) as store, store.read() as reader:
        events = list(reader.events(ALL))
        row = reader.row(1)
    assert row is not None
    assert (row.version, row.last_seq) == (200, 200)
    assert sorted(event.command_id for event in events) == sorted(told)
    assert first_broken(events) is None


# -- kills


def killed(path: Path, row: Row, event: Event, rounds: int, mode: str = "act") -> tuple[int, int]:
    """Kill a writer at work, again and again; return how many acts were told of and how many are kept."""
    told: list[str] = []
    kept: list[str] = []
    for number in range(rounds):
        process = started(mode, path, -1, row, event)
        assert process.stdout is not None
        told += [process.stdout.readline().strip() for _ in range(1 + number % 7)]
        process.kill()
        told += process.stdout.read().split()  # `communicate` would forget what was read ahead
        process.communicate()
        with closing(open_store(path, seconds=1)) as store, store.read() as reader:
            events = list(reader.events(ALL))
            counted = reader.row(1)
        kept = [entry.command_id for entry in events]
        assert set(told) <= set(kept)
        assert len(told) <= len(kept) <= len(told) + number + 1  # at most one a round that nobody was told of
        assert first_broken(events) is None
        assert counted is not None
        assert (counted.version, counted.last_seq) == (len(events), len(events))
    return len(told), len(kept)


def test_what_was_told_survives_a_kill(path: Path, make_row: MakeRow, make_event: MakeEvent) -> None:
    """Twenty kills: acknowledged is kept, at most one act more each time; row, record and chain agree."""
    told, _ = killed(path, make_row(), make_event(), 20)
    assert told >= 20


def test_a_writer_that_boasts_is_found_out(path: Path, make_row: MakeRow, make_event: MakeEvent) -> None:
    """The control: one that tells of an act before it is kept does not pass."""
    with pytest.raises(AssertionError):
        killed(path, make_row(), make_event(), 20, "boast")


@pytest.mark.slow
def test_what_was_told_survives_many_kills(path: Path, make_row: MakeRow, make_event: MakeEvent) -> None:
    """Two hundred kills; now and then an act was kept that nobody was told of, so the kills do hit the middle."""
    told, kept = killed(path, make_row(), make_event(), 200)
    assert kept > told


# -- disks


@contextmanager
def most_bytes(size: int) -> Iterator[None]:
    """Let no file grow beyond a size: the disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def acts_until_it_fails(path: Path, make_row: MakeRow, make_event: MakeEvent, pages: int) -> tuple[int, Unavailable]:
    """Write until the database refuses; return how many acts were kept and the refusal."""
    with closing(open_store(path)) as store:
        if pages:
            store.connection.execute(f"PRAGMA max_page_count = {pages}")
        for number in range(1, 1000):
            try:
                with store.write() as writer:
                    writer.append([make_event(number)])
                    writer.put_row(make_row(number))
            except Unavailable as error:
                with store.read() as reader:  # it can still be read
                    assert reader.head()[0] == number - 1
                return number - 1, error
    message = "it never became full"
    raise AssertionError(message)


# pysqlite3 says no more than "I/O error", not whether it was a write, which surely leaves nothing, or a sync
CUT_SHORT = "disk_failed" if dbapi is sqlite3 else "outcome_unknown"


@pytest.mark.parametrize(("pages", "code"), [(40, "disk_full"), (0, CUT_SHORT)])
def test_a_full_disk(path: Path, make_row: MakeRow, make_event: MakeEvent, pages: int, code: str) -> None:
    """The act that did not fit leaves nothing, those before it stay, and with room again work goes on."""
    if pages:
        kept, error = acts_until_it_fails(path, make_row, make_event, pages)
    else:
        with most_bytes(path.stat().st_size + 60_000):
            kept, error = acts_until_it_fails(path, make_row, make_event, 0)
    assert (error.code, error.data["path"]) == (code, str(path))
    with closing(open_store(path)) as store:
        with store.write() as writer:
            assert writer.row(kept + 1) is None
            writer.append([make_event(kept + 1)])
            writer.put_row(make_row(kept + 1))
        with store.read() as reader:
            events = list(reader.events(ALL))
    assert [event.item for event in events] == list(range(1, kept + 2))
    assert first_broken(events) is None


@contextmanager
def without_rights() -> Iterator[None]:
    """Be somebody whom file modes stop, which they do not do to root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(("mode", "folder_mode"), [(0o444, 0o555), (0o444, 0o755), (0o600, 0o755), (0o666, 0o555)])
def test_a_place_where_nothing_may_be_written(mode: int, folder_mode: int) -> None:
    """A file or folder without rights: an error with a code, no traceback, nothing changed."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "test.db"
        create(place, {})
        place.chmod(mode)
        before = place.read_bytes()
        Path(name).chmod(folder_mode)
        with without_rights(), pytest.raises(Unavailable) as caught:  # noqa: SIM117 - closed inside
            with closing(open_store(place)) as store, store.write() as writer:
                writer.put_setting("name", "value")
        Path(name).chmod(0o700)
        assert (caught.value.code, place.read_bytes()) == ("read_only", before)
