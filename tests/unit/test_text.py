"""What text the record takes, and what it refuses at the door."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Misused
from engine.text import BLOCK_MAX, LINE_MAX, clean_block, clean_line
from tests.hostile import HOSTILE

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def refusal(text: str, *, block: bool = False) -> dict[str, object]:
    """The data of the refusal of a text."""
    with pytest.raises(Misused) as caught:
        (clean_block if block else clean_line)(text, field="title")
    assert caught.value.code == "bad_text"
    return caught.value.data


def test_line_is_trimmed_and_normalised() -> None:
    """Blanks around go, a letter and its accent become one character, and what copying leaves behind goes."""
    assert clean_line(" \u3000e\u0301tat\u200b\ufeff\t\n", field="title") == "état"
    assert clean_line("  ", field="title") == ""


def test_block_keeps_its_lines() -> None:
    """All kinds of line break become one kind; tabs and the blanks that begin a paragraph stay."""
    assert clean_block("\n \t\n　　第一段\r\n\t第二段\r第三段 \n", field="measure") == "　　第一段\n\t第二段\n第三段"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a\x1b[2J", "control"),
        ("a\x00b", "control"),
        ("a\x9bb", "control"),
        ("a\u2028b", "control"),
        *((f"a{char}b", "bidi") for char in BIDI),
        ("a\ud800b", "surrogate"),
        ("a\U000e0041b", "invisible"),
        ("a\ufffeb", "invisible"),
    ],
    ids=ascii,
)
def test_what_steers_or_hides_is_refused(text: str, why: str) -> None:
    """Both kinds of field refuse it, and name the field, the reason and the character."""
    for block in (False, True):
        data = refusal(text, block=block)
        assert (data["field"], data["why"], data["char"]) == ("title", why, f"U+{ord(text[1]):04X}")


@pytest.mark.parametrize("text", ["a\tb", "a\nb", "a\r\nb"], ids=ascii)
def test_one_line_is_one_line(text: str) -> None:
    """Tabs and line breaks inside are refused in a one-line field and taken in a long one."""
    assert refusal(text)["why"] == "control"
    assert clean_block(text, field="measure")


def test_length_is_bounded() -> None:
    """The limit itself is taken and one more is not, also where normalising makes it one more."""
    assert len(clean_line("中" * LINE_MAX, field="title")) == LINE_MAX
    assert refusal("中" * (LINE_MAX + 1)) == {"field": "title", "why": "too_long", "limit": 500, "length": 501}
    assert len(clean_block("中\n" * (BLOCK_MAX // 2), field="measure")) == BLOCK_MAX - 1
    assert refusal("中" * (BLOCK_MAX + 1), block=True)["length"] == BLOCK_MAX + 1
    assert refusal("\u0958" * LINE_MAX)["length"] == 2 * LINE_MAX  # NFC writes it as two characters


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_is_clean_or_refused(text: str) -> None:
    """No hostile string gets in with a control, bidi or tag character left in it."""
    try:
        kept = clean_line(text, field="title")
    except Misused:
        return  # which code and why: see above
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in BIDI for char in kept)


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """What was accepted is accepted again, unchanged: it is what is stored."""
    for clean in (clean_line, clean_block):
        try:
            kept = clean(text, field="title")
        except Misused:
            continue
        assert clean(kept, field="title") == kept
        kept.encode()
