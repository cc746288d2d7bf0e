"""`docs/lifecycle.md`: every state and every arrow of the shipped workflows, made from the definitions; drift fails the build.

`python -m interfaces.lifecycle` writes it anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.limit import code
from engine.loader import load
from interfaces.diagram import mermaid
from workflows.index import SHIPPED, definition_text
from workflows.labels import ROLES, STAGES
from workflows.limits import limit_title

if TYPE_CHECKING:
    from engine.definition import Approval, Definition

PAGE = Path(__file__).resolve().parents[1] / "docs" / "lifecycle.md"


def page() -> str:
    """Return the whole page."""
    parts = [
        "# 事项的一生 · The life of an item",
        "",
        "本页由流程定义生成（`python -m interfaces.lifecycle`），请勿手改。Generated from the definitions; do not edit.",
    ]
    for name in SHIPPED:
        parts += ["", *_workflow(load(definition_text(name)))]
    return "\n".join(parts) + "\n"


def _workflow(definition: Definition) -> list[str]:
    lines = [f"## {definition.title} · `{definition.name}`", "", "```mermaid", mermaid(definition), "```", ""]
    lines += ["| 环节 | 状态 | | 在谁处 | 接下来 |", "| --- | --- | --- | --- | --- |"]
    for state in definition.states.values():
        owner = ROLES.get(state.owner, "—")
        lines.append(f"| {STAGES[state.stage]} | {state.title} | `{state.name}` | {owner} | {state.next or '—'} |")
    lines += ["", "| 办理 | | 从 | 到 | 由谁办 | 须填 |", "| --- | --- | --- | --- | --- | --- |"]
    titles = {state.name: state.title for state in definition.states.values()}
    for transition in definition.transitions:
        sources = "、".join(titles[name] for name in transition.sources)
        to = titles[transition.to] if transition.to else "（不变）"
        by = "、".join(ROLES[role] for role in transition.by)
        needed = "、".join(definition.fields[r.field].title for r in transition.require) or "—"
        lines.append(f"| {transition.title} | `{transition.verb}` | {sources} | {to} | {by} | {needed} |")
    lines += ["", "| 申请 | | 从 | 由谁提 | 由谁批 |", "| --- | --- | --- | --- | --- |"]
    for kind in definition.requests.values():
        sources = "、".join(titles[name] for name in kind.sources)
        granting = [_approval(row) for row in kind.approve]
        endorsed = f"{_roles(kind.endorse)}同意后，" if kind.endorse else ""
        lines.append(
            f"| {kind.title} | `{kind.name}` | {sources} | {_roles(kind.by)} | {endorsed}{'；'.join(granting)} |"
        )
    lines += ["", "| 计时 | | 计于 | 停于 |", "| --- | --- | --- | --- |"]
    for clock in definition.clocks.values():
        runs = "、".join(titles[name] for name in clock.runs_in)
        pauses = "、".join(titles[name] for name in clock.pauses_in) or "—"
        lines.append(f"| {clock.title}{'（主）' if clock.main else ''} | `{clock.name}` | {runs} | {pauses} |")
    return lines


def _roles(names: tuple[str, ...]) -> str:
    return "、".join(ROLES[name] for name in names)


def _approval(row: Approval) -> str:
    return f"{limit_title(code(row.up_to))}以内{_roles(row.by)}" if row.up_to else _roles(row.by)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
