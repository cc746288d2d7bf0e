"""Finding a definition by what people call it: a workflow's name, name@version, either end of a hash, or a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from engine.canonical import parse
from engine.errors import Misused, Unavailable
from engine.policy import DEFINITION
from engine.row import EventQuery

if TYPE_CHECKING:
    from engine.definition import Definition
    from engine.ports import Reader
    from interfaces.session import Session

SHORT = 12
"""How many characters of a hash are shown."""

_HASH_END = re.compile("[0-9a-f]{4,64}")


def kept(reader: Reader, session: Session) -> list[Definition]:
    """Return every definition the database keeps, superseded versions too, in the order they were first loaded."""
    loads = reader.events(EventQuery(item=0, verb="define"))
    hashes = dict.fromkeys(str(parse(event.body)["hash"]) for event in list(loads))
    return [session.shelf.definition(reader, hash_) for hash_ in hashes]


def label(definition: Definition) -> str:
    """Name one version: siban@2（3f2a…）."""
    return f"{definition.name}@{definition.version}（{definition.hash[:SHORT]}）"


def kept_version(reader: Reader, session: Session, name: str, version: str | None) -> Definition:
    """Return a version of a workflow: the current one, or that of a number or of either end of a hash.

    Raises `Unavailable("workflow_missing")` or `Misused("version_unknown")`.
    """
    if version is None:
        return session.shelf.current(reader, name).definition
    among = [definition for definition in kept(reader, session) if definition.name == name]
    return _picked(version, among, numbers=True)


def definition_of(session: Session, name: str | None) -> Definition:
    """Return the definition meant; without a name the database's first.

    A database's own come before the shipped ones, those before files. Raises `Unavailable("workflow_missing")`,
    `Misused("version_unknown")`, or what reading a file raises.
    """
    from engine.loader import load
    from interfaces.founding import read_text
    from workflows.index import SHIPPED, definition_text

    wanted = name or session.workflow()
    try:
        found = _in_database(session, wanted)
    except Unavailable as error:
        if error.code == "policy_missing":
            raise
        found = None
    if found:
        return found
    if wanted in SHIPPED:
        return load(definition_text(wanted))
    if Path(wanted).suffix:
        return load(read_text(wanted))
    raise Unavailable("workflow_missing", name=wanted, among=list(session.index))


def _in_database(session: Session, wanted: str) -> Definition | None:
    with session.store.read() as reader:
        hash_ = reader.current_hashes().get((DEFINITION, wanted))
        if hash_:
            return session.shelf.definition(reader, hash_)
        workflow, at, version = wanted.partition("@")
        if at and (DEFINITION, workflow) in reader.current_hashes():
            return kept_version(reader, session, workflow, version)
        if _HASH_END.fullmatch(wanted):
            return _picked(wanted, kept(reader, session), numbers=False)
    return None


def _picked(text: str, among: list[Definition], *, numbers: bool) -> Definition:
    found = [d for d in among if numbers and str(d.version) == text]
    if not found and _HASH_END.fullmatch(text):
        found = [d for d in among if d.hash.startswith(text) or d.hash.endswith(text)]
    if len(found) != 1:
        raise Misused("version_unknown", name=text, among=[label(definition) for definition in among])
    return found[0]
