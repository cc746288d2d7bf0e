"""What a paper about an item rests on: a rung or an act of supervision, an application, a report; and whether it may go out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.canonical import parse
from engine.errors import Refused
from engine.event import DONE
from engine.light import OVERDUE, light
from engine.notice import DRAFT, WITHHELD
from engine.paper import FORMAL, issued
from interfaces.records import decider_text
from workflows.labels import FIXED_VERBS
from workflows.papers import KINDS, number_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from engine.event import Event
    from engine.item import Request
    from engine.notice import Notice
    from engine.paper import Paper
    from interfaces.dossier import Dossier
    from workflows.papers import Kind

SUPERVISE = "supervise"
"""The verb of an act by which somebody of the supervising office, or a leader, has an item supervised."""

SUPERVISION = "督办单"
"""What an act of supervision sends out, as ladders call it."""

BLUE, RED = "blue_supervision", "red_supervision"


class Basis(NamedTuple):
    """What a paper rests on. `key` names it in the record; "" where there is nothing yet, and the paper is a draft to be signed.

    `released` says that a named person let it go out. `entry` is the entry behind it, `fields` what that one said, `request` the
    application, `receivers` who is told, `by` who released it, in words. `earlier` are the formal papers that went out before, by the
    names under which they were drafted, and how often.
    """

    key: str
    released: bool
    entry: Event | None = None
    fields: Mapping[str, object] = {}
    request: Request | None = None
    receivers: tuple[str, ...] = ()
    by: str = ""
    earlier: tuple[tuple[str, int], ...] = ()


def basis_of(kind: Kind, dossier: Dossier, notices: Sequence[Notice]) -> Basis:
    """Find what a paper of a kind rests on now: the latest there is.

    Raises `Refused`: `paper_withheld`, `paper_colour`, `paper_without_request`, `paper_without_report`.
    """
    if kind.group == FORMAL:
        basis = _supervised(kind, dossier, notices)
        return basis._replace(earlier=_earlier(kind, dossier, notices, basis))
    if kind.request:
        return _asked(kind, dossier)
    if kind.series:
        return _reported(dossier)
    return Basis("", released=True)


def paper_on(basis: Basis, kind: Kind, dossier: Dossier) -> Paper | None:
    """Return the paper already issued on a basis; raises `Refused("paper_issued_as")` when it was issued as another kind."""
    found = next((paper for paper in issued(dossier.item) if paper.basis == basis.key), None) if basis.key else None
    if found and found.kind != kind.name:
        title = KINDS[found.kind].title if found.kind in KINDS else found.kind
        raise Refused("paper_issued_as", title=title, no=number_text(found))
    return found


def _supervised(kind: Kind, dossier: Dossier, notices: Sequence[Notice]) -> Basis:
    """The latest rung that drafted such a paper, or act of supervision."""
    rungs: dict[int, list[Notice]] = {}
    for notice in notices:
        if notice.paper in kind.drafts:
            rungs.setdefault(notice.seq, []).append(notice)
    acts = {
        e.seq: e for e in dossier.events if e.verb == SUPERVISE and e.result == DONE and kind.series == "supervision"
    }
    latest = max((*rungs, *acts), default=0)
    if latest not in rungs:
        _fits(kind, dossier)
    if not latest:
        return Basis("", released=False)
    entry = next(event for event in dossier.events if event.seq == latest)
    if latest in acts:
        return Basis(f"entry-{latest}", released=True, entry=entry, fields=_fields(entry), by=_signed(entry, dossier))
    drafted = rungs[latest]
    receivers = tuple(notice.receiver for notice in drafted if notice.status != WITHHELD)
    if not receivers:
        raise Refused("paper_withheld", item=dossier.item.serial, title=drafted[0].paper)
    out = [notice for notice in drafted if notice.status not in (DRAFT, WITHHELD)]
    if not out:
        return Basis(f"entry-{latest}", released=False, entry=entry, receivers=receivers)
    receivers = tuple(notice.receiver for notice in out)
    return Basis(f"entry-{latest}", released=True, entry=entry, receivers=receivers, by=_released(out, dossier))


def _earlier(kind: Kind, dossier: Dossier, notices: Iterable[Notice], basis: Basis) -> tuple[tuple[str, int], ...]:
    """Count the papers of other kinds that went out before this one; an act of supervision sends one out too."""
    before = basis.entry.seq if basis.entry else None
    sent = {notice.seq: notice.paper for notice in notices if notice.paper and notice.status not in (DRAFT, WITHHELD)}
    sent |= {e.seq: SUPERVISION for e in dossier.events if e.verb == SUPERVISE and e.result == DONE}
    papers = [sent[seq] for seq in sorted(sent) if sent[seq] not in kind.drafts and (before is None or seq < before)]
    return tuple((name, papers.count(name)) for name in dict.fromkeys(papers))


def _fits(kind: Kind, dossier: Dossier) -> None:
    """Raise `Refused("paper_colour")` where a colour would say what is not so: a rung has proved it, a person's choice has not."""
    overdue = light(dossier.item, dossier.rules, dossier.now).word == OVERDUE
    if (overdue and kind.name == BLUE) or (not overdue and kind.name == RED):
        raise Refused("paper_colour", item=dossier.item.serial, title=kind.title, overdue="已" if overdue else "未")


def _released(notices: Iterable[Notice], dossier: Dossier) -> str:
    """Say who released a paper; one that goes out by itself was released by the ladder."""
    numbers = {notice.number for notice in notices}
    for event in dossier.events:
        if event.verb == "release" and event.result == DONE and parse(event.body).get("notice") in numbers:
            return _signed(event, dossier)
    return "按逐级督办规定发出"


def _signed(event: Event, dossier: Dossier) -> str:
    from interfaces.paper_content import day_text

    verb = FIXED_VERBS.get(event.verb) or dossier.title(event.verb)
    return f"{decider_text(event, dossier.under(event)[0])}，{day_text(event.effective_at)}{verb}"


def _asked(kind: Kind, dossier: Dossier) -> Basis:
    found = [request for request in dossier.item.requests if request.kind == kind.request]
    if not found:
        title = dossier.titles.requests.get(kind.request, kind.request)
        raise Refused("paper_without_request", item=dossier.item.serial, title=kind.title, what=title)
    return Basis(f"request-{found[-1].ordinal}", released=True, request=found[-1])


def _reported(dossier: Dossier) -> Basis:
    main = dossier.rules.definition.main_clock
    verb = main.stops_at if main else ""
    if verb not in dossier.item.acts:
        raise Refused("paper_without_report", item=dossier.item.serial, verb=verb)
    entry = [event for event in dossier.events if event.verb == verb and event.result == DONE][-1]
    return Basis(f"entry-{entry.seq}", released=True, entry=entry)


def _fields(entry: Event) -> Mapping[str, object]:
    fields = parse(entry.body).get("fields")
    return fields if isinstance(fields, dict) else {}
