"""An officer at work as a process of its own: `actor.py PLACE NAME COUNT ITEMS`, COUNT -1 for ever.

It does one thing after another to items it rolls, some of which cannot be done, and says of each what came of it: `done ID`,
`refused ID CODE`, or `lost ID CODE` when the database is gone, which ends it. It says so when it is so and not a moment before.
"""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.clock import SystemTime
from engine.context import Hand
from engine.errors import Conflict, Refused, Unavailable
from engine.office import Office
from storage.place import open_store

HANDLER, HEAD, VERIFIER, OFFICE = "o27", "o25", "o14", "o11"
FILES = [{"name": "照片.jpg", "size": 1, "sha256": "0" * 64}]
ACTS: list[tuple[str, str, dict[str, object]]] = [
    (HANDLER, "comment", {"text": "催一下"}),
    (OFFICE, "comment", {"text": "已知悉"}),
    (HANDLER, "sign", {}),
    (HANDLER, "report_done", {"outcome": "已经整改到位。", "result_class": "solved", "evidence": FILES}),
    (VERIFIER, "send_back", {"opinion": "材料不足，须补充。", "further_demand": "补充整改前后对比照片和长效保洁安排"}),
]
"""Comments always pass; of the others at most one fits where an item stands."""


def say(*words: object) -> None:
    """Tell the test."""
    print(*words, flush=True)  # noqa: T201 - this is how it speaks to the test


def main() -> None:
    """Act as told until done, lost or killed."""
    place, name, count, items = sys.argv[1:]
    dice = random.Random(name)  # noqa: S311 - a test's own dice
    office, done = Office(open_store(place, command="actor"), SystemTime()), 0
    while done != int(count):
        command = f"{name}-{done}"
        who, verb, fields = dice.choice(ACTS)
        numbers = dice.sample(range(1, int(items) + 1), min(dice.choice((1, 1, 1, 2)), int(items)))
        hand = Hand(who, who, "", command)
        try:
            if verb == "comment":
                office.remark(numbers, verb, fields, hand)
            else:
                office.act(numbers, verb, fields, hand)
            say("done", command)
        except (Refused, Conflict) as error:
            say("refused", command, error.code)
        except Unavailable as error:
            say("lost", command, error.code)
            return
        done += 1


if __name__ == "__main__":
    main()
