"""The past folded by several processes is the past folded by this one."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest

from engine import past as pasts
from engine.clock import parse_instant
from engine.past import Past
from engine.row import EventQuery, ItemQuery
from interfaces import folding
from storage.creation import create
from storage.sqlite import open_store
from tests.trial import END, Ledger, fill

if TYPE_CHECKING:
    from pathlib import Path

    from engine.past import Folding, Seen
    from engine.ports import Reader

INSTANTS = ("2023-05-08 09:00", "2023-05-29 11:00", "2023-06-14 09:59", END)
HALF_WAY = parse_instant(INSTANTS[1])


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Twelve items in a file, looked at in batches of five."""
    monkeypatch.setattr(pasts, "BATCH", 5)
    path = tmp_path / "office.db"
    create(path, {"installation": "test", "trial": "1"})
    made = Ledger(open_store(path))
    fill(made)
    return made


def seen(ledger: Ledger, reader: Reader, at: int, way: Folding | None = None) -> list[Seen]:
    """Return every item as it was."""
    return list(Past(reader, ledger.office.shelf, at).items(reader.rows(ItemQuery()), folding=way))


def of(ledger: Ledger) -> Folding:
    """Return the way by processes for the file of a ledger."""
    return partial(folding.together, ledger.office.store.path)  # type: ignore[attr-defined]  # a file's store


def test_several_processes_fold_the_same(ledger: Ledger) -> None:
    """At each instant: the same items under the same rules, in the same order."""
    with ledger.office.store.read() as reader:
        for at in map(parse_instant, INSTANTS):
            assert seen(ledger, reader, at, of(ledger)) == seen(ledger, reader, at)


def test_they_see_no_later_record_than_who_asks(ledger: Ledger) -> None:
    """What is entered late, after the view was opened, does not count in it; in the next one it does."""
    with closing(open_store(ledger.office.store.path)) as other, other.read() as reader:  # type: ignore[attr-defined]
        before = seen(ledger, reader, HALF_WAY)
        with ledger.office.store.write() as writer:  # a remark as of half-way on each item, entered just now
            first = [next(iter(writer.events(EventQuery(item=one.item.number)))) for one in before]
            writer.append([e._replace(verb="comment", effective_at=HALF_WAY, body='{"fields":{}}') for e in first])
        assert seen(ledger, reader, HALF_WAY, of(ledger)) == before
    with ledger.office.store.read() as reader:
        assert seen(ledger, reader, HALF_WAY, of(ledger)) != before
