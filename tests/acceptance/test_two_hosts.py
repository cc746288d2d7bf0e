"""Two hosts and a database, each in a network of its own: `serve` on both, one cut off, brought back, the other one killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.check import check
from engine.clock import DAY, HOUR, SteppedTime, SystemTime
from engine.context import Hand
from engine.office import Office
from engine.policy import PolicyShelf
from storage.postgres import open_store
from storage.postgres_creation import create
from tests import postgres
from tests.acceptance.conftest import environment
from tests.trial import HEAD, RIVER, Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.postgres import Server

SIBAN = Path(sys.executable).with_name("siban")
HOSTS = ("siban-one", "siban-two")
DATABASE = "siban-db"
BATCH = 12
PATIENCE = 120.0
"""Seconds to wait for what must come: a connection that was cut is given up after thirty."""


def ip(*words: str) -> None:
    """Set something up in the network."""
    subprocess.run(["ip", *words], check=True, capture_output=True)  # noqa: S607 - wherever the system has it


@pytest.fixture
def network() -> Iterator[None]:
    """Give three networks: the database's, and one for each host with a cable to it."""
    if os.getuid() != 0 or not shutil.which("ip") or not shutil.which("setpriv"):
        pytest.skip("needs root, ip and setpriv: nothing of two hosts was tested")
    with ExitStack() as stack:
        for name in (DATABASE, *HOSTS):
            try:
                ip("netns", "add", name)
            except subprocess.CalledProcessError as error:
                pytest.skip(f"no network namespaces here ({error.stderr!r}): nothing of two hosts was tested")
            stack.callback(ip, "netns", "del", name)
            ip("-n", name, "link", "set", "lo", "up")
        for number, host in enumerate(HOSTS, 1):
            ip(
                "link",
                "add",
                "cable",
                "netns",
                host,
                "type",
                "veth",
                "peer",
                "name",
                f"cable{number}",
                "netns",
                DATABASE,
            )
            ip("-n", host, "addr", "add", f"10.77.{number}.2/24", "dev", "cable")
            ip("-n", DATABASE, "addr", "add", f"10.77.{number}.1/24", "dev", f"cable{number}")
            ip("-n", host, "link", "set", "cable", "up")
            ip("-n", DATABASE, "link", "set", f"cable{number}", "up")
        yield


class Bureau:
    """The database and a heartbeat on each host."""

    def __init__(self, server: Server) -> None:
        """Make a trial database in which a batch of items is due."""
        self.url, self.server = server.url("office"), server
        server.name("office")
        create(self.url, {"trial": "1", "installation": "test"})
        self.store = open_store(self.url)
        past = SystemTime().now() - 4 * DAY
        ledger = Ledger(self.store)
        self.office = Office(self.store, SteppedTime(past), ledger.office.shelf)
        self.expected = 0

    def more(self) -> None:
        """Assign items some days ago, whose time is over by now."""
        hand, sheets = Hand("o13", "o13"), [({"title": f"问题{n}", "source": "study"}, None) for n in range(BATCH)]
        numbers = [outcome.after.number for outcome in self.office.register("siban", sheets, hand)]
        fields = {"track": "immediate", "lead_unit": "river", "handler": RIVER, "limit": "2h"}
        self.office.act(numbers, "assign", fields, Hand(HEAD, HEAD))
        now = SystemTime().now()
        for number in numbers:  # what a heartbeat must do is what a beat in memory would
            with self.store.read() as reader:
                due = reader.item_due(number)
            assert due
            assert due[1] is not None
            assert due[1] < now - HOUR
        self.expected += BATCH

    def settled(self) -> bool:
        """Whether nothing is due any more."""
        with self.store.read() as reader:
            return not reader.due(SystemTime().now(), 1)

    def wait(self) -> None:
        """Wait until nothing is due any more."""
        end = time.monotonic() + PATIENCE
        while not self.settled():
            assert time.monotonic() < end, "what is due does not come"
            time.sleep(0.2)


def serving(host: str, number: int, log: Path) -> subprocess.Popen[bytes]:
    """Start the heartbeat on a host."""
    url = f"postgresql://{postgres.ADMIN}@10.77.{number}.1/office"
    command = ["ip", "netns", "exec", host, str(SIBAN), "--db", url, "serve", "--every", "1", "--log", str(log)]
    return subprocess.Popen(
        command, env=environment(), cwd=log.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@pytest.mark.slow
def test_a_host_that_is_cut_off_and_comes_back(network: None, tmp_path: Path) -> None:
    """Whoever is left does the work; whoever comes back goes on; each rung once, and nothing amiss."""
    assert network is None
    if not postgres.binary("initdb"):
        pytest.skip(postgres.MISSING)
    with ExitStack() as stack:
        server = stack.enter_context(postgres.throw_away(DATABASE, listen_addresses="'*'"))
        bureau = Bureau(server)
        stack.enter_context(closing(bureau.store))
        bureau.more()
        logs = [tmp_path / f"{host}.log" for host in HOSTS]
        one, two = (serving(host, n, log) for n, (host, log) in enumerate(zip(HOSTS, logs, strict=True), 1))
        for process in (one, two):
            stack.callback(process.wait)
            stack.callback(process.kill)
        bureau.wait()
        ip("-n", DATABASE, "link", "set", "cable2", "down")  # the second host's cable is pulled
        bureau.more()
        bureau.wait()
        ip("-n", DATABASE, "link", "set", "cable2", "up")
        one.kill()
        bureau.more()
        bureau.wait()  # by the second host, on a new connection or the old one
        with bureau.store.read() as reader:
            crossings = list(reader.crossings())
            assert check(reader, PolicyShelf()) == []
            notices = list(reader.notices())
        assert len({crossing[:4] for crossing in crossings}) == len(crossings)
        assert {crossing.item for crossing in crossings} == set(range(1, bureau.expected + 1))
        assert len({(n.seq, n.receiver) for n in notices}) == len(notices)
        with suppress(ProcessLookupError):
            two.terminate()
        assert two.wait(60) == 0
