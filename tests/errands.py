"""Twelve commands of an office's day, to be cut off, starved and contradicted, on one prepared trial database."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.clock import parse_instant
from storage.sqlite import open_store
from tests.said import Said
from tests.trial import CLERK, HEAD, RIVER, RIVER_TOO, Ledger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SIBAN = Path(sys.executable).with_name("siban.exe" if os.name == "nt" else "siban")
ALTERED = Path(__file__).with_name("altered.py")
DATABASE, PHOTO, LIST, KEY = "office.db", "照片.jpg", "清单.csv", "存证.key"
MORNING = "2023-06-21 09:00"  # a week after the ledger's end: things have come due that nobody has recorded yet


class Errand(NamedTuple):
    """A command line; done `once` when it carries a command id, so that it may be given again in doubt."""

    name: str
    arguments: tuple[str, ...]
    once: bool = True


def _act(name: str, who: str, *arguments: str, once: bool = True) -> Errand:
    named = ("--command-id", f"once-{name}") if once else ()
    return Errand(name, ("--as", who, *arguments, *named), once)


ERRANDS: tuple[Errand, ...] = (
    _act("register", CLERK, "登记", "--title", "河面漂浮垃圾", "--source", "学习研讨"),
    _act("assign", HEAD, "交办", "10", "--清单", "即知即改的问题", "--主办单位", "河道署", "--责任人", "金晓"),
    _act("sign", RIVER, "签收", "9"),
    _act("report_done", RIVER_TOO, "报办结", "7", "--整改情况", "公示牌已全部更新", "--办理结果", "已解决", "--佐证材料", PHOTO),
    _act("request", RIVER, "申请", "延期", "5", "--延期至", "2023-08-10", "--理由", "连续降雨无法施工", "--进展情况", "护岸已完成过半"),
    _act("grant", HEAD, "同意", "13-1"),
    _act("comment", CLERK, "备注", "12", "已与街道沟通", once=False),
    _act("attach", RIVER, "附件", "12", PHOTO, once=False),
    _act("import", CLERK, "导入", LIST, "--source", "学习研讨", once=False),
    _act("tick", HEAD, "巡查", once=False),
    _act("redact", HEAD, "清除反映人信息", "1", "--理由", "反映人要求删除", once=False),
    _act("seal", HEAD, "审计", "存证", "--key", KEY, once=False),
)  # fmt: skip
BY_NAME = {errand.name: errand for errand in ERRANDS}


def prepare(folder: Path, built: Path) -> None:
    """Lay out a folder with a copy of the trial ledger (`built`), a request to be answered, and the files the errands take."""
    shutil.copy(built, folder / DATABASE)
    store = open_store(folder / DATABASE)
    ledger = Ledger.resumed(store)
    ledger.ask(CLERK, "void", ledger.register(title="重复登记"), reason="与第九号事项重复")
    with store.write() as writer:
        writer.put_setting("clock", str(parse_instant(MORNING)))
    store.close()
    (folder / PHOTO).write_bytes("整改后".encode() * 5000)
    (folder / LIST).write_text("问题\n路灯不亮\n井盖缺失\n护栏破损\n", encoding="utf-8")
    run(folder, ("审计", "key", "new", KEY))


def environment() -> Mapping[str, str]:
    """Return an environment without settings of ours, in which Python writes nothing of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIBAN_") and name != "COLUMNS"}
    return kept | {"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def program(*alterations: str) -> list[str]:
    """Return how the command is started: as it is, or altered for a control (`tests/altered.py`)."""
    return [sys.executable, str(ALTERED), ",".join(alterations)] if alterations else [str(SIBAN)]


def line(folder: Path, arguments: Sequence[str], *alterations: str) -> list[str]:
    """Return the whole command line on a folder's database."""
    return [*program(*alterations), "--db", str(folder / DATABASE), *arguments]


def start(folder: Path, command: Sequence[str]) -> subprocess.Popen[str]:
    """Start a command in a folder."""
    return subprocess.Popen(
        command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> Said:
    """Wait for a command and return how it ended."""
    out, err = process.communicate(timeout=120)
    return Said(process.returncode, out, err)


def run(folder: Path, arguments: Sequence[str], *alterations: str) -> Said:
    """Run a command on a folder's database."""
    return ended(start(folder, line(folder, arguments, *alterations)))
