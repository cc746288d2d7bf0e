"""The kinds of paper: what each is called, whose register its number is of, what its template may say.

The templates stand beside this module as Word files; an office that wants its own copies them out and edits them.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.paper import FORM, FORMAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.definition import Definition
    from engine.paper import Paper

HERE = Path(__file__).parent

DRAFT_MARK = "草稿（未签发）"
TRIAL_MARK = "试用库打印，不作公文使用"

SERIES: Mapping[str, str] = {
    "reminder": "催办",
    "supervision": "督办",
    "interview": "约谈",
    "special_report": "专报",
    "extension": "延期",
    "suspension": "暂缓",
    "closing": "销号",
}
"""The registers, and the word in front of their numbers."""

_ABOUT = (
    "kind",
    "mark",
    "number",
    "sender",
    "date",
    "serial",
    "title",
    "list_title",
    "source",
    "lead_unit",
    "co_units",
    "handler",
)
_LIMITS = ("assigned_on", "due", "original_due", "state", "situation")
_REQUEST = (
    "applicant", "applied_on", "times", "until", "reason", "progress_note", "endorsement", "approver", "approval",
)  # fmt: skip
_DONE = (
    "objective", "measures", "outcome", "result", "done_on", "lessons", "long_term_mechanism", "institution", "feedback", "evidence",
    "pictures_before", "pictures_after",
)  # fmt: skip

FIELDS: Mapping[str, str] = {
    "kind": "文种",
    "mark": "草稿、试用的标记，签发后为空",
    "number": "文书编号，未编号的为空",
    "sender": "发文单位",
    "date": "成文日期，未制发的为空白年月日",
    "serial": "事项编号",
    "title": "问题",
    "list_title": "问题清单",
    "source": "问题来源",
    "lead_unit": "主办单位",
    "co_units": "协办单位",
    "handler": "责任人",
    "assigned_on": "交办日期",
    "due": "整改时限",
    "original_due": "原时限；未变动的为空",
    "state": "现在的状态",
    "situation": "办理进度与时限的对照，一句话",
    "answer_by": "答复时限，没有规定的为空白年月日",
    "copies": "抄送、呈报的人",
    "released_by": "签发人和日期",
    "level": "督办等级及其含义",
    "colour": "督办等级的底色（RRGGBB）",
    "demand": "督办要求",
    "reminded": "此前发出的催办、督办文书，一句话；没有的为空",
    "head": "主办单位负责人",
    "cause": "拟文的缘由：到了逐级督办的哪一层级；没有的为空",
    "obstacle": "填报的需协调的事项；没有的为空",
    "applicant": "申请人",
    "applied_on": "申请日期",
    "times": "第几次申请",
    "until": "申请延至（暂缓至）的日期",
    "reason": "申请理由",
    "progress_note": "目前进展",
    "grounds": "暂缓情形",
    "endorsement": "单位负责人意见（已记录的）",
    "approver": "由谁批准",
    "approval": "批准意见（已记录的）",
    "objective": "整改目标",
    "measures": "整改措施，逐项：no 序号、text 内容、unit 责任单位、due 完成时限、mark 完成情况",
    "outcome": "整改情况",
    "result": "办理结果",
    "done_on": "报办结日期",
    "lessons": "举一反三",
    "long_term_mechanism": "长效机制",
    "institution": "建立的制度及文号",
    "feedback": "反馈情况",
    "evidence": "佐证材料，逐件：no 序号、name 文件名、kind 种类、size 大小、sha256 散列值、state 保存情况",
    "pictures_before": "整改前的图片，逐张：image 图片、name 文件名",
    "pictures_after": "整改后的图片，逐张：image 图片、name 文件名",
    "pictures_other": "其他图片，逐张：image 图片、name 文件名",
    "pictures_left": "未嵌入的图片及原因",
    "description": "具体情况",
    "reporter": "反映人（已隐去）",
    "limits": "时限情况，逐项：name、text",
    "counting": "到期日的算法，逐日：day 日期、counts 计否、number 累计、why 说明",
    "ladder": "逐级督办，逐行文字",
    "requests": "申请，逐行文字",
    "trail": "办理记录，逐条：seq 记录号、when 时间、who 办理人、text 内容、hash 散列值",
    "papers": "文书，逐份：number 编号、title 文种、date 日期、scan 签章件",
    "proof": "存证，逐项：name、text",
}
"""Every field of the templates and what it says."""

ROWS: Mapping[str, tuple[str, ...]] = {
    "measures": ("no", "text", "unit", "due", "mark"),
    "evidence": ("no", "name", "kind", "size", "sha256", "state"),
    "pictures_before": ("image", "name"),
    "pictures_after": ("image", "name"),
    "pictures_other": ("image", "name"),
    "limits": ("name", "text"),
    "counting": ("day", "counts", "number", "why"),
    "trail": ("seq", "when", "who", "text", "hash"),
    "papers": ("number", "title", "date", "scan"),
    "proof": ("name", "text"),
}
"""Fields that hold rows, and what each row says."""


class Kind(NamedTuple):
    """One kind of paper. `template` is its file beside this module, without the ending.

    `series` is "" for what is never numbered. `drafts` are the names under which ladders draft it, `request` the application it
    is about, `level` a 督办单's colour in words and `colour` in RRGGBB, `needs` the fields that its template may not leave out.
    """

    name: str
    title: str
    group: str
    series: str
    template: str
    about: str
    fields: tuple[str, ...]
    drafts: tuple[str, ...] = ()
    request: str = ""
    level: str = ""
    colour: str = ""
    needs: tuple[str, ...] = ("number", "mark")


_SUPERVISION = (*_ABOUT, *_LIMITS, "level", "colour", "demand", "answer_by", "released_by", "reminded", "copies")
_UPWARD = (*_ABOUT, *_LIMITS, "head", "cause", "reminded", "obstacle", "progress_note", "released_by", "copies")


def _supervision(name: str, word: str, level: str, colour: str, drafts: tuple[str, ...]) -> Kind:
    title = f"{word}督办单"
    about = f"{level}的事项，由牵头部门或局领导督办；也可先打印草稿送签"
    return Kind(
        name, title, FORMAL, "supervision", "supervision", about, _SUPERVISION, (title, *drafts), "", level, colour
    )


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "reminder", "催办通知书", FORMAL, "reminder", "reminder", "逾期次日发主办单位，抄送领导",
            (*_ABOUT, *_LIMITS, "answer_by", "released_by", "copies"), ("催办通知书",),
        ),
        _supervision("blue_supervision", "蓝色", "临近办结时限", "BDD7EE", ()),
        _supervision("yellow_supervision", "黄色", "未达到序时进度或完成质量较差", "FFE699", ()),
        _supervision("red_supervision", "红色", "逾期未办结", "F4B0B0", ("督办单",)),
        Kind(
            "interview_proposal", "约谈建议", FORMAL, "interview", "interview_proposal", "建议局领导约谈主办单位负责人，供领导批示",
            _UPWARD, ("约谈建议",),
        ),
        Kind(
            "special_report", "专报", FORMAL, "special_report", "special_report", "长期逾期的事项报上级；主送机关等由办公室填写",
            _UPWARD, ("专报",),
        ),
        Kind(
            "extension_approval", "延期审批单", FORM, "extension", "extension_approval", "延期申请送批",
            (*_ABOUT, *_LIMITS, *_REQUEST), request="extension",
        ),
        Kind(
            "suspension_approval", "暂缓办理审批单", FORM, "suspension", "suspension_approval", "暂缓办理申请送批",
            (*_ABOUT, *_LIMITS, *_REQUEST, "grounds"), request="suspension",
        ),
        Kind(
            "closing_application", "销号申请表", FORM, "closing", "closing_application", "报办结后申请销号",
            (*_ABOUT, *_LIMITS, *_DONE),
        ),
        Kind(
            "dossier", "卷宗", FORM, "", "dossier", "一件事项的全部材料：经过、佐证材料、到期日的算法和散列值",
            (
                *(name for name in _ABOUT if name != "number"), *_LIMITS, *_DONE, "description", "reporter", "limits", "counting",
                "ladder", "requests", "trail", "papers", "proof", "pictures_other", "pictures_left",
            ),
            needs=("mark",),
        ),
    )
}  # fmt: skip
"""Every kind by its name."""

_NUMBER = re.compile(r"(?P<word>[一-鿿]*)[〔\[(【](?P<year>\d{4})[〕\])】]第?(?P<no>\d{1,9})号?")


class Number(NamedTuple):
    """A paper's number as somebody wrote it; `series` is "" when the word in front was left out."""

    series: str
    year: int
    no: int


def number_text(paper: Paper) -> str:
    """Return a paper's number: 督办〔2023〕5号."""
    return f"{SERIES.get(paper.series, paper.series)}〔{paper.year}〕{paper.no}号"


def key_text(key: str) -> str:
    """Return the number for a paper's key in records (`supervision-2023-5`)."""
    series, year, no = ([*key.split("-"), "", ""])[:3]
    return f"{SERIES.get(series, series)}〔{year}〕{no}号"


def read_number(text: str) -> Number | None:
    """Read a number in any of the ways it is typed, full-width digits and brackets too; None when it is none."""
    found = _NUMBER.fullmatch("".join(unicodedata.normalize("NFKC", text).split()))
    if found is None:
        return None
    series = next((name for name, word in SERIES.items() if word == found["word"]), "")
    if found["word"] and not series:
        return None
    return Number(series, int(found["year"]), int(found["no"]))


def kind_named(text: str) -> Kind | None:
    """Find a kind by its title or its name."""
    return next((kind for kind in KINDS.values() if text in (kind.name, kind.title)), None)


def without_template(definition: Definition) -> list[str]:
    """List the papers that a definition's ladders draft and that no kind prints: released, they are notices and have no number."""
    printed = {name for kind in KINDS.values() for name in kind.drafts}
    drafted = (rung.paper for ladder in definition.ladders.values() for rung in ladder if rung.paper)
    return [name for name in dict.fromkeys(drafted) if name not in printed]


def blanks(kind: Kind) -> dict[str, object]:
    """Return every field of a kind, empty: what a template is tried with."""
    return {name: ([] if name in ROWS or name in ("ladder", "requests") else "") for name in kind.fields}


def titles(kinds: Iterable[Kind]) -> str:
    """List the titles of kinds."""
    return "、".join(kind.title for kind in kinds)
