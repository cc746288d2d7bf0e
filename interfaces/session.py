"""One run of the program: which database, who acts, and what time it is."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from engine.clock import SteppedTime, SystemTime, parse_instant
from engine.errors import Misused, Refused, Unavailable

if TYPE_CHECKING:
    from datetime import date

    from engine.context import Hand, Rules
    from engine.office import Office
    from engine.organisation import Organisation
    from engine.policy import PolicyShelf
    from engine.ports import Reader, Store
    from workflows.index import Index
    from workflows.labels import Titles
    from workflows.limits import Reading, Readings

DEFAULT_DATABASE = "siban.db"
TRIAL, CLOCK = "trial", "clock"
"""Settings of a database: whether it is for trial, and a trial's simulated moment."""


class Session:
    """Opens things when they are first needed and remembers them until the process ends."""

    def __init__(self, path: str | None = None, acting: str | None = None, at: str | None = None) -> None:
        """Take `--db`, `--as` and `--at` as given."""
        self.path = path or DEFAULT_DATABASE
        self.acting = acting
        self.at = at
        self.command = "siban"
        self._shelf: PolicyShelf | None = None
        self.trial = False
        self._clock: str | None = None
        self._store: Store | None = None
        self._office: Office | None = None
        self._index: Index | None = None
        self._readings: Readings | None = None

    @property
    def store(self) -> Store:
        """The database; raises `Unavailable` when there is none or it is not one of ours."""
        if self._store is None:
            from storage.sqlite import open_store

            self._store = open_store(self.path, command=self.command)
            with self._store.read() as reader:
                self.trial = reader.setting(TRIAL) == "1"
                self._clock = reader.setting(CLOCK)
        return self._store

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

            self._office = Office(self.store, self._time(), self.shelf)
        return self._office

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

            if not os.path.exists(self.path):  # noqa: PTH110 - see index
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

            there = os.path.exists(self.path)  # noqa: PTH110 - pathlib and storage load slowly, to find nothing
            self._index = (self._kept_index() if there else {}) or shipped_index()
        return self._index

    def _kept_index(self) -> Index:
        """Return the index of the database's definitions, the default workflow's first; empty when unreadable."""
        try:
            with self.store.read() as reader:
                kept = {p.name: json.loads(p.index_text) for p in reader.current("definition") if p.index_text}
        except (Unavailable, ValueError):  # what is kept may be damaged, and `audit verify` then says so
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
        """Return the workflow meant: the one named, else the first of the database."""
        if name:
            return name
        return next(iter(self.index))

    def me(self) -> str:
        """Return the id of the officer at the keyboard; in a trial the one played (without `--as` the office's head).

        Raises `Refused("who_are_you")` when the operating system's user is nobody the organisation knows.
        """
        with self.store.read() as reader:
            organisation = self.organisation(reader)
            if self.acting and self.trial:
                return organisation.officer(self.acting).id
            supervising = organisation.units[organisation.supervising_unit]
        user = os_user()
        found = [
            officer.id for officer in organisation.officers.values() if officer.os_user and officer.os_user == user
        ]
        if len(found) != 1 and self.trial:
            return supervising.head  # who tries things out without saying who they are is the supervising office
        if len(found) != 1:
            raise Refused("who_are_you", os_user=user)
        return found[0]

    def hand(self, on_behalf: str | None = None, basis: dict[str, str] | None = None, command_id: str = "") -> Hand:
        """Return who decides and who enters.

        The one who decides is oneself, somebody one stands in for (`--as`), or whoever decided on paper (代录).
        Raises `Refused("no_delegation")` or `Misused("basis_needed")`.
        """
        from engine.canonical import canonical
        from engine.context import Hand

        me = self.me()
        with self.store.read() as reader:
            organisation = self.organisation(reader)
        if on_behalf:
            if not basis or not basis.get("kind"):
                raise Misused("basis_needed")
            return Hand(organisation.decider(on_behalf), me, canonical(basis), command_id)
        if self.acting and not self.trial:
            giver = organisation.officer(self.acting).id
            if giver != me and not organisation.may_act_for(me, giver, self.now):
                raise Refused("no_delegation", taker=organisation.name_of(me), giver=organisation.name_of(giver))
            return Hand(giver, me, canonical({"kind": "delegation"}) if giver != me else "", command_id)
        return Hand(me, me, "", command_id)

    def numbers(self, names: tuple[str, ...] | list[str]) -> list[int]:
        """Resolve items named by number, serial or its unique end.

        Raises `Refused("unknown_item")` or `Refused("ambiguous_item")`.
        """
        found = []
        with self.store.read() as reader:
            for name in names:
                matches = reader.resolve(name)
                if not matches:
                    raise Refused("unknown_item", name=name)
                if len(matches) > 1:
                    rows = [reader.row(number) for number in matches]
                    raise Refused("ambiguous_item", name=name, among=[row.serial for row in rows if row])
                found.append(matches[0])
        return found

    def close(self) -> None:
        """Let go of the database."""
        if self._store is not None:
            self._store.close()


def os_user() -> str:
    """Return the operating system's name of the user who runs this process.

    It goes by the uid, and not by a variable that anyone can set.
    """
    try:
        import pwd
    except ImportError:  # Windows
        return os.environ.get("USERNAME", "")
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
