"""The machine knows the transitions of the definition and no other way from place to place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import Refused
from engine.machine import machine_of, next_state

if TYPE_CHECKING:
    from engine.definition import Definition


def test_the_machine_has_the_definitions_transitions_alone(siban: Definition) -> None:
    """Each variant and each request that moves an item, nothing that the library adds by itself."""
    moving = {f"request:{kind.name}" for kind in siban.requests.values() if kind.to}
    assert set(machine_of(siban).events) == {transition.name for transition in siban.transitions} | moving


@pytest.mark.parametrize("name", ["to_closed", "to_rectifying", "to", "close"])
def test_no_state_is_reached_past_the_definition(siban: Definition, name: str) -> None:
    """`to_closed` is what the library offers unless it is told not to."""
    with pytest.raises(Refused, match="not_in_state"):
        next_state(siban, "registered", name)
