"""Disks that are full, closed or not one's own: a sentence, exit code 5, nothing changed, and it goes on afterwards."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.errands import BY_NAME, DATABASE, SIBAN, environment, run
from tests.fuse import mounted
from tests.said import Said
from tests.verdict import state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


MB = 1024 * 1024
SENTENCE = re.compile(r"[^\n]*[\u4e00-\u9fff][^\n]*。\n")
FULL, NEARLY = 0, 48 * 1024
"""How much room a full disk leaves: none, or some for the beginning of a command's writing."""


@pytest.fixture
def small(tmp_path: Path, prepared: Path) -> Iterator[Path]:
    """Put the office on a disk of 2 MB of its own."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        shutil.copytree(prepared, place / "office")
        yield place / "office"
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)  # noqa: S607 - no input from outside


@contextmanager
def filled(folder: Path, left: int) -> Iterator[None]:
    """Fill the disk of a folder but for so many bytes."""
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    filler = folder.parent / "filler"
    filler.write_bytes(b"\0" * max(free - left, 0))
    yield
    filler.unlink()


def refused(folder: Path, attempt: Callable[[], Said]) -> Said:
    """Try something on a disk that does not allow it, which must be said in one sentence, with nothing changed."""
    before = state_of(folder / DATABASE)
    said = attempt()
    assert said.status == 5, said
    assert SENTENCE.fullmatch(said.err), said.err
    assert not said.out
    assert state_of(folder / DATABASE) == before
    return said


@pytest.mark.parametrize(("name", "left"), [("register", FULL), ("sign", NEARLY), ("tick", FULL), ("import", NEARLY)])
def test_a_full_disk(name: str, left: int, small: Path) -> None:
    """Full before the command begins, or in the midst of its writing; with room again it does its work."""
    starve(name, left, small)


@pytest.mark.slow
@pytest.mark.parametrize("left", range(0, 81 * 1024, 8192))
@pytest.mark.parametrize("name", ["register", "sign", "tick", "import", "report_done", "attach"])
def test_a_disk_that_fills_anywhere(name: str, left: int, small: Path) -> None:
    """The same for every amount of room that is left; where there is enough, the command has done its work."""
    try:
        starve(name, left, small)
    except AssertionError as error:
        if not left or "status=0" not in str(error):
            raise
    assert run(small, ("check",)) == (0, "", "")


def starve(name: str, left: int, small: Path) -> None:
    """Let a command run with so many bytes left, and again with room enough. Raises with what does not hold."""
    arguments = BY_NAME[name].arguments
    with filled(small, left):
        assert "未保存" in refused(small, lambda: run(small, arguments)).err
    assert run(small, arguments).status == 0
    assert run(small, ("check",)) == (0, "", "")


def test_room_enough_is_no_full_disk(small: Path) -> None:
    """Control: with 1 MB left nothing is refused."""
    with filled(small, MB), pytest.raises(AssertionError, match="status=0"):
        refused(small, lambda: run(small, BY_NAME["register"].arguments))


def test_no_file_may_grow(prepared: Path, tmp_path: Path) -> None:
    """A limit on the size of files is met like a full disk."""
    folder = tmp_path / "office"
    shutil.copytree(prepared, folder)
    arguments = BY_NAME["import"].arguments

    def limited() -> Said:
        done = subprocess.run(
            [str(SIBAN), "--db", DATABASE, *arguments], cwd=folder, env=dict(environment()), capture_output=True,
            encoding="utf-8", check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
        )  # fmt: skip
        return Said(done.returncode, done.stdout, done.stderr)

    refused(folder, limited)
    assert run(folder, arguments).status == 0


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can become somebody whom modes stop")
@pytest.mark.parametrize(
    ("mode", "folder_mode", "arguments"),
    [
        (0o444, 0o755, ("list",)),
        (0o666, 0o555, ("list",)),
        (0o444, 0o555, BY_NAME["sign"].arguments),
        (0o000, 0o755, ("list",)),
    ],
)
def test_who_may_not_write_is_told_what_to_do(
    mode: int, folder_mode: int, arguments: tuple[str, ...], prepared: Path
) -> None:
    """A file or folder of somebody else: one sentence that says to whom to turn, for questions as for acts."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders let nobody else in
        os.chmod(name, 0o755)  # noqa: PTH101, S103 - others must get in
        folder = Path(name) / "office"
        shutil.copytree(prepared, folder)
        (folder / DATABASE).chmod(mode)
        folder.chmod(folder_mode)

        def as_another() -> Said:
            done = subprocess.run(
                [str(SIBAN), "--db", str(folder / DATABASE), *arguments], cwd=name, env=dict(environment()),
                capture_output=True, encoding="utf-8", check=False, user=65534, group=65534, extra_groups=[],
            )  # fmt: skip
            return Said(done.returncode, done.stdout, done.stderr)

        said = refused(folder, as_another)
        assert "管理员" in said.err


def test_a_file_system_in_user_space_is_refused(tmp_path: Path) -> None:
    """For real, with one mounted here: neither opened nor made there, and why is said."""
    place = tmp_path / "云盘"
    place.mkdir()
    try:
        with mounted(place):
            for arguments in (("list",), ("init", "--trial")):
                said = run(place.parent, ("--db", str(place / "office.db"), *arguments))
                assert said.status == 5, said
                assert SENTENCE.fullmatch(said.err), said.err
                assert "fuse.trial" in said.err
                assert "PostgreSQL" in said.err
    except OSError as error:
        pytest.skip(f"nothing can be mounted here: {error}")
