"""One row of a ledger on paper: each column's value of an item, as a spreadsheet holds it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.clock import day_of
from engine.errors import FaultsFound, Misused
from engine.light import NORMAL, OVERDUE, Light, light
from engine.run import due
from engine.takeover import TAKE_OVER
from interfaces.listing import left
from interfaces.wording import LIGHTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from engine.context import Rules
    from engine.item import Item
    from engine.run import Run

Cell = str | int | dt.date | None

PAPERS = {"A4": 9, "A3": 8}
"""Sizes of paper, as spreadsheets number them."""


class Head(NamedTuple):
    """One column of a ledger: its head, what it holds, and how wide it is in Chinese characters."""

    title: str
    field: str
    width: float


class Layout(NamedTuple):
    """A ledger's form: its title and columns, the paper and on how many sheets side by side, the lines for signatures under it."""

    title: str
    columns: tuple[Head, ...]
    paper: str = "A4"
    pages_wide: int = 1
    foot: tuple[str, ...] = ()


class Facts(NamedTuple):
    """What several columns of one item look at."""

    number: int
    item: Item
    rules: Rules
    run: Run | None
    judged: Light
    due_at: int | None
    reporter: tuple[str, str]


def read_layout(path: Path) -> Layout:
    """Read a ledger's form; raises `Misused("bad_toml")`, `FaultsFound("bad_ledger_layout")` with what is wrong and what there is."""
    import tomllib

    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise Misused("bad_toml", path=str(path), why=str(error)) from None
    columns, raw = [], data.get("columns")
    for one in raw if isinstance(raw, list) else []:
        field, title = (str(one.get(key, "")) for key in ("field", "title")) if isinstance(one, dict) else ("", "")
        if field not in FIELDS or not title:
            raise FaultsFound("bad_ledger_layout", path=str(path), text=field or title, among=sorted(FIELDS))
        width = one.get("width", 8)
        columns.append(Head(title, field, float(width) if isinstance(width, (int, float)) else 8.0))
    paper, wide, foot = str(data.get("paper", "A4")), data.get("pages_wide", 1), data.get("foot", [])
    if not columns or paper not in PAPERS or wide not in (1, 2, 3) or not isinstance(foot, list):
        raise FaultsFound(
            "bad_ledger_layout", path=str(path), text="columns、paper、pages_wide、foot", among=sorted(PAPERS)
        )
    return Layout(str(data.get("title", path.stem)), tuple(columns), paper, wide, tuple(map(str, foot)))


def facts_of(number: int, item: Item, rules: Rules, now: int, reporter: tuple[str, str]) -> Facts:
    """Gather what the columns of an item look at."""
    clock = rules.definition.main_clock
    run = item.clocks.get(clock.name) if clock else None
    due_at = due(run, clock, item, rules.calendar) if run and clock else None
    verdict = item.fields.get("on_time") if rules.definition.states[item.state].final else None
    if verdict is True:
        judged = Light(NORMAL, 0, due_at)
    else:
        judged = light(item, rules, now)
        if verdict is False:  # it stays as it was closed, whatever a later calendar says
            judged = judged._replace(word=OVERDUE)
    return Facts(number, item, rules, run, judged, due_at, reporter)


def _day(at: int | None) -> dt.date | None:
    return None if at is None else day_of(at)


def _text(name: str) -> Callable[[Facts], Cell]:
    return lambda facts: facts.item.text(name) or None


def _choice(name: str) -> Callable[[Facts], Cell]:
    def shown(facts: Facts) -> Cell:
        value = facts.item.text(name)
        field = facts.rules.definition.fields.get(name)
        return (field.choices.get(value, value) if field else value) or None

    return shown


def _unit(name: str) -> Callable[[Facts], Cell]:
    def shown(facts: Facts) -> Cell:
        value = facts.item.text(name)
        return facts.rules.organisation.unit_title(value) if value else None

    return shown


def _officer(name: str) -> Callable[[Facts], Cell]:
    def shown(facts: Facts) -> Cell:
        value = facts.item.text(name)
        return facts.rules.organisation.name_of(value) if value else None

    return shown


def _found_at(facts: Facts) -> Cell:
    value = facts.item.text("found_at")
    return dt.date.fromisoformat(value) if value else None


def _co_units(facts: Facts) -> Cell:
    title = facts.rules.organisation.unit_title
    return "、".join(map(title, facts.item.names("co_units"))) or None


def _limit(facts: Facts) -> Cell:
    if facts.due_at is not None:
        return day_of(facts.due_at - 1)
    code = facts.item.text("limit")
    if not code:
        return None
    if "-" in code:
        return dt.date.fromisoformat(code)
    from workflows.limits import limit_title

    return limit_title(code)


def _measures(facts: Facts) -> Cell:
    measures = facts.item.fields.get("measures")
    if not isinstance(measures, (list, tuple)) or not measures:
        return facts.item.text("measure") or None
    title, lines = facts.rules.organisation.unit_title, []
    for number, one in enumerate(measures, 1):
        end = "，".join(
            filter(None, (title(one["unit"]) if one.get("unit") else "", f"{one['due']}前" if one.get("due") else ""))
        )
        lines.append(f"{number}.{one.get('text', '')}{f'（{end}）' if end else ''}")
    return "\n".join(lines)


def _completed_at(facts: Facts) -> Cell:
    stage = facts.rules.definition.states[facts.item.state].stage
    if stage == "verify":
        act = facts.item.acts.get("report_done") or facts.item.acts.get(TAKE_OVER)
        return _day(act.at if act else None)
    return _day(facts.run.stopped) if facts.run and stage in ("feedback", "closed") else None


def _light(facts: Facts) -> Cell:
    final = facts.rules.definition.states[facts.item.state].final
    return "按时" if final and facts.judged.word == NORMAL else LIGHTS[facts.judged.word]


def _left(facts: Facts) -> Cell:
    state = facts.rules.definition.states[facts.item.state]
    done = facts.run is not None and facts.run.stopped is not None
    return left(facts.judged, final=state.final, done=done) or None


def _problem(facts: Facts) -> Cell:
    return facts.item.text("description") or facts.item.text("title")


def _people(verb: str) -> Callable[[Facts], Cell]:
    def shown(facts: Facts) -> Cell:
        act = facts.item.acts.get(verb)
        return "、".join(map(facts.rules.organisation.name_of, act.by)) if act else None

    return shown


def _verifying_unit(facts: Facts) -> Cell:
    from engine.roles import verifying_unit

    return facts.rules.organisation.unit_title(verifying_unit(facts.item, facts.rules.organisation))


def _duties(facts: Facts) -> Cell:
    co_units = _co_units(facts)
    return f"配合：{co_units}" if co_units else None


def _percent(facts: Facts) -> Cell:
    value = facts.item.fields.get("percent")
    return f"{value}%" if isinstance(value, int) else None


FIELDS: Mapping[str, Callable[[Facts], Cell]] = {
    "row_no": lambda facts: facts.number,
    "serial": lambda facts: facts.item.serial,
    "external_no": _text("external_no"),
    "list": _choice("track"),
    "title": _text("title"),
    "problem": _problem,
    "description": _text("description"),
    "source": _choice("source"),
    "registered_at": lambda facts: _day(facts.item.registered_at),
    "found_at": _found_at,
    "reporter": lambda facts: facts.reporter[0] or ("匿名" if facts.item.fields.get("anonymous") else None),
    "contact": lambda facts: facts.reporter[1] or None,
    "place": _text("place"),
    "line": _text("line"),
    "objective": _text("objective"),
    "measures": _measures,
    "commander": _officer("commander"),
    "lead_unit": _unit("lead_unit"),
    "co_units": _co_units,
    "handler": _officer("handler"),
    "registrar": _people("register"),
    "verified_by": _people("pass_office"),
    "verifying_unit": _verifying_unit,
    "duties": _duties,
    "assigned_at": lambda facts: _day(facts.run.started) if facts.run else None,
    "limit": _limit,
    "limit_text": _text("limit_text"),
    "outcome": _text("outcome"),
    "percent": _percent,
    "state": lambda facts: facts.rules.definition.states[facts.item.state].title,
    "completed_at": _completed_at,
    "closed_at": lambda facts: _day(facts.item.closed_at),
    "light": _light,
    "left": _left,
    "rungs": lambda facts: len(facts.item.crossed),
    "satisfaction": _choice("satisfaction"),
    "result_class": _choice("result_class"),
    "institution": _text("institution"),
    "remark": _text("remark"),
    "blank": lambda _facts: None,
}
"""What a column of a ledger may hold, by its name."""
