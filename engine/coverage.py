"""Whether everybody has done what comes round: for each series and period, whose item stands how. Nobody is ranked. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.light import OVERDUE, light

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.context import Rules
    from engine.item import Item

DONE, CHECKING, MISSING, WAIVED = "done", "checking", "missing", "waived"
"""How one item of a period stands: done and verified, handed in, not handed in yet, waived with a reason."""

STANDINGS = (DONE, CHECKING, MISSING, WAIVED)


class Cell(NamedTuple):
    """One name in one period: its item, how that stands, and whether its time is or was over before it was handed in.

    `carried` are the days on which it was due before it was carried over.
    """

    whose: str
    item: Item
    standing: str
    late: bool
    carried: tuple[str, ...]


class Turn(NamedTuple):
    """One period of a series, as both its days are recorded, with a cell for each name that it was brought forth for."""

    period: str
    cells: tuple[Cell, ...]


class Series(NamedTuple):
    """A series with the periods that have come round, the earliest first."""

    item: Item
    rules: Rules
    turns: tuple[Turn, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell of every period."""
        return tuple(cell for turn in self.turns for cell in turn.cells)


def coverage(items: Iterable[tuple[Item, Rules]], now: int) -> list[Series]:
    """Gather what series brought forth, as of `now`; what does not come round is passed over. Series come by number."""
    heads: dict[int, tuple[Item, Rules]] = {}
    cells: dict[int, dict[str, list[Cell]]] = {}
    for item, rules in items:
        recurs = rules.definition.recurs
        if recurs is None:
            continue
        number = item.fields.get(recurs.series)
        if isinstance(number, int):
            turns = cells.setdefault(number, {})
            turns.setdefault(item.text(recurs.period), []).append(_cell(item, rules, now))
        else:
            heads[item.number] = item, rules
    return [
        Series(*heads[number], tuple(Turn(period, tuple(row)) for period, row in sorted(cells.get(number, {}).items())))
        for number in sorted(heads)
    ]


def _cell(item: Item, rules: Rules, now: int) -> Cell:
    definition, recurs = rules.definition, rules.definition.recurs
    state = definition.states[item.state]
    ended = DONE if state.counted else WAIVED
    standing = ended if state.final else CHECKING if state.stage == "verify" else MISSING
    judged = light(item, rules, now)
    over = judged.word == OVERDUE
    main = definition.main_clock
    handed_in = item.acts.get(main.stops_at) if main and standing == CHECKING else None
    if (
        handed_in and judged.due_at is not None
    ):  # the clock runs on until it is verified: whoever handed it in is not late by that
        over = handed_in.at > judged.due_at
    late = standing != WAIVED and (over or bool(item.names("late_dues")))
    return Cell(item.text(recurs.whose) if recurs else "", item, standing, late, item.names("original_dues"))


def tally(cells: Iterable[Cell]) -> dict[str, int]:
    """Count cells by how they stand; `due` is all but the waived, `late` those in whatever standing whose time was over."""
    known = list(cells)
    counts = {standing: sum(cell.standing == standing for cell in known) for standing in STANDINGS}
    return {
        "due": len(known) - counts[WAIVED],
        **counts,
        "late": sum(cell.late for cell in known),
        "late_missing": sum(cell.late and cell.standing == MISSING for cell in known),
    }
