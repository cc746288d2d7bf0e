"""One measured figure: what was done, beside what, how their times compare, and what must hold; and the file it is kept in."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from storage import connection

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".bench_tmp"
"""Where databases and the peers' environment are made: on the real disk, and ignored by git."""

RESULTS = ROOT / "benchmarks" / "results"
SYNCS = 31
GIT = ("git", "-C", str(ROOT))


class Figure(NamedTuple):
    """A comparison: medians of ours and of the other in `unit`, and the median, least and greatest ratio of the rounds.

    The ratio is ours / other and must be at most `most`, or, for a peer, other / ours and must be at least `least`.
    Without either bound it is shown and not judged. `size` is how large the ledger was, 0 where that is not in question.
    """

    work: str
    beside: str
    ours: float
    other: float
    ratio: float
    low: float
    high: float
    rounds: int
    most: float | None = None
    least: float | None = None
    unit: str = "us"
    size: int = 0

    @property
    def holds(self) -> bool | None:
        """Whether it is as it must be, None where nothing must be."""
        if self.most is not None:
            return self.ratio <= self.most
        return self.ratio >= self.least if self.least is not None else None

    @property
    def line(self) -> str:
        """The figure as a line for the terminal."""
        bound = f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:g}" if self.least is not None else ""
        word = {True: "holds", False: "MISSED", None: ""}[self.holds]
        return (
            f"{self.work:44} {self.ours:11.1f}   {self.beside:34} {self.other:11.1f} {self.unit}   "
            f"{self.ratio:6.2f} ({self.low:.2f} to {self.high:.2f})  {bound:8} {word}"
        )


def compared(
    work: str,
    beside: str,
    seen: Iterable[tuple[float, float]],
    *,
    most: float | None = None,
    least: float | None = None,
    unit: str = "us",
    size: int = 0,
) -> Figure:
    """Make a figure of (ours, other) of each round, both in seconds unless `unit` says otherwise."""
    rounds = list(seen)
    scale = {"us": 1e6, "ms": 1e3}.get(unit, 1.0)
    ratios = sorted(other / ours if least is not None else ours / other for ours, other in rounds)
    ours, other = (statistics.median(column) * scale for column in zip(*rounds, strict=True))
    return Figure(
        work, beside, ours, other, statistics.median(ratios), ratios[0], ratios[-1], len(rounds), most, least, unit, size
    )  # fmt: skip


def keep(figures: Sequence[Figure], result: str, begun: float, note: str = "") -> None:
    """Print the figures; with a name for them, keep them in that file with what they were measured on, and when."""
    for figure in figures:
        print(figure.line)
    if note:
        print(note)
    if result:
        told = {
            "commit": commit(),
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "seconds": round(time.perf_counter() - begun),
            "machine": machine(),
            "note": note,
            "figures": [figure._asdict() for figure in figures],
        }
        path = Path(result)
        draft = path.with_suffix(".part")
        draft.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        draft.rename(path)


MEASURED = ("engine", "workflows", "storage", "interfaces", "cli.py", "benchmarks", ":!benchmarks/results", ":!*.toml")
"""What a figure depends on, as git names paths."""


def commit() -> str:
    """Return the commit that is measured, with a + where something of it was changed since."""
    head = subprocess.run([*GIT, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=False)
    return head.stdout.strip() + "+" * (not is_measured("HEAD"))


def is_measured(at: str) -> bool:
    """Whether nothing that a figure depends on has changed since a commit."""
    command = [*GIT, "diff", "--quiet", at, "--", *MEASURED]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def machine() -> dict[str, str]:
    """Say what this was measured on: nothing that names a person or a place."""
    names = [line for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")]
    memory = next((line for line in _read("/proc/meminfo").splitlines() if line.startswith("MemTotal")), "")
    kilobytes = int("".join(filter(str.isdigit, memory)) or 0)
    return {
        "processor": names[0].partition(":")[2].strip() if names else platform.processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{kilobytes / (1 << 20):.0f} GiB",
        "system": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "python": platform.python_version(),
        "sqlite": connection.dbapi.sqlite_version,
        "sync": f"{syncing() * 1e6:.0f} us",
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def syncing() -> float:
    """Return how many seconds the disk takes to make one page of 4 KiB safe."""
    WORK.mkdir(exist_ok=True)
    place, taken = WORK / "sync.tmp", []
    handle = os.open(place, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        os.pwrite(handle, bytes(1 << 18), 0)
        os.fsync(handle)
        for n in range(SYNCS):
            begun = time.perf_counter()
            os.pwrite(handle, b"y" * 4096, 4096 * n)
            os.fdatasync(handle)
            taken.append(time.perf_counter() - begun)
    finally:
        os.close(handle)
        place.unlink()
    return statistics.median(taken)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
