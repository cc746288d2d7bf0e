"""Reporters as everybody may read them: enough to tell two apart, not enough to find anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.row import Reporter

ERASED = "（已清除）"
HIDDEN = "****"
_LONG = 11  # characters of a mobile number; of anything shorter nothing is shown


def masked(reporter: Reporter) -> str:
    """Return a reporter on one line: 张**，138****1234."""
    from engine.privacy import is_erased

    if is_erased(reporter):
        return ERASED
    parts = (masked_name(reporter.name) or "（未具名）", masked_contact(reporter.contact))
    return "，".join(part for part in parts if part)


def masked_name(name: str) -> str:
    """Hide a name but for its first character."""
    return f"{name[:1]}**" if name else ""


def masked_contact(contact: str) -> str:
    """Hide a telephone number but for its ends: 138****1234."""
    if len(contact) < _LONG:
        return HIDDEN if contact else ""
    return f"{contact[:3]}****{contact[-4:]}"
