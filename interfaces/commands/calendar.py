"""`calendar due` counts a due day, `calendar show` shows a year or month of working days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from engine.canonical import canonical, digest
from engine.clock import closing_ordinal, day_of, iso, ordinal_of, parse_instant
from engine.errors import Misused, Unavailable
from interfaces.acting import session_of
from interfaces.commands.reading import reading
from interfaces.output import Column, emit, emit_value, note, output_option, say
from interfaces.shell import Command, Group
from workflows.labels import WEEKDAYS, moment

if TYPE_CHECKING:
    from engine.calendar import Calendar

KINDS = {
    "workday": "工作日",
    "weekend": "周末",
    "holiday": "放假",
    "makeup": "调休上班",
    "statutory_provisional": "法定节日（暂定）",
}
STATUTORY = {"new_year": "元旦", "labour_day": "劳动节", "national_day": "国庆节"}


@click.group(
    cls=Group, short_help="工作日历：推算到期日、查看", chinese={"到期": "due", "查看": "show", "读法": "reading"}
)
def calendar() -> None:
    """工作日历：按国务院办公厅放假通知，含调休上班日。"""


calendar.add_command(reading)


def calendar_of() -> Calendar:
    """Return the calendar in force: the database's, or the shipped one where there is no database."""
    from engine.calendar import Calendar as Compiled
    from engine.policy import CALENDAR
    from workflows.calendars import shipped_edition

    session = session_of()
    try:
        with session.store.read() as reader:
            hash_ = reader.current_hashes().get((CALENDAR, "cn"))
            if hash_:
                return session.shelf.calendar(reader, hash_)
    except Unavailable:
        pass
    edition = shipped_edition()
    return Compiled(edition, digest(canonical(edition.to_dict())))


@calendar.command(cls=Command, short_help="从某日起算，何时到期",
                  example="siban calendar due 2023-04-28 5wd\nsiban 日历 到期 2023-05-10 60日 -o json")  # fmt: skip
@click.argument("start", metavar="START")
@click.argument("limit", metavar="LIMIT")
@click.option("--no-roll", "--不顺延", is_flag=True, help="自然日时限在休息日届满时不顺延")
@output_option
def due(start: str, limit: str, no_roll: bool, form: str) -> None:
    """从 START 起算（当日不计），时限 LIMIT 何时到期。

    START 写日期时即以该日为起算日；写到时刻的按收件论：下班后、休息日收到的，以下一个上班日为起算日。
    """
    from engine.limit import code, parse
    from workflows.limits import limit_title

    begin = parse_instant(start)
    read = session_of().read_limit(limit, day_of(begin))
    if read.code is None:
        raise Misused("bad_limit", text=limit, note=f"（{read.note}）" if read.note else "")
    if read.note:
        note(f"时限“{limit}”：{read.note}。")
    wanted, compiled = parse(read.code), calendar_of()
    day_only = not any(mark in start.strip() for mark in (" ", "T", ":", "时"))
    if day_only:
        due_day = compiled.due_day(ordinal_of(begin), wanted, not no_roll)
        due_at = compiled.close_of(due_day) if wanted.unit in ("wd", "on") else None
        if wanted.unit in ("h", "wh"):
            due_at = compiled.due(compiled.opening(begin), wanted, roll=not no_roll)
            due_day = closing_ordinal(due_at)
        if due_at is None:
            from engine.clock import start_of_day

            due_at = start_of_day(due_day + 1)
        if wanted.unit == "wd" and not compiled.is_workday(ordinal_of(begin)):
            received = compiled.due(begin, wanted, roll=not no_roll)
            note(f"起算日 {day_of(begin)} 是休息日；如为该日收件，从下一个上班日起算，到期为 {day_of(received - 1)}。")
    else:
        due_at = compiled.due(begin, wanted, roll=not no_roll)
        due_day = closing_ordinal(due_at)
    on = date.fromordinal(due_day)
    provisional = compiled.provisional(ordinal_of(begin), due_day)
    if form in ("json", "jsonl"):
        answer = {
            "start": start,
            "limit": code(wanted),
            "reading": read.note,
            "due_on": on.isoformat(),
            "due_at": iso(due_at),
            "weekday": on.isoweekday(),
            "provisional": provisional,
            "calendar": compiled.hash,
        }
        emit_value(answer, form=form)
        return
    if form in ("csv", "tsv"):
        emit(
            [{"due_on": on.isoformat(), "due_at": iso(due_at)}],
            [Column("due_on", "到期日"), Column("due_at", "到期时刻")],
            form=form,
        )
        return
    say(f"{on.isoformat()}（周{WEEKDAYS[on.weekday()]}）{'，暂定：该年放假安排尚未公布' if provisional else ''}")
    say(f"时限 {limit_title(read.code)}，到期时刻 {moment(due_at)}")


@calendar.command(
    cls=Command, short_help="查看一年或一月的工作日", example="siban calendar show 2023-05\nsiban calendar show 2026"
)
@click.argument("period", required=False, metavar="[YEAR|MONTH]")
@output_option
def show(period: str | None, form: str) -> None:
    """查看一月的每一天，或一年中与周末不同的日子；附依据的通知。"""
    compiled = calendar_of()
    text = period or str(day_of(session_of().now).year)
    first, last = _span(text)
    rows = []
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        kind, name, source = compiled.reason(ordinal)
        on = date.fromordinal(ordinal)
        if "-" not in text and kind in ("workday", "weekend"):
            continue
        rows.append(
            {
                "date": on.isoformat(),
                "weekday": f"周{WEEKDAYS[on.weekday()]}",
                "workday": compiled.is_workday(ordinal),
                "kind": KINDS.get(kind, kind),
                "name": STATUTORY.get(name, name),
                "notice": source,
            }
        )
    count = compiled.workdays(first.toordinal() - 1, last.toordinal())
    columns = [
        Column("date", "日期"),
        Column("weekday", "星期"),
        Column("kind", "类别"),
        Column("name", "名称"),
        Column("notice", "依据"),
    ]
    emit(rows, columns, form=form, footer=f"{text} 共 {count} 个工作日。", empty=f"{text} 没有公布的放假安排。")
    if compiled.provisional(first.toordinal() - 1, last.toordinal()):
        note("其中有尚未公布放假安排的日子，为暂定。")


def _span(text: str) -> tuple[date, date]:
    """Read YYYY or YYYY-MM."""
    year, _, month = text.partition("-")
    try:
        first = date(int(year), int(month or 1), 1)
    except ValueError:
        raise Misused("bad_instant", text=text) from None
    if not month:
        return first, date(first.year, 12, 31)
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return first, following - timedelta(days=1)
