"""Seals as values: the tree of RFC 6962, the checkpoint's text, and when nothing may be sealed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.chain import GENESIS, link
from engine.errors import FaultsFound
from engine.event import DONE, Event
from engine.seal import FIRST, Checkpoint, Tree, grow, origin, state_leaf, text
from interfaces import verifier

AT = 1_683_509_400_000_000

# The test vectors that Certificate Transparency's programs share: eight leaves, and the root after each.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def defined(leaves: list[bytes]) -> bytes:
    """The root as section 2.1 of RFC 6962 defines it, word by word."""
    import hashlib  # noqa: PLC0415 - a third opinion, by itself

    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + defined(leaves[:split]) + defined(leaves[split:])).digest()


def record(count: int) -> list[Event]:
    """Make a small record."""
    return link(
        [Event(0, n, "comment", DONE, AT, AT, "o01", "o01", "", "", "", "", "{}") for n in range(count)], 0, GENESIS
    )


def test_the_tree_is_that_of_rfc_6962() -> None:
    """Known leaves have known roots, by the engine and by the verifier."""
    tree = Tree()
    assert tree.root().hex() == EMPTY == verifier.tree_root([]).hex()
    for size, (leaf, root) in enumerate(zip(LEAVES, ROOTS, strict=True), 1):
        tree.add(bytes.fromhex(leaf))
        assert (tree.size, tree.root().hex()) == (size, root)
        assert verifier.tree_root(bytes.fromhex(each) for each in LEAVES[:size]).hex() == root


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_three_ways_to_the_root_agree(leaves: list[bytes]) -> None:
    """The engine's, the verifier's and the definition's."""
    assert Tree(leaves).root() == verifier.tree_root(leaves) == defined(leaves)


def test_a_long_tree_is_the_same_tree() -> None:
    """The verifier hashes leaves by the thousand: at every size around such a batch its root is the engine's."""
    leaves = [bytes([n % 251, n // 251]) for n in range(2 * verifier.BATCH + 2)]
    tree, sizes = (
        Tree(),
        {1, 2, verifier.BATCH - 1, *range(verifier.BATCH, verifier.BATCH + 4), len(leaves) - 1, len(leaves)},
    )
    for size, leaf in enumerate(leaves, 1):
        tree.add(leaf)
        if size in sizes:
            assert verifier.tree_root(leaves[:size]) == tree.root(), size


def test_seals_over_a_long_record_are_held_to_its_roots() -> None:
    """Seals before, at and after a batch's end, several in one: each finds its root, and another root is found wrong."""
    events = record(verifier.BATCH + 5)
    sizes = [1, 700, 701, verifier.BATCH - 1, verifier.BATCH, verifier.BATCH + 3, verifier.BATCH + 5]
    tree, seals = Tree(), []
    for event in events:
        tree.add(bytes.fromhex(event.hash))
        if tree.size in sizes:
            checkpoint = Checkpoint("x", tree.size, tree.root(), FIRST, b"s" * 32, AT)
            seals.append((str(tree.size), text(checkpoint) + "\n— k AAAAAAA=\n"))
    codes = [fault.code for fault in verifier.verify("x", events, [], [], [], seals).faults]
    assert codes == ["seal_not_kept"] * len(sizes) + [
        "state_differs"
    ]  # what stands beside an entry is not looked at here
    other = [events[0]._replace(decider="o02"), *events[1:]]
    codes = [fault.code for fault in verifier.verify("x", link(other, 0, GENESIS), [], [], [], seals).faults]
    assert codes[: len(sizes)] == ["seal_root_differs"] * len(sizes)


def test_the_text_is_a_checkpoint() -> None:
    """Line by line; the verifier reads back what was written."""
    made = text(Checkpoint(origin("ab12", trial=False), 3, b"r" * 32, FIRST, b"s" * 32, AT))
    assert made.splitlines() == [
        "siban/ab12",
        "3",
        "cnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=",
        f"previous {'0' * 64}",
        "state c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3M=",
        "time 2023-05-08T09:30:00+08:00",
    ]
    read = verifier.seal_of(f"{made}\n— k AAAAAAA=\n")
    assert read is not None
    assert read[:7] == ("siban/ab12", 3, b"r" * 32, FIRST, b"s" * 32, "2023-05-08T09:30:00+08:00", made)
    assert origin("ab12", trial=True) == "siban-trial/ab12"


def test_what_is_no_seal_is_not_read() -> None:
    """Each line is asked for its form, and nothing stands beside it."""
    good = text(Checkpoint("siban/x", 3, b"r" * 32, FIRST, b"s" * 32, AT)) + "\n— k AAAAAAA=\n"
    assert verifier.seal_of(good)
    lines = good.split("\n")
    for place, bad in [(0, ""), (1, "03"), (1, "-1"), (1, "三"), (2, "AAAA"), (3, "previous x"), (4, "AAAA"), (5, "time"),
                       (6, "extra"), (7, "k AAAAAAA="), (7, "— k"), (7, "— k+1 AAAAAAA="), (7, "— k AAAA")]:  # fmt: skip
        assert verifier.seal_of("\n".join([*lines[:place], bad, *lines[place + 1 :]])) is None, bad
    for bad in (good[:-1], good + "x", good.replace("\n\n", "\n"), "", None, b"x", good + "\ud800"):  # type: ignore[assignment]
        assert verifier.seal_of(bad) is None


def test_a_row_of_the_state_is_canonical_json() -> None:
    """Of the table's name and the values; a float is no value of ours, and the verifier says so too."""
    assert state_leaf("item", (1, "柳塘港\n", None)) == '["item",1,"柳塘港\\n",null]'.encode()
    with pytest.raises(ValueError, match="float"):
        state_leaf("item", (1.5,))  # type: ignore[arg-type]  # what a damaged file may give
    assert (
        verifier.state_root([("item", [1, "柳塘港\n", None])])
        == Tree([state_leaf("item", (1, "柳塘港\n", None))]).root()
    )
    for bad in (1.5, True, b"x", [1]):
        assert verifier.state_root([("item", [bad])]) is None


def test_a_tree_grows_from_where_it_is() -> None:
    """In two steps as in one, past what was sealed before."""
    events = record(9)
    tree = Tree()
    head = grow(tree, GENESIS, events[:5], 0, b"")
    sealed = tree.root()
    assert grow(tree, head, events[5:], 5, sealed) == events[-1].hash
    whole = Tree()
    grow(whole, GENESIS, events, 5, sealed)
    assert whole.root() == tree.root() == defined([bytes.fromhex(event.hash) for event in events])


def test_nothing_is_sealed_over_a_record_that_does_not_hold() -> None:
    """An entry that was changed, one that is missing, another beginning than the one sealed, a record that became shorter."""
    events = record(6)
    root = Tree(bytes.fromhex(event.hash) for event in events[:4]).root()
    changed = [*events[:2], events[2]._replace(decider="o02"), *events[3:]]
    other = link([event._replace(decider="o02") for event in events], 0, GENESIS)
    for bad, size, code in (
        (changed, 0, "entry_changed"),
        ([*events[:2], *events[3:]], 0, "entry_changed"),
        (other, 4, "sealed_otherwise"),
        (events[:3], 4, "sealed_and_gone"),
    ):
        with pytest.raises(FaultsFound, match="not_sealed") as found:
            grow(Tree(), GENESIS, bad, size, root)
        assert found.value.data["faults"][0][1] == code  # type: ignore[index]  # a list of faults
