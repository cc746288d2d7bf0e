"""The heartbeat of `siban serve`: APScheduler calls `Office.tick`, nothing more.

The promises live in the database, not in a scheduler.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.clock import SystemTime, civil
from engine.errors import Conflict, SibanError
from interfaces.output import note

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import FrameType

    from loguru import Logger, Message

    from engine.office import Office


def run(
    make_office: Callable[[], Office],
    path: str,
    every: int,
    log_file: str | None = None,
    seal: Callable[[Office], int] | None = None,
) -> None:
    """Tick every so many seconds until SIGTERM or SIGINT; the pass under way is finished first.

    `make_office` is called once, in the thread that beats: a store belongs to one thread. A pass that fails is logged
    and tried again at the next beat. `seal` follows each pass and returns how many entries it sealed, 0 when it did not.
    Raises `Conflict("another_serve")` when one runs already on this machine.
    """
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.blocking import BlockingScheduler

    logger = _logger(log_file)
    release = _only_one(path)
    # one worker thread: the office it makes at its first beat stays with it
    scheduler = BlockingScheduler(timezone="Asia/Shanghai", executors={"default": ThreadPoolExecutor(1)})
    offices: list[Office] = []

    def beat() -> None:
        try:
            if not offices:
                offices.append(make_office())
            done = offices[0].tick()
            sealed = seal(offices[0]) if seal else 0
        except SibanError as error:
            logger.bind(code=error.code).error("tick failed")
            return
        if done.events:
            logger.bind(items=done.items, rungs=done.rungs, events=done.events).info("tick")
        if sealed:
            logger.bind(entries=sealed).info("sealed")

    def stop(_number: int, _frame: FrameType | None) -> None:
        scheduler.shutdown(wait=True)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # None: a beat missed while the machine slept is made up for at once
    # coalesce: by one pass, which finds all that is due
    scheduler.add_job(
        beat,
        "interval",
        seconds=every,
        next_run_time=_at_once(),
        misfire_grace_time=None,
        coalesce=True,
        max_instances=1,
    )
    note(f"值守中，每 {every} 秒巡查一遍（进程 {os.getpid()}）。")
    try:
        scheduler.start()
    finally:
        release()
    note("值守结束。")


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


def _only_one(path: str) -> Callable[[], None]:
    """Hold the machine's one place for a heartbeat on this database; return how to give it back."""
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
