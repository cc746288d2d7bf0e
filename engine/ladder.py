"""逐级督办: which rungs have been crossed by now, and what else comes due by itself. `settle` is pure and idempotent.

Every command settles the items it touches before it acts, and the heartbeat settles whatever is due; so the record never depends on
which process was up when. A crossed rung is a fact and is never un-crossed.
"""

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from engine.calendar import Calendar
from engine.clock import ordinal_of
from engine.context import Context, Hand, Rules
from engine.decide import completed
from engine.definition import Clock, Rung
from engine.event import SYSTEM, Event
from engine.evolve import evolve
from engine.item import Item
from engine.limit import Offset
from engine.machine import next_state
from engine.recurrence import BRINGS, RECUR, comes_at, next_period, runs_out
from engine.roles import addressees, members
from engine.run import Run, due, near
from engine.timing import operations

Facts = dict[str, Mapping[str, object]]

RUNG, WAKE, LAPSE = "escalate", "wake", "lapse"

_BY_ITSELF = Hand(SYSTEM, SYSTEM)


class Coming(NamedTuple):
    """Something that happens to an item by itself at a planned moment, unless an act comes first."""

    at: int
    order: int
    kind: str
    clock: str = ""
    cycle: int = 0
    level: int = 0
    ordinal: int = 0
    verb: str = ""


_made = tuple.__new__  # half the time of a call of the class, and this is in every act


class Settled(NamedTuple):
    """An item with everything that had come due, the events of that, and what comes next by itself."""

    item: Item
    events: list[Event]
    coming: Coming | None


def settle(item: Item, rules: Rules, now: int, until: int | None = None, facts: Facts | None = None) -> Settled:
    """Let everything happen to an item that has come due by `now`, in the order of the planned moments; with `until` only up to that.

    Each event is effective at its planned moment and recorded now. Running it again gives nothing more. `facts` takes the body of
    each by its text, for whoever reads it next.
    """
    facts = {} if facts is None else facts
    events: list[Event] = []
    last = now if until is None else until
    while True:
        coming = next_coming(item, rules)
        if coming is None or coming.at > last:
            return _made(Settled, (item, events, coming))
        event = _happen(item, coming, rules, now, facts)
        item = evolve(item, event, facts.get(event.body))
        events.append(event)


def next_coming(item: Item, rules: Rules) -> Coming | None:
    """Return what comes next by itself, or None."""
    found = [Coming(item.wake[0], 0, WAKE, verb=item.wake[1])] if item.wake else []
    found += [
        Coming(request.lapses_at, 1, LAPSE, ordinal=request.ordinal)
        for request in item.requests
        if request.is_open and request.lapses_at is not None
    ]
    recurs = rules.definition.recurs
    if recurs and (period := next_period(item, recurs)):
        found.append(Coming(comes_at(period, item), 3, RECUR, ordinal=period.number))
    elif recurs and (over := runs_out(item, recurs)) is not None:
        found.append(Coming(over, 4, WAKE, verb=recurs.then))
    for name, run in item.clocks.items():
        if run.stopped is None and (clock := rules.definition.clocks.get(name)) and clock.ladder and not run.paused:
            found += _rungs(item, run, clock, rules)
    return min(found) if found else None


def _rungs(item: Item, run: Run, clock: Clock, rules: Rules) -> Iterator[Coming]:
    """Yield the rungs of a running clock that may come next."""
    calendar, crossed, requests = rules.calendar, item.crossed, item.requests
    due_at = due(run, clock, item, calendar)
    found: list[str] = []  # units of offsets: the next uncrossed one of each comes before its others
    early = False  # whether one up to the due moment was found: it comes before all that are after it
    for rung in rules.definition.ladders[clock.ladder]:
        offset = rung.at
        amount, unit = offset or (0, "")
        if offset and (due_at is None or (early and amount > 0) or unit in found):
            continue
        cycle = run.cycle if offset else item.round  # what an event sets off comes once a round, not in every cycle
        if crossed and f"{clock.name}:{cycle}:{rung.level}" in crossed:
            continue
        if offset is None:
            at = _reached(rung, item)
        elif unit == "near":
            at = near(run, clock, item, calendar, due_at or 0)
        else:
            at = offset_from(due_at or 0, offset, calendar)
        if at is None or (offset and at < run.since) or (requests and _held(rung, item)):
            continue
        if offset:
            found.append(unit)
            early = early or amount <= 0
        yield _made(Coming, (at, 2, RUNG, clock.name, cycle, rung.level, 0, ""))


def _reached(rung: Rung, item: Item) -> int | None:
    """Return when what sets a rung off had happened often enough, or None."""
    what, _, name = rung.on.partition(":")
    if what == "paper":
        reached = item.papers.get(name, 0) >= rung.times
        moments = sorted(item.crossed.values())
        return max(item.effective_at, moments[-1]) if reached and moments else None
    act = item.acts.get(name)
    return act.at if act and act.times >= rung.times else None


@lru_cache(maxsize=4096)  # what comes next is asked for after every event, mostly about the same moments
def offset_from(due_at: int, offset: Offset, calendar: Calendar) -> int:
    """Return the moment at an offset from a due moment: working days end at close of business, other days keep the hour."""
    amount, unit = offset.amount, offset.unit
    if not amount:
        return due_at
    if unit == "wd":
        return calendar.close_of(calendar.add_workdays(ordinal_of(due_at - 1), amount))
    if unit == "wh":
        return calendar.add_worktime(due_at, amount * 3_600_000_000)
    return due_at + amount * (86_400_000_000 if unit == "d" else 3_600_000_000)


def _held(rung: Rung, item: Item) -> bool:
    """Whether an open request, made in time, keeps the rung waiting: it fires when that is refused or lapses."""
    return bool(rung.held_by) and any(r.is_open and r.timely and r.kind in rung.held_by for r in item.requests)


def _happen(item: Item, coming: Coming, rules: Rules, now: int, facts: Facts) -> Event:
    context = Context(rules, _BY_ITSELF, now, coming.at, lambda _number: None, chosen=True, facts=facts)
    if coming.kind == RUNG:
        return _escalation(item, coming, context)
    if coming.kind == RECUR:
        return _recurring(item, coming, context)
    if coming.kind == LAPSE:
        return context.event(item.number, "lapse", {"decision": [coming.ordinal, "lapsed"]})
    verb = coming.verb
    definition = rules.definition
    transition = next(t for t in definition.variants(verb) if item.state in t.sources)
    to = next_state(definition, item.state, transition.name)
    body: dict[str, object] = {"to": to, "clocks": operations(definition, item, verb, to, coming.at)}
    voided = [r.ordinal for r in item.requests if r.is_open and r.made_in != to]
    if voided:
        body["void"] = voided
    owner = definition.states[to].owner_of(item)
    told = addressees(("owner", *transition.notify), owner, item, rules.organisation, coming.at)
    if told:
        body["tell"] = told
    return completed(item, verb, body, context)


def _recurring(item: Item, coming: Coming, context: Context) -> Event:
    """Say that a period has come round and for whom it brings something forth."""
    recurs = context.rules.definition.recurs
    found = next_period(item, recurs) if recurs else None
    if recurs is None or found is None or found.number != coming.ordinal:
        raise ValueError(coming)
    kept = {recurs.counter: found.number}
    brings = list(dict.fromkeys(item.names(recurs.each)))
    body = {"fields": kept, "keep": list(kept), "period": [found.first, found.last], BRINGS: brings}
    return context.event(item.number, RECUR, body)


def rung_of(coming: Coming, rules: Rules) -> Rung:
    """Return the rung that comes."""
    ladder = rules.definition.ladders[rules.definition.clocks[coming.clock].ladder]
    return next(rung for rung in ladder if rung.level == coming.level)


def told_by(rung: Rung, item: Item, rules: Rules, at: int) -> tuple[list[str], bool]:
    """Return whom a rung tells at an instant, and whether that is the alarm: nobody it means can be told.

    An alarm goes to the supervising office; where nobody is there either, it waits for the head's return.
    """
    organisation = rules.organisation
    owner = rules.definition.states[item.state].owner_of(item)
    told = addressees(rung.notify, owner, item, organisation, at)
    if told:
        return told, False
    told = addressees(("supervisor.head", "supervisor"), owner, item, organisation, at)
    return told or members("supervisor.head", item, organisation)[:1], True


def _escalation(item: Item, coming: Coming, context: Context) -> Event:
    rung = rung_of(coming, context.rules)
    told, alarm = told_by(rung, item, context.rules, coming.at)
    body: dict[str, object] = {
        "clock": coming.clock,
        "cycle": coming.cycle,
        "level": coming.level,
        "planned_at": coming.at,
        "tell": told,
    }
    if rung.paper:
        body |= {"paper": rung.paper, "release": rung.release}
    if alarm:
        body["alarm"] = True
    return context.event(item.number, "escalate", body)
