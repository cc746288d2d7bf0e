"""`tick` is one pass of the heartbeat, `serve` the heartbeat, `check` proves that the ledger equals the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from interfaces.acting import session_of
from interfaces.output import say
from interfaces.session import Session
from interfaces.shell import Command

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.office import Office


@click.command(cls=Command, short_help="巡查一遍：到期的提醒与督办", example="siban tick")
def tick() -> None:
    """巡查一遍：把到期的提醒、督办、恢复办理都记录下来。重复执行不会重复督办。"""
    session = session_of()
    done = session.office.tick()
    session.keep_clock()
    say(
        f"巡查完毕：{done.items} 件事项，{done.rungs} 个督办层级，{done.events} 条记录。"
        if done.events
        else "巡查完毕，没有到期的事项。"
    )


@click.command(cls=Command, short_help="常驻值守，定时巡查", example="siban --db 局.db serve --every 60")
@click.option(
    "--every",
    "--间隔",
    type=click.IntRange(1, 86400),
    default=60,
    metavar="SECONDS",
    help="每隔多少秒巡查一遍，默认 60",
)
@click.option("--log", "--日志", "log_file", metavar="FILE", help="运行日志（JSON 行），默认写到标准错误")
@click.option(
    "--seal-key", "--存证私钥", metavar="FILE", help="每日作一次存证所用的私钥（siban audit key new）；不写则不存证"
)
def serve(every: int, log_file: str | None, seal_key: str | None) -> None:
    """常驻值守，定时巡查；收到终止信号后办完手头的一遍再退出。停机期间的督办在恢复后按序补记。"""
    from interfaces.heartbeat import run

    session = session_of()
    _ = session.store  # a database that cannot be used is refused here, not at the first beat

    def office() -> Office:
        return Session(session.path, session.acting, session.at).office

    run(office, session.path, every, log_file, _daily_seal(seal_key) if seal_key else None)


def _daily_seal(path: str) -> Callable[[Office], int]:
    """Return what seals the record once a day; a key that cannot be used is refused here, not at the first beat."""
    from engine.context import Hand
    from engine.event import SYSTEM
    from interfaces.sealing import is_due, make_seal, read_key

    signer = read_key(path)

    def seal(office: Office) -> int:
        with office.store.read() as reader:
            due = is_due(reader, office.time.now())
        return make_seal(office.store, office.time.now(), Hand(SYSTEM, SYSTEM), signer).size if due else 0

    return seal


@click.command(cls=Command, short_help="自查：台账与办理记录是否一致", example="siban check")
def check() -> None:
    """自查：由办理记录重算全部台账，逐项比对。一致时不作声，退出码 0；不一致时逐条列出，退出码 4。"""
    from interfaces.checking import run_check

    run_check(session_of())
