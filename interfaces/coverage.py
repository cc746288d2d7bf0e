"""一个不漏: who has done what comes round, as a page, as JSON and as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.coverage import CHECKING, DONE, MISSING, WAIVED, tally
from engine.roles import supervising_unit
from interfaces.display import display, hang
from interfaces.listing import carried_text, item_row
from interfaces.output import room
from workflows.periods import period_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.context import Rules
    from engine.coverage import Cell, Series, Turn
    from engine.organisation import Organisation

STANDING_WORDS: Mapping[str, str] = {DONE: "已完成", CHECKING: "待核实", MISSING: "未填报", WAIVED: "免予"}


def page(found: Sequence[Series], organisation: Organisation, now: int) -> Iterator[str]:
    """Yield the page: each series with its periods, whoever has none by name, then every unit in the organisation's order."""
    for series in found:
        yield from _head(series, organisation)
        for turn in series.turns:
            yield from _turn(turn, series.rules, organisation, now)
        if not series.turns:
            yield "  还没有一期下达。"
        missing = left_out(series, organisation)
        if missing:
            yield from _wrapped(f"  未列入这项任务：{_titles(missing, organisation)}")
        yield ""
    yield "各单位（按机构顺序，不排名次）"


def _head(series: Series, organisation: Organisation) -> Iterator[str]:
    item, recurs = series.item, series.rules.definition.recurs
    if recurs is None:
        return
    span = f"{item.text(recurs.starts)} 至 {item.text(recurs.ends) or '停止为止'}"
    lead = organisation.unit_title(supervising_unit(item, organisation))
    state = series.rules.definition.states[item.state].title
    words = f"（{period_title(item.text(recurs.every))}，{span}，牵头：{lead}，{state}）"
    yield from _wrapped(f"{item.serial}　{display(item.text('title'))}{words}")


def _turn(turn: Turn, rules: Rules, organisation: Organisation, now: int) -> Iterator[str]:
    counts = tally(turn.cells)
    words = "，".join(
        f"{STANDING_WORDS[key]} {counts[key]}" for key in (DONE, CHECKING, MISSING, WAIVED) if counts[key]
    )
    yield f"  {period_words(turn.period)}　应开展 {counts['due']}{'：' + words if words else ''}"
    for standing in (MISSING, CHECKING, WAIVED, DONE):
        named = [cell for cell in turn.cells if cell.standing == standing and (standing != DONE or cell.late)]
        if named:
            title = "逾期完成" if standing == DONE else STANDING_WORDS[standing]
            each = "、".join(_named(cell, rules, organisation, now) for cell in named)
            yield from _wrapped(f"    {title}：{each}", 6)


def _named(cell: Cell, rules: Rules, organisation: Organisation, now: int) -> str:
    row = item_row(cell.item, rules, now)
    notes = []
    if cell.standing != WAIVED and cell.late and row["left"]:
        notes.append(str(row["left"]))
    if cell.carried:
        notes.append(carried_text(cell.carried, cell.item.names("late_dues")))
    more = "，".join(notes)
    return f"{organisation.unit_title(cell.whose)}{f'（{more}）' if more else ''}"


def left_out(series: Series, organisation: Organisation) -> list[str]:
    """Return the units that a series does not hold though it holds others of their kind: party organisations, as a rule."""
    recurs = series.rules.definition.recurs
    held = series.item.names(recurs.each) if recurs else ()
    kinds = {organisation.units[unit].kind for unit in held if unit in organisation.units} - {""}
    return [unit.id for unit in organisation.units.values() if unit.kind in kinds and unit.id not in held]


def unit_rows(found: Sequence[Series], organisation: Organisation) -> list[dict[str, object]]:
    """Return a row for each unit that has something to do, in the organisation's order."""
    cells: dict[str, list[Cell]] = {}
    for series in found:
        for cell in series.cells:
            cells.setdefault(cell.whose, []).append(cell)
    order = [unit for unit in organisation.units if unit in cells]
    return [
        {"unit": unit, "unit_title": organisation.unit_title(unit), **tally(cells[unit])}
        for unit in [*order, *(unit for unit in cells if unit not in organisation.units)]
    ]


def cell_rows(found: Sequence[Series], organisation: Organisation, now: int) -> Iterator[dict[str, object]]:
    """Yield a row for each series, period and unit."""
    for series in found:
        for turn in series.turns:
            for cell in turn.cells:
                row = item_row(cell.item, series.rules, now)
                yield {
                    "series": series.item.serial,
                    "title": series.item.text("title"),
                    "period": turn.period,
                    "unit": cell.whose,
                    "unit_title": organisation.unit_title(cell.whose),
                    "serial": cell.item.serial,
                    "standing": cell.standing,
                    "standing_title": STANDING_WORDS[cell.standing],
                    "late": cell.late,
                    "due_on": row["due_on"],
                    "original_dues": list(cell.carried),
                }


def as_json(found: Sequence[Series], organisation: Organisation, now: int) -> dict[str, object]:
    """Return the whole as JSON with the identifiers of the glossary."""
    rows = list(cell_rows(found, organisation, now))
    return {
        "series": [
            {
                "number": series.item.number,
                "serial": series.item.serial,
                "title": series.item.text("title"),
                "lead_office": supervising_unit(series.item, organisation),
                "state": series.item.state,
                "left_out": left_out(series, organisation),
                "periods": [{"period": turn.period, **tally(turn.cells)} for turn in series.turns],
            }
            for series in found
        ],
        "units": unit_rows(found, organisation),
        "cells": rows,
    }


def period_words(period: str) -> str:
    """Write both days of a period: 2023-05-01 至 2023-05-31."""
    return period.replace("/", " 至 ")


def _titles(units: Sequence[str], organisation: Organisation) -> str:
    return "、".join(organisation.unit_title(unit) for unit in units)


def _wrapped(text: str, indent: int = 4) -> Iterator[str]:
    yield from hang(text, room(), indent).split("\n")
