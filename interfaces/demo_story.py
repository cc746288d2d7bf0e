"""The demo's data: a problem list as an office keeps it, and what happened to each of its problems.

Both lie in `workflows/demo`; the header of `story.toml` says what each of its keys means.
"""

from __future__ import annotations

import csv
import io
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import workflows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from interfaces.session import Session

WORKFLOW = "siban"
"""The workflow that the demo plays."""

BUREAU = Path(workflows.__file__).parent / "bureau.toml"
"""The bureau of the seed."""

_DATA = Path(workflows.__file__).parent / "demo"


class Story(NamedTuple):
    """One problem: its number in the list, when it was found, its pace, what happens and in what words."""

    no: int
    found_on: str
    pace: str
    events: tuple[str, ...]
    words: Mapping[str, str]

    def has(self, event: str) -> bool:
        """Whether something happens to it."""
        return event in self.events

    @property
    def merged_into(self) -> int:
        """The number of the problem it is merged into, 0 when it is not."""
        return next((int(e.partition(":")[2]) for e in self.events if e.startswith("merge:")), 0)


def read_stories() -> list[Story]:
    """Read the stories, in the order in which the problems were found."""
    found_on = {row["序号"]: row["发现日期"] for row in _rows()}
    told = tomllib.loads((_DATA / "story.toml").read_text(encoding="utf-8"))["items"]
    stories = [
        Story(
            no=item["no"],
            found_on=found_on[str(item["no"])],
            pace=item["pace"],
            events=tuple(item["events"]),
            words={name: value for name, value in item.items() if isinstance(value, str)},
        )
        for item in told
    ]
    return sorted(stories, key=lambda story: (story.found_on, story.no))


def read_sheet(numbers: Sequence[int], session: Session) -> dict[int, dict[str, object]]:
    """Read some rows of the problem list as `siban import` reads a list, under the session's clock: number → fields.

    Raises `ValueError` when a row would not be taken in.
    """
    from interfaces.problem_list import read_problems
    from interfaces.problem_row import Choice

    rows = [row for row in _rows() if int(row["序号"]) in numbers]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "problems.csv")
        path.write_text(_written(rows), encoding="utf-8")
        batch = read_problems(str(path), {}, session, WORKFLOW, Choice())
    if batch.faults:
        raise ValueError(batch.faults)
    return {int(row["序号"]): dict(fields) for row, (fields, _) in zip(rows, batch.sheets, strict=True)}


def _rows() -> list[dict[str, str]]:
    with (_DATA / "problems.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _written(rows: Sequence[Mapping[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
