"""`campaign`: what belongs to a campaign, and its end, at which something must happen to whatever is unfinished."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from interfaces.acting import session_of
from interfaces.output import block, emit_value, is_terminal, note, output_option, say
from interfaces.shell import Command, Group, option

if TYPE_CHECKING:
    from engine.item import Item
    from interfaces.belonging import Part
    from interfaces.session import Session

WORKFLOW = "campaign"
CARRY = "carry_over"
"""The verb that gives an item to the next campaign."""


@click.group(cls=Group, short_help="行动：其下事项、结束时的安排", chinese={"进展": "show", "结束": "close"})
def campaign() -> None:
    """行动：有文件、有起止日期的一段集中行动。登记：siban 登记 --流程 行动；归入：siban 纳入 12 --所属行动 编号。"""


@campaign.command(
    cls=Command, short_help="一个行动的进展", example="siban campaign show XD2023-0001\nsiban 行动 进展 1 -o json"
)
@click.argument("item", metavar="ITEM")
@output_option
def show(item: str, form: str) -> None:
    """一个行动的进展：其下各类事项了结多少，哪些还未了结。"""
    from interfaces.belonging import item_of, parts_of

    session = session_of()
    [number] = session.numbers([item])
    with session.view() as reader:
        found = item_of(reader, number, item, WORKFLOW, "行动")
        parts = parts_of(session, reader, number, WORKFLOW)
    _shown(session, found, parts, form)


@campaign.command(
    cls=Command,
    short_help="行动结束：安排未了结的，结束行动",
    example="siban campaign close 1\nsiban 行动 结束 1 --结转 2 --依据 局党组会议纪要9号 --理由 管网改造跨年度",
)
@click.argument("item", metavar="ITEM")
@option("--carry-to", "--结转", "following", metavar="ITEM", help="把未了结的全部结转到这个行动")
@option("--authority", "--依据", metavar="TEXT", help="结转的决定依据：会议纪要、签批件等及文号")
@option("--reason", "--理由", metavar="TEXT", help="结转的理由")
@option("--limit", "--时限", metavar="DATE", help="结转后的时限；不写则为下一个行动的截止日期")
@option("--dry-run", "--试运行", is_flag=True, help="只列出，不改动")
def close(
    item: str, following: str | None, authority: str | None, reason: str | None, limit: str | None, dry_run: bool
) -> None:
    """行动结束：列出未了结的事项，逐件作出安排——申请延期、转为持续整改，或者结转到下一个行动；都有了安排即结束行动。

    结转的，原定时限和是否已经逾期保留在案。延期和持续整改由主办单位申请、按权限批准；持续整改的不妨碍结束行动。
    """
    from engine.errors import Refused
    from interfaces.belonging import item_of, part_line, parts_of

    session = session_of()
    [number] = session.numbers([item])
    with session.view() as reader:
        found = item_of(reader, number, item, WORKFLOW, "行动")
        left = [part for part in parts_of(session, reader, number, WORKFLOW) if part.is_left]
    for part in left:
        say(part_line(part.row))
    if left and following is None and is_terminal_here() and not dry_run:
        left = [part for part in left if not _asked(session, part)]
    elif left and following is not None:
        mine, others = _shared(session, left)
        if mine:
            _carry(session, mine, following, authority, reason, limit, dry_run=dry_run)
        if others:
            note(f"其余 {len(others)} 件由其牵头部门结转或者办结，您不能代为结转。")
        left = left if dry_run else others
    if dry_run:
        say(f"试运行，未作改动：{len(left)} 件未了结。" if left else "试运行，未作改动：没有未了结的，可以结束。")
        return
    if left:
        raise Refused("parts_open", item=found.serial, parts=[part.item.serial for part in left[:10]], count=len(left))
    [ended] = session.office.act([found.number], "end_campaign", {}, session.hand())
    session.keep_clock()
    say(f"已结束：{ended.after.serial} {ended.after.text('title')}")


def is_terminal_here() -> bool:
    """Whether somebody is there to be asked."""
    import sys

    return is_terminal(sys.stdin) and is_terminal(sys.stdout)


def _shown(session: Session, found: Item, parts: list[Part], form: str) -> None:
    from interfaces.belonging import part_line, share_of
    from interfaces.listing import public

    kinds: dict[str, list[Part]] = {}
    for part in parts:
        kinds.setdefault(part.item.workflow, []).append(part)
    if form in ("json", "jsonl"):
        value = {
            "serial": found.serial,
            "title": found.text("title"),
            "state": found.state,
            "starts_on": found.text("starts_on"),
            "ends_on": found.text("ends_on"),
            "shares": {kind: share_of(of)._asdict() for kind, of in kinds.items()},
            "parts": [public(part.row) for part in parts],
        }
        emit_value(value, form=form)
        return
    say(f"{found.serial}　{found.text('title')}")
    document = f"{found.text('document')}{found.text('document_no')}"
    say(block([("依据", document), ("起止", f"{found.text('starts_on')} 至 {found.text('ends_on')}")]))
    for kind, of in kinds.items():
        share = share_of(of)
        title = session.index.get(kind, {}).get("title", kind)
        more = [(share.longterm, "持续整改"), (share.waived, "不计入"), (share.late, "逾期未办结")]
        words = "".join(f"，{word} {count}" for count, word in more if count)
        say(f"{title}：共 {share.of}，已办结 {share.closed - share.waived}{words}，未了结 {share.left}")
    for part in parts:
        if part.is_left:
            say(f"  {part_line(part.row)}")
    if not parts:
        say("其下还没有事项。")


def _carry(
    session: Session,
    left: list[Part],
    following: str,
    authority: str | None,
    reason: str | None,
    limit: str | None,
    *,
    dry_run: bool,
) -> None:
    """Carry these over, all of them or none."""
    from engine.clock import day_of

    [number] = session.numbers([following])
    fields: dict[str, object] = {"campaign": number, "authority": authority, "reason": reason}
    given = {name: value for name, value in fields.items() if value}
    if limit:
        given |= {"limit": session.read_limit(limit, day_of(session.now)).code or limit}
    outcomes = session.office.act([part.item.number for part in left], CARRY, given, session.hand(), dry_run=dry_run)
    session.keep_clock()
    say(f"{'将结转' if dry_run else '已结转'} {len(outcomes)} 件到 {following}。")


def _shared(session: Session, left: list[Part]) -> tuple[list[Part], list[Part]]:
    """Return what I may carry over, and what is for others: their lead offices, or whoever ends what is not carried over."""
    from engine.context import Context
    from engine.decide import allowed_verbs

    hand, mine = session.hand(), []
    with session.view() as reader:
        for part in left:
            context = Context(session.rules(reader, part.item.definition), hand, session.now, session.now, reader.item)
            if CARRY in allowed_verbs(part.item, context):
                mine.append(part)
    return mine, [part for part in left if part not in mine]


def _asked(session: Session, part: Part) -> bool:
    """Ask what becomes of one item; True when it is carried over, so that it no longer keeps the campaign open."""
    from engine.errors import SibanError

    choice = click.prompt(
        f"{part.item.serial} 如何安排：1 结转　2 申请延期　3 转为持续整改　4 暂不安排",
        type=click.Choice(["1", "2", "3", "4"]),
        default="4",
        show_choices=False,
    )
    if choice == "1":
        following = click.prompt("结转到哪个行动（编号）")
        reason, authority = click.prompt("理由"), click.prompt("决定依据")
        try:
            _carry(session, [part], following, authority, reason, None, dry_run=False)
        except SibanError as error:
            from workflows.messages import sentence

            note(sentence(error, session.titles))
            return False
        return True
    if choice == "2":
        note(f"请主办单位申请：siban 申请 延期 {part.item.number} --延期至 日期 --理由 … --进展情况 …")
    if choice == "3":
        note(
            f"请主办单位申请：siban 申请 持续整改 {part.item.number} --阶段目标 … --下次检查日期 … --预计完成日期 … --理由 …"
        )
    return False
