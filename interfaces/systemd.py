"""The systemd unit that keeps `siban serve` running: its text, and putting it there and away again.

Written for systemd 240 and newer (麒麟 V10 has 243, 统信 UOS 20 has 241). A unit of a user's own manager goes without the
settings that need a mount namespace, which such a manager may not make on every system.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import Misused, Refused

if TYPE_CHECKING:
    from interfaces.service import Job

MARK = "# 由 siban service install 写成；siban service remove 删除。\n"
"""The first line of what we write: nothing else is overwritten or deleted."""

RUNNING = Path("/run/systemd/system")
"""There only while systemd is the machine's init (sd_booted)."""

SYSTEM_UNITS = Path("/etc/systemd/system")

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f]")
_CONFINED = """\
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
"""
_CONFINED_SYSTEM = """\
CapabilityBoundingSet=
PrivateDevices=yes
PrivateTmp=yes
ProtectControlGroups=yes
ProtectHome=read-only
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
RestrictNamespaces=yes
SystemCallFilter=@system-service
"""


def unit_text(job: Job) -> str:
    """Return the unit of a job; raises `Misused("bad_path")` for a path that no unit can name."""
    for path in (*job.command, *job.writes, job.environment):
        if _FORBIDDEN.search(path):
            raise Misused("bad_path", path=path)
    network = "AF_UNIX AF_INET AF_INET6" if job.network else "AF_UNIX"
    lines = [
        MARK.rstrip(),
        "[Unit]",
        f"Description={_plain(job.title)}",
        "After=local-fs.target time-sync.target" + (" network-online.target" if job.network else ""),
    ]
    if job.network and not job.user_manager:
        lines.append("Wants=network-online.target")
    lines += [f"RequiresMountsFor={_quoted(path)}" for path in job.writes]
    # A service that refuses for good (1 refused, 2 misused, 3 another one runs) is not started over and over; one that
    # waits for a disk, a lock or for a person to confirm the clock (5) is.
    lines += [
        "",
        "[Service]",
        "Type=exec",
        f"ExecStart={' '.join(_word(word) for word in job.command)}",
        f"WorkingDirectory={_plain(job.folder) or f'%S/{job.name}'}",
        "Restart=on-failure",
        "RestartSec=60",
        "RestartPreventExitStatus=1 2 3",
        "TimeoutStopSec=300",
        "UMask=0077",
    ]
    if not job.folder:
        lines.append(f"StateDirectory={job.name}")
    if job.environment:
        lines.append(f"EnvironmentFile={_plain(job.environment)}")
    if not job.user_manager:
        lines.append(f"User={job.run_as}")
        lines += [f"ReadWritePaths={_quoted(path)}" for path in job.writes]
    confined = _CONFINED + ("" if job.user_manager else _CONFINED_SYSTEM)
    target = "default.target" if job.user_manager else "multi-user.target"
    lines += [*confined.splitlines(), f"RestrictAddressFamilies={network}", "", "[Install]", f"WantedBy={target}"]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Write a setting that takes the rest of its line."""
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """Write a path in a setting that takes several, divided by spaces."""
    escaped = _plain(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _word(text: str) -> str:
    """Write one word of a command line."""
    return _quoted(text).replace("$", "$$")


def folder(*, user_manager: bool) -> Path:
    """Return where units belong."""
    if not user_manager:
        return SYSTEM_UNITS
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home, "systemd", "user")


def call(*arguments: str, user_manager: bool) -> tuple[int, str]:
    """Run systemctl; return its exit status and what it said."""
    command = ["systemctl", *(["--user"] if user_manager else []), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - words of ours and a unit's name
    return done.returncode, (done.stdout + done.stderr).strip()


def must_run() -> None:
    """Raise `Refused("no_systemd")` on a machine that systemd does not run."""
    if not RUNNING.is_dir():
        raise Refused("no_systemd")


def must_own(*, user_manager: bool) -> None:
    """Raise `Refused("service_needs_root")` when a unit of the machine is to be changed by somebody who is not root."""
    if not user_manager and os.geteuid() != 0:
        raise Refused("service_needs_root")


def put(job: Job) -> None:
    """Write the unit and start it, or start it anew; raises `Refused` when something else has the name or it does not start."""
    path = folder(user_manager=job.user_manager) / f"{job.name}.service"
    text = unit_text(job)
    if path.exists() and not is_ours(path):
        raise Refused("service_not_ours", path=str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(0o644)
    draft.replace(path)
    for words in (("daemon-reload",), ("enable", path.name), ("restart", path.name)):
        status, said = call(*words, user_manager=job.user_manager)
        if status:
            raise Refused("service_failed", command=" ".join(("systemctl", *words)), why=said or str(status))


def take_away(name: str, *, user_manager: bool) -> Path:
    """Stop the unit and delete its file and nothing else; raises `Refused("service_absent")` or `("service_not_ours")`."""
    path = folder(user_manager=user_manager) / f"{name}.service"
    if not path.exists():
        raise Refused("service_absent", path=str(path))
    if not is_ours(path):
        raise Refused("service_not_ours", path=str(path))
    status, said = call("disable", "--now", path.name, user_manager=user_manager)
    if status:
        raise Refused("service_failed", command=f"systemctl disable --now {path.name}", why=said or str(status))
    path.unlink()
    call("daemon-reload", user_manager=user_manager)
    return path


def is_ours(path: Path) -> bool:
    """Whether a unit's file was written by us."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline() == MARK
