"""`docs/errors.md`: for every error code what is said, what to do and how the program ends; drift fails the build.

`python -m interfaces.refusals` writes it anew.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from engine import errors
from workflows.messages import MESSAGES
from workflows.remedies import REMEDIES

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "errors.md"

STATUSES = (
    (0, "办成", "结果在标准输出；无须处理。"),
    (
        1,
        "不予办理",
        "环节不对、无权、缺少必填项、查无此事项或人员。没有任何改动（只记一笔“不予办理”）。按提示改正后再办。",
    ),
    (2, "用法有误", "选项、时限或日期看不懂。没有任何改动。看 siban 命令 --help 末尾的示例，改写后再办。"),
    (3, "他人已先办", "同时有人办了同一件。看一眼现在的情况，仍须办的重新运行。"),
    (4, "查出问题", "核对、核验、导入的行、流程定义、体检或服务有问题，逐条列出。导入的一行也没有写入。逐条处理。"),
    (
        5,
        "数据库不可用",
        "没有、不是本系统的、版本不同、被占用超时，或本机时间可疑。没有任何改动（提示“不能确定是否已保存”的除外）。由管理员处理。",
    ),
    (130, "中途打断", "按了 Ctrl+C 或终端关闭。已经说办成的都已保存，其余没有改动。"),
)

_SHOWN = {
    "item": "事项", "verb": "动作", "state": "状态", "path": "文件", "text": "所写", "name": "名称", "why": "原因",
    "field": "项目", "fields": "项目", "known": "项目", "count": "数目", "among": "各项", "allowed": "各项",
    "column": "列名", "columns": "列名", "headers": "列名", "person": "人员", "people": "人员", "roles": "职责",
    "kind": "种类", "title": "名称", "number": "序号", "numbers": "序号", "names": "名称", "what": "项目",
    "taker": "代理人", "giver": "被代理人", "value": "内容", "status": "状况", "place": "位置", "os_user": "系统用户",
    "clock": "计时", "clocks": "各计时", "days": "天数", "version": "版本", "command": "命令", "workflow": "流程",
    "units": "单位", "requests": "申请", "receiver": "收件人", "target": "去处", "row": "行号", "limit": "时限",
    "states": "各状态", "seconds": "秒数", "pid": "进程号", "holder": "进程", "mode": "权限", "now_at": "现在",
    "parts": "事项", "other": "另一流程", "serial": "编号", "command_id": "指令编号", "before": "前一动作",
}  # fmt: skip
_TIME = "时间"
_KINDS = ("Refused", "Misused", "Conflict", "FaultsFound", "Unavailable")


def page() -> str:
    """Return the whole page."""
    ends = statuses()
    lines = [
        "# 提示与退出码",
        "",
        "本页由程序生成（`python -m interfaces.refusals`），请勿手改。每条提示都有一个代号；脚本请认代号和退出码，不要认文字。",
        "代号用 `--debug` 可以看到。",
        "",
        "## 退出码",
        "",
    ]
    for status, title, text in STATUSES:
        lines += [f"**{status} {title}**：{text}", ""]
    lines += ["## 提示", ""]
    for code, message in sorted(MESSAGES.items()):
        shown = "、".join(map(str, sorted(ends.get(code, {1}))))
        lines += [f"### {code}", "", f"> {filled(message)}", "", f"退出码 {shown}。{REMEDIES[code]}", ""]
    return "\n".join(lines).rstrip() + "\n"


def filled(message: str) -> str:
    """Return a sentence with words in place of its facts, as one reads it without a case at hand."""

    def word(found: re.Match[str]) -> str:
        name = found[1]
        return f"〔{_SHOWN.get(name) or (_TIME if name.endswith('_at') else '…')}〕"

    return re.sub(r"\{(\w+)\}", word, message)


@cache
def statuses() -> dict[str, set[int]]:
    """Return the exit statuses with which each code ends, as the source raises it."""
    ends: dict[str, set[int]] = {}
    for folder in ("engine", "storage", "interfaces", "workflows"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(func=ast.Name(id=kind), args=[ast.Constant(value=str(code)), *_]) if kind in _KINDS:
                        ends.setdefault(code, set()).add(getattr(errors, kind).exit_status)
    return ends | {code: {5} for code in _DERIVED}


_DERIVED = ("clock_stepped", "clock_behind", "clock_ahead", "older_schema", "disk_full", "disk_failed")
"""Codes whose kind the source does not name beside them: raised by a subclass, or by what turns a disk's errors into ours."""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
