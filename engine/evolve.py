"""From an event to the next item. It only applies what the event says, so old logs replay under any code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.canonical import parse
from engine.event import DONE, SYSTEM
from engine.item import Act, Item, Request
from engine.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.event import Event

    Body = Mapping[str, object]

REMARKS = ("ack", "release", "withhold", "comment", "attach", "absorb", "recount", "reveal", "redact", "correct")
"""Verbs that add to an item's record without moving it on: an act entered late may well have come before them."""

MOVE = "move"
"""The verb that takes an item to another version of its definition: the one that its event names."""

_ABOUT_FIELDS = frozenset(("fields", "append", "clears", "verdict"))
_ABOUT_REQUESTS = frozenset(("request", "void", "decision"))


def evolve(item: Item | None, event: Event, body: Body | None = None) -> Item:
    """Return the item after an event. `item` is None before its registration; a refused entry changes nothing.

    `body` may be given when it has been read already.
    """
    if event.result != DONE:
        if item is None:
            message = f"event {event.seq} refers to an item that was never registered"
            raise ValueError(message)
        return item
    facts: Mapping[str, Any] = parse(event.body) if body is None else body
    if item is None:
        item = Item(
            number=event.item,
            serial=facts["serial"],
            workflow=facts["workflow"],
            definition=event.definition,
            state="",
            since=event.effective_at,
            registered_at=event.effective_at,
            effective_at=event.effective_at,
        )
    definition = event.definition if event.verb == MOVE else item.definition
    changes: dict[str, Any] = {"version": item.version + 1, "last_seq": event.seq, "definition": definition}
    if event.verb == "escalate":
        changes |= _crossed(item, facts)
    else:
        if event.verb not in REMARKS and (event.verb != MOVE or "to" in facts or "clocks" in facts):
            changes["effective_at"] = max(item.effective_at, event.effective_at)
        changes["acts"] = _acts({} if "round" in facts else item.acts, event)
    if "round" in facts:
        changes |= {"round": item.round + 1, "papers": {}}
    if not _ABOUT_FIELDS.isdisjoint(facts):
        changes["fields"] = _fields(item.fields, facts)
    to = facts.get("to")
    if to:
        changes |= {"state": to, "since": event.effective_at, "wake": None}
        changes["closed_at"] = event.effective_at if "closed" in facts else None
    if "wake" in facts:
        changes["wake"] = tuple(facts["wake"])
    if "clocks" in facts:
        # what came due by itself was known beforehand: a heartbeat that was late must not cost a rung
        known_at = event.effective_at if event.decider == SYSTEM else event.recorded_at
        changes["clocks"] = _clocks(item.clocks, facts["clocks"], known_at)
    if not _ABOUT_REQUESTS.isdisjoint(facts):
        changes["requests"] = _requests(item.requests, facts, event)
    return item._replace(**changes)


def replay(events: Iterable[Event]) -> Item | None:
    """Fold one item's events, oldest first; None when there are none."""
    item: Item | None = None
    for event in events:
        item = evolve(item, event)
    return item


def _acts(acts: Mapping[str, Act], event: Event) -> dict[str, Act]:
    old = acts.get(event.verb, Act(0, (), 0))
    by = old.by if event.decider in old.by else (*old.by, event.decider)
    return {**acts, event.verb: Act(old.times + 1, by, event.effective_at)}


def _fields(fields: Mapping[str, object], facts: Mapping[str, Any]) -> dict[str, object]:
    changed = dict(fields)
    for name in facts.get("clears", ()):
        changed.pop(name, None)
    given = facts.get("fields", {})
    for name in facts.get("keep", ()):
        changed[name] = given[name]
    gathered = facts.get("append", {})
    if "gather" in facts:
        gathered = {name: given[name] for name in facts["gather"]} | gathered
    for name, value in gathered.items():
        old = changed.get(name, ())
        changed[name] = [
            *(old if isinstance(old, (list, tuple)) else ()),
            *(value if isinstance(value, list) else [value]),
        ]
    if "verdict" in facts:
        changed["on_time"] = facts["verdict"]["on_time"]
    return changed


def _crossed(item: Item, facts: Mapping[str, Any]) -> dict[str, object]:
    key = f"{facts['clock']}:{facts['cycle']}:{facts['level']}"
    paper = facts.get("paper", "")
    papers = {**item.papers, paper: item.papers.get(paper, 0) + 1} if paper else item.papers
    return {"crossed": {**item.crossed, key: facts["planned_at"]}, "papers": papers}


def _clocks(clocks: Mapping[str, Run], operations: list[Any], known_at: int) -> dict[str, Run]:
    changed = dict(clocks)
    for operation, name, *when in operations:
        run = changed.get(name)
        if operation == "start" or run is None:
            changed[name] = Run(run.cycle + 1 if run else 1, when[0], known_at)
        elif operation == "pause":
            changed[name] = run._replace(pauses=(*run.pauses, (when[0], None)))
        elif operation == "resume":
            changed[name] = run._replace(pauses=(*run.pauses[:-1], (run.pauses[-1][0], when[0])))
        elif operation == "continue":
            gap = (run.stopped if run.stopped is not None else when[0], when[0])
            changed[name] = run._replace(pauses=(*run.pauses, gap), stopped=None)
        elif operation == "stop":
            at = when[0]  # of a report that passed later: nothing after it is a pause of this run
            pauses = tuple((a, at if b is None else min(b, at)) for a, b in run.pauses if a < at)
            changed[name] = run._replace(stopped=at, pauses=pauses)
        elif operation == "move":
            changed[name] = run._replace(moves=(*run.moves, (when[0], when[1])))
        elif operation == "cycle":
            changed[name] = run._replace(cycle=run.cycle + 1, since=known_at)
    return changed


def _requests(requests: tuple[Request, ...], facts: Mapping[str, Any], event: Event) -> tuple[Request, ...]:
    changed = list(requests)
    for ordinal in facts.get("void", ()):
        old = changed[ordinal - 1]
        changed[ordinal - 1] = old._replace(state="void", decided_by=event.decider, decided_at=event.effective_at)
    if "decision" in facts:
        ordinal, state = facts["decision"]
        changed[ordinal - 1] = changed[ordinal - 1]._replace(
            state=state, decided_by=event.decider, decided_at=event.effective_at
        )
    if "request" in facts:
        made = facts["request"]
        changed.append(
            Request(
                ordinal=len(changed) + 1,
                kind=made["kind"],
                state="open",
                made_by=event.decider,
                made_at=event.effective_at,
                made_in=made["made_in"],
                timely=made["timely"],
                lapses_at=made["lapses_at"],
                fields=made["fields"],
            )
        )
    return tuple(changed)
