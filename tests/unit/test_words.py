"""One word for one thing: definitions, commands, records and pages agree, and no retired word is shown."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from engine import roles
from engine.checker import index_faults
from engine.errors import Misused
from engine.loader import load, stored
from interfaces import lifecycle
from workflows.index import SHIPPED, definition_text, index_of, shipped_index
from workflows.labels import ADDRESSEES, ROLES, Titles, addressee, addressee_named
from workflows.messages import MESSAGES, sentence

ROOT = Path(__file__).resolve().parents[2]
RETIRED = re.compile("留痕|封存|返工|复核|重启|派单|改派|档|挂账")
# These read what others have written: ledgers do say 挂账, and an import asks what is meant.
READERS = {"interfaces/columns.py", "workflows/standings.py"}


def shown_texts(source: str) -> list[str]:
    """Return the string literals of a program that are no docstrings: what may reach a screen."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_no_retired_word_in_a_definition(name: str) -> None:
    """The definitions show none of the words that mean something else to an official."""
    text = "\n".join(line.partition("#")[0] for line in definition_text(name).splitlines())
    assert RETIRED.findall(text) == []


def test_no_retired_word_in_the_programs() -> None:
    """Neither labels nor commands show one."""
    files = [*ROOT.glob("interfaces/**/*.py"), *ROOT.glob("workflows/*.py"), ROOT / "cli.py"]
    found = {
        path.relative_to(ROOT).as_posix(): RETIRED.findall(text)
        for path in files
        for text in shown_texts(path.read_text(encoding="utf-8"))
        if RETIRED.search(text) and path.relative_to(ROOT).as_posix() not in READERS
    }
    assert found == {}


def test_the_search_finds_a_retired_word() -> None:
    """Control: a literal is found, a docstring is not."""
    assert shown_texts('"""复核"""\nx = "已派单"\n') == ["已派单"]


def test_the_index_is_that_of_the_definitions() -> None:
    """`workflows/index.json` has not drifted; run `python -m workflows.index` when this fails."""
    definitions = [load(definition_text(name)) for name in SHIPPED]
    made = {definition.name: json.loads(index_of(definition)) for definition in definitions}
    assert shipped_index() == made
    assert index_faults(definitions) == []


def test_the_lifecycle_page_is_that_of_the_definitions() -> None:
    """`docs/lifecycle.md` has not drifted; run `python -m interfaces.lifecycle` when this fails."""
    assert lifecycle.PAGE.read_text(encoding="utf-8") == lifecycle.page()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_stored_definition_is_the_loaded_one(name: str) -> None:
    """What the database gives back equals what was read from the file, order included."""
    loaded = load(definition_text(name))
    again = stored(loaded.text)
    assert again == loaded
    assert list(again.states) == list(loaded.states)
    for field in loaded.fields.values():
        assert list(again.fields[field.name].choices) == list(field.choices)


def test_every_role_of_the_engine_has_a_word() -> None:
    """No role is shown by its identifier."""
    assert set(roles.ROLES) <= set(ROLES)


def test_whoever_is_to_be_answered_is_found_by_the_words_for_them() -> None:
    """What is shown can be typed; what is no such word stays as it is."""
    for name in (*ADDRESSEES, "reporter@ZG2023-0012"):
        assert addressee_named(addressee(name)) == name
    assert [addressee_named(text) for text in ("party_org", "别人", "别人（一）")] == [
        "party_org",
        "别人",
        "别人（一）",
    ]


def test_every_code_that_is_raised_has_a_sentence() -> None:
    """Each error code in the source has its Chinese sentence."""
    raised = set()
    for folder in ("engine", "storage", "interfaces", "workflows"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            raised |= set(re.findall(r"(?:Refused|Misused|Conflict|FaultsFound|Unavailable)\(\s*\"(\w+)\"", text))
    assert raised - set(MESSAGES) == set()


def test_what_a_field_may_be_is_named_only_where_it_is_a_choice() -> None:
    """A kind of value stands by itself; the words of a choice stand behind it."""
    titles = Titles({}, {}, {}, {})
    told = [
        sentence(Misused("bad_field", field="x", value="0.5", why=why, allowed=allowed), titles)
        for why, allowed in (("percent", []), ("choice", ["甲", "乙"]))
    ]
    assert told == ["“x”填写有误：0.5，应为 0 到 100 的整数。", "“x”填写有误：0.5，只能是甲、乙。"]


def test_the_glossary_names_what_there_is() -> None:
    """Each identifier of the glossary that looks like a class is one of the source."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "engine").glob("*.py"))
    rows = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    names = {name for row in rows if row.startswith("| `") for name in re.findall(r"`([A-Z]\w+)`", row.split("|")[1])}
    # nouns of the field that are no class of their own: a definition's sections, fields of an item
    plain = {"Workflow", "Stage", "Evidence", "Measure", "Post", "Guard", "Ladder"}
    assert {name for name in names - plain if not re.search(rf"class {name}\b", source)} == set()
