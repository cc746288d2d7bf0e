"""What the shell offers on TAB: commands in both languages, items, requests, notices, units, officers, words of a choice.

Each TAB is a run of the program. It goes by what one may see, and whatever goes wrong offers nothing, in silence.
"""

from __future__ import annotations

import os
import sys
from itertools import islice
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class
from click.shell_completion import _resolve_context as context_of
from click.shell_completion import _resolve_incomplete as asked_for

from engine.row import ItemQuery, from_text
from interfaces.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from engine.organisation import Organisation
    from engine.row import Row

    Words = Iterable[tuple[str, str]]

VARIABLE = "_SIBAN_COMPLETE"
"""The environment variable by which a shell's script asks, as click's scripts name it."""

SHELLS = ("bash", "zsh", "fish", "powershell")

OFFERED, LOOKED_AT = 50, 5000
"""How many are offered at most, and how many rows of the ledger are looked at for them: a TAB must not take long."""

PATIENCE = 0.3
"""Seconds to wait for a database that is locked."""


def script(shell: str) -> str:
    """Return what a shell reads to complete our command lines: click's own, for PowerShell in UTF-8."""
    made = _class(shell)(click.Command("siban"), {}, "siban", VARIABLE)
    text = made.source_template % made.source_vars()
    if shell == "powershell":  # a Chinese console decodes what a program writes as cp936
        text = text.replace(
            "    try {\n",
            "    $prev_encoding, $prev_io = [Console]::OutputEncoding, $env:PYTHONIOENCODING\n"
            "    [Console]::OutputEncoding = [System.Text.Encoding]::UTF8\n"
            "    $env:PYTHONIOENCODING = 'utf-8'\n    try {\n",
        ).replace(
            "    } finally {\n",
            "    } finally {\n        [Console]::OutputEncoding = $prev_encoding\n        $env:PYTHONIOENCODING = $prev_io\n",
        )
    return text


def answer(root: click.Command, session_of: Callable[[click.Context], Session]) -> int:
    """Answer a shell that asks through the environment; return the exit status, 0 also where there is nothing to offer."""
    shell, _, instruction = os.environ[VARIABLE].partition("_")
    if shell not in SHELLS or instruction != "complete":
        return 1
    Session.patience = PATIENCE
    try:
        made = _class(shell)(root, {}, "siban", VARIABLE)
        made.get_completions = lambda args, incomplete: _offered(root, session_of, args, incomplete)  # type: ignore[method-assign] # ours instead
        text = made.complete()
    except Exception:  # noqa: BLE001 - no database, nobody's user, a lock, a line that makes no sense: nothing to offer
        return 0
    _write(text)
    return 0


def _class(shell: str) -> type[ShellComplete]:
    found = get_completion_class(shell)
    if found is None:
        raise LookupError(shell)
    return found


def _write(text: str) -> None:
    """Write in the shell's own encoding, and with plain line ends: what Windows makes of them breaks its script."""
    sys.stdout.buffer.write(text.encode(sys.stdout.encoding or "utf-8", "replace"))
    sys.stdout.buffer.flush()


def _offered(
    root: click.Command, session_of: Callable[[click.Context], Session], args: list[str], incomplete: str
) -> list[CompletionItem[str]]:
    ctx = context_of(root, {}, "siban", args)
    found, incomplete = asked_for(ctx, args, incomplete)
    if isinstance(found, click.Parameter):
        return _of_parameter(ctx, found, session_of(ctx), incomplete)
    return found.shell_complete(ctx, incomplete)


def _of_parameter(
    ctx: click.Context, param: click.Parameter, session: Session, incomplete: str
) -> list[CompletionItem[str]]:
    kind = (param.metavar or "").replace("...", "").strip("[]")
    if kind.startswith("ITEM] FILE"):
        kind = "FILE" if ctx.params.get(param.name or "") else "ITEM"
    if kind.startswith(("FILE", "DIR", "PATH")):
        return [CompletionItem(incomplete, type="dir" if kind == "DIR" else "file")]
    choices = _choices(param, session)
    look = _KINDS.get(kind.partition("|")[0])
    words = choices or (look(session, incomplete) if look else ())
    found = (CompletionItem(word, help=told or None) for word, told in words if word.startswith(incomplete))
    return [*islice(found, OFFERED)] or param.shell_complete(ctx, incomplete)


def _choices(param: click.Parameter, session: Session) -> list[tuple[str, str]]:
    """Return the words of a field that has a choice, in the order of the definition."""
    name = {"LIST": "track", "SOURCE": "source"}.get(param.metavar or "", param.name or "")
    fields = [entry["fields"][name] for entry in session.index.values() if name in entry["fields"]]
    return list(dict.fromkeys((str(word), "") for field in fields for word in (field.get("choices") or {}).values()))


def _rows(session: Session) -> Iterator[Row]:
    """Yield the open items that one may see, the newest last; only so many are looked at."""
    with session.view() as reader:
        yield from islice(reader.rows(ItemQuery(open=True)), LOOKED_AT)


def _items(session: Session, incomplete: str) -> Iterator[tuple[str, str]]:
    for row in _rows(session):
        name = str(row.number) if incomplete.isdecimal() or not incomplete else row.serial
        if name.startswith(incomplete):
            yield name, _plain(row.title)


def _requests(session: Session, incomplete: str) -> Iterator[tuple[str, str]]:
    titles = session.titles
    for row in _rows(session):
        for request in from_text(row.body).requests:
            if request.is_open and f"{row.number}-{request.ordinal}".startswith(incomplete):
                yield f"{row.number}-{request.ordinal}", f"{titles.requests.get(request.kind, '')} {_plain(row.title)}"


def _notices(session: Session, incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield what I have not seen yet, then drafts that wait for somebody's release."""
    with session.view() as reader:
        mine = reader.notices(receiver=session.hand().decider, unseen=True)
        for notice in (*mine, *reader.notices(status="draft")):
            if str(notice.number).startswith(incomplete) and (row := reader.row(notice.item)):
                yield str(notice.number), f"{row.serial} {_plain(row.title)}"


def _organisation(session: Session) -> Organisation:
    with session.store.read() as reader:
        return session.organisation(reader)


def _units(session: Session, _incomplete: str) -> Iterator[tuple[str, str]]:
    for unit in _organisation(session).units.values():
        yield unit.title, unit.id


def _officers(session: Session, incomplete: str) -> Iterator[tuple[str, str]]:
    found = _organisation(session)
    names = [officer.name for officer in found.officers.values()]
    for officer in found.officers.values():
        by_id = names.count(officer.name) > 1 or (incomplete and officer.id.startswith(incomplete))
        told = f"{found.unit_title(officer.unit)} {officer.post}"
        yield (officer.id, f"{officer.name} {told}") if by_id else (officer.name, told)


def _verbs(session: Session, _incomplete: str) -> Iterator[tuple[str, str]]:
    for name, title in session.titles.verbs.items():
        yield title, name.replace("_", "-")


def _states(session: Session, _incomplete: str) -> Iterator[tuple[str, str]]:
    yield from dict.fromkeys((title, "") for title in session.titles.states.values())


def _stages(_session: Session, _incomplete: str) -> Iterator[tuple[str, str]]:
    from workflows.labels import STAGES

    yield from ((title, name) for name, title in STAGES.items())


_KINDS: dict[str, Callable[[Session, str], Words]] = {
    "ITEM": _items,
    "REQUEST": _requests,
    "NOTICE": _notices,
    "UNIT": _units,
    "OFFICER": _officers,
    "VERB": _verbs,
    "STATE": _states,
    "STAGE": _stages,
}


def _plain(text: str) -> str:
    """Return a title as one safe line beside what is offered."""
    from interfaces.display import display, shorten

    return shorten(display(text), 40)
