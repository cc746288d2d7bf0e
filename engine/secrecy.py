"""The guard at the one door of the record: no entry carries the mark of a classified paper, unless somebody says why it may."""

# No postponed annotations here: `NamedTuple` would compile each of them at every start.
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from engine.canonical import canonical, parse
from engine.errors import Refused
from engine.event import Event

CLEARED = "cleared"
"""What an entry's body keeps the reason under."""

_STANDS = ("was", "content")
"""Parts of a body that repeat what stands in the record already: what a correction puts right, what a paper says."""


class Guard(NamedTuple):
    """How marks are written (`pattern`, line by line), and why what has one may pass.

    Without all characters of one of the `hints` there is none, nor without a match of `words`, which matches in JSON text as
    well: most texts are looked at no further.
    """

    hints: tuple[str, ...]
    words: str
    pattern: str
    cleared: str = ""

    def suspects(self, text: str) -> bool:
        """Whether a text, or one of several in their JSON, has to be looked at for a mark."""
        for hint in self.hints:
            for character in hint:
                if character not in text:
                    break
            else:
                return re.search(self.words, text) is not None
        return False

    def mark(self, text: str) -> str:
        """Return the mark that a text bears, "" for none."""
        if not self.suspects(text):
            return ""
        found = re.search(self.pattern, text, re.MULTILINE)
        return found.group().strip() if found else ""

    def refuse(self, text: str, field: str) -> None:
        """Raise `Refused("classified", field=, mark=)` for a text with a mark that nobody cleared: never the text itself."""
        if not self.cleared and (mark := self.mark(text)):
            raise Refused("classified", field=field, mark=mark)

    def admit(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield entries about to be made; one that was cleared keeps the reason. Raises as `refuse` does."""
        for event in events:
            if not self.suspects(event.body) and not (event.basis and self.suspects(event.basis)):
                yield event
                continue
            body = parse(event.body)
            kept = self._look((*_texts(body, _STANDS), *(_texts(parse(event.basis), _STANDS) if event.basis else ())))
            yield event._replace(body=canonical({**body, **kept})) if kept else event

    def admit_policy(self, kind: str, text: str) -> dict[str, str]:
        """Return what the entry about a policy keeps of its marks: why they may stand, nothing where there are none.

        Policy is on everybody's screen. Raises as `refuse` does, with the kind of policy for a field.
        """
        if not self.suspects(text):
            return {}
        return self._look((kind, found) for _, found in _texts(parse(text)))

    def _look(self, texts: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Return the reason to keep for texts of which one is marked; raises as `refuse` does."""
        marked = False
        for field, text in texts:
            self.refuse(text, field)
            marked = marked or bool(self.mark(text))
        return {CLEARED: self.cleared} if marked else {}


def _texts(value: object, but: tuple[str, ...] = (), field: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in a body `but` for some parts, with the innermost name that it stands under."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in but:
                yield from _texts(inner, but, field if key in ("text", "name", "ref") and field else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, but, field)
