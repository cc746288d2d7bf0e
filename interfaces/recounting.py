"""What loading a calendar moves, before it is loaded: a row for each due moment that another edition moves."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from engine.calendar import Calendar
from engine.clock import iso
from engine.ladder import settle
from engine.recount import moves
from engine.row import ItemQuery, from_text
from engine.run import due_is_provisional
from interfaces.output import Column, emit, is_terminal, note
from interfaces.progress import wipe
from interfaces.wording import when

if TYPE_CHECKING:
    from engine.calendar import Edition
    from engine.context import Rules
    from engine.item import Item
    from engine.recount import Moved
    from interfaces.session import Session

PACE = 500
"""After how many items progress is told."""


class Difference(NamedTuple):
    """One due moment that moves, with its item and the rules it would live under."""

    item: Item
    rules: Rules
    moved: Moved


def differences(session: Session, name: str, edition: Edition) -> list[Difference]:
    """List what a new edition of a calendar would move, of items with all that has come due by now settled."""
    calendar, found = Calendar(edition), []
    tell = is_terminal(sys.stderr)
    with session.store.read() as reader:
        for number, row in enumerate(reader.rows(ItemQuery(open=True)), 1):
            rules = session.rules(reader, row.definition)
            if rules.definition.calendar != name:
                continue
            item, new = settle(from_text(row.body), rules, session.now).item, rules._replace(calendar=calendar)
            found += [Difference(item, new, moved) for moved in moves(item, rules, new)]
            if tell and not number % PACE:
                sys.stderr.write(f"\r已核算 {number} 件在办事项")
                sys.stderr.flush()
    if tell:
        wipe()
    return found


def show(found: list[Difference], form: str) -> None:
    """Print what moves, or that nothing does."""
    columns = [
        Column("item", "编号", "right"),
        Column("title", "问题"),
        Column("clock_title", "计时"),
        Column("old_due_at", "原到期", whole=True, show=lambda row: row["old"]),
        Column("new_due_at", "新到期", whole=True, show=lambda row: row["new"]),
        Column("fired", "已督办层级", show=lambda row: row["rungs"]),
    ]
    shown = ("old", "new", "rungs") if form in ("json", "jsonl") else ()
    rows = [{key: value for key, value in _row(one).items() if key not in shown} for one in found]
    items = len({one.item.number for one in found})
    emit(rows, columns, form=form, footer=f"共 {items} 件事项、{len(found)} 个到期时间变动。")
    if not found:
        note("没有事项的到期时间变动。")


def _row(one: Difference) -> dict[str, object]:
    moved, item, rules = one.moved, one.item, one.rules
    clock = rules.definition.clocks.get(moved.clock)
    run = item.clocks.get(moved.clock)
    leans = bool(clock and run and due_is_provisional(run, clock, item, rules.calendar))
    ladder = rules.definition.ladders.get(clock.ladder, ()) if clock else ()
    titles = {rung.level: rung.title for rung in ladder}
    return {
        "item": moved.item,
        "serial": moved.serial,
        "title": item.text("title"),
        "clock": moved.clock,
        "clock_title": clock.title if clock else moved.clock,
        "main": moved.main,
        "cycle": moved.cycle,
        "old_due_at": _iso(moved.old_due),
        "new_due_at": _iso(moved.new_due),
        "provisional": leans,
        "fired": list(moved.fired),
        "old": when(moved.old_due),
        "new": f"{when(moved.new_due)}{'（暂定）' if leans else ''}",
        "rungs": "、".join(titles.get(level) or str(level) for level in moved.fired),
    }


def _iso(at: int | None) -> str | None:
    return None if at is None else iso(at)


def changes(old: Edition, new: Edition) -> list[str]:
    """Say what a new edition adds to the old one, a line each."""
    lines = []
    for year in new.years:
        if year not in old.years:
            known = any(one.year == year.year for one in old.years)
            days = f"放假 {len(year.off)} 天，调休上班 {len(year.work)} 天"
            lines.append(f"{'调整' if known else '新增'}{year.year}年放假安排：{days}（{year.notice}）")
    for local in new.local:
        if local not in old.local:
            days = f"停工放假 {len(local.off)} 天，上班 {len(local.work)} 天"
            lines.append(f"当地安排：{days}（{local.notice}）")
    lines += [f"办公时间{hours}" for hours in hours_texts(new) if hours not in hours_texts(old)]
    return lines


def hours_texts(edition: Edition) -> list[str]:
    """Return the office hours, a line a period: `自 2027-05-01 起 09:00—12:00、13:30—18:00`."""
    from datetime import date

    from engine.calendar import clock_text

    lines = []
    for period in edition.hours:
        since = f"自 {date.fromordinal(period.first).isoformat()} 起 " if period.first else " "
        lines.append(since + "、".join(f"{clock_text(start)}—{clock_text(end)}" for start, end in period.sessions))
    return lines
