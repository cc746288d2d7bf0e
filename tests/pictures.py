"""Pictures for tests: the smallest made byte by byte, photographs by the image library."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.Image import Resampling, Transpose

JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300080606070605080707070909080a0c140d0c0b0b0c1912130f141d1a1f1e1d1a1c1c20"
    "242e2720222c231c1c2837292c30313434341f27393d38323c2e333432ffc0000b080001000101011100ffc4001f00000105010101010101000000"
    "00000000000102030405060708090a0bffc400b5100002010303020403050504040000017d01020300041105122131410613516107227114328191"
    "a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a"
    "737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8"
    "d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffda0008010100003f00fbd0ffd9"
)
"""One grey pixel."""


def png(width: int, height: int, colour: tuple[int, int, int] = (90, 120, 60), *, whole: bool = True) -> bytes:
    """Return a picture of one colour; not `whole`, its header promises the size and nothing comes."""
    rows = b"".join(b"\0" + bytes(colour) * width for _ in range(height)) if whole else b""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


CANARY = b"N31.2304 E121.4737 iPhone-of-Chen"
"""Where a photograph was taken, and with whose telephone."""

_LATITUDE = (31.0, 13.0, 49.0)
_TURNED = {
    2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM, 5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_270,
}  # fmt: skip
"""What a camera that was held so makes of what it saw."""


def photograph(width: int, height: int, *, way: int = 1, grain: int = 40, quality: int = 92) -> bytes:
    """Return a JPEG as a telephone writes it: `width` to `height` as it was seen, kept as the camera was held, and with all that it notes.

    Red at the top left, green at the top right, blue at the bottom left, white at the bottom right; grain makes it as large as real ones.
    """
    corners = Image.frombytes("RGB", (2, 2), bytes((200, 30, 30, 30, 160, 30, 30, 30, 200, 240, 240, 240)))
    seen = corners.resize((width, height), Resampling.BILINEAR)
    if grain:
        noise = Image.effect_noise((width, height), grain)
        seen = Image.blend(seen, Image.merge("RGB", (noise, noise, noise)), 0.3)
    held = seen.transpose(_TURNED[way]) if way > 1 else seen
    exif = Image.Exif()
    exif[Base.Orientation], exif[Base.Model], exif[Base.Artist] = way, CANARY.decode(), CANARY.decode()
    exif.get_ifd(IFD.GPSInfo).update(
        {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: _LATITUDE, GPS.GPSAreaInformation: CANARY}
    )
    out = io.BytesIO()
    held.save(out, "JPEG", quality=quality, exif=exif, comment=CANARY, xmp=b"<x:xmpmeta>" + CANARY + b"</x:xmpmeta>")
    return out.getvalue() + JPEG + CANARY  # what stands behind the end is another picture, or a film


def jpeg_segment(marker: int, told: bytes) -> bytes:
    """Write one segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(told) + 2) + told
