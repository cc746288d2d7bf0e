"""A paper about an item, from the record to a file: drafted, issued with its number, or printed again as it was."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine import paper as issuing
from engine.errors import Conflict, Refused
from engine.row import EventQuery
from interfaces.auditing import new_file
from interfaces.evidence import Pictures, pictures, pieces, state
from interfaces.paper_basis import basis_of, paper_on
from interfaces.paper_content import content_of, day_text, dossier_content
from interfaces.template import fill, takes, template_of
from workflows.papers import DRAFT_MARK, TRIAL_MARK, blanks, number_text, read_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.event import Event
    from engine.paper import Paper
    from engine.ports import Reader
    from interfaces.dossier import Dossier
    from interfaces.evidence import Piece
    from interfaces.paper_basis import Basis
    from interfaces.session import Session
    from workflows.papers import Kind, Number


_ODD = "编码格式特殊"
"""Why a picture that can be opened does not stand in a Word file."""


class Printed(NamedTuple):
    """A paper as a file: `number` is "" for drafts and for the dossier, `again` says that it had been issued before."""

    kind: Kind
    number: str
    draft: bool
    again: bool
    document: bytes
    pictures_left: list[tuple[str, str]]


class Wish(NamedTuple):
    """What is asked for: a kind of paper, from a template other than the shipped one, or one issued earlier by its number."""

    kind: Kind
    template: str | None = None
    number: Number | None = None


def print_paper(wish: Wish, read: Callable[[], Dossier], session: Session, *, dry_run: bool = False) -> Printed:
    """Print a paper, giving it its number where it may go out and has none yet.

    The template is tried before a number is given. `read` reads the item's dossier. Raises what `engine.paper.issue`,
    `interfaces.paper_basis` and `interfaces.template` raise, and `Refused("unknown_paper")`.
    """
    dossier, kind = read(), wish.kind
    found = pieces(dossier.item, dossier.events)
    if not kind.series:
        return _print_dossier(wish, dossier, found, session)
    if wish.number:
        return _again(wish, _named(wish, dossier), dossier, found, session)
    with session.view() as reader:
        notices = list(reader.notices(item=dossier.item.number))
    basis = basis_of(kind, dossier, notices)
    known = paper_on(basis, kind, dossier)
    if known:
        return _again(wish, known, dossier, found, session)
    content = content_of(kind, dossier, basis, found, dated=basis.released)
    printed = _filled(wish, content, "", found, session, draft=not basis.released)
    if not basis.released:
        return printed
    try:
        paper = _issue(kind, basis, content, dossier, session, dry_run=dry_run)
    except Conflict as error:
        if error.code != "paper_issued":
            raise
        return print_paper(wish, read, session)  # somebody was faster: theirs is the paper
    return _filled(wish, content, number_text(paper), found, session)


def _issue(
    kind: Kind, basis: Basis, content: dict[str, object], dossier: Dossier, session: Session, *, dry_run: bool
) -> Paper:
    order = issuing.Order(kind.name, kind.series, kind.group, basis.key, content)
    outcome = session.office.issue(dossier.item.number, order, session.hand(), dry_run=dry_run)
    return issuing.issued(outcome.after)[-1]


def _named(wish: Wish, dossier: Dossier) -> Paper:
    """Find a paper of the item by its number."""
    for paper in issuing.issued(dossier.item):
        same = wish.number and (paper.year, paper.no) == (wish.number.year, wish.number.no)
        if same and paper.kind == wish.kind.name:
            return paper
    name = f"〔{wish.number.year}〕{wish.number.no}号" if wish.number else ""
    raise Refused("unknown_paper", name=name, title=wish.kind.title)


def _again(wish: Wish, paper: Paper, dossier: Dossier, found: Sequence[Piece], session: Session) -> Printed:
    content, _ = issuing.content(dossier.events, paper)
    return _filled(wish, dict(content), number_text(paper), found, session, again=True)


def _print_dossier(wish: Wish, dossier: Dossier, found: Sequence[Piece], session: Session) -> Printed:
    with session.view() as reader:
        proof = _proof(reader, dossier)
        seals = reader.seals()
    proof += _sealed(seals)
    states = {piece.sha256: state(session.files, piece) for piece in found}
    dated = []
    for paper in issuing.issued(dossier.item):
        _, entry = issuing.content(dossier.events, paper)
        dated.append((paper, entry.effective_at))
    basis = basis_of(wish.kind, dossier, ())
    content = content_of(wish.kind, dossier, basis, found, dated=True)
    content |= dossier_content(dossier, found, states, dated, proof)
    return _filled(wish, content, "", found, session)


def _proof(reader: Reader, dossier: Dossier) -> list[dict[str, str]]:
    """Name the hashes that tie the dossier to the record: the item's last entry, the whole record's, and what was in force."""
    last = dossier.events[-1]
    seq, head = reader.head()
    return [
        {"name": "流程定义", "text": dossier.item.definition},
        {"name": "工作日历", "text": dossier.rules.calendar.hash},
        {"name": "本事项最后一条记录", "text": f"第 {last.seq} 号　{last.hash}"},
        {"name": "全部记录最后一条", "text": f"第 {seq} 号　{head}"},
    ]


def _sealed(seals: Sequence[tuple[int, str]]) -> list[dict[str, str]]:
    if not seals:
        return [{"name": "存证", "text": "尚未作过存证"}]
    number, note = seals[-1]
    lines = note.splitlines()
    return [{"name": f"第 {number} 号存证", "text": f"覆盖 {lines[1]} 条记录，根 {lines[2]}（{lines[0]}）"}]


def _filled(
    wish: Wish,
    content: dict[str, object],
    number: str,
    found: Sequence[Piece],
    session: Session,
    *,
    draft: bool = False,
    again: bool = False,
) -> Printed:
    """Fill the template with what a paper says, its number and its mark, and the pictures that can be shown."""
    kind = wish.kind
    marks = [DRAFT_MARK] * draft + [TRIAL_MARK] * session.trial
    values = blanks(kind) | content | {"mark": "　".join(marks)}
    if "number" in kind.fields:
        values["number"] = number
    shown = _pictures(values, found, session)
    if "pictures_left" in kind.fields:
        values["pictures_left"] = "；".join(f"{name}（{why}，未嵌入）" for name, why in shown.left)
    by_hash = {picture.piece.sha256: picture for picture in shown.shown}
    for name in (name for name in values if name.startswith("pictures_")):
        rows = values[name]
        if isinstance(rows, list):
            values[name] = [row for row in rows if isinstance(row, dict) and row.get("image") in by_hash]
    document = fill(template_of(kind, wish.template), values, kind.needs, by_hash)
    return Printed(kind, number, draft, again, document, shown.left)


def _pictures(values: dict[str, object], found: Sequence[Piece], session: Session) -> Pictures:
    """Read the pictures that a paper names; those handed in since are none of its."""
    wanted = {
        row.get("image")
        for name, rows in values.items()
        if name.startswith("pictures_") and isinstance(rows, list)
        for row in rows
        if isinstance(row, dict)
    }
    named = [piece for piece in found if piece.sha256 in wanted]
    got = pictures(session.files if named else "", named)  # without pictures nobody asks where they would be
    taken = [picture for picture in got.shown if takes(picture)]
    return Pictures(taken, got.left + [(picture.piece.name, _ODD) for picture in got.shown if picture not in taken])


# -- papers by their numbers -----------------------------------------------------------------------------------------


def found_by_number(text: str, reader: Reader) -> tuple[Paper, Event]:
    """Find the paper that a number names, among those that may be seen.

    Raises `Refused`: `bad_paper_number`, `unknown_paper`, `ambiguous_paper`.
    """
    number = read_number(text)
    if number is None:
        raise Refused("bad_paper_number", text=text)
    found = []
    for event in reader.events(EventQuery(verb=issuing.ISSUE, result="done")):
        paper = issuing.paper_of(event)
        if (paper.year, paper.no) == (number.year, number.no) and number.series in ("", paper.series):
            found.append((paper, event))
    if not found:
        raise Refused("unknown_paper", name=text, title="")
    if len(found) > 1:
        raise Refused("ambiguous_paper", name=text, among=[number_text(paper) for paper, _ in found])
    return found[0]


def paper_rows(dossier: Dossier, found: Sequence[Piece]) -> Iterator[dict[str, object]]:
    """Yield the papers issued about an item as rows, with their signed scans."""
    for paper in issuing.issued(dossier.item):
        _, entry = issuing.content(dossier.events, paper)
        yield {
            "number": number_text(paper),
            "kind": paper.kind,
            "basis": paper.basis,
            "seq": entry.seq,
            "date": day_text(entry.effective_at),
            "issued_by": entry.decider,
            "issuer": dossier.who(entry.decider),
            "scans": [piece.name for piece in found if piece.paper == paper.key],
        }


# -- files -----------------------------------------------------------------------------------------------------------


@contextmanager
def target(path: str, *, force: bool) -> Iterator[Callable[[bytes], object]]:
    """Give what writes a file, all of it or none; the name is taken at once. With `force` what is there is replaced at the end.

    Raises what `new_file` raises.
    """
    if not force:
        with new_file(path) as keep:
            yield keep
        return
    passing = f"{path}.new-{os.getpid()}"
    with new_file(passing) as keep:
        yield keep
    try:
        Path(passing).replace(path)
    except OSError as error:
        from storage.disk import unavailable

        Path(passing).unlink(missing_ok=True)
        raise unavailable(error, path) from error
