"""One run of a clock as facts, and the due moment computed from them: never stored, never patched."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from engine.clock import closing_ordinal, ordinal_of, start_of_day, time_of_day
from engine.limit import Limit, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.calendar import Calendar
    from engine.definition import Clock, Definition, LimitRule
    from engine.item import Item

WORKING_UNITS = ("wd", "wh")


class Run(NamedTuple):
    """What has happened to a clock.

    `cycle` counts the due moments it has run against and `since` is when the present one was recorded. `pauses` are (from, to) with
    `to` None while it stands still; `moves` are (decided at, new due moment) of granted extensions. `stopped` ends it.
    All instants are microseconds of UTC.
    """

    cycle: int
    started: int
    since: int
    pauses: tuple[tuple[int, int | None], ...] = ()
    moves: tuple[tuple[int, int], ...] = ()
    stopped: int | None = None

    @property
    def paused(self) -> bool:
        """Whether it stands still now."""
        return bool(self.pauses) and self.pauses[-1][1] is None and self.stopped is None

    @property
    def running(self) -> bool:
        """Whether it counts now."""
        return self.stopped is None and not self.paused


def limit_of(rule: LimitRule, item: Item) -> Limit | None:
    """Return the limit that applies to an item, or None when none is fixed yet (时限待明确)."""
    for alternative in rule.alternatives:
        if isinstance(alternative, Limit):
            return alternative
        if isinstance(alternative, str):
            code = item.fields.get(alternative)
            if isinstance(code, str) and code:
                return _parsed(code)
        else:
            field, values = alternative
            chosen = values.get(str(item.fields.get(field, "")))
            limit = limit_of(chosen, item) if chosen else None
            if limit:
                return limit
    return None


def limit_fields(definition: Definition) -> frozenset[str]:
    """Return the fields that the limits of a definition are read from."""
    found = _limit_fields.get(definition.hash)
    if found is None:
        names = {name for clock in definition.clocks.values() for name in rule_fields(clock.limit)}
        found = _limit_fields[definition.hash] = frozenset(names)
    return found


def rule_fields(rule: LimitRule) -> Iterator[str]:
    """Yield the fields that a limit rule reads."""
    for alternative in rule.alternatives:
        if isinstance(alternative, str):
            yield alternative
        elif not isinstance(alternative, Limit):
            field, values = alternative
            yield field
            for inner in values.values():
                yield from rule_fields(inner)


def due(run: Run, clock: Clock, item: Item, calendar: Calendar) -> int | None:
    """Return the moment after which the run is overdue, or None when no limit is fixed.

    Pauses and extensions apply in the order in which they took effect: an extension replaces the due moment, a closed pause gives back
    the time that really stood still. For limits in days a day counts when the clock ran at its close, so a pause gives back one day for
    each close after its first instant and up to its last, and the due moment stays a close: 17:30 of working days, 24:00 for calendar
    days and months, and the close of business of every day for dates and extensions. For limits in hours it gives back its office time,
    or its elapsed time. What would fall due while the clock stood still falls due at the first close of a working day after it. A pause
    that began with the due moment or after it gives nothing, an open one nothing yet.
    """
    return _due(run, limit_of(clock.limit, item), clock.roll, calendar)


@lru_cache(maxsize=4096)  # the same run is asked for several times within one act
def _due(run: Run, limit: Limit | None, roll: bool, calendar: Calendar) -> int | None:  # noqa: FBT001
    moment = calendar.due(run.started, limit, roll) if limit else None
    if not run.pauses and not run.moves:
        return moment
    unit = limit.unit if limit else "on"
    working, days = unit == "wd", unit in ("d", "mo")
    midnight = days
    base = calendar.due(run.started, limit, roll=False) if limit else None  # what given back days are added to
    extra = 0
    for _, is_pause, start, end in _changes(run):
        if not is_pause:
            moment, base, extra, midnight = end, end, 0, days and not time_of_day(end)
            continue
        if moment is None or base is None or start >= moment:
            continue
        if unit == "h":
            moment += end - start
        elif unit == "wh":
            moment = calendar.add_worktime(moment, calendar.worktime(start, end))
        else:
            # the start day is not counted, so nothing of it comes back
            begin = max(start, start_of_day(_start_day(run, unit, calendar) + 1))
            gained = _closes(begin, end, calendar, working=working, midnight=midnight) if begin < end else 0
            if gained:
                extra += gained
                last = ordinal_of(base - 1)
                last = calendar.add_workdays(last, extra) if working else last + extra
                moment = _end_of(last, calendar, roll=roll, midnight=midnight)
        if moment <= end:  # on a day off that it was rolled on from, or that was granted
            last = ordinal_of(end) if midnight else _closed_by(end, calendar) + 1
            moment = _end_of(last, calendar, roll=True, midnight=midnight)
    return moment


def _end_of(day: int, calendar: Calendar, *, roll: bool, midnight: bool) -> int:
    """Return the end of a day, or with `roll` of the first working day from it on: 24:00, or close of business."""
    if roll:
        day = calendar.add_workdays(day, 0)
    return start_of_day(day + 1) if midnight else calendar.close_of(day)


def _start_day(run: Run, unit: str, calendar: Calendar) -> int:
    return ordinal_of(calendar.opening(run.started) if unit == "wd" else run.started)


def original_due(run: Run, clock: Clock, item: Item, calendar: Calendar) -> int | None:
    """Return the due moment as it would be had no extension been granted: it stays in view."""
    return due(run._replace(moves=()), clock, item, calendar)


def due_is_provisional(run: Run, clock: Clock, item: Item, calendar: Calendar, moment: int | None = None) -> bool:
    """Whether the due moment, given if it is known already, leans on days that no notice has settled yet, and must be marked 暂定.

    A granted new date leans on nothing; what a pause gives back after it may. Limits in working days or office hours lean on
    every day they count, others only on the days they move over because they are off.
    """
    moment = due(run, clock, item, calendar) if moment is None else moment
    if moment is None or not calendar.provisional(ordinal_of(run.started) - 1, closing_ordinal(moment)):
        return False
    limit = limit_of(clock.limit, item)
    if not run.moves and not run.pauses:
        return limit is not None and calendar.due_is_provisional(run.started, limit, clock.roll)
    unit = limit.unit if limit else "on"
    decided, first = run.moves[-1] if run.moves else (run.started, run.started)
    given_back = [start for start, end in run.pauses if end is not None and end > decided and start < moment]
    if unit == "h" or (run.moves and not given_back):
        return False
    if unit in WORKING_UNITS:
        return calendar.provisional(min(ordinal_of(at) for at in (first, *given_back)) - 1, closing_ordinal(moment))
    plain = due(run, clock._replace(roll=False), item, calendar)
    return clock.roll and calendar.provisional(closing_ordinal(plain or moment) - 1, closing_ordinal(moment))


def near(run: Run, clock: Clock, item: Item, calendar: Calendar, due_at: int) -> int:
    """Return when the run comes near its due moment (临期): at 80 % of the counted time, and in any case one working day before.

    Counted time is office time for limits in working days or hours, else elapsed time. Limits in hours have no day before.
    """
    limit = limit_of(clock.limit, item)
    return _near(run, limit.unit if limit else "on", calendar, due_at)


@lru_cache(maxsize=4096)
def _near(run: Run, unit: str, calendar: Calendar, due_at: int) -> int:
    span = calendar.worktime if unit in WORKING_UNITS else _elapsed
    first = run.started
    if unit == "wd":
        first = calendar.close_of(ordinal_of(calendar.opening(first)))
    elif unit not in ("h", "wh"):
        first = start_of_day(ordinal_of(first) + 1)
    stretches, begin = [], first
    for start, end in run.pauses:
        stretches.append((begin, min(start, due_at)))  # a pause that begins later takes nothing from what counts
        begin = max(begin, end if end is not None else due_at)
    stretches.append((begin, due_at))
    active = [(a, span(a, b)) for a, b in stretches if a < b]
    left = sum(length for _, length in active) * 4 // 5
    moment = due_at  # and so it stays where no time counts before it
    for a, length in active:
        if length > 0 and left <= length:
            moment = calendar.add_worktime(a, left) if unit in WORKING_UNITS else a + left
            break
        left -= length
    if unit in ("h", "wh"):
        return moment
    day_before = calendar.add_workdays(ordinal_of(due_at - 1), -1)
    return min(moment, calendar.close_of(day_before))


def _elapsed(a: int, b: int) -> int:
    return b - a


def _changes(run: Run) -> list[tuple[int, bool, int, int]]:
    """List (at, is a pause, from, to) in the order of effect; a pause is cut where an extension falls into it.

    Of two new due moments given at one instant the one that was given last holds, whichever is later.
    """
    cuts = sorted(at for at, _ in run.moves)
    changes = [(at, False, at, to) for at, to in run.moves]
    for start, end in run.pauses:
        if end is None:
            continue
        edges = [start, *(cut for cut in cuts if start < cut < end), end]
        changes += [(a, True, a, b) for a, b in pairwise(edges)]
    return sorted(changes, key=itemgetter(0, 1))


def _closes(start: int, end: int, calendar: Calendar, *, working: bool, midnight: bool) -> int:
    """Count the closes of days in (start, end]: at 24:00, else at close of business, of working days only or of all.

    What begins at a close found that day done, as a receipt at that moment is out of hours.
    """
    if midnight:
        return ordinal_of(end) - ordinal_of(start)
    first, last = _closed_by(start, calendar), _closed_by(end, calendar)
    return calendar.workdays(first, last) if working else last - first


def _closed_by(at: int, calendar: Calendar) -> int:
    """Return the last day that has closed for business by an instant."""
    day = ordinal_of(at)
    return day if calendar.close_of(day) <= at else day - 1


_limits: dict[str, Limit] = {}
_limit_fields: dict[str, frozenset[str]] = {}


def _parsed(code: str) -> Limit:
    """Read a limit's code once: the same few recur in every item."""
    found = _limits.get(code)
    if found is None:
        found = _limits[code] = parse(code)
    return found
