"""What comes if nobody acts: the future of every open item under given rules, day by day, and how two futures differ.

Items do not touch each other, so the future of one is `settle` with a later now. Nothing here asks a store or writes: items
come in as a stream, one forecast comes out. A what-if is the same fold under other rules from now on.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from engine.canonical import parse
from engine.clock import DAY, closing_ordinal, ordinal_of, start_of_day
from engine.errors import Refused
from engine.ladder import LAPSE, RUNG, WAKE, settle
from engine.ledger import desk_due
from engine.run import due
from engine.turn import desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from engine.calendar import Calendar
    from engine.context import Rules
    from engine.definition import Definition
    from engine.event import Event
    from engine.item import Item
    from engine.organisation import Organisation
    from engine.turn import Desk

DUE = "due"
"""The kind of a happening that is only a moment passing: a clock falls due. The others are those of `engine.ladder`."""

MOVED, RETOLD, ADDED, GONE = "moved", "retold", "added", "gone"
"""What can differ between two forecasts: the moment, who is told (or the paper), there only now, there no more."""

MOST_DAYS = 366
"""How far a forecast goes: beyond a year no calendar is published and nobody leaves everything lying."""


class Happening(NamedTuple):
    """One thing that will come: `kind` is due, escalate (a rung), wake (an automatic resume) or lapse (of a request).

    `at` is the planned moment; one that has passed is made up for by the next beat. `name` is the verb of a wake or the name of the
    request; `title` what the definition calls the rung, the verb or the kind of request, `clock_title` the clock. `unit` and `person`
    are the desk on which the item lies then. `receivers` are told, with `paper` (and `release`: who lets it go out) where one is drafted;
    `alarm` says that nobody meant could be reached. `main` marks the moment by which the ledger judges the item;
    `provisional` a due day that leans on a year not yet announced.
    """

    at: int
    kind: str
    item: int
    clock: str = ""
    cycle: int = 0
    level: int = 0
    name: str = ""
    title: str = ""
    clock_title: str = ""
    unit: str = ""
    person: str = ""
    receivers: tuple[str, ...] = ()
    paper: str = ""
    release: str = ""
    alarm: bool = False
    main: bool = False
    provisional: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """What it is, whenever it comes and whoever is told."""
        return (self.kind, self.item, self.clock, self.cycle, self.level, self.name)


class Subject(NamedTuple):
    """What an answer says of an item beside its number."""

    number: int
    serial: str
    title: str
    workflow: str
    state: str
    lead_unit: str
    handler: str


class Day(NamedTuple):
    """One civil day: items whose limit falls due, further steps that do, items overdue at its end, notices that go out."""

    ordinal: int
    workday: bool
    provisional: bool
    due: int
    steps: int
    overdue: int
    notices: int


class Week(NamedTuple):
    """A week, Monday to Sunday, as far as the forecast covers it: ordinals of its days, and its working days."""

    first: int
    last: int
    workdays: int


class Load(NamedTuple):
    """What lies on a desk: a person's, or with `person` "" all desks of a unit together.

    `open` and `overdue` are items on it now, `due` items that fall due in each week. `over` are the first days of the weeks in
    which it is overloaded: more items fall due than the week has working days, for each of the `people` of the desk.
    """

    unit: str
    person: str
    people: int
    open: int
    overdue: int
    due: tuple[int, ...]
    over: tuple[int, ...]


class Unplaced(NamedTuple):
    """An item that the assumed definition does not know how to go on with: its state, or the verb that would wake it."""

    item: int
    state: str
    verb: str = ""


class Forecast(NamedTuple):
    """The future from `now` to `until` (µs), if nobody acts; happenings by their moments.

    `open` items were looked at, `overdue` of them are so now.
    """

    now: int
    until: int
    open: int
    overdue: int
    days: tuple[Day, ...]
    weeks: tuple[Week, ...]
    loads: tuple[Load, ...]
    happenings: tuple[Happening, ...]
    subjects: dict[int, Subject]
    unplaced: tuple[Unplaced, ...] = ()


class Change(NamedTuple):
    """How one happening differs between two forecasts; `what` lists moved, retold, added or gone."""

    what: tuple[str, ...]
    before: Happening | None
    after: Happening | None


def check_span(now: int, until: int) -> None:
    """Refuse a forecast into the past, or past what can be foreseen: `forecast_past`, `forecast_too_far`."""
    if until <= now:
        raise Refused("forecast_past", until_at=until, now_at=now)
    latest = start_of_day(ordinal_of(now) + MOST_DAYS + 1)
    if until > latest:
        raise Refused("forecast_too_far", days=str(MOST_DAYS), latest_at=latest)


def forecast(
    items: Iterable[tuple[Item, Rules]],
    now: int,
    until: int,
    calendar: Calendar,
    organisation: Organisation,
    assumed: Callable[[Rules], Rules] | None = None,
) -> Forecast:
    """Fold items, each with the rules in force for it, to what comes until `until` if nobody acts.

    `calendar` and `organisation` say which days are working days and who sits where. With `assumed`, other rules hold from now on: what
    has come due by now is settled under the real ones first, as a real change of policy does it.
    Raises `Refused`: `forecast_past`, `forecast_too_far`.
    """
    check_span(now, until)
    fold = _Fold(now, until, calendar, organisation)
    for item, rules in items:
        fold.take(item, rules, assumed(rules) if assumed else rules)
    return fold.finished()


def difference(before: Forecast, after: Forecast) -> list[Change]:
    """List how the second forecast differs from the first, by time, over the stretch that both look at.

    Items that one of them has no place for are left out: nothing is known of their future.
    """
    begin, end = max(before.now, after.now), min(before.until, after.until)
    unknown = {one.item for one in (*before.unplaced, *after.unplaced)}
    old = {happening.key: happening for happening in before.happenings if happening.item not in unknown}
    new = {happening.key: happening for happening in after.happenings if happening.item not in unknown}
    changes = []
    for key in {**old, **new}:
        was, will = old.get(key), new.get(key)
        seen = (was and begin <= max(was.at, before.now) <= end) or (will and begin <= max(will.at, after.now) <= end)
        what = _what(was, will) if seen else ()
        if what:
            changes.append(Change(what, was, will))
    return sorted(changes, key=lambda change: change.after or change.before or ())


def _what(was: Happening | None, will: Happening | None) -> tuple[str, ...]:
    if was is None or will is None:
        return (ADDED,) if was is None else (GONE,)
    found = [MOVED] if was.at != will.at else []
    if (was.receivers, was.paper, was.release) != (will.receivers, will.paper, will.release):
        found.append(RETOLD)
    return tuple(found)


class _Stretch(NamedTuple):
    """An item between two changes of its clocks: what it is at `start`, and what comes to it before `end` (None: to the last)."""

    item: Item
    events: list[Event]
    start: int
    end: int | None


def _stretches(item: Item, rules: Rules, now: int, until: int) -> Iterator[_Stretch]:
    """Cut an item's future where it wakes: only that changes its clocks, and it is recorded then and not at the end."""
    start = now
    while True:
        end = item.wake[0] if item.wake and item.wake[0] <= until else None
        after, events, _ = settle(item, rules, until if end is None else end)
        yield _Stretch(item, events, start, end)
        if end is None:
            return
        item, start = after, end


class _Fold:
    """Takes items one by one and keeps only what the forecast says of them."""

    def __init__(self, now: int, until: int, calendar: Calendar, organisation: Organisation) -> None:
        self.now, self.until = now, until
        self.calendar, self.organisation = calendar, organisation
        self.first, self.last = ordinal_of(now), closing_ordinal(until)
        self.monday = self.first - (self.first - 1) % 7
        self.open = 0
        self.happenings: list[Happening] = []
        self.subjects: dict[int, Subject] = {}
        self.unplaced: list[Unplaced] = []
        self.late_from: list[int] = []  # from when, and until when, items are overdue
        self.late_until: list[int] = []
        self.desks: dict[tuple[str, str], list[int]] = {}  # unit, person → open now, overdue now
        self.weekly: dict[tuple[str, str, int], int] = {}  # unit, person, week → items that fall due

    def take(self, item: Item, rules: Rules, future: Rules) -> None:
        """Add one item: what has come due by now under today's rules, then its future under those assumed."""
        known = len(self.happenings)
        before = item
        item, events, _ = settle(item, rules, self.now)
        if events:
            self._add(events, before, rules, desk(before, rules, self.now))
        misfit = _misfit(item, future.definition)
        if misfit:
            self.unplaced.append(misfit)
            self._introduce(item)
            return
        weeks: set[tuple[str, str, int]] = set()
        for stretch in _stretches(item, future, self.now, self.until):
            where = desk(stretch.item, future, stretch.start)
            if not future.definition.states[stretch.item.state].final:
                judged = _judged_by(stretch.item, future)
                self._lie(stretch, where, self._late_in(stretch, judged))
                weeks |= self._due(stretch, future, where, judged)
            self._add(stretch.events, stretch.item, future, where)
        for week in weeks:
            self.weekly[week] = self.weekly.get(week, 0) + 1
        if len(self.happenings) > known:
            self._introduce(item)

    def _introduce(self, item: Item) -> None:
        words = (item.text(name) for name in ("lead_unit", "handler"))
        self.subjects[item.number] = Subject(
            item.number, item.serial, item.text("title"), item.workflow, item.state, *words
        )

    def _late_in(self, stretch: _Stretch, judged: int | None) -> bool:
        """Note from when to when in a stretch the item is overdue; return whether it is so now."""
        start = None if judged is None else max(judged + 1, stretch.start)
        if start is None or (stretch.end is not None and start >= stretch.end):
            return False
        self.late_from.append(start)
        if stretch.end is not None:
            self.late_until.append(stretch.end)
        return start <= self.now

    def _lie(self, stretch: _Stretch, where: Desk, late: bool) -> None:  # noqa: FBT001 - the one fact
        """Note on which desk the item lies; it is counted where it lies now."""
        now = stretch.start == self.now
        self.open += now
        for key in {(where.unit, ""), (where.unit, where.person)}:
            counts = self.desks.setdefault(key, [0, 0])
            counts[0] += now
            counts[1] += now and late

    def _due(self, stretch: _Stretch, rules: Rules, where: Desk, judged: int | None) -> set[tuple[str, str, int]]:
        """Note which clocks fall due in a stretch; return the weeks of that, for each desk."""
        item, definition = stretch.item, rules.definition
        last = self.until if stretch.end is None else stretch.end - 1
        began = definition.main_clock is not None and definition.main_clock.name in item.clocks
        weeks: set[tuple[str, str, int]] = set()
        marked = False  # one moment alone is the item's own, also where two steps fall due together
        for name, run in item.clocks.items():
            clock = definition.clocks.get(name) if run.running else None
            at = due(run, clock, item, rules.calendar) if clock else None
            if clock is None or at is None or not stretch.start < at <= last:
                continue
            main = clock.main or (not began and not marked and at == judged)
            marked = marked or main
            leaning = rules.calendar.provisional(ordinal_of(run.started), ordinal_of(at - 1))
            self.happenings.append(
                Happening(
                    at=at,
                    kind=DUE,
                    item=item.number,
                    clock=name,
                    cycle=run.cycle,
                    clock_title=clock.title,
                    unit=where.unit,
                    person=where.person,
                    main=main,
                    provisional=leaning,
                )
            )
            week = (closing_ordinal(at) - self.monday) // 7
            weeks |= {(where.unit, "", week), (where.unit, where.person, week)}
        return weeks

    def _add(self, events: list[Event], item: Item, rules: Rules, where: Desk) -> None:
        """Note what happens by itself; `item` is as it was before."""
        definition = rules.definition
        for event in events:
            facts = parse(event.body)
            told = facts.get("tell")
            one = Happening(
                at=event.effective_at,
                kind=WAKE,
                item=event.item,
                unit=where.unit,
                person=where.person,
                receivers=tuple(map(str, told)) if isinstance(told, list) else (),
            )
            if event.verb == RUNG:
                one = _rung(one, facts, definition)
            elif event.verb == LAPSE:
                request = item.requests[_ordinal(facts) - 1]
                kind = definition.requests.get(request.kind)
                title = kind.title if kind else request.kind
                one = one._replace(kind=LAPSE, name=f"{item.number}-{request.ordinal}", title=title)
            else:
                one = one._replace(name=event.verb, title=definition.verbs.get(event.verb, event.verb))
            self.happenings.append(one)

    def finished(self) -> Forecast:
        """Return the forecast."""
        self.happenings.sort()
        self.late_from.sort()
        self.late_until.sort()
        weeks = self._weeks()
        return Forecast(
            now=self.now,
            until=self.until,
            open=self.open,
            overdue=self._late(self.now),
            days=self._days(),
            weeks=weeks,
            loads=tuple(self._loads(weeks)),
            happenings=tuple(self.happenings),
            subjects=self.subjects,
            unplaced=tuple(self.unplaced),
        )

    def _late(self, at: int) -> int:
        """Count the items that are overdue at an instant."""
        return bisect_right(self.late_from, at) - bisect_right(self.late_until, at)

    def _days(self) -> tuple[Day, ...]:
        counts = [[0, 0, 0] for _ in range(self.first, self.last + 1)]
        for one in self.happenings:
            day = counts[max(closing_ordinal(one.at) - self.first, 0)]
            if one.kind == DUE:
                day[0 if one.main else 1] += 1
            day[2] += len(one.receivers)
        return tuple(
            Day(
                ordinal,
                self.calendar.is_workday(ordinal),
                self.calendar.provisional(ordinal - 1, ordinal),
                limits,
                steps,
                self._late(min(start_of_day(ordinal) + DAY, self.until)),
                notices,
            )
            for ordinal, (limits, steps, notices) in enumerate(counts, self.first)
        )

    def _weeks(self) -> tuple[Week, ...]:
        found, over = [], self.now >= self.calendar.close_of(self.first)
        for monday in range(self.monday, self.last + 1, 7):
            first, last = max(monday, self.first), min(monday + 6, self.last)
            before = (
                first if over and first == self.first else first - 1
            )  # after hours today is no working day any more
            found.append(Week(first, last, self.calendar.workdays(before, last)))
        return tuple(found)

    def _loads(self, weeks: tuple[Week, ...]) -> Iterator[Load]:
        """Yield the desks: units in the order of the organisation, each before its officers."""
        organisation = self.organisation
        units = {unit: n for n, unit in enumerate(organisation.units)}
        people = {person: n for n, person in enumerate(organisation.officers)}
        staff: dict[str, int] = {}
        for officer in organisation.officers.values():
            staff[officer.unit] = staff.get(officer.unit, 0) + 1
        nobody = len(units) + len(people)
        for unit, person in sorted(
            self.desks, key=lambda k: (units.get(k[0], nobody), k[0], bool(k[1]), people.get(k[1], nobody), k[1])
        ):
            open_now, late_now = self.desks[unit, person]
            heads = 1 if person else max(staff.get(unit, 1), 1)
            fall_due = tuple(self.weekly.get((unit, person, n), 0) for n in range(len(weeks)))
            over = tuple(w.first for w, n in zip(weeks, fall_due, strict=True) if n > w.workdays * heads)
            yield Load(unit, person, heads, open_now, late_now, fall_due, over)


def _rung(one: Happening, facts: dict[str, object], definition: Definition) -> Happening:
    """Fill in what a crossed rung says."""
    clock, level = str(facts["clock"]), int(str(facts["level"]))
    counted = definition.clocks[clock]
    return one._replace(
        kind=RUNG,
        clock=clock,
        cycle=int(str(facts["cycle"])),
        level=level,
        title=next(rung.title for rung in definition.ladders[counted.ladder] if rung.level == level),
        clock_title=counted.title,
        paper=str(facts.get("paper", "")),
        release=str(facts.get("release", "")),
        alarm=bool(facts.get("alarm")),
    )


def _ordinal(facts: dict[str, object]) -> int:
    decision = facts["decision"]
    return int(str(decision[0])) if isinstance(decision, list) else 0


def _misfit(item: Item, definition: Definition) -> Unplaced | None:
    """Say why an item cannot go on under a definition that is not its own: its state is not there, or what would wake it."""
    if item.state not in definition.states:
        return Unplaced(item.number, item.state)
    if item.wake and not any(item.state in variant.sources for variant in definition.variants(item.wake[1])):
        return Unplaced(item.number, item.state, item.wake[1])
    return None


def _judged_by(item: Item, rules: Rules) -> int | None:
    """Return the due moment that makes the item overdue, as the ledger has it; None where it stands still, is done or has none."""
    main = rules.definition.main_clock
    run = item.clocks.get(main.name) if main else None
    if main is None or run is None:
        return desk_due(item, rules)
    return due(run, main, item, rules.calendar) if run.running else None
