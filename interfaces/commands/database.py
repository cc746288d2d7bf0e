"""`db`: what a database is like, its upgrade, its backups, and its way to another place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from engine.errors import Refused
from interfaces.acting import session_of
from interfaces.output import block, emit_value, note, output_option, say
from interfaces.shell import Command, Count, Group, option
from storage.place import on_server, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interfaces.restoring import Plan

dry_run_option = option("--dry-run", "--试办", is_flag=True, help="只看会怎样，不作任何改动")


@click.group(
    "db",
    cls=Group,
    short_help="数据库：状态、升级、备份、恢复、搬迁",
    chinese={"状态": "status", "升级": "upgrade", "备份": "backup", "恢复": "restore", "搬迁": "copy"},
)
def database() -> None:
    """数据库：状态、升级、备份、恢复、搬迁。"""


@database.command(cls=Command, short_help="数据库的状态", example="siban --db 局.db db status")
@output_option
def status(form: str) -> None:
    """数据库的状态：版本、件数、记录数、日志方式。"""
    from storage.place import status_of

    found = status_of(session_of().path)
    if form in ("json", "jsonl"):
        emit_value(found._asdict(), form=form)
        return
    say(block([(_NAMES.get(key, key), value) for key, value in found._asdict().items()]))


_NAMES = {
    "path": "位置",
    "version": "库结构版本",
    "known": "本程序的版本",
    "items": "事项",
    "open_items": "在办",
    "events": "办理记录",
    "head": "末条记录",
    "size": "大小（字节）",
    "journal_mode": "日志方式",
    "sqlite_version": "SQLite 版本",
    "server_version": "PostgreSQL 版本",
    "encrypted": "加密",
    "account": "账号",
    "trial": "试用库",
}


@database.command(cls=Command, short_help="升级数据库", example="siban --db 局.db db upgrade --dry-run")
@dry_run_option
def upgrade(dry_run: bool) -> None:
    """升级到本程序的库结构版本；先自动备份，一次完成或完全不动。"""
    from storage.migrations import upgrade as run_upgrade
    from storage.place import status_of

    session, backup = session_of(), ""
    if dry_run:
        found = status_of(session.path)
        step = f"由第 {found.version} 版升级到第 {found.known} 版，先自动备份" if found.version < found.known else ""
        say(f"{f'将{step}' if step else '已是最新版本，无须升级'}。以上为试办，未作任何改动。")
        return
    if on_server(session.path):  # there is one version so far: an older or newer one is refused when it is opened
        _ = session.store
    else:
        backup = run_upgrade(session.path).backup
    say(f"已升级，升级前的备份：{backup}。" if backup else "已是最新版本，无须升级。")


@database.command(
    cls=Command,
    short_help="备份数据库，当场核验",
    example="siban --db 局.db db backup --to /备份盘/ --keep 14\nsiban 数据库 备份 --到 局-升级前.db",
)
@option(
    "--to", "--到", "to", metavar="FILE|DIR", help="备份成的文件，或所放的文件夹；默认为数据库旁的“数据库名.backups”"
)
@option(
    "--keep",
    "--保留",
    type=Count(1, 10000),
    metavar="N",
    help="只留本库在该文件夹中最新的 N 份备份；不碰其他文件",
)
@output_option
def backup(to: str | None, keep: int | None, form: str) -> None:
    """备份：不必停用，他人可照常办理。写成后重新读出，逐条核验；未通过核验的不留，退出码 4。

    备份与数据库同样含有反映人信息，只有本人可读。附件（数据库名.files）不在其中，须另行复制。
    库在服务器上的，按同一时刻的内容逐表取到一个文件，须写明 --to。
    """
    from interfaces.keeping import back_up, keeper, same_disk

    session = session_of()
    keeper(session)
    made = back_up(session.store, session.path, to, session.now, keep or 0)
    if form in ("json", "jsonl"):
        emit_value(made._asdict() | {"deleted": list(made.deleted)}, form=form)
        return
    say(
        block(
            [
                ("备份", made.path),
                ("办理记录", f"{made.entries} 条，已核验"),
                ("末条记录", made.head),
                ("大小（字节）", made.size),
                *([("已删旧备份", "、".join(made.deleted))] if made.deleted else []),
            ]
        )
    )
    if same_disk(session.path, made.path):
        note("备份与数据库在同一块磁盘上，磁盘损坏会一并丢失；请再复制到别处。")
    if on_server(session.path):
        note("附件（SIBAN_FILES 所指文件夹）不在备份之内，请一并复制。")
    elif os.path.isdir(f"{os.path.realpath(session.path)}.files"):  # noqa: PTH112 - as the rest of the paths here
        note("附件（数据库名.files）不在备份之内，请一并复制。")


@database.command(
    cls=Command,
    short_help="由备份恢复数据库",
    example="siban --db 局.db db restore 备份.backup.db --dry-run\nsiban --db 局.db 数据库 恢复 备份.backup.db --舍弃其后",
)
@click.argument("source", metavar="FILE")
@option("--discard-newer", "--舍弃其后", "discard_newer", is_flag=True, help="备份之后的办理记录不再保留")
@option("--other-history", "--另一历史", "other_history", is_flag=True, help="备份来自另一个库，或与现有记录不同")
@dry_run_option
@output_option
def restore(source: str, discard_newer: bool, other_history: bool, dry_run: bool, form: str) -> None:
    """由备份恢复：先核验备份，再与现用数据库逐条对照，列明会失去什么，然后一步替换；原文件改名保存。

    备份之后清除过的反映人，恢复时再次清除。恢复本身记入办理记录。有人正在使用时不恢复。
    """
    from interfaces.keeping import keeper
    from interfaces.restoring import look
    from interfaces.restoring import restore as run_restore

    session = session_of()
    if on_server(session.path):
        raise Refused("restore_on_server", path=shown(session.path))
    hand = keeper(session)
    if dry_run:
        plan, aside = look(session.path, source), ""
    else:
        at, path = _moment(session), session.path
        session.close()
        plan, aside = run_restore(path, source, hand, at, discard_newer=discard_newer, other_history=other_history)
    if form in ("json", "jsonl"):
        emit_value(_plan_json(plan) | {"dry_run": dry_run, "aside": aside or None}, form=form)
        return
    say(block([("备份", source), *_plan_lines(plan), *([("原文件", aside)] if aside else [])]))
    if dry_run:
        note("以上为试办，未作任何改动。")
    else:
        note(f"已恢复：{session.path}。")


def _moment(session: object) -> int:
    """Return the present moment, also where no database can be read that would say whether it is a simulated one."""
    from engine.clock import SystemTime
    from engine.errors import Unavailable
    from interfaces.session import Session

    try:
        return session.now if isinstance(session, Session) else 0
    except Unavailable:
        return SystemTime().now()


def _plan_json(plan: Plan) -> dict[str, object]:
    return {
        "entries": plan.entries,
        "head": plan.head,
        "present": plan.present,
        "same_database": plan.same,
        "lost": plan.lost if plan.present == "readable" and plan.same else None,
        "gained": plan.gained,
        "first_lost": plan.first.seq if plan.lost and plan.first else None,
        "last_lost": plan.last.seq if plan.last else None,
        "seals_lost": plan.seals,
        "erased_again": [event.item for event in plan.erased],
    }


def _plan_lines(plan: Plan) -> list[tuple[str, object]]:
    from interfaces.restoring import span
    from workflows.labels import moment

    lines: list[tuple[str, object]] = [("办理记录", f"{plan.entries} 条，已核验"), ("末条记录", plan.head)]
    if plan.present == "none":
        return [*lines, ("现用数据库", "没有")]
    if plan.present == "unreadable":
        return [*lines, ("现用数据库", "读不出来，不知会失去哪些记录")]
    if not plan.same:
        return [*lines, ("现用数据库", "是另一个数据库")]
    lost = "没有"
    if plan.lost and plan.first and plan.last:
        lost = (
            f"{plan.lost} 条，第 {span(plan)} 号（{moment(plan.first.recorded_at)} 至 {moment(plan.last.recorded_at)}）"
        )
    lines.append(("会失去的记录", lost))
    if plan.lost and plan.gained:
        lines.append(("历史", "两者自上述记录起内容不同"))
    if plan.seals:
        lines.append(("会失去的存证", f"{plan.seals} 份"))
    if plan.erased:
        numbers = "、".join(str(event.item) for event in plan.erased)
        lines.append(("再次清除反映人", f"第 {numbers} 号事项"))
    return lines


@database.command(
    "copy",
    cls=Command,
    short_help="把数据库完整搬到另一处",
    example="siban db copy 局.db 新局.db --dry-run\nsiban 数据库 搬迁 局.db postgresql://账号@主机/库名",
)
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@dry_run_option
@output_option
def copy(source: str, target: str, dry_run: bool, form: str) -> None:
    """搬迁：办理记录、存证、台账、督办、通知、依据、反映人、设置逐表写入新库，逐表对照并核验后才算完成。

    来源和目标可以是文件，也可以是 postgresql:// 地址；目标须是新的文件或空库。搬迁期间请停用原库；完成后只用新库。
    附件（数据库名.files）须另行复制。
    """
    from interfaces.keeping import keeper
    from interfaces.moving import move
    from interfaces.session import Session

    session = Session(source)
    session.command = "siban db copy"
    try:
        keeper(session)
        moved = move(source, target, dry_run=dry_run)
    finally:
        session.close()
    found: Mapping[str, object] = {"from": shown(source), "to": shown(target), **moved._asdict(), "dry_run": dry_run}
    if form in ("json", "jsonl"):
        emit_value(found, form=form)
        return
    say(
        block(
            [
                ("来源", shown(source)),
                ("目标", shown(target)),
                *[(_TABLES[table], count) for table, count in moved.rows.items()],
                ("末条记录", moved.head),
            ]
        )
    )
    note("以上为试办，未作任何改动。" if dry_run else "已写入并核验，逐表一致。今后请只用新库，原库另存。")


_TABLES = {
    "meta": "设置",
    "policy": "依据",
    "event": "办理记录",
    "item": "事项",
    "rung": "督办层级",
    "notice": "通知",
    "delivery": "送达",
    "reporter": "反映人",
    "seal": "存证",
}
