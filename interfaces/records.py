"""Entries of the record as people and programs read them: who decided, who entered it, when it was so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.canonical import parse
from engine.clock import civil, iso
from engine.event import CORRECT, DONE, SYSTEM, is_late
from interfaces.display import display
from interfaces.wording import event_text
from workflows.labels import WEEKDAYS

if TYPE_CHECKING:
    from engine.context import Rules
    from engine.event import Event
    from workflows.labels import Titles


def decider_text(event: Event, rules: Rules) -> str:
    """Name who decided, and for 代录 who entered it and on what basis."""
    basis = parse(event.basis) if event.basis else {}
    name = person_name(event.decider, rules)
    if event.decider == event.enterer:
        return name
    by = person_name(event.enterer, rules)
    if basis.get("kind") == "delegation":
        return f"{name}（{by}代办）"
    words = " ".join(str(basis[key]) for key in ("kind", "ref", "date") if basis.get(key))
    return f"{name}（{by}代录{'：' + display(words) if words else ''}）"


def person_name(person: str, rules: Rules) -> str:
    """Return the name of a person, a body or the system."""
    return "系统" if person == SYSTEM else display(rules.organisation.name_of(person))


def late_text(event: Event, now: int) -> str:
    """Say when an act was entered, where that was later than it was done (补录)."""
    return f"（{when(event.recorded_at, now)} 补录）" if is_late(event) else ""


def shown_at(event: Event) -> int:
    """Return the instant an entry is listed under: when it was so, and for a correction, which holds from before, when it came."""
    return event.recorded_at if event.verb == CORRECT else event.effective_at


def when(at: int, now: int) -> str:
    """Write an instant for a list: 5月29日 11:00, with the year in front where it is another."""
    moment, today = civil(at), civil(now)
    year = "" if moment.year == today.year else f"{moment.year}年"
    return f"{year}{moment.month}月{moment.day}日 {moment:%H:%M}"


def day_and_time(at: int, now: int) -> str:
    """Write an instant with its weekday: 5月31日 周三 17:30; a day's very end is the 24:00 of that day."""
    midnight = civil(at).hour == civil(at).minute == civil(at).second == 0
    moment, today = civil(at - 1 if midnight else at), civil(now)
    year = "" if moment.year == today.year else f"{moment.year}年"
    clock = "24:00" if midnight else f"{moment:%H:%M}"
    return f"{year}{moment.month}月{moment.day}日 周{WEEKDAYS[moment.weekday()]} {clock}"


def event_json(event: Event, rules: Rules, titles: Titles, *, proof: bool = False) -> dict[str, object]:
    """Return one entry of the record as JSON."""
    row: dict[str, object] = {
        "seq": event.seq,
        "item": event.item,
        "verb": event.verb,
        "result": event.result,
        "effective_at": iso(event.effective_at),
        "recorded_at": iso(event.recorded_at),
        "decider": event.decider,
        "enterer": event.enterer,
        "on_behalf": event.decider != event.enterer,
        "late": is_late(event),
        "basis": parse(event.basis) if event.basis else None,
        "text": event_text(event, titles, rules),
        "body": parse(event.body),
    }
    if proof:
        row |= {"prev": event.prev, "hash": event.hash, "definition": event.definition, "calendar": event.calendar}
    return row


def was_refused(event: Event) -> bool:
    """Whether an entry records a command that was refused."""
    return event.result != DONE
