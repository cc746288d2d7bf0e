"""How fast many write at once, and how long one of them waits: 8 processes on items of their own against one process.

8 processes must do at least 0.7 times as many acts a second as one, and nobody may wait longer than 500 ms. In turn, several
rounds; medians. For comparison, the same without the queue before the write lock: how often the unluckiest came to its turn.
"""

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.figure import WORK, compared, keep
from tests.crowd import found, look_over, turns, work

PROCESSES = 8
LEAST_RATE = 0.7
LONGEST = 500


def run(processes: int, acts: int, *faults: str) -> tuple[float, float, int]:
    """Return acts a second, the longest act in milliseconds, and the turns of the unluckiest when the first is through."""
    with tempfile.TemporaryDirectory(dir=WORK) as folder:  # on a real disk: one in memory syncs nothing
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
    parser.add_argument("--result", default="", metavar="FILE")
    asked = parser.parse_args()
    begun, alone, many, unqueued = time.perf_counter(), [], [], []
    for _ in range(asked.rounds):
        alone.append(run(1, asked.acts))
        many.append(run(PROCESSES, asked.acts))
        unqueued.append(run(PROCESSES, asked.acts, "unlocked"))
    least = min(turn for *_, turn in many), min(turn for *_, turn in unqueued)
    title = f"{PROCESSES} processes at once"
    found = [
        compared(f"{title}, an act", "1 process", [(1 / all_[0], 1 / one[0]) for all_, one in zip(many, alone, strict=True)],
                 most=round(1 / LEAST_RATE, 2)),
        compared(f"{title}, longest wait", f"{LONGEST} ms", [(wait / 1000, LONGEST / 1000) for _, wait, _ in many],
                 most=1, unit="ms"),
        compared(f"{title}, longest wait", "without the queue",
                 [(ours[1] / 1000, bare[1] / 1000) for ours, bare in zip(many, unqueued, strict=True)], unit="ms"),
    ]  # fmt: skip
    note = (
        f"{asked.rounds} rounds; when the first was through, the unluckiest had had {least[0]} of "
        f"{asked.acts // PROCESSES} turns, without the queue {least[1]}."
    )
    keep(found, asked.result, begun, note)


if __name__ == "__main__":
    main()
