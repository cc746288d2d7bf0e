"""One sheet, many items: assigned row by row, all of them or none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import xlsxwriter

from tests.people import Bureau, real
from tests.trial import CLERK, HEAD, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.said import Said

HEADS = ["编号", "清单", "主办", "协办", "责任人", "时限", "局领导批示"]
GOOD: list[list[object]] = [
    ["ZG2023-0001", "先学先改行动期间完成的问题", "河道署", "水务处、林业站", "金晓", "2027年6月30日", ""],
    [2, "即知即改的问题", "环卫事务中心", "", "", "5个工作日", "同意"],
]


def sheet(path: Path, rows: Sequence[Sequence[object]], heads: Sequence[str] = HEADS) -> str:
    """Write a sheet of assignments under a title."""
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet()
        page.write(0, 0, "分办表")
        for number, row in enumerate([heads, *rows], 1):
            page.write_row(number, 0, list(row))
    return str(path)


@pytest.fixture(name="run")
def _run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """An office with three registered items."""
    path = tmp_path / "office.db"

    def fill(ledger: Ledger) -> None:
        for title in ("甲", "乙", "丙"):
            ledger.register(title=title)

    real(path, fill)
    return Bureau(path, capsys, monkeypatch)


def states(run: Callable[..., Said]) -> list[str]:
    """Return the states of the items by number."""
    rows = [json.loads(line) for line in run(HEAD, "list", "-o", "jsonl", "--sort", "number").out.splitlines()]
    return [row["state"] for row in rows]


def test_every_row_is_assigned(run: Callable[..., Said], tmp_path: Path) -> None:
    """Tried first, then done; what the command line gives holds for the rows that say nothing; unknown columns are named."""
    path = sheet(tmp_path / "a.xlsx", [*GOOD, [3, "", "林业站", "", "", "", ""]])
    tried = run(CLERK, "交办", "--从", path, "--清单", "即知即改的问题", "--dry-run")
    assert (tried.status, states(run)) == (0, ["registered"] * 3), tried
    said = run(CLERK, "assign", "--from", path, "--track", "immediate", "-o", "json")
    assert said.status == 0, said
    assert "未用的列：局领导批示" in said.err
    fields = [row["fields"] for row in json.loads(said.out)]
    assert [(f["track"], f["lead_unit"], f.get("limit")) for f in fields] == [
        ("campaign", "river", "2027-06-30"), ("immediate", "sanitation_centre", "5wd"), ("immediate", "forestry", None),
    ]  # fmt: skip
    assert fields[0]["co_units"] == ["water", "forestry"]
    assert states(run) == ["assigned"] * 3


@pytest.mark.parametrize(
    ("row", "cell"),
    [
        ([9, "即知即改的问题", "河道署", "", "", "", ""], "A5"),
        ([2, "即知即改的问题", "河道署", "", "", "", ""], "A5"),
        ([3, "即知即改的问题", "河道署", "", "", "看情况", ""], "F5"),
    ],
    ids=["no such item", "twice", "no limit"],
)
def test_a_row_that_cannot_be_read_keeps_all_back(
    run: Callable[..., Said], tmp_path: Path, row: list[object], cell: str
) -> None:
    """Exit 4, the place of the fault, nothing assigned."""
    said = run(CLERK, "assign", "--from", sheet(tmp_path / "a.xlsx", [*GOOD, row]), "-o", "json")
    assert said.status == 4, said
    assert [fault["cell"] for fault in json.loads(said.out)] == [cell]
    assert states(run) == ["registered"] * 3


def test_a_row_that_is_refused_keeps_all_back(run: Callable[..., Said], tmp_path: Path) -> None:
    """The rules of the act hold for each row; one that may not be assigned so leaves all as they were."""
    bad: list[object] = [3, "既重要又突出的问题", "河道署", "", "", "", ""]  # no 挂帅领导
    said = run(CLERK, "assign", "--from", sheet(tmp_path / "a.xlsx", [*GOOD, bad]))
    assert (said.status, states(run)) == (1, ["registered"] * 3), said
    assert run(CLERK, "assign").status == 2
    assert run(CLERK, "assign", "1", "--from", sheet(tmp_path / "a.xlsx", GOOD)).status == 2
    assert run(CLERK, "assign", "--from", sheet(tmp_path / "b.xlsx", GOOD, ["甲", *HEADS[1:]])).status == 2
