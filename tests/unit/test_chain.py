"""The canonical form of an entry, frozen: exact bytes and sums of a few, kept as a file that no program of ours wrote the check for."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from engine.canonical import hash_many
from engine.chain import GENESIS, event_hash, first_broken, link
from engine.event import Event
from interfaces import verifier

VECTORS = json.loads(Path(__file__).resolve().parents[1].joinpath("vectors", "chain.json").read_text(encoding="utf-8"))
ENTRIES = VECTORS["entries"]


def event_of(vector: dict[str, object]) -> Event:
    """Read an entry of the file."""
    return Event(*[vector[name] for name in Event._fields])  # type: ignore[arg-type]  # as the file has them


@pytest.mark.parametrize("vector", ENTRIES, ids=lambda v: f"{v['seq']}-{v['verb']}")
def test_an_entry_has_these_bytes_and_this_sum(vector: dict[str, str]) -> None:
    """By the engine, and by the rule written out here from docs/audit-format.md."""
    event = event_of(vector)  # type: ignore[arg-type]  # numbers and texts
    data = b"siban-event-v1\x00" + bytes.fromhex(vector["prev"])
    for name in Event._fields[:13]:
        field = str(vector[name]).encode("utf-8")
        data += str(len(field)).encode("ascii") + b":" + field
    assert data.hex() == vector["hashed_bytes"]
    assert hashlib.sha256(data).hexdigest() == vector["hash"]
    assert event_hash(event) == vector["hash"]


def test_whoever_hashes_much_gets_the_same_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL's way is the small one's, and it is really taken."""
    monkeypatch.setattr("engine.canonical._Hash.made", None)
    with pytest.raises(TypeError):
        event_hash(event_of(ENTRIES[0]))
    hash_many()
    assert [event_hash(event_of(vector)) for vector in ENTRIES] == [vector["hash"] for vector in ENTRIES]


def test_the_vectors_are_a_chain() -> None:
    """The engine and the verifier find it whole; numbered and linked anew, it is the same."""
    events = [event_of(vector) for vector in ENTRIES]
    assert first_broken(events) is None
    assert link([event._replace(seq=0, prev="", hash="") for event in events], 0, GENESIS) == events
    found = verifier.verify("", events, [], [], [], [])
    assert (found.size, found.head) == (len(events), events[-1].hash)
    assert [fault.code for fault in found.faults] == ["seal_missing"]  # the last entry says that one was made


def test_the_vectors_hold_what_is_hard() -> None:
    """Chinese, escapes, what JSON leaves as it is, an empty basis and a full one, large, small and negative numbers."""
    whole = "".join(str(value) for vector in ENTRIES for value in vector.values())
    for part in ("柳塘港", '\\"', "\\\\", "\\n", "\\u0001", "\x7f", "\u2028", "😀", "9007199254740993", "-12"):
        assert part in whole
    assert {bool(vector["basis"]) for vector in ENTRIES} == {True, False}
    assert {vector["result"] for vector in ENTRIES} == {"done", "refused"}


def test_a_field_cannot_lend_to_its_neighbour() -> None:
    """Lengths keep `ab|c` apart from `a|bc`, and an integer from nothing else."""
    event = event_of(ENTRIES[1])
    assert event_hash(event._replace(decider="ab", enterer="c")) != event_hash(
        event._replace(decider="a", enterer="bc")
    )
