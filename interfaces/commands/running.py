"""`tick` is one pass of the heartbeat, `serve` the heartbeat, `check` proves that the ledger equals the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.clock import SteppedTime
from interfaces.acting import session_of
from interfaces.commands.notify import carrier_of, channels_of, channels_option
from interfaces.output import note, say
from interfaces.session import Session
from interfaces.shell import Command, Count, option

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.office import Office
    from interfaces.heartbeat import Carry, Keep
    from interfaces.keeping import Backup

clock_option = option(
    "--clock-is-right",
    "--时钟无误",
    "right",
    is_flag=True,
    help="已核对本机时间无误：时间有跳变或相隔太久也照常进行，并记入办理记录",
)


def examined(session: Session, *, right: bool) -> bool:
    """Hold the machine's clock against the database, or record that a person says it is right; False for simulated time.

    Raises `ClockDoubted`.
    """
    from engine.watch import ClockDoubted, accept, examine
    from interfaces.founding import installer

    if isinstance(session.office.time, SteppedTime):
        return False
    try:
        with session.store.read() as reader:
            examine(reader, session.now)
    except ClockDoubted:
        if not right:
            raise
        accept(session.store, session.now, installer(session))
        note("已记录：本机时间无误。")
        return True
    if right:
        note("本机时间没有异常，无须确认。")
    return True


@click.command(cls=Command, short_help="巡查一遍：到期的提醒与督办", example="siban tick\nsiban 巡查 --时钟无误")
@clock_option
def tick(right: bool) -> None:
    """巡查一遍：把到期的提醒、督办、恢复办理都记录下来。重复执行不会重复督办。"""
    from engine.watch import keep_seen

    session = session_of()
    real = examined(session, right=right)
    done = session.office.tick()
    if real:
        keep_seen(session.store, session.now)
    session.keep_clock()
    say(
        f"巡查完毕：{done.items} 件事项，{done.rungs} 个督办层级，{done.events} 条记录。"
        if done.events
        else "巡查完毕，没有到期的事项。"
    )


@click.command(
    cls=Command,
    short_help="常驻值守，定时巡查",
    example="siban --db 局.db serve --every 60 --backup-to /备份盘 --keep 14\nsiban 值守 --时钟无误",
)
@option(
    "--every",
    "--间隔",
    type=Count(1, 86400),
    default=60,
    metavar="SECONDS",
    help="每隔多少秒巡查一遍，默认 60",
)
@option("--log", "--日志", "log_file", metavar="FILE", help="运行日志（JSON 行），默认写到标准错误")
@option(
    "--seal-key", "--存证私钥", metavar="FILE", help="每日作一次存证所用的私钥（siban audit key new）；不写则不存证"
)
@option(
    "--backup-to", "--备份到", metavar="DIR", help="每日备份到此文件夹，当场读出核验；宜在另一块磁盘上。不写则不备份"
)
@option(
    "--keep",
    "--保留",
    type=Count(1, 10000),
    default=14,
    metavar="N",
    help="每日备份留最新的 N 份，默认 14；不碰其他文件",
)
@channels_option
@clock_option
def serve(
    every: int,
    log_file: str | None,
    seal_key: str | None,
    backup_to: str | None,
    keep: int,
    settings: str | None,
    right: bool,
) -> None:
    """常驻值守，定时巡查，并把通知送达；收到终止信号后办完手头的一遍再退出。停机期间的督办在恢复后按序补记。

    本机时间突变超过 5 分钟，或与上次记录相隔超过 14 天，即停下来等人核对，不据此督办。
    """
    from engine.clock import elapsed
    from engine.watch import ClockDoubted, Watch, keep_doubt
    from interfaces.heartbeat import run

    session = session_of()
    real = examined(session, right=right)  # a database that cannot be used is refused here, not at the first beat

    def office() -> Office:
        made = Session(session.path, session.acting, session.at).office
        if real:
            made.time = Watch(made.time, elapsed)
        return made

    channels = channels_of(session, settings)

    def carry() -> Carry:
        own = Session(session.path, session.acting, session.at)
        carrier = carrier_of(own, channels)
        return lambda stop: carrier.carry(lambda: own.now, stop)

    try:
        watch = Watch(session.office.time, elapsed) if real else None
        seal, backup = _daily_seal(seal_key) if seal_key else None, _daily_backup(session, backup_to, keep)
        run(office, session.path, every, log_file, watch, seal, make_carry=carry, make_keep=backup)
    except ClockDoubted as doubt:
        keep_doubt(session.store, doubt)
        raise


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


def _daily_backup(session: Session, to: str | None, keep: int) -> Callable[[], Keep] | None:
    """Return what makes what backs up once a day; a directory that cannot be used is refused here, not at the first beat."""
    from interfaces.keeping import back_up, directory_of, is_due, same_disk

    if to is None:
        return None
    directory = directory_of(to)
    if same_disk(session.path, to):
        note("备份与数据库在同一块磁盘上，磁盘损坏会一并丢失；宜改到另一块磁盘。")

    def keeper() -> Keep:
        own = Session(session.path, session.acting, session.at)
        store = own.store

        def keep_today() -> Backup | None:
            now = own.now
            return back_up(store, own.path, str(directory), now, keep) if is_due(store, directory, now) else None

        return keep_today

    return keeper


@click.command(cls=Command, short_help="自查：台账与办理记录是否一致", example="siban check")
def check() -> None:
    """自查：由办理记录重算全部台账，逐项比对。一致时不作声，退出码 0；不一致时逐条列出，退出码 4。"""
    from interfaces.checking import run_check

    run_check(session_of())
