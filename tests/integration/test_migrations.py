"""The schema: one source, one committed text, and the way from an older version to the newest."""

import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.orm import configure_mappers

from engine.delivery import Delivery
from engine.errors import Unavailable
from engine.event import Event
from engine.notice import Notice
from engine.row import Crossing, EventQuery, Policy, Reporter, Row
from storage import connection, schema
from storage.connection import APPLICATION_ID, SCHEMA_VERSION, dbapi
from storage.migrations import STEPS, status, upgrade
from storage.sqlite import open_store
from tests.planned import m002_colour

MakeRow = Callable[..., Row]
MakeEvent = Callable[..., Event]

Objects = dict[str, str]


def plain(path: Path) -> sqlite3.Connection:
    """Open the file as any tool would."""
    opened: sqlite3.Connection = dbapi.connect(str(path), isolation_level=None)
    return opened


def objects(path: Path) -> Objects:
    """Every table, index and trigger with its text."""
    with closing(plain(path)) as opened:
        return dict(opened.execute("SELECT type || ' ' || name, sql FROM sqlite_master ORDER BY 1").fetchall())


def m002_breaks(opened: sqlite3.Connection) -> None:
    """Fail half-way."""
    m002_colour(opened)
    opened.execute("SELECT nothing FROM nowhere")


def m002_meddles(opened: sqlite3.Connection) -> None:
    """Take an entry away, now that no trigger stops it."""
    opened.execute("DELETE FROM event WHERE seq = 2")


@pytest.fixture
def filled(path: Path, make_row: MakeRow, make_event: MakeEvent) -> Path:
    """Make a database of version 1 with something in it."""
    with closing(open_store(path)) as store, store.write() as writer:
        writer.append([make_event(1), make_event(2)])
        writer.put_row(make_row(1))
        writer.put_row(make_row(2, open=0))
        writer.put_crossings([Crossing(1, "total", 1, 0, 1, 1, 1)])
    return path


def test_the_committed_text_is_what_the_classes_say() -> None:
    """After a change of storage/schema.py, `python -m storage.schema` has been run."""
    assert schema.SCHEMA_SQL.read_text(encoding="utf-8") == schema.compiled()
    assert schema.POSTGRES_SQL.read_text(encoding="utf-8") == schema.compiled(schema.POSTGRES)


def test_columns_are_the_fields_of_what_is_kept() -> None:
    """In the same order: the statements and the values are written in it."""
    columns = {table.name: [column.name for column in table.columns] for table in schema.METADATA.tables.values()}
    assert columns == {
        "meta": ["name", "value"],
        "policy": ["seq", *Policy._fields[:-1], "index_text", "current"],
        "delivery": [*Delivery._fields],
        "event": [*Event._fields],
        "item": [*Row._fields],
        "rung": [*Crossing._fields],
        "notice": [*Notice._fields],
        "reporter": [*Reporter._fields],
        "seal": ["number", "note"],
    }


def test_the_classes_fit_together() -> None:
    """SQLAlchemy takes them: reports and ad-hoc questions may use them."""
    configure_mappers()


def test_a_migrated_database_is_like_a_new_one(path: Path, tmp_path: Path) -> None:
    """Every table, index and trigger has the same text after all the steps from nothing."""
    old = tmp_path / "old.db"
    with closing(plain(old)) as opened:
        opened.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    assert upgrade(old)[1:3] == (0, SCHEMA_VERSION)
    assert objects(old) == objects(path)
    assert len(STEPS) == SCHEMA_VERSION
    with closing(open_store(old)) as store, store.read() as reader:
        assert list(reader.events(EventQuery())) == []


def test_an_upgrade_keeps_a_copy_first(filled: Path) -> None:
    """The copy is the database as it was, for its owner alone, and opens like any other."""
    done = upgrade(filled, steps=[*STEPS, m002_colour])
    assert (done.before, done.after, done.backup) == (1, 2, f"{filled.resolve()}.before-v1-1")
    backup = Path(done.backup)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with closing(open_store(backup)) as store, store.read() as reader:
        assert reader.head()[0] == 2
    assert status(filled).version == 2
    assert "colour" in objects(filled)["table notice"]


def test_triggers_are_there_after_an_upgrade(filled: Path) -> None:
    """Also on a table that was rebuilt: the record and the rungs are as well kept as before."""
    before = {name for name in objects(filled) if name.startswith("trigger")}
    upgrade(filled, steps=[*STEPS, m002_colour])
    after = {name for name in objects(filled) if name.startswith("trigger")}
    assert before == after
    with closing(plain(filled)) as opened:
        for statement in ("DELETE FROM rung", "DELETE FROM event"):
            with pytest.raises(dbapi.IntegrityError):
                opened.execute(statement)


def test_an_upgrade_is_all_or_nothing(filled: Path) -> None:
    """A step that fails leaves version, tables and triggers as they were, and a copy from before."""
    before = objects(filled)
    with pytest.raises(Unavailable, match="damaged"):
        upgrade(filled, steps=[*STEPS, m002_breaks])
    assert objects(filled) == before
    assert status(filled).version == 1
    assert len(list(filled.parent.glob("*.before-v1-*"))) == 1


def test_a_migration_that_touches_the_record_is_refused(filled: Path) -> None:
    """Though triggers are away while it runs, the record must end as it did."""
    with pytest.raises(RuntimeError):
        upgrade(filled, steps=[*STEPS, m002_meddles])
    assert status(filled).events == 2


def test_copies_do_not_replace_each_other(filled: Path) -> None:
    """A second copy of the same version gets the next number; without a backup there is none."""
    for _ in range(2):
        with pytest.raises(Unavailable):
            upgrade(filled, steps=[*STEPS, m002_breaks])
    assert sorted(file.name[-4:] for file in filled.parent.glob("*.before-*")) == ["v1-1", "v1-2"]
    assert upgrade(filled, backup=False, steps=[*STEPS, m002_colour]).backup == ""


def test_there_may_be_nothing_to_do(filled: Path) -> None:
    """The present version: nothing is copied, nothing changes."""
    before = objects(filled)
    assert upgrade(filled)[1:] == (1, 1, "")
    assert objects(filled) == before
    assert not list(filled.parent.glob("*.before-*"))


def test_a_newer_database_is_not_upgraded(filled: Path) -> None:
    """A program of today does not touch the schema of tomorrow."""
    upgrade(filled, steps=[*STEPS, m002_colour])
    before = objects(filled)
    with pytest.raises(Unavailable) as caught:
        upgrade(filled)
    assert (caught.value.code, caught.value.data["found"], caught.value.data["known"]) == ("newer_schema", 2, 1)
    assert objects(filled) == before


def test_an_upgrade_waits_for_who_writes(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's act is lost under it: it takes the writers' lock."""
    monkeypatch.setattr("storage.migrations.SECONDS", 0.1)
    with closing(open_store(filled)) as store, store.write(), pytest.raises(Unavailable, match="locked"):
        upgrade(filled, steps=[*STEPS, m002_colour])


def test_status_tells_what_there_is(filled: Path) -> None:
    """Counts, the last hash, and what it runs on."""
    with closing(open_store(filled)) as store, store.read() as reader:
        _, head = reader.head()
    found = status(filled)
    assert found == found._replace(
        path=str(filled.resolve()), version=1, known=1, items=2, open_items=1, events=2, head=head, trial=True,
        size=filled.stat().st_size, journal_mode=connection.journal()[0], sqlite_version=dbapi.sqlite_version,
    )  # fmt: skip


def test_status_of_no_database(tmp_path: Path) -> None:
    """The same refusals as for any other command."""
    with pytest.raises(Unavailable, match="no_database"):
        status(tmp_path / "none.db")
