"""One item: `show` all about it, `log` what was recorded, `explain` how its due day came about."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from interfaces.acting import session_of
from interfaces.output import Column, emit, emit_value, lines, note, output_option
from interfaces.past import past_options
from interfaces.shell import Command, Count, option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.context import Rules
    from engine.event import Event
    from engine.past import Past
    from engine.ports import Reader
    from engine.row import EventQuery
    from interfaces.dossier import Dossier
    from interfaces.entries import Question
    from interfaces.session import Session
    from workflows.labels import Titles

FIRST = 50
"""How many entries a log shows unless asked for more."""


@click.command(
    cls=Command,
    short_help="一件事项的全部情况",
    example="siban show 12\nsiban 查看 ZG2023-0012 -o json\nsiban 查看 12 --截至 2023-05-31",
)
@click.argument("item", metavar="ITEM")
@option("--proof", "--散列", is_flag=True, help="列出全部记录及其散列值")
@past_options
@output_option
def show(item: str, proof: bool, as_of: str | None, known_at: str | None, form: str) -> None:
    """一件事项的全部情况：在谁手上、何时到期、下一步、我能办什么，以及措施、申请、反馈、材料和最近记录。"""
    from interfaces.dossier import page, page_json

    dossier = dossier_of(session_of(), item, possibilities=True, as_of=as_of, known_at=known_at)
    if form in ("json", "jsonl"):
        emit_value(page_json(dossier, proof=proof), form=form)
        return
    lines(page(dossier, proof=proof).split("\n"))


@click.command(
    "log",
    cls=Command,
    short_help="办理记录",
    example="siban log 12\nsiban 记录 --actor 周明 --since 2023-05-01 --until 2023-05-31\n"
    "siban log --结果 未成 --环节 核验\nsiban log --after 0 -n 500 -o jsonl\nsiban log --跟踪",
)
@click.argument("item", required=False, metavar="[ITEM]")
@option("--actor", "--办理人", metavar="OFFICER", help="决定的人、录入的人或集体；系统写 system")
@option("--verb", "--动作", metavar="VERB", help="办理动作")
@option("--unit", "--单位", metavar="UNIT", help="办理人所在单位")
@option("--stage", "--环节", metavar="STAGE", help="办理时所在环节：受理｜分办｜办理｜核验｜反馈｜办结")
@option("--since", "--自", metavar="INSTANT", help="录入时间不早于")
@option("--until", "--至", metavar="INSTANT", help="录入时间不晚于；只写日期的含当日")
@option("--result", "--结果", metavar="RESULT", help="办成（done）｜未成（refused）")
@option(
    "-n",
    "--limit",
    "--条数",
    "limit",
    type=Count(0),
    default=FIRST,
    metavar="N",
    help=f"最近几条，默认 {FIRST}，0 为全部",
)
@option("--after", "--之后", type=Count(0), metavar="SEQ", help="从这个记录号之后起，由早到晚；用于翻页")
@option("--follow", "--跟踪", is_flag=True, help="列完后等着，有新记录随即列出，按 Ctrl-C 结束")
@option("--proof", "--散列", is_flag=True, help="附散列值")
@past_options
@output_option
def log(
    item: str | None,
    actor: str | None,
    verb: str | None,
    unit: str | None,
    stage: str | None,
    since: str | None,
    until: str | None,
    result: str | None,
    limit: int,
    after: int | None,
    follow: bool,
    proof: bool,
    as_of: str | None,
    known_at: str | None,
    form: str,
) -> None:
    """办理记录：谁在何时办了什么，未办成的也在内；最近的在最后。代录的注明录入人和依据。"""
    from interfaces.entries import Question, page
    from interfaces.past import nothing_yet, past_of

    if follow and (as_of or form == "json"):
        message = "--follow 不能与 --as-of 或 -o json 同用；逐条输出用 -o jsonl。"
        raise click.UsageError(message)
    session = session_of()
    titles, now = session.titles, session.now
    number = session.numbers([item])[0] if item else None
    with session.view() as reader:
        past = past_of(session, reader, as_of, known_at)
        now = past.as_of if past else now
        organisation = past.organisation() if past else session.organisation(reader)
        decider = organisation.decider(actor) if actor and actor != "system" else actor
        query = _query(number, decider, verb, since, until, result, titles)
        query = query._replace(after=after or 0, newest=after is None)
        if past:
            query = past.query(**query._asdict())
        asked = Question(query, organisation.unit(unit).id if unit else "", _stage(stage), limit)
        found, more = page(reader, asked, organisation, _reading(session, reader))
        rows = list(_log_rows(found, session, reader, now, proof=proof, past=past))
        head, empty = reader.head()[0], "" if rows else nothing_yet(reader, past, "没有符合条件的记录。")
    columns = [
        Column("seq", "记录号", "right"),
        Column("when", "时间", whole=True) if form == "table" else Column("effective_at", "时间"),
        *([] if number else [Column("item", "事项", "right")]),
        Column("who", "办理人"),
        Column("text", "办理情况", light="mark"),
        *([Column("hash", "散列值")] if proof else []),
    ]
    if follow:
        last = found[-1].seq if more and after is not None else head
        _follow(rows, asked, last, session, columns, form, proof=proof)
        return
    emit(rows, columns, form=form, empty=empty)
    if more and after is not None:
        note(f"后面还有；下一页：条件不变，--after {found[-1].seq}")
    elif more and form == "table":
        note(f"只列出最近 {limit} 条；从头逐页列出：--after 0；全部列出：-n 0")


def _stage(text: str | None) -> str:
    from interfaces.selecting import one_of
    from workflows.labels import STAGES

    return one_of("环节", text, {title: name for name, title in STAGES.items()}) if text else ""


def _reading(session: Session, reader: Reader) -> Callable[[Event], Rules]:
    return lambda event: _rules(event, session, reader)


def _follow(
    first: list[dict[str, object]],
    asked: Question,
    seq: int,
    session: Session,
    columns: list[Column],
    form: str,
    *,
    proof: bool,
) -> None:
    """Write what there is, then what comes, each entry at once, until the user interrupts."""
    import gc
    from contextlib import suppress

    from interfaces import entries
    from interfaces.output import emit_each

    gc.enable()  # this goes on for as long as it likes

    def look(after: int) -> tuple[list[dict[str, object]], int]:
        with session.view() as reader:
            head = reader.head()[0]
            if head == after:
                return [], after
            new = asked._replace(query=asked.query._replace(after=after, newest=False), limit=0)
            found, _ = entries.page(reader, new, session.organisation(reader), _reading(session, reader))
            return list(_log_rows(found, session, reader, session.now, proof=proof)), head

    def coming() -> Iterator[dict[str, object]]:
        yield from first
        for rows in entries.follow(look, seq, entries.pause):
            yield from rows

    with suppress(KeyboardInterrupt):
        emit_each(coming(), columns, form=form)


def _query(  # the filters of one command
    number: int | None,
    person: str | None,
    verb: str | None,
    since: str | None,
    until: str | None,
    result: str | None,
    titles: Titles,
) -> EventQuery:
    from engine.clock import parse_instant
    from engine.row import EventQuery
    from interfaces.past import end_of
    from interfaces.selecting import one_of
    from workflows.labels import FIXED_VERBS

    verbs = {title: name for name, title in (*FIXED_VERBS.items(), *titles.verbs.items())}
    if verb:
        root = click.get_current_context().find_root()
        command = root.command.get_command(root, verb) if isinstance(root.command, click.Group) else None
        if command and command.name and command.name.replace("-", "_") in verbs.values():
            verb = command.name  # what is typed to do it: the record may call it otherwise (附件, 补充材料)
    results = {"办成": "done", "未成": "refused"}
    return EventQuery(
        item=number,
        person=person or "",
        verb=one_of("办理动作", verb.replace("-", "_"), verbs) if verb else "",
        result=one_of("结果", result, results) if result else "",
        since=parse_instant(since) if since else None,
        until=end_of(until) if until else None,
    )


def _log_rows(
    events: list[Event], session: Session, reader: Reader, now: int, *, proof: bool, past: Past | None = None
) -> Iterator[dict[str, object]]:
    from interfaces.records import decider_text, event_json, late_text, shown_at, was_refused, when

    titles = session.titles
    own: dict[str, Titles] = {}
    for event in events:
        rules = _rules(event, session, reader, past)
        hash_ = rules.definition.hash
        own[hash_] = own.get(hash_) or _titles(session, rules, titles)
        row = event_json(event, rules, own[hash_], proof=proof)
        row["who"] = decider_text(event, rules)
        row["when"] = when(shown_at(event), now)
        row["text"] = f"{late_text(event, now)}{row['text']}"  # in front, where a narrow table does not cut it
        row["mark"] = "overdue" if was_refused(event) else ""
        yield row


def _rules(event: Event, session: Session, reader: Reader, past: Past | None = None) -> Rules:
    """Return the rules an entry is to be read under, now or in the past; entries about no item name none of their own."""
    from engine.policy import DEFINITION

    hash_ = event.definition
    if not hash_ or reader.policy(DEFINITION, hash_) is None:
        hash_ = next(hash_ for (kind, _), hash_ in reader.current_hashes().items() if kind == DEFINITION)
    return past.rules(hash_) if past else session.rules(reader, hash_)


def _titles(session: Session, rules: Rules, titles: Titles) -> Titles:
    """Return the titles of one version of a workflow: two may call the same verb differently."""
    from workflows.labels import titles_of

    definition = rules.definition
    entry = session.index.get(definition.name)
    if entry is None:
        return titles
    if entry["hash"] != definition.hash:
        from engine.canonical import parse
        from workflows.index import index_of

        entry = parse(index_of(definition))
    return titles_of({definition.name: entry})


@click.command(
    cls=Command,
    short_help="到期日是怎样一天一天算出来的",
    example="siban explain 12\nsiban 算期 12 --clock 签收时限\nsiban explain 12 --spent",
)
@click.argument("item", metavar="ITEM")
@option("--clock", "--计时", metavar="NAME", help="哪个计时，默认整改时限")
@option("--all", "--全部", "everything", is_flag=True, help="逐日列出，不折叠")
@option("--spent", "--用时", is_flag=True, help="时间用在了哪里：每个环节、每个单位、每个人各用多少工作时间")
@output_option
def explain(item: str, clock: str | None, everything: bool, spent: bool, form: str) -> None:
    """到期日是怎样一天一天算出来的：哪天计、哪天不计、依据什么通知，何时暂停、延期，到哪一级督办。"""
    from engine.explain import count
    from interfaces.reckoning import explanation_json, explanation_text

    session = session_of()
    dossier = dossier_of(session, item, possibilities=False)
    if spent:
        _spent(dossier, form)
        return
    told = count(dossier.item, _clock(dossier, clock), dossier.rules, dossier.events)
    if form in ("json", "jsonl"):
        emit_value({"number": dossier.item.number, "serial": dossier.item.serial} | explanation_json(told), form=form)
        return
    lines(explanation_text(told, dossier, everything=everything).split("\n"))


def _spent(dossier: Dossier, form: str) -> None:
    from engine.explain import spent
    from interfaces.reckoning import spent_json, spent_text, visit_row

    versions = {hash_: rules for hash_, (rules, _) in dossier.versions.items()}
    told = spent(dossier.events, dossier.rules, dossier.now, versions)
    if form == "json":
        emit_value({"number": dossier.item.number, "serial": dossier.item.serial} | spent_json(told, dossier))
        return
    columns = [
        Column("state_title", "状态"),
        Column("unit_title", "单位"),
        Column("who", "办理人"),
        Column("since", "自", show=lambda row: str(row["since"])[:16].replace("T", " ")),
        Column("until", "至", show=lambda row: str(row["until"] or "")[:16].replace("T", " ")),
        Column("worked", "用时", "right"),
        Column("paused", "", show=lambda row: "暂停计时" if row["paused"] else ""),
    ]
    rows = [visit_row(visit, dossier) for visit in told.visits]
    if form == "table":
        rows = [row for row in rows if row["worked_seconds"] or row["until"] is None]
    emit(rows, columns, form=form)
    if form == "table":
        lines(["", "各单位、各人用时（工作时间）", *spent_text(told, dossier.rules)])


def _clock(dossier: Dossier, name: str | None) -> str:
    """Return the clock meant: the one named, else the main one, before it begins the one that runs out first."""
    from engine.run import due
    from interfaces.selecting import one_of

    item, definition = dossier.item, dossier.rules.definition
    if name:
        return one_of("计时", name, {clock.title: key for key, clock in definition.clocks.items()})
    main = definition.main_clock
    if main and main.name in item.clocks:
        return main.name
    moments = [
        (due(run, definition.clocks[key], item, dossier.rules.calendar) or 1 << 62, key)
        for key, run in item.clocks.items()
        if key in definition.clocks
    ]
    return min(moments)[1] if moments else main.name if main else ""


def dossier_of(
    session: Session, name: str, *, possibilities: bool, as_of: str | None = None, known_at: str | None = None
) -> Dossier:
    """Read everything about the item named, in one view: as it stands, or as it was."""
    from engine.context import Context, Hand
    from engine.decide import allowed_verbs
    from engine.errors import Refused
    from engine.row import EventQuery
    from interfaces.belonging import parts_of
    from interfaces.dossier import Dossier
    from interfaces.naming import named
    from interfaces.past import past_of, shown

    number, now, titles = session.numbers([name])[0], session.now, session.titles
    me = ""
    if possibilities and as_of is None:
        with suppress(Refused):  # whoever reads need not be an officer
            me = session.hand().decider
    with session.view() as reader:
        item = reader.item(number)
        if item is None:
            raise Refused("unknown_item", name=name)
        past, query = past_of(session, reader, as_of, known_at), EventQuery(item=number)
        if past:
            seen = past.item(number)
            if seen is None:
                raise Refused("not_registered_then", item=item.serial, text_at=shown(past.as_of))
            item, rules, now, query = seen.item, seen.rules, past.as_of, past.query(item=number)
        else:
            rules = session.rules(reader, item.definition)
        allowed = allowed_verbs(item, Context(rules, Hand(me, me), now, now, reader.item)) if me else []
        events = list(reader.events(query))
        own = _titles(session, rules, titles)
        others = {event.definition: event for event in events if event.definition != item.definition}
        versions = {}
        for hash_, event in others.items():
            old = _rules(event, session, reader, past)
            versions[hash_] = old, _titles(session, old, titles)
        parts = () if past else tuple(part.row for part in parts_of(session, reader, number))
        related = named(reader, item, rules)
        return Dossier(item, rules, own, events, reader.reporter(number), allowed, now, versions, related, parts)
