"""Who there is: units, officers, leaders, bodies, deputies and delegations, as data of one day."""

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from engine.canonical import canonical, digest, parse
from engine.clock import ordinal_of, parse_instant
from engine.errors import FaultsFound, Misused, Refused

Days = tuple[int, int]
"""A span of civil days as ordinals, both ends included."""

AUDITOR = "auditor"
"""The `role` of an officer who may read everything and do nothing."""

KEYS: Mapping[str, tuple[str, ...]] = {
    "organisation": ("title", "supervising_unit", "alternate_unit", "principal", "principal_deputy", "governing_body"),
    "units": ("id", "title", "kind", "line", "head", "deputy", "in_charge"),
    "officers": ("id", "name", "unit", "post", "os_user", "person", "role", "away", "party_org"),
    "bodies": ("id", "title"),
    "delegations": ("from", "to", "since", "until"),
    "lead_offices": ("workflow", "list", "unit"),
}
"""The tables of an organisation's data and what each may say: a word misspelt is a fault, not a silence."""


class Officer(NamedTuple):
    """A desk. `away` are the spans in which a deputy stands in; two desks of one human being name the same `person`.

    `party_org` is the party organisation (党组织) the officer belongs to: a unit beside his own, led by its secretary (书记).
    """

    id: str
    name: str
    unit: str
    post: str
    os_user: str = ""
    away: tuple[Days, ...] = ()
    person: str = ""
    role: str = ""
    party_org: str = ""

    def belongs_to(self, unit: str) -> bool:
        """Whether the officer is on the staff of a unit or a member of a party organisation."""
        return unit in (self.unit, self.party_org) if unit else False

    def is_away(self, at: int) -> bool:
        """Whether the officer is away at an instant."""
        if not self.away:
            return False
        day = ordinal_of(at)
        return any(first <= day <= last for first, last in self.away)


class Unit(NamedTuple):
    """A division, a subordinate body or a party organisation. `head` and `deputy` lead it; `in_charge` is the leader above it."""

    id: str
    title: str
    line: str = ""
    head: str = ""
    deputy: str = ""
    in_charge: str = ""
    kind: str = ""


class Delegation(NamedTuple):
    """One officer acts for another over a span of days (AB角)."""

    giver: str
    taker: str
    days: Days


class LeadOffice(NamedTuple):
    """A unit that supervises the items of one workflow, or of one of its lists (a track), in the supervising unit's stead."""

    workflow: str
    track: str
    unit: str


class Organisation(NamedTuple):
    """The whole bureau. `hash` is the SHA-256 of `text`, its canonical JSON.

    `governing_body` decides what is for the party group: its id among `bodies`. `auditors` may only read. `doubles` are the
    officers with another desk, each with all desks of the same human being: one `person`, or one user of the operating system.
    """

    title: str
    supervising_unit: str
    alternate_unit: str
    principal: str
    principal_deputy: str
    governing_body: str
    units: Mapping[str, Unit]
    officers: Mapping[str, Officer]
    bodies: Mapping[str, str]
    delegations: tuple[Delegation, ...]
    text: str
    hash: str
    auditors: frozenset[str] = frozenset()
    doubles: Mapping[str, tuple[str, ...]] = {}
    lead_offices: tuple[LeadOffice, ...] = ()

    def __hash__(self) -> int:
        """Let answers be kept by it, though its parts are none to keep anything by."""
        return hash(self.hash)

    def lead_office(self, workflow: str, track: str) -> str:
        """Return the unit that supervises items of a workflow and list: the most particular one named, else the bureau's."""
        mine = [one for one in self.lead_offices if one.workflow == workflow]
        for wanted in (track, "") if mine else ():
            for one in mine:
                if one.track == wanted:
                    return one.unit
        return self.supervising_unit

    @property
    def supervisors(self) -> frozenset[str]:
        """Every unit that supervises something, and the one that verifies in their stead."""
        return frozenset((self.supervising_unit, self.alternate_unit, *(one.unit for one in self.lead_offices)))

    def officer(self, name: str) -> Officer:
        """Find an officer by id or by a name that only one bears; raises `Refused("unknown_officer")`."""
        found = self.officers.get(name)
        if found:
            return found
        same = [officer for officer in self.officers.values() if officer.name == name]
        if len(same) == 1:
            return same[0]
        if same:
            raise Refused("ambiguous_officer", name=name, among=[f"{o.id} ({self.unit_title(o.unit)})" for o in same])
        raise Refused("unknown_officer", name=name, near=_near(name, [o.name for o in self.officers.values()]))

    def unit(self, name: str) -> Unit:
        """Find a unit by id or title; raises `Refused("unknown_unit")`."""
        found = self.units.get(name) or next((unit for unit in self.units.values() if unit.title == name), None)
        if found is None:
            raise Refused("unknown_unit", name=name, among=[unit.title for unit in self.units.values()])
        return found

    def decider(self, name: str) -> str:
        """Find who decides: an officer, or a body such as the party group; returns the id."""
        for body, title in self.bodies.items():
            if name in (body, title):
                return body
        return self.officer(name).id

    def unit_of(self, person: str) -> str:
        """Return the unit id of a person, empty for bodies and the system."""
        officer = self.officers.get(person)
        return officer.unit if officer else ""

    def unit_title(self, unit: str) -> str:
        """Return a unit's title, or its id when it is no longer there."""
        return self.units[unit].title if unit in self.units else unit

    def name_of(self, person: str) -> str:
        """Return a person's or body's display name, or the id when nobody bears it now."""
        officer = self.officers.get(person)
        return officer.name if officer else self.bodies.get(person, person)

    def superiors(self, unit: str, person: str = "") -> list[str]:
        """List who stands above a person of a unit, nearest first: its head, the leader in charge, the principal."""
        found = self.units.get(unit)
        chain = [found.head, found.in_charge] if found else []
        return [p for p in dict.fromkeys([*chain, self.principal]) if p and p != person]

    def stand_in(self, person: str, at: int) -> str:
        """Return who answers for a person at an instant: the person, or when away the deputy, or nobody ("")."""
        officer = self.officers.get(person)
        if officer is None:
            return ""
        if not officer.is_away(at):
            return person
        day = ordinal_of(at)
        takers = [d.taker for d in self.delegations if d.giver == person and d.days[0] <= day <= d.days[1]]
        unit = self.units.get(officer.unit)
        if unit and unit.head == person:
            takers.append(unit.deputy)
        if person == self.principal:
            takers.append(self.principal_deputy)
        return next((t for t in takers if t in self.officers and not self.officers[t].is_away(at)), "")

    def desks(self, person: str) -> tuple[str, ...]:
        """Return every desk of the human being who sits at this one: four eyes looks at people, not at accounts."""
        return self.doubles.get(person) or (person,)

    def delegation(self, taker: str, giver: str, at: int) -> Delegation:
        """Return the recorded delegation under which `taker` acts for `giver` at an instant.

        Raises `Refused`: `delegation_over`, `delegation_not_begun` (with the day), or `no_delegation`.
        """
        day = ordinal_of(at)
        known = [d for d in self.delegations if d.taker == taker and d.giver == giver]
        for one in known:
            if one.days[0] <= day <= one.days[1]:
                return one
        names = {"taker": self.name_of(taker), "giver": self.name_of(giver)}
        past = [d.days[1] for d in known if d.days[1] < day]
        if past:
            raise Refused("delegation_over", until=date.fromordinal(max(past)).isoformat(), **names)
        if known:
            first = min(d.days[0] for d in known)
            raise Refused("delegation_not_begun", since=date.fromordinal(first).isoformat(), **names)
        raise Refused("no_delegation", **names)

    def may_act_for(self, taker: str, giver: str, at: int) -> bool:
        """Whether a recorded delegation lets `taker` act for `giver` at an instant."""
        day = ordinal_of(at)
        return any(d.taker == taker and d.giver == giver and d.days[0] <= day <= d.days[1] for d in self.delegations)


def from_data(data: Mapping[str, object]) -> Organisation:
    """Build an organisation from plain data (the form of `org load`).

    Raises `FaultsFound("organisation_faults", faults=[(place, code, detail)])` with everything that is missing, twice, unknown or
    of the wrong kind, all of it at once.
    """
    faults = list(_misshapen(data))
    organisation = _build(data, canonical(data), faults)
    faults += _dangling(organisation)
    faults += _delegated(organisation, _rows(data, "delegations"))
    if faults:
        raise FaultsFound("organisation_faults", faults=faults)
    return organisation


def stored(text: str) -> Organisation:
    """Build an organisation from its canonical text, which was checked when it was stored."""
    return _build(parse(text), text, [])


def _build(data: Mapping[str, object], text: str, faults: list[tuple[str, str, str]]) -> Organisation:
    head = data.get("organisation")
    top = head if isinstance(head, dict) else {}
    units = _keyed(_rows(data, "units"), "units", faults)
    officers = _keyed(_rows(data, "officers"), "officers", faults)
    bodies = _keyed(_rows(data, "bodies"), "bodies", faults)
    staff = {key: _officer(key, row, faults) for key, row in officers.items()}
    return Organisation(
        title=str(top.get("title", "")),
        supervising_unit=str(top.get("supervising_unit", "")),
        alternate_unit=str(top.get("alternate_unit", "")),
        principal=str(top.get("principal", "")),
        principal_deputy=str(top.get("principal_deputy", "")),
        governing_body=str(top.get("governing_body", "") or next(iter(bodies), "")),
        units={key: Unit(*(str(row.get(f, "")) for f in Unit._fields)) for key, row in units.items()},
        officers=staff,
        bodies={key: str(row.get("title", key)) for key, row in bodies.items()},
        delegations=tuple(
            Delegation(str(row.get("from", "")), str(row.get("to", "")), days)
            for number, row in enumerate(_rows(data, "delegations"), 1)
            if (days := _days(row.get("since"), row.get("until"), f"delegations[{number}]", faults))
        ),
        text=text,
        hash=digest(text),
        auditors=frozenset(key for key, officer in staff.items() if officer.role == AUDITOR),
        doubles=_doubles(staff),
        lead_offices=tuple(
            LeadOffice(*(str(row.get(key, "")) for key in KEYS["lead_offices"])) for row in _rows(data, "lead_offices")
        ),
    )


def _doubles(staff: Mapping[str, Officer]) -> dict[str, tuple[str, ...]]:
    """Find the desks that one human being sits at: they share a `person` (by itself a desk's id) or a user of the system."""
    users = [officer.os_user for officer in staff.values() if officer.os_user]
    if len(set(users)) == len(users) and not any(officer.person for officer in staff.values()):
        return {}
    desks: dict[str, list[str]] = {}
    first: dict[tuple[str, str], str] = {}
    for key, officer in staff.items():
        joined = desks[key] = [key]
        for mark in (("person", officer.person or key), ("user", officer.os_user)):
            other = first.setdefault(mark, key) if mark[1] else key
            if desks[other] is not joined:
                joined += desks[other]
                desks.update(dict.fromkeys(joined, joined))
    return {key: tuple(sorted(joined)) for key, joined in desks.items() if len(joined) > 1}


def _misshapen(data: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """Yield what is not laid out as an organisation is: tables and keys that nobody reads, values that are no text."""
    for name, content in data.items():
        if name not in KEYS:
            yield name, "unknown_key", ""
            continue
        if name == "organisation":
            tables = [(name, content)]
        elif isinstance(content, list):
            tables = [(f"{name}[{number}]", row) for number, row in enumerate(content, 1)]
        else:
            yield name, "list_needed", ""
            continue
        for place, row in tables:
            if not isinstance(row, dict):
                yield place, "not_a_table", ""
                continue
            for key, value in row.items():
                if key not in KEYS[name]:
                    yield f"{place}.{key}", "unknown_key", ""
                elif key == "away":
                    if not isinstance(value, list):
                        yield f"{place}.{key}", "list_needed", ""
                elif not isinstance(value, str):
                    yield f"{place}.{key}", "text_needed", str(value)


def _rows(data: Mapping[str, object], key: str) -> Sequence[Mapping[str, object]]:
    rows = data.get(key, [])
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _keyed(
    rows: Iterable[Mapping[str, object]], place: str, faults: list[tuple[str, str, str]]
) -> dict[str, Mapping[str, object]]:
    found: dict[str, Mapping[str, object]] = {}
    for number, row in enumerate(rows, 1):
        key = str(row.get("id", ""))
        if not key:
            faults.append((f"{place}[{number}]", "missing", "id"))
        elif key in found:
            faults.append((f"{place}[{number}]", "twice", key))
        else:
            found[key] = row
    return found


def _officer(key: str, row: Mapping[str, object], faults: list[tuple[str, str, str]]) -> Officer:
    spans = row.get("away", [])
    away = []
    for span in spans if isinstance(spans, list) else []:
        first, last = span if isinstance(span, list) and len(span) == 2 else (span, "")  # noqa: PLR2004 - a span has two ends
        days = _days(first, last, f"officers.{key}.away", faults)
        if days:
            away.append(days)
    name, unit, post, os_user = (str(row.get(f, "")) for f in ("name", "unit", "post", "os_user"))
    person, role = str(row.get("person", "")), str(row.get("role", ""))
    return Officer(key, name or key, unit, post, os_user, tuple(away), person, role, str(row.get("party_org", "")))


def _days(first: object, last: object, place: str, faults: list[tuple[str, str, str]]) -> Days | None:
    try:
        days = ordinal_of(parse_instant(str(first))), ordinal_of(parse_instant(str(last)))
    except Misused:
        days = (1, 0)
    if days[0] > days[1]:
        faults.append((place, "bad_days", f"{first or ''} – {last or ''}"))
        return None
    return days


def _dangling(organisation: Organisation) -> list[tuple[str, str, str]]:
    """List the ids that are mentioned and not there."""
    officers, units = organisation.officers, organisation.units
    faults = [
        (f"organisation.{key}", "unknown_unit", str(getattr(organisation, key)))
        for key in ("supervising_unit", "alternate_unit")
        if getattr(organisation, key) not in units
    ]
    faults += [
        (f"organisation.{key}", "unknown_officer", who)
        for key in ("principal", "principal_deputy")
        if (who := getattr(organisation, key)) not in officers and (who or key == "principal")
    ]
    if organisation.governing_body and organisation.governing_body not in organisation.bodies:
        faults.append(("organisation.governing_body", "unknown_body", organisation.governing_body))
    for unit in units.values():
        faults += [
            (f"units.{unit.id}.{key}", "unknown_officer", who)
            for key in ("head", "deputy", "in_charge")
            if (who := getattr(unit, key)) and who not in officers
        ]
    faults += [(f"officers.{o.id}.unit", "unknown_unit", o.unit) for o in officers.values() if o.unit not in units]
    faults += [
        (f"officers.{o.id}.party_org", "unknown_unit", o.party_org)
        for o in officers.values()
        if o.party_org and o.party_org not in units
    ]
    faults += [
        (f"officers.{o.id}.role", "unknown_role", o.role) for o in officers.values() if o.role not in ("", AUDITOR)
    ]
    known: set[tuple[str, str]] = set()
    for number, one in enumerate(organisation.lead_offices, 1):
        place = f"lead_offices[{number}]"
        if not one.workflow:
            faults.append((place, "missing", "workflow"))
        if one.unit not in units:
            faults.append((f"{place}.unit", "unknown_unit", one.unit))
        if one[:2] in known:
            faults.append((place, "twice", f"{one.workflow} {one.track}".strip()))
        known.add(one[:2])
    faults += [(f"bodies.{key}", "id_taken", key) for key in organisation.bodies if key in officers]
    leads = [organisation.principal, *(who for unit in units.values() for who in (unit.head, unit.in_charge))]
    faults += [(f"officers.{o}.role", "auditor_leads", "") for o in sorted(organisation.auditors.intersection(leads))]
    return faults


def _delegated(organisation: Organisation, rows: Sequence[Mapping[str, object]]) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with who acts for whom."""
    for number, row in enumerate(rows, 1):
        place, giver, taker = f"delegations[{number}]", str(row.get("from", "")), str(row.get("to", ""))
        for who in (giver, taker):
            if who not in organisation.officers:
                yield place, "unknown_officer", who
        if giver == taker:
            yield place, "delegates_to_self", giver
        if taker in organisation.auditors:
            yield place, "auditor_leads", taker


def _near(name: str, names: Iterable[str]) -> list[str]:
    """Return the names that share most characters with a mistyped one, at most three."""
    scored = sorted(((len(set(name) & set(other)), other) for other in dict.fromkeys(names)), reverse=True)
    return [other for score, other in scored[:3] if score]
