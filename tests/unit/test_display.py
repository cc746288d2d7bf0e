"""What comes from outside reaches neither a terminal nor a spreadsheet as anything but text."""

import io
import json
import re
import sys
import unicodedata
import zipfile

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from interfaces.display import cell, display, display_block, hang, json_text, pad, shorten, width
from tests.hostile import HOSTILE

ANY_TEXT = st.text(st.characters(exclude_categories=[]))
STEERING = ("Cc", "Cf", "Cs", "Zl", "Zp")
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def steering(text: str) -> set[str]:
    """The characters of a text that could steer or hide, by an oracle other than the product's own table."""
    tags = range(0xE0000, 0xE0080)
    return {char for char in text if unicodedata.category(char) in STEERING or ord(char) in tags}


def test_every_code_point_that_steers_is_made_visible() -> None:
    """The table leaves out none of the control, format, surrogate, line and paragraph separator categories."""
    left = [hex(code) for code in range(sys.maxunicode + 1) if steering(chr(code)) and steering(display(chr(code)))]
    assert left == []


def test_no_letter_or_sign_is_taken_for_one() -> None:
    """Letters, marks, numbers, punctuation and symbols of all scripts stay as they are."""
    plain = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code))[0] in "LMNPS"]
    assert [char for char in plain if display(char) != char] == []


def test_ordinary_text_is_untouched() -> None:
    """Chinese, its punctuation and blanks, emoji, private-use surnames and variation selectors stay as they are."""
    text = "即知即改：“三会一课”　记录（2023）—…· 🔴 \ue000 葛\U000e0100"
    assert display(text) == display_block(text) == text


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_nothing_hostile_survives_display(text: str) -> None:
    """No hostile string keeps a character that steers; only line breaks pass the form for several lines."""
    assert not steering(display(text))
    assert steering(display_block(text)) <= {"\n"}


@given(ANY_TEXT)
def test_no_text_at_all_survives_display(text: str) -> None:
    """The same for any text that there can be; showing twice changes nothing more."""
    shown = display(text)
    assert not steering(shown)
    assert display(shown) == shown
    assert steering(display_block(text)) <= {"\n"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a⏎b"),
        ("a\r\nb", "a⏎b"),
        ("a\tb", "a⇥b"),
        ("a\rb", "a⟦U+000D⟧b"),
        ("\x1b[2J", "⟦U+001B⟧[2J"),
        ("\u202egnp", "⟦U+202E⟧gnp"),
        ("\U000e0041", "⟦U+E0041⟧"),
        ("\ud800", "⟦U+D800⟧"),
    ],
)
def test_what_is_hidden_is_shown_by_its_number(text: str, shown: str) -> None:
    """Line breaks and tabs have a short sign, the rest ⟦U+XXXX⟧."""
    assert display(text) == shown


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_cell_is_a_formula(text: str) -> None:
    """No physical line of a cell begins like a formula, and XML can hold every character."""
    result = cell(text)
    assert not any(FORMULA.match(line) for line in result.splitlines())
    assert not NOT_XML.search(result)
    assert steering(result) <= {"\n"}


@given(ANY_TEXT)
def test_no_text_at_all_makes_a_formula(text: str) -> None:
    """The same for any text that there can be."""
    result = cell(text)
    assert not any(FORMULA.match(line) for line in result.splitlines())
    assert not NOT_XML.search(result)
    assert steering(result) <= {"\n"}


def test_cells_stay_text_in_a_real_workbook() -> None:
    """Even a writer that makes formulas of what looks like one makes none, and the workbook's XML stays readable."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row, text in enumerate(HOSTILE):
            sheet.write(row, 0, cell(text))
    with zipfile.ZipFile(file) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_ordinary_cells_are_untouched() -> None:
    """Text that is no formula gets no mark, whatever stands later in the line."""
    assert cell("第1项\n整改措施：5-3=2") == "第1项\n整改措施：5-3=2"
    assert cell("-5") == "'-5"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_keeps_its_value(text: str) -> None:
    """Escaping what a terminal would obey changes the JSON text, not what it says."""
    encoded = json_text(json.dumps(text, ensure_ascii=False))
    assert not steering(encoded)
    assert json.loads(encoded) == text


@pytest.mark.parametrize(
    ("text", "cells"), [("", 0), ("abc", 3), ("中文", 4), ("a中", 3), ("e\u0301", 1), ("，。", 4), ("…", 1), ("🔴", 2)]
)
def test_width_counts_cells(text: str, cells: int) -> None:
    """A Chinese character takes two cells, a combining mark none."""
    assert width(text) == cells


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S"])), st.integers(0, 30))
def test_shortened_text_fits(text: str, cells: int) -> None:
    """What is cut fits and says that it was cut; what fits is not cut; padding fills up exactly."""
    short = shorten(text, cells)
    assert width(short) <= cells
    assert short in (text, "") or short.endswith("…")
    assert short == text or width(text) > cells
    assert width(pad(short, cells)) == width(pad(short, cells, "right")) == cells


@given(st.text(alphabet="ab，。、中文 …", max_size=60), st.integers(6, 20), st.integers(0, 3))
def test_a_line_is_broken_within_its_cells_and_loses_nothing(text: str, cells: int, indent: int) -> None:
    """No line is wider, whatever the last character's width; only blanks at a break and the indents are not the text's own."""
    lines = hang(text, cells, indent).split("\n")
    assert all(width(line) <= cells for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
