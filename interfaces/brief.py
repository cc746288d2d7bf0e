"""The page for leaders in words: totals, rates and what they are divided by, what is stuck, what is for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interfaces.display import display, hang, pad, width
from interfaces.output import room
from interfaces.survey import cohort_text, line_title
from workflows.indicators import DIVISIONS, FIGURES, MATTERS, RATES
from workflows.labels import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from engine.context import Rules
    from engine.division import Line
    from engine.figure import Figure
    from engine.passage import Passage
    from engine.report import Matter, Report, Stuck, Waiting
    from interfaces.survey import Items, Survey

LIGHTS: Mapping[str, str] = {
    "overdue": "█", "due_soon": "▓", "normal": "▒", "suspended": "░", "waiting": "░", "continuing": "·",
}  # fmt: skip
"""What is under way falls into these, each drawn with its sign."""

NAMED = 20
"""How many overdue items, and matters of a kind, the page names; `--drill` lists the rest."""

MONTHS = 6
"""How many months the page looks back."""

_CHANGES = ("registered_since", "closed_since", "overdue_since")
_BACK = ("returned", "sent_back", "redone", "excused")
_NARROW = 100  # cells; a narrower page has no room for what a rate in a table is made of
_LEAST = 16  # cells; in a narrower column what a rate is made of stands under it
_BAR, _STRIP = 10, 40  # cells of a rate's bar, and of the strip of lights


def page_text(survey: Survey, divisions: Sequence[str], ranked: str = "") -> Iterator[str]:
    """Yield the lines of the page with the divisions asked for; `ranked` is the figure that their lines were put in order by."""
    from interfaces.records import day_and_time
    from workflows.labels import day

    page, items = survey.page, survey.items
    numbers = {key: figure.top for key, figure in page.figures.items()}
    yield f"{display(survey.organisation)}问题整改情况通报    截至 {day_and_time(page.now, page.now)}"
    yield from _wrapped(f"{cohort_text(page)}。", 0)
    yield ""
    counts = f"在办 {numbers['open']}，已办结 {numbers['closed']}"
    yield f"总数 {numbers['total']} 件：{counts}；不计入 {numbers['not_counted']}。"
    yield from _lights(numbers)
    yield f"{day(page.since + 1)} 以来：{_named(_CHANGES, numbers)}；此前登记仍在办（积存）{numbers['backlog']}。"
    yield ""
    yield from _rates(page, numbers)
    yield f"{_named(_BACK, numbers)}。"
    yield from _months(survey)
    yield from _time(survey)
    for key in divisions:
        yield ""
        yield from _division(page.divisions[key], key, survey.kinds)
        if ranked:
            yield f"应要求按{FIGURES[ranked]}从高到低排列。"
    yield ""
    yield f"逾期事项（{len(page.overdue)}）" if page.overdue else "没有逾期事项。"
    for stuck in page.overdue[:NAMED]:
        yield from _stuck(stuck, items, page.now)
    yield from _rest(len(page.overdue), "逾期")
    yield ""
    yield f"需领导协调（{len(page.matters)}）" if page.matters else "没有需领导协调的事项。"
    yield from _matters(page, items)
    if items:
        yield ""
        yield "展开任一数字：siban report --drill 逾期（或 回应率、单位/河道署:逾期、月份/2023年6月:落实率 等）"


def _named(keys: Sequence[str], numbers: Mapping[str, int]) -> str:
    return "，".join(f"{FIGURES[key]} {numbers[key]}" for key in keys)


def _wrapped(text: str, indent: int) -> Iterator[str]:
    yield from hang(text, room(), indent).split("\n")


def _rest(count: int, key: str) -> Iterator[str]:
    if count > NAMED:
        yield f"  其余 {count - NAMED} 件：siban report --drill {key}"


def _lights(numbers: Mapping[str, int]) -> Iterator[str]:
    """Draw what is under way as one strip, with what each sign stands for."""
    if not numbers["open"]:
        return
    strip = strip_of(
        [(sign, numbers[key]) for key, sign in LIGHTS.items()], min(_STRIP, max(room() - 6, _BAR)) if room() else _STRIP
    )
    named = "，".join(f"{FIGURES[key]} {sign} {numbers[key]}" for key, sign in LIGHTS.items() if numbers[key])
    yield f"在办  {strip}"
    extra = [
        f"{FIGURES[key]} {numbers[key]}"
        for key in ("unclear", "behind", "far_behind", "carried", "carried_late")
        if numbers[key]
    ]
    yield from _wrapped(f"      {named}{'；另：' + '，'.join(extra) if extra else ''}", 6)


def strip_of(parts: Iterable[tuple[str, int]], cells: int) -> str:
    """Share out cells among parts by their size; a part that is there has at least one."""
    there = [(sign, count) for sign, count in parts if count]
    whole = sum(count for _, count in there)
    sizes = [max(count * cells // whole, 1) for _, count in there]
    while sizes and sum(sizes) != cells and (sum(sizes) < cells or max(sizes) > 1):
        sizes[sizes.index(max(sizes))] += 1 if sum(sizes) < cells else -1
    return "".join(sign * size for (sign, _), size in zip(there, sizes, strict=True))


def bar_of(per_mille: int | None, cells: int = _BAR) -> str:
    """Draw a share as a bar; blank where there is nothing to divide by."""
    if per_mille is None:
        return " " * cells
    filled = (per_mille * cells + 500) // 1000
    return "█" * filled + "░" * (cells - filled)


def _rates(page: Report, numbers: Mapping[str, int]) -> Iterator[str]:
    rows = [(FIGURES[key], page.figures[key].per_mille, rate(page.figures[key]), how) for key, how in RATES.items()]
    if numbers["continuing"]:
        rows[1] = (*rows[1][:3], f"{rows[1][3]}；另有持续整改 {numbers['continuing']} 件")
    if page.entered and page.entered[1]:
        top, bottom = page.entered
        rows.append(("代录率", top * 1000 // bottom, share(top, bottom), "代录 ÷ 全部办理动作"))
    widest = max(width(text) for _, _, text, _ in rows)
    for title, per_mille, text, how in rows:
        line = f"{pad(title, 10)}  {bar_of(per_mille)}  {pad(text, widest)}  "
        if 0 < room() < width(line) + _LEAST:
            yield line.rstrip()
            yield from _wrapped(f"  {how}", 2)
        else:
            yield from _wrapped(f"{line}{how}", width(line))


def _months(survey: Survey) -> Iterator[str]:
    """Draw the share done in time of the last months, by when it was done or fell due."""
    lines = [line for line in survey.page.divisions["settled_month"] if line.key][-MONTHS:]
    if len(lines) < 2:  # noqa: PLR2004 - one month is the whole
        return
    yield ""
    yield "按时办结率，按办结月份（未办结的按到期月份）"
    for line in lines:
        figure = line.figures["on_time"]
        title = line_title(line.key, "settled_month", survey.kinds)
        yield f"  {pad(title, 10)}  {bar_of(figure.per_mille)}  {rate(figure)}"


def _time(survey: Survey) -> Iterator[str]:
    """Say where the time went, by stage: the mean of those that went through it, waiting apart."""
    passages, length = survey.page.passages, survey.day_length
    if not passages:
        return
    words = []
    for stage, title in STAGES.items():
        worked = [p for p in passages if p.stage == stage and not p.waiting]
        if worked:
            words.append(f"{title} {days_text(mean_by_item(worked), length)}")
    waited = [p for p in passages if p.waiting]
    if waited:
        count = len({number for p in waited for number in p.spread.numbers})
        words.append(f"等待上级、暂缓 {days_text(mean_by_item(waited), length)}（{count} 件）")
    yield ""
    yield from _wrapped(f"时间用在哪里（经过该环节的每件平均，工作日）：{'，'.join(words)}。", 2)


def mean_by_item(passages: Iterable[Passage]) -> int:
    """Return the mean office time (µs) that an item spent in these states together."""
    spent: dict[int, int] = {}
    for passage in passages:
        for number, value in zip(passage.spread.numbers, passage.spread.values, strict=True):
            spent[number] = spent.get(number, 0) + value
    return sum(spent.values()) // len(spent) if spent else 0


def days_text(took: int | None, length: int) -> str:
    """Write office time (µs) as working days of a length (µs) to a tenth: 3.4; — of nothing."""
    if took is None:
        return "—"
    tenths = (took * 10 + length // 2) // length
    return f"{tenths // 10}.{tenths % 10}"


def _stuck(stuck: Stuck, items: Items, now: int) -> Iterator[str]:
    """Say of an overdue item where it is stuck, since when, and what it waits for."""
    from interfaces.records import when

    item, rules = items[stuck.number]
    state = rules.definition.states[stuck.state].title
    yield from _wrapped(f"  {stuck.number}  {display(item.text('title'))}    {over(stuck.judged.days)}", 6)
    yield from _wrapped(f"      卡在：{where(stuck.number, items, now)}，{when(stuck.since, now)} 起为“{state}”", 12)
    if stuck.waiting:
        yield f"      等待：{waits(stuck.waiting, rules)}，{when(stuck.waiting.since, now)} 提出"


def _matters(page: Report, items: Items) -> Iterator[str]:
    """List what is for a leader, by why."""
    for code, title in MATTERS.items():
        found = [matter for matter in page.matters if matter.code == code]
        if found:
            yield f"  {title}（{len(found)}）"
        for matter in found[:NAMED]:
            item, _ = items[matter.number]
            line = f"    {matter.number}  {display(item.text('title'))}{matter_text(matter, items, page.now)}"
            yield from _wrapped(line, 8)
        if len(found) > NAMED:
            yield f"    其余 {len(found) - NAMED} 件：siban report -o json"


def matter_text(matter: Matter, items: Items, now: int) -> str:
    """Say what a matter is about, since when and on whose desk it lies."""
    from interfaces.records import when

    item, _ = items[matter.number]
    detail = f"：{display(item.text('obstacle'))}" if matter.code == "obstacle" else ""
    place = "" if matter.code == "outside" else f"，{where(matter.number, items, now)}"
    return f"{detail}（{when(matter.since, now)} 起{place}）"


def rate(figure: Figure) -> str:
    """Write a rate with what it is made of: 33.3%（1/3），or — where there is nothing to divide by."""
    return share(figure.top, figure.bottom)


def share(top: int, bottom: int) -> str:
    """Write a share with what it is made of; — where there is nothing to divide by."""
    if not bottom:
        return "—"
    return f"{percent((top * 2000 + bottom) // (2 * bottom))}（{top}/{bottom}）"


def percent(per_mille: int | None) -> str:
    """Write tenths of a percent: 33.3%; — of nothing."""
    return "—" if per_mille is None else f"{per_mille // 10}.{per_mille % 10}%"


def over(days: int) -> str:
    """Say by how much an item is overdue."""
    return f"逾期{days}个工作日" if days else "今日逾期"


def where(number: int, items: Items, now: int) -> str:
    """Name on whose desk an item lies."""
    from interfaces.dossier import whose_move

    item, rules = items[number]
    return whose_move(item, rules, now)


def waits(waiting: Waiting, rules: Rules) -> str:
    """Say what a request waits for: 分管领导批复延期申请 12-1."""
    from workflows.labels import ROLES

    kind = rules.definition.requests[waiting.kind]
    roles = "、".join(ROLES.get(role, role) for role in waiting.roles)
    return f"{roles}批复{kind.title}申请 {waiting.name}"


def _in_rows(parts: Iterable[str], cells: int) -> Iterator[str]:
    """Put as many parts on a line as it takes, indented, none divided between two."""
    line = ""
    for part in parts:
        longer = f"{line}  {part}"
        if line and width(longer) > cells:
            yield line
            longer = f"  {part}"
        line = longer
    yield line


def _division(found: Sequence[Line], key: str, kinds: Sequence[Rules]) -> Iterator[str]:
    """Lay out one division as a small table."""
    narrow = 0 < room() < _NARROW
    heads = [DIVISIONS[key], "总数", "在办", "已办结", "逾期", "回应率", "落实率", "按时办结率"]
    grid = [heads]
    for line in found:
        counts = [str(line.figures[name].top) for name in ("total", "open", "closed", "overdue")]
        shares = [line.figures[name] for name in ("responded", "fulfilled", "on_time")]
        rates = [percent(one.per_mille) if narrow else rate(one) for one in shares]
        title = display(line_title(line.key, key, kinds)).removesuffix("的问题")
        grid.append([title, *counts, *rates])
    widths = [max(width(row[n]) for row in grid) for n in range(len(heads))]
    if 0 < room() < sum(widths) + 2 * (len(widths) - 1):  # each line's figures under its title, with their names
        yield heads[0]
        for title, *figures in grid[1:]:
            yield title
            yield from _in_rows(map(" ".join, zip(heads[1:], figures, strict=True)), room())
        return
    for row in grid:
        yield "  ".join(pad(text, widths[n], "left" if n == 0 else "right") for n, text in enumerate(row)).rstrip()
