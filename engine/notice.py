"""What somebody is told, and the formal papers drafted for release: facts taken from events."""

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
from collections.abc import Mapping
from typing import NamedTuple

from engine.canonical import parse
from engine.event import DONE, Event

SENT, DRAFT, RELEASED, WITHHELD = "sent", "draft", "released", "withheld"


class Notice(NamedTuple):
    """One message to one officer, inside the bureau; nothing ever leaves it by itself.

    `number` is given in the order of events. `status` is sent, draft (a paper that a named person still has to release or withhold),
    released or withheld. `planned_at` is when it was due to go, `acked_at` when its receiver said it was seen.
    """

    number: int
    seq: int
    item: int
    receiver: str
    verb: str
    clock: str
    level: int
    paper: str
    release: str
    status: str
    planned_at: int
    acked_at: int | None = None


def notices_of(event: Event, first: int, body: Mapping[str, object] | None = None) -> list[Notice]:
    """List the notices an event sends, numbered from `first`. `body` may be given when it has been read already."""
    if event.result != DONE or '"tell":' not in event.body:
        return []
    body = parse(event.body) if body is None else body
    told = body.get("tell")
    release = str(body.get("release", "auto"))
    paper = str(body.get("paper", ""))
    level = body.get("level", 0)
    return [
        Notice(
            number=number,
            seq=event.seq,
            item=event.item,
            receiver=str(receiver),
            verb=event.verb,
            clock=str(body.get("clock", "")),
            level=level if isinstance(level, int) else 0,
            paper=paper,
            release=release,
            status=DRAFT if paper and release != "auto" else SENT,
            planned_at=event.effective_at,
        )
        for number, receiver in enumerate(told if isinstance(told, list) else [], first)
    ]


def answered(notice: Notice, event: Event) -> Notice:
    """Return the notice after a `release`, `withhold` or `ack` about it."""
    if event.verb == "ack":
        return notice._replace(acked_at=event.effective_at)
    return notice._replace(status=RELEASED if event.verb == "release" else WITHHELD)
