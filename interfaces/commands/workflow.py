"""`workflow check` finds the faults of a definition, `show` reads one out, `diagram` draws it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.errors import FaultsFound, Refused, Unavailable
from interfaces.acting import session_of
from interfaces.output import Column, emit, output_option, say
from interfaces.shell import Command, Group
from workflows.labels import ROLES, STAGES

if TYPE_CHECKING:
    from engine.definition import Definition


@click.group(
    cls=Group, short_help="流程定义：检查、查看、画图", chinese={"检查": "check", "查看": "show", "画图": "diagram"}
)
def workflow() -> None:
    """流程定义：由办公室决定的规则，写在文件里，不写在程序里。"""


@workflow.command(cls=Command, short_help="检查流程定义文件", example="siban workflow check 我局流程.toml")
@click.argument("path", metavar="FILE")
def check(path: str) -> None:
    """检查流程定义文件：一次列出全部问题和所在位置；有机构人员时一并核对。没有问题时不作声。"""
    from engine.checker import check as find_faults
    from engine.loader import load
    from interfaces.founding import read_definition

    definition = load(read_definition(path))
    try:
        session = session_of()
        with session.store.read() as reader:
            organisation = session.organisation(reader)
    except (Unavailable, Refused):
        organisation = None
    faults = find_faults(definition, organisation)
    if faults:
        raise FaultsFound("definition_faults", faults=faults)


def definition_of(name: str | None) -> Definition:
    """Return a definition of the database, a shipped one, or one in a file."""
    from engine.loader import load
    from engine.policy import DEFINITION
    from interfaces.founding import read_definition
    from workflows.index import SHIPPED, definition_text

    session = session_of()
    wanted = name or session.workflow()
    try:
        with session.store.read() as reader:
            hash_ = reader.current_hashes().get((DEFINITION, wanted))
            if hash_:
                return session.shelf.definition(reader, hash_)
    except Unavailable:
        pass
    if wanted in SHIPPED:
        return load(definition_text(wanted))
    if Path(wanted).suffix:
        return load(read_definition(wanted))
    raise Unavailable("workflow_missing", name=wanted, among=list(session.index))


@workflow.command(
    cls=Command,
    short_help="查看流程：环节、状态、谁能办什么",
    example="siban workflow show\nsiban workflow show petition -o json\nsiban workflow show --permissions -o csv",
)
@click.argument("name", required=False, metavar="[NAME|FILE]")
@click.option("--permissions", "--权限", is_flag=True, help="权限表：每个状态、每个动作、每种身份；未列出的一律不许")
@output_option
def show(name: str | None, permissions: bool, form: str) -> None:
    """查看流程：每个状态下谁能办什么、须填什么、到哪一步。"""
    definition = definition_of(name)
    if permissions:
        from interfaces.permissions import permission_columns, permission_rows

        title = f"{definition.title}权限表（未列出的一律不许）"
        emit(permission_rows(definition, session_of().titles), permission_columns(form), form=form, title=title)
        return
    rows = []
    for transition in definition.transitions:
        for source in transition.sources:
            state = definition.states[source]
            to = definition.states[transition.to].title if transition.to else "—"
            rows.append(
                {
                    "stage": STAGES[state.stage],
                    "state": state.title,
                    "verb": transition.verb,
                    "title": transition.title,
                    "to": to,
                    "by": [ROLES.get(role, role) for role in transition.by],
                    "require": [definition.fields[r.field].title for r in transition.require],
                }
            )
    order = list(definition.states)
    titles = {state.title: order.index(key) for key, state in definition.states.items()}
    rows.sort(key=lambda row: titles[str(row["state"])])
    columns = [
        Column("stage", "环节"), Column("state", "状态"), Column("title", "办理"), Column("to", "转到"),
        Column("by", "由谁办"), Column("require", "须填"),
    ]  # fmt: skip
    emit(rows, columns, form=form, title=f"{definition.title}（第 {definition.version} 版，{definition.hash[:12]}）")


@workflow.command(cls=Command, short_help="画流程图（Mermaid）", example="siban workflow diagram > 流程.mmd")
@click.argument("name", required=False, metavar="[NAME|FILE]")
def diagram(name: str | None) -> None:
    """画流程图（Mermaid 文本，可贴入文档或用浏览器查看）。"""
    from interfaces.diagram import mermaid

    say(mermaid(definition_of(name)))
