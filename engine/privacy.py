"""Who reported an item: what the record is committed to, who may look at it or erase it, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.canonical import canonical
from engine.errors import Misused, Refused
from engine.roles import FIXED
from engine.row import Reporter
from engine.text import clean_line

if TYPE_CHECKING:
    from engine.context import Context
    from engine.event import Event
    from engine.item import Item

REVEAL, REDACT = "reveal", "redact"

PRIVATE_FIELDS = ("reporter", "contact")
"""The fields that go to the side table and never into the record."""

_LEAST = 2  # characters; a shorter name is part of nearly every text


def erased(item: int) -> Reporter:
    """Return what is kept of a reporter who was erased: that there was one."""
    return Reporter(item, "", "", "")


def is_erased(reporter: Reporter) -> bool:
    """Whether nothing of a reporter is left."""
    return reporter == erased(reporter.item)


def about_reporter(item: Item, reporter: Reporter | None, verb: str, reason: str, context: Context) -> Event:
    """Return the entry that a reporter is looked at (`reveal`) or erased (`redact`).

    Raises `Refused`: `not_allowed`, `missing_field` (no reason), `no_reporter`, `reporter_erased`; `Misused`: `bad_text`, and
    `names_reporter` for a reason that would keep the name or the contact for ever.
    """
    from engine.decide import entitled  # noqa: PLC0415 - the command line asks this module for a name at every start

    entitled(item, FIXED[verb], verb, context)
    if reporter is None:
        raise Refused("no_reporter", item=item.serial)
    if is_erased(reporter):
        raise Refused("reporter_erased", item=item.serial)
    text = clean_line(reason, field="reason")
    if not text:
        raise Refused("missing_field", item=item.serial, fields=["reason"])
    refuse_named(text, reporter.name, reporter.contact, "reason")
    return context.event(item.number, verb, {"fields": {"reason": text}})


def refuse_named(text: str, name: str, contact: str, field: str) -> None:
    """Raise `Misused("names_reporter")` when a text for the record holds a reporter's name or contact."""
    if any(len(word) >= _LEAST and word in text for word in (name, contact)):
        raise Misused("names_reporter", field=field)


def commitment(salt: str, name: str, contact: str) -> str:
    """Return what the record holds instead of a reporter's name and contact: their HMAC-SHA-256 under the salt kept beside it."""
    import hashlib  # noqa: PLC0415 - only where somebody reports
    import hmac  # noqa: PLC0415 - as above

    return hmac.new(bytes.fromhex(salt), canonical([name, contact]).encode(), hashlib.sha256).hexdigest()


def new_salt() -> str:
    """Return the secret half of a commitment."""
    import secrets  # noqa: PLC0415 - only where somebody reports

    return secrets.token_hex(16)
