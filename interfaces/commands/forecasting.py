"""`forecast`: what comes until a day if nobody acts, and what would be otherwise under another calendar, definition or leave."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from engine.clock import DAY, parse_instant, time_of_day
from interfaces.acting import session_of
from interfaces.output import emit, emit_value, is_terminal, lines, note, output_option
from interfaces.shell import Command, Count, option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.context import Rules
    from engine.forecast import Forecast
    from engine.item import Item
    from engine.organisation import Organisation
    from engine.ports import Reader
    from interfaces.assumption import Assumption
    from interfaces.foresight import Other

FIRST = 10
"""How many of what comes are listed unless asked for more."""

_BAR, _STEP = 30, 200  # cells of the progress bar; items between two of its moves


@click.command(
    cls=Command,
    short_help="预测：到某日为止，什么要到期、会告知谁、谁的负荷过重",
    example="siban forecast --until 2023-09-30\n"
    "siban 预测 --至 2023-09-30 --请假 倪国平:2023-09-04..2023-09-08\n"
    "siban forecast --until 2023-09-30 --calendar 2023.json\n"
    "siban forecast --until 2023-09-30 -o json > 上周.json\n"
    "siban forecast --until 2023-09-30 --against 上周.json",
)
@option("--until", "--至", metavar="DATE", required=True, help="预测到哪一天（含当日），最远一年")
@option("--calendar", "--日历", metavar="FILE", help="假设工作日历改用这个文件（JSON：一年的放假安排，或整部日历）")
@option("--definition", "--流程", metavar="FILE", help="假设流程改用这个文件（TOML），只用于该流程的事项")
@option("--leave", "--请假", "leaves", multiple=True, metavar="OFFICER:FROM..TO", help="假设某人这几天请假；可多次")
@option("--against", "--对照", metavar="FILE", help="与以前用 -o json 存下的一次预测比较")
@option(
    "-n", "--limit", "--条数", "limit", type=Count(0), default=FIRST, metavar="N",
    help=f"表格里先列几项，默认 {FIRST}，0 为全部",
)  # fmt: skip
@output_option
def forecast(
    until: str,
    calendar: str | None,
    definition: str | None,
    leaves: tuple[str, ...],
    against: str | None,
    limit: int,
    form: str,
) -> None:
    """预测到某日为止的情况，假定其间无人办理：逐日到期、逾期和通知，各单位负荷，会告知谁。不作任何改动。

    写了假设（--calendar、--definition、--leave）或 --against 的，列出与不作假设、与那次预测的不同。
    """
    from engine.forecast import check_span, difference
    from interfaces.assumption import assumption
    from interfaces.foresight import Other, show, show_changes, unplaced_lines
    from interfaces.outlook import read_forecast

    session = session_of()
    now, end = session.now, _end_of(until)
    check_span(now, end)
    earlier = read_forecast(against) if against else None
    with session.view() as reader:
        organisation = session.organisation(reader)
        kept = reader.current_hashes()
        assumed = assumption(
            calendar,
            definition,
            leaves,
            session.shelf.calendar(reader, kept["calendar", "cn"]),
            organisation,
            [name for kind, name in kept if kind == "definition"],
        )
        run = _Run(reader, organisation, now, end, passes=2 if assumed and earlier is None else 1)
        base = run.forecast(None) if assumed and earlier is None else earlier
        found = run.forecast(assumed or None)
    other = Other(base, difference(base, found), against or "") if base else None
    if form != "table":
        _emit(found, other, assumed, organisation, form)
    elif other:
        show_changes(found, other, assumed, organisation, limit)
        lines(unplaced_lines(found, session.titles.verbs))
    else:
        show(found, organisation, limit)


def _end_of(text: str) -> int:
    """Read until when: a bare date is meant with the whole day."""
    at = parse_instant(text)
    return at + DAY if not time_of_day(at) and ":" not in text else at


class _Run:
    """One view of the database, forecast once or twice, with a bar on a terminal."""

    def __init__(self, reader: Reader, organisation: Organisation, now: int, until: int, passes: int) -> None:
        self.reader, self.organisation, self.now, self.until = reader, organisation, now, until
        self.done = 0
        self.total = passes * self._count() if is_terminal(sys.stderr) else 0

    def _count(self) -> int:
        from engine.row import ItemQuery

        return sum(1 for _ in self.reader.rows(ItemQuery(open=True)))

    def forecast(self, assumed: Assumption | None) -> Forecast:
        """Forecast all items, under an assumption if there is one."""
        from engine.forecast import forecast as foretell
        from interfaces.outlook import open_items

        shelf = session_of().shelf
        calendar = shelf.calendar(self.reader, self.reader.current_hashes()["calendar", "cn"])
        items = self._watched(open_items(self.reader, shelf, self.until))
        if assumed is None:
            return foretell(items, self.now, self.until, calendar, self.organisation)
        there = assumed.organisation(self.organisation)
        return foretell(items, self.now, self.until, assumed.calendar or calendar, there, _once(assumed.rules))

    def _watched(self, items: Iterator[tuple[Item, Rules]]) -> Iterator[tuple[Item, Rules]]:
        for pair in items:
            yield pair
            self.done += 1
            if self.total > _STEP and self.done % _STEP == 0:
                filled = min(self.done * _BAR // self.total, _BAR)
                sys.stderr.write(f"\r  {'█' * filled}{'░' * (_BAR - filled)}  {self.done}/{self.total} 件  ")
                sys.stderr.flush()
        if self.total > _STEP:
            sys.stderr.write(f"\r{' ' * 2 * _BAR}\r")


def _once(make: Callable[[Rules], Rules]) -> Callable[[Rules], Rules]:
    """Make the assumed rules of each definition once."""
    made: dict[str, Rules] = {}

    def under(rules: Rules) -> Rules:
        key = rules.definition.hash
        if key not in made:
            made[key] = make(rules)
        return made[key]

    return under


def _emit(found: Forecast, other: Other | None, assumed: Assumption, organisation: Organisation, form: str) -> None:
    """Write for programs: the whole as JSON, else what comes a line each, or where there is another forecast the changes."""
    from interfaces.foresight import CHANGE_COLUMNS, COLUMNS, change_row, for_programs, happening_row
    from interfaces.outlook import change_json, forecast_json, happening_json

    if form == "json":
        emit_value(forecast_json(found, organisation, assumed.to_json(), other.changes if other else None))
    elif form == "jsonl" and other:
        for change in other.changes:
            emit_value(change_json(change, organisation), form=form)
    elif form == "jsonl":
        for one in found.happenings:
            subject = found.subjects[one.item]
            about = {"serial": subject.serial, "item_title": subject.title}
            emit_value(about | happening_json(one, organisation), form=form)
    elif other:
        changes = (change_row(one, other.forecast, found, organisation) for one in other.changes)
        emit(changes, for_programs(CHANGE_COLUMNS), form=form)
    else:
        rows = (happening_row(one, found.subjects, organisation, found.now) for one in found.happenings)
        emit(rows, for_programs(COLUMNS), form=form)
    if found.unplaced:
        note(f"所假设的流程接不上 {len(found.unplaced)} 件事项，未作预测。")
