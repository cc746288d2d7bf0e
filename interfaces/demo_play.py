"""The demo's stage: a bureau's days on a stepped clock, with everybody reaching the engine by the doors of officers.

Nothing is random: who acts when follows from the story alone, so two demos differ in nothing but the salts that hide
reporters' names.
"""

from __future__ import annotations

import heapq
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from engine.canonical import canonical
from engine.clock import HOUR, MINUTE, SteppedTime, iso, ordinal_of, parse_instant, start_of_day
from engine.context import Hand
from engine.notice import DRAFT, RELEASED, SENT
from engine.row import ItemQuery
from interfaces.demo_story import WORKFLOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.item import Item
    from engine.work import Outcome
    from interfaces.session import Session

    Script = Iterator[int]
    """One thread of the story: yields when it goes on, and acts when it is woken at that moment."""

BEGIN, END = "2023-05-04 08:30", "2023-08-31 17:30"
"""The first and the last moment of the demo."""

CLERK, DISPATCHER, VERIFIER, CHIEF, GENERAL = "o13", "o12", "o14", "o11", "o02"
"""Who registers and calls back, who assigns and closes, who verifies, the office's head, and the leader above it."""

_LAST_RELEASE = "2023-08-25"  # what is drafted later is left for whoever tries the demo
_LAST_READ = "2023-08-24"
_WITHHELD = ("约谈建议", "分管领导已当面约谈责任单位，整改已排定日程，约谈建议暂不发出。")


class Play:
    """The bureau at one moment: what its people do, they do through here."""

    def __init__(self, session: Session) -> None:
        """Take a trial database whose clock stands at the beginning."""
        time = session.office.time
        if not isinstance(time, SteppedTime):
            raise TypeError(time)
        self.session, self.office, self.time = session, session.office, time
        with session.store.read() as reader:
            rules = session.shelf.current(reader, WORKFLOW)
        self.definition, self.calendar, self.organisation = rules.definition, rules.calendar, rules.organisation
        self.numbers: dict[int, int] = {}
        self._withheld = 0

    # -- the clock -----------------------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """The present moment."""
        return self.time.now()

    def run(self, scripts: Sequence[Script], progress: Callable[[int, int, int], None]) -> None:
        """Play the scripts to the end, each act at its moment; `progress` is told (begin, now, end)."""
        begin, end, order = self.now, parse_instant(END), count()
        queue = [(next(script), next(order), script) for script in scripts]
        heapq.heapify(queue)
        beats = _beats(begin, end)
        beat = next(beats)
        while queue and queue[0][0] < end:
            at, _, script = heapq.heappop(queue)
            while beat <= at:
                self._tick(beat)
                beat = next(beats, end)
            self.time.set(at)
            then = next(script, None)
            if then is not None:
                heapq.heappush(queue, (max(then, at), next(order), script))
            progress(begin, at, end)
        for last in (beat, *beats):
            self._tick(last)
        with self.session.store.write() as writer:
            writer.put_setting("clock", str(self.now))

    def _tick(self, at: int) -> None:
        self.time.set(at)
        self.office.tick()

    def later(self, hours: float, spread: int = 0) -> int:
        """Return the moment so many office hours from now; never the very close of business."""
        at = self.calendar.add_worktime(self.now, int(hours * HOUR) + spread * MINUTE)
        return at - 20 * MINUTE if at == self.calendar.close_of(ordinal_of(at)) else at

    def workday(self, days: int, hour: float = 10) -> int:
        """Return an hour of the day so many working days from today; 0 is today, or the next day that is one."""
        return start_of_day(self.calendar.add_workdays(ordinal_of(self.now), days)) + int(hour * HOUR)

    # -- people --------------------------------------------------------------------------------------------------------

    def hand(self, person: str) -> Hand:
        """Return a person's hand, or that of whoever stands in under a delegation while the person is away."""
        taker = self.organisation.stand_in(person, self.now)
        if taker not in ("", person) and self.organisation.may_act_for(taker, person, self.now):
            return Hand(person, taker, canonical({"kind": "delegation"}))
        return Hand(person, person)

    def on_paper(self, body: str, paper: str) -> Hand:
        """Return the hand of the clerk who enters what a body decided at a meeting of today."""
        basis = {"kind": "会议纪要", "ref": paper, "date": iso(self.now)[:10]}
        return Hand(body, CLERK, canonical(basis))

    def head(self, unit: str) -> str:
        """Return who leads a unit today: its head, or the deputy while the head is away."""
        found = self.organisation.units[unit]
        return found.deputy if self.organisation.officers[found.head].is_away(self.now) else found.head

    def dispatcher(self) -> str:
        """Return who assigns and closes today."""
        return CHIEF if self.organisation.officers[DISPATCHER].is_away(self.now) else DISPATCHER

    def back(self, person: str) -> int:
        """Return now, or in the morning of the day on which a person without a stand-in by delegation is back."""
        at = self.now
        while self._missing(person, at):
            at = start_of_day(self.calendar.add_workdays(ordinal_of(at), 1)) + 9 * HOUR
        return at

    def _missing(self, person: str, at: int) -> bool:
        taker = self.organisation.stand_in(person, at)
        return taker != person and not self.organisation.may_act_for(taker, person, at)

    def staff(self, unit: str) -> list[str]:
        """List a unit's officers below head and deputy."""
        led_by = {self.organisation.units[unit].head, self.organisation.units[unit].deputy}
        return [o.id for o in self.organisation.officers.values() if o.unit == unit and o.id not in led_by]

    # -- doors ---------------------------------------------------------------------------------------------------------

    def item(self, no: int) -> Item:
        """Return the item that a problem of the list has become."""
        with self.session.store.read() as reader:
            found = reader.item(self.numbers[no])
        if found is None:
            raise KeyError(no)
        return found

    def due_at(self, no: int) -> int:
        """Return when a problem is due."""
        with self.session.store.read() as reader:
            row = reader.row(self.numbers[no])
        if row is None or row.due_at is None:
            raise KeyError(no)
        return row.due_at

    def register(self, no: int, fields: dict[str, object], hand: Hand) -> None:
        """Register a problem of the list."""
        self._took(no, self.office.register(WORKFLOW, [(fields, None)], hand))

    def mend(self, no: int, fields: dict[str, object], hand: Hand) -> None:
        """Enter a problem that was mended on the spot."""
        self._took(no, self.office.compose_new(WORKFLOW, "mend", fields, hand))

    def _took(self, no: int, outcomes: list[Outcome]) -> None:
        self.numbers[no] = outcomes[0].after.number

    def act(self, no: int, verb: str, hand: Hand, at: int | None, /, **fields: object) -> None:
        """Do a verb to a problem; `at` is when it was really done, None for now."""
        self.office.act([self.numbers[no]], verb, fields, hand, at=at)

    def ask(self, no: int, kind: str, hand: Hand, /, **fields: object) -> int:
        """Apply for something; return the request's ordinal."""
        return self.office.request([self.numbers[no]], kind, fields, hand)[0].after.requests[-1].ordinal

    def decide(self, no: int, ordinal: int, hand: Hand, *, grant: bool, **fields: object) -> None:
        """Grant or refuse a request."""
        self.office.answer([(self.numbers[no], ordinal)], fields, hand, grant=grant)

    def evidence(self, name: str) -> list[dict[str, object]]:
        """Keep an attachment as `siban attach` does; the demo's say only what they stand for."""
        from storage.files import keep

        with TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.write_text(f"演示用佐证材料：{name}\n", encoding="utf-8")
            return [keep(self.session.path, path)._asdict()]

    # -- what the office does every week -------------------------------------------------------------------------------

    def routines(self) -> list[Script]:
        """Return the threads of no single problem: papers released, notices read, small things confirmed."""
        return [self._papers(), self._reading(), self._confirming()]

    def _papers(self) -> Script:
        """Each morning the drafted papers go out; once one is withheld with a reason."""
        last = parse_instant(_LAST_RELEASE)
        while True:
            yield self.workday(1, 9.5)
            if self.now > last:
                return
            with self.session.store.read() as reader:
                drafts = [notice for notice in reader.notices(status=DRAFT) if notice.planned_at < last]
            for notice in drafts:
                hand = self.hand(GENERAL if notice.release == "leader" else CHIEF)
                kind, reason = _WITHHELD
                self._withheld = self._withheld or (notice.seq if notice.paper == kind else 0)
                if notice.seq == self._withheld:
                    self.office.notice([notice.number], "withhold", {"reason": reason}, hand)
                else:
                    self.office.notice([notice.number], "release", {}, hand)

    def _reading(self) -> Script:
        """Every other day people read what they have been told; those who are away when they are back."""
        last = parse_instant(_LAST_READ)
        while True:
            yield self.workday(2, 8.75)
            if self.now > last:
                return
            unread: dict[str, list[int]] = {}
            with self.session.store.read() as reader:
                for notice in reader.notices(unseen=True):
                    if notice.status in (SENT, RELEASED):
                        unread.setdefault(notice.receiver, []).append(notice.number)
            for person, numbers in unread.items():
                officer = self.organisation.officers.get(person)
                if officer and not officer.is_away(self.now):
                    self.office.notice(numbers, "ack", {}, Hand(person, person))

    def _confirming(self) -> Script:
        """Twice a week the verifier confirms what was mended on the spot, many at once."""
        while True:
            yield self.workday(2, 15.5)
            with self.session.store.read() as reader:
                waiting = list(reader.rows(ItemQuery(states=("office_review",), tracks=("immediate",))))
                items = [item for row in waiting if (item := reader.item(row.number))]
            ready = [item.number for item in items if self._is_ready(item)]
            if ready:
                self.office.act(ready, "confirm", {}, Hand(VERIFIER, VERIFIER))

    def _is_ready(self, item: Item) -> bool:
        """Whether an item was mended on the spot and its reporter has been called back."""
        called = "call_back" in item.acts or not self.definition.sources[item.text("source")].call_back
        return item.text("handler") in item.acts["register"].by and called


def _beats(begin: int, end: int) -> Iterator[int]:
    """Yield the moments of the heartbeat, each half hour round the clock; the last one is the end."""
    yield from range(begin, end, 30 * MINUTE)
    yield end
