"""The ledgers as offices print them: which columns, under which heads. Data; an office may write its own."""

from __future__ import annotations

from pathlib import Path

EVERYTHING = "全部栏目"
"""The name of the ledger with all columns."""


def shipped() -> dict[str, Path]:
    """Return the shipped ledgers by their names."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.toml"))}
