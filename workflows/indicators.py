"""The words of the reports: each figure with its title and how it is counted, and what it can be divided by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FIGURES: Mapping[str, str] = {
    "total": "问题总数",
    "open": "在办",
    "closed": "已办结",
    "normal": "正常",
    "due_soon": "临期",
    "overdue": "逾期",
    "suspended": "暂缓办理",
    "waiting": "等待上级",
    "continuing": "持续整改",
    "unclear": "时限待明确",
    "behind": "进度滞后",
    "far_behind": "进度严重滞后",
    "backlog": "积存",
    "registered_since": "新登记",
    "closed_since": "新办结",
    "overdue_since": "新逾期",
    "responded": "回应率",
    "fulfilled": "落实率",
    "on_time": "按时办结率",
    "on_time_original": "原时限按时办结率",
    "settled": "销号率",
    "settled_on_time": "按期销号率",
    "answered_first": "响应率",
    "solved": "解决率",
    "satisfied": "满意率",
    "assigned_right": "交办准确率",
    "sent_back_rate": "退回整改率",
    "extended": "延期率",
    "excused": "申诉成立",
    "returned": "退回件",
    "sent_back": "退回整改件",
    "carried": "结转",
    "carried_late": "结转时已逾期",
    "redone": "重新办理件",
    "not_counted": "不计入",
}
"""Every figure, by the key that `--drill` takes."""

SPREADS: Mapping[str, str] = {"handling": "平均办理时长", "overrun": "平均超时倍数"}
"""Figures that are no counts."""

RATES: Mapping[str, str] = {
    "responded": "已反馈（含免予反馈）÷ 问题总数（原台账转入时已销号、未载明反馈的除外）",
    "fulfilled": "已办结 ÷ 问题总数",
    "on_time": "按时办结 ÷ 应处置（已办结和逾期未办结，不含暂缓、等待上级、持续整改）",
    "extended": "批准过延期 ÷ 问题总数",
}
"""The rates of the one page, and what each is divided by."""

MORE_RATES: Mapping[str, str] = {
    "on_time_original": "按延期前的时限按时办结 ÷ 按延期前的时限应处置",
    "settled": "应处置中已销号 ÷ 应处置",
    "settled_on_time": "应处置中已销号且按时办结 ÷ 应处置（不以销号数为分母）",
    "answered_first": "时限内签收并先行联系 ÷ 应响应",
    "solved": "回访认定已解决 ÷ 有效回访",
    "satisfied": "（满意＋基本满意）÷ 有效评价（未评价不计）",
    "assigned_right": "未因职责不符退回 ÷ 已交办",
    "sent_back_rate": "应处置中退回整改过 ÷ 应处置",
}
"""The other rates, which the page for leaders and `-o` give."""

HOW: Mapping[str, str] = {
    **RATES,
    **MORE_RATES,
    "handling": "签收至核验通过的工作时间，不含暂停；件数为已核验通过的",
    "overrun": "（用时−时限）÷ 时限，逾期的各件平均",
    "behind": "已用时间占比减填报的完成进度，落后10至30个百分点；只计填报过进度的在办事项",
    "far_behind": "同上，落后30个百分点以上",
    "carried": "行动结束时结转到下一个行动，另定时限",
    "carried_late": "结转时原定时限已过；此后按结转后的时限计，原定时限和逾期另列",
    "backlog": "本期以前登记、仍在办",
}
"""How a figure is counted, where its title does not say it."""

MATTERS: Mapping[str, str] = {
    "decision": "等领导审定",
    "request": "有申请等领导批复",
    "outside": "已提请上级，等待答复",
    "dissatisfied_again": "重新办理后仍不满意",
    "obstacle": "承办单位提出需协调",
}
"""Why an item is for a leader."""

DIVISIONS: Mapping[str, str] = {
    "unit": "主办单位",
    "track": "问题清单",
    "source": "问题来源",
    "line": "业务条线",
    "month": "登记月份",
    "settled_month": "办结月份",
    "stage": "环节",
    "state": "状态",
    "age": "在办时长",
    "over": "逾期时长",
}
"""What a report can be divided by."""

SHORT: Mapping[str, str] = {
    "unit": "单位",
    "track": "清单",
    "list": "清单",
    "source": "来源",
    "line": "条线",
    "month": "月份",
}
"""Shorter words that people use for some of them; `list` is the officer's word for a track."""

NOTHING: Mapping[str, str] = {
    "unit": "（未交办）",
    "track": "（未列清单）",
    "source": "（无来源）",
    "line": "（未定条线）",
    "settled_month": "（尚未办结到期）",
    "age": "（已办结）",
    "over": "（未逾期）",
}
"""What an item has that has none of a division's keys."""

CLASSES: Mapping[str, str] = {
    "1-5": "5个工作日以内",
    "6-10": "6至10个工作日",
    "11-20": "11至20个工作日",
    "21-60": "21至60个工作日",
    "61-": "60个工作日以上",
}
"""The classes of age, and of time over."""

LINES: Mapping[str, str] = {
    "general": "综合",
    "ecology": "生态环保",
    "greening": "绿化林业",
    "water": "水务海洋",
    "sanitation": "市容环卫",
}
"""The bureau's lines of business by the identifier that its organisation uses; others are shown as written."""

COHORTS: Mapping[str, str] = {"registered": "登记", "closed": "办结"}
"""What the items of a report are taken by: the date of registration, or of closing."""

TERMS: tuple[tuple[str, str, str], ...] = (
    ("受理数", "截至统计时点已登记的事项数", "不予受理、已并案、作废的不计"),
    ("逾期", "超过整改时限仍未报办结，或报办结晚于整改时限", "按最后核验通过的那次报办结的时间判断"),
    ("临期", "已用去整改时限的 80%，或者距到期不足 1 个工作日", "按小时计的时限只看 80%"),
    ("余/超（工作日）", "距到期还有、或者超过到期多少个工作日", "起算当日不计；节假日和调休按国务院办公厅的通知"),
    (
        "整改时限",
        "整改时限届满之日；批准延期的为延期后的日期",
        "工作日的时限到当日 17:30，日历日、月的时限到当日 24:00",
    ),
    ("完成日期", "最后核验通过的报办结日期；正在审核、核验的为本次报办结日期", "退回整改的不算"),
    ("督办次数", "逐级督办已到达的层级数", "从原台账转入的，转入以前的督办不计"),
    ("分母为零", "记作“—”，不作 0 或 100%", ""),
)
"""What the columns of an exported ledger say: name, what is counted, and what is to be noted."""
