"""Does the picture, warped onto the reference, look like the reference where they overlap?

Zero-mean normalised correlation in small windows, each free to shift by a few pixels because
packaging bends, and the distance of colours after exposure compensation. This is what tells two
flavours of one carton apart when their keypoints agree.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

VIEW_SIDE: Final = 192
_WINDOW: Final = 15
_REACH: Final = 3
# Every second shift, like the white squares of a chess board: a best one is never further than a
# pixel, and half the work is saved.
_SHIFTS: Final = tuple(
    (top, left)
    for top in range(2 * _REACH + 1)
    for left in range(2 * _REACH + 1)
    if (top + left) % 2 == 0
)
_TEXTURED: Final = 60.0
_NOISE: Final = 9.0
_ENOUGH: Final = 0.4
_EXPOSURE: Final = (0.2, 5.0)
_EXPOSURE_STEP: Final = 3  # a median needs no more than every third pixel
_WHITE_BALANCE: Final = (0.87, 1.15)
# One standard deviation of colour under shop light costs about 3 % of the agreement.
_CHROMA_SCALE: Final = 33.0

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceView:
    """A reference at the size where it is compared.

    Attributes:
        picture: (h, w, 3) uint8 RGB, longest side `VIEW_SIDE`.
        mask: (h, w) bool, product, not background.
        scale: canonical crop pixels per pixel of `picture`.
    """

    picture: NDArray[np.uint8]
    mask: Mask
    scale: float


@dataclass(frozen=True, slots=True)
class AlignmentScore:
    """The outcome of one aligned comparison.

    Attributes:
        visible: in [0, 1], share of the reference that lies inside the query picture.
        correlation: in [-1, 1], mean local correlation over textured, visible windows; less where
            under 40 % of the reference's texture is in view.
        chroma: median colour distance (CIE a, b) over the visible part, after compensation.
    """

    visible: float
    correlation: float
    chroma: float

    @property
    def agreement(self) -> float:
        """Correlation, discounted by colour, in [-1, 1]."""
        return float(self.correlation * np.exp(-self.chroma / _CHROMA_SCALE))


@dataclass(frozen=True, slots=True, eq=False)
class WarpedQuery:
    """A query picture seen in a look's frame.

    Attributes:
        picture: (h, w, 3) uint8 RGB.
        inside: (h, w) bool, where the query has pixels at all.
    """

    picture: NDArray[np.uint8]
    inside: Mask


def score_alignment(look: ReferenceView, query: WarpedQuery) -> AlignmentScore:
    """Compare a query picture with the reference that it was warped onto."""
    warped, inside = query.picture, query.inside
    visible = look.mask & inside
    if int(visible.sum()) < _WINDOW**2:
        return AlignmentScore(0.0, 0.0, 100.0)
    reference = luminance(look.picture)
    print_on_it = look.mask & (variance(reference) > _TEXTURED)
    textured = print_on_it & inside
    correlation = 0.0
    if textured.any():
        best = correlation_where(textured, reference, luminance(warped))
        # A corner that looks right proves little about the rest.
        enough = max(len(best), _ENOUGH * float(print_on_it.sum()))
        correlation = float(best.sum() / enough)
    balanced = balance_exposure(warped, look.picture, visible)
    distance = np.hypot(*np.moveaxis(smooth(chroma(look.picture) - chroma(balanced)), 2, 0))
    return AlignmentScore(
        float(visible.sum() / max(int(look.mask.sum()), 1)),
        correlation,
        float(np.median(distance[visible])),
    )


def warp_onto(
    look: ReferenceView, query: NDArray[np.uint8], homography: NDArray[np.float64]
) -> WarpedQuery:
    """The query seen in the look's frame.

    Args:
        look: of the reference.
        query: (H, W, 3) uint8 RGB.
        homography: (3, 3) canonical crop pixels to query pixels.
    """
    height, width = look.picture.shape[:2]
    to_query = homography @ np.diag([look.scale, look.scale, 1.0])
    centre = np.array([width / 2, height / 2, 1.0])
    shrink = _local_scale(to_query, centre)
    # Shrinking without a low pass first would compare aliases.
    source: NDArray[np.uint8] = query
    if shrink > 1.3:
        source = cv2.GaussianBlur(query, (0, 0), 0.5 * shrink).astype(np.uint8)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(source, to_query, (width, height), flags=flags).astype(np.uint8)
    rows, columns = np.mgrid[0:height, 0:width]
    places = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ to_query.T
    depth = np.where(np.abs(places[..., 2]) < 1e-9, 1e-9, places[..., 2])
    x, y = places[..., 0] / depth, places[..., 1] / depth
    inside = (x >= 0) & (y >= 0) & (x <= query.shape[1] - 1) & (y <= query.shape[0] - 1)
    return WarpedQuery(warped, inside)


def _local_scale(matrix: NDArray[np.float64], point: NDArray[np.float64]) -> float:
    mapped = matrix @ point
    jacobian = (matrix[:2, :2] - np.outer(mapped[:2] / mapped[2], matrix[2, :2])) / mapped[2]
    return float(np.sqrt(max(abs(np.linalg.det(jacobian)), 1e-9)))


def luminance(picture: NDArray[np.uint8]) -> Floats:
    """(h, w) float32 grey values in [0, 255]."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)


def chroma(picture: NDArray[np.uint8]) -> Floats:
    """(h, w, 2) float32, the a and b of CIE Lab as OpenCV scales them."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[..., 1:], np.float32)


def smooth(values: Floats) -> Floats:
    """Mean over one comparison window around each pixel."""
    window = (_WINDOW, _WINDOW)
    return np.asarray(cv2.boxFilter(values, -1, window, borderType=cv2.BORDER_REFLECT), np.float32)


def variance(grey: Floats) -> Floats:
    """Variance of grey values in one comparison window around each pixel, never negative."""
    return np.asarray(np.maximum(smooth(grey * grey) - smooth(grey) ** 2, 0), np.float32)


def best_correlation(reference: Floats, query: Floats, noise: float = _NOISE) -> Floats:
    """(h, w) float32 in [-1, 1]: local correlation at the best shift of a few pixels.

    Args:
        reference: (h, w) grey values.
        query: (h, w) grey values, already aligned.
        noise: variance added to both, so that flat windows correlate with nothing.
    """
    height, width = reference.shape
    rim = _WINDOW // 2
    inner = np.s_[rim : rim + height, rim : rim + width]
    # Windows at the rim must see the same reflected pixels in every sum, at every shift.
    known = np.pad(reference, rim, mode="symmetric")
    seen = np.pad(query, rim + _REACH, mode="symmetric")
    mean = smooth(known)[inner]
    query_mean = smooth(seen)
    # Both norms are divided out once: by the query's before the best shift is taken, by the
    # reference's, which is the same for all shifts, after it.
    query_norm = 1 / np.sqrt(variance(seen) + noise)
    best = np.full_like(reference, -np.inf)
    for top, left in _SHIFTS:
        moved = seen[top : top + height + 2 * rim, left : left + width + 2 * rim]
        part = np.s_[top + rim : top + rim + height, left + rim : left + rim + width]
        covariance = smooth(_times(known, moved))[inner] - _times(mean, query_mean[part])
        np.maximum(best, _times(covariance, query_norm[part]), out=best)
    return np.asarray(best / np.sqrt(variance(known)[inner] + noise), np.float32)


def _times(one: Floats, other: Floats) -> Floats:
    """Element by element; OpenCV takes half as long as NumPy for it."""
    return np.asarray(cv2.multiply(one, other), np.float32)


def correlation_where(where: Mask, reference: Floats, query: Floats) -> Floats:
    """(K,) float32: `best_correlation` at the K pixels of a mask that has at least one."""
    reach = _WINDOW // 2 + _REACH
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    part = np.s_[
        max(int(rows[0]) - reach, 0) : int(rows[-1]) + reach + 1,
        max(int(columns[0]) - reach, 0) : int(columns[-1]) + reach + 1,
    ]
    return best_correlation(reference[part], query[part])[where[part]]


def balance_exposure(
    picture: NDArray[np.uint8], target: NDArray[np.uint8], where: Mask
) -> NDArray[np.uint8]:
    """The picture at the target's exposure and, within the limits of shop light, white balance."""
    some = np.flatnonzero(where)[::_EXPOSURE_STEP]
    wanted, given = (one.reshape(-1, 3)[some] for one in (target, picture))
    ratios = (wanted + np.float32(1)) / (given + np.float32(1))
    gains = np.clip(np.median(ratios, axis=0), *_EXPOSURE)
    exposure = np.exp(np.log(gains).mean())
    gains = exposure * np.clip(gains / exposure, *_WHITE_BALANCE)
    table = np.clip(np.arange(256)[:, None] * gains, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table[:, None]), np.uint8)
