"""Further versions of the shipped definitions, for tests: the file's text with a few places written otherwise."""

from __future__ import annotations

from workflows.index import definition_text

STATE = ('[states.rectifying]\ntitle = "整改中"', '[states.mending]\ntitle = "整改之中"')


def revised(version: int, *changes: tuple[str, str], name: str = "siban") -> str:
    """Return a definition's text as another version; each change is (what is written, what is written instead)."""
    text = definition_text(name).replace("version = 1\n", f"version = {version}\n", 1)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def renamed(version: int) -> str:
    """Return a version in which the state `rectifying` is called `mending`."""
    return revised(version, STATE, ('"rectifying"', '"mending"'))
