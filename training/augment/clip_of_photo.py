"""A short clip of a still photo, as a camera that is held or mounted before the scene takes it.

The view moves over the photo by small homographies: a slow pan, zoom and turn, and the shake of a
hand. Each frame is a shot of its own (`training.augment.camera`) whose exposure drifts, whose noise
is new, and whose blur follows the movement. Parallax is missing: a photo knows no depth.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.augment.camera import Degradation, MotionBlur, Shot, apply_shot, draw_shot

# A mounted camera does not move; exposure and noise of its frames still do.
_MOUNTED: Final = 0.25  # share of clips
# A photo has been through a camera once; a frame is worse, yet not by another bad day's light.
_STRENGTH: Final = (0.15, 0.5)
_PAN: Final = 0.07  # of the picture's sides, either way, over the whole clip
_ZOOM: Final = (1.0, 1.18)
_TURN: Final = 4.0  # degrees either way
_TILT: Final = 0.02  # of the sides, by which corners move against each other
_SHAKE: Final = 0.004  # of the sides, standard deviation of the hand's tremor from frame to frame
_EXPOSED_S: Final = 0.03  # seconds that a frame is exposed for, at most: what blurs a movement
_FLICKER: Final = 0.03  # standard deviation of the logarithm of one frame's exposure
_DRIFT: Final = 0.12  # of the logarithm of exposure, from one end of the clip to the other
_SHORTEST_BLUR_PX: Final = 3.0  # less movement than that is no blur
_CORNERS: Final = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))

Image = NDArray[np.uint8]
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClipLength:
    """Length and rate of a clip; long enough that everything in it is looked at several times."""

    seconds: float = 1.6
    frames_per_second: float = 12.0

    @property
    def frame_count(self) -> int:
        """Number of frames, at least one."""
        return max(round(self.seconds * self.frames_per_second), 1)


CLIP_LENGTH: Final = ClipLength()


def film_photo(
    photo: Image, rng: np.random.Generator, length: ClipLength = CLIP_LENGTH
) -> Iterator[Image]:
    """Yield the frames of a clip, each (H, W, 3) uint8 RGB of the photo's size, drawn when asked.

    Args:
        photo: (H, W, 3) uint8 RGB.
        rng: source of all chance; the same seed gives the same frames.
        length: how long, and how many frames.
    """
    height, width = photo.shape[:2]
    shot = draw_shot(Degradation(float(rng.uniform(*_STRENGTH))), height, width, rng)
    views = _views(width, height, rng, length.frame_count)
    light = _exposures(rng, length.frame_count)
    before = views[0]
    for view, exposure in zip(views, light, strict=True):
        seen = _look(photo, view)
        moved = (view - before).mean(axis=0) * _EXPOSED_S * length.frames_per_second
        yield apply_shot(seen, _shot_of_frame(shot, float(exposure), moved, rng))
        before = view


def _views(width: int, height: int, rng: np.random.Generator, count: int) -> list[Points]:
    """Return where the corners of each frame's view lie in the photo, each (4, 2) in pixels."""
    half = np.array([width, height]) / 2
    is_mounted = rng.random() < _MOUNTED
    reach, tremor = (0.0, 0.0) if is_mounted else (1.0, _SHAKE)
    ends = [
        (
            rng.uniform(-_PAN, _PAN, 2) * reach,
            rng.uniform(*_ZOOM),
            np.radians(rng.uniform(-_TURN, _TURN)),
            rng.uniform(-_TILT, _TILT, (4, 2)),
        )
        for _ in range(2)
    ]
    if is_mounted:
        ends[1] = ends[0]
    views = []
    for share in _eased(count):
        pan, zoom, turn, tilt = (
            (1 - share) * np.asarray(start) + share * np.asarray(end)
            for start, end in zip(*ends, strict=True)
        )
        around = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        square = (np.array(_CORNERS) / zoom + 2 * tilt) * half @ around.T
        views.append(square + half + (pan + rng.normal(0, tremor, 2)) * 2 * half)
    return views


def _eased(count: int) -> NDArray[np.float64]:
    """Return (count,) shares from 0 to 1 that begin and end slowly."""
    return np.asarray((1 - np.cos(np.linspace(0, np.pi, count))) / 2, np.float64)


def _exposures(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Return (count,) factors of the light."""
    drift = np.linspace(-0.5, 0.5, count) * rng.uniform(-_DRIFT, _DRIFT)
    return np.asarray(np.exp(drift + rng.normal(0, _FLICKER, count)), np.float64)


def _look(photo: Image, view: Points) -> Image:
    height, width = photo.shape[:2]
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    move = cv2.getPerspectiveTransform(view.astype(np.float32), frame)
    return np.asarray(
        cv2.warpPerspective(
            photo,
            move,
            (width, height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        ),
        np.uint8,
    )


def _shot_of_frame(shot: Shot, exposure: float, moved: Points, rng: np.random.Generator) -> Shot:
    """Return the clip's shot as one frame has it, moved by (2,) pixels while it is exposed."""
    red, green, blue = (exposure * gain for gain in shot.gain)
    far = float(np.hypot(*moved))
    blur = shot.blur
    if far >= _SHORTEST_BLUR_PX:
        blur = MotionBlur(int(far) | 1, float(np.arctan2(moved[1], moved[0])))
    seed = int(rng.integers(1 << 32))
    return replace(shot, gain=(red, green, blue), blur=blur, noise_seed=seed)
