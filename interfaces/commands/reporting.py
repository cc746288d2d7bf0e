"""`report`: one page for leaders, and the items behind each of its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from interfaces.acting import session_of
from interfaces.brief import DIVISIONS, FIGURES, line_title, page_text, rate
from interfaces.output import Column, emit, emit_value, lines, note, output_option
from interfaces.past import past_options
from interfaces.shell import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.context import Rules
    from engine.item import Item
    from engine.past import Past
    from engine.ports import Reader
    from engine.report import Figure, Line, Report
    from interfaces.brief import Items
    from interfaces.session import Session


@click.command(
    cls=Command,
    short_help="一页通报：回应率、落实率与逾期事项",
    example="siban report\nsiban 通报 --since 2023-06-01 --by unit\nsiban 通报 --展开 河道署:逾期\n"
    "siban 通报 --截至 2023-06-30 --录入截至 2023-06-30",
)
@click.option("--since", "--自", metavar="DATE", help="变化从哪天算起，默认本月1日")
@click.option(
    "--by",
    "--按",
    "divisions",
    multiple=True,
    metavar="KEY",
    help="分项：单位（unit）｜清单（track）｜来源（source）；可多次，默认清单和单位",
)
@click.option("--drill", "--展开", metavar="KEY", help="列出一个数字背后的事项，如 回应率、逾期、河道署、河道署:逾期")
@past_options
@output_option
def report(
    since: str | None,
    divisions: tuple[str, ...],
    drill: str | None,
    as_of: str | None,
    known_at: str | None,
    form: str,
) -> None:
    """一页通报：总数和变化、两个率、逾期事项卡在哪里、要领导协调什么。各单位按机构顺序列出，不排名次。"""
    from engine.clock import parse_instant, start_of_day
    from engine.report import report as drawn_up
    from interfaces.past import nothing_yet, past_of
    from interfaces.selecting import one_of

    session = session_of()
    with session.view() as reader:
        past = past_of(session, reader, as_of, known_at)
        now = past.as_of if past else session.now
        begin = parse_instant(since) if since else start_of_day(_first_of_month(now))
        items = _items(session, reader, past)
        page = drawn_up(items.values(), now, begin, _entered(reader, past))
        if past and not items and (empty := nothing_yet(reader, past, "")):
            note(empty)
    among = {title: key for key, title in DIVISIONS.items()} | {"单位": "unit", "清单": "track", "来源": "source"}
    wanted = [one_of("分项", key, among) for key in divisions]
    if drill:
        _drill(page, drill, items, now, form)
    elif form in ("json", "jsonl"):
        emit_value(_json(page, items), form=form)
    elif form == "table":
        lines(page_text(page, items, wanted or ["track", "unit"]))
    else:
        columns = [
            Column("scope_title", "范围"),
            Column("title", "指标"),
            Column("top", "件数"),
            Column("bottom", "应计"),
            Column("rate", "比率"),
        ]
        emit(_figure_rows(page, wanted, items), columns, form=form)


def _items(session: Session, reader: Reader, past: Past | None) -> dict[int, tuple[Item, Rules]]:
    from engine.row import ItemQuery
    from interfaces.past import items_of

    return {item.number: (item, rules) for item, rules, _ in items_of(session, reader, past, ItemQuery())}


def _entered(reader: Reader, past: Past | None) -> tuple[int, int]:
    """Count the acts that were entered for somebody else (代录), and all that people did."""
    from engine.event import DONE, SYSTEM
    from engine.row import EventQuery

    behalf = everything = 0
    for event in reader.events(past.query(result=DONE) if past else EventQuery(result=DONE)):
        if event.item and event.decider != SYSTEM:
            everything += 1
            behalf += event.decider != event.enterer
    return behalf, everything


def _first_of_month(now: int) -> int:
    from engine.clock import day_of

    return day_of(now).replace(day=1).toordinal()


def _drill(page: Report, text: str, items: Items, now: int, form: str) -> None:
    """List the items behind a figure: of a rate all that it is divided by, those that are missing first."""
    from interfaces.listing import columns, item_row, public

    figure, title = _figure(page, text, items)
    rows = []
    for number in figure.numbers if figure.of is None else sorted(figure.of, key=lambda n: (n in figure.numbers, n)):
        row = item_row(*items[number], now)
        rows.append(row | {"counted_in": number in figure.numbers})
    if form in ("json", "jsonl"):
        rows = [public(row) for row in rows]
    shown = columns(form)
    if figure.of is not None:
        shown.insert(1, Column("counted_in", "计入"))
    head = f"{title} {rate(figure)}" if figure.of is not None else f"{title} {figure.top} 件"
    emit(rows, shown, form=form, title=head, empty=f"{title}：没有事项。")


def _figure(page: Report, text: str, items: Items) -> tuple[Figure, str]:
    """Find the figure meant: KEY of the whole page, LINE or LINE:KEY of a division."""
    from interfaces.selecting import one_of

    titles = {title: key for key, title in FIGURES.items()}
    name, _, key = text.replace("：", ":").partition(":")
    known: dict[str, Line] = {}
    for division, found in page.divisions.items():
        for line in found:
            known.setdefault(line.key, line)
            known.setdefault(line_title(line.key, division, items), line)
    if not key and name not in known:
        wanted = one_of("数字", name, titles)
        return page.figures[wanted], FIGURES[wanted]
    line = known[one_of("单位、清单或来源", name, {title: title for title in known if title})]
    wanted = one_of("数字", key or "total", titles)
    return line.figures[wanted], f"{name} {FIGURES[wanted]}"


def _figure_rows(page: Report, divisions: list[str], items: Items) -> Iterator[dict[str, object]]:
    """Yield the figures of the whole, then those of each line of the divisions asked for."""
    scopes = [("", "全部", page.figures)]
    scopes += [
        (line.key, line_title(line.key, key, items), line.figures) for key in divisions for line in page.divisions[key]
    ]
    for scope, scope_title, figures in scopes:
        for key, title in FIGURES.items():
            if key in figures:
                figure = figures[key]
                shared = figure.of is not None
                yield {
                    "scope": scope,
                    "scope_title": scope_title,
                    "key": key,
                    "title": title,
                    "top": figure.top,
                    "bottom": figure.bottom if shared else None,
                    "rate": rate(figure).partition("（")[0] if shared else None,
                }


def _json(page: Report, items: Items) -> dict[str, object]:
    """Return the page as JSON: every figure with the numbers of its items."""
    from engine.clock import iso

    return {
        "now": iso(page.now),
        "since": iso(page.since),
        "figures": {key: _figure_json(figure) for key, figure in page.figures.items()},
        "divisions": {
            division: [
                {
                    "key": line.key,
                    "title": line_title(line.key, division, items),
                    "figures": {key: _figure_json(figure) for key, figure in line.figures.items()},
                }
                for line in found
            ]
            for division, found in page.divisions.items()
        },
        "overdue": [
            {
                "number": stuck.number,
                "title": items[stuck.number][0].text("title"),
                "state": stuck.state,
                "since": iso(stuck.since),
                "due_at": None if stuck.judged.due_at is None else iso(stuck.judged.due_at),
                "days": stuck.judged.days,
                "desk": stuck.desk._asdict(),
                "waiting": None
                if stuck.waiting is None
                else stuck.waiting._asdict() | {"since": iso(stuck.waiting.since)},
            }
            for stuck in page.overdue
        ],
        "matters": [{"number": m.number, "code": m.code, "since": iso(m.since)} for m in page.matters],
        "entered_on_behalf": None if page.entered is None else {"count": page.entered[0], "of": page.entered[1]},
    }


def _figure_json(figure: Figure) -> dict[str, object]:
    if figure.of is None:
        return {"count": figure.top, "numbers": list(figure.numbers)}
    return {
        "count": figure.top,
        "of": figure.bottom,
        "per_mille": figure.per_mille,
        "numbers": list(figure.numbers),
        "of_numbers": list(figure.of),
    }
