"""Small pictures: as they were seen, of a size for a page, with nothing of what the camera noted; what is hostile is refused in time."""

from __future__ import annotations

import io
import subprocess
import sys
import zlib
from struct import pack
from time import process_time

import pytest
from PIL import Image, ImageCms

from interfaces import picture
from interfaces.picture import MOST_SECONDS, size_of, small, way_of
from tests.pictures import CANARY, JPEG, jpeg_segment, photograph, png

CORNERS = ((200, 30, 30), (30, 160, 30), (30, 30, 200), (240, 240, 240))
"""Red, green, blue, white: top left, top right, bottom left, bottom right."""


def opened(data: bytes | None) -> Image.Image:
    """Open what was made."""
    assert data is not None
    made = Image.open(io.BytesIO(data), formats=["JPEG"])
    made.load()
    return made


def saved(image: Image.Image, kind: str = "PNG", **more: object) -> bytes:
    """Write a picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def near(one: object, other: tuple[int, ...], most: int = 24) -> bool:
    """Whether two colours look alike."""
    return isinstance(one, tuple) and all(abs(a - b) <= most for a, b in zip(one, other, strict=True))


def test_a_photograph_of_a_telephone_becomes_small() -> None:
    """Some 4 MB of twelve million pixels: read at a fraction of its size, a hundred kilobytes or so come out."""
    data = photograph(4000, 3000)
    assert 2_000_000 < len(data) < 6_000_000
    assert size_of(data) == (4000, 3000)
    made = small(data)
    assert opened(made).size == (960, 720)
    assert len(made or b"") < 200_000
    assert opened(small(photograph(300, 200))).size == (300, 200), "never made larger"
    assert opened(small(png(20_000, 3))).size == (960, 1)


@pytest.mark.parametrize("way", range(1, 9))
def test_a_picture_is_the_right_way_up(way: int) -> None:
    """However the camera was held, it is shown as it was seen."""
    data = photograph(1600, 1200, way=way, grain=0)
    assert (way_of(data), way_of(data[:2] + data[4:]), way_of(photograph(8, 8))) == (way, 1, 1)
    made = opened(small(data))
    assert made.size == (960, 720)
    right, bottom = made.width - 9, made.height - 9
    for place, colour in zip(((8, 8), (right, 8), (8, bottom), (right, bottom)), CORNERS, strict=True):
        assert near(made.getpixel(place), colour), (way, place)


def test_what_the_camera_noted_is_gone() -> None:
    """Place, device, comment, XMP, IPTC, colours' texts, a second picture in or behind the file; so are the texts of a PNG."""
    spoken = b"".join(jpeg_segment(marker, told + CANARY) for marker, told in (
        (0xE2, b"MPF\0"), (0xED, b"Photoshop 3.0\0"), (0xE2, b"ICC_PROFILE\0\x01\x01"), (0xFE, b""), (0xEF, b""),
    ))  # fmt: skip
    taken = photograph(640, 480, way=6)
    data = taken[:2] + spoken + taken[2:]
    assert data.count(CANARY) >= 10, "the control"
    made = small(data)
    assert made is not None
    assert CANARY not in made
    assert opened(made).size == (640, 480)
    assert set(opened(made).info) == {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert [name for name, _ in opened(made).applist] == ["APP0"]  # type: ignore[attr-defined] # what is beside the pixels
    plain = png(3, 2)

    def chunk(kind: bytes) -> bytes:
        return pack(">I", len(CANARY)) + kind + CANARY + pack(">I", zlib.crc32(kind + CANARY))

    said = b"".join(map(chunk, (b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME", b"prVt")))
    made = small(plain[:33] + said + plain[33:] + CANARY)
    assert made is not None
    assert CANARY not in made
    assert set(opened(made).info) == {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_every_way_of_storing_colours_is_shown() -> None:
    """One bit, greys of 8 and 16, a palette, CMYK; what could be seen through stands on white."""
    red, through = (200, 20, 20), (200, 20, 20, 0)
    half = Image.new("I;16", (40, 40), 32768)
    wanted = {
        saved(Image.new("1", (40, 40), 1)): (255, 255, 255),
        saved(Image.new("L", (40, 40), 90)): (90, 90, 90),
        saved(half): (128, 128, 128),
        saved(Image.new("RGB", (40, 40), red).quantize(4)): red,
        saved(Image.new("RGB", (40, 40), red).convert("CMYK"), "JPEG", quality=95): red,
        saved(Image.new("RGBA", (40, 40), through)): (255, 255, 255),
        saved(Image.new("LA", (40, 40), (0, 0))): (255, 255, 255),
        saved(Image.new("RGB", (40, 40), red), transparency=red): (255, 255, 255),
        saved(Image.new("RGBA", (6000, 40), through)): (255, 255, 255),
    }
    for data, colour in wanted.items():
        made = opened(small(data))
        assert made.mode == "RGB"
        assert near(made.getpixel((made.width // 2, made.height // 2)), colour, 6), colour
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert "icc_profile" not in opened(small(saved(Image.new("RGB", (40, 40), red), icc_profile=profile))).info


def test_a_large_png_is_drawn_in_bands_without_seams() -> None:
    """It is unpacked whole, but nothing else of it is; the picture is the same as one drawn at once."""
    image = Image.linear_gradient("L").resize((5000, 3001)).convert("P")
    made, wanted = opened(small(saved(image))), image.convert("RGB").resize((960, 576))
    assert made.size == wanted.size
    for place in ((480, y) for y in range(4, 572, 9)):
        colour = wanted.getpixel(place)
        assert isinstance(colour, tuple)
        assert near(made.getpixel(place), colour, 6), place


# -- hostile files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO", "JPEG2000", "PDF"])
def test_other_formats_are_no_pictures(kind: str) -> None:
    """Whatever the library could read besides, and whatever the file is called: those decoders are never reached."""
    data = saved(Image.new("RGB", (40, 40)), kind)
    assert size_of(data) == "not_a_picture"
    assert small(data) is None


def test_a_size_is_known_before_anything_is_unpacked() -> None:
    """A file of a few bytes that promises a hundred thousand million pixels, one side too long, nothing at all, no header."""
    frame = b"\x08\x00\x01\x00\x01"
    assert size_of(png(30_000, 30_000, whole=False)) == "too_large"
    assert size_of(png(20_001, 1)) == "too_large"
    assert size_of(png(7_746, 7_746, whole=False)) == "too_large", "sixty million and a few"
    assert size_of(png(7_745, 7_745, whole=False)) == (7_745, 7_745)
    assert size_of(JPEG.replace(frame, b"\x08\xff\xff\xff\xff")) == "too_large"
    assert size_of(JPEG.replace(frame, b"\x08\x17\x70\x4e\x20")) == "too_large"
    assert [size_of(data) for data in (b"", b"GIF89a", JPEG[:60], b"\xff\xd8\xff", png(4, 4)[:20])] == [
        "not_a_picture"
    ] * 5


def test_what_is_cut_off_or_damaged_is_not_shown_and_nothing_is_raised() -> None:
    """Wherever it ends, and whatever a byte is changed to; EXIF that cannot be read keeps no picture out."""
    taken = photograph(64, 48, way=3)
    whole = taken[: taken.index(JPEG)]
    for data in (whole, png(30, 20)):
        for cut in range(0, len(data) - 20, 7):
            assert small(data[:cut]) is None, cut
        for at in range(0, len(data), 5):
            small(data[:at] + bytes((data[at] ^ 0x55,)) + data[at + 1 :])
    assert small(png(30_000, 30_000, whole=False)) is None
    assert opened(small(JPEG[:2] + jpeg_segment(0xE1, b"Exif\0\0" + b"\xff" * 40) + JPEG[2:])).size == (1, 1)


def test_a_decoder_has_only_so_much_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scans upon scans of the same picture: twelve minutes for 2 MB."""
    data = saved(Image.new("L", (3000, 3000), 128), "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    monkeypatch.setattr(picture, "MOST_SECONDS", 0.5)
    assert small(data[:-2] + scan * 5 + data[-2:]) is not None
    began = process_time()
    assert small(data[:-2] + scan * 20_000 + data[-2:]) is None
    assert process_time() - began < MOST_SECONDS / 2


PROBE = """
import sys
from pathlib import Path
from interfaces.picture import small
def most():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
small(Path(sys.argv[2]).read_bytes())
before = most()
assert small(Path(sys.argv[1]).read_bytes())
print(most() - before)
"""
"""What one picture takes (KB) after another has been drawn; `ru_maxrss` would begin with what the parent has."""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_a_photograph_is_never_unpacked_at_its_full_size(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of 54 million pixels, which are 216 MB; the control is a PNG of as many, which there is no other way to read."""
    folder = tmp_path_factory.mktemp("large")
    image = Image.new("RGB", (9000, 6000), (90, 120, 60))
    image.save(folder / "a.jpg")
    image.save(folder / "a.png", compress_level=1)
    (folder / "first.jpg").write_bytes(JPEG)
    spent = {}
    for name in ("a.jpg", "a.png"):
        done = subprocess.run(
            [sys.executable, "-c", PROBE, folder / name, folder / "first.jpg"],
            check=True,
            capture_output=True,
            text=True,
        )
        spent[name] = int(done.stdout) // 1024
    assert spent["a.jpg"] < 80
    assert 180 < spent["a.png"] < 300
