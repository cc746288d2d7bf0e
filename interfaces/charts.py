"""Charts as inline SVG of our own: bars and columns without text in them where they stretch, words beside them in HTML.

Everything is a number or one of our own class names; what somebody wrote never comes in here but through `escape`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT = 360, 190  # units of the column chart
_LEFT, _RIGHT, _TOP, _BASE = 8, 352, 26, 150
_STRETCH = 1000  # units across a bar, which the page stretches to its width
_THICK = 10  # units down a bar
_HUNDRED = 1000  # per mille
_MOST_LABELS = 8  # months whose labels fit beside one another


class Part(NamedTuple):
    """One part of a bar: how much, and the class that colours it."""

    value: int
    kind: str


class Column(NamedTuple):
    """One column: its label, its share (per mille; None where there is nothing to divide by) and what it is made of."""

    label: str
    per_mille: int | None
    note: str


def bar(parts: Sequence[Part], whole: int, text: str) -> str:
    """Draw a bar of parts as long as they are of the whole, with `text` for whoever does not see it."""
    shapes = []
    begin = 0
    for value, kind in parts:
        if value and whole:
            until = begin + value
            left, right = begin * _STRETCH // whole, until * _STRETCH // whole
            wide = max(right - left, 4)
            shapes.append(f'<rect class="{kind}" x="{left}" y="0" width="{wide}" height="{_THICK}"/>')
            begin = until
    return (
        f'<svg class="bar" role="img" viewBox="0 0 {_STRETCH} {_THICK}" preserveAspectRatio="none">'
        f"<title>{escape(text)}</title>{''.join(shapes)}</svg>"
    )


def columns(points: Sequence[Column], text: str) -> str:
    """Draw shares as columns against a line of 100 %, each with its number above and its label below."""
    step = (_RIGHT - _LEFT) / max(len(points), 1)
    wide = min(step * 0.55, 38)
    every = -(-len(points) // _MOST_LABELS)
    shapes = [
        f'<line class="grid" x1="{_LEFT}" y1="{_at(share)}" x2="{_RIGHT}" y2="{_at(share)}"/>' for share in (500, 1000)
    ]
    shapes.append(f'<line class="axis" x1="{_LEFT}" y1="{_BASE}" x2="{_RIGHT}" y2="{_BASE}"/>')
    for place, (label, per_mille, note) in enumerate(points):
        middle = _LEFT + step * (place + 0.5)
        if per_mille is not None:
            top = _at(per_mille)
            shapes.append(
                f'<rect class="share" x="{middle - wide / 2:.1f}" y="{top}" width="{wide:.1f}" height="{_BASE - top}"/>'
            )
        if (len(points) - 1 - place) % every == 0:
            number = "—" if per_mille is None else f"{(per_mille + 5) // 10}%"
            above = _BASE - 4 if per_mille is None else _at(per_mille) - 5
            shapes.append(f'<text class="number" x="{middle:.1f}" y="{above}">{number}</text>')
            shapes.append(f'<text x="{middle:.1f}" y="{_BASE + 16}">{escape(label)}</text>')
            shapes.append(f'<text class="faint" x="{middle:.1f}" y="{_BASE + 31}">{escape(note)}</text>')
    return (
        f'<svg class="columns" role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}"><title>{escape(text)}</title>'
        f"{''.join(shapes)}</svg>"
    )


def arrow() -> str:
    """Draw the arrow between two stages."""
    return '<svg class="arrow" aria-hidden="true" viewBox="0 0 20 20"><path d="M2 10h13M10 4l6 6-6 6"/></svg>'


def escape(text: str) -> str:
    """Return a text that is text inside SVG and HTML, whatever it holds."""
    from html import escape as escaped

    from interfaces.display import display

    return escaped(display(text), quote=True)


def _at(per_mille: int) -> int:
    """Return how far down a share lies."""
    return _BASE - (_BASE - _TOP) * min(per_mille, _HUNDRED) // _HUNDRED
