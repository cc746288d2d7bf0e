"""正常 · 临期 · 逾期: computed from the clock each time, never stored. The word first, the colour is the counter's affair."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.clock import ordinal_of
from engine.ledger import desk_due
from engine.run import due, due_is_provisional, limit_of, near, rule_fields

if TYPE_CHECKING:
    from engine.calendar import Calendar
    from engine.context import Rules
    from engine.definition import Definition
    from engine.item import Item

NORMAL, DUE_SOON, OVERDUE, NONE = "normal", "due_soon", "overdue", "none"
LIMIT_KINDS = ("limit", "date")
"""Kinds of field that a limit is read from."""


class Light(NamedTuple):
    """Where an item stands against its limit.

    `word` is normal, due_soon, overdue or none (no limit fixed, paused, or not counted yet). `days` are the working days left, or over
    when overdue. `provisional` is true when the due day leans on a calendar year not yet announced.
    """

    word: str
    days: int
    due_at: int | None
    provisional: bool = False


def light(item: Item, rules: Rules, now: int) -> Light:
    """Judge an item at an instant by its main clock, or before that begins by its desk's."""
    clock = rules.definition.main_clock
    run = item.clocks.get(clock.name) if clock else None
    if clock is None or run is None:
        moment = desk_due(item, rules)
        if moment is None:
            return Light(NONE, 0, None)
        return _judged(moment, None, now, rules.calendar, _desk_leans(item, rules, moment))
    moment = due(run, clock, item, rules.calendar)
    if moment is None:
        return Light(NONE, 0, None)
    leaning = due_is_provisional(run, clock, item, rules.calendar, moment)
    if run.stopped is not None:
        late = run.stopped > moment
        days = working_days(moment, run.stopped, rules.calendar) if late else 0
        return Light(OVERDUE if late else NORMAL, days, moment, leaning)
    if run.paused:
        return Light(NONE, 0, moment, leaning)
    near_at = moment if now > moment else near(run, clock, item, rules.calendar, moment)
    return _judged(moment, near_at, now, rules.calendar, leaning)


def _desk_leans(item: Item, rules: Rules, moment: int) -> bool:
    """Whether the step's due moment is that of a running clock which leans on an unpublished year."""
    for name, run in item.clocks.items():
        clock = rules.definition.clocks.get(name)
        if clock and not clock.main and run.running and due(run, clock, item, rules.calendar) == moment:
            return due_is_provisional(run, clock, item, rules.calendar)
    return False


def unclear(item: Item, rules: Rules) -> bool:
    """Whether a person must still say by when (时限待明确).

    So it is while the main clock runs against no limit at all, and while a text was given that could not be read, also
    where the track's own limit applies meanwhile.
    """
    clock = rules.definition.main_clock
    run = item.clocks.get(clock.name) if clock else None
    state = rules.definition.states.get(item.state)
    if clock is None or state is None or state.final or (run and (run.stopped is not None or run.moves)):
        return False
    return bool(unread_text(item, rules)) or (run is not None and limit_of(clock.limit, item) is None)


def unread_text(item: Item, rules: Rules) -> str:
    """Return the limit as it was written, where it could not be read and none has been given since; else "".

    The text of a field that a limit is read from is kept in the field named after it: `limit`, `limit_text`.
    """
    fields, unread = item.fields, ""
    for name, as_written in _limit_names(rules.definition):
        if name in fields and item.text(name):
            return ""
        if as_written in fields and not unread:
            unread = item.text(as_written)
    return unread


_names: dict[str, tuple[tuple[str, str], ...]] = {}


def _limit_names(definition: Definition) -> tuple[tuple[str, str], ...]:
    """Return the fields that the main clock's limit is read from, each with that of its text as written; found once for a definition."""
    found = _names.get(definition.hash)
    if found is None:
        clock, fields = definition.main_clock, definition.fields
        read = dict.fromkeys(rule_fields(clock.limit)) if clock else ()
        found = _names[definition.hash] = tuple(
            (name, f"{name}_text") for name in read if fields[name].kind in LIMIT_KINDS
        )
    return found


def _judged(moment: int, near_at: int | None, now: int, calendar: Calendar, leaning: bool) -> Light:  # noqa: FBT001
    if now > moment:
        return Light(OVERDUE, working_days(moment, now, calendar), moment, leaning)
    left = working_days(now, moment, calendar)
    soon = now >= near_at if near_at is not None else left <= 1
    return Light(DUE_SOON if soon else NORMAL, left, moment, leaning)


def working_days(start: int, end: int, calendar: Calendar) -> int:
    """Count the working days after the day of `start` up to that of `end`; a moment at 24:00 belongs to the day it ends."""
    return calendar.workdays(ordinal_of(start), ordinal_of(end - 1))
