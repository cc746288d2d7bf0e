"""`calendar due` counts a due day, `show` shows a year or month; `load` and `hours` change the calendar, and say what moves."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from engine.canonical import canonical, digest
from engine.clock import MINUTE, closing_ordinal, day_of, iso, ordinal_of, parse_instant
from engine.errors import Misused, Unavailable
from interfaces.acting import session_of
from interfaces.commands.reading import reading
from interfaces.output import Column, emit, emit_value, note, output_option, say
from interfaces.secrecy import cleared_option
from interfaces.shell import Command, Group, option
from workflows.labels import WEEKDAYS, moment

if TYPE_CHECKING:
    from engine.calendar import Calendar, Edition

KINDS = {
    "workday": "工作日",
    "weekend": "周末",
    "holiday": "放假",
    "makeup": "调休上班",
    "statutory_provisional": "法定节日（暂定）",
}
STATUTORY = {"new_year": "元旦", "labour_day": "劳动节", "national_day": "国庆节"}


@click.group(
    cls=Group,
    short_help="工作日历：推算到期日、查看、载入",
    chinese={"到期": "due", "查看": "show", "载入": "load", "办公时间": "hours", "读法": "reading"},
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
@option("--no-roll", "--不顺延", is_flag=True, help="自然日时限在休息日届满时不顺延")
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
    provisional = compiled.due_is_provisional(begin, wanted, roll=not no_roll)
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
            [{"due_on": on.isoformat(), "due_at": iso(due_at), "provisional": "暂定" if provisional else ""}],
            [Column("due_on", "到期日"), Column("due_at", "到期时刻"), Column("provisional", "暂定")],
            form=form,
        )
        return
    say(f"{on.isoformat()}（周{WEEKDAYS[on.weekday()]}）{'，暂定：有关日子的放假安排尚未公布' if provisional else ''}")
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
                "hours": _hours_on(compiled, ordinal),
                "provisional": compiled.provisional(ordinal - 1, ordinal),
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
        Column("provisional", "暂定", show=lambda row: "暂定" if row["provisional"] else ""),
        Column("notice", "依据"),
    ]
    emit(rows, columns, form=form, footer=f"{text} 共 {count} 个工作日。", empty=f"{text} 没有公布的放假安排。")
    for line in _hours_within(compiled, first.toordinal(), last.toordinal()):
        note(f"办公时间{line}")
    if compiled.provisional(first.toordinal() - 1, last.toordinal()):
        note("其中有尚未公布放假安排的日子（含上一年 12 月 20 日以后），为暂定。")


def _hours_on(compiled: Calendar, ordinal: int) -> list[str]:
    """Return the office hours of a day, none of a day off: 08:30-12:00."""
    from engine.calendar import clock_text

    sessions = compiled.sessions_on(ordinal) if compiled.is_workday(ordinal) else ()
    return [f"{clock_text(start // MINUTE)}-{clock_text(end // MINUTE)}" for start, end in sessions]


def _hours_within(compiled: Calendar, first: int, last: int) -> list[str]:
    """Return the office hours in force in a span of days, a line each."""
    from interfaces.recounting import hours_texts

    periods = compiled.edition.hours
    ends = [period.first for period in periods[1:]] + [last + 1]
    lines = zip(hours_texts(compiled.edition), periods, ends, strict=True)
    return [line for line, period, end in lines if period.first <= last and end > first]


@calendar.command(
    "load",
    cls=Command,
    short_help="载入新一年的放假安排、当地安排或办公时间",
    example="siban calendar load 2027年放假通知.txt --dry-run\nsiban 日历 载入 2027年放假通知.txt\nsiban calendar load 台风停工.json",
)
@click.argument("path", metavar="FILE")
@option("--notice", "--依据", metavar="TEXT", help="依据的文号或网址；通知原文中有文号的可不写")
@option("--dry-run", "--试办", is_flag=True, help="只看哪些事项的到期时间会变")
@cleared_option
@output_option
def load(path: str, notice: str | None, dry_run: bool, form: str) -> None:
    """载入放假安排：国务院办公厅年度放假通知的原文（文本文件），或 JSON 文件。

    先列出到期时间有变动的在办事项，再载入并逐件记录；已办结的事项不变。原文有一句看不懂或前后不符，就都不载入。
    JSON 可以是一年的安排（year、notice、off、work）、当地安排 local、办公时间 hours，或整套日历。
    """
    from interfaces.calendar_file import edition_in

    _ = session_of().store  # without a database there is nothing to load into
    old = calendar_of()
    _change(old, edition_in(path, old.edition, notice or ""), form, dry_run=dry_run)


@calendar.command(
    "hours",
    cls=Command,
    short_help="查看或改定办公时间",
    example="siban calendar hours\nsiban 日历 办公时间 09:00-12:00 13:30-18:00 --自 2027-06-01 --试办",
)
@click.argument("sessions", nargs=-1, metavar="[HH:MM-HH:MM]...")
@option("--from", "--自", "since", metavar="DATE", help="自哪一天起执行；改定时必填")
@option("--dry-run", "--试办", is_flag=True, help="只看哪些事项的到期时间会变")
@cleared_option
@output_option
def hours(sessions: tuple[str, ...], since: str | None, dry_run: bool, form: str) -> None:
    """查看办公时间；写上各时段和起用日期即为改定，到期时间有变动的在办事项先列出、再逐件记录。"""
    from engine.amendment import amended

    if not sessions:
        columns = [
            Column("from", "自", show=lambda row: row["from"] or "起初"),
            Column("sessions", "办公时间"),
        ]
        emit(_periods(calendar_of().edition), columns, form=form)
        return
    if since is None:
        message = "改定办公时间须写明自哪一天起，如 --自 2027-06-01。"
        raise click.UsageError(message)
    pairs = [_session(text) for text in sessions]
    _ = session_of().store
    old = calendar_of()
    try:
        new = amended(old.edition, {"hours": [{"from": day_of(parse_instant(since)).isoformat(), "sessions": pairs}]})
    except Misused as error:
        number = str(error.data.get("place", "")).rpartition(".")[2]
        place = sessions[int(number) - 1] if number.isdigit() and int(number) <= len(sessions) else "办公时间"
        raise Misused(error.code, **{**error.data, "place": place}) from None
    _change(old, new, form, dry_run=dry_run)


def _periods(edition: Edition) -> list[dict[str, object]]:
    """Return the office hours as rows, the first for all days before the second."""
    from engine.calendar import clock_text

    return [
        {
            "from": date.fromordinal(period.first).isoformat() if period.first else None,
            "sessions": [f"{clock_text(start)}-{clock_text(end)}" for start, end in period.sessions],
        }
        for period in edition.hours
    ]


def _session(text: str) -> list[str]:
    """Read one session of a day: 8:30-12:00."""
    start, dash, end = text.translate(str.maketrans("：—–－~至", ":-----")).partition("-")
    if not dash:
        raise Misused("bad_calendar", place=text, why="not_a_session")
    return [part.strip().rjust(5, "0") for part in (start, end.strip("-"))]


def _change(old: Calendar, new: Edition, form: str, *, dry_run: bool) -> None:
    """Say what another edition changes and moves, then make it the one in force."""
    from engine.policy import CALENDAR
    from interfaces.founding import installer
    from interfaces.recounting import changes, differences, show

    session = session_of()
    if new == old.edition:
        note("与现有的工作日历一致，未作改动。")
        return
    text = canonical(new.to_dict())
    session.guard.admit_policy(CALENDAR, text)
    for line in changes(old.edition, new):
        note(line)
    hand = installer(session)  # whoever may not change the rules is not shown what they would move
    found = differences(session, new.id, new)
    show(found, form)
    if dry_run:
        note("以上为试办，未作任何改动。")
        return
    session.office.put_policy(CALENDAR, new.id, text, hand, over=old.hash)
    session.keep_clock()
    note(
        f"已载入工作日历{f'，{len({one.item.number for one in found})} 件事项的到期时间已重算并记录' if found else ''}。"
    )


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
