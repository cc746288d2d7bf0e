"""A ledger that is read in again: which of its rows are there already, and what they say differently now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.event import CORRECT
from engine.intake import Order
from engine.row import ItemQuery, from_text
from interfaces.wording import value_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.context import Rules
    from engine.item import Item
    from interfaces.problem_row import Line
    from interfaces.session import Session

REASON = "按导入的台账更正"
ACT_OF: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "lead_unit": ("reassign", ("reason",)),
    "co_units": ("change_co_units", ()),
    "limit": ("clarify_limit", ()),
}
"""The act that changes a field of an item under way, and what it asks for beside."""

PASSED_OVER = ("anonymous", "reporter", "contact", "limit_text", "longterm", "handler")


class Change(NamedTuple):
    """One thing that a row says differently from the item it is about; `verb` is the act that would make it so, or ""."""

    line: Line
    number: int
    serial: str
    field: str
    old: str
    new: str
    order: Order | None


class Known(NamedTuple):
    """The lines that are new, the numbers of the items that others are about, and what those say differently."""

    new: list[Line]
    there: dict[int, Line]
    changes: list[Change]
    twice: list[tuple[Line, Line]]


def match(lines: Iterable[Line], session: Session) -> Known:
    """Find the lines again: by our own number, else by source and the number that the source gave.

    Two rows for one problem come back under `twice`.
    """
    lines = list(lines)
    numbers, items = _known(lines, session)
    found = Known([], {}, [], [])
    seen: dict[tuple[object, ...], Line] = {}
    with session.view() as reader:
        for line in lines:
            keys = _keys(line)
            first = next((seen[key] for key in keys if key in seen), None)
            if first is not None:
                found.twice.append((first, line))
                continue
            seen |= dict.fromkeys(keys, line)
            number = next((numbers[key] for key in keys if key in numbers), None)
            if number is None:
                found.new.append(line)
                continue
            found.there[number] = line
            item = items.get(number) or reader.item(number)
            if item is not None:
                found.changes.extend(_changes(line, item, session.rules(reader, item.definition)))
    return found


def _keys(line: Line) -> list[tuple[object, ...]]:
    """By what a line may be known: its serial, or the number that its source gave it, which may be our serial too."""
    keys: list[tuple[object, ...]] = [("serial", line.serial)] if line.serial else []
    external = line.entry.fields.get("external_no")
    if external:
        keys += [("source", line.entry.fields.get("source", ""), external), ("serial", external)]
    return keys


def _known(lines: Iterable[Line], session: Session) -> tuple[dict[tuple[object, ...], int], dict[int, Item]]:
    """Return the items of the database that any of the lines may be about."""
    wanted = {key for line in lines for key in _keys(line)}
    numbers: dict[tuple[object, ...], int] = {}
    items: dict[int, Item] = {}
    if not wanted:
        return numbers, items
    with session.view() as reader:
        for row in reader.rows(ItemQuery()):
            if ("serial", row.serial) in wanted:
                numbers["serial", row.serial] = row.number
            if '"external_no":' in row.body:
                item = from_text(row.body)
                key = ("source", item.text("source"), item.text("external_no"))
                if key in wanted:
                    numbers[key] = row.number
    return numbers, items


def _changes(line: Line, item: Item, rules: Rules) -> list[Change]:
    """List what a line says of an item that the item does not say."""
    said = dict(line.entry.fields)
    for standing in line.entry.standings:
        said |= standing.fields
    if line.state:
        said["state"] = line.state
    found = []
    for name, value in said.items():
        old = item.state if name == "state" else item.fields.get(name)
        if name == "limit" and "-" in str(value):  # a day is compared with the day that stands
            old = _due(item, rules)
        if old == value or name in PASSED_OVER or _same(old, value):
            continue
        before, after = (_shown(name, one, rules) for one in (old, value))
        order = None if name == "state" else _order(item, name, value, rules)
        found.append(Change(line, item.number, item.serial, name, before, after, order))
    return found


def _same(old: object, value: object) -> bool:
    return isinstance(value, (list, tuple)) and isinstance(old, (list, tuple)) and list(value) == list(old)


def _order(item: Item, name: str, value: object, rules: Rules) -> Order | None:
    """Return the act that makes an item say so, None where no act can do it for a ledger."""
    if name in ACT_OF:
        verb, beside = ACT_OF[name]
        if any(item.state in t.sources and name in t.fields for t in rules.definition.variants(verb)):
            return Order(item.number, verb, {name: value} | dict.fromkeys(beside, REASON))
        return None
    from engine.correction import informs

    if name in item.fields and informs(name, rules.definition):
        return Order(item.number, CORRECT, {name: value}, REASON)
    return None


def _due(item: Item, rules: Rules) -> object:
    """Return the day on which an item is due, or its limit while nothing runs against it."""
    from engine.clock import day_of
    from engine.run import due

    clock = rules.definition.main_clock
    run = item.clocks.get(clock.name) if clock else None
    moment = due(run, clock, item, rules.calendar) if clock and run else None
    return item.fields.get("limit") if moment is None else day_of(moment - 1).isoformat()


def _shown(name: str, value: object, rules: Rules) -> str:
    if value in (None, "", []):
        return "（无）"
    if name == "state":
        return rules.definition.states[str(value)].title
    return value_text(name, value, rules)
