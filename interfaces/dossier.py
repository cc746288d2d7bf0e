"""One item as people read it: where it is, whose move it is, by when, and what has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.canonical import parse
from engine.clock import iso
from engine.event import DONE, SYSTEM
from engine.item import ISSUED
from interfaces.belonging import part_line
from interfaces.display import display, hang
from interfaces.listing import carried_text
from interfaces.masking import masked, masked_contact, masked_name
from interfaces.output import block, room
from interfaces.records import day_and_time, decider_text, event_json, late_text, person_name, shown_at, when
from interfaces.wording import due_text, event_text, left_text, light_text, value_text, written
from workflows.labels import STAGES, addressee

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.context import Rules
    from engine.event import Event
    from engine.item import Item, Request
    from engine.row import Reporter
    from interfaces.naming import Named
    from workflows.labels import Titles

    Row = Mapping[str, object]

MOST_PARTS = 20
"""How many of the items of one workflow that belong to another `show` prints."""

LAST = 5
"""How many of the last entries `show` prints."""

_OWN_PLACE = (
    "title", "description", "track", "source", "lead_unit", "co_units", "co_reported", "handler", "commander",
    "measures", "measure_done", "measure_dropped", "all_measures_done", "evidence", "told", "exempted", "addressees",
    "limit", "extended", "on_time", "original_dues", "late_dues",
)  # fmt: skip
"""Kept fields that the page shows in a place of their own; all others follow by their titles."""


_VERDICTS = {True: "按时办结", False: "逾期办结"}


class Dossier(NamedTuple):
    """Everything about one item that a page needs, read in one view."""

    item: Item
    rules: Rules
    titles: Titles
    events: list[Event]
    reporter: Reporter | None
    allowed: list[str]
    now: int
    versions: Mapping[str, tuple[Rules, Titles]] = {}
    related: Mapping[str, Named] = {}
    parts: tuple[Row, ...] = ()

    def under(self, event: Event) -> tuple[Rules, Titles]:
        """Return the rules and titles an entry is read under: those of another version, where it was made under one."""
        return self.versions.get(event.definition, (self.rules, self.titles))

    def state_title(self, name: str) -> str:
        """Return a state's title, in whichever of the item's versions has it."""
        every = (self.rules, *(rules for rules, _ in self.versions.values()))
        return next((r.definition.states[name].title for r in every if name in r.definition.states), name)

    def title(self, verb: str) -> str:
        """Return a verb's title in the item's own workflow."""
        return self.rules.definition.verbs.get(verb) or self.titles.verb(verb)

    def who(self, person: str) -> str:
        """Return a person's name."""
        return person_name(person, self.rules)


def page(dossier: Dossier, *, proof: bool = False) -> str:
    """Return the page in words."""
    item = dossier.item
    again = f"，第 {item.round} 轮" if item.round > 1 else ""
    parts = [
        f"{item.serial}  {display(item.text('title'))}    （第 {item.number} 号{again}）",
        block([*_standing(dossier), *_parties(dossier), *_others(dossier)]),
    ]
    for heading, lines in (
        ("整改措施", list(_measures(dossier))),
        ("申请", [request_text(dossier, request) for request in item.requests]),
        ("反馈", list(feedback_lines(dossier))),
        ("文书", list(_papers(dossier))),
        *_belonging(dossier),
        ("佐证材料", [_file(one, proof=proof) for one in listed(item, "evidence")]),
    ):
        if lines:
            parts.append("\n".join([heading, *(f"  {line}" for line in lines)]))
    acts = [event for event in dossier.events if event.verb != "ack"]  # who has seen what is for the log
    shown = dossier.events if proof else acts[-LAST:]
    count = len(dossier.events)
    more = "" if len(shown) == count else f"（最近 {len(shown)} 条，共 {count} 条：siban log {item.number}）"
    records = [record(event, dossier, proof=proof) for event in shown]
    parts.append("\n".join([f"办理记录{more}", *(hang(f"  {line}", room(), 6) for line in records)]))
    return "\n\n".join(parts)


def record(event: Event, dossier: Dossier, *, proof: bool = False) -> str:
    """Return one entry of the record as a line, with who entered it and what that rested on."""
    rules, titles = dossier.under(event)
    text = event_text(event, titles, rules) + late_text(event, dossier.now)
    line = f"{when(shown_at(event), dossier.now)}  {decider_text(event, rules)}  {text}"
    return f"{event.seq}  {line}\n     {event.hash}" if proof else line


# -- the parts of the page -------------------------------------------------------------------------------------------


def _standing(dossier: Dossier) -> Iterator[tuple[str, object]]:
    """Where it is, whose move it is, by when."""
    item, rules, now = dossier.item, dossier.rules, dossier.now
    state = rules.definition.states[item.state]
    yield "状态", f"{state.title}（{STAGES[state.stage]}），{when(item.since, now)} 起"
    if not state.final:
        yield "现在该谁", whose_move(item, rules, now)
        yield "下一步", next_step(dossier)
    names = [dossier.title(verb) for verb in dossier.allowed]
    if names:
        yield "您可以", f"{'、'.join(names)}（siban 办 {item.number}）"
    yield from _limits(dossier)
    verdict = item.fields.get("on_time")
    if state.final and isinstance(verdict, bool):
        yield "结论", _verdict(verdict, dossier)
    for number, event, on_time in _earlier_rounds(dossier) if item.round > 1 else ():
        yield (
            f"第 {number} 轮结论",
            f"{_VERDICTS[on_time]}（{when(event.effective_at, now)} {dossier.title(event.verb)}）",
        )


def _earlier_rounds(dossier: Dossier) -> Iterator[tuple[int, Event, bool]]:
    """Yield (round, the entry that closed it, whether in time) of each round before the present one, as it was judged then."""
    number, closing = 1, None
    for event in dossier.events:
        body = parse(event.body)
        if event.result != DONE or not isinstance(body, dict):
            continue
        if isinstance(verdict := body.get("verdict"), dict):
            closing = event, bool(verdict["on_time"])
        if "round" in body:
            if closing:
                yield number, *closing
            number, closing = number + 1, None


def _verdict(on_time: bool, dossier: Dossier) -> str:  # noqa: FBT001 - the one fact
    """Say how punctual a closed item was judged, and beside it what a count under the present calendar gives."""
    from engine.light import OVERDUE, light

    again = light(dossier.item, dossier.rules, dossier.now).word != OVERDUE
    excused = "，申诉成立，不计入逾期统计" if dossier.item.fields.get("exempt_from_statistics") else ""
    return f"{_VERDICTS[on_time]}{excused}{'' if again == on_time else f'（按现行日历重算为{_VERDICTS[again]}）'}"


def _limits(dossier: Dossier) -> Iterator[tuple[str, object]]:
    """The present limit, the original one with its extensions, and the other clocks that run."""
    from engine.light import NORMAL, OVERDUE, light, unclear
    from engine.run import due, due_is_provisional, original_due

    item, rules, now = dossier.item, dossier.rules, dossier.now
    main = rules.definition.main_clock
    if main and (run := item.clocks.get(main.name)):
        judged = light(item, rules, now)
        if judged.due_at is None:
            yield main.title, "时限待明确"
        else:
            if run.stopped is None:
                left = "" if judged.word == OVERDUE else left_text(judged)
                spent = f"（{'、'.join(word for word in (light_text(judged), left) if word)}）"
            else:
                stop = item.acts.get(main.stops_at)
                how = dossier.title(main.stops_at) if stop and stop.at == run.stopped else "停止计时"
                spent = f"，{when(run.stopped, now)} {how}{'' if judged.word == NORMAL else f'，{light_text(judged)}'}"
            yield main.title, f"{day_and_time(judged.due_at, now)}{'（暂定）' if judged.provisional else ''}{spent}"
        if item.names("original_dues"):
            yield "结转前时限", carried_text(item.names("original_dues"), item.names("late_dues"))
        first = original_due(run, main, item, rules.calendar) if run.moves else None
        if first is not None and first != judged.due_at:
            moves = "；".join(
                f"{when(at, now)} 批准延至 {due_text(judged._replace(due_at=after))}" for at, after in run.moves
            )
            yield "原时限", f"{day_and_time(first, now)}；{moves}"
    if unclear(item, rules) and written(item, rules):
        yield "时限待明确", f"{written(item, rules)[1:-1]}；写明时限：siban 明确时限 {item.number} --时限 …"
    for name, run in item.clocks.items():
        clock = rules.definition.clocks.get(name)
        at = due(run, clock, item, rules.calendar) if clock and not clock.main and run.running else None
        if clock and at is not None:
            leans = due_is_provisional(run, clock, item, rules.calendar)
            yield clock.title, f"{day_and_time(at, now)}{'（暂定）' if leans else ''}{'，已超' if now > at else ''}"


def whose_move(item: Item, rules: Rules, now: int) -> str:
    """Name on whose desk an item lies: 河道署 金晓, or the unit alone where anybody of it may."""
    from engine.turn import desk
    from workflows.labels import ROLES

    where = desk(item, rules, now)
    organisation = rules.organisation
    words = [organisation.unit_title(where.unit), organisation.name_of(where.person)]
    return display(" ".join(word for word in words if word)) or ROLES.get(where.role, where.role)


def next_step(dossier: Dossier) -> str:
    """Say what comes next, and what else is asked for at the same time."""
    from engine.turn import turns

    item, rules = dossier.item, dossier.rules
    state = rules.definition.states[item.state]
    steps = turns(item, rules, dossier.now)
    words = [dossier.title(step.verb) if step.verb else state.next or state.title for step in steps]
    return "；另：".join([words[0], "、".join(words[1:])]) if len(words) > 1 else "".join(words)


def _parties(dossier: Dossier) -> Iterator[tuple[str, object]]:
    item, rules = dossier.item, dossier.rules
    definition, organisation = rules.definition, rules.organisation
    track = definition.tracks.get(item.text("track"))
    if track:
        yield "清单", f"{track.list_title}（{track.title}{'，暂名' if track.provisional else ''}）"
    source = definition.sources.get(item.text("source"))
    if source:
        yield "来源", source.title
    if item.text("lead_unit"):
        yield "主办", organisation.unit_title(item.text("lead_unit"))
    reported = item.names("co_reported")
    co_units = [
        f"{organisation.unit_title(u)}（{'已反馈' if u in reported else '未反馈'}）" for u in item.names("co_units")
    ]
    if co_units:
        yield "协办", "、".join(co_units)
    for name, title in (("handler", "责任人"), ("commander", "挂帅领导")):
        if item.text(name):
            yield title, organisation.name_of(item.text(name))
    yield (
        "登记",
        f"{when(item.registered_at, dossier.now)} {'、'.join(dossier.who(p) for p in _doers(item, 'register'))}",
    )
    if dossier.reporter:
        yield "反映人", masked(dossier.reporter)
    if item.text("description"):
        yield "具体情况", item.text("description")


def _doers(item: Item, verb: str) -> tuple[str, ...]:
    act = item.acts.get(verb)
    return act.by if act else ()


def _others(dossier: Dossier) -> Iterator[tuple[str, object]]:
    """Kept fields that have no place of their own."""
    for name, field in dossier.rules.definition.fields.items():
        value = dossier.item.fields.get(name)
        if name not in _OWN_PLACE and value not in (None, "", [], False):
            other = dossier.related.get(name)
            yield field.title, other.text if other else value_text(name, value, dossier.rules)


def _belonging(dossier: Dossier) -> Iterator[tuple[str, list[str]]]:
    """What refers to the item, by workflow, the earliest due first."""
    kinds: dict[str, list[Row]] = {}
    for row in dossier.parts:
        kinds.setdefault(str(row["workflow_title"]), []).append(row)
    for title, rows in kinds.items():
        closed = sum(not row["open"] for row in rows)
        lines = [part_line(row) for row in rows[:MOST_PARTS]]
        more = (
            [f"其余 {len(rows) - MOST_PARTS} 件：siban list --属于 {dossier.item.number}"] if rows[MOST_PARTS:] else []
        )
        yield f"{title}（共 {len(rows)} 件，已了结 {closed} 件）", lines + more


def _measures(dossier: Dossier) -> Iterator[str]:
    item, organisation = dossier.item, dossier.rules.organisation
    done = {_ordinal(text) for text in item.names("measure_done")}
    dropped = {_ordinal(text): text for text in item.names("measure_dropped")}
    for number, one in enumerate(listed(item, "measures"), 1):
        unit = organisation.unit_title(str(one.get("unit") or ""))
        mark = "已完成" if str(number) in done else "不再执行" if str(number) in dropped else ""
        tail = "，".join(word for word in (unit, str(one.get("due") or ""), mark) if word)
        yield f"{number}. {display(str(one.get('text', '')))}{f'（{display(tail)}）' if tail else ''}"
    if item.fields.get("all_measures_done"):
        yield "报告：措施全部完成"


def _ordinal(text: str) -> str:
    digits = text.partition(":")[0].partition("：")[0]
    return digits.strip()


def request_text(dossier: Dossier, request: Request) -> str:
    """Say in a line what was applied for, by whom, and what became of it."""
    from workflows.labels import REQUEST_STATES

    kind = dossier.rules.definition.requests.get(request.kind)
    asked = "；".join(
        f"{dossier.titles.fields.get(name, name)} {value_text(name, value, dossier.rules)}"
        for name, value in request.fields.items()
    )
    decided = ""
    if request.decided_at is not None:
        decided = f"（{when(request.decided_at, dossier.now)} {dossier.who(request.decided_by)}）"
    head = f"{dossier.item.number}-{request.ordinal} {kind.title if kind else request.kind}"
    made = f"{when(request.made_at, dossier.now)} {dossier.who(request.made_by)}"
    state = REQUEST_STATES.get(request.state, request.state)
    waits = f"，等{_deciders(dossier, request)}批复" if request.is_open else ""
    return f"{head}  {made}：{display(asked)} → {state}{decided}{waits}"


def _deciders(dossier: Dossier, request: Request) -> str:
    from engine.context import Context, Hand
    from engine.request import deciders
    from workflows.labels import ROLES

    context = Context(dossier.rules, Hand(SYSTEM, SYSTEM), dossier.now, dossier.now, lambda _number: None)
    roles = deciders(dossier.item, request, dossier.rules.definition.requests[request.kind], context)
    return "、".join(ROLES.get(role, role) for role in roles)


def feedback_lines(dossier: Dossier) -> Iterator[str]:
    """Yield for each who must be answered whether that has been done."""
    item = dossier.item
    for name in item.names("addressees"):
        state = "已反馈" if name in item.names("told") else "免予反馈" if name in item.names("exempted") else "尚未反馈"
        yield f"{addressee(name)}：{state}"


def _papers(dossier: Dossier) -> Iterator[str]:
    """Yield the papers issued about the item, each with its signed scans."""
    if ISSUED not in dossier.item.fields:
        return
    from engine.paper import issued
    from workflows.papers import KINDS, number_text

    files = listed(dossier.item, "evidence")
    for paper in issued(dossier.item):
        title = KINDS[paper.kind].title if paper.kind in KINDS else paper.kind
        scans = "、".join(display(str(one.get("name", ""))) for one in files if one.get("paper") == paper.key)
        yield f"{number_text(paper)}  {title}{f'（签章件：{scans}）' if scans else ''}"


def _file(one: Mapping[str, object], *, proof: bool) -> str:
    from interfaces.evidence import piece_of

    piece = piece_of(one)
    about = "，".join(filter(None, (piece.kind, f"{piece.size} 字节" if piece.size else "")))
    words = f"{display(piece.name)}{f'（{about}）' if about else ''}"
    return f"{words}  {piece.sha256}" if proof else words


def listed(item: Item, field: str) -> list[Mapping[str, object]]:
    """Return the parts of a field that holds measures or files."""
    value = item.fields.get(field)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, (list, tuple)) else []


# -- for programs ----------------------------------------------------------------------------------------------------


def page_json(dossier: Dossier, *, proof: bool = False) -> dict[str, object]:
    """Return the page as JSON with the identifiers of the glossary."""
    from engine.request import open_requests
    from engine.run import due, due_is_provisional
    from engine.turn import desk, people, turns
    from interfaces.listing import item_row, public

    item, rules, now = dossier.item, dossier.rules, dossier.now
    where = desk(item, rules, now)
    clocks = {}
    for name, run in item.clocks.items():
        clock = rules.definition.clocks.get(name)
        at = due(run, clock, item, rules.calendar) if clock else None
        clocks[name] = {
            "title": clock.title if clock else name,
            "cycle": run.cycle,
            "started_at": iso(run.started),
            "stopped_at": None if run.stopped is None else iso(run.stopped),
            "paused": run.paused,
            "due_at": None if at is None else iso(at),
            "provisional": clock is not None and due_is_provisional(run, clock, item, rules.calendar),
        }
    fields = {name: value for name, value in item.fields.items() if not name.startswith("_")}
    return public(item_row(item, rules, now)) | {
        "fields": fields,
        "related": {name: other._asdict() for name, other in dossier.related.items()},
        "parts": [public(row) for row in dossier.parts],
        "desk": {"role": where.role, "unit": where.unit, "person": where.person},
        "turns": [
            {"verb": t.verb, "roles": list(t.roles), "clock": t.clock, "people": people(t, item, rules)}
            for t in turns(item, rules, now)
        ],
        "allowed": dossier.allowed,
        "clocks": clocks,
        "earlier_rounds": [
            {"round": number, "closed_at": iso(event.effective_at), "on_time": on_time, "seq": event.seq}
            for number, event, on_time in _earlier_rounds(dossier)
        ],
        "requests": [
            {
                "name": f"{item.number}-{r.ordinal}",
                "kind": r.kind,
                "state": r.state,
                "made_by": r.made_by,
                "made_at": iso(r.made_at),
                "timely": r.timely,
                "fields": dict(r.fields),
                "decided_by": r.decided_by,
                "decided_at": None if r.decided_at is None else iso(r.decided_at),
            }
            for r in item.requests
        ],
        "open_requests": open_requests(item),
        "reporter": masked_name(dossier.reporter.name) if dossier.reporter else None,
        "contact": masked_contact(dossier.reporter.contact) if dossier.reporter else None,
        "events": [event_json(event, *dossier.under(event), proof=proof) for event in dossier.events],
    }
