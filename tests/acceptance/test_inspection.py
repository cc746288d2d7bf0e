"""`report conduct` and `audit verify --report` as auditors run them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import docx
import pytest

from storage.connection import dbapi
from tests.people import AUDITOR, OUTSIDER, Bureau, real
from tests.trial import HEAD, LEADER, PRINCIPAL, RIVER, VERIFIER, fill
from workflows.conduct import CONCERNS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.said import Said


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real ledger of five weeks, with an auditor in the bureau."""
    path = tmp_path_factory.mktemp("inspection") / "office.db"
    real(path, fill)
    return path


@pytest.fixture
def ask(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    """Run a command as a user, on a copy, in its folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "office.db"
    shutil.copy(made, path)
    return Bureau(path, capsys, monkeypatch)


@pytest.mark.parametrize("who", [LEADER, PRINCIPAL, VERIFIER, RIVER, OUTSIDER])
def test_it_is_for_nobody_else(ask: Callable[..., Said], who: str) -> None:
    """Leaders, the office's other officers and handling units are refused in one sentence, whatever they ask for."""
    for words in ((), ("--drill", "代录"), ("-o", "json")):
        said = ask(who, "report", "conduct", *words)
        assert (said.status, said.out) == (1, "")
        assert said.err.endswith("不能查看办理行为核查：只供纪检（审计）人员和牵头部门负责人。\n")


@pytest.mark.parametrize("who", [AUDITOR, HEAD])
def test_every_number_leads_to_its_entries(ask: Callable[..., Said], who: str) -> None:
    """Of the whole and of each unit: as many rows as the JSON says, the same entries, by key and by title."""
    told = ask(who, "report", "conduct", "-o", "json").json
    assert "全部登记的事项" in told["cohort"]["text"]
    assert [one["key"] for one in told["concerns"]] == list(CONCERNS)
    assert any(one["count"] for one in told["concerns"])
    for one in told["concerns"]:
        rows = ask(who, "通报", "核查", "--展开", one["title"], "-o", "json").json
        if one["key"] == "last_day":
            assert [row["number"] for row in rows] == one["numbers"]
            continue
        assert [row["seq"] for row in rows] == one["entries"]
        assert {row["item"] if one["what"] == "items" else row["seq"] for row in rows} == set(one["numbers"])
        assert sum(unit["count"] for unit in one["units"]) == one["count"]
        for unit in one["units"]:
            part = ask(who, "report", "conduct", "--drill", f"{one['key']}:{unit['title']}", "-o", "json").json
            assert {row["item"] if one["what"] == "items" else row["seq"] for row in part} == set(unit["numbers"])


def test_the_page_says_what_it_counts_and_that_it_proves_nothing(ask: Callable[..., Said]) -> None:
    """In words; nothing of nothing is —; no officer is named; a cohort and an instant can be asked for."""
    page = ask(AUDITOR, "report", "conduct", "-o", "table").out
    assert "统计口径：截至" in page
    assert "只是核查线索，不是结论" in page
    assert "金晓" not in page
    none = ask(AUDITOR, "report", "conduct", "--month", "2020-01", "-o", "table").out
    assert none.count("—　") == len(CONCERNS)
    past = ask(AUDITOR, "report", "conduct", "--as-of", "2023-05-08", "-o", "json").json
    now = ask(AUDITOR, "report", "conduct", "-o", "json").json
    assert 0 < past["concerns"][0]["of"] < now["concerns"][0]["of"]
    assert "没有核查事项“排名”" in ask(AUDITOR, "report", "conduct", "--drill", "排名").err


# -- the conclusion of a verification ------------------------------------------------------------------------------------


@pytest.fixture
def keyed(ask: Callable[..., Said], tmp_path: Path) -> Callable[..., Said]:
    """As `ask`, with a key and a seal beside the database."""
    public = ask(HEAD, "audit", "key", "new", "a.key").out
    (tmp_path / "公钥.txt").write_text(public, encoding="utf-8")
    assert ask(HEAD, "audit", "seal", "--key", "a.key", "--out", "6月.seal").status == 0
    return ask


FULL = ("--key", "公钥.txt", "--seal", "6月.seal")


def words_of(path: Path) -> str:
    """Return the text of a page, whichever file it is."""
    if path.suffix == ".txt":
        return path.read_text(encoding="utf-8").rstrip("\n")
    return "\n".join(one.text for one in docx.Document(str(path)).paragraphs)


def test_both_files_say_the_same(keyed: Callable[..., Said], tmp_path: Path) -> None:
    """What was verified, by what, what came out, what is not proved, and room for hands and a day."""
    texts = []
    for name in ("结论.docx", "结论.txt"):
        assert keyed(AUDITOR, "审计", "核验", *FULL, "--结论", name).status == 0
        texts.append(words_of(tmp_path / name).replace(" ", ""))
    one, two = (text[: text.index("核验时间")] + text[text.index("二、") :] for text in texts)
    assert one == two
    for part in ("办理记录核验结论", "核验通过", "存证1份", "公钥：siban（", "库外存证：6月.seal", "四、本次核验不能证明的事项",
                 "所录内容与实际情况是否相符", "核验人（签字）", "年　　月　　日"):  # fmt: skip
        assert part in one
    assert "缺少" not in one


def test_what_was_not_given_is_not_proved(keyed: Callable[..., Said], tmp_path: Path) -> None:
    """Without key and seal the page says which were missing; entries after the seal are named."""
    assert keyed(AUDITOR, "audit", "verify", "--report", "甲.txt").status == 0
    assert "缺少公钥、库外存证，有权改写数据库的人若将整库重新计算，本次核验不能发现。" in words_of(tmp_path / "甲.txt")
    assert keyed(HEAD, "备注", "2", "其后").status == 0
    assert keyed(AUDITOR, "audit", "verify", *FULL, "--report", "乙.txt").status == 0
    assert "号记录尚无存证" in words_of(tmp_path / "乙.txt")


def test_a_fault_is_in_the_page_too(keyed: Callable[..., Said], tmp_path: Path) -> None:
    """The command ends with 4, and the page does not say that all is well."""
    with dbapi.connect(str(tmp_path / "office.db")) as opened:
        opened.execute("DROP TRIGGER IF EXISTS event_update")
        names = [name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            opened.execute(f"DROP TRIGGER {name}")
        opened.execute("UPDATE event SET decider = 'o99' WHERE seq = 30")
    opened.close()
    said = keyed(AUDITOR, "audit", "verify", *FULL, "--report", "丙.txt")
    assert said.status == 4
    text = words_of(tmp_path / "丙.txt")
    assert "核验未通过" in text
    assert "核验通过。" not in text


def test_no_file_is_written_over_and_no_other_kind(keyed: Callable[..., Said], tmp_path: Path) -> None:
    """Refused before the long work; `--overwrite` means it."""
    (tmp_path / "有.txt").write_text("旧", encoding="utf-8")
    assert "不会覆盖" in keyed(AUDITOR, "audit", "verify", "--report", "有.txt").err
    assert (tmp_path / "有.txt").read_text(encoding="utf-8") == "旧"
    assert keyed(AUDITOR, "audit", "verify", "--report", "有.txt", "--overwrite").status == 0
    assert "核验结论" in words_of(tmp_path / "有.txt")
    said = keyed(AUDITOR, "audit", "verify", "--report", "有.pdf")
    assert (said.status, said.err) == (2, "核验结论只能写成 .docx 或 .txt，不能写成 有.pdf。\n")
