"""The item row: a cache of what lists, the heartbeat and the desks need, rewritten whole at each append from pure functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.item import Act, Item, Request
from engine.ladder import next_coming
from engine.run import Run, due

if TYPE_CHECKING:
    from engine.ladder import Coming
    from engine.context import Rules


class Row(NamedTuple):
    """One item as the ledger keeps it. `body` is the whole `Item` as JSON text; the rest are columns for questions.

    `due_at` is the main clock's due moment, or before it begins the desk's; `next_at` the next thing that happens by itself.
    """

    number: int
    serial: str
    workflow: str
    definition: str
    state: str
    stage: str
    open: int
    title: str
    source: str
    track: str
    lead_unit: str
    handler: str
    registered_at: int
    since: int
    due_at: int | None
    done_at: int | None
    closed_at: int | None
    next_at: int | None
    rungs: int
    version: int
    last_seq: int
    body: str


def row_of(item: Item, rules: Rules, coming: Coming | None = None, *, known: bool = False) -> Row:
    """Compute an item's row under the rules in force for it.

    `coming` may be given, with `known`, when it has been found already.
    """
    definition = rules.definition
    state = definition.states[item.state]
    coming = coming if known else next_coming(item, rules)
    main = definition.main_clock
    run = item.clocks.get(main.name) if main else None
    return Row(
        number=item.number,
        serial=item.serial,
        workflow=item.workflow,
        definition=item.definition,
        state=item.state,
        stage=state.stage,
        open=0 if state.final else 1,
        title=item.text("title"),
        source=item.text("source"),
        track=item.text("track"),
        lead_unit=item.text("lead_unit"),
        handler=item.text("handler"),
        registered_at=item.registered_at,
        since=item.since,
        due_at=due(run, main, item, rules.calendar) if run and main else desk_due(item, rules),
        done_at=run.stopped if run else None,
        closed_at=item.closed_at,
        next_at=coming.at if coming else None,
        rungs=len(item.crossed),
        version=item.version,
        last_seq=item.last_seq,
        body=to_text(item),
    )


def desk_due(item: Item, rules: Rules) -> int | None:
    """Return when the step under way must be done: the earliest due moment of the running clocks that are not the main one."""
    moments = []
    for name, run in item.clocks.items():
        clock = rules.definition.clocks.get(name)
        if clock and not clock.main and run.running:
            moments.append(due(run, clock, item, rules.calendar))
    return min((m for m in moments if m is not None), default=None)


_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_text(item: Item) -> str:
    """Write an item as JSON text: a list of its fields in their order."""
    return _dump(item)


def from_text(text: str) -> Item:
    """Read an item back from `to_text`."""
    values = _load(text)
    if values[_WAKE]:
        values[_WAKE] = (values[_WAKE][0], values[_WAKE][1])
    values[_ACTS] = {verb: Act(count, tuple(by), at) for verb, (count, by, at) in values[_ACTS].items()}
    values[_CLOCKS] = {name: _run(*run) for name, run in values[_CLOCKS].items()}
    values[_REQUESTS] = tuple(Request(*request) for request in values[_REQUESTS])
    return Item._make(values)


_load = json.JSONDecoder().decode
_WAKE, _ACTS, _CLOCKS, _REQUESTS = (Item._fields.index(name) for name in ("wake", "acts", "clocks", "requests"))


def _run(cycle: int, started: int, since: int, pauses: list[Any], moves: list[Any], stopped: int | None) -> Run:  # noqa: PLR0913, PLR0917
    if not pauses and not moves:
        return Run(cycle, started, since, (), (), stopped)
    return Run(cycle, started, since, tuple((a, b) for a, b in pauses), tuple((a, b) for a, b in moves), stopped)
