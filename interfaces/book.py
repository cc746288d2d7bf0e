"""Writing a workbook: to a file of its own beside the target, put in its place when whole, with no live text in any cell."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import Misused, Refused, Unavailable
from interfaces.output import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xlsxwriter

MOST = 32_767
"""How many characters (of UTF-16) a cell holds."""

CUT = "……（原文过长，以下略）"
"""What a text that was cut ends with."""

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def text_of(value: object) -> str:
    """Return a value as the text of a cell: characters that XML forbids are shown as ⟦U+XXXX⟧, what is too long is cut and says so."""
    text = value if isinstance(value, str) else plain(value)
    if not text.isprintable():
        text = _ILLEGAL.sub(
            lambda found: f"⟦U+{ord(found.group()):04X}⟧", text.replace("\r\n", "\n").replace("\r", "\n")
        )
    if len(text) * 2 > MOST and len(text.encode("utf-16-le")) // 2 > MOST:
        kept = text.encode("utf-16-le")[: 2 * (MOST - len(CUT))].decode("utf-16-le", "ignore")
        text = kept + CUT
    return text


def refuse_target(target: str, *, force: bool) -> None:
    """Raise for a place where no workbook can be put, before any work is done for it.

    Raises `Misused("not_xlsx")`, `Refused("exists")` where something is there and `force` is not given, `Unavailable`.
    """
    path = Path(target)
    if path.suffix.lower() != ".xlsx":
        raise Misused("not_xlsx", path=target)
    if os.path.lexists(path) and not (force and path.is_file()):
        raise Refused("exists", path=target)
    if not path.parent.is_dir():
        raise Unavailable("no_directory", path=target)


@contextmanager
def writing(target: str, *, force: bool, constant_memory: bool = False) -> Iterator[xlsxwriter.Workbook]:
    """Open a workbook that is put at `target` when the block ends, and nowhere when it raises.

    Raises what `refuse_target` raises, and `Unavailable` with what the file system says.
    """
    import tempfile

    import xlsxwriter

    refuse_target(target, force=force)
    path = Path(target)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".xlsx")
    except OSError as error:
        raise Unavailable("read_only", path=target) from error
    os.close(handle)
    options = {
        "constant_memory": constant_memory,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    try:
        book = xlsxwriter.Workbook(name, options)
        yield book
        book.close()
        with suppress(OSError):  # as any file that this person makes
            umask = os.umask(0)
            os.umask(umask)
            Path(name).chmod(0o666 & ~umask)
        if force:
            Path(name).replace(path)
        else:
            _into_place(name, path, target)
    except OSError as error:
        raise Unavailable("output_failed", why=error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            Path(name).unlink()


def _into_place(name: str, path: Path, target: str) -> None:
    """Give the file its name, unless somebody else has taken it meanwhile."""
    try:
        os.link(name, path)
    except FileExistsError:
        raise Refused("exists", path=target) from None
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise Refused("exists", path=target) from None
        Path(name).replace(path)
