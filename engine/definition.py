"""A workflow's definition as frozen values: what an office decided, read from data and never changed afterwards.

`engine.loader` makes these from TOML and refuses what is faulty; everything here may rely on the names it mentions being there.
"""

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from engine.limit import Limit, Offset

if TYPE_CHECKING:
    from engine.item import Item

STAGES = ("intake", "assign", "handle", "verify", "feedback", "closed")
"""The user's five stages in their order, and the end."""

FIELD_KINDS = (
    "line", "text", "texts", "date", "instant", "int", "ints", "percent", "limit", "unit", "units", "officer",
    "choice", "flag", "files", "measures", "item", "period",
)  # fmt: skip
"""What a field may hold; the command line makes one option of each."""


class Field(NamedTuple):
    """One piece of information that an act may carry.

    `keep` says what becomes of it on the item: "" (only in the record), "replace" or "append".
    `choices` maps the values of a `choice` to their titles; `private` data goes to the side table, never into the record.
    `aliases` are further names of its option, English or Chinese, beside its own name and title.
    """

    name: str
    title: str
    kind: str
    keep: str = ""
    choices: Mapping[str, str] = {}
    help: str = ""
    private: bool = False
    aliases: tuple[str, ...] = ()


class State(NamedTuple):
    """A finer place inside a stage.

    `owner` is the role on whose desk the item lies, `owners` the exceptions by track; `next` says in words what comes next.
    """

    name: str
    title: str
    stage: str
    owner: str = ""
    owners: Mapping[str, str] = {}
    next: str = ""
    final: bool = False
    counted: bool = True

    def owner_of(self, item: "Item") -> str:
        """Return the role on whose desk an item in this state lies."""
        return self.owners.get(item.text("track"), self.owner)


class Requirement(NamedTuple):
    """A field that must be given, with its least length in characters (texts) or entries (lists)."""

    field: str
    least: int = 1


class Transition(NamedTuple):
    """One variant of a verb: where it applies, where it leads, who may do it and what it asks for.

    `name` is unique in the definition: the verb, or `verb#n` for its further variants. `to` is empty when the item stays where it is.
    `when` maps fields of the item to the values it must have one of. `not_same_as` lists verbs whose doers may not do this one.
    `put` sets fields to constants, `copy` sets kept fields from kept fields; `restarts` lists clocks that begin anew;
    `clears` drops kept fields; with `absorb` whoever must be answered about the item is passed on to the item it is merged into.
    """

    name: str
    verb: str
    title: str
    sources: tuple[str, ...]
    to: str
    by: tuple[str, ...]
    require: tuple[Requirement, ...] = ()
    optional: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    when: Mapping[str, tuple[object, ...]] = {}
    not_same_as: tuple[str, ...] = ()
    put: Mapping[str, object] = {}
    copy: Mapping[str, str] = {}
    clears: tuple[str, ...] = ()
    restarts: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    new_round: bool = False
    absorb: bool = False
    help: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field this act may carry, the required ones first."""
        return tuple(r.field for r in self.require) + self.optional


class LimitRule(NamedTuple):
    """How long a clock allows: alternatives tried in order.

    Each is a `Limit`, the name of a kept field that holds one, or (field, value → rule).
    """

    alternatives: tuple[Limit | str | tuple[str, Mapping[str, "LimitRule"]], ...]


class Clock(NamedTuple):
    """A limit over states, hung on no node: a return or a rework cannot lose it.

    `counts` is "life" (one run through the item's life), "visit" (each entry into `runs_in` counts anew) or "once" (never again
    when it has ended).
    It begins on entering `runs_in`, or at one of the verbs `starts_at`; it stands still in `pauses_in`; it ends on leaving both,
    as of the last `stops_at` where one is named. Begun again, with its last stop in time, it is due no sooner than the clock
    `not_before` that begins beside it.
    """

    name: str
    title: str
    runs_in: tuple[str, ...]
    limit: LimitRule
    pauses_in: tuple[str, ...] = ()
    starts_at: tuple[str, ...] = ()
    stops_at: str = ""
    not_before: str = ""
    counts: str = "visit"
    ladder: str = ""
    main: bool = False
    roll: bool = True


class Rung(NamedTuple):
    """One step of a ladder: at an offset from the due moment, or when `on` has happened so many `times`.

    `on` is "verb:NAME" or "paper:NAME". `held_by` lists kinds of request that, asked in time and still open, keep it waiting.
    """

    level: int
    title: str
    notify: tuple[str, ...]
    at: Offset | None = None
    on: str = ""
    times: int = 0
    paper: str = ""
    release: str = "auto"
    held_by: tuple[str, ...] = ()


class Approval(NamedTuple):
    """Who may grant a request: the first row whose `up_to` is not exceeded."""

    by: tuple[str, ...]
    up_to: Limit | None = None
    when: Mapping[str, tuple[object, ...]] = {}


class RequestKind(NamedTuple):
    """An application: who may make it, from where, what granting it does, and how often.

    `until` names the date field whose distance from the due day (or from today, when `moves` is empty) is the length asked for.
    `moves` is the clock whose due moment a grant moves to that date; `to` the state a grant leads to; `wakes` the verb that ends that
    state by itself at the end of that date. `window` counts from the latest of the `window_from` verbs.
    """

    name: str
    title: str
    sources: tuple[str, ...]
    by: tuple[str, ...]
    approve: tuple[Approval, ...]
    require: tuple[Requirement, ...] = ()
    optional: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    endorse: tuple[str, ...] = ()
    until: str = ""
    moves: str = ""
    to: str = ""
    wakes: str = ""
    put: Mapping[str, object] = {}
    copy: Mapping[str, str] = {}
    max_granted: int = 0
    before_due: str = ""
    window: Limit | None = None
    window_from: tuple[str, ...] = ()
    longest: Limit | None = None
    lapses_after: Limit | None = None
    help: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field an application of this kind may carry."""
        return tuple(r.field for r in self.require) + self.optional


class Source(NamedTuple):
    """Where a problem came from: who must be answered, whether they are called back, whether the outcome may be made public."""

    name: str
    title: str
    feedback_to: tuple[str, ...]
    call_back: bool = False
    publicity: str = "internal"
    reporter: bool = False


class Track(NamedTuple):
    """One of the treatments: the list it serves and the name of its 办, `provisional` until an office confirms that name."""

    name: str
    title: str
    list_title: str
    provisional: bool = False


class Step(NamedTuple):
    """One verb of a composite, with fields it sets by itself."""

    verb: str
    put: Mapping[str, object] = {}


class Composite(NamedTuple):
    """A verb that records several acts in one transaction; `new` begins with a registration."""

    verb: str
    title: str
    by: tuple[str, ...]
    steps: tuple[Step, ...]
    sources: tuple[str, ...] = ()
    when: Mapping[str, tuple[object, ...]] = {}
    new: bool = False
    not_same_as: tuple[str, ...] = ()
    require: tuple[Requirement, ...] = ()
    optional: tuple[str, ...] = ()
    help: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field the composite may carry beside those of its steps."""
        return tuple(r.field for r in self.require) + self.optional


class Recurrence(NamedTuple):
    """What an item brings forth by itself while it is in one of `sources`: one item for each period and each name under `each`.

    `every`, `starts`, `ends`, `each` and `counter` name kept fields of the series: how often, first day, last day (may be
    absent), for whom, and the number of the last period that came round. A new item begins in `to`; its field `whose`
    gets the name, `series` the number of what brought it forth, `period` both days, `due` the last one; `takes` maps
    further fields to those they are taken from. `notify` are told of it. When the last day is over, the series does `then` by itself.
    """

    sources: tuple[str, ...]
    to: str
    every: str
    starts: str
    ends: str
    each: str
    counter: str
    whose: str
    series: str
    period: str
    due: str
    takes: Mapping[str, str] = {}
    notify: tuple[str, ...] = ()
    then: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field it speaks of."""
        own = (self.every, self.starts, self.ends, self.each, self.counter)
        return (*own, self.whose, self.series, self.period, self.due, *self.takes, *self.takes.values())


class Definition(NamedTuple):
    """A whole workflow. `hash` is the SHA-256 of `text`, its canonical JSON.

    Items of a workflow that stands `beside` the ledger of problems are in none of its lists and figures unless asked for.
    Those of a `common` one are seen by everybody.
    `listed` are the fields that a list of this workflow's items shows beside what every list does.
    """

    name: str
    title: str
    version: int
    calendar: str
    initial: str
    draft: str
    serial: str
    supervisor: str
    register: Transition
    fields: Mapping[str, Field]
    states: Mapping[str, State]
    transitions: tuple[Transition, ...]
    clocks: Mapping[str, Clock]
    ladders: Mapping[str, tuple[Rung, ...]]
    requests: Mapping[str, RequestKind]
    sources: Mapping[str, Source]
    tracks: Mapping[str, Track]
    composites: Mapping[str, Composite]
    text: str
    hash: str
    recurs: Recurrence | None = None
    beside: bool = False
    common: bool = False
    listed: tuple[str, ...] = ()

    def variants(self, verb: str) -> Iterator[Transition]:
        """Yield the variants of a verb in the order they are written."""
        found = _by_verb.get(self.hash)
        if found is None:
            found = _by_verb[self.hash] = {}
            for transition in self.transitions:
                found.setdefault(transition.verb, []).append(transition)
        return iter(found.get(verb, ()))

    def leaving(self, state: str) -> Iterator[Transition]:
        """Yield the variants that apply in a state."""
        found = _by_state.get((self.hash, state))
        if found is None:
            found = _by_state[self.hash, state] = tuple(t for t in self.transitions if state in t.sources)
        return iter(found)

    @property
    def main_clock(self) -> Clock | None:
        """The clock that an item's punctuality is judged by."""
        try:
            return _main[self.hash]
        except KeyError:
            found = _main[self.hash] = next((c for c in self.clocks.values() if c.main), None)
            return found

    @property
    def relations(self) -> tuple[str, ...]:
        """The kept fields that refer to another item."""
        try:
            return _relations[self.hash]
        except KeyError:
            names = [field.name for field in self.fields.values() if field.kind == "item" and field.keep == "replace"]
            found = _relations[self.hash] = tuple(names)
            return found

    @property
    def verbs(self) -> dict[str, str]:
        """Every verb with its title, in the order written; composites first."""
        titles = {c.verb: c.title for c in self.composites.values()}
        for t in self.transitions:
            titles.setdefault(t.verb, t.title)
        return titles


_by_verb: dict[str, dict[str, list[Transition]]] = {}
"""Definition hash → verb → variants: looked up at every act, built once in a process."""

_by_state: dict[tuple[str, str], tuple[Transition, ...]] = {}
"""(Definition hash, state) → the variants that apply there."""

_main: dict[str, Clock | None] = {}
"""Definition hash → its main clock."""

_relations: dict[str, tuple[str, ...]] = {}
"""Definition hash → its fields that refer to another item."""
