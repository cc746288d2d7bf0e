"""`--as-of` and `--known-at`: what a question about the past says, and the progress of reading it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from engine.clock import DAY, parse_instant, start_of_day, time_of_day
from engine.errors import Misused, Refused
from interfaces.progress import bar
from interfaces.shell import option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.context import Rules
    from engine.item import Item
    from engine.past import Folding, Past
    from engine.ports import Reader, Store
    from engine.row import ItemQuery
    from interfaces.session import Session

F = TypeVar("F", bound="Callable[..., Any]")


def past_options(command: F) -> F:
    """Give a question the options `--as-of` and `--known-at`, as its parameters of these names."""
    known = option(
        "--known-at",
        "--录入截至",
        metavar="INSTANT",
        help="回看时只计到这时已录入的，此后补录、更正的不计；默认全部计入。两个时间相同，即当时所见",
    )
    as_of = option(
        "--as-of", "--截至", metavar="INSTANT", help="回看：截至这时的情况，按当时的流程、日历和机构；只写日期的含当日"
    )
    return as_of(known(command))


def past_of(session: Session, reader: Reader, as_of: str | None, known_at: str | None) -> Past | None:
    """Return the past that is asked about, None for the present.

    Raises `Misused("known_at_alone")`, `Refused("past_in_future")` or what an instant that cannot be read raises.
    """
    if as_of is None:
        if known_at is not None:
            raise Misused("known_at_alone")
        return None
    from engine.past import Past

    now = session.now
    return Past(reader, session.shelf, _instant(as_of, now), None if known_at is None else _instant(known_at, now))


def _instant(text: str, now: int) -> int:
    """Read an instant of the past; a day by itself is meant with all of it, today as far as it has come."""
    at = parse_instant(text)
    if at > now:
        raise Refused("past_in_future", text=text, now_at=now)
    return min(at + DAY - 1, now) if ":" not in text else at


def shown(at: int) -> int:
    """Return an instant for words: the last microsecond of a day is its 24:00."""
    return at if time_of_day(at + 1) else at + 1


def nothing_yet(reader: Reader, past: Past | None, otherwise: str) -> str:
    """Say why an answer is empty: nothing had been registered by then, or else what is said of any empty answer."""
    from workflows.labels import moment

    if past is None or next(iter(reader.events(past.query(verb="register", result="done", limit=1))), None):
        return otherwise
    return f"截至 {moment(shown(past.as_of))}，还没有登记任何事项。"


def items_of(
    session: Session, reader: Reader, past: Past | None, query: ItemQuery
) -> Iterator[tuple[Item, Rules, int | None]]:
    """Yield the items that meet the conditions, now or as they were, with their rules and the due moment that the row keeps."""
    from engine.row import ItemQuery, from_text

    if past is None:
        known: dict[str, Rules] = {}  # they are the same for as long as this view lasts
        for row in reader.rows(query):
            rules = known.get(row.definition)
            if rules is None:
                rules = known[row.definition] = session.rules(reader, row.definition)
            yield from_text(row.body), rules, row.due_at
        return
    total = reader.next_item() - 1
    draw, meets = bar("件"), condition(query)
    told = (lambda done: draw(done, total)) if draw else None
    for seen in past.items(reader.rows(ItemQuery()), told, _folding(session.store, total)):
        if meets(seen.item, seen.rules):
            yield seen
    if draw:
        draw(total, total)


def _folding(store: Store, total: int) -> Folding | None:
    """Return what folds the past of so many items by all processors, None where one does it sooner or where it lies on a server."""
    from storage.sqlite import SqliteStore

    if not isinstance(store, SqliteStore):
        return None
    from interfaces import folding
    from interfaces.crew import Crew

    return partial(folding.together, store.path) if Crew.pays(total) else None


def condition(query: ItemQuery) -> Callable[[Item, Rules], bool]:
    """Return what tells whether an item as it was meets the conditions that `list` can give: each that is given, and no others."""
    from engine.ledger import related
    from storage.statements import folded

    lists: list[tuple[tuple[str, ...], Callable[[Item, Rules], str]]] = [
        (query.states, lambda item, _: item.state),
        (query.stages, lambda item, rules: rules.definition.states[item.state].stage),
        (query.lead_units, lambda item, _: item.text("lead_unit")),
        (query.tracks, lambda item, _: item.text("track")),
        (query.sources, lambda item, _: item.text("source")),
        (query.workflows, lambda item, _: item.workflow),
    ]
    given = [(frozenset(wanted), value) for wanted, value in lists if wanted]
    text, is_open, reference = folded(query.text), query.open, query.reference if query.related else ""

    def meets(item: Item, rules: Rules) -> bool:
        return (
            all(value(item, rules) in wanted for wanted, value in given)
            and (is_open is None or is_open != rules.definition.states[item.state].final)
            and (not reference or reference in related(item, rules.definition))
            and (not text or text in folded(f"{item.serial}\n{item.text('title')}"))
        )

    return meets


def end_of(text: str) -> int:
    """Read the end of a span (µs, not included): a day by itself belongs to it, an instant with its second too."""
    from engine.clock import SECOND, ordinal_of

    at = parse_instant(text)
    return at + SECOND if ":" in text else start_of_day(ordinal_of(at) + 1)
