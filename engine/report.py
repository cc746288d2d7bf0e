"""The one page for leaders: rows in, figures out. Every figure knows its items and what it is divided by.

Merged, rejected and void items are out of everything. Nobody is ranked: units come in the order of the organisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.context import Context, Hand
from engine.event import SYSTEM
from engine.guards import unanswered
from engine.light import DUE_SOON, OVERDUE, Light, light, unclear
from engine.request import deciders
from engine.turn import Desk, desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from engine.context import Rules
    from engine.item import Item, Request

SEND_BACK, RETURN, REDO = "send_back", "return", "redo"
"""What goes back: a report that did not pass, an item that is not the unit's, an answer that did not satisfy."""

BY = ("unit", "track", "source")
"""What a report can be divided by."""


class Figure(NamedTuple):
    """A number of items; with `of`, the share of them in those. Both are numbers of items."""

    numbers: tuple[int, ...]
    of: tuple[int, ...] | None = None

    @property
    def top(self) -> int:
        """How many."""
        return len(self.numbers)

    @property
    def bottom(self) -> int:
        """How many of them there could be."""
        return len(self.of or ())

    @property
    def per_mille(self) -> int | None:
        """The share in tenths of a percent, rounded to the nearest; None where there is nothing to divide by."""
        return None if not self.bottom else (self.top * 2000 + self.bottom) // (2 * self.bottom)


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


class Matter(NamedTuple):
    """Something that a leader has to settle; `code` says why."""

    number: int
    code: str
    since: int


class Line(NamedTuple):
    """One row of a division: a unit, a track or a source. `key` is "" for items that have none yet."""

    key: str
    figures: Mapping[str, Figure]


class Report(NamedTuple):
    """The whole page: named counts and rates, their divisions, and the items to speak about.

    `entered` is (entries made for somebody else, all entries): the share of 代录, when it was counted.
    """

    now: int
    since: int
    figures: Mapping[str, Figure]
    divisions: Mapping[str, tuple[Line, ...]]
    overdue: tuple[Stuck, ...]
    matters: tuple[Matter, ...]
    entered: tuple[int, int] | None = None


class _Judged(NamedTuple):
    """An item that counts, with what the figures need to know of it."""

    item: Item
    rules: Rules
    light: Light
    closed: bool
    done: bool
    on_time: bool
    paused: bool


def report(items: Iterable[tuple[Item, Rules]], now: int, since: int, entered: tuple[int, int] | None = None) -> Report:
    """Draw up the page as of `now`; what is new is what happened from `since` on."""
    counted, left_out = [], []
    for item, rules in items:
        if rules.definition.states[item.state].counted:
            counted.append(_judged(item, rules, now))
        else:
            left_out.append(item.number)
    figures = _figures(counted, since) | {"not_counted": Figure(tuple(left_out))}
    late = [one for one in counted if _is_late(one)]
    late.sort(key=lambda one: (one.light.due_at or 0, one.item.number))
    return Report(
        now=now,
        since=since,
        figures=figures,
        divisions={key: _division(counted, key, since) for key in BY},
        overdue=tuple(_stuck(one, now) for one in late),
        matters=tuple(matter for one in counted if not one.closed for matter in _matters(one, now)),
        entered=entered,
    )


def _judged(item: Item, rules: Rules, now: int) -> _Judged:
    """Judge one item; a closed one keeps the verdict of the day on which it closed."""
    clock = rules.definition.main_clock
    run = item.clocks.get(clock.name) if clock else None
    judged = light(item, rules, now)
    closed = rules.definition.states[item.state].final
    done = run is not None and run.stopped is not None
    verdict = item.fields.get("on_time") if closed else None
    on_time = verdict if isinstance(verdict, bool) else judged.word != OVERDUE
    return _Judged(item, rules, judged, closed, done, on_time or _excused(item), run is not None and run.paused)


def _excused(item: Item) -> bool:
    """Whether an appeal succeeded: late, and not to be counted as late."""
    return bool(item.fields.get("exempt_from_statistics"))


def _is_late(one: _Judged) -> bool:
    """Whether an item is overdue and not done: in review it still runs, suspended it does not."""
    return not one.closed and not one.done and one.light.word == OVERDUE


def _figures(items: list[_Judged], since: int) -> dict[str, Figure]:
    """Count. What `on_time` is divided by (应处置) is done or overdue: suspended and continuing items are out."""

    def those(holds: Callable[[_Judged], bool], of: tuple[int, ...] | None = None) -> Figure:
        return Figure(tuple(one.item.number for one in items if holds(one)), of)

    everything = those(lambda _one: True).numbers
    return {
        "total": Figure(everything),
        "open": those(lambda one: not one.closed),
        "closed": those(lambda one: one.closed),
        "overdue": those(_is_late),
        "due_soon": those(lambda one: not one.closed and not one.done and one.light.word == DUE_SOON),
        "suspended": those(lambda one: not one.closed and one.paused and _by_request(one)),
        "waiting": those(lambda one: not one.closed and one.paused and not _by_request(one)),
        "unclear": those(lambda one: not one.closed and unclear(one.item, one.rules)),
        "registered_since": those(lambda one: one.item.registered_at >= since),
        "closed_since": those(lambda one: one.closed and (one.item.closed_at or 0) >= since),
        "overdue_since": those(lambda one: _is_late(one) and (one.light.due_at or 0) >= since),
        "responded": those(_responded, everything),
        "fulfilled": those(lambda one: one.closed, everything),
        "continuing": those(_continuing, everything),
        "on_time": those(lambda one: _is_done(one) and one.on_time, those(_is_due).numbers),
        "excused": those(lambda one: _excused(one.item)),
        "extended": those(_extended, everything),
        "returned": those(lambda one: any(r.kind == RETURN and r.state == "granted" for r in one.item.requests)),
        "sent_back": those(lambda one: SEND_BACK in one.item.acts),
        "redone": those(lambda one: REDO in one.item.acts),
    }


def _is_done(one: _Judged) -> bool:
    """Whether the handling is over: the main clock has stopped, and not because the item goes on for long."""
    return one.done and not _continuing(one)


def _is_due(one: _Judged) -> bool:
    """Whether the handling is over or should be (应处置); what is late before it began is the desk's affair."""
    clock = one.rules.definition.main_clock
    begun = clock is not None and clock.name in one.item.clocks
    return _is_done(one) or (begun and _is_late(one))


def _responded(one: _Judged) -> bool:
    """Whether everybody who must be answered has been, or is exempt."""
    return bool(one.item.names("addressees") or one.closed) and not unanswered(one.item)


def _by_request(one: _Judged) -> bool:
    """Whether a granted request led the item to where it is."""
    kinds = one.rules.definition.requests
    return any(r.state == "granted" and kinds[r.kind].to == one.item.state for r in one.item.requests)


def _continuing(one: _Judged) -> bool:
    """Whether the item goes on for long by a decision (持续整改): its main clock is over, and it is not closed."""
    return one.done and not one.closed and _by_request(one)


def _extended(one: _Judged) -> bool:
    clock, kinds = one.rules.definition.main_clock, one.rules.definition.requests
    return clock is not None and any(
        r.state == "granted" and kinds[r.kind].moves == clock.name for r in one.item.requests
    )


def _division(items: list[_Judged], by: str, since: int) -> tuple[Line, ...]:
    """Divide by a key: units in the order of the organisation, tracks and sources in that of the definitions."""
    groups: dict[str, list[_Judged]] = {}
    for one in items:
        definition, organisation = one.rules.definition, one.rules.organisation
        order = {"unit": organisation.units, "track": definition.tracks, "source": definition.sources}[by]
        for key in order:
            groups.setdefault(key, [])
    for one in items:
        groups.setdefault(one.item.text({"unit": "lead_unit"}.get(by, by)), []).append(one)
    return tuple(Line(key, _figures(members, since)) for key, members in groups.items() if members)


def _stuck(one: _Judged, now: int) -> Stuck:
    item = one.item
    requests = [r for r in item.requests if r.is_open]
    waiting = _waiting(item, requests[-1], one.rules, now) if requests else None
    return Stuck(item.number, one.light, desk(item, one.rules, now), item.state, item.since, waiting)


def _waiting(item: Item, request: Request, rules: Rules, now: int) -> Waiting:
    context = Context(rules, Hand(SYSTEM, SYSTEM), now, now, lambda _number: None)
    roles = deciders(item, request, rules.definition.requests[request.kind], context)
    return Waiting(f"{item.number}-{request.ordinal}", request.kind, roles, request.made_at)


def _matters(one: _Judged, now: int) -> Iterable[Matter]:
    """List what a leader has to settle about an open item."""
    item = one.item
    for request in item.requests:
        if request.is_open:
            waiting = _waiting(item, request, one.rules, now)
            if any(role.startswith(("leader", "commander")) for role in waiting.roles):
                yield Matter(item.number, "request", request.made_at)
    redo = item.acts.get(REDO)
    if redo and item.text("satisfaction") == "dissatisfied":
        yield Matter(item.number, "dissatisfied_again", redo.at)
    if one.paused and not _by_request(one):
        yield Matter(item.number, "outside", item.since)
    role = desk(item, one.rules, now).role
    if role.startswith("leader") or role == "commander":
        yield Matter(item.number, "decision", item.since)
    if item.text("obstacle"):
        yield Matter(item.number, "obstacle", item.acts["progress"].at if "progress" in item.acts else item.since)
