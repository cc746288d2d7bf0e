"""`org load`: what changes is said first and recorded after; people leave and their items follow; faulty files say where."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter

from interfaces.roster import COLUMNS, SHEETS, read_organisation, write_workbook
from tests.people import Bureau, bureau, real
from tests.trial import HEAD, RIVER, RIVER_HEAD, WORKFLOWS, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SAMPLE = WORKFLOWS / "bureau.toml"


def fill(ledger: Ledger) -> None:
    """Two items of the river station that 金晓 handles, and one of the water unit."""
    for title in ("河道漂浮垃圾", "护岸塌陷"):
        number = ledger.assigned(title, track="immediate")
        ledger.act(RIVER, "sign", number)
    ledger.assigned("公示牌破损", track="immediate", lead_unit="water", handler="o23")
    ledger.at("2023-05-09 10:00")


def toml(data: Mapping[str, Any]) -> str:
    """Write an organisation's data as TOML."""

    def row(one: Mapping[str, Any]) -> str:
        return "\n".join(f"{key} = {value!r}" for key, value in one.items())

    parts = [f"[organisation]\n{row(data['organisation'])}"]
    parts += [f"[[{name}]]\n{row(one)}" for name, rows in data.items() if name != "organisation" for one in rows]
    return "\n\n".join(parts).replace("'", '"')


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bureau:
    """A real database with three items under way."""
    real(tmp_path / "office.db", fill)
    return Bureau(tmp_path / "office.db", capsys, monkeypatch)


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[dict[str, Any]], str]:
    """Write an organisation to a file and name it."""

    def written(data: dict[str, Any]) -> str:
        path = tmp_path / "next.toml"
        path.write_text(toml(data), encoding="utf-8")
        assert tomllib.loads(path.read_text(encoding="utf-8"))["units"] == data["units"]
        return str(path)

    return written


def without_jin() -> dict[str, Any]:
    """Return the bureau after 金晓 has left, with a new delegation and a new head of the water unit."""
    data = bureau()
    data["officers"] = [officer for officer in data["officers"] if officer["id"] != RIVER]
    data["delegations"] = [{"from": "o25", "to": "o26", "since": "2026-01-01", "until": "2026-01-31"}]
    next(unit for unit in data["units"] if unit["id"] == "water")["head"] = "o22"
    return data


def test_the_difference_comes_first(ask: Bureau, changed: Callable[..., str]) -> None:
    """Who left with how many items, whose desk they go to, who will be told, posts and delegations; nothing is recorded yet."""
    file = changed(without_jin())
    before = ask(HEAD, "org", "show", "-o", "json").out
    said = ask(HEAD, "org", "load", file, "--dry-run", "-o", "table")
    assert said.status == 0
    for text in (
        "减少人员：金晓（河道署，o27）",
        "变动单位：水务处（water），负责人由",
        "新增代理：倪国平由",
        "撤销代理：",
        "金晓已离任，名下在办 2 件（ZG2023-0001、ZG2023-0002），现由倪国平承接，列入其待办",
        "ZG2023-0001 河道漂浮垃圾：下一步由金晓办改为由倪国平办",
        "下一次督办由告知",
    ):
        assert text in said.out, text
    assert "公示牌破损：下一步" not in said.out  # its handler stays
    assert "未作任何改动" in said.err
    assert ask(HEAD, "org", "show", "-o", "json").out == before


def test_the_head_finds_what_was_left(ask: Bureau, changed: Callable[..., str]) -> None:
    """After the load the unit's head has the items in todo, each saying from whom; may go on with them; doctor lists them."""
    file = changed(without_jin())
    assert [e["number"] for e in ask(RIVER_HEAD, "todo", "-o", "json").json if e["group"] != "notice"] == []
    said = ask(HEAD, "org", "load", file, "-o", "json")
    assert said.status == 0
    assert {(row["kind"], row["change"]) for row in said.json} >= {
        ("officer", "removed"), ("officer", "left_items"), ("unit", "changed"), ("delegation", "begun"), ("item", "desk"),
    }  # fmt: skip
    mine = [entry for entry in ask(RIVER_HEAD, "todo", "-o", "json").json if entry["group"] != "notice"]
    assert [entry["number"] for entry in mine] == [1, 2]
    assert all("已离任或调离" in entry["what"] for entry in mine)
    rows = {row["check"]: row for row in ask(HEAD, "doctor", "-o", "json").json}
    assert "2 处" in rows["departed"]["found"]
    assert ask(RIVER_HEAD, "list", "--mine", "-o", "json").status == 0
    assert ask(RIVER, "todo").status == 1  # who has left is nobody
    evidence = Path(file)
    done = ask(
        RIVER_HEAD,
        "report-done",
        "1",
        "--outcome",
        "已清理完毕",
        "--result-class",
        "solved",
        "--evidence",
        str(evidence),
    )
    assert done.status == 0, done


def test_loading_is_recorded_once(ask: Bureau, changed: Callable[..., str]) -> None:
    """One entry of the record says who loaded which; the same file again changes nothing."""
    file = changed(without_jin())
    assert ask(HEAD, "org", "load", file).status == 0
    entries = ask(HEAD, "log", "--verb", "load_organisation", "-o", "json").json
    assert entries[-1]["decider"] == HEAD
    again = ask(HEAD, "org", "load", file)
    assert "与现有一致，未作改动。" in again.err
    assert len(ask(HEAD, "log", "--verb", "load_organisation", "-o", "json").json) == len(entries)
    assert ask(HEAD, "check").status == 0


def test_what_had_come_due_is_told_to_those_of_the_time(ask: Bureau, changed: Callable[..., str]) -> None:
    """Rungs that were due before a load reach the head of before it, however late the heartbeat comes."""
    data = bureau()
    next(unit for unit in data["units"] if unit["id"] == "river")["head"] = "o26"
    assert ask(HEAD, "org", "load", changed(data)).status == 0  # years later: everything settles first
    rungs = [e for e in ask(HEAD, "log", "1", "-n", "0", "-o", "json").json if e["verb"] == "escalate"]
    told = {person for entry in rungs for person in entry["body"]["tell"]}
    assert RIVER_HEAD in told
    assert "o26" not in told


# ---- workbooks ---------------------------------------------------------------------------------------


def test_a_workbook_says_what_the_file_says(tmp_path: Path) -> None:
    """The sample, written as a workbook and read again, is the same in all that counts."""
    sample = read_organisation(str(SAMPLE))
    path = tmp_path / "bureau.xlsx"
    write_workbook(sample, str(path))
    back = read_organisation(str(path))
    for name in sample._fields:
        if name not in ("text", "hash"):
            assert getattr(back, name) == getattr(sample, name), name


def test_template_writes_what_is_in_force(ask: Bureau, tmp_path: Path) -> None:
    """The form holds the present organisation; loaded unchanged it changes nothing, and no file is overwritten."""
    path = tmp_path / "form.xlsx"
    assert ask(HEAD, "org", "template", str(path)).status == 0
    assert "与现有一致" in ask(HEAD, "org", "load", str(path)).err
    assert ask(HEAD, "org", "template", str(path)).status == 1
    wrong = ask(HEAD, "org", "template", str(tmp_path / "form.csv"))
    assert (wrong.status, wrong.err.count("\n")) == (2, 1)


def workbook(path: Path, sheets: Mapping[str, list[list[object]]]) -> str:
    """Write a workbook cell by cell."""
    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    if hasattr(value, "year"):
                        sheet.write_datetime(number, column, value, day)
                    else:
                        sheet.write(number, column, value)
    return str(path)


def heads(name: str) -> list[object]:
    """Return a sheet's headings."""
    return list(COLUMNS[name].values())


def test_names_numbers_and_dates_are_read(tmp_path: Path) -> None:
    """People write names for ids, numbers as numbers, dates as dates."""
    path = workbook(
        tmp_path / "b.xlsx",
        {
            "机构": [heads("organisation"), ["某局", "办公室", "河道署", "张三"]],
            "单位": [heads("units"), ["u1", "办公室", "", "李四", "", "张三"], ["u2", "河道署", "", "王五"]],
            "人员": [
                heads("officers"),
                [1, "张三", "办公室", "局长"],
                [2, "李四", "u1", "主任", "lisi", "", "", "2026-01-05至2026-01-09；2026-02-02 至 2026-02-03"],
                [3, "王五", "河道署", "", "", 1, ""],
                [4, "赵六", "河道署", "", "", "", "审计"],
            ],
            "代理": [heads("delegations"), ["李四", "王五", dt.date(2026, 1, 5), "2026年1月9日"]],
        },
    )
    office = read_organisation(path)
    assert (office.supervising_unit, office.alternate_unit, office.principal) == ("u1", "u2", "1")
    assert office.units["u2"].head == "3"
    assert [last - first for first, last in office.officers["2"].away] == [4, 1]
    assert office.desks("1") == ("1", "3")
    assert office.auditors == {"4"}
    assert [(d.giver, d.taker, d.days[1] - d.days[0]) for d in office.delegations] == [("2", "3", 4)]


def test_a_faulty_workbook_says_where(ask: Bureau, tmp_path: Path) -> None:
    """Every fault at once, a line each, with sheet, row and column; exit 4; nothing is loaded."""
    path = workbook(
        tmp_path / "b.xlsx",
        {
            SHEETS["organisation"]: [heads("organisation"), ["某局", "办公室", "无此单位", "张三"]],
            SHEETS["units"]: [heads("units"), ["u1", "办公室", "", "张三"], ["u1", "重复的", "", "钱七"]],
            SHEETS["officers"]: [
                [*heads("officers"), "手机"],
                ["1", "张三", "办公室"],
                ["2", "李四", "海军"],
                ["3", "李四", "办公室", "", "", "", "老板", "二月"],
            ],
            SHEETS["delegations"]: [heads("delegations"), ["李四", "张三", "2026-01-09", "2026-01-05"]],
        },
    )
    said = ask(HEAD, "org", "load", path)
    assert said.status == 4
    for line in (
        "机构 第2行 回避时核验部门：没有这个单位：无此单位",
        "单位 第3行：重复：u1",
        "人员 手机：多余的项",
        "人员 第3行 单位：没有这个单位：海军",
        "人员 第4行 角色：没有这个角色：老板",
        "人员 第4行 外出：起止日期有误",
        "代理 第2行 委托人：有多人同名，请写工号：李四（2、3）",
        "代理 第2行：起止日期有误：2026-01-09 – 2026-01-05",
    ):
        assert line in said.err, (line, said.err)
    assert ask(HEAD, "org", "show", "-o", "json").json[0]["unit_title"] == "局领导"


@pytest.mark.parametrize("content", [b"", b"not a workbook", b"PK\x03\x04 broken"])
def test_what_is_no_workbook_is_refused(ask: Bureau, tmp_path: Path, content: bytes) -> None:
    """One sentence, exit 4, no traceback."""
    path = tmp_path / "b.xlsx"
    path.write_bytes(content)
    said = ask(HEAD, "org", "load", str(path))
    assert said.status == 4
    assert said.err.startswith(f"不能读取“{path}”")
