"""Faults of reference in a definition: a name that is mentioned and not there."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from engine.guards import GUARDS
from engine.limit import Limit
from engine.loader import Fault
from engine.privacy import PRIVATE_FIELDS
from engine.roles import ADDRESSEES, ROLES
from engine.run import rule_fields

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from engine.definition import Definition, LimitRule, Rung

FIXED_VERBS = (
    *("register", "request", "grant", "refuse", "escalate", "lapse", "release", "withhold", "ack", "comment", "attach"),
    *(
        "absorb",
        "define",
        "load_calendar",
        "load_organisation",
        "set_reading",
        "accept_clock",
        "restore",
        "open_ledger",
        "correct",
    ),
    *("recount", "move", "reveal", "redact", "take_over", "recur", "issue"),
)
"""Verbs of the engine itself: no definition may take them."""

FIXED_COMMANDS = (
    *("register", "request", "grant", "refuse", "release", "withhold", "ack", "comment", "attach", "correct", "demo"),
    *("reveal", "redact"),
    *(
        "init",
        "org",
        "doctor",
        "import",
        "do",
        "todo",
        "list",
        "show",
        "log",
        "explain",
        "forecast",
        "report",
        "export",
    ),
    *("paper", "evidence", "tick", "serve", "check", "audit", "workflow", "calendar", "db"),
)
"""Commands of the counter: a verb of the same name could never be reached."""


def reference_faults(definition: Definition) -> list[Fault]:
    """List every name in the definition that refers to nothing, and every verb that takes a fixed name."""
    d, verbs = definition, {*definition.verbs}
    return [
        *_head_faults(d),
        *_state_faults(d),
        *_transition_faults(d, verbs),
        *_clock_faults(d, verbs),
        *_ladder_faults(d, verbs),
        *_request_faults(d, verbs),
        *_composite_faults(d, verbs),
        *_recurrence_faults(d),
    ]


def _head_faults(d: Definition) -> Iterator[Fault]:
    yield from _unknown("workflow.initial", [d.initial], d.states, "unknown_state")
    yield from _unknown("workflow.draft", _given(d.draft), d.states, "unknown_state")
    yield from _unknown("workflow.listed", d.listed, d.fields, "unknown_field")
    yield from _act_faults("register", d, d.register.by, d.register.fields, d.register.guards)
    for name, known in (("source", d.sources), ("track", d.tracks)):
        if name in d.fields:
            yield from _unknown(f"fields.{name}.choices", d.fields[name].choices, known, f"unknown_{name}")
    for name, field in d.fields.items():
        if field.private != (name in PRIVATE_FIELDS):
            yield Fault(f"fields.{name}", "private_elsewhere", name)
    if sum(clock.main for clock in d.clocks.values()) != 1:
        yield Fault("clocks", "one_main_clock", ", ".join(c.name for c in d.clocks.values() if c.main))


def _state_faults(d: Definition) -> Iterator[Fault]:
    for state in d.states.values():
        yield from _unknown(
            f"states.{state.name}.owner", (*_given(state.owner), *state.owners.values()), ROLES, "unknown_role"
        )


def _transition_faults(d: Definition, verbs: set[str]) -> Iterator[Fault]:
    for verb in d.verbs:
        if verb in FIXED_VERBS or verb in FIXED_COMMANDS:
            yield Fault(f"transitions.{verb}", "fixed_verb", verb)
    for t in d.transitions:
        place = f"transitions.{t.name}"
        copied = [
            source.partition(".")[0] for source in t.copy.values()
        ]  # of another item's fields nothing is known here
        fields = (*t.fields, *t.when, *t.put, *t.copy, *copied, *t.clears)
        yield from _act_faults(place, d, t.by, fields, t.guards)
        yield from _late_faults(place, fields)
        yield from _choice_faults(f"{place}.when", d, t.when)
        yield from _choice_faults(f"{place}.put", d, {name: (value,) for name, value in t.put.items()})
        yield from _unknown(f"{place}.from", t.sources, d.states, "unknown_state")
        yield from _unknown(f"{place}.to", _given(t.to), d.states, "unknown_state")
        yield from _unknown(f"{place}.not_same_as", t.not_same_as, verbs | {"register"}, "unknown_verb")
        yield from _unknown(f"{place}.restarts", t.restarts, d.clocks, "unknown_clock")
        yield from _unknown(f"{place}.notify", t.notify, ADDRESSEES, "unknown_role")


def _recurrence_faults(d: Definition) -> Iterator[Fault]:
    if d.recurs is None:
        return
    yield from _unknown("recurs.from", d.recurs.sources, d.states, "unknown_state")
    yield from _unknown("recurs.to", [d.recurs.to], d.states, "unknown_state")
    yield from _unknown("recurs", d.recurs.fields, d.fields, "unknown_field")
    yield from _unknown("recurs.notify", d.recurs.notify, ADDRESSEES, "unknown_role")
    there = {t.verb for t in d.transitions if set(d.recurs.sources) <= set(t.sources) and t.to}
    yield from _unknown("recurs.then", _given(d.recurs.then), there, "unknown_verb")
    kinds = {"every": "period", "starts": "date", "ends": "date", "counter": "int", "series": "item", "due": "limit"}
    for name, kind in kinds.items():
        field = d.fields.get(getattr(d.recurs, name))
        if field and field.kind != kind:
            yield Fault(f"recurs.{name}", "wrong_kind", f"{field.name}: {kind}")
    for name in d.recurs.fields:
        field = d.fields.get(name)
        if field and field.keep != "replace":
            yield Fault("recurs", "not_kept", name)


def _clock_faults(d: Definition, verbs: set[str]) -> Iterator[Fault]:
    for clock in d.clocks.values():
        place = f"clocks.{clock.name}"
        yield from _unknown(f"{place}.runs_in", clock.runs_in, d.states, "unknown_state")
        yield from _unknown(f"{place}.pauses_in", clock.pauses_in, d.states, "unknown_state")
        yield from _unknown(f"{place}.stops_at", _given(clock.stops_at), verbs, "unknown_verb")
        yield from _unknown(f"{place}.starts_at", clock.starts_at, verbs, "unknown_verb")
        yield from _unknown(f"{place}.not_before", _given(clock.not_before), d.clocks, "unknown_clock")
        yield from _unknown(f"{place}.ladder", _given(clock.ladder), d.ladders, "unknown_ladder")
        yield from _unknown(f"{place}.limit", rule_fields(clock.limit), d.fields, "unknown_field")
        for field, rules in _choices_of(clock.limit):
            yield from _choice_faults(f"{place}.limit", d, {field: tuple(rules)})


def _ladder_faults(d: Definition, verbs: set[str]) -> Iterator[Fault]:
    for name, rungs in d.ladders.items():
        levels = [rung.level for rung in rungs]
        if len(set(levels)) < len(levels):
            yield Fault(f"ladders.{name}", "level_twice", ", ".join(map(str, levels)))
        papers = {rung.paper for rung in rungs}
        offsets = sorted((rung.at.unit, rung.level, rung.at.amount) for rung in rungs if rung.at)
        for before, after in pairwise(offsets):
            if before[0] == after[0] and before[2] >= after[2]:
                yield Fault(f"ladders.{name}[{after[1]}]", "rungs_out_of_order", f"{before[1]} ≥ {after[1]}")
        for rung in rungs:
            place = f"ladders.{name}[{rung.level}]"
            yield from _unknown(f"{place}.notify", rung.notify, ADDRESSEES, "unknown_role")
            yield from _unknown(f"{place}.held_by", rung.held_by, d.requests, "unknown_request")
            yield from _trigger_faults(place, rung, papers, verbs)


def _trigger_faults(place: str, rung: Rung, papers: set[str], verbs: set[str]) -> Iterator[Fault]:
    what, _, which = rung.on.partition(":")
    if rung.on and what == "verb":
        yield from _unknown(f"{place}.on", [which], verbs, "unknown_verb")
    elif rung.on and what == "paper":
        yield from _unknown(f"{place}.on", [which], papers, "unknown_paper")
    elif rung.on:
        yield Fault(f"{place}.on", "bad_trigger", rung.on)


def _request_faults(d: Definition, verbs: set[str]) -> Iterator[Fault]:
    for kind in d.requests.values():
        place = f"requests.{kind.name}"
        names = (*kind.fields, *kind.put, *kind.copy, *kind.copy.values(), *_given(kind.until))
        by = (*kind.by, *kind.endorse, *(role for row in kind.approve for role in row.by))
        yield from _act_faults(place, d, by, names, kind.guards)
        yield from _late_faults(place, names)
        for row in kind.approve:
            yield from _unknown(f"{place}.approve", row.when, d.fields, "unknown_field")
            yield from _choice_faults(f"{place}.approve", d, row.when)
        yield from _unknown(f"{place}.from", kind.sources, d.states, "unknown_state")
        yield from _unknown(f"{place}.to", _given(kind.to), d.states, "unknown_state")
        yield from _unknown(f"{place}.moves", _given(kind.moves, kind.before_due), d.clocks, "unknown_clock")
        yield from _unknown(f"{place}.wakes", (*_given(kind.wakes), *kind.window_from), verbs, "unknown_verb")


def _composite_faults(d: Definition, verbs: set[str]) -> Iterator[Fault]:
    plain = {t.verb for t in d.transitions} | {"register"}
    for composite in d.composites.values():
        place = f"composites.{composite.verb}"
        yield from _act_faults(place, d, composite.by, (*composite.fields, *composite.when), ())
        yield from _late_faults(place, () if composite.new else composite.fields)
        yield from _choice_faults(f"{place}.when", d, composite.when)
        yield from _unknown(f"{place}.from", composite.sources, d.states, "unknown_state")
        yield from _unknown(f"{place}.not_same_as", composite.not_same_as, verbs | {"register"}, "unknown_verb")
        for step in composite.steps:
            yield from _unknown(f"{place}.steps", [step.verb], plain, "unknown_verb")
            variants = [d.register] if step.verb == "register" else d.variants(step.verb)
            taken = {field for variant in variants for field in variant.fields}
            yield from _unknown(f"{place}.steps.{step.verb}.put", step.put, taken, "unknown_field")
            put = {name: (value,) for name, value in step.put.items()}
            yield from _choice_faults(f"{place}.steps.{step.verb}.put", d, put)


def _act_faults(
    place: str, d: Definition, by: Iterable[str], fields: Iterable[str], guards: Iterable[str]
) -> Iterator[Fault]:
    yield from _unknown(f"{place}.by", by, ROLES, "unknown_role")
    yield from _unknown(f"{place}.fields", fields, d.fields, "unknown_field")
    yield from _unknown(f"{place}.guards", [name.partition(":")[0] for name in guards], GUARDS, "unknown_guard")


def _late_faults(place: str, fields: Iterable[str]) -> Iterator[Fault]:
    """Private data that is taken after the registration, where nothing would keep it."""
    return (Fault(place, "private_late", name) for name in fields if name in PRIVATE_FIELDS)


def _given(*names: str) -> list[str]:
    return [name for name in names if name]


def _unknown(place: str, names: Iterable[str], known: Container[str], code: str) -> Iterator[Fault]:
    return (Fault(place, code, name) for name in names if name not in known)


def _choice_faults(place: str, d: Definition, values: Mapping[str, tuple[object, ...]]) -> Iterator[Fault]:
    """A value that a field with choices can never have; "" stands for a field that is absent."""
    for name, wanted in values.items():
        field = d.fields.get(name)
        if field and field.kind == "choice":
            strangers = [str(value) for value in wanted if value != "" and str(value) not in field.choices]
            yield from (Fault(place, "unknown_choice", f"{name} = {value}") for value in strangers)


def _choices_of(rule: LimitRule) -> Iterator[tuple[str, Mapping[str, LimitRule]]]:
    """List every choice by a field inside a limit's rule."""
    for alternative in rule.alternatives:
        if not isinstance(alternative, (str, Limit)):
            yield alternative
            for inner in alternative[1].values():
                yield from _choices_of(inner)
