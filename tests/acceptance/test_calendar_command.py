"""`siban calendar due` gives the ten golden dates of the domain page, and says what it assumed."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.conftest import run

GOLDEN = [
    ("2023-04-28", "5wd", "2023-05-09"),
    ("2023-05-05", "1wd", "2023-05-06"),
    ("2023-06-21", "3wd", "2023-06-27"),
    ("2023-09-28", "5wd", "2023-10-11"),
    ("2025-01-24", "5wd", "2025-02-07"),
    ("2025-09-30", "3wd", "2025-10-11"),
    ("2026-02-13", "5wd", "2026-02-27"),
    ("2023-05-08", "15d", "2023-05-23"),
    ("2023-05-10", "60d", "2023-07-10"),
    ("2023-08-02", "60d", "2023-10-07"),
]


@pytest.mark.parametrize(("start", "limit", "due_on"), GOLDEN)
def test_golden_dates(start: str, limit: str, due_on: str) -> None:
    """Without any database, `-o json` gives `due_on`."""
    said = run("calendar", "due", start, limit, "-o", "json")
    assert said.status == 0
    assert json.loads(said.out)["due_on"] == due_on


def test_chinese_words_and_assumptions() -> None:
    """Chinese command, limit and option are understood; a bare 日 is read as calendar days and says so."""
    said = run("日历", "到期", "2023-05-08", "15日", "-o", "json")
    assert json.loads(said.out)["due_on"] == "2023-05-23"
    assert "自然日" in said.err


def test_a_date_in_an_unannounced_year_is_provisional() -> None:
    """A due day in 2027 is marked, never refused and never silently guessed."""
    said = run("calendar", "due", "2026-12-28", "5wd", "-o", "json")
    assert json.loads(said.out)["provisional"] is True
