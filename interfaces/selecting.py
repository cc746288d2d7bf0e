"""Which items a question is about: the conditions that `list` and `export` share, as options and as a walk over the items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from engine.light import OVERDUE
from interfaces.shell import option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from engine.context import Rules
    from engine.item import Item
    from engine.organisation import Organisation
    from engine.past import Past
    from engine.ports import Reader
    from interfaces.listing import Kind
    from interfaces.session import Session
    from workflows.index import Index

F = TypeVar("F", bound="Callable[..., Any]")

_OPTIONS = (
    option("--state", "--状态", "states", multiple=True, metavar="STATE", help="状态；可多次"),
    option(
        "--stage",
        "--环节",
        "stages",
        multiple=True,
        metavar="STAGE",
        help="环节：受理｜分办｜办理｜核验｜反馈｜办结；可多次",
    ),
    option("--unit", "--单位", "--主办", "units", multiple=True, metavar="UNIT", help="主办单位；可多次"),
    option("--track", "--清单", "tracks", multiple=True, metavar="LIST", help="问题清单；可多次"),
    option("--source", "--来源", "sources", multiple=True, metavar="SOURCE", help="问题来源；可多次"),
    option("--light", "--亮灯", "lights", multiple=True, metavar="LIGHT", help="正常｜临期｜逾期｜未计时；可多次"),
    option("--text", "--含", metavar="TEXT", help="编号或问题中含有的文字"),
    option("--workflow", "--流程", metavar="NAME", help="流程；不写则为问题台账，专项整治、定期任务等另列的须写明"),
    option(
        "--of", "--属于", "of", metavar="ITEM", help="归入、出自这一件的各类事项：行动、专项整治、任务、出自哪件事项"
    ),
    option("--raised-by", "--提出人", metavar="OFFICER", help="提出人：牵头调研的领导、提出问题的人"),
    option("--topic", "--课题", "--调研课题", metavar="TEXT", help="调研课题中含有的文字"),
    option("--exemplary", "--典型案例", is_flag=True, help="只看典型案例，附理由"),
    option("--open", "only_open", is_flag=True, help="只看在办"),
    option("--closed", "only_closed", is_flag=True, help="只看已办结"),
    option("--all", "--全部", "everything", is_flag=True, help="在办和已办结（默认）"),
    option("--mine", "--我的", is_flag=True, help="我负责的，或现在该我办的"),
    option("--overdue", "--逾期", is_flag=True, help="只看逾期未办结"),
    option("--limit-unclear", "--时限待明确", is_flag=True, help="只看时限待明确的，附时限原文"),
)


class Chosen(NamedTuple):
    """One item of an answer: with its rules, when it is judged, and the due moment that the ledger keeps."""

    item: Item
    rules: Rules
    now: int
    kept_due: int | None

    def row(self, kind: Kind | None, reader: Reader) -> dict[str, object]:
        """Return the item as a row of an answer, with the further fields that its kind is listed with."""
        from interfaces.listing import item_row
        from interfaces.naming import text_in

        row = item_row(self.item, self.rules, self.now, self.kept_due)
        if not kind or not kind.further:
            return row
        texts = {name: text_in(reader, self.item, name, self.rules) for name in kind.further}
        return row | {name: self.item.fields.get(name) for name in kind.further} | {"texts": texts}


class Instant(NamedTuple):
    """What a question is judged under: the words of the definitions, the organisation, and the moment."""

    words: Index
    organisation: Organisation
    now: int


def item_options(command: F) -> F:
    """Give a question the options that choose items; they come as keyword arguments for `Conditions`."""
    for given in reversed(_OPTIONS):
        command = given(command)
    return command


class Conditions(NamedTuple):
    """What an officer asked for, as given by `item_options`; every condition must hold."""

    states: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    lights: tuple[str, ...] = ()
    text: str | None = None
    workflow: str | None = None
    of: str | None = None
    raised_by: str | None = None
    topic: str | None = None
    exemplary: bool = False
    only_open: bool = False
    only_closed: bool = False
    everything: bool = False
    mine: bool = False
    overdue: bool = False
    limit_unclear: bool = False

    def refuse_opposites(self) -> None:
        """Raise `click.UsageError` for options that exclude each other."""
        if self.only_open + self.only_closed + self.everything > 1:
            message = "--open、--closed、--all 只能用一个。"
            raise click.UsageError(message)

    def kind(self, index: Index) -> Kind | None:
        """Return how the items are listed: those of one workflow with its own fields, those of several by their workflow."""
        from interfaces.listing import Kind

        further = {"exemplary": "典型案例"} if self.exemplary else {}
        if not self.workflow:
            return Kind("问题", further) if further else Kind() if self.of else None
        entry = index[_Meanings.workflow(self.workflow, index)]
        further |= {name: entry["fields"][name]["title"] for name in entry.get("listed", ())}
        return Kind(entry["fields"]["title"]["title"], further) if entry.get("beside") or further else None

    def asker(self, session: Session) -> str:
        """Return whose items are meant, "" for everybody's; to be asked before a view of the store is open."""
        return session.hand().decider if self.mine else ""

    def chosen(self, session: Session, reader: Reader, past: Past | None, at: Instant, me: str) -> Iterator[Chosen]:
        """Yield the items that meet the conditions, by number.

        Raises `Refused`: `unknown_choice`, `unknown_unit`, `unknown_officer`, `unknown_item`.
        """
        from engine.row import ItemQuery
        from interfaces.past import items_of
        from interfaces.session import number_of

        organisation, now = at.organisation, at.now
        meant = _Meanings(at.words, organisation)
        self.refuse_opposites()
        still_open = self.only_open or self.overdue or self.limit_unclear
        query = ItemQuery(
            open=True if still_open else False if self.only_closed else None,
            states=meant.states(self.states),
            stages=meant.stages(self.stages),
            lead_units=meant.units(self.units),
            tracks=meant.field("track", "问题清单", self.tracks),
            sources=meant.field("source", "问题来源", self.sources),
            workflows=meant.workflows(self.workflow, every=self.of is not None),
            text=self.text or "",
            related=f":{number_of(reader, self.of)}" if self.of else "",
        )
        raised_by = organisation.decider(self.raised_by) if self.raised_by else ""
        asked = meant.lights(self.lights)
        for item, rules, kept_due in items_of(session, reader, past, query):
            if (me and not _is_mine(item, rules, me, now)) or not self._traced(item, raised_by):
                continue
            one = Chosen(item, rules, now, kept_due)
            if asked or self.overdue or self.limit_unclear:
                row = one.row(None, reader)
                late = row["light"] == OVERDUE and row["done_at"] is None
                if (asked and row["light"] not in asked) or (self.overdue and not late):
                    continue
                if self.limit_unclear and not row["unclear"]:
                    continue
            yield one

    def _traced(self, item: Item, raised_by: str) -> bool:
        """Whether an item came from where it should have come from, and is an example if one was asked for."""
        return (
            (not raised_by or item.text("raised_by") == raised_by)
            and (not self.topic or self.topic in item.text("topic"))
            and (not self.exemplary or bool(item.text("exemplary")))
        )


def ledger_workflows(index: Index) -> tuple[str, ...]:
    """Return the workflows whose items make up the problem ledger; none named stands for all of them."""
    found = tuple(name for name, entry in index.items() if not entry.get("beside"))
    return found if len(found) < len(index) else ()


def _is_mine(item: Item, rules: Rules, me: str, now: int) -> bool:
    """Whether I handle an item, or it is my move."""
    from engine.turn import people, turns

    return item.text("handler") == me or any(me in people(turn, item, rules) for turn in turns(item, rules, now))


def one_of(what: str, text: str, among: Mapping[str, str]) -> str:
    """Return the identifier for a text that is one, or its title, or the beginning of just one title.

    `among` maps titles to identifiers. Raises `Refused("unknown_choice")` with what there is.
    """
    if text in among.values():
        return text
    if text in among:
        return among[text]
    near = {value for title, value in among.items() if title.startswith(text)}
    if len(near) == 1:
        return near.pop()
    from engine.errors import Refused

    raise Refused("unknown_choice", what=what, text=text, among=list(dict.fromkeys(among)))


class _Meanings:
    """Turns what an officer wrote as a condition into identifiers; what nothing is called is refused."""

    def __init__(self, index: Index, organisation: Organisation) -> None:
        self._index, self._organisation = index, organisation

    def states(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Read states by title; one title may stand for states of several workflows."""
        found = []
        for text in texts:
            titles = [(t, name) for entry in self._index.values() for name, t in entry["states"].items()]
            several = [name for title, name in titles if text in (title, name)]
            found += several or [one_of("状态", text, dict(titles))]
        return tuple(dict.fromkeys(found))

    def stages(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Read stages by title."""
        from workflows.labels import STAGES

        among = {title: name for name, title in STAGES.items()}
        return tuple(one_of("环节", text, among) for text in texts)

    def units(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Read units by title."""
        return tuple(self._organisation.unit(text).id for text in texts)

    def field(self, name: str, what: str, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Read the values of a choice by their titles."""
        shapes = [entry["fields"].get(name, {}) for entry in self._index.values()]
        among = {title: value for shape in shapes for value, title in shape.get("choices", {}).items()}
        return tuple(one_of(what, text, among) for text in texts)

    def lights(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Read lights by their words."""
        from interfaces.wording import LIGHTS

        among = {word: light for light, word in LIGHTS.items()}
        return tuple(one_of("亮灯", text, among) for text in texts)

    @staticmethod
    def workflow(text: str, index: Index) -> str:
        """Read a workflow by title."""
        return one_of("流程", text, {str(entry["title"]): name for name, entry in index.items()})

    def workflows(self, text: str | None, *, every: bool) -> tuple[str, ...]:
        """Read a workflow; without one, those of the problem ledger, or with `every` all of them."""
        if text:
            return (self.workflow(text, self._index),)
        return () if every else ledger_workflows(self._index)
