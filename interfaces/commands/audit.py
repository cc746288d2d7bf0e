"""`audit verify` shows that the record is whole: each entry follows from the one before, the ledger from the record."""

from __future__ import annotations

import click

from interfaces.acting import session_of
from interfaces.checking import run_check
from interfaces.output import say
from interfaces.shell import Command, Group


@click.group(cls=Group, short_help="审计：核验办理记录", chinese={"核验": "verify"})
def audit() -> None:
    """审计：核验办理记录是否完整、前后是否相接、台账是否与记录一致。"""


@audit.command(cls=Command, short_help="核验办理记录", example="siban --db 局.db audit verify")
def verify() -> None:
    """核验办理记录：逐条验算校验值，由记录重算台账并比对。有任何不符，逐条列出，退出码 4。

    校验值能发现删改其中任何一条；整库由有权改写数据库的人重算，须对照留在库外的末条校验值才能发现。
    """
    session = session_of()
    run_check(session)
    with session.store.read() as reader:
        seq, hash_ = reader.head()
    say(f"办理记录完整：{seq} 条，末条校验值 {hash_}。请把它抄存于库外，以备核对。")
