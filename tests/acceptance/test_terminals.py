"""Terminals that are not what a developer has: GBK, the C locale, no colour, a plain one, and forty columns."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from interfaces.display import hang, width
from tests.acceptance.conftest import SIBAN, environment

if TYPE_CHECKING:
    from pathlib import Path

fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pty is POSIX")

RARE = "䶮河🔴𬭚"
"""What GBK cannot write, round one character that it can."""

ESCAPE = "\x1b"
DUMB = {"TERM": "dumb"}


def piped(book: Path, *arguments: str, **variables: str) -> tuple[int, bytes, bytes]:
    """Run a command line into pipes."""
    env = {name: value for name, value in environment().items() if name != "PYTHONUTF8"} | variables
    done = subprocess.run(
        [str(SIBAN), "--db", str(book), *arguments], capture_output=True, env=env, check=False, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


def on_terminal(
    book: Path, *arguments: str, columns: int = 100, variables: dict[str, str] | None = None
) -> tuple[int, str]:
    """Run a command line on a terminal of so many columns; return its status and everything that came."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    env = environment() | {"TERM": "xterm-256color"} | (variables or {})
    process = subprocess.Popen(
        [str(SIBAN), "--db", str(book), *arguments], stdin=subprocess.DEVNULL, stdout=side, stderr=side, env=env
    )
    os.close(side)
    data, end = b"", time.monotonic() + 60
    while time.monotonic() < end:
        if not select.select([main], [], [], 1)[0]:
            continue
        try:
            piece = os.read(main, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        data += piece
    os.close(main)
    return process.wait(timeout=10), data.decode(errors="replace").replace("\r\n", "\n")


@pytest.fixture
def rare(book: Path) -> Path:
    """The ledger with a title that GBK cannot write."""
    assert piped(book, "--as", "o13", "登记", "--title", RARE, "--source", "学习研讨")[0] == 0
    return book


def _bare(text: str) -> str:
    """Return a text without colours, and without blanks at the ends of lines, which a colour may stand round."""
    return re.sub(r" +$", "", re.sub(r"\x1b\[\d*m", "", text), flags=re.MULTILINE)


@pytest.mark.parametrize(
    "encoding", ["gbk", *(pytest.param(one, marks=pytest.mark.slow) for one in ("cp936", "gb2312", "ascii"))]
)
def test_what_cannot_be_written_is_shown_as_a_question_mark(rare: Path, encoding: str) -> None:
    """Questions, acts, help, refusals and misuse: no traceback, the rest stays readable, and JSON stays whole."""
    for arguments, status in (
        (("show", "13"), 0), (("备注", "13", RARE), 0), (("--help",), 0), (("show", RARE), 1), (("list", f"--{RARE}"), 2),
        (("report", "conduct", "-o", "table"), 0),
    ):  # fmt: skip
        code, out, err = piped(rare, *arguments, PYTHONIOENCODING=encoding, PYTHONUTF8="1")
        assert code == status, (arguments, err)
        said = (out + err).decode(encoding)  # nothing but that encoding comes out
        assert "Traceback" not in said
        assert "程序内部出错" not in said
    _, out, _ = piped(rare, "list", "-n", "0", PYTHONIOENCODING=encoding)
    if encoding != "ascii":
        assert "?河??" in out.decode(encoding)
        assert "柳塘港" in out.decode(encoding)
    _, out, _ = piped(rare, "show", "13", "-o", "json", PYTHONIOENCODING=encoding)
    assert json.loads(out)["title"] == RARE


def test_a_c_locale_is_no_obstacle(rare: Path) -> None:
    """With UTF-8 switched off altogether."""
    code, out, err = piped(rare, "list", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (code, b"Traceback" in err) == (0, False)
    assert out.decode("ascii")


def test_colour_is_second(book: Path) -> None:
    """The same words with colour, without by NO_COLOR, and on a plain terminal; there is colour to be left out (control)."""
    for question in (("todo",), ("list",)):
        status, coloured = on_terminal(book, *question)
        assert status == 0
        for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
            _, plain = on_terminal(book, *question, columns=100, variables={name: value})
            assert ESCAPE not in plain, question
            assert _bare(plain) == _bare(coloured)
    assert ESCAPE in on_terminal(book, "todo")[1]
    assert "逾期" in on_terminal(book, "todo", variables={"NO_COLOR": "1"})[1]


def test_a_plain_terminal_is_sent_no_codes(book: Path) -> None:
    """Not by long work that tells its progress either."""
    for question in (("check",), ("audit", "verify"), ("report", "conduct"), ("forecast", "--until", "2023-07-30")):
        status, said = on_terminal(book, *question, variables=DUMB)
        assert status == 0, said
        assert ESCAPE not in said, question


@pytest.mark.parametrize(
    "question",
    [
        ("todo",),
        ("list",),
        ("log", "2"),
        ("report", "conduct"),
        ("org", "show"),
        ("report",),
        ("show", "2"),
        ("do", "2"),
        ("explain", "2"),
    ],
    ids=" ".join,
)
def test_forty_columns_hold_every_line(book: Path, question: tuple[str, ...]) -> None:
    """No line is wider than the window, and a list loses nothing; at full width it is the table (control)."""
    _, narrow = on_terminal(book, *question, columns=40, variables=DUMB)
    shown = [line.rpartition("\r")[2] for line in narrow.split("\n")]
    assert [line for line in shown if width(line) > 40 and "://" not in line and "siban " not in line] == []
    _, wide = on_terminal(book, *question, columns=200, variables=DUMB)
    for first, second in pairwise(shown):  # no word, number or date is divided, nor a mark left behind
        end, start = re.search(r"[!-~]+$", first), re.match(r" *([!-~]+|[年月日个])", second)
        assert not (end and start and end.group() + start[1] in wide), (first, second)
        assert not re.match(r" *[，。；：！？、）》”’】]", second), (first, second)
    if question == ("list",):
        assert "柳塘港桥下水面漂浮垃圾聚集" in narrow.replace("\n", "").replace(" ", "")
        assert wide.startswith("编号")


def test_help_holds_in_forty_columns(book: Path) -> None:
    """Of the root, a group and a command, but for lines that are to be copied."""
    for command in ((), ("report",), ("list",), ("assign",)):
        _, said = on_terminal(book, *command, "--help", columns=40)
        text = said.partition("示例：")[0]
        assert [line for line in text.split("\n") if width(line) > 40 and "用法" not in line] == [], command


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("整改中，6月1日 09:00 起", ["整改中，", "6月1日 09:00", "起"]),
        ("此期自2023年5月8日", ["此期自2023年5", "月8日"]),  # else half of the line were empty
        ("此期限自2023年5月8日", ["此期限自", "2023年5月8日"]),
        ("逾期已有一百23个工作日", ["逾期已有一百", "23个工作日"]),
        ("另见记录（第323号）", ["另见记录", "（第323号）"]),
        ("河道署 http://www.gov.cn/a", ["河道署", "http://www.go", "v.cn/a"]),  # longer than a line in any case
    ],
)
def test_a_word_is_not_divided(text: str, lines: list[str]) -> None:
    """Dates, numbers with what they count and words go to the next line whole, and take an opening mark with them."""
    assert hang(text, 13, 0).split("\n") == lines


@pytest.mark.parametrize("cells", range(2, 30))
def test_a_line_is_broken_at_any_width(cells: int) -> None:
    """Every character stays, and no line is wider: a line one cell too wide was once the end of the program."""
    for text in ("河道养护考核，结果", "ab河道c，。", "河" * 15, "a" * 29, "甲，乙，丙，丁"):
        broken = hang(text, cells, 0)
        assert broken.replace("\n", "") == text
        assert max(map(width, broken.split("\n"))) <= cells


def test_click_speaks_chinese_whatever_the_machine_is_set_to(book: Path) -> None:
    """Every kind of mistake is one Chinese sentence."""
    for arguments, said in (
        (("list", "-n", "-1"), "-n 的值不能接受：-1 超出范围，应为 0 以上。"),
        (("list", "-n", "x"), "-n 的值不能接受：“x”应为整数。"),
        (("list", "--overdue=1"), "选项 --overdue 后面不填写内容。"),
        (("show", "--as-of"), "选项 --as-of 后面须填写内容。"),
        (("show", "1", "2", "3"), "多余的参数：2 3。"),
        (("show",), "缺少 ITEM。"),
        (("audit", "没有"), "没有命令“没有”。"),
        (("audit", "key"), "请写明要办的命令。"),
    ):
        code, _, err = piped(book, *arguments, LANG="en_US.UTF-8", LANGUAGE="en", PYTHONUTF8="1")
        assert (code, err.decode()) == (2, f"{said}\n")
