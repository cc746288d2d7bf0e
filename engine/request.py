"""Applications to depart from the plan: how one is made, endorsed, granted or refused. They end by themselves when the item moves on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from engine import guards
from engine.clock import day_of, start_of_day
from engine.decide import checked_fields, completed, entitled, matches
from engine.errors import Refused
from engine.machine import next_state
from engine.roles import HANDS
from engine.run import due
from engine.timing import operations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.context import Context
    from engine.definition import RequestKind
    from engine.event import Event
    from engine.item import Item, Request

    Fields = Mapping[str, object]


def ask(item: Item, kind_name: str, fields: Fields, context: Context) -> list[Event]:
    """Turn an application into its event.

    Raises `Refused`: `request_not_here`, `not_allowed`, `missing_field`, `request_open`, `request_used_up`, `request_too_late`,
    `request_window_over`, `request_not_later`, `request_too_long`, or a guard's code.
    """
    definition, calendar = context.rules.definition, context.rules.calendar
    kind = definition.requests.get(kind_name)
    if kind is None or item.state not in kind.sources:
        here = [k.name for k in definition.requests.values() if item.state in k.sources]
        raise Refused("request_not_here", item=item.serial, kind=kind_name, state=item.state, allowed=here)
    entitled(item, kind.by, "request", context)
    given = checked_fields(item, kind, fields, context)
    guards.check(kind.guards, item, given, context)
    if any(r.is_open and r.kind == kind_name for r in item.requests):
        raise Refused("request_open", requests=[f"{item.number}-{r.ordinal}" for r in item.requests if r.is_open])
    began = _round_began(item, context)
    granted = sum(r.kind == kind_name and r.state == "granted" and r.made_at >= began for r in item.requests)
    if kind.max_granted and granted >= kind.max_granted:
        raise Refused("request_used_up", item=item.serial, kind=kind_name, most=kind.max_granted)
    due_at = _due_at(item, kind.before_due, context)
    timely = due_at is None or context.effective_at <= due_at
    if kind.before_due and not timely:
        raise Refused("request_too_late", item=item.serial, kind=kind_name, due_at=due_at)
    _within_window(item, kind, context)
    _reasonable_date(item, kind, given.get(kind.until), context)
    lapses_at = calendar.due(context.effective_at, kind.lapses_after) if kind.lapses_after else None
    made = {"kind": kind_name, "made_in": item.state, "timely": timely, "lapses_at": lapses_at, "fields": given}
    appended = context.hand.delegated(f"request-{len(item.requests) + 1}")
    return [context.event(item.number, "request", {"request": made} | ({"append": appended} if appended else {}))]


def answer(item: Item, ordinal: int, fields: Fields, context: Context, *, grant: bool) -> list[Event]:
    """Grant (or pass on, where the unit's head speaks first) or refuse a request; a refusal needs words.

    Whoever grants may set another date, as `until`, within the same bounds. Raises `Refused`: `unknown_request`, `request_decided`,
    `not_allowed`, `same_person`, `missing_field`, `field_not_taken`, `request_not_later`, `request_too_long`.
    """
    definition = context.rules.definition
    request = item.requests[ordinal - 1] if 0 < ordinal <= len(item.requests) else None
    if request is None:
        raise Refused("unknown_request", name=f"{item.number}-{ordinal}", open=open_requests(item))
    if not request.is_open:
        raise Refused("request_decided", name=f"{item.number}-{ordinal}", state=request.state)
    kind = definition.requests[request.kind]
    verb = "grant" if grant else "refuse"
    organisation = context.rules.organisation
    endorses = grant and request.state == "open" and bool(kind.endorse)
    given = _given(kind, fields, dated=grant and not endorses)
    roles = deciders(item, request, kind, context, given)
    entitled(item, roles, verb, context)
    if _asked_by(request, context.hand.people(organisation), item):
        raise Refused(
            "same_person",
            item=item.serial,
            verb=verb,
            before="request",
            person=organisation.name_of(context.hand.decider),
        )
    if not grant and not given.get("opinion"):
        raise Refused("missing_field", item=item.serial, fields=["opinion"])
    if not grant:
        return [context.event(item.number, verb, {"decision": [ordinal, "refused"], "fields": given})]
    # the date may have passed, or the due moment moved past it, since it was asked for
    _reasonable_date(item, kind, given.get(kind.until) or request.fields.get(kind.until), context)
    if endorses:
        return [context.event(item.number, verb, {"decision": [ordinal, "endorsed"], "fields": given})]
    return [_granted(item, request, kind, given, context)]


def _asked_by(request: Request, people: tuple[str, ...], item: Item) -> bool:
    """Whether one of the people made the application, by their own desk or for another's."""
    hands = item.names(HANDS)
    return any(p == request.made_by or f"request-{request.ordinal}:{p}" in hands for p in people)


def _given(kind: RequestKind, fields: Fields, *, dated: bool) -> dict[str, object]:
    """Return what comes with an answer: words, and from whoever grants another date, under the name the kind has for it."""
    given = {name: value for name, value in fields.items() if value is not None}
    known = ["opinion", "until"] if dated and kind.until else ["opinion"]
    strangers = [name for name in given if name not in known]
    if strangers:
        raise Refused("field_not_taken", fields=strangers, known=known)
    if "until" in given:
        given[kind.until] = given.pop("until")
    return given


def deciders(
    item: Item, request: Request, kind: RequestKind, context: Context, fields: Fields | None = None
) -> tuple[str, ...]:
    """Return the roles whose turn it is: those who endorse first, then those whose power reaches the length asked for."""
    if request.state == "open" and kind.endorse:
        return kind.endorse
    until = (fields or {}).get(kind.until) or request.fields.get(kind.until)
    asked = date.fromisoformat(str(until)) if until else None
    base = _base_day(item, kind, request.made_at, context)
    for row in kind.approve:
        if not matches(row.when, item):
            continue
        if row.up_to is None or asked is None:
            return row.by
        reach = day_of(context.rules.calendar.due(start_of_day(base.toordinal()), row.up_to, roll=False) - 1)
        if asked <= reach:
            return row.by
    return kind.approve[-1].by


def open_requests(item: Item) -> list[str]:
    """Name the requests that wait for somebody."""
    return [f"{item.number}-{r.ordinal}" for r in item.requests if r.is_open]


def _granted(item: Item, request: Request, kind: RequestKind, given: Fields, context: Context) -> Event:
    definition, calendar, at = context.rules.definition, context.rules.calendar, context.effective_at
    body: dict[str, object] = {"decision": [request.ordinal, "granted"]}
    until = str(given.get(kind.until) or request.fields.get(kind.until) or "")
    clocks: list[object] = []
    to = item.state
    if kind.to:
        to = next_state(definition, item.state, f"request:{kind.name}")
        body["to"] = to
        voided = [r.ordinal for r in item.requests if r.is_open and r.ordinal != request.ordinal]
        if voided:
            body["void"] = voided
        clocks += operations(definition, item, "grant", to, at)
    if kind.moves and until:
        clocks.append(["move", kind.moves, at, calendar.close_of(date.fromisoformat(until).toordinal())])
    if kind.wakes and until:
        body["wake"] = [start_of_day(date.fromisoformat(until).toordinal() + 1), kind.wakes]
    if clocks:
        body["clocks"] = clocks
    asked = {**request.fields, **given}
    kept = dict(kind.put) | {name: asked[source] for name, source in kind.copy.items() if source in asked}
    body["fields"] = dict(given) | kept
    if kept:
        body["keep"] = list(kept)
    return completed(item, "grant", body, context)


def _within_window(item: Item, kind: RequestKind, context: Context) -> None:
    moments = [item.acts[verb].at for verb in kind.window_from if verb in item.acts]
    if kind.window and moments:
        closes_at = context.rules.calendar.due(max(moments), kind.window)
        if context.effective_at > closes_at:
            raise Refused("request_window_over", item=item.serial, kind=kind.name, closed_at=closes_at)


def _reasonable_date(item: Item, kind: RequestKind, until: object, context: Context) -> None:
    """The date is later than what it replaces and within the longest allowed."""
    if not until:
        return
    asked = date.fromisoformat(str(until))
    base = _base_day(item, kind, context.effective_at, context)
    if asked <= base:
        raise Refused("request_not_later", item=item.serial, kind=kind.name, until=str(until), after=base.isoformat())
    if kind.longest:
        last = day_of(context.rules.calendar.due(start_of_day(base.toordinal()), kind.longest, roll=False) - 1)
        if asked > last:
            raise Refused(
                "request_too_long", item=item.serial, kind=kind.name, until=str(until), latest=last.isoformat()
            )


def _base_day(item: Item, kind: RequestKind, at: int, context: Context) -> date:
    """Return the day from which the length asked for is measured: the present due day, or the day of an instant."""
    moment = _due_at(item, kind.moves, context) if kind.moves else None
    return day_of(moment - 1 if moment else at)


def _due_at(item: Item, clock_name: str, context: Context) -> int | None:
    """Return the due moment of a clock, by default the main one; None when it has none."""
    definition = context.rules.definition
    clock = definition.clocks.get(clock_name) or definition.main_clock
    run = item.clocks.get(clock.name) if clock else None
    return due(run, clock, item, context.rules.calendar) if clock and run else None


def _round_began(item: Item, context: Context) -> int:
    """Return when the present round began: what was granted in an earlier one is not counted against it."""
    openings = (t.verb for t in context.rules.definition.transitions if t.new_round and t.verb in item.acts)
    return max((item.acts[verb].at for verb in openings), default=0)
