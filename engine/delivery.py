"""送达: which notices are carried out of the database, in what digests, and when that is tried again.

A delivery is no part of the record: it says how far a message got, and a notice counts as given when it stands in the record. One
digest goes to one receiver over one target; its key stays the same however often it is tried, so that whoever receives it
can tell the second copy from a new message. Digests of one receiver over one target go in order, one at a time.
"""

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from engine.canonical import digest
from engine.notice import Notice

NOWHERE = ""
"""The target of a notice that is not carried: seen before it could be, or older than the carrying itself."""

_MINUTE = 60_000_000
WAITS: tuple[int, ...] = tuple(minutes * _MINUTE for minutes in (1, 5, 15, 60, 240, 720, 1440))
"""How long after each try the next one comes (µs). A try that does not come back is taken up again after its wait as well."""

MOST = len(WAITS) + 1
"""After so many tries in vain a digest is given up, until a person has it tried again."""


class Delivery(NamedTuple):
    """How far one notice got over one target.

    `next_at` is when it is tried next, None when it was carried or given up; `carried_at` when a target took it;
    `error` what went wrong at the last try.
    """

    notice: int
    target: str
    receiver: str
    key: str
    made_at: int
    tries: int = 0
    next_at: int | None = None
    carried_at: int | None = None
    error: str = ""

    @property
    def is_given_up(self) -> bool:
        """Whether nobody will try it again by himself."""
        return self.next_at is None and self.carried_at is None


def digests(notices: Iterable[Notice], targets: Callable[[str], Sequence[str]], now: int) -> list[Delivery]:
    """Put notices into digests, one for each receiver and target; what is seen already, or has no target, goes nowhere."""
    found: list[Delivery] = []
    groups: dict[tuple[str, str], list[Notice]] = {}
    for notice in notices:
        over = targets(notice.receiver) if notice.acked_at is None else ()
        for target in over:
            groups.setdefault((notice.receiver, target), []).append(notice)
        if not over:
            found.append(skipped(notice, now))
    for (receiver, target), together in groups.items():
        key = key_of(receiver, target, [notice.number for notice in together])
        found += [Delivery(notice.number, target, receiver, key, now, next_at=now) for notice in together]
    return found


def skipped(notice: Notice, now: int) -> Delivery:
    """Mark a notice as one that is not carried."""
    return Delivery(notice.number, NOWHERE, notice.receiver, "", now, carried_at=now)


def key_of(receiver: str, target: str, numbers: Sequence[int]) -> str:
    """Return the key of a digest: 16 hexadecimal digits that depend on what it holds and on nothing else."""
    return digest("\0".join((receiver, target, *map(str, numbers))))[:16]


def ready(waiting: Iterable[Delivery], now: int) -> list[list[Delivery]]:
    """Return the digests to try now: of each receiver and target the first that waits, if its time has come."""
    first: dict[tuple[str, str], list[Delivery]] = {}
    for one in waiting:
        if one.next_at is not None:
            together = first.setdefault((one.receiver, one.target), [])
            if not together or together[0].key == one.key:
                together.append(one)
    return [together for together in first.values() if (together[0].next_at or 0) <= now]


def claimed(digest: Sequence[Delivery], now: int) -> list[Delivery]:
    """Return a digest as one that is being tried: should this try never come back, the next comes after the wait."""
    return [one._replace(tries=one.tries + 1, next_at=now + WAITS[min(one.tries, len(WAITS) - 1)]) for one in digest]


def carried(digest: Sequence[Delivery], now: int) -> list[Delivery]:
    """Return a claimed digest after a target took it."""
    return [one._replace(next_at=None, carried_at=now, error="") for one in digest]


def failed(digest: Sequence[Delivery], error: str) -> list[Delivery]:
    """Return a claimed digest after a try in vain: it waits, or is given up after the last try."""
    return [one._replace(next_at=None if one.tries >= MOST else one.next_at, error=error) for one in digest]


def renewed(digest: Iterable[Delivery], now: int) -> list[Delivery]:
    """Return a digest that a person has tried again: from the beginning, under the same key."""
    return [one._replace(tries=0, next_at=now) for one in digest]
