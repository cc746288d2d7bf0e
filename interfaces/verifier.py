"""Verify an export of the record with nothing but this file and the standard library of Python (3.11 or later).

    python verifier.py EXPORT --key KEY [--key KEY …] [--seal FILE …] [--witness STATE]

It shares no line with the program that keeps the record: the format is that of `docs/audit-format.md`. Keys come from its
arguments and from nowhere else. `siban audit verify` calls the same functions over the database. Exit status: 0 all is
whole, 2 the arguments cannot be used, 4 faults were found, one line each.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import sys
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

FORMAT = "siban-export-1"
GENESIS = "0" * 64
TAG = b"siban-event-v1\0"
FIELDS = (
    "seq", "item", "verb", "result", "effective_at", "recorded_at", "decider", "enterer", "basis", "command_id",
    "definition", "calendar", "body", "prev", "hash",
)  # fmt: skip
"""The fields of an entry, in the order in which they are hashed; the last two are not among what is hashed in order."""

NUMBERS = frozenset(("seq", "item", "effective_at", "recorded_at"))
HEX = re.compile(r"[0-9a-f]{64}")
BATCH = 1024  # leaves of a tree that are hashed together

SENTENCES = {
    "entry_malformed": "字段缺失，或类型不对",
    "entry_gap": "记录号不连续",
    "chain_broken": "与上一条记录不衔接",
    "entry_changed": "内容与其校验值不符",
    "seal_missing": "记下了一次存证，却没有这份存证",
    "seal_malformed": "不是完整的存证文本",
    "seal_unknown_key": "没有用所给公钥的签名",
    "seal_bad_signature": "签名不成立",
    "seal_other_origin": "是另一个库的存证",
    "seal_beyond_log": "所覆盖的记录多于现有的：后面的记录已被删去",
    "seal_root_differs": "所覆盖的记录与现有的不同：其中有记录被改动",
    "seal_out_of_line": "与上一份存证不衔接",
    "seal_unannounced": "没有相应的办理记录",
    "seal_not_kept": "库中没有这份存证",
    "state_differs": "与最近一份存证时不同：事项、督办层级、通知或依据被改动",
    "export_cut": "导出文件不完整或被改动，请重新导出",
    "export_line": "有看不懂的内容",
    "no_seal": "没有可供核对的存证",
}
"""What each fault means."""

UNUSABLE = {
    "no_file": "没有文件 {}，或读不出来。",
    "private_key": "{} 是私钥；核验须用公钥（siban audit key new 时显示的一行）。",
    "bad_key": "{} 不是公钥：应为“名称+编号+内容”一行，或每行一个公钥的文件。",
    "no_key": "见证须给出公钥：--key。",
    "read_only": "写不进 {}。",
}
"""What is wrong with an argument."""

PLACES = {"entry": "第 {} 条办理记录", "seal": "存证 {}", "state": "台账现状", "export": "导出文件{}"}
"""Where a fault lies, by the first word of its place."""


class Fault(NamedTuple):
    """One thing that does not hold: where, a stable code, and what shows it."""

    place: str
    code: str
    detail: str = ""


class Key(NamedTuple):
    """A public key as `NAME+ID+BASE64` names it (C2SP signed-note)."""

    name: str
    id: bytes
    public: bytes


class Seal(NamedTuple):
    """A seal as read from its text. `body` is what is signed; `signatures` are (name, key id and signature)."""

    origin: str
    size: int
    root: bytes
    previous: str
    state: bytes
    time: str
    body: str
    signatures: tuple[tuple[str, bytes], ...]

    @property
    def hash(self) -> str:
        """The sum by which the next seal names this one."""
        return hashlib.sha256(self.body.encode()).hexdigest()


class Verdict(NamedTuple):
    """What a verification found. `sealed` is how many entries the furthest seal covers that holds and is signed as asked."""

    faults: list[Fault]
    size: int
    head: str
    seals: int
    sealed: int


class Unusable(ValueError):
    """An argument that cannot be used; as text it is a sentence for whoever gave it."""

    def __init__(self, code: str, given: str = "") -> None:
        """Make the sentence."""
        super().__init__(UNUSABLE[code].format(given))


def sentence(fault: Fault) -> str:
    """Return a fault as one line."""
    kind, _, rest = fault.place.partition(" ")
    place = PLACES.get(kind, kind + " {}").format(rest)
    return f"{place}：{SENTENCES.get(fault.code, fault.code)}{'（' + fault.detail + '）' if fault.detail else ''}"


# -- Ed25519 after RFC 8032, section 5.1 -----------------------------------------------------------------------------------

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)

Point = tuple[int, int, int, int]


def _add(a: Point, b: Point) -> Point:
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    g, h = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    return (f - e) * (h - g) % _P, (h + g) * (f + e) % _P, (h - g) * (h + g) % _P, (f - e) * (f + e) % _P


def _times(scalar: int, point: Point) -> Point:
    product: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            product = _add(product, point)
        point = _add(point, point)
        scalar >>= 1
    return product


def _point(data: bytes) -> Point | None:
    """Return the point that 32 bytes stand for, or None."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (not x and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _bytes(point: Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))


@lru_cache(maxsize=256)  # a seal that is kept both here and elsewhere is looked at once
def signature_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether an Ed25519 signature over a message is that of a public key."""
    if len(public) != 32 or len(signature) != 64:  # noqa: PLR2004 - as RFC 8032 has them
        return False
    key, s = _point(public), int.from_bytes(signature[32:], "little")
    if key is None or _BASE is None or s >= _L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _L
    minus = (_P - key[0], key[1], 1, _P - key[3])
    return _bytes(_add(_times(s, _BASE), _times(k, minus))) == signature[:32]


# -- keys and seals ----------------------------------------------------------------------------------------------------------


def key_id(name: str, public: bytes) -> bytes:
    """Return the four bytes by which a signature names its key."""
    return hashlib.sha256(name.encode() + b"\n\1" + public).digest()[:4]


def key_of(text: str) -> Key | None:
    """Read a public key, or return None when it is none, or not the one that its id says."""
    name, _, rest = text.strip().partition("+")
    id_, _, encoded = rest.partition("+")
    data = _unbase64(encoded)
    if not name or data is None or len(data) != 33 or data[0] != 1:  # noqa: PLR2004 - the kind and 32 bytes
        return None
    key = Key(name, key_id(name, data[1:]), data[1:])
    return key if key.id.hex() == id_ else None


def read_keys(given: Iterable[str]) -> list[Key]:
    """Read public keys, each given as itself or as a file with one a line; raises `Unusable`."""
    keys: list[Key] = []
    for one in given:
        text = one if key_of(one) else _text(one)
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        if any(line.startswith("PRIVATE+KEY+") for line in lines):
            raise Unusable("private_key", one)
        found = [key_of(line) for line in lines]
        if not found or None in found:
            raise Unusable("bad_key", one)
        keys += filter(None, found)
    return keys


def read_seals(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Read seals that were kept elsewhere: name of the file and text; raises `Unusable`."""
    return [(path, _text(path)) for path in paths]


def seal_of(note: object) -> Seal | None:
    """Read a signed seal, or return None when it is none."""
    if not isinstance(note, str) or re.search("[\ud800-\udfff]", note):  # half a character has no bytes to be signed
        return None
    body, gap, signed = note.partition("\n\n")
    lines = body.split("\n")
    if not gap or len(lines) != 6 or not signed.endswith("\n"):  # noqa: PLR2004 - as the format has them
        return None
    origin, size, root, previous, state, time = lines
    signatures = []
    for line in signed[:-1].split("\n"):
        found = re.fullmatch(r"— ([^ +]+) (\S+)", line)
        data = _unbase64(found[2]) if found else None
        if not found or data is None or len(data) <= 4:  # noqa: PLR2004 - the key's id comes first
            return None
        signatures.append((found[1], data))
    sums = _unbase64(root), _unbase64(state.removeprefix("state "))
    if (
        not origin
        or not re.fullmatch(r"0|[1-9][0-9]{0,17}", size)
        or not re.fullmatch(r"previous [0-9a-f]{64}", previous)
        or not state.startswith("state ")
        or not re.fullmatch(r"time \S+", time)
        or any(each is None or len(each) != 32 for each in sums)  # noqa: PLR2004 - SHA-256
    ):
        return None
    return Seal(
        origin, int(size), sums[0] or b"", previous[9:], sums[1] or b"", time[5:], f"{body}\n", tuple(signatures)
    )


def signature_fault(seal: Seal, keys: Sequence[Key]) -> str:
    """Return what is wrong with a seal's signatures, or nothing when one of these keys has signed it; without keys none is asked."""
    if not keys:
        return ""
    tried = False
    for name, data in seal.signatures:
        for key in keys:
            if (key.name, key.id) == (name, data[:4]):
                tried = True
                if signature_holds(key.public, seal.body.encode(), data[4:]):
                    return ""
    return "seal_bad_signature" if tried else "seal_unknown_key"


def _unbase64(text: str) -> bytes | None:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None  # one text for one value


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise Unusable("no_file", path) from error


# -- the record ----------------------------------------------------------------------------------------------------------------


def _grow(peaks: dict[int, bytes], leaves: Iterable[bytes]) -> None:
    """Add leaves to a Merkle tree of RFC 6962, which is kept as the roots of its full subtrees by their height."""
    sha256, source = hashlib.sha256, iter(leaves)
    while nodes := [sha256(b"\0" + leaf).digest() for leaf in islice(source, BATCH)]:
        height = 0
        while nodes:  # what has no other half at its height waits there as a peak
            if height in peaks:
                nodes.insert(0, peaks.pop(height))
            if len(nodes) & 1:
                peaks[height] = nodes.pop()
            nodes = [sha256(b"\1" + a + b).digest() for a, b in zip(nodes[::2], nodes[1::2], strict=True)]
            height += 1


def _root(peaks: Mapping[int, bytes]) -> bytes:
    root, *larger = [peaks[height] for height in sorted(peaks)] or [hashlib.sha256().digest()]
    for left in larger:
        root = hashlib.sha256(b"\1" + left + root).digest()
    return root


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """Return the RFC 6962 root over some leaves."""
    peaks: dict[int, bytes] = {}
    _grow(peaks, leaves)
    return _root(peaks)


class Walk:
    """Goes once through the entries that follow one of a hash: the chain, and the tree (RFC 6962) at the sizes of seals."""

    def __init__(self, entries: Iterable[Sequence[Any]], sizes: set[int], after: int = 0, head: str = GENESIS) -> None:
        """Walk; what is found are `faults`, `announced` seals, the `peaks` of the tree at those sizes, `size` and `head`."""
        self.faults, self.announced = list[Fault](), set[int]()
        self.peaks: dict[int, dict[int, bytes]] = {0: {}}
        sha256, fault = hashlib.sha256, self.faults.append
        furthest, leaves, peaks = max(sizes, default=0), list[bytes](), dict[int, bytes]()
        size, seq, last, begun = after, after, bytes.fromhex(head), sha256(TAG)
        for entry in entries:
            size, seq = size + 1, seq + 1
            try:
                data = _hashed(entry)
                total = begun.copy()
                total.update(last if entry[13] == head else bytes.fromhex(entry[13]))
                total.update(data)
                last = total.digest()
            except ValueError:
                fault(Fault(f"entry {seq}", "entry_malformed"))
                last = sha256(repr(entry).encode()).digest()
                head = last.hex()
            else:
                if entry[0] != seq:
                    fault(Fault(f"entry {entry[0]}", "entry_gap", f"应为第 {seq} 条"))
                elif entry[13] != head:
                    fault(Fault(f"entry {seq}", "chain_broken"))
                seq, head = entry[0], last.hex()
                if entry[14] != head:
                    fault(Fault(f"entry {seq}", "entry_changed"))
                    if HEX.fullmatch(entry[14]):  # the next entry is held to it
                        head, last = entry[14], bytes.fromhex(entry[14])
                if entry[2] == "seal" and entry[3] == "done":
                    self.announced.add(size)
            if size <= furthest:  # nobody asks for a root beyond
                leaves.append(last)
                if size in sizes or not size % BATCH:
                    _grow(peaks, leaves)
                    leaves.clear()
                if size in sizes:
                    self.peaks[size] = peaks.copy()
        self.size, self.head = size, head


def _hashed(entry: Sequence[Any]) -> bytes:
    """Return an entry's fields as they are hashed: length in UTF-8 bytes, colon, those bytes. `ValueError`: it is no entry."""
    seq, item, verb, result, at, entered, decider, enterer, basis, command, policy, calendar, text, prev, sum_ = entry
    n, i, a, e, z, body = str(seq), str(item), str(at), str(entered), _LENGTHS, b""
    try:  # written out, since this is most of what verifying costs; `join` takes nothing but text
        body = text.encode()
        short = "".join((
            z[len(n)], n, z[len(i)], i, z[len(verb)], verb, z[len(result)], result, z[len(a)], a, z[len(e)], e,
            z[len(decider)], decider, z[len(enterer)], enterer, z[len(basis)], basis, z[len(command)], command,
            z[len(policy)], policy, z[len(calendar)], calendar, f"{len(body)}:",
        ))  # fmt: skip
    except (TypeError, AttributeError, IndexError):
        short = "—"
    numbers = type(seq) is type(item) is type(at) is type(entered) is int
    if numbers and type(prev) is type(sum_) is str and short.isascii():  # then characters are bytes
        return short.encode() + body
    if [*map(type, entry)] != _KINDS:
        raise ValueError(entry)
    return b"".join([b"%d:%b" % (len(data), data) for data in map(str.encode, map(str, entry[:13]))])


_LENGTHS = [f"{n}:" for n in range(256)]
_KINDS = [int if name in NUMBERS else str for name in FIELDS]


def _row_leaf(table: object, values: Sequence[object]) -> bytes:
    if any(type(value) not in (int, str, type(None)) for value in values):
        raise TypeError(table)
    return json.dumps([table, *values], ensure_ascii=False, separators=(",", ":")).encode()


def state_root(rows: Iterable[tuple[object, Sequence[object]]]) -> bytes | None:
    """Return the root over the rows of the ledger, or None when one of them holds what no row holds."""
    try:
        return tree_root(_row_leaf(table, values) for table, values in rows)
    except (TypeError, ValueError):
        return None


def verify(
    origin: str,
    entries: Iterable[Sequence[Any]],
    kept: Sequence[tuple[object, object]],
    rows: Iterable[tuple[object, Sequence[object]]],
    keys: Sequence[Key],
    outside: Sequence[tuple[str, str]],
    walk_through: Callable[[Iterable[Sequence[Any]], set[int]], Walk] = Walk,
) -> Verdict:
    """Verify every entry, every seal kept with them (number, text) or elsewhere (name, text), and the state where it is sealed.

    The state is that of the last seal: it is compared where no entry follows. Without keys no signature is looked at.
    """
    read = [(str(name), seal_of(note)) for name, note in (*kept, *outside)]
    walk = walk_through(entries, {seal.size for _, seal in read if seal})
    faults, sealed, state = walk.faults, 0, b""
    for place, seal in read:
        found = _seal_fault(seal, origin, walk, keys)
        if found:
            faults.append(Fault(f"seal {place}", *found))
        elif seal and seal.size >= sealed:
            sealed, state = seal.size, seal.state
    own = [(number, seal) for (number, _), (_, seal) in zip(kept, read, strict=False)]
    faults += _line_faults(own, walk)
    known = {seal.hash for _, seal in own if seal}
    faults += [
        Fault(f"seal {name}", "seal_not_kept") for name, seal in read[len(kept) :] if seal and seal.hash not in known
    ]
    if sealed and sealed == walk.size and state_root(rows) != state:
        faults.append(Fault("state", "state_differs"))
    return Verdict(faults, walk.size, walk.head, len(kept), sealed)


def _seal_fault(seal: Seal | None, origin: str, walk: Walk, keys: Sequence[Key]) -> tuple[str, str] | None:
    """Say what is wrong with one seal: who signed it comes first, since all else is only what they say."""
    if seal is None:
        return "seal_malformed", ""
    unsigned = signature_fault(seal, keys)
    if unsigned:
        return unsigned, "、".join(name for name, _ in seal.signatures)
    if seal.origin != origin:
        return "seal_other_origin", seal.origin
    if seal.size > walk.size:
        return "seal_beyond_log", f"覆盖 {seal.size} 条，现有 {walk.size} 条"
    if _root(walk.peaks[seal.size]) != seal.root:
        return "seal_root_differs", f"前 {seal.size} 条"
    return None


def _line_faults(seals: Sequence[tuple[object, Seal | None]], walk: Walk) -> Iterator[Fault]:
    """Each seal names the one before, and each is announced by the last entry that it covers."""
    previous = GENESIS
    for place, (number, seal) in enumerate(seals, 1):
        if seal is None:
            continue
        if seal.previous != previous or number != place:
            yield Fault(f"seal {number}", "seal_out_of_line")
        if seal.size <= walk.size and seal.size not in walk.announced:
            yield Fault(f"seal {number}", "seal_unannounced")
        previous = seal.hash
    sizes = {seal.size for _, seal in seals if seal}
    yield from (Fault(f"entry {size}", "seal_missing") for size in sorted(walk.announced - sizes))


class Export:
    """A file of JSON lines: a header, the entries, the rows of the ledger, the seals, and a last line with a sum over all before."""

    def __init__(self, path: str) -> None:
        """Look through the file once; raises `Unusable` when it cannot be read."""
        self.path = path
        self.header: Mapping[str, object] = {}
        self.seals: list[tuple[object, object]] = []
        self.faults: list[Fault] = []
        total, last, count = hashlib.sha256(), b"", 0
        try:
            with Path(path).open("rb") as file:
                for line in file:
                    total.update(last)
                    last, count = line, count + 1
                    self._look(line, count)
        except OSError as error:
            raise Unusable("no_file", path) from error
        end = _object(last) or {}
        whole = end.get("kind") == "end" and (end.get("lines"), end.get("sha256")) == (count - 1, total.hexdigest())
        if not whole or not last.endswith(b"\n") or self.header.get("format") != FORMAT:
            self.faults = [Fault("export", "export_cut")]

    def _look(self, line: bytes, count: int) -> None:
        if count == 1:
            self.header = _object(line) or {}
        elif line.startswith(b'{"kind":"seal"'):
            found = _object(line) or {}
            self.seals.append((found.get("number"), found.get("note")))
        elif not line.startswith((b'{"kind":"entry"', b'{"kind":"row"', b'{"kind":"end"')):
            self.faults.append(Fault(f"export 第 {count} 行", "export_line"))

    def entries(self) -> Iterator[tuple[object, ...]]:
        """Yield the entries; of one that cannot be read, nothing."""
        for found in self._lines("entry"):
            yield tuple([found[name] for name in FIELDS if name in found])

    def rows(self) -> Iterator[tuple[object, Sequence[object]]]:
        """Yield the rows of the ledger."""
        for found in self._lines("row"):
            values = found.get("values")
            yield found.get("table"), values if isinstance(values, list) else [values, 0.0]  # no row holds a float

    def _lines(self, kind: str) -> Iterator[Mapping[str, object]]:
        start = b'{"kind":"%b"' % kind.encode()
        with Path(self.path).open("rb") as file:
            yield from (_object(line) or {} for line in file if line.startswith(start))

    def verify(self, keys: Sequence[Key], outside: Sequence[tuple[str, str]]) -> Verdict:
        """Verify all of it; an export that is not whole is not looked into."""
        if self.faults and self.faults[0].code == "export_cut":
            return Verdict(self.faults, 0, "", 0, 0)
        found = verify(str(self.header.get("origin")), self.entries(), self.seals, self.rows(), keys, outside)
        return found._replace(faults=self.faults + found.faults)


def _object(line: bytes) -> dict[str, object] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def witness(export: Export, keys: Sequence[Key], outside: Sequence[tuple[str, str]], state: str) -> Verdict:
    """Verify an export, and that the seal which was kept here last is a beginning of it; only then keep its newest seal instead."""
    if not keys:
        raise Unusable("no_key")
    seen = read_seals([state]) if Path(state).exists() else []
    found = export.verify(keys, [*outside, *seen])
    if found.faults:
        return found
    if not export.seals:
        return found._replace(faults=[Fault("export", "no_seal")])
    draft = Path(f"{state}.new")
    try:
        draft.write_text(str(export.seals[-1][1]), encoding="utf-8")
        os.replace(draft, state)  # noqa: PTH105 - as a whole or not at all
    except OSError as error:
        raise Unusable("read_only", state) from error
    return found


def summary(verdict: Verdict, *, signed: bool) -> str:
    """Return what holds, in a sentence or three: never more than was looked at."""
    text = f"办理记录完整：{verdict.size} 条，末条校验值 {verdict.head}。"
    if not verdict.sealed:
        return f"{text}没有存证：有权改写数据库的人若将整库重算，无从发现。"
    left = verdict.size - verdict.sealed
    text += f"存证 {verdict.seals} 份，覆盖到第 {verdict.sealed} 条{f'，其后 {left} 条尚无存证' if left else ''}。"
    return text if signed else f"{text}没有给出公钥（--key），未核对签名。"


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify an export from the command line."""
    parser = argparse.ArgumentParser(description="核验四办办理记录的导出文件。只用 Python 标准库；公钥只取自参数。")
    parser.add_argument("export", metavar="EXPORT", help="siban audit export 导出的文件")
    parser.add_argument("--key", action="append", default=[], help="公钥，或公钥文件；可多次")
    parser.add_argument("--seal", action="append", default=[], metavar="FILE", help="另行保存的存证；可多次")
    parser.add_argument("--witness", metavar="STATE", help="见证：与上次留下的存证核对，相符再换成最新的一份")
    options = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        keys, outside, export = read_keys(options.key), read_seals(options.seal), Export(options.export)
        found = witness(export, keys, outside, options.witness) if options.witness else export.verify(keys, outside)
    except Unusable as error:
        print(_plain(str(error)), file=sys.stderr)  # noqa: T201 - a program of its own
        return 2
    for fault in found.faults:
        print(_plain(sentence(fault)), file=sys.stderr)  # noqa: T201 - as above
    if not found.faults:
        print(summary(found, signed=bool(keys)))  # noqa: T201 - as above
    return 4 if found.faults else 0


def _plain(text: str) -> str:
    """Return a line for a terminal: names of files and of keys are somebody's text."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


if __name__ == "__main__":
    sys.exit(main())
