"""What lies on one person's desk: notices, items to move on, applications and papers that wait for an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.clock import closing_ordinal, ordinal_of
from engine.light import DUE_SOON, NONE, NORMAL, OVERDUE, Light

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from engine.context import Rules
    from engine.item import Item
    from engine.notice import Notice
    from engine.ports import Reader
    from engine.turn import Turn
    from interfaces.session import Session
    from workflows.labels import Titles

GROUPS: Mapping[str, str] = {
    "notice": "通知",
    "overdue": "逾期",
    "today": "今日到期",
    "due_soon": "临期",
    "returned": "退回给我的",
    "review": "待我审（批）",
    "sign": "待签收",
    "unclear": "时限待明确",
    "other": "其他在办",
}
"""The groups in their order; an item comes once, in the first that fits, beside what I was told about it."""


class Entry(NamedTuple):
    """One line: what I am to do about an item, by when, and the command to begin with."""

    group: str
    item: Item
    rules: Rules
    what: str
    judged: Light
    command: str


class Desk:
    """Collects what concerns one person in one view of the database."""

    def __init__(self, session: Session, me: str, now: int, titles: Titles, reader: Reader) -> None:
        """Look through one view for one person."""
        self.session, self.me, self.now, self.titles, self.reader = session, me, now, titles, reader
        self.organisation = session.organisation(reader)

    def entries(self) -> list[Entry]:
        """List everything in the order of the groups, within a group the earliest due first."""
        mine: dict[int, Entry] = {}
        for item in self._items():
            for entry in (*self._steps(item), *self._requests(item), *self._unclear(item)):
                first = mine.get(item.number)
                mine[item.number] = first._replace(what=f"{first.what}；{entry.what}") if first else entry
        for entry in self._papers():
            first = mine.get(entry.item.number)
            mine[entry.item.number] = first._replace(what=f"{first.what}；{entry.what}") if first else entry
        order = list(GROUPS)
        found = [*self._notices(), *mine.values()]
        return sorted(found, key=lambda e: (order.index(e.group), e.judged.due_at or 1 << 62, e.item.number))

    def _items(self) -> Iterator[Item]:
        """Yield the open items that may concern me, and the closed ones that an application is open about.

        Most rows are passed over unread: what concerns an officer names the officer, or a unit of the officer's.
        """
        from engine.row import ItemQuery, from_text

        office = self.organisation
        own = office.unit_of(self.me)
        led = [u.id for u in office.units.values() if self.me in (u.head, u.deputy, u.in_charge)]
        whole = own in office.supervisors or self.me in (
            office.principal,
            office.principal_deputy,
        )
        names = [f'"{name}"' for name in dict.fromkeys((self.me, own, *led)) if name]
        for row in self.reader.rows(ItemQuery(open=True)):
            waits = '"open",' in row.body or '"endorsed",' in row.body
            if whole or waits or any(name in row.body for name in names):
                yield from_text(row.body)
        if whole or led:  # appeals about closed items are theirs to decide
            for row in self.reader.rows(ItemQuery(open=False)):
                if '"open",' in row.body or '"endorsed",' in row.body:
                    yield from_text(row.body)

    def _steps(self, item: Item) -> Iterator[Entry]:
        """Yield one entry for all steps of the item that are mine."""
        from engine.turn import people, turns

        rules = self.session.rules(self.reader, item.definition)
        every = turns(item, rules, self.now)
        mine = [turn for turn in every if self.me in people(turn, item, rules)]
        if mine:
            others = {turn.clock for turn in every if turn not in mine}
            own = {turn.clock for turn in mine} if all(turn.clock for turn in mine) else set()
            judged = pressing(item, rules, self.now, without=others, only=own)
            what = "；".join(self._what(turn, item, rules) for turn in mine) + self._inherited(item)
            group = self._group(mine[0], item, rules, judged)
            yield Entry(group, item, rules, what, judged, self._command(mine[0], group, item, rules))

    def _unclear(self, item: Item) -> Iterator[Entry]:
        """Yield an item whose limit was written and could not be read, for whoever may make it clear.

        One that only waits for its plan gets its limit with that: nobody has to do anything about it beside.
        """
        from engine.light import unclear, unread_text
        from engine.roles import holds
        from interfaces.wording import written

        rules = self.session.rules(self.reader, item.definition)
        if not unclear(item, rules) or not unread_text(item, rules):
            return
        for step in rules.definition.leaving(item.state):
            if "limit_unclear" in step.guards and holds(step.by, self.me, item, rules.organisation):
                title = self._verb(step.verb, rules)
                judged = pressing(item, rules, self.now)
                command = f"siban {title} {item.number}"
                yield Entry("unclear", item, rules, f"{title}{written(item, rules)}", judged, command)

    def _what(self, turn: Turn, item: Item, rules: Rules) -> str:
        state = rules.definition.states[item.state]
        return self._verb(turn.verb, rules) if turn.verb else state.next or state.title

    def _inherited(self, item: Item) -> str:
        """Say from whom an item has come to me, where whoever was named for it has left."""
        from engine.handover import departed

        names = [self.organisation.name_of(person) for person in departed(item, self.organisation)]
        return f"（原由{'、'.join(names)}负责，已离任或调离）" if names else ""

    def _verb(self, verb: str, rules: Rules) -> str:
        return rules.definition.verbs.get(verb) or self.titles.verb(verb)

    def _command(self, turn: Turn, group: str, item: Item, rules: Rules) -> str:
        verb = turn.verb or ("sign" if group == "sign" and "sign" in rules.definition.verbs else "")
        return f"siban {self._verb(verb, rules) if verb else '办'} {item.number}"

    def _group(self, turn: Turn, item: Item, rules: Rules, judged: Light) -> str:
        state = rules.definition.states[item.state]
        if judged.word == OVERDUE:
            return "overdue"
        if judged.due_at is not None and closing_ordinal(judged.due_at) == ordinal_of(self.now):
            return "today"
        if judged.word == DUE_SOON:
            return "due_soon"
        if came_back(item, rules):
            return "returned"
        if state.stage == "verify" or turn.roles[0].startswith(("leader", "commander")):
            return "review"
        return "sign" if state.stage == "assign" and turn.roles[0].startswith("lead_unit") else "other"

    def _requests(self, item: Item) -> Iterator[Entry]:
        """Yield the applications about the item that wait for me."""
        from engine.context import Context, Hand
        from engine.request import deciders
        from engine.roles import holds

        for request in item.requests:
            if not request.is_open or request.made_by == self.me:
                continue
            rules = self.session.rules(self.reader, item.definition)
            context = Context(rules, Hand(self.me, self.me), self.now, self.now, self.reader.item)
            kind = rules.definition.requests[request.kind]
            if holds(deciders(item, request, kind, context), self.me, item, rules.organisation):
                name = f"{item.number}-{request.ordinal}"
                asker = rules.organisation.name_of(request.made_by)
                judged = light_at(request.lapses_at, rules, self.now)
                yield Entry(
                    "review", item, rules, f"批复{asker}的{kind.title}申请 {name}", judged, f"siban 同意 {name}"
                )

    def _papers(self) -> Iterator[Entry]:
        """Yield the drafted papers that wait for me to let them go out: one entry for all receivers of one paper."""
        from engine.notice import DRAFT
        from engine.roles import RELEASERS, holds

        for notices in _together(self.reader.notices(status=DRAFT), "seq"):
            first = notices[0]
            item = self.reader.item(first.item)
            if item and holds(RELEASERS[first.release], self.me, item, self.organisation):
                rules = self.session.rules(self.reader, item.definition)
                what = f"签发或暂不发出《{first.paper}》"
                yield Entry(
                    "review", item, rules, what, pressing(item, rules, self.now), f"siban 签发 {_numbers(notices)}"
                )

    def _notices(self) -> Iterator[Entry]:
        """Yield what I was told and have not seen: one entry for all about one item."""
        from engine.notice import RELEASED, SENT

        told = (n for n in self.reader.notices(receiver=self.me, unseen=True) if n.status in (SENT, RELEASED))
        for notices in _together(told, "item"):
            item = self.reader.item(notices[0].item)
            if item is None:
                continue
            rules = self.session.rules(self.reader, item.definition)
            words = "、".join(dict.fromkeys(notice_title(n, rules, self.titles) for n in reversed(notices)))
            yield Entry(
                "notice", item, rules, words, pressing(item, rules, self.now), f"siban 已阅 {_numbers(notices)}"
            )


def pressing(item: Item, rules: Rules, now: int, *, without: Collection[str] = (), only: Collection[str] = ()) -> Light:
    """Judge an item by the earliest due moment of whatever runs: the step at hand may be due before the whole.

    Clocks in `without` are other people's affair; with `only`, none but these are looked at.
    """
    from engine.run import due, due_is_provisional, near

    found = []
    for name, run in item.clocks.items():
        clock = rules.definition.clocks.get(name)
        if name in without or (only and name not in only):
            continue
        at = due(run, clock, item, rules.calendar) if clock and run.running else None
        if clock and at is not None:
            leans = due_is_provisional(run, clock, item, rules.calendar)
            found.append((at, near(run, clock, item, rules.calendar, at), leans))
    if not found:
        return Light(NONE, 0, None)
    at, soon, leans = min(found)
    return light_at(at, rules, now, soon)._replace(provisional=leans)


def light_at(at: int | None, rules: Rules, now: int, soon: int | None = None) -> Light:
    """Judge one moment that is fixed."""
    from engine.light import working_days

    if at is None:
        return Light(NONE, 0, None)
    if now > at:
        return Light(OVERDUE, working_days(at, now, rules.calendar), at)
    near = soon is not None and now >= soon
    return Light(DUE_SOON if near else NORMAL, working_days(now, at, rules.calendar), at)


def came_back(item: Item, rules: Rules) -> bool:
    """Whether the item came to where it is by being sent back, or returned by a unit that it is not for."""
    from engine.definition import STAGES

    stage = STAGES.index(rules.definition.states[item.state].stage)
    for verb, act in item.acts.items():
        if act.at != item.since:
            continue
        for transition in rules.definition.variants(verb):
            sources = [STAGES.index(rules.definition.states[name].stage) for name in transition.sources]
            back = verb.startswith("return") or min(sources) > stage > STAGES.index("assign")
            if transition.to == item.state and back:
                return True
    return any(r.kind == "return" and r.state == "granted" and r.decided_at == item.since for r in item.requests)


def notice_title(notice: Notice, rules: Rules, titles: Titles) -> str:
    """Return what a notice says, in two or three words: the rung's title with its clock's, or the verb's."""
    clock = rules.definition.clocks.get(notice.clock)
    if clock is None:
        return rules.definition.verbs.get(notice.verb) or titles.verb(notice.verb)
    rung = next((r for r in rules.definition.ladders.get(clock.ladder, ()) if r.level == notice.level), None)
    return f"{rung.title if rung else '督办'}（{clock.title}）"


def _together(notices: Iterable[Notice], key: str) -> list[list[Notice]]:
    groups: dict[int, list[Notice]] = {}
    for notice in notices:
        groups.setdefault(getattr(notice, key), []).append(notice)
    return list(groups.values())


def _numbers(notices: list[Notice]) -> str:
    return " ".join(str(notice.number) for notice in notices)
