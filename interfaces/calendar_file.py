"""A calendar in a file: a year, local days, office hours, a whole edition, or the text of a yearly notice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import Misused

if TYPE_CHECKING:
    from engine.calendar import Edition


def edition_in(path: str, present: Edition, notice: str = "") -> Edition:
    """Return what a file makes of the present edition; `notice` names a notice that does not name itself.

    Raises `Misused`: `bad_file` for a file that cannot be read, `bad_calendar` with the place for what it says.
    """
    from workflows.notices import amendment

    return amendment(_text(path), present, notice)


def _text(path: str) -> str:
    """Read UTF-8 or, as Windows writes it, GB 18030."""
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise Misused("bad_file", path=path, why="missing") from None
    except OSError:
        raise Misused("bad_file", path=path, why="unreadable") from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Misused("bad_file", path=path, why="encoding")
