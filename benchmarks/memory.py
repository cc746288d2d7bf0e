"""How much memory `siban serve` takes over a ledger of a million open items, and whether that grows with its beats.

    python benchmarks/memory.py [--items 1000000] [--beats 10000]

It is the service itself with its scheduler, its threads and its carrier of notices, as `siban serve` without options, over a database in
which every item is open, nothing is due, and no notice was ever carried; a beat comes every few milliseconds instead of every minute.
What it holds (resident) is read after the first hundred beats that follow the first pass over the notices, then at each thousandth, and the
most that it ever held at the end.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figure import WORK, Figure, keep
from benchmarks.multiplied import petitions

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.office import Pass
    from interfaces.delivering import Carried

WARM = 100
"""After how many beats it is first looked at."""

STEP = 1000
EVERY = 0.002  # seconds
MEGABYTE = 1_000_000


def serve(path: str, beats: int) -> None:
    """Be the service: print what is held at some beats, and end after the last."""
    from engine.office import Office  # noqa: PLC0415 - loaded by the service alone
    from interfaces.channels import plain  # noqa: PLC0415 - as above
    from interfaces.commands.notify import carrier_of  # noqa: PLC0415 - as above
    from interfaces.heartbeat import run  # noqa: PLC0415 - as above
    from interfaces.session import Session  # noqa: PLC0415 - as above

    carried: list[Carried] = []

    class Beating(Office):
        beats = 0

        def tick(self, batch: int = 200, progress: Callable[[int], None] | None = None) -> Pass:
            done = super().tick(batch, progress)
            if not carried:  # the first pass over all notices is under way
                return done
            Beating.beats += 1
            if Beating.beats == WARM or not Beating.beats % STEP:
                print(Beating.beats, held(), flush=True)
            if Beating.beats == beats:
                os.kill(os.getpid(), signal.SIGTERM)
            return done

    def office() -> Office:
        made = Session(path, None, None).office
        made.__class__ = Beating
        return made

    def carry() -> Callable[[Callable[[], bool]], Carried]:
        own = Session(path, None, None)
        carrier = carrier_of(own, plain(path))

        def pass_(stop: Callable[[], bool]) -> Carried:
            done = carrier.carry(lambda: own.now, stop)
            carried.append(done)
            del carried[1:]
            return done

        return pass_

    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # it says each time that a beat is still under way
    run(office, path, EVERY, os.devnull, make_carry=carry)  # type: ignore[arg-type]  # the scheduler takes fractions of a second
    print("most", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)


def held() -> int:
    """Return the bytes this process holds."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Let it beat and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--beats", type=int, default=10_000)
    parser.add_argument("--serve", default="", help=argparse.SUPPRESS)
    parser.add_argument("--result", default="", metavar="FILE")
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.beats)
        return
    begun = time.perf_counter()
    with petitions(options.items) as store:
        original = store.path
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        path = shutil.copyfile(original, Path(folder) / "office.db")
        command = [sys.executable, __file__, "--serve", str(path), "--beats", str(options.beats)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    *seen, most = [int(line.split()[1]) / MEGABYTE for line in done.stdout.splitlines()]
    first, last = seen[0], seen[-1]
    work = f"serve, {options.items:,} open items"
    rounds = len(seen)
    keep(
        [
            Figure(work, "120 MB", most, 120.0, most / 120, most / 120, most / 120, rounds, most=1, unit="MB", size=options.items),
            Figure(f"{work}, {options.beats:,} beats", f"after {WARM} beats", last, first, last / first, min(seen) / first,
                   most / first, rounds, most=1.02, unit="MB", size=options.items),
        ],
        options.result,
        begun,
        f"{options.beats} beats; looked at {rounds} times.",
    )  # fmt: skip


if __name__ == "__main__":
    main()
