"""Pictures without what a camera writes into them: the same picture, the right way up, and nothing else."""

from __future__ import annotations

import struct
import zlib

import pytest

from interfaces.metadata import bare
from tests.pictures import JPEG, png

CANARY = b"N31.2304 E121.4737 iPhone-of-Chen"
SCAN = JPEG.index(b"\xff\xda")


def segment(marker: int, told: bytes) -> bytes:
    """Write one segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(told) + 2) + told


def exif(orientation: int, order: str = "<") -> bytes:
    """Write what a camera writes: which way up, and where it was."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entries = [(0x010F, 2, len(CANARY), 100), (0x0112, 3, 1, orientation)]
    listed = b"".join(
        struct.pack(f"{order}HHI", *entry[:3])
        + (struct.pack(f"{order}HH", entry[3], 0) if entry[1] == 3 else struct.pack(f"{order}I", entry[3]))
        for entry in entries
    )
    tiff = mark + struct.pack(f"{order}I", 8) + struct.pack(f"{order}H", len(entries)) + listed + bytes(4)
    return segment(0xE1, b"Exif\0\0" + tiff.ljust(100, b"\0") + CANARY)


def with_segments(*segments: bytes) -> bytes:
    """Return the grey pixel with more in front of it."""
    return JPEG[:2] + b"".join(segments) + JPEG[2:]


def orientation_of(data: bytes) -> int:
    """Read the one thing that is said, as it is written."""
    at = data.find(b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01")
    return struct.unpack(">H", data[at + 24 : at + 26])[0] if at >= 0 else 1


def test_a_jpeg_says_nothing_but_what_it_shows() -> None:
    """Place, device, comment, XMP, a second picture in or behind the file: gone; pixels, tables and colours: as they were."""
    profile = segment(0xE2, b"ICC_PROFILE\0\x01\x01" + b"colours")
    spoken = (
        exif(1), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + CANARY), segment(0xE2, b"MPF\0" + CANARY),
        segment(0xED, CANARY), segment(0xFE, CANARY),
    )  # fmt: skip
    data = with_segments(*spoken, profile) + JPEG + CANARY
    assert data.count(CANARY) == 6
    got = bare(data)
    assert got == JPEG[:2] + profile + JPEG[2:]
    assert bare(JPEG) == JPEG


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("way", range(1, 9))
def test_a_picture_stays_the_right_way_up(way: int, order: str) -> None:
    """How the camera was held is kept, written anew."""
    got = bare(with_segments(exif(way, order)))
    assert got is not None
    assert CANARY not in got
    assert orientation_of(got) == way
    assert got.endswith(JPEG[SCAN:])


def test_several_scans_and_restarts_are_followed() -> None:
    """A progressive picture has tables between its scans; what looks like a mark inside one is none."""
    more = JPEG[:-2] + b"\x12\xff\x00\xff\xd3\x34" + segment(0xC4, b"table") + segment(0xFE, CANARY)
    more += JPEG[SCAN:-2] + b"\xff\x00\x01\xff\xd9" + CANARY
    got = bare(more)
    assert got is not None
    assert CANARY not in got
    assert got == more.replace(segment(0xFE, CANARY), b"").removesuffix(CANARY)
    assert bare(JPEG[:-2]) == JPEG, "the end is missing, and is put there"


def test_a_png_says_nothing_but_what_it_shows() -> None:
    """Texts, EXIF and time are left out, and what stands behind the end; a picture without them stays as it was."""
    plain = png(3, 2)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    spoken = b"".join(chunk(kind, CANARY) for kind in (b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME", b"prVt"))
    assert bare(plain[:33] + spoken + plain[33:] + CANARY) == plain
    assert bare(plain) == plain


def test_what_cannot_be_followed_is_not_passed_on() -> None:
    """Cut off, junk, lengths that lead nowhere, another format."""
    whole = png(3, 2)
    for data in (
        b"", b"GIF89a", whole[:40], whole[:8], whole[:33] + b"\xff" * 20, JPEG[:60], JPEG[:3], b"\xff\xd8" + b"junk",
        b"\xff\xd8\xff\xe1\xff\xff" + CANARY, b"\xff\xd8\xff",
    ):  # fmt: skip
        got = bare(data)
        assert got is None or CANARY not in got, data
    for cut in range(len(JPEG)):
        bare(JPEG[:cut])
        bare(whole[:cut])
