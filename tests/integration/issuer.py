"""A process that issues papers, for tests of two at once: DATABASE KIND SERIES ITEM… → a number a line."""

import sys

from engine.clock import SteppedTime, parse_instant
from engine.context import Hand
from engine.office import Office
from engine.paper import FORMAL, Order, issued
from storage.sqlite import open_store

END = "2023-06-14 10:00"

if __name__ == "__main__":
    path, kind, series, *items = sys.argv[1:]
    office = Office(open_store(path), SteppedTime(parse_instant(END)))
    for place, item in enumerate(items):
        order = Order(kind, series, FORMAL, f"{kind}-{place}", {"title": "试"})
        outcome = office.issue(int(item), order, Hand("o11", "o11"))
        sys.stdout.write(f"{issued(outcome.after)[-1].no}\n")
