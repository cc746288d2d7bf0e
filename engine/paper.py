"""Formal papers about an item: a number that never repeats, and what the paper says, given by one entry of the record.

A paper rests on something recorded (`basis`), and one basis gives one paper. What it says is kept in the entry, so that printing it
again prints the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from engine.canonical import parse
from engine.clock import civil
from engine.errors import Conflict, Refused
from engine.event import DONE
from engine.item import ISSUED
from engine.roles import holds
from engine.row import EventQuery

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.context import Context
    from engine.event import Event
    from engine.item import Item
    from engine.ports import Reader

ISSUE = "issue"
"""The verb of the entry that gives a paper its number."""

FORMAL, FORM = "formal", "form"
"""Papers that go out in the office's name once released, and forms that are filled in for somebody to sign."""

ISSUERS: Mapping[str, tuple[str, ...]] = {FORMAL: ("supervisor", "leader"), FORM: ("supervisor", "lead_unit")}
"""Who may issue a paper of each group."""


class Paper(NamedTuple):
    """One issued paper: `series` is the register its number (`year`, `no`) is of, `seq` its entry in the record."""

    kind: str
    series: str
    year: int
    no: int
    basis: str
    seq: int = 0

    @property
    def key(self) -> str:
        """The paper's name in records: SERIES-YEAR-NO."""
        return f"{self.series}-{self.year}-{self.no}"


class Order(NamedTuple):
    """What is to be issued: a kind of paper of a series and a group, on a basis, saying `content`."""

    kind: str
    series: str
    group: str
    basis: str
    content: Mapping[str, object]


class Counted(NamedTuple):
    """How far a series has come in each year, judged by the record up to entry `seq`."""

    last: Mapping[int, int]
    seq: int


def issued(item: Item) -> list[Paper]:
    """List the papers issued about an item, oldest first; their `seq` is not known here."""
    kept = item.fields.get(ISSUED)
    return [_paper(one) for one in kept if isinstance(one, dict)] if isinstance(kept, (list, tuple)) else []


def paper_of(event: Event) -> Paper:
    """Read the paper out of its entry."""
    body: dict[str, Any] = parse(event.body)
    return _paper(body["append"][ISSUED][0])._replace(seq=event.seq)


def counted(reader: Reader, series: str, before: Counted | None = None) -> Counted:
    """Count a series in the record; what was counted `before` is gone on from."""
    last, head = dict(before.last if before else {}), reader.head()[0]
    for event in reader.events(EventQuery(verb=ISSUE, result=DONE, after=before.seq if before else 0)):
        paper = paper_of(event)
        if paper.series == series:
            last[paper.year] = max(paper.no, last.get(paper.year, 0))
    return Counted(last, head)


def issue(item: Item, order: Order, before: Counted, reader: Reader, context: Context) -> list[Event]:
    """Turn an order into its entry, with the next number of its series in the year of entry.

    Raises `Refused("not_allowed")`, or `Conflict("paper_issued")` when the basis has its paper.
    """
    roles = ISSUERS[order.group]
    if not holds(roles, context.hand.decider, item, context.rules.organisation):
        raise Refused("not_allowed", item=item.serial, verb=ISSUE, roles=list(roles), people=[])
    if any(paper.basis == order.basis for paper in issued(item)):
        raise Conflict("paper_issued", item=item.serial)
    year = civil(context.now).year
    no = counted(reader, order.series, before).last.get(year, 0) + 1
    entry = {"kind": order.kind, "series": order.series, "year": year, "no": no, "basis": order.basis}
    return [context.event(item.number, ISSUE, {"append": {ISSUED: [entry]}, "content": order.content})]


def content(entries: Iterable[Event], paper: Paper) -> tuple[Mapping[str, object], Event]:
    """Return what an issued paper says, and its entry; `entries` are its item's. Raises `LookupError` when it is not there."""
    for event in entries:
        if event.verb == ISSUE and event.result == DONE and paper_of(event)[:5] == paper[:5]:
            body: dict[str, Any] = parse(event.body)
            return body["content"], event
    raise LookupError(paper.key)


def _paper(kept: Mapping[str, object]) -> Paper:
    return Paper(
        str(kept["kind"]), str(kept["series"]), int(str(kept["year"])), int(str(kept["no"])), str(kept["basis"])
    )
