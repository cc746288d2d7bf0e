"""`completion`: what a shell reads so that it completes our command lines."""

from __future__ import annotations

import sys

import click

from interfaces.output import is_terminal, note, verbatim
from interfaces.shell import Command

HOW = {
    "bash": 'eval "$(siban completion bash)"，写入 ~/.bashrc',
    "zsh": 'eval "$(siban completion zsh)"，写入 ~/.zshrc 中 compinit 之后',
    "fish": "siban completion fish > ~/.config/fish/completions/siban.fish",
    "powershell": "siban completion powershell | Out-String | Invoke-Expression，写入 $PROFILE",
}
"""How each shell is told."""


@click.command(
    cls=Command,
    short_help="命令补全：bash、zsh、fish、PowerShell",
    example="siban completion bash >> ~/.bashrc\nsiban 补全 powershell | Out-String | Invoke-Expression",
)
@click.argument("shell", type=click.Choice(list(HOW)), metavar="SHELL")
def completion(shell: str) -> None:
    """写出命令补全的脚本：按 TAB 补出命令（中英文）、事项编号、申请、通知、单位、人员。只补本人看得到的。"""
    from interfaces.completion import script

    verbatim(script(shell).rstrip("\n"))
    if is_terminal(sys.stdout):
        note(f"用法：{HOW[shell]}")
