"""`correct`: what was entered wrong is put right by a new entry, and both texts stay in the record."""

from __future__ import annotations

import click

from interfaces.acting import finish, session_of
from interfaces.output import FORMS
from interfaces.secrecy import cleared_option
from interfaces.shell import Command, option
from interfaces.verbs import command_id_option


@click.command(
    "correct",
    cls=Command,
    short_help="更正填错的内容（原文保留）",
    example="siban correct 12 --field title --to 柳塘港漂浮垃圾 --reason 错别字\n"
    "siban 更正 12 --内容 属地 --改为 青禾路 --理由 登记时误填",
)
@click.argument("item", metavar="ITEM")
@option("--field", "--内容", required=True, metavar="FIELD", help="更正哪一项，如 问题、具体情况、来文编号")
@option("--to", "--改为", required=True, metavar="TEXT", help="正确的内容")
@option("--reason", "--理由", required=True, metavar="TEXT", help="为何更正")
@cleared_option
@command_id_option
@option("--dry-run", "--试办", is_flag=True, help="只看会怎样，不作任何改动")
@option(
    "form",
    "-o",
    "--output",
    "--输出",
    type=click.Choice(["text", *FORMS]),
    default="text",
    metavar="FORM",
    help="结果形式：text、json、jsonl",
)
def correct(item: str, field: str, to: str, reason: str, command_id: str, dry_run: bool, form: str) -> None:
    """更正填错的内容：另记一条，新旧内容都留在办理记录里，原记录一字不动；自原记录的办理时间起算。

    原录入人和牵头部门可以更正。时限、主办单位、问题清单等决定如何办理的内容不能更正，用相应的办理动作。
    """
    from engine.correction import PLAIN
    from engine.text import clean_block
    from interfaces.fields import read_value
    from interfaces.selecting import one_of

    session = session_of()
    number = session.numbers([item])[0]
    with session.view() as reader:
        found = reader.item(number)
        fields = session.rules(reader, found.definition).definition.fields if found else {}
    among = {one.title: one.name for one in fields.values() if one.keep or one.private}
    name = one_of("内容", field.replace("-", "_"), among)
    kind = fields[name].kind
    value = read_value(name, kind, to, session) if kind in PLAIN else to
    outcome = session.office.correct(
        number,
        name,
        value,
        clean_block(reason, field="reason"),
        session.hand(command_id=command_id),
        dry_run=dry_run,
    )
    finish([outcome], "correct", {"dry_run": dry_run, "form": form}, session)
