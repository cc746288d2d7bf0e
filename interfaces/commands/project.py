"""`project`: one page on a special project: its milestones against time, and what is under it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from interfaces.acting import session_of
from interfaces.output import block, emit_value, lines, output_option, room, say
from interfaces.shell import Command, Group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.item import Item
    from interfaces.belonging import Part
    from interfaces.session import Session

WORKFLOW = "project"


@click.group(cls=Group, short_help="专项整治：一览、进展一页", chinese={"一览": "list", "进展": "show"})
def project() -> None:
    """专项整治：台账式管理、项目化推进。立项：siban 登记 --流程 专项整治；节点：siban 登记 --流程 节点 --所属专项 编号。"""


@project.command("list", cls=Command, short_help="专项整治一览", example="siban project list\nsiban 专项 一览 -o json")
@output_option
def list_projects(form: str) -> None:
    """专项整治一览：各有几个节点、几件事项，了结多少，是否逾期。"""
    from engine.row import ItemQuery, from_text
    from interfaces.belonging import parts_of, share_of
    from interfaces.listing import item_row
    from interfaces.output import Column, emit

    session = session_of()
    rows = []
    with session.view() as reader:
        for row in reader.rows(ItemQuery(workflows=(WORKFLOW,))):
            item = from_text(row.body)
            nodes, rest = map(share_of, _divided(parts_of(session, reader, item.number, WORKFLOW)))
            shown = item_row(item, session.rules(reader, item.definition), session.now, row.due_at)
            rows.append({**shown, "milestones": nodes._asdict(), "items": rest._asdict()})
    columns = [
        Column("serial", "编号", whole=True),
        Column("title", "名称"),
        Column("lead_unit_title", "主办", max_cells=12),
        Column("state_title", "状态"),
        Column("due_on", "完成日期", whole=True),
        Column("milestones", "节点", "right", show=lambda row: _fraction(row["milestones"])),
        Column("items", "事项", "right", show=lambda row: _fraction(row["items"])),
        Column("left", "余/超", "right", light="light"),
    ]
    emit(rows, columns, form=form, empty="还没有专项整治：siban 登记 --流程 专项整治。")


@project.command(
    cls=Command, short_help="一项专项整治的进展", example="siban project show ZX2023-0003\nsiban 专项 进展 3"
)
@click.argument("item", metavar="ITEM")
@output_option
def show(item: str, form: str) -> None:
    """一项专项整治的进展，一页：节点对照时间，其下事项办到哪一步，离完成还差什么。"""
    from interfaces.belonging import item_of, part_line, parts_of, share_of
    from interfaces.listing import item_row, public

    session = session_of()
    [number] = session.numbers([item])
    with session.view() as reader:
        found = item_of(reader, number, item, WORKFLOW, "专项整治")
        rules = session.rules(reader, found.definition)
        row = item_row(found, rules, session.now)
        parts = parts_of(session, reader, number, WORKFLOW)
        commander = rules.organisation.name_of(found.text("commander"))
    nodes, rest = _divided(parts)
    if form in ("json", "jsonl"):
        value = {
            **public(row),
            "commander": found.text("commander"),
            "milestones": [public(part.row) for part in nodes],
            "items": [public(part.row) for part in rest],
            "milestone_share": share_of(nodes)._asdict(),
            "item_share": share_of(rest)._asdict(),
        }
        emit_value(value, form=form)
        return
    say(f"{row['serial']}　{row['title']}")
    say(
        block(
            [
                ("状态", f"{row['state_title']}　{row['left']}".strip()),
                ("挂帅领导", commander),
                ("主办", row["lead_unit_title"]),
                ("完成日期", row["due_on"] or "未定"),
                ("方案", found.text("plan_no") or ("已附" if found.fields.get("evidence") else "未报")),
            ]
        )
    )
    say(f"\n节点：{_counted(nodes)}")
    lines(_picture(found, nodes, session))
    say(f"\n事项：{_counted(rest)}")
    lines(f"  {part_line(part.row)}" for part in rest)
    left = share_of(nodes).left + share_of(rest).left
    if row["open"]:
        missing = f"{left} 件未了结" if left else "已全部了结，可报整治完成" if parts else "尚未设节点，也没有事项"
        say(f"\n离完成还差：{missing}。")


def _divided(parts: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """Part the milestones from the items."""
    nodes = [part for part in parts if part.item.workflow == "milestone"]
    return nodes, [part for part in parts if part.item.workflow != "milestone"]


def _fraction(share: object) -> str:
    counts = share if isinstance(share, dict) else {}
    return f"{counts.get('closed', 0) + counts.get('longterm', 0)}/{counts.get('of', 0)}"


def _counted(parts: Sequence[Part]) -> str:
    from interfaces.belonging import share_of

    share = share_of(parts)
    if not share.of:
        return "无"
    also = [(share.longterm, "持续整改"), (share.waived, "免予或不计"), (share.late, "逾期未完成")]
    more = "，".join(f"{words} {count}" for count, words in also if count)
    return f"共 {share.of}，已了结 {share.settled}{'（其中' + more + '）' if more else ''}"


def _picture(item: Item, nodes: Sequence[Part], session: Session) -> list[str]:
    from engine.clock import day_of
    from interfaces.timeline import DONE, LATE, LEGEND, OPEN, WAIVED, Mark, timeline

    marks = []
    for part in nodes:
        row = part.row
        mark = WAIVED if part.is_waived else LATE if part.is_late else OPEN if row["open"] else DONE
        if row["due_on"]:
            words = f"{row['due']} {row['state_title']} {row['left']}".strip()
            marks.append(Mark(str(row["title"]), date.fromisoformat(str(row["due_on"])), mark, words))
    ends = item.text("ends_on")
    first = day_of(item.registered_at)
    last = date.fromisoformat(ends) if ends else first
    drawn = timeline(marks, first, last, day_of(session.now), room() - 2)
    return [f"  {line}" for line in [*drawn, *([LEGEND] if drawn else [])]]
