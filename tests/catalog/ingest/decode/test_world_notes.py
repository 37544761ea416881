"""Notes beside the pixels never stop a picture, however large or damaged they are."""

import resource
import struct
import sys
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from catalog.errors import PictureError
from catalog.ingest.image_file import read_image
from tests.catalog.ingest.decode.colour_spaces import DISPLAY_P3, soft_colours
from tests.catalog.ingest.decode.png_files import chunk, with_chunks
from tests.catalog.support.fakes import encoded

SOFT = soft_colours()
PNG = encoded(Image.fromarray(SOFT))
LARGE = b"x" * 3_000_000  # bytes; Pillow reads one million of one note
BOMB = zlib.compress(bytes(200_000_000), 9)  # 200 KB that swell a thousandfold


def broken(whole: bytes) -> bytes:
    """A chunk with a wrong checksum."""
    return whole[:-1] + bytes([whole[-1] ^ 1])


NOTES = {
    "large text": [chunk(b"tEXt", b"Comment\0" + LARGE)],
    "large compressed text": [chunk(b"zTXt", b"Comment\0\0" + zlib.compress(LARGE))],
    "large international text": [chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + LARGE)],
    "large compressed international text": [
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(LARGE))
    ],
    "many texts": [chunk(b"tEXt", b"Comment\0" + b"x" * 1000)] * 80_000,
    "many compressed texts": [chunk(b"zTXt", b"Comment\0\0" + zlib.compress(LARGE))] * 30,
    "a bomb": [chunk(b"zTXt", b"Comment\0\0" + BOMB)],
    "an international bomb": [chunk(b"iTXt", b"a\0\1\0\0\0" + BOMB)],
    "a bomb of a profile": [chunk(b"iCCP", b"a\0\0" + BOMB)],
    "a bomb of EXIF": [chunk(b"zTXt", b"Raw profile type exif\0\0" + BOMB)],
    "text in no known code": [chunk(b"tEXt", bytes(range(1, 256)))],
    "compressed text that is none": [chunk(b"zTXt", b"Comment\0\0no zlib")],
    "an unknown compression": [chunk(b"zTXt", b"Comment\0\7x"), chunk(b"iCCP", b"a\0\7x")],
    "empty notes": [chunk(kind, b"") for kind in (b"tEXt", b"zTXt", b"iTXt", b"pHYs", b"tIME")],
    "a wrong checksum": [broken(chunk(b"tEXt", b"a\0b")), broken(chunk(b"gAMA", bytes(4)))],
    "transparency with a wrong checksum": [broken(chunk(b"tRNS", bytes(6)))],
    "damaged EXIF": [chunk(b"eXIf", b"II*\0\xff\xff\xff\x7f")],
    "a wrong length of frames": [chunk(b"acTL", bytes(3)), chunk(b"fcTL", bytes(3))],
    "a program's own": [chunk(b"iDOT", b"?" * 28), chunk(b"vpAg", b""), chunk(b"npOl", LARGE)],
}


@pytest.mark.parametrize("name", NOTES)
@pytest.mark.parametrize("where", ["before the pixels", "after them"])
def test_a_png_is_read_whatever_is_noted_in_it(name: str, where: str) -> None:
    notes = b"".join(NOTES[name])
    data = (
        with_chunks(PNG, notes) if where == "before the pixels" else PNG[:-12] + notes + PNG[-12:]
    )
    assert np.array_equal(read_image(data, "a"), SOFT)


def test_notes_take_no_memory_beyond_a_copy_of_the_file() -> None:
    data = with_chunks(
        PNG, *[chunk(b"iTXt", b"a\0\1\0\0\0" + BOMB), chunk(b"iCCP", b"a\0\0" + BOMB)] * 20
    )
    read_image(PNG, "a")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read_image(data, "a")
    kilobytes = 1 if sys.platform == "linux" else 1024
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / kilobytes < 60_000


def test_a_large_profile_of_a_png_still_counts() -> None:
    profile = DISPLAY_P3.profile
    padded = bytearray(profile + bytes(3_000_000))
    padded[:4] = struct.pack(">I", len(padded))
    inside = encoded(Image.fromarray(DISPLAY_P3.store(SOFT)))
    data = with_chunks(inside, chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(padded))))
    assert np.abs(read_image(data, "a").astype(int) - SOFT).max() <= 4


def test_a_png_that_is_cut_off_is_refused_with_notes_and_without() -> None:
    for data in (PNG, with_chunks(PNG, *NOTES["large text"])):
        with pytest.raises(PictureError, match="cut off"):
            read_image(data[: len(data) - len(PNG) // 2], "front.png")


def test_a_png_without_its_end_is_read() -> None:
    assert np.array_equal(read_image(PNG[:-12], "a"), SOFT)


def turned(data: Callable[[bytes], bytes]) -> bytes:
    """A picture on its side, with EXIF that says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return data(exif.tobytes())


SIDE = Image.fromarray(SOFT[:60]).transpose(Image.Transpose.ROTATE_90)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_orientation_counts_in_every_format(kind: str) -> None:
    lossless = {"lossless": True} if kind == "WEBP" else {}
    data = turned(lambda exif: encoded(SIDE, kind, exif=exif, **lossless))
    assert np.array_equal(read_image(data, "a"), SOFT[:60])


def test_orientation_counts_where_other_programs_note_it_in_a_png() -> None:
    def noted(exif: bytes) -> bytes:
        text = f"\nexif\n{len(exif):8}\n{exif.hex()}\n".encode()
        note = chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))
        return with_chunks(encoded(SIDE), note)

    assert np.array_equal(read_image(turned(noted), "a"), SOFT[:60])


def test_orientation_counts_although_the_rest_of_exif_is_damaged() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "maker"
    whole = exif.tobytes()
    at = whole.index(struct.pack(">H" if b"MM" in whole else "<H", 0x010F))
    damaged = whole[: at + 2] + b"\xff\xff\xff\xff" + whole[at + 6 :]
    assert read_image(encoded(SIDE, "JPEG", exif=damaged), "a").shape == (60, 96, 3)


@pytest.mark.parametrize("marker", [0xE0, 0xE1, 0xE2, 0xEC, 0xED, 0xEE, 0xEF, 0xFE])
@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\xff" * 20,
        b"JFIF\0",
        b"Exif\0\0",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"ICC_PROFILE\0\x01\x09",
        b"ICC_PROFILE\0",
        b"ICC_PROFILE\0\x01\x01" + b"?" * 300,
        b"MPF\0II*\0\xff\xff\xff\xff",
        b"MPF\0II*\0\x08\0\0\0\0\0",
        b"Photoshop 3.0\x008BIM\x04\x04\0",
        b"http://ns.adobe.com/xap/1.0/\0" + b"x" * 65_000,
    ],
)
def test_a_jpeg_is_read_whatever_is_noted_in_it(marker: int, note: bytes) -> None:
    plain = encoded(Image.fromarray(SOFT), "JPEG")
    noted = struct.pack(">BBH", 0xFF, marker, len(note) + 2) + note
    image = read_image(plain[:2] + noted + plain[2:], "a")
    assert np.abs(image.astype(int) - read_image(plain, "a")).mean() < 3


def tiff_with_notes() -> bytes:
    """A TIFF with texts and XMP in its directory."""
    notes = TiffImagePlugin.ImageFileDirectory_v2()
    for tag in (270, 271, 305, 33432):
        notes[tag] = "some words of a program"
    for tag in (700, 34377):
        notes[tag] = b"some bytes of a program"
    return encoded(Image.fromarray(SOFT), "TIFF", tiffinfo=notes, compression="tiff_lzw")


@pytest.mark.parametrize("tag", [270, 271, 305, 700, 33432, 34377])
@pytest.mark.parametrize("kind", [0, 1, 2, 3, 5, 7, 99])
def test_a_tiff_is_read_whatever_is_noted_in_it(tag: int, kind: int) -> None:
    data = tiff_with_notes()
    directory = struct.unpack_from("<I", data, 4)[0]
    at = data.index(struct.pack("<H", tag), directory)
    for count, place in ((0, 0), (1, 2**32 - 1), (2**32 - 1, 8), (2**31 - 1, 2**31 - 1)):
        noted = data[: at + 2] + struct.pack("<HII", kind, count, place) + data[at + 12 :]
        assert np.array_equal(read_image(noted, "a"), SOFT)
