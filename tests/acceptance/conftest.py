"""The installed command as an officer runs it: real processes on a real file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.said import Said
from tests.warm import cool, warm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
SIBAN = Path(sys.executable).with_name("siban.exe" if os.name == "nt" else "siban")
START = "2023-05-08 09:00"
PATIENCE = 120.0
"""Seconds that a command may take at most."""


def environment() -> dict[str, str]:
    """Return the environment without settings of ours, and without the width that pytest-xdist sets."""
    return {k: v for k, v in os.environ.items() if not k.startswith("SIBAN_") and k != "COLUMNS"} | {"PYTHONUTF8": "1"}


def run(*arguments: str, cwd: Path | None = None, text: str | None = None, **variables: str) -> Said:
    """Run the command and return how it ended: in a process of its own, one that need not load everything first."""
    words, env = [str(SIBAN), *arguments], environment() | variables
    up = warm()
    return up.run(words, cwd or Path.cwd(), env, text or "", PATIENCE) if up else cold(words, cwd, env, text)


def cold(words: Sequence[str], cwd: Path | None, env: Mapping[str, str], text: str | None = None) -> Said:
    """Run a command as the system starts it."""
    done = subprocess.run(
        words, capture_output=True, text=True, encoding="utf-8", env=env, cwd=cwd, input=text, check=False,
        timeout=PATIENCE,
    )  # fmt: skip
    return Said(done.returncode, done.stdout, done.stderr)


class Office(NamedTuple):
    """A database, called with a command line to run a command on it."""

    path: Path

    def __call__(self, *arguments: str, text: str | None = None) -> Said:
        """Run a command in the database's folder."""
        return run("--db", str(self.path), *arguments, cwd=self.path.parent, text=text)


def pytest_sessionfinish() -> None:
    """Leave no process behind."""
    cool()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trial database with the demo's bureau and three items: one registered, one assigned, one petition."""
    path = tmp_path_factory.mktemp("made") / "office.db"
    base = ("--db", str(path), "--at", START)
    assert run(*base, "init", "--trial", "--org", str(ROOT / "workflows" / "bureau.toml")).status == 0
    for arguments in (
        ("--as", "o13", "登记", "--title", "河道漂浮垃圾", "--source", "群众反映", "--匿名"),
        ("--as", "o13", "登记", "--title", "垃圾箱房异味", "--source", "学习研讨"),
        ("--as", "o11", "交办", "2", "--清单", "即知即改的问题", "--主办单位", "河道署", "--责任人", "金晓"),
        ("--as", "o13", "登记", "--流程", "petition", "--title", "信访一件", "--匿名"),
    ):
        said = run(*base, *arguments)
        assert said.status == 0, said
    return path


class Played(NamedTuple):
    """The demo after it has run."""

    path: Path
    said: Said

    def copy(self, path: Path) -> None:
        """Leave its database somewhere else too, with the attachments."""
        shutil.copy(self.path, path)
        shutil.copytree(f"{self.path}.files", f"{path}.files")


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The demo, run once: nobody writes to it."""
    path = tmp_path_factory.mktemp("played") / "demo.db"
    said = run("demo", "--keep", str(path), cwd=path.parent)
    assert said.status == 0, said
    return Played(path, said)


@pytest.fixture
def office(made: Path, tmp_path: Path) -> Office:
    """A copy of that database."""
    path = tmp_path / "office.db"
    shutil.copy(made, path)  # nobody has it open: there is no -wal to miss
    return Office(path)
