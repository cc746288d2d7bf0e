"""From an event to the next item. It only applies what the event says, so old logs replay under any code.

An item is frozen; while one entry or a whole history is folded into it, it is a `Draft`, which changes in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.canonical import parse
from engine.event import DONE, SYSTEM
from engine.item import Act, Item, Request
from engine.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.event import Event, Fact

    Body = Mapping[str, object]

REMARKS = (
    "ack",
    "release",
    "withhold",
    "comment",
    "attach",
    "absorb",
    "recount",
    "reveal",
    "redact",
    "correct",
    "issue",
)
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
    draft = Draft(registered(event, facts) if item is None else item)
    draft.take(event, facts)
    return draft.item()


def replay(events: Iterable[Event]) -> Item | None:
    """Fold one item's events, oldest first; None when there are none."""
    item: Item | None = None
    for event in events:
        item = evolve(item, event)
    return item


def registered(event: Event | Fact, facts: Body) -> Item:
    """Return the item that a registration begins, before anything else of that entry is applied."""
    at = event.effective_at
    return Item(event.item, str(facts["serial"]), str(facts["workflow"]), event.definition, "", at, at, at)


_made = tuple.__new__  # half the time of a call of the class, and this is in every act


class Draft:
    """An item that is still being folded: entries are applied to it in place, and nothing of it is copied at each of them.

    What `item` returned must not be changed any more, so that a draft is done with then.
    """

    __slots__ = Item._fields
    serial: str
    workflow: str

    def __init__(self, item: Item) -> None:
        """Begin with an item, which stays as it is."""
        (
            self.number, self.serial, self.workflow, self.definition, self.state, self.since, self.registered_at,
            self.effective_at, self.closed_at, self.round, self.version, self.last_seq, self.wake, fields, acts, clocks,
            self.requests, crossed, papers,
        ) = item  # fmt: skip
        self.fields, self.acts, self.clocks = dict(fields), dict(acts), dict(clocks)
        self.crossed, self.papers = dict(crossed), dict(papers)

    def item(self) -> Item:
        """Return the item as it is now."""
        return _made(Item, (  # of all fields in their order
            self.number, self.serial, self.workflow, self.definition, self.state, self.since, self.registered_at,
            self.effective_at, self.closed_at, self.round, self.version, self.last_seq, self.wake, self.fields, self.acts,
            self.clocks, self.requests, self.crossed, self.papers,
        ))  # fmt: skip

    def take(self, event: Event | Fact, facts: Mapping[str, Any]) -> None:
        """Apply an entry that was done; `facts` is its body."""
        verb, at = event.verb, event.effective_at
        self.version += 1
        self.last_seq = event.seq
        if verb == "escalate":
            self._cross(facts)
            return  # a crossed rung does nothing else to its item
        if verb == MOVE:
            self.definition = event.definition
        if "round" in facts:
            self.round += 1
            self.papers, self.acts = {}, {}
        if at > self.effective_at and verb not in REMARKS and (verb != MOVE or "to" in facts or "clocks" in facts):
            self.effective_at = at
        self._act(verb, event.decider, at)
        if not _ABOUT_FIELDS.isdisjoint(facts):
            self._keep(facts)
        if facts.get("to"):
            self.state, self.since, self.wake = facts["to"], at, None
            self.closed_at = at if "closed" in facts else None
        if "wake" in facts:
            moment, awaited = facts["wake"]
            self.wake = (moment, awaited)
        if "clocks" in facts:
            # what came due by itself was known beforehand: a heartbeat that was late must not cost a rung
            self._tell_clocks(facts["clocks"], at if event.decider == SYSTEM else event.recorded_at)
        if not _ABOUT_REQUESTS.isdisjoint(facts):
            self._requests(facts, event)

    def _act(self, verb: str, decider: str, at: int) -> None:
        old = self.acts.get(verb)
        if old is None:
            self.acts[verb] = Act(1, (decider,), at)
        else:
            self.acts[verb] = Act(old.times + 1, old.by if decider in old.by else (*old.by, decider), at)

    def _keep(self, facts: Mapping[str, Any]) -> None:
        fields = self.fields
        if "clears" in facts:
            for name in facts["clears"]:
                fields.pop(name, None)
        if "keep" in facts:
            given = facts.get("fields", {})
            for name in facts["keep"]:
                fields[name] = given[name]
        if "gather" in facts or "append" in facts:
            gathered = {name: facts["fields"][name] for name in facts.get("gather", ())} | facts.get("append", {})
            for name, value in gathered.items():
                old = fields.get(name, ())
                fields[name] = [
                    *(old if isinstance(old, (list, tuple)) else ()),
                    *(value if isinstance(value, list) else [value]),
                ]
        if "verdict" in facts:
            fields["on_time"] = facts["verdict"]["on_time"]

    def _cross(self, facts: Mapping[str, Any]) -> None:
        self.crossed[f"{facts['clock']}:{facts['cycle']}:{facts['level']}"] = facts["planned_at"]
        paper = facts.get("paper", "")
        if paper:
            self.papers[paper] = self.papers.get(paper, 0) + 1

    def _tell_clocks(self, operations: list[Any], known_at: int) -> None:
        clocks = self.clocks
        for told in operations:  # by place, since this is half of what a fold costs
            operation, name = told[0], told[1]
            run = clocks.get(name)
            if run is None:
                clocks[name] = Run(1, told[2], known_at)
            elif operation == "start":
                clocks[name] = Run(run[0] + 1, told[2], known_at)
            elif operation == "stop":
                cycle, started, since, pauses, moves, _ = run
                at = told[2]  # of a report that passed later: nothing after it is a pause of this run
                if pauses:
                    pauses = tuple((a, at if b is None else min(b, at)) for a, b in pauses if a < at)
                clocks[name] = Run(cycle, started, since, pauses, moves, at)
            elif operation == "pause":
                clocks[name] = run._replace(pauses=(*run.pauses, (told[2], None)))
            elif operation == "resume":
                clocks[name] = run._replace(pauses=(*run.pauses[:-1], (run.pauses[-1][0], told[2])))
            elif operation == "continue":
                gap = (run.stopped if run.stopped is not None else told[2], told[2])
                clocks[name] = run._replace(pauses=(*run.pauses, gap), stopped=None)
            elif operation == "move":
                clocks[name] = run._replace(moves=(*run.moves, (told[2], told[3])))
            elif operation == "cycle":
                clocks[name] = run._replace(cycle=run.cycle + 1, since=known_at)

    def _requests(self, facts: Mapping[str, Any], event: Event | Fact) -> None:
        changed = list(self.requests)
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
        self.requests = tuple(changed)
