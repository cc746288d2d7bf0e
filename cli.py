"""Siban's entry point: the root group, commands loaded when asked for, the boundary where errors become sentences."""

from __future__ import annotations

import gc

gc.disable()  # a command is over before there is garbage worth collecting; long ones switch it on again

import os
import sys
from importlib import import_module

from interfaces.deferral import defer

defer("inspect", "traceback")  # click and `transitions` import them, and a command hardly ever needs them

import click

from engine.errors import FaultsFound, SibanError, Unavailable
from interfaces.session import Session
from interfaces.shell import Group, option, usage_sentence

# name: (Chinese name, module under interfaces/commands, attribute, help). In the order in which an office meets them.
FIXED: dict[str, tuple[str, str, str, str]] = {
    "demo": ("演示", "demo", "demo", "演示：建一个试用库，走完 2023 年 5 月至 8 月的整改"),
    "init": ("建库", "start", "init", "新建数据库"),
    "org": ("机构", "start", "org", "机构人员：载入、查看"),
    "doctor": ("体检", "doctor", "doctor", "体检：身份、设置、值守、备份、停滞的事项"),
    "todo": ("待办", "todo", "todo", "我的待办"),
    "do": ("办", "acting", "do", "这件事项我现在能办什么；在终端上逐项填写"),
    "register": ("登记", "", "", "登记一个问题"),
    "import": ("导入", "importing", "import_list", "导入问题清单、原有台账（xlsx、csv）"),
    "export": ("导出", "exporting", "export", "导出台账（xlsx）"),
    "request": ("申请", "requests", "request", "提出申请：延期、暂缓办理、退回等"),
    "grant": ("同意", "requests", "grant", "同意申请"),
    "refuse": ("不同意", "requests", "refuse", "不同意申请（须写意见）"),
    "release": ("签发", "notices", "release", "签发督办文书"),
    "withhold": ("暂不发出", "notices", "withhold", "暂不发出督办文书（须写理由）"),
    "ack": ("已阅", "notices", "ack", "已阅发给我的通知"),
    "comment": ("备注", "acting", "comment", "给事项加备注"),
    "attach": ("附件", "evidence", "attach", "补充佐证材料"),
    "reveal": ("查看反映人", "reporter", "reveal", "查看反映人姓名和联系方式（须写理由，先记录后显示）"),
    "redact": ("清除反映人信息", "reporter", "redact", "清除反映人的姓名和联系方式（须写理由，不能恢复）"),
    "correct": ("更正", "correcting", "correct", "更正填错的内容（原文保留）"),
    "list": ("台账", "ledger", "list_items", "台账"),
    "show": ("查看", "item", "show", "一件事项的全部情况"),
    "log": ("记录", "item", "log", "办理记录"),
    "explain": ("算期", "item", "explain", "到期日是怎样一天一天算出来的"),
    "paper": ("文书", "papers", "paper", "文书：催办通知书、督办单、约谈建议、专报、审批单、卷宗"),
    "evidence": ("佐证", "evidence", "evidence", "佐证材料：列出、核对、取出"),
    "forecast": ("预测", "forecasting", "forecast", "预测：到某日为止，什么要到期、会告知谁、谁的负荷过重"),
    "report": ("通报", "reporting", "report", "一页通报：回应率、落实率与逾期事项；月报、带图网页"),
    "tick": ("巡查", "running", "tick", "巡查一遍：到期的提醒与督办"),
    "serve": ("值守", "running", "serve", "常驻值守，定时巡查"),
    "service": ("服务", "service", "service", "服务：让值守随开机启动，由系统看管"),
    "notify": ("送达", "notify", "notify", "送达：把通知发到企业微信、邮件等处"),
    "check": ("自查", "running", "check", "自查：台账与办理记录是否一致"),
    "audit": ("审计", "audit", "audit", "审计：核验、存证、导出办理记录"),
    "project": ("专项", "project", "project", "专项整治：一览、进展一页"),
    "campaign": ("行动", "campaign", "campaign", "行动：其下事项、结束时的安排"),
    "workflow": ("流程", "workflow", "workflow", "流程定义：检查、启用新版、比较、转版、查看、画图"),
    "calendar": ("日历", "calendar", "calendar", "工作日历：推算到期日、查看、载入"),
    "completion": ("补全", "completing", "completion", "命令补全：bash、zsh、fish、PowerShell"),
    "db": ("数据库", "database", "database", "数据库：状态、升级、备份、恢复、搬迁"),
}

ACTS = "办理动作（来自流程定义）"

COMPLETING = "_SIBAN_COMPLETE"
"""Set by a shell that asks what there is to complete."""


class Root(Group):
    """The root: fixed commands, and one command for each verb of the definitions in force."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the fixed commands, then the verbs."""
        return [*FIXED, *self._verbs(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a fixed command, or generate a verb's; by its English or Chinese name."""
        session = session_of(ctx)  # also while a line is only completed, and the root is never invoked
        if cmd_name in ("register", FIXED["register"][0]):
            from interfaces.verbs import register_command

            return register_command(session.index)
        for name, (chinese, module, attribute, _) in FIXED.items():
            if cmd_name in (name, chinese):
                command: click.Command = getattr(import_module(f"interfaces.commands.{module}"), attribute)
                return command
        wanted = cmd_name.replace("-", "_")
        for entry in session.index.values():
            for act in entry["verbs"]:
                if cmd_name == act["title"] or wanted == act["name"]:
                    from interfaces.verbs import act_command

                    return act_command(session.index, act["name"])
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is refused with the nearest names."""
        command = self.get_command(ctx, args[0])
        if command:
            return args[0], command, args[1:]  # click would ask for it once more, and a verb's is made when asked for
        if not args[0].startswith("-"):
            known = [*FIXED, *(c for c, *_ in FIXED.values()), *self._verbs(ctx), *self._verbs(ctx).values()]
            import difflib

            near = difflib.get_close_matches(args[0], known, 3)
            hint = f"，是不是：{'、'.join(near)}" if near else "；查看全部命令：siban --help"
            ctx.fail(f"没有命令“{args[0]}”{hint}。")
        return super().resolve_command(ctx, args)

    def names(self, ctx: click.Context) -> list[tuple[str, str, str]]:
        """List every command as (English name, Chinese name, what it does) without loading any of them."""
        fixed = [(name, chinese, help_) for name, (chinese, _, _, help_) in FIXED.items()]
        return fixed + [(verb.replace("_", "-"), title, title) for verb, title in self._verbs(ctx).items()]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands without loading any of them."""
        rows = [(f"{name}  {chinese}", help_) for name, (chinese, _, _, help_) in FIXED.items()]
        with formatter.section("命令"):
            formatter.write_dl(rows)
        with formatter.section(ACTS):
            formatter.write_dl([(f"{verb.replace('_', '-')}  {title}", "") for verb, title in self._verbs(ctx).items()])
        super(Group, self).format_options(ctx, formatter)

    @staticmethod
    def _verbs(ctx: click.Context) -> dict[str, str]:
        verbs: dict[str, str] = {}
        for entry in session_of(ctx).index.values():
            for act in entry["verbs"]:
                verbs.setdefault(act["name"], act["title"])
        return verbs


def session_of(ctx: click.Context) -> Session:
    """Return the run's session, also while the command line is still being read."""
    root = ctx.find_root()
    if root.obj is None:
        params = root.params  # --help and completion come before click has looked at the environment
        root.obj = Session(params.get("db") or os.environ.get("SIBAN_DB"), params.get("acting"), params.get("at"))
    session: Session = root.obj
    return session


def show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    """Print the version and end the program."""
    if value and not ctx.resilient_parsing:
        click.echo("siban 0.1.0")
        ctx.exit()


@click.command(
    cls=Root,
    invoke_without_command=True,
    example="siban demo\nsiban --db 局.db todo\nsiban 交办 12 --主办 水务处 --时限 5个工作日",
)
@option(
    "--db",
    is_eager=True,
    envvar="SIBAN_DB",
    metavar="FILE",
    help="数据库文件或 postgresql:// 地址（SIBAN_DB），默认 siban.db",
)
@option(
    "--as",
    "acting",
    envvar="SIBAN_AS",
    metavar="OFFICER",
    help="以谁的身份办理（SIBAN_AS）；试用库可任选，正式库须有授权",
)
@option("--at", is_eager=True, envvar="SIBAN_AT", metavar="INSTANT", help="模拟时间（SIBAN_AT），只用于试用库")
@option("--debug", is_flag=True, help="出错时显示技术细节")
@option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=show_version, help="显示版本"
)  # click's own would look for translations, at every start
@click.pass_context
def root(ctx: click.Context, db: str | None, acting: str | None, at: str | None, debug: bool) -> None:  # noqa: ARG001, FBT001 - click passes all options by name; they are read from the context
    """四办一反馈：限时办理、逐级督办、件件有回应。

    每个办理动作都是一个命令，中英文均可；不写命令时显示我的待办。
    """
    session_of(ctx).command = f"siban {ctx.invoked_subcommand or 'todo'}"
    if ctx.invoked_subcommand is None:
        command = root.get_command(ctx, "todo")
        if command is not None:
            ctx.invoke(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the program and end the process.

    0 done, 1 refused, 2 misused, 3 too late, 4 faults, 5 no storage, 130 interrupted.
    """
    if COMPLETING in os.environ:
        from interfaces.completion import answer

        status = answer(root, session_of)
    else:
        status = run(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:  # closed by whoever started us
                stream.flush()
        except (OSError, ValueError):
            status = status or 1
    os._exit(status)  # nothing is left to tidy up, and taking the interpreter down costs as much as loading it


def run(arguments: list[str]) -> int:  # noqa: PLR0911 - one return a way to end
    """Run one command line and return its exit status; every error ends here as a sentence on standard error."""
    from interfaces.output import note, ready

    ready()
    session: Session | None = None
    try:
        with root.make_context("siban", list(arguments)) as ctx:
            session = session_of(ctx)
            root.invoke(ctx)
            session.close()
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        note(usage_sentence(error))
        return 2
    except (click.Abort, KeyboardInterrupt):
        note("已中断。")
        return 130
    except BrokenPipeError:
        return 0
    except SibanError as error:
        return _told(error, session, arguments)
    except Exception as error:  # the last boundary: an officer is told in a sentence, a developer with --debug
        if "--debug" in arguments:
            raise
        note(f"程序内部出错（{type(error).__name__}），未作任何改动；请加 --debug 重试并把结果交给维护人员。")
        return 1
    return 0


def _told(error: SibanError, session: Session | None, arguments: list[str]) -> int:
    """Say in one sentence what was refused and what would be allowed."""
    from interfaces.display import display, display_block
    from interfaces.output import note
    from workflows.faults import fault_line
    from workflows.index import shipped_index
    from workflows.labels import titles_of
    from workflows.messages import sentence

    if "--debug" in arguments:
        import traceback

        traceback.print_exception(error)
    try:
        titles = session.titles if session else titles_of(shipped_index())
    except (Unavailable, LookupError, TypeError, AttributeError):  # no database, or one that is damaged
        titles = titles_of(shipped_index())
    shown = {key: display(value) if isinstance(value, str) else value for key, value in error.data.items()}
    note(display_block(sentence(type(error)(error.code, **shown), titles)))
    faults = error.data.get("faults")
    if isinstance(error, FaultsFound) and isinstance(faults, list):
        for fault in faults:
            note(display_block(fault_line(*fault) if isinstance(fault, tuple) else str(fault)))
    return error.exit_status


if __name__ == "__main__":
    main()
