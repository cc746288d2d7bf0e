"""One command's unit of work: the items it touches, settled first; the events it makes; and the one write at its end."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from engine.canonical import parse
from engine.context import Context, Rules
from engine.errors import Conflict, Overtaken, Refused
from engine.event import REFUSED, SYSTEM
from engine.evolve import evolve
from engine.ladder import settle
from engine.ledger import row_of
from engine.notice import notices_of
from engine.offspring import born
from engine.recurrence import RECUR
from engine.row import Crossing, ItemQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from engine.context import Hand
    from engine.event import Event
    from engine.item import Item
    from engine.ladder import Coming
    from engine.policy import PolicyShelf
    from engine.ports import Reader, Writer
    from engine.row import Reporter
    from engine.secrecy import Guard


T = TypeVar("T")

_made = tuple.__new__  # half the time of a call of the class, and this is in every act

MOST_TRIES = 10
"""How often a transaction that was overtaken is begun again before whoever asked for it is told."""


class Outcome(NamedTuple):
    """What a command did to one item: before, after, the events of the act and those that had come due."""

    before: Item | None
    after: Item
    events: tuple[Event, ...]
    settled: tuple[Event, ...]
    rules: Rules


class Work:
    """Collects, then writes once. Nothing reaches the store before `flush`."""

    def __init__(
        self, reader: Reader, shelf: PolicyShelf, now: int, last_number: int = 0, guard: Guard | None = None
    ) -> None:
        """Begin at an instant over one view of the store; `last_number` is the last that was given and is not yet in it.

        `guard` looks at what people wrote before it becomes an entry.
        """
        self.reader, self.shelf, self.now, self.guard = reader, shelf, now, guard
        self.items: dict[int, Item] = {}
        self.before: dict[int, Item | None] = {}
        self.coming: dict[int, Coming | None] = {}
        self.settled: list[Event] = []
        self.events: list[Event] = []
        self.reporters: list[Reporter] = []
        self.current = 0
        self._facts: dict[str, Mapping[str, object]] = {}
        # settle no further than this: the rest comes after what others have due before it
        self.until: int | None = None
        self._rules: dict[str, Rules] = {}
        self._recurs = False  # whether any of them brings something forth
        self.last_number = last_number
        self._brought: set[Event] = set()

    def load(self, number: int) -> Item:
        """Return an item with all that has come due by now settled; raises `Refused("unknown_item")`."""
        if number in self.items:
            return self.items[number]
        found = self.reader.item_due(number)
        if found is None:
            raise Refused("unknown_item", name=str(number))
        return self._take(*found)

    def _take(self, item: Item, next_at: int | None) -> Item:
        number = item.number
        self.before[number] = item
        if next_at is not None and next_at <= self.now:
            item, events, self.coming[number] = settle(item, self.rules(item), self.now, self.until, self._facts)
            self.settled += events
        self.items[number] = item
        return item

    def gather(self, found: list[tuple[Item, int]], *, whole: bool) -> list[int]:
        """Take a batch of what is due, the earliest first; return the numbers that it holds in the end.

        Where it is not the `whole`, nobody's second rung may come before another's first, and no moment may be divided between
        two batches, or it would depend on what else was in the batch whose entry of that moment comes first. A moment that
        fills a batch is divided by the items' numbers, unless something is brought forth then: that comes after all else.
        """
        if not whole:
            first, last = found[0][1], found[-1][1]
            self.until = last if first == last else last - 1
            found = [one for one in found if one[1] <= self.until]
        numbers = [self._take(*one).number for one in found]
        if self.until is not None and any(event.verb == RECUR for event in self.settled):
            numbers = self.reader.due(self.until, 1 << 60)
            for number in numbers:
                self.load(number)
        return numbers

    def put_in_order(self) -> None:
        """Put what had come due over several items in the order of its moments, at one moment by the items' numbers.

        A rung that was held keeps its planned moment and still comes after what let it go: each item's own order stays.
        """
        latest: dict[int, int] = {}
        keyed: list[tuple[int, int, Event]] = []
        for event in self.settled:
            latest[event.item] = max(event.effective_at, latest.get(event.item, event.effective_at))
            keyed.append((latest[event.item], event.item, event))
        self.settled = [event for *_, event in sorted(keyed, key=itemgetter(0, 1))]
        if self._bring_forth(self.settled):
            self.put_in_order()

    def _bring_forth(self, events: list[Event]) -> bool:
        """Register what recurring items have brought forth, each right after the entry that says so, with what is due of it."""
        if not self._recurs or not [e for e in events if e.verb == RECUR and e not in self._brought]:
            return False
        whole: list[Event] = []
        for call in events:
            whole.append(call)
            if call.verb != RECUR or call in self._brought:
                continue
            self._brought.add(call)
            series = self.items[call.item]
            rules = self.rules(series)
            for event in born(series, call, rules, self.new_number):
                self.before[event.item] = None
                item, due, self.coming[event.item] = settle(
                    evolve(None, event), rules, self.now, self.until, self._facts
                )
                self.items[event.item] = item
                whole += [event, *due]
        events[:] = whole
        return True

    def settled_of(self, number: int) -> tuple[Event, ...]:
        """Return what had come due for an item before the command acted on it."""
        return tuple([event for event in self.settled if event.item == number]) if self.settled else ()

    def rules(self, item: Item) -> Rules:
        """Return the rules an item lives under."""
        try:
            return self._rules[item.definition]
        except KeyError:
            found = self._rules[item.definition] = self.shelf.rules(self.reader, item.definition)
            self._recurs = self._recurs or found.definition.recurs is not None
            return found

    def peek(self, number: int) -> Item | None:
        """Return an item as it stands, loaded or not, without settling it."""
        return self.items.get(number) or self.reader.item(number)

    def context(self, rules: Rules, hand: Hand, effective_at: int, *, chosen: bool = False) -> Context:
        """Make the context of one decision."""
        return _made(Context, (rules, hand, self.now, effective_at, self.peek, chosen, self._facts, self.parts))

    def parts(self, relation: str) -> list[Item]:
        """Return the items that refer to one (`project:12`), as they stand now."""
        found = [row.number for row in self.reader.rows(ItemQuery(related=relation))]
        return [item for number in found if (item := self.peek(number))]

    def new_number(self) -> int:
        """Return the number of the next item to be registered."""
        self.last_number = self.last_number + 1 if self.last_number else self.reader.next_item()
        return self.last_number

    def skip_to(self, number: int) -> None:
        """Let the next item to be registered have this number, if it is higher than the last."""
        self.last_number = max(self.last_number, number - 1)

    def apply(self, events: Iterable[Event]) -> None:
        """Fold decided events into the items they are about, and settle what they brought about; raises what the guard raises."""
        for event in self.guard.admit(events) if self.guard else events:
            known = self.items.get(event.item)
            if known is None and event.verb != "register":
                known = self.load(event.item)
            self.before.setdefault(event.item, known)
            item = evolve(known, event, self._facts.get(event.body))
            self.events.append(event)
            self.items[event.item], due, self.coming[event.item] = settle(
                item, self.rules(item), self.now, facts=self._facts
            )
            self.events += due

    def take(self, reporter: Reporter) -> None:
        """Keep who reported an item until the end, unless the guard refuses what stands there."""
        if self.guard:
            self.guard.refuse(f"{reporter.name}\n{reporter.contact}", "reporter")
        self.reporters.append(reporter)

    def forget(self) -> None:
        """Drop everything but what had come due anyway: the command was refused."""
        self.items, self.coming, self.events, self.last_number = {}, {}, [], 0
        for event in self.settled:
            known = self.items.get(event.item) or self.before[event.item]
            self.items[event.item] = evolve(known, event)

    def refresh(self, writer: Writer) -> None:
        """Rewrite the rows of items that were looked at and to which nothing happened: their next moment was out of date."""
        happened = {event.item for event in self.settled}
        for number, item in self.items.items():
            if number not in happened:
                writer.put_row(row_of(item, self.rules(item)))

    def _follow(self, complete: list[Event]) -> None:
        """Fold the items anew where an entry was moved to a later moment: when it became known is part of an item's clocks."""
        if not complete or complete[-1].recorded_at == self.now:  # all of them are moved, or none
            return
        for number in {event.item for event in complete if event.item in self.items}:
            item = self.before.get(number)
            for event in complete:
                if event.item == number:
                    item = evolve(item, event)
            if item is not None:
                self.items[number] = item
        self.coming = {}

    def flush(self, writer: Writer) -> list[Event]:
        """Write all of it: events in order, then rows, crossed rungs and notices. Return the complete events."""
        self._bring_forth(self.settled)
        self._bring_forth(self.events)
        complete = writer.append([*self.settled, *self.events])
        self._follow(complete)
        crossings, notices, last = [], [], {}
        number = 0
        for event in complete:
            if event.result == "done":
                last[event.item] = event.seq
            crossed, tells = event.verb == "escalate", '"tell":' in event.body
            if not crossed and not tells:
                continue
            body = self._facts.get(event.body) or parse(event.body)
            if crossed:
                crossings.append(crossing_of(event, body))
            if tells:
                number = number or writer.next_notice()
                told = notices_of(event, number, body)
                number += len(told)
                notices += told
        self._put_rows(writer, last)
        if crossings:
            writer.put_crossings(crossings)
        if notices:
            writer.put_notices(notices)
        return complete

    def _put_rows(self, writer: Writer, last: Mapping[int, int]) -> None:
        """Write the rows of the items that have a last entry now: new ones, those that stay in their state, and those that go on."""
        new, still = [], []
        for item_number, seq in last.items():
            if item_number in self.items:
                item = self.items[item_number] = self.items[item_number].recorded(seq)
                coming = self.coming.get(item_number)
                row = row_of(item, self.rules(item), coming, known=item_number in self.coming)
                before = self.before.get(item_number)
                if before is None:
                    new.append(row)
                elif before.state == item.state:
                    still.append(row)
                else:
                    writer.put_row(row)
        if new:
            writer.put_rows(new)
        if still:
            writer.rewrite_rows(still)


def until_kept(transaction: Callable[[], T]) -> T:
    """Do a transaction, and again where another one came in between; raises `Overtaken` when that does not end."""
    for _ in range(MOST_TRIES - 1):
        try:
            return transaction()
        except Overtaken:
            continue
    return transaction()


def repeated_by(events: Iterable[Event], about: tuple[str, Sequence[int]], hand: Hand) -> Conflict | None:
    """Answer a command id that was used before: done already, or used for something else. What was refused may be tried again."""
    done = [event for event in events if event.result != REFUSED]
    verbs = {event.verb for event in done if event.decider != SYSTEM}
    for event in done:
        same = event.enterer == hand.enterer and (not about[1] or event.item == about[1][0])
        same = same and (about[0] in verbs or len(verbs) > 1)  # a composite leaves its steps, not its own name
        code = "already_done" if same and event.decider != SYSTEM else "command_reused"
        return Conflict(code, command_id=hand.command_id, verb=event.verb, recorded_at=event.recorded_at, seq=event.seq)
    return None


def crossing_of(event: Event, body: Mapping[str, object] | None = None) -> Crossing:
    """Read the crossed rung out of an `escalate` event. `body` may be given when it has been read already."""
    body = parse(event.body) if body is None else body
    clock, cycle, level, planned_at = body["clock"], body["cycle"], body["level"], body["planned_at"]
    return Crossing(
        event.item, str(clock), int(str(cycle)), int(str(level)), int(str(planned_at)), event.recorded_at, event.seq
    )
