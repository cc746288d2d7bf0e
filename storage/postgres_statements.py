"""What only PostgreSQL is asked: locks, rows that are held, and the shared statements with their parameters counted its way.

Locks of a transaction are taken in this order, so that nobody waits for somebody who waits for him:

1. `TOGETHER` (acts, heartbeats) or `ALONE` (whoever changes what all acts depend on);
2. `ONE_COMMAND`: the same command twice at once;
3. notices that are answered, and items, by number (`HOLD`); a heartbeat takes only those that are free (`HOLD_DUE`);
4. `ITEM_NUMBERS`, by whoever registers;
5. `RECORD`: the head of the chain and the numbers of notices, from here to the commit.

Who finds nobody else at work takes the record `AT_ONCE` with the items it names, and saves a conversation; what it wants besides, it takes
without waiting (`HOLD_NOW`, `ITEM_NUMBERS_NOW`) or is overtaken. While others are about, the
record comes last. Whoever registers and only then finds that he needs an item does not wait for it either; overtaken, he takes it first the
next time.

Whoever carries notices out takes `CARRIAGE` alone, for the moment of a claim: digests of one receiver go in order, so that to pass
over those in another machine's hands would be wrong.

Two commands may still meet crosswise (a merge looks at a second item): PostgreSQL then ends one of them, which is done again.
"""
# ruff: noqa: S608 - what is put together here are names and numbers of ours

from __future__ import annotations

import re
from functools import cache

from engine.row import Row
from storage import statements

_SPACE = 0x53424E34  # as in the header of a file of ours: advisory locks are shared with whoever else uses the database
_ROW = ", ".join(Row._fields)


@cache
def numbered(text: str) -> bytes:
    """Return a statement with its parameters as PostgreSQL counts them: `$1` for `?1`, and for the first `?`."""
    places = iter(range(1, text.count("?") + 1))
    return _MARK.sub(lambda mark: f"${mark[1] or next(places)}", text).encode()


_MARK = re.compile(r"\?(\d*)")

# -- transactions and locks

BEGIN_VIEW = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
BEGIN_ACT = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
TOGETHER = f"SELECT pg_advisory_xact_lock_shared({_SPACE}, 1)"
ALONE = f"SELECT pg_advisory_xact_lock({_SPACE}, 1)"
ITEM_NUMBERS = f"SELECT pg_advisory_xact_lock({_SPACE}, 2)"
RECORD = f"SELECT pg_advisory_xact_lock({_SPACE}, 3)"
CARRIAGE = f"SELECT pg_advisory_xact_lock({_SPACE}, 4)"
ARRIVAL = f"SELECT pg_try_advisory_lock({_SPACE}, 5)"  # by whoever moves a ledger in; held until the connection ends
ONE_COMMAND = "SELECT pg_advisory_xact_lock(hashtextextended(?, 0))"

ITEM_NUMBERS_NOW = f"SELECT pg_try_advisory_xact_lock({_SPACE}, 2)"
AT_ONCE = f"SELECT pg_try_advisory_xact_lock({_SPACE}, 3)"  # the record, by who was alone so far
STANDING = (  # which policy is in force, the number of the next notice, and the last entry; without entries there is still a row
    "SELECT in_force, next, seq, hash, recorded_at FROM"
    " (SELECT (SELECT string_agg(seq::text, ',' ORDER BY kind, name) FROM policy WHERE current = 1) AS in_force,"
    " (SELECT coalesce(max(number), 0) + 1 FROM notice) AS next) AS state"
    f" LEFT JOIN ({statements.HEAD}) AS head ON true"
)

# -- rows that nobody else changes meanwhile

HOLD = f"SELECT {_ROW} FROM item WHERE number = ANY (?) ORDER BY number FOR UPDATE"
HOLD_NOW = f"{HOLD} NOWAIT"
HOLD_DUE = f"SELECT {_ROW} FROM item WHERE next_at <= ? ORDER BY next_at, number LIMIT ? FOR UPDATE SKIP LOCKED"
HOLD_NOTICE = f"{statements.NOTICE} FOR UPDATE"

# -- long answers come in pieces

PIECE = 1000
DECLARE = "DECLARE {} NO SCROLL CURSOR FOR {}"
FETCH = f"FETCH FORWARD {PIECE} FROM {{}}"
