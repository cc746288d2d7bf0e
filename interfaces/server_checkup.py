"""The checks of `doctor` that concern a database on a server: how it is reached, how it keeps what it is given, who I am to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interfaces.upkeep import FAULT, NOTE, OK, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interfaces.session import Session
    from storage.postgres_status import Keeping


def server_findings(session: Session) -> Iterator[Finding]:
    """Yield what an administrator of the server would set right first."""
    from storage.place import shown
    from storage.postgres_soundness import faults
    from storage.postgres_status import keeping

    kept, place = keeping(session.path), shown(session.path)
    yield _reached(place, kept)
    yield _durability(kept)
    from storage.postgres_connection import connect

    with connect(session.path).connection as connection:
        wrong = [where.removeprefix("database ") for where, *_ in faults(connection)]
    if wrong:
        yield Finding(
            "guards", FAULT, "库内防护", f"缺少、被改或停用：{'、'.join(wrong)}", "请查明原因；siban audit verify"
        )
    else:
        yield Finding("guards", OK, "库内防护", "办理记录只增不改的防护齐全")


def strength(session: Session) -> tuple[str, str, str]:
    """Return level, ground and advice for how the account is known."""
    ground = f"由数据库账号 {session.user} 认定"
    if session.owns:
        return NOTE, f"{ground}；该账号拥有库中各表，可以改写记录", "办理事项请用 siban_officer 组内的本人账号"
    return OK, f"{ground}，库本身按此核对每条记录", ""


def _reached(place: str, kept: Keeping) -> Finding:
    if kept.encrypted == "local":
        return Finding("connection", OK, "连接", f"{place}，经本机套接字")
    if kept.encrypted:
        return Finding("connection", OK, "连接", f"{place}，{kept.encrypted} 加密")
    return Finding(
        "connection", FAULT, "连接", f"{place}，未加密", "在地址末尾加 ?sslmode=verify-full，见 docs/postgresql.md"
    )


def _durability(kept: Keeping) -> Finding:
    words = [
        f"fsync={_ON[kept.fsync]}",
        f"full_page_writes={_ON[kept.full_page_writes]}",
        f"synchronous_commit={kept.synchronous_commit}",
    ]
    text = "，".join(words)
    if not (kept.fsync and kept.full_page_writes):
        return Finding(
            "durability",
            FAULT,
            "保存设置",
            f"{text}，断电可能丢失已办的动作",
            "在 postgresql.conf 中改回 on，再重新启动服务",
        )
    if not kept.data_checksums:
        return Finding(
            "durability", NOTE, "保存设置", f"{text}；没有数据校验和", "停机后 pg_checksums --enable，或重建实例时开启"
        )
    return Finding("durability", OK, "保存设置", f"{text}，断电不丢已办的动作")


_ON = {True: "on", False: "off"}
