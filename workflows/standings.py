"""What ledgers write in their column of states, and which state of a definition is meant by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOSED, DONE, IN_HAND = "已销号", "待核验", "整改中"
"""Titles of the states that the words below come down to."""

WORDS: Mapping[str, str] = {
    **dict.fromkeys(
        ("销号", "已办结", "办结", "已结案", "结案", "已办结销号", "完成销号", "整改销号", "已完成销号"), CLOSED
    ),
    **dict.fromkeys(
        (
            *("整改中", "正在整改", "推进中", "正在推进", "办理中", "正在办理", "在办", "进行中", "持续推进中"),
            *("未完成", "未办结", "未销号", "未整改", "未整改完成", "尚未完成", "否"),
            *("逾期", "逾期未完成", "逾期未办结", "逾期未销号", "超期", "超期未完成", "临期"),
        ),
        IN_HAND,
    ),
    **dict.fromkeys(("长期坚持", "长期整改", "持续推进"), "持续整改"),
    **dict.fromkeys(("暂缓", "暂停办理", "暂停"), "暂缓办理"),
    **dict.fromkeys(("新增", "待交办", "未交办", "未受理"), "待受理"),
    **dict.fromkeys(("已交办", "未签收"), "待签收"),
    "并案": "已并案",
}
"""Words for one state. The titles of the definition's own states come before them."""

FINISHED = frozenset(
    ("已完成", "完成", "已整改", "整改完成", "已整改完成", "整改到位", "已整改到位", "完成整改", "已完成整改", "是")
)
"""Words that say the work was done: closed where the ledger also names the day of closing, else it waits to be verified."""

SUSPENDED_OR_LISTED = "挂账"
"""In one office it says that the clock stands still, in supervision that the problem is on the tracked list: asked for."""

DONE_SAYS: Mapping[str, object] = {"result_class": "solved", "all_measures_done": True}
"""What a ledger says of an item that waits to be verified or answered by calling it done, in the fields of a definition that has them.

Without them nobody could verify or close it. Of a closed item nothing is added.
"""
