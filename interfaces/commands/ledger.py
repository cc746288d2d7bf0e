"""`list`: the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from engine.light import NONE
from interfaces.acting import session_of
from interfaces.output import emit, note, output_option
from interfaces.past import past_options
from interfaces.selecting import Conditions, Instant, item_options, one_of
from interfaces.shell import Command, Count, option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
    example="siban list --open --unit 河道署\nsiban 台账 --逾期\nsiban 台账 --截至 2023-06-30\n"
    "siban list --raised-by 潘立群 --source 调查研究\n"
    "siban list --属于 ZX2023-0003\nsiban 台账 --流程 制度成果 -o csv\nsiban list -n 0 -o jsonl > 台账.jsonl",
)
@item_options
@option("--sort", "--排序", default="urgency", metavar="KEY", help="缓急（urgency，默认）｜时限（due）｜编号（number）")
@option(
    "-n",
    "--limit",
    "--条数",
    "limit",
    type=Count(0),
    default=FIRST,
    metavar="N",
    help=f"最多几条，默认 {FIRST}，0 为全部",
)
@past_options
@output_option
def list_items(
    sort: str,
    limit: int,
    as_of: str | None,
    known_at: str | None,
    form: str,
    **conditions: Any,  # noqa: ANN401 - options as click hands them over
) -> None:
    """台账：全部事项，在办在前、最急在前。条件可以并用；条件的值中英文均可。"""
    from interfaces.listing import columns, public, totals
    from interfaces.past import nothing_yet, past_of

    asked = Conditions(**conditions)
    session = session_of()
    index, now, me = session.index, session.now, asked.asker(session)
    with session.view() as reader:
        past = past_of(session, reader, as_of, known_at)
        organisation = past.organisation() if past else session.organisation(reader)
        at = Instant(index, organisation, past.as_of if past else now)
        key = _SORTS[one_of("排序", sort, {**{name: name for name in _SORTS}, **_SORT_WORDS})]
        kind = asked.kind(index)
        rows = [one.row(kind, reader) for one in asked.chosen(session, reader, past, at, me)]
        empty = "" if rows else nothing_yet(reader, past, "没有符合条件的事项。")
    rows.sort(key=key)
    shown = rows[: limit or None]
    if form in ("json", "jsonl"):
        shown = [public(row) for row in shown]
    emit(shown, columns(form, as_written=asked.limit_unclear, kind=kind), form=form, footer=totals(rows), empty=empty)
    if len(shown) < len(rows):
        note(f"只列出前 {limit} 件，共 {len(rows)} 件；全部列出：-n 0")
