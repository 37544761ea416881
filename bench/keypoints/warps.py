"""Pairs of pictures with a known homography, made of one real photo."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.recognition.compression import through_jpeg

WIDTH: Final = 640
HEIGHT: Final = 480
CORNER_SHIFT: Final = 0.25  # of the side
TURN_DEG: Final = 45.0
SCALE: Final = (0.5, 1.5)
LEAST_SHARED: Final = 0.3  # of the first picture that the second must show
_ATTEMPTS: Final = 200


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """One photo and itself, warped and degraded.

    Attributes:
        first: (480, 640, 3) uint8, RGB.
        second: of the same shape, black where the first shows nothing.
        homography: (3, 3) float64, from the first's pixels to the second's.
    """

    first: NDArray[np.uint8]
    second: NDArray[np.uint8]
    homography: NDArray[np.float64]


def make_pair(photo: NDArray[np.uint8], generator: np.random.Generator) -> Pair:
    """A pair of an (H, W, 3) RGB photo, cut to 640x480."""
    first = crop_to_fill(photo)
    homography = sample_homography(generator)
    warped = cv2.warpPerspective(first, homography, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
    return Pair(first, degrade(warped.astype(np.uint8), generator), homography)


def crop_to_fill(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle of a photo, resized to fill 640x480."""
    height, width = photo.shape[:2]
    scale = max(WIDTH / width, HEIGHT / height)
    size = (max(WIDTH, round(width * scale)), max(HEIGHT, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(photo, size, interpolation=method)
    left, top = (size[0] - WIDTH) // 2, (size[1] - HEIGHT) // 2
    return resized[top : top + HEIGHT, left : left + WIDTH].astype(np.uint8)


def sample_homography(generator: np.random.Generator) -> NDArray[np.float64]:
    """Corners moved, then turned and scaled about the middle; enough of the picture stays in view.

    Raises:
        RuntimeError: the bounds leave nothing to sample, which the constants above exclude.
    """
    corners = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
    middle = np.array([WIDTH / 2, HEIGHT / 2])
    for _ in range(_ATTEMPTS):
        shift = generator.uniform(-CORNER_SHIFT, CORNER_SHIFT, (4, 2)) * (WIDTH, HEIGHT)
        angle = np.radians(generator.uniform(-TURN_DEG, TURN_DEG))
        scale = np.exp(generator.uniform(*np.log(SCALE)))
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        moved = ((corners + shift - middle) @ turn.T + middle).astype(np.float32)
        if cv2.isContourConvex(moved) and _shared(moved, corners) >= LEAST_SHARED:
            return cv2.getPerspectiveTransform(corners, moved).astype(np.float64)
    raise RuntimeError(f"no homography in {_ATTEMPTS} attempts keeps enough of the picture")


def degrade(image: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Contrast, brightness, blur, noise and JPEG, each drawn by lot."""
    contrast, brightness = generator.uniform(0.6, 1.4), generator.uniform(-40, 40)
    lit = (image.astype(np.float32) - 128) * contrast + 128 + brightness
    blurred = cv2.GaussianBlur(lit, (0, 0), generator.uniform(0.1, 2.0))
    noisy = blurred + generator.normal(0, generator.uniform(0, 10), image.shape)
    return through_jpeg(noisy, int(generator.integers(30, 96)))


def _shared(moved: NDArray[np.float32], frame: NDArray[np.float32]) -> float:
    """Share of the moved picture that lies in the frame."""
    common, _ = cv2.intersectConvexConvex(moved, frame)
    area = cv2.contourArea(moved)
    return float(common / area) if area > 0 else 0.0
