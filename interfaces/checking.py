"""`siban check`: the ledger recomputed from the record, fault by fault in words."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from engine.errors import FaultsFound
from interfaces.output import is_terminal
from interfaces.progress import wipe
from workflows.faults import PLACES

if TYPE_CHECKING:
    from interfaces.session import Session


def run_check(session: Session) -> None:
    """Prove that the ledger equals the record; say nothing when it does.

    Raises `FaultsFound("check_failed", faults=[(place, code, detail)])` with the places in words.
    """
    from engine.check import check

    tell = is_terminal(sys.stderr)
    with session.store.read() as reader:
        faults = check(reader, session.shelf, told if tell else None)
    if tell:
        wipe()
    if faults:
        raise FaultsFound("check_failed", faults=[(place_text(f.place), f.code, f.detail) for f in faults])


def place_text(place: str) -> str:
    """Return where a fault lies, in words: `item 5.due_at` is 第 5 号事项 due_at."""
    kind, _, rest = place.partition(" ")
    number, _, column = rest.partition(".") if kind == "item" else (rest, "", "")
    return f"{PLACES.get(kind, kind + ' {}').format(number)}{' ' + column if column else ''}"


def told(count: int) -> None:
    """Tell on a terminal how far it is."""
    sys.stderr.write(f"\r已核对 {count} 条办理记录")
    sys.stderr.flush()
