"""`notify`: carry notices out of the database, see how far they got, have what failed tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from interfaces.acting import session_of
from interfaces.output import Column, emit, output_option, say
from interfaces.shell import Command, Group, option

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.delivery import Delivery
    from engine.ports import Notifier
    from interfaces.channels import Channels
    from interfaces.delivering import Carried, Carrier
    from interfaces.session import Session

channels_option = option(
    "--channels",
    "--送达设置",
    "settings",
    envvar="SIBAN_CHANNELS",
    metavar="FILE",
    help="送达设置文件（TOML）；不写则只写入数据库旁的 .notices.log",
)


def channels_of(session: Session, settings: str | None) -> Channels:
    """Read the settings that are named, or return those that hold without a file."""
    from interfaces.channels import plain, read_channels

    return read_channels(settings) if settings else plain(session.path)


def carrier_of(session: Session, channels: Channels) -> Carrier:
    """Return what carries a session's notices over these channels."""
    from interfaces.delivering import Carrier as Made

    return Made(session.store, channels, _notifiers(channels), session.shelf, session.titles, trial=session.trial)


def _notifiers(channels: Channels) -> Callable[[str], Notifier]:
    def notifier(name: str) -> Notifier:
        from interfaces.outward import FileTarget, ServiceTarget

        target = channels.targets[name]
        return FileTarget(target.file) if target.file else ServiceTarget(target.address(), channels.allow)

    return notifier


def told(done: Carried) -> str:
    """Return what a pass did as a sentence."""
    text = f"送达 {done.digests} 份（{done.notices} 条通知）" if done.digests else "没有送达新的通知"
    if done.failed:
        text += f"，未成 {done.failed} 份"
    if done.waiting:
        text += f"，待送 {done.waiting} 份"
    if done.given_up:
        text += f"，已停送 {done.given_up} 份（siban notify status 查看，siban notify retry 重送）"
    return text + "。"


@click.group(
    cls=Group,
    short_help="送达：把通知发到企业微信、邮件等处",
    chinese={"发送": "send", "情况": "status", "重送": "retry", "试发": "test"},
)
def notify() -> None:
    """送达：把通知汇总后发到企业微信、钉钉、飞书、邮件等处。督办是否有效只看办理记录，不看是否送达。"""


@notify.command(
    cls=Command,
    short_help="送达尚未送出的通知",
    example="siban notify send\nsiban notify send --channels 送达.toml --dry-run",
)
@channels_option
@option("--backlog", "--连同以前", is_flag=True, help="首次送达时连同以前的通知一并送出，默认只送以后的")
@option("--dry-run", "--试运行", is_flag=True, help="只列出将要送达的，不发送、不写入")
def send(settings: str | None, backlog: bool, dry_run: bool) -> None:
    """送达尚未送出的通知：每人每处汇总成一份，至少送一次，重送时标识不变；未成的隔一段时间再送，多次不成即停送待人处理。

    常驻值守（siban serve）会自动送达，不必再用本命令。
    """
    session = session_of()
    carrier = carrier_of(session, channels_of(session, settings))
    planned: list[list[Delivery]] = []
    if dry_run:
        planned, stay = carrier.planned(session.now, backlog=backlog)
        with session.view() as reader:
            organisation = session.organisation(reader)
            planned = [digest for digest in planned if all(reader.notice(one.notice) for one in digest)]
            for digest in planned:
                who = organisation.name_of(digest[0].receiver)
                say(f"→ {who}（{digest[0].target}）\n{carrier.text(reader, digest)}")
    else:
        stay = carrier.begin(session.now, backlog=backlog)
    if stay:
        say(f"首次送达：以前的 {stay} 条通知不再送出（要送请用 --backlog）。")
    if dry_run:
        say(f"将送达 {len(planned)} 份。试运行，未发送。")
        return
    say(told(carrier.carry(lambda: session.now)))


@notify.command(cls=Command, short_help="没有送达的通知", example="siban notify status -o json")
@output_option
def status(form: str) -> None:
    """没有送达的通知：等着再送的和已停送的，试过几次，何时再送，上次为何不成。"""
    from engine.clock import iso

    session = session_of()
    with session.view() as reader:
        organisation = session.organisation(reader)
        groups: dict[str, list[object]] = {}
        rows = []
        for one in reader.deliveries():
            together = groups.setdefault(one.key, [])
            if not together:
                rows.append(
                    {
                        "key": one.key,
                        "target": one.target,
                        "receiver": one.receiver,
                        "name": organisation.name_of(one.receiver),
                        "notices": together,
                        "tries": one.tries,
                        "state": "given_up" if one.is_given_up else "waiting",
                        "next_at": iso(one.next_at) if one.next_at is not None else None,
                        "error": one.error,
                    }
                )
            together.append(one.notice)
    emit(rows, _COLUMNS, form=form, empty="没有未送达的通知。")


_STATES = {"waiting": "待送", "given_up": "已停送"}
_COLUMNS = (
    Column("key", "标识", whole=True),
    Column("target", "去处"),
    Column("name", "收件人"),
    Column("notices", "通知", max_cells=20),
    Column("tries", "已试", align="right"),
    Column("state", "状态", show=lambda row: _STATES[str(row["state"])]),
    Column("next_at", "再送时间", whole=True),
    Column("error", "上次原因"),
)


@notify.command(
    cls=Command,
    short_help="重送没有送达的通知",
    example="siban notify retry 1f0c2a9e5b7d4432\nsiban notify retry --all",
)
@click.argument("keys", nargs=-1, metavar="KEY...")
@option("--all", "--全部", "everything", is_flag=True, help="全部没有送达的")
def retry(keys: tuple[str, ...], everything: bool) -> None:
    """重送没有送达的通知：从头试起，标识不变。"""
    if bool(keys) == everything:
        click.get_current_context().fail("请写明标识（siban notify status 可查），或用 --all 重送全部。")
    session = session_of()
    carrier = carrier_of(session, channels_of(session, None))
    say(f"已排入重送：{carrier.retry(keys, session.now)} 份。")


@notify.command(cls=Command, short_help="向一处试发一条", example="siban notify test office_group --channels 送达.toml")
@click.argument("target", metavar="TARGET")
@channels_option
def test(target: str, settings: str | None) -> None:
    """向送达设置中的一处试发一条，看它收不收；不涉及任何通知。"""
    from engine.errors import Refused

    session = session_of()
    channels = channels_of(session, settings)
    if target not in channels.targets:
        raise Refused("unknown_target", name=target, names=sorted(channels.targets))
    error = _notifiers(channels)(target).send("test", "【四办督办】试发，请勿理会。")
    if error:
        raise Refused("not_taken", target=target, why=error)
    say(f"{target} 已收下。")
