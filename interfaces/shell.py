"""click in Chinese: help that lines up, commands by their Chinese names, and usage errors as one Chinese sentence."""

from __future__ import annotations

import gettext
import os
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

from interfaces.display import display, hang, pad, width
from workflows.counter import DOMAIN, EXTRA, FOLDER, LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from click.shell_completion import CompletionItem

F = TypeVar("F", bound="Callable[..., object]")

# click asks for its messages when it says one; an officer's machine may be set to any language
gettext.bindtextdomain(DOMAIN, FOLDER)
os.environ["LANGUAGE"] = LANGUAGE

FIRST_COLUMN = 34
"""Cells that the first column of a help list takes at most before its text moves to the next line."""

_WIDEST, _NARROWEST = 80, 30  # columns of a help text at most and at least
_ROOMY = 60  # columns; with fewer, the text of a help list stands under its name
_HUNG = 6  # cells that such a text is indented by


class Formatter(click.HelpFormatter):
    """Lines up the two columns of a help list by terminal cells, since a Chinese character takes two."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        """Take what click gives; it would ask `shutil` for the width, which loads every archive format there is."""
        super().__init__(indent_increment, width or max(min(_columns(), max_width or _WIDEST) - 2, _NARROWEST))

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage line."""
        super().write_usage(prog, args, prefix or "用法：")

    def write_text(self, text: str) -> None:
        """Write paragraphs, broken by terminal cells."""
        indent = " " * self.current_indent
        for paragraph in text.split("\n\n"):
            line = "".join(map(str.strip, paragraph.splitlines()))
            self.write(f"{hang(indent + line, self.width, self.current_indent)}\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = FIRST_COLUMN, col_spacing: int = 2) -> None:
        """Write a definition list."""
        pairs = list(rows)
        lead = " " * self.current_indent
        if self.width < _ROOMY:
            for name, text in pairs:
                self.write(f"{hang(lead + name, self.width, _HUNG)}\n")
                if text:
                    self.write(f"{hang(' ' * _HUNG + text, self.width, _HUNG)}\n")
            return
        first = min(max((width(name) for name, _ in pairs), default=0), col_max) + col_spacing
        for name, text in pairs:
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


_PLACES = {"[OPTIONS]": "[选项]", "COMMAND [ARGS]...": "命令 …", "[COMMAND] [ARGS]...": "[命令 …]"}
"""What click writes into a usage line by itself."""


class Count(click.IntRange):
    """A whole number within bounds, which are told in words."""

    def _describe_range(self) -> str:
        """Say the bounds; click asks here for help and messages alike."""
        return f"{self.min} 以上" if self.max is None else f"{self.min} 至 {self.max}"


class Context(click.Context):
    """Uses the Chinese formatter."""

    formatter_class = Formatter


class Option(click.Option):
    """An option whose help is one line as it stands; click would clean it, which loads `inspect`."""

    def __init__(self, names: Sequence[str], *, help: str = "", **kwargs: Any) -> None:  # noqa: A002, ANN401 - click's own
        """Take a click option's arguments."""
        super().__init__(names, **kwargs)
        self.help = help or None


def option(*names: str, **given: Any) -> Callable[[F], F]:  # noqa: ANN401 - click's own
    """Give a command an option."""
    return click.option(*names, cls=Option, **given)


class Command(click.Command):
    """A command whose help is headed in Chinese and may end with an example."""

    context_class = Context

    def __init__(self, name: str | None = None, *, example: str = "", **kwargs: Any) -> None:  # noqa: ANN401 - click's own
        """Take a click command's arguments, and an example that its help ends with."""
        super().__init__(name, **kwargs)
        self.example = example

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage line with Chinese placeholders."""
        pieces = [_PLACES.get(piece, piece) for piece in self.collect_usage_pieces(ctx)]
        formatter.write_usage(ctx.command_path, " ".join(pieces))

    def format_help_text(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does; as with `Option`, click would clean the text first."""
        if self.help:
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(self.help)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under a Chinese heading."""
        records = (param.get_help_record(ctx) for param in self.get_params(ctx))
        rows = [(name, text.replace("[必填]", "必填")) for name, text in filter(None, records)]
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

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer options, of each the English name until a Chinese one is begun."""
        found = click.Command.shell_complete(self, ctx, incomplete)
        begun = incomplete.lstrip("-")
        return [item for item in found if begun or str(item.value).isascii()]

    @cached_property
    def _help(self) -> click.Option:
        return Option(
            ["--help"], is_flag=True, expose_value=False, is_eager=True, help="显示本说明", callback=_show_help
        )

    def get_help_option(self, _ctx: click.Context) -> click.Option:
        """Say in Chinese what --help does; click's own would first look for a translation, at every start."""
        return self._help


def _show_help(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    if value and not ctx.resilient_parsing:
        from interfaces.output import lines

        lines([ctx.get_help()])  # click's own way out takes an ASCII stream for a mistake, and writes UTF-8
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

    def names(self, ctx: click.Context) -> list[tuple[str, str, str]]:
        """List every command as (English name, Chinese name, what it does)."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        chinese = {english: name for name, english in self.chinese.items()}
        return [(name, chinese.get(name, ""), command.get_short_help_str(200)) for name, command in found if command]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer commands by the language that was begun in, the English names where nothing was; then options."""
        from click.shell_completion import CompletionItem

        names = [(word, told) for english, chinese, told in self.names(ctx) for word in (english, chinese) if word]
        found = [
            CompletionItem(w, help=told)
            for w, told in names
            if w.startswith(incomplete) and (incomplete or w.isascii())
        ]
        return [*found, *Command.shell_complete(self, ctx, incomplete)]

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
            return f"{_parameter(error)} 的值不能接受：{display(error.message)}"
        case click.FileError():
            return f"打不开文件 {display(error.filename)}：{display(error.message)}。"
        case click.exceptions.NoArgsIsHelpError():
            return "请写明要办的命令。"
        case click.UsageError():
            if error.message.startswith(EXTRA) and _takes_private(error.ctx):
                return "有多余的参数；内容中有空格的须加引号。"
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
