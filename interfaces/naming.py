"""What a field says of another item: its serial and its title, as far as one may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from interfaces.display import display
from interfaces.wording import value_text

if TYPE_CHECKING:
    from engine.context import Rules
    from engine.item import Item
    from engine.ports import Reader


class Named(NamedTuple):
    """An item that another one refers to."""

    number: int
    serial: str
    title: str

    @property
    def text(self) -> str:
        """Both as people read them: XD2023-0001 先学先改行动."""
        return f"{self.serial} {display(self.title)}"


def named(reader: Reader, item: Item, rules: Rules) -> dict[str, Named]:
    """Return what an item refers to, by field; what is out of sight is not there."""
    found = {}
    for name in rules.definition.relations:
        row = reader.row(number) if isinstance(number := item.fields.get(name), int) else None
        if row:
            found[name] = Named(row.number, row.serial, row.title)
    return found


def text_in(reader: Reader, item: Item, name: str, rules: Rules) -> str:
    """Return a field of an item as people read it; one that refers to another item by that one's serial and title."""
    value = item.fields.get(name)
    if value in (None, "", [], False):
        return ""
    other = named(reader, item, rules).get(name) if name in rules.definition.relations else None
    return other.text if other else value_text(name, value, rules)
