"""A small ledger on its way, for tests of questions: twelve items of May and June 2023 in the demo's bureau."""

from __future__ import annotations

import json
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import organisation
from engine.canonical import canonical
from engine.clock import SteppedTime, parse_instant
from engine.context import Hand
from engine.errors import Refused
from engine.loader import load
from engine.office import Office
from storage.creation import create
from storage.sqlite import open_store
from workflows.calendars import shipped_edition
from workflows.index import index_of

if TYPE_CHECKING:
    from engine.ports import Store

WORKFLOWS = Path(__file__).resolve().parents[1] / "workflows"
START = "2023-05-08 09:00"
END = "2023-06-14 10:00"
FILE = {"name": "整改后照片.jpg", "size": 1, "sha256": "0" * 64}

HEAD, CLERK, VERIFIER = "o11", "o13", "o14"  # 局办公室 方文静、徐晨、唐雨薇
RIVER_HEAD, RIVER, RIVER_TOO = "o25", "o27", "o28"  # 河道署 倪国平、金晓、龚伟杰
LEADER, PRINCIPAL = "o04", "o01"  # 分管领导 潘立群，主要领导 陆志恒


class Ledger:
    """An office at work: every act at a given time, whatever came due before it settled first."""

    def __init__(self, store: Store, start: str = START) -> None:
        """Put the policy of the demo into a new store."""
        self.time = SteppedTime(parse_instant(start))
        self.office = Office(store, self.time, salt=lambda: "ab" * 16)
        hand = Hand("os:test", "os:test")
        self.office.put_policy("calendar", "cn", canonical(shipped_edition().to_dict()), hand)
        bureau = organisation.from_data(tomllib.loads((WORKFLOWS / "bureau.toml").read_text(encoding="utf-8")))
        self.office.put_policy("organisation", "bureau", bureau.text, hand)
        for name in ("siban", "petition"):
            definition = load((WORKFLOWS / f"{name}.toml").read_text(encoding="utf-8"))
            self.office.put_policy("definition", name, definition.text, hand, index_of(definition))

    @classmethod
    def resumed(cls, store: Store, at: str = END) -> Ledger:
        """Go on in a store that holds the policy already."""
        ledger = cls.__new__(cls)
        ledger.time = SteppedTime(parse_instant(at))
        ledger.office = Office(store, ledger.time, salt=lambda: "ab" * 16)
        return ledger

    def at(self, when: str) -> None:
        """Let time pass, and the heartbeat beat."""
        self.time.set(parse_instant(when))
        self.office.tick()

    def register(self, who: str = CLERK, workflow: str = "siban", **fields: Any) -> int:  # noqa: ANN401 - whatever the act takes
        """Register one item and return its number."""
        given = {"source": "self_check"} | fields if workflow == "siban" else fields
        return self.office.register(workflow, [(given, None)], Hand(who, who))[0].after.number

    def act(self, who: str, verb: str, *numbers: int, at: str = "", **fields: Any) -> None:  # noqa: ANN401 - whatever the act takes
        """Do a verb; `at` is when it was really done."""
        self.office.act(numbers, verb, fields, Hand(who, who), at=parse_instant(at) if at else None)

    def ask(self, who: str, kind: str, number: int, **fields: Any) -> None:  # noqa: ANN401 - whatever the act takes
        """Apply for something."""
        self.office.request([number], kind, fields, Hand(who, who))

    def answer(self, who: str, number: int, ordinal: int, *, grant: bool = True, **fields: Any) -> None:  # noqa: ANN401 - whatever the act takes
        """Grant, pass on or refuse an application."""
        self.office.answer([(number, ordinal)], fields, Hand(who, who), grant=grant)

    def papers(self) -> dict[int, list[int]]:
        """Return the numbers of the drafted papers, by item."""
        found: dict[int, list[int]] = {}
        with self.office.store.read() as reader:
            for notice in reader.notices(status="draft"):
                found.setdefault(notice.item, []).append(notice.number)
        return found

    def unseen(self, who: str) -> list[int]:
        """Return the numbers of the notices somebody has not seen."""
        with self.office.store.read() as reader:
            return [notice.number for notice in reader.notices(receiver=who, unseen=True)]

    def assigned(self, title: str, **fields: Any) -> int:  # noqa: ANN401 - whatever the act takes
        """Register an item and assign it to the river station, for 金晓 to handle."""
        registered = {key: fields.pop(key) for key in ("source", "reporter", "contact", "description") if key in fields}
        number = self.register(title=title, **registered)
        self.act(HEAD, "assign", number, **({"lead_unit": "river", "handler": RIVER} | fields))
        return number

    def planned(self, number: int, due: str) -> None:
        """Sign, submit a plan of one measure, and have it approved."""
        self.act(RIVER, "sign", number)
        measures = [{"text": "清理并加密保洁", "unit": "river", "due": due}]
        self.act(RIVER, "submit_plan", number, objective="水面无漂浮垃圾", measures=measures)
        self.act(LEADER, "approve_plan", number)

    def reported(self, number: int, who: str = RIVER, **fields: Any) -> None:  # noqa: ANN401 - whatever the act takes
        """Report an item done."""
        given: dict[str, Any] = {"outcome": "已全部清理完毕", "result_class": "solved", "evidence": [FILE]}
        self.act(who, "report_done", number, **(given | fields))


def fill(ledger: Ledger) -> None:
    """Let five weeks pass over twelve items."""
    one = ledger.assigned(
        "柳塘港桥下水面漂浮垃圾聚集", source="citizen", reporter="陈女士", contact="13800000003", track="immediate"
    )
    ledger.act(RIVER, "sign", one)
    ledger.act(RIVER, "first_contact", one, contact_way="phone", contact_result="reached")
    two = ledger.assigned("河道养护考核结果运用不严格", track="campaign", limit="2023-05-31", co_units=["water"])
    ledger.planned(two, "2023-05-30")
    three = ledger.assigned("秋蒲浜水体反复黑臭，联名要求治理", track="led", commander=PRINCIPAL, limit="2023-07-31")
    ledger.act(RIVER, "sign", three)
    four = ledger.assigned("跨区界河水质不稳定", track="upstream", submit_to="市水务局", handler=RIVER_TOO)
    ledger.act(RIVER_TOO, "sign", four)
    five = ledger.assigned("东禾港护岸局部塌陷", track="campaign", limit="2023-06-30")
    ledger.planned(five, "2023-06-20")
    six = ledger.register(title="楼上空调外机噪声引发邻里纠纷", source="citizen", reporter="赵先生")
    ledger.act(HEAD, "reject", six, reason="属邻里纠纷，不属受理范围", channel="12345热线")

    ledger.at("2023-05-10 10:00")
    ledger.reported(one)
    ledger.act(RIVER, "answer", one, told=["reporter"], answered_by="phone", answer_text="已清理完毕，请您监督")
    ledger.act(HEAD, "submit_upstream", four, matter="请市水务局统筹调水", reference="浦水〔2023〕8号",
               sent_on="2023-05-10", signed_by=PRINCIPAL)  # fmt: skip
    ledger.ask(RIVER, "suspension", five, grounds="season", until="2023-06-05", reason="汛期水位过高无法施工")
    ledger.answer(RIVER_HEAD, five, 1)
    ledger.at("2023-05-11 15:00")
    ledger.act(VERIFIER, "call_back", one, satisfaction="satisfied", solved="solved")
    ledger.act(VERIFIER, "confirm", one)
    ledger.answer(LEADER, five, 1)
    ledger.act(RIVER, "submit_plan", three, objective="消除黑臭", proposed_due="2023-07-31",
               measures=[{"text": "打通断头浜", "unit": "river", "due": "2023-07-20"}])  # fmt: skip

    ledger.at("2023-05-29 11:00")
    ledger.ask(RIVER, "extension", two, until="2023-06-15", reason="养护单位正在核减", progress_note="已完成两家")
    ledger.answer(RIVER_HEAD, two, 1)
    ledger.answer(LEADER, two, 1)
    seven = ledger.assigned("部分河长公示牌信息未及时更新", track="immediate", handler=RIVER_TOO)
    ledger.act(RIVER_TOO, "sign", seven)
    eight = ledger.assigned("青禾路雨水口堵塞积水", track="immediate", handler=RIVER_TOO)
    ledger.act(RIVER_TOO, "sign", eight)
    ledger.reported(eight, RIVER_TOO)
    ledger.act(VERIFIER, "send_back", eight, opinion="照片未见井内清淤", further_demand="补充井内清淤前后照片各一张")

    ledger.at("2023-06-09 09:30")
    _last_days(ledger)


def _last_days(ledger: Ledger) -> None:
    """Four more items, then papers answered, notices seen, a refusal and an entry for the principal."""
    lasting: dict[str, Any] = {
        "lessons": "已排查同类河道",
        "long_term_mechanism": "纳入每日巡查",
        "all_measures_done": True,
    }
    nine = ledger.assigned("滨河步道夜间照明不足", track="campaign", limit="2023-06-30")
    ten = ledger.register(title="入河排水口溯源整治进度滞后", source="inspection")
    eleven = ledger.register(HEAD, "petition", title="来信反映河道违建", reporter="孙先生")
    ledger.act(HEAD, "accept", eleven, lead_unit="river")
    ledger.at("2023-06-09 16:00")
    twelve = ledger.assigned("东禾港排口异味", track="campaign", limit="2023-06-30", source="research")
    ledger.planned(twelve, "2023-06-20")
    ledger.at(END)
    hand = Hand(HEAD, HEAD)
    papers = ledger.papers()
    ledger.office.notice(papers[7], "release", {}, hand)
    ledger.office.notice(papers[8][:1], "withhold", {"reason": "已当面约谈"}, hand)
    ledger.office.notice(ledger.unseen(RIVER_TOO)[:2], "ack", {}, Hand(RIVER_TOO, RIVER_TOO))
    ledger.office.remark([2], "comment", {"fields": {"comment": "请于15日前办结"}}, Hand(HEAD, HEAD))
    with suppress(Refused):
        ledger.act(RIVER, "close", 7)
    behalf = Hand(PRINCIPAL, CLERK, canonical({"kind": "签批件", "ref": "浦环阅〔2023〕31号", "date": "2023-06-13"}))
    ledger.office.act([3], "supervise", {"demand": "抓紧审定方案", "answer_by": "2023-06-20"}, behalf)
    ledger.reported(twelve, **lasting)
    assert (nine, ten, eleven, twelve) == (9, 10, 11, 12)


def build(path: Path) -> None:
    """Make a trial database of it."""
    create(path, {"trial": "1", "clock": str(parse_instant(END)), "installation": "test"})
    store = open_store(path)
    try:
        fill(Ledger(store))
    finally:
        store.close()


def lines(text: str) -> list[dict[str, object]]:
    """Read JSON lines."""
    return [json.loads(line) for line in text.splitlines()]
