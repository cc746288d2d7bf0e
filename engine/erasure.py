"""A reporter's erasure that a restored backup does not know of: done again, and recorded again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.canonical import canonical, parse
from engine.context import Hand
from engine.event import DONE, Event
from engine.privacy import REDACT, erased, is_erased
from engine.row import EventQuery
from engine.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.policy import PolicyShelf
    from engine.ports import Reader, Store

RESTORE = "restore"
"""The verb of the entry that says a backup took the ledger's place."""


def missed(now: Reader, backup: Reader) -> list[Event]:
    """Return, by item, the last `redact` entry for every reporter whom the present ledger erased and a backup still holds."""
    held = {reporter.item for reporter in backup.reporters() if not is_erased(reporter)}
    gone = {reporter.item for reporter in now.reporters() if is_erased(reporter)} & held
    if not gone:
        return []
    last = {event.item: event for event in now.events(EventQuery(verb=REDACT, result=DONE)) if event.item in gone}
    return [last[item] for item in sorted(last)]


def restored(
    store: Store,
    shelf: PolicyShelf,
    now: int,
    hand: Hand,
    erasures: Iterable[tuple[Event, Mapping[str, str]]],
    about: Mapping[str, object],
) -> None:
    """Record in a restored ledger that it was restored (`about` says from what, and what was lost), and erase again whom it must.

    Each erasure stays its decider's and comes with the basis on which it is entered anew; what has come due is settled first.
    """
    with store.write() as writer:
        now = max(now, writer.last_at())
        job = Work(writer, shelf, now)
        job.events.append(Event(0, 0, RESTORE, DONE, now, now, *hand, "", "", canonical(dict(about))))
        for event, basis in erasures:
            item = job.load(event.item)
            again = Hand(event.decider, hand.enterer, canonical(dict(basis)))
            context = job.context(job.rules(item), again, max(now, item.effective_at))
            job.apply([context.event(item.number, REDACT, {"fields": parse(event.body).get("fields", {})})])
            job.reporters.append(erased(item.number))
        job.flush(writer)
        for reporter in job.reporters:
            writer.put_reporter(reporter)
    store.purge()
