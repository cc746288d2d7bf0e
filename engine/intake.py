"""A ledger's rows into the record, in one transaction and bounded memory: each registered, and taken over where it stood already."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.correction import correct, wrong_entry
from engine.errors import Conflict, FaultsFound, Misused, Refused, SibanError
from engine.event import CORRECT
from engine.row import EventQuery
from engine.takeover import Standing, take_over
from engine.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from engine.context import Context, Hand
    from engine.event import Event
    from engine.item import Item
    from engine.office import Office
    from engine.ports import Reader, Writer

AT_ONCE = 500
"""How many items are written together: more would only cost memory."""

HIGHEST = 9_999_999
"""A number in a sheet that is higher is no item's."""

FAULTS = 1000
"""After so many refused rows nobody reads on."""


class Entry(NamedTuple):
    """One row: the fields of its registration, when it came in (µs, None: now), and where it stood since, the oldest first.

    `number` is the item's number in the ledger that is moved here; an empty database goes on with the numbers of old.
    """

    fields: Mapping[str, object]
    came_in: int | None
    standings: tuple[Standing, ...] = ()
    number: int = 0


class Order(NamedTuple):
    """One act on an item that is there already: what a ledger that is read in again says differently."""

    number: int
    verb: str
    fields: Mapping[str, object]
    reason: str = ""


class Taken(NamedTuple):
    """What became of a row."""

    number: int
    serial: str
    state: str


def take_in(
    office: Office,
    workflow: str,
    entries: Iterable[Entry],
    hand: Hand,
    *,
    orders: Sequence[Order] = (),
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> list[Taken]:
    """Register the rows of a ledger, each with where it stands already, and do the orders; all or nothing, however many.

    Raises `FaultsFound("entries_refused")` with `faults`: pairs of an index and the error met there, of a row, or counted
    on after the rows, of an order. What a person may not do at all (`not_allowed`) is raised as it is.
    """
    if dry_run:
        with office.store.read() as reader:
            return _take_in(office, reader, None, workflow, entries, orders, hand, progress)
    with office.store.write(alone=True) as writer:
        return _take_in(office, writer, writer, workflow, entries, orders, hand, progress)


def _take_in(  # noqa: PLR0913, PLR0917 - one call, from above
    office: Office,
    reader: Reader,
    writer: Writer | None,
    workflow: str,
    entries: Iterable[Entry],
    orders: Sequence[Order],
    hand: Hand,
    progress: Callable[[int], None] | None,
) -> list[Taken]:
    now = office.moment(writer) if writer else office.time.now()
    rules = office.shelf.current(reader, workflow)
    faults: list[tuple[int, SibanError]] = []
    taken: list[Taken] = []
    job = Work(reader, office.shelf, now, guard=office.guard)
    empty, index = reader.next_item() == 1, -1
    for index, entry in enumerate(entries):
        if empty and 0 < entry.number <= HIGHEST:
            job.skip_to(entry.number)
        try:
            number = office.register_one(job, rules, entry.fields, hand, entry.came_in, draft=False).after.number
            for standing in entry.standings:
                job.apply([take_over(job.items[number], standing, job.context(rules, hand, standing.at))])
        except (Refused, Conflict, Misused) as error:
            if error.code == "not_allowed":
                raise
            faults.append((index, error))
            if len(faults) >= FAULTS:
                break
            continue
        taken.append(Taken(number, job.items[number].serial, job.items[number].state))
        if len(job.items) >= AT_ONCE:
            _keep(job, writer if not faults else None)
            job = Work(reader, office.shelf, now, 0 if writer and not faults else number, office.guard)
            if progress:
                progress(index + 1)
    for at, order in enumerate(orders, index + 1):
        try:
            _carry_out(office, job, order, hand)
        except (Refused, Conflict, Misused) as error:
            faults.append((at, error))
    if faults:
        raise FaultsFound("entries_refused", faults=faults)
    _keep(job, writer)
    return taken


def _carry_out(office: Office, job: Work, order: Order, hand: Hand) -> None:
    if order.verb != CORRECT:
        office.act_one(job, order.number, order.verb, order.fields, hand, None)
        return

    def corrected(item: Item, context: Context) -> list[Event]:
        ((field, value),) = office.checked(order.fields, context).items()
        wrong = wrong_entry(item, job.reader.events(EventQuery(item=order.number)), field, context)
        return correct(item, wrong, field, value, order.reason, context)

    office.step(job, order.number, hand, None, corrected)


def _keep(job: Work, writer: Writer | None) -> None:
    if writer is None:
        return
    job.flush(writer)
    for reporter in job.reporters:
        writer.put_reporter(reporter)
