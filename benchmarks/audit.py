"""What the chain costs: an append with and without it, and a verification against reading the rows.

    python benchmarks/audit.py [--events 100000] [--rounds 3]

Both appends put the same entries into the product's own database with its indexes, checks and guards, through the same
statement; the unchained one writes numbers and sums worked out beforehand. An append is one entry in one durable
transaction, as an act's is, at the end of a record of that size. Beside it stands the price in bulk, a thousand entries a
transaction, where nothing hides the hashing. Reading makes an `Event` of every row; verifying is the chain over the same
rows, and then also the RFC 6962 root of a seal that covers them all, as `audit verify` and the stand-alone program do it;
these in processor time, the least of three in turn. Replay, which `audit verify` adds, is the ledger's own work and is not
in it.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figure import WORK, compared, keep
from engine.canonical import canonical, hash_many
from engine.chain import GENESIS, link
from engine.clock import MINUTE, parse_instant
from engine.event import DONE, Event
from engine.row import EventQuery
from engine.seal import Checkpoint, Tree, text
from interfaces import verifier
from storage import statements
from storage.creation import create
from storage.sqlite import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storage.sqlite import SqliteStore

START = parse_instant("2023-05-08 09:00")
BATCH = 1000
LOOKS = 3


def entries(count: int) -> Iterator[Event]:
    """Make entries such as an office makes: few people and verbs, many items, a body of its own each."""
    verbs = ("register", "accept", "assign", "sign", "report_done", "pass_review", "answer", "close")
    for n in range(count):
        at = START + n * MINUTE
        verb, who = verbs[n % 8], f"o{n % 30 + 1:02d}"
        body = {
            "clocks": [["stop", "sign", at], ["start", "total", at]],
            "fields": {"outcome": f"第{n}次：河道已清理，长效保洁已落实。", "handler": who},
            "keep": ["handler", "outcome"],
            "tell": [who],
            "to": "rectifying",
        }
        yield Event(0, n // 8 + 1, verb, DONE, at, at, who, who, "", "", "d" * 64, "c" * 64, canonical(body))


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds something takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def worked(work: Callable[[], object]) -> float:
    """Return how many seconds of processor something takes: it waits for nothing, and others may be using the machine."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def chained(store: SqliteStore, events: list[Event], size: int) -> None:
    """Append as the product does, `size` entries a transaction."""
    for start in range(0, len(events), size):
        with store.write() as writer:
            writer.append(events[start : start + size])


def unchained(store: SqliteStore, events: list[Event], size: int) -> None:
    """Append entries that are complete already."""
    for start in range(0, len(events), size):
        with store.write():
            store.connection.executemany(statements.APPEND, events[start : start + size])


def read(store: SqliteStore) -> None:
    """Read every entry."""
    with store.read() as reader:
        for _ in reader.events(EventQuery()):
            pass


def verify(store: SqliteStore, seals: list[tuple[object, object]]) -> None:
    """Verify the chain, and the root that a seal gives for all of it; nobody announced that seal, and that alone is told."""
    with store.read() as reader:
        found = verifier.verify("bench", reader.events(EventQuery()), seals, [], [], [])
    if [fault.code for fault in found.faults] != ["seal_unannounced"] * len(seals):
        raise RuntimeError(found.faults[0])


def one_round(folder: Path, raw: list[Event], acts: int) -> tuple[float, ...]:
    """Fill two databases, then measure: seconds per entry of each kind of append, of reading, and of verifying."""
    linked = link(raw, 0, GENESIS)
    for name in ("one.db", "two.db"):
        create(folder / name, {})
    with closing(open_store(folder / "one.db")) as one, closing(open_store(folder / "two.db")) as two:
        many, few = len(raw), min(acts, len(raw) // 2)
        bulk = timed(lambda: chained(one, raw[:-few], BATCH)), timed(lambda: unchained(two, linked[:-few], BATCH))
        durable = [0.0, 0.0]
        for seq in range(many - few, many):  # in turn, since the disk has its moods
            durable[0] += timed(partial(chained, one, raw[seq : seq + 1], 1))
            durable[1] += timed(partial(unchained, two, linked[seq : seq + 1], 1))
        tree = Tree(bytes.fromhex(event.hash) for event in linked)
        note = text(Checkpoint("bench", many, tree.root(), GENESIS, Tree().root(), START)) + "\n— bench AAAAAAA=\n"
        works = partial(verify, one, []), partial(verify, one, [(1, note)]), partial(read, one)
        looks = [[worked(work) for work in works] for _ in range(LOOKS)]
        chain, sealed, reading = (min(column) / many for column in zip(*looks, strict=True))
        each = few, few, many - few, many - few
        appends = [total / n for total, n in zip((*durable, *bulk), each, strict=True)]
        return *appends, chain, reading, sealed, reading


def main() -> None:
    """Measure and print ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--acts", type=int, default=1000, help="appends of one entry each, at the end of the record")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--result", default="", metavar="FILE")
    options = parser.parse_args()
    begun, raw = time.perf_counter(), list(entries(options.events))
    gc.disable()  # as cli.py does
    hash_many()  # as `serve` does
    seen = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(dir=WORK) as folder:
            seen.append(one_round(Path(folder), raw, options.acts))
    told = (
        ("an append to the record", "unchained", 1.25),
        ("an append, a thousand a commit", "unchained", None),
        ("verify the chain, 1 processor", "reading", 3),
        ("and a seal's root", "reading", None),
    )
    found = [
        compared(work, beside, [(each[2 * n], each[2 * n + 1]) for each in seen], most=most)
        for n, (work, beside, most) in enumerate(told)
    ]
    keep(found, options.result, begun, f"{options.events:,} entries, {options.rounds} rounds; per entry.")


if __name__ == "__main__":
    main()
