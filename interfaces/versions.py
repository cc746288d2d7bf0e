"""Versions of a definition in the office's words: what changed between two, and what each item meets in the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.clock import iso
from engine.move import BLOCKED, FITS, UNMAPPED
from engine.versions import ADDED, CHANGED, REMOVED
from interfaces.display import display
from workflows.labels import ROLES, STAGES, day
from workflows.limits import limit_title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.definition import Definition
    from engine.move import Fit
    from engine.versions import Change

SECTIONS: Mapping[str, str] = {
    "workflow": "流程",
    "register": "登记",
    "fields": "填写内容",
    "states": "状态",
    "transitions": "办理动作",
    "clocks": "计时",
    "ladders": "逐级督办",
    "requests": "申请",
    "sources": "问题来源",
    "tracks": "问题清单",
    "composites": "合并办理",
}

KINDS: Mapping[str, str] = {ADDED: "新增", REMOVED: "删去", CHANGED: "变动"}

KEYS: Mapping[str, str] = {
    "title": "名称", "version": "版本号", "calendar": "工作日历", "initial": "登记后的状态", "draft": "草稿状态",
    "serial": "编号字头", "supervisor": "牵头关系", "kind": "类型", "keep": "是否保留", "choices": "选项", "help": "说明",
    "private": "是否保密", "aliases": "别名", "stage": "环节", "owner": "由谁经办", "owners": "各清单由谁经办",
    "next": "下一步", "final": "是否终结", "counted": "是否计入统计", "sources": "在何状态", "to": "转到", "by": "由谁办",
    "require": "必填", "optional": "选填", "guards": "条件", "when": "适用情形", "not_same_as": "不得由同一人办",
    "put": "自动填入", "copy": "自动照抄", "clears": "清空", "restarts": "重新计时", "notify": "通知", "new_round": "是否另起一轮",
    "absorb": "是否并入", "runs_in": "在何状态计时", "limit": "时限", "pauses_in": "在何状态暂停", "starts_at": "起算动作",
    "stops_at": "停止动作", "counts": "计算方式", "ladder": "督办阶梯", "main": "是否主计时", "roll": "遇休息日是否顺延",
    "at": "督办时点", "on": "触发事由", "times": "次数", "paper": "文书", "release": "由谁签发", "held_by": "等候的申请",
    "approve": "由谁批准", "endorse": "由谁先审", "until": "申请的日期", "moves": "延长的计时", "wakes": "自动办理",
    "max_granted": "最多批准次数", "before_due": "须在到期前", "window": "申请期限", "window_from": "申请期限自何动作起",
    "longest": "最长", "lapses_after": "多久未批失效", "feedback_to": "向谁反馈", "call_back": "是否回访", "publicity": "公开范围",
    "reporter": "须填反映人", "list_title": "清单名称", "provisional": "是否暂名", "steps": "步骤", "new": "是否自登记起",
}  # fmt: skip
"""What the keys of a definition are called."""

_STATES = ("initial", "draft", "sources", "to", "runs_in", "pauses_in")
_VERBS = ("not_same_as", "starts_at", "stops_at", "wakes", "window_from")
_FIELDS = ("require", "optional", "clears", "until")
_CLOCKS = ("restarts", "moves")
_LIMITS = ("limit", "window", "longest", "lapses_after", "up_to")
_ADDRESSEES: Mapping[str, str] = {
    **ROLES, "owner": "经办人", "superior(1)": "上一级", "superior(2)": "上两级", "superior(3)": "上三级",
}  # fmt: skip

VERDICTS: Mapping[str, str] = {FITS: "可以转", UNMAPPED: "须指明状态", BLOCKED: "不能转"}

WHYS: Mapping[str, str] = {
    "state_unknown": "新版没有“{about}”这一状态，用 --map 指明转到哪个状态",
    "state_final": "“{about}”是终结状态，在办事项不能转入",
    "request_unknown": "有“{about}”申请待批，新版没有这种申请，先批复",
    "request_open": "有“{about}”申请待批，换了状态申请即失效，先批复",
    "wake_unknown": "到期须自动“{about}”，新版在该状态下不能办",
    "field_kind": "“{about}”在新版中类型不同",
    "choice_unknown": "“{about}”现填的内容，新版没有这个选项",
    "due_lost": "按新版“{about}”没有时限",
    "no_clock": "在新版“{about}”状态下没有任何计时",
}
"""Why an item does not fit."""


def change_row(change: Change, old: Definition, new: Definition) -> dict[str, object]:
    """Return one difference as a row: the facts as JSON has them, and the same in words."""
    words = {
        "section_title": SECTIONS[change.section],
        "kind_title": KINDS[change.kind],
        "what_title": KEYS.get(change.what, change.what),
        "old_text": value_words(change.what, change.old, old) if change.what else "",
        "new_text": value_words(change.what, change.new, new) if change.what else "",
    }
    return change._asdict() | words


def value_words(key: str, value: object, definition: Definition) -> str:
    """Return the value of a definition's key as people read it."""
    if value is None or value in ("", [], {}):
        return "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return ("，未填的 " if key == "limit" else "、").join(value_words(key, one, definition) for one in value)
    if isinstance(value, dict):
        pairs = {name: inner for name, inner in value.items() if name != "by" or key not in _LIMITS}
        return "；".join(
            f"{_name(name, definition)} {value_words(_inner(key, name), v, definition)}" for name, v in pairs.items()
        )
    return display(_word(key, str(value), definition))


def _inner(key: str, name: str) -> str:
    """Return how the values of a table are read: a limit's by its own key, a named key by that."""
    if key in _LIMITS:
        return key
    return {"owners": "owner", "copy": "until"}.get(key, name)


def _name(name: str, definition: Definition) -> str:
    """Name an entry of a table: a field, a key of a definition, or a value of a field that decides."""
    if name in definition.fields:
        return definition.fields[name].title
    choices = (field.choices[name] for field in definition.fields.values() if name in field.choices)
    return KEYS.get(name) or ("可批至" if name == "up_to" else next(choices, name or "空"))


def _word(key: str, text: str, definition: Definition) -> str:  # noqa: PLR0911 - one return a kind of name
    if key in _STATES:
        return definition.states[text].title if text in definition.states else text
    if key in _VERBS:
        return definition.verbs.get(text, text)
    if key in _CLOCKS:
        return definition.clocks[text].title if text in definition.clocks else text
    if key in _LIMITS:
        return _field(text[1:], definition) if text.startswith("@") else limit_title(text)
    if key in _FIELDS:
        name, _, least = text.partition(":")
        return f"{_field(name, definition)}{f'（至少 {least}）' if least else ''}"
    if key == "at":
        return _offset(text)
    if key == "held_by":
        return definition.requests[text].title if text in definition.requests else text
    if key == "stage":
        return STAGES.get(text, text)
    return _ADDRESSEES.get(text, text)


def _field(name: str, definition: Definition) -> str:
    return f"“{definition.fields[name].title}”" if name in definition.fields else name


def _offset(text: str) -> str:
    if text in ("near", "0"):
        return "临期时" if text == "near" else "到期时"
    return f"到期{'后' if text[0] == '+' else '前'}{limit_title(text[1:])}"


# -- items -----------------------------------------------------------------------------------------------------------


def fit_row(fit: Fit, old: Definition, new: Definition) -> dict[str, object]:
    """Return what one item meets as a row: the facts as JSON has them, and the same in words."""
    old_due, new_due = (None if at is None else iso(at) for at in (fit.old_due, fit.new_due))
    to = new.states.get(fit.to)
    facts = {name: value for name, value in fit._asdict().items() if name != "event"}
    return facts | {
        "old_due": old_due,
        "new_due": new_due,
        "stops": list(fit.stops),
        "starts": list(fit.starts),
        "version": old.version,
        "verdict_title": VERDICTS[fit.verdict],
        "state_title": f"{old.states[fit.state].title}{f' → {to.title}' if to and fit.to != fit.state else ''}",
        "due_text": due_words(fit),
        "text": fit_words(fit, old, new),
    }


def due_words(fit: Fit) -> str:
    """Say how the due day moves: 5月15日 周一 → 5月17日 周三（推后2个工作日）."""
    if fit.event is None:
        return ""
    before, later = ("时限待明确" if at is None else day(at) for at in (fit.old_due, fit.new_due))
    if fit.old_due == fit.new_due:
        return f"{later}（不变）" if fit.new_due is not None else later
    moved = f"（{'推后' if fit.days > 0 else '提前'}{abs(fit.days)}个工作日）" if fit.days else ""
    return f"{before} → {later}{moved}"


def fit_words(fit: Fit, old: Definition, new: Definition) -> str:
    """Say why an item cannot move, or what a move does to its clocks and rungs."""
    if fit.why:
        return WHYS[fit.why].format(about=display(_about(fit, old, new)))
    parts = [f"停止：{_clocks(fit.stops, new, old)}"] if fit.stops else []
    parts += [f"起算：{_clocks(fit.starts, new, old)}"] if fit.starts else []
    parts += [f"随即督办 {fit.rungs} 级"] if fit.rungs else []
    return "；".join(parts)


def _clocks(names: tuple[str, ...], *definitions: Definition) -> str:
    titles = {name: clock.title for d in reversed(definitions) for name, clock in d.clocks.items()}
    return "、".join(titles.get(name, name) for name in names)


def _about(fit: Fit, old: Definition, new: Definition) -> str:
    name = fit.about
    for definition in (new, old):
        for table in (definition.states, definition.requests, definition.fields, definition.clocks):
            if name in table:
                return str(table[name].title)
        if name in definition.verbs:
            return definition.verbs[name]
    return name
