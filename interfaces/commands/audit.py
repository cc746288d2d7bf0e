"""`audit`: verify the record, seal it, export it, and hand out the program that verifies an export."""

from __future__ import annotations

from pathlib import Path

import click

from interfaces.acting import session_of
from interfaces.output import note, say, verbatim
from interfaces.shell import Command, Group, option


@click.group(
    cls=Group,
    short_help="审计：核验、存证、导出办理记录",
    chinese={"核验": "verify", "存证": "seal", "密钥": "key", "导出": "export", "核验程序": "verifier"},
)
def audit() -> None:
    """审计：核验办理记录是否完整、前后是否相接、台账是否与记录一致；存证；导出给他人核验。"""


@audit.command(
    cls=Command,
    short_help="核验办理记录",
    example="siban --db 局.db audit verify\nsiban --db 局.db audit verify --key 公钥.txt --seal 6月.seal\n"
    "siban 审计 核验 --key 公钥.txt --seal 6月.seal --结论 核验结论.docx",
)
@option(
    "--key", "--公钥", "keys", multiple=True, metavar="KEY|FILE", help="验签名的公钥，或公钥文件；可多次。只取自此处"
)
@option("--seal", "--存证", "seals", multiple=True, metavar="FILE", help="保存在库外的存证；可多次")
@option("--report", "--结论", "report", metavar="FILE", help="另写一页核验结论（.docx 或 .txt），供签字存查")
@option("--overwrite", "--覆盖", is_flag=True, help="已有同名文件时换成新的；不写则不动旧文件")
def verify(keys: tuple[str, ...], seals: tuple[str, ...], report: str | None, overwrite: bool) -> None:
    """核验办理记录：逐条验算校验值，核对存证，由记录重算台账并比对，检查库结构和文件。有任何不符，逐条列出，退出码 4。

    校验值能发现删改其中任何一条；整库由有权改写数据库的人重算，须对照留在库外的存证（--seal）和公钥（--key）才能发现。
    """
    from interfaces.auditing import run_verify

    say(run_verify(session_of(), keys, seals, report, overwrite=overwrite))


@audit.command(
    cls=Command, short_help="作一份存证", example="siban --db 局.db audit seal --key 审计.key --out 2023-06-14.seal"
)
@option("--key", "--私钥", "key_file", required=True, metavar="FILE", help="签名的私钥文件（siban audit key new）")
@option("--out", "--写入", "out", metavar="FILE", help="存证另存为此文件；不写则显示在屏幕上")
def seal(key_file: str, out: str | None) -> None:
    """作一份存证：一段签过名的短文，写明至今共有多少条办理记录、其校验总值和台账现状。

    存证须带离本机才有用：打印、寄送、另存，或交由他人保管。以后用 audit verify --seal 对照，改动过其中任何一条都能发现。
    """
    from interfaces.auditing import new_file
    from interfaces.founding import installer
    from interfaces.sealing import make_seal, read_key

    session = session_of()
    signer = read_key(key_file)
    store = session.store
    with new_file(out) as keep:
        made = make_seal(store, session.now, installer(session), signer)
        keep(made.note.encode())
    session.keep_clock()
    if not out:
        verbatim(made.note.removesuffix("\n"))
    note(f"第 {made.number} 号存证，覆盖 {made.size} 条办理记录{f'，已写入 {out}' if out else ''}。请带离本机保存。")


@audit.group(cls=Group, short_help="存证所用的密钥", chinese={"新建": "new"})
def key() -> None:
    """存证所用的密钥。私钥由作存证的人保管，公钥交给每一个核验的人。"""


@key.command(cls=Command, short_help="新建密钥", example="siban audit key new 审计.key")
@click.argument("path", metavar="FILE")
@option("--name", "--名称", default="siban", metavar="NAME", help="公钥名称，默认 siban")
def new(path: str, name: str) -> None:
    """新建一对密钥：私钥写入文件，只有本人可读，已有的文件不会被覆盖；公钥显示为一行，请抄存并交给核验的人。"""
    from interfaces.sealing import new_key

    say(new_key(path, name))
    note(f"私钥已写入 {path}，只有本人可读；不要与数据库放在一处。上面一行是公钥，核验时用 --key 给出。")


@audit.command(cls=Command, short_help="导出全部办理记录", example="siban --db 局.db audit export 记录.jsonl")
@click.argument("path", metavar="FILE")
def export(path: str) -> None:
    """导出全部办理记录、台账现状和存证（JSON 行），供他人脱离本系统核验。不含反映人的姓名和联系方式。"""
    from interfaces.auditing import export as run_export

    count = run_export(session_of(), path)
    say(
        f"已导出 {count} 条办理记录到 {path}。核验：python verifier.py {path} --key 公钥（siban audit verifier 取得程序）。"
    )


@audit.command(cls=Command, short_help="取得独立的核验程序", example="siban audit verifier verifier.py")
@click.argument("path", metavar="FILE")
def verifier(path: str) -> None:
    """取得独立的核验程序：一个文件，只用 Python 标准库，与本系统不共用程序，供他人在自己的电脑上核验导出文件。"""
    from interfaces import verifier as program
    from interfaces.auditing import new_file

    with new_file(path) as keep:
        keep(Path(program.__file__).read_bytes())
    say(f"已写入 {path}。用法：python {path} 记录.jsonl --key 公钥 --seal 存证")
