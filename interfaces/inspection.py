"""The inspection of conduct (办理行为核查) for the inspectors: drawn up from the record, laid out, and led back to its entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.clock import MINUTE, iso
from engine.conduct import Bounds, Concern, Conduct, Observer, conduct, may_read
from engine.errors import Refused
from engine.event import DONE
from engine.row import EventQuery
from interfaces.brief import percent
from interfaces.display import display, hang
from interfaces.output import Column, block, emit, emit_value, lines, room
from interfaces.past import past_of
from interfaces.progress import bar
from interfaces.selecting import ledger_workflows, one_of
from interfaces.survey import cohort_json, cohort_of, cohort_text, gathered, line_title, span_of
from workflows.conduct import BURST, CAUTION, CONCERNS, COUNTED, QUICK_MINUTES, SPAN_MINUTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from engine.context import Rules
    from engine.event import Event
    from engine.figure import Figure
    from engine.past import Past
    from engine.ports import Reader
    from interfaces.session import Session
    from interfaces.survey import Asked, Items
    from workflows.labels import Titles

BOUNDS = Bounds(BURST, SPAN_MINUTES * MINUTE, QUICK_MINUTES * MINUTE)
_PACE = 2000


class Inspection(NamedTuple):
    """The figures, with the items they are about and the rules among them."""

    page: Conduct
    items: Items
    kinds: tuple[Rules, ...]


def inspect(session: Session, asked: Asked) -> Inspection:
    """Draw the figures up. Raises `Refused("not_an_inspector")`, or what an instant or a word that cannot be read raises."""
    workflows = ledger_workflows(session.index)
    with session.view() as reader:
        organisation = session.organisation(reader)
        person = session.hand().decider
        if not may_read(person, organisation):
            raise Refused("not_an_inspector", person=organisation.name_of(person))
        past = past_of(session, reader, asked.as_of, asked.known_at)
        cohort = cohort_of(asked, *span_of(asked))
        items = {
            number: (item, rules)
            for number, (item, rules) in gathered(session, reader, past, workflows).items()
            if rules.definition.states[item.state].counted and cohort.holds(item)
        }
        seen = Observer(items)
        for event in _entries(reader, past):
            seen.see(event)
    page = conduct(seen, past.as_of if past else session.now, cohort, BOUNDS)
    return Inspection(page, items, tuple({id(rules): rules for _, rules in items.values()}.values()))


def _entries(reader: Reader, past: Past | None) -> Iterator[Event]:
    draw, total = bar("条"), reader.head()[0]
    for count, event in enumerate(reader.events(past.query(result=DONE) if past else EventQuery(result=DONE)), 1):
        yield event
        if draw and count % _PACE == 0:
            draw(count, total)
    if draw:
        draw(total, total)


def show(found: Inspection, form: str) -> None:
    """Write the figures: a page for reading, rows, or JSON with what is behind each."""
    if form in ("json", "jsonl"):
        emit_value(_json(found), form=form)
    elif form == "table":
        lines(_page(found))
    else:
        columns = [Column("scope_title", "范围"), Column("title", "核查事项"), Column("count", "数量"),
                   Column("of", "总数"), Column("share", "占比")]  # fmt: skip
        emit(_rows(found), columns, form=form)


def _units(found: Inspection, concern: Concern) -> Iterator[tuple[str, str, Figure]]:
    """Yield the units in the order of the organisation, those that it does not know (any more) last."""
    known = [unit for rules in found.kinds for unit in rules.organisation.units]
    for unit in dict.fromkeys([*known, *concern.units]):
        if unit in concern.units:
            yield unit, line_title(unit, "unit", found.kinds), concern.units[unit]


def _rows(found: Inspection) -> Iterator[dict[str, object]]:
    for concern in found.page.concerns:
        scopes = [("", "全部", concern.figure), *_units(found, concern)]
        for unit, title, figure in scopes:
            yield {"scope": unit, "scope_title": title, "key": concern.key, "title": CONCERNS[concern.key],
                   "count": figure.top, "of": figure.bottom, "share": percent(figure.per_mille)}  # fmt: skip


def _page(found: Inspection) -> Iterator[str]:
    width = room()
    titles = [rules.organisation.title for rules in found.kinds][:1]
    yield f"{display(''.join(titles))}办理行为核查"
    yield hang(f"{cohort_text(found.page)}。", width, 0)
    yield ""
    pairs = []
    for concern in found.page.concerns:
        unit = "条" if concern.of_entries else "件"
        said = f"{_share(concern.figure, unit)}　{COUNTED[concern.key]}"
        named = [f"{title} {_share(figure, unit)}" for _, title, figure in _units(found, concern) if figure.top]
        pairs.append((CONCERNS[concern.key], "\n".join((said, *named))))
    yield block(pairs)
    yield ""
    yield hang(f"{CAUTION}逐条查看：siban 通报 核查 --展开 代录，或 --展开 代录:单位。", width, 0)


def _share(figure: Figure, unit: str) -> str:
    return f"{figure.top}/{figure.bottom} {unit}，{percent(figure.per_mille)}" if figure.bottom else "—"


def _json(found: Inspection) -> dict[str, object]:
    page = found.page
    return {
        "now": iso(page.now),
        "cohort": cohort_json(page),
        "bounds": {"burst": BURST, "span_minutes": SPAN_MINUTES, "quick_minutes": QUICK_MINUTES},
        "concerns": [
            {
                "key": concern.key,
                "title": CONCERNS[concern.key],
                "counted": COUNTED[concern.key],
                "what": "entries" if concern.of_entries else "items",
                **_figure(concern.figure),
                "entries": sorted({seq for seqs in concern.entries.values() for seq in seqs}),
                "units": [
                    {"unit": u, "title": title, **_figure(figure)} for u, title, figure in _units(found, concern)
                ],
            }
            for concern in page.concerns
        ],
    }


def _figure(figure: Figure) -> dict[str, object]:
    return {"count": figure.top, "of": figure.bottom, "per_mille": figure.per_mille, "numbers": list(figure.numbers)}


def drill(found: Inspection, text: str, session: Session, form: str) -> None:
    """List what is behind a figure, of all or of one unit (`代录:河道署`): the entries; of items without any, the items."""
    name, _, unit = text.replace("：", ":").partition(":")
    key = one_of("核查事项", name, {title: key for key, title in CONCERNS.items()})
    concern = next(one for one in found.page.concerns if one.key == key)
    figure, title = concern.figure, CONCERNS[key]
    if unit:
        among = {words: known for known, words, _ in _units(found, concern)}
        figure = concern.units[one_of("单位", unit, among)]
        title += f"（{line_title(one_of('单位', unit, among), 'unit', found.kinds)}）"
    if key == "last_day":
        _items(found, figure, title, form)
        return
    seqs = frozenset(seq for number in figure.numbers for seq in concern.entries[number])
    columns = [
        Column("seq", "记录号", "right"),
        Column("serial", "事项", whole=True),
        Column("effective_at", "办理时间"),
        Column("recorded_at", "录入时间"),
        Column("who", "办理人"),
        Column("text", "办理情况"),
    ]
    titles = session.titles
    with session.view() as reader:
        rows = list(_entry_rows(reader, found, seqs, titles))
    emit(rows, columns, form=form, title=f"{title} {_share(figure, '条' if concern.of_entries else '件')}",
         empty=f"{title}：没有。")  # fmt: skip


def _entry_rows(reader: Reader, found: Inspection, seqs: frozenset[int], titles: Titles) -> Iterator[dict[str, object]]:
    from interfaces.records import decider_text, event_json

    for event in _named(reader, seqs):
        item, rules = found.items[event.item]
        told = event_json(event, rules, titles)
        yield {**told, "serial": item.serial, "who": decider_text(event, rules)}


def _named(reader: Reader, seqs: frozenset[int]) -> Iterable[Event]:
    if not seqs:
        return ()
    found = reader.events(EventQuery(after=min(seqs) - 1, result=DONE))
    return (event for event in _until(found, max(seqs)) if event.seq in seqs)


def _until(events: Iterable[Event], last: int) -> Iterator[Event]:
    for event in events:
        if event.seq > last:
            return
        yield event


def _items(found: Inspection, figure: Figure, title: str, form: str) -> None:
    from interfaces.listing import columns, item_row, public

    rows: Sequence[Mapping[str, object]] = [item_row(*found.items[n], found.page.now) for n in figure.numbers]
    if form in ("json", "jsonl"):
        rows = [public(row) for row in rows]
    emit(rows, columns(form), form=form, title=f"{title} {_share(figure, '件')}", empty=f"{title}：没有。")
