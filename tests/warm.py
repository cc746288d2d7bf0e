"""The command in processes of its own that need not start from nothing: one that is up already divides itself for each.

A child has its own id, folder, environment and streams, runs `cli.main` to its end and leaves by its exit status; what it skips is
the start of an interpreter and most of the loading, which is two thirds of a command's time. What a cold start is like is for
the tests that start one; with `COLD` in the environment, all do.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from contextlib import suppress
from importlib import import_module
from typing import IO, TYPE_CHECKING

from tests.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LOADED = ("cli", "engine.office", "interfaces.verbs", "storage.sqlite", "rich.table", "xlsxwriter", "python_calamine")
"""What every child finds loaded: what commands ask for most."""
MOST = 1 << 20
"""Bytes of the longest order."""


class Warm:
    """The process that is up; it ends with ours at the latest, as its end of the line closes then."""

    def __init__(self) -> None:
        """Start it."""
        name = f"siban-warm-{os.getpid()}-{secrets.token_hex(8)}"
        self._address = _address(name)
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, name, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=os.environ | {"PYTHONUTF8": "1"},
            )
        self._line = ours
        assert ours.recv(1), "no command can be run"

    def end(self) -> None:
        """End it."""
        self._line.close()
        self._process.wait()

    def run(self, words: Sequence[str], cwd: Path, environment: Mapping[str, str], text: str, seconds: float) -> Said:
        """Run one command line to its end. Raises `TimeoutError`, and ends it then."""
        order = {"words": words, "cwd": str(cwd), "environment": dict(environment)}
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as given,
            tempfile.TemporaryFile("r+", encoding="utf-8") as out,
            tempfile.TemporaryFile("r+", encoding="utf-8") as err,
            socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line,
        ):
            given.write(text)
            given.seek(0)
            line.connect(self._address)
            line.settimeout(seconds)
            socket.send_fds(line, [json.dumps(order).encode()], [given.fileno(), out.fileno(), err.fileno()])
            child = int(line.recv(64))
            try:
                status = int(line.recv(64))
            except TimeoutError:
                os.kill(child, signal.SIGKILL)
                raise
            return Said(status, _read(out), _read(err))


def _address(name: str) -> str:
    """Return where it listens: a name of the kernel's own, so that there is no file that could be left or taken away."""
    return f"\0{name}"


def _read(stream: IO[str]) -> str:
    stream.seek(0)
    return stream.read()


_up: list[Warm] = []


def warm() -> Warm | None:
    """Return the process that is up, and start it if need be; None where there is no such thing, or shall not be."""
    if "COLD" in os.environ or sys.platform != "linux":
        return None
    if not _up:
        _up.append(Warm())
    return _up[0]


def cool() -> None:
    """End the process that is up, if there is one."""
    while _up:
        _up.pop().end()


def _serve(address: str, ready: socket.socket) -> None:
    """Take orders until whoever started us is gone: each has a process that waits for it, so that several go at once."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.bind(address)
        door.listen(64)
        ready.send(b"1")
        while ready not in select.select((door, ready), (), ())[0]:
            line, _ = door.accept()
            with line:
                if not os.fork():
                    door.close()
                    ready.close()
                    _wait(line)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _wait(line: socket.socket) -> None:
    """Carry out one order in a child, and tell how it ended."""
    with suppress(OSError):
        text, streams, _, _ = socket.recv_fds(line, MOST, 3)
        child = os.fork()
        if not child:
            line.close()
            _become(text, streams)
        line.send(str(child).encode())
        line.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
    os._exit(0)


def _become(text: bytes, streams: list[int]) -> None:
    """Be the command: never returns."""
    try:
        order = json.loads(text)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(order["cwd"])
        os.environ.clear()
        os.environ.update(order["environment"])
        sys.argv = order["words"]
        import_module("cli").main()
    except BaseException:  # noqa: BLE001 - as an interpreter ends
        traceback.print_exc()
    os._exit(1)


if __name__ == "__main__":
    for name in LOADED:
        import_module(name)
    _serve(_address(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])))
