"""A picture as it was handed in: how large it is, and a small one of it that says nothing beside what it shows.

A camera writes place, time, device, an earlier or a second picture into each file. The evidence keeps them, since it is what was
handed in; a page that is passed on must not: its pictures are drawn anew from the pixels.

Files come from anybody. Only the formats named here are looked into, the size is known before anything is unpacked, a photograph is
unpacked at a fraction of its size, and a decoder has only so much time.
"""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from time import process_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

FORMATS = ("PNG", "JPEG")
"""What Word and every browser show."""

MOST_PIXELS, MOST_SIDE = 60_000_000, 20_000
"""What a picture may have at most: whoever opened a larger one would run out of memory."""

SIDE, QUALITY = 960, 78
"""The longer side of a small picture, and how it is coded: on a page it is some 400 points wide."""

MOST_SECONDS = 10
"""Of processor time, for one picture: a file of 2 MB with 20,000 scans keeps a decoder busy for twelve minutes."""

_BLOCK = 4096  # bytes that a decoder gets at once; in between it is looked at how long it has been at work
_AT_ONCE = 1_000_000  # pixels that are brought to plain colours at once
_DEPTH = 256  # a grey of sixteen bits by one of eight


class _Watched(io.BytesIO):
    """A file that is read for so long."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.end = process_time() + MOST_SECONDS

    def read(self, size: int | None = -1, /) -> bytes:
        if process_time() > self.end:
            raise TimeoutError
        return super().read(size)


def size_of(data: bytes) -> tuple[int, int] | str:
    """Return the width and height that a PNG or JPEG will have once it is opened, or why it is not: not_a_picture, too_large."""
    from PIL.Image import DecompressionBombError

    try:
        with warnings.catch_warnings(action="ignore"), _opened(data) as image:
            size = image.size
    except DecompressionBombError:
        return "too_large"
    except Exception:  # noqa: BLE001 - whatever a reader of formats trips over
        return "not_a_picture"
    return size if max(size) <= MOST_SIDE else "too_large"


def way_of(data: bytes) -> int:
    """Return which way up a picture is kept, as EXIF counts: 1 as it was seen, 6 and 8 on its side; 1 where it does not say."""
    from PIL.ExifTags import Base
    from PIL.Image import Image

    way = 1
    with suppress(Exception), warnings.catch_warnings(action="ignore"), _opened(data) as image:
        way = Image.getexif(image).get(Base.Orientation, 1)  # that of a PNG would unpack it first
    return way if way in range(1, 9) else 1


def small(data: bytes) -> bytes | None:
    """Return a small JPEG of a picture that `size_of` measured: upright, on white, and nothing in it but the pixels; None if damaged."""
    from PIL import ImageOps

    out = io.BytesIO()
    try:
        with warnings.catch_warnings(action="ignore"), _opened(data) as image:
            image.decodermaxblock = _BLOCK
            share = 2 * SIDE / max(image.size)
            image.draft(None, (max(1, int(image.width * share)), max(1, int(image.height * share))))
            drawn = _drawn(image)
            drawn.thumbnail((SIDE, SIDE))
            drawn.info = image.info
            with suppress(Exception):  # what cannot be read does not say which way up
                ImageOps.exif_transpose(drawn, in_place=True)
            drawn.info = {}  # whatever is left there may be written into the file
            drawn.save(out, "JPEG", quality=QUALITY, optimize=True)
    except Exception:  # noqa: BLE001 - cut off, damaged, out of time, out of memory: each decoder has its own words
        return None
    return out.getvalue()


def _opened(data: bytes) -> ImageFile:
    """Read the header, and nothing of the pixels."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # up to twice as many it warns, from there on it refuses
    return Image.open(_Watched(data), formats=FORMATS)


def _drawn(image: Image) -> Image:
    """Unpack a picture and draw it at least twice as large as it will be, in bands: there is never a second one as large as the first."""
    from PIL import Image

    step = max(1, max(image.size) // (2 * SIDE))
    drawn = Image.new("RGB", (-(-image.width // step), -(-image.height // step)))
    rows = step * max(1, _AT_ONCE // (image.width * step))
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height)))
        drawn.paste(_plain(band).reduce(step), (0, top // step))
    return drawn


def _plain(band: Image) -> Image:
    """Return a picture in red, green and blue, with white where it could be seen through."""
    from PIL import Image

    if band.mode.startswith("I"):
        band.info = {}
        return band.point(lambda grey: grey / _DEPTH).convert("L").convert("RGB")
    if not band.has_transparency_data:
        return band.convert("RGB")
    band = band.convert("RGBA")
    white = Image.new("RGB", band.size, "white")
    white.paste(band, mask=band)
    return white
