"""What another organisation does to open items: whose desk they come to lie on, who will be told, and who is gone from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.ladder import RUNG, next_coming, rung_of, told_by
from engine.roles import handler_of
from engine.turn import desk, people, turns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.context import Rules
    from engine.item import Item
    from engine.organisation import Organisation
    from engine.turn import Desk


class Handover(NamedTuple):
    """What changes for one item.

    `gone` is who was to handle or lead it and no longer can. `told` are those whom the next rung, as planned, tells; `alarm` that it
    reaches nobody but the supervising office.
    """

    item: Item
    gone: tuple[str, ...]
    desk: tuple[Desk, Desk]
    moves: tuple[tuple[str, ...], tuple[str, ...]]
    told: tuple[tuple[str, ...], tuple[str, ...]]
    alarm: bool


def handovers(items: Iterable[tuple[Item, Rules]], new: Organisation, now: int) -> Iterator[Handover]:
    """Yield the items for which something changes when `new` is put in force at `now`."""
    for item, rules in items:
        other = rules._replace(organisation=new)
        before, after = _moves(item, rules, now), _moves(item, other, now)
        told, _ = _told(item, rules)
        will, alarm = _told(item, other)
        gone = tuple(person for person in departed(item, new) if person not in departed(item, rules.organisation))
        desks = desk(item, rules, now), desk(item, other, now)
        if before != after or told != will or gone:
            yield Handover(item, gone, desks, (before, after), (told, will), alarm)


def departed(item: Item, organisation: Organisation) -> list[str]:
    """List who is named on an item and gone: a handler who has left the lead unit, a commander who has left the bureau."""
    handler, commander = item.text("handler"), item.text("commander")
    gone = [handler] if handler and not handler_of(item, organisation) else []
    return gone + ([commander] if commander and commander not in organisation.officers else [])


def _moves(item: Item, rules: Rules, now: int) -> tuple[str, ...]:
    """Return the one to turn to for the next step."""
    found = turns(item, rules, now)
    return tuple(people(found[0], item, rules)[:1]) if found else ()


def _told(item: Item, rules: Rules) -> tuple[tuple[str, ...], bool]:
    coming = next_coming(item, rules)
    if coming is None or coming.kind != RUNG:
        return (), False
    told, alarm = told_by(rung_of(coming, rules), item, rules, coming.at)
    return tuple(told), alarm
