"""The report for leaders: items in, figures out. Every figure knows its items and what it is divided by.

Merged, rejected and void items are out of everything. Nobody is ranked: units come in the order of the organisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, overload

from engine.context import Context, Hand
from engine.division import BY, Divisions, Line
from engine.event import SYSTEM
from engine.figure import Figure, Spread
from engine.indicators import REDO, Counted, Judged, counted, figures, judged, spreads
from engine.request import deciders
from engine.turn import Desk, desk, foremost

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.context import Rules
    from engine.definition import Definition
    from engine.item import Item, Request
    from engine.light import Light
    from engine.passage import Passage


LEADERS = ("leader", "commander")
"""How the roles of leaders begin."""

REGISTERED, CLOSED = "registered", "closed"
"""What a cohort goes by: when its items were registered, or when they were closed."""


class Cohort(NamedTuple):
    """Which items a report is about: those registered, or closed, in [begin, end) (µs); None leaves a side open."""

    by: str = REGISTERED
    begin: int | None = None
    end: int | None = None

    def holds(self, item: Item) -> bool:
        """Whether an item belongs to it."""
        at = item.registered_at if self.by == REGISTERED else item.closed_at
        if at is None:
            return False
        return (self.begin is None or self.begin <= at) and (self.end is None or at < self.end)


class Waiting(NamedTuple):
    """A request that waits: its name, kind, the roles whose turn it is, and since when."""

    name: str
    kind: str
    roles: tuple[str, ...]
    since: int


class Stuck(NamedTuple):
    """An overdue item: where it is stuck, since when, and what it waits for."""

    number: int
    judged: Light
    desk: Desk
    state: str
    since: int
    waiting: Waiting | None


class Overdue(Sequence[Stuck]):
    """The overdue items, the longest first. Where one is stuck is found out when it is looked at: a page names a few of many."""

    __slots__ = ("_late",)

    def __init__(self, late: Sequence[Judged]) -> None:
        """Take the items in their order."""
        self._late = late

    def __len__(self) -> int:
        """How many."""
        return len(self._late)

    @overload
    def __getitem__(self, at: int) -> Stuck: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Stuck, ...]: ...
    def __getitem__(self, at: int | slice) -> Stuck | tuple[Stuck, ...]:
        """One of them, or several."""
        return tuple(map(_stuck, self._late[at])) if isinstance(at, slice) else _stuck(self._late[at])


class Matter(NamedTuple):
    """Something that a leader has to settle; `code` says why."""

    number: int
    code: str
    since: int


class Climb(NamedTuple):
    """A rung that was fired: of the main clock's ladder or of a desk's, how often, and for which items."""

    main: bool
    level: int
    title: str
    times: int
    figure: Figure


class Report(NamedTuple):
    """The whole report: named counts and rates, their divisions, and the items to speak about.

    `entered` is (entries made for somebody else, all entries): the share of 代录, when it was counted. `passages` say where the
    time went, when the record was read for it.
    """

    now: int
    since: int
    cohort: Cohort
    figures: Mapping[str, Figure]
    spreads: Mapping[str, Spread]
    divisions: Mapping[str, tuple[Line, ...]]
    overdue: Sequence[Stuck]
    matters: tuple[Matter, ...]
    ladder: tuple[Climb, ...]
    entered: tuple[int, int] | None = None
    passages: tuple[Passage, ...] = ()


def report(
    items: Iterable[tuple[Item, Rules]],
    now: int,
    since: int,
    *,
    cohort: Cohort | None = None,
    by: Sequence[str] = BY,
    names: Mapping[str, str] | None = None,
) -> Report:
    """Draw up the report as of `now`; what is new is what happened from `since` on.

    `names` maps names of lines of business, as people write them, to the lines they mean.
    """
    about = cohort or Cohort()
    members: list[Counted] = []
    left_out = []
    for item, rules in items:
        if not about.holds(item):
            continue
        if rules.definition.states[item.state].counted:
            members.append(counted(judged(item, rules, now, since)))
        else:
            left_out.append(item.number)
    late = [member.one for member in members if member.one.late]
    late.sort(key=lambda one: (one.light.due_at or 0, one.item.number))
    return Report(
        now=now,
        since=since,
        cohort=about,
        figures=figures(members) | {"not_counted": Figure(tuple(left_out))},
        spreads=spreads(members),
        divisions=Divisions(members, by, names),
        overdue=Overdue(late),
        matters=tuple(matter for member in members if not member.one.closed for matter in _matters(member.one)),
        ladder=_ladder(members),
    )


def _stuck(one: Judged) -> Stuck:
    item = one.item
    requests = [r for r in item.requests if r.is_open]
    waiting = _waiting(item, requests[-1], one.rules, one.now) if requests else None
    return Stuck(item.number, one.light, desk(item, one.rules, one.now), item.state, item.since, waiting)


def _waiting(item: Item, request: Request, rules: Rules, now: int) -> Waiting:
    context = Context(rules, Hand(SYSTEM, SYSTEM), now, now, lambda _number: None)
    roles = deciders(item, request, rules.definition.requests[request.kind], context)
    return Waiting(f"{item.number}-{request.ordinal}", request.kind, roles, request.made_at)


def _matters(one: Judged) -> Iterable[Matter]:
    """List what a leader has to settle about an open item."""
    item = one.item
    for request in item.requests:
        if request.is_open:
            waiting = _waiting(item, request, one.rules, one.now)
            if any(role.startswith(LEADERS) for role in waiting.roles):
                yield Matter(item.number, "request", request.made_at)
    redo = item.acts.get(REDO)
    if redo and item.text("satisfaction") == "dissatisfied":
        yield Matter(item.number, "dissatisfied_again", redo.at)
    if one.paused and not one.by_request:
        yield Matter(item.number, "outside", item.since)
    step = foremost(item, one.rules, one.now) if _led(one.rules.definition, item.state) else None
    if step and step.roles[0].startswith(LEADERS):
        yield Matter(item.number, "decision", item.since)
    if item.text("obstacle"):
        yield Matter(item.number, "obstacle", item.acts["progress"].at if "progress" in item.acts else item.since)


def _led(definition: Definition, state: str) -> bool:
    """Whether an item in a state can lie on a leader's desk at all: finding out where each one lies takes long.

    It lies with the state's owner or with those who may take the first step that moves it on; where a step closes it, with whom that waits
    for.
    """
    found = _leads.get((definition.hash, state))
    if found is None:
        place = definition.states[state]
        leaving = list(definition.leaving(state))
        closing = (definition.states[t.to] for t in leaving if t.to)
        if not any(end.final and end.counted for end in closing):
            leaving = [t for t in leaving if t.to and t.to != state]
            always = next((n for n, t in enumerate(leaving) if not t.when), len(leaving))
            leaving = leaving[: always + 1]  # what comes after a step that is there for every item is nobody's first
        by = (role for t in leaving for role in t.by)
        found = any(role.startswith(LEADERS) for role in (place.owner, *place.owners.values(), *by))
        _leads[definition.hash, state] = found
    return found


_leads: dict[tuple[str, str], bool] = {}
"""(Definition hash, state) → whether a leader owns it or moves it on."""


def _ladder(members: Iterable[Counted]) -> tuple[Climb, ...]:
    """Count the rungs that were crossed (督办层级): those of the main clock first, each from the lowest up."""
    found: dict[tuple[bool, int, str], list[int]] = {}
    for member in members:
        item, definition = member.one.item, member.one.rules.definition
        for key in item.crossed:
            name, _, level = key.rpartition(":")
            clock = definition.clocks.get(name.partition(":")[0])
            rungs = definition.ladders.get(clock.ladder, ()) if clock else ()
            rung = next((rung for rung in rungs if str(rung.level) == level), None)
            if clock and rung:
                found.setdefault((clock.main, rung.level, rung.title), []).append(item.number)
    keys = sorted(found, key=lambda key: (not key[0], *key[1:]))
    return tuple(Climb(*key, len(found[key]), Figure(tuple(dict.fromkeys(found[key])))) for key in keys)
