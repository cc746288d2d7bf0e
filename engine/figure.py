"""Numbers that know their items: a count, a share, and a spread of values. Nothing here is text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple, overload


class Numbers(Sequence[int]):
    """Numbers of items in order, gathered in parts. Most figures are asked only how many: the rest is put in order when it is looked at."""

    __slots__ = ("_count", "_ordered", "_parts")

    def __init__(self, parts: Sequence[Sequence[int]]) -> None:
        """Take the parts, which have no number twice."""
        self._parts = parts
        self._ordered: tuple[int, ...] | None = None
        self._count = sum(map(len, parts))

    @property
    def ordered(self) -> tuple[int, ...]:
        """The numbers in their order."""
        if self._ordered is None:
            self._ordered = tuple(sorted(chain.from_iterable(self._parts)))
        return self._ordered

    def __len__(self) -> int:
        """How many."""
        return self._count

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[int, ...]: ...
    def __getitem__(self, at: int | slice) -> int | tuple[int, ...]:
        """One of them, or several."""
        return self.ordered[at]

    def __iter__(self) -> Iterator[int]:
        """Each in its turn."""
        return iter(self.ordered)

    def __eq__(self, other: object) -> bool:
        """Whether they are the same numbers."""
        return self.ordered == tuple(other) if isinstance(other, (tuple, list, Numbers)) else NotImplemented

    def __hash__(self) -> int:
        """Like a tuple of them."""
        return hash(self.ordered)

    def __repr__(self) -> str:
        """Like a tuple of them."""
        return repr(self.ordered)


class Figure(NamedTuple):
    """A number of items; with `of`, the share of them in those. Both are numbers of items."""

    numbers: Sequence[int]
    of: Sequence[int] | None = None

    @property
    def top(self) -> int:
        """How many."""
        return len(self.numbers)

    @property
    def bottom(self) -> int:
        """How many of them there could be."""
        return len(self.of or ())

    @property
    def per_mille(self) -> int | None:
        """The share in tenths of a percent, rounded to the nearest; None where there is nothing to divide by."""
        return None if not self.bottom else (self.top * 2000 + self.bottom) // (2 * self.bottom)


class Spread(NamedTuple):
    """One value for each of some items, in their order; the unit is the indicator's."""

    numbers: Sequence[int] = ()
    values: tuple[int, ...] = ()

    @property
    def mean(self) -> int | None:
        """The mean, rounded to the nearest; None of nothing."""
        count = len(self.values)
        return (sum(self.values) * 2 + count) // (2 * count) if count else None

    @property
    def median(self) -> int | None:
        """The value in the middle, of two the mean; None of nothing."""
        if not self.values:
            return None
        ordered, middle = sorted(self.values), len(self.values) // 2
        return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle] + 1) // 2
