"""A picture without what it says beside what it shows: place, time, device, owner, an earlier or a second picture.

A camera writes these into each file. The evidence keeps them, since it is what was handed in; a page that is passed on must not.
"""

from __future__ import annotations

import re
import struct

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_PNG_KEPT = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs")
)
_END = b"IEND"

_MARK, _EOI, _SOS = 0xFF, 0xD9, 0xDA
_APP0, _APP1, _APP2, _ADOBE, _APP15, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
_BARE = frozenset((0x01, *range(0xD0, 0xD8)))  # markers without a length
_PROFILE, _EXIF = b"ICC_PROFILE\0", b"Exif\0\0"
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_ORIENTATION = 0x0112


def bare(data: bytes) -> bytes | None:
    """Return a PNG or JPEG that shows the same, the right way up, and says nothing else; None where it cannot be followed."""
    try:
        return _png(data) if data.startswith(_PNG) else _jpeg(data) if data.startswith(_JPEG) else None
    except (struct.error, IndexError):
        return None


def _png(data: bytes) -> bytes | None:
    parts, at = [_PNG], len(_PNG)
    while True:
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        end = at + length + 12
        if end > len(data):
            return None
        if kind in _PNG_KEPT or kind == _END:
            parts.append(data[at:end])
        if kind == _END:
            return b"".join(parts)  # whatever was put behind it is left out
        at = end


def _jpeg(data: bytes) -> bytes | None:
    parts, at, orientation = [_JPEG], len(_JPEG), 1
    while at < len(data):
        if data[at] != _MARK:
            return None
        marker = data[at + 1]
        if marker == _MARK:  # filling
            at += 1
            continue
        if marker == _EOI:
            break
        end = at + 2 if marker in _BARE else at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        if end > len(data):
            return None
        told = data[at + 4 : end]
        if marker == _APP1 and told.startswith(_EXIF):
            orientation = _turned(told[len(_EXIF) :])
        if _shows(marker, told):
            parts.append(data[at:end])
        at = end
        if marker == _SOS:
            following = _AFTER_SCAN.search(data, at)
            end = following.start() if following else len(data)
            parts.append(data[at:end])
            at = end
    if orientation != 1:
        parts.insert(2 if parts[1][1] == _APP0 else 1, _turning(orientation))
    return b"".join([*parts, bytes((_MARK, _EOI))])  # what stands behind the end is another picture, or a film


def _shows(marker: int, told: bytes) -> bool:
    """Whether a segment has to do with what is seen: the pixels, how they are coded, and their colours."""
    if marker in (_APP0, _ADOBE):
        return True
    if marker == _APP2:
        return told.startswith(_PROFILE)
    return not (_APP1 <= marker <= _APP15 or marker == _COMMENT)


def _turned(tiff: bytes) -> int:
    """Read which way the camera was held: 1 to 8, as EXIF counts; 1 where it says nothing."""
    try:
        order = {b"II": "<", b"MM": ">"}[tiff[:2]]
        (begin,) = struct.unpack(f"{order}I", tiff[4:8])
        (count,) = struct.unpack(f"{order}H", tiff[begin : begin + 2])
        for n in range(count):
            at = begin + 2 + 12 * n
            tag, _kind, _number, value = struct.unpack(f"{order}HHIH", tiff[at : at + 10])
            if tag == _ORIENTATION:
                return value if 1 <= value <= 8 else 1  # noqa: PLR2004 - the eight ways there are
    except (KeyError, struct.error):
        pass
    return 1


def _turning(orientation: int) -> bytes:
    """Write the segment that says this one thing."""
    directory = struct.pack(">HHHIHHI", 1, _ORIENTATION, 3, 1, orientation, 0, 0)
    told = _EXIF + b"MM\0*" + struct.pack(">I", 8) + directory
    return struct.pack(">BBH", _MARK, _APP1, len(told) + 2) + told
