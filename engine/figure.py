"""Numbers that know their items: a count, a share, and a spread of values. Nothing here is text."""

from __future__ import annotations

from typing import NamedTuple


class Figure(NamedTuple):
    """A number of items; with `of`, the share of them in those. Both are numbers of items."""

    numbers: tuple[int, ...]
    of: tuple[int, ...] | None = None

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

    numbers: tuple[int, ...] = ()
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
