"""What the heartbeat costs while nothing is due, against the bare indexed question, in small ledgers and in large ones.

    python benchmarks/tick.py [--sizes 1000 10000 100000 1000000] [--rounds 5] [--beats 2000]

Every item is open and has a moment at which something happens to it by itself, and none has come. A beat is `Office.tick`, which
`siban tick` and `siban serve` call. The bare question is the same statement on a connection with the same settings. In turn over the
sizes; a round's figure is the median of its beats.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.figure import compared, keep
from benchmarks.multiplied import NOTHING_DUE, petitions
from engine.clock import SteppedTime, parse_instant
from engine.office import Office
from storage import connection, statements

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

NOW = parse_instant(NOTHING_DUE)


def median_of(work: Callable[[], object], times: int) -> float:
    """Return the median of the seconds that something takes."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def asked(opened: sqlite3.Connection) -> None:
    """Ask what is due, and nothing else."""
    if opened.execute(statements.DUE, (NOW, 1)).fetchall():
        raise RuntimeError


def main() -> None:
    """Measure in turn and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--beats", type=int, default=2000)
    parser.add_argument("--result", default="", metavar="FILE")
    options = parser.parse_args()
    begun = time.perf_counter()
    ours: dict[int, list[float]] = {size: [] for size in options.sizes}
    bare: dict[int, list[float]] = {size: [] for size in options.sizes}
    gc.disable()  # as cli.py does, for both alike
    with ExitStack() as stack:
        works: dict[int, tuple[Callable[[], object], Callable[[], object]]] = {}
        for size in options.sizes:
            store = stack.enter_context(petitions(size))
            opened = connection.connect(store.path)
            stack.callback(opened.close)
            office = Office(store, SteppedTime(NOW))
            if office.tick().events:
                parser.error("something was due")
            works[size] = office.tick, partial(asked, opened)
        for _ in range(options.rounds):
            for size, (beat, question) in works.items():
                ours[size].append(median_of(beat, options.beats))
                bare[size].append(median_of(question, options.beats))
    least = min(options.sizes)
    found = [
        compared(f"idle tick, {size:,} items", "the bare question", zip(ours[size], bare[size], strict=True),
                 most=5, size=size)
        for size in options.sizes
    ]  # fmt: skip
    found += [
        compared(f"idle tick, {size:,} items", f"the same, {least:,} items", zip(ours[size], ours[least], strict=True),
                 most=1.2, size=size)
        for size in options.sizes if size != least
    ]  # fmt: skip
    keep(found, options.result, begun, f"{options.rounds} rounds of {options.beats} beats.")


if __name__ == "__main__":
    main()
