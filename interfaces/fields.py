"""From what an officer types to the value a field is recorded with. What cannot be read is refused, never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.clock import day_of, parse_instant
from engine.errors import Misused
from interfaces.output import note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interfaces.session import Session

LISTS = ("texts", "ints", "units", "files", "measures")
"""Kinds of field that an option may give several times."""

ASK = "-"
"""Typed for a reporter's name or contact: it is asked for, since command lines are seen by others and kept by shells."""


def read_fields(
    given: Mapping[str, object], shapes: Mapping[str, Mapping[str, object]], session: Session
) -> dict[str, object]:
    """Turn the options of a command into fields; absent options give no field.

    `shapes` are the fields of the index. Raises `Misused` with the place, or `Refused` for an attachment that cannot
    be kept.
    """
    fields: dict[str, object] = {}
    for name, value in given.items():
        if value is None or value == () or value is False:
            continue
        kind = str(shapes[name]["kind"])
        if value == ASK and _is_private(name):
            import click

            fields[name] = click.prompt(str(shapes[name]["title"]), err=True, default="", show_default=False)
        elif isinstance(value, tuple):
            fields[name] = [part for one in value for part in _several(name, kind, str(one), session)]
        elif value is True:
            fields[name] = True
        elif kind == "limit":
            fields |= _limit(name, str(value), given, session)
        else:
            fields[name] = read_value(name, kind, str(value), session)
    return fields


def read_value(name: str, kind: str, text: str, session: Session) -> object:  # noqa: PLR0911 - one return a kind
    """Read one value of a field's kind."""
    if kind in LISTS:
        return _several(name, kind, text, session)
    if kind == "date":
        return day_of(parse_instant(text)).isoformat()
    if kind == "instant":
        return parse_instant(text)
    if kind == "item":
        return session.numbers([text])[0]
    if kind in ("int", "percent"):
        digits = text.strip().rstrip("%％")
        if not digits.isdecimal():
            raise Misused("bad_field", field=name, value=text, why=kind, allowed=[])
        return int(digits)
    if kind == "period":
        from workflows.periods import period_code

        return period_code(text)
    if kind == "flag":
        return text in ("1", "true", "yes", "是")
    if text.startswith("@") and kind == "text":
        return _from_file(name, text[1:])
    return text


def _several(name: str, kind: str, text: str, session: Session) -> list[object]:
    """Read one option of a list: names may be joined by 、 or commas, the rest stands one for each option."""
    if kind == "units":
        return [part for part in text.replace("，", "、").replace(",", "、").split("、") if part]
    if kind == "ints":
        return [
            read_value(name, "int", part, session)
            for part in text.replace("，", ",").replace("、", ",").split(",")
            if part
        ]
    if kind == "measures":
        return [_measure(text)]
    if kind == "files":
        return [session.kept(text)._asdict()]
    if name == "told":
        from workflows.labels import addressee_named

        return [addressee_named(text)]
    return [text]


def _limit(name: str, text: str, given: Mapping[str, object], session: Session) -> dict[str, object]:
    """Read a limit and say what the reading assumed.

    Where the act has a field for the limit as written, a text that leaned on something is kept there, and so is one that
    names no day (立行立改, 8月前): the item is then listed as 时限待明确. Raises `Misused("bad_limit")` where there is no
    such field, and for what is no form of a limit at all: that is more likely mistyped, and can be kept on purpose.
    """
    from workflows.limits import UNREADABLE

    reading = session.read_limit(text, day_of(session.now))
    as_written = f"{name}_text"
    keeps = as_written in given
    if reading.code is None and (not keeps or reading.note == UNREADABLE):
        hint = f"；照录原文用 --{session.titles.fields.get(as_written, as_written)}" if keeps else ""
        raise Misused("bad_limit", text=text, note=f"（{reading.note}{hint}）")
    if reading.note:
        note(f"时限“{text}”：{reading.note}。")
    fields: dict[str, object] = {name: reading.code} if reading.code else {}
    if reading.note and keeps:
        fields[as_written] = given[as_written] or text
    if reading.longterm and "longterm" in given:
        fields["longterm"] = True
    return fields


def _measure(text: str) -> dict[str, str]:
    parts = [part.strip() for part in text.replace("｜", "|").split("|")]
    if len(parts) != 3 or not parts[0]:  # noqa: PLR2004 - text, unit and date
        raise Misused("bad_measure", text=text)
    day = day_of(parse_instant(parts[2])).isoformat() if parts[2] else ""
    return {"text": parts[0], "unit": parts[1], "due": day}


def _is_private(name: str) -> bool:
    from engine.privacy import PRIVATE_FIELDS

    return name in PRIVATE_FIELDS


def _from_file(name: str, path: str) -> str:
    """Read a long text from a file (`@FILE`)."""
    from pathlib import Path

    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Misused("bad_field", field=name, value=path, why="file", allowed=[str(error)]) from None
