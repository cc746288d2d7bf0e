"""A machine whose clock was set: `serve` and `tick` stop and ask, and go on when somebody says that the time is right."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from engine.clock import DAY, HOUR, MINUTE, SystemTime
from tests.acceptance.conftest import ROOT, SIBAN, environment, run
from tests.acceptance.test_heartbeat import rungs

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
PATIENCE = 30.0


def setting(path: Path, name: str, value: int | None) -> None:
    """Set a setting behind the program's back, or take it away."""
    with sqlite3.connect(path) as opened:
        opened.execute("DELETE FROM meta WHERE name = ?", (name,))
        if value is not None:
            opened.execute("INSERT INTO meta (name, value) VALUES (?, ?)", (name, str(value)))


def entries(path: Path) -> int:
    """Count the entries of the record."""
    with sqlite3.connect(path) as opened:
        found: int = opened.execute("SELECT count(*) FROM event").fetchone()[0]
        return found


def recorded(tmp_path: Path, at: str) -> Path:
    """Make a database with one item registered at an instant, which from then on goes by the machine's clock."""
    path = tmp_path / "a.db"
    base = ("--db", str(path), "--at", at)
    assert run(*base, "init", "--trial", "--org", str(ROOT / "workflows" / "bureau.toml")).status == 0
    assert run(*base, "--as", "o13", "登记", "--title", "一", "--source", "学习研讨").status == 0
    setting(path, "clock", None)
    return path


def test_after_a_long_gap_serve_asks_and_goes_on_once_it_is_told(tmp_path: Path) -> None:
    """Last seen in 2023: it ends with 5 and fires nothing; told that the clock is right it records that and fires all that is due."""
    path = recorded(tmp_path, "2023-05-08 09:00")
    count = entries(path)
    for command in (("serve", "--every", "1"), ("tick",)):
        said = run("--db", str(path), *command)
        assert (said.status, rungs(path), entries(path)) == (5, 0, count)
        assert "上次记录是 2023年5月8日 09:00" in said.err
        assert "--clock-is-right" in said.err
        assert "Traceback" not in said.err

    process = subprocess.Popen(
        [str(SIBAN), "--db", str(path), "值守", "--间隔", "1", "--时钟无误"],
        stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    end = time.monotonic() + PATIENCE
    while not rungs(path) and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "已记录：本机时间无误。" in err
    assert rungs(path) > 0
    log = run("--db", str(path), "log", "--verb", "确认时钟无误").out
    assert "上次记录 2023年5月8日 09:00，本机时间 " in log
    with sqlite3.connect(path) as opened:
        kept = int(opened.execute("SELECT value FROM meta WHERE name = 'last_seen'").fetchone()[0])
    assert abs(SystemTime().now() - kept) < HOUR
    again = run("--db", str(path), "tick", "--clock-is-right")
    assert (again.status, "无须确认" in again.err) == (0, True)
    assert run("--db", str(path), "check").status == 0


@pytest.mark.parametrize(("later", "status"), [(6 * MINUTE, 5), (DAY, 5), (2 * MINUTE, 0), (-10 * DAY, 0)])
def test_a_clock_behind_what_a_heartbeat_saw_is_asked_about(tmp_path: Path, later: int, status: int) -> None:
    """An hour or a day back is asked about, what NTP sets is not; a rest of ten days is none."""
    path = recorded(tmp_path, "2023-05-08 09:00")
    setting(path, "last_seen", SystemTime().now() + later)
    said = run("--db", str(path), "tick")
    assert said.status == status, said
    assert (rungs(path) > 0) == (status == 0)
    assert ("请核对本机时间" in said.err) == (status == 5)


def test_a_clock_behind_the_record_lets_no_act_be_recorded(tmp_path: Path) -> None:
    """Somebody's clock stood in 2090: everybody else is refused with 5, until it is said which time is right."""
    path = recorded(tmp_path, "2090-05-08 09:00")
    count = entries(path)
    said = run("--db", str(path), "--as", "o11", "accept", "1")
    assert (said.status, entries(path)) == (5, count)
    assert "早于最后一条办理记录（2090年5月8日 09:00）" in said.err
    assert run("--db", str(path), "show", "1").status == 0
    assert run("--db", str(path), "tick", "--时钟无误").status == 0
    assert run("--db", str(path), "--as", "o13", "登记", "--title", "二", "--source", "学习研讨").status == 0
    assert run("--db", str(path), "check").status == 0


def test_simulated_time_is_not_asked_about(tmp_path: Path) -> None:
    """A trial may leap from year to year."""
    path = recorded(tmp_path, "2023-05-08 09:00")
    said = run("--db", str(path), "--at", "2024-05-08 09:00", "tick")
    assert (said.status, rungs(path) > 0) == (0, True)
