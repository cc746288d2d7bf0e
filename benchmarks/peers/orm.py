"""SQLModel as its pages show it: a session for each act, rows loaded as objects, and a `transitions.Machine` made for each load."""

# No postponed annotations here: SQLModel reads the types of fields at run time.
import sqlite3

import sqlalchemy
from sqlmodel import Field, Session, SQLModel, create_engine
from transitions import Machine

from benchmarks.peers.course import LIMIT, MOVES, NOW, STATES, VERBS, given, run, settings

RULES = [{"trigger": verb, "source": source, "dest": target} for verb, source, target in MOVES]


class Item(SQLModel, table=True):
    """An item."""

    id: int | None = Field(default=None, primary_key=True)
    title: str
    state: str
    owner: str | None = None
    version: int = 0
    updated_at: int


class Audit(SQLModel, table=True):
    """Who did what."""

    id: int | None = Field(default=None, primary_key=True)
    item_id: int = Field(index=True)
    at: int
    actor: str
    action: str
    src: str | None = None
    dst: str | None = None


class Timer(SQLModel, table=True):
    """When something is due."""

    item_id: int = Field(primary_key=True)
    due_at: int = Field(index=True)
    level: int = 0


class Host:
    """What the machine is bound to: a SQLModel row takes no attributes of others."""

    def __init__(self, state: str) -> None:
        """Begin in a state."""
        self.state = state


def moved(state: str, verb: str) -> str:
    """Return the state after a verb."""
    host = Host(state)
    Machine(model=host, initial=state, states=STATES, transitions=RULES)
    getattr(host, verb)()
    return host.state


def main() -> None:
    """Take the course."""
    asked = given()
    engine = create_engine(f"sqlite:///{asked.path}")

    @sqlalchemy.event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for setting in settings(asked.sync):
            connection.execute(setting)

    @sqlalchemy.event.listens_for(engine, "begin")
    def begun(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def step(number: int, order: int) -> None:
        verb = VERBS[order]
        with Session(engine) as session:
            item, timer = session.get_one(Item, number), session.get_one(Timer, number)
            before, after = item.state, moved(item.state, verb)
            item.state, item.owner, item.version, item.updated_at = after, "o11", item.version + 1, NOW
            session.add(Audit(item_id=number, at=NOW, actor="o11", action=verb, src=before, dst=after))
            if after == STATES[-1]:
                session.delete(timer)
            else:
                timer.due_at, timer.level = NOW + LIMIT + order, 0
                session.add(timer)
            session.add(item)
            session.commit()

    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        for number in range(1, asked.items + 1):
            session.add(Item(id=number, title=f"t{number}", state=STATES[0], updated_at=NOW))
            session.add(Timer(item_id=number, due_at=NOW + LIMIT))
        session.commit()
    run(asked, step)


if __name__ == "__main__":
    main()
