"""The heartbeat of `siban serve`: APScheduler calls `Office.tick`, nothing more.

The promises live in the database, not in a scheduler.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.canonical import hash_many
from engine.clock import HOUR, SECOND, SystemTime, civil, elapsed
from engine.errors import Conflict, SibanError
from engine.watch import ClockDoubted, keep_seen
from interfaces.output import note

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import FrameType

    from apscheduler.schedulers.blocking import BlockingScheduler
    from loguru import Logger, Message

    from engine.office import Office
    from engine.watch import Watch
    from interfaces.delivering import Carried
    from interfaces.keeping import Backup

    Carry = Callable[[Callable[[], bool]], Carried]
    Keep = Callable[[], Backup | None]

AGAIN = HOUR
"""How long (µs) after a backup that failed the next one is tried."""

LOOKS = 5.0
"""Every how many seconds the clock is looked at, whether or not a beat is due."""


def run(  # noqa: PLR0913 - what beats, what looks after it and what runs beside it, each given by name
    make_office: Callable[[], Office],
    path: str,
    every: int,
    log_file: str | None = None,
    watch: Watch | None = None,
    seal: Callable[[Office], int] | None = None,
    *,
    make_carry: Callable[[], Carry] | None = None,
    make_keep: Callable[[], Keep] | None = None,
) -> None:
    """Tick every so many seconds until SIGTERM or SIGINT; the pass under way is finished first.

    `make_office` is called once, in the thread that beats: a store belongs to one thread. A pass that fails is logged
    and tried again at the next beat. `seal` follows each pass and returns how many entries it sealed, 0 when it did not.
    `make_carry` is called once, in a thread of its own, and what it returns carries notices out at each beat: a service that
    hangs holds up no rung. So is `make_keep`, and what it returns backs up when that is due, and returns what it made, or None; a
    backup that fails is logged and tried again after `AGAIN`.
    Raises `Conflict("another_serve")` when one runs already on this machine, and `ClockDoubted` when the clock was set,
    which `watch` looks after; without it the time is a simulated one.
    """
    from apscheduler.events import EVENT_SCHEDULER_STARTED
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.blocking import BlockingScheduler as Scheduler

    gc.enable()  # `cli` leaves garbage to the end of a command; this one has none
    hash_many()
    logger = _logger(log_file)
    release = only_one(path)
    # one worker thread each: the office it makes at its first beat stays with it
    workers = {name: ThreadPoolExecutor(1) for name in ("default", "carrier", "keeper")}
    scheduler = Scheduler(timezone="Asia/Shanghai", executors=workers)
    offices: list[Office] = []
    guard = _Guard(scheduler, watch)

    def beat() -> None:
        try:
            if not offices:
                offices.append(make_office())
            office = offices[0]
            done = office.tick()
            sealed = seal(office) if seal else 0
            if watch:
                keep_seen(office.store, office.time.now())
        except ClockDoubted as doubt:
            guard.give_up(doubt, wait=False)  # this is the thread that would be waited for
            return
        except SibanError as error:
            logger.bind(code=error.code).error("tick failed")
            return
        if done.events:
            logger.bind(items=done.items, rungs=done.rungs, events=done.events).info("tick")
        if sealed:
            logger.bind(entries=sealed).info("sealed")

    def stop(_number: int, _frame: FrameType | None) -> None:
        # not here: a signal may find this thread in the midst of handing a pass over, holding what `shutdown` waits for
        threading.Thread(target=guard.stop).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # None: a beat missed while the machine slept is made up for at once
    # coalesce: by one pass, which finds all that is due
    missed = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    scheduler.add_job(beat, "interval", seconds=every, next_run_time=_at_once(), **missed)
    beside = {
        "carrier": _carrying(make_carry, guard, logger) if make_carry else None,
        "keeper": _keeping(make_keep, logger) if make_keep else None,
    }
    for name, job in beside.items():
        if job:
            scheduler.add_job(job, "interval", executor=name, seconds=every, next_run_time=_at_once(), **missed)
    scheduler.add_listener(guard.begin, EVENT_SCHEDULER_STARTED)
    note(f"值守中，每 {every} 秒巡查一遍（进程 {os.getpid()}）。")
    try:
        scheduler.start()
    finally:
        guard.end()
        release()
    if guard.doubts:
        raise guard.doubts[0]
    note("值守结束。")


def _carrying(make_carry: Callable[[], Carry], guard: _Guard, logger: Logger) -> Callable[[], None]:
    """Return what carries notices out at a beat; its store is opened at the first, by the thread that uses it."""
    made: list[Carry] = []

    def carry() -> None:
        try:
            if not made:
                made.append(make_carry())
            done = made[0](guard.is_ended)
        except SibanError as error:
            logger.bind(code=error.code).error("carrying failed")
            return
        if done.digests or done.failed:
            logger.bind(digests=done.digests, failed=done.failed, given_up=done.given_up).info("carried")

    return carry


def _keeping(make_keep: Callable[[], Keep], logger: Logger) -> Callable[[], None]:
    """Return what backs up at a beat when it is time; its store is opened at the first, by the thread that uses it."""
    made: list[Keep] = []
    not_before = 0

    def keep() -> None:
        nonlocal not_before
        if elapsed() < not_before:
            return
        try:
            if not made:
                made.append(make_keep())
            backup = made[0]()
        except SibanError as error:
            not_before = elapsed() + AGAIN
            faults = error.data.get("faults")
            found = len(faults) if isinstance(faults, list) else 0
            logger.bind(code=error.code, faults=found, again_seconds=AGAIN // SECOND).error("backup failed")
            return
        if backup:
            bound = logger.bind(path=backup.path, entries=backup.entries, head=backup.head, deleted=len(backup.deleted))
            bound.info("backed up and verified")

    return keep


class _Guard:
    """Looks at the clock in a thread of its own and ends the scheduler when it was set: set back, no beat would be due."""

    def __init__(self, scheduler: BlockingScheduler, watch: Watch | None) -> None:
        self.scheduler, self.watch = scheduler, watch
        self.doubts: list[ClockDoubted] = []
        self._ended = threading.Event()

    def begin(self, _event: object) -> None:
        """Begin to look, when there is a clock to look after; end at once when that was asked for before there was anything to end."""
        if self.is_ended():
            threading.Thread(target=self.stop).start()
        if self.watch:
            threading.Thread(target=self._look, args=(self.watch,), daemon=True).start()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()

    def is_ended(self) -> bool:
        """Whether the heartbeat is about to stop: what carries notices begins no further one."""
        return self._ended.is_set()

    def give_up(self, doubt: ClockDoubted, *, wait: bool) -> None:
        """End the scheduler because of a doubt; `wait` for the pass under way, unless this is it."""
        self.doubts.append(doubt)
        self.stop(wait=wait)

    def stop(self, *, wait: bool = True) -> None:
        """End the scheduler."""
        self._ended.set()
        from apscheduler.schedulers import SchedulerNotRunningError

        with suppress(SchedulerNotRunningError):  # a signal, the pass and the looking may come together
            self.scheduler.shutdown(wait=wait)

    def _look(self, watch: Watch) -> None:
        try:
            watch.now()
            while not self._ended.wait(LOOKS):
                watch.now()
        except ClockDoubted as doubt:
            self.give_up(doubt, wait=True)


def _at_once() -> datetime:
    """Return this moment: the first beat does not wait.

    A moment long past would make APScheduler count every beat since.
    """
    return civil(SystemTime().now())


def _logger(log_file: str | None) -> Logger:
    """Set up loguru: constant messages, data bound, one JSON object a line, no variable values in tracebacks."""
    from loguru import logger

    logger.remove()
    if log_file:
        logger.add(log_file, serialize=True, diagnose=False, opener=lambda path, flags: os.open(path, flags, 0o600))
    else:
        logger.add(_to_stderr, serialize=True, diagnose=False)
    return logger


def _to_stderr(message: Message) -> None:
    sys.stderr.write(message)


def only_one(path: str) -> Callable[[], None]:
    """Hold the machine's one place for a heartbeat on this database; return how to give it back."""
    from storage.place import on_server

    if on_server(path):  # there several machines may beat: each takes what the others have not in hand
        return lambda: None
    try:
        import fcntl
    except ImportError:  # Windows: two heartbeats do no harm, they only do the work twice
        return lambda: None
    place = Path(f"{path}.serve")
    handle = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(handle, 20).decode(errors="replace").strip()
        os.close(handle)
        raise Conflict("another_serve", holder=f"进程 {holder}") from None
    os.ftruncate(handle, 0)
    os.write(handle, str(os.getpid()).encode())

    def release() -> None:
        os.close(handle)

    return release
