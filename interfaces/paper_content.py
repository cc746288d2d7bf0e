"""What each kind of paper says about an item: its fields as words, ready for a template and for the record."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from engine.canonical import parse
from engine.clock import civil
from engine.event import DONE
from engine.light import DUE_SOON, NONE, OVERDUE, light
from engine.limit import Limit, code
from engine.paper import FORMAL
from engine.roles import members, supervising_unit
from interfaces.dossier import feedback_lines, listed, request_text
from interfaces.evidence import AFTER, BEFORE
from interfaces.masking import masked
from interfaces.records import decider_text, shown_at
from interfaces.wording import event_text, left_text, light_text, rung_of, value_text
from workflows.labels import ROLES, moment
from workflows.limits import limit_title
from workflows.papers import KINDS, number_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.event import Event
    from engine.explain import Explanation
    from engine.item import Request
    from engine.organisation import Organisation
    from engine.paper import Paper
    from interfaces.dossier import Dossier
    from interfaces.evidence import Piece
    from interfaces.paper_basis import Basis
    from workflows.papers import Kind

BLANK = "　　　年　　月　　日"
"""A date that somebody writes by hand."""

DEMAND = "请立即组织办理，查明未按时办结的原因，明确责任人、具体措施和完成时间，并书面答复。"
"""What a 督办单 drafted by a ladder demands: nobody has written anything of their own."""

Rows = list[dict[str, str]]


def content_of(kind: Kind, dossier: Dossier, basis: Basis, found: Sequence[Piece], *, dated: bool) -> dict[str, object]:
    """Return what a paper says, all but its number and its mark. `dated` is false for drafts: their date is left blank."""
    said: dict[str, object] = {"kind": kind.title, "date": day_text(dossier.now) if dated else BLANK}
    said |= _about(dossier) | _limits(dossier)
    if kind.group == FORMAL:
        said |= _supervision(kind, dossier, basis) | _reasons(dossier, basis)
    if basis.request:
        said |= _request(kind, dossier, basis.request)
    if "outcome" in kind.fields:
        said |= _done(dossier, found)
    return {name: said[name] for name in kind.fields if name in said}


def day_text(at: int) -> str:
    """Return the day of an instant as a paper writes it: 2023年6月14日."""
    when = civil(at)
    return f"{when.year}年{when.month}月{when.day}日"


def _iso_day(text: object) -> str:
    try:
        day = date.fromisoformat(str(text))
    except ValueError:
        return str(text or "")
    return f"{day.year}年{day.month}月{day.day}日"


def sender(organisation: Organisation, unit: str) -> str:
    """Return who sends a paper, the bureau's name before the office's and no word twice: 某某局 + 局办公室 = 某某局办公室."""
    title, office = organisation.title, organisation.unit_title(unit)
    if office.startswith(title):
        return office
    shared = next((n for n in range(min(len(title), len(office)), 0, -1) if title.endswith(office[:n])), 0)
    return title + office[shared:]


def _about(dossier: Dossier) -> dict[str, object]:
    item, rules = dossier.item, dossier.rules
    organisation, definition = rules.organisation, rules.definition
    track = definition.tracks.get(item.text("track"))
    source = definition.sources.get(item.text("source"))
    return {
        "sender": sender(organisation, supervising_unit(item, organisation)),
        "serial": item.serial,
        "title": item.text("title"),
        "list_title": track.list_title if track else "",
        "source": source.title if source else "",
        "lead_unit": organisation.unit_title(item.text("lead_unit")),
        "co_units": "、".join(map(organisation.unit_title, item.names("co_units"))),
        "handler": organisation.name_of(item.text("handler")),
        "state": definition.states[item.state].title,
    }


def _limits(dossier: Dossier) -> dict[str, object]:
    """Return when it was assigned, by when it was and is to be done, and how it stands."""
    told = _count(dossier)
    item, rules = dossier.item, dossier.rules
    verbs = ("assign", "designate", "reopen")
    assigned = max((item.acts[verb].at for verb in verbs if verb in item.acts), default=None)
    due = told.due_at if told else None
    original = told.original_due if told else None
    moved = original is not None and original != due
    return {
        "assigned_on": day_text(assigned) if assigned else "",
        "due": _due_text(due, told) if told else "",
        "original_due": _due_text(original, told) if told and moved else "",
        "situation": _situation(dossier, told),
        "state": rules.definition.states[item.state].title,
    }


def _due_text(at: int | None, told: Explanation) -> str:
    """Write a due moment as papers do: its day, and the time only where the limit counts hours."""
    if at is None:
        return "时限待明确"
    text = moment(at) if told.limit.endswith("h") else day_text(at - 1)  # 24:00 belongs to the day that it ends
    return f"{text}{'（暂定）' if told.provisional and at == told.due_at else ''}"


def _count(dossier: Dossier) -> Explanation | None:
    from engine.explain import count

    main = dossier.rules.definition.main_clock
    if main is None or main.name not in dossier.item.clocks:
        return None
    return count(dossier.item, main.name, dossier.rules, dossier.events)


def _situation(dossier: Dossier, told: Explanation | None) -> str:
    """Say in a sentence how an item stands against its limit."""
    item, rules = dossier.item, dossier.rules
    state = rules.definition.states[item.state]
    percent = item.fields.get("percent")
    progress = f"，填报进度{percent}%" if isinstance(percent, int) else ""
    if told is None or told.due_at is None:
        return f"整改时限待明确，目前为“{state.title}”{progress}。"
    judged = light(item, rules, dossier.now)
    limit = f"整改时限为{_due_text(told.due_at, told)}"
    if told.stopped is not None:
        how = light_text(judged) if judged.word == OVERDUE else "未超过时限"
        return f"{limit}，{day_text(told.stopped)}报办结，{how}。"
    if told.paused:
        return f"{limit}，现暂停计时，目前为“{state.title}”{progress}。"
    done = "已报办结，尚待核验" if state.stage == "verify" else "尚未报办结"
    words = {OVERDUE: f"现已{light_text(judged)}", DUE_SOON: f"现已临期，{left_text(judged)}", NONE: "尚未计时"}
    return f"{limit}，{words.get(judged.word, left_text(judged))}，目前为“{state.title}”{progress}，{done}。"


def _supervision(kind: Kind, dossier: Dossier, basis: Basis) -> dict[str, object]:
    organisation = dossier.rules.organisation
    demand = str(basis.fields.get("demand") or "")
    if not demand and basis.key:
        demand = DEMAND
    answer_by = basis.fields.get("answer_by")
    officers = [one for one in map(organisation.officers.get, basis.receivers) if one]
    posts = [(one.name, one.post.partition("（")[0]) for one in officers]  # what a leader is in charge of is left out
    return {
        "level": f"{kind.title.removesuffix('督办单')}：{kind.level}" if kind.level else "",
        "colour": kind.colour,
        "demand": demand,
        "answer_by": _iso_day(answer_by) if answer_by else BLANK,
        "released_by": basis.by,
        "reminded": f"此前已发{'、'.join(f'{name}{times}次' for name, times in basis.earlier)}。"
        if basis.earlier
        else "",
        "copies": "、".join(f"{name}（{post}）" if post else name for name, post in posts),
    }


def _reasons(dossier: Dossier, basis: Basis) -> dict[str, object]:
    """Return what a paper for leaders says beside how the item stands: whose it is, why now, and what was filed on it."""
    item, rules = dossier.item, dossier.rules
    heads = members("lead_unit.head", item, rules.organisation)
    return {
        "head": rules.organisation.name_of(heads[0]) if heads else "",
        "cause": _cause(basis.entry, dossier) if basis.entry else "",
        "obstacle": item.text("obstacle"),
        "progress_note": item.text("progress_note"),
    }


def _cause(entry: Event, dossier: Dossier) -> str:
    """Say what brought a rung about: how far over time, or what had happened how often."""
    rules, titles = dossier.under(entry)
    rung = rung_of(parse(entry.body), rules)
    if rung is None:
        return ""
    what, _, name = rung.on.partition(":")
    if what == "paper":
        how = f"已{rung.times}次发出{name}"
    elif what:
        how = f"已{rung.times}次{titles.verb(name)}"
    elif rung.at and rung.at.amount > 0:
        how = f"到期后{limit_title(code(Limit(*rung.at)))}仍未办结"
    else:
        how = "到期仍未办结"
    return f"{how}，已达逐级督办的“{rung.title}”层级"


def _request(kind: Kind, dossier: Dossier, request: Request) -> dict[str, object]:
    rules = dossier.rules
    given = {name: value_text(name, value, rules) for name, value in request.fields.items()}
    times = sum(one.kind == request.kind for one in dossier.item.requests[: request.ordinal])
    asked = rules.definition.requests[request.kind]
    decided = {"endorsed": "", "granted": "", "refused": ""}
    for event in dossier.events:
        body = parse(event.body)
        decision = body.get("decision")
        if event.result != DONE or not isinstance(decision, list) or decision[0] != request.ordinal:
            continue
        fields = body.get("fields")
        opinion = str(fields.get("opinion") or "") if isinstance(fields, dict) else ""
        word = "不同意" if decision[1] == "refused" else "同意"
        decided[str(decision[1])] = (
            f"{word}{f'：{opinion}' if opinion and opinion != word else ''}。"
            f"（{decider_text(event, rules)}，{day_text(event.effective_at)}，已记录）"
        )
    said: dict[str, object] = {
        "applicant": dossier.who(request.made_by),
        "applied_on": day_text(request.made_at),
        "times": f"第{times}次",
        "until": _iso_day(request.fields.get(asked.until)),
        "reason": given.get("reason", ""),
        "progress_note": given.get("progress_note", ""),
        "endorsement": decided["endorsed"],
        "approver": _approver(dossier, request),
        "approval": decided["granted"] or decided["refused"],
    }
    return said | ({"grounds": given.get("grounds", "")} if "grounds" in kind.fields else {})


def _approver(dossier: Dossier, request: Request) -> str:
    """Say who gives the last word on an application, whatever has been said so far."""
    from engine.context import Context, Hand
    from engine.event import SYSTEM
    from engine.request import deciders

    if not request.is_open:
        return "批准人"  # whose power it needed was judged when it was decided
    context = Context(dossier.rules, Hand(SYSTEM, SYSTEM), dossier.now, dossier.now, lambda _number: None)
    kind = dossier.rules.definition.requests[request.kind]
    roles = deciders(dossier.item, request._replace(state="endorsed"), kind, context)
    return "、".join(ROLES.get(role, role) for role in roles)


def _done(dossier: Dossier, found: Sequence[Piece]) -> dict[str, object]:
    item, rules = dossier.item, dossier.rules

    def text(name: str) -> str:
        value = item.fields.get(name)
        return "" if value in (None, "") else value_text(name, value, rules)

    main = rules.definition.main_clock
    act = item.acts.get(main.stops_at) if main else None
    institution = "，".join(filter(None, (text("institution"), text("institution_no"))))
    return {
        "objective": text("objective"),
        "measures": list(_measures(dossier)) or _measure_taken(text("measure")),
        "outcome": text("outcome"),
        "result": text("result_class"),
        "done_on": day_text(act.at) if act else "",
        "lessons": text("lessons"),
        "long_term_mechanism": text("long_term_mechanism"),
        "institution": f"建立制度：{institution}" if institution else "",
        "feedback": "\n".join(feedback_lines(dossier)),
        "evidence": evidence_rows(found),
        **picture_rows(found),
    }


def _measure_taken(text: str) -> Rows:
    """Return what was done where nothing had to be planned, as the one measure."""
    return [{"no": "1", "text": text, "unit": "", "due": "", "mark": ""}] if text else []


def evidence_rows(found: Sequence[Piece], states: Mapping[str, str] | None = None) -> Rows:
    """Return the evidence as rows; `states` says for each SHA-256 whether the file is still what it was."""
    return [
        {
            "no": str(piece.no),
            "name": piece.name,
            "kind": piece.kind,
            "size": f"{piece.size}字节",
            "sha256": piece.sha256,
            "state": (states or {}).get(piece.sha256, ""),
        }
        for piece in found
    ]


def picture_rows(found: Sequence[Piece]) -> dict[str, Rows]:
    """Return what shows before and after as rows of pictures, named by SHA-256: whoever fills the template has the bytes."""
    return {f"pictures_{name}": _once(found, shows) for name, shows in (("before", BEFORE), ("after", AFTER))}


def _once(found: Sequence[Piece], shows: str) -> Rows:
    """Return what shows one thing, the same picture handed in twice once."""
    meant = {piece.sha256: piece.name for piece in reversed(found) if piece.shows == shows and not piece.paper}
    return [{"image": sha256, "name": name} for sha256, name in reversed(meant.items())]


def _measures(dossier: Dossier) -> Iterator[dict[str, str]]:
    item, organisation = dossier.item, dossier.rules.organisation
    done = {text.replace("：", ":").partition(":")[0].strip() for text in item.names("measure_done")}
    dropped = {text.replace("：", ":").partition(":")[0].strip() for text in item.names("measure_dropped")}
    everything = bool(item.fields.get("all_measures_done"))
    for number, one in enumerate(listed(item, "measures"), 1):
        mark = "不再执行" if str(number) in dropped else "已完成" if everything or str(number) in done else ""
        yield {
            "no": str(number),
            "text": str(one.get("text", "")),
            "unit": organisation.unit_title(str(one.get("unit") or "")),
            "due": _iso_day(one.get("due")),
            "mark": mark,
        }


# -- the whole dossier -----------------------------------------------------------------------------------------------


def dossier_content(
    dossier: Dossier,
    found: Sequence[Piece],
    states: Mapping[str, str],
    papers: Sequence[tuple[Paper, int]],
    proof: Rows,
) -> dict[str, object]:
    """Return what the dossier says beside what a form does: the trail, the count, papers, evidence. `papers` come with their dates."""
    item = dossier.item
    told = _count(dossier)
    return {
        "date": f"截至{moment(dossier.now)}",
        "description": item.text("description"),
        "reporter": masked(dossier.reporter) if dossier.reporter else "",
        "limits": _limit_rows(dossier, told),
        "counting": list(_counting(dossier, told)),
        "ladder": list(_ladder(dossier, told)) or ["没有督办层级。"],
        "requests": [request_text(dossier, request) for request in item.requests] or ["没有申请。"],
        "evidence": evidence_rows(found, states),
        "pictures_other": _once(found, ""),
        "trail": [
            {
                "seq": str(event.seq),
                "when": moment(shown_at(event)),
                "who": decider_text(event, dossier.under(event)[0]),
                "text": _entry_text(event, dossier),
                "hash": event.hash,
            }
            for event in dossier.events
        ],
        "papers": [
            {
                "number": number_text(paper),
                "title": KINDS[paper.kind].title if paper.kind in KINDS else paper.kind,
                "date": day_text(at),
                "scan": "、".join(piece.name for piece in found if piece.paper == paper.key),
            }
            for paper, at in papers
        ],
        "proof": proof,
    }


def _entry_text(event: Event, dossier: Dossier) -> str:
    """Say what an entry recorded; of what was refused only why, without what would have been allowed."""
    rules, titles = dossier.under(event)
    text = event_text(event, titles, rules)
    return text if event.result == DONE else text.partition("。")[0]


def _limit_rows(dossier: Dossier, told: Explanation | None) -> Rows:
    from interfaces.reckoning import summary

    return [{"name": name, "text": str(text)} for name, text in summary(told, dossier)] if told else []


def _counting(dossier: Dossier, told: Explanation | None) -> Iterator[dict[str, str]]:
    from interfaces.reckoning import day_text as day_line
    from interfaces.reckoning import folded, hours, is_date, why_text
    from interfaces.records import day_and_time

    for day in folded(told, everything=not is_date(told)) if told else ():
        if isinstance(day, list):
            yield {
                "day": f"…（{len(day)}日）",
                "counts": "",
                "number": "",
                "why": f"其中计{sum(one.counts for one in day)}日",
            }
            continue
        number = str(day.number) if day.counts else ""
        yield {
            "day": day_line(day.day),
            "counts": "计" if day.counts else "不计",
            "number": number,
            "why": why_text(day, dossier),
        }
    total = 0
    for segment in told.segments if told else ():
        total += segment.counted
        span = f"{day_and_time(segment.start, dossier.now)} 至 {day_and_time(segment.end, dossier.now)}"
        counted = hours(segment.counted) if segment.counted else "暂停计时"
        yield {"day": span, "counts": "计" if segment.counted else "不计", "number": hours(total), "why": counted}


def _ladder(dossier: Dossier, told: Explanation | None) -> Iterator[str]:
    from interfaces.reckoning import step_text

    for step in told.steps if told else ():
        yield step_text(step, told, dossier) if told else ""
