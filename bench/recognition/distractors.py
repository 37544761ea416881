"""Products that no photo shows, to be told apart from: clothes, paintings, photos, drawn prints."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.errors import BenchError
from bench.recognition.dataset import list_pictures

# Draws (H, W, 3) RGB prints of one invented brand by its number.
DrawPrints = Callable[[int], Sequence[NDArray[np.uint8]]]

_LEAST_SIDE_PX: Final = 64  # of a painting that is cut out; smaller ones are no reference
_JPEG_QUALITY: Final = 90


def lay_out_distractors(shared: Path, catalog: Path, count: int, draw: DrawPrints | None) -> None:
    """Add products that nothing is asked about, each with one picture.

    Args:
        shared: the folder of real pictures.
        catalog: gets a folder for each.
        count: how many; the real ones first, then drawn ones.
        draw: draws those; None if the real ones must do.

    Raises:
        BenchError: there are not as many.
    """
    made = 0
    for place in islice(_all(shared, draw), count):
        place(catalog)
        made += 1
    if made < count:
        raise BenchError(f"there are only {made} distractors in {shared}; ask for no more")


_Place = Callable[[Path], None]  # makes one product in a catalog's folder


def _all(shared: Path, draw: DrawPrints | None) -> Iterator[_Place]:
    for path in list_pictures(shared / "clothing_cc0"):
        yield _linked(path, f"clothes-{path.stem}")
    for path in list_pictures(shared / "boofcv_photos"):
        yield _linked(path, f"photo-{path.stem}")
    yield from _paintings(shared / "art_boxes")
    number = 0
    while draw is not None:
        for flavour, print_ in enumerate(draw(number)):
            yield _saved(print_, f"print-{number:05d}-{flavour}")
        number += 1


def _paintings(folder: Path) -> Iterator[_Place]:
    entries = json.loads((folder / "boxes.json").read_text(encoding="utf-8"))
    for picture_number, name in enumerate(sorted(entries)):
        with Image.open(folder / "images" / name) as opened:
            picture = np.asarray(opened.convert("RGB"))
        for number, (left, top, right, bottom) in enumerate(entries[name]["boxes"]):
            piece = picture[int(top) : int(bottom), int(left) : int(right)]
            if min(piece.shape[:2]) >= _LEAST_SIDE_PX:
                yield _saved(piece, f"painting-{picture_number:03d}-{number}")


def _linked(path: Path, product: str) -> _Place:
    def place(catalog: Path) -> None:
        (catalog / product).mkdir()
        (catalog / product / path.name).symlink_to(path)

    return place


def _saved(picture: NDArray[np.uint8], product: str) -> _Place:
    def place(catalog: Path) -> None:
        (catalog / product).mkdir()
        file = catalog / product / "picture.jpg"
        Image.fromarray(picture).save(file, quality=_JPEG_QUALITY)

    return place
