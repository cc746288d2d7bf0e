"""A further version of a workflow as an office meets it: loaded, compared, and items moved to it."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import ROOT, run
from tests.revised import revised
from workflows.index import definition_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Office

HEAD = ("--as", "o11")
LONGER = ('immediate = ["@limit", "5wd"]', 'immediate = "7wd"')
RENAMED = ('[states.assigned]\ntitle = "待签收"', '[states.handed]\ntitle = "已交办"'), ('"assigned"', '"handed"')
REASON = ("--reason", "按新办法办理")


def write(office: Office, text: str) -> str:
    """Put a definition's file beside the database."""
    (office.path.parent / "new.toml").write_text(text, encoding="utf-8")
    return "new.toml"


def facts(path: Path) -> list[tuple[object, ...]]:
    """Return everything that a refusal may not change."""
    tables = ("item", "notice", "rung", "meta", "policy")
    with sqlite3.connect(path) as opened:
        kept = [row for table in tables for row in opened.execute(f"SELECT * FROM {table}")]  # noqa: S608 - our names
        return [*kept, *opened.execute("SELECT seq, verb FROM event WHERE result = 'done'")]


def test_a_version_is_loaded_and_new_items_use_it(office: Office) -> None:
    """The dry run writes nothing; loading it again changes nothing; items under way are still handled as before."""
    path = write(office, revised(2, LONGER))
    before = facts(office.path)
    said = office(*HEAD, "workflow", "load", path, "--dry-run")
    assert (said.status, facts(office.path)) == (0, before)
    assert "检查无误，可以启用" in said.out
    assert "变动 2 处" in said.out
    said = office(*HEAD, "流程", "启用", path)
    assert said.status == 0, said
    assert "在办 2 件仍按原版办理" in said.out
    assert "未作改动" in office(*HEAD, "workflow", "load", path).err

    office("--as", "o13", "登记", "--title", "新的一件", "--source", "学习研讨")
    office(*HEAD, "交办", "4", "--清单", "即知即改的问题", "--主办单位", "河道署", "--责任人", "金晓")
    dues = {
        row["number"]: row["due_at"][:10]
        for row in map(json.loads, office("list", "-n", "0", "-o", "jsonl").out.splitlines())
        if row["due_at"]
    }
    assert dues[2] == "2023-05-15"
    assert dues[4] == "2023-05-17"
    assert office("check").status == 0


def test_a_verb_that_only_an_older_version_has_can_still_be_done(office: Office) -> None:
    """Item 2 waits to be signed for under version 1; version 2 calls that 接收 and nothing else."""
    text = revised(
        2,
        ('"sign"\ntitle = "签收"', '"sign"\ntitle = "接收"'),
        ('"sign"', '"receive"'),
        ("[clocks.sign]", "[clocks.receive]"),
    )
    assert office(*HEAD, "workflow", "load", write(office, text)).status == 0
    assert "接收" in office("--help").out
    said = office("--as", "金晓", "签收", "2")
    assert (said.status, said.err) == (0, "")
    assert office("check").status == 0


REFUSALS = {
    "not readable": ("[workflow\n", 4, "不是有效的 TOML"),
    "faulty": (revised(2, ('to = "accepted"', 'to = "nowhere"')), 4, "没有这个状态：nowhere"),
    "the same number, another text": (revised(1, LONGER), 1, "须写新的版本号"),
    "another kind for another workflow's option": (
        revised(2, ('reason = { title = "理由", kind = "text" }', 'reason = { title = "理由" }')),
        4,
        "同名字段在两个流程中类型不同",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "status", "words"), REFUSALS.values(), ids=REFUSALS)
def test_a_version_that_cannot_be_is_refused_with_the_place(office: Office, text: str, status: int, words: str) -> None:
    """In one sentence and a line a fault; nothing is loaded."""
    before = facts(office.path)
    said = office(*HEAD, "workflow", "load", write(office, text))
    assert (said.status, facts(office.path)) == (status, before)
    assert words in said.err
    assert "Traceback" not in said.err


def test_a_lower_version_is_refused(office: Office) -> None:
    """The sentence says what number would do."""
    assert office(*HEAD, "workflow", "load", write(office, revised(3))).status == 0
    said = office(*HEAD, "workflow", "load", write(office, revised(2, LONGER)))
    assert said.status == 1
    assert "请把版本号（version）写为 4 或更大" in said.err


def test_two_definitions_that_clash_make_no_database(tmp_path: Path) -> None:
    """`init` refuses what one command line could not take."""
    clashing = tmp_path / "clashing.toml"
    clashing.write_text(definition_text("petition").replace('kind = "date"', 'kind = "line"'), encoding="utf-8")
    path = tmp_path / "a.db"
    shipped = str(ROOT / "workflows" / "siban.toml")
    said = run("--db", str(path), "init", "--workflow", shipped, "--workflow", str(clashing))
    assert said.status == 4
    assert "petition.fields.found_at：同名字段在两个流程中类型不同" in said.err
    assert not path.exists()


def test_two_versions_are_compared_in_words_and_as_json(office: Office) -> None:
    """By file, by name@version, by either end of a hash; a value is shown as people read it."""
    path = write(office, revised(2, LONGER, ('title = "督办通报"\nat = "+6wd"', 'title = "督办通报"\nat = "+4wd"')))
    table = office("workflow", "diff", "siban", path, "-o", "table").out
    assert "到期后6个工作日" in table
    assert "到期后4个工作日" in table
    assert office(*HEAD, "workflow", "load", path).status == 0
    rows = json.loads(office("流程", "比较", "siban@1", "siban@2", "-o", "json").out)
    assert [(row["section"], row["name"], row["what"]) for row in rows] == [
        ("workflow", "siban", "version"), ("clocks", "total", "limit"), ("ladders", "overdue.3", "at"),
    ]  # fmt: skip
    assert rows[1]["new"]["immediate"] == "7wd"
    assert "即知即改的问题 7个工作日" in rows[1]["new_text"]
    with sqlite3.connect(office.path) as opened:
        hashes = [h for (h,) in opened.execute("SELECT hash FROM policy WHERE name = 'siban' ORDER BY seq")]
    again = json.loads(office("workflow", "diff", hashes[0][:10], hashes[1][-10:], "-o", "json").out)
    assert again == rows
    assert office("workflow", "diff", "siban@2", "siban", "-o", "table").err == "两版相同。\n"
    unknown = office("workflow", "diff", "siban@9", "siban")
    assert unknown.status == 2
    assert "siban@1（" in unknown.err
    assert office("workflow", "diff", "siban", "petition").status == 1


def test_items_are_listed_first_and_then_moved(office: Office) -> None:
    """Two working days later, one entry each; `show`, `log`, `explain` read well; the ledger equals the record."""
    office(*HEAD, "workflow", "load", write(office, revised(2, LONGER)))
    before = facts(office.path)
    said = office(*HEAD, "workflow", "move", "siban", "--dry-run", "-o", "table")
    assert (said.status, facts(office.path)) == (0, before)
    assert "5月15日 周一 → 5月17日 周三（推后2个工作日）" in said.out
    assert "共 2 件：可以转 2 件" in said.err
    rows = json.loads(office(*HEAD, "流程", "转版", "siban", "--试办", "-o", "json").out)
    assert [(row["number"], row["verdict"], row["days"]) for row in rows] == [(1, "fits", 0), (2, "fits", 2)]

    said = office(*HEAD, "workflow", "move", "siban", *REASON)
    assert said.status == 0, said
    assert "已有 2 件转入 siban@2" in said.err
    assert "5月17日" in office("show", "2").out
    assert "转入新版流程（第 1 版 → 第 2 版）：理由 按新办法办理" in office("log", "2").out
    assert "时限" in office("explain", "2").out
    assert office("check").status == 0
    assert "没有要转的事项" in office(*HEAD, "workflow", "move", "siban", "--dry-run", "-o", "table").err


def test_a_state_that_is_gone_needs_a_mapping(office: Office) -> None:
    """Without it nothing moves; `--only-fitting` leaves the item; titles do for names; the record stays readable."""
    office(*HEAD, "workflow", "load", write(office, revised(2, *RENAMED)))
    before = facts(office.path)
    said = office(*HEAD, "workflow", "move", "siban", *REASON)
    assert (said.status, facts(office.path)) == (1, before)
    assert "新版没有“待签收”这一状态" in said.out
    assert "有 1 件事项不能转（ZG2023-0002），全部未转" in said.err
    assert office(*HEAD, "workflow", "move", "siban", *REASON, "--only-fitting").status == 0
    assert office(*HEAD, "流程", "转版", "siban", *REASON, "--状态", "待签收=已交办", "--事项", "2").status == 0
    log = office("log", "2").out
    assert "（第 1 版 → 第 2 版，状态为“已交办”）" in log
    assert "已交办" in office("show", "2").out
    spent = office("explain", "2", "--spent", "-o", "json")
    assert {"待签收", "已交办"} <= {row["state_title"] for row in json.loads(spent.out)["visits"]}
    assert office("--as", "金晓", "签收", "2").status == 0
    assert office("check").status == 0


def test_a_move_that_cannot_be_read_or_may_not_be_is_refused(office: Office) -> None:
    """A mapping, a version, a reason, a person: one sentence each, nothing changed."""
    office(*HEAD, "workflow", "load", write(office, revised(2, *RENAMED)))
    before = facts(office.path)
    for arguments, status, words in (
        ((*HEAD, "--reason", "x", "--map", "assigned"), 2, "原状态=新状态"),
        ((*HEAD, "--reason", "x", "--map", "assigned=nowhere"), 2, "没有状态“nowhere”；可以写："),
        ((*HEAD, "--reason", "x", "--to", "9"), 2, "没有“9”这一版流程"),
        (HEAD, 1, "缺少必填内容：理由"),
        (("--as", "金晓", "--reason", "x"), 1, "无权转入新版流程"),
        ((*HEAD, "--reason", "x", "--item", "3"), 1, "第 3 号事项不能转"),
    ):
        said = office(*arguments[:2], "workflow", "move", "siban", *arguments[2:])
        assert said.status == status, said
        assert words in said.err
        assert facts(office.path) == before
    assert office(*HEAD, "workflow", "move", "nowhere", "--dry-run").status == 5
