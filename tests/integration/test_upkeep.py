"""What `doctor` says of running: each finding in the state that brings it about, and not without it."""

from __future__ import annotations

import json
import os
import shutil
from collections import namedtuple
from contextlib import closing
from pathlib import Path

import pytest

from engine.clock import DAY, HOUR, MINUTE, SteppedTime, parse_instant
from engine.context import Hand
from engine.delivery import Delivery
from engine.row import ItemQuery
from interfaces.checkup import findings
from interfaces.heartbeat import only_one
from interfaces.keeping import back_up
from interfaces.sealing import make_seal, new_key, read_key
from interfaces.session import Session
from storage import connection
from storage.lock import FileLock
from storage.sqlite import open_store
from tests.integration.test_backup import NOW, comment
from tests.trial import HEAD

Found = dict[str, tuple[str, str, str]]


@pytest.fixture(name="real")
def _real(book: Path) -> Path:
    """The book as a real database: what is simulated in it is gone."""
    with closing(connection.dbapi.connect(book)) as plain:
        plain.execute("UPDATE meta SET value = '0' WHERE name = 'trial'")
        plain.execute("DELETE FROM meta WHERE name = 'clock'")
        plain.commit()
    return book


def found(path: Path, now: int = NOW, key: str | None = None) -> Found:
    """Return level, finding and advice by check, as doctor has them at an instant."""
    session = Session(str(path))
    session.office.time = SteppedTime(now)
    try:
        return {one.check: (one.level, one.found, one.advice) for one in findings(session, key)}
    finally:
        session.close()


def put(path: Path, name: str, value: object) -> None:
    """Set a setting."""
    with closing(open_store(path)) as store, store.write() as writer:
        writer.put_setting(name, str(value))


def test_whatever_is_not_well_says_what_to_do(real: Path) -> None:
    """No finding but a good one stands without advice; every check comes once."""
    session = Session(str(real))
    session.office.time = SteppedTime(NOW + 90 * DAY)
    every = findings(session)
    session.close()
    assert {one.check for one in every if one.level != "ok" and not one.advice} <= {"clock"}
    names = [one.check for one in every]
    assert len(names) == len(set(names))
    assert {"version", "disk", "lock", "clock", "beat", "backup", "seal", "drafts", "unseen", "calendar"} <= set(names)


def test_the_heartbeat(real: Path) -> None:
    """Never, an hour ago, a day ago; and who serves now."""
    assert found(real)["beat"][:2] == ("note", "没有值守进程在本机运行，还没有巡查过")
    put(real, "last_seen", NOW - 30 * MINUTE)
    assert found(real)["beat"][0] == "ok"
    put(real, "last_seen", NOW - 2 * HOUR)
    assert found(real)["beat"][0] == "note"
    put(real, "last_seen", NOW - 2 * DAY)
    assert found(real)["beat"][0] == "fault"
    release = only_one(str(real))
    assert f"值守中（进程 {os.getpid()}）" in found(real)["beat"][1]
    release()
    assert "值守中" not in found(real)["beat"][1]


def test_the_last_backup(real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None, one on the same disk, one on another, one that grew old while entries came in, one that is gone."""
    assert found(real)["backup"][:2] == ("note", "还没有备份过")
    with closing(open_store(real)) as store:
        made = back_up(store, str(real), str(tmp_path / "kept.db"), NOW)
    level, words, advice = found(real)["backup"]
    assert (level, made.path in words, "另一块磁盘" in advice) == ("note", True, True)
    monkeypatch.setattr("interfaces.upkeep.same_disk", lambda *_: False)
    assert found(real)["backup"][0] == "ok"
    assert found(real, NOW + 8 * DAY)["backup"][0] == "ok"  # nothing was entered since
    with closing(open_store(real)) as store:
        comment(store, "其后一条")
    assert [found(real, NOW + days * DAY)["backup"][0] for days in (1, 3, 8)] == ["ok", "note", "fault"]
    assert "其后又有 1 条" in found(real, NOW + 3 * DAY)["backup"][1]
    Path(made.path).unlink()
    assert "已不在原处" in found(real)["backup"][1]


def test_what_is_not_sealed(real: Path, tmp_path: Path) -> None:
    """How many entries and since when; a seal covers them, and after a week without another one is asked for."""
    assert found(real)["seal"][:2] == ("note", "还没有存证，其后 98 条未存证，最早 2023年5月8日 09:00")
    new_key(str(tmp_path / "key"), "test")
    with closing(open_store(real)) as store:
        make_seal(store, NOW, Hand(HEAD, HEAD), read_key(str(tmp_path / "key")))
    assert found(real)["seal"][0] == "ok"
    with closing(open_store(real)) as store:
        comment(store, "其后一条")
    assert "其后 1 条未存证" in found(real)["seal"][1]
    assert [found(real, NOW + days * DAY)["seal"][0] for days in (1, 8)] == ["ok", "note"]


def test_who_may_read_the_key_and_what_lies_beside(real: Path, tmp_path: Path) -> None:
    """A key or a folder of attachments that others can read is a fault, with the command that mends it."""
    key = tmp_path / "key"
    new_key(str(key), "test")
    assert found(real, key=str(key))["key"][0] == "ok"
    key.chmod(0o640)
    level, words, _ = found(real, key=str(key))["key"]
    assert (level, "他人也能读取" in words) == ("fault", True)
    assert found(real, key=str(tmp_path / "none"))["key"][0] == "fault"
    folder = Path(f"{real}.files")
    folder.mkdir(0o700)
    assert "beside" not in found(real)
    folder.chmod(0o755)
    assert found(real)["beside"] == ("fault", f"其他用户也能读写：{folder}", f"chmod go-rwx {folder}")


def test_the_clock(real: Path) -> None:
    """Behind the last entry, or far beyond the last moment seen, it is doubted."""
    assert found(real)["clock"][0] == "ok"
    assert found(real, NOW - HOUR)["clock"][0] == "fault"
    assert found(real, NOW + 15 * DAY)["clock"][0] == "fault"
    put(real, "last_seen", NOW + 15 * DAY)
    assert found(real, NOW + 15 * DAY)["clock"][0] == "ok"


def test_room_on_the_disk(real: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than the database twice over is a fault, less than ten times is noted."""
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil's own is
    size = real.stat().st_size
    levels = []
    for free in (size, 5 * size, 50 * size):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: usage(0, 0, free))
        levels.append(found(real)["disk"][0])
    assert levels == ["fault", "note", "ok"]


def test_room_where_the_backups_are(real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked of another disk alone; how much is left for the next backup decides."""
    with closing(open_store(real)) as store:
        back_up(store, str(real), str(tmp_path / "kept.db"), NOW)
    assert "backup_disk" not in found(real)
    monkeypatch.setattr("interfaces.upkeep.same_disk", lambda *_: False)
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil's own is
    size = real.stat().st_size
    levels = []
    for free in (size, 5 * size, 50 * size):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: usage(0, 0, free))
        levels.append(found(real)["backup_disk"][0])
    assert levels == ["fault", "note", "ok"]


def test_who_writes_now(real: Path) -> None:
    """The holder of the writers' lock, by process and command; looking takes nothing away from anybody."""
    assert found(real)["lock"][0] == "ok"
    with closing(FileLock(str(real), "siban import")) as lock:
        lock.take(1)
        assert found(real)["lock"][1] == f"正由进程 {os.getpid()}（siban import）写入"
    assert found(real)["lock"][0] == "ok"


def test_what_came_due_and_was_not_recorded(real: Path) -> None:
    """A few heartbeats late is noted, a day is a fault; nothing late, nothing said."""
    assert "unsettled" not in found(real)
    with closing(open_store(real)) as store, store.read() as reader:
        due = min(row.next_at for row in reader.rows(ItemQuery(open=True)) if row.next_at)
    assert "unsettled" not in found(real, due + MINUTE)
    assert found(real, due + HOUR)["unsettled"][0] == "note"
    assert found(real, due + 2 * DAY)["unsettled"][0] == "fault"


def test_what_nobody_can_act_on_and_what_does_not_move(real: Path) -> None:
    """An item that waits for a role nobody has, and items without an act for sixty days."""
    assert not {"nobody", "unmoved"} & set(found(real))
    assert "件在办事项 60 天以上没有办理，最久 " in found(real, NOW + 70 * DAY)["unmoved"][1]


def test_papers_that_wait_for_release(real: Path) -> None:
    """How many and since when."""
    assert found(real)["drafts"][:2] == ("note", "1 份督办文书待签发，最早 2023年6月13日 17:30")


def test_notices_that_do_not_get_out(real: Path) -> None:
    """On their way nothing is wanting; given up, somebody has to look."""
    row = Delivery(1, "office", HEAD, "k", NOW, 1, NOW, None, "")
    levels = [found(real)["deliveries"][:2]]
    for changed in (row, row._replace(next_at=None, error="没有送到")):
        with closing(open_store(real)) as store, store.write() as writer:
            writer.put_deliveries([changed])
        levels.append(found(real)["deliveries"][:2])
    assert levels == [("ok", "没有积压"), ("ok", "1 份正在送"), ("note", "1 份通知多次没有送到，不再自动重送")]


def test_notices_that_are_tried_in_vain_for_a_day(real: Path) -> None:
    """What was tried and not taken for more than a day is named with since when; what waits for working hours is not."""
    row = Delivery(1, "office", HEAD, "k", NOW, 5, NOW + 2 * DAY, None, "没有送到")
    with closing(open_store(real)) as store, store.write() as writer:
        writer.put_deliveries([row])
    assert [found(real, NOW + hours * HOUR)["deliveries"][0] for hours in (23, 25)] == ["ok", "note"]
    _, words, advice = found(real, NOW + 25 * HOUR)["deliveries"]
    assert ("试过 5 次" in words, "notify status" in advice) == (True, True)
    with closing(open_store(real)) as store, store.write() as writer:
        writer.put_deliveries([row._replace(tries=0)])
    assert found(real, NOW + 25 * HOUR)["deliveries"][0] == "ok"


def test_the_next_years_calendar_from_november_on(real: Path) -> None:
    """In October of the last published year nothing is said yet."""
    levels = [
        found(real, parse_instant(day))["calendar"][0]
        for day in ("2026-10-31", "2026-11-01", "2026-12-31", "2027-01-01")
    ]
    assert levels == ["ok", "note", "note", "fault"]


def test_a_trials_simulated_time_is_held_against_nothing(book: Path) -> None:
    """Neither beat, backup, seal nor clock is asked of a database to try things out."""
    rows = found(book, NOW + 100 * DAY)
    assert {check: rows[check][0] for check in ("beat", "backup", "seal", "clock")} == dict.fromkeys(
        ("beat", "backup", "seal", "clock"), "ok"
    )
    assert json.dumps(rows, ensure_ascii=False).count("模拟时间") == 1
