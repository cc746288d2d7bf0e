"""The proof that cache = replay: the record is whole, and everything kept beside it follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.canonical import canonical, digest, hash_many, parse
from engine.chain import GENESIS, event_hash
from engine.errors import SibanError
from engine.event import DONE
from engine.evolve import evolve
from engine.ladder import offset_from
from engine.ledger import row_of
from engine.loader import Fault
from engine.notice import answered, notices_of
from engine.policy import CALENDAR, DEFINITION, LOADS, READING
from engine.privacy import commitment, is_erased
from engine.row import EventQuery, ItemQuery, Row
from engine.run import due, near
from engine.work import crossing_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.context import Rules
    from engine.event import Event
    from engine.item import Item
    from engine.notice import Notice
    from engine.policy import PolicyShelf
    from engine.ports import Reader
    from engine.row import Crossing

PACE = 5000
"""After how many entries progress is told."""

_BROKEN = (SibanError, KeyError, ValueError, TypeError, IndexError, AttributeError, StopIteration)
"""What reading a record that was tampered with may raise."""


class _Replayed(NamedTuple):
    """One item as its entries fold, and the calendar of the last one."""

    item: Item
    calendar: str


def check(
    reader: Reader, shelf: PolicyShelf, progress: Callable[[int], None] | None = None, *, chain: bool = True
) -> list[Fault]:
    """List everything that does not follow from the record; empty when all is well.

    Without `chain` the entries are taken as they are: whoever asks so has verified them.
    Places are `entry 12`, `item 5.due_at`, `rung 5 total:1:2`, `notice 3`, `policy definition siban`, `setting reading`,
    `reporter 5`.
    """
    hash_many()
    replay = _Replay(reader, chain=chain)
    for number, event in enumerate(reader.events(EventQuery()), 1):
        replay.take(event)
        if progress and not number % PACE:
            progress(number)
    return [
        *replay.faults,
        *_policy_faults(reader, replay),
        *_row_faults(reader, shelf, replay),
        *_crossing_faults(reader, replay.crossings),
        *_notice_faults(reader, replay.notices),
        *_reporter_faults(reader, replay),
    ]


class _Replay:
    """Folds the record entry by entry: items, crossed rungs, notices, policies and commitments as they should be."""

    def __init__(self, reader: Reader, *, chain: bool) -> None:
        self.reader, self.chain = reader, chain
        self.faults: list[Fault] = []
        self.items: dict[int, _Replayed | None] = {}  # None: it could not be read, and nothing more is said of it
        self.crossings: dict[tuple[int, str, int, int], Crossing] = {}
        self.notices: dict[int, Notice] = {}
        self.policies: dict[tuple[str, str], str] = {}
        self.loaded: set[tuple[str, str, str]] = set()
        self.used: dict[tuple[str, str], int] = {}
        self.reading: str | None = None
        self.commitments: dict[int, str] = {}
        self.erased: set[int] = set()  # whose reporter was redacted
        self.seq, self.prev = 0, GENESIS

    def take(self, event: Event) -> None:
        """Fold one entry."""
        if self.chain:
            self._follow(event)
        self.used.setdefault((DEFINITION, event.definition), event.seq)
        self.used.setdefault((CALENDAR, event.calendar), event.seq)
        try:
            self._fold(event)
        except _BROKEN as error:
            self.faults.append(Fault(f"entry {event.seq}", "entry_unreadable", f"{type(error).__name__}: {error}"))
            self.items[event.item] = None

    def _follow(self, event: Event) -> None:
        """Check that an entry follows from the one before it; one break is one fault, and the next is held to it."""
        place = f"entry {event.seq}"
        if event.seq != self.seq + 1:
            self.faults.append(Fault(place, "entry_gap", f"{self.seq} → {event.seq}"))
        elif event.prev != self.prev:
            self.faults.append(Fault(place, "chain_broken"))
        if event_hash(event) != event.hash:
            self.faults.append(Fault(place, "entry_changed"))
        self.seq, self.prev = event.seq, event.hash

    def _fold(self, event: Event) -> None:
        if event.verb in LOADS and not event.item:
            body = parse(event.body)
            self.policies[LOADS[event.verb], str(body["name"])] = str(body["hash"])
            self.loaded.add((LOADS[event.verb], str(body["name"]), str(body["hash"])))
            self.used.setdefault((LOADS[event.verb], str(body["hash"])), event.seq)
        if event.verb == "set_reading" and not event.item:
            self.reading = canonical(parse(event.body)["value"])
        if not event.item:
            return
        for notice in notices_of(event, len(self.notices) + 1):
            self.notices[notice.number] = notice
        known = self.items.get(event.item)
        if event.item not in self.items and (event.verb != "register" or event.result != DONE):
            self.faults.append(Fault(f"entry {event.seq}", "item_unknown", str(event.item)))
            self.items[event.item] = None
        if event.result != DONE or (event.item in self.items and known is None):
            return
        self.items[event.item] = _Replayed(evolve(known.item if known else None, event), event.calendar)
        if event.verb == "escalate":
            crossing = crossing_of(event)
            self.crossings[crossing[:4]] = crossing
        if event.verb == "register":
            self.commitments[event.item] = str(parse(event.body).get("commitment", ""))
        if event.verb == "redact":
            self.erased.add(event.item)
        if event.verb in ("release", "withhold", "ack"):
            number = int(str(parse(event.body)["notice"]))
            self.notices[number] = answered(self.notices[number], event)


# -- policy ----------------------------------------------------------------------------------------------------------


def _policy_faults(reader: Reader, replay: _Replay) -> Iterator[Fault]:
    """Every text that an entry acted under is kept unchanged, none is there that no entry loaded, the last loaded are in force."""
    texts, current = set(), {}
    for kept in reader.policies():
        place = f"policy {kept.kind} {kept.name}"
        texts.add((kept.kind, kept.hash))
        if kept.current:
            current[kept.kind, kept.name] = kept.hash
        if not _is_digest(kept.text, kept.hash):
            yield Fault(place, "policy_changed", kept.hash)
        elif (kept.kind, kept.name, kept.hash) not in replay.loaded:
            yield Fault(place, "policy_without_entry", kept.hash)
    for (kind, hash_), seq in replay.used.items():
        if hash_ and (kind, hash_) not in texts:
            yield Fault(f"entry {seq}", "policy_lost", f"{kind} {hash_}")
    for key in sorted(current.keys() | replay.policies.keys()):
        if current.get(key) != replay.policies.get(key):
            detail = f"{current.get(key, '')[:12]} ≠ {replay.policies.get(key, '')[:12]}"
            yield Fault(f"policy {' '.join(key)}", "policy_not_current", detail)
    kept_reading = reader.setting(READING)
    if kept_reading != replay.reading:
        yield Fault(f"setting {READING}", "policy_not_current", f"{kept_reading} ≠ {replay.reading}")


def _is_digest(text: str, hash_: str) -> bool:
    try:
        return digest(text) == hash_
    except _BROKEN:  # it is no text any more
        return False


# -- items -----------------------------------------------------------------------------------------------------------


def _row_faults(reader: Reader, shelf: PolicyShelf, replay: _Replay) -> Iterator[Fault]:
    """Every row is what its entries give under the item's rules: the current ones, or for a closed item its last."""
    left = dict(replay.items)
    for row in reader.rows(ItemQuery()):
        if row.number not in left:
            yield Fault(f"item {row.number}", "row_without_entry")
            continue
        replayed = left.pop(row.number)
        if replayed is None:
            continue
        try:
            rules = shelf.rules(reader, replayed.item.definition)
            if rules.definition.states[replayed.item.state].final:
                rules = rules._replace(calendar=shelf.calendar(reader, replayed.calendar))
            expected = row_of(replayed.item, rules)
            asleep = row.next_at is None and _should_wake(replayed.item, rules)
        except _BROKEN as error:
            yield Fault(f"item {row.number}", "item_unreadable", f"{type(error).__name__}: {error}")
            continue
        yield from _differences(f"item {row.number}", row, expected)
        if asleep:
            yield Fault(f"item {row.number}.next_at", "next_missing")
    for number, replayed in left.items():
        if replayed is not None:
            yield Fault(f"item {number}", "row_missing")


def _differences(place: str, kept: Row, expected: Row) -> Iterator[Fault]:
    for column, is_, should in zip(Row._fields, kept, expected, strict=True):
        if is_ != should:
            detail = "" if column == "body" else f"{is_!r} ≠ {should!r}"
            yield Fault(f"{place}.{column}", "row_differs", detail)


def _should_wake(item: Item, rules: Rules) -> bool:
    """Whether a running clock's ladder has a rung neither crossed nor held: not by `engine.ladder`'s own search."""
    if rules.definition.states[item.state].final:
        return False
    for name, run in item.clocks.items():
        clock = rules.definition.clocks.get(name)
        due_at = due(run, clock, item, rules.calendar) if clock and clock.ladder and run.running else None
        if clock is None or due_at is None:
            continue
        for rung in rules.definition.ladders[clock.ladder]:
            held = any(r.is_open and r.timely and r.kind in rung.held_by for r in item.requests)
            if rung.at is None or held or f"{name}:{run.cycle}:{rung.level}" in item.crossed:
                continue
            nearly = rung.at.unit == "near"
            at = (
                near(run, clock, item, rules.calendar, due_at)
                if nearly
                else offset_from(due_at, rung.at, rules.calendar)
            )
            if at >= run.since:
                return True
    return False


# -- beside the record -----------------------------------------------------------------------------------------------


def _crossing_faults(reader: Reader, expected: dict[tuple[int, str, int, int], Crossing]) -> Iterator[Fault]:
    left = dict(expected)
    for kept in reader.crossings():
        should = left.pop(kept[:4], None)
        if should is None:
            yield Fault(_rung(kept), "rung_without_entry")
        elif kept != should:
            yield Fault(_rung(kept), "rung_differs", f"{kept[4:]} ≠ {should[4:]}")
    for missing in left.values():
        yield Fault(_rung(missing), "rung_missing")


def _rung(crossing: Crossing) -> str:
    return f"rung {crossing.item} {crossing.clock}:{crossing.cycle}:{crossing.level}"


def _notice_faults(reader: Reader, expected: dict[int, Notice]) -> Iterator[Fault]:
    left = dict(expected)
    for kept in reader.notices():
        should = left.pop(kept.number, None)
        if should is None:
            yield Fault(f"notice {kept.number}", "notice_without_entry")
        elif kept != should:
            columns = [name for name, a, b in zip(kept._fields, kept, should, strict=True) if a != b]
            yield Fault(f"notice {kept.number}", "notice_differs", ", ".join(columns))
    for number in left:
        yield Fault(f"notice {number}", "notice_missing")


def _reporter_faults(reader: Reader, replay: _Replay) -> Iterator[Fault]:
    """Who is kept as an item's reporter is who the record is committed to; only an entry that says so erases one, and for good."""
    left = {number for number, sum_ in replay.commitments.items() if sum_} - replay.erased
    for kept in reader.reporters():
        left.discard(kept.item)
        if kept.item in replay.erased:
            if not is_erased(kept):
                yield Fault(f"reporter {kept.item}", "reporter_kept")
            continue
        try:
            same = commitment(kept.salt, kept.name, kept.contact) == replay.commitments.get(kept.item, "")
        except _BROKEN:  # the salt or the name is none any more
            same = False
        if not same:
            yield Fault(f"reporter {kept.item}", "reporter_differs")
    for number in sorted(left):
        yield Fault(f"reporter {number}", "reporter_missing")
