"""What two databases answer alike: the questions of a `Reader`, put in the same statements and read into the same values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from engine.chain import GENESIS
from engine.delivery import Delivery
from engine.event import Event, Fact
from engine.notice import Notice
from engine.row import Crossing, Policy, PolicyRow, Reporter, Row, Step, from_text
from storage import statements
from storage.statements import MOST_MEANT
from storage.text import refuse_surrogate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Protocol

    from engine.item import Item
    from engine.row import EventQuery, ItemQuery
    from storage.statements import Dialect

    class Store(Protocol):
        """What a reader keeps with its store: the current policy, as it was last seen."""

        in_force: tuple[str, dict[tuple[str, str], str]]


_LONGEST_NUMBER = 18  # digits of what surely fits into 64 bits


class SqlReader(ABC):
    """The part of a `Reader` that is the same in every database; how it is asked is said by the one that inherits."""

    __slots__ = ("_hashes", "_last")
    _dialect: Dialect
    _store: Store

    def __init__(self) -> None:
        """Know nothing yet."""
        self._hashes: dict[tuple[str, str], str] | None = None
        self._last: tuple[int, str, int] | None = None

    # -- settings and policy

    def setting(self, name: str) -> str | None:
        """Return a setting of the database."""
        found = self._ask(statements.SETTING, name)
        return found[0][0] if found else None

    def policy(self, kind: str, hash_: str) -> Policy | None:
        """Return a kept definition, calendar or organisation by its hash."""
        found = self._ask(statements.POLICY, kind, hash_)
        return Policy._make(found[0]) if found else None

    def current_hashes(self) -> dict[tuple[str, str], str]:
        """Return (kind, name) → hash of every current policy."""
        if self._hashes is None:
            found = self._ask(statements.CURRENT_HASHES)
            self._hashes = {(kind, name): hash_ for _, kind, name, hash_ in found}
            self._store.in_force = ",".join([str(seq) for seq, *_ in found]), self._hashes
        return self._hashes

    def current(self, kind: str) -> list[Policy]:
        """Return the current policy of a kind, by name."""
        return [Policy._make(found) for found in self._ask(statements.CURRENT, kind)]

    def policies(self) -> Iterator[PolicyRow]:
        """Yield every kept policy text, superseded ones too, in the order in which they were first loaded."""
        return map(PolicyRow._make, self._ask(statements.POLICIES))

    # -- items

    def item(self, number: int) -> Item | None:
        """Return an item."""
        found = self._ask(statements.ITEM, number)
        return from_text(found[0][0]) if found else None

    def row(self, number: int) -> Row | None:
        """Return an item's row."""
        found = self._ask(statements.ROW, number)
        return Row._make(found[0]) if found else None

    def resolve(self, name: str) -> list[int]:
        """Return the numbers that may be meant: the item of that number, else of that serial, else serials' ends."""
        refuse_surrogate(name, "item")
        if "\0" in name:  # no serial holds it, and a server refuses to be asked
            return []
        if name.isascii() and name.isdecimal() and name[0] != "0" and len(name) <= _LONGEST_NUMBER:
            number = int(name)
            if self._ask(statements.ITEM, number):
                return [number]
        found = self._ask(statements.BY_SERIAL, name)
        if not found and name:
            found = self._ask(statements.BY_END, name, MOST_MEANT)
        return [number for (number,) in found]

    def rows(self, query: ItemQuery) -> Iterator[Row]:
        """Yield rows by number."""
        return map(Row._make, self._stream(*statements.rows(query, self._dialect)))

    def due(self, now: int, limit: int = 1000) -> list[int]:
        """Return numbers of items for which something happens by itself at or before `now`, the earliest first."""
        return [number for (number,) in self._ask(statements.DUE, now, limit)]

    def items_due(self, now: int, limit: int) -> list[tuple[Item, int]]:
        """Return those items themselves, each with its moment."""
        return [(from_text(body), next_at) for body, next_at in self._ask(statements.ITEMS_DUE, now, limit)]

    def next_item(self) -> int:
        """Return the number the next item gets."""
        return self._number(statements.NEXT_ITEM)

    # -- reporters and seals

    def reporter(self, item: int) -> Reporter | None:
        """Return who reported an item."""
        found = self._ask(statements.REPORTER, item)
        return Reporter._make(found[0]) if found else None

    def reporters(self) -> Iterator[Reporter]:
        """Yield everybody who is kept as a reporter, by item."""
        return map(Reporter._make, self._stream(statements.REPORTERS))

    def seals(self) -> list[tuple[int, str]]:
        """Return the signed seals with their numbers, in the order in which they were made."""
        return [(number, note) for number, note in self._ask(statements.SEALS)]

    # -- the record

    def events(self, query: EventQuery) -> Iterator[Event]:
        """Yield entries of the record."""
        return map(Event._make, self._stream(*statements.events(query, self._dialect)))

    def steps(self, query: EventQuery) -> Iterator[Step]:
        """Yield entries of the record, no more of each than a count over all of it reads."""
        return map(Step._make, self._stream(*statements.steps(query, self._dialect)))

    def facts(self, query: EventQuery) -> Iterator[Fact]:
        """Yield the same entries with no more of each than an item folds from."""
        return map(Fact._make, self._stream(*statements.facts(query, self._dialect)))

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last entry, (0, GENESIS) when there is none."""
        seq, hash_, _ = self._last_entry()
        return seq, hash_

    def last_at(self) -> int:
        """Return when the last entry was recorded, 0 when there is none."""
        return self._last_entry()[2]

    def command(self, command_id: str) -> list[Event]:
        """Return the entries a command left, empty when it is unknown."""
        return [Event._make(found) for found in self._ask(statements.COMMAND, command_id)]

    # -- rungs and notices

    def crossings(self, item: int | None = None) -> Iterator[Crossing]:
        """Yield crossed rungs in the order of their entries."""
        found = self._stream(statements.CROSSINGS) if item is None else self._stream(statements.CROSSINGS_OF, (item,))
        return map(Crossing._make, found)

    def notice(self, number: int) -> Notice | None:
        """Return a notice."""
        found = self._ask(statements.NOTICE, number)
        return Notice._make(found[0]) if found else None

    def notices(
        self, *, receiver: str = "", status: str = "", unseen: bool = False, item: int | None = None
    ) -> Iterator[Notice]:
        """Yield notices by number."""
        question = statements.notices(receiver=receiver, status=status, unseen=unseen, item=item)
        return map(Notice._make, self._stream(*question))

    def next_notice(self) -> int:
        """Return the number the next notice gets."""
        return self._number(statements.NEXT_NOTICE)

    def undelivered(self) -> Iterator[Notice]:
        """Yield sent and released notices that no delivery speaks of yet, by number."""
        return map(Notice._make, self._stream(statements.UNDELIVERED))

    def deliveries(self, notice: int | None = None) -> Iterator[Delivery]:
        """Yield the deliveries that were not carried, by notice and target; with `notice` all of that one."""
        found = (
            self._stream(statements.DELIVERIES) if notice is None else self._stream(statements.DELIVERIES_OF, (notice,))
        )
        return map(Delivery._make, found)

    # -- inside

    @abstractmethod
    def _ask(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask something with a short answer."""

    @abstractmethod
    def _stream(self, statement: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Ask something whose answer may be long."""

    def _last_entry(self) -> tuple[int, str, int]:
        if self._last is None:
            found = self._ask(statements.HEAD)
            seq, hash_, at = found[0] if found else (0, GENESIS, 0)
            self._last = seq, hash_, at
        return self._last

    def _number(self, statement: str) -> int:
        number: int = self._ask(statement)[0][0]
        return number
