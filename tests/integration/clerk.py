"""A clerk among many, as a process of its own: `clerk.py PATH NAME COUNT FIRST LAST [careless|unlocked]`.

It waits for a line on standard input; then it takes up or lays down one item after another of those from FIRST to LAST, as the
dice say, so that about half of what it tries cannot be done. At the end it prints one line of JSON: all that came of it.
Seeded faults: `careless` reads before it has the right to write, `unlocked` does not queue for it.
"""

import json
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.clock import SteppedTime
from engine.context import Hand
from engine.errors import SibanError
from engine.office import Office
from storage import statements
from storage.lock import FileLock
from storage.sqlite import open_store
from workflows.labels import titles_of
from workflows.messages import sentence

CLERK = "o27"


def main() -> None:
    """Work until all is done."""
    path, name, count, first, last, *faults = sys.argv[1:]
    if faults:
        FileLock.take = lambda *_: None  # type: ignore[method-assign]
    if "careless" in faults:
        statements.BEGIN_WRITING = "BEGIN"
    store = open_store(path, command="clerk")
    dice, office, titles = random.Random(name), Office(store, SteppedTime(1_684_000_000_000_000)), titles_of({})  # noqa: S311 - a test's own dice
    tried: list[tuple[str, int, str, str, str]] = []
    longest = 0.0
    print("ready", flush=True)  # noqa: T201 - this is how it speaks to the test
    sys.stdin.readline()
    began = time.monotonic()
    for number in range(int(count)):
        command, item, verb = (
            f"{name}-{number}",
            dice.randint(int(first), int(last)),
            dice.choice(("take_up", "lay_down")),
        )
        code = said = ""
        at = time.monotonic()
        try:
            office.act([item], verb, {}, Hand(CLERK, CLERK, "", command))
        except SibanError as error:
            code, said = error.code, sentence(error, titles)
        longest = max(longest, time.monotonic() - at)
        tried.append((command, item, verb, code, said))
    took = time.monotonic() - began
    print(json.dumps({"tried": tried, "seconds": took, "longest": longest}))  # noqa: T201 - as above
    store.close()


if __name__ == "__main__":
    main()
