"""The store in memory: for forecasts on a copy, and for tests. It keeps to the same contract as a database.

A transaction works on copies of the tables it changes, made when it first changes them; a reader keeps the tables it
began with. The record alone is one growing list: a reader looks no further than it went when the reader began.
"""

from __future__ import annotations

from operator import attrgetter
from threading import Lock, get_ident
from typing import TYPE_CHECKING, NamedTuple, Self

from engine.chain import GENESIS, link
from engine.delivery import Delivery
from engine.errors import Conflict
from engine.event import Event, Fact
from engine.notice import RELEASED, SENT, Notice
from engine.row import Crossing, Policy, PolicyRow, Reporter, Row, Step, from_text
from storage.statements import MOST_MEANT, folded
from storage.text import refuse_bad, refuse_fixed, refuse_surrogate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from engine.item import Item
    from engine.row import EventQuery, ItemQuery


class _Tables(NamedTuple):
    """One committed state: dictionaries that nobody changes any more, and how far the record goes."""

    settings: dict[str, str]
    policies: dict[tuple[str, str, str], Policy]
    current: dict[tuple[str, str], Policy]
    rows: dict[int, Row]
    serials: dict[str, int]
    crossings: dict[tuple[int, str, int, int], Crossing]
    notices: dict[int, Notice]
    deliveries: dict[tuple[int, str], Delivery]
    reporters: dict[int, Reporter]
    seals: dict[int, str]
    last: int


_NOTHING = _Tables({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, 0)


class MemoryStore:
    """A `Store` whose data lives and dies with it. Threads may share it."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        """Begin empty, with the settings that are fixed when a database is made."""
        self.tables = _NOTHING._replace(settings=dict(settings or {}))
        self.record: list[Event] = []
        self.lock = Lock()
        self.writer = 0

    def read(self) -> MemoryReader:
        """Open one consistent view."""
        return MemoryReader(self)

    def write(self, items: Iterable[int] = (), *, alone: bool = False) -> MemoryWriter:  # noqa: ARG002 - there is one writer
        """Open the one write transaction."""
        return MemoryWriter(self)

    def purge(self) -> bool:
        """Nothing of what was erased is left anywhere."""
        return True

    def close(self) -> None:
        """Let go of nothing: it may be looked at again."""


class MemoryReader:
    """A `Reader`."""

    def __init__(self, store: MemoryStore) -> None:
        """Begin nothing yet."""
        self._store = store
        self._record = store.record
        self._tables = store.tables

    def __enter__(self) -> Self:
        self._tables = self._store.tables
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    # -- settings and policy

    def setting(self, name: str) -> str | None:
        """Return a setting."""
        return self._tables.settings.get(name)

    def policy(self, kind: str, hash_: str) -> Policy | None:
        """Return a kept definition, calendar or organisation by its hash."""
        return next((p for p in self._tables.policies.values() if (p.kind, p.hash) == (kind, hash_)), None)

    def current_hashes(self) -> dict[tuple[str, str], str]:
        """Return (kind, name) → hash of every current policy."""
        return {key: policy.hash for key, policy in sorted(self._tables.current.items())}

    def current(self, kind: str) -> list[Policy]:
        """Return the current policy of a kind, by name."""
        return [policy for (each, _), policy in sorted(self._tables.current.items()) if each == kind]

    # -- items

    def item(self, number: int) -> Item | None:
        """Return an item."""
        row = self.row(number)
        return from_text(row.body) if row else None

    def item_due(self, number: int) -> tuple[Item, int | None] | None:
        """Return an item with the moment at which something next happens to it by itself."""
        row = self.row(number)
        return (from_text(row.body), row.next_at) if row else None

    def row(self, number: int) -> Row | None:
        """Return an item's row."""
        return self._tables.rows.get(number)

    def resolve(self, name: str) -> list[int]:
        """Return the numbers that may be meant: the item of that number, else of that serial, else serials' ends."""
        refuse_surrogate(name, "item")
        rows, serials = self._tables.rows, self._tables.serials
        if name.isascii() and name.isdecimal() and name[0] != "0" and int(name) in rows:
            return [int(name)]
        if name in serials:
            return [serials[name]]
        ends = sorted(number for serial, number in serials.items() if name and serial.endswith(name))
        return ends[:MOST_MEANT]

    def rows(self, query: ItemQuery) -> Iterator[Row]:
        """Yield rows by number."""
        rows = self._tables.rows
        found = [rows[number] for number in sorted(rows) if _wanted(rows[number], query)]
        return iter(found[: query.limit or None])

    def due(self, now: int, limit: int = 1000) -> list[int]:
        """Return numbers of items for which something happens by itself at or before `now`, the earliest first."""
        rows = self._tables.rows.values()
        found = sorted((row.next_at, row.number) for row in rows if row.next_at is not None and row.next_at <= now)
        return [number for _, number in found[:limit]]

    def items_due(self, now: int, limit: int) -> list[tuple[Item, int]]:
        """Return those items themselves, each with its moment."""
        found = [self._tables.rows[number] for number in self.due(now, limit)]
        return [(from_text(row.body), row.next_at) for row in found if row.next_at is not None]

    def next_item(self) -> int:
        """Return the number the next item gets."""
        used = max((event.item for event in self._entries()), default=0)
        return max(used, max(self._tables.rows, default=0)) + 1

    def reporter(self, item: int) -> Reporter | None:
        """Return who reported an item."""
        return self._tables.reporters.get(item)

    def reporters(self) -> Iterator[Reporter]:
        """Yield everybody who is kept as a reporter, by item."""
        return iter([reporter for _, reporter in sorted(self._tables.reporters.items())])

    def policies(self) -> Iterator[PolicyRow]:
        """Yield every kept policy text, superseded ones too, in the order in which they were first loaded."""
        current = self._tables.current
        return iter(
            [
                PolicyRow(seq, *kept, int(current[kept.kind, kept.name].hash == kept.hash))
                for seq, kept in enumerate(self._tables.policies.values(), 1)
            ]
        )

    def seals(self) -> list[tuple[int, str]]:
        """Return the signed seals with their numbers, in the order in which they were made."""
        return sorted(self._tables.seals.items())

    # -- the record

    def events(self, query: EventQuery) -> Iterator[Event]:
        """Yield entries of the record."""
        found = [event for event in self._entries() if _asked(event, query)]
        if query.newest:
            found.reverse()
        if query.items:
            found.sort(key=attrgetter("item"))
        return iter(found[: query.limit or None])

    def facts(self, query: EventQuery) -> Iterator[Fact]:
        """Yield the same entries with no more of each than an item folds from."""
        return (Fact(*map(event.__getattribute__, Fact._fields)) for event in self.events(query))

    def steps(self, query: EventQuery) -> Iterator[Step]:
        """Yield entries of the record, no more of each than a count over all of it reads."""
        return (Step(e.item, e.decider, e.enterer, e.effective_at, e.body) for e in self.events(query))

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last entry, (0, GENESIS) when there is none."""
        last = self._tables.last
        return (last, self._record[last - 1].hash) if last else (0, GENESIS)

    def last_at(self) -> int:
        """Return when the last entry was recorded (µs), 0 when there is none."""
        last = self._tables.last
        return self._record[last - 1].recorded_at if last else 0

    def command(self, command_id: str) -> list[Event]:
        """Return the entries a command left, empty when it is unknown."""
        return [event for event in self._entries() if command_id and event.command_id == command_id]

    # -- rungs and notices

    def crossings(self, item: int | None = None) -> Iterator[Crossing]:
        """Yield crossed rungs in the order of their entries."""
        found = (crossing for crossing in self._tables.crossings.values() if item in {None, crossing.item})
        return iter(sorted(found, key=lambda crossing: (crossing.seq, *crossing)))

    def notice(self, number: int) -> Notice | None:
        """Return a notice."""
        return self._tables.notices.get(number)

    def notices(
        self, *, receiver: str = "", status: str = "", unseen: bool = False, item: int | None = None
    ) -> Iterator[Notice]:
        """Yield notices by number."""
        return iter(
            [
                notice
                for _, notice in sorted(self._tables.notices.items())
                if receiver in {"", notice.receiver}
                and status in {"", notice.status}
                and not (unseen and notice.acked_at is not None)
                and item in {None, notice.item}
            ]
        )

    def undelivered(self) -> Iterator[Notice]:
        """Yield sent and released notices that no delivery speaks of yet, by number."""
        known = {notice for notice, _ in self._tables.deliveries}
        last = max(known, default=0)
        return iter(
            [
                notice
                for number, notice in sorted(self._tables.notices.items())
                if (notice.status == SENT and number > last) or (notice.status == RELEASED and number not in known)
            ]
        )

    def deliveries(self, notice: int | None = None) -> Iterator[Delivery]:
        """Yield the deliveries that were not carried, by notice and target; with `notice` all of that one."""
        found = [one for _, one in sorted(self._tables.deliveries.items())]
        return iter([one for one in found if (one.carried_at is None if notice is None else one.notice == notice)])

    def next_notice(self) -> int:
        """Return the number the next notice gets."""
        return max(self._tables.notices, default=0) + 1

    def _entries(self) -> list[Event]:
        return self._record[: self._tables.last]


class MemoryWriter(MemoryReader):
    """A `Writer`: others wait until it ends."""

    def __init__(self, store: MemoryStore) -> None:
        """Begin nothing yet."""
        super().__init__(store)
        self._own: set[str] = set()

    def __enter__(self) -> Self:
        store = self._store
        if store.writer == get_ident():
            message = "a transaction of this store is under way"
            raise RuntimeError(message)
        store.lock.acquire()
        store.writer = get_ident()
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        store = self._store
        if error is None:
            store.tables = self._tables
        del store.record[store.tables.last :]
        store.writer = 0
        store.lock.release()

    def put_setting(self, name: str, value: str) -> None:
        """Set a setting; `trial` is fixed when a store is made: `Misused("trial_stays")`."""
        refuse_fixed(name)
        refuse_bad((name, value), ("name", "value"))
        self._owned("settings")
        self._tables.settings[name] = value

    def put_policy(self, policy: Policy) -> None:
        """Keep a policy text and make it the current one of its kind and name."""
        refuse_bad(policy, Policy._fields)
        self._owned("policies", "current")
        key = (policy.kind, policy.hash, policy.name)
        kept = self._tables.policies.get(key, policy)._replace(index_text=policy.index_text)
        self._tables.policies[key] = self._tables.current[policy.kind, policy.name] = kept

    def append(self, events: Iterable[Event]) -> list[Event]:
        """Number and chain the events after the last entry, keep them, and return them complete."""
        events = list(events)
        for event in events:
            refuse_bad(event, Event._fields)
        complete = link(events, *self.head())
        self._record += complete
        self._tables = self._tables._replace(last=len(self._record))
        return complete

    def put_row(self, row: Row) -> None:
        """Insert an item's row, or rewrite it; a serial that another item has raises `Conflict("serial_taken")`."""
        refuse_bad(row, Row._fields)
        if self._tables.serials.get(row.serial, row.number) != row.number:
            raise Conflict("serial_taken", serial=row.serial)
        self._owned("rows", "serials")
        before = self._tables.rows.get(row.number)
        if before:
            del self._tables.serials[before.serial]
        self._tables.serials[row.serial] = row.number
        self._tables.rows[row.number] = row

    def put_rows(self, rows: Sequence[Row]) -> None:
        """Insert the rows of several new items; raises as `put_row` does."""
        for row in rows:
            self.put_row(row)

    def rewrite_rows(self, rows: Sequence[Row]) -> None:
        """Rewrite the rows of items that stay in their states; raises as `put_row` does."""
        self.put_rows(rows)

    def put_crossings(self, crossings: Sequence[Crossing]) -> None:
        """Keep crossed rungs; one that is there already raises `Conflict("rung_crossed")`."""
        self._owned("crossings")
        for crossing in crossings:
            refuse_bad(crossing, Crossing._fields)
            if self._tables.crossings.setdefault(crossing[:4], crossing) is not crossing:
                item, clock, cycle, level = crossing[:4]
                raise Conflict("rung_crossed", item=item, clock=clock, cycle=cycle, level=level)

    def put_notices(self, notices: Sequence[Notice]) -> None:
        """Keep new notices, or rewrite ones with the same number."""
        self._owned("notices")
        for notice in notices:
            refuse_bad(notice, Notice._fields)
            self._tables.notices[notice.number] = notice

    def put_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        """Keep new deliveries, or rewrite ones of the same notice and target."""
        self._owned("deliveries")
        for one in deliveries:
            refuse_bad(one, Delivery._fields)
            self._tables.deliveries[one.notice, one.target] = one

    def put_reporter(self, reporter: Reporter) -> None:
        """Keep who reported an item."""
        refuse_bad(reporter, Reporter._fields)
        self._owned("reporters")
        self._tables.reporters[reporter.item] = reporter

    def put_seal(self, note: str) -> None:
        """Keep a signed seal after those before it."""
        refuse_bad((note,), ("note",))
        self._owned("seals")
        self._tables.seals[len(self._tables.seals) + 1] = note

    def _owned(self, *names: str) -> None:
        """Copy these tables unless this transaction has done so: readers go on looking at the old ones."""
        for name in names:
            if name not in self._own:
                self._own.add(name)
                self._tables = self._tables._replace(**{name: getattr(self._tables, name).copy()})


def _wanted(row: Row, query: ItemQuery) -> bool:
    """Return whether a row meets every condition that is given."""
    lists = (
        (query.numbers, row.number),
        (query.states, row.state),
        (query.stages, row.stage),
        (query.lead_units, row.lead_unit),
        (query.tracks, row.track),
        (query.sources, row.source),
        (query.workflows, row.workflow),
    )
    return (
        all(not wanted or value in wanted for wanted, value in lists)
        and query.handler in {"", row.handler}
        and query.open in {None, bool(row.open)}
        and (query.due_before is None or (row.due_at is not None and row.due_at < query.due_before))
        and (not query.related or query.reference in row.related)
        and folded(query.text) in folded(f"{row.serial}\n{row.title}")
    )


def _asked(event: Event, query: EventQuery) -> bool:
    """Return whether an entry meets every condition that is given."""
    return (
        query.item in {None, event.item}
        and (not query.items or event.item in query.items)
        and query.person in {"", event.decider, event.enterer}
        and query.verb in {"", event.verb}
        and query.result in {"", event.result}
        and (query.since is None or event.recorded_at >= query.since)
        and (query.until is None or event.recorded_at < query.until)
        and (query.effective_until is None or event.effective_at < query.effective_until)
        and event.seq > query.after
        and (not query.upto or event.seq <= query.upto)
    )
