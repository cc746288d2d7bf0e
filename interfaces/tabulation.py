"""The report for programs: rows of figures, and the whole as JSON with the items behind every figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.clock import iso
from interfaces.brief import percent
from interfaces.drill import value_text
from interfaces.survey import cohort_json, line_title
from workflows.indicators import FIGURES, SPREADS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.division import Line
    from engine.figure import Figure, Spread
    from interfaces.survey import Survey


def ranked_by(survey: Survey, text: str) -> tuple[Survey, str]:
    """Return the report with the lines of its divisions from the highest down by a figure, and the figure's key.

    Only who asks gets this. Raises `Refused("unknown_choice")`.
    """
    from interfaces.selecting import one_of

    key = one_of("数字", text, {title: key for key, title in FIGURES.items() if key != "not_counted"})

    def height(line: Line) -> tuple[bool, int]:
        figure = line.figures[key]
        value = figure.top if figure.of is None else figure.per_mille
        return value is not None, value or 0

    divisions = {by: tuple(sorted(found, key=height, reverse=True)) for by, found in survey.page.divisions.items()}
    kept = {by: survey.page.divisions[by] for by in ("settled_month",)}  # the trend stays a trend
    return survey._replace(page=survey.page._replace(divisions=divisions | kept)), key


def figure_rows(survey: Survey, divisions: Sequence[str]) -> Iterator[dict[str, object]]:
    """Yield the figures of the whole, then those of each line of the divisions asked for."""
    page = survey.page
    scopes = [("", "全部", page.figures, page.spreads)]
    scopes += [
        (line.key, line_title(line.key, key, survey.kinds), line.figures, line.spreads)
        for key in divisions
        for line in page.divisions[key]
    ]
    for scope, scope_title, figures, spreads in scopes:
        where = {"scope": scope, "scope_title": scope_title}
        for key, title in FIGURES.items():
            if key in figures:
                figure = figures[key]
                shared = figure.of is not None
                yield where | {
                    "key": key,
                    "title": title,
                    "top": figure.top,
                    "bottom": figure.bottom if shared else None,
                    "rate": percent(figure.per_mille) if shared else None,
                }
        for key, title in SPREADS.items():
            spread = spreads[key]
            mean = value_text(key, spread.mean, survey.day_length)
            yield where | {"key": key, "title": title, "top": len(spread.numbers), "bottom": None, "rate": mean}


def as_json(survey: Survey) -> dict[str, object]:
    """Return the report as JSON: every figure with the numbers of its items."""
    page, items = survey.page, survey.items
    return {
        "now": iso(page.now),
        "since": iso(page.since),
        "cohort": cohort_json(page),
        "figures": _figures(page.figures),
        "spreads": _spreads(page.spreads),
        "divisions": {
            division: [
                {
                    "key": line.key,
                    "title": line_title(line.key, division, survey.kinds),
                    "figures": _figures(line.figures),
                    "spreads": _spreads(line.spreads),
                }
                for line in found
            ]
            for division, found in page.divisions.items()
        },
        "overdue": [
            {
                "number": stuck.number,
                "title": items[stuck.number][0].text("title"),
                "state": stuck.state,
                "since": iso(stuck.since),
                "due_at": None if stuck.judged.due_at is None else iso(stuck.judged.due_at),
                "days": stuck.judged.days,
                "desk": stuck.desk._asdict(),
                "waiting": None
                if stuck.waiting is None
                else stuck.waiting._asdict() | {"since": iso(stuck.waiting.since)},
            }
            for stuck in page.overdue
        ],
        "matters": [{"number": m.number, "code": m.code, "since": iso(m.since)} for m in page.matters],
        "ladder": [
            {
                "main": climb.main,
                "level": climb.level,
                "title": climb.title,
                "times": climb.times,
                "numbers": list(climb.figure.numbers),
            }
            for climb in page.ladder
        ],
        "time_spent": [
            {
                "state": passage.state,
                "stage": passage.stage,
                "waiting": passage.waiting,
                "seconds": sum(passage.spread.values) // 1_000_000,
                "numbers": list(passage.spread.numbers),
            }
            for passage in page.passages
        ],
        "entered_on_behalf": None if page.entered is None else {"count": page.entered[0], "of": page.entered[1]},
    }


def _figures(figures: Mapping[str, Figure]) -> dict[str, object]:
    return {key: _figure(figure) for key, figure in figures.items()}


def _figure(figure: Figure) -> dict[str, object]:
    if figure.of is None:
        return {"count": figure.top, "numbers": list(figure.numbers)}
    return {
        "count": figure.top,
        "of": figure.bottom,
        "per_mille": figure.per_mille,
        "numbers": list(figure.numbers),
        "of_numbers": list(figure.of),
    }


def _spreads(spreads: Mapping[str, Spread]) -> dict[str, object]:
    """Return spreads with their unit: seconds of office time, thousandths of the limit."""
    scale = {"handling": 1_000_000, "overrun": 1}
    return {
        key: {
            "count": len(spread.numbers),
            "unit": "seconds" if key == "handling" else "per_mille",
            "mean": None if spread.mean is None else spread.mean // scale[key],
            "median": None if spread.median is None else spread.median // scale[key],
            "numbers": list(spread.numbers),
        }
        for key, spread in spreads.items()
    }
