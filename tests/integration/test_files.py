"""Attachments: kept by what is in them, whole or not at all, for their owner alone."""

import hashlib
import os
import resource
import stat
from pathlib import Path

import pytest

from engine.errors import Refused, Unavailable
from storage import files
from storage.files import File, keep, path_of

DATA = "整改前后对比".encode() * 100_000
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    """Name a database in a directory of its own."""
    (tmp_path / "office").mkdir()
    return tmp_path / "office" / "siban.db"


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """Make a file to attach."""
    place = tmp_path / "照片 1.jpg"
    place.write_bytes(DATA)
    return place


def kept(store_path: Path) -> list[str]:
    """Every file beside the database, by its path from there."""
    return sorted(str(file.relative_to(store_path.parent)) for file in store_path.parent.rglob("*") if file.is_file())


def test_a_file_is_kept_by_what_is_in_it(store_path: Path, scan: Path) -> None:
    """Name, size and hash come back; the copy is the same bytes under that hash, mode 0600 in directories of 0700."""
    assert keep(store_path, scan) == File("照片 1.jpg", len(DATA), SHA256)
    place = path_of(store_path, SHA256)
    assert place == store_path.parent / "siban.db.files" / SHA256[:2] / SHA256
    assert place.read_bytes() == DATA
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (place.parent, place.parent.parent)} == {0o700}
    assert kept(store_path) == [f"siban.db.files/{SHA256[:2]}/{SHA256}"]


def test_the_same_content_is_kept_once(store_path: Path, scan: Path, tmp_path: Path) -> None:
    """Under whatever name it comes; a damaged copy is mended on the way."""
    keep(store_path, scan)
    path_of(store_path, SHA256).write_bytes(b"damaged")
    other = tmp_path / "other.jpg"
    other.write_bytes(DATA)
    assert keep(store_path, other) == File("other.jpg", len(DATA), SHA256)
    assert path_of(store_path, SHA256).read_bytes() == DATA
    assert len(kept(store_path)) == 1


def test_an_empty_file_is_a_file(store_path: Path, tmp_path: Path) -> None:
    """Whether it is evidence is not for storage to say."""
    (tmp_path / "empty").touch()
    assert keep(store_path, tmp_path / "empty").size == 0


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("none", "missing"),
        ("none/x", "missing"),
        ("folder", "not_a_file"),
        ("link", "not_a_file"),
        ("pipe", "not_a_file"),
    ],
)
def test_only_plain_files_are_taken(store_path: Path, scan: Path, tmp_path: Path, name: str, why: str) -> None:
    """No directory, no link, no pipe (which is not waited for); nothing is made."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(scan)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Refused) as caught:
        keep(store_path, tmp_path / name)
    assert (caught.value.code, caught.value.data) == ("bad_attachment", {"path": str(tmp_path / name), "why": why})
    assert list(store_path.parent.iterdir()) == []


@pytest.mark.parametrize("grows", [False, True])
def test_a_file_may_be_too_large(store_path: Path, scan: Path, monkeypatch: pytest.MonkeyPatch, *, grows: bool) -> None:
    """Said before it is copied, or when it grows past the limit while it is; nothing stays."""
    monkeypatch.setattr(files, "MOST_BYTES", len(DATA) - 1)
    if grows:
        about = scan.stat()
        small = os.stat_result([*about[:6], 1, *about[7:]])
        monkeypatch.setattr(os, "fstat", lambda _: small)
    with pytest.raises(Refused) as caught:
        keep(store_path, scan)
    assert caught.value.data == {"path": str(scan), "why": "too_large", "limit": len(DATA) - 1}
    assert kept(store_path) == []


def test_a_name_must_be_text(store_path: Path, tmp_path: Path) -> None:
    """A name in another encoding could not be recorded."""
    place = tmp_path / os.fsdecode(b"\xd5\xd5.jpg")
    place.write_bytes(DATA)
    with pytest.raises(Refused) as caught:
        keep(store_path, place)
    assert caught.value.data["why"] == "name"
    assert str(caught.value.data["path"]).endswith(r"\xd5\xd5.jpg")


def test_a_full_disk_leaves_nothing(store_path: Path, scan: Path) -> None:
    """An error with a code; no half copy stays."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(Unavailable, match="disk_full"):
            keep(store_path, scan)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert kept(store_path) == []


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63, f"{'a' * 64}\n"])
def test_a_hash_is_no_path(store_path: Path, digest: str) -> None:
    """What the record names cannot lead elsewhere."""
    with pytest.raises(Refused, match="bad_attachment"):
        path_of(store_path, digest)
