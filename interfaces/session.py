"""One run of the program: which database, who acts, and what time it is."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from engine.clock import SteppedTime, SystemTime, parse_instant
from engine.errors import Misused, Refused, Unavailable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import date

    from engine.context import Hand, Rules
    from engine.office import Office
    from engine.organisation import Organisation
    from engine.policy import PolicyShelf
    from engine.ports import Reader, Store
    from engine.secrecy import Guard
    from storage.files import File
    from storage.postgres_connection import Account
    from workflows.index import Index
    from workflows.labels import Titles
    from workflows.limits import Reading, Readings

DEFAULT_DATABASE = "siban.db"
DELEGATION = "delegation"
"""The kind of basis of what is done for another under a recorded delegation."""
TRIAL, CLOCK = "trial", "clock"
"""Settings of a database: whether it is for trial, and a trial's simulated moment."""


class Session:
    """Opens things when they are first needed and remembers them until the process ends."""

    patience: float | None = None
    """How long to wait (s) for a database that is locked, where that is not for the store to say."""

    def __init__(self, path: str | None = None, acting: str | None = None, at: str | None = None) -> None:
        """Take `--db`, `--as` and `--at` as given."""
        self.path = path or DEFAULT_DATABASE
        self.acting = acting
        self.at = at
        self.cleared = ""
        self.command = "siban"
        self._shelf: PolicyShelf | None = None
        self.trial = False
        self._clock: str | None = None
        self._store: Store | None = None
        self._unavailable: Unavailable | Misused | None = None
        self._office: Office | None = None
        self._index: Index | None = None
        self._me = ""
        self._readings: Readings | None = None

    @property
    def store(self) -> Store:
        """The database; raises `Unavailable` when there is none or it is not one of ours."""
        if self._unavailable:  # a server that does not answer is not waited for twice
            raise self._unavailable
        if self._store is None:
            from storage.place import open_store

            try:
                self._store = open_store(self.path, command=self.command, seconds=self.patience)
            except (Unavailable, Misused) as error:
                self._unavailable = error
                raise
            with self._store.read() as reader:
                self.trial = reader.setting(TRIAL) == "1"
                self._clock = reader.setting(CLOCK)
        return self._store

    @property
    def is_there(self) -> bool:
        """Whether there is something to open: a file, or an address on a server, which is as good as one."""
        return os.path.exists(self.path) or "://" in self.path  # noqa: PTH110 - see index

    @property
    def user(self) -> str:
        """Whose account calls: the one the server knows us by, else that of the operating system."""
        return account.login if (account := self._account()) else os_user(self.path)

    @property
    def signature(self) -> str:
        """What is recorded where an account acts that is no officer's."""
        return f"{'db' if self._account() else 'os'}:{self.user}"

    @property
    def owns(self) -> bool:
        """Whether the administrator calls: who owns the file, or our tables on the server, can do anything to them."""
        if account := self._account():
            return account.owns
        from interfaces.identity import owns

        return owns(self.path)

    @property
    def files(self) -> str:
        """What attachments are kept beside: the database's file, or a folder that all machines share (`SIBAN_FILES`).

        On a server the folder must be there: where a share is not mounted, one made here would look like it.
        Raises `Refused`: `no_files_folder`, `files_not_there`.
        """
        if not self._account():
            return self.path
        folder = os.environ.get("SIBAN_FILES", "")
        if not folder:
            raise Refused("no_files_folder")
        place = os.path.join(folder, "siban")  # noqa: PTH118 - see index
        if not os.path.isdir(f"{place}.files"):  # noqa: PTH112 - see index
            raise Refused("files_not_there", path=f"{place}.files")
        return place

    def _account(self) -> Account | None:
        from storage.place import on_server

        if not on_server(self.path):
            return None
        from storage.postgres import PostgresStore

        return self.store.account if isinstance(self.store, PostgresStore) else None

    @property
    def shelf(self) -> PolicyShelf:
        """The policy of the database as far as it has been read."""
        if self._shelf is None:
            from engine.policy import PolicyShelf

            self._shelf = PolicyShelf()
        return self._shelf

    @property
    def office(self) -> Office:
        """The service over the database, under the system's clock or the trial's."""
        if self._office is None:
            from engine.office import Office

            self._office = Office(self.store, self._time(), self.shelf, guard=self.guard)
        return self._office

    @property
    def guard(self) -> Guard:
        """What looks at every text before it enters: marks of classified papers, and the reason for which they may pass."""
        from engine.secrecy import Guard
        from workflows.secrecy import HINTS, MARK, WORDS

        return Guard(HINTS, WORDS, MARK, self.cleared)

    @property
    def now(self) -> int:
        """The present moment of this run."""
        return self.office.time.now()

    def _time(self) -> SystemTime | SteppedTime:
        if not self.trial:
            if self.at:
                raise Misused("trial_only")
            return SystemTime()
        kept = int(self._clock) if self._clock else None
        if self.at is None:
            return SteppedTime(kept) if kept else SystemTime()
        at = parse_instant(self.at)
        if kept and at < kept:
            raise Refused("clock_back", now_at=kept)
        return SteppedTime(at)

    @property
    def readings(self) -> Readings:
        """How the office reads what limit texts leave open; as shipped before there is a database."""
        if self._readings is None:
            from engine.policy import READING
            from workflows.limits import AS_SHIPPED, readings_of

            if not self.is_there:
                return AS_SHIPPED
            with self.store.read() as reader:
                self._readings = readings_of(reader.setting(READING))
        return self._readings

    def read_limit(self, text: str, today: date) -> Reading:
        """Read a limit text as this office does; `today` gives the year where neither text nor setting has one."""
        from workflows.limits import read_limit

        return read_limit(text, today=today, readings=self.readings)

    def keep_clock(self) -> None:
        """Remember a trial's simulated moment: the next command goes on from there."""
        if self.at is None:
            return
        now = str(self.now)
        with self.store.write() as writer:
            if writer.setting(CLOCK) != now:
                writer.put_setting(CLOCK, now)

    @property
    def index(self) -> Index:
        """What the command line knows of the definitions: the database's, or the shipped ones before there is one."""
        if self._index is None:
            from workflows.index import shipped_index

            # no pathlib, no storage: they load slowly, to find nothing
            self._index = (self._kept_index() if self.is_there else {}) or shipped_index()
        return self._index

    def _kept_index(self) -> Index:
        """Return the index of the database's definitions, the default workflow's first; empty when unreadable."""
        try:
            with self.store.read() as reader:
                kept = {p.name: json.loads(p.index_text) for p in reader.current("definition") if p.index_text}
        except (Unavailable, Misused, ValueError):  # what is kept may be damaged, and `audit verify` then says so
            return {}
        return {name: kept[name] for name in sorted(kept, key=lambda name: name != "siban")}

    @property
    def titles(self) -> Titles:
        """The titles of everything the definitions name."""
        from workflows.labels import titles_of

        return titles_of(self.index)

    def organisation(self, reader: Reader) -> Organisation:
        """Return the organisation now in force; raises `Refused("no_org")`."""
        hash_ = reader.current_hashes().get(("organisation", "bureau"))
        if hash_ is None:
            raise Refused("no_org")
        return self.shelf.organisation(reader, hash_)

    def rules(self, reader: Reader, definition: str) -> Rules:
        """Return the rules under a definition's hash."""
        return self.shelf.rules(reader, definition)

    def workflow(self, name: str | None = None) -> str:
        """Return the workflow meant: the one named, by its name or its title, else the first of the database.

        Raises `Refused("unknown_choice")` with the titles that there are.
        """
        if not name:
            return next(iter(self.index))
        from interfaces.selecting import one_of

        return one_of("流程", name, {str(entry["title"]): known for known, entry in self.index.items()})

    def me(self) -> str:
        """Return the id of the officer at the keyboard; in a trial the one played (without `--as` the office's head).

        Raises `Refused("who_are_you")` when the operating system's user is nobody the organisation knows, and `several_desks`
        when `--as` does not say which of several.
        """
        if self._me:
            return self._me
        with self.store.read() as reader:
            organisation = self.organisation(reader)
        if self.acting and self.trial:
            self._me = organisation.officer(self.acting).id
            return self._me
        user = self.user
        found = [
            officer.id for officer in organisation.officers.values() if officer.os_user and officer.os_user == user
        ]
        if len(found) != 1 and self.trial:
            # who tries things out without saying who they are is the supervising office
            found = [organisation.units[organisation.supervising_unit].head]
        if len(found) > 1:
            named = organisation.officer(self.acting).id if self.acting else ""
            if named not in found:
                among = [f"{organisation.name_of(one)}（{one}）" for one in found]
                raise Refused("several_desks", os_user=user, count=len(found), among=among)
            found = [named]
        if not found:
            raise Refused("who_are_you", os_user=user)
        self._me = found[0]
        return self._me

    def hand(self, on_behalf: str | None = None, basis: dict[str, str] | None = None, command_id: str = "") -> Hand:
        """Return who decides and who enters.

        The one who decides is oneself, somebody one stands in for (`--as`), or whoever decided on paper (代录).
        Raises `Refused`: `no_delegation`, `delegation_over`, `delegation_not_begun`, or `Misused("basis_needed")`.
        """
        from engine.canonical import canonical
        from engine.context import Hand

        me = self.me()
        if not on_behalf and (self.trial or not self.acting):
            return Hand(me, me, "", command_id)
        with self.store.read() as reader:
            organisation = self.organisation(reader)
        if on_behalf:
            if not basis or not basis.get("kind"):
                raise Misused("basis_needed")
            return Hand(organisation.decider(on_behalf), me, canonical(basis), command_id)
        giver = organisation.officer(self.acting or me).id
        if giver == me:
            return Hand(me, me, "", command_id)
        from datetime import date

        first, last = organisation.delegation(me, giver, self.now).days
        days = {"since": date.fromordinal(first).isoformat(), "until": date.fromordinal(last).isoformat()}
        return Hand(giver, me, canonical({"kind": DELEGATION, **days}), command_id)

    def kept(self, path: str, *, dry_run: bool = False) -> File:
        """Keep a file as evidence and return what to record; one whose name bears a mark is refused before it is copied."""
        from storage.files import examine, keep

        self.guard.refuse(os.path.basename(path), "evidence")  # noqa: PTH119 - pathlib loads slowly
        return (examine if dry_run else keep)(self.files, path)

    def view(self) -> AbstractContextManager[Reader]:
        """Open what I may see: whoever asks a question asks it here, and what is out of scope is not found.

        Acting for somebody, I see what they see.
        """
        from engine.scope import scope_of

        person = self.hand().decider
        common = frozenset(name for name, entry in self.index.items() if entry.get("common"))
        with self.store.read() as reader:
            scope = scope_of(person, self.organisation(reader), common)
        if scope.whole:
            return self.store.read()
        from interfaces.view import View

        return View(self.store, scope)

    def numbers(self, names: tuple[str, ...] | list[str]) -> list[int]:
        """Resolve items named by number, serial or its unique end.

        Raises `Refused("unknown_item")` or `Refused("ambiguous_item")`.
        """
        if not names:
            return []
        with self.view() as reader:
            return [number_of(reader, name) for name in names]

    def close(self) -> None:
        """Let go of the database; whoever asks for it again opens it anew."""
        if self._store is not None:
            self._store.close()
            self._store = self._office = None


def number_of(reader: Reader, name: str) -> int:
    """Resolve one item in a view; raises what `Session.numbers` raises."""
    matches = reader.resolve(name)
    if not matches:
        raise Refused("unknown_item", name=name)
    if len(matches) > 1:
        rows = [reader.row(number) for number in matches]
        raise Refused("ambiguous_item", name=name, among=[row.serial for row in rows if row])
    return matches[0]


def os_user(path: str) -> str:
    """Return the operating system's name of the user who calls, for a database at `path`.

    It goes by the uid, and not by a variable that anyone can set.
    """
    if "SUDO_UID" in os.environ:
        from interfaces.identity import caller

        return caller(path).user
    try:
        import pwd
    except ImportError:  # Windows
        return os.environ.get("USERNAME", "")
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
