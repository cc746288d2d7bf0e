"""A process that writes, backs up or restores, for tests that kill it: `keeper.py write PATH` or `keeper.py POINT PATH OTHER`.

`write` comments on an item for ever and tells the number of each entry once it is kept. The others stop at a point for good,
having said so: `copying`, `copied` (of a backup), `duplicating`, `duplicated`, `linked` (of a restore), `saving`, `climbing` (of an
upgrade to a version that is not there yet).
"""

import sys
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.clock import SteppedTime, parse_instant
from engine.context import Hand
from engine.office import Office
from interfaces import keeping, restoring
from storage.migrations import STEPS, upgrade
from storage.sqlite import open_store
from tests.planned import m002_colour
from tests.trial import END, HEAD

NOW = parse_instant(END)


def say(word: object) -> None:
    """Tell the test."""
    print(word, flush=True)  # noqa: T201 - this is how it speaks to the test


def stop(point: str) -> None:
    """Say where it is and go no further."""
    say(point)
    sys.stdin.read()


def write(path: str) -> None:
    """Comment until killed."""
    store, number = open_store(path, command="keeper"), 0
    office = Office(store, SteppedTime(NOW))
    while True:
        number += 1
        office.remark([2], "comment", {"fields": {"comment": f"第 {number} 次"}}, Hand(HEAD, HEAD))
        with store.read() as reader:
            say(reader.head()[0])


def keep(point: str, path: str, other: str) -> None:
    """Back up to `other`, or restore from it, as far as the point."""
    places = {
        "copying": ("interfaces.keeping.bar", lambda _unit: lambda _done, _total: stop(point)),
        "copied": ("interfaces.keeping.verified", lambda *_: stop(point)),
        "duplicating": ("interfaces.restoring.bar", lambda _unit: lambda _done, _total: stop(point)),
        "duplicated": ("storage.backup.replace", lambda *_: stop(point)),
        "saving": ("storage.migrations._whole", lambda _part: stop(point)),
        "climbing": ("storage.migrations.triggers", lambda: stop(point)),
        "linked": ("pathlib.Path.replace", lambda *_: stop(point)),
    }
    patch(*places[point]).start()
    if point in ("copying", "copied"):
        keeping.back_up(open_store(path), path, other, NOW)
    elif point in ("saving", "climbing"):
        upgrade(path, steps=[*STEPS, m002_colour])
    else:
        restoring.restore(path, other, Hand("os:root", "os:root"), NOW, discard_newer=True)


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2])
    else:
        keep(*sys.argv[1:4])
