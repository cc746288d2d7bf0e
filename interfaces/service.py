"""值守 as a service: what is to run, for whom, and where; laid out for systemd or for Windows' Task Scheduler."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from engine.errors import Misused, Refused, Unavailable
from interfaces import systemd, task
from interfaces.identity import caller, name_of
from storage.place import on_server

if TYPE_CHECKING:
    from collections.abc import Sequence

SYSTEMD, WINDOWS = "systemd", "windows"

_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_SHORT = 8


class Job(NamedTuple):
    """What a service runs: `command` with absolute paths, in `folder`, as `run_as`, writing below `writes` alone.

    `folder` is "" where the database is on a server: then the service has a folder of its own.
    `environment` is a file of variables for it, "" for none; `user_manager` says whether it belongs to a user's log-on
    rather than to the machine.
    """

    name: str
    title: str
    command: tuple[str, ...]
    folder: str
    run_as: str
    writes: tuple[str, ...]
    network: bool
    environment: str
    user_manager: bool


class Standing(NamedTuple):
    """How a service stands: where its file is, whether it is there, starts by itself and runs."""

    name: str
    path: str
    installed: bool
    enabled: bool
    active: bool


def machine() -> str:
    """Return what keeps services on this machine."""
    return WINDOWS if os.name == "nt" else SYSTEMD


def name_for(database: str) -> str:
    """Return the service's name for a database: from its file's name, with a mark of its place, so that two never meet."""
    place = database if on_server(database) else os.path.realpath(database)
    mark = hashlib.sha256(place.encode()).hexdigest()[:_SHORT]
    stem = Path(urlsplit(database).path).name if on_server(database) else Path(database).stem
    return f"siban-{stem}-{mark}" if _PLAIN.fullmatch(stem) else f"siban-{mark}"


def job_for(  # noqa: PLR0913 - what `serve` takes, each given by name
    database: str,
    *,
    every: int,
    seal_key: str | None,
    backup_to: str | None,
    keep: int,
    channels: str | None,
    environment: str | None,
    run_as: str | None,
    user_manager: bool,
    kind: str,
) -> Job:
    """Return the job that serves a database with these options of `serve`; every path becomes absolute.

    Raises `Unavailable("no_database")`, `Refused("no_such_file")`, `Refused("service_as_root")`, `Misused("run_as_needed")`
    and `Misused("password_in_address")`.
    """
    remote = on_server(database)
    if remote and urlsplit(database).password:
        raise Misused("password_in_address")
    if not remote and not os.path.exists(database):  # noqa: PTH110 - a name and no more
        raise Unavailable("no_database", path=database)
    place = database if remote else os.path.realpath(database)
    backups = _there(backup_to) if backup_to else ""
    command = [_program(), "--db", place, "serve", "--every", str(every)]
    if seal_key:
        command += ["--seal-key", _there(seal_key)]
    if backups:
        command += ["--backup-to", backups, "--keep", str(keep)]
    if channels:
        command += ["--channels", _there(channels)]
    folder = "" if remote else str(Path(place).parent)
    writes = tuple(dict.fromkeys(filter(None, (folder, backups))))
    user = _user(place, run_as, remote=remote, own=user_manager or kind == WINDOWS)
    title = f"四办值守 {place}"
    return Job(
        name_for(database), title, tuple(command), folder, user, writes, bool(channels) or remote,
        _there(environment) if environment else "", user_manager,
    )  # fmt: skip


def _user(place: str, run_as: str | None, *, remote: bool, own: bool) -> str:
    """Return as whom it runs: whoever is named, else whoever calls (`own`), else the owner of the database's file, never root."""
    if own:
        return run_as or caller(place).user
    if run_as is None:
        if remote:
            raise Misused("run_as_needed")
        run_as = name_of(Path(place).stat().st_uid)
    if run_as == "root":
        raise Refused("service_as_root", path=place)
    return run_as


def _there(path: str) -> str:
    if not os.path.exists(path):  # noqa: PTH110 - a name and no more
        raise Refused("no_such_file", path=path)
    return os.path.realpath(path)


def _program() -> str:
    """Return the program that runs now, by its whole path."""
    return str(Path(sys.argv[0]).absolute())


def text_of(job: Job, kind: str) -> str:
    """Return the unit or the task of a job."""
    return systemd.unit_text(job) if kind == SYSTEMD else task.task_text(job)


def place_of(name: str, kind: str, *, user_manager: bool) -> str:
    """Return the file of a unit, or the name of a task."""
    if kind == WINDOWS:
        return f"\\{name}"
    return str(systemd.folder(user_manager=user_manager) / f"{name}.service")


def install(job: Job) -> str:
    """Put the service there and start it; one of ours that is there is brought to what is wanted now. Return its place."""
    kind = machine()
    if kind == SYSTEMD:
        systemd.must_run()
        systemd.must_own(user_manager=job.user_manager)
        systemd.put(job)
    else:
        _register(job)
    return place_of(job.name, kind, user_manager=job.user_manager)


def _register(job: Job) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "task.xml")
        file.write_text(task.task_text(job), encoding=task.ENCODING)
        steps: Sequence[tuple[str, ...]] = (
            ("/Create", "/F", "/TN", job.name, "/XML", str(file)),
            ("/Run", "/TN", job.name),
        )
        for words in steps:
            status, said = task.call(*words)
            if status:
                raise Refused("service_failed", command=f"schtasks {words[0]}", why=said or str(status))


def remove(name: str, *, user_manager: bool) -> str:
    """Stop the service and delete its definition; the database, backups and keys stay. Return what was deleted."""
    if machine() == SYSTEMD:
        systemd.must_run()
        systemd.must_own(user_manager=user_manager)
        return str(systemd.take_away(name, user_manager=user_manager))
    if task.call("/Query", "/TN", name)[0]:
        raise Refused("service_absent", path=f"\\{name}")
    task.call("/End", "/TN", name)
    status, said = task.call("/Delete", "/F", "/TN", name)
    if status:
        raise Refused("service_failed", command="schtasks /Delete", why=said or str(status))
    return f"\\{name}"


def standing(name: str, *, user_manager: bool) -> Standing:
    """Return how a service stands; raises `Refused("no_systemd")`."""
    place = place_of(name, machine(), user_manager=user_manager)
    if machine() == WINDOWS:
        status, said = task.call("/Query", "/TN", name, "/FO", "LIST")
        return Standing(name, place, status == 0, status == 0, "Running" in said or "正在运行" in said)
    systemd.must_run()
    unit = f"{name}.service"
    enabled, active = (
        systemd.call(word, unit, user_manager=user_manager)[0] == 0 for word in ("is-enabled", "is-active")
    )
    return Standing(name, place, Path(place).exists(), enabled, active)
