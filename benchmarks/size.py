"""How what is done costs as the ledger grows: the same work over 10³ to 10⁶ open items, each beside itself over the fewest.

    python benchmarks/size.py [--sizes 1000 10000 100000 1000000] [--rounds 5]

An act, an act to a hundred items in one commit, an escalation per item, the questions for an item's history and for the latest 50
entries, and one act as a whole process. In turn over the sizes. The disk is left out (synchronous = NORMAL, processor time), but for
the whole process: how long it takes to make a page safe does not depend on the ledger, and would hide what does. What an idle beat costs
is in `benchmarks/tick.py`, questions on ten million entries in `benchmarks/questions.py`.
"""

from __future__ import annotations

import argparse
import gc
import random
import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figure import WORK, Figure, compared, keep
from benchmarks.multiplied import HUNDRED, NOTHING_DUE, petitions
from benchmarks.startup import SIBAN, environment
from engine.clock import SteppedTime, parse_instant
from engine.context import Hand
from engine.office import Office
from engine.row import EventQuery
from storage.sqlite import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storage.sqlite import SqliteStore

HAND = Hand("o23", "o23")
OUTCOME = {"outcome": "河道已清理，长效保洁已落实。"}
SINGLE, ASKED = 40, 200
EARLY = 2
"""How many of each hundred come due early, and are left to the heartbeat."""


class Place:
    """A copy of a ledger of one size, and who works on it."""

    def __init__(self, store: SqliteStore, size: int) -> None:
        """Begin where nothing is due."""
        self.store, self.size = store, size
        self.clock = SteppedTime(parse_instant(NOTHING_DUE))
        self.office = Office(store, self.clock)
        self._left = self._shuffled()
        store.connection.execute("PRAGMA synchronous = NORMAL")

    def _shuffled(self) -> Iterator[int]:
        numbers = [number for number in range(1, self.size + 1) if (number - 1) % HUNDRED >= EARLY]
        random.Random(7).shuffle(numbers)  # noqa: S311 - the same at each run
        return iter(numbers)

    def take(self, count: int) -> list[int]:
        """Return items that nobody has acted on, from all over the ledger."""
        return [next(self._left) for _ in range(count)]

    def escalate(self) -> float:
        """Let the next rung of a hundredth come due; return seconds per item."""
        self.clock.set(self.store.connection.execute("SELECT min(next_at) FROM item").fetchone()[0])
        begun = time.process_time()
        done = self.office.tick()
        return (time.process_time() - begun) / done.items

    def act(self) -> float:
        """Act on single items; return seconds for each."""
        numbers = self.take(SINGLE)
        return self._each(lambda number: self.office.act([number], "report_done", OUTCOME, HAND), numbers)

    def act_at_once(self) -> float:
        """Act on a hundred items in one commit; return seconds for each."""
        numbers = self.take(HUNDRED)
        begun = time.process_time()
        self.office.act(numbers, "report_done", OUTCOME, HAND)
        return (time.process_time() - begun) / HUNDRED

    def history(self) -> float:
        """Ask for the histories of items; return seconds for each."""
        numbers = random.Random(11).sample(range(1, self.size + 1), ASKED)  # noqa: S311 - the same at each run
        with self.store.read() as reader:
            return self._each(lambda number: list(reader.events(EventQuery(item=number))), numbers)

    def latest(self) -> float:
        """Ask for the latest entries; return seconds for each time."""
        with self.store.read() as reader:
            return self._each(lambda _: list(reader.events(EventQuery(newest=True, limit=50))), range(ASKED))

    def process(self) -> float:
        """Act on one item by a process of its own; return its seconds."""
        words = ["report_done", str(self.take(1)[0]), "--outcome", OUTCOME["outcome"]]
        command = [str(SIBAN), "--db", self.store.path, "--as", "o23", *words]
        begun = time.perf_counter()
        subprocess.run(command, check=True, env=environment(), stdout=subprocess.DEVNULL)
        return time.perf_counter() - begun

    @staticmethod
    def _each(work: Callable[[int], object], numbers: list[int] | range) -> float:
        begun = time.process_time()
        for number in numbers:
            work(number)
        return (time.process_time() - begun) / len(numbers)


WORKS = {
    "an escalation": Place.escalate,
    "an act": Place.act,
    "an act, 100 a commit": Place.act_at_once,
    "an item's history": Place.history,
    "the latest 50 entries": Place.latest,
    "one act, whole process": Place.process,
}


def main() -> None:
    """Measure in turn and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--result", default="", metavar="FILE")
    options = parser.parse_args()
    begun = time.perf_counter()
    gc.disable()  # as cli.py does, for all alike
    seen: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(dir=WORK) as folder, ExitStack() as stack:
        places = []
        for size in options.sizes:
            with petitions(size) as store:
                copy = shutil.copyfile(store.path, Path(folder) / f"{size}.db")
            places.append(Place(stack.enter_context(closing(open_store(copy))), size))
        for work, does in WORKS.items():
            for _ in range(options.rounds):
                for place in places:
                    seen[work, place.size].append(does(place))
    least = min(options.sizes)
    found: list[Figure] = [
        compared(work, f"over {least:,} items", zip(seen[work, size], seen[work, least], strict=True), size=size)
        for work in WORKS for size in options.sizes
    ]  # fmt: skip
    keep(found, options.result, begun, f"{options.rounds} rounds.")


if __name__ == "__main__":
    main()
