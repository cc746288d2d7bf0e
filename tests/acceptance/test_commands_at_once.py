"""Real commands by the dozen at the same moment: each is done once, or told why not."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.errands import DATABASE, run
from tests.verdict import entries, state_of

if TYPE_CHECKING:
    from pathlib import Path


def line_of(number: int) -> tuple[str, ...]:
    """Return a command of the crowd: each fourth wants what others want too, the rest register something of their own."""
    if number % 4 == 0:
        return "--as", "o27", "签收", "9", "--command-id", f"id-{number}"
    return "--as", "o13", "登记", "--title", f"第 {number} 件", "--source", "学习研讨", "--command-id", f"id-{number}"


def crowd(folder: Path, commands: int, at_once: int) -> None:
    """Run so many commands, so many at a time, and look at what came of each. Raises with what does not hold."""
    before = len(entries(folder / DATABASE))
    with ThreadPoolExecutor(at_once) as pool:
        said = list(pool.map(lambda number: run(folder, line_of(number)), range(commands)))
    done = Counter(event.command_id for event in entries(folder / DATABASE)[before:] if event.result == "done")
    signed = [number for number in range(0, commands, 4) if said[number].status == 0]
    assert len(signed) == 1
    for number, one in enumerate(said):
        if number % 4 == 0 and number not in signed:
            assert one.status == 1, one
            assert "已由" in one.err or "不能签收" in one.err, one
            assert one.err.endswith("。\n"), one
            assert not done[f"id-{number}"]
        else:
            assert one.status == 0, one
            assert one.out.startswith(("已登记", "已签收")), one
            assert done[f"id-{number}"] == 1
    serials = [one.out.split()[1] for number, one in enumerate(said) if number % 4]
    assert len(set(serials)) == len(serials)
    state_of(folder / DATABASE)


def test_a_dozen_commands_at_once(folder: Path) -> None:
    """The short form: 12 commands, 6 at a time."""
    crowd(folder, 12, 6)


@pytest.mark.slow
def test_two_hundred_commands_sixteen_at_a_time(folder: Path) -> None:
    """200 commands, 16 at a time."""
    crowd(folder, 200, 16)
