"""A ledger goes out as a workbook that lives on in other hands, holds nobody's formula, and comes back the same."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import subprocess
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import xlsxwriter

import cli
from engine.clock import parse_instant
from interfaces.book import CUT, MOST, text_of, writing
from storage.creation import create
from storage.sqlite import open_store
from tests.people import OUTSIDER, Bureau, real
from tests.said import Said
from tests.trial import CLERK, END, HEAD, RIVER, Ledger, build
from workflows.ledgers import shipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


NASTY = "=cmd|' /C calc'!A0"
HEAD_ROW = 2


@pytest.fixture(scope="module", name="made")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trial ledger of twelve items, made once."""
    path = tmp_path_factory.mktemp("export") / "office.db"
    build(path)
    return path


@pytest.fixture(name="run")
def _run(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run the command line on a copy of it, or on another database."""
    path = tmp_path / "office.db"
    shutil.copy(made, path)

    def command(*arguments: str, db: Path = path) -> Said:
        status = cli.run(["--db", str(db), *arguments])
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return command


def cells(path: Path) -> list[list[Any]]:
    """Return the ledger's heads and rows."""
    page = openpyxl.load_workbook(path)["台账"]
    return [[cell.value for cell in row] for row in page.iter_rows(min_row=HEAD_ROW)]


def test_it_is_laid_out_to_be_worked_with_and_printed(run: Callable[..., Said], tmp_path: Path) -> None:
    """Heads stay in sight and on every page, words are chosen from lists, lights follow the day, sums are formulas."""
    path = tmp_path / "台账.xlsx"
    said = run("export", str(path))
    assert (said.status, said.out) == (0, f"已导出 11 件：{path}。\n"), said
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["台账", "汇总", "指标口径", "选项"]
    page = book["台账"]
    assert (page.freeze_panes, page.print_title_rows, page.page_setup.orientation) == ("D3", "$1:$2", "landscape")
    assert (page.page_setup.paperSize, page.sheet_properties.pageSetUpPr.fitToPage) == (8, True)
    heads = [cell.value for cell in page[HEAD_ROW]]
    assert isinstance(page.cell(3, heads.index("整改时限") + 1).value, dt.datetime)
    rules = [rule for found in page.conditional_formatting for rule in found.rules]
    assert sum("TODAY()" in "".join(rule.formula) for rule in rules) == 4
    assert {tuple(rule.formula) for rule in rules} >= {('"逾期"',), ('"临期"',)}
    lists = {str(rule.sqref): rule.formula1 for rule in page.data_validations.dataValidation}
    assert len(lists) == 5
    assert book["选项"].sheet_state == "hidden"
    sums = book["汇总"]
    assert str(sums["B3"].value).startswith("=COUNTIFS(")
    cached = openpyxl.load_workbook(path, data_only=True)["汇总"]
    last = cached.max_row
    assert cached.cell(last, 2).value == sum(cached.cell(row, 2).value for row in range(3, last)) == 11
    assert any("回应率" in str(row[0].value) for row in book["指标口径"].iter_rows())
    assert run("export", str(tmp_path / "A4.xlsx"), "--paper", "A4").status == 0
    assert openpyxl.load_workbook(tmp_path / "A4.xlsx")["台账"].page_setup.paperSize == 9


def test_it_shows_what_the_list_shows(run: Callable[..., Said], tmp_path: Path) -> None:
    """The same items under the same conditions, now and as of a day, with the same words."""
    for conditions in (
        (),
        ("--unit", "河道署"),
        ("--overdue",),
        ("--as-of", "2023-05-10"),
        ("--light", "逾期", "--open"),
    ):
        path = tmp_path / "a.xlsx"
        assert run("export", str(path), "--force", *conditions).status == 0
        told = run("list", "-n", "0", "--sort", "number", "--workflow", "siban", "-o", "jsonl", *conditions).out
        listed = [(row["serial"], row["state_title"], row["due_on"]) for row in map(json.loads, told.splitlines())]
        heads, *rows = cells(path)
        at = [heads.index(name) for name in ("事项编号", "状态", "整改时限")]
        exported = [tuple(row[i] for i in at) for row in rows]
        assert [(serial, state) for serial, state, _ in exported] == [(serial, state) for serial, state, _ in listed]
        assert len(listed) > 0


@pytest.mark.parametrize(
    ("name", "lost"),
    [("全部栏目", ("督办次数",)), ("问题清单", ()), ("治理台账", ("检查人", "复查人", "亮灯"))],
)
def test_it_comes_back_the_same(run: Callable[..., Said], tmp_path: Path, name: str, lost: tuple[str, ...]) -> None:
    """Out, into an empty database, and out again: the same cells, but for the count of warnings sent before.

    治理台账 names no list, by which the light is judged; who registers and who verifies are persons of this database.
    """
    first, second, empty = tmp_path / "a.xlsx", tmp_path / "b.xlsx", tmp_path / "empty.db"
    create(empty, {"trial": "1", "clock": str(parse_instant(END)), "installation": "test"})
    store = open_store(empty)
    Ledger(store, END)
    store.close()
    assert run("export", str(first), "--template", name).status == 0
    said = run("import", str(first), "--anonymous", "--source", "other", db=empty)
    assert said.status == 0, said
    assert "已导入 11 件" in said.out
    assert run("check", db=empty).status == 0
    assert run("export", str(second), "--template", name, db=empty).status == 0
    before, after = cells(first), cells(second)
    differing = [
        (head, value, again)
        for row, other in zip(before, after, strict=True)
        for head, value, again in zip(before[0], row, other, strict=True)
        if head not in lost and value != again
    ]
    assert differing == []
    if "事项编号" in before[0]:
        known = run("import", str(second), db=empty)
        assert "不一致的 0 件" in known.out, known


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_form_comes_back_with_all_its_rows(run: Callable[..., Said], tmp_path: Path, name: str) -> None:
    """Forms that carry less come back as far as they go: every row is taken, with its problem, unit and limit."""
    path = tmp_path / "a.xlsx"
    empty = tmp_path / "empty.db"
    create(empty, {"trial": "1", "clock": str(parse_instant(END)), "installation": "test"})
    store = open_store(empty)
    Ledger(store, END)
    store.close()
    assert run("export", str(path), "--template", name).status == 0
    said = run("import", str(path), "--anonymous", "--source", "other", "--dry-run", "-o", "json", db=empty)
    assert said.status == 0, said
    assert json.loads(said.out)["rows"] == 11


def test_nobodys_text_becomes_a_formula_and_nothing_breaks_the_file(tmp_path: Path) -> None:
    """Formulas, links, numbers and characters that XML forbids are texts; what is too long is cut and says so."""
    path = tmp_path / "a.xlsx"
    texts = [NASTY, "+1+1", "@SUM(A1)", "http://evil.example/", "007", "\x01\ufffe\ud800", "x" * 40_000, "_x0041_"]
    with writing(str(path), force=False, constant_memory=True) as book:
        page = book.add_worksheet()
        for row, text in enumerate(texts):
            page.write_string(row, 0, text_of(text))
    with zipfile.ZipFile(path) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert not any("hyperlink" in name for name in package.namelist())
    page = openpyxl.load_workbook(path).active
    values = [cell.value for cell in page["A"]]
    assert values[:5] == texts[:5]
    assert {cell.data_type for cell in page["A"][:5]} == {"s"} or {cell.data_type for cell in page["A"][:5]} == {
        "inlineStr"
    }
    assert values[5] == "⟦U+0001⟧⟦U+FFFE⟧⟦U+D800⟧"
    assert (len(values[6]), values[6].endswith(CUT)) == (MOST, True)
    assert values[7] in ("_x0041_", "_x005F_x0041_")


def formulas(path: Path, *but: str) -> list[str]:
    """Return what stands as a formula anywhere in a workbook, in other sheets than those named."""
    book = openpyxl.load_workbook(path)
    pages = [page for page in book if page.title not in but]
    return [str(cell.value) for page in pages for row in page.iter_rows() for cell in row if cell.data_type == "f"]


def test_no_exported_cell_is_a_live_formula(run: Callable[..., Said], tmp_path: Path) -> None:
    """Every text that somebody can give, on every form and in the copy with the faults; the control is what a writer does by itself."""
    texts = (NASTY, "=1+1", "+1+1", "-2+3", "@SUM(A1)", '=HYPERLINK("http://x.example","甲")', "{=1}", "=A1\n=B1")
    book, control = tmp_path / "来表.xlsx", tmp_path / "control.xlsx"
    heads = [
        "问题",
        "具体情况",
        "问题来源",
        "属地",
        "业务条线",
        "整改目标",
        "整改措施",
        "整改情况",
        "状态",
        "完成日期",
        "备注",
    ]
    with writing(str(book), force=False) as made:
        page = made.add_worksheet("台账")
        for at, head in enumerate(heads):
            page.write_string(0, at, head)
            for row, text in enumerate(texts, 1):
                page.write_string(
                    row, at, {"问题来源": "其他", "状态": "待核验", "完成日期": "2023-06-01"}.get(head, text)
                )
    with xlsxwriter.Workbook(str(control)) as made:
        made.add_worksheet("台账").write_column(0, 0, texts)
    assert len(formulas(control)) >= 4
    assert formulas(book) == []
    assert run("import", str(book)).status == 0
    for name in sorted(shipped()):
        path = tmp_path / f"{name}.xlsx"
        assert run("export", str(path), "--template", name).status == 0
        assert formulas(path, "汇总") == [], name
        assert all(formula.startswith(("=COUNTIFS('台账'!", "=SUM(")) for formula in formulas(path)), name
        shown = [str(value) for row in cells(path) for value in row if value]
        assert any(NASTY in text for text in shown), name
    marked = tmp_path / "待改.xlsx"
    assert run("import", str(book), "--annotated", str(marked), "--map", "found_at=备注").status == 4
    assert formulas(marked) == []
    assert NASTY in [cell.value for row in openpyxl.load_workbook(marked).active.iter_rows() for cell in row]


def test_a_hostile_item_is_a_text_in_the_ledger(run: Callable[..., Said], tmp_path: Path) -> None:
    """Registered through the command line and exported: no formula of ours holds it, no formula is made of it."""
    assert run("--as", CLERK, "register", "--title", NASTY, "--source", "学习研讨", "--place", "@SUM(1)").status == 0
    path = tmp_path / "a.xlsx"
    assert run("export", str(path)).status == 0
    with zipfile.ZipFile(path) as package:
        assert "<f>" not in package.read("xl/worksheets/sheet1.xml").decode()
        ours = re.findall("<f>(.*?)</f>", package.read("xl/worksheets/sheet2.xml").decode())
    assert ours
    assert all(formula.startswith(("COUNTIFS(", "SUM(")) and "cmd" not in formula for formula in ours)
    assert NASTY in [value for row in cells(path) for value in row]


def test_reporters_are_masked_and_others_items_are_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The office sees who reported as 陈**; whoever sees no item of another unit exports none."""

    def fill(ledger: Ledger) -> None:
        ledger.assigned("金丝雀", source="citizen", reporter="陈女士", contact="13800000003", track="immediate")

    db = tmp_path / "office.db"
    real(db, fill)
    bureau = Bureau(db, capsys, monkeypatch)
    for user, seen in ((HEAD, True), (RIVER, True), (OUTSIDER, False)):
        path = tmp_path / f"{user}.xlsx"
        assert bureau(user, "export", str(path)).status == 0
        with zipfile.ZipFile(path) as package:
            content = "".join(package.read(name).decode("utf-8", "replace") for name in package.namelist())
        assert ("金丝雀" in content) is seen
        assert "陈女士" not in content
        assert "13800000003" not in content
        assert ("陈**" in content and "138****0003" in content) is seen


def test_nothing_is_overwritten_and_nothing_half_written_stays(run: Callable[..., Said], tmp_path: Path) -> None:
    """What is there stays without --force; a form that is none is refused; no file is left behind."""
    path = tmp_path / "a.xlsx"
    path.write_text("别人的", encoding="utf-8")
    said = run("export", str(path))
    assert (said.status, path.read_text(encoding="utf-8")) == (5, "别人的") or said.status == 1
    assert path.read_text(encoding="utf-8") == "别人的"
    assert run("export", str(path), "--force").status == 0
    assert cells(path)
    assert run("export", str(tmp_path / "a.csv")).status == 2
    assert run("export", str(tmp_path / "没有" / "a.xlsx")).status == 5
    assert run("export", str(tmp_path / "b.xlsx"), "--template", "没有的").status == 1
    bad = tmp_path / "坏.toml"
    bad.write_text('columns = [{ title = "甲", field = "nonsense" }]', encoding="utf-8")
    assert run("export", str(tmp_path / "b.xlsx"), "--columns", str(bad)).status == 4
    own = tmp_path / "本局.toml"
    own.write_text('title = "本局台账"\ncolumns = [{ title = "事项", field = "title" }]', encoding="utf-8")
    assert run("export", str(tmp_path / "b.xlsx"), "--columns", str(own)).status == 0
    assert cells(tmp_path / "b.xlsx")[0] == ["事项"]
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix == ".xlsx") == ["a.xlsx", "b.xlsx"]
    with pytest.raises(ZeroDivisionError), writing(str(tmp_path / "c.xlsx"), force=False):
        raise ZeroDivisionError
    assert not (tmp_path / "c.xlsx").exists()
    assert [p for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice (soffice) is not on this machine: not tried there"
)
def test_libreoffice_opens_it_unchanged(run: Callable[..., Said], tmp_path: Path) -> None:
    """Opened and saved by LibreOffice the cells, the sums and the lights are still there, and it prints to a page."""
    path, out = tmp_path / "a.xlsx", tmp_path / "out"
    assert run("export", str(path), "--template", "治理台账").status == 0
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    for kind in ("xlsx", "pdf"):
        command = ["soffice", profile, "--headless", "--convert-to", kind, "--outdir", str(out), str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=180)
    assert cells(out / "a.xlsx")[:12] == cells(path)[:12]
    book = openpyxl.load_workbook(out / "a.xlsx")
    rules = [rule for found in book["台账"].conditional_formatting for rule in found.rules]
    assert any("TODAY()" in "".join(rule.formula) for rule in rules)
    sums = openpyxl.load_workbook(out / "a.xlsx", data_only=True)["汇总"]
    assert sums.cell(sums.max_row, 2).value == 11
    assert (out / "a.pdf").stat().st_size > 10_000
