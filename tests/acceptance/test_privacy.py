"""A reporter's name, telephone and salt, and a key, run through everything: no answer, log or other table ever holds them."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback
import zipfile
from contextlib import closing, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import pytest
import xlsxwriter

import cli
from interfaces.session import Session
from storage.connection import dbapi  # a second SQLite in one process would drop the locks of the first
from tests.acceptance.conftest import SIBAN, Played, environment, run
from tests.acceptance.test_commands import COMMANDS
from tests.acceptance.test_notify import posted
from tests.said import Said
from tests.trial import build
from workflows.index import shipped_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

NAME, PHONE, KEY = "樊鸢鹂", "13977654321", "sk-canary-7f3a9c51"
OTHER, EMAIL = "阙鹓翎", "canary.finch@example.org"
HOOK = "hook-canary-5d20e8"
TYPED = (NAME, PHONE, OTHER, EMAIL, KEY)


def forms(canary: str) -> set[bytes]:
    """Return every spelling of a canary that is looked for: plain, as JSON and URLs escape it, as hex and as base64."""
    escaped = json.dumps(canary)[1:-1]
    plain = {
        canary,
        escaped,
        re.sub(r"\\u\w{4}", lambda m: m.group().upper().replace("U", "u"), escaped),
        quote(canary),
    }
    found = {text.encode() for text in plain} | {canary.encode("utf-16-le"), canary.encode("gb18030")}
    for data in (canary.encode(), canary.encode("utf-16-le")):
        found |= {data.hex().encode(), data.hex().upper().encode()}
        for shift in range(3):  # base64 of a text that holds it somewhere
            coded = base64.b64encode(bytes(shift) + data)
            inner = coded[4 if shift else 0 : len(coded) // 4 * 4 - 4]
            found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return {form for form in found if len(form) > 5}


def leaks(text: str | bytes, canaries: Sequence[str]) -> list[str]:
    """Return the canaries that a text holds in any spelling."""
    data = text.encode() if isinstance(text, str) else text
    return [canary for canary in canaries if any(form in data for form in forms(canary))]


class Cage(NamedTuple):
    """A database with canaries in it, and everything the program ever said about it."""

    path: Path
    canaries: list[str]
    said: dict[str, Said]

    def __call__(self, *arguments: str, who: str = "o11", text: str = "") -> Said:
        """Run one command line in this process and keep what it said."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        before, sys.stdin = sys.stdin, io.StringIO(text)
        try:
            with redirect_stdout(out), redirect_stderr(err):
                try:
                    status = cli.run(["--db", str(self.path), "--as", who, *arguments])
                except Exception as error:  # noqa: BLE001 - `--debug` raises; the traceback is an answer too
                    traceback.print_exception(error, file=err)
                    status = 1
        finally:
            sys.stdin = before
        kept = Said(status, *(stream.buffer.getvalue().decode() for stream in (out, err)))
        self.said[f"{len(self.said)} {' '.join(arguments)}"] = kept
        return kept

    def leaking(self) -> list[str]:
        """Return the command lines that gave a canary away."""
        return [line for line, said in self.said.items() if leaks(said.out + said.err, self.canaries)]


def importable(path: Path, rows: Sequence[Sequence[object]]) -> str:
    """Write a problem list with its reporters' columns."""
    book = xlsxwriter.Workbook(str(path))
    page = book.add_worksheet()
    for number, row in enumerate((["问题描述", "问题来源", "反映人", "联系方式"], *rows)):
        page.write_row(number, 0, row)
    book.close()
    return str(path)


@pytest.fixture(name="cage", scope="module")
def _cage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cage]:
    """Five weeks of a bureau with named reporters, then everything an officer can type, well and badly, with canaries."""
    folder = tmp_path_factory.mktemp("cage")
    path = folder / "office.db"
    build(path)
    os.environ["SIBAN_TEST_KEY"] = KEY  # whoever prints the environment gives it away
    cage = Cage(path, [], {})
    _register(cage, folder)
    with closing(dbapi.connect(str(path))) as opened:
        rows = opened.execute("SELECT name, contact, salt FROM reporter").fetchall()
    # `build` salts with one known text; only the counter's own salts are secret
    cage.canaries.extend({text for row in rows for text in row if text and text != "ab" * 16} | {*TYPED})
    _act(cage)
    _ask(cage, folder)
    yield cage
    del os.environ["SIBAN_TEST_KEY"]


def _register(cage: Cage, folder: Path) -> None:
    """Take reporters in by every door, and try every mistake at it."""
    item = ("--title", "路灯不亮", "--source", "群众反映")
    who = ("--反映人", NAME, "--联系方式", PHONE)
    for form in ("text", "json", "jsonl", "csv"):
        cage("登记", *item, *who, "--dry-run", "-o", form)
        assert cage("登记", *item, *who, "-o", form, "--command-id", f"letter-{form}").status == 0
    assert cage("登记", *item, "--反映人", "-", "--联系方式", "-", text=f"{OTHER}\n{EMAIL}\n").status == 0
    assert cage("登记", "--流程", "petition", "--title", "来信", *who).status == 0
    assert cage("登记", *item, *who, "--draft").status == 0
    photo = folder / "a.jpg"
    photo.write_bytes(b"jpg")
    mended = ("--outcome", "已当场整改到位。", "--evidence", str(photo), "--told", "reporter", "--answered-by", "电话",
              "--answer-text", "已当场整改到位，请监督。")  # fmt: skip
    for dry in (("--dry-run",), ()):
        assert cage("即办", *item, *who, *mended, *dry).status == 0
    good = importable(folder / "good.xlsx", [["井盖缺失", "群众反映", OTHER, EMAIL], ["积水", "群众反映", NAME, PHONE]])
    bad = importable(
        folder / "bad.xlsx",
        [
            ["井盖缺失", "群众反映", f"{NAME}\x1b", PHONE],
            ["", "群众反映", OTHER, int(PHONE + "12345")],
            ["积水", "没有这种来源", NAME * 300, f"{EMAIL}\u202e"],
        ],
    )
    for form in ("table", "json", "csv"):
        cage("import", good, "--dry-run", "-o", form)
        assert cage("import", bad, "-o", form).status == 4
    assert cage("import", good).status == 0
    for number, mistake in enumerate(
        (
            (*item, "--反映人", NAME + "\x1b[31m"),
            (*item, "--反映人", NAME * 300),
            (*item, "--反映人", "樊 鸢", PHONE, *who),
            (*item, *who, NAME),
            (*item, f"--联系={PHONE}"),
            ("--source", "群众反映", *who),
            ("--title", "一", "--source", "没有这种", *who),
            (*item, *who, "--command-id", f"letter-{PHONE}"),
            (*item, *who, "--command-id", "letter-text"),
            (*item, *who, "--done-at", "2099-01-01"),
            (*item, *who, "--主办", "没有这个单位"),
        )
    ):
        for debug in ((), ("--debug",)):
            assert cage(*debug, "登记", *mistake).status != 0, number
    cage("--at", "1999-01-01", "登记", *item, *who)


def _act(cage: Cage) -> None:
    """Try every verb on every item with named reporters, look at one reporter, and fail to look."""
    for entry in shipped_index().values():
        for act in entry["verbs"]:
            if not act["new"]:
                cage(act["name"].replace("_", "-"), "1", "--dry-run")
                cage(act["title"], "13")
    cage("交办", "13", "--清单", "即知即改的问题", "--主办单位", "河道署", "--责任人", "金晓")
    cage("签收", "13", who="金晓")
    cage("首次联系", "13", who="金晓")
    cage("request", "extension", "13", "--until", "2023-12-01", "--reason", "雨天", who="金晓")
    for number in ("1", "13"):
        cage("comment", number, "已电话联系")
    for who in ("金晓", "龚伟杰", "陆志恒"):
        cage("reveal", "13", who=who)
        cage("reveal", "13", "--reason", f"问{NAME}", who=who)
        cage("redact", "13", "--reason", f"{PHONE}要求", who=who)
    cage("reveal", "2", "--reason", "回访")
    with closing(dbapi.connect(str(cage.path))) as opened:
        (number,) = opened.execute("SELECT min(number) FROM notice WHERE acked_at IS NULL").fetchone()
        papers = [str(n) for (n,) in opened.execute("SELECT number FROM notice WHERE status = 'draft' LIMIT 2")]
    cage("ack", str(number))
    cage("release", *papers[:1])
    cage("withhold", *papers[1:], "--reason", "已约谈")
    cage("grant", "13-1", who="倪国平")
    cage("refuse", "13-1", "--opinion", "不同意", who="倪国平")
    cage("attach", "13", str(cage.path.with_name("a.jpg")))
    cage("correct", "13", "--field", "title", "--to", "路灯不亮了", "--reason", "错别字")
    for field in ("reporter", "contact"):  # corrected, it would stand in the record
        assert cage("correct", "13", "--field", field, "--to", NAME, "--reason", "错别字").status != 0
    cage("do", "13")


def _ask(cage: Cage, folder: Path) -> None:
    """Ask every question in every form."""
    questions = [
        ("list", "-n", "0"), ("list", "-n", "0", "--text", "路灯"), ("show", "1"), ("show", "13"), ("show", "13", "--proof"),
        ("log", "-n", "0"), ("log", "13", "--proof"), ("log", "--result", "refused"), ("explain", "13"), ("todo",),
        ("list", "-n", "0", "--as-of", "2023-06-10"), ("show", "1", "--as-of", "2023-06-10"),
        ("explain", "13", "--spent"), ("forecast", "--until", "2023-07-30", "-n", "0"), ("report",), ("org", "show"),
        ("calendar", "show"), ("workflow", "show"), ("db", "status"), ("doctor",), ("notify", "status"), ("project", "list"),
        ("report", "conduct"), ("report", "conduct", "--drill", "补录"), ("campaign", "show", "2"), ("report", "tasks"),
        ("list", "--of", "13"), ("list", "--exemplary"),
    ]  # fmt: skip
    for question in questions:
        for form in ("table", "json", "jsonl", "csv", "tsv"):
            cage(*question, "-o", form)
    for item, title in (("1", "卷宗"), ("13", "卷宗"), ("1", "销号申请表"), ("7", "红色督办单")):
        assert cage("paper", item, title, "--to", str(folder / f"{item}-{title}.docx")).status == 0
        cage("paper", item, "-o", "json")
        cage("evidence", item, "-o", "json")
    key, sealed, exported = (str(folder / name) for name in ("audit.key", "a.seal", "record.jsonl"))
    for command in (
        (), ("check",), ("audit", "verify"), ("audit", "verify", "--report", str(folder / "核验结论.txt")), ("completion", "bash"),
        ("export", str(folder / "台账.xlsx")), ("tick",), ("db", "upgrade"), ("workflow", "diagram"), ("--debug", "check"),
        ("audit", "key", "new", key), ("audit", "seal", "--key", key, "--out", sealed), ("audit", "export", exported),
    ):  # fmt: skip
        assert cage(*command).status == 0, command
    # the key that was just made must be in nothing that was said, in the seal or in the export
    cage.canaries.append((folder / "audit.key").read_text(encoding="utf-8").strip())


def test_no_answer_gives_a_canary_away(cage: Cage) -> None:
    """Acts, refusals, dry runs, mistakes with and without --debug, questions in every form."""
    assert cage.leaking() == []
    assert len(cage.said) > 250
    for line in ("show 13 -o table", "log -n 0 -o json", "report -o table", "forecast --until 2023-07-30 -n 0 -o csv"):
        assert [said.status for name, said in cage.said.items() if name.endswith(line)] == [0]


def test_no_paper_gives_a_canary_away(cage: Cage) -> None:
    """No part of any Word file that was printed holds one; the masked name is in the dossier."""
    papers = list(cage.path.parent.glob("*.docx"))
    assert len(papers) == 4
    for path in papers:
        with zipfile.ZipFile(path) as parts:
            assert [name for name in parts.namelist() if leaks(parts.read(name), cage.canaries)] == []
    with zipfile.ZipFile(cage.path.parent / "13-卷宗.docx") as parts:
        assert "樊**，139****4321" in parts.read("word/document.xml").decode()


def test_what_is_shown_is_masked(cage: Cage) -> None:
    """The page tells two reporters apart, and no more."""
    shown = {line.partition(" ")[2]: said.out for line, said in cage.said.items()}
    assert "樊**，139****4321" in shown["show 13 -o table"]
    told = json.loads(shown["show 13 -o json"])
    assert (told["reporter"], told["contact"]) == ("樊**", "139****4321")


def test_every_command_was_tried(cage: Cage) -> None:
    """A new command must be run through here as well, but for what has a test of its own or never meets an item."""
    apart = {"demo", "init", "serve", "service"}
    names = {
        title: act["name"] for entry in shipped_index().values() for act in entry["verbs"] for title in [act["title"]]
    }
    names |= {chinese: name for name, (chinese, *_) in cli.FIXED.items()}
    tried = set()
    for line in cage.said:
        words = [word for word in line.split()[1:] if word != "--debug"] or ["todo"]
        tried.add(names.get(words[0], words[0].replace("-", "_")))
    known = {name.replace("-", "_") for name, command in COMMANDS.items() if " " not in name}
    assert known - tried == apart


def test_a_canary_would_be_found(cage: Cage) -> None:
    """Control: in each spelling; and what `reveal` shows, shows."""
    for wrap in (
        str, json.dumps, quote, lambda c: c.encode().hex(), lambda c: base64.b64encode(f"ab{c}c".encode()).decode(),
        lambda c: base64.b64encode(f"x{c}yz".encode()).decode(), lambda c: base64.b64encode(c.encode()).decode(),
    ):  # fmt: skip
        for canary in TYPED:
            assert leaks(f"… {wrap(canary)} …", cage.canaries) == [canary], (wrap, canary)
    other = cage._replace(said={})
    assert other("reveal", "13", "--reason", "电话回访").status == 0
    assert len(other.leaking()) == 1
    assert NAME in next(iter(other.said.values())).out


def _tables(path: Path) -> dict[str, str]:
    with closing(dbapi.connect(str(path))) as opened:
        names = [name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: repr(opened.execute(f"SELECT * FROM {name}").fetchall()) for name in names}  # noqa: S608 - names of ours


def test_no_other_table_holds_a_canary(cage: Cage) -> None:
    """Record, ledger, notices, rungs, policy, settings; control: the side table does."""
    tables = _tables(cage.path)
    assert {name for name, text in tables.items() if leaks(text, cage.canaries)} == {"reporter"}
    assert set(tables) >= {"event", "item", "notice", "rung", "policy", "meta"}


def test_no_file_beside_the_database_holds_a_canary(cage: Cage) -> None:
    """The lock's note names the command without its arguments; attachments and what else lies there hold nothing."""
    beside = [
        one for one in cage.path.parent.rglob("*") if one.is_file() and one != cage.path and one.suffix not in (".xlsx", ".key")
        and not one.name.endswith(("-wal", "-shm"))
    ]  # fmt: skip
    assert {"office.db.lock", "a.seal", "record.jsonl"} <= {one.name for one in beside}
    assert [one.name for one in beside if leaks(one.read_bytes(), cage.canaries)] == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_the_log_of_serve_holds_none(cage: Cage, tmp_path: Path) -> None:
    """Over a beat that fires and one that fails: the record refuses an entry for want of a table."""
    copy, log = tmp_path / "office.db", tmp_path / "serve.log"
    with closing(dbapi.connect(str(cage.path))) as source, closing(dbapi.connect(str(copy))) as target:
        source.backup(target)
        target.execute("UPDATE meta SET value = ? WHERE name = 'clock'", (str(int(time.time() * 1e6)),))
        target.execute("CREATE TRIGGER broken BEFORE INSERT ON notice BEGIN SELECT RAISE(ABORT, 'broken'); END")
        target.commit()
    process = subprocess.Popen(
        [str(SIBAN), "--db", str(copy), "serve", "--every", "1", "--log", str(log)],
        stderr=subprocess.PIPE, text=True, env=environment() | {"SIBAN_TEST_KEY": KEY},
    )  # fmt: skip
    assert process.stderr is not None
    assert "值守中" in process.stderr.readline()
    heard = process.stderr.readline()  # the beat that failed says so
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=30)
    assert heard
    assert leaks(heard + rest + (log.read_text(encoding="utf-8") if log.exists() else ""), cage.canaries) == []


@pytest.mark.parametrize("content", ["numbers", "names", "titles"])
def test_no_notice_that_leaves_the_house_holds_one(
    cage: Cage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    """Over a service and into a plain log, taken and refused: not a byte of what is sent, kept or said, whatever it may say.

    The address of a service is a secret too: it is called, and stands nowhere else.
    """
    copy, log, where = (tmp_path / name for name in ("office.db", "通知.log", "送达.toml"))
    with closing(dbapi.connect(str(cage.path))) as source, closing(dbapi.connect(str(copy))) as target:
        source.backup(target)
    mine = Cage(copy, [*cage.canaries, HOOK], {})
    with posted() as post:
        monkeypatch.setenv("SIBAN_TEST_TARGET", f"json://127.0.0.1:{post.server_port}/{HOOK}")
        where.write_text(
            f'hours = "any"\ncontent = "{content}"\nallow = ["http://127.0.0.1:{post.server_port}"]\n'
            f'[targets.post]\nurl = "env:SIBAN_TEST_TARGET"\n[targets.log]\nfile = "{log.name}"\n'
            '[receivers]\n"*" = ["post", "log"]\n',
            encoding="utf-8",
        )
        send = ("notify", "send", "--channels", str(where))
        assert mine(*send).status == 0  # what was told before stays
        # a message about items with reporters, beside those that the calendar brings
        assert (
            mine(
                "--at",
                "2023-06-15 09:00",
                "交办",
                "14",
                "--清单",
                "即知即改的问题",
                "--主办单位",
                "河道署",
                "--责任人",
                "金晓",
            ).status
            == 0
        )
        assert mine(*send).status == 0
        post.fails_every = 1
        assert mine("--at", "2023-07-14 10:00", "tick").status == 0
        mine(*send)
        post.fails_every = 0
        for question in (
            ("notify", "status"),
            ("notify", "status", "-o", "json"),
            ("notify", "test", "post", "--channels", str(where)),
            ("doctor",),
        ):
            mine(*question)
        assert mine("--at", "2023-07-15 10:00", *send).status == 0
        heard = b"\n".join(post.heard)
    assert len(post.taken) > 5
    messages = "".join(text for _, text in post.taken)
    assert all(serial in messages + log.read_text(encoding="utf-8") for serial in ("ZG2023-0013", "ZG2023-0014"))
    assert ("路灯不亮" in messages) == (content == "titles")
    assert heard.count(HOOK.encode()) == len(post.heard), "once a message, in its address"
    assert leaks(heard.replace(f"/{HOOK}".encode(), b""), mine.canaries) == []
    assert leaks(log.read_bytes(), mine.canaries) == []
    assert mine.leaking() == []
    assert {name for name, text in _tables(copy).items() if leaks(text, mine.canaries)} == {"reporter"}


def test_what_cannot_be_recorded_is_not_shown(cage: Cage, tmp_path: Path) -> None:
    """Where the file cannot grow, `reveal` ends with a sentence and shows nothing."""
    resource = pytest.importorskip("resource")
    copy = tmp_path / "office.db"
    with closing(dbapi.connect(str(cage.path))) as source, closing(dbapi.connect(str(copy))) as target:
        source.backup(target)
    limit: Callable[[], None] = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # noqa: E731
    done = subprocess.run(
        [str(SIBAN), "--db", str(copy), "--as", "o11", "reveal", "13", "--reason", "答复来电"],
        capture_output=True, env=environment(), preexec_fn=limit, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 5
    assert done.stdout == b""
    assert leaks(done.stderr, cage.canaries) == []
    assert run("--db", str(copy), "log", "13", "--动作", "查看反映人", "--结果", "办成").out.count("答复来电") == 0


@pytest.mark.parametrize(
    ("arguments", "who", "status", "words"),
    [
        (("reveal", "13"), "方文静", 1, "理由"),
        (("reveal", "13", "--理由", " "), "方文静", 1, "理由"),
        (("查看反映人", "13", "--理由", "问一问"), "龚伟杰", 1, "无权查看反映人"),
        (("redact", "13", "--理由", "期满"), "徐晨", 1, "无权清除反映人信息"),
        (("reveal", "2", "--理由", "回访"), "方文静", 1, "没有登记反映人"),
        (("reveal", "999", "--理由", "回访"), "方文静", 1, "没有事项"),
        (("reveal", "13", "--理由", f"回访{NAME}"), "方文静", 2, "理由中不能写"),
    ],
)
def test_a_refusal_is_one_sentence(cage: Cage, arguments: tuple[str, ...], who: str, status: int, words: str) -> None:
    """With the right exit status, on standard error, and nothing shown."""
    said = cage._replace(said={})(*arguments, who=who)
    assert (said.status, said.out) == (status, "")
    assert words in said.err
    assert said.err.count("\n") == 1
    assert leaks(said.err, cage.canaries) == []


def test_the_demo_gives_no_reporter_away(played: Played) -> None:
    """What it shows does as it says: nobody is addressed by name in an answer, which the record would keep."""
    path, said = played
    with closing(dbapi.connect(str(path))) as opened:
        rows = opened.execute("SELECT name, contact, salt FROM reporter").fetchall()
    canaries = [text for row in rows for text in row if text]
    assert len(canaries) > 30
    assert leaks(said.out + said.err, canaries) == []
    assert {name for name, text in _tables(path).items() if leaks(text, canaries)} == {"reporter"}


def test_erased_from_every_byte_and_the_record_still_verifies(cage: Cage, tmp_path: Path) -> None:
    """All reporters redacted at the counter: no file of the database holds any of them; `check` and `audit verify` agree."""
    copy = tmp_path / "office.db"
    with closing(dbapi.connect(str(cage.path))) as source, closing(dbapi.connect(str(copy))) as target:
        source.backup(target)
    mine = Cage(copy, leaks(copy.read_bytes(), cage.canaries), {})
    assert len(mine.canaries) == len(cage.canaries) - 2  # all but the two keys
    session = Session(str(copy), "o11")  # a second program has it open all the while
    with session.store.read() as reader:
        numbers = [n for n in range(1, reader.next_item()) if reader.reporter(n)]
    for number in numbers:
        assert mine("清除反映人信息", str(number), "--理由", "保存期限已满").status == 0
    for one in tmp_path.iterdir():
        assert leaks(one.read_bytes(), mine.canaries) == [], one.name
    assert (tmp_path / "office.db").read_bytes().count("保存期限已满".encode()) >= len(numbers)
    session.close()
    assert mine("check").status == 0
    assert mine("audit", "verify").status == 0
    assert "反映人  （已清除）" in re.sub(r" {2,}", "  ", mine("show", "13").out)
    again = mine("reveal", "13", "--reason", "回访")
    assert (again.status, again.out) == (1, "")
    assert "已经清除" in again.err
    assert mine.leaking() == []
