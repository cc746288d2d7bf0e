"""Setting up a database: reading definition and organisation files, keeping them, and saying what would change."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from engine.canonical import canonical
from engine.clock import SteppedTime, SystemTime, parse_instant
from engine.context import Hand
from engine.errors import Misused, Refused
from engine.office import Office
from engine.policy import CALENDAR, DEFINITION, ORGANISATION
from interfaces.session import CLOCK, TRIAL, Session

if TYPE_CHECKING:
    from engine.definition import Definition
    from engine.organisation import Organisation
    from engine.secrecy import Guard


def read_text(path: str) -> str:
    """Read a file of policy; raises `Misused("bad_toml")` when it cannot be read as text."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Misused("bad_toml", path=path, why="没有这个文件") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Misused("bad_toml", path=path, why=str(error)) from None


def found(
    path: str,
    definitions: list[str],
    organisation: Organisation | None,
    *,
    trial: bool,
    at: str | None = None,
    guard: Guard | None = None,
) -> None:
    """Make a database and put its policy in; nothing is left behind when a definition is faulty or the guard refuses a text.

    Raises `FaultsFound("definition_faults")`, `Refused`: `exists`, `classified`; or `Unavailable`.
    """
    from engine.checker import check, index_faults
    from engine.errors import FaultsFound
    from engine.loader import load
    from storage.place import create
    from workflows.calendars import shipped_edition
    from workflows.index import index_of

    if at and not trial:
        raise Misused("trial_only")
    loaded = [load(text) for text in definitions]
    faults = [fault for definition in loaded for fault in check(definition, organisation)]
    faults += index_faults(loaded)
    if faults:
        raise FaultsFound("definition_faults", faults=faults)
    if guard:
        for definition in loaded:
            guard.admit_policy(DEFINITION, definition.text)
        if organisation is not None:
            guard.admit_policy(ORGANISATION, organisation.text)
    settings = {"installation": secrets.token_hex(16), TRIAL: "1" if trial else "0"}
    if at:
        settings[CLOCK] = str(parse_instant(at))
    create(path, settings)
    session = Session(path)
    try:
        office = Office(session.store, SteppedTime(parse_instant(at)) if at else SystemTime(), guard=guard)
        hand = Hand(session.signature, session.signature)
        office.put_policy(CALENDAR, "cn", canonical(shipped_edition().to_dict()), hand)
        if organisation is not None:
            office.put_policy(ORGANISATION, "bureau", organisation.text, hand)
        for definition in loaded:
            office.put_policy(DEFINITION, definition.name, definition.text, hand, index_of(definition))
    finally:
        session.close()


def load_version(session: Session, path: str, *, dry_run: bool = False) -> tuple[Definition | None, Definition]:
    """Load a further version of a workflow, or a new workflow; return the version that was current, None for none, and the new one.

    Items under way stay on theirs, so the command line keeps the verbs of those. Loading the current text again changes nothing.
    Raises `FaultsFound("definition_faults")` or `Refused`: `version_taken`, `version_lower`, `classified`.
    """
    from engine.checker import check, index_faults
    from engine.errors import FaultsFound
    from engine.loader import load
    from engine.row import ItemQuery
    from interfaces.definitions import kept
    from workflows.index import index_of, joined

    new = load(read_text(path))
    with session.store.read() as reader:
        current = {d.name: d for d in (session.shelf.definition(reader, p.hash) for p in reader.current(DEFINITION))}
        old = current.pop(new.name, None)
        if old and old.hash == new.hash:
            return old, new
        for other in kept(reader, session):
            if other.name == new.name and other.version == new.version and other.hash != new.hash:
                raise Refused("version_taken", name=new.name, version=new.version, current=old.version if old else "")
        if old and new.version < old.version:
            raise Refused(
                "version_lower", name=new.name, version=new.version, current=old.version, next=old.version + 1
            )
        lived = dict.fromkeys(row.definition for row in reader.rows(ItemQuery(open=True, workflows=(new.name,))))
        used = [session.shelf.definition(reader, hash_) for hash_ in lived]
        try:
            organisation = session.organisation(reader)
        except Refused:
            organisation = None
    faults = [*check(new, organisation), *index_faults([new, *used, *current.values()])]
    if faults:
        raise FaultsFound("definition_faults", faults=faults)
    session.guard.admit_policy(DEFINITION, new.text)
    if not dry_run:
        index = index_of(new)
        for version in used:
            index = joined(index, index_of(version))
        session.office.put_policy(DEFINITION, new.name, new.text, installer(session), index)
        session.keep_clock()
    return old, new


def installer(session: Session) -> Hand:
    """Return who sets the rules of the house: an officer when the system's user is one, else that user by name.

    Once there is an organisation, only the owner of the database may, or the head of the supervising unit; in a trial
    anybody. Raises `Refused("not_installer")`.
    """
    itself = Hand(session.signature, session.signature)
    with session.store.read() as reader:
        try:
            organisation = session.organisation(reader)
        except Refused:
            return itself
    unit = organisation.units[organisation.supervising_unit]
    heads = [person for person in (unit.head, unit.deputy) if person]
    try:
        hand = session.hand()
    except Refused:
        if not session.owns:
            raise
        return itself
    if not (session.trial or hand.decider in heads or session.owns):
        raise Refused("not_installer", people=[organisation.name_of(person) for person in heads])
    return hand
