"""更正 as an entry: what an act wrote wrong is put right by a new entry that holds both texts, and nothing is edited.

Only what informs may be put right so. A field that decides something (by when, whose desk, which way) is changed by the act that
decides it, with all that follows from it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.canonical import parse
from engine.decide import matches
from engine.errors import Refused
from engine.event import CORRECT, DONE
from engine.roles import FIXED, holds
from engine.run import limit_fields, rule_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from engine.context import Context
    from engine.definition import Definition
    from engine.event import Event
    from engine.item import Item


PLAIN = ("line", "text", "date", "choice", "int", "percent")
"""Kinds of field that may only inform; units, officers, files, flags and lists always decide something."""

_REQUIRED_ONLY = ("given:", "given_when:")  # guards that ask for a field and do not look at what it says


def wrong_entry(item: Item, entries: Iterable[Event], field: str, context: Context) -> Event:
    """Return the entry that gave a field its value, if it may be put right here and by this person. `entries` are the item's.

    Raises `Refused`: `not_correctable` (with the fields that are), `correct_by_act` (with the acts to use), `nothing_to_correct`,
    `not_allowed` (with who may).
    """
    definition, organisation = context.rules.definition, context.rules.organisation
    known = definition.fields.get(field)
    if known is None or not known.keep or known.private:
        raise Refused("not_correctable", field=field, known=[n for n in item.fields if informs(n, definition)])
    if not informs(field, definition):
        raise Refused("correct_by_act", item=item.serial, field=field, allowed=list(_acts(item, field, definition)))
    wrong = _setter(entries, field) if field in item.fields else None
    if wrong is None:
        raise Refused("nothing_to_correct", item=item.serial, field=field)
    if context.hand.enterer != wrong.enterer and not holds(FIXED[CORRECT], context.hand.decider, item, organisation):
        who = organisation.name_of(wrong.enterer)
        raise Refused("not_allowed", item=item.serial, verb=CORRECT, roles=list(FIXED[CORRECT]), people=[who])
    return wrong


def correct(item: Item, wrong: Event, field: str, value: object, reason: str, context: Context) -> list[Event]:
    """Turn a correction into its entry, effective when the entry that it puts right was.

    The fold replaces the field; the body keeps the old value beside the new one, and the number of the entry put right.
    Raises `Refused`: `same_value`, or `missing_field` without a reason.
    """
    old = item.fields[field]
    if old == value:
        raise Refused("same_value", item=item.serial, field=field)
    if not reason:
        raise Refused("missing_field", item=item.serial, fields=["reason"])
    body: Mapping[str, object] = {
        "fields": {field: value, "reason": reason},
        "keep": [field],
        "was": {field: old},
        "corrects": wrong.seq,
    }
    return [context._replace(effective_at=wrong.effective_at).event(item.number, CORRECT, body)]


def _setter(entries: Iterable[Event], field: str) -> Event | None:
    """Return the last entry that gave a field its value."""
    found = None
    for event in entries:
        if event.result == DONE and field in event.body:
            names = parse(event.body).get("keep")
            if isinstance(names, list) and field in names:
                found = event
    return found


def informs(name: str, definition: Definition) -> bool:
    """Whether a field only says something: nothing in the definition is decided by it."""
    field = definition.fields.get(name)
    if field is None or field.keep != "replace" or field.private or field.kind not in PLAIN:
        return False
    return name not in limit_fields(definition) and name not in set(_deciding(definition))


def _deciding(definition: Definition) -> Iterator[str]:
    """Yield the fields that variants, approvals, guards and copies look at; who is answered goes by the source, desks by the track."""
    yield from ("source", "track")
    for t in (definition.register, *definition.transitions):
        yield from t.when
        yield from t.copy.values()
        yield from _looked_at(t.guards)
    for composite in definition.composites.values():
        yield from composite.when
    for kind in definition.requests.values():
        yield kind.until
        yield from kind.copy.values()
        yield from _looked_at(kind.guards)
        for approval in kind.approve:
            yield from approval.when


def _looked_at(guards: Iterable[str]) -> Iterator[str]:
    for guard in guards:
        if not guard.startswith(_REQUIRED_ONLY):
            yield from re.findall(r"\w+", guard.partition(":")[2])
        elif guard.startswith("given_when:"):
            yield guard.partition(":")[2].partition("=")[0]


def _acts(item: Item, field: str, definition: Definition) -> dict[str, None]:
    """Name what changes a field: applications that move its limit, then acts, those possible where the item stands or else all."""
    clocks = {name for name, clock in definition.clocks.items() if field in rule_fields(clock.limit)}
    asked = [kind.name for kind in definition.requests.values() if kind.moves in clocks]
    acts = [t for t in definition.transitions if field in t.fields]
    here = [t.verb for t in acts if item.state in t.sources and matches(t.when, item)]
    return dict.fromkeys([*asked, *(here or [t.verb for t in acts])])
