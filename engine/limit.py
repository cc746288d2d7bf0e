"""Limits and offsets with their unit always written out: `2h 4wh 5wd 15d 1mo 2023-08-31`, `+1wd`, `near`.

Only these codes are read here. Chinese limit texts are policy and are read in `workflows/limits.py`.
"""

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
from datetime import date
from typing import NamedTuple

from engine.clock import FIRST_DAY, LAST_DAY
from engine.errors import Misused

UNITS = ("h", "wh", "wd", "d", "mo")
"""Units of a length: continuous hours, working hours, working days, calendar days, months."""
MOST = 9999
"""The largest amount of a limit or an offset."""


class Limit(NamedTuple):
    """A length of time allowed, or a fixed date.

    `unit` is one of `UNITS`, or "on" for a date, of which `amount` is then the proleptic ordinal.
    """

    amount: int
    unit: str


class Offset(NamedTuple):
    """Where a rung stands, measured from the due moment: before it when `amount` is negative.

    `unit` is one of `UNITS`; the due moment itself is `Offset(0, "h")`. `NEAR` is a rule of its own: when 80 % of the
    counted time is used, and in any case one working day before the due moment.
    """

    amount: int
    unit: str


NEAR = Offset(0, "near")
"""The offset written 'near'."""


def parse(code: str) -> Limit:
    """Read a limit's code: '2h', '4wh', '5wd', '15d', '1mo', '1y' (12 months) or a date '2023-08-31'.

    Amounts are 1 to 9999, without sign or leading zero; dates are 1992 to 2099. Raises `Misused` (`bad_limit`) for
    anything else.
    """
    length = _length(code)
    if length:
        return Limit(*length)
    head = code[:-1]
    if code[-1:] == "y" and _is_amount(head) and int(head) * 12 <= MOST:
        return Limit(int(head) * 12, "mo")
    try:
        day = date.fromisoformat(code)
    except ValueError:
        raise Misused("bad_limit", text=code) from None
    # fromisoformat also reads 20230831 and week dates: one spelling only
    if day.isoformat() != code or not FIRST_DAY <= day.toordinal() <= LAST_DAY:
        raise Misused("bad_limit", text=code)
    return Limit(day.toordinal(), "on")


def code(limit: Limit) -> str:
    """Write a limit's code: the inverse of `parse` (a year is written as 12mo)."""
    if limit.unit == "on":
        return date.fromordinal(limit.amount).isoformat()
    return f"{limit.amount}{limit.unit}"


def parse_offset(text: str) -> Offset:
    """Read a rung's offset: '+1wd', '-2h', '0' (the due moment itself) or 'near'.

    The sign is always written. Raises `Misused` (`bad_offset`) for anything else.
    """
    if text == "near":
        return NEAR
    if text == "0":
        return Offset(0, "h")
    length = _length(text[1:]) if text[:1] in {"+", "-"} else None
    if not length:
        raise Misused("bad_offset", text=text)
    amount, unit = length
    return Offset(-amount if text[0] == "-" else amount, unit)


def _length(text: str) -> tuple[int, str] | None:
    """Split '5wd' into amount and unit, or return None."""
    head = text.rstrip("hwdmo")
    unit = text[len(head) :]
    return (int(head), unit) if unit in UNITS and _is_amount(head) else None


def _is_amount(text: str) -> bool:
    """Whether the text is 1 to 9999 in plain digits."""
    return len(text) <= len(str(MOST)) and text.isascii() and text.isdigit() and text[0] != "0"
