"""The audit's commands as an officer and an auditor run them: real processes, real files, one clear sentence for each fault."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path  # noqa: TC003 - a field of a named tuple
from typing import NamedTuple

import pytest

from tests.acceptance.conftest import SIBAN, START, Office, environment
from tests.said import Said

PATIENCE = 30.0


class Desk(NamedTuple):
    """An office with a key, a seal taken away, an export and the stand-alone verifier beside it."""

    office: Office
    folder: Path
    public: str

    def verify(self, *arguments: str) -> Said:
        """Run `audit verify` with the key."""
        return self.office("audit", "verify", "--key", self.public, *arguments)

    def alone(self, *arguments: str, export: str = "export.jsonl") -> Said:
        """Run the handed-out file by itself: isolated, in another folder, with nothing of ours on the path."""
        done = subprocess.run(
            [sys.executable, "-I", str(self.folder / "verifier.py"), str(self.folder / export), *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment(),
            cwd="/",
            check=False,
            timeout=60,
        )
        return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture(name="desk")
def _desk(office: Office, tmp_path: Path) -> Desk:
    new = office("audit", "key", "new", str(tmp_path / "audit.key"), "--name", "审计")
    assert new.status == 0, new
    sealed = office(
        "--at", START, "audit", "seal", "--key", str(tmp_path / "audit.key"), "--out", str(tmp_path / "one.seal")
    )
    assert sealed.status == 0, sealed
    assert office("audit", "export", str(tmp_path / "export.jsonl")).status == 0
    assert office("审计", "核验程序", str(tmp_path / "verifier.py")).status == 0
    return Desk(office, tmp_path, new.out.strip())


def one_sentence(said: Said, status: int, *parts: str) -> None:
    """A refusal is one line on standard error, says what is meant, and shows no inside."""
    assert said.status == status, said
    assert len(said.err.strip().splitlines()) == 1, said.err
    assert all(part in said.err for part in parts), said.err
    assert "Traceback" not in said.err
    assert not said.out


def one_fault(said: Said, *parts: str) -> None:
    """A verification lists its faults, one a line below a heading; here it is one."""
    assert said.status == 4, said
    lines = said.err.strip().splitlines()
    assert len(lines) == 2, said.err
    assert all(part in lines[1] for part in parts), said.err


def test_a_sealed_record_verifies_both_ways(desk: Desk) -> None:
    """With key and seal: the same sentence from the program and from the file that stands alone."""
    here = desk.verify("--seal", str(desk.folder / "one.seal"))
    alone = desk.alone("--key", desk.public, "--seal", str(desk.folder / "one.seal"))
    assert (here.status, alone.status) == (0, 0), (here, alone)
    assert here.out == alone.out
    assert "存证 1 份" in here.out
    assert "未核对签名" in desk.alone().out
    assert "未核对签名" in desk.office("audit", "verify").out
    note = (desk.folder / "one.seal").read_text(encoding="utf-8")
    assert note.startswith("siban-trial/")
    assert "time 2023-05-08T09:00:00+08:00" in note
    assert "— 审计 " in note


def test_a_seal_without_a_file_is_shown(desk: Desk) -> None:
    """The text on standard output, to be printed or mailed, is the seal byte for byte."""
    said = desk.office("audit", "seal", "--key", str(desk.folder / "audit.key"))
    assert said.status == 0
    assert "第 2 号存证" in said.err
    (desk.folder / "two.seal").write_text(said.out, encoding="utf-8")
    assert desk.verify("--seal", str(desk.folder / "two.seal"), "--seal", str(desk.folder / "one.seal")).status == 0
    assert "存证" in desk.office("log").out


def test_keys_and_files_are_for_their_owner_and_never_overwritten(desk: Desk) -> None:
    """Mode 0600; what is there stays."""
    key = desk.folder / "audit.key"
    before = key.read_bytes()
    for path in (key, desk.folder / "export.jsonl", desk.folder / "one.seal"):
        assert path.stat().st_mode & 0o777 == 0o600
    one_sentence(desk.office("audit", "key", "new", str(key)), 1, "已经存在")
    one_sentence(desk.office("audit", "export", str(key)), 1, "已经存在")
    one_sentence(desk.office("audit", "verifier", str(key)), 1, "已经存在")
    assert key.read_bytes() == before
    assert key.read_text(encoding="utf-8") not in (desk.folder / "export.jsonl").read_text(encoding="utf-8")
    one_sentence(desk.office("audit", "key", "new", str(desk.folder / "x"), "--name", "a b"), 2, "名称")


def test_a_key_that_others_can_read_is_not_used(desk: Desk) -> None:
    """One sentence with the mode and what to do, nothing sealed; `serve` refuses it before its first beat."""
    key = desk.folder / "audit.key"
    key.chmod(0o640)
    for command in (("audit", "seal", "--key", str(key)), ("serve", "--seal-key", str(key))):
        one_sentence(desk.office(*command), 1, "他人也能读取", "0640", "chmod 600")
    assert "存证 1 份" in desk.verify().out


def test_a_key_that_is_none(desk: Desk) -> None:
    """Neither a public key nor a text signs; a private key verifies nothing."""
    public = desk.folder / "public"
    public.write_text(desk.public, encoding="utf-8")
    public.chmod(0o600)
    one_sentence(desk.office("audit", "seal", "--key", str(public)), 2, "不是私钥")
    one_sentence(desk.office("audit", "seal", "--key", str(desk.folder / "none")), 2, "没有这个文件")
    for given, part in (
        (str(desk.folder / "audit.key"), "是私钥"),
        (str(desk.folder / "none"), "没有文件"),
        ("a+b+c", "没有文件"),
    ):
        one_sentence(desk.office("audit", "verify", "--key", given), 2, part)
        one_sentence(desk.alone("--key", given), 2, part)
    assert desk.office("audit", "verify", "--key", str(public)).status == 0


def test_a_seal_by_an_unknown_key(desk: Desk) -> None:
    """Who signed is not among the keys that were given."""
    other = desk.office("audit", "key", "new", str(desk.folder / "other.key"), "--name", "审计").out.strip()
    one_fault(desk.office("audit", "verify", "--key", other), "存证 1", "没有用所给公钥的签名")
    one_sentence(Said(*desk.alone("--key", other)), 4, "没有用所给公钥的签名")


def test_a_signature_that_does_not_hold(desk: Desk) -> None:
    """The text of a seal that was taken away has been changed since."""
    forged = desk.folder / "forged.seal"
    forged.write_text(
        (desk.folder / "one.seal").read_text(encoding="utf-8").replace("09:00:00", "09:00:01"), encoding="utf-8"
    )
    for said in (desk.verify("--seal", str(forged)), desk.alone("--key", desk.public, "--seal", str(forged))):
        assert said.status == 4
        assert "签名不成立" in said.err
    cut = desk.folder / "cut.seal"
    cut.write_text((desk.folder / "one.seal").read_text(encoding="utf-8")[:-9], encoding="utf-8")
    one_sentence(desk.alone("--key", desk.public, "--seal", str(cut)), 4, "不是完整的存证文本")
    one_sentence(desk.alone("--key", desk.public, "--seal", str(desk.folder / "none")), 2, "没有文件")


def test_a_seal_larger_than_the_record(desk: Desk) -> None:
    """The record was put back to an older copy: a seal from elsewhere covers more than there is."""
    older = Office(desk.folder / "older.db")
    older.path.write_bytes(desk.office.path.read_bytes())
    assert (
        desk.office(
            "audit", "seal", "--key", str(desk.folder / "audit.key"), "--out", str(desk.folder / "two.seal")
        ).status
        == 0
    )
    said = older("audit", "verify", "--key", desk.public, "--seal", str(desk.folder / "two.seal"))
    assert said.status == 4
    assert "后面的记录已被删去" in said.err
    alone = desk.alone("--key", desk.public, "--seal", str(desk.folder / "two.seal"))
    assert alone.status == 4
    assert "后面的记录已被删去" in alone.err


@pytest.mark.parametrize("end", [0, 1, 200, -1, -2, -300], ids=str)
def test_an_export_cut_short(desk: Desk, end: int) -> None:
    """Wherever it was cut: one sentence, and nothing else is claimed of it."""
    whole = (desk.folder / "export.jsonl").read_bytes()
    (desk.folder / "cut.jsonl").write_bytes(whole[:end])
    one_sentence(desk.alone("--key", desk.public, export="cut.jsonl"), 4, "导出文件不完整")


def test_an_export_with_a_line_nobody_knows(desk: Desk) -> None:
    """What is not understood is not passed over."""
    import hashlib  # noqa: PLC0415 - for this case

    *lines, _ = (desk.folder / "export.jsonl").read_bytes().splitlines(keepends=True)
    lines.insert(2, b'{"kind":"other"}\n')
    end = {"kind": "end", "lines": len(lines), "sha256": hashlib.sha256(b"".join(lines)).hexdigest()}
    (desk.folder / "odd.jsonl").write_bytes(b"".join(lines) + json.dumps(end, separators=(",", ":")).encode() + b"\n")
    one_sentence(desk.alone("--key", desk.public, export="odd.jsonl"), 4, "第 3 行", "看不懂")
    one_sentence(desk.alone(export="none.jsonl"), 2, "没有文件")


def test_a_witness_keeps_the_last_seal_it_saw(desk: Desk) -> None:
    """It moves on to a record that goes on from there; one that went back or another way is told, and it stays where it was."""
    state = desk.folder / "state"
    one_sentence(desk.alone("--witness", str(state)), 2, "公钥")
    assert desk.alone("--key", desk.public, "--witness", str(state)).status == 0
    first = state.read_text(encoding="utf-8")
    assert first == (desk.folder / "one.seal").read_text(encoding="utf-8")
    older = desk.office.path.read_bytes()
    assert desk.office("--as", "o13", "comment", "1", "已到现场").status == 0
    assert desk.office("audit", "seal", "--key", str(desk.folder / "audit.key")).status == 0
    assert desk.office("audit", "export", str(desk.folder / "two.jsonl")).status == 0
    assert desk.alone("--key", desk.public, "--witness", str(state), export="two.jsonl").status == 0
    second = state.read_text(encoding="utf-8")
    assert second != first
    back = desk.alone("--key", desk.public, "--witness", str(state))
    assert back.status == 4
    assert "后面的记录已被删去" in back.err
    desk.office.path.write_bytes(older)
    assert desk.office("--as", "o13", "comment", "1", "另一种说法").status == 0
    assert desk.office("audit", "seal", "--key", str(desk.folder / "audit.key")).status == 0
    assert desk.office("audit", "export", str(desk.folder / "other.jsonl")).status == 0
    other = desk.alone("--key", desk.public, "--witness", str(state), export="other.jsonl")
    assert other.status == 4
    assert "其中有记录被改动" in other.err
    assert state.read_text(encoding="utf-8") == second


def test_nothing_is_sealed_that_does_not_verify(desk: Desk) -> None:
    """A record that was changed is not given a seal, nor is one that the last seal is no beginning of."""
    with sqlite3.connect(desk.office.path) as opened:
        opened.execute("DROP TRIGGER event_stays")
        opened.execute("UPDATE event SET decider = 'o99' WHERE seq = 5")
    said = desk.office("audit", "seal", "--key", str(desk.folder / "audit.key"), "--out", str(desk.folder / "two.seal"))
    assert said.status == 4
    assert "未作存证" in said.err
    assert "第 5 号办理记录" in said.err
    assert not (desk.folder / "two.seal").exists()
    assert desk.verify().status == 4


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_heartbeat_seals_once_a_day(office: Office, tmp_path: Path) -> None:
    """At its first beat, since nothing is sealed yet; at the next ones not again. The seal verifies."""
    public = office("audit", "key", "new", str(tmp_path / "key")).out.strip()
    process = subprocess.Popen(
        [
            str(SIBAN),
            "--db",
            str(office.path),
            "serve",
            "--every",
            "1",
            "--seal-key",
            str(tmp_path / "key"),
            "--log",
            str(tmp_path / "log"),
        ],
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        end, count = time.monotonic() + PATIENCE, 0
        while time.monotonic() < end and count == 0:
            with sqlite3.connect(office.path) as opened:
                count = opened.execute("SELECT count(*) FROM seal").fetchone()[0]
            time.sleep(0.05)
        beats = time.monotonic() + 2.5
        while time.monotonic() < beats:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.communicate()
    said = office("audit", "verify", "--key", public)
    assert said.status == 0, said
    assert "存证 1 份" in said.out
    assert "尚无存证" not in said.out
    assert '"sealed"' in (tmp_path / "log").read_text(encoding="utf-8")
    assert os.stat(tmp_path / "log").st_mode & 0o777 == 0o600  # noqa: PTH116 - beside a heartbeat's log
