"""A definition back from its canonical text, checked by `engine.loader` before it was stored: each start builds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from engine import limit as limits
from engine.canonical import digest, parse
from engine.definition import (
    Approval,
    Clock,
    Composite,
    Definition,
    Field,
    LimitRule,
    Recurrence,
    RequestKind,
    Requirement,
    Rung,
    Source,
    State,
    Step,
    Track,
    Transition,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from engine.limit import Limit

    Table = dict[str, Any]
    Order = dict[str, Iterable[str]]

OPEN = "open"
"""In a `from`: every state that is not final."""

T = TypeVar("T", bound=tuple[Any, ...])


def stored(text: str) -> Definition:
    """Build a definition from its canonical text: the value that `engine.loader` gives, without looking for faults."""
    data: Table = parse(text)
    order: Order = {name: names for name, names in data.get("order", {}).items() if isinstance(names, list)}
    states = {name: _state(name, row) for name, row in _tables(data, "states", order)}
    every = tuple(name for name, state in states.items() if not state.final)
    head: Table = {"version": 1, "calendar": "cn", "draft": "", "serial": "SX", "supervisor": "lead_office"}
    head.update(data["workflow"])
    head["listed"] = _names(head.get("listed", ()))
    return Definition(
        name=head.pop("id"),
        **head,
        register=_made(Transition, data["register"], name="register", verb="register", sources=()),
        fields={name: _field(name, row, order) for name, row in _tables(data, "fields", order)},
        states=states,
        transitions=tuple(_transitions(data.get("transitions", ()), every)),
        clocks={name: _made(Clock, row, name=name) for name, row in _tables(data, "clocks", order)},
        ladders={name: tuple(map(_rung, rows)) for name, rows in data.get("ladders", {}).items()},
        requests={name: _request(name, row, every) for name, row in _tables(data, "requests", order)},
        sources={name: _made(Source, row, name=name) for name, row in _tables(data, "sources", order)},
        tracks={name: _made(Track, row, name=name) for name, row in _tables(data, "tracks", order)},
        composites={row["verb"]: _composite(row) for row in data.get("composites", ())},
        text=text,
        hash=digest(text),
        recurs=_made(Recurrence, data["recurs"], sources=_sources(data["recurs"], every)) if "recurs" in data else None,
    )


def _made(kind: type[T], row: Table, **given: object) -> T:
    """Make a value of what a table says and of what is given; the rest has its default."""
    said: Table = dict(_UNSAID.get(kind, ()))
    for key, value in row.items():
        if key not in _APART:
            read = _READ.get(key)
            said[key] = read(value) if read else value
    said.update(given)
    return kind(**said)


def _tables(data: Table, key: str, order: Order) -> Iterator[tuple[str, Table]]:
    found: Table = data.get(key, {})
    return ((name, found[name]) for name in order.get(key, found))


def _field(name: str, row: Table, order: Order) -> Field:
    choices: Table = row.get("choices", {})
    ordered = order.get(f"fields.{name}.choices", choices) if choices else ()
    titles = {value: str(choices[value]) for value in ordered if value in choices}
    return _made(Field, row, name=name, choices=titles)


def _state(name: str, row: Table) -> State:
    return _made(State, {"final": row["stage"] == "closed", **row}, name=name)


def _transitions(rows: list[Table], every: tuple[str, ...]) -> Iterator[Transition]:
    counts: dict[str, int] = {}
    for row in rows:
        verb = row["verb"]
        count = counts[verb] = counts.get(verb, 0) + 1
        name = verb if count == 1 else f"{verb}#{count}"
        yield _made(Transition, row, name=name, sources=_sources(row, every))


def _sources(row: Table, every: tuple[str, ...]) -> tuple[str, ...]:
    named = _names(row["from"])
    if OPEN not in named:
        return tuple(dict.fromkeys(named))
    return tuple(dict.fromkeys(state for name in named for state in (every if name == OPEN else (name,))))


def _rung(row: Table) -> Rung:
    return _made(Rung, {"times": 1, **row} if "on" in row else row)


def _request(name: str, row: Table, every: tuple[str, ...]) -> RequestKind:
    approvals = tuple(_made(Approval, one) for one in row["approve"])
    return _made(RequestKind, row, name=name, sources=_sources(row, every), approve=approvals)


def _composite(row: Table) -> Composite:
    steps = tuple(_made(Step, one) for one in row.get("steps", ()))
    return _made(Composite, row, steps=steps, sources=_names(row.get("from", ())))


def _names(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _words(value: Table) -> dict[str, str]:
    return {name: str(word) for name, word in value.items()}


def _when(value: Table) -> dict[str, tuple[object, ...]]:
    return {field: tuple(among) if isinstance(among, list) else (among,) for field, among in value.items()}


def _requirements(value: str | list[str]) -> tuple[Requirement, ...]:
    found = []
    for name in _names(value):
        field, _, least = name.partition(":")
        found.append(Requirement(field, int(least or 1)))
    return tuple(found)


def _limit_rule(value: object) -> LimitRule:
    return LimitRule(tuple(map(_alternative, value if isinstance(value, list) else [value])))


def _alternative(value: Any) -> Limit | str | tuple[str, dict[str, LimitRule]]:  # noqa: ANN401 - one of JSON's
    if isinstance(value, dict):
        return value["by"], {key: _limit_rule(inner) for key, inner in value.items() if key != "by"}
    text: str = value
    return text[1:] if text.startswith("@") else limits.parse(text)


_READ: dict[str, Callable[[Any], object]] = {
    **dict.fromkeys(
        (
            *("by", "optional", "guards", "not_same_as", "clears", "restarts", "notify", "endorse", "window_from"),
            *("held_by", "feedback_to", "aliases", "runs_in", "pauses_in", "starts_at"),
        ),
        _names,
    ),
    **dict.fromkeys(("copy", "owners", "takes"), _words),
    **dict.fromkeys(("up_to", "window", "longest", "lapses_after"), limits.parse),
    "at": limits.parse_offset,
    "limit": _limit_rule,
    "require": _requirements,
    "when": _when,
}
"""How the values of these keys are read; all others stand as they are."""

_APART = frozenset({"from", "choices", "approve", "steps"})
"""Keys that are read by the function of their table."""

_UNSAID: dict[type, Table] = {
    Field: {"kind": "line"},
    Transition: {"to": "", "by": ()},
    Rung: {"level": 0, "notify": ()},
    RequestKind: {"by": ()},
    Approval: {"by": ()},
    Source: {"feedback_to": ()},
    Composite: {"by": ()},
}
"""What a table may leave unsaid, where its value has no default of its own."""
