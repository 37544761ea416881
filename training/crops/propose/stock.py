"""The stuff of scenes, read once: pictures as paintings, cut-outs, places, labelled art."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from matcher.imaging.box import Box
from training.crops.propose.art import ArtSplit
from training.crops.propose.target import OBJECT, PAINTING, Image, MeantThing, TargetPicture
from training.crops.propose.works import Work
from training.data.instances import catalog_subject, read_household_picture
from training.data.prints import draw_family
from training.data.sources import LabelledFile, TrainingData, is_held_out, read_rgb

# Pixels of the longer side of what is kept in memory.
_ART_SIDE: Final = 720
_PHOTO_SIDE: Final = 400
_CUT_OUT_SIDE: Final = 260
# How many of each.
_CLOTHES: Final = 260
_PRINTS: Final = 60
_SHOP_PHOTOS: Final = 2  # of each product
# Pictures of the train split whose boxes show statues and things, by their place in the folder's
# order; a box's number follows where only some do.
_STATUES: Final = {
    "20201003_173051.jpg": (),
    "20210606_141906.jpg": (),
    "20210910_191256.jpg": (),
    "20210910_204401.jpg": (),
    "DSC_1209.jpg": (),
    "DSC_2149.jpg": (),
    "DSC_2902.jpg": (),
    "WP_20131116_017.jpg": (1, 2),
    "WP_20140222_15_38_04_Pro.jpg": (),
    "WP_20140222_17_39_20_Pro.jpg": (),
}


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """Pictures in memory.

    Attributes:
        art: labelled pictures of art.
        pieces: what their boxes show, to be hung elsewhere.
        bottles: pictures whose bottles and cans are all boxed.
        things: cut-outs of products.
        photos: ordinary pictures, to be framed or to stand behind.
        clothes: pictures of garments, to be framed or worn.
    """

    art: tuple[TargetPicture, ...]
    pieces: tuple[Image, ...]
    bottles: tuple[TargetPicture, ...]
    things: tuple[Work, ...]
    photos: tuple[Image, ...]
    clothes: tuple[Image, ...]

    def with_art(self, art: Sequence[TargetPicture]) -> "Stock":
        """Return the same with other labelled pictures of art, or none."""
        pieces = tuple(piece for picture in art for piece in _pieces(picture))
        return replace(self, art=tuple(art), pieces=pieces)


def read_stock(data: TrainingData, split: ArtSplit) -> Stock:
    """Read everything that scenes are composed of; takes some ten seconds.

    Raises:
        TrainingError: a picture is missing or broken.
    """
    art = tuple(_read_art(file) for file in split.learnt)
    clothes = [path for path in data.clothing() if not is_held_out(path.stem)]
    prints = [image for seed in range(_PRINTS) for image in draw_family(seed, 1)]
    return Stock(
        art=art,
        pieces=tuple(piece for picture in art for piece in _pieces(picture)),
        bottles=tuple(
            _as_targets(read_rgb(data.check(file.path), _PHOTO_SIDE), file, {})
            for file in data.beverages()
            if not is_held_out(file.path.stem)
        ),
        things=_things(data),
        photos=(*(read_rgb(path, _PHOTO_SIDE) for path in data.places()), *prints),
        clothes=tuple(read_rgb(data.check(path), _CUT_OUT_SIDE) for path in clothes[:_CLOTHES]),
    )


def _read_art(file: LabelledFile) -> TargetPicture:
    numbers = _STATUES.get(file.path.name)
    statues = range(len(file.boxes)) if numbers == () else numbers or ()
    kinds = dict.fromkeys(range(len(file.boxes)), PAINTING) | dict.fromkeys(statues, OBJECT)
    return _as_targets(read_rgb(file.path, _ART_SIDE), file, kinds)


def _as_targets(image: Image, file: LabelledFile, kinds: dict[int, int]) -> TargetPicture:
    scale = max(image.shape[:2]) / file.longest
    targets = [
        MeantThing(box.scaled(scale), kinds.get(number, OBJECT))
        for number, box in enumerate(file.boxes)
    ]
    return TargetPicture(image, tuple(targets))


def _pieces(picture: TargetPicture) -> list[Image]:
    return [
        _cut(picture.image, target.box)
        for target in picture.targets
        if target.kind == PAINTING and min(target.box.width, target.box.height) > 16
    ]


def _cut(image: Image, box: Box) -> Image:
    window = np.s_[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]
    return np.ascontiguousarray(image[window])


def _things(data: TrainingData) -> tuple[Work, ...]:
    images: Sequence[Image] = [
        read_household_picture(data.check(path))
        for name, paths in data.household().items()
        if not is_held_out(name)
        for path in paths
    ]
    grocery = [
        read_rgb(data.iconic(product), _CUT_OUT_SIDE)
        for product in data.products()
        if product not in data.cartons or not is_held_out(product)
    ]
    found = []
    for image in (*images, *grocery):
        subject = catalog_subject(image)
        if subject.mask is not None and subject.mask.min() == 0:
            found.append(Work(subject.image, subject.mask, False))
    return tuple(found)
