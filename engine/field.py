"""Values of fields: what an act may carry, checked against the field's kind and the organisation before anything is decided."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from engine import limit as limits
from engine.errors import Misused
from engine.recurrence import parse
from engine.text import clean_block, clean_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.definition import Definition, Field
    from engine.organisation import Organisation

HUNDRED = 100


def checked(fields: Mapping[str, object], definition: Definition, organisation: Organisation) -> dict[str, object]:
    """Return the fields with every value in the one form it is recorded in.

    Names of units and officers become ids, texts are cleaned, dates are `YYYY-MM-DD`, limits are codes. Fields the definition does not
    know pass through: `decide` refuses them by name. Raises `Misused("bad_field", field=, value=, why=, allowed=)`, `bad_text`, or
    `Refused("unknown_unit"|"unknown_officer")`.
    """
    return {
        name: _value(definition.fields[name], value, organisation) if name in definition.fields else value
        for name, value in fields.items()
        if value is not None
    }


def _value(field: Field, value: object, organisation: Organisation) -> object:  # noqa: C901, PLR0911, PLR0912 - one arm a kind
    match field.kind, value:
        case "line", str():
            return clean_line(value, field=field.name)
        case "text", str():
            return clean_block(value, field=field.name)
        case (("texts" | "ints" | "units" | "files" | "measures"), (list() | tuple())):
            return [_entry(field, entry, organisation) for entry in value]
        case (("texts" | "units"), str()):
            return [_entry(field, value, organisation)]
        case "period", str():
            parse(value)
            return value
        case "date", str():
            return _date(field, value)
        case "limit", str():
            if "-" in value:
                return _date(field, value)
            return limits.code(limits.parse(value))
        case "unit", str():
            return organisation.unit(value).id
        case "officer", str():
            return organisation.officer(value).id
        case "choice", str():
            return _choice(field, value)
        case "flag", bool():
            return value
        case (("int" | "item" | "instant"), int()) if not isinstance(value, bool):
            return value
        case "percent", int() if not isinstance(value, bool) and 0 <= value <= HUNDRED:
            return value
    shown = "" if field.private else str(value)
    raise Misused("bad_field", field=field.name, value=shown, why=field.kind, allowed=list(field.choices))


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
