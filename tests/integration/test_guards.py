"""What the database itself refuses, whoever writes past the program; and which questions its indexes answer."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.chain import GENESIS, first_broken
from engine.event import Event
from engine.row import Crossing, Row
from storage.connection import dbapi
from storage.sqlite import open_store

AT = 1_683_509_400_000_000

MakeRow = Callable[..., Row]
MakeEvent = Callable[..., Event]


def plain(path: Path) -> sqlite3.Connection:
    """Open the file as any tool would."""
    opened: sqlite3.Connection = dbapi.connect(str(path), isolation_level=None)
    return opened


def facts(opened: sqlite3.Connection) -> list[object]:
    """Read every entry and every rung."""
    return [opened.execute(f"SELECT * FROM {table}").fetchall() for table in ("event", "rung")]  # noqa: S608


@pytest.fixture
def raw(path: Path, make_row: MakeRow, make_event: MakeEvent) -> Iterator[sqlite3.Connection]:
    """Open a database with one act in it, without any of our settings."""
    with closing(open_store(path)) as store, store.write() as writer:
        writer.append([make_event(1), make_event(1)])
        writer.put_row(make_row(1))
        writer.put_crossings([Crossing(1, "total", 1, 0, AT, AT, 2)])
    with closing(plain(path)) as opened:
        opened.execute("PRAGMA recursive_triggers = OFF")
        yield opened


def insert(table: str, values: dict[str, object], how: str = "INSERT") -> tuple[str, list[object]]:
    """Write an insertion."""
    return f"{how} INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", list(values.values())


def next_event(raw: sqlite3.Connection, **changes: object) -> dict[str, object]:
    """Make the values of an entry that would be taken, and change some."""
    seq, last = raw.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    values = dict.fromkeys(Event._fields, "")
    values |= {"result": "done", "body": "{}", "prev": last, "hash": "f" * 64}
    return {**values, "seq": seq + 1, "item": 1, "effective_at": AT, "recorded_at": AT, **changes}


def test_an_entry_that_follows_is_taken(raw: sqlite3.Connection) -> None:
    """The controls below are refused for what they change, not for what they are."""
    raw.execute(*insert("event", next_event(raw)))
    assert raw.execute("SELECT count(*) FROM event").fetchone() == (3,)


MEDDLING = [
    "UPDATE event SET decider = 'li' WHERE seq = 1",
    "DELETE FROM event WHERE seq = 2",
    "DELETE FROM event",
    "INSERT OR REPLACE INTO event SELECT * FROM event WHERE seq = 2",
    "INSERT OR REPLACE INTO event SELECT * FROM event WHERE seq = 1",
    "UPDATE OR REPLACE event SET seq = 3 WHERE seq = 2",
    "UPDATE rung SET planned_at = 1",
    "DELETE FROM rung",
    "INSERT OR REPLACE INTO rung SELECT item, clock, cycle, level, 1, 1, 1 FROM rung",
    "INSERT OR IGNORE INTO event SELECT * FROM event WHERE seq = 2",
]


@pytest.mark.parametrize("statement", MEDDLING)
def test_facts_cannot_be_changed(raw: sqlite3.Connection, statement: str) -> None:
    """Neither entries nor crossed rungs, by no form of UPDATE, DELETE or REPLACE; `recursive_triggers` is off."""
    before = facts(raw)
    with pytest.raises(dbapi.IntegrityError, match=r"append_only|does_not_follow|rung_"):
        raw.execute(statement)
    assert facts(raw) == before


def test_without_its_triggers_a_record_can_be_changed(raw: sqlite3.Connection) -> None:
    """The control: it is the triggers that refuse, and the chain that then shows it."""
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    raw.execute(MEDDLING[0])
    rows = raw.execute(f"SELECT {', '.join(Event._fields)} FROM event ORDER BY seq")  # noqa: S608 - names of ours
    assert first_broken(map(Event._make, rows)) == 1


GAPS: list[dict[str, object]] = [
    {"seq": 4},
    {"seq": 2},
    {"seq": 0},
    {"seq": None},
    {"prev": "e" * 64},
    {"prev": GENESIS},
]


@pytest.mark.parametrize("change", GAPS)
def test_an_entry_must_follow_the_last(raw: sqlite3.Connection, change: dict[str, object]) -> None:
    """No gap, no number twice, no number left to the database, no other predecessor."""
    with pytest.raises(dbapi.IntegrityError, match="event_does_not_follow"):
        raw.execute(*insert("event", next_event(raw, **change)))


def test_the_first_entry_must_be_the_first(path: Path) -> None:
    """An empty record begins with number 1 after the beginning of the chain, and with nothing else."""
    values = {**dict.fromkeys(Event._fields, ""), "result": "done", "body": "{}", "hash": "f" * 64}
    values |= {"item": 0, "effective_at": AT, "recorded_at": AT}  # type: ignore[dict-item]
    with closing(plain(path)) as opened:
        for change in ({"seq": 2, "prev": GENESIS}, {"seq": 1, "prev": "e" * 64}):
            with pytest.raises(dbapi.IntegrityError, match="event_does_not_follow"):
                opened.execute(*insert("event", {**values, **change}))
        opened.execute(*insert("event", {**values, "seq": 1, "prev": GENESIS}))


BAD_EVENTS: list[dict[str, object]] = [
    {"result": "maybe"}, {"hash": "f" * 63}, {"recorded_at": 0}, {"item": -1}, {"body": "{"}, {"basis": "phone"},
    {"decider": None},
]  # fmt: skip
BAD_ROWS: list[dict[str, object]] = [
    {"number": 0}, {"stage": "elsewhere"}, {"open": 2}, {"version": -1}, {"body": "["}, {"title": None},
    {"serial": "2023-0001"},
]  # fmt: skip
BAD_OTHERS: list[tuple[str, dict[str, object]]] = [
    ("rung", {"cycle": 0}), ("rung", {"level": -1}), ("rung", {"seq": 0}), ("notice", {"number": 0}),
    ("notice", {"status": "lost"}), ("notice", {"release": "anybody"}), ("notice", {"level": -1}),
    ("policy", {"hash": "short"}), ("policy", {"current": 2}),
]  # fmt: skip
GOOD: dict[str, dict[str, object]] = {
    "rung": dict(item=2, clock="total", cycle=1, level=0, planned_at=AT, crossed_at=AT, seq=1),  # noqa: C408
    "notice": dict(  # noqa: C408 - as its columns read
        number=1, seq=1, item=1, receiver="li", verb="remind", clock="", level=0, paper="", release="auto",
        status="sent", planned_at=AT,
    ),
    "policy": dict(kind="calendar", name="cn", hash="a" * 64, text="{}", index_text="", current=1),  # noqa: C408
}  # fmt: skip


@pytest.mark.parametrize("change", BAD_EVENTS, ids=str)
def test_an_entry_that_cannot_be_is_refused(raw: sqlite3.Connection, change: dict[str, object]) -> None:
    """CHECK and NOT NULL stand behind the program."""
    with pytest.raises(dbapi.IntegrityError, match=r"CHECK|NOT NULL"):
        raw.execute(*insert("event", next_event(raw, **change)))


@pytest.mark.parametrize("change", BAD_ROWS, ids=str)
def test_a_row_that_cannot_be_is_refused(raw: sqlite3.Connection, make_row: MakeRow, change: dict[str, object]) -> None:
    """The same row without the change is taken."""
    good = make_row(2)._asdict()
    with pytest.raises(dbapi.IntegrityError):
        raw.execute(*insert("item", {**good, **change}))
    raw.execute(*insert("item", good))


@pytest.mark.parametrize(("table", "change"), BAD_OTHERS, ids=str)
def test_other_facts_that_cannot_be_are_refused(raw: sqlite3.Connection, table: str, change: dict[str, object]) -> None:
    """The same values without the change are taken."""
    with pytest.raises(dbapi.IntegrityError):
        raw.execute(*insert(table, {**GOOD[table], **change}))
    raw.execute(*insert(table, GOOD[table]))


def test_policy_texts_stay(raw: sqlite3.Connection) -> None:
    """A kept text can be superseded, not changed or deleted; there is one current text for a kind and name."""
    raw.execute(*insert("policy", GOOD["policy"]))
    for statement in ("UPDATE policy SET text = '[]'", "DELETE FROM policy"):
        with pytest.raises(dbapi.IntegrityError, match="policy_is_kept"):
            raw.execute(statement)
    with pytest.raises(dbapi.IntegrityError, match="policy_is_kept"):
        raw.execute(*insert("policy", {**GOOD["policy"], "hash": "b" * 64}))
    raw.execute("UPDATE policy SET current = 0")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO policy SELECT seq, kind, name, hash, '[]', index_text, 0 FROM policy",
        "INSERT OR REPLACE INTO policy SELECT 9, kind, name, hash, '[]', index_text, 0 FROM policy",
        "INSERT OR REPLACE INTO policy SELECT 9, kind, name, replace(hash, 'a', 'b'), '[]', index_text, 1 FROM policy",
        "UPDATE OR REPLACE policy SET seq = 9",
    ],
)
def test_policy_texts_are_not_replaced(raw: sqlite3.Connection, statement: str) -> None:
    """By number, by hash, or by being the current one of its kind and name."""
    raw.execute(*insert("policy", GOOD["policy"]))
    before = raw.execute("SELECT * FROM policy").fetchall()
    with pytest.raises(dbapi.IntegrityError, match="policy_is_kept"):
        raw.execute(statement)
    assert raw.execute("SELECT * FROM policy").fetchall() == before


SEALS = {
    "UPDATE seal SET note = 'x'": "seal_is_kept",
    "UPDATE seal SET number = 3": "seal_is_kept",
    "DELETE FROM seal": "seal_is_kept",
    "INSERT OR REPLACE INTO seal VALUES (1, 'x')": "seal_does_not_follow",
    "INSERT INTO seal VALUES (3, 'x')": "seal_does_not_follow",
    "INSERT INTO seal VALUES (0, 'x')": "seal_does_not_follow",
    "INSERT OR IGNORE INTO seal VALUES (1, 'x')": "seal_does_not_follow",
}


@pytest.mark.parametrize("statement", SEALS)
def test_seals_stay(raw: sqlite3.Connection, statement: str) -> None:
    """They come one after another, without a gap, and are neither changed nor replaced nor deleted."""
    raw.execute("INSERT INTO seal VALUES (1, 'one')")
    with pytest.raises(dbapi.IntegrityError, match=SEALS[statement]):
        raw.execute(statement)
    raw.execute("INSERT INTO seal VALUES (2, 'two')")
    assert raw.execute("SELECT * FROM seal").fetchall() == [(1, "one"), (2, "two")]


# -- plans


PLANS = {
    "SELECT number FROM item WHERE next_at <= 1 ORDER BY next_at, number": "item_next",
    "SELECT * FROM event WHERE item = 1 ORDER BY seq": "event_item",
    "SELECT * FROM event WHERE command_id = 'x' AND command_id <> '' ORDER BY seq": "event_command",
    "SELECT kind, name, hash FROM policy WHERE current = 1 ORDER BY kind, name": "policy_one",
}


@pytest.mark.parametrize("question", PLANS)
def test_daily_questions_are_answered_by_an_index(raw: sqlite3.Connection, question: str) -> None:
    """Without sorting and without reading the whole table."""
    plan = " ".join(step[3] for step in raw.execute(f"EXPLAIN QUERY PLAN {question}"))
    assert PLANS[question] in plan
    assert not re.search("TEMP B-TREE", plan)
