"""The offline bundle: what it is made of, what the installer refuses, and (slow) that it installs with the network cut off."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import ROOT

if TYPE_CHECKING:
    from types import ModuleType

OFFLINE = ROOT / "scripts" / "offline"
A_MINUTE = 60.0


def loaded(path: Path) -> ModuleType:
    """Load a program that has no ending as a module."""
    spec = importlib.util.spec_from_loader(path.stem, SourceFileLoader(path.stem, str(path)))
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    assert spec.loader is not None
    spec.loader.exec_module(module)
    return module


@pytest.fixture(name="bundle", scope="module")
def _bundle() -> ModuleType:
    """The program that builds bundles."""
    return loaded(ROOT / "scripts" / "bundle")


def test_each_target_gets_the_pins_of_its_own_machine(bundle: ModuleType) -> None:
    """Markers are judged for the target: pip would judge them for the machine that builds."""
    names = {
        target: {name.split("==")[0] for name, hashes in bundle.wanted(target, "3.11") if hashes.startswith("--hash=")}
        for target in bundle.TARGETS
    }
    assert names["linux-x86_64"] - names["linux-aarch64"] == {"pysqlite3"}
    assert names["windows-x86_64"] - names["linux-aarch64"] == {"colorama", "win32-setctime"}
    assert "pysqlite3" not in {name.split("==")[0] for name, _ in bundle.wanted("linux-x86_64", "3.15")}
    assert min(map(len, names.values())) > 40


def test_the_scripts_can_be_read_where_they_run_and_name_no_host(bundle: ModuleType) -> None:
    """The batch file in the code page it sets; no address in anything of ours."""
    for _, _, script, encoding, _ in bundle.TARGETS.values():
        text = (OFFLINE / script).read_text(encoding="utf-8")
        assert text.encode(encoding).decode(encoding) == text
        assert "没有 Python 3.11" in text
        assert "未作任何改动" in text
    assert "chcp 936" in (OFFLINE / "install.cmd").read_text(encoding="utf-8")
    assert [path.name for path in OFFLINE.glob("*.*") if "://" in path.read_text(encoding="utf-8")] == []


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_without_a_python_it_says_what_to_install_first(tmp_path: Path) -> None:
    """An office machine that has nothing new enough."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "cat"):
        (tools / name).symlink_to(str(shutil.which(name)))
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")  # as an old one answers
    (tools / "python3").chmod(0o755)
    shutil.copy(OFFLINE / "install.sh", tmp_path)
    done = subprocess.run(
        [tools / "sh", tmp_path / "install.sh"], check=False, capture_output=True, text=True, env={"PATH": str(tools)}
    )
    assert done.returncode == 1
    assert "本机没有 Python 3.11 或更新的版本，未作任何改动" in done.stderr
    assert not (tmp_path / "venv").exists()


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """A folder with the installer and two files in place of wheels."""
    folder = tmp_path / "siban-linux-x86_64"
    (folder / "wheels").mkdir(parents=True)
    shutil.copy(OFFLINE / "install.py", folder)
    for name in ("wheels/one-1-py3-none-any.whl", "wheels/two-1-py3-none-any.whl", "requirements.txt"):
        (folder / name).write_bytes(name.encode())
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    return folder


def told(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the installer and return its exit status and what it said."""
    done = subprocess.run(
        [sys.executable, "-I", folder / "install.py", *arguments], check=False, capture_output=True, text=True
    )
    return done.returncode, done.stderr


def test_a_changed_and_a_missing_file_stop_the_installer(folder: Path) -> None:
    """Exit 4, the files by name, nothing made; the list itself is what is trusted."""
    (folder / "wheels" / "one-1-py3-none-any.whl").write_bytes(b"changed")
    (folder / "wheels" / "two-1-py3-none-any.whl").unlink()
    status, said = told(folder)
    assert status == 4
    assert re.findall(r"wheels/(\w+)-1", said) == ["one", "two"]
    assert not (folder / "venv").exists()
    assert told(folder, "a", "b")[0] == 1


def test_what_is_whole_passes_the_check(folder: Path) -> None:
    """The control: with nothing changed it is not the check that stops it."""
    module = loaded(folder / "install.py")
    assert module.differing() == []
    (folder / "wheels" / "one-0-py3-none-any.whl").write_bytes(b"of the folder that this one was copied over")
    assert module.differing() == []


def no_network() -> list[str]:
    """Return what runs a command without a network, or skip: a test that leaves the network on proves nothing."""
    cut = ["unshare", "--net", "--map-root-user"]
    if shutil.which("unshare") is None or subprocess.run([*cut, "true"], check=False, capture_output=True).returncode:
        pytest.skip("unshare --net is not to be had here: installing without a network was NOT proved")
    return cut


def spent() -> float:
    """Return the processor time of our children so far (s): what an idle machine takes; this one may have other work."""
    used = os.times()
    return used.children_user + used.children_system


@pytest.mark.slow
def test_the_linux_bundle_installs_and_runs_without_a_network(tmp_path: Path) -> None:
    """One command, under a minute, `demo` runs; a second run upgrades in place; nothing outside the folder is written."""
    cut = no_network()
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    build = [
        sys.executable,
        str(ROOT / "scripts" / "bundle"),
        "linux-x86_64",
        "--python",
        version,
        "--to",
        str(tmp_path),
    ]
    done = subprocess.run(build, check=False, capture_output=True, text=True)
    if done.returncode == 1 and "连不上软件源" in done.stderr:
        pytest.skip(f"no package index reached: the offline bundle was NOT proved\n{done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr
    folder, home = tmp_path / "siban-linux-x86_64", tmp_path / "home"
    home.mkdir()
    assert not [path for path in folder.glob("*.*") if path.is_file() and b"://" in path.read_bytes()]
    environment = {"PATH": os.defpath, "HOME": str(home), "SIBAN_PYTHON": sys.executable, "LANG": "C.UTF-8"}

    def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*cut, *command], check=False, capture_output=True, text=True, env=environment, cwd=home, timeout=300
        )

    reach = "import socket; socket.create_connection(('192.0.2.1', 80), 2)"
    assert "unreachable" in run(sys.executable, "-c", reach).stderr  # the network is off
    before = {path.name for path in Path(tmp_path.anchor, "tmp").glob("pip-*")}
    started = spent()
    first = run("sh", folder / "install.sh")
    seconds = spent() - started
    assert first.returncode == 0, first.stderr
    assert seconds < A_MINUTE
    siban = folder / "venv" / "bin" / "siban"
    assert str(siban) in first.stderr
    shown = run(siban, "demo", "--keep", folder / "demo.db")
    assert shown.returncode == 0, shown.stderr
    assert run(siban, "--db", folder / "demo.db", "check").returncode == 0
    (folder / "wheels" / "click-99-py3-none-any.whl").write_bytes(b"slipped in")  # no pin names it: pip never takes it
    again = run("sh", folder / "install.sh")
    assert again.returncode == 0, again.stderr
    assert list(home.iterdir()) == []
    assert {path.name for path in Path(tmp_path.anchor, "tmp").glob("pip-*")} <= before
    (wheel,) = (folder / "wheels").glob("click-8*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"x")
    assert run("sh", folder / "install.sh").returncode == 4
