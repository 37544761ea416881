"""Pairs to compare: a reference and a bad photo of it, or of a near-twin.

There are two kinds. Drawn: a picture or an altered copy of it is printed in other inks, bent,
covered and photographed badly; the same photograph of the same print of the original shows where a
difference can be seen at all. Real: a
phone photo aligned with its reference, which was altered afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.networks.grids import COMPARED_CELL
from matcher.retrieval.reference import VIEW_SIDE, ReferenceView
from matcher.verification.alignment import WarpedQuery
from matcher.verification.comparator import cell_shares, prepare_pair
from training.augment.camera import Degradation, apply_shot, draw_shot, photograph
from training.augment.reproduction import draw_reproduction, reproduce
from training.data.aligned_photos import AlignedPhoto
from training.data.near_twins import blend, draw_blot, make_twin, write_word

ROWS: Final = VIEW_SIDE // COMPARED_CELL
SAME: Final = 0
DIFFERENT: Final = 1
UNDECIDED: Final = -1
# Share of pairs made of real photos.
_REAL: Final = 0.4
# Share of drawn pairs whose query is a print of a digital original: its colours are off as a whole.
_PRINTED: Final = 0.5
# Distances are root mean squares over a window of so many pixels, in CIE Lab, colours weighing more
# than light: below the first nobody sees a difference, above the second everybody does; above the
# third in the reference, whatever the photo makes of it.
_WINDOW: Final = 13
_LAB_WEIGHTS: Final = (0.5, 1.5, 1.5)
_UNSEEN: Final = 3.0
_SEEN: Final = 11.0
_SEEN_IN_REFERENCE: Final = 16.0
# Of a cell's pixels: from which on it is the same, and from which on it differs.
_MOST_OF_A_CELL: Final = 0.75
_HALF_OF_A_CELL: Final = 0.5

Image = NDArray[np.uint8]
Labels = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class ComparatorMaterial:
    """Pictures that pairs are made of.

    Attributes:
        pictures: (h, w, 3) each, the longer side `VIEW_SIDE` pixels.
        families: near-twins that stand together, as large.
        photos: real ones of a reference; may be empty.
    """

    pictures: Sequence[Image]
    families: Sequence[Sequence[Image]]
    photos: Sequence[AlignedPhoto]


@dataclass(frozen=True, slots=True, eq=False)
class ComparatorPair:
    """One pair with its labels.

    Attributes:
        reference: (h, w, 3) uint8 RGB.
        query: (h, w, 3) uint8 RGB, in the reference's frame and at its exposure.
        labels: (ROWS, ROWS) int8 per cell: `SAME`, `DIFFERENT` or `UNDECIDED`.
    """

    reference: Image
    query: Image
    labels: Labels


def draw_pair(material: ComparatorMaterial, rng: np.random.Generator) -> ComparatorPair:
    """Draw one pair, of a real photo in four of ten cases if there are photos."""
    if material.photos and rng.random() < _REAL:
        reference, query, labels = _real(material, rng)
    else:
        reference, query, labels = _drawn(material, rng)
    if rng.random() < 0.5:
        reference, query = (np.ascontiguousarray(image[:, ::-1]) for image in (reference, query))
        labels = labels[:, ::-1]
    view = ReferenceView(reference, np.ones(reference.shape[:2], bool), 1.0)
    reference, query = prepare_pair(view, WarpedQuery(query, np.ones(query.shape[:2], bool)))
    return ComparatorPair(reference, query, _per_cell(labels))


def _drawn(material: ComparatorMaterial, rng: np.random.Generator) -> tuple[Image, Image, Labels]:
    reference, picture = _pair(material, rng)
    original = reference
    if rng.random() < _PRINTED:
        printing = draw_reproduction(rng)
        picture, original = reproduce(picture, printing), reproduce(reference, printing)
    query, of_reference, covered = _photographed(picture, original, rng)
    distance = _visible_distance(query, of_reference)
    labels = np.full(distance.shape, UNDECIDED, np.int8)
    labels[distance < _UNSEEN] = SAME
    labels[distance > _SEEN] = DIFFERENT
    labels[covered] = UNDECIDED
    if rng.random() < 0.35:
        reference = photograph(reference, rng, Degradation(float(rng.uniform(0.1, 0.7))))
    return reference, query, labels


def _pair(material: ComparatorMaterial, rng: np.random.Generator) -> tuple[Image, Image]:
    """Draw a reference and the picture to photograph: itself or a near-twin, of one shape."""
    if material.families and rng.random() < 0.35:
        family = material.families[int(rng.integers(len(material.families)))]
        first, second = rng.integers(len(family), size=2)
        return family[first], family[second]
    original = material.pictures[int(rng.integers(len(material.pictures)))]
    if rng.random() < 0.3:
        original = write_word(original, rng)
    twin = make_twin(original, material.pictures, rng) if rng.random() < 0.65 else original
    return (original, twin) if rng.random() < 0.5 else (twin, original)


def _real(material: ComparatorMaterial, rng: np.random.Generator) -> tuple[Image, Image, Labels]:
    photo = material.photos[int(rng.integers(len(material.photos)))]
    original, query = photo.view.picture, photo.warped.picture
    labels = np.where(photo.trusted, SAME, UNDECIDED).astype(np.int8)
    reference = original
    if rng.random() < 0.6:
        reference = make_twin(original, material.pictures, rng)
        distance = _visible_distance(reference, original)
        labels[photo.trusted & (distance > _UNSEEN)] = UNDECIDED
        labels[photo.trusted & (distance > _SEEN_IN_REFERENCE)] = DIFFERENT
    if rng.random() < 0.3:
        query = photograph(query, rng, Degradation(0.5))
    return reference, query, labels


def _photographed(
    image: Image, original: Image, rng: np.random.Generator
) -> tuple[Image, Image, NDArray[np.bool_]]:
    """Take a bad photo, the same photo of the original, and where something is in front."""
    height, width = image.shape[:2]
    bend = _bend(height, width, rng)
    in_front = np.zeros((height, width, 1), np.float32)
    if rng.random() < 0.35:
        in_front = draw_blot(height, width, rng, 0.2, 0.7)
    colour = np.broadcast_to(rng.uniform(20, 240, 3), image.shape)
    # One shot for both: noise must not look like a difference.
    shot = draw_shot(Degradation(float(rng.uniform(0.3, 1.3))), height, width, rng)
    away = float(rng.uniform(0.2, 0.9)) if rng.random() < 0.5 else 1.0

    def take(picture: Image) -> Image:
        bent = cv2.remap(
            picture, bend[..., 0], bend[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        covered = blend(np.asarray(bent, np.uint8), colour, in_front)
        return _from_afar(apply_shot(covered, shot), away)

    return take(image), take(original), in_front[..., 0] > 0.3


def _from_afar(image: Image, share: float) -> Image:
    if share >= 1:
        return image
    height, width = image.shape[:2]
    size = (max(int(width * share), 8), max(int(height * share), 8))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height)), np.uint8)


def _bend(height: int, width: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw (H, W, 2) float32, where each pixel comes from: a homography and a package are off."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.normal(0, 1, (4, 2)) * rng.exponential(0.008) * VIEW_SIDE
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    places = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ matrix.T
    waves = rng.normal(0, rng.exponential(1.2), (4, 4, 2)).astype(np.float32)
    smooth = cv2.resize(waves, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(places[..., :2] / places[..., 2:] + smooth, np.float32)


def _visible_distance(picture: Image, other: Image) -> NDArray[np.float32]:
    """Return (H, W) float32: how much two pictures differ around each pixel."""
    first, second = (
        cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32) for image in (picture, other)
    )
    square = ((first - second) ** 2 @ np.array(_LAB_WEIGHTS, np.float32)).astype(np.float32)
    return np.sqrt(np.asarray(cv2.boxFilter(square, -1, (_WINDOW, _WINDOW)), np.float32))


def _per_cell(labels: Labels) -> Labels:
    cells = np.full((ROWS, ROWS), UNDECIDED, np.int8)
    cells[cell_shares(labels == SAME, ROWS, ROWS) > _MOST_OF_A_CELL] = SAME
    cells[cell_shares(labels == DIFFERENT, ROWS, ROWS) > _HALF_OF_A_CELL] = DIFFERENT
    return cells
