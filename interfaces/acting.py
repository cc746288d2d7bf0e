"""Running an act from the command line: items, fields and hand in; one line for each item out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.clock import day_of, parse_instant
from engine.errors import Misused
from interfaces.display import display
from interfaces.output import emit_value, note, say
from interfaces.verbs import given_fields
from interfaces.wording import item_json, outcome_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.context import Hand
    from engine.work import Outcome
    from interfaces.session import Session

    Given = Mapping[str, object]
    Shapes = Mapping[str, Mapping[str, object]]


def session_of() -> Session:
    """Return the session of the command that runs now."""
    session: Session = click.get_current_context().find_root().obj
    return session


def run_act(verb: str, given: Given, shapes: Shapes, *, new: bool) -> None:
    """Do a verb to the items named, or run a composite that begins with a registration."""
    session = session_of()
    fields = given_fields(given, shapes, session)
    hand, at, dry_run = hand_of(given, session), instant_of(given), bool(given["dry_run"])
    if new:
        workflow = next(n for n, e in session.index.items() if any(a["name"] == verb and a["new"] for a in e["verbs"]))
        outcomes = session.office.compose_new(workflow, verb, fields, hand, at=at, dry_run=dry_run)
    elif given.get("from_sheet"):
        orders = _orders(verb, given, fields, shapes, session)
        outcomes = session.office.act_each(orders, verb, hand, at=at, dry_run=dry_run)
    else:
        numbers = _items(given, session)
        if not numbers:
            context = click.get_current_context()
            raise click.MissingParameter(
                ctx=context, param=next(p for p in context.command.params if p.name == "items")
            )
        unread = {n: v for n, v in given.items() if v and n not in fields and shapes.get(n, {}).get("kind") == "limit"}
        if unread:
            _refuse_beside(unread, numbers, session)
        outcomes = session.office.act(numbers, verb, fields, hand, at=at, dry_run=dry_run)
    finish(outcomes, verb, given, session)


def run_request(kind: str, given: Given, shapes: Shapes) -> None:
    """Apply for something about the items named."""
    session = session_of()
    fields = given_fields(given, shapes, session)
    hand, dry_run = hand_of(given, session), bool(given["dry_run"])
    outcomes = session.office.request(_items(given, session), kind, fields, hand, at=instant_of(given), dry_run=dry_run)
    finish(outcomes, "request", given, session)
    if not dry_run and given["form"] == "text":
        for outcome in outcomes:
            made = outcome.after.requests[-1]
            name = f"{outcome.after.number}-{made.ordinal}"
            say(f"申请编号 {name}；批复：siban 同意 {name}")


def run_register(given: Given, shapes: Shapes) -> None:
    """Register one item."""
    from interfaces.secrecy import remind

    session = session_of()
    remind()
    name = given.get("workflow")
    workflow = session.workflow(str(name) if name else None)
    own = {key: value for key, value in given.items() if key not in ("workflow", "draft")}
    fields = given_fields(own, shapes, session)
    outcomes = session.office.register(
        workflow,
        [(fields, instant_of(given))],
        hand_of(given, session),
        draft=bool(given["draft"]),
        dry_run=bool(given["dry_run"]),
    )
    finish(outcomes, "register", given, session)


def finish(outcomes: Sequence[Outcome], verb: str, given: Given, session: Session) -> None:
    """Say what happened, and keep a trial's clock."""
    dry_run = bool(given.get("dry_run"))
    if not dry_run:
        session.keep_clock()
    form = given.get("form", "text")
    if form in ("json", "jsonl"):
        rows = [
            item_json(o.after, o.rules, session.now)
            | {"verb": verb, "dry_run": dry_run, "events": [e.seq for e in o.events if e.seq]}
            for o in outcomes
        ]
        if form == "json":
            emit_value(rows)
        else:
            for row in rows:
                emit_value(row, form="jsonl")
        return
    for outcome in outcomes:
        title = outcome.rules.definition.verbs.get(verb) or session.titles.verb(verb)
        say(outcome_text(outcome, title, session.now, dry_run=dry_run))
        for event in outcome.settled:
            if event.verb == "escalate":
                note(f"  此前已到督办时点，已一并记录（第 {outcome.after.number} 号事项）。")
                break
    if dry_run:
        note("以上为试办，未作任何改动。")


def _orders(
    verb: str, given: Given, fields: Given, shapes: Shapes, session: Session
) -> list[tuple[int, dict[str, object]]]:
    """Read a sheet of items with their fields; what the command line gives holds for every row that says nothing else.

    Lists what is wrong and exits 4 where a row cannot be read.
    """
    from interfaces.acts_sheet import read_acts
    from interfaces.output import Column, emit

    if given["items"]:
        message = "--from 与 ITEM 只能用一个。"
        raise click.UsageError(message)
    acts = [act for entry in session.index.values() for act in entry["verbs"] if act["name"] == verb]
    known = dict.fromkeys(field for act in acts for field in act["fields"])
    orders, faults, unused = read_acts(str(given["from_sheet"]), list(known), shapes, session)
    if unused:
        note(f"未用的列：{'、'.join(map(display, unused))}")
    if faults:
        columns = [Column("row", "行", "right"), Column("cell", "位置"), Column("column", "列"),
                   Column("value", "内容", max_cells=40), Column("why", "问题")]  # fmt: skip
        form = str(given.get("form", "text"))
        emit([fault._asdict() for fault in faults], columns, form="table" if form == "text" else form)
        note(f"{len(faults)} 处有误，一件也没有办理。")
        click.get_current_context().exit(4)
    return [(number, {**fields, **own}) for number, own in orders]


def _refuse_beside(unread: Given, numbers: Sequence[int], session: Session) -> None:
    """Refuse a limit that could not be read where one stands already: kept beside it, nobody would ever see it.

    Raises `Misused("limit_stands")`.
    """
    from workflows.limits import limit_title

    with session.store.read() as reader:
        for item in filter(None, map(reader.item, numbers)):
            for name, text in unread.items():
                if item.text(name):
                    raise Misused("limit_stands", item=item.serial, limit=limit_title(item.text(name)), text=text)


def _items(given: Given, session: Session) -> list[int]:
    names = given["items"]
    return session.numbers([str(name) for name in names] if isinstance(names, (list, tuple)) else [])


def instant_of(given: Given) -> int | None:
    """Read when an act was really done (补录), None for now."""
    text = given.get("done_at")
    return parse_instant(str(text)) if text else None


def hand_of(given: Given, session: Session) -> Hand:
    """Read who decides, who enters and what the entry rests on."""
    basis: dict[str, str] = {}
    for key, name in (("basis", "kind"), ("ref", "ref"), ("basis_date", "date")):
        value = given.get(key)
        if value:
            basis[name] = day_of(parse_instant(str(value))).isoformat() if name == "date" else str(value)
    if given.get("scan"):
        basis["file"] = session.kept(str(given["scan"])).sha256
    behalf, command_id = given.get("on_behalf"), given.get("command_id")
    return session.hand(str(behalf) if behalf else None, basis, str(command_id) if command_id else "")
