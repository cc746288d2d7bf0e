"""Codes of limits and offsets."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Misused
from engine.limit import NEAR, UNITS, Limit, Offset, code, parse, parse_offset


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("2h", Limit(2, "h")),
        ("4wh", Limit(4, "wh")),
        ("5wd", Limit(5, "wd")),
        ("15d", Limit(15, "d")),
        ("1mo", Limit(1, "mo")),
        ("1y", Limit(12, "mo")),
        ("833y", Limit(9996, "mo")),
        ("9999d", Limit(9999, "d")),
        ("2023-08-31", Limit(date(2023, 8, 31).toordinal(), "on")),
        ("2024-02-29", Limit(date(2024, 2, 29).toordinal(), "on")),
    ],
)
def test_codes_are_read(text: str, limit: Limit) -> None:
    """Each code is read as its amount and unit."""
    assert parse(text) == limit


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "wd",
        "0d",
        "05d",
        "+5d",
        "-5d",
        "5 d",
        " 5d",
        "5D",
        "5days",
        "1.5h",
        "10000d",
        "834y",
        "0y",
        "y",
        "５d",
        "²d",
        "5m",
        "5wm",
        "5dd",
        "2023-02-29",
        "2023-8-31",
        "20230831",
        "2023-W35-4",
        "1991-12-31",
        "2100-01-01",
        "near",
        "5个工作日",
    ],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    """Anything but a code raises `bad_limit` with the text in its data: no sign, no leading zero, no guess."""
    with pytest.raises(Misused) as refused:
        parse(text)
    assert (refused.value.code, refused.value.data) == ("bad_limit", {"text": text})


@given(st.builds(Limit, st.integers(1, 9999), st.sampled_from(UNITS)) | st.dates(date(1992, 1, 1), date(2099, 12, 31)))
def test_code_is_the_inverse_of_parse(given: Limit | date) -> None:
    """Every limit, a date's too, is read back from its own code."""
    limit = given if isinstance(given, Limit) else Limit(given.toordinal(), "on")
    assert parse(code(limit)) == limit


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text is either a code or refused as `bad_limit`; never another error."""
    try:
        limit = parse(text)
    except Misused as refused:
        assert refused.code == "bad_limit"  # noqa: PT017 - either outcome is right
    else:
        assert code(limit) == text or text.endswith("y")


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("+1wd", Offset(1, "wd")),
        ("-1wd", Offset(-1, "wd")),
        ("+5d", Offset(5, "d")),
        ("-2h", Offset(-2, "h")),
        ("+4wh", Offset(4, "wh")),
        ("-1mo", Offset(-1, "mo")),
        ("0", Offset(0, "h")),
        ("near", NEAR),
    ],
)
def test_offsets_are_read(text: str, offset: Offset) -> None:
    """Each offset is read with its sign; '0' is the due moment and 'near' a rule of its own."""
    assert parse_offset(text) == offset


@pytest.mark.parametrize(
    "text", ["", "1wd", "+0d", "0d", "+", "+wd", "++1d", "+1y", "+2023-08-31", "Near", "+01d", "−1d", "+1 d"]
)
def test_what_is_no_offset_is_refused(text: str) -> None:
    """Anything else raises `bad_offset` with the text in its data: the sign is always written."""
    with pytest.raises(Misused) as refused:
        parse_offset(text)
    assert (refused.value.code, refused.value.data) == ("bad_offset", {"text": text})
