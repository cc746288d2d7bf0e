"""The checks of `doctor`: each is a finding in words, how serious it is, and what to do about it."""

from __future__ import annotations

import os
import stat
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from engine.canonical import parse
from engine.clock import SECOND, day_of, ordinal_of
from engine.errors import Refused
from engine.handover import departed
from engine.policy import CALENDAR
from engine.row import EventQuery, ItemQuery, from_text
from interfaces.identity import SUDO, SUDO_NOT_BELIEVED, Caller, caller
from interfaces.upkeep import FAULT, NOTE, OK, Finding, running, some, standing
from interfaces.view import View
from storage.connection import journal
from workflows.messages import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.organisation import Organisation
    from engine.ports import Reader
    from interfaces.session import Session


def findings(session: Session, seal_key: str | None = None) -> list[Finding]:
    """Look at everything, in the order in which an administrator sets things right; at the key that seals where one is named."""
    from storage.place import on_server

    found = [_mode(session)]
    if on_server(session.path):
        from interfaces.server_checkup import server_findings

        found += server_findings(session)
    else:
        found += [_file(session), _durability(session)]
    _ = session.index  # sentences need its titles, and one view at a time is read
    with session.store.read() as reader:
        found += running(session, reader, seal_key)
        try:
            organisation = session.organisation(reader)
        except Refused as error:
            return [
                *found,
                Finding("organisation", FAULT, "机构人员", sentence(error, session.titles), "siban org load 文件"),
            ]
        calendar = _calendar(session, reader)
    found += [_identified(session, organisation), *_acting(session, organisation), *_accounts(session, organisation)]
    found.append(calendar)
    try:
        view = session.view()
    except Refused:
        if not session.owns:
            return found
        view = session.store.read()  # the administrator, who is no officer
    with view as reader:
        return [*found, *_items(session, reader, organisation), *_attachments(session, reader)]


def _mode(session: Session) -> Finding:
    _ = session.store
    if session.trial:
        return Finding(
            "mode", NOTE, "用途", "试用库：身份和时间可以任选，不能转为正式库", "正式使用请另建：siban --db 文件 init"
        )
    return Finding("mode", OK, "用途", "正式库")


def _file(session: Session) -> Finding:
    try:
        about = Path(session.path).stat()
    except OSError as error:
        return Finding("file", FAULT, "数据库文件", f"{session.path}：{error.strerror}")
    others = stat.S_IMODE(about.st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    mode = f"{session.path}，权限 {stat.S_IMODE(about.st_mode):o}"
    if os.name != "nt" and others:
        return Finding("file", FAULT, "数据库文件", f"{mode}，其他用户也能读写", f"chmod 600 {session.path}")
    return Finding("file", OK, "数据库文件", mode)


def _durability(session: Session) -> Finding:
    from storage.connection import durability

    wanted, found = journal(), durability(session.path)
    text = f"journal_mode={found[0]}，synchronous={_DEGREES.get(found[1], found[1])}"
    if found != wanted:
        return Finding(
            "durability", FAULT, "保存设置", f"{text}，断电可能丢失已办结的动作", "关闭其他打开此库的程序后重试"
        )
    return Finding("durability", OK, "保存设置", f"{text}，断电不丢已办的动作")


_DEGREES = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}


def _identified(session: Session, organisation: Organisation) -> Finding:
    """Say who I am, and how strong the ground is on which that is believed."""
    try:
        me = session.me()
    except Refused as error:
        advice = "在机构人员表中为本人登记 os_user 后载入" if error.code == "who_are_you" else "用 --as 指明工号"
        return Finding("identity", FAULT, "我是谁", sentence(error, session.titles), advice)
    name = f"{organisation.name_of(me)}（{organisation.unit_title(organisation.unit_of(me))}，{me}）"
    if session.trial:
        return Finding("identity", NOTE, "我是谁", f"{name}，试用库不核实身份", "")
    from storage.place import on_server

    if on_server(session.path):
        from interfaces.server_checkup import strength

        level, ground, advice = strength(session)
    else:
        level, ground, advice = _strength(session, caller(session.path))
    return Finding("identity", level, "我是谁", f"{name}，{ground}", advice)


def _strength(session: Session, who: Caller) -> tuple[str, str, str]:
    """Return level, ground and advice for how a user was found."""
    if who.how == SUDO:
        return OK, f"由 sudo 的调用者（{who.user}，uid {who.uid}）认定，本人不能改写数据库文件", ""
    if who.how == SUDO_NOT_BELIEVED:
        return (
            NOTE,
            f"由系统用户 {who.user}（uid {who.uid}）认定；环境变量 SUDO_UID 无从证实，未采信",
            "见 docs/identity.md",
        )
    if who.uid == 0:
        return FAULT, "以 root 运行，root 可以冒充任何人", "用本人的系统用户运行"
    if session.owns:
        advice = "多人使用时请改用服务账户（docs/identity.md）"
        return NOTE, f"由系统用户 {who.user}（uid {who.uid}）认定；本人拥有数据库文件，仅防误操作", advice
    return OK, f"由系统用户 {who.user}（uid {who.uid}）认定", ""


def _acting(session: Session, organisation: Organisation) -> Iterator[Finding]:
    """Say for whom I may act, and which delegation ends or has ended."""
    try:
        me = session.me()
    except Refused:
        return
    today = ordinal_of(session.now)
    mine = [d for d in organisation.delegations if d.taker in organisation.desks(me)]
    current = [d for d in mine if d.days[0] <= today <= d.days[1]]
    if current:
        words = "、".join(f"{organisation.name_of(d.giver)}（至 {date.fromordinal(d.days[1])}）" for d in current)
        yield Finding("acting_for", OK, "可代谁办理", words, "siban --as 姓名 …")
    else:
        yield Finding("acting_for", OK, "可代谁办理", "目前没有代理授权")
    for d in mine:
        if d.days[1] < today:
            words = f"代{organisation.name_of(d.giver)}办理的授权已于 {date.fromordinal(d.days[1])} 到期"
            yield Finding("acting_for", NOTE, "代理已到期", words, "仍需代理的，改好机构人员表后重新载入")


def _accounts(session: Session, organisation: Organisation) -> Iterator[Finding]:
    """Say which accounts stand for several officers, and who cannot be recognised."""
    if session.trial:
        return
    users: dict[str, list[str]] = {}
    for officer in organisation.officers.values():
        users.setdefault(officer.os_user, []).append(officer.name)
    nameless = users.pop("", [])
    for user, names in users.items():
        if len(names) > 1:
            words = f"系统用户 {user} 由 {'、'.join(names)} 共用；四眼原则下按同一人对待"
            yield Finding("shared_account", NOTE, "共用账户", words, "各用各的系统用户")
    if nameless:
        words = f"{len(nameless)} 人没有登记系统用户，不能自己办理：{some(nameless)}"
        yield Finding("no_account", NOTE, "未登记用户", words, "在机构人员表登记 os_user")


def _calendar(session: Session, reader: Reader) -> Finding:
    """Say how far the published calendar reaches."""
    hash_ = reader.current_hashes().get((CALENDAR, "cn"), "")
    years = [year.year for year in session.shelf.calendar(reader, hash_).edition.years]
    today = day_of(session.now)
    span = f"放假安排已公布至 {years[-1]} 年" if years else "没有已公布的放假安排"
    if not years or today.year > years[-1]:
        return Finding("calendar", FAULT, "工作日历", f"{span}，今年的到期日均为暂定", "载入今年的放假通知")
    if today.year == years[-1] and today.month >= _NOVEMBER:
        return Finding(
            "calendar",
            NOTE,
            "工作日历",
            f"{span}，明年的到期日均为暂定",
            "明年的放假通知公布后及时载入：siban calendar load 文件",
        )
    return Finding("calendar", OK, "工作日历", span)


_NOVEMBER = 11  # when the notice for the next year comes


def _items(session: Session, reader: Reader, organisation: Organisation) -> Iterator[Finding]:
    """Say what has come to a standstill: nothing will ever happen by itself, or whoever was to act is gone."""
    still, orphaned = [], []
    for row in reader.rows(ItemQuery(open=True)):
        item = from_text(row.body)
        if row.next_at is None:
            still.append(row.serial)
        orphaned += [f"{row.serial} {organisation.name_of(person)}" for person in departed(item, organisation)]
    if still:
        words = f"{len(still)} 件在办事项没有下一个督办时点：{some(still)}"
        yield Finding("stuck", NOTE, "停滞", words, "逐件查看：siban show 编号；时限待明确的请明确时限")
    else:
        yield Finding("stuck", OK, "停滞", "每件在办事项都有下一个督办时点")
    yield from standing(session, reader, reader)
    if orphaned:
        words = f"{len(orphaned)} 处责任人、挂帅领导已离任或调离：{some(orphaned)}"
        yield Finding("departed", NOTE, "人员离任", words, "已由主办单位负责人承接；可调整主办单位或另定责任人")


def _attachments(session: Session, reader: Reader) -> Iterator[Finding]:
    """Say which attachments that the record names are gone, and how many files nobody names any more."""
    from storage.files import is_kept, unnamed

    try:
        place = session.files
    except Refused as error:
        yield Finding("attachments", NOTE, "佐证材料", sentence(error, session.titles), "设置后再运行 siban doctor")
        return
    named, gone = set(), []
    for row in reader.rows(ItemQuery()):
        if '"evidence":' not in row.body:
            continue
        kept = from_text(row.body).fields.get("evidence")
        for one in (o for o in kept if isinstance(o, dict)) if isinstance(kept, (list, tuple)) else ():
            named.add(str(one.get("sha256", "")))
            if not is_kept(place, str(one.get("sha256", "")), one.get("size")):
                gone.append(f"{row.serial} {one.get('name', '')}")
    if gone:
        words = f"{len(gone)} 件佐证材料缺失或大小不符：{some(gone)}"
        yield Finding("attachments", FAULT, "佐证材料", words, "逐件核对：siban evidence 编号；从备份中找回")
    yesterday = session.now / SECOND - _A_DAY
    if isinstance(reader, View) or not unnamed(place, named, before=yesterday)[0]:
        return
    for event in reader.events(EventQuery()):  # scans that decisions rest on are named by their entries alone
        if '"file":' in event.basis:
            named.add(str(parse(event.basis).get("file", "")))
    count, size = unnamed(place, named, before=yesterday)
    if count:
        words = f"{count} 个附件（{size} 字节）没有记录提到，是办理中断时留下的"
        yield Finding("unnamed", NOTE, "多余附件", words, "不影响使用")


_A_DAY = 24 * 60 * 60  # seconds
