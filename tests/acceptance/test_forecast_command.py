"""`siban forecast`: what it shows, that the heartbeat then does just that, what-if, two runs, and what it refuses."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import cli
from interfaces.commands import forecasting
from tests.acceptance.conftest import ROOT, Office
from tests.trial import lines
from workflows.calendars import shipped_edition

if TYPE_CHECKING:
    from pathlib import Path

    from tests.said import Said

UNTIL = "2023-07-31"
YEAR = json.loads((ROOT / "workflows" / "calendars" / "2023.json").read_text(encoding="utf-8"))
DEFINITION = (ROOT / "workflows" / "siban.toml").read_text(encoding="utf-8")


@pytest.fixture
def siban(book: Path) -> Office:
    """The ledger, to run commands on."""
    return Office(book)


def answer(said: Said) -> Any:  # noqa: ANN401 - whatever was asked for
    """Read a JSON answer."""
    assert said.status == 0, said
    return json.loads(said.out)


def write(folder: Path, name: str, content: object) -> str:
    """Write a file beside the database and return its name."""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    (folder / name).write_text(text, encoding="utf-8")
    return name


# ---- the screen, and the other forms ---------------------------------------------------------------


def test_the_screen_shows_days_desks_and_what_comes_first(siban: Office) -> None:
    """A line a day with a bar, a line a unit with its weeks, then the first items, with the Chinese names of everything."""
    said = siban("forecast", "--until", UNTIL, "-n", "3", "-o", "table")
    assert said.status == 0, said
    assert said.out.startswith("预测  6月14日 周三 10:00 至 7月31日 周一 24:00（48 天）\n在办 10 件，其中已逾期 3 件。")
    assert re.search(r"^6月30日 周五 +2 +0 +6 +\d+  ██$", said.out, re.MULTILINE)
    assert re.search(r"^河道署 +\d+ +2 +\d+  [▁▂▃▄▅▆▇█·]{8}  ", said.out, re.MULTILINE)
    assert "先到期的（共 " in said.out
    assert "，先列 3 项；全部列出：-n 0）" in said.out
    assert "督办通报（整改时限）" in siban("forecast", "--until", UNTIL, "-n", "0", "-o", "table").out
    assert siban("预测", "--至", UNTIL, "--条数", "3", "--输出", "表格") == said


def test_the_json_is_whole_and_stable(siban: Office) -> None:
    """The days are the happenings counted; the ledger's due dates are in it; asked twice it is the same."""
    said = siban("forecast", "--until", UNTIL, "-o", "json")
    found = answer(said)
    assert set(found) == {
        "form", "now", "until", "open", "overdue", "assumed", "days", "weeks", "desks", "items", "happenings", "unplaced",
        "changes",
    }  # fmt: skip
    assert (found["now"], found["until"]) == ("2023-06-14T10:00:00+08:00", "2023-08-01T00:00:00+08:00")
    assert (found["assumed"], found["changes"]) == ({"calendar": None, "definition": None, "leave": []}, None)
    due = [one for one in found["happenings"] if one["kind"] == "due"]
    assert sum(day["due"] + day["steps"] for day in found["days"]) == len(due)
    assert sum(day["notices"] for day in found["days"]) == sum(len(one["receivers"]) for one in found["happenings"])
    assert sum(desk["open"] for desk in found["desks"] if not desk["person"]) == found["open"]
    listed = {row["number"]: row["due_at"] for row in lines(siban("list", "-n", "0", "-o", "jsonl").out)}
    limits = {one["item"]: one["at"] for one in due if one["main"]}
    assert len(limits) >= 5
    assert limits.items() <= listed.items()
    assert siban("forecast", "--until", UNTIL, "-o", "json") == said


def test_one_line_for_each_thing_that_comes(siban: Office) -> None:
    """jsonl, csv and tsv list the same happenings in the same order; programs get instants."""
    happenings = answer(siban("forecast", "--until", UNTIL, "-o", "json"))["happenings"]
    rows = lines(siban("forecast", "--until", UNTIL, "-o", "jsonl").out)
    assert [(row["at"], row["item"], row["kind"]) for row in rows] == [
        (one["at"], one["item"], one["kind"]) for one in happenings
    ]
    assert rows[0]["serial"] == f"ZG2023-{rows[0]['item']:04}"
    for form, mark in (("tsv", "\t"), ("csv", ",")):
        table = siban("forecast", "--until", UNTIL, "-o", form).out.splitlines()
        assert table[0].lstrip("\ufeff").split(mark)[:3] == ["时间", "类别", "编号"]
        assert [line.split(mark)[0] for line in table[1:]] == [one["at"] for one in happenings]


def test_it_works_at_a_later_moment_of_a_trial(siban: Office) -> None:
    """`--at` moves the beginning; what has come due by then without a beat is counted today; the trial's clock stays."""
    said = siban("--at", "2023-07-03 09:00", "forecast", "--until", UNTIL, "-o", "table")
    assert "预测  7月3日 周一 09:00" in said.out
    assert "项此前已到时点、尚未巡查，计入今日" in said.out
    assert answer(siban("forecast", "--until", UNTIL, "-o", "json"))["now"] == "2023-06-14T10:00:00+08:00"


# ---- it is the truth, and it writes nothing --------------------------------------------------------


def test_the_heartbeat_then_does_what_was_forecast(siban: Office) -> None:
    """The rungs in the database after a beat at the end are those forecast, planned for the same moments."""
    happenings = answer(siban("forecast", "--until", f"{UNTIL} 12:00", "-o", "json"))["happenings"]
    foretold = {(h["item"], h["clock"], h["cycle"], h["level"], h["at"]) for h in happenings if h["kind"] == "escalate"}
    with sqlite3.connect(siban.path) as opened:
        before = opened.execute("SELECT max(seq) FROM event").fetchone()[0]
    assert siban("--at", f"{UNTIL} 12:00", "tick").status == 0
    said = siban("log", "-n", "0", "-o", "jsonl")
    entries = [row for row in lines(said.out) if int(str(row["seq"])) > before and row["verb"] == "escalate"]
    bodies: list[Any] = [(row["item"], row["body"], row["effective_at"]) for row in entries]
    assert {(i, b["clock"], b["cycle"], b["level"], at) for i, b, at in bodies} == foretold
    told = Counter((i, at, tuple(b["tell"])) for i, b, at in bodies)
    assert told == Counter((h["item"], h["at"], tuple(h["receivers"])) for h in happenings if h["kind"] == "escalate")
    assert len(foretold) > 20


def test_nothing_is_written(siban: Office) -> None:
    """Plain or what-if, the file is the same to the byte, and the record too."""
    write(siban.path.parent, "2023.json", YEAR)
    bytes_before, log = siban.path.read_bytes(), siban("log", "-n", "0", "-o", "jsonl")
    for more in ((), ("--leave", "倪国平:2023-06-15..2023-07-15"), ("--calendar", "2023.json"), ("--at", "2023-07-01")):
        command = (
            ("forecast", "--until", UNTIL, *more) if more[:1] != ("--at",) else (*more, "forecast", "--until", UNTIL)
        )
        assert siban(*command).status == 0
    assert siban.path.read_bytes() == bytes_before
    assert siban("log", "-n", "0", "-o", "jsonl") == log
    assert siban("--at", UNTIL, "tick").status == 0
    assert siban("log", "-n", "0", "-o", "jsonl") != log  # control: the same comparison sees a write


# ---- what if ---------------------------------------------------------------------------------------


def test_on_leave_the_stand_in_is_told(siban: Office) -> None:
    """Whoever is away is told nothing; the difference names who is told instead."""
    leave = ("--leave", "倪国平:2023-06-15..2023-07-31")
    changes = answer(siban("forecast", "--until", UNTIL, *leave, "-o", "json"))["changes"]
    assert changes
    for change in changes:
        assert change["what"] == ["retold"]
        assert "o25" in change["before"]["receivers"]
        assert "o25" not in change["after"]["receivers"]
    assert any("o26" in change["after"]["receivers"] for change in changes)
    text = siban("预测", "--至", UNTIL, "--请假", "倪国平：2023-06-15..2023-07-31", "-o", "table").out
    assert "与不作假设相比\n假设：倪国平 6月15日 周四 至 7月31日 周一 请假。" in text
    assert f"共 {len(changes)} 项不同：改报他人 {len(changes)} 项。" in text
    gone = ("--leave", "倪国平:2024-06-15")
    assert "没有变化。" in siban("forecast", "--until", UNTIL, *gone, "-o", "table").out


def test_under_another_calendar_what_is_counted_moves(siban: Office) -> None:
    """Days off more, as local days or in a whole edition: the same difference."""
    typhoon = {"notice": "沪防〔2023〕3号", "off": {f"2023-07-{day:02}": "台风" for day in (3, 4, 5)}, "work": {}}
    write(siban.path.parent, "台风.json", {"local": [typhoon]})
    write(siban.path.parent, "全.json", shipped_edition().to_dict() | {"local": [typhoon]})
    ask = ("forecast", "--until", UNTIL, "-o", "json", "--calendar")
    changes = answer(siban(*ask, "台风.json"))["changes"]
    assert any(change["what"] == ["moved"] for change in changes)
    assert all(c["after"]["at"] > c["before"]["at"] for c in changes if c["what"] == ["moved"])
    assert answer(siban(*ask, "全.json"))["changes"] == changes
    write(siban.path.parent, "同.json", YEAR)
    assert answer(siban(*ask, "同.json"))["changes"] == []


def test_under_another_definition_its_own_items_differ(siban: Office) -> None:
    """An earlier rung comes earlier for items of that workflow; items in a state it does not have are named."""
    write(siban.path.parent, "早.toml", DEFINITION.replace('at = "+6wd"', 'at = "+3wd"'))
    found = answer(siban("forecast", "--until", UNTIL, "--definition", "早.toml", "-o", "json"))
    assert found["assumed"]["definition"] == "早.toml"
    assert {change["after"]["level"] for change in found["changes"] if change["after"]} == {3}
    assert 11 not in {change["item"] for change in found["changes"]}  # a petition

    write(siban.path.parent, "改名.toml", DEFINITION.replace("rectifying", "mending"))
    said = siban("forecast", "--until", UNTIL, "--流程", "改名.toml", "-o", "table")
    assert "所假设的流程接不上的事项（" in said.out
    assert "  7  部分河长公示牌信息未及时更新：没有状态“rectifying”" in said.out
    unplaced = answer(siban("forecast", "--until", UNTIL, "--流程", "改名.toml", "-o", "json"))["unplaced"]
    assert {(one["item"], one["state"]) for one in unplaced} >= {(2, "rectifying"), (7, "rectifying")}


# ---- two runs --------------------------------------------------------------------------------------


def test_two_runs_give_a_difference(siban: Office) -> None:
    """What was done between them shows, in every form; without an act there is none."""
    saved = siban("forecast", "--until", UNTIL, "-o", "json").out
    write(siban.path.parent, "上次.json", saved)
    against = ("forecast", "--until", UNTIL, "--against", "上次.json")
    assert "没有变化。" in siban(*against, "-o", "table").out
    siban("--at", "2023-06-15 09:00", "tick")
    assert answer(siban(*against, "-o", "json"))["changes"] == []

    done = siban(
        "--at", "2023-06-15 10:00", "--as", "方文静", "交办", "10", "--清单", "即知即改的问题", "--主办", "水务处"
    )
    assert done.status == 0, done
    changes = answer(siban(*against, "-o", "json"))["changes"]
    assert {change["item"] for change in changes} == {10}
    assert {tuple(change["what"]) for change in changes} == {("added",), ("gone",)}
    text = siban("预测", "--至", UNTIL, "--对照", "上次.json", "-o", "table").out
    assert "所对照的预测为 6月14日 周三 10:00 至 7月31日 周一 24:00，只比较两次都预测到的一段。" in text
    assert re.search("共 [0-9]+ 项不同：期内新增 [0-9]+ 项，期内不再发生 [0-9]+ 项。", text)
    assert len(lines(siban(*against, "-o", "jsonl").out)) == len(changes)
    assert len(siban(*against, "-o", "tsv").out.splitlines()) == len(changes) + 1


# ---- refusals --------------------------------------------------------------------------------------

FILES: dict[str, object] = {
    "坏.json": "{",
    "旧.json": {"form": "siban-forecast-1", "now": "2023-06-14"},
    "重.json": YEAR | {"work": {"2023-10-01": "国庆节"}},
    "表.json": [],
    "坏.toml": "[workflow",
    "缺.toml": DEFINITION.replace('to = "rectifying"', 'to = "nowhere"'),
    "外.toml": DEFINITION.replace('id = "siban"', 'id = "other"', 1),
}
CASES = [
    (("--until", "2023-06-13"), 1, "预测须到将来：2023年6月13日 24:00 已经过去", "现在是 2023年6月14日 10:00"),
    (("--until", "2023-06-14 10:00"), 1, "预测须到将来", ""),
    (("--until", "2024-06-15"), 1, "最多预测 366 天", "2024年6月14日 24:00"),
    (("--until", "下周"), 2, "看不懂时间“下周”", "2023-05-08"),
    ((), 2, "缺少 --until", ""),
    (("--until", UNTIL, "--leave", "王某:2023-07-01..2023-07-10"), 1, "没有“王某”这个人", ""),
    (("--until", UNTIL, "--leave", "倪国平"), 2, "看不懂请假“倪国平”", "姓名:起始日..截止日"),
    (("--until", UNTIL, "--leave", "倪国平:2023-07-10..2023-07-01"), 2, "看不懂请假", "姓名:起始日..截止日"),
    (("--until", UNTIL, "--leave", "倪国平:2023-07-01.."), 2, "看不懂请假", ""),
    (("--until", UNTIL, "--leave", "倪国平:明天"), 2, "看不懂时间“明天”", ""),
    (("--until", UNTIL, "--calendar", "没有.json"), 2, "不能读取“没有.json”", "文件不存在"),
    (("--until", UNTIL, "--calendar", "坏.json"), 2, "第 1 行", "不是有效的 JSON"),
    (("--until", UNTIL, "--calendar", "表.json"), 2, "工作日历有误（整个文件）", "应为一个表"),
    (("--until", UNTIL, "--calendar", "重.json"), 2, "years.2023.work.2023-10-01", "同一天既放假又上班"),
    (("--until", UNTIL, "--definition", "没有.toml"), 2, "没有.toml", "没有这个文件"),
    (("--until", UNTIL, "--definition", "坏.toml"), 4, "流程定义有 1 处问题", "不是有效的 TOML"),
    (("--until", UNTIL, "--definition", "缺.toml"), 4, "流程定义有", "没有这个状态"),
    (("--until", UNTIL, "--definition", "外.toml"), 1, "库中没有流程“other”", "siban"),
    (("--until", UNTIL, "--against", "没有.json"), 2, "不能与 没有.json 对照", "没有这个文件"),
    (("--until", UNTIL, "--against", "坏.json"), 2, "不能与 坏.json 对照", "不是有效的 JSON"),
    (("--until", UNTIL, "--against", "重.json"), 2, "其中没有预测", "-o json"),
    (("--until", UNTIL, "--against", "旧.json"), 2, "内容不全或有改动", "-o json"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "status", "wrong", "allowed"), CASES, ids=lambda v: " ".join(v) if isinstance(v, tuple) else None
)
def test_a_mistake_is_refused(siban: Office, arguments: tuple[str, ...], status: int, wrong: str, allowed: str) -> None:
    """A sentence says what is wrong and what would do; nothing is answered; the right exit code."""
    for name, content in FILES.items():
        write(siban.path.parent, name, content)
    said = siban("forecast", *arguments)
    assert said.status == status, said
    assert wrong in said.err
    assert allowed in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert said.err.count("\n") == 1 or status == 4


def test_help_is_chinese_with_an_example(siban: Office) -> None:
    """Options in both languages, an example to copy."""
    text = siban("forecast", "--help").out
    assert "--until, --至 DATE" in text
    assert "--leave, --请假 OFFICER:FROM..TO" in text
    assert "siban 预测 --至 2023-09-30 --请假 倪国平:2023-09-04..2023-09-08" in text


def test_a_long_one_shows_how_far_it_is(
    siban: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal a bar moves on standard error and is wiped away; in a pipe there is none."""
    monkeypatch.setattr(forecasting, "_STEP", 4)
    command = ["--db", str(siban.path), "forecast", "--until", UNTIL, "--leave", "倪国平:2023-07-01", "-o", "tsv"]
    assert cli.run(command) == 0
    quiet = capsys.readouterr()
    assert quiet.err == ""
    monkeypatch.setattr(forecasting, "is_terminal", lambda _stream: True)
    assert cli.run(command) == 0
    said = capsys.readouterr()
    assert said.out == quiet.out
    assert "8/20 件" in said.err
    assert "20/20 件" in said.err
    assert said.err.endswith(" \r")
