"""What might be tried next on an item: mostly what the rules allow, with fields that make sense, and on purpose what they do not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.model import Hand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from tests.model_acts import Acts

    Thing = dict[str, Any]

WORDS = "已按要求整改到位，现场情况属实，材料齐全"
FILE = {"name": "照片.jpg", "size": 1, "sha256": "0" * 64}
LIMITS = ("2wd", "3wd", "5wd", "10wd", "8d", "1mo")
OFTEN = {
    "reject": 0.03, "merge": 0.15, "reassign": 0.2, "promote": 0.15, "change_list": 0.2, "restart_clock": 0.2, "supervise": 0.3,
    "designate": 0.4, "exempt": 0.4, "clarify_limit": 0.3, "first_contact": 0.3, "change_co_units": 0.2, "void": 0.06,
    "return": 0.15, "longterm": 0.2, "suspension": 0.3, "extension": 0.4, "return_plan": 0.3, "object": 0.15, "send_back": 0.3,
    "reply_supervision": 0.5, "publicise": 0.3, "progress": 0.4, "report_done": 2.0, "upstream_reply": 0.6, "appeal": 2.0,
    "objection": 0.4, "resume": 0.3, "co_report": 0.6, "place": 0.25, "carry_over": 0.2, "mark_exemplary": 0.25,
}  # fmt: skip
"""How often an act is thought of where several can be done; the others count 1."""

AIMS: tuple[Mapping[str, float], ...] = (
    {},
    {},
    {"immediate": 1, "publicise": 6, "close": 0.3, "objection": 6, "answer": 3, "call_back": 3},
    {"longterm": 8, "report_done": 0.6, "supervise": 1, "rectify": 2, "review_longterm": 2},
    {"suspension": 8, "clarify_limit": 1, "supervise": 1, "change_co_units": 1, "progress": 1},
    {"dissatisfied": 1, "immediate": 1, "redo": 6, "close_with_explanation": 5, "answer": 3, "call_back": 3},
    {"led": 1, "sign_off": 0.1, "designate": 2, "close": 6, "answer": 3, "call_back": 3},
    {"dissatisfied": 1, "led": 1, "redo": 5, "close_with_explanation": 8, "sign_off": 0.1, "answer": 3, "call_back": 3},
    {"upstream": 1, "submit_upstream": 4},
    {"send_back": 2, "return_plan": 2},
)
"""Where an item may be meant to go: what is thought of more often for it, a track, or a reporter who is not satisfied."""


class Move(NamedTuple):
    """One thing to try: an act, a request for a kind, or an answer to a request of that ordinal."""

    what: str
    name: str
    fields: Thing
    hand: Hand
    ordinal: int = 0


def moves(model: Acts, item: Thing, rnd: Random, aim: Mapping[str, float], *, spoil: bool = False) -> Move:
    """Think of something to do with an item."""
    if spoil and rnd.random() < 0.15:  # anything, by anybody
        verb = rnd.choice(sorted(model.verbs))
        return Move("act", verb, {}, Hand(rnd.choice(sorted(model.bureau.officers))))
    found: list[tuple[str, str, Thing]] = [
        ("act", t["verb"], t)
        for t in [*model.text["transitions"], *model.text["composites"]]
        if item["state"] in t.get("from", ()) and model.fits(t.get("when", {}), item)
    ]
    found += [("ask", n, k) for n, k in model.text["requests"].items() if item["state"] in k["from"]]
    found += [("answer", r["kind"], r) for r in item["requests"] if r["open"]] * 3
    if not found:
        return Move("act", "reopen", {}, Hand(rnd.choice(sorted(model.bureau.officers))))
    weights = [aim.get(name, OFTEN.get(name, 1.0)) for _, name, _ in found]
    what, name, rule = rnd.choices(found, weights)[0]
    if what == "answer":
        return _answer(model, item, rule, rnd, spoil=spoil)
    fields = _fields(model, item, rule, rnd)
    _aimed(fields, aim, rnd)
    if spoil:
        _spoil(model, item, rule, fields, rnd)
    hand = _hand(model, item, rule["by"], rule.get("not_same_as", []), rnd, spoil=spoil)
    return Move(what, name, fields, hand)


def _aimed(fields: Thing, aim: Mapping[str, float], rnd: Random) -> None:
    """Turn the fields of an act to where the item is meant to go."""
    if rnd.random() < 0.8:
        if "satisfaction" in fields and "dissatisfied" in aim:
            fields |= {"satisfaction": "dissatisfied", "complaint": WORDS}
        for track, needed in (("immediate", {}), ("led", {"commander": "o03"}), ("upstream", {"submit_to": WORDS})):
            if "track" in fields and track in aim:
                fields |= {"track": track} | ({} if "remark" in fields and "lead_unit" not in fields else needed)


def _hand(model: Acts, item: Thing, roles: list[str], apart: list[str], rnd: Random, *, spoil: bool) -> Hand:
    """Somebody who may, at times under a delegation or for another on paper; or somebody who may well not."""
    people = [one for role in roles for one in model.people(role, item)]
    if spoil and rnd.random() < 0.3:
        people = sorted(model.bureau.officers)
    barred = [one for one in people if model.same_human(apart, Hand(one), item)]
    fit = barred if spoil and rnd.random() < 0.4 else [one for one in people if spoil or one not in barred]
    decider = rnd.choice(fit or people or ["o27"])
    takers = [d["to"] for d in model.bureau.delegations if d["from"] == decider]
    if takers and rnd.random() < 0.4:
        return Hand(decider, rnd.choice(takers), delegated=True)
    if rnd.random() < 0.1:
        return Hand(decider, rnd.choice(["o13", "o27", "o47"]))
    return Hand(decider)


def _answer(model: Acts, item: Thing, request: Thing, rnd: Random, *, spoil: bool) -> Move:
    kind = model.text["requests"][request["kind"]]
    fields: Thing = {"opinion": WORDS} if rnd.random() < 0.7 else {}
    if kind.get("until") and request["state"] == "endorsed" and rnd.random() < 0.2:
        fields["until"] = _day(model, rnd.choice([10, 20, 45, 100, 400]))
    roles = model.deciders(item, request, fields.get("until", ""))
    hand = _hand(model, item, roles, [], rnd, spoil=spoil)
    if spoil and rnd.random() < 0.3:
        hand = Hand(request["made_by"])
    ordinal = request["ordinal"] + (rnd.choice([1, -1]) if spoil and rnd.random() < 0.2 else 0)
    return Move("grant" if rnd.random() < 0.75 else "refuse", request["kind"], fields, hand, ordinal)


def _day(model: Acts, days: int) -> str:
    return (model.now.date() + timedelta(days=days)).isoformat()


def _fields(model: Acts, item: Thing, rule: Thing, rnd: Random) -> Thing:
    """Make up the fields of an act; kept ones are at times left to what the item has."""
    fields: Thing = {}
    names = [name.partition(":")[0] for name in rule.get("require", [])]
    for name in names:
        if item["fields"].get(name) in (None, "", []) or rnd.random() < 0.8:
            fields[name] = _value(model, item, name, fields, rnd)
    both = item["fields"] | fields
    wanted = {
        "limit": both.get("track") == "campaign",
        "commander": both.get("track") == "led",
        "submit_to": both.get("track") == "upstream",
        "explained_basis": both.get("result_class") == "explained",
        "complaint": fields.get("satisfaction") == "dissatisfied",
        "all_measures_done": True,
        "without_co_units": bool(both.get("co_units")),
        "solved": False,
        "reporter": both.get("source") == "citizen",
        "lead_office": False,
        "less_reason": fields.get("percent", 100) < item["fields"].get("percent", 0),
        "campaign": rule.get("verb") == "place",
        "percent": rule.get("verb") == "review_longterm",
    }
    for name in rule.get("optional", []):
        if rnd.random() < (0.85 if wanted.get(name) else 0.02 if name == "lead_office" else 0.12):
            fields[name] = _value(model, item, name, item["fields"] | fields, rnd)
    return fields


def _value(model: Acts, item: Thing, name: str, fields: Thing, rnd: Random) -> Any:  # noqa: ANN401, C901, PLR0911, PLR0912 - one arm a field
    """Make up a value that makes sense."""
    both, bureau = item["fields"] | fields, model.bureau
    lead = both.get("lead_unit", "river")
    field = model.text["fields"][name]
    match name:
        case "limit":
            return rnd.choice([*LIMITS, _day(model, rnd.choice([5, 12, 30]))])
        case "lead_unit" | "suggested_unit":
            return rnd.choice([u for u in ("river", "water", "office") if u != item["fields"].get("lead_unit")])
        case "lead_office":
            return "personnel"
        case "co_units":
            return rnd.sample([u for u in ("water", "ecology", "river") if u != lead], rnd.choice([1, 1, 2]))
        case "handler":
            return rnd.choice(bureau.staff(lead))
        case "commander":
            return rnd.choice(["o01", "o03", "o04"])
        case "signed_by":
            return "o01"
        case "measures":
            due = model.due(item, "total")
            last = fields.get("proposed_due") or (
                (due - timedelta(days=1)).date().isoformat() if due else _day(model, 9)
            )
            return [{"text": WORDS, "unit": lead, "due": last} for _ in range(rnd.choice([1, 2]))]
        case "measure_done":
            return [str(rnd.randint(1, len(both.get("measures", [1]))))]
        case "measure_dropped":
            return ["1:不再需要"]
        case "told" | "exempted":
            left = model.unanswered(item) or both.get("addressees", []) or ["party_org"]
            return left if rnd.random() < 0.7 else left[:1]
        case "satisfaction":
            return rnd.choice(["satisfied", "basically", "none", "dissatisfied"])
        case "solved":
            return rnd.choice(["solved", "solved", "unsolved"])
        case "result_class":
            return rnd.choice(["solved", "solved", "solved", "explained", "underway"])
        case "publicity_until":
            return _day(model, rnd.choice([9, 14, 20]))
        case "until":
            due = model.due(item, "total")
            base = due.date() if due and due > model.now else model.now.date()
            return (base + timedelta(days=rnd.choice([2, 9, 20, 40, 80]))).isoformat()
        case "source":
            return rnd.choice(["self_check", "citizen", "citizen", "research", "inspection"])
        case "into":
            return rnd.choice(sorted(model.items))
        case "campaign" | "project":
            return rnd.choice([n for n, o in model.others.items() if o["workflow"] == name and o["open"]])
        case "percent":
            return rnd.choice([10, 50, 100])
    match field.get("kind", "line"):
        case "date":
            return _day(model, rnd.choice([0, 3, 10, 30]))
        case "flag":
            return True
        case "choice":
            return rnd.choice(sorted(field["choices"]))
        case "int":
            return 1
        case "files":
            return [FILE]
        case "officer":
            return "o01"
    return WORDS


def _spoil(model: Acts, item: Thing, rule: Thing, fields: Thing, rnd: Random) -> None:
    """Leave something out, put in what does not belong there, or give a value that does not fit the others."""
    how = rnd.randrange(4)
    if rule.get("guards") and rnd.random() < 0.6:
        _against(rnd.choice(rule["guards"]), model, item, fields, rnd)
    elif how == 0 and fields:
        fields.pop(rnd.choice(sorted(fields)))
    elif how == 1 and rnd.random() < 0.3:
        stranger = "found_at" if "percent" in rule.get("optional", []) else "percent"
        fields[stranger] = _day(model, 0) if stranger == "found_at" else 1
    elif how == 2:
        texts = [name for name, value in fields.items() if isinstance(value, str) and value == WORDS]
        if texts:
            fields[rnd.choice(texts)] = "短"
    else:
        _unfitting(model, item, fields, rnd)


def _against(guard: str, model: Acts, item: Thing, fields: Thing, rnd: Random) -> None:
    """Make the fields such that a guard has something to refuse."""
    name, _, argument = guard.partition(":")
    if name == "given":
        for one in argument.split("|"):
            fields.pop(one, None)
    elif name == "percent_not_less":
        fields["percent"] = 0
        fields.pop("less_reason", None)
    elif name == "given_one":
        for one in argument.split("|"):
            fields.pop(one, None)
    elif name == "refers":
        fields[argument.partition("=")[0]] = rnd.choice([item["number"], 99, *model.others])
    elif name == "within":
        fields |= {"campaign": rnd.choice(sorted(model.others)), "limit": "2031-01-06"}
    elif name == "lead_not_co":
        fields["co_units"] = [fields.get("lead_unit", item["fields"].get("lead_unit", "river"))]
    else:
        _unfitting(model, item, fields, rnd)


def _unfitting(model: Acts, item: Thing, fields: Thing, rnd: Random) -> None:
    f = item["fields"]
    bad: Thing = {
        "co_units": [fields.get("lead_unit", f.get("lead_unit", "river"))],
        "lead_unit": f.get("lead_unit", "river"),
        "measures": [{"text": WORDS, "unit": "river"} | rnd.choice([{}, {"due": "2031-01-06"}])],
        "told": ["nobody"],
        "exempted": ["nobody"],
        "signed_by": "o05",
        "publicity_until": _day(model, 3),
        "result_class": rnd.choice(["underway", "planned"]),
        "percent": 1,
        "into": rnd.choice([item["number"], 99, *model.items, *model.others]),
        "until": _day(model, rnd.choice([-5, 0, 500])),
        "next_review_on": _day(model, rnd.choice([-5, 500])),
    }
    for name in fields:
        if name in bad and rnd.random() < 0.7:
            fields[name] = bad[name]
    for name in ("limit", "commander", "submit_to", "complaint", "explained_basis", "reporter", "less_reason"):
        if rnd.random() < 0.5:
            fields.pop(name, None)
