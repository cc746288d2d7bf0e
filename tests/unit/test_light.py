"""正常 · 临期 · 逾期: the words, their thresholds and the days beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.clock import HOUR, parse_instant
from engine.light import DUE_SOON, NONE, NORMAL, OVERDUE, Light, light, unclear
from interfaces.wording import due_text, left_text, light_text
from storage.memory import MemoryStore
from tests.trial import LEADER, RIVER, RIVER_HEAD, VERIFIER, Ledger

if TYPE_CHECKING:
    from engine.context import Rules
    from engine.item import Item


@pytest.fixture
def ledger() -> Ledger:
    """An office with nothing in its ledger, on a Monday morning."""
    return Ledger(MemoryStore())


def first(ledger: Ledger) -> tuple[Item, Rules]:
    """Return the first item and its rules."""
    with ledger.office.store.read() as reader:
        item = reader.item(1)
        assert item is not None
        return item, ledger.office.shelf.rules(reader, item.definition)


def judged(ledger: Ledger, at: str) -> Light:
    """Judge the first item at an instant."""
    return light(*first(ledger), parse_instant(at))


@pytest.mark.parametrize(
    ("at", "word", "days"),
    [
        ("2023-05-08 18:00", NORMAL, 5),
        ("2023-05-12 17:29", NORMAL, 1),  # one working day before the due day's close, less a minute
        ("2023-05-12 17:30", DUE_SOON, 1),  # four of five days
        ("2023-05-15 00:00", DUE_SOON, 0),
        ("2023-05-15 17:30", DUE_SOON, 0),  # at the due moment it is not overdue yet
        ("2023-05-15 17:31", OVERDUE, 0),
        ("2023-05-16 09:00", OVERDUE, 1),
        ("2023-05-21 09:00", OVERDUE, 4),  # a Sunday adds no day
    ],
)
def test_five_working_days_turn_at_their_own_moments(ledger: Ledger, at: str, word: str, days: int) -> None:
    """Fault 3: the light follows working days and office hours, never n x 24 hours."""
    ledger.assigned("护栏破损", track="immediate")
    assert judged(ledger, at)[:2] == (word, days)


@pytest.mark.parametrize("limit", ["1wd", "3wd", "10wd", "20wd", "4wh", "15d", "30d", "1mo", "2023-06-30"])
def test_no_limit_is_overdue_before_it_is_near(ledger: Ledger, limit: str) -> None:
    """Fault 3, for every unit: as time goes by the words come in their order, and overdue comes at once."""
    ledger.assigned("护栏破损", track="campaign", limit=limit)
    item, rules = first(ledger)
    due_at = light(item, rules, ledger.time.now()).due_at or 0
    words = [light(item, rules, at).word for at in range(ledger.time.now(), due_at, HOUR // 4)]
    assert words == sorted(words, key=[NORMAL, DUE_SOON].index)
    assert words[-1] == DUE_SOON
    assert light(item, rules, due_at).word == DUE_SOON
    assert light(item, rules, due_at + 1).word == OVERDUE


def test_an_item_in_review_stays_overdue_until_it_has_passed(ledger: Ledger) -> None:
    """Fault 6: handing in does not end lateness; what passes in the end is judged by when it was handed in."""
    one = ledger.assigned("护栏破损", track="immediate")
    ledger.act(RIVER, "sign", one)
    ledger.at("2023-05-17 10:00")
    ledger.reported(one)
    assert judged(ledger, "2023-05-18 10:00").word == OVERDUE
    ledger.at("2023-05-19 10:00")
    ledger.act(VERIFIER, "pass_office", one, verify_by="site", opinion="同意")
    assert judged(ledger, "2023-06-30 10:00")[:2] == (OVERDUE, 2)


def test_what_stands_still_has_no_light(ledger: Ledger) -> None:
    """Suspended: neither near nor overdue, however long; afterwards what is left is what was left."""
    one = ledger.assigned("护栏破损", track="immediate")
    ledger.act(RIVER, "sign", one)
    ledger.at("2023-05-09 10:00")
    ledger.ask(RIVER, "suspension", one, grounds="season", until="2023-06-05", reason="汛期无法施工")
    ledger.answer(RIVER_HEAD, one, 1)
    before = judged(ledger, "2023-05-09 10:00").days
    ledger.answer(LEADER, one, 1)
    assert judged(ledger, "2023-06-01 10:00").word == NONE
    ledger.at("2023-06-06 09:00")
    assert judged(ledger, "2023-06-06 10:00")[:2] == (NORMAL, before)


def test_before_the_main_clock_the_desk_is_judged(ledger: Ledger) -> None:
    """A problem that nobody has accepted is late on the office's desk."""
    ledger.register(title="护栏破损")
    assert judged(ledger, "2023-05-09 17:31").word == OVERDUE


def test_a_limit_that_is_not_fixed_gives_no_light(ledger: Ledger) -> None:
    """时限待明确 is said, and is neither in time nor late."""
    ledger.assigned("护栏破损", track="led", commander=LEADER)
    item, rules = first(ledger)
    assert light(item, rules, ledger.time.now()) == Light(NONE, 0, None)
    assert unclear(item, rules)


def test_the_words_say_it_without_the_colour() -> None:
    """Due day, what is left and how late, in words."""
    at = parse_instant("2023-08-31 17:30")
    assert due_text(Light(NORMAL, 2, at)) == "8月31日 周四"
    assert due_text(Light(NORMAL, 2, at, provisional=True)) == "8月31日 周四（暂定）"
    assert due_text(Light(NORMAL, 2, parse_instant("2023-09-01"))) == "8月31日 周四"  # 24:00 is of the day it ends
    assert left_text(Light(NORMAL, 2, at)) == "余2个工作日"
    assert left_text(Light(OVERDUE, 3, at)) == "超3个工作日"
    assert light_text(Light(OVERDUE, 3, at)) == "逾期3个工作日"
