"""One sheet, many items: each row names an item and gives the fields of an act, such as 主办、协办、时限 of 交办."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.clock import day_of
from engine.errors import Misused, Refused, SibanError
from engine.text import clean_block
from interfaces.columns import NAMES, RowFault, as_block, as_line, to_instant
from interfaces.fields import LISTS, read_value
from interfaces.output import plain
from interfaces.package import place_of
from interfaces.sheet import Broken, header_key, read_table
from workflows.messages import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from interfaces.session import Session
    from interfaces.sheet import Row, Value

    Shapes = Mapping[str, Mapping[str, Any]]

ITEM = ("编号", "事项编号", "台账编号", "问题编号", "事项")
"""The heads of the column that names the item."""


def read_acts(
    path: str, fields: Sequence[str], shapes: Shapes, session: Session
) -> tuple[list[tuple[int, dict[str, object]]], list[RowFault], list[str]]:
    """Return the item and the fields of each row, what is wrong with them, and the columns that the act does not take.

    Raises `FaultsFound("bad_file")`, `Misused`: `column_required` for a sheet that names no items, `columns_compete`.
    """
    names = {header_key(name): field for field in fields for name in _names(field, shapes[field])}
    keys = {header_key(name) for name in ITEM}
    table = read_table(path, wanted={*names, *keys})
    at = [i for i, head in enumerate(table.headers) if header_key(head) in keys]
    if len(at) != 1:
        code = "columns_compete" if at else "column_required"
        raise Misused(
            code, field="事项编号", columns=[table.headers[i] for i in at], headers=list(filter(None, table.headers))
        )
    columns: dict[str, int] = {}
    for index, head in enumerate(table.headers):
        field = names.get(header_key(head))
        if field and index not in at:
            if field in columns:
                raise Misused("columns_compete", field=field, columns=[table.headers[columns[field]], head])
            columns[field] = index
    unused = [h for i, h in enumerate(table.headers) if h and i not in (*at, *columns.values()) and h != "序号"]
    orders: list[tuple[int, dict[str, object]]] = []
    faults: list[RowFault] = []
    for row in table.rows:
        reading = _Row(row, table.headers, shapes, session)
        number = reading.item(at[0])
        given = reading.fields(columns)
        if any(number == known for known, _ in orders):
            reading.fault(at[0], row.cells[at[0]], "same_row", "这件事项在表中不止一行")
        faults += reading.faults
        if number is not None:
            orders.append((number, given))
    return orders, faults, unused


def _names(field: str, shape: Mapping[str, Any]) -> list[str]:
    return [field, str(shape["title"]), *shape.get("aliases", ()), *NAMES.get(_LEDGER_NAME.get(field, field), ())]


_LEDGER_NAME = {"track": "problem_list"}


class _Row:
    """One row under reading."""

    def __init__(self, row: Row, headers: list[str], shapes: Shapes, session: Session) -> None:
        self.row, self.headers, self.shapes, self.session = row, headers, shapes, session
        self.faults: list[RowFault] = []

    def item(self, at: int) -> int | None:
        """Return the number of the item that the row names."""
        value = self.row.cells[at]
        try:
            name = as_line(value)
            if not name:
                raise Refused("unknown_item", name="（空）")
            return self.session.numbers([name])[0]
        except SibanError as error:
            self._wrong(at, value, error)
            return None

    def fields(self, columns: Mapping[str, int]) -> dict[str, object]:
        """Read the row's fields; a blank cell gives none."""
        found: dict[str, object] = {}
        for field, at in columns.items():
            value = self.row.cells[at]
            if value is None:
                continue
            try:
                found |= self._read(field, value)
            except SibanError as error:
                self._wrong(at, value, error)
        return found

    def _read(self, field: str, value: Value) -> dict[str, object]:
        kind = str(self.shapes[field]["kind"])
        if isinstance(value, Broken):
            raise Misused("broken_formula")
        if kind == "date":
            return {field: day_of(to_instant(value)).isoformat()}
        if kind == "limit":
            text = as_line(value)
            reading = self.session.read_limit(text, day_of(self.session.now))
            if reading.code is None:
                raise Misused("bad_limit", text=text, note=f"（{reading.note}）")
            return {field: reading.code}
        if kind == "text":
            return {field: clean_block(as_block(value), field=field)}
        text = as_line(value)
        if kind in LISTS and kind != "units":
            return {
                field: [
                    one
                    for line in as_block(value).split("\n")
                    if line
                    for one in _listed(field, kind, line, self.session)
                ]
            }
        return {field: read_value(field, kind, text, self.session)}

    def _wrong(self, at: int, value: Value, error: SibanError) -> None:
        self.fault(at, value, error.code, sentence(error, self.session.titles))

    def fault(self, at: int, value: Value, code: str, why: str) -> None:
        """Note what is wrong with a cell."""
        place = place_of(self.row.number - 1, at)
        self.faults.append(RowFault(self.row.number, self.headers[at], plain(value), code, why, place))


def _listed(field: str, kind: str, line: str, session: Session) -> list[object]:
    found = read_value(field, kind, line, session)
    return found if isinstance(found, list) else [found]
