"""From a figure to its items: `逾期`, `河道署:逾期`, `月份/2023年6月:落实率`, `用时/整改中`, `督办/催办通知`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.figure import Figure, Spread
from interfaces.survey import line_title
from workflows.indicators import DIVISIONS, FIGURES, SHORT, SPREADS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.division import Line
    from interfaces.survey import Survey

TITLES: Mapping[str, str] = {**FIGURES, **SPREADS}
"""Every figure, counts and spreads alike."""

TIME, LADDER = "用时", "督办"
"""What stands before the / of a state's time and of a rung."""

THOUSAND = 1000


class Drilled(NamedTuple):
    """A figure found: its title, the items behind it, and of a spread each one's value in words."""

    title: str
    figure: Figure
    values: Mapping[int, str]


def drilled(survey: Survey, text: str) -> Drilled:
    """Find the figure meant. Raises `Refused("unknown_choice")` with what there is."""
    page = survey.page
    division, _, rest = text.replace("：", ":").replace("／", "/").partition("/")
    if rest and division == TIME:
        return _time(survey, rest)
    if rest and division == LADDER:
        return _rung(survey, rest)
    named = _division(division) if rest else ""
    name, _, key = (rest if named else text.replace("：", ":")).partition(":")
    if not named and not key and _key(name):
        return _found(survey, TITLES[_key(name)], page.figures, page.spreads, _key(name))
    line, title = _line(survey, named, name)
    wanted = _key(key or "total") or _one_of("数字", key, {title: k for k, title in TITLES.items()})
    return _found(survey, f"{title} {TITLES[wanted]}", line.figures, line.spreads, wanted)


def _key(text: str) -> str:
    """Return the key of a figure by key or title; "" when it is none."""
    titles = {title: key for key, title in TITLES.items()}
    return text if text in FIGURES or text in SPREADS else titles.get(text, "")


def _division(text: str) -> str:
    titles = {title: key for key, title in DIVISIONS.items()} | {word: key for key, word in SHORT.items()}
    found = text if text in DIVISIONS else titles.get(text, "")
    return "track" if found == "list" or text == "list" else found


def _line(survey: Survey, named: str, name: str) -> tuple[Line, str]:
    """Find a line by key or title, in one division or in the first that has it."""
    known: dict[str, tuple[Line, str]] = {}
    for division, lines in survey.page.divisions.items():
        if named in ("", division):
            for line in lines:
                title = line_title(line.key, division, survey.kinds)
                known.setdefault(title, (line, title))
                if line.key:
                    known.setdefault(line.key, (line, title))
    if name in known:
        return known[name]
    return known[_one_of("数字、单位、清单或来源" if not named else DIVISIONS[named], name, _titles(survey, named))]


def _titles(survey: Survey, named: str) -> dict[str, str]:
    """List what may be meant: lines of the usual divisions, and figures where no division is named."""
    divisions = (named,) if named else ("unit", "track", "source")
    titles = [line_title(line.key, d, survey.kinds) for d in divisions for line in survey.page.divisions[d]]
    return {title: title for title in titles} | ({} if named else {title: title for title in FIGURES.values()})


def _one_of(what: str, text: str, among: Mapping[str, str]) -> str:
    from interfaces.selecting import one_of

    return one_of(what, text, among)


def _found(
    survey: Survey, title: str, figures: Mapping[str, Figure], spreads: Mapping[str, Spread], key: str
) -> Drilled:
    if key in SPREADS:
        return Drilled(title, Figure(spreads[key].numbers), values_of(survey, key, spreads[key]))
    if key not in figures:  # what does not count is in no line
        return Drilled(title, Figure(()), {})
    return Drilled(title, figures[key], {})


def values_of(survey: Survey, key: str, spread: Spread) -> dict[int, str]:
    """Return the values of a spread in words, by item."""
    return {number: value_text(key, value, survey.day_length) for number, value in zip(*spread, strict=True)}


def value_text(key: str, value: int | None, length: int) -> str:
    """Write a value of a spread: working days, or times the limit; — of nothing."""
    from interfaces.brief import days_text

    if value is None:
        return "—"
    if key == "overrun":
        hundredths = (value * 100 + THOUSAND // 2) // THOUSAND
        return f"{hundredths // 100}.{hundredths % 100:02}倍"
    return f"{days_text(value, length)}个工作日"


def _time(survey: Survey, name: str) -> Drilled:
    titles = {line_title(p.state, "state", survey.kinds): p for p in survey.page.passages}
    states = {p.state: p for p in survey.page.passages}
    passage = states.get(name) or titles[_one_of("状态", name, {title: title for title in titles})]
    title = f"{line_title(passage.state, 'state', survey.kinds)} 用时"
    return Drilled(title, Figure(passage.spread.numbers), values_of(survey, "handling", passage.spread))


def _rung(survey: Survey, name: str) -> Drilled:
    titles = {rung_title(climb.title, main=climb.main): climb for climb in survey.page.ladder}
    title = name if name in titles else _one_of("督办层级", name, {title: title for title in titles})
    return Drilled(f"{title} ", titles[title].figure, {})


def rung_title(title: str, *, main: bool) -> str:
    """Name a rung: a desk's own short limits have rungs of the same names as the main clock's."""
    return title if main else f"环节{title}"
