"""One way out for every answer: data on standard output in one of five forms, messages on standard error.

A table is for eyes: it fits the terminal, shortens and colours. All other forms are for programs: never cut, never
coloured.
"""

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
import datetime as dt
import errno
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, TextIO, TypeVar

from engine.errors import Unavailable
from interfaces.display import cell, display, display_block, hang, json_text, pad, shorten, width

Row = Mapping[str, object]

FORMS = ("table", "json", "jsonl", "csv", "tsv")
"""The forms of an answer, as `-o` names them."""

F = TypeVar("F", bound="Callable[..., Any]")

_GAP = "  "
_LEAST = 8  # cells; a text column is not made narrower to fit the terminal
_COLOURS = {"normal": "32", "due_soon": "33", "overdue": "31", "正常": "32", "临期": "33", "逾期": "31"}


class Column(NamedTuple):
    """One column of an answer.

    `key` names the value in the row and in JSON, `title` heads the column elsewhere. `show` makes what people read from
    the whole row where that differs from the value. For tables only: `max_cells`, `light` (the key of the value that
    colours the column) and `whole` (never cut to fit the terminal: numbers of items, due dates).
    """

    key: str
    title: str
    align: str = "left"
    max_cells: int | None = None
    show: Callable[[Row], object] | None = None
    light: str | None = None
    whole: bool = False


def emit(  # noqa: PLR0913 - one answer has all of these, and each is given by name
    rows: Iterable[Row],
    columns: Sequence[Column],
    *,
    form: str,
    limit: int = 0,
    title: str = "",
    footer: str = "",
    empty: str = "",
    more: str = "",
) -> int:
    """Write the rows to standard output in the form asked for and return how many there were.

    `limit` 0 means all of them. `title` and `footer` stand round a table only; `empty` is said on standard error when a
    table has no row, `more` (with `{limit}` in it) when the limit left rows out. JSON holds each row whole, the other
    forms its columns.
    """
    out = _ready(sys.stdout)
    source = iter(rows)
    count = 0

    def counted() -> Iterator[Row]:
        nonlocal count
        for row in islice(source, limit or None):
            count += 1
            yield row

    write = {"json": _json, "jsonl": _jsonl, "csv": _csv, "tsv": _tsv}.get(form)
    _send(out, write(counted(), columns, out) if write else _table(counted(), columns, out, title, footer))
    if empty and form == "table" and not count:
        note(empty)
    if more and limit and count == limit and next(source, None) is not None:
        note(more.format(limit=limit))
    return count


def emit_each(rows: Iterable[Row], columns: Sequence[Column], *, form: str) -> None:
    """Write rows as they come, each at once, in any form but json: a table without heads or widths, as nobody knows what comes."""
    out = _ready(sys.stdout)
    if form == "table":
        for row in rows:
            lines([_GAP.join(display(plain(_shown(row, column))) for column in columns)])
        return
    if hasattr(out, "reconfigure"):
        out.reconfigure(line_buffering=True)
    _send(out, {"jsonl": _jsonl, "csv": _csv, "tsv": _tsv}[form](rows, columns, out))


def emit_value(value: object, *, form: str = "json") -> None:
    """Write one value, such as a whole item, as JSON: laid out for reading in the form json, on one line in jsonl."""
    out = _ready(sys.stdout)
    _send(out, [_dumps(value, out, indent=None if form == "jsonl" else 2) + "\n"])


def say(text: str) -> None:
    """Write an answer in words to standard output."""
    lines([display_block(text)])


def lines(texts: Iterable[str]) -> None:
    """Write lines that are laid out and coloured already to standard output; `display` has seen what is in them."""
    out = _ready(sys.stdout)
    cells = _columns(out)
    _send(out, (f"{_broken(text, cells)}\n" for text in texts))


def verbatim(text: str) -> None:
    """Write a text that is taken over as it is, on a terminal too: a script, a definition, a seal."""
    _send(_ready(sys.stdout), [display_block(text) + "\n"])


def room() -> int:
    """Give the width to fit lines on standard output to; 0, no limit, where nobody set one."""
    return _room(sys.stdout)


def note(text: str) -> None:
    """Write a message to standard error; a terminal or pipe that is gone does not matter."""
    out = _ready(sys.stderr)
    _send(out, [_broken(display_block(text), _columns(out)) + "\n"])


def block(pairs: Iterable[tuple[str, object]]) -> str:
    """Lay out labels and values in two columns; all lines of a value stay in the second: none can pose as a label."""
    known = [(display(label), display_block(plain(value))) for label, value in pairs]
    labels = max((width(label) for label, _ in known), default=0)
    left = room() - labels - len(_GAP)
    known = [(label, hang(text, max(left, 0), 0)) for label, text in known]
    indent = "\n" + " " * labels + _GAP
    return "\n".join((pad(label, labels) + _GAP + text.replace("\n", indent)).rstrip() for label, text in known)


def paint(text: str, light: object) -> str:
    """Colour a text by its light (normal, due_soon, overdue or 正常, 临期, 逾期…), on a terminal that wants colour.

    The words must already say it: colour is second. Give it text that `display` returned.
    """
    name = str(light)
    colour = _COLOURS.get(name) or _COLOURS.get(name[:2])
    return f"\x1b[{colour}m{text}\x1b[0m" if colour and in_colour() else text


def in_colour() -> bool:
    """Tell whether standard output is a terminal that wants colour (no `NO_COLOR`, not `TERM=dumb`)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    # An old Windows console shows the codes themselves; Windows Terminal names itself.
    return is_terminal(sys.stdout) and (os.name != "nt" or "WT_SESSION" in os.environ)


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a stream leads to a terminal; a closed one does not."""
    return stream is not None and not stream.closed and stream.isatty()


def default_form() -> str:
    """Give the form for an answer when none was asked for: a table on a terminal, tsv in a pipe."""
    return "table" if is_terminal(sys.stdout) else "tsv"


def output_option(command: F) -> F:
    """Give a click command `-o/--output`, as its parameter `form`."""
    import click

    from interfaces.shell import option

    class Form(click.Choice[str]):
        def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
            return super().convert("table" if value == "表格" else value, param, ctx)

    return option(
        "form",
        "-o",
        "--output",
        "--输出",
        type=Form(FORMS),
        default=default_form,
        metavar="FORM",
        help="输出形式：表格（table）、json、jsonl、csv、tsv；默认在终端为表格，在管道中为 tsv",
    )(command)


def plain(value: object) -> str:
    """Give the text that people read for a value of a row: blank for None, 是/否, members of a list joined by 、."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, (list, tuple, set, frozenset)):
        return "、".join(map(plain, sorted(value, key=str) if isinstance(value, (set, frozenset)) else value))
    return str(value)


def _shown(row: Row, column: Column) -> object:
    return column.show(row) if column.show else row.get(column.key)


def _table(rows: Iterable[Row], columns: Sequence[Column], out: TextIO, title: str, footer: str) -> Iterator[str]:
    kept = list(rows)
    room = _room(out)
    heads = [display(column.title) for column in columns]
    grid = [[display(plain(_shown(row, column))) for column in columns] for row in kept]
    widths = [max(map(width, texts)) for texts in zip(heads, *grid, strict=True)]
    if room:
        widths = _fitted(widths, columns, room)
        # too narrow for a table: one entry under the other
        if sum(widths) + len(_GAP) * (len(widths) - 1) > room:
            yield from _stacked(kept, columns, title, footer)
            return
    if title and kept:
        yield display_block(title) + "\n"
    if kept:
        yield _GAP.join(map(pad, heads, widths, (c.align for c in columns))).rstrip() + "\n"
    for row, texts in zip(kept, grid, strict=True):
        parts = [pad(shorten(text, w), w, c.align) for text, w, c in zip(texts, widths, columns, strict=True)]
        parts[-1] = parts[-1].rstrip()
        yield (
            _GAP.join(
                paint(part, row.get(c.light, "")) if c.light else part for part, c in zip(parts, columns, strict=True)
            )
            + "\n"
        )
    if footer and kept:
        yield display_block(footer) + "\n"


def _stacked(rows: Sequence[Row], columns: Sequence[Column], title: str, footer: str) -> Iterator[str]:
    """Write each row as labels and values: nothing is cut, and no line is wider than the window."""
    if title and rows:
        yield display_block(title) + "\n"
    for row in rows:
        pairs = [(column.title, plain(_shown(row, column))) for column in columns]
        lights = [row.get(column.light, "") for column in columns if column.light]
        text = block([(label, value) for label, value in pairs if value])
        yield "\n".join(paint(line, lights[0]) if lights else line for line in text.split("\n")) + "\n\n"
    if footer and rows:
        yield hang(display_block(footer), room(), 0) + "\n"


def _fitted(widths: Sequence[int], columns: Sequence[Column], room: int) -> list[int]:
    """Narrow the widest text columns, a cell at a time, until the line fits or all are at their least."""
    fitted = [min(w, c.max_cells or w) for w, c in zip(widths, columns, strict=True)]
    excess = sum(fitted) + len(_GAP) * (len(fitted) - 1) - room
    texts = [i for i, c in enumerate(columns) if c.align == "left" and not c.whole]
    while excess > 0 and texts:
        widest = max(texts, key=lambda i: fitted[i])
        if fitted[widest] <= _LEAST:
            break
        fitted[widest] -= 1
        excess -= 1
    return fitted


def _columns(out: TextIO) -> int:
    """Give the width of the terminal that a stream leads to; 0 where it leads elsewhere."""
    if is_terminal(out):
        with suppress(OSError, ValueError):
            return os.get_terminal_size(out.fileno()).columns
    return 0


def _broken(text: str, cells: int) -> str:
    """Break prose at so many cells where a terminal would break in the middle of a word or a date.

    Left to the terminal: what is coloured, what has a word that is too long for any line, and commands, which are to be copied.
    """
    if not cells or width(text) <= cells:
        return text

    def broken(line: str) -> str:
        words = line.split(" ")
        if (
            width(line) <= cells
            or "\x1b" in line
            or "siban" in words
            or any(w.isascii() and len(w) > cells for w in words)
        ):
            return line
        indent = len(line) - len(line.lstrip(" "))
        return hang(line, cells, indent + len(_GAP) if indent else 0)

    return "\n".join(map(broken, text.split("\n")))


def _room(out: TextIO) -> int:
    """Give the width to fit a table to; 0, no limit, where nobody set one: a table in a pipe is not cut either."""
    if not is_terminal(out) and "COLUMNS" not in os.environ:
        return 0
    import shutil

    return shutil.get_terminal_size().columns


def _json(rows: Iterable[Row], _: Sequence[Column], out: TextIO) -> Iterator[str]:
    before = "[\n"
    for row in rows:
        yield before + _dumps(row, out)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _jsonl(rows: Iterable[Row], _: Sequence[Column], out: TextIO) -> Iterator[str]:
    for row in rows:
        yield _dumps(row, out) + "\n"


def _csv(rows: Iterable[Row], columns: Sequence[Column], out: TextIO) -> Iterator[str]:
    import csv

    class Echo:
        def write(self, text: str) -> str:
            return text

    writer = csv.writer(Echo(), lineterminator="\n")
    # Excel and WPS take a file without the mark for the local code page; on a terminal it would only be in the way.
    mark = "\ufeff" if _is_utf8(out) and not is_terminal(out) else ""
    yield mark + str(writer.writerow([cell(column.title) for column in columns]))
    for row in rows:
        yield str(writer.writerow([_csv_value(_shown(row, column)) for column in columns]))


def _csv_value(value: object) -> object:
    number = isinstance(value, (int, float)) and not isinstance(value, (bool, Enum))
    return value if number else cell(plain(value))  # a negative number is no formula


def _tsv(rows: Iterable[Row], columns: Sequence[Column], _: TextIO) -> Iterator[str]:
    yield "\t".join(display(column.title) for column in columns) + "\n"
    for row in rows:
        yield "\t".join(display(plain(_shown(row, column))) for column in columns) + "\n"


def _dumps(value: object, out: TextIO, indent: int | None = None) -> str:
    # A stream that cannot take Chinese would turn it into question marks; \u escapes keep it whole.
    return json_text(_encoder(not _is_utf8(out), indent).encode(value))


@lru_cache
def _encoder(ensure_ascii: bool, indent: int | None) -> json.JSONEncoder:  # noqa: FBT001 - by place, for the cache
    return json.JSONEncoder(default=_jsonable, ensure_ascii=ensure_ascii, indent=indent, allow_nan=False)


def _jsonable(value: object) -> object:
    """Give what stands in JSON for a value that `json` does not know."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    return dict(value.items()) if hasattr(value, "items") else str(value)


def _is_utf8(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")


class _Nowhere(io.StringIO):
    def write(self, text: str) -> int:
        return len(text)


def ready() -> None:
    """Let both streams show ? for what they cannot write, whoever writes to them: click's own words too."""
    for stream in (sys.stdout, sys.stderr):
        _ready(stream)


def _ready(stream: TextIO | None) -> TextIO:
    """Let a stream show ? for what it cannot write (a GBK console, the C locale) instead of stopping the program."""
    if stream is None:  # started with the stream closed (`>&-`)
        return _Nowhere()
    if stream.errors in ("strict", "surrogateescape") and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    return stream


def _send(stream: TextIO, pieces: Iterable[str]) -> None:
    for piece in pieces:
        if not _put(stream.write, piece):
            return _silence(stream)
    if not _put(stream.flush):
        _silence(stream)
    return None


def _put(write: Callable[..., object], *text: str) -> bool:
    """Write or flush; False when the reader has gone."""
    try:
        write(*text)
    except OSError as error:
        # Windows says EINVAL when the reader has gone.
        if error.errno == errno.EPIPE or (os.name == "nt" and error.errno == errno.EINVAL):
            return False
        raise Unavailable("output_failed", why=error.strerror or str(error)) from error
    return True


def _silence(stream: TextIO) -> None:
    """The reader has gone (`| head`): what anybody still writes or flushes goes nowhere."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
