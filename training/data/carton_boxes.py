"""The carton's box in each of its photos, located once and kept beside the run."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from matcher.imaging.box import Box
from training.data.cutouts import CartonLocator
from training.data.sources import TrainingData, read_rgb

# Pixels of the longer side: of photos, and of catalog pictures while cartons are located.
PHOTO_SIDE = 400
_ICONIC_SIDE = 600


def locate_cartons(data: TrainingData, cache: Path) -> Mapping[Path, Box]:
    """Return the carton's box in each photo where it was proven, in pixels at `PHOTO_SIDE`.

    Args:
        data: the data folder.
        cache: a JSON file that is read if it is there and written if not.
    """
    if cache.exists():
        stored = json.loads(cache.read_text())
        return {data.root / name: Box(*box) for name, box in stored.items()}
    found: dict[Path, Box] = {}
    for product in data.cartons:
        if product not in data.left_out:
            found.update(_locate_product(data, product))
    text = {str(path.relative_to(data.root)): _numbers(box) for path, box in found.items()}
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text(json.dumps(text, indent=1))
    return found


def _locate_product(data: TrainingData, product: str) -> dict[Path, Box]:
    locator = CartonLocator(read_rgb(data.iconic(product), _ICONIC_SIDE))
    found: dict[Path, Box] = {}
    for path in data.photos(product):
        photo = read_rgb(path, PHOTO_SIDE)
        outline = locator.locate(photo)
        if outline is not None:
            height, width = photo.shape[:2]
            found[path] = Box.around(outline.astype(np.float64)).clipped(width, height)
    return found


def _numbers(box: Box) -> list[float]:
    return [round(number, 1) for number in (box.left, box.top, box.right, box.bottom)]
