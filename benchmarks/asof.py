"""What it costs to see the whole ledger as it was at an instant: every item folded or taken as it stands, and judged then.

    python benchmarks/asof.py [--items 100000] [--rounds 3] [--keep FOLDER]

Three instants: after everything (all rows stand), half-way (part is folded), and just before the end (nearly all is folded up to
its last entry). Beside them stand reading the same rows, and judging the present ledger. Medians of some rounds in turn, by
the wall and by the processor. Must hold for 100,000 items: < 10 s. With `--keep` the ledger is made once and found there again.
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
from storage.sqlite import open_store
from tests.trial import END

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.ports import Store

INSTANTS = {
    "now": parse_instant(END),
    "half-way": parse_instant("2023-05-29 10:59"),
    "the end": parse_instant(END) - MINUTE,
}


def past(store: Store, at: int) -> int:
    """See and judge every item as of an instant; return how many there were."""
    count = 0
    with store.read() as reader:
        view = Past(reader, PolicyShelf(), at)
        for seen in view.items(reader.rows(ItemQuery())):
            light(seen.item, seen.rules, at)
            count += 1
    return count


def present(store: Store) -> int:
    """Judge every item as it stands; return how many there are."""
    count, shelf = 0, PolicyShelf()
    with store.read() as reader:
        for row in reader.rows(ItemQuery()):
            light(from_text(row.body), shelf.rules(reader, row.definition), INSTANTS["now"])
            count += 1
    return count


def rows(store: Store) -> int:
    """Read the rows and do nothing with them; return how many there are."""
    with store.read() as reader:
        return sum(1 for _ in reader.rows(ItemQuery()))


@contextmanager
def ledger(items: int, folder: str) -> Iterator[Store]:
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
    works: dict[str, Callable[[Store], int]] = {"rows read": rows, "present": present}
    works |= {name: partial(past, at=at) for name, at in INSTANTS.items()}
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
        print(f"{name:12} {wall:6.2f} s   processor {busy:6.2f} s   {counts[name]} items")


if __name__ == "__main__":
    main()
