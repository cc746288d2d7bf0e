"""Evidence of an item: what was handed in, by whom, whether it is still what it was, and what of it can be shown as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.canonical import parse
from engine.event import DONE
from interfaces.picture import size_of
from storage import files
from workflows.papers import key_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from engine.event import Event
    from engine.item import Item

BEFORE, AFTER = "before", "after"
SHOWS: Mapping[str, str] = {BEFORE: "整改前", AFTER: "整改后"}
"""What a picture shows."""

PAPER = "paper"
"""The key under which a scan names its paper."""

MOST_BYTES = 20 * 1024 * 1024
"""How large the file of a picture may be: larger ones are listed and not shown."""

MOST_PICTURES, MOST_TOGETHER = 40, 80 * 1024 * 1024
"""How many pictures one page shows, and how large they may be together."""

STATES: Mapping[str, str] = {"": "完好", "missing": "缺失", "changed": "已改动", "unreadable": "无法读取"}
"""What is wrong with a kept file, as a word."""

_LEFT = {
    "missing": "文件缺失",
    "changed": "文件已改动",
    "unreadable": "无法读取",
    "not_a_picture": "不是 PNG 或 JPEG 图片",
    "too_large": "图片过大",
    "too_many": "图片过多",
}


class Piece(NamedTuple):
    """One file of evidence. `shows` is before, after or ""; `paper` the key of the paper it is the signed scan of.

    `by` and `at` say who handed it in when, `seq` in which entry.
    """

    no: int
    name: str
    size: int
    sha256: str
    shows: str
    paper: str
    by: str
    at: int
    seq: int

    @property
    def kind(self) -> str:
        """What it is, in a word: 整改前, 整改后, 督办〔2023〕5号签章件."""
        return f"{key_text(self.paper)}签章件" if self.paper else SHOWS.get(self.shows, "")


class Picture(NamedTuple):
    """A picture whose bytes are those that were handed in."""

    piece: Piece
    data: bytes
    width: int
    height: int


class Pictures(NamedTuple):
    """What can be shown, and for the rest (name, why not)."""

    shown: list[Picture]
    left: list[tuple[str, str]]


def pieces(item: Item, events: Iterable[Event]) -> list[Piece]:
    """List an item's evidence in the order in which it was handed in; `events` are the item's."""
    handed = [(event, one) for event in events for one in _handed(event)]
    kept = item.fields.get("evidence")
    found = []
    for no, one in enumerate((o for o in kept if isinstance(o, dict)) if isinstance(kept, (list, tuple)) else (), 1):
        place = next((n for n, (_, other) in enumerate(handed) if other == one), None)
        event = handed.pop(place)[0] if place is not None else None
        found.append(piece_of(one, no, event))
    return found


def piece_of(one: Mapping[str, object], no: int = 0, event: Event | None = None) -> Piece:
    """Read one file of evidence as an item keeps it, handed in by an entry."""
    size = one.get("size")
    return Piece(
        no=no,
        name=str(one.get("name", "")),
        size=size if isinstance(size, int) else 0,
        sha256=str(one.get("sha256", "")),
        shows=shows(one),
        paper=str(one.get(PAPER, "")),
        by=event.decider if event else "",
        at=event.effective_at if event else 0,
        seq=event.seq if event else 0,
    )


def shows(one: Mapping[str, object]) -> str:
    """Say what a file shows: as whoever handed it in said, else by its name (整改前.jpg)."""
    said = str(one.get("shows", ""))
    if said in SHOWS:
        return said
    name = str(one.get("name", ""))
    return next((key for key, word in SHOWS.items() if word in name), "")


def state(store_path: str, piece: Piece) -> str:
    """Say in a word whether a file is what was handed in: 完好, 缺失, 已改动, 无法读取."""
    return STATES[files.fault(store_path, piece.sha256)]


def pictures(store_path: str, found: Iterable[Piece]) -> Pictures:
    """Read the pictures among an item's evidence: real PNG and JPEG of a size that can be opened, each content once."""
    shown: dict[str, Picture] = {}
    left, together = [], 0
    for piece in found:
        if piece.sha256 in shown or piece.paper:
            continue
        picture = _picture(store_path, piece)
        if isinstance(picture, str):
            if picture != "not_a_picture" or piece.shows:
                left.append((piece.name, _LEFT[picture]))
            continue
        if len(shown) >= MOST_PICTURES or together + len(picture.data) > MOST_TOGETHER:
            left.append((piece.name, _LEFT["too_many"]))
            continue
        shown[piece.sha256] = picture
        together += len(picture.data)
    return Pictures(list(shown.values()), left)


def _handed(event: Event) -> Iterator[Mapping[str, object]]:
    if event.result != DONE or '"evidence":' not in event.body:
        return
    fields = parse(event.body).get("fields")
    given = fields.get("evidence") if isinstance(fields, dict) else None
    yield from (one for one in given if isinstance(one, dict)) if isinstance(given, list) else ()


def _picture(store_path: str, piece: Piece) -> Picture | str:
    """Read one picture, or say why it cannot be shown."""
    data = files.read(store_path, piece.sha256, MOST_BYTES)
    if isinstance(data, str):
        return data
    size = size_of(data)
    return size if isinstance(size, str) else Picture(piece, data, *size)
