"""Whether anything has slid: a few ratios, within bands so wide that a busy machine passes them.

    python -m benchmarks.quick

A minute or less. What has to be met is in `docs/performance.md`; here only a change for the worse by half and more is found. A ratio out
of its band is measured again, twice at most, and the least counts.
"""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import advance, startup, tick
from benchmarks.figure import WORK
from benchmarks.multiplied import petitions
from engine.clock import SteppedTime
from engine.office import Office
from storage import connection

if TYPE_CHECKING:
    from collections.abc import Callable

TRIES = 3


class Band(NamedTuple):
    """A ratio and the most that it may be."""

    name: str
    most: float
    measure: Callable[[], float]


def least_of(band: Band, tries: int = TRIES) -> float:
    """Return the ratio, or where it is out of its band the least of some tries."""
    least = float("inf")
    for _ in range(tries):
        least = min(least, band.measure())
        if least <= band.most:
            break
    return least


def judged(bands: list[Band], tell: Callable[[str], None]) -> int:
    """Measure all; tell each and return how many are out of their bands."""
    late = 0
    for band in bands:
        ratio = least_of(band)
        late += ratio > band.most
        tell(f"{'ok  ' if ratio <= band.most else 'SLID'}  {band.name:46} {ratio:5.2f} ×   (at most {band.most:g})")
    return late


def act_against_floor(sync: str) -> float:
    """Return how many times the floor a durable act takes."""
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        seen = advance.one_round(Path(folder), 40, sync, [])
    return statistics.median(each["ours"] / each["floor"] for each in seen)


def start(work: str) -> float:
    """Return how many times the bare interpreter a command takes."""
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        database = startup.prepare(Path(folder), 8)
        seen = [startup.one_round(number, database, {}) for number in range(1, 8)]
    return statistics.median(each[work] / each["bare"] for each in seen)


def beat(items: int) -> float:
    """Return the seconds of an idle beat."""
    with petitions(items) as store:
        office = Office(store, SteppedTime(tick.NOW))
        return tick.median_of(office.tick, 500)


def beat_against_question() -> float:
    """Return how many times the bare question an idle beat takes."""
    with petitions(FEW) as store, closing(connection.connect(store.path)) as opened:
        office = Office(store, SteppedTime(tick.NOW))
        return tick.median_of(office.tick, 500) / tick.median_of(partial(tick.asked, opened), 500)


FEW, MANY = 1000, 50_000
BANDS = [
    Band("siban --help, beside python -c pass", 8, lambda: start("siban --help")),
    Band("one act as a process, beside python -c pass", 10, lambda: start("one act on SQLite")),
    Band("a durable act, beside the same rows by hand", 2.6, lambda: act_against_floor("FULL")),
    Band("the same without the disk", 3.2, lambda: act_against_floor("NORMAL")),
    Band("an idle beat, beside the bare question", 5, beat_against_question),
    Band(f"an idle beat, {MANY:,} items beside {FEW:,}", 2, lambda: beat(MANY) / beat(FEW)),
]


def main() -> int:
    """Measure; the exit status is 1 where something has slid."""
    gc.disable()  # as cli.py does
    WORK.mkdir(exist_ok=True)
    return 1 if judged(BANDS, partial(print, flush=True)) else 0


if __name__ == "__main__":
    sys.exit(main())
