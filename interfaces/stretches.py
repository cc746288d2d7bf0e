"""The record verified in stretches, by all processors at once.

A chain stores every link, so each stretch can be held to the entry before it. This finds that all is whole, and nothing else: where any
stretch shows anything at all, the record is walked from its beginning by the one walk that says what is wrong.
"""

from __future__ import annotations

from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from engine.chain import GENESIS
from engine.row import EventQuery
from interfaces.crew import Crew
from interfaces.verifier import BATCH, Walk
from storage.sqlite import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

LENGTH = 64 * BATCH
"""How many entries a stretch has: a power of two, so that each is a full subtree of the seals' tree."""

PAYS = 4 * LENGTH
"""From how many entries on it pays to start processes."""


class Stretch(NamedTuple):
    """Entries of a file's record after one number up to another, and the sizes that are asked for among them."""

    path: str
    after: int
    last: int
    sizes: frozenset[int]


def walk(
    entries: Iterable[Sequence[Any]],
    sizes: set[int],
    *,
    path: str,
    count: int,
    told: Callable[[int], None] | None = None,
    length: int = LENGTH,
) -> Walk:
    """Walk a file's record of `count` entries in stretches; take the given entries one by one where something is wrong.

    `told` is given how many are done.
    """
    return _together(_cut(path, count, sizes, length), sizes, told) or Walk(entries, sizes)


def _cut(path: str, count: int, sizes: set[int], length: int) -> list[Stretch]:
    """Cut a record: each full stretch also gives its whole subtree, where a seal covers that."""
    furthest = max(sizes, default=0)
    stretches = []
    for after in range(0, count, length):
        last = min(after + length, count)
        asked = {size for size in sizes if after < size <= last} | ({last} if last <= furthest else set())
        stretches.append(Stretch(path, after, last, frozenset(asked)))
    return stretches


def _together(stretches: list[Stretch], sizes: set[int], told: Callable[[int], None] | None) -> Walk | None:
    """Walk all stretches and put what they found together; None where one of them is not whole."""
    whole, peaks = Walk((), set()), dict[int, bytes]()
    with Crew() as crew:
        for stretch, found in crew.in_turn(_walked, ((one, (one,)) for one in stretches)):
            if found is None:
                return None
            whole.announced |= found.announced
            for size in sorted(stretch.sizes):
                after = _with(peaks, found.peaks[size])
                whole.peaks |= {size: after} if size in sizes else {}
                peaks = after if size == stretch.last else peaks
            whole.size, whole.head = found.size, found.head
            if told:
                told(found.size)
    return whole


def _walked(stretch: Stretch) -> Walk | None:
    """Walk one stretch; None where it is not whole or cannot be read."""
    try:
        with closing(open_store(stretch.path)) as store, store.read() as reader:
            head = GENESIS
            if stretch.after:
                (before,) = reader.events(EventQuery(after=stretch.after - 1, limit=1))
                head = before.hash
            entries = reader.events(EventQuery(after=stretch.after, limit=stretch.last - stretch.after))
            found = Walk(entries, set(stretch.sizes), stretch.after, head)
    except Exception:  # noqa: BLE001 - whatever it is, the walk from the beginning meets it and says what it is
        return None
    return None if found.faults or found.size != stretch.last else found


def _with(peaks: dict[int, bytes], own: dict[int, bytes]) -> dict[int, bytes]:
    """Return the peaks of a tree to which those of a stretch were added: lower ones, or the one of a full stretch."""
    peaks = dict(peaks)
    for height, node in own.items():
        while height in peaks:  # the two make one of the next height
            node, height = sha256(b"\1" + peaks.pop(height) + node).digest(), height + 1  # noqa: PLW2901 - until it has no other half
        peaks[height] = node
    return peaks
