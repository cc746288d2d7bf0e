"""Instants, civil time in Shanghai, and the only place that asks what time it is.

An instant is an `int`: microseconds of UTC since 1970. Shanghai has kept UTC+8 without summer time since 1992, so
civil time is plain arithmetic for every instant held here (1992-2099); what lies outside is refused rather than read
an hour wrong.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, timezone

from engine.errors import Misused

SECOND = 1_000_000
"""One second in microseconds."""
MINUTE = 60 * SECOND
"""One minute in microseconds."""
HOUR = 60 * MINUTE
"""One hour in microseconds."""
DAY = 24 * HOUR
"""One day in microseconds."""
SHANGHAI_OFFSET = 8 * HOUR
"""What Shanghai's civil time is ahead of UTC, in microseconds."""
FIRST_DAY = date(1992, 1, 1).toordinal()
"""Ordinal of the first day that can be held: China had summer time until 1991."""
LAST_DAY = date(2099, 12, 31).toordinal()
"""Ordinal of the last day that can be held: a later one is taken for a slip of the pen."""

_SHANGHAI = timezone(timedelta(hours=8))
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CIVIL_EPOCH = datetime(1970, 1, 1, 8)  # noqa: DTZ001 - as Shanghai's clocks showed it, for what is written with its offset
_AWARE_EPOCH = _CIVIL_EPOCH.replace(tzinfo=_SHANGHAI)
_MICROSECOND = timedelta(microseconds=1)
_TO_CIVIL = SHANGHAI_OFFSET + _EPOCH_DAY * DAY
_FIRST = FIRST_DAY * DAY - _TO_CIVIL
_END = (LAST_DAY + 1) * DAY - _TO_CIVIL

# 2023年5月8日 with its characters as escapes: they are syntax here, and no display text may stand in this package
_INSTANT = (
    r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|\u5e74(\d{1,2})\u6708(\d{1,2})\u65e5)"
    r"(?:(?:[T ]|(?<=\u65e5))(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}:?\d{2})?)?"
)


def civil(at: int) -> datetime:
    """Return an instant (µs) as Shanghai's civil time, aware, fixed at +08:00."""
    return _AWARE_EPOCH + timedelta(0, 0, at)


def day_of(at: int) -> date:
    """Return the civil day that an instant (µs) falls on; 24:00 is already the next day."""
    return date.fromordinal(ordinal_of(at))


def ordinal_of(at: int) -> int:
    """Return the proleptic ordinal (1 = 0001-01-01) of the civil day that an instant (µs) falls on."""
    return (at + _TO_CIVIL) // DAY


def closing_ordinal(at: int) -> int:
    """Return the ordinal of the day that a due moment (µs) closes: 24:00 belongs to the day it ends."""
    return (at + _TO_CIVIL - 1) // DAY


def time_of_day(at: int) -> int:
    """Return how long (µs) after its civil midnight an instant (µs) lies."""
    return (at + _TO_CIVIL) % DAY


def start_of_day(day: date | int) -> int:
    """Return the instant (µs) of a civil day's 00:00; the day is a date or its ordinal.

    Raises `Misused` (`instant_out_of_range`) outside 1992-2099.
    """
    return _held((day if isinstance(day, int) else day.toordinal()) * DAY - _TO_CIVIL, day)


def instant(day: date, hour: int = 0, minute: int = 0) -> int:
    """Return the instant (µs) of a civil day's hour and minute. Raises `Misused` outside 1992-2099."""
    return start_of_day(day) + hour * HOUR + minute * MINUTE


def from_datetime(moment: datetime) -> int:
    """Return a datetime's instant (µs), exactly; a naive one is read as Shanghai's civil time.

    Raises `Misused` (`instant_out_of_range`) outside 1992-2099.
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=_SHANGHAI)
    return _held((aware - _EPOCH) // _MICROSECOND, moment.isoformat())


def parse_instant(text: str) -> int:
    """Read an instant (µs): '2023-05-08', '2023/5/8 9:30:12', '2023.5.8', '2023年5月8日 9:30', ISO 8601.

    A bare date is its 00:00, a time without an offset is Shanghai's. Raises `Misused`: `bad_instant` when it cannot
    be read, `instant_out_of_range` outside 1992-2099.
    """
    if len(text) == 10 and text[4] == text[7] == "-":  # noqa: PLR2004 - 2023-05-08 needs no pattern, slow to compile
        try:
            return start_of_day(date.fromisoformat(text))
        except ValueError:
            raise Misused("bad_instant", text=text) from None
    import re  # noqa: PLC0415 - only reading needs it

    found = re.fullmatch(_INSTANT, text.strip(), re.ASCII)
    if not found:
        raise Misused("bad_instant", text=text)
    year, _, month, day, month_zh, day_zh, hour, minute, second, fraction, offset = found.groups()
    try:
        moment = datetime(  # noqa: DTZ001 - from_datetime reads a naive one as Shanghai's
            int(year),
            int(month or month_zh),
            int(day or day_zh),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "").ljust(6, "0")),
        )
        if offset:
            moment = moment.replace(tzinfo=_offset(offset))
    except ValueError:
        raise Misused("bad_instant", text=text) from None
    return from_datetime(moment)


def iso(at: int) -> str:
    """Write an instant (µs) as '2023-05-08T09:30:00+08:00'; microseconds only when there are any."""
    return (_CIVIL_EPOCH + timedelta(0, 0, at)).isoformat() + "+08:00"


class SystemTime:
    """The computer's clock."""

    def now(self) -> int:
        """Return the present instant (µs)."""
        return time.time_ns() // 1000


def elapsed() -> int:
    """Return the microseconds of a clock that nobody sets; it counts a sleeping machine's time where the system can tell (Linux)."""
    with_sleep = getattr(time, "CLOCK_BOOTTIME", None)
    return (time.monotonic_ns() if with_sleep is None else time.clock_gettime_ns(with_sleep)) // 1000


class SteppedTime:
    """A clock that stands still until it is moved: for trials, forecasts and tests. It never goes back."""

    def __init__(self, at: int) -> None:
        """Stand at an instant (µs). Raises `Misused` outside 1992-2099."""
        self._at = _held(at, at)

    def now(self) -> int:
        """Return the instant (µs) it stands at."""
        return self._at

    def set(self, at: int) -> None:
        """Move to an instant (µs). Raises `Misused` (`time_goes_back`) when that is earlier than now."""
        if at < self._at:
            raise Misused("time_goes_back", now=iso(self._at), text=iso(at))
        self._at = _held(at, at)

    def advance(self, by: int) -> None:
        """Move on by a length of time (µs). Raises `Misused` (`time_goes_back`) when it is negative."""
        self.set(self._at + by)


def _held(at: int, given: object) -> int:
    """Return the instant if it can be held."""
    if _FIRST <= at < _END:
        return at
    raise Misused("instant_out_of_range", text=str(given))


def _offset(text: str) -> timezone:
    """Read 'Z', '+08:00' or '-0330'; `ValueError` when it is no offset."""
    if text == "Z":
        return UTC
    minutes = int(text[-2:])
    if minutes > 59:  # noqa: PLR2004 - minutes of an hour
        raise ValueError(text)
    size = timedelta(hours=int(text[1:3]), minutes=minutes)
    return timezone(size if text[0] == "+" else -size)
