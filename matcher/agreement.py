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

LOOK_SIDE: Final = 192
_WINDOW: Final = 15
_REACH: Final = 3
_TEXTURED: Final = 60.0
_NOISE: Final = 9.0
_ENOUGH: Final = 0.4
_EXPOSURE: Final = (0.2, 5.0)
_WHITE_BALANCE: Final = (0.87, 1.15)
# One standard deviation of colour under shop light costs about 3 % of the agreement.
_CHROMA_SCALE: Final = 33.0

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A reference at the size where it is compared.

    Attributes:
        picture: (h, w, 3) uint8 RGB, longest side `LOOK_SIDE`.
        mask: (h, w) bool, product, not background.
        scale: canonical crop pixels per pixel of `picture`.
    """

    picture: NDArray[np.uint8]
    mask: Mask
    scale: float


@dataclass(frozen=True, slots=True)
class Aligned:
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


def compare(look: Look, query: NDArray[np.uint8], homography: NDArray[np.float64]) -> Aligned:
    """Compare a query picture with a reference under a homography (canonical crop to query)."""
    warped, inside = warp(look, query, homography)
    visible = look.mask & inside
    if int(visible.sum()) < _WINDOW**2:
        return Aligned(0.0, 0.0, 100.0)
    reference = luminance(look.picture)
    print_on_it = look.mask & (variance(reference) > _TEXTURED)
    textured = print_on_it & inside
    correlation = 0.0
    if textured.any():
        best = best_correlation(reference, luminance(warped))
        # A corner that looks right proves little about the rest.
        enough = max(int(textured.sum()), _ENOUGH * float(print_on_it.sum()))
        correlation = float(best[textured].sum() / enough)
    balanced = compensate(warped, look.picture, visible)
    distance = np.hypot(*np.moveaxis(smooth(chroma(look.picture) - chroma(balanced)), 2, 0))
    return Aligned(
        float(visible.sum() / max(int(look.mask.sum()), 1)),
        correlation,
        float(np.median(distance[visible])),
    )


def warp(
    look: Look, query: NDArray[np.uint8], homography: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], Mask]:
    """The query seen in the look's frame, (h, w, 3), and (h, w) where it has pixels at all."""
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
    return warped, inside


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
    mean, energy = smooth(known)[inner], variance(known)[inner] + noise
    query_mean, query_energy = smooth(seen), variance(seen) + noise
    best = np.full_like(reference, -1.0)
    for top in range(2 * _REACH + 1):
        for left in range(2 * _REACH + 1):
            moved = seen[top : top + height + 2 * rim, left : left + width + 2 * rim]
            part = np.s_[top + rim : top + rim + height, left + rim : left + rim + width]
            covariance = smooth(known * moved)[inner] - mean * query_mean[part]
            np.maximum(best, covariance / np.sqrt(energy * query_energy[part]), out=best)
    return best


def compensate(
    picture: NDArray[np.uint8], target: NDArray[np.uint8], where: Mask
) -> NDArray[np.uint8]:
    """The picture at the target's exposure and, within the limits of shop light, white balance."""
    ratios = (target[where] + 1.0) / (picture[where] + 1.0)
    gains = np.clip(np.median(ratios, axis=0), *_EXPOSURE)
    exposure = np.exp(np.log(gains).mean())
    gains = exposure * np.clip(gains / exposure, *_WHITE_BALANCE)
    return np.asarray(np.clip(picture * gains, 0, 255), np.uint8)
