"""What is built from stored text without checks equals what was checked when it was stored."""

from __future__ import annotations

import pytest

from engine.calendar import stored_edition
from engine.canonical import canonical, parse
from engine.edition import edition_from_dict
from engine.loader import load, stored
from workflows.calendars import shipped_edition
from workflows.index import SHIPPED, definition_text


@pytest.mark.parametrize("name", SHIPPED)
def test_a_definition_comes_back_the_same(name: str) -> None:
    """Value by value; that the order people see is kept is tested with the words."""
    definition = load(definition_text(name))
    assert stored(definition.text) == definition


def test_what_is_left_unsaid_has_the_same_defaults() -> None:
    """The shortest tables there can be, names alone and in lists, words that are numbers."""
    definition = load(SHORT)
    assert stored(definition.text) == definition


def test_an_edition_comes_back_the_same() -> None:
    """The shipped calendar, through its stored text."""
    data = parse(canonical(shipped_edition().to_dict()))
    assert stored_edition(data) == edition_from_dict(data) == shipped_edition()


SHORT = """
[workflow]
id = "short"
title = "短"
initial = "begun"

[register]
title = "登记"
by = "anyone"
require = "title:2"

[fields.title]
title = "问题"
keep = "replace"

[fields.sort]
title = "类别"
kind = "choice"
keep = "replace"
choices = { 2 = 20, 1 = 10 }

[states.begun]
title = "已登记"
stage = "intake"
owners = { led = "leader" }

[states.ended]
title = "已办结"
stage = "closed"

[[transitions]]
verb = "note"
title = "记录"
from = "open"

[[transitions]]
verb = "end"
title = "办结"
from = ["open", "begun"]
to = "ended"
by = "supervisor"
when = { sort = "1" }

[[transitions]]
verb = "end"
title = "办结"
from = "begun"
to = "ended"
by = ["supervisor"]
copy = { title = "title" }

[clocks.total]
title = "时限"
main = true
runs_in = "begun"
limit = { by = "sort", 1 = "5wd", 2 = ["2h", "15d"] }
ladder = "steps"

[[ladders.steps]]
title = "提醒"
at = "near"
notify = "owner"

[[ladders.steps]]
level = 1
title = "再次"
on = "verb:note"
"""
