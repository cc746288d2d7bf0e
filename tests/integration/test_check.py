"""`check` proves that the ledger equals the record: silent when it does, whatever table was changed when not."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from engine.check import check
from engine.errors import FaultsFound
from engine.policy import PolicyShelf
from engine.row import EventQuery
from interfaces.checking import place_text, run_check
from interfaces.session import Session
from storage.connection import dbapi
from storage.sqlite import open_store
from workflows.faults import FAULTS

if TYPE_CHECKING:
    from pathlib import Path

    from engine.loader import Fault


def faults_of(book: Path) -> list[Fault]:
    """Check a database with a shelf of its own."""
    with closing(open_store(book)) as store, store.read() as reader:
        return check(reader, PolicyShelf())


def tamper(book: Path, *statements: str) -> None:
    """Do what only the owner of the file can: take the triggers away and change what is there."""
    with closing(dbapi.connect(str(book))) as opened:
        triggers = [name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for statement in (*(f"DROP TRIGGER {name}" for name in triggers), *statements):
            opened.execute(statement)
        opened.commit()


def test_a_sound_database_has_no_faults(book: Path) -> None:
    """Nothing is said, and progress is told on the way."""
    told: list[int] = []
    assert faults_of(book) == []
    with closing(open_store(book)) as store, store.read() as reader:
        assert check(reader, PolicyShelf(), told.append) == []
    run_check(Session(str(book)))


_ROW = (
    "SELECT 99, 'ZG2023-0099', workflow, definition, state, stage, open, title, source, track, lead_unit, handler, related,"
    " registered_at, since, due_at, done_at, closed_at, next_at, rungs, version, last_seq, body"
    " FROM item WHERE number = 5"
)
_NOTICE = (
    "SELECT 999, seq, item, receiver, verb, clock, level, paper, release, status, planned_at, acked_at"
    " FROM notice WHERE number = 1"
)

TAMPERED = {
    "an entry's body": (
        "UPDATE event SET body = replace(body, '柳塘港', '别处') WHERE seq = 5",
        "entry 5",
        "entry_changed",
    ),
    "who decided": ("UPDATE event SET decider = 'o14' WHERE seq = 14", "entry 14", "entry_changed"),
    "a hash with its entry": (
        "UPDATE event SET verb = 'comment', hash = '" + "0" * 64 + "' WHERE seq = 20",
        "entry 20",
        "entry_changed",
    ),
    "an entry taken out": ("DELETE FROM event WHERE seq = 30", "entry 31", "entry_gap"),
    "the last entry taken off": (
        "DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)",
        "item 12.last_seq",
        "row_differs",
    ),
    "an item's state": ("UPDATE item SET state = 'closed' WHERE number = 7", "item 7.state", "row_differs"),
    "a due day": ("UPDATE item SET due_at = due_at + 86400000000 WHERE number = 8", "item 8.due_at", "row_differs"),
    "a closed item's due day": ("UPDATE item SET due_at = due_at - 1 WHERE number = 1", "item 1.due_at", "row_differs"),
    "a title": ("UPDATE item SET title = '没有问题' WHERE number = 2", "item 2.title", "row_differs"),
    "an item's body": (
        "UPDATE item SET body = replace(body, 'o27', 'o28') WHERE number = 2",
        "item 2.body",
        "row_differs",
    ),
    "the next moment": ("UPDATE item SET next_at = next_at + 1 WHERE number = 9", "item 9.next_at", "row_differs"),
    "an item put to sleep": ("UPDATE item SET next_at = NULL WHERE number = 9", "item 9.next_at", "next_missing"),
    "an item's row taken out": ("DELETE FROM item WHERE number = 5", "item 5", "row_missing"),
    "a row nobody registered": (
        f"INSERT INTO item {_ROW}",
        "item 99",
        "row_without_entry",
    ),
    "a rung taken out": ("DELETE FROM rung WHERE item = 7 AND level = 1", "rung 7 total:1:1", "rung_missing"),
    "a rung put in": (
        "INSERT INTO rung VALUES (9, 'total', 1, 4, 1, 1, 1)",
        "rung 9 total:1:4",
        "rung_without_entry",
    ),
    "a rung's moment": (
        "UPDATE rung SET crossed_at = crossed_at - 1 WHERE item = 7 AND level = 2",
        "rung 7 total:1:2",
        "rung_differs",
    ),
    "a notice taken out": ("DELETE FROM notice WHERE number = 3", "notice 3", "notice_missing"),
    "a notice said to be seen": ("UPDATE notice SET acked_at = 1 WHERE number = 4", "notice 4", "notice_differs"),
    "a notice to somebody else": ("UPDATE notice SET receiver = 'o01' WHERE number = 5", "notice 5", "notice_differs"),
    "a notice nobody sent": (
        f"INSERT INTO notice {_NOTICE}",
        "notice 999",
        "notice_without_entry",
    ),
    "a reporter's name": ("UPDATE reporter SET name = '李女士' WHERE item = 1", "reporter 1", "reporter_differs"),
    "a reporter taken out": ("DELETE FROM reporter WHERE item = 1", "reporter 1", "reporter_missing"),
    "a reporter of another item": ("UPDATE reporter SET item = 2 WHERE item = 1", "reporter 2", "reporter_differs"),
    "a definition nobody loaded": (
        "INSERT INTO policy SELECT 99, kind, 'other', hash, text, index_text, 1 FROM policy WHERE seq = 1",
        "policy calendar other",
        "policy_without_entry",
    ),
    "a definition's text": (
        "UPDATE policy SET text = replace(text, '整改中', '整改了') WHERE kind = 'definition' AND name = 'siban'",
        "policy definition siban",
        "policy_changed",
    ),
    "the definition in force": (
        "UPDATE policy SET current = 0 WHERE kind = 'definition' AND name = 'petition'",
        "policy definition petition",
        "policy_not_current",
    ),
}


@pytest.mark.parametrize(("statement", "place", "code"), TAMPERED.values(), ids=TAMPERED)
def test_what_was_changed_is_found(book: Path, statement: str, place: str, code: str) -> None:
    """Whatever table the owner of the file changes, the fault is named at its place."""
    tamper(book, statement)
    assert (place, code) in [(fault.place, fault.code) for fault in faults_of(book)]


def test_one_change_does_not_drown_in_others(book: Path) -> None:
    """A column that was changed is one fault, and an entry that was changed is one fault in the chain."""
    tamper(book, "UPDATE item SET handler = 'o28' WHERE number = 2")
    assert [(f.place, f.code) for f in faults_of(book)] == [("item 2.handler", "row_differs")]
    tamper(book, "UPDATE event SET decider = 'o99' WHERE seq = 14")
    assert [f.code for f in faults_of(book) if f.place.startswith("entry")] == ["entry_changed"]


def test_a_record_that_cannot_be_read_is_a_fault_and_no_crash(book: Path) -> None:
    """An entry with a body of another shape is named; the rest is checked on."""
    tamper(book, "UPDATE event SET body = '[1,2]' WHERE seq = 13", "UPDATE item SET title = 'x' WHERE number = 3")
    found = [(fault.place, fault.code) for fault in faults_of(book)]
    assert ("entry 13", "entry_unreadable") in found
    assert ("item 3.title", "row_differs") in found


def test_an_erased_reporter_is_no_fault(book: Path) -> None:
    """Personal data may go, by an entry that says so; the commitment stays and proves nothing more."""
    with closing(open_store(book)) as store, store.write() as writer:
        last = next(writer.events(EventQuery(item=1, newest=True, limit=1)))
        writer.append([last._replace(verb="redact", result="done", command_id="", body="{}")])
    tamper(book, "DELETE FROM reporter WHERE item = 1")
    assert [fault for fault in faults_of(book) if fault.place.startswith("reporter")] == []


def test_the_command_lists_the_faults_in_words(book: Path) -> None:
    """Every code has a sentence and every place a name."""
    tamper(book, "UPDATE item SET state = 'closed' WHERE number = 7", "DELETE FROM notice WHERE number = 3")
    with pytest.raises(FaultsFound, match="check_failed") as found:
        run_check(Session(str(book)))
    assert found.value.exit_status == 4
    assert ("第 7 号事项 state", "row_differs") in [fault[:2] for fault in found.value.data["faults"]]  # type: ignore[attr-defined]
    assert {code for _, _, code in TAMPERED.values()} <= set(FAULTS)
    assert place_text("notice 3") == "第 3 号通知"
