"""Many clerks at once on one database, and what must hold of it afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple

from engine import organisation
from engine.canonical import canonical
from engine.clock import SteppedTime
from engine.context import Hand
from engine.event import REFUSED
from engine.loader import load
from engine.office import Office
from engine.row import EventQuery
from storage.creation import create
from storage.sqlite import open_store
from tests.trial import WORKFLOWS
from tests.verdict import prove
from workflows.calendars import shipped_edition

CLERK = Path(__file__).with_name("integration") / "clerk.py"
START = 1_683_509_400_000_000  # 2023-05-08 09:30 in Shanghai

SEESAW = """
[workflow]
id = "seesaw"
title = "轮办"
version = 1
initial = "idle"
serial = "LB"

[register]
title = "登记"
by = ["anyone"]
require = ["title"]

[fields]
title = { title = "问题", keep = "replace" }

[states.idle]
title = "待办"
stage = "handle"

[states.busy]
title = "办理中"
stage = "handle"

[states.done]
title = "办结"
stage = "closed"

[[transitions]]
verb = "take_up"
title = "着手"
from = ["idle"]
to = "busy"
by = ["anyone"]

[[transitions]]
verb = "lay_down"
title = "放下"
from = ["busy"]
to = "idle"
by = ["anyone"]

[[transitions]]
verb = "finish"
title = "办结"
from = ["busy"]
to = "done"
by = ["anyone"]

[clocks.total]
title = "办理时限"
main = true
runs_in = ["idle", "busy"]
limit = "90d"
ladder = "overdue"

[[ladders.overdue]]
level = 1
title = "第一级"
at = "0"
notify = ["leader.principal"]
"""


class Worked(NamedTuple):
    """What the clerks say: what each tried and what came of it, acts a second, and how long one of them waited at most."""

    tried: list[tuple[str, int, str, str, str]]
    rate: float
    longest: float
    counts: list[int]


def found(path: Path, items: int) -> None:
    """Make a database of so many items that are taken up and laid down."""
    create(path, {"installation": "test", "trial": "1"})
    with closing(open_store(path, seconds=60)) as store:
        office, hand = Office(store, SteppedTime(START)), Hand("os:test", "os:test")
        office.put_policy("calendar", "cn", canonical(shipped_edition().to_dict()), hand)
        bureau = organisation.from_data(tomllib.loads((WORKFLOWS / "bureau.toml").read_text(encoding="utf-8")))
        office.put_policy("organisation", "bureau", bureau.text, hand)
        office.put_policy("definition", "seesaw", load(SEESAW).text, hand, "{}")
        sheets: list[Any] = [({"title": f"第 {number} 件"}, None) for number in range(items)]
        office.register("seesaw", sheets, Hand("o13", "o13"))


def work(path: Path, counts: list[int], spans: list[tuple[int, int]], *faults: str) -> Worked:
    """Let one clerk a count try so many acts, each on the items of its span, all from the same moment on."""
    told = []
    with ExitStack() as opened:
        clerks = [
            opened.enter_context(subprocess.Popen(
                [sys.executable, str(CLERK), str(path), f"clerk{n}", str(count), *map(str, span), *faults],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
            ))
            for n, (count, span) in enumerate(zip(counts, spans, strict=True))
        ]  # fmt: skip
        pipes = [(clerk.stdin, clerk.stdout) for clerk in clerks]
        for _, said in pipes:
            assert said is not None
            assert said.readline() == "ready\n"
        for begin, _ in pipes:
            assert begin is not None
            begin.write("go\n")
            begin.flush()
        for _, said in pipes:
            assert said is not None
            told.append(json.loads(said.read()))
    tried = [tuple(one) for each in told for one in each["tried"]]
    seconds = max(each["seconds"] for each in told)
    return Worked(tried, len(tried) / seconds, max(each["longest"] for each in told), counts)


def turns(path: Path, worked: Worked) -> list[int]:
    """Return how many acts each clerk had in the record when the first of them had all of its own there."""
    had = dict.fromkeys((f"clerk{n}" for n in range(len(worked.counts))), 0)
    with closing(open_store(path)) as store, store.read() as reader:
        for event in reader.events(EventQuery()):
            if event.command_id:
                name = event.command_id.partition("-")[0]
                had[name] += 1
                if had[name] == max(worked.counts):
                    break
    return list(had.values())


def look_over(path: Path, worked: Worked) -> None:
    """None lost, none doubled, each refusal explained and right at its place in the record; the whole proved."""
    with closing(open_store(path)) as store:
        prove(store)
        with store.read() as reader:
            events = [event for event in reader.events(EventQuery()) if event.command_id]
    codes = {code for *_, code, _ in worked.tried}
    assert codes <= {"", "not_in_state", "done_by_other"}, codes
    assert sorted(event.command_id for event in events) == sorted(command for command, *_ in worked.tried)
    came = {command: (item, verb, bool(code)) for command, item, verb, code, _ in worked.tried}
    busy: Counter[int] = Counter()
    for event in events:
        fits = (event.verb == "take_up") != bool(busy[event.item])
        refused = event.result == REFUSED
        assert came[event.command_id] == (event.item, event.verb, refused), event
        assert refused != fits, event
        busy[event.item] += 0 if refused else 1 if event.verb == "take_up" else -1
    for *_, code, said in worked.tried:
        assert not code or (said.endswith("。") and ("现为" in said or "已由" in said)), said
