"""Pictures before and after on the page for leaders: which items, which pictures, and for whom."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cli
from interfaces import gallery
from tests.acceptance.test_report import seen
from tests.people import OUTSIDER, Bureau, real
from tests.pictures import JPEG, png
from tests.said import Said
from tests.trial import FILE, HEAD, VERIFIER
from tests.unit.test_metadata import CANARY, exif, with_segments

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.trial import Ledger

RIVER = "o27"
SINCE = "2023-05-01"
PLACED = with_segments(exif(6))
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
    return [lead for lead in read.leads if not lead.startswith("#list-")], "".join(read.text)


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
    assert [lead.partition(",")[0] for lead in shown] == ["data:image/jpeg;base64", "data:image/png;base64"]
    assert "柳塘港桥下水面漂浮垃圾聚集1　河道署　5月11日办结" in text
    assert "未附图" not in text
    assert drawn(desk, since="2023-06-01")[0] == [], "closed before the span"
    attach(desk, "7", before=JPEG, after=png(5, 5))
    assert len(drawn(desk)[0]) == 2, "still open"
    assert len(drawn(desk, "--as-of", "2023-06-13")[0]) == 0, "handed in since"


def test_large_ones_are_named(desk: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture over the limit is named with why, another of the same side takes its place, and a page holds only so much."""
    large = png(1, 1) + os.urandom(gallery.MOST_BYTES)
    attach(desk, "1", before=large)
    attach(desk, "1", after=JPEG)
    shown, text = drawn(desk)
    assert len(shown) == 1
    assert re.search(r"1前0\.jpg未附图：图片过大", text)
    attach(desk, "1", before=png(9, 9))
    shown, text = drawn(desk)
    assert (len(shown), "未附图" in text) == (2, False)
    monkeypatch.setattr(gallery, "MOST_TOGETHER", len(png(9, 9)))
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
