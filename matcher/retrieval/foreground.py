"""Find the product in a reference picture, so that its background is not learnt with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.keypoints.features import KeypointMatcher, LocalFeatures
from matcher.keypoints.homography import find_placements
from matcher.results import Detection

_SURE: Final = 8
_PLAIN_SPREAD: Final = 14.0
_PLAIN_SHARE: Final = 0.9
_DIFFERENT: Final = 18.0
_SMALLEST_SHARE: Final = 0.02
_MARGIN: Final = 0.03
_CENTRAL: Final = (0.22, 0.12)
# Below it a box is as often one apple of a heap as the heap.
_SURE_BOX: Final = 0.4

Mask = NDArray[np.bool_]


class Locator(Protocol):
    """Proposes boxes of products; the detector is one."""

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Boxes that may hold a product, in any order."""
        ...


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
    features: LocalFeatures, siblings: Sequence[Sibling], matcher: KeypointMatcher
) -> Foreground | None:
    """Where the same product's earlier references are found in the picture."""
    best: tuple[int, NDArray[np.float32]] | None = None
    pairs = matcher.match(features, [one.features for one in siblings])
    for sibling, corresponding in zip(siblings, pairs, strict=True):
        for placement in find_placements(corresponding, features, sibling.features)[:1]:
            if placement.inliers >= max(_SURE, 0 if best is None else best[0] + 1):
                best = (placement.inliers, placement.carry(sibling.corners))
    if best is None:
        return None
    mask = np.zeros((features.height, features.width), np.uint8)
    cv2.fillConvexPoly(mask, np.rint(best[1]).astype(np.int32), 1)
    grow = max(int(_MARGIN * max(features.width, features.height)), 1)
    grown = cv2.dilate(mask, np.ones((2 * grow + 1, 2 * grow + 1), np.uint8))
    located = _within(np.asarray(grown) > 0)
    return None if located is None else replace(located, outline=best[1])


def locate_by_plain_background(image: NDArray[np.uint8]) -> Foreground | None:
    """What stands out from a background of one colour; None if the background is not plain."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    height, width = lab.shape[:2]
    colour = _background(lab)
    if colour is None:
        return None
    stands_out = (np.linalg.norm(lab - colour, axis=2) > _DIFFERENT).astype(np.uint8)
    reach = max(min(height, width) // 25, 3)
    closed = cv2.morphologyEx(stands_out, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    large = [one for one in outlines if cv2.contourArea(one) > _SMALLEST_SHARE * height * width]
    if not large:
        return None
    mask = np.zeros((height, width), np.uint8)
    cv2.drawContours(mask, large, -1, 1, thickness=cv2.FILLED)
    return _within(mask > 0)


def _background(lab: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The colour that two opposite sides share: print may touch the other two."""
    rim = max(min(lab.shape[:2]) // 50, 1)
    sides = [lab[:rim], lab[-rim:], lab[:, :rim], lab[:, -rim:]]
    rows = [side.reshape(-1, 3) for side in sides]
    for pair in (rows, rows[2:], rows[:2]):
        border = np.concatenate(pair)
        colour = np.median(border, axis=0)
        if (np.linalg.norm(border - colour, axis=1) < _PLAIN_SPREAD).mean() >= _PLAIN_SHARE:
            return np.asarray(colour, np.float32)
    return None


def locate_by_detector(
    image: NDArray[np.uint8], locator: Locator, confidence: float
) -> Foreground | None:
    """What fills the detector's largest confident box near the middle, without its corners.

    A box around something turned holds background in its corners. A box that the detector is not
    sure of is not `sure` either.
    """
    height, width = image.shape[:2]
    sure = [one for one in locator.detect(image) if one.confidence >= confidence]
    if not sure:
        return None

    def prominence(one: Detection) -> float:
        dx = (one.box.left + one.box.right) / width - 1
        dy = (one.box.top + one.box.bottom) / height - 1
        return one.confidence * one.box.area * float(np.exp(-2 * (dx * dx + dy * dy)))

    best = max(sure, key=prominence)
    box = best.box.clipped(width, height)
    mask = np.zeros((height, width), np.uint8)
    centre = (round((box.left + box.right) / 2), round((box.top + box.bottom) / 2))
    axes = (max(round(box.width / 2), 1), max(round(box.height / 2), 1))
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 1, thickness=cv2.FILLED)
    return _within(mask > 0, sure=best.confidence >= _SURE_BOX)


def locate_by_centre(image: NDArray[np.uint8]) -> Foreground | None:
    """The middle of the picture, where people hold what they photograph."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), bool)
    aside, above = round(_CENTRAL[0] * width), round(_CENTRAL[1] * height)
    mask[above : height - above, aside : width - aside] = True
    return _within(mask, sure=False)


def take_everything(image: NDArray[np.uint8]) -> Foreground:
    """The whole picture."""
    height, width = image.shape[:2]
    box = Box(0, 0, width, height)
    return Foreground(box, box_corners(box), np.ones((height, width), bool), sure=False)


def _within(mask: Mask, *, sure: bool = True) -> Foreground | None:
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    if len(rows) == 0:
        return None
    height, width = mask.shape
    box = Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
    return Foreground(box.padded(_MARGIN).clipped(width, height), box_corners(box), mask, sure)


def box_corners(box: Box) -> NDArray[np.float32]:
    """(4, 2) corners, clockwise from the top left."""
    return np.array(
        [
            [box.left, box.top],
            [box.right, box.top],
            [box.right, box.bottom],
            [box.left, box.bottom],
        ],
        np.float32,
    )
