"""The month's bulletin (通报) as a Word file: figures and tables filled in, judgements left as marked blanks for the office.

No person is named in it: it goes round, and its tables are about units.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from interfaces.brief import days_text, mean_by_item, over, percent, waits
from interfaces.drill import value_text
from interfaces.listing import short_day
from interfaces.survey import Survey, cohort_text, line_title, month_span, survey
from interfaces.template import fill
from workflows.indicators import FIGURES, HOW, MATTERS, RATES
from workflows.labels import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.division import Line
    from engine.report import Stuck
    from interfaces.session import Session
    from interfaces.survey import Asked

TEMPLATE = Path(__file__).resolve().parents[1] / "workflows" / "reports" / "bulletin.docx"
"""The bulletin as shipped (made by `scripts/bulletin`); an office may give another with `--template`."""

ROWS = 100
"""How many items a table of the bulletin names."""

_LIGHTS = ("normal", "due_soon", "overdue", "suspended", "waiting", "continuing")


def write(session: Session, path: str, asked: Asked, template: str | None, *, overwrite: bool, dry_run: bool) -> str:
    """Make the bulletin of a month and write it; return what to say.

    It is as of the month's end, or of now while the month goes on. Raises `Refused("exists")`, or what
    `interfaces.template.fill` and drawing up the report raise.
    """
    from interfaces.auditing import new_file

    found = month_survey(session, asked)
    document = fill(Path(template or TEMPLATE), context(found))
    said = f"{found.page.figures['total'].top} 件事项，逾期 {len(found.page.overdue)} 件"
    if dry_run:
        return f"可以写入 {path}：{said}。以上为试办，未写文件。"
    with new_file(path, overwrite=overwrite, private=False) as keep:
        keep(document)
    return f"已写入 {path}：{said}。标有“此处由办公室填写”的各处请补全后再行文。"


def month_survey(session: Session, asked: Asked) -> Survey:
    """Draw up the report of a month: what is new is of the month; the rest is all that was registered by its end."""
    from engine.clock import DAY, day_of, iso

    month = asked.month or day_of(session.now).isoformat()[:7]
    begin, end = month_span(month)
    as_of = asked.as_of
    if as_of is None and end <= session.now:
        as_of = day_of(end - DAY).isoformat()
    return survey(session, asked._replace(month=None, since=iso(begin), as_of=as_of))


def context(found: Survey) -> dict[str, Any]:
    """Return what the template may name: texts and lists of rows of texts."""
    from engine.clock import civil
    from interfaces.past import shown
    from workflows.labels import moment

    page = found.page
    texts: dict[str, Any] = {}
    for key, figure in page.figures.items():
        texts[key] = str(figure.top) if figure.of is None else percent(figure.per_mille)
    for key, spread in page.spreads.items():
        texts[key] = value_text(key, spread.mean, found.day_length)
    begin = civil(page.since)
    following = civil(month_span(f"{begin.year}-{begin.month}")[1])
    next_rows = list(_due_within(found, *month_span(f"{following.year}-{following.month}")))
    matters = list(_matters(found))
    texts |= {
        "organisation": found.organisation,
        "month": f"{begin.year}年{begin.month}月",
        "next_month": f"{following.year}年{following.month}月",
        "as_of": moment(shown(page.now)),
        "day": moment(page.now).partition(" ")[0],
        "cohort": cohort_text(page),
        "notes": [f"{FIGURES[key]}＝{HOW[key]}" for key in RATES],
        "lights": "，".join(f"{FIGURES[key]}{texts[key]}件" for key in _LIGHTS if page.figures[key].top),
        "tracks": [_line(found, line, "track") for line in page.divisions["track"]],
        "units": [_line(found, line, "unit") for line in page.divisions["unit"]],
        "lines": [_line(found, line, "line") for line in page.divisions["line"]],
        "time": _time(found),
        "ladder": "，".join(f"{climb.title}{climb.times}次" for climb in page.ladder if climb.main),
        "late_rows": [_late(found, stuck) for stuck in page.overdue[:ROWS]],
        "late_more": str(max(len(page.overdue) - ROWS, 0)),
        "next_rows": next_rows[:ROWS],
        "next_count": str(len(next_rows)),
        "matter_rows": matters[:ROWS],
        "matter_count": str(len(matters)),
    }
    return texts


def _line(found: Survey, line: Line, by: str) -> dict[str, str]:
    texts = {
        key: str(figure.top) if figure.of is None else percent(figure.per_mille) for key, figure in line.figures.items()
    }
    return texts | {"title": line_title(line.key, by, found.kinds)}


def _time(found: Survey) -> str:
    """Say where the time went, by stage, of those that went through each."""
    words = []
    for stage, title in STAGES.items():
        worked = [p for p in found.page.passages if p.stage == stage and not p.waiting]
        if worked:
            words.append(f"{title}{days_text(mean_by_item(worked), found.day_length)}个工作日")
    return f"各环节平均用时：{'，'.join(words)}。" if words else "没有办理记录。"


def _item(found: Survey, number: int) -> dict[str, str]:
    item, rules = found.items[number]
    return {
        "number": str(number),
        "serial": item.serial,
        "title": item.text("title"),
        "unit": rules.organisation.unit_title(item.text("lead_unit")),
        "state": rules.definition.states[item.state].title,
    }


def _late(found: Survey, stuck: Stuck) -> dict[str, str]:
    item, rules = found.items[stuck.number]
    why = [waits(stuck.waiting, rules) if stuck.waiting else "", item.text("obstacle")]
    return _item(found, stuck.number) | {
        "due": short_day(stuck.judged.due_at, found.page.now),
        "over": over(stuck.judged.days).removeprefix("逾期"),
        "why": "；".join(text for text in why if text) or "未填报",
    }


def _due_within(found: Survey, begin: int, end: int) -> Iterator[dict[str, str]]:
    """Yield the open items that fall due in (begin, end], the earliest first."""
    from engine.light import NONE, light

    open_ = frozenset(found.page.figures["open"].numbers)
    rows = []
    for number in open_:
        item, rules = found.items[number]
        judged = light(item, rules, found.page.now)
        if judged.word != NONE and judged.due_at is not None and begin < judged.due_at <= end:
            rows.append((judged.due_at, number))
    for due_at, number in sorted(rows):
        yield _item(found, number) | {"due": short_day(due_at, found.page.now)}


def _matters(found: Survey) -> Iterator[dict[str, str]]:
    for code, title in MATTERS.items():
        for matter in found.page.matters:
            if matter.code == code:
                item, _ = found.items[matter.number]
                detail = f"：{item.text('obstacle')}" if code == "obstacle" else ""
                yield _item(found, matter.number) | {"why": f"{title}{detail}"}
