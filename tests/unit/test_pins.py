"""The pins: they name no registry, and hold everything that pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUN_TIME = (ROOT / "requirements.txt").read_text(encoding="utf-8")
DEVELOPMENT = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
NEEDED = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
NEEDED_BY_US = [*NEEDED, *PROJECT["project"]["optional-dependencies"]["dev"]]

CONTROL = """\
# written
click==8.5.1 \\
    --hash=sha256:0a \\
    --hash=sha256:1b
tzlocal==5.4.5 ; sys_platform == 'win32'
"""


def pins(text: str) -> dict[str, tuple[str, list[str]]]:
    """Name to version and hashes."""
    found: dict[str, tuple[str, list[str]]] = {}
    for line in text.replace("\\\n", " ").splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)==([^ ;]+)", line):
            found[canonicalize_name(match[1])] = (match[2], re.findall(r"--hash=sha256:([0-9a-f]+)", line))
    return found


def missing(text: str, requirements: list[str]) -> list[str]:
    """The requirements that no pin satisfies."""
    known = pins(text)
    needed = [Requirement(requirement) for requirement in requirements]
    return [
        str(requirement)
        for requirement in needed
        if (pin := known.get(canonicalize_name(requirement.name))) is None or pin[0] not in requirement.specifier
    ]


def stray_lines(text: str) -> list[str]:
    """Lines that are neither a comment, nor a pin, nor a hash: options, addresses, paths."""
    return [line for line in text.splitlines() if not re.match(r"#|[A-Za-z0-9._-]+==| {4}--hash=sha256:", line)]


@pytest.mark.parametrize("text", [RUN_TIME, DEVELOPMENT], ids=["run-time", "development"])
def test_pins_name_no_host(text: str) -> None:
    """An office may have its own registry; a pin is a name, a version and hashes."""
    assert "://" not in text
    assert stray_lines(text) == []


@pytest.mark.parametrize("text", [RUN_TIME, DEVELOPMENT], ids=["run-time", "development"])
def test_every_pin_has_a_hash(text: str) -> None:
    """Without one, pip would refuse the whole file."""
    assert pins(text)
    assert [name for name, (_, hashes) in pins(text).items() if not hashes] == []


def test_everything_needed_is_pinned() -> None:
    """Run time and build backend in the first file, the tools as well in the second; in versions that are asked for."""
    assert missing(RUN_TIME, NEEDED) == []
    assert missing(DEVELOPMENT, NEEDED_BY_US) == []


def test_both_files_agree() -> None:
    """What is tested is what is run."""
    assert pins(RUN_TIME).items() <= pins(DEVELOPMENT).items()


def test_a_fault_in_pins_is_found() -> None:
    """The checks above can fail."""
    assert pins(CONTROL) == {"click": ("8.5.1", ["0a", "1b"]), "tzlocal": ("5.4.5", [])}
    assert missing(CONTROL, ["click>=8.5", "Click<8", "rich>=15"]) == ["Click<8", "rich>=15"]
    assert stray_lines(CONTROL) == []
    assert stray_lines("--index-url place\nclick @ file.whl\n") == ["--index-url place", "click @ file.whl"]
