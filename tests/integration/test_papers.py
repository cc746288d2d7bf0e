"""Papers over the store: numbers that are given once, whoever else is at it; files of evidence that are what they were."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.check import check
from engine.clock import SteppedTime, parse_instant
from engine.context import Hand
from engine.errors import Conflict, Refused
from engine.office import Office
from engine.paper import FORMAL, Order, content, issued
from engine.policy import PolicyShelf
from engine.row import EventQuery
from interfaces.conversion import to_pdf
from interfaces.evidence import MOST_PICTURES, Piece, pictures, shows
from storage import files
from storage.sqlite import open_store
from tests.pictures import JPEG, png

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.sqlite import SqliteStore

ROOT = Path(__file__).resolve().parents[2]
END, HEAD = "2023-06-14 10:00", Hand("o11", "o11")


def order(basis: str, kind: str = "red_supervision", series: str = "supervision") -> Order:
    """Make an order for a paper."""
    return Order(kind, series, FORMAL, basis, {"title": f"试 {basis}"})


@pytest.fixture
def store(book: Path) -> Iterator[SqliteStore]:
    """The trial ledger."""
    opened = open_store(book)
    yield opened
    opened.close()


@pytest.fixture
def office(store: SqliteStore) -> Office:
    """The service over it, at its end."""
    return Office(store, SteppedTime(parse_instant(END)))


def number(office: Office, item: int, wanted: Order) -> tuple[int, int]:
    """Issue a paper and return year and number."""
    paper = issued(office.issue(item, wanted, HEAD).after)[-1]
    return paper.year, paper.no


def test_numbers_go_on_by_series_and_year(office: Office, store: SqliteStore) -> None:
    """Three colours share a register, other registers and other years begin at one, and the ledger still follows from the record."""
    assert number(office, 7, order("a")) == (2023, 1)
    assert number(office, 8, order("b", "yellow_supervision")) == (2023, 2)
    assert number(office, 7, order("c", "reminder", "reminder")) == (2023, 1)
    office.issue(9, order("trial"), HEAD, dry_run=True)
    with pytest.raises(Conflict, match="paper_issued"):
        office.issue(7, order("a"), HEAD)
    with pytest.raises(Refused, match="not_allowed"):
        office.issue(9, order("d"), Hand("o27", "o27"))
    assert number(office, 9, order("d")) == (2023, 3)
    assert isinstance(office.time, SteppedTime)
    office.time.set(parse_instant("2024-01-02 09:00"))
    assert number(office, 8, order("e")) == (2024, 1)
    with store.read() as reader:
        assert check(reader, PolicyShelf()) == []
        refusals = list(reader.events(EventQuery(verb="issue", result="refused")))
    assert len(refusals) == 2


def test_a_paper_says_for_ever_what_it_said(office: Office, store: SqliteStore) -> None:
    """What a paper says is kept in its entry; nothing done to the item later touches it, and a new round keeps its papers."""
    office.issue(7, order("a"), HEAD)
    office.remark([7], "comment", {"fields": {"comment": "后来的事"}}, HEAD)
    with store.read() as reader:
        item = reader.item(7)
        assert item is not None
        said, entry = content(reader.events(EventQuery(item=7)), issued(item)[0])
        assert said == {"title": "试 a"}
        assert entry.verb == "issue"
        with pytest.raises(LookupError):
            content(reader.events(EventQuery(item=8)), issued(item)[0])


def test_two_processes_never_give_one_number_twice(book: Path) -> None:
    """Two processes issue papers of one register at the same time: every number once, none left out."""
    command = [sys.executable, str(ROOT / "tests" / "integration" / "issuer.py"), str(book)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    each = 25
    running = [
        subprocess.Popen(
            [*command, kind, "supervision", *[item] * each], stdout=subprocess.PIPE, text=True, env=environment
        )
        for kind, item in (("red_supervision", "7"), ("yellow_supervision", "8"))
    ]
    given = [[int(line) for line in process.communicate(timeout=120)[0].split()] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert sorted(given[0] + given[1]) == list(range(1, 2 * each + 1))
    assert all(numbers == sorted(numbers) for numbers in given)


# -- evidence --------------------------------------------------------------------------------------------------------


def piece(store_path: Path, folder: Path, name: str, data: bytes) -> Piece:
    """Keep a file and return it as a piece of evidence."""
    source = folder / name
    source.write_bytes(data)
    kept = files.keep(store_path, source)
    return Piece(1, kept.name, kept.size, kept.sha256, shows({"name": kept.name}), "", "o27", 0, 1)


def test_only_real_pictures_that_can_be_opened_are_shown(tmp_path: Path) -> None:
    """PNG and JPEG by their first bytes, of a size that can be opened, unchanged since; everything else is listed with why."""
    path = tmp_path / "a.db"
    good = [
        piece(path, tmp_path, "整改前.png", png(40, 30)),
        piece(path, tmp_path, "整改后.jpg", JPEG),
        piece(path, tmp_path, "x.dat", png(3, 50)),
    ]
    bad = {
        "整改前 文本.jpg": (b"not a picture", "不是 PNG 或 JPEG 图片"),
        "整改前 gif.png": (b"GIF89a" + bytes(20), "不是 PNG 或 JPEG 图片"),
        "整改前 半张.jpg": (JPEG[:60], "不是 PNG 或 JPEG 图片"),
        "整改前 炸弹.png": (png(30_000, 30_000, whole=False), "图片过大"),
        "整改前 炸弹.jpg": (JPEG.replace(b"\x08\x00\x01\x00\x01", b"\x08\xff\xff\xff\xff"), "图片过大"),
        "整改前 零.png": (png(0, 5), "不是 PNG 或 JPEG 图片"),
    }
    found = [*good, *(piece(path, tmp_path, name, data) for name, (data, _) in bad.items())]
    got = pictures(str(path), [*found, good[0]])
    assert [(p.piece.name, p.width, p.height) for p in got.shown] == [
        ("整改前.png", 40, 30), ("整改后.jpg", 1, 1), ("x.dat", 3, 50),
    ]  # fmt: skip
    assert dict(got.left) == {name: why for name, (_, why) in bad.items()}
    assert [p.data for p in got.shown] == [png(40, 30), JPEG, png(3, 50)]
    files.path_of(path, good[0].sha256).write_bytes(png(40, 31))
    files.path_of(path, good[1].sha256).unlink()
    again = pictures(str(path), good)
    assert dict(again.left) == {"整改前.png": "文件已改动", "整改后.jpg": "文件缺失"}


def test_a_page_shows_only_so_many_pictures(tmp_path: Path) -> None:
    """More pictures than anybody looks at are named, not shown."""
    path = tmp_path / "a.db"
    found = [piece(path, tmp_path, f"整改前{n}.png", png(1, n)) for n in range(1, MOST_PICTURES + 3)]
    got = pictures(str(path), found)
    assert len(got.shown) == MOST_PICTURES
    assert [why for _, why in got.left] == ["图片过多"] * 2


def test_a_jpeg_is_measured_by_its_frame_wherever_that_stands(tmp_path: Path) -> None:
    """Segments before the frame are passed over, a thumbnail's frame inside one is not taken for it, junk never ends in a loop."""
    path = tmp_path / "a.db"
    inside = b"\xff\xe1" + struct.pack(">H", 2 + len(JPEG)) + JPEG
    longer = b"\xff\xd8" + inside + JPEG[2:].replace(b"\x08\x00\x01\x00\x01", b"\x08\x00\x07\x00\x09")
    got = pictures(str(path), [piece(path, tmp_path, "a.jpg", longer)])
    assert [(p.width, p.height) for p in got.shown] == [(9, 7)]
    for n, junk in enumerate((b"\xff" * 99, b"\x00\x00\xff\xd9", b"\xff\xe1\x00\x00" * 20, b"\xff\x01" * 40)):
        assert pictures(str(path), [piece(path, tmp_path, f"b{n}.jpg", b"\xff\xd8\xff" + junk)]).shown == []


def test_files_nobody_names_are_counted_and_left_alone(tmp_path: Path) -> None:
    """A copy left by an act that was interrupted is counted once it is old; what is named, or new, is not."""
    path = tmp_path / "a.db"
    kept = piece(path, tmp_path, "a.txt", b"a")
    left = piece(path, tmp_path, "b.txt", b"bb")
    draft = files.path_of(path, kept.sha256).parents[1] / ".draft-1"
    draft.write_bytes(b"ccc")
    old = 1_000_000.0
    for one in (files.path_of(path, kept.sha256), files.path_of(path, left.sha256), draft):
        os.utime(one, (old, old))
    new = piece(path, tmp_path, "d.txt", b"d")
    assert files.unnamed(path, {kept.sha256}, before=old + 1) == (2, 5)
    assert files.unnamed(path, {kept.sha256, left.sha256}, before=old + 1) == (1, 3)
    assert all(files.fault(path, one.sha256) == "" for one in (kept, left, new))
    assert files.unnamed(tmp_path / "none.db", set(), before=old) == (0, 0)


def test_a_file_is_taken_out_whole_or_not_at_all(tmp_path: Path) -> None:
    """What comes out has the hash that was recorded; a changed file leaves nothing behind, nothing is overwritten."""
    path, out = tmp_path / "a.db", tmp_path / "out.bin"
    kept = piece(path, tmp_path, "a.txt", b"a" * 3_000_000)
    assert files.copy_out(path, kept.sha256, out) == ""
    assert out.read_bytes() == b"a" * 3_000_000
    with pytest.raises(FileExistsError):
        files.copy_out(path, kept.sha256, out)
    files.path_of(path, kept.sha256).write_bytes(b"b")
    assert files.copy_out(path, kept.sha256, tmp_path / "other") == "changed"
    assert not (tmp_path / "other").exists()
    files.path_of(path, kept.sha256).unlink()
    assert files.copy_out(path, kept.sha256, tmp_path / "other") == "missing"
    assert files.copy_out(path, "../../x", tmp_path / "other") == "missing"


# -- LibreOffice -----------------------------------------------------------------------------------------------------


def test_without_libreoffice_or_in_trouble_there_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not there, hanging, failing, answering with something else: refused with why, nothing left running or lying about."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="no_pdf") as caught:
        to_pdf(b"")
    assert caught.value.data["why"] == "missing"
    program = tmp_path / "soffice"
    sleep = shutil.which("sleep", path="/bin:/usr/bin")
    for script, why in (
        (f"{sleep} 60 & echo $! > {tmp_path}/pid; wait", "timeout"),
        ("exit 7", "failed"),
        ("exit 0", "failed"),
    ):
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        with pytest.raises(Refused, match="no_pdf") as caught:
            to_pdf(b"", seconds=0.5)
        assert caught.value.data["why"] == why
    pid = (tmp_path / "pid").read_text(encoding="utf-8").strip()
    state = Path(f"/proc/{pid}/stat")
    assert not state.exists() or state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
