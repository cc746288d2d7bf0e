"""`todo`: what I am told, and what lies on my desk, the most pressing first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from interfaces.acting import session_of
from interfaces.desk import GROUPS, Desk
from interfaces.display import display, hang, pad, shorten, width
from interfaces.output import Column, emit, lines, output_option, paint, room, say
from interfaces.shell import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interfaces.desk import Entry

TITLE = 24
"""How many characters of a problem are shown."""


def _row(entry: Entry) -> dict[str, object]:
    """Return an entry as programs get it."""
    from engine.clock import iso

    item, organisation = entry.item, entry.rules.organisation
    return {
        "group": entry.group,
        "group_title": GROUPS[entry.group],
        "number": item.number,
        "serial": item.serial,
        "title": item.text("title"),
        "state": item.state,
        "what": entry.what,
        "due_at": None if entry.judged.due_at is None else iso(entry.judged.due_at),
        "light": entry.judged.word,
        "days": entry.judged.days,
        "provisional": entry.judged.provisional,
        "lead_unit": item.text("lead_unit"),
        "handler": item.text("handler"),
        "who": "·".join(
            word
            for word in (organisation.unit_title(item.text("lead_unit")), organisation.name_of(item.text("handler")))
            if word
        ),
        "command": entry.command,
    }


def _due(entry: Entry) -> str:
    from interfaces.wording import due_text, left_text

    if entry.judged.due_at is None:
        return ""
    return f"{due_text(entry.judged)}，{left_text(entry.judged)}"


def _screen(entries: list[Entry], cells: int) -> Iterator[str]:
    """Lay out the groups under one head: the columns line up over all of them."""
    heads = ["编号", "问题", "要办", "截止", "主办·责任人"]
    grid = [
        [
            str(entry.item.number),
            shorten(display(entry.item.text("title")), 2 * TITLE),
            display(entry.what),
            display(_due(entry)),
            display(str(_row(entry)["who"])),
        ]
        for entry in entries
    ]
    widths = [max(map(width, texts)) for texts in zip(heads, *grid, strict=True)]
    while cells and sum(widths) + 2 * len(widths) > cells and max(widths[1], widths[2]) > TITLE // 2:
        widest = 1 if widths[1] > widths[2] else 2
        widths[widest] -= 1
    narrow = bool(cells) and sum(widths) + 2 * len(widths) > cells  # one under the other: nothing is cut
    if not narrow:
        yield "  " + "  ".join(map(pad, heads, widths)).rstrip()
    group = ""
    for entry, texts in zip(entries, grid, strict=True):
        if entry.group != group:
            group = entry.group
            count = sum(e.group == group for e in entries)
            yield paint(f"{GROUPS[group]}（{count}）", group)
        if narrow:
            number, title, what, due, who = texts
            yield hang(f"  {number} {title}", cells, 4)
            yield hang(f"    {'　'.join(filter(None, (what, who)))}", cells, 4)
            if due:
                yield paint(f"    {due}", entry.judged.word)
            continue
        aligned = [
            pad(texts[0], widths[0], "right"),
            *(pad(shorten(t, w), w) for t, w in zip(texts[1:], widths[1:], strict=True)),
        ]
        aligned[3] = paint(aligned[3], entry.judged.word)
        yield "  " + "  ".join(aligned).rstrip()


@click.command(cls=Command, short_help="我的待办", example="siban\nsiban todo -o json")
@output_option
def todo(form: str) -> None:
    """我的待办：通知，以及现在该我办的事项，最急的在前；最后一行是可以照抄的命令。"""
    session = session_of()
    now, titles, me = session.now, session.titles, session.hand().decider
    with session.view() as reader:
        desk = Desk(session, me, now, titles, reader)
        entries = desk.entries()
        name = desk.organisation.name_of(me)
    if form != "table":
        columns = [
            Column("group_title", "类别"),
            Column("number", "编号"),
            Column("title", "问题"),
            Column("what", "要办"),
            Column(
                "due_at", "截止", show=lambda row: f"{row['due_at'] or ''}{'（暂定）' if row['provisional'] else ''}"
            ),
            Column("who", "主办·责任人"),
            Column("command", "命令"),
        ]
        emit((_row(entry) for entry in entries), columns, form=form)
        return
    if not entries:
        say(f"{name}，目前没有待办。")
        return
    lines(_screen(entries, room()))
    first = next((entry for entry in entries if entry.group != "notice"), entries[0])
    say(f"从这里开始：{first.command}")
