import resource
import struct
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog.errors import PictureError
from catalog.ingest.image_file import decode_image, read_image
from tests.catalog.support.fakes import encoded, pixels

RED_LEFT = np.zeros((40, 60, 3), np.uint8)
RED_LEFT[:, :30, 0] = 255
RED_LEFT[:, 30:, 2] = 255


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds one row; what a bomb looks like."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    row = zlib.compress(bytes(1 + 3 * width))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


def refused(data: bytes) -> str:
    with pytest.raises(PictureError) as caught:
        read_image(data, "shelf/front.jpg")
    message = str(caught.value)
    assert "shelf/front.jpg" in message
    assert "\n" not in message
    assert caught.value.name == "shelf/front.jpg"
    return message


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "TIFF", "PPM"])
def test_every_lossless_format_gives_its_pixels(kind: str) -> None:
    image = read_image(encoded(Image.fromarray(RED_LEFT), kind), "a")
    assert np.array_equal(image, RED_LEFT)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_every_lossy_format_gives_nearly_its_pixels(kind: str) -> None:
    image = read_image(encoded(Image.fromarray(RED_LEFT), kind, quality=95), "a")
    assert image.shape == RED_LEFT.shape
    assert image.dtype == np.uint8
    assert np.abs(image[:, :20].astype(int) - RED_LEFT[:, :20]).mean() < 12


def test_the_extension_is_that_of_the_real_format_not_of_the_name() -> None:
    assert decode_image(encoded(Image.fromarray(RED_LEFT), "WEBP"), "photo.jpg").extension == "webp"
    assert decode_image(encoded(Image.fromarray(RED_LEFT), "JPEG"), "photo.png").extension == "jpg"


def test_an_empty_file_is_refused() -> None:
    assert "empty" in refused(b"")


@pytest.mark.parametrize(
    "data",
    [b"\x00", b"hello, this is no picture" * 50, b"%PDF-1.7 and so on", b"GIF89a", b"\xff\xd8\xff"],
)
def test_a_file_that_is_no_picture_is_refused(data: bytes) -> None:
    refused(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_truncated_picture_is_refused_with_its_name(kind: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    refused(data[: int(len(data) * share)])


def test_a_progressive_picture_that_is_cut_off_is_refused() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8)
    data = encoded(Image.fromarray(noise), "JPEG", progressive=True)
    refused(data[: len(data) // 2])


def test_a_picture_with_damaged_bytes_is_refused_or_read_but_never_crashes() -> None:
    generator = np.random.default_rng(3)
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"):
        whole = np.frombuffer(encoded(Image.fromarray(pixels(1, 64, 64)), kind), np.uint8)
        for _ in range(60):
            broken = whole.copy()
            broken[generator.integers(0, len(broken), 8)] = generator.integers(0, 256, 8)
            try:
                image = read_image(broken.tobytes(), "a")
            except PictureError:
                continue
            assert image.ndim == 3


@pytest.mark.parametrize("size", [(1, 1), (15, 400), (400, 15)])
def test_a_tiny_picture_is_refused_with_its_size(size: tuple[int, int]) -> None:
    assert f"{size[0]}x{size[1]}" in refused(encoded(Image.new("RGB", size)))


def test_sixteen_pixels_are_enough() -> None:
    assert read_image(encoded(Image.new("RGB", (16, 16))), "a").shape == (16, 16, 3)


@pytest.mark.parametrize("size", [(8001, 8000), (11000, 10000), (20000, 20000), (100000, 100000)])
def test_a_huge_picture_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "too large" in refused(png_header(*size))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kilobytes = 1 if sys.platform == "linux" else 1024
    assert (after - before) / kilobytes < 50_000


def test_a_real_file_of_twenty_thousand_pixels_square_is_refused() -> None:
    assert "too large" in refused(encoded(Image.new("1", (20000, 20000)), "PNG"))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_turned_by_exif_comes_out_upright(orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = Image.fromarray(RED_LEFT)
    if orientation in undo:
        stored = stored.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = read_image(encoded(stored, "JPEG", exif=exif, quality=95), "a")
    assert image.shape == RED_LEFT.shape
    assert image[:, :20, 0].mean() > 230
    assert image[:, 40:, 2].mean() > 230


def test_a_nonsense_orientation_is_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    image = read_image(encoded(Image.fromarray(RED_LEFT), "JPEG", exif=exif), "a")
    assert image.shape == RED_LEFT.shape


def test_damaged_exif_does_not_spoil_the_picture() -> None:
    data = encoded(Image.fromarray(RED_LEFT), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f")
    assert read_image(data, "a").shape == RED_LEFT.shape


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_of_grey_become_eight(kind: str) -> None:
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (20, 1))
    image = read_image(encoded(Image.fromarray(ramp), kind), "a")
    assert image[0, 0].tolist() == [0, 0, 0]
    assert image[0, -1].tolist() == [255, 255, 255]
    assert abs(int(image[0, 32, 1]) - 130) < 4


def test_sixteen_bits_of_colour_become_eight() -> None:
    size = struct.pack(">IIBBBBB", 20, 20, 16, 2, 0, 0, 0)
    row = b"\x00" + struct.pack(">HHH", 65535, 32768, 0) * 20
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", size), (b"IDAT", zlib.compress(row * 20)), (b"IEND", b"")):
        data += struct.pack(">I", len(body)) + kind + body
        data += struct.pack(">I", zlib.crc32(kind + body))
    assert read_image(data, "a")[5, 5].tolist() == [255, 128, 0]


def test_floating_point_grey_is_brought_to_eight_bits() -> None:
    ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (20, 1))
    image = read_image(encoded(Image.fromarray(ramp), "TIFF"), "a")
    assert image[0, -1].tolist() == [255, 255, 255]


def test_cmyk_becomes_rgb() -> None:
    inks = Image.fromarray(RED_LEFT).convert("CMYK")
    for kind in ("JPEG", "TIFF"):
        image = read_image(encoded(inks, kind), "a")
        assert image.shape == RED_LEFT.shape
        assert image[20, 5, 0] > 200 > 60 > image[20, 5, 2]


def test_a_palette_becomes_rgb() -> None:
    flat = Image.fromarray(RED_LEFT).quantize(4)
    image = read_image(encoded(flat, "PNG"), "a")
    assert np.abs(image.astype(int) - RED_LEFT).max() < 8


def test_one_bit_and_grey_pictures_become_rgb() -> None:
    for mode in ("1", "L"):
        image = read_image(encoded(Image.new(mode, (20, 20), 255)), "a")
        assert image[3, 3].tolist() == [255, 255, 255]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparent_pixels_lie_on_white(mode: str) -> None:
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    kind = "TIFF" if mode == "PA" else "PNG"
    if mode == "PA":
        data = encoded(clear.quantize(4), "PNG", transparency=0)
    else:
        data = encoded(clear.convert(mode), kind)
    assert read_image(data, "a")[3, 3].tolist() == [255, 255, 255]


def test_half_transparent_black_is_grey() -> None:
    image = read_image(encoded(Image.new("RGBA", (20, 20), (0, 0, 0, 128))), "a")
    assert abs(int(image[3, 3, 0]) - 127) <= 1


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    first, second = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")
    file = BytesIO()
    first.save(file, kind, save_all=True, append_images=[second], lossless=True)
    assert read_image(file.getvalue(), "a")[5, 5].tolist() == [255, 0, 0]


def test_reading_does_not_depend_on_a_file_on_disk_or_warn(
    recwarn: pytest.WarningsRecorder,
) -> None:
    read_image(encoded(Image.new("L", (7900, 8000)), "PNG"), "a")
    assert not recwarn.list


@pytest.mark.data
def test_real_catalog_pictures_are_read(shared_data: Path) -> None:
    paths = sorted((shared_data / "grocery" / "catalog").glob("*/iconic.jpg"))
    assert len(paths) > 50
    for path in paths[:20]:
        assert min(read_image(path.read_bytes(), path.name).shape[:2]) >= 100
