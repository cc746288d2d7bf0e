"""What-if: another calendar, another definition, somebody on leave; read from the command line, applied to rules."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from engine.calendar import Calendar
from engine.canonical import canonical, digest
from engine.clock import ordinal_of, parse_instant
from engine.errors import FaultsFound, Misused, Refused
from interfaces.calendar_file import edition_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.context import Rules
    from engine.definition import Definition
    from engine.organisation import Organisation


class Leave(NamedTuple):
    """Somebody away from a day to a day, both included (ordinals)."""

    officer: str
    first: int
    last: int


class Assumption(NamedTuple):
    """What is supposed from now on; what is None or empty stays as it is. `files` name the calendar and the definition."""

    calendar: Calendar | None
    definition: Definition | None
    leaves: tuple[Leave, ...]
    files: tuple[str, str]

    def __bool__(self) -> bool:
        """Whether anything is supposed at all."""
        return bool(self.calendar or self.definition or self.leaves)

    def rules(self, rules: Rules) -> Rules:
        """Return the rules under the assumption; a definition holds for the items of its own workflow."""
        return rules._replace(
            definition=self.definition
            if self.definition and self.definition.name == rules.definition.name
            else rules.definition,
            calendar=self.calendar or rules.calendar,
            organisation=self.organisation(rules.organisation),
        )

    def organisation(self, organisation: Organisation) -> Organisation:
        """Return the organisation with those on leave away."""
        officers = dict(organisation.officers)
        for leave in self.leaves:
            officer = officers[leave.officer]
            officers[leave.officer] = officer._replace(away=(*officer.away, (leave.first, leave.last)))
        return organisation._replace(officers=officers)

    def to_json(self) -> dict[str, object]:
        """Return what is supposed as JSON: null and an empty list where nothing is."""
        calendar, definition = self.files
        return {
            "calendar": calendar or None,
            "definition": definition or None,
            "leave": [
                {
                    "officer": leave.officer,
                    "from": date.fromordinal(leave.first).isoformat(),
                    "to": date.fromordinal(leave.last).isoformat(),
                }
                for leave in self.leaves
            ],
        }


def assumption(
    calendar_file: str | None,
    definition_file: str | None,
    leaves: Sequence[str],
    calendar: Calendar,
    organisation: Organisation,
    workflows: Sequence[str],
) -> Assumption:
    """Read what is supposed.

    Raises `Misused` (`bad_file`, `bad_calendar`, `bad_toml`, `bad_leave`, `bad_instant`), `FaultsFound("definition_faults")`, or `Refused`
    (`unknown_officer`, `workflow_missing`).
    """
    return Assumption(
        _read_calendar(calendar_file, calendar) if calendar_file else None,
        _read_definition(definition_file, organisation, workflows) if definition_file else None,
        tuple(_read_leave(text, organisation) for text in leaves),
        (calendar_file or "", definition_file or ""),
    )


def _read_calendar(path: str, present: Calendar) -> Calendar:
    edition = edition_in(path, present.edition)
    return Calendar(edition, digest(canonical(edition.to_dict())))


def _read_definition(path: str, organisation: Organisation, workflows: Sequence[str]) -> Definition:
    from engine.checker import check
    from engine.loader import load
    from interfaces.founding import read_text

    definition = load(read_text(path))
    faults = check(definition, organisation)
    if faults:
        raise FaultsFound("definition_faults", faults=faults)
    if definition.name not in workflows:
        raise Refused("workflow_missing", name=definition.name, among=list(workflows))
    return definition


def _read_leave(text: str, organisation: Organisation) -> Leave:
    """Read OFFICER:FROM..TO, or OFFICER:DAY."""
    name, colon, span = text.replace("：", ":").partition(":")
    first, dots, last = span.partition("..")
    if not (name.strip() and colon and first.strip() and (last.strip() or not dots)):
        raise Misused("bad_leave", text=text)
    officer = organisation.officer(name.strip())
    begin = ordinal_of(parse_instant(first.strip()))
    end = ordinal_of(parse_instant(last.strip())) if dots else begin
    if begin > end:
        raise Misused("bad_leave", text=text)
    return Leave(officer.id, begin, end)
