"""Making seals: the key that signs them, and the one transaction that records, signs and keeps one.

`cryptography` is loaded here and nowhere else, and only where something is signed. Verifying is `interfaces/verifier.py`.
"""

from __future__ import annotations

import os
import re
import stat
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.canonical import canonical
from engine.chain import GENESIS
from engine.clock import ordinal_of, parse_instant
from engine.errors import FaultsFound, Misused, Refused
from engine.event import DONE, Event
from engine.row import EventQuery
from engine.seal import FIRST, SEAL, Checkpoint, Tree, grow, origin, state_root, text
from interfaces.checking import place_text
from interfaces.session import TRIAL
from interfaces.verifier import Key, key_id, seal_of, signature_fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from engine.context import Hand
    from engine.ports import Reader, Store
    from interfaces.verifier import Seal

_HEAD = "PRIVATE+KEY+"
_NAME = re.compile(r"[^\s+]{1,64}")


class Signer(NamedTuple):
    """A private key in use, with the public one that belongs to it."""

    private: Ed25519PrivateKey
    public: Key

    def sign(self, checkpoint: str) -> str:
        """Return the text with a signature after C2SP signed-note."""
        signature = b64encode(self.public.id + self.private.sign(checkpoint.encode())).decode()
        return f"{checkpoint}\n— {self.public.name} {signature}\n"


class Made(NamedTuple):
    """A seal that was made: its number, how many entries it covers, and its text."""

    number: int
    size: int
    note: str


def vkey(key: Key) -> str:
    """Write a public key as the one line that verifiers are given."""
    return f"{key.name}+{key.id.hex()}+{b64encode(bytes([1]) + key.public).decode()}"


def new_key(path: str, name: str) -> str:
    """Make a private key that its owner alone may read, and return the public one.

    Raises `Misused("bad_key_name")`, `Refused("exists")` when something is there, or `Unavailable`.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from storage.disk import unavailable

    if not _NAME.fullmatch(name) or not name.isprintable():
        raise Misused("bad_key_name", name=name)
    private = Ed25519PrivateKey.generate()
    signer = _signer(private, name)
    secret = b64encode(bytes([1]) + private.private_bytes_raw()).decode()
    line = f"{_HEAD}{name}+{signer.public.id.hex()}+{secret}\n"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise Refused("exists", path=path) from None
    except OSError as error:
        raise unavailable(error, path) from error
    return vkey(signer.public)


def read_key(path: str) -> Signer:
    """Read a private key; raises `Refused("key_open")` when others may read it too, `Misused("bad_private_key")` when it is none."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        with Path(path).open("rb") as file:
            about = os.fstat(file.fileno())
            if os.name != "nt" and about.st_mode & 0o077:
                raise Refused("key_open", path=path, mode=f"{stat.S_IMODE(about.st_mode):04o}")
            line = file.read(1000).decode()
    except FileNotFoundError:
        raise Misused("bad_private_key", path=path, why="没有这个文件") from None
    except (OSError, ValueError):
        raise Misused("bad_private_key", path=path, why="读不出来") from None
    name, _, rest = line.strip().removeprefix(_HEAD).partition("+")
    id_, _, secret = rest.partition("+")
    try:
        data = b64decode(secret, validate=True)
        signer = _signer(Ed25519PrivateKey.from_private_bytes(data[1:]), name)
    except ValueError:
        raise Misused("bad_private_key", path=path, why="不是私钥") from None
    if not line.startswith(_HEAD) or data[0] != 1 or signer.public.id.hex() != id_:
        raise Misused("bad_private_key", path=path, why="不是私钥")
    return signer


def make_seal(store: Store, now: int, hand: Hand, signer: Signer) -> Made:
    """Seal the record and the present state, keep the seal, and return it, as the text to take away too.

    An entry says so first, and is the last one covered. Nothing is sealed that does not verify, or that what was sealed
    before is no beginning of: `FaultsFound("not_sealed")`.
    """
    tree = Tree()
    with store.read() as reader:  # the long part, while others may write
        last = _last(reader, signer)
        sealed = (last.size, last.root) if last else (0, b"")
        head = _grown(tree, GENESIS, reader.events(EventQuery()), *sealed)
    with store.write(alone=True) as writer:
        last = _last(writer, signer)
        number = len(writer.seals()) + 1
        body = canonical({"key": f"{signer.public.name}+{signer.public.id.hex()}", "number": number})
        said = Event(0, 0, SEAL, DONE, now, now, hand.decider, hand.enterer, hand.basis, hand.command_id, "", "", body)
        writer.append([said])
        sealed = (last.size, last.root) if last else (0, b"")
        _grown(tree, head, writer.events(EventQuery(after=tree.size)), *sealed)
        previous = last.hash if last else FIRST
        note = signer.sign(
            text(Checkpoint(origin_of(writer), tree.size, tree.root(), previous, state_root(writer), now))
        )
        made = seal_of(note)
        if made is None or signature_fault(made, [signer.public]):
            message = "a seal that does not verify"
            raise RuntimeError(message)
        writer.put_seal(note)
    return Made(number, made.size, note)


def is_due(reader: Reader, now: int) -> bool:
    """Whether a day has begun since the last seal, and something has been entered since."""
    kept = reader.seals()
    last = seal_of(kept[-1][1]) if kept else None
    if last is None:
        return reader.head()[0] > 0
    return reader.head()[0] > last.size and ordinal_of(parse_instant(last.time)) < ordinal_of(now)


def origin_of(reader: Reader) -> str:
    """Return what seals of this database begin with."""
    return origin(str(reader.setting("installation")), trial=reader.setting(TRIAL) == "1")


def _grown(tree: Tree, head: str, events: Iterable[Event], size: int, root: bytes) -> str:
    """Grow the tree; faults are told with their places in words."""
    try:
        return grow(tree, head, events, size, root)
    except FaultsFound as error:
        faults: list[tuple[str, str, str]] = error.data["faults"]  # type: ignore[assignment]  # as `grow` has them
        raise FaultsFound(error.code, faults=[(place_text(place), *rest) for place, *rest in faults]) from None


def _last(reader: Reader, signer: Signer) -> Seal | None:
    """Return the last seal; raises `FaultsFound("not_sealed")` when it is none any more."""
    kept = reader.seals()
    if not kept:
        return None
    number, note = kept[-1]
    last = seal_of(note)
    if last is None or signature_fault(last, [signer.public]) == "seal_bad_signature":
        raise FaultsFound("not_sealed", faults=[(place_text(f"seal {number}"), "seal_changed", "")])
    return last


def _signer(private: Ed25519PrivateKey, name: str) -> Signer:
    public = private.public_key().public_bytes_raw()
    return Signer(private, Key(name, key_id(name, public), public))
