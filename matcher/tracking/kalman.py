"""Constant-velocity Kalman filter of a box, in seconds: the result does not depend on the rate."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box

# Standard deviations in shares of the box's mean side: ByteTrack's noise at 30 frames per second,
# turned into densities per second.
MEASURED: Final = 0.05  # of a measured coordinate
POSITION: Final = 0.27  # per square root of a second
VELOCITY: Final = 1.0  # of the velocity, per second and square root of a second
FIRST_VELOCITY: Final = 1.9  # per second, of a box seen for the first time
SIZE_MEMORY: Final = 0.3  # seconds after which a box no longer grows or shrinks by itself
VELOCITY_MEMORY: Final = 0.7  # share of the old velocity that a step of optical flow keeps
NEW_VELOCITY: Final = 0.3  # share that the step's own velocity gets; the two make 1
SMALLEST: Final = 1.0  # pixels; a side never becomes zero
LEAST_DETERMINANT: Final = 1e-6  # of a similarity; noise must not turn a box inside out


@dataclass(slots=True, eq=False)
class BoxMotion:
    """Where a box is and how it moves, with uncertainty.

    Attributes:
        mean: (4, 2) float64, position and velocity per second of (centre x, centre y, width,
            height), each axis for itself.
        covariance: (4, 2, 2) float64.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @classmethod
    def start(cls, box: Box) -> "BoxMotion":
        """Return the motion of a box that was seen for the first time."""
        mean = np.zeros((4, 2))
        mean[:, 0] = _measurement(box)
        covariance = np.zeros((4, 2, 2))
        covariance[:, 0, 0] = (2 * MEASURED * _scale(mean)) ** 2
        covariance[:, 1, 1] = (FIRST_VELOCITY * _scale(mean)) ** 2
        return cls(mean, covariance)

    @property
    def box(self) -> Box:
        """The expected box, in pixels."""
        x, y, width, height = self.mean[:, 0].tolist()
        width, height = max(width, SMALLEST), max(height, SMALLEST)
        left, top = x - width / 2, y - height / 2
        return Box(left, top, left + width, top + height)

    @property
    def velocity(self) -> tuple[float, float]:
        """Pixels per second of the centre, the camera's own motion taken out."""
        return float(self.mean[0, 1]), float(self.mean[1, 1])

    def predict(self, seconds: float) -> None:
        """Let seconds pass."""
        self.mean[:, 0] += seconds * self.mean[:, 1]
        self.mean[2:, 1] *= np.exp(-seconds / SIZE_MEMORY)
        step = np.array([[1.0, seconds], [0.0, 1.0]])
        self.covariance = step @ self.covariance @ step.T
        self._blur(seconds)

    def follow(
        self, motion: NDArray[np.float64], camera: NDArray[np.float64], seconds: float
    ) -> None:
        """Go along with what was seen to move inside the box, instead of predicting.

        Args:
            motion: (2, 3) similarity, last frame's pixels to this frame's, of the box.
            camera: (2, 3) similarity, last frame's pixels to this frame's, of the background.
            seconds: since the last frame.
        """
        before = self.mean[:2, 0].copy()
        self.warp(motion)
        still = camera[:, :2] @ before + camera[:, 2]
        if seconds > 0:
            self.mean[:2, 1] = (
                VELOCITY_MEMORY * self.mean[:2, 1]
                + NEW_VELOCITY * (self.mean[:2, 0] - still) / seconds
            )
        self._blur(seconds)

    def warp(self, motion: NDArray[np.float64]) -> None:
        """Take the box into the pixels of a moved camera; (2, 3) similarity."""
        turn = motion[:, :2]
        zoom = float(np.sqrt(max(np.linalg.det(turn), LEAST_DETERMINANT)))
        self.mean[:2] = turn @ self.mean[:2]
        self.mean[:2, 0] += motion[:, 2]
        self.mean[2:] *= zoom
        self.covariance *= zoom**2

    def update(self, box: Box) -> None:
        """Learn from a box that was seen."""
        noise = (MEASURED * _scale(self.mean)) ** 2
        gain = self.covariance[:, :, 0] / (self.covariance[:, 0, 0] + noise)[:, None]
        self.mean += gain * (_measurement(box) - self.mean[:, 0])[:, None]
        self.covariance = self.covariance - gain[:, :, None] * self.covariance[:, None, 0, :]

    def _blur(self, seconds: float) -> None:
        scale = _scale(self.mean)
        position, velocity = (POSITION * scale) ** 2, (VELOCITY * scale) ** 2
        self.covariance[:, 0, 0] += seconds * position + seconds**3 / 3 * velocity
        self.covariance[:, 0, 1] += seconds**2 / 2 * velocity
        self.covariance[:, 1, 0] += seconds**2 / 2 * velocity
        self.covariance[:, 1, 1] += seconds * velocity


def _measurement(box: Box) -> NDArray[np.float64]:
    return np.array([(box.left + box.right) / 2, (box.top + box.bottom) / 2, box.width, box.height])


def _scale(mean: NDArray[np.float64]) -> float:
    return float(np.sqrt(max(mean[2, 0], SMALLEST) * max(mean[3, 0], SMALLEST)))
