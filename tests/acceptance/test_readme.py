"""What README.md tells a newcomer to type really works."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from tests.acceptance.conftest import ROOT, run

if TYPE_CHECKING:
    from pathlib import Path


def test_the_hour_of_work_in_the_readme(tmp_path: Path) -> None:
    """Each line of it, in order, on a database of its own: exit 0 and nothing that looks like a fault."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- hour -->\n```sh\n(.*?)```", page, re.DOTALL)
    assert found is not None
    lines = [line for line in found[1].splitlines() if line.strip()]
    assert len(lines) > 10
    for line in lines:
        words = shlex.split(line, comments=True)
        assert words[:3] == ["siban", "--db", "试用.db"]
        said = run("--db", str(tmp_path / "试用.db"), *words[3:], cwd=ROOT)
        assert said.status == 0, (line, said)
        assert "Traceback" not in said.err
