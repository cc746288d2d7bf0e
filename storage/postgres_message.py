"""Several statements as one message to a PostgreSQL server, each planned once for a connection and then only executed."""

from __future__ import annotations

import itertools
import re
from functools import cache
from typing import TYPE_CHECKING

from psycopg.adapt import Transformer

from storage.postgres_statements import numbered

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from storage.postgres_connection import Connection

_AFTER = 2  # so often a statement is planned on the spot: a command that is over at once prepares nothing
_PLANNED = ("SELECT", "INSERT", "UPDATE")
_NUMBERS = itertools.count()


class Prepared:
    """What is prepared on a connection."""

    def __init__(self, connection: Connection) -> None:
        """Know of nothing yet."""
        self._otherwise = Transformer(connection).as_literal
        self._seen: dict[str, int] = {}
        self._names: dict[str, bytes] = {}

    def message(self, statements: Iterable[tuple[str, Sequence[object]]]) -> bytes:
        """Write statements into one message; those that return once more are prepared at its beginning.

        Values are quoted; NUL and half characters are refused.
        """
        before: list[bytes] = []
        said: list[bytes] = []
        for text, parameters in statements:
            name = self._names.get(text)
            if name is None:
                seen = self._seen[text] = self._seen.get(text, 0) + 1
                if seen <= _AFTER or not text.startswith(_PLANNED):
                    said.append(self._plain(text, parameters))
                    continue
                name = self._names[text] = b"siban_%d" % next(_NUMBERS)
                before.append(b"PREPARE %b AS %b" % (name, numbered(text)))
            values = b"(%b)" % b",".join(map(self._literal, parameters)) if parameters else b""
            said.append(b"EXECUTE %b%b" % (name, values))
        begun = said[:1] if said[0].startswith(b"BEGIN") else []  # nothing may come before it
        return b";".join((*begun, *before, *said[len(begun) :]))

    def _literal(self, value: object) -> bytes:
        """Write a value. Numbers and texts, which are nearly all, are written here: that is ten times as quick.

        A quote is doubled and nothing else has a meaning: `standard_conforming_strings` and UTF-8 are set for each connection.
        """
        if type(value) is str and "\0" not in value:  # it would end the message
            return b"'%b'" % value.replace("'", "''").encode()
        if type(value) is int and value >= 0:
            return b"%d" % value
        return self._otherwise(value)

    def _plain(self, text: str, parameters: Sequence[object]) -> bytes:
        between, order = _pieces(text)
        said = [between[0]]
        for place, piece in zip(order, between[1:], strict=True):
            said += (self._literal(parameters[place]), piece)
        return b"".join(said)


@cache
def _pieces(text: str) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
    """Return a statement in the pieces between its parameters, and which parameter follows each piece but the last."""
    counted = numbered(text).decode()
    order = tuple(int(mark) - 1 for mark in re.findall(r"\$(\d+)", counted))
    return tuple(piece.encode() for piece in re.split(r"\$\d+", counted)), order
