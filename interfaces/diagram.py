"""The lifecycle of a definition as a Mermaid state diagram: states inside their stages, arrows by their verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.definition import STAGES
from workflows.labels import STAGES as STAGE_TITLES

if TYPE_CHECKING:
    from engine.definition import Definition


def mermaid(definition: Definition) -> str:
    """Return the diagram's text. Arrows between the same two states share a line; verbs that stay are left out."""
    lines = ["stateDiagram-v2", "    direction LR"]
    for stage in STAGES:
        states = [state for state in definition.states.values() if state.stage == stage]
        if not states:
            continue
        lines.append(f'    state "{STAGE_TITLES[stage]}" as stage_{stage} {{')
        lines += [f'        state "{state.title}" as {state.name}' for state in states]
        lines.append("    }")
    arrows: dict[tuple[str, str], dict[str, None]] = {}
    for transition in definition.transitions:
        for source in transition.sources:
            if transition.to:
                arrows.setdefault((source, transition.to), {})[transition.title] = None
    for kind in definition.requests.values():
        for source in kind.sources:
            if kind.to:
                arrows.setdefault((source, kind.to), {})[f"{kind.title}（同意）"] = None
    lines.append(f"    [*] --> {definition.initial} : {definition.register.title}")
    lines += [f"    {source} --> {to} : {'、'.join(titles)}" for (source, to), titles in arrows.items()]
    lines += [f"    {state.name} --> [*]" for state in definition.states.values() if state.final]
    return "\n".join(lines)
