"""Two versions of a definition, compared part by part: what an office decided otherwise.

Compared are the values that a definition means, not its text: an order of writing or a default that is written out changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.definition import LimitRule, Requirement
from engine.limit import NEAR, Limit, Offset, code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.definition import Definition, Transition

    Values = dict[str, object]
    Parts = dict[str, tuple[str, Values]]

ADDED, REMOVED, CHANGED = "added", "removed", "changed"

HEAD = ("title", "version", "calendar", "initial", "draft", "serial", "supervisor")
"""What the head of a definition says."""

NAMED = ("fields", "states", "clocks", "requests", "sources", "tracks", "composites")
"""The sections that are tables of values by name."""


class Change(NamedTuple):
    """One difference.

    `section` is a section of the definition (`workflow` is its head, `register` the registration), `name` the part of it that
    differs (a variant of a verb as `sign#2`, a rung as `overdue.3`), `title` what people call it. For a changed part `what` names the
    key, and `old` and `new` are its values as JSON has them; an added or removed part has neither.
    """

    section: str
    name: str
    title: str
    kind: str
    what: str = ""
    old: object = None
    new: object = None


def changes(old: Definition, new: Definition) -> list[Change]:
    """List what differs, section by section, in the order of the new version; what it lacks comes at each section's end."""
    found = [*_keys("workflow", new.name, new.title, _head(old), _head(new))]
    found += _keys("register", "register", new.register.title, _values(old.register), _values(new.register))
    for section in NAMED:
        found += _parts(section, _table(getattr(old, section)), _table(getattr(new, section)))
        if section == "states":
            found += _parts("transitions", *_paired(old, new))
        if section == "clocks":
            found += _parts("ladders", _rungs(old), _rungs(new))
    return found


def _parts(section: str, old: Parts, new: Parts) -> Iterator[Change]:
    for name, (title, values) in new.items():
        if name in old:
            yield from _keys(section, name, title, old[name][1], values)
        else:
            yield Change(section, name, title, ADDED)
    for name, (title, _) in old.items():
        if name not in new:
            yield Change(section, name, title, REMOVED)


def _keys(section: str, name: str, title: str, old: Values, new: Values) -> Iterator[Change]:
    for key in new:
        if old[key] != new[key]:
            yield Change(section, name, title, CHANGED, key, plain(old[key]), plain(new[key]))


def _head(d: Definition) -> Values:
    return {key: getattr(d, key) for key in HEAD}


def _values(part: NamedTuple) -> Values:
    return {key: value for key, value in part._asdict().items() if key not in ("name", "verb", "level")}


def _table(table: Mapping[str, NamedTuple]) -> Parts:
    return {name: (str(getattr(part, "title", name)), _values(part)) for name, part in table.items()}


def _rungs(d: Definition) -> Parts:
    rungs = ((f"{name}.{rung.level}", rung) for name, ladder in d.ladders.items() for rung in ladder)
    return {name: (rung.title, _values(rung)) for name, rung in rungs}


def _paired(old: Definition, new: Definition) -> tuple[Parts, Parts]:
    """Return the transitions of both versions, a variant of the one under the name of the variant it became in the other.

    Variants of a verb have no name of their own but their place in the file: those that are the same go together, then those that
    apply in a state alike, for items alike; what is left over was added or removed.
    """
    names: dict[str, str] = {}
    free = list(old.transitions)
    for alike in (_same, _twins, _overlapping, _parallel):
        for transition in new.transitions:
            twin = next((t for t in free if alike(t, transition)), None) if transition.name not in names else None
            if twin:
                free.remove(twin)
                names[transition.name] = twin.name
    after = {t.name: (t.title, _values(t)) for t in new.transitions}
    twins = {twin: name for name, twin in names.items()}
    before = {}
    for t in old.transitions:
        name = twins.get(t.name, t.name if t.name not in after else f"{t.name} ({old.version})")
        before[name] = (t.title, _values(t))
    return before, after


def _same(a: Transition, b: Transition) -> bool:
    return a.verb == b.verb and a._replace(name="") == b._replace(name="")


def _twins(a: Transition, b: Transition) -> bool:
    return _overlapping(a, b) and _parallel(a, b)


def _overlapping(a: Transition, b: Transition) -> bool:
    return a.verb == b.verb and not set(a.sources).isdisjoint(b.sources)


def _parallel(a: Transition, b: Transition) -> bool:
    return a.verb == b.verb and a.when == b.when


def plain(value: object) -> object:  # noqa: PLR0911 - one return a kind of value
    """Return a value of a definition as JSON has it: limits and offsets by their codes, tables as objects."""
    match value:
        case Limit():
            return code(value)
        case Offset():
            return "near" if value == NEAR else f"{value.amount:+}{value.unit}" if value.amount else "0"
        case LimitRule():
            shown = [_alternative(one) for one in value.alternatives]
            return shown[0] if len(shown) == 1 else shown
        case Requirement():
            return value.field if value.least == 1 else f"{value.field}:{value.least}"
        case tuple() if hasattr(value, "_asdict"):
            return {key: plain(inner) for key, inner in value._asdict().items() if inner not in ("", (), None)}
        case tuple() | list():
            return [plain(one) for one in value]
        case dict():
            return {key: plain(inner) for key, inner in value.items()}
    return value


def _alternative(one: Limit | str | tuple[str, Mapping[str, LimitRule]]) -> object:
    if isinstance(one, Limit):
        return code(one)
    if isinstance(one, str):
        return f"@{one}"
    field, rules = one
    return {"by": field} | {value: plain(rule) for value, rule in rules.items()}
