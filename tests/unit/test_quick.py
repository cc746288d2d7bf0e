"""The quick measurement says when something has slid, and only then."""

from __future__ import annotations

from benchmarks.quick import BANDS, Band, judged, least_of


def given(*ratios: float) -> Band:
    """A band of at most 2 whose measure gives these ratios in turn, and no more."""
    return Band("work", 2, iter(ratios).__next__)


def test_a_ratio_within_its_band_is_measured_once() -> None:
    """Nothing is measured again that is good."""
    assert least_of(given(1.9)) == 1.9


def test_a_busy_moment_is_forgiven() -> None:
    """Out of its band it is measured again, and the least counts."""
    assert least_of(given(5.0, 2.5, 2.0)) == 2.0


def test_a_slide_is_found_and_said() -> None:
    """Control: out of its band each time, it counts, and the others are still told."""
    told: list[str] = []
    assert judged([given(2.4, 2.3, 2.2), given(1.0)], told.append) == 1
    assert [line[:4] for line in told] == ["SLID", "ok  "]
    assert "2.20" in told[0]


def test_every_band_has_room_and_a_name_of_its_own() -> None:
    """The bands stand apart and above what the page asks for."""
    assert len({band.name for band in BANDS}) == len(BANDS)
    assert all(band.most > 1.5 for band in BANDS)
