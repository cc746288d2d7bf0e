"""`report`: one page for leaders, and the items behind each of its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from interfaces.acting import session_of
from interfaces.display import display
from interfaces.output import Column, emit, emit_value, lines, output_option
from interfaces.shell import Command

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.context import Rules
    from engine.item import Item
    from engine.ports import Reader
    from engine.report import Figure, Line, Report, Stuck, Waiting
    from interfaces.session import Session

    Items = Mapping[int, tuple[Item, Rules]]

FIGURES: Mapping[str, str] = {
    "total": "问题总数",
    "open": "在办",
    "closed": "已办结",
    "overdue": "逾期",
    "due_soon": "临期",
    "suspended": "暂缓办理",
    "waiting": "等待上级",
    "continuing": "持续整改",
    "unclear": "时限待明确",
    "registered_since": "新登记",
    "closed_since": "新办结",
    "overdue_since": "新逾期",
    "responded": "回应率",
    "fulfilled": "落实率",
    "on_time": "按时办结率",
    "extended": "延期率",
    "excused": "申诉成立",
    "returned": "退回件",
    "sent_back": "退回整改件",
    "redone": "重新办理件",
    "not_counted": "不计入",
}
"""Every figure of the page, by the key that `--drill` takes."""

RATES: Mapping[str, str] = {
    "responded": "已反馈（含免予反馈）÷ 问题总数",
    "fulfilled": "已办结 ÷ 问题总数",
    "on_time": "按时办结 ÷ 应处置（已办结和逾期未办结，不含暂缓、等待上级、持续整改）",
    "extended": "批准过延期 ÷ 问题总数",
}
"""What each rate is divided by."""

MATTERS: Mapping[str, str] = {
    "decision": "等领导审定",
    "request": "有申请等领导批复",
    "outside": "已提请上级，等待答复",
    "dissatisfied_again": "重新办理后仍不满意",
    "obstacle": "承办单位提出需协调",
}
"""Why an item is for a leader."""

_STANDING = ("overdue", "due_soon", "suspended", "waiting", "continuing", "unclear")
_CHANGES = ("registered_since", "closed_since", "overdue_since")
_BACK = ("returned", "sent_back", "redone", "excused")

DIVISIONS: Mapping[str, str] = {"unit": "主办单位", "track": "问题清单", "source": "问题来源"}


@click.command(
    cls=Command,
    short_help="一页通报：回应率、落实率与逾期事项",
    example="siban report\nsiban 通报 --since 2023-06-01 --by unit\nsiban report --drill on_time\nsiban report --drill 河道署:逾期",
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
@output_option
def report(since: str | None, divisions: tuple[str, ...], drill: str | None, form: str) -> None:
    """一页通报：总数和变化、两个率、逾期事项卡在哪里、要领导协调什么。各单位按机构顺序列出，不排名次。"""
    from engine.clock import parse_instant, start_of_day
    from engine.report import report as drawn_up
    from interfaces.commands.ledger import one_of

    session = session_of()
    now = session.now
    begin = parse_instant(since) if since else start_of_day(_first_of_month(now))
    with session.store.read() as reader:
        items = _items(session, reader)
        page = drawn_up(items.values(), now, begin, _entered(reader))
    among = {title: key for key, title in DIVISIONS.items()} | {"单位": "unit", "清单": "track", "来源": "source"}
    wanted = [one_of("分项", key, among) for key in divisions]
    if drill:
        _drill(page, drill, items, now, form)
    elif form in ("json", "jsonl"):
        emit_value(_json(page, items), form=form)
    elif form == "table":
        lines(_page(page, items, wanted or ["track", "unit"]))
    else:
        columns = [
            Column("scope_title", "范围"),
            Column("title", "指标"),
            Column("top", "件数"),
            Column("bottom", "应计"),
            Column("rate", "比率"),
        ]
        emit(_figure_rows(page, wanted, items), columns, form=form)


def _items(session: Session, reader: Reader) -> dict[int, tuple[Item, Rules]]:
    from engine.ports import ItemQuery
    from engine.row import from_text

    found = {}
    for row in reader.rows(ItemQuery()):
        found[row.number] = (from_text(row.body), session.rules(reader, row.definition))
    return found


def _entered(reader: Reader) -> tuple[int, int]:
    """Count the acts that were entered for somebody else (代录), and all that people did."""
    from engine.event import DONE, SYSTEM
    from engine.ports import EventQuery

    behalf = everything = 0
    for event in reader.events(EventQuery(result=DONE)):
        if event.item and event.decider != SYSTEM:
            everything += 1
            behalf += event.decider != event.enterer
    return behalf, everything


def _first_of_month(now: int) -> int:
    from engine.clock import day_of

    return day_of(now).replace(day=1).toordinal()


# -- in words --------------------------------------------------------------------------------------------------------


def _page(page: Report, items: Items, divisions: list[str]) -> Iterator[str]:
    from interfaces.dossier import day_and_time
    from workflows.labels import day

    numbers = {key: figure.top for key, figure in page.figures.items()}
    organisation = next(iter(items.values()))[1].organisation.title if items else ""
    yield f"{display(organisation)}问题整改情况通报    截至 {day_and_time(page.now, page.now)}"
    yield ""
    counts = f"在办 {numbers['open']}，已办结 {numbers['closed']}"
    yield f"总数 {numbers['total']} 件：{counts}；不计入 {numbers['not_counted']}（草稿、不予受理、并案、作废）。"
    yield f"在办中：{_named([key for key in _STANDING if numbers[key]], numbers) or '没有逾期和临期'}。"
    yield f"{day(page.since + 1)} 以来：{_named(_CHANGES, numbers)}。"
    yield ""
    yield from _rates(page, numbers)
    yield f"{_named(_BACK, numbers)}。"
    for key in divisions:
        yield ""
        yield from _division(page.divisions[key], key, items)
    yield ""
    yield f"逾期事项（{len(page.overdue)}）" if page.overdue else "没有逾期事项。"
    for stuck in page.overdue:
        yield from _stuck(stuck, items, page.now)
    yield ""
    yield f"需领导协调（{len(page.matters)}）" if page.matters else "没有需领导协调的事项。"
    yield from _matters(page, items)
    if items:
        yield ""
        yield "展开任一数字：siban report --drill 逾期（或 回应率、按时办结率、单位名:逾期 等）"


def _named(keys: Sequence[str], numbers: Mapping[str, int]) -> str:
    return "，".join(f"{FIGURES[key]} {numbers[key]}" for key in keys)


def _rates(page: Report, numbers: Mapping[str, int]) -> Iterator[str]:
    from interfaces.display import pad

    for key, how in RATES.items():
        beside = f"；另有持续整改 {numbers['continuing']} 件" if key == "fulfilled" and numbers["continuing"] else ""
        yield f"{pad(FIGURES[key], 10)}  {pad(rate(page.figures[key]), 16)}  {how}{beside}"
    if page.entered and page.entered[1]:
        yield f"{pad('代录率', 10)}  {pad(_share(*page.entered), 16)}  代录 ÷ 全部办理动作"


def _stuck(stuck: Stuck, items: Items, now: int) -> Iterator[str]:
    """Say of an overdue item where it is stuck, since when, and what it waits for."""
    from interfaces.dossier import when

    item, rules = items[stuck.number]
    state = rules.definition.states[stuck.state].title
    yield f"  {stuck.number}  {display(item.text('title'))}    {_over(stuck.judged.days)}"
    yield f"      卡在：{_where(stuck.number, items, now)}，{when(stuck.since, now)} 起为“{state}”"
    if stuck.waiting:
        yield f"      等待：{_waits(stuck.waiting, rules)}，{when(stuck.waiting.since, now)} 提出"


def _matters(page: Report, items: Items) -> Iterator[str]:
    """List what is for a leader, by why."""
    from interfaces.dossier import when

    for code, title in MATTERS.items():
        found = [matter for matter in page.matters if matter.code == code]
        if found:
            yield f"  {title}（{len(found)}）"
        for matter in found:
            item, _ = items[matter.number]
            detail = f"：{display(item.text('obstacle'))}" if code == "obstacle" else ""
            where = "" if code == "outside" else f"，{_where(matter.number, items, page.now)}"
            since = when(matter.since, page.now)
            yield f"    {matter.number}  {display(item.text('title'))}{detail}（{since} 起{where}）"


def rate(figure: Figure) -> str:
    """Write a rate with what it is made of: 33.3%（1/3），or — where there is nothing to divide by."""
    return _share(figure.top, figure.bottom)


def _share(top: int, bottom: int) -> str:
    if not bottom:
        return "—"
    tenths = (top * 2000 + bottom) // (2 * bottom)
    return f"{tenths // 10}.{tenths % 10}%（{top}/{bottom}）"


def _over(days: int) -> str:
    return f"逾期{days}个工作日" if days else "今日逾期"


def _where(number: int, items: Items, now: int) -> str:
    from interfaces.dossier import whose_move

    item, rules = items[number]
    return whose_move(item, rules, now)


def _waits(waiting: Waiting, rules: Rules) -> str:
    from workflows.labels import ROLES

    kind = rules.definition.requests[waiting.kind]
    roles = "、".join(ROLES.get(role, role) for role in waiting.roles)
    return f"{roles}批复{kind.title}申请 {waiting.name}"


def _division(found: tuple[Line, ...], key: str, items: Items) -> Iterator[str]:
    """Lay out one division as a small table."""
    from interfaces.display import pad, width

    heads = [DIVISIONS[key], "总数", "在办", "已办结", "逾期", "回应率", "落实率", "按时办结率"]
    grid = [heads]
    for line in found:
        counts = [str(line.figures[name].top) for name in ("total", "open", "closed", "overdue")]
        rates = [rate(line.figures[name]) for name in ("responded", "fulfilled", "on_time")]
        grid.append([display(line_title(line.key, key, items)), *counts, *rates])
    widths = [max(width(row[n]) for row in grid) for n in range(len(heads))]
    for row in grid:
        yield "  ".join(pad(text, widths[n], "left" if n == 0 else "right") for n, text in enumerate(row)).rstrip()


def line_title(name: str, division: str, items: Items) -> str:
    """Return the title of a unit, a track or a source; of what has none yet, what is missing."""
    if not name:
        return {"unit": "（未交办）", "track": "（未列清单）", "source": "（无来源）"}[division]
    for _, rules in items.values():
        definition = rules.definition
        if division == "unit":
            return rules.organisation.unit_title(name)
        if division == "track" and name in definition.tracks:
            return definition.tracks[name].list_title
        if division == "source" and name in definition.sources:
            return definition.sources[name].title
    return name


# -- drilled and for programs ----------------------------------------------------------------------------------------


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
    from interfaces.commands.ledger import one_of

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
