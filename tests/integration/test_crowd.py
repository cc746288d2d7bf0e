"""Many at once on one file: none lost, none doubled, each refusal explained, and nobody is told of a lock."""

from pathlib import Path

import pytest

from tests.crowd import found, look_over, turns, work


def test_all_on_one_item(tmp_path: Path) -> None:
    """The short form: four processes, 20 acts each on one item."""
    found(tmp_path / "office.db", 1)
    look_over(tmp_path / "office.db", work(tmp_path / "office.db", [20] * 4, [(1, 1)] * 4))


def test_many_on_many_items(tmp_path: Path) -> None:
    """The short form: four processes, 20 acts each on 30 items."""
    found(tmp_path / "office.db", 30)
    look_over(tmp_path / "office.db", work(tmp_path / "office.db", [20] * 4, [(1, 30)] * 4))


def test_reading_before_the_right_to_write_is_found_out(tmp_path: Path) -> None:
    """Control: clerks who begin to read and want to write later are told of locks, at the least."""
    found(tmp_path / "office.db", 1)
    with pytest.raises(AssertionError, match="locked"):
        look_over(tmp_path / "office.db", work(tmp_path / "office.db", [100] * 4, [(1, 1)] * 4, "careless"))


def test_nobody_is_passed_over(tmp_path: Path) -> None:
    """When the first of four has done its 250 acts, which is several turns, each of the others has done a fair number."""
    found(tmp_path / "office.db", 4)
    worked = work(tmp_path / "office.db", [250] * 4, [(n, n) for n in range(1, 5)])
    assert min(turns(tmp_path / "office.db", worked)) >= 60


@pytest.mark.slow
def test_eight_processes_on_one_item(tmp_path: Path) -> None:
    """8 processes × 250 acts on one item."""
    found(tmp_path / "office.db", 1)
    look_over(tmp_path / "office.db", work(tmp_path / "office.db", [250] * 8, [(1, 1)] * 8))


@pytest.mark.slow
def test_sixteen_processes_on_two_thousand_items(tmp_path: Path) -> None:
    """16 processes × 500 acts on 2,000 items."""
    found(tmp_path / "office.db", 2000)
    look_over(tmp_path / "office.db", work(tmp_path / "office.db", [500] * 16, [(1, 2000)] * 16))
