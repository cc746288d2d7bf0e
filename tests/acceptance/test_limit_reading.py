"""How limit texts are read: a setting that is shown wherever it was leaned on; what cannot be read is kept and listed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.conftest import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Office

OFFICE, CLERK = ("--as", "o11"), ("--as", "o13")
PROBLEM = ("登记", "--title", "护栏破损", "--source", "学习研讨")
ASSIGN = ("--清单", "即知即改的问题", "--主办单位", "河道署")


def rows(office: Office, *arguments: str) -> list[dict[str, Any]]:
    """Return the rows of a list."""
    return [json.loads(line) for line in office("list", "-n", "0", *arguments, "-o", "jsonl").out.splitlines()]


def shown(office: Office, number: int) -> dict[str, Any]:
    """Return an item as `show` gives it."""
    page: dict[str, Any] = json.loads(office("show", str(number), "-o", "json").out)
    return page


def registered(office: Office, *arguments: str) -> dict[str, Any]:
    """Register a problem and return it."""
    said = office(*CLERK, *PROBLEM, *arguments, "-o", "json")
    assert said.status == 0, said
    (item,) = json.loads(said.out)
    found: dict[str, Any] = item
    return found


# ---- the setting -----------------------------------------------------------------------------------


def test_the_setting_rules_every_command(office: Office, tmp_path: Path) -> None:
    """15天 is read as calendar days as shipped, as working days once set: by due, register, assign and import alike."""
    table = tmp_path / "a.csv"
    table.write_text("问题,问题来源,整改时限\n路灯不亮,学习研讨,15天\n", encoding="utf-8")
    for unit, word in (("d", "自然日"), ("wd", "工作日")):
        said = office(*OFFICE, "日历", "读法", "--天", word, "-o", "json")
        assert said.status == 0, said
        assert {row["name"]: row["value"] for row in json.loads(said.out)}["bare_days"] == unit
        leaned = f"“天”按{word}计"

        said = office("calendar", "due", "2023-05-10", "15天", "-o", "json")
        assert (json.loads(said.out)["limit"], json.loads(said.out)["reading"]) == (f"15{unit}", leaned)
        assert leaned in said.err
        said = office(*CLERK, *PROBLEM, "--时限", "15天", "-o", "json")
        item = json.loads(said.out)[0]
        assert (item["fields"]["limit"], item["fields"]["limit_text"]) == (f"15{unit}", "15天")
        assert leaned in said.err
        number = registered(office)["number"]
        said = office(*OFFICE, "交办", str(number), *ASSIGN, "--时限", "15天")
        assert leaned in said.err
        assert shown(office, number)["fields"]["limit"] == f"15{unit}"
        said = office(*CLERK, "import", str(table), "-o", "json")
        assert json.loads(said.out)["limits"] == [{"row": 2, "text": "15天", "code": f"15{unit}", "note": leaned}]
        assert f"{leaned}：第 2 行" in said.err
        assert rows(office)[-1]["unclear"] is False
    assert office("check").status == 0


def test_each_part_is_set_by_itself(office: Office) -> None:
    """Hours, urgent days and the year of a date without one; what was set before stays."""
    assert office("calendar", "reading", "--bare-hours", "工作小时").status == 0
    assert office("calendar", "reading", "--urgent-days", "wd", "--year", "2022").status == 0
    for text, limit in (("4小时", "4wh"), ("2紧急工作日", "2wd"), ("8月底前", "2022-08-31"), ("15天", "15d")):
        assert json.loads(office("calendar", "due", "2023-05-10", text, "-o", "json").out)["limit"] == limit
    assert office("calendar", "reading", "--年份", "当年").status == 0
    said = office("calendar", "due", "2023-05-10", "8月底前", "-o", "json")
    assert json.loads(said.out)["due_on"] == "2023-08-31"
    assert "未写年份，按2023年计" in said.err


def test_setting_it_is_recorded_and_proved(office: Office) -> None:
    """One entry for each change, in words; the same again is none; a setting changed beside the record is found."""
    assert (
        "与现有一致"
        in office("calendar", "reading", "--天", "工作日").err + office("calendar", "reading", "--天", "工作日").err
    )
    entries = [json.loads(line) for line in office("log", "--verb", "设定时限读法", "-o", "jsonl").out.splitlines()]
    assert [entry["text"] for entry in entries] == [
        "设定时限读法：“天”“日”按工作日计；“小时”按连续小时计；“紧急工作日”按自然日计；未写年份按读入当年计"
    ]
    assert office("check").status == 0
    with closing(sqlite3.connect(office.path)) as opened:
        opened.execute("""UPDATE meta SET value = '{"bare_days":"d"}' WHERE name = 'reading'""")
        opened.commit()
    said = office("check")
    assert said.status == 4
    assert "设置 reading：现用版本与办理记录不符" in said.err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--天", "小时"), 1, "没有“天”“日”“小时”；可以写：自然日、工作日"),
        (("--小时", "工作日"), 1, "可以写：连续小时、工作小时"),
        (("--年份", "去年"), 2, "设置“未写年份”不能为“去年”；可以是：当年、1992 至 2099"),
    ],
)
def test_a_reading_there_is_not_is_refused(office: Office, arguments: tuple[str, ...], status: int, words: str) -> None:
    """In one sentence with what there is, nothing changed."""
    before = office("calendar", "reading", "-o", "json").out
    said = office("calendar", "reading", *arguments)
    assert (said.status, words in said.err) == (status, True), said
    assert office("calendar", "reading", "-o", "json").out == before


def test_without_a_database_the_shipped_reading_holds(tmp_path: Path) -> None:
    """`calendar due` needs none."""
    said = run("--db", str(tmp_path / "none.db"), "calendar", "due", "2023-05-10", "60日", "-o", "json")
    assert json.loads(said.out)["due_on"] == "2023-07-10"


# ---- what cannot be read ---------------------------------------------------------------------------


def test_an_unread_limit_is_kept_listed_and_made_clear(office: Office) -> None:
    """From registration through assignment, on the ledger and the supervising office's desk, until a limit is given."""
    item = registered(office, "--时限", "立行立改，长期坚持")
    number = str(item["number"])
    assert item["fields"]["limit_text"] == "立行立改，长期坚持"
    assert item["fields"]["longterm"] is True
    assert "limit" not in item["fields"]

    said = office(*OFFICE, "交办", number, *ASSIGN)
    assert said.status == 0, said
    assert "时限待明确（原文“立行立改，长期坚持”）" in said.out
    (row,) = rows(office, "--limit-unclear")
    assert (row["number"], row["unclear"], row["limit_text"]) == (item["number"], True, "立行立改，长期坚持")
    assert "立行立改，长期坚持" in office("台账", "--时限待明确", "-o", "table").out
    todo = json.loads(office(*OFFICE, "todo", "-o", "json").out)
    (entry,) = [entry for entry in todo if entry["group"] == "unclear"]
    assert (entry["number"], entry["command"]) == (item["number"], f"siban 明确时限 {number}")
    assert "原文“立行立改，长期坚持”" in office("show", number).out
    assert "原文“立行立改，长期坚持”" in office("explain", number).out

    said = office(*OFFICE, "明确时限", number, "--时限", "尽快")
    assert said.status == 2
    assert office("--as", "金晓", "明确时限", number, "--时限", "2023-08-31").status == 1
    said = office(*OFFICE, "明确时限", number, "--时限", "8月底前")
    assert said.status == 0, said
    assert "未写年份，按2023年计" in said.err
    assert rows(office, "--limit-unclear") == []
    after = shown(office, item["number"])
    assert (after["due_on"], after["unclear"], after["fields"]["limit_text"]) == (
        "2023-08-31",
        False,
        "立行立改，长期坚持",
    )
    assert not any(e["group"] == "unclear" for e in json.loads(office(*OFFICE, "todo", "-o", "json").out))
    said = office(*OFFICE, "明确时限", number, "--时限", "2024-08-31")
    assert said.status == 1
    assert "须延长的请申请延期" in said.err
    assert office("check").status == 0


def test_an_assignment_keeps_what_it_cannot_read(office: Office) -> None:
    """The text goes to the item; a list whose problems must have a date refuses it; a limit that stands is not replaced."""
    number = str(registered(office)["number"])
    campaign = ("--清单", "先学先改行动期间完成的问题", "--主办单位", "河道署")
    said = office(*OFFICE, "交办", number, *campaign, "--时限", "8月前")
    assert said.status == 1
    assert "两种读法" in said.err
    assert "须明确时限" in said.err
    said = office(*OFFICE, "交办", number, *ASSIGN, "--时限", "8月前")
    assert said.status == 0, said
    assert [(row["number"], row["limit_text"]) for row in rows(office, "--limit-unclear")] == [(int(number), "8月前")]

    other = str(registered(office, "--时限", "5个工作日")["number"])
    said = office(*OFFICE, "交办", other, *ASSIGN, "--时限", "立行立改")
    assert said.status == 2
    assert "已有时限 5个工作日，不能以此代替" in said.err
    assert shown(office, int(other))["state"] == "registered"


def test_what_is_no_limit_at_all_is_kept_only_on_purpose(office: Office) -> None:
    """A slip of the keyboard is refused with the way to keep it; said on purpose, it is kept and listed."""
    said = office(*CLERK, *PROBLEM, "--时限", "种植季节后")
    assert said.status == 2
    assert "照录原文用 --时限原文" in said.err
    item = registered(office, "--时限原文", "种植季节后")
    assert [(row["number"], row["limit_text"]) for row in rows(office, "--limit-unclear")] == [
        (item["number"], "种植季节后")
    ]


def test_an_import_keeps_lists_and_counts_what_it_cannot_read(office: Office, tmp_path: Path) -> None:
    """Every row by its limit: read, read on an assumption, or flagged with its text and row."""
    table = tmp_path / "a.csv"
    limits = ["5个工作日", "15天", "立行立改", "种植季节后", "8月底前", "立行立改", "", "2025年底前，并长期坚持"]
    lines = [f"问题{n},学习研讨,{text}" for n, text in enumerate(limits, 1)]
    table.write_text("\n".join(["问题,问题来源,整改时限", *lines]) + "\n", encoding="utf-8")
    before = len(rows(office))
    said = office(*CLERK, "导入", str(table), "--dry-run", "-o", "json")
    assert (json.loads(said.out)["unclear_limits"], len(rows(office))) == (3, before)
    said = office(*CLERK, "导入", str(table))
    assert said.status == 0, said
    for words in (
        "“天”按自然日计：第 3 行",
        "未写年份，按2023年计：第 6 行",
        "其中 3 件时限待明确，原文已保留（列出：siban list --时限待明确）：",
        "“立行立改”（立行立改：未写明期限）：第 4、7 行",
        "“种植季节后”（未能读出时限）：第 5 行",
    ):
        assert words in said.err
    assert sorted(row["limit_text"] for row in rows(office, "--limit-unclear")) == [
        "种植季节后",
        "立行立改",
        "立行立改",
    ]
    assert len(rows(office)) == before + len(limits)
    assert office("check").status == 0


def test_a_workflow_without_limits_of_its_own_says_so(office: Office, tmp_path: Path) -> None:
    """A petition's limit is the law's: a column of limits is refused with its rows, never dropped in silence."""
    table = tmp_path / "a.csv"
    table.write_text("问题,反映人,整改时限\n占道经营,陈女士,15天\n", encoding="utf-8")
    said = office(*CLERK, "import", str(table), "--workflow", "petition", "-o", "json")
    assert said.status == 4
    assert [(fault["row"], fault["column"]) for fault in json.loads(said.out)] == [(2, "整改时限")]
