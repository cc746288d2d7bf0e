"""What is classified may not come in: the reminder where texts are entered, and `--cleared` for what no longer is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

from engine.errors import Misused
from interfaces.output import is_terminal, note
from interfaces.shell import Option, option
from workflows.secrecy import REMINDER

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

F = TypeVar("F", bound="Callable[..., Any]")

_NAMES, _METAVAR = ("--cleared", "--已脱密"), "REASON"
_HELP = "内容带有密级标志而确已脱密的，写明理由；记入办理记录"


def remind() -> None:
    """Say on a terminal that nothing classified may be entered: a script has been told often enough."""
    if is_terminal(sys.stderr):
        note(REMINDER)


def cleared() -> click.Option:
    """Make the option for commands that are generated."""
    return Option(["cleared", *_NAMES], metavar=_METAVAR, help=_HELP, expose_value=False, callback=_clear)


def cleared_option(command: F) -> F:
    """Give a command that takes texts the option."""
    return option("cleared", *_NAMES, metavar=_METAVAR, help=_HELP, expose_value=False, callback=_clear)(command)


def _clear(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    """Hand the reason to the guard. Raises `Misused("cleared_why")` for none, or `bad_text`."""
    if value is None or ctx.resilient_parsing:
        return
    from engine.text import clean_line

    reason = clean_line(value, field="cleared")
    if not reason:
        raise Misused("cleared_why")
    ctx.find_root().obj.cleared = reason
