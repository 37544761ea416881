"""Flat things whose keypoints are paired: catalog pictures, prints, photos of known cartons.

Each thing has a reference (its keypoints as the catalog stores them) and a picture of it, with the
homography that takes the reference's pixels into the picture. Mostly the reference was made of that
very picture; in photos of cartons it was located as the matcher does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import CompactFeatures, Encoding
from matcher.detection.proposals import PrintDetector
from matcher.imaging.resize import resize_within
from matcher.keypoints.features import FrontEnd
from matcher.keypoints.homography import find_placements
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.retrieval.encoder import reference_encoder
from matcher.retrieval.foreground import locate_by_plain_background
from matcher.retrieval.reference import canonical_corners
from matcher.retrieval.untrained import ColourEmbedder
from training.data.instances import read_household_picture
from training.data.prints import draw_family
from training.data.sources import TrainingData, is_held_out, read_rgb
from training.render.shop import draw_catalog_pictures, make_products

# Pixels of the longer side: of pictures, and of photos in which references are searched.
_LONGEST: Final = 640
_SEARCHED: Final = 640
# Keypoints of a photo at most.
_EXTRACTED: Final = 1500
# Keypoint pairs on one homography that prove a reference in a photo.
_PROVEN: Final = 18
_FEWEST_KEYPOINTS: Final = 24
_FAMILY_SIZE: Final = 3
_PRODUCE_PHOTOS: Final = 6


@dataclass(frozen=True, slots=True)
class ThingCounts:
    """How many pictures to take of plentiful kinds.

    Attributes:
        clothes: pictures of clothes; a tenth as many to validate with.
        shops: sets of drawn packages.
        families: of invented prints.
    """

    clothes: int = 500
    shops: int = 4
    families: int = 40


@dataclass(frozen=True, slots=True, eq=False)
class ThingReference:
    """The features that the catalog would keep of a thing.

    Attributes:
        name: unique.
        brand: things of one brand may be near-twins; unique where nothing is known.
        local: keypoints in storage form.
        width: of the canonical crop in pixels.
        height: of the canonical crop in pixels.
    """

    name: str
    brand: str
    local: CompactFeatures
    width: int
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class FlatThing:
    """One picture of a thing.

    Attributes:
        reference: index of its reference.
        image: (H, W, 3) uint8, RGB.
        alpha: (H, W) uint8, 255 where the picture is worth showing.
        surface: (H, W) uint8, 255 where it is known to show the reference; within `alpha`.
        from_reference: (3, 3) float64, canonical pixels to the picture's.
        photo: whether it is a real photo, and not the picture that the reference was made of.
    """

    reference: int
    image: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    surface: NDArray[np.uint8]
    from_reference: NDArray[np.float64]
    photo: bool


@dataclass(frozen=True, slots=True, eq=False)
class ThingPicture:
    """A picture that becomes a reference.

    Attributes:
        name: unique.
        brand: see `ThingReference`.
        image: (H, W, 3) uint8, RGB.
        photos: of the same product.
    """

    name: str
    brand: str
    image: NDArray[np.uint8]
    photos: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ThingCollection:
    """Things and their references."""

    references: tuple[ThingReference, ...]
    things: tuple[FlatThing, ...]


class ThingCollector:
    """A collector of things, which encodes pictures as the catalog does."""

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        self._matcher = NearestNeighbourMatcher()
        self._encoder = reference_encoder(front_end, ColourEmbedder(), PrintDetector())

    def collect(self, pictures: Iterator[ThingPicture]) -> ThingCollection:
        """Return references and things of pictures with enough keypoints; blocks for minutes."""
        references: list[ThingReference] = []
        things: list[FlatThing] = []
        for picture in pictures:
            encoding = self._encoder.encode(picture.image, ())
            if len(encoding.local.points) < _FEWEST_KEYPOINTS:
                continue
            number = len(references)
            crop = encoding.crop
            references.append(
                ThingReference(picture.name, picture.brand, encoding.local, crop.width, crop.height)
            )
            things.append(_catalog_thing(picture.image, encoding, number))
            things += self._photos(picture.photos, encoding, number)
        return ThingCollection(tuple(references), tuple(things))

    def _photos(self, paths: tuple[Path, ...], encoding: Encoding, number: int) -> list[FlatThing]:
        found = (self._photo(path, encoding, number) for path in paths)
        return [thing for thing in found if thing is not None]

    def _photo(self, path: Path, encoding: Encoding, number: int) -> FlatThing | None:
        """Return a photo in which the reference is proven, with its place; None where it is not."""
        image = read_rgb(path, _LONGEST)
        searched, scale = resize_within(image, _SEARCHED, _SEARCHED)
        query = self._front_end.extract(searched, _EXTRACTED)
        crop = encoding.crop
        reference = self._front_end.unpack(encoding.local, crop.width, crop.height)
        placed = find_placements(self._matcher.match(query, [reference])[0], query, reference)
        if not placed or placed[0].inliers < _PROVEN:
            return None
        shrink = np.diag([1 / scale, 1 / scale, 1.0])
        surface = np.zeros(image.shape[:2], np.uint8)
        outline = placed[0].carry(canonical_corners(crop)) / scale
        cv2.fillPoly(surface, [np.rint(outline).astype(np.int32)], 255)
        whole = np.full(image.shape[:2], 255, np.uint8)
        return FlatThing(number, image, whole, surface, shrink @ placed[0].homography, photo=True)


def read_training_pictures(data: TrainingData, amounts: ThingCounts) -> Iterator[ThingPicture]:
    """Yield every picture that pairs to train on may be made of."""
    yield from _cartons(data, held_out=False)
    yield from _shops(amounts.shops)
    yield from _households(data, held_out=False)
    yield from _invented(amounts.families)
    others = [*data.places(), *(path for path in _produce(data) if not is_held_out(path.stem))]
    others += [file.path for file in (*data.beverages(), *data.paintings())]
    clothing = [path for path in data.clothing() if not is_held_out(path.stem)]
    for path in (*others, *clothing[: amounts.clothes]):
        if not is_held_out(path.stem):
            yield _plain(data.check(path))


def read_held_out_pictures(data: TrainingData, amounts: ThingCounts) -> Iterator[ThingPicture]:
    """Yield pictures to validate with: held-out products, and others of the kinds trained on."""
    yield from _cartons(data, held_out=True)
    yield from _households(data, held_out=True)
    clothing = [path for path in data.clothing() if is_held_out(path.stem)]
    places = [path for path in data.places() if is_held_out(path.stem)]
    for path in (*places, *clothing[: amounts.clothes // 10]):
        yield _plain(data.check(path))


def _cartons(data: TrainingData, *, held_out: bool) -> Iterator[ThingPicture]:
    for product in data.cartons:
        if product in data.left_out or is_held_out(product) is not held_out:
            continue
        image = read_rgb(data.iconic(product), _LONGEST)
        yield ThingPicture(product, product.partition("-")[0], image, data.photos(product))


def _households(data: TrainingData, *, held_out: bool) -> Iterator[ThingPicture]:
    for name, paths in data.household().items():
        if is_held_out(name) is held_out:
            brand = name.partition("_")[0]
            yield ThingPicture(name, brand, read_household_picture(data.check(paths[0])))


def _shops(shops: int) -> Iterator[ThingPicture]:
    """Yield rendered packages; near-twins have the same brand."""
    for seed in range(shops):
        for product in make_products(seed):
            brand = f"{product.product_id.partition('-')[0]}-{seed}"
            for view in draw_catalog_pictures(product)[:1]:
                image = resize_within(view.image, 1, _LONGEST)[0]
                yield ThingPicture(f"{product.product_id}-{seed}", brand, image)


def _invented(families: int) -> Iterator[ThingPicture]:
    for seed in range(families):
        for number, image in enumerate(draw_family(seed, _FAMILY_SIZE)):
            yield ThingPicture(f"print-{seed}-{number}", f"print-{seed}", image)


def _produce(data: TrainingData) -> list[Path]:
    products = [
        product
        for product in data.products()
        if product not in data.cartons and not is_held_out(product)
    ]
    return [path for product in products for path in data.photos(product)[:_PRODUCE_PHOTOS]]


def _plain(path: Path) -> ThingPicture:
    name = f"{path.parent.name}/{path.stem}"
    return ThingPicture(name, name, read_rgb(path, _LONGEST))


def _catalog_thing(image: NDArray[np.uint8], encoding: Encoding, number: int) -> FlatThing:
    """Return the picture a reference was made of, without its background where that is plain."""
    located = locate_by_plain_background(image)
    mask = np.full(image.shape[:2], 255, np.uint8)
    if located is not None:
        mask = located.mask.astype(np.uint8) * 255
    return FlatThing(number, image, mask, mask, encoding.crop.to_picture, photo=False)
