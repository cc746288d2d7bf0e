"""From the rows of a problem list to registrations: every fault is reported with its place, nothing is guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.clock import day_of, time_of_day
from engine.errors import SibanError
from engine.field import checked
from engine.privacy import PRIVATE_FIELDS
from engine.text import clean_block, clean_line
from interfaces.columns import (
    RowFault,
    as_block,
    as_line,
    left_out,
    map_columns,
    parse_map,
    suspension_faults,
    title_and_description,
    to_instant,
    wanted_names,
)
from interfaces.display import display
from interfaces.masking import HIDDEN
from interfaces.sheet import read_table
from workflows.messages import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.context import Rules
    from interfaces.session import Session
    from interfaces.sheet import Row, Value
    from workflows.labels import Titles

ANONYMOUS = ("匿名", "无名", "不详", "佚名")
"""What ledgers write where nobody is named."""


UNNAMED = "other"
"""The source of a list that names none: it says no more than that, and who must be answered is settled later."""


class RowLimit(NamedTuple):
    """A limit whose text leaned on something or could not be read: `code` is what it was read as, "" when it was not."""

    row: int
    text: str
    code: str
    note: str


class Batch(NamedTuple):
    """A list as read: (fields, when it came in) for each row, what was found wrong, and what the reader should know."""

    sheets: list[tuple[dict[str, object], int | None]]
    faults: list[RowFault]
    notes: list[str]
    limits: list[RowLimit]


def read_problems(
    path: str,
    maps: tuple[str, ...],
    sheet: str | None,
    session: Session,
    workflow: str,
    *,
    source: str | None,
    anonymous: bool,
) -> Batch:
    """Read a problem list; raises `Misused` or `FaultsFound` when the file or its columns as a whole cannot be used."""
    explicit = parse_map(maps)
    table = read_table(path, wanted=wanted_names(explicit), sheet=sheet)
    columns = map_columns(table.headers, explicit)
    notes = []
    unused = left_out(table.headers, columns)
    if unused:
        notes.append(f"未导入的列：{'、'.join(display(name) for name in unused)}")
    if table.other_sheets:
        notes.append(f"另有工作表未读：{'、'.join(display(name) for name in table.other_sheets)}（用 --sheet 指定）")
    faults = suspension_faults(table.headers, table.rows, explicit)
    with session.store.read() as reader:
        rules = session.shelf.current(reader, workflow)
    choices = rules.definition.fields["source"].choices if "source" in rules.definition.register.fields else {}
    if "source" not in columns and source is None and UNNAMED in choices:
        source = UNNAMED
        notes.append(f"清单中没有来源列，均按“{choices[UNNAMED]}”登记；可用 --source 指明来源。")
    titles, sheets = session.titles, []
    limits: list[RowLimit] = []
    for row in table.rows:
        reading = _Reading(row, table.headers, columns, rules, session, titles)
        fields = reading.fields(source, anonymous=anonymous)
        faults += reading.faults
        limits += reading.limits
        sheets.append((fields, reading.came_in))
    return Batch(sheets, faults, notes, limits)


class _Reading:
    """One row under reading."""

    def __init__(
        self, row: Row, headers: list[str], columns: Mapping[str, int], rules: Rules, session: Session, titles: Titles
    ) -> None:
        self.row, self.headers, self.columns, self.rules = row, headers, columns, rules
        self.session, self.now, self.titles = session, session.now, titles
        self.limits: list[RowLimit] = []
        self.faults: list[RowFault] = []
        self.came_in: int | None = None

    def fields(self, source: str | None, *, anonymous: bool) -> dict[str, object]:
        """Read every cell that an import takes."""
        known = self.rules.definition.register.fields
        fields: dict[str, object] = {}
        for name in self.columns:
            value = self._read(name)
            if value not in (None, "", []):
                fields[name] = value
        if "description" not in self.columns and isinstance(fields.get("title"), str):
            title, whole = title_and_description(str(fields["title"]))
            fields["title"] = title
            if whole:
                fields["description"] = whole
        self._track(fields)
        if isinstance(fields.get("source"), str):
            fields["source"] = self._source(str(fields["source"]))
        if source and "source" not in fields:
            fields["source"] = source
        for name, _ in self.rules.definition.register.require:
            if name not in fields:
                self._fault(name, "", "missing", f"缺少{self.rules.definition.fields[name].title}")
        self._reporter(fields, anonymous=anonymous)
        self._limit(fields)
        given = {name: value for name, value in fields.items() if name in known}
        return self._checked(given)

    def _cell(self, name: str) -> Value:
        return self.row.cells[self.columns[name]] if self.columns[name] < len(self.row.cells) else None

    def _read(self, name: str) -> object:
        value = self._cell(name)
        try:
            if name == "found_at":
                return self._found(value)
            if name in ("description", "remark"):
                return clean_block(as_block(value), field=name)
            text = clean_line(as_line(value), field=name)
        except SibanError as error:
            self._wrong(name, value, error)
            return None
        if name == "co_units":
            return [
                part
                for part in text.replace("，", "、").replace(",", "、").replace("；", "、").split("、")
                if part.strip()
            ]
        return text

    def _found(self, value: Value) -> str | None:
        """Read when it was found; with a time of day it is also when it came in."""
        if value in (None, ""):
            return None
        at = to_instant(value)
        if at > self.now:
            self._fault("found_at", value, "in_the_future", "日期晚于现在")
            return None
        if time_of_day(at):
            self.came_in = at
        return day_of(at).isoformat()

    def _track(self, fields: dict[str, object]) -> None:
        """Take the list's name for its track: by its title, or a distinctive part of it."""
        text = str(fields.pop("problem_list", "") or "")
        if not text:
            return
        for track in self.rules.definition.tracks.values():
            if text in (track.name, track.title, track.list_title) or text.rstrip("的问题") == track.list_title.rstrip(
                "的问题"
            ):
                fields["track"] = track.name
                return
        titles = "、".join(track.list_title for track in self.rules.definition.tracks.values())
        self._fault("problem_list", text, "unknown_list", f"没有这个清单；可以是：{titles}")

    def _source(self, text: str) -> str:
        """Take the source a list names more fully (学习研讨中发现的问题) for the one choice whose title it contains."""
        field = self.rules.definition.fields.get("source")
        titles = field.choices.items() if field else ()
        meant = [key for key, title in titles if title in text or key == text]
        return meant[0] if len(meant) == 1 else text

    def _reporter(self, fields: dict[str, object], *, anonymous: bool) -> None:
        if fields.get("reporter") in ANONYMOUS:
            fields.pop("reporter")
            fields["anonymous"] = True
        elif anonymous and not fields.get("reporter"):
            source = str(fields.get("source", ""))
            spec = next((s for s in self.rules.definition.sources.values() if source in (s.name, s.title)), None)
            if spec is None or spec.reporter:
                fields["anonymous"] = True

    def _limit(self, fields: dict[str, object]) -> None:
        """Read the limit's text; what cannot be read is kept as text, so that the item is listed as 时限待明确."""
        text = str(fields.pop("limit", "") or "")
        if not text:
            return
        if "limit_text" not in self.rules.definition.register.fields:
            self._fault(
                "limit",
                text,
                "limit_not_taken",
                "本流程的时限由流程规定，不能逐件填写；请用 --map ignore=列名 略去这一列",
            )
            return
        reading = self.session.read_limit(text, day_of(self.came_in or self.now))
        fields["limit_text"] = text
        if reading.note:
            self.limits.append(RowLimit(self.row.number, text, reading.code or "", reading.note))
        if reading.code:
            fields["limit"] = reading.code
        if reading.longterm:
            fields["longterm"] = True

    def _checked(self, fields: dict[str, object]) -> dict[str, object]:
        """Check each field alone, so that every fault of a row is reported and not only the first."""
        good: dict[str, object] = {}
        for name, value in fields.items():
            try:
                good |= checked({name: value}, self.rules.definition, self.rules.organisation)
            except SibanError as error:
                self._wrong(name, value, error)
        return good

    def _header(self, name: str) -> str:
        key = "problem_list" if name == "track" else "limit" if name in ("limit_text", "longterm") else name
        index = self.columns.get(key)
        return self.headers[index] if index is not None and index < len(self.headers) else key

    def _wrong(self, name: str, value: object, error: SibanError) -> None:
        if name in PRIVATE_FIELDS and "text" in error.data:  # it quotes the cell
            error = type(error)(error.code, **error.data | {"text": HIDDEN})
        self._fault(name, value, error.code, sentence(error, self.titles))

    def _fault(self, name: str, value: object, code: str, why: str) -> None:
        shown = HIDDEN if name in PRIVATE_FIELDS else str(value)  # whoever looks into the list sees it there
        self.faults.append(RowFault(self.row.number, self._header(name), shown, code, why))
