"""The page for leaders as one HTML file: no network, no script; words first, then colour; every chart with its table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from interfaces.brief import mean_by_item, over, percent, waits, where
from interfaces.charts import Column, Part, arrow, bar, columns
from interfaces.display import display
from interfaces.drill import rung_title, value_text
from interfaces.gallery import Gallery, gallery
from interfaces.listing import item_row, short_day
from interfaces.survey import cohort_text, line_title, survey
from workflows.indicators import CLASSES, DIVISIONS, FIGURES, HOW, MATTERS, SPREADS
from workflows.labels import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from engine.division import Line
    from engine.figure import Figure
    from engine.report import Matter, Stuck
    from interfaces.gallery import Pair
    from interfaces.session import Session
    from interfaces.survey import Asked, Survey

    Context = dict[str, Any]

TEMPLATE = Path(__file__).resolve().parents[1] / "workflows" / "reports" / "page.html"
"""The page as shipped; an office may give another with `--template`."""

LIGHTS = ("overdue", "due_soon", "normal", "suspended", "waiting", "continuing")
"""What is under way falls into exactly one of these."""

NO_PICTURES = Gallery()

LISTED = 200
"""How many items a list behind a figure names; the rest are a command away."""

MONTHS = 12
"""How many months the trend looks back."""

CARDS = ("responded", "fulfilled", "on_time")
HEADLINES: Mapping[str, str] = {"responded": "事事有回应", "fulfilled": "件件有落实", "on_time": "按时办结"}
"""The rates in front, with the words of the plan that they answer to."""

BEHIND_FIGURES = (
    "due_soon", "suspended", "waiting", "continuing", "unclear", "far_behind", "behind", "backlog",
    "registered_since", "closed_since", "overdue_since", "returned", "sent_back", "redone", "excused",
)  # fmt: skip
"""Counts whose items the page lists; of the rates in front it lists who is missing."""

TABLES = ("track", "unit", "line", "source", "month")
_COUNTS = ("total", "open", "closed", "overdue")
_SHARES = ("responded", "fulfilled", "on_time")
_BROKEN = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)
"""What a template of somebody else's may raise beside the errors of the template language."""


def write(session: Session, path: str, asked: Asked, template: str | None, *, overwrite: bool, dry_run: bool) -> str:
    """Make the page and write it; return what to say.

    Raises `Refused("exists")`, `Misused("bad_layout")`, or what drawing up the report raises.
    """
    from interfaces.auditing import new_file

    found = survey(session, asked)
    album = gallery(found, session)
    text = rendered(found, template, album).encode()
    total = found.page.figures["total"].top
    if dry_run:
        return f"可以写入 {path}：{total} 件事项，{len(text) // 1024 + 1} KB。以上为试办，未写文件。"
    with new_file(path, overwrite=overwrite, private=False) as keep:
        keep(text)
    return f"已写入 {path}：{total} 件事项，{len(text) // 1024 + 1} KB。用浏览器打开，不联网，可打印。"


def rendered(found: Survey, template: str | None = None, album: Gallery = NO_PICTURES) -> str:
    """Return the page as text. Raises `Misused("bad_layout")` where the template cannot be filled."""
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    from engine.errors import Misused

    file = Path(template) if template else TEMPLATE
    # autoescape for every template, whatever its name; `finalize` first makes what could steer or hide visible
    made = SandboxedEnvironment(
        autoescape=True, undefined=StrictUndefined, finalize=_plain, trim_blocks=True, lstrip_blocks=True
    )
    try:
        return made.from_string(file.read_text(encoding="utf-8")).render(context(found, album))
    except (OSError, UnicodeDecodeError) as error:
        raise Misused("bad_layout", path=str(file), why=getattr(error, "strerror", None) or "unreadable") from error
    except TemplateError as error:
        line = f"{getattr(error, 'lineno', None) or '?'}"
        raise Misused("bad_layout", path=str(file), why=f"{line}: {error.message}") from error
    except _BROKEN as error:
        raise Misused("bad_layout", path=str(file), why=f"{type(error).__name__}: {error}") from error


def _plain(value: object) -> object:
    """Make visible what could steer a reader's eye; our own drawings pass."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return display(value)
    return value


def context(found: Survey, album: Gallery = NO_PICTURES) -> Context:
    """Return everything that the page shows, as plain values and finished drawings."""
    from interfaces.past import shown
    from workflows.labels import moment

    page = found.page
    numbers = {key: figure.top for key, figure in page.figures.items()}
    return {
        "organisation": found.organisation,
        "as_of": moment(shown(page.now)),
        "since": moment(page.since + 1).partition(" ")[0],  # the day that begins, and not the 24:00 before it
        "cohort": cohort_text(page),
        "numbers": numbers,
        "titles": FIGURES,
        "headlines": [_headline(found, key) for key in CARDS],
        "lights": [_light(found, key) for key in LIGHTS if page.figures[key].top],
        "lights_bar": _drawn(bar([Part(numbers[key], key) for key in LIGHTS], numbers["open"], _lights_text(numbers))),
        "lights_by_unit": list(_lights_by(found, "unit")),
        "stages": list(_stages(found)),
        "trend": _trend(found),
        "ages": list(_classes(found, "age", "open")),
        "overs": list(_classes(found, "over", "overdue")),
        "time": list(_time(found)),
        "ladder": list(_ladder(found)),
        "overdue": [_stuck(found, stuck) for stuck in page.overdue[:LISTED]],
        "overdue_more": max(len(page.overdue) - LISTED, 0),
        "matters": list(_matters(found)),
        "pairs": [_pair(found, pair) for pair in album.pairs],
        "pairs_more": album.more,
        "tables": [_table(found, by) for by in TABLES],
        "indicators": list(_indicators(found)),
        "behind": list(_behind(found)),
        "entered": None if page.entered is None or not page.entered[1] else _share(*page.entered),
    }


def _drawn(svg: str) -> object:
    from markupsafe import Markup

    return Markup(svg)  # noqa: S704 - our own drawing: numbers, class names, and texts that `charts.escape` has seen


def _share(top: int, bottom: int) -> Context:
    per_mille = None if not bottom else (top * 2000 + bottom) // (2 * bottom)
    return {"percent": percent(per_mille), "top": top, "bottom": bottom}


def _figure(figure: Figure) -> Context:
    return _share(figure.top, figure.bottom)


def _headline(found: Survey, key: str) -> Context:
    figure = found.page.figures[key]
    drawing = bar([Part(figure.top, "share")], figure.bottom, f"{FIGURES[key]} {percent(figure.per_mille)}")
    return _figure(figure) | {
        "key": key,
        "motto": HEADLINES[key],
        "title": FIGURES[key],
        "how": HOW[key],
        "missing": figure.bottom - figure.top,
        "bar": _drawn(drawing),
    }


def _light(found: Survey, key: str) -> Context:
    return {"key": key, "title": FIGURES[key], "count": found.page.figures[key].top}


def _lights_text(numbers: Mapping[str, int]) -> str:
    return "，".join(f"{FIGURES[key]} {numbers[key]}" for key in LIGHTS if numbers[key]) or "没有在办事项"


def _lights_by(found: Survey, by: str) -> Iterator[Context]:
    """Yield the lights of each line, in the order of the organisation; lines with nothing under way are left to the table."""
    lines = [line for line in found.page.divisions[by] if line.figures["open"].top]
    most = max((line.figures["open"].top for line in lines), default=0)
    for line in lines:
        numbers = {key: line.figures[key].top for key in LIGHTS}
        parts = [Part(numbers[key], key) for key in LIGHTS]
        yield {
            "title": line_title(line.key, by, found.kinds),
            "open": line.figures["open"].top,
            "parts": [{"key": key, "title": FIGURES[key], "count": numbers[key]} for key in LIGHTS if numbers[key]],
            "bar": _drawn(bar(parts, most, _lights_text(numbers))),
        }


def _stages(found: Survey) -> Iterator[Context]:
    """Yield the stages in their order with the states in each, for the flow picture."""
    lines: dict[str, Line] = {line.key: line for line in found.page.divisions["state"]}
    for stage, title in STAGES.items():
        states: dict[str, Context] = {}
        for rules in found.kinds:
            for state in rules.definition.states.values():
                line = lines.get(state.name)
                if state.stage == stage and state.counted and line and state.name not in states:
                    states[state.name] = {
                        "title": state.title,
                        "count": line.figures["total"].top,
                        "overdue": line.figures["overdue"].top,
                    }
        count = sum(state["count"] for state in states.values())
        late = sum(state["overdue"] for state in states.values())
        yield {
            "key": stage, "title": title, "count": count, "overdue": late, "states": list(states.values()),
            "arrow": _drawn(arrow()),
        }  # fmt: skip


def _trend(found: Survey) -> Context:
    """Return the share done in time month by month, by when it was done or fell due."""
    lines = [line for line in found.page.divisions["settled_month"] if line.key][-MONTHS:]
    rows = [
        {"title": line_title(line.key, "settled_month", found.kinds)} | _figure(line.figures["on_time"])
        for line in lines
    ]
    points = [
        Column(
            f"{int(line.key[5:])}月",
            line.figures["on_time"].per_mille,
            f"{line.figures['on_time'].top}/{line.figures['on_time'].bottom}",
        )
        for line in lines
    ]
    text = "；".join(f"{row['title']} {row['percent']}" for row in rows)
    return {"rows": rows, "chart": _drawn(columns(points, f"按时办结率，按办结月份：{text}"))}


def _classes(found: Survey, by: str, key: str) -> Iterator[Context]:
    """Yield every class of age with how many items are in it; nothing where there are none at all."""
    counts = {line.key: line.figures[key].top for line in found.page.divisions[by] if line.key}
    most = max(counts.values(), default=0)
    for name in CLASSES if counts else ():
        count, title = counts.get(name, 0), line_title(name, by, found.kinds)
        kind = "overdue" if by == "over" else "share"
        yield {"title": title, "count": count, "bar": _drawn(bar([Part(count, kind)], most, f"{title} {count} 件"))}


def _time(found: Survey) -> Iterator[Context]:
    """Yield where the time went: for each state the mean of those that went through it, the median and how many."""
    rows = [(p, mean_by_item([p])) for p in found.page.passages]
    most = max((mean for _, mean in rows), default=0)
    for passage, mean in rows:
        title = line_title(passage.state, "state", found.kinds)
        shown = value_text("handling", mean, found.day_length)
        kind = "suspended" if passage.waiting else "share"
        yield {
            "title": title,
            "stage": STAGES.get(passage.stage, passage.stage),
            "waiting": passage.waiting,
            "mean": shown.removesuffix("个工作日"),
            "median": value_text("handling", passage.spread.median, found.day_length).removesuffix("个工作日"),
            "count": len(passage.spread.numbers),
            "bar": _drawn(bar([Part(mean, kind)], most, f"{title} 平均{shown}")),
        }


def _ladder(found: Survey) -> Iterator[Context]:
    most = max((climb.times for climb in found.page.ladder), default=0)
    for climb in found.page.ladder:
        title = rung_title(climb.title, main=climb.main)
        kind = "overdue" if climb.main and climb.level > 1 else "due_soon" if climb.main else "share"
        yield {
            "title": title,
            "main": climb.main,
            "times": climb.times,
            "count": climb.figure.top,
            "bar": _drawn(bar([Part(climb.times, kind)], most, f"{title} {climb.times} 次")),
        }


def _stuck(found: Survey, stuck: Stuck) -> Context:
    """Return an overdue item: where it is stuck, since when, why."""
    from interfaces.records import when

    item, rules = found.items[stuck.number]
    row = _row(found, stuck.number)
    return row | {
        "over": over(stuck.judged.days),
        "where": where(stuck.number, found.items, found.page.now),
        "since": when(stuck.since, found.page.now),
        "waiting": waits(stuck.waiting, rules) if stuck.waiting else "",
        "obstacle": item.text("obstacle"),
    }


def _row(found: Survey, number: int) -> Context:
    """Return one item for a list. Who reported it is nowhere in it."""
    item, rules = found.items[number]
    row = item_row(item, rules, found.page.now)
    keys = (
        "number",
        "serial",
        "title",
        "lead_unit_title",
        "handler_name",
        "state_title",
        "due",
        "left",
        "rungs",
        "light",
    )
    return {key: row[key] for key in keys} | {"list": row["list"]}


def _matters(found: Survey) -> Iterator[Context]:
    """Yield what is for a leader, by why."""
    for code, title in MATTERS.items():
        matters = [matter for matter in found.page.matters if matter.code == code]
        if matters:
            yield {
                "title": title,
                "count": len(matters),
                "more": max(len(matters) - LISTED, 0),
                "rows": [_matter(found, matter) for matter in matters[:LISTED]],
            }


def _matter(found: Survey, matter: Matter) -> Context:
    from interfaces.records import when

    item, _ = found.items[matter.number]
    return _row(found, matter.number) | {
        "detail": item.text("obstacle") if matter.code == "obstacle" else "",
        "since": when(matter.since, found.page.now),
        "where": "" if matter.code == "outside" else where(matter.number, found.items, found.page.now),
    }


def _pair(found: Survey, pair: Pair) -> Context:
    """Return an item in pictures: what it was, whose, when it was closed, and either side as picture or as name."""
    from markupsafe import Markup

    item, _ = found.items[pair.number]
    sides = [
        {"shows": view.shows, "name": view.name, "why": view.why, "uri": Markup(view.uri)}  # noqa: S704 - base64 of our own making
        for view in (pair.before, pair.after)
    ]
    return _row(found, pair.number) | {
        "closed": short_day(item.closed_at, found.page.now) if item.closed_at else "",
        "sides": sides,
    }


def _table(found: Survey, by: str) -> Context:
    return {
        "title": DIVISIONS[by],
        "by": by,
        "rows": [_line(line, by, found) for line in found.page.divisions[by]],
    }


def _line(line: Line, by: str, found: Survey) -> Context:
    return {
        "title": line_title(line.key, by, found.kinds),
        "counts": [line.figures[key].top for key in _COUNTS],
        "shares": [_figure(line.figures[key]) for key in _SHARES],
        "handling": value_text("handling", line.spreads["handling"].mean, found.day_length).removesuffix("个工作日"),
    }


def _indicators(found: Survey) -> Iterator[Context]:
    """Yield every rate and spread with what it is made of and how it is counted."""
    for key, title in FIGURES.items():
        figure = found.page.figures[key]
        if figure.of is not None:
            yield {
                "title": title,
                "value": percent(figure.per_mille),
                "made": f"{figure.top}/{figure.bottom}",
                "how": HOW[key],
            }
    for key, title in SPREADS.items():
        spread = found.page.spreads[key]
        mean, median = (value_text(key, value, found.day_length) for value in (spread.mean, spread.median))
        made = f"{len(spread.numbers)} 件，中位数 {median}"
        yield {"title": title, "value": mean, "made": made, "how": HOW[key]}


def _behind(found: Survey) -> Iterator[Context]:
    """Yield the lists behind the figures: who is missing of the rates in front, then the items of each count."""
    for key in CARDS:
        figure = found.page.figures[key]
        inside = frozenset(figure.numbers)
        yield _list(found, key, f"{FIGURES[key]}：未计入的", [n for n in figure.of or () if n not in inside])
    for key in BEHIND_FIGURES:
        yield _list(found, key, FIGURES[key], found.page.figures[key].numbers)


def _list(found: Survey, key: str, title: str, numbers: Sequence[int] | Iterable[int]) -> Context:
    every = list(numbers)
    return {
        "key": key,
        "title": title,
        "count": len(every),
        "how": HOW.get(key, ""),
        "rows": [_row(found, number) for number in every[:LISTED]],
        "more": max(len(every) - LISTED, 0),
        "command": f"siban report --drill {FIGURES[key]}",
    }
