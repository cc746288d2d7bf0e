"""A forecast of the database as a stream of items, and as JSON that another run can be compared with."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from engine.clock import iso, parse_instant
from engine.errors import Misused
from engine.forecast import Day, Forecast, Happening, Load, Subject, Unplaced, Week
from engine.row import ItemQuery, from_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.context import Rules
    from engine.forecast import Change
    from engine.item import Item
    from engine.organisation import Organisation
    from engine.policy import PolicyShelf
    from engine.ports import Reader

T = TypeVar("T")

FORM = "siban-forecast-1"
"""What a forecast's JSON names itself by."""

_HINTS: dict[type, dict[str, Any]] = {
    kind: get_type_hints(kind) for kind in (Day, Week, Load, Happening, Subject, Unplaced)
}


def open_items(reader: Reader, shelf: PolicyShelf, until: int) -> Iterator[tuple[Item, Rules]]:
    """Yield every open item with its rules, then the closed ones to which something happens by itself by `until` (an appeal)."""
    rules: dict[str, Rules] = {}

    def under(definition: str) -> Rules:
        if definition not in rules:
            rules[definition] = shelf.rules(reader, definition)
        return rules[definition]

    for row in reader.rows(ItemQuery(open=True)):
        yield from_text(row.body), under(row.definition)
    for number in reader.due(until, 1 << 60):
        closed = reader.row(number)
        if closed and not closed.open:
            yield from_text(closed.body), under(closed.definition)


def forecast_json(
    found: Forecast,
    organisation: Organisation,
    assumed: Mapping[str, object],
    changes: Sequence[Change] | None = None,
) -> dict[str, object]:
    """Return a forecast as JSON; `forecast_from` reads it back.

    `now`, `until`; `open` and `overdue`, items now; `assumed`, what was supposed; `days` (`due` items whose limit falls due, `steps`
    that do beside them, `overdue` items at the day's end, `notices` to persons); `weeks`; `desks` (of each unit, then of its
    officers; `due` items for each of the weeks, `over` the first days of those with more of them than working days for each of
    `people`); `items`, whatever the rest speaks of; `happenings` by `at` (a clock is overdue once `at` has passed); `unplaced`
    items that the assumed definition has no place for; and `changes` against another forecast, null where there is none.
    """
    return {
        "form": FORM,
        "now": iso(found.now),
        "until": iso(found.until),
        "open": found.open,
        "overdue": found.overdue,
        "assumed": assumed,
        "days": [{"date": _date(d.ordinal)} | _without(d, "ordinal") for d in found.days],
        "weeks": [{"from": _date(w.first), "to": _date(w.last), "workdays": w.workdays} for w in found.weeks],
        "desks": [
            load._asdict()
            | {"due": list(load.due), "over": [_date(day) for day in load.over]}
            | _names(load.unit, load.person, organisation)
            for load in found.loads
        ],
        "items": [subject._asdict() for subject in found.subjects.values()],
        "happenings": [happening_json(happening, organisation) for happening in found.happenings],
        "unplaced": [one._asdict() for one in found.unplaced],
        "changes": None if changes is None else [change_json(change, organisation) for change in changes],
    }


def happening_json(happening: Happening, organisation: Organisation) -> dict[str, object]:
    """Return one happening as JSON: identifiers, and beside them the names of units and people."""
    told = [organisation.name_of(receiver) for receiver in happening.receivers]
    return (
        happening._asdict()
        | {"at": iso(happening.at), "receivers": list(happening.receivers), "told": told}
        | _names(happening.unit, happening.person, organisation)
    )


def change_json(change: Change, organisation: Organisation) -> dict[str, object]:
    """Return one difference as JSON: what differs, and the happening before and after (null where it is not there)."""
    one = change.after or change.before
    return {
        "what": list(change.what),
        "item": one.item if one else 0,
        "before": happening_json(change.before, organisation) if change.before else None,
        "after": happening_json(change.after, organisation) if change.after else None,
    }


def read_forecast(path: str) -> Forecast:
    """Read a forecast that was written with `-o json`; raises `Misused("bad_forecast")`."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise Misused("bad_forecast", path=path, why="没有这个文件") from None
    except (OSError, UnicodeDecodeError):
        raise Misused("bad_forecast", path=path, why="读不出文字") from None
    except (ValueError, RecursionError):
        raise Misused("bad_forecast", path=path, why="不是有效的 JSON") from None
    if not isinstance(data, dict) or data.get("form") != FORM:
        raise Misused("bad_forecast", path=path, why="其中没有预测")
    try:
        return _forecast_from(data)
    except (KeyError, TypeError, ValueError, Misused):
        raise Misused("bad_forecast", path=path, why="内容不全或有改动") from None


def _forecast_from(data: Mapping[str, Any]) -> Forecast:
    return Forecast(
        now=parse_instant(data["now"]),
        until=parse_instant(data["until"]),
        open=int(data["open"]),
        overdue=int(data["overdue"]),
        days=tuple(_made(Day, one | {"ordinal": _ordinal(one["date"])}) for one in data["days"]),
        weeks=tuple(_made(Week, one | {"first": _ordinal(one["from"]), "last": _ordinal(one["to"])})
                    for one in data["weeks"]),
        loads=tuple(_made(Load, one | {"over": list(map(_ordinal, one["over"]))}) for one in data["desks"]),
        happenings=tuple(_made(Happening, one | {"at": parse_instant(one["at"])}) for one in data["happenings"]),
        subjects={one["number"]: _made(Subject, one) for one in data["items"]},
        unplaced=tuple(_made(Unplaced, one) for one in data["unplaced"]),
    )  # fmt: skip


def _made(kind: type[T], values: Mapping[str, object]) -> T:
    """Make one of the forecast's values of a JSON object; raises `KeyError` or `TypeError` where it is not one."""
    fields = {}
    for name, hint in _HINTS[kind].items():
        value, several = values[name], get_origin(hint) is tuple
        of = get_args(hint)[0] if several else hint
        if several:
            value = tuple(value) if isinstance(value, list) else (None,)
        if not all(isinstance(one, of) for one in (value if isinstance(value, tuple) else [value])):
            raise TypeError(name)
        fields[name] = value
    return kind(**fields)


def _names(unit: str, person: str, organisation: Organisation) -> dict[str, object]:
    return {
        "unit_title": organisation.unit_title(unit),
        "person_name": organisation.name_of(person),
    }


def _without(one: Day, name: str) -> dict[str, object]:
    return {key: value for key, value in one._asdict().items() if key != name}


def _date(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def _ordinal(text: str) -> int:
    return date.fromisoformat(text).toordinal()
