"""`init` makes a database, `org` loads and shows who there is."""

from __future__ import annotations

from pathlib import Path

import click

import workflows
from engine.errors import Refused
from interfaces.acting import session_of
from interfaces.output import Column, emit, note, output_option, say, verbatim
from interfaces.secrecy import cleared_option
from interfaces.shell import Command, Group, option


@click.command(
    cls=Command,
    short_help="新建数据库",
    example="siban --db 局.db init\nsiban --db 试用.db init --trial\nsiban --db 局.db init --workflow 我局流程.toml",
)
@option("--trial", "--试用", is_flag=True, help="试用库：可任选身份和时间；不能转为正式库")
@option(
    "--workflow", "--流程", "files", multiple=True, metavar="FILE", help="启用的流程定义，可多次；默认用自带的两个流程"
)
@option("--org", "--机构", "org_file", metavar="FILE", help="一并载入机构人员表")
@cleared_option
def init(trial: bool, files: tuple[str, ...], org_file: str | None) -> None:
    """新建数据库（--db 指定的文件，或 PostgreSQL 服务器上的库），装入流程定义和工作日历。已有的不会被覆盖。"""
    from interfaces.founding import found, read_text
    from interfaces.roster import read_organisation
    from storage.place import shown
    from workflows.index import SHIPPED, definition_text
    from workflows.secrecy import REMINDER

    session = session_of()
    texts = [read_text(path) for path in files] or [definition_text(name) for name in SHIPPED]
    sample = str(Path(workflows.__file__).with_name("bureau.toml")) if trial else None
    chosen = org_file or sample  # a trial is ready to act: without a file of one's own, with the sample bureau
    organisation = read_organisation(chosen) if chosen else None
    found(session.path, texts, organisation, trial=trial, at=session.at, guard=session.guard)
    kind = "试用库" if trial else "数据库"
    say(f"已新建{kind} {shown(session.path)}。")
    note(REMINDER)
    if trial and not org_file and organisation:
        note(f"已装入样例机构：{organisation.title}。不写 --as 时按局办公室主任办理。")
    if organisation is None:
        note("下一步，载入机构人员：siban org load 机构.toml（样例：siban org example）")


@click.group(
    cls=Group,
    short_help="机构人员：载入、查看",
    chinese={"载入": "load", "查看": "show", "样例": "example", "表样": "template"},
)
def org() -> None:
    """机构人员：单位、人员、分管领导、AB 角。"""


@org.command(
    "load",
    cls=Command,
    short_help="载入机构人员表",
    example="siban org load 机构.toml --dry-run\nsiban org load 机构.xlsx",
)
@click.argument("path", metavar="FILE")
@option("--dry-run", "--试办", is_flag=True, help="只看有何变化")
@cleared_option
@output_option
def load(path: str, dry_run: bool, form: str) -> None:
    """载入机构人员表（TOML 或 xlsx），先列出变化：单位、人员、代理，哪些在办事项换了经办人、今后督办告知谁。

    已到的督办时点先按原机构人员办结。离任、调动的人名下的事项转由主办单位负责人承接。
    """
    from interfaces.founding import installer
    from interfaces.reorganisation import consequences, difference
    from interfaces.roster import read_organisation

    session = session_of()
    hand = installer(session)
    new = read_organisation(path)
    session.guard.admit_policy("organisation", new.text)
    with session.store.read() as reader:
        try:
            old = session.organisation(reader)
        except Refused:
            old = None
        rows = difference(old, new)
        if old and rows:
            rows += consequences(session, reader, old, new, session.now)
    columns = [Column("kind", "类别"), Column("change", "变化"), Column("about", "对象"), Column("text", "说明")]
    if form == "table":
        for row in rows:
            say(str(row["text"]))
    else:
        emit(rows, columns, form=form)
    if dry_run:
        note("以上为试办，未作任何改动。")
        return
    if not rows:
        note("与现有一致，未作改动。")
        return
    session.office.put_policy("organisation", "bureau", new.text, hand, over=old.hash if old else "")
    session.keep_clock()
    note(f"已载入 {new.title}：{len(new.units)} 个单位，{len(new.officers)} 人。")


@org.command("template", cls=Command, short_help="写出一份机构人员表样（xlsx）", example="siban org template 机构.xlsx")
@click.argument("path", metavar="FILE")
def template(path: str) -> None:
    """写出一份机构人员表样（xlsx）：库中已有机构人员的，写出现有的，改好后再载入；没有的，写出样例。"""
    from engine.errors import Misused, Unavailable
    from interfaces.roster import read_organisation, write_workbook

    if not path.lower().endswith(".xlsx"):
        raise Misused("not_xlsx", path=path)
    session = session_of()
    try:
        with session.store.read() as reader:
            organisation = session.organisation(reader)
    except (Refused, Unavailable):
        organisation = read_organisation(str(Path(workflows.__file__).with_name("bureau.toml")))
    write_workbook(organisation, path)
    note(f"已写出 {path}：{organisation.title}。改好后载入：siban org load {path} --dry-run")


@org.command("show", cls=Command, short_help="查看机构人员", example="siban org show --unit 水务处")
@option("--unit", "--单位", metavar="UNIT", help="只看一个单位")
@output_option
def show(unit: str | None, form: str) -> None:
    """查看单位和人员。"""
    session = session_of()
    with session.store.read() as reader:
        organisation = session.organisation(reader)
    only = organisation.unit(unit).id if unit else ""
    rows = [
        {
            "id": officer.id,
            "name": officer.name,
            "post": officer.post,
            "unit": officer.unit,
            "unit_title": organisation.unit_title(officer.unit),
            "head": organisation.units[officer.unit].head == officer.id
            if officer.unit in organisation.units
            else False,
            "in_charge": organisation.name_of(organisation.units[officer.unit].in_charge)
            if officer.unit in organisation.units
            else "",
            "os_user": officer.os_user,
        }
        for officer in organisation.officers.values()
        if not only or officer.unit == only
    ]
    columns = [
        Column("unit_title", "单位"),
        Column("name", "姓名"),
        Column("post", "职务"),
        Column("id", "工号"),
        Column("in_charge", "分管领导"),
        Column("os_user", "系统用户"),
    ]
    emit(rows, columns, form=form, title=organisation.title)


@org.command("example", cls=Command, short_help="写出一份机构人员表样例", example="siban org example > 机构.toml")
def example() -> None:
    """写出一份机构人员表样例，照此修改即可。"""
    verbatim((Path(workflows.__file__).parent / "bureau.toml").read_text(encoding="utf-8").rstrip("\n"))
