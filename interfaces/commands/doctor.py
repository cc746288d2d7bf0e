"""`doctor`: how sure it is who acts, whether the database keeps what it is given, and what has come to a standstill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from interfaces.acting import session_of
from interfaces.output import Column, emit, output_option
from interfaces.shell import Command, option

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = {"ok": "正常", "note": "提醒", "fault": "故障"}
_LIGHTS = {"ok": "normal", "note": "due_soon", "fault": "overdue"}


@click.command(
    cls=Command,
    short_help="体检：身份、设置、值守、备份、停滞的事项",
    example="siban doctor\nsiban --db 局.db doctor -o json\nsiban 体检 --存证私钥 存证.key",
)
@option("--seal-key", "--存证私钥", metavar="FILE", help="一并检查存证私钥：能否使用，他人能否读取")
@output_option
def doctor(seal_key: str | None, form: str) -> None:
    """体检：我是谁、凭什么认定、能代谁办理，数据库的设置、权限和磁盘，值守、备份、存证、时钟和日历，哪些事项停滞。

    逐项写明正常、提醒或故障，以及怎么办。

    有一处“故障”时退出码为 4；只有“提醒”时为 0。
    """
    from interfaces.checkup import findings

    rows = [
        {"check": one.check, "level": one.level, "title": one.title, "found": one.found, "advice": one.advice}
        for one in findings(session_of(), seal_key)
    ]
    columns = [
        Column("level", "", show=_level, light="light"),
        Column("title", "检查"),
        Column("found", "情况"),
        Column("advice", "怎么办"),
    ]
    if form == "table":
        rows = [row | {"light": _LIGHTS[row["level"]]} for row in rows]
    emit(rows, columns, form=form)
    if any(row["level"] == "fault" for row in rows):
        click.get_current_context().exit(4)


def _level(row: Mapping[str, object]) -> object:
    return _WORDS[str(row["level"])]
