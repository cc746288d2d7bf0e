"""`siban check`: the ledger recomputed from the record, fault by fault in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import FaultsFound
from interfaces.progress import bar, wipe
from workflows.faults import PLACES

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.ports import Reader
    from interfaces.session import Session


def run_check(session: Session) -> None:
    """Prove that the ledger equals the record; say nothing when it does.

    Raises `FaultsFound("check_failed", faults=[(place, code, detail)])` with the places in words.
    """
    from engine.check import check

    with session.store.read() as reader:
        tell = telling(reader)
        faults = check(reader, session.shelf, tell)
    if tell:
        wipe()
    if faults:
        raise FaultsFound("check_failed", faults=[(place_text(f.place), f.code, f.detail) for f in faults])


def place_text(place: str) -> str:
    """Return where a fault lies, in words: `item 5.due_at` is 第 5 号事项 due_at."""
    kind, _, rest = place.partition(" ")
    number, _, column = rest.partition(".") if kind == "item" else (rest, "", "")
    return f"{PLACES.get(kind, kind + ' {}').format(number)}{' ' + column if column else ''}"


def telling(reader: Reader) -> Callable[[int], None] | None:
    """Return what draws how many entries of a record are looked at, None where nobody looks on."""
    draw = bar("条办理记录")
    if draw is None:
        return None
    total = reader.head()[0]
    return lambda done: draw(done, total)
