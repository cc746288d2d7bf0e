"""Reading a problem list from a spreadsheet or a CSV file that somebody sent us.

Such a file is hostile until read. Its size is checked before it is parsed. The parser, native code that ends its whole
process when a 5 KB file makes it ask for half a terabyte, runs in a child process with bounded memory and time: this
module run as a program. Whatever is wrong with a file comes back as FaultsFound `bad_file` with `path` and `why`.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import sys
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import FaultsFound, Unavailable

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Callable, Collection, Iterable, Sequence

Value = str | int | float | bool | dt.datetime | dt.date | dt.time | dt.timedelta | None
"""What a cell holds; a blank one holds None."""

SUFFIXES = (".xlsx", ".xls", ".ods", ".csv")
"""The kinds of file that are read; one with macros (.xlsm) or a binary one (.xlsb) is not."""

MAX_BYTES = 20 * 1024 * 1024
MAX_PARTS = 200
MAX_UNPACKED = 200 * 1024 * 1024
MAX_ROWS = 20_000
MAX_COLUMNS = 100

_MEMORY = 2 * 1024**3
_SECONDS = 60
_HEADER_WITHIN = 20  # rows from the top
_BARRED_PARTS = ("xl/vbaproject.bin", "xl/workbook.bin")  # macros or a binary workbook under another suffix


class Row(NamedTuple):
    """One row of data: its number in the sheet, counted from 1, and a cell for every header."""

    number: int
    cells: tuple[Value, ...]


class Table(NamedTuple):
    """A list as it was read. `other_sheets` names the further sheets with a table in them, which were not read."""

    headers: list[str]
    rows: list[Row]
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()


class _Why(Exception):
    """A reason, by its code, for not reading a file."""


def read_table(path: Path | str, *, wanted: Collection[str] = (), sheet: str | None = None) -> Table:
    """Read the list in a file: its header row, found by the names `wanted`, and the rows under it that are not blank.

    Without `sheet` the first visible sheet that holds anything is read.
    """
    path = Path(path)
    try:
        return _table(*_grid(path, sheet), wanted)
    except _Why as why:
        raise FaultsFound("bad_file", path=str(path), why=str(why), allowed=list(SUFFIXES)) from None
    except FileNotFoundError:
        raise FaultsFound("bad_file", path=str(path), why="missing") from None
    except OSError as error:
        raise FaultsFound("bad_file", path=str(path), why="unreadable", detail=error.strerror or "") from error


def header_key(text: object) -> str:
    """Give what is compared of a column name: no blanks or line breaks, half-width, no mark of a required column."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", str(text))).strip("*:").lower()


def find_header(grid: Sequence[Sequence[Value]], wanted: Collection[str]) -> int:
    """Give the index of the header row: near the top, with the most wanted names, or the first with two texts."""
    keys = set(map(header_key, wanted))
    top = grid[:_HEADER_WITHIN]
    scores = [sum(header_key(value) in keys for value in row if isinstance(value, str)) for row in top]
    if any(scores):
        return scores.index(max(scores))
    for index, row in enumerate(top):  # a title stands alone in its row
        if sum(isinstance(value, str) for value in row) > 1:
            return index
    return next((index for index, row in enumerate(top) if _filled(row)), 0)


def fill_down(rows: Iterable[Row], columns: Collection[int]) -> list[Row]:
    """Give the rows with each blank cell of the columns filled from above: what a cell merged downwards means."""
    last: dict[int, Value] = {}
    filled = []
    for row in rows:
        cells = list(row.cells)
        for column in columns:
            if cells[column] is None:
                cells[column] = last.get(column)
            last[column] = cells[column]
        filled.append(row._replace(cells=tuple(cells)))
    return filled


def _grid(path: Path, sheet: str | None) -> tuple[list[list[Value]], str, tuple[str, ...]]:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise _Why("kind")
    content = _content(path)
    if suffix == ".csv":
        return _csv_grid(content), "", ()
    if suffix != ".xls":
        _check_zip(content)
    return _in_child(content, sheet)


def _content(path: Path) -> bytes:
    if path.exists() and not path.is_file():  # a directory, a pipe, a device without an end
        raise _Why("unreadable")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise _Why("too_big")
    if not content:
        raise _Why("empty")
    return content


def _check_zip(content: bytes) -> None:
    """Unpack every part once and throw it away: the sizes that a ZIP file declares can be lies."""
    import zipfile

    if content.startswith(b"\xd0\xcf\x11\xe0"):  # how Office wraps an .xlsx that has a password; also a renamed .xls
        raise _Why("password")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_parts(archive)
    except _Why:
        raise
    except Exception as error:  # zipfile alone raises a dozen classes on damaged input
        raise _Why("damaged") from error


def _check_parts(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if len(parts) > MAX_PARTS:
        raise _Why("too_big")
    if any(part.filename.lower() in _BARRED_PARTS for part in parts):
        raise _Why("kind")
    left = MAX_UNPACKED
    for part in parts:
        with archive.open(part) as unpacked:
            while chunk := unpacked.read(65536):
                left -= len(chunk)
                if left < 0:
                    raise _Why("too_big")


def _in_child(content: bytes, sheet: str | None) -> tuple[list[list[Value]], str, tuple[str, ...]]:
    import subprocess

    here = Path(__file__).resolve()
    command = [sys.executable, "-m", "interfaces.sheet", *([sheet] if sheet else [])]
    try:
        done = subprocess.run(  # noqa: S603 - ourselves, without a shell; the file comes by standard input
            command, input=content, capture_output=True, cwd=here.parent.parent, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _Why("too_big") from None
    if (
        done.returncode == 1
    ):  # an exception that `parse_book` does not foresee, such as an installation without the parser
        raise Unavailable("no_reader", detail=done.stderr.decode(errors="replace").strip().rpartition("\n")[2])
    if done.returncode:  # ended by the operating system, or by the parser itself when it got no memory
        raise _Why("too_big")
    answer = json.loads(done.stdout)
    if "why" in answer:
        raise _Why(answer["why"])
    return [[_unpacked(value) for value in row] for row in answer["rows"]], answer["sheet"], tuple(answer["others"])


def parse_book(content: bytes, sheet: str | None = None) -> dict[str, object]:
    """Parse a workbook in this process, for the child: its rows with values that JSON can carry, or `why` not."""
    import python_calamine as calamine

    try:
        with calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            visible = [m.name for m in book.sheets_metadata if m.visible == calamine.SheetVisibleEnum.Visible]
            names = [sheet] if sheet else visible
            _expect(set(names) <= set(book.sheet_names), "no_sheet")
            full = [found for found in map(book.get_sheet_by_name, names) if found.end]
            _expect(bool(full), "empty")
            first = full[0]
            # `total_height` and `total_width` are the indexes of the last row and column
            _expect(first.total_height < MAX_ROWS + _HEADER_WITHIN, "too_many_rows")
            _expect(first.total_width < MAX_COLUMNS, "too_many_columns")
            rows = [[_packed(value) for value in row] for row in first.to_python(skip_empty_area=False)]
            return {"rows": rows, "sheet": first.name, "others": [other.name for other in full[1:]]}
    except _Why as why:
        return {"why": str(why)}
    except calamine.PasswordError:
        return {"why": "password"}
    except MemoryError:
        return {"why": "too_big"}
    except BaseException:  # noqa: BLE001 - also a panic of the native code, which is no Exception
        return {"why": "damaged"}


def _expect(holds: bool, why: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise _Why(why)


_TAGGED: dict[str, Callable[[str], Value]] = {
    "at": dt.datetime.fromisoformat,
    "on": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "seconds": lambda text: dt.timedelta(seconds=float(text)),
}


def _packed(value: Value) -> object:
    if isinstance(value, dt.datetime):  # before date, whose subclass it is
        return {"at": value.isoformat()}
    if isinstance(value, dt.date):
        return {"on": value.isoformat()}
    if isinstance(value, dt.time):
        return {"time": value.isoformat()}
    if isinstance(value, dt.timedelta):
        return {"seconds": str(value.total_seconds())}
    return value


def _unpacked(value: Value | dict[str, str]) -> Value:
    if isinstance(value, dict):
        ((tag, text),) = value.items()
        return _TAGGED[tag](text)
    return value


def _csv_grid(content: bytes) -> list[list[Value]]:
    import csv

    text = _decoded(content)
    try:
        head = text[:65536].splitlines()[:_HEADER_WITHIN]
        delimiter = max(",;\t", key=lambda mark: _evenness(csv.reader(head, delimiter=mark)))
        grid: list[list[Value]] = []
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(grid) >= MAX_ROWS + _HEADER_WITHIN:
                raise _Why("too_many_rows")
            if len(row) > MAX_COLUMNS and any(row[MAX_COLUMNS:]):
                raise _Why("too_many_columns")
            grid.append(list(row[:MAX_COLUMNS]))
    except csv.Error as error:
        raise _Why("damaged") from error
    return grid


def _evenness(rows: Iterable[list[str]]) -> int:
    """Score a delimiter: how many rows it cuts into the same number of cells, above one, times that number."""
    counts = [len(row) for row in rows]
    return max((count * counts.count(count) for count in counts if count > 1), default=0)


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):  # what Excel calls Unicode text
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _Why("encoding")


def _filled(row: Sequence[Value]) -> bool:
    return any(value is not None for value in row)


def _blank_to_none(value: Value) -> Value:
    return None if isinstance(value, str) and not value.strip() else value


def _heading(value: Value) -> str:
    """Give a column name on one line; a break between Chinese characters leaves no blank behind."""
    return " ".join(
        re.sub(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])", "", "" if value is None else str(value)).split()
    )


def _table(raw: Sequence[Sequence[Value]], sheet: str, others: tuple[str, ...], wanted: Collection[str]) -> Table:
    grid = [[_blank_to_none(value) for value in row] for row in raw]
    if not any(map(_filled, grid)):
        raise _Why("empty")
    at = find_header(grid, wanted)
    header, below = list(grid[at]), at + 1
    keys = set(map(header_key, wanted))
    if below < len(grid) and _is_second_header(header, grid[below], keys):
        under = grid[below]
        header = [under[i] if i < len(under) and under[i] is not None else value for i, value in enumerate(header)]
        below += 1
    numbered = [(number, row) for number, row in enumerate(grid[below:], below + 1) if _filled(row)]
    if len(numbered) > MAX_ROWS:
        raise _Why("too_many_rows")
    columns = max(
        (i + 1 for row in (header, *(row for _, row in numbered)) for i, v in enumerate(row) if v is not None),
        default=0,
    )
    headers = [_heading(value) for value in (*header, *[None] * columns)][:columns]
    return Table(headers, [Row(n, tuple([*row, *[None] * columns][:columns])) for n, row in numbered], sheet, others)


def _is_second_header(header: Sequence[Value], under: Sequence[Value], keys: set[str]) -> bool:
    """Tell whether a row only splits the merged headers above it (责任单位 into 牵头部门 and 配合部门)."""
    names = [value for value in under if value is not None]
    return 0 < len(names) < len(list(filter(None, header))) and all(
        isinstance(v, str) and header_key(v) in keys for v in names
    )


def _main() -> None:
    """Be the child: a workbook by standard input, its table or the reason against it as JSON by standard output."""
    with suppress(ImportError):  # Windows has none: only the time is bounded there, by the parent
        import resource

        for kind, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CPU, _SECONDS), (resource.RLIMIT_CORE, 0)):
            with suppress(ValueError, OSError):  # the system allows less than that already
                resource.setrlimit(kind, (most, most))
    answer = parse_book(sys.stdin.buffer.read(), sys.argv[1] if len(sys.argv) > 1 else None)
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    _main()
