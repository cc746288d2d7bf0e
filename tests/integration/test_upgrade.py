"""From every version of the schema that was ever in use to today's; and what a kill within leaves."""

from __future__ import annotations

import gzip
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.row import EventQuery
from interfaces.auditing import audited
from storage import connection
from storage.connection import SCHEMA_VERSION
from storage.migrations import STEPS, status, upgrade
from storage.sqlite import open_store
from tests.content import content
from tests.integration.test_backup import killed, process, said
from tests.integration.test_migrations import objects, plain
from tests.planned import m002_colour

FIXTURES = Path(__file__).parents[1] / "fixtures"
EVER = range(1, SCHEMA_VERSION + 1)


@pytest.fixture(name="old")
def _old(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A database as the program of that version left it."""
    path = tmp_path / "office.db"
    version = getattr(request, "param", SCHEMA_VERSION)
    path.write_bytes(gzip.decompress((FIXTURES / f"schema-{version}.db.gz").read_bytes()))
    path.chmod(0o600)
    return path


def faults(path: Path) -> list[str]:
    """Verify chain, seals and replay."""
    with closing(open_store(path)) as store, store.read() as reader:
        return audited(reader, (), ())[1]


def files(folder: Path) -> list[str]:
    """Return the names in a folder but those of lock files and of what a log needs."""
    return sorted(file.name for file in folder.iterdir() if not file.name.endswith((".lock", "db-wal", "db-shm")))


@pytest.mark.parametrize("old", EVER, indirect=True)
def test_a_database_of_each_version_comes_to_todays(old: Path) -> None:
    """One is kept for each version; it upgrades, verifies, and its record, seal and reporters are as they were."""
    with closing(plain(old)) as opened:
        before = [opened.execute(f"SELECT * FROM {table}").fetchall() for table in ("event", "seal", "reporter")]  # noqa: S608 - names of ours
    assert all(before)
    upgrade(old)
    assert status(old).version == SCHEMA_VERSION
    assert faults(old) == []
    with closing(open_store(old)) as store, store.read() as reader:
        assert [tuple(event) for event in reader.events(EventQuery())] == before[0]
        assert (reader.seals(), [tuple(r) for r in reader.reporters()]) == (before[1], before[2])


def test_the_first_fixture_is_of_version_one(old: Path) -> None:
    """Nobody made it anew with a later program."""
    old.write_bytes(gzip.decompress((FIXTURES / "schema-1.db.gz").read_bytes()))
    assert int.from_bytes(old.read_bytes()[60:64], "big") == 1


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 0])
def test_another_version_is_refused_before_anything_is_written(old: Path, version: int) -> None:
    """Newer or older: the file keeps every byte, and nothing appears beside it."""
    with closing(plain(old)) as opened:
        opened.execute(f"PRAGMA user_version = {version}")
    before = old.read_bytes()
    with pytest.raises(Unavailable, match="newer_schema" if version else "older_schema"):
        open_store(old)
    assert old.read_bytes() == before
    assert files(old.parent) == ["office.db"]
    if version:  # a newer one is not upgraded either
        with pytest.raises(Unavailable, match="newer_schema"):
            upgrade(old)
        assert files(old.parent) == ["office.db"]
        assert content(old)["event"]


@pytest.mark.parametrize("point", ["saving", "climbing"])
def test_killed_in_the_middle_an_upgrade_has_not_begun(old: Path, point: str) -> None:
    """While it saves a copy, or with half of the steps taken: version, tables and rows are the old ones, and it can be run again."""
    shape, rows = objects(old), content(old, settings=True)
    running = process(point, old, "")
    assert said(running) == point
    killed(running)
    copies = [name for name in files(old.parent) if ".before-v" in name]
    assert len(copies) == (1 if point == "climbing" else 0)  # half a copy has no name
    assert (objects(old), content(old, settings=True), status(old).version) == (shape, rows, SCHEMA_VERSION)
    assert faults(old) == []
    done = upgrade(old, steps=[*STEPS, m002_colour])
    assert done.after == SCHEMA_VERSION + 1
    assert "colour" in objects(old)["table notice"]
    assert objects(Path(done.backup)) == shape


def test_the_copy_of_a_damaged_database_stops_the_upgrade(old: Path) -> None:
    """Pages that are spoilt are found before a step is taken; there is no copy that would look like a good one."""
    data = bytearray(old.read_bytes())
    size = int.from_bytes(data[16:18], "big")
    with closing(plain(old)) as opened:
        (page,) = opened.execute("SELECT rootpage FROM sqlite_master WHERE name = 'notice'").fetchone()
    data[(page - 1) * size : (page - 1) * size + 8] = b"\xff" * 8
    old.write_bytes(data)
    with pytest.raises(Unavailable, match="damaged"):
        upgrade(old, steps=[*STEPS, m002_colour])
    assert files(old.parent) == ["office.db"]
    assert connection.connect(str(old)).execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
