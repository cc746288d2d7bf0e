"""Careless changes, put into a copy of the source one at a time: for each of them a test fails.

All of them, with the control: `pytest -m slow -n 0 tests/acceptance/test_planted.py`.
"""

from __future__ import annotations

import pytest

from tests.planting import FAILED, Edit, Fault, copied, faults, misfits, plant, run

LEAST = 25
FAULTS = {fault.name: fault for fault in faults()}
A_FEW = ("a refused command leaves no entry", "a simulated time is taken on a real database")
"""Those that the default run tries: one of the engine, one of the installed command."""


def caught(fault: Fault) -> bool:
    """Whether one of the tests named for a fault fails with it."""
    with copied() as tree:
        plant(fault, tree)
        done = run(tree, fault.tests)
    assert done.status in {0, FAILED}, done.said[-2000:]
    return bool(done.failed)


def test_every_fault_can_still_be_planted() -> None:
    """Its texts stand where they stood, once each, and the tests named for it are there."""
    assert {name: wrong for name, fault in FAULTS.items() if (wrong := misfits(fault))} == {}
    assert len(FAULTS) == len(faults()) >= LEAST


def test_a_fault_that_has_lost_its_place_is_an_error() -> None:
    """A text that is gone, or stands twice, and a test that is gone."""
    gone = Fault(
        "", (Edit("cli.py", "no such text", ""), Edit("cli.py", "import", "")), ("tests/unit/test_chain.py::test_x",)
    )
    assert len(misfits(gone)) == 3
    assert misfits(Fault("", (), ("tests/unit/test_nowhere.py",))) == ["tests/unit/test_nowhere.py"]


@pytest.mark.parametrize("name", A_FEW)
def test_a_planted_fault_is_caught(name: str) -> None:
    """The tests named for it fail with it."""
    assert caught(FAULTS[name])


def test_without_a_fault_the_same_tests_pass() -> None:
    """The control: it is the fault that they fail for."""
    with copied() as tree:
        assert run(tree, [test for name in A_FEW for test in FAULTS[name].tests]).status == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_each_planted_fault_is_caught(name: str) -> None:
    """Every one of them."""
    assert caught(FAULTS[name])


@pytest.mark.slow
def test_without_a_fault_all_of_those_tests_pass() -> None:
    """The control for every one of them, in one run."""
    with copied() as tree:
        done = run(tree, dict.fromkeys(test for fault in FAULTS.values() for test in fault.tests))
    assert done.status == 0, done.said[-2000:]
    assert " passed" in done.said
