"""The compiled index of a definition: what the command line needs to know of it at start-up, as small JSON.

Kept beside each definition in the database; `index.json` holds that of the shipped ones, for use before there is a
database. `python -m workflows.index` writes it anew; a test fails when it has drifted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.definition import Composite, Definition, RequestKind, Transition

SHIPPED = ("siban", "petition", "task", "campaign", "project", "milestone", "outcome", "pledge")
"""The shipped definitions; the first one is the default workflow."""

_HERE = __file__.removesuffix("index.py")  # pathlib would cost each start five milliseconds

Index = dict[str, dict[str, Any]]


def definition_text(name: str) -> str:
    """Return the TOML text of a shipped definition."""
    return _read(f"{name}.toml")


def shipped_index() -> Index:
    """Return the shipped index: workflow → what `index_of` gives."""
    index: Index = json.loads(_read("index.json"))
    return index


def _read(name: str) -> str:
    with open(_HERE + name, encoding="utf-8") as file:  # noqa: PTH123 - see _HERE
        return file.read()


def index_of(definition: Definition) -> str:
    """Return a definition's index as JSON text, in the order in which the definition is written.

    It names the workflow's states, fields, verbs and kinds of request with their titles, and for each act the fields
    it takes.
    """
    return json.dumps(
        {
            "title": definition.title,
            "hash": definition.hash,
            "beside": definition.beside,
            "common": definition.common,
            "listed": list(definition.listed),
            "states": {name: state.title for name, state in definition.states.items()},
            "fields": {
                name: {
                    "title": field.title,
                    "kind": field.kind,
                    "choices": dict(field.choices),
                    "help": field.help,
                    "aliases": list(field.aliases),
                }
                for name, field in definition.fields.items()
            },
            "clocks": {name: clock.title for name, clock in definition.clocks.items()},
            "register": _act(
                "register", definition.register.title, definition.register.help, [definition.register], new=True
            ),
            "verbs": _verbs(definition),
            "requests": [_act(kind.name, kind.title, kind.help, [kind]) for kind in definition.requests.values()],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def joined(newer: str, older: str) -> str:
    """Return a version's index with what an older one names besides: items under way there still need its verbs."""
    index, old = json.loads(newer), json.loads(older)
    for table in ("states", "fields", "clocks"):
        index[table] |= {name: entry for name, entry in old[table].items() if name not in index[table]}
    for name, field in old["fields"].items():
        index["fields"][name]["choices"] = {**field["choices"], **index["fields"][name]["choices"]}
    for acts in ("verbs", "requests"):
        known = {act["name"]: act for act in index[acts]}
        for act in old[acts]:
            mine = known.get(act["name"])
            if mine is None:
                index[acts].append(act)
                continue
            mine["fields"] += [field for field in act["fields"] if field not in mine["fields"]]
            mine["required"] = [field for field in mine["required"] if field in act["required"]]
    return json.dumps(index, ensure_ascii=False, separators=(",", ":"))


def _verbs(definition: Definition) -> list[dict[str, object]]:
    acts = []
    for verb, title in definition.verbs.items():
        composite = definition.composites.get(verb)
        variants = list(definition.variants(verb))
        shapes: list[Transition | Composite] = [*([composite] if composite else []), *variants]
        texts = [shape.help for shape in shapes if shape.help]
        acts.append(_act(verb, title, texts[0] if texts else "", shapes, new=bool(composite and composite.new)))
    return acts


def _act(
    name: str, title: str, help_: str, shapes: Sequence[Transition | Composite | RequestKind], *, new: bool = False
) -> dict[str, object]:
    """Describe one act: fields that every variant requires, and all that any of them takes."""
    required = set.intersection(*({r.field for r in shape.require} for shape in shapes))
    fields = list(dict.fromkeys(field for shape in shapes for field in shape.fields))
    return {
        "name": name,
        "title": title,
        "help": help_,
        "required": sorted(required, key=fields.index),
        "fields": fields,
        "new": new,
    }


def write_shipped() -> None:
    """Write `index.json` anew from the shipped definitions; raises `FaultsFound` when one is faulty."""
    from engine.checker import index_faults
    from engine.errors import FaultsFound
    from engine.loader import load

    definitions = [load(definition_text(name)) for name in SHIPPED]
    faults = index_faults(definitions)
    if faults:
        raise FaultsFound("definition_faults", faults=faults)
    index = {definition.name: json.loads(index_of(definition)) for definition in definitions}
    text = json.dumps(index, ensure_ascii=False, sort_keys=False, separators=(",", ":"))
    with open(_HERE + "index.json", "w", encoding="utf-8") as file:  # noqa: PTH123 - see _HERE
        file.write(text + "\n")


if __name__ == "__main__":
    write_shipped()
