"""`list`: the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.light import NONE, OVERDUE
from interfaces.acting import session_of
from interfaces.output import emit, note, output_option
from interfaces.past import past_options
from interfaces.shell import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.context import Rules
    from engine.item import Item
    from engine.organisation import Organisation
    from workflows.index import Index

FIRST = 50
"""How many rows a list shows unless asked for more."""

Shown = dict[str, object]

_SORTS: Mapping[str, Callable[[Shown], tuple[object, ...]]] = {
    "urgency": lambda row: (
        not row["open"],
        row["light"] == NONE or bool(row["done_at"]),
        row["due_at"] or "9",
        row["number"],
    ),
    "due": lambda row: (row["due_at"] or "9", row["number"]),
    "number": lambda row: (row["number"],),
}
"""Keys of order. By urgency: open ones first, the earliest due first; what waits for others or is done comes behind."""

_SORT_WORDS = {"缓急": "urgency", "时限": "due", "编号": "number"}


@click.command(
    "list",
    cls=Command,
    short_help="台账",
    example="siban list --open --unit 河道署\nsiban 台账 --逾期\nsiban 台账 --截至 2023-06-30\nsiban list -n 0 -o jsonl > 台账.jsonl",
)
@click.option("--state", "--状态", "states", multiple=True, metavar="STATE", help="状态；可多次")
@click.option(
    "--stage",
    "--环节",
    "stages",
    multiple=True,
    metavar="STAGE",
    help="环节：受理｜分办｜办理｜核验｜反馈｜办结；可多次",
)
@click.option("--unit", "--单位", "--主办", "units", multiple=True, metavar="UNIT", help="主办单位；可多次")
@click.option("--track", "--清单", "tracks", multiple=True, metavar="LIST", help="问题清单；可多次")
@click.option("--source", "--来源", "sources", multiple=True, metavar="SOURCE", help="问题来源；可多次")
@click.option("--light", "--亮灯", "lights", multiple=True, metavar="LIGHT", help="正常｜临期｜逾期｜未计时；可多次")
@click.option("--text", "--含", metavar="TEXT", help="编号或问题中含有的文字")
@click.option("--workflow", "--流程", metavar="NAME", help="流程")
@click.option("--open", "only_open", is_flag=True, help="只看在办")
@click.option("--closed", "only_closed", is_flag=True, help="只看已办结")
@click.option("--all", "--全部", "everything", is_flag=True, help="在办和已办结（默认）")
@click.option("--mine", "--我的", is_flag=True, help="我负责的，或现在该我办的")
@click.option("--overdue", "--逾期", is_flag=True, help="只看逾期未办结")
@click.option("--limit-unclear", "--时限待明确", is_flag=True, help="只看时限待明确的，附时限原文")
@click.option(
    "--sort", "--排序", default="urgency", metavar="KEY", help="缓急（urgency，默认）｜时限（due）｜编号（number）"
)
@click.option(
    "-n",
    "--limit",
    "--条数",
    "limit",
    type=click.IntRange(0),
    default=FIRST,
    metavar="N",
    help=f"最多几条，默认 {FIRST}，0 为全部",
)
@past_options
@output_option
def list_items(
    states: tuple[str, ...],
    stages: tuple[str, ...],
    units: tuple[str, ...],
    tracks: tuple[str, ...],
    sources: tuple[str, ...],
    lights: tuple[str, ...],
    text: str | None,
    workflow: str | None,
    only_open: bool,
    only_closed: bool,
    everything: bool,
    mine: bool,
    overdue: bool,
    limit_unclear: bool,
    sort: str,
    limit: int,
    as_of: str | None,
    known_at: str | None,
    form: str,
) -> None:
    """台账：全部事项，在办在前、最急在前。条件可以并用；条件的值中英文均可。"""
    from engine.row import ItemQuery
    from interfaces.listing import columns, item_row, public, totals
    from interfaces.past import items_of, nothing_yet, past_of

    if only_open + only_closed + everything > 1:
        message = "--open、--closed、--all 只能用一个。"
        raise click.UsageError(message)
    session = session_of()
    index, now = session.index, session.now
    me = session.hand().decider if mine else ""
    with session.view() as reader:
        organisation, past = session.organisation(reader), past_of(session, reader, as_of, known_at)
        if past:
            organisation, now = past.organisation(), past.as_of
        meant = _Meanings(index, organisation)
        query = ItemQuery(
            open=True if only_open or overdue or limit_unclear else False if only_closed else None,
            states=meant.states(states),
            stages=meant.stages(stages),
            lead_units=meant.units(units),
            tracks=meant.field("track", "问题清单", tracks),
            sources=meant.field("source", "问题来源", sources),
            workflow=meant.workflow(workflow),
            text=text or "",
        )
        asked = meant.lights(lights)
        key = _SORTS[one_of("排序", sort, {**{name: name for name in _SORTS}, **_SORT_WORDS})]
        rows = []
        for item, rules, kept_due in items_of(session, reader, past, query):
            row = item_row(item, rules, now, kept_due)
            late = row["light"] == OVERDUE and row["done_at"] is None
            if (me and not _is_mine(item, rules, me, now)) or (asked and row["light"] not in asked):
                continue
            if (late or not overdue) and (row["unclear"] or not limit_unclear):
                rows.append(row)
        empty = "" if rows else nothing_yet(reader, past, "没有符合条件的事项。")
    rows.sort(key=key)
    shown = rows[: limit or None]
    if form in ("json", "jsonl"):
        shown = [public(row) for row in shown]
    emit(shown, columns(form, as_written=limit_unclear), form=form, footer=totals(rows), empty=empty)
    if len(shown) < len(rows):
        note(f"只列出前 {limit} 件，共 {len(rows)} 件；全部列出：-n 0")


def _is_mine(item: Item, rules: Rules, me: str, now: int) -> bool:
    """Whether I handle an item, or it is my move."""
    from engine.turn import people, turns

    return item.text("handler") == me or any(me in people(turn, item, rules) for turn in turns(item, rules, now))


def one_of(what: str, text: str, among: Mapping[str, str]) -> str:
    """Return the identifier for a text that is one, or its title, or the beginning of just one title.

    `among` maps titles to identifiers. Raises `Refused("unknown_choice")` with what there is.
    """
    if text in among.values():
        return text
    if text in among:
        return among[text]
    near = {value for title, value in among.items() if title.startswith(text)}
    if len(near) == 1:
        return near.pop()
    from engine.errors import Refused

    raise Refused("unknown_choice", what=what, text=text, among=list(dict.fromkeys(among)))


class _Meanings:
    """Turns what an officer wrote as a condition into identifiers; what nothing is called is refused."""

    def __init__(self, index: Index, organisation: Organisation) -> None:
        self._index, self._organisation = index, organisation

    def states(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Read states by title; one title may stand for states of several workflows."""
        found = []
        for text in texts:
            titles = [(t, name) for entry in self._index.values() for name, t in entry["states"].items()]
            several = [name for title, name in titles if text in (title, name)]
            found += several or [one_of("状态", text, dict(titles))]
        return tuple(dict.fromkeys(found))

    def stages(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Read stages by title."""
        from workflows.labels import STAGES

        among = {title: name for name, title in STAGES.items()}
        return tuple(one_of("环节", text, among) for text in texts)

    def units(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Read units by title."""
        return tuple(self._organisation.unit(text).id for text in texts)

    def field(self, name: str, what: str, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Read the values of a choice by their titles."""
        shapes = [entry["fields"].get(name, {}) for entry in self._index.values()]
        among = {title: value for shape in shapes for value, title in shape.get("choices", {}).items()}
        return tuple(one_of(what, text, among) for text in texts)

    def lights(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Read lights by their words."""
        from interfaces.wording import LIGHTS

        among = {word: light for light, word in LIGHTS.items()}
        return tuple(one_of("亮灯", text, among) for text in texts)

    def workflow(self, text: str | None) -> str:
        """Read a workflow by title."""
        among = {str(entry["title"]): name for name, entry in self._index.items()}
        return one_of("流程", text, among) if text else ""
