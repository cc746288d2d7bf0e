"""Reading of Chinese limit texts into the engine's codes, and writing them back: policy, not mechanism.

The rule: never guess. What can be read only on an assumption is read with a note that states it; what has two
readings, or none, has no code and a note, so that the item is listed as 时限待明确 and a person decides.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import NamedTuple

from engine import limit
from engine.clock import FIRST_DAY, LAST_DAY
from engine.errors import Misused

UNREADABLE = "未能读出时限"
"""The note of a text that is no limit at all."""


class Reading(NamedTuple):
    """What a limit text was read as.

    `code` is the engine's code, or None when a person must say; `longterm` whether the text adds 长期坚持; `note` is
    what the reading assumed or why there is none, in Chinese, empty when nothing was assumed.
    """

    code: str | None
    longterm: bool
    note: str


class Readings(NamedTuple):
    """How an office reads what limit texts leave open: a setting of its database, shown wherever a text leaned on it.

    `bare_days` is what 天 and 日 alone mean and `urgent_days` 紧急工作日 ("d" or "wd"), `bare_hours` what 小时 alone means
    ("h" or "wh"); `year` is the year of a date without one: "2023", the activity's, or "" for that of the reading.
    """

    bare_days: str = "d"
    bare_hours: str = "h"
    urgent_days: str = "d"
    year: str = ""


UNIT_WORDS = {"d": "自然日", "wd": "工作日", "h": "连续小时", "wh": "工作小时"}
"""What each unit that a setting may name is called."""

WRITTEN = {"bare_days": "“天”“日”", "bare_hours": "“小时”", "urgent_days": "“紧急工作日”", "year": "未写年份"}
"""What each setting is about, as it stands in a text."""

_MAY_BE = {"bare_days": ("d", "wd"), "bare_hours": ("h", "wh"), "urgent_days": ("d", "wd")}
AS_SHIPPED = Readings()


def readings_of(text: str | None) -> Readings:
    """Read the setting as it is kept (JSON), the shipped one when there is none; raises `Misused` (`bad_setting`)."""
    if not text:
        return AS_SHIPPED
    try:
        found = Readings(**json.loads(text))
    except (TypeError, ValueError):
        raise Misused("bad_setting", name="时限读法", text=text, among=list(WRITTEN)) from None
    return checked_readings(found)


def checked_readings(readings: Readings) -> Readings:
    """Return the readings when each is one that there is; raises `Misused` (`bad_setting`)."""
    for name, among in _MAY_BE.items():
        value = getattr(readings, name)
        if value not in among:
            raise Misused("bad_setting", name=WRITTEN[name], text=value, among=[UNIT_WORDS[unit] for unit in among])
    years = range(date.fromordinal(FIRST_DAY).year, date.fromordinal(LAST_DAY).year + 1)
    if readings.year and readings.year not in map(str, years):
        raise Misused(
            "bad_setting", name=WRITTEN["year"], text=readings.year, among=["当年", f"{years[0]} 至 {years[-1]}"]
        )
    return readings


def reading_words(readings: Readings) -> dict[str, str]:
    """Say how each thing is read: setting → 按工作日计."""
    words = {name: f"按{UNIT_WORDS[getattr(readings, name)]}计" for name in _MAY_BE}
    return words | {"year": f"按{readings.year}年计" if readings.year else "按读入当年计"}


_WIDE = str.maketrans("０１２３４５６７８９：／．－（），；　", "0123456789:/.-(),; ")
_DIGITS = {digit: value for value, digit in enumerate("一二三四五六七八九", 1)}
_NUMBER = r"(\d{1,4}|[一二两三四五六七八九十]+)"
_BEFORE = "(之前|以前|前)?"
_DONE = "(?:完成|办结)?"
_YYYY = r"((?:19|20)\d\d)"
_YEAR = rf"(?:{_YYYY}年|([今本]年))?"
_TIME = re.compile(r"[ T]((?:[01]?\d|2[0-4]):[0-5]\d)(?::[0-5]\d)?(?:\.\d+)?$", re.ASCII)

_UNITS = {
    "工作日": "wd",
    "工作天": "wd",
    "自然日": "d",
    "日历日": "d",
    "日历天": "d",
    "日(自然日)": "d",
    "紧急工作时": "h",
    "紧急工作小时": "h",
    "连续小时": "h",
    "小时(连续)": "h",
    "工作时": "wh",
    "工作小时": "wh",
}
_LEFT_OPEN = {"天": "bare_days", "日": "bare_days", "小时": "bare_hours", "紧急工作日": "urgent_days"}
# "3月" is March and "23年" the year 2023: a month needs its 个, a year is one figure or one numeral
_LENGTH = re.compile(
    rf"{_NUMBER}个?({'|'.join(map(re.escape, [*_UNITS, *_LEFT_OPEN]))})(?:以内|之内|内)?{_DONE}"
    rf"|{_NUMBER}个月(?:以内|之内|内)?{_DONE}|([1-9一二两三四五六七八九十])年(?:以内|之内|内)?{_DONE}",
    re.ASCII,
)
_DAY = re.compile(
    rf"(?:{_YYYY}([-/.])(\d{{1,2}})\2(\d{{1,2}})|{_YEAR}(\d{{1,2}})月(\d{{1,2}})[日号]){_BEFORE}{_DONE}",
    re.ASCII,
)
_MONTH_END = re.compile(rf"{_YEAR}(\d{{1,2}})月[底末]{_BEFORE}{_DONE}", re.ASCII)
_YEAR_END = re.compile(rf"(?=.*年){_YEAR}年?底{_BEFORE}{_DONE}", re.ASCII)
_MONTH_ONLY = re.compile(rf"{_YEAR}(\d{{1,2}})月份?{_BEFORE}{_DONE}", re.ASCII)
_YEAR_ONLY = re.compile(rf"{_YYYY}年{_BEFORE}{_DONE}", re.ASCII)
_LONGTERM = re.compile("[,;、]?并?长期坚持$")
_CONDITION = re.compile(r"([^\d.\-~一二两三四五六七八九十百千万半零〇至到或]+)(\S+)", re.ASCII)
_NO_LIMIT = ("立行立改", "即知即改", "按照时间节点", "按时间节点")


def read_limit(text: str, *, today: date, readings: Readings = AS_SHIPPED) -> Reading:
    """Read a limit text of a ledger or a rule: '5个工作日', '2025年底前，并长期坚持', '2023.8.31', a code.

    `readings` are the office's; without a year of the activity among them, `today` gives the year where none is
    written. A text is never an error.
    """
    plain = text.translate(_WIDE).strip()
    time = _TIME.search(plain)
    if time:
        plain = plain[: time.start()]
    plain = "".join(plain.split())
    cut = _LONGTERM.search(plain)
    if cut:
        plain = plain[: cut.start()]
    if cut and not plain:
        return Reading(None, longterm=True, note="长期坚持：未写明期限")
    code, note = _read(plain, today, readings)
    if time and (not code or limit.parse(code).unit != "on"):
        code, note = None, UNREADABLE  # a time of day belongs to a date
    elif time and time[1].lstrip("0:"):
        note = _joined(note, f"时刻{time[1]}未计入，按当日下班时到期")
    return Reading(code, longterm=bool(cut), note=note)


def limit_title(code: str) -> str:
    """Write a limit's code for people: '5个工作日', '15日(自然日)', '2小时(连续)', '4个工作小时', '1个月', '2023年8月31日'.

    `read_limit` reads each of them back as the same code. Raises `Misused` (`bad_limit`) for what is no code.
    """
    amount, unit = limit.parse(code)
    if unit == "on":
        day = date.fromordinal(amount)
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{amount}{_TITLES[unit]}"


_TITLES = {"h": "小时(连续)", "wh": "个工作小时", "wd": "个工作日", "d": "日(自然日)", "mo": "个月"}


def _read(text: str, today: date, readings: Readings) -> tuple[str | None, str]:
    """Read a text without spaces, time of day and 长期坚持: code or None, and the note."""
    code = _code(text)
    if code:
        return code, ""
    if text == "半年":
        return "6mo", ""
    year = int(readings.year or today.year)
    found = _length(text, readings) or _date(text, today, year) or _vague(text, year)
    if found:
        return found
    condition = _CONDITION.fullmatch(text)
    if condition and _length(condition[2], readings):
        return None, f"“{condition[1]}”含义须明确，“{condition[2]}”未作时限"
    return None, UNREADABLE


def _length(text: str, readings: Readings) -> tuple[str | None, str] | None:
    """Read a number with its unit, or return None when the text is none."""
    found = _LENGTH.fullmatch(text)
    if not found:
        return None
    amount, word, months, years = found.groups()
    number = _number(amount or months or years)
    if number is None:
        return None
    note = ""
    if months:
        unit = "mo"
    elif years:
        number, unit = number * 12, "mo"
    elif word in _UNITS:
        unit = _UNITS[word]
    else:
        unit = getattr(readings, _LEFT_OPEN[word])
        note = f"“{word}”按{UNIT_WORDS[unit]}计"
    code = _code(f"{number}{unit}")
    return (code, note) if code else None


def _date(text: str, today: date, assumed_year: int) -> tuple[str | None, str] | None:
    """Read a date, a month's end or a year's end, or return None when the text is none."""
    note = ""
    if found := _DAY.fullmatch(text):
        year, _, month, day, year_zh, this, month_zh, day_zh, before = found.groups()
        year, month, day = year or year_zh, int(month or month_zh), int(day or day_zh)
        note = "“前”按含当日计" if before else ""
    elif found := _MONTH_END.fullmatch(text):
        year, this, month, _ = found.groups()
        month, day = int(month), 0
    elif found := _YEAR_END.fullmatch(text):
        year, this, _ = found.groups()
        month, day = 12, 31
    else:
        return None
    try:
        on = _end_of_month(int(year or assumed_year), month) if not day else date(int(year or assumed_year), month, day)
    except ValueError:
        return None, f"没有这一天：{text}"
    code = _code(on.isoformat())
    if not code:
        return None, UNREADABLE
    if not year:
        assumed = f"“{this}”按{on.year}年计" if this else f"未写年份，按{on.year}年计"
        note = _joined(assumed + ("，该日已过" if on < today else ""), note)
    return code, note


def _vague(text: str, assumed_year: int) -> tuple[None, str] | None:
    """Say what is missing in a text that names no day, or return None."""
    if text in _NO_LIMIT:
        return None, f"{text}：未写明期限"
    if found := _MONTH_ONLY.fullmatch(text):
        year, _, month, before = found.groups()
        if not 1 <= int(month) <= 12:  # noqa: PLR2004 - months
            return None
        end = _end_of_month(int(year or assumed_year), int(month))
        earlier = date.fromordinal(end.replace(day=1).toordinal() - 1)
        missing = "只写到月份"
    elif found := _YEAR_ONLY.fullmatch(text):
        year, before = found.groups()
        earlier, end = date(int(year) - 1, 12, 31), date(int(year), 12, 31)
        missing = "只写到年份"
    else:
        return None
    if before:
        return None, f"“{text}”有两种读法：{earlier}或{end}，请明确"
    return None, f"{missing}，请写明日期（如{end}）"


def _code(text: str) -> str | None:
    """Return the canonical form of a code, or None when the text is none."""
    try:
        return limit.code(limit.parse(text))
    except Misused:
        return None


def _number(text: str) -> int | None:
    """Read plain digits, or a Chinese numeral up to 99; None when it is neither."""
    if text.isdigit():
        return int(text)
    if text == "两":
        return 2
    tens, ten, ones = text.rpartition("十")
    if tens not in {"", *_DIGITS} or ones not in {"", *_DIGITS} or not (ten or ones):
        return None
    return (_DIGITS.get(tens, 1) * 10 if ten else 0) + _DIGITS.get(ones, 0)


def _end_of_month(year: int, month: int) -> date:
    """Return a month's last day; `ValueError` when there is no such month."""
    date(year, month, 1)
    after = date(year, month + 1, 1) if month < 12 else date(year + 1, 1, 1)  # noqa: PLR2004 - December
    return date.fromordinal(after.toordinal() - 1)


def _joined(*notes: str) -> str:
    """Join the notes that say something."""
    return "；".join(filter(None, notes))
