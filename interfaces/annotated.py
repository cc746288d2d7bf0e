"""A copy of a ledger with its faults marked where they are: the cell in colour, and what is wrong as its comment."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from interfaces.book import text_of, writing
from interfaces.sheet import read_grids

if TYPE_CHECKING:
    from collections.abc import Iterable

    from interfaces.columns import RowFault
    from interfaces.problem_row import Columns

COLOUR = "#FFC7CE"
ROW_COLOUR = "#FFEB9C"
_WIDTH = 18


def annotate(path: str, target: str, faults: Iterable[RowFault], places: dict[str, Columns], *, force: bool) -> int:
    """Write a copy of the workbook's values to `target` with the faults marked; return how many cells are.

    Raises `FaultsFound("bad_file")` as reading does, and what `interfaces.book.writing` raises.
    """
    by_sheet: dict[str, dict[tuple[int, int], list[str]]] = {}
    only = next(iter(places), "")
    for fault in faults:
        sheet = fault.sheet or only
        columns = places.get(sheet)
        at = columns.headers.index(fault.column) if columns and fault.column in columns.headers else 0
        by_sheet.setdefault(sheet, {}).setdefault((fault.row - 1, at), []).append(f"{fault.column}：{fault.why}")
    with writing(target, force=force) as book:
        plain, bad = (
            book.add_format({"quote_prefix": True}),
            book.add_format({"bg_color": COLOUR, "quote_prefix": True}),
        )
        whole = book.add_format({"bg_color": ROW_COLOUR})
        day = "yyyy-mm-dd"
        days = [book.add_format({"num_format": day}), book.add_format({"num_format": day, "bg_color": COLOUR})]
        for grid in read_grids(Path(path)):
            page = book.add_worksheet(grid.name or None)
            marks = by_sheet.get(grid.name, {})
            page.set_column(0, max(map(len, grid.rows), default=1), _WIDTH)
            for number, row in enumerate(grid.rows):
                for column, value in enumerate(row):
                    marked = (number, column) in marks
                    if isinstance(value, (int, float)) and not isinstance(value, bool):
                        page.write_number(number, column, value, bad if marked else None)
                    elif isinstance(value, dt.date):  # with a time or without
                        page.write_datetime(number, column, value, days[marked])
                    elif value is not None:
                        page.write_string(number, column, text_of(value), bad if marked else plain)
            for (number, column), words in sorted(marks.items()):
                if column >= len(grid.rows[number]) or grid.rows[number][column] is None:
                    page.write_blank(number, column, None, bad)
                page.write_comment(number, column, text_of("\n".join(words)), {"x_scale": 2, "y_scale": 1.5})
                page.set_row(number, None, None if column else whole)
    return sum(map(len, by_sheet.values()))
