"""The tables, as SQLModel classes: the source from which `schema.sql` is written. The hot path never imports this.

The columns of a table are the fields of the value it keeps, in the same order; a test compares them. Triggers are
beside it, in `triggers.sql` and `postgres_triggers.sql`. After a change here, `python -m storage.schema` writes
`schema.sql` and `postgres_schema.sql` anew, and `migrations.py` gets one step more.
"""

# No `from __future__ import annotations` here: SQLModel needs the types themselves.

from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, MetaData, UniqueConstraint, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlmodel import Field, SQLModel
from sqlmodel.sql.sqltypes import AutoString

from engine.definition import STAGES
from engine.event import DONE, REFUSED
from engine.notice import DRAFT, RELEASED, SENT, WITHHELD

METADATA = MetaData()
"""Every table of ours and nothing else, in the order in which they are made."""

SCHEMA_SQL, POSTGRES_SQL = map(Path(__file__).with_name, ("schema.sql", "postgres_schema.sql"))

POSTGRES: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # as SQLAlchemy has it

_HEAD = "-- Written by `python -m storage.schema`; change storage/schema.py instead.\n"


def _one_of(column: str, *values: str) -> CheckConstraint:
    """Return the condition that a column is one of a few texts. For `IN` SQLite would build a table of them at every row."""
    return CheckConstraint(" OR ".join(f"{column} = '{value}'" for value in values))


def _where(condition: str) -> Any:  # noqa: ANN401 - what Index itself takes
    """Return the condition of an index over part of a table, for both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


@compiles(AutoString, "postgresql")
def _text(*_: object, **__: object) -> str:
    """Keep text in the order of its characters' numbers, wherever the server stands: so does everything else of ours."""
    return 'TEXT COLLATE "C"'


def _key() -> Any:  # noqa: ANN401 - what Field itself returns
    """Return a number that is the row's own key: SQLite wants the word INTEGER for that."""
    kind = BigInteger().with_variant(Integer(), "sqlite")
    return Field(sa_column=Column(kind, primary_key=True, autoincrement=False))


def _instant(*, primary_key: bool = False) -> Any:  # noqa: ANN401 - what Field itself returns
    """Return a column for microseconds and other numbers that outgrow 32 bits."""
    return Field(sa_type=BigInteger, primary_key=primary_key)


class Meta(SQLModel, table=True):
    """A setting of the database."""

    metadata = METADATA
    __tablename__ = "meta"

    name: str = Field(primary_key=True)
    value: str


class KeptPolicy(SQLModel, table=True):
    """A text of policy (`engine.ports.Policy`); `seq` is their order, `current` marks one for each kind and name."""

    metadata = METADATA
    __tablename__ = "policy"
    __table_args__: ClassVar[tuple[object, ...]] = (
        UniqueConstraint("kind", "hash", "name"),
        CheckConstraint("length(hash) = 64"),
        CheckConstraint("current IN (0, 1)"),
        Index("policy_one", "kind", "name", unique=True, **_where("current = 1")),
    )

    seq: int = _key()
    kind: str
    name: str
    hash: str
    text: str
    index_text: str
    current: int


class KeptEvent(SQLModel, table=True):
    """An entry of the record (`engine.event.Event`)."""

    metadata = METADATA
    __tablename__ = "event"
    __table_args__: ClassVar[tuple[object, ...]] = (
        CheckConstraint("seq > 0"),
        CheckConstraint("item >= 0"),
        _one_of("result", DONE, REFUSED),
        CheckConstraint("recorded_at > 0"),
        CheckConstraint("basis = '' OR json_valid(basis)"),
        CheckConstraint("json_valid(body)"),
        CheckConstraint("length(prev) = 64"),
        CheckConstraint("length(hash) = 64"),
        # Each index is paid for by every act: these alone, for an item's history, repeated commands, somebody's day (found
        # within the index), and the latest entries of a verb that has not been done for long.
        Index("event_item", "item", "seq"),
        Index("event_command", "command_id", **_where("command_id <> ''")),
        Index("event_day", "recorded_at", "decider", "enterer"),
        Index("event_verb", "verb", "seq"),
    )

    seq: int = _key()
    item: int = _instant()
    verb: str
    result: str
    effective_at: int = _instant()
    recorded_at: int = _instant()
    decider: str
    enterer: str
    basis: str
    command_id: str
    definition: str
    calendar: str
    body: str
    prev: str
    hash: str


class KeptItem(SQLModel, table=True):
    """An item as lists and the heartbeat need it (`engine.row.Row`): a cache of the record."""

    metadata = METADATA
    __tablename__ = "item"
    __table_args__: ClassVar[tuple[object, ...]] = (
        UniqueConstraint("serial"),
        CheckConstraint("number > 0"),
        _one_of("stage", *STAGES),
        CheckConstraint("open IN (0, 1)"),
        CheckConstraint("version >= 0"),
        CheckConstraint("json_valid(body)"),
        Index("item_next", "next_at", "number", **_where("next_at IS NOT NULL")),
        Index("item_open", "open", "state"),
        Index("item_lead", "lead_unit"),
        Index("item_related", "related", **_where("related <> ''")),
    )

    number: int = _key()
    serial: str
    workflow: str
    definition: str
    state: str
    stage: str
    open: int
    title: str
    source: str
    track: str
    lead_unit: str
    handler: str
    related: str
    registered_at: int = _instant()
    since: int = _instant()
    due_at: int | None = _instant()
    done_at: int | None = _instant()
    closed_at: int | None = _instant()
    next_at: int | None = _instant()
    rungs: int
    version: int
    last_seq: int = _instant()
    body: str


class KeptCrossing(SQLModel, table=True):
    """A crossed rung (`engine.ports.Crossing`): a fact that comes once."""

    metadata = METADATA
    __tablename__ = "rung"
    __table_args__: ClassVar[tuple[object, ...]] = (
        CheckConstraint("cycle > 0"),
        CheckConstraint("level >= 0"),
        CheckConstraint("seq > 0"),
        {"sqlite_with_rowid": False},
    )

    item: int = _instant(primary_key=True)
    clock: str = Field(primary_key=True)
    cycle: int = Field(primary_key=True)
    level: int = Field(primary_key=True)
    planned_at: int = _instant()
    crossed_at: int = _instant()
    seq: int = _instant()


class KeptNotice(SQLModel, table=True):
    """What somebody is told (`engine.notice.Notice`)."""

    metadata = METADATA
    __tablename__ = "notice"
    __table_args__: ClassVar[tuple[object, ...]] = (
        CheckConstraint("number > 0"),
        CheckConstraint("level >= 0"),
        _one_of("release", "auto", "supervisor", "leader"),
        _one_of("status", SENT, DRAFT, RELEASED, WITHHELD),
        Index("notice_receiver", "receiver", "acked_at"),
        Index("notice_item", "item"),
        Index("notice_released", "number", **_where("status = 'released'")),
    )

    number: int = _key()
    seq: int = _instant()
    item: int = _instant()
    receiver: str
    verb: str
    clock: str
    level: int
    paper: str
    release: str
    status: str
    planned_at: int = _instant()
    acked_at: int | None = _instant()


class KeptDelivery(SQLModel, table=True):
    """How far a notice got on its way out (`engine.delivery.Delivery`): beside the record, not of it."""

    metadata = METADATA
    __tablename__ = "delivery"
    __table_args__: ClassVar[tuple[object, ...]] = (
        CheckConstraint("tries >= 0"),
        CheckConstraint("next_at IS NULL OR carried_at IS NULL"),
        Index("delivery_open", "notice", **_where("carried_at IS NULL")),
        {"sqlite_with_rowid": False},
    )

    notice: int = _instant(primary_key=True)
    target: str = Field(primary_key=True)
    receiver: str
    key: str
    made_at: int = _instant()
    tries: int
    next_at: int | None = _instant()
    carried_at: int | None = _instant()
    error: str


class KeptReporter(SQLModel, table=True):
    """Who reported an item (`engine.ports.Reporter`): personal data, kept apart so that it can be erased."""

    metadata = METADATA
    __tablename__ = "reporter"

    item: int = _key()
    salt: str
    name: str
    contact: str


class KeptSeal(SQLModel, table=True):
    """A signed seal (`engine.seal`), as it also left the machine."""

    metadata = METADATA
    __tablename__ = "seal"
    __table_args__: ClassVar[tuple[object, ...]] = (CheckConstraint("number > 0"),)

    number: int = _key()
    note: str


def compiled(dialect: Dialect | None = None) -> str:
    """Return the DDL of every table and index, for SQLite or another database."""
    dialect = dialect or sqlite.dialect()
    statements = []
    for table in METADATA.tables.values():
        statements.append(str(CreateTable(table).compile(dialect=dialect)))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        statements += [str(CreateIndex(index).compile(dialect=dialect)) for index in indexes]
    lines = (line.rstrip().replace("\t", "    ") for each in statements for line in f"{each.strip()};".splitlines())
    return _HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    SCHEMA_SQL.write_text(compiled(), encoding="utf-8")
    POSTGRES_SQL.write_text(compiled(POSTGRES), encoding="utf-8")
