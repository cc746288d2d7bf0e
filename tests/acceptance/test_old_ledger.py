"""An old ledger goes in as it stood, with its true days; read in again it finds itself and doubles nothing."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import openpyxl
import pytest
import xlsxwriter

import cli
from engine.check import check
from engine.clock import SteppedTime, parse_instant
from engine.office import Office
from engine.policy import PolicyShelf
from engine.row import EventQuery, ItemQuery, from_text
from storage.sqlite import open_store
from tests.people import Bureau, real
from tests.trial import CLERK, HEAD, RIVER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.said import Said

    Run = Callable[..., Said]

HEADS = ["序号", "编号", "清单类别", "存在的\n问题", "问题来源", "检查时间", "责任单位", "", "整改责任人", "整改措施",
         "整改时限", "状态", "完成日期", "销号日期", "整改情况"]  # fmt: skip
UNDER = [None] * 6 + ["牵头部门", "配合部门"]
ROWS: list[list[object]] = [
    [1, "T-1", "即知即改的问题", "河道漂浮垃圾", "调查研究", dt.date(2023, 5, 6), "河道署", "水务处", "金晓",
     "1.打捞（河道署，2023-05-10前）\n2.加密保洁", "2023年5月12日", "已销号", "２０２３．５．１０", "2023-05-15", "已清理完毕"],
    [2, "T-2", "即知即改的问题", "垃圾箱房异味", "学习研讨", 20230507, "环卫事务中心", "", "", "清洗", "2023-05-15", "逾期", "", "", ""],
    [3, "T-3", "先学先改行动期间完成的问题", "河长牌未更新", "学习研讨", "2023/5/7", "河道署", "", "金晓", "更换", "2023-06-30",
     "已完成", "2023-05-30", "", "更换完成"],
    [4, "T-4", "既重要又突出的问题", "黑臭水体", "调查研究", "2023/5/7", "河道署", "", "", "打通断头浜", "立行立改", "整改中", "", "", ""],
    [5, "T-5", "", "尚未交办", "学习研讨", "2023/5/8"] + [""] * 9,
]  # fmt: skip


def ledger(path: Path, rows: Sequence[Sequence[object]] = ROWS, heads: Sequence[str] = HEADS) -> Path:
    """Write a ledger as offices keep it: a title, heads over two rows, some merged."""
    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "yyyy/m/d"})
        page = book.add_worksheet("2023年台账")
        page.merge_range(0, 0, 0, len(heads) - 1, "2023年问题整改台账")
        for at, head in enumerate(heads):
            if UNDER[6] in heads or at not in (6, 7):
                page.merge_range(1, at, 2, at, head)
        if UNDER[6] not in heads:
            page.merge_range(1, 6, 1, 7, "责任单位")
            page.write_row(2, 6, UNDER[6:])
        for number, row in enumerate(rows, 3):
            for at, value in enumerate(row):
                if isinstance(value, dt.date):
                    page.write_datetime(number, at, value, day)
                elif value != "":
                    page.write(number, at, value)
    return path


@pytest.fixture(name="run")
def _run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in an empty real office."""
    path = tmp_path / "office.db"
    real(path, lambda _: None)
    return Bureau(path, capsys, monkeypatch)


def items(run: Run) -> list[dict[str, object]]:
    """Return the ledger's rows by number."""
    rows = [json.loads(line) for line in run(HEAD, "list", "-n", "0", "-o", "jsonl").out.splitlines()]
    return sorted(rows, key=lambda row: row["number"])


def test_items_in_any_state_come_in_with_their_true_days(run: Run, tmp_path: Path) -> None:
    """States, days and verdicts are the ledger's; nobody is warned of what is past; the record proves the ledger."""
    said = run(CLERK, "import", str(ledger(tmp_path / "old.xlsx")))
    assert said.status == 0, said
    assert "已导入 5 件" in said.out
    rows = items(run)
    assert [row["state"] for row in rows] == ["closed", "rectifying", "office_review", "rectifying", "registered"]
    assert [row["due_on"] for row in rows[:4]] == ["2023-05-12", "2023-05-15", "2023-06-30", None]
    assert [str(row["done_at"])[:10] for row in rows[:2]] == ["2023-05-10", "None"]
    assert (rows[0]["light"], str(rows[0]["closed_at"])[:10]) == ("normal", "2023-05-15")
    assert (rows[1]["light"], rows[3]["limit_text"]) == ("overdue", "立行立改")
    assert (rows[0]["lead_unit"], rows[0]["co_units"], rows[0]["handler"]) == ("river", ["water"], RIVER)
    store = open_store(run.path)  # type: ignore[attr-defined]  # of `Bureau`
    try:
        Office(store, SteppedTime(parse_instant("2026-12-01 09:00"))).tick()
        with store.read() as reader:
            assert check(reader, PolicyShelf()) == []
            late = [event for event in reader.events(EventQuery(item=2)) if event.verb == "escalate"]
            assert late == []  # all its rungs lay before the day on which it was read in
            told = [notice for notice in reader.notices() if notice.item in (1, 2)]
            assert told == []
            closed = from_text(next(iter(reader.rows(ItemQuery(numbers=(1,))))).body)
            assert closed.fields["on_time"] is True
            measures = closed.fields["measures"]
            assert measures == [{"text": "打捞", "unit": "river", "due": "2023-05-10"},
                                {"text": "加密保洁", "unit": "", "due": ""}]  # fmt: skip
            entry = list(reader.events(EventQuery(item=1)))[-1]
            assert (entry.verb, json.loads(entry.basis)) == ("take_over", {"kind": "原台账", "ref": "old.xlsx"})
    finally:
        store.close()


def test_what_comes_due_after_the_import_is_warned_of(run: Run, tmp_path: Path) -> None:
    """The control of silence: a limit that ends after the day of the import is watched as any other."""
    rows = [[*ROWS[1][:10], "2027-06-30", *ROWS[1][11:]]]
    assert run(CLERK, "import", str(ledger(tmp_path / "a.xlsx", rows))).status == 0
    store = open_store(run.path)  # type: ignore[attr-defined]  # of `Bureau`
    try:
        Office(store, SteppedTime(parse_instant("2027-07-15 09:00"))).tick()
        with store.read() as reader:
            assert [e.verb for e in reader.events(EventQuery(item=1)) if e.verb == "escalate"]
    finally:
        store.close()


def test_the_past_shows_it_in_hand_and_on_time_is_judged_by_its_days(run: Run, tmp_path: Path) -> None:
    """As of a day between assignment and closing it is in hand; one done late is late for good."""
    late = [*ROWS[0][:12], "2023-05-16", "2023-05-20", "迟了"]
    assert run(CLERK, "import", str(ledger(tmp_path / "a.xlsx", [late]))).status == 0
    then = json.loads(run(HEAD, "list", "--as-of", "2023-05-10", "-o", "jsonl").out)
    assert (then["state"], then["light"]) == ("rectifying", "normal")
    assert items(run)[0]["light"] == "overdue"


def test_an_item_taken_over_goes_on_by_the_rules(run: Run, tmp_path: Path) -> None:
    """What waits to be verified is verified and counts as done on the ledger's day, by somebody else than whoever read it in."""
    assert run(CLERK, "import", str(ledger(tmp_path / "a.xlsx", [ROWS[2]]))).status == 0
    said = run("o14", "核验通过", "1", "--核验方式", "现场", "--意见", "已到现场查看")
    assert said.status == 0, said
    row = items(run)[0]
    assert (row["state"], str(row["done_at"])[:10], row["light"]) == ("feedback", "2023-05-30", "normal")


def test_nothing_is_said_of_a_closed_item_that_the_ledger_does_not_say(run: Run, tmp_path: Path) -> None:
    """What waits to be verified was called done, and so it can be verified; closed is no word for solved."""
    assert run(CLERK, "import", str(ledger(tmp_path / "a.xlsx", [ROWS[0], ROWS[2]]))).status == 0
    store = open_store(run.path)  # type: ignore[attr-defined]  # of `Bureau`
    with store.read() as reader:
        kept = [from_text(row.body) for row in reader.rows(ItemQuery())]
    store.close()
    said = [(item.state, item.text("result_class"), item.fields.get("all_measures_done")) for item in kept]
    assert said == [("closed", "", None), ("office_review", "solved", True)]
    assert kept[0].fields["on_time"] is True
    assert run("o14", "核验通过", "2", "--核验方式", "现场", "--意见", "已到现场查看").status == 0


def test_reading_it_in_again_doubles_nothing(run: Run, tmp_path: Path) -> None:
    """Found by source and number; what differs is shown, left, and only on demand turned into acts."""
    assert run(CLERK, "import", str(ledger(tmp_path / "a.xlsx"))).status == 0
    again = run(CLERK, "import", str(tmp_path / "a.xlsx"))
    assert (again.status, "已在库 5 件" in again.out, len(items(run))) == (0, True, 5)
    assert "不一致的 0 件" in again.out
    changed = [row[:] for row in ROWS]
    changed[1][3], changed[1][6], changed[2][11] = "垃圾箱房异味扰民", "林业站", "已销号"
    more = [*changed, [6, "T-6", "", "新发现的问题", "学习研讨", "2023/5/9"] + [""] * 9]
    path = ledger(tmp_path / "b.xlsx", more)
    looked = run(CLERK, "import", str(path), "--dry-run", "-o", "json")
    answer = json.loads(looked.out)
    told = {(change["item"], change["field"], change["verb"]) for change in answer["changes"]}
    assert told == {("ZG2023-0002", "title", "correct"), ("ZG2023-0002", "lead_unit", "reassign"),
                    ("ZG2023-0003", "state", None)}  # fmt: skip
    assert run(CLERK, "import", str(path)).status == 0
    assert [row["title"] for row in items(run)][1::4] == ["垃圾箱房异味", "新发现的问题"]
    applied = run(CLERK, "import", str(path), "--apply-changes")
    assert applied.status == 0, applied
    rows = items(run)
    assert (len(rows), rows[1]["title"], rows[1]["lead_unit"], rows[2]["state"]) == (
        6, "垃圾箱房异味扰民", "forestry", "office_review",
    )  # fmt: skip
    assert run(HEAD, "check").status == 0


def test_one_row_twice_is_a_fault(run: Run, tmp_path: Path) -> None:
    """Two rows with one number are not two problems, and nobody guesses which is meant."""
    said = run(CLERK, "import", str(ledger(tmp_path / "a.xlsx", [ROWS[0], ROWS[0]])), "-o", "json")
    assert (said.status, items(run)) == (4, [])
    assert [(fault["row"], fault["code"], fault["cell"]) for fault in json.loads(said.out)] == [(5, "same_row", "B5")]


BAD: list[list[object]] = [
    ROWS[0],
    [*ROWS[1][:11], "挂账", "", "", ""],
    [*ROWS[2][:11], "天晓得", "", "", ""],
    [*ROWS[2][:1], "T-8", *ROWS[2][2:11], "已销号", "", "", ""],
    [*ROWS[2][:1], "T-9", *ROWS[2][2:12], "2023-05-30", "2023-05-20", ""],
    [*ROWS[1][:1], "T-10", *ROWS[1][2:12], "2023-05-30", "", ""],
]


def test_every_fault_is_named_by_cell_and_nothing_goes_in(run: Run, tmp_path: Path) -> None:
    """挂账 is asked about; unknown states, closed without a day, days out of order, done and yet open are faults."""
    path, marked = ledger(tmp_path / "a.xlsx", BAD), tmp_path / "标注.xlsx"
    said = run(CLERK, "import", str(path), "--annotated", str(marked), "-o", "json")
    assert (said.status, items(run)) == (4, [])
    faults = {(fault["cell"], fault["code"]) for fault in json.loads(said.out)}
    assert faults == {("L5", "suspended_or_listed"), ("L6", "unknown_state_word"), ("L7", "done_when"),
                      ("N8", "days_out_of_order"), ("M9", "done_yet_open")}  # fmt: skip
    assert "暂缓办理" in said.out
    page = openpyxl.load_workbook(marked)["2023年台账"]
    for cell, _ in faults:
        assert page[cell].comment is not None
        assert page[cell].fill.fgColor.rgb == "FFFFC7CE"
    assert page["L4"].comment is None
    assert page["D4"].value == "河道漂浮垃圾"


def test_the_words_and_days_that_are_missing_are_given_and_kept_for_next_time(run: Run, tmp_path: Path) -> None:
    """`--state` says what a word means, `--done-on` the day of what has none; `--save-map` keeps columns and words."""
    rows = [[*ROWS[1][:11], "挂账", "", "", ""], [*ROWS[2][:11], "已销号", "", "", ""]]
    path = str(ledger(tmp_path / "a.xlsx", rows))
    day = ("--done-on", "2023-06-01")
    said = run(CLERK, "import", path, "--state", "挂账=整改中", *day, "--save-map", "本局")
    assert said.status == 0, said
    assert [(row["state"], str(row["closed_at"])[:10]) for row in items(run)] == [
        ("rectifying", "None"), ("closed", "2023-06-01"),
    ]  # fmt: skip
    other = str(ledger(tmp_path / "b.xlsx", [[7, "T-7", *rows[0][2:]]]))
    assert run(CLERK, "import", other).status == 4
    assert run(CLERK, "import", other, "--profile", "没有").status == 2
    assert run(CLERK, "import", other, "--profile", "本局").status == 0
    assert run(CLERK, "import", path, "--state", "挂账=没有的状态").status == 2


def test_only_the_supervising_office_says_where_items_stand(run: Run, tmp_path: Path) -> None:
    """Others may register; a state beyond that is one sentence of refusal, and nothing goes in."""
    said = run(RIVER, "import", str(ledger(tmp_path / "a.xlsx")))
    assert (said.status, len(said.err.strip().splitlines()), items(run)) == (1, 2, [])
    assert "无权原台账转入" in said.err
    assert run(RIVER, "import", str(ledger(tmp_path / "b.xlsx", [ROWS[4]]))).status == 0


def test_every_sheet_that_is_a_list_goes_in_and_the_others_are_named(run: Run, tmp_path: Path) -> None:
    """Two lists and a sheet of remarks; `--sheet` takes one of them."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for name, title in (("一季度", "甲"), ("二季度", "乙")):
            page = book.add_worksheet(name)
            page.write_row(0, 0, ["问题", "问题来源"])
            page.write_row(1, 0, [title, "调查研究"])
        book.add_worksheet("说明").write_column(0, 0, ["填表说明", "逐项填写"])
    one = run(CLERK, "import", str(path), "--sheet", "二季度", "--dry-run")
    assert "可以导入 1 件" in one.out
    both = run(CLERK, "import", str(path))
    assert "已导入 2 件" in both.out
    assert "未导入的工作表：说明" in both.err


def test_a_dry_run_says_what_becomes_of_each_row_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    """State and number of each; the database is the same to the byte."""
    path = str(ledger(tmp_path / "a.xlsx"))
    before = run(HEAD, "audit", "verify").out
    answer = json.loads(run(CLERK, "import", path, "--dry-run", "-o", "json").out)
    assert [item["state"] for item in answer["items"]] == [
        "closed",
        "rectifying",
        "office_review",
        "rectifying",
        "registered",
    ]
    assert (answer["imported"], answer["rows"]) == (0, 5)
    assert run(HEAD, "audit", "verify").out == before
    assert cli.run(["--db", str(tmp_path / "none.db"), "import", path]) == 5


def test_formulas_without_a_value_are_faults_with_their_place(run: Run, tmp_path: Path) -> None:
    """A cell that shows #DIV/0! or was never calculated is not read as blank."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["问题", "问题来源"])
        page.write_row(1, 0, ["甲", "调查研究"])
        page.write_formula(2, 0, "=1/0", None, "#DIV/0!")
        page.write_string(2, 1, "调查研究")
        page.write_formula(3, 0, '="丙"&"丁"', None, "丙丁")
        page.write_string(3, 1, "调查研究")
    said = run(CLERK, "import", str(path), "-o", "json")
    assert [(fault["cell"], fault["code"]) for fault in json.loads(said.out)][:1] == [("A3", "broken_formula")]
    assert items(run) == []
