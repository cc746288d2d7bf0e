"""Chinese sentences about items: when due, what was done, who is next. One place: every screen says it alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.canonical import parse
from engine.clock import iso
from engine.light import DUE_SOON, NONE, NORMAL, OVERDUE, light, unclear, unread_text
from engine.roles import members
from engine.secrecy import CLEARED
from interfaces.display import display
from workflows.labels import day, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.context import Rules
    from engine.definition import Rung
    from engine.event import Event
    from engine.item import Item
    from engine.light import Light
    from engine.work import Outcome
    from workflows.labels import Titles

LIGHTS = {NORMAL: "正常", DUE_SOON: "临期", OVERDUE: "逾期", NONE: "未计时"}


def light_text(judged: Light) -> str:
    """Return the light as words: 正常, 临期, 逾期3个工作日."""
    if judged.word == OVERDUE:
        return f"逾期{judged.days}个工作日" if judged.days else "逾期"
    return LIGHTS[judged.word]


def due_text(judged: Light) -> str:
    """Return a due moment as people read it: 8月31日 周四, with （暂定） when it leans on a year not yet announced."""
    if judged.due_at is None:
        return "时限待明确"
    return day(judged.due_at) + ("（暂定）" if judged.provisional else "")


def left_text(judged: Light) -> str:
    """Return how much time is left or over: 余2个工作日, 今日到期, 超3个工作日."""
    if judged.due_at is None or judged.word == NONE:
        return ""
    if judged.word == OVERDUE:
        return f"超{judged.days}个工作日" if judged.days else "今日已超"
    return f"余{judged.days}个工作日" if judged.days else "今日到期"


def desk(item: Item, rules: Rules) -> str:
    """Return on whose desk an item lies: 水务处 李某."""
    owner = rules.definition.states[item.state].owner_of(item)
    organisation = rules.organisation
    people = members(owner, item, organisation) if owner else []
    if not people:
        return ""
    first = people[0]
    return f"{organisation.unit_title(organisation.unit_of(first))} {organisation.name_of(first)}".strip()


def outcome_text(outcome: Outcome, title: str, now: int, *, dry_run: bool) -> str:
    """Say in one line what an act did: `已交办 ZG2023-0012 河道漂浮垃圾 → 待签收（水务处 李某），5月16日 周二前`."""
    item, rules = outcome.after, outcome.rules
    state = rules.definition.states[item.state]
    head = f"{'将' if dry_run else '已'}{title} {item.serial} {display(item.text('title'))}"
    if state.final:
        return f"{head} → {state.title}"
    judged = light(item, rules, now)
    when = f"，{due_text(judged)}前" if judged.due_at else ""
    if unclear(item, rules):
        when += f"，时限待明确{written(item, rules)}"
    who = desk(item, rules)
    return f"{head} → {state.title}{f'（{display(who)}）' if who else ''}{when}"


def written(item: Item, rules: Rules) -> str:
    """Return the limit as written that could not be read: （原文“立行立改”）, or nothing."""
    text = unread_text(item, rules)
    return f"（原文“{display(text)}”）" if text else ""


def event_text(event: Event, titles: Titles, rules: Rules) -> str:
    """Say in a few words what an event recorded: `退回整改：补充佐证材料…`, and why what bore a mark was let in."""
    body = parse(event.body)
    cleared = f"（已脱密：{display(str(body[CLEARED]))}）" if CLEARED in body else ""
    return f"{_recorded(event, body, titles, rules)}{cleared}"


def _recorded(event: Event, body: dict[str, Any], titles: Titles, rules: Rules) -> str:  # noqa: PLR0911 - one return a verb
    title = titles.verb(event.verb)
    if event.result != "done":
        from engine.errors import Refused
        from workflows.messages import sentence

        data = body.get("data")
        error = Refused(str(body.get("code")), **(data if isinstance(data, dict) else {}))
        return f"{title}未成：{display(sentence(error, titles))}"
    if event.verb == "escalate":
        return _rung_text(body, rules)
    if event.verb == "recount":
        return f"{title}：{_moved_text(body.get('moved'), titles)}"
    if event.verb == "move":
        return _move_text(body, title, titles, rules)
    if event.verb == "accept_clock":
        return f"{title}：上次记录 {_instant(body, 'last_at')}，本机时间 {_instant(body, 'now_at')}"
    if event.verb == "restore":
        lost = f"，其后 {body['lost']} 条未在其中" if body.get("lost") else ""
        return f"{title}：{display(str(body['backup']))}，至第 {body['entries']} 号办理记录{lost}"
    if event.verb == "request":
        made = body["request"]
        kind = titles.requests.get(str(made["kind"]), "") if isinstance(made, dict) else ""
        detail = _fields_text(made.get("fields") if isinstance(made, dict) else {}, titles, rules)
        return f"申请{kind}{'：' + detail if detail else ''}"
    if event.verb == "correct":
        return _corrected_text(body, title, titles, rules)
    if event.verb == "issue":
        return f"{title}：{_paper_text(event)}"
    if event.verb == "set_reading":
        return f"{title}：{_readings_text(body)}"
    detail = _fields_text(body.get("fields"), titles, rules)
    if event.verb == "take_over":
        title = f"{title}（{titles.states.get(str(body['to']), body['to'])}）"
    return f"{title}{_decision_text(event, body)}{'：' + detail if detail else ''}"


def _paper_text(event: Event) -> str:
    """Name the paper that an entry gave its number: 红色督办单 督办〔2023〕5号."""
    from engine.paper import paper_of
    from workflows.papers import KINDS, number_text

    paper = paper_of(event)
    return f"{KINDS[paper.kind].title if paper.kind in KINDS else paper.kind} {number_text(paper)}"


def _readings_text(body: dict[str, object]) -> str:
    """Say how limit texts are read from an entry on: “天”“日”按工作日计；…."""
    from workflows.limits import WRITTEN, Readings, reading_words

    value = body.get("value")
    words = reading_words(Readings(**{str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}))
    return "；".join(f"{WRITTEN[name]}{word}" for name, word in words.items())


def _instant(body: Mapping[str, Any], name: str) -> str:
    return moment(int(body[name]))


def _move_text(body: Mapping[str, Any], title: str, titles: Titles, rules: Rules) -> str:
    """Say from which version to which an item moved, to which state, and why: 转入新版流程（第1版→第2版）：理由 …."""
    old, new = body["versions"]
    state = rules.definition.states.get(str(body.get("to", "")))
    where = f"，状态为“{state.title}”" if state else ""
    return f"{title}（第 {old} 版 → 第 {new} 版{where}）：{_fields_text(body['fields'], titles, rules)}"


def _corrected_text(body: Mapping[str, Any], title: str, titles: Titles, rules: Rules) -> str:
    """Say what was put right, both texts, in which entry, and why: 更正第 3 号记录：问题 由“旧”改为“新”；理由 …."""
    changes = []
    for name, old in body["was"].items():
        texts = [display(value_text(name, value, rules)) for value in (old, body["fields"][name])]
        changes.append(f"{titles.fields.get(name, name)} 由“{texts[0]}”改为“{texts[1]}”")
    reason = _fields_text({"reason": body["fields"]["reason"]}, titles, rules)
    return f"{title}第 {body['corrects']} 号记录：{'；'.join((*changes, reason))}"


def _decision_text(event: Event, body: dict[str, object]) -> str:
    """Name the request that was decided and what became of it, or the notice that was answered."""
    from workflows.labels import REQUEST_STATES

    decision, notice = body.get("decision"), body.get("notice")
    if isinstance(notice, int):
        return f" 第 {notice} 号通知"
    if not isinstance(decision, list):
        return ""
    ordinal, state = decision
    return f" {event.item}-{ordinal}{'（' + REQUEST_STATES['endorsed'] + '）' if state == 'endorsed' else ''}"


def _moved_text(moved: object, titles: Titles) -> str:
    """Say which due moments another calendar moved: `整改时限 5月15日 周一 → 5月16日 周二`."""
    clocks = moved if isinstance(moved, list) else []
    return "；".join(f"{titles.clocks.get(name, name)} {when(old)} → {when(new)}" for name, old, new in clocks)


def when(at: int | None) -> str:
    """Write a due moment with its year, or that there is none: 2023年5月15日 17:30."""
    return "未定" if at is None else moment(at)


def rung_of(body: Mapping[str, object], rules: Rules) -> Rung | None:
    """Return the rung that an entry says was crossed."""
    clock = rules.definition.clocks.get(str(body.get("clock")))
    rungs = rules.definition.ladders.get(clock.ladder, ()) if clock else ()
    return next((r for r in rungs if r.level == body.get("level")), None)


def _rung_text(body: dict[str, object], rules: Rules) -> str:
    clock, rung = rules.definition.clocks.get(str(body.get("clock"))), rung_of(body, rules)
    told = body.get("tell")
    names = "、".join(rules.organisation.name_of(str(p)) for p in told) if isinstance(told, list) else ""
    paper = f"，《{body['paper']}》" if body.get("paper") else ""
    alarm = "（无人可告，报牵头部门）" if body.get("alarm") else ""
    return f"{rung.title if rung else '督办'}（{clock.title if clock else ''}）→ {names}{paper}{alarm}"


def _fields_text(fields: object, titles: Titles, rules: Rules) -> str:
    if not isinstance(fields, dict):
        return ""
    parts = []
    for name, value in fields.items():
        if name in ("addressees", "notice", "from"):
            continue
        title = "" if name == "comment" else f"{titles.fields.get(name, name)} "
        parts.append(f"{title}{display(value_text(name, value, rules))}")
    return "；".join(parts)


def value_text(name: str, value: object, rules: Rules) -> str:  # noqa: C901, PLR0911 - one return a kind of value
    """Return a field's value as people read it."""
    field = rules.definition.fields.get(name)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (list, tuple)):
        return "、".join(value_text(name, one, rules) for one in value)
    if isinstance(value, dict):
        return str(value.get("text") or value.get("name") or value)
    if field is None:
        return str(value)
    if field.kind == "choice":
        return field.choices.get(str(value), str(value))
    if field.kind in ("unit", "units"):
        return rules.organisation.unit_title(str(value))
    if field.kind == "officer":
        return rules.organisation.name_of(str(value))
    recurs = rules.definition.recurs
    if recurs and name == recurs.period:
        return str(value).replace("/", " 至 ")
    if field.kind == "item":
        return f"第 {value} 号"
    if field.kind == "period":
        from workflows.periods import period_title

        return period_title(str(value))
    if field.kind == "limit":
        from workflows.limits import limit_title

        return limit_title(str(value))
    if name in ("told", "exempted"):
        from workflows.labels import addressee

        return addressee(str(value))
    return str(value)


def item_json(item: Item, rules: Rules, now: int) -> dict[str, object]:
    """Return an item as JSON with the identifiers of the glossary; instants as ISO texts."""
    judged = light(item, rules, now)
    fields = {name: value for name, value in item.fields.items() if not name.startswith("_")}
    return {
        "number": item.number,
        "serial": item.serial,
        "workflow": item.workflow,
        "state": item.state,
        "stage": rules.definition.states[item.state].stage,
        "light": judged.word,
        "due_at": iso(judged.due_at) if judged.due_at is not None else None,
        "provisional": judged.provisional,
        "registered_at": iso(item.registered_at),
        "closed_at": iso(item.closed_at) if item.closed_at is not None else None,
        "round": item.round,
        "version": item.version,
        "rungs": len(item.crossed),
        "fields": fields,
    }
