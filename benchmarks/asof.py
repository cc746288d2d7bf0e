"""What it costs to see the whole ledger as it was at an instant: every item folded or taken as it stands, and judged then.

    python benchmarks/asof.py [--items 100000] [--rounds 3]

Three instants: after everything (all rows stand), half-way (part is folded), and just before the end (nearly all is folded up to
its last entry). Beside the seconds stands the ratio to reading the same rows, and to judging the present ledger. Medians,
interleaved. Must hold for 100,000 items: < 10 s.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.multiplied import multiplied
from engine.clock import MINUTE, parse_instant
from engine.light import light
from engine.past import Past
from engine.policy import PolicyShelf
from engine.row import EventQuery, ItemQuery, from_text
from tests.trial import END

if TYPE_CHECKING:
    from engine.ports import Store

INSTANTS = {
    "now": parse_instant(END),
    "half-way": parse_instant("2023-05-29 10:59"),
    "the end": parse_instant(END) - MINUTE,
}


def past(store: Store, at: int) -> tuple[float, int]:
    """See and judge every item as of an instant; return seconds and how many there were."""
    begun, count = perf_counter(), 0
    with store.read() as reader:
        view = Past(reader, PolicyShelf(), at)
        for seen in view.items(reader.rows(ItemQuery())):
            light(seen.item, seen.rules, at)
            count += 1
    return perf_counter() - begun, count


def present(store: Store) -> float:
    """Judge every item as it stands."""
    begun, shelf = perf_counter(), PolicyShelf()
    with store.read() as reader:
        for row in reader.rows(ItemQuery()):
            light(from_text(row.body), shelf.rules(reader, row.definition), INSTANTS["now"])
    return perf_counter() - begun


def rows(store: Store) -> float:
    """Read the rows and do nothing with them."""
    begun = perf_counter()
    with store.read() as reader:
        for _ in reader.rows(ItemQuery()):
            pass
    return perf_counter() - begun


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    gc.disable()  # as cli.py does, for all alike
    with tempfile.TemporaryDirectory() as folder:
        store = multiplied(Path(folder) / "bench.db", items=options.items)
        with store.read() as reader:
            entries = sum(1 for _ in reader.events(EventQuery()))
        taken: dict[str, list[float]] = {name: [] for name in (*INSTANTS, "present", "rows")}
        counts = {}
        for _ in range(options.rounds):
            taken["rows"].append(rows(store))
            taken["present"].append(present(store))
            for name, at in INSTANTS.items():
                seconds, counts[name] = past(store, at)
                taken[name].append(seconds)
        store.close()
    found = {name: statistics.median(each) for name, each in taken.items()}
    print(f"{options.items} items, {entries} entries")
    print(f"{'rows read':12} {found['rows']:6.2f} s")
    print(f"{'present':12} {found['present']:6.2f} s")
    for name in INSTANTS:
        ratios = f"{found[name] / found['rows']:5.1f} × rows   {found[name] / found['present']:4.1f} × present"
        print(f"{name:12} {found[name]:6.2f} s   {ratios}   {counts[name]} items")


if __name__ == "__main__":
    main()
