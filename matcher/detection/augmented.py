"""Detection with test-time augmentation: a photo as it is, and smaller in a mirror.

Boxes of both passes that mean one thing become one (weighted boxes fusion: Solovyev, Wang and
Gabruseva, 2021). Frames of a camera have no time for it, and a track sees each thing many times.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.detection.detector import Detector, YoloDetector
from matcher.imaging.box import Box
from matcher.results import Detection

_SMALLER: Final = 0.75  # scale of the second pass, so that it errs otherwise than the first
_PASSES: Final = 2  # over one photo


class AugmentedDetector:
    """Implements `Detector` for photos."""

    def __init__(self, detector: YoloDetector, confidence: float) -> None:
        """Run one detector twice.

        Args:
            detector: at the size at which it sees best.
            confidence: lowest confidence of a fused box.
        """
        self._detector = detector
        self._confidence = confidence
        # A box that only one pass finds counts half.
        self._first = detector.with_confidence(confidence / _PASSES)
        self._second = self._first.at_scale(_SMALLER)

    @property
    def confidence(self) -> float:
        """Lowest confidence of a box."""
        return self._confidence

    def with_confidence(self, confidence: float) -> "AugmentedDetector":
        """Return the same detector with another lowest confidence."""
        return AugmentedDetector(self._detector, confidence)

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Return boxes in an (H, W, 3) RGB picture, most confident first; blocks."""
        first = self._first.detect(image)
        mirror_image = np.ascontiguousarray(image[:, ::-1])
        second = [_mirror(box, image.shape[1]) for box in self._second.detect(mirror_image)]
        settings = self._detector.settings
        fused = fuse_boxes([first, second], settings.overlap)
        sure = [detection for detection in fused if detection.confidence >= self._confidence]
        return tuple(sure[: settings.limit])


def augment_for_photos(detector: Detector) -> Detector:
    """Return an augmented detector if the weights give its confidence, else the detector itself."""
    if isinstance(detector, YoloDetector) and detector.augmented_confidence > 0:
        return AugmentedDetector(detector, detector.augmented_confidence)
    return detector


def fuse_boxes(passes: Sequence[Sequence[Detection]], overlap: float) -> list[Detection]:
    """Fuse the boxes of several passes over one picture, most confident first.

    The place is the mean by confidence of the surest box of each pass; the confidence is the mean
    over all passes, 0 for one that found nothing there.

    Args:
        passes: boxes in the pixels of one picture.
        overlap: intersection over union above which boxes mean one thing.
    """
    owners = [number for number, boxes in enumerate(passes) for _ in boxes]
    detections = [detection for boxes in passes for detection in boxes]
    left = sorted(range(len(detections)), key=lambda index: -detections[index].confidence)
    fused = []
    while left:
        surest, *rest = left
        box = detections[surest].box
        same = [index for index in rest if detections[index].box.iou(box) > overlap]
        left = [index for index in rest if index not in same]
        # Of each pass the surest: it comes last here, and stays.
        by_pass = {owners[index]: detections[index] for index in reversed([surest, *same])}
        fused.append(_mean(list(by_pass.values()), len(passes)))
    return sorted(fused, key=lambda detection: -detection.confidence)


def _mean(detections: Sequence[Detection], passes: int) -> Detection:
    weights = np.array([detection.confidence for detection in detections])
    boxes = [detection.box for detection in detections]
    sides = np.array([(box.left, box.top, box.right, box.bottom) for box in boxes])
    left, top, right, bottom = (weights @ sides / weights.sum()).tolist()
    return Detection(Box(left, top, right, bottom), float(weights.sum()) / passes)


def _mirror(detection: Detection, width: int) -> Detection:
    box = detection.box
    mirrored = Box(width - box.right, box.top, width - box.left, box.bottom)
    return Detection(mirrored, detection.confidence)
