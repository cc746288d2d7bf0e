"""A real database whose officers are told apart by users of the operating system: each has their own id as user name."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import cli
from engine.context import Hand
from engine.organisation import from_data
from storage.creation import create
from storage.sqlite import open_store
from tests.said import Said
from tests.trial import WORKFLOWS, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

OUTSIDER, OUTSIDE_HEAD = "o43", "o41"  # 绿化林业处
AUDITOR = "o47"  # 林业站的一人，此处任审计


def bureau(**changes: Mapping[str, object]) -> dict[str, Any]:
    """Return the demo's bureau as data, every officer with a user, some with changes."""
    data: dict[str, Any] = tomllib.loads((WORKFLOWS / "bureau.toml").read_text(encoding="utf-8"))
    for officer in data["officers"]:
        officer["os_user"] = officer["id"]
        if officer["id"] == AUDITOR:
            officer["role"] = "auditor"
        officer.update(changes.get(officer["id"], {}))
    return data


def real(path: Path, fill: Callable[[Ledger], None], data: dict[str, Any] | None = None) -> None:
    """Make a real database and let things happen in it."""
    create(path, {"trial": "0", "installation": "test"})
    store = open_store(path)
    try:
        ledger = Ledger(store)
        ledger.office.put_policy("organisation", "bureau", from_data(data or bureau()).text, Hand("os:t", "os:t"))
        fill(ledger)
    finally:
        store.close()


class Bureau:
    """Runs command lines in this process as one user or another of the operating system."""

    owns_file = False
    """Whether the user who calls owns the database's file."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        """Take a database."""
        self.path, self._capsys, self._monkeypatch = path, capsys, monkeypatch

    def __call__(self, user: str, *arguments: str) -> Said:
        """Run a command line as a user."""
        self._monkeypatch.setattr("interfaces.session.os_user", lambda _path: user)
        self._monkeypatch.setattr("interfaces.identity.owns", lambda _path: self.owns_file)
        status = cli.run(["--db", str(self.path), *arguments])
        said = self._capsys.readouterr()
        return Said(status, said.out, said.err)
