"""A ledger whose rows are decided by several processes comes in as one that this process decides."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from engine import intake
from engine.check import check
from engine.clock import DAY, parse_instant
from engine.context import Hand
from engine.errors import FaultsFound, Refused
from engine.intake import Entry, take_in
from engine.loader import load
from engine.row import EventQuery, ItemQuery
from engine.takeover import Standing
from interfaces import deciding
from storage.memory import MemoryStore
from tests.trial import CLERK, END, HEAD, LEADER, RIVER, WORKFLOWS, Ledger
from workflows.index import index_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.intake import Deciding, Taken

ME = Hand(CLERK, CLERK, '{"kind":"old_ledger","ref":"台账.xlsx"}')
CAME = parse_instant("2023-05-10 10:00")


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "AT_ONCE", 3)


def office() -> Ledger:
    """Return a bureau with projects and recurring tasks as well."""
    ledger = Ledger(MemoryStore(), END)
    for name in ("task", "project", "milestone"):
        definition = load((WORKFLOWS / f"{name}.toml").read_text(encoding="utf-8"))
        ledger.office.put_policy("definition", name, definition.text, Hand("os:test", "os:test"), index_of(definition))
    return ledger


def rows(count: int) -> list[Entry]:
    """Make rows of a ledger in turn: only registered, in hand, closed."""
    made = []
    for number in range(count):
        at = CAME + number * 3_600_000_000
        working = Standing("rectifying", at, {"lead_unit": "river", "handler": RIVER}, started=at)
        closed = Standing("closed", at + 3 * DAY, {}, started=at, done=at + 2 * DAY)
        fields = {"title": f"第{number + 1}处", "source": "self_check", "track": "immediate"}
        made.append(Entry(fields, at, ((), (working,), (working, closed))[number % 3]))
    return made


class Counted:
    """The way by several processes, and how many batches it answered and left open."""

    def __init__(self, workflow: str = "siban", hand: Hand = ME) -> None:
        """Begin with none."""
        self.answered = self.open = 0
        self._way = partial(deciding.together, workflow, hand, None)

    def __call__(self, *asked: Any) -> Any:  # noqa: ANN401 - a `Deciding`
        """Answer, and count."""
        for batch, decided in self._way(*asked):
            self.answered += decided is not None
            self.open += decided is None
            yield batch, decided


def enter(ledger: Ledger, entries: Sequence[Entry], way: Deciding | None, **how: Any) -> list[Taken]:  # noqa: ANN401 - as `take_in` takes them
    """Take rows in; what they come to must be what their events say."""
    workflow, hand = how.pop("workflow", "siban"), how.pop("hand", ME)
    taken = take_in(ledger.office, workflow, entries, hand, deciding=way, **how)
    with ledger.office.store.read() as reader:
        assert check(reader, ledger.office.shelf) == []
    return taken


def content(ledger: Ledger) -> list[object]:
    """Return the whole record, with its hashes, and every row."""
    with ledger.office.store.read() as reader:
        return [*reader.events(EventQuery()), *reader.rows(ItemQuery()), *reader.notices()]


def test_several_processes_decide_the_same() -> None:
    """The same entries with the same hashes, the same rows, the same answers; every batch was decided by another process."""
    here, there, way = office(), office(), Counted()
    assert enter(there, rows(20), way) == enter(here, rows(20), None)
    assert content(there) == content(here)
    assert (way.answered, way.open) == (7, 0)


def test_a_trial_run_writes_nothing() -> None:
    """It says what would become of the rows."""
    here, there = office(), office()
    before = content(there)
    assert enter(there, rows(8), Counted(), dry_run=True) == enter(here, rows(8), None)
    assert content(there) == before


def test_numbers_of_old_are_kept() -> None:
    """Into an empty database items come with their numbers, whichever process met them."""
    here, there, way = office(), office(), Counted()
    numbered = [entry._replace(number=number) for entry, number in zip(rows(7), (4, 0, 9, 2, 0, 0, 30), strict=True)]
    assert [one.number for one in enter(there, numbered, way)] == [4, 5, 9, 10, 11, 12, 30]
    enter(here, numbered, None)
    assert content(there) == content(here)
    assert way.open == 0


def test_a_refused_row_is_told_as_before() -> None:
    """Its batch is decided here, and so are those after it; the faults are the same, and nothing is written."""
    wrong = rows(12)
    wrong[4] = wrong[4]._replace(came_in=parse_instant(END) + DAY)
    wrong[10] = wrong[10]._replace(fields={"title": "没有来源"})
    found = []
    for way in (Counted(), None):
        ledger = office()
        before = content(ledger)
        with pytest.raises(FaultsFound, match="entries_refused") as refused:
            enter(ledger, wrong, way)
        assert content(ledger) == before
        faults: Any = refused.value.data["faults"]
        found.append([(index, error.code, error.data) for index, error in faults])
    assert found[0] == found[1]
    assert [index for index, *_ in found[0]] == [4, 10]


def test_who_may_not_is_told_at_once() -> None:
    """It is about the person, and not about a row."""
    with pytest.raises(Refused, match="not_allowed"):
        enter(office(), rows(4), Counted(hand=Hand(RIVER, RIVER)), hand=Hand(RIVER, RIVER))


def test_what_comes_due_at_once_moves_the_rest() -> None:
    """A recurring task that has begun brings forth an item at once: before the next batch stands more than was expected."""
    base: dict[str, object] = {"every": "1mo", "ends_on": "2023-08-31", "for_units": ["river"]}
    starts = ["2023-06-01", *["2023-07-01"] * 7]
    series = [Entry({"title": f"任务{n}", "starts_on": day} | base, CAME) for n, day in enumerate(starts)]
    hand = Hand("o15", "o15")
    here, there, way = office(), office(), Counted("task", hand)
    enter(here, series, None, workflow="task", hand=hand)
    enter(there, series, way, workflow="task", hand=hand)
    assert content(there) == content(here)
    assert (way.answered, way.open) == (2, 1)
    with there.office.store.read() as reader:
        assert reader.next_item() == len(series) + 2


def test_what_only_the_record_can_say_is_asked_here() -> None:
    """A row that refers to another item: no other process knows that one."""
    found = []
    for way in (Counted("milestone", Hand(HEAD, HEAD)), None):
        ledger = office()
        project = ledger.register(
            HEAD, "project", title="专项整治", commander=LEADER, lead_unit="river", ends_on="2023-08-31"
        )
        parts = [
            Entry({"title": f"节点{n}", "project": project, "lead_unit": "river", "limit": "2023-07-10"}, None)
            for n in range(4)
        ]
        enter(ledger, parts, way, workflow="milestone", hand=Hand(HEAD, HEAD))
        found.append(content(ledger))
        assert way is None or (way.answered, way.open) == (0, 2)
    assert found[0] == found[1]


def test_reporters_are_kept_beside_the_record() -> None:
    """Their commitments have salts of their own, made by whoever decided the row."""
    ledger = office()
    named = [
        entry._replace(fields={**entry.fields, "source": "citizen", "reporter": f"王{n}", "contact": "13800000000"})
        for n, entry in enumerate(rows(6))
    ]
    enter(ledger, named, Counted())
    with ledger.office.store.read() as reader:
        kept = list(reader.reporters())
    assert [one.name for one in kept] == [f"王{n}" for n in range(6)]
    assert len({one.salt for one in kept}) == len(kept)
