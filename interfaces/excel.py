"""Writing a ledger as a workbook: row by row in constant memory, with lights that go on changing where nobody runs us.

Every text of somebody's is written as a text, never as a formula, a link or a number. The only formulas are ours.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from engine.light import DUE_SOON, OVERDUE
from interfaces.book import text_of, writing
from interfaces.ledger_sheet import FIELDS, PAPERS, facts_of
from interfaces.package import place_of
from workflows.indicators import FIGURES, MORE_RATES, RATES, TERMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import xlsxwriter
    from xlsxwriter.worksheet import Worksheet

    from engine.context import Rules
    from engine.item import Item
    from interfaces.ledger_sheet import Cell, Facts, Layout

LEDGER, SUMS, DEFINITIONS, CHOICES = "台账", "汇总", "指标口径", "选项"
"""The names of the sheets; the last is hidden and holds what may be chosen."""

RED, YELLOW, GREEN, GREY = "#FFC7CE", "#FFEB9C", "#C6EFCE", "#EDEDED"
FONT, HEAD_FONT = "宋体", "黑体"
FIRST = 2
"""The index of the first row of data: a title and the heads stand over it."""

ALL, CLOSED, LATE, NEAR = HEADS = ("件数", "已销号", "逾期未办结", "临期")
DAY_ZERO = 693_594  # the ordinal of the day that spreadsheets count from
SHORT = 10_000  # characters, of which no cell has too many
NO_UNIT, LATE_WORD = "（未交办）", "逾期"

_CHINESE = 2.1  # widths of a digit that a Chinese character takes


class Sums(NamedTuple):
    """What the second sheet adds up: how many rows, and by unit how many, closed, overdue and near."""

    rows: int
    units: Mapping[str, Counter[str]]


def write_ledger(  # noqa: PLR0913 - one ledger has all of these, and each is given by name
    target: str,
    items: Iterable[tuple[Item, Rules]],
    layout: Layout,
    now: int,
    *,
    title: str,
    reporters: Mapping[int, tuple[str, str]],
    choices: Mapping[str, list[str]],
    closed: str = "",
    paper: str = "",
    live: bool = True,
    force: bool = False,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write the items' ledger to `target` and return how many there are; raises what `interfaces.book.writing` raises.

    `choices` are the values that may be chosen in a column, by its field; `closed` is the title of the state in which all is
    done. Without `live` the lights stay as they are on the day that the ledger is about.
    """
    with writing(target, force=force, constant_memory=True) as book:
        page = book.add_worksheet(LEDGER)
        others = [book.add_worksheet(name) for name in (SUMS, DEFINITIONS, CHOICES)]
        forms = _Forms(book)
        _top(page, layout, title, forms)
        sums = _rows(page, items, layout, now, reporters, forms, progress)
        _below(page, layout, sums.rows, forms)
        _choices(page, others[2], layout, sums.rows, choices)
        _lights(page, layout, sums.rows, book, live=live)
        _print(page, paper or layout.paper, layout.pages_wide)
        _sums(others[0], sums, layout, closed, forms)
        _definitions(others[1], forms)
    return sums.rows


class _Forms:
    """The formats of the workbook."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        common = {"font_name": FONT, "font_size": 10, "valign": "vcenter", "border": 1, "border_color": "#A6A6A6"}
        self.title = book.add_format({"font_name": HEAD_FONT, "font_size": 16, "align": "center", "valign": "vcenter"})
        self.title_left = book.add_format({"font_name": HEAD_FONT, "font_size": 16, "valign": "vcenter"})
        self.head = book.add_format(
            common | {"font_name": HEAD_FONT, "bold": True, "bg_color": GREY, "text_wrap": True, "align": "center"}
        )
        self.text = book.add_format(common | {"text_wrap": True, "quote_prefix": True})
        self.day = book.add_format(common | {"num_format": "yyyy-mm-dd", "align": "center"})
        self.number = book.add_format(common | {"align": "center"})
        self.plain = book.add_format({"font_name": FONT, "font_size": 10})


def _top(page: Worksheet, layout: Layout, title: str, forms: _Forms) -> None:
    for at, head in enumerate(layout.columns):
        page.set_column(at, at, head.width * _CHINESE)
    last = len(layout.columns) - 1
    page.set_row(0, 30)
    if last and layout.pages_wide == 1:
        page.merge_range(0, 0, 0, last, text_of(title), forms.title)
    else:
        page.write_string(0, 0, text_of(title), forms.title_left)
    page.set_row(1, 32)
    for at, head in enumerate(layout.columns):
        page.write_string(1, at, text_of(head.title), forms.head)
    page.freeze_panes(FIRST, min(3, last))


def _rows(
    page: Worksheet,
    items: Iterable[tuple[Item, Rules]],
    layout: Layout,
    now: int,
    reporters: Mapping[int, tuple[str, str]],
    forms: _Forms,
    progress: Callable[[int], None] | None,
) -> Sums:
    columns = [(at, FIELDS[head.field]) for at, head in enumerate(layout.columns)]
    units: dict[str, Counter[str]] = {}
    write_string, write_number, write_blank = page.write_string, page.write_number, page.write_blank
    form, day, plain_number = forms.text, forms.day, forms.number
    number, nobody = 0, ("", "")
    for number, (item, rules) in enumerate(items, 1):
        facts = facts_of(number, item, rules, now, reporters.get(item.number, nobody))
        row = number + FIRST - 1
        for at, value_of in columns:
            value: Cell = value_of(facts)
            if value is None or value == "":
                write_blank(row, at, None, form)
            elif isinstance(value, str):
                write_string(row, at, value if len(value) < SHORT and value.isprintable() else text_of(value), form)
            elif isinstance(value, int):
                write_number(row, at, value, plain_number)
            else:
                write_number(row, at, value.toordinal() - DAY_ZERO, day)
        lead = item.text("lead_unit")
        unit = rules.organisation.unit_title(lead) if lead else ""
        if unit not in units:
            units[unit] = Counter()
        for head in _counted(facts):
            units[unit][head] += 1
        if progress and not number % 500:
            progress(number)
    return Sums(number, units)


def _counted(facts: Facts) -> list[str]:
    """Say under which heads of the second sheet an item counts."""
    state = facts.rules.definition.states[facts.item.state]
    found = [ALL]
    if state.final:
        found += [CLOSED] if state.counted else []
    elif facts.judged.word in (OVERDUE, DUE_SOON):
        found.append(LATE if facts.judged.word == OVERDUE else NEAR)
    return found


def _below(page: Worksheet, layout: Layout, rows: int, forms: _Forms) -> None:
    """Write the lines for signatures under the ledger, and let it be filtered."""
    for number, line in enumerate(layout.foot):
        page.write_string(rows + FIRST + 1 + number, 0, text_of(line), forms.plain)
    page.autofilter(1, 0, rows + FIRST - 1, len(layout.columns) - 1)


def _print(page: Worksheet, paper: str, pages_wide: int = 1) -> None:
    page.set_landscape()
    page.set_paper(PAPERS[paper])
    page.fit_to_pages(pages_wide, 0)
    page.repeat_rows(0, 1)
    if pages_wide > 1:
        page.repeat_columns(0, 1)
    page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    page.set_footer("&C第 &P 页，共 &N 页")


def _column(layout: Layout, *fields: str) -> int | None:
    return next((at for at, head in enumerate(layout.columns) if head.field in fields), None)


def _lights(page: Worksheet, layout: Layout, rows: int, book: xlsxwriter.Workbook, *, live: bool) -> None:
    """Colour what is late and what is near: by its word, and while the ledger lives on by the day on which it is opened."""
    limit, word, done = (_column(layout, *names) for names in (("limit",), ("light",), ("completed_at", "closed_at")))
    red, yellow, green = (book.add_format({"bg_color": colour}) for colour in (RED, YELLOW, GREEN))
    last = rows + FIRST - 1
    if limit is not None and done is not None and live:
        due, end = (f"${place_of(FIRST, at)}" for at in (limit, done))
        tests = (
            (f'=AND(ISNUMBER({due}),{due}<TODAY(),{end}="")', red),
            (f'=AND(ISNUMBER({due}),{due}<=WORKDAY(TODAY(),1),{end}="")', yellow),
        )
        for at in (limit, word):
            for criteria, form in tests if at is not None else ():
                rule = {"type": "formula", "criteria": criteria, "format": form, "stop_if_true": True}
                page.conditional_format(FIRST, at, last, at, rule)
    if word is not None:
        for text, form in (("逾期", red), ("临期", yellow), ("正常", green), ("按时", green)):
            rule = {"type": "cell", "criteria": "==", "value": f'"{text}"', "format": form}
            page.conditional_format(FIRST, word, last, word, rule)


def _choices(page: Worksheet, hidden: Worksheet, layout: Layout, rows: int, choices: Mapping[str, list[str]]) -> None:
    """Let the columns of fixed words be filled in by choosing; other words are warned of and not barred."""
    hidden.hide()
    lists = [(at, choices[head.field]) for at, head in enumerate(layout.columns) if choices.get(head.field)]
    for row in range(max((len(words) for _, words in lists), default=0)):
        for number, (_, words) in enumerate(lists):
            if row < len(words):
                hidden.write_string(row, number, text_of(words[row]))
    for number, (at, words) in enumerate(lists):
        letters = place_of(0, number)[:-1]
        source = f"='{CHOICES}'!${letters}$1:${letters}${len(words)}"
        rule = {"validate": "list", "source": source, "error_type": "warning", "ignore_blank": True}
        told = {"error_title": "请从下拉表中选", "error_message": "不在可选的内容之中"}
        page.data_validation(
            FIRST,
            at,
            rows + FIRST - 1,
            at,
            rule | told,
        )


def _sums(page: Worksheet, sums: Sums, layout: Layout, closed: str, forms: _Forms) -> None:
    """Write the sums: formulas over the ledger's own columns where it has them, with today's figures in them."""
    page.merge_range(0, 0, 0, len(HEADS), "按主办单位汇总", forms.title)
    for at, head in enumerate(("主办单位", *HEADS)):
        page.write_string(1, at, head, forms.head)
    page.set_column(0, 0, 24)
    page.set_column(1, len(HEADS), 12)
    found = {name: _column(layout, name) for name in ("lead_unit", "state", "light")}
    span = {name: _span(column, sums.rows) for name, column in found.items() if column is not None}
    _print(page, "A4")
    row = 1
    for row, (unit, counts) in enumerate(sums.units.items(), FIRST):
        page.write_string(row, 0, text_of(unit or NO_UNIT), forms.text)
        for column, head in enumerate(HEADS, 1):
            formula = _formula(head, span, f"$A{row + 1}", closed) if unit else ""
            if formula:
                page.write_formula(row, column, formula, forms.number, counts[head])
            else:
                page.write_number(row, column, counts[head], forms.number)
    page.write_string(row + 1, 0, "合计", forms.head)
    for column, head in enumerate(HEADS, 1):
        letter, total = place_of(0, column)[:-1], sum(counts[head] for counts in sums.units.values())
        first = FIRST + 1
        formula = f"=SUM({letter}{first}:{letter}{row + 1})" if sums.units else "=0"
        page.write_formula(row + 1, column, formula, forms.head, total)


def _span(column: int, rows: int) -> str:
    letters = place_of(0, column)[:-1]
    return f"'{LEDGER}'!${letters}${FIRST + 1}:${letters}${max(rows, 1) + FIRST}"


def _formula(head: str, span: Mapping[str, str], unit: str, closed: str) -> str:
    """Return what counts a head's rows of a unit, "" where the ledger lacks a column for it."""
    needed = {CLOSED: ("state",), LATE: ("state", "light"), NEAR: ("light",)}.get(head, ())
    if "lead_unit" not in span or any(name not in span for name in needed):
        return ""
    tests = {
        CLOSED: f',{span.get("state")},"{closed}"',
        LATE: f',{span.get("light")},"{LATE_WORD}",{span.get("state")},"<>{closed}"',
        NEAR: f',{span.get("light")},"{NEAR}"',
    }
    return f"=COUNTIFS({span['lead_unit']},{unit}{tests.get(head, '')})"


def _definitions(page: Worksheet, forms: _Forms) -> None:
    page.merge_range(0, 0, 0, 2, "指标口径", forms.title)
    for at, (head, width) in enumerate((("指标", 22), ("口径", 56), ("说明", 44))):
        page.set_column(at, at, width)
        page.write_string(1, at, head, forms.head)
    rates = ((FIGURES[key], how, "") for key, how in {**RATES, **MORE_RATES}.items())
    for row, texts in enumerate((*TERMS, *rates), FIRST):
        for at, text in enumerate(texts):
            page.write_string(row, at, text, forms.text)
    _print(page, "A4")
