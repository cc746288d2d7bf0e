"""Reading of definitions: every fault of form and reference is found, all at once, each at its place."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from engine.canonical import canonical, digest
from engine.definition import FIELD_KINDS
from engine.errors import FaultsFound
from engine.limit import Limit, Offset
from engine.loader import Fault, from_data, load, stored

PETITION = (Path(__file__).resolve().parents[2] / "workflows" / "petition.toml").read_text(encoding="utf-8")


def faults(*changes: tuple[str, str]) -> list[Fault]:
    """The faults of petition.toml with pieces of its text replaced: of each piece, where it stands first."""
    text = PETITION
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return found_in(lambda: load(text))


def found_in(read: Callable[[], object]) -> list[Fault]:
    """The faults that a reading reports."""
    with pytest.raises(FaultsFound) as found:
        read()
    assert found.value.code == "definition_faults"
    return cast("list[Fault]", found.value.data["faults"])


FORM: dict[str, tuple[str, str, Fault]] = {
    "a missing text": ('id = "petition"\n', "", Fault("workflow.id", "missing")),
    "an empty text": ('title = "待受理"', 'title = ""', Fault("states.registered.title", "text_needed")),
    "a number for a text": ('serial = "XF"', "serial = 1", Fault("workflow.serial", "text_needed")),
    "a text for a number": ("version = 1", 'version = "1"', Fault("workflow.version", "number_needed", "'1'")),
    "a negative number": (
        "max_granted = 1",
        "max_granted = -1",
        Fault("requests.extension.max_granted", "number_needed", "-1"),
    ),
    "a text for a flag": ("main = true", 'main = "yes"', Fault("clocks.total.main", "flag_needed", "'yes'")),
    "a number in a list of names": (
        'require = ["title"]',
        "require = [1]",
        Fault("register.require", "names_needed", "[1]"),
    ),
    "a text for a table": ('put = { source = "petition" }', 'put = "x"', Fault("register.put", "not_a_table", "'x'")),
    "a key nobody knows": ('counts = "life"', 'count = "life"', Fault("clocks.total.count", "unknown_key")),
    "a section nobody knows": ("[workflow]", "[clock]\n[workflow]", Fault("clock", "unknown_key")),
    "a stage that is none": (
        'stage = "verify"',
        'stage = "check"',
        Fault("states.review.stage", "not_among", "check: intake, assign, handle, verify, feedback, closed"),
    ),
    "a kind of field that is none": (
        'kind = "files"',
        'kind = "paper"',
        Fault("fields.evidence.kind", "not_among", "paper: " + ", ".join(FIELD_KINDS)),
    ),
    "a choice of nothing": (
        ', choices = { petition = "信访" }',
        "",
        Fault("fields.source.choices", "missing"),
    ),
    "a release by nobody": (
        'release = "leader"',
        'release = "chief"',
        Fault("ladders.overdue[4] 3.release", "not_among", "chief: auto, supervisor, leader"),
    ),
    "a limit that is none": ('limit = "60d"', 'limit = "60"', Fault("clocks.total.limit", "bad_limit", "60")),
    "a limit of a wrong type": ('limit = "60d"', "limit = 60", Fault("clocks.total.limit", "bad_limit", "60")),
    "a length that is none": (
        'longest = "30d"',
        'longest = "30日"',
        Fault("requests.extension.longest", "bad_limit", "30日"),
    ),
    "an offset that is none": ('at = "+10wd"', 'at = "10wd"', Fault("ladders.overdue[4] 3.at", "bad_offset", "10wd")),
    "a rung set off twice": (
        'at = "+10wd"',
        'at = "+10wd"\non = "verb:close"',
        Fault("ladders.overdue[4] 3.at", "at_or_on"),
    ),
    "a rung set off by nothing": ('at = "+10wd"\n', "", Fault("ladders.overdue[4] 3.at", "at_or_on")),
    "a least length that is none": (
        'require = ["outcome:5"]',
        'require = ["outcome:five"]',
        Fault("transitions[3] report_done.require", "number_needed", "outcome:five"),
    ),
    "a verb from nowhere": ('from = ["review"]\n', "", Fault("transitions[4] send_back.from", "missing")),
    "a clock that never runs": (
        'runs_in = ["answering"]\n',
        "",
        Fault("clocks.answer.runs_in", "missing"),
    ),
    "a request nobody grants": (
        'approve = [{ by = ["lead_unit.head", "leader.in_charge"] }]\n',
        "",
        Fault("requests.extension.approve", "missing"),
    ),
    "a composite from nowhere": (
        "[clocks.acceptance]",
        '[[composites]]\nverb = "both"\ntitle = "一并"\nby = ["supervisor"]\n\n[clocks.acceptance]',
        Fault("composites[1] both.from", "new_or_from"),
    ),
}


@pytest.mark.parametrize(("old", "new", "fault"), FORM.values(), ids=FORM)
def test_a_fault_of_form_is_found(old: str, new: str, fault: Fault) -> None:
    """One small change, one fault, at the place where it was made."""
    assert faults((old, new)) == [fault]


COMPOSITE = """
[[composites]]
verb = "both"
title = "一并"
from = ["registered"]
by = ["supervisor"]
require = ["lead_unit"]
steps = [{ verb = "accept" }, { verb = "report_done" }]

[clocks.acceptance]"""

REFERENCES: dict[str, tuple[str, str, list[Fault]]] = {
    "initial": ('initial = "registered"', 'initial = "new"', [Fault("workflow.initial", "unknown_state", "new")]),
    "draft": ('serial = "XF"', 'draft = "sketch"', [Fault("workflow.draft", "unknown_state", "sketch")]),
    "owner": (
        'owner = "supervisor.verifier"',
        'owner = "verifier"',
        [Fault("states.review.owner", "unknown_role", "verifier")],
    ),
    "from": (
        'from = ["answering"]\nby',
        'from = ["answered"]\nby',
        [Fault("transitions.answer.from", "unknown_state", "answered")],
    ),
    "to": ('to = "review"', 'to = "revue"', [Fault("transitions.report_done.to", "unknown_state", "revue")]),
    "by": (
        'by = ["lead_unit"]\nrequire = ["outcome:5"]',
        'by = ["unit"]\nrequire = ["outcome:5"]',
        [Fault("transitions.report_done.by", "unknown_role", "unit")],
    ),
    "field": (
        'optional = ["handler"]',
        'optional = ["officer"]',
        [Fault("transitions.accept.fields", "unknown_field", "officer")],
    ),
    "register's field": (
        'require = ["title"]',
        'require = ["heading"]',
        [Fault("register.fields", "unknown_field", "heading")],
    ),
    "guard": (
        'guards = ["answer_due"]',
        'guards = ["answer_sent"]',
        [Fault("transitions.answer.guards", "unknown_guard", "answer_sent")],
    ),
    "four eyes": (
        'not_same_as = ["report_done"]',
        'not_same_as = ["report"]',
        [Fault("transitions.send_back.not_same_as", "unknown_verb", "report")],
    ),
    "addressee": (
        'notify = ["lead_unit.head"]',
        'notify = ["superior(4)"]',
        [Fault("transitions.accept.notify", "unknown_role", "superior(4)")],
    ),
    "when": (
        'to = "review"\n',
        'to = "review"\nwhen = { source = ["letter", ""] }\n',
        [Fault("transitions.report_done.when", "unknown_choice", "source = letter")],
    ),
    "put": (
        'to = "review"\n',
        'to = "review"\nput = { source = "letter" }\n',
        [Fault("transitions.report_done.put", "unknown_choice", "source = letter")],
    ),
    "restarts": (
        'to = "review"\n',
        'to = "review"\nrestarts = ["main"]\n',
        [Fault("transitions.report_done.restarts", "unknown_clock", "main")],
    ),
    "fixed command": (
        'verb = "pass_review"',
        'verb = "show"',
        [Fault("transitions.show", "fixed_verb", "show")],
    ),
    "runs_in": (
        'runs_in = ["answering"]',
        'runs_in = ["answer"]',
        [Fault("clocks.answer.runs_in", "unknown_state", "answer")],
    ),
    "pauses_in": (
        'runs_in = ["answering"]',
        'runs_in = ["answering"]\npauses_in = ["held"]',
        [Fault("clocks.answer.pauses_in", "unknown_state", "held")],
    ),
    "starts_at": (
        'runs_in = ["answering"]',
        'runs_in = ["answering"]\nstarts_at = ["begin"]',
        [Fault("clocks.answer.starts_at", "unknown_verb", "begin")],
    ),
    "stops_at": (
        'stops_at = "report_done"',
        'stops_at = "done"',
        [Fault("clocks.total.stops_at", "unknown_verb", "done")],
    ),
    "ladder": ('ladder = "overdue"', 'ladder = "late"', [Fault("clocks.total.ladder", "unknown_ladder", "late")]),
    "limit by field": (
        'limit = "60d"',
        'limit = ["@due_on", { by = "source", letter = "15d", petition = "@days" }]',
        [
            Fault("clocks.total.limit", "unknown_field", "due_on"),
            Fault("clocks.total.limit", "unknown_field", "days"),
            Fault("clocks.total.limit", "unknown_choice", "source = letter"),
        ],
    ),
    "two main clocks": (
        'title = "受理期限"',
        'title = "受理期限"\nmain = true',
        [Fault("clocks", "one_main_clock", "acceptance, total")],
    ),
    "no main clock": ("main = true\n", "", [Fault("clocks", "one_main_clock")]),
    "rung's addressee": (
        'notify = ["superior(2)", "superior(3)"]',
        'notify = ["chief"]',
        [Fault("ladders.overdue[3].notify", "unknown_role", "chief")],
    ),
    "rung's level": ("level = 3", "level = 2", [Fault("ladders.overdue", "level_twice", "0, 1, 2, 2")]),
    "held_by": (
        'held_by = ["extension"]',
        'held_by = ["delay"]',
        [Fault("ladders.overdue[2].held_by", "unknown_request", "delay")],
    ),
    "trigger's verb": (
        'at = "+10wd"',
        'on = "verb:redo"',
        [Fault("ladders.overdue[3].on", "unknown_verb", "redo")],
    ),
    "trigger's paper": (
        'at = "+10wd"',
        'on = "paper:专报"',
        [Fault("ladders.overdue[3].on", "unknown_paper", "专报")],
    ),
    "trigger": ('at = "+10wd"', 'on = "twice"', [Fault("ladders.overdue[3].on", "bad_trigger", "twice")]),
    "request's clock": (
        'moves = "total"',
        'moves = "main"',
        [Fault("requests.extension.moves", "unknown_clock", "main")],
    ),
    "request's state": (
        'moves = "total"',
        'moves = "total"\nto = "held"\nwakes = "wake"',
        [
            Fault("requests.extension.to", "unknown_state", "held"),
            Fault("requests.extension.wakes", "unknown_verb", "wake"),
        ],
    ),
    "request's approver": (
        'approve = [{ by = ["lead_unit.head", "leader.in_charge"] }]',
        'approve = [{ by = ["head"], when = { track = "led", source = "letter" } }]',
        [
            Fault("requests.extension.by", "unknown_role", "head"),
            Fault("requests.extension.approve", "unknown_field", "track"),
            Fault("requests.extension.approve", "unknown_choice", "source = letter"),
        ],
    ),
    "source chosen": (
        'choices = { petition = "信访" }',
        'choices = { petition = "信访", letter = "来信" }',
        [Fault("fields.source.choices", "unknown_source", "letter")],
    ),
    "step": (
        "[clocks.acceptance]",
        COMPOSITE.replace('"report_done"', '"done"'),
        [Fault("composites.both.steps", "unknown_verb", "done")],
    ),
    "step's field": (
        "[clocks.acceptance]",
        COMPOSITE.replace('"accept" }', '"accept", put = { outcome = "x", lead_unit = "@decider.unit" } }'),
        [Fault("composites.both.steps.accept.put", "unknown_field", "outcome")],
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), REFERENCES.values(), ids=REFERENCES)
def test_a_name_that_refers_to_nothing_is_found(old: str, new: str, expected: list[Fault]) -> None:
    """One small change, its faults and no others."""
    assert faults((old, new)) == expected


def test_every_fault_is_reported_at_once() -> None:
    """Faults of form come together, so that the file is mended in one go; those of reference after them, likewise."""
    form = faults(
        ("version = 1", 'version = "1"'),
        ('counts = "life"', 'count = "life"'),
        ('at = "+10wd"', 'at = "10wd"'),
        ('approve = [{ by = ["lead_unit.head", "leader.in_charge"] }]', 'approve = "x"'),
        ('to = "review"', 'to = "revue"'),
    )
    assert sorted(fault.code for fault in form) == [
        "bad_offset",
        "list_needed",
        "missing",
        "number_needed",
        "unknown_key",
    ]
    names = faults(('to = "review"', 'to = "revue"'), ('guards = ["answer_due"]', 'guards = ["sent"]'))
    assert [fault.place for fault in names] == ["transitions.report_done.to", "transitions.answer.guards"]


def test_what_is_no_toml_is_said_to_be_none() -> None:
    """The place in the file comes from the reader."""
    (fault,) = found_in(lambda: load("[workflow\n"))
    assert (fault.place, fault.code) == ("TOML", "unreadable")
    assert "line 1" in fault.detail


def test_what_is_no_table_is_said_to_be_none() -> None:
    """Data that is nothing like a definition."""
    assert {fault.code for fault in found_in(lambda: from_data([]))} == {"not_a_table", "missing"}


def test_a_definition_is_its_canonical_text() -> None:
    """What is read back from the stored text is the same value, under the same hash."""
    definition = load(PETITION)
    assert stored(definition.text) == definition
    assert definition.hash == digest(definition.text)
    assert load(PETITION.replace("# 信访", "# 別的")).hash == definition.hash


def test_shorthands_are_written_out() -> None:
    """`open` is every state that is not final; further variants of a verb are numbered; dates become text."""
    twice = PETITION.replace(
        "[clocks.acceptance]",
        '[[transitions]]\nverb = "answer"\ntitle = "反馈"\nfrom = "open"\nby = "supervisor"\n\n[clocks.acceptance]',
    ).replace('put = { source = "petition" }', "put = { found_at = 2023-05-08 }")
    definition = load(twice)
    assert definition.transitions[-1].name == "answer#2"
    assert definition.transitions[-1].sources == ("registered", "handling", "review", "answering")
    assert [t.name for t in definition.variants("answer")] == ["answer", "answer#2"]
    assert definition.register.put == {"found_at": "2023-05-08"}
    assert canonical(definition.register.put) == '{"found_at":"2023-05-08"}'


def test_limits_and_offsets_are_values() -> None:
    """Every limit is one structured value from the start; its text is not kept beside it."""
    definition = load(PETITION)
    assert definition.clocks["total"].limit.alternatives == (Limit(60, "d"),)
    assert definition.ladders["overdue"][2].at == Offset(1, "wd")
    assert definition.requests["extension"].longest == Limit(30, "d")
