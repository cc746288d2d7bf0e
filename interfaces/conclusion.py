"""核验结论: one page that says what was verified, by what, what came out, and what is not proved by it; as Word file or as text."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import Misused, Refused
from interfaces.display import display
from workflows.labels import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from interfaces.verifier import Key, Verdict

SUFFIXES = (".docx", ".txt")
NAMED = 8
"""How many faults the page names; all are printed by the command."""

TITLE, HEAD, BODY, SIGNED = "title", "head", "body", "signed"
_FONTS = {TITLE: ("方正小标宋简体", 22), HEAD: ("黑体", 15), BODY: ("仿宋_GB2312", 15), SIGNED: ("仿宋_GB2312", 15)}
"""Font and size (pt) of each kind of line, after GB/T 9704-2012, the body one size smaller so that it stays on a page."""


class Examined(NamedTuple):
    """What was verified: whose record, where, when (µs), with what, and what came out. `verdict` is None of a file that cannot be read."""

    bureau: str
    origin: str
    path: str
    at: int
    keys: Sequence[Key]
    seals: Sequence[tuple[str, str]]
    verdict: Verdict | None
    faults: Sequence[str]


def may_write(path: str, *, overwrite: bool) -> None:
    """Raise before the long work begins: `Misused("bad_conclusion")` for any but .docx and .txt, `Refused("exists")`."""
    if os.path.splitext(path)[1].lower() not in SUFFIXES:  # noqa: PTH122 - of a name alone
        raise Misused("bad_conclusion", path=path)
    if not overwrite and os.path.exists(path):  # noqa: PTH110 - as above
        raise Refused("exists", path=path)


def written(found: Examined, path: str) -> bytes:
    """Return the page as the file that `path` names, a Word file or a text; both say the same."""
    said = list(_said(found))
    if path.lower().endswith(".docx"):
        return _document(said)
    return ("\n".join(text for _, text in said) + "\n").encode()


def _said(found: Examined) -> Iterator[tuple[str, str]]:
    """Yield the lines of the page with their kinds; both files say the same."""
    verdict = found.verdict
    yield TITLE, "办理记录核验结论"
    yield HEAD, "一、核验对象"
    name = display(os.path.basename(found.path))  # noqa: PTH119 - a name, nothing is opened
    subject = f"{display(found.bureau)}四办一反馈办理记录（数据库文件{name}，标识{display(found.origin)}）"
    yield BODY, f"{subject}。核验时间：{moment(found.at)}。"
    yield HEAD, "二、核验范围和依据"
    if verdict is None:
        yield BODY, "数据库文件已损坏，未能读出全部办理记录。"
    else:
        yield BODY, f"第1号至第{verdict.size}号办理记录；末条校验值{verdict.head}。"
        yield BODY, _leaned_on(found, verdict)
    yield HEAD, "三、核验结果"
    if found.faults:
        yield (
            BODY,
            f"核验未通过，发现{len(found.faults)}处不符{f'，列出前{NAMED}处' if len(found.faults) > NAMED else ''}：",
        )
        for number, fault in enumerate(found.faults[:NAMED], 1):
            yield BODY, f"{number}．{display(fault.strip())}"
    else:
        yield (
            BODY,
            "核验通过。各条记录逐条验算，未见删除、插入、改动或次序变化；由记录重算的台账与现有台账一致；数据库结构完好。",
        )
    yield HEAD, "四、本次核验不能证明的事项"
    for number, text in enumerate(_not_proved(found), 1):
        yield BODY, f"（{number}）{text}"
    yield BODY, ""
    yield SIGNED, "核验人（签字）：　　　　　　　　监督人（签字）：　　　　　　　　"
    yield SIGNED, "　　　　年　　月　　日"


def _leaned_on(found: Examined, verdict: Verdict) -> str:
    keys = "、".join(f"{display(key.name)}（{key.id.hex()}）" for key in found.keys)
    outside = "、".join(display(os.path.basename(name)) for name, _ in found.seals)  # noqa: PTH119 - as above
    seals = f"存证{verdict.seals}份，覆盖到第{verdict.sealed}号" if verdict.sealed else "没有可用的存证"
    if verdict.sealed and not found.keys:
        seals += "，未核对签名"
    return f"{seals}；库外存证：{outside or '未提供'}；公钥：{keys or '未提供'}。"


def _not_proved(found: Examined) -> Iterator[str]:
    """Yield what nobody may read out of this page; never less than there is."""
    verdict = found.verdict
    yield "所录内容与实际情况是否相符，以及应当录入而没有录入的事项。"
    sealed = verdict.sealed if verdict else 0
    if not (sealed and found.keys and found.seals):
        missing = [
            word for word, there in (("存证", sealed), ("公钥", found.keys), ("库外存证", found.seals)) if not there
        ]
        yield f"缺少{'、'.join(missing)}，有权改写数据库的人若将整库重新计算，本次核验不能发现。"
    if verdict and sealed and sealed < verdict.size:
        yield f"第{sealed + 1}号至第{verdict.size}号记录尚无存证，其在核验以前是否经过整体改写。"
    yield "佐证材料文件的内容（可用 siban evidence 逐件核对），以及已经依规清除的反映人信息。"


def _document(said: Sequence[tuple[str, str]]) -> bytes:
    import docx
    from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    made = docx.Document()
    page = made.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.top_margin, page.bottom_margin, page.left_margin, page.right_margin = Mm(30), Mm(25), Mm(28), Mm(26)
    for kind, text in said:
        font, size = _FONTS[kind]
        line = made.add_paragraph()
        layout = line.paragraph_format
        layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(size * 1.6)
        layout.space_before, layout.space_after = Pt(0), Pt(size / 2 if kind == TITLE else 0)
        if kind == TITLE:
            line.alignment = WD_ALIGN_PARAGRAPH.CENTER
        elif kind == SIGNED:
            line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        else:
            layout.first_line_indent = Pt(2 * size)
        run = line.add_run(text)
        run.font.name, run.font.size = font, Pt(size)
        run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)  # noqa: SLF001 - the only way
    about = made.core_properties
    about.author, about.title, about.comments = "", "办理记录核验结论", ""
    kept = io.BytesIO()
    made.save(kept)
    return kept.getvalue()
