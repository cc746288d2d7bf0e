"""What every test starts from: no settings of the machine it runs on, and random cases that can be had again."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import cli  # noqa: F401 - imported first of all, since it switches the collector off
from storage.postgres_creation import create
from tests import postgres
from tests.errands import prepare
from tests.postgres import Server
from tests.trial import build

gc.enable()  # tests go on where a command would be over: left to itself, a worker grew to two gigabytes

for name in [name for name in os.environ if name.startswith("SIBAN_")]:
    del os.environ[name]  # programs that tests start inherit this too

# One commit, one verdict: whoever sees red has changed something. No time limit for a case: machines are shared.
settings.register_profile("steady", derandomize=True, max_examples=60, stateful_step_count=30, deadline=None)
# For nights and doubts, `pytest --hypothesis-profile search`: new cases each time, and what fails is kept and printed.
settings.register_profile("search", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trial ledger of five weeks up to 14 June 2023 (`tests.trial`), made once: nobody writes to it."""
    path = tmp_path_factory.mktemp("built") / "office.db"
    build(path)
    return path


@pytest.fixture
def book(built: Path, tmp_path: Path) -> Path:
    """A copy of it, to do with as one likes."""
    copy = tmp_path / "office.db"
    shutil.copy(built, copy)
    return copy


@pytest.fixture(scope="session")
def prepared(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The office of the twelve errands (`tests.errands`), laid out once: nobody works in it."""
    folder = tmp_path_factory.mktemp("prepared")
    prepare(folder, built)
    return folder


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    """A copy of it, to work in."""
    place = tmp_path / "office"
    shutil.copytree(prepared, place)
    return place


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One PostgreSQL server for all tests of a process, with an empty trial database of ours, `office`, to make others from.

    It does not wait for its disk: who tests what survives starts another one.
    """
    if not postgres.binary("initdb"):
        pytest.skip(postgres.MISSING)
    with postgres.throw_away(fsync="off", full_page_writes="off") as started:
        started.name("office")
        create(started.url("office"), {"trial": "1"})
        yield started
