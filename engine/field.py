"""Values of fields: what an act may carry, checked against the field's kind and the organisation before anything is decided."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from engine import limit as limits
from engine.errors import Misused
from engine.recurrence import parse
from engine.text import clean_block, clean_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.definition import Definition, Field
    from engine.organisation import Organisation

HUNDRED = 100
_MOST_SAME = 20_000
_LISTS = frozenset(("texts", "ints", "units", "files", "measures"))


class Checked(dict[str, object]):
    """Fields in the form in which they are recorded, `under` the hashes of the definition and the organisation that say so."""

    __slots__ = ("under",)
    under: tuple[str, str]

    def __reduce__(self) -> tuple[Callable[..., Checked], tuple[dict[str, object], tuple[str, str]]]:
        """Let another process have them as they are."""
        return _again, (dict(self), self.under)


def _again(fields: Mapping[str, object], under: tuple[str, str]) -> Checked:
    found = Checked(fields)
    found.under = under
    return found


def checked(
    fields: Mapping[str, object],
    definition: Definition,
    organisation: Organisation,
    same: dict[tuple[str, str], object] | None = None,
) -> Mapping[str, object]:
    """Return the fields with every value in the one form it is recorded in; what has been checked under the same rules as it is.

    Names of units and officers become ids, texts are cleaned, dates are `YYYY-MM-DD`, limits are codes. Fields the definition does not
    know pass through: `decide` refuses them by name. Whoever checks a whole list keeps in `same` what the texts of each field come to.
    Raises `Misused("bad_field", field=, value=, why=, allowed=)`, `bad_text`, or `Refused("unknown_unit"|"unknown_officer")`.
    """
    under = definition.hash, organisation.hash
    if isinstance(fields, Checked) and fields.under == under:
        return fields
    known = definition.fields
    found = Checked()
    found.under = under
    for name, value in fields.items():
        if value is None:
            continue
        if name not in known:
            found[name] = value
        elif same is None or not isinstance(value, str):
            found[name] = _value(known[name], value, organisation)
        elif (name, value) in same:
            found[name] = same[name, value]
        else:
            found[name] = _value(known[name], value, organisation)
            if len(same) < _MOST_SAME:
                same[name, value] = found[name]
    return found


def _value(field: Field, value: object, organisation: Organisation) -> object:
    kind = field.kind
    if isinstance(value, str):
        if kind in _READ:
            return _READ[kind](field, value, organisation)
    elif isinstance(value, bool):
        if kind == "flag":
            return value
    elif isinstance(value, int):
        if kind in ("int", "item", "instant") or (kind == "percent" and 0 <= value <= HUNDRED):
            return value
    elif isinstance(value, (list, tuple)) and kind in _LISTS:
        return [_entry(field, entry, organisation) for entry in value]
    shown = "" if field.private else str(value)
    raise Misused("bad_field", field=field.name, value=shown, why=kind, allowed=list(field.choices))


def _period(_field: Field, value: str, _organisation: Organisation) -> str:
    parse(value)
    return value


def _limit(field: Field, value: str, _organisation: Organisation) -> str:
    return _date(field, value) if "-" in value else limits.code(limits.parse(value))


def _entry(field: Field, entry: object, organisation: Organisation) -> object:
    match field.kind, entry:
        case "texts", str():
            return clean_line(entry, field=field.name)
        case "ints", int() if not isinstance(entry, bool):
            return entry
        case "units", str():
            return organisation.unit(entry).id
        case (("files" | "measures"), dict()):
            return _part(field, entry, organisation)
    raise Misused("bad_field", field=field.name, value=str(entry), why=field.kind, allowed=[])


def _part(field: Field, entry: Mapping[str, object], organisation: Organisation) -> dict[str, object]:
    """Check one file (name, size, sha256) or one measure (text, unit, due)."""
    part: dict[str, object] = {}
    for key, value in entry.items():
        if key == "unit" and value:
            part[key] = organisation.unit(str(value)).id
        elif key == "due" and value:
            part[key] = _date(field, str(value))
        elif isinstance(value, str):
            part[key] = clean_line(value, field=field.name)
        else:
            part[key] = value
    return part


def _date(field: Field, value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise Misused("bad_field", field=field.name, value=value, why="date", allowed=[]) from None


def _choice(field: Field, value: str) -> str:
    """Take a choice by its value or its title."""
    if value in field.choices:
        return value
    for key, title in field.choices.items():
        if value == title:
            return key
    raise Misused("bad_field", field=field.name, value=value, why="choice", allowed=list(field.choices.values()))


_READ: Mapping[str, Callable[[Field, str, Organisation], object]] = {
    "line": lambda field, value, _: clean_line(value, field=field.name),
    "text": lambda field, value, _: clean_block(value, field=field.name),
    "texts": lambda field, value, organisation: [_entry(field, value, organisation)],
    "units": lambda field, value, organisation: [_entry(field, value, organisation)],
    "period": _period,
    "date": lambda field, value, _: _date(field, value),
    "limit": _limit,
    "unit": lambda _, value, organisation: organisation.unit(value).id,
    "officer": lambda _, value, organisation: organisation.officer(value).id,
    "choice": lambda field, value, _: _choice(field, value),
}
"""How a text is read into a field of each kind; the other kinds are no texts."""
