"""The whole workflow once more, plainly: dictionaries, civil time, and a definition read as TOML says it.

It shares no code with `engine/`. What it says is compared with what `Office` does, act by act (tests/integration/test_model.py). Due
moments are those of the slow clock. What a definition may say and siban does not is not here.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.model_time import Count

    Fields = Mapping[str, Any]
    Thing = dict[str, Any]

NOTHING: tuple[Any, ...] = (None, "", [], ())
SYSTEM = "system"
REMARKS = ("comment", "absorb")


class No(Exception):
    """The model's refusal, by the code that the engine has for it."""

    def __init__(self, code: str, guard: str = "") -> None:
        """Keep the code, and the guard that said it."""
        super().__init__(code)
        self.code, self.guard = code, guard


class Hand:
    """Who decides and who enters; `delegated` when the one stands in for the other."""

    def __init__(self, decider: str, enterer: str = "", *, delegated: bool = False) -> None:
        """Take both; by oneself it is one."""
        self.decider, self.enterer, self.delegated = decider, enterer or decider, delegated


class Bureau:
    """Who is who, read from the organisation's file."""

    def __init__(self, data: Fields) -> None:
        """Take it apart."""
        self.data = data["organisation"]
        self.units = {unit["id"]: unit for unit in data["units"]}
        self.officers = {officer["id"]: officer for officer in data["officers"]}
        self.bodies = {body["id"] for body in data["bodies"]}
        self.auditors = {key for key, officer in self.officers.items() if officer.get("role") == "auditor"}
        self.delegations = data["delegations"]

    def human(self, person: str) -> str:
        """The human being at a desk."""
        return str(self.officers.get(person, {}).get("person") or person)

    def staff(self, unit: str) -> list[str]:
        """The unit's head and deputy, then all of its officers."""
        if unit not in self.units:
            return []
        found = [self.units[unit].get("head", ""), self.units[unit].get("deputy", "")]
        found += [key for key, officer in self.officers.items() if officer["unit"] == unit]
        return [one for one in dict.fromkeys(found) if one]

    def heads(self, unit: str) -> list[str]:
        """The unit's head and deputy."""
        return [one for one in (self.units[unit].get("head"), self.units[unit].get("deputy")) if one]

    def may_stand_in(self, taker: str, giver: str, day: date) -> str:
        """Why one may not act for another on a day; empty when one may."""
        ways = [d for d in self.delegations if (d["from"], d["to"]) == (giver, taker)]
        if any(d["since"] <= day.isoformat() <= d["until"] for d in ways):
            return ""
        if any(d["until"] < day.isoformat() for d in ways):
            return "delegation_over"
        return "delegation_not_begun" if ways else "no_delegation"


class Model:
    """Every item as a dictionary, and every act as the rules have it."""

    def __init__(
        self, definition: Fields, bureau: Fields, count: Count, now: datetime, others: Mapping[int, Thing]
    ) -> None:
        """Begin with nothing but `others`: items of other workflows, which stay as they are and may be referred to."""
        self.text, self.bureau, self.count, self.now, self.others = definition, Bureau(bureau), count, now, others
        self.verbs = {t["verb"] for t in definition["transitions"]} | {c["verb"] for c in definition["composites"]}
        self.items: dict[int, Thing] = {}
        self.visited: set[tuple[str, str]] = set()
        self.refused: set[tuple[str, str]] = set()

    # -- who ---------------------------------------------------------------------------------------------------------------

    def people(self, role: str, item: Thing) -> list[str]:
        """Everybody who stands in a relation to an item, the one to turn to first at the head."""
        b, f = self.bureau, item["fields"]
        lead = f.get("lead_unit", "")
        supervisor = f.get("lead_office") or b.data["supervising_unit"]
        alternate = b.data["alternate_unit"]
        verifier = next((u for u in (supervisor, alternate) if u not in (lead, *f.get("co_units", ()))), alternate)
        handler = f.get("handler", "")
        named = [handler] if handler and (not lead or handler in b.staff(lead)) else []
        rest = (b.heads(lead) if handler else b.staff(lead)) if lead else []
        principals = [b.data["principal"], b.data["principal_deputy"]]
        in_charge = [str(unit["in_charge"]) for unit in b.units.values() if unit.get("in_charge")]
        found: dict[str, Callable[[], list[str]]] = {
            "anyone": lambda: list(b.officers),
            "registrar": lambda: item["acts"].get("register", {"by": []})["by"],
            "supervisor": lambda: b.staff(supervisor),
            "supervisor.head": lambda: b.heads(supervisor),
            "supervisor.verifier": lambda: b.staff(verifier),
            "lead_unit": lambda: b.staff(lead),
            "lead_unit.head": lambda: b.heads(lead) if lead else [],
            "lead_unit.handler": lambda: named or rest,
            "co_units": lambda: [one for unit in f.get("co_units", ()) for one in b.staff(unit)],
            "leader.in_charge": lambda: [b.units.get(lead, {}).get("in_charge") or principals[0]],
            "leader.principal": lambda: principals,
            "leader": lambda: [*dict.fromkeys([*in_charge, principals[0]])],
            "commander": lambda: [f["commander"]] if f.get("commander") else [],
            "body": lambda: [b.data["governing_body"]],
        }
        return found[role]()

    def holds(self, roles: list[str], who: str, item: Thing) -> bool:
        """Whether somebody stands in one of the relations."""
        return who not in self.bureau.auditors and any(who in self.people(role, item) for role in roles)

    def desk(self, item: Thing) -> list[str]:
        """On whose desk it lies: those who own the state."""
        state = self.text["states"][item["state"]]
        role = state.get("owners", {}).get(item["fields"].get("track", ""), state.get("owner", ""))
        return self.people(role, item)[:3] if role else []

    def same_human(self, verbs: list[str], hand: Hand, item: Thing) -> str:
        """Which of the verbs a human being at work now had a hand in, in this round."""
        here = {self.bureau.human(hand.decider)} | ({self.bureau.human(hand.enterer)} if hand.delegated else set())
        for verb in verbs:
            did = list(item["acts"].get(verb, {"by": ()})["by"])
            did += [
                h.rpartition(":")[2]
                for h in item["fields"].get("hands", ())
                if h.startswith(f"{item['round']}:{verb}:")
            ]
            if verb in item["acts"] and {self.bureau.human(one) for one in did} & here:
                return verb
        return ""

    # -- what acts ask for -------------------------------------------------------------------------------------------------

    @staticmethod
    def fits(when: Fields, item: Thing) -> bool:
        """Whether a rule is for such an item."""
        return all(item["fields"].get(name, "") in values for name, values in when.items())

    def variant(self, item: Thing, verb: str, hand: Hand, *, chosen: bool = False) -> Thing:
        """The variant of a verb that applies."""
        here: list[Thing] = [
            t
            for t in self.text["transitions"]
            if t["verb"] == verb and item["state"] in t["from"] and self.fits(t.get("when", {}), item)
        ]
        if not here:
            act = item["acts"].get(verb)
            if act and act["at"] == item["effective_at"] and hand.decider not in act["by"]:
                raise No("done_by_other")
            raise No("not_in_state" if verb in self.verbs else "unknown_verb")
        mine = here if chosen else [t for t in here if self.holds(t["by"], hand.decider, item)]
        if not mine:
            raise No("not_allowed")
        for t in mine:
            if not self.same_human(t.get("not_same_as", []), hand, item):
                return t
        raise No("same_person")

    def given(self, about: Thing, fields: Fields, item: Thing) -> Thing:
        """The fields of an act, when it takes them and has what it needs."""
        required = [name.partition(":") for name in about.get("require", [])]
        if set(fields) - {name for name, _, _ in required} - set(about.get("optional", [])):
            raise No("field_not_taken")
        missing = False
        for name, _, least in required:
            kept = item["fields"].get(name) if self.text["fields"][name].get("keep") else None
            value = fields.get(name, kept)
            if value in NOTHING:
                missing = True
            elif least and len(value) < int(least):
                raise No("field_too_short")
        if missing:
            raise No("missing_field")
        return dict(fields)

    def guard(self, about: Thing, item: Thing, fields: Fields, at: datetime) -> None:
        """Let every guard of an act look."""
        for named in about.get("guards", []):
            name, _, argument = named.partition(":")
            code = getattr(self, f"_{name}")(item, fields, argument, at)
            if code:
                self.refused.add((str(about.get("verb") or about.get("kind", "register")), named))
                raise No(code, named)

    def _limit_given(self, item: Thing, fields: Fields, tracks: str, _at: datetime) -> str:
        both = item["fields"] | dict(fields)
        named, _, other = tracks.partition("=")
        dated = both.get("limit") or both.get(other)
        return "limit_needed" if both.get("track") in named.split("|") and not dated else ""

    def _limit_unclear(self, item: Thing, _fields: Fields, _argument: str, _at: datetime) -> str:
        run, f = item["clocks"].get("total"), item["fields"]
        if run and (run["stopped"] is not None or run["moves"]):
            return "limit_clear"
        unread = f.get("limit_text") and not any(f.get(name) for name in self.limit_names())
        return "" if unread or (run and not self.limit("total", item)) else "limit_clear"

    def _given(self, _item: Thing, fields: Fields, names: str, _at: datetime) -> str:
        return "missing_field" if any(fields.get(name) in NOTHING for name in names.split("|")) else ""

    def _given_one(self, _item: Thing, fields: Fields, names: str, _at: datetime) -> str:
        return "missing_field" if all(fields.get(name) in NOTHING for name in names.split("|")) else ""

    def _refers(self, item: Thing, fields: Fields, argument: str, _at: datetime) -> str:
        name, _, wanted = argument.partition("=")
        workflow, _, states = wanted.partition(".")
        number = (item["fields"] | dict(fields)).get(name)
        if number in NOTHING:
            return ""
        other = self.others.get(number)
        fits = other and other["workflow"] == workflow and other["state"] in states.split("|")
        return "" if fits else "refers_elsewhere"

    def referred(self, item: Thing, fields: Fields, source: str) -> Any:  # noqa: ANN401 - whatever a field holds
        """A field of the item that another field refers to."""
        relation, _, name = source.partition(".")
        other = self.others.get((item["fields"] | dict(fields)).get(relation))
        return other["fields"].get(name) if other else None

    def _within(self, item: Thing, fields: Fields, argument: str, _at: datetime) -> str:
        name, _, source = argument.partition("=")
        value, latest = (item["fields"] | dict(fields)).get(name) or "", self.referred(item, fields, source)
        return "too_late_for" if latest and "-" in value and value > latest else ""

    def _given_when(self, item: Thing, fields: Fields, argument: str, _at: datetime) -> str:
        condition, _, other = argument.partition(":")
        name, _, value = condition.partition("=")
        both = item["fields"] | dict(fields)
        return "missing_field" if both.get(name) == value and both.get(other) in NOTHING else ""

    def _stands(self, item: Thing, fields: Fields, argument: str, _at: datetime) -> str:
        name, _, role = argument.partition("=")
        return "" if self.holds([role], (item["fields"] | dict(fields)).get(name, ""), item) else "not_in_role"

    def _lead_not_co(self, item: Thing, fields: Fields, _argument: str, _at: datetime) -> str:
        both = item["fields"] | dict(fields)
        return "lead_among_co_units" if both.get("lead_unit") in both.get("co_units", []) else ""

    def _measures_within(self, item: Thing, fields: Fields, _argument: str, _at: datetime) -> str:
        due = self.due(item, "total")
        last = fields.get("proposed_due") or ((due - timedelta(microseconds=1)).date().isoformat() if due else "9999")
        for measure in (item["fields"] | dict(fields)).get("measures", []):
            if not measure.get("due"):
                return "measure_undated"
            if measure["due"] > last:
                return "measure_too_late"
        return ""

    def _measures_done(self, item: Thing, fields: Fields, _argument: str, _at: datetime) -> str:
        f = item["fields"]
        if (f | dict(fields)).get("all_measures_done"):
            return ""
        said = [
            str(x) for name in ("measure_done", "measure_dropped") for x in [*f.get(name, []), *fields.get(name, [])]
        ]
        left = {str(n) for n in range(1, len(f.get("measures", [])) + 1)} - {x.partition(":")[0] for x in said}
        return "measures_left" if left else ""

    def _co_units_reported(self, item: Thing, fields: Fields, _argument: str, _at: datetime) -> str:
        f = item["fields"]
        left = set(f.get("co_units", [])) - set(f.get("co_reported", []))
        return "co_units_left" if left and not (f | dict(fields)).get("without_co_units") else ""

    def unanswered(self, item: Thing) -> list[str]:
        """Who must still be answered."""
        f = item["fields"]
        return [one for one in f.get("addressees", []) if one not in [*f.get("told", []), *f.get("exempted", [])]]

    def _answer_due(self, item: Thing, fields: Fields, argument: str, _at: datetime) -> str:
        return "not_an_addressee" if set(fields.get(argument or "told", [])) - set(item["fields"]["addressees"]) else ""

    def _answered(self, item: Thing, fields: Fields, _argument: str, _at: datetime) -> str:
        return "unanswered" if set(self.unanswered(item)) - set(fields.get("told", [])) else ""

    @staticmethod
    def _since(item: Thing, verb: str, other: str) -> bool:
        act, before = item["acts"].get(verb), item["acts"].get(other)
        return bool(act) and (not before or act["at"] >= before["at"])

    def _called_back(self, item: Thing, _fields: Fields, _argument: str, _at: datetime) -> str:
        f = item["fields"]
        asks = self.text["sources"][f["source"]].get("call_back")
        told = set(f.get("told", [])) - set(f.get("exempted", []))
        return "not_called_back" if asks and told and not self._since(item, "call_back", "answer") else ""

    @staticmethod
    def _bad(item: Thing) -> bool:
        f = item["fields"]
        return bool(f.get("satisfaction") == "dissatisfied" or f.get("solved") == "unsolved")

    def _is_dissatisfied(self, item: Thing, _fields: Fields, _argument: str, _at: datetime) -> str:
        return "" if self._bad(item) else "not_dissatisfied"

    def _not_dissatisfied(self, item: Thing, _fields: Fields, _argument: str, _at: datetime) -> str:
        return "dissatisfied" if self._bad(item) else ""

    def _no_open_request(self, item: Thing, _fields: Fields, _argument: str, _at: datetime) -> str:
        return "request_open" if any(r["open"] for r in item["requests"]) else ""

    def _publicity_over(self, item: Thing, _fields: Fields, _argument: str, at: datetime) -> str:
        return "publicity_running" if at.date().isoformat() <= item["fields"].get("publicity_until", "") else ""

    def _signed_off(self, item: Thing, _fields: Fields, argument: str, _at: datetime) -> str:
        track, _, verb = argument.partition("=")
        wanted = item["fields"].get("track") == track
        return "not_signed_off" if wanted and not self._since(item, verb, "report_done") else ""

    def _first_time(self, item: Thing, _fields: Fields, verb: str, _at: datetime) -> str:
        return "done_once" if verb in item["acts"] else ""

    def _done_before(self, item: Thing, _fields: Fields, verb: str, _at: datetime) -> str:
        return "" if verb in item["acts"] else "not_done_before"

    def _lasts(self, item: Thing, fields: Fields, argument: str, at: datetime) -> str:
        name, _, length = argument.partition("=")
        earliest = self.count.workdays_on(at.date(), int(length.removesuffix("wd")))
        return "too_short" if (item["fields"] | dict(fields)).get(name, "") < earliest.isoformat() else ""

    def _percent_not_less(self, item: Thing, fields: Fields, _argument: str, _at: datetime) -> str:
        less = fields.get("percent", 100) < item["fields"].get("percent", 0)
        return "percent_less" if less and not fields.get("less_reason") else ""

    def _result_is(self, item: Thing, fields: Fields, argument: str, _at: datetime) -> str:
        result = (item["fields"] | dict(fields)).get("result_class", "")
        return "result_not_final" if result and result not in argument.split("|") else ""

    def _not_designated(self, item: Thing, _fields: Fields, _argument: str, _at: datetime) -> str:
        return "designated" if item["fields"].get("designated") else ""

    def _merge_target(self, item: Thing, fields: Fields, _argument: str, _at: datetime) -> str:
        other = self.items.get(fields["into"])
        if fields["into"] in self.others:
            return "merge_closed"
        if other is None:
            return "unknown_item"
        if other is item:
            return "merge_self"
        return "merge_closed" if self.text["states"][other["state"]]["stage"] == "closed" else ""

    def _lead_changes(self, item: Thing, fields: Fields, _argument: str, _at: datetime) -> str:
        return "same_unit" if fields["lead_unit"] == item["fields"].get("lead_unit") else ""

    def _reporter_known(self, _item: Thing, fields: Fields, _argument: str, _at: datetime) -> str:
        asks = self.text["sources"][fields["source"]].get("reporter")
        return "reporter_needed" if asks and not fields.get("reporter") and not fields.get("anonymous") else ""

    def _overdue_when_closed(self, item: Thing, _fields: Fields, _argument: str, _at: datetime) -> str:
        return "" if item["fields"].get("on_time") is False else "not_overdue"

    # -- clocks ------------------------------------------------------------------------------------------------------------

    def limit_names(self) -> list[str]:
        """Name the fields that the main clock's limit may be read from."""
        rule = self.text["clocks"]["total"]["limit"]
        said = [one for track, limits in rule.items() if track != "by" for one in limits]
        return [one[1:] for one in said if one.startswith("@")]

    def limit(self, clock: str, item: Thing) -> str:
        """The limit that holds for an item, "" while none is said."""
        return self._limit(self.text["clocks"][clock]["limit"], item["fields"])

    def _limit(self, rule: Any, fields: Thing) -> str:  # noqa: ANN401 - as TOML has it
        if isinstance(rule, list):
            return next((found for one in rule if (found := self._limit(one, fields))), "")
        if isinstance(rule, dict):
            value = fields.get(rule["by"], "")
            chosen = rule.get(str(value))
            return self._limit(chosen, fields) if chosen else ""
        return str(fields.get(rule[1:], "")) if rule.startswith("@") else str(rule)

    def due(self, item: Thing, clock: str, run: Thing | None = None) -> datetime | None:
        """The moment after which a clock is overdue."""
        found = run or item["clocks"].get(clock)
        return self.count.due(found, self.limit(clock, item)) if found else None

    def move_clocks(self, item: Thing, act: Thing, at: datetime, known: datetime) -> None:
        """Do to each clock what an act does that leads from `act["was"]` to the item's present state."""
        verb, was, to = act["verb"], act["was"], item["state"]
        for name, clock in self.text["clocks"].items():
            run, runs, waits = item["clocks"].get(name), clock["runs_in"], clock.get("pauses_in", [])
            if name in act.get("restarts", ()) and to in runs:
                item["clocks"][name] = _begun(run, at, known)
            elif run and run["stopped"] is None:
                self._go_on(item, clock, run, act, at)
            elif to in runs and verb != clock.get("stops_at"):
                starts = verb in clock["starts_at"] if "starts_at" in clock else was not in [*runs, *waits]
                if not starts or (run and clock.get("counts") == "once"):
                    continue
                if run and clock.get("counts") == "life":  # it goes on; the time between was no time of its
                    run["pauses"].append([run["stopped"], at])
                    run["stopped"] = None
                else:
                    item["clocks"][name] = _begun(run, at, known)

    def _go_on(self, item: Thing, clock: Thing, run: Thing, act: Thing, at: datetime) -> None:
        to, was, stops = item["state"], act["was"], clock.get("stops_at")
        stands = bool(run["pauses"]) and run["pauses"][-1][1] is None
        if act["verb"] == stops and to == was:
            _stop(run, at)
        elif to in clock.get("pauses_in", []):
            if not stands:
                run["pauses"].append([at, None])
        elif to in clock["runs_in"]:
            if stands:
                run["pauses"][-1][1] = at
        else:
            report = act["acts"].get(stops) if self.text["states"][was]["stage"] == "verify" else None
            passed = report["at"] if report and act["verb"] != stops else at
            _stop(run, max(passed, run["started"]))

    def new_dues(self, item: Thing, before: Thing, at: datetime, known: datetime) -> None:
        """After an act: a new limit holds as said whatever stood still before, and a later due moment begins a new cycle."""
        for name, run in item["clocks"].items():
            old, clock = before["clocks"].get(name), self.text["clocks"][name]
            if old is None or run["stopped"] is not None or old["cycle"] != run["cycle"]:
                continue
            was = self.due(before, name, run | {"moves": old["moves"]})
            due, limit = self.due(item, name), self.limit(name, item)
            moves = list(run["moves"])
            renewed = limit and limit != self.limit(name, before) and run["moves"] == old["moves"]
            if renewed and (run["pauses"] or run["moves"]):
                plain = run | {"moves": []} | ({"pauses": []} if limit[4:5] == "-" else {})
                due = self.due(item, name, plain)
                moves.append([at, due])
            beside = clock.get("not_before")
            other = item["clocks"].get(beside) if old["stopped"] is not None and beside else None
            late = self.due(before, name)
            if other and other["stopped"] is None and due and late and old["stopped"] <= late:
                least = self.due(item, beside)
                if least and due < least:
                    due = least
                    moves.append([at, due])
            run["moves"] = moves
            if due and (was is None or due > was):
                run |= {"cycle": run["cycle"] + 1, "since": known}

    # -- what comes by itself ----------------------------------------------------------------------------------------------

    def coming(self, item: Thing) -> tuple[datetime, int, str, int, int] | None:
        """What comes next by itself: (when, 0 an end of suspension · 1 a lapse · 2 a rung, clock, cycle, level or ordinal)."""
        found = [(item["wake"][0], 0, "", 0, 0)] if item["wake"] else []
        found += [(r["lapses_at"], 1, "", 0, r["ordinal"]) for r in item["requests"] if r["open"] and r["lapses_at"]]
        for name, run in item["clocks"].items():
            if run["stopped"] is None and not (run["pauses"] and run["pauses"][-1][1] is None):
                found += self._rungs(item, name, run)
        return min(found, default=None)

    def _rungs(self, item: Thing, name: str, run: Thing) -> list[tuple[datetime, int, str, int, int]]:
        found = []
        due, limit = self.due(item, name), self.limit(name, item)
        for rung in self.text["ladders"][self.text["clocks"][name]["ladder"]]:
            cycle = run["cycle"] if "at" in rung else item["round"]
            waits = any(r["open"] and r["timely"] and r["kind"] in rung.get("held_by", []) for r in item["requests"])
            if (name, cycle, rung["level"]) in item["crossed"] or waits:
                continue
            if "at" not in rung:
                at = self._set_off(item, rung)
            elif due is None:
                continue
            else:
                at = self.count.near(run, limit, due) if rung["at"] == "near" else self.count.offset(due, rung["at"])
                if at < run["since"]:
                    continue
            if at:
                found.append((at, 2, name, cycle, rung["level"]))
        return found

    @staticmethod
    def _set_off(item: Thing, rung: Thing) -> datetime | None:
        what, _, name = rung["on"].partition(":")
        if what == "verb":
            act = item["acts"].get(name)
            return act["at"] if act and act["times"] >= rung["times"] else None
        enough = item["papers"].get(name, 0) >= rung["times"]
        return max(item["effective_at"], *item["crossed"].values()) if enough else None

    def settle(self, item: Thing) -> None:
        """Let come what has come due."""
        while (found := self.coming(item)) and found[0] <= self.now:
            at, kind, clock, cycle, level = found
            if kind == 2:
                rungs = self.text["ladders"][self.text["clocks"][clock]["ladder"]]
                paper = next(rung for rung in rungs if rung["level"] == level).get("paper")
                item["crossed"][clock, cycle, level] = at
                if paper:
                    item["papers"][paper] = item["papers"].get(paper, 0) + 1
                item["version"] += 1
                continue
            before = copied(item)
            if kind == 1:
                item["requests"][level - 1] |= {"state": "lapsed", "open": False}
                self.done(item, "lapse", SYSTEM, at)
                continue
            verb, was = item["wake"][1], item["state"]
            to = next(t["to"] for t in self.text["transitions"] if t["verb"] == verb and was in t["from"])
            self.done(item, verb, SYSTEM, at)
            self.enter(item, to, at)
            self.void(item, to)
            self.move_clocks(item, {"verb": verb, "was": was, "acts": before["acts"]}, at, at)
            self.new_dues(item, before, at, at)

    # -- small changes -----------------------------------------------------------------------------------------------------

    def done(self, item: Thing, verb: str, who: str, at: datetime) -> None:
        """Write down that an act was done."""
        act = item["acts"].get(verb, {"times": 0, "by": []})
        by = act["by"] if who in act["by"] else [*act["by"], who]
        item["acts"] = item["acts"] | {verb: {"times": act["times"] + 1, "by": by, "at": at}}
        item["version"] += 1
        if verb not in REMARKS:
            item["effective_at"] = max(item["effective_at"], at)

    @staticmethod
    def enter(item: Thing, state: str, at: datetime) -> None:
        """Come to a state, be it the same one."""
        item |= {"state": state, "since": at, "wake": None, "closed_at": None}

    @staticmethod
    def void(item: Thing, to: str) -> None:
        """End the requests that were made in another state than the one the item comes to."""
        for request in item["requests"]:
            if request["open"] and request["made_in"] != to:
                request |= {"state": "void", "open": False}

    def keep(self, item: Thing, fields: Fields) -> None:
        """Keep what the definition says is kept."""
        for name, value in fields.items():
            field = self.text["fields"].get(name, {"keep": "replace"})
            if field.get("keep") == "replace":
                item["fields"][name] = value
            elif field.get("keep") == "append":
                item["fields"].setdefault(name, [])
                item["fields"][name] = [*item["fields"][name], *(value if isinstance(value, list) else [value])]


def _begun(run: Thing | None, at: datetime, known: datetime) -> Thing:
    return {
        "cycle": run["cycle"] + 1 if run else 1,
        "started": at,
        "since": known,
        "pauses": [],
        "moves": [],
        "stopped": None,
    }


def _stop(run: Thing, at: datetime) -> None:
    run["pauses"] = [[a, at if b is None else min(b, at)] for a, b in run["pauses"] if a < at]
    run["stopped"] = at


def copied(item: Thing) -> Thing:
    """Copy as deep as anything is changed in place."""
    clocks = {
        name: run | {"pauses": [list(p) for p in run["pauses"]], "moves": list(run["moves"])}
        for name, run in item["clocks"].items()
    }
    return item | {
        "fields": dict(item["fields"]),
        "clocks": clocks,
        "requests": [dict(r) for r in item["requests"]],
        "crossed": dict(item["crossed"]),
        "papers": dict(item["papers"]),
    }
