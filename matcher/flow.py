"""How the camera and the tracked products moved since the last frame, by sparse optical flow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.box import Box

WIDEST: Final = 640  # pixels of the reduced picture; LK's cost is in its points, not here
CAMERA_POINTS: Final = 60
REGION_POINTS: Final = 10
MOST_POINTS: Final = 240
WINDOW: Final = (13, 13)
LEVELS: Final = 3
ROUND_TRIP: Final = 0.7  # reduced pixels by which a point may miss itself, there and back
AGREEING_SHARE: Final = 0.4  # of the points that must follow one motion; fewer is a cut
STILL: Final = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])

Similarity = NDArray[np.float64]
Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FrameMotion:
    """What moved where between two frames.

    Attributes:
        camera: (2, 3) similarity, last frame's pixels to this frame's, of the scene; None when the
            two frames do not show one scene (a cut, the first frame, a changed resolution).
        regions: likewise, per followed region; missing where nothing could be followed.
    """

    camera: Similarity | None
    regions: Mapping[int, Similarity]


@dataclass(slots=True)
class Flow:
    """Remembers the last frame, reduced.

    Attributes:
        last: (h, w) uint8, or None before the first frame.
        width: pixels of the last full frame.
        height: likewise.
    """

    last: NDArray[np.uint8] | None = None
    width: int = 0
    height: int = 0

    def follow(self, image: NDArray[np.uint8], regions: Mapping[int, Box]) -> FrameMotion:
        """Motion since the last call's frame; regions in that frame's pixels."""
        height, width = image.shape[:2]
        last, self.last = self.last, reduced(image)
        same = (width, height) == (self.width, self.height)
        self.width, self.height = width, height
        if last is None or not same:
            return FrameMotion(None, {})
        return _motion(last, self.last, regions, width / last.shape[1])


def reduced(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture in grey, shrunk by a whole number to at most `WIDEST` pixels across."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    factor = -(-image.shape[1] // WIDEST)
    if factor == 1:
        return np.asarray(grey, np.uint8)
    size = (max(image.shape[1] // factor, 1), max(image.shape[0] // factor, 1))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _motion(
    last: NDArray[np.uint8], grey: NDArray[np.uint8], regions: Mapping[int, Box], zoom: float
) -> FrameMotion:
    chosen = {key: _corners(last, box, zoom) for key, box in regions.items()}
    background = _strongest(last, CAMERA_POINTS, distance=last.shape[1] / 16)
    starts = np.concatenate([background, *chosen.values()])[:MOST_POINTS]
    if not len(starts):
        return FrameMotion(None, {})
    ends, good = _track(last, grey, starts)
    # Every point votes on the camera: on a shelf, the products are most of the scene.
    camera = _similarity(starts, ends, good, zoom)
    found: dict[int, Similarity] = {}
    first = len(background)
    for key, corners in chosen.items():
        part = slice(first, min(first + len(corners), len(starts)))
        first += len(corners)
        motion = _similarity(starts[part], ends[part], good[part], zoom)
        if motion is not None:
            found[key] = motion
    return FrameMotion(camera, found)


def _corners(grey: NDArray[np.uint8], box: Box, zoom: float) -> Points:
    small = Box(box.left / zoom, box.top / zoom, box.right / zoom, box.bottom / zoom)
    small = small.clipped(grey.shape[1], grey.shape[0])
    if small.width < WINDOW[0] or small.height < WINDOW[1]:
        return np.zeros((0, 2), np.float32)
    crop = small.crop(grey)
    points = _strongest(crop, REGION_POINTS, distance=max(min(crop.shape) / 6, 3.0))
    return points + np.floor(np.array([small.left, small.top], np.float32))


def _strongest(grey: NDArray[np.uint8], count: int, distance: float) -> Points:
    found = cv2.goodFeaturesToTrack(grey, count, 0.01, distance)
    points = cast("Points | None", found)
    return np.zeros((0, 2), np.float32) if points is None else points.reshape(-1, 2)


def _track(
    last: NDArray[np.uint8], grey: NDArray[np.uint8], starts: Points
) -> tuple[Points, NDArray[np.bool_]]:
    # OpenCV's stubs want the third argument's result array; without a flag it is no first guess.
    ends, there, _ = cv2.calcOpticalFlowPyrLK(
        last, grey, starts[:, None], starts[:, None].copy(), winSize=WINDOW, maxLevel=LEVELS
    )
    back, again, _ = cv2.calcOpticalFlowPyrLK(
        grey, last, ends, ends.copy(), winSize=WINDOW, maxLevel=LEVELS
    )
    error = np.abs(back[:, 0] - starts).max(axis=1)
    good = (there[:, 0] == 1) & (again[:, 0] == 1) & (error < ROUND_TRIP)
    return np.asarray(ends[:, 0], np.float32), np.asarray(good)


def _similarity(
    starts: Points, ends: Points, good: NDArray[np.bool_], zoom: float
) -> Similarity | None:
    """One motion for a group of points, in full pixels, or None when they do not share one."""
    if good.sum() < 4:
        return None
    found, agree = cv2.estimateAffinePartial2D(starts[good], ends[good], ransacReprojThreshold=1.5)
    motion = cast("Similarity | None", found)
    if motion is None or agree.sum() < max(AGREEING_SHARE * len(starts), 4):
        return None
    scale = float(np.hypot(motion[0, 0], motion[1, 0]))
    if not 0.7 < scale < 1.4:
        return None
    motion[:, 2] *= zoom
    return motion
