"""`docs/performance.md` and its plots, written from the results that the parts have left."""

from __future__ import annotations

import json
import math
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.figure import RESULTS, ROOT, Figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAGE = ROOT / "docs" / "performance.md"
PLOTS = ROOT / "docs" / "pictures"
REASONS = ROOT / "benchmarks" / "reasons.toml"

HEAD = """\
# How fast it is

Written by `python -m benchmarks.performance` from what it measured; change the programs in `benchmarks/`, not this page. Each figure is
the median of its rounds, everybody in turn in one run, and stands beside the floor or the peer that ran with it: on another machine,
or on a busy one, the times move and the ratios stay. A ratio is *ours / the other*, and must be at most what stands there; beside a
peer it is how many times faster we are, and must be at least that. In brackets the least and the greatest of the rounds. A program that
writes the same rows by hand does none of the deciding; it is a floor, and nobody's product.

To measure again: `python -m benchmarks.performance --all` (`--list` says the parts and how long they take; a part alone by its name).
The peers run in an environment of their own (`benchmarks/peers/requirements.txt`), which the programs make.
"""
BUSY = (
    "**The machine was busy, with this work or with other**: what waits for the disk or for a processor drifts towards the other's time, "
    "and misses say little."
)
TITLES = {
    "advance": "One durable act",
    "bulk": "An act to many items",
    "tick": "A heartbeat with nothing due",
    "escalate": "A heartbeat with much due",
    "questions": "Questions to a long record",
    "verify": "Verifying a long record",
    "startup": "A command as a whole process",
    "postgres": "PostgreSQL",
    "postgres-far": "PostgreSQL on another machine",
    "concurrency": "Many clerks at one file",
    "memory": "Memory of the service",
    "size": "Cost against size",
    "audit": "What the chain costs",
}
WIDTH, LEFT, RIGHT, ROW = 760, 250, 700, 24
COLOURS = ["#2563a8", "#b8860b", "#3c8d5a", "#a23b72", "#6b5b95", "#5f6b7a", "#c0562f"]


class Result(NamedTuple):
    """What one part left."""

    name: str
    told: dict[str, Any]
    figures: list[Figure]


def results(names: Sequence[str]) -> list[Result]:
    """Read what the parts have left, in their order."""
    found = []
    for name in names:
        path = RESULTS / f"{name}.json"
        if path.exists():
            told = json.loads(path.read_text(encoding="utf-8"))
            found.append(Result(name, told, [Figure(**figure) for figure in told["figures"]]))
    return found


def written(names: Sequence[str]) -> str:
    """Write the page and its plots; return in a line what holds."""
    found = results(names)
    PLOTS.mkdir(exist_ok=True)
    parts = [HEAD]
    plots = {"performance-acts.svg": acts_plot(found), "performance-size.svg": size_plot(found)}
    for name, text in plots.items():
        if text:
            (PLOTS / name).write_text(text, encoding="utf-8")
            parts.append(f"![{ALT[name]}](pictures/{name})\n")
    parts += ["## Where a figure misses what it must be\n", missed(found)]
    parts += [section(result) for result in found]
    PAGE.write_text("\n".join(parts), encoding="utf-8")
    judged = [figure.holds for result in found for figure in result.figures if figure.holds is not None]
    return f"{PAGE.relative_to(ROOT)}: {sum(judged)} of {len(judged)} figures are as they must be"


ALT = {
    "performance-acts.svg": "One durable act, ours, the floors and the peers, at FULL and at NORMAL",
    "performance-size.svg": "The cost of each work over 10³ to 10⁶ items, beside itself over 10³",
}


def section(result: Result) -> str:
    """Write a part: its table, and what it was measured on."""
    told, machine = result.told, result.told["machine"]
    measured = (
        f"{told['note']} `benchmarks/{result.name.partition('-')[0]}.py`; {told['date']}, commit `{told['commit']}`; "
        f"{machine['processor']}, {machine['cores']} processors, {machine['memory']}, {machine['system']}; "
        f"Python {machine['python']}, SQLite {machine['sqlite']}; the disk makes a page safe in {machine['sync']}; "
        f"load {machine['load']} at the end."
    )
    if float(machine["load"]) > int(machine["cores"]):
        measured += f" {BUSY}"
    lines = [
        f"## {TITLES[result.name]}",
        "",
        "| work | ours | beside | | ratio | must be | |",
        "| --- | ---: | --- | ---: | ---: | ---: | --- |",
        *(row(figure) for figure in result.figures),
        "",
        measured,
        "",
        *([note, ""] if (note := said(result.name, "note")) else []),
    ]
    return "\n".join(lines)


def said(name: str, about: str) -> str:
    """Return what `benchmarks/reasons.toml` says about a part, in one line."""
    reasons = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    return " ".join(str(reasons.get(name, {}).get(about, "")).split())


def row(figure: Figure) -> str:
    """Write one figure as a line of a table."""
    faster = " faster" if figure.least is not None else ""
    ratio = f"{figure.ratio:.2f} ×{faster} ({figure.low:.2f}–{figure.high:.2f})"
    must = f"≤ {figure.most:g} ×" if figure.most is not None else f"≥ {figure.least:g} ×" if figure.least else ""
    word = {True: "✓", False: "**missed**", None: ""}[figure.holds]
    ours, other = (amount(value, figure.unit) for value in (figure.ours, figure.other))
    return f"| {figure.work} | {ours} | {figure.beside} | {other} | {ratio} | {must} | {word} |"


def amount(value: float, unit: str) -> str:
    """Write a time or a size in the unit that suits it."""
    if unit == "MB":
        return f"{value:.1f} MB"
    micro = value * {"us": 1, "ms": 1e3, "s": 1e6}[unit]
    for least, name in ((1e6, "s"), (1e3, "ms"), (0, "µs")):
        if micro >= least:
            return f"{micro / (least or 1):.3g} {name}"
    return "0 µs"


def missed(found: Sequence[Result]) -> str:
    """Say for each figure that misses its bound why, as `benchmarks/reasons.toml` has it."""
    lines = []
    for result in found:
        late = [figure for figure in result.figures if figure.holds is False]
        for figure in late:
            bound = f"{figure.ratio:.2f} × where {'≤' if figure.most is not None else '≥'} {figure.most or figure.least:g} was wanted"
            lines.append(f"- **{figure.work}**, beside {figure.beside}: {bound}.")
        if late:
            lines.append(f"\n  {said(result.name, 'why') or 'The reason is not known yet.'}\n")
    return "\n".join(lines) + "\n" if lines else "None does.\n"


# -- plots -----------------------------------------------------------------------------------------------------------------------


def acts_plot(found: Sequence[Result]) -> str:
    """Draw one durable act as bars on a scale of powers of ten: ours, floors and peers."""
    figures = [figure for result in found if result.name == "advance" for figure in result.figures]
    if not figures:
        return ""
    groups = list(dict.fromkeys(figure.work for figure in figures))
    bars: list[tuple[str, float, str]] = []
    for work in groups:
        mine = [figure for figure in figures if figure.work == work]
        bars.append((work, 0, ""))
        bars.append(("siban", mine[0].ours, COLOURS[0]))
        bars += [(figure.beside, figure.other, COLOURS[1 if "sqlite3" in figure.beside else 5]) for figure in mine]
    values = [value for _, value, _ in bars if value]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def across(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (math.log10(value) - low) / (high - low)

    height = ROW * len(bars) + 60
    shapes = list(_grid(low, high, across, height - 36))
    for place, (name, value, colour) in enumerate(bars):
        top = 20 + ROW * place
        if not value:
            shapes.append(f'<text x="16" y="{top + 15}" class="head">{name}</text>')
            continue
        shapes.append(f'<text x="{LEFT - 8}" y="{top + 15}" text-anchor="end">{name}</text>')
        shapes.append(
            f'<rect x="{LEFT}" y="{top + 3}" width="{across(value) - LEFT:.1f}" height="{ROW - 8}" fill="{colour}"/>'
        )
        shapes.append(f'<text x="{across(value) + 6:.1f}" y="{top + 15}">{amount(value, "us")}</text>')
    return _svg(height, ALT["performance-acts.svg"], shapes)


def _grid(low: int, high: int, across: Any, base: float) -> Iterator[str]:  # noqa: ANN401 - a function of one number
    for power in range(low, high + 1):
        x = across(10**power)
        yield f'<line x1="{x:.1f}" y1="16" x2="{x:.1f}" y2="{base}" class="grid"/>'
        yield f'<text x="{x:.1f}" y="{base + 16}" text-anchor="middle">{amount(10**power, "us")}</text>'


def size_plot(found: Sequence[Result]) -> str:
    """Draw what each work costs over ledgers of each size, beside itself over the smallest, as lines."""
    lines: dict[str, dict[int, float]] = {}
    for result in found:
        for figure in result.figures:
            if result.name == "size":
                lines.setdefault(figure.work, {})[figure.size] = figure.ratio
            elif result.name == "tick" and figure.beside == "the bare question":
                lines.setdefault("an idle beat", {})[figure.size] = figure.ours
    if not lines:
        return ""
    beat = lines.get("an idle beat", {})
    if beat:
        least = beat[min(beat)]
        lines["an idle beat"] = {size: value / least for size, value in beat.items()}
    sizes = sorted({size for line in lines.values() for size in line})
    most = max(2.0, *(value for line in lines.values() for value in line.values()))
    left, right, top, base = 60, 470, 20, 300

    def x(size: int) -> float:
        return left + (right - left) * (math.log10(size) - math.log10(sizes[0])) / (
            math.log10(sizes[-1]) - math.log10(sizes[0]) or 1
        )

    def y(value: float) -> float:
        return base - (base - top) * value / (most * 1.05)

    shapes = []
    for step in range(int(most * 1.05) + 1):
        shapes.append(f'<line x1="{left}" y1="{y(step):.1f}" x2="{right}" y2="{y(step):.1f}" class="grid"/>')
        shapes.append(f'<text x="{left - 8}" y="{y(step) + 4:.1f}" text-anchor="end">{step} ×</text>')
    shapes += [f'<text x="{x(size):.1f}" y="{base + 18}" text-anchor="middle">{size:,}</text>' for size in sizes]
    for place, (work, line) in enumerate(lines.items()):
        colour = COLOURS[place % len(COLOURS)]
        points = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in sorted(line.items()))
        shapes.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        shapes.append(f'<rect x="{right + 30}" y="{top + 22 * place}" width="12" height="12" fill="{colour}"/>')
        shapes.append(f'<text x="{right + 48}" y="{top + 11 + 22 * place}">{work}</text>')
    return _svg(base + 40, ALT["performance-size.svg"], shapes)


def _svg(height: int, text: str, shapes: Sequence[str]) -> str:
    style = "text{font:13px sans-serif;fill:#222}.head{font-weight:bold}.grid{stroke:#ddd}"
    body = "\n".join(shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}">\n<title>{text}</title>\n'
        f'<style>{style}</style>\n<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n{body}\n</svg>\n'
    )
