"""The hash that links each entry of the record to the one before it (design page, section 6)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from engine.canonical import digest_bytes, hash_many
from engine.event import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GENESIS = "0" * 64
"""The `prev` of the first entry."""

_MANY = 1000
_TAG = b"siban-event-v1\0"
_HASHED = len(Event._fields) - 2  # every field but prev, which is hashed first and raw, and hash itself


_made = tuple.__new__  # half the time of a call of the class, and this is in every act


def event_hash(event: Event) -> str:
    """Return SHA-256(tag, prev, every field as decimal length, colon, UTF-8 bytes) in lower-case hexadecimal.

    The lengths keep `ab|c` apart from `a|bc`; integers are hashed as their decimal text.
    """
    return _hash(event[:_HASHED], event.prev)


def _hash(fields: tuple[object, ...], prev: str) -> str:
    return digest_bytes(
        _TAG + bytes.fromhex(prev) + b"".join(map(_known_part, fields[:-1])) + _part(fields[-1])
    )  # the body is last


def _part(field: object) -> bytes:
    data = str(field).encode()
    return b"%d:%b" % (len(data), data)


_known_part = lru_cache(maxsize=1024, typed=True)(_part)
"""Who, what and under which policy recur from entry to entry. By type: 1 and 1.0 are equal, and not the same text."""


def link(events: Sequence[Event], seq: int, prev: str) -> list[Event]:
    """Number the events after `seq` and chain them to `prev`; return them complete."""
    if len(events) > _MANY:
        hash_many()
    linked = []
    for event in events:
        seq += 1
        fields = (seq, *event[1:_HASHED])
        hash_ = _hash(fields, prev)
        linked.append(_made(Event, (*fields, prev, hash_)))
        prev = hash_
    return linked


def first_broken(events: Iterable[Event], seq: int = 0, prev: str = GENESIS) -> int | None:
    """Return the number of the first entry that does not follow from the one before it, or None when all do."""
    for event in events:
        seq += 1
        if event.seq != seq or event.prev != prev or event_hash(event) != event.hash:
            return seq
        prev = event.hash
    return None
