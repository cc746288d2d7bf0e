"""What comes round: each period and unit exactly once, the same whenever anybody looked."""

from __future__ import annotations

import random
import tomllib
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from engine.check import check
from engine.clock import parse_instant
from engine.context import Hand
from engine.errors import Refused
from engine.loader import load
from engine.row import EventQuery, ItemQuery, from_text
from engine.work import Work
from storage.memory import MemoryStore
from tests.trial import RIVER, RIVER_HEAD, WORKFLOWS, Ledger
from workflows.index import index_of

if TYPE_CHECKING:
    from engine.item import Item
    from engine.ports import Store

HEAD, VERIFIER = "o15", "o17"  # 局组织人事处 韩玉梅、宋佳：定期任务由其牵头
BASE = {"every": "1mo", "starts_on": "2023-05-08", "ends_on": "2023-08-31", "for_units": ["river", "sanitation"]}


class Tasks(Ledger):
    """A bureau that holds recurring tasks as well."""

    def __init__(self, store: Store) -> None:
        """Put the definition of tasks beside the others."""
        super().__init__(store)
        definition = load((WORKFLOWS / "task.toml").read_text(encoding="utf-8"))
        self.office.put_policy("definition", "task", definition.text, Hand("os:test", "os:test"), index_of(definition))

    def series(self, **fields: object) -> int:
        """Register a recurring task."""
        given = {"title": "党课月月讲"} | BASE | fields
        return self.office.register("task", [(given, None)], Hand(HEAD, HEAD))[0].after.number

    def states(self) -> dict[int, str]:
        """Return the state of every item."""
        with self.office.store.read() as reader:
            return {row.number: row.state for row in reader.rows(ItemQuery())}

    def instances(self) -> list[Item]:
        """Return everything that was brought forth, by number."""
        with self.office.store.read() as reader:
            found = [from_text(row.body) for row in reader.rows(ItemQuery(workflows=("task",)))]
        return [item for item in found if item.fields.get("series")]


@pytest.fixture(name="tasks")
def _tasks() -> Tasks:
    return Tasks(MemoryStore())


def test_each_period_brings_forth_one_item_for_each_unit(tasks: Tasks) -> None:
    """On its first day, due on its last; the last period ends with the series."""
    series = tasks.series()
    tasks.at("2023-06-07 23:59")
    assert [item.text("period") for item in tasks.instances()] == ["2023-05-08/2023-06-07"] * 2
    tasks.at("2023-12-31 09:00")
    found = [(item.text("lead_unit"), item.text("period"), item.text("limit")) for item in tasks.instances()]
    periods = ["2023-05-08/2023-06-07", "2023-06-08/2023-07-07", "2023-07-08/2023-08-07", "2023-08-08/2023-08-31"]
    assert found == [(unit, period, period[-10:]) for period in periods for unit in ("river", "sanitation")]
    assert {item.fields["series"] for item in tasks.instances()} == {series}
    with tasks.office.store.read() as reader:
        assert check(reader, tasks.office.shelf) == []


def test_an_instance_goes_its_way(tasks: Tasks) -> None:
    """Filled in by the unit, verified by another; its rungs tell the head; the series goes on."""
    tasks.series()
    tasks.at("2023-05-10 09:00")
    one = tasks.instances()[0].number
    tasks.act(RIVER, "fill_in", one, held_on="2023-05-09", outcome="开展一次集中学习")
    with pytest.raises(Refused, match="not_allowed"):
        tasks.act(RIVER, "verify", one)
    tasks.act(VERIFIER, "verify", one)
    tasks.at("2023-06-20 09:00")
    states = [item.state for item in tasks.instances()]
    assert states == ["done", "issued", "issued", "issued"]
    late = tasks.instances()[1]
    assert sorted(late.crossed) == ["task:1:0", "task:1:1", "task:1:2"]


def test_what_ended_before_it_was_registered_is_not_made_up(tasks: Tasks) -> None:
    """Registered in July, a series that began in May begins with the period under way, from the moment of its registration."""
    tasks.at("2023-07-12 10:00")
    tasks.series()
    found = tasks.instances()
    assert {item.text("period") for item in found} == {"2023-07-08/2023-08-07"}
    assert {item.registered_at for item in found} == {parse_instant("2023-07-12 10:00")}


def test_a_stopped_series_brings_nothing_forth(tasks: Tasks) -> None:
    """What was issued stays."""
    series = tasks.series()
    tasks.at("2023-06-09 09:00")
    tasks.act(HEAD, "stop_series", series, reason="任务合并")
    tasks.at("2023-12-31 09:00")
    assert len(tasks.instances()) == 4


def test_a_change_of_units_holds_for_later_periods(tasks: Tasks) -> None:
    """The period under way keeps its units; one named twice gets one item."""
    series = tasks.series()
    tasks.at("2023-05-20 09:00")
    tasks.act(HEAD, "change_series", series, reason="机构调整", for_units=["river", "greening", "river"])
    tasks.at("2023-06-20 09:00")
    assert [item.text("lead_unit") for item in tasks.instances()] == ["river", "sanitation", "river", "greening"]


def test_a_refused_act_on_a_series_keeps_what_had_come_round(tasks: Tasks) -> None:
    """A command settles first; its refusal does not undo that."""
    series = tasks.series()
    tasks.time.set(parse_instant("2023-06-20 09:00"))
    with pytest.raises(Refused):
        tasks.act(RIVER_HEAD, "stop_series", series, reason="不想做了")
    assert len(tasks.instances()) == 4
    with tasks.office.store.read() as reader:
        assert check(reader, tasks.office.shelf) == []


def test_a_dry_run_brings_nothing_forth(tasks: Tasks) -> None:
    """Nothing is written, whatever was due."""
    series = tasks.series()
    tasks.time.set(parse_instant("2023-06-20 09:00"))
    tasks.office.act([series], "stop_series", {"reason": "试运行"}, Hand(HEAD, HEAD), dry_run=True)
    assert len(tasks.instances()) == 2


def record(
    ticks: list[str], series: int, units: int, years: int, batch: int = 200
) -> tuple[list[tuple[int, str, int, str, str]], int]:
    """Let series run under some ticks; return every entry in its order, and how many items they brought forth."""
    tasks = Tasks(MemoryStore())
    bureau = tomllib.loads((WORKFLOWS / "bureau.toml").read_text(encoding="utf-8"))
    every = [unit["id"] for unit in bureau["units"]][1 : units + 1]
    end = date(2023, 5, 8) + timedelta(days=365 * years)
    for number in range(series):
        tasks.series(ends_on=end.isoformat(), for_units=every, every=("2w", "1mo", "10d")[number % 3])
    for tick in (*ticks, f"{end} 23:00"):
        tasks.time.set(parse_instant(tick))
        tasks.office.tick(batch)
    with tasks.office.store.read() as reader:
        entries = [(e.item, e.verb, e.effective_at, e.decider, e.body) for e in reader.events(EventQuery()) if e.item]
    return entries, len(tasks.instances())


def moments(seed: int, count: int, years: int) -> list[str]:
    """Return moments in order, anywhere in the years."""
    chance = random.Random(seed)  # noqa: S311 - a test's own
    found = sorted((chance.randrange(1, 365 * years), chance.randrange(8 * 60, 18 * 60)) for _ in range(count))
    return [f"{date(2023, 5, 8) + timedelta(days=day)} {at // 60:02}:{at % 60:02}" for day, at in found]


@pytest.mark.parametrize(
    ("patterns", "count", "series", "units", "years", "least"),
    [(3, 40, 3, 3, 1, 150), pytest.param(2, 600, 42, 10, 10, 100_000, marks=pytest.mark.slow)],
    ids=["short", "long"],
)
def test_it_does_not_matter_when_anybody_looked(
    patterns: int, count: int, series: int, units: int, years: int, least: int
) -> None:
    """One tick at the very end, and random ones: the same items, numbers, entries and rungs, in the same order."""
    alone, items = record([], series, units, years)
    assert items >= least
    for seed in range(patterns):
        entries, number = record(moments(seed, count, years), series, units, years)
        assert number == items
        assert entries == alone


def test_a_batch_divides_no_moment() -> None:
    """However little one transaction takes, the entries of one moment stand in the same order."""
    alone, _ = record([], 3, 3, 1)
    for batch in (1, 7, 20):
        assert record(moments(5, 12, 1), 3, 3, 1, batch)[0] == alone


def test_the_comparison_sees_a_moment_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: batches that end in the midst of a moment are found out."""

    def naive(job: Work, found: list[tuple[Item, int]], *, whole: bool) -> list[int]:
        job.until = None if whole else found[-1][1]
        return [job.load(item.number).number for item, _ in found]

    monkeypatch.setattr(Work, "gather", naive)
    assert any(record(moments(5, 12, 1), 3, 3, 1, batch)[0] != record([], 3, 3, 1)[0] for batch in (7, 20))


def test_a_series_ends_with_its_last_day(tasks: Tasks) -> None:
    """It stops by itself when its last day is over, not before; what it brought forth goes on."""
    series = tasks.series()
    tasks.at("2023-08-31 23:59")
    assert tasks.states()[series] == "scheduled"
    tasks.at("2023-09-01 00:00")
    assert tasks.states()[series] == "stopped"
    assert {item.state for item in tasks.instances()} == {"issued"}


def test_the_comparison_sees_who_looked_when(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: items that are numbered as they are come upon, and not in the order of their moments, are found out."""
    monkeypatch.setattr(Work, "put_in_order", lambda _: None)
    assert record(moments(1, 20, 1), 3, 2, 1)[0] != record([], 3, 2, 1)[0]
