"""Pictures that compared pairs are made of, at the size where the comparator sees them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.retrieval.reference import VIEW_SIDE
from training.comparator.pairs import ComparatorMaterial
from training.data.aligned_photos import AlignedPhoto
from training.data.cutouts import cut_out
from training.data.instances import read_household_picture
from training.data.prints import draw_family
from training.data.sources import LabelledFile, TrainingData, is_held_out, read_rgb
from training.render.shop import draw_catalog_pictures, make_products

_FAMILY_SIZE: Final = 3
# Of each boxed picture at most.
_BOXES: Final = 6
# Pixels of the shorter side; smaller parts are left out, smaller cut-outs are taken whole.
_SMALLEST_BOX: Final = 60
_SMALLEST_CUTOUT: Final = 40

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class MaterialCounts:
    """How many pictures to take of plentiful kinds; a quarter as many to validate with.

    Attributes:
        clothes: pictures of clothes.
        families: of invented prints.
        shops: sets of drawn packages.
    """

    clothes: int = 260
    families: int = 160
    shops: int = 4

    def share(self, *, held_out: bool) -> "MaterialCounts":
        """Return the counts to train on, or to validate with."""
        if not held_out:
            return self
        return MaterialCounts(-(-self.clothes // 4), -(-self.families // 4), self.shops // 4)


def collect_material(
    data: TrainingData, amounts: MaterialCounts, photos: Sequence[AlignedPhoto], *, held_out: bool
) -> ComparatorMaterial:
    """Collect everything that may be trained on, or everything that is held out.

    Blocks for a minute.

    Args:
        data: the data folder.
        amounts: of plentiful kinds.
        photos: aligned ones to learn from.
        held_out: take pictures that are kept for validation, else those to train on.
    """
    amounts = amounts.share(held_out=held_out)
    families = [
        [_fitted(image) for image in draw_family(2 * seed + held_out, _FAMILY_SIZE)]
        for seed in range(amounts.families)
    ]
    pictures = [_fitted(picture) for picture in _pictures(data, held_out, amounts.clothes)]
    for seed in range(amounts.shops):
        shop = {
            product.product_id: (
                _fitted(_trimmed(draw_catalog_pictures(product)[0].image)),
                product.twin,
            )
            for product in make_products(100 * held_out + seed)
        }
        pictures += [picture for picture, _ in shop.values()]
        for picture, twin in shop.values():
            if twin is not None:
                size = (picture.shape[1], picture.shape[0])
                families.append([picture, np.asarray(cv2.resize(shop[twin][0], size), np.uint8)])
    return ComparatorMaterial(pictures, families, photos)


def _pictures(data: TrainingData, held_out: bool, clothes: int) -> Iterator[Image]:
    def belongs(name: str) -> bool:
        return is_held_out(name) is held_out

    for product in filter(belongs, data.products()):
        yield _trimmed(read_rgb(data.iconic(product), 400))
    for name, paths in data.household().items():
        if belongs(name):
            yield from (_trimmed(read_household_picture(data.check(path))) for path in paths)
    garments = [path for path in data.clothing() if belongs(path.stem)]
    step = max(len(garments) // clothes, 1)
    yield from (read_rgb(data.check(path), 300) for path in garments[::step][:clothes])
    for labelled in (*data.paintings(), *data.beverages()[::4]):
        if belongs(labelled.path.stem):
            yield from _boxed(labelled)


def _boxed(labelled: LabelledFile) -> Iterator[Image]:
    image = read_rgb(labelled.path, 1000)
    scale = max(image.shape[:2]) / labelled.longest
    for box in labelled.boxes[:_BOXES]:
        part = box.scaled(scale).clipped(image.shape[1], image.shape[0]).crop(image)
        if min(part.shape[:2]) > _SMALLEST_BOX:
            yield part


def _trimmed(image: Image) -> Image:
    """Cut the picture out of its plain background, where it has one."""
    cutout = cut_out(image)
    return (
        image if cutout is None or min(cutout.image.shape[:2]) < _SMALLEST_CUTOUT else cutout.image
    )


def _fitted(image: Image) -> Image:
    """Resize the picture to the size where the comparator sees it."""
    scale = VIEW_SIDE / max(image.shape[:2])
    size = (max(round(image.shape[1] * scale), 8), max(round(image.shape[0] * scale), 8))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
