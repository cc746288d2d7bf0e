"""`audit verify` and `audit export`: the chain, the seals and the state by the stand-alone verifier, the ledger by replay."""

from __future__ import annotations

import hashlib
import os
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.canonical import encoder
from engine.check import check
from engine.clock import iso
from engine.errors import FaultsFound, Misused, Refused, SibanError, Unavailable
from engine.event import Event
from engine.policy import PolicyShelf
from engine.row import EventQuery
from engine.seal import state_rows
from interfaces import stretches, verifier
from interfaces.checking import place_text, telling
from interfaces.output import note
from interfaces.progress import wipe
from interfaces.sealing import origin_of
from interfaces.view import View
from storage import connection, soundness
from storage.disk import unavailable
from storage.place import on_server, shown
from storage.sqlite import open_store
from workflows.faults import fault_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from engine.ports import Reader
    from interfaces.session import Session
    from storage.sqlite import SqliteStore

PACE = 5000
"""After how many entries progress is told."""

_BROKEN = (
    SibanError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    StopIteration,
    ArithmeticError,
    RecursionError,
    connection.dbapi.Error,
)
"""What reading a database that was tampered with or damaged may raise."""


def run_verify(
    session: Session, keys: Sequence[str], seals: Sequence[str], report: str | None = None, *, overwrite: bool = False
) -> str:
    """Verify chain, seals, state, ledger and file, and return what holds as a sentence; `report` is where the page about it goes.

    Raises `FaultsFound("check_failed")` with a line for each fault (the page is written all the same), `Misused("bad_argument")`
    for a key or seal that cannot be read, and what `conclusion.written` and `new_file` raise.
    """
    from interfaces.conclusion import may_write

    if report:
        may_write(report, overwrite=overwrite)
    try:
        trusted, outside = verifier.read_keys(keys), verifier.read_seals(seals)
    except verifier.Unusable as error:
        raise Misused("bad_argument", why=str(error)) from None
    verdict: verifier.Verdict | None
    broken: BaseException | None = None
    if on_server(session.path):
        verdict, lines = _examined_there(session, trusted, outside)
    else:
        verdict, lines, broken = _examined_here(session, trusted, outside)
    if report:
        _report(session, report, trusted, outside, verdict, lines, overwrite=overwrite)
    if lines or verdict is None:
        raise FaultsFound("check_failed", faults=lines) from broken
    return verifier.summary(verdict, signed=bool(trusted))


def _examined_here(
    session: Session, trusted: Sequence[verifier.Key], outside: Sequence[tuple[str, str]]
) -> tuple[verifier.Verdict | None, list[str], BaseException | None]:
    """Examine a file; of one that cannot be read, return no verdict and what stood in the way."""
    with closing(open_store(session.path, command=session.command)) as store:
        try:
            return *_examined(store, trusted, outside, stretched=True), None
        except _BROKEN:  # a text that is no UTF-8, it may be: read once more, with what is wrong left as it is
            store.as_it_is()
            try:
                return *_examined(store, trusted, outside), None
            except _BROKEN as error:
                return None, [_line("database", "file_damaged", _why(error))], error


def _report(
    session: Session,
    path: str,
    keys: Sequence[verifier.Key],
    seals: Sequence[tuple[str, str]],
    verdict: verifier.Verdict | None,
    faults: Sequence[str],
    *,
    overwrite: bool,
) -> None:
    """Write the page; of a database that cannot be read it says so much less."""
    from engine.clock import SystemTime
    from interfaces.conclusion import Examined, written

    bureau, origin, now = "", "", SystemTime().now()
    with suppress(*_BROKEN), session.store.read() as reader:
        now = session.now
        origin = origin_of(reader)
        bureau = session.organisation(reader).title
    page = written(Examined(bureau, origin, shown(session.path), now, keys, seals, verdict, faults), path)
    with new_file(path, overwrite=overwrite) as keep:
        keep(page)
    note(f"核验结论已写入 {path}，请签字并注明日期，妥善保存。")


def _examined(
    store: SqliteStore, keys: Sequence[verifier.Key], outside: Sequence[tuple[str, str]], *, stretched: bool = False
) -> tuple[verifier.Verdict, list[str]]:
    with store.read() as reader:
        count = reader.head()[0] if stretched else 0
        verdict, lines = audited(reader, keys, outside, (store.path, count) if count >= stretches.PAYS else None)
    return verdict, lines + [_line(*fault) for fault in soundness.faults(store.connection)]


def _examined_there(
    session: Session, keys: Sequence[verifier.Key], outside: Sequence[tuple[str, str]]
) -> tuple[verifier.Verdict, list[str]]:
    """Verify a database on a server, its guards too: it hands out no text that is none."""
    from storage import postgres_soundness
    from storage.postgres_connection import connect

    with session.store.read() as reader:
        verdict, lines = audited(reader, keys, outside)
    with connect(session.path).connection as connection:
        return verdict, lines + [_line(*fault) for fault in postgres_soundness.faults(connection)]


def audited(
    reader: Reader,
    keys: Sequence[verifier.Key],
    outside: Sequence[tuple[str, str]],
    file: tuple[str, int] | None = None,
) -> tuple[verifier.Verdict, list[str]]:
    """Verify what a store holds; return what the verifier found, and every fault, of the replay too, as a line.

    Given the `file` that the store lies in and how many entries it has, all processors walk through them.
    """
    tell = telling(reader)
    walk: Callable[[Iterable[Sequence[Any]], set[int]], verifier.Walk] = verifier.Walk
    if file:
        walk = partial(stretches.walk, path=file[0], count=file[1], told=tell)
    entries = _counted(reader.events(EventQuery()), tell)
    verdict = verifier.verify(origin_of(reader), entries, reader.seals(), state_rows(reader), keys, outside, walk)
    lines = [f"  {verifier.sentence(fault)}" for fault in verdict.faults]
    try:
        lines += [_line(*fault) for fault in check(reader, PolicyShelf(), tell, chain=False)]
    except _BROKEN as error:
        lines.append(_line("database", "file_damaged", _why(error)))
    if tell:
        wipe()
    return verdict, lines


def export(session: Session, path: str) -> int:
    """Write the whole record to a new file that its owner alone may read; return the number of entries.

    Raises `Refused` (`exists`, `not_whole` for those who see a part of it) or `Unavailable`.
    """
    _sees_all(session)
    store, total, count = session.store, hashlib.sha256(), 0
    with new_file(path) as keep, store.read() as reader:
        try:
            for found in export_lines(reader, session.now):
                line = _dump(found)
                keep(line)
                total.update(line)
                count += 1
        except (TypeError, ValueError) as error:  # a value that no table of ours holds
            raise Unavailable("damaged", path=session.path, why=str(error)) from error
        keep(_dump({"kind": "end", "lines": count, "sha256": total.hexdigest()}))
        return reader.head()[0]


def _sees_all(session: Session) -> None:
    """Let those pass who see every item, and the administrator, who owns the file."""
    try:
        if not isinstance(session.view(), View):
            return
    except Refused:
        if session.owns:
            return
        raise
    if session.trial or not session.owns:
        raise Refused("not_whole")


@contextmanager
def new_file(path: str | None, *, overwrite: bool = False, private: bool = True) -> Iterator[Callable[[bytes], object]]:
    """Give what writes to a new file, all of it or none; without a path, nowhere.

    A `private` one may be read by its owner alone. With `overwrite` what was there stays until the new file is whole.
    Raises `Refused("exists")`, or `Unavailable` when it cannot be written.
    """
    if path is None:
        yield bytes
        return
    if overwrite and Path(path).is_file():
        draft = f"{path}.{os.getpid()}.tmp"
        with new_file(draft, private=private) as keep:
            yield keep
        try:
            os.replace(draft, path)  # noqa: PTH105 - as a whole or not at all
        except OSError as error:
            Path(draft).unlink()
            raise unavailable(error, path) from error
        return
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
    except FileExistsError:
        raise Refused("exists", path=path) from None
    except OSError as error:
        raise unavailable(error, path) from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file.write
    except BaseException as error:
        Path(path).unlink()
        if isinstance(error, OSError):
            raise unavailable(error, path) from error
        raise


def export_lines(reader: Reader, now: int) -> Iterator[dict[str, object]]:
    """Yield what an export holds, line by line, without its last one."""
    seq, head = reader.head()
    yield {
        "kind": "export", "format": verifier.FORMAT, "origin": origin_of(reader), "entries": seq, "head": head,
        "exported_at": iso(now),
    }  # fmt: skip
    for event in reader.events(EventQuery()):
        yield {"kind": "entry"} | dict(zip(Event._fields, event, strict=True))
    for table, values in state_rows(reader):
        yield {"kind": "row", "table": table, "values": list(values)}
    for number, signed in reader.seals():
        yield {"kind": "seal", "number": number, "note": signed}


def _dump(found: dict[str, object]) -> bytes:
    return f"{_written(found)}\n".encode()


_written = encoder(sort_keys=False)


def _counted(events: Iterable[Event], tell: Callable[[int], None] | None) -> Iterator[Event]:
    for count, event in enumerate(events, 1):
        if tell and not count % PACE:
            tell(count)
        yield event


def _line(place: str, code: str, detail: str = "") -> str:
    return fault_line(place_text(place), code, detail)


def _why(error: BaseException) -> str:
    known = error.data.get("why") if isinstance(error, SibanError) else None
    return str(known or error)[:200]
