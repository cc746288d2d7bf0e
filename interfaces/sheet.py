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
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.errors import FaultsFound, Unavailable
from interfaces.package import BadPackage, check_package

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

Value = str | int | float | bool | dt.datetime | dt.date | dt.time | dt.timedelta | None
"""What a cell holds; a blank one holds None."""

SUFFIXES = (".xlsx", ".xls", ".ods", ".csv")
"""The kinds of file that are read; one with macros (.xlsm) or a binary one (.xlsb) is not."""

MAX_BYTES = 64 * 1024 * 1024
MAX_ROWS = 150_000
MAX_COLUMNS = 100

_MEMORY = 400 * 1024**2  # of addresses: a ledger of 100,000 rows needs two thirds of it
_SECONDS = 60
_HEADER_WITHIN = 20  # rows from the top
_AT_ONCE = 64  # rows that the child says in one line
_DOWN_MOST = 5000  # rows that one merged cell may fill


class Broken(str):
    """What stands in a cell whose formula has no value or an error for one."""

    __slots__ = ()


class Row(NamedTuple):
    """One row of data: its number in the sheet, counted from 1, and a cell for every header."""

    number: int
    cells: tuple[Value, ...]


class Table(NamedTuple):
    """A list as it was read.

    `other_sheets` names the further sheets with a table in them, which were not read; `above` is what stands over its head.
    """

    headers: list[str]
    rows: list[Row]
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()
    header_at: int = 1
    above: tuple[str, ...] = ()


class Grid(NamedTuple):
    """A sheet as it stands, with its merged ranges ((row, column), (row, column)) and its formulas without a value."""

    rows: list[list[Value]]
    name: str = ""
    merges: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()


class _Why(Exception):
    """A reason, by its code, for not reading a file."""


def read_table(path: Path | str, *, wanted: Collection[str] = (), sheet: str | None = None) -> Table:
    """Read the list in a file: its header row, found by the names `wanted`, and the rows under it that are not blank.

    Without `sheet` the first visible sheet that holds anything is read.
    """
    first, *others = read_tables(path, wanted=wanted, sheet=sheet)
    return first._replace(other_sheets=tuple(other.sheet for other in others))


def read_tables(path: Path | str, *, wanted: Collection[str] = (), sheet: str | None = None) -> list[Table]:
    """Read the lists in a file, one from each visible sheet that holds anything, or from the one named."""
    return [_table(grid, wanted, path) for grid in read_grids(Path(path), sheet)]


def read_grids(path: Path, sheet: str | None = None) -> list[Grid]:
    """Read a file as it stands: each visible sheet that holds anything, or the one named."""
    try:
        return _grids(path, sheet)
    except (_Why, BadPackage) as why:
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
    if not columns:
        return list(rows)
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


def _grids(path: Path, sheet: str | None) -> list[Grid]:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise _Why("kind")
    content = _content(path)
    if suffix == ".csv":
        return [Grid(_csv_grid(content))]
    broken = check_package(content) if suffix != ".xls" else {}
    grids = _in_child(content, sheet)
    for grid in grids:
        for row, column in broken.get(grid.name, ()):
            if row < len(grid.rows) and column < len(grid.rows[row]):
                grid.rows[row][column] = Broken(grid.rows[row][column] or "")
    return grids


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


def _in_child(content: bytes, sheet: str | None) -> list[Grid]:
    import subprocess
    import threading

    here = Path(__file__).resolve()
    command = [sys.executable, "-m", "interfaces.sheet", *([sheet] if sheet else [])]
    child = subprocess.Popen(  # noqa: S603 - ourselves, without a shell; the file comes by standard input
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=here.parent.parent
    )
    watchdog = threading.Timer(_SECONDS, child.kill)
    watchdog.start()
    try:
        with child:
            with suppress(OSError):  # it has ended already, and says below why
                child.stdin.write(content)  # type: ignore[union-attr]  # a pipe, as asked for
            with suppress(OSError):
                child.stdin.close()  # type: ignore[union-attr]  # as above
            grids = _received(child.stdout)  # type: ignore[arg-type]  # as above
            said = child.stderr.read()  # type: ignore[union-attr]  # as above
    finally:
        watchdog.cancel()
    if child.returncode == 1:  # what the child does not foresee, such as an installation without the parser
        raise Unavailable("no_reader", detail=said.decode(errors="replace").strip().rpartition("\n")[2])
    if (
        child.returncode or grids is None
    ):  # ended by the operating system, or by the parser itself when it got no memory
        raise _Why("too_big")
    return grids


def _received(lines: Iterable[bytes]) -> list[Grid] | None:
    """Read what the child says; None when it did not come to its end."""
    grids: list[Grid] = []
    rows: list[list[Value]] = []
    read = json.JSONDecoder(object_hook=_unpacked).decode
    same: dict[Value, Value] = {}  # most texts of a list recur in it, and are kept once
    for line in lines:
        try:
            said = read(line.decode())
        except ValueError:  # cut off by its end
            return None
        if isinstance(said, list):
            rows += [[same.setdefault(value, value) if type(value) is str else value for value in row] for row in said]
        elif "why" in said:
            raise _Why(said["why"])
        elif "sheet" in said:
            rows = []
            grids.append(Grid(rows, said["sheet"], tuple(((a, b), (c, d)) for (a, b), (c, d) in said["merges"])))
        else:
            return grids
    return None


def parse_book(content: bytes, sheet: str | None = None) -> Iterator[object]:
    """Parse a workbook in this process, for the child.

    Yields for each sheet {sheet, merges} and then lists of its rows; at the end {end}, or {why}.
    """
    import python_calamine as calamine

    try:
        with calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            visible = [m.name for m in book.sheets_metadata if m.visible == calamine.SheetVisibleEnum.Visible]
            names = [sheet] if sheet else visible
            _expect(set(names) <= set(book.sheet_names), "no_sheet")
            left, none = MAX_ROWS + _HEADER_WITHIN, True
            for name in names:
                found = book.get_sheet_by_name(name)
                if not found.end:
                    continue
                none = False
                # `total_height` and `total_width` are the indexes of the last row and column
                left -= found.total_height
                _expect(left > 0, "too_many_rows")
                _expect(found.total_width < MAX_COLUMNS, "too_many_columns")
                yield {"sheet": name, "merges": (found.merged_cell_ranges or [])[:MAX_ROWS]}
                before = [None] * (found.start or (0, 0))[1]
                rows = found.iter_rows()
                while some := list(islice(rows, _AT_ONCE)):
                    yield [before + [None if value == "" else value for value in row] for row in some]
            _expect(not none, "empty")
        yield {"end": True}
    except _Why as why:
        yield {"why": str(why)}
    except calamine.PasswordError:
        yield {"why": "password"}
    except MemoryError:
        yield {"why": "too_big"}
    except GeneratorExit:
        raise
    except BaseException:  # noqa: BLE001 - also a panic of the native code, which is no Exception
        yield {"why": "damaged"}


def _expect(holds: bool, why: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise _Why(why)


_TAGGED: dict[str, Callable[[str], Value]] = {
    "at": dt.datetime.fromisoformat,
    "on": lru_cache(maxsize=4096)(dt.date.fromisoformat),
    "time": dt.time.fromisoformat,
    "seconds": lambda text: dt.timedelta(seconds=float(text)),
}


def _packed(value: object) -> object:
    """Say in JSON what it has no form for."""
    if isinstance(value, dt.datetime):  # before date, whose subclass it is
        return {"at": value.isoformat()}
    if isinstance(value, dt.date):
        return {"on": value.isoformat()}
    if isinstance(value, dt.time):
        return {"time": value.isoformat()}
    if isinstance(value, dt.timedelta):
        return {"seconds": str(value.total_seconds())}
    raise TypeError(type(value))


def _unpacked(said: dict[str, Any]) -> object:
    """Read such a value back; whatever else the child says stays as it is."""
    if len(said) == 1:
        ((tag, text),) = said.items()
        if tag in _TAGGED:
            return _TAGGED[tag](text)
    return said


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
    return row.count(None) < len(row)


def _heading(value: Value) -> str:
    """Give a column name on one line; a break between Chinese characters leaves no blank behind."""
    return " ".join(
        re.sub(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])", "", "" if value is None else str(value)).split()
    )


def _table(sheet: Grid, wanted: Collection[str], path: Path | str) -> Table:
    grid = sheet.rows
    for row in grid:
        row[:] = [None if type(value) is str and not value.strip() else value for value in row]  # not what is broken
    if not any(map(_filled, grid)):
        raise FaultsFound("bad_file", path=str(path), why="empty")
    at = find_header(grid, wanted)
    header, below = list(grid[at]), at + 1
    keys = set(map(header_key, wanted))
    if below < len(grid) and _is_second_header(header, grid[below], keys):
        under = grid[below]
        header = [under[i] if i < len(under) and under[i] is not None else value for i, value in enumerate(header)]
        below += 1
    _fill_merged(grid, sheet.merges, below)
    numbered = [(number, row) for number, row in enumerate(grid[below:], below + 1) if _filled(row)]
    if len(numbered) > MAX_ROWS:
        raise FaultsFound("bad_file", path=str(path), why="too_many_rows")
    columns = max((i + 1 for i, v in enumerate(header) if v is not None), default=0)
    for _, row in numbered:
        while len(row) > columns and row[-1] is None:
            row.pop()
        columns = max(columns, len(row))
    headers = [_heading(value) for value in (*header, *[None] * columns)][:columns]
    rows = [
        Row(n, tuple(row) if len(row) == columns else tuple(row + [None] * (columns - len(row)))) for n, row in numbered
    ]
    above = tuple(value for row in grid[:at] for value in row if isinstance(value, str))
    return Table(headers, rows, sheet.name, (), below, above)


def _fill_merged(
    grid: list[list[Value]], merges: Iterable[tuple[tuple[int, int], tuple[int, int]]], below: int
) -> None:
    """Let every row of a cell that is merged downwards under the header hold what it says."""
    for (top, column), (bottom, _) in merges:
        if below <= top < bottom < min(len(grid), top + _DOWN_MOST) and column < len(grid[top]):
            for row in grid[top + 1 : bottom + 1]:
                if column < len(row) and row[column] is None and _filled(row):
                    row[column] = grid[top][column]


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
    write = json.JSONEncoder(ensure_ascii=False, default=_packed).encode
    for said in parse_book(sys.stdin.buffer.read(), sys.argv[1] if len(sys.argv) > 1 else None):
        sys.stdout.buffer.write(f"{write(said)}\n".encode())


if __name__ == "__main__":
    _main()
