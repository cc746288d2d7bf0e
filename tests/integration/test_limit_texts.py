"""Every limit text of a real ledger is read or flagged, and it is counted which: 798 municipal rules."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.limit import parse
from interfaces.columns import as_line
from interfaces.sheet import read_table
from workflows.limits import AS_SHIPPED, Readings, read_limit

if TYPE_CHECKING:
    from collections.abc import Iterable

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
LIMIT, FLAGGED = "处置时限", "flagged"
TODAY = date(2024, 7, 1)
AS_THE_CITY = Readings(bare_days="wd", bare_hours="wh")
"""How the city's own system read its rules: 天 as working days, 小时 as office hours, 紧急工作日 as calendar days."""


def counted(texts: Iterable[str], readings: Readings) -> dict[str, int]:
    """Count the texts by the unit they are read in, or as flagged; a text is one or the other."""
    found: Counter[str] = Counter()
    for text in texts:
        reading = read_limit(text, today=TODAY, readings=readings)
        assert reading.code or reading.note
        found[parse(reading.code).unit if reading.code else FLAGGED] += 1
    return dict(found)


def limit_texts(name: str, sheet: str | None) -> list[str]:
    """Read the limits of a file as an import would."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the public rules (shared/data/{name}) are not on this machine")
    table = read_table(path, wanted={LIMIT}, sheet=sheet)
    column = table.headers.index(LIMIT)
    return [as_line(row.cells[column]) for row in table.rows]


FILES = [
    pytest.param("time_limits.xlsx", "部件", AS_SHIPPED, {"d": 326, "h": 49}, id="parts"),
    pytest.param("time_limits.xlsx", "部件", AS_THE_CITY, {"wd": 326, "wh": 29, "h": 20}, id="parts-city"),
    pytest.param("time_limits.xlsx", "事件", AS_SHIPPED, {"d": 90, "h": 53, FLAGGED: 1}, id="events"),
    pytest.param(
        "time_limits.xlsx", "事件", AS_THE_CITY, {"wd": 86, "wh": 32, "h": 21, "d": 4, FLAGGED: 1}, id="events-city"
    ),
    pytest.param(
        "time_limits_components.csv", None, AS_SHIPPED, {"wd": 233, "wh": 26, "h": 19, FLAGGED: 1}, id="components"
    ),
    pytest.param(
        "time_limits_components.csv",
        None,
        AS_THE_CITY,
        {"wd": 233, "wh": 26, "h": 19, FLAGGED: 1},
        id="components-city",
    ),
]


@pytest.mark.parametrize(("name", "sheet", "readings", "expected"), FILES)
def test_every_text_of_the_city_is_read_or_flagged(
    name: str, sheet: str | None, readings: Readings, expected: dict[str, int]
) -> None:
    """519 rules and 279 more: so many in each unit, and two that a person must look at."""
    assert counted(limit_texts(name, sheet), readings) == expected


def test_what_the_city_leaves_to_a_person() -> None:
    """A season that is nowhere defined, and a limit for stopping that is none for mending."""
    texts = [*limit_texts("time_limits.xlsx", "事件"), *limit_texts("time_limits_components.csv", None)]
    assert sorted({text for text in texts if not read_limit(text, today=TODAY).code}) == [
        "1紧急工作时制止",
        "种植季节15工作日",
    ]


FIELD = {
    # units (domain page 5.1)
    "2紧急工作时": "h", "4工作时": "wh", "4小时": "h", "15天": "d", "15日": "d", "3自然日": "d", "5工作日": "wd", "2紧急工作日": "d",
    "10分钟": FLAGGED, "种植季节15工作日": FLAGGED,
    # dates (domain page 5.4)
    "2025年底前": "on", "2025年底前，并长期坚持": "on", "8月底前": "on", "5月底前": "on", "2017年9月底前": "on",
    "2023/7/9": "on", "2023.7.9": "on", "2023年7月9日": "on", "2023-07-09 00:00:00": "on", "2023/7/9 9:30": "on",
    # no limit, or two
    "立行立改": FLAGGED, "立行立改，长期坚持": FLAGGED, "按照时间节点": FLAGGED, "2024年8月前": FLAGGED, "": FLAGGED, "尽快": FLAGGED,
}  # fmt: skip
"""Made-up rows in every form that the field is known to write, with the unit each is read in."""


def test_every_form_of_the_field_is_read_or_flagged() -> None:
    """The rule holds without the data: each form by its unit, and the counts agree."""
    for text, unit in FIELD.items():
        assert counted([text], AS_SHIPPED) == {unit: 1}, text
    assert counted(FIELD, AS_SHIPPED) == dict(Counter(FIELD.values()))
    other = Readings("wd", "wh", "wd", "2023")
    assert counted(FIELD, other) == {"h": 1, "wh": 2, "wd": 4, "d": 1, "on": 10, FLAGGED: 8}
