"""A ledger's rows into the record, in one transaction and bounded memory: each registered, and taken over where it stood already."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from engine.correction import correct, wrong_entry
from engine.errors import Conflict, FaultsFound, Misused, Refused, SibanError
from engine.event import CORRECT, Event
from engine.registration import register_one
from engine.row import EventQuery, Reporter, Row
from engine.takeover import Standing, take_over
from engine.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from engine.context import Context, Hand, Rules
    from engine.item import Item
    from engine.office import Office
    from engine.ports import Reader, Writer

    Answers = Generator[tuple["Batch", "Decided | None"], None, None]
    Deciding = Callable[[Reader, int, Iterable["Batch"]], Answers]

AT_ONCE = 500
"""How many items are written together: more would only cost memory."""

HIGHEST = 9_999_999
"""A number in a sheet that is higher is no item's."""

FAULTS = 1000
"""After so many refused rows nobody reads on."""


class Entry(NamedTuple):
    """One row: the fields of its registration, when it came in (µs, None: now), and where it stood since, the oldest first.

    `number` is the item's number in the ledger that is moved here; an empty database goes on with the numbers of old, another
    one has its own.
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


class Batch(NamedTuple):
    """Rows that are entered together, from the `first` on, and what is expected to stand before them.

    That is the number of the last item and that of the last entry, if each row before them leaves what a row mostly does.
    """

    first: int
    entries: list[Entry]
    last_number: int
    last_seq: int


class Decided(NamedTuple):
    """What a batch comes to: everything that is to be written, and what became of each row."""

    events: Sequence[Event]
    rows: Sequence[Row]
    reporters: Sequence[Reporter]
    taken: Sequence[Taken]
    last_number: int


def take_in(  # noqa: PLR0913 - the sheet, the hand, and how it is to be done
    office: Office,
    workflow: str,
    entries: Iterable[Entry],
    hand: Hand,
    *,
    orders: Sequence[Order] = (),
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
    deciding: Deciding | None = None,
) -> list[Taken]:
    """Register the rows of a ledger, each with where it stands already, and do the orders; all or nothing, however many.

    `deciding` is given a view, the moment of entry and the rows in batches, and answers each in its turn with what it comes to,
    elsewhere than here; a batch that it leaves open, or before which something else stands than was expected, is decided here.

    Raises `FaultsFound("entries_refused")` with `faults`: pairs of an index and the error met there, of a row, or counted
    on after the rows, of an order. What a person may not do at all (`not_allowed`) is raised as it is.
    """
    if dry_run:
        with office.store.read() as reader:
            job = _Intake(office, reader, None, workflow, hand)
            return job.take(entries, orders, progress, deciding)
    with office.store.write(alone=True) as writer:
        job = _Intake(office, writer, writer, workflow, hand)
        return job.take(entries, orders, progress, deciding)


class _Intake:
    """One ledger on its way in."""

    def __init__(self, office: Office, reader: Reader, writer: Writer | None, workflow: str, hand: Hand) -> None:
        self.office, self.reader, self.writer, self.hand = office, reader, writer, hand
        self.now = office.moment(writer) if writer else office.time.now()
        self.rules = office.shelf.current(reader, workflow)
        self.last_number = reader.next_item() - 1
        self.fresh = not self.last_number
        self.faults: list[tuple[int, SibanError]] = []
        self.taken: list[Taken] = []

    def take(
        self,
        entries: Iterable[Entry],
        orders: Sequence[Order],
        progress: Callable[[int], None] | None,
        deciding: Deciding | None,
    ) -> list[Taken]:
        """Take in the rows and do the orders; raises what `take_in` raises."""
        count = 0
        with closing((deciding or _here)(self.reader, self.now, self._batches(entries))) as answered:
            for batch, decided in answered:
                count = batch.first + len(batch.entries)
                if decided is not None and self._as_expected(batch):
                    self._keep(decided)
                else:
                    self._decide(batch)
                if len(self.faults) >= FAULTS:
                    break
                if progress:
                    progress(count)
        job = self._work()
        for at, order in enumerate(orders, count):
            try:
                _carry_out(self.office, job, order, self.hand)
            except (Refused, Conflict, Misused) as error:
                self.faults.append((at, error))
        if self.faults:
            raise FaultsFound("entries_refused", faults=self.faults)
        self._write(job)
        return self.taken

    def _batches(self, entries: Iterable[Entry]) -> Iterator[Batch]:
        """Cut the rows into batches; from here on a row has a number of old only where that is kept."""
        source, first, number, seq = map(self._numbered, entries), 0, self.last_number, self.reader.head()[0]
        while some := list(islice(source, AT_ONCE)):
            yield Batch(first, some, number, seq)
            first += len(some)
            for entry in some:
                number = max(number + 1, entry.number)
                seq += 1 + len(entry.standings)

    def _numbered(self, entry: Entry) -> Entry:
        kept = not entry.number or (self.fresh and 0 < entry.number <= HIGHEST)
        return entry if kept else entry._replace(number=0)

    def _as_expected(self, batch: Batch) -> bool:
        """Whether before a batch stands what it was decided under."""
        if self.faults or batch.last_number != self.last_number:
            return False
        # where the record ends later than now, what is written is moved there
        return self.writer is None or (batch.last_seq == self.writer.head()[0] and self.writer.last_at() <= self.now)

    def _decide(self, batch: Batch) -> None:
        """Decide a batch here."""
        job = self._work()
        for index, entry in enumerate(batch.entries, batch.first):
            try:
                self.taken.append(enter(job, self.rules, entry, self.hand, self.office.salt))
            except (Refused, Conflict, Misused) as error:
                if error.code == "not_allowed":
                    raise
                self.faults.append((index, error))
                if len(self.faults) >= FAULTS:
                    return
        if not self.faults:
            self._write(job)
        self.last_number = job.last_number  # writing may bring forth further items

    def _work(self) -> Work:
        return Work(self.reader, self.office.shelf, self.now, self.last_number, self.office.guard)

    def _write(self, job: Work) -> None:
        if self.writer is not None:
            job.flush(self.writer)
            self._put_reporters(job.reporters)

    def _keep(self, decided: Decided) -> None:
        self.taken += decided.taken
        self.last_number = decided.last_number
        if self.writer is not None:
            self.writer.append(decided.events)
            self.writer.put_rows(decided.rows)
            self._put_reporters(decided.reporters)

    def _put_reporters(self, reporters: Iterable[Reporter]) -> None:
        for reporter in reporters:
            self.writer.put_reporter(reporter)  # type: ignore[union-attr]  # only what is written is kept


def enter(job: Work, rules: Rules, entry: Entry, hand: Hand, salt: Callable[[], str] | None = None) -> Taken:
    """Register one row, with its number where it has one, and take it over where it stood already."""
    job.skip_to(entry.number)
    number = register_one(job, rules, entry.fields, hand, entry.came_in, salt=salt).after.number
    for standing in entry.standings:
        job.apply([take_over(job.items[number], standing, job.context(rules, hand, standing.at))])
    item = job.items[number]
    return Taken(number, item.serial, item.state)


def _here(_reader: Reader, _now: int, batches: Iterable[Batch]) -> Answers:
    return ((batch, None) for batch in batches)


def _carry_out(office: Office, job: Work, order: Order, hand: Hand) -> None:
    if order.verb != CORRECT:
        office.act_one(job, order.number, order.verb, order.fields, hand, None)
        return

    def corrected(item: Item, context: Context) -> list[Event]:
        ((field, value),) = office.checked(order.fields, context).items()
        wrong = wrong_entry(item, job.reader.events(EventQuery(item=order.number)), field, context)
        return correct(item, wrong, field, value, order.reason, context)

    office.step(job, order.number, hand, None, corrected)
