"""What text the record takes. `clean_line` for one-line fields, `clean_block` for long ones.

A character that could steer a terminal, turn a line round or hide a message is refused at the door, so that nobody has
to wonder later what a record really says. What comes back is what is stored.
"""

from __future__ import annotations

import re
import unicodedata

from engine.errors import Misused

LINE_MAX = 500
"""How many characters a one-line field may have."""

BLOCK_MAX = 20_000
"""How many characters a long text may have."""

_WHY = {
    "surrogate": r"[\ud800-\udfff]",  # half a character: cannot be written as UTF-8
    "bidi": r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]",
    "invisible": r"[\U000e0000-\U000e007f\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff]",
}
_CONTROL_IN_LINE = r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"
_CONTROL_IN_BLOCK = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]"
# Left behind by copying from web pages and Word; they say nothing, and titles that differ only by one look the same.
_RESIDUE = str.maketrans("", "", "\u200b\u2060\ufeff")


def clean_line(text: str, *, field: str) -> str:
    """Give the text as it is stored in a one-line field: NFC, no blanks around it, no control characters.

    Raise Misused `bad_text` with `field`, `why` (too_long, control, surrogate, bidi, invisible) and `limit` or `char`.
    """
    if not text.isprintable():
        text = text.translate(_RESIDUE)
    return _clean(text.strip(), field, LINE_MAX, _CONTROL_IN_LINE)


def clean_block(text: str, *, field: str) -> str:
    r"""Give the text as it is stored in a long field: as `clean_line`, but line breaks (made \n) and tabs may stay.

    Blank lines around it go; the blanks that begin its first line stay, since a Chinese paragraph begins with two.
    """
    if not text.isprintable():
        lines = text.translate(_RESIDUE).replace("\r\n", "\n").replace("\r", "\n")
        text = re.sub(r"\A\s*\n", "", lines)
    return _clean(text.rstrip(), field, BLOCK_MAX, _CONTROL_IN_BLOCK)


def _clean(text: str, field: str, limit: int, control: str) -> str:
    if not text.isprintable():  # true for most text, and false for every character that is looked for here
        for why, pattern in {"control": control, **_WHY}.items():
            if found := re.search(pattern, text):
                raise Misused("bad_text", field=field, why=why, char=f"U+{ord(found.group()):04X}")
    normal = unicodedata.normalize("NFC", text) if len(text) <= limit else text  # which can make it longer
    if len(normal) > limit:
        raise Misused("bad_text", field=field, why="too_long", limit=limit, length=len(normal))
    return normal
