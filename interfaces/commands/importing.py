"""`import`: take in a whole problem list, all rows or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from interfaces.acting import session_of
from interfaces.display import display
from interfaces.output import Column, emit, emit_value, note, output_option, say
from interfaces.shell import Command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from interfaces.problem_list import RowLimit

NAMED = 10
"""How many rows a line of the report names."""


@click.command(
    "import",
    cls=Command,
    short_help="导入问题清单（xlsx、csv）",
    example="siban import 问题清单.xlsx --dry-run\n"
    "siban 导入 来信.xlsx --map title=留言主题 --map found_at=留言时间 --source 群众反映 --anonymous",
)
@click.argument("path", metavar="FILE")
@click.option(
    "--map", "maps", multiple=True, metavar="FIELD=列名", help="指明哪一列是哪个字段，可多次；不用的列写 ignore=列名"
)
@click.option("--sheet", "--工作表", metavar="NAME", help="工作表名，默认第一张")
@click.option("--source", "--来源", metavar="TEXT", help="清单中没有来源列时，全部按此来源")
@click.option("--anonymous", "--匿名", is_flag=True, help="群众反映而没有反映人的，按匿名登记")
@click.option("--workflow", "--流程", metavar="NAME", help="流程，默认 siban")
@click.option("--dry-run", "--试办", is_flag=True, help="只检查，不导入")
@output_option
def import_list(
    path: str,
    maps: tuple[str, ...],
    sheet: str | None,
    source: str | None,
    anonymous: bool,
    workflow: str | None,
    dry_run: bool,
    form: str,
) -> None:
    """导入问题清单：按列名自动对应字段，逐行登记。有一行不对就全部不导入，并列出每一处的行号和列名。"""
    from interfaces.problem_list import read_problems

    session = session_of()
    name = session.workflow(workflow)
    batch = read_problems(path, maps, sheet, session, name, source=source, anonymous=anonymous)
    for line in batch.notes:
        note(line)
    if batch.faults:
        rows = [fault._asdict() for fault in batch.faults]
        columns = [
            Column("row", "行", "right"),
            Column("column", "列"),
            Column("value", "内容", max_cells=40),
            Column("why", "问题"),
        ]
        emit(rows, columns, form=form)
        note(f"{len(batch.faults)} 处有误，未导入任何一行。")
        click.get_current_context().exit(4)
    hand = session.hand()
    outcomes = session.office.register(name, batch.sheets, hand, dry_run=dry_run)
    if not dry_run:
        session.keep_clock()
    unclear = [one for one in batch.limits if not one.code]
    first, last = outcomes[0].after.serial, outcomes[-1].after.serial
    said = f"{'可以导入' if dry_run else '已导入'} {len(outcomes)} 件：{first} 至 {last}。"
    if form in ("json", "jsonl"):
        emit_value(
            {
                "imported": 0 if dry_run else len(outcomes),
                "rows": len(outcomes),
                "first": first,
                "last": last,
                "unclear_limits": len(unclear),
                "limits": [one._asdict() for one in batch.limits],
            }
        )
    else:
        say(said)
    for line in limit_lines(batch.limits):
        note(line)
    if dry_run:
        note("以上为试办，未作任何改动。")


def limit_lines(limits: Sequence[RowLimit]) -> Iterator[str]:
    """Say what reading the limits leaned on, and which could not be read, each with its rows."""
    leaned: dict[str, list[int]] = {}
    unclear: dict[tuple[str, str], list[int]] = {}
    for one in limits:
        if one.code:
            leaned.setdefault(one.note, []).append(one.row)
        else:
            unclear.setdefault((one.text, one.note), []).append(one.row)
    if leaned:
        yield "时限读法（改设：siban calendar reading）："
    for words, rows in leaned.items():
        yield f"  {display(words)}：{_rows(rows)}"
    if unclear:
        count = sum(map(len, unclear.values()))
        yield f"其中 {count} 件时限待明确，原文已保留（列出：siban list --时限待明确）："
    for (text, words), rows in unclear.items():
        yield f"  “{display(text)}”（{display(words)}）：{_rows(rows)}"


def _rows(rows: Sequence[int]) -> str:
    """Name rows, the first few of many: 第 3、4、9 行."""
    more = f"等 {len(rows)} 行" if len(rows) > NAMED else "行"
    return f"第 {'、'.join(map(str, rows[:NAMED]))} {more}"
