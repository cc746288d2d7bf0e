"""Every command explains itself with an example and is found by both its names."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import click
import pytest

import cli
from interfaces.session import Session
from interfaces.shell import Group
from tests.acceptance.conftest import ROOT, run
from workflows.index import shipped_index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.acceptance.conftest import Office


def context() -> click.Context:
    """Make the context of the root, without a database: the shipped index answers."""
    made = cli.root.make_context("siban", ["--db", "nowhere.db"], resilient_parsing=True)
    made.obj = Session("nowhere.db")
    return made


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its path, those of groups included."""
    root = context()
    for name in cli.root.list_commands(root):
        command = cli.root.get_command(root, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            inner = click.Context(command, info_name=name, parent=root)
            for below in command.list_commands(inner):
                found = command.get_command(inner, below)
                assert found is not None
                yield f"{name} {below}", found


COMMANDS = dict(commands())


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_it_does_with_an_example(name: str) -> None:
    """Chinese help, a short text for the list, an example that begins with the program's name."""
    command = COMMANDS[name]
    text = command.get_help(command.context_class(command, info_name=name, parent=context()))
    assert "用法：" in text
    assert command.get_short_help_str()
    if not isinstance(command, Group):
        assert "示例：" in text
        assert "siban " in text.partition("示例：")[2]
    assert "Usage" not in text
    assert "Options" not in text


def test_each_verb_of_the_definitions_is_a_command_by_both_names() -> None:
    """The tree is the union of the definitions' verbs; English and Chinese name lead to the same command."""
    root = context()
    for entry in shipped_index().values():
        for act in entry["verbs"]:
            for name in (act["name"], act["name"].replace("_", "-"), act["title"]):
                command = cli.root.get_command(root, name)
                assert command is not None
                assert command.name == act["name"].replace("_", "-")


def test_each_fixed_command_has_a_chinese_name_of_its_own() -> None:
    """No Chinese name leads to two commands, and none of them is a verb's title."""
    chinese = [words[0] for words in cli.FIXED.values()]
    titles = {act["title"] for entry in shipped_index().values() for act in entry["verbs"]}
    assert len(set(chinese)) == len(chinese)
    assert set(chinese) & titles == set()


def test_bare_siban_shows_my_todo(office: Office) -> None:
    """Without a command the acting officer's 待办 is shown."""
    assert office("--as", "金晓").out == office("--as", "金晓", "todo").out != ""


@pytest.mark.parametrize("verb", ["备注", "附件"])
def test_a_remark_said_twice_under_one_id_is_kept_once(office: Office, verb: str) -> None:
    """The second time it is answered as done already; under that id nothing else is done; without one it is kept again."""
    (office.path.parent / "说明.txt").write_text("已与街道沟通", encoding="utf-8")
    line = ("--as", "方文静", verb, "1", "说明.txt")
    said = [office(*line, "--command-id", "a1") for _ in range(2)]
    said.append(office("--as", "方文静", verb, "2", "说明.txt", "--command-id", "a1"))
    assert [(one.status, one.err.count("a1")) for one in said[1:]] == [(3, 1), (3, 1)]
    assert (said[0].status, office(*line).status) == (0, 0)
    assert len(office("log", "1", "--verb", verb, "-o", "jsonl").out.splitlines()) == 2


def test_a_database_of_this_version_needs_no_upgrade(office: Office) -> None:
    """`db upgrade` says so and leaves no backup behind."""
    said = office("db", "upgrade")
    assert said.status == 0
    assert "无须升级" in said.out
    assert [path.name for path in office.path.parent.iterdir() if "before" in path.name] == []


def test_init_never_overwrites(tmp_path: Path) -> None:
    """An existing file is refused, whatever it is, and stays as it was."""
    path = tmp_path / "a.db"
    path.write_text("别的文件", encoding="utf-8")
    said = run("--db", str(path), "init", "--trial")
    assert said.status == 1
    assert path.read_text(encoding="utf-8") == "别的文件"


def test_the_record_is_verified(office: Office) -> None:
    """`audit verify` names the last hash; a changed entry makes it end with 4."""
    assert "末条校验值" in office("audit", "verify").out
    with sqlite3.connect(office.path) as opened:
        opened.execute("DROP TRIGGER event_stays")
        opened.execute("UPDATE event SET decider = 'o99' WHERE seq = 5")
    said = office("audit", "verify")
    assert said.status == 4
    assert "5" in said.err


def test_help_lists_the_verbs_of_the_database_asked_about(tmp_path: Path) -> None:
    """A database that holds one workflow offers its verbs and no others."""
    path = str(tmp_path / "a.db")
    assert run("--db", path, "init", "--trial", "--workflow", str(ROOT / "workflows" / "petition.toml")).status == 0
    said = run("--db", path, "--help")
    assert "审核通过" in said.out
    assert "挂帅签字" not in said.out
