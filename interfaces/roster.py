"""An organisation as an office writes it: a TOML file, or a workbook with a sheet for units, people and delegations.

A workbook may name people and units by name where only one bears it. Every fault is found at once, with its sheet and row.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import FaultsFound, Misused
from engine.organisation import from_data
from interfaces.sheet import SUFFIXES, header_key, read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.organisation import Organisation
    from interfaces.sheet import Table, Value

    Record = dict[str, object]
    Fault = tuple[str, str, str]

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "organisation": {
        "title": "名称",
        "supervising_unit": "牵头部门",
        "alternate_unit": "回避时核验部门",
        "principal": "主要领导",
        "principal_deputy": "主要领导外出时主持工作",
        "governing_body": "决策机构",
    },
    "units": {
        "id": "单位编号",
        "title": "单位名称",
        "line": "条线",
        "head": "负责人",
        "deputy": "副职",
        "in_charge": "分管领导",
        "kind": "类别",
    },
    "officers": {
        "id": "工号",
        "name": "姓名",
        "unit": "单位",
        "post": "职务",
        "os_user": "系统用户",
        "person": "同一人",
        "role": "角色",
        "away": "外出",
        "party_org": "党组织",
    },
    "bodies": {"id": "编号", "title": "名称"},
    "delegations": {"from": "委托人", "to": "代理人", "since": "自", "until": "至"},
    "lead_offices": {"workflow": "流程", "list": "清单", "unit": "牵头部门"},
}
"""Table → key → heading of its column. The sheet of the organisation itself has one row."""

SHEETS: Mapping[str, str] = {
    "organisation": "机构",
    "units": "单位",
    "officers": "人员",
    "bodies": "集体",
    "delegations": "代理",
    "lead_offices": "牵头",
}
OPTIONAL = ("bodies", "delegations", "lead_offices")
NEEDED: Mapping[str, tuple[str, ...]] = {
    "organisation": ("title", "supervising_unit", "alternate_unit", "principal"),
    "units": ("id", "title", "head"),
    "officers": ("id", "name", "unit"),
    "bodies": ("id", "title"),
    "delegations": ("from", "to", "since", "until"),
    "lead_offices": ("workflow", "unit"),
}
ROLE_WORDS = {"审计": "auditor", "纪检": "auditor", "审计（纪检）": "auditor", "auditor": "auditor"}

_PEOPLE = {
    "organisation": ("principal", "principal_deputy"),
    "units": ("head", "deputy", "in_charge"),
    "officers": ("person",),
    "delegations": ("from", "to"),
}
_UNITS = {
    "organisation": ("supervising_unit", "alternate_unit"),
    "officers": ("unit", "party_org"),
    "lead_offices": ("unit",),
}


def read_organisation(path: str) -> Organisation:
    """Read an organisation from a TOML file or a workbook.

    Raises `Misused("bad_toml")` or `FaultsFound`: `bad_file`, `organisation_faults`.
    """
    if Path(path).suffix.lower() in SUFFIXES:
        return _from_workbook(path)
    import tomllib

    from engine.loader import plain
    from interfaces.founding import read_text

    try:
        data = plain(tomllib.loads(read_text(path)))
    except tomllib.TOMLDecodeError as error:
        raise Misused("bad_toml", path=path, why=str(error)) from None
    whole = data if isinstance(data, dict) else {}
    rows = whole.get("lead_offices")
    for row in rows if isinstance(rows, list) else []:
        _by_title(row)
    return from_data(whole)


class _Sheet(NamedTuple):
    """One sheet as records, with the row in which each stands."""

    records: list[Record]
    rows: list[int]
    faults: list[Fault]


def _from_workbook(path: str) -> Organisation:
    sheets = {name: _read(path, name) for name in SHEETS}
    faults = [fault for sheet in sheets.values() for fault in sheet.faults]
    known = {
        "person": _ids(sheets["officers"], "name"),
        "unit": _ids(sheets["units"], "title"),
        "body": _ids(sheets["bodies"], "title"),
    }
    for name, sheet in sheets.items():
        for record, row in zip(sheet.records, sheet.rows, strict=True):
            faults += _by_name(record, f"{SHEETS[name]} 第{row}行", name, known)
    data: Record = {name: sheet.records for name, sheet in sheets.items() if name != "organisation"}
    tops = sheets["organisation"].records
    data["organisation"] = tops[0] if tops else {}
    try:
        organisation = from_data(data)
    except FaultsFound as found:
        told = found.data.get("faults")
        rest = [(_place(place, sheets), code, detail) for place, code, detail in told] if isinstance(told, list) else []
        raise FaultsFound("organisation_faults", faults=faults + rest) from None
    if faults:
        raise FaultsFound("organisation_faults", faults=faults)
    return organisation


def _read(path: str, name: str) -> _Sheet:
    columns = COLUMNS[name]
    try:
        table = read_table(path, wanted=tuple(columns.values()), sheet=SHEETS[name])
    except FaultsFound as error:
        why, file = error.data.get("why"), Path(path)
        if file.suffix.lower() != ".csv" and (why == "no_sheet" or (why == "empty" and file.stat().st_size)):
            missing = [(SHEETS[name], "missing", "")] if name not in OPTIONAL else []
            return _Sheet([], [], missing)
        raise
    return _records(table, name)


def _records(table: Table, name: str) -> _Sheet:
    headings = {header_key(title): key for key, title in COLUMNS[name].items()}
    where = [headings.get(header_key(title)) for title in table.headers]
    faults = [
        (f"{SHEETS[name]} {COLUMNS[name][key]}", "column_missing", "") for key in NEEDED[name] if key not in where
    ]
    faults += [
        (f"{SHEETS[name]} {title}", "unknown_key", "")
        for title, key in zip(table.headers, where, strict=True)
        if key is None and title.strip()
    ]
    records, rows = [], []
    for row in table.rows:
        record = {key: _text(cell) for key, cell in zip(where, row.cells, strict=True) if key and _text(cell)}
        if record:
            records.append(_shaped(record, name))
            rows.append(row.number)
    return _Sheet(records, rows, faults)


def _shaped(record: dict[str, str], name: str) -> Record:
    """Turn a record's texts into what the data of an organisation holds."""
    shaped: Record = dict(record)
    if name == "officers" and "away" in record:
        spans = [span for span in re.split(r"[；;\n]", record["away"]) if span.strip()]
        shaped["away"] = [[end.strip() for end in re.split(r"[至~～]", span, maxsplit=1)] for span in spans]
    if name == "lead_offices":
        _by_title(shaped)
    if name == "officers" and "role" in record:
        shaped["role"] = ROLE_WORDS.get(record["role"], record["role"])
    return shaped


def _by_title(row: object) -> None:
    """Replace the titles of a workflow and of one of its lists by what they go by in the data: 定期任务 → task."""
    from workflows.index import shipped_index

    index = shipped_index()
    if isinstance(row, dict):
        workflows = {str(entry["title"]): name for name, entry in index.items()}
        lists = {
            str(title): key
            for entry in index.values()
            for key, title in entry["fields"].get("track", {}).get("choices", {}).items()
        }
        for key, names in (("workflow", workflows), ("list", lists)):
            if key in row:
                row[key] = names.get(str(row[key]), row[key])


def _text(cell: Value) -> str:
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    if isinstance(cell, dt.date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _ids(sheet: _Sheet, by: str) -> dict[str, list[str]]:
    """Return who and what may be meant: an id by itself, a name by all that bear it."""
    found: dict[str, list[str]] = {}
    for record in sheet.records:
        found.setdefault(str(record.get(by, "")), []).append(str(record.get("id", "")))
    return found | {str(record["id"]): [str(record["id"])] for record in sheet.records if "id" in record}


def _by_name(record: Record, place: str, table: str, known: Mapping[str, Mapping[str, list[str]]]) -> Iterator[Fault]:
    """Replace names by ids in one record; yield the names that several bear."""
    about = [(key, "person") for key in _PEOPLE.get(table, ())] + [(key, "unit") for key in _UNITS.get(table, ())]
    if table == "organisation":
        about.append(("governing_body", "body"))
    for key, kind in about:
        meant = known[kind].get(str(record.get(key, "")), [])
        if len(meant) > 1:
            yield f"{place} {COLUMNS[table][key]}", "name_shared", f"{record[key]}（{'、'.join(meant)}）"
        elif meant:
            record[key] = meant[0]


def _place(place: str, sheets: Mapping[str, _Sheet]) -> str:
    """Say a place of the data (`officers[3].unit`, `units.water.head`) as a sheet, a row and a column."""
    table, _, rest = place.replace("[", ".").replace("]", "").partition(".")
    if table not in SHEETS:
        return place
    which, _, key = rest.partition(".")
    sheet = sheets[table]
    if table == "organisation":
        which, key = "1", which
    index = next((n for n, record in enumerate(sheet.records) if record.get("id") == which), None)
    if index is None and which.isdecimal() and 0 < int(which) <= len(sheet.rows):
        index = int(which) - 1
    row = f" 第{sheet.rows[index]}行" if index is not None else ""
    return f"{SHEETS[table]}{row}{' ' + COLUMNS[table].get(key, key) if key else ''}"


def write_workbook(organisation: Organisation, path: str) -> None:
    """Write an organisation as a workbook that `read_organisation` reads: a form to fill in, with an example in it.

    Raises `Refused("exists")`: nothing is overwritten.
    """
    import xlsxwriter

    from engine.errors import Refused

    if Path(path).exists():
        raise Refused("exists", path=path)
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold = book.add_format({"bold": True})
        for name, records in _written(organisation).items():
            sheet = book.add_worksheet(SHEETS[name])
            sheet.freeze_panes(1, 0)
            for column, (key, title) in enumerate(COLUMNS[name].items()):
                sheet.write_string(0, column, title, bold)
                for row, record in enumerate(records, 1):
                    sheet.write_string(row, column, record.get(key, ""))
                widest = max(len(title), *(len(record.get(key, "")) for record in records), 4)
                sheet.set_column(column, column, min(2 * widest + 2, 40))


def _written(organisation: Organisation) -> dict[str, list[dict[str, str]]]:
    """Return the sheets as texts."""
    title = {unit.id: unit.title for unit in organisation.units.values()}
    top = {key: str(getattr(organisation, key)) for key in COLUMNS["organisation"]}
    for key in _UNITS["organisation"]:
        top[key] = title.get(top[key], top[key])
    return {
        "organisation": [top],
        "units": [unit._asdict() for unit in organisation.units.values()],
        "officers": [
            {
                **{key: str(getattr(one, key)) for key in COLUMNS["officers"]},
                "unit": title.get(one.unit, one.unit),
                "party_org": title.get(one.party_org, one.party_org),
                "role": "审计" if one.role else "",
                "away": "；".join(f"{_day(first)}至{_day(last)}" for first, last in one.away),
            }
            for one in organisation.officers.values()
        ],
        "bodies": [{"id": key, "title": text} for key, text in organisation.bodies.items()],
        "lead_offices": [
            {"workflow": one.workflow, "list": one.track, "unit": title.get(one.unit, one.unit)}
            for one in organisation.lead_offices
        ],
        "delegations": [
            {"from": d.giver, "to": d.taker, "since": _day(d.days[0]), "until": _day(d.days[1])}
            for d in organisation.delegations
        ],
    }


def _day(ordinal: int) -> str:
    return dt.date.fromordinal(ordinal).isoformat()
