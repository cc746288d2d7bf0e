"""What an office says about its ledgers, saved under a name: which column is which field, what its words mean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import Misused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interfaces.session import Session

KEPT = "import_map:"
"""How the settings begin that profiles are kept in; the list of their names is kept under it alone."""


class Profile(NamedTuple):
    """The columns of fields, the states of words, the source of lists that name none, and whether the unnamed are anonymous."""

    columns: Mapping[str, str] = {}
    words: Mapping[str, str] = {}
    source: str | None = None
    anonymous: bool = False

    def over(self, other: Profile) -> Profile:
        """Return this profile, with what it leaves open taken from another."""
        ignored = ",".join(filter(None, (p.columns.get("ignore", "") for p in (other, self))))
        columns = {**other.columns, **self.columns} | ({"ignore": ignored} if ignored else {})
        words = {**other.words, **self.words}
        return Profile(columns, words, self.source or other.source, self.anonymous or other.anonymous)


def saved(name: str, session: Session) -> Profile:
    """Return what was saved under a name; raises `Misused("unknown_profile")` with what there is."""
    with session.store.read() as reader:
        text = reader.setting(KEPT + name) if name else None
        names = json.loads(reader.setting(KEPT) or "[]")
    if text is None:
        raise Misused("unknown_profile", name=name, among=names)
    columns, words, source, anonymous = json.loads(text)
    return Profile(columns, words, source, anonymous)


def save(name: str, profile: Profile, session: Session) -> None:
    """Keep a profile under a name, in place of what was kept under it."""
    with session.store.write() as writer:
        names = json.loads(writer.setting(KEPT) or "[]")
        writer.put_setting(KEPT, json.dumps(sorted({*names, name}), ensure_ascii=False))
        writer.put_setting(KEPT + name, json.dumps(list(profile), ensure_ascii=False))
