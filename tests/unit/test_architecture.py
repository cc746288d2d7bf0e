"""The shape of the house: who imports whom, where time comes from, how large a file gets, where Chinese text lives.

Each rule is a function from (path, source text) to the faults in it. It is held against every file of ours, and against
a control that it must refuse: a rule that cannot fail proves nothing.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("engine", "workflows", "storage", "interfaces")
OURS = {*PRODUCT, "cli"}
MOST_LINES = 600

FORBIDDEN = {
    "engine": (OURS - {"engine"})
    | {"click", "sqlmodel", "sqlalchemy", "sqlite3", "pysqlite3", "psycopg", "apscheduler", "loguru", "rich"},
    "workflows": {"storage", "interfaces", "cli"},
    "storage": {"workflows", "interfaces", "cli"},
}
CLOCK = "engine/clock.py"
MACHINE = "engine/machine.py"
CHINESE = re.compile("[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")
SQL_NOW = re.compile(r"\bcurrent_timestamp\b|'now'|\bnow\(\)|\bclock_timestamp\(\)", re.IGNORECASE)
OWN_WORKFLOWS = {word + end for word in ("campaign", "project", "milestone", "task", "pledge") for end in ("", "s")}
"""What no module of the engine knows by name; `outcome` is left out, which there is what a command did."""

VAGUE = {"util", "utils", "helper", "helpers", "common", "misc"}


def imported(path: str, source: str) -> Iterator[tuple[int, str]]:
    """Every module that is imported, with its line: relative, inside functions, under TYPE_CHECKING and by name too."""
    package = path.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, name.name) for name in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = [*package[: len(package) - level + 1]] if level else []
                base += [module] if module else []
                yield from ((node.lineno, ".".join([*base, name.name])) for name in names)
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, name


def docstrings(tree: ast.AST) -> set[int]:
    """The identities of strings that stand alone: documentation, not data."""
    lone = (node.value for node in ast.walk(tree) if isinstance(node, ast.Expr))
    return {id(value) for value in lone if isinstance(value, ast.Constant)}


def literals(source: str) -> Iterator[tuple[int, str]]:
    """Every string that the program uses, parts of f-strings included, with its line."""
    tree = ast.parse(source)
    documentation = docstrings(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in documentation:
                yield node.lineno, text


def import_faults(path: str, source: str) -> list[str]:
    """Imports against cli, interfaces → workflows, storage → engine, and a second user of transitions."""
    forbidden = set(FORBIDDEN.get(path.split("/", maxsplit=1)[0], ()))
    forbidden |= set() if path == MACHINE else {"transitions"}
    found = imported(path, source)
    return [f"{path}:{line} imports {name}" for line, name in found if name.split(".")[0] in forbidden]


def clock_faults(path: str, source: str) -> list[str]:
    """Readings of the system's clock outside the one module that may."""
    if path == CLOCK:
        return []
    faults = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case (
                ast.Attribute(attr="utcnow" | "time_ns")
                | ast.Attribute(
                    attr="now" | "today",
                    value=ast.Name(id="datetime" | "date") | ast.Attribute(attr="datetime" | "date"),
                )
            ):
                faults.append(f"{path}:{node.lineno} reads the clock: {ast.unparse(node)}")
            case ast.Attribute(attr="time" | "localtime" | "gmtime", value=ast.Name(id="time")):
                faults.append(f"{path}:{node.lineno} reads the clock: {ast.unparse(node)}")
            case ast.ImportFrom(module="time", names=names) if {"time", "time_ns"} & {name.name for name in names}:
                faults.append(f"{path}:{node.lineno} reads the clock: {ast.unparse(node)}")
    return faults + [
        f"{path}:{line} lets SQL read the clock" for line, text in literals(source) if SQL_NOW.search(text)
    ]


def size_faults(path: str, source: str) -> list[str]:
    """Files that have grown too long to be read in one go."""
    lines = len(source.splitlines())
    return [f"{path} has {lines} lines"] if lines > MOST_LINES else []


def name_faults(path: str, _source: str) -> list[str]:
    """Names that say nothing about what is inside."""
    return [f"{path}: {part} says nothing" for part in path.removesuffix(".py").split("/") if part in VAGUE]


def language_faults(path: str, source: str) -> list[str]:
    """Chinese text in engine/ or storage/: display text belongs to definitions and labels, an office may change it."""
    if path.split("/", maxsplit=1)[0] not in {"engine", "storage"}:
        return []
    return [f"{path}:{line} holds Chinese text: {text!r}" for line, text in literals(source) if CHINESE.search(text)]


def knowledge_faults(path: str, source: str) -> list[str]:
    """Workflows, and what is theirs, that a module of the engine knows by name: they are definitions, relations and events."""
    if not path.startswith("engine/"):
        return []
    tree = ast.parse(source)
    names = [(node.lineno, node.id) for node in ast.walk(tree) if isinstance(node, ast.Name)]
    names += [(node.lineno, node.attr) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    names += [(node.lineno, node.name) for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    texts = [(line, text) for line, text in literals(source) if not any(letter.isspace() for letter in text)]
    return [
        f"{path}:{line} knows {word!r}"
        for line, word in (*names, *texts)
        if OWN_WORKFLOWS & set(re.split(r"[^a-z]+", word.lower()))
    ]


def read(files: list[Path]) -> list[tuple[str, str]]:
    """Path and text of each file."""
    return [(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")) for file in files]


def product() -> list[tuple[str, str]]:
    """Every Python file that ships."""
    return read([*(file for package in PRODUCT for file in sorted((ROOT / package).rglob("*.py"))), ROOT / "cli.py"])


def house() -> list[tuple[str, str]]:
    """Every Python file of ours: tests, benchmarks and scripts too."""
    others = [file for place in ("tests", "benchmarks") for file in sorted((ROOT / place).rglob("*.py"))]
    return [*product(), *read([*others, *(file for file in sorted((ROOT / "scripts").iterdir()) if file.is_file())])]


Rule = Callable[[str, str], list[str]]
RULES: list[tuple[Rule, Callable[[], list[tuple[str, str]]]]] = [
    (import_faults, product),
    (clock_faults, product),
    (language_faults, product),
    (knowledge_faults, product),
    (size_faults, house),
    (name_faults, house),
]


@pytest.mark.parametrize(("rule", "files"), RULES, ids=[rule.__name__ for rule, _ in RULES])
def test_the_house_keeps_the_rule(rule: Rule, files: Callable[[], list[tuple[str, str]]]) -> None:
    """No file of ours breaks the rule."""
    assert [fault for path, source in files() for fault in rule(path, source)] == []


def test_every_package_is_looked_at() -> None:
    """The rules above are not kept by looking at nothing."""
    seen = {path.split("/", maxsplit=1)[0] for path, _ in house()}
    assert seen >= {*PRODUCT, "cli.py", "tests", "scripts"}


REFUSED = {
    "engine knows storage": (import_faults, "engine/item.py", "from storage.tables import ItemRow"),
    "engine knows storage, relatively": (import_faults, "engine/item.py", "from ..storage import tables"),
    "engine knows a sibling, relatively": (import_faults, "engine/item.py", "from .. import workflows"),
    "engine knows click": (import_faults, "engine/office.py", "import click"),
    "engine knows a database": (import_faults, "engine/office.py", "import sqlite3"),
    "inside a function": (import_faults, "engine/office.py", "def act():\n    from loguru import logger"),
    "for type checkers alone": (import_faults, "engine/item.py", "if TYPE_CHECKING:\n    import sqlmodel"),
    "by name": (import_faults, "engine/item.py", "importlib.import_module('storage.sqlite')"),
    "second user of transitions": (import_faults, "interfaces/diagram.py", "from transitions import Machine"),
    "workflows knows storage": (import_faults, "workflows/labels.py", "import storage.sqlite"),
    "workflows knows interfaces": (import_faults, "workflows/labels.py", "from interfaces import display"),
    "storage knows workflows": (import_faults, "storage/sqlite.py", "from workflows import labels"),
    "storage knows interfaces": (import_faults, "storage/sqlite.py", "from interfaces.display import display"),
    "storage knows the entry point": (import_faults, "storage/sqlite.py", "import cli"),
    "now": (clock_faults, "engine/decide.py", "at = datetime.now(tz=UTC)"),
    "now, by module": (clock_faults, "storage/sqlite.py", "at = datetime.datetime.now()"),
    "now, not called": (clock_faults, "storage/tables.py", "Field(default_factory=datetime.now)"),
    "today": (clock_faults, "interfaces/sheet.py", "day = date.today()"),
    "utcnow": (clock_faults, "cli.py", "at = dt.utcnow()"),
    "time": (clock_faults, "storage/sqlite.py", "at = time.time()"),
    "time_ns": (clock_faults, "storage/sqlite.py", "at = time.time_ns()"),
    "time, imported": (clock_faults, "storage/sqlite.py", "from time import time"),
    "SQL's now": (clock_faults, "storage/schema.py", "DDL = 'at TEXT DEFAULT CURRENT_TIMESTAMP'"),
    "SQLite's now": (clock_faults, "storage/schema.py", "DDL = \"SELECT strftime('%s', 'now')\""),
    "Chinese in engine": (language_faults, "engine/errors.py", "TITLE = '逾期'"),
    "Chinese punctuation": (language_faults, "engine/errors.py", "JOIN = '、'"),
    "Chinese in an f-string": (language_faults, "storage/sqlite.py", "text = f'第{number}项'"),
    "Chinese, escaped": (language_faults, "storage/sqlite.py", r"text = '\u903e\u671f'"),
    "engine knows a campaign": (knowledge_faults, "engine/decide.py", "if item.workflow == 'campaign':\n    pass"),
    "a relation by name": (knowledge_faults, "engine/guards.py", "end = item.fields['campaign.ends_on']"),
    "a function of tasks": (knowledge_faults, "engine/recurrence.py", "def next_task():\n    pass"),
    "a milestone's name": (knowledge_faults, "engine/ladder.py", "due = milestone.due"),
    "too long": (size_faults, "engine/decide.py", "x = 1\n" * (MOST_LINES + 1)),
    "a vague module": (name_faults, "storage/utils.py", ""),
    "a vague package": (name_faults, "interfaces/common/table.py", ""),
}


@pytest.mark.parametrize(("rule", "path", "source"), REFUSED.values(), ids=REFUSED)
def test_a_breach_is_found(rule: Rule, path: str, source: str) -> None:
    """Each rule refuses what it is there to refuse."""
    assert rule(path, source) != []


ALLOWED = {
    "a series": (
        knowledge_faults,
        "engine/recurrence.py",
        "def next_period(series):\n    'Of a task.'\n    return series.period",
    ),
    "a project outside": (knowledge_faults, "interfaces/commands/project.py", "WORKFLOW = 'project'"),
    "engine knows itself": (import_faults, "engine/office.py", "from engine import errors\nfrom .item import Item"),
    "the machine": (import_faults, MACHINE, "from transitions import Machine"),
    "storage knows engine and a database": (import_faults, "storage/sqlite.py", "import sqlite3\nimport engine.ports"),
    "the counter knows all": (import_faults, "interfaces/commands/item.py", "import click, storage, workflows, engine"),
    "the clock": (clock_faults, CLOCK, "at = time.time_ns()"),
    "a time that was given": (clock_faults, "engine/office.py", "at = self.time_source.now()"),
    "a stopwatch": (clock_faults, "storage/lock.py", "from time import monotonic\nimport time\ntime.sleep(0.01)"),
    "Chinese docstring and comment": (language_faults, "engine/item.py", '"""事项"""\nx = 1  # 台账'),
    "Chinese in labels": (language_faults, "workflows/labels.py", "TITLE = '逾期'"),
    "just long enough": (size_faults, "engine/decide.py", "x = 1\n" * MOST_LINES),
}


@pytest.mark.parametrize(("rule", "path", "source"), ALLOWED.values(), ids=ALLOWED)
def test_what_is_right_passes(rule: Rule, path: str, source: str) -> None:
    """No rule refuses what is meant to be done."""
    assert rule(path, source) == []
