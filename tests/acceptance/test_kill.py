"""kill -9 at any moment of real commands: what was told is kept, and what is given again under its id is not done twice."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.errands import DATABASE, PHOTO, Errand, ended, line, run, start
from tests.verdict import entries, state_of

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.said import Said

BEFORE, AFTER, TOLD, OVER = "before", "after", "told", "over"
"""Where a kill fell: nothing was kept, it was kept and nobody was told, somebody had been told, the command had ended."""


def acts(first: int) -> Iterator[tuple[str, ...]]:
    """Yield without end what four officers do to one item after another: register, assign, sign, report done."""
    number = first
    while True:
        yield "--as", "o13", "登记", "--title", f"第 {number} 件", "--source", "学习研讨"
        yield (
            "--as",
            "o11",
            "交办",
            str(number),
            "--清单",
            "即知即改的问题",
            "--主办单位",
            "河道署",
            "--责任人",
            "金晓",
        )
        yield "--as", "o27", "签收", str(number)
        yield ("--as", "o27", "报办结", str(number), "--整改情况", "已全部清理完毕", "--办理结果", "已解决",
               "--佐证材料", PHOTO)  # fmt: skip
        number += 1


def killed(process: subprocess.Popen[str], path: Path, way: int, dice: random.Random, lasts: float) -> Said:
    """Kill a command: at any moment of its life, at the first sign of a write to a journal, or shortly after that."""
    end = time.monotonic() + (dice.random() * lasts if way == 0 else 4 * lasts)
    while process.poll() is None and time.monotonic() < end:
        if way == 0:
            time.sleep(0.001)
        elif _writes(path):
            end = min(end, time.monotonic() + (0 if way == 1 else dice.random() * 0.01))
    process.send_signal(signal.SIGKILL)
    return ended(process)


def _writes(path: Path) -> bool:
    for ending in ("-wal", "-journal"):
        with suppress(FileNotFoundError):
            if Path(f"{path}{ending}").stat().st_size:
                return True
    return False


def survive(folder: Path, rounds: int, *alterations: str, patience: float = 1.2) -> Counter[str]:
    """Kill a command a round, give it again under its id, and look after each. Return where the kills fell.

    `patience` is how many times a command's usual time a kill may come after its start.
    """
    dice = random.Random(rounds)  # noqa: S311 - a test's own dice
    path, fell, script = folder / DATABASE, Counter[str](), acts(14)
    began = time.monotonic()
    run(folder, ("todo",), *alterations)
    lasts = patience * (time.monotonic() - began)
    for number in range(rounds):
        errand = Errand(f"{number}", (*next(script), "--command-id", f"id-{number}"))
        process = start(folder, line(folder, errand.arguments, *alterations))
        said = killed(process, path, number % 3, dice, lasts)
        kept = len(_done(path, number)) > 0
        assert kept or not said.out, f"round {number}: told of and not kept"
        fell[OVER if said.status == 0 else TOLD if said.out else AFTER if kept else BEFORE] += 1
        again = run(folder, errand.arguments, *alterations)
        assert again.status == (3 if kept else 0), f"round {number}: {again}"
        done = Counter(_done(path, number))
        assert done, f"round {number}: told of and not kept"
        assert set(done.values()) == {1}, f"round {number}: {done}"
        if number % 20 == 19:
            state_of(path)
    assert run(folder, ("check",)) == (0, "", "")
    assert run(folder, ("audit", "verify")).status == 0
    state_of(path)
    return fell


def _done(path: Path, number: int) -> list[str]:
    return [event.verb for event in entries(path) if event.command_id == f"id-{number}"]


def test_what_was_told_survives_a_kill(folder: Path) -> None:
    """The short form: four commands killed."""
    fell = survive(folder, 4)
    assert fell[OVER] < 4


@pytest.mark.slow
def test_what_was_told_survives_two_hundred_kills(folder: Path) -> None:
    """200 commands killed; the kills fall before, within and after the commit, so none of these is left untried."""
    fell = survive(folder, 200)
    print(fell)  # noqa: T201 - where they fell, for whoever runs it with -s
    assert fell[BEFORE] >= 40
    assert fell[AFTER] >= 3


@pytest.mark.slow
def test_kills_under_the_systems_sqlite(folder: Path) -> None:
    """The same without a write-ahead log, with the SQLite of the system: 50 kills."""
    assert survive(folder, 50, "system")[BEFORE] > 0


def test_a_command_that_forgets_its_id_is_found_out(folder: Path) -> None:
    """Control: one that does not know an id again."""
    with pytest.raises(AssertionError, match="round 0"):
        survive(folder, 1, "deaf", patience=1000)
