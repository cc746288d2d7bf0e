"""行动 and 专项整治 over the same items, clocks and ladders: what belongs to what, and what may not end before what is under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.check import check
from engine.clock import day_of
from engine.context import Hand
from engine.errors import Refused
from engine.loader import load
from engine.row import ItemQuery
from storage.creation import create
from storage.sqlite import open_store
from tests.trial import CLERK, FILE, HEAD, LEADER, PRINCIPAL, RIVER, RIVER_HEAD, VERIFIER, WORKFLOWS, Ledger
from workflows.index import index_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.item import Item
    from engine.ports import Store


class Bureau(Ledger):
    """A bureau with every shipped definition."""

    def __init__(self, store: Store) -> None:
        """Put the further definitions beside the two of the trial ledger."""
        super().__init__(store)
        for name in ("campaign", "project", "milestone", "outcome"):
            definition = load((WORKFLOWS / f"{name}.toml").read_text(encoding="utf-8"))
            self.office.put_policy("definition", name, definition.text, Hand("os:t", "os:t"), index_of(definition))

    def campaign(self, title: str = "先学先改行动", ends_on: str = "2023-08-31") -> int:
        """Register a campaign."""
        return self.register(
            HEAD, "campaign", title=title, document="工作方案", starts_on="2023-05-01", ends_on=ends_on
        )

    def item(self, number: int) -> Item:
        """Return an item."""
        with self.office.store.read() as reader:
            found = reader.item(number)
        assert found
        return found

    def due_on(self, number: int) -> str:
        """Return the day an item is due."""
        with self.office.store.read() as reader:
            row = reader.row(number)
        assert row
        assert row.due_at
        return day_of(row.due_at - 1).isoformat()

    def related(self, relation: str) -> list[int]:
        """Return the numbers of what refers to an item."""
        with self.office.store.read() as reader:
            return [row.number for row in reader.rows(ItemQuery(related=relation))]


@pytest.fixture(name="bureau")
def _bureau(tmp_path: Path) -> Iterator[Bureau]:
    create(tmp_path / "b.db", {"trial": "1"})
    store = open_store(tmp_path / "b.db")
    bureau = Bureau(store)
    yield bureau
    with store.read() as reader:
        assert check(reader, bureau.office.shelf) == []
    store.close()


def test_the_campaign_s_end_is_the_limit_of_what_has_no_other(bureau: Bureau) -> None:
    """Copied when the item is assigned; a date of its own may come before it, never after."""
    campaign = bureau.campaign()
    one = bureau.assigned("甲", track="campaign", campaign=campaign)
    assert bureau.due_on(one) == "2023-08-31"
    two = bureau.assigned("乙", track="campaign", campaign=campaign, limit="2023-07-31")
    assert bureau.due_on(two) == "2023-07-31"
    with pytest.raises(Refused, match="too_late_for"):
        bureau.assigned("丙", track="campaign", campaign=campaign, limit="2023-09-01")
    with pytest.raises(Refused, match="limit_needed"):
        bureau.assigned("丁", track="campaign")
    assert bureau.related(f"campaign:{campaign}") == bureau.related(f":{campaign}") == [one, two]
    assert bureau.related(f"project:{campaign}") == bureau.related(f":{campaign}1") == []


def test_only_a_campaign_that_runs_takes_items(bureau: Bureau) -> None:
    """Neither another kind of item nor one that has ended."""
    other = bureau.register(title="不是行动")
    with pytest.raises(Refused, match="refers_elsewhere"):
        bureau.assigned("甲", track="campaign", campaign=other)
    campaign = bureau.campaign()
    bureau.act(HEAD, "end_campaign", campaign)
    with pytest.raises(Refused, match="refers_elsewhere"):
        bureau.assigned("乙", track="campaign", campaign=campaign)


def test_a_campaign_ends_when_everything_under_it_is_settled(bureau: Bureau) -> None:
    """Open items keep it open; one carried over to the next is no longer its own, with its first date and late verdict kept."""
    campaign, following = bureau.campaign(), bureau.campaign("主题教育", "2023-12-31")
    one = bureau.assigned("甲", track="campaign", campaign=campaign)
    bureau.planned(one, "2023-08-20")
    bureau.at("2023-09-04 10:00")
    with pytest.raises(Refused) as refused:
        bureau.act(HEAD, "end_campaign", campaign)
    assert refused.value.code == "parts_open"
    assert refused.value.data["count"] == 1
    bureau.act(HEAD, "carry_over", one, campaign=following, reason="管网改造未完", authority="局党组会议纪要3号")
    item = bureau.item(one)
    assert bureau.due_on(one) == "2023-12-31"
    assert (item.names("original_dues"), item.names("late_dues")) == (("2023-08-31",), ("2023-08-31",))
    assert sorted(item.crossed)[:3] == ["total:1:0", "total:1:1", "total:1:2"], "what was crossed stays crossed"
    bureau.act(HEAD, "end_campaign", campaign)
    assert bureau.related(f"campaign:{campaign}") == []
    assert bureau.related(f"campaign:{following}") == [one]


def test_an_item_carried_over_in_time_has_no_late_verdict(bureau: Bureau) -> None:
    """The first date is kept all the same."""
    campaign, following = bureau.campaign(), bureau.campaign("主题教育", "2023-12-31")
    one = bureau.assigned("甲", track="campaign", campaign=campaign)
    bureau.act(
        HEAD, "carry_over", one, campaign=following, reason="统筹安排推进", authority="会议纪要", limit="2023-10-31"
    )
    assert bureau.due_on(one) == "2023-10-31"
    assert (bureau.item(one).names("original_dues"), bureau.item(one).names("late_dues")) == (("2023-08-31",), ())


def test_a_project_is_done_when_its_milestones_and_items_are(bureau: Bureau) -> None:
    """Each milestone has its own date and clock; one waived with a reason is settled too; the commander signs."""
    project = bureau.register(
        HEAD, "project", title="河道漂浮物专项整治", commander=LEADER, lead_unit="river", ends_on="2023-08-31"
    )
    bureau.act(RIVER, "submit_project", project, evidence=[FILE])
    bureau.act(PRINCIPAL, "approve_project", project)
    first, second = (
        bureau.register(HEAD, "milestone", title=title, project=project, lead_unit="river", limit=limit)
        for title, limit in (("摸清底数", "2023-05-31"), ("全面整治", "2023-08-15"))
    )
    with pytest.raises(Refused, match="too_late_for"):
        bureau.register(HEAD, "milestone", title="总结", project=project, lead_unit="river", limit="2023-09-10")
    one = bureau.assigned("柳塘港漂浮垃圾", track="led", commander=LEADER, project=project)
    with pytest.raises(Refused) as refused:
        bureau.act(RIVER_HEAD, "report_project", project, outcome="已经整治完成")
    assert refused.value.data["count"] == 3
    bureau.at("2023-06-01 09:00")
    assert "total:1:1" in bureau.item(first).crossed, "its own ladder"
    bureau.act(RIVER, "reach", first, outcome="已摸清全部底数")
    bureau.act(VERIFIER, "pass_milestone", first)
    bureau.act(HEAD, "waive", second, reason="与上一节点合并")
    bureau.act(RIVER, "sign", one)
    bureau.act(HEAD, "merge", one, into=bureau.register(CLERK, title="同一问题"), reason="系同一问题")
    bureau.act(RIVER_HEAD, "report_project", project, outcome="已经整治完成")
    bureau.act(LEADER, "sign_project", project)
    assert bureau.item(project).state == "completed"


def test_an_outcome_says_where_it_came_from(bureau: Bureau) -> None:
    """What came of an item is one question."""
    one = bureau.assigned("甲", track="immediate")
    rule = bureau.register(
        RIVER, "outcome", title="河道保洁巡查办法", lead_unit="river", limit="2023-07-31", from_item=one
    )
    bureau.act(RIVER, "enact", rule, document_no="浦环〔2023〕12号", issued_on="2023-05-08")
    assert bureau.related(f"from_item:{one}") == [rule]
    assert bureau.item(rule).closed_at


def test_a_mark_does_not_move_an_item(bureau: Bureau) -> None:
    """A closed item may be marked as an example; its verdict stays."""
    campaign = bureau.campaign()
    one = bureau.register(title="甲")
    with pytest.raises(Refused, match="not_in_state"):
        bureau.act(HEAD, "mark_exemplary", one, exemplary="做法可推广")
    with pytest.raises(Refused, match="missing_field"):
        bureau.act(HEAD, "place", one)
    bureau.act(HEAD, "place", one, campaign=campaign)
    assert bureau.related(f"campaign:{campaign}") == [one]
