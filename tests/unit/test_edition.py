"""Editions of the calendar: their canonical form, what they hold and what is refused."""

from datetime import date
from typing import Any

import pytest

from engine.calendar import Calendar, stored_edition
from engine.canonical import canonical, parse
from engine.clock import DAY, parse_instant
from engine.edition import edition_from_dict
from engine.errors import Misused
from workflows.calendars import shipped_edition

EDITION = shipped_edition()
PERIOD = {"sessions": [["08:30", "12:00"], ["13:00", "17:30"]]}
LATER = {"from": "2027-05-01", "sessions": [["09:00", "12:00"], ["13:30", "18:00"]]}


def ordinal(text: str) -> int:
    """The ordinal of a written date."""
    return date.fromisoformat(text).toordinal()


def test_an_edition_survives_its_canonical_form() -> None:
    """The shipped edition, written as canonical JSON and read again, is the same; it covers 2007-2026."""
    assert edition_from_dict(parse(canonical(EDITION.to_dict()))) == EDITION
    assert [year.year for year in EDITION.years] == list(range(2007, 2027))
    assert len(EDITION.years[2020 - 2007].notice.split()) == 2


def test_the_newer_notice_wins() -> None:
    """A day that two years' notices name follows the newer one, and says so."""
    older = {"notice": "甲", "off": {"2026-12-31": "元旦"}, "work": {"2027-01-02": "元旦"}}
    newer = {"notice": "乙", "off": {"2027-01-01": "元旦", "2027-01-02": "元旦"}, "work": {"2026-12-31": "元旦"}}
    small = edition_from_dict(sample({"2027": newer, "2026": older}))
    calendar = Calendar(small)
    assert calendar.reason(ordinal("2026-12-31")) == ("workday", "元旦", "乙")
    assert calendar.reason(ordinal("2027-01-02")) == ("holiday", "元旦", "乙")
    assert calendar.is_workday(ordinal("2026-12-31"))
    assert not calendar.is_workday(ordinal("2027-01-02"))


def test_an_unpublished_year_is_absent() -> None:
    """A year with neither notice nor days is left out, so that its days are provisional."""
    small = edition_from_dict(sample({"2026": {"notice": "甲", "off": {"2026-10-01": "国庆节"}}, "2027": {}}))
    assert [year.year for year in small.years] == [2026]
    empty = {"notice": "", "off": {}, "work": {}}
    assert edition_from_dict(sample({"2027": empty})).years == ()


def test_an_edition_without_years_counts_by_the_law_alone() -> None:
    """With no notice at all weekends and fixed statutory days are off, and everything is provisional."""
    calendar = Calendar(edition_from_dict(sample({})), "abc")
    assert calendar.hash == "abc"
    assert not calendar.is_workday(ordinal("2024-10-02"))
    assert calendar.is_workday(ordinal("2024-10-04"))
    assert calendar.provisional(ordinal("2024-01-01"), ordinal("2024-01-02"))


def test_other_office_hours_count() -> None:
    """Hours are the edition's own: with a day of 24 hours, office time is all of a working day."""
    calendar = Calendar(edition_from_dict(sample({}) | {"hours": [["00:00", "24:00"]]}))
    monday = parse_instant("2024-06-03")
    assert calendar.worktime(monday, monday + 7 * DAY) == 5 * DAY
    assert calendar.close_of(ordinal("2024-06-03")) == monday + DAY
    assert calendar.add_worktime(monday, DAY) == monday + DAY
    assert calendar.opening(monday + 5 * DAY) == monday + 7 * DAY


def test_hours_and_local_days_survive_their_canonical_form() -> None:
    """Hours from a day on and local days are stored and read back; one period keeps the simple form."""
    storm = {"notice": "乙", "off": {"2027-07-26": "台风停工"}, "work": {"2027-07-31": "台风停工"}}
    data = sample({}) | {"hours": [PERIOD, LATER], "local": [storm]}
    edition = edition_from_dict(data)
    assert edition.to_dict() == data
    assert stored_edition(parse(canonical(data))) == edition
    assert edition_from_dict(sample({}) | {"hours": [PERIOD]}).to_dict()["hours"] == PERIOD["sessions"]
    calendar = Calendar(edition)
    assert calendar.reason(ordinal("2027-07-26")) == ("holiday", "台风停工", "乙")
    assert calendar.reason(ordinal("2027-07-31")) == ("makeup", "台风停工", "乙")
    assert not calendar.is_workday(ordinal("2027-07-26"))
    assert calendar.is_workday(ordinal("2027-07-31"))
    assert calendar.provisional(ordinal("2027-07-25"), ordinal("2027-07-26"))  # a local notice publishes no year


def test_a_local_notice_wins_over_a_years() -> None:
    """A make-up Saturday on which a storm closed the office is off."""
    data = EDITION.to_dict() | {"local": [{"notice": "乙", "off": {"2026-05-09": "台风停工"}, "work": {}}]}
    calendar = Calendar(edition_from_dict(data))
    assert calendar.reason(ordinal("2026-05-09")) == ("holiday", "台风停工", "乙")
    assert not calendar.is_workday(ordinal("2026-05-09"))


def sample(years: dict[str, Any]) -> dict[str, Any]:
    """A small edition with these years."""
    return {"id": "cn", "hours": [["08:30", "12:00"], ["13:00", "17:30"]], "years": years}


def year(**parts: object) -> dict[str, Any]:
    """A small edition with one year, some parts of it replaced."""
    return sample({"2023": {"notice": "甲", "off": {"2023-10-02": "国庆节"}} | parts})


@pytest.mark.parametrize(
    ("data", "place", "why"),
    [
        (year(work={"2023-10-02": "国庆节"}), "years.2023.work.2023-10-02", "off_and_work"),
        (year(off={"2023-02-30": "春节"}), "years.2023.off.2023-02-30", "no_such_date"),
        (year(off={"20231002": "国庆节"}), "years.2023.off.20231002", "no_such_date"),
        (year(off={"2024-02-01": "春节"}), "years.2023.off.2024-02-01", "not_of_this_year"),
        (year(off={"2022-11-30": "春节"}), "years.2023.off.2022-11-30", "not_of_this_year"),
        (year(off={"2023-10-02": ""}), "years.2023.off.2023-10-02", "not_a_text"),
        (year(off=["2023-10-02"]), "years.2023.off", "not_a_table"),
        (year(notice=""), "years.2023", "notice_missing"),
        (year(notice=5), "years.2023.notice", "not_a_text"),
        (year(off={}), "years.2023", "days_missing"),
        (year(offf={}), "years.2023.offf", "unknown_key"),
        (sample({"23": {}}), "years.23", "not_a_year"),
        (sample({"1985": {}}), "years.1985", "not_a_year"),
        (sample({"2023": []}), "years.2023", "not_a_table"),
        (sample({}) | {"years": []}, "years", "not_a_table"),
        (sample({}) | {"id": ""}, "id", "not_a_text"),
        (sample({}) | {"hours": []}, "hours", "hours_missing"),
        (sample({}) | {"hours": [["08:30"]]}, "hours.1", "not_a_session"),
        (sample({}) | {"hours": [["8:30", "12:00"]]}, "hours.1", "not_a_time"),
        (sample({}) | {"hours": [["08:30", "12:60"]]}, "hours.1", "not_a_time"),
        (sample({}) | {"hours": [["08:30", "24:01"]]}, "hours.1", "not_a_time"),
        (sample({}) | {"hours": [["12:00", "08:30"]]}, "hours.1", "session_backwards"),
        (sample({}) | {"hours": [["08:30", "08:30"]]}, "hours.1", "session_empty"),
        (sample({}) | {"hours": [["08:30", "12:00"], ["11:00", "17:30"]]}, "hours.2", "sessions_overlap"),
        (sample({}) | {"hours": [["13:00", "17:30"], ["08:30", "12:00"]]}, "hours.2", "hours_out_of_order"),
        (sample({}) | {"hours": [["08:30+09:00", "12:00"]]}, "hours.1", "not_a_time"),
        (sample({}) | {"hours": [{}]}, "hours.1.sessions", "missing"),
        (sample({}) | {"hours": [PERIOD | {"from": "2027-05-01"}]}, "hours.1.from", "unknown_key"),
        (sample({}) | {"hours": [PERIOD, PERIOD]}, "hours.2.from", "missing"),
        (sample({}) | {"hours": [PERIOD, PERIOD | {"from": "2027-02-30"}]}, "hours.2.from.2027-02-30", "no_such_date"),
        (sample({}) | {"hours": [PERIOD, PERIOD | {"from": 20270501}]}, "hours.2.from", "no_such_date"),
        (sample({}) | {"hours": [PERIOD, LATER, LATER]}, "hours.3.from", "periods_out_of_order"),
        (sample({}) | {"hours": [PERIOD, LATER | {"sessions": []}]}, "hours.2.sessions", "hours_missing"),
        (sample({}) | {"hours": [PERIOD, LATER | {"sessions": [["9:00"]]}]}, "hours.2.sessions.1", "not_a_session"),
        (sample({}) | {"zone": "Asia/Tokyo"}, "zone", "wrong_zone"),
        (sample({}) | {"local": {}}, "local", "not_a_list"),
        (sample({}) | {"local": [{"notice": "甲"}]}, "local.1", "days_missing"),
        (sample({}) | {"local": [{"off": {"2027-07-26": "台风"}}]}, "local.1", "notice_missing"),
        (
            sample({}) | {"local": [{"notice": "甲", "off": {"2027-07-26": "台风"}, "work": {"2027-07-26": "台风"}}]},
            "local.1.work.2027-07-26",
            "off_and_work",
        ),
        (
            sample({}) | {"local": [{"notice": "甲", "off": {"1985-07-26": "台风"}}]},
            "local.1.off.1985-07-26",
            "no_such_date",
        ),
        (sample({}) | {"note": ""}, "note", "unknown_key"),
        ({"id": "cn", "years": {}}, "hours", "missing"),
    ],
)
def test_a_faulty_edition_is_refused_at_its_place(data: dict[str, Any], place: str, why: str) -> None:
    """Each fault of a calendar file is refused with the place and the kind of fault."""
    with pytest.raises(Misused) as refused:
        edition_from_dict(data)
    assert (refused.value.code, refused.value.data) == ("bad_calendar", {"place": place, "why": why})
