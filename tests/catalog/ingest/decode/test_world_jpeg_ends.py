"""A JPEG that lacks only its end marker is read; one that lacks rows is refused."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from catalog.errors import PictureError
from catalog.ingest.image_file import decode_image, read_image
from tests.catalog.ingest.decode.colour_spaces import soft_colours
from tests.catalog.support.fakes import encoded

END = b"\xff\xd9"


def grain() -> NDArray[np.uint8]:
    """A photo's colours with a photo's noise, so that each block has its own bits."""
    noise = np.random.default_rng(2).normal(0, 12, (96, 96, 3))
    return np.clip(soft_colours() + noise, 0, 255).astype(np.uint8)


def photos() -> dict[str, bytes]:
    colour = Image.fromarray(grain())
    kinds: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "baseline": (colour, {}),
        "without subsampling": (colour, {"subsampling": 0}),
        "in bands": (colour, {"restart_marker_rows": 1}),
        "progressive": (colour, {"progressive": True}),
        "grey": (colour.convert("L"), {}),
        "grey, progressive": (colour.convert("L"), {"progressive": True}),
        "inks": (colour.convert("CMYK"), {}),
        "with a preview": (colour, {"exif": preview()}),
    }
    return {name: encoded(photo, "JPEG", **how) for name, (photo, how) in kinds.items()}


def preview() -> bytes:
    """EXIF that holds a whole JPEG with its own end marker."""
    small = encoded(Image.fromarray(grain()[:32, :32]), "JPEG")
    exif = Image.Exif()
    exif[0x010E] = "x" + small.hex()  # as text, for the length, and as bytes
    return exif.tobytes() + small


PHOTOS = photos()


@pytest.mark.parametrize("kind", PHOTOS)
@pytest.mark.parametrize("tail", [b"", b"\xff", b"\0" * 500, b"notes of a camera", b"\xff\xff"])
def test_without_its_end_marker_a_jpeg_is_the_same_picture(kind: str, tail: bytes) -> None:
    whole = PHOTOS[kind]
    assert whole.endswith(END)
    cut = decode_image(whole[:-2] + tail, "front.jpg")
    assert np.array_equal(cut.image, read_image(whole, "front.jpg"))
    assert cut.extension == "jpg"


@pytest.mark.parametrize("kind", PHOTOS)
@pytest.mark.parametrize("lost", [40, 300, 0.3, 0.5])
def test_a_jpeg_that_lacks_rows_is_refused(kind: str, lost: float) -> None:
    whole = PHOTOS[kind]
    length = len(whole) - int(lost if lost > 1 else lost * len(whole))
    with pytest.raises(PictureError, match=r"^front\.jpg is .*damaged.*save it again$"):
        read_image(whole[:length], "front.jpg")


@pytest.mark.parametrize("kind", ["baseline", "without subsampling", "grey", "inks"])
@pytest.mark.parametrize("lost", [0.3, 0.5])
def test_rows_that_are_missing_are_missed_even_before_an_end_marker(kind: str, lost: float) -> None:
    whole = PHOTOS[kind]
    closed = whole[: int(len(whole) * (1 - lost))] + END
    with pytest.raises(PictureError, match=r"^front\.jpg lacks rows: .*again$"):
        read_image(closed, "front.jpg")


@pytest.mark.parametrize("progressive", [False, True])
def test_a_picture_that_ends_in_grey_lacks_nothing(progressive: bool) -> None:
    picture = grain()
    picture[48:] = 128
    data = encoded(Image.fromarray(picture), "JPEG", progressive=progressive)
    assert read_image(data, "a")[-1, -1].tolist() == [128, 128, 128]
    assert np.array_equal(read_image(data[:-2], "a"), read_image(data, "a"))


def test_a_progressive_jpeg_without_its_last_scans_is_refused() -> None:
    whole = PHOTOS["progressive"]
    last_scan = whole.rindex(b"\xff\xda")
    tables = whole.rindex(b"\xff\xc4", 0, last_scan)
    for end in (last_scan, tables, tables + 10):
        with pytest.raises(PictureError, match="cut off"):
            read_image(whole[:end], "front.jpg")


def test_several_pictures_in_one_file_need_only_the_first() -> None:
    first = Image.fromarray(grain())
    data = encoded(first, "MPO", save_all=True, append_images=[Image.new("RGB", (96, 96))])
    whole = read_image(data, "a")
    assert np.array_equal(read_image(data[:-2], "a"), whole)
    assert np.array_equal(read_image(data[: data.index(END) + 2], "a"), whole)


def test_every_cut_of_a_jpeg_is_refused_or_is_the_whole_picture() -> None:
    data = encoded(Image.fromarray(grain()[:24, :24]), "JPEG", quality=60)
    whole = read_image(data, "a")
    for length in range(len(data)):
        try:
            image = read_image(data[:length], "a")
        except PictureError:
            assert length < len(data) - 2
            continue
        assert np.abs(image.astype(int) - whole).max() <= 24  # bits of the last block at most
        assert length > len(data) - 5
