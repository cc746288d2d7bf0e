"""The demo's data hang together: organisation, problem list and story name the same things."""

import csv
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

Entry = dict[str, Any]
Entries = dict[str, Entry]
Rows = list[dict[str, str]]
Story = list[Entry]
Spans = list[tuple[date, date]]

WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows"
BUREAU = WORKFLOWS / "bureau.toml"
PROBLEMS = WORKFLOWS / "demo" / "problems.csv"
STORY = WORKFLOWS / "demo" / "story.toml"

HEADERS = (
    "序号,问题清单,问题描述,具体情况,问题来源,发现日期,反映人,联系方式,业务条线,属地,"
    "责任单位,配合单位,整改责任人,整改时限,整改措施,备注"
)
LISTS = {"即知即改的问题": 17, "先学先改行动期间完成的问题": 12, "既重要又突出的问题": 7, "需要上级协调解决的问题": 5}
IMMEDIATE, CAMPAIGN, LED, UPSTREAM = LISTS
CITIZEN = "群众反映"
SOURCES = {
    "对照党章和党内法规查摆": 4,
    "学习研讨发现": 6,
    CITIZEN: 17,
    "巡视巡察和审计监督反馈": 6,
    "调查研究发现": 8,
}
LINES = {
    "ecology": "生态环保",
    "greening": "绿化林业",
    "water": "水务海洋",
    "sanitation": "市容环卫",
    "general": "综合",
}
PACES = {"prompt", "normal", "slow", "late", "very_late"}
EVENTS = {
    "mend": 10,
    "extension": 3,
    "extension_refused": 1,
    "return": 1,
    "return_refused": 1,
    "reassign": 1,
    "send_back": 4,
    "suspension": 2,
    "redo": 2,
    "upstream": 5,
    "plan_returned": 2,
    "merge": 1,
    "reject": 1,
    "stuck": 2,
    "publicity": 2,
    "longterm": 1,
}
REQUIRED = {  # what the player needs beside the event's name
    "extension": {"reason", "until"},
    "extension_refused": {"reason", "refusal"},
    "return": {"reason", "to_unit"},
    "return_refused": {"reason", "refusal"},
    "reassign": {"reason", "to_unit"},
    "send_back": {"demand", "result_again"},
    "suspension": {"reason", "since", "until"},
    "redo": {"reason", "demand", "result_again", "answer_again"},
    "upstream": {"submit_to", "reference", "reply"},
    "plan_returned": {"plan_opinion"},
    "merge": {"reason"},
    "reject": {"reason"},
    "publicity": {"decision"},
    "longterm": {"reason", "next_review"},
}
KEYS = {"no", "pace", "events", "measure", "result", "answer", "evidence", "commander"} | set().union(
    *REQUIRED.values()
)
RETIRED = ("留痕", "封存", "返工", "复核", "重启", "派单", "改派", "档", "挂账")


def read_toml(path: Path) -> Entry:
    """One TOML file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def bureau() -> Entry:
    """The organisation as written."""
    return read_toml(BUREAU)


@pytest.fixture(scope="module")
def units(bureau: Entry) -> Entries:
    """Units by id."""
    return {unit["id"]: unit for unit in bureau["units"]}


@pytest.fixture(scope="module")
def officers(bureau: Entry) -> Entries:
    """Officers by id."""
    return {officer["id"]: officer for officer in bureau["officers"]}


@pytest.fixture(scope="module")
def problems() -> Rows:
    """Rows of the problem list."""
    with PROBLEMS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def story() -> Story:
    """The story of each item, in order."""
    items: Story = read_toml(STORY)["items"]
    return items


def spans(entries: Iterable[Sequence[str]]) -> Spans:
    """Pairs of dates from pairs of texts."""
    return [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in entries]


def overlap(left: Spans, right: Spans) -> bool:
    """Whether any span of one list meets any of the other."""
    return any(a <= d and c <= b for a, b in left for c, d in right)


def kind(event: str) -> str:
    """An event's name without what it points at."""
    return event.partition(":")[0]


def test_ids_titles_and_names_are_unique(bureau: Entry) -> None:
    """No unit, officer or body shares an id, and no two share what people call them."""
    for key, called in (("units", "title"), ("officers", "name"), ("bodies", "title")):
        for field in ("id", called):
            values = [entry[field] for entry in bureau[key]]
            assert len(values) == len(set(values)), (key, field)
    ids = [entry["id"] for key in ("units", "officers", "bodies") for entry in bureau[key]]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", each) for each in ids)


PARTY = "party_org"


def divisions(units: Entries) -> Entries:
    """Return the units that are no party organisations."""
    return {key: unit for key, unit in units.items() if unit.get("kind") != PARTY}


def test_organisation_refers_to_what_exists(bureau: Entry, units: Entries, officers: Entries) -> None:
    """Every unit and officer that the organisation names is defined in it."""
    top = bureau["organisation"]
    assert {top["supervising_unit"], top["alternate_unit"]} <= units.keys()
    assert {top["principal"], top["principal_deputy"]} <= officers.keys()
    for delegation in bureau["delegations"]:
        assert {delegation["from"], delegation["to"]} <= officers.keys()
    assert {officer["unit"] for officer in officers.values()} == divisions(units).keys()
    assert {
        officer["party_org"] for officer in officers.values() if "party_org" in officer
    } == units.keys() - divisions(units).keys()
    assert {one["unit"] for one in bureau["lead_offices"]} <= units.keys()


def test_units_are_led_by_their_own_people(units: Entries, officers: Entries) -> None:
    """Head and deputy belong to the unit, the leader in charge to the leadership."""
    for unit in divisions(units).values():
        assert unit["line"] in LINES
        assert unit["head"] != unit["deputy"]
        assert officers[unit["head"]]["unit"] == officers[unit["deputy"]]["unit"] == unit["id"]
        if unit.get("kind") != "leadership":
            assert officers[unit["in_charge"]]["unit"] == "leadership"
    assert {unit["line"] for unit in divisions(units).values()} == LINES.keys()


def test_party_organisations_are_led_by_their_members(units: Entries, officers: Entries) -> None:
    """The secretary and a deputy belong to it, and somebody else does."""
    for unit in units.values():
        if unit.get("kind") == PARTY:
            members = {key for key, officer in officers.items() if officer.get("party_org") == unit["id"]}
            assert {unit["head"], unit["deputy"]} < members
            assert officers[unit["in_charge"]]["unit"] == "leadership"


def test_each_unit_can_keep_four_eyes(units: Entries, officers: Entries) -> None:
    """A unit has two people beside its head and deputy."""
    size = Counter(officer["unit"] for officer in officers.values())
    assert all(size[each] >= 4 for each in divisions(units))


def test_absences_leave_somebody_at_the_desk(bureau: Entry, units: Entries, officers: Entries) -> None:
    """Head and deputy are never away together, and who stands in is there."""
    away = {key: spans(officer.get("away", [])) for key, officer in officers.items()}
    for each in away.values():
        assert all(first <= last for first, last in each)
    for unit in units.values():
        assert not overlap(away[unit["head"]], away[unit["deputy"]]), unit["id"]
    for delegation in bureau["delegations"]:
        span = spans([(delegation["since"], delegation["until"])])
        assert span[0] in away[delegation["from"]]
        assert not overlap(span, away[delegation["to"]])


def test_problem_list_has_the_office_headers(problems: Rows) -> None:
    """The file has the columns an office would write, one value in each."""
    assert ",".join(problems[0]) == HEADERS
    assert all(None not in row and None not in row.values() for row in problems)
    assert not PROBLEMS.read_bytes().startswith(b"\xef\xbb\xbf")


def test_problem_numbers_run_without_gaps(problems: Rows) -> None:
    """序号 counts from one."""
    assert [row["序号"] for row in problems] == [str(n) for n in range(1, len(problems) + 1)]


def test_lists_and_sources_are_those_of_the_seed(problems: Rows) -> None:
    """Each list and source is present, as often as intended."""
    assert Counter(row["问题清单"] for row in problems) == LISTS
    assert Counter(row["问题来源"] for row in problems) == SOURCES


def test_problem_titles_fit_a_line(problems: Rows) -> None:
    """A title has at most 30 characters and no two are the same; the details are sentences."""
    titles = [row["问题描述"] for row in problems]
    assert all(0 < len(title) <= 30 for title in titles)
    assert len(set(titles)) == len(titles)
    assert all(row["具体情况"].endswith("。") and row["具体情况"].count("。") <= 3 for row in problems)


def test_found_dates_lie_in_the_campaign(problems: Rows) -> None:
    """Found between 6 May and 20 July 2023, in order within a list."""
    for each in LISTS:
        found = [date.fromisoformat(row["发现日期"]) for row in problems if row["问题清单"] == each]
        assert found == sorted(found)
        assert date(2023, 5, 6) <= found[0]
        assert found[-1] <= date(2023, 7, 20)


def test_only_citizens_are_reporters(problems: Rows) -> None:
    """A citizen's item names a reporter or says 匿名; no other item does."""
    for row in problems:
        if row["问题来源"] == CITIZEN:
            assert re.fullmatch(r"匿名|[\u4e00-\u9fff](女士|先生)", row["反映人"]), row["序号"]
        else:
            assert not row["反映人"], row["序号"]
            assert not row["联系方式"], row["序号"]
    assert sum(row["反映人"] == "匿名" for row in problems) == 3


def test_phone_numbers_are_fictitious(problems: Rows) -> None:
    """Numbers run on from 13800000001, one a named reporter; no other number stands in the text."""
    named = [row for row in problems if row["反映人"] not in ("", "匿名")]
    assert [row["联系方式"] for row in named] == [str(13800000001 + n) for n in range(len(named))]
    assert all(not row["联系方式"] for row in problems if row not in named)
    prose = STORY.read_text(encoding="utf-8") + BUREAU.read_text(encoding="utf-8")
    assert not re.search(r"\d{7,}", prose + "".join(row["具体情况"] + row["备注"] for row in problems))


def test_problems_name_units_and_officers_of_the_bureau(
    problems: Rows, story: Story, units: Entries, officers: Entries
) -> None:
    """Units are called by their titles, the line is the lead unit's, its own handler is responsible."""
    by_title = {unit["title"]: unit for unit in units.values() if unit.get("kind") != "leadership"}
    by_name = {officer["name"]: officer for officer in officers.values()}
    unassigned = [item["no"] for item in story if item["events"] == ["reject"]]
    for row in problems:
        if int(row["序号"]) in unassigned:
            assert [row[each] for each in ("责任单位", "配合单位", "整改责任人")] == ["", "", ""]
            continue
        lead = by_title[row["责任单位"]]
        co_units = row["配合单位"].split("、") if row["配合单位"] else []
        assert row["业务条线"] == LINES[lead["line"]]
        assert set(co_units) <= by_title.keys() - {lead["title"]}
        assert len(set(co_units)) == len(co_units)
        handler = by_name[row["整改责任人"]]
        assert handler["unit"] == lead["id"]
        assert handler["id"] not in (lead["head"], lead["deputy"])


def test_limits_are_written_in_many_ways(problems: Rows) -> None:
    """Limit texts vary as in real ledgers, and some are missing."""
    limits = {row["整改时限"] for row in problems}
    assert {"", "立行立改", "5个工作日", "15天", "7月底前", "8月31日", "2023年8月底前"} <= limits
    assert "2023年8月底前，并长期坚持" in limits


def test_every_item_has_its_story(problems: Rows, story: Story) -> None:
    """One story for each row, in the same order."""
    assert [str(item["no"]) for item in story] == [row["序号"] for row in problems]


def test_story_uses_the_agreed_words(story: Story) -> None:
    """Only known keys, paces and events, as often as intended."""
    for item in story:
        assert item.keys() <= KEYS, item["no"]
        assert item["pace"] in PACES, item["no"]
    assert Counter(kind(event) for item in story for event in item["events"]) == EVENTS
    assert sum(item["pace"] == "very_late" for item in story) == 4


def test_story_says_what_each_event_needs(story: Story) -> None:
    """Each event comes with its words, and no words stand without their event."""
    for item in story:
        kinds = {kind(event) for event in item["events"]}
        needed = set().union(*(REQUIRED.get(each, set()) for each in kinds))
        assert {key for key in needed if not item.get(key)} == set(), item["no"]
        assert item.keys() & set().union(*REQUIRED.values()) == needed, item["no"]
        plain = {"answer"} if "reject" in kinds else {"measure", "result", "answer", "evidence"}
        assert all(item.get(key) for key in plain), item["no"]
        assert "demand" not in item or len(item["demand"]) >= 10


def test_story_points_at_what_exists(problems: Rows, story: Story, units: Entries, officers: Entries) -> None:
    """Units, commanders and merge targets exist; an item is not sent back to where it came from."""
    titles = {row["序号"]: row["责任单位"] for row in problems}
    merged = {item["no"] for item in story if any(kind(event) == "merge" for event in item["events"])}
    for item in story:
        if "to_unit" in item:
            assert units[item["to_unit"]]["title"] != titles[str(item["no"])]
        if "commander" in item:
            assert officers[item["commander"]]["unit"] == "leadership"
        for event in item["events"]:
            if kind(event) == "merge":
                target = int(event.partition(":")[2])
                assert str(target) in titles
                assert target not in merged


def test_story_suits_the_list(problems: Rows, story: Story) -> None:
    """即办 is for list 1, a commander for list 3, 提请 for list 4; requests for plans only where there are plans."""
    for row, item in zip(problems, story, strict=True):
        kinds = {kind(event) for event in item["events"]}
        assert "mend" not in kinds or (row["问题清单"] == IMMEDIATE and kinds == {"mend"})
        assert ("commander" in item) == (row["问题清单"] == LED)
        assert ("upstream" in kinds) == (row["问题清单"] == UPSTREAM)
        assert "redo" not in kinds or (row["问题来源"] == CITIZEN and row["反映人"] != "匿名")
        assert "plan_returned" not in kinds or row["问题清单"] in (CAMPAIGN, LED)


def test_story_dates_lie_in_the_campaign(story: Story) -> None:
    """Extensions and suspensions end by 31 August 2023; the later check lies after it."""
    for item in story:
        for key in ("since", "until"):
            assert date(2023, 5, 6) <= date.fromisoformat(item.get(key, "2023-08-31")) <= date(2023, 8, 31)
        assert item.get("since", "") < item.get("until", "~")
        assert date.fromisoformat(item.get("next_review", "2023-09-01")) > date(2023, 8, 31)


@pytest.mark.parametrize("path", [BUREAU, PROBLEMS, STORY], ids=lambda path: path.name)
def test_no_retired_word(path: Path) -> None:
    """Words that the office does not use do not appear."""
    text = path.read_text(encoding="utf-8")
    assert [word for word in RETIRED if word in text] == []
