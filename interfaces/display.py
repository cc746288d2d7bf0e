"""The one way of a string from outside to a terminal or into a spreadsheet cell.

Nothing here refuses: what was stored, by whatever version, must be possible to show. A character that could steer a
terminal, turn a line round or hide itself is shown as ⟦U+XXXX⟧; refusing it at the door is the work of `engine.text`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_C0 = r"\x00-\x1f"
# All of Cc (but C0), Cf, Cs, Zl and Zp, the tags block, and the code points that are no characters. Private-use
# characters stay: old systems keep rare surnames there. So do variation selectors: they choose between forms of a name.
_REST = (
    r"\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    + "".join(f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(1, 17))
)
_UNSAFE = f"[{_C0}{_REST}]"
_UNSAFE_IN_JSON = f"[{_REST}]"  # `json.dumps` has already escaped C0; what is left of it is its own layout
_LINE_ENDS = "\r\n?|[\n\x0b\x0c\x85\u2028\u2029]"
_FORMULA = r"\s*[=+\-@\t＝＋－＠﹦﹢﹣﹫]"  # some programs take the full-width and small signs for signs too
_SHORT = {"\n": "⏎", "\t": "⇥"}
_NEVER_FIRST = "，。；：！？、）》”’】"
"""Marks that no Chinese line begins with."""
_NEVER_LAST = "（《“‘【"
"""Marks that no line ends with."""
_WHOLE = r"周[一二三四五六日]|\d+年(?:\d+月(?:\d+日)?)?|\d+月\d+日|第?[!-~]*\d[年月日天个件条项次号位]|[!-~]+"
"""What is not divided between two lines where it fits on one: dates, numbers with what they count, words of other scripts."""


@lru_cache
def _pattern(source: str) -> re.Pattern[str]:
    """Compile on first need: most text needs none of these, and each costs a start half a millisecond."""
    return re.compile(source)


def _visible(match: re.Match[str]) -> str:
    char = match.group()
    return _SHORT.get(char) or f"⟦U+{ord(char):04X}⟧"


def display(text: str) -> str:
    """Make an outside string safe for one line of a terminal; a line break becomes ⏎, a tab ⇥, the rest ⟦U+XXXX⟧."""
    if text.isprintable():  # true for most text, and false for every character that is looked for here
        return text
    return _pattern(_UNSAFE).sub(_visible, text.replace("\r\n", "\n"))


def display_block(text: str) -> str:
    """Make an outside string safe for several lines: line breaks stay, a tab is four blanks, the rest as `display`."""
    lines = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return "\n".join(display(line) for line in lines)


def cell(text: str) -> str:
    """Make an outside string safe for a cell of a spreadsheet or a CSV file.

    A program that opens the file may run whatever looks like a formula, in any physical line of the cell and after
    blanks, so such a line gets a leading '. The result holds only characters that XML allows.
    """
    lines = _pattern(_LINE_ENDS).split(text)
    return "\n".join(("'" if _pattern(_FORMULA).match(line) else "") + display_block(line) for line in lines)


def json_text(encoded: str) -> str:
    r"""Escape as \uXXXX what `json.dumps(ensure_ascii=False)` leaves raw and a terminal would obey: the same value."""
    if encoded.replace("\n", "").isprintable():  # as in `display`; a raw line break is layout
        return encoded
    return _pattern(_UNSAFE_IN_JSON).sub(_json_escape, encoded)


def _json_escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


@lru_cache(maxsize=8192)
def _cells(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf", "Cc") or "\u1160" <= char <= "\u11ff":
        return 0  # drawn over the character before it, or not at all
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def width(text: str) -> int:
    """Count the cells of a terminal that a line takes: 2 for a Chinese character, 0 for a combining mark, else 1."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(map(_cells, text))


def shorten(text: str, cells: int) -> str:
    """Cut a line to at most so many cells, the last of them … if something was cut; give it what `display` returned."""
    if width(text) <= cells:
        return text
    if cells < 1:
        return ""
    left = cells - 1
    for at, char in enumerate(text):
        left -= _cells(char)
        if left < 0:
            return text[:at] + "…"
    return text  # not reached: the text is wider than the cells


def hang(text: str, cells: int, indent: int) -> str:
    """Break lines at so many cells and indent what follows the first; 0 breaks nothing. Give it what `display` returned."""
    if cells <= indent or not cells:
        return text
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = paragraph
        while width(line) > cells:
            kept = shorten(line, cells + 1).removesuffix("…") or line[:1]
            if kept == line:  # too wide by the one cell that `shorten` was given for its mark
                kept = line[:-1]
            if line[len(kept)] in _NEVER_FIRST and kept[:-1].strip():
                kept = kept[:-1]
            kept = kept[: _whole_before(line, len(kept), cells)]
            if not kept.strip():  # nothing but the indent fits: a line takes at least one character
                kept = line[: len(line) - len(line.lstrip()) + 1]
            lines.append(kept.rstrip() or kept)
            line = " " * indent + line[len(kept) :].lstrip()
        lines.append(line)
    return "\n".join(lines)


def _whole_before(line: str, at: int, cells: int) -> int:
    """Return where to break a line that could be broken at a place: before what must stay whole, unless half a line would be left empty."""
    start = at
    for found in _pattern(_WHOLE).finditer(line):
        if found.end() > at:
            start = min(found.start(), at)
            break
    while start and line[start - 1] in _NEVER_LAST:
        start -= 1
    return start if width(line[:start]) > cells // 2 else at


def pad(text: str, cells: int, align: str = "left") -> str:
    """Fill a line with blanks to so many cells; `align` is left or right."""
    blanks = " " * max(0, cells - width(text))
    return blanks + text if align == "right" else text + blanks
