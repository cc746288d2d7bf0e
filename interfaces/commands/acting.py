"""`do` lists what I may do with an item and asks for what it needs; `comment` adds to its record."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from interfaces.acting import finish, run_act, session_of
from interfaces.output import Column, emit, say
from interfaces.secrecy import cleared_option
from interfaces.shell import Command
from interfaces.verbs import command_id_option

if TYPE_CHECKING:
    from workflows.index import Index


@click.command("do", cls=Command, short_help="这件事项我现在能办什么", example="siban 办 12\nsiban 办 12 交办")
@click.argument("item", metavar="ITEM")
@click.argument("verb", required=False, metavar="[VERB]")
def do(item: str, verb: str | None) -> None:
    """列出这件事项我现在能办什么；在终端上选定后逐项填写。"""
    from engine.context import Context
    from engine.decide import allowed_verbs

    session = session_of()
    number = session.numbers([item])[0]
    hand = session.hand()
    with session.view() as reader:
        found = reader.item(number)
        if found is None:
            return
        rules = session.rules(reader, found.definition)
        context = Context(rules, hand, session.now, session.now, reader.item)
        verbs = allowed_verbs(found, context)
    titles = session.titles._replace(verbs={**session.titles.verbs, **rules.definition.verbs})
    if verb is None:
        state = rules.definition.states[found.state]
        say(f"{found.serial} 现为“{state.title}”。{rules.organisation.name_of(hand.decider)}现在可以：")
        rows = [
            {
                "verb": name,
                "title": titles.verb(name),
                "fields": "、".join(_needed(session.index, name)),
                "command": f"siban {titles.verb(name)} {found.number}",
            }
            for name in verbs
        ]
        columns = [Column("title", "办理"), Column("fields", "须填"), Column("command", "命令", whole=True)]
        emit(rows, columns, form="table" if sys.stdout.isatty() else "tsv", empty="目前没有您可以办理的动作。")
        if not verbs or not sys.stdin.isatty():
            return
        choices = {str(n): name for n, name in enumerate(verbs, 1)}
        for n, name in choices.items():
            say(f"  {n}. {titles.verb(name)}")
        chosen = click.prompt("选择（直接回车不办）", default="", show_default=False)
        if not chosen:
            return
        if chosen not in choices:
            click.get_current_context().fail(f"没有第 {chosen} 项，可选 1 到 {len(verbs)}。")
        verb = choices[chosen]
    name = next((n for n, t in titles.verbs.items() if verb in (n, t, n.replace("_", "-"))), verb)
    _ask_and_act(number, name)


def _ask_and_act(number: int, verb: str) -> None:
    """Ask for the fields of a verb one by one and do it."""
    from interfaces.verbs import GENERAL

    session = session_of()
    shapes = {n: shape for entry in session.index.values() for n, shape in entry["fields"].items()}
    act = next((a for entry in session.index.values() for a in entry["verbs"] if a["name"] == verb), None)
    given: dict[str, object] = dict.fromkeys(GENERAL) | {"dry_run": False, "form": "text", "items": [str(number)]}
    if act and sys.stdin.isatty():
        given |= dict.fromkeys(act["fields"])
        for field in act["fields"]:
            shape = shapes[field]
            need = field in act["required"]
            words = "｜".join(shape["choices"].values())
            label = f"{shape['title']}{'（' + words + '）' if words else ''}{'' if need else '（可不填）'}"
            answer = click.prompt(label, default=None if need else "", show_default=False)
            if not answer:
                continue
            given[field] = (answer,) if shape["kind"] in ("texts", "units", "files", "measures", "ints") else answer
    run_act(verb, given, shapes, new=False)


def _needed(index: Index, verb: str) -> list[str]:
    """Return the titles of what a verb requires."""
    for entry in index.values():
        for act in entry["verbs"]:
            if act["name"] == verb:
                return [entry["fields"][field]["title"] for field in act["required"]]
    return []


@click.command("comment", cls=Command, short_help="给事项加备注", example="siban 备注 12 已与街道沟通，下周进场")
@click.argument("item", metavar="ITEM")
@click.argument("text", nargs=-1, required=True, metavar="TEXT")
@cleared_option
@command_id_option
def comment(item: str, text: tuple[str, ...], command_id: str) -> None:
    """给事项加备注，记入办理记录；不改变状态和时限。"""
    from engine.text import clean_block

    session = session_of()
    body = {"fields": {"comment": clean_block(" ".join(text), field="comment")}}
    outcomes = session.office.remark(session.numbers([item]), "comment", body, session.hand(command_id=command_id))
    finish(outcomes, "comment", {}, session)
