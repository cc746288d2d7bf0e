"""Deferred modules: there at once, loaded at the first use, and then like any other."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

import cli
from interfaces.session import Session
from interfaces.shell import Option

USES = {
    "an attribute": "print(colorsys.rgb_to_hls(0, 0, 0)[0])",
    "a name taken from it": "from colorsys import rgb_to_hls; print(rgb_to_hls(0, 0, 0)[0])",
    "what it has not": "print(0.0 if not hasattr(colorsys, 'nothing') else 1)",
    "two threads": (
        "import threading; found = []; ask = lambda: found.append(colorsys.rgb_to_hls(0, 0, 0)[0]); "
        "threads = [threading.Thread(target=ask) for _ in range(8)]; "
        "[t.start() for t in threads]; [t.join() for t in threads]; print(*set(found))"
    ),
}


def output(program: str) -> str:
    """Run a program in a fresh interpreter; return what it prints."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_a_deferred_module_is_not_loaded_by_its_import() -> None:
    """It stands among the modules, and none of its names is there."""
    found = output(
        "from interfaces.deferral import defer; defer('colorsys'); import sys, colorsys; "
        "print(colorsys is sys.modules['colorsys'], 'rgb_to_hls' in vars(colorsys), colorsys.__name__)"
    )
    assert found == "True False colorsys"


@pytest.mark.parametrize("use", USES)
def test_a_deferred_module_is_loaded_by_its_use(use: str) -> None:
    """Whoever asks for something of it, and however, gets what an ordinary module gives; it is one then."""
    found = output(
        f"from interfaces.deferral import defer; defer('colorsys'); import colorsys; {USES[use]}; "
        "print(type(colorsys).__name__)"
    )
    assert found.split() == ["0.0", "module"]


def test_a_module_loaded_before_stays() -> None:
    """Deferring what is there already changes nothing, and what there is not is not made up."""
    found = output(
        "import sys, colorsys; from interfaces.deferral import defer; defer('colorsys', 'no_such_module'); "
        "print(sys.modules['colorsys'] is colorsys, 'rgb_to_hls' in vars(colorsys), 'no_such_module' in sys.modules)"
    )
    assert found == "True True False"


def commands(command: click.Command, ctx: click.Context) -> list[click.Command]:
    """List a command and all below it."""
    if not isinstance(command, click.Group):
        return [command]
    below = (command.get_command(ctx, name) for name in command.list_commands(ctx))
    return [command, *(found for one in below if one for found in commands(one, ctx))]


def test_every_option_is_one_of_ours() -> None:
    """Click's own would load `inspect` to clean its help; what ours keeps as it stands needs no cleaning."""
    ctx = click.Context(cli.root, obj=Session("no such database"))
    options = [o for one in commands(cli.root, ctx) for o in one.params if isinstance(o, click.Option)]

    assert len(options) > 100
    assert [o.opts for o in options if not isinstance(o, Option)] == []
    assert [o.help for o in options if o.help and (o.help != o.help.strip() or "\n" in o.help)] == []
