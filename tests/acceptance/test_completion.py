"""TAB: what a shell is offered, in both languages and within one's scope; and silence where there is nothing to offer."""

from __future__ import annotations

import io
import os
import pty
import select
import shutil
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pytest

import cli
from interfaces import completion
from interfaces.session import Session
from storage.connection import dbapi
from tests.acceptance.conftest import SIBAN, environment, run
from tests.people import OUTSIDER, real
from tests.trial import HEAD, RIVER, Ledger

if TYPE_CHECKING:
    from pathlib import Path


class Tab(NamedTuple):
    """Presses TAB at the end of a command line, in this process."""

    path: Path
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *words: str, form: str = "bash") -> list[str]:
        """Return what is offered for the last word; anything on standard error fails."""
        line = ["siban", "--db", str(self.path), *words]
        at = words[-1] if form == "fish" else str(len(line) - 1)  # fish gives the word itself
        out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
        for name, value in (
            (completion.VARIABLE, f"{form}_complete"), ("COMP_WORDS", "\n".join(line)), ("COMP_CWORD", at),
        ):  # fmt: skip
            self.monkeypatch.setenv(name, value)
        self.monkeypatch.setattr(Session, "patience", None)
        with self.monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", out)
            patched.setattr(sys, "stderr", err)
            assert completion.answer(cli.root, cli.session_of) == 0
        assert err.getvalue() == ""
        lines = out.buffer.getvalue().decode().splitlines()
        return [line.partition(",")[2] for line in lines] if form == "bash" else lines


@pytest.fixture
def tab(book: Path, monkeypatch: pytest.MonkeyPatch) -> Tab:
    """On a copy of the trial ledger."""
    return Tab(book, monkeypatch)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("交",), ["交办"]),
        (("assi",), ["assign"]),
        (("report", "con"), ["conduct"]),
        (("report", "核"), ["核查"]),
        (("request", "延"), ["延期"]),
        (("show", "1"), ["10", "11", "12"]),
        (("交办", "2", "--主办", "水务"), ["水务处", "水务党支部"]),
        (("assign", "2", "--lead-u"), ["--lead-unit"]),
        (("assign", "2", "--主"), ["--主办单位", "--主办"]),
        (("assign", "2", "--handler", "金"), ["金晓"]),
        (("assign", "2", "--handler", "o27"), ["o27"]),
        (("--as", "方"), ["方文静"]),
        (("list", "-o", "js"), ["json", "jsonl"]),
        (("list", "--stage", "核"), ["核验"]),
        (("办", "2", "报"), ["报方案", "报办结"]),
        (("show", "99"), []),
        (("没有这个命令", "1"), []),
        (("list", "--没有", ""), []),
    ],
    ids=" ".join,
)
def test_what_is_offered(tab: Tab, words: tuple[str, ...], offered: list[str]) -> None:
    """Commands, options, items, units, officers and words of a choice, by their beginning."""
    assert tab(*words) == offered


def test_choices_are_the_words_of_the_definition(tab: Tab) -> None:
    """As an officer would write them."""
    assert "即知即改的问题" in tab("assign", "2", "--清单", "")
    assert "会议纪要" in tab("assign", "2", "--依据", "")


def test_an_empty_word_offers_one_language(tab: Tab) -> None:
    """All commands once, in English; a Chinese one is offered when it is begun."""
    found = tab("")
    assert {"todo", "assign", "report-done"} <= set(found)
    assert all(word.isascii() for word in found)
    assert len(set(found)) == len(found)


def test_open_requests_and_my_notices(tab: Tab) -> None:
    """Requests by their names, what I have not seen yet by its number."""
    with closing(Session(str(tab.path))) as session, session.store.read() as reader:
        mine = {str(notice.number) for notice in reader.notices(receiver=HEAD, unseen=True)}
    assert mine <= set(tab("ack", ""))
    assert mine
    assert all("-" in word for word in tab("grant", ""))


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_every_shell_has_its_script_and_its_answer(tab: Tab, shell: str) -> None:
    """The script names our variable and program; an answer is of the form that it reads."""
    said = run("completion", shell)
    assert said.status == 0
    assert said.err == ""
    assert completion.VARIABLE in said.out
    assert "siban" in said.out
    assert any("2" in line for line in tab("show", "2", form=shell))
    if shell == "powershell":
        assert said.out.count("[Console]::OutputEncoding") == 3
        assert said.out.index("PYTHONIOENCODING = 'utf-8'") < said.out.index("& siban") < said.out.index("} finally {")


def test_nothing_of_others_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Items, requests and notices go by scope; whoever sees them is offered them (control)."""

    def secret(ledger: Ledger) -> None:
        one = ledger.assigned("金丝雀一号", track="campaign", limit="2023-05-31")
        ledger.planned(one, "2023-05-30")
        ledger.ask(RIVER, "extension", one, until="2023-06-15", reason="养护单位正在核减", progress_note="已完成两家")
        ledger.at("2023-06-14 10:00")

    path = tmp_path / "office.db"
    real(path, secret)
    tab = Tab(path, monkeypatch)
    lines = [("show", ""), ("show", "ZG"), ("grant", ""), ("release", ""), ("ack", ""), ("备注", ""), ("附件", "")]
    for who, some in ((OUTSIDER, False), (HEAD, True)):
        monkeypatch.setattr("interfaces.session.os_user", lambda _path, who=who: who)
        for words in lines:
            found = [*tab(*words), *tab(*words, form="zsh")]
            assert "金丝雀" not in "".join(found) or some
            assert bool(tab(*words)) <= some, words
    assert tab("show", "") == ["1"]
    monkeypatch.setattr("interfaces.session.os_user", lambda _path: "nobody")
    assert tab("show", "") == []


def test_a_missing_a_broken_and_a_locked_database_offer_nothing(tab: Tab, tmp_path: Path) -> None:
    """In silence, without making a file, and without waiting for long."""
    missing = tmp_path / "none.db"
    assert tab._replace(path=missing)("show", "") == []
    assert not missing.exists()
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"SQLite format 3\0" + b"x" * 9000)
    assert tab._replace(path=broken)("show", "") == []
    with closing(dbapi.connect(str(tab.path), isolation_level=None)) as opened:
        opened.execute("PRAGMA locking_mode = EXCLUSIVE")
        opened.execute("BEGIN EXCLUSIVE")
        begun = time.monotonic()
        assert tab("show", "2") in ([], ["2"])  # under a write-ahead log a reader need not wait
        assert time.monotonic() - begun < 10


READ = {
    "bash": (("bash", "--norc", "--noprofile", "-i"), 'eval "$(siban completion bash)"'),
    "zsh": (("zsh", "-f", "-i"), 'autoload -Uz compinit; compinit -u -D; eval "$(siban completion zsh)"'),
    "fish": (("fish", "--no-config", "-i"), "siban completion fish | source"),
}
"""How each shell is started without anybody's settings, and told."""


@pytest.mark.parametrize("shell", READ)
def test_a_real_shell_completes(book: Path, tmp_path: Path, shell: str) -> None:
    """The script read by an interactive shell on a terminal; TAB writes the rest of the word."""
    if missing := [name for name in (shell, "setsid") if shutil.which(name) is None]:
        pytest.skip(f"completion in {shell} was not tried: no {missing[0]} on this machine")
    words, told = READ[shell]
    main, side = pty.openpty()
    env = environment() | {
        "PATH": f"{SIBAN.parent}:{os.environ['PATH']}", "TERM": "dumb", "PS1": "$ ", "LC_ALL": "C.UTF-8",
        **dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), str(tmp_path)),
    }  # fmt: skip
    command = [str(shutil.which("setsid")), "--ctty", *words]  # fish does nothing without a terminal of its own
    process = subprocess.Popen(command, stdin=side, stdout=side, stderr=side, env=env)
    os.close(side)
    shown = ""
    try:
        for typed, until in (
            (f'{told}; echo rea""dy\n', "ready\r\n"),
            (f"siban --db {book} --as 金晓 report-d\t", "report-done"),
            ("2 --evid\t", "--evidence"),
            ("\x15", ""),  # the line goes
            (f"siban --db {book} 交办 2 --主办 水务党\t", "水务党支部"),
        ):
            os.write(main, typed.encode())
            shown = heard(main, until, shown)
            assert until in shown, typed
    finally:
        process.kill()
        process.wait()
        os.close(main)


def heard(terminal: int, until: str, before: str) -> str:
    """Read from a terminal until a text comes; return all that it has shown."""
    text, end = before.encode(), time.monotonic() + 30
    while until not in text.decode(errors="replace") and time.monotonic() < end:
        if select.select([terminal], [], [], 0.5)[0]:
            text += os.read(terminal, 4096)
    return text.decode(errors="replace")
