"""How the work was recorded: shares and coincidences that the inspectors (纪检) look into. A figure is a question, not a finding.

Two kinds of figure: of entries (entered for others, entered late) and of items (closed in a heap, one picture for several …).
Each knows its entries, so that every number leads to them. Units are told apart, persons never.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from engine.clock import ordinal_of
from engine.context import DELEGATED
from engine.event import SYSTEM, is_late
from engine.figure import Figure
from engine.light import light
from engine.paper import ISSUE
from engine.passage import moves
from engine.secrecy import CLEARED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from engine.context import Rules
    from engine.event import Event
    from engine.item import Item
    from engine.organisation import Organisation
    from engine.report import Cohort

    Items = Mapping[int, tuple[Item, Rules]]

HANDLE, VERIFY, SITE, CHECKED_BY = "handle", "verify", "site", "verify_by"
"""Stages of the two sides, and how it is kept that an item was checked on the spot."""

TAKE_OVER = "take_over"
"""What came from an older ledger: its dates are that ledger's and no late entry of anybody's."""

_DIGEST = re.compile(r'"sha256":"([0-9a-f]{64})"')


class Bounds(NamedTuple):
    """What an office takes for many and for fast: closings by one hand within a span (µs), and a check shorter than `quick` (µs)."""

    burst: int
    span: int
    quick: int


class Concern(NamedTuple):
    """One figure, of entries (by their numbers in the record) or of items, by unit as well; `entries` are those behind each."""

    key: str
    figure: Figure
    units: Mapping[str, Figure]
    entries: Mapping[int, tuple[int, ...]]
    of_entries: bool


class Conduct(NamedTuple):
    """All figures, of which items and as of when (µs)."""

    now: int
    cohort: Cohort
    concerns: tuple[Concern, ...]


def may_read(person: str, organisation: Organisation) -> bool:
    """Whether this is for a person: the auditors' and the supervising unit's head's, and nobody else's."""
    readers = {*organisation.auditors, organisation.units[organisation.supervising_unit].head}
    return not readers.isdisjoint(organisation.desks(person))


class Observer:
    """Gathers while the record goes by, oldest entry first; `conduct` then asks it."""

    def __init__(self, items: Items) -> None:
        """Look at entries about these items and at no others."""
        self.items = items
        self.people: dict[int, str] = {}  # entry → unit of whoever entered it
        self.behalf: list[int] = []
        self.late: list[int] = []
        self.cleared: list[int] = []
        self.closings: list[tuple[str, int, int, int]] = []  # who entered, when, item, entry
        self.reopened: dict[int, list[int]] = defaultdict(list)
        self.quick: dict[int, list[tuple[int, int, int]]] = defaultdict(
            list
        )  # item → (µs, entry of the report, of the check)
        self.sides: dict[int, dict[str, dict[str, list[int]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(list))
        )
        self.pictures: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._at: dict[int, tuple[str, int, int]] = {}  # item → state, since when, by which entry

    def see(self, event: Event) -> None:
        """Take the next entry."""
        known = self.items.get(event.item)
        if known is None or event.decider == SYSTEM:
            self._move(event, known)
            return
        organisation = known[1].organisation
        self.people[event.seq] = organisation.unit_of(event.enterer)
        if event.decider != event.enterer and not event.basis.startswith(DELEGATED):
            self.behalf.append(event.seq)
        if event.verb != TAKE_OVER and is_late(event):
            self.late.append(event.seq)
        if f'"{CLEARED}":' in event.body:
            self.cleared.append(event.seq)
        if event.verb != ISSUE:
            for digest in _DIGEST.findall(event.body):
                self.pictures[digest][event.item].append(event.seq)
        self._move(event, known)

    def _move(self, event: Event, known: tuple[Item, Rules] | None) -> None:
        to = moves(event) if known else ""
        if not to or known is None:
            return
        states = known[1].definition.states
        before, since, seq = self._at.get(event.item, ("", event.effective_at, event.seq))
        if before != to:
            self._at[event.item] = (to, event.effective_at, event.seq)
        old, new = states.get(before), states.get(to)
        if new is None or before == to or event.verb == TAKE_OVER or event.decider == SYSTEM:
            return
        if new.final and new.counted:
            self.closings.append((event.enterer, event.recorded_at, event.item, event.seq))
        if old is None:
            return
        human = min(known[1].organisation.desks(event.enterer))  # two accounts of one person are one
        if old.final and not new.final:
            self.reopened[event.item].append(event.seq)
        if old.stage == HANDLE and new.stage == VERIFY:
            self.sides[event.item][human][HANDLE].append(event.seq)
        if old.stage == VERIFY and new.stage != HANDLE:
            self.sides[event.item][human][VERIFY].append(event.seq)
            self.quick[event.item].append((event.effective_at - since, seq, event.seq))


def conduct(seen: Observer, now: int, cohort: Cohort, bounds: Bounds) -> Conduct:
    """Draw the figures up as of `now`, over the items that were looked at."""
    items, everything = seen.items, tuple(seen.people)
    closed = {item: seq for _, _, item, seq in seen.closings if _is_closed(*items[item])}
    together = heaps(seen.closings, bounds)
    done, last = _last_day(items, now)
    checked = [n for n in closed if CHECKED_BY in items[n][1].definition.fields]
    shared = _several(seen.pictures)
    with_evidence = {item for found in seen.pictures.values() for item in found}
    both = {
        n: [seq for found in by.values() if len(found) > 1 for seq in found[HANDLE] + found[VERIFY]]
        for n, by in seen.sides.items()
    }
    quick = {n: [s for took, *seqs in found if took < bounds.quick for s in seqs] for n, found in seen.quick.items()}
    of_items: tuple[tuple[str, Mapping[int, Sequence[int]], Iterable[int]], ...] = (
        ("heap", together, {item for _, _, item, _ in seen.closings}),
        ("last_day", dict.fromkeys(last, ()), done),
        ("no_site", {n: (closed[n],) for n in checked if items[n][0].text(CHECKED_BY) != SITE}, checked),
        ("shared", shared, with_evidence),
        ("quick", {n: seqs for n, seqs in quick.items() if seqs}, seen.quick),
        ("both_sides", {n: seqs for n, seqs in both.items() if seqs}, seen.quick),
        ("reopened", seen.reopened, {*closed, *seen.reopened}),
    )
    unit_of_item: Callable[[int], str] = lambda n: items[n][0].text("lead_unit")  # noqa: E731 - two of a kind
    return Conduct(
        now,
        cohort,
        (
            _concern("behalf", dict.fromkeys(seen.behalf, ()), everything, seen.people.__getitem__, of_entries=True),
            _concern("late", dict.fromkeys(seen.late, ()), everything, seen.people.__getitem__, of_entries=True),
            *(_concern(key, hits, of, unit_of_item, of_entries=False) for key, hits, of in of_items),
            _concern("cleared", dict.fromkeys(seen.cleared, ()), everything, seen.people.__getitem__, of_entries=True),
        ),
    )


def _concern(
    key: str,
    hits: Mapping[int, Sequence[int]],
    of: Iterable[int],
    unit_of: Callable[[int], str],
    *,
    of_entries: bool,
) -> Concern:
    among = tuple(sorted(of))
    found = tuple(n for n in among if n in hits)
    tops: dict[str, list[int]] = defaultdict(list)
    bottoms: dict[str, list[int]] = defaultdict(list)
    for number in among:
        unit = unit_of(number)
        bottoms[unit].append(number)
        if number in hits:
            tops[unit].append(number)
    units = {unit: Figure(tuple(tops[unit]), tuple(numbers)) for unit, numbers in bottoms.items()}
    entries = {n: (n,) if of_entries else tuple(sorted(set(hits[n]))) for n in found}
    return Concern(key, Figure(found, among), units, entries, of_entries)


def _is_closed(item: Item, rules: Rules) -> bool:
    state = rules.definition.states[item.state]
    return state.final and state.counted


def heaps(closings: Iterable[tuple[str, int, int, int]], bounds: Bounds) -> dict[int, list[int]]:
    """Find the items that one hand closed together with many others within the span."""
    by_hand: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for who, at, item, seq in closings:
        by_hand[who].append((at, item, seq))
    found: dict[int, list[int]] = {}
    for made in by_hand.values():
        made.sort()
        first = 0
        for last, (at, _, _) in enumerate(made):
            while at - made[first][0] > bounds.span:
                first += 1
            if last - first + 1 >= bounds.burst:
                found |= {item: [seq] for _, item, seq in made[first : last + 1]}
    return found


def _last_day(items: Items, now: int) -> tuple[list[int], list[int]]:
    """Return the items whose handling is over and had a due day, and those of them that were reported done on that very day."""
    done, last = [], []
    for number, (item, rules) in items.items():
        clock = rules.definition.main_clock
        run = item.clocks.get(clock.name) if clock else None
        due_at = light(item, rules, now).due_at if run and run.stopped is not None else None
        if run is not None and run.stopped is not None and due_at is not None:
            done.append(number)
            if run.stopped <= due_at and ordinal_of(run.stopped) == ordinal_of(due_at - 1):
                last.append(number)
    return done, last


def _several(pictures: Mapping[str, Mapping[int, Sequence[int]]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for by_item in pictures.values():
        if len(by_item) > 1:
            for item, seqs in by_item.items():
                found[item] += seqs
    return found
