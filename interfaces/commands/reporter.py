"""`reveal` a reporter, with a reason that is on record before anything is shown; `redact` one for good."""

from __future__ import annotations

import click

from interfaces.acting import session_of
from interfaces.output import block, note, say
from interfaces.secrecy import cleared_option
from interfaces.shell import Command, option


@click.command(
    "reveal",
    cls=Command,
    short_help="查看反映人姓名和联系方式（须写理由）",
    example="siban reveal 12 --reason 回访\nsiban 查看反映人 12 --理由 电话回访办理结果",
)
@click.argument("item", metavar="ITEM")
@option("--reason", "--理由", default="", metavar="TEXT", help="理由，先记入办理记录，再显示；必填")
@cleared_option
def reveal(item: str, reason: str) -> None:
    """查看反映人姓名和联系方式：限牵头部门和责任人。谁、何时、为何查看先行记录；记录不成，不予显示。"""
    session = session_of()
    reporter = session.office.reveal(session.numbers([item])[0], reason, session.hand())
    session.keep_clock()
    say(block([("反映人", reporter.name or "（未具名）"), ("联系方式", reporter.contact or "（未留）")]))
    note("本次查看及理由已记入办理记录，请勿外传。")


@click.command(
    "redact",
    cls=Command,
    short_help="清除反映人信息（须写理由）",
    example="siban redact 12 --reason 反映人要求删除\nsiban 清除反映人信息 12 --理由 保存期限已满",
)
@click.argument("item", metavar="ITEM")
@option("--reason", "--理由", default="", metavar="TEXT", help="理由，记入办理记录；必填")
@cleared_option
def redact(item: str, reason: str) -> None:
    """清除反映人的姓名和联系方式：限牵头部门负责人，清除后不能恢复。办理记录不变，仍可核验；备份须另行处理。"""
    session = session_of()
    number = session.numbers([item])[0]
    gone = session.office.redact(number, reason, session.hand())
    session.keep_clock()
    say(f"已清除第 {number} 号事项的反映人姓名和联系方式，不能恢复。")
    if not gone:
        note("另有程序正在读取数据库，或者磁盘读写出错，旧内容暂留在 -wal 文件中，待各程序退出即随之消失。")
    note("数据库备份中的不在其内，请另行处理。")
