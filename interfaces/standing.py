"""Where an item of an old ledger stands, and since when: from its state's word and its dates to what is taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.clock import day_of
from engine.errors import Misused
from engine.takeover import Standing
from workflows.standings import CLOSED, DONE, DONE_SAYS, FINISHED, IN_HAND, SUSPENDED_OR_LISTED, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.definition import Definition


class Words:
    """What the words of a ledger's column of states mean here."""

    def __init__(self, definition: Definition, given: Mapping[str, str] | None = None) -> None:
        """Read them for a definition; `given` is what the office says of its own words, and comes first.

        Raises `Misused("bad_state_word")` for a word given the title of no state.
        """
        self._definition = definition
        self._states = {state.title: name for name, state in definition.states.items()}
        self._given: dict[str, str] = {}
        for word, title in (given or {}).items():
            name = self._states.get(title) or (title if title in definition.states else "")
            if not name:
                raise Misused("bad_state_word", text=f"{word}={title}", allowed=list(self._states))
            self._given[word] = name

    def state(self, text: str, *, closed: bool, done: bool) -> str:
        """Return the state that a word means, "" for none yet; dates tell what a word or a blank leaves open.

        Raises `Misused`: `suspended_or_listed`, `unknown_state_word` with `allowed`.
        """
        word = text.replace(" ", "").rstrip("。")
        if not word:
            title = CLOSED if closed else DONE if done else ""
            return self._states.get(title, "")
        if word in self._given:
            return self._given[word]
        if word in self._states:
            return self._states[word]
        if SUSPENDED_OR_LISTED in word:
            raise Misused("suspended_or_listed", text=text)
        title = (CLOSED if closed else DONE) if word in FINISHED else WORDS.get(word, "")
        if title not in self._states:
            raise Misused("unknown_state_word", text=text, allowed=list(self._states))
        return self._states[title]


class Dates(NamedTuple):
    """The days of a row (µs), None where it has none; `found_at` is when the problem was found."""

    found_at: int | None = None
    registered_at: int | None = None
    assigned_at: int | None = None
    completed_at: int | None = None
    closed_at: int | None = None


def came_in(dates: Dates) -> int | None:
    """Return when an item came in: on its own day of registration, or else the earliest day that the ledger names."""
    if dates.registered_at is not None:
        return dates.registered_at
    return min([day for day in dates if day is not None], default=None)


def standings(
    state: str, dates: Dates, came: int | None, fields: Mapping[str, object], definition: Definition, now: int
) -> tuple[Standing, ...]:
    """Return where an item stood from when on, if it `came` in then: nothing for one that is only registered.

    Raises `Misused`: `done_when` where the work was done and no day is named, `days_out_of_order` with two columns,
    `done_yet_open` where the work goes on and yet has a day on which it was done.
    """
    if state in ("", definition.initial) and not fields:
        return ()
    _in_order(dates)
    at = max(dates.assigned_at or 0, came or 0) or now
    target = definition.states[state or definition.initial]
    if not target.counted or not _begun(target.name, definition):
        return (Standing(target.name, dates.closed_at or at, fields),)
    if target.stage in ("assign", "handle"):
        if dates.completed_at is not None:
            raise Misused("done_yet_open", state=target.title)
        return (Standing(target.name, at, fields, started=at),)
    done = dates.completed_at if dates.completed_at is not None else dates.closed_at
    if done is None:
        raise Misused("done_when", state=target.title)
    done = max(done, at)  # of the same day
    if not target.final:  # what a closed one came to is the ledger's to say, and nothing asks for it any more
        fields = {name: value for name, value in DONE_SAYS.items() if name in definition.fields} | dict(fields)
    working = _in_hand(definition)
    before = (Standing(working, at, {}, started=at),) if working and at < done else ()
    closed = max(dates.closed_at, done) if target.final and dates.closed_at is not None else done
    return (*before, Standing(target.name, closed, fields, started=at, done=done))


def _begun(state: str, definition: Definition) -> bool:
    """Whether the main clock has begun when an item is in a state."""
    clock, stage = definition.main_clock, definition.states[state].stage
    if clock is None or stage == "intake":
        return False
    if stage != "assign":
        return True
    if not clock.starts_at:
        return state in clock.runs_in
    return not any(
        t.verb in clock.starts_at and state in t.sources and t.to in clock.runs_in for t in definition.transitions
    )


def _in_hand(definition: Definition) -> str:
    return next((name for name, state in definition.states.items() if state.title == IN_HAND), "")


_EARLIER = tuple(
    (Dates._fields.index(one), Dates._fields.index(other), one, other)
    for one, later in (
        ("found_at", ("assigned_at", "completed_at", "closed_at")),
        ("registered_at", ("assigned_at", "completed_at", "closed_at")),
        ("assigned_at", ("completed_at", "closed_at")),
        ("completed_at", ("closed_at",)),
    )
    for other in later
)
"""Which day of a row comes before which other, by their places."""


def _in_order(dates: Dates) -> None:
    for first, second, earlier, later in _EARLIER:
        one, other = dates[first], dates[second]
        if one is not None and other is not None and other < one and day_of(other) < day_of(one):
            raise Misused("days_out_of_order", earlier=earlier, later=later)


def split_words(options: Iterable[str]) -> dict[str, str]:
    """Read `--state 台账用语=状态`; raises `Misused("bad_state_word")`."""
    words: dict[str, str] = {}
    for text in options:
        word, equals, title = text.replace("＝", "=", 1).partition("=")
        if not equals or not word.strip() or not title.strip():
            raise Misused("bad_state_word", text=text, allowed=[])
        words[word.strip()] = title.strip()
    return words
