"""Bad input gets one clear Chinese sentence: what is wrong, where, what would be allowed.

Nothing is changed, and the exit code is the right one.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import ROOT, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Office

CASES = [
    # a verb where it is not allowed
    (("--as", "o27", "report-done", "2"), 1, "不能报办结", "待签收"),
    (("--as", "o11", "accept", "2"), 1, "不能受理", "您现在可以："),
    # somebody else was first
    (("--as", "o12", "交办", "2"), 3, "已由方文静", "待签收"),
    # a missing field
    (("--as", "o11", "交办", "1"), 1, "缺少必填内容", "主办单位"),
    (("--as", "o11", "不予受理", "1", "--reason", "不属于受理范围"), 1, "缺少必填内容", "渠道"),
    # a person who may not
    (("--as", "o27", "reassign", "2"), 1, "无权调整主办单位", "方文静"),
    # an item that is none of one's business is not there
    (("--as", "o27", "accept", "1"), 1, "没有事项 1", "siban list"),
    # an unknown item, officer, unit
    (("--as", "o11", "accept", "99"), 1, "没有事项 99", "siban list"),
    (("--as", "王不存在", "accept", "1"), 1, "没有“王不存在”这个人", ""),
    (("--as", "o11", "交办", "1", "--清单", "即知即改的问题", "--主办单位", "海军"), 1, "没有“海军”这个单位", "水务处"),
    # a bad limit, date, choice, instant
    (("--as", "o11", "交办", "1", "--清单", "即知即改的问题", "--主办单位", "水务处", "--时限", "很快"),
     2, "看不懂时限“很快”", "5个工作日"),
    (("--as", "o11", "交办", "1", "--清单", "第五张", "--主办单位", "水务处"), 2, "填写有误", "即知即改的问题"),
    (("--as", "o13", "登记", "--title", "x", "--source", "学习研讨", "--found-at", "2023-02-30"),
     2, "看不懂时间", "2023-05-08"),
    (("--as", "o13", "--at", "昨天", "登记", "--title", "x", "--source", "学习研讨"), 2, "看不懂时间“昨天”", ""),
    (("--as", "o13", "--at", "2001-01-01", "tick"), 1, "模拟时间不能倒退", ""),
    (("calendar", "due", "2023-05-08", "五大天"), 2, "看不懂时限", ""),
    # misuse
    (("acept", "1"), 2, "没有命令“acept”", "accept"),
    (("--as", "o11", "accept"), 2, "缺少 ITEM", ""),
    (("--as", "o11", "accept", "1", "--led-unit", "水务处"), 2, "没有选项 --led-unit", ""),
    (("--as", "o11", "同意", "12"), 2, "看不懂申请编号", "12-1"),
    # requests and notices
    (("--as", "o27", "申请", "延期", "2", "--延期至", "2023-06-01", "--理由", "汛期无法施工"),
     1, "不能申请延期", "退回"),
    (("--as", "o11", "同意", "2-1"), 1, "没有申请 2-1", ""),
    (("--as", "o11", "已阅", "77"), 1, "没有第 77 号通知", ""),
    # 代录 without its basis
    (("--as", "o11", "accept", "1", "--代录", "局党组"), 2, "代录须写明依据", "会议纪要"),
    (("--as", "o11", "accept", "1", "--代录", "局党组", "--依据", "口头"), 2, "“口头”不在其中，只能是", "签批件"),
    # workflows, and what belongs to what
    (("--as", "o13", "登记", "--流程", "派工", "--title", "x"), 1, "没有流程“派工”", "定期任务"),
    (("list", "--流程", "任务"), 1, "没有流程“任务”", "定期任务"),
    (("list", "--of", "77"), 1, "没有事项 77", ""),
    (("list", "--提出人", "王不存在"), 1, "没有“王不存在”这个人", ""),
    (("campaign", "show", "1"), 1, "1 不是行动", ""),
    (("--as", "o11", "campaign", "close", "1"), 1, "1 不是行动", ""),
    (("project", "show", "1"), 1, "1 不是专项整治", ""),
    (("report", "tasks", "--of", "77"), 1, "没有事项 77", ""),
    (("--as", "o15", "登记", "--流程", "定期任务", "--任务", "x", "--周期", "经常", "--起始日期", "2023-05-01",
      "--截止日期", "2023-08-31", "--承担单位", "河道署"), 2, "周期“经常”看不懂", "每两周"),
    (("--as", "o15", "登记", "--流程", "定期任务", "--任务", "x", "--周期", "每月", "--起始日期", "2023-09-01",
      "--截止日期", "2023-08-31", "--承担单位", "河道署"), 1, "2023-09-01 晚于 2023-08-31", ""),
    (("--as", "o13", "登记", "--流程", "定期任务", "--任务", "x", "--周期", "每月", "--起始日期", "2023-05-01",
      "--截止日期", "2023-08-31", "--承担单位", "河道署"), 1, "无权登记", "韩玉梅"),
    # files
    (("--as", "o11", "import", "没有.xlsx"), 4, "不能读取", "文件不存在"),
    (("org", "load", "没有.toml"), 2, "没有这个文件", ""),
]  # fmt: skip


def facts(path: Path) -> list[tuple[object, ...]]:
    """Return what may not change by a refusal: rows, notices, rungs, settings, and the done events."""
    with sqlite3.connect(path) as opened:
        return [
            *opened.execute("SELECT * FROM item"),
            *opened.execute("SELECT * FROM notice"),
            *opened.execute("SELECT * FROM rung"),
            *opened.execute("SELECT * FROM meta"),
            *opened.execute("SELECT seq, verb FROM event WHERE result = 'done'"),
        ]


@pytest.mark.parametrize(
    ("arguments", "status", "wrong", "allowed"),
    CASES,
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_mistake_is_refused_in_one_sentence(
    office: Office, arguments: tuple[str, ...], status: int, wrong: str, allowed: str
) -> None:
    """One line on standard error says what is wrong and what would be allowed; nothing changed; the right exit code."""
    before = facts(office.path)
    said = office(*arguments)

    assert said.status == status, said
    assert wrong in said.err
    assert allowed in said.err
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    assert said.out == ""
    assert facts(office.path) == before


def test_the_harness_sees_a_change(office: Office) -> None:
    """Control: an act that is allowed does change the facts compared above."""
    before = facts(office.path)
    assert office("--as", "o11", "accept", "1").status == 0
    assert facts(office.path) != before


def test_a_refusal_is_recorded_under_its_item(office: Office) -> None:
    """The refused command is one entry of the record, and the item's version stays."""
    office("--as", "o27", "reassign", "2")
    with sqlite3.connect(office.path) as opened:
        rows = list(opened.execute("SELECT item, verb, decider, body FROM event WHERE result = 'refused'"))
    assert [(row[0], row[1], row[2]) for row in rows] == [(2, "reassign", "o27")]
    assert "not_allowed" in rows[0][3]


@pytest.mark.parametrize("command", [("tick",), ("--as", "o11", "accept", "1"), ("check",), ("list",)])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, command: tuple[str, ...]) -> None:
    """No file, a text file, a foreign database, a newer schema: exit 5, one sentence, the file as it was."""
    text = tmp_path / "text.db"
    text.write_text("这不是数据库" * 1000, encoding="utf-8")
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as opened:
        opened.execute("CREATE TABLE x(a)")
    newer = tmp_path / "newer.db"
    assert run("--db", str(newer), "init", "--trial").status == 0
    with sqlite3.connect(newer) as opened:
        opened.execute("PRAGMA journal_mode = DELETE")
        opened.execute("PRAGMA user_version = 999")
    for path in (tmp_path / "none.db", text, foreign, newer):
        before = path.read_bytes() if path.exists() else None
        said = run("--db", str(path), *command)
        assert said.status == 5, (path, said)
        assert said.err.count("\n") == 1
        assert "Traceback" not in said.err
        assert (path.read_bytes() if path.exists() else None) == before


def test_a_definition_with_faults_is_refused_whole(tmp_path: Path) -> None:
    """Every fault is listed with its place; exit 4; init with it leaves no file behind."""
    bad = tmp_path / "bad.toml"
    text = (ROOT / "workflows" / "petition.toml").read_text(encoding="utf-8")
    bad.write_text(
        text.replace('to = "review"', 'to = "nowhere"').replace('limit = "15d"', 'limit = "15x"'), encoding="utf-8"
    )
    said = run("workflow", "check", str(bad))
    assert said.status == 4
    assert "15x" in said.err
    assert "Traceback" not in said.err
    database = tmp_path / "a.db"
    assert run("--db", str(database), "init", "--workflow", str(bad)).status == 4
    assert not database.exists()
    bad.write_text(text.replace('paper = "约谈建议"', 'paper = "通报"'), encoding="utf-8")
    said = run("workflow", "check", str(bad))
    assert (said.status, said.out) == (0, "")
    assert "“通报”没有文书模板" in said.err
    bad.write_text(text, encoding="utf-8")
    assert run("workflow", "check", str(bad)) == (0, "", "")


def test_at_is_for_trial_databases_only(tmp_path: Path) -> None:
    """A real database takes no simulated moment and no borrowed identity."""
    real = tmp_path / "real.db"
    assert run("--db", str(real), "init", "--org", str(ROOT / "workflows" / "bureau.toml")).status == 0
    said = run("--db", str(real), "--at", "2023-05-08", "tick")
    assert said.status == 2
    assert "试用库" in said.err
    said = run("--db", str(real), "--as", "o11", "登记", "--title", "x", "--source", "学习研讨")
    assert said.status == 1
    assert "不知道您是谁" in said.err
