"""Every statement of the daily path, by what it serves. Columns are the fields of the value they make, in its order.

The texts never hold data: they are the same each time, so that the driver prepares each of them once. They are what SQLite
and PostgreSQL both understand; where the two differ, a `Dialect` says how. What only PostgreSQL needs is in `postgres_statements`.
"""
# ruff: noqa: S608 - what is put together here are names of ours and question marks

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from engine.clock import DAY
from engine.delivery import Delivery
from engine.event import Event, Fact
from engine.notice import Notice
from engine.row import Crossing, EventQuery, ItemQuery, Policy, PolicyRow, Reporter, Row, Step

Parameters = list[object]

_SHORT = 31 * DAY

MOST_MEANT = 10
"""How many items a name may stand for before it is no use to list them."""


def _insert(table: str, fields: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({', '.join('?' * len(fields))})"


def _renewed(fields: Sequence[str]) -> str:
    return ", ".join(f"{field} = excluded.{field}" for field in fields)


def _rewriting(steady: Sequence[str]) -> str:
    """Rewrite a row whose steady columns are what they were: an index is written anew when its column is set, even to that."""
    placed = {field: f"{field} = ?{n}" for n, field in enumerate(Row._fields, 1)}
    changed = ", ".join(text for field, text in placed.items() if field not in steady)
    return f"UPDATE item SET {changed} WHERE {' AND '.join(text for field, text in placed.items() if field in steady)}"


_EVENT = ", ".join(Event._fields)
_FACT = ", ".join(Fact._fields)
_STEP = ", ".join(Step._fields)
_ROW = ", ".join(Row._fields)
_CROSSING = ", ".join(Crossing._fields)
_NOTICE = ", ".join(Notice._fields)
_DELIVERY = ", ".join(Delivery._fields)
_POLICY = ", ".join(Policy._fields)

# -- transactions

BEGIN_READING = "BEGIN"
BEGIN_WRITING = "BEGIN IMMEDIATE"
COMMIT = "COMMIT"
ROLLBACK = "ROLLBACK"

# -- the record

HEAD = "SELECT seq, hash, recorded_at FROM event ORDER BY seq DESC LIMIT 1"
APPEND = _insert("event", Event._fields)
COMMAND = f"SELECT {_EVENT} FROM event WHERE command_id = ? AND command_id <> '' ORDER BY seq"

# -- items

ITEM = "SELECT body FROM item WHERE number = ?"
ITEM_DUE = (  # with what every act asks for next: which policy is in force
    "SELECT body, next_at, (SELECT group_concat(seq) FROM policy WHERE current = 1) FROM item WHERE number = ?"
)
ROW = f"SELECT {_ROW} FROM item WHERE number = ?"
PUT_ROW = f"{_insert('item', Row._fields)} ON CONFLICT (number) DO UPDATE SET {_renewed(Row._fields[1:])}"
# Tried first: these columns hardly change.
STEADY = ("number", "serial", "lead_unit", "related")
REWRITE_ROW = _rewriting(STEADY)
REWRITE_STILL = _rewriting((*STEADY, "state", "open"))  # of items that stay where they are
DUE = "SELECT number FROM item WHERE next_at <= ? ORDER BY next_at, number LIMIT ?"
ITEMS_DUE = "SELECT body, next_at FROM item WHERE next_at <= ? ORDER BY next_at, number LIMIT ?"
NEXT_ITEM = (  # the record outlives the rows: a number that was ever used there is not given again
    "SELECT coalesce(max(used), 0) + 1"
    " FROM (SELECT max(number) AS used FROM item UNION ALL SELECT max(item) FROM event) AS numbers"
)
BY_SERIAL = "SELECT number FROM item WHERE serial = ?"
BY_END = "SELECT number FROM item WHERE substr(serial, length(serial) - length(?1) + 1) = ?1 ORDER BY number LIMIT ?2"

# -- rungs and notices

PUT_CROSSING = _insert("rung", Crossing._fields)
CROSSINGS = f"SELECT {_CROSSING} FROM rung ORDER BY seq, item, clock, cycle, level"
CROSSINGS_OF = f"SELECT {_CROSSING} FROM rung WHERE item = ? ORDER BY seq, item, clock, cycle, level"
NEXT_NOTICE = "SELECT coalesce(max(number), 0) + 1 FROM notice"
NOTICE = f"SELECT {_NOTICE} FROM notice WHERE number = ?"
PUT_NOTICE = f"{_insert('notice', Notice._fields)} ON CONFLICT (number) DO UPDATE SET {_renewed(Notice._fields[1:])}"

# -- deliveries

# Sent notices are taken in order and all at once, so those after the last one are new; a paper is released when it is released.
UNDELIVERED = (
    f"SELECT {_NOTICE} FROM notice WHERE status = 'sent' AND number > (SELECT coalesce(max(notice), 0) FROM delivery)"
    f" UNION ALL SELECT {_NOTICE} FROM notice WHERE status = 'released'"
    " AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.notice = notice.number) ORDER BY number"
)
DELIVERIES = f"SELECT {_DELIVERY} FROM delivery WHERE carried_at IS NULL ORDER BY notice, target"
DELIVERIES_OF = f"SELECT {_DELIVERY} FROM delivery WHERE notice = ? ORDER BY target"
PUT_DELIVERY = f"{_insert('delivery', Delivery._fields)} ON CONFLICT (notice, target) DO UPDATE SET {_renewed(Delivery._fields[2:])}"

# -- policy, settings, reporters

SETTING = "SELECT value FROM meta WHERE name = ?"
PUT_SETTING = f"{_insert('meta', ('name', 'value'))} ON CONFLICT (name) DO UPDATE SET {_renewed(('value',))}"
POLICY = f"SELECT {_POLICY} FROM policy WHERE kind = ? AND hash = ? ORDER BY seq LIMIT 1"
CURRENT = f"SELECT {_POLICY} FROM policy WHERE kind = ? AND current = 1 ORDER BY name"
CURRENT_HASHES = "SELECT seq, kind, name, hash FROM policy WHERE current = 1 ORDER BY kind, name"
SUPERSEDE = "UPDATE policy SET current = 0 WHERE kind = ? AND name = ? AND current = 1"
PUT_POLICY = (
    f"INSERT INTO policy (seq, {_POLICY}, current) SELECT coalesce(max(seq), 0) + 1, {', '.join('?' * len(Policy._fields))}, 1"
    f" FROM policy WHERE 1 = 1 ON CONFLICT (kind, hash, name) DO UPDATE SET {_renewed(('index_text', 'current'))}"
)
REPORTER = f"SELECT {', '.join(Reporter._fields)} FROM reporter WHERE item = ?"
REPORTERS = f"SELECT {', '.join(Reporter._fields)} FROM reporter ORDER BY item"
POLICIES = f"SELECT {', '.join(PolicyRow._fields)} FROM policy ORDER BY seq"
PUT_REPORTER = (
    f"{_insert('reporter', Reporter._fields)} ON CONFLICT (item) DO UPDATE SET {_renewed(Reporter._fields[1:])}"
)
# -- seals

SEALS = "SELECT number, note FROM seal ORDER BY number"
PUT_SEAL = "INSERT INTO seal (number, note) SELECT count(*) + 1, ? FROM seal"


# -- what only SQLite says so

SECURE = "PRAGMA secure_delete = 1"  # for the reporters alone: pages that grow or part leave no copies behind
CHECKPOINT = "PRAGMA wal_checkpoint(TRUNCATE)"

# -- questions whose conditions vary

_LETTERS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


class Dialect(NamedTuple):
    """Where two databases say the same otherwise.

    `among` is the condition that a column is one of many, the column in `{}`; `many` makes the parameter of it. `holds` is
    the condition that an item's serial or title holds a text in lower case, `refers` that what it refers to holds one. `hides`
    says whether a column is kept from being found by its index by standing in an expression.
    """

    among: str
    many: Callable[[Sequence[object]], object]
    holds: str
    refers: str
    hides: bool


SQLITE = Dialect(
    "{} IN (SELECT value FROM json_each(?))",
    json.dumps,
    "instr(lower(serial || char(10) || title), ?) > 0",
    "related <> '' AND instr(related, ?) > 0",
    hides=True,
)
POSTGRES = Dialect(
    "{} = ANY (?)",
    list,
    "strpos(lower(serial || chr(10) || title), ?) > 0",
    "related <> '' AND strpos(related, ?) > 0",
    hides=False,
)


def folded(text: str) -> str:
    """Return text with ASCII letters in lower case: what `lower` does in both databases, and so what every store does."""
    return text.translate(_LETTERS)


def rows(query: ItemQuery, dialect: Dialect = SQLITE) -> tuple[str, Parameters]:
    """Return the statement for rows by number."""
    lists: dict[str, Sequence[object]] = {
        "number": query.numbers,
        "state": query.states,
        "stage": query.stages,
        "lead_unit": query.lead_units,
        "track": query.tracks,
        "source": query.sources,
        "workflow": query.workflows,
    }
    conditions: dict[str, object] = {
        dialect.among.format(column): dialect.many(values) for column, values in lists.items() if values
    }
    if query.handler:
        conditions["handler = ?"] = query.handler
    if query.open is not None:
        conditions["open = ?"] = int(query.open)
    if query.due_before is not None:
        conditions["due_at < ?"] = query.due_before
    if query.related:
        conditions[dialect.refers] = query.reference
    if query.text:
        conditions[dialect.holds] = folded(query.text)
    return _select(f"SELECT {_ROW} FROM item", conditions, "number", query.limit)


def events(query: EventQuery, dialect: Dialect = SQLITE, columns: str = _EVENT) -> tuple[str, Parameters]:
    """Return the statement for entries of the record, whole ones if nothing else is said.

    A column that is not to be found by its index stands in an expression: left to itself, SQLite takes one verb's entries
    of the whole record for those of one item.
    """
    by = _found_by(query)
    verb = "verb || ''" if dialect.hides and by != "verb" else "verb"
    moment = "recorded_at + 0" if dialect.hides and by != "recorded_at" else "recorded_at"
    conditions: dict[str, object] = {}
    if query.item is not None:
        conditions["item = ?"] = query.item
    if query.items:
        conditions[dialect.among.format("item")] = dialect.many(query.items)
    if query.person:
        conditions["? IN (decider, enterer)"] = query.person
    conditions |= {f"{name} = ?": value for name, value in ((verb, query.verb), ("result", query.result)) if value}
    if query.since is not None:
        conditions[f"{moment} >= ?"] = query.since
    if query.until is not None:
        conditions[f"{moment} < ?"] = query.until
    if query.effective_until is not None:
        conditions["effective_at < ?"] = query.effective_until
    if query.after:
        conditions["seq > ?"] = query.after
    if query.upto:
        conditions["seq <= ?"] = query.upto
    order = "item, " * bool(query.items) + "seq" + " DESC" * query.newest  # several histories: as their index has them
    return _select(f"SELECT {columns} FROM event", conditions, order, query.limit)


def facts(query: EventQuery, dialect: Dialect = SQLITE) -> tuple[str, Parameters]:
    """Return the statement for entries of the record with no more of each than an item folds from."""
    return events(query, dialect, _FACT)


def steps(query: EventQuery, dialect: Dialect = SQLITE) -> tuple[str, Parameters]:
    """Return the statement for the steps of entries."""
    return events(query, dialect, _STEP)


def _found_by(query: EventQuery) -> str:
    """Return the one column by whose index entries are found: the narrowest. In the order of `seq` they are read anyway.

    A long span is read so: sorting all of it would cost more than what it leaves out.
    """
    if query.item is not None or query.items:
        return "item"
    if query.since is not None and query.until is not None and query.until - query.since <= _SHORT:
        return "recorded_at"
    return "verb" if query.verb else "seq"


def notices(*, receiver: str, status: str, unseen: bool, item: int | None) -> tuple[str, Parameters]:
    """Return the statement for notices by number."""
    conditions: dict[str, object] = {}
    if receiver:
        conditions["receiver = ?"] = receiver
    if status:
        conditions["status = ?"] = status
    if item is not None:
        conditions["item = ?"] = item
    start = f"SELECT {_NOTICE} FROM notice"
    return _select(start, conditions, "number", 0, " acked_at IS NULL" if unseen else "")


def _select(
    start: str, conditions: dict[str, object], order: str, limit: int, plain: str = ""
) -> tuple[str, Parameters]:
    """Join conditions with their values; `plain` is one that needs none."""
    where = " AND ".join([*conditions, *([plain] if plain else [])])
    text = f"{start}{' WHERE ' * bool(where)}{where} ORDER BY {order}{' LIMIT ?' * bool(limit)}"
    return text, [*conditions.values(), *([limit] if limit else [])]
