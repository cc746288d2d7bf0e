"""What an act does to the clocks, as small facts for the event's body: `[operation, clock, instant]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.definition import Clock, Definition
    from engine.item import Act, Item
    from engine.run import Run

Operation = list[object]
"""`["start"|"pause"|"resume"|"continue"|"stop", clock, at]`, `["move", clock, at, due]` or `["cycle", clock]`."""


def operations(
    definition: Definition, item: Item, verb: str, to: str, at: int, restarts: tuple[str, ...] = ()
) -> list[Operation]:
    """List what the verb, leading from the item's state to `to` at `at`, does to each clock of the definition."""
    found = []
    here, clocks = running_in(definition, to), item.clocks
    for name, clock in definition.clocks.items():
        run = clocks.get(name)
        going_on = run is not None and run.stopped is None
        if not going_on and name not in here:
            continue  # most clocks have nothing to do with an act
        if name in restarts and to in clock.runs_in:
            operation: Operation | None = ["start", name, at]
        elif run is not None and going_on:
            operation = _going_on(definition, clock, run, item, verb, to, at)
        else:
            operation = _beginning(clock, run, item.state, verb, to, at)
        if operation:
            found.append(operation)
    return found


def running_in(definition: Definition, state: str) -> frozenset[str]:
    """Return the clocks that run in a state, found once in a process."""
    found = _running.get((definition.hash, state))
    if found is None:
        names = [name for name, clock in definition.clocks.items() if state in clock.runs_in]
        found = _running[definition.hash, state] = frozenset(names)
    return found


_running: dict[tuple[str, str], frozenset[str]] = {}


def _going_on(
    definition: Definition, clock: Clock, run: Run, item: Item, verb: str, to: str, at: int
) -> Operation | None:
    """Pause, resume or end a clock that has begun and not ended."""
    if verb == clock.stops_at and to == item.state:
        return ["stop", clock.name, at]
    if to in clock.pauses_in:
        return None if run.paused else ["pause", clock.name, at]
    if to in clock.runs_in:
        return ["resume", clock.name, at] if run.paused else None
    # the report that finally passes ends it; leaving from anywhere but a review, no report stands
    # (or, of an item taken over in review, what its old ledger says of that)
    act = _reported(item, clock) if definition.states[item.state].stage == "verify" else None
    ended = at if verb == clock.stops_at or act is None else act.at
    return ["stop", clock.name, max(ended, run.started)]


def _beginning(clock: Clock, run: Run | None, state: str, verb: str, to: str, at: int) -> Operation | None:
    """Begin a clock that does not run, on entering its states or at its own verb."""
    if to not in clock.runs_in or verb == clock.stops_at:
        return None
    outside = state not in clock.runs_in and state not in clock.pauses_in
    entering = verb in clock.starts_at if clock.starts_at else outside
    if not entering or (run is not None and clock.counts == "once"):
        return None
    return ["start" if run is None or clock.counts == "visit" else "continue", clock.name, at]


def _reported(item: Item, clock: Clock) -> Act | None:
    return item.acts.get(clock.stops_at) or item.acts.get("take_over")
