"""`workflow check` finds the faults of a definition, `load` puts a version into force, `diff` compares two, `move` moves items to one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from engine.errors import FaultsFound, Misused, Refused, Unavailable
from interfaces.acting import session_of
from interfaces.definitions import definition_of, kept, kept_version, label
from interfaces.output import Column, emit, is_terminal, note, output_option, say, verbatim
from interfaces.secrecy import cleared_option
from interfaces.shell import Command, Group, option
from workflows.labels import ROLES, STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.definition import Definition
    from engine.move import Fit, Order
    from interfaces.session import Session


@click.group(
    cls=Group,
    short_help="流程定义：检查、启用新版、比较、转版、查看、画图",
    chinese={"检查": "check", "启用": "load", "比较": "diff", "转版": "move", "查看": "show", "画图": "diagram"},
)
def workflow() -> None:
    """流程定义：由办公室决定的规则，写在文件里，不写在程序里。"""


@workflow.command(cls=Command, short_help="检查流程定义文件", example="siban workflow check 我局流程.toml")
@click.argument("path", metavar="FILE")
def check(path: str) -> None:
    """检查流程定义文件：一次列出全部问题和所在位置；有机构人员时一并核对。没有问题时不作声。"""
    from engine.checker import check as find_faults
    from engine.loader import load
    from interfaces.founding import read_text
    from workflows.papers import without_template

    definition = load(read_text(path))
    try:
        session = session_of()
        with session.store.read() as reader:
            organisation = session.organisation(reader)
    except (Unavailable, Refused):
        organisation = None
    faults = find_faults(definition, organisation)
    if faults:
        raise FaultsFound("definition_faults", faults=faults)
    for name in without_template(definition):
        note(f"提示：逐级督办的“{name}”没有文书模板，签发后只作通知发出，不编号。有模板的：siban 文书 --list。")


@workflow.command(
    cls=Command,
    short_help="启用新版流程",
    example="siban workflow load 我局流程.toml --dry-run\nsiban 流程 启用 我局流程.toml",
)
@click.argument("path", metavar="FILE")
@option("--dry-run", "--试办", is_flag=True, help="只检查，并列出有几处变动")
@cleared_option
def load(path: str, dry_run: bool) -> None:
    """启用新版流程（或新的流程）：先检查，有问题不启用。此后登记的事项按新版办理，在办事项仍按原版办理。"""
    from engine.row import ItemQuery
    from engine.versions import changes
    from interfaces.founding import load_version
    from interfaces.versions import KINDS

    session = session_of()
    old, new = load_version(session, path, dry_run=dry_run)
    if old and old.hash == new.hash:
        note("与现用的一版相同，未作改动。")
        return
    say(f"{'检查无误，可以启用' if dry_run else '已启用'}：{new.title} {label(new)}，现有 {len(new.states)} 个状态。")
    if old:
        found = changes(old, new)
        counts = [f"{title} {sum(c.kind == kind for c in found)} 处" for kind, title in KINDS.items()]
        target = path if dry_run else f"{new.name}@{new.version}"
        say(
            f"与第 {old.version} 版相比：{'、'.join(counts)}。逐条查看：siban workflow diff {old.name}@{old.version} {target}"
        )
        with session.store.read() as reader:
            live = sum(1 for _ in reader.rows(ItemQuery(open=True, workflows=(new.name,))))
        if live:
            say(f"在办 {live} 件仍按原版办理；要转入新版：siban workflow move {new.name} --dry-run")
    if dry_run:
        note("以上为试办，未作任何改动。")


@workflow.command(
    cls=Command,
    short_help="比较流程的两版",
    example="siban workflow diff siban@1 siban@2\nsiban 流程 比较 siban 我局流程.toml -o json",
)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@output_option
def diff(old: str, new: str, form: str) -> None:
    """比较流程的两版：状态、办理动作、计时和时限、逐级督办、申请、问题来源、填写内容，哪些新增、删去、变动。

    OLD 和 NEW 可写流程名（指现用的一版）、流程名@版本号、散列值的前几位或后几位、文件名。
    """
    from engine.versions import changes
    from interfaces.versions import change_row

    session = session_of()
    before, after = definition_of(session, old), definition_of(session, new)
    if before.name != after.name:
        raise Refused("other_workflow", name=before.name, other=after.name)
    columns = [
        Column("section_title", "部分"), Column("kind_title", "变动"), Column("title", "名称"), Column("name", "标识"),
        Column("what_title", "内容"), Column("old_text", "原为"), Column("new_text", "改为"),
    ]  # fmt: skip
    rows = [change_row(change, before, after) for change in changes(before, after)]
    emit(rows, columns, form=form, title=f"{label(before)} → {label(after)}", empty="两版相同。")


@workflow.command(
    cls=Command,
    short_help="把在办事项转入另一版流程",
    example="siban workflow move siban --dry-run\nsiban 流程 转版 siban --to 2 --map 整改中=落实整改 --reason 按新办法办理",
)
@click.argument("name", metavar="NAME")
@option("--to", "--转至", "version", metavar="VERSION|HASH", help="转入哪一版：版本号或散列值的一端，默认现用的一版")
@option("--map", "--状态", "maps", multiple=True, metavar="OLD=NEW", help="新版没有的状态转到哪个状态，可多次")
@option("--item", "--事项", "items", multiple=True, metavar="ITEM", help="只转这件，可多次；默认本流程全部在办事项")
@option("--only-fitting", "--只转能转的", is_flag=True, help="不能转的留在原版；不写时有一件不能转就全部不转")
@option("--reason", "--理由", default="", metavar="TEXT", help="转版的理由，试办时可不写")
@option("--dry-run", "--试办", is_flag=True, help="只列出每件能否转、到期日如何变动")
@output_option
def move(
    name: str,
    version: str | None,
    maps: tuple[str, ...],
    items: tuple[str, ...],
    only_fitting: bool,
    reason: str,
    dry_run: bool,
    form: str,
) -> None:
    """把在办事项转入另一版流程：先逐件列出能否转、到期日如何变动，再逐件记入办理记录。

    已到的督办时点先按原版办结；已督办的层级、经办过的人、已批准的延期都不变。到期日推后的，另起一轮督办；提前且已过的，随即督办。
    """
    from engine.move import Order

    if not reason and not dry_run:
        raise Refused("missing_field", fields=["reason"])
    session = session_of()
    numbers = session.numbers(items)
    with session.store.read() as reader:
        target = kept_version(reader, session, name, version)
        versions = {d.hash: d for d in kept(reader, session) if d.name == target.name}
    order = Order(target.hash, _mapping(maps, versions.values(), target), reason, numbers, only_fitting=True)
    fits = _moved(session, order, dry_run=True)
    _list(fits, versions, target, form)
    if dry_run:
        note("以上为试办，未作任何改动。")
    elif fits:
        moved = _moved(session, order._replace(only_fitting=only_fitting), dry_run=False)
        session.keep_clock()
        note(f"已有 {sum(fit.event is not None for fit in moved)} 件转入 {label(target)}。")


def _moved(session: Session, order: Order, *, dry_run: bool) -> list[Fit]:
    from interfaces.founding import installer

    tell = is_terminal(sys.stderr)

    def told(count: int) -> None:
        sys.stderr.write(f"\r已核对 {count} 件")
        sys.stderr.flush()

    fits = session.office.move(order, installer(session), dry_run=dry_run, progress=told if tell else None)
    if tell:
        from interfaces.progress import wipe

        wipe()
    return fits


def _list(fits: list[Fit], versions: dict[str, Definition], target: Definition, form: str) -> None:
    from interfaces.versions import VERDICTS, fit_row

    columns = [
        Column("number", "事项", "right"), Column("serial", "编号", whole=True), Column("title", "问题", max_cells=36),
        Column("version", "原版", "right"), Column("verdict_title", "能否转", whole=True), Column("state_title", "状态"),
        Column("due_text", "到期", whole=True), Column("text", "说明"),
    ]  # fmt: skip
    rows = [fit_row(fit, versions[fit.definition], target) for fit in fits]
    counts = [f"{title} {sum(fit.verdict == verdict for fit in fits)} 件" for verdict, title in VERDICTS.items()]
    emit(rows, columns, form=form, title=f"转入 {label(target)}", empty="没有要转的事项。")
    if fits:
        note(f"共 {len(fits)} 件：{'，'.join(counts)}。")


def _mapping(maps: tuple[str, ...], versions: Iterable[Definition], target: Definition) -> dict[str, str]:
    """Read --map: states by their names or titles."""
    before = {state.title: name for definition in versions for name, state in definition.states.items()}
    after = {state.title: name for name, state in target.states.items()}
    found = {}
    for text in maps:
        old, equals, new = (part.strip() for part in text.partition("="))
        if not (old and equals and new):
            raise Misused("bad_mapping", text=text)
        found[before.get(old, old)] = after.get(new, new)
    return found


@workflow.command(
    cls=Command,
    short_help="查看流程：环节、状态、谁能办什么",
    example="siban workflow show\nsiban workflow show petition -o json\nsiban workflow show --permissions -o csv",
)
@click.argument("name", required=False, metavar="[NAME|NAME@VERSION|HASH|FILE]")
@option("--permissions", "--权限", is_flag=True, help="权限表：每个状态、每个动作、每种身份；未列出的一律不许")
@output_option
def show(name: str | None, permissions: bool, form: str) -> None:
    """查看流程：每个状态下谁能办什么、须填什么、到哪一步。"""
    definition = definition_of(session_of(), name)
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
@click.argument("name", required=False, metavar="[NAME|NAME@VERSION|HASH|FILE]")
def diagram(name: str | None) -> None:
    """画流程图（Mermaid 文本，可贴入文档或用浏览器查看）。"""
    from interfaces.diagram import mermaid

    verbatim(mermaid(definition_of(session_of(), name)))
