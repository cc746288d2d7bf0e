"""The application service: every command of the counter is one method here and one transaction.

lock → settle → command id → may I? → decide → append events, rewrite the rows, crossed rungs, notices → commit.
A refusal keeps what had come due and one `refused` entry; a dry run and unreadable input keep nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from engine import decide, request
from engine.canonical import canonical, digest
from engine.clock import SteppedTime
from engine.context import Context, Hand
from engine.errors import Conflict, Refused, SibanError, Unavailable
from engine.event import CORRECT, DONE, REFUSED, Event
from engine.evolve import MOVE
from engine.field import checked
from engine.notice import DRAFT, WITHHELD, answered
from engine.policy import CALENDAR, DEFINITION, LOADED_BY, ORGANISATION, READING, PolicyShelf
from engine.registration import not_an_auditor, register_one
from engine.roles import FIXED, RELEASERS, holds
from engine.row import EventQuery, ItemQuery, Policy, Reporter
from engine.work import Outcome, Work, repeated_by, until_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine import paper
    from engine.context import Rules
    from engine.definition import Composite
    from engine.item import Item
    from engine.move import Fit, Order
    from engine.notice import Notice
    from engine.ports import Reader, Store, TimeSource, Writer
    from engine.secrecy import Guard

    Fields = Mapping[str, object]

T = TypeVar("T")


class Pass(NamedTuple):
    """What one pass of the heartbeat did."""

    items: int
    events: int
    rungs: int


class Office:
    """Runs commands against a store. Holds no state of its own but the policy it has read."""

    def __init__(
        self,
        store: Store,
        time: TimeSource,
        shelf: PolicyShelf | None = None,
        salt: Callable[[], str] | None = None,
        guard: Guard | None = None,
    ) -> None:
        """Serve a store under a clock; `salt` makes the secret half of commitments to reporters, `guard` looks at every text."""
        self.store, self.time, self.shelf = store, time, shelf or PolicyShelf()
        self.salt, self.guard = salt, guard

    # -- policy ----------------------------------------------------------------------------------------------------------------

    def put_policy(self, kind: str, name: str, text: str, hand: Hand, index: str = "", *, over: str = "") -> str:
        """Keep a definition, calendar edition or organisation and make it the current one; return its hash.

        Items under way are settled first, under the old policy, in the same transaction; each one whose due moments a new
        calendar moves gets a `recount` entry. `over` is the hash of the policy that the new one was made from; when another
        one has been put in its place since, raises `Conflict("policy_replaced")`; what the guard refuses, `Refused("classified")`.
        """
        verb = LOADED_BY[kind]
        hash_ = digest(text)
        cleared = self.guard.admit_policy(kind, text) if self.guard else {}
        with self.store.write(alone=True) as writer:
            now = self.moment(writer)
            known = writer.current_hashes()
            if known.get((kind, name)) == hash_:
                return hash_
            if over and known.get((kind, name)) != over:
                raise Conflict("policy_replaced", kind=kind, name=name)
            if known:
                self._settle_due(writer, now, None)
            rows = list(writer.rows(ItemQuery(open=True))) if known and kind != DEFINITION else []
            before = {row.definition: self.shelf.rules(writer, row.definition) for row in rows}
            writer.put_policy(Policy(kind, name, hash_, text, index))
            event = Event(0, 0, verb, DONE, now, now, hand.decider, hand.enterer, hand.basis, hand.command_id,
                          known.get((DEFINITION, name), ""), known.get((CALENDAR, "cn"), ""),
                          canonical({"name": name, "hash": hash_, **cleared}))  # fmt: skip
            writer.append([event])
            if rows:
                from engine.recount import record  # noqa: PLC0415 - only where policy changes

                record(writer, self.shelf, rows, before, hand, now)
        return hash_

    def put_reading(self, value: Fields, hand: Hand) -> bool:
        """Set how limit texts are read and record it; return False when it is so already. No due moment moves by it."""
        text = canonical(value)
        with self.store.write(alone=True) as writer:
            if writer.setting(READING) == text:
                return False
            now, calendar = self.time.now(), writer.current_hashes().get((CALENDAR, "cn"), "")
            writer.put_setting(READING, text)
            writer.append([Event(0, 0, "set_reading", DONE, now, now, hand.decider, hand.enterer, hand.basis,
                                 hand.command_id, "", calendar, canonical({"name": READING, "value": value}))])  # fmt: skip
        return True

    # -- items -----------------------------------------------------------------------------------------------------------------

    def register(
        self,
        workflow: str,
        sheets: Sequence[tuple[Fields, int | None]],
        hand: Hand,
        *,
        draft: bool = False,
        dry_run: bool = False,
    ) -> list[Outcome]:
        """Register items, all of them or none: for each its fields, and when it really came in (None: now)."""

        def work(job: Work) -> list[Outcome]:
            rules = self.shelf.current(job.reader, workflow)
            return [register_one(job, rules, fields, hand, at, draft=draft, salt=self.salt) for fields, at in sheets]

        return self._run(work, hand, dry_run=dry_run, about=("register", ()))

    def act_each(
        self,
        orders: Sequence[tuple[int, Fields]],
        verb: str,
        hand: Hand,
        *,
        at: int | None = None,
        dry_run: bool = False,
    ) -> list[Outcome]:
        """Do a verb to several items, to each with fields of its own; all or none."""

        def work(job: Work) -> list[Outcome]:
            return [self.act_one(job, number, verb, fields, hand, at) for number, fields in orders]

        return self._run(work, hand, dry_run=dry_run, about=(verb, [number for number, _ in orders]))

    def act(
        self,
        numbers: Sequence[int],
        verb: str,
        fields: Fields,
        hand: Hand,
        *,
        at: int | None = None,
        dry_run: bool = False,
    ) -> list[Outcome]:
        """Do a verb of the items' definitions to each of them, all or none. `at` is when it was really done."""

        def work(job: Work) -> list[Outcome]:
            return [self.act_one(job, number, verb, fields, hand, at) for number in dict.fromkeys(numbers)]

        return self._run(work, hand, dry_run=dry_run, about=(verb, numbers))

    def compose_new(
        self, workflow: str, verb: str, fields: Fields, hand: Hand, *, at: int | None = None, dry_run: bool = False
    ) -> list[Outcome]:
        """Run a composite that begins with a registration (即办)."""

        def work(job: Work) -> list[Outcome]:
            rules = self.shelf.current(job.reader, workflow)
            composite = rules.definition.composites.get(verb)
            if composite is None or not composite.new:
                raise Refused("unknown_verb", item="", verb=verb, state="", allowed=[])
            return [self._compose(job, None, rules, composite, fields, hand, at)]

        return self._run(work, hand, dry_run=dry_run, about=(verb, ()))

    def request(
        self,
        numbers: Sequence[int],
        kind: str,
        fields: Fields,
        hand: Hand,
        *,
        at: int | None = None,
        dry_run: bool = False,
    ) -> list[Outcome]:
        """Apply for an extension, a suspension, a return … of each item."""

        def work(job: Work) -> list[Outcome]:
            return [
                self.step(
                    job,
                    number,
                    hand,
                    at,
                    lambda item, context: request.ask(item, kind, self.checked(fields, context), context),
                )
                for number in dict.fromkeys(numbers)
            ]

        return self._run(work, hand, dry_run=dry_run, about=("request", numbers))

    def answer(
        self,
        requests: Sequence[tuple[int, int]],
        fields: Fields,
        hand: Hand,
        *,
        grant: bool,
        at: int | None = None,
        dry_run: bool = False,
    ) -> list[Outcome]:
        """Grant or refuse requests, each named by (item, ordinal)."""

        def work(job: Work) -> list[Outcome]:
            outcomes = []
            for number, ordinal in dict.fromkeys(requests):

                def decided(item: Item, context: Context, ordinal: int = ordinal) -> list[Event]:
                    return request.answer(item, ordinal, self.checked(fields, context), context, grant=grant)

                outcomes.append(self.step(job, number, hand, at, decided))
            return outcomes

        about = ("grant" if grant else "refuse", [number for number, _ in requests])
        return self._run(work, hand, dry_run=dry_run, about=about)

    def remark(
        self, numbers: Sequence[int], verb: str, body: Fields, hand: Hand, *, dry_run: bool = False
    ) -> list[Outcome]:
        """Record a `comment`, or an `attach`ment as evidence, on each item; nothing else about it changes."""

        def remarked(item: Item, context: Context) -> list[Event]:
            decide.entitled(item, FIXED[verb], verb, context)
            return [context.event(item.number, verb, body)]

        def work(job: Work) -> list[Outcome]:
            return [self.step(job, number, hand, None, remarked) for number in dict.fromkeys(numbers)]

        return self._run(work, hand, dry_run=dry_run, about=(verb, numbers))

    def correct(
        self, number: int, field: str, value: object, reason: str, hand: Hand, *, dry_run: bool = False
    ) -> Outcome:
        """Put right what an act wrote wrong into a field of an item; raises what `engine.correction` raises."""
        from engine.correction import correct, wrong_entry  # noqa: PLC0415 - hardly ever needed, and every start would pay

        def work(job: Work) -> list[Outcome]:
            def decided(item: Item, context: Context) -> list[Event]:
                wrong = wrong_entry(item, job.reader.events(EventQuery(item=number)), field, context)
                return correct(item, wrong, field, self.checked({field: value}, context)[field], reason, context)

            return [self.step(job, number, hand, None, decided)]

        return self._run(work, hand, dry_run=dry_run, about=(CORRECT, [number]))[0]

    def issue(self, number: int, order: paper.Order, hand: Hand, *, dry_run: bool = False) -> Outcome:
        """Give a paper its number and record what it says; raises what `engine.paper.issue` raises."""
        from engine import paper  # noqa: PLC0415 - seldom needed, and every start would pay

        with self.store.read() as reader:
            before = paper.counted(reader, order.series)  # all of the record, and nobody waits for it

        def work(job: Work) -> list[Outcome]:
            return [self.step(job, number, hand, None, lambda i, c: paper.issue(i, order, before, job.reader, c))]

        return self._run(work, hand, dry_run=dry_run, about=(paper.ISSUE, [number]), alone=True)[0]

    def move(
        self, order: Order, hand: Hand, *, dry_run: bool = False, progress: Callable[[int], None] | None = None
    ) -> list[Fit]:
        """Move live items to another version of their definition; return what each of them met there.

        Raises `Refused("missing_field")` without a reason, and what `engine.move.carry_out` raises.
        """
        if not order.reason and not dry_run:
            raise Refused("missing_field", item="", fields=["reason"])
        from engine.move import carry_out  # noqa: PLC0415 - hardly ever needed, and every start would pay

        return self._run(
            lambda job: carry_out(job, order, hand, progress), hand, dry_run=dry_run, about=(MOVE, ()), alone=True
        )

    # -- reporters -------------------------------------------------------------------------------------------------------------

    def reveal(self, number: int, reason: str, hand: Hand) -> Reporter:
        """Return who reported an item, after it is on record who looks and why: unrecorded, nothing is returned.

        Raises what `engine.privacy.about_reporter` raises.
        """
        return self._about_reporter(number, "reveal", reason, hand)

    def redact(self, number: int, reason: str, hand: Hand) -> bool:
        """Erase a reporter's name, contact and salt for good; False where a reader, or the disk, still holds the file's old bytes.

        Raises what `engine.privacy.about_reporter` raises.
        """
        self._about_reporter(number, "redact", reason, hand)
        try:
            return self.store.purge()
        except Unavailable:  # the erasure is on record: nobody may be told that it was not done
            return False

    def _about_reporter(self, number: int, verb: str, reason: str, hand: Hand) -> Reporter:
        from engine.privacy import REDACT, about_reporter, erased  # noqa: PLC0415 - hardly ever needed

        def work(job: Work) -> list[Reporter]:
            kept = job.reader.reporter(number)
            self.step(job, number, hand, None, lambda item, c: [about_reporter(item, kept, verb, reason, c)])
            if verb == REDACT:
                job.reporters.append(erased(number))
            return [kept or erased(number)]

        return self._run(work, hand, dry_run=False, about=(verb, [number]))[0]

    # -- notices ---------------------------------------------------------------------------------------------------------------

    def notice(self, numbers: Sequence[int], verb: str, fields: Fields, hand: Hand) -> list[Notice]:
        """`release` or `withhold` drafted papers, or `ack` notices addressed to me; all or none.

        Raises `Refused`: `unknown_notice`, `not_my_notice`, `not_a_draft`, `not_allowed`, `missing_field`.
        """
        return until_kept(lambda: self._notice(numbers, verb, fields, hand))

    def _notice(self, numbers: Sequence[int], verb: str, fields: Fields, hand: Hand) -> list[Notice]:
        with self.store.write() as writer:
            now, changed, events = self.moment(writer), [], []
            if hand.is_delegated:
                self._stands_in(writer, hand, now)
            for number in dict.fromkeys(numbers):
                notice = writer.notice(number)
                if notice is None:
                    raise Refused("unknown_notice", name=str(number))
                item = writer.item(notice.item)
                if item is None:
                    raise Refused("unknown_item", name=str(notice.item))
                rules = self.shelf.rules(writer, item.definition)
                not_an_auditor(hand, rules.organisation)
                self._may_answer(notice, verb, fields, hand, item, rules)
                context = Context(rules, hand, now, now, writer.item)
                body = {"notice": number} | ({"fields": dict(fields)} if fields else {})
                event = context.event(item.number, verb, body)
                events.append(event)
                changed.append(answered(notice, event))
            job = Work(writer, self.shelf, now, guard=self.guard)
            job.apply(events)
            job.flush(writer)
            writer.put_notices(changed)
        return changed

    def _may_answer(self, notice: Notice, verb: str, fields: Fields, hand: Hand, item: Item, rules: Rules) -> None:
        if verb == "ack":
            if notice.status in (DRAFT, WITHHELD):
                raise Refused("not_sent", name=str(notice.number), status=notice.status)
            if notice.receiver != hand.decider:
                raise Refused(
                    "not_my_notice", name=str(notice.number), receiver=rules.organisation.name_of(notice.receiver)
                )
            return
        if notice.status != DRAFT:
            raise Refused("not_a_draft", name=str(notice.number), status=notice.status)
        roles = RELEASERS[notice.release]
        if not holds(roles, hand.decider, item, rules.organisation):
            raise Refused("not_allowed", item=item.serial, verb=verb, roles=list(roles), people=[])
        if verb == "withhold" and not fields.get("reason"):
            raise Refused("missing_field", item=item.serial, fields=["reason"])

    # -- what comes due --------------------------------------------------------------------------------------------------------

    def tick(self, batch: int = 500, progress: Callable[[int], None] | None = None) -> Pass:
        """Let everything happen that has come due by now, in batches of one transaction each; idle, it is one indexed read."""
        items: set[int] = set()
        events = rungs = 0
        while True:
            with self.store.read() as reader:
                now = self.time.now()
                waiting = bool(reader.due(now, 1))
            if not waiting:
                return Pass(len(items), events, rungs)
            done = until_kept(lambda: self._pass(batch, items))
            events, rungs = events + done.events, rungs + done.rungs
            if not done.items:
                return Pass(len(items), events, rungs)
            if progress:
                progress(len(items))

    def _pass(self, batch: int, seen: set[int]) -> Pass:
        with self.store.write() as writer:
            return self._settle_due(writer, self.moment(writer), batch, seen)

    def _settle_due(self, writer: Writer, now: int, batch: int | None, seen: set[int] | None = None) -> Pass:
        """Settle what is due in the order of the planned moments, without `batch` all of it; the numbers of the items go into `seen`."""
        items = events = rungs = 0
        while True:
            most = batch or 1000
            found = writer.items_due(now, most)
            if not found:
                return Pass(items, events, rungs)
            if seen is not None:
                seen.update([item.number for item, _ in found])
            job = Work(writer, self.shelf, now)
            numbers = job.gather(found, whole=len(found) < most)
            job.put_in_order()
            complete = job.flush(writer)
            job.refresh(writer)
            items, events = items + len(numbers), events + len(complete)
            rungs += sum(event.verb == "escalate" for event in complete)
            if batch or not complete:
                return Pass(items, events, rungs)

    # -- one step --------------------------------------------------------------------------------------------------------------

    def act_one(self, job: Work, number: int, verb: str, fields: Fields, hand: Hand, at: int | None) -> Outcome:
        """Do a verb to one item within a command; raises as `act` does."""
        item = job.load(number)
        rules = job.rules(item)
        composite = rules.definition.composites.get(verb)
        if composite and item.state in composite.sources and decide.matches(composite.when, item):
            return self._compose(job, number, rules, composite, fields, hand, at)
        return self.step(job, number, hand, at, lambda i, c: decide.decide(i, verb, self.checked(fields, c), c))

    def step(
        self,
        job: Work,
        number: int,
        hand: Hand,
        at: int | None,
        decided: Callable[[Item, Context], list[Event]],
        *,
        chosen: bool = False,
    ) -> Outcome:
        """Load, decide, apply: the middle of every command about one item."""
        job.current = number
        item = job.load(number)
        rules = job.rules(item)
        not_an_auditor(hand, rules.organisation)
        when = job.now if at is None else at
        if when > job.now:
            raise Refused("in_the_future", done_at=when, now_at=job.now)
        if when < item.effective_at:
            if at is not None:
                raise Refused("before_last_act", item=item.serial, done_at=when, last_at=item.effective_at)
            when = item.effective_at
        start = len(job.events)
        job.apply(decided(item, job.context(rules, hand, when, chosen=chosen)))
        return Outcome(job.before[number], job.items[number], tuple(job.events[start:]), job.settled_of(number), rules)

    def _compose(
        self,
        job: Work,
        number: int | None,
        rules: Rules,
        composite: Composite,
        fields: Fields,
        hand: Hand,
        at: int | None,
    ) -> Outcome:
        """Run the steps of a composite, each as its own event; every step gets those of the fields that it knows."""
        context = job.context(rules, hand, job.now)
        before = job.load(number) if number else None
        job.current = number or 0
        subject = before or decide.blank(job.reader.next_item(), context)
        decide.may_compose(subject, composite, context)
        given = decide.checked_fields(subject, composite, self.checked(fields, context), context)
        start = len(job.events)
        for step in composite.steps:
            constants = {name: decide.constant(value, context) for name, value in step.put.items()}
            if step.verb == "register":
                taken = _taken(given, rules.definition.register.fields)
                begun = register_one(job, rules, taken | constants, hand, at, chosen=True, salt=self.salt)
                number = begun.after.number
                continue

            def decided(
                item: Item, inner: Context, verb: str = step.verb, constants: dict[str, object] = constants
            ) -> list[Event]:
                chosen = decide.choose(item, verb, inner)
                return decide.decide(item, verb, _taken(given, chosen.fields) | constants, inner)

            self.step(job, number or 0, hand, at, decided, chosen=True)
        number = number or 0
        return Outcome(before, job.items[number], tuple(job.events[start:]), job.settled_of(number), rules)

    @staticmethod
    def checked(fields: Fields, context: Context) -> Fields:
        """Return fields as they are recorded; raises as `engine.field.checked` does."""
        return checked(fields, context.rules.definition, context.rules.organisation)

    # -- one transaction -------------------------------------------------------------------------------------------------------

    def _run(
        self,
        work: Callable[[Work], list[T]],
        hand: Hand,
        *,
        dry_run: bool,
        about: tuple[str, Sequence[int]],
        alone: bool = False,
    ) -> list[T]:
        """Do a command: `about` is its verb and the items it names."""
        if dry_run:
            with self.store.read() as reader:
                job = Work(reader, self.shelf, self.time.now(), guard=self.guard)
                if hand.is_delegated:
                    self._stands_in(reader, hand, job.now)
                return work(job)
        return until_kept(lambda: self._once(work, hand, about, alone=alone))

    def _once(
        self, work: Callable[[Work], list[T]], hand: Hand, about: tuple[str, Sequence[int]], *, alone: bool
    ) -> list[T]:
        refusal: Refused | Conflict | None = None
        outcomes: list[T] = []
        with self.store.write(about[1], alone=alone) as writer:
            if hand.command_id:
                repeated = repeated_by(writer.command(hand.command_id), about, hand)
                if repeated:
                    raise repeated
            job = Work(writer, self.shelf, self.moment(writer), guard=self.guard)
            try:
                if hand.is_delegated:
                    self._stands_in(writer, hand, job.now)
                outcomes = work(job)
            except (Refused, Conflict) as error:
                refusal = error
                job.forget()
                self._note_refusal(job, hand, about, error)
            job.flush(writer)
            for reporter in job.reporters if refusal is None else ():
                writer.put_reporter(reporter)
        if refusal is not None:
            raise refusal
        return outcomes

    def _stands_in(self, reader: Reader, hand: Hand, now: int) -> None:
        """Raise `Refused` unless the delegation an act rests on is in force at this instant, in this transaction."""
        hash_ = reader.current_hashes().get((ORGANISATION, "bureau"), "")
        self.shelf.organisation(reader, hash_).delegation(hand.enterer, hand.decider, now)

    def moment(self, writer: Writer) -> int:
        """Return the moment of a command: the clock's, but never before the last entry; simulated time is taken as it is.

        Raises `Unavailable("clock_behind")` when the clock lies far behind.
        """
        now, last = self.time.now(), writer.last_at()
        if now >= last or isinstance(self.time, SteppedTime):
            return now
        from engine.watch import not_before  # noqa: PLC0415 - only where a clock went back

        return not_before(now, last)

    def _note_refusal(self, job: Work, hand: Hand, about: tuple[str, Sequence[int]], error: SibanError) -> None:
        """Record that a command was refused, under the item it was about; the item itself stays as it is."""
        verb, named = about
        number = job.current or (named[0] if named else 0)
        item = job.items.get(number) or job.peek(number) if number else None
        if item is None:
            return
        context = job.context(job.rules(item), hand, job.now)
        shown = {key: value for key, value in error.data.items() if isinstance(value, (str, int, list))}
        job.events = [context.event(item.number, verb, {"code": error.code, "data": shown}, REFUSED)]


def _taken(given: Fields, known: tuple[str, ...]) -> dict[str, object]:
    return {name: value for name, value in given.items() if name in known}
