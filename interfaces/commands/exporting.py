"""`export`: the ledger as a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from interfaces.acting import session_of
from interfaces.display import display
from interfaces.output import note, say
from interfaces.past import past_options
from interfaces.selecting import Conditions, Instant, item_options, one_of
from interfaces.shell import Command, option

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.context import Rules
    from engine.item import Item
    from engine.organisation import Organisation
    from engine.past import Past
    from engine.ports import Reader
    from interfaces.ledger_sheet import Layout
    from interfaces.session import Session


@click.command(
    "export",
    cls=Command,
    short_help="导出台账（xlsx）",
    example="siban export 台账.xlsx\nsiban 导出 销号申请单.xlsx --template 销号申请单 --unit 河道署 --light 正常\n"
    "siban export 六月底台账.xlsx --截至 2023-06-30 --force",
)
@click.argument("path", metavar="FILE.xlsx")
@option(
    "--template",
    "--格式",
    metavar="NAME",
    help="台账格式：全部栏目（默认）｜督察整改方案｜销号申请单｜问题清单｜治理台账",
)
@option("--columns", "--栏目", "columns_file", metavar="FILE.toml", help="本单位的台账格式，写法照 workflows/ledgers/")
@option("--paper", "--纸张", metavar="A4|A3", type=click.Choice(["A4", "A3"]), help="纸张，默认按台账格式")
@option("--force", "--覆盖", is_flag=True, help="文件已存在的，覆盖")
@item_options
@past_options
def export(
    path: str,
    template: str | None,
    columns_file: str | None,
    paper: str | None,
    force: bool,
    as_of: str | None,
    known_at: str | None,
    **conditions: Any,  # noqa: ANN401 - options as click hands them over
) -> None:
    """导出台账：可以筛选，可以按各种台账格式，可以回看；表中逾期、临期随打开的日期变色，可以原样再导入。

    一张台账只含一个流程的事项（默认第一个，用 --workflow 另选）；反映人和联系方式只导出隐去后的。
    """
    from interfaces.book import refuse_target
    from interfaces.excel import write_ledger
    from interfaces.past import past_of, shown
    from interfaces.progress import bar
    from workflows.labels import moment

    session = session_of()
    layout = _layout(template, columns_file)
    refuse_target(path, force=force)
    asked = Conditions(**conditions)
    asked = asked._replace(workflow=asked.workflow or session.workflow())
    index, now, me = session.index, session.now, asked.asker(session)
    with session.view() as reader:
        past = past_of(session, reader, as_of, known_at)
        at = Instant(index, past.organisation() if past else session.organisation(reader), past.as_of if past else now)
        draw, total = bar("件"), reader.next_item() - 1

        def progress(done: int) -> None:
            if draw:
                draw(done, total)

        items = _items(asked, session, reader, at, past, me)
        closed = _closed(session, reader, str(asked.workflow))
        count = write_ledger(
            path,
            items,
            layout,
            at.now,
            title=f"{layout.title}（截至{moment(shown(at.now))}）",
            reporters=_reporters(reader, layout),
            choices=_choices(session, at.organisation, str(asked.workflow)),
            closed=closed,
            paper=paper or "",
            live=past is None,
            force=force,
            progress=progress,
        )
        progress(total)
    say(f"已导出 {count} 件：{display(path)}。")
    if not count:
        note("没有符合条件的事项。")


def _items(
    asked: Conditions,
    session: Session,
    reader: Reader,
    at: Instant,
    past: Past | None,
    me: str,
) -> Iterator[tuple[Item, Rules]]:
    for one in asked.chosen(session, reader, past, at, me):
        yield one.item, one.rules


def _layout(template: str | None, path: str | None) -> Layout:
    """Return the ledger's form; raises what reading it raises, `Refused("unknown_choice")` for a name that is none."""
    from pathlib import Path

    from interfaces.ledger_sheet import read_layout
    from workflows.ledgers import EVERYTHING, shipped

    if template and path:
        message = "--template、--columns 只能用一个。"
        raise click.UsageError(message)
    if path:
        return read_layout(Path(path))
    known = shipped()
    return read_layout(known[one_of("台账格式", template or EVERYTHING, {name: name for name in known})])


def _reporters(reader: Reader, layout: Layout) -> Mapping[int, tuple[str, str]]:
    """Return the reporters' names and contacts, masked, where the ledger has a column for them."""
    from engine.privacy import is_erased
    from interfaces.masking import ERASED, masked_contact, masked_name

    if not {head.field for head in layout.columns} & {"reporter", "contact"}:
        return {}
    return {
        one.item: (ERASED, "") if is_erased(one) else (masked_name(one.name), masked_contact(one.contact))
        for one in reader.reporters()
    }


def _choices(session: Session, organisation: Organisation, workflow: str) -> dict[str, list[str]]:
    """Return what may be chosen in the columns of fixed words, by the column's field."""
    entry = session.index[workflow]
    fields = entry["fields"]
    found = {
        column: list(fields[name]["choices"].values())
        for column, name in (("list", "track"), ("source", "source"), ("satisfaction", "satisfaction"))
        if name in fields
    }
    found["state"] = list(entry["states"].values())
    found["lead_unit"] = [unit.title for unit in organisation.units.values()]
    return found


def _closed(session: Session, reader: Reader, workflow: str) -> str:
    """Return the title of the state in which all is done."""
    states = session.shelf.current(reader, workflow).definition.states.values()
    return next((state.title for state in states if state.final and state.counted), "")
