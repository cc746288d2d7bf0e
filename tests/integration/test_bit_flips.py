"""One bit of the database file is another one: every value that changed is reported, and nothing ends in a traceback.

What a value is: every column, with its type, of every row that a full read of the tables gives, as the SQLite library itself
reads them from the flipped file; of the settings, those that say which database it is and whether it is for trial (others,
such as a trial's clock, change without an entry, and nothing is claimed of them). If that read gives another content than
before, or fails, `audit verify` has to end with 4 or 5 and say why. A flip in free space, or in an index, changes no value:
there it may find damage or nothing.
"""

from __future__ import annotations

import random
import re
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pytest

import cli
from engine.context import Hand
from engine.errors import SibanError
from interfaces.sealing import make_seal, new_key, read_key
from storage.connection import dbapi
from storage.creation import schema
from storage.sqlite import open_store
from tests.trial import build

if TYPE_CHECKING:
    from pathlib import Path

TABLES = re.findall(r"CREATE TABLE (\w+)", schema())
SEALED_SETTINGS = (b"installation", b"trial")


class Sealed(NamedTuple):
    """A sealed database, the public key, and the seal that was taken away."""

    data: bytes
    key: str
    seal: str


@pytest.fixture(scope="module", name="sealed")
def _sealed(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    folder = tmp_path_factory.mktemp("sealed")
    path, key = folder / "office.db", new_key(str(folder / "key"), "auditor")
    build(path)
    with closing(open_store(path)) as store:
        made = make_seal(store, 1_700_000_000_000_000, Hand("os:a", "os:a"), read_key(str(folder / "key")))
    (folder / "seal").write_text(made.note, encoding="utf-8")
    return Sealed(path.read_bytes(), key, str(folder / "seal"))


def values(path: Path) -> object:
    """Read every value of every table, with its type, or return the error that stops it."""
    found: dict[str, list[object]] = {}
    try:
        with closing(dbapi.connect(f"file:{path}?immutable=1", uri=True)) as opened:
            opened.text_factory = bytes
            for table in TABLES:
                columns = [name.decode() for _, name, *_ in opened.execute(f"PRAGMA table_info({table})")]
                asked = ", ".join(f"typeof({name}), {name}" for name in columns)
                found[table] = opened.execute(f"SELECT {asked} FROM {table}").fetchall()  # noqa: S608 - names of ours
    except (dbapi.Error, UnicodeDecodeError) as error:
        return str(error)
    found["meta"] = [row for row in found["meta"] if isinstance(row, tuple) and row[1] in SEALED_SETTINGS]
    return found


def flipped(sealed: Sealed, path: Path, bit: int) -> None:
    """Write the database with one bit changed."""
    data = bytearray(sealed.data)
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def flip_and_look(sealed: Sealed, folder: Path, count: int, capsys: pytest.CaptureFixture[str]) -> int:
    """Flip so many bits, one at a time, anywhere in the file; return how many of them changed a value."""
    path = folder / "flipped.db"
    path.write_bytes(sealed.data)
    before, changed = values(path), 0
    verify = ["--db", str(path), "audit", "verify", "--key", sealed.key, "--seal", sealed.seal]
    assert cli.run(verify) == 0, capsys.readouterr().err
    chosen = random.Random(4)  # noqa: S311 - the same flips on each run
    for _ in range(count):
        bit = chosen.randrange(len(sealed.data) * 8)
        flipped(sealed, path, bit)
        other = values(path) != before
        try:
            status = cli.run(verify)
        finally:
            for ending in ("-wal", "-shm", "-journal", ".lock"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
        said = capsys.readouterr()
        assert status in (0, 4, 5), (bit, said.err)
        assert "Traceback" not in said.err
        assert "程序内部出错" not in said.err
        assert bool(said.err) == (status != 0)
        assert status or not other, f"bit {bit} changed a value, and nobody said so"
        changed += other
    return changed


def test_a_flipped_bit_is_reported(sealed: Sealed, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sixty of them."""
    assert flip_and_look(sealed, tmp_path, 60, capsys) >= 20


@pytest.mark.slow
def test_a_thousand_flipped_bits_are_reported(
    sealed: Sealed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One thousand of them."""
    assert flip_and_look(sealed, tmp_path, 1000, capsys) >= 400


MEDDLING = {
    "a guard taken away": "DROP TRIGGER event_stays",
    "a guard that lets all pass": "DROP TRIGGER seal_keeps; CREATE TRIGGER seal_keeps BEFORE DELETE ON seal BEGIN SELECT 1; END",
    "an index taken away": "DROP INDEX event_item",
    "a table too many": "CREATE TABLE other (x)",
    "a trial made real": "UPDATE meta SET value = '0' WHERE name = 'trial'",
    "another installation": "UPDATE meta SET value = 'x' WHERE name = 'installation'",
    "a text that is no text": "UPDATE item SET title = CAST(x'ff41' AS TEXT) WHERE number = 1",
    "a text that is bytes": "UPDATE notice SET receiver = CAST(receiver AS BLOB) WHERE number = 1",
    "a name that is no text": "UPDATE reporter SET name = CAST(x'ff41' AS TEXT) WHERE item = 1",
    "an entry that is no text": "DROP TRIGGER event_stays; UPDATE event SET decider = CAST(x'ff' AS TEXT) WHERE seq = 7",
    "what the command line knows": "UPDATE policy SET index_text = '{\"siban\":[]}' WHERE kind = 'definition'",
    "no JSON where some is": "UPDATE policy SET index_text = '{' WHERE kind = 'definition'",
}


@pytest.mark.parametrize("statements", MEDDLING.values(), ids=MEDDLING)
def test_what_is_changed_past_the_program_is_reported(
    sealed: Sealed, tmp_path: Path, statements: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards, settings, and values of another kind: a line that says where, exit status 4."""
    path = tmp_path / "office.db"
    path.write_bytes(sealed.data)
    with closing(dbapi.connect(str(path))) as opened:
        opened.executescript(statements)
        opened.commit()
    status = cli.run(["--db", str(path), "audit", "verify", "--key", sealed.key, "--seal", sealed.seal])
    said = capsys.readouterr().err
    assert status == 4, said
    assert len(said.splitlines()) >= 2
    assert "程序内部出错" not in said


def test_a_damaged_text_is_a_sentence_elsewhere_too(
    sealed: Sealed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A question that meets a text which is none says that the file is damaged."""
    path = tmp_path / "office.db"
    path.write_bytes(sealed.data)
    with closing(dbapi.connect(str(path))) as opened:
        opened.execute("UPDATE item SET title = CAST(x'ff41' AS TEXT) WHERE number = 1")
        opened.commit()
    assert cli.run(["--db", str(path), "list"]) == 5
    assert "已损坏" in capsys.readouterr().err
    with pytest.raises(SibanError, match="damaged"), closing(open_store(path)) as store, store.read() as reader:
        reader.row(1)
