"""From a problem list to registrations: which sheets are lists, which of their columns are taken, and what all rows came to."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from engine.apart import policies_of
from engine.errors import Misused
from engine.intake import FAULTS
from interfaces.columns import left_out, map_columns, wanted_names
from interfaces.deciding import read_together
from interfaces.display import display
from interfaces.problem_row import Columns, Manner, Sheet, packed, read_rows
from interfaces.sheet import fill_down, read_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

    from interfaces.columns import RowFault
    from interfaces.crew import Crew
    from interfaces.problem_row import Choice, Line, Read, RowLimit
    from interfaces.session import Session
    from interfaces.sheet import Row, Table

AT_ONCE = 500
"""How many rows are read between two looks at what was found."""

UNNAMED = "other"
"""The source of a list that names none: it says no more than that, and who must be answered is settled later."""


class Batch(NamedTuple):
    """A list as read: its lines, what was found wrong, and what the reader should know. `places` has the columns of each sheet."""

    lines: list[Line]
    faults: list[RowFault]
    notes: list[str]
    limits: list[RowLimit]
    places: dict[str, Columns]

    @property
    def sheets(self) -> list[tuple[Mapping[str, object], int | None]]:
        """What each line registers: its fields, and when it came in."""
        return [(line.entry.fields, line.entry.came_in) for line in self.lines]


def read_problems(
    path: str,
    explicit: Mapping[str, str],
    session: Session,
    workflow: str,
    choice: Choice,
    progress: Callable[[int, int], None] | None = None,
    crew: Crew | None = None,
) -> Batch:
    """Read a problem list; raises `Misused` or `FaultsFound` when the file or its columns as a whole cannot be used.

    Where it pays, the rows are read by the `crew`.
    """
    tables = read_tables(path, wanted=wanted_names(explicit), sheet=choice.sheet)
    shared = crew is not None and crew.pays(sum(len(table.rows) for table in tables))
    with session.store.read() as reader:
        rules = session.shelf.current(reader, workflow)
        policies = policies_of(reader) if shared else ()
    for table in tables:
        for text in (os.path.basename(path), table.sheet, *table.above):  # noqa: PTH119 - a name, nothing is opened
            session.guard.refuse(text, "list")
    fitting, notes = _fitting(tables, explicit)
    choices = rules.definition.fields["source"].choices if "source" in rules.definition.register.fields else {}
    if choice.source is None and UNNAMED in choices and any("source" not in columns.at for _, columns in fitting):
        choice = choice._replace(source=UNNAMED)
        notes.append(f"清单中没有来源列，均按“{choices[UNNAMED]}”登记；可用 --source 指明来源。")
    batch = Batch([], [], notes, [], {table.sheet: columns for table, columns in fitting})
    done, total = 0, sum(len(table.rows) for table, _ in fitting)
    for table, columns in fitting:
        if len(batch.faults) >= FAULTS:
            break
        place = table.sheet if len(fitting) > 1 else ""
        manner = Manner(place, columns, choice, session.now, session.titles, session.readings, session.guard)
        rows = fill_down(table.rows, [columns.at[name] for name in choice.fill if name in columns.at])
        blank, not_yet = list[int](), 0
        if crew and shared:
            way = read_together(crew, packed(policies, workflow, manner), _batches(rows))
        else:
            way = _here(Sheet(manner, rules), _batches(rows))
        with closing(way) as answered:
            for count, read in answered:
                batch.lines.extend(read.lines)
                batch.faults.extend(read.faults)
                batch.limits.extend(read.limits)
                blank += read.blank
                not_yet += read.not_yet
                done += count
                if progress:
                    progress(done, total)
                if len(batch.faults) >= FAULTS:
                    batch.notes.append(f"错误已达 {len(batch.faults)} 处，第 {batch.lines[-1].row} 行以后的没有再查。")
                    break
        if blank:
            batch.notes.append(f"没有可导入的内容，略去 {len(blank)} 行：第 {'、'.join(map(str, blank[:10]))} 行。")
        if not_yet:
            batch.notes.append(f"待受理的 {not_yet} 件，整改措施、整改情况等待交办后填报，未导入。")
    return batch


def _batches(rows: list[Row]) -> Iterator[list[Row]]:
    """Cut rows into batches; each row is let go of when it has been read."""
    rows.reverse()
    while rows:
        yield [rows.pop() for _ in range(min(AT_ONCE, len(rows)))]


def _here(sheet: Sheet, batches: Iterable[list[Row]]) -> Generator[tuple[int, Read]]:
    return ((len(rows), read_rows(sheet, rows)) for rows in batches)


def _fitting(tables: list[Table], explicit: Mapping[str, str]) -> tuple[list[tuple[Table, Columns]], list[str]]:
    """Return the sheets that are lists of problems with their columns, and what is not imported.

    A sheet that is none is passed over where another is; raises what `map_columns` raises where none is.
    """
    fitting: list[tuple[Table, Columns]] = []
    notes, others, first = [], [], None
    for table in tables:
        try:
            columns = map_columns(table.headers, explicit)
        except Misused as error:
            if error.code not in ("column_required", "column_not_found"):
                raise
            first = first or error
            others.append(table.sheet)
            continue
        fitting.append((table, Columns(table.headers, columns, table.header_at)))
        if unused := left_out(table.headers, columns):
            where = f"（工作表“{display(table.sheet)}”）" if len(tables) > 1 else ""
            notes.append(f"未导入的列{where}：{'、'.join(display(name) for name in unused)}")
    if not fitting and first is not None:
        raise first
    if others:
        notes.append(f"不是问题清单、未导入的工作表：{'、'.join(map(display, others))}")
    return fitting, notes
