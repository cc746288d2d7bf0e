"""What is none of one's business is not there: every question is asked by an outsider, and no canary sings."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cli
from engine.clock import DAY, SystemTime, iso
from engine.context import Hand
from tests.people import AUDITOR, OUTSIDER, Bureau, real
from tests.trial import CLERK, HEAD, LEADER, RIVER, RIVER_HEAD, RIVER_TOO, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.said import Said

ROOT = Path(__file__).resolve().parents[2]
CANARY = "金丝雀"
SERIAL = "ZG2023-0001"
FAR = iso(SystemTime().now() + 30 * DAY)[:10]


def secret(ledger: Ledger) -> None:
    """Let one item of the river station go through much, and one of the sanitation's that it helps with."""
    one = ledger.assigned(
        f"{CANARY}一号", track="campaign", limit="2023-05-31", source="citizen", reporter=f"{CANARY}甲"
    )
    ledger.planned(one, "2023-05-30")
    ledger.ask(RIVER, "extension", one, until="2023-06-15", reason=f"{CANARY}正在核减", progress_note="已完成两家")
    ledger.office.remark([one], "comment", {"fields": {"comment": f"{CANARY}抓紧"}}, Hand(HEAD, HEAD))
    two = ledger.register(title=f"{CANARY}二号")
    ledger.act(HEAD, "assign", two, track="immediate", lead_unit="sanitation", co_units=["river"])
    ledger.register(CLERK, title=f"{CANARY}三号")
    ledger.at("2023-06-14 10:00")


QUESTIONS: tuple[tuple[str, ...], ...] = (
    (), ("todo",), ("list",), ("list", "-n", "0", "--overdue"), ("list", "--unit", "河道署"), ("list", "--text", "0001"),
    ("list", "--mine"), ("log",), ("log", "-n", "0"), ("log", "--actor", RIVER), ("log", "--unit", "河道署"),
    ("log", "--verb", "register"), ("log", "--proof"), ("report",), ("report", "--by", "unit"),
    ("forecast", "--until", FAR), ("report", "--drill", "total"), ("report", "--drill", "overdue"), ("report", "--since", "2023-05-01"),
    ("org", "show"), ("workflow", "show"), ("workflow", "show", "--permissions"), ("workflow", "diagram"),
    ("list", "--as-of", "2023-06-01"), ("log", "--as-of", "2023-06-01"), ("report", "--as-of", "2023-06-01", "--known-at", "2023-06-01"),
    ("calendar", "show"), ("db", "status"), ("audit", "verify"), ("check",), ("doctor",), ("tick",),
    ("notify", "status"), ("notify", "send", "--dry-run", "--backlog"), ("list", "--exemplary"), ("list", "--raised-by", LEADER),
    ("list", "--topic", CANARY), ("report", "tasks"), ("project", "list"),
)  # fmt: skip
ABOUT_ONE: tuple[tuple[str, ...], ...] = (
    ("show", "{}"), ("log", "{}"), ("explain", "{}"), ("explain", "{}", "--spent"), ("do", "{}"), ("comment", "{}", "话"),
    ("accept", "{}"), ("report-done", "{}"), ("request", "extension", "{}"), ("grant", "{}-1"), ("refuse", "{}-1"),
    ("attach", "{}", __file__), ("show", "{}", "-o", "json"), ("确认", "{}"), ("paper", "{}", "卷宗"), ("paper", "{}"), ("evidence", "{}"),
    ("reveal", "{}", "--reason", "核实情况"), ("redact", "{}", "--reason", "反映人要求"),
    ("correct", "{}", "--field", "title", "--to", "甲", "--reason", "错别字"), ("show", "{}", "--as-of", "2023-06-01"),
    ("list", "--of", "{}"), ("project", "show", "{}"), ("campaign", "show", "{}"), ("campaign", "close", "{}"),
    ("report", "tasks", "--of", "{}"),
)  # fmt: skip
ELSEWHERE = {
    "demo": "a database of its own",
    "init": "makes one",
    "completion": "writes a script; what TAB offers: test_completion",
    "export": "writes a workbook: test_export",
    "import": "brings in, shows what it brought",
    "register": "says what it registered",
    "serve": "is tick",
    "service": "runs serve, and looks at no item",
    "release": "tried below", "withhold": "tried below", "ack": "tried below",
}  # fmt: skip
"""Fixed commands that ask nothing about items that are there, and why."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database, made once."""
    path = tmp_path_factory.mktemp("scope") / "office.db"
    real(path, secret)
    return path


@pytest.fixture
def run(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    """Run a command as a user, on a copy."""
    path = tmp_path / "office.db"
    shutil.copy(made, path)
    return Bureau(path, capsys, monkeypatch)


def forms(question: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Give a question in every form that it has."""
    plain = question[:1] in {("check",), ("audit",), ("tick",), ("workflow",)} and "show" not in question
    plain = plain or "send" in question
    return (
        [question]
        if plain or not question
        else [(*question, "-o", form) for form in ("table", "json", "jsonl", "csv", "tsv")]
    )


def test_every_command_is_asked() -> None:
    """A new command is either walked here, or its absence has a reason."""
    asked = {words[0] for words in (*QUESTIONS, *ABOUT_ONE) if words}
    assert set(cli.FIXED) <= asked | set(ELSEWHERE)


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_an_outsider_hears_no_canary(run: Callable[..., Said], question: tuple[str, ...]) -> None:
    """No title, no text, no serial of another unit's item in any form of any answer."""
    for words in forms(question):
        said = run(OUTSIDER, *words)
        assert said.status in ((5,) if question == ("tick",) else (0, 4)), (
            words,
            said,
        )  # years have passed: tick doubts it
        assert CANARY not in said.out + said.err, words
        assert SERIAL not in said.out + said.err, words


@pytest.mark.parametrize("who", [HEAD, LEADER, AUDITOR])
@pytest.mark.parametrize(
    "question", [("list",), ("log",), ("report", "--drill", "total"), ("show", "1"), ("explain", "1")]
)
def test_those_who_see_all_hear_it(run: Callable[..., Said], question: tuple[str, ...], who: str) -> None:
    """Control: the supervising office, a leader and an auditor get answers to the same questions."""
    said = run(who, *question, "-o", "json")
    assert said.status == 0
    assert CANARY in said.out or SERIAL in said.out


@pytest.mark.parametrize("question", ABOUT_ONE, ids=" ".join)
def test_not_mine_is_not_found(run: Callable[..., Said], question: tuple[str, ...]) -> None:
    """The same sentence and exit code as for an item that was never there: by number, serial and end of it."""
    unknown = run(OUTSIDER, *(word.format("99") for word in question))
    assert unknown.status == 1
    for name in ("1", SERIAL, "0001"):
        said = run(OUTSIDER, *(word.format(name) for word in question))
        assert (said.status, said.out) == (1, "")
        assert said.err == re.sub(r"99(?!\d)", name, unknown.err), question


@pytest.mark.parametrize("verb", ["release", "withhold", "ack"])
def test_notices_about_what_is_not_mine_are_not_found(run: Callable[..., Said], verb: str) -> None:
    """A notice about an item out of scope is as unknown as one that was never sent."""
    reason = ("--reason", "无") if verb == "withhold" else ()
    unknown, there = run(OUTSIDER, verb, "9999", *reason), run(OUTSIDER, verb, "1", *reason)
    assert (there.status, there.err) == (1, unknown.err.replace("9999", "1"))


def test_counts_are_of_what_one_sees(run: Callable[..., Said]) -> None:
    """A list, a report and a page of the record count what is in scope, and nothing else."""
    assert run(OUTSIDER, "list", "-o", "json").json == []
    assert run(OUTSIDER, "report", "-o", "json").json["figures"]["total"]["count"] == 0
    assert run(OUTSIDER, "report", "-o", "json").json["entered_on_behalf"]["of"] == 0
    assert [e for e in run(OUTSIDER, "log", "-n", "0", "-o", "json").json if e["item"]] == []


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (HEAD, [1, 2, 3]), (LEADER, [1, 2, 3]), (AUDITOR, [1, 2, 3]), (RIVER, [1, 2]), (RIVER_TOO, [1, 2]),
        (RIVER_HEAD, [1, 2]), ("o53", [2]), (OUTSIDER, []),
    ],
)  # fmt: skip
def test_each_sees_their_own(run: Callable[..., Said], who: str, seen: list[int]) -> None:
    """Lead unit and co-unit see their items, the supervising office, leaders and auditors everything."""
    assert sorted(row["number"] for row in run(who, "list", "-o", "json").json) == seen


def test_an_auditor_only_reads(run: Callable[..., Said]) -> None:
    """An auditor sees an item and may do nothing to it, neither for themselves nor for others."""
    for words in (("comment", "1", "话"), ("accept", "3"), ("登记", "--title", "x", "--source", "学习研讨")):
        said = run(AUDITOR, *words)
        assert said.status == 1, words
        assert "只能查看" in said.err
    behalf = run(AUDITOR, "accept", "3", "--代录", "方文静", "--依据", "电话")
    assert behalf.status == 1
    assert "只能查看" in behalf.err


def test_one_who_was_named_still_sees(run: Callable[..., Said]) -> None:
    """An outsider who is told about an item, or registered one, sees it."""
    assert run(OUTSIDER, "登记", "--title", "我登记的", "--source", "学习研讨").status == 0
    assert [row["title"] for row in run(OUTSIDER, "list", "-o", "json").json] == ["我登记的"]
    assert [row["title"] for row in run("o44", "list", "-o", "json").json] == ["我登记的"]  # of the same unit


def test_questions_ask_through_the_view() -> None:
    """No question opens the database past the one place that knows who is asking."""
    open_to_all = {"start.py", "calendar.py", "workflow.py", "demo.py", "running.py"}
    found = {
        path.name
        for path in (ROOT / "interfaces" / "commands").glob("*.py")
        if "store.read()" in path.read_text(encoding="utf-8")
    }
    assert found == open_to_all


def test_an_outsider_exports_no_record(run: Bureau, tmp_path: Path) -> None:
    """The whole record is for those who see all of it, and for the administrator; nothing is written for others."""
    target = tmp_path / "记录.jsonl"
    assert run(AUDITOR, "audit", "export", str(target)).status == 0
    target.unlink()
    run.owns_file = True
    assert run(OUTSIDER, "audit", "export", str(target)).status == 0
    target.unlink()
    run.owns_file = False
    said = run(OUTSIDER, "audit", "export", str(target))
    assert (said.status, target.exists()) == (1, False)
    assert "不能导出全部记录" in said.err
