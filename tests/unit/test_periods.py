"""How often something comes round, as offices write it and as it is kept."""

from __future__ import annotations

import pytest

from engine.errors import Misused
from engine.recurrence import parse
from workflows.periods import period_code, period_title


@pytest.mark.parametrize(
    ("text", "code", "title"),
    [
        ("每月", "1mo", "每月"),
        ("每月一次", "1mo", "每月"),
        ("每两周", "2w", "每2周"),
        ("每2周", "2w", "每2周"),
        ("每周", "1w", "每周"),
        ("每十天", "10d", "每10天"),
        ("每季度", "3mo", "每3个月"),
        ("每半年", "6mo", "每6个月"),
        ("一次", "99mo", "一次"),
        ("2w", "2w", "每2周"),
    ],
)
def test_read_and_written(text: str, code: str, title: str) -> None:
    """What is read can be counted, and is written as people say it."""
    assert period_code(text) == code
    assert parse(code)
    assert period_title(code) == title


@pytest.mark.parametrize("text", ["经常", "每", "每零天", "每0天", "0mo", "100d", "每两年又一月"])
def test_what_is_no_period_is_left_to_be_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(Misused, match="bad_period"):
        parse(period_code(text))
