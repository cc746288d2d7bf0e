"""The checks of `doctor` that concern running: what beats, what is backed up and sealed, what waits, and whether there is room."""

from __future__ import annotations

import os
import platform
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.clock import DAY, HOUR, MINUTE, ordinal_of, parse_instant
from engine.notice import DRAFT
from engine.row import EventQuery, ItemQuery, from_text
from engine.turn import people, turns
from engine.watch import SEEN, ClockDoubted, examine
from interfaces.keeping import last_backup, same_disk
from interfaces.verifier import seal_of
from storage.lock import holder_of
from workflows.labels import moment
from workflows.messages import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.ports import Reader
    from interfaces.session import Session

OK, NOTE, FAULT = "ok", "note", "fault"

BEAT_LATE, BEAT_GONE = HOUR, DAY
"""After how long (µs) without a heartbeat doctor notes it, and calls it a fault."""

BACKUP_LATE, BACKUP_OLD = 2 * DAY, 7 * DAY
"""How old (µs) the last backup may be while entries come in: noted, a fault."""

SEAL_LATE = 7 * DAY
"""How long (µs) an entry may wait for a seal."""

UNMOVED = 60 * DAY
"""After how long (µs) without an entry an open item is named."""

DUE_LATE = 10 * MINUTE
"""How long (µs) after its moment something that comes by itself may be unrecorded: some heartbeats of a minute."""

CARRY_LATE = DAY
"""How long (µs) after it was made a message that was tried and not taken may go on waiting."""

ROOM_NEEDED, ROOM_WANTED = 2, 10
"""How many times the database must fit on its disk once more (an upgrade copies it), and should."""

_NAMED = 5
_GIGABYTE, _MEGABYTE = 1_000_000_000, 1_000_000


class Finding(NamedTuple):
    """One check: `level` is ok, note or fault; `advice` is empty where nothing is to be done."""

    check: str
    level: str
    title: str
    found: str
    advice: str = ""


def running(session: Session, reader: Reader, seal_key: str | None = None) -> Iterator[Finding]:
    """Look at what keeps the ledger going; simulated time of a trial is held against nothing."""
    from storage.place import on_server

    here = not on_server(session.path)
    yield _version()
    if here:
        yield from _room(session)
    yield from _beside(session, seal_key)
    if here:
        yield _lock(session)
    yield _clock(session, reader)
    yield _beat(session, reader)
    yield _backup(session, reader, here=here)
    if here:
        yield from _backup_room(session, reader)
    yield _seal(session, reader)
    yield from _waiting(reader, session.now)


def some(names: Sequence[str]) -> str:
    """Name the first few."""
    return "、".join(names[:_NAMED]) + (" 等" if len(names) > _NAMED else "")


def _version() -> Finding:
    from storage.connection import SCHEMA_VERSION, dbapi

    words = (
        f"siban 0.1.0，库结构第 {SCHEMA_VERSION} 版，SQLite {dbapi.sqlite_version}，Python {platform.python_version()}"
    )
    return Finding("version", OK, "版本", words)


def _room(session: Session) -> Iterator[Finding]:
    size = sum(_size(f"{os.path.realpath(session.path)}{ending}") for ending in ("", "-wal"))
    try:
        free = shutil.disk_usage(Path(os.path.realpath(session.path)).parent).free
    except OSError:
        return
    words = f"所在磁盘余 {_megabytes(free)}，数据库 {_megabytes(size)}"
    advice = "清理磁盘，或把数据库移到更大的磁盘"
    if free < ROOM_NEEDED * size:
        yield Finding("disk", FAULT, "磁盘", f"{words}，已不够一次备份或升级", advice)
    elif free < ROOM_WANTED * size:
        yield Finding("disk", NOTE, "磁盘", words, advice)
    else:
        yield Finding("disk", OK, "磁盘", words)


def _beside(session: Session, seal_key: str | None) -> Iterator[Finding]:
    """Look at who may read what lies beside the database: log, attachments, backups; and the key that seals."""
    if os.name == "nt":
        return
    real = os.path.realpath(session.path)
    opened = [
        f"{real}{ending}"
        for ending in ("-wal", "-shm", "-journal", ".files", ".backups")
        if _mode(f"{real}{ending}") & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    if opened:
        yield Finding(
            "beside",
            FAULT,
            "附属文件",
            f"其他用户也能读写：{some(opened)}",
            f"chmod go-rwx {' '.join(opened[:_NAMED])}",
        )
    if seal_key:
        from engine.errors import SibanError
        from interfaces.sealing import read_key

        try:
            read_key(seal_key)
        except SibanError as error:
            yield Finding("key", FAULT, "存证私钥", sentence(error, session.titles), "由保管私钥的人处理")
        else:
            yield Finding("key", OK, "存证私钥", f"{seal_key}，只有本人可读")


def _lock(session: Session) -> Finding:
    held = holder_of(f"{os.path.realpath(session.path)}.lock")
    if held:
        pid, command = held
        return Finding("lock", NOTE, "写入", f"正由进程 {pid}（{command}）写入", "稍后再看；长时间不放的，查看该进程")
    return Finding("lock", OK, "写入", "无人占用")


def _clock(session: Session, reader: Reader) -> Finding:
    if session.trial:
        return Finding("clock", OK, "时钟", f"模拟时间 {moment(session.now)}")
    try:
        examine(reader, session.now)
    except ClockDoubted as doubt:
        return Finding("clock", FAULT, "时钟", sentence(doubt, session.titles), "核对本机时间")
    return Finding("clock", OK, "时钟", f"{moment(session.now)}，不早于末条办理记录")


def _beat(session: Session, reader: Reader) -> Finding:
    if session.trial:
        return Finding("beat", OK, "值守", "试用库，由人巡查")
    serving = holder_of(f"{os.path.realpath(session.path)}.serve")
    words = f"值守中（进程 {serving[0]}）" if serving else "没有值守进程在本机运行"
    last, open_ = int(reader.setting(SEEN) or 0), next(iter(reader.rows(ItemQuery(open=True, limit=1))), None)
    words += f"，上次巡查 {moment(last)}" if last else "，还没有巡查过"
    advice = "siban service install 让值守随开机启动，或定时运行 siban tick"
    since = session.now - last
    if open_ is None or (last and since < BEAT_LATE):
        return Finding("beat", OK, "值守", words)
    return Finding("beat", FAULT if last and since > BEAT_GONE else NOTE, "值守", words, advice)


def _backup(session: Session, reader: Reader, *, here: bool) -> Finding:
    last, entries = last_backup(reader), reader.head()[0]
    advice = "siban db backup --to 另一块磁盘，或值守时加 --backup-to"
    if last is None and not here:  # it has an administrator, and tools of its own
        return Finding("backup", OK, "备份", "没有用本程序备份过；由服务器的管理员备份")
    if last is None:
        return Finding("backup", OK if session.trial else NOTE, "备份", "还没有备份过", "" if session.trial else advice)
    at, path = int(str(last["at"])), str(last.get("path"))
    words = f"{moment(at)}，至第 {last.get('entries')} 号办理记录，{path}"
    if here and not os.path.exists(path):  # noqa: PTH110 - a name and no more
        return Finding("backup", NOTE, "备份", f"{words}；该文件已不在原处", f"另存他处的可以不理；否则 {advice}")
    since = session.now - at
    if not session.trial and entries != last.get("entries") and since > BACKUP_LATE:
        level = FAULT if since > BACKUP_OLD else NOTE
        return Finding("backup", level, "备份", f"{words}；其后又有 {entries - int(str(last['entries']))} 条", advice)
    if here and not session.trial and same_disk(session.path, path):
        return Finding("backup", NOTE, "备份", f"{words}；与数据库在同一块磁盘", "备份到另一块磁盘，或另行复制")
    return Finding("backup", OK, "备份", words)


def _backup_room(session: Session, reader: Reader) -> Iterator[Finding]:
    """Look whether the disk that holds the last backup, where it is another one, has room for the next."""
    last = last_backup(reader)
    if last is None:
        return
    folder, size = Path(str(last.get("path"))).parent, _size(os.path.realpath(session.path))
    try:
        if same_disk(session.path, str(folder)):
            return  # looked at already
        free = shutil.disk_usage(folder).free
    except OSError:
        return
    words = f"备份所在磁盘余 {_megabytes(free)}，一份约 {_megabytes(size)}"
    if free < ROOM_NEEDED * size:
        yield Finding("backup_disk", FAULT, "备份磁盘", f"{words}，下一次备份可能写不下", "清理备份磁盘，或减少 --keep")
    elif free < ROOM_WANTED * size:
        yield Finding("backup_disk", NOTE, "备份磁盘", words, "清理备份磁盘，或减少 --keep")
    else:
        yield Finding("backup_disk", OK, "备份磁盘", words)


def _seal(session: Session, reader: Reader) -> Finding:
    seals, (entries, _) = reader.seals(), reader.head()
    last = seal_of(seals[-1][1]) if seals else None
    covered = last.size if last else 0
    first = next(iter(reader.events(EventQuery(after=covered, limit=1))), None)
    words = f"第 {seals[-1][0]} 号，{moment(parse_instant(last.time))}" if last else "还没有存证"
    if first is None:
        return Finding("seal", OK, "存证", f"{words}，覆盖全部 {entries} 条办理记录")
    words += f"，其后 {entries - covered} 条未存证，最早 {moment(first.recorded_at)}"
    late = session.now - first.recorded_at > SEAL_LATE
    if session.trial or (last and not late):
        return Finding("seal", OK, "存证", words)
    return Finding(
        "seal", NOTE, "存证", words, "siban audit seal --key 私钥，或 siban serve --seal-key；存证须带离本机"
    )


def _waiting(reader: Reader, now: int) -> Iterator[Finding]:
    """Say what papers wait to be released, what notices do not get out, and which nobody has seen."""
    drafts = list(reader.notices(status=DRAFT))
    if drafts:
        words = f"{len(drafts)} 份督办文书待签发，最早 {moment(min(one.planned_at for one in drafts))}"
        yield Finding("drafts", NOTE, "待签发", words, "由有权的人 siban release 或 siban withhold")
    else:
        yield Finding("drafts", OK, "待签发", "没有")
    open_ = list(reader.deliveries())
    failed = sum(one.is_given_up for one in open_)
    if failed:
        words = f"{failed} 份通知多次没有送到，不再自动重送"
        yield Finding("deliveries", NOTE, "送达", words, "siban notify status 看原因，排除后 siban notify retry")
    elif late := [one for one in open_ if one.tries and now - one.made_at > CARRY_LATE]:
        first = min(late, key=lambda one: one.made_at)
        words = f"{len(late)} 份通知一直没有送到，最早 {moment(first.made_at)}，试过 {first.tries} 次，仍在重送"
        yield Finding("deliveries", NOTE, "送达", words, "siban notify status 看原因")
    else:
        yield Finding("deliveries", OK, "送达", f"{len(open_)} 份正在送" if open_ else "没有积压")
    unseen = sum(one.status not in (DRAFT, "withheld") for one in reader.notices(unseen=True))
    yield Finding("unseen", OK, "未阅通知", f"{unseen} 份" if unseen else "没有")


def standing(session: Session, reader: Reader, view: Reader) -> Iterator[Finding]:
    """Say which open items nobody is to act on, which have not moved for long, and what has come due without being recorded."""
    late, nobody, unmoved, oldest = [], [], [], 0
    for row in view.rows(ItemQuery(open=True)):
        if row.next_at is not None and session.now - row.next_at > DUE_LATE:
            late.append(row.serial)
            oldest = max(oldest, session.now - row.next_at)
        item = from_text(row.body)
        if session.now - item.effective_at > UNMOVED:
            unmoved.append((item.effective_at, row.serial))
        rules = session.rules(reader, item.definition)
        expected = turns(item, rules, session.now)
        if not expected or not people(expected[0], item, rules):
            nobody.append(row.serial)
    if late:
        level = FAULT if oldest > BEAT_GONE and not session.trial else NOTE
        words = f"{len(late)} 件事项有已到的督办时点尚未记录：{some(late)}"
        yield Finding("unsettled", level, "巡查", words, "siban tick，或让 siban serve 常驻")
    if nobody:
        words = f"{len(nobody)} 件在办事项现无人可办：{some(nobody)}"
        yield Finding("nobody", NOTE, "无人可办", words, "在机构人员表补上负责人、分管领导等，重新载入")
    if unmoved:
        days = (ordinal_of(session.now) - ordinal_of(min(unmoved)[0])) if unmoved else 0
        words = f"{len(unmoved)} 件在办事项 60 天以上没有办理，最久 {days} 天：{some([s for _, s in sorted(unmoved)])}"
        yield Finding("unmoved", NOTE, "久未办理", words, "逐件查看：siban show 编号")


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _mode(path: str) -> int:
    try:
        return stat.S_IMODE(Path(path).stat().st_mode)
    except OSError:
        return 0


def _megabytes(size: int) -> str:
    return f"{size / _GIGABYTE:.1f} GB" if size >= _GIGABYTE else f"{size / _MEGABYTE:.1f} MB"
