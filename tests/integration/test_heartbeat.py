"""What a heartbeat asks of a store and leaves there: many items at once, alike in every store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import Misused
from engine.row import ItemQuery

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.ports import Store
    from engine.row import Row

    MakeRow = Callable[..., Row]

AT = 1_683_509_400_000_000


def test_what_is_due_comes_with_its_moment(store: Store, make_row: MakeRow) -> None:
    """The items themselves, in the same order, to a reader and to a writer."""
    with store.write() as writer:
        writer.put_rows([make_row(1, next_at=AT + 2), make_row(2, next_at=AT), make_row(3), make_row(4, next_at=AT)])
    for opened in (store.read, store.write):
        with opened() as reader:
            found = reader.items_due(AT + 2, 9)
            assert [(item.number, at) for item, at in found] == [(2, AT), (4, AT), (1, AT + 2)]
            assert [item for item, _ in found] == [reader.item(number) for number in (2, 4, 1)]
            assert reader.items_due(AT + 2, 2) == found[:2]
            assert reader.items_due(AT - 1, 9) == []


def test_rows_are_rewritten_together(store: Store, make_row: MakeRow) -> None:
    """Also where one of them did not stay in its state after all, belongs to another unit, or was not there."""
    with store.write() as writer:
        writer.put_rows([make_row(number, next_at=AT) for number in (1, 2, 3)])
    still = make_row(1, next_at=AT + 1, rungs=1, last_seq=7)
    others = make_row(2, state="planning", next_at=AT + 1), make_row(3, lead_unit="roads"), make_row(4, next_at=AT)
    with store.write() as writer:
        writer.rewrite_rows([still])
        assert writer.row(1) == still
        writer.rewrite_rows([still, *others])
    with store.read() as reader:
        assert list(reader.rows(ItemQuery())) == [still, *others]
        assert [row.number for row in reader.rows(ItemQuery(states=("planning",)))] == [2]
    with pytest.raises(Misused), store.write() as writer:
        writer.rewrite_rows([still, make_row(2, title="a\0b")])
