"""What one durable act costs on PostgreSQL, against hand-written psycopg that writes the same rows statement by statement.

    python benchmarks/postgres.py [--items 60] [--rounds 5] [--clients 1 2 4 8] [--delay 0.5]

It starts a server of its own on the real disk (fsync on). The floor has the product's own database with its checks and
triggers; in one transaction it locks and reads the item, locks and reads the head, makes the two JSON texts and the
event's hash, and writes the event, the row and the notices, each by a statement of its own, prepared when it returns. Both
run in turn at each step of the workflow; medians over steps and rounds.

An officer's machine is not the database's: with `--delay MS` everything goes through a relay, so that a round trip takes that long
and a little more. Without it everything goes through a local socket. Then so many clients act at once, each on items of
its own, in turn over the rounds: seconds per act of all together, and the longest wait.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import hashlib
import json
import statistics
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.figure import Figure, compared, keep
from engine.canonical import canonical
from engine.clock import HOUR, SteppedTime, parse_instant
from engine.context import Hand
from engine.loader import load
from engine.office import Office
from engine.row import EventQuery, ItemQuery, Row
from interfaces.roster import read_organisation
from storage import postgres_statements, statements
from storage.postgres import PostgresWriter, open_store
from storage.postgres_connection import blank
from storage.postgres_creation import create
from storage.postgres_statements import numbered
from tests.postgres import Server, throw_away
from workflows.calendars import shipped_edition
from workflows.index import definition_text, index_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from engine.event import Event
    from engine.notice import Notice

    Connection = psycopg.Connection[tuple[Any, ...]]

ROOT = Path(__file__).resolve().parent.parent
START = parse_instant("2023-05-08 09:00")
STEPS: list[tuple[str, dict[str, object], str]] = [
    ("accept", {"lead_unit": "water", "handler": "o23"}, "o11"),
    ("report_done", {"outcome": "河道已清理，长效保洁已落实。"}, "o23"),
    ("pass_review", {}, "o12"),
    ("answer", {"told": ["reporter"], "answered_by": "phone", "answer_text": "已处理完毕，感谢监督。"}, "o23"),
    ("close", {}, "o11"),
]


class Written(NamedTuple):
    """What one act wrote."""

    event: Event
    row: Row
    notices: list[Notice]


def office_at(url: str, items: int) -> tuple[Office, SteppedTime]:
    """Make a database with the petition workflow and registered items."""
    create(url, {"trial": "1", "installation": "bench"})
    clock = SteppedTime(START)
    office, hand = Office(open_store(url), clock), Hand("o11", "o11")
    office.put_policy("calendar", "cn", canonical(shipped_edition().to_dict()), hand)
    office.put_policy("organisation", "bureau", read_organisation(str(ROOT / "workflows/bureau.toml")).text, hand)
    definition = load(definition_text("petition"))
    office.put_policy("definition", "petition", definition.text, hand, index_of(definition))
    office.register("petition", [({"title": f"事项{n}", "reporter": "张女士"}, None) for n in range(items)], hand)
    return office, clock


def siban_step(office: Office, items: int, step: tuple[str, dict[str, object], str]) -> tuple[float, list[Written]]:
    """Do one verb on every item; return the median of seconds, and what each act wrote."""
    verb, fields, who = step
    rows: list[Row] = []
    keep = PostgresWriter.put_row

    def noting(self: PostgresWriter, row: Row) -> None:
        rows.append(row)
        keep(self, row)

    with office.store.read() as reader:
        last = reader.head()[0]
    hand, taken = Hand(who, who), []
    PostgresWriter.put_row = noting  # type: ignore[method-assign]  # what was written is needed for the floor
    for number in range(1, items + 1):
        begun = time.perf_counter()
        office.act([number], verb, fields, hand)
        taken.append(time.perf_counter() - begun)
    PostgresWriter.put_row = keep  # type: ignore[method-assign]  # as it was
    with office.store.read() as reader:
        events = list(reader.events(EventQuery(after=last)))
        notices = list(reader.notices())
    acts = zip(events, rows, strict=True)
    return statistics.median(taken), [Written(e, r, [n for n in notices if n.seq == e.seq]) for e, r in acts]


def floor_at(url: str, office: Office) -> Connection:
    """Make a database that stands where the product's does, without the product."""
    create(url, {"trial": "1"})
    opened = blank(url)
    opened.prepare_threshold = 5  # as psycopg has it for everybody: what returns is prepared
    with office.store.read() as reader, opened.transaction():
        for event in reader.events(EventQuery()):
            opened.execute(numbered(statements.APPEND), event)
        for row in reader.rows(ItemQuery()):
            opened.execute(numbered(statements.PUT_ROW), row)
    return opened


def floor_step(opened: Connection, written: list[Written]) -> float:
    """Write the same rows by hand; return the median of seconds."""
    names = Row._fields[1:]
    update = f"UPDATE item SET {','.join(f'{name}=?' for name in names)} WHERE number=?"  # noqa: S608 - names of our own
    bodies = [(json.loads(act.event.body), json.loads(act.row.body)) for act in written]
    run, taken = opened.execute, []
    for (event, row, notices), (said, item) in zip(written, bodies, strict=True):
        begun = time.perf_counter()
        run(b"BEGIN")
        json.loads(run(b"SELECT body FROM item WHERE number = $1 FOR UPDATE", (row.number,)).fetchall()[0][0])
        run(numbered(postgres_statements.RECORD))
        run(numbered(statements.HEAD)).fetchone()
        json.dumps(said, ensure_ascii=False, sort_keys=True)
        json.dumps(item, ensure_ascii=False)
        hashlib.sha256("".join(map(str, event)).encode()).hexdigest()
        run(numbered(statements.APPEND), event)
        run(numbered(update), (*row[1:], row.number))
        for notice in notices:
            run(numbered(statements.PUT_NOTICE), notice)
        run(b"COMMIT")
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def ratio(server: Server, items: int, rounds: int, where: str) -> Figure:
    """Measure both in turn."""
    seen = []
    for number in range(rounds):
        for name in (f"ours_{number}", f"floor_{number}"):
            server.name(name)
        office, clock = office_at(server.url(f"ours_{number}"), items)
        with closing(office.store), closing(floor_at(server.url(f"floor_{number}"), office)) as floor:
            for step in STEPS:
                clock.set(clock.now() + HOUR)
                seconds, written = siban_step(office, items, step)
                seen.append((seconds, floor_step(floor, written)))
    return compared(f"an act on PostgreSQL, {where}", "psycopg, statement by statement", seen, most=0.7)


def client(url: str, first: int, items: int) -> None:
    """Take items through the workflow; print acts and the longest wait in seconds."""
    with closing(open_store(url)) as store:
        office, longest = Office(store, SteppedTime(START + HOUR)), 0.0
        print("ready", flush=True)
        sys.stdin.readline()
        for verb, fields, who in STEPS:
            for number in range(first, first + items):
                begun = time.perf_counter()
                office.act([number], verb, fields, Hand(who, who))
                longest = max(longest, time.perf_counter() - begun)
    print(items * len(STEPS), longest, flush=True)


def crowd(server: Server, clients: int, items: int, number: int) -> tuple[float, float]:
    """Let clients act at once; return seconds per act of all together, and the longest wait."""
    name = f"crowd_{clients}_{number}"
    server.name(name)
    url = server.url(name)
    office_at(url, items * clients)[0].store.close()
    commands = [[sys.executable, __file__, "--client", url, str(1 + n * items), str(items)] for n in range(clients)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for command in commands
    ]
    for one in running:
        assert one.stdout is not None  # noqa: S101 - asked for above
        one.stdout.readline()
    begun = time.perf_counter()
    said = [one.communicate("go\n")[0] for one in running] if clients == 1 else _together(running)
    taken = time.perf_counter() - begun
    acts = sum(int(line.split()[0]) for line in said)
    server.drop(name)
    return taken / acts, max(float(line.split()[1]) for line in said)


def _together(running: list[subprocess.Popen[str]]) -> list[str]:
    for one in running:
        assert one.stdin is not None  # noqa: S101 - asked for above
        one.stdin.write("go\n")
        one.stdin.flush()
    return [one.communicate()[0] for one in running]


@contextmanager
def far_away(milliseconds: float) -> Iterator[Server]:
    """Give a server behind a relay that passes on what either side says after half of the time."""
    with throw_away(on_disk=True) as server:
        command = [sys.executable, __file__, "--relay", str(server.folder), str(milliseconds)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as relay:
            assert relay.stdout is not None  # noqa: S101 - asked for above
            server.host = f"127.0.0.1:{relay.stdout.readline().strip()}"
            yield server
            relay.kill()


async def relay(folder: str, milliseconds: float) -> None:
    """Pass bytes to and fro between a port of ours, which is printed, and the server's socket."""
    late, loop = milliseconds / 2000, asyncio.get_running_loop()

    async def passed(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while said := await source.read(1 << 16):
            loop.call_later(late, target.write, said)
        loop.call_later(late, target.close)

    async def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source, target = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        await asyncio.gather(passed(reader, target), passed(source, writer))

    listening = await asyncio.start_server(come, "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 2, 4, 8])
    parser.add_argument("--delay", type=float, default=0.0, help="milliseconds of a round trip")
    parser.add_argument("--result", default="", metavar="FILE")
    parser.add_argument("--relay", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--client", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    gc.disable()  # as cli.py does, for both alike
    if given.relay:
        asyncio.run(relay(given.relay[0], float(given.relay[1])))
    if given.client:
        url, first, items = given.client
        client(url, int(first), int(items))
        return
    begun = time.perf_counter()
    where = f"{given.delay:g} ms away" if given.delay else "local socket"
    with far_away(given.delay) if given.delay else throw_away(on_disk=True) as server:
        found = [ratio(server, given.items, given.rounds, where)]
        seen: dict[int, list[tuple[float, float]]] = {clients: [] for clients in given.clients}
        for number in range(given.rounds):
            for clients, each in seen.items():
                each.append(crowd(server, clients, given.items, number))
    alone = [seconds for seconds, _ in seen[given.clients[0]]] if given.clients else []
    found += [
        compared(f"{clients} clients at once, {where}", f"{given.clients[0]} client",
                 zip([seconds for seconds, _ in each], alone, strict=True))
        for clients, each in seen.items()
    ]  # fmt: skip
    waits = [f"{clients}: {statistics.median(wait for _, wait in each) * 1e3:.0f} ms" for clients, each in seen.items()]
    note = f"; longest wait by clients: {', '.join(waits)}" if waits else ""
    keep(found, given.result, begun, f"{given.rounds} rounds{note}.")


if __name__ == "__main__":
    main()
