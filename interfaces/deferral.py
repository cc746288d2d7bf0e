"""Modules of the standard library that are loaded when something of theirs is first asked for, not when they are imported."""

from __future__ import annotations

import sys
from _thread import RLock
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any


class _Deferred(ModuleType):
    """A module known by name and place; it becomes itself at the first question for anything that is in it."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever is in it
        with _loading:  # two threads may ask at once
            spec = self.__spec__
            if spec and spec.loader and not spec.loader_state:
                spec.loader_state = True  # from here on it is loaded, or being loaded by whoever holds the lock
                spec.loader.exec_module(self)
                self.__class__ = ModuleType  # type: ignore[assignment] # what it was meant to be
        return ModuleType.__getattribute__(self, name)


_loading = RLock()


def defer(*names: str) -> None:
    """Let whoever imports these modules have them at once, and load each when it is used; those loaded already stay so."""
    for name in names:
        spec = None if name in sys.modules else find_spec(name)
        if spec is not None:
            module = sys.modules[name] = module_from_spec(spec)
            module.__class__ = _Deferred
