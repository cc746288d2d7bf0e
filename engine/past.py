"""The ledger as it was at an instant: the record folded up to there, under the rules in force then.

Two instants decide what counts. By `as_of` an entry had to be effective; by `known_at` it had to be recorded, so that what was
entered or corrected later does not alter what was reported then. Without `known_at` everything counts that is known by now.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from engine.canonical import parse
from engine.context import Rules
from engine.event import DONE
from engine.evolve import REMARKS, Draft, registered
from engine.ledger import due_of
from engine.policy import CALENDAR, LOADS, ORGANISATION
from engine.row import EventQuery, from_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Known = dict[int, tuple["Item", "Fact"]]
    Batches = Iterable[tuple[list["Row"], "EventQuery | None"]]
    Folding = Callable[[Batches], Iterable[tuple[list["Row"], Known]]]

    from engine.event import Event, Fact
    from engine.item import Item
    from engine.organisation import Organisation
    from engine.policy import PolicyShelf
    from engine.ports import Reader
    from engine.row import Row

Entry = TypeVar("Entry", "Event", "Fact")

BUREAU = "bureau"
"""The name under which the organisation is kept."""

REGISTER = "register"

BATCH = 500
"""How many rows are looked at together: one question for the entries of those to which something happened since."""


class Seen(NamedTuple):
    """An item as it was, the rules it then lived under, and for a closed one the due moment (µs) that its row kept."""

    item: Item
    rules: Rules
    due_at: int | None


class Past:
    """One view of the past over one view of the store. `as_of` and `known_at` are microseconds of UTC, both included."""

    def __init__(self, reader: Reader, shelf: PolicyShelf, as_of: int, known_at: int | None = None) -> None:
        """Find out which policy was in force then: what was loaded last, or for times before any of it what came first."""
        self.as_of, self.known_at = as_of, known_at
        self._reader, self._shelf = reader, shelf
        self._hashes: dict[tuple[str, str], str] = {}
        self._rules: dict[str, Rules] = {}
        for event in reader.events(EventQuery(item=0, result=DONE)):
            if LOADS.get(event.verb) in (CALENDAR, ORGANISATION):  # an item names its definition itself
                body = parse(event.body)
                key = LOADS[event.verb], str(body["name"])
                if self.counts(event) or key not in self._hashes:
                    self._hashes[key] = str(body["hash"])

    def counts(self, event: Event) -> bool:
        """Whether an entry was effective by then, and known."""
        return event.effective_at <= self.as_of and (self.known_at is None or event.recorded_at <= self.known_at)

    def query(self, **conditions: object) -> EventQuery:
        """Return the question for the entries that count and meet other conditions; an earlier `until` among them stays."""
        until = None if self.known_at is None else self.known_at + 1
        asked = EventQuery(**conditions)  # type: ignore[arg-type]  # its own conditions
        ends = [end for end in (asked.until, until) if end is not None]
        return asked._replace(effective_until=self.as_of + 1, until=min(ends, default=None))

    # -- rules -----------------------------------------------------------------------------------------------------------------

    def rules(self, definition: str) -> Rules:
        """Return the rules under a definition's hash with the calendar and organisation in force then.

        Raises `Unavailable("policy_missing")` when a text is not kept.
        """
        found = self._rules.get(definition)
        if found is None:
            reader, shelf = self._reader, self._shelf
            known = shelf.definition(reader, definition)
            calendar = shelf.calendar(reader, self._hashes.get((CALENDAR, known.calendar), ""))
            found = self._rules[definition] = Rules(known, calendar, self.organisation())
        return found

    def organisation(self) -> Organisation:
        """Return the organisation in force then; raises `Unavailable("policy_missing")` when there never was one."""
        return self._shelf.organisation(self._reader, self._hashes.get((ORGANISATION, BUREAU), ""))

    # -- items -----------------------------------------------------------------------------------------------------------------

    def item(self, number: int) -> Seen | None:
        """Return one item as it was, None when it was not registered by then."""
        return self._seen(folded(self._reader.facts(self.query(item=number, result=DONE))).get(number))

    def items(
        self,
        rows: Iterable[Row],
        progress: Callable[[int], None] | None = None,
        folding: Folding | None = None,
    ) -> Iterator[Seen]:
        """Yield the items of those rows as they were, in their order, without the ones not registered by then.

        A row to which nothing happened since is taken as it stands. `progress` is told how many rows have been looked at.
        `folding` answers batches of rows with what the questions beside them fold to, each in its turn: elsewhere than here,
        where several processors are to be at it.
        """
        untouched, done = self._untouched(), 0
        for batch, known in (folding or self._here)(self._batches(rows, untouched)):
            for row in batch:
                if row.last_seq <= untouched:
                    yield Seen(from_text(row.body), self.rules(row.definition), None if row.open else row.due_at)
                elif seen := self._seen(known.get(row.number)):
                    yield seen
            done += len(batch)
            if progress:
                progress(done)

    def _batches(self, rows: Iterable[Row], untouched: int) -> Batches:
        """Cut the rows into batches, each with the question for the entries of those to which something happened since.

        Whoever else asks it may see a later record than this view, and must find the same.
        """
        source, (head, _) = iter(rows), self._reader.head()
        while batch := list(islice(source, BATCH)):
            changed = tuple(row.number for row in batch if row.last_seq > untouched)
            yield batch, self.query(items=changed, result=DONE, upto=head) if changed else None

    def _here(self, batches: Batches) -> Iterable[tuple[list[Row], Known]]:
        return ((batch, folded(self._reader.facts(asked)) if asked else {}) for batch, asked in batches)

    def _untouched(self) -> int:
        """Return the number of the last entry before the first one that was not recorded by then; none before it is later."""
        by = self.as_of if self.known_at is None else min(self.as_of, self.known_at)
        first = next(iter(self._reader.events(EventQuery(since=by + 1, limit=1))), None)
        return self._reader.head()[0] if first is None else first.seq - 1

    def _seen(self, found: tuple[Item, Fact] | None) -> Seen | None:
        if found is None:
            return None
        item, last = found
        rules = self.rules(item.definition)
        if not rules.definition.states[item.state].final:
            return Seen(item, rules, None)
        # a closed item's row keeps the due moment of the calendar of its last entry
        kept = rules._replace(calendar=self._shelf.calendar(self._reader, last.calendar))
        return Seen(item, rules, due_of(item, kept))


def folded(facts: Iterable[Entry]) -> dict[int, tuple[Item, Entry]]:
    """Fold the entries that count; return each item they are about, and the last of its entries.

    A move to another version may not count while an act that was entered after it does: the item then lives under the version
    that the act was done under.
    """
    drafts: dict[int, Draft] = {}
    last: dict[int, Entry] = {}
    every = list(facts)
    # the bodies are read all at once: one by one it takes twice as long
    bodies = json.loads(f"[{','.join([event.body for event in every])}]")
    for event, body in zip(every, bodies, strict=True):
        number = event.item
        draft = drafts.get(number)
        if draft is None:
            if event.verb != REGISTER:
                continue  # what another item brought about, as of a moment before this one came in
            draft = drafts[number] = Draft(registered(event, body))
        draft.take(event, body)
        if draft.definition != event.definition and event.verb not in REMARKS:
            draft.definition = event.definition
        last[number] = event
    return {number: (draft.item(), last[number]) for number, draft in drafts.items()}
