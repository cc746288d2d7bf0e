"""How a due moment came about, which rungs it brought about, and where the time went: what `explain` prints.

Nothing is counted a second time: the due moment is `engine.run.due`'s, and the days up to it are laid open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.canonical import parse
from engine.clock import closing_ordinal, ordinal_of, start_of_day, time_of_day
from engine.errors import Refused
from engine.event import DONE
from engine.evolve import evolve
from engine.ladder import offset_from
from engine.limit import Limit, code
from engine.limit import parse as parse_limit
from engine.run import due, due_is_provisional, near, original_due
from engine.turn import Desk, desk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from engine.calendar import Calendar
    from engine.context import Rules
    from engine.definition import Clock, LimitRule
    from engine.event import Event
    from engine.item import Item
    from engine.run import Run

    Known = list[tuple[Event, dict[str, object]]]
    Marks = dict[tuple[str, int], Event]

START, PAUSED, ROLLED, DAY = "start", "paused", "rolled", "day"
"""Reasons of a day beside those of the calendar (workday, weekend, holiday, makeup, statutory_provisional)."""

HOURS = ("h", "wh")


class Origin(NamedTuple):
    """Where a limit came from: the choices that led to it as (field, value), and the kept field that held it.

    `field` is "" for a limit of the definition. `seq` and `verb` name the entry that set the field, when it is known.
    """

    choices: tuple[tuple[str, str], ...] = ()
    field: str = ""
    seq: int = 0
    verb: str = ""


class Day(NamedTuple):
    """One day of the count (an ordinal); `number` is the running count.

    `name` and `notice` are the holiday's, `seq` and `verb` name the entry that paused the clock.
    """

    day: int
    counts: bool
    why: str
    number: int
    name: str = ""
    notice: str = ""
    seq: int = 0
    verb: str = ""


class Segment(NamedTuple):
    """One stretch of an hours limit: what it added (µs); nothing while the clock stood still."""

    start: int
    end: int
    counted: int
    seq: int = 0
    verb: str = ""


class Extension(NamedTuple):
    """A granted extension: when it was decided, and the due moment before and after."""

    at: int
    before: int | None
    after: int
    seq: int = 0


class Step(NamedTuple):
    """A rung of the clock's ladder: planned, and crossed when `seq` is there.

    `needless` marks one that was crossed and would not have been, had everybody entered in time what was done
    (本不会发出).
    """

    cycle: int
    level: int
    title: str
    planned_at: int
    crossed_at: int | None = None
    seq: int = 0
    paper: str = ""
    told: tuple[str, ...] = ()
    needless: bool = False


class Explanation(NamedTuple):
    """The whole count of one clock.

    `due_at` is `engine.run.due`'s; `original_due` and `unpaused_due` what it would be without extensions, and without
    pauses. `opened_at` is when a receipt out of hours began to count. Limits in days have `days`, limits in hours
    `segments`; both are empty while no limit is fixed.
    """

    clock: str
    limit: str
    origin: Origin
    roll: bool
    cycle: int
    started: int
    opened_at: int
    days: tuple[Day, ...]
    segments: tuple[Segment, ...]
    extensions: tuple[Extension, ...]
    due_at: int | None
    original_due: int | None
    unpaused_due: int | None
    near_at: int | None
    provisional: bool
    paused: bool
    stopped: int | None
    steps: tuple[Step, ...]


class Visit(NamedTuple):
    """One stay of an item on a desk, from `since` to `until` (None: still there).

    `worked` is its office time (µs), `paused` whether the main clock stood still meanwhile.
    """

    state: str
    desk: Desk
    paused: bool
    since: int
    until: int | None
    worked: int


class Share(NamedTuple):
    """What a unit, or one person of it, had of an item's time: office time (µs) and how much of it was paused.

    `person` is "" where only the unit was meant.
    """

    unit: str
    person: str
    worked: int
    paused: int


class Spent(NamedTuple):
    """Where an item's time went: every stay in order, and the shares of units and persons, the largest first.

    Each of the three adds up to `worked` and `paused`, the office time in which the item was open at all.
    """

    visits: tuple[Visit, ...]
    units: tuple[Share, ...]
    people: tuple[Share, ...]
    worked: int
    paused: int


class _Case(NamedTuple):
    """The facts of one count: `known` are the item's entries with their bodies, `marks` those that moved the clock."""

    item: Item
    clock: Clock
    run: Run
    limit: Limit | None
    due_at: int | None
    calendar: Calendar
    known: Known
    marks: Marks

    def due(self, run: Run, *, roll: bool = True) -> int | None:
        """Return the due moment the run would have."""
        clock = self.clock if roll else self.clock._replace(roll=False)
        return due(run, clock, self.item, self.calendar)

    def pauser(self, start: int) -> Event | None:
        """Return what a pause began with: the act that paused the clock, or the one that ended it before it went on."""
        return self.marks.get(("pause", start)) or self.marks.get(("stop", start))


def count(item: Item, clock_name: str, rules: Rules, events: Iterable[Event] = ()) -> Explanation:
    """Lay open how a clock's due moment came about; `events` are the item's and name who paused and extended it.

    Raises `Refused`: `no_such_clock`, or `clock_not_begun` when it has not run yet.
    """
    clock, run = rules.definition.clocks.get(clock_name), item.clocks.get(clock_name)
    if clock is None or run is None:
        why = "no_such_clock" if clock is None else "clock_not_begun"
        raise Refused(why, item=item.serial, clock=clock_name, clocks=list(item.clocks))
    known = [(event, parse(event.body)) for event in events if event.item == item.number and event.result == DONE]
    limit, origin = _origin(clock.limit, item, known)
    calendar, due_at = rules.calendar, due(run, clock, item, rules.calendar)
    case = _Case(item, clock, run, limit, due_at, calendar, known, _marks(clock_name, known))
    hours = limit is not None and limit.unit in HOURS
    return Explanation(
        clock=clock_name,
        limit=code(limit) if limit else "",
        origin=origin,
        roll=clock.roll,
        cycle=run.cycle,
        started=run.started,
        opened_at=_opened(case),
        days=() if hours else tuple(_days(case)),
        segments=tuple(_segments(case)) if hours else (),
        extensions=tuple(_extensions(case)),
        due_at=due_at,
        original_due=original_due(run, clock, item, calendar),
        unpaused_due=case.due(run._replace(pauses=())),
        near_at=None if due_at is None else near(run, clock, item, calendar, due_at),
        provisional=due_is_provisional(run, clock, item, calendar),
        paused=run.paused,
        stopped=run.stopped,
        steps=(*_crossed(case, rules), *_coming(case, rules)),
    )


def spent(events: Iterable[Event], rules: Rules, now: int, versions: Mapping[str, Rules] | None = None) -> Spent:
    """Say where the time of one item went, over all its rounds, under the rules in force now.

    `versions` are the rules under other versions that the item has lived under, by their hashes.
    """
    visits: list[Visit] = []
    item: Item | None = None
    where: tuple[str, Desk, bool] | None = None
    since = 0
    worktime = rules.calendar.worktime
    for event in events:
        if event.result != DONE:
            continue
        item = evolve(item, event)
        at, under = item.effective_at, (versions or {}).get(item.definition, rules)
        state, main = under.definition.states.get(item.state), under.definition.main_clock
        run = item.clocks.get(main.name) if main else None
        lies = None if state is None or state.final else desk(item, under, at)
        there = None if lies is None else (item.state, lies, run is not None and run.paused)
        if there == where:
            continue
        if where is not None:
            visits.append(Visit(*where, since, at, worktime(since, at)))
        where, since = there, at
    if where is not None:
        visits.append(Visit(*where, since, None, worktime(since, max(since, now))))
    return Spent(
        tuple(visits),
        _shares(visits, by_person=False),
        _shares(visits, by_person=True),
        sum(visit.worked for visit in visits),
        sum(visit.worked for visit in visits if visit.paused),
    )


def _shares(visits: Iterable[Visit], *, by_person: bool) -> tuple[Share, ...]:
    """Add the stays up by unit, or by unit and person."""
    shares: dict[tuple[str, str], Share] = {}
    for visit in visits:
        key = (visit.desk.unit, visit.desk.person if by_person else "")
        old = shares.get(key, Share(*key, 0, 0))
        shares[key] = old._replace(worked=old.worked + visit.worked, paused=old.paused + visit.worked * visit.paused)
    return tuple(sorted(shares.values(), key=lambda share: -share.worked))


def day_length(calendar: Calendar, now: int) -> int:
    """Return the office time of one working day (µs) under the hours in force at an instant."""
    return sum(end - start for start, end in calendar.sessions_on(ordinal_of(now)))


# -- the limit -------------------------------------------------------------------------------------------------------


def _origin(rule: LimitRule, item: Item, known: Known) -> tuple[Limit | None, Origin]:
    """Find the limit as `engine.run.limit_of` does, and remember the way to it."""
    for alternative in rule.alternatives:
        if isinstance(alternative, Limit):
            return alternative, Origin()
        if isinstance(alternative, str):
            text = item.text(alternative)
            if text:
                return parse_limit(text), _setter(alternative, known)
        else:
            field, values = alternative
            value = str(item.fields.get(field, ""))
            limit, origin = _origin(values[value], item, known) if value in values else (None, Origin())
            if limit:
                return limit, origin._replace(choices=((field, value), *origin.choices))
    return None, Origin()


def _setter(field: str, known: Known) -> Origin:
    for event, body in reversed(known):
        keep = body.get("keep")
        if isinstance(keep, list) and field in keep:
            return Origin((), field, event.seq, event.verb)
    return Origin((), field)


def _marks(clock: str, known: Known) -> Marks:
    """Remember which entry paused, stopped and moved the clock, by operation and its instant."""
    return {
        (str(operation[0]), int(str(operation[2]))): event
        for event, body in known
        for operation in _operations(body, clock)
        if operation[0] in ("pause", "stop", "move")
    }


def _operations(body: Mapping[str, object], clock: str) -> Iterator[list[object]]:
    operations = body.get("clocks")
    for operation in operations if isinstance(operations, list) else []:
        if isinstance(operation, list) and operation[1] == clock:
            yield operation


# -- days and hours --------------------------------------------------------------------------------------------------


def _opened(case: _Case) -> int:
    """Return the instant from which the limit counts: a receipt out of hours waits for the opening."""
    waits = case.limit is not None and case.limit.unit in ("wd", "wh")
    return case.calendar.opening(case.run.started) if waits else case.run.started


def _days(case: _Case) -> Iterator[Day]:
    """Go through the days from the start day to the due day."""
    if case.due_at is None:
        return
    working = case.limit is not None and case.limit.unit == "wd"
    first, last = ordinal_of(_opened(case)), closing_ordinal(case.due_at)
    # what moving off a day off added lies behind the day on which the count itself ends
    unrolled = None if working else case.due(case.run, roll=False)
    ends = last if unrolled is None else closing_ordinal(unrolled)
    yield Day(first, counts=False, why=START, number=0)
    number = 0
    for day in range(first + 1, last + 1):
        kind, name, notice = case.calendar.reason(day)
        if day > ends:
            yield Day(day, counts=False, why=ROLLED, number=number, name=name, notice=notice)
        elif working and not case.calendar.is_workday(day):
            yield Day(day, counts=False, why=kind, number=number, name=name, notice=notice)
        elif (pause := _paused_at(case, day, working=working)) is not None:
            event = case.pauser(pause)
            seq, verb = (event.seq, event.verb) if event else (0, "")
            yield Day(day, counts=False, why=PAUSED, number=number, name=name, notice=notice, seq=seq, verb=verb)
        else:
            number += 1
            yield Day(day, counts=True, why=kind if working else DAY, number=number, name=name, notice=notice)


def _paused_at(case: _Case, day: int, *, working: bool) -> int | None:
    """Return the beginning of the pause in which a day closed, or None when the clock ran then.

    The bounds are those of `engine.run`: a close is paused after the first instant of a pause and up to its last; it is
    24:00 for calendar days and months until an extension. What begins with the due moment, or has not ended, takes
    nothing from it.
    """
    close = case.calendar.close_of(day)
    dated = working or case.limit is None or case.limit.unit == "on"
    if not dated and not any(at < close and time_of_day(to) for at, to in case.run.moves):
        close = start_of_day(day + 1)
    for start, end in case.run.pauses:
        if end is None or (case.due_at is not None and start >= case.due_at):
            continue
        if start < close <= end:
            return start
    return None


def _segments(case: _Case) -> Iterator[Segment]:
    """Go through the stretches of an hours limit: between pauses, and for working hours day by day."""
    if case.due_at is None or case.limit is None:
        return
    at = _opened(case)
    for start, end in case.run.pauses:
        if end is None or start >= case.due_at:
            continue
        yield from _running(at, start, case)
        event = case.pauser(start)
        yield Segment(start, end, 0, *((event.seq, event.verb) if event else ()))
        at = max(at, end)
    yield from _running(at, case.due_at, case)


def _running(start: int, end: int, case: _Case) -> Iterator[Segment]:
    if end <= start:
        return
    if case.limit is not None and case.limit.unit == "h":
        yield Segment(start, end, end - start)
        return
    for day in range(ordinal_of(start), ordinal_of(end) + 1):
        a, b = max(start, start_of_day(day)), min(end, start_of_day(day + 1))
        worked = case.calendar.worktime(a, b)
        if worked:
            yield Segment(case.calendar.opening(a), case.calendar.add_worktime(a, worked), worked)


def _extensions(case: _Case) -> Iterator[Extension]:
    for number, (at, after) in enumerate(case.run.moves):
        over = tuple((start, end) for start, end in case.run.pauses if end is not None and end <= at)
        before = case.due(case.run._replace(moves=case.run.moves[:number], pauses=over))
        event = case.marks.get(("move", at))
        yield Extension(at, before, after, event.seq if event else 0)


# -- rungs -----------------------------------------------------------------------------------------------------------


def _crossed(case: _Case, rules: Rules) -> Iterator[Step]:
    """List the rungs that were crossed, of earlier cycles too, in the order of the record."""
    rungs = {rung.level: rung for rung in rules.definition.ladders.get(case.clock.ladder, ())}
    moved = _cycles(case)
    for event, body in case.known:
        if event.verb != "escalate" or body.get("clock") != case.clock.name:
            continue
        cycle, level, planned_at = (int(str(body[key])) for key in ("cycle", "level", "planned_at"))
        rung, told = rungs.get(level), body.get("tell")
        yield Step(
            cycle=cycle,
            level=level,
            title=rung.title if rung else "",
            planned_at=planned_at,
            crossed_at=event.recorded_at,
            seq=event.seq,
            paper=str(body.get("paper", "")),
            told=tuple(map(str, told)) if isinstance(told, list) else (),
            needless=rung is not None and rung.at is not None and _needless(case, cycle, planned_at, moved),
        )


def _coming(case: _Case, rules: Rules) -> Iterator[Step]:
    """List the rungs of the present cycle that are still to come."""
    run, due_at, calendar = case.run, case.due_at, case.calendar
    if due_at is None or run.stopped is not None:
        return
    for rung in rules.definition.ladders.get(case.clock.ladder, ()):
        if rung.at is None or f"{case.clock.name}:{run.cycle}:{rung.level}" in case.item.crossed:
            continue
        is_near = rung.at.unit == "near"
        at = near(run, case.clock, case.item, calendar, due_at) if is_near else offset_from(due_at, rung.at, calendar)
        if at >= run.since:
            yield Step(run.cycle, rung.level, rung.title, at, paper=rung.paper)


def _cycles(case: _Case) -> list[tuple[int, int]]:
    """List (cycle that ended, when that took effect) for each act that began a later one."""
    cycle, found = 0, []
    for event, body in case.known:
        begun = sum(operation[0] in ("start", "cycle") for operation in _operations(body, case.clock.name))
        if begun and cycle:
            found.append((cycle, event.effective_at))
        cycle += begun
    return found


def _needless(case: _Case, cycle: int, planned_at: int, moved: list[tuple[int, int]]) -> bool:
    """Whether by the times at which things were so the clock had ended, stood still or been moved on by then.

    An act that is found to have ended the clock earlier than itself (the report that passed review) counts from when
    it was done: until then the clock was rightly judged as running.
    """
    if any(ended == cycle and at < planned_at for ended, at in moved):
        return True
    if cycle != case.run.cycle:
        return False
    spans = [*case.run.pauses, *([(case.run.stopped, None)] if case.run.stopped is not None else [])]
    for start, end in spans:
        act = case.pauser(start)
        begun = act.effective_at if act else start
        if begun < planned_at and (end is None or planned_at < end):
            return True
    return False
