"""送达设置: over which targets whom a notice reaches, read from a TOML file and held to an allow-list.

Targets stand in this file alone, never in the database: nobody who may write there can send the bureau's notices
elsewhere. A secret may stand in the environment (`url = "env:NAME"`); a file that holds one must be its owner's alone.
"""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from engine.errors import FaultsFound, Misused, Refused

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

EVERYBODY = "*"
"""The receiver whose targets hold for whoever is not named."""

SCHEMES = (
    "wecombot", "dingtalk", "feishu", "lark", "json", "jsons", "form", "forms", "xml", "xmls", "mailto", "mailtos",
)  # fmt: skip
"""The kinds of address that may be used: those whose connection and answer are looked at here."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Target(_Strict):
    """Where messages go: a file of this machine, to which a line is added, or an address as apprise writes it."""

    file: str = ""
    url: str = ""

    @model_validator(mode="after")
    def _one(self) -> Target:
        if bool(self.file) == bool(self.url):
            raise ValueError("file_or_url")
        if self.url and not self.url.startswith("env:") and urlsplit(self.url).scheme not in SCHEMES:
            raise ValueError("scheme")
        return self

    def address(self) -> str:
        """Return the address; raises `Misused("bad_channels")` when the variable it stands in is not set."""
        if not self.url.startswith("env:"):
            return self.url
        name = self.url.removeprefix("env:")
        value = os.environ.get(name, "")
        if urlsplit(value).scheme not in SCHEMES:
            raise Misused("bad_channels", path=f"环境变量 {name}", why="未设置或不是可用的地址")
        return value


class Channels(_Strict):
    """The whole of the settings.

    `hours`: only in office hours, or at any time. `content`: what a message says: how many notices and which items
    (`numbers`), the receiver's name too (`names`), or the items' titles as well (`titles`). `allow`: origins
    (scheme://host:port) that may be called at all. `receivers`: officer → names of targets.
    """

    hours: Literal["working", "any"] = "working"
    content: Literal["numbers", "names", "titles"] = "numbers"
    allow: tuple[str, ...] = ()
    targets: dict[str, Target]
    receivers: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> Channels:
        missing = {name for names in self.receivers.values() for name in names} - set(self.targets)
        if missing:
            raise ValueError("unknown_target", *sorted(missing))
        return self

    def targets_of(self, receiver: str) -> tuple[str, ...]:
        """Return the targets of an officer, else those of everybody."""
        return self.receivers.get(receiver, self.receivers.get(EVERYBODY, ()))


def plain(path: str) -> Channels:
    """Return the settings that hold without a file: everything goes into one log beside the database."""
    log = "siban.notices.log" if "://" in path else f"{path}.notices.log"
    return Channels(hours="any", targets={"log": Target(file=log)}, receivers={EVERYBODY: ("log",)})


def read_channels(path: str) -> Channels:
    """Read the settings.

    Raises `Misused("bad_channels")` when the file cannot be read, `Refused("channels_open")` when others may read an
    address in it, `FaultsFound("bad_channels_fields")` with every fault.
    """
    try:
        with Path(path).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = tomllib.load(file)
    except FileNotFoundError:
        raise Misused("bad_channels", path=path, why="没有这个文件") from None
    except tomllib.TOMLDecodeError as error:
        raise Misused("bad_channels", path=path, why=f"不是 TOML 文件：{error}") from None
    except (OSError, UnicodeDecodeError):
        raise Misused("bad_channels", path=path, why="读不出来") from None
    try:
        channels = Channels.model_validate(data)
    except ValidationError as error:
        faults = [(".".join(map(str, fault["loc"])), *_meaning(fault)) for fault in error.errors()]
        raise FaultsFound("bad_channels_fields", path=path, faults=faults) from None
    secret = any(target.url and not target.url.startswith("env:") for target in channels.targets.values())
    if secret and os.name != "nt" and mode & 0o077:
        raise Refused("channels_open", path=path, mode=f"{stat.S_IMODE(mode):04o}")
    beside = Path(path).parent  # a file of messages stands beside the settings, wherever the command is run
    targets = {
        name: one.model_copy(update={"file": str(beside / one.file)}) if one.file else one
        for name, one in channels.targets.items()
    }
    return channels.model_copy(update={"targets": targets})


def _meaning(fault: ErrorDetails) -> tuple[str, str]:
    """Return the code of a fault of ours or of pydantic's, with what it is about."""
    context = fault.get("ctx", {})
    error = context.get("error")
    if isinstance(error, ValueError):
        code, *names = error.args
        return str(code), "、".join(names)
    kind = str(fault["type"])
    if kind == "missing":
        return "missing", ""
    if kind == "extra_forbidden":
        return "unknown_key", ""
    if kind == "literal_error":
        return "bad_choice", str(context.get("expected", "")).replace("'", "").replace(" or ", "、").replace(", ", "、")
    return "text_needed", ""
