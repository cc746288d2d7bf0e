"""Putting a backup in the ledger's place: what would be lost by it, whom it would bring back, and the one step that does it."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.erasure import missed, restored
from engine.errors import Refused, Unavailable
from engine.policy import PolicyShelf
from engine.row import EventQuery
from interfaces.keeping import UNREADABLE, stamp, verified
from interfaces.progress import bar
from interfaces.session import TRIAL
from storage import backup
from storage.lock import FileLock
from storage.sqlite import SqliteStore, open_still, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.context import Hand
    from engine.event import Event
    from engine.ports import Reader

_WAIT = 0.2  # seconds for the writers' queue: whoever restores should be alone

_RESTORING = ".restoring"


class Plan(NamedTuple):
    """What a restore does: `lost` are entries of the present ledger that the backup lacks, from `first` on.

    `gained` counts those that only the backup has. `present` is `none`, `readable` or `unreadable` (then nothing is known of what
    is lost); `same` is False for another database's backup. `erased` are entries of reporters who must be erased again.
    """

    entries: int
    head: str
    present: str = "none"
    same: bool = True
    lost: int = 0
    gained: int = 0
    first: Event | None = None
    last: Event | None = None
    seals: int = 0
    erased: tuple[Event, ...] = ()


class Done(NamedTuple):
    """What a restore did: `aside` is where the file before is kept, empty when there was none."""

    plan: Plan
    aside: str


def look(path: str, source: str) -> Plan:
    """Verify a backup and say what restoring it to `path` would do. Writes nothing.

    Raises `FaultsFound("backup_faulty")`, `Refused("trial_differs")` or `Unavailable`.
    """
    if not os.path.exists(source):  # noqa: PTH110 - a name and no more
        raise Unavailable("no_backup", path=source)
    entries, head = verified(Path(source), source)
    if not os.path.lexists(path):
        return Plan(entries, head)
    try:
        with closing(open_store(path)) as store, store.read() as now:
            return _compared(now, source)
    except Unavailable as error:
        if error.code not in UNREADABLE:
            raise
        return Plan(entries, head, "unreadable")


def restore(
    path: str, source: str, hand: Hand, now: int, *, discard_newer: bool = False, other_history: bool = False
) -> Done:
    """Put a backup in a database's place, the file before aside, with what `look` says; all of it or nothing.

    Entries that would be lost need `discard_newer`, another database or another history `other_history`. Raises `Refused`
    (`entries_lost`, `histories_differ`, `another_database`, `unreadable_now`, `trial_differs`), `Conflict("another_serve")`,
    `FaultsFound("backup_faulty")`, `Unavailable` (`in_use`, `locked` and what opening raises).
    """
    from interfaces.heartbeat import only_one

    real = os.path.realpath(path)
    if os.path.realpath(source) == real:
        raise Refused("restore_itself", path=source)
    plan = look(real, source)
    agreed(plan, real, discard_newer=discard_newer, other_history=other_history)
    release = only_one(real)
    part = Path(f"{real}{_RESTORING}")
    try:
        with closing(FileLock(real, "siban db restore")) as lock:
            lock.take(_WAIT)
            with _alone(real, plan) as store:
                if store is not None:  # once more, now that nobody else can write
                    with store.read() as reader:
                        plan = _compared(reader, source)
                    agreed(plan, real, discard_newer=discard_newer, other_history=other_history)
                backup.duplicate(Path(source), part, bar("字节"))
                _completed(part, plan, source, hand, now)
                aside = backup.replace(real, part, stamp(now))
    finally:
        for ending in ("", "-wal", "-shm", "-journal", ".lock"):
            Path(f"{part}{ending}").unlink(missing_ok=True)
        release()
    return Done(plan, aside)


def agreed(plan: Plan, path: str, *, discard_newer: bool, other_history: bool) -> None:
    """Raise `Refused` for what a restore would do that nobody has agreed to."""
    if not plan.same and not other_history:
        raise Refused("another_database", path=path)
    if plan.present == "unreadable" and not discard_newer:
        raise Refused("unreadable_now", path=path)
    if plan.lost and plan.gained and plan.same and not other_history:
        raise Refused("histories_differ", number=plan.first.seq if plan.first else 1)
    if plan.lost and not discard_newer and plan.first and plan.last:
        raise Refused(
            "entries_lost", lost=plan.lost, numbers=span(plan),
            first_at=plan.first.recorded_at, last_at=plan.last.recorded_at,
        )  # fmt: skip


def span(plan: Plan) -> str:
    """Return the numbers of the entries that would be lost: 99 or 99-103."""
    numbers = dict.fromkeys(event.seq for event in (plan.first, plan.last) if event)
    return "-".join(map(str, numbers))


@contextmanager
def _alone(real: str, plan: Plan) -> Iterator[SqliteStore | None]:
    """Hold the present database alone; None where there is none, or none that can be opened."""
    with ExitStack() as stack:
        opened = None
        if plan.present != "none":
            try:
                opened = stack.enter_context(backup.alone(real))
            except Unavailable as error:
                if plan.present == "readable" or error.code not in UNREADABLE:
                    raise
        yield SqliteStore(real, opened) if opened is not None and plan.present == "readable" else None


def _compared(now: Reader, source: str) -> Plan:
    """Compare the present ledger with a verified backup, entry by entry as far as they are one history."""
    with closing(open_still(source)) as store, store.read() as then:
        if now.setting(TRIAL) != then.setting(TRIAL):
            raise Refused("trial_differs", path=source)
        entries, head = then.head()
        same = now.setting("installation") == then.setting("installation")
        if not same:
            return Plan(entries, head, "readable", same=False, lost=0)
        common = _common(now, then)
        lost = now.head()[0] - common
        return Plan(
            entries, head, "readable", lost=lost, gained=entries - common,
            first=_entry(now, common + 1), last=_entry(now, now.head()[0]) if lost else None,
            seals=max(len(now.seals()) - len(then.seals()), 0), erased=tuple(missed(now, then)),
        )  # fmt: skip


def _common(now: Reader, then: Reader) -> int:
    """Return the number of the last entry that both have: equal hashes there mean equal entries up to there."""
    low, high = 0, min(now.head()[0], then.head()[0])
    while low < high:
        middle = (low + high + 1) // 2
        ours, theirs = _entry(now, middle), _entry(then, middle)
        if ours and theirs and ours.hash == theirs.hash:
            low = middle
        else:
            high = middle - 1
    return low


def _entry(reader: Reader, number: int) -> Event | None:
    return next(iter(reader.events(EventQuery(after=number - 1, limit=1))), None) if number else None


def _completed(part: Path, plan: Plan, source: str, hand: Hand, now: int) -> None:
    """Write into the copy that it was restored and whom it had to forget again, and verify what came of it."""
    about = {"backup": Path(source).name, "entries": plan.entries, "head": plan.head, "lost": plan.lost}
    if plan.last:
        about["lost_head"] = plan.last.hash
    erasures = [(event, {"kind": "恢复备份", "ref": f"原第 {event.seq} 号办理记录"}) for event in plan.erased]
    with closing(open_store(part, command="siban db restore")) as store:
        restored(store, PolicyShelf(), now, hand, erasures, about)
    with part.open("rb+") as file:
        backup.settled(file.fileno())
    verified(part, source)
