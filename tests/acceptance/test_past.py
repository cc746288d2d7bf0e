"""Looking back: list, show, log and report as of an instant; what was entered later; pages of the log; corrections."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pytest

import cli
from interfaces import entries, progress
from tests.said import Said
from tests.trial import END, lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LATER = "2023-06-20 10:00"
"""A simulated moment after the ledger's end: what is entered then was not known before."""


@pytest.fixture
def ask(book: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Run a command line in this process on a copy of it, on a wide terminal."""
    monkeypatch.setenv("COLUMNS", "250")

    def command(*arguments: str, who: str = "", at: str = "") -> Said:
        before = [*(["--as", who] if who else []), *(["--at", at] if at else [])]
        status = cli.run(["--db", str(book), *before, *arguments])
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return command


def later(ask: Callable[..., Said]) -> None:
    """Enter on the 20th what was done before, correct a title, let rungs come due, and register something new."""
    for who, *arguments in (
        ("金晓", "报办结", "2", "--整改情况", "已全部核减到位", "--办理结果", "已解决", "--举一反三", "已排查同类合同",
         "--长效机制", "纳入合同条款", "--措施全部完成", "--协办缺项说明", "水务处已另行反馈", "--佐证材料", __file__,
         "--实际时间", "2023-06-14 10:00"),
        ("方文静", "更正", "3", "--内容", "问题", "--改为", "秋浦浜水体反复黑臭", "--理由", "地名写错"),
        ("徐晨", "登记", "--title", "新问题", "--source", "学习研讨"),
    ):  # fmt: skip
        said = ask(*arguments, who=who, at=LATER)
        assert said.status == 0, said


QUESTIONS = (
    ("report", "-o", "table"),
    ("report", "-o", "json"),
    ("report", "-o", "csv", "--by", "unit", "--by", "source"),
    ("list", "-n", "0", "-o", "jsonl"),
    ("list", "-n", "0", "-o", "table"),
    ("list", "--overdue", "--unit", "河道署", "-o", "csv"),
    ("log", "-n", "0", "-o", "jsonl"),
    ("log", "3", "-o", "table"),
)


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_as_known_then_is_what_was_printed_then(ask: Callable[..., Said], question: tuple[str, ...]) -> None:
    """To the letter, whatever has been entered, corrected and come due since; without --known-at that counts."""
    printed = ask(*question)
    later(ask)
    assert ask(*question).out != printed.out
    again = ask(*question, "--as-of", END, "--known-at", END)
    assert (again.status, again.out) == (0, printed.out)
    if "json" in question[-1]:
        assert ask(*question, "--截至", END).out != printed.out


@pytest.mark.parametrize("number", ["1", "2", "3", "7"])
def test_an_item_as_it_was_then(ask: Callable[..., Said], number: str) -> None:
    """The page of then, but for what can be done, which is nothing in the past."""
    printed = ask("show", number, "-o", "json").json
    later(ask)
    then = ask("show", number, "-o", "json", "--as-of", END, "--known-at", END).json
    assert then == printed | {"allowed": []}


def test_a_late_entry_counts_from_when_it_was_done(ask: Callable[..., Said]) -> None:
    """Done on the 14th at ten, entered on the 20th: as of the 15th it was done, though nobody knew; the log marks it 补录."""
    later(ask)
    day = ("--as-of", "2023-06-15")
    states = [
        ask("show", "2", "-o", "json", *day, *known).json["state"] for known in ((), ("--known-at", "2023-06-15"))
    ]
    assert states == ["unit_review", "rectifying"]
    row = lines(ask("log", "2", "--verb", "report_done", "-o", "jsonl").out)[0]
    assert (row["late"], row["effective_at"]) == (True, "2023-06-14T10:00:00+08:00")
    assert "（6月20日 10:00 补录）报办结：" in ask("log", "2", "--verb", "report_done", "-o", "table").out


def test_a_correction_shows_both_texts_and_changes_nothing_that_was_entered(ask: Callable[..., Said]) -> None:
    """In the log and on the page it is a 更正 of its own date; the entry it puts right reads as before."""
    before = ask("log", "3", "-n", "0", "-o", "jsonl").out
    later(ask)
    after = ask("log", "3", "-n", "0", "-o", "jsonl").out
    assert after.startswith(before)
    text = "号记录：问题 由“秋蒲浜水体反复黑臭，联名要求治理”改为“秋浦浜水体反复黑臭”；理由 地名写错"
    for command in (("log", "3", "-o", "table"), ("show", "3", "-o", "table")):
        out = ask(*command).out
        assert re.search(r"6月20日 10:00 +方文静 +更正第 ", out)
        assert text in out.replace("\n      ", "")
    assert "补录" not in ask("log", "3", "--verb", "更正", "-o", "table").out
    titles = [
        ask("list", "--text", "浜水体", "-o", "json", "--as-of", "2023-06-01", *known).json[0]["title"]
        for known in ((), ("--known-at", "2023-06-01"))
    ]
    assert titles == ["秋浦浜水体反复黑臭", "秋蒲浜水体反复黑臭，联名要求治理"]
    assert ask("check").status == 0


def test_a_closed_item_can_be_put_right(ask: Callable[..., Said]) -> None:
    """Its verdict and due day stay, the ledger agrees with the record, and what was known then is what was."""
    printed = ask("list", "--closed", "-o", "json")
    said = ask(
        "更正", "1", "--内容", "title", "--改为", "柳塘港桥下漂浮垃圾", "--理由", "标题太长", who="徐晨", at=LATER
    )
    assert said.status == 0, said
    assert ask("check").status == 0
    row = ask("list", "--closed", "-o", "json").json[0]
    before = next(one for one in printed.json if one["number"] == row["number"])
    assert row == before | {"title": "柳塘港桥下漂浮垃圾", "version": before["version"] + 1}
    assert ask("list", "--closed", "-o", "json", "--as-of", END, "--known-at", END).out == printed.out


def test_a_correction_of_a_limit_names_the_act(ask: Callable[..., Said]) -> None:
    """Refused, and the due day stays; so is one by somebody else, of an unknown field, and without a reason."""
    said = ask("更正", "2", "--内容", "整改时限", "--改为", "5个工作日", "--理由", "算错", who="方文静")
    assert said.status == 1
    assert "“整改时限”关系时限、经办或流转，不能更正；请用相应动作办理：延期（extension）" in said.err
    assert "须由牵头部门" in ask("更正", "2", "--内容", "问题", "--改为", "新", "--理由", "x", who="金晓").err
    unknown = ask("更正", "2", "--内容", "没有的", "--改为", "新", "--理由", "x", who="方文静")
    assert (unknown.status, unknown.err[:10]) == (1, "没有内容“没有的”；")
    assert ask("更正", "2", "--内容", "问题", "--改为", "新", who="方文静").err == "缺少 --reason。\n"
    tried = ask("更正", "2", "--内容", "问题", "--改为", "新", "--理由", "x", "--试办", who="方文静")
    assert "以上为试办" in tried.err
    assert ask("show", "2", "-o", "json").json["title"] == "河道养护考核结果运用不严格"


def test_before_the_first_entry_there_is_an_empty_ledger(ask: Callable[..., Said]) -> None:
    """With a sentence, and nothing wrong."""
    sentence = "截至 2020年1月1日 24:00，还没有登记任何事项。\n"
    assert ask("list", "--as-of", "2020-01-01", "-o", "table") == Said(0, "", sentence)
    assert ask("log", "--as-of", "2020-01-01", "-o", "table") == Said(0, "", sentence)
    report = ask("report", "--as-of", "2020-01-01", "-o", "json")
    assert (report.status, report.err, report.json["figures"]["total"]["count"]) == (0, sentence, 0)
    assert ask("list", "--as-of", "2020-01-01", "-o", "json").json == []


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("list", "--as-of", "2023-07-01"), 1, "“2023-07-01”还没有到（现在是 2023年6月14日 10:00）"),
        (("report", "--as-of", "2023-06-01", "--known-at", "2024-01-01"), 1, "“2024-01-01”还没有到"),
        (("log", "--as-of", "前天"), 2, "看不懂时间“前天”"),
        (("show", "2", "--as-of", "2023-13-01"), 2, "看不懂时间“2023-13-01”"),
        (("list", "--known-at", "2023-06-01"), 2, "--known-at 须与 --as-of 同用"),
        (("show", "9", "--as-of", "2023-05-31"), 1, "截至 2023年5月31日 24:00，ZG2023-0009 还没有登记。"),
        (("log", "--follow", "--as-of", "2023-05-31"), 2, "--follow 不能与 --as-of"),
        (("log", "--follow", "-o", "json"), 2, "--follow 不能与"),
        (("log", "--stage", "没有的"), 1, "没有环节“没有的”；可以写：受理"),
        (("log", "--after", "-1"), 2, "--after"),
    ],
)
def test_what_cannot_be_asked(ask: Callable[..., Said], arguments: tuple[str, ...], status: int, sentence: str) -> None:
    """One sentence, the right exit status, and no answer."""
    said = ask(*arguments)
    assert (said.status, said.out) == (status, "")
    assert sentence in said.err
    assert said.err.count("\n") == 1


def test_today_by_its_date_is_now(ask: Callable[..., Said]) -> None:
    """A day by itself is meant with all of it; of today what has come so far."""
    now, today = (ask("list", "-n", "0", "-o", "json", *more) for more in ((), ("--as-of", END[:10])))
    assert today.out == now.out
    morning, whole = (
        len(ask("list", "-n", "0", "-o", "json", "--as-of", at).json) for at in ("2023-06-09 00:00", "2023-06-09")
    )
    assert (morning, whole) == (8, 12)


def test_the_whole_ledger_has_a_progress_bar(ask: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, wiped at its end; the answer is the same, and in a pipe there is none."""
    quiet = ask("report", "--as-of", "2023-05-29", "-o", "json")
    monkeypatch.setattr(progress, "is_terminal", lambda _stream: True)
    told = ask("report", "--as-of", "2023-05-29", "-o", "json")
    assert (quiet.err, told.out) == ("", quiet.out)
    assert "12/12 件" in told.err
    assert told.err.endswith(" \r")


# ---- the log ---------------------------------------------------------------------------------------


def test_pages_of_the_log_make_the_whole_log(ask: Callable[..., Said]) -> None:
    """From the beginning, each page says how to get the next, the last one says nothing."""
    whole = lines(ask("log", "-n", "0", "-o", "jsonl").out)
    found: list[dict[str, object]] = []
    after = 0
    while True:
        said = ask("log", "--after", str(after), "-n", "40", "-o", "jsonl")
        rows = lines(said.out)
        found += rows
        if not said.err:
            break
        after = int(str(rows[-1]["seq"]))
        assert said.err == f"后面还有；下一页：条件不变，--after {after}\n"
    assert found == whole
    assert len(whole) > 80


@pytest.mark.parametrize(
    ("conditions", "verbs"),
    [
        (("8", "--stage", "核验"), {"send_back"}),
        (("1", "--环节", "feedback"), {"close"}),
        (("6", "--环节", "受理"), {"register", "reject"}),
        (("--stage", "受理", "--verb", "分办", "--unit", "局办公室"), set()),
    ],
)
def test_the_log_by_stage(ask: Callable[..., Said], conditions: tuple[str, ...], verbs: set[str]) -> None:
    """The stage is where the item was when the act was done; a registration belongs to the one it leads to."""
    assert {row["verb"] for row in lines(ask("log", *conditions, "-n", "0", "-o", "jsonl").out)} == verbs


def test_every_entry_about_an_item_has_one_stage(ask: Callable[..., Said]) -> None:
    """Together the stages give each of them once."""
    every = [row["seq"] for row in lines(ask("log", "-n", "0", "-o", "jsonl").out) if row["item"]]
    found = [
        row["seq"]
        for stage in ("受理", "分办", "办理", "核验", "反馈", "办结")
        for row in lines(ask("log", "--stage", stage, "-n", "0", "-o", "jsonl").out)
    ]
    assert sorted(int(str(seq)) for seq in found) == every


def test_the_log_as_csv(ask: Callable[..., Said]) -> None:
    """Excel's mark, one line an entry, the instant exact."""
    out = ask("log", "5", "-n", "0", "-o", "csv").out
    rows = list(csv.DictReader(io.StringIO(out.removeprefix("\ufeff"))))
    assert out.startswith("\ufeff")
    assert rows[0]["时间"] == "2023-05-08T09:00:00+08:00"
    assert [row["记录号"] for row in rows] == [
        str(row["seq"]) for row in lines(ask("log", "5", "-n", "0", "-o", "jsonl").out)
    ]


@pytest.mark.parametrize("form", ["table", "jsonl", "tsv", "csv"])
def test_the_log_is_followed(ask: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """What there is, then what comes while it waits, and no entry of another item; an interruption ends it well."""
    acts = iter([("备注", "2", "第一条"), ("备注", "3", "别的事项"), (), ("备注", "2", "第二条")])

    def wait() -> None:
        act = next(acts, None)
        if act is None:
            raise KeyboardInterrupt
        if act:
            said.append(cli.run([*base, "--as", "方文静", *act]))

    said: list[int] = []
    base: list[str] = []
    monkeypatch.setattr(entries, "pause", wait)
    real = cli.run

    def noting(arguments: list[str]) -> int:
        base[:] = base or arguments[:2]
        return real(arguments)

    monkeypatch.setattr(cli, "run", noting)
    followed = ask("log", "2", "-n", "1", "--follow", "-o", form)
    assert followed.status == 0
    assert said == [0, 0, 0]
    texts = [line for line in followed.out.splitlines() if "备注" in line and not line.startswith("已备注")]
    assert len(texts) == 3
    assert ["请于15日前办结" in texts[0], "第一条" in texts[1], "第二条" in texts[2]] == [True] * 3
