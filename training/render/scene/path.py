"""Smooth movement through given places, and the unsteadiness of a hand."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Path:
    """Passes through values at times, easing in and out, never overshooting.

    Args:
        times: seconds, rising.
        values: one (D,) row per time.
    """

    def __init__(self, times: Sequence[float], values: Sequence[Sequence[float]]) -> None:
        from scipy.interpolate import PchipInterpolator  # half a second

        self._curve = PchipInterpolator(np.asarray(times), np.asarray(values, dtype=np.float64))
        self.span = (times[0], times[-1])

    def at(self, time: float) -> Floats:
        """(D,) value; held before the first time and after the last."""
        values: Floats = self._curve(np.clip(time, *self.span))
        return values


class Tremor:
    """Smooth, never repeating unrest of about unit size in several directions.

    Args:
        dimensions: how many independent directions.
        rng: where its phases come from.
        slowest: hertz.
        fastest: hertz.
    """

    def __init__(
        self, dimensions: int, rng: np.random.Generator, slowest: float = 0.25, fastest: float = 5.0
    ) -> None:
        waves = 9
        self._rates = np.geomspace(slowest, fastest, waves) * rng.uniform(
            0.85, 1.15, (dimensions, waves)
        )
        self._phases = rng.uniform(0, 2 * np.pi, (dimensions, waves))
        weights = (slowest / np.geomspace(slowest, fastest, waves)) ** 0.8
        self._weights = weights / np.linalg.norm(weights) * np.sqrt(2)

    def at(self, time: float) -> Floats:
        """(dimensions,) offsets."""
        waves = np.sin(2 * np.pi * self._rates * time + self._phases)
        offsets: Floats = waves @ self._weights
        return offsets
