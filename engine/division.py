"""What a report can be divided by. Lines come in the order of the organisation, the definitions or the calendar, never by their figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from engine.clock import day_of, ordinal_of
from engine.indicators import figures, spreads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from engine.figure import Figure, Spread
    from engine.indicators import Counted, Judged

AGES = ((5, "1-5"), (10, "6-10"), (20, "11-20"), (60, "21-60"))
"""Working days up to which an open item, or an overdue one, falls into a class; beyond the last it is `61-`."""
OLDEST = "61-"


class Line(NamedTuple):
    """One row of a division. `key` is "" for items that have none."""

    key: str
    figures: Mapping[str, Figure]
    spreads: Mapping[str, Spread]


def month_of(at: int) -> str:
    """Return the month of an instant (µs): 2023-08."""
    return day_of(at).isoformat()[:7]


def _age_class(days: int) -> str:
    return next((name for most, name in AGES if days <= most), OLDEST)


def _age(one: Judged) -> str:
    """Class an open item by the working days since it was registered, that day not counted."""
    if one.closed:
        return ""
    return _age_class(one.rules.calendar.workdays(ordinal_of(one.item.registered_at), ordinal_of(one.now)))


def _over(one: Judged) -> str:
    """Class an overdue item by the working days it is over."""
    return _age_class(one.light.days) if one.late else ""


def _settled(one: Judged) -> str:
    """Return the month in which the handling was over, or should have been."""
    if not one.due or one.run is None:
        return ""
    if one.run.stopped is not None:
        return month_of(one.run.stopped)
    return "" if one.light.due_at is None else month_of(one.light.due_at - 1)


def _unit(one: Judged) -> str:
    return one.item.text("lead_unit")


def _line(one: Judged) -> str:
    """Return the line of business that was written down, else that of the unit in charge."""
    unit = one.rules.organisation.units.get(_unit(one))
    return one.item.text("line") or (unit.line if unit else "")


def _units(one: Judged) -> Iterable[str]:
    return one.rules.organisation.units


def _lines(one: Judged) -> Iterable[str]:
    return (unit.line for unit in one.rules.organisation.units.values() if unit.line)


def _stages(one: Judged) -> Iterable[str]:
    return (state.stage for state in one.rules.definition.states.values())


def _classes(_one: Judged) -> Iterable[str]:
    return (*(name for _, name in AGES), OLDEST)


class Divider(NamedTuple):
    """How items are divided: the key of one, and the keys in their order as far as it is known (else they are sorted)."""

    key: Callable[[Judged], str]
    order: Callable[[Judged], Iterable[str]] | None = None


DIVIDERS: Mapping[str, Divider] = {
    "unit": Divider(_unit, _units),
    "track": Divider(lambda one: one.item.text("track"), lambda one: one.rules.definition.tracks),
    "source": Divider(lambda one: one.item.text("source"), lambda one: one.rules.definition.sources),
    "line": Divider(_line, _lines),
    "month": Divider(lambda one: month_of(one.item.registered_at)),
    "settled_month": Divider(_settled),
    "stage": Divider(lambda one: one.rules.definition.states[one.item.state].stage, _stages),
    "state": Divider(lambda one: one.item.state, lambda one: one.rules.definition.states),
    "age": Divider(_age, _classes),
    "over": Divider(_over, _classes),
}
"""By unit, list, source, line of business, month of registration, month of settlement, place in the flow, age, time over."""

BY = tuple(DIVIDERS)


def division(members: Iterable[Counted], by: str, names: Mapping[str, str] | None = None) -> tuple[Line, ...]:
    """Divide items by one of `BY`; lines without items are left out. `names` turns written keys into those they mean."""
    key_of, order = DIVIDERS[by]
    known = names or {}
    groups: dict[str, list[Counted]] = {}
    ordered: set[str] = set()
    for member in members:
        one = member.one
        if order and one.item.definition not in ordered:
            ordered.add(one.item.definition)
            for key in order(one):
                groups.setdefault(key, [])
        key = key_of(one)
        if known:
            key = known.get(key, key)
        group = groups.get(key)
        if group is None:
            group = groups[key] = []
        group.append(member)
    keys = sorted(groups, key=lambda key: not key) if order else sorted(groups, key=lambda key: (not key, key))
    return tuple(Line(key, figures(groups[key]), spreads(groups[key])) for key in keys if groups[key])


class Divisions(Mapping[str, tuple[Line, ...]]):
    """Items divided in several ways, each when it is looked at: a page shows a few of them."""

    def __init__(self, members: Sequence[Counted], by: Sequence[str], names: Mapping[str, str] | None) -> None:
        """Take the items, the ways, and what written names of lines of business mean."""
        self._members, self._by, self._names = members, by, names
        self._known: dict[str, tuple[Line, ...]] = {}

    def __getitem__(self, by: str) -> tuple[Line, ...]:
        """Return the lines of one way."""
        if by not in self._known:
            if by not in self._by:
                raise KeyError(by)
            self._known[by] = division(self._members, by, self._names if by == "line" else None)
        return self._known[by]

    def __iter__(self) -> Iterator[str]:
        """Name the ways."""
        return iter(self._by)

    def __len__(self) -> int:
        """How many ways there are."""
        return len(self._by)
