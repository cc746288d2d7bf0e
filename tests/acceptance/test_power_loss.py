"""The power goes: whatever of the unsynced is lost, the database opens whole, and what somebody was told of is in it."""

from __future__ import annotations

import random
import shutil
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, NamedTuple

import pytest

from engine.errors import Unavailable
from engine.row import EventQuery
from storage.sqlite import open_store
from tests.errands import BY_NAME, DATABASE, ERRANDS, Errand
from tests.power import Recording, record
from tests.strace import STRACE
from tests.verdict import last_entry, missing_files, prove

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.skipif(not STRACE, reason="strace is not there: no trace to play (apt install strace)")

MORE = tuple(
    Errand(f"more_{n}", ("--as", "o13", "登记", "--title", f"又一件 {n}", "--source", "学习研讨")) for n in range(3)
)
DAY = (*MORE, *ERRANDS)


class Losses(NamedTuple):
    """Of so many images, how many were corrupt, and how many lacked something somebody had been told of."""

    images: int
    corrupt: int
    lost: int


class Day(NamedTuple):
    """A recorded day, and the last entry of the record, number and hash, after each of its commands."""

    recording: Recording
    heads: list[tuple[int, str]]

    @classmethod
    def of(cls, prepared: Path, work: Path, errands: Sequence[Errand], *alterations: str, shared: bool = False) -> Day:
        """Record a day's commands; `shared`: somebody else has the database open, so that no command writes the log back."""
        folder = work / "-".join(("day", *alterations, str(shared)))
        shutil.copytree(prepared, folder)
        heads: list[tuple[int, str]] = []

        def told() -> None:
            heads.append(last_entry(folder / DATABASE))

        with closing(open_store(folder / DATABASE)) if shared else nullcontext() as other:
            if other:
                with other.read() as reader:
                    reader.head()  # from here on it has the log open
            recording = record(folder, errands, *alterations, told=told)
        return cls(recording, heads)

    def lose_power(self, work: Path, images: int, seed: int = 1) -> Losses:
        """Cut the power at so many random moments and look at what is left each time."""
        dice = random.Random(seed)  # noqa: S311 - a test's own dice
        corrupt = lost = 0
        for _ in range(images):
            folder = work / "image"
            folder.mkdir()
            told = self.recording.image(folder, dice)
            try:
                with closing(open_store(folder / DATABASE)) as store:
                    prove(store)
                    with store.read() as reader:
                        kept = {event.seq: event.hash for event in reader.events(EventQuery())}
                lost += told > 0 and kept.get(self.heads[told - 1][0]) != self.heads[told - 1][1]
                corrupt += missing_files(folder / DATABASE) != []
            except (Unavailable, AssertionError):
                corrupt += 1
            shutil.rmtree(folder)
        return Losses(images, corrupt, lost)


def test_nothing_is_lost_with_the_power(prepared: Path, tmp_path: Path) -> None:
    """The short form: three commands, alone and beside somebody who has the database open, 100 images."""
    for shared in (False, True):
        day = Day.of(prepared, tmp_path, (MORE[0], BY_NAME["report_done"], BY_NAME["comment"]), shared=shared)
        assert day.lose_power(tmp_path, 50) == (50, 0, 0)


@pytest.mark.parametrize(("what", "shared"), [("normal", True), ("full", False)])
def test_less_synced_is_found_out(what: str, *, shared: bool, prepared: Path, tmp_path: Path) -> None:
    """Controls: `synchronous=NORMAL` with a log and FULL with a rollback journal lose what somebody was told of."""
    found = Day.of(prepared, tmp_path, MORE[:2], what, shared=shared).lose_power(tmp_path, 20)
    assert found.corrupt == 0
    assert found.lost > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("alterations", "shared", "images"),
    [((), False, 800), ((), True, 600), (("system", "extra"), False, 600)],
    ids=["alone", "shared", "system_sqlite"],
)
def test_nothing_is_lost_of_two_thousand_images(
    alterations: tuple[str, ...], *, shared: bool, images: int, prepared: Path, tmp_path: Path
) -> None:
    """A day of fifteen commands, 2,000 images in all: none corrupt, nothing lost that somebody was told of."""
    day = Day.of(prepared, tmp_path, DAY, *alterations, shared=shared)
    assert day.lose_power(tmp_path, images) == (images, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "shared", "loses"), [("normal", True, True), ("full", False, True), ("extra", False, False)]
)
def test_how_much_each_way_of_syncing_loses(
    what: str, *, shared: bool, loses: bool, prepared: Path, tmp_path: Path
) -> None:
    """600 images each: NORMAL and DELETE with FULL lose a good part, DELETE with EXTRA nothing; none is corrupt."""
    found = Day.of(prepared, tmp_path, DAY, what, shared=shared).lose_power(tmp_path, 600)
    print(what, found)  # noqa: T201 - the figure, for whoever runs it with -s
    assert found.corrupt == 0
    assert (found.lost > 30) is loses
    assert loses or not found.lost
