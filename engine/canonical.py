"""Canonical JSON text and its SHA-256: the form in which everything hashed is kept."""

from __future__ import annotations

import json
import sys
from json.encoder import c_make_encoder, encode_basestring  # type: ignore[attr-defined]  # not in typeshed
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable
    from hashlib import sha256
else:
    try:  # as the standard library's `random` does: `hashlib` loads OpenSSL, and each start would wait for it
        if sys.version_info >= (3, 12):
            from _sha2 import sha256
        else:
            from _sha256 import sha256
    except ImportError:
        from hashlib import sha256


def encoder(*, sort_keys: bool) -> Callable[[object], str]:
    """Return a writer of JSON without spaces, characters as they are.

    It is `JSONEncoder.encode` with the parts made once; that one makes them at each call, which takes longer than writing.
    """
    if c_make_encoder is None:  # another Python than CPython
        return json.JSONEncoder(ensure_ascii=False, sort_keys=sort_keys, separators=(",", ":"), allow_nan=False).encode
    write = c_make_encoder(None, _unknown, encode_basestring, None, ":", ",", sort_keys, False, False)  # noqa: FBT003
    return lambda value: "".join(write(value, 0))


def _unknown(value: object) -> NoReturn:
    message = f"{type(value).__name__} has no JSON form"
    raise TypeError(message)


_encode = encoder(sort_keys=True)


def canonical(value: object) -> str:
    """Write a JSON value as its one canonical text: keys sorted, no spaces, characters as they are.

    Values are objects with string keys, lists, strings, integers, booleans and null. A float is refused with `ValueError`,
    since two writers may print the same float differently.
    """
    text = _encode(value)
    if "." in text and _has_float(value):
        message = "a float has no canonical form"
        raise ValueError(message)
    return text


def digest(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes in lower-case hexadecimal."""
    return digest_bytes(text.encode())


def digest_bytes(data: bytes) -> str:
    """Return the SHA-256 of bytes in lower-case hexadecimal."""
    return _Hash.made(data).hexdigest()


class _Hash:
    """Which SHA-256 is at work."""

    made = sha256


def hash_many() -> None:
    """From now on hash with OpenSSL: five times as fast, for whoever hashes enough to repay the milliseconds it takes to load."""
    import hashlib  # noqa: PLC0415 - see above

    _Hash.made = hashlib.sha256


def parse(text: str) -> dict[str, object]:
    """Read a canonical object back."""
    value: dict[str, object] = json.loads(text)
    return value


def _has_float(value: object) -> bool:
    if isinstance(value, float):
        return True
    if isinstance(value, (list, tuple)):
        return any(map(_has_float, value))
    if isinstance(value, dict):
        return any(map(_has_float, value.values()))
    return False
