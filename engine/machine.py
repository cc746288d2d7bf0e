"""The one importer of `transitions`: it executes the state machine and turns that library's ways of saying no into our errors.

One shared machine a definition version, each transition variant an event of its own, a throw-away model for each question. The
library is loaded with the first question: whoever only looks at items asks none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import Refused

if TYPE_CHECKING:
    from transitions import Machine

    from engine.definition import Definition


class _Place:
    """The light model: nothing but where the item stands."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


_machines: dict[str, Machine] = {}


def machine_of(definition: Definition) -> Machine:
    """Return the machine of a definition version, built once in a process."""
    machine = _machines.get(definition.hash)
    if machine is None:
        from transitions import Machine  # noqa: PLC0415 - see above

        arrows = [(t.name, source, t.to or source) for t in definition.transitions for source in t.sources]
        arrows += [
            (f"request:{kind.name}", source, kind.to)
            for kind in definition.requests.values()
            if kind.to
            for source in kind.sources
        ]
        machine = _machines[definition.hash] = Machine(
            model=None,
            states=list(definition.states),
            transitions=[list(arrow) for arrow in arrows],
            initial=definition.initial,
            auto_transitions=False,
        )
    return machine


def next_state(definition: Definition, state: str, transition: str) -> str:
    """Return where a transition leads from a state; the machine is asked once in a process, its answers do not change.

    Raises `Refused("not_in_state")` when it does not apply there; the caller adds what would be allowed.
    """
    key = (definition.hash, state, transition)
    to = _answers.get(key)
    if to is None:
        to = _answers[key] = _run(definition, state, transition)
    return to


_answers: dict[tuple[str, str, str], str] = {}


def _run(definition: Definition, state: str, transition: str) -> str:
    from transitions import MachineError  # noqa: PLC0415 - see above

    machine = machine_of(definition)
    event = machine.events.get(transition)
    if event is None or state not in machine.states:
        raise Refused("not_in_state", state=state, transition=transition)
    place = _Place(state)
    try:
        moved = event.trigger(place)
    except MachineError:
        moved = False
    if not moved:
        raise Refused("not_in_state", state=state, transition=transition)
    return place.state
