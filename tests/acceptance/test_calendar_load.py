"""`siban calendar load` and `hours` through the installed command: what moves is said first, then recorded."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import ROOT, Office, run

if TYPE_CHECKING:
    from pathlib import Path

NOTICE = """国务院办公厅关于2027年部分节假日安排的通知
国办发明电〔2026〕9号

各省、自治区、直辖市人民政府，国务院各部委、各直属机构：
　　经国务院批准，现将2027年元旦、春节、清明节、劳动节、端午节、中秋节和国庆节放假调休日期的具体安排通知如下。
　　一、元旦：2026年12月31日（周四）至2027年1月2日（周六）放假调休，共3天。2026年12月26日（周六）上班。
　　二、春节：2月5日（农历除夕前一日、周五）至11日（周四）放假调休，共7天。2月14日（周日）上班。
　　三、清明节：4月5日（周一）放假，与周末连休。
　　四、劳动节：5月1日（周六）至5日（周三）放假调休，共5天。
　　五、端午节：6月9日（周三）放假1天，不调休。
　　六、中秋节：9月15日（周三）放假1天，不调休。
　　七、国庆节：10月1日（周五）至7日（周四）放假调休，共7天。
　　节假日期间，各地区、各部门要妥善安排好值班和安全、保卫等工作。
                                                   国务院办公厅
                                                  2026年11月5日
""".replace("农历除夕前一日", "农历腊月二十九")


@pytest.fixture(scope="module")
def winter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trial at the turn of the year 2026: one item assigned on 23 December, one overdue, one closed."""
    path = tmp_path_factory.mktemp("winter") / "office.db"
    assert run("--db", str(path), "--at", "2026-12-07 09:00", "init", "--trial").status == 0
    sheet = path.with_name("照片.jpg")
    sheet.write_bytes(b"x")
    steps = [
        ("2026-12-07 09:10", "o13", "登记", "--title", "已逾期的一件", "--source", "学习研讨"),
        (
            "2026-12-07 09:20",
            "o11",
            "交办",
            "1",
            "--清单",
            "即知即改的问题",
            "--主办单位",
            "河道署",
            "--责任人",
            "金晓",
        ),
        ("2026-12-23 09:00", "o13", "登记", "--title", "=跨年的一件", "--source", "学习研讨"),
        (
            "2026-12-23 09:10",
            "o11",
            "交办",
            "2",
            "--清单",
            "即知即改的问题",
            "--主办单位",
            "河道署",
            "--责任人",
            "金晓",
        ),
    ]
    for at, who, *words in steps:
        said = run("--db", str(path), "--at", at, "--as", who, *words, cwd=path.parent)
        assert said.status == 0, said
    return path


@pytest.fixture
def office(winter: Path, tmp_path: Path) -> Office:
    """A copy of that database."""
    shutil.copy(winter, tmp_path / "office.db")
    return Office(tmp_path / "office.db")


def written(office: Office, text: str, name: str = "安排.txt", encoding: str = "utf-8") -> str:
    """Write a file beside the database and return its path."""
    file = office.path.with_name(name)
    file.write_bytes(text.encode(encoding))
    return str(file)


def test_what_moves_is_said_then_recorded(office: Office) -> None:
    """A dry run says it and writes nothing; the load says the same, records one entry an item, and checks clean."""
    path = written(office, NOTICE)
    held = office.path.read_bytes()
    dry = office("calendar", "load", path, "--dry-run", "-o", "json")
    assert dry.status == 0
    assert "未作任何改动" in dry.err
    assert office.path.read_bytes() == held
    moved = {row["item"]: row for row in json.loads(dry.out) if row["main"]}
    assert moved[2]["old_due_at"] == "2026-12-30T17:30:00+08:00"
    assert moved[2]["new_due_at"] == "2026-12-29T17:30:00+08:00"  # 26 December is a make-up Saturday
    assert moved[2]["fired"] == []
    assert moved[2]["provisional"] is False
    assert 1 not in moved  # due on 14 December: no day of it moves

    done = office("日历", "载入", path, "-o", "json")
    assert (done.status, done.out) == (0, dry.out)
    assert "新增2027年放假安排" in done.err
    entries = [json.loads(line) for line in office("log", "-o", "jsonl").out.splitlines()]
    assert [(e["verb"], e["item"]) for e in entries][-2:] == [("load_calendar", 0), ("recount", 2)]
    assert "重算到期时间" in office("log", "2").out
    assert office("check") == (0, "", "")
    again = office("calendar", "load", path)
    assert (again.status, again.out) == (0, "")
    assert "未作改动" in again.err
    shown = json.loads(office("list", "-o", "jsonl").out.splitlines()[0])
    assert shown["provisional"] is False


def test_rungs_already_fired_are_named_and_stay(office: Office) -> None:
    """A storm declared over days already past moves an overdue item: its fired rungs are named, stay, and check clean."""
    storm = {"local": [{"notice": "沪防〔2026〕8号", "off": {"2026-12-09": "寒潮停工"}}]}
    said = office("calendar", "load", written(office, json.dumps(storm, ensure_ascii=False), "寒潮.json"), "-o", "json")
    assert said.status == 0, said
    (row,) = [row for row in json.loads(said.out) if row["item"] == 1 and row["main"]]
    assert row["old_due_at"][:10] == "2026-12-14"
    assert row["new_due_at"][:10] == "2026-12-15"
    assert row["fired"]
    crossed = json.loads(office("explain", "1", "-o", "json").out)["steps"]
    assert {step["level"] for step in crossed if step["seq"]} >= set(row["fired"])
    assert office("check") == (0, "", "")
    assert office("--at", "2027-01-20 09:00", "tick").status == 0
    assert office("check") == (0, "", "")
    table = office("calendar", "show", "2026-12", "-o", "json").out
    assert {"寒潮停工", "沪防〔2026〕8号"} <= {
        v for day in json.loads(table) for v in day.values() if isinstance(v, str)
    }


def test_nothing_moves_is_said_in_a_sentence(office: Office) -> None:
    """A storm that touches nobody is loaded all the same."""
    storm = {"local": [{"notice": "沪防〔2026〕9号", "off": {"2026-08-12": "台风停工"}}]}
    said = office("calendar", "load", written(office, json.dumps(storm), "台风.json"))
    assert said.status == 0
    assert "没有事项的到期时间变动" in said.err
    assert "已载入" in said.err
    assert office("check") == (0, "", "")


def test_a_windows_text_file_is_read_and_the_notice_may_be_named(office: Office) -> None:
    """GB 18030, and an address instead of the number."""
    path = written(office, NOTICE, encoding="gb18030")
    assert office("calendar", "load", path, "--依据", "www.gov.cn/2027").status == 0
    assert "www.gov.cn/2027" in office("calendar", "show", "2027").out


def test_hours_from_a_day_on(office: Office) -> None:
    """Hours are shown, changed from a day on, moved due moments recorded, and refused when they make no sense."""
    assert json.loads(office("calendar", "hours", "-o", "json").out) == [
        {"from": None, "sessions": ["08:30-12:00", "13:00-17:30"]}
    ]
    said = office("日历", "办公时间", "9:00-12:00", "13:30—18:00", "--自", "2026-12-28", "-o", "json")
    assert said.status == 0, said
    assert {row["new_due_at"] for row in json.loads(said.out) if row["main"]} == {"2026-12-30T18:00:00+08:00"}
    assert json.loads(office("calendar", "hours", "-o", "json").out)[1] == {
        "from": "2026-12-28",
        "sessions": ["09:00-12:00", "13:30-18:00"],
    }
    assert "自 2026-12-28 起 09:00—12:00、13:30—18:00" in office("calendar", "show", "2026-12").err
    assert office("check") == (0, "", "")
    for words, reason in (
        (("9:00-8:00", "--自", "2027-01-04"), "9:00-8:00"),
        (("9:00-9:00", "--自", "2027-01-04"), "同一时刻"),
        (("9:00-24:30", "--自", "2027-01-04"), "最晚 24:00"),
        (("9:00-12:00", "11:00-17:00", "--自", "2027-01-04"), "11:00-17:00"),
        (("9点", "--自", "2027-01-04"), "9点"),
        (("9:00-17:00", "--自", "某日"), "某日"),
        (("9:00-17:00",), "--自"),
    ):
        refused = office("calendar", "hours", *words)
        assert (refused.status, refused.out) == (2, "")
        assert reason in refused.err
        assert len(refused.err.splitlines()) == 1
    assert len(json.loads(office("calendar", "hours", "-o", "json").out)) == 2


REFUSED = {
    "weekday": (NOTICE.replace("31日（周四）", "31日（周五）"), "周四"),
    "total": (NOTICE.replace("共3天", "共4天"), "元旦"),
    "unread": (NOTICE.replace("五、端午节：6月9日（周三）放假1天", "五、端午节：6月9日（周三）视情放假"), "视情放假"),
    "makeup on a weekday": (NOTICE.replace("12月26日（周六）", "12月25日（周五）"), "2026-12-25"),
    "a feast missing": (NOTICE.replace("清明节：", "寒食节："), "清明"),
    "twice": ('{"year": 2027, "notice": "甲", "off": {"2027-01-01": "元旦", "2027-01-01": "元旦"}}', "2027-01-01"),
    "off and at work": (
        '{"local": [{"notice": "甲", "off": {"2026-12-28": "台风"}, "work": {"2026-12-28": "台风"}}]}',
        "local.1.work.2026-12-28",
    ),
    "contradicts": ('{"local": [{"notice": "甲", "work": {"2026-10-05": "加班"}}]}', "2026-10-05"),
    "zone": ('{"zone": "Asia/Tokyo", "local": [{"notice": "甲", "off": {"2026-12-28": "台风"}}]}', "Asia/Shanghai"),
    "hours": ('{"hours": [{"from": "2027-01-01", "sessions": [["13:00", "12:00"]]}]}', "hours.1.sessions.1"),
    "no calendar": ("放假安排见附件", "标题"),
}


@pytest.mark.parametrize(("text", "place"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_whole_is_refused_and_nothing_loaded(office: Office, text: str, place: str) -> None:
    """One sentence with the place, exit 2, and not a byte of the database changed."""
    held = office.path.read_bytes()
    said = office("calendar", "load", written(office, text))
    assert (said.status, said.out) == (2, "")
    assert place in said.err
    assert len(said.err.splitlines()) == 1
    assert office.path.read_bytes() == held


def test_a_year_already_loaded_is_not_overwritten(office: Office) -> None:
    """Another table for 2026 is refused until it says that it changes the present one; no file and no database too."""
    year = json.loads((ROOT / "workflows" / "calendars" / "2026.json").read_text(encoding="utf-8"))
    del year["work"]["2026-09-20"]
    said = office("calendar", "load", written(office, json.dumps(year | {"notice": "乙"}), "2026.json"))
    assert said.status == 2
    assert "2026-09-20" in said.err
    listed = year | {"notice": f"{year['notice']} 乙"}
    assert office("calendar", "load", written(office, json.dumps(listed), "2026.json")).status == 0
    assert office("calendar", "load", "没有.txt").status == 2
    assert run("--db", str(office.path.with_name("none.db")), "calendar", "load", str(office.path)).status == 5


def test_provisional_is_marked_wherever_a_date_leans_on_it(office: Office) -> None:
    """Until the notice is loaded: assign, list, show, todo, explain and due mark the date; afterwards none does."""

    def marks() -> list[bool]:
        due = json.loads(office("calendar", "due", "2026-12-23", "5wd", "-o", "json").out)
        rows = [json.loads(line) for line in office("list", "-o", "jsonl", "-n", "0").out.splitlines()]
        page = json.loads(office("show", "2", "-o", "json").out)
        todo = [entry for entry in json.loads(office("--as", "金晓", "todo", "-o", "json").out) if entry["number"] == 2]
        return [
            due["provisional"],
            next(row["provisional"] for row in rows if row["number"] == 2),
            page["provisional"],
            page["clocks"]["total"]["provisional"],
            todo[0]["provisional"],
            json.loads(office("explain", "2", "-o", "json").out)["provisional"],
            *("（暂定" in office(*words).out for words in (("list",), ("show", "2"), ("explain", "2"))),
            "（暂定" in office("--as", "金晓", "todo", "-o", "table").out,
            "暂定" in office("calendar", "due", "2026-12-23", "5wd", "-o", "table").out,
        ]

    assert marks() == [True] * 11
    office("--as", "o13", "登记", "--title", "又一件", "--source", "学习研讨")
    words = ("交办", "3", "--清单", "即知即改的问题", "--主办单位", "河道署", "--责任人", "金晓", "--dry-run")
    assert "（暂定）" in office("--as", "o11", *words).out
    assert not json.loads(office("list", "-o", "jsonl", "--text", "已逾期").out)["provisional"]
    assert office("calendar", "load", written(office, NOTICE)).status == 0
    assert marks() == [False] * 11
    assert "（暂定）" not in office("--as", "o11", *words).out


def test_help_has_an_example() -> None:
    """Both commands explain themselves."""
    for words in (("calendar", "load"), ("calendar", "hours")):
        said = run(*words, "--help")
        assert said.status == 0
        assert "示例：" in said.out
