"""Faults of reference in a definition: a name that is mentioned and not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.guards import GUARDS
from engine.loader import Fault
from engine.roles import ADDRESSEES, ROLES

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from engine.definition import Definition, LimitRule

FIXED_VERBS = (
    "register", "request", "grant", "refuse", "escalate", "lapse", "release", "withhold", "ack", "comment", "attach", "absorb",
    "define", "load_calendar", "load_organisation", "open_ledger", "correct",
)  # fmt: skip
"""Verbs of the engine itself: no definition may take them."""

FIXED_COMMANDS = (
    "register", "request", "grant", "refuse", "release", "withhold", "ack", "comment", "attach", "correct", "demo", "init", "org",
    "doctor", "import", "do", "todo", "list", "show", "log", "explain", "forecast", "report", "export", "paper", "tick", "serve", "check",
    "audit", "workflow", "calendar", "db",
)  # fmt: skip
"""Commands of the counter: a verb of the same name could never be reached."""


def reference_faults(definition: Definition) -> list[Fault]:
    """List every name in the definition that refers to nothing, and every verb that takes a fixed name."""
    return list(_faults(definition))


def _faults(d: Definition) -> Iterator[Fault]:
    states, fields = d.states, d.fields
    verbs = {t.verb for t in d.transitions} | {c.verb for c in d.composites.values()}
    yield from _unknown("workflow.initial", [d.initial], states, "unknown_state")
    yield from _unknown("workflow.draft", [d.draft] if d.draft else [], states, "unknown_state")
    yield from _act_faults("register", d, d.register.by, d.register.fields, d.register.guards)
    for verb in sorted(verbs):
        if verb in FIXED_VERBS or verb in FIXED_COMMANDS:
            yield Fault(f"transitions.{verb}", "fixed_verb", verb)
    for t in d.transitions:
        place = f"transitions.{t.name}"
        yield from _act_faults(place, d, t.by, (*t.fields, *t.when, *t.put, *t.copy, *t.copy.values(), *t.clears), t.guards)
        yield from _unknown(f"{place}.from", t.sources, states, "unknown_state")
        yield from _unknown(f"{place}.to", [t.to] if t.to else [], states, "unknown_state")
        yield from _unknown(f"{place}.not_same_as", t.not_same_as, verbs | {"register"}, "unknown_verb")
        yield from _unknown(f"{place}.restarts", t.restarts, d.clocks, "unknown_clock")
        yield from _unknown(f"{place}.notify", t.notify, ADDRESSEES, "unknown_role")
    for clock in d.clocks.values():
        place = f"clocks.{clock.name}"
        yield from _unknown(f"{place}.runs_in", clock.runs_in, states, "unknown_state")
        yield from _unknown(f"{place}.pauses_in", clock.pauses_in, states, "unknown_state")
        yield from _unknown(f"{place}.stops_at", [clock.stops_at] if clock.stops_at else [], verbs, "unknown_verb")
        yield from _unknown(f"{place}.starts_at", clock.starts_at, verbs, "unknown_verb")
        yield from _unknown(f"{place}.ladder", [clock.ladder] if clock.ladder else [], d.ladders, "unknown_ladder")
        yield from _unknown(f"{place}.limit", _fields_of(clock.limit), fields, "unknown_field")
    for name, rungs in d.ladders.items():
        levels = [rung.level for rung in rungs]
        if len(set(levels)) < len(levels):
            yield Fault(f"ladders.{name}", "level_twice", ", ".join(map(str, levels)))
        for rung in rungs:
            place = f"ladders.{name}[{rung.level}]"
            yield from _unknown(f"{place}.notify", rung.notify, ADDRESSEES, "unknown_role")
            yield from _unknown(f"{place}.held_by", rung.held_by, d.requests, "unknown_request")
            what, _, which = rung.on.partition(":")
            if rung.on and what == "verb":
                yield from _unknown(f"{place}.on", [which], verbs, "unknown_verb")
            elif rung.on and what == "paper":
                yield from _unknown(f"{place}.on", [which], [r.paper for r in rungs], "unknown_paper")
            elif rung.on:
                yield Fault(f"{place}.on", "bad_trigger", rung.on)
    for kind in d.requests.values():
        place = f"requests.{kind.name}"
        names = (*kind.fields, *kind.put, *kind.copy, *kind.copy.values(), *([kind.until] if kind.until else []))
        yield from _act_faults(place, d, (*kind.by, *kind.endorse, *(r for a in kind.approve for r in a.by)), names, kind.guards)
        yield from _unknown(f"{place}.from", kind.sources, states, "unknown_state")
        yield from _unknown(f"{place}.to", [kind.to] if kind.to else [], states, "unknown_state")
        clocks = [c for c in (kind.moves, kind.before_due) if c]
        yield from _unknown(f"{place}.moves", clocks, d.clocks, "unknown_clock")
        yield from _unknown(f"{place}.wakes", [v for v in (kind.wakes, kind.window_from) if v], verbs, "unknown_verb")
    for composite in d.composites.values():
        place = f"composites.{composite.verb}"
        yield from _act_faults(place, d, composite.by, (*composite.fields, *composite.when), ())
        yield from _unknown(f"{place}.from", composite.sources, states, "unknown_state")
        yield from _unknown(f"{place}.not_same_as", composite.not_same_as, verbs | {"register"}, "unknown_verb")
        plain = {t.verb for t in d.transitions} | {"register"}
        yield from _unknown(f"{place}.steps", [step.verb for step in composite.steps], plain, "unknown_verb")
    if sum(clock.main for clock in d.clocks.values()) != 1:
        yield Fault("clocks", "one_main_clock", ", ".join(c.name for c in d.clocks.values() if c.main))


def _act_faults(place: str, d: Definition, by: Iterable[str], fields: Iterable[str], guards: Iterable[str]) -> Iterator[Fault]:
    yield from _unknown(f"{place}.by", by, ROLES, "unknown_role")
    yield from _unknown(f"{place}.fields", fields, d.fields, "unknown_field")
    yield from _unknown(f"{place}.guards", [name.partition(":")[0] for name in guards], GUARDS, "unknown_guard")


def _unknown(place: str, names: Iterable[str], known: Container[str], code: str) -> Iterator[Fault]:
    return (Fault(place, code, name) for name in names if name not in known)


def _fields_of(rule: LimitRule) -> Iterator[str]:
    for alternative in rule.alternatives:
        if isinstance(alternative, str):
            yield alternative
        elif not hasattr(alternative, "unit"):
            field, rules = alternative  # type: ignore[misc] - a choice by field
            yield field
            for inner in rules.values():
                yield from _fields_of(inner)
