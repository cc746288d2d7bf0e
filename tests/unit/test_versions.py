"""What differs between two versions of a definition: by what they mean, not by how they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.loader import load
from engine.versions import ADDED, CHANGED, REMOVED, Change, changes
from tests.revised import renamed, revised

if TYPE_CHECKING:
    from engine.definition import Definition

VERSION = Change("workflow", "siban", "四办一反馈", CHANGED, "version", 1, 2)


def differing(siban: Definition, *written: tuple[str, str]) -> list[Change]:
    """Return what a second version changes beside its number."""
    first, *found = changes(siban, load(revised(2, *written)))
    assert first == VERSION
    return found


def test_a_definition_differs_from_itself_in_nothing(siban: Definition) -> None:
    """Nor does one whose version alone is another."""
    assert changes(siban, siban) == []
    assert differing(siban) == []


def test_what_is_written_otherwise_and_means_the_same_is_no_change(siban: Definition) -> None:
    """A default that is written out and a name instead of a list of one."""
    assert differing(siban, ('title = "受理时限"\n', 'title = "受理时限"\nroll = true\ncounts = "visit"\n')) == []
    assert differing(siban, ('runs_in = ["registered"]', 'runs_in = "registered"')) == []


WRITTEN = {
    "a limit": (
        ('runs_in = ["registered"]\nlimit = "1wd"', 'runs_in = ["registered"]\nlimit = "2wd"'),
        Change("clocks", "accept", "受理时限", CHANGED, "limit", "1wd", "2wd"),
    ),
    "a limit by a field": (
        ('immediate = ["@limit", "5wd"]', 'immediate = "7wd"'),
        Change("clocks", "total", "整改时限", CHANGED, "limit",
               {"by": "track", "immediate": ["@limit", "5wd"], "campaign": ["@limit", "@campaign_end"], "led": ["@plan_due", "@limit"],
                "upstream": ["@limit", "5wd"]},
               {"by": "track", "immediate": "7wd", "campaign": ["@limit", "@campaign_end"], "led": ["@plan_due", "@limit"],
                "upstream": ["@limit", "5wd"]}),
    ),
    "a rung": (
        ('title = "督办通报"\nat = "+6wd"', 'title = "督办通报"\nat = "+4wd"'),
        Change("ladders", "overdue.3", "督办通报", CHANGED, "at", "+6wd", "+4wd"),
    ),
    "whom a rung tells": (
        ('title = "期满待办提醒"\nat = "+1wd"\nnotify = ["owner"]',
         'title = "期满待办提醒"\nat = "+1wd"\nnotify = ["supervisor"]'),
        Change("ladders", "after_publicity.1", "期满待办提醒", CHANGED, "notify", ["owner"], ["supervisor"]),
    ),
    "a state": (
        ('[states.rectifying]\ntitle = "整改中"', '[states.rectifying]\ntitle = "落实整改"'),
        Change("states", "rectifying", "落实整改", CHANGED, "title", "整改中", "落实整改"),
    ),
    "a source": (
        ('title = "群众反映"\nfeedback_to = ["reporter"]\ncall_back = true',
         'title = "群众反映"\nfeedback_to = ["reporter"]'),
        Change("sources", "citizen", "群众反映", CHANGED, "call_back", old=True, new=False),
    ),
    "a field": (
        ('line = { title = "业务条线", keep = "replace", aliases = ["条线"] }',
         'line = { title = "业务条线", keep = "replace", aliases = ["条线"] }\nzone = { title = "网格" }'),
        Change("fields", "zone", "网格", ADDED),
    ),
    "what an act asks for": (
        ('require = ["reason:5", "channel"]', 'require = ["reason:10", "channel"]'),
        Change("transitions", "reject", "不予受理", CHANGED, "require", ["reason:5", "channel"],
               ["reason:10", "channel"]),
    ),
    "a kind of request": (
        ("max_granted = 2", "max_granted = 1"),
        Change("requests", "extension", "延期", CHANGED, "max_granted", 2, 1),
    ),
    "the registration": (
        ('help = "登记一个问题。群众反映的填写反映人，匿名的注明匿名。"', 'help = "登记一个问题。"'),
        Change("register", "register", "登记", CHANGED, "help", "登记一个问题。群众反映的填写反映人，匿名的注明匿名。", "登记一个问题。"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), WRITTEN.values(), ids=WRITTEN)
def test_each_section_is_compared(siban: Definition, written: tuple[str, str], expected: Change) -> None:
    """One place written otherwise is one change, with its old and its new value as JSON has them."""
    assert differing(siban, written) == [expected]


def test_a_variant_keeps_its_place_when_another_comes_before_it(siban: Definition) -> None:
    """A new first variant of `sign` is added; the others, which are numbered on, are the same as before."""
    first = (
        '[[transitions]]\nverb = "sign"\ntitle = "签收"\nfrom = ["assigned"]\nto = "rectifying"\nby = ["lead_unit"]\n'
    )
    extra = first + 'when = { track = ["campaign"] }\n\n'
    assert differing(siban, (first, extra + first)) == [Change("transitions", "sign", "签收", ADDED)]
    back = changes(load(revised(2, (first, extra + first))), siban)
    assert [(one.name, one.kind) for one in back[1:]] == [("sign (2)", REMOVED)]


def test_a_renamed_state_is_one_removed_and_one_added(siban: Definition) -> None:
    """The clocks and transitions that name it change with it."""
    found = changes(siban, load(renamed(2)))
    states = [(one.name, one.kind) for one in found if one.section == "states"]
    assert states == [("mending", ADDED), ("rectifying", REMOVED)]
    assert ("total", "runs_in") in [(one.name, one.what) for one in found if one.section == "clocks"]
    assert {one.kind for one in found if one.section == "transitions"} == {CHANGED}
