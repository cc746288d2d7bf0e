"""A forecast on a screen: what comes day by day, what lies on which desk, the first of it; or how it differs from another."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from engine.clock import iso, ordinal_of
from engine.forecast import ADDED, DUE, GONE, MOVED, RETOLD
from engine.ladder import LAPSE, RUNG, WAKE
from interfaces.display import display, hang, pad, width
from interfaces.output import Column, emit, lines, paint, room, say
from interfaces.records import day_and_time
from workflows.labels import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.forecast import Change, Day, Forecast, Happening, Load, Subject, Week
    from engine.organisation import Organisation
    from interfaces.assumption import Assumption

KINDS: Mapping[str, str] = {DUE: "到期", RUNG: "督办", WAKE: "自动办理", LAPSE: "申请失效"}
CHANGES: Mapping[str, str] = {MOVED: "时间变动", RETOLD: "改报他人", ADDED: "期内新增", GONE: "期内不再发生"}

_BAR = 24  # cells of the bar of the fullest day
_HEIGHTS = "▁▂▃▄▅▆▇█"
_NOBODY = "（未定）"


def show(found: Forecast, organisation: Organisation, limit: int) -> None:
    """Write the whole screen; of what comes only the first `limit` (0: all)."""
    lines(hang(line, room(), 2) for line in _head(found))
    lines(hang(line, room(), 2) for line in ("", *_days(found)))
    if found.loads:
        lines(hang(line, room(), 2) for line in ("", *_loads(found, organisation)))
    due = [one for one in found.happenings if one.kind == DUE]
    others = [one for one in found.happenings if one.kind != DUE]
    for title, happenings in (("先到期的", due), ("督办、自动办理和申请失效", others)):
        if happenings:
            shown = happenings[: limit or None]
            rest = "" if len(shown) == len(happenings) else f"，先列 {len(shown)} 项；全部列出：-n 0"
            rows = [happening_row(one, found.subjects, organisation, found.now) for one in shown]
            say("")
            emit(rows, _columns(happenings), form="table", title=f"{title}（共 {len(happenings)} 项{rest}）")


def _head(found: Forecast) -> Iterator[str]:
    days = len(found.days)
    yield f"预测  {day_and_time(found.now, found.now)} 至 {day_and_time(found.until, found.now)}（{days} 天）"
    yield f"在办 {found.open} 件，其中已逾期 {found.overdue} 件。假定其间无人办理：到期未办即为逾期，督办照常发出。"
    late = sum(one.kind != DUE and one.at <= found.now for one in found.happenings)
    if late:
        yield f"其中 {late} 项此前已到时点、尚未巡查，计入今日（siban tick 即发出）。"


def _days(found: Forecast) -> Iterator[str]:
    """Lay out the days on which something comes, a line each."""
    busy = [day for day in found.days if day.due or day.steps or day.notices]
    if not busy:
        yield "这段时间没有到期、督办和自动办理的事项。"
        return
    most = max(day.due + day.steps for day in busy)
    heads = ("日期", "", "到期", "环节到期", "累计逾期", "通知")
    grid = [(_day(day.ordinal, found.now), _mark(day), *map(str, (day.due, day.steps, day.overdue, day.notices)))
            for day in busy]  # fmt: skip
    widths = [max(width(row[n]) for row in (heads, *grid)) for n in range(len(heads))]
    yield _line(heads, widths)
    before = found.overdue
    for day, row in zip(busy, grid, strict=True):
        line = _line(row[:4], widths) + "  "
        count = pad(row[4], widths[4], "right")
        line += paint(count, "overdue") if day.overdue > before else count
        before = day.overdue
        yield f"{line}  {pad(row[5], widths[5], 'right')}  {_bar(day, most)}".rstrip()
    total = sum(day.due for day in busy), sum(day.steps for day in busy), sum(day.notices for day in busy)
    yield f"合计到期 {total[0]} 件，环节到期 {total[1]} 项，通知 {total[2]} 人次。█ 到期  ▒ 环节到期；没有列出的日子无事。"
    if any(day.provisional for day in busy):
        yield "标“暂定”的日子，该年放假安排尚未公布。"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    texts = zip(row, widths, strict=False)
    return "  ".join(pad(text, w, "left" if n < 2 else "right") for n, (text, w) in enumerate(texts))  # noqa: PLR2004 - two columns of words


def _mark(day: Day) -> str:
    return "、".join(word for word, holds in (("休", not day.workday), ("暂定", day.provisional)) if holds)


def _bar(day: Day, most: int) -> str:
    """One cell is one, unless the fullest day has more than there are cells; what is there shows."""
    scale = max(most, _BAR)
    cells = [max(n * _BAR // scale, 1) if n else 0 for n in (day.due, day.steps)]
    return "█" * cells[0] + "▒" * cells[1]


def _day(ordinal: int, now: int) -> str:
    day = date.fromordinal(ordinal)
    year = "" if day.year == date.fromordinal(ordinal_of(now)).year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日 周{WEEKDAYS[day.weekday()]}"


def _loads(found: Forecast, organisation: Organisation) -> Iterator[str]:
    """Lay out the units, a little column for each week; beneath a unit those of its officers who are overloaded."""
    loads = [load for load in found.loads if load.open or any(load.due)]
    shown = [load for load in loads if not load.person or load.over]
    most = max((n for load in shown for n in load.due), default=0)
    heads = ("单位", "现有", "逾期", "期内到期", "逐周", "最多的一周")
    grid = [(_desk(load, organisation), str(load.open), str(load.overdue), str(sum(load.due)), _weeks(load.due, most),
             _fullest(load, found)) for load in shown]  # fmt: skip
    widths = [max(width(row[n]) for row in (heads, *grid)) for n in range(len(heads))]
    aligns = ("left", "right", "right", "right", "left", "left")
    yield "各单位负荷（件）"
    for row in (heads, *grid):
        yield "  ".join(map(pad, row, widths, aligns)).rstrip()
    over = sum(1 for load in loads if load.over)
    rule = "一周内到期的件数多于人数乘以当周工作日数，即人均每个工作日不止一件"
    yield f"超负荷：{rule}。{f'共 {over} 处。' if over else '没有超负荷的。'}"


def _desk(load: Load, organisation: Organisation) -> str:
    if load.person:
        return f"  {display(organisation.name_of(load.person))}"
    return display(organisation.unit_title(load.unit)) or _NOBODY


def _weeks(due: Sequence[int], most: int) -> str:
    scale = max(most, len(_HEIGHTS))
    return "".join(_HEIGHTS[(n * len(_HEIGHTS) - 1) // scale] if n else "·" for n in due)


def _fullest(load: Load, found: Forecast) -> str:
    if load.over:
        weeks = [(week, n) for week, n in zip(found.weeks, load.due, strict=True) if week.first in load.over]
        words = "；".join(f"{_week(week, found.now)} {n} 件（{week.workdays} 个工作日）" for week, n in weeks[:3])
        more = f" 等 {len(weeks)} 周" if len(weeks) > 3 else ""  # noqa: PLR2004 - three are shown
        return paint(f"超负荷：{words}{more}", "overdue")
    if not any(load.due):
        return ""
    n = max(load.due)
    return f"{_week(found.weeks[load.due.index(n)], found.now)} {n} 件"


def _week(week: Week, now: int) -> str:
    return f"{_day(week.first, now).partition(' ')[0]}起"


def happening_row(
    happening: Happening, subjects: Mapping[int, Subject], organisation: Organisation, now: int
) -> dict[str, object]:
    """Return one happening as a row for people."""
    subject = subjects.get(happening.item)
    desk = (organisation.unit_title(happening.unit), organisation.name_of(happening.person))
    return {
        "at": iso(happening.at),
        "when": day_and_time(happening.at, now) + ("（暂定）" if happening.provisional else ""),
        "kind": KINDS[happening.kind],
        "item": happening.item,
        "title": subject.title if subject else "",
        "what": what_text(happening),
        "desk": " ".join(word for word in desk if word),
        "told": [organisation.name_of(receiver) for receiver in happening.receivers],
        "paper": f"《{happening.paper}》" if happening.paper else "",
    }


def what_text(happening: Happening) -> str:
    """Say in a few words what comes."""
    if happening.kind == DUE:
        return f"{happening.clock_title}到期"
    if happening.kind == RUNG:
        return f"{happening.title}（{happening.clock_title}）"
    if happening.kind == WAKE:
        from workflows.labels import FIXED_VERBS

        return f"自动{FIXED_VERBS.get(happening.name, happening.title)}"
    return f"{happening.title}申请 {happening.name} 逾期失效"


COLUMNS = (
    Column("when", "时间", whole=True),
    Column("kind", "类别"),
    Column("item", "编号", "right"),
    Column("title", "问题", max_cells=30),
    Column("what", "内容"),
    Column("desk", "在谁处"),
    Column("told", "告知"),
    Column("paper", "文书"),
)
"""Of a row that `happening_row` makes."""


def for_programs(columns: Sequence[Column]) -> list[Column]:
    """Put instants in the place of times in words."""
    instants = {"when": "at", "before": "before_at", "after": "after_at"}
    return [column._replace(key=instants.get(column.key, column.key)) for column in columns]


def _columns(happenings: Sequence[Happening]) -> list[Column]:
    """Leave out what is the same, or empty, in all rows of a table."""
    empty = {
        "kind": True,
        "desk": any(one.receivers for one in happenings),
        "told": not any(one.receivers for one in happenings),
        "paper": not any(one.paper for one in happenings),
    }
    return [column for column in COLUMNS if not empty.get(column.key)]


# -- differences -----------------------------------------------------------------------------------------------------


class Other(NamedTuple):
    """The forecast that one is compared with, how that one differs from it, and the file it came from ("" for today's plain one)."""

    forecast: Forecast
    changes: Sequence[Change]
    file: str


def show_changes(found: Forecast, other: Other, assumed: Assumption, organisation: Organisation, limit: int) -> None:
    """Write how a forecast differs from another: counts, the days that differ, then the first `limit` changes (0: all)."""
    before, changes, now = other.forecast, other.changes, found.now
    span = f"{day_and_time(now, now)} 至 {day_and_time(min(found.until, before.until), now)}"
    say(f"预测  {span}：与{display(other.file) or '不作假设'}相比")
    if assumed:
        say(_assumption(assumed, organisation, now))
    if (before.now, before.until) != (now, found.until):
        old = f"{day_and_time(before.now, now)} 至 {day_and_time(before.until, now)}"
        say(f"所对照的预测为 {old}，只比较两次都预测到的一段。")
    if not changes:
        say("没有变化。")
    else:
        counts = {word: sum(key in change.what for change in changes) for key, word in CHANGES.items()}
        said = "，".join(f"{word} {count} 项" for word, count in counts.items() if count)
        lines([f"共 {len(changes)} 项不同：{said}。"])
        lines(["", *_changed_days(before, found)])
        shown = changes[: limit or None]
        rest = "" if len(shown) == len(changes) else f"（先列 {len(shown)} 项，共 {len(changes)} 项；全部列出：-n 0）"
        rows = [change_row(change, before, found, organisation) for change in shown]
        used = [column for column in CHANGE_COLUMNS if any(row[column.key] for row in rows)]
        say("")
        emit(rows, used, form="table", title=f"变化{rest}")
    lines(_changed_loads(before, found, organisation))


def _changed_days(before: Forecast, after: Forecast) -> Iterator[str]:
    """Lay out the days whose figures differ, each figure as old → new."""
    old = {day.ordinal: day for day in before.days}
    grid, apart = [], 0  # once more are overdue they stay so: that is said where it begins
    for day in after.days:
        was = old.get(day.ordinal)
        if was is None:
            continue
        pairs = [(getattr(was, name), getattr(day, name)) for name in ("due", "steps", "overdue", "notices")]
        differing = (was.due, was.steps, was.notices) != (day.due, day.steps, day.notices)
        if differing or day.overdue - was.overdue != apart:
            grid.append((_day(day.ordinal, after.now), *(str(a) if a == b else f"{a} → {b}" for a, b in pairs)))
        apart = day.overdue - was.overdue
    heads = ("日期", "到期", "环节到期", "累计逾期", "通知")
    widths = [max(width(row[n]) for row in (heads, *grid)) for n in range(len(heads))]
    for row in (heads, *grid) if grid else ():
        yield "  ".join(pad(text, widths[n], "right" if n else "left") for n, text in enumerate(row))
    yield "没有列出的日子，到期和通知的件数不变。" if grid else "每天的件数不变。"


def change_row(change: Change, before: Forecast, after: Forecast, organisation: Organisation) -> dict[str, object]:
    """Return one change as a row for people: where nothing differs, the second of a pair is blank."""
    was, will = change.before, change.after
    one = will or was
    if one is None:
        return {}
    subject = after.subjects.get(one.item) or before.subjects.get(one.item)
    told = [[organisation.name_of(p) for p in h.receivers] if h else [] for h in (was, will)]
    return {
        "change": [CHANGES[what] for what in change.what],
        "item": one.item,
        "title": subject.title if subject else "",
        "what": what_text(one),
        "before_at": iso(was.at) if was else "",
        "after_at": iso(will.at) if will else "",
        "before": day_and_time(was.at, after.now) if was else "",
        "after": day_and_time(will.at, after.now) if will and (was is None or was.at != will.at) else "",
        "told_before": told[0],
        "told_after": told[1] if was is None or RETOLD in change.what else [],
        "paper": f"《{one.paper}》" if one.paper else "",
    }


CHANGE_COLUMNS = (
    Column("change", "变化"),
    Column("item", "编号", "right"),
    Column("title", "问题", max_cells=24),
    Column("what", "内容"),
    Column("before", "原时间", whole=True),
    Column("after", "新时间", whole=True),
    Column("told_before", "原告知"),
    Column("told_after", "新告知"),
    Column("paper", "文书"),
)
"""Of a row that `change_row` makes."""


def _changed_loads(before: Forecast, after: Forecast, organisation: Organisation) -> Iterator[str]:
    """Say which desks become overloaded, and which no longer are."""
    old = {(load.unit, load.person) for load in before.loads if load.over}
    new = {(load.unit, load.person) for load in after.loads if load.over}
    for word, found in (("新的超负荷", new - old), ("不再超负荷", old - new)):
        names = [
            " ".join(filter(None, (organisation.unit_title(u), organisation.name_of(p)))) for u, p in sorted(found)
        ]
        if names:
            yield f"{word}：{display('、'.join(names))}。"


def _assumption(assumed: Assumption, organisation: Organisation, now: int) -> str:
    """Say what is supposed."""
    calendar, definition = assumed.files
    words = [f"工作日历用 {display(calendar)}"] if calendar else []
    words += [f"流程用 {display(definition)}"] if definition else []
    words += [
        f"{display(organisation.name_of(leave.officer))} {_day(leave.first, now)} 至 {_day(leave.last, now)} 请假"
        for leave in assumed.leaves
    ]
    return f"假设：{'；'.join(words)}。"


def unplaced_lines(found: Forecast, verbs: Mapping[str, str]) -> Iterator[str]:
    """List the items that an assumed definition has no place for."""
    if found.unplaced:
        yield f"所假设的流程接不上的事项（{len(found.unplaced)} 件，未作预测）："
    for one in found.unplaced:
        title = display(found.subjects[one.item].title)
        why = f"不能由“{verbs.get(one.verb, one.verb)}”自动转出“{one.state}”" if one.verb else f"没有状态“{one.state}”"
        yield f"  {one.item}  {title}：{why}"
