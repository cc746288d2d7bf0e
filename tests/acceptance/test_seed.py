"""The document that the product was asked for with, played from May to August with its own dates: the lines of docs/seed.md are run."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

import cli
from tests.acceptance.conftest import ROOT
from tests.acceptance.test_readme import told
from tests.said import Said
from workflows.index import shipped_index

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/seed.md"
ORGANISATIONS = (
    "机关党支部",
    "水务党支部",
    "河道党支部",
    "生态环境党支部",
    "执法党支部",
    "绿化林业党支部",
    "市容环卫党支部",
)
SECRETARIES = dict(zip(ORGANISATIONS, ("朱海峰", "蒋丽", "倪国平", "夏琳", "曹刚", "苏明轩", "石磊"), strict=True)) | {
    "局领导": "陆志恒"
}


class Play:
    """Runs command lines in this process on one database, as one officer or another, at one moment or another."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Take a file for the database, and what catches the output."""
        self.path, self._capsys = path, capsys

    def __call__(self, *words: str, status: int = 0) -> Said:
        """Run a command line; anything but the exit status expected is a failure that shows what was said."""
        ended = cli.run(["--db", str(self.path), *words])
        said = self._capsys.readouterr()
        assert ended == status, (words, said.out, said.err)
        assert "Traceback" not in said.err
        return Said(ended, said.out, said.err)

    def page(self, part: str) -> dict[tuple[str, ...], Said]:
        """Run each line of a part of the page; return what each said."""
        answers = {}
        for program, *words in told(part, PAGE):
            assert program == "siban"
            answers[tuple(words)] = self(*words)
        return answers

    def json(self, *words: str) -> Any:  # noqa: ANN401 - whatever the question answers
        """Ask for JSON."""
        return json.loads(self(*words, "-o", "json").out)

    def listed(self, *words: str) -> list[dict[str, Any]]:
        """Return the rows of a list."""
        return list(self.json("list", "-n", "0", *words))

    def fill(self, day: str, until: str, *, besides: tuple[str, ...] = ()) -> None:
        """On a day every organisation hands in what is due by another, and somebody else verifies it; but for those named."""
        self("--at", f"{day} 09:00", "tick")
        before: dict[str, list[str]] = {}
        for row in self.listed("--流程", "定期任务", "--状态", "待填报"):
            if row["lead_unit_title"] not in besides and row["due_on"] <= until:
                before.setdefault(row["lead_unit_title"], []).append(str(row["number"]))
        for unit, numbers in before.items():
            self("--at", f"{day} 10:00", "--as", SECRETARIES[unit], "填报", *numbers,
                 "--开展日期", day, "--开展情况", "按要求开展，人员到齐")  # fmt: skip
        verified: dict[str, list[str]] = {}
        for row in self.listed("--流程", "定期任务", "--状态", "待核实"):
            verifier = "唐雨薇" if row["title"].startswith("调研") else "宋佳"
            verified.setdefault(verifier, []).append(str(row["number"]))
        for verifier, numbers in verified.items():
            self("--at", f"{day} 11:00", "--as", verifier, "核实", *numbers)


@pytest.fixture(name="play")
def _play(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Play:
    for name in [name for name in os.environ if name.startswith("SIBAN_")]:
        monkeypatch.delenv(name)
    (tmp_path / "workflows").mkdir()
    shutil.copy(ROOT / "workflows" / "bureau.toml", tmp_path / "workflows")
    (tmp_path / "专项整治方案.docx").write_bytes(b"PK")
    monkeypatch.chdir(tmp_path)
    return Play(tmp_path / "先学先改.db", capsys)


def rows(said: Said) -> list[dict[str, str]]:
    """Read CSV as a spreadsheet does."""
    return list(csv.DictReader(io.StringIO(said.out.removeprefix("\ufeff"))))


def test_may_to_august(play: Play) -> None:
    """By the end of May, each month, each fortnight, the end of August, and what then becomes of what is left."""
    play.page("may")
    assert play.listed() == [], "tasks and campaigns stand beside the problem ledger"
    play.fill("2023-05-30", "2023-05-31", besides=("市容环卫党支部", "河道党支部"))
    said = play.page("end of may")
    missing = rows(said["通报", "任务", "--缺", "-o", "csv"])
    due = [(row["任务"], row["单位"]) for row in missing if row["期限"] == "2023-05-31"]
    assert due == [("传达学习主题党日", "市容环卫党支部"), ("集中学习和研讨", "河道党支部"),
                   ("集中学习和研讨", "市容环卫党支部"), ("党课月月讲", "河道党支部")]  # fmt: skip
    assert "siban 办 9" in said["--as", "石磊", "todo"].out

    june = play.page("june")
    assert "ZX2023-0052\t断头浜专项整治\t河道署\t集中整治\t2023-08-31\t0/2\t0/1" in june["专项", "一览"].out
    for day, until, besides in (
        ("2023-06-17", "2023-06-18", ()),
        ("2023-06-28", "2023-07-02", ("市容环卫党支部",)),
        ("2023-07-14", "2023-07-16", ()),
        ("2023-07-27", "2023-07-31", ()),
    ):
        play.fill(day, until, besides=besides)
    july = play.page("july")
    found = july["台账", "--提出人", "潘立群", "--来源", "调查研究"].out
    assert [line.split("\t")[1] for line in found.splitlines()[1:]] == ["ZG2023-0050", "ZG2023-0051"]
    [rule] = rows(july["台账", "--流程", "制度成果", "-o", "csv"])
    assert (rule["名称"], rule["文件文号"], rule["印发日期"]) == ("河道保洁考核办法", "浦河〔2023〕12号", "2023-07-27")
    assert rule["出自事项"] == "ZG2023-0050 支流河道保洁考核结果运用不严格"
    assert "节点：共 2，已了结 1" in july["专项", "进展", "52"].out

    assert "自动按期下达" in play("forecast", "--until", "2023-08-31").out
    play.fill("2023-08-12", "2023-08-13")
    play.fill("2023-08-26", "2023-08-27")
    play.fill("2023-08-30", "2023-08-31", besides=("市容环卫党支部",))
    august = play.page("end of august")
    _at_the_end_of_august(play, august)
    _after_the_close(play, play.page("close"))


def _at_the_end_of_august(play: Play, said: dict[tuple[str, ...], Said]) -> None:
    """Eight tasks came round as often as they should; one organisation has not done three; the report counts problems only."""
    asked = play.json("report", "tasks", "--of", "1")
    periods = {series["title"]: [period["period"] for period in series["periods"]] for series in asked["series"]}
    assert {title: len(found) for title, found in periods.items()} == {
        "传达学习主题党日": 1, "集中学习和研讨": 4, "述学活动": 9, "行走党课路线": 1, "党课月月讲": 4,
        "调研方案和个人调研计划": 1, "调研课题：河道长效管护": 1, "一个支部一件实事": 1,
    }  # fmt: skip
    assert periods["述学活动"][:2] == ["2023-05-08/2023-05-21", "2023-05-22/2023-06-04"]
    assert periods["述学活动"][-1] == "2023-08-28/2023-08-31"
    missing = [(cell["title"], cell["unit_title"]) for cell in asked["cells"] if cell["standing"] == "missing"]
    assert missing == [
        ("集中学习和研讨", "市容环卫党支部"),
        ("行走党课路线", "市容环卫党支部"),
        ("一个支部一件实事", "市容环卫党支部"),
    ]
    late = [(cell["title"], cell["period"][:7], cell["unit_title"]) for cell in asked["cells"] if cell["late"]]
    assert late == [
        ("传达学习主题党日", "2023-05", "市容环卫党支部"),
        ("集中学习和研讨", "2023-05", "河道党支部"),
        ("集中学习和研讨", "2023-05", "市容环卫党支部"),
        ("集中学习和研讨", "2023-06", "市容环卫党支部"),
        ("述学活动", "2023-05", "局领导"),
        ("述学活动", "2023-05", "局领导"),
        ("党课月月讲", "2023-05", "河道党支部"),
    ]
    held = {cell["unit_title"] for cell in asked["cells"] if cell["title"] == "党课月月讲"}
    assert held == {"河道党支部", "水务党支部"}, "whoever's turn it was"
    assert [unit["unit"] for unit in asked["units"]][:3] == ["leadership", "p_office", "p_water"], "not ranked"
    assert not {"handler", "handler_name", "decider"} & set().union(*asked["cells"], *asked["units"]), "no person"
    progress = said["行动", "进展", "1"].out
    assert "四办一反馈：共 2，已办结 0，持续整改 1，未了结 1" in progress
    figures = play.json("report")["figures"]
    assert (figures["total"]["count"], figures["continuing"]["count"], figures["closed"]["count"]) == (2, 1, 0)
    [example] = rows(said["台账", "--典型案例", "-o", "csv"])
    assert (example["编号"], example["典型案例"]) == ("50", "考核结果与养护经费挂钩，可以推广")


def _after_the_close(play: Play, said: dict[tuple[str, ...], Said]) -> None:
    """Everything went somewhere, with its first date and late verdict in view; the lasting item has its own clock."""
    assert play.json("show", "1")["state"] == "ended"
    carried = play.listed("--属于", "78")
    assert {row["number"] for row in carried} == {23, 51, 52, 74}
    assert {(row["due_on"], *row["original_dues"], *row["late_dues"]) for row in carried} == {
        ("2023-12-31", "2023-08-31", "2023-08-31")
    }
    assert "结转前时限    原定2023-08-31，结转时已逾期" in said["查看", "51"].out
    assert "所属行动      XD2023-0078 主题教育" in said["查看", "51"].out
    assert "2023-12-31（原2023-08-31，已逾期）" in said["台账", "--属于", "78"].out
    left = {part["serial"] for part in play.json("行动", "进展", "1")["parts"] if part["open"]}
    assert left == {"ZG2023-0050"}, "what lasts does not keep the campaign open, and is not closed"
    figures = play.json("report")["figures"]
    assert (figures["carried"]["numbers"], figures["carried_late"]["numbers"]) == ([51], [51])
    play("--at", "2023-12-01 09:00", "tick")
    lasting = play.json("show", "50")
    assert lasting["clocks"]["longterm_review"]["due_at"].startswith("2023-11-30")
    assert any("longterm_review" in str(event["body"]) for event in lasting["events"] if event["verb"] == "escalate")
    play("check")


def test_the_table_names_every_numbered_point() -> None:
    """Each point of the document has its row; each command named in it is there."""
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    points = [
        f"{part}（{point}）"
        for part, count in zip("一二三四", (4, 3, 4, 3), strict=True)
        for point in "一二三四"[:count]
    ]
    for point in points:
        assert f"| {point} |" in page
    named = set(re.findall(r"`siban (\S+?)[ `]", page))
    known = {*cli.FIXED, *(chinese for chinese, *_ in cli.FIXED.values())}
    known |= {act["title"] for entry in shipped_index().values() for act in entry["verbs"]}
    assert named - known == set()
