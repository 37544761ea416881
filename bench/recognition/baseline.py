"""The classical method everything is compared with: RootSIFT, ratio test, MAGSAC, inlier count.

It shares no code with `matcher`, so that a change there can never weaken what it is compared with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

LONGEST_SIDE: Final = 640
KEYPOINTS: Final = 2048
RATIO: Final = 0.8
INLIER_PIXELS: Final = 5.0
_MINIMAL_PAIRS: Final = 4
_MARGIN_CONTRAST: Final = 24.0
_MARGIN_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class RootSiftKeypoints:
    """RootSIFT features of one picture.

    Attributes:
        points: (N, 2) float32, (x, y) in the picture's own pixels.
        descriptors: (N, 128) float32, unit length.
        width: pixels of the picture.
        height: pixels of the picture.
    """

    points: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    width: int
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class BaselineAnswer:
    """The best reference of one photo.

    Attributes:
        product_id: None when no reference has an inlier.
        inliers: of its best reference's homography.
        outline: (4, 2) float64, corners of that reference without its margin, in the photo; (0, 2)
            if none.
        inliers_by_product: of each product's best reference, products without inliers left out.
    """

    product_id: str | None
    inliers: int
    outline: NDArray[np.float64]
    inliers_by_product: Mapping[str, int]


def root_sift(
    image: NDArray[np.uint8], limit: int = KEYPOINTS, longest_side: int | None = LONGEST_SIDE
) -> RootSiftKeypoints:
    """Features of an (H, W, 3) RGB picture, resized first so that its longest side is as given."""
    height, width = image.shape[:2]
    scale = 1.0 if longest_side is None else longest_side / max(height, width)
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if scale != 1.0:
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=method)
    found, raw = cv2.SIFT.create(nfeatures=limit).detectAndCompute(gray, None)
    if not found:
        empty = np.zeros((0, 2), np.float32)
        return RootSiftKeypoints(empty, np.zeros((0, 128), np.float32), width, height)
    # SIFT may return more than the limit: several orientations share one strength.
    points = np.array([keypoint.pt for keypoint in found[:limit]], np.float32)
    descriptors = np.sqrt(raw[:limit] / np.maximum(raw[:limit].sum(axis=1, keepdims=True), 1e-9))
    to_own = np.array([width / gray.shape[1], height / gray.shape[0]], np.float32)
    return RootSiftKeypoints((points + 0.5) * to_own - 0.5, descriptors, width, height)


def ratio_pairs(
    query: RootSiftKeypoints, reference: RootSiftKeypoints, ratio: float = RATIO
) -> NDArray[np.intp]:
    """Pairs (M, 2) of query and reference indices whose nearest is clearly nearer than the next."""
    if len(query.points) == 0 or len(reference.points) < 2:
        return np.zeros((0, 2), np.intp)
    similarity = query.descriptors @ reference.descriptors.T
    rows = np.arange(len(similarity))
    nearest = similarity.argmax(axis=1)
    best = similarity[rows, nearest]
    similarity[rows, nearest] = -np.inf
    second = similarity.max(axis=1)
    keep = 1 - best < ratio**2 * (1 - second)  # distances of unit vectors, squared and halved
    return np.stack([rows[keep], nearest[keep]], axis=1)


def mutual_ratio_pairs(
    query: RootSiftKeypoints, reference: RootSiftKeypoints, ratio: float = RATIO
) -> NDArray[np.intp]:
    """Pairs (M, 2) that pass the ratio test in both directions."""
    forward = ratio_pairs(query, reference, ratio)
    backward = {(query_, reference_) for reference_, query_ in ratio_pairs(reference, query, ratio)}
    kept = [pair for pair in forward if (pair[0], pair[1]) in backward]
    return np.array(kept, np.intp).reshape(-1, 2)


def homography_inliers(
    query: RootSiftKeypoints, reference: RootSiftKeypoints, pairs: NDArray[np.intp]
) -> tuple[int, NDArray[np.float64] | None]:
    """Inliers of the MAGSAC homography from reference to query, and the (3, 3) homography."""
    if len(pairs) < _MINIMAL_PAIRS:
        return 0, None
    threshold = INLIER_PIXELS * max(query.width, query.height) / LONGEST_SIDE
    cv2.setRNGSeed(0)
    homography, mask = cv2.findHomography(
        reference.points[pairs[:, 1]],
        query.points[pairs[:, 0]],
        cv2.USAC_MAGSAC,
        threshold,
        maxIters=2000,
        confidence=0.999,
    )
    # OpenCV's stubs do not know that there may be none.
    found: NDArray[np.float64] | None = homography  # type: ignore[assignment]
    return (0, None) if found is None else (int(mask.sum()), found)


def content_box(image: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of an RGB picture without a margin of one colour."""
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    colour = np.median(border, axis=0)
    differs = np.abs(image - colour).max(axis=2) > _MARGIN_CONTRAST
    columns = np.flatnonzero(differs.mean(axis=0) > _MARGIN_SHARE)
    rows = np.flatnonzero(differs.mean(axis=1) > _MARGIN_SHARE)
    if len(columns) == 0 or len(rows) == 0:
        return 0, 0, image.shape[1], image.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def corners_through(
    homography: NDArray[np.float64], box: tuple[int, int, int, int]
) -> NDArray[np.float64]:
    """A box's corners (4, 2), clockwise from its top left, after a homography."""
    left, top, right, bottom = box
    corners = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float64)
    moved: NDArray[np.float64] = cv2.perspectiveTransform(corners, homography)[0]
    return moved


class Baseline:
    """Compares a photo with every reference of every product."""

    def __init__(self, references: Mapping[str, Sequence[NDArray[np.uint8]]]) -> None:
        """Describe all references, (H, W, 3) RGB pictures by product."""
        self._references = [
            (product_id, root_sift(image), content_box(image))
            for product_id, images in references.items()
            for image in images
        ]

    def answer(self, image: NDArray[np.uint8]) -> BaselineAnswer:
        """Name the product whose reference gathers most inliers in an (H, W, 3) RGB photo."""
        query = root_sift(image)
        inliers_by_product: dict[str, int] = {}
        best: BaselineAnswer = BaselineAnswer(None, 0, np.zeros((0, 2)), inliers_by_product)
        for product_id, reference, box in self._references:
            pairs = ratio_pairs(query, reference)
            inliers, homography = homography_inliers(query, reference, pairs)
            if homography is None or inliers == 0:
                continue
            known = inliers_by_product.get(product_id, 0)
            inliers_by_product[product_id] = max(known, inliers)
            if inliers > best.inliers:
                outline = corners_through(homography, box)
                best = BaselineAnswer(product_id, inliers, outline, inliers_by_product)
        return best
