"""Marks of classified papers: every form of the standard is known, and prose about secrets is let through."""

from __future__ import annotations

import pytest

from engine.canonical import canonical
from engine.errors import Refused
from engine.event import DONE, Event
from engine.secrecy import Guard
from workflows.secrecy import HINTS, MARK, WORDS

GUARD = Guard(HINTS, WORDS, MARK)

MARKED = {
    "秘密★": "秘密★", "机密★5年": "机密★5年", "绝密★长期": "绝密★长期", "秘密★10年\n关于河道整治的通知": "秘密★10年",
    "机密 ★ 启用前": "机密 ★ 启用前", "绝　密★": "绝　密★", "正文之前 秘密☆6个月": "秘密☆6个月", "机密*2年": "机密*2年",
    "密级：秘密": "密级：秘密", "密级:机密 份号 000001": "密级:机密", "（机密）关于水源地的报告": "（机密）", "【绝密】": "【绝密】",
    "[秘密]照片.jpg": "[秘密]", "机密": "机密", "抬头\n 秘 密 \n正文": "秘 密", "绝密件": "绝密件", "秘密-水源地.docx": "秘密-",
    "内部资料★": "内部资料★", "内部资料，注意保存": "内部资料，注意保存", "内部文件 不得外传": "内部文件 不得外传",
    "（内部资料）": "（内部资料）", "内部材料": "内部材料", "内 部 资 料★": "内 部 资 料★",
}  # fmt: skip
PROSE = (
    "", "河道漂浮垃圾", "反映企业泄露商业秘密", "要求为举报人保守秘密。", "机密级文件的管理办法是否适用于街道", "涉密人员脱密期管理",
    "保密协议、国家秘密定密", "加密保洁频次", "密级较高的文件", "小区内部资料室不开放", "请公开内部文件目录", "内部材料堆放杂乱",
    "居民希望把“秘密花园”改为口袋公园", "★★★★★好评", "五星★小区", "秘密举报，请为我保密", "按机密件渠道转送的来信",
)  # fmt: skip


@pytest.mark.parametrize(("text", "mark"), MARKED.items())
def test_a_mark_is_known(text: str, mark: str) -> None:
    """With and without a term, as a label, in brackets, on a line of its own, at the head of a file's name."""
    assert GUARD.mark(text) == mark


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_no_mark(text: str) -> None:
    """The bare words mean nothing."""
    assert GUARD.mark(text) == ""


def entry(body: dict[str, object], basis: str = "") -> Event:
    """Make an entry about to be written."""
    return Event(0, 1, "comment", DONE, 0, 0, "a", "a", basis, "", "", "", canonical(body))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"fields": {"comment": "秘密★"}}, "comment"),
        ({"fields": {"evidence": [{"name": "（机密）a.jpg", "size": 1}]}}, "evidence"),
        ({"fields": {"measures": [{"text": "密级：秘密", "unit": "u"}]}}, "measures"),
        ({"request": {"kind": "extension", "fields": {"reason": "绝密★"}}}, "reason"),
    ],
)
def test_no_part_of_an_entry_bears_a_mark(body: dict[str, object], field: str) -> None:
    """Wherever it stands; the refusal names field and mark, and never the text."""
    with pytest.raises(Refused) as refused:
        list(GUARD.admit([entry(body)]))
    assert refused.value.code == "classified"
    assert refused.value.data["field"] == field
    assert set(refused.value.data) == {"field", "mark"}


@pytest.mark.parametrize("text", [*MARKED, "密级：机\n密", "绝\t密★", "（内\n部\u3000资料）密"])
def test_a_mark_is_known_in_the_text_of_an_entry(text: str) -> None:
    """Blanks inside it are written otherwise there."""
    with pytest.raises(Refused, match="classified"):
        list(GUARD.admit([entry({"fields": {"comment": text}})]))


@pytest.mark.parametrize("text", [*MARKED, "（内\n部\u3000资料）密"])
def test_a_mark_is_known_in_a_policy(text: str) -> None:
    """What everybody has on the screen is looked at as an entry is."""
    with pytest.raises(Refused, match="classified"):
        GUARD.admit_policy("organisation", canonical({"units": [{"title": text}]}))


def test_what_an_entry_rests_on_bears_none() -> None:
    """The basis of a 代录 is text too."""
    with pytest.raises(Refused, match="classified"):
        list(GUARD.admit([entry({}, canonical({"kind": "签批件", "ref": "秘密★沪委〔2023〕1号"}))]))


def test_cleared_with_a_reason_it_passes_and_says_so() -> None:
    """The reason stands in the entry that bore the mark, and in no other."""
    marked, plain = GUARD._replace(cleared="已解密").admit(
        [entry({"fields": {"comment": "秘密★"}}), entry({"fields": {"comment": "加密保洁"}})]
    )
    assert '"cleared":"已解密"' in marked.body
    assert "cleared" not in plain.body


def test_what_stands_already_may_be_put_right() -> None:
    """A correction repeats the old text beside the new one."""
    kept = entry({"fields": {"title": "甲"}, "was": {"title": "（机密）甲"}})
    assert list(GUARD.admit([kept])) == [kept]
