"""`request KIND ITEM`, and `grant` or `refuse` a request named ITEM-ORDINAL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.clock import day_of, parse_instant
from engine.errors import Misused
from interfaces.acting import finish, hand_of, instant_of, session_of
from interfaces.shell import Command, Group, Option
from interfaces.verbs import general_options

if TYPE_CHECKING:
    from interfaces.session import Session


class Kinds(Group):
    """One command for each kind of request of the definitions at hand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the kinds."""
        return list(_kinds(ctx))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make the command of a kind, by its name or title."""
        for name, title in _kinds(ctx).items():
            if cmd_name.replace("-", "_") == name or cmd_name == title:
                from interfaces.verbs import request_command

                self.chinese.setdefault(title, name)
                return request_command(ctx.find_root().obj.index, name)
        return None


def _kinds(ctx: click.Context) -> dict[str, str]:
    return {act["name"]: act["title"] for entry in ctx.find_root().obj.index.values() for act in entry["requests"]}


request = Kinds(
    "request",
    short_help="提出申请：延期、暂缓办理、退回等",
    help="提出申请；同意后才生效，事项流转后自动失效。",
    example="siban 申请 延期 12 --延期至 2023-08-31 --理由 汛期无法施工\nsiban 同意 12-1",
)


def _answer(
    names: tuple[str, ...], opinion: str | None, until: str | None, given: dict[str, object], *, grant_it: bool
) -> None:
    session = session_of()
    fields: dict[str, object] = {"opinion": opinion} if opinion else {}
    if until:
        fields["until"] = day_of(parse_instant(until)).isoformat()
    outcomes = session.office.answer(
        [_named(name, session) for name in names],
        fields,
        hand_of(given, session),
        grant=grant_it,
        at=instant_of(given),
        dry_run=bool(given["dry_run"]),
    )
    finish(outcomes, "grant" if grant_it else "refuse", given, session)


def _named(name: str, session: Session) -> tuple[int, int]:
    """Read ITEM-ORDINAL; the item may be a number, a serial or its end."""
    item, _, ordinal = name.replace("－", "-").rpartition("-")
    if not item or not ordinal.isdecimal():
        raise Misused("bad_request_name", text=name)
    return session.numbers([item])[0], int(ordinal)


def _grant(requests: tuple[str, ...], opinion: str | None, until: str | None, **given: object) -> None:
    """同意申请（先由单位负责人同意的，再报有权批准的领导）。"""
    _answer(requests, opinion, until, given, grant_it=True)


def _refuse(requests: tuple[str, ...], opinion: str | None, **given: object) -> None:
    """不同意申请，须写明意见；不占用延期次数。"""
    _answer(requests, opinion, None, given, grant_it=False)


_NAMES = click.Argument(["requests"], nargs=-1, required=True, metavar="REQUEST...")
_OPINION = Option(["opinion", "--opinion", "--意见"], metavar="TEXT", help="意见")
_UNTIL = Option(["until", "--until", "--至"], metavar="DATE", help="批准的日期与申请不同时填写")

grant = Command(
    "grant",
    params=[_NAMES, _OPINION, _UNTIL, *general_options()],
    callback=_grant,
    short_help="同意申请",
    help="同意申请（先由单位负责人同意的，再报有权批准的领导）。",
    example="siban 同意 12-1\nsiban 同意 12-1 --至 2023-08-25",
)
refuse = Command(
    "refuse",
    params=[_NAMES, _OPINION, *general_options()],
    callback=_refuse,
    short_help="不同意申请（须写意见）",
    help="不同意申请，须写明意见；不占用次数。",
    example="siban 不同意 12-1 --意见 施工条件已具备，应按期完成",
)
