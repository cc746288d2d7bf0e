"""What no store keeps: half characters, NUL, which one database keeps and another refuses, and a second thought about a trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import Misused

if TYPE_CHECKING:
    from collections.abc import Sequence


def refuse_bad(values: Sequence[object], fields: Sequence[str]) -> None:
    """Raise Misused `bad_text` with `field`, `why` (control, surrogate) and `char` when a text cannot be kept.

    The counter refuses such text with a better sentence (`engine.text`); this is the last door.
    """
    whole = "".join([value for value in values if isinstance(value, str)])
    if "\0" not in whole and not _half_character(whole):
        return
    for field, value in zip(fields, values, strict=True):
        if isinstance(value, str):
            if "\0" in value:
                raise Misused("bad_text", field=field, why="control", char="U+0000")
            refuse_surrogate(value, field)


FIXED = ("trial",)
"""Settings that are made with the file and never again: a trial, where anybody may be anybody, cannot become real."""


def refuse_fixed(name: str) -> None:
    """Raise `Misused("trial_stays")` for a setting that is fixed when a database is made."""
    if name in FIXED:
        raise Misused("trial_stays")


def refuse_surrogate(text: str, field: str) -> None:
    """Raise Misused `bad_text` when the text holds half a character."""
    if half := _half_character(text):
        raise Misused("bad_text", field=field, why="surrogate", char=f"U+{ord(half):04X}")


def _half_character(text: str) -> str:
    """Return the first half character of a text, "" when it has none."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return text[error.start]
    return ""
