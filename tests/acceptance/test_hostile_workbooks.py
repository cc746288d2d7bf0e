"""Workbooks made to harm: each ends in one sentence or in a list that was read whole, soon, in little memory, with nothing taken in."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, NamedTuple

import pytest
import xlsxwriter

from tests.acceptance.conftest import ROOT, SIBAN, Office, environment
from tests.trial import CLERK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECONDS, MEGABYTES = 10, 300
"""What one file may take: of the processor, since others share the machine, and of memory."""

SHEET = "xl/worksheets/sheet1.xml"
OPENING = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
CLOSING = b"</sheetData></worksheet>"


def plain() -> bytes:
    """A list of three problems as xlsxwriter makes it."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page = book.add_worksheet("台账")
        page.write_row(0, 0, ["问题", "问题来源", "备注"])
        for row in range(1, 4):
            page.write_row(row, 0, [f"问题{row}", "调查研究", "=1+1"])
        page.merge_range(2, 2, 3, 2, "合并")
    return out.getvalue()


def with_parts(path: Path, changes: dict[str, Iterator[bytes] | None], extra: dict[str, bytes] | None = None) -> Path:
    """Write that list with some parts put in other words, and more parts."""
    with (
        zipfile.ZipFile(io.BytesIO(plain())) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for name in old.namelist():
            pieces = changes.get(name)
            if pieces is None:
                new.writestr(name, old.read(name))
                continue
            with new.open(name, "w") as part:
                for piece in pieces:
                    part.write(piece)
        for name, content in (extra or {}).items():
            new.writestr(name, content)
    return path


def sheet(*pieces: bytes, times: int = 1) -> Iterator[bytes]:
    """Make a sheet's XML of pieces that recur."""
    yield OPENING
    for _ in range(times):
        yield from pieces
    yield CLOSING


def _cell(place: str, text: str) -> bytes:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'.encode()


A2, END = b'<row r="2"><c r="A2" t="inlineStr"><is><t>', b"</t></is></c></row>"
HEADS = b'<row r="1">' + _cell("A1", "问题") + _cell("B1", "问题来源") + b"</row>"
ESCAPED = b'<row r="2">' + _cell("A2", "&#27;]0;x&#7;") + _cell("B2", "调查研究") + b"</row>"
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(12)
) + b"]>"  # fmt: skip


def _rows(count: int) -> Iterator[bytes]:
    yield OPENING + HEADS
    for first in range(2, count, 10_000):
        yield b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(first, first + 10_000))
    yield CLOSING


def _wide(count: int) -> Iterator[bytes]:
    yield OPENING + HEADS
    letters = [chr(65 + n) for n in range(26)]
    for row in range(2, count):
        yield b'<row r="%d">' % row + b"".join(f'<c r="{a}{row}"><v>1</v></c>'.encode() for a in letters) + b"</row>"
    yield CLOSING


MADE: dict[str, Callable[[Path], Path]] = {
    "zeros": lambda p: with_parts(p, {}, {"xl/media/a.bin": bytes(600 * 1024 * 1024)}),
    "one long text": lambda p: with_parts(
        p, {SHEET: iter([OPENING + HEADS + A2, *[b"x" * 2**20] * 400, END + CLOSING])}
    ),
    "a million rows": lambda p: with_parts(p, {SHEET: _rows(1_048_000)}),
    "four million cells": lambda p: with_parts(p, {SHEET: _wide(150_000)}),
    "entities": lambda p: with_parts(p, {SHEET: iter([LAUGHS, *sheet(HEADS, A2 + b"&m;" + END)])}),
    "deep": lambda p: with_parts(p, {SHEET: sheet(b"<a>" * 1000, times=5000)}),
    "far cell": lambda p: with_parts(p, {SHEET: sheet(HEADS, b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')}),
    "rather far cell": lambda p: with_parts(p, {SHEET: sheet(HEADS, b'<row r="140000"><c r="CV140000"><v>1</v></c></row>')}),
    "no such place": lambda p: with_parts(p, {SHEET: sheet(HEADS, b'<row r="2"><c r="ZZZZZ99999999999"><v>1</v></c></row>')}),
    "forbidden characters": lambda p: with_parts(p, {SHEET: sheet(HEADS, A2 + b"\x01\xff\xfe" + END)}),
    "escaped controls": lambda p: with_parts(p, {SHEET: sheet(HEADS, ESCAPED)}),
    "macros": lambda p: with_parts(p, {}, {"xl/vbaProject.bin": b"\0" * 100}),
    "a zip in a zip": lambda p: with_parts(p, {}, {"xl/media/b.zip": plain()}),
    "merges": lambda p: with_parts(
        p, {SHEET: iter([OPENING + HEADS + b'<row r="3"><c r="A3"><v>1</v></c></row></sheetData><mergeCells>',
                         *[b'<mergeCell ref="A2:XFD1048576"/>' * 1000] * 300, b"</mergeCells></worksheet>"])}
    ),
}  # fmt: skip

READ = {"zeros": False, "a zip in a zip": True, "merges": None, "one long text": None, "entities": None}
"""Which of them are read all the same (None: either will do); all others are refused."""


LAUNCHER = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
said = done.stdout.decode(errors="replace")
print(json.dumps([done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024, said]))
"""
"""Starts a command and says what it used. Small itself: a process begins with the peak of the one that started it."""


def measured(command: list[str]) -> tuple[int, float, int, str]:
    """Run a command; return its exit status, seconds of the processor, peak memory (MB) and what it said."""
    launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, *command]
    done = subprocess.run(launcher, stdout=subprocess.PIPE, env=environment(), check=True)
    status, seconds, megabytes, said = json.loads(done.stdout)
    return status, seconds, megabytes, said


def test_memory_is_measured_of_the_command_and_not_of_who_starts_it() -> None:
    """The control: with much held here, a small command is small, and one that takes 200 MB is not."""
    ballast = b"x" * (400 * 2**20)
    small, large = (
        measured([sys.executable, "-I", "-S", "-c", f"print(len(b'x' * {size}))"])[2] for size in (1, 200 * 2**20)
    )
    assert len(ballast) > small * 2**20
    assert small < 100
    assert 200 <= large < 300


@pytest.mark.parametrize("name", MADE)
def test_it_ends_soon_in_little_memory_with_one_sentence(office: Office, tmp_path: Path, name: str) -> None:
    """By the installed command: seconds, memory of it and of its parser, exit status, one line, nothing taken in."""
    path = MADE[name](tmp_path / "list.xlsx")
    command = [str(SIBAN), "--db", str(office.path), "--as", CLERK, "import", str(path)]
    status, seconds, megabytes, said = measured(command)
    assert "Traceback" not in said
    assert seconds < SECONDS, said
    assert megabytes < MEGABYTES, said
    if READ.get(name) or (name in READ and READ[name] is None and status == 0):
        assert status == 0, said
        return
    assert status in (2, 4), said
    if status == 4 and "行" not in said.splitlines()[0]:
        assert len(said.strip().splitlines()) == 1, said
    assert len([line for line in office("list", "-n", "0", "-o", "jsonl").out.splitlines() if "问题1" in line]) == 0


def mutants(content: bytes, count: int) -> Iterator[bytes]:
    """Change bytes of the file, or of one of its parts, in one way or another; the same on each run."""
    dice = random.Random(20_260_512)  # noqa: S311 - the same files each time
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for number in range(count):
        if number % 3 == 0:
            yield _changed(content, dice)
            continue
        name = dice.choice(sorted(parts))
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for other, part in parts.items():
                archive.writestr(other, _changed(part, dice) if other == name else part)
        yield out.getvalue()


def _changed(content: bytes, dice: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 5, 20))):
        at = dice.randrange(len(data))
        match dice.randrange(5):
            case 0:
                data[at] ^= 1 << dice.randrange(8)
            case 1:
                data[at : at + dice.randrange(1, 40)] = b""
            case 2:
                data[at:at] = data[at : at + dice.randrange(1, 200)]
            case 3:
                data[at : at + 1] = dice.choice((b"<", b">", b'"', b"&", b"9999999999", b"-1", b"\0", b"]]>"))
            case _:
                del data[at + dice.randrange(1, max(len(data) - at, 2)) :]
        if not data:
            return b"\0"
    return bytes(data)


MANY = """
import gc, io, json, resource, sqlite3, sys, time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
import cli

gc.enable()  # `cli` leaves garbage to the end of one command

def used():
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime

def held():
    with sqlite3.connect(database) as opened:
        return opened.execute("SELECT (SELECT count(*) FROM item), (SELECT max(seq) FROM event)").fetchone()

def peak():
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) // 1024

database, folder, actor = sys.argv[1:]
for path in sorted(Path(folder).iterdir()):
    before, begun, said, told = held(), used(), io.StringIO(), io.StringIO()
    with redirect_stdout(said), redirect_stderr(told):
        status = cli.run(["--db", database, "--as", actor, "import", str(path), "-o", "json"])
    print(json.dumps([path.name, status, said.getvalue(), told.getvalue(), used() - begun, peak(), before == held()]), flush=True)
"""
"""Imports one file after the other in one process, which holds nothing else, and says of each how it ended and what it took."""


class Ended(NamedTuple):
    """How the import of one file ended; `megabytes` is the peak of it and all before it, of the command or of its parser."""

    name: str
    status: int
    said: str
    told: str
    seconds: float
    megabytes: int
    unchanged: bool


@pytest.mark.parametrize("count", [15, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_damaged_workbook_is_refused_or_read_and_nothing_is_half_taken(
    count: int, office: Office, tmp_path: Path
) -> None:
    """Exit 4 or 2 with a sentence and nothing taken in, or 0 for one that can still be read; each soon and in little memory."""
    folder = tmp_path / "mutants"
    folder.mkdir()
    for number, content in enumerate(mutants(plain(), count)):
        (folder / f"{number:04}.xlsx").write_bytes(content)
    command = [sys.executable, "-c", LAUNCHER, sys.executable, "-c", MANY, str(office.path), str(folder), CLERK]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment(), cwd=ROOT, check=True)
    status, _, _, lines = json.loads(done.stdout)
    assert status == 0, lines[-2000:]
    ends: dict[int, int] = {}
    for one in (Ended(*json.loads(line)) for line in lines.splitlines()):
        ends[one.status] = ends.get(one.status, 0) + 1
        assert one.status in (0, 2, 4), one
        assert "程序内部出错" not in one.told, one
        assert "Traceback" not in one.told, one
        assert one.told.strip() or one.status == 0, one
        assert one.unchanged or one.status == 0, one
        assert one.seconds < SECONDS, one
        assert one.megabytes < MEGABYTES, one
    assert sum(ends.values()) == count
    assert ends.get(0), ends
    assert ends.get(4), ends
    assert office("audit", "verify").status == 0
    assert office("check").status == 0
