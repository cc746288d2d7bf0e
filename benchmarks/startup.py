"""How long one command takes as a whole process, against `python -c pass` of the same environment in the same run.

    python benchmarks/startup.py [--rounds 21] [--no-peers]

Beside it stand the least that two other command lines in Python can be asked for, their version, in the peers' environment with its
own bare interpreter. All bytecode is compiled. In turn, so that a slow moment of the machine hits all alike.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import peer
from benchmarks.figure import ROOT, WORK, Figure, compared, keep

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


PEERS = {"sqlite-utils --version": ("sqlite-utils", "--version"), "roundup-admin -v (version)": ("roundup-admin", "-v")}
WORKS = {"siban --help": 4.5, "one act on SQLite": 6.0, "one show on SQLite": 6.0}


def one_round(number: int, database: Path, peers: dict[str, list[str]]) -> dict[str, float]:
    """Run each command once; return the seconds of each."""
    siban = [str(SIBAN), "--db", str(database), "--as", "o11"]
    commands = {
        "bare": [sys.executable, "-c", "pass"],
        "siban --help": [*siban, "--help"],
        "one act on SQLite": [*siban, "accept", str(number)],
        "one show on SQLite": [*siban, "show", str(number)],
    }
    return {name: measured(command) for name, command in (commands | peers).items()}


def figures(seen: list[dict[str, float]]) -> list[Figure]:
    """Compare what was seen with what must hold."""
    found = [
        compared(work, "python -c pass", [(each[work], each["bare"]) for each in seen], most=most, unit="ms")
        for work, most in WORKS.items()
    ]
    return found + [
        compared(work, name, [(each[work], each[name]) for each in seen], most=1, unit="ms")
        for work in WORKS for name in PEERS if name in seen[0]
    ]  # fmt: skip


def main() -> None:
    """Measure interleaved and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--no-peers", action="store_true", help="only the bare interpreter")
    parser.add_argument("--result", default="", metavar="FILE")
    options = parser.parse_args()
    begun, peers = time.perf_counter(), {}
    if not options.no_peers:
        scripts = peer.python().parent
        peers = {name: [str(scripts / program), word] for name, (program, word) in PEERS.items()}
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        database = prepare(Path(folder), options.rounds + 1)
        one_round(options.rounds + 1, database, peers)  # whose bytecode was not there has it now
        seen = [one_round(number, database, peers) for number in range(1, options.rounds + 1)]
    keep(figures(seen), options.result, begun, f"{options.rounds} rounds.")


if __name__ == "__main__":
    main()
