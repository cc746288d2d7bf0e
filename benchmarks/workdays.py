"""What adding n working days costs, beside a plain loop day by day over the same table.

    python benchmarks/workdays.py [--rounds 7]

Prints the median time of one addition for n = 1, 10, 1000 and 5000, the loop's, and how many times faster it is; then the
same with office hours that changed every year. Must hold: less than 5 µs whatever n.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.calendar import Calendar, Period
from engine.limit import Limit
from workflows.calendars import shipped_edition

if TYPE_CHECKING:
    from collections.abc import Callable

START = date(2007, 1, 4).toordinal()
AMOUNTS = (1, 10, 1000, 5000)


def plain_loop(off: set[int], work: set[int], start: int, amount: int) -> int:
    """Count working days one by one."""
    day = start
    while amount:
        day += 1
        if day in work or (day % 7 not in {0, 6} and day not in off):
            amount -= 1
    return day


def cost(ask: Callable[[], object], rounds: int) -> float:
    """Return the median µs of one call."""
    begun = time.perf_counter()
    ask()
    calls = max(1, int(0.02 / max(time.perf_counter() - begun, 1e-7)))
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        for _ in range(calls):
            ask()
        taken.append((time.perf_counter() - begun) / calls)
    return statistics.median(taken) * 1e6


def main() -> None:
    """Measure, and compare the answers too."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    edition = shipped_edition()
    changing = tuple(Period(date(year, 6, 1).toordinal(), edition.hours[0].sessions) for year in range(2007, 2030))
    calendar, changed = Calendar(edition), Calendar(edition._replace(hours=(edition.hours[0], *changing)))
    kinds = {day: calendar.reason(day)[0] for day in range(START, START + 2 * AMOUNTS[-1])}
    off = {day for day, kind in kinds.items() if kind in {"holiday", "statutory_provisional"}}
    work = {day for day, kind in kinds.items() if kind == "makeup"}
    at = calendar.opening(calendar.close_of(START - 1))
    print(
        f"{'working days':>12}  {'add':>8}  {'due':>8}  {'due, hours changing':>20}  {'plain loop':>12}  {'times':>8}"
    )
    for amount in AMOUNTS:
        limit = Limit(amount, "wd")
        reached = plain_loop(off, work, START, amount)
        if not reached == calendar.add_workdays(START, amount) == changed.add_workdays(START, amount):
            print(f"{amount}: the loop ends on {date.fromordinal(reached)}, the calendar elsewhere")
            sys.exit(1)
        add = cost(lambda n=amount: calendar.add_workdays(START, n), rounds)  # type: ignore[misc]
        due = cost(lambda one=limit: calendar.due(at, one), rounds)  # type: ignore[misc]
        other = cost(lambda one=limit: changed.due(at, one), rounds)  # type: ignore[misc]
        loop = cost(lambda n=amount: plain_loop(off, work, START, n), rounds)  # type: ignore[misc]
        print(f"{amount:12}  {add:5.2f} µs  {due:5.2f} µs  {other:17.2f} µs  {loop:9.2f} µs  {loop / add:8.1f}")


if __name__ == "__main__":
    main()
