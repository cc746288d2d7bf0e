"""A loss of power, played from a trace: what had been synced is there, of the rest a random half, torn at 512 bytes.

`record` runs commands one after another under strace and keeps what they did to a folder's files, call by call. `Recording.image`
leaves another folder as the disk may be found after the power went at some moment. Names count as well: a file that was made or
taken away and whose folder was not synced may be there or not.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.errands import ended, line, start
from tests.strace import STRACE, WRITES

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

    from tests.errands import Errand

SECTOR = 512
_PASSING = ("-shm", ".lock")  # made anew by whoever needs them
_LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


class Op(NamedTuple):
    """One thing that happened: write, cut and sync about a file by its number; make, drop and synced about a name; told."""

    kind: str
    file: int = 0
    name: str = ""
    offset: int = 0
    data: bytes = b""


class Recording(NamedTuple):
    """What was on disk before, what was done to it, and how often somebody was told that something is kept."""

    before: dict[str, bytes]
    ops: list[Op]

    def image(self, folder: Path, dice: random.Random) -> int:
        """Leave a folder as the power may leave it at a random moment; return how many times somebody had been told by then."""
        end = dice.randint(1, len(self.ops))
        for name, content in self._played(self._surviving(end, dice), dice).items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        return sum(op.kind == "told" for op in self.ops[:end])

    def all_of_it(self) -> dict[str, bytes]:
        """Return what the files hold when nothing was lost."""
        return self._played(self.ops)

    def _played(self, ops: Iterable[Op], dice: random.Random | None = None) -> dict[str, bytes]:
        contents = dict(enumerate(map(bytearray, self.before.values())))
        names = {name: number for number, name in enumerate(self.before)}
        for op in ops:
            _do(op, contents, names, dice if op.kind == "torn" else None)
        return {name: bytes(contents.get(number, b"")) for name, number in names.items()}

    def _surviving(self, end: int, dice: random.Random) -> Iterable[Op]:
        """Yield the operations before a moment that reached the disk, in their order."""
        safe: set[int] = set()
        pending: dict[object, list[int]] = {}
        for place, op in enumerate(self.ops[:end]):
            if op.kind == "sync":
                safe.update(pending.pop(op.file, ()))
            elif op.kind == "synced":
                safe.update(pending.pop(op.name, ()))
            elif op.kind in ("make", "drop"):
                pending.setdefault(str(Path(op.name).parent), []).append(place)
            elif op.kind != "told":
                pending.setdefault(op.file, []).append(place)
        for place, op in enumerate(self.ops[:end]):
            if place in safe:
                yield op
            elif op.kind not in ("sync", "synced", "told") and dice.random() < 0.5:
                yield op._replace(kind="torn") if op.kind == "write" and dice.random() < 0.5 else op


def _do(op: Op, contents: dict[int, bytearray], names: dict[str, int], dice: random.Random | None) -> None:
    if op.kind == "make":
        names[op.name] = op.file
    elif op.kind == "drop":
        names.pop(op.name, None)
    elif op.kind == "cut":
        content = contents.setdefault(op.file, bytearray())
        content[op.offset :] = b"\0" * max(op.offset - len(content), 0)
    elif op.kind in ("write", "torn"):
        content = contents.setdefault(op.file, bytearray())
        for offset, data in _sectors(op, dice):
            content.extend(b"\0" * (offset + len(data) - len(content)))
            content[offset : offset + len(data)] = data


def _sectors(op: Op, dice: random.Random | None) -> Iterable[tuple[int, bytes]]:
    """Yield the pieces of a write that arrived: all of it, or with dice a random half of its sectors."""
    if dice is None:
        yield op.offset, op.data
        return
    place = op.offset
    while place < op.offset + len(op.data):
        stop = min((place // SECTOR + 1) * SECTOR, op.offset + len(op.data))
        if dice.random() < 0.5:
            yield place, op.data[place - op.offset : stop - op.offset]
        place = stop


def record(folder: Path, errands: Sequence[Errand], *alterations: str, told: Callable[[], None]) -> Recording:
    """Run commands and record what they do below a folder; `told` is called after each, which must succeed."""
    assert STRACE
    before = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if _lasts(file)}
    tracer = _Tracer(folder, before)
    log = folder.with_name(f"{folder.name}.power")
    kinds = ",".join((*WRITES, "openat", "close"))
    strace = [STRACE, "-f", "-xx", "-s", "10000000", "--seccomp-bpf", "-e", f"trace={kinds}", "-o", str(log)]
    for errand in errands:
        said = ended(start(folder, [*strace, *line(folder, errand.arguments, *alterations)]))
        assert said.status == 0, said
        tracer.fds.clear()
        began = len(tracer.ops)
        for text in log.read_text(encoding="utf-8", errors="replace").splitlines():
            tracer.take(text)
        spoken = [place for place in range(began, len(tracer.ops)) if tracer.ops[place].kind == "told"]
        assert spoken, "nobody was told"
        for place in reversed(spoken[:-1]):  # told when all of it is said
            del tracer.ops[place]
        told()
    found = Recording(before, tracer.ops)
    assert found.all_of_it() == {name: (folder / name).read_bytes() for name in tracer.files}, (
        "the trace is not all that happened"
    )
    return found


def _lasts(file: Path) -> bool:
    return file.is_file() and not file.name.endswith(_PASSING)


class _Tracer:
    """Turns lines of strace into operations."""

    def __init__(self, folder: Path, before: Iterable[str]) -> None:
        self.folder = folder
        self.ops: list[Op] = []
        self.fds: dict[int, tuple[str, int]] = {}  # open file: (name, where `write` goes on)
        self.files = {name: number for number, name in enumerate(before)}
        self.numbers: dict[int, int] = {}  # open file: number of what is in it, whatever its name has become
        self.next = len(self.files)

    def take(self, text: str) -> None:
        """Take one line; calls that failed, and what is not below the folder, do not count."""
        match = _LINE.match(text)
        if match is None or int(match[3]) < 0:
            return
        call, rest, result = match[1], match[2], int(match[3])
        strings = [bytes.fromhex(found[1].replace("\\x", "")) for found in _STRING.finditer(rest)]
        assert not any(found[2] for found in _STRING.finditer(rest)), "cut short"
        if call == "openat":
            self._opened(strings[0], result)
        elif call in ("unlink", "unlinkat", "rename", "link", "mkdir"):
            self._named(call, [self._name(one) for one in strings])
        else:
            self._written(call, rest, strings, result)

    def _opened(self, path: bytes, fd: int) -> None:
        name = self._name(path)
        if name is None:
            self.fds.pop(fd, None)
            return
        self.fds[fd] = name, 0
        if (self.folder / name).is_dir():
            self.numbers.pop(fd, None)
            return
        if name not in self.files:
            self.files[name] = self.next
            self.next += 1
            self.ops.append(Op("make", self.files[name], name))
        self.numbers[fd] = self.files[name]

    def _named(self, call: str, names: list[str | None]) -> None:
        first = names[0]
        if first is None or call == "mkdir" or first.endswith(_PASSING):
            return
        number = self.files[first]
        if call != "link":
            self.ops.append(Op("drop", number, first))
            del self.files[first]
        if call in ("rename", "link"):
            second = names[-1]
            assert second is not None
            self.files[second] = number
            self.ops.append(Op("make", number, second))

    def _written(self, call: str, rest: str, strings: list[bytes], result: int) -> None:
        fd = int(rest.split(",", 1)[0])
        if call == "close":
            self.fds.pop(fd, None)
            return
        if call == "write" and fd == 1:
            self.ops.append(Op("told"))
        if fd not in self.fds:
            return
        name, place = self.fds[fd]
        if call in ("fsync", "fdatasync"):
            self.ops.append(Op("sync", self.numbers[fd]) if fd in self.numbers else Op("synced", 0, name))
        elif call == "ftruncate":
            self.ops.append(Op("cut", self.numbers[fd], "", int(rest.rsplit(",", 1)[1])))
        else:
            offset = place if call == "write" else int(rest.rsplit(",", 1)[1])
            self.fds[fd] = name, place + (result if call == "write" else 0)
            self.ops.append(Op("write", self.numbers[fd], "", offset, strings[0][:result]))

    def _name(self, path: bytes) -> str | None:
        """Return a path as it is named below the folder, None for what lies elsewhere or passes away."""
        text = path.decode(errors="replace")
        place = Path(text) if text.startswith("/") else self.folder / text
        if not place.is_relative_to(self.folder) or text.endswith(_PASSING):
            return None
        return str(place.relative_to(self.folder))
