"""The seams: what the engine asks of storage, of time and of a messenger. One conformance suite holds every `Store` to this page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from engine.delivery import Delivery
    from engine.event import Event, Fact
    from engine.item import Item
    from engine.notice import Notice
    from engine.row import Crossing, EventQuery, ItemQuery, Policy, PolicyRow, Reporter, Row, Step


class TimeSource(Protocol):
    """Gives the present moment."""

    def now(self) -> int:
        """Return microseconds of UTC."""


class Notifier(Protocol):
    """Carries digests of notices out of the database. Nothing of the engine waits for it."""

    def send(self, key: str, text: str) -> str:
        """Deliver one digest under its key and return "", or what went wrong; it is kept and tried again."""


class Reader(Protocol):
    """One consistent view of the database."""

    def setting(self, name: str) -> str | None:
        """Return a setting of the database (`trial`, `installation` …)."""

    def policy(self, kind: str, hash_: str) -> Policy | None:
        """Return a kept definition, calendar or organisation by its hash."""

    def current_hashes(self) -> dict[tuple[str, str], str]:
        """Return (kind, name) → hash of every current policy: one small read at the head of each command."""

    def current(self, kind: str) -> list[Policy]:
        """Return the current policy of a kind, one for each name, without superseded ones."""

    def item(self, number: int) -> Item | None:
        """Return an item."""

    def item_due(self, number: int) -> tuple[Item, int | None] | None:
        """Return an item with the moment at which something next happens to it by itself."""

    def row(self, number: int) -> Row | None:
        """Return an item's row."""

    def resolve(self, name: str) -> list[int]:
        """Return the numbers an officer may mean: a number, a serial, or what serials end in; at most ten."""

    def rows(self, query: ItemQuery) -> Iterator[Row]:
        """Yield rows by number."""

    def due(self, now: int, limit: int = 1000) -> list[int]:
        """Return numbers of items for which something happens by itself at or before `now`, the earliest first.

        To a writer, without those that another writer has in hand.
        """

    def items_due(self, now: int, limit: int) -> list[tuple[Item, int]]:
        """Return those items themselves, each with its moment."""

    def events(self, query: EventQuery) -> Iterator[Event]:
        """Yield entries of the record."""

    def steps(self, query: EventQuery) -> Iterator[Step]:
        """Yield entries of the record, no more of each than a count over all of it reads."""

    def facts(self, query: EventQuery) -> Iterator[Fact]:
        """Yield the same entries with no more of each than an item folds from."""

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last entry, (0, GENESIS) when there is none."""

    def last_at(self) -> int:
        """Return when the last entry was recorded (µs), 0 when there is none."""

    def command(self, command_id: str) -> list[Event]:
        """Return the entries a command left, empty when it is unknown."""

    def crossings(self, item: int | None = None) -> Iterator[Crossing]:
        """Yield crossed rungs in the order of their entries."""

    def notice(self, number: int) -> Notice | None:
        """Return a notice."""

    def notices(
        self, *, receiver: str = "", status: str = "", unseen: bool = False, item: int | None = None
    ) -> Iterator[Notice]:
        """Yield notices by number."""

    def next_notice(self) -> int:
        """Return the number the next notice gets."""

    def next_item(self) -> int:
        """Return the number the next item gets; numbers are never used again."""

    def reporter(self, item: int) -> Reporter | None:
        """Return who reported an item."""

    def reporters(self) -> Iterator[Reporter]:
        """Yield everybody who is kept as a reporter, by item."""

    def policies(self) -> Iterator[PolicyRow]:
        """Yield every kept policy text, superseded ones too, in the order in which they were first loaded."""

    def seals(self) -> list[tuple[int, str]]:
        """Return the signed seals with their numbers, in the order in which they were made."""

    def undelivered(self) -> Iterator[Notice]:
        """Yield sent and released notices that no delivery speaks of yet, by number."""

    def deliveries(self, notice: int | None = None) -> Iterator[Delivery]:
        """Yield the deliveries that were not carried, by notice and target; with `notice` all of that one."""


class Writer(Reader, Protocol):
    """Whoever writes now: what it has looked at (items, a notice, a command's entries) nobody else changes until it ends."""

    def put_setting(self, name: str, value: str) -> None:
        """Set a setting."""

    def put_policy(self, policy: Policy) -> None:
        """Keep a policy text and make it the current one of its kind and name."""

    def append(self, events: Iterable[Event]) -> list[Event]:
        """Number and chain the events after the last entry, keep them, and return them complete.

        Where others wrote since this transaction began, an entry is moved to the moment of theirs: none is recorded before
        the one before it.
        """

    def put_row(self, row: Row) -> None:
        """Insert an item's row, or rewrite it."""

    def put_rows(self, rows: Sequence[Row]) -> None:
        """Insert the rows of several new items; raises as `put_row` does."""

    def rewrite_rows(self, rows: Sequence[Row]) -> None:
        """Rewrite the rows of items that stay in their states; raises as `put_row` does."""

    def put_crossings(self, crossings: Sequence[Crossing]) -> None:
        """Keep crossed rungs; one that is there already raises `Conflict("rung_crossed")`."""

    def put_notices(self, notices: Sequence[Notice]) -> None:
        """Keep new notices, or rewrite ones with the same number."""

    def put_reporter(self, reporter: Reporter) -> None:
        """Keep who reported an item."""

    def put_seal(self, note: str) -> None:
        """Keep a signed seal after those before it."""

    def put_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        """Keep new deliveries, or rewrite ones of the same notice and target."""


class Store(Protocol):
    """Where everything is kept."""

    def read(self) -> AbstractContextManager[Reader]:
        """Open one consistent view."""

    def write(self, items: Iterable[int] = (), *, alone: bool = False) -> AbstractContextManager[Writer]:
        """Open a write transaction: all of it is kept when the block ends, none of it when the block raises.

        `items` are those it is about: taken at once, in the order of their numbers. `alone` keeps every other writer out,
        for whoever changes what all acts depend on. Raises `Conflict("overtaken")`, at any moment, when it has to be done
        again from the beginning.
        """

    def purge(self) -> bool:
        """Take what was erased out of the files as well; False while somebody who reads still holds on to it."""

    def close(self) -> None:
        """Let go of everything."""
