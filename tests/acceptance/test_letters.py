"""Real input: 2,816 citizens' letters, each driven through the workflow at its real times.

The heartbeat beats every simulated hour. The default run takes the last twelfth; `-m slow` takes them all.
"""

from __future__ import annotations

import heapq
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.check import check
from engine.clock import HOUR, MINUTE, SteppedTime
from engine.context import Hand
from engine.office import Office
from engine.policy import PolicyShelf
from engine.row import EventQuery, ItemQuery, from_text
from interfaces.columns import parse_map, to_instant
from interfaces.founding import found
from interfaces.problem_list import read_problems
from interfaces.problem_row import Choice
from interfaces.roster import read_organisation
from interfaces.session import Session
from interfaces.sheet import read_table
from storage.sqlite import open_store
from workflows.index import SHIPPED, definition_text

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
LETTERS = ROOT.parent / "shared" / "data" / "letters_with_replies.xlsx"
MAPS = (
    "title=留言主题",
    "found_at=留言时间",
    "description=留言详情",
    "external_no=留言编号",
    "reporter=留言用户",
    "ignore=答复意见、答复时间",
)
OFFICE, HEAD, HANDLER, VERIFIER = "o11", "o21", "o23", "o12"

pytestmark = pytest.mark.skipif(not LETTERS.exists(), reason="the public letters (shared/data) are not on this machine")


@pytest.fixture(name="session")
def _session(tmp_path: Path) -> Iterator[Session]:
    """A trial database with the demo bureau, at a moment after the last reply."""
    path = str(tmp_path / "letters.db")
    organisation = read_organisation(str(ROOT / "workflows" / "bureau.toml"))
    found(path, [definition_text(name) for name in SHIPPED], organisation, trial=True)
    session = Session(path, OFFICE, "2020-02-01 09:00")
    yield session
    session.close()


def steps(number: int, came: int, answered: int) -> list[tuple[int, int, str, str, dict[str, Any]]]:
    """Return the acts that take a letter from its arrival to its answer, each at a share of the time between them."""
    span = max(answered - came, 0)
    text = {"told": ["reporter"], "answered_by": "letter", "answer_text": "已按来信反映的情况办理并书面答复。"}
    files = [{"name": "答复函.pdf", "size": 1, "sha256": "0" * 64}]
    done = {"outcome": "已核实并办理完毕。", "result_class": "solved", "evidence": files}
    return [
        (
            came + span // 10,
            number,
            "assign",
            OFFICE,
            {"track": "immediate", "lead_unit": "water", "handler": HANDLER, "limit": "15d"},
        ),
        (came + span // 5, number, "sign", HANDLER, {}),
        (came + span // 4, number, "first_contact", HANDLER, {"contact_way": "phone", "contact_result": "reached"}),
        (came + span * 7 // 10, number, "report_done", HANDLER, done),
        (came + span * 17 // 20, number, "pass_office", VERIFIER, {"verify_by": "material", "opinion": "同意"}),
        (came + span, number, "answer", HANDLER, text),
        (came + span + 30 * MINUTE, number, "call_back", OFFICE, {"satisfaction": "satisfied", "solved": "solved"}),
        (came + span + 60 * MINUTE, number, "close", OFFICE, {}),
    ]


def read_letters(session: Session) -> tuple[list[tuple[int, int, dict[str, object]]], int]:
    """Return when each letter came, when it was answered and its fields, and how many rows were reported as faulty."""
    table = read_table(str(LETTERS))
    replies = [to_instant(row.cells[table.headers.index("答复时间")]) for row in table.rows]
    choice = Choice(source="citizen", anonymous=True)
    batch = read_problems(str(LETTERS), parse_map(MAPS), session, "siban", choice)
    odd = {fault.row for fault in batch.faults}
    assert len(batch.sheets) == len(table.rows) == len(replies)
    letters = [
        (came, reply, dict(fields))
        for (fields, came), reply, row in zip(batch.sheets, replies, table.rows, strict=True)
        if row.number not in odd and came is not None
    ]
    assert len(letters) + len(odd) == len(table.rows)
    return sorted(letters, key=lambda letter: letter[0]), len(odd)


@pytest.mark.parametrize("part", [12, pytest.param(1, marks=pytest.mark.slow)])
def test_no_letter_is_lost_and_every_one_is_answered(
    session: Session, capsys: pytest.CaptureFixture[str], part: int
) -> None:
    """Every row is taken or reported; all are closed; rungs and punctuality are counted; ledger and record agree."""
    letters, odd = read_letters(session)
    letters = letters[-len(letters) // part :]
    clock = SteppedTime(letters[0][0])
    office = Office(open_store(session.path), clock, session.shelf)
    agenda: list[tuple[int, int, str, str, dict[str, Any]]] = []
    beat, passes = clock.now(), 0

    def advance(until: int) -> None:
        """Let the hours pass, with a beat at each."""
        nonlocal beat, passes
        while beat + HOUR <= until:
            beat += HOUR
            clock.set(beat)
            passes += 1
            office.tick()
        clock.set(until)

    def work_off(until: int) -> None:
        """Do what is on the agenda before a moment."""
        while agenda and agenda[0][0] <= until:
            at, number, verb, who, fields = heapq.heappop(agenda)
            advance(at)
            office.act([number], verb, fields, Hand(who, who))

    for came, reply, fields in letters:
        work_off(came)
        advance(came)
        [outcome] = office.register("siban", [(fields, None)], Hand(OFFICE, OFFICE))
        for step in steps(outcome.after.number, came, reply):
            heapq.heappush(agenda, step)
    work_off(2**62)

    with office.store.read() as reader:
        faults = check(reader, PolicyShelf())
        rows = list(reader.rows(ItemQuery()))
        crossings = list(reader.crossings())
        events = sum(1 for _ in reader.events(EventQuery()))
        items = [from_text(row.body) for row in rows]
    office.store.close()
    on_time = sum(item.fields.get("on_time") is True for item in items)
    levels = Counter((crossing.clock, crossing.level) for crossing in crossings)
    with capsys.disabled():
        print(  # noqa: T201 - the counts are what one runs it for
            f"\n来信 {len(letters) + odd} 件：登记 {len(rows)}，退回核对 {odd}；"
            f"按时 {on_time}，逾期 {len(rows) - on_time}；\n"
            f"巡查 {passes} 遍，记录 {events} 条；督办层级：{dict(sorted(levels.items()))}"
        )

    assert faults == []
    assert len(rows) == len(letters)
    assert {row.state for row in rows} == {"closed"}
    assert {item.text("external_no") for item in items} == {str(fields["external_no"]) for _, _, fields in letters}
    assert len({(c.item, c.clock, c.cycle, c.level) for c in crossings}) == len(crossings)
    assert all(c.crossed_at - c.planned_at < HOUR for c in crossings)
    assert on_time > 0
