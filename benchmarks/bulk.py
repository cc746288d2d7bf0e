"""What an act costs where one command does it to many items, against the floor that writes the same rows one commit each.

    python benchmarks/bulk.py [--items 400] [--at-once 100 400] [--rounds 5]

The floor is that of `benchmarks/advance.py`: hand-written sqlite3, one durable commit an item. So many items of one command are one
commit; each has its own guards, entry, row and notices. In turn at each step of the workflow; medians over steps and rounds.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.advance import STEPS, floor_at, floor_step, office_at, siban_step
from benchmarks.figure import WORK, compared, keep
from engine.clock import HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.advance import Written


def one_round(folder: Path, items: int, at_once: Sequence[int]) -> list[tuple[float, ...]]:
    """Take all steps; return seconds per item, ours at each size and the floor's."""
    offices = [office_at(folder / f"siban-{size}.db", items) for size in at_once]
    floor = floor_at(folder / "floor.db", offices[0][0])
    seen = []
    for step in STEPS:
        ours: list[float] = []
        written: list[Written] = []
        for size, (office, _, clock) in zip(at_once, offices, strict=True):
            clock.advance(HOUR)
            taken, found = siban_step(office, items, step, at_once=size)
            written = written or found  # the floor goes on where the first office does
            ours.append(taken)
        seen.append((*ours, floor_step(floor, written)))
    for _, store, _ in offices:
        store.close()
    floor.close()
    return seen


def main() -> None:
    """Measure interleaved and print medians and ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=400)
    parser.add_argument("--at-once", type=int, nargs="+", default=[100, 400], help="items of one command")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--result", default="", metavar="FILE")
    options = parser.parse_args()
    begun = time.perf_counter()
    gc.disable()  # as cli.py does, for both alike
    WORK.mkdir(exist_ok=True)
    seen = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(dir=WORK) as folder:
            seen += one_round(Path(folder), options.items, options.at_once)
    found = [
        compared(
            f"an act, {size} items a commit",
            "sqlite3, one commit an item",
            [(each[n], each[-1]) for each in seen],
            most=0.15,
        )
        for n, size in enumerate(options.at_once)
    ]
    keep(found, options.result, begun, f"{options.rounds} rounds of {len(STEPS)} steps, {options.items} items each.")


if __name__ == "__main__":
    main()
