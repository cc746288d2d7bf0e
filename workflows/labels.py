"""The words of the field for display: roles, stages, fixed verbs, states, dates. Sentences: `messages`; faults: `faults`."""

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.clock import civil

WEEKDAYS = "一二三四五六日"

ROLES: Mapping[str, str] = {
    "anyone": "本局工作人员",
    "registrar": "登记人",
    "supervisor": "牵头部门",
    "supervisor.head": "牵头部门负责人",
    "supervisor.verifier": "核验部门",
    "lead_unit": "主办单位",
    "lead_unit.head": "主办单位负责人",
    "lead_unit.handler": "责任人",
    "co_units": "协办单位",
    "co_units.head": "协办单位负责人",
    "leader.in_charge": "分管领导",
    "leader.principal": "主要领导",
    "leader": "局领导",
    "commander": "挂帅领导",
    "body": "局党组",
    "enterer": "原录入人",
    "receiver": "通知的接收人",
    "file_owner": "数据库文件的所有者（管理员）",
}

STAGES: Mapping[str, str] = {
    "intake": "受理",
    "assign": "分办",
    "handle": "办理",
    "verify": "核验",
    "feedback": "反馈",
    "closed": "办结",
}

FIXED_VERBS: Mapping[str, str] = {
    "register": "登记",
    "take_over": "原台账转入",
    "request": "提出申请",
    "grant": "同意申请",
    "refuse": "不同意申请",
    "escalate": "逐级督办",
    "lapse": "申请逾期失效",
    "release": "签发",
    "withhold": "暂不发出",
    "issue": "制发文书",
    "ack": "已阅",
    "comment": "备注",
    "attach": "补充材料",
    "absorb": "并入",
    "define": "启用流程",
    "load_calendar": "启用工作日历",
    "recur": "按期下达",
    "recount": "重算到期时间",
    "load_organisation": "启用机构人员",
    "set_reading": "设定时限读法",
    "correct": "更正",
    "move": "转入新版流程",
    "accept_clock": "确认时钟无误",
    "seal": "存证",
    "restore": "恢复备份",
    "reveal": "查看反映人",
    "redact": "清除反映人信息",
}

REQUEST_STATES: Mapping[str, str] = {
    "open": "待审批",
    "endorsed": "单位已同意，待批准",
    "granted": "已同意",
    "refused": "未同意",
    "void": "已失效（事项已流转）",
    "lapsed": "逾期未批，已失效",
}

NOTICE_STATES: Mapping[str, str] = {"sent": "已送达", "draft": "待签发", "released": "已签发", "withheld": "暂不发出"}

ADDRESSEES: Mapping[str, str] = {
    "reporter": "反映人",
    "body": "交办机关",
    "leading_officer": "牵头调研领导",
    "place": "调研所在单位",
    "party_org": "党组织",
}

LEDGER_DAYS: Mapping[str, str] = {
    "found_at": "发现日期",
    "registered_at": "登记日期",
    "assigned_at": "交办日期",
    "completed_at": "完成日期",
    "closed_at": "销号日期",
}
"""The days that a ledger names beside its problems."""

OLD_LEDGER = "原台账"
"""What an entry rests on that says where an item of an old ledger stood."""

BASES: tuple[str, ...] = ("会议纪要", "签批件", "OA", "电话")
"""What a decision entered for somebody else (代录) may rest on."""


class Titles(NamedTuple):
    """The titles of what definitions name: verbs, states, fields, kinds of request, clocks."""

    verbs: Mapping[str, str]
    states: Mapping[str, str]
    fields: Mapping[str, str]
    requests: Mapping[str, str]
    clocks: Mapping[str, str] = {}

    def verb(self, name: str) -> str:
        """Return a verb's title."""
        return self.verbs.get(name) or FIXED_VERBS.get(name) or name


def titles_of(index: Mapping[str, Mapping[str, Any]]) -> Titles:
    """Collect the titles of every workflow of an index; a later workflow never renames what an earlier one named."""
    verbs: dict[str, str] = {}
    states: dict[str, str] = {}
    fields: dict[str, str] = {}
    requests: dict[str, str] = {}
    clocks: dict[str, str] = {}
    for entry in index.values():
        for act in entry["verbs"]:
            verbs.setdefault(act["name"], act["title"])
        for act in entry["requests"]:
            requests.setdefault(act["name"], act["title"])
        for name, title in entry["states"].items():
            states.setdefault(name, title)
        for name, field in entry["fields"].items():
            fields.setdefault(name, field["title"])
        for name, title in entry["clocks"].items():
            clocks.setdefault(name, title)
    return Titles(verbs, states, fields, requests, clocks)


def addressee(name: str) -> str:
    """Return who is to be answered, as words: `reporter`, or `reporter@SERIAL` of a merged item."""
    key, _, serial = name.partition("@")
    word = ADDRESSEES.get(key, key)
    return f"{word}（{serial}）" if serial else word


def addressee_named(text: str) -> str:
    """Return the name of whoever `addressee` gives these words for; anything else as it is."""
    word, _, serial = text.removesuffix("）").partition("（")
    key = next((key for key, title in ADDRESSEES.items() if title == word), "")
    if not key:
        return text
    return f"{key}@{serial}" if serial else key


def moment(at: int) -> str:
    """Return an instant as people write it: 2023年5月9日 17:30; a day's very end is the 24:00 of that day."""
    when = civil(at)
    if when.hour == when.minute == when.second == 0:
        before = civil(at - 1)
        return f"{before.year}年{before.month}月{before.day}日 24:00"
    return f"{when.year}年{when.month}月{when.day}日 {when:%H:%M}"


def day(at: int) -> str:
    """Return the day of an instant for a list: 8月31日 周四 (the day that ends, for a 24:00)."""
    when = civil(at - 1)
    return f"{when.month}月{when.day}日 周{WEEKDAYS[when.weekday()]}"
