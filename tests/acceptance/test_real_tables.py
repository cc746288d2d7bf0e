"""Real public tables: every row of the letters and of both tables of limits is taken, or reported with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.people import Bureau, real
from tests.trial import CLERK, HEAD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.said import Said

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the public tables (shared/data) are not on this machine")

LETTERS = ("title=留言主题", "found_at=留言时间", "description=留言详情", "external_no=留言编号", "reporter=留言用户",
           "ignore=答复意见、答复时间")  # fmt: skip


@pytest.fixture(name="run")
def _run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Run the command line in an empty office."""
    path = tmp_path / "office.db"
    real(path, lambda _: None)
    return Bureau(path, capsys, monkeypatch)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        (
            "letters_with_replies.xlsx",
            (*(x for one in LETTERS for x in ("--map", one)), "--source", "citizen", "--anonymous"),
        ),
        (
            "time_limits.xlsx",
            ("--map", "title=小类名称", "--map", "limit=处置时限", "--map", "ignore=处置单位", "--source", "other"),
        ),
        (
            "time_limits_components.csv",
            (
                "--map",
                "title=小类名称",
                "--map",
                "limit=处置时限",
                "--map",
                "ignore=责任主体",
                "--source",
                "other",
                "--fill",
                "title",
                "--fill",
                "整改时限",
            ),
        ),
    ],
)
def test_every_row_is_taken_or_reported(run: Callable[..., Said], name: str, options: tuple[str, ...]) -> None:
    """All go in where none is at fault; else each fault has its place, the others are good, and nothing went in."""
    path = DATA / name
    said = run(CLERK, "import", str(path), *options, "-o", "json")
    answer = json.loads(said.out)
    if said.status == 0:
        assert answer["imported"] == answer["rows"] > 200
        assert run(HEAD, "check").status == 0
        return
    assert said.status == 4, said
    assert all(fault["row"] and fault["cell"] and fault["why"] for fault in answer)
    assert len({fault["row"] for fault in answer}) < 50
