"""What README.md tells a newcomer to type really works."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest
from docx import Document

from interfaces.session import os_user
from tests.acceptance.conftest import ROOT, Played, run
from tests.acceptance.test_calendar_load import NOTICE
from tests.acceptance.test_old_ledger import ledger
from workflows.index import definition_text

if TYPE_CHECKING:
    from pathlib import Path


def told(part: str, file: str = "README.md") -> list[list[str]]:
    """Return the words of each line that a part of a page shows."""
    page = (ROOT / file).read_text(encoding="utf-8")
    found = re.search(rf"<!-- {part} -->\n```sh\n(.*?)```", page, re.DOTALL)
    assert found is not None
    return [shlex.split(line, comments=True) for line in found[1].splitlines() if line.strip()]


def test_the_hour_of_work_in_the_readme(tmp_path: Path) -> None:
    """Each line of it, in order, on a database of its own: exit 0 and nothing that looks like a fault."""
    lines = told("hour")
    assert len(lines) > 10
    for words in lines:
        assert words[:3] == ["siban", "--db", "试用.db"]
        said = run("--db", str(tmp_path / "试用.db"), *words[3:], cwd=ROOT)
        assert said.status == 0, (words, said)
        assert "Traceback" not in said.err


@pytest.mark.parametrize("part", ["time", "report", "audit", "papers", "keeping"])
def test_what_the_readme_shows_on_the_database_of_the_demo(part: str, tmp_path: Path, played: Played) -> None:
    """Each line, on the database that the demo leaves, with the files it names."""
    database = str(tmp_path / "demo.db")
    played.copy(tmp_path / "demo.db")
    (tmp_path / "2027年放假通知.txt").write_text(NOTICE, encoding="utf-8")
    ours = definition_text("siban").replace("\nversion = 1\n", "\nversion = 2\n", 1)
    (tmp_path / "我局流程.toml").write_text(ours, encoding="utf-8")
    for words in told(part):
        assert words[0] == "siban"
        said = run("--db", database, *words[1:], cwd=tmp_path)
        assert said.status == 0, (words, said)
        assert "Traceback" not in said.err


def test_three_commands_from_an_old_ledger_to_a_bulletin(tmp_path: Path) -> None:
    """Each line of docs/from-excel.md, in an office whose head is whoever runs this; the bulletin counts what the ledger held."""
    bureau = (ROOT / "workflows" / "bureau.toml").read_text(encoding="utf-8")
    mine = bureau.replace('id = "o11"\n', f'id = "o11"\nos_user = "{os_user("")}"\n', 1)
    (tmp_path / "机构人员.toml").write_text(mine, encoding="utf-8")
    ledger(tmp_path / "旧台账.xlsx")
    lines = told("from-excel", "docs/from-excel.md")
    assert len(lines) == 3
    for words in lines:
        said = run(*words[1:], cwd=tmp_path)
        assert said.status == 0, (words, said)
    bulletin = "".join(one.text for one in Document(str(tmp_path / "通报.docx")).paragraphs)
    assert "共登记问题5件，已销号1件，在办4件" in bulletin
    answer = json.loads(run("--db", "整改.db", "report", "-o", "json", cwd=tmp_path).out)["figures"]["responded"]
    assert (answer["count"], answer["of"]) == (0, 4), (
        "of what was closed in the old ledger nobody knows who was answered"
    )
    assert "已在库 5 件" in run("--db", "整改.db", "import", "旧台账.xlsx", cwd=tmp_path).out
