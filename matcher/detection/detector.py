"""The detector: boxes of what may be a product, by YOLOv5 with an anchor-free head."""

import math
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.imaging.resize import Letterbox, letterbox, to_planes
from matcher.networks.runtime import LoadedNetwork
from matcher.results import Detection

# Facts of YOLOv5 as it was trained.
_STRIDES: Final = (8, 16, 32)  # pixels per cell of its three maps
_BINS: Final = 16  # per distance from a place to a side
_GREY: Final = (114, 114, 114)  # of padding
_SMALLEST_SIDE: Final = 1.0  # pixels; a thinner box cannot be cropped
_MOST_SHRUNK: Final = 4  # times; in a picture shrunk more, small products vanish


class Detector(Protocol):
    """Finds what may be a product."""

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Return boxes in an (H, W, 3) RGB picture, most confident first; perhaps none."""


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """Input size and thresholds of a detector.

    Attributes:
        input_size: pixels of the longer side of the network's input.
        largest_input: pixels of the longer side for a picture that would be shrunk more than four
            times, and may show smaller things; no larger than `input_size` if it is 0.
        confidence: lowest confidence.
        overlap: of two boxes whose intersection over union is larger, the less confident goes.
        limit: most boxes per picture.
    """

    input_size: int = 640
    largest_input: int = 0
    confidence: float = 0.25
    overlap: float = 0.6
    limit: int = 100

    def side_for(self, longest: int) -> int:
        """Return the input's longer side for a picture whose longer side has `longest` pixels."""
        largest = max(self.largest_input, self.input_size)
        return min(max(longest // _MOST_SHRUNK, self.input_size), largest)


class YoloDetector:
    """YOLOv5 (anchor-free head); the confidence of a place is that of its best class."""

    def __init__(self, network: LoadedNetwork, settings: DetectorSettings | None = None) -> None:
        """Take a loaded detector network.

        Args:
            network: with the function `detect`.
            settings: those that belong to the weights if none are given.
        """
        self._network = network
        self._run = network.functions["detect"]
        self.settings = settings or _settings_of(network)

    def with_confidence(self, confidence: float) -> "YoloDetector":
        """Return the same detector with another lowest confidence."""
        return YoloDetector(self._network, replace(self.settings, confidence=confidence))

    def at_scale(self, scale: float) -> "YoloDetector":
        """Return the same detector with an input of that share of the size."""
        settings = self.settings
        smaller = replace(
            settings,
            input_size=round(settings.input_size * scale),
            largest_input=round(settings.largest_input * scale),
        )
        return YoloDetector(self._network, smaller)

    @property
    def augmented_confidence(self) -> float:
        """Lowest confidence of augmented detection that the weights ask for; 0 for plain."""
        return self._network.weights.option("two_looks", 0.0)

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Return boxes in an (H, W, 3) RGB picture, most confident first; blocks."""
        boxed = _letterbox(image, self.settings.side_for(max(image.shape[:2])))
        (raw,) = self._run(to_planes(boxed.image[None]))
        boxes, confidences = decode(raw[0], boxed.image.shape[:2], self.settings.confidence)
        kept = suppress_overlaps(boxes, confidences, self.settings.overlap, self.settings.limit)
        corners = boxed.to_original(boxes[kept].reshape(-1, 2)).reshape(-1, 4)
        height, width = image.shape[:2]
        detections = (
            Detection(Box(*box).clipped(width, height), confidence)
            for box, confidence in zip(corners.tolist(), confidences[kept].tolist(), strict=True)
        )
        return tuple(
            detection
            for detection in detections
            if min(detection.box.width, detection.box.height) >= _SMALLEST_SIDE
        )


def decode(
    raw: NDArray[np.float32], shape: tuple[int, ...], confidence: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Turn the network's raw output into boxes.

    Args:
        raw: (64 + classes, places) distance bins and class logits.
        shape: (height, width) of the network's input.
        confidence: places below it are left out.

    Returns:
        (N, 4) left, top, right, bottom in input pixels, and (N,) confidences in [0, 1].
    """
    logits = raw[4 * _BINS :].max(axis=0)
    threshold = -math.log(1 / confidence - 1) if 0 < confidence < 1 else -np.inf
    kept = np.flatnonzero(logits >= threshold)
    confidences = 1 / (1 + np.exp(-logits[kept]))
    centres, strides = network_places(shape)
    bins = raw[: 4 * _BINS, kept].T.reshape(-1, 4, _BINS)
    weights = np.exp(bins - bins.max(axis=2, keepdims=True))
    distances = weights @ np.arange(_BINS, dtype=np.float32) / weights.sum(axis=2)
    distances *= strides[kept, None]
    near, far = centres[kept] - distances[:, :2], centres[kept] + distances[:, 2:]
    return np.concatenate([near, far], axis=1).astype(np.float32), confidences


def suppress_overlaps(
    boxes: NDArray[np.floating], confidences: NDArray[np.floating], overlap: float, limit: int
) -> NDArray[np.intp]:
    """Return indices of the boxes that no more confident box covers, most confident first.

    Args:
        boxes: (N, 4) left, top, right, bottom.
        confidences: (N,).
        overlap: intersection over union above which a box counts as covered.
        limit: most indices returned.
    """
    order = np.argsort(-confidences, kind="stable")
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    while len(order) and len(kept) < limit:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        sides = np.minimum(boxes[best, 2:], boxes[rest, 2:]) - np.maximum(
            boxes[best, :2], boxes[rest, :2]
        )
        shared = sides.clip(min=0).prod(axis=1)
        union = areas[best] + areas[rest] - shared
        order = rest[shared <= overlap * union]
    return np.array(kept, dtype=np.intp)


def _settings_of(network: LoadedNetwork) -> DetectorSettings:
    """Return the settings stored with the weights, over our defaults."""
    option, plain = network.weights.option, DetectorSettings()
    return DetectorSettings(
        input_size=int(option("input_size", plain.input_size)),
        largest_input=int(option("largest_input", plain.largest_input)),
        confidence=option("confidence", plain.confidence),
        overlap=option("overlap", plain.overlap),
    )


def _letterbox(image: NDArray[np.uint8], size: int) -> Letterbox:
    """Bring the longer side to `size` and pad both sides to whole strides."""
    rows, columns = image.shape[:2]
    scale = size / max(rows, columns)
    stride = _STRIDES[-1]
    width = max(math.ceil(columns * scale / stride - 1e-6), 1) * stride
    height = max(math.ceil(rows * scale / stride - 1e-6), 1) * stride
    return letterbox(image, width, height, _GREY)


def network_places(
    shape: tuple[int, ...],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return (A, 2) centres in input pixels and (A,) strides of all places, in network order.

    Args:
        shape: (height, width) of the network's input, multiples of 32.
    """
    centres, strides = [], []
    for stride in _STRIDES:
        rows, columns = shape[0] // stride, shape[1] // stride
        y, x = np.mgrid[:rows, :columns].astype(np.float32)
        centres.append((np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) * stride)
        strides.append(np.full(rows * columns, stride, dtype=np.float32))
    return np.concatenate(centres), np.concatenate(strides)
