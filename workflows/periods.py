"""How often a task comes round, as an office writes it (每月、每两周) and as it is kept (1mo, 2w)."""

from __future__ import annotations

import re

from engine.recurrence import parse

ONCE = "99mo"
"""A task that is done once: one period, which ends with the task."""

_WORDS = {"一次": ONCE, "一次性": ONCE, "每季": "3mo", "每季度": "3mo", "每半年": "6mo", "每年": "12mo"}
_UNITS = {"个月": "mo", "月": "mo", "周": "w", "星期": "w", "天": "d", "日": "d"}
_DIGITS = {
    "": "1",
    "一": "1",
    "两": "2",
    "二": "2",
    "三": "3",
    "四": "4",
    "五": "5",
    "六": "6",
    "七": "7",
    "八": "8",
    "九": "9",
    "十": "10",
}
_EVERY = re.compile(r"每(\d{0,2}|[一两二三四五六七八九十])(个月|月|周|星期|天|日)(?:一次)?")


def period_code(text: str) -> str:
    """Read how often: 每月, 每两周, 每季度, 一次; whatever else is left as it is, for the engine to read or refuse."""
    plain = text.strip().replace(" ", "")
    found = _EVERY.fullmatch(plain)
    if found:
        amount, unit = found.groups()
        return f"{_DIGITS.get(amount, amount)}{_UNITS[unit]}"
    return _WORDS.get(plain, plain)


def period_title(code: str) -> str:
    """Write how often: 1mo → 每月, 2w → 每2周, 99mo → 一次."""
    if code == ONCE:
        return "一次"
    amount, unit = parse(code)
    if amount == 1:
        return {"mo": "每月", "w": "每周", "d": "每天"}[unit]
    return f"每{amount}{({'mo': '个月', 'w': '周', 'd': '天'})[unit]}"
