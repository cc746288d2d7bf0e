"""click in Chinese: help that lines up, commands by their Chinese names, and usage errors as one Chinese sentence."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from interfaces.display import display, pad, width

if TYPE_CHECKING:
    from collections.abc import Iterable

FIRST_COLUMN = 34
"""Cells that the first column of a help list takes at most before its text moves to the next line."""

_WIDEST, _NARROWEST = 80, 50  # columns of a help text, as click has them


class Formatter(click.HelpFormatter):
    """Lines up the two columns of a help list by terminal cells, since a Chinese character takes two."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        """Take what click gives; it would ask `shutil` for the width, which loads every archive format there is."""
        super().__init__(indent_increment, width or max(min(_columns(), max_width or _WIDEST) - 2, _NARROWEST))

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage line."""
        super().write_usage(prog, args, prefix or "用法：")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = FIRST_COLUMN, col_spacing: int = 2) -> None:
        """Write a definition list."""
        pairs = list(rows)
        first = min(max((width(name) for name, _ in pairs), default=0), col_max) + col_spacing
        for name, text in pairs:
            lead = " " * self.current_indent
            if width(name) > first - col_spacing:
                self.write(f"{lead}{name}\n{lead}{' ' * first}{text}\n")
            else:
                self.write(f"{lead}{pad(name, first)}{text}\n".rstrip() + "\n")


def _columns() -> int:
    """Return the width of the terminal as its user set it or as it says itself."""
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns if sys.__stdout__ else _WIDEST
    except (OSError, ValueError):  # a pipe, or closed
        return _WIDEST


class Context(click.Context):
    """Uses the Chinese formatter."""

    formatter_class = Formatter


class Command(click.Command):
    """A command whose help is headed in Chinese and may end with an example."""

    context_class = Context

    def __init__(self, name: str | None = None, *, example: str = "", **kwargs: Any) -> None:  # noqa: ANN401 - click's own
        """Take a click command's arguments, and an example that its help ends with."""
        super().__init__(name, **kwargs)
        self.example = example

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage line with Chinese placeholders."""
        pieces = [piece.replace("[OPTIONS]", "[选项]") for piece in self.collect_usage_pieces(ctx)]
        formatter.write_usage(ctx.command_path, " ".join(pieces))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under a Chinese heading."""
        records = (param.get_help_record(ctx) for param in self.get_params(ctx))
        rows = [(name, text.replace("[required]", "必填")) for name, text in filter(None, records)]
        if rows:
            with formatter.section("选项"):
                formatter.write_dl(rows)

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example."""
        if self.example:
            formatter.write_paragraph()
            formatter.write("示例：\n")
            for line in self.example.splitlines():
                formatter.write(f"  {line}\n")

    @cached_property
    def _help(self) -> click.Option:
        return click.Option(
            ["--help"], is_flag=True, expose_value=False, is_eager=True, help="显示本说明", callback=_show_help
        )

    def get_help_option(self, _ctx: click.Context) -> click.Option:
        """Say in Chinese what --help does; click's own would first look for a translation, at every start."""
        return self._help


def _show_help(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    if value and not ctx.resilient_parsing:
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


class Group(Command, click.Group):
    """A noun with commands below it, found by their Chinese names too."""

    def __init__(self, name: str | None = None, *, chinese: dict[str, str] | None = None, **kwargs: Any) -> None:  # noqa: ANN401 - click's own
        """Take a click group's arguments, and the Chinese names of its commands (Chinese → English)."""
        super().__init__(name, **kwargs)
        self.chinese = chinese or {}

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command by its English or Chinese name; `report-done` and `report_done` are one."""
        name = self.chinese.get(cmd_name, cmd_name)
        return super().get_command(ctx, name)

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """List commands in the order written."""
        return list(self.commands)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, then the options."""
        rows = []
        names = {english: chinese for chinese, english in self.chinese.items()}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command and not command.hidden:
                label = f"{name}  {names[name]}" if name in names else name
                rows.append((label, command.get_short_help_str(200)))
        if rows:
            with formatter.section("命令"):
                formatter.write_dl(rows)
        super().format_options(ctx, formatter)


def usage_sentence(error: click.ClickException) -> str:  # noqa: PLR0911 - one return a kind of mistake
    """Return one Chinese sentence for a mistake that click found."""
    match error:
        case click.NoSuchOption():
            near = f"，是不是：{'、'.join(error.possibilities)}" if error.possibilities else ""
            return f"没有选项 {display(error.option_name)}{near}。"
        case click.MissingParameter():
            return f"缺少 {_parameter(error)}。"
        case click.BadParameter():
            return f"{_parameter(error)} 的值不能接受：{display(_reason(error))}"
        case click.FileError():
            return f"打不开文件 {display(error.filename)}：{display(error.message)}。"
        case click.exceptions.NoArgsIsHelpError():
            return "请写明要办的命令。"
        case click.UsageError():
            if error.message.startswith("Got unexpected extra argument") and _takes_private(error.ctx):
                return "有多余的参数；内容中有空格的须加引号。"
            return _reason(error)
    return display(error.message)


def _takes_private(ctx: click.Context | None) -> bool:
    """Whether a command takes a reporter: what stands alone on its line may be half a name, or a telephone number."""
    from engine.privacy import PRIVATE_FIELDS

    return ctx is not None and any(param.name in PRIVATE_FIELDS for param in ctx.command.params)


def _parameter(error: click.BadParameter) -> str:
    param = error.param
    if param is None:
        return display(str(error.param_hint or "参数"))
    return (
        param.opts[0]
        if isinstance(param, click.Option)
        else (param.make_metavar(error.ctx) if error.ctx else param.name or "参数")
    )


def _reason(error: click.UsageError) -> str:
    message = error.message
    for english, chinese in (
        ("No such command", "没有这个命令"),
        ("Got unexpected extra argument", "多余的参数"),
        ("Missing command", "缺少命令"),
        ("requires an argument", "后面须填写内容"),
        ("does not take a value", "后面不填写内容"),
        ("is not one of", "只能是以下之一："),
        ("is not a valid integer", "应为整数"),
        ("does not exist", "不存在"),
        ("Did you mean", "是不是"),
        ("Option", "选项"),
        ("Path", "路径"),
        ("File", "文件"),
    ):
        message = message.replace(english, chinese)
    return display(message)
