"""The permission table as people and programs read it: a line a rule; in CSV a column a role, so that it can be ticked off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.limit import code
from engine.permission import ANYWHERE, APPROVE, ENDORSE, HOUSE, NEW, PAPER, REQUEST, Permission, table
from engine.roles import OTHER_ROLES, ROLES
from interfaces.output import Column
from workflows.labels import FIXED_VERBS, STAGES
from workflows.labels import ROLES as ROLE_TITLES
from workflows.limits import limit_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.definition import Definition
    from workflows.labels import Titles

_NOWHERE = {(False, NEW): "（未登记）", (False, ANYWHERE): "（不限）", (True, NEW): "（不涉及事项）"}

_PAPERS = {
    "supervisor": "由牵头部门签发的文书",
    "leader": "由局领导签发的文书",
    "formal": "督办文书",
    "form": "审批单、申请表",
}


def permission_rows(definition: Definition, titles: Titles) -> Iterator[dict[str, object]]:
    """Yield the table's rules in their order, with titles beside the identifiers."""
    for rule in table(definition):
        state = definition.states.get(rule.state)
        yield {
            "stage": state.stage if state else "",
            "stage_title": STAGES[state.stage] if state else "",
            "state": rule.state,
            "state_title": state.title if state else _NOWHERE[rule.kind == HOUSE, rule.state],
            "kind": rule.kind,
            "verb": rule.verb,
            "title": _title(rule, definition, titles),
            "about": rule.about,
            "roles": list(rule.roles),
            "role_titles": [ROLE_TITLES.get(role, role) for role in rule.roles],
            "when": {name: list(values) for name, values in rule.when.items()},
            "up_to": code(rule.up_to) if rule.up_to else None,
            "not_same_as": list(rule.not_same_as),
            "needs": list(rule.needs),
            "condition": "；".join(_conditions(rule, definition, titles)),
        } | {f"role:{role}": role in rule.roles for role in (*ROLES, *OTHER_ROLES)}


def permission_columns(form: str) -> list[Column]:
    """Return the columns: roles in one where people read, one for each where a spreadsheet or a program does."""
    named = [Column("stage_title", "环节"), Column("state_title", "状态"), Column("title", "办理")]
    last = Column("condition", "条件")
    if form == "table":
        return [*named, Column("role_titles", "由谁办"), last]
    return [*named, *(Column(f"role:{role}", ROLE_TITLES[role]) for role in (*ROLES, *OTHER_ROLES)), last]


def _title(rule: Permission, definition: Definition, titles: Titles) -> str:
    kind = definition.requests.get(rule.about)
    if rule.kind == REQUEST and kind:
        return f"申请{kind.title}"
    word = definition.verbs.get(rule.verb) or FIXED_VERBS.get(rule.verb) or titles.verb(rule.verb)
    if rule.kind in (ENDORSE, APPROVE) and kind:
        return f"{word.removesuffix('申请')}{kind.title}{'（初审）' if rule.kind == ENDORSE else ''}"
    return f"{word}（{_PAPERS[rule.about]}）" if rule.kind == PAPER else word


def _conditions(rule: Permission, definition: Definition, titles: Titles) -> Iterator[str]:
    for name, values in rule.when.items():
        field = definition.fields.get(name)
        said = "或".join(_value(name, value, definition, field.choices if field else {}) for value in values)
        yield f"{field.title if field else name}为{said}"
    if rule.up_to:
        yield f"不超过{limit_title(code(rule.up_to))}"
    if rule.not_same_as:
        words = [definition.verbs.get(verb) or titles.verb(verb) for verb in rule.not_same_as]
        yield f"不得由本人办过“{'、'.join(words)}”"
    if rule.needs:
        yield f"并须是{'或'.join(ROLE_TITLES[role] for role in rule.needs)}"


def _value(name: str, value: object, definition: Definition, choices: Mapping[str, str]) -> str:
    if value == "":
        return "空"
    if isinstance(value, bool):
        return "是" if value else "否"
    if name == "track" and value in definition.tracks:
        return definition.tracks[str(value)].list_title
    return choices.get(str(value), str(value))
