"""Every command that the manual shows works: the blocks of all pages, in the order of their steps, on one database of the demo.

The pages tell of the same items at different desks, so that a step on one page needs those before it on another. Commands run
in this process, since a hundred starts of the program would take a minute.
"""

from __future__ import annotations

import re
import shlex
import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest

import cli
from interfaces.identity import caller
from tests.acceptance.conftest import ROOT
from tests.acceptance.test_calendar_load import NOTICE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Played

DOCS = ROOT / "docs"
MANUAL = sorted((DOCS / "manual").glob("*.md"))
BLOCK = re.compile(r"^<!-- step (\d+) -->\n```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN = re.compile(r"^<!-- run -->\n```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```sh\n", re.MULTILINE)


class Step(NamedTuple):
    """One block of commands."""

    number: int
    page: str
    lines: list[list[str]]


def steps() -> list[Step]:
    """Return all blocks in order."""
    found = []
    for page in MANUAL:
        for number, text in BLOCK.findall(page.read_text(encoding="utf-8")):
            lines = [shlex.split(line, comments=True) for line in text.splitlines() if line.strip()]
            found.append(Step(int(number), page.name, lines))
    return sorted(found)


def test_every_block_has_its_step() -> None:
    """No block of commands is left out of the run, and none comes twice."""
    text = "".join(page.read_text(encoding="utf-8") for page in MANUAL)
    assert len(MANUAL) == 5
    assert [step.number for step in steps()] == list(range(1, len(FENCE.findall(text)) + 1))


@pytest.fixture(name="desk")
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, played: Played) -> Path:
    """A folder with the demo's database and the files that the pages name."""
    played.copy(tmp_path / "演示.db")
    page = (DOCS / "manual" / "clerk.md").read_text(encoding="utf-8")
    (rows,) = re.findall(r"^新增问题.csv：\n\n```csv\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "新增问题.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "整改后.jpg").write_bytes(b"\xff\xd8\xff\xe0 a picture")
    (tmp_path / "2027年放假通知.txt").write_text(NOTICE, encoding="utf-8")
    shutil.copy(ROOT / "workflows" / "bureau.toml", tmp_path / "我局机构.toml")
    (tmp_path / "备份").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIBAN_DB", "演示.db")
    return tmp_path


@pytest.mark.usefixtures("desk")
def test_every_command_of_the_manual(capfd: pytest.CaptureFixture[str]) -> None:
    """Each ends with 0, except that `doctor` may find something (4); none shows a traceback."""
    told = 0
    for step in steps():
        for words in step.lines:
            assert words[0] == "siban"
            status = cli.run(words[1:])
            out, err = capfd.readouterr()
            allowed = (0, 4) if "doctor" in words else (0,)
            assert status in allowed, (step.page, shlex.join(words), out[-500:], err)
            assert "Traceback" not in err
            told += 1
    assert told > 50


@pytest.mark.parametrize("name", ["run-one-desk.md", "run-server.md"])
def test_the_pages_on_ways_to_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each marked command, in order, in an empty folder, on a real database whose clerk is the user who runs this."""
    bureau = (ROOT / "workflows" / "bureau.toml").read_text(encoding="utf-8")
    clerk = caller(str(tmp_path / "none")).user
    text, count = re.subn(
        r'^(id = "o13".*?)(?=^$|\Z)', rf'\1os_user = "{clerk}"\n', bureau, count=1, flags=re.MULTILINE | re.DOTALL
    )
    assert count == 1
    (tmp_path / "机构.toml").write_text(text, encoding="utf-8")
    for folder in ("移动硬盘", "备份"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path)
    lines = [
        shlex.split(line)
        for block in RUN.findall((DOCS / name).read_text(encoding="utf-8"))
        for line in block.splitlines()
    ]
    assert len(lines) > 5
    for words in lines:
        status = cli.run(words[1:])
        _, err = capfd.readouterr()
        allowed = (0, 4) if "doctor" in words else (0,)
        assert status in allowed, (shlex.join(words), err)
        assert "Traceback" not in err


def test_every_page_is_in_the_index_and_every_link_leads_somewhere() -> None:
    """`docs/README.md` names each page; no page of the manual points at nothing."""
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} - {"README.md"}
    assert {page for page in pages if f"({page})" not in index} == set()
    for page in (DOCS / "README.md", *MANUAL, DOCS / "run-one-desk.md", DOCS / "run-server.md"):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), (page.name, target)


def test_a_link_that_leads_nowhere_is_found() -> None:
    """The control: what the pattern finds is what a link names."""
    assert re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", "[a](b.md#c) [d](https://e)") == ["b.md"]


def test_the_pictures_are_few_small_and_shown() -> None:
    """Each is on a page of the manual, or on the one about speed, and at most 150 KB; scripts and benchmarks make them anew."""
    pages = [page.read_text(encoding="utf-8") for page in (*MANUAL, DOCS / "performance.md")]
    shown = {name for page in pages for name in re.findall(r"pictures/([\w.-]+)\)", page)}
    pictures = {path.name: path.stat().st_size for path in (DOCS / "pictures").iterdir()}
    assert set(pictures) == shown
    assert 0 < len(pictures) <= 8
    assert max(pictures.values()) <= 150_000
