"""Measure everything, part by part, and write `docs/performance.md` with its plots from what the parts leave.

    python -m benchmarks.performance --all            # every part of which something has changed since it was measured, then the page
    python -m benchmarks.performance --all --again    # every part, also what was measured at this commit
    python -m benchmarks.performance advance tick     # these parts, whenever they were measured, then the page
    python -m benchmarks.performance                  # only the page, from the results that are there
    python -m benchmarks.performance --list           # the parts, and how long each takes on a quiet machine

Each part is a program of its own (`benchmarks/PART.py`) in a process of its own; what it finds is kept in `benchmarks/results/`. A
part that was cut off leaves nothing and is measured again. The first time large ledgers are made in `.bench_tmp/`, which takes a quarter
of an hour and 10 GB more.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.figure import RESULTS, ROOT, WORK, is_measured
from benchmarks.page import written

if TYPE_CHECKING:
    from collections.abc import Sequence


class Part(NamedTuple):
    """One program with its arguments, and how many minutes it takes on a quiet machine of two processors."""

    program: str
    arguments: tuple[str, ...]
    minutes: float


PARTS = {
    "advance": Part("advance", ("--rounds", "7"), 2),
    "bulk": Part("bulk", ("--rounds", "5"), 1),
    "tick": Part("tick", ("--rounds", "7"), 0.5),
    "escalate": Part("escalate", ("--rounds", "5"), 5),
    "questions": Part("questions", ("--events", "10000000", "--rounds", "15"), 0.5),
    "verify": Part("verify", ("--events", "10000000", "--rounds", "5"), 11),
    "startup": Part("startup", ("--rounds", "21"), 1),
    "postgres": Part("postgres", ("--rounds", "5"), 2),
    "postgres-far": Part("postgres", ("--rounds", "5", "--delay", "0.5", "--clients"), 1),
    "concurrency": Part("concurrency", ("--rounds", "5"), 2),
    "memory": Part("memory", (), 1),
    "size": Part("size", ("--rounds", "5"), 3),
    "audit": Part("audit", ("--rounds", "3"), 1),
}


def measured(name: str) -> str:
    """Return the commit at which a part was measured last, "" when it never was."""
    path = RESULTS / f"{name}.json"
    return str(json.loads(path.read_text(encoding="utf-8"))["commit"]) if path.exists() else ""


def measure(name: str) -> bool:
    """Measure a part; return whether it came to its end."""
    part = PARTS[name]
    print(f"== {name}, about {part.minutes:g} minutes", flush=True)
    RESULTS.mkdir(exist_ok=True)
    WORK.mkdir(exist_ok=True)
    program = ROOT / "benchmarks" / f"{part.program}.py"
    command = [sys.executable, str(program), *part.arguments, "--result", str(RESULTS / f"{name}.json")]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def chosen(options: argparse.Namespace) -> Sequence[str]:
    """Return the parts to be measured now."""
    if not options.all:
        return [name for name in PARTS if name in options.parts]
    return [
        name for name in PARTS if options.again or not measured(name) or not is_measured(measured(name))
    ]  # a + is no commit's name


def main() -> int:
    """Measure what is asked for and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument(
        "--all", action="store_true", help="every part of which something has changed since it was measured"
    )
    parser.add_argument("--again", action="store_true", help="with --all: also those of which nothing has changed")
    parser.add_argument("--list", action="store_true", help="the parts, and how long each takes")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if options.list:
        for name, part in PARTS.items():
            print(f"{name:14} {part.minutes:4g} min   {measured(name) or 'not measured'}")
        print(f"{'all':14} {sum(part.minutes for part in PARTS.values()):4g} min")
        return 0
    names = chosen(options)
    if names:
        print(f"{len(names)} parts, about {sum(PARTS[name].minutes for name in names):g} minutes", flush=True)
    failed = [name for name in names if not measure(name)]
    print(written(list(PARTS)))
    for name in failed:
        print(f"not measured: {name}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
