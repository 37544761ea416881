"""Every bad picture of the list: one sentence, a non-zero exit, the catalog whole."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.api.shop import Shop
from tests.catalog.support.fakes import pixels

Maker = Callable[[Path], object]


def photo(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(pixels(1, 64, 48)).convert(mode)


def truncated(path: Path) -> None:
    photo().resize((640, 480)).save(path, "JPEG")
    path.write_bytes(path.read_bytes()[:2000])


def rotated(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo().transpose(Image.Transpose.ROTATE_90).save(path, "JPEG", exif=exif, quality=100)


def sixteen_bits(path: Path) -> None:
    Image.fromarray(pixels(1, 64, 48)[..., 0].astype(np.uint16) * 257).save(path, "PNG")


def animated(path: Path) -> None:
    photo().save(path, "GIF", save_all=True, append_images=[Image.new("RGB", (64, 48), "red")])


BAD: dict[str, Maker] = {
    "nothing": lambda path: path.unlink(missing_ok=True),
    "of zero bytes": lambda path: path.write_bytes(b""),
    "a folder": lambda path: path.mkdir(),
    "a pipe": lambda path: os.mkfifo(path),
    "a text": lambda path: path.write_text("this is no picture, whatever it is called"),
    "truncated": truncated,
    "one pixel": lambda path: Image.new("RGB", (1, 1)).save(path, "PNG"),
    "20000 x 20000 pixels": lambda path: Image.new("1", (20000, 20000)).save(path, "PNG"),
    "too many bytes": lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 2**31),
}
GOOD: dict[str, Maker] = {
    "16 bits": sixteen_bits,
    "CMYK": lambda path: photo("CMYK").save(path, "JPEG"),
    "a palette": lambda path: photo("P").save(path, "PNG"),
    "animated": animated,
    "EXIF-rotated": rotated,
    "without a keypoint": lambda path: Image.new("RGB", (64, 48), "white").save(path, "PNG"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_photo_is_one_sentence_that_names_it(shop: Shop, kind: str) -> None:
    BAD[kind](shop.folder / "bad.jpg")
    result = shop.run("identify", "shop", "bad.jpg", "--json")
    assert (result.code, result.out) == (1, "")
    assert "bad.jpg" in result.sentence


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_reference_picture_leaves_the_catalog_as_it_was(shop: Shop, kind: str) -> None:
    BAD[kind](shop.folder / "bad.jpg")
    result = shop.run("product", "add", "shop", "rice", "rice.png", "bad.jpg")
    assert result.code == 1
    assert "bad.jpg" in result.sentence
    assert shop.products() == ["milk", "tea"]
    assert shop.run_ok("catalog", "show", "shop", "--json").lines[0]["index_version"] == 3


@pytest.mark.parametrize("kind", GOOD)
def test_an_unusual_picture_is_taken_in_and_looked_at(shop: Shop, kind: str) -> None:
    GOOD[kind](shop.folder / "good.png")
    shop.run_ok("product", "add", "shop", "odd", "good.png")
    (line,) = shop.run_ok("identify", "shop", "good.png", "--json").lines
    assert line["detections"][0]["box"][2:] == [64.0, 48.0]


def test_a_rotated_photo_is_seen_upright(shop: Shop) -> None:
    rotated(shop.folder / "phone.jpg")
    (line,) = shop.run_ok("identify", "shop", "phone.jpg", "--json").lines
    assert line["detections"][0]["product_id"] == "tea"
