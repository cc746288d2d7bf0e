"""`attach` hands evidence in; `evidence` lists it, proves that it is unchanged and takes it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from interfaces.acting import finish, session_of
from interfaces.output import Column, emit, note, output_option
from interfaces.secrecy import cleared_option
from interfaces.shell import Command, option
from interfaces.verbs import command_id_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interfaces.evidence import Piece
    from interfaces.session import Session


@click.command(
    cls=Command,
    short_help="补充佐证材料",
    example="siban 附件 12 验收单.pdf\nsiban 附件 12 --整改前 a.jpg --整改后 b.jpg --整改后 c.jpg\n"
    "siban 附件 --paper 督办〔2023〕5号 签章件.pdf",
)
@click.argument("names", nargs=-1, metavar="[ITEM] FILE...")
@option("--before", "--整改前", "before", multiple=True, metavar="FILE", help="整改前的图片，可写多次")
@option("--after", "--整改后", "after", multiple=True, metavar="FILE", help="整改后的图片，可写多次")
@option("--paper", "--文书", "number", metavar="NO", help="是哪份文书的签章扫描件，如 督办〔2023〕5号；不再写事项")
@cleared_option
@command_id_option
@option("--dry-run", "--试办", is_flag=True, help="只看会怎样，不保存")
def attach(
    names: tuple[str, ...],
    before: tuple[str, ...],
    after: tuple[str, ...],
    number: str | None,
    command_id: str,
    dry_run: bool,
) -> None:
    """补充佐证材料：文件按内容保存，记录中有文件名、大小和 SHA-256。文件名含“整改前”“整改后”的按此归类。"""
    session = session_of()
    if number:
        item, paper = _paper(number, session)
        files = [(path, {"paper": paper}) for path in names]
    else:
        if not names:
            click.get_current_context().fail("请写明事项和文件。")
        item, paper = session.numbers([names[0]])[0], ""
        files = [(path, dict[str, str]()) for path in names[1:]]
    files += [(path, {"shows": "before"}) for path in before] + [(path, {"shows": "after"}) for path in after]
    if not files:
        click.get_current_context().fail("请写明要补充的文件。")
    kept = _kept(files, session, dry_run=dry_run)
    body = {"fields": {"evidence": kept}, "gather": ["evidence"]}
    outcomes = session.office.remark([item], "attach", body, session.hand(command_id=command_id), dry_run=dry_run)
    finish(outcomes, "attach", {"dry_run": dry_run}, session)
    for one in kept:
        note(f"  {one['name']}（{one['size']} 字节）{str(one['sha256'])[:12]}…")


def _paper(number: str, session: Session) -> tuple[int, str]:
    from interfaces.papers import found_by_number

    with session.view() as reader:
        paper, event = found_by_number(number, reader)
    return event.item, paper.key


def _kept(files: Sequence[tuple[str, dict[str, str]]], session: Session, *, dry_run: bool) -> list[dict[str, object]]:
    """Keep the files, or on trial only read them."""
    from engine.text import clean_line

    found = []
    for path, said in files:
        file = session.kept(path, dry_run=dry_run)._asdict()
        found.append(file | {"name": clean_line(str(file["name"]), field="evidence")} | said)
    return found


@click.command(
    cls=Command,
    short_help="佐证材料：列出、核对、取出",
    example="siban evidence 12\nsiban 佐证 12 --to 材料\nsiban 佐证 12 -o json",
)
@click.argument("item", metavar="ITEM")
@option("--to", "--到", "to", metavar="DIR", help="取出到文件夹；已有的文件不覆盖")
@output_option
def evidence(item: str, to: str | None, form: str) -> None:
    """列出一件事项的佐证材料，逐件核对与收存时是否一致；缺失或改动的，退出码 4。"""
    from engine.clock import iso
    from engine.errors import FaultsFound
    from interfaces.commands.item import dossier_of
    from interfaces.evidence import pieces, state
    from interfaces.records import when

    session = session_of()
    dossier = dossier_of(session, item, possibilities=False)
    found = pieces(dossier.item, dossier.events)
    states = {piece.sha256: state(session.files, piece) for piece in found}
    rows = [
        {
            "no": piece.no,
            "name": piece.name,
            "size": piece.size,
            "sha256": piece.sha256,
            "shows": piece.shows,
            "paper": piece.paper,
            "kind": piece.kind,
            "by": piece.by,
            "who": dossier.who(piece.by) if piece.by else "",
            "at": iso(piece.at) if piece.at else None,
            "when": when(piece.at, dossier.now) if piece.at else "",
            "seq": piece.seq,
            "state": states[piece.sha256],
        }
        for piece in found
    ]
    columns = [
        Column("no", "序号", "right"),
        Column("name", "文件"),
        Column("kind", "种类"),
        Column("size", "字节", "right"),
        Column("who", "提交人"),
        Column("when", "时间", whole=True) if form == "table" else Column("at", "时间"),
        Column("state", "保存情况"),
        Column("sha256", "SHA-256", max_cells=12 if form == "table" else None),
    ]
    emit(rows, columns, form=form, empty="没有佐证材料。")
    wrong = [(f"{row['no']} {row['name']}", str(row["state"])) for row in rows if row["state"] != "完好"]
    if to:
        wrong = _taken_out(found, to, session)
    if wrong:
        raise FaultsFound("evidence_faults", faults=[f"  第 {name}：{why}" for name, why in wrong])


def _taken_out(found: Sequence[Piece], folder: str, session: Session) -> list[tuple[str, str]]:
    """Copy the evidence out, each file under its place and its name; return what could not be, and why."""
    from pathlib import Path

    from engine.errors import Refused
    from interfaces.evidence import STATES
    from storage.disk import unavailable
    from storage.files import copy_out

    wrong = []
    for piece in found:
        path = Path(folder, f"{piece.no:02} {_safe(piece.name)}")
        try:
            Path(folder).mkdir(exist_ok=True)
            fault = copy_out(session.files, piece.sha256, path)
        except FileExistsError:
            raise Refused("exists", path=str(path)) from None
        except OSError as error:
            raise unavailable(error, str(path)) from error
        if fault:
            wrong.append((f"{piece.no} {piece.name}", STATES[fault]))
    note(f"已取出 {len(found) - len(wrong)} 件到 {folder}。")
    return wrong


_FORBIDDEN = str.maketrans(dict.fromkeys('<>:"/\\|?*', "_"))
_LONGEST = 80  # characters of a file name, so that its bytes fit


def _safe(name: str) -> str:
    """Return a file name that no system takes for a path or a device."""
    from interfaces.display import display

    kept = display(name).translate(_FORBIDDEN).strip(" .") or "file"
    return kept if len(kept) <= _LONGEST else f"{kept[: _LONGEST // 2]}…{kept[-_LONGEST // 2 :]}"
