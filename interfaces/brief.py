"""The page for leaders in words: totals, rates and what they are divided by, what is stuck, what is for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interfaces.display import display, hang
from interfaces.output import room

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.context import Rules
    from engine.item import Item
    from engine.report import Figure, Line, Report, Stuck, Waiting

    Items = Mapping[int, tuple[Item, Rules]]

FIGURES: Mapping[str, str] = {
    "total": "问题总数",
    "open": "在办",
    "closed": "已办结",
    "overdue": "逾期",
    "due_soon": "临期",
    "suspended": "暂缓办理",
    "waiting": "等待上级",
    "continuing": "持续整改",
    "unclear": "时限待明确",
    "registered_since": "新登记",
    "closed_since": "新办结",
    "overdue_since": "新逾期",
    "responded": "回应率",
    "fulfilled": "落实率",
    "on_time": "按时办结率",
    "extended": "延期率",
    "excused": "申诉成立",
    "returned": "退回件",
    "sent_back": "退回整改件",
    "redone": "重新办理件",
    "not_counted": "不计入",
}
"""Every figure of the page, by the key that `--drill` takes."""

RATES: Mapping[str, str] = {
    "responded": "已反馈（含免予反馈）÷ 问题总数",
    "fulfilled": "已办结 ÷ 问题总数",
    "on_time": "按时办结 ÷ 应处置（已办结和逾期未办结，不含暂缓、等待上级、持续整改）",
    "extended": "批准过延期 ÷ 问题总数",
}
"""What each rate is divided by."""

MATTERS: Mapping[str, str] = {
    "decision": "等领导审定",
    "request": "有申请等领导批复",
    "outside": "已提请上级，等待答复",
    "dissatisfied_again": "重新办理后仍不满意",
    "obstacle": "承办单位提出需协调",
}
"""Why an item is for a leader."""

_STANDING = ("overdue", "due_soon", "suspended", "waiting", "continuing", "unclear")
_CHANGES = ("registered_since", "closed_since", "overdue_since")
_BACK = ("returned", "sent_back", "redone", "excused")

DIVISIONS: Mapping[str, str] = {"unit": "主办单位", "track": "问题清单", "source": "问题来源"}


def page_text(page: Report, items: Items, divisions: list[str]) -> Iterator[str]:
    """Yield the lines of the page with the divisions asked for."""
    from interfaces.records import day_and_time
    from workflows.labels import day

    numbers = {key: figure.top for key, figure in page.figures.items()}
    organisation = next(iter(items.values()))[1].organisation.title if items else ""
    yield f"{display(organisation)}问题整改情况通报    截至 {day_and_time(page.now, page.now)}"
    yield ""
    counts = f"在办 {numbers['open']}，已办结 {numbers['closed']}"
    yield f"总数 {numbers['total']} 件：{counts}；不计入 {numbers['not_counted']}（草稿、不予受理、并案、作废）。"
    yield f"在办中：{_named([key for key in _STANDING if numbers[key]], numbers) or '没有逾期和临期'}。"
    yield f"{day(page.since + 1)} 以来：{_named(_CHANGES, numbers)}。"
    yield ""
    yield from _rates(page, numbers)
    yield f"{_named(_BACK, numbers)}。"
    for key in divisions:
        yield ""
        yield from _division(page.divisions[key], key, items)
    yield ""
    yield f"逾期事项（{len(page.overdue)}）" if page.overdue else "没有逾期事项。"
    for stuck in page.overdue:
        yield from _stuck(stuck, items, page.now)
    yield ""
    yield f"需领导协调（{len(page.matters)}）" if page.matters else "没有需领导协调的事项。"
    yield from _matters(page, items)
    if items:
        yield ""
        yield "展开任一数字：siban report --drill 逾期（或 回应率、按时办结率、单位名:逾期 等）"


def _named(keys: Sequence[str], numbers: Mapping[str, int]) -> str:
    return "，".join(f"{FIGURES[key]} {numbers[key]}" for key in keys)


def _rates(page: Report, numbers: Mapping[str, int]) -> Iterator[str]:
    from interfaces.display import pad

    for key, how in RATES.items():
        beside = f"；另有持续整改 {numbers['continuing']} 件" if key == "fulfilled" and numbers["continuing"] else ""
        yield f"{pad(FIGURES[key], 10)}  {pad(rate(page.figures[key]), 16)}  {how}{beside}"
    if page.entered and page.entered[1]:
        yield f"{pad('代录率', 10)}  {pad(_share(*page.entered), 16)}  代录 ÷ 全部办理动作"


def _stuck(stuck: Stuck, items: Items, now: int) -> Iterator[str]:
    """Say of an overdue item where it is stuck, since when, and what it waits for."""
    from interfaces.records import when

    item, rules = items[stuck.number]
    state = rules.definition.states[stuck.state].title
    yield f"  {stuck.number}  {display(item.text('title'))}    {_over(stuck.judged.days)}"
    yield f"      卡在：{_where(stuck.number, items, now)}，{when(stuck.since, now)} 起为“{state}”"
    if stuck.waiting:
        yield f"      等待：{_waits(stuck.waiting, rules)}，{when(stuck.waiting.since, now)} 提出"


def _matters(page: Report, items: Items) -> Iterator[str]:
    """List what is for a leader, by why."""
    from interfaces.records import when

    for code, title in MATTERS.items():
        found = [matter for matter in page.matters if matter.code == code]
        if found:
            yield f"  {title}（{len(found)}）"
        for matter in found:
            item, _ = items[matter.number]
            detail = f"：{display(item.text('obstacle'))}" if code == "obstacle" else ""
            where = "" if code == "outside" else f"，{_where(matter.number, items, page.now)}"
            since = when(matter.since, page.now)
            line = f"    {matter.number}  {display(item.text('title'))}{detail}（{since} 起{where}）"
            yield hang(line, room(), 8)


def rate(figure: Figure) -> str:
    """Write a rate with what it is made of: 33.3%（1/3），or — where there is nothing to divide by."""
    return _share(figure.top, figure.bottom)


def _share(top: int, bottom: int) -> str:
    if not bottom:
        return "—"
    tenths = (top * 2000 + bottom) // (2 * bottom)
    return f"{tenths // 10}.{tenths % 10}%（{top}/{bottom}）"


def _over(days: int) -> str:
    return f"逾期{days}个工作日" if days else "今日逾期"


def _where(number: int, items: Items, now: int) -> str:
    from interfaces.dossier import whose_move

    item, rules = items[number]
    return whose_move(item, rules, now)


def _waits(waiting: Waiting, rules: Rules) -> str:
    from workflows.labels import ROLES

    kind = rules.definition.requests[waiting.kind]
    roles = "、".join(ROLES.get(role, role) for role in waiting.roles)
    return f"{roles}批复{kind.title}申请 {waiting.name}"


def _division(found: tuple[Line, ...], key: str, items: Items) -> Iterator[str]:
    """Lay out one division as a small table."""
    from interfaces.display import pad, width

    heads = [DIVISIONS[key], "总数", "在办", "已办结", "逾期", "回应率", "落实率", "按时办结率"]
    grid = [heads]
    for line in found:
        counts = [str(line.figures[name].top) for name in ("total", "open", "closed", "overdue")]
        rates = [rate(line.figures[name]) for name in ("responded", "fulfilled", "on_time")]
        grid.append([display(line_title(line.key, key, items)).removesuffix("的问题"), *counts, *rates])
    widths = [max(width(row[n]) for row in grid) for n in range(len(heads))]
    for row in grid:
        yield "  ".join(pad(text, widths[n], "left" if n == 0 else "right") for n, text in enumerate(row)).rstrip()


def line_title(name: str, division: str, items: Items) -> str:
    """Return the title of a unit, a track or a source; of what has none yet, what is missing."""
    if not name:
        return {"unit": "（未交办）", "track": "（未列清单）", "source": "（无来源）"}[division]
    for _, rules in items.values():
        definition = rules.definition
        if division == "unit":
            return rules.organisation.unit_title(name)
        if division == "track" and name in definition.tracks:
            return definition.tracks[name].list_title
        if division == "source" and name in definition.sources:
            return definition.sources[name].title
    return name
