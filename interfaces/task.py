"""The Task Scheduler definition that keeps `siban serve` running on Windows.

The text follows Task Scheduler's schema 1.2 (Windows 7 and newer) and is tested as text; it was not run on Windows.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from interfaces.service import Job

ENCODING = "utf-16"  # what schtasks /XML reads, with its byte order mark


def task_text(job: Job) -> str:
    """Return the task of a job: from the machine's start, or the user's log-on; one at a time, started again when it fails."""
    trigger = "LogonTrigger" if job.user_manager else "BootTrigger"
    logon = "InteractiveToken" if job.user_manager else "S4U"
    program, *arguments = job.command
    folder = f"      <WorkingDirectory>{escape(job.folder)}</WorkingDirectory>\n" if job.folder else ""
    return f"""\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{escape(job.title)}</Description>
  </RegistrationInfo>
  <Triggers>
    <{trigger}>
      <Enabled>true</Enabled>
    </{trigger}>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{escape(job.run_as)}</UserId>
      <LogonType>{logon}</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>255</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{escape(program)}</Command>
      <Arguments>{escape(subprocess.list2cmdline(arguments))}</Arguments>
{folder}    </Exec>
  </Actions>
</Task>
"""


def call(*arguments: str) -> tuple[int, str]:
    """Run schtasks; return its exit status and what it said."""
    done = subprocess.run(["schtasks", *arguments], check=False, capture_output=True, text=True, errors="replace")  # noqa: S603, S607 - Windows' own, words of ours
    return done.returncode, (done.stdout + done.stderr).strip()
