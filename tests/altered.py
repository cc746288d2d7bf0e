"""The command with something altered in it: `altered.py WHAT[,WHAT] ARGUMENTS...`, for controls that a proof must refuse.

`normal`, `full` and `extra` set how much is synced and in which journal; `system` takes the system's SQLite; `boast` tells of an
act before it is kept; `deaf` does not know a command id again; `unlocked` leaves out the queue before the write lock.
"""

import os
import sys
from pathlib import Path
from types import TracebackType

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
if __name__ == "__main__" and "system" in sys.argv[1].split(","):
    sys.modules["pysqlite3"] = None  # type: ignore[assignment] # this is how an import is made to fail

from cli import main
from engine import office
from storage import connection
from storage.lock import FileLock
from storage.sqlite import SqliteWriter

JOURNALS = {"normal": ("wal", 1), "full": ("delete", 2), "extra": ("delete", 3)}


def alter(what: str) -> None:
    """Put one fault, or one other setting, into the program that is about to run."""
    if what in JOURNALS:
        connection.journal = lambda: JOURNALS[what]
    elif what == "boast":
        leave = SqliteWriter.__exit__

        def boast(
            self: SqliteWriter,
            kind: type[BaseException] | None,
            error: BaseException | None,
            trace: TracebackType | None,
        ) -> None:
            os.write(1, b"done\n")
            leave(self, kind, error, trace)

        SqliteWriter.__exit__ = boast  # type: ignore[method-assign]
    elif what == "deaf":
        office.repeated_by = lambda *_: None  # type: ignore[attr-defined]  # the fault to seed lies where it is used
    elif what == "unlocked":
        FileLock.take = lambda *_: None  # type: ignore[method-assign]
    elif what != "system":
        raise ValueError(what)


if __name__ == "__main__":
    for one in sys.argv[1].split(","):
        alter(one)
    main(sys.argv[2:])
