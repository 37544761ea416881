"""The detector's data: real pictures with boxes, and composed scenes without end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from training.augment.views import Subject
from training.data.carton_boxes import PHOTO_SIDE
from training.data.instances import (
    grocery_instances,
    household_instances,
    print_instances,
    read_data_backgrounds,
)
from training.data.sources import LabelledFile, TrainingData, is_held_out, read_rgb
from training.detector.drinks import cut_drinks, draw_drink
from training.detector.scenes import Scene, SceneComposer, cut_window, make_package

# Pixels of the longer side of boxed pictures, of fabrics, and of the shorter side of backgrounds.
_PICTURE_SIDE: Final = 480
_FABRIC_SIDE: Final = 176
_SMALLEST_BACKGROUND: Final = 48
# Cumulative shares of composed scenes, beverages and cartons; the rest are paintings.
_COMPOSED: Final = 0.5
_BEVERAGE: Final = 0.78
_CARTON: Final = 0.92
# Shares of the pictures with drinks, and with a carton, that are turned by quarters; of the former
# those turned otherwise, with the standard deviation in degrees.
_QUARTERS: Final = 0.35
_CARTON_QUARTERS: Final = 0.1
_ASKEW: Final = 0.2
_ASKEW_DEGREES: Final = 20.0
# How many of each are kept in memory.
_BACKGROUNDS: Final = 400
_PACKAGES: Final = 500
_CLOTHES: Final = 300
_DRAWN_DRINKS: Final = 150
# Of a carton's size: how much of the photo is kept on each side of it.
_CONTEXT: Final = (0.03, 0.3)


@dataclass(frozen=True, slots=True, eq=False)
class BoxedPicture:
    """A picture in memory with its boxes."""

    image: NDArray[np.uint8]
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DetectionSets:
    """Pictures to measure a detector on.

    Attributes:
        beverages: held-out pictures, every bottle and can boxed.
        cartons: photos of held-out cartons; the shelf behind is not labelled.
    """

    beverages: tuple[BoxedPicture, ...]
    cartons: tuple[BoxedPicture, ...]


class DetectionSampler:
    """A source of training scenes; not thread-safe, because of its random generator."""

    def __init__(
        self, data: TrainingData, located: Mapping[Path, Box], rng: np.random.Generator
    ) -> None:
        self._rng = rng
        behind = [
            image
            for image in read_data_backgrounds(data, _BACKGROUNDS)
            if min(image.shape[:2]) >= _SMALLEST_BACKGROUND
        ]
        self._beverages = [
            read_boxed_picture(file) for file in data.beverages() if not is_held_out(file.path.stem)
        ]
        self._paintings = [
            read_boxed_picture(file) for file in data.paintings() if not is_held_out(file.path.stem)
        ]
        self._cartons = _cartons(located, held_out=False)
        drinks = _drinks(self._beverages, rng)
        self._composer = SceneComposer(_products(data, located, rng), behind, rng, drinks)

    def scene(self, side: int) -> Scene:
        """Draw one scene of `side` pixels square."""
        return self.undegraded_scene(side).take_shot()

    def undegraded_scene(self, side: int) -> Scene:
        """Draw one scene of `side` pixels square whose shot is still to be taken."""
        rng = self._rng
        kind = rng.random()
        if kind < _COMPOSED:
            return self._composer.undegraded_scene(side)
        turn = 0.0
        if kind < _BEVERAGE:
            chosen = self._beverages[rng.integers(len(self._beverages))]
            turn = self._turn(_QUARTERS, _ASKEW)
        elif kind < _CARTON:
            whole_photo = self._cartons[rng.integers(len(self._cartons))]
            chosen = crop_around_first_box(whole_photo, *rng.uniform(*_CONTEXT, 4))
            turn = self._turn(_CARTON_QUARTERS, 0.0)
        else:
            chosen = self._paintings[rng.integers(len(self._paintings))]
        return cut_window(chosen.image, chosen.boxes, side, rng, turn)

    def _turn(self, quarters: float, askew: float) -> float:
        """Draw degrees: a share of quarters, a share askew, else none."""
        kind = self._rng.random()
        if kind < quarters:
            return float(self._rng.choice((90, 180, 270)))
        return float(self._rng.normal(0, _ASKEW_DEGREES)) if kind < quarters + askew else 0.0


def read_held_out_sets(data: TrainingData, located: Mapping[Path, Box]) -> DetectionSets:
    """Read the pictures that no detector is trained on."""
    return DetectionSets(
        tuple(read_boxed_picture(file) for file in data.beverages() if is_held_out(file.path.stem)),
        tuple(_cartons(located, held_out=True)),
    )


def read_boxed_picture(labelled: LabelledFile) -> BoxedPicture:
    """Read a labelled picture, shrunk, with its boxes."""
    image = read_rgb(labelled.path, _PICTURE_SIDE)
    scale = max(image.shape[:2]) / labelled.longest
    boxes = (
        Box(box.left * scale, box.top * scale, box.right * scale, box.bottom * scale)
        for box in labelled.boxes
    )
    return BoxedPicture(image, tuple(boxes))


def crop_around_first_box(
    photo: BoxedPicture, left: float, top: float, right: float, bottom: float
) -> BoxedPicture:
    """Cut the photo to its first box and shares of the box's size on each side."""
    box = photo.boxes[0]
    height, width = photo.image.shape[:2]
    window = Box(
        box.left - left * box.width,
        box.top - top * box.height,
        box.right + right * box.width,
        box.bottom + bottom * box.height,
    ).clipped(width, height)
    x, y = int(window.left), int(window.top)
    image = np.ascontiguousarray(photo.image[y : int(window.bottom), x : int(window.right)])
    return BoxedPicture(image, (Box(box.left - x, box.top - y, box.right - x, box.bottom - y),))


def _cartons(located: Mapping[Path, Box], held_out: bool) -> list[BoxedPicture]:
    return [
        BoxedPicture(read_rgb(path, PHOTO_SIDE), (box,))
        for path, box in located.items()
        if is_held_out(path.parent.name) is held_out
    ]


def _products(
    data: TrainingData, located: Mapping[Path, Box], rng: np.random.Generator
) -> Sequence[Subject]:
    """Read cut-outs of real products; make packages of prints and fabrics."""
    cut = [s for x in grocery_instances(data, located) for s in x.catalog]
    cut += [s for x in household_instances(data) for s in x.catalog]
    flat = [s.image for x in print_instances(_PACKAGES // 3) for s in x.catalog]
    clothes = [path for path in data.clothing() if not is_held_out(path.stem)][:_CLOTHES]
    flat += [_middle(read_rgb(path, _FABRIC_SIDE)) for path in clothes]
    packages = [make_package(image, flat[rng.integers(len(flat))], rng) for image in flat]
    return [*cut, *cut, *packages]


def _drinks(pictures: Sequence[BoxedPicture], rng: np.random.Generator) -> list[Subject]:
    """Cut bottles and cans out of their pictures; draw others around invented prints."""
    cut = [drink for picture in pictures for drink in cut_drinks(picture.image, picture.boxes)]
    prints = [s.image for x in print_instances(_DRAWN_DRINKS // 3) for s in x.catalog]
    return cut + [draw_drink(image, rng) for image in prints]


def _middle(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut a garment out of most of its surroundings."""
    height, width = image.shape[:2]
    return np.ascontiguousarray(
        image[height // 5 : height - height // 5, width // 4 : width - width // 4]
    )
