"""What an officer asks: todo, list, show, log, explain, report and check, on a ledger of five weeks."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

import cli
from interfaces.desk import GROUPS
from interfaces.display import width
from storage.connection import dbapi
from tests.said import Said
from tests.trial import HEAD, RIVER, lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVERYTHING = tuple(range(1, 13))


@pytest.fixture
def ask(book: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Run a command line in this process, on a terminal of 100 columns."""
    monkeypatch.setenv("COLUMNS", "100")

    def command(*arguments: str, who: str = "") -> Said:
        status = cli.run(["--db", str(book), *(["--as", who] if who else []), *arguments])
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return command


def numbers(said: Said) -> list[int]:
    """Return the numbers of the items in JSON lines."""
    return [int(str(row["number"])) for row in lines(said.out)]


# ---- list ------------------------------------------------------------------------------------------


def test_every_item_on_a_line(ask: Callable[..., Said]) -> None:
    """Outside checks rely on it: all items, open or not, with identifiers as keys."""
    said = ask("list", "-n", "0", "-o", "jsonl")
    rows = lines(said.out)
    assert said.status == 0
    assert sorted(int(str(row["number"])) for row in rows) == list(EVERYTHING)
    assert set(rows[0]) >= {
        "number", "serial", "workflow", "state", "stage", "title", "lead_unit", "handler", "track", "source", "due_at",
        "due_on", "done_at", "light", "days", "rungs", "registered_at", "closed_at", "open",
    }  # fmt: skip
    by_number = {row["number"]: row for row in rows}
    assert (by_number[1]["state"], by_number[1]["open"], by_number[1]["light"]) == ("closed", False, "normal")
    assert (by_number[7]["light"], by_number[7]["days"], by_number[7]["due_on"]) == ("overdue", 7, "2023-06-05")
    assert by_number[4]["light"] == "none"  # it waits for the level above


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        (("--open",), {2, 3, 4, 5, 7, 8, 9, 10, 11, 12}),
        (("--closed",), {1, 6}),
        (("--overdue",), {7, 8, 10}),
        (("--逾期", "--unit", "河道署"), {7, 8}),
        (("--track", "即知即改的问题"), {1, 7, 8}),
        (("--清单", "既重要"), {3}),
        (("--source", "群众反映"), {1, 6}),
        (("--state", "整改中"), {2, 5, 7, 8}),
        (("--state", "待签收", "--state", "registered"), {9, 10}),
        (("--stage", "核验"), {12}),
        (("--light", "临期"), {2}),
        (("--light", "overdue", "--light", "临期"), {2, 7, 8, 10}),
        (("--workflow", "petition"), {11}),
        (("--text", "护岸"), {5}),
        (("--text", "zg2023-0003"), {3}),
        (("--state", "整改中", "--text", "nothing"), set()),
    ],
)
def test_conditions(ask: Callable[..., Said], conditions: tuple[str, ...], found: set[int]) -> None:
    """Each condition narrows the list; its values are words or identifiers."""
    assert set(numbers(ask("list", *conditions, "-n", "0", "-o", "jsonl"))) == found


def test_mine_is_what_i_handle_or_must_move(ask: Callable[..., Said]) -> None:
    """The handler's items, the head's review; not the whole unit's."""
    assert set(numbers(ask("list", "--mine", "-o", "jsonl", who="龚伟杰"))) == {4, 7, 8, 11}
    assert set(numbers(ask("list", "--mine", "-o", "jsonl", who="倪国平"))) == {11, 12}
    assert set(numbers(ask("list", "--mine", "-o", "jsonl", who="陆志恒"))) == {3}


@pytest.mark.parametrize(
    ("key", "first"), [("urgency", [7, 8, 10]), ("due", [1, 4, 7]), ("number", [1, 2, 3]), ("编号", [1, 2, 3])]
)
def test_order(ask: Callable[..., Said], key: str, first: list[int]) -> None:
    """The most pressing first, unless asked otherwise."""
    assert numbers(ask("list", "--sort", key, "-n", "3", "-o", "jsonl")) == first


def test_the_table_has_totals_and_says_what_it_left_out(ask: Callable[..., Said]) -> None:
    """Totals are of all that was asked for, not of what fits."""
    said = ask("台账", "-n", "2", "-o", "table")
    assert said.out.splitlines()[-1].startswith("共 12 件：在办 10，其中逾期 3，临期 1，已办结 1，不计入 1")
    assert "只列出前 2 件" in said.err
    assert [line.split()[0] for line in said.out.splitlines()[1:-1]] == ["7", "8"]


@pytest.mark.parametrize("name", ["--state", "--stage", "--track", "--source", "--light", "--sort", "--workflow"])
def test_a_word_that_means_nothing_is_refused_with_what_there_is(ask: Callable[..., Said], name: str) -> None:
    """No empty list for a misspelt condition."""
    said = ask("list", name, "没有的词")
    assert said.status == 1
    assert "没有的词" in said.err
    assert "可以写：" in said.err


# ---- todo ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "groups"),
    [
        ("龚伟杰", {"overdue": {7, 8}, "other": {11}}),
        ("金晓", {"overdue": {9}, "due_soon": {2}, "other": {3, 5, 11}}),
        ("倪国平", {"review": {12}, "other": {11}}),
        (
            "方文静",
            {"overdue": {4, 10}, "review": {8}},
        ),  # the paper that was withheld for one receiver waits for the other
        ("陆志恒", {"overdue": {3}}),
        ("周明", {"due_soon": {2}}),  # a co-unit that has not reported
        ("潘立群", {}),
    ],
)
def test_each_desk(ask: Callable[..., Said], who: str, groups: dict[str, set[int]]) -> None:
    """What is mine to move, in its group, each item once."""
    rows = lines(ask("todo", "-o", "jsonl", who=who).out)
    found: dict[str, set[int]] = {}
    for row in rows:
        if row["group"] != "notice":
            found.setdefault(str(row["group"]), set()).add(int(str(row["number"])))
    assert found == groups
    once = Counter(row["number"] for row in rows if row["group"] != "notice")
    assert not once or max(once.values()) == 1


def test_groups_come_in_their_order_and_end_with_a_command(ask: Callable[..., Said]) -> None:
    """通知 first, then by urgency; the last line can be copied."""
    rows = lines(ask("todo", "-o", "jsonl", who="方文静").out)
    order = [list(GROUPS).index(str(row["group"])) for row in rows]
    assert order == sorted(order)
    said = ask("todo", "-o", "table", who="方文静").out.splitlines()
    assert said[1] == "通知（7）"
    assert said[-1] == "从这里开始：siban 办 4"
    for words in {tuple(str(row["command"]).split()[:2]) for row in rows}:
        assert words[0] == "siban"
        assert ask(words[1], "--help").status == 0


def test_what_i_have_seen_is_gone(ask: Callable[..., Said]) -> None:
    """`ack` takes a notice off the list; a draft is no notice until it is released."""
    before = [row for row in lines(ask("todo", "-o", "jsonl", who="潘立群").out) if row["group"] == "notice"]
    assert 7 in [row["number"] for row in before]
    assert ask("ack", "--all", who="龚伟杰").status == 0
    assert [row for row in lines(ask("todo", "-o", "jsonl", who="龚伟杰").out) if row["group"] == "notice"] == []


def test_nothing_to_do_is_one_friendly_line(ask: Callable[..., Said]) -> None:
    """An empty desk is said, not shown as an empty table."""
    said = ask("todo", "-o", "table", who="宋佳")
    assert said.out == "宋佳，目前没有待办。\n"
    assert ask("todo", "-o", "json", who="宋佳").json == []


def test_the_bare_command_is_my_todo(ask: Callable[..., Said]) -> None:
    """`siban` alone answers what `siban todo` answers."""
    assert ask(who="金晓").out == ask("todo", who="金晓").out


def test_a_request_lies_on_the_desk_whose_turn_it_is(ask: Callable[..., Said]) -> None:
    """First the unit's head, then the leader whose power reaches so far."""
    asked = ("申请", "延期", "2", "--延期至", "2023-06-30", "--理由", "施工单位退场", "--进展情况", "已完成三家")
    assert ask(*asked, who="金晓").status == 0
    for who, name in (("倪国平", "2-2"), ("陆志恒", "2-2")):
        (row,) = [row for row in lines(ask("todo", "-o", "jsonl", who=who).out) if f"申请 {name}" in str(row["what"])]
        assert (row["group"], row["command"]) == ("review", f"siban 同意 {name}")
        assert ask("同意", name, who=who).status == 0


def test_after_the_answer_it_is_the_offices_move(ask: Callable[..., Said]) -> None:
    """An item in 反馈 lies with the handler until it is answered, then with whoever has to close it."""
    assert ask("单位审核通过", "12", who="倪国平").status == 0
    assert ask("核验通过", "12", "--核验方式", "现场", "--意见", "属实", who="徐晨").status == 0
    assert 12 in numbers(ask("todo", "-o", "jsonl", who="金晓"))
    told = (
        "反馈",
        "12",
        "--反馈对象",
        "place",
        "--反馈对象",
        "leading_officer",
        "--反馈方式",
        "会议",
        "--反馈内容",
        "已整改到位",
    )
    assert ask(*told, who="金晓").status == 0
    row = next(
        row
        for row in lines(ask("todo", "-o", "jsonl", who="方文静").out)
        if row["number"] == 12 and row["group"] != "notice"
    )
    assert row["what"] == "销号"
    assert 12 not in [r["number"] for r in lines(ask("todo", "-o", "jsonl", who="金晓").out) if r["group"] != "notice"]


# ---- show ------------------------------------------------------------------------------------------


def test_show_says_where_it_is_and_what_comes_next(ask: Callable[..., Said]) -> None:
    """Desk, next step, possibilities, both limits, the request, the measures, feedback and the last entries."""
    said = ask("show", "2", who="金晓").out
    for words in (
        "现在该谁  河道署 金晓",
        "下一步    落实整改措施",
        "报办结",
        "6月15日 周四 17:30（临期、余1个工作日）",
        "原时限    5月31日 周三 17:30；5月29日 11:00 批准延至 6月15日 周四",
        "2-1 延期",
        "已同意",
        "1. 清理并加密保洁（河道署，2023-05-30）",
        "水务处（未反馈）",
        "党组织：尚未反馈",
        "请于15日前办结",
        "（最近 5 条，共",
    ):
        assert words in said


def test_show_lists_hashes_only_when_asked(ask: Callable[..., Said]) -> None:
    """Proof is for auditors."""
    digest = re.compile("[0-9a-f]{64}")
    assert not digest.search(ask("show", "1").out)
    assert len(set(digest.findall(ask("show", "1", "--proof").out))) >= 10


def test_show_as_json(ask: Callable[..., Said]) -> None:
    """Identifiers of the glossary; instants as ISO texts."""
    shown = ask("show", "ZG2023-0002", "-o", "json", who="金晓").json
    assert (shown["number"], shown["state"], shown["due_at"]) == (2, "rectifying", "2023-06-15T17:30:00+08:00")
    assert shown["desk"] == {"role": "lead_unit.handler", "unit": "river", "person": RIVER}
    assert [turn["verb"] for turn in shown["turns"]] == ["", "co_report"]
    assert "report_done" in shown["allowed"]
    assert [(r["name"], r["state"]) for r in shown["requests"]] == [("2-1", "granted")]
    assert shown["events"][0]["verb"] == "register"


def test_a_reporter_is_never_shown(ask: Callable[..., Said]) -> None:
    """Name and telephone stay in the side table, whatever is asked."""
    for arguments in (
        ("show", "1"),
        ("show", "1", "-o", "json"),
        ("show", "1", "--proof"),
        ("log", "1", "-o", "json"),
        ("list", "-n", "0", "-o", "json"),
        ("explain", "1"),
        ("report", "-o", "json"),
    ):
        said = ask(*arguments)
        assert said.status == 0
        assert "陈女士" not in said.out + said.err
        assert "13800000003" not in said.out + said.err


def test_an_unknown_item_is_refused(ask: Callable[..., Said]) -> None:
    """For every question about one item."""
    for command in ("show", "explain", "log"):
        assert ask(command, "99").status == 1


def test_show_tells_how_an_earlier_round_ended(ask: Callable[..., Said]) -> None:
    """A reopened item begins a new round, and the verdict of the one before stays on its page."""
    again = ("--reason", "问题出现反弹", "--authority", "区委督查室通报", "--limit", "5wd")
    assert ask("reopen", "1", *again, who="方文静").status == 0
    assert "第 1 轮结论" in (said := ask("show", "1").out)
    assert "按时办结（5月11日 15:00 销号）" in said
    (earlier,) = ask("show", "1", "-o", "json").json["earlier_rounds"]
    assert (earlier["round"], earlier["on_time"], earlier["closed_at"][:10]) == (1, True, "2023-05-11")


# ---- log -------------------------------------------------------------------------------------------


def test_the_log_shows_whom_an_entry_was_made_for_and_what_was_refused(ask: Callable[..., Said]) -> None:
    """代录 with its basis; a refused command in words."""
    said = ask("log", "-o", "tsv", "-n", "0").out
    assert "陆志恒（徐晨代录：签批件 浦环阅〔2023〕31号 2023-06-13）\t督办" in said
    assert "\t销号未成：不能销号" in said


@pytest.mark.parametrize(
    ("conditions", "verbs"),
    [
        (("1", "--verb", "回访"), ["call_back"]),
        (("--result", "refused"), ["close"]),
        (("--结果", "未成"), ["close"]),
        (("--actor", "唐雨薇"), ["call_back", "pass_office", "close", "send_back"]),
        (("5", "--actor", "system"), ["resume"]),
        (("--unit", "局领导", "--since", "2023-05-11", "--until", "2023-05-11"), ["grant"]),
        (("--verb", "登记", "--until", "2023-05-08", "-n", "2"), ["register", "register"]),
    ],
)
def test_the_log_can_be_narrowed(ask: Callable[..., Said], conditions: tuple[str, ...], verbs: list[str]) -> None:
    """By item, actor, verb, unit, time and result; the newest last."""
    rows = lines(ask("log", *conditions, "-o", "jsonl").out)
    assert [row["verb"] for row in rows] == verbs
    assert [row["seq"] for row in rows] == sorted(int(str(row["seq"])) for row in rows)


def test_the_log_keeps_the_newest(ask: Callable[..., Said]) -> None:
    """The limit cuts at the old end."""
    every = lines(ask("log", "-n", "0", "-o", "jsonl").out)
    assert lines(ask("log", "-n", "3", "-o", "jsonl").out) == every[-3:]
    assert [row["seq"] for row in every] == list(range(1, len(every) + 1))


# ---- explain ---------------------------------------------------------------------------------------


def test_explain_ends_on_the_due_day(ask: Callable[..., Said]) -> None:
    """For every item with a main clock the last day explained is the due day of the list."""
    for row in lines(ask("list", "-n", "0", "-o", "jsonl").out):
        if row["due_on"] is None or row["state"] == "registered":
            continue
        told = ask("explain", str(row["number"]), "-o", "json").json
        assert told["due_at"] == row["due_at"]
        assert told["days"][-1]["day"] == row["due_on"]


def test_explain_in_words(ask: Callable[..., Said]) -> None:
    """Where the limit came from, each day with its reason, the rungs and when they were recorded."""
    said = ask("算期", "8").out
    assert "5个工作日，问题清单为“即知即改的问题”，流程规定" in said
    assert re.search(r"2023年6月3日 周六 +不计 +周末", said)
    assert re.search(r"2023年6月5日 周一 +计 +5 +工作日  ← 到期", said)
    assert "催办通知《催办通知书》：时点 6月6日 周二 17:30，6月9日 09:30 记录 → 倪国平、潘立群" in said


def test_explain_names_pauses_and_folds_what_is_plain(ask: Callable[..., Said]) -> None:
    """The suspension by its entry; a date's days are not listed one by one unless asked."""
    said = ask("explain", "5").out
    assert re.search(r"2023年5月11日 周四 +不计 +暂停计时（第 \d+ 号记录 同意申请）", said)
    assert "不暂停  6月30日 周五 17:30" in said
    assert len(said.splitlines()) < 30
    assert len(ask("explain", "5", "--all").out.splitlines()) > 80
    assert len(ask("explain", "5", "-o", "json").json["days"]) == 80


def test_explain_another_clock_by_its_title(ask: Callable[..., Said]) -> None:
    """The desk's limit, and what there is when the name means nothing."""
    assert ask("explain", "9", "--clock", "签收时限", "-o", "json").json["due_at"] == "2023-06-12T17:30:00+08:00"
    assert ask("explain", "9", "--clock", "没有的").status == 1
    assert "还没有起算" in ask("explain", "10", "--clock", "整改时限").err


def test_where_the_time_went(ask: Callable[..., Said]) -> None:
    """Who had it, and for how long in working time."""
    rows = lines(ask("explain", "4", "--spent", "-o", "jsonl").out)
    assert [(row["state"], row["unit"], row["person"]) for row in rows if row["worked_seconds"]] == [
        ("rectifying", "river", "o28"),
        ("upstream", "office", ""),
    ]
    said = ask("explain", "4", "--spent", "-o", "table").out
    assert "  河道署 2个工作日1小时：龚伟杰 2个工作日1小时" in said
    assert "合计 27个工作日1小时（其中暂停计时 25个工作日）" in said


@pytest.mark.parametrize("number", range(1, 13))
def test_where_the_time_went_adds_up(ask: Callable[..., Said], number: int) -> None:
    """By stay, by unit and by person: the same seconds, and of them the same ones paused."""
    told = ask("explain", str(number), "--用时", "-o", "json").json
    assert told["number"] == number
    for key in ("visits", "units", "people"):
        assert sum(row["worked_seconds"] for row in told[key]) == told["worked_seconds"]
    for key in ("units", "people"):
        assert sum(row["paused_seconds"] for row in told[key]) == told["paused_seconds"]
    assert sum(row["worked_seconds"] for row in told["visits"] if row["paused"]) == told["paused_seconds"]


# ---- report ----------------------------------------------------------------------------------------


def test_the_page(ask: Callable[..., Said]) -> None:
    """Totals, rates with what they are divided by, where overdue items are stuck, what is for a leader."""
    said = ask("通报", "-o", "table").out
    for words in (
        "总数 11 件：在办 10，已办结 1；不计入 1",
        "回应率 █░░░░░░░░░ 9.1%（1/11）",
        "按时办结率 ███░░░░░░░ 33.3%（1/3）",
        "7 部分河长公示牌信息未及时更新 逾期7个工作日",
        "卡在：河道署 龚伟杰，5月29日 11:00 起为“整改中”",
        "等领导审定（1）",
        "已提请上级，等待答复（1）",
        "（未交办）",
    ):
        assert words in re.sub(" +", " ", said), words
    assert "—" in said  # units with nothing due yet


def test_every_figure_can_be_opened(ask: Callable[..., Said]) -> None:
    """The items behind a figure are those it counts; of a rate all that it is divided by."""
    figures = ask("report", "-o", "json").json["figures"]
    for key, figure in figures.items():
        rows = ask("report", "--drill", key, "-o", "json").json
        assert sorted(row["number"] for row in rows) == sorted(figure.get("of_numbers", figure["numbers"]))
        assert sorted(row["number"] for row in rows if row["counted_in"]) == sorted(figure["numbers"])
    assert numbers(ask("report", "--drill", "河道署:逾期", "-o", "jsonl")) == [7, 8]
    assert numbers(ask("report", "--drill", "即知即改的问题", "-o", "jsonl")) == [1, 7, 8]
    assert ask("report", "--drill", "没有的").status == 1


def test_what_is_new_depends_on_since(ask: Callable[..., Said]) -> None:
    """By default from the first of the month."""
    assert ask("report", "-o", "json").json["figures"]["registered_since"]["numbers"] == [9, 10, 11, 12]
    whole = ask("report", "--since", "2023-05-01", "-o", "json").json
    assert whole["figures"]["closed_since"]["numbers"] == [1]
    assert whole["entered_on_behalf"]["count"] == 1


def test_a_rate_of_nothing_is_a_dash(ask: Callable[..., Said]) -> None:
    """0/0 in every form."""
    rows = ask("report", "--by", "清单", "-o", "tsv").out.splitlines()
    assert "既重要又突出的问题\t按时办结率\t0\t0\t—" in rows


# ---- check, and every screen -----------------------------------------------------------------------


def test_check_is_silent_when_all_is_well(ask: Callable[..., Said]) -> None:
    """Nothing on either stream, status 0."""
    assert ask("check") == Said(0, "", "")


def test_check_lists_what_was_changed(ask: Callable[..., Said], book: Path) -> None:
    """Status 4, a line for each fault, in words."""
    with closing(dbapi.connect(str(book))) as opened:
        opened.execute("UPDATE item SET due_at = due_at + 1 WHERE number = 7")
        opened.commit()
    said = ask("check")
    assert (said.status, said.out) == (4, "")
    assert "第 7 号事项 due_at：与办理记录重算的结果不符" in said.err


SCREENS = [
    ("list", "-o", "table"),
    ("todo", "-o", "table"),
    ("show", "7"),
    ("log", "7", "-o", "table"),
    ("explain", "7"),
    ("report", "-o", "table"),
    ("report", "--drill", "逾期", "-o", "table"),
    ("forecast", "--until", "2023-07-31", "-n", "0", "-o", "table"),
]


@pytest.mark.parametrize("arguments", SCREENS, ids=" ".join)
def test_no_screen_obeys_what_it_shows(ask: Callable[..., Said], book: Path, arguments: tuple[str, ...]) -> None:
    """A title that would steer the terminal, from whatever version stored it, is shown and not obeyed."""
    with closing(dbapi.connect(str(book))) as opened:
        bad = "红\x1b[31m字\u202e倒写"
        opened.execute("UPDATE item SET title = ? WHERE number = 7", (bad,))
        body = json.dumps(bad)[1:-1]
        opened.execute(
            "UPDATE item SET body = replace(body, '部分河长公示牌信息未及时更新', ?) WHERE number = 7", (body,)
        )
        opened.commit()
    said = ask(*arguments, who="龚伟杰")
    assert said.status == 0
    assert "\x1b" not in said.out
    assert "\u202e" not in said.out
    if arguments[0] != "log":
        assert "红⟦U+001B⟧" in said.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "-o", "table"),
        ("todo", "-o", "table"),
        ("log", "-o", "table"),
        ("forecast", "--until", "2023-12-31", "-n", "0", "-o", "table"),
    ],
    ids=lambda a: a[0],
)
def test_tables_fit_the_terminal(ask: Callable[..., Said], arguments: tuple[str, ...]) -> None:
    """No line of a table is wider than the terminal."""
    for who in ("方文静", "倪国平", HEAD):
        assert max(width(line) for line in ask(*arguments, who=who).out.splitlines()) <= 100
