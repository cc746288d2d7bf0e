"""What it costs to verify a long record, against reading it: on all processors, as `siban audit verify` walks it.

    python benchmarks/verify.py [--events 1000000] [--rounds 3] [--alone] [--keep FOLDER]

The record is that of `benchmarks/questions.py`. Plain reading makes an `Event` of every row, in one process; verifying is the chain over
the same rows, in stretches on all processors and, with `--alone`, in this one process too. By the wall, in turn. Replaying the ledger,
which `audit verify` adds, is the ledger's own work and is not in it.
"""

from __future__ import annotations

import argparse
import gc
import time
from contextlib import closing
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.figure import WORK, compared, keep
from benchmarks.questions import record
from engine.row import EventQuery
from interfaces import stretches
from interfaces.crew import processors
from interfaces.progress import bar
from interfaces.verifier import Walk
from storage.sqlite import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.sqlite import SqliteStore


def read(store: SqliteStore) -> None:
    """Read every entry."""
    with store.read() as reader:
        for _ in reader.events(EventQuery()):
            pass


def alone(store: SqliteStore) -> Walk:
    """Verify in this process."""
    with store.read() as reader:
        return Walk(reader.events(EventQuery()), set())


def together(store: SqliteStore, told: Callable[[int], None] | None) -> Walk:
    """Verify on all processors."""
    with store.read() as reader:
        return stretches.walk((), set(), path=store.path, count=reader.head()[0], told=told)


def main() -> None:
    """Measure in turn and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--alone", action="store_true", help="in one process too")
    parser.add_argument("--keep", default=str(WORK / "ledgers"), metavar="FOLDER", help="where the record is kept")
    parser.add_argument("--result", default="", metavar="FILE")
    options = parser.parse_args()
    begun, seen = time.perf_counter(), []
    gc.disable()  # as cli.py does
    with closing(open_store(record(options.events, options.keep))) as store:
        with store.read() as reader:
            size, head = reader.head()
        draw = bar("entries")
        told = partial(_drawn, draw, size) if draw else None
        read(store)  # the file is in memory before
        works = [partial(together, store, told), *([partial(alone, store)] if options.alone else [])]
        for _ in range(options.rounds):
            moments, walks = [time.perf_counter()], []
            for work in works:
                walks.append(work())
                moments.append(time.perf_counter())
            read(store)
            moments.append(time.perf_counter())
            if any(walk.faults or (walk.size, walk.head) != (size, head) for walk in walks):
                parser.error("the record is not whole")
            seen.append([until - since for since, until in pairwise(moments)])
    title, cores = f"verify {size:,} entries", processors()
    found = [
        compared(f"{title}, {cores} processors", "reading them", [(each[0], each[-1]) for each in seen],
                 most=2.5, unit="ms", size=size)
    ]  # fmt: skip
    if options.alone:
        pairs = [(each[1], each[-1]) for each in seen]
        found.append(compared(f"{title}, 1 processor", "reading them", pairs, unit="ms", size=size))
    keep(found, options.result, begun, f"{options.rounds} rounds.")


def _drawn(draw: Callable[[int, int], None], total: int, done: int) -> None:
    draw(done, total)


if __name__ == "__main__":
    main()
