"""Whether the machine's clock can be believed: compared inside a process with a clock nobody sets, and over a restart with the database.

A clock that was set fires nothing: whoever runs on it stops, and goes on when a person has said that the new time is right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.canonical import canonical
from engine.clock import DAY, MINUTE
from engine.errors import Unavailable
from engine.event import DONE, Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.context import Hand
    from engine.ports import Reader, Store, TimeSource

STEP = 5 * MINUTE
"""How far (µs) a clock may be set at once, or lie behind the last entry, without a question: a clock kept by NTP stays well within."""

GAP = 14 * DAY
"""After how long (µs) in which the database saw nothing a heartbeat asks whether the clock is right."""

SEEN, DOUBTED = "last_seen", "clock_doubted"
"""Settings: the last moment a heartbeat saw (µs), and the moment (µs) to which a clock had been set when one stopped."""

ACCEPT = "accept_clock"


class ClockDoubted(Unavailable):
    """The machine's clock may be wrong: `clock_stepped`, `clock_behind` or `clock_ahead`."""


class Watch:
    """A time source that notices when the clock it reads is set.

    Each reading is held against the one before it, so that a clock which is slewed by little and little gives no alarm however long
    the process lives. Once it has been set it stays doubted.
    """

    def __init__(self, time: TimeSource, elapsed: Callable[[], int]) -> None:
        """Watch a clock; `elapsed` gives the microseconds of one that nobody sets."""
        self._time, self._elapsed = time, elapsed
        self._before = time.now(), elapsed()

    def now(self) -> int:
        """Return the present instant (µs); raises `ClockDoubted("clock_stepped")` when the clock was set since the last reading."""
        now, elapsed = self._time.now(), self._elapsed()
        wall, counted = self._before
        expected = wall + elapsed - counted
        if abs(now - expected) > STEP:
            raise ClockDoubted("clock_stepped", expected_at=expected, now_at=now)
        self._before = now, elapsed
        return now


def not_before(now: int, last: int) -> int:
    """Return the moment of a command, never before the last entry: the record's order does not lie.

    Raises `ClockDoubted("clock_behind")` when the clock lies more than `STEP` behind it.
    """
    if last - now > STEP:
        raise ClockDoubted("clock_behind", now_at=now, last_at=last)
    return max(now, last)


def seen(reader: Reader) -> int:
    """Return the last moment (µs) the database saw: that of the last entry or of a heartbeat; 0 when there is none."""
    return max(reader.last_at(), int(reader.setting(SEEN) or 0))


def examine(reader: Reader, now: int) -> None:
    """Hold the clock against the last moment the database saw, as a heartbeat does before it begins.

    Raises `ClockDoubted`: `clock_behind`, `clock_ahead`, or `clock_stepped` when a heartbeat stopped because the clock was set, and it
    has not been set back since.
    """
    last = seen(reader)
    not_before(now, last)
    if last and now - last > GAP:
        raise ClockDoubted("clock_ahead", now_at=now, last_at=last, days=(now - last) // DAY)
    doubted = int(reader.setting(DOUBTED) or 0)
    if doubted and now >= doubted - STEP:
        raise ClockDoubted("clock_stepped", expected_at=last, now_at=now)


def keep_seen(store: Store, now: int) -> None:
    """Keep the moment (µs) a heartbeat has seen, at most once a minute; a clock it may run on is doubted no more."""
    with store.read() as reader:
        if now - int(reader.setting(SEEN) or 0) < MINUTE and not reader.setting(DOUBTED):
            return
    with store.write() as writer:
        writer.put_setting(SEEN, str(now))
        writer.put_setting(DOUBTED, "")


def keep_doubt(store: Store, doubt: ClockDoubted) -> None:
    """Keep to what a clock had been set forward, so that a restart does not take that for a night's rest."""
    now, expected = doubt.data.get("now_at"), doubt.data.get("expected_at")
    if isinstance(now, int) and isinstance(expected, int) and now > expected:
        with store.write() as writer:
            writer.put_setting(DOUBTED, str(now))


def accept(store: Store, now: int, hand: Hand) -> None:
    """Record that a person says the clock is right, with the last moment seen and the present one (µs): time goes on from here."""
    with store.write() as writer:
        body = canonical({"last_at": seen(writer), "now_at": now})
        writer.append(
            [Event(0, 0, ACCEPT, DONE, now, now, hand.decider, hand.enterer, hand.basis, hand.command_id, "", "", body)]
        )
        writer.put_setting(SEEN, str(now))
        writer.put_setting(DOUBTED, "")
