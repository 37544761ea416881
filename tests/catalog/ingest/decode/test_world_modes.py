"""Depth, transparency and frames: what people see in a viewer is what is read."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from catalog.ingest.image_file import read_image
from tests.catalog.ingest.decode.png_files import chunk, png_of
from tests.catalog.ingest.decode.tiff_files import tiff_of
from tests.catalog.support.fakes import encoded

RAMP = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (20, 1))
WHITE = [255, 255, 255]


def column(image: NDArray[np.uint8]) -> list[int]:
    """The grey levels of the first row."""
    assert (image.max(axis=2) == image.min(axis=2)).all()
    levels: list[int] = image[0, :, 0].tolist()
    return levels


@pytest.mark.parametrize(
    ("order", "bits", "most"),
    [("<", 8, 255), ("<", 16, 65535), (">", 16, 65535), ("<", 32, 2**32 - 1)],
)
def test_grey_of_any_depth_is_as_bright_as_in_eight_bits(order: str, bits: int, most: int) -> None:
    samples = np.rint(RAMP / 255 * most).astype(f"{order}u{bits // 8}")
    levels = column(read_image(tiff_of(samples, order=order, bits=bits), "a"))
    assert np.abs(np.subtract(levels, RAMP[0])).max() <= 1


@pytest.mark.parametrize("bits", [8, 16])
def test_where_zero_is_white_black_and_white_are_not_exchanged(bits: int) -> None:
    samples = np.rint((255 - RAMP) / 255 * (2**bits - 1)).astype(f"<u{bits // 8}")
    levels = column(read_image(tiff_of(samples, bits=bits, photometric=0), "a"))
    assert np.abs(np.subtract(levels, RAMP[0])).max() <= 1


def test_twelve_bits_reach_white() -> None:
    pair = bytes((0xFF, 0xFF, 0xFF))  # two samples
    data = tiff_of(np.frombuffer(pair * 200, np.uint8), bits=12, size=(20, 20))
    assert read_image(data, "a").min() == 255


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bits_of_colour_in_a_tiff_become_eight(order: str) -> None:
    samples = np.zeros((20, 20, 3), f"{order}u2")
    samples[:] = (65535, 32768, 0)
    data = tiff_of(samples, order=order, bits=16, photometric=2)
    assert read_image(data, "a")[5, 5].tolist() == [255, 128, 0]


def test_sixteen_bits_with_transparency_lie_on_white() -> None:
    samples = np.zeros((20, 20, 4), ">u2")
    samples[:10] = (65535, 0, 0, 65535)
    image = read_image(png_of(samples, 16, 6), "a")
    assert image[3, 3].tolist() == [255, 0, 0]
    assert image[15, 3].tolist() == WHITE
    grey = np.zeros((20, 20, 2), ">u2")
    grey[:10, :, 1] = 65535
    image = read_image(png_of(grey, 16, 4), "a")
    assert (image[3, 3].tolist(), image[15, 3].tolist()) == ([0, 0, 0], WHITE)


@pytest.mark.parametrize(
    ("kind", "depth", "key", "other", "means"),
    [
        (0, 16, (1000,), (1001,), [4, 4, 4]),
        (0, 8, (10,), (11,), [11, 11, 11]),
        (2, 8, (10, 20, 30), (10, 20, 31), [10, 20, 31]),
        (2, 16, (2560, 5120, 7680), (2560, 5120, 65535), [10, 20, 255]),
    ],
)
def test_a_transparent_colour_is_white_and_no_other(
    kind: int, depth: int, key: tuple[int, ...], other: tuple[int, ...], means: list[int]
) -> None:
    samples = np.zeros((20, 20, len(key)), f">u{depth // 8}")
    samples[:10], samples[10:] = key, other
    named = chunk(b"tRNS", struct.pack(f">{len(key)}H", *key))
    image = read_image(png_of(samples, depth, kind, named), "a")
    assert image[3, 3].tolist() == WHITE
    assert image[15, 3].tolist() == means


@pytest.mark.parametrize(("depth", "packed"), [(1, 0b01010101), (2, 0b01100110), (4, 0x12)])
def test_a_transparent_grey_of_few_bits_is_white(depth: int, packed: int) -> None:
    rows = np.full((20, 20 * depth // 8 + (20 * depth % 8 > 0)), packed, np.uint8)
    key = chunk(b"tRNS", struct.pack(">H", packed >> (8 - depth)))
    image = read_image(png_of(rows, depth, 0, key, width=20), "a")
    second = (packed >> (8 - 2 * depth)) & (2**depth - 1)
    assert image[5, 0].tolist() == WHITE
    assert image[5, 1].tolist() == [round(second * 255 / (2**depth - 1))] * 3


def test_transparency_of_palettes_lies_on_white() -> None:
    flat = Image.new("P", (20, 20), 1)
    flat.putpalette([9, 9, 9, 200, 0, 0, 0, 0, 200])
    flat.paste(0, (0, 0, 10, 20))
    for clear, seen in ((0, WHITE), (b"\x00\xff", WHITE), (b"\x80\xff\xff", [132, 132, 132])):
        image = read_image(encoded(flat, transparency=clear), "a")
        assert image[3, 3].tolist() == seen
        assert image[3, 15].tolist() == [200, 0, 0]
    gif = read_image(encoded(flat, "GIF", transparency=0), "a")
    assert (gif[3, 3].tolist(), gif[3, 15].tolist()) == (WHITE, [200, 0, 0])


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_colours_under_transparency_do_not_show(kind: str) -> None:
    hidden = np.zeros((32, 32, 4), np.uint8)
    hidden[..., 0] = 255
    hidden[8:24, 8:24] = (0, 0, 200, 255)
    lossless = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    image = read_image(encoded(Image.fromarray(hidden), kind, **lossless), "a")
    assert np.abs(image[2, 2].astype(int) - 255).max() <= 3
    assert np.abs(image[16, 16].astype(int) - [0, 0, 200]).max() <= 8


def test_a_first_frame_that_covers_a_part_of_the_screen_lies_on_white() -> None:
    small = Image.new("P", (16, 16), 0)
    small.putpalette([200, 0, 0])
    data = bytearray(encoded(small, "GIF"))
    data[6:10] = struct.pack("<HH", 32, 32)
    at = data.index(b"\x2c" + bytes(4) + struct.pack("<HH", 16, 16))
    data[at + 1 : at + 5] = struct.pack("<HH", 8, 8)
    image = read_image(bytes(data), "a")
    assert image.shape == (32, 32, 3)
    assert image[2, 2].tolist() == WHITE
    assert image[16, 16].tolist() == [200, 0, 0]


def test_premultiplied_grey_lies_on_white() -> None:
    samples = np.zeros((20, 20, 2), np.uint8)
    samples[:10] = (100, 200)  # half as bright as white, where 200 of 255 are opaque
    data = encoded(Image.frombytes("LA", (20, 20), samples.tobytes()), "TIFF")
    extra = struct.pack("<HHI", 338, 3, 1)  # TIFF's tag: opacity that colours were multiplied by
    image = read_image(data.replace(extra + b"\2", extra + b"\1"), "a")
    assert np.abs(image[3, 3].astype(int) - (100 + 55)).max() <= 2
    assert image[15, 3].tolist() == WHITE


def test_of_an_animated_png_the_picture_is_taken_that_every_viewer_shows() -> None:
    still, moving = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")
    for hidden in (False, True):
        file = BytesIO()
        frames = [moving, Image.new("RGB", (32, 32), "lime")]
        still.save(file, "PNG", save_all=True, append_images=frames, default_image=hidden)
        assert read_image(file.getvalue(), "a")[5, 5].tolist() == [255, 0, 0]


def test_an_animated_avif_gives_its_first_frame() -> None:
    file = BytesIO()
    first = Image.new("RGB", (32, 32), "red")
    first.save(file, "AVIF", save_all=True, append_images=[Image.new("RGB", (32, 32), "blue")])
    assert np.abs(read_image(file.getvalue(), "a")[5, 5].astype(int) - [255, 0, 0]).max() < 8


@pytest.mark.parametrize("options", [{"subsampling": s} for s in (0, 1, 2)] + [{"optimize": True}])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpegs_of_all_samplings_give_their_colours(
    options: dict[str, int], progressive: bool
) -> None:
    data = encoded(
        Image.new("RGB", (37, 23), (200, 60, 90)), "JPEG", progressive=progressive, **options
    )
    image = read_image(data, "a")
    assert image.shape == (23, 37, 3)
    assert np.abs(image.astype(int) - [200, 60, 90]).max() <= 4


def test_an_interlaced_png_is_read() -> None:
    # One pixel's pass after another: eight by eight of one colour need one row in each.
    passes = ((2, 2), (2, 2), (4, 2), (4, 4), (8, 4), (8, 8), (16, 8))
    rows = b"".join((b"\0" + b"\x40\x80\xc0" * wide) * high for wide, high in passes)
    header = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 1)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
    image = read_image(data + chunk(b"IEND", b""), "a")
    assert (image == [0x40, 0x80, 0xC0]).all()
