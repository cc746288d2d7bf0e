"""What the reports cost on a large ledger: the terminal page, JSON, the bulletin and the page of HTML, each as a process.

    python benchmarks/report.py [--items 100000] [--keep FILE]

Seconds and the peak memory of each, and beside them the bare reading of every row and every entry in this process: the floor.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.multiplied import multiplied
from engine.row import EventQuery, ItemQuery
from storage.sqlite import open_store

SIBAN = Path(sys.executable).with_name("siban")
ASKED = {
    "terminal": ("report", "-o", "table"),
    "json": ("report", "-o", "json"),
    "bulletin": ("report", "bulletin", "bench.docx", "--overwrite"),
    "page": ("report", "page", "bench.html", "--overwrite"),
}


def floor(path: Path) -> tuple[float, int, int]:
    """Read every row and every entry; return seconds and how many there were."""
    store = open_store(path)
    begun = perf_counter()
    with store.read() as reader:
        rows = sum(1 for _ in reader.rows(ItemQuery()))
        events = sum(1 for _ in reader.events(EventQuery()))
    took = perf_counter() - begun
    store.close()
    return took, rows, events


def main() -> None:
    """Make the ledger, or take one that was kept, and ask."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=100_000)
    options.add_argument("--keep", type=Path)
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = wanted.keep or Path(folder) / "bench.db"
        if not path.exists():
            multiplied(path, items=wanted.items).close()
        took, rows, events = floor(path)
        print(f"{rows} items, {events} entries; read bare in {took:.1f} s")
        for name, arguments in ASKED.items():
            before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
            subprocess.run([SIBAN, "--db", path.resolve(), *arguments], cwd=folder, check=True, capture_output=True)
            took, after = perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
            own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(
                f"{name:9} {took:6.1f} s, of the processor {own:.1f} s; peak so far {after.ru_maxrss // 1024} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
