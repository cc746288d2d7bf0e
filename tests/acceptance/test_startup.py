"""What a command loads: help, one act and one question start without the heavy libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import environment

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = ("sqlmodel", "sqlalchemy", "pydantic", "apscheduler", "loguru", "rich", "PIL", "ast")
PROBE = (
    "import cli, json, sys; status = cli.run(sys.argv[1:]); sys.stderr.write(json.dumps([status, sorted(sys.modules)]))"
)


def loaded(*arguments: str) -> tuple[int, set[str]]:
    """Run a command line in a fresh interpreter; return its status and the modules it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(),
        check=True,
    )
    status, modules = json.loads(done.stderr.splitlines()[-1])
    return status, set(modules)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--as", "o11", "accept", "1"),
        ("show", "1"),
        ("accept", "--help"),
        ("--as", "o11", "todo"),
        ("list",),
    ],
    ids=" ".join,
)
def test_a_light_command_loads_nothing_heavy(made: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """None of sqlmodel, sqlalchemy, pydantic, apscheduler, loguru, rich and Pillow is loaded, nor `ast`, as `inspect` would."""
    copy = tmp_path / "office.db"
    copy.write_bytes(made.read_bytes())
    status, modules = loaded("--db", str(copy), *arguments)

    assert status == 0
    assert [name for name in HEAVY if name in modules] == []


def test_the_probe_sees_a_heavy_module() -> None:
    """Control: a program that loads sqlmodel is caught by the same probe."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.replace("import cli", "import sqlmodel, cli"), "--version"],
        capture_output=True, text=True, env=environment(), check=True,
    )  # fmt: skip
    assert {"sqlmodel", "sqlalchemy", "pydantic"} <= set(json.loads(done.stderr.splitlines()[-1])[1])
