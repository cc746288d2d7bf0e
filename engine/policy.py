"""The shelf of policy in use: definitions, calendar editions and organisations, each built once in a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import calendar, organisation
from engine.canonical import parse
from engine.context import Rules
from engine.errors import Unavailable
from engine.stored import stored

if TYPE_CHECKING:
    from engine.calendar import Calendar
    from engine.definition import Definition
    from engine.organisation import Organisation
    from engine.ports import Reader

DEFINITION, CALENDAR, ORGANISATION = "definition", "calendar", "organisation"

LOADED_BY = {DEFINITION: "define", CALENDAR: "load_calendar", ORGANISATION: "load_organisation"}
"""The verb of the entry that says a policy of a kind became the current one."""

LOADS = {verb: kind for kind, verb in LOADED_BY.items()}
"""Such a verb → the kind."""
READING = "reading"
"""A setting that is policy: how limit texts are read. The record says when it was changed, and by whom."""


class PolicyShelf:
    """Finds the rules for an item: its own pinned definition, and the calendar and organisation that are current now."""

    def __init__(self) -> None:
        """Begin empty."""
        self._definitions: dict[str, Definition] = {}
        self._calendars: dict[str, Calendar] = {}
        self._organisations: dict[str, Organisation] = {}
        self._rules: dict[tuple[str, str, str], Rules] = {}

    def rules(self, reader: Reader, definition: str) -> Rules:
        """Return the rules under a definition's hash; raises `Unavailable("policy_missing")` when a text is not kept."""
        current = reader.current_hashes()
        calendar_name = self.definition(reader, definition).calendar
        calendar_hash = current.get((CALENDAR, calendar_name), "")
        organisation_hash = current.get((ORGANISATION, "bureau"), "")
        key = (definition, calendar_hash, organisation_hash)
        found = self._rules.get(key)
        if found is None:
            found = self._rules[key] = Rules(
                self.definition(reader, definition),
                self.calendar(reader, calendar_hash),
                self.organisation(reader, organisation_hash),
            )
        return found

    def current(self, reader: Reader, workflow: str) -> Rules:
        """Return the rules under the current definition of a workflow."""
        hash_ = reader.current_hashes().get((DEFINITION, workflow))
        if hash_ is None:
            names = [name for kind, name in reader.current_hashes() if kind == DEFINITION]
            raise Unavailable("workflow_missing", name=workflow, among=names)
        return self.rules(reader, hash_)

    def definition(self, reader: Reader, hash_: str) -> Definition:
        """Return a definition by hash."""
        found = self._definitions.get(hash_)
        if found is None:
            found = self._definitions[hash_] = stored(_text(reader, DEFINITION, hash_))
        return found

    def calendar(self, reader: Reader, hash_: str) -> Calendar:
        """Return a compiled calendar edition by hash."""
        found = self._calendars.get(hash_)
        if found is None:
            edition = calendar.stored_edition(parse(_text(reader, CALENDAR, hash_)))
            found = self._calendars[hash_] = calendar.Calendar(edition, hash_)
        return found

    def organisation(self, reader: Reader, hash_: str) -> Organisation:
        """Return an organisation by hash."""
        found = self._organisations.get(hash_)
        if found is None:
            found = self._organisations[hash_] = organisation.stored(_text(reader, ORGANISATION, hash_))
        return found


def _text(reader: Reader, kind: str, hash_: str) -> str:
    policy = reader.policy(kind, hash_) if hash_ else None
    if policy is None:
        raise Unavailable("policy_missing", kind=kind)
    return policy.text
