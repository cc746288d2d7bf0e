"""Pages of the record: the newest entries, or those after a number; and waiting for new ones."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from engine.canonical import parse
from engine.event import DONE
from engine.evolve import REMARKS
from engine.row import EventQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.context import Rules
    from engine.event import Event
    from engine.organisation import Organisation
    from engine.ports import Reader

    RulesOf = Callable[[Event], Rules]

T = TypeVar("T")

PACE = 1
"""Seconds between two looks for new entries."""


class Question(NamedTuple):
    """What is asked of the record: what a store can look for, then the unit of who acted and the stage the item was in."""

    query: EventQuery
    unit: str = ""
    stage: str = ""
    limit: int = 0


def page(reader: Reader, question: Question, organisation: Organisation, rules_of: RulesOf) -> tuple[list[Event], bool]:
    """Return the entries of one page, oldest first, and whether there are more beyond its limit."""
    most = question.limit + 1 if question.limit else None
    plain = not question.unit and not question.stage
    query = question.query._replace(limit=most or 0) if plain else question.query
    found = list(islice(_fitting(reader, question._replace(query=query), organisation, rules_of), most))
    more = most is not None and len(found) == most
    if more:
        found.pop()
    return (found[::-1] if question.query.newest else found), more


def _fitting(reader: Reader, question: Question, organisation: Organisation, rules_of: RulesOf) -> Iterator[Event]:
    unit_of, stages = organisation.unit_of, Stages(reader, rules_of)
    for event in reader.events(question.query):
        if question.unit and question.unit not in (unit_of(event.decider), unit_of(event.enterer)):
            continue
        if question.stage and stages.of(event) != question.stage:
            continue
        yield event


class Stages:
    """Finds the stage that an item was in when an entry of it was made; a registration belongs to the stage it leads to."""

    def __init__(self, reader: Reader, rules_of: RulesOf) -> None:
        """Look into one view of the record."""
        self._reader, self._rules_of = reader, rules_of
        self._known: dict[int, dict[int, str]] = {}

    def of(self, event: Event) -> str:
        """Return the stage of an entry, "" for entries about no item."""
        if not event.item:
            return ""
        if event.item not in self._known:
            self._known[event.item] = dict(self._followed(event.item))
        return self._known[event.item].get(event.seq, "")

    def _followed(self, number: int) -> Iterator[tuple[int, str]]:
        stage = ""
        for event in self._reader.events(EventQuery(item=number)):
            before = stage
            if event.result == DONE and event.verb not in REMARKS and (to := parse(event.body).get("to")):
                stage = self._rules_of(event).definition.states[str(to)].stage
            yield event.seq, before or stage


def follow(look: Callable[[int], tuple[list[T], int]], seq: int, wait: Callable[[], None]) -> Iterator[list[T]]:
    """Yield new entries as they come, until `wait` raises. `look` returns those after a number and how far it has looked."""
    while True:
        found, seq = look(seq)
        if found:
            yield found
        wait()


def pause() -> None:
    """Wait until it is worth looking again."""
    time.sleep(PACE)
