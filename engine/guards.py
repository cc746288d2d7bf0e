"""Conditions by name. A definition names them, never writes them; each passes in silence or refuses with a code."""

from __future__ import annotations

from datetime import date
from itertools import takewhile
from typing import TYPE_CHECKING

from engine.clock import day_of
from engine.errors import Refused
from engine.limit import parse
from engine.roles import holds, members
from engine.run import due

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.context import Context
    from engine.item import Item

    Fields = Mapping[str, object]
    Guard = Callable[[Item, Fields, Context, str], None]


_NOTHING: tuple[object, ...] = (None, "", [], ())


def _merged(item: Item, fields: Fields, name: str) -> object:
    """Return a field as it will stand after the act."""
    return fields[name] if name in fields else item.fields.get(name)


def limit_given(item: Item, fields: Fields, _context: Context, tracks: str) -> None:
    """On the named tracks (`a|b`) the act or the item must carry a limit: a problem not solved at once has a date.

    `a|b=field`: what the field refers to has a date that will do.
    """
    named, _, other = tracks.partition("=")
    dated = _merged(item, fields, "limit") or (other and _merged(item, fields, other))
    if str(_merged(item, fields, "track")) in named.split("|") and not dated:
        raise Refused("limit_needed")


def limit_unclear(item: Item, _fields: Fields, context: Context, _argument: str) -> None:
    """By when is still to be said: a limit that stands moves by an extension only."""
    from engine.light import unclear  # noqa: PLC0415 - one verb only

    if not unclear(item, context.rules):
        raise Refused("limit_clear", item=item.serial)


def given(item: Item, fields: Fields, _context: Context, names: str) -> None:
    """The act itself must carry the fields (`a|b`): what the item has kept from before will not do."""
    missing = [name for name in names.split("|") if fields.get(name) in _NOTHING]
    if missing:
        raise Refused("missing_field", item=item.serial, fields=missing)


def given_one(item: Item, fields: Fields, _context: Context, names: str) -> None:
    """The act itself must carry at least one of the fields (`a|b`)."""
    if all(fields.get(name) in _NOTHING for name in names.split("|")):
        raise Refused("missing_field", item=item.serial, fields=names.split("|")[:1])


def given_when(item: Item, fields: Fields, _context: Context, argument: str) -> None:
    """`field=value:other`: where the field has that value, the other must be there."""
    condition, _, other = argument.partition(":")
    field, _, value = condition.partition("=")
    if str(_merged(item, fields, field)) == value and _merged(item, fields, other) in _NOTHING:
        raise Refused("missing_field", item=item.serial, fields=[other])


def stands(item: Item, fields: Fields, context: Context, argument: str) -> None:
    """`field=role`: the officer named in the field stands in that relation to the item."""
    field, _, role = argument.partition("=")
    person, organisation = str(_merged(item, fields, field) or ""), context.rules.organisation
    if not holds([role], person, item, organisation):
        people = [organisation.name_of(p) for p in members(role, item, organisation)]
        raise Refused("not_in_role", field=field, person=organisation.name_of(person), roles=[role], people=people)


def lead_not_co(item: Item, fields: Fields, _context: Context, _argument: str) -> None:
    """The lead unit is not among the co-units."""
    lead, co_units = _merged(item, fields, "lead_unit"), _merged(item, fields, "co_units")
    if lead and isinstance(co_units, (list, tuple)) and lead in co_units:
        raise Refused("lead_among_co_units", unit=lead)


def measures_within(item: Item, fields: Fields, context: Context, _argument: str) -> None:
    """Each measure has a date no later than the item's own due day, or than the date the plan proposes."""
    measures = _merged(item, fields, "measures")
    proposed = fields.get("proposed_due") or None
    latest = str(proposed) if proposed else _main_due_day(item, context)
    for number, measure in enumerate(measures if isinstance(measures, (list, tuple)) else [], 1):
        on = measure.get("due") if isinstance(measure, dict) else None
        if not on:
            raise Refused("measure_undated", number=number)
        if latest and str(on) > latest:
            raise Refused("measure_too_late", number=number, due=str(on), latest=latest)


def _main_due_day(item: Item, context: Context) -> str:
    clock = context.rules.definition.main_clock
    run = item.clocks.get(clock.name) if clock else None
    moment = due(run, clock, item, context.rules.calendar) if run and clock else None
    return day_of(moment - 1).isoformat() if moment else ""


def measures_done(item: Item, fields: Fields, _context: Context, _argument: str) -> None:
    """Every measure of the plan is done, or dropped with a reason, or it was said that all are done."""
    if _merged(item, fields, "all_measures_done"):
        return
    measures = item.fields.get("measures")
    settled = {
        "".join(takewhile(str.isdigit, str(entry)))
        for name in ("measure_done", "measure_dropped")
        for source in (item.fields.get(name), fields.get(name))
        if isinstance(source, (list, tuple))
        for entry in source
    }
    count = len(measures) if isinstance(measures, (list, tuple)) else 0
    left = [n for n in range(1, count + 1) if str(n) not in settled]
    if left:
        raise Refused("measures_left", numbers=left)


def co_units_reported(item: Item, fields: Fields, context: Context, _argument: str) -> None:
    """Every co-unit has reported, or it was said why it goes without them."""
    if _merged(item, fields, "without_co_units"):
        return
    reported = item.names("co_reported")
    left = [unit for unit in item.names("co_units") if unit not in reported]
    if left:
        titles = context.rules.organisation.unit_title
        raise Refused("co_units_left", units=[titles(unit) for unit in left])


def answer_due(item: Item, fields: Fields, _context: Context, argument: str) -> None:
    """Those named in the field (`told`, or the argument) are among those who must be answered about the item."""
    left = unanswered(item)
    asked = fields.get(argument or "told")
    names = asked if isinstance(asked, (list, tuple)) else []
    strangers = [name for name in names if name not in item.names("addressees")]
    if strangers:
        raise Refused("not_an_addressee", names=strangers, left=left)


def unanswered(item: Item) -> list[str]:
    """List who the item's source says must be answered and has not been, nor is exempt."""
    asked = item.names("addressees")
    if not asked:
        return []
    done = (*item.names("told"), *item.names("exempted"))
    return [name for name in asked if name not in done]


def answered(item: Item, fields: Fields, _context: Context, _argument: str) -> None:
    """一反馈: everybody who must be answered has been, or is exempt with a reason."""
    done = fields.get("told")
    left = [name for name in unanswered(item) if not (isinstance(done, (list, tuple)) and name in done)]
    if left:
        raise Refused("unanswered", names=left)


def called_back(item: Item, _fields: Fields, context: Context, _argument: str) -> None:
    """Where the source asks for a call-back, it was made since the last answer, unless every reporter is exempt."""
    source = context.rules.definition.sources.get(item.text("source"))
    told = [
        name for name in item.names("told") if name not in item.names("exempted")
    ]  # nobody can call an anonymous one back
    if source and source.call_back and told and not _done_since(item, "call_back", "answer"):
        raise Refused("not_called_back")


def _done_since(item: Item, verb: str, other: str) -> bool:
    """Whether a verb was done in this round and, where the other was done too, not before it."""
    act, before = item.acts.get(verb), item.acts.get(other)
    return act is not None and (before is None or act.at >= before.at)


def is_dissatisfied(item: Item, _fields: Fields, _context: Context, _argument: str) -> None:
    """The last call-back ended in 不满意 or 未解决: only then is there something to do again or to explain."""
    if item.text("satisfaction") != "dissatisfied" and item.text("solved") != "unsolved":
        raise Refused("not_dissatisfied")


def not_dissatisfied(item: Item, _fields: Fields, _context: Context, _argument: str) -> None:
    """The last call-back did not end in 不满意 or 未解决, unless a leader has closed it with an explanation."""
    if item.text("satisfaction") == "dissatisfied" or item.text("solved") == "unsolved":
        raise Refused("dissatisfied")


def no_open_request(item: Item, _fields: Fields, _context: Context, _argument: str) -> None:
    """No application is waiting for a decision."""
    waiting = [f"{item.number}-{request.ordinal}" for request in item.requests if request.is_open]
    if waiting:
        raise Refused("request_open", requests=waiting)


def publicity_over(item: Item, _fields: Fields, context: Context, _argument: str) -> None:
    """The days of publicity are over and no objection is open."""
    until = item.text("publicity_until")
    if until and day_of(context.effective_at).isoformat() <= until:
        raise Refused("publicity_running", until=until)


def signed_off(item: Item, _fields: Fields, context: Context, argument: str) -> None:
    """`track=verb`: on that track the verb (the commander's signature) was done since the last report of completion."""
    track, _, verb = argument.partition("=")
    clock = context.rules.definition.main_clock
    if item.text("track") == track and not _done_since(item, verb, clock.stops_at if clock else ""):
        raise Refused("not_signed_off", verb=verb)


def first_time(item: Item, _fields: Fields, _context: Context, verb: str) -> None:
    """The verb has not been done in this round: a second time is for somebody else to decide."""
    if verb in item.acts:
        raise Refused("done_once", item=item.serial, verb=verb)


def done_before(item: Item, _fields: Fields, _context: Context, verb: str) -> None:
    """The verb has been done in this round: what follows rests on it."""
    if verb not in item.acts:
        raise Refused("not_done_before", item=item.serial, verb=verb)


def lasts(item: Item, fields: Fields, context: Context, argument: str) -> None:
    """`field=limit`: the date in the field lies at least so far after the day of the act."""
    field, _, code = argument.partition("=")
    until = str(_merged(item, fields, field) or "")
    day = context.rules.calendar.due_day(day_of(context.effective_at).toordinal(), parse(code))
    earliest = date.fromordinal(day).isoformat()
    if until < earliest:
        raise Refused("too_short", item=item.serial, field=field, until=until, earliest=earliest)


def percent_not_less(item: Item, fields: Fields, _context: Context, _argument: str) -> None:
    """The percentage done never falls without a reason."""
    before, now = item.fields.get("percent"), fields.get("percent")
    if isinstance(before, int) and isinstance(now, int) and now < before and not fields.get("less_reason"):
        raise Refused("percent_less", item=item.serial, percent=now, before_percent=before)


def result_is(item: Item, fields: Fields, _context: Context, argument: str) -> None:
    """The result class is one of those named (`a|b`): what is only under way or planned does not close."""
    result = str(_merged(item, fields, "result_class") or "")
    if result and result not in argument.split("|"):
        raise Refused("result_not_final", result=result)


def not_designated(item: Item, _fields: Fields, _context: Context, _argument: str) -> None:
    """A unit that was designated (指定承办) may not hand the item back."""
    if item.fields.get("designated"):
        raise Refused("designated")


def refers(item: Item, fields: Fields, context: Context, argument: str) -> None:
    """`field=workflow.state|state`: the item the field refers to is of that workflow and in one of the states; none given passes."""
    name, _, wanted = argument.partition("=")
    number = _merged(item, fields, name)
    if number in _NOTHING:
        return
    workflow, _, states = wanted.partition(".")
    other = context.other(number) if isinstance(number, int) else None
    if other is None or other.workflow != workflow or other.state not in states.split("|"):
        raise Refused("refers_elsewhere", field=name, number=str(number))


def within(item: Item, fields: Fields, context: Context, argument: str) -> None:
    """`field=relation.date`: a date in the field is not later than that date of the item referred to; `field=date`: than its own."""
    name, _, source = argument.partition("=")
    value = str(_merged(item, fields, name) or "")
    latest = referred(item, fields, source, context) if "." in source else _merged(item, fields, source)
    if isinstance(latest, str) and "-" in value and value > latest:
        raise Refused("too_late_for", field=name, value=value, latest=latest)


def referred(item: Item, fields: Fields, source: str, context: Context) -> object:
    """Return a kept field of the item that a field refers to (`campaign.ends_on`), None when there is none."""
    relation, _, name = source.partition(".")
    number = _merged(item, fields, relation)
    other = context.other(number) if isinstance(number, int) else None
    return other.fields.get(name) if other else None


def parts_closed(item: Item, _fields: Fields, context: Context, argument: str) -> None:
    """`field` or `field=state|state`: every item that refers to this one in the field is closed, or in one of the states."""
    name, _, states = argument.partition("=")
    left = [
        part.serial
        for part in context.parts(f"{name}:{item.number}")
        if part.closed_at is None and part.state not in states.split("|")
    ]
    if left:
        raise Refused("parts_open", item=item.serial, parts=left[:10], count=len(left))


def merge_target(item: Item, fields: Fields, context: Context, _argument: str) -> None:
    """The item merged into is another one, open, and not itself merged."""
    number = fields.get("into")
    other = context.other(number) if isinstance(number, int) else None
    if other is None:
        raise Refused("unknown_item", name=str(number))
    if other.number == item.number:
        raise Refused("merge_self")
    state = context.rules.definition.states.get(other.state)
    if state is None or state.final:
        raise Refused("merge_closed", item=other.number)


def lead_changes(item: Item, fields: Fields, _context: Context, _argument: str) -> None:
    """A reassignment names another unit."""
    if fields.get("lead_unit") == item.text("lead_unit"):
        raise Refused("same_unit", unit=item.text("lead_unit"))


def reporter_known(item: Item, fields: Fields, context: Context, _argument: str) -> None:
    """A source with a reporter needs the reporter, or that the letter is anonymous."""
    source = context.rules.definition.sources.get(str(_merged(item, fields, "source") or ""))
    if source and source.reporter and not fields.get("reporter") and not fields.get("anonymous"):
        raise Refused("reporter_needed")


def overdue_when_closed(item: Item, _fields: Fields, _context: Context, _argument: str) -> None:
    """The item was closed late: only then is there something to appeal."""
    if item.fields.get("on_time") is not False:
        raise Refused("not_overdue")


GUARDS: Mapping[str, Guard] = {
    guard.__name__: guard
    for guard in (
        limit_given,
        limit_unclear,
        given,
        given_one,
        given_when,
        stands,
        lead_not_co,
        measures_within,
        measures_done,
        co_units_reported,
        answer_due,
        answered,
        called_back,
        not_dissatisfied,
        is_dissatisfied,
        no_open_request,
        publicity_over,
        signed_off,
        first_time,
        done_before,
        lasts,
        percent_not_less,
        result_is,
        not_designated,
        refers,
        within,
        parts_closed,
        merge_target,
        lead_changes,
        reporter_known,
        overdue_when_closed,
    )
}
"""Every guard a definition may name, as `name` or `name:argument`."""


def check(names: tuple[str, ...], item: Item, fields: Fields, context: Context) -> None:
    """Let every named guard look; the first that refuses raises."""
    for name in names:
        guard, _, argument = name.partition(":")
        GUARDS[guard](item, fields, context, argument)


_ABOUT_THE_PAST = ("first_time", "done_before", "is_dissatisfied", "overdue_when_closed", "limit_unclear")


def fit(names: tuple[str, ...], item: Item, context: Context) -> bool:
    """Whether an act is for an item with such a past; the other guards look at what is still to be done or given."""
    try:
        check(tuple(name for name in names if name.partition(":")[0] in _ABOUT_THE_PAST), item, {}, context)
    except Refused:
        return False
    return True
