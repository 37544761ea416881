"""The embedder's classes: every product, every print and every boxed bottle is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from training.augment.views import Subject
from training.data.carton_boxes import PHOTO_SIDE
from training.data.cutouts import cut_out, whole_picture
from training.data.prints import draw_family, recolour
from training.data.sources import TrainingData, is_held_out, read_rgb

# Pixels of the longer side.
_CATALOG_SIDE: Final = 260
_CLOTHING_SIDE: Final = 176
# Of the width of the 2016 catalog pictures: the ruler on their right.
_RULER_SHARE: Final = 0.24
_FAMILY_SIZE: Final = 3


class InstanceKind(Enum):
    """The source of a class; a batch has a fixed number of each."""

    CARTON = "carton"
    PRODUCE = "produce"
    HOUSEHOLD = "household"
    CLOTHING = "clothing"
    PRINT = "print"
    BEVERAGE = "beverage"


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One class of the embedder.

    Attributes:
        name: unique.
        kind: its source.
        catalog: cut-outs, to be shown on plain or busy backgrounds; may be empty.
        photos: pictures with their own surroundings; may be empty.
    """

    name: str
    kind: InstanceKind
    catalog: tuple[Subject, ...] = ()
    photos: tuple[Subject, ...] = ()


def whole_box(image: NDArray[np.uint8]) -> Box:
    """Return the box of a whole picture."""
    height, width = image.shape[:2]
    return Box(0, 0, width, height)


def catalog_subject(image: NDArray[np.uint8]) -> Subject:
    """Return the product of a catalog picture, cut out if its background is plain."""
    cutout = cut_out(image) or whole_picture(image)
    return Subject(cutout.image, cutout.mask, whole_box(cutout.image))


def read_household_picture(path: Path) -> NDArray[np.uint8]:
    """Read a household product's catalog picture, without the ruler that the 2016 ones show."""
    image = read_rgb(path, _CATALOG_SIDE)
    if not path.stem.startswith("apc2016"):
        return image
    return np.ascontiguousarray(image[:, : int((1 - _RULER_SHARE) * image.shape[1])])


def grocery_instances(data: TrainingData, located: Mapping[Path, Box]) -> list[Instance]:
    """Return cartons with their located photos and produce with whole photos.

    No kind of produce is held out: validation could only ask with one apple on white, which tells
    next to nothing of a heap, and a kind that was never seen is hardly recognised.
    """
    return [
        _grocery_product(data, product, located)
        for product in data.products()
        if product not in data.cartons or not is_held_out(product)
    ]


def _grocery_product(data: TrainingData, product: str, located: Mapping[Path, Box]) -> Instance:
    carton = product in data.cartons
    photos: list[Subject] = []
    for path in data.photos(product):
        if carton and path not in located:
            continue
        image = read_rgb(path, PHOTO_SIDE if carton else _CATALOG_SIDE)
        photos.append(Subject(image, None, located[path] if carton else whole_box(image)))
    return Instance(
        product,
        InstanceKind.CARTON if carton else InstanceKind.PRODUCE,
        (catalog_subject(read_rgb(data.iconic(product), _CATALOG_SIDE)),),
        tuple(photos),
    )


def household_instances(data: TrainingData) -> list[Instance]:
    """Return household products; those photographed in two years have two cut-outs."""
    return [
        Instance(
            name,
            InstanceKind.HOUSEHOLD,
            tuple(catalog_subject(read_household_picture(data.check(path))) for path in paths),
        )
        for name, paths in data.household().items()
        if not is_held_out(name)
    ]


def clothing_instances(data: TrainingData, most: int) -> list[Instance]:
    """Return clothes as prints, and after each a recoloured twin."""
    found: list[Instance] = []
    paths = [path for path in data.clothing() if not is_held_out(path.stem)]
    for number, path in enumerate(paths[:most]):
        image = read_rgb(data.check(path), _CLOTHING_SIDE)
        twin = recolour(image, number)
        for name, picture in ((path.stem, image), (f"{path.stem}-twin", twin)):
            found.append(Instance(name, InstanceKind.CLOTHING, (_print_subject(picture),)))
    return found


def print_instances(families: int) -> list[Instance]:
    """Return invented packages; each family's members stand together."""
    return [
        Instance(f"print-{seed}-{number}", InstanceKind.PRINT, (_print_subject(image),))
        for seed in range(families)
        for number, image in enumerate(draw_family(seed, _FAMILY_SIZE))
    ]


def beverage_instances(data: TrainingData) -> list[Instance]:
    """Return every boxed bottle or can; one brand may appear as several classes."""
    found: list[Instance] = []
    for labelled in data.beverages():
        if is_held_out(labelled.path.stem):
            continue
        image = read_rgb(data.check(labelled.path), PHOTO_SIDE)
        scale = max(image.shape[:2]) / labelled.longest
        for number, box in enumerate(labelled.boxes):
            scaled = Box(box.left * scale, box.top * scale, box.right * scale, box.bottom * scale)
            if min(scaled.width, scaled.height) >= 40:
                subject = Subject(image, None, scaled)
                name = f"{labelled.path.stem}-{number}"
                found.append(Instance(name, InstanceKind.BEVERAGE, photos=(subject,)))
    return found


def read_data_backgrounds(data: TrainingData, most: int) -> Sequence[NDArray[np.uint8]]:
    """Read pictures to stand behind and in front of products, at most 256 pixels long."""
    places = data.places() + data.clutter()
    rooms = tuple(labelled.path for labelled in data.paintings())
    floors = tuple(path for path in data.clothing() if not is_held_out(path.stem))[::12]
    shops = tuple(
        path
        for product in data.products()
        if product not in data.cartons and not is_held_out(product)
        for path in data.photos(product)[:4]
    )
    return [read_rgb(data.check(p), 256) for p in (places + rooms + shops + floors)[:most]]


def _print_subject(image: NDArray[np.uint8]) -> Subject:
    return Subject(image, whole_picture(image).mask, whole_box(image))
