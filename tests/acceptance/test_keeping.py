"""`db backup`, `restore`, `copy`, `upgrade --dry-run`, the daily backup of `serve`: as an administrator runs them."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import cli
from tests.acceptance.conftest import SIBAN, Office, environment
from tests.people import Bureau, real
from tests.said import Said
from tests.trial import HEAD, RIVER

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and modes are POSIX")
PATIENCE = 30.0


Ask = Callable[..., Said]


@pytest.fixture(name="ask")
def _ask(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    """Run commands in this process, in the folder of a trial database, or of the one named `at`."""
    shutil.copy(made, tmp_path / "office.db")
    monkeypatch.chdir(tmp_path)

    def ask(*arguments: str, at: str = "office.db") -> Said:
        status = cli.run(["--db", at, *arguments])
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return ask


def test_a_day_of_keeping(ask: Ask, tmp_path: Path) -> None:
    """Back up, go on, look what a restore would lose, be refused, agree, verify, and move the ledger elsewhere."""
    place = tmp_path / "kept"
    made = ask("db", "backup", "--to", f"{place}/", "--keep", "2", "-o", "json").json
    assert (made["entries"] > 0, len(made["head"]), made["deleted"]) == (True, 64, [])
    words = ask("数据库", "备份", "--到", str(place)).out
    assert "已核验" in words
    assert made["head"] in words

    assert ask("--as", "o11", "备注", "1", "备份之后的一句").status == 0
    looked = ask("db", "restore", made["path"], "--dry-run", "-o", "json").json
    assert (looked["lost"], looked["dry_run"], looked["aside"], looked["same_database"]) == (1, True, None, True)
    refused = ask("db", "restore", made["path"])
    assert (refused.status, refused.err.count("\n")) == (1, 1)
    assert "又有 1 条办理记录" in refused.err
    assert "--discard-newer（--舍弃其后）" in refused.err
    done = ask("数据库", "恢复", made["path"], "--舍弃其后", "-o", "json")
    assert done.status == 0
    assert Path(done.json["aside"]).exists()
    assert "恢复备份：" in ask("log", "-n", "1").out
    assert "备份之后的一句" not in ask("log", "-n", "0").out

    moved = ask("db", "copy", "office.db", str(tmp_path / "new.db"), "-o", "json")
    assert moved.json["rows"]["event"] == made["entries"] + 1
    for ledger in ("office.db", "new.db"):
        assert ask("audit", "verify", at=ledger).status == 0
        assert ask("check", at=ledger).status == 0
    assert ask("log", "-n", "0", "-o", "json", at="new.db").json == ask("log", "-n", "0", "-o", "json").json
    assert ask("db", "upgrade", "--dry-run").out.startswith("已是最新版本")


def test_each_refusal_is_one_sentence(ask: Ask, tmp_path: Path) -> None:
    """With its exit status; nothing is made or changed by any of them."""
    ask("db", "backup", "--to", str(tmp_path / "kept.db"))
    (tmp_path / "broken.db").write_bytes((tmp_path / "kept.db").read_bytes()[:20000])
    before, names = (tmp_path / "office.db").read_bytes(), sorted(file.name for file in tmp_path.iterdir())
    for arguments, status, words in (
        (("backup", "--to", "kept.db"), 1, "不会覆盖"),
        (("backup", "--to", "a/b.db"), 5, "不存在"),
        (("backup", "--to", "new.db", "--keep", "3"), 2, "只用于备份到文件夹"),
        (("backup", "--keep", "0"), 2, "--keep"),
        (("restore", "none.db"), 5, "没有备份文件 none.db"),
        (("restore", "office.db"), 1, "就是现用的数据库"),
        (("restore", "broken.db"), 4, "没有通过核验"),
        (("copy", "office.db", "kept.db"), 1, "不会覆盖"),
        (("copy", "office.db", "office.db"), 1, "既是来源又是目标"),
        (("copy", "none.db", "new.db"), 5, "没有数据库"),
    ):
        said = ask("db", *arguments)
        assert (said.status, words in said.err) == (status, True), said
        assert said.err.splitlines()[0].endswith(("。", "：")) or status == 2, said
        assert "Traceback" not in said.err
    assert (tmp_path / "office.db").read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir() if not file.name.endswith(("-wal", "-shm"))) == names


def test_who_may(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervising unit's head may; an officer, who through a service account could, is refused and nothing is written."""
    path = tmp_path / "office.db"
    real(path, lambda _ledger: None)
    ask = Bureau(path, capsys, monkeypatch)
    kept = str(tmp_path / "kept.db")
    for user in (RIVER, "nobody"):
        for words in (("backup", "--to", kept), ("restore", str(path)), ("copy", str(path), kept)):
            said = ask(user, "db", *words)
            assert (said.status, said.out, Path(kept).exists()) == (1, "", False)
    assert ask(RIVER, "db", "backup", "--to", kept).err.startswith("无权备份、恢复或搬迁数据库")
    assert ask(HEAD, "db", "backup", "--to", kept).status == 0


def test_serve_backs_up_once_a_day(office: Office, tmp_path: Path) -> None:
    """At its first beat, verified and logged; a second start on the same day makes none; the heartbeat goes on."""
    place = tmp_path / "每日备份"
    logged = tmp_path / "serve.log"
    for _ in range(2):
        process = subprocess.Popen(
            [
                *(str(SIBAN), "--db", str(office.path), "serve", "--every", "1", "--log", str(logged)),
                *("--backup-to", str(place), "--keep", "3"),
            ],
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        assert process.stderr is not None
        lines = [process.stderr.readline()]
        while "值守中" not in lines[-1]:
            lines.append(process.stderr.readline())
        assert "同一块磁盘" in lines[0]
        try:
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end and not list(place.glob("*.backup.db")):
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)  # the second time before its first beat, it may be
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
            process.communicate()
    (made,) = place.glob("*")
    records = [json.loads(line)["record"] for line in logged.read_text(encoding="utf-8").splitlines()]
    (record,) = [one for one in records if one["message"] == "backed up and verified"]
    assert record["extra"]["path"] == str(made)
    with sqlite3.connect(f"file:{made}?mode=ro&immutable=1", uri=True) as opened:
        assert opened.execute("SELECT count(*) FROM event").fetchone() == (record["extra"]["entries"],)
    rows = {row["check"]: row for row in office("doctor", "-o", "json").json}
    assert str(made) in rows["backup"]["found"]


def test_a_daily_backup_that_fails_does_not_stop_the_heartbeat(office: Office, tmp_path: Path) -> None:
    """A ledger that does not verify is not backed up; that is logged once, and serving goes on."""
    with sqlite3.connect(office.path) as plain:
        plain.execute("UPDATE item SET title = '另一件' WHERE number = 2")
    logged = tmp_path / "serve.log"
    process = subprocess.Popen(
        [
            *(str(SIBAN), "--db", str(office.path), "serve", "--every", "1", "--log", str(logged)),
            *("--backup-to", str(tmp_path / "b")),
        ],
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    try:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not (
            logged.exists() and "backup failed" in logged.read_text(encoding="utf-8")
        ):
            time.sleep(0.05)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
    records = [json.loads(line)["record"] for line in logged.read_text(encoding="utf-8").splitlines()]
    (record,) = [one for one in records if one["message"] == "backup failed"]
    assert (record["extra"]["code"], record["extra"]["faults"]) == ("backup_faulty", 1)
    assert list((tmp_path / "b").iterdir()) == []


def test_help_has_an_example(ask: Ask) -> None:
    """Each command of the group."""
    for name in ("status", "upgrade", "backup", "restore", "copy"):
        said = ask("db", name, "--help")
        assert (said.status, "示例" in said.out) == (0, True)
