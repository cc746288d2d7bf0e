"""A ledger whose rows are read and decided by several processes comes in as one that this process reads and decides."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

import cli
from engine import intake
from engine.check import check
from engine.clock import DAY, parse_instant
from engine.context import Hand
from engine.errors import FaultsFound, Refused
from engine.intake import Entry, take_in
from engine.loader import load
from engine.row import EventQuery, ItemQuery
from engine.takeover import Standing
from interfaces import crew, problem_list
from interfaces.crew import Crew
from interfaces.deciding import decide_together
from interfaces.problem_list import read_problems
from interfaces.problem_row import Choice
from interfaces.session import Session
from storage.memory import MemoryStore
from storage.sqlite import open_store
from tests.trial import CLERK, END, HEAD, LEADER, RIVER, WORKFLOWS, Ledger
from workflows.index import index_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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
        self._terms = workflow, hand, None

    def __call__(self, *asked: Any) -> Any:  # noqa: ANN401 - a `Deciding`
        """Answer, and count."""
        with Crew() as crew:
            for batch, decided in decide_together(crew, *self._terms, *asked):
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


LEDGER = """序号,编号,清单类别,问题,问题来源,发现日期,主办单位,责任人,整改时限,整改措施,整改情况,状态,完成日期
1,T-1,即知即改的问题,河道漂浮垃圾,调查研究,2023-05-06,河道署,金晓,2023年5月12日,1.打捞（河道署，2023-05-10前）,已清理,已销号,2023-05-10
2,T-2,即知即改的问题,垃圾箱房异味,学习研讨,2023-05-07,环卫事务中心,,尽快,清洗,,整改中,
3,T-3,没有的清单,河长牌未更新,学习研讨,2023-05-07,河道署,金晓,6月底前,更换,,整改中,
4,T-4,即知即改的问题,尚未交办,学习研讨,2023-05-08,,,15日,已拟措施,,,
,,,,,,,,,,,,
6,T-6,即知即改的问题,没有的单位,学习研讨,2023-05-08,水利站,,15日,疏通,,整改中,
7,T-7,即知即改的问题,日期在后,学习研讨,2023-09-08,河道署,,15日,疏通,,整改中,
"""


def test_several_processes_read_the_same(book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines, faults with their places, limits that leaned on something, blank rows, remarks: all as this process finds them."""
    ledger = tmp_path / "台账.csv"
    head, *lines = LEDGER.splitlines(keepends=True)
    ledger.write_text(head + "".join(lines) * 3, encoding="utf-8")
    monkeypatch.setattr(problem_list, "AT_ONCE", 4)
    monkeypatch.setattr(crew, "PAYS", 1)
    session = Session(str(book), "方文静", END)
    alone = read_problems(str(ledger), {}, session, "siban", Choice())
    with Crew() as working:
        together = read_problems(str(ledger), {}, session, "siban", Choice(), crew=working)
        assert working.begun == (crew.processors() > 1)
    session.close()
    assert together == alone
    assert len(alone.faults) >= 3 * 3
    assert len(alone.lines) == 3 * 6
    assert alone.limits
    assert alone.notes


def test_the_command_takes_a_large_ledger_in_with_others(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read and decided by others from start to end, the record is the same."""
    ledger = tmp_path / "台账.csv"
    head, *lines = LEDGER.splitlines(keepends=True)
    good = [line for line in lines if line.startswith(("1,", "2,", "4,"))]
    ledger.write_text(
        head + "".join(line.replace("T-", f"T-{n}-") for n in range(5) for line in good), encoding="utf-8"
    )
    monkeypatch.setattr(problem_list, "AT_ONCE", 4)
    found = []
    for pays in (1, 1000):
        monkeypatch.setattr(crew, "PAYS", pays)
        copy = tmp_path / f"{pays}.db"
        copy.write_bytes(book.read_bytes())
        cli.run(["--db", str(copy), "--as", "方文静", "--at", END, "import", str(ledger)])
        with closing(open_store(copy)) as store, store.read() as reader:
            found.append((list(reader.events(EventQuery())), list(reader.rows(ItemQuery()))))
    assert found[0] == found[1]
    assert len({event.item for event in found[0][0] if event.verb == "take_over"}) == 10
