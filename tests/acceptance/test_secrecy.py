"""Every door at which a text comes in is tried with a mark of classification: refused, nothing of it kept; cleared, the reason is."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import xlsxwriter

import cli
from storage.connection import dbapi
from tests.said import Said
from tests.trial import WORKFLOWS
from workflows.index import definition_text
from workflows.secrecy import REMINDER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MARK = "机密★5年"
TEXT = f"{MARK} 水源地坐标"

DOORS: tuple[tuple[str, ...], ...] = (
    ("登记", "--title", TEXT, "--source", "学习研讨"),
    ("登记", "--title", "甲", "--description", f"一\n{TEXT}", "--source", "学习研讨"),
    ("登记", "--title", "甲", "--source", "群众反映", "--反映人", MARK),
    ("登记", "--title", "甲", "--source", "学习研讨", "--代录", "方文静", "--依据", "签批件", "--文号", TEXT),
    ("备注", "2", TEXT),
    ("附件", "2", "（机密）水源地.jpg"),
    ("附件", "2", "（机密）水源地.jpg", "--dry-run"),
    ("correct", "2", "--field", "title", "--to", TEXT, "--reason", "错别字"),
    ("correct", "2", "--field", "title", "--to", "甲", "--reason", TEXT),
    ("reveal", "1", "--reason", TEXT),
    ("withhold", "{draft}", "--reason", TEXT),
    ("不予受理", "10", "--reason", TEXT, "--channel", "热线"),
    ("import", "表内.xlsx"),
    ("import", "未用列.xlsx"),
    ("import", "表头上.xlsx"),
    ("import", "（机密）清单.xlsx"),
    ("org", "load", "机构.toml"),
    ("org", "load", "机构.toml", "--dry-run"),
    ("workflow", "load", "流程.toml"),
    ("workflow", "load", "流程.toml", "--dry-run"),
    ("calendar", "load", "停工.json"),
    ("calendar", "load", "停工.json", "--dry-run"),
)  # fmt: skip


def sheet(path: Path, rows: list[list[str]]) -> None:
    """Write a problem list."""
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet()
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)


@pytest.fixture
def ask(book: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Run a command line in this process on a copy of the trial ledger, in its folder, with files to bring in."""
    monkeypatch.chdir(book.parent)
    folder = book.parent
    (folder / "（机密）水源地.jpg").write_bytes(b"jpg")
    head = ["问题描述", "问题来源"]
    sheet(folder / "表内.xlsx", [head, ["井盖缺失", "学习研讨"], [TEXT, "学习研讨"]])
    sheet(folder / "未用列.xlsx", [[*head, "备查"], ["井盖缺失", "学习研讨", MARK]])
    sheet(folder / "表头上.xlsx", [[MARK], head, ["井盖缺失", "学习研讨"]])
    sheet(folder / "（机密）清单.xlsx", [head, ["井盖缺失", "学习研讨"]])
    bureau = (WORKFLOWS / "bureau.toml").read_text(encoding="utf-8")
    (folder / "机构.toml").write_text(bureau.replace('title = "河道署"', f'title = "{TEXT}"'), encoding="utf-8")
    flow = definition_text("siban").replace("\nversion = 1\n", "\nversion = 2\n", 1)
    (folder / "流程.toml").write_text(flow.replace('title = "四办一反馈"', f'title = "{TEXT}"', 1), encoding="utf-8")
    storm = {"local": [{"notice": TEXT, "off": {"2023-07-25": "台风停工"}}]}
    (folder / "停工.json").write_text(json.dumps(storm), encoding="utf-8")
    with closing(dbapi.connect(str(book))) as opened:
        (draft,) = opened.execute("SELECT min(number) FROM notice WHERE status = 'draft'").fetchone()

    def command(*arguments: str) -> Said:
        status = cli.run(["--db", str(book), *(one.format(draft=draft) for one in arguments)])
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return command


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_no_door_lets_a_mark_in(ask: Callable[..., Said], book: Path, door: tuple[str, ...]) -> None:
    """One sentence with the mark and the way on; neither text nor file is kept anywhere, and the ledger is as it was."""
    before = ask("list", "-n", "0", "-o", "json").json
    said = ask(*door)
    assert said.status in (1, 4)
    assert "密级标志" in said.err + said.out
    assert "--cleared" in said.err + said.out
    assert "水源地坐标" not in said.err + said.out
    assert ask("list", "-n", "0", "-o", "json").json == before
    for one in book.parent.glob("office.db*"):
        assert not one.is_dir()
        assert "水源地坐标".encode() not in one.read_bytes()
    assert ask("check").status == 0


@pytest.mark.parametrize("words", [("--org", "机构.toml"), ("--workflow", "流程.toml")], ids=" ".join)
def test_no_database_is_made_with_a_mark(
    ask: Callable[..., Said], tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, str]
) -> None:
    """`init` leaves nothing behind; cleared, the reason is in the record of the new database."""
    assert ask("check").status == 0
    new = str(tmp_path / "new.db")
    assert cli.run(["--db", new, "init", *words]) == 1
    assert "密级标志" in capsys.readouterr().err
    assert not [*tmp_path.glob("new.db*")]
    assert cli.run(["--db", new, "init", *words, "--cleared", "沪密审〔2023〕3号"]) == 0
    with closing(dbapi.connect(new)) as opened:
        cleared = [verb for verb, body in opened.execute("SELECT verb, body FROM event") if "cleared" in body]
    assert cleared == ["load_organisation" if words[0] == "--org" else "define"]


def test_cleared_with_a_reason_each_is_let_in(ask: Callable[..., Said]) -> None:
    """Control: the same commands with `--cleared` are not stopped by the guard."""
    for door in DOORS:
        said = ask(*door, "--cleared", "沪密审〔2023〕3号")
        assert "密级标志" not in said.err, door
        assert "--cleared" not in said.err, door
    assert ask("check").status == 0


def test_the_reason_is_on_record(ask: Callable[..., Said]) -> None:
    """In the entry, in `log`; a reason that says nothing is none."""
    assert ask("备注", "2", TEXT, "--已脱密", "沪密审〔2023〕3号，5月6日解密").status == 0
    assert "（已脱密：沪密审〔2023〕3号，5月6日解密）" in ask("log", "2").out
    assert ask("log", "2", "-o", "json").json[-1]["body"]["cleared"] == "沪密审〔2023〕3号，5月6日解密"
    said = ask("备注", "2", TEXT, "--cleared", " ")
    assert (said.status, said.out) == (2, "")
    assert "须写明脱密的理由" in said.err
    assert ask("check").status == 0
    assert ask("audit", "verify").status == 0


def test_a_refused_mark_is_on_record_without_its_text(ask: Callable[..., Said]) -> None:
    """Who tried it, and which mark it bore."""
    assert ask("备注", "2", TEXT).status == 1
    last = ask("log", "2", "-o", "json").json[-1]
    assert (last["result"], last["body"]["data"]) == ("refused", {"field": "comment", "mark": MARK})


def test_the_reminder_is_for_terminals(
    ask: Callable[..., Said], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`init` says it always, `register` and `import` on a terminal, and no script is told each time."""
    register = ("登记", "--title", "甲", "--source", "学习研讨", "--dry-run")
    assert REMINDER not in ask(*register).err
    monkeypatch.setattr("interfaces.secrecy.is_terminal", lambda _stream: True)
    assert ask(*register).err.count(REMINDER) == 1
    assert ask("import", "表内.xlsx", "--dry-run").err.count(REMINDER) == 1
    assert cli.run(["--db", str(tmp_path / "new.db"), "init"]) == 0
    assert capsys.readouterr().err.count(REMINDER) == 1
