"""Stores to test, and the small values to put into them."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from engine.event import DONE, Event
from engine.item import Item
from engine.ports import Store
from engine.row import Row, to_text
from storage import connection, postgres
from storage.creation import create
from storage.memory import MemoryStore
from storage.sqlite import open_store
from tests.postgres import Server

AT = 1_683_509_400_000_000  # 2023-05-08 09:30 in Shanghai
DEFINITION, CALENDAR = "d" * 64, "c" * 64

MakeRow = Callable[..., Row]
MakeEvent = Callable[..., Event]


class Doors(NamedTuple):
    """Ways into one and the same data. `open` is closed in the end; who calls `alone` closes it (in another thread)."""

    open: Callable[[], Store]
    alone: Callable[[], Store]
    kind: str


def row_for(number: int = 1, **changes: Any) -> Row:  # noqa: ANN401 - whatever the column holds
    """Make the row of an item, with the item in it, and change some columns."""
    item = Item(
        number, f"2023-{number:04d}", "siban", DEFINITION, "rectifying", AT, AT, AT, fields={"title": f"问题 {number}"}
    )
    row = Row(
        number=number, serial=item.serial, workflow="siban", definition=DEFINITION, state=item.state, stage="handle",
        open=1, title=item.text("title"), source="citizen", track="immediate", lead_unit="water", handler="zhang", related="",
        registered_at=AT, since=AT, due_at=None, done_at=None, closed_at=None, next_at=None, rungs=0, version=1,
        last_seq=1, body=to_text(item),
    )  # fmt: skip
    return row._replace(**changes)


def event_for(item: int = 1, **changes: Any) -> Event:  # noqa: ANN401 - whatever the field holds
    """Make an entry that is not numbered yet, and change some fields."""
    event = Event(
        0, item, "register", DONE, AT, AT, "zhang", "zhang", "", "", DEFINITION, CALENDAR, '{"to":"registered"}'
    )
    return event._replace(**changes)


@pytest.fixture
def make_row() -> MakeRow:
    """Give the maker of rows."""
    return row_for


@pytest.fixture
def make_event() -> MakeEvent:
    """Give the maker of entries."""
    return event_for


@pytest.fixture
def postgres_url(server: Server) -> str:
    """Give the address of an empty trial database on the throw-away server."""
    return server.url(server.new("office"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make an empty database file."""
    place = tmp_path / "四办 #1?.db"  # what a path may hold, and a URI may not
    create(place, {"installation": "test", "trial": "1"})
    return place


@pytest.fixture(params=["memory", "sqlite", "system_sqlite", "postgres"])
def doors(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    """Give each kind of store in turn; the system's SQLite stands for machines without a newer one."""
    opened: list[Store] = []
    if request.param == "memory":
        memory = MemoryStore()
        yield Doors(lambda: memory, lambda: memory, request.param)
        return
    if request.param == "postgres":
        url: str = request.getfixturevalue("postgres_url")

        def connected(seconds: float = 10) -> Store:
            opened.append(postgres.open_store(url, seconds=seconds))
            return opened[-1]

        yield Doors(lambda: connected(0.2), connected, request.param)
        for store in opened:
            store.close()
        return
    if request.param == "system_sqlite":
        monkeypatch.setattr(connection, "dbapi", sqlite3)
    create(tmp_path / "test.db", {})

    def alone() -> Store:
        return open_store(tmp_path / "test.db", seconds=10)

    def another() -> Store:
        opened.append(open_store(tmp_path / "test.db", seconds=0.2))
        return opened[-1]

    yield Doors(another, alone, request.param)
    for store in opened:
        store.close()


@pytest.fixture
def store(doors: Doors) -> Store:
    """Open a store of each kind."""
    return doors.open()
