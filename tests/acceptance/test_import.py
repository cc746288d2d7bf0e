"""A problem list goes in whole or not at all; every fault is named by row and column."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import xlsxwriter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.acceptance.conftest import Office

HEAD = ["序号", "问题清单", "问题描述", "问题来源", "发现日期", "反映人", "责任单位", "整改责任人", "整改时限"]
GOOD = [
    [1, "即知即改的问题", "河道漂浮垃圾", "学习研讨中发现的问题", "2023年5月6日", "", "河道署", "金晓", "5个工作日"],
    [2, "既重要又突出的问题", "苗圃手续不全", "调查研究", "2023.5.7", "", "林业站", "廖凡", "立行立改"],
    [3, "", "垃圾箱房异味", "群众反映", "2023/5/7", "匿名", "", "", ""],
]


def sheet(path: Path, rows: Sequence[Sequence[object]], title: str = "问题台账（2023年5月）") -> str:
    """Write a list as an office would: a title row first, then the header."""
    book = xlsxwriter.Workbook(str(path))
    page = book.add_worksheet()
    page.merge_range(0, 0, 0, len(HEAD) - 1, title)
    for number, row in enumerate([HEAD, *rows], 1):
        page.write_row(number, 0, row)
    book.close()
    return str(path)


def count(office: Office) -> int:
    """Count the items of the ledger."""
    return len(office("list", "-n", "0", "-o", "jsonl").out.splitlines())


def test_a_real_looking_list_is_taken_in(office: Office, tmp_path: Path) -> None:
    """Text dates in three forms, a title row, an anonymous reporter, a limit that only says 立行立改."""
    before = count(office)
    said = office("--as", "o13", "import", sheet(tmp_path / "a.xlsx", GOOD))
    assert said.status == 0, said
    assert "已导入 3 件" in said.out
    assert "1 件时限待明确" in said.err
    rows = [json.loads(line) for line in office("list", "-n", "0", "-o", "jsonl").out.splitlines()]
    taken = sorted((row["title"], row["track"], row["source"], row["lead_unit"], row["handler"]) for row in rows)[
        -len(rows) :
    ]
    assert count(office) == before + 3
    assert ("河道漂浮垃圾", "immediate", "study", "river", "o27") in taken
    assert office("check").status == 0


def test_a_dry_run_takes_in_nothing(office: Office, tmp_path: Path) -> None:
    """It says what would be imported."""
    before = count(office)
    said = office("--as", "o13", "导入", sheet(tmp_path / "a.xlsx", GOOD), "--dry-run")
    assert said.status == 0
    assert "可以导入 3 件" in said.out
    assert count(office) == before


def test_one_bad_row_keeps_all_out_and_every_fault_is_named(office: Office, tmp_path: Path) -> None:
    """Row and column of each fault, exit 4, nothing imported."""
    bad = [
        *GOOD,
        [4, "第五张清单", "问题四", "学习研讨", "2023-05-07", "", "河道署", "", ""],
        [5, "即知即改的问题", "", "学习研讨", "2023-05-07", "", "海军", "王不存在", ""],
        [6, "即知即改的问题", "问题六", "天上掉下", "二月三十", "", "", "", ""],
    ]
    before = count(office)
    said = office("--as", "o13", "import", sheet(tmp_path / "a.xlsx", bad), "-o", "json")
    assert said.status == 4, said
    faults = {(fault["row"], fault["column"]) for fault in json.loads(said.out)}
    assert faults >= {(6, "问题清单"), (7, "责任单位"), (7, "整改责任人"), (8, "问题来源"), (8, "发现日期")}
    assert any((row == 7 and "title" in column) or column == "问题描述" for row, column in faults)
    assert "未导入任何一行" in said.err
    assert count(office) == before


def test_columns_are_named_by_map(office: Office, tmp_path: Path) -> None:
    """`--map FIELD=列名` takes any ledger; a column that is not there is refused with those that are."""
    path = tmp_path / "b.csv"
    path.write_text("事由;何时\n路灯不亮;2023-05-06 10:00\n", encoding="utf-8-sig")
    said = office(
        "--as", "o13", "import", str(path), "--map", "title=事由", "--map", "found_at=何时", "--source", "学习研讨"
    )
    assert said.status == 0, said
    said = office("--as", "o13", "import", str(path), "--map", "title=没有这列")
    assert said.status == 2
    assert "没有“没有这列”这一列" in said.err
    assert "事由" in said.err


def test_a_word_with_two_meanings_is_asked_about(office: Office, tmp_path: Path) -> None:
    """挂账 in a state column may mean suspended or listed: the import asks instead of guessing."""
    path = tmp_path / "c.csv"
    path.write_text("问题,问题来源,状态\n路灯不亮,学习研讨,挂账\n", encoding="utf-8")
    said = office("--as", "o13", "import", str(path))
    assert said.status == 4
    assert "2" in said.out


def test_an_attachment_is_kept_by_content(office: Office, tmp_path: Path) -> None:
    """Name, size and hash stand in the record, the file beside the database; a missing one is refused."""
    photo = tmp_path / "整改前.jpg"
    photo.write_bytes(b"not really a picture")
    assert office("--as", "金晓", "附件", "2", str(photo)).status == 0
    shown = json.loads(office("show", "2", "-o", "json").out)
    assert "整改前.jpg" in json.dumps(shown, ensure_ascii=False)
    said = office("--as", "金晓", "附件", "2", str(tmp_path / "没有.jpg"))
    assert said.status == 1
    assert "没有这个文件" in said.err


def test_an_entry_on_paper_names_its_basis(office: Office) -> None:
    """代录 by the command line: decider, enterer, basis and number are shown."""
    said = office(
        "--as", "o13", "交办", "1", "--清单", "既重要又突出的问题", "--主办单位", "河道署", "--挂帅领导", "潘立群",
        "--代录", "方文静", "--依据", "签批件", "--文号", "〔2023〕5号", "--依据日期", "2023-05-08",
    )  # fmt: skip
    assert said.status == 0, said
    assert "签批件" in office("log", "1").out
