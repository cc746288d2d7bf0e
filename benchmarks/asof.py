"""What it costs to see the whole ledger as it was at an instant: every item folded or taken as it stands, and judged then.

    python benchmarks/asof.py [--items 100000] [--rounds 3] [--keep FOLDER]

Three instants: after everything (all rows stand), half-way (part is folded), and just before the end (nearly all is folded up to
its last entry), each by all processors as the commands do it, and by this process alone. Beside them stand reading the same
rows, and judging the present ledger. Medians of some rounds in turn, by the wall, and by the processor of this process
alone. Must hold for 100,000 items: < 10 s. With `--keep` the ledger is made once and found there again.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from benchmarks.multiplied import multiplied
from engine.clock import MINUTE, parse_instant
from engine.light import light
from engine.past import Past
from engine.policy import PolicyShelf
from engine.row import ItemQuery, from_text
from interfaces.folding import together
from storage.sqlite import open_store
from tests.trial import END

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storage.sqlite import SqliteStore

INSTANTS = {
    "now": parse_instant(END),
    "half-way": parse_instant("2023-05-29 10:59"),
    "the end": parse_instant(END) - MINUTE,
}


def past(store: SqliteStore, at: int, *, alone: bool = False) -> int:
    """See and judge every item as of an instant, by all processors or by this process `alone`; return how many there were."""
    way = None if alone else partial(together, store.path)
    count = 0
    with store.read() as reader:
        view = Past(reader, PolicyShelf(), at)
        for seen in view.items(reader.rows(ItemQuery()), folding=way):
            light(seen.item, seen.rules, at)
            count += 1
    return count


def present(store: SqliteStore) -> int:
    """Judge every item as it stands; return how many there are."""
    count, shelf = 0, PolicyShelf()
    with store.read() as reader:
        for row in reader.rows(ItemQuery()):
            light(from_text(row.body), shelf.rules(reader, row.definition), INSTANTS["now"])
            count += 1
    return count


def rows(store: SqliteStore) -> int:
    """Read the rows and do nothing with them; return how many there are."""
    with store.read() as reader:
        return sum(1 for _ in reader.rows(ItemQuery()))


@contextmanager
def ledger(items: int, folder: str) -> Iterator[SqliteStore]:
    """Give a ledger of at least so many items: a new one, or the one that stands in the folder."""
    with tempfile.TemporaryDirectory() as own:
        path = Path(folder or own) / f"ledger-{items}.db"
        if not path.exists():
            draft = path.with_suffix(".part")
            multiplied(draft, items=items).close()
            draft.rename(path)
        store = open_store(path)
        yield store
        store.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", default="", metavar="FOLDER", help="where the ledger is kept between runs")
    options = parser.parse_args()
    gc.disable()  # as cli.py does, for all alike
    works: dict[str, Callable[[SqliteStore], int]] = {"rows read": rows, "present": present}
    for name, at in INSTANTS.items():
        works |= {name: partial(past, at=at), f"{name}, alone": partial(past, at=at, alone=True)}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    counts = {}
    with ledger(options.items, options.keep) as store:
        with store.read() as reader:
            entries = reader.head()[0]
        for _ in range(options.rounds):
            for name, work in works.items():
                wall, busy = perf_counter(), process_time()
                counts[name] = work(store)
                taken[name].append((perf_counter() - wall, process_time() - busy))
    print(f"{options.items} items, {entries} entries")
    for name, seen in taken.items():
        wall, busy = map(statistics.median, zip(*seen, strict=True))
        print(f"{name:16} {wall:6.2f} s   processor {busy:6.2f} s   {counts[name]} items")


if __name__ == "__main__":
    main()
