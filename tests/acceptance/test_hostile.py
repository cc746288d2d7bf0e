"""A name or text with control characters, bidi marks, markup, braces or line breaks disturbs neither terminal, JSON, CSV nor record."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from typing import TYPE_CHECKING

import pytest

import cli
from engine.context import Hand
from engine.errors import SibanError
from engine.row import EventQuery
from interfaces.session import Session
from tests.acceptance.conftest import ROOT, START, run
from tests.hostile import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path

ALLOWED = "\n\t"  # the layout of our own lines and of tsv


@pytest.fixture(name="ledger", scope="module")
def _ledger(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, int]:
    """A trial ledger that was offered every hostile string as title, description, reporter and comment; and how many it took."""
    path = str(tmp_path_factory.mktemp("hostile") / "office.db")
    assert run("--db", path, "--at", START, "init", "--trial").status == 0
    session = Session(path, "o13", START)
    hand = Hand("o13", "o13")
    taken = 0
    for text in HOSTILE:
        for fields in (
            {"title": text, "source": "study"},
            {"title": "正常的标题", "source": "study", "description": text},
            {"title": "正常的标题", "source": "citizen", "reporter": text, "contact": "13800000001"},
        ):
            try:
                number = session.office.register("siban", [(fields, None)], hand)[0].after.number
                session.office.remark([number], "comment", {"fields": {"comment": text}}, hand)
                taken += 1
            except SibanError as error:
                assert error.code in ("bad_text", "missing_field", "reporter_needed")  # noqa: PT017 - some are refused, some are not
            except UnicodeEncodeError:
                pytest.fail(f"{text!r} was neither taken nor refused")
    session.close()
    return path, taken


def raw(text: str) -> list[str]:
    """Return the characters of an output that could steer a terminal or turn a line round."""
    return [c for c in text if c not in ALLOWED and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "tsv"])
@pytest.mark.parametrize(
    "command",
    [
        ("list", "-n", "0"),
        ("log", "-n", "0"),
        ("todo",),
        ("show", "1"),
        ("report",),
        ("forecast", "--until", "2023-06-30", "-n", "0"),
        ("forecast", "--until", "2023-06-30", "--leave", "方文静:2023-05-08..2023-06-30", "-n", "0"),
    ],
    ids=" ".join,
)
def test_no_output_carries_a_raw_character(
    ledger: tuple[str, int], command: tuple[str, ...], form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every question in every form: nothing raw, JSON parses, CSV reads back without a formula."""
    status = cli.run(["--db", ledger[0], "--as", "o11", *command, "-o", form])
    said = capsys.readouterr()
    assert status == 0, said.err
    assert raw(said.out.replace("\ufeff", "").replace("\r\n", "\n")) == []
    assert "Traceback" not in said.err
    if form == "json":
        json.loads(said.out)
    if form == "jsonl":
        assert all(isinstance(json.loads(line), dict) for line in said.out.splitlines())
    if form == "csv":
        for row in csv.reader(io.StringIO(said.out)):
            assert not any(cell.lstrip()[:1] in tuple("=+@") and len(cell) > 1 for cell in row)


def test_the_record_stays_whole_and_says_what_was_taken(ledger: tuple[str, int]) -> None:
    """What was accepted is stored as text, the chain holds, and enough of the strings were accepted for this to mean something."""
    path, taken = ledger
    assert taken > len(HOSTILE)
    assert run("--db", path, "check").status == 0
    session = Session(path, "o13")
    with session.store.read() as reader:
        bodies = [json.loads(event.body) for event in reader.events(EventQuery())]
    session.close()
    assert len(bodies) > taken


@pytest.mark.parametrize("text", ["\x1b[31m红", "a\u202eb", "一\n二", "\x00"], ids=repr)
def test_a_steering_title_is_refused_at_the_counter(
    ledger: tuple[str, int], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typed at the counter, a control or bidi character is refused in one clean sentence."""
    status = cli.run(["--db", ledger[0], "--as", "o13", "登记", "--title", text, "--source", "学习研讨"])
    said = capsys.readouterr()
    assert status == 2
    assert "问题" in said.err
    assert raw(said.err) == []
    assert said.err.count("\n") == 1


def test_a_hostile_organisation_is_shown_harmlessly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names in an organisation file are somebody's text too."""
    text = (ROOT / "workflows" / "bureau.toml").read_text(encoding="utf-8")
    bad = tmp_path / "bad.toml"
    bad.write_text(text.replace('title = "水务处"', 'title = "水\\u001b[31m务\\u202e处[/red]{0}"'), encoding="utf-8")
    path = str(tmp_path / "a.db")
    assert cli.run(["--db", path, "init", "--trial", "--org", str(bad)]) in (0, 4)
    cli.run(["--db", path, "org", "show", "-o", "table"])
    cli.run(["--db", path, "--as", "o11", "register", "--title", "x", "--source", "学习研讨", "--lead-unit", "water"])
    said = capsys.readouterr()
    assert raw(said.out + said.err) == []
