"""A clock that was set is noticed; one that is kept in step is not."""

from __future__ import annotations

import pytest

from engine.clock import DAY, HOUR, MINUTE, SECOND, parse_instant
from engine.watch import STEP, ClockDoubted, Watch, not_before

START = parse_instant("2023-05-08 09:00")


class Machine:
    """A machine: a clock that can be set, and one that nobody sets."""

    def __init__(self) -> None:
        """Begin on a Monday morning, some time after it was switched on."""
        self.wall, self.counted = START, 77 * HOUR

    def now(self) -> int:
        """Return what the wall clock says."""
        return self.wall

    def elapsed(self) -> int:
        """Return what the other one says."""
        return self.counted

    def pass_by(self, time: int, drift: int = 0) -> None:
        """Let time pass; the wall clock goes faster or slower by `drift`."""
        self.wall += time + drift
        self.counted += time


def test_time_that_passes_gives_no_alarm() -> None:
    """However long nothing was asked: a minute, a night, the sleep of a machine that counts it."""
    machine = Machine()
    watch = Watch(machine, machine.elapsed)
    for time in (0, MINUTE, 15 * HOUR, 40 * DAY):
        machine.pass_by(time)
        assert watch.now() == machine.wall


@pytest.mark.parametrize("drift", [43 * SECOND, -43 * SECOND, 2 * MINUTE])
def test_a_clock_slewed_day_by_day_gives_no_alarm(drift: int) -> None:
    """500 ppm make 43 seconds a day: after a month that is more than any step allowed, and no step."""
    machine = Machine()
    watch = Watch(machine, machine.elapsed)
    for _ in range(31):
        machine.pass_by(DAY, drift)
        assert watch.now() == machine.wall


@pytest.mark.parametrize("step", [SECOND, -SECOND, STEP, -STEP])
def test_a_small_step_gives_no_alarm(step: int) -> None:
    """What NTP sets at once, up to five minutes either way."""
    machine = Machine()
    watch = Watch(machine, machine.elapsed)
    machine.pass_by(MINUTE, step)
    assert watch.now() == START + MINUTE + step


@pytest.mark.parametrize("step", [STEP + 1, -STEP - 1, HOUR, -HOUR, DAY, -DAY, 5 * 365 * DAY])
def test_a_clock_that_was_set_is_doubted_until_it_is_set_back(step: int) -> None:
    """Each reading raises, with what was expected and what was found; set back, it is believed again."""
    machine = Machine()
    watch = Watch(machine, machine.elapsed)
    machine.pass_by(MINUTE, step)
    for _ in range(2):
        with pytest.raises(ClockDoubted) as doubted:
            watch.now()
        assert (doubted.value.code, doubted.value.exit_status) == ("clock_stepped", 5)
        assert doubted.value.data == {"expected_at": START + MINUTE, "now_at": START + MINUTE + step}
    machine.pass_by(HOUR, -step)
    assert watch.now() == START + MINUTE + HOUR


def test_a_command_is_never_recorded_before_the_last_entry() -> None:
    """Up to five minutes behind it takes that entry's moment; further behind it is refused."""
    assert not_before(START, 0) == START
    assert not_before(START, START) == START
    assert not_before(START, START + STEP) == START + STEP
    with pytest.raises(ClockDoubted) as doubted:
        not_before(START, START + STEP + 1)
    assert doubted.value.code == "clock_behind"
