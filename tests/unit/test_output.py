"""One way out for every answer, in five forms: none is cut that a program reads, none lets text steer a terminal."""

import csv
import datetime as dt
import enum
import io
import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Unavailable
from interfaces.display import width
from interfaces.output import (
    FORMS,
    Column,
    block,
    default_form,
    emit,
    emit_value,
    note,
    output_option,
    paint,
    plain,
    say,
)
from tests.hostile import HOSTILE

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = (Column("number", "编号", align="right"), Column("title", "问题"), Column("light", "状态"))
ROWS = [
    {"number": 7, "title": "窗口服务台账不规范、流转记录不完整", "light": "逾期"},
    {"number": 12, "title": "道路破损", "light": "正常"},
]
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Say so."""
        return True


class Gone(Screen):
    """A stream whose reader has gone, or whose disk is full."""

    def __init__(self, error: OSError) -> None:
        """Fail with the error from the first write on."""
        super().__init__()
        self.error = error

    def write(self, _text: str) -> int:
        """Fail."""
        raise self.error


class Light(enum.Enum):
    """A value that JSON does not know."""

    OVERDUE = "overdue"


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal of 40 cells that wants colour. The test puts it in place: pytest undoes such in fixtures."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Screen()


@pytest.fixture(autouse=True)
def _no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has set a width, unless the test does."""
    monkeypatch.delenv("COLUMNS", raising=False)


def written(text: str, form: str) -> str:
    """What a pipe gets for one row whose title is the text."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    before, sys.stdout = sys.stdout, stream
    try:
        emit([{"title": text, "more": [text]}], [Column("title", "问题"), Column("more", "其他")], form=form)
        stream.seek(0)
        return stream.read()
    finally:
        sys.stdout = before


def steering(text: str, layout: str) -> set[str]:
    """The characters of an output that could steer, but those that the form itself is laid out with."""
    bad = {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    return bad - set(layout)


def test_table_fits_the_terminal(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns line up by cells; the widest text column is cut, numbers stand right, title and footer stand around."""
    monkeypatch.setattr(sys, "stdout", screen)
    emit(ROWS, COLUMNS, form="table", title="台账", footer="共 2 件")
    assert screen.getvalue().splitlines() == [
        "台账",
        "编号  问题                          状态",
        "   7  窗口服务台账不规范、流转记…   逾期",
        "  12  道路破损                      正常",
        "共 2 件",
    ]
    assert max(map(width, screen.getvalue().splitlines())) <= 40


def test_table_in_a_pipe_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no terminal there is no width to cut to, and no colour."""
    emit(ROWS, [Column("title", "问题", max_cells=8, light="light")], form="table")
    assert capsys.readouterr().out == f"问题\n{ROWS[0]['title']}\n{ROWS[1]['title']}\n"


def test_a_column_may_have_a_width_of_its_own(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """`max_cells` holds on a terminal that is wide enough."""
    monkeypatch.setattr(sys, "stdout", screen)
    emit(ROWS, [Column("title", "问题", max_cells=8)], form="table")
    assert screen.getvalue().splitlines() == ["问题", "窗口服…", "道路破损"]


def test_a_column_may_stay_whole(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is of no use when cut is not cut to fit; another column gives way."""
    monkeypatch.setattr(sys, "stdout", screen)
    row = {"due": "8月31日 周四, 余2个工作日", "title": "道路破损十分严重"}
    emit([row], [Column("due", "截止", whole=True), Column("title", "问题")], form="table")
    assert screen.getvalue().splitlines()[1] == "8月31日 周四, 余2个工作日  道路破损十分…"


def test_too_many_columns_are_still_all_there(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a table cannot fit, each row is written as labels and values: nothing is cut, no line is too wide."""
    monkeypatch.setattr(sys, "stdout", screen)
    emit([{"a": "中" * 30}], [Column("a", f"列{n}") for n in range(8)], form="table")
    said = screen.getvalue()
    assert said.count("中") == 8 * 30
    assert all(f"列{n}  中" in said for n in range(8))
    assert max(map(width, said.splitlines())) <= 40


def test_an_empty_table_says_so_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """No head over nothing, and nothing on standard output."""
    assert emit([], COLUMNS, form="table", title="台账", footer="共 0 件", empty="没有事项") == 0
    assert capsys.readouterr() == ("", "没有事项\n")


@pytest.mark.parametrize("form", FORMS)
def test_limit_leaves_out_and_says_so(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A limit holds in every form; what is left out is told, and 0 means all."""
    assert emit(ROWS, COLUMNS, form=form, limit=1, more="只列出前 {limit} 条") == 1
    shown = capsys.readouterr()
    assert "道路破损" not in shown.out
    assert shown.err == "只列出前 1 条\n"
    assert emit(ROWS, COLUMNS, form=form, limit=2, more="只列出前 {limit} 条") == 2
    assert capsys.readouterr().err == ""
    assert emit(ROWS, COLUMNS, form=form, limit=0) == 2
    assert "道路破损" in capsys.readouterr().out


def test_json_is_one_list_of_whole_rows(capsys: pytest.CaptureFixture[str]) -> None:
    """Keys are identifiers, Chinese stays readable, and an empty answer is an empty list."""
    emit(ROWS, [Column("title", "问题")], form="json")
    text = capsys.readouterr().out
    assert json.loads(text) == ROWS
    assert "道路破损" in text
    emit([], COLUMNS, form="json")
    assert json.loads(capsys.readouterr().out) == []


def test_jsonl_is_one_row_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Every line is a value by itself, also with a line break inside."""
    emit([*ROWS, {"title": "a\nb"}], COLUMNS, form="jsonl")
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [*ROWS, {"title": "a\nb"}]


def test_json_knows_our_values(capsys: pytest.CaptureFixture[str]) -> None:
    """Times are ISO 8601, lists and sets are lists, what has a value gives it."""
    day = dt.date(2023, 7, 9)
    emit_value({"on": day, "of": ("b", "a"), "in": {"b", "a"}, "light": Light.OVERDUE, "none": None}, form="jsonl")
    assert json.loads(capsys.readouterr().out) == {
        "on": "2023-07-09",
        "of": ["b", "a"],
        "in": ["a", "b"],
        "light": "overdue",
        "none": None,
    }
    emit_value([], form="json")
    assert capsys.readouterr().out == "[]\n"


def test_people_read_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Lists are joined, truth is 是 or 否, a column may make its own text from the whole row."""
    row = {"units": ["水务处", "环卫处"], "late": True, "done": None}
    columns = [
        Column("units", "协办"),
        Column("late", "逾期"),
        Column("done", "办结"),
        Column("due_at", "截止", show=lambda row: f"余{len(str(row['late']))}个工作日"),
    ]
    emit([row], columns, form="tsv")
    assert capsys.readouterr().out == "协办\t逾期\t办结\t截止\n水务处、环卫处\t是\t\t余4个工作日\n"
    assert plain(dt.datetime(2023, 7, 9, 9, 30, tzinfo=dt.UTC)) == "2023-07-09 09:30:00+00:00"


def test_csv_opens_in_a_spreadsheet() -> None:
    """It begins with the mark of UTF-8; text is guarded, numbers are not."""
    text = written("=1+1\n第二行", "csv")
    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text[1:])))[1] == ["'=1+1\n第二行", "'=1+1\n第二行"]


def test_numbers_in_csv_stay_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    """A negative number is no formula."""
    emit([{"left": -3, "rate": 0.5}], [Column("left", "余"), Column("rate", "率")], form="csv")
    assert capsys.readouterr().out.splitlines()[1] == "-3,0.5"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_nothing_hostile_survives_any_form(form: str, text: str) -> None:
    """No form lets a character through that steers, but its own line ends and tabs; each row stays one row."""
    out = written(text, form)
    assert not steering(out.removeprefix("\ufeff"), "\n\t" if form == "tsv" else "\n")
    if form in ("tsv", "table"):
        assert out.count("\n") == 2
    if form in ("json", "jsonl"):
        assert out.count("\n") == {"json": 3, "jsonl": 1}[form]


@given(st.text(st.characters(exclude_categories=[])), st.sampled_from(FORMS))
def test_no_text_at_all_survives_any_form(text: str, form: str) -> None:
    """The same for any text that there can be; reopened CSV holds no formula."""
    out = written(text, form)
    assert not steering(out.removeprefix("\ufeff"), "\n\t" if form == "tsv" else "\n")
    if form == "csv":
        cells = [cell for row in csv.reader(io.StringIO(out, newline="")) for cell in row]
        assert not any(FORMULA.match(line) for cell in cells for line in cell.splitlines())


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_says_what_the_row_said(text: str) -> None:
    """Escaping loses nothing."""
    assert json.loads(written(text, "jsonl"))["title"] == text


def test_colour_is_second_and_only_on_a_terminal(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """A coloured column lines up; `NO_COLOR`, a dumb terminal and a pipe get the words alone."""
    monkeypatch.setattr(sys, "stdout", screen)
    emit(ROWS, [Column("light", "状态", light="light"), Column("number", "编号")], form="table")
    assert screen.getvalue().splitlines()[1:] == ["\x1b[31m逾期\x1b[0m  7", "\x1b[32m正常\x1b[0m  12"]
    assert paint("逾期3个工作日", "逾期3个工作日") == "\x1b[31m逾期3个工作日\x1b[0m"
    assert paint("暂定", "provisional") == "暂定"
    monkeypatch.setenv("TERM", "dumb")
    assert paint("逾期", "overdue") == "逾期"
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert paint("逾期", "overdue") == "逾期"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert paint("逾期", "overdue") == "逾期"


def test_a_value_cannot_pose_as_a_label() -> None:
    """All lines of a value stay in its column."""
    assert block([("问题", "甲\n状态  已销号"), ("主办·责任人", ["水务处", "张三"]), ("备注", None)]) == (
        "问题         甲\n             状态  已销号\n主办·责任人  水务处、张三\n备注"
    )
    assert block([]) == ""


def test_words_go_where_they_belong(capsys: pytest.CaptureFixture[str]) -> None:
    """Answers on standard output, messages on standard error, neither with a raw control character."""
    say("甲\x1b[2J")
    note("乙\n丙\x07")
    assert capsys.readouterr() == ("甲⟦U+001B⟧[2J\n", "乙\n丙⟦U+0007⟧\n")


def test_the_form_follows_the_stream(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table on a terminal, tsv in a pipe or where there is no standard output at all."""
    monkeypatch.setattr(sys, "stdout", screen)
    assert default_form() == "table"
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert default_form() == "tsv"
    monkeypatch.setattr(sys, "stdout", None)
    assert default_form() == "tsv"


@pytest.mark.parametrize(
    ("arguments", "form"),
    [([], "tsv"), (["-o", "表格"], "table"), (["--output", "jsonl"], "jsonl"), (["--输出", "csv"], "csv")],
)
def test_the_option_takes_both_languages(arguments: list[str], form: str) -> None:
    """The default is worked out when the command runs."""

    @click.command()
    @output_option
    def question(form: str) -> None:
        click.echo(form)

    assert CliRunner().invoke(question, arguments).output == f"{form}\n"
    assert CliRunner().invoke(question, ["-o", "xml"]).exit_code == 2


def test_a_reader_that_has_gone_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the rows is not even asked for."""
    asked = []

    def rows() -> list[dict[str, object]]:
        asked.append(1)
        return [{"title": "甲"}] * 3

    monkeypatch.setattr(sys, "stdout", Gone(BrokenPipeError(32, "Broken pipe")))
    assert emit(rows(), COLUMNS, form="jsonl") == 1
    assert asked == [1]


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """`> file` on a full disk must not look like success."""
    monkeypatch.setattr(sys, "stdout", Gone(OSError(28, "No space left on device")))
    with pytest.raises(Unavailable) as caught:
        emit(ROWS, COLUMNS, form="csv")
    assert (caught.value.code, caught.value.data) == ("output_failed", {"why": "No space left on device"})


PROGRAM = """
from interfaces.output import Column, emit
emit(({"title": "\\u95ee\\u9898" + str(n)} for n in range(200_000)), [Column("title", "\\u95ee\\u9898")], form=FORM)
print("a line that somebody else writes", flush=True)
"""


@pytest.mark.parametrize("form", FORMS)
def test_head_does_not_trace_back(form: str) -> None:
    """A real pipe that is closed after the first line: no message, exit 0, whoever writes after it."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.replace("FORM", repr(form))],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_a_stream_that_cannot_write_it_all_does_not_stop(form: str, encoding: str) -> None:
    """A GBK console and the C locale get ? for the rest; JSON stays whole by its escapes."""
    row = "{'a': '甲\\U0001f534\\ud800'}"
    program = f"from interfaces.output import *; emit([{row}], [Column('a', '列')], form={form!r})"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": f"{encoding}:strict", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    if form in ("json", "jsonl"):
        assert "甲🔴" in str(json.loads(done.stdout))


def test_no_standard_output_at_all_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Started with `>&-` there is no stream; nothing is written and nothing breaks."""
    monkeypatch.setattr(sys, "stdout", None)
    assert emit(ROWS, COLUMNS, form="tsv") == 2


def test_importing_costs_nothing() -> None:
    """No heavy library comes in with the module."""
    heavy = "{'rich', 'click', 'shutil', 'csv', 'python_calamine', 'zipfile', 'subprocess'}"
    program = f"import sys, interfaces.output, interfaces.columns; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.split() == [b"set()"]
