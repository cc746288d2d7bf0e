"""`import`: take in a whole problem list, all rows or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from interfaces.acting import session_of
from interfaces.display import display
from interfaces.output import Column, emit, emit_value, note, output_option, say
from interfaces.secrecy import cleared_option, remind
from interfaces.shell import Command, option

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.context import Hand
    from engine.intake import Taken
    from interfaces.columns import RowFault
    from interfaces.matching import Change, Known
    from interfaces.problem_list import Batch
    from interfaces.problem_row import Columns, Line, RowLimit
    from interfaces.session import Session

NAMED = 10
"""How many rows a line of the report names."""

LISTED = 50
"""How many rows a table of what would be done shows."""


@click.command(
    "import",
    cls=Command,
    short_help="导入问题清单、原有台账（xlsx、csv）",
    example="siban import 问题清单.xlsx --dry-run\n"
    "siban 导入 2022年台账.xlsx --state 在推进=整改中 --annotated 待改.xlsx\n"
    "siban 导入 来信.xlsx --map title=留言主题 --map found_at=留言时间 --source 群众反映 --anonymous --save-map 来信",
)
@click.argument("path", metavar="FILE")
@option(
    "--map", "maps", multiple=True, metavar="FIELD=列名", help="指明哪一列是哪个字段，可多次；不用的列写 ignore=列名"
)
@option(
    "--state", "--状态", "words", multiple=True, metavar="台账用语=状态", help="指明台账中的状态用语是什么状态，可多次"
)
@option("--done-on", "--完成于", metavar="DATE", help="已完成、已销号而没有日期的，一律按这一天")
@option(
    "--fill",
    "--下填",
    "fill",
    multiple=True,
    metavar="FIELD",
    help="空格与上一行相同的列（csv 中的合并单元格），可多次",
)
@option("--sheet", "--工作表", metavar="NAME", help="只导入这张工作表，默认每张问题清单都导入")
@option("--source", "--来源", metavar="TEXT", help="清单中没有来源列时，全部按此来源")
@option("--anonymous", "--匿名", is_flag=True, help="群众反映而没有反映人的，按匿名登记")
@option("--profile", "--列名对应", metavar="NAME", help="使用保存过的列名对应和状态用语")
@option("--save-map", "--保存对应", metavar="NAME", help="把这次的列名对应和状态用语存在库中，下次用 --profile")
@option("--apply-changes", "--办理变化", is_flag=True, help="已在库的事项，与表中不一致的，办理为更正、调整等记录")
@option("--annotated", "--标注", metavar="FILE.xlsx", help="有误时另存一份，在原处标出每一处错误")
@option("--force", "--覆盖", is_flag=True, help="标注的文件已存在的，覆盖")
@option("--workflow", "--流程", metavar="NAME", help="流程，默认 siban")
@cleared_option
@option("--dry-run", "--试办", is_flag=True, help="只检查，不导入；列出每一行会怎样")
@output_option
def import_list(
    path: str,
    maps: tuple[str, ...],
    words: tuple[str, ...],
    done_on: str | None,
    fill: tuple[str, ...],
    sheet: str | None,
    source: str | None,
    anonymous: bool,
    profile: str | None,
    save_map: str | None,
    apply_changes: bool,
    annotated: str | None,
    force: bool,
    workflow: str | None,
    dry_run: bool,
    form: str,
) -> None:
    """导入问题清单：按列名自动对应字段，逐行登记；已在办理、已销号的按原台账的状态和日期转入，以前的到期不再催办。

    有一行不对就全部不导入，并列出每一处的位置。再次导入的，按编号找到已在库的事项，不重复登记。
    """
    from functools import partial

    from engine.clock import parse_instant
    from engine.errors import FaultsFound
    from engine.intake import take_in
    from interfaces.columns import parse_fields, parse_map
    from interfaces.crew import Crew
    from interfaces.deciding import decide_together
    from interfaces.matching import match
    from interfaces.problem_list import read_problems
    from interfaces.problem_row import Choice
    from interfaces.profile import Profile, save, saved
    from interfaces.progress import bar
    from interfaces.standing import split_words

    session = session_of()
    remind()
    name = session.workflow(workflow)
    meant = Profile(parse_map(maps), split_words(words), source, anonymous)
    meant = meant.over(saved(profile, session)) if profile else meant
    day = parse_instant(done_on) if done_on else None
    choice = Choice(meant.source, meant.anonymous, meant.words, day, parse_fields(fill), sheet)
    crew = click.get_current_context().with_resource(Crew())
    batch = read_problems(path, meant.columns, session, name, choice, bar("行"), crew)
    for line in batch.notes:
        note(line)
    known = match(batch.lines, session)
    faults = batch.faults + twice(known, batch)
    orders = [change.order for change in known.changes if change.order] if apply_changes else []
    taken: list[Taken] = []
    if not faults:
        hand, entries = _hand(known.new, path, session), [line.entry for line in known.new]
        total, draw = len(known.new), bar("件") or _unseen
        try:
            taken = take_in(
                *(session.office, name, entries, hand),
                orders=orders,
                dry_run=dry_run,
                progress=lambda done: draw(done, total),
                deciding=partial(decide_together, crew, name, hand, session.guard) if crew.pays(total) else None,
            )
        except FaultsFound as found:
            faults = refused(found, known, batch, session)
        draw(total, total)
    if faults:
        _report_faults(faults, form)
        if annotated:
            from interfaces.annotated import annotate

            marked = annotate(path, annotated, faults, batch.places, force=force)
            note(f"已在 {display(annotated)} 中标出 {marked} 处。")
        click.get_current_context().exit(4)
    if not dry_run:
        session.keep_clock()
        if save_map:
            save(save_map, meant, session)
    _report(batch, known, taken, session, form, dry_run=dry_run, applied=len(orders))


def _unseen(_done: int, _total: int) -> None:
    """Draw no progress."""


def _hand(new: Sequence[Line], path: str, session: Session) -> Hand:
    """Return who enters; what is taken over rests on the old ledger."""
    from pathlib import Path

    from engine.canonical import canonical
    from workflows.labels import OLD_LEDGER

    hand = session.hand()
    if hand.basis or not any(line.entry.standings for line in new):
        return hand
    return hand._replace(basis=canonical({"kind": OLD_LEDGER, "ref": display(Path(path).name)}))


def twice(known: Known, batch: Batch) -> list[RowFault]:
    """Return the faults of rows that are about one problem."""
    from engine.errors import Misused
    from interfaces.problem_row import row_fault
    from workflows.labels import Titles

    nothing = Titles({}, {}, {}, {})
    found = []
    for first, again in known.twice:
        error = Misused("same_row", field="serial" if again.serial else "external_no", row=first.row)
        found.append(row_fault(again, _columns(again, batch), error, nothing))
    return found


def refused(found: Exception, known: Known, batch: Batch, session: Session) -> list[RowFault]:
    """Return what entering the rows met as faults with their places; raises anything else again."""
    from engine.errors import FaultsFound
    from interfaces.problem_row import row_fault

    if not isinstance(found, FaultsFound) or found.code != "entries_refused":
        raise found
    pairs = found.data["faults"]
    ordered = [change.line for change in known.changes if change.order]
    lines = [*known.new, *ordered]
    return [
        row_fault(lines[index], _columns(lines[index], batch), error, session.titles)
        for index, error in (pairs if isinstance(pairs, list) else [])
    ]


def _columns(line: Line, batch: Batch) -> Columns:
    return batch.places.get(line.sheet) or next(iter(batch.places.values()))


def _report_faults(faults: Sequence[RowFault], form: str) -> None:
    several = len({fault.sheet for fault in faults}) > 1
    columns = [
        *([Column("sheet", "工作表", max_cells=12)] if several else []),
        Column("row", "行", "right"),
        Column("cell", "位置"),
        Column("column", "列"),
        Column("value", "内容", max_cells=40),
        Column("why", "问题"),
    ]
    emit([fault._asdict() for fault in faults], columns, form=form)
    note(f"{len(faults)} 处有误，未导入任何一行。")


def _report(
    batch: Batch,
    known: Known,
    taken: Sequence[Taken],
    session: Session,
    form: str,
    *,
    dry_run: bool,
    applied: int,
) -> None:
    unclear = [one for one in batch.limits if not one.code]
    first, last = (taken[0].serial, taken[-1].serial) if taken else (None, None)
    changes = [_change(change, session) for change in known.changes]
    if form in ("json", "jsonl"):
        answer: dict[str, object] = {
            "imported": 0 if dry_run else len(taken),
            "rows": len(batch.lines),
            "first": first,
            "last": last,
            "known": len(known.there),
            "changes": changes,
            "applied": 0 if dry_run else applied,
            "unclear_limits": len(unclear),
            "limits": [one._asdict() for one in batch.limits],
        }
        if dry_run:
            answer["items"] = list(_what(known, taken, session))
        emit_value(answer, form=form)
    else:
        if dry_run:
            columns = [
                Column("row", "行", "right"),
                Column("serial", "编号"),
                Column("title", "问题", max_cells=36),
                Column("what", "将会"),
            ]
            emit(_what(known, taken, session), columns, form=form, limit=LISTED if form == "table" else 0,
                 more="只列出前 {limit} 行；全部列出：-o tsv")  # fmt: skip
        if taken:
            say(f"{'可以导入' if dry_run else '已导入'} {len(taken)} 件：{first} 至 {last}。")
        if known.there:
            say(
                f"已在库 {len(known.there)} 件，未重复登记；其中与表中不一致的 {len({c['item'] for c in changes})} 件。"
            )
    for line in _change_lines(changes, applied=applied, dry_run=dry_run):
        note(line)
    for line in limit_lines(batch.limits):
        note(line)
    if dry_run:
        note("以上为试办，未作任何改动。")


def _what(known: Known, taken: Sequence[Taken], session: Session) -> Iterator[dict[str, object]]:
    """Say for each row what will happen to it."""
    for line, one in zip(known.new, taken, strict=True):
        state = session.titles.states.get(one.state, one.state)
        what = f"按原台账转入，{state}" if line.entry.standings else f"登记，{state}"
        yield _row(line, one.serial, what, one.state)
    changed = {change.number for change in known.changes}
    for number, line in known.there.items():
        what = "已在库，内容有变化" if number in changed else "已在库，内容相同"
        yield _row(line, line.serial or str(line.entry.fields.get("external_no", "")), what, "")


def _row(line: Line, serial: str, what: str, state: str) -> dict[str, object]:
    title = line.entry.fields.get("title", "")
    return {"sheet": line.sheet, "row": line.row, "serial": serial, "title": title, "what": what, "state": state}


def _change(change: Change, session: Session) -> dict[str, object]:
    title = "状态" if change.field == "state" else session.titles.fields.get(change.field, change.field)
    return {
        "row": change.line.row,
        "item": change.serial,
        "field": change.field,
        "title": title,
        "old": change.old,
        "new": change.new,
        "verb": change.order.verb if change.order else None,
        "act": session.titles.verb(change.order.verb) if change.order else None,
    }


def _change_lines(changes: Sequence[Mapping[str, object]], *, applied: int, dry_run: bool) -> Iterator[str]:
    """Say what the sheet says differently, and what becomes of it."""
    for change in changes[:LISTED]:
        how = f"{'将' if dry_run else '已'}{change['act']}" if applied and change["act"] else "未动"
        if not change["act"]:
            how = "未动：请按流程办理"
        old, new = (display(str(change[key])) for key in ("old", "new"))
        yield f"  第 {change['row']} 行 {change['item']} {change['title']}：库中“{old}”，表中“{new}”（{how}）"
    if len(changes) > LISTED:
        yield f"  ……共 {len(changes)} 处，全部列出：-o json"
    if changes and not applied and any(change["act"] for change in changes):
        yield "可办理为更正、调整的，加 --apply-changes 一并办理。"


def limit_lines(limits: Sequence[RowLimit]) -> Iterator[str]:
    """Say what reading the limits leaned on, and which could not be read, each with its rows."""
    leaned: dict[str, list[int]] = {}
    unclear: dict[tuple[str, str], list[int]] = {}
    for one in limits:
        if one.code:
            leaned.setdefault(one.note, []).append(one.row)
        else:
            unclear.setdefault((one.text, one.note), []).append(one.row)
    if leaned:
        yield "时限读法（改设：siban calendar reading）："
    for words, rows in leaned.items():
        yield f"  {display(words)}：{_rows(rows)}"
    if unclear:
        count = sum(map(len, unclear.values()))
        yield f"其中 {count} 件时限待明确，原文已保留（列出：siban list --时限待明确）："
    for (text, words), rows in unclear.items():
        yield f"  “{display(text)}”（{display(words)}）：{_rows(rows)}"


def _rows(rows: Sequence[int]) -> str:
    """Name rows, the first few of many: 第 3、4、9 行."""
    more = f"等 {len(rows)} 行" if len(rows) > NAMED else "行"
    return f"第 {'、'.join(map(str, rows[:NAMED]))} {more}"
