"""A batch of a ledger's rows decided apart from the record: by whoever has the rules and is told what stands before it.

What a row comes to is a pure function of the rules, the row and the numbers it gets; only to write it takes the record.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, NoReturn, cast

from engine.errors import SibanError
from engine.intake import Decided, enter
from engine.policy import CALENDAR, DEFINITION, ORGANISATION, PolicyShelf
from engine.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.context import Hand
    from engine.event import Event
    from engine.intake import Batch
    from engine.ports import Reader, Writer
    from engine.row import Policy, Row
    from engine.secrecy import Guard


class Terms(NamedTuple):
    """What all batches of a ledger are decided under: the current policy, the moment (µs), who enters, what looks at texts."""

    policies: tuple[Policy, ...]
    workflow: str
    hand: Hand
    now: int
    guard: Guard | None


def terms(reader: Reader, workflow: str, hand: Hand, now: int, guard: Guard | None) -> Terms:
    """Return the terms as they are in a view of the store."""
    return Terms(policies_of(reader), workflow, hand, now, guard)


def policies_of(reader: Reader) -> tuple[Policy, ...]:
    """Return all policy that is current in a view of the store."""
    return tuple(policy for kind in (DEFINITION, CALENDAR, ORGANISATION) for policy in reader.current(kind))


def decided(under: Terms, batch: Batch) -> Decided | None:
    """Return what a batch comes to; None where a row is refused, or where that takes more than its terms to say."""
    view = _View(under.policies, batch.last_seq)
    job = Work(cast("Reader", view), _shelf(under.policies), under.now, batch.last_number, under.guard)
    try:
        rules = job.shelf.current(job.reader, under.workflow)
        taken = [enter(job, rules, entry, under.hand) for entry in batch.entries]
        job.flush(cast("Writer", view))
    except (SibanError, _NotApartError):
        return None
    return Decided(view.events, view.rows, job.reporters, taken, job.last_number)


def shelf_of(policies: tuple[Policy, ...]) -> tuple[PolicyShelf, Reader]:
    """Return a shelf, and a view in which there are these policies and nothing else."""
    return _shelf(policies), cast("Reader", _View(policies, 0))


@lru_cache(maxsize=1)
def _shelf(_policies: tuple[Policy, ...]) -> PolicyShelf:
    """Return the shelf on which these policies are put once they have been read."""
    return PolicyShelf()


class _NotApartError(Exception):
    """Something was asked for that only the record can answer."""


class _View:
    """As much of a store as a batch may need: policy to read, and a place for what would be written."""

    def __init__(self, policies: Iterable[Policy], last_seq: int) -> None:
        self._policies = {(policy.kind, policy.hash): policy for policy in policies}
        self._last_seq = last_seq
        self.events: list[Event] = []
        self.rows: list[Row] = []

    def current_hashes(self) -> dict[tuple[str, str], str]:
        return {(policy.kind, policy.name): policy.hash for policy in self._policies.values()}

    def policy(self, kind: str, hash_: str) -> Policy | None:
        return self._policies.get((kind, hash_))

    def next_item(self) -> int:
        return 1  # asked for where none was given yet

    def append(self, events: Sequence[Event]) -> list[Event]:
        self.events = [event._replace(seq=seq) for seq, event in enumerate(events, self._last_seq + 1)]
        return self.events

    def put_rows(self, rows: Sequence[Row]) -> None:
        self.rows = list(rows)

    def __getattr__(self, name: str) -> NoReturn:
        raise _NotApartError(name)
