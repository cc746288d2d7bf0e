"""Who reported: looked at only on record, erased for good with the record still whole."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from engine.check import check
from engine.context import Hand
from engine.errors import FaultsFound, Misused, Refused, Unavailable
from engine.loader import load
from engine.policy import PolicyShelf
from engine.privacy import erased
from engine.references import reference_faults
from engine.row import EventQuery
from storage.connection import dbapi
from storage.creation import create
from storage.memory import MemoryStore
from storage.sqlite import open_store
from tests.trial import CLERK, HEAD, RIVER, RIVER_HEAD, RIVER_TOO, VERIFIER, Ledger
from workflows.index import definition_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME, PHONE, WHY = "金丝雀", "13912345678", "电话回访办理结果"


@pytest.fixture(name="ledger", params=["memory", "sqlite"])
def _ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """An office over each store, with one reporter's item at the river station and one anonymous item."""
    if request.param == "memory":
        made = Ledger(MemoryStore())
    else:
        create(str(tmp_path / "office.db"), {"trial": "1"})
        made = Ledger(open_store(str(tmp_path / "office.db")))
    made.assigned("河道漂浮垃圾", source="citizen", reporter=NAME, contact=PHONE, track="immediate")
    made.register(title="无名来信", source="citizen", anonymous=True)
    yield made
    made.office.store.close()


def hand(who: str) -> Hand:
    """Act for oneself."""
    return Hand(who, who)


def entries(ledger: Ledger, verb: str) -> list[tuple[str, str]]:
    """Return who did or tried a verb, and how it ended."""
    with ledger.office.store.read() as reader:
        return [(e.decider, e.result) for e in reader.events(EventQuery(verb=verb))]


def faults(ledger: Ledger) -> list[str]:
    """Check the ledger against the record."""
    with ledger.office.store.read() as reader:
        return [fault.code for fault in check(reader, PolicyShelf())]


@pytest.mark.parametrize("who", [HEAD, CLERK, VERIFIER, RIVER])
def test_the_office_and_the_handler_may_look(ledger: Ledger, who: str) -> None:
    """They are given name and contact, and the record says who looked and why."""
    seen = ledger.office.reveal(1, f"  {WHY}", hand(who))
    assert (seen.name, seen.contact) == (NAME, PHONE)
    assert entries(ledger, "reveal") == [(who, "done")]
    with ledger.office.store.read() as reader:
        assert f'"reason":"{WHY}"' in next(reader.events(EventQuery(verb="reveal"))).body
    assert faults(ledger) == []


@pytest.mark.parametrize("who", [RIVER_HEAD, RIVER_TOO, "o04", "o01"])
def test_nobody_else_may_look(ledger: Ledger, who: str) -> None:
    """Neither colleagues of the handler nor leaders; the attempt is on record."""
    with pytest.raises(Refused, match="not_allowed"):
        ledger.office.reveal(1, WHY, hand(who))
    assert entries(ledger, "reveal") == [(who, "refused")]


@pytest.mark.parametrize("who", [CLERK, VERIFIER, RIVER, RIVER_HEAD, "o01"])
def test_only_the_head_of_the_office_may_erase(ledger: Ledger, who: str) -> None:
    """Everybody else is refused and nothing is lost."""
    with pytest.raises(Refused, match="not_allowed"):
        ledger.office.redact(1, "反映人要求", hand(who))
    assert ledger.office.reveal(1, WHY, hand(HEAD)).name == NAME


@pytest.mark.parametrize("reason", ["", "  \u200b"])
def test_a_reason_is_needed(ledger: Ledger, reason: str) -> None:
    """Blanks are none."""
    for act in (ledger.office.reveal, ledger.office.redact):
        with pytest.raises(Refused, match="missing_field"):
            act(1, reason, hand(HEAD))


@pytest.mark.parametrize("reason", [f"{NAME}要求删除", f"回访{PHONE}"])
def test_a_reason_names_nobody(ledger: Ledger, reason: str) -> None:
    """What would keep the name in the record for ever is refused, and the refusal does not quote it."""
    for act in (ledger.office.reveal, ledger.office.redact):
        with pytest.raises(Misused, match="names_reporter") as refused:
            act(1, reason, hand(HEAD))
        assert refused.value.data == {"field": "reason"}
    assert (entries(ledger, "reveal"), entries(ledger, "redact")) == ([], [])


def test_a_command_id_names_nobody(ledger: Ledger) -> None:
    """It stands in the record as it was given."""
    fields = {"title": "一件", "source": "citizen", "reporter": NAME, "contact": PHONE}
    for text in (f"letter-{PHONE}", NAME):
        with pytest.raises(Misused, match="names_reporter"):
            ledger.office.register("siban", [(fields, None)], Hand(CLERK, CLERK, "", text))
    ledger.office.register("siban", [(fields, None)], Hand(CLERK, CLERK, "", "letter-1"))


def test_there_must_be_a_reporter(ledger: Ledger) -> None:
    """An anonymous item has none."""
    for act in (ledger.office.reveal, ledger.office.redact):
        with pytest.raises(Refused, match="no_reporter"):
            act(2, WHY, hand(HEAD))


def test_erased_is_erased(ledger: Ledger) -> None:
    """Nothing is left but that there was a reporter; the record is whole, and neither act can be done again."""
    assert ledger.office.redact(1, "反映人要求删除", hand(HEAD))
    with ledger.office.store.read() as reader:
        assert reader.reporter(1) == erased(1)
    assert faults(ledger) == []
    for act in (ledger.office.reveal, ledger.office.redact):
        with pytest.raises(Refused, match="reporter_erased"):
            act(1, WHY, hand(HEAD))
    assert faults(ledger) == []


def test_looking_does_not_move_the_item(ledger: Ledger) -> None:
    """An act entered late may well have come before somebody looked."""
    ledger.at("2023-05-08 16:00")
    ledger.office.reveal(1, WHY, hand(HEAD))
    ledger.act(RIVER, "sign", 1, at="2023-05-08 15:00")
    assert faults(ledger) == []


def test_an_erasure_without_its_entry_is_a_fault_and_so_is_an_entry_without_it(ledger: Ledger) -> None:
    """Only an entry erases, and what it erased does not come back."""
    with ledger.office.store.read() as reader:
        before = reader.reporter(1)
    assert before is not None
    with ledger.office.store.write() as writer:
        writer.put_reporter(erased(1))
    assert faults(ledger) == ["reporter_differs"]
    with ledger.office.store.write() as writer:
        writer.put_reporter(before)
    ledger.office.redact(1, "反映人要求删除", hand(HEAD))
    with ledger.office.store.write() as writer:
        writer.put_reporter(before)
    assert faults(ledger) == ["reporter_kept"]


def test_what_is_not_recorded_is_not_shown(tmp_path: Path) -> None:
    """Where the record cannot be written, neither act gives or takes anything."""
    path = str(tmp_path / "office.db")
    create(path, {"trial": "1"})
    with closing(open_store(path)) as store:
        ledger = Ledger(store)
        ledger.register(title="一件", source="citizen", reporter=NAME, contact=PHONE)
        store.connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
        for act in (ledger.office.reveal, ledger.office.redact):
            with pytest.raises(dbapi.Error, match="the disk is full"):
                act(1, WHY, hand(HEAD))
        with store.read() as reader:
            kept = reader.reporter(1)
        assert kept is not None
        assert kept.name == NAME


def test_a_disk_that_fails_at_the_purge_leaves_the_erasure(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on record was done and is not told as unsaved; only the old bytes may still be there."""

    def failing() -> bool:
        raise Unavailable("disk_failed", path="office.db", why="disk I/O error")

    monkeypatch.setattr(ledger.office.store, "purge", failing)
    assert not ledger.office.redact(1, "保存期限已满", hand(HEAD))
    with ledger.office.store.read() as reader:
        assert reader.reporter(1) == erased(1)
    assert entries(ledger, "redact") == [(HEAD, "done")]


# -- the bytes of the file


def _reporters(path: Path, count: int) -> None:
    """Keep so many reporters that their table parts into pages, by one transaction each; some are long."""
    create(str(path), {"trial": "1"})
    with closing(open_store(str(path))) as store:
        ledger = Ledger(store)
        for n in range(count):
            contact = f"1390000{n:04d} " + "x" * (400 if n % 7 == 0 else 0)
            ledger.register(title="一件", source="citizen", reporter=f"金丝雀{n:04d}号", contact=contact)


def _bytes(path: Path) -> bytes:
    """Read every file of the database."""
    return b"".join(one.read_bytes() for one in sorted(path.parent.iterdir()) if one.name.startswith(path.name))


def test_the_bytes_of_an_erased_reporter_are_gone(tmp_path: Path) -> None:
    """From the pages, from what was left behind when pages parted, and from the write-ahead log, with the database open.

    Control: before, and for those not erased, they are there.
    """
    path, count = tmp_path / "office.db", 120
    _reporters(path, count)
    with closing(open_store(str(path))) as store:
        ledger = Ledger(store)
        gone = [*range(1, count + 1, 3)]
        salts = {}
        with store.read() as reader:
            for number in gone:
                kept = reader.reporter(number)
                assert kept is not None
                salts[number] = kept.salt
        before = _bytes(path)
        for number in gone:
            assert f"金丝雀{number - 1:04d}号".encode() in before
            assert ledger.office.redact(number, "保存期限已满", hand(HEAD))
        after = _bytes(path)
        for n in range(count):
            left = n + 1 not in gone
            assert (f"金丝雀{n:04d}号".encode() in after) == left, n
            assert (f"1390000{n:04d}".encode() in after) == left, n
        assert faults(ledger) == []


def test_a_reader_that_holds_the_old_bytes_is_named(tmp_path: Path) -> None:
    """The erasure stands; that the log still has the old bytes is said, and the next purge takes them."""
    path = tmp_path / "office.db"
    _reporters(path, 1)
    if open_store(str(path)).connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        pytest.skip("no write-ahead log under this library")
    with closing(open_store(str(path), seconds=0.05)) as store, closing(open_store(str(path))) as other:
        with other.read() as reader:
            assert reader.reporter(1) is not None
            assert not Ledger(store).office.redact(1, "保存期限已满", hand(HEAD))
        assert store.purge()
        assert "金丝雀0000号".encode() not in _bytes(path)


# -- definitions


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('contact = { title = "联系方式", private = true }', 'contact = { title = "联系方式" }'),
        ('place = { title = "属地",', 'place = { title = "属地", private = true,'),
    ],
)
def test_a_definition_cannot_let_private_data_into_the_record(old: str, new: str) -> None:
    """Both fields are private, no other one is."""
    text = definition_text("siban")
    assert old in text
    with pytest.raises(FaultsFound) as found:
        load(text.replace(old, new, 1))
    assert [fault.code for fault in found.value.data["faults"]] == ["private_elsewhere"]  # type: ignore[attr-defined]


def test_private_data_is_taken_at_registration_only() -> None:
    """Anywhere else nothing would keep it."""
    text = definition_text("petition")
    definition = load(text)
    first = definition.transitions[0]
    late = definition._replace(
        transitions=(first._replace(optional=(*first.optional, "contact")), *definition.transitions[1:])
    )
    assert [fault.code for fault in reference_faults(late)] == ["private_late"]
