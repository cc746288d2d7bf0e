"""The State Council's yearly notices as texts, and what is refused of them.

The texts under tests/notices are written from memory in the wording of their years, and may differ from the originals in
a word; what they arrange is held against the shipped tables.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.calendar import Calendar, Edition, Year
from engine.errors import Misused
from workflows.calendars import shipped_edition
from workflows.faults import CALENDAR_FAULTS
from workflows.labels import Titles
from workflows.messages import sentence
from workflows.notices import amendment

TEXTS = Path(__file__).resolve().parents[1] / "notices"
EDITION = shipped_edition()
YEARS = [2010, 2011, 2012, 2013, 2014, 2016, 2017, 2018, 2022, 2023, 2024, 2025, 2026]


def without(year: int) -> Edition:
    """The shipped edition before a year was announced."""
    return EDITION._replace(years=tuple(one for one in EDITION.years if one.year != year))


def table(edition: Edition, year: int) -> Year:
    """One year of an edition."""
    return next(one for one in edition.years if one.year == year)


def text_of(name: str) -> str:
    """A notice's text."""
    return (TEXTS / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("year", YEARS)
def test_a_years_notice_gives_the_shipped_table(year: int) -> None:
    """The text of a year's notice is read whole, and gives the days, names and make-up days of the shipped table."""
    found = table(amendment(text_of(str(year)), without(year)), year)
    assert (found.off, found.work) == table(EDITION, year)[2:]
    assert found.notice.startswith(f"国办发明电〔{year - 1}〕")


def test_an_amended_year_lists_both_notices() -> None:
    """2019 as first announced, then changed for the May holiday, is the shipped table; both notices are named."""
    first = amendment(text_of("2019"), without(2019))
    assert table(first, 2019) != table(EDITION, 2019)
    second = amendment(text_of("2019-05"), first)
    assert table(second, 2019)[2:] == table(EDITION, 2019)[2:]
    assert table(second, 2019).notice == "国办发明电〔2018〕15号 国办发明电〔2019〕3号"


@pytest.mark.parametrize("year", [2014, 2019, 2026])
def test_the_layout_does_not_matter(year: int) -> None:
    """Pasted in one line, or with a line break after every eighth character, with half-width signs: the same days."""
    plain = "".join(text_of(str(year)).split())
    broken = "\n".join(plain[at : at + 8] for at in range(0, len(plain), 8))
    for text in (plain, broken, plain.translate(str.maketrans("（），：", "(),:"))):
        assert table(amendment(text, without(year)), year) == table(amendment(text_of(str(year)), without(year)), year)


def test_the_notice_may_be_named() -> None:
    """Instead of its number, an address or a title can be given."""
    edition = amendment(text_of("2026"), without(2026), "https://example.invalid/2026")
    assert table(edition, 2026).notice == "https://example.invalid/2026"


REFUSED = [
    ("1月1日（周四）至3日（周六）", "1月1日（周五）至3日（周六）", "weekday_differs", "1月1日（周五）至3日"),
    ("放假调休，共9天", "放假调休，共8天", "total_differs", "春节"),
    ("共3天。1月4日（周日）上班", "共3天。1月3日（周六）上班", "off_and_work", "1月3日（周六）上班"),
    ("1月4日（周日）上班", "1月5日（周一）上班", "makeup_on_weekday", "1月5日（周一）上班"),
    ("1月4日（周日）上班", "2月14日（周六）上班", "named_twice", "春节"),
    ("2月14日（周六）、2月28日（周六）", "2月28日（周六）、2月28日（周六）", "named_twice", "2月28日"),
    ("1月4日（周日）上班", "1月4日（周日）原则上上班", "sentence_unread", "原则上"),
    ("1月4日（周日）上班", "1月4日（当值、周日）上班", "sentence_unread", "当值"),
    ("5月9日（周六）上班。", "5月9日（周六）上班。其中5月1日为法定节日。", "sentence_unread", "其中"),
    ("四、劳动节", "五、劳动节", "item_missing", "劳动节"),
    ("三、清明节：4月4日（周六）至6日（周一）放假，共3天。\n", "", "item_missing", "劳动节"),
    ("清明节：4月", "扫墓节：4月", "feast_missing", "years.2026"),
    (
        "5月1日（周五）至5日（周二）放假调休，共5天",
        "5月2日（周六）至5日（周二）放假调休，共4天",
        "statutory_missing",
        "05-01",
    ),
    ("4月4日（周六）至6日（周一）放假，共3天", "4月31日放假", "no_such_date", "4月31日"),
    (
        "6月19日（周五）至21日（周日）放假，共3天",
        "6月21日（周日）至19日（周五）放假，共3天",
        "range_backwards",
        "6月21日",
    ),
    ("1月4日（周日）上班", "12月31日（周四）上班", "year_unsaid", "12月31日"),
    ("1月4日（周日）上班", "2024年1月4日上班", "not_of_this_year", "2024年"),
    ("放假调休，共9天。2月14日（周六）、2月28日（周六）上班", "安排另行通知", "sentence_unread", "另行通知"),
    ("一、元旦：", "一、", "no_feast", "1月1日"),
    ("节假日期间，各地区", "节假日期间，5月6日也放假，各地区", "sentence_unread", "5月6日"),
    ("经国务院批准，", "经国务院批准，12月31日放假。", "sentence_unread", "12月31日"),
    ("部分节假日安排的通知", "工作要点", "no_title", "国务院办公厅"),
]


@pytest.mark.parametrize(("said", "instead", "why", "place"), REFUSED)
def test_a_text_that_is_not_whole_is_refused_at_its_sentence(said: str, instead: str, why: str, place: str) -> None:
    """Each fault put into the notice of 2026 is refused where it stands, in words."""
    text = text_of("2026").replace("　　", "").replace("年\n部分", "年部分")
    assert text.count(said) == 1
    with pytest.raises(Misused) as refused:
        amendment(text.replace(said, instead), without(2026))
    assert refused.value.code == "bad_calendar"
    assert refused.value.data["why"] == why
    assert place in str(refused.value.data["place"])
    shown = sentence(refused.value, Titles({}, {}, {}, {}))
    assert place in shown
    assert "{" not in shown


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("关于2027年部分节假日安排的通知", "no_items"),
        ("放假通知：明天放假。", "no_title"),
        ("", "no_title"),
        ("{", "not_json"),
        ("[]", "not_a_table"),
        ('{"year": 2027, "year": 2028}', "named_twice"),
        ('{"year": 2027, "notice": "甲", "off": {"2027-01-01": "元旦", "2027-01-01": "春节"}}', "named_twice"),
        (text_of("2019-05").replace("2019", "2030"), "nothing_to_change"),
    ],
)
def test_what_is_no_calendar_file_is_refused(text: str, why: str) -> None:
    """Neither JSON nor a notice, or JSON that names something twice."""
    with pytest.raises(Misused) as refused:
        amendment(text, EDITION)
    assert refused.value.data["why"] == why


def test_a_second_text_of_a_year_must_say_what_it_changes() -> None:
    """The notice of a year already loaded is welcome with the same days, and refused with others."""
    first = amendment(text_of("2026"), without(2026))
    assert amendment(text_of("2026"), first) == first
    other = (
        text_of("2026")
        .replace("9月20日（周日）", "9月27日（周日）")
        .replace("25日（周五）至27日（周日）", "25日（周五）至26日（周六）")
    )
    with pytest.raises(Misused) as refused:
        amendment(other.replace("26日（周六）放假，共3天", "26日（周六）放假，共2天"), first)
    assert refused.value.data["why"] == "contradicts"


def test_a_shipped_file_can_be_loaded() -> None:
    """Every shipped year is accepted as a file, over an edition without it."""
    folder = Path(__file__).resolve().parents[2] / "workflows" / "calendars"
    for year in range(2007, 2027):
        text = (folder / f"{year}.json").read_text(encoding="utf-8")
        assert Calendar(amendment(text, without(year))).edition == EDITION


def test_every_reason_has_its_words() -> None:
    """The reasons that these tests meet are said in Chinese."""
    assert {why for *_, why, _ in REFUSED} <= CALENDAR_FAULTS.keys()
