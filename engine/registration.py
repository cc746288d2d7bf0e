"""The registration of one item within a command: its entry, and who reported it kept beside the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import decide
from engine.canonical import canonical, parse
from engine.errors import Refused
from engine.field import checked
from engine.row import Reporter
from engine.work import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.context import Hand, Rules
    from engine.organisation import Organisation
    from engine.work import Work


def register_one(  # noqa: PLR0913 - what a registration is made of
    job: Work,
    rules: Rules,
    fields: Mapping[str, object],
    hand: Hand,
    at: int | None,
    *,
    draft: bool = False,
    chosen: bool = False,
    salt: Callable[[], str] | None = None,
) -> Outcome:
    """Register one item that came in at an instant (None: now); raises what `Office.register` raises.

    `chosen` is true for the step of a composite, whose own rule said who may; `salt` makes the secret half of the commitment
    to who reported it.
    """
    when = job.now if at is None else at
    if when > job.now:
        raise Refused("in_the_future", done_at=when, now_at=job.now)
    not_an_auditor(hand, rules.organisation)
    number = job.new_number()
    context = job.context(rules, hand, when, chosen=chosen)
    given = checked(fields, rules.definition, rules.organisation)
    events = decide.register(number, given, context, draft=draft)
    name, contact = str(given.get("reporter") or ""), str(given.get("contact") or "")
    if name or contact:
        from engine.privacy import commitment, new_salt, refuse_named  # noqa: PLC0415 - only where somebody reports

        refuse_named(hand.command_id, name, contact, "command_id")
        secret = (salt or new_salt)()
        body = parse(events[0].body) | {"commitment": commitment(secret, name, contact)}
        events = [events[0]._replace(body=canonical(body))]
        job.take(Reporter(number, secret, name, contact))
    start = len(job.events)
    job.apply(events)
    return Outcome(None, job.items[number], tuple(job.events[start:]), (), rules)


def not_an_auditor(hand: Hand, organisation: Organisation) -> None:
    """Raise `Refused("auditor_reads")` when the one who decides or the one who enters may only read."""
    if organisation.auditors:
        for person in (hand.decider, hand.enterer):
            if person in organisation.auditors:
                raise Refused("auditor_reads", person=organisation.name_of(person))
