"""What the inspection of conduct (办理行为核查) is called, how each figure is counted, and what an office takes for many and fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BURST, SPAN_MINUTES, QUICK_MINUTES = 10, 60, 10
"""Closings by one hand within a span that are many; a check within fewer minutes is fast."""

CONCERNS: Mapping[str, str] = {
    "behalf": "代录",
    "late": "补录",
    "heap": "集中销号",
    "last_day": "到期当日报结",
    "no_site": "未到现场核验",
    "shared": "佐证重复使用",
    "quick": "核验过快",
    "both_sides": "一人录入两方",
    "reopened": "销号后重新办理",
    "cleared": "脱密录入",
}
"""Every figure, in the order of the report."""

COUNTED: Mapping[str, str] = {
    "behalf": "由他人录入的记录 ÷ 全部人工记录（有授权的代办不计）",
    "late": "事后录入的记录 ÷ 全部人工记录（更正、原台账转入不计）",
    "heap": f"同一人在{SPAN_MINUTES}分钟内录入销号{BURST}件以上的事项 ÷ 有销号记录的事项",
    "last_day": "到期当日报办结的事项 ÷ 已报办结且有时限的事项",
    "no_site": "核验方式不是现场的事项 ÷ 已销号且须核验的事项",
    "shared": "与其他事项使用同一文件（SHA-256相同）的事项 ÷ 有佐证材料的事项",
    "quick": f"报办结后不足{QUICK_MINUTES}分钟即审核、核验通过的事项 ÷ 审核、核验过的事项",
    "both_sides": "报办结与审核、核验由同一人录入的事项 ÷ 审核、核验过的事项",
    "reopened": "销号后又重新办理的事项 ÷ 销号过的事项",
    "cleared": "带有密级标志、注明已脱密的记录 ÷ 全部人工记录",
}
"""How each is counted."""

CAUTION = "以上只是核查线索，不是结论；各单位按机构顺序列出，不排名次。"
"""What every output says."""
