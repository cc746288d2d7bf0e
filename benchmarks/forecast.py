"""How long a forecast of many open items takes in a process, against merely reading their rows.

    python benchmarks/forecast.py [--items 10000] [--days 90] [--rounds 3]

The ledger is a database of the default workflow with the sample bureau: a third of the items each just registered, assigned and
signed for, over four weeks and all units. The floor reads the same rows and their JSON and does nothing with them. Must hold:
10,000 items over 90 days in less than 30 s.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.canonical import canonical
from engine.clock import DAY, SteppedTime, parse_instant
from engine.context import Hand
from engine.forecast import forecast
from engine.loader import load
from engine.office import Office
from engine.row import ItemQuery, from_text
from interfaces.outlook import open_items
from interfaces.roster import read_organisation
from storage.creation import create
from storage.sqlite import open_store
from workflows.calendars import shipped_edition
from workflows.index import definition_text, index_of

if TYPE_CHECKING:
    from engine.forecast import Forecast

ROOT = Path(__file__).resolve().parent.parent
START = parse_instant("2023-05-08 09:00")
BATCHES = 20


def ledger_at(path: Path, items: int) -> tuple[Office, int]:
    """Make a database with so many open items; return its office and the moment it has come to."""
    create(str(path), {"trial": "1", "installation": "bench"})
    clock = SteppedTime(START)
    office = Office(open_store(str(path)), clock)
    hand = Hand("o11", "o11")
    bureau = read_organisation(str(ROOT / "workflows/bureau.toml"))
    office.put_policy("calendar", "cn", canonical(shipped_edition().to_dict()), hand)
    office.put_policy("organisation", "bureau", bureau.text, hand)
    definition = load(definition_text("siban"))
    office.put_policy("definition", "siban", definition.text, hand, index_of(definition))
    units = [unit for unit in bureau.units.values() if unit.head and unit.in_charge and unit.id != "office"]
    for batch in range(BATCHES):
        clock.advance(DAY)
        unit = units[batch % len(units)]
        sheets = [({"title": f"事项{n}", "source": "self_check"}, None) for n in range(items // BATCHES)]
        numbers = [outcome.after.number for outcome in office.register("siban", sheets, hand)]
        third = len(numbers) // 3
        fields = {"track": "campaign", "lead_unit": unit.id, "handler": unit.head, "limit": f"{20 + batch}wd"}
        office.act(numbers[third:], "assign", fields, hand)
        office.act(numbers[2 * third :], "sign", {}, Hand(unit.head, unit.head))
    office.tick()
    return office, clock.now()


def run_forecast(office: Office, now: int, days: int) -> tuple[float, Forecast]:
    """Forecast everything; return the seconds and what came out."""
    begun = time.perf_counter()
    with office.store.read() as reader:
        hashes = reader.current_hashes()
        calendar = office.shelf.calendar(reader, hashes["calendar", "cn"])
        organisation = office.shelf.organisation(reader, hashes["organisation", "bureau"])
        items = open_items(reader, office.shelf, now + days * DAY)
        found = forecast(items, now, now + days * DAY, calendar, organisation)
    return time.perf_counter() - begun, found


def run_floor(office: Office) -> float:
    """Read every open item and do nothing with it; return the seconds."""
    begun = time.perf_counter()
    with office.store.read() as reader:
        for row in reader.rows(ItemQuery(open=True)):
            from_text(row.body)
    return time.perf_counter() - begun


def main() -> None:
    """Measure in turn and print medians and the ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    gc.disable()  # as cli.py does, for both alike
    ours, floor = [], []
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        office, now = ledger_at(Path(folder) / "bench.db", options.items)
        _, found = run_forecast(office, now, options.days)
        for _ in range(options.rounds):
            ours.append(run_forecast(office, now, options.days)[0])
            floor.append(run_floor(office))
        office.store.close()
    mine, low = statistics.median(ours), statistics.median(floor)
    print(f"forecast   {mine:6.2f} s   {found.open / mine:7.0f} items/s   {len(found.happenings)} happenings")
    print(f"floor      {low:6.2f} s   ratio {mine / low:5.1f}   (the same rows read, and nothing done with them)")


if __name__ == "__main__":
    main()
