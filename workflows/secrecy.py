"""Marks of classified papers (密级标志): how they are written, what is said about them. What is classified may not be entered here.

After GB/T 7156-2003 (国家秘密文献密级标志) and GB/T 9704-2012, 7.2.2: level, ★, then the term (秘密★10年, 机密★长期, 绝密★启用前). The
same words in a sentence (商业秘密, 机密级文件的管理) are no mark.
"""

from __future__ import annotations

HINTS: tuple[str, ...] = ("绝密", "机密", "秘密", "内部")
"""A text without all characters of one of these has no mark: most are looked at no further."""

_GAP = r"(?:\s|\\[fnrt]|\\u00[01]\w)*"  # blanks, as they stand and as JSON writes them
WORDS = rf"绝{_GAP}密|机{_GAP}密|秘{_GAP}密|内{_GAP}部{_GAP}[资文材]"
"""What every mark holds, as a regular expression that also finds it in JSON; each way begins with a character, which is found fast."""

_LEVEL = r"(?:绝\s*密|机\s*密|秘\s*密)"
_STAR = r"[★☆✩✭⭐＊*]"
_TERM = r"(?:\s*(?:\d+|[一二三四五六七八九十]+)\s*(?:年|个?月|日|天)|\s*长期|\s*[启解]\w{0,6}前|\s*解密)?"
_INTERNAL = r"内\s*部\s*(?:资\s*料|文\s*件|材\s*料)"
_KEEP = r"(?:注意保存|注意保密|妥善保管|不得外传|严禁外传|请勿外传|不得扩散|严禁扩散)"

MARK = (
    rf"{_LEVEL}\s*{_STAR}{_TERM}"  # the standard's own form
    rf"|(?:密级|保密等级|秘密等级|涉密等级)\s*[:：]\s*{_LEVEL}"
    rf"|[（(【\[〔]\s*{_LEVEL}\s*(?:级|件)?\s*[）)】\]〕]"  # at the head of a title, or of a file's name
    rf"|^\s*{_LEVEL}\s*(?:级|件|文件)?\s*$|^\s*{_LEVEL}\s*[-_—]"  # a line of its own, or how a file's name begins
    rf"|{_INTERNAL}\s*{_STAR}|[（(【\[〔]\s*{_INTERNAL}\s*[）)】\]〕]"
    rf"|^\s*{_INTERNAL}\s*(?:$|[，,、：:；;！!]?\s*{_KEEP})"
)
"""A mark as a regular expression, line by line."""

REMINDER = "本系统为非涉密系统，不得录入涉密信息。"
"""Said where texts come in."""
