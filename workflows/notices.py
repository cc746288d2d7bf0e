"""What a calendar file says: JSON in the shipped form, or the text of the State Council's yearly notice on days off.

The rule of `workflows.limits` holds here too: never guess. A notice is read whole or refused at the sentence that could
not be read, whose dates, weekdays and totals contradict each other, or that is missing.
"""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from engine.amendment import amended
from engine.errors import Misused
from workflows.labels import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.calendar import Edition, Year

FEASTS = ("元旦", "春节", "清明", "劳动|五一", "端午", "中秋", "国庆|十一")
"""The feasts that a year's notice must arrange; 清明, 端午 and 中秋 are days off since 2008."""

LONGEST = 31
"""No feast is longer than a month, in days after its first."""

LINE = 60
"""How many characters of a sentence are quoted."""

_NUMERALS = "一二三四五六七八九十"
_PLAIN = str.maketrans("０１２３４５６７８９（），：；", "0123456789(),:;")
_PRINTED = str.maketrans("(),:;", "（），：；")
_TITLE = re.compile(r"关于(调整)?(\d{4})年(部分节假日|.{2,12}?假期)安排的通知")
_NUMBER = re.compile(r"国办(?:发明电|发|函|明电)?[〔\[(]\d{4}[〕\])]\d+号")
_ITEM = re.compile(rf"(?:^|(?<=[。:;]))([{_NUMERALS}]{{1,2}})、")
_NAME = re.compile(r"([^。:,;\d]{2,30}):")
_DATE = r"(?:(?:(\d{4})年)?(\d{1,2})月)?(\d{1,2})日(?:\(([^)]*)\))?"
_OFF = re.compile(rf"{_DATE}(?:(?:至|到|—|-|~){_DATE})?(?:调休放假|放假调休|放假公休|放假|补休|调休)(?:(\d+)天)?$")
_WORK = re.compile(r"(.+日(?:\([^)]*\))?)(?:均|正常|照常|都)?上班$")
_ONE = re.compile(rf"{_DATE}$")
_TOTAL = re.compile(r"共(\d+)天$")
_SAYS_NOTHING = re.compile(r"与周末连休$|不调休$|鼓励.*$")  # what leaves weekends as they are, and what is only advised
_WEEKDAY = re.compile(rf"(?:周|星期)([{WEEKDAYS[:6]}日天])$")
_LUNAR = re.compile(
    r"(?:农历)?(?:除夕|(?:正月|腊月)?(?:初|十|廿|二十|三十)?[一二三四五六七八九十]?)$|[\u4e00-\u9fff]{1,6}节$|新年$"
)
_ENDING = re.compile(r"节假日期间|各地区|各单位")
_ANY_DAY = re.compile(r"\d日")
_IN_FORCE = re.compile(r"自\d{4}年\d{1,2}月\d{1,2}日起")
_SIGNED = re.compile(r"(?:国务院|办公厅|秘书局)*\d{4}年\d{1,2}月\d{1,2}日(?:\(此件公开发布\))?$")


class _Tables(NamedTuple):
    """What has been read so far: by day the name of the feast."""

    off: dict[date, str]
    work: dict[date, str]


def amendment(text: str, edition: Edition, notice: str = "") -> Edition:
    """Return the edition that a file's text makes of `edition`.

    `notice` names the notice that a text is, instead of the number or title it carries. Raises `Misused("bad_calendar")`
    with the place: a key of the JSON (`years.2027.off.2027-02-30`) or the sentence of the notice.
    """
    bare = text.lstrip("\ufeff \t\r\n")
    data = _json(bare) if bare[:1] in ("{", "[") else _notice(bare, edition, notice)
    new = amended(edition, data)
    for year in new.years:
        if year not in edition.years:
            _all_feasts(year)
    return new


def _json(text: str) -> dict[str, object]:
    """Read JSON in which no name stands twice."""
    try:
        data = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise Misused("bad_calendar", place=f"第 {error.lineno} 行", why="not_json") from None
    if not isinstance(data, dict):
        raise Misused("bad_calendar", place="", why="not_a_table")
    return data


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise Misused("bad_calendar", place=key, why="named_twice")
        found[key] = value
    return found


def _all_feasts(year: Year) -> None:
    """Refuse a year that does not speak of every feast: its table is not complete."""
    named = " ".join(name for _, name in year.off)
    for feast in FEASTS if year.year >= 2008 else ():  # noqa: PLR2004 - the regulation in force since 2008
        if not re.search(feast, named):
            raise Misused("bad_calendar", place=f"years.{year.year}", why="feast_missing", name=feast.split("|")[0])


# -- the text of a notice --------------------------------------------------------------------------------------------


def _notice(text: str, edition: Edition, notice: str) -> dict[str, object]:
    """Read the text of a notice into the form of a year's file."""
    plain = _SIGNED.sub("", re.sub(r"\s+", "", text).translate(_PLAIN))
    title = _TITLE.search(plain)
    if title is None:
        raise Misused("bad_calendar", place=plain[:20], why="no_title")
    changes, year, about = bool(title[1]), int(title[2]), title[3]
    starts = list(_ITEM.finditer(plain, title.end()))
    if not starts:
        raise Misused("bad_calendar", place=plain[:20], why="no_items")
    _without_days(plain[title.end() : starts[0].start()])
    tables = _Tables({}, {})
    for number, (start, end) in enumerate(_spans(plain, starts), 1):
        sentence = plain[start.start() : end]
        if start[1] != _numeral(number):
            _refuse(sentence, "item_missing")
        _item(plain[start.end() : end], year, about.removesuffix("假期") if changes else "", tables)
    number_ = _NUMBER.search(plain)
    named = "".join(notice.split()) or (number_[0] if number_ else title[0])
    if changes:
        return _changed(edition, year, named, tables)
    return _year_form(year, named, tables)


def _spans(plain: str, starts: list[re.Match[str]]) -> Iterator[tuple[re.Match[str], int]]:
    """Yield the start of each item with its end."""
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        yield start, following.start() if following else len(plain)


def _numeral(number: int) -> str:
    return _NUMERALS[number - 1] if number <= len(_NUMERALS) else f"十{_NUMERALS[number - 11]}"


def _item(text: str, year: int, about: str, tables: _Tables) -> None:
    """Read one item; with `about` it belongs to a notice that changes this one feast, and may ask for other things too."""
    name = _NAME.match(text)
    if about and not _ANY_DAY.search(text):
        return
    if name is None and not about:
        _refuse(text, "no_feast")
    item = _Item(year, about or (name[1] if name else ""))
    for sentence in filter(None, text[name.end() if name else 0 :].split("。")):
        if _ENDING.match(sentence):
            _without_days(text[text.index(sentence) :])
            break
        item.read(sentence)
    off, work = item.said
    if not off:
        _refuse(text, "days_missing")
    if item.total is not None and item.total != len(off):
        _refuse(text, "total_differs", name=str(len(off)))
    twice = (off.keys() | work.keys()) & (tables.off.keys() | tables.work.keys())
    if twice:
        _refuse(text, "named_twice", name=min(twice).isoformat())
    tables.off.update(off)
    tables.work.update(work)


class _Item:
    """One item of a notice as far as it has been read: its feast, its days, and how many days off it says there are."""

    def __init__(self, year: int, feast: str) -> None:
        self.year, self.feast = year, feast
        self.said = _Tables({}, {})
        self.total: int | None = None
        self.sentence = ""

    def read(self, sentence: str) -> None:
        """Read a sentence, cut at its commas but for those in brackets."""
        self.sentence = sentence
        for clause in re.split(r"[,;](?![^(]*\))", sentence):
            total, off, work = _TOTAL.match(clause), _OFF.match(clause), _WORK.match(clause)
            if _SAYS_NOTHING.match(clause):
                break
            if total:
                self.total = int(total[1])
            elif off:
                self._off(off)
            elif work:
                self._work(work[1])
            else:
                self._refuse("sentence_unread")

    def _off(self, found: re.Match[str]) -> None:
        first = last = self._day(found.groups()[:4], None)
        if found[7]:
            last = self._day(found.groups()[4:8], first)
        if not 0 <= (last - first).days <= LONGEST:
            self._refuse("range_backwards")
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            self._once(day)
            self.said.off[day] = self.feast
        if found[9]:
            self.total = int(found[9])

    def _work(self, days: str) -> None:
        day: date | None = None
        for one in re.split(r"、(?![^(]*\))", days):
            written = _ONE.match(one)
            if not written:
                self._refuse("sentence_unread")
            day = self._day(written.groups(), day)
            self._once(day)
            if day.isoweekday() < 6:  # noqa: PLR2004 - Saturday
                self._refuse("makeup_on_weekday", day.isoformat())
            self.said.work[day] = self.feast

    def _once(self, day: date) -> None:
        if day in self.said.off:
            self._refuse("off_and_work", day.isoformat())
        if day in self.said.work:
            self._refuse("named_twice", day.isoformat())

    def _day(self, parts: tuple[str | None, ...], before: date | None) -> date:
        """Make a date of (year, month, day, what stood in brackets); what is unsaid goes on from the date before it."""
        said_year, said_month, said_day, brackets = parts
        if said_month is None and before is None:
            self._refuse("sentence_unread")
        month = int(said_month) if said_month else before.month if before else 0
        year = int(said_year) if said_year else before.year if before else self.year
        if month == 12 and not said_year and before is None and "元旦" in self.feast:  # noqa: PLR2004 - which December?
            self._refuse("year_unsaid")
        if not said_year and before and month < before.month:
            year += 1
        try:
            day = date(year, month, int(said_day or 0))
        except ValueError:
            self._refuse("no_such_date")
        if not date(self.year - 1, 12, 1) <= day <= date(self.year + 1, 1, 31):
            self._refuse("not_of_this_year", day.isoformat())
        for word in filter(None, re.split("[、,]", brackets or "")):
            weekday = _WEEKDAY.match(word)
            if weekday is None and not _LUNAR.match(word):
                self._refuse("sentence_unread")
            if weekday and WEEKDAYS.index("日" if weekday[1] == "天" else weekday[1]) != day.weekday():
                self._refuse("weekday_differs", f"{day.isoformat()} 周{WEEKDAYS[day.weekday()]}")
        return day

    def _refuse(self, why: str, name: str = "") -> NoReturn:
        _refuse(self.sentence, why, name)


def _without_days(text: str) -> None:
    """Refuse a part that should arrange no days, when it names any."""
    for sentence in text.split("。"):
        if _ANY_DAY.search(_IN_FORCE.sub("", sentence)):
            _refuse(sentence, "sentence_unread")


def _refuse(sentence: str, why: str, name: str = "") -> NoReturn:
    """Refuse the notice at a sentence."""
    shown = (sentence if len(sentence) <= LINE else f"{sentence[:LINE]}…").translate(_PRINTED)
    more = {"name": name} if name else {}
    raise Misused("bad_calendar", place=f"“{shown}”", why=why, **more)


def _year_form(year: int, notice: str, tables: _Tables) -> dict[str, object]:
    off, work = ({day.isoformat(): name for day, name in sorted(part.items())} for part in tables)
    return {"year": year, "notice": notice, "off": off, "work": work}


def _changed(edition: Edition, year: int, notice: str, tables: _Tables) -> dict[str, object]:
    """Put the newly arranged feast in its old place in the year's table, and name both notices."""
    old = next((one for one in edition.years if one.year == year), None)
    if old is None:
        raise Misused("bad_calendar", place=f"years.{year}", why="nothing_to_change")
    feasts = {name for part in tables for name in part.values()}
    kept = _Tables(
        *({date.fromordinal(day): name for day, name in part if name not in feasts} for part in (old.off, old.work))
    )
    joined = _Tables(kept.off | tables.off, kept.work | tables.work)
    return _year_form(year, f"{old.notice} {notice}", joined)
