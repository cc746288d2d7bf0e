"""What an act does to the clocks, as small facts for the event's body: `[operation, clock, instant]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.definition import Clock, Definition
    from engine.item import Item
    from engine.run import Run

Operation = list[object]
"""`["start"|"pause"|"resume"|"continue"|"stop", clock, at]`, `["move", clock, at, due]` or `["cycle", clock]`."""


def operations(
    definition: Definition, item: Item, verb: str, to: str, at: int, restarts: tuple[str, ...] = ()
) -> list[Operation]:  # noqa: PLR0913 - the facts of one act
    """List what the verb, leading from the item's state to `to` at `at`, does to each clock of the definition."""
    return [
        operation
        for clock in definition.clocks.values()
        for operation in _one(definition, clock, item, verb, to, at, restart=clock.name in restarts)
    ]


def _one(
    definition: Definition, clock: Clock, item: Item, verb: str, to: str, at: int, *, restart: bool
) -> Iterator[Operation]:  # noqa: PLR0913 - the facts of one act
    run = item.clocks.get(clock.name)
    if restart and to in clock.runs_in:
        yield ["start", clock.name, at]
        return
    if run is None or run.stopped is not None:
        yield from _beginning(clock, run, item.state, verb, to, at)
    elif verb == clock.stops_at and to == item.state:
        yield ["stop", clock.name, at]
    elif to in clock.pauses_in:
        if not run.paused:
            yield ["pause", clock.name, at]
    elif to in clock.runs_in:
        if run.paused:
            yield ["resume", clock.name, at]
    else:
        # the report that finally passes ends it; leaving from anywhere but a review, no report stands
        act = item.acts.get(clock.stops_at) if definition.states[item.state].stage == "verify" else None
        ended = at if verb == clock.stops_at or act is None else act.at
        yield ["stop", clock.name, max(ended, run.started)]


def _beginning(clock: Clock, run: Run | None, state: str, verb: str, to: str, at: int) -> Iterator[Operation]:  # noqa: PLR0913 - the facts of one act
    """A clock that does not run begins on entering its states, or at its own verb."""
    if to not in clock.runs_in or verb == clock.stops_at:
        return
    outside = state not in clock.runs_in and state not in clock.pauses_in
    entering = verb in clock.starts_at if clock.starts_at else outside
    if not entering:
        return
    if run is None or clock.counts == "visit":
        yield ["start", clock.name, at]
    elif clock.counts == "life":
        yield ["continue", clock.name, at]
