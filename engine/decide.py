"""From an act to events: may it be done here, by this person, with these fields, and what follows. Pure; `evolve` applies the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine import guards
from engine.clock import day_of
from engine.errors import Conflict, Refused
from engine.evolve import evolve
from engine.machine import next_state
from engine.roles import addressees, holds, members, seen_before
from engine.run import due, limit_fields, limit_of
from engine.timing import operations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.context import Context
    from engine.definition import Clock, Composite, Definition, RequestKind, Transition
    from engine.event import Event
    from engine.item import Item

    Fields = Mapping[str, object]


def decide(item: Item, verb: str, fields: Fields, context: Context) -> list[Event]:
    """Turn an act into the events that record it, the item's own first.

    Raises `Refused` with `not_in_state` (and what would be allowed), `not_allowed` (and who may), `same_person`, `missing_field`,
    `field_not_taken`, or a guard's code. Nothing is changed by a refusal.
    """
    transition = choose(item, verb, context)
    given = checked_fields(item, transition, fields, context)
    guards.check(transition.guards, item, given, context)
    return carry_out(item, transition, given, context)


def register(number: int, fields: Fields, context: Context, *, draft: bool = False) -> list[Event]:
    """Turn a registration into its event. `number` is the item's; raises as `decide` does."""
    definition = context.rules.definition
    transition = definition.register
    item = blank(number, context)
    if not context.chosen:
        entitled(_led(item, fields, context), transition.by, transition.verb, context)
    given = checked_fields(item, transition, fields, context) | dict(transition.put)
    guards.check(transition.guards, item, given, context)
    source = definition.sources.get(str(given.get("source", "")))
    to = definition.draft if draft and definition.draft else definition.initial
    body: dict[str, object] = {"to": to, "serial": item.serial, "workflow": definition.name}
    body.update(field_body(definition, given))
    appended = context.hand.delegated(f"{item.round}:register")
    if source:
        answered = ("addressees", "exempted") if given.get("anonymous") else ("addressees",)
        appended |= {name: list(source.feedback_to) for name in answered}
    if appended:
        body["append"] = appended
    clocks = operations(definition, item, "register", to, context.effective_at)
    if clocks:
        body["clocks"] = clocks
    return [context.event(number, "register", body)]


def _led(item: Item, fields: Fields, context: Context) -> Item:
    """Return a new item as it is led: by the unit named for it, where that is one that leads something in this organisation."""
    lead_office = fields.get("lead_office")
    if lead_office not in context.rules.organisation.supervisors:
        return item
    return item._replace(fields={"lead_office": lead_office})


def blank(number: int, context: Context) -> Item:
    """Return the item as it is before its registration: only a number and a serial (prefix, year, number)."""
    from engine.item import Item  # noqa: PLC0415 - registration only

    definition, at = context.rules.definition, context.effective_at
    serial = f"{definition.serial}{day_of(at).year}-{number:04d}"
    return Item(number, serial, definition.name, definition.hash, "", at, at, at)


def choose(item: Item, verb: str, context: Context) -> Transition:
    """Pick the variant of a verb that applies to the item and that this person may do.

    Raises `Conflict("done_by_other")` when somebody else has just done it.
    """
    definition = context.rules.definition
    here = [t for t in definition.variants(verb) if item.state in t.sources and matches(t.when, item)]
    if not here:
        act, decider = item.acts.get(verb), context.hand.decider
        if act and act.at == item.effective_at and decider not in act.by:
            who = context.rules.organisation.name_of(act.by[-1])
            raise Conflict("done_by_other", item=item.serial, verb=verb, person=who, done_at=act.at, state=item.state)
        known = verb in definition.verbs
        raise Refused(
            "not_in_state" if known else "unknown_verb",
            item=item.serial,
            verb=verb,
            state=item.state,
            allowed=allowed_verbs(item, context),
            desk=on_desk(item, context),
        )
    decider, organisation = context.hand.decider, context.rules.organisation
    mine = here if context.chosen else [t for t in here if holds(t.by, decider, item, organisation)]
    if not mine:
        raise _not_allowed(item, tuple(dict.fromkeys(role for t in here for role in t.by)), verb, context)
    before, people = "", context.hand.people(organisation)
    for transition in mine:
        before = seen_before(transition.not_same_as, people, item)
        if not before:
            return transition
    raise Refused("same_person", item=item.serial, verb=verb, before=before, person=_name(context))


def on_desk(item: Item, context: Context) -> list[str]:
    """Name those on whose desk the item lies now, at most three."""
    state = context.rules.definition.states.get(item.state)
    owner = state.owner_of(item) if state else ""
    return _people((owner,), item, context)[:3] if owner else []


def allowed_verbs(item: Item, context: Context) -> list[str]:
    """List the verbs that apply to the item where it stands and that this person may do, composites included."""
    definition, person = context.rules.definition, context.hand.decider
    organisation = context.rules.organisation
    people = context.hand.people(organisation)
    found = [
        c.verb
        for c in definition.composites.values()
        if item.state in c.sources and matches(c.when, item) and holds(c.by, person, item, organisation)
    ]
    found += [
        t.verb
        for t in definition.leaving(item.state)
        if matches(t.when, item)
        and holds(t.by, person, item, organisation)
        and not seen_before(t.not_same_as, people, item)
        and guards.fit(t.guards, item, context)
    ]
    return list(dict.fromkeys(found))


def may_compose(item: Item, composite: Composite, context: Context) -> None:
    """Check a composite's own rule of who may and four eyes; raises `Refused`."""
    entitled(item, composite.by, composite.verb, context)
    before = seen_before(composite.not_same_as, context.hand.people(context.rules.organisation), item)
    if before:
        raise Refused("same_person", item=item.serial, verb=composite.verb, before=before, person=_name(context))


def matches(when: Mapping[str, tuple[object, ...]], item: Item) -> bool:
    """Whether the item's kept fields have the values a variant asks for; an absent field counts as ""."""
    return not when or all(item.fields.get(name, "") in values for name, values in when.items())


def checked_fields(
    item: Item, about: Transition | Composite | RequestKind, fields: Fields, context: Context
) -> dict[str, object]:
    """Return the fields given, all of them known to the act or application and the required ones there.

    A required field that acts keep on the item counts as given when the item has it already.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    if given:
        known = about.fields
        strangers = [name for name in given if name not in known]
        if strangers:
            raise Refused("field_not_taken", fields=strangers, known=list(known))
    definition = context.rules.definition
    missing = []
    for field, least in about.require:
        value = given.get(field)
        if value is None and definition.fields[field].keep:
            value = item.fields.get(field)
        if value in (None, "", [], ()):
            missing.append(field)
        elif least > 1 and isinstance(value, (str, list, tuple)) and len(value) < least:
            raise Refused("field_too_short", item=item.serial, field=field, least=least, length=len(value))
    if missing:
        raise Refused("missing_field", item=item.serial, fields=missing)
    return given


def carry_out(item: Item, transition: Transition, given: Fields, context: Context) -> list[Event]:
    """Write down what the transition does; whoever asked has been found entitled."""
    definition, at = context.rules.definition, context.effective_at
    to = next_state(definition, item.state, transition.name)
    body: dict[str, object] = {}
    if transition.to:
        body["to"] = to
    fields = _all_fields(item, transition, given, context)
    if fields:
        body.update(field_body(definition, fields))
    if item.requests:
        moves_on = fields.get("lead_unit", item.text("lead_unit")) != item.text("lead_unit")
        voided = [r.ordinal for r in item.requests if r.is_open and (moves_on or r.made_in != to)]
        if voided:
            body["void"] = voided
    if transition.clears:
        body["clears"] = list(transition.clears)
    if transition.new_round:
        body["round"] = True
    if context.hand.is_delegated:
        body["append"] = context.hand.delegated(f"{item.round + transition.new_round}:{transition.verb}")
    clocks = operations(definition, item, transition.verb, to, at, transition.restarts)
    if clocks:
        body["clocks"] = clocks
    if transition.notify:
        after = item._replace(fields={**item.fields, **fields})  # an assignment is told to those it names
        owner = definition.states[to].owner_of(after)
        told = addressees(transition.notify, owner, after, context.rules.organisation, context.now)
        told = [person for person in told if person != context.hand.decider]
        if told:
            body["tell"] = told
    event = completed(item, transition.verb, body, context)
    if transition.absorb and isinstance(given.get("into"), int):
        passed_on = [f"{name}@{item.serial}" for name in guards.unanswered(item)]
        other = context.event(
            int(str(given["into"])), "absorb", {"append": {"addressees": passed_on}, "fields": {"from": item.number}}
        )
        return [event, other]
    return [event]


def _all_fields(item: Item, transition: Transition, given: Fields, context: Context) -> Fields:
    """Return the fields given with those that the transition copies, and its constants over both."""
    if not transition.put and not transition.copy:
        return given
    copied = {name: item.fields[source] for name, source in transition.copy.items() if source in item.fields}
    for name, source in transition.copy.items():
        if "." in source and (value := guards.referred(item, given, source, context)) is not None:
            copied[name] = value
    put = {name: constant(value, context, item) for name, value in transition.put.items()}
    return copied | dict(given) | {name: value for name, value in put.items() if value is not None}


def completed(item: Item, verb: str, body: dict[str, object], context: Context) -> Event:
    """Finish an act's body with what only its outcome shows: due moments that a new limit fixes, cycles, the verdict of a closed item."""
    definition = context.rules.definition
    to = body.get("to")
    closes = isinstance(to, str) and to != item.state and definition.states[to].final
    if not closes and not _moves_due(definition, body):
        return context.event(item.number, verb, body)
    after = evolve(item, context.event(item.number, verb, {}), body)
    extra: dict[str, object] = {}
    changes = _changed_dues(item, after, context)
    if changes:
        ops = body.get("clocks", [])
        extra["clocks"] = [*(ops if isinstance(ops, list) else []), *changes]
    if closes:
        extra |= {"closed": True} | verdict(after, context)
    return context.event(item.number, verb, body | extra)


def _moves_due(definition: Definition, body: Mapping[str, object]) -> bool:
    """Whether an act may move a due moment by itself: by an extension, by going on, or by a field that a limit is read from."""
    ops: Any = body.get("clocks")
    if ops and any(op[0] in ("move", "continue") for op in ops):
        return True
    touched: tuple[Any, Any] = body.get("keep", ()), body.get("clears", ())
    return not (limit_fields(definition).isdisjoint(touched[0]) and limit_fields(definition).isdisjoint(touched[1]))


def _changed_dues(item: Item, after: Item, context: Context) -> list[list[object]]:
    """List what a new limit or an extension does to the clocks that go on.

    A clock with pauses or extensions behind it is moved to what the new limit gives: a date as it stands, a length with the pauses given
    back. A due moment that comes later begins a new cycle.
    """
    definition, calendar = context.rules.definition, context.rules.calendar
    changes: list[list[object]] = []
    for name, run in after.clocks.items():
        before, clock = item.clocks.get(name), definition.clocks.get(name)
        if before is None or clock is None or run.stopped is not None or before.cycle != run.cycle:
            continue
        old = due(run._replace(moves=before.moves), clock, item, calendar)
        new = due(run, clock, after, calendar)
        limit = limit_of(clock.limit, after)
        if limit and limit != limit_of(clock.limit, item) and run.moves == before.moves and (run.pauses or run.moves):
            counted = run._replace(moves=(), pauses=() if limit.unit == "on" else run.pauses)
            new = due(counted, clock, after, calendar)
            changes.append(["move", name, context.effective_at, new])
        if clock.not_before and before.stopped is not None:
            least = _least(item, after, clock, context)
            if new is not None and least is not None and new < least:
                new = least
                changes.append(["move", name, context.effective_at, new])
        if new is not None and (old is None or new > old):
            changes.append(["cycle", name])
    return changes


def _least(item: Item, after: Item, clock: Clock, context: Context) -> int | None:
    """Return the moment before which a clock that goes on is not due; None when it had been late already, which stays so."""
    calendar, beside = context.rules.calendar, after.clocks.get(clock.not_before)
    if beside is None or not beside.running:
        return None
    run = item.clocks[clock.name]
    was_due = due(run, clock, item, calendar)
    if run.stopped is None or was_due is None or run.stopped > was_due:
        return None
    return due(beside, context.rules.definition.clocks[clock.not_before], after, calendar)


def verdict(item: Item, context: Context) -> dict[str, object]:
    """Say whether the item was on time under the definition and calendar in force when it closed."""
    clock = context.rules.definition.main_clock
    run = item.clocks.get(clock.name) if clock else None
    if clock is None or run is None or run.stopped is None:
        return {}
    moment = due(run, clock, item, context.rules.calendar)
    on_time = moment is None or run.stopped <= moment
    return {"verdict": {"due_at": moment, "done_at": run.stopped, "on_time": on_time}}


def constant(value: object, context: Context, item: Item | None = None) -> object:
    """Read a constant of the definition; `@decider` and `@decider.unit` stand for whoever decides.

    `@due_on` is the day the item's main clock is due as it stands before the act, `@late_due_on` that day if it has passed
    undone; None where there is none.
    """
    if value in ("@due_on", "@late_due_on"):
        return _standing(item, context, str(value)) if item else None
    if value == "@decider":
        return context.hand.decider
    if value == "@decider.unit":
        return context.rules.organisation.unit_of(context.hand.decider)
    return value


def _standing(item: Item, context: Context, wanted: str) -> object:
    clock = context.rules.definition.main_clock
    run = item.clocks.get(clock.name) if clock else None
    moment = due(run, clock, item, context.rules.calendar) if run and clock else None
    if run is None or moment is None:
        return None
    late = (run.stopped or context.effective_at) > moment
    return day_of(moment - 1).isoformat() if late or wanted == "@due_on" else None


def field_body(definition: Definition, fields: Fields) -> dict[str, object]:
    """Sort an act's fields into what is only recorded and what the item keeps; private data never enters the record."""
    shown: dict[str, object] = {}
    keep: list[str] = []
    gather: list[str] = []
    for name, value in fields.items():
        field = definition.fields.get(name)
        if field is None:
            keep.append(name)
        elif field.private:
            continue
        elif field.keep:
            (keep if field.keep == "replace" else gather).append(name)
        shown[name] = value
    parts = {"fields": shown, "keep": keep, "gather": gather}
    return {name: part for name, part in parts.items() if part}


def entitled(item: Item, roles: tuple[str, ...], verb: str, context: Context) -> None:
    """Let pass who stands in one of the roles; raises `Refused("not_allowed")` with the roles and a few of those who may."""
    if not holds(roles, context.hand.decider, item, context.rules.organisation):
        raise _not_allowed(item, roles, verb, context)


def _not_allowed(item: Item, roles: tuple[str, ...], verb: str, context: Context) -> Refused:
    people = _people(roles, item, context)
    return Refused("not_allowed", item=item.serial, verb=verb, roles=list(roles), people=people)


def _name(context: Context) -> str:
    return context.rules.organisation.name_of(context.hand.decider)


def _people(roles: tuple[str, ...], item: Item, context: Context) -> list[str]:
    """Name a few of those who may."""
    organisation = context.rules.organisation
    found = dict.fromkeys(person for role in roles if role != "anyone" for person in members(role, item, organisation))
    return [organisation.name_of(person) for person in found][:5]
