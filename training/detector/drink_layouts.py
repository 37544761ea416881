"""Where drinks lie and stand in composed scenes: turned any way, in rows, crowds and piles."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.augment.views import Subject
from training.detector.canvas import PastePose, SceneCanvas


class DrinkLayouts:
    """Layouts of bottles and cans; not thread-safe, because of the random generator."""

    def __init__(self, drinks: Sequence[Subject], rng: np.random.Generator) -> None:
        """Take the cut-outs, at least one, to paste."""
        self._drinks = drinks
        self._rng = rng

    def fill(self, canvas: SceneCanvas) -> None:
        """Paste drinks onto a canvas: one or two close by, rows, a crowd or a pile."""
        layouts = (self._close, self._rows, self._crowd, self._pile)
        layouts[int(self._rng.choice(len(layouts), p=(0.25, 0.3, 0.2, 0.25)))](canvas)

    def _any(self) -> Subject:
        return self._drinks[int(self._rng.integers(len(self._drinks)))]

    def _few(self) -> list[Subject]:
        """Draw kinds for one layout: often one alone, as packs hold it."""
        return [self._any() for _ in range(int(self._rng.choice((1, 1, 2, 4, 8))))]

    def _one_of(self, kinds: Sequence[Subject]) -> Subject:
        return kinds[int(self._rng.integers(len(kinds)))]

    def _close(self, canvas: SceneCanvas) -> None:
        rng = self._rng
        for _ in range(rng.integers(1, 3)):
            centre = rng.uniform(0.25, 0.75, 2) * canvas.side
            height = rng.uniform(0.3, 0.95) * canvas.side
            heading = rng.uniform(0, 360)
            canvas.paste(self._any(), PastePose(height, centre, 0.05, 0, heading))

    def _rows(self, canvas: SceneCanvas) -> None:
        """Paste rows side by side, all turned by the same angle: a pack or a drawer from above."""
        rng = self._rng
        kinds = self._few()
        heading = rng.choice((0, 90, 180, 270)) + rng.normal(0, 12) if rng.random() < 0.6 else (
            rng.uniform(0, 360))  # fmt: skip
        height = rng.uniform(0.2, 0.6) * canvas.side
        width = height * float(np.mean([_aspect(kind) for kind in kinds]))
        gap, between = rng.uniform(0.96, 1.25), rng.uniform(0.95, 1.15)
        rows, columns = rng.integers(1, 4), rng.integers(2, 9)
        middle = rng.uniform(0.35, 0.65, 2) * canvas.side
        for row in range(rows):
            for column in range(columns):
                if rng.random() < 0.05:
                    continue
                step = np.array([(column - (columns - 1) / 2) * width * gap,
                                 (row - (rows - 1) / 2) * height * between])  # fmt: skip
                centre = middle + _turned(step, heading)
                canvas.paste(self._one_of(kinds), PastePose(height, centre, 0.02, 3, heading))

    def _crowd(self, canvas: SceneCanvas) -> None:
        """Paste rows of standing drinks that partly cover those behind."""
        rng = self._rng
        kinds = self._few()
        height = rng.uniform(0.22, 0.55) * canvas.side
        rows = rng.integers(2, 4)
        rise = rng.uniform(0.2, 0.6) * height
        lean = rng.normal(0, 8)
        level = rng.uniform(0.5, 0.9) * canvas.side - height / 2 - (rows - 1) * rise
        for _ in range(rows):
            left = rng.uniform(-0.1, 0.25) * canvas.side
            right = rng.uniform(0.6, 1.1) * canvas.side
            while left < right:
                kind = self._one_of(kinds)
                width = height * _aspect(kind)
                centre = np.array([left + width / 2, level + rng.normal(0, 0.04) * height])
                canvas.paste(kind, PastePose(height, centre, 0.02, 2, lean))
                left += width * rng.uniform(0.95, 1.35)
            level += rise
            height *= rng.uniform(1.0, 1.12)

    def _pile(self, canvas: SceneCanvas) -> None:
        rng = self._rng
        kinds = self._few()
        number = rng.integers(3, 15)
        height = rng.uniform(0.18, 0.5) * canvas.side
        spread = height * np.sqrt(number) * rng.uniform(0.22, 0.4)
        middle = rng.uniform(0.35, 0.65, 2) * canvas.side
        for _ in range(number):
            centre = middle + rng.normal(0, spread, 2)
            size = height * np.exp(rng.normal(0, 0.08))
            canvas.paste(self._one_of(kinds), PastePose(size, centre, 0.05, 0, rng.uniform(0, 360)))


def _aspect(product: Subject) -> float:
    """Return the width as a share of the height."""
    height, width = product.image.shape[:2]
    return float(width / height)


def _turned(step: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    angle = np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(rotation @ step, np.float64)
