"""Taking over an item that was already under way when its old ledger was read in: where it stood, and since when.

An old ledger holds no evidence, opinions or second pair of eyes for the acts of a definition, so none of them is made
up: one kind of entry says what the ledger says. Its clocks began at their true moments and are recorded now, so that
rungs planned before are skipped and nobody is warned of what is past.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.decide import completed, entitled, field_body
from engine.errors import Refused
from engine.roles import FIXED
from engine.timing import running_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.context import Context
    from engine.definition import Definition
    from engine.event import Event
    from engine.item import Item

TAKE_OVER = "take_over"
"""The verb of the entry, and the name of the act that a review's end looks for."""


class Standing(NamedTuple):
    """Where an item stood, from `at` on (µs): the state, what the ledger says of it, and the instants of its main clock.

    `started` is when the main clock began, `done` when the work was done; None where the state needs neither.
    """

    state: str
    at: int
    fields: Mapping[str, object]
    started: int | None = None
    done: int | None = None


def take_over(item: Item, standing: Standing, context: Context) -> Event:
    """Return the entry that an item stood so; the context is one of that instant.

    Raises `Refused`: `not_allowed` for anybody outside the supervising unit, `in_the_future`, `before_last_act`.
    """
    entitled(item, FIXED[TAKE_OVER], TAKE_OVER, context)
    if standing.at > context.now:
        raise Refused("in_the_future", done_at=standing.at, now_at=context.now)
    if standing.at < item.effective_at:
        raise Refused("before_last_act", item=item.serial, done_at=standing.at, last_at=item.effective_at)
    body: dict[str, object] = {"to": standing.state}
    if standing.fields:
        body |= field_body(context.rules.definition, standing.fields)
    clocks = _clocks(item, standing, context.rules.definition)
    if clocks:
        body["clocks"] = clocks
    return completed(item, TAKE_OVER, body, context)


def _clocks(item: Item, standing: Standing, definition: Definition) -> list[list[object]]:
    """List what each clock did by then: those of the state left end, those of this one begin, the main one at its own instant."""
    found: list[list[object]] = []
    clocks, running = item.clocks, running_in(definition, standing.state)
    for name, clock in definition.clocks.items():
        run = clocks.get(name)
        if run is None and name not in running and not clock.main:
            continue  # most clocks have nothing to do with a state
        here, begun = name in running, run is not None and run.stopped is None
        if clock.main:
            if not begun and standing.started is not None:
                found.append(["start", name, standing.started])
                begun = True
            if begun and standing.done is not None and not here:
                found.append(["stop", name, max(standing.done, run.started if run else standing.started or 0)])
            elif begun and standing.state in clock.pauses_in:
                found.append(["pause", name, standing.at])
            elif begun and not here:
                found.append(["stop", name, standing.at])
        elif begun and not here:
            found.append(["stop", name, max(standing.at, run.started if run else 0)])
        elif here and not begun and not clock.starts_at:
            found.append(["start", name, standing.at])
    return found
