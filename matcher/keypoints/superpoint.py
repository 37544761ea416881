"""Keypoints by SuperPoint, and their storage form."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import CompactFeatures
from matcher.keypoints.features import LocalFeatures
from matcher.keypoints.keypoint_maps import (
    CELL,
    pixel_probabilities,
    sample_descriptors,
    select_strongest,
    suppress_non_maxima,
)
from matcher.networks.runtime import LoadedNetwork

PACKED_BYTES: Final = 32 * 1024
"""Bytes that the packed features of one picture may take."""

_PATCH: Final = 32.0  # pixels of the working picture that a descriptor describes: four cells
# The storage form; a change needs another `_PREPARATION`.
_POINT_STEPS: Final = 64  # per pixel
_SCALE_STEPS: Final = 16  # per doubling
_LEVELS: Final = 7  # of a descriptor's number, to each side of zero
_BYTES_BESIDE_DESCRIPTOR: Final = 2 + 2 + 1 + 1 + 1  # x, y, scale, angle, score
_PREPARATION: Final = "grey1"


@dataclass(frozen=True, slots=True)
class SuperPointSettings:
    """Working size of a picture and thresholds of keypoints.

    Attributes:
        working_side: pixels to which the longer side is brought.
        enlarge: most factor by which a small picture is enlarged.
        threshold: lowest probability of a keypoint.
        radius: working pixels within which only the strongest keypoint stays.
        border: working pixels along the edges where no keypoint is taken.
    """

    working_side: int = 480
    enlarge: float = 2.0
    threshold: float = 0.005
    radius: int = 4
    border: int = 4


class SuperPointFrontEnd:
    """Implements `FrontEnd` with a SuperPoint network."""

    def __init__(self, network: LoadedNetwork, settings: SuperPointSettings | None = None) -> None:
        """Take a loaded SuperPoint.

        Args:
            network: with the function `extract`.
            settings: those that belong to the weights if none are given.
        """
        self._run = network.functions["extract"]
        self._dimension = int(network.facts["descriptors"])
        self.settings = settings or _settings_of(network)
        used = self.settings
        self._part_id = (
            f"superpoint-{network.weights.sha256[:16]}-{_PREPARATION}-{used.working_side}"
            f"-{used.enlarge:g}-{used.threshold:g}-{used.radius}-{used.border}"
        )

    @property
    def part_id(self) -> str:
        """Names network, weights and preprocessing; a folder's name in the catalog."""
        return self._part_id

    @property
    def packed_limit(self) -> int:
        """Most keypoints that `pack` keeps."""
        return PACKED_BYTES // (_BYTES_BESIDE_DESCRIPTOR + (self._dimension + 1) // 2)

    def extract(self, image: NDArray[np.uint8], limit: int) -> LocalFeatures:
        """Return at most `limit` features of an (H, W, 3) RGB picture, strongest first; blocks."""
        height, width = image.shape[:2]
        working, scale = self._working(image)
        logits, maps = self._run(_planes(working))
        heat = pixel_probabilities(logits[0])[: working.shape[0], : working.shape[1]]
        settings = self.settings
        peaks = suppress_non_maxima(heat, settings.radius)
        points, scores = select_strongest(peaks, settings.threshold, settings.border, limit)
        ones = np.ones(len(points), dtype=np.float32)
        return LocalFeatures(
            points=_to_picture(points, scale),
            scales=ones * np.float32(_PATCH / float(scale.mean())),
            angles=ones * 0,
            scores=scores,
            descriptors=sample_descriptors(points, maps[0]),
            width=width,
            height=height,
        )

    def pack(self, features: LocalFeatures) -> CompactFeatures:
        """Keep the strongest keypoints in at most 32 KB: 4 bits per number of a descriptor.

        Only a descriptor's direction counts, so each is scaled by its own largest number; the
        unpacked descriptor has a cosine of about 0.99 with the packed one.
        """
        kept = features.select(np.argsort(-features.scores, kind="stable")[: self.packed_limit])
        return CompactFeatures(
            points=(kept.points * _POINT_STEPS).round().clip(0, 65535).astype(np.uint16),
            scales=(np.log2(np.maximum(kept.scales, 1)) * _SCALE_STEPS)
            .round()
            .clip(0, 255)
            .astype(np.uint8),
            angles=((kept.angles / (2 * np.pi) * 256).round() % 256).astype(np.uint8),
            codes=np.concatenate(
                [_nibbles(kept.descriptors), _score_codes(kept.scores)[:, None]], axis=1
            ),
        )

    def unpack(self, compact: CompactFeatures, width: int, height: int) -> LocalFeatures:
        """Return the features that `pack` kept, for a canonical crop of that size."""
        codes, scores = compact.codes[:, :-1], compact.codes[:, -1]
        return LocalFeatures(
            points=compact.points.astype(np.float32) / np.float32(_POINT_STEPS),
            scales=np.exp2(compact.scales.astype(np.float32) / _SCALE_STEPS),
            angles=compact.angles.astype(np.float32) * np.float32(2 * np.pi / 256),
            scores=np.square(scores.astype(np.float32) / 255),
            descriptors=_from_nibbles(codes, self._dimension),
            width=width,
            height=height,
        )

    def _working(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """The grey picture at working size, and (x, y) working pixels per picture pixel."""
        height, width = image.shape[:2]
        settings = self.settings
        scale = min(settings.working_side / max(width, height), settings.enlarge)
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        resized = cv2.resize(grey, size, interpolation=method).astype(np.uint8, copy=False)
        return resized, np.array([size[0] / width, size[1] / height], dtype=np.float32)


def _to_picture(points: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """Working pixels to picture pixels; integers are pixel centres in both."""
    moved: NDArray[np.float32] = (points + np.float32(0.5)) / scale - np.float32(0.5)
    return moved


def _planes(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(1, 1, H, W) float32 in [0, 1], its edges repeated up to whole cells."""
    height, width = grey.shape
    padded = np.pad(grey, ((0, -height % CELL), (0, -width % CELL)), mode="edge")
    return padded[None, None].astype(np.float32) / np.float32(255)


def _nibbles(descriptors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(N, D) to (N, ceil(D / 2)): two numbers of 15 levels in a byte."""
    largest = np.maximum(np.abs(descriptors).max(axis=1, initial=0, keepdims=True), 1e-12)
    levels = ((descriptors / largest * _LEVELS).round() + (_LEVELS + 1)).astype(np.uint8)
    if levels.shape[1] % 2:
        levels = np.pad(levels, ((0, 0), (0, 1)), constant_values=_LEVELS + 1)
    packed: NDArray[np.uint8] = levels[:, ::2] << 4 | levels[:, 1::2]
    return packed


def _from_nibbles(codes: NDArray[np.uint8], dimension: int) -> NDArray[np.float32]:
    pairs = np.stack([codes >> 4, codes & 15], axis=2).reshape(len(codes), 2 * codes.shape[1])
    levels = pairs[:, :dimension].astype(np.float32) - (_LEVELS + 1)
    lengths = np.maximum(np.linalg.norm(levels, axis=1, keepdims=True), 1e-12)
    unit: NDArray[np.float32] = levels / lengths
    return unit


def _score_codes(scores: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Square roots, because most scores are near the threshold."""
    codes: NDArray[np.uint8] = (np.sqrt(scores.clip(0, 1)) * 255).round().astype(np.uint8)
    return codes


def _settings_of(network: LoadedNetwork) -> SuperPointSettings:
    option, plain = network.weights.option, SuperPointSettings()
    return SuperPointSettings(
        working_side=int(option("working_side", plain.working_side)),
        enlarge=option("enlarge", plain.enlarge),
        threshold=option("keypoint_threshold", plain.threshold),
        radius=int(option("keypoint_radius", plain.radius)),
        border=int(option("keypoint_border", plain.border)),
    )
