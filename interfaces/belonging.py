"""What belongs to an item: everything that refers to it, as rows, with how much of it is settled."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.errors import Refused
from engine.light import OVERDUE
from engine.row import ItemQuery, from_text
from interfaces.display import display
from interfaces.listing import carried_text, item_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.item import Item
    from engine.ports import Reader
    from interfaces.session import Session

    Shown = Mapping[str, object]


class Part(NamedTuple):
    """One item that refers to another, with its row."""

    item: Item
    row: Shown

    @property
    def is_waived(self) -> bool:
        """Whether it is closed without counting: waived, merged, void."""
        return not self.row["open"] and not self.row["counted"]

    @property
    def is_longterm(self) -> bool:
        """Whether it has become lasting work (持续整改), which keeps nothing above it open."""
        return self.item.state == "longterm"

    @property
    def is_left(self) -> bool:
        """Whether something must still become of it."""
        return bool(self.row["open"]) and not self.is_longterm

    @property
    def is_late(self) -> bool:
        """Whether its time is over and it is not done."""
        return self.row["light"] == OVERDUE and self.row["done_at"] is None and bool(self.row["open"])


class Share(NamedTuple):
    """How much of some parts is settled."""

    of: int
    closed: int
    waived: int
    longterm: int
    late: int

    @property
    def settled(self) -> int:
        """How many are closed or turned into lasting work."""
        return self.closed + self.longterm

    @property
    def left(self) -> int:
        """How many are neither closed nor turned into lasting work."""
        return self.of - self.settled


def item_of(reader: Reader, number: int, name: str, workflow: str, title: str) -> Item:
    """Return an item of a workflow; raises `Refused("not_of_workflow")` for any other, by the name it was asked for."""
    found = reader.item(number)
    if found is None or found.workflow != workflow:
        raise Refused("not_of_workflow", item=name, workflow=title)
    return found


def parts_of(session: Session, reader: Reader, number: int, relation: str = "") -> list[Part]:
    """Return what refers to an item in a field, without one in any, the earliest due first."""
    found = []
    for row in reader.rows(ItemQuery(related=f"{relation}:{number}")):
        item = from_text(row.body)
        rules = session.shelf.rules(reader, item.definition)
        found.append(Part(item, item_row(item, rules, session.now, row.due_at)))
    return sorted(found, key=lambda part: (str(part.row["due_at"] or "9"), part.item.number))


def share_of(parts: Iterable[Part]) -> Share:
    """Count what is settled; what was waived is closed too."""
    known = list(parts)
    return Share(
        len(known),
        sum(not part.row["open"] for part in known),
        sum(part.is_waived for part in known),
        sum(part.is_longterm for part in known),
        sum(part.is_late for part in known),
    )


def part_line(row: Shown) -> str:
    """Return an item that belongs to another as a line: serial, title, unit, state, by when; the first date of one carried over."""
    before, late = row["original_dues"], row["late_dues"]
    carried = (
        f"（{carried_text(before, late)}）" if before and isinstance(before, list) and isinstance(late, list) else ""
    )
    words = (row["serial"], row["title"], row["lead_unit_title"], row["state_title"])
    head = "　".join(display(str(word)) for word in words if word)
    return f"{head}　{row['due']}{carried} {row['left']}".rstrip()
