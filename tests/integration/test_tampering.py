"""Whatever is done to a sealed record of 500 entries is found, and by both ways of looking; what a chain alone misses is shown.

Each case is a reader that gives what a tampered database would give. `audit verify` looks at it directly, the stand-alone
verifier at an export of it. Whoever tampers has no key, and cannot reach the seal that was taken off the machine; the seals
and the announcement kept beside the record they may take away.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from engine.canonical import canonical, encoder, parse
from engine.chain import GENESIS, link
from engine.context import Hand
from engine.event import Event
from engine.row import Crossing, EventQuery, ItemQuery, PolicyRow, Reporter, Row
from engine.seal import state_rows
from interfaces import verifier
from interfaces.auditing import audited, export_lines
from interfaces.sealing import make_seal, new_key, origin_of, read_key
from storage.memory import MemoryReader, MemoryStore
from tests.trial import CLERK, HEAD, RIVER, Ledger, fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from engine.notice import Notice

    Tampering = Callable[[list[Event], int], Iterator[list[Event]]]

ENTRIES = 500
SAMPLE = (0, 4, 250, 498, 499)
"""Which entries the default run tampers with: the ends, the first of an item, some between. The slow run takes all."""

WRITE = encoder(sort_keys=False)


class Sealed(NamedTuple):
    """A record of 500 entries with its seal, the public key, and a copy of the seal kept elsewhere."""

    store: MemoryStore
    events: list[Event]
    key: verifier.Key
    outside: list[tuple[str, str]]


@pytest.fixture(scope="module", name="sealed")
def _sealed(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    store = MemoryStore({"installation": "ab12", "trial": "1"})
    ledger = Ledger(store)
    fill(ledger)
    while len(store.record) < ENTRIES - 4:
        number = ledger.register(title=f"第{len(store.record)}件：护岸破损", source="citizen", reporter="周女士")
        ledger.act(HEAD, "assign", number, lead_unit="river", handler=RIVER, track="immediate")
        ledger.act(RIVER, "sign", number)
    hand = Hand(CLERK, CLERK)
    while len(store.record) < ENTRIES - 1:
        ledger.office.remark([1], "comment", {"fields": {"comment": f"备注{len(store.record)}"}}, hand)
    path = str(tmp_path_factory.mktemp("key") / "audit.key")
    new_key(path, "auditor")
    signer = read_key(path)
    made = make_seal(store, ledger.time.now(), hand, signer)
    assert (made.number, made.size, len(store.record)) == (1, ENTRIES, ENTRIES)
    return Sealed(store, list(store.record), signer.public, [("6月.seal", made.note)])


class Tampered(MemoryReader):
    """A view of the record with some of it replaced."""

    def __init__(self, store: MemoryStore, **given: list[Any]) -> None:
        """Replace `events`, `rows`, `crossings`, `notices`, `policies`, `reporters` or `seals`."""
        super().__init__(store)
        self.given = given

    def events(self, query: EventQuery) -> Iterator[Event]:
        """Give the entries."""
        return iter(self.given["events"]) if "events" in self.given else super().events(query)

    def head(self) -> tuple[int, str]:
        """Give number and hash of the last entry."""
        events = self.given.get("events")
        return super().head() if events is None else (events[-1].seq, events[-1].hash) if events else (0, GENESIS)

    def rows(self, query: ItemQuery) -> Iterator[Row]:
        """Give the items."""
        return iter(self.given["rows"]) if "rows" in self.given else super().rows(query)

    def crossings(self, item: int | None = None) -> Iterator[Crossing]:
        """Give the rungs."""
        return iter(self.given["crossings"]) if "crossings" in self.given else super().crossings(item)

    def notices(self, **conditions: Any) -> Iterator[Notice]:  # noqa: ANN401 - as the port has them
        """Give the notices."""
        return iter(self.given["notices"]) if "notices" in self.given else super().notices(**conditions)

    def policies(self) -> Iterator[PolicyRow]:
        """Give the policy."""
        return iter(self.given["policies"]) if "policies" in self.given else super().policies()

    def reporters(self) -> Iterator[Reporter]:
        """Give the reporters."""
        return iter(self.given["reporters"]) if "reporters" in self.given else super().reporters()

    def seals(self) -> list[tuple[int, str]]:
        """Give the seals."""
        return self.given["seals"] if "seals" in self.given else super().seals()


def written(line: dict[str, object]) -> str:
    """Write a line of an export."""
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


def exported(reader: MemoryReader, path: Path) -> verifier.Export:
    """Write an export as `audit export` does, sum and all, and open it as the stand-alone verifier does."""
    text = "".join(f"{WRITE(line)}\n" for line in export_lines(reader, 1))
    sum_ = hashlib.sha256(text.encode()).hexdigest()
    end = json.dumps({"kind": "end", "lines": text.count("\n"), "sha256": sum_}, separators=(",", ":"))
    path.write_text(f"{text}{end}\n", encoding="utf-8")
    return verifier.Export(str(path))


def both(sealed: Sealed, reader: MemoryReader, place: Path, *, replay: bool = False) -> list[verifier.Fault]:
    """Look both ways with the key and the seal from elsewhere: they must agree, fault by fault; return the faults.

    With `replay` also by all that `audit verify` does: it says the same first, and what the replay finds after it.
    """
    alone = exported(reader, place).verify([sealed.key], sealed.outside)
    here = verifier.verify(
        origin_of(reader), reader.events(EventQuery()), reader.seals(), state_rows(reader), [sealed.key], sealed.outside
    )
    assert here == alone
    if replay:
        verdict, lines = audited(reader, [sealed.key], sealed.outside)
        assert verdict == alone
        assert [f"  {verifier.sentence(fault)}" for fault in alone.faults] == lines[: len(alone.faults)]
        assert bool(lines) == bool(alone.faults)
    return alone.faults


# -- what can be done to entries


def another(value: object) -> Any:  # noqa: ANN401 - of the kind of what was given
    """Return a value of the same kind that is not the same."""
    if value is None:
        return 1
    if isinstance(value, int):
        return value + 1
    text = str(value)
    return f"{'1' if text[:1] != '1' else '2'}{text[1:]}" if len(text) == 64 else f"{text}x"


def relinked(events: list[Event], start: int) -> list[Event]:
    """Number and link entries anew from a place on, to the end, as whoever owns the database can."""
    before = events[start - 1] if start else None
    return [*events[:start], *link(events[start:], before.seq if before else 0, before.hash if before else GENESIS)]


def with_other_body(event: Event) -> Event:
    """Return an entry that says something else, in the canonical form."""
    return event._replace(decider="o99", body=canonical({**parse(event.body), "note": "改"}))


def edited(events: list[Event], n: int) -> Iterator[list[Event]]:
    """Each field of an entry, one after the other."""
    for name in Event._fields:
        changed = events[n]._replace(**{name: another(getattr(events[n], name))})
        yield [*events[:n], changed, *events[n + 1 :]]


def deleted(events: list[Event], n: int) -> Iterator[list[Event]]:
    """One entry."""
    yield [*events[:n], *events[n + 1 :]]


def duplicated(events: list[Event], n: int) -> Iterator[list[Event]]:
    """One entry, twice."""
    yield [*events[: n + 1], *events[n:]]


def swapped(events: list[Event], n: int) -> Iterator[list[Event]]:
    """Two neighbours, as they are, and with each other's number."""
    if n + 1 < len(events):
        one, two = events[n : n + 2]
        yield [*events[:n], two, one, *events[n + 2 :]]
        yield [*events[:n], two._replace(seq=one.seq), one._replace(seq=two.seq), *events[n + 2 :]]


def truncated(events: list[Event], n: int) -> Iterator[list[Event]]:
    """All that came after an entry taken off."""
    if n + 1 < len(events):
        yield events[: n + 1]


def edited_and_rehashed(events: list[Event], n: int) -> Iterator[list[Event]]:
    """One entry changed, and the chain made good to its end."""
    yield relinked([*events[:n], with_other_body(events[n]), *events[n + 1 :]], n)


def inserted_and_rehashed(events: list[Event], n: int) -> Iterator[list[Event]]:
    """One entry put in, and the chain made good."""
    yield relinked([*events[:n], with_other_body(events[n]), *events[n:]], n)


def deleted_and_rehashed(events: list[Event], n: int) -> Iterator[list[Event]]:
    """One entry taken out, and the chain made good."""
    if n + 1 < len(events):
        yield relinked([*events[:n], *events[n + 1 :]], n)


def swapped_and_rehashed(events: list[Event], n: int) -> Iterator[list[Event]]:
    """Two neighbours swapped, and the chain made good."""
    if n + 1 < len(events):
        yield relinked([*events[:n], events[n + 1], events[n], *events[n + 2 :]], n)


SHOWN_BY_THE_CHAIN = (edited, deleted, duplicated, swapped)
HIDDEN_FROM_THE_CHAIN = (
    truncated,
    edited_and_rehashed,
    inserted_and_rehashed,
    deleted_and_rehashed,
    swapped_and_rehashed,
)
CLASSES = (*SHOWN_BY_THE_CHAIN, *HIDDEN_FROM_THE_CHAIN)


def test_the_record_is_whole(sealed: Sealed, tmp_path: Path) -> None:
    """The control: untouched, both ways find nothing, and say how far it is sealed."""
    reader = MemoryReader(sealed.store)
    assert both(sealed, reader, tmp_path / "export", replay=True) == []
    verdict = exported(reader, tmp_path / "export").verify([sealed.key], sealed.outside)
    assert (verdict.size, verdict.sealed, verdict.seals) == (ENTRIES, ENTRIES, 1)
    assert len({event.item for event in sealed.events}) > 12


def all_found(sealed: Sealed, tampering: Tampering, places: Iterable[int], place: Path) -> int:
    """Tamper at each place in each way; all of it must be found. Return how much it was.

    Where the chain is made good, the seal that is kept beside the record is taken away as well.
    """
    seals: dict[str, list[Any]] = {"seals": []} if tampering in HIDDEN_FROM_THE_CHAIN else {}
    count = 0
    for n in places:
        for events in tampering(sealed.events, n):
            found = both(sealed, Tampered(sealed.store, events=events, **seals), place, replay=n == 250)
            assert found, n
            if seals:  # the seal itself says so, not only that it is no longer kept and announced
                assert {fault.code for fault in found} & {"seal_root_differs", "seal_beyond_log"}, n
            count += 1
    return count


@pytest.mark.parametrize("tampering", CLASSES, ids=lambda t: t.__name__)
def test_tampering_with_entries_is_found(sealed: Sealed, tampering: Tampering, tmp_path: Path) -> None:
    """Every class, at some entries: found both ways."""
    assert all_found(sealed, tampering, SAMPLE, tmp_path / "export") >= len(SAMPLE) - 1


@pytest.mark.slow
@pytest.mark.parametrize("tampering", CLASSES, ids=lambda t: t.__name__)
def test_all_tampering_with_entries_is_found(sealed: Sealed, tampering: Tampering, tmp_path: Path) -> None:
    """Every class, at every entry: found both ways."""
    assert all_found(sealed, tampering, range(ENTRIES), tmp_path / "export") >= ENTRIES - 1


def test_what_a_chain_alone_finds(sealed: Sealed) -> None:
    """Without any seal: changes in place are all found. The last entry taken off is a truncation."""
    events = sealed.events[:-1]
    for tampering in SHOWN_BY_THE_CHAIN:
        for n in range(0, len(events) - 1, 29):
            for tampered in tampering(events, n):
                assert verifier.verify("", tampered, [], [], [], []).faults, (tampering.__name__, n)


def test_what_a_chain_alone_cannot_find(sealed: Sealed) -> None:
    """Truncation, and all that is made good to the end: of these it finds none, which is what seals are for."""
    events = sealed.events[:-1]  # whoever does it takes the announcement of the seal away as well
    for tampering in HIDDEN_FROM_THE_CHAIN:
        for n in range(0, len(events) - 1, 29):
            for tampered in tampering(events, n):
                assert verifier.verify("", tampered, [], [], [], []).faults == [], (tampering.__name__, n)


def test_what_came_after_the_last_seal_is_not_covered(sealed: Sealed, tmp_path: Path) -> None:
    """An entry after the seal can be exchanged for another: no seal speaks of it. This is said in the documentation."""
    after = link([with_other_body(sealed.events[-2])], ENTRIES, sealed.events[-1].hash)
    alone = exported(Tampered(sealed.store, events=[*sealed.events, *after]), tmp_path / "export")
    verdict = alone.verify([sealed.key], sealed.outside)
    assert (verdict.faults, verdict.size, verdict.sealed) == ([], ENTRIES + 1, ENTRIES)
    assert "其后 1 条尚无存证" in verifier.summary(verdict, signed=True)


# -- what can be done to the tables beside


def changed(rows: list[Any], n: int) -> Iterator[list[Any]]:
    """Each column of a row changed, the row taken out, the row twice."""
    for name in rows[n]._fields:
        value = getattr(rows[n], name)
        other = 1 - value if name in ("open", "current") else another(value)
        yield [*rows[:n], rows[n]._replace(**{name: other}), *rows[n + 1 :]]
    yield [*rows[:n], *rows[n + 1 :]]
    yield [*rows[: n + 1], *rows[n:]]


TABLES: dict[str, Callable[[MemoryReader], list[Any]]] = {
    "rows": lambda reader: list(reader.rows(ItemQuery())),
    "crossings": lambda reader: list(reader.crossings()),
    "notices": lambda reader: list(reader.notices()),
    "policies": lambda reader: list(reader.policies()),
}


def table_found(sealed: Sealed, table: str, place: Path, *, every: bool) -> int:
    """Tamper with each row, or the first and last, of a table; all of it must be found by both."""
    reader = MemoryReader(sealed.store)
    rows = TABLES[table](reader)
    count = 0
    for n in range(len(rows)) if every else sorted({0, len(rows) - 1}):
        for tampered in changed(rows, n):
            faults = both(sealed, Tampered(sealed.store, **{table: tampered}), place)
            assert [fault.code for fault in faults] == ["state_differs"], (table, n)
            count += 1
    return count


@pytest.mark.parametrize("table", TABLES)
def test_tampering_with_a_table_is_found(sealed: Sealed, table: str, tmp_path: Path) -> None:
    """Every column of the first and last row, the row taken out and put in twice."""
    assert table_found(sealed, table, tmp_path / "export", every=False) > 10


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES)
def test_all_tampering_with_a_table_is_found(sealed: Sealed, table: str, tmp_path: Path) -> None:
    """Every column of every row."""
    assert table_found(sealed, table, tmp_path / "export", every=True) > 30


@pytest.mark.parametrize("table", ["rows", "crossings", "notices"])
def test_replay_finds_it_without_any_seal(sealed: Sealed, table: str) -> None:
    """Each column of items, rungs and notices follows from the record, and is found to differ from it."""
    rows = TABLES[table](MemoryReader(sealed.store))
    for tampered in changed(rows, 0):
        _, lines = audited(Tampered(sealed.store, **{table: tampered}, seals=[]), [], [])
        assert len(lines) > 1, tampered[0]  # one is that the seal is missing


def reporters_found(sealed: Sealed, places: Callable[[int], Iterable[int]]) -> int:
    """Tamper with some reporters; all of it must be found."""
    reporters = list(MemoryReader(sealed.store).reporters())
    count = 0
    for n in places(len(reporters)):
        for tampered in changed(reporters, n):
            if tampered.count(reporters[n]) > 1:  # one item has one reporter: the table's key sees to that
                continue
            _, lines = audited(Tampered(sealed.store, reporters=tampered), [sealed.key], sealed.outside)
            assert lines
            count += 1
    return count


def test_tampering_with_a_reporter_is_found(sealed: Sealed) -> None:
    """By their commitment, by `audit verify` alone: an export holds no reporter, and no seal covers one."""
    assert reporters_found(sealed, lambda count: (0, count - 1)) == 10


@pytest.mark.slow
def test_all_tampering_with_reporters_is_found(sealed: Sealed) -> None:
    """Each of them, each column."""
    assert reporters_found(sealed, range) > 500


def test_an_export_holds_no_reporter(sealed: Sealed) -> None:
    """Neither names nor contacts nor salts."""
    reader = MemoryReader(sealed.store)
    text = "".join(json.dumps(line, ensure_ascii=False) for line in export_lines(reader, 1))
    for reporter in reader.reporters():
        assert reporter.salt
        for secret in filter(None, (reporter.salt, reporter.name, reporter.contact)):
            assert secret not in text
    assert "reporter" not in {table for table, _ in state_rows(reader)}


# -- what can be done to seals


def test_tampering_with_a_seal_is_found(sealed: Sealed, tmp_path: Path) -> None:
    """Any character of the one that is kept; with it gone, renumbered or signed by somebody else: found both ways."""
    ((number, note),) = MemoryReader(sealed.store).seals()
    for place in range(0, len(note), 11):
        bad = note[:place] + ("b" if note[place] != "b" else "c") + note[place + 1 :]
        faults = both(sealed, Tampered(sealed.store, seals=[(number, bad)]), tmp_path / "export")
        assert faults, place
    for seals, code in (
        ([], "seal_missing"), ([(7, note)], "seal_out_of_line"), ([(1, note), (2, note)], "seal_out_of_line"),
        ([(1, resigned(note, tmp_path))], "seal_unknown_key"),
    ):  # fmt: skip
        faults = both(sealed, Tampered(sealed.store, seals=seals), tmp_path / "export")
        assert code in [fault.code for fault in faults]


def resigned(note: str, folder: Path) -> str:
    """Sign the text of a seal with a key nobody knows, of the same name."""
    new_key(str(folder / "other.key"), "auditor")
    return read_key(str(folder / "other.key")).sign(note.partition("\n\n")[0] + "\n")


def test_seals_form_a_line(sealed: Sealed, tmp_path: Path) -> None:
    """A second seal names the first; taken together or from elsewhere they hold, and the first is found missing when it is."""
    new_key(str(tmp_path / "key"), "auditor")
    signer = read_key(str(tmp_path / "key"))
    store = MemoryStore()
    store.tables, store.record = sealed.store.tables, list(sealed.events)
    made = make_seal(store, 1_700_000_000_000_000, Hand("os:a", "os:a"), signer)
    reader = MemoryReader(store)
    assert (made.number, made.size, len(reader.seals())) == (2, ENTRIES + 1, 2)
    keys = [sealed.key, signer.public]
    whole = exported(reader, tmp_path / "export").verify(keys, [*sealed.outside, ("second", made.note)])
    assert (whole.faults, whole.sealed) == ([], ENTRIES + 1)
    only = exported(Tampered(store, seals=[(1, made.note)]), tmp_path / "export").verify(keys, sealed.outside)
    assert {"seal_out_of_line", "seal_missing", "seal_not_kept"} <= {fault.code for fault in only.faults}
    elsewhere = verifier.verify("siban/other", reader.events(EventQuery()), reader.seals(), [], keys, [])
    assert [fault.code for fault in elsewhere.faults] == ["seal_other_origin"] * 2
    assert origin_of(reader) == "siban-trial/ab12"
