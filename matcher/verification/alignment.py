"""Scores how much a picture, warped onto a reference, looks like it where they overlap.

Zero-mean normalised correlation in small windows, each free to shift by a few pixels because
packaging bends, and the distance of colours after balancing exposure. This tells two flavours of
one carton apart when their keypoints agree.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.retrieval.reference import ReferenceView

_WINDOW: Final = 15  # pixels of a view that are correlated: a few letters
_REACH: Final = 3  # pixels of a view that a window may shift, since packaging bends
# Every second shift, like the white squares of a chess board: the best one is never further than a
# pixel, and half the work is saved.
_SHIFTS: Final = tuple(
    (top, left)
    for top in range(2 * _REACH + 1)
    for left in range(2 * _REACH + 1)
    if (top + left) % 2 == 0
)
_TEXTURED: Final = 60.0  # variance of grey values from which a window shows print
_NOISE: Final = 9.0  # variance of grey values that a camera adds
_ENOUGH: Final = 0.4  # of the reference's texture; less in view lowers the correlation
_EXPOSURE: Final = (0.2, 5.0)  # least and most gain of a channel
_EXPOSURE_STEP: Final = 3  # a median needs no more than every third pixel
_WHITE_BALANCE: Final = (0.87, 1.15)  # of a channel against the mean: the limits of shop light
# One standard deviation of colour under shop light costs about 3 % of the agreement.
_CHROMA_SCALE: Final = 33.0  # units of 8-bit CIELAB
_SHARP_SHRINK: Final = 1.3  # query pixels per pixel of a view, from which aliases must be blurred
_NOTHING_IN_VIEW: Final = 100.0  # units of CIELAB: the colour distance where nothing overlaps

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class AlignmentScore:
    """How much an aligned picture looks like its reference.

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
    """A query picture warped onto a reference view.

    Attributes:
        picture: (h, w, 3) uint8 RGB.
        inside: (h, w) bool, where the query has pixels at all.
    """

    picture: NDArray[np.uint8]
    inside: Mask


def score_alignment(view: ReferenceView, query: WarpedQuery) -> AlignmentScore:
    """Compare a query picture with the reference view that it was warped onto."""
    warped, inside = query.picture, query.inside
    visible = view.mask & inside
    if int(visible.sum()) < _WINDOW**2:
        return AlignmentScore(0.0, 0.0, _NOTHING_IN_VIEW)
    reference = luminance(view.picture)
    print_on_it = view.mask & (variance(reference) > _TEXTURED)
    textured = print_on_it & inside
    correlation = 0.0
    if textured.any():
        best = correlation_where(textured, reference, luminance(warped))
        # A corner that looks right proves little about the rest.
        enough = max(len(best), _ENOUGH * float(print_on_it.sum()))
        correlation = float(best.sum() / enough)
    balanced = balance_exposure(warped, view.picture, visible)
    distance = np.hypot(*np.moveaxis(smooth(chroma(view.picture) - chroma(balanced)), 2, 0))
    return AlignmentScore(
        float(visible.sum() / max(int(view.mask.sum()), 1)),
        correlation,
        float(np.median(distance[visible])),
    )


def warp_onto(
    view: ReferenceView, query: NDArray[np.uint8], homography: NDArray[np.float64]
) -> WarpedQuery:
    """Warp a query picture onto a reference view.

    Args:
        view: of the reference.
        query: (H, W, 3) uint8 RGB.
        homography: (3, 3) canonical crop pixels to query pixels.
    """
    height, width = view.picture.shape[:2]
    to_query = homography @ np.diag([view.scale, view.scale, 1.0])
    centre = np.array([width / 2, height / 2, 1.0])
    shrink = _local_scale(to_query, centre)
    # Shrinking without a low pass first would compare aliases.
    source: NDArray[np.uint8] = query
    if shrink > _SHARP_SHRINK:
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
    """Return (h, w) float32 grey values in [0, 255]."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)


def chroma(picture: NDArray[np.uint8]) -> Floats:
    """Return (h, w, 2) float32, the a and b of CIE Lab as OpenCV scales them."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[..., 1:], np.float32)


def smooth(values: Floats) -> Floats:
    """Return the mean over one comparison window around each pixel."""
    window = (_WINDOW, _WINDOW)
    return np.asarray(cv2.boxFilter(values, -1, window, borderType=cv2.BORDER_REFLECT), np.float32)


def variance(grey: Floats) -> Floats:
    """Return the variance of grey values in the window around each pixel, never negative."""
    return np.asarray(np.maximum(smooth(grey * grey) - smooth(grey) ** 2, 0), np.float32)


def best_correlation(reference: Floats, query: Floats, noise: float = _NOISE) -> Floats:
    """Return (h, w) float32 in [-1, 1]: local correlation at the best shift of a few pixels.

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


def _times(first: Floats, second: Floats) -> Floats:
    """Multiply element by element; OpenCV takes half as long as NumPy for it."""
    return np.asarray(cv2.multiply(first, second), np.float32)


def correlation_where(where: Mask, reference: Floats, query: Floats) -> Floats:
    """Return (K,) float32: `best_correlation` at the K >= 1 pixels of a mask."""
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
    """Bring a picture to the target's exposure and, within limits of shop light, white balance."""
    some = np.flatnonzero(where)[::_EXPOSURE_STEP]
    wanted, present = (pixels.reshape(-1, 3)[some] for pixels in (target, picture))
    ratios = (wanted + np.float32(1)) / (present + np.float32(1))
    gains = np.clip(np.median(ratios, axis=0), *_EXPOSURE)
    exposure = np.exp(np.log(gains).mean())
    gains = exposure * np.clip(gains / exposure, *_WHITE_BALANCE)
    table = np.clip(np.arange(256)[:, None] * gains, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table[:, None]), np.uint8)
