"""One sheet's rows read: from the cells of each to its registration and where it stands; every fault has its place, nothing is guessed."""

from __future__ import annotations

import datetime as dt
import pickle
import re
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from engine.apart import shelf_of
from engine.clock import day_of, time_of_day
from engine.errors import Misused, SibanError
from engine.field import checked
from engine.intake import FAULTS, Entry
from engine.privacy import PRIVATE_FIELDS
from engine.text import clean_block, clean_line
from interfaces.columns import CAME_LATER, RowFault, as_block, as_line, title_and_description, to_instant
from interfaces.masking import HIDDEN
from interfaces.output import plain
from interfaces.package import place_of
from interfaces.sheet import Broken
from interfaces.standing import Dates, Words, came_in, standings
from workflows.limits import limit_title, read_limit
from workflows.messages import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from engine.context import Rules
    from engine.organisation import Organisation
    from engine.row import Policy
    from engine.secrecy import Guard
    from engine.takeover import Standing
    from interfaces.sheet import Row, Value
    from workflows.labels import Titles
    from workflows.limits import Reading, Readings

BLOCKS = ("description", "remark", "target", "progress")
"""The columns that may hold several lines."""

COLUMN_OF = {"track": "problem_list", "longterm": "limit"} | {field: name for name, field in CAME_LATER.items()}
"""The column from which a field of the definition is read, where they are not called alike."""

ANONYMOUS = ("匿名", "无名", "不详", "佚名")
"""What ledgers write where nobody is named."""


_RECURRING = (str, dt.date, dt.datetime)
"""Cells of these types often hold what others of their column hold, and mean the same there."""

_MOST_SAME = 4096


class RowLimit(NamedTuple):
    """A limit whose text leaned on something or could not be read: `code` is what it was read as, "" when it was not."""

    row: int
    text: str
    code: str
    note: str


class Line(NamedTuple):
    """One row as read: its sheet and number, what is entered, by what it is found again, and the state that it names."""

    sheet: str
    row: int
    entry: Entry
    serial: str = ""
    state: str = ""


class Columns(NamedTuple):
    """The columns of one sheet: its heads, the index of each field's column, and the row (from 1) of the heads."""

    headers: list[str]
    at: Mapping[str, int]
    header_at: int = 1

    def header(self, field: str) -> str:
        """Return the head of a field's column, or the field's own name where there is none."""
        at = self.at.get(field)
        return self.headers[at] if at is not None and at < len(self.headers) else field

    def cell(self, row: int, field: str) -> str:
        """Return the place of a field's cell, "" where the sheet has no such column."""
        at = self.at.get(field)
        return "" if at is None else place_of(row - 1, at)


class Choice(NamedTuple):
    """What the office says about a list beside its columns; with a `sheet`, that one alone is meant."""

    source: str | None = None
    anonymous: bool = False
    words: Mapping[str, str] = {}
    done_on: int | None = None
    fill: tuple[str, ...] = ()
    sheet: str | None = None


class Manner(NamedTuple):
    """How the rows of one sheet are read: `now` is the moment (µs), `readings` what limit texts leave open here."""

    sheet: str
    columns: Columns
    choice: Choice
    now: int
    titles: Titles
    readings: Readings
    guard: Guard


class Read(NamedTuple):
    """What rows came to: a line for each but the `blank` ones; how many wait for acceptance with more than is taken."""

    lines: list[Line]
    faults: list[RowFault]
    limits: list[RowLimit]
    blank: list[int]
    not_yet: int


def read_rows(sheet: Sheet, rows: Iterable[Row]) -> Read:
    """Read rows of a sheet; after too many faults no further ones."""
    read, not_yet = Read([], [], [], [], 0), 0
    for row in rows:
        if not sheet.holds(row):
            read.blank.append(row.number)
            continue
        one = _Reading(row, sheet)
        read.lines.append(one.line())
        read.faults.extend(one.faults)
        read.limits.extend(one.limits)
        not_yet += one.not_yet
        if len(read.faults) >= FAULTS:
            break
    return read._replace(not_yet=not_yet)


def packed(policies: tuple[Policy, ...], workflow: str, manner: Manner) -> bytes:
    """Return how rows are read, for another process to `read_apart`: in bytes, so that it sees at once that it is the same again."""
    return pickle.dumps((policies, workflow, manner))


def read_apart(manner: bytes, rows: Iterable[Row]) -> Read:
    """Read rows with nothing but what was packed for it."""
    return read_rows(_sheet(manner), rows)


@lru_cache(maxsize=1)  # a sheet remembers what its cells came to
def _sheet(text: bytes) -> Sheet:
    policies, workflow, manner = pickle.loads(text)  # noqa: S301 - our own, from the process that began this one
    shelf, view = shelf_of(policies)
    return Sheet(manner, shelf.current(view, workflow))


class Sheet:
    """What all rows of one sheet are read with: what can be settled once for the sheet, and what its cells came to so far."""

    def __init__(self, manner: Manner, rules: Rules) -> None:
        """Make what reads each column, under the rules to which the rows are registered."""
        self.sheet, columns, self.choice, self.now, self.titles, self.readings, self.guard = manner
        self.columns, self.rules = columns, rules
        definition = rules.definition
        self.words = Words(definition, self.choice.words)
        register = definition.register
        self.known = frozenset(register.fields)
        self.required = [(name, definition.fields[name].title) for name, _ in register.require]
        self.later = [(name, field) for name, field in CAME_LATER.items() if name in columns.at]
        self.cells: list[tuple[str, int, Callable[[Value], object], dict[Value, object]]] = [
            (name, at, self._reader(name), {}) for name, at in columns.at.items()
        ]
        self._places = [at for at in columns.at.values() if at < len(columns.headers)]
        self._number = re.compile(rf"{re.escape(definition.serial)}\d{{4}}-(\d{{4,7}})").fullmatch
        self.same: dict[tuple[str, str], object] = {}
        self._limits: dict[tuple[str, dt.date], tuple[Reading, bool]] = {}
        self._tracks: dict[str, str] = {}
        self._sources: dict[str, str] = {}
        self._days: dict[int, dt.date] = {}

    def _reader(self, name: str) -> Callable[[Value], object]:
        """Return what reads the cells of a column; it raises for a cell that cannot be read."""
        field = self.rules.definition.fields.get(name)
        organisation = self.rules.organisation
        own: dict[str, Callable[[Value], object]] = {
            **dict.fromkeys(Dates._fields, to_instant),
            **dict.fromkeys(BLOCKS, lambda value: clean_block(as_block(value), field=name)),
            "percent": _percent,
            "measure": lambda value: measures_of(clean_block(as_block(value), field=name), organisation),
            "co_units": lambda value: [
                _named(part, "unit", organisation) for part in _parts(clean_line(as_line(value), field=name))
            ],
        }
        if name in own:
            return own[name]
        if field and field.kind in ("line", "text"):  # what the check of a field cleans anyway
            return as_line
        if field and field.kind in ("unit", "officer"):
            kind = field.kind
            return lambda value: _named(clean_line(as_line(value), field=name), kind, organisation)
        return lambda value: clean_line(as_line(value), field=name)

    def holds(self, row: Row) -> bool:
        """Whether a row has anything in a column that is imported: the lines for signatures under a list have not."""
        cells = row.cells
        for at in self._places:  # noqa: SIM110 - asked of every row, and mostly answered by its first cell
            if cells[at] is not None:
                return True
        return False

    def number_of(self, serial: str) -> int:
        """Return the number of an item in its serial, 0 when it is none of ours."""
        found = self._number(serial) if serial else None
        return int(found.group(1)) if found else 0

    def limit(self, text: str, today: dt.date) -> tuple[Reading, bool]:
        """Read a limit's text, and say whether it is more than the limit's own name: the same few recur."""
        found = self._limits.get((text, today))
        if found is None:
            reading = read_limit(text, today=today, readings=self.readings)
            more = not reading.code or text not in (reading.code, limit_title(reading.code))
            found = self._limits[text, today] = reading, more
        return found

    def day(self, at: int) -> dt.date:
        """Return the day of an instant."""
        found = self._days.get(at)
        if found is None:
            found = self._days[at] = day_of(at)
        return found

    def track(self, text: str) -> str:
        """Return the track that a list's name means, by its title or a distinctive part of it; "" for none."""
        if text not in self._tracks:
            tracks, words = self.rules.definition.tracks.values(), text.rstrip("的问题")
            self._tracks[text] = next(
                (
                    track.name
                    for track in tracks
                    if text in (track.name, track.title, track.list_title) or words == track.list_title.rstrip("的问题")
                ),
                "",
            )
        return self._tracks[text]

    def source(self, text: str) -> str:
        """Take the source a list names more fully (学习研讨中发现的问题) for the one choice whose title it contains."""
        if text not in self._sources:
            field = self.rules.definition.fields.get("source")
            titles = field.choices.items() if field else ()
            meant = [key for key, title in titles if title in text or key == text]
            self._sources[text] = meant[0] if len(meant) == 1 else text
        return self._sources[text]


class _Reading:
    """One row under reading."""

    def __init__(self, row: Row, about: Sheet) -> None:
        self.row, self.about = row, about
        self.limits: list[RowLimit] = []
        self.faults: list[RowFault] = []
        self.came_at: int | None = None
        self.days: dict[str, int] = {}
        self.dates = Dates()
        self.came: int | None = None
        self.state = ""
        self.not_yet = False

    def line(self) -> Line:
        """Read the row."""
        about = self.about
        choice, definition = about.choice, about.rules.definition
        self._marked()
        fields = self._fields()
        self.dates = Dates(**self.days)
        self.came = came_in(self.dates)
        serial, word = str(fields.pop("serial", "")), str(fields.pop("state", ""))
        later = {field: fields.pop(name) for name, field in about.later if name in fields}
        later = {name: value for name, value in later.items() if name in definition.fields}
        given = self._registered(fields, choice)
        standings = self._standings(word, self._checked(later) if later else {}, choice)
        came = self.came_at if self.dates.registered_at is None else self.dates.registered_at
        if standings:
            came = min(self.came or about.now, standings[0].at)
        entry = Entry(given, came, standings, about.number_of(serial))
        return Line(about.sheet, self.row.number, entry, serial, self.state if word else "")

    def _fields(self) -> dict[str, object]:
        """Read every cell that an import takes."""
        fields: dict[str, object] = {}
        cells = self.row.cells
        for name, at, read, same in self.about.cells:
            value = cells[at]
            if value is None:
                continue
            recurs = type(value) in _RECURRING
            found = same.get(value) if recurs else None
            if found is None:
                try:
                    if isinstance(value, Broken):
                        raise Misused("broken_formula", text=str(value))
                    found = read(value)
                except SibanError as error:
                    self._wrong(name, value, error)
                    continue
                if recurs and len(same) < _MOST_SAME:
                    same[value] = found
            if name in Dates._fields:
                found = self._date(name, value, found)
            if found not in (None, "", []):
                fields[name] = found
        title = fields.get("title")
        if "description" not in self.about.columns.at and isinstance(title, str):
            fields["title"], whole = title_and_description(title)
            if whole:
                fields["description"] = whole
        return fields

    def _registered(self, fields: dict[str, object], choice: Choice) -> Mapping[str, object]:
        """Return what a registration takes."""
        about = self.about
        self._track(fields)
        if isinstance(fields.get("source"), str):
            fields["source"] = about.source(str(fields["source"]))
        if choice.source and "source" not in fields:
            fields["source"] = choice.source
        for name, title in about.required:
            if name not in fields:
                self._fault(name, "", "missing", f"缺少{title}")
        self._reporter(fields, anonymous=choice.anonymous)
        self._limit(fields)
        known = about.known
        return self._checked({name: value for name, value in fields.items() if name in known})

    def _standings(self, word: str, later: Mapping[str, object], choice: Choice) -> tuple[Standing, ...]:
        dates, came, definition, now = self.dates, self.came, self.about.rules.definition, self.about.now
        closed, done = dates.closed_at is not None, dates.completed_at is not None
        try:
            state = self.state = self.about.words.state(word, closed=closed, done=done)
            if state in ("", definition.initial) and dates.assigned_at is None:
                self.not_yet = bool(later)
                return ()
            if state and not done and not closed and definition.states[state].stage in ("verify", "feedback", "closed"):
                dates = dates._replace(completed_at=choice.done_on)
                came = came_in(dates)
            return standings(state, dates, came, later, definition, now)
        except Misused as error:
            name = {"days_out_of_order": str(error.data.get("later")), "done_yet_open": "completed_at"}.get(
                error.code, "state"
            )
            self._wrong(name, word if name == "state" else self._cell(name), error)
            return ()

    def _cell(self, name: str) -> Value:
        at = self.about.columns.at.get(name)
        return self.row.cells[at] if at is not None else None

    def _date(self, name: str, value: Value, at: object) -> object:
        """Remember a date, which must have passed; when it was found is also a field, with a time of day when it came in too."""
        if not isinstance(at, int) or at > self.about.now:
            self._fault(name, value, "in_the_future", "日期晚于现在")
            return None
        self.days[name] = at
        if name != "found_at":
            return at
        if time_of_day(at):
            self.came_at = at
        return self.about.day(at).isoformat()

    def _track(self, fields: dict[str, object]) -> None:
        """Take the list's name for its track."""
        text = str(fields.pop("problem_list", "") or "")
        if not text:
            return
        if track := self.about.track(text):
            fields["track"] = track
            return
        titles = "、".join(track.list_title for track in self.about.rules.definition.tracks.values())
        self._fault("problem_list", text, "unknown_list", f"没有这个清单；可以是：{titles}")

    def _reporter(self, fields: dict[str, object], *, anonymous: bool) -> None:
        if fields.get("reporter") in ANONYMOUS:
            fields.pop("reporter")
            fields["anonymous"] = True
        elif anonymous and not fields.get("reporter"):
            source = str(fields.get("source", ""))
            spec = next((s for s in self.about.rules.definition.sources.values() if source in (s.name, s.title)), None)
            if spec is None or spec.reporter:
                fields["anonymous"] = True

    def _limit(self, fields: dict[str, object]) -> None:
        """Read the limit's text; what cannot be read is kept as text, so that the item is listed as 时限待明确."""
        text = str(fields.pop("limit", "") or "")
        if not text:
            return
        if "limit_text" not in self.about.known:
            self._fault(
                "limit",
                text,
                "limit_not_taken",
                "本流程的时限由流程规定，不能逐件填写；请用 --map ignore=列名 略去这一列",
            )
            return
        as_written = fields.pop("limit_text", "")
        reading, more = self.about.limit(text, self.about.day(self.came or self.about.now))
        if as_written or more:
            fields["limit_text"] = as_written or text
        if reading.note:
            self.limits.append(RowLimit(self.row.number, text, reading.code or "", reading.note))
        if reading.code:
            fields["limit"] = reading.code
        if reading.longterm:
            fields["longterm"] = True

    def _checked(self, fields: Mapping[str, object]) -> Mapping[str, object]:
        """Check the fields; where one is wrong each alone, so that every fault of a row is reported and not only the first."""
        definition, organisation = self.about.rules.definition, self.about.rules.organisation
        try:
            return checked(fields, definition, organisation, self.about.same)
        except SibanError:
            good: dict[str, object] = {}
        for name, value in fields.items():
            try:
                good |= checked({name: value}, definition, organisation)
            except SibanError as error:
                self._wrong(name, value, error)
        return good

    def _marked(self) -> None:
        """Refuse a row with a mark of classification in any cell, imported or not; what stands beside the mark is not shown."""
        about, texts = self.about, [value for value in self.row.cells if isinstance(value, str)]
        if not about.guard.suspects("\n".join(texts)):
            return
        for at, value in enumerate(self.row.cells):
            try:
                if isinstance(value, str):
                    about.guard.refuse(value, about.columns.headers[at])
            except SibanError as error:
                why, cell = sentence(error, about.titles), place_of(self.row.number - 1, at)
                header = about.columns.headers[at]
                fault = RowFault(self.row.number, header, str(error.data["mark"]), error.code, why, cell, about.sheet)
                self.faults.append(fault)

    def _wrong(self, name: str, value: object, error: SibanError) -> None:
        if name in PRIVATE_FIELDS and "text" in error.data:  # it quotes the cell
            error = type(error)(error.code, **error.data | {"text": HIDDEN})
        self._fault(name, value, error.code, sentence(error, self.about.titles))

    def _fault(self, name: str, value: object, code: str, why: str) -> None:
        shown = HIDDEN if name in PRIVATE_FIELDS else plain(value)  # whoever looks into the list sees it there
        field = COLUMN_OF.get(name, name)
        columns = self.about.columns
        header, cell = columns.header(field), columns.cell(self.row.number, field)
        self.faults.append(RowFault(self.row.number, header, shown, code, why, cell, self.about.sheet))


def row_fault(line: Line, columns: Columns, error: SibanError, titles: Titles) -> RowFault:
    """Make the fault of a row as a whole from the error that entering it raised."""
    fields = error.data.get("fields")
    name = str(error.data.get("field") or (fields[0] if isinstance(fields, list) and fields else "") or "title")
    field = COLUMN_OF.get(name, name)
    why = sentence(error, titles)
    return RowFault(line.row, columns.header(field), "", error.code, why, columns.cell(line.row, field), line.sheet)


def measures_of(text: str, organisation: Organisation) -> list[dict[str, str]]:
    """Read measures as ledgers write them: one a line, perhaps numbered, perhaps with （单位，2023-08-31前） at its end."""
    found = []
    for line in text.split("\n"):
        words = _NUMBERED.sub("", line).strip()
        if not words:
            continue
        measure = {"text": words, "unit": "", "due": ""}
        if end := _WHO_WHEN.fullmatch(words):
            unit, due = end.group(2) or "", end.group(3) or ""
            with suppress(SibanError):
                measure = {"text": end.group(1), "unit": organisation.unit(unit).id if unit else "", "due": due}
        found.append(measure)
    return found


def _named(text: str, kind: str, organisation: Organisation) -> str:
    """Return the id of the unit or officer that a text names, or the text for the check of the field to refuse."""
    with suppress(SibanError):
        return (organisation.unit(text) if kind == "unit" else organisation.officer(text)).id
    return text


def _parts(text: str) -> list[str]:
    """Split names that stand in one cell."""
    return [
        part for part in text.replace("，", "、").replace(",", "、").replace("；", "、").split("、") if part.strip()
    ]


def _percent(value: Value) -> object:
    """Read a percentage, which a sheet may hold as a share of one."""
    if isinstance(value, float) and 0 < value <= 1:
        return round(value * 100)
    text = as_line(value).rstrip("%％").strip()
    return int(text) if text.isdecimal() else text


_NUMBERED = re.compile(r"\s*(?:\d{1,2}|[一二三四五六七八九十]{1,3})[.、．]\s*")
_WHO_WHEN = re.compile(r"(.*?)（(?:([^（），\d][^（），]*))?，?(?:(\d{4}-\d{2}-\d{2})前)?）", re.DOTALL)
