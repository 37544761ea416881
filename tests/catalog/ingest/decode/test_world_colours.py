"""Pixels are taken in the colours that the file says they have."""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms

from catalog.ingest.decode.coding import SRGB
from catalog.ingest.decode.profile import make_profile
from catalog.ingest.image_file import read_image
from tests.catalog.ingest.decode.colour_spaces import (
    ADOBE,
    DISPLAY_P3,
    LINEAR,
    OLD_MAC,
    PROPHOTO,
    REC_2020,
    ColourSpace,
    soft_colours,
)
from tests.catalog.ingest.decode.png_files import chunk, with_chunks
from tests.catalog.support.fakes import encoded

SOFT = soft_colours()
SPACES = {
    "Display P3": DISPLAY_P3,
    "Adobe RGB": ADOBE,
    "Rec. 2020": REC_2020,
    "ProPhoto": PROPHOTO,
    "gamma 1.8": OLD_MAC,
}


def furthest(image: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    """Levels by which two pictures differ where they differ most."""
    return int(np.abs(image.astype(int) - other.astype(int)).max())


def stored(space: ColourSpace, kind: str = "PNG", **options: Any) -> bytes:
    return encoded(Image.fromarray(space.store(SOFT)), kind, **options)


@pytest.mark.parametrize("name", SPACES)
def test_the_other_values_of_a_space_are_far_from_those_of_srgb(name: str) -> None:
    assert furthest(SPACES[name].store(SOFT), SOFT) > 12


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_a_picture_with_a_profile_is_read_as_its_srgb_copy(name: str, kind: str) -> None:
    space = SPACES[name]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    image = read_image(stored(space, kind, icc_profile=space.profile, **lossless), "a")
    assert furthest(image, SOFT) <= 8  # where a level of the wide space is several of sRGB's
    assert np.abs(image.astype(int) - SOFT).mean() < 1


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("kind", ["JPEG", "AVIF"])
def test_a_photo_with_a_profile_is_read_as_its_srgb_copy(name: str, kind: str) -> None:
    space = SPACES[name]
    photo = stored(space, kind, icc_profile=space.profile, quality=95)
    copy = read_image(encoded(Image.fromarray(SOFT), kind, quality=95), "a")
    assert np.abs(read_image(photo, "a").astype(int) - copy).mean() < 3


def test_a_picture_that_says_it_is_srgb_keeps_its_very_values() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(
        read_image(encoded(Image.fromarray(SOFT), icc_profile=profile), "a"), SOFT
    )


def damaged_profiles() -> dict[str, bytes]:
    whole = DISPLAY_P3.profile
    return {
        "empty": b"\0" * 128,
        "text": b"this is no profile" * 20,
        "cut off": whole[:200],
        "cut in its curve": whole[:-5000],
        "without red": whole.replace(b"rXYZ", b"rXY\0"),
        "white is black": make_profile(SRGB, lambda stored: stored * 0),
        "a link of devices": whole[:12] + b"link" + whole[16:],
        "a table of names": whole[:12] + b"nmcl" + whole[16:],
        "for inks": whole[:16] + b"CMYK" + whole[20:],
        "for grey": whole[:16] + b"GRAY" + whole[20:],
        "Lab": ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
    }


@pytest.mark.parametrize("fault", damaged_profiles())
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_damaged_or_foreign_profile_is_ignored(fault: str, kind: str) -> None:
    data = encoded(Image.fromarray(SOFT), kind, icc_profile=damaged_profiles()[fault])
    assert np.array_equal(read_image(data, "a"), SOFT)


def test_a_profile_with_any_bytes_changed_never_stops_a_picture() -> None:
    generator = np.random.default_rng(5)
    whole = np.frombuffer(DISPLAY_P3.profile, np.uint8)
    for _ in range(80):
        broken = whole.copy()
        broken[generator.integers(0, 300, 4)] = generator.integers(0, 256, 4)
        data = encoded(Image.fromarray(SOFT), icc_profile=broken.tobytes())
        assert read_image(data, "a").shape == SOFT.shape


def test_grey_with_a_profile_of_grey_is_as_bright_as_it_says() -> None:
    profile = grey_profile(1.0)
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (20, 1))
    image = read_image(encoded(Image.fromarray(ramp), icc_profile=profile), "a")
    assert abs(int(image[0, 32, 0]) - 188) <= 2  # half of the light, in sRGB
    assert image[0, 0].tolist() == [0, 0, 0]


def test_grey_with_a_profile_of_colours_is_read_by_it() -> None:
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (20, 1))
    for data in (
        encoded(Image.fromarray(ramp), "JPEG", icc_profile=LINEAR.profile, quality=98),
        encoded(Image.fromarray(ramp).convert("LA"), icc_profile=LINEAR.profile),
        encoded(Image.fromarray(ramp.astype(np.uint16) * 257), icc_profile=LINEAR.profile),
    ):
        assert abs(int(read_image(data, "a")[0, 32, 1]) - 188) <= 3


def test_a_palette_and_transparency_are_read_by_the_profile_too() -> None:
    flat = np.zeros((24, 24, 3), np.uint8)
    flat[:], flat[12:] = (180, 70, 60), (70, 120, 160)
    inside = Image.fromarray(DISPLAY_P3.store(flat))
    palette = encoded(inside.quantize(2), icc_profile=DISPLAY_P3.profile)
    assert furthest(read_image(palette, "a"), flat) <= 4
    inside.putalpha(Image.new("L", inside.size, 255))
    inside.putpixel((0, 0), (0, 0, 0, 0))
    image = read_image(encoded(inside, icc_profile=DISPLAY_P3.profile), "a")
    assert image[0, 0].tolist() == [255, 255, 255]
    assert furthest(image[1:], flat[1:]) <= 4


def test_inks_are_mixed_by_their_profile() -> None:
    profile = ink_profile()
    for kind in ("JPEG", "TIFF"):
        inks = Image.new("CMYK", (24, 24), (255, 0, 0, 0))
        image = read_image(encoded(inks, kind, icc_profile=profile), "a")
        assert furthest(image[5:6, 5:6], np.array([[[10, 150, 220]]], np.uint8)) <= 6
        paper = encoded(Image.new("CMYK", (24, 24), 0), kind, icc_profile=profile)
        assert read_image(paper, "a").min() >= 250


def test_inks_without_a_profile_or_with_one_of_lights_are_mixed_as_perfect_inks() -> None:
    inks = Image.new("CMYK", (24, 24), (0, 255, 255, 0))
    for profile in (b"", DISPLAY_P3.profile):
        for kind in ("JPEG", "TIFF"):
            image = read_image(encoded(inks, kind, icc_profile=profile), "a")
            assert furthest(image[5:6, 5:6], np.array([[[255, 0, 0]]], np.uint8)) <= 3


def test_lab_becomes_srgb() -> None:
    lab = ImageCms.profileToProfile(
        Image.fromarray(SOFT),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    assert lab is not None
    assert np.abs(read_image(encoded(lab, "TIFF"), "a").astype(int) - SOFT).mean() < 3


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (DISPLAY_P3, [chunk(b"cICP", bytes((12, 13, 0, 1)))]),
        (REC_2020, [chunk(b"cICP", bytes((9, 13, 0, 1))), chunk(b"sRGB", b"\0")]),
        (LINEAR, [chunk(b"gAMA", struct.pack(">I", 100_000))]),
        (OLD_MAC, [chunk(b"gAMA", struct.pack(">I", 55_556))]),
        (
            DISPLAY_P3,
            [
                chunk(b"gAMA", struct.pack(">I", 45_455)),
                chunk(
                    b"cHRM",
                    struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000),
                ),
            ],
        ),
    ],
)
def test_a_png_may_name_its_colours_in_numbers(space: ColourSpace, words: list[bytes]) -> None:
    assert furthest(read_image(with_chunks(stored(space), *words), "a"), SOFT) <= 6


@pytest.mark.parametrize(
    "words",
    [
        [chunk(b"gAMA", struct.pack(">I", 45_455))],
        [chunk(b"gAMA", struct.pack(">I", 0))],
        [chunk(b"gAMA", b"\1")],
        [chunk(b"cHRM", bytes(32))],
        [chunk(b"cHRM", b"\xff" * 32)],
        [chunk(b"cICP", bytes((1, 13, 0, 1)))],
        [chunk(b"cICP", bytes((2, 2, 0, 1)))],
        [chunk(b"cICP", b"\x09")],
        [chunk(b"sRGB", b"\0"), chunk(b"gAMA", struct.pack(">I", 100_000))],
        [chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile"))],
        [chunk(b"iCCP", b"x\0\0no zlib")],
        [chunk(b"iCCP", b"")],
    ],
)
def test_numbers_that_mean_srgb_or_nothing_leave_a_png_as_it_is(words: list[bytes]) -> None:
    data = with_chunks(encoded(Image.fromarray(SOFT)), *words)
    assert np.array_equal(read_image(data, "a"), SOFT)


def test_an_avif_may_name_its_colours_in_numbers() -> None:
    data = stored(DISPLAY_P3, "AVIF", quality=95)
    at = data.index(b"nclx") + 4
    named = data[:at] + struct.pack(">HH", 12, 13) + data[at + 4 :]
    assert np.abs(read_image(named, "a").astype(int) - SOFT).mean() < 3


@pytest.mark.parametrize("transfer", [16, 18])
def test_high_dynamic_range_is_toned_down_to_the_look_of_its_srgb_copy(transfer: int) -> None:
    grey = np.tile(np.arange(0, 256, dtype=np.uint8), (32, 1))
    data = with_chunks(encoded(Image.fromarray(grey)), chunk(b"cICP", bytes((9, transfer, 0, 1))))
    levels = read_image(data, "a")[0, :, 0].astype(int)
    paper = {16: 0.58, 18: 0.75}[transfer]  # the value of a sheet of paper (ITU-R BT.2408)
    assert (np.diff(levels) >= 0).all()
    assert 215 <= levels[round(255 * paper)] <= 245
    assert levels[0] == 0
    assert levels[255] >= 245


@pytest.mark.parametrize("how", ["interoperability", "colour space"])
def test_a_camera_that_notes_adobe_rgb_without_a_profile_is_understood(how: str) -> None:
    exif = Image.Exif()
    if how == "interoperability":
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] = 0xFFFF
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.IFD.Interop] = {1: "R03"}
    else:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] = 2
    photo = stored(ADOBE, "JPEG", exif=exif.tobytes(), quality=95)
    assert np.abs(read_image(photo, "a").astype(int) - SOFT).mean() < 3


def grey_profile(exponent: float) -> bytes:
    """An ICC profile of grey whose curve is a power."""
    curve = b"curv" + struct.pack(">IIH2x", 0, 1, round(exponent * 256))
    white = b"XYZ " + struct.pack(">Iiii", 0, 63190, 65536, 54061)
    return icc(b"GRAY", b"XYZ ", {b"kTRC": curve, b"wtpt": white})


def ink_profile() -> bytes:
    """An ICC profile of four inks that are no perfect ones, by a table of 16 colours."""
    grid = np.array(np.meshgrid(*[[0, 1]] * 4, indexing="ij")).reshape(4, -1).T
    inks = np.array([[10, 150, 220], [220, 20, 130], [250, 230, 20], [35, 31, 32]]) / 255
    mixed = np.prod(np.where(grid[..., None] == 1, inks[None], 1.0), axis=1)
    sheet = Image.fromarray(np.rint(mixed[None] * 255).astype(np.uint8))
    lab = ImageCms.profileToProfile(
        sheet, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    table = np.frombuffer(lab.tobytes(), np.uint8).reshape(-1, 3) ^ np.array(
        [0, 128, 128], np.uint8
    )
    straight = bytes(range(256))
    tag = b"mft1" + struct.pack(">IBBBx", 0, 4, 3, 2)
    tag += struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    tag += straight * 4 + table.tobytes() + straight * 3
    white = b"XYZ " + struct.pack(">Iiii", 0, 63190, 65536, 54061)
    return icc(b"CMYK", b"Lab ", {b"A2B0": tag, b"wtpt": white}, b"prtr")


def icc(space: bytes, connection: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr") -> bytes:
    """An ICC profile of these tags."""
    at, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", at + len(body), len(content))
        body += padded
    header = struct.pack(">I4xI4s4s4s", at + len(body), 0x02400000, kind, space, connection)
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + body


def test_the_profile_is_read_back_by_littlecms() -> None:
    for data in (grey_profile(2.2), ink_profile(), DISPLAY_P3.profile):
        assert ImageCms.ImageCmsProfile(BytesIO(data)).profile.version >= 2
