"""`siban serve` as a real process: it beats, there is one of it, it stops cleanly, and a kill loses nothing."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import ROOT, SIBAN, environment, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
PATIENCE = 30.0


def rungs(path: Path) -> int:
    """Count crossed rungs."""
    with sqlite3.connect(path) as opened:
        found: int = opened.execute("SELECT count(*) FROM rung").fetchone()[0]
        return found


@pytest.fixture(name="late")
def _late(tmp_path: Path) -> Path:
    """A trial database whose two items are long overdue at its simulated moment, with no beat since."""
    path = tmp_path / "late.db"
    base = ("--db", str(path), "--at", "2023-05-08 09:00")
    run(*base, "init", "--trial", "--org", str(ROOT / "workflows" / "bureau.toml"))
    for title in ("一", "二"):
        run(*base, "--as", "o13", "登记", "--title", title, "--source", "学习研讨")
    with sqlite3.connect(path) as opened:
        opened.execute("UPDATE meta SET value = ? WHERE name = 'clock'", (str(int(time.time() * 1e6)),))
    return path


def serving(path: Path) -> subprocess.Popen[str]:
    """Start a heartbeat and wait until it says that it beats."""
    process = subprocess.Popen(
        [str(SIBAN), "--db", str(path), "serve", "--every", "1"], stderr=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stderr is not None
    assert "值守中" in process.stderr.readline()
    return process


def end(process: subprocess.Popen[str]) -> None:
    """Kill it and let go of its pipe."""
    process.kill()
    process.communicate()


@pytest.fixture(name="process")
def _process(late: Path) -> Iterator[subprocess.Popen[str]]:
    process = serving(late)
    yield process
    end(process)


def wait_for_rungs(path: Path) -> int:
    """Wait until the first beat has been recorded."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        count = rungs(path)
        if count:
            return count
    pytest.fail("no beat within half a minute")


def test_it_beats_stops_on_sigterm_and_is_alone(late: Path, process: subprocess.Popen[str]) -> None:
    """The first beat comes at once; a second serve is refused with exit 3; SIGTERM ends it with 0."""
    count = wait_for_rungs(late)
    said = run("--db", str(late), "serve")
    assert said.status == 3
    assert str(process.pid) in said.err

    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert run("--db", str(late), "tick").out.startswith("巡查完毕，没有")
    assert rungs(late) == count
    assert run("--db", str(late), "check").status == 0


def test_a_kill_loses_no_rung_and_fires_none_twice(late: Path) -> None:
    """Killed at any moment and started again, the heartbeat leaves the same rungs as one undisturbed pass."""
    for _ in range(3):
        end(serving(late))
    run("--db", str(late), "tick")
    with sqlite3.connect(late) as opened:
        rows = list(opened.execute("SELECT item, clock, cycle, level FROM rung"))
    assert len(rows) == len(set(rows)) > 0
    assert run("--db", str(late), "check").status == 0
