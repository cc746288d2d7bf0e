"""整改前后: which items the page for leaders shows in pictures, one before and one after each, and what keeps a picture out.

The page shows small pictures, drawn anew (`interfaces.picture`); the dossier has them as they were handed in.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import Refused
from interfaces.evidence import AFTER, BEFORE, SHOWS, pictures, pieces
from interfaces.picture import small

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from interfaces.evidence import Piece
    from interfaces.session import Session
    from interfaces.survey import Survey

MOST_TOGETHER = 6 * 1024 * 1024
"""How large the pictures of a page may be together: a page is sent by mail."""

MOST_ITEMS = 12
"""How many items are shown."""

_DAMAGED, _FULL, _NO_PLACE = "图片不完整或已损坏", "本页图片已满", "附件文件夹无法打开"


class View(NamedTuple):
    """One side of a pair: what it shows (整改前), the file's name, the picture as an address, or why it is not in the page."""

    shows: str
    name: str
    uri: str
    why: str = ""


class Pair(NamedTuple):
    """An item before and after."""

    number: int
    before: View
    after: View


class Gallery(NamedTuple):
    """The pairs that are shown; `more` is how many items with pictures before and after are not."""

    pairs: tuple[Pair, ...] = ()
    more: int = 0


class _Room:
    """What is left of the page for pictures."""

    def __init__(self, place: str) -> None:
        self.place, self.left = place, MOST_TOGETHER

    def view(self, found: Iterable[Piece], shows: str) -> View:
        """Show the first of these that can be; of none the first's name and why not."""
        views = (self._one(piece, SHOWS[shows]) for piece in found)
        first = next(views)
        return first if first.uri else next((view for view in views if view.uri), first)

    def _one(self, piece: Piece, shows: str) -> View:
        if not self.place:
            return View(shows, piece.name, "", _NO_PLACE)
        got = pictures(self.place, [piece])
        if not got.shown:
            return View(shows, piece.name, "", got.left[0][1])
        data = small(got.shown[0].data)
        if data is None or len(data) > self.left:
            return View(shows, piece.name, "", _DAMAGED if data is None else _FULL)
        self.left -= len(data)
        return View(shows, piece.name, f"data:image/jpeg;base64,{base64.b64encode(data).decode()}")


def gallery(found: Survey, session: Session) -> Gallery:
    """Gather the pairs of what was closed in the report's span, as of its instant, the last closed first."""
    closed = sorted(
        found.page.figures["closed_since"].numbers, key=lambda n: (found.items[n][0].closed_at or 0, n), reverse=True
    )
    sides = [(number, *_sides(pieces(found.items[number][0], ()))) for number in closed]
    both = [(number, before, after) for number, before, after in sides if before and after]
    if not both:
        return Gallery()  # without pictures nobody asks where they would be
    room = _Room(_place(session))
    pairs = [
        Pair(number, room.view(before, BEFORE), room.view(reversed(after), AFTER))
        for number, before, after in both[:MOST_ITEMS]
    ]
    return Gallery(tuple(pairs), len(both) - len(pairs))


def _sides(found: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
    """Return what shows before and what shows after, in the order in which it was handed in; scans of papers are neither."""
    one, other = ([piece for piece in found if piece.shows == side and not piece.paper] for side in (BEFORE, AFTER))
    return one, other


def _place(session: Session) -> str:
    """Return what attachments are kept beside, "" where that cannot be reached: the page is drawn up all the same."""
    try:
        return session.files
    except Refused:
        return ""
