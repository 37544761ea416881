"""Places of a product in its reference picture, each by one kind of evidence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.keypoints.features import KeypointMatcher, LocalFeatures
from matcher.keypoints.homography import Placement, find_placements
from matcher.retrieval.ground import Mask, draw_pieces, find_plain_ground


@dataclass(frozen=True, slots=True)
class ForegroundSettings:
    """Thresholds of telling a product from its background."""

    sibling_inliers: int = 8  # keypoints of an earlier reference that prove a place
    smallest_share: float = 0.02  # of the picture; smaller things are dust and shadows
    margin: float = 0.03  # around the product: of the box's sides, of the picture's longer side
    # Of the outline that another reference gives: where the pairs cover this much of it, they
    # agree on the whole surface; elsewhere only what is near them is the product for certain.
    agreed_share: float = 0.4
    near_pairs: float = 0.2  # of the outline's diagonal around the pairs that agree
    most_stretch: float = 2.5  # times that an outline's shape may differ from the reference's own


FOREGROUND_SETTINGS: Final = ForegroundSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Foreground:
    """Where the product is.

    Attributes:
        box: pixels of the picture, with a margin.
        outline: (4, 2) float32, the product's corners without it.
        mask: (H, W) bool over the whole picture, product, not background.
        sure: whether it is more than a place to look for keypoints.
    """

    box: Box
    outline: NDArray[np.float32]
    mask: Mask
    sure: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Sibling:
    """An earlier reference of the same product.

    Attributes:
        features: in its canonical crop's pixels.
        corners: (4, 2) float32, the product's outline there.
    """

    features: LocalFeatures
    corners: NDArray[np.float32]


def locate_by_siblings(
    features: LocalFeatures,
    siblings: Sequence[Sibling],
    matcher: KeypointMatcher,
    settings: ForegroundSettings = FOREGROUND_SETTINGS,
) -> Foreground | None:
    """Return where earlier references of the same product agree with the picture.

    The mask is the product's whole outline where the pairs cover enough of it, else what lies
    around them: a homography that a patch supports says nothing of what is far from the patch.
    """
    best: tuple[Placement, NDArray[np.float32]] | None = None
    pairs = matcher.match(features, [sibling.features for sibling in siblings])
    for sibling, corresponding in zip(siblings, pairs, strict=True):
        for placement in find_placements(corresponding, features, sibling.features)[:1]:
            outline = placement.carry(sibling.corners)
            enough = settings.sibling_inliers if best is None else best[0].inliers + 1
            if placement.inliers >= enough and _is_plausible(outline, sibling.corners, settings):
                best = (placement, outline)
    if best is None:
        return None
    mask = _agreed(*best, features, settings)
    grow = max(int(settings.margin * max(features.width, features.height)), 1)
    grown = cv2.dilate(mask, np.ones((2 * grow + 1, 2 * grow + 1), np.uint8))
    found = foreground_of(np.asarray(grown) > 0, settings)
    return None if found is None else replace(found, outline=best[1])


def _is_plausible(
    outline: NDArray[np.float32], own: NDArray[np.float32], settings: ForegroundSettings
) -> bool:
    """Return whether an outline is convex and no more than a tilt away from the reference's."""
    if not np.isfinite(outline).all() or not cv2.isContourConvex(outline):
        return False
    across, down = (_side_lengths(outline) / np.maximum(_side_lengths(own), 1.0)).tolist()
    most = settings.most_stretch
    return bool(min(across, down) > 0 and max(across / down, down / across) <= most)


def _side_lengths(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean lengths (2,) of the sides across and down, in pixels."""
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    return np.asarray([(sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2], np.float32)


def _agreed(
    placement: Placement,
    outline: NDArray[np.float32],
    features: LocalFeatures,
    settings: ForegroundSettings,
) -> NDArray[np.uint8]:
    whole = np.zeros((features.height, features.width), np.uint8)
    cv2.fillConvexPoly(whole, np.rint(outline).astype(np.int32), 1)
    hull = np.rint(cv2.convexHull(placement.query_points)).astype(np.int32)
    if cv2.contourArea(hull) >= settings.agreed_share * max(int(whole.sum()), 1):
        return whole
    agreed = np.zeros_like(whole)
    cv2.fillConvexPoly(agreed, hull, 1)
    diagonal = float(np.linalg.norm(outline.max(axis=0) - outline.min(axis=0)))
    reach = max(round(settings.near_pairs * diagonal), 1)
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(np.minimum(cv2.dilate(agreed, around), whole), np.uint8)


def locate_by_plain_background(
    image: NDArray[np.uint8], settings: ForegroundSettings = FOREGROUND_SETTINGS
) -> Foreground | None:
    """Return what stands out where two opposite sides are plain; None where they are not."""
    ground = find_plain_ground(image)
    if ground is None or not ground.is_opposite:
        return None
    height, width = image.shape[:2]
    least = settings.smallest_share * height * width
    large = tuple(piece for piece in ground.pieces if piece.area > least)
    return foreground_of(draw_pieces(large, height, width), settings)


def take_box(
    box: Box, image: NDArray[np.uint8], settings: ForegroundSettings = FOREGROUND_SETTINGS
) -> Foreground | None:
    """Return what lies in a box; None if that is nothing of the (H, W, 3) picture."""
    height, width = image.shape[:2]
    inside = box.clipped(width, height)
    mask = np.zeros((height, width), bool)
    top, left = int(np.floor(inside.top)), int(np.floor(inside.left))
    mask[top : int(np.ceil(inside.bottom)), left : int(np.ceil(inside.right))] = True
    return foreground_of(mask, settings)


def take_outline(
    outline: NDArray[np.float32],
    image: NDArray[np.uint8],
    settings: ForegroundSettings = FOREGROUND_SETTINGS,
) -> Foreground | None:
    """Return what lies in a (4, 2) outline; None if that is nothing of the (H, W, 3) picture."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], 1)
    found = foreground_of(mask > 0, settings)
    return None if found is None else replace(found, outline=outline)


def take_everything(image: NDArray[np.uint8]) -> Foreground:
    """Return the whole picture."""
    height, width = image.shape[:2]
    box = Box(0, 0, width, height)
    return Foreground(box, box_corners(box), np.ones((height, width), bool), sure=False)


def foreground_of(
    mask: Mask, settings: ForegroundSettings = FOREGROUND_SETTINGS
) -> Foreground | None:
    """Return the place of an (H, W) mask; None where it is empty."""
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    if len(rows) == 0:
        return None
    height, width = mask.shape
    box = Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
    around = box.padded(settings.margin).clipped(width, height)
    return Foreground(around, box_corners(box), mask)


def box_corners(box: Box) -> NDArray[np.float32]:
    """Return the (4, 2) corners, clockwise from the top left."""
    left, top, right, bottom = box.left, box.top, box.right, box.bottom
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
