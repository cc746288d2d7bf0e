"""Whichever SQLite there is: a machine with an old one works on the same file, in the way that is safe under it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from storage.connection import dbapi, sound
from storage.sqlite import open_store
from tests.errands import BY_NAME, DATABASE, run
from tests.verdict import state_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sound(sqlite3.sqlite_version_info) or not sound(dbapi.sqlite_version_info),
    reason=f"needs an unsound SQLite of the system ({sqlite3.sqlite_version}) and a sound one of ours ({dbapi.sqlite_version})",
)


def mode(path: Path) -> str:
    """Return the journal mode in the file's header, which stays when nobody has it open."""
    version = path.read_bytes()[18:20]
    return {b"\1\1": "delete", b"\2\2": "wal"}[version]


def test_an_old_library_works_without_a_log(folder: Path, tmp_path: Path) -> None:
    """It takes the log away and syncs more; the act is the same; a newer one puts the log back."""
    path = folder / DATABASE
    assert mode(path) == "wal"
    shutil.copytree(folder, tmp_path / "same")
    assert run(folder, BY_NAME["sign"].arguments, "system").status == 0
    assert mode(path) == "delete"
    assert run(tmp_path / "same", BY_NAME["sign"].arguments).status == 0
    assert state_of(path) == state_of(tmp_path / "same" / DATABASE)
    assert run(folder, BY_NAME["register"].arguments).status == 0
    assert mode(path) == "wal"


def test_an_old_library_is_refused_beside_a_log(folder: Path) -> None:
    """While somebody with a newer one has the file open, the old one may not write into that log, and says so."""
    before = state_of(folder / DATABASE)
    with closing(open_store(folder / DATABASE)) as store:
        with store.read() as reader:
            reader.head()
        said = run(folder, BY_NAME["register"].arguments, "system")
    assert said.status == 5, said
    assert said.err.endswith("。\n"), said
    assert said.err.count("\n") == 1, said
    assert state_of(folder / DATABASE) == before
