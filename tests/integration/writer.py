"""A process that writes, for tests that kill it, crowd it or make it wait: `writer.py MODE PATH COUNT ROW EVENT`.

It says one line on standard output when it holds something or something is kept, and not a moment before.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.event import Event
from engine.ports import Store
from engine.row import Row
from storage import connection
from storage.sqlite import open_store


def say(word: object) -> None:
    """Tell the test."""
    print(word, flush=True)  # noqa: T201 - this is how it speaks to the test


def act(store: Store, row: Row, event: Event, name: str) -> None:
    """Count one step further on the item, and record it."""
    with store.write() as writer:
        before = writer.row(row.number)
        version = before.version + 1 if before else 1
        (kept,) = writer.append([event._replace(command_id=name)])
        writer.put_row(row._replace(version=version, last_seq=kept.seq))


def main() -> None:
    """Do as told until done, killed or let go."""
    mode, path, count, row, event = sys.argv[1:]
    if mode == "hold_begin":  # as a tool that knows nothing of our lock file
        plain = connection.dbapi.connect(path, isolation_level=None)
        plain.execute("BEGIN IMMEDIATE")
        say("held")
        sys.stdin.read()
        return
    store = open_store(path, command="writer")
    if mode == "hold":
        with store.write():
            say("held")
            sys.stdin.read()
        return
    done = 0
    while done != int(count):  # -1 never ends
        name = f"{os.getpid()}-{done}"
        if mode == "boast":  # the seeded fault: told before it is so
            say(name)
        act(store, Row(*json.loads(row)), Event(*json.loads(event)), name)
        done += 1
        if mode == "act":
            say(name)
    store.close()


if __name__ == "__main__":
    main()
