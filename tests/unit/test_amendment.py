"""What a calendar file may add to an edition, and what it may not say."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from engine.amendment import amended
from engine.calendar import Calendar, Edition
from engine.edition import edition_from_dict
from engine.errors import Misused
from workflows.calendars import shipped_edition

EDITION = shipped_edition()
FIXED = dict.fromkeys(("2027-01-01", "2027-05-01", "2027-05-02", "2027-10-01", "2027-10-02", "2027-10-03"), "节")
STORM = {"notice": "沪防〔2026〕3号", "off": {"2026-07-27": "台风停工"}, "work": {"2026-08-01": "台风停工"}}
SUMMER = {"from": "2026-06-15", "sessions": [["08:00", "11:30"], ["14:30", "18:00"]]}
MAY = EDITION.years[-1].notice


def year(**parts: object) -> dict[str, Any]:
    """A file for 2027, some parts of it replaced."""
    return {"year": 2027, "notice": "甲", "off": FIXED, "work": {"2027-01-09": "节"}} | parts


def ordinal(text: str) -> int:
    """The ordinal of a written date."""
    return date.fromisoformat(text).toordinal()


def refusal(data: dict[str, Any], edition: Edition = EDITION) -> tuple[object, object]:
    """Place and kind of what is refused."""
    with pytest.raises(Misused) as refused:
        amended(edition, data)
    assert refused.value.code == "bad_calendar"
    return refused.value.data["place"], refused.value.data["why"]


def test_a_new_year_is_added_and_no_longer_provisional() -> None:
    """A file in the shipped form publishes its year; the edition it was added to stays as it was."""
    new = amended(EDITION, year())
    assert [one.year for one in new.years] == list(range(2007, 2028))
    assert Calendar(EDITION).provisional(ordinal("2027-01-03"), ordinal("2027-01-05"))
    assert not Calendar(new).provisional(ordinal("2026-12-19"), ordinal("2027-12-19"))
    assert amended(new, year()) == new
    assert amended(new, {"years": {"2027": {key: year()[key] for key in ("notice", "off", "work")}}}) == new


def test_local_days_and_hours_are_added() -> None:
    """Days of the place under their own notice, and hours from a day on, each beside what there was."""
    new = amended(EDITION, {"local": [STORM], "hours": [SUMMER], "zone": "Asia/Shanghai"})
    assert Calendar(new).reason(ordinal("2026-07-27")) == ("holiday", "台风停工", "沪防〔2026〕3号")
    assert [period.first for period in new.hours] == [0, ordinal("2026-06-15")]
    again = amended(new, {"local": [STORM], "hours": [SUMMER | {"sessions": [["09:00", "17:00"]]}]})
    assert again.local == new.local
    assert [period.sessions for period in again.hours[1:]] == [((540, 1020),)]
    assert amended(again, {"hours": [SUMMER | {"from": "2026-05-01"}]}).hours[2] == again.hours[1]


def test_a_whole_edition_takes_the_place_of_all() -> None:
    """An edition with its id is taken as it stands, and may only add to or amend what is known."""
    whole = amended(EDITION, year()).to_dict() | {"hours": [["09:00", "17:00"]]}
    new = amended(EDITION, whole)
    assert new == edition_from_dict(whole)
    assert refusal(EDITION.to_dict() | {"id": "hk"}) == ("id", "another_calendar")
    assert refusal(EDITION.to_dict(), new) == ("years.2027", "year_lost")
    assert refusal(EDITION.to_dict(), amended(EDITION, {"local": [STORM]})) == ("local", "local_lost")


def test_a_newer_notice_must_list_the_older_one() -> None:
    """A day that another notice names differently is refused, until the newer notice says that it changes that one."""
    new = amended(EDITION, year())
    changed = year(off=FIXED | {"2027-10-04": "节"}, notice="乙")
    assert refusal(changed, new) == ("years.2027.2027-10-04", "contradicts")
    assert refusal(changed | {"notice": "甲"}, new) == ("years.2027.2027-10-04", "contradicts")
    amended_year = amended(new, changed | {"notice": "甲 乙"})
    assert amended_year.years[-1].notice == "甲 乙"
    # a makeup Saturday of 2026 on which a storm closed the office
    closed = {"notice": "沪防〔2026〕1号", "off": {"2026-05-09": "台风停工"}}
    assert refusal({"local": [closed]}) == ("local.1.2026-05-09", "contradicts")
    accepted = amended(EDITION, {"local": [closed | {"notice": f"{MAY} 沪防〔2026〕1号"}]})
    assert not Calendar(accepted).is_workday(ordinal("2026-05-09"))


def test_two_notices_in_one_file_are_held_against_each_other() -> None:
    """What contradicts within a file is refused like what contradicts the edition."""
    back = {"notice": "沪防〔2026〕4号", "work": {"2026-07-27": "台风停工"}}
    assert refusal({"local": [STORM, back]}) == ("local.2.2026-07-27", "contradicts")
    listed = back | {"notice": "沪防〔2026〕3号 沪防〔2026〕4号"}
    assert Calendar(amended(EDITION, {"local": [STORM, listed]})).is_workday(ordinal("2026-07-27"))


def test_a_year_cannot_undo_what_stands_above_it() -> None:
    """Local days hold over the years and later years over earlier ones: the file that would not count is refused."""
    local = {"notice": "丙", "off": {"2027-01-09": "台风停工"}}
    assert refusal(year(notice="丙 甲"), amended(EDITION, {"local": [local]})) == ("years.2027.2027-01-09", "overruled")


@pytest.mark.parametrize(
    ("data", "place", "why"),
    [
        ({}, "", "nothing_given"),
        ({"local": [STORM], "note": "x"}, "note", "unknown_key"),
        (year(zone="UTC"), "zone", "wrong_zone"),
        (year(extra=1), "extra", "unknown_key"),
        (year(year="27"), "years.27", "not_a_year"),
        ({"year": 2027, "off": FIXED}, "notice", "missing"),
        ({"years": {"2027": {}}}, "years.2027", "days_missing"),
        ({"years": []}, "years", "not_a_table"),
        (
            year(off={day: name for day, name in FIXED.items() if day != "2027-05-02"}),
            "years.2027.off.2027-05-02",
            "statutory_missing",
        ),
        (year(work={"2027-01-01": "节"}), "years.2027.work.2027-01-01", "off_and_work"),
        (year(work={"2027-01-04": "节"}), "years.2027.work.2027-01-04", "makeup_on_weekday"),
        (year(work={"2026-09-25": "节"}), "years.2027.work.2026-09-25", "not_of_this_year"),
        (year(work={"2027-01-32": "节"}), "years.2027.work.2027-01-32", "no_such_date"),
        ({"local": [STORM | {"work": {"2026-07-28": "台风停工"}}]}, "local.1.work.2026-07-28", "makeup_on_weekday"),
        ({"local": [STORM | {"notice": " "}]}, "local.1", "notice_missing"),
        ({"hours": [["09:00", "17:00"]]}, "hours.1", "not_a_table"),
        ({"hours": []}, "hours", "hours_missing"),
        ({"hours": [{"sessions": [["09:00", "17:00"]]}]}, "hours.1.from", "missing"),
        ({"hours": [SUMMER | {"sessions": [["17:00", "09:00"]]}]}, "hours.1.sessions.1", "session_backwards"),
        ({"hours": [SUMMER | {"sessions": [["09:00", "09:00"]]}]}, "hours.1.sessions.1", "session_empty"),
        ({"hours": [SUMMER | {"sessions": [["09:00", "24:30"]]}]}, "hours.1.sessions.1", "not_a_time"),
        (
            {"hours": [SUMMER | {"sessions": [["09:00", "12:00"], ["11:00", "17:00"]]}]},
            "hours.1.sessions.2",
            "sessions_overlap",
        ),
        ({"hours": [SUMMER, SUMMER]}, "hours.2.from", "periods_out_of_order"),
    ],
)
def test_a_faulty_file_is_refused_at_its_place(data: dict[str, Any], place: str, why: str) -> None:
    """Each fault is refused with the place and the kind of fault."""
    assert refusal(data) == (place, why)
