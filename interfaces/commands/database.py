"""`db status` and `db upgrade`."""

from __future__ import annotations

import click

from interfaces.acting import session_of
from interfaces.output import block, emit_value, output_option, say
from interfaces.shell import Command, Group


@click.group("db", cls=Group, short_help="数据库：状态、升级", chinese={"状态": "status", "升级": "upgrade"})
def database() -> None:
    """数据库：状态、升级。"""


@database.command(cls=Command, short_help="数据库的状态", example="siban --db 局.db db status")
@output_option
def status(form: str) -> None:
    """数据库的状态：版本、件数、记录数、日志方式。"""
    from storage.migrations import status as read_status

    found = read_status(session_of().path)
    if form in ("json", "jsonl"):
        emit_value(found._asdict(), form=form)
        return
    say(block([(_NAMES.get(key, key), value) for key, value in found._asdict().items()]))


_NAMES = {
    "path": "文件",
    "version": "库结构版本",
    "known": "本程序的版本",
    "items": "事项",
    "open_items": "在办",
    "events": "办理记录",
    "head": "末条记录",
    "size": "大小（字节）",
    "journal_mode": "日志方式",
    "sqlite_version": "SQLite 版本",
    "trial": "试用库",
}


@database.command(cls=Command, short_help="升级数据库", example="siban --db 局.db db upgrade")
def upgrade() -> None:
    """升级到本程序的库结构版本；先自动备份，一次完成或完全不动。"""
    from storage.migrations import upgrade as run_upgrade

    backup = run_upgrade(session_of().path).backup
    say(f"已升级，升级前的备份：{backup}。" if backup else "已是最新版本，无须升级。")
