"""What only the whole of a definition shows: one small change, one fault, one example of it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine import organisation
from engine.checker import check, index_faults
from engine.loader import Fault, load

if TYPE_CHECKING:
    from engine.definition import Definition

PETITION = (Path(__file__).resolve().parents[2] / "workflows" / "petition.toml").read_text(encoding="utf-8")
FIRST_CLOCK = "[clocks.acceptance]"


def changed(*changes: tuple[str, str]) -> Definition:
    """The petition workflow with pieces of its text replaced: of each piece, where it stands first."""
    text = PETITION
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return load(text)


def transition(verb: str, source: str, to: str, title: str = "新动作") -> str:
    """One more transition of the supervisor's, before the first clock."""
    ways = f'from = ["{source}"]\nto = "{to}"\nby = ["supervisor"]'
    return f'[[transitions]]\nverb = "{verb}"\ntitle = "{title}"\n{ways}\n\n{FIRST_CLOCK}'


def state(name: str) -> str:
    """One more state, before the first transition."""
    return f'[states.{name}]\ntitle = "新状态"\nstage = "handle"\n\n[[transitions]]'


def composite(rest: str) -> str:
    """A composite, before the first clock."""
    return f'[[composites]]\nverb = "both"\ntitle = "一并"\nby = ["supervisor"]\n{rest}\n\n{FIRST_CLOCK}'


def test_the_petition_workflow_is_sound() -> None:
    """The example has no fault: each fault below is its change's."""
    assert check(changed()) == []


GRAPH: dict[str, tuple[list[tuple[str, str]], list[Fault]]] = {
    "a state nothing leads to": (
        [("[[transitions]]", state("island")), (FIRST_CLOCK, transition("leave", "island", "closed"))],
        [Fault("states.island", "unreachable_state", "island")],
    ),
    "a state reached only from one that is not": (
        [
            ("[[transitions]]", state("island").replace("[[transitions]]", state("reef"))),
            (FIRST_CLOCK, transition("leave", "island", "reef")),
            (
                FIRST_CLOCK,
                transition("end", "reef", "closed", "新终"),
            ),
        ],
        [Fault("states.island", "unreachable_state", "island"), Fault("states.reef", "unreachable_state", "reef")],
    ),
    "a state with no way out": (
        [
            ("[[transitions]]", state("pit")),
            (FIRST_CLOCK, transition("fall", "handling", "pit")),
            ('runs_in = ["registered"]', 'runs_in = ["registered", "pit"]'),
        ],
        [Fault("states.pit", "dead_end", "register → accept → fall")],
    ),
    "a round with no way out": (
        [
            ("[[transitions]]", state("pit").replace("[[transitions]]", state("hole"))),
            (FIRST_CLOCK, transition("fall", "handling", "pit", "落")),
            (FIRST_CLOCK, transition("sink", "pit", "hole", "沉")),
            (FIRST_CLOCK, transition("rise", "hole", "pit", "浮")),
            ('runs_in = ["registered"]', 'runs_in = ["registered", "pit", "hole"]'),
        ],
        [
            Fault("states.pit", "dead_end", "register → accept → fall"),
            Fault("states.hole", "dead_end", "register → accept → fall → sink"),
            Fault("states.pit", "endless_loop", "pit → hole → pit"),
        ],
    ),
    "a way in through a request": (
        [
            ("[[transitions]]", state("held")),
            ('moves = "total"', 'to = "held"\nwakes = "go_on"'),
            (FIRST_CLOCK, transition("go_on", "held", "handling")),
        ],
        [],
    ),
    "a draft is where it begins": (
        [
            ("[[transitions]]", state("draft")),
            ('serial = "XF"', 'serial = "XF"\ndraft = "draft"'),
            (FIRST_CLOCK, transition("present", "draft", "registered")),
        ],
        [],
    ),
}

CLOCKS: dict[str, tuple[list[tuple[str, str]], list[Fault]]] = {
    "no clock at all": (
        [('runs_in = ["answering"]', 'runs_in = ["review"]')],
        [Fault("states.answering", "no_clock", "register → accept → report_done → pass_review")],
    ),
    "a clock that ends while the item stays": (
        [('runs_in = ["answering"]', 'runs_in = ["answering"]\nstops_at = "answer"')],
        [Fault("states.answering", "no_clock", "register → accept → report_done → pass_review → answer")],
    ),
    "a clock that only stands still there": (
        [
            ("[[transitions]]", state("held")),
            (FIRST_CLOCK, transition("hold", "handling", "held")),
            (
                FIRST_CLOCK,
                transition("go_on", "held", "handling", "复"),
            ),
            ('counts = "life"', 'counts = "life"\npauses_in = ["held"]'),
        ],
        [Fault("states.held", "no_clock", "register → accept → hold")],
    ),
    "a state that nothing wakes on the second way in": (
        [
            ("[[transitions]]", state("held")),
            ('moves = "total"', 'to = "held"\nwakes = "go_on"'),
            (FIRST_CLOCK, transition("go_on", "held", "handling")),
            (
                FIRST_CLOCK,
                transition("hold", "review", "held", "缓"),
            ),
        ],
        [Fault("states.held", "no_clock", "register → accept → report_done → hold")],
    ),
    "a limit for some of its choices": (
        [
            ('limit = "15d"', 'limit = { by = "source", petition = "15d" }'),
            ('choices = { petition = "信访" }', 'choices = { petition = "信访", letter = "来信" }'),
            ("[sources.petition]", '[sources.letter]\ntitle = "来信"\n\n[sources.petition]'),
        ],
        [Fault("states.registered", "no_clock", "register")],
    ),
    "a limit for all of its choices": (
        [('limit = "15d"', 'limit = { by = "source", petition = "15d" }')],
        [],
    ),
    "a clock begun by an act that one way leaves out": (
        [
            ('counts = "life"', 'counts = "life"\nstarts_at = ["accept"]'),
            (FIRST_CLOCK, transition("take_on", "registered", "handling")),
        ],
        [Fault("states.handling", "no_clock", "register → take_on")],
    ),
    "a clock that has ended for good": (
        [
            ('counts = "life"', 'counts = "once"'),
            (FIRST_CLOCK, transition("redo", "answering", "handling")),
        ],
        [
            Fault("states.handling", "endless_loop", "handling → review → handling"),
            Fault("states.handling", "no_clock", "register → accept → report_done → pass_review → redo"),
        ],
    ),
    "a rework whose every turn begins anew": (
        [
            ('counts = "life"\n', ""),
            (FIRST_CLOCK, transition("redo", "answering", "handling")),
        ],
        [Fault("states.handling", "endless_loop", "handling → review → handling")],
    ),
    "a round outside the clock that counts": (
        [(FIRST_CLOCK, transition("look_again", "answering", "registered"))],
        [],
    ),
    "a round beside the clock that counts": (
        [
            ("[[transitions]]", state("shown")),
            (FIRST_CLOCK, transition("show_it", "answering", "shown")),
            (
                FIRST_CLOCK,
                transition("hide_it", "shown", "answering", "藏"),
            ),
            ('runs_in = ["answering"]', 'runs_in = ["answering", "shown"]'),
        ],
        [Fault("states.answering", "endless_loop", "answering → shown → answering")],
    ),
}

VERBS: dict[str, tuple[list[tuple[str, str]], list[Fault]]] = {
    "two verbs of one title": (
        [('title = "审核通过"', 'title = "反馈"')],
        [Fault("transitions.answer", "title_twice", "pass_review, answer: 反馈")],
    ),
    "one verb of two titles": (
        [(FIRST_CLOCK, transition("close", "review", "closed", "销案"))],
        [Fault("transitions.close#2", "title_differs", "办结, 销案")],
    ),
    "a step that does not apply": (
        [(FIRST_CLOCK, composite('from = ["registered"]\nsteps = [{ verb = "accept" }, { verb = "close" }]'))],
        [Fault("composites.both.steps.close", "step_impossible", "handling")],
    ),
    "a step whose field nobody gives": (
        [(FIRST_CLOCK, composite('from = ["review"]\nsteps = [{ verb = "pass_review" }, { verb = "answer" }]'))],
        [Fault("composites.both.steps.answer", "step_lacks_field", "answer_text, answered_by")],
    ),
    "steps that apply": (
        [(FIRST_CLOCK, composite('new = true\nsteps = [{ verb = "register" }, { verb = "accept" }]'))],
        [],
    ),
}


@pytest.mark.parametrize(
    ("changes", "expected"), [*GRAPH.values(), *CLOCKS.values(), *VERBS.values()], ids=[*GRAPH, *CLOCKS, *VERBS]
)
def test_a_fault_is_found_with_an_example(changes: list[tuple[str, str]], expected: list[Fault]) -> None:
    """A sound workflow, changed in one respect."""
    assert check(changed(*changes)) == expected


def test_a_name_that_refers_to_nothing_comes_alone() -> None:
    """A definition kept from elsewhere is looked through for names first."""
    definition = changed()
    definition = definition._replace(initial="nowhere")
    assert check(definition) == [Fault("workflow.initial", "unknown_state", "nowhere")]


# ---- the people ----------------------------------------------------------------------------------

BUREAU = """
[organisation]
title = "局"
supervising_unit = "office"
alternate_unit = "personnel"
principal = "chief"

[[units]]
id = "office"
title = "办公室"
head = "a1"
in_charge = "vice"

[[units]]
id = "personnel"
title = "人事处"
head = "p1"
in_charge = "vice"

[[units]]
id = "water"
title = "水务处"
head = "w1"
in_charge = "vice"
"""
STAFF = {
    "chief": "office",
    "vice": "office",
    "a1": "office",
    "a2": "office",
    "p1": "personnel",
    "p2": "personnel",
    "w1": "water",
    "w2": "water",
}


def bureau(text: str = BUREAU, *, without: tuple[str, ...] = ()) -> organisation.Organisation:
    """A small bureau, some of its people gone."""
    officers = [{"id": key, "unit": unit} for key, unit in STAFF.items() if key not in without]
    return organisation.from_data(tomllib.loads(text) | {"officers": officers})


def test_two_people_a_unit_are_enough() -> None:
    """Where every desk has somebody else beside it, nothing is amiss; who is away on a day does not matter."""
    assert check(changed(), bureau()) == []


def test_a_rung_that_reaches_nobody_is_found() -> None:
    """Every unit is tried: one without a head leaves a rung to nobody."""
    definition = changed(
        ('notify = ["superior(1)", "superior(2)"]', 'notify = ["lead_unit.head"]'),
        ('notify = ["superior(2)", "superior(3)"]', 'notify = ["co_units"]'),
    )
    headless = bureau(BUREAU.replace('head = "w1"\n', ""))
    assert check(definition, headless) == [
        Fault("ladders.overdue[2]", "rung_reaches_nobody", "water, handling"),
        Fault("ladders.overdue[3]", "rung_reaches_nobody", "office, handling"),
    ]


def test_a_commander_counts_as_somebody() -> None:
    """Whom only the item can name is not taken for missing."""
    definition = changed(
        ('notify = ["superior(2)", "superior(3)"]', 'notify = ["commander"]'),
        ("[fields]", '[fields]\ncommander = { title = "挂帅领导", kind = "officer" }'),
    )
    assert check(definition, bureau()) == []


def test_a_four_eyes_rule_that_one_person_must_break_is_found() -> None:
    """A unit of one, whose head reviews what only the head can have reported."""
    definition = changed(
        ('by = ["supervisor.verifier"]\nrequire = ["opinion:5"]', 'by = ["lead_unit.head"]\nrequire = ["opinion:5"]'),
    )
    assert check(definition, bureau()) == []
    assert (
        check(definition, bureau(without=("w2",)))
        == [
            Fault("transitions.send_back", "four_eyes_broken", "water: w1"),
            Fault("requests.extension", "four_eyes_broken", "water: w1"),
        ][:1]
    )


def test_an_asker_who_alone_may_grant_is_found() -> None:
    """An applicant does not grant: a unit of one, that only its head may speak for."""
    definition = changed(('by = ["lead_unit.head", "leader.in_charge"]', 'by = ["lead_unit.head"]'))
    assert check(definition, bureau(without=("w2",))) == [Fault("requests.extension", "four_eyes_broken", "water: w1")]


# ---- several definitions -------------------------------------------------------------------------


def test_one_option_of_two_kinds_is_found() -> None:
    """The command line is the union of all workflows' verbs: one option means one kind of thing."""
    other = changed(
        ('id = "petition"', 'id = "letters"'),
        ('opinion = { title = "意见", kind = "text" }', 'opinion = { title = "意见" }'),
    )
    assert index_faults([changed(), changed()]) == []
    assert index_faults([changed(), other]) == [
        Fault("letters.fields.opinion", "option_kind", "petition: text, letters: line")
    ]
