"""What a change of policy does to an item: the due moments that other rules give for the same facts.

`calendar load` and `workflow move` list this first and record it afterwards. Nothing is judged here: the due moments are
`engine.run.due`'s, under the old rules and under the new ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.context import Context
from engine.evolve import evolve
from engine.ledger import row_of
from engine.row import from_text
from engine.run import due

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.context import Hand, Rules
    from engine.item import Item
    from engine.policy import PolicyShelf
    from engine.ports import Writer
    from engine.row import Row


class Moved(NamedTuple):
    """One clock of an item whose due moment is another one under the new rules.

    `old_due` and `new_due` are microseconds of UTC, None where no limit is fixed or the clock is not known. `main` says whether it
    is the main clock of the new rules; `fired` are the levels of its ladder already crossed in the present cycle, which stay crossed.
    """

    item: int
    serial: str
    clock: str
    main: bool
    cycle: int
    old_due: int | None
    new_due: int | None
    fired: tuple[int, ...]

    @property
    def fact(self) -> list[object]:
        """What the record keeps of it: clock, old and new due moment."""
        return [self.clock, self.old_due, self.new_due]


def moves(item: Item, old: Rules, new: Rules, after: Item | None = None) -> list[Moved]:
    """List the clocks of an item whose due moments differ under new rules, the main one first; a closed item has none.

    Looked at are the clocks that have not stopped, and the main one even then: until the item is closed, it is judged by it.
    `after` is the item as the change leaves it, where the change touches more than the rules.
    """
    state = old.definition.states.get(item.state)
    if state is None or state.final:
        return []
    later = item if after is None else after
    found = []
    for name in dict.fromkeys((*item.clocks, *later.clocks)):
        clock = new.definition.clocks.get(name)
        main = clock is not None and clock.main
        run = later.clocks.get(name) or item.clocks[name]
        if run.stopped is not None and not main:
            continue
        before, now = _due(item, name, old), _due(later, name, new)
        if before != now:
            fired = _fired(item, name, old)
            found.append(Moved(item.number, item.serial, name, main, run.cycle, before, now, fired))
    return sorted(found, key=lambda moved: not moved.main)


def _due(item: Item, name: str, rules: Rules) -> int | None:
    run, clock = item.clocks.get(name), rules.definition.clocks.get(name)
    return due(run, clock, item, rules.calendar) if run and clock else None


def _fired(item: Item, name: str, rules: Rules) -> tuple[int, ...]:
    """Return the levels crossed by time in the present cycle of a clock; what events set off moves with no due moment."""
    clock, run = rules.definition.clocks.get(name), item.clocks.get(name)
    if clock is None or run is None or not clock.ladder:
        return ()
    ladder = rules.definition.ladders[clock.ladder]
    return tuple(rung.level for rung in ladder if rung.at and f"{name}:{run.cycle}:{rung.level}" in item.crossed)


def record(
    writer: Writer, shelf: PolicyShelf, rows: Sequence[Row], before: Mapping[str, Rules], hand: Hand, now: int
) -> None:
    """Recount the rows of open items after a change of policy, and record what moved, an entry an item.

    `before` are the rules of each definition as they were.
    """
    items, events = [from_text(row.body) for row in rows], []
    for item in items:
        context = Context(shelf.rules(writer, item.definition), hand, now, now, writer.item)
        moved = moves(item, before[item.definition], context.rules)
        if moved:
            events.append(context.event(item.number, "recount", {"moved": [one.fact for one in moved]}))
    recorded = {event.item: event for event in writer.append(events)}
    for item in items:
        event = recorded.get(item.number)
        after = evolve(item, event) if event else item
        writer.put_row(row_of(after, shelf.rules(writer, item.definition)))
