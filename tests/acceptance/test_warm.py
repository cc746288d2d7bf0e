"""The processes in which most commands of the tests run are processes, and end as one that the system starts."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import SIBAN, Office, cold, environment
from tests.warm import warm

if TYPE_CHECKING:
    from pathlib import Path

    from tests.said import Said

pytestmark = pytest.mark.skipif(warm() is None, reason="commands start cold here: nothing to compare")


def both(path: Path, *arguments: str, text: str = "", **variables: str) -> Said:
    """Run a command line both ways, in a database's folder; return what was said either way."""
    words, env = [str(SIBAN), "--db", path.name, *arguments], environment() | variables
    up = warm()
    assert up is not None
    said = up.run(words, path.parent, env, text, 60)
    assert said == cold(words, path.parent, env, text)
    return said


def test_it_ends_as_from_the_cold(office: Office) -> None:
    """Done, refused, misused, no database; by options, by the environment and from standard input; text, JSON and help."""
    assert both(office.path, "list", "-o", "json").json
    assert both(office.path, "show", "2").status == 0
    assert both(office.path, "--as", "o13", "签收", "2").status == 1
    assert both(office.path, "list", "--没有").status == 2
    assert both(office.path.with_name("none.db"), "list").status == 5
    assert "垃圾箱房异味" in both(office.path, "todo", SIBAN_AS="o27").out
    assert both(office.path, "report", "--help").out.startswith("用法：")
    taken = ("--as", "o13", "登记", "--title", "甲", "--source", "群众反映", "--反映人", "-", "--dry-run", "-o", "json")
    assert both(office.path, *taken, text="周女士\n").status == 0


def test_several_run_at_once(office: Office) -> None:
    """Each in a process of its own: all take their turn at one database, and none is lost."""
    with ThreadPoolExecutor(6) as pool:
        words = ("--as", "o13", "备注", "2", "--command-id")
        done = list(pool.map(lambda n: office(*words[:-1], f"第{n}条"), range(12)))
    assert {one.status for one in done} == {0}
    assert json.loads(office("show", "2", "-o", "json").out)["version"] >= 12


def test_one_that_takes_too_long_is_ended(office: Office) -> None:
    """It is a `TimeoutError`, and the process is gone."""
    up = warm()
    assert up is not None
    with pytest.raises(TimeoutError):
        up.run([str(SIBAN), "--db", str(office.path), "serve"], office.path.parent, environment(), "", 2)
    end = time.monotonic() + 10
    while time.monotonic() < end and "值守中" in office("doctor", "-o", "json").out:
        time.sleep(0.1)
    assert "值守中" not in office("doctor", "-o", "json").out
