"""CropKeypoints of a picture, spread over all of it, and pairs of them between two pictures.

RootSIFT (Arandjelovic and Zisserman, 2012) on a copy whose contrast is evened out, so that pale
parts have keypoints, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.geometry import PixelSize
from matcher.crops.locate.pictures import searched_copy, size_of

MOST_KEYPOINTS: Final = 2000  # a crop of 2 % still has 40 of them
_CONTRAST: Final = 0.008  # a fifth of SIFT's default: pale walls and skies
_GRID: Final = 12  # cells a side, each with its own share of the keypoints
_SMALL_SIDE_PX: Final = 256  # smaller pictures are enlarged: SIFT needs some pixels around a point
_MOST_ENLARGED: Final = 3.0  # times; more only blurs
_SAMPLED: Final = 100  # keypoints whose doubles are looked for: plenty for a median
_DOUBLE: Final = 0.97  # cosine of two descriptors: the same but for noise
_RATIO: Final = 0.92  # of the nearest to the second nearest; consensus sorts out the rest
# Grey levels: a span of this is stretched over the whole range, at most.
_LEAST_SPAN: Final = 24.0
_WIDE_SPAN: Final = 150.0  # grey levels: enough contrast as it is


@dataclass(frozen=True, slots=True, eq=False)
class CropKeypoints:
    """CropKeypoints of a picture.

    Attributes:
        points: (N, 2) float32 in pixels of the picture, edges at integers.
        scales: (N,) float32, diameters in pixels of the picture.
        angles: (N,) float32, radians.
        descriptors: (N, 128) float32 of unit length.
        size: of the picture.
        factor: of the copy that they were found in; a keypoint is about 1 / factor px exact.
    """

    points: NDArray[np.float32]
    scales: NDArray[np.float32]
    angles: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    size: PixelSize
    factor: float

    def __len__(self) -> int:
        return len(self.points)

    def mirrored(self) -> "CropKeypoints":
        """The keypoints of the picture's mirror image, left and right exchanged."""
        points = self.points.copy()
        points[:, 0] = self.size.width - points[:, 0]
        cells = self.descriptors.reshape(-1, 4, 4, 8)[:, ::-1]
        turned = cells[..., (-np.arange(8)) % 8].reshape(-1, 128)
        angles = np.asarray(np.pi - self.angles, np.float32)
        return CropKeypoints(points, self.scales, angles, turned, self.size, self.factor)

    def select(self, kept: NDArray[np.intp]) -> "CropKeypoints":
        """Some of them, by index."""
        return CropKeypoints(
            self.points[kept],
            self.scales[kept],
            self.angles[kept],
            self.descriptors[kept],
            self.size,
            self.factor,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """CropKeypoints of a crop paired with those of the full picture.

    Attributes:
        crop: (N, 2) float64.
        full: (N, 2) float64.
        zoom: (N,) full pixels per crop pixel by the keypoints' diameters.
        turn: (N,) radians by the keypoints' angles.
        quality: (N,) in (0, 1], higher for less doubtful ones.
        tolerance: (pixels of the full picture, pixels of the crop) that a keypoint may be off.
    """

    crop: NDArray[np.float64]
    full: NDArray[np.float64]
    zoom: NDArray[np.float64]
    turn: NDArray[np.float64]
    quality: NDArray[np.float64]
    tolerance: tuple[float, float]

    def __len__(self) -> int:
        return len(self.crop)


def find_keypoints(image: NDArray[np.uint8], most: int = MOST_KEYPOINTS) -> CropKeypoints:
    """Find and describe at most so many keypoints of an (H, W, 3) RGB picture."""
    copy = searched_copy(image)
    grey = _even_contrast(cv2.cvtColor(copy.image, cv2.COLOR_RGB2GRAY))
    enlarged = min(_MOST_ENLARGED, max(1.0, _SMALL_SIDE_PX / min(grey.shape)))
    if enlarged > 1.0 and max(grey.shape) * enlarged < 2048:
        shape = (round(grey.shape[1] * enlarged), round(grey.shape[0] * enlarged))
        grey = np.asarray(cv2.resize(grey, shape, interpolation=cv2.INTER_CUBIC), np.uint8)
    size = size_of(image)
    up = (grey.shape[1] / copy.image.shape[1], grey.shape[0] / copy.image.shape[0])
    factors = np.array(copy.factors) * up
    sift = cv2.SIFT.create(contrastThreshold=_CONTRAST, edgeThreshold=14)
    spread = _spread_out(sift.detect(grey, None), grey.shape[1], grey.shape[0], most)
    found, raw = sift.compute(grey, spread)
    if not found or raw is None:
        return _nothing(size)
    table = np.array([(k.pt[0], k.pt[1], k.size, k.angle) for k in found], np.float32)
    root = np.sqrt(raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-9))
    factor = float(np.sqrt(factors.prod()))
    return CropKeypoints(
        np.asarray((table[:, :2] + 0.5) / factors, np.float32),
        np.asarray(table[:, 2] / factor, np.float32),
        np.radians(table[:, 3]),
        np.asarray(root, np.float32),
        size,
        min(1.0, factor),
    )


def pair_keypoints(crop: CropKeypoints, full: CropKeypoints) -> Pairs:
    """Pair mutual nearest neighbours that are nearer than the second nearest by some."""
    if len(crop) < 2 or len(full) < 2:
        return _no_pairs()
    alike = crop.descriptors @ full.descriptors.T
    best = alike.argmax(axis=1)
    rows = np.arange(len(best))
    first = alike[rows, best]
    mutual = alike.argmax(axis=0)[best] == rows
    # Several keypoints at one place differ in their angle only and are no rivals.
    alike[rows, best] = -1.0
    rival = alike.argmax(axis=1)
    second = alike[rows, rival]
    apart = np.linalg.norm(full.points[best] - full.points[rival], axis=1) > 3.0 / full.factor
    distance = np.sqrt(np.maximum(2.0 - 2.0 * first, 0.0))
    ratio = distance / np.maximum(np.sqrt(np.maximum(2.0 - 2.0 * second, 0.0)), 1e-6)
    ratio = np.where(apart, ratio, np.minimum(ratio, 0.8))
    kept = np.flatnonzero(mutual & (ratio < _RATIO))
    kept = kept[np.argsort(ratio[kept], kind="stable")]
    other = best[kept]
    return Pairs(
        crop.points[kept].astype(np.float64),
        full.points[other].astype(np.float64),
        (full.scales[other] / np.maximum(crop.scales[kept], 1e-6)).astype(np.float64),
        (full.angles[other] - crop.angles[kept]).astype(np.float64),
        np.clip(1.0 - ratio[kept], 0.02, 1.0).astype(np.float64),
        (1.0 / full.factor, 1.0 / crop.factor),
    )


def repeats(keys: CropKeypoints) -> bool:
    """Return whether most keypoints have a double elsewhere in the picture: a repeating pattern.

    The ratio test drops such keypoints, because each fits several places equally well.
    """
    if len(keys) < 2:
        return False
    sampled = np.linspace(0, len(keys) - 1, min(len(keys), _SAMPLED)).astype(np.intp)
    alike = keys.descriptors[sampled] @ keys.descriptors.T
    apart = np.linalg.norm(keys.points[sampled][:, None] - keys.points[None], axis=2)
    alike[apart < 3.0 / keys.factor] = -1.0
    return bool(np.median(alike.max(axis=1)) > _DOUBLE)


def _even_contrast(grey: NDArray[Any]) -> NDArray[np.uint8]:
    """Stretch a pale picture over the whole range of grey."""
    calm = cv2.GaussianBlur(grey, (0, 0), 1.0)
    low, high = np.percentile(calm[::2, ::2], (0.05, 99.95))
    span = max(float(high - low), _LEAST_SPAN)
    if span > _WIDE_SPAN:
        return np.asarray(grey, np.uint8)
    stretched = (grey.astype(np.float32) - float(low + high) / 2) * (220.0 / span) + 128.0
    return np.asarray(np.clip(stretched, 0, 255), np.uint8)


def _spread_out(
    found: "Sequence[cv2.KeyPoint]", width: int, height: int, most: int
) -> "list[cv2.KeyPoint]":
    """The strongest of each cell of a grid, all those of the first rank first."""
    if not found:
        return []
    table = np.array([(k.pt[0], k.pt[1], k.response) for k in found], np.float32)
    columns = np.clip((table[:, 0] * _GRID / width).astype(int), 0, _GRID - 1)
    rows = np.clip((table[:, 1] * _GRID / height).astype(int), 0, _GRID - 1)
    cell = rows * _GRID + columns
    order = np.lexsort((-table[:, 2], cell))
    sorted_cells = cell[order]
    starts = np.searchsorted(sorted_cells, np.arange(_GRID * _GRID))
    rank = np.arange(len(order)) - starts[sorted_cells]
    kept = order[np.argsort(rank, kind="stable")[:most]]
    return [found[index] for index in kept]


def _nothing(size: PixelSize) -> CropKeypoints:
    empty = np.zeros(0, np.float32)
    return CropKeypoints(
        np.zeros((0, 2), np.float32), empty, empty, np.zeros((0, 128), np.float32), size, 1.0
    )


def _no_pairs() -> Pairs:
    nothing = np.zeros((0, 2))
    return Pairs(nothing, nothing, np.zeros(0), np.zeros(0), np.zeros(0), (1.0, 1.0))
