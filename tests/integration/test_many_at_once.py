"""Many processes on one PostgreSQL database, a server that crashes under them, clients that are killed: nothing lost, nothing twice."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.check import check
from engine.context import Hand
from engine.event import DONE, REFUSED
from engine.policy import PolicyShelf
from engine.row import EventQuery
from storage.postgres import open_store
from storage.postgres_creation import create
from tests import postgres
from tests.trial import HEAD, RIVER, Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.postgres import Server

ACTOR = Path(__file__).with_name("actor.py")
SIBAN = Path(sys.executable).with_name("siban")
KNOWN = {"not_in_state"}
LOST = {"connection_lost", "commit_unanswered", "no_server", "server_starting"}


def filled(url: str, items: int) -> None:
    """Put the policy in, and items that wait to be signed for."""
    with closing(open_store(url)) as store:
        ledger = Ledger(store)
        for start in range(0, items, 500):
            some = range(start, min(start + 500, items))
            sheets: list[tuple[dict[str, object], None]] = [
                ({"title": f"问题{n}", "source": "study"}, None) for n in some
            ]
            numbers = [o.after.number for o in ledger.office.register("siban", sheets, ledger_hand("o13"))]
            fields: dict[str, object] = {"track": "immediate", "lead_unit": "river", "handler": RIVER}
            ledger.office.act(numbers, "assign", fields, ledger_hand(HEAD))


def ledger_hand(who: str) -> Hand:
    """Act for oneself."""
    return Hand(who, who)


def at_work(url: str, names: Iterable[str], count: int, items: int) -> list[subprocess.Popen[str]]:
    """Start actors."""
    return [
        subprocess.Popen(
            [sys.executable, str(ACTOR), url, name, str(count), str(items)], stdout=subprocess.PIPE, text=True
        )
        for name in names
    ]


def said_by(actors: Iterable[subprocess.Popen[str]]) -> list[list[str]]:
    """Wait for actors and return what they said, in words; each must have ended by itself."""
    words = []
    for actor in actors:
        with actor:
            assert actor.stdout is not None
            words += [line.split() for line in actor.stdout]  # not `communicate`: it passes over what was read ahead
        assert actor.returncode == 0
    return words


def look_over(url: str, said: list[list[str]]) -> Counter[str]:
    """Hold the record against what was said; return how often each thing was said."""
    with closing(open_store(url)) as store, store.read() as reader:
        events = list(reader.events(EventQuery()))
        faults = check(reader, PolicyShelf())
    assert faults == []
    assert all(before.recorded_at <= after.recorded_at for before, after in pairwise(events))
    kept: dict[str, Counter[tuple[str, int]]] = {}
    for event in events:
        if event.command_id:
            kept.setdefault(event.command_id, Counter())[event.result, event.item] += 1
    doubled = {command: entries for command, entries in kept.items() if max(entries.values()) > 1}
    assert doubled == {}
    for what, command, *code in said:
        results = {result for result, _ in kept.get(command, ())}
        if what == "done":
            assert results == {DONE}, command
        elif what == "refused":
            assert results == {REFUSED}, (command, code)
    told = {command for _, command, *_ in said}
    assert set(kept) <= told
    return Counter(" ".join((what, *code)) for what, _, *code in said)


def crowd(server: Server, processes: int, count: int, items: int) -> Counter[str]:
    """Let so many processes do so many things each to so many items."""
    url = server.url(server.new("office"))
    filled(url, items)
    seen = look_over(url, said_by(at_work(url, [f"p{n}" for n in range(processes)], count, items)))
    assert seen.total() == processes * count
    assert seen["done"] > processes * count // 4
    assert {code.removeprefix("refused ") for code in seen} - {"done"} <= KNOWN
    return seen


def test_a_crowd_on_one_item(server: Server) -> None:
    """The short form: four processes, 25 things each."""
    crowd(server, 4, 25, 1)


def test_a_crowd_on_many_items(server: Server) -> None:
    """The short form: four processes, 25 things each to twelve items, two at a time now and then."""
    crowd(server, 4, 25, 12)


@pytest.mark.slow
def test_eight_processes_on_one_item(server: Server) -> None:
    """250 things each."""
    crowd(server, 8, 250, 1)


@pytest.mark.slow
def test_sixteen_processes_on_two_thousand_items(server: Server) -> None:
    """500 things each."""
    crowd(server, 16, 500, 2000)


# -- a server that crashes


def crashes(rounds: int) -> Counter[str]:
    """Stop a server at once under load, again and again; what was acknowledged is there, and nothing twice."""
    dice = random.Random(rounds)  # noqa: S311 - a test's own dice
    said: list[list[str]] = []
    seen: Counter[str] = Counter()
    with postgres.throw_away() as server:
        server.name("office")
        url = server.url("office")
        create(url, {"trial": "1", "installation": "test"})
        filled(url, 20)
        for number in range(rounds):
            actors = at_work(url, [f"r{number}p{n}" for n in range(4)], -1, 20)
            for actor in actors:  # each is at work
                assert actor.stdout is not None
                said += [actor.stdout.readline().split() for _ in range(dice.randint(1, 8))]
            server.stop("immediate")
            said += said_by(actors)
            server.start()
            seen = look_over(url, [words for words in said if words])
        assert {words[2] for words in said if words[0] == "lost"} <= LOST
    return seen


def test_a_crash_of_the_server_loses_nothing_acknowledged() -> None:
    """The short form: three crashes."""
    if not postgres.binary("initdb"):
        pytest.skip(postgres.MISSING)
    seen = crashes(3)
    assert seen["done"] > 10


@pytest.mark.slow
def test_fifty_crashes_of_the_server() -> None:
    """Fifty times `pg_ctl stop -m immediate` under four clients."""
    if not postgres.binary("initdb"):
        pytest.skip(postgres.MISSING)
    assert crashes(50)["done"] > 500


# -- clients that are killed


def killed(server: Server, rounds: int) -> tuple[int, int]:
    """Kill the command at any moment; return how many were acknowledged, and how many were kept although they were not."""
    dice = random.Random(rounds)  # noqa: S311 - a test's own dice
    url = server.url(server.new("office"))
    filled(url, 1)
    acknowledged: set[str] = set()
    begun = time.monotonic()
    subprocess.run([str(SIBAN), "--db", url, "--as", "o13", "list"], capture_output=True, check=True)
    usual = time.monotonic() - begun  # what a command takes where it runs now
    commands = {
        f"k{n}": ("--db", url, "--as", "o13", "登记", "--title", f"问题{n}", "--source", "学习研讨")
        for n in range(rounds)
    }
    for command, arguments in commands.items():
        siban = subprocess.Popen(
            [str(SIBAN), *arguments, "--command-id", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            out, err = siban.communicate(timeout=dice.uniform(0.1, 1.4) * usual)
            assert siban.returncode == 0, err
        except subprocess.TimeoutExpired:
            siban.kill()
            out, _ = siban.communicate()
        if "已登记" in out:
            acknowledged.add(command)
    kept = look_over(url, [["maybe", command] for command in commands])
    with closing(open_store(url)) as store, store.read() as reader:
        there = {event.command_id for event in reader.events(EventQuery(verb="register"))}
    assert acknowledged <= there
    assert kept.total() == rounds
    for command, arguments in commands.items():  # whoever does not know does it again, under the same number
        again = subprocess.run(
            [str(SIBAN), *arguments, "--command-id", command], capture_output=True, text=True, check=False
        )
        assert again.returncode == (3 if command in there else 0), again.stderr
    with closing(open_store(url)) as store, store.read() as reader:
        entries = Counter(event.command_id for event in reader.events(EventQuery(verb="register")) if event.command_id)
        assert check(reader, PolicyShelf()) == []
    assert entries == Counter(commands.keys())
    return len(acknowledged), len(there - acknowledged)


def test_clients_that_are_killed_leave_all_or_nothing(server: Server) -> None:
    """The short form: six kills."""
    killed(server, 6)


@pytest.mark.slow
def test_fifty_clients_are_killed(server: Server) -> None:
    """Some were told, some not: the clock of the kills hits both."""
    told, _ = killed(server, 50)
    assert 0 < told < 50
