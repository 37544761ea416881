"""How the camera and the tracked products moved since the last frame, by sparse optical flow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box

REDUCED_WIDTH: Final = 640  # pixels at most; the cost of LK is in its points, not here
GRID_COLUMNS: Final = 12  # each cell of the grid gives one point for the camera
REGION_POINTS: Final = 8  # points followed per region; a similarity needs 2, the rest outvote
MOST_CORNERS: Final = 500  # bounds the cost of a frame
CORNER_QUALITY: Final = 0.003  # share of the strongest corner's strength
CORNER_DISTANCE: Final = 4.0  # pixels at half the reduced size
WINDOW: Final = (13, 13)  # reduced pixels that LK compares
LEVELS: Final = 3  # halvings of the picture, at which larger motion is looked for first
STOP_CRITERIA: Final = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.03)  # steps, pixels
ROUND_TRIP: Final = 0.7  # reduced pixels by which a point may miss itself, there and back
AGREEING_SHARE: Final = 0.4  # of a product's points that must follow one motion
CAMERA_SHARE: Final = 0.25  # of the scene's points; near and far things move differently
CUT_SHARE: Final = 0.1  # fewer points than this found again: another scene
UNSURE_SHARE: Final = 0.35  # fewer than this without a common motion: another scene, too
FEWEST_POINTS: Final = 12  # before a cut may be reported
AGREEING_POINTS: Final = 4  # fewest points that determine a similarity and can still contradict it
RANSAC_PIXELS: Final = 1.5  # reduced pixels within which a point agrees with a motion
SCALE_RANGE: Final = (0.7, 1.4)  # of one frame step; beyond it the points were confused
STILL: Final = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])

Similarity = NDArray[np.float64]
Points = NDArray[np.float32]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class FrameMotion:
    """Motion of the scene and of regions between two frames.

    Attributes:
        camera: (2, 3) similarity of the scene, last frame's pixels to this frame's; `STILL` when
            it is unknown.
        regions: (2, 3) similarity per followed region; missing where nothing could be followed.
        is_cut: the two frames do not show one scene, or differ in resolution.
    """

    camera: Similarity
    regions: Mapping[int, Similarity]
    is_cut: bool = False


@dataclass(slots=True, eq=False)
class OpticalFlow:
    """Lucas-Kanade flow from frame to frame; holds the last frame, reduced.

    Attributes:
        last: (h, w) uint8, or None before the first frame.
        width: of the last full frame, in pixels.
        height: of the last full frame, in pixels.
    """

    last: NDArray[np.uint8] | None = None
    width: int = 0
    height: int = 0

    @property
    def sharpness(self) -> float:
        """Mean strength of the finest edges of the last frame, in grey levels; blur lowers it."""
        return 0.0 if self.last is None else edge_strength(self.last)

    def follow(self, image: NDArray[np.uint8], regions: Mapping[int, Box]) -> FrameMotion:
        """Return the motion since the last call's frame, in whose pixels the regions are."""
        height, width = image.shape[:2]
        last, self.last = self.last, reduce_to_grey(image)
        same_size = (width, height) == (self.width, self.height)
        self.width, self.height = width, height
        if last is None or not same_size:
            return FrameMotion(STILL, {}, is_cut=last is not None)
        return _motion(last, self.last, regions, width / last.shape[1])


def estimate_region_motion(
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    regions: Mapping[int, Box],
    guess: Similarity,
) -> dict[int, Similarity]:
    """Return the motion of regions to a later frame of the same size; lost regions are missing.

    Args:
        before: (H, W, 3) uint8 RGB.
        after: (h, w) uint8, the later frame as `reduce_to_grey` returns it.
        regions: in pixels of the first frame.
        guess: (2, 3) approximate motion of the scene; a region may have moved otherwise.
    """
    small = reduce_to_grey(before)
    if small.shape != after.shape:
        return {}
    zoom = before.shape[1] / small.shape[1]
    shrunk = np.column_stack([guess[:, :2], guess[:, 2] / zoom])
    guessed = cv2.warpAffine(small, shrunk, (small.shape[1], small.shape[0]))
    moved = {key: move_box(box, guess) for key, box in regions.items()}
    rest = _motion(np.asarray(guessed, np.uint8), after, moved, zoom).regions
    return {key: compose_motions(motion, guess) for key, motion in rest.items()}


def compose_motions(second: Similarity, first: Similarity) -> Similarity:
    """Return the motion that applies the first, then the second."""
    shift = second[:, :2] @ first[:, 2] + second[:, 2]
    return np.column_stack([second[:, :2] @ first[:, :2], shift])


def move_box(box: Box, motion: Similarity) -> Box:
    """Move the centre of a box and scale its sides; it stays upright."""
    centre = np.array([(box.left + box.right) / 2, (box.top + box.bottom) / 2])
    x, y = motion[:, :2] @ centre + motion[:, 2]
    zoom = float(np.hypot(motion[0, 0], motion[1, 0])) / 2
    width, height = zoom * box.width, zoom * box.height
    return Box(float(x - width), float(y - height), float(x + width), float(y + height))


def reduce_to_grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture in grey, shrunk by a whole number to at most `REDUCED_WIDTH` across."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    factor = -(-image.shape[1] // REDUCED_WIDTH)
    if factor == 1:
        return np.asarray(grey, np.uint8)
    size = (max(image.shape[1] // factor, 1), max(image.shape[0] // factor, 1))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def edge_strength(grey: NDArray[np.uint8]) -> float:
    """Return the mean strength of the finest edges, in grey levels."""
    return float(np.abs(cv2.Laplacian(grey, cv2.CV_16S)).mean())


def _motion(
    last: NDArray[np.uint8], grey: NDArray[np.uint8], regions: Mapping[int, Box], zoom: float
) -> FrameMotion:
    corners = _corners(last)
    chosen = {key: _inside(corners, box, zoom) for key, box in regions.items()}
    spread = _spread(corners, last.shape[1] / GRID_COLUMNS)
    # On a shelf the products are most of the scene, so their points count for the camera, too.
    used = np.unique(np.concatenate([spread, *chosen.values()]))
    if not len(used):
        return FrameMotion(STILL, {})
    ends = np.zeros_like(corners)
    good = np.zeros(len(corners), bool)
    ends[used], good[used] = _track(last, grey, corners[used])
    camera = _camera(corners[spread], ends[spread], good[spread], zoom)
    if camera is None:
        return FrameMotion(STILL, {}, is_cut=len(spread) >= FEWEST_POINTS)
    motions = {
        key: _similarity(corners[part], ends[part], good[part], zoom, AGREEING_SHARE)
        for key, part in chosen.items()
    }
    return FrameMotion(
        camera, {key: motion for key, motion in motions.items() if motion is not None}
    )


def _camera(
    starts: Points, ends: Points, good: NDArray[np.bool_], zoom: float
) -> Similarity | None:
    """Return the motion of the scene, or None when hardly anything of it is found again."""
    found_again = good.mean() if len(good) else 0.0
    if found_again < CUT_SHARE:
        return None
    camera = _similarity(starts, ends, good, zoom, CAMERA_SHARE)
    if camera is not None or found_again < UNSURE_SHARE:
        return camera
    # Near and far things move differently: their median is the best one motion for all.
    shift = zoom * np.median(ends[good] - starts[good], axis=0)
    return np.column_stack([np.eye(2), shift])


def _corners(grey: NDArray[np.uint8]) -> Points:
    """Return points worth following, strongest first; at half size, where noise is no corner."""
    if min(grey.shape) < 4 * WINDOW[0]:
        return np.zeros((0, 2), np.float32)
    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    found = cv2.goodFeaturesToTrack(half, MOST_CORNERS, CORNER_QUALITY, CORNER_DISTANCE)
    points = cast("Points | None", found)
    return np.zeros((0, 2), np.float32) if points is None else 2 * points.reshape(-1, 2) + 0.5


def _inside(corners: Points, box: Box, zoom: float) -> Indices:
    left, top = box.left / zoom, box.top / zoom
    right, bottom = box.right / zoom, box.bottom / zoom
    x, y = corners.T
    return np.flatnonzero((x >= left) & (x < right) & (y >= top) & (y < bottom))[:REGION_POINTS]


def _spread(corners: Points, side: float) -> Indices:
    """Return the strongest corner of each grid cell, so that no busy spot outvotes the scene."""
    cells = (corners // side).astype(np.int64)
    _, strongest = np.unique(cells[:, 1] * 4096 + cells[:, 0], return_index=True)
    return np.asarray(strongest)


def _track(
    last: NDArray[np.uint8], grey: NDArray[np.uint8], starts: Points
) -> tuple[Points, NDArray[np.bool_]]:
    # OpenCV's stubs require the result array; without a flag it does not serve as a first guess.
    ends, followed, _ = cv2.calcOpticalFlowPyrLK(
        last,
        grey,
        starts[:, None],
        starts[:, None].copy(),
        winSize=WINDOW,
        maxLevel=LEVELS,
        criteria=STOP_CRITERIA,
    )
    back, again, _ = cv2.calcOpticalFlowPyrLK(
        grey, last, ends, ends.copy(), winSize=WINDOW, maxLevel=LEVELS, criteria=STOP_CRITERIA
    )
    error = np.abs(back[:, 0] - starts).max(axis=1)
    good = (followed[:, 0] == 1) & (again[:, 0] == 1) & (error < ROUND_TRIP)
    return np.asarray(ends[:, 0], np.float32), np.asarray(good)


def _similarity(
    starts: Points, ends: Points, good: NDArray[np.bool_], zoom: float, share: float
) -> Similarity | None:
    """Return the one motion of a group of points, in full pixels; None if they share none."""
    if good.sum() < AGREEING_POINTS:
        return None
    found, agree = cv2.estimateAffinePartial2D(
        starts[good], ends[good], ransacReprojThreshold=RANSAC_PIXELS
    )
    motion = cast("Similarity | None", found)
    if motion is None or agree.sum() < max(share * len(starts), AGREEING_POINTS):
        return None
    scale = float(np.hypot(motion[0, 0], motion[1, 0]))
    if not SCALE_RANGE[0] < scale < SCALE_RANGE[1]:
        return None
    motion[:, 2] *= zoom
    return motion
