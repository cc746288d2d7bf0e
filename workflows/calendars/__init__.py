"""The day tables as shipped: one file a year, converted from holiday-cn (see LICENSE), and the office hours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from engine.edition import edition_from_dict

if TYPE_CHECKING:
    from engine.calendar import Edition

_HERE = Path(__file__).parent


def shipped_edition() -> Edition:
    """Return the shipped edition "cn": every year file beside this module with the hours of `hours.json`.

    A year's file holds the days that its own notices name, the December before included; an amended year lists all
    its notices.
    """
    years = {}
    for path in sorted(_HERE.glob("[0-9][0-9][0-9][0-9].json")):
        table = json.loads(path.read_text(encoding="utf-8"))
        years[str(table.pop("year"))] = table
    hours = json.loads((_HERE / "hours.json").read_text(encoding="utf-8"))
    return edition_from_dict({"id": "cn", "hours": hours, "years": years})
