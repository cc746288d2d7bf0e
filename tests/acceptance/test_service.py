"""`siban service`: what would be written, what systemd says of it, and that it goes in, is renewed and goes away again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import cli
from interfaces import systemd
from tests.acceptance.conftest import SIBAN, Office
from tests.acceptance.conftest import run as said
from tests.said import Said

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="systemd is Linux; the task's text is looked at there too"
)
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
NOBODY = "daemon"
ANALYZE = shutil.which("systemd-analyze") or ""


@pytest.fixture(name="desk")
def _desk(office: Office, tmp_path: Path) -> Office:
    """A database in a folder with a name that has to be written with care, and what `serve` may be given."""
    folder = tmp_path / '数据 盘%1 "$HOME'
    folder.mkdir()
    (folder / "备份").mkdir()
    for name in ("存证.key", "送达.toml", "环境"):
        (folder / name).touch()
    return Office(Path(shutil.move(office.path, folder / "局.db")))


def unit(desk: Office, *options: str) -> str:
    """Return the unit that would be written."""
    said = desk("service", "install", "--run-as", NOBODY, *options, "--dry-run")
    assert said.status == 0, said
    assert "未作任何改动" in said.err
    return said.out


def test_the_options_of_serve_are_carried_over_with_whole_paths(desk: Office) -> None:
    """Each option of `serve`, its file by its whole path; escaped as systemd reads it."""
    given = ("--every", "30", "--seal-key", "存证.key", "--backup-to", "备份", "--keep", "7", "--channels", "送达.toml")
    text = unit(desk, *given, "--environment", "环境")
    folder = str(desk.path.parent)
    escaped = folder.replace("%", "%%").replace('"', '\\"').replace("$", "$$")
    (line,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    for word in ("--db", f"{escaped}/局.db", "serve", "--every", "30", "--seal-key", f"{escaped}/存证.key"):
        assert f'"{word}"' in line
    for word in ("--backup-to", f"{escaped}/备份", "--keep", "7", "--channels", f"{escaped}/送达.toml"):
        assert f'"{word}"' in line
    assert f"User={NOBODY}\n" in text
    assert f"EnvironmentFile={folder.replace('%', '%%')}/环境\n" in text
    assert "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6" in text
    assert text.count("ReadWritePaths=") == 2
    assert "RestrictAddressFamilies=AF_UNIX\n" in unit(desk)  # nothing leaves a service that carries nothing out


@pytest.mark.skipif(not ANALYZE, reason="no systemd-analyze: the unit was NOT verified")
def test_systemd_finds_nothing_wrong_with_the_unit(office: Office, tmp_path: Path) -> None:
    """It verifies, silently; with one setting misspelt it does not."""
    (tmp_path / "b k%").mkdir()
    text = unit(office, "--backup-to", "b k%")

    def verified(text: str) -> tuple[int, str]:
        path = tmp_path / "siban-test.service"
        path.write_text(text, encoding="utf-8")
        done = subprocess.run([ANALYZE, "verify", "--man=no", path], check=False, capture_output=True, text=True)
        return done.returncode, done.stderr

    assert verified(text) == (0, "")
    assert "ProtectSystm" in verified(text.replace("ProtectSystem", "ProtectSystm"))[1]
    done = subprocess.run(
        [ANALYZE, "security", "--offline=yes", "--threshold=30", tmp_path / "siban-test.service"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1)  # 1 where this systemd knows no --offline, or the threshold is not kept
    if "Overall exposure" in done.stdout:
        assert done.returncode == 0, done.stdout


def test_the_task_for_windows_is_whole(desk: Office) -> None:
    """Well-formed, of the schema's version, one at a time, without a time limit, started again when it fails."""
    text = desk("service", "install", "--for", "windows", "--keep", "7", "--backup-to", "备份", "--dry-run").out
    root = ET.fromstring(text.replace('encoding="UTF-16"', ""))  # noqa: S314 - ours
    assert (root.tag, root.get("version")) == (f"{TASK}Task", "1.2")
    assert [part.tag.removeprefix(TASK) for part in root] == [
        "RegistrationInfo", "Triggers", "Principals", "Settings", "Actions",
    ]  # fmt: skip
    found = {part.tag.removeprefix(TASK): part.text for part in root.iter() if part.text and part.text.strip()}
    assert found["MultipleInstancesPolicy"] == "IgnoreNew"
    assert found["ExecutionTimeLimit"] == "PT0S"
    assert found["Command"] == str(SIBAN)
    arguments = str(found["Arguments"])
    assert "serve --every 60" in arguments
    assert arguments.endswith("--keep 7")
    assert root.find(f".//{TASK}BootTrigger") is not None
    user = desk("service", "install", "--for", "windows", "--user", "--dry-run").out
    assert "<LogonTrigger>" in user
    refused = desk("service", "install", "--for", "windows")
    assert (refused.status, "--dry-run" in refused.err) == (2, True)


def test_a_database_on_a_server(office: Office) -> None:
    """It needs a network, a user and a folder of its own; a password does not belong into what everybody reads."""
    server = "postgresql://siban_serve@db.bureau/bureau?sslmode=verify-full"

    def run(*words: str) -> Said:
        return said("--db", server, "service", "install", *words, "--dry-run", cwd=office.path.parent)

    text = run("--run-as", NOBODY).out
    assert f'"--db" "{server}" "serve"' in text
    assert "StateDirectory=siban-bureau-" in text
    assert "WorkingDirectory=%S/siban-bureau-" in text
    assert "AF_INET" in text
    assert "--run-as" in run().err
    server = server.replace("@", ":secret@")
    refused = run("--run-as", NOBODY)
    assert (refused.status, "PGPASSFILE" in refused.err, "secret" in refused.err) == (2, True, False)


REFUSED = {
    "no database": ((), "没有数据库", 5),
    "no key": (("--seal-key", "没有.key"), "没有 没有.key", 1),
    "root": (("--run-as", "root"), "不能以 root 运行", 1),
}


@pytest.mark.parametrize(("options", "words", "status"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_run_is_refused(office: Office, options: tuple[str, ...], words: str, status: int) -> None:
    """In one sentence, nothing written, on a dry run too."""
    if not options:
        office = Office(office.path.with_name("无.db"))
    said = office("service", "install", "--dry-run", *options)
    assert (said.status, words in said.err, said.out) == (status, True, "")


@pytest.mark.skipif(systemd.RUNNING.is_dir(), reason="systemd runs this machine")
def test_without_systemd_each_command_says_so(office: Office) -> None:
    """Exit 1 and what else to do."""
    for words in (("install", "--run-as", NOBODY), ("status",), ("remove",)):
        said = office("service", *words)
        assert (said.status, "不由 systemd 管理" in said.err, "siban tick" in said.err) == (1, True, True)


class Systemctl:
    """Stands in for systemctl: remembers what it was told, and fails at a word when asked to."""

    def __init__(self) -> None:
        """Let everything succeed."""
        self.told: list[tuple[str, ...]] = []
        self.fails = ""

    def __call__(self, *arguments: str, user_manager: bool) -> tuple[int, str]:
        """Take one command."""
        assert user_manager
        self.told.append(arguments)
        return (1, "没有这个单元") if arguments[0] == self.fails else (0, "")


def test_installed_renewed_and_removed(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A unit is put there and started; again with other options renews it; removed it is gone and the data is not."""
    systemctl, running = Systemctl(), tmp_path / "run"
    running.mkdir()
    monkeypatch.setattr(systemd, "RUNNING", running)
    monkeypatch.setattr(systemd, "call", systemctl)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run(*words: str) -> Said:
        status = cli.run(["--db", str(office.path), "service", *words])
        out, err = capfd.readouterr()
        return Said(status, out, err)

    assert run("remove", "--user").status == 1  # never installed
    assert run("install", "--user", "--dry-run").status == 0
    assert not (tmp_path / "config").exists()
    assert run("install", "--user").status == 0
    (path,) = (tmp_path / "config" / "systemd" / "user").iterdir()
    assert [words[0] for words in systemctl.told] == ["daemon-reload", "enable", "restart"]
    assert '"60"' in path.read_text(encoding="utf-8")
    assert run("install", "--user", "--every", "30").status == 0
    assert '"30"' in path.read_text(encoding="utf-8")
    found = json.loads(run("status", "--user", "-o", "json").out)
    assert (found["installed"], found["active"], found["name"]) == (True, True, path.stem)
    systemctl.fails = "is-active"
    assert run("status", "--user").status == 4
    systemctl.fails = "restart"
    said = run("install", "--user")
    assert (said.status, "没有这个单元" in said.err) == (1, True)
    before = office.path.read_bytes()
    assert run("remove", "--user", "--dry-run").status == 0
    assert path.exists()
    assert run("remove", "--user").status == 0
    assert not path.exists()
    assert office.path.read_bytes() == before
    path.write_text("[Unit]\n", encoding="utf-8")  # somebody else's
    for word in ("install", "remove"):
        said = run(word, "--user")
        assert (said.status, "不是 siban service install 写成的" in said.err) == (1, True)
    assert path.read_text(encoding="utf-8") == "[Unit]\n"


def test_root_alone_changes_the_machine(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is not root is told to add --user."""
    monkeypatch.setattr(systemd, "RUNNING", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert cli.run(["--db", str(office.path), "service", "install", "--run-as", NOBODY]) == 1
    assert cli.run(["--db", str(office.path), "service", "remove"]) == 1
