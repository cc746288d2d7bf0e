"""One command is one transaction: all of it or none, refusals recorded, late entries and entries for others kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.canonical import canonical, parse
from engine.check import check
from engine.clock import parse_instant
from engine.context import Hand
from engine.errors import Conflict, Refused
from engine.policy import PolicyShelf
from engine.row import EventQuery, ItemQuery
from storage.creation import create
from storage.memory import MemoryStore
from storage.postgres import open_store as open_postgres
from storage.sqlite import open_store
from tests.trial import CLERK, FILE, HEAD, RIVER, VERIFIER, Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.event import Event

ASSIGN = {"track": "immediate", "lead_unit": "river", "handler": RIVER}
REPORT: dict[str, Any] = {"outcome": "已经整改到位。", "result_class": "solved", "evidence": [FILE]}
ANSWER = {"told": ["party_org"], "answered_by": "letter", "answer_text": "已整改到位，现予反馈。"}


@pytest.fixture(name="ledger", params=["memory", "sqlite", "postgres"])
def _ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """An office over each store."""
    if request.param == "memory":
        yield Ledger(MemoryStore())
        return
    path = str(tmp_path / "office.db")
    create(path, {"trial": "1"})
    postgres = request.param == "postgres"
    store = open_postgres(request.getfixturevalue("postgres_url")) if postgres else open_store(path)
    yield Ledger(store)
    store.close()


def events(ledger: Ledger, number: int | None = None) -> list[Event]:
    """Return the record."""
    with ledger.office.store.read() as reader:
        return list(reader.events(EventQuery(item=number)))


def snapshot(ledger: Ledger) -> list[object]:
    """Return everything a dry run or a refusal must leave alone."""
    with ledger.office.store.read() as reader:
        return [list(reader.rows(ItemQuery())), list(reader.crossings()), list(reader.notices())]


def sound(ledger: Ledger) -> bool:
    """Whether the ledger equals the record."""
    with ledger.office.store.read() as reader:
        return check(reader, PolicyShelf()) == []


def test_a_dry_run_says_what_would_be_and_writes_nothing(ledger: Ledger) -> None:
    """The outcome shows the new state; record and rows are as before."""
    number = ledger.register(title="一件")
    before, count = snapshot(ledger), len(events(ledger))
    [outcome] = ledger.office.act([number], "assign", ASSIGN, Hand(HEAD, HEAD), dry_run=True)
    assert outcome.after.state == "assigned"
    assert (snapshot(ledger), len(events(ledger))) == (before, count)


def test_several_items_are_all_or_nothing(ledger: Ledger) -> None:
    """One item that cannot be accepted keeps the others from being accepted; one refused entry says why."""
    first, second = ledger.register(title="一"), ledger.register(title="二")
    ledger.act(HEAD, "accept", second)
    before = snapshot(ledger)
    with pytest.raises(Refused, match="not_in_state"):
        ledger.office.act([first, second], "accept", {}, Hand(HEAD, HEAD))
    assert snapshot(ledger) == before
    [refused] = [e for e in events(ledger) if e.result == "refused"]
    assert (refused.item, refused.verb, parse(refused.body)["code"]) == (second, "accept", "not_in_state")
    assert sound(ledger)


def test_a_refusal_keeps_what_had_come_due(ledger: Ledger) -> None:
    """Rungs settled before the refused act stay; the item's requests and state do not change."""
    number = ledger.register(title="一件")
    ledger.time.set(parse_instant("2023-05-20 09:00"))
    with pytest.raises(Refused):
        ledger.office.act([number], "sign", {}, Hand(HEAD, HEAD))
    verbs = [e.verb for e in events(ledger, number)]
    assert verbs.count("escalate") >= 1
    assert verbs[-1] == "sign"
    assert sound(ledger)


def test_one_command_id_is_done_once(ledger: Ledger) -> None:
    """The same id again is answered as done already; for something else it is refused; nothing is written twice."""
    number = ledger.register(title="一件")
    hand = Hand(HEAD, HEAD, "", "abc-1")
    ledger.office.act([number], "accept", {}, hand)
    count = len(events(ledger))
    with pytest.raises(Conflict, match="already_done"):
        ledger.office.act([number], "accept", {}, hand)
    other = ledger.register(title="另一件")
    with pytest.raises(Conflict, match="command_reused"):
        ledger.office.act([other], "accept", {}, hand)
    assert len(events(ledger)) == count + 1


def test_a_refused_command_id_is_free_again(ledger: Ledger) -> None:
    """What was refused was not done: the same id, with what was missing put right, is no repetition."""
    number = ledger.register(title="一件")
    hand = Hand(HEAD, HEAD, "", "abc-1")
    with pytest.raises(Refused, match="missing_field"):
        ledger.office.act([number], "reject", {}, hand)
    ledger.office.act([number], "reject", {"reason": "属邻里纠纷，不属受理范围", "channel": "12345热线"}, hand)
    with pytest.raises(Conflict, match="already_done"):
        ledger.office.act([number], "reject", {}, hand)


def test_a_late_entry_keeps_both_times_and_removes_no_rung(ledger: Ledger) -> None:
    """Signed on the 9th, entered on the 20th: the clock stops on the 9th, rungs that were crossed meanwhile stay."""
    number = ledger.register(title="一件")
    ledger.act(HEAD, "assign", number, **ASSIGN)
    ledger.at("2023-05-20 09:00")
    rungs = len(snapshot(ledger)[1])  # type: ignore[arg-type]
    ledger.act(RIVER, "sign", number, at="2023-05-09 09:00")
    signed = events(ledger, number)[-1]
    assert (signed.effective_at, signed.recorded_at) == (
        parse_instant("2023-05-09 09:00"),
        parse_instant("2023-05-20 09:00"),
    )
    assert len(snapshot(ledger)[1]) >= rungs > 0  # type: ignore[arg-type]
    with pytest.raises(Refused, match="before_last_act"):
        ledger.act(RIVER, "report_done", number, at="2023-05-08 09:30", **REPORT)
    with pytest.raises(Refused, match="in_the_future"):
        ledger.act(RIVER, "report_done", number, at="2023-06-20 09:30", **REPORT)
    assert sound(ledger)


def test_a_remark_does_not_block_a_late_entry(ledger: Ledger) -> None:
    """Having seen a notice on the 10th is no act that a signature of the 9th would have to come after."""
    number = ledger.register(title="一件")
    ledger.act(HEAD, "assign", number, **ASSIGN)
    ledger.time.set(parse_instant("2023-05-10 09:00"))
    ledger.office.remark([number], "comment", {"fields": {"comment": "已电话提醒"}}, Hand(HEAD, HEAD))
    ledger.act(RIVER, "sign", number, at="2023-05-09 09:00")
    assert sound(ledger)


def test_an_entry_for_the_party_group_keeps_decider_enterer_and_basis(ledger: Ledger) -> None:
    """代录: four eyes look at who decided; the record holds both and what it rests on."""
    number = ledger.register(title="一件")
    ledger.act(HEAD, "assign", number, track="led", lead_unit="river", handler=RIVER, commander="o04")
    ledger.act(RIVER, "sign", number)
    measures = [{"text": "清淤", "unit": "river", "due": "2023-07-31"}]
    ledger.act(RIVER, "submit_plan", number, measures=measures, objective="消除黑臭", proposed_due="2023-07-31")
    basis = canonical({"kind": "会议纪要", "ref": "局党组〔2023〕12号"})
    ledger.office.act([number], "approve_plan", {"opinion": "同意"}, Hand("party_group", CLERK, basis))
    last = events(ledger, number)[-1]
    assert (last.decider, last.enterer, last.basis) == ("party_group", CLERK, basis)
    assert sound(ledger)


def test_mended_on_the_spot_is_one_command_and_confirmed_by_another(ledger: Ledger) -> None:
    """即办 records each step as its own event; 确认 by the same office's other person verifies and closes many at once."""
    fields = {"title": "井盖松动", "source": "study", "measure": "当场更换", **REPORT, **ANSWER}
    fields.pop("result_class")
    numbers = [ledger.office.compose_new("siban", "mend", fields, Hand(RIVER, RIVER))[0].after.number for _ in range(3)]
    assert [e.verb for e in events(ledger, numbers[0])] == [
        "register",
        "accept",
        "assign",
        "sign",
        "report_done",
        "answer",
    ]
    with pytest.raises(Refused, match="not_allowed"):
        ledger.office.act(numbers, "confirm", {}, Hand(RIVER, RIVER))
    outcomes = ledger.office.act(numbers, "confirm", {}, Hand(VERIFIER, VERIFIER))
    assert {o.after.state for o in outcomes} == {"closed"}
    assert sound(ledger)


def test_a_merge_passes_on_who_must_be_answered(ledger: Ledger) -> None:
    """Each reporter still gets an answer; an item never merges into itself or a closed one."""
    first = ledger.register(title="一", source="citizen", reporter="张女士", contact="13800000001")
    second = ledger.register(title="二", source="citizen", reporter="王先生", contact="13800000002")
    with pytest.raises(Refused, match="merge_self"):
        ledger.act(HEAD, "merge", second, into=second, reason="同一问题重复反映")
    ledger.act(HEAD, "merge", second, into=first, reason="同一问题重复反映")
    with ledger.office.store.read() as reader:
        item = reader.item(first)
        assert item is not None
        assert item.names("addressees") == ("reporter", f"reporter@ZG2023-{second:04d}")
    with pytest.raises(Refused, match="not_in_state"):
        ledger.act(HEAD, "accept", second)
    assert sound(ledger)


def test_a_reporter_is_kept_beside_the_record(ledger: Ledger) -> None:
    """Neither name nor telephone stands in any event or row; the side table has them, the record a commitment."""
    number = ledger.register(title="一", source="citizen", reporter="金丝雀名", contact="13800000099")
    with ledger.office.store.read() as reader:
        texts = [e.body for e in reader.events(EventQuery())] + [row.body for row in reader.rows(ItemQuery())]
        kept = reader.reporter(number)
    assert not any("金丝雀名" in text or "13800000099" in text for text in texts)
    assert kept is not None
    assert (kept.name, kept.contact) == ("金丝雀名", "13800000099")
    assert any('"commitment":' in text for text in texts)


def test_whoever_comes_second_is_told_who_was_first(ledger: Ledger) -> None:
    """Accepted by one officer, accepted again by another: a conflict that names the first, recorded like a refusal."""
    number = ledger.register(title="一件")
    ledger.act(HEAD, "accept", number)
    before = snapshot(ledger)
    with pytest.raises(Conflict, match="done_by_other"):
        ledger.act(CLERK, "accept", number)
    assert snapshot(ledger) == before
    assert [e.result for e in events(ledger, number)] == ["done", "done", "refused"]
    with pytest.raises(Refused, match="not_in_state"):
        ledger.act(HEAD, "accept", number)
    assert sound(ledger)


def test_a_row_whose_next_moment_is_out_of_date_does_not_hold_up_the_heartbeat(ledger: Ledger) -> None:
    """The pass ends, the row is put right, and nothing is recorded for it."""
    number = ledger.register(title="一件")
    with ledger.office.store.write() as writer:
        row = writer.row(number)
        assert row is not None
        writer.put_row(row._replace(next_at=1))
    count = len(events(ledger))
    ledger.office.tick()
    assert len(events(ledger)) == count
    assert sound(ledger)
