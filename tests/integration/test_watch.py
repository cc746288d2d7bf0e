"""Clocks that were set, against what the database saw: who stops, what is recorded, and that no rung is lost or early."""

from __future__ import annotations

import gc
import os
import signal
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from apscheduler.schedulers.blocking import BlockingScheduler

from engine.canonical import parse
from engine.check import check
from engine.clock import DAY, HOUR, MINUTE, SECOND, SteppedTime, elapsed, parse_instant
from engine.context import Hand
from engine.office import Office
from engine.policy import PolicyShelf
from engine.row import EventQuery
from engine.watch import SEEN, ClockDoubted, Watch, accept, examine, keep_doubt, keep_seen, seen
from interfaces import heartbeat
from storage.creation import create
from storage.memory import MemoryStore
from storage.postgres import open_store as open_postgres
from storage.sqlite import open_store
from tests.trial import CLERK, HEAD, Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.event import Event
    from engine.ports import Store

START = parse_instant("2023-05-08 09:00")
OFFICE = Hand(HEAD, HEAD)


class Machine:
    """A machine's clock, which anybody may set."""

    def __init__(self, at: int) -> None:
        """Stand at an instant."""
        self.at = at

    def now(self) -> int:
        """Return what it says."""
        return self.at


class Case:
    """A small ledger whose office runs on a machine's clock."""

    def __init__(self, ledger: Ledger) -> None:
        """Register one item, on a Monday morning."""
        self.store = ledger.office.store
        self.number = ledger.register(title="一件")
        self.machine = Machine(START)
        self.office = Office(self.store, self.machine)

    def events(self) -> list[Event]:
        """Return the record."""
        with self.store.read() as reader:
            return list(reader.events(EventQuery()))

    def code(self, at: int) -> str:
        """Return what a heartbeat that begins at an instant is refused with, "" when it may."""
        with self.store.read() as reader:
            try:
                examine(reader, at)
            except ClockDoubted as doubted:
                return doubted.code
        return ""

    def rungs(self) -> list[tuple[str, int, int]]:
        """Return the rungs crossed, with their planned moments."""
        with self.store.read() as reader:
            return [(c.clock, c.level, c.planned_at) for c in reader.crossings()]


@pytest.fixture(name="case", params=["memory", "sqlite", "postgres"])
def _case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    path = str(tmp_path / "office.db")
    if request.param == "sqlite":
        create(path, {})
    store: Store = MemoryStore()
    if request.param == "sqlite":
        store = open_store(path)
    if request.param == "postgres":
        store = open_postgres(request.getfixturevalue("postgres_url"))
    yield Case(Ledger(store))
    store.close()


def test_the_record_never_goes_back(case: Case) -> None:
    """A clock a little behind is no matter: the entry takes the moment of the last one, and clocks begin there."""
    case.machine.at = START - 4 * MINUTE
    [outcome] = case.office.act([case.number], "accept", {}, OFFICE)
    assert {(event.recorded_at, event.effective_at) for event in outcome.events} == {(START, START)}
    recorded = [event.recorded_at for event in case.events()]
    assert recorded == sorted(recorded)
    with case.store.read() as reader:
        assert check(reader, PolicyShelf()) == []


def test_a_clock_far_behind_the_last_entry_lets_nothing_be_written(case: Case) -> None:
    """Acts, refusals, new policy and answers alike: unavailable, with both moments; not even a refusal is recorded."""
    case.machine.at = START - 6 * MINUTE
    before = case.events()
    for act in (
        lambda: case.office.act([case.number], "accept", {}, OFFICE),
        lambda: case.office.act([case.number], "sign", {}, OFFICE),
        lambda: case.office.register("siban", [({"title": "又一件", "source": "study"}, None)], Hand(CLERK, CLERK)),
        lambda: case.office.notice([1], "ack", {}, OFFICE),
        lambda: case.office.put_policy("organisation", "bureau", "{}", OFFICE),
    ):
        with pytest.raises(ClockDoubted) as doubted:
            act()
        assert doubted.value.data == {"now_at": START - 6 * MINUTE, "last_at": START}
    assert case.events() == before


def test_simulated_time_is_taken_as_it_is(case: Case) -> None:
    """A trial's moments are its own affair."""
    office = Office(case.store, SteppedTime(START - DAY))
    [outcome] = office.act([case.number], "accept", {}, OFFICE)
    assert outcome.events[0].recorded_at == START - DAY


@pytest.mark.parametrize(
    ("later", "code"),
    [
        (-5 * 365 * DAY, "clock_behind"), (-DAY, "clock_behind"), (-HOUR, "clock_behind"), (-5 * MINUTE - 1, "clock_behind"),
        (-5 * MINUTE, ""), (-SECOND, ""), (0, ""), (HOUR, ""), (7 * DAY, ""), (14 * DAY, ""),
        (14 * DAY + 1, "clock_ahead"), (365 * DAY, "clock_ahead"), (5 * 365 * DAY, "clock_ahead"),
    ],
)  # fmt: skip
def test_a_heartbeat_begins_only_near_the_last_moment_seen(case: Case, later: int, code: str) -> None:
    """Seen by an entry of the record or by a heartbeat, whichever was later."""
    assert case.code(START + later) == code
    keep_seen(case.store, START + DAY)
    assert case.code(START + DAY + later) == code


def test_what_a_heartbeat_has_seen_is_written_once_a_minute(case: Case) -> None:
    """Otherwise an idle beat writes nothing."""
    for at, kept in ((START, 0), (START + 59 * SECOND, 0), (START + MINUTE, MINUTE), (START + 90 * SECOND, MINUTE)):
        keep_seen(case.store, at)
        with case.store.read() as reader:
            assert reader.setting(SEEN) == str(START + kept)


def test_a_clock_once_stopped_for_is_doubted_over_a_restart(case: Case) -> None:
    """Two days ahead are no long rest, but it was seen to be set: it is asked about until it is set back or accepted."""
    keep_seen(case.store, START + HOUR)
    keep_doubt(case.store, ClockDoubted("clock_stepped", expected_at=START + HOUR, now_at=START + 2 * DAY))
    assert case.code(START + 2 * DAY + HOUR) == "clock_stepped"
    assert case.code(START + 2 * HOUR) == ""
    keep_seen(case.store, START + 2 * HOUR)
    assert case.code(START + 2 * DAY + HOUR) == ""


def test_accepting_is_recorded_with_both_moments_and_holds_once(case: Case) -> None:
    """Ahead or behind, time goes on from the accepted moment; the next jump is asked about again."""
    for later in (400 * DAY, -10 * DAY):
        at = START + later
        with case.store.read() as reader:
            last = seen(reader)
        assert case.code(at) != ""
        accept(case.store, at, OFFICE)
        assert case.code(at + HOUR) == ""
        assert case.code(at + 15 * DAY) == "clock_ahead"
        assert case.code(at - HOUR) == "clock_behind"
        event = case.events()[-1]
        assert (event.item, event.verb, event.recorded_at, event.decider) == (0, "accept_clock", at, HEAD)
        assert parse(event.body) == {"last_at": last, "now_at": at}
        with case.store.read() as reader:
            assert check(reader, PolicyShelf()) == []
    case.machine.at = START - 10 * DAY + MINUTE
    [outcome] = case.office.act([case.number], "accept", {}, OFFICE)
    assert outcome.events[0].recorded_at == case.machine.at


@pytest.fixture(name="_signals")
def _keep_signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize("later", [-HOUR, 2 * DAY, 5 * 365 * DAY])
@pytest.mark.parametrize("seen_by", ["the pass", "the guard"])
@pytest.mark.usefixtures("_signals")
def test_serve_stops_when_the_clock_is_set_and_fires_nothing(tmp_path: Path, later: int, seen_by: str) -> None:
    """Whether the pass reads the clock first or the guard: it ends with the doubt, no rung early; none is lost afterwards."""
    case = Case(Ledger(MemoryStore()))
    guarded = Machine(START)
    watch = Watch(guarded, elapsed)

    def office() -> Office:
        if seen_by == "the guard":  # the pass itself looks at a clock that nobody has set
            return case.office
        case.office.time = Watch(case.machine, elapsed)
        case.machine.at += later
        return case.office

    if seen_by == "the guard":
        guarded.at += later
    with pytest.raises(ClockDoubted) as doubted:
        heartbeat.run(office, str(tmp_path / "a.db"), 3600, str(tmp_path / "log"), watch)
    assert doubted.value.code == "clock_stepped"
    assert case.rungs() == []

    case.machine.at = START + 2 * DAY
    case.office.time = case.machine
    case.office.tick()
    again = Case(Ledger(MemoryStore()))
    again.machine.at = START + 2 * DAY
    again.office.tick()
    assert case.rungs() == again.rungs() != []


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.usefixtures("_signals")
def test_beats_missed_in_an_hour_of_sleep_are_made_up_for_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither thrown away, as APScheduler does by itself after one second, nor all sixty of them done."""
    case = Case(Ledger(MemoryStore()))
    beats: list[int] = []
    real = case.office.tick

    def tick() -> object:
        beats.append(1)
        return real()

    def woken(scheduler: BlockingScheduler) -> None:
        assert gc.isenabled()  # what goes on for weeks must not keep its garbage
        [job] = scheduler.get_jobs()
        job.modify(next_run_time=datetime.now(job.next_run_time.tzinfo) - timedelta(minutes=60, seconds=30))
        scheduler._process_jobs()  # noqa: SLF001 - what it does on waking, once
        scheduler.shutdown(wait=True)

    case.office.tick = tick  # type: ignore[method-assign,assignment]
    monkeypatch.setattr(BlockingScheduler, "_main_loop", woken)
    gc.disable()  # as `cli` does
    heartbeat.run(lambda: case.office, str(tmp_path / "a.db"), 60, str(tmp_path / "log"))
    assert len(beats) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.usefixtures("_signals")
def test_serve_keeps_what_it_has_seen(tmp_path: Path) -> None:
    """A beat leaves its moment in the database; a signal ends it as before."""
    case = Case(Ledger(MemoryStore()))
    case.machine.at = START + HOUR
    real = case.office.tick

    def tick() -> object:
        done = real()
        os.kill(os.getpid(), signal.SIGTERM)
        return done

    case.office.tick = tick  # type: ignore[method-assign,assignment]
    heartbeat.run(
        lambda: case.office, str(tmp_path / "a.db"), 3600, str(tmp_path / "log"), Watch(case.machine, elapsed)
    )
    with case.store.read() as reader:
        assert reader.setting(SEEN) == str(START + HOUR)
