"""What explaining an item costs inside a process: the day-by-day count, and where its time went.

    python benchmarks/explain.py [--events 50] [--rounds 31]

The item has that many entries: registered, assigned, signed for, planned, suspended and resumed, extended, then progress
once a day. Beside each figure stands its ratio to replaying the same entries, which both must do or have done. Medians,
interleaved. Must hold for 50 entries: < 20 ms for the two together.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tomllib
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from engine import organisation
from engine.canonical import canonical
from engine.clock import DAY, SteppedTime, parse_instant
from engine.context import Hand
from engine.evolve import replay
from engine.explain import count, spent
from engine.loader import load
from engine.office import Office
from engine.row import EventQuery
from storage.memory import MemoryStore
from workflows.calendars import shipped_edition
from workflows.index import definition_text, index_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.context import Rules
    from engine.event import Event

ROOT = Path(__file__).resolve().parent.parent
OFFICE, HANDLER, HEAD, LEADER = (Hand(who, who) for who in ("o11", "o27", "o25", "o04"))


def item_of(entries: int) -> tuple[list[Event], Rules, int]:
    """Make an item with so many entries; return them, its rules and the present moment."""
    time = SteppedTime(parse_instant("2023-05-08 09:00"))
    office = Office(MemoryStore(), time)
    bureau = organisation.from_data(tomllib.loads((ROOT / "workflows/bureau.toml").read_text(encoding="utf-8")))
    definition = load(definition_text("siban"))
    office.put_policy("calendar", "cn", canonical(shipped_edition().to_dict()), OFFICE)
    office.put_policy("organisation", "bureau", bureau.text, OFFICE)
    office.put_policy("definition", "siban", definition.text, OFFICE, index_of(definition))
    office.register("siban", [({"title": "东禾港护岸局部塌陷", "source": "study"}, None)], OFFICE)
    assigned = {"track": "campaign", "lead_unit": "river", "handler": "o27", "limit": "2023-08-31"}
    office.act([1], "assign", assigned, OFFICE)
    office.act([1], "sign", {}, HANDLER)
    measures = [{"text": "清理并加密保洁", "unit": "river", "due": "2023-08-20"}]
    office.act([1], "submit_plan", {"objective": "护岸稳固", "measures": measures}, HANDLER)
    office.act([1], "approve_plan", {}, LEADER)
    for ordinal, (kind, fields) in enumerate(
        (
            ("suspension", {"grounds": "season", "until": "2023-06-05", "reason": "汛期水位过高无法施工"}),
            ("extension", {"until": "2023-10-20", "reason": "汛期停工一个月", "progress_note": "已完成一半"}),
        ),
        1,
    ):
        time.advance(DAY)
        office.request([1], kind, fields, HANDLER)
        for hand in (HEAD, LEADER):
            office.answer([(1, ordinal)], {}, hand, grant=True)
        time.advance(30 * DAY)  # the suspension is over by then, and the item goes on by itself
    while True:
        with office.store.read() as reader:
            events = list(reader.events(EventQuery(item=1)))
            if len(events) >= entries:
                return events[:entries], office.shelf.current(reader, "siban"), time.now()
        time.advance(DAY)
        office.act([1], "progress", {"progress_note": "按计划推进"}, HANDLER)


def main() -> None:
    """Measure interleaved and print medians and ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=31)
    options = parser.parse_args()
    events, rules, now = item_of(options.events)
    item = replay(events)
    if item is None:
        parser.error("no entries")
    gc.disable()  # as cli.py does
    works: dict[str, Callable[[], object]] = {
        "replay": lambda: replay(events),
        "count": lambda: count(item, "total", rules, events),
        "spent": lambda: spent(events, rules, now),
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(options.rounds):
        for name, work in works.items():
            begun = perf_counter()
            work()
            taken[name].append(perf_counter() - begun)
    medians = {name: statistics.median(times) * 1e3 for name, times in taken.items()}
    print(f"{len(events)} entries, {len(count(item, 'total', rules, events).days)} days counted")
    for name, median in medians.items():
        print(f"{name:<8} {median:7.2f} ms   ratio {median / medians['replay']:5.2f}")
    both = medians["count"] + medians["spent"]
    print(f"{'explain':<8} {both:7.2f} ms   ratio {both / medians['replay']:5.2f}   (must hold: < 20 ms)")


if __name__ == "__main__":
    main()
