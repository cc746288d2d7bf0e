"""`service`: keep `serve` running by the machine's own means, see how it stands, take it away again."""

from __future__ import annotations

import click

from interfaces.acting import session_of
from interfaces.output import block, emit_value, note, output_option, say, verbatim
from interfaces.shell import Command, Group, option

_user_option = option(
    "--user", "--本人", "user_manager", is_flag=True, help="装成本人登录后的服务，不需要管理员；默认装成整机的服务"
)
_dry_run_option = option("--dry-run", "--试办", is_flag=True, help="只列出将写成什么，不作任何改动")


@click.group(
    cls=Group,
    short_help="服务：让值守随开机启动，由系统看管",
    chinese={"安装": "install", "情况": "status", "移除": "remove"},
)
def service() -> None:
    """服务：让值守（siban serve）随开机启动，由系统看管；Linux 上用 systemd，Windows 上用任务计划程序。"""


@service.command(
    cls=Command,
    short_help="装成服务并启动；已装的按新的选项更新",
    example=(
        "sudo siban --db /var/lib/siban/office.db service install --backup-to /备份盘 --keep 14\n"
        "siban --db 局.db 服务 安装 --本人 --试办"
    ),
)
@_user_option
@option("--run-as", "--运行用户", metavar="USER", help="以哪个系统用户运行，默认为数据库文件的所有者；不能是 root")
@option("--every", "--间隔", type=click.IntRange(1, 86400), default=60, metavar="SECONDS", help="同 siban serve")
@option("--seal-key", "--存证私钥", metavar="FILE", help="同 siban serve")
@option("--backup-to", "--备份到", metavar="DIR", help="同 siban serve")
@option("--keep", "--保留", type=click.IntRange(1, 10000), default=14, metavar="N", help="同 siban serve，默认 14")
@option("--channels", "--送达设置", envvar="SIBAN_CHANNELS", metavar="FILE", help="同 siban serve")
@option(
    "--environment",
    "--环境变量",
    metavar="FILE",
    help="服务启动时读的环境变量文件（NAME=值），放送达设置中 env: 所指的地址",
)
@option(
    "--for",
    "--用于",
    "kind",
    type=click.Choice(["systemd", "windows"]),
    help="写成哪一种；默认按本机，写成别的只能与 --dry-run 同用",
)
@_dry_run_option
def install(
    user_manager: bool,
    run_as: str | None,
    every: int,
    seal_key: str | None,
    backup_to: str | None,
    keep: int,
    channels: str | None,
    environment: str | None,
    kind: str | None,
    dry_run: bool,
) -> None:
    """装成服务并启动；serve 的选项照样带过去，路径都写成绝对路径。再装一次即按新的选项更新。

    数据库须已建好。装成整机的服务须由 root 运行本命令，服务本身以数据库文件的所有者运行。
    """
    from interfaces import service as services

    if kind not in (None, services.machine()) and not dry_run:
        raise click.UsageError("本机用不了 --for " + str(kind) + "：只能与 --dry-run 同用，先看写成什么。")
    kind = kind or services.machine()
    job = services.job_for(
        session_of().path,
        every=every,
        seal_key=seal_key,
        backup_to=backup_to,
        keep=keep,
        channels=channels,
        environment=environment,
        run_as=run_as,
        user_manager=user_manager,
        kind=kind,
    )
    if dry_run:
        verbatim(services.text_of(job, kind).rstrip())
        note(
            f"将写成 {services.place_of(job.name, kind, user_manager=user_manager)} 并启动。以上为试办，未作任何改动。"
        )
        return
    say(f"已装好并启动：{services.install(job)}。")
    say(f"查看：siban service status；运行日志：journalctl {'--user ' if user_manager else ''}-u {job.name}")
    if user_manager and kind == services.SYSTEMD:
        say("本人退出登录后也要运行的，请管理员执行一次：loginctl enable-linger 用户名")


@service.command(cls=Command, short_help="服务装了没有、在不在运行", example="siban --db 局.db service status -o json")
@_user_option
@output_option
def status(user_manager: bool, form: str) -> None:
    """服务装了没有，是否随开机启动，现在是否在运行。值守到底办了没有，看 siban doctor。没有在运行时退出码为 4。"""
    from interfaces import service as services

    found = services.standing(services.name_for(session_of().path), user_manager=user_manager)
    if form in ("json", "jsonl"):
        emit_value(found._asdict(), form=form)
    else:
        say(
            block(
                [
                    ("服务", found.name),
                    ("定义", found.path if found.installed else f"{found.path}（没有）"),
                    ("随开机启动", "是" if found.enabled else "否"),
                    ("运行", "正在运行" if found.active else "没有运行"),
                ]
            )
        )
    if not found.active:
        click.get_current_context().exit(4)


@service.command(cls=Command, short_help="停下并移除服务；数据不动", example="sudo siban --db 局.db service remove")
@_user_option
@_dry_run_option
def remove(user_manager: bool, dry_run: bool) -> None:
    """停下值守，删除服务定义；数据库、备份、附件和私钥都不动。"""
    from interfaces import service as services

    name = services.name_for(session_of().path)
    if dry_run:
        place = services.place_of(name, services.machine(), user_manager=user_manager)
        say(f"将停下并删除 {place}。以上为试办，未作任何改动。")
        return
    say(f"已停下并删除 {services.remove(name, user_manager=user_manager)}；数据库、备份、附件和私钥都没有动。")
