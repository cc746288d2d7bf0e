"""Every error code has its paragraph, every exit status its words, and what they tell one to type is there."""

from __future__ import annotations

import re

import click
import pytest

import cli
from engine import errors
from interfaces import refusals
from interfaces.session import Session
from workflows.messages import MESSAGES
from workflows.remedies import REMEDIES


def test_the_page_is_that_of_the_source() -> None:
    """`docs/errors.md` has not drifted; run `python -m interfaces.refusals` when this fails."""
    assert refusals.PAGE.read_text(encoding="utf-8") == refusals.page()


def test_every_code_has_a_paragraph_and_no_other() -> None:
    """What to do is said for each code that has a sentence, once."""
    assert set(REMEDIES) == set(MESSAGES)
    headed = re.findall(r"^### (\w+)$", refusals.page(), re.MULTILINE)
    assert headed == sorted(MESSAGES)


def test_every_exit_status_is_explained() -> None:
    """Those of the errors, and the three that no error has."""
    raised = {kind.exit_status for kind in errors.SibanError.__subclasses__()}
    assert {status for status, *_ in refusals.STATUSES} == raised | {0, 130}
    assert refusals.statuses()["no_database"] == {5}
    assert refusals.statuses()["bad_limit"] == {2}
    assert refusals.statuses()["definition_faults"] == {4}


def named(text: str) -> list[tuple[str, ...]]:
    """Return the commands that a text tells one to type, with the words that may be commands below them."""
    return [tuple(found.split()[1:]) for found in re.findall(r"siban(?: (?!--)[a-z-]+)+", text)]


def exists(words: tuple[str, ...]) -> bool:
    """Whether the command line knows a command."""
    command: click.Command | None = cli.root
    context = click.Context(cli.root, info_name="siban", resilient_parsing=True, obj=Session("nowhere.db"))
    for word in words:
        if not isinstance(command, click.Group):
            return True  # what follows a command are its arguments
        command = command.get_command(context, word)
    return command is not None


@pytest.mark.parametrize("table", [REMEDIES, MESSAGES], ids=["remedies", "messages"])
def test_what_one_is_told_to_type_exists(table: dict[str, str]) -> None:
    """No command is named that is not there."""
    told = {words for text in table.values() for words in named(text)}
    assert len(told) > 5
    assert {words for words in told if not exists(words)} == set()


def test_a_command_that_is_not_there_is_found() -> None:
    """The control."""
    assert not exists(("db", "invent"))
    assert not exists(("invent",))
    assert exists(("db", "restore"))
