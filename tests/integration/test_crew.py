"""Work shared among processes: every answer in its turn, whatever becomes of the processes."""

from __future__ import annotations

import os
import signal
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import TYPE_CHECKING, Self

import pytest

from interfaces import crew
from interfaces.crew import Crew

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = os.getpid()


@pytest.fixture(name="working")
def _working() -> Iterator[Crew]:
    with Crew() as working:
        yield working


def doubled(number: int, at_home: int) -> tuple[int, bool]:
    """Double a number, and say whether that was done by the process of this number."""
    return 2 * number, os.getpid() == at_home


def killed_abroad(number: int, at_home: int) -> int:
    """Double a number at home; elsewhere end the process as the system does that runs out of memory."""
    if os.getpid() != at_home:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def test_each_comes_in_its_turn_from_another_process(working: Crew) -> None:
    """More jobs than are held at once; one without a call stands in its place."""
    jobs = [(str(n), (n, HERE) if n != 7 else None) for n in range(30)]
    found = list(working.in_turn(doubled, jobs))
    assert found == [(str(n), (2 * n, False) if n != 7 else None) for n in range(30)]


def test_no_more_jobs_are_taken_than_are_needed_ahead(working: Crew) -> None:
    """Whoever stops asking has not had the whole of a long work drawn up."""
    numbers = iter(range(1000))
    answers = working.in_turn(doubled, ((n, (n, HERE)) for n in numbers))
    assert next(answers) == (0, (0, False))
    answers.close()
    assert next(numbers) <= 2 * crew.processors() + 1


def test_one_crew_does_one_work_after_another(working: Crew) -> None:
    """What nobody asked for any more does not come up in the next."""
    answers = working.in_turn(doubled, ((n, (n, HERE)) for n in range(1000)))
    assert next(answers) == (0, (0, False))
    answers.close()
    assert list(working.in_turn(doubled, [(n, (n, HERE)) for n in range(9)])) == [(n, (2 * n, False)) for n in range(9)]


def test_what_a_killed_process_had_is_done_here(working: Crew) -> None:
    """All of it, since the crew is gone with one of its members."""
    assert list(working.in_turn(killed_abroad, [(n, (n, HERE)) for n in range(9)])) == [(n, 2 * n) for n in range(9)]


class Broken:
    """Processes of which none can be had, or all of which are killed at work."""

    def __init__(self, size: int, *, at_once: bool) -> None:
        """Break when work is given, or when its result is asked for."""
        del size
        self.at_once = at_once

    def submit(self, *_: object) -> Self:
        """Refuse the work, or take it."""
        if self.at_once:
            raise OSError
        return self

    def result(self) -> object:
        """Say that the process is gone."""
        raise BrokenProcessPool

    def shutdown(self, **_: object) -> None:
        """End."""


@pytest.mark.parametrize("at_once", [True, False])
def test_without_processes_it_is_done_here(monkeypatch: pytest.MonkeyPatch, at_once: bool) -> None:  # noqa: FBT001 - a case
    """No process to be had, or none that lives to answer."""
    monkeypatch.setattr(crew, "crew", partial(Broken, at_once=at_once))
    working = Crew()
    assert list(working.in_turn(doubled, [(n, (n, HERE)) for n in range(9)])) == [(n, (2 * n, True)) for n in range(9)]
