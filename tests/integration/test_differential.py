"""The same history on SQLite and on PostgreSQL: same entries to the last hash, same ledger, rungs and notices, same refusals."""

from __future__ import annotations

import itertools
import random
import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from engine.check import check
from engine.clock import HOUR, SteppedTime
from engine.context import Hand
from engine.errors import SibanError
from engine.office import Office
from engine.policy import PolicyShelf
from engine.row import EventQuery, ItemQuery
from storage import postgres, sqlite
from storage.creation import create
from tests.integration.test_schedule import END, START, Step, history, prepared
from tests.trial import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from engine.ports import Store
    from tests.postgres import Server

Told = list[tuple[str, int, object]]


def play(store: Store, steps: Iterable[Step], seed: int) -> Told:
    """Play a history with remarks, answers to notices and beats in between; return how each step ended: code, exit status, facts."""
    dice = random.Random(seed)  # noqa: S311 - a test's own dice
    clock, told = SteppedTime(START), Told()
    office = Office(store, clock, prepared().office.shelf, salt=lambda: "ab" * 16)

    def tried(work: Any) -> Any:  # noqa: ANN401 - any act
        try:
            done = work()
        except SibanError as error:
            told.append((error.code, error.exit_status, sorted(error.data.items(), key=str)))
            return None
        told.append(("done", 0, None))
        return done

    sheets: list[Any] = [({"title": f"问题{n}", "source": "citizen", "reporter": "张女士"}, None) for n in range(2)]
    numbers = [outcome.after.number for outcome in office.register("siban", sheets, Hand("o13", "o13"))]
    for count, step in enumerate(steps):
        clock.set(step.at)
        if dice.random() < 0.3:
            office.tick(batch=dice.choice((1, 2, 200)))
        hand = Hand(step.who, step.who, "", f"{seed}-{dice.randrange(count + 2)}" if dice.random() < 0.4 else "")
        chosen = [numbers[n] for n in step.items]
        if step.kind:
            tried(lambda: office.request(chosen, step.kind, step.fields, hand))  # noqa: B023 - done at once
        elif step.grant is not None:
            with store.read() as reader:
                latest = [(n, len(item.requests)) for n in chosen if (item := reader.item(n))]
            tried(lambda: office.answer(latest, {}, hand, grant=bool(step.grant)))  # noqa: B023 - done at once
        else:
            tried(lambda: office.act(chosen, step.verb, step.fields, hand))  # noqa: B023 - done at once
        if dice.random() < 0.3:
            tried(lambda: office.remark([*chosen, 99][: dice.randint(1, 3)], "comment", {"text": "催"}, hand))  # noqa: B023
        if dice.random() < 0.3:
            with store.read() as reader:
                notices = [(n.number, n.receiver) for n in reader.notices(unseen=True)]
            for number, receiver in notices[:2]:
                verb = dice.choice(("ack", "release", "withhold"))
                tried(lambda: office.notice([number], verb, {"reason": "已知悉"}, Hand(receiver, receiver)))  # noqa: B023
        if dice.random() < 0.1:
            tried(lambda: office.redact(chosen[0], "本人要求", hand))  # noqa: B023 - done at once
    clock.set(END)
    office.tick()
    return told


def content(store: Store) -> dict[str, Any]:
    """Return everything a store holds."""
    with store.read() as reader:
        assert check(reader, PolicyShelf()) == []
        return {
            "entries": list(reader.events(EventQuery())),
            "ledger": list(reader.rows(ItemQuery())),
            "rungs": list(reader.crossings()),
            "notices": list(reader.notices()),
            "reporters": list(reader.reporters()),
            "policies": list(reader.policies()),
            "next": (reader.next_item(), reader.next_notice(), reader.head(), reader.last_at()),
            "due": reader.due(END + 1000 * HOUR),
        }


def compare(seeds: Iterable[int], folder: Path, server: Server) -> set[str]:
    """Play histories on both and hold the one against the other; return every code that was seen."""
    empty, template = folder / "empty.db", server.new("office")
    create(empty, {"trial": "1"})
    with closing(sqlite.open_store(empty)) as file, closing(postgres.open_store(server.url(template))) as there:
        Ledger(file)
        Ledger(there)
    seen: set[str] = set()
    for seed in seeds:
        copy, name = folder / f"{seed}.db", server.new(template)
        shutil.copy(empty, copy)
        steps = history(seed)
        with closing(sqlite.open_store(copy)) as file, closing(postgres.open_store(server.url(name))) as there:
            file.connection.execute("PRAGMA synchronous = OFF")
            one, other = play(file, steps, seed), play(there, steps, seed)
            assert one == other, f"history {seed} ends otherwise"
            for (part, here), elsewhere in zip(content(file).items(), content(there).values(), strict=True):
                assert here == elsewhere, f"history {seed}: other {part}"
        for one_more in itertools.chain(folder.glob(f"{seed}.db*")):
            one_more.unlink()
        server.drop(name)
        seen.update(code for code, *_ in one)
    server.drop(template)
    return seen


def test_both_databases_tell_the_same_story(tmp_path: Path, server: Server) -> None:
    """Twelve histories, and among them every way to end that matters."""
    seen = compare(range(12), tmp_path, server)
    assert seen >= {"done", "not_in_state", "already_done", "unknown_item"}


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_five_hundred_stories_are_the_same(tmp_path: Path, server: Server, block: int) -> None:
    """The long form, fifty a block."""
    compare(range(1000 + 50 * block, 1050 + 50 * block), tmp_path, server)


def test_the_comparison_sees_a_difference(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: a store that forgets to hold an item back in one place is found out."""
    monkeypatch.setattr(postgres.PostgresWriter, "put_crossings", lambda _self, _crossings: None)
    with pytest.raises(AssertionError):
        compare(range(3), tmp_path, server)
