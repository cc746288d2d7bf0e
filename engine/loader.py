"""From data to `Definition`: every fault is reported at once, each with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine import limit as limits
from engine.canonical import canonical, digest
from engine.definition import (
    FIELD_KINDS,
    STAGES,
    Approval,
    Clock,
    Composite,
    Definition,
    Field,
    LimitRule,
    Recurrence,
    RequestKind,
    Requirement,
    Rung,
    Source,
    State,
    Step,
    Track,
    Transition,
)
from engine.errors import FaultsFound, Misused
from engine.stored import OPEN, stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.limit import Limit

__all__ = [
    "NAMED",
    "OPEN",
    "RELEASES",
    "Fault",
    "from_data",
    "load",
    "ordered",
    "plain",
    "stored",  # in a module of its own, since every start needs it and hardly any needs the rest
]

NAMED = ("fields", "states", "clocks", "ladders", "requests", "sources", "tracks")
"""The tables of a definition whose order people see."""

RELEASES = ("auto", "supervisor", "leader")


class Fault(NamedTuple):
    """One thing wrong with a definition: where it stands, a stable code, and the value or example that shows it."""

    place: str
    code: str
    detail: str = ""


class _Table:
    """One TOML table under reading: takes keys by kind, notes faults with their place and keys nobody asked for."""

    def __init__(self, data: object, place: str, faults: list[Fault]) -> None:
        self.place, self.faults = place, faults
        if not isinstance(data, dict):
            self.fault("", "not_a_table", repr(data))
            data = {}
        self.data: Mapping[str, object] = data
        self.seen: set[str] = set()
        self.order: dict[str, list[str]] = {}

    def fault(self, key: str, code: str, detail: str = "") -> None:
        self.faults.append(Fault(".".join(filter(None, (self.place, key))), code, detail))

    def take(self, key: str) -> object:
        self.seen.add(key)
        return self.data.get(key)

    def text(self, key: str, default: str | None = "", among: tuple[str, ...] = ()) -> str:
        value = self.take(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value:
            self.fault(key, "text_needed" if value is not None else "missing")
            return default or ""
        if among and value not in among:
            self.fault(key, "not_among", f"{value}: {', '.join(among)}")
        return value

    def number(self, key: str, default: int) -> int:
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.fault(key, "number_needed", repr(value))
            return default
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        value = self.take(key)
        if value is not None and not isinstance(value, bool):
            self.fault(key, "flag_needed", repr(value))
        return value if isinstance(value, bool) else default

    def names(self, key: str) -> tuple[str, ...]:
        value = self.take(key)
        if value is None:
            return ()
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
            self.fault(key, "names_needed", repr(value))
            return ()
        return tuple(value)

    def mapping(self, key: str) -> dict[str, object]:
        value = self.take(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fault(key, "not_a_table", repr(value))
            return {}
        return value

    def words(self, key: str) -> dict[str, str]:
        return {name: str(value) for name, value in self.mapping(key).items()}

    def when(self, key: str = "when") -> dict[str, tuple[object, ...]]:
        return {k: tuple(v) if isinstance(v, list) else (v,) for k, v in self.mapping(key).items()}

    def requirements(self) -> tuple[Requirement, ...]:
        found = []
        for name in self.names("require"):
            field, _, least = name.partition(":")
            if least and not least.isdigit():
                self.fault("require", "number_needed", name)
                least = ""
            found.append(Requirement(field, int(least or 1)))
        return tuple(found)

    def limit(self, key: str) -> Limit | None:
        value = self.text(key)
        return self.read_limit(key, value) if value else None

    def read_limit(self, key: str, value: str) -> Limit | None:
        try:
            return limits.parse(value)
        except Misused:
            self.fault(key, "bad_limit", value)
            return None

    def tables(self, key: str) -> Iterator[tuple[str, _Table]]:
        found = self.mapping(key)
        for name in self.order.get(key, found):
            data = found.get(name)
            yield name, _Table(data, f"{self.place}.{key}.{name}" if self.place else f"{key}.{name}", self.faults)

    def rows(self, key: str) -> Iterator[_Table]:
        value = self.take(key)
        if value is None:
            return
        if not isinstance(value, list):
            self.fault(key, "list_needed")
            return
        for number, data in enumerate(value, 1):
            label = data.get("verb", data.get("level", "")) if isinstance(data, dict) else ""
            place = f"{self.place}.{key}" if self.place else key
            yield _Table(data, f"{place}[{number}]{' ' + str(label) if label != '' else ''}", self.faults)

    def done(self) -> None:
        for key in sorted(self.data.keys() - self.seen):
            self.fault(key, "unknown_key")


def load(text: str) -> Definition:
    """Read a definition's TOML text.

    Raises `FaultsFound("definition_faults", faults=[…])` with every fault of form and reference; faults of the graph
    are `engine.checker`'s to find.
    """
    import tomllib  # noqa: PLC0415 - only where a file is read, not at each start

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultsFound("definition_faults", faults=[Fault("TOML", "unreadable", str(error))]) from None
    return from_data(plain(data))


def from_data(data: object) -> Definition:
    """Build and cross-check a definition from plain data; raises as `load` does."""
    from engine.references import reference_faults  # noqa: PLC0415 - stored definitions were checked when they were stored

    faults: list[Fault] = []
    definition = _build(ordered(data), faults)
    if not faults:
        faults = reference_faults(definition)
    if faults:
        raise FaultsFound("definition_faults", faults=faults)
    return definition


def ordered(data: object) -> object:
    """Return the data with the order of its tables written down under `order`: canonical JSON sorts keys, people do not."""
    if not isinstance(data, dict) or "order" in data:
        return data
    order = {name: list(data[name]) for name in NAMED if isinstance(data.get(name), dict)}
    fields = data.get("fields")
    for name, field in fields.items() if isinstance(fields, dict) else ():
        if isinstance(field, dict) and isinstance(field.get("choices"), dict):
            order[f"fields.{name}.choices"] = list(field["choices"])
    return {**data, "order": order}


def plain(value: object) -> object:
    """Turn TOML dates into text, so that the data has a canonical form."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, (str, int)):
        return value
    return str(value)


def _build(data: object, faults: list[Fault]) -> Definition:
    root = _Table(data, "", faults)
    order = root.mapping("order")
    root.order = {name: names for name, names in order.items() if isinstance(names, list)}
    head = _Table(root.take("workflow"), "workflow", faults)
    fields = {name: _field(name, t, root.order) for name, t in root.tables("fields")}
    states = {name: _state(name, t) for name, t in root.tables("states")}
    open_states = tuple(name for name, state in states.items() if not state.final)
    counts: dict[str, int] = {}
    transitions = tuple(_transition(t, open_states, counts) for t in root.rows("transitions"))
    register_table = _Table(root.take("register"), "register", faults)
    text = canonical(data)
    definition = Definition(
        name=head.text("id", None),
        title=head.text("title", None),
        version=head.number("version", 1),
        calendar=head.text("calendar", "cn"),
        initial=head.text("initial", None),
        draft=head.text("draft"),
        serial=head.text("serial", "SX"),
        supervisor=head.text("supervisor", "lead_office"),
        register=_register(register_table),
        fields=fields,
        states=states,
        transitions=transitions,
        clocks={name: _clock(name, t) for name, t in root.tables("clocks")},
        ladders=_ladders(root, faults),
        requests={name: _request(name, t, open_states) for name, t in root.tables("requests")},
        sources={name: _source(name, t) for name, t in root.tables("sources")},
        tracks={name: _track(name, t) for name, t in root.tables("tracks")},
        composites={c.verb: c for c in (_composite(t) for t in root.rows("composites"))},
        text=text,
        hash=digest(text),
        recurs=_recurrence(_Table(root.take("recurs"), "recurs", faults), open_states)
        if "recurs" in root.data
        else None,
        beside=head.flag("beside"),
        common=head.flag("common"),
        listed=head.names("listed"),
    )
    head.done()
    root.done()
    return definition


def _field(name: str, t: _Table, order: Mapping[str, list[str]]) -> Field:
    kind = t.text("kind", "line", FIELD_KINDS)
    field = Field(
        name=name,
        title=t.text("title", None),
        kind=kind,
        keep=t.text("keep", "", ("replace", "append")),
        choices=_in_order(t.words("choices"), order.get(f"fields.{name}.choices")),
        help=t.text("help"),
        private=t.flag("private"),
        aliases=t.names("aliases"),
    )
    if kind == "choice" and not field.choices:
        t.fault("choices", "missing")
    t.done()
    return field


def _recurrence(t: _Table, open_states: tuple[str, ...]) -> Recurrence:
    recurrence = Recurrence(
        sources=_sources(t, open_states),
        to=t.text("to", None),
        every=t.text("every", None),
        starts=t.text("starts", None),
        ends=t.text("ends", None),
        each=t.text("each", None),
        counter=t.text("counter", None),
        whose=t.text("whose", None),
        series=t.text("series", None),
        period=t.text("period", None),
        due=t.text("due", None),
        takes=t.words("takes"),
        notify=t.names("notify"),
        then=t.text("then"),
    )
    t.done()
    return recurrence


def _in_order(words: dict[str, str], names: list[str] | None) -> dict[str, str]:
    return {name: words[name] for name in names if name in words} if names else words


def _state(name: str, t: _Table) -> State:
    stage = t.text("stage", None, STAGES)
    state = State(
        name=name,
        title=t.text("title", None),
        stage=stage,
        owner=t.text("owner"),
        owners=t.words("owners"),
        next=t.text("next"),
        final=t.flag("final", default=stage == "closed"),
        counted=t.flag("counted", default=True),
    )
    t.done()
    return state


def _sources(t: _Table, open_states: tuple[str, ...]) -> tuple[str, ...]:
    named = t.names("from")
    if not named:
        t.fault("from", "missing")
    return tuple(dict.fromkeys(s for name in named for s in (open_states if name == OPEN else (name,))))


def _transition(t: _Table, open_states: tuple[str, ...], counts: dict[str, int]) -> Transition:
    verb = t.text("verb", None)
    counts[verb] = counts.get(verb, 0) + 1
    transition = Transition(
        name=verb if counts[verb] == 1 else f"{verb}#{counts[verb]}",
        verb=verb,
        title=t.text("title", None),
        sources=_sources(t, open_states),
        to=t.text("to"),
        by=t.names("by"),
        require=t.requirements(),
        optional=t.names("optional"),
        guards=t.names("guards"),
        when=t.when(),
        not_same_as=t.names("not_same_as"),
        put=t.mapping("put"),
        copy=t.words("copy"),
        clears=t.names("clears"),
        restarts=t.names("restarts"),
        notify=t.names("notify"),
        new_round=t.flag("new_round"),
        absorb=t.flag("absorb"),
        help=t.text("help"),
    )
    t.done()
    return transition


def _register(t: _Table) -> Transition:
    register = Transition(
        name="register",
        verb="register",
        title=t.text("title", None),
        sources=(),
        to="",
        by=t.names("by"),
        require=t.requirements(),
        optional=t.names("optional"),
        guards=t.names("guards"),
        put=t.mapping("put"),
        help=t.text("help"),
    )
    t.done()
    return register


def _clock(name: str, t: _Table) -> Clock:
    clock = Clock(
        name=name,
        title=t.text("title", None),
        runs_in=t.names("runs_in"),
        limit=_limit_rule(t, "limit", t.take("limit")),
        pauses_in=t.names("pauses_in"),
        starts_at=t.names("starts_at"),
        stops_at=t.text("stops_at"),
        not_before=t.text("not_before"),
        counts=t.text("counts", "visit", ("visit", "life", "once")),
        ladder=t.text("ladder"),
        main=t.flag("main"),
        roll=t.flag("roll", default=True),
    )
    if not clock.runs_in:
        t.fault("runs_in", "missing")
    t.done()
    return clock


def _limit_rule(t: _Table, key: str, value: object) -> LimitRule:
    alternatives: list[Limit | str | tuple[str, Mapping[str, LimitRule]]] = []
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str) and one.startswith("@"):
            alternatives.append(one[1:])
        elif isinstance(one, str):
            limit = t.read_limit(key, one)
            if limit:
                alternatives.append(limit)
        elif isinstance(one, dict) and isinstance(one.get("by"), str):
            rules = {k: _limit_rule(t, f"{key}.{k}", v) for k, v in one.items() if k != "by"}
            alternatives.append((one["by"], rules))
        else:
            t.fault(key, "bad_limit", repr(one))
    return LimitRule(tuple(alternatives))


def _ladders(root: _Table, faults: list[Fault]) -> dict[str, tuple[Rung, ...]]:
    ladders = {}
    whole = _Table(root.mapping("ladders"), "ladders", faults)
    for name in whole.data:
        ladders[name] = tuple(_rung(t) for t in whole.rows(name))
    return ladders


def _rung(t: _Table) -> Rung:
    at_text, on = t.text("at"), t.text("on")
    at = None
    if at_text:
        try:
            at = limits.parse_offset(at_text)
        except Misused:
            t.fault("at", "bad_offset", at_text)
    if bool(at_text) == bool(on):
        t.fault("at", "at_or_on")
    rung = Rung(
        level=t.number("level", 0),
        title=t.text("title", None),
        notify=t.names("notify"),
        at=at,
        on=on,
        times=t.number("times", 1 if on else 0),
        paper=t.text("paper"),
        release=t.text("release", "auto", RELEASES),
        held_by=t.names("held_by"),
    )
    t.done()
    return rung


def _request(name: str, t: _Table, open_states: tuple[str, ...]) -> RequestKind:
    approvals = []
    for row in t.rows("approve"):
        approvals.append(Approval(by=row.names("by"), up_to=row.limit("up_to"), when=row.when()))
        row.done()
    kind = RequestKind(
        name=name,
        title=t.text("title", None),
        sources=_sources(t, open_states),
        by=t.names("by"),
        approve=tuple(approvals),
        require=t.requirements(),
        optional=t.names("optional"),
        guards=t.names("guards"),
        endorse=t.names("endorse"),
        until=t.text("until"),
        moves=t.text("moves"),
        to=t.text("to"),
        wakes=t.text("wakes"),
        put=t.mapping("put"),
        copy=t.words("copy"),
        max_granted=t.number("max_granted", 0),
        before_due=t.text("before_due"),
        window=t.limit("window"),
        window_from=t.names("window_from"),
        longest=t.limit("longest"),
        lapses_after=t.limit("lapses_after"),
        help=t.text("help"),
    )
    if not approvals:
        t.fault("approve", "missing")
    t.done()
    return kind


def _source(name: str, t: _Table) -> Source:
    source = Source(
        name=name,
        title=t.text("title", None),
        feedback_to=t.names("feedback_to"),
        call_back=t.flag("call_back"),
        publicity=t.text("publicity", "internal", ("internal", "public")),
        reporter=t.flag("reporter"),
    )
    t.done()
    return source


def _track(name: str, t: _Table) -> Track:
    track = Track(
        name=name,
        title=t.text("title", None),
        list_title=t.text("list_title", None),
        provisional=t.flag("provisional"),
    )
    t.done()
    return track


def _composite(t: _Table) -> Composite:
    steps = []
    for row in t.rows("steps"):
        steps.append(Step(verb=row.text("verb", None), put=row.mapping("put")))
        row.done()
    composite = Composite(
        verb=t.text("verb", None),
        title=t.text("title", None),
        by=t.names("by"),
        steps=tuple(steps),
        sources=t.names("from"),
        when=t.when(),
        new=t.flag("new"),
        not_same_as=t.names("not_same_as"),
        require=t.requirements(),
        optional=t.names("optional"),
        help=t.text("help"),
    )
    if composite.new == bool(composite.sources):
        t.fault("from", "new_or_from")
    t.done()
    return composite
