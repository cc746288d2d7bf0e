"""Pictures before and after on the page for leaders: which items, which pictures, and for whom."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

import cli
from interfaces import gallery
from interfaces.picture import small
from tests.acceptance.test_report import seen
from tests.people import OUTSIDER, Bureau, real
from tests.pictures import CANARY, JPEG, photograph, png
from tests.said import Said
from tests.trial import FILE, HEAD, VERIFIER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.trial import Ledger

RIVER = "o27"
SINCE = "2023-05-01"
PLACED = photograph(120, 90, way=6, grain=0)
"""A photograph that says where it was taken."""


@pytest.fixture
def desk(book: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run commands on a copy of the trial ledger; item 1 was closed on 2023-05-11, with a file after that is missing."""
    monkeypatch.chdir(book.parent)

    def run(*arguments: str, who: str = HEAD) -> Said:
        status = cli.run(["--db", str(book), "--as", who, *arguments])
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return run


def drawn(run: Callable[..., Said], *more: str, since: str = SINCE) -> tuple[list[str], str]:
    """Draw the page and return the pictures in it, and its text."""
    assert run("report", "page", "a.html", "--overwrite", "--since", since, *more).status == 0
    text = Path("a.html").read_text(encoding="utf-8")
    read = seen(text)
    assert "http" not in text.replace("http-equiv", "")
    assert CANARY.decode() not in text
    shown = [lead for lead in read.leads if not lead.startswith("#list-")]
    assert [CANARY in bytes_of(lead) for lead in shown] == [False] * len(shown)
    return shown, "".join(read.text)


def bytes_of(lead: str) -> bytes:
    """Return a picture of the page as a file."""
    kind, data = lead.split(",")
    assert kind == "data:image/jpeg;base64"
    return base64.b64decode(data)


def size(lead: str) -> tuple[int, int]:
    """Open a picture of the page and return its width and height."""
    with Image.open(io.BytesIO(bytes_of(lead)), formats=["JPEG"]) as image:
        image.load()
        return image.size


def attach(run: Callable[..., Said], item: str, **sides: bytes) -> None:
    """Hand pictures in: before, after."""
    for side, data in sides.items():
        option, suffix = ("--整改前", "前") if side == "before" else ("--整改后", "后")
        name = f"{item}{suffix}{len(list(Path().glob('*.jpg')))}.jpg"
        Path(name).write_bytes(data)
        assert run("附件", item, option, name).status == 0


def test_what_was_closed_with_both_is_shown(desk: Callable[..., Said]) -> None:
    """Neither with one side alone nor from before the span; then one before and one after, without what the camera wrote into them."""
    assert drawn(desk) == ([], drawn(desk)[1])
    attach(desk, "1", before=PLACED)
    shown, text = drawn(desk)
    assert len(shown) == 1
    assert "整改后照片.jpg未附图：文件缺失" in text
    attach(desk, "1", after=png(4, 3))
    shown, text = drawn(desk)
    assert [size(lead) for lead in shown] == [(120, 90), (4, 3)]
    assert "柳塘港桥下水面漂浮垃圾聚集1　河道署　5月11日办结" in text
    assert "未附图" not in text
    assert drawn(desk, since="2023-06-01")[0] == [], "closed before the span"
    attach(desk, "7", before=JPEG, after=png(5, 5))
    assert len(drawn(desk)[0]) == 2, "still open"
    assert len(drawn(desk, "--as-of", "2023-06-13")[0]) == 0, "handed in since"


def test_a_photograph_of_a_telephone_is_shown(desk: Callable[..., Said]) -> None:
    """Megabytes of it, taken on end: small and upright in the page; in the dossier byte for byte, in a frame that is turned."""
    taken = [photograph(3000, 4000, way=6), photograph(4000, 3000, way=3)]
    assert min(map(len, taken)) > 2_000_000
    assert CANARY in taken[0], "the control of `drawn`"
    attach(desk, "1", before=taken[0], after=taken[1])
    shown, text = drawn(desk)
    assert [size(lead) for lead in shown] == [(720, 960), (960, 720)]
    assert "未附图" not in text
    assert Path("a.html").stat().st_size < 1_000_000
    assert desk("文书", "1", "卷宗", "--to", "a.docx").status == 0
    with zipfile.ZipFile("a.docx") as parts:
        inside = [parts.read(name) for name in parts.namelist() if name.startswith("word/media/")]
        document = parts.read("word/document.xml").decode()
    assert [data in inside for data in taken] == [True, True]
    assert re.findall(r"<a:xfrm([^>]*)>", document) == [' rot="5400000"', ' rot="10800000"']
    frames = re.findall(r'extent cx="(\d+)" cy="(\d+)"/><wp:effectExtent l="(\d+)" t="(\d+)"', document)
    on_end, lying = ([int(number) // 36_000 for number in frame] for frame in frames)
    assert (on_end, lying) == ([88, 66, 0, 11], [110, 82, 0, 0]), "in millimetres"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (png(30_000, 30_000, whole=False), "图片过大"),
        (photograph(200, 150)[:5_000], "图片不完整或已损坏"),
        (png(700, 700, whole=False), "图片不完整或已损坏"),
        (b"GIF89a" + bytes(20), "不是 PNG 或 JPEG 图片"),
    ],
    ids=["bomb", "cut off", "empty", "other format"],
)
def test_what_cannot_be_shown_is_named(desk: Callable[..., Said], data: bytes, why: str) -> None:
    """With why, in words; another of the same side takes its place."""
    attach(desk, "1", before=data, after=JPEG)
    shown, text = drawn(desk)
    assert len(shown) == 1
    assert f"1前0.jpg未附图：{why}" in text
    attach(desk, "1", before=png(9, 9))
    shown, text = drawn(desk)
    assert (len(shown), "未附图" in text) == (2, False)


def test_a_page_holds_only_so_much(desk: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    """The second picture is named once there is room for one; no item is shown where none may be."""
    attach(desk, "1", before=png(9, 9), after=JPEG)
    first = small(png(9, 9))
    assert first is not None
    monkeypatch.setattr(gallery, "MOST_TOGETHER", len(first))
    shown, text = drawn(desk)
    assert (len(shown), "未附图：本页图片已满" in text) == (1, True)
    monkeypatch.setattr(gallery, "MOST_ITEMS", 0)
    assert drawn(desk)[0] == []


def test_the_name_of_a_file_is_text(desk: Callable[..., Said]) -> None:
    """Markup in a file's name stays what was written."""
    attach(desk, "1", after=JPEG)
    name = "<img src=x onerror=alert(1)>{{ 7*7 }}.jpg"
    Path(name).write_bytes(b"no picture")
    assert desk("附件", "1", "--整改前", name).status == 0
    shown, text = drawn(desk)
    assert len(shown) == 1
    assert f"{name}未附图：不是 PNG 或 JPEG 图片" in text


def closed(ledger: Ledger) -> None:
    """Close one item of the river station."""
    one = ledger.assigned("桥下漂浮垃圾", track="immediate", source="study")
    ledger.act(RIVER, "sign", one)
    ledger.reported(one, evidence=[FILE])
    ledger.at("2023-05-11 15:00")
    ledger.act(RIVER, "answer", one, told=["party_org"], answered_by="phone", answer_text="已清理完毕，请您监督")
    ledger.act(VERIFIER, "confirm", one)


def test_only_who_may_see_the_item_sees_its_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lead unit's page has the pictures; another unit's page has neither them nor the item."""
    monkeypatch.chdir(tmp_path)
    real(tmp_path / "office.db", closed)
    run = Bureau(tmp_path / "office.db", capsys, monkeypatch)
    for side, name in (("--整改前", "甲.png"), ("--整改后", "乙.png")):
        Path(name).write_bytes(png(3, 3, (len(name), ord(name[0]) % 256, 1)))
        assert run(RIVER, "附件", "1", side, name).status == 0
    for who, count in ((RIVER, 2), (OUTSIDER, 0)):
        shown, text = drawn(lambda *arguments, who=who: run(who, *arguments))
        assert len(shown) == count, who
        assert ("桥下漂浮垃圾" in text) == bool(count)
