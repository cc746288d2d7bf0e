"""`release` and `withhold` drafted papers, `ack` what I have been told."""

from __future__ import annotations

import click

from engine.notice import RELEASED, SENT
from interfaces.acting import session_of
from interfaces.output import say
from interfaces.secrecy import cleared_option
from interfaces.shell import Command, option


def _answer(names: tuple[str, ...], verb: str, fields: dict[str, object]) -> None:
    from engine.errors import Refused

    session = session_of()
    numbers = []
    for name in names:
        if not name.isdecimal():
            raise Refused("unknown_notice", name=name)
        numbers.append(int(name))
    with session.view() as reader:
        for number in numbers:
            if reader.notice(number) is None:
                raise Refused("unknown_notice", name=str(number))
    notices = session.office.notice(numbers, verb, fields, session.hand())
    session.keep_clock()
    title = session.titles.verb(verb)
    done = title if title.startswith("已") else f"已{title}"
    with session.view() as reader:
        organisation = session.organisation(reader)
        for notice in notices:
            row = reader.row(notice.item)
            paper = f"《{notice.paper}》" if notice.paper else "通知"
            about = f"{paper}（{row.serial if row else notice.item}）"
            say(f"{done}：第 {notice.number} 号{about}，收件人 {organisation.name_of(notice.receiver)}")


@click.command(cls=Command, short_help="签发督办文书", example="siban 签发 31 32")
@click.argument("notices", nargs=-1, required=True, metavar="NOTICE...")
def release(notices: tuple[str, ...]) -> None:
    """签发督办文书：系统只拟稿，由有权的人签发后才送达。"""
    _answer(notices, "release", {})


@click.command(cls=Command, short_help="暂不发出督办文书（须写理由）", example="siban 暂不发出 31 --理由 已当面约谈")
@click.argument("notices", nargs=-1, required=True, metavar="NOTICE...")
@option("--reason", "--理由", required=True, metavar="TEXT", help="理由，记入办理记录")
@cleared_option
def withhold(notices: tuple[str, ...], reason: str) -> None:
    """暂不发出督办文书，理由一并记录。"""
    _answer(notices, "withhold", {"reason": reason})


@click.command(cls=Command, short_help="已阅发给我的通知", example="siban 已阅 31\nsiban 已阅 --all")
@click.argument("notices", nargs=-1, metavar="NOTICE...")
@option("--all", "--全部", "everything", is_flag=True, help="我的全部未阅通知")
def ack(notices: tuple[str, ...], everything: bool) -> None:
    """已阅发给我的通知；表示已经知悉，不表示已经办理。"""
    session = session_of()
    names = notices
    if everything:
        me = session.me()
        with session.view() as reader:
            names = tuple(
                str(n.number) for n in reader.notices(receiver=me, unseen=True) if n.status in (SENT, RELEASED)
            )
        if not names:
            say("没有未阅的通知。")
            return
    if not names:
        click.get_current_context().fail("请写明通知编号，或用 --all 已阅全部。")
    _answer(names, "ack", {})
