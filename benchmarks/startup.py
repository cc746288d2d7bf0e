"""How long one command takes as a whole process, against `python -c pass` of the same environment in the same run.

    python benchmarks/startup.py [--rounds 21]

Prints the median of each and its ratio. Must hold: `--help` at most 5 times, one act on SQLite at most 7 times.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIBAN = Path(sys.executable).with_name("siban")


def environment() -> dict[str, str]:
    """Return the environment without what would make Python compile its sources at each start."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("SIBAN_", "PYTHONDONTWRITE"))}


def prepare(folder: Path, items: int) -> Path:
    """Make a trial database with registered items; return its path."""
    database = folder / "office.db"
    base = [str(SIBAN), "--db", str(database), "--at", "2023-05-08 09:00"]
    organisation = ROOT / "workflows" / "bureau.toml"
    subprocess.run(
        [*base, "init", "--trial", "--org", str(organisation)], check=True, env=environment(), capture_output=True
    )
    rows = "\n".join(f"问题{number},学习研讨" for number in range(1, items + 1))
    problems = folder / "problems.csv"
    problems.write_text(f"问题,问题来源\n{rows}\n", encoding="utf-8")
    subprocess.run([*base, "--as", "o11", "import", str(problems)], check=True, env=environment(), capture_output=True)
    return database


def measured(command: list[str]) -> float:
    """Run a command and return its seconds; it must succeed."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main() -> None:
    """Measure interleaved, so that a slow moment of the machine hits all alike."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        database = prepare(Path(folder), rounds + 1)
        siban = [str(SIBAN), "--db", str(database), "--as", "o11"]
        times: dict[str, list[float]] = {"python -c pass": [], "siban --help": [], "one act": [], "show": []}
        for number in range(1, rounds + 1):
            times["python -c pass"].append(measured([sys.executable, "-c", "pass"]))
            times["siban --help"].append(measured([*siban, "--help"]))
            times["one act"].append(measured([*siban, "accept", str(number)]))
            times["show"].append(measured([*siban, "show", str(number)]))
    floor = statistics.median(times["python -c pass"])
    for name, taken in times.items():
        middle = statistics.median(taken)
        print(f"{name:16} {middle * 1000:7.1f} ms  {middle / floor:5.2f} x")


if __name__ == "__main__":
    main()
