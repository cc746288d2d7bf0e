"""What a recurring item brings forth: the registration of one further item, read from the entry that its period has come round."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from engine.canonical import parse
from engine.context import Context, Hand
from engine.decide import blank, field_body
from engine.event import SYSTEM
from engine.recurrence import BRINGS, RECUR, Period
from engine.roles import addressees
from engine.timing import operations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from engine.context import Rules
    from engine.event import Event
    from engine.item import Item

_BY_ITSELF = Hand(SYSTEM, SYSTEM)


def born(series: Item, event: Event, rules: Rules, number: Callable[[], int]) -> Iterator[Event]:
    """Yield the registrations that a `recur` entry of a series calls for, in the order of the names it holds.

    `number` gives the next item's number. A name the organisation no longer has is brought forth all the same: somebody must
    take the series in hand, and what was due shows.
    """
    recurs = rules.definition.recurs
    facts: Mapping[str, Any] = parse(event.body)
    if event.verb != RECUR or recurs is None:
        return
    first, last = facts["period"]
    period = Period(int(facts["fields"][recurs.counter]), int(first), int(last))
    context = Context(rules, _BY_ITSELF, event.recorded_at, event.effective_at, lambda _number: None, chosen=True)
    shared = {name: series.fields[source] for name, source in recurs.takes.items() if source in series.fields}
    for name in facts[BRINGS]:
        item = blank(number(), context)
        fields = shared | {
            recurs.whose: name,
            recurs.series: series.number,
            recurs.period: period.text,
            recurs.due: date.fromordinal(period.last).isoformat(),
        }
        body: dict[str, object] = {"to": recurs.to, "serial": item.serial, "workflow": rules.definition.name}
        body |= field_body(rules.definition, fields)
        clocks = operations(rules.definition, item, "register", recurs.to, event.effective_at)
        if clocks:
            body["clocks"] = clocks
        after = item._replace(fields=fields, state=recurs.to)
        owner = rules.definition.states[recurs.to].owner_of(after)
        told = addressees(recurs.notify, owner, after, rules.organisation, event.effective_at)
        if told:
            body["tell"] = told
        yield context.event(item.number, "register", body)
