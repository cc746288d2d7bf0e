"""A heartbeat as a process of its own, for tests that run two at once and kill them.

Each line on standard input is `PATH INSTANT BATCH`: it makes one pass at that simulated instant over that database. It says `kept`
for every batch that has been committed, and `done N` with the number of rungs that the pass crossed; not a moment before.
`beater.py careless` is the seeded fault: it keeps what it has to tell to itself until the pass is over.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.clock import SteppedTime
from engine.notice import Notice
from engine.office import Office
from engine.ports import Store
from storage.place import open_store
from storage.sqlite import SqliteWriter


def say(word: str) -> None:
    """Tell the test."""
    print(word, flush=True)  # noqa: T201 - this is how it speaks to the test


HELD: list[Notice] = []


def tell_late(store: Store) -> None:
    """Write what was held back."""
    with store.write() as writer:
        assert isinstance(writer, SqliteWriter)
        first = writer.next_notice()
        put_notices(writer, [notice._replace(number=first + n) for n, notice in enumerate(HELD)])
    HELD.clear()


put_notices = SqliteWriter.put_notices


def main() -> None:
    """Beat as told until the input ends or it is killed."""
    store: Store | None = None
    place, office = "", None
    if "careless" in sys.argv:
        SqliteWriter.put_notices = lambda _self, notices: HELD.extend(notices)  # type: ignore[assignment,method-assign]
    for line in sys.stdin:
        path, at, batch = line.rstrip("\n").split("\t")
        if path != place or office is None:
            if store:
                store.close()
            store = open_store(path, command="beater")
            place, office = path, Office(store, SteppedTime(int(at)))
        office.time = SteppedTime(int(at))
        done = office.tick(int(batch), lambda _items: say("kept"))
        if HELD and store is not None:
            tell_late(store)
        say(f"done {done.rungs}")


if __name__ == "__main__":
    main()
