"""Whose move it is: who is expected to do what next, read from the item, its definition and its clocks.

A state's owner has the item on the desk. Where the owner cannot move it on (a plan that another leader approves) those
who can have it; where only the closing step is left, whoever that step still waits for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine import guards
from engine.context import Context, Hand
from engine.decide import matches
from engine.errors import Refused
from engine.event import SYSTEM
from engine.roles import holds, members, seen_before
from engine.run import due

if TYPE_CHECKING:
    from engine.context import Rules
    from engine.definition import Transition
    from engine.item import Item

_NOBODY = Hand(SYSTEM, SYSTEM)
_WAITED_FOR = {"not_called_back": "call_back", "dissatisfied": "redo"}
"""What a guard's refusal waits for, where it does not name the verb itself."""
_ONE = ("commander", "leader.in_charge", "leader.principal")
"""Relations that mean one person."""


class Turn(NamedTuple):
    """One expected step: who stands in `roles` may do it, but for those who did one of the verbs `except_for`.

    `verb` is empty where the state's own `next` says what is to be done; `clock` names the running clock that asks for
    it, when it is not the state as such.
    """

    verb: str
    roles: tuple[str, ...]
    clock: str = ""
    except_for: tuple[str, ...] = ()


class Desk(NamedTuple):
    """Where an item lies: the role, the unit, and the person when only one is meant."""

    role: str
    unit: str
    person: str


def turns(item: Item, rules: Rules, now: int) -> list[Turn]:
    """List what is expected next, the step that moves the item on first; empty when it is closed."""
    first = foremost(item, rules, now)
    if first is None:
        return []
    leaving = _leaving(item, rules)
    found = [first]
    for clock in rules.definition.clocks.values():
        run = item.clocks.get(clock.name)
        if clock.main or not clock.stops_at or run is None or not run.running:
            continue
        step = next((t for t in leaving if t.verb == clock.stops_at and not t.to), None)
        if step and found[0].verb != step.verb and due(run, clock, item, rules.calendar) is not None:
            found.append(Turn(step.verb, _narrow(step.by), clock.name, step.not_same_as))
    if _waiting_co_units(item):
        step = next((t for t in leaving if t.by == ("co_units",)), None)
        found += [Turn(step.verb, step.by)] if step else []
    return found


def foremost(item: Item, rules: Rules, now: int) -> Turn | None:
    """Return the step that moves an item on; None when it is closed."""
    state = rules.definition.states.get(item.state)
    if state is None or state.final:
        return None
    leaving = _leaving(item, rules)
    return _closing(item, leaving, rules, now) or _moving(item, leaving, rules)


def _leaving(item: Item, rules: Rules) -> list[Transition]:
    return [t for t in rules.definition.leaving(item.state) if matches(t.when, item)]


def people(turn: Turn, item: Item, rules: Rules) -> list[str]:
    """List whose move it is, the one to turn to first."""
    organisation = rules.organisation
    found = dict.fromkeys(person for role in turn.roles for person in members(role, item, organisation))
    able = [person for person in found if not seen_before(turn.except_for, organisation.desks(person), item)]
    if turn.roles != ("co_units",):
        return able
    left = _waiting_co_units(item)
    return [person for person in able if organisation.unit_of(person) in left]


def desk(item: Item, rules: Rules, now: int) -> Desk:
    """Say where an item lies."""
    found = foremost(item, rules, now)
    if found is None:
        return Desk("", "", "")
    role, who = found.roles[0], people(found, item, rules)
    first = who[0] if who else ""
    single = len(who) == 1 or role in _ONE or role.endswith(".head")
    unit = item.text("lead_unit") if role.startswith("lead_unit") else rules.organisation.unit_of(first)
    return Desk(role, unit, first if single else "")


def _closing(item: Item, leaving: list[Transition], rules: Rules, now: int) -> Turn | None:
    """Where an item may be closed: whoever is still waited for, or those who close it; None where nothing closes it."""
    states = rules.definition.states
    closing = [t for t in leaving if t.to and states[t.to].final and states[t.to].counted]
    if not closing:
        return None
    held = [(t, _held_by(t.guards, item, rules, now)) for t in closing if _applies(t, item, rules, now)]
    step = next((t for t, held_by in held if held_by is None), None)
    held_by = held[0][1] if held and step is None else None
    if held_by is not None:
        wanted = _WAITED_FOR.get(held_by.code) or str(held_by.data.get("verb", ""))
        step = next((t for t in leaving if t.verb == wanted and _applies(t, item, rules, now)), None)
    if step is None:
        return Turn("", (states[item.state].owner,))
    return Turn(step.verb, _narrow(step.by), "", step.not_same_as)


def _held_by(names: tuple[str, ...], item: Item, rules: Rules, now: int) -> Refused | None:
    """Return what the first guard that does not let the item pass says."""
    try:
        guards.check(names, item, {}, _anybody(rules, now))
    except Refused as error:
        return error
    return None


def _anybody(rules: Rules, now: int) -> Context:
    return Context(rules, _NOBODY, now, now, lambda _number: None)


def _applies(transition: Transition, item: Item, rules: Rules, now: int) -> bool:
    """Whether a step is for an item with such a past: its other guards look at what is still to be done or given."""
    return guards.fit(transition.guards, item, _anybody(rules, now))


def _moving(item: Item, leaving: list[Transition], rules: Rules) -> Turn:
    """The owner, or those who move the item on where the owner cannot."""
    owner = rules.definition.states[item.state].owner_of(item)
    steps = [t for t in leaving if t.to and t.to != item.state]
    owners = members(owner, item, rules.organisation)
    able = [t for t in steps if any(holds(t.by, person, item, rules.organisation) for person in owners)]
    if able or not steps:
        return Turn("", (owner,), "", _shared(able, owners, item, rules))
    return Turn("", steps[0].by, "", steps[0].not_same_as)


def _shared(steps: list[Transition], owners: list[str], item: Item, rules: Rules) -> tuple[str, ...]:
    """Verbs whose doers may take none of the owner's steps: four eyes that bar all of them."""
    organisation = rules.organisation
    barred = [set(t.not_same_as) for t in steps if any(holds(t.by, person, item, organisation) for person in owners)]
    return tuple(sorted(set.intersection(*barred))) if barred else ()


def _narrow(roles: tuple[str, ...]) -> tuple[str, ...]:
    """A step that anybody of the lead unit may do is expected of its handler."""
    return tuple("lead_unit.handler" if role == "lead_unit" else role for role in roles)


def _waiting_co_units(item: Item) -> list[str]:
    """List the co-units that have not reported."""
    return [unit for unit in item.names("co_units") if unit not in item.names("co_reported")]
