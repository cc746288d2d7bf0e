"""What the commands do, for the model: each one method, with the arguments that `Office` takes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from tests.model import SYSTEM, Hand, Model, No, copied

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Fields = Mapping[str, Any]
    Thing = dict[str, Any]

__all__ = ["SYSTEM", "Acts", "Hand", "No"]


class Acts(Model):
    """The model at work. A command that raises `No` has changed nothing but what had come due."""

    # -- commands ----------------------------------------------------------------------------------------------------------

    def register(self, fields: Fields, hand: Hand, at: datetime | None = None, *, draft: bool = False) -> int:
        """Register an item."""
        self._stands_in(hand)
        return self._register(fields, hand, at, draft=draft)

    def act(self, numbers: Sequence[int], verb: str, fields: Fields, hand: Hand, at: datetime | None = None) -> None:
        """Do a verb to items, all of them or none."""
        self._stands_in(hand)
        self._all_or_none(numbers, lambda item: self._act(item, verb, fields, hand, at))

    def mend(self, fields: Fields, hand: Hand) -> int:
        """Run the composite that begins with a registration."""
        self._stands_in(hand)
        composite = self._composite("mend")
        number = self.next_number()
        blank = {"fields": {}, "acts": {}, "state": "", "number": number, "round": 1}
        try:
            self._compose(blank, composite, fields, hand, None)
        except No:
            self.items.pop(number, None)
            raise
        return number

    def ask(self, number: int, kind: str, fields: Fields, hand: Hand, at: datetime | None = None) -> None:
        """Apply for something."""
        self._stands_in(hand)
        self._all_or_none([number], lambda item: self._ask(item, kind, fields, hand, self._when(item, hand, at)))

    def answer(self, number: int, ordinal: int, fields: Fields, hand: Hand, *, grant: bool) -> None:
        """Grant, pass on or refuse an application."""
        self._stands_in(hand)

        def work(item: Thing) -> None:
            self._answer(item, ordinal, fields, hand, self._when(item, hand, None), grant=grant)

        self._all_or_none([number], work)

    def comment(self, number: int, hand: Hand) -> None:
        """Remark on an item."""
        self._stands_in(hand)

        def work(item: Thing) -> None:
            at = self._when(item, hand, None)
            if not self.holds(["anyone"], hand.decider, item):
                raise No("not_allowed")
            self.done(item, "comment", hand.decider, at)

        self._all_or_none([number], work)

    def tick(self) -> None:
        """Let come what has come due, everywhere."""
        for item in self.items.values():
            self.settle(item)

    # -- one transaction ---------------------------------------------------------------------------------------------------

    def _all_or_none(self, numbers: Sequence[int], work: Any) -> None:  # noqa: ANN401 - what is done to an item
        self._seen: dict[int, Thing] = {}
        try:
            for number in dict.fromkeys(numbers):
                work(self._load(number))
        except No:
            self.items |= self._seen  # with what had come due
            raise
        for number in self._seen:
            self.settle(self.items[number])

    def _load(self, number: int) -> Thing:
        """Take an item up: what has come due comes first, and that stays."""
        if number not in self.items:
            raise No("unknown_item")
        if number not in self._seen:
            self.settle(self.items[number])
            self._seen[number] = copied(self.items[number])
        return self.items[number]

    def _stands_in(self, hand: Hand) -> None:
        if hand.delegated:
            why = self.bureau.may_stand_in(hand.enterer, hand.decider, self.now.date())
            if why:
                raise No(why)

    def _reads_only(self, hand: Hand) -> None:
        if {hand.decider, hand.enterer} & self.bureau.auditors:
            raise No("auditor_reads")

    def _when(self, item: Thing, hand: Hand, at: datetime | None) -> datetime:
        self._reads_only(hand)
        if at is None:
            latest: datetime = item["effective_at"]
            return max(self.now, latest)
        if at > self.now:
            raise No("in_the_future")
        if at < item["effective_at"]:
            raise No("before_last_act")
        return at

    # -- acts --------------------------------------------------------------------------------------------------------------

    def _composite(self, verb: str) -> Thing:
        found: Thing = next(c for c in self.text["composites"] if c["verb"] == verb)
        return found

    def next_number(self) -> int:
        """Number the next item after those of all workflows."""
        return len(self.others) + len(self.items) + 1

    def _register(
        self, fields: Fields, hand: Hand, at: datetime | None, *, draft: bool = False, chosen: bool = False
    ) -> int:
        if at and at > self.now:
            raise No("in_the_future")
        self._reads_only(hand)
        when, rule, number = at or self.now, self.text["register"], self.next_number()
        item: Thing = {
            "number": number, "state": "", "round": 1, "version": 0, "effective_at": when, "fields": {}, "acts": {},
            "year": when.year, "clocks": {}, "requests": [], "crossed": {}, "papers": {}, "wake": None,
        }  # fmt: skip
        if not chosen and not self.holds(rule["by"], hand.decider, item):
            raise No("not_allowed")
        given = self.given(rule, fields, item)
        self.guard(rule, item, given, when)
        self.keep(item, {k: v for k, v in given.items() if not self.text["fields"][k].get("private")})
        self._hands(item, "register", hand)
        answered = self.text["sources"][given["source"]]["feedback_to"]
        for name in ["addressees", *(["exempted"] if given.get("anonymous") else [])]:
            self._append(item, name, answered)
        self.done(item, "register", hand.decider, when)
        self.enter(item, "draft" if draft else "registered", when)
        self.move_clocks(item, {"verb": "register", "was": "", "acts": {}}, when, self.now)
        self.items[number] = item
        self.settle(item)
        return number

    def _act(self, item: Thing, verb: str, fields: Fields, hand: Hand, at: datetime | None) -> None:
        for composite in self.text["composites"]:
            here = item["state"] in composite.get("from", []) and self.fits(composite.get("when", {}), item)
            if composite["verb"] == verb and here:
                self._compose(item, composite, fields, hand, at)
                return
        self._step(item, verb, fields, hand, self._when(item, hand, at))

    def _compose(self, item: Thing, composite: Thing, fields: Fields, hand: Hand, at: datetime | None) -> None:
        if not self.holds(composite["by"], hand.decider, item):
            raise No("not_allowed")
        if self.same_human(composite.get("not_same_as", []), hand, item):
            raise No("same_person")
        given = self.given(composite, fields, item)
        for step in composite["steps"]:
            verb, put = step["verb"], {k: self._constant(v, hand) for k, v in step.get("put", {}).items()}
            if verb == "register":
                rule = self.text["register"]
                number = self._register(self._taken(given, rule) | put, hand, at, chosen=True)
                item = self.items[number]
                continue
            when = self._when(item, hand, at)
            rule = self.variant(item, verb, hand, chosen=True)
            self._carry_out(item, rule, self._taken(given, rule) | put, hand, when)
            self.settle(item)
            self.visited.add((composite["verb"], verb))

    @staticmethod
    def _taken(given: Fields, rule: Thing) -> Thing:
        known = {name.partition(":")[0] for name in rule.get("require", [])} | set(rule.get("optional", []))
        return {name: value for name, value in given.items() if name in known}

    def _step(self, item: Thing, verb: str, fields: Fields, hand: Hand, at: datetime) -> None:
        rule = self.variant(item, verb, hand)
        was = item["state"]
        self._carry_out(item, rule, fields, hand, at)
        self.visited.add((f"{verb}#{self.text['transitions'].index(rule)}", was))

    def _carry_out(self, item: Thing, rule: Thing, fields: Fields, hand: Hand, at: datetime) -> None:
        given = self.given(rule, fields, item)
        self.guard(rule, item, given, at)
        before, was, verb = copied(item), item["state"], rule["verb"]
        kept = {
            name: item["fields"][source] for name, source in rule.get("copy", {}).items() if source in item["fields"]
        }
        kept |= {
            name: value
            for name, source in rule.get("copy", {}).items()
            if "." in source and (value := self.referred(item, given, source)) is not None
        }
        kept |= given | {k: v for k, v in self._put(item, rule, hand, at).items() if v is not None}
        left = self.unanswered(item)
        moves_on = kept.get("lead_unit", item["fields"].get("lead_unit")) != item["fields"].get("lead_unit")
        to = str(rule.get("to", was))
        self.void(item, "" if moves_on else to)
        if rule.get("new_round"):
            item |= {"round": item["round"] + 1, "acts": {}, "papers": {}}
        for name in rule.get("clears", []):
            item["fields"].pop(name, None)
        self.keep(item, kept)
        self._hands(item, verb, hand)
        self.done(item, verb, hand.decider, at)
        if "to" in rule:
            self.enter(item, to, at)
        act = {"verb": verb, "was": was, "acts": before["acts"], "restarts": rule.get("restarts", [])}
        self.move_clocks(item, act, at, self.now)
        self.new_dues(item, before, at, self.now)
        self._close(item, was, at)
        self.settle(item)
        if rule.get("absorb"):
            other = self._load(given["into"])
            self._append(other, "addressees", [f"{name}@{self._serial(item)}" for name in left])
            self.done(other, "absorb", hand.decider, at)
            self.settle(other)

    def _close(self, item: Thing, was: str, at: datetime) -> None:
        """Pronounce the verdict where the act has closed the item."""
        if item["state"] == was or self.text["states"][item["state"]]["stage"] != "closed":
            return
        item["closed_at"] = at
        run = item["clocks"].get("total")
        if run and run["stopped"] is not None:
            due = self.due(item, "total")
            item["fields"]["on_time"] = due is None or run["stopped"] <= due

    def _serial(self, item: Thing) -> str:
        return f"ZG{item['year']}-{item['number']:04d}"

    def _put(self, item: Thing, rule: Thing, hand: Hand, at: datetime) -> Thing:
        """The constants of an act; two of them are days of the item before it, where there are such."""
        run, due = item["clocks"].get("total"), self.due(item, "total")
        day = (due - timedelta(microseconds=1)).date().isoformat() if due else None
        late = run and due and (run["stopped"] or at) > due
        days = {"@due_on": day, "@late_due_on": day if late else None}
        return {k: days[v] if v in ("@due_on", "@late_due_on") else self._constant(v, hand)
                for k, v in rule.get("put", {}).items()}  # fmt: skip

    def _constant(self, value: Any, hand: Hand) -> Any:  # noqa: ANN401 - whatever a field holds
        words = {"@decider": hand.decider, "@decider.unit": self.bureau.officers.get(hand.decider, {}).get("unit", "")}
        return words.get(value, value) if isinstance(value, str) else value

    def _hands(self, item: Thing, verb: str, hand: Hand) -> None:
        if hand.delegated:
            about = verb if verb.startswith("request-") else f"{item['round']}:{verb}"
            self._append(item, "hands", [f"{about}:{hand.enterer}"])

    @staticmethod
    def _append(item: Thing, name: str, values: Sequence[str]) -> None:
        item["fields"][name] = [*item["fields"].get(name, []), *values]

    # -- applications ------------------------------------------------------------------------------------------------------

    def _ask(self, item: Thing, name: str, fields: Fields, hand: Hand, at: datetime) -> None:
        kind = self.text["requests"].get(name)
        if kind is None or item["state"] not in kind["from"]:
            raise No("request_not_here")
        if not self.holds(kind["by"], hand.decider, item):
            raise No("not_allowed")
        given = self.given(kind, fields, item)
        self.guard(kind | {"kind": name}, item, given, at)
        mine = [r for r in item["requests"] if r["kind"] == name]
        if any(r["open"] for r in mine):
            raise No("request_open")
        opened = item["acts"].get("reopen", {"at": datetime.min})["at"]  # noqa: DTZ901 - civil time, as all here
        used = [r for r in mine if r["state"] == "granted" and r["made_at"] >= opened]
        if len(used) >= kind.get("max_granted", 999):
            raise No("request_used_up")
        due = self.due(item, "total")
        timely = due is None or at <= due
        if kind.get("before_due") and not timely:
            raise No("request_too_late")
        since = [item["acts"][verb]["at"] for verb in kind.get("window_from", ()) if verb in item["acts"]]
        if since and at > self.count.end_of(max(since), kind["window"]):
            raise No("request_window_over")
        self._reasonable(item, kind, given.get(kind.get("until")), at)
        ordinal = len(item["requests"]) + 1
        item["requests"].append(
            {
                "ordinal": ordinal, "kind": name, "state": "open", "open": True, "made_by": hand.decider, "made_at": at,
                "made_in": item["state"], "timely": timely, "lapses_at": self.count.end_of(at, kind["lapses_after"]),
                "fields": given,
            }
        )  # fmt: skip
        self._hands(item, f"request-{ordinal}", hand)
        self.done(item, "request", hand.decider, at)
        self.settle(item)

    def _base(self, item: Thing, kind: Thing, at: datetime) -> date:
        due = self.due(item, kind["moves"]) if kind.get("moves") else None
        return (due - timedelta(microseconds=1) if due else at).date()

    def _reach(self, base: date, length: str) -> str:
        end = self.count.end_of(datetime.combine(base, time()), length, roll=False)
        return (end - timedelta(microseconds=1)).date().isoformat()

    def _reasonable(self, item: Thing, kind: Thing, until: str | None, at: datetime) -> None:
        if not until:
            return
        base = self._base(item, kind, at)
        if until <= base.isoformat():
            raise No("request_not_later")
        if kind.get("longest") and until > self._reach(base, kind["longest"]):
            raise No("request_too_long")

    def deciders(self, item: Thing, request: Thing, until: str = "") -> list[str]:
        """Whose turn it is to answer a request."""
        kind = self.text["requests"][request["kind"]]
        if request["state"] == "open" and kind.get("endorse"):
            return list(kind["endorse"])
        asked = until or request["fields"].get(kind.get("until"))
        base = self._base(item, kind, request["made_at"])
        for row in kind["approve"]:
            near = not row.get("up_to") or not asked or asked <= self._reach(base, row["up_to"])
            if all(item["fields"].get(name, "") == value for name, value in row.get("when", {}).items()) and near:
                return list(row["by"])
        return list(kind["approve"][-1]["by"])

    def _answer(self, item: Thing, ordinal: int, fields: Fields, hand: Hand, at: datetime, *, grant: bool) -> None:
        if not 0 < ordinal <= len(item["requests"]):
            raise No("unknown_request")
        request = item["requests"][ordinal - 1]
        if not request["open"]:
            raise No("request_decided")
        kind, verb = self.text["requests"][request["kind"]], "grant" if grant else "refuse"
        endorses = grant and request["state"] == "open" and bool(kind.get("endorse"))
        dated = grant and not endorses and kind.get("until")
        if set(fields) - {"opinion"} - ({"until"} if dated else set()):
            raise No("field_not_taken")
        until = fields.get("until", "")
        if not self.holds(self.deciders(item, request, until), hand.decider, item):
            raise No("not_allowed")
        asked = {request["made_by"]}
        asked |= {h.split(":")[1] for h in item["fields"].get("hands", ()) if h.startswith(f"request-{ordinal}:")}
        here = {hand.decider} | ({hand.enterer} if hand.delegated else set())
        if {self.bureau.human(one) for one in asked} & {self.bureau.human(one) for one in here}:
            raise No("same_person")
        if not grant and not fields.get("opinion"):
            raise No("missing_field")
        if grant:
            self._reasonable(item, kind, until or request["fields"].get(kind.get("until")), at)
        request |= {"state": "endorsed" if endorses else "granted" if grant else "refused", "open": endorses}
        before, was = copied(item), item["state"]
        if grant and not endorses:
            self._grant(item, request, until, at)
        self.done(item, verb, hand.decider, at)
        if grant and not endorses:
            if kind.get("to"):
                self.void(item, "")
                self.enter(item, kind["to"], at)
                self.visited.add((f"request:{request['kind']}", was))
                self.move_clocks(item, {"verb": "grant", "was": was, "acts": before["acts"]}, at, self.now)
            if kind.get("wakes"):
                end = date.fromisoformat(until or request["fields"][kind["until"]]) + timedelta(days=1)
                item["wake"] = (datetime.combine(end, time()), kind["wakes"])
            self.new_dues(item, before, at, self.now)
            self._close(item, was, at)
        self.settle(item)

    def _grant(self, item: Thing, request: Thing, until: str, at: datetime) -> None:
        kind = self.text["requests"][request["kind"]]
        name = kind.get("until")
        asked = request["fields"] | ({name: until} if until else {})
        kept = dict(kind.get("put", {}))
        kept |= {to: asked[source] for to, source in kind.get("copy", {}).items() if source in asked}
        self.keep(item, kept)
        if kind.get("moves") and asked.get(name):
            moved = self.count.days.close(date.fromisoformat(asked[name]))
            item["clocks"][kind["moves"]]["moves"].append((at, moved))
