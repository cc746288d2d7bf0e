"""What loading another organisation changes, in rows that people and programs read: posts, people, and who has what to do."""

from __future__ import annotations

from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from engine.handover import handovers
from engine.row import ItemQuery, from_text
from interfaces.roster import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from engine.handover import Handover
    from engine.organisation import Delegation, Officer, Organisation, Unit
    from engine.ports import Reader
    from interfaces.session import Session

    Row = dict[str, object]

_TOP = COLUMNS["organisation"]
_UNIT = {key: word for key, word in COLUMNS["units"].items() if key != "id"} | {"title": "名称"}
_OFFICER = {key: word for key, word in COLUMNS["officers"].items() if key != "id"}
_WORDS = {"unit": "单位", "officer": "人员"}
_NAMED = 5
"""How many items a person's line names."""


def difference(old: Organisation | None, new: Organisation) -> list[Row]:
    """Return what is different between two organisations, a row each, in the order in which an office reads it."""
    if old is None:
        return [_row("organisation", "loaded", new.title, f"新载入：{len(new.units)} 个单位，{len(new.officers)} 人")]
    rows = [
        _row("organisation", key, new.title, f"{word}由{_value(old, key, old)}改为{_value(new, key, new)}")
        for key, word in _TOP.items()
        if getattr(old, key) != getattr(new, key)
    ]
    for kind, before, after, titles in (
        ("unit", old.units, new.units, _UNIT),
        ("officer", old.officers, new.officers, _OFFICER),
    ):
        rows += _compared(kind, {**before}, {**after}, titles, (old, new))
    rows += [
        _row(
            "body",
            "changed",
            new.bodies.get(key, key),
            f"集体变动：{old.bodies.get(key, '无')}→{new.bodies.get(key, '无')}",
        )
        for key in dict.fromkeys([*old.bodies, *new.bodies])
        if old.bodies.get(key) != new.bodies.get(key)
    ]
    rows += [
        _row("delegation", "ended", d.giver, f"撤销代理：{_span(d, old)}")
        for d in old.delegations
        if d not in new.delegations
    ]
    rows += [
        _row("delegation", "begun", d.giver, f"新增代理：{_span(d, new)}")
        for d in new.delegations
        if d not in old.delegations
    ]
    if old.lead_offices != new.lead_offices:
        rows.append(_row("lead_office", "changed", "", f"按流程、清单另定的牵头部门：{_led(old)}，改为{_led(new)}"))
    return rows


def consequences(session: Session, reader: Reader, old: Organisation, new: Organisation, now: int) -> list[Row]:
    """Return what becomes of open items: those of who left or moved first, then every desk and every list of who is told."""
    items = ((from_text(row.body), session.rules(reader, row.definition)) for row in reader.rows(ItemQuery(open=True)))
    found = list(handovers(items, new, now))
    rows = list(_left_behind(found, old, new))
    for one in found:
        name = f"{one.item.serial} {one.item.text('title')}"
        if one.moves[0] != one.moves[1]:
            before, after = _people(one.moves[0], old), _people(one.moves[1], new)
            rows.append(_row("item", "desk", one.item.number, f"{name}：下一步由{before}办改为由{after}办"))
        if one.told[0] != one.told[1]:
            before, after = _people(one.told[0], old), _people(one.told[1], new)
            alarm = "（应告知的人都不在，报牵头部门）" if one.alarm else ""
            rows.append(
                _row("item", "told", one.item.number, f"{name}：下一次督办由告知{before}改为告知{after}{alarm}")
            )
    return rows


def _left_behind(found: Iterable[Handover], old: Organisation, new: Organisation) -> Iterator[Row]:
    """Yield a sentence for each person who is gone and still has items to their name."""
    left: dict[str, list[Handover]] = {}
    for one in found:
        for person in one.gone:
            left.setdefault(person, []).append(one)
    for person, theirs in left.items():
        names = "、".join(one.item.serial for one in islice(theirs, _NAMED))
        more = f"等 {len(theirs)} 件" if len(theirs) > _NAMED else f" {len(theirs)} 件"
        heirs = list(dict.fromkeys(who for one in theirs for who in one.moves[1]))
        what = "已离任" if person not in new.officers else f"已调往{new.unit_title(new.unit_of(person))}"
        to = f"，现由{_people(tuple(heirs), new)}承接，列入其待办" if heirs else "，已办到不须其办理的一步"
        yield _row("officer", "left_items", person, f"{old.name_of(person)}{what}，名下在办{more}（{names}）{to}")


def _compared(
    kind: str,
    before: Mapping[str, Officer | Unit],
    after: Mapping[str, Officer | Unit],
    titles: Mapping[str, str],
    sides: tuple[Organisation, Organisation],
) -> Iterator[Row]:
    """Yield who or what is new, gone, and changed in which respects."""
    word = _WORDS[kind]
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key), after.get(key)
        if old is None and new is not None:
            yield _row(kind, "added", key, f"新增{word}：{_title(new, sides[1])}")
        elif new is None and old is not None:
            yield _row(kind, "removed", key, f"减少{word}：{_title(old, sides[0])}")
        elif old is not None and new is not None and old != new:
            said = [
                f"{title}由{_value(old, field, sides[0])}改为{_value(new, field, sides[1])}"
                for field, title in titles.items()
                if getattr(old, field) != getattr(new, field)
            ]
            yield _row(kind, "changed", key, f"变动{word}：{_title(new, sides[1])}，{'，'.join(said)}")


def _title(one: Officer | Unit, organisation: Organisation) -> str:
    name = str(getattr(one, "name", "") or getattr(one, "title", ""))
    unit = str(getattr(one, "unit", ""))
    return f"{name}（{organisation.unit_title(unit)}，{one.id}）" if unit else f"{name}（{one.id}）"


def _value(one: object, field: str, organisation: Organisation) -> str:
    """Return what a field says, in names."""
    value = getattr(one, field)
    if field == "away":
        return "、".join(f"{_day(first)}至{_day(last)}" for first, last in value) or "无"
    if field in ("unit", "party_org", "supervising_unit", "alternate_unit"):
        return organisation.unit_title(value) or "无"
    return organisation.name_of(str(value)) or "无"


def _led(organisation: Organisation) -> str:
    units = (
        f"{one.workflow}{f'（{one.track}）' if one.track else ''}由{organisation.unit_title(one.unit)}"
        for one in organisation.lead_offices
    )
    return "、".join(units) or "无"


def _span(d: Delegation, organisation: Organisation) -> str:
    names = organisation.name_of(d.giver), organisation.name_of(d.taker)
    return f"{names[0]}由{names[1]}代理，{_day(d.days[0])}至{_day(d.days[1])}"


def _people(people: tuple[str, ...], organisation: Organisation) -> str:
    return "、".join(organisation.name_of(person) for person in people) or "（无人）"


def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def _row(kind: str, change: str, about: object, text: str) -> Row:
    return {"kind": kind, "change": change, "about": about, "text": text}
