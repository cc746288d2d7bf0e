"""A record walked in stretches by several processes is the record walked from its beginning, whole or tampered with."""

from __future__ import annotations

import shutil
from concurrent.futures import Future
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from engine.canonical import canonical
from engine.clock import SECOND, parse_instant
from engine.event import DONE, Event
from engine.row import EventQuery
from interfaces import stretches
from interfaces.verifier import BATCH, Walk
from storage.creation import create
from storage.sqlite import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from storage.sqlite import SqliteStore

COUNT = 4 * BATCH + 100
SIZES = {1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH, 3 * BATCH + 7, 4 * BATCH, COUNT, COUNT + 5}
START = parse_instant("2023-05-08 09:00")


def entry(number: int) -> Event:
    """An entry, of which some say that a seal was made."""
    at = START + number * SECOND
    verb = "seal" if number in SIZES else "comment"
    return Event(
        0, 1, verb, DONE, at, at, "o11", "o11", "", "", "d" * 64, "c" * 64, canonical({"fields": {"n": number}})
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record of somewhat more than four stretches."""
    path = tmp_path_factory.mktemp("record") / "office.db"
    create(path, {"installation": "test"})
    with closing(open_store(path)) as opened, opened.write() as writer:
        writer.append([entry(number) for number in range(1, COUNT + 1)])
    return path


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Iterator[SqliteStore]:
    """A copy of it to tamper with."""
    shutil.copyfile(made, tmp_path / "office.db")
    with closing(open_store(tmp_path / "office.db")) as opened:
        yield opened


class Ways:
    """Both ways to walk a record, and whether the second had to go the first."""

    def __init__(self, store: SqliteStore) -> None:
        """Walk it both ways."""
        self.fell_back = False
        told: list[int] = []
        in_stretches = partial(stretches.walk, path=store.path, told=told.append, length=BATCH)
        with store.read() as reader:
            count = reader.head()[0]
            self.one = Walk(reader.events(EventQuery()), SIZES)
            self.all = in_stretches(self.watched(reader.events(EventQuery())), SIZES, count=count)
        self.told = told

    def watched(self, entries: Iterator[Event]) -> Iterator[Event]:
        """Note when somebody takes entries one by one."""
        for event in entries:
            self.fell_back = True
            yield event


def test_a_whole_record_is_found_whole(store: SqliteStore) -> None:
    """The same size, head, announced seals and subtrees at every size; nobody looks at the entries one by one."""
    ways = Ways(store)
    assert not ways.fell_back
    assert vars(ways.all) == vars(ways.one)
    assert ways.told == [BATCH, 2 * BATCH, 3 * BATCH, 4 * BATCH, COUNT]
    assert set(ways.all.peaks) == {0, *SIZES} - {COUNT + 5}


class Inline:
    """Does at once, in this process, what a pool would do: only what it says is in question."""

    def __init__(self, *_arguments: object, **_named: object) -> None:
        """Start nothing."""

    def submit(self, work: Callable[[Any], Any], task: object) -> Future[Any]:
        """Do it."""
        done: Future[Any] = Future()
        done.set_result(work(task))
        return done

    def shutdown(self, **_named: object) -> None:
        """Stop nothing."""


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE event SET body = '{}' WHERE seq = {seq}",
        "UPDATE event SET hash = prev WHERE seq = {seq}",
        "UPDATE event SET prev = hash WHERE seq = {seq}",
        "UPDATE event SET item = 'x' WHERE seq = {seq}",
        "UPDATE event SET body = CAST(x'7bff7d' AS TEXT) WHERE seq = {seq}",
        "DELETE FROM event WHERE seq = {seq}",
        "UPDATE event SET seq = -{seq} WHERE seq = {seq}",
    ],
)
@pytest.mark.parametrize("seq", [1, BATCH, BATCH + 1, 2 * BATCH + 500, COUNT - 1])
def test_tampering_is_said_by_the_walk_from_the_beginning(
    store: SqliteStore, tampering: str, seq: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is, also at the border of two stretches: the faults are those of the one walk."""
    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", Inline)
    store.as_it_is()
    for trigger in ("event_stays", "event_keeps"):
        store.connection.execute(f"DROP TRIGGER {trigger}")
    store.connection.execute("PRAGMA ignore_check_constraints = 1")
    store.connection.execute(tampering.replace("{seq}", str(seq)))
    ways = Ways(store)
    assert ways.fell_back
    assert ways.one.faults
    assert vars(ways.all) == vars(ways.one)
