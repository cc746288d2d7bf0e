"""`report`: one page for leaders, what is behind each figure, the month's bulletin, the page with charts, who did what comes round."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from interfaces.acting import session_of
from interfaces.output import Column, emit, emit_value, lines, note, output_option
from interfaces.past import past_options
from interfaces.shell import Command, Group, option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.coverage import Cell, Series
    from engine.organisation import Organisation
    from interfaces.session import Session
    from interfaces.survey import Asked, Survey

F = TypeVar("F", bound="Callable[..., Any]")


def asked_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a report the options that say which items it is about and as of when; it gets them as one `asked`."""

    @wraps(command)
    def gathered(**given: Any) -> None:  # noqa: ANN401 - options as click hands them over
        from interfaces.survey import Asked

        about = ("month", "begin", "end", "cohort", "as_of", "known_at")
        command(asked=Asked(**{name: given.pop(name) for name in about}), **given)

    month = option("--month", "--月份", metavar="MONTH", help="只统计某月登记的事项，如 2023-08；同时作为变化的起点")
    begin = option("--from", "--起", "begin", metavar="DATE", help="只统计这天起登记的事项")
    end = option("--until", "--止", "end", metavar="DATE", help="只统计到这天为止登记的事项，含当日")
    cohort = option("--cohort", "--口径", metavar="KEY", help="按登记日期（登记，默认）或按办结日期（办结）取事项")
    return month(begin(end(cohort(past_options(gathered)))))


@click.group(
    cls=Group,
    short_help="一页通报：回应率、落实率与逾期事项；月报，带图网页",
    chinese={"月报": "bulletin", "网页": "page", "任务": "tasks", "核查": "conduct"},
    invoke_without_command=True,
    example="siban report\nsiban 通报 --since 2023-06-01 --by unit --by 条线\nsiban 通报 --展开 河道署:逾期\n"
    "siban 通报 --month 2023-06 --口径 办结\nsiban 通报 --截至 2023-06-30 --录入截至 2023-06-30\n"
    "siban 通报 月报 8月通报.docx --month 2023-08\nsiban 通报 网页 通报.html\nsiban 通报 任务",
)
@option("--since", "--自", metavar="DATE", help="变化从哪天算起，默认本月1日")
@option(
    "--by",
    "--按",
    "divisions",
    multiple=True,
    metavar="KEY",
    help="分项：单位（unit）｜清单（list）｜来源（source）｜条线（line）｜登记月份（month）｜办结月份（settled_month）｜"
    "环节（stage）｜状态（state）｜在办时长（age）｜逾期时长（over）；可多次，默认清单和单位",
)
@option("--rank", "--排序", metavar="FIGURE", help="各行按这个数字从高到低排列；不写则按机构、流程的顺序，不排名次")
@option(
    "--drill",
    "--展开",
    metavar="KEY",
    help="列出一个数字背后的事项：回应率、逾期、河道署、河道署:逾期、月份/2023年6月:落实率、用时/整改中、督办/催办通知",
)
@asked_options
@output_option
@click.pass_context
def report(
    ctx: click.Context,
    since: str | None,
    divisions: tuple[str, ...],
    rank: str | None,
    drill: str | None,
    asked: Asked,
    form: str,
) -> None:
    """一页通报：总数和变化、各项比率、逾期事项卡在哪里、要领导协调什么。各单位按机构顺序列出，不排名次。"""
    if ctx.invoked_subcommand:
        return
    from interfaces.brief import page_text
    from interfaces.survey import division_key, survey

    wanted = [division_key(key) for key in divisions]
    found = survey(session_of(), asked._replace(since=since))
    ranked = ""
    if rank:
        from interfaces.tabulation import ranked_by

        found, ranked = ranked_by(found, rank)
    if found.empty:
        note(found.empty)
    if drill:
        _drill(found, drill, form)
    elif form in ("json", "jsonl"):
        from interfaces.tabulation import as_json

        emit_value(as_json(found), form=form)
    elif form == "table":
        lines(page_text(found, wanted or ["track", "unit"], ranked))
    else:
        from interfaces.tabulation import figure_rows

        columns = [
            Column("scope_title", "范围"),
            Column("title", "指标"),
            Column("top", "件数"),
            Column("bottom", "应计"),
            Column("rate", "比率"),
        ]
        emit(figure_rows(found, wanted), columns, form=form)


def _drill(found: Survey, text: str, form: str) -> None:
    """List the items behind a figure: of a rate all that it is divided by, those that are missing first."""
    from interfaces.brief import rate
    from interfaces.drill import drilled
    from interfaces.listing import columns, item_row, public

    title, figure, values = drilled(found, text)
    inside = frozenset(figure.numbers)
    numbers = figure.numbers if figure.of is None else sorted(figure.of, key=lambda n: (n in inside, n))
    rows = []
    for number in numbers:
        row = item_row(*found.items[number], found.page.now)
        rows.append(row | {"counted_in": number in inside} | ({"value": values[number]} if values else {}))
    if form in ("json", "jsonl"):
        rows = [public(row) for row in rows]
    shown = columns(form)
    if figure.of is not None:
        shown.insert(1, Column("counted_in", "计入"))
    if values:
        shown.insert(1, Column("value", "用时" if "倍" not in next(iter(values.values())) else "超时倍数", "right"))
    head = f"{title} {rate(figure)}" if figure.of is not None else f"{title} {figure.top} 件"
    emit(rows, shown, form=form, title=head, empty=f"{title}：没有事项。")


@report.command(
    cls=Command,
    short_help="月报：公文格式的通报稿（docx）",
    example="siban report bulletin 8月通报.docx --month 2023-08\n"
    "siban 通报 月报 8月通报.docx --month 2023-08 --截至 2023-08-31 --template 本局样式.docx",
)
@click.argument("path", metavar="FILE.docx")
@option("--month", "--月份", metavar="MONTH", help="哪个月，如 2023-08；默认本月")
@option("--template", "--样式", metavar="FILE", help="本单位的样式（docx，用法见 docs/indicators.md）；默认为自带样式")
@option("--overwrite", "--覆盖", is_flag=True, help="已有同名文件时换成新的；不写则不动旧文件")
@option("--dry-run", "--试办", is_flag=True, help="只试填一遍，不写文件")
@past_options
def bulletin(
    path: str,
    month: str | None,
    template: str | None,
    overwrite: bool,
    dry_run: bool,
    as_of: str | None,
    known_at: str | None,
) -> None:
    """月报：一份可以直接修改的通报稿，数字和表格已填好，判断性的段落留作标明的空白。截至月末，本月未完的截至现在。"""
    from interfaces.bulletin import write
    from interfaces.survey import Asked

    asked = Asked(month=month, as_of=as_of, known_at=known_at)
    note(write(session_of(), path, asked, template, overwrite=overwrite, dry_run=dry_run))


@report.command(
    cls=Command,
    short_help="网页：一个文件的带图通报（html）",
    example="siban report page 通报.html\nsiban 通报 网页 6月底.html --截至 2023-06-30",
)
@click.argument("path", metavar="FILE.html")
@option("--since", "--自", metavar="DATE", help="变化从哪天算起，默认本月1日")
@option("--template", "--样式", metavar="FILE", help="本单位的样式（jinja2 网页）；默认为自带样式")
@option("--overwrite", "--覆盖", is_flag=True, help="已有同名文件时换成新的；不写则不动旧文件")
@option("--dry-run", "--试办", is_flag=True, help="只试做一遍，不写文件")
@asked_options
def page(
    path: str,
    since: str | None,
    template: str | None,
    overwrite: bool,
    dry_run: bool,
    asked: Asked,
) -> None:
    """网页：图表、逾期事项和需领导协调的事项在一个文件里，不联网，可打印、可转发。"""
    from interfaces.page import write

    note(write(session_of(), path, asked._replace(since=since), template, overwrite=overwrite, dry_run=dry_run))


@report.command(
    cls=Command,
    short_help="核查：办理行为的核查线索，供纪检（审计）人员",
    example="siban report conduct --month 2023-08\nsiban 通报 核查 --展开 代录:河道署\nsiban 通报 核查 --截至 2023-08-31 -o json",
)
@option(
    "--drill",
    "--展开",
    metavar="KEY",
    help="列出一个数字背后的办理记录：代录、补录、核验过快……；代录:河道署 只看一个单位",
)
@asked_options
@output_option
def conduct(
    drill: str | None,
    asked: Asked,
    form: str,
) -> None:
    """核查：代录、补录的占比，集中销号、到期当日报结、佐证重复使用、核验过快等线索，分单位列出，都可追到办理记录。

    只供纪检（审计）人员和牵头部门负责人查看；不排名次，不列个人。
    """
    from interfaces.inspection import drill as drill_down
    from interfaces.inspection import inspect, show

    session = session_of()
    found = inspect(session, asked)
    if drill:
        drill_down(found, drill, session, form)
    else:
        show(found, form)


@report.command(
    cls=Command,
    short_help="任务：每一期、每个党组织开展了没有，一个不漏",
    example="siban report tasks\nsiban 通报 任务 --单位 河道党支部\nsiban 通报 任务 --缺 -o csv\n"
    "siban 通报 任务 --属于 1 --截至 2023-08-31",
)
@option("--of", "--属于", "of", metavar="ITEM", help="只看归入这个行动的任务，或者只看这一项任务")
@option("--unit", "--单位", "units", multiple=True, metavar="UNIT", help="只看这个党组织或者单位；可多次")
@option("--missing", "--缺", is_flag=True, help="只看还没有填报的")
@option("--late", "--逾期", is_flag=True, help="只看逾期的：逾期还没有填报的，和逾期才填报的")
@past_options
@output_option
def tasks(
    of: str | None,
    units: tuple[str, ...],
    missing: bool,
    late: bool,
    as_of: str | None,
    known_at: str | None,
    form: str,
) -> None:
    """定期任务开展情况：每项任务的每一期，谁已完成、谁还没有、谁逾期、谁免予；各单位按机构顺序，不排名次。"""
    from engine.coverage import MISSING
    from interfaces import coverage

    session = session_of()
    found, organisation, now = _series(session, of, units, as_of, known_at)
    if missing or late:
        kept = (
            _kept(one, lambda cell: (cell.standing == MISSING or not missing) and (cell.late or not late))
            for one in found
        )
        found = [series for series in kept if series.turns]
    if form == "json":
        emit_value(coverage.as_json(found, organisation, now), form=form)
        return
    if form != "table":
        columns = [
            Column("series", "任务编号"),
            Column("title", "任务"),
            Column("period", "期次", show=lambda row: coverage.period_words(str(row["period"]))),
            Column("unit_title", "单位"),
            Column("serial", "编号"),
            Column("standing_title", "开展情况"),
            Column("late", "逾期", show=lambda row: "是" if row["late"] else ""),
            Column("due_on", "期限"),
        ]
        emit(coverage.cell_rows(found, organisation, now), columns, form=form, empty="没有定期任务。")
        return
    if not found:
        note("没有这样的任务。" if missing or late else "没有定期任务：siban 登记 --流程 定期任务。")
        return
    lines(coverage.page(found, organisation, now))
    columns = [
        Column("unit_title", "单位"),
        Column("due", "应开展", "right"),
        *(Column(key, title, "right") for key, title in coverage.STANDING_WORDS.items()),
        Column("late_missing", "逾期未填报", "right"),
        Column("late", "逾期合计", "right"),
    ]
    emit(coverage.unit_rows(found, organisation), columns, form=form)


def _series(
    session: Session, of: str | None, units: tuple[str, ...], as_of: str | None, known_at: str | None
) -> tuple[list[Series], Organisation, int]:
    """Return the series asked about with what they brought forth, and the organisation and moment they are judged under."""
    from engine.coverage import coverage
    from engine.row import ItemQuery
    from interfaces.past import items_of, past_of
    from interfaces.session import number_of

    with session.view() as reader:
        past = past_of(session, reader, as_of, known_at)
        organisation = past.organisation() if past else session.organisation(reader)
        now = past.as_of if past else session.now
        wanted = {organisation.unit(text).id for text in units}
        recurring = tuple(
            policy.name
            for policy in reader.current("definition")
            if session.shelf.definition(reader, policy.hash).recurs
        )
        number = number_of(reader, of) if of else 0
        query = ItemQuery(workflows=recurring)
        items = [(item, rules) for item, rules, _ in items_of(session, reader, past, query)] if recurring else []
    found = coverage(items, now)
    if number:
        found = [one for one in found if number in (one.item.number, *_above(one))]
    return [_kept(one, lambda cell: cell.whose in wanted) for one in found] if wanted else found, organisation, now


def _kept(series: Series, wanted: Callable[[Cell], bool]) -> Series:
    """Return a series with the cells that are wanted, and the periods that have one."""
    turns = (turn._replace(cells=tuple(filter(wanted, turn.cells))) for turn in series.turns)
    return series._replace(turns=tuple(turn for turn in turns if turn.cells))


def _above(series: Series) -> Iterator[object]:
    """Yield the numbers of what a series belongs to."""
    return (series.item.fields.get(name) for name in series.rules.definition.relations)
