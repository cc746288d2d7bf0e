"""Every call by which a command writes fails once: killed at it, disk full, disk broken. Before or after, never between."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.errands import BY_NAME, DATABASE, ERRANDS, run
from tests.strace import STRACE, Call, Fault, calls, struck
from tests.verdict import missing_files, state_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.errands import Errand
    from tests.said import Said

pytestmark = pytest.mark.skipif(
    not STRACE, reason="strace is not there: nothing can be made to fail (apt install strace)"
)

KILL, FULL, BROKEN = "signal=KILL", "error=ENOSPC", "error=EIO"
WHATS = (KILL, FULL, BROKEN)
UNSAVED, UNSURE = "未保存", "不能确定"


class Trial(NamedTuple):
    """An errand, its office before it, and the states of the database before and after it."""

    errand: Errand
    prepared: Path
    work: Path
    states: tuple[str, str]
    calls: list[Call]
    alterations: tuple[str, ...] = ()

    @classmethod
    def of(cls, errand: Errand, prepared: Path, work: Path, *alterations: str) -> Trial:
        """Run the errand undisturbed and see what it writes."""
        folder = _fresh(prepared, work)
        before = state_of(folder / DATABASE)
        found = calls(folder, errand.arguments, *alterations)
        after = state_of(folder / DATABASE)
        assert before != after
        return cls(errand, prepared, work, (before, after), found, alterations)

    def strike(self, fault: Fault) -> Said:
        """Let one call fail; look at what is left, and at whether the next run works. Raises with what does not hold."""
        folder, (before, after) = _fresh(self.prepared, self.work), self.states
        said = struck(folder, self.errand.arguments, fault, *self.alterations)
        left = state_of(folder / DATABASE)
        assert left in self.states, "between"
        assert missing_files(folder / DATABASE) == []
        if fault.what == KILL:
            assert left == after or not said.out, "told of and not kept"
        elif said.status == 0:
            assert left == after, "told of and not kept"
        else:
            assert said.status == 5
            assert re.fullmatch(r"[^\n]*[\u4e00-\u9fff]。\n", said.err), said.err
            assert not said.out
            if UNSURE not in said.err:
                assert UNSAVED in said.err or "写入" in said.err, said.err
                assert left == before, f"kept, and told otherwise: {said.err}"
        self._again(folder, left)
        return said

    def _again(self, folder: Path, left: str) -> None:
        """The next run works: it does what was not done; what was done it does not do again."""
        before, after = self.states
        if left == before or self.errand.once:
            again = run(folder, self.errand.arguments, *self.alterations)
            assert again.status == (0 if left == before else 3), again
        else:
            assert run(folder, ("check",)) == (0, "", "")
        assert state_of(folder / DATABASE) == after


def _fresh(prepared: Path, work: Path) -> Path:
    """Lay the office out anew."""
    folder = work / "office"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(prepared, folder)
    return folder


def sample(found: Sequence[Call], cases: int) -> list[Fault]:
    """Choose cases evenly over the calls, the kinds of failure in turn."""
    step = max(len(found) // cases, 1)
    return [Fault(call, WHATS[number % 3]) for number, call in enumerate(found[::step])]


@pytest.mark.parametrize("name", ["comment", "report_done"])
def test_a_failing_call_leaves_before_or_after(name: str, prepared: Path, tmp_path: Path) -> None:
    """The short form: two commands, one of them with an attachment, at some of their calls."""
    trial = Trial.of(BY_NAME[name], prepared, tmp_path)
    said = [trial.strike(fault).status for fault in sample(trial.calls, 3)]
    assert -9 in said
    assert 5 in said


@pytest.mark.slow
@pytest.mark.parametrize("errand", ERRANDS, ids=lambda errand: errand.name)
def test_every_failing_call_leaves_before_or_after(errand: Errand, prepared: Path, tmp_path: Path) -> None:
    """Each call of each of twelve commands, killed, with a full disk, with a broken one."""
    trial = Trial.of(errand, prepared, tmp_path)
    wrong = []
    for call in trial.calls:
        for what in WHATS:
            try:
                trial.strike(Fault(call, what))
            except AssertionError as error:
                wrong.append((call, what, str(error)[:300]))
    assert wrong == [], f"{len(wrong)} of {3 * len(trial.calls)}"


def test_a_command_that_tells_too_early_is_found_out(prepared: Path, tmp_path: Path) -> None:
    """Control: one that speaks before it has committed is caught by a kill at its first write to the log."""
    trial = Trial.of(BY_NAME["sign"], prepared, tmp_path, "boast")
    first = next(call for call in trial.calls if "-wal" in call.about)
    with pytest.raises(AssertionError, match="told of and not kept"):
        trial.strike(Fault(first, KILL))


def test_a_command_done_twice_is_found_out(prepared: Path, tmp_path: Path) -> None:
    """Control: one that does not know its command id again does it twice when it was killed after its commit."""
    trial = Trial.of(BY_NAME["register"], prepared, tmp_path, "deaf")
    last = trial.calls[-1]
    assert "unlink" in last.name
    with pytest.raises(AssertionError):
        trial.strike(Fault(last, KILL))
