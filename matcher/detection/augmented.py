"""A photo is looked at twice: as it is, and smaller in a mirror; what both looks see is surer.

Boxes of both looks that mean one thing become one (weighted boxes fusion: Solovyev, Wang and
Gabruseva, 2021). Frames of a camera have no time for it, and a track sees each thing many times.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.detection.detector import Detector, YoloDetector
from matcher.imaging.box import Box
from matcher.results import Detection

_SMALLER: Final = 0.75
_LOOKS: Final = 2


class AugmentedDetector:
    """Implements `Detector` for photos."""

    def __init__(self, detector: YoloDetector, confidence: float) -> None:
        """Look twice with one detector.

        Args:
            detector: at the size at which it sees best.
            confidence: lowest one of what both looks say together.
        """
        self._detector = detector
        self._confidence = confidence
        # What one look alone sees counts half.
        self._first = detector.with_confidence(confidence / _LOOKS)
        self._second = self._first.at_scale(_SMALLER)

    @property
    def confidence(self) -> float:
        """Lowest one of a box."""
        return self._confidence

    def with_confidence(self, confidence: float) -> "AugmentedDetector":
        """Likewise, with boxes that are less sure, too; for measurements."""
        return AugmentedDetector(self._detector, confidence)

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Boxes in an (H, W, 3) RGB picture, most confident first; blocks while it computes."""
        first = self._first.detect(image)
        mirror_image = np.ascontiguousarray(image[:, ::-1])
        second = [_mirrored(one, image.shape[1]) for one in self._second.detect(mirror_image)]
        settings = self._detector.settings
        together = fuse_boxes([first, second], settings.overlap)
        sure = [one for one in together if one.confidence >= self._confidence]
        return tuple(sure[: settings.limit])


def augment_for_photos(detector: Detector) -> Detector:
    """Two looks where the weights say how sure they must be together; else the detector itself."""
    if isinstance(detector, YoloDetector) and detector.augmented_confidence > 0:
        return AugmentedDetector(detector, detector.augmented_confidence)
    return detector


def fuse_boxes(looks: Sequence[Sequence[Detection]], overlap: float) -> list[Detection]:
    """One box for what several looks at one picture mean, most confident first.

    The place is the mean by confidence of the surest box of each look; the confidence is the mean
    over all looks, 0 for one that saw nothing there.

    Args:
        looks: boxes in the pixels of one picture.
        overlap: intersection over union above which boxes mean one thing.
    """
    owners = [number for number, look in enumerate(looks) for _ in look]
    found = [one for look in looks for one in look]
    left = sorted(range(len(found)), key=lambda index: -found[index].confidence)
    together = []
    while left:
        surest, *rest = left
        like = [one for one in rest if found[one].box.iou(found[surest].box) > overlap]
        left = [one for one in rest if one not in like]
        # Of each look the surest: it comes last here, and stays.
        first_of_each = {owners[one]: found[one] for one in reversed([surest, *like])}
        together.append(_mean(list(first_of_each.values()), len(looks)))
    return sorted(together, key=lambda one: -one.confidence)


def _mean(detections: Sequence[Detection], looks: int) -> Detection:
    weights = np.array([one.confidence for one in detections])
    sides = np.array(
        [(one.box.left, one.box.top, one.box.right, one.box.bottom) for one in detections]
    )
    left, top, right, bottom = (weights @ sides / weights.sum()).tolist()
    return Detection(Box(left, top, right, bottom), float(weights.sum()) / looks)


def _mirrored(detection: Detection, width: int) -> Detection:
    box = detection.box
    turned = Box(width - box.right, box.top, width - box.left, box.bottom)
    return Detection(turned, detection.confidence)
