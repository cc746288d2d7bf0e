"""What a database must still be after whatever was done to it: whole, and in one of the states it may be in."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from engine.row import EventQuery
from interfaces.auditing import audited
from storage import connection, soundness
from storage.sqlite import open_store

if TYPE_CHECKING:
    from engine.event import Event
    from storage.sqlite import SqliteStore

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
_BESIDE = ("", "-wal", "-journal")  # not -shm: it is made anew from the log when nobody has it open


def state_of(path: Path) -> str:
    """Return a digest of everything a database keeps, after chain, replay, tables and pages have been proved.

    It looks at a copy, so that what is found is there for the next command as well.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(path, Path(folder))
        with closing(open_store(copy)) as store:
            prove(store)
            digest = hashlib.sha256()
            for (table,) in store.connection.execute(_TABLES).fetchall():
                rows = sorted(map(repr, store.connection.execute(f'SELECT * FROM "{table}"')))  # noqa: S608 - a name of ours
                digest.update("\n".join([table, *rows, ""]).encode())
    return digest.hexdigest()


def prove(store: SqliteStore) -> None:
    """Prove chain, replay, tables and pages of a database."""
    with store.read() as reader:
        lines = audited(reader, (), ())[1]
    faults = [*lines, *soundness.faults(store.connection)]
    assert faults == [], faults


def copied(path: Path, folder: Path) -> Path:
    """Copy a database with the journals that lie beside it, as a crash would have left them."""
    for ending in _BESIDE:
        if Path(f"{path}{ending}").exists():
            shutil.copy(f"{path}{ending}", f"{folder / path.name}{ending}")
    return folder / path.name


def entries(path: Path) -> list[Event]:
    """Return the whole record, read as any command would."""
    with closing(open_store(path)) as store, store.read() as reader:
        return list(reader.events(EventQuery()))


def last_entry(path: Path) -> tuple[int, str]:
    """Return number and hash of the last entry; no setting of the file is touched, as `open_store` might."""
    with closing(connection.dbapi.connect(f"file:{path}?mode=ro", uri=True)) as opened:
        seq, hash_ = opened.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    return seq, hash_


def missing_files(path: Path) -> list[str]:
    """List attachments that the record names and that are not kept, or are not what they should be."""
    named = {digest for event in entries(path) for digest in re.findall(r'"sha256":"([0-9a-f]{64})"', event.body)}
    places = {digest: Path(f"{path}.files", digest[:2], digest) for digest in named if digest != "0" * 64}
    return [
        digest
        for digest, place in places.items()
        if not place.exists() or hashlib.sha256(place.read_bytes()).hexdigest() != digest
    ]
