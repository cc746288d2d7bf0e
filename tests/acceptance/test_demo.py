"""`siban demo` as a new user runs it: the story is told, the database is kept, and every command it suggests works."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.row import EventQuery, ItemQuery
from storage.sqlite import open_store

if TYPE_CHECKING:
    from engine.event import Event
    from engine.item import Item

SIBAN = Path(sys.executable).with_name("siban")
RETIRED = ("留痕", "封存", "返工", "复核", "重启", "派单", "改派", "档", "挂账")
MOST_LINES = 132


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the installed command."""
    environment = {**os.environ, "PYTHONUTF8": "1"}
    environment.pop("COLUMNS", None)  # pytest-xdist sets a width
    return subprocess.run(
        [SIBAN, *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


class Kept:
    """A demo that has run: what it printed, and what its database holds."""

    def __init__(self, folder: Path) -> None:
        """Run it in a folder of its own."""
        self.folder, self.path = folder, folder / "试用 1.db"
        self.done = run("demo", "--keep", self.path.name, cwd=folder)
        self.events: list[Event] = []
        self.items: list[Item] = []
        if self.path.exists():
            store = open_store(self.path)
            with store.read() as reader:
                self.events = list(reader.events(EventQuery()))
                found = [reader.item(row.number) for row in reader.rows(ItemQuery())]
                self.items = [item for item in found if item]
                self.rows = [row._replace(body="") for row in reader.rows(ItemQuery())]
                self.crossings = list(reader.crossings())
                self.notices = list(reader.notices())
            store.close()

    def requests(self, kind: str, state: str) -> int:
        """Count applications."""
        return sum(request.kind == kind and request.state == state for item in self.items for request in item.requests)

    def suggested(self) -> list[list[str]]:
        """Read the commands that its last lines suggest."""
        lines = self.done.stdout.split("接着试：\n")[1].splitlines()
        return [shlex.split(line.partition("#")[0])[1:] for line in lines]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Run the demo once for all questions."""
    return Kept(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def copied(kept: Kept, tmp_path: Path) -> Path:
    """Copy the database, for a test that changes it."""
    shutil.copy(kept.path, tmp_path)
    return tmp_path


def test_it_ends_well_and_keeps_its_database(kept: Kept) -> None:
    """It exits with 0, says nothing on standard error, and fits in what a newcomer reads."""
    assert kept.done.returncode == 0, kept.done.stderr
    assert kept.done.stderr == ""
    assert kept.path.exists()
    assert len(kept.done.stdout.splitlines()) <= MOST_LINES
    assert [word for word in RETIRED if word in kept.done.stdout] == []


def test_the_ledger_has_every_problem_over_lists_and_sources(kept: Kept) -> None:
    """All 41 items are listed, one a line, over four lists and five sources."""
    listed = run("--db", kept.path.name, "list", "-n", "0", "-o", "jsonl", cwd=kept.folder)
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert len(rows) == len({row["number"] for row in rows}) == 41
    assert len({item.fields["track"] for item in kept.items}) == 4
    assert len({item.fields["source"] for item in kept.items}) == 5


def test_the_ledger_equals_the_record(kept: Kept) -> None:
    """`check` is silent and content."""
    checked = run("--db", kept.path.name, "check", cwd=kept.folder)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_everything_in_the_story_happens(kept: Kept) -> None:
    """Each kind of event comes as often as the story says; nothing was refused on the way."""
    verbs = Counter(event.verb for event in kept.events)
    assert {event.result for event in kept.events} == {"done"}
    assert sum(item.text("handler") in item.acts["register"].by for item in kept.items) == 10  # mend
    assert kept.requests("extension", "granted") == 3
    assert kept.requests("extension", "refused") == 1
    assert kept.requests("return", "granted") == 1
    assert kept.requests("return", "refused") == 1
    assert kept.requests("suspension", "granted") == verbs["resume"] == 2
    assert kept.requests("longterm", "granted") == 1
    told = {"reassign": 1, "send_back": 4, "redo": 2, "submit_upstream": 5, "return_plan": 2, "publicise": 2}
    assert {verb: verbs[verb] for verb in told} == told
    assert Counter(item.state for item in kept.items) == {
        "closed": 34,
        "rectifying": 3,
        "unit_review": 1,
        "longterm": 1,
        "merged": 1,
        "rejected": 1,
    }


def test_what_is_stuck_has_climbed_the_ladder(kept: Kept) -> None:
    """Two items reached the last level; papers were released, one withheld with a reason, one left to decide."""
    high = {crossing.item for crossing in kept.crossings if (crossing.clock, crossing.level) == ("total", 5)}
    stuck = [item for item in kept.items if item.number in high]
    assert [item.state for item in stuck] == ["rectifying", "rectifying"]
    papers = Counter(notice.status for notice in kept.notices if notice.release != "auto")
    assert papers.keys() == {"released", "withheld", "draft"}
    withheld = [event for event in kept.events if event.verb == "withhold"]
    assert all('"reason"' in event.body for event in withheld)


def test_rungs_are_recorded_close_to_their_moment(kept: Kept) -> None:
    """The heartbeat beats each half hour of the simulated time."""
    assert all(0 <= crossing.crossed_at - crossing.planned_at <= 30 * 60_000_000 for crossing in kept.crossings)


def test_decisions_on_paper_name_who_entered_them(kept: Kept) -> None:
    """Plans that the party group approved are entered by the office, with the minutes as their basis."""
    entered = [event for event in kept.events if event.decider == "party_group"]
    assert {event.verb for event in entered} == {"approve_plan"}
    assert all(event.enterer == "o13" and "会议纪要" in event.basis for event in entered)
    assert all(event.effective_at < event.recorded_at for event in entered)


def test_each_suggestion_works(kept: Kept, copied: Path) -> None:
    """Every command of the last lines exits with 0 on the database that was left, one after the other."""
    suggested = kept.suggested()
    assert len(suggested) > 5
    for words in suggested:
        done = run(*words, cwd=copied)
        assert done.returncode == 0, (words, done.stderr)


def test_it_overwrites_only_what_it_may(kept: Kept, copied: Path) -> None:
    """A database that is there is left alone; with --force a trial one is made anew, a real one never."""
    before = kept.path.read_bytes()
    again = run("demo", "--keep", kept.path.name, cwd=copied)
    assert again.returncode == 1
    assert again.stdout == ""
    assert "--force" in again.stderr
    assert (copied / kept.path.name).read_bytes() == before
    assert run("--db", "局.db", "init", cwd=copied).returncode == 0
    for path in ("局.db", "说明.txt"):
        (copied / "说明.txt").write_text("不是数据库", encoding="utf-8")
        real = (copied / path).read_bytes()
        refused = run("demo", "--keep", path, "--force", cwd=copied)
        assert refused.returncode == 1
        assert (copied / path).read_bytes() == real


def test_two_runs_tell_the_same_story(kept: Kept, copied: Path) -> None:
    """Made anew over a trial database, it is the same but for the salts of reporters' names."""
    assert run("demo", "--keep", kept.path.name, "--覆盖", cwd=copied).returncode == 0
    store = open_store(copied / kept.path.name)
    with store.read() as reader:
        events = list(reader.events(EventQuery()))
        crossings, notices = list(reader.crossings()), list(reader.notices())
        rows = [row._replace(body="") for row in reader.rows(ItemQuery())]
    store.close()
    assert [told(event) for event in events if event.item] == [told(event) for event in kept.events if event.item]
    assert (rows, crossings, notices) == (kept.rows, kept.crossings, kept.notices)


def told(event: Event) -> Event:
    """Leave out of an event what hangs on a salt."""
    return event._replace(body=re.sub(r'"commitment":"[0-9a-f]+"', "", event.body), prev="", hash="")
