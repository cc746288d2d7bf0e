"""A due moment explained in words: the count day by day, the rungs, and where the time went."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from engine.clock import HOUR, MINUTE, iso
from engine.explain import DAY, PAUSED, ROLLED, START, day_length
from interfaces.display import display, pad, width
from interfaces.output import block
from interfaces.records import day_and_time, person_name, when
from interfaces.wording import written
from workflows.labels import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.context import Rules
    from engine.explain import Day, Explanation, Segment, Share, Spent, Step, Visit
    from interfaces.dossier import Dossier

FOLDED = 40
"""A longer count is folded: only its ends and what is out of the ordinary are shown."""

ENDS = 7
"""How many days at either end of a folded count are shown."""

_WHY = {
    START: "起算日，不计",
    DAY: "自然日",
    "workday": "工作日",
    "weekend": "周末",
    "holiday": "放假",
    "makeup": "调休上班",
    "statutory_provisional": "法定节日（暂定）",
    ROLLED: "届满日为休息日，顺延",
}
_STATUTORY = {"new_year": "元旦", "labour_day": "劳动节", "national_day": "国庆节"}


def explanation_text(told: Explanation, dossier: Dossier, *, everything: bool = False) -> str:
    """Return the whole explanation."""
    clock = dossier.rules.definition.clocks[told.clock]
    head = f"{dossier.item.serial}  {display(dossier.item.text('title'))}：{clock.title}"
    parts = [head, block(summary(told, dossier))]
    counted = _days_text(told, dossier, everything=everything) if told.days else _segments_text(told, dossier)
    if counted:
        parts.append("\n".join(counted))
    notices = dict.fromkeys(day.notice for day in told.days if day.notice)
    if notices:
        parts.append("\n".join(["依据的放假通知", *(f"  {display(notice)}" for notice in notices)]))
    if told.steps:
        parts.append("\n".join(["逐级督办", *(f"  {step_text(step, told, dossier)}" for step in told.steps)]))
    return "\n\n".join(parts)


def summary(told: Explanation, dossier: Dossier) -> Iterator[tuple[str, object]]:
    """Yield what the count comes to: limit, start, due moment, extensions and pauses."""
    now = dossier.now
    yield "时限", _limit(told, dossier)
    begun = f"{day_and_time(told.started, now)}{'，当日不计' if told.days else ''}"
    if told.opened_at != told.started:
        begun = f"{day_and_time(told.started, now)}（不在工作时间，自 {day_and_time(told.opened_at, now)} 起）"
    yield "起算", begun
    if told.due_at is None:
        yield "到期", f"时限待明确{written(dossier.item, dossier.rules)}"
    else:
        yield (
            "到期",
            f"{day_and_time(told.due_at, now)}{'（暂定：有关日子的放假安排尚未公布）' if told.provisional else ''}",
        )
        main = dossier.rules.definition.main_clock
        if main and told.clock == main.name and written(dossier.item, dossier.rules):
            yield "待明确", f"时限原文未能读出{written(dossier.item, dossier.rules)}，明确前按流程规定计"
    if told.original_due is not None and told.original_due != told.due_at:
        yield "不延期", day_and_time(told.original_due, now)
    if told.unpaused_due is not None and told.unpaused_due != told.due_at:
        yield "不暂停", day_and_time(told.unpaused_due, now)
    for one in told.extensions:
        before = day_and_time(one.before, now) if one.before is not None else "未定"
        entry = f"（第 {one.seq} 号记录）" if one.seq else ""
        yield "延期", f"{when(one.at, now)} 批准：{before} → {day_and_time(one.after, now)}{entry}"
    if told.near_at is not None and told.stopped is None:
        yield "临期", f"{day_and_time(told.near_at, now)} 起"
    if told.stopped is not None:
        yield "停止", day_and_time(told.stopped, now)
    elif told.paused:
        yield "现在", "暂停计时"


def _limit(told: Explanation, dossier: Dossier) -> str:
    """Say how long, and where that was laid down."""
    if not told.limit:
        return "未定"
    from workflows.limits import limit_title

    fields = dossier.rules.definition.fields
    origin = told.origin
    way = []
    for name, value in origin.choices:
        field = fields.get(name)
        way.append(
            f"{field.title if field else name}为“{(field.choices.get(value, value) if field else value) or '空'}”"
        )
    if origin.field:
        field = fields.get(origin.field)
        entry = f"（第 {origin.seq} 号记录{dossier.title(origin.verb)}）" if origin.seq else ""
        way.append(f"取自“{field.title if field else origin.field}”{entry}")
    else:
        way.append("流程规定")
    return f"{limit_title(told.limit)}，{'，'.join(way)}"


def is_date(told: Explanation) -> bool:
    """Whether the limit is a date: its days are not counted up to a number."""
    return "-" in told.limit


def folded(told: Explanation, *, everything: bool = False) -> Iterator[Day | list[Day]]:
    """Yield the days of a count, and of a long one, or of one up to a date, those in its midst that say nothing new together."""
    ends, most = (1, 0) if is_date(told) else (ENDS, FOLDED)
    hidden: list[Day] = []
    last = len(told.days) - 1
    for index, day in enumerate(told.days):
        folds = not everything and len(told.days) > most and ends <= index <= last - ends
        if folds and _plain(told.days, index):
            hidden.append(day)
            continue
        if hidden:
            yield hidden
            hidden = []
        yield day


def _days_text(told: Explanation, dossier: Dossier, *, everything: bool) -> list[str]:
    rows: list[tuple[str, str, str, str]] = []
    for day in folded(told, everything=everything):
        if isinstance(day, list):
            counted = sum(one.counts for one in day)
            rows.append(
                (f"…（{len(day)} 日）", "", "", f"其中计 {counted} 日；逐日列出：--all" if counted else "均不计")
            )
            continue
        mark = "  ← 到期" if day is told.days[-1] else ""
        rows.append(
            (
                day_text(day.day),
                "计" if day.counts else "不计",
                str(day.number) if day.counts else "",
                why_text(day, dossier) + mark,
            )
        )
    heads = ("日期", "", "累计", "说明")
    widths = [max(width(row[n]) for row in (heads, *rows)) for n in range(3)]
    aligns = ("left", "left", "right")
    return ["  ".join([*map(pad, row, widths, aligns), row[3]]).rstrip() for row in (heads, *rows)]


def _plain(days: Sequence[Day], index: int) -> bool:
    """Whether a day says nothing new: an ordinary one, or one in the middle of a pause."""
    day = days[index]
    if day.why == PAUSED:
        return days[index - 1].why == days[index + 1].why == PAUSED
    return day.why in (DAY, "workday", "weekend")


def day_text(ordinal: int) -> str:
    """Write a day of the count with its weekday."""
    day = date.fromordinal(ordinal)
    return f"{day.year}年{day.month}月{day.day}日 周{WEEKDAYS[day.weekday()]}"


def why_text(day: Day, dossier: Dossier) -> str:
    """Say why a day counts or does not."""
    name = _STATUTORY.get(day.name, day.name)
    if day.why == PAUSED:
        return f"暂停计时{_entry(day.seq, day.verb, dossier)}"
    word = _WHY.get(day.why, day.why)
    return f"{word}（{display(name)}）" if name else word


def _entry(seq: int, verb: str, dossier: Dossier) -> str:
    return f"（第 {seq} 号记录 {dossier.title(verb)}）" if seq else ""


def _segments_text(told: Explanation, dossier: Dossier) -> list[str]:
    lines = []
    total = 0
    for segment in told.segments:
        total += segment.counted
        lines.append(_segment(segment, total, dossier))
    return lines


def _segment(segment: Segment, total: int, dossier: Dossier) -> str:
    span = f"{day_and_time(segment.start, dossier.now)} 至 {day_and_time(segment.end, dossier.now)}"
    if not segment.counted:
        return f"{span}  暂停计时{_entry(segment.seq, segment.verb, dossier)}"
    return f"{span}  计 {hours(segment.counted)}，累计 {hours(total)}"


def hours(span: int) -> str:
    """Write a length of time: 3小时, 3小时20分钟, 20分钟."""
    whole, minutes = span // HOUR, span % HOUR // MINUTE
    return f"{f'{whole}小时' if whole else ''}{f'{minutes}分钟' if minutes or not whole else ''}"


def step_text(step: Step, told: Explanation, dossier: Dossier) -> str:
    """Say in a line when a rung was planned and crossed, and who was told."""
    now = dossier.now
    paper = f"《{step.paper}》" if step.paper else ""
    again = f"（第 {step.cycle} 期）" if step.cycle != told.cycle or step.cycle > 1 else ""
    head = f"{step.title or step.level}{paper}{again}：时点 {day_and_time(step.planned_at, now)}"
    if step.crossed_at is None:
        return f"{head}，未到"
    names = "、".join(person_name(person, dossier.rules) for person in step.told)
    late = "" if step.crossed_at - step.planned_at < MINUTE else f"，{when(step.crossed_at, now)} 记录"
    return f"{head}{late} → {names}（第 {step.seq} 号记录）{'；按实际办理时间本不会发出' if step.needless else ''}"


def explanation_json(told: Explanation) -> dict[str, object]:
    """Return the explanation as JSON: complete, instants as ISO texts, days as dates."""
    values: dict[str, object] = told._asdict()
    for name in ("started", "opened_at", "due_at", "original_due", "unpaused_due", "near_at", "stopped"):
        values[name] = _iso(values[name])
    values["origin"] = told.origin._asdict() | {"choices": dict(told.origin.choices)}
    values["days"] = [day._asdict() | {"day": date.fromordinal(day.day).isoformat()} for day in told.days]
    values["segments"] = [
        s._asdict() | {"start": iso(s.start), "end": iso(s.end), "counted": s.counted // 1_000_000}
        for s in told.segments
    ]
    values["extensions"] = [
        e._asdict() | {"at": iso(e.at), "before": _iso(e.before), "after": iso(e.after)} for e in told.extensions
    ]
    values["steps"] = [
        s._asdict() | {"planned_at": iso(s.planned_at), "crossed_at": _iso(s.crossed_at)} for s in told.steps
    ]
    return values


def _iso(at: object) -> str | None:
    return iso(at) if isinstance(at, int) else None


# -- where the time went ---------------------------------------------------------------------------------------------


def visit_row(visit: Visit, dossier: Dossier) -> dict[str, object]:
    """Return one stay on a desk as a row."""
    from workflows.labels import ROLES

    desk, rules = visit.desk, dossier.rules
    who = rules.organisation.name_of(desk.person) if desk.person else ROLES.get(desk.role, desk.role)
    return {
        "state": visit.state,
        "state_title": dossier.state_title(visit.state),
        "role": desk.role,
        "unit": desk.unit,
        "unit_title": rules.organisation.unit_title(desk.unit),
        "person": desk.person,
        "who": who,
        "since": iso(visit.since),
        "until": _iso(visit.until),
        "paused": visit.paused,
        "worked_seconds": visit.worked // 1_000_000,
        "worked": worked(visit.worked, rules, visit.since),
    }


def worked(span: int, rules: Rules, at: int) -> str:
    """Write office time in working days, as long as they were at an instant, and hours: 2个工作日3小时."""
    length = day_length(rules.calendar, at)
    days, rest = span // length, span % length
    if not days:
        return hours(rest)
    return f"{days}个工作日{hours(rest) if rest >= MINUTE else ''}"


def spent_text(told: Spent, rules: Rules) -> Iterator[str]:
    """Add the stays up: by unit and within it by person, the longest first, then the whole life."""
    at = told.visits[0].since if told.visits else 0
    title, name = rules.organisation.unit_title, rules.organisation.name_of
    for unit in told.units:
        if unit.worked < MINUTE:
            continue
        people = [
            f"{name(share.person) if share.person else '未定到人'} {_share(share, rules, at)}"
            for share in told.people
            if share.unit == unit.unit and share.worked >= MINUTE
        ]
        yield f"  {title(unit.unit) or '（无）'} {_share(unit, rules, at)}：{'；'.join(people)}"
    yield f"合计 {_share(told, rules, at)}"


def _share(share: Share | Spent, rules: Rules, at: int) -> str:
    paused = f"（其中暂停计时 {worked(share.paused, rules, at)}）" if share.paused >= MINUTE else ""
    return f"{worked(share.worked, rules, at)}{paused}"


def spent_json(told: Spent, dossier: Dossier) -> dict[str, object]:
    """Return where the time went as JSON: the stays, and what units and persons had; office time in seconds."""
    rules = dossier.rules

    def share(one: Share) -> dict[str, object]:
        who = {"unit": one.unit, "unit_title": rules.organisation.unit_title(one.unit)}
        if one.person:
            who |= {"person": one.person, "name": rules.organisation.name_of(one.person)}
        return who | _seconds(one)

    return _seconds(told) | {
        "visits": [visit_row(visit, dossier) for visit in told.visits],
        "units": [share(one) for one in told.units],
        "people": [share(one) for one in told.people],
    }


def _seconds(share: Share | Spent) -> dict[str, object]:
    return {"worked_seconds": share.worked // 1_000_000, "paused_seconds": share.paused // 1_000_000}
