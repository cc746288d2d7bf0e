"""What is counted: one table of indicators, each a condition on an item and, for a rate, on what it is divided by.

Merged, rejected and void items never come here. A rate's items are among those that it is divided by, so a share is never more
than all. Sources of the formulas: the field's own statistics (按时处置率, 结案率 …), see `docs/indicators.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.figure import Figure, Numbers, Spread
from engine.guards import unanswered
from engine.lag import BEHIND, FAR_BEHIND, lag
from engine.light import DUE_SOON, OVERDUE, Light, light, unclear
from engine.run import due, original_due
from engine.takeover import TAKE_OVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from engine.context import Rules
    from engine.definition import Clock
    from engine.item import Item
    from engine.run import Run

SEND_BACK, RETURN, REDO = "send_back", "return", "redo"
"""What goes back: a report that did not pass, an item that is not the unit's, an answer that did not satisfy."""

SIGN, VERIFIED = "sign", "pass_office"
"""The acts between which the handling time is taken."""

RESPONSE = ("sign", "contact")
"""The clocks of a first response: signed for, and the reporter contacted."""

CONTENT = ("satisfied", "basically")
RATED = (*CONTENT, "dissatisfied")
RESULTS = ("solved", "unsolved")
"""Answers that count as one: 未评价 and 未接通 are none."""

THOUSAND = 1000


class Judged(NamedTuple):
    """An item that counts, with what the figures need to know of it.

    `due` is whether its handling is over or should be (应处置); `original` (should be over, was in time) by the limit without extensions;
    `response` (owed, in time) for the first response; `behind` the percentage points behind schedule.
    """

    item: Item
    rules: Rules
    now: int
    since: int
    light: Light
    clock: Clock | None
    run: Run | None
    closed: bool
    done: bool
    on_time: bool
    paused: bool
    late: bool
    by_request: bool
    due: bool
    original: tuple[bool, bool]
    response: tuple[bool, bool]
    behind: int | None

    @property
    def continuing(self) -> bool:
        """Whether it goes on for long by a decision (持续整改): its main clock is over, and it is not closed."""
        return self.done and not self.closed and self.by_request


def judged(item: Item, rules: Rules, now: int, since: int) -> Judged:
    """Judge one item as of `now`; a closed one keeps the verdict of the day on which it closed."""
    clock = rules.definition.main_clock
    run = item.clocks.get(clock.name) if clock else None
    shown = light(item, rules, now)
    closed = rules.definition.states[item.state].final
    done = run is not None and run.stopped is not None
    verdict = item.fields.get("on_time") if closed else None
    on_time = (verdict if isinstance(verdict, bool) else shown.word != OVERDUE) or excused(item)
    late = not closed and not done and shown.word == OVERDUE
    by_request = not closed and bool(item.requests) and _by_request(item, rules)
    settled = done and not (by_request and not closed)
    owed = settled or (run is not None and late)
    behind = None
    if run is not None and shown.due_at is not None and not closed and not run.paused:
        behind = lag(item, run, shown.due_at, rules, now)
    return Judged(
        item, rules, now, since, shown, clock, run, closed, done, on_time,
        paused=run is not None and run.paused,
        late=late,
        by_request=by_request,
        due=owed,
        original=_original(item, rules, now, settled=settled, owed=owed, on_time=on_time),
        response=_response(item, rules, now),
        behind=behind,
    )  # fmt: skip


def excused(item: Item) -> bool:
    """Whether an appeal succeeded: late, and not to be counted as late."""
    return bool(item.fields.get("exempt_from_statistics"))


def _by_request(item: Item, rules: Rules) -> bool:
    """Whether a granted request led the item to where it is."""
    kinds = rules.definition.requests
    return any(r.state == "granted" and r.kind in kinds and kinds[r.kind].to == item.state for r in item.requests)


def _original(item: Item, rules: Rules, now: int, *, settled: bool, owed: bool, on_time: bool) -> tuple[bool, bool]:
    """Judge by the limit without extensions: whether it should be over, and whether it was in time."""
    clock = rules.definition.main_clock
    run = item.clocks.get(clock.name) if clock else None
    if clock is None or run is None or not run.moves:
        return owed, on_time
    moment = original_due(run, clock, item, rules.calendar)
    if moment is None:
        return owed, on_time
    if run.stopped is not None:
        return settled, excused(item) or run.stopped <= moment
    return not run.paused and now > moment, False


def _response(item: Item, rules: Rules, now: int) -> tuple[bool, bool]:
    """Whether the first response was owed by now, and given in time: every response clock that has a limit."""
    seen = late = pending = False
    for name in RESPONSE:
        clock, run = rules.definition.clocks.get(name), item.clocks.get(name)
        moment = due(run, clock, item, rules.calendar) if clock and run else None
        if moment is None or run is None:
            continue
        seen = True
        late = late or (now if run.stopped is None else run.stopped) > moment
        pending = pending or (run.stopped is None and now <= moment)
    return seen and (late or not pending), seen and not late and not pending


def _responded(one: Judged) -> bool:
    """Whether everybody who must be answered has been, or is exempt."""
    return bool(one.item.names("addressees") or one.closed) and not unanswered(one.item)


def _told_of(one: Judged) -> bool:
    """Whether the record can say who was answered: an old ledger that calls an item closed does not."""
    return not (one.closed and TAKE_OVER in one.item.acts) or not unanswered(one.item)


def _extended(one: Judged) -> bool:
    kinds = one.rules.definition.requests
    return one.clock is not None and any(
        r.state == "granted" and r.kind in kinds and kinds[r.kind].moves == one.clock.name for r in one.item.requests
    )


def _returned(one: Judged) -> bool:
    return any(r.kind == RETURN and r.state == "granted" for r in one.item.requests)


def _normal(one: Judged) -> bool:
    """Under way and neither late, near its due moment, standing still nor going on for long."""
    near = not one.done and one.light.word == DUE_SOON
    return not (one.closed or one.late or near or one.paused or one.continuing)


def _always(_one: Judged) -> bool:
    return True


class Indicator(NamedTuple):
    """One figure: which items it counts, and for a rate among which."""

    key: str
    holds: Callable[[Judged], bool]
    of: Callable[[Judged], bool] | None = None


INDICATORS = (
    Indicator("total", _always),
    Indicator("open", lambda one: not one.closed),
    Indicator("closed", lambda one: one.closed),
    Indicator("normal", _normal),
    Indicator("due_soon", lambda one: not one.closed and not one.done and one.light.word == DUE_SOON),
    Indicator("overdue", lambda one: one.late),
    Indicator("suspended", lambda one: not one.closed and one.paused and one.by_request),
    Indicator("waiting", lambda one: not one.closed and one.paused and not one.by_request),
    Indicator("continuing", lambda one: one.continuing),
    Indicator("unclear", lambda one: not one.closed and unclear(one.item, one.rules)),
    Indicator("behind", lambda one: one.behind is not None and BEHIND < one.behind <= FAR_BEHIND),
    Indicator("far_behind", lambda one: one.behind is not None and one.behind > FAR_BEHIND),
    Indicator("backlog", lambda one: not one.closed and one.item.registered_at < one.since),
    Indicator("registered_since", lambda one: one.item.registered_at >= one.since),
    Indicator("closed_since", lambda one: one.closed and (one.item.closed_at or 0) >= one.since),
    Indicator("overdue_since", lambda one: one.late and (one.light.due_at or 0) >= one.since),
    Indicator("responded", _responded, _told_of),
    Indicator("fulfilled", lambda one: one.closed, _always),
    Indicator("on_time", lambda one: one.done and one.on_time, lambda one: one.due),
    Indicator("on_time_original", lambda one: one.done and one.original[1], lambda one: one.original[0]),
    Indicator("settled", lambda one: one.closed, lambda one: one.due),
    Indicator("settled_on_time", lambda one: one.closed and one.on_time, lambda one: one.due),
    Indicator("answered_first", lambda one: one.response[1], lambda one: one.response[0]),
    Indicator(
        "solved", lambda one: one.item.text("solved") == RESULTS[0], lambda one: one.item.text("solved") in RESULTS
    ),
    Indicator(
        "satisfied",
        lambda one: one.item.text("satisfaction") in CONTENT,
        lambda one: one.item.text("satisfaction") in RATED,
    ),
    Indicator("assigned_right", lambda one: not _returned(one), lambda one: one.run is not None or _returned(one)),
    Indicator("sent_back_rate", lambda one: SEND_BACK in one.item.acts, lambda one: one.due),
    Indicator("extended", _extended, _always),
    Indicator("excused", lambda one: excused(one.item)),
    Indicator("returned", _returned),
    Indicator("sent_back", lambda one: SEND_BACK in one.item.acts),
    Indicator("carried", lambda one: bool(one.item.names("original_dues"))),
    Indicator("carried_late", lambda one: bool(one.item.names("late_dues"))),
    Indicator("redone", lambda one: REDO in one.item.acts),
)
"""Every figure, in the order in which it is shown."""


def handling(one: Judged) -> int | None:
    """Return the office time (µs) from signing to verification, without what stood still; None before that."""
    signed, verified = one.item.acts.get(SIGN), one.item.acts.get(VERIFIED)
    if signed is None or verified is None or verified.at < signed.at:
        return None
    worktime = one.rules.calendar.worktime
    took = worktime(signed.at, verified.at)
    for start, end in one.run.pauses if one.run else ():
        begin, until = max(start, signed.at), min(verified.at if end is None else end, verified.at)
        took -= worktime(begin, until) if begin < until else 0
    return max(took, 0)


def overrun(one: Judged) -> int | None:
    """Return by how many thousandths of its limit an item took too long (超时倍数); None of one in time."""
    moment, run = one.light.due_at, one.run
    if run is None or moment is None or not one.due or one.on_time or one.continuing:
        return None
    worktime = one.rules.calendar.worktime
    over, limit = worktime(moment, one.now if run.stopped is None else run.stopped), worktime(run.started, moment)
    return over * THOUSAND // limit if limit > 0 and over > 0 else None


SPREADS: Mapping[str, Callable[[Judged], int | None]] = {"handling": handling, "overrun": overrun}
"""What is not a count: the value of one item, or None where it has none."""


class Marks:
    """The figures that an item counts in, and those rates that it is among the whole of.

    There is one for all items that count in the very same ones: few of them among many items, and told apart by what they are.
    """

    __slots__ = ("bottoms", "tops")

    def __init__(self, tops: tuple[str, ...], bottoms: tuple[str, ...]) -> None:
        """Name the figures."""
        self.tops, self.bottoms = tops, bottoms


_marks: dict[tuple[tuple[str, ...], tuple[str, ...]], Marks] = {}
"""Every set of figures that an item was found to count in."""


class Counted(NamedTuple):
    """An item with all that it counts in: computed once, whatever the items are divided by."""

    one: Judged
    marks: Marks
    values: tuple[tuple[str, int], ...]


def counted(one: Judged) -> Counted:
    """Find out which figures an item counts in."""
    tops, bottoms = [], []
    for key, holds, of in INDICATORS:
        if of is not None:
            if of is not _always and not of(one):
                continue
            bottoms.append(key)
        if holds(one):
            tops.append(key)
    found = (tuple(tops), tuple(bottoms))
    marks = _marks.get(found) or _marks.setdefault(found, Marks(*found))
    values = [(key, value) for key, measure in SPREADS.items() if (value := measure(one)) is not None]
    return Counted(one, marks, tuple(values))


def figures(members: Iterable[Counted]) -> dict[str, Figure]:
    """Count: every figure of these items, their numbers in order.

    Items that count in the very same figures are gathered first, as there are few such sets and many items.
    """
    alike: dict[Marks, list[int]] = {}
    for one, marks, _ in members:
        numbers = alike.get(marks)
        if numbers is None:
            numbers = alike[marks] = []
        numbers.append(one.item.number)
    tops: dict[str, list[list[int]]] = {indicator.key: [] for indicator in INDICATORS}
    bottoms: dict[str, list[list[int]]] = {indicator.key: [] for indicator in INDICATORS if indicator.of}
    for marks, numbers in alike.items():
        for key in marks.tops:
            tops[key].append(numbers)
        for key in marks.bottoms:
            bottoms[key].append(numbers)
    return {
        key: Figure(Numbers(found), Numbers(bottoms[key]) if key in bottoms else None) for key, found in tops.items()
    }


def spreads(members: Iterable[Counted]) -> dict[str, Spread]:
    """Gather the values of these items."""
    found: dict[str, list[tuple[int, int]]] = {key: [] for key in SPREADS}
    for member in members:
        for key, value in member.values:
            found[key].append((member.one.item.number, value))
    return {key: Spread(tuple(n for n, _ in pairs), tuple(v for _, v in pairs)) for key, pairs in found.items()}
