"""What an officer may see: the items of the officer's units, and those that name the officer. All else does not exist for them."""

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
from collections.abc import Iterable
from typing import NamedTuple

from engine.item import Item
from engine.organisation import Organisation, Unit
from engine.roles import HANDS, supervising_unit, verifying_unit


class Scope(NamedTuple):
    """How far one human being sees: all of it (`whole`), or what concerns `units`, or names one of `desks`.

    `staff` are all who sit in those units: what they registered is their unit's.
    """

    whole: bool
    desks: tuple[str, ...]
    units: frozenset[str]
    staff: frozenset[str]
    organisation: Organisation
    common: frozenset[str] = frozenset()

    def sees(self, item: Item) -> bool:
        """Whether an item is of the units, or names one of the desks; who was told about it is not known here."""
        if self.whole or item.workflow in self.common:
            return True
        units = self.units
        led = item.text("lead_unit")
        if led in units or not units.isdisjoint(item.names("co_units")):
            return True
        if supervising_unit(item, self.organisation) in units or verifying_unit(item, self.organisation) in units:
            return True
        act = item.acts.get("register")
        return (act is not None and self.registered(act.by)) or self._named(item)

    def registered(self, people: Iterable[str]) -> bool:
        """Whether one of the people who registered an item is of the units."""
        return not self.staff.isdisjoint(people)

    def words(self) -> tuple[str, ...]:
        """Return ids of which an item that is seen must hold one, whole, but for what it does not say itself."""
        office = self.organisation
        covered = office.supervisors if office.alternate_unit in self.units else frozenset()
        covered |= {one.workflow for one in office.lead_offices if one.unit in self.units}
        return tuple(sorted({*self.desks, *self.units, *self.staff, *covered, *self.common} - {""}))

    def _named(self, item: Item) -> bool:
        desks = self.desks
        for value in item.fields.values():
            if value in desks:
                return True
            for one in value if isinstance(value, (list, tuple)) else ():
                if one in desks or (isinstance(one, dict) and one.get("unit") in self.units):
                    return True
        if any(desk in act.by for act in item.acts.values() for desk in desks):
            return True
        if any(desk in (r.made_by, r.decided_by) for r in item.requests for desk in desks):
            return True
        return any(hand.rpartition(":")[2] in desks for hand in item.names(HANDS))


def scope_of(person: str, organisation: Organisation, common: frozenset[str] = frozenset()) -> Scope:
    """Return how far an officer sees.

    The supervising office, the bureau's leaders and auditors see everything; everybody sees the items of `common` workflows.
    """
    desks = organisation.desks(person)
    units = frozenset(
        unit.id for unit in organisation.units.values() if any(_on_staff(desk, unit, organisation) for desk in desks)
    )
    leaders = {
        organisation.principal,
        organisation.principal_deputy,
        *(u.in_charge for u in organisation.units.values()),
    }
    whole = (
        organisation.supervising_unit in units
        or not leaders.isdisjoint(desks)
        or not organisation.auditors.isdisjoint(desks)
    )
    staff = frozenset(
        officer.id
        for officer in organisation.officers.values()
        if not units.isdisjoint((officer.unit, officer.party_org))
    ).union(desks)
    return Scope(whole, desks, units, staff, organisation, common)


def _on_staff(desk: str, unit: Unit, organisation: Organisation) -> bool:
    officer = organisation.officers.get(desk)
    return (officer is not None and officer.belongs_to(unit.id)) or desk in (unit.head, unit.deputy)
