"""What one person may see of the database: a `Reader` that holds nothing else. Every question asks through one of these."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Self, TypeVar

from engine.row import EventQuery, ItemQuery, from_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from engine.delivery import Delivery
    from engine.event import Event, Fact
    from engine.item import Item
    from engine.notice import Notice
    from engine.ports import Reader, Store
    from engine.row import Crossing, Policy, PolicyRow, Reporter, Row, Step
    from engine.scope import Scope

Entry = TypeVar("Entry", "Event", "Fact", "Step")


class View:
    """One consistent view through somebody's eyes: an item out of scope is not there, nor is anything about it."""

    def __init__(self, store: Store, scope: Scope) -> None:
        """Look into a store as far as a scope reaches."""
        self._opened, self.scope = store.read(), scope
        self._seen: dict[int, bool] = {}
        self._told: frozenset[int] | None = None
        self._own: frozenset[int] | None = None
        self._reader: Reader

    def __enter__(self) -> Self:
        self._reader = self._opened.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.__exit__(kind, error, trace)

    # -- what is nobody's secret

    def setting(self, name: str) -> str | None:
        """Return a setting of the database."""
        return self._reader.setting(name)

    def policy(self, kind: str, hash_: str) -> Policy | None:
        """Return a kept definition, calendar or organisation by its hash."""
        return self._reader.policy(kind, hash_)

    def current_hashes(self) -> dict[tuple[str, str], str]:
        """Return (kind, name) → hash of every current policy."""
        return self._reader.current_hashes()

    def current(self, kind: str) -> list[Policy]:
        """Return the current policy of a kind."""
        return self._reader.current(kind)

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last entry."""
        return self._reader.head()

    def last_at(self) -> int:
        """Return when the last entry was made."""
        return self._reader.last_at()

    def seals(self) -> list[tuple[int, str]]:
        """Return the signed seals with their numbers: they name no item."""
        return self._reader.seals()

    def policies(self) -> Iterator[PolicyRow]:
        """Yield every kept policy."""
        return self._reader.policies()

    def next_notice(self) -> int:
        """Return the number the next notice gets."""
        return self._reader.next_notice()

    def next_item(self) -> int:
        """Return the number the next item gets."""
        return self._reader.next_item()

    # -- items

    def sees(self, number: int) -> bool:
        """Whether an item is in scope; what is about no item (0) is for everybody."""
        if self.scope.whole or not number:
            return True
        if number not in self._seen:
            item = self._reader.item(number)
            self._seen[number] = item is not None and self._in_scope(item)
        return self._seen[number]

    def item(self, number: int) -> Item | None:
        """Return an item."""
        return self._reader.item(number) if self.sees(number) else None

    def item_due(self, number: int) -> tuple[Item, int | None] | None:
        """Return an item with the moment at which something next happens to it by itself."""
        return self._reader.item_due(number) if self.sees(number) else None

    def row(self, number: int) -> Row | None:
        """Return an item's row."""
        return self._reader.row(number) if self.sees(number) else None

    def resolve(self, name: str) -> list[int]:
        """Return the numbers that may be meant, of those in scope."""
        found = self._reader.resolve(name)
        if self.scope.whole:
            return found
        seen = [number for number in found if self.sees(number)]
        if seen or not found or not name:
            return seen
        ends = (row.number for row in self.rows(ItemQuery(text=name)) if row.serial.endswith(name))
        return list(islice(ends, 10))  # the store stops at ten, and those were not ours

    def rows(self, query: ItemQuery) -> Iterator[Row]:
        """Yield rows by number."""
        if self.scope.whole:
            yield from self._reader.rows(query)
            return
        yield from islice(self._rows(query._replace(limit=0)), query.limit or None)

    def _rows(self, query: ItemQuery) -> Iterator[Row]:
        words = [f'"{word}"' for word in self.scope.words()]
        known = self._told_about() | self._registered()
        for row in self._reader.rows(query):  # most are passed over unread
            if row.number in known or (
                any(word in row.body for word in words) and self.scope.sees(from_text(row.body))
            ):
                yield row

    def due(self, now: int, limit: int = 1000) -> list[int]:
        """Return numbers of items for which something happens by itself at or before `now`."""
        return [number for number in self._reader.due(now, limit) if self.sees(number)]

    def items_due(self, now: int, limit: int) -> list[tuple[Item, int]]:
        """Return those items themselves, each with its moment."""
        return [one for one in self._reader.items_due(now, limit) if self.sees(one[0].number)]

    def reporters(self) -> Iterator[Reporter]:
        """Yield who reported the items I may see."""
        return (reporter for reporter in self._reader.reporters() if self.sees(reporter.item))

    def reporter(self, item: int) -> Reporter | None:
        """Return who reported an item."""
        return self._reader.reporter(item) if self.sees(item) else None

    # -- what is about items

    def events(self, query: EventQuery) -> Iterator[Event]:
        """Yield entries of the record."""
        return self._of_mine(self._reader.events, query)

    def steps(self, query: EventQuery) -> Iterator[Step]:
        """Yield entries of the record, no more of each than a count over all of it reads."""
        return self._of_mine(self._reader.steps, query)

    def facts(self, query: EventQuery) -> Iterator[Fact]:
        """Yield the same entries with no more of each than an item folds from."""
        return self._of_mine(self._reader.facts, query)

    def _of_mine(self, ask: Callable[[EventQuery], Iterator[Entry]], query: EventQuery) -> Iterator[Entry]:
        """Yield what is found about items that I may see; what is hidden does not count towards the limit."""
        if self.scope.whole:
            return ask(query)
        found = (entry for entry in ask(query._replace(limit=0)) if self.sees(entry.item))
        return islice(found, query.limit or None)

    def command(self, command_id: str) -> list[Event]:
        """Return the entries a command left."""
        return [event for event in self._reader.command(command_id) if self.sees(event.item)]

    def crossings(self, item: int | None = None) -> Iterator[Crossing]:
        """Yield crossed rungs."""
        return (crossing for crossing in self._reader.crossings(item) if self.sees(crossing.item))

    def notice(self, number: int) -> Notice | None:
        """Return a notice."""
        found = self._reader.notice(number)
        return found if found and self.sees(found.item) else None

    def notices(
        self, *, receiver: str = "", status: str = "", unseen: bool = False, item: int | None = None
    ) -> Iterator[Notice]:
        """Yield notices by number."""
        found = self._reader.notices(receiver=receiver, status=status, unseen=unseen, item=item)
        return (notice for notice in found if self.sees(notice.item))

    def undelivered(self) -> Iterator[Notice]:
        """Yield notices that no delivery speaks of yet, about items I may see."""
        return (notice for notice in self._reader.undelivered() if self.sees(notice.item))

    def deliveries(self, notice: int | None = None) -> Iterator[Delivery]:
        """Yield deliveries of notices I may see."""
        return (one for one in self._reader.deliveries(notice) if self.notice(one.notice))

    # -- inside

    def _in_scope(self, item: Item) -> bool:
        if self.scope.sees(item) or item.number in self._told_about():
            return True
        # a new round forgets who registered; the record does not
        first = self._reader.events(EventQuery(item=item.number, verb="register", limit=1)) if item.round > 1 else ()
        return any(self.scope.registered((event.decider, event.enterer)) for event in first)

    def _told_about(self) -> frozenset[int]:
        """Return the items that this person was told about: a notice names its receiver."""
        if self._told is None:
            found = (n.item for desk in self.scope.desks for n in self._reader.notices(receiver=desk))
            self._told = frozenset(found)
        return self._told

    def _registered(self) -> frozenset[int]:
        """Return the items that people of the units registered."""
        if self._own is None:
            found = self._reader.events(EventQuery(verb="register", result="done"))
            self._own = frozenset(e.item for e in found if self.scope.registered((e.decider, e.enterer)))
        return self._own
