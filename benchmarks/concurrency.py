"""How fast many write at once, and how long one of them waits: 8 processes on items of their own against one process.

To hold: 8 processes do at least 0.7 times as many acts a second as one, and nobody waits longer than 500 ms. In turn, several
rounds; medians. For comparison, the same without the queue before the write lock: how often the unluckiest came to its turn.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.crowd import found, look_over, turns, work

PROCESSES = 8


def run(processes: int, acts: int, *faults: str) -> tuple[float, float, int]:
    """Return acts a second, the longest act in milliseconds, and the turns of the unluckiest when the first is through."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:  # on a real disk: one in memory syncs nothing
        path = Path(folder) / "office.db"
        found(path, processes * 10)
        spans = [(n * 10 + 1, n * 10 + 10) for n in range(processes)]
        worked = work(path, [acts // processes] * processes, spans, *faults)
        look_over(path, worked)
        return worked.rate, worked.longest * 1000, min(turns(path, worked))


def main() -> None:
    """Run the rounds and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--acts", type=int, default=2000)
    asked = parser.parse_args()
    alone, many, unqueued = [], [], []
    for _ in range(asked.rounds):
        alone.append(run(1, asked.acts))
        many.append(run(PROCESSES, asked.acts))
        unqueued.append(run(PROCESSES, asked.acts, "unlocked"))
    one, eight = (statistics.median(rate for rate, *_ in each) for each in (alone, many))
    print(
        f"1 process: {one:.0f} acts/s; {PROCESSES} processes: {eight:.0f} acts/s, {eight / one:.2f} times (to hold: 0.7)"
    )
    for name, each in (("with the queue", many), ("without it", unqueued)):
        longest = [wait for _, wait, _ in each]
        least = min(turn for *_, turn in each)
        print(f"{name}: longest wait {statistics.median(longest):.0f} ms, at most {max(longest):.0f} (to hold: 500); "
              f"unluckiest {least} of {asked.acts // PROCESSES} turns when the first was through")  # fmt: skip


if __name__ == "__main__":
    main()
