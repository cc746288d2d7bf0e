"""Conditions by name. A definition names them, never writes them; each one passes in silence or refuses with a stable code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.clock import day_of
from engine.errors import Refused
from engine.run import due

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.context import Context
    from engine.item import Item

    Fields = Mapping[str, object]
    Guard = Callable[[Item, Fields, Context, str], None]


def _merged(item: Item, fields: Fields, name: str) -> object:
    """Return a field as it will stand after the act."""
    return fields[name] if name in fields else item.fields.get(name)


def limit_given(item: Item, fields: Fields, _context: Context, tracks: str) -> None:
    """On the named tracks (`a|b`) the act or the item must carry a limit: a problem not solved at once has a date."""
    if str(_merged(item, fields, "track")) in tracks.split("|") and not _merged(item, fields, "limit"):
        raise Refused("limit_needed")


def given_on_track(item: Item, fields: Fields, _context: Context, argument: str) -> None:
    """`track=field`: on that track the field must be there."""
    track, _, field = argument.partition("=")
    if str(_merged(item, fields, "track")) == track and not _merged(item, fields, field):
        raise Refused("missing_field", fields=[field])


def lead_not_co(item: Item, fields: Fields, _context: Context, _argument: str) -> None:
    """The lead unit is not among the co-units."""
    lead, co_units = _merged(item, fields, "lead_unit"), _merged(item, fields, "co_units")
    if lead and isinstance(co_units, (list, tuple)) and lead in co_units:
        raise Refused("lead_among_co_units", unit=lead)


def measures_within(item: Item, fields: Fields, context: Context, _argument: str) -> None:
    """Each measure names its unit and a date no later than the item's own due day, or than the date the plan proposes."""
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
    """Every measure of the plan is done, or dropped with a reason, or the act says that all are done."""
    if fields.get("all_measures_done"):
        return
    measures = item.fields.get("measures")
    settled = {str(n).partition(":")[0].partition("：")[0] for name in ("measure_done", "measure_dropped")
               for source in (item.fields.get(name), fields.get(name)) if isinstance(source, (list, tuple)) for n in source}  # fmt: skip
    count = len(measures) if isinstance(measures, (list, tuple)) else 0
    left = [n for n in range(1, count + 1) if str(n) not in settled]
    if left:
        raise Refused("measures_left", numbers=left)


def co_units_reported(item: Item, fields: Fields, context: Context, _argument: str) -> None:
    """Every co-unit has reported, or the act says why it goes without them."""
    if fields.get("without_co_units"):
        return
    reported = item.names("co_reported")
    left = [unit for unit in item.names("co_units") if unit not in reported]
    if left:
        titles = context.rules.organisation.unit_title
        raise Refused("co_units_left", units=[titles(unit) for unit in left])


def answer_due(item: Item, fields: Fields, _context: Context, _argument: str) -> None:
    """The answer goes to somebody who is still to be answered."""
    left = unanswered(item)
    asked = fields.get("told")
    names = asked if isinstance(asked, (list, tuple)) else []
    strangers = [name for name in names if name not in item.names("addressees")]
    if strangers:
        raise Refused("not_an_addressee", names=strangers, left=left)


def unanswered(item: Item) -> list[str]:
    """List who the item's source says must be answered and has not been, nor is exempt."""
    done = {*item.names("told"), *item.names("exempted")}
    return [name for name in item.names("addressees") if name not in done]


def answered(item: Item, fields: Fields, _context: Context, _argument: str) -> None:
    """一反馈: everybody who must be answered has been, or is exempt with a reason."""
    done = fields.get("told")
    left = [name for name in unanswered(item) if not (isinstance(done, (list, tuple)) and name in done)]
    if left:
        raise Refused("unanswered", names=left)


def called_back(item: Item, _fields: Fields, context: Context, _argument: str) -> None:
    """Where the source asks for a call-back, it has been made since the answer, unless every reporter is exempt."""
    source = context.rules.definition.sources.get(item.text("source"))
    told = item.names("told")
    if source and source.call_back and told and "call_back" not in item.acts:
        raise Refused("not_called_back")


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


def signed_off(item: Item, _fields: Fields, _context: Context, argument: str) -> None:
    """`track=verb`: on that track the verb (the commander's signature) has been done in this round."""
    track, _, verb = argument.partition("=")
    if item.text("track") == track and verb not in item.acts:
        raise Refused("not_signed_off", verb=verb)


def result_is(item: Item, fields: Fields, _context: Context, argument: str) -> None:
    """The result class is one of those named (`a|b`): what is only under way or planned does not close."""
    result = str(_merged(item, fields, "result_class") or "")
    if result and result not in argument.split("|"):
        raise Refused("result_not_final", result=result)


def not_designated(item: Item, _fields: Fields, _context: Context, _argument: str) -> None:
    """A unit that was designated (指定承办) may not hand the item back."""
    if item.fields.get("designated"):
        raise Refused("designated")


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
        limit_given, given_on_track, lead_not_co, measures_within, measures_done, co_units_reported, answer_due, answered, called_back,
        not_dissatisfied, no_open_request, publicity_over, signed_off, result_is, not_designated, merge_target, lead_changes,
        reporter_known, overdue_when_closed,
    )
}  # fmt: skip
"""Every guard a definition may name, as `name` or `name:argument`."""


def check(names: tuple[str, ...], item: Item, fields: Fields, context: Context) -> None:
    """Let every named guard look; the first that refuses raises."""
    for name in names:
        guard, _, argument = name.partition(":")
        GUARDS[guard](item, fields, context, argument)
