"""The ZIP package of a workbook: what is in it is counted before any parser sees it, and formulas without a value are found."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import zipfile

MAX_PARTS = 1000
MAX_UNPACKED = 512 * 1024 * 1024
MAX_CELLS = 3_400_000

_BARRED_PARTS = ("xl/vbaproject.bin", "xl/workbook.bin")  # macros or a binary workbook under another suffix
_CHUNK = 1 << 20
_OVERLAP = 4096  # a cell cut by the end of a chunk is seen whole in the next
_MOST_BROKEN = 10_000
_ERROR = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^<>]* t="e"')
_NO_VALUE = re.compile(
    rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^<>]*>\s*<f(?:\s[^<>]*)?(?:/>|>[^<]*</f>)\s*(?:</c>|<v\s*/>|<v></v>)'
)
_SHEET = re.compile(rb"<sheet\s[^<>]*>")
_RELATION = re.compile(rb"<Relationship\s[^<>]*>")

Place = tuple[int, int]
"""Row and column of a cell, counted from 0."""


class BadPackage(Exception):
    """A reason, by its code, for not opening a package."""


def check_package(content: bytes) -> dict[str, set[Place]]:
    """Unpack every part once and throw it away: the sizes that a ZIP file declares can be lies.

    Returns for each sheet the cells whose formula has no value or an error for one.
    Raises `BadPackage`: `password`, `damaged`, `too_big`, `too_many_rows`, `kind`.
    """
    import zipfile

    if content.startswith(b"\xd0\xcf\x11\xe0"):  # how Office wraps an .xlsx that has a password; also a renamed .xls
        raise BadPackage("password")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _walk(archive)
    except BadPackage:
        raise
    except Exception as error:  # zipfile alone raises a dozen classes on damaged input
        raise BadPackage("damaged") from error


def place_of(row: int, column: int) -> str:
    """Name a cell as a spreadsheet does, from row and column counted from 0: (9, 2) is C10."""
    letters, left = "", column + 1
    while left:
        left, letter = divmod(left - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row + 1}"


def _walk(archive: zipfile.ZipFile) -> dict[str, set[Place]]:
    parts = archive.infolist()
    if len(parts) > MAX_PARTS:
        raise BadPackage("too_big")
    if any(part.filename.lower() in _BARRED_PARTS for part in parts):
        raise BadPackage("kind")
    left, cells, broken = MAX_UNPACKED, 0, {}
    for part in parts:
        is_sheet = part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml")
        is_xml, found = part.filename.endswith(".xml"), set[Place]()
        tail = b""
        with archive.open(part) as unpacked:
            while chunk := unpacked.read(_CHUNK):
                left -= len(chunk)
                if left < 0 or (len(chunk) == _CHUNK and is_xml and b"<" not in chunk):  # no cell holds a text of 1 MB
                    raise BadPackage("too_big")
                if is_sheet:
                    cells += chunk.count(b"<c ")
                    if cells > MAX_CELLS:
                        raise BadPackage("too_many_rows")
                    if len(found) < _MOST_BROKEN:
                        found |= _broken(tail + chunk)
                    tail = chunk[-_OVERLAP:]
        if found:
            broken[part.filename] = found
    return _by_sheet(archive, broken) if broken else {}


def _broken(text: bytes) -> set[Place]:
    found: set[Place] = set()
    for mark, pattern in ((b' t="e"', _ERROR), (b"<f", _NO_VALUE)):
        if mark in text:
            found |= {(int(m.group(2)) - 1, _column(m.group(1))) for m in pattern.finditer(text)}
    return found


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _by_sheet(archive: zipfile.ZipFile, broken: dict[str, set[Place]]) -> dict[str, set[Place]]:
    """Name the sheets by the parts that hold them."""
    relations = archive.read("xl/_rels/workbook.xml.rels")
    target = {_attribute(r, "Id"): _attribute(r, "Target") for r in _RELATION.findall(relations)}
    named: dict[str, set[Place]] = {}
    for sheet in _SHEET.findall(archive.read("xl/workbook.xml")):
        part = target.get(_attribute(sheet, "r:id"), "").removeprefix("/xl/")
        if found := broken.get(f"xl/{part}"):
            named[_attribute(sheet, "name")] = found
    return named


def _attribute(tag: bytes, name: str) -> str:
    found = re.search(rf'\s{name}="([^"]*)"', tag.decode("utf-8", "replace"))
    from xml.sax.saxutils import unescape

    return unescape(found.group(1), {"&quot;": '"', "&apos;": "'"}) if found else ""
