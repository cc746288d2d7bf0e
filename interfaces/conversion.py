"""Word files to PDF by LibreOffice, where it is installed: in a profile of its own, within a time, or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.errors import Refused

PROGRAMS = ("soffice", "libreoffice")
SECONDS = 120
"""How long a conversion may take; the first start of a new profile alone takes ten."""


def program() -> str:
    """Return LibreOffice's program; raises `Refused("no_pdf")` where there is none."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise Refused("no_pdf", why="missing")
    return found


def to_pdf(document: bytes, *, seconds: float = SECONDS) -> bytes:
    """Return a Word file as PDF; raises `Refused("no_pdf")` with why: missing, timeout, failed."""
    found = program()
    with TemporaryDirectory(prefix="siban-pdf-") as folder:
        source = Path(folder, "paper.docx")
        source.write_bytes(document)
        profile = Path(folder, "profile").as_uri()  # another LibreOffice that runs would take the work and forget it
        command = [
            found, f"-env:UserInstallation={profile}", "--headless", "--norestore", "--nolockcheck",
            "--convert-to", "pdf:writer_pdf_Export", "--outdir", folder, str(source),
        ]  # fmt: skip
        process = subprocess.Popen(  # noqa: S603 - the program found on the path, with our own file
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Refused("no_pdf", why="timeout", seconds=int(seconds)) from None
        finally:
            _end(process)
        made = source.with_suffix(".pdf")
        data = made.read_bytes() if made.exists() else b""
    if process.returncode or not data.startswith(b"%PDF-"):
        raise Refused("no_pdf", why="failed", status=process.returncode)
    return data


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program that is still running, and all that it has started."""
    if process.poll() is not None:
        return
    if os.name == "nt":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
