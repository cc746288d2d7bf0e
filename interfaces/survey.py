"""A report drawn up from the database: which items, as of when, how divided. The terminal, the bulletin and the page all lay out this."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.clock import DAY, civil, day_of, iso, parse_instant, start_of_day
from engine.errors import Misused
from interfaces.past import items_of, nothing_yet, past_of, shown
from interfaces.progress import bar
from workflows.indicators import CLASSES, COHORTS, DIVISIONS, LINES, NOTHING, SHORT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.conduct import Conduct
    from engine.context import Rules
    from engine.item import Item
    from engine.passage import Trail
    from engine.past import Past
    from engine.ports import Reader
    from engine.report import Cohort, Report
    from interfaces.session import Session

    Items = Mapping[int, tuple[Item, Rules]]

_PACE = 2000
"""After how many items or entries progress is told."""
_MONTH = 7  # characters of 2023-08


class Asked(NamedTuple):
    """What a report was asked about, as typed: a month, or a span from and until days; the cohort's word; the past."""

    month: str | None = None
    begin: str | None = None
    end: str | None = None
    cohort: str | None = None
    since: str | None = None
    as_of: str | None = None
    known_at: str | None = None


class Survey(NamedTuple):
    """A report with its items, the rules that there are among them, and what to say when there is nothing."""

    page: Report
    items: Items
    kinds: tuple[Rules, ...]
    empty: str = ""

    @property
    def organisation(self) -> str:
        """The title of the bureau."""
        return self.kinds[0].organisation.title if self.kinds else ""

    @property
    def day_length(self) -> int:
        """The office time of a working day (µs), in which means are written: under the hours in force at the report's instant."""
        from engine.explain import day_length

        return day_length(self.kinds[0].calendar, self.page.now) if self.kinds else DAY


def survey(session: Session, asked: Asked) -> Survey:
    """Draw up the report. Raises what an instant, a month or a word that cannot be read raises."""
    from engine.passage import passages
    from engine.report import report
    from interfaces.selecting import ledger_workflows

    workflows = ledger_workflows(session.index)
    with session.view() as reader:
        past = past_of(session, reader, asked.as_of, asked.known_at)
        now = past.as_of if past else session.now
        begin, end = span_of(asked)
        since = parse_instant(asked.since) if asked.since else begin if begin is not None else _first_of_month(now)
        items = gathered(session, reader, past, workflows)
        entered, trail = _record(reader, past, items)
        empty = nothing_yet(reader, past, "") if past and not items else ""
    cohort = cohort_of(asked, begin, end)
    page = report(items.values(), now, since, cohort=cohort, names={title: key for key, title in LINES.items()})
    members = {
        number: (item, rules)
        for number, (item, rules) in items.items()
        if rules.definition.states[item.state].counted and cohort.holds(item)
    }
    page = page._replace(entered=entered, passages=passages(trail.stays(), members, now))
    kinds = tuple({id(rules): rules for _, rules in items.values()}.values())
    return Survey(page, items, kinds, empty)


def cohort_of(asked: Asked, begin: int | None, end: int | None) -> Cohort:
    """Return which items a report is asked about."""
    from engine.report import CLOSED, REGISTERED, Cohort
    from interfaces.selecting import one_of

    if begin is None and end is None and asked.cohort is None:
        return Cohort()
    among = {title: key for key, title in COHORTS.items()} | {"受理": REGISTERED, "销号": CLOSED}
    return Cohort(one_of("口径", asked.cohort or REGISTERED, among), begin, end)


def span_of(asked: Asked) -> tuple[int | None, int | None]:
    """Return the span asked for (µs), its end not included; a day named as the end belongs to it."""
    if asked.month:
        if asked.begin or asked.end:
            raise Misused("month_or_span")
        return month_span(asked.month)
    begin = parse_instant(asked.begin) if asked.begin else None
    end = parse_instant(asked.end) + DAY if asked.end else None
    if begin is not None and end is not None and end <= begin:
        raise Misused("span_backwards", since=asked.begin, until=asked.end)
    return begin, end


def month_span(text: str) -> tuple[int, int]:
    """Return the first instant of a month and of the next (µs): 2023-08, 2023年8月. Raises `Misused("bad_month")`."""
    plain = text.strip().replace("年", "-").removesuffix("月").replace("/", "-").replace(".", "-")
    year, _, month = plain.partition("-")
    if not (year.isdecimal() and month.isdecimal() and len(plain) <= _MONTH and 1 <= int(month) <= 12):  # noqa: PLR2004 - months
        raise Misused("bad_month", text=text)
    following = f"{int(year) + 1}-01-01" if int(month) == 12 else f"{int(year):04}-{int(month) + 1:02}-01"  # noqa: PLR2004 - December
    return parse_instant(f"{int(year):04}-{int(month):02}-01"), parse_instant(following)


def _first_of_month(now: int) -> int:
    return start_of_day(day_of(now).replace(day=1))


def gathered(session: Session, reader: Reader, past: Past | None, workflows: tuple[str, ...]) -> Items:
    """Return every item of some workflows, now or as it was, with its rules; progress is told."""
    from engine.row import ItemQuery

    total = reader.next_item() - 1
    draw = None if past else bar("件")  # the past draws its own
    found = {}
    for item, rules, _ in items_of(session, reader, past, ItemQuery(workflows=workflows)):
        found[item.number] = (item, rules)
        if draw and len(found) % _PACE == 0:
            draw(len(found), total)
    if draw:
        draw(total, total)
    return found


def _record(reader: Reader, past: Past | None, items: Items) -> tuple[tuple[int, int], Trail]:
    """Read the record once: count what was entered for somebody else (代录) among all that people did, and gather the stays.

    What stands beside the problem ledger is not counted.
    """
    from engine.event import DONE, SYSTEM
    from engine.passage import TO, Trail
    from engine.row import EventQuery

    behalf = everything = seen = 0
    trail, total = Trail(), reader.head()[0]
    draw = bar("条")
    for step in reader.steps(past.query(result=DONE) if past else EventQuery(result=DONE)):
        seen += 1
        number, decider, enterer, _, body = step
        if number not in items:
            continue
        if decider != SYSTEM:
            everything += 1
            behalf += decider != enterer
        if TO in body:
            trail.see(step)
        if draw and seen % _PACE == 0:
            draw(seen, total)
    if draw:
        draw(total, total)
    return (behalf, everything), trail


def cohort_text(page: Report | Conduct) -> str:
    """Say in words which items the figures are about, and as of when."""
    from workflows.labels import moment

    cohort, until = page.cohort, moment(shown(page.now))
    if cohort.begin is None and cohort.end is None:
        words = "全部登记的事项" if cohort.by == "registered" else "全部已办结的事项"
    else:
        begin = f"{_day(cohort.begin)}起" if cohort.begin is not None else ""
        end = f"{_day(cohort.end - 1)}止" if cohort.end is not None else ""
        words = f"{begin}{'至' if begin and end else ''}{end}{COHORTS[cohort.by]}的事项"
    return f"统计口径：截至{until}，{words}；草稿、不予受理、并案、作废不计入"


def cohort_json(page: Report | Conduct) -> dict[str, str | None]:
    """Return the same for programs."""
    cohort = page.cohort
    return {
        "by": cohort.by,
        "from": None if cohort.begin is None else iso(cohort.begin),
        "until": None if cohort.end is None else iso(cohort.end),
        "text": cohort_text(page),
    }


def _day(at: int) -> str:
    when = civil(at)
    return f"{when.year}年{when.month}月{when.day}日"


def division_key(text: str) -> str:
    """Return the division meant: its identifier, its title or a shorter word."""
    from interfaces.selecting import one_of

    titles = {title: key for key, title in DIVISIONS.items()}
    shorter = {word: "track" if key == "list" else key for key, word in SHORT.items()} | {"list": "track"}
    return one_of("分项", text, titles | shorter)


def line_title(name: str, division: str, kinds: Sequence[Rules]) -> str:
    """Return the title of a line of a division; of what has none yet, what is missing."""
    from workflows.labels import STAGES

    if not name:
        return NOTHING.get(division, "（无）")
    if division == "line":
        return LINES.get(name, name)
    if division in ("age", "over"):
        return CLASSES[name]
    if division == "stage":
        return STAGES.get(name, name)
    if division in ("month", "settled_month"):
        return f"{name[:4]}年{int(name[5:])}月"
    return _defined_title(name, division, kinds)


def _defined_title(name: str, division: str, kinds: Sequence[Rules]) -> str:
    """Return the title that an organisation or a definition gives."""
    for rules in kinds:
        definition = rules.definition
        if division == "unit" and name in rules.organisation.units:
            return rules.organisation.unit_title(name)
        if division == "track" and name in definition.tracks:
            return definition.tracks[name].list_title
        if division == "source" and name in definition.sources:
            return definition.sources[name].title
        if division == "state" and name in definition.states:
            return definition.states[name].title
    return name
