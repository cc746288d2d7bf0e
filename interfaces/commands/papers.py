"""`paper` prints 催办通知书, 督办单, 约谈建议, 专报, approval forms, 销号申请表 and the dossier."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from interfaces.acting import session_of
from interfaces.output import Column, emit, emit_value, is_terminal, note, output_option, say
from interfaces.shell import Command, option

if TYPE_CHECKING:
    from interfaces.dossier import Dossier
    from interfaces.papers import Printed
    from workflows.papers import Kind

EXAMPLE = """siban paper 12 红色督办单 --to 督办单.docx
siban 文书 12 卷宗 --pdf
siban 文书 12
siban 文书 12 催办通知书 --number 〔2023〕5号
siban 文书 --list 红色督办单
siban 文书 --copy-templates 模板
SIBAN_TEMPLATES=模板 siban 文书 12 延期审批单"""


@click.command(cls=Command, short_help="文书：催办通知书、督办单、约谈建议、专报、审批单、卷宗", example=EXAMPLE)
@click.argument("item", required=False, metavar="[ITEM]")
@click.argument("kind", required=False, metavar="[KIND]")
@option("--to", "--到", "to", metavar="FILE", help="写到哪个 .docx 文件，默认“编号-文种.docx”")
@option("--pdf", is_flag=True, help="同时转成 PDF，放在一处（须装有 LibreOffice）")
@option("--force", "--覆盖", is_flag=True, help="已有同名文件的，覆盖")
@option("--number", "--文号", metavar="NO", help="再次打印以前制发的，如 〔2023〕5号")
@option(
    "--template",
    "--模板",
    envvar="SIBAN_TEMPLATES",
    metavar="PATH",
    help="自备的模板：一个 .docx 文件，或放模板的文件夹（SIBAN_TEMPLATES）",
)
@option("--list", "--文种", "kinds", is_flag=True, help="列出文种；后面写文种的，列出它的模板可用的字段")
@option("--copy-templates", "--取模板", "folder", metavar="DIR", help="把随附的模板复制到文件夹，供修改")
@option("--dry-run", "--试办", is_flag=True, help="只说将制发什么，不编号、不写文件")
@output_option
def paper(
    item: str | None,
    kind: str | None,
    to: str | None,
    pdf: bool,
    force: bool,
    number: str | None,
    template: str | None,
    kinds: bool,
    folder: str | None,
    dry_run: bool,
    form: str,
) -> None:
    """打印一件事项的文书（Word）。督办文书签发后才有编号，签发前打印的为草稿。

    编号按文种逐年连续，不重复；再次打印的内容、编号、日期与制发时一致。只写事项的，列出已制发的文书。
    """
    if folder:
        _copy_templates(folder)
    elif kinds:
        _list_kinds(item, form)
    elif not item:
        click.get_current_context().fail("请写明事项和文种；查看文种：siban paper --list。")
    elif not kind:
        _list_papers(item, form)
    else:
        _print(item, _kind(kind), to, number, template, form=form, pdf=pdf, force=force, dry_run=dry_run)


def _print(
    item: str,
    kind: Kind,
    to: str | None,
    number: str | None,
    template: str | None,
    *,
    form: str,
    pdf: bool,
    force: bool,
    dry_run: bool,
) -> None:
    from engine.errors import Refused
    from interfaces.commands.item import dossier_of
    from interfaces.papers import Wish, print_paper, target
    from workflows.papers import read_number

    meant = read_number(number) if number else None
    if number and meant is None:
        raise Refused("bad_paper_number", text=number)
    session = session_of()
    serial = dossier_of(session, item, possibilities=False).item.serial
    path = to or f"{serial}-{kind.title}.docx"
    if not path.lower().endswith(".docx"):
        click.get_current_context().fail(f"文书写成 .docx 文件，“{path}”不是；要 PDF 的另加 --pdf。")
    wish = Wish(kind, template, meant)
    other = f"{path[: -len('.docx')]}.pdf" if pdf else ""
    if other:
        _may_convert(other, force=force)

    def read() -> Dossier:
        return dossier_of(session, item, possibilities=False)

    if dry_run:
        printed = print_paper(wish, read, session, dry_run=True)
    else:
        with target(path, force=force) as keep:  # the name is taken before a number is given
            printed = print_paper(wish, read, session)
            keep(printed.document)
        session.keep_clock()
    _report(printed, serial, "" if dry_run else path, other, form=form)
    if dry_run:
        note("以上为试办，未编号，未写文件。")
    elif other:
        _convert(printed.document, other, force=force)


def _may_convert(path: str, *, force: bool) -> None:
    """Refuse a PDF that could not be made or kept, before anything else is done."""
    from pathlib import Path

    from engine.errors import Refused
    from interfaces.conversion import program

    program()
    if not force and Path(path).exists():
        raise Refused("exists", path=path)


def _convert(document: bytes, path: str, *, force: bool) -> None:
    from interfaces.conversion import to_pdf
    from interfaces.papers import target

    if is_terminal(sys.stderr):
        note("正在转成 PDF……")
    data = to_pdf(document)
    with target(path, force=force) as keep:
        keep(data)


def _report(printed: Printed, serial: str, path: str, other: str, *, form: str) -> None:
    written = [name for name in (path, other) if path and name]
    if form in ("json", "jsonl"):
        emit_value(
            {
                "serial": serial,
                "kind": printed.kind.name,
                "title": printed.kind.title,
                "number": printed.number or None,
                "draft": printed.draft,
                "again": printed.again,
                "files": written,
                "pictures_left": [{"name": name, "why": why} for name, why in printed.pictures_left],
            },
            form=form,
        )
        return
    how = "草稿（未签发），未编号" if printed.draft else printed.number
    again = "，此前已制发，内容不变" if printed.again else ""
    say("  ".join(filter(None, (f"{printed.kind.title}（{serial}）", f"{how}{again}", "、".join(written)))))
    if printed.draft:
        note("签发后才有编号：草稿由逐级督办拟出的，siban 签发；要另行督办的，siban 督办。")
    for name, why in printed.pictures_left:
        note(f"  图片未嵌入：{name}（{why}）")


def _kind(text: str) -> Kind:
    from engine.errors import Refused
    from workflows.papers import KINDS, kind_named, titles

    found = kind_named(text)
    if found is None:
        raise Refused("unknown_choice", what="文种", text=text, among=titles(KINDS.values()))
    return found


def _list_kinds(text: str | None, form: str) -> None:
    from workflows.papers import FIELDS, KINDS, ROWS, SERIES

    if text:
        kind = _kind(text)
        rows = [
            {"field": name, "title": FIELDS[name], "row": list(ROWS.get(name, ())), "needed": name in kind.needs}
            for name in kind.fields
        ]
        columns = [
            Column("field", "字段"),
            Column("title", "内容"),
            Column("needed", "模板必用", show=lambda row: "是" if row["needed"] else ""),
        ]
        emit(rows, columns, form=form)
        return
    listed = [
        {
            "kind": kind.name,
            "title": kind.title,
            "number": f"{SERIES[kind.series]}〔年〕n号" if kind.series else "",
            "template": f"{kind.template}.docx",
            "about": kind.about,
            "fields": list(kind.fields),
        }
        for kind in KINDS.values()
    ]
    columns = [
        Column("title", "文种"),
        Column("number", "编号"),
        Column("template", "模板"),
        Column("about", "用途"),
    ]
    emit(listed, columns, form=form)


def _list_papers(item: str, form: str) -> None:
    from interfaces.commands.item import dossier_of
    from interfaces.evidence import pieces
    from interfaces.papers import paper_rows
    from workflows.papers import KINDS

    dossier = dossier_of(session_of(), item, possibilities=False)
    rows = list(paper_rows(dossier, pieces(dossier.item, dossier.events)))
    columns = [
        Column("number", "编号", whole=True),
        Column("kind", "文种", show=lambda row: KINDS[str(row["kind"])].title if row["kind"] in KINDS else row["kind"]),
        Column("date", "日期"),
        Column("issuer", "制发人"),
        Column("scans", "签章件"),
    ]
    emit(rows, columns, form=form, empty="还没有制发文书；文种：siban paper --list。")


def _copy_templates(folder: str) -> None:
    from pathlib import Path

    from interfaces.auditing import new_file
    from storage.disk import unavailable
    from workflows.papers import HERE

    try:
        Path(folder).mkdir(exist_ok=True)
    except OSError as error:
        raise unavailable(error, folder) from error
    names = sorted(path.name for path in HERE.glob("*.docx"))
    for name in names:
        with new_file(str(Path(folder, name))) as keep:
            keep((HERE / name).read_bytes())
    say(f"已复制 {len(names)} 个模板到 {folder}；改好后用 --template {folder}，或设 SIBAN_TEMPLATES。")
