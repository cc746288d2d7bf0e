"""Moving live items to another version of their definition: what each of them meets there, and the act that takes it there.

The act carries the state it leads to and what it does to the clocks, so that replay needs neither version. What has been crossed,
who did what, and the cycles stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.decide import entitled
from engine.errors import Misused, Refused
from engine.evolve import MOVE, evolve
from engine.ladder import settle
from engine.ledger import row_of
from engine.light import working_days
from engine.recount import moves
from engine.roles import FIXED
from engine.row import ItemQuery
from engine.run import due, limit_of
from engine.timing import operations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from engine.context import Context, Hand, Rules
    from engine.definition import Clock, Definition
    from engine.event import Event
    from engine.item import Item
    from engine.timing import Operation
    from engine.work import Work

FITS, UNMAPPED, BLOCKED = "fits", "unmapped", "blocked"
"""What an item meets in the other version: a place, none until its state is mapped, or something that keeps it from moving."""

PACE = 100
"""After how many items progress is told."""


class Order(NamedTuple):
    """What is to be moved: live items of the target's workflow that are not on it yet, or those of them in `numbers`.

    `target` is the hash of the version they move to, `mapping` says which of its states takes the place of an old one. Without
    `only_fitting` one item that cannot move keeps all of them from moving.
    """

    target: str
    mapping: Mapping[str, str] = {}
    reason: str = ""
    numbers: Sequence[int] = ()
    only_fitting: bool = False


class Fit(NamedTuple):
    """What one item meets in the other version; `definition` is the hash it has lived under.

    `why` is a code and `about` the name it is about: `state_unknown`, `state_final`, `request_unknown`, `request_open` (its state is
    mapped), `wake_unknown`, `field_kind`, `choice_unknown`, `due_lost`, `no_clock`. `stops` and `starts` are clocks, `old_due` and
    `new_due` (µs) the due moments that the ledger shows, `days` the working days between them (negative: earlier), `rungs` how many
    rungs are reached at once under the new version. `event` is the act, for an item that fits.
    """

    number: int
    serial: str
    title: str
    definition: str
    state: str
    to: str
    verdict: str = FITS
    why: str = ""
    about: str = ""
    stops: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    old_due: int | None = None
    new_due: int | None = None
    days: int = 0
    rungs: int = 0
    event: Event | None = None


def carry_out(job: Work, order: Order, hand: Hand, progress: Callable[[int], None] | None = None) -> list[Fit]:
    """Judge the items chosen, each settled under its old version first, and move those that fit; the list is by number.

    Raises `Misused("unknown_state")` for a mapping of states that are not there, `Refused`: `not_allowed`, `not_to_move` (an
    item that is closed, of another workflow, or there already), or `move_blocked`.
    """
    new = job.shelf.rules(job.reader, order.target)
    known = {row.number: row for row in job.reader.rows(ItemQuery(open=True, workflows=(new.definition.name,)))}
    waiting = [number for number, row in known.items() if row.definition != order.target]
    strangers = [str(number) for number in order.numbers if number not in waiting]
    if strangers:
        raise Refused("not_to_move", numbers=strangers)
    versions = {row.definition for row in known.values()}
    _check_mapping(order.mapping, [job.shelf.definition(job.reader, hash_) for hash_ in versions], new.definition)
    fits = []
    for count, number in enumerate(sorted(order.numbers) or waiting, 1):
        item = job.load(number)
        rules = job.rules(item)
        if rules.definition.states[item.state].final:  # what had come due has closed it
            continue
        fits.append(judge(item, rules, order, job.context(new, hand, max(job.now, item.effective_at))))
        if progress and not count % PACE:
            progress(count)
    job.put_in_order()
    left = [fit for fit in fits if fit.event is None]
    if left and not order.only_fitting:
        job.current = left[0].number
        raise Refused("move_blocked", count=len(left), among=[fit.serial for fit in left[:10]])
    job.apply(fit.event for fit in fits if fit.event)
    return fits


def judge(item: Item, old: Rules, order: Order, context: Context) -> Fit:
    """Say what an item meets in the version of the context's rules. Raises `Refused("not_allowed")`."""
    new = context.rules
    entitled(item, FIXED[MOVE], MOVE, context)
    to = order.mapping.get(item.state, item.state)
    fit = Fit(item.number, item.serial, item.text("title"), item.definition, item.state, to)
    if to not in new.definition.states:
        return fit._replace(verdict=UNMAPPED, why="state_unknown", about=item.state)
    why = next(_obstacles(item, to, old.definition, new.definition), None)
    if why:
        return fit._replace(verdict=BLOCKED, why=why[0], about=why[1])
    body: dict[str, object] = {
        "fields": {"reason": order.reason},
        "versions": [old.definition.version, new.definition.version],
    }
    if to != item.state:
        body |= {"to": to} | ({"wake": list(item.wake)} if item.wake else {})
    clocks = [*_lacking(item, new.definition, context.effective_at), *_begun(item, to, old.definition, context)]
    clocks += operations(new.definition, item._replace(state=to), MOVE, to, context.effective_at)
    after = evolve(item, context.event(item.number, MOVE, body | {"clocks": clocks}))
    clocks += _later_dues(item, after, old, context)
    event = context.event(item.number, MOVE, body | ({"clocks": clocks} if clocks else {}))
    after = evolve(item, event)
    why = _unwatched(item, after, old, new)
    if why:
        return fit._replace(verdict=BLOCKED, why=why[0], about=why[1])
    before, later = row_of(item, old).due_at, row_of(after, new).due_at
    settled = settle(after, new, context.now)
    return fit._replace(
        stops=tuple(str(name) for operation, name, *_ in clocks if operation == "stop"),
        starts=tuple(str(name) for operation, name, *_ in clocks if operation in ("start", "continue")),
        old_due=before,
        new_due=later,
        days=_days(before, later, new),
        rungs=sum(one.verb == "escalate" for one in settled.events),
        event=event,
    )


def _check_mapping(mapping: Mapping[str, str], old: Sequence[Definition], new: Definition) -> None:
    """Refuse a mapping from a state that no live item's version has, or to one that the new version lacks."""
    before = dict.fromkeys(state for definition in old for state in definition.states)
    for known, names in ((before, mapping.keys()), (new.states, mapping.values())):
        for name in names:
            if name not in known:
                raise Misused("unknown_state", text=name, states=list(known))


def _obstacles(item: Item, to: str, old: Definition, new: Definition) -> Iterator[tuple[str, str]]:
    """Yield what keeps an item from moving, before any clock is looked at: a code and the name it is about."""
    if new.states[to].final:
        yield "state_final", to
    for request in item.requests:
        if request.is_open and request.kind not in new.requests:
            yield "request_unknown", request.kind
        elif request.is_open and to != item.state:
            yield "request_open", request.kind
    if item.wake and not any(to in transition.sources for transition in new.variants(item.wake[1])):
        yield "wake_unknown", item.wake[1]
    for name, value in item.fields.items():
        before, field = old.fields.get(name), new.fields.get(name)
        if before and field and before.kind != field.kind:
            yield "field_kind", name
        elif field and field.kind == "choice" and value not in ("", None) and str(value) not in field.choices:
            yield "choice_unknown", name


# -- the clocks ------------------------------------------------------------------------------------------------------


def _lacking(item: Item, new: Definition, at: int) -> list[Operation]:
    """Stop the clocks that the new version does not have."""
    return [["stop", name, at] for name, run in item.clocks.items() if name not in new.clocks and run.stopped is None]


def _begun(item: Item, to: str, old: Definition, context: Context) -> Iterator[Operation]:
    """Begin the clocks that run where the item stands and did not, or were not there, in the old version."""
    for clock in context.rules.definition.clocks.values():
        run, before = item.clocks.get(clock.name), old.clocks.get(clock.name)
        if to not in clock.runs_in or (run is not None and (run.stopped is None or clock.counts == "once")):
            continue
        watched = before is not None and item.state in (*before.runs_in, *before.pauses_in)
        if watched or (clock.starts_at and not any(verb in item.acts for verb in clock.starts_at)):
            continue
        yield ["start" if run is None or clock.counts == "visit" else "continue", clock.name, context.effective_at]


def _later_dues(item: Item, after: Item, old: Rules, context: Context) -> list[Operation]:
    """List what other limits do to the clocks that go on, as `engine.decide` does where an act sets a limit.

    A date stands as it is, whatever pauses lie behind it, unless an extension was granted; a due moment that comes later begins a new
    cycle.
    """
    new = context.rules
    found: list[Operation] = []
    for moved in moves(item, old, new, after):
        run, before = after.clocks[moved.clock], item.clocks.get(moved.clock)
        clock = new.definition.clocks.get(moved.clock)
        if clock is None or before is None or run.stopped is not None or before.cycle != run.cycle:
            continue
        new_due = moved.new_due
        if _is_new_date(item, old.definition.clocks.get(moved.clock), after, clock) and run.pauses and not run.moves:
            new_due = due(run._replace(pauses=()), clock, after, new.calendar)
            found.append(["move", moved.clock, context.effective_at, new_due])
        if new_due is not None and (moved.old_due is None or new_due > moved.old_due):
            found.append(["cycle", moved.clock])
    return found


def _is_new_date(item: Item, before: Clock | None, after: Item, clock: Clock) -> bool:
    limit = limit_of(clock.limit, after)
    return limit is not None and limit.unit == "on" and (before is None or limit != limit_of(before.limit, item))


def _unwatched(item: Item, after: Item, old: Rules, new: Rules) -> tuple[str, str] | None:
    """Say what a move would talk away: the due moment of the main clock, or the last clock that counts towards one."""
    main = new.definition.main_clock
    run = after.clocks.get(main.name) if main else None
    if main and run and run.stopped is None and due(run, main, after, new.calendar) is None:
        before = item.clocks.get(main.name)
        clock = old.definition.clocks.get(main.name)
        if before and clock and due(before, clock, item, old.calendar) is not None:
            return "due_lost", main.name
    if _counting(item, old) and not _counting(after, new) and not after.wake:
        return "no_clock", after.state
    return None


def _counting(item: Item, rules: Rules) -> bool:
    """Whether a clock runs towards a due moment."""
    clocks = rules.definition.clocks
    return any(
        run.running and name in clocks and due(run, clocks[name], item, rules.calendar) is not None
        for name, run in item.clocks.items()
    )


def _days(before: int | None, later: int | None, rules: Rules) -> int:
    if before is None or later is None:
        return 0
    days = working_days(min(before, later), max(before, later), rules.calendar)
    return days if later >= before else -days
