"""What a command line ended with, run in this process or in one of its own."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Said(NamedTuple):
    """What a command ended with."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever was asked for
        """Return the answer read as JSON."""
        return json.loads(self.out)
