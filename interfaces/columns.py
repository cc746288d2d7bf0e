"""Which column of a problem list is which field of an item, and what the values in it mean.

The names are those of real ledgers. Where a name is used for two different things the office is asked, never guessed
for.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from engine.clock import from_datetime, parse_instant, start_of_day
from engine.errors import Misused
from interfaces.sheet import header_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from interfaces.sheet import Value

NAMES: Mapping[str, tuple[str, ...]] = {
    "row_no": ("序号",),
    "serial": ("事项编号",),
    "external_no": ("来文编号", "问题编号", "编号", "台账编号", "工单号", "受理编号"),
    "problem_list": ("清单类别", "问题清单", "问题类别", "类别", "清单"),
    "title": ("问题", "标题", "问题名称", "问题标题", "事项", "事项名称"),
    "description": ("具体情况", "详细情况", "问题详情", "情况说明"),
    "source": ("问题来源", "来源", "交办来源"),
    "found_at": ("发现日期", "反映日期", "发现时间", "反映时间", "检查时间", "交办时间", "受理时间"),
    "registered_at": ("登记日期", "登记时间", "创建时间"),
    "assigned_at": ("交办日期", "下发日期", "分办日期"),
    "reporter": ("反映人",),
    "contact": ("联系方式", "联系电话"),
    "place": ("属地", "具体地点", "行政区域"),
    "line": ("业务条线", "领域", "隐患类别"),
    "target": ("整改目标", "整改标准", "整改要求"),
    "measure": ("整改措施", "采取的整改措施", "具体措施"),
    "commander": ("挂帅领导",),
    "lead_unit": (
        "主办单位",
        "责任单位",
        "被检查单位",
        "牵头单位",
        "牵头部门",
        "责任部门",
        "整改实施主体",
        "责任主体",
        "处置单位",
        "整治牵头单位",
    ),
    "co_units": ("协办单位", "配合单位", "配合部门", "会办单位", "整治参与单位"),
    "handler": ("责任人", "整改责任人", "经办人"),
    "limit": ("整改时限", "完成时限", "办结时限", "整改期限", "计划节点", "处置时限", "审计整改期限"),
    "progress": ("整改情况", "整改进展", "进展情况", "整改完成情况"),
    "state": ("状态", "完成情况", "整改状态", "是否办结", "是否销号"),
    "completed_at": ("完成日期", "整改完成时间", "实际完成时间"),
    "percent": ("完成进度", "进度"),
    "limit_text": ("时限原文",),
    "evidence": ("佐证材料", "证明材料", "附件"),
    "verifier": ("验收单位", "复查人", "整改验收单位"),
    "verdict": ("验收意见", "复查结果"),
    "closed_at": ("销号日期", "销号时间"),
    "feedback": ("反馈情况",),
    "satisfaction": ("满意度",),
    "rules_made": ("建章立制成果",),
    "remark": ("备注",),
}
"""The names that each field's column goes by in real ledgers, the usual one first."""

PROBLEM = (
    "问题描述",
    "整改任务",
    "存在问题",
    "存在的问题",
    "问题表现",
    "问题内容",
    "主要问题",
    "反馈问题",
    "审计发现的问题",
    "存在的问题或隐患",
    "存在隐患或问题",
)
"""Names of the column that says what is wrong: the title where a list has no other, else the description."""

REGISTERED = (
    "title",
    "description",
    "source",
    "found_at",
    "reporter",
    "contact",
    "problem_list",
    "lead_unit",
    "co_units",
    "handler",
    "limit",
    "limit_text",
    "external_no",
    "place",
    "line",
    "remark",
)
"""The fields that an import takes of what is known when a problem is registered."""

CAME_LATER: Mapping[str, str] = {
    "target": "objective",
    "measure": "measures",
    "commander": "commander",
    "progress": "outcome",
    "percent": "percent",
    "satisfaction": "satisfaction",
    "rules_made": "institution",
}
"""The fields that it takes of what came later, and the definition's field for each."""

IMPORTED = (
    *REGISTERED,
    *CAME_LATER,
    *("serial", "state", "registered_at", "assigned_at", "completed_at", "closed_at"),
)
"""All the fields that an import takes; by the last ones it finds the row again and says where it stood, and since when."""

AMBIGUOUS: Mapping[str, tuple[str, ...]] = {
    "完成时间": ("limit", "completed_at"),  # by when it is to be done, or when it was
    "责任领导": ("commander", "leader_in_charge"),
    "牵头领导": ("commander", "leader_in_charge"),
    "分管领导": ("commander", "leader_in_charge"),
}
"""Names that mean one field in one ledger and another in the next."""

IGNORE = "ignore"
"""The word that stands for FIELD in `--map` to leave a column out."""

_FIELD_OF = {header_key(name): field for field, names in NAMES.items() for name in names}
_PROBLEM = frozenset(map(header_key, PROBLEM))
_AMBIGUOUS = {header_key(name): fields for name, fields in AMBIGUOUS.items()}
_NTH = re.compile(r"(.+)#([1-9]\d?)")

_EPOCH_OF_EXCEL = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - civil time, as in the sheet
_FIRST_SERIAL, _LAST_SERIAL = 33604, 73050  # 1992 to 2099 as Excel counts days
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")
_CLOCK_ZH = re.compile(r"日\s*(\d{1,2})[时点](?:(\d{1,2})分?)?(?:(\d{1,2})秒)?")
_EXACT = 10**15  # a sheet holds no more digits of a number than this
_SENTENCE = re.compile(r"[。；！？\n]")


class RowFault(NamedTuple):
    """What is wrong with one cell of a list: row in the sheet, name of the column, text, a code and the reason.

    `cell` is its place (C5) where there is one, `sheet` the name of the sheet.
    """

    row: int
    column: str
    value: str
    code: str
    why: str = ""
    cell: str = ""
    sheet: str = ""


def parse_map(options: Iterable[str]) -> dict[str, str]:
    """Read `--map FIELD=列名` options; FIELD is an identifier or the field's usual Chinese name, or `ignore`.

    Raises Misused: `bad_map` with `text` and `allowed`, or `map_twice` with `field`.
    """
    explicit: dict[str, str] = {}
    for text in options:
        name, equals, column = text.replace("＝", "=", 1).partition("=")
        field = name.strip()
        if field not in (*IMPORTED, IGNORE):
            field = _FIELD_OF.get(header_key(field), field)
        if not equals or not column.strip() or field not in (*IMPORTED, IGNORE):
            raise Misused("bad_map", text=text, allowed=[*IMPORTED, IGNORE])
        if field == IGNORE and IGNORE in explicit:
            column = f"{explicit[IGNORE]},{column}"
        elif field in explicit:
            raise Misused("map_twice", field=field)
        explicit[field] = column.strip()
    return explicit


def parse_fields(names: Iterable[str]) -> tuple[str, ...]:
    """Read fields named by identifier or by their usual Chinese name; raises `Misused("bad_map")`."""
    found = []
    for name in names:
        field = name if name in IMPORTED else _FIELD_OF.get(header_key(name), "")
        if field not in IMPORTED:
            raise Misused("bad_map", text=name, allowed=list(IMPORTED))
        found.append(field)
    return tuple(found)


def wanted_names(explicit: Mapping[str, str]) -> frozenset[str]:
    """Give all column names by which the header row of a list may be known."""
    given = (name for field, column in explicit.items() for name in _names_given(field, column))
    known = (name for names in NAMES.values() for name in names)
    return frozenset((*known, *PROBLEM, *AMBIGUOUS, *given))


def map_columns(headers: Sequence[str], explicit: Mapping[str, str]) -> dict[str, int]:
    """Give for each field that the list has, of those in `IMPORTED`, the index of its column.

    What `explicit` says comes first; a name that occurs twice is told apart as 列名#2. There is always a title; where
    there is no description, `title_and_description` makes both from the title's column.
    Raises Misused: `bad_map`, `column_not_found`, `column_not_unique`, `column_twice`, `columns_compete`,
    `column_ambiguous`, `column_required`.
    """
    keys = [header_key(header) for header in headers]
    taken = _taken(headers, keys, explicit)
    mapping = {field: index for index, field in taken.items() if field != IGNORE}
    for field in IMPORTED:
        if field not in mapping:
            found = [i for i, key in enumerate(keys) if _FIELD_OF.get(key) == field and i not in taken]
            usual = [i for i in found if keys[i] == header_key(NAMES[field][0])]
            if len(found) > 1 and len(usual) != 1:
                raise Misused("columns_compete", field=field, columns=[headers[i] for i in found])
            if found:
                mapping[field] = (usual or found)[0]
    _add_problem(headers, [i for i, key in enumerate(keys) if key in _PROBLEM and i not in taken], mapping)
    for i, key in enumerate(keys):
        open_ = [field for field in _AMBIGUOUS.get(key, ()) if field not in mapping] if i not in taken else []
        if len(open_) == 1 and len(_AMBIGUOUS[key]) > 1 and open_[0] in IMPORTED:
            mapping[open_[0]] = i  # the other meaning has a column of its own
        elif any(field in IMPORTED for field in open_):
            raise Misused("column_ambiguous", column=headers[i], fields=list(_AMBIGUOUS[key]))
    if "title" not in mapping:
        raise Misused("column_required", field="title", headers=_named(headers))
    return mapping


def left_out(headers: Sequence[str], mapping: Mapping[str, int]) -> list[str]:
    """Give the names of the columns that nothing is imported from, so that nobody takes them for imported."""
    return [header for i, header in enumerate(headers) if header and i not in mapping.values()]


def as_text(value: Value) -> str:
    """Give a cell's value as text: 2549.0 is 2549, a date 2023-07-09, a blank cell nothing.

    Raises Misused `digits_lost` with `text` for a number so long that the sheet no longer holds its last digits.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if abs(value) >= _EXACT:
            raise Misused("digits_lost", text=_raw(value))
        return str(int(value)) if value == int(value) else repr(value)
    return _raw(value)


def as_line(value: Value) -> str:
    """Give a cell's value as text on one line: each run of blanks, tabs and line breaks becomes one blank."""
    return " ".join(as_text(value).split())


def as_block(value: Value) -> str:
    """Give a cell's value as text of several lines, without the tabs and blanks that web pages leave around each.

    The wide blanks that begin a Chinese paragraph stay.
    """
    return "\n".join(line.strip(" \t\r\xa0") for line in as_text(value).split("\n")).strip("\n")


def to_instant(value: Value) -> int:
    """Read a cell as an instant (µs): an Excel date, with a time or not, a date's number, or text in the usual forms.

    Raises Misused as `engine.clock.parse_instant` does.
    """
    if isinstance(value, dt.datetime):  # Excel keeps a fraction of a day, so the second is only nearly whole
        return from_datetime((value + dt.timedelta(microseconds=500_000)).replace(microsecond=0))
    if isinstance(value, dt.date):
        return start_of_day(value)
    if isinstance(value, bool) or value is None or isinstance(value, (dt.time, dt.timedelta)):
        raise Misused("bad_instant", text=_raw(value))
    text = unicodedata.normalize("NFKC", as_line(value))
    if re.fullmatch(r"\d{5}(\.\d+)?", text, re.ASCII) and _FIRST_SERIAL <= float(text) < _LAST_SERIAL + 1:
        return to_instant(_EPOCH_OF_EXCEL + dt.timedelta(days=float(text)))
    if day := _DAY.fullmatch(text):
        return parse_instant("-".join(day.groups()))
    return parse_instant(_CLOCK_ZH.sub(_western_clock, text))


def title_and_description(text: str, most: int = 60) -> tuple[str, str]:
    """Split the only text that a list has for a problem: a title of so many characters, and the whole if longer."""
    whole = text.strip()
    line = " ".join(whole.split())
    if len(line) <= most:
        return line, ""
    first = " ".join(_SENTENCE.split(whole, maxsplit=1)[0].split())
    return (first if len(first) <= most else first[: most - 1] + "…"), whole


def _names_given(field: str, column: str) -> list[str]:
    """Give the names in one explicit entry: one, or for `ignore` any number, set apart by commas."""
    names = re.split(r"[,，、]", column) if field == IGNORE else [column]
    return [name.strip() for name in names if name.strip()]


def _taken(headers: Sequence[str], keys: Sequence[str], explicit: Mapping[str, str]) -> dict[int, str]:
    """Give the field, or `ignore`, of each column that is spoken for."""
    taken: dict[int, str] = {}
    for field, column in explicit.items():
        if field not in (*IMPORTED, IGNORE):
            raise Misused("bad_map", text=f"{field}={column}", allowed=[*IMPORTED, IGNORE])
        for name in _names_given(field, column):
            index = _find(name, keys, headers)
            if index in taken:
                raise Misused("column_twice", column=headers[index], fields=[taken[index], field])
            taken[index] = field
    return taken


def _add_problem(headers: Sequence[str], found: Sequence[int], mapping: dict[str, int]) -> None:
    """Use the column that says what is wrong for the first of title and description that has none."""
    free = [field for field in ("title", "description") if field not in mapping]
    if free and len(found) > 1:
        raise Misused("columns_compete", field=free[0], columns=[headers[i] for i in found])
    if free and found:
        mapping[free[0]] = found[0]


def _find(name: str, keys: Sequence[str], headers: Sequence[str]) -> int:
    found = [i for i, key in enumerate(keys) if key == header_key(name)]
    if not found and (nth := _NTH.fullmatch(name)):
        same = [i for i, key in enumerate(keys) if key == header_key(nth.group(1))]
        found = same[int(nth.group(2)) - 1 :][:1]
    if not found:
        raise Misused("column_not_found", column=name, headers=_named(headers))
    if len(found) > 1:
        raise Misused("column_not_unique", column=name, count=len(found))
    return found[0]


def _named(headers: Sequence[str]) -> list[str]:
    return [header for header in headers if header]


def _raw(value: Value) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, bool):
        return "是" if value else "否"
    return "" if value is None else str(value)


def _western_clock(match: re.Match[str]) -> str:
    hour, minute, second = match.groups()
    return f"日 {hour}:{int(minute or 0):02}" + (f":{int(second):02}" if second else "")
