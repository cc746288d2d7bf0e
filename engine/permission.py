"""Who may do what where: one table of verb × role × state, computed from a definition. What no rule of it allows is not allowed.

`decide`, `request` and `Office` read the same lists, of the definition and of `engine.roles`; a test tries every cell and finds
them equal to this table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.evolve import MOVE
from engine.paper import ISSUE, ISSUERS
from engine.roles import FIXED, INSTALLERS, RELEASERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from engine.definition import Definition
    from engine.limit import Limit

NEW, ANYWHERE = "", "*"
"""The state of what is done before there is an item, and of what may be done wherever one stands."""

ACT, COMPOSITE, REGISTER, REQUEST, ENDORSE, APPROVE, PAPER, FIXED_RULE, HOUSE = (
    "act", "composite", "register", "request", "endorse", "approve", "paper", "fixed", "house",
)  # fmt: skip
"""Kinds of rule; `HOUSE` is about the house and no item of it."""


class Permission(NamedTuple):
    """One rule: in this state, who stands in one of the roles may do the verb.

    `about` names the kind of request, how a paper is released, or which group an issued one is of. `when` are values of the
    item's fields, `up_to` the longest that this rule's roles may approve, `not_same_as` the verbs whose doers may not (four
    eyes, by person). `needs` are roles of which one must be held as well.
    """

    kind: str
    verb: str
    state: str
    roles: tuple[str, ...]
    about: str = ""
    when: Mapping[str, tuple[object, ...]] = {}
    up_to: Limit | None = None
    not_same_as: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


def table(definition: Definition) -> list[Permission]:
    """Return every rule of a definition, state by state in the order it is written, then what holds anywhere."""
    order = {state: place for place, state in enumerate((NEW, *definition.states, ANYWHERE))}
    return sorted(_rules(definition), key=lambda rule: order[rule.state])


def may(rules: Iterable[Permission], verb: str, state: str, roles: Iterable[str], fields: Mapping[str, object]) -> bool:
    """Whether somebody who stands in these roles (and in no others) may do a verb to an item of that state with those fields."""
    held = frozenset(roles)
    return any(
        rule.verb == verb
        and rule.state in (state, ANYWHERE)
        and not held.isdisjoint(rule.roles)
        and not (rule.needs and held.isdisjoint(rule.needs))
        and all(fields.get(name, "") in values for name, values in rule.when.items())
        for rule in rules
    )


def _rules(definition: Definition) -> Iterator[Permission]:
    yield Permission(REGISTER, "register", NEW, definition.register.by)
    for composite in definition.composites.values():
        for state in composite.sources or (NEW,):
            yield Permission(
                COMPOSITE, composite.verb, state, composite.by, when=composite.when, not_same_as=composite.not_same_as
            )
    for t in definition.transitions:
        for state in t.sources:
            yield Permission(ACT, t.verb, state, t.by, when=t.when, not_same_as=t.not_same_as)
    yield from _about_requests(definition)
    for verb in ("release", "withhold"):
        for release, roles in RELEASERS.items():
            if roles:
                yield Permission(PAPER, verb, ANYWHERE, roles, release)
    for group, roles in ISSUERS.items():
        yield Permission(PAPER, ISSUE, ANYWHERE, roles, group)
    for verb, roles in FIXED.items():
        house, needs = roles is INSTALLERS, INSTALLERS if verb == MOVE else ()
        yield Permission(HOUSE if house else FIXED_RULE, verb, NEW if house else ANYWHERE, roles, needs=needs)


def _about_requests(definition: Definition) -> Iterator[Permission]:
    for kind in definition.requests.values():
        for state in kind.sources:
            yield Permission(REQUEST, "request", state, kind.by, kind.name)
        for verb in ("grant", "refuse"):
            if kind.endorse:
                yield Permission(ENDORSE, verb, ANYWHERE, kind.endorse, kind.name, not_same_as=("request",))
            for row in kind.approve:
                yield Permission(APPROVE, verb, ANYWHERE, row.by, kind.name, row.when, row.up_to, ("request",))
