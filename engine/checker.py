"""Faults of a definition that only its whole shows: of the graph, of the clocks over it, and of the people it meets.

Each fault comes with an example: the acts that lead there, or the unit and the person. What a form or a name can show
is found by `engine.loader` and `engine.references`. Fields are not followed, so a path may be shown that `when` would
forbid: such a definition is safe to refuse and easy to mend, by one clock more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.item import Act, Item
from engine.limit import Limit
from engine.loader import Fault
from engine.references import reference_faults
from engine.roles import addressees, members
from engine.run import Run
from engine.timing import operations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from engine.definition import Clock, Definition, LimitRule, RequestKind, Rung, Transition
    from engine.organisation import Organisation

    Path = tuple[str, ...]

SOMEBODY = "somebody"
"""Stands for a registrar or commander whom only the item can name: somebody else than anyone known."""


def check(definition: Definition, organisation: Organisation | None = None) -> list[Fault]:
    """List the faults of a definition, and of its fit to the organisation of the day where one is given.

    Names that refer to nothing come alone: the rest leans on them. The codes of the rest are:

    - `unreachable_state`: no path leads there from the registration or the draft.
    - `dead_end`: no path leads from there to an end.
    - `no_clock`: by the acts shown an item comes to wait in the state while no clock runs and nothing wakes it. A clock
      that stands still does not count, nor one whose limit is chosen by a field and missing for some of its values.
      Drafts may wait for ever.
    - `endless_loop`: a round of states, none of them under a clock that counts through the item's life: every turn
      begins anew, and no ladder is climbed to its end. Rounds through an end do not count: a new round is opened by a
      person, for a reason.
    - `title_twice`, `title_differs`: two verbs of one title, or one verb of two.
    - `step_impossible`, `step_lacks_field`: a composite whose step does not apply where the steps before it lead, or
      requires a field that neither the composite takes, nor the step sets, nor the item keeps.
    - `rung_reaches_nobody`: with the unit shown as lead unit, nobody stands in any of the relations the rung notifies.
    - `four_eyes_broken`: with the unit shown as lead unit, all who may do the act are those who alone may have done the
      acts that it must not be the same as.
    """
    faults = reference_faults(definition)
    if faults:
        return faults
    faults += [
        *_graph_faults(definition),
        *_clock_faults(definition),
        *_title_faults(definition),
        *_step_faults(definition),
    ]
    if organisation:
        present = organisation._replace(
            officers={key: officer._replace(away=()) for key, officer in organisation.officers.items()}
        )
        faults += [*_deaf_rungs(definition, present), *_lone_people(definition, present)]
    return faults


def index_faults(definitions: Iterable[Definition]) -> list[Fault]:
    """List the options (fields) that two definitions give different kinds: one command line could not take both."""
    first: dict[str, tuple[str, str]] = {}
    faults = []
    for d in definitions:
        for field in d.fields.values():
            owner, kind = first.setdefault(field.name, (d.name, field.kind))
            if kind != field.kind:
                detail = f"{owner}: {kind}, {d.name}: {field.kind}"
                faults.append(Fault(f"{d.name}.fields.{field.name}", "option_kind", detail))
    return faults


# -- the graph -------------------------------------------------------------------------------------


class _Arrow(NamedTuple):
    """One way from a state to a state; `name` is shown, `verb` is what the clocks see."""

    name: str
    verb: str
    source: str
    to: str
    restarts: tuple[str, ...] = ()
    wakes: bool = False


def _arrows(d: Definition) -> list[_Arrow]:
    arrows = [_Arrow(t.verb, t.verb, source, t.to or source, t.restarts) for t in d.transitions for source in t.sources]
    arrows += [
        _Arrow(f"request {kind.name}", "grant", source, kind.to, wakes=bool(kind.wakes))
        for kind in d.requests.values()
        if kind.to
        for source in kind.sources
    ]
    return arrows


def _starts(d: Definition) -> list[str]:
    return [d.initial, *([d.draft] if d.draft else []), *([d.recurs.to] if d.recurs else [])]


def _graph_faults(d: Definition) -> Iterator[Fault]:
    arrows = _arrows(d)
    paths = _paths(_starts(d), arrows)
    for name in d.states:
        if name not in paths:
            yield Fault(f"states.{name}", "unreachable_state", name)
    ends = [name for name, state in d.states.items() if state.final]
    out = _paths(ends, [arrow._replace(source=arrow.to, to=arrow.source) for arrow in arrows])
    for name, path in paths.items():
        if name not in out:
            yield Fault(f"states.{name}", "dead_end", _shown(path))
    bounded = {s for c in d.clocks.values() if c.counts == "life" and _certain(c.limit, d) for s in c.runs_in}
    free = [name for name, state in d.states.items() if name in paths and not state.final and name not in bounded]
    loop = _loop(free, arrows)
    if loop:
        yield Fault(f"states.{loop[0]}", "endless_loop", " → ".join(loop))


def _paths(starts: Iterable[str], arrows: Collection[_Arrow]) -> dict[str, Path]:
    """Return the shortest path of acts to each state that can be reached."""
    found: dict[str, Path] = dict.fromkeys(starts, ())
    queue = list(found)
    for state in queue:
        for arrow in arrows:
            if arrow.source == state and arrow.to not in found:
                found[arrow.to] = (*found[state], arrow.name)
                queue.append(arrow.to)
    return found


def _loop(states: Collection[str], arrows: Collection[_Arrow]) -> Path:
    """Return a round of at least two of the states, first and last the same, or nothing."""
    for start in states:
        inner = [a for a in arrows if a.source in states and a.to in states and a.source != a.to]
        for arrow in inner:
            if arrow.source != start:
                continue
            steps = [a._replace(name=a.to) for a in inner]
            back = _paths([arrow.to], steps)
            if start in back:
                return (start, arrow.to, *back[start])
    return ()


def _shown(path: Path) -> str:
    return " → ".join(("register", *path))


# -- the clocks ------------------------------------------------------------------------------------


def _certain(rule: LimitRule, d: Definition) -> bool:
    """Whether the rule always gives a limit, or names a field that a person is asked for."""
    for alternative in rule.alternatives:
        if isinstance(alternative, (Limit, str)):
            return True
        field, rules = alternative
        choices = d.fields[field].choices
        if choices and all(choice in rules and _certain(rules[choice], d) for choice in choices):
            return True
    return False


_STATUS = {"running": Run(1, 0, 0), "paused": Run(1, 0, 0, ((0, None),)), "stopped": Run(1, 0, 0, stopped=0)}
_AFTER = {"start": "running", "resume": "running", "continue": "running", "pause": "paused", "stop": "stopped"}


class _Node(NamedTuple):
    """Where an item stands, what each clock does then, and whether it will be woken."""

    state: str
    clocks: tuple[tuple[str, str], ...] = ()
    woken: bool = False


def _clock_faults(d: Definition) -> Iterator[Fault]:
    """Walk every way through states and clocks together, as `engine.timing` does, to where an item may wait unseen."""
    certain = {name: clock for name, clock in d.clocks.items() if _certain(clock.limit, d)}
    view = d._replace(
        clocks=certain, hash=f"certain {d.hash}"
    )  # what is found once for a definition is found anew for it
    arrows: dict[str, list[_Arrow]] = {}
    for arrow in _arrows(d):
        arrows.setdefault(arrow.source, []).append(arrow)
    paths: dict[_Node, Path] = {}
    for start in _starts(d):
        paths[_next(view, _Node(""), _Arrow("register", "register", "", start))] = ()
    told = set()
    queue = list(paths)
    for node in queue:
        waits = not d.states[node.state].final and node.state != d.draft
        if waits and not node.woken and "running" not in dict(node.clocks).values() and node.state not in told:
            told.add(node.state)
            yield Fault(f"states.{node.state}", "no_clock", _shown(paths[node]))
        for arrow in arrows.get(node.state, ()):
            after = _next(view, node, arrow)
            if after not in paths:
                paths[after] = (*paths[node], arrow.name)
                queue.append(after)


def _next(d: Definition, node: _Node, arrow: _Arrow) -> _Node:
    clocks = dict(node.clocks)
    item = _item(d, "", state=node.state)._replace(clocks={name: _STATUS[status] for name, status in clocks.items()})
    for operation, clock, *_ in operations(d, item, arrow.verb, arrow.to, 0, arrow.restarts):
        clocks[str(clock)] = _AFTER[str(operation)]
    known = {name: status for name, status in clocks.items() if status != "stopped" or _remembers(d.clocks[name])}
    moved = arrow.to != arrow.source
    return _Node(arrow.to, tuple(sorted(known.items())), arrow.wakes if moved else node.woken)


def _remembers(clock: Clock) -> bool:
    """Whether it matters to a clock that it has run before; where not, there are fewer ways to walk."""
    return clock.counts != "visit"


# -- verbs and composites --------------------------------------------------------------------------


def _title_faults(d: Definition) -> Iterator[Fault]:
    verbs: dict[str, str] = {}
    for verb, title in d.verbs.items():
        other = verbs.setdefault(title, verb)
        if other != verb:
            yield Fault(f"transitions.{verb}", "title_twice", f"{other}, {verb}: {title}")
    for t in d.transitions:
        if t.title != d.verbs[t.verb]:
            yield Fault(f"transitions.{t.name}", "title_differs", f"{d.verbs[t.verb]}, {t.title}")


def _step_faults(d: Definition) -> Iterator[Fault]:
    for composite in d.composites.values():
        known = dict(composite.when)
        states = {d.initial} if composite.new else set(composite.sources)
        for step in composite.steps:
            place = f"composites.{composite.verb}.steps.{step.verb}"
            known |= {name: (value,) for name, value in step.put.items()}
            variants = [d.register] if step.verb == "register" else _possible(d, step.verb, states, known)
            if step.verb != "register":
                left = {s for s in states if not any(s in t.sources for t in variants)}
                if left:
                    yield Fault(place, "step_impossible", ", ".join(sorted(left)))
                    break
                states = {t.to or s for t in variants for s in states if s in t.sources}
            lacking = {
                r.field
                for t in variants
                for r in t.require
                if r.field not in composite.fields and r.field not in step.put and not d.fields[r.field].keep
            }
            if lacking:
                yield Fault(place, "step_lacks_field", ", ".join(sorted(lacking)))


def _possible(d: Definition, verb: str, states: set[str], known: Mapping[str, tuple[object, ...]]) -> list[Transition]:
    """List the variants that a step may come to, given what is known of the item's fields."""
    found = []
    for t in d.variants(verb):
        if not states & set(t.sources) or any(
            name in known and not set(known[name]) & set(values) for name, values in t.when.items()
        ):
            continue
        found.append(t)
        if all(name in known and set(known[name]) <= set(values) for name, values in t.when.items()):
            break
    return found


# -- the people ------------------------------------------------------------------------------------


def _item(d: Definition, unit: str, *, state: str = "", somebody: str = SOMEBODY) -> Item:
    """Return an item of nobody in particular that a unit leads."""
    fields = {"lead_unit": unit, "commander": somebody}
    acts = {"register": Act(1, (somebody,), 0)}
    return Item(0, "", d.name, d.hash, state, 0, 0, 0, fields=fields, acts=acts)


def _deaf_rungs(d: Definition, organisation: Organisation) -> Iterator[Fault]:
    for name, rungs in d.ladders.items():
        states = {state: None for clock in d.clocks.values() if clock.ladder == name for state in clock.runs_in}
        for rung in rungs:
            example = _deaf(d, rung, states, organisation)
            if example:
                yield Fault(f"ladders.{name}[{rung.level}]", "rung_reaches_nobody", example)


def _deaf(d: Definition, rung: Rung, states: Iterable[str], organisation: Organisation) -> str:
    """Return a unit and a state in which a rung would find nobody, or ""."""
    for state in states:
        # an item may come in before anybody knows whose it will be
        units = [*organisation.units, *([""] if d.states[state].stage == "intake" else [])]
        for unit in units:
            item = _item(d, unit, state=state, somebody=organisation.principal)
            if not addressees(rung.notify, d.states[state].owner, item, organisation, 0):
                return f"{unit or '-'}, {state}"
    return ""


def _lone_people(d: Definition, organisation: Organisation) -> Iterator[Fault]:
    for t in d.transitions:
        for unit in organisation.units if t.not_same_as else ():
            item = _item(d, unit)
            forced = {p for verb in t.not_same_as if (p := _only(_doers(d, verb, item, organisation)))}
            may = _people(t.by, item, organisation)
            if may and may <= forced:
                yield Fault(f"transitions.{t.name}", "four_eyes_broken", f"{unit}: {', '.join(sorted(may))}")
                break
    for kind in d.requests.values():
        for unit in organisation.units:
            example = _lone_asker(kind, _item(d, unit), organisation)
            if example:
                yield Fault(f"requests.{kind.name}", "four_eyes_broken", f"{unit}: {example}")
                break


def _lone_asker(kind: RequestKind, item: Item, organisation: Organisation) -> str:
    """Return the person who alone may both ask and decide, or ""."""
    asker = _only(_people(kind.by, item, organisation))
    turns = [kind.endorse, *(row.by for row in kind.approve)]
    return asker if asker and any(_people(roles, item, organisation) == {asker} for roles in turns) else ""


def _doers(d: Definition, verb: str, item: Item, organisation: Organisation) -> set[str]:
    """Return everybody who may do a verb to the item, in any state."""
    acts: list[Iterable[str]] = [t.by for t in d.variants(verb)]
    if verb in d.composites:
        acts.append(d.composites[verb].by)
    if verb == "register":
        acts.append(d.register.by)
    return {person for roles in acts for person in _people(roles, item, organisation)}


def _people(roles: Iterable[str], item: Item, organisation: Organisation) -> set[str]:
    return {person for role in roles for person in members(role, item, organisation)}


def _only(people: set[str]) -> str:
    return next(iter(people)) if len(people) == 1 else ""
