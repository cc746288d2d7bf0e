"""Items as rows of an answer: one shape for the ledger, the lists behind a figure, and whoever reads the JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.clock import day_of, iso
from engine.light import DUE_SOON, NONE, NORMAL, OVERDUE, light, unclear, unread_text
from interfaces.output import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from engine.context import Rules
    from engine.item import Item
    from engine.light import Light


def item_row(item: Item, rules: Rules, now: int, kept_due: int | None = None) -> dict[str, object]:
    """Return an item as a row: identifiers and plain values for programs, titles beside them for people.

    A closed item keeps the verdict it was closed with, and with `kept_due` the due moment that the ledger kept.
    """
    definition, organisation = rules.definition, rules.organisation
    state, judged = definition.states[item.state], light(item, rules, now)
    verdict = item.fields.get("on_time")
    if state.final and isinstance(verdict, bool):
        days = 0 if verdict else judged.days
        due_at = judged.due_at if kept_due is None else kept_due
        judged = judged._replace(word=NORMAL if verdict else OVERDUE, days=days, due_at=due_at)
    track, source = item.text("track"), item.text("source")
    main = definition.main_clock
    run = item.clocks.get(main.name) if main else None
    listed = definition.tracks[track].list_title if track in definition.tracks else track
    unit, handler = item.text("lead_unit"), item.text("handler")
    return {
        "number": item.number,
        "serial": item.serial,
        "workflow": item.workflow,
        "workflow_title": definition.title,
        "title": item.text("title"),
        "stage": state.stage,
        "state": item.state,
        "state_title": state.title,
        "open": not state.final,
        "counted": state.counted,
        "track": track,
        "track_title": listed,
        "source": source,
        "source_title": definition.sources[source].title if source in definition.sources else source,
        "lead_unit": unit,
        "lead_unit_title": organisation.unit_title(unit),
        "co_units": list(item.names("co_units")),
        "handler": handler,
        "handler_name": organisation.name_of(handler),
        "registered_at": iso(item.registered_at),
        "since": iso(item.since),
        "due_at": None if judged.due_at is None else iso(judged.due_at),
        "due_on": None if judged.due_at is None else day_of(judged.due_at - 1).isoformat(),
        "done_at": None if run is None or run.stopped is None else iso(run.stopped),
        "closed_at": None if item.closed_at is None else iso(item.closed_at),
        "light": judged.word,
        "days": judged.days,
        "provisional": judged.provisional,
        "unclear": unclear(item, rules),
        "limit_text": unread_text(item, rules),
        "original_dues": list(item.names("original_dues")),
        "late_dues": list(item.names("late_dues")),
        "rungs": len(item.crossed),
        "round": item.round,
        "version": item.version,
        "left": left(judged, final=state.final, done=run is not None and run.stopped is not None),
        "due": short_day(judged.due_at, now),
        "list": listed.removesuffix("的问题"),
    }


SHOWN_ONLY = ("left", "due", "list", "workflow_title", "texts")
"""Keys of a row that are words for the table and not for programs."""


def public(row: Mapping[str, object]) -> dict[str, object]:
    """Return a row as programs get it."""
    told = dict(row)
    for key in SHOWN_ONLY:
        told.pop(key, None)
    return told


def left(judged: Light, *, final: bool, done: bool) -> str:
    """Say how much time is left or over: 余3日 今日 超5日 (working days), or 按时 逾期5日 for what is closed."""
    if final or done:
        if judged.due_at is None or not final:
            return ""
        late = f"逾期{judged.days}日" if judged.days else "逾期"
        return late if judged.word == OVERDUE else "按时"
    if judged.word == NONE:
        return "暂停" if judged.due_at is not None else ""
    if judged.word == OVERDUE:
        return f"超{judged.days}日" if judged.days else "已超"
    return f"余{judged.days}日" if judged.days else "今日"


def carried_text(dues: Iterable[object], late: Iterable[object]) -> str:
    """Say what limits an item had before it was carried over, and which of them it was late for: 原定2023-08-31，结转时已逾期."""
    over = set(map(str, late))
    return "；".join(f"原定{due}{'，结转时已逾期' if str(due) in over else ''}" for due in dues)


def short_day(at: int | None, now: int) -> str:
    """Write a due day for a list: 8月31日, or 2024年1月3日 in another year; the day that ends, for a 24:00."""
    if at is None:
        return ""
    when, today = day_of(at - 1), day_of(now)
    return f"{'' if when.year == today.year else f'{when.year}年'}{when.month}月{when.day}日"


def _due(row: Mapping[str, object], day: str) -> str:
    """Write the due day of a row: 8月31日; of one carried over with its first limit: 12月31日（原8月31日，已逾期）."""
    before = row["original_dues"]
    if isinstance(before, list) and before:
        first = f"{before[0][5:7].lstrip('0')}月{before[0][8:].lstrip('0')}日" if day == "due" else before[0]
        return f"{row[day] or ''}（原{first}{'，已逾期' if row['late_dues'] else ''}）"
    if row["unclear"]:  # an unread text under a track of its own limit has a due day all the same
        return f"待明确（{row[day]}）" if row[day] else "待明确"
    return f"{row[day] or ''}{'（暂定）' if row['provisional'] else ''}"


class Kind(NamedTuple):
    """How items of one workflow are listed by themselves, or those of several: the word for them, and further fields with their titles."""

    title: str = "事项"
    further: Mapping[str, str] = {}


def _text_of(name: str) -> Callable[[Mapping[str, object]], object]:
    return lambda row: row["texts"][name] if isinstance(row["texts"], dict) else ""


def columns(form: str, *, as_written: bool = False, kind: Kind | None = None) -> list[Column]:
    """Return the ledger's columns; a table has no room for the serial, and limits as written only where asked for.

    `kind` says how items are listed that do not all belong to the ledger of problems.
    """
    named = [] if form == "table" else [Column("serial", "事项编号")]
    track = Column("list", "清单", max_cells=9) if form == "table" else Column("track_title", "清单")
    if kind:
        track = Column("workflow_title", "流程", max_cells=9)
    return [
        Column("number", "编号", "right"),
        *named,
        *([] if kind and kind.further else [track]),
        Column("title", kind.title if kind else "问题"),
        *(
            Column(name, title, max_cells=24, show=_text_of(name))
            for name, title in (kind.further if kind else {}).items()
        ),
        Column("lead_unit_title", "主办", max_cells=12),
        Column("handler_name", "责任人", max_cells=8),
        Column("state_title", "状态", max_cells=12),
        Column("due_on", "时限", show=lambda row: _due(row, "due" if form == "table" else "due_on")),
        *([Column("limit_text", "时限原文", max_cells=24)] if as_written else []),
        Column("left", "余/超", "right", light="light"),
        Column("rungs", "督办", "right"),
    ]


def totals(rows: list[dict[str, object]]) -> str:
    """Sum up a list: how many, open, overdue, near, closed, not counted."""
    open_ = [row for row in rows if row["open"] and row["counted"]]
    parts = [
        ("在办", len(open_)),
        ("其中逾期", sum(row["light"] == OVERDUE and row["done_at"] is None for row in open_)),
        ("临期", sum(row["light"] == DUE_SOON and row["done_at"] is None for row in open_)),
        ("时限待明确", sum(bool(row["unclear"]) for row in open_)),
        ("已办结", sum(not row["open"] and bool(row["counted"]) for row in rows)),
        ("不计入", sum(not row["counted"] for row in rows)),
        ("督办", sum(int(str(row["rungs"])) for row in rows)),
    ]
    shown = "，".join(f"{word} {number}{' 次' if word == '督办' else ''}" for word, number in parts if number)
    return f"共 {len(rows)} 件{'：' + shown if shown else ''}"
