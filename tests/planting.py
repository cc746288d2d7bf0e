"""Faults on purpose (`planted.toml`): each is put into a copy of the source, and the tests named for it must then fail.

A test that no fault makes fail proves nothing; this is the proof of the tests.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parents[1]
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".hypothesis", ".*_cache", "*.db", "*.db-*")
_WHERE = "import cli, engine.office, storage.sqlite, workflows.labels; print(cli.__file__)"
FAILED = 1
"""pytest's exit status when tests ran and some failed; 2 to 5 mean that they did not run."""


class Edit(NamedTuple):
    """A text that stands once in a file, and what takes its place."""

    file: str
    old: str
    new: str


class Fault(NamedTuple):
    """A careless change, and the tests of which one must notice."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


class Run(NamedTuple):
    """How pytest ended: its exit status and what it said."""

    status: int
    said: str

    @property
    def failed(self) -> list[str]:
        """The tests that ran and failed; errors on the way to a test are none."""
        return re.findall(r"^FAILED (\S+)", self.said, re.MULTILINE)


def faults() -> list[Fault]:
    """Read all faults, in their order."""
    listed = tomllib.loads((ROOT / "tests" / "planted.toml").read_text(encoding="utf-8"))["fault"]
    return [Fault(f["name"], tuple(Edit(**edit) for edit in f["edits"]), tuple(f["tests"])) for f in listed]


def misfits(fault: Fault) -> list[str]:
    """Say what keeps a fault from being tried: a text that is not there exactly once, or a test that is not there."""
    found = []
    for edit in fault.edits:
        path = ROOT / edit.file
        count = path.read_text(encoding="utf-8").count(edit.old) if path.is_file() else 0
        if count != 1 or edit.old == edit.new:
            found.append(f"{edit.file}: {count} × {edit.old.strip().splitlines()[0]}")
    for test in fault.tests:
        file, _, name = test.partition("::")
        names = _tests_in(file)
        if not names or (name and name not in names):
            found.append(test)
    return found


def _tests_in(file: str) -> set[str]:
    path = ROOT / file
    if not path.is_file():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@contextmanager
def copied() -> Iterator[Path]:
    """Give a copy of the source, compiled as it is so that it starts as fast, and take it away again.

    Other users can read it: tests that run the program as one of them would otherwise run what is installed.
    """
    folder = Path(tempfile.mkdtemp(prefix="siban-planted-"))
    folder.chmod(0o755)
    try:
        yield shutil.copytree(ROOT, folder / "tree", ignore=_LEFT_OUT)
    finally:
        shutil.rmtree(folder)


def plant(fault: Fault, tree: Path) -> None:
    """Change the copy; a fault that is no Python would be caught by anything and is an error."""
    for edit in fault.edits:
        path = tree / edit.file
        text = path.read_text(encoding="utf-8").replace(edit.old, edit.new)
        path.write_text(text, encoding="utf-8")
        if path.suffix == ".py":
            compile(text, str(path), "exec")
            for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
                compiled.unlink()


def run(tree: Path, tests: Iterable[str]) -> Run:
    """Run tests in a copy, with this environment's packages and the copy's own, in processes that they start too."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_"))}
    environment["PYTHONPATH"] = str(tree)
    where = subprocess.run(
        [sys.executable, "-c", _WHERE], cwd=tree, env=environment, capture_output=True, text=True, check=True
    )
    assert Path(where.stdout.strip()).parent == tree, f"not the copy would run: {where.stdout}"
    options = [
        "-n",
        "0",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "not slow",
        "--basetemp",
        str(tree.parent / "temp"),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=tree, env=environment, capture_output=True, text=True, encoding="utf-8", check=False, timeout=300,
    )  # fmt: skip
    return Run(done.returncode, done.stdout + done.stderr)
