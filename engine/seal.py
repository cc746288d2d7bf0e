"""A seal: what the record and the ledger were at one moment, as one short text to be signed and taken off the machine.

The text is a checkpoint after C2SP: origin, number of entries, Merkle root of RFC 6962 over the entries' hashes; then
three lines of ours: the hash of the seal before, the root of the present state, and when it was made. Whoever keeps it
can tell later whether any entry up to there has changed. Signing and verifying are not here: `interfaces/sealing.py`
signs, and `interfaces/verifier.py` verifies with code of its own, so that it proves this module too.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from engine.canonical import canonical
from engine.chain import GENESIS, event_hash
from engine.clock import iso
from engine.errors import FaultsFound
from engine.row import ItemQuery

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.event import Event
    from engine.ports import Reader

SEAL = "seal"
"""The verb of the entry that says a seal is made: the last entry which that seal covers."""

FIRST = GENESIS
"""What the first seal names as the one before."""


class Checkpoint(NamedTuple):
    """What a seal says; `root` and `state` are SHA-256 sums, `previous` one in hexadecimal, `sealed_at` microseconds of UTC."""

    origin: str
    size: int
    root: bytes
    previous: str
    state: bytes
    sealed_at: int


class Tree:
    """A growing Merkle tree after RFC 6962: it keeps the roots of its full subtrees alone, one for each binary digit of its size."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        """Begin with some leaves."""
        self.size = 0
        self._full: list[bytes] = []
        for leaf in leaves:
            self.add(leaf)

    def add(self, leaf: bytes) -> None:
        """Take one leaf more."""
        node = sha256(b"\0" + leaf).digest()
        size = self.size
        while size & 1:  # a full subtree of this height stands on the left: the two make one of the next height
            node = sha256(b"\1" + self._full.pop() + node).digest()
            size >>= 1
        self._full.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over all leaves so far: SHA-256 of nothing when there are none."""
        if not self._full:
            return sha256().digest()
        node = self._full[-1]
        for left in reversed(self._full[:-1]):
            node = sha256(b"\1" + left + node).digest()
        return node


def grow(tree: Tree, head: str, events: Iterable[Event], size: int, root: bytes) -> str:
    """Add entries that follow `head` to the tree and return the hash of the last one.

    What was sealed before must be a beginning of it: the first `size` entries must have that root. Raises
    `FaultsFound("not_sealed")` when they do not, or when an entry does not follow from the one before: no seal is put on that.
    """
    for event in events:
        if event.seq != tree.size + 1 or event.prev != head or event_hash(event) != event.hash:
            raise FaultsFound("not_sealed", faults=[(f"entry {event.seq}", "entry_changed", "")])
        tree.add(bytes.fromhex(event.hash))
        head = event.hash
        if tree.size == size and tree.root() != root:
            raise FaultsFound("not_sealed", faults=[(f"entry {size}", "sealed_otherwise", "")])
    if tree.size < size:
        raise FaultsFound("not_sealed", faults=[(f"entry {size}", "sealed_and_gone", "")])
    return head


def state_rows(reader: Reader) -> Iterator[tuple[str, tuple[int | str | None, ...]]]:
    """Yield what the ledger holds now, table by table, each in its order: the leaves of the state's root.

    Items and notices by number, rungs by entry, then item, clock, cycle and level, policy by its order of loading. Settings are
    left out, since some of them change without an entry; so are reporters, whom the record is committed to and who may be erased.
    """
    for row in reader.rows(ItemQuery()):
        yield "item", row
    for crossing in reader.crossings():
        yield "rung", crossing
    for notice in reader.notices():
        yield "notice", notice
    for policy in reader.policies():
        yield "policy", policy


def state_leaf(table: str, values: tuple[int | str | None, ...]) -> bytes:
    """Return a row as the bytes that are hashed: the canonical JSON of its table's name and its values.

    Raises `TypeError` or `ValueError` for values that no table of ours holds.
    """
    return canonical([table, *values]).encode()


def state_root(reader: Reader) -> bytes:
    """Return the root of the present state."""
    return Tree(state_leaf(table, values) for table, values in state_rows(reader)).root()


def origin(installation: str, *, trial: bool) -> str:
    """Return the first line of a database's seals: which one it is, and whether it is for trial."""
    return f"siban{'-trial' if trial else ''}/{installation}"


def text(checkpoint: Checkpoint) -> str:
    """Write a seal as the text that is signed."""
    return "".join(
        f"{line}\n"
        for line in (
            checkpoint.origin,
            checkpoint.size,
            b64encode(checkpoint.root).decode(),
            f"previous {checkpoint.previous}",
            f"state {b64encode(checkpoint.state).decode()}",
            f"time {iso(checkpoint.sealed_at)}",
        )
    )
