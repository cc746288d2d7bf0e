"""click's messages: every one that its source holds is said in Chinese, and the file that is shipped is the table's."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

import click

from workflows.counter import COUNTED, DOMAIN, FOLDER, LANGUAGE, WORDS, catalogue

SOURCE = Path(click.__file__).parent
NO_WORDS = {"{message}", "%(prog)s %(version)s"}  # nothing to be said in any language


def messages() -> set[str | tuple[str, ...]]:
    """Read every message out of click's own source."""
    found: set[str | tuple[str, ...]] = set()
    for path in SOURCE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "ngettext"):
                texts = tuple(a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
                if texts:
                    found.add(texts[0] if node.func.id == "_" else texts)
    return found


def test_every_message_of_click_is_in_the_table() -> None:
    """A newer click with a new message fails here; the search itself finds as many as there are."""
    found = messages()
    assert len(found) > 60
    assert found - set(WORDS) - set(COUNTED) == set()
    assert "Missing argument" in found  # control


def test_nothing_is_left_in_english() -> None:
    """But for names of programs, and what stands in braces."""
    for text in (*WORDS.values(), *COUNTED.values()):
        assert text in NO_WORDS or re.search("[一-鿿]", text), text
        plain = re.sub(r"\{\w*\}|%\(\w+\)s|Bash|Windows|UUID|--|[yn]", "", text)
        assert not re.search("[A-Za-z]", plain), text


def test_what_stands_in_braces_is_known_to_click() -> None:
    """A sentence names nothing that its message does not give."""
    names = re.compile(r"\{(\w*)")
    for key, text in (*WORDS.items(), *((" ".join(pair), text) for pair, text in COUNTED.items())):
        assert set(names.findall(text)) <= set(names.findall(key)), text


def test_the_file_is_that_of_the_table() -> None:
    """`python -m workflows.counter` when this fails; and Python reads it."""
    path = Path(FOLDER, LANGUAGE, "LC_MESSAGES", f"{DOMAIN}.mo")
    assert path.read_bytes() == catalogue()
    read = gettext.translation(DOMAIN, FOLDER, [LANGUAGE])
    assert read.gettext("Aborted!") == WORDS["Aborted!"]
    for (one, several), text in COUNTED.items():
        assert read.ngettext(one, several, 1) == read.ngettext(one, several, 3) == text
