"""Reading of Chinese limit texts: what is written is read, what is not written is not guessed."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Misused
from engine.limit import UNITS, Limit, code, parse
from workflows.limits import (
    AS_SHIPPED,
    UNREADABLE,
    Reading,
    Readings,
    limit_title,
    read_limit,
    reading_words,
    readings_of,
)

TODAY = date(2024, 7, 1)
DAYS = "“天”按自然日计"
HOURS = "“小时”按连续小时计"
NO_YEAR = "未写年份，按2024年计"

READ = {
    "5wd": ("5wd", ""),
    "1y": ("12mo", ""),
    "5个工作日": ("5wd", ""),
    "5工作日": ("5wd", ""),
    "五个工作日": ("5wd", ""),
    "十个工作日": ("10wd", ""),
    "十五个工作日": ("15wd", ""),
    "二十个工作日": ("20wd", ""),
    "九十九个工作日": ("99wd", ""),
    "5个工作日内": ("5wd", ""),
    "5个工作日内完成": ("5wd", ""),
    " 5 工作日\n": ("5wd", ""),
    "５个工作日": ("5wd", ""),
    "15天": ("15d", DAYS),
    "两天": ("2d", DAYS),
    "15日": ("15d", "“日”按自然日计"),
    "15个自然日": ("15d", ""),
    "15日（自然日）": ("15d", ""),
    "2小时": ("2h", HOURS),
    "24小时内": ("24h", HOURS),
    "2个连续小时": ("2h", ""),
    "4工作时": ("4wh", ""),
    "4个工作小时": ("4wh", ""),
    "2紧急工作时": ("2h", ""),
    "2紧急工作日": ("2d", "“紧急工作日”按自然日计"),
    "1个月": ("1mo", ""),
    "三个月内": ("3mo", ""),
    "半年": ("6mo", ""),
    "1年": ("12mo", ""),
    "两年": ("24mo", ""),
    "2023-08-31": ("2023-08-31", ""),
    "2023-08-31 00:00:00": ("2023-08-31", ""),
    "2023/8/31": ("2023-08-31", ""),
    "2023.8.31": ("2023-08-31", ""),
    "2023年8月31日": ("2023-08-31", ""),
    "２０２３年８月３１日": ("2023-08-31", ""),
    "2023/7/9 9:30": ("2023-07-09", "时刻9:30未计入，按当日下班时到期"),
    "2023年8月31日前": ("2023-08-31", "“前”按含当日计"),
    "8月31日": ("2024-08-31", NO_YEAR),
    "8月31日前": ("2024-08-31", NO_YEAR + "；“前”按含当日计"),
    "6月30日": ("2024-06-30", NO_YEAR + "，该日已过"),
    "2025年底前": ("2025-12-31", ""),
    "2025年年底": ("2025-12-31", ""),
    "2025年底前完成": ("2025-12-31", ""),
    "年底前": ("2024-12-31", NO_YEAR),
    "今年年底前": ("2024-12-31", "“今年”按2024年计"),
    "8月底前": ("2024-08-31", NO_YEAR),
    "5月底前": ("2024-05-31", NO_YEAR + "，该日已过"),
    "2月底前": ("2024-02-29", NO_YEAR + "，该日已过"),
    "2017年9月底前": ("2017-09-30", ""),
    "2023年12月末": ("2023-12-31", ""),
}
NOT_READ = {
    "立行立改": "立行立改：未写明期限",
    "按照时间节点": "按照时间节点：未写明期限",
    "2024年8月前": "“2024年8月前”有两种读法：2024-07-31或2024-08-31，请明确",
    "8月前": "“8月前”有两种读法：2024-07-31或2024-08-31，请明确",
    "2025年前": "“2025年前”有两种读法：2024-12-31或2025-12-31，请明确",
    "2024年8月": "只写到月份，请写明日期（如2024-08-31）",
    "3月": "只写到月份，请写明日期（如2024-03-31）",
    "2025年": "只写到年份，请写明日期（如2025-12-31）",
    "2023-02-30": "没有这一天：2023-02-30",
    "2023年2月29日": "没有这一天：2023年2月29日",
    "13月底前": "没有这一天：13月底前",
    "种植季节15工作日": "“种植季节”含义须明确，“15工作日”未作时限",
} | dict.fromkeys(
    [
        "",
        "尽快",
        "底前",
        "0天",
        "-5天",
        "1.5天",
        "3至5天",
        "3-5天",
        "半天",
        "30分钟",
        "23年",
        "一百五十天",
        "两十天",
        "十十天",
        "13月",
        "12345天",
        "1紧急工作时制止",
        "5天 9:30",
        "2023-08-31 99:99",
        "1991年8月1日",
        "5WD",
        "²天",
        "2023.8",
        "月底前",
    ],
    UNREADABLE,
)


@pytest.mark.parametrize(("text", "code", "note"), [(text, *read) for text, read in READ.items()])
def test_a_limit_is_read_with_what_was_assumed(text: str, code: str, note: str) -> None:
    """Each form gives its code, and a note exactly when something was assumed."""
    assert read_limit(text, today=TODAY) == Reading(code, longterm=False, note=note)


@pytest.mark.parametrize(("text", "note"), NOT_READ.items())
def test_what_has_no_one_reading_is_not_guessed(text: str, note: str) -> None:
    """A text without a limit, with two readings, or that cannot be read has no code and says why."""
    assert read_limit(text, today=TODAY) == Reading(None, longterm=False, note=note)


@pytest.mark.parametrize("suffix", ["，长期坚持", "，并长期坚持", ",并长期坚持", "并长期坚持", "；长期坚持"])
@pytest.mark.parametrize("text", ["2025年底前", "5个工作日", "立行立改", "2024年8月前"])
def test_longterm_stands_beside_the_limit(text: str, suffix: str) -> None:
    """长期坚持 sets its flag and changes neither code nor note."""
    assert read_limit(text + suffix, today=TODAY) == read_limit(text, today=TODAY)._replace(longterm=True)


def test_longterm_alone_is_no_limit() -> None:
    """长期坚持 without a limit has no code."""
    assert read_limit("长期坚持", today=TODAY) == Reading(None, longterm=True, note="长期坚持：未写明期限")


def test_bare_days_follow_the_setting() -> None:
    """A bare 天 or 日 is read by the office's setting and says so; an explicit unit is not touched by it."""
    readings = Readings(bare_days="wd")
    assert read_limit("5天", today=TODAY, readings=readings) == Reading("5wd", longterm=False, note="“天”按工作日计")
    assert read_limit("5日", today=TODAY, readings=readings) == Reading("5wd", longterm=False, note="“日”按工作日计")
    assert read_limit("5个自然日", today=TODAY, readings=readings).code == "5d"
    assert read_limit("5紧急工作日", today=TODAY, readings=readings).code == "5d"


def test_hours_and_urgent_days_follow_their_settings() -> None:
    """小时 alone as office hours, 紧急工作日 as working days; 紧急工作时 and 连续小时 say it themselves."""
    readings = Readings(bare_hours="wh", urgent_days="wd")
    assert read_limit("4小时", today=TODAY, readings=readings)[::2] == ("4wh", "“小时”按工作小时计")
    assert read_limit("2紧急工作日", today=TODAY, readings=readings)[::2] == ("2wd", "“紧急工作日”按工作日计")
    for text in ("4紧急工作时", "4连续小时", "4小时（连续）"):
        assert read_limit(text, today=TODAY, readings=readings)[::2] == ("4h", "")
    assert read_limit("4天", today=TODAY, readings=readings).code == "4d"


def test_a_date_without_a_year_is_of_the_activity() -> None:
    """The year that the setting names, said each time; a written year stands, and so does what is past by today."""
    readings = Readings(year="2023")
    assert read_limit("8月底前", today=TODAY, readings=readings)[::2] == (
        "2023-08-31",
        "未写年份，按2023年计，该日已过",
    )
    assert read_limit("2月末", today=TODAY, readings=readings).code == "2023-02-28"  # 2024 has a 29th
    assert read_limit("年底前", today=TODAY, readings=readings).code == "2023-12-31"
    assert read_limit("2025年底前", today=TODAY, readings=readings) == Reading("2025-12-31", longterm=False, note="")
    assert (
        read_limit("8月前", today=TODAY, readings=readings).note == "“8月前”有两种读法：2023-07-31或2023-08-31，请明确"
    )


def test_the_setting_is_read_back_or_refused() -> None:
    """As kept in the database; what there is no such reading of, or no JSON, is refused with the place."""
    assert readings_of(None) == AS_SHIPPED
    assert readings_of('{"bare_days":"wd","year":"2023"}') == Readings(bare_days="wd", year="2023")
    bad = ('{"bare_days":"h"}', '{"bare_hours":"d"}', '{"year":"23"}', '{"year":"1991"}', '{"else":""}', "[]", "wd")
    for text in bad:
        with pytest.raises(Misused, match="bad_setting"):
            readings_of(text)


def test_the_setting_in_words() -> None:
    """Each of its parts has its words."""
    assert list(reading_words(Readings("wd", "wh", "d", "2023")).values()) == [
        "按工作日计",
        "按工作小时计",
        "按自然日计",
        "按2023年计",
    ]
    assert reading_words(AS_SHIPPED)["year"] == "按读入当年计"


READINGS = st.builds(
    Readings,
    st.sampled_from(["d", "wd"]),
    st.sampled_from(["h", "wh"]),
    st.sampled_from(["d", "wd"]),
    st.sampled_from(["", "2023"]),
)


@given(
    st.builds(Limit, st.integers(1, 9999), st.sampled_from(UNITS)) | st.dates(date(1992, 1, 1), date(2099, 12, 31)),
    READINGS,
)
def test_a_title_is_read_back_as_its_code(given: Limit | date, readings: Readings) -> None:
    """What `limit_title` writes, `read_limit` reads as the same code, whatever the setting and the day."""
    limit = given if isinstance(given, Limit) else Limit(given.toordinal(), "on")
    assert read_limit(limit_title(code(limit)), today=TODAY, readings=readings)[::2] == (code(limit), "")


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("5wd", "5个工作日"),
        ("15d", "15日(自然日)"),
        ("2h", "2小时(连续)"),
        ("4wh", "4个工作小时"),
        ("1mo", "1个月"),
        ("1y", "12个月"),
        ("2023-08-31", "2023年8月31日"),
    ],
)
def test_titles(code: str, title: str) -> None:
    """Each code has its words."""
    assert limit_title(code) == title


@given(
    st.text("0123456789年月日天号底前后内个工作紧急小时半两一二三十，。、()（）长期坚持立行改-/.: T今本", max_size=16)
    | st.text()
)
def test_no_text_breaks_the_reading(text: str) -> None:
    """Any text gives a reading: a canonical code, or none and a note."""
    reading = read_limit(text, today=TODAY)
    if reading.code is None:
        assert reading.note
    else:
        assert code(parse(reading.code)) == reading.code


@given(st.datetimes(datetime(1992, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001 - spreadsheets know no zones
def test_every_spreadsheet_date_is_read(moment: datetime) -> None:
    """A date cell's text is read as that date, and its time of day is mentioned when there is one."""
    moment = moment.replace(microsecond=0)
    reading = read_limit(str(moment), today=TODAY)
    assert reading.code == moment.date().isoformat()
    assert bool(reading.note) == bool(moment.hour or moment.minute)
