"""What can go wrong, as values: a stable code and its data.

The sentence for a code is display text and lives in `workflows/labels.py`; the command line joins the two at its one boundary.
"""


class SibanError(Exception):
    """Base of all of Siban's own errors.

    `code` is stable and may be relied on by scripts; `data` are the facts that the sentence for the code needs
    (strings, numbers, lists of strings). `exit_status` is what the process ends with.
    """

    exit_status = 1

    def __init__(self, code: str, /, **data: object) -> None:
        """Keep the code and its facts."""
        super().__init__(code)
        self.code = code
        self.data = data

    def __str__(self) -> str:
        """Give the code with its facts: for developers' logs, never for officers."""
        facts = ", ".join(f"{key}={value!r}" for key, value in self.data.items())
        return f"{self.code}({facts})"


class Refused(SibanError):
    """A rule says no: wrong state, not allowed, a missing field, an unknown item or officer."""


class Misused(SibanError):
    """An option, a limit or a text that cannot be read."""

    exit_status = 2


class Conflict(SibanError):
    """Somebody else was first."""

    exit_status = 3


class Overtaken(SibanError):
    """Another transaction came in between: nothing was kept, and the same can be done again at once."""

    exit_status = 3


class FaultsFound(SibanError):
    """A check, an import or a definition has faults; `data["faults"]` lists them all."""

    exit_status = 4


class Unavailable(SibanError):
    """There is no usable storage: no database, not one of ours, a newer schema, locked past the time-out."""

    exit_status = 5
