"""A report drawn up over a store in memory, as `interfaces.survey` draws it up over a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.clock import parse_instant
from engine.event import DONE
from engine.passage import Trail, passages
from engine.policy import PolicyShelf
from engine.report import report
from engine.row import EventQuery, ItemQuery, from_text
from interfaces.survey import Survey

if TYPE_CHECKING:
    from engine.context import Rules
    from engine.item import Item
    from engine.ports import Store


def surveyed(store: Store, at: str, since: str = "2023-06-01", **fields: object) -> Survey:
    """Draw up the report of a store; `fields` replace those of every item, whatever the counter would say to them."""
    shelf, now, trail = PolicyShelf(), parse_instant(at), Trail()
    items: dict[int, tuple[Item, Rules]] = {}
    with store.read() as reader:
        for row in reader.rows(ItemQuery()):
            item = from_text(row.body)
            items[item.number] = (item._replace(fields={**item.fields, **fields}), shelf.rules(reader, item.definition))
        for step in reader.steps(EventQuery(result=DONE)):
            trail.see(step)
    page = report(items.values(), now, parse_instant(since))
    counted = {n: (item, rules) for n, (item, rules) in items.items() if rules.definition.states[item.state].counted}
    page = page._replace(passages=passages(trail.stays(), counted, now))
    return Survey(page, items, tuple({id(rules): rules for _, rules in items.values()}.values()))
