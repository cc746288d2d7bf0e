"""Where the time of many items went: office time in each state, from the entries that changed it, without folding anything.

`engine.explain.spent` folds one item and knows desk and person; this is one pass over the whole record, for reports. Both agree on
every state (a test holds them to it).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from engine.event import DONE
from engine.figure import Spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from engine.context import Rules
    from engine.event import Event
    from engine.item import Item
    from engine.row import Step

TO = '"to":'
"""How a body that changes the state is known before it is read; most need not be."""


_LAST_TO = ',"to":"'
_load = json.JSONDecoder().raw_decode


class Stay(NamedTuple):
    """One stay of an item in a state; `until` is None while it lasts."""

    item: int
    state: str
    since: int
    until: int | None


class Passage(NamedTuple):
    """All the stays in one state: office time (µs) by item. `waiting` says that the main clock stands still in it."""

    state: str
    stage: str
    waiting: bool
    spread: Spread


def moves(event: Event) -> str:
    """Return the state that an entry leads its item to, "" when it leads nowhere."""
    return _led_to(event.body) if event.item and event.result == DONE else ""


def _led_to(body: str) -> str:
    if TO not in body:
        return ""
    head, _, value = body.rpartition(_LAST_TO)
    if head and value.endswith('"}') and value.find('"') == len(value) - 2:
        return value[:-2]  # the last field, as keys stand in order: only the body's own bracket comes behind
    to = _load(body)[0].get("to")
    return to if isinstance(to, str) else ""


class Trail:
    """Gathers the stays while the record goes by, oldest entry first."""

    def __init__(self) -> None:
        """Begin before the first entry."""
        self._at: dict[int, tuple[str, int]] = {}
        self._stays: list[Stay] = []

    def see(self, step: Step) -> None:
        """Take the next entry that was done about an item."""
        to = _led_to(step.body)
        if not to:
            return
        number, _, _, at, _ = step
        before = self._at.get(number)
        if before is None:
            self._at[number] = (to, at)
        elif before[0] != to:
            at = max(at, before[1])
            self._stays.append(Stay(number, before[0], before[1], at))
            self._at[number] = (to, at)

    def stays(self) -> Iterator[Stay]:
        """Yield every stay, those that last still at the end."""
        yield from self._stays
        for number, (state, since) in self._at.items():
            yield Stay(number, state, since, None)


def passages(stays: Iterable[Stay], items: Mapping[int, tuple[Item, Rules]], now: int) -> tuple[Passage, ...]:
    """Add the stays of these items up by state, in the order of the definitions; what is over takes no more time."""
    spent: dict[str, dict[int, int]] = {}
    reached: dict[
        int, tuple[int, int]
    ] = {}  # item → an instant and its office time: where one stay ends the next begins
    places: dict[str, tuple[str, bool]] = {}
    told: set[str] = set()
    for item, rules in items.values():
        if item.definition not in told:
            told.add(item.definition)
            clock = rules.definition.main_clock
            for state in rules.definition.states.values():
                if not state.final:
                    places.setdefault(state.name, (state.stage, clock is not None and state.name in clock.pauses_in))
    for stay in stays:
        if stay.item not in items or stay.state not in places:
            continue
        until = max(now if stay.until is None else stay.until, stay.since)
        office_time = items[stay.item][1].calendar.office_time
        known = reached.get(stay.item)
        begun = known[1] if known and known[0] == stay.since else office_time(stay.since)
        ended = office_time(until)
        reached[stay.item] = (until, ended)
        took = ended - begun
        held = spent.setdefault(stay.state, {})
        held[stay.item] = held.get(stay.item, 0) + took
    return tuple(
        Passage(
            state,
            stage,
            waiting,
            Spread(tuple(sorted(spent[state])), tuple(t for _, t in sorted(spent[state].items()))),
        )
        for state, (stage, waiting) in places.items()
        if state in spent
    )
