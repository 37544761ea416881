"""Find the product in a reference picture, so that its background is not encoded with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.detection.detector import Detector
from matcher.imaging.box import Box
from matcher.keypoints.features import KeypointMatcher, LocalFeatures
from matcher.keypoints.homography import find_placements
from matcher.results import Detection

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ForegroundSettings:
    """Thresholds of telling a product from its background."""

    sibling_inliers: int = 8  # keypoints of an earlier reference that prove a place
    plain_spread: float = 14.0  # units of 8-bit CIELAB around the median of a plain background
    plain_share: float = 0.9  # of the rim's pixels that lie within it; the product may touch it
    different: float = 18.0  # units of 8-bit CIELAB from which a pixel stands out
    smallest_share: float = 0.02  # of the picture; smaller things are dust and shadows
    margin: float = 0.03  # around the product: of the box's sides, of the picture's longer side
    aside: float = 0.22  # share of the width left out on each side of the middle
    above: float = 0.12  # share of the height left out above and below it
    least_confidence: float = 0.1  # of a detector's box; among several the most prominent counts
    # Below this confidence a box is as often one apple of a heap as the heap.
    sure_confidence: float = 0.4


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
    """Return where earlier references of the same product are found in the picture."""
    best: tuple[int, NDArray[np.float32]] | None = None
    pairs = matcher.match(features, [sibling.features for sibling in siblings])
    for sibling, corresponding in zip(siblings, pairs, strict=True):
        for placement in find_placements(corresponding, features, sibling.features)[:1]:
            if placement.inliers >= max(
                settings.sibling_inliers, 0 if best is None else best[0] + 1
            ):
                best = (placement.inliers, placement.carry(sibling.corners))
    if best is None:
        return None
    mask = np.zeros((features.height, features.width), np.uint8)
    cv2.fillConvexPoly(mask, np.rint(best[1]).astype(np.int32), 1)
    grow = max(int(settings.margin * max(features.width, features.height)), 1)
    grown = cv2.dilate(mask, np.ones((2 * grow + 1, 2 * grow + 1), np.uint8))
    found = _within(np.asarray(grown) > 0, settings)
    return None if found is None else replace(found, outline=best[1])


def locate_by_plain_background(
    image: NDArray[np.uint8], settings: ForegroundSettings = FOREGROUND_SETTINGS
) -> Foreground | None:
    """Return what stands out from a background of one colour; None if it is not plain."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    height, width = lab.shape[:2]
    colour = _background(lab, settings)
    if colour is None:
        return None
    stands_out = (np.linalg.norm(lab - colour, axis=2) > settings.different).astype(np.uint8)
    reach = max(min(height, width) // 25, 3)
    closed = cv2.morphologyEx(stands_out, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    least = settings.smallest_share * height * width
    large = [outline for outline in outlines if cv2.contourArea(outline) > least]
    if not large:
        return None
    mask = np.zeros((height, width), np.uint8)
    cv2.drawContours(mask, large, -1, 1, thickness=cv2.FILLED)
    return _within(mask > 0, settings)


def _background(
    lab: NDArray[np.float32], settings: ForegroundSettings
) -> NDArray[np.float32] | None:
    """Return the colour that two opposite sides share: print may touch the other two."""
    rim = max(min(lab.shape[:2]) // 50, 1)
    sides = [lab[:rim], lab[-rim:], lab[:, :rim], lab[:, -rim:]]
    rows = [side.reshape(-1, 3) for side in sides]
    for pair in (rows, rows[2:], rows[:2]):
        border = np.concatenate(pair)
        colour = np.median(border, axis=0)
        plain = np.linalg.norm(border - colour, axis=1) < settings.plain_spread
        if plain.mean() >= settings.plain_share:
            return np.asarray(colour, np.float32)
    return None


def locate_by_detector(
    image: NDArray[np.uint8], detector: Detector, settings: ForegroundSettings = FOREGROUND_SETTINGS
) -> Foreground | None:
    """Return the ellipse in the detector's largest confident box near the middle.

    A box around something turned holds background in its corners. A box of low confidence is not
    `sure` either.
    """
    height, width = image.shape[:2]
    confident = [
        detection
        for detection in detector.detect(image)
        if detection.confidence >= settings.least_confidence
    ]
    if not confident:
        return None

    def prominence(detection: Detection) -> float:
        dx = (detection.box.left + detection.box.right) / width - 1
        dy = (detection.box.top + detection.box.bottom) / height - 1
        central = float(np.exp(-2 * (dx * dx + dy * dy)))
        return detection.confidence * detection.box.area * central

    best = max(confident, key=prominence)
    box = best.box.clipped(width, height)
    mask = np.zeros((height, width), np.uint8)
    centre = (round((box.left + box.right) / 2), round((box.top + box.bottom) / 2))
    axes = (max(round(box.width / 2), 1), max(round(box.height / 2), 1))
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 1, thickness=cv2.FILLED)
    return _within(mask > 0, settings, sure=best.confidence >= settings.sure_confidence)


def locate_by_centre(
    image: NDArray[np.uint8], settings: ForegroundSettings = FOREGROUND_SETTINGS
) -> Foreground | None:
    """Return the middle of the picture, where people hold what they photograph."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), bool)
    aside, above = round(settings.aside * width), round(settings.above * height)
    mask[above : height - above, aside : width - aside] = True
    return _within(mask, settings, sure=False)


def take_everything(image: NDArray[np.uint8]) -> Foreground:
    """Return the whole picture."""
    height, width = image.shape[:2]
    box = Box(0, 0, width, height)
    return Foreground(box, box_corners(box), np.ones((height, width), bool), sure=False)


def _within(mask: Mask, settings: ForegroundSettings, *, sure: bool = True) -> Foreground | None:
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    if len(rows) == 0:
        return None
    height, width = mask.shape
    box = Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
    around = box.padded(settings.margin).clipped(width, height)
    return Foreground(around, box_corners(box), mask, sure)


def box_corners(box: Box) -> NDArray[np.float32]:
    """Return the (4, 2) corners, clockwise from the top left."""
    left, top, right, bottom = box.left, box.top, box.right, box.bottom
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
