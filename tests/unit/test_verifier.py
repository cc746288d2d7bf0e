"""The stand-alone verifier by itself: Ed25519 after RFC 8032, notes after C2SP, and nothing but the standard library."""

from __future__ import annotations

import ast
import base64
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from engine.chain import GENESIS, link
from engine.event import Event
from interfaces import verifier

# RFC 8032, section 7.1: public key, message, signature.
RFC_8032 = {
    "test 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "test 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "test 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "test SHA(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}

# The example of Go's sumdb/note, from where C2SP has the form.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PROBLEM = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNED = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="

ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize("name", RFC_8032)
def test_the_vectors_of_rfc_8032_hold(name: str) -> None:
    """And none of them does when a bit of key, message or signature is another one."""
    public, message, signature = (bytes.fromhex(part) for part in RFC_8032[name])
    assert verifier.signature_holds(public, message, signature)
    assert not verifier.signature_holds(public, message + b"x", signature)
    for place in range(0, 64, 7):
        bad = bytearray(signature)
        bad[place] ^= 1 << place % 8
        assert not verifier.signature_holds(public, message, bytes(bad))
    for place in range(0, 32, 5):
        bad = bytearray(public)
        bad[place] ^= 1
        assert not verifier.signature_holds(bytes(bad), message, signature)


def test_a_second_form_of_a_signature_does_not_hold() -> None:
    """S is below the group's order: otherwise each signature would have two forms. Lengths are looked at."""
    public, message, signature = (bytes.fromhex(part) for part in RFC_8032["test 2"])
    twin = signature[:32] + (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    assert not verifier.signature_holds(public, message, twin)
    assert not verifier.signature_holds(public, message, signature[:-1])
    assert not verifier.signature_holds(public[:-1], message, signature)
    assert not verifier.signature_holds(b"\xff" * 32, message, signature)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_it_agrees_with_the_library(seed: bytes, message: bytes, bit: int) -> None:
    """What `cryptography` signs holds; with a bit changed, both say no."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes_raw()
    signature = private.sign(message)
    assert verifier.signature_holds(public, message, signature)
    bad = bytearray(signature)
    bad[bit // 8] ^= 1 << bit % 8
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public).verify(bytes(bad), message)
    assert not verifier.signature_holds(public, message, bytes(bad))


def test_a_note_of_others_is_read_as_they_wrote_it() -> None:
    """The example of Go's library: the key, its id, and the signature."""
    key = verifier.key_of(NEUMANN)
    assert key is not None
    assert (key.name, key.id.hex()) == ("PeterNeumann", "c74f20a3")
    data = base64.b64decode(SIGNED)
    assert data[:4] == key.id
    assert verifier.signature_holds(key.public, PROBLEM.encode(), data[4:])


def test_a_key_that_is_none_is_not_read() -> None:
    """Another id than its own, another kind, another length, no name."""
    for bad in (
        NEUMANN.replace("c74f20a3", "c74f20a4"), NEUMANN[:-4], NEUMANN.replace("ARpc", "Axpc"), NEUMANN.removeprefix("PeterNeumann"),
        "PRIVATE+KEY+x", "", "公钥",
    ):  # fmt: skip
        assert verifier.key_of(bad) is None, bad


def test_it_needs_the_standard_library_alone() -> None:
    """No import of ours or of others: whoever gets the one file can run it."""
    tree = ast.parse(Path(verifier.__file__).read_text(encoding="utf-8"))
    names = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert names
    assert names <= sys.stdlib_module_names


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(
    ["", "办", "é" * 130, "x" * 255, "x" * 256, "x" * 70_000]
)
NUMBERS = st.integers(-(2**63), 2**63 - 1)


@given(st.tuples(NUMBERS, TEXTS, TEXTS, NUMBERS, NUMBERS, *[TEXTS] * 7))
def test_an_entry_of_any_values_has_the_engines_hash(values: tuple[object, ...]) -> None:
    """Short and long, plain and Chinese, before 1970 and after: two programs, one sum; with a field changed it is another."""
    (entry,) = link([Event(0, *values)], 0, GENESIS)  # type: ignore[arg-type]  # numbers and texts in their places
    assert verifier.verify("", [entry], [], [], [], []).faults == []
    for changed in (entry._replace(body=entry.body + "x"), entry._replace(item=entry.item + 1)):
        assert [f.code for f in verifier.verify("", [changed], [], [], [], []).faults] == ["entry_changed"]


@pytest.mark.parametrize("value", [1, 1.0, True, None, b"x", ["x"], {"x": 1}, "\ud800", ()])
def test_a_value_of_another_kind_is_no_entry(value: object) -> None:
    """In any field; the bytes that are hashed could otherwise be those of another value."""
    (entry,) = link([Event(0, 1, "accept", "done", 7, 7, "o01", "o01", "", "", "d", "c", "{}")], 0, GENESIS)
    for place, kept in enumerate(entry):
        if type(value) is type(kept) and value != "\ud800":
            continue
        changed = (*entry[:place], value, *entry[place + 1 :])
        (first, *_) = verifier.verify("", [changed], [], [], [], []).faults
        if value == "\ud800" and place == len(entry) - 1:  # a sum that is none: what it should be is seen from the rest
            assert first.code == "entry_changed"
        else:
            assert first == verifier.Fault("entry 1", "entry_malformed"), (place, value)
    for wrong in (entry[:-1], (*entry, "")):
        assert verifier.verify("", [wrong], [], [], [], []).faults[0].code == "entry_malformed"


def test_every_fault_has_a_sentence() -> None:
    """Every code that stands in the file is explained in it."""
    source = Path(verifier.__file__).read_text(encoding="utf-8")
    assert all(
        verifier.sentence(verifier.Fault("entry 3", code)) != f"第 3 条办理记录：{code}" for code in verifier.SENTENCES
    )
    made = {node.args[1].value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name) and node.func.id == "Fault" and len(node.args) > 1
            and isinstance(node.args[1], ast.Constant)}  # fmt: skip
    assert made
    assert made <= set(verifier.SENTENCES)
