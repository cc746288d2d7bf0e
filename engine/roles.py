"""Relations of a person to an item: who may, who is told, and four eyes by the person who decided."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.item import Item
    from engine.organisation import Organisation

ROLES = (
    "anyone",
    "registrar",
    "supervisor",
    "supervisor.head",
    "supervisor.verifier",
    "lead_unit",
    "lead_unit.head",
    "lead_unit.handler",
    "co_units",
    "leader.in_charge",
    "leader.principal",
    "leader",
    "commander",
    "body",
)
"""Every role a definition may name in `by`, `approve` and `endorse`."""

ENTERER, RECEIVER, FILE_OWNER = "enterer", "receiver", "file_owner"
OTHER_ROLES = (ENTERER, RECEIVER, FILE_OWNER)
"""Who stands in a relation to something else than an item: to the entry put right, to a notice, to the database's file."""

INSTALLERS = (FILE_OWNER, "supervisor.head")
"""Who sets the rules of the house."""

RELEASERS = {"supervisor": ("supervisor",), "leader": ("leader",), "auto": ()}
"""Which roles may release or withhold a paper, by its `release`."""

FIXED: Mapping[str, tuple[str, ...]] = {
    "comment": ("anyone",),
    "attach": ("anyone",),
    "ack": (RECEIVER,),
    "correct": ("supervisor", ENTERER),
    "take_over": ("supervisor",),
    "reveal": ("supervisor", "lead_unit.handler"),
    "redact": ("supervisor.head",),
    "move": ("supervisor", "leader"),  # of the items; and, as for all that follows, an installer
    "define": INSTALLERS,
    "load_calendar": INSTALLERS,
    "load_organisation": INSTALLERS,
    "set_reading": INSTALLERS,
    "accept_clock": INSTALLERS,
    "seal": INSTALLERS,
    "restore": INSTALLERS,
}
"""Who may do what is the same in every workflow. What comes by itself (escalate, lapse, recur, recount, absorb) is nobody's to do."""

ADDRESSEES = (*ROLES, "owner", "superior(1)", "superior(2)", "superior(3)")
"""Every relation a rung or an act may notify."""


class Parties(NamedTuple):
    """All of an item that its relations hang on: two items alike in it tell the same people."""

    workflow: str
    lead_office: str
    track: str
    lead_unit: str
    handler: str
    commander: str
    co_units: tuple[str, ...]
    registrars: tuple[str, ...]

    def text(self, name: str) -> str:
        """Return one of the texts, as an item does."""
        found: str = getattr(self, name)
        return found

    def names(self, name: str) -> tuple[str, ...]:
        """Return one of the lists, as an item does."""
        found: tuple[str, ...] = getattr(self, name)
        return found


def supervising_unit(item: Item | Parties, organisation: Organisation) -> str:
    """Return the unit that supervises an item: the one it names, else the one for its workflow and list, else the bureau's."""
    named = item.text("lead_office")
    if named or not organisation.lead_offices:
        return named or organisation.supervising_unit
    return organisation.lead_office(item.workflow, item.text("track"))


def verifying_unit(item: Item | Parties, organisation: Organisation) -> str:
    """Return the unit that verifies an item: the supervising one, or the alternate when that one handles it itself (回避)."""
    involved = (item.text("lead_unit"), *item.names("co_units"))
    candidates = (supervising_unit(item, organisation), organisation.alternate_unit, organisation.supervising_unit)
    return next((unit for unit in candidates if unit not in involved), organisation.alternate_unit)


def handler_of(item: Item | Parties, organisation: Organisation) -> str:
    """Return who handles an item, "" when nobody is named or whoever is has left the lead unit."""
    handler, unit = item.text("handler"), item.text("lead_unit")
    return handler if not unit or _on_staff(handler, unit, organisation) else ""


def members(role: str, item: Item | Parties, organisation: Organisation) -> list[str]:  # noqa: C901, PLR0911, PLR0912 - one arm a role
    """List the officers (or bodies) who stand in a relation to an item, the first the one to turn to."""
    lead = organisation.units.get(item.text("lead_unit"))
    match role:
        case "anyone":
            return list(organisation.officers)
        case "registrar":
            return list(item.registrars)
        case "supervisor":
            return _staff(supervising_unit(item, organisation), organisation)
        case "supervisor.head":
            unit = organisation.units.get(supervising_unit(item, organisation))
            return _named(unit.head, unit.deputy) if unit else []
        case "supervisor.verifier":
            return _staff(verifying_unit(item, organisation), organisation)
        case "lead_unit":
            return _staff(lead.id, organisation) if lead else []
        case "lead_unit.head":
            return _named(lead.head, lead.deputy) if lead else []
        case "lead_unit.handler":
            handler = handler_of(item, organisation)
            if handler or not lead:
                return _named(handler)
            # one who has left is followed by the head; where nobody was named the whole unit may
            return _named(lead.head, lead.deputy) if item.text("handler") else _staff(lead.id, organisation)
        case "co_units":
            return [p for unit in item.names("co_units") for p in _staff(unit, organisation)]
        case "leader.in_charge":
            # a unit with no leader above it (the leaders themselves) answers to the principal
            return _named((lead.in_charge if lead else "") or organisation.principal)
        case "leader.principal":
            return _named(organisation.principal, organisation.principal_deputy)
        case "leader":
            return _named(*(unit.in_charge for unit in organisation.units.values()), organisation.principal)
        case "commander":
            commander = item.text("commander")
            return _named(commander if commander in organisation.officers or not commander else organisation.principal)
        case "body":
            return _named(organisation.governing_body)
    return []


def holds(roles: Iterable[str], person: str, item: Item, organisation: Organisation) -> bool:
    """Whether a person stands in one of the relations; an auditor stands in none."""
    if person in organisation.auditors:
        return False
    for role in roles:  # noqa: SIM110 - asked at every act, and a generator costs more than the question
        if _stands(role, person, item, organisation):
            return True
    return False


def _stands(role: str, person: str, item: Item, organisation: Organisation) -> bool:  # noqa: PLR0911 - one arm a role
    """Answer for the roles of a whole staff without listing it."""
    match role:
        case "anyone":
            return person in organisation.officers
        case "supervisor":
            return _on_staff(person, supervising_unit(item, organisation), organisation)
        case "supervisor.verifier":
            return _on_staff(person, verifying_unit(item, organisation), organisation)
        case "lead_unit":
            return _on_staff(person, item.text("lead_unit"), organisation)
        case "lead_unit.handler" if not item.text("handler"):
            return _on_staff(person, item.text("lead_unit"), organisation)
        case "co_units":
            return any(_on_staff(person, unit, organisation) for unit in item.names("co_units"))
    return person in members(role, item, organisation)


def _on_staff(person: str, unit: str, organisation: Organisation) -> bool:
    officer, found = organisation.officers.get(person), organisation.units.get(unit)
    if officer is None or found is None:
        return False
    return officer.belongs_to(unit) or person in (found.head, found.deputy)


HANDS = "hands"
"""The kept list of those who acted under a delegation: `ROUND:VERB:OFFICER`, for an application `request-ORDINAL:OFFICER`."""


def seen_before(verbs: Iterable[str], people: Iterable[str], item: Item) -> str:
    """Return the first of the verbs that one of the desks did in this round, or "" (four eyes).

    `people` are all desks of whoever is at work now (`Organisation.desks`); who did a verb for somebody else did it too.
    """
    for verb in verbs:
        act = item.acts.get(verb)
        if act and any(person in act.by for person in people):
            return verb
        if act and HANDS in item.fields:
            done = item.names(HANDS)
            if any(f"{item.round}:{verb}:{person}" in done for person in people):
                return verb
    return ""


def addressees(relations: Iterable[str], owner: str, item: Item, organisation: Organisation, at: int) -> list[str]:
    """List who is to be told at an instant, each once: away → the deputy → the next level up.

    `owner` is the role on whose desk the item lies. An empty list means that nobody can be told.
    """
    text = item.text
    parties = Parties(
        *(item.workflow, text("lead_office"), text("track"), text("lead_unit"), text("handler"), text("commander")),
        *(item.names("co_units"), item.registrars),
    )
    return list(_told(tuple(relations), owner, parties, organisation, at))


@lru_cache(maxsize=1024)  # much that comes due together is due at one moment, and on few desks
def _told(
    relations: tuple[str, ...], owner: str, parties: Parties, organisation: Organisation, at: int
) -> tuple[str, ...]:
    told: dict[str, None] = {}
    for relation in relations:
        for person in _relation(relation, owner, parties, organisation):
            unit = organisation.unit_of(person)
            if not unit and person not in organisation.bodies:  # who has left is followed by the office that supervises
                unit = supervising_unit(parties, organisation)
            for candidate in (person, *organisation.superiors(unit, person)):
                answering = organisation.stand_in(candidate, at)
                if answering:
                    told[answering] = None
                    break
    return tuple(told)


def _relation(relation: str, owner: str, item: Parties, organisation: Organisation) -> list[str]:
    """Resolve a relation to the one or few persons meant, not to a whole staff."""
    if relation.startswith("superior("):
        handler = item.text("handler")
        unit = item.text("lead_unit") or supervising_unit(item, organisation)
        chain = organisation.superiors(unit, handler)
        level = int(relation[len("superior(") : -1])
        return [chain[min(level, len(chain)) - 1]] if chain else []
    role = owner if relation == "owner" else relation
    if role == "co_units":
        return [people[0] for unit in item.names("co_units") if (people := _staff(unit, organisation))]
    found = members(role, item, organisation)
    return found if role in ("commander", "leader", "body") else found[:1]


def _staff(unit: str, organisation: Organisation) -> list[str]:
    """List a unit's officers, its head first."""
    found = organisation.units.get(unit)
    staff = [o.id for o in organisation.officers.values() if o.belongs_to(unit)]
    return list(dict.fromkeys([*_named(found.head, found.deputy), *staff])) if found else staff


def _named(*people: str) -> list[str]:
    return [person for person in dict.fromkeys(people) if person]
