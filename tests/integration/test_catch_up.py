"""Nothing is lost, told twice or told early: thirty days of two heartbeats that are killed again and again, with a week of none.

Four people are told about each item that nobody acts on, one at each rung. Who is told of what when is worked out by the slow clock.
"""

from __future__ import annotations

import random
import tomllib
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine import organisation
from engine.canonical import canonical
from engine.check import check
from engine.clock import DAY, HOUR, MINUTE, SteppedTime, civil, from_datetime, parse_instant
from engine.context import Hand
from engine.edition import edition_from_dict
from engine.loader import load
from engine.office import Office
from engine.policy import PolicyShelf
from storage.place import create, on_server, open_store
from tests import slow_clock
from tests.heartbeat import Heartbeat
from tests.slow_clock import Case, Days
from workflows.calendars import shipped_edition

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tests.postgres import Server

WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows"
START = parse_instant("2023-05-08 09:00")
END = START + 30 * DAY
STOPPED = parse_instant("2023-05-15 12:00")
AGAIN = STOPPED + 7 * DAY
TOLD = ("o27", "o25", "o04", "o01")  # 金晓, 倪国平, 潘立群, 陆志恒: by rung

EDITION: dict[str, Any] = {
    "id": "cn",
    "hours": [["08:30", "12:00"], ["13:30", "17:30"]],
    "years": shipped_edition().to_dict()["years"],
}

WATCH = """
[workflow]
id = "watch"
title = "盯办"
version = 1
initial = "open"
serial = "PB"

[register]
title = "登记"
by = ["anyone"]
require = ["title", "lead_unit", "handler"]

[fields]
title = { title = "问题", keep = "replace" }
lead_unit = { title = "主办单位", kind = "unit", keep = "replace" }
handler = { title = "责任人", kind = "officer", keep = "replace" }

[states.open]
title = "办理中"
stage = "handle"
owner = "lead_unit.handler"

[states.done]
title = "办结"
stage = "closed"

[[transitions]]
verb = "finish"
title = "办结"
from = ["open"]
to = "done"
by = ["lead_unit"]

[clocks.total]
title = "办理时限"
main = true
runs_in = ["open"]
limit = "24wh"
ladder = "overdue"
"""
RUNG = """
[[ladders.overdue]]
level = {level}
title = "第{level}级"
at = "{at}"
notify = ["{who}"]
"""
RUNGS = (("0", "lead_unit.handler"), ("+1wd", "lead_unit.head"), ("+24wh", "superior(2)"), ("+6wd", "leader.principal"))


def founded(place: str, time: SteppedTime) -> Office:
    """Make a database with a workflow of one clock and four rungs."""
    create(place, {"installation": "test", "trial": "1"})
    office = Office(open_store(place), time)
    hand = Hand("os:test", "os:test")
    office.put_policy("calendar", "cn", canonical(edition_from_dict(EDITION).to_dict()), hand)
    bureau = organisation.from_data(tomllib.loads((WORKFLOWS / "bureau.toml").read_text(encoding="utf-8")))
    office.put_policy("organisation", "bureau", bureau.text, hand)
    rungs = "".join(RUNG.format(level=n, at=at, who=who) for n, (at, who) in enumerate(RUNGS, 1))
    office.put_policy("definition", "watch", load(WATCH + rungs).text, hand, "{}")
    return office


def arrivals(items: int, dice: random.Random) -> list[int]:
    """Roll when the items come in: at any minute of the first ten days, in the week without a beat as well."""
    return sorted(START + dice.randrange(10 * DAY // MINUTE) * MINUTE for _ in range(items))


def expected(came: Iterable[int]) -> list[tuple[int, int, str, int]]:
    """Work out who is told of which item at which rung for what moment: (moment, item, receiver, level), in order."""
    days = Days(EDITION)
    planned: list[tuple[int, int, str, int]] = []
    for number, at in enumerate(came, 1):
        moment = _hours_on(civil(at).replace(tzinfo=None), days)
        moments = moment, _days_on(moment, 1, days), _hours_on(moment, days), _days_on(moment, 6, days)
        planned += [
            (from_datetime(when), number, who, level)
            for level, (when, who) in enumerate(zip(moments, TOLD, strict=True), 1)
        ]
    return sorted(planned)


def _hours_on(moment: datetime, days: Days) -> datetime:
    """24 hours of office time later."""
    return slow_clock.due(Case(moment, (24, "wh"), roll=True, pauses=(), moves=()), days)


def _days_on(moment: datetime, amount: int, days: Days) -> datetime:
    """The close of so many working days later."""
    close = days.close(moment.date())
    for _ in range(amount):
        close = days.working_close_after(close)
    return close


def live(place: str, items: int, kills: int, *faults: str, beats: int = 2) -> None:
    """Let thirty days pass over a database, and look at everything that must hold. Raises with what does not."""
    dice = random.Random(items)  # noqa: S311 - a test's own dice
    came, time = arrivals(items, dice), SteppedTime(START)
    office, batch, killed = founded(place, time), max(items // 400, 2), 0
    waiting = list(came)
    with ExitStack() as stack:
        heartbeats = [stack.enter_context(Heartbeat(*faults)) for _ in range(beats)]
        for now in range(START, END + 1, HOUR):
            time.set(now)
            new = [at for at in waiting if at <= now]
            if new:
                waiting = waiting[len(new) :]
                sheets: list[Any] = [({"title": "问题", "lead_unit": "river", "handler": TOLD[0]}, at) for at in new]
                office.register("watch", sheets, Hand("o13", "o13"))
            if STOPPED <= now < AGAIN:
                continue
            for heartbeat in heartbeats:
                heartbeat.begin(place, now, batch)
            for heartbeat in heartbeats:
                doomed = killed < kills and now < END and (now == AGAIN or dice.random() < 0.7)
                killed += heartbeat.end(dies_after=dice.randint(1, 3) if doomed else 0) is None
    assert killed == kills, "there were not enough passes to kill"
    look_over(office, came, in_order=not on_server(place))
    office.store.close()


def look_over(office: Office, came: list[int], *, in_order: bool) -> None:
    """What was told is what had to be, in order, none early; nothing else is amiss either.

    On a server the heartbeats share the items out among them: there the order is each item's own.
    """
    with office.store.read() as reader:
        notices = list(reader.notices())
        crossings = list(reader.crossings())
        faults = check(reader, PolicyShelf())
    told = [(n.planned_at, n.item, n.receiver, n.level) for n in notices]
    assert len(told) == len(came) * len(TOLD), f"{len(told)} notices"
    assert sorted(told) == expected(came)
    key = (lambda n: n.planned_at) if in_order else (lambda n: (n.item, n.planned_at))
    found = notices if in_order else sorted(notices, key=lambda n: n.item)
    assert [key(n) for n in found] == sorted(key(n) for n in found)
    assert [c for c in crossings if c.crossed_at < c.planned_at] == []
    assert [c.seq for c in crossings] == [n.seq for n in notices]
    assert faults == []


def test_each_is_told_once_in_order_and_none_early(tmp_path: Path) -> None:
    """The short form: 60 items, 3 kills, 240 notices."""
    live(str(tmp_path / "office.db"), 60, 3)


def test_each_is_told_once_by_three_machines(server: Server) -> None:
    """Three heartbeats on one PostgreSQL database, two of them killed now and then."""
    live(server.url(server.new()), 40, 3, beats=3)


@pytest.mark.slow
def test_eight_thousand_notices_by_three_machines(server: Server) -> None:
    """The long form of it."""
    live(server.url(server.new()), 2000, 30, beats=3)


def test_a_heartbeat_that_tells_late_is_found_out(tmp_path: Path) -> None:
    """Control: one that crosses the rungs first and tells afterwards loses notices to the kills."""
    with pytest.raises(AssertionError, match=r"^\d+ notices"):
        live(str(tmp_path / "office.db"), 60, 3, "careless")


@pytest.mark.slow
def test_eight_thousand_notices_survive_thirty_kills(tmp_path: Path) -> None:
    """2,000 items at four rungs, 30 days with a week of none, two heartbeats, 30 kills: 8,000 notices."""
    live(str(tmp_path / "office.db"), 2000, 30)
