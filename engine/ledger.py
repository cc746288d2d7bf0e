"""台账: an item's row of it, computed whole from pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.ladder import next_coming
from engine.row import Row, to_text
from engine.run import due

if TYPE_CHECKING:
    from engine.context import Rules
    from engine.definition import Definition
    from engine.item import Item
    from engine.ladder import Coming


_made = tuple.__new__  # half the time of a call of the class, and this is in every act

_SHOWN = ("title", "source", "track", "lead_unit", "handler")


def row_of(item: Item, rules: Rules, coming: Coming | None = None, *, known: bool = False) -> Row:
    """Compute an item's row under the rules in force for it.

    `coming` may be given, with `known`, when it has been found already.
    """
    definition = rules.definition
    state = definition.states[item.state]
    coming = coming if known else next_coming(item, rules)
    main = definition.main_clock
    run = item.clocks.get(main.name) if main else None
    title, source, track, lead_unit, handler = [
        value if isinstance(value, str) else "" for value in map(item.fields.get, _SHOWN)
    ]
    return _made(Row, (  # in the order of its fields: naming all of them at every act takes as long as computing them
        item.number,
        item.serial,
        item.workflow,
        item.definition,
        item.state,
        state.stage,
        0 if state.final else 1,
        title,
        source,
        track,
        lead_unit,
        handler,
        related(item, definition),
        item.registered_at,
        item.since,
        due_of(item, rules),
        run.stopped if run else None,
        item.closed_at,
        coming.at if coming else None,
        len(item.crossed),
        item.version,
        item.last_seq,
        to_text(item),
    ))  # fmt: skip


def related(item: Item, definition: Definition) -> str:
    """Name the items that an item refers to: ` campaign:3 project:12 `, or "" when there are none."""
    fields = item.fields
    found = [f"{name}:{fields[name]}" for name in definition.relations if name in fields]
    return f" {' '.join(found)} " if found else ""


def due_of(item: Item, rules: Rules) -> int | None:
    """Return the due moment that a row shows: the main clock's, or before it begins the desk's."""
    main = rules.definition.main_clock
    run = item.clocks.get(main.name) if main else None
    return due(run, main, item, rules.calendar) if run and main else desk_due(item, rules)


def desk_due(item: Item, rules: Rules) -> int | None:
    """Return when the step under way must be done: the earliest due moment of the running clocks that are not the main one."""
    moments = []
    for name, run in item.clocks.items():
        clock = rules.definition.clocks.get(name) if run.stopped is None else None
        if clock and not clock.main and run.running:
            moments.append(due(run, clock, item, rules.calendar))
    return min((m for m in moments if m is not None), default=None)
