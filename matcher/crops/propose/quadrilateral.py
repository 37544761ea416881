"""Fits a painting's four corners to the edges near its believed outline.

Along each side, profiles across it are cut out of the picture. A line is looked for in them by a
small Hough transform (Duda and Hart, 1972) over its two ends: where the levels change most, all
along the side, not far from where the network believes it. Neighbouring lines meet in the corners.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Corners = NDArray[np.float64]
_Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class QuadrilateralSettings:
    """Sizes and thresholds of the fit.

    Attributes:
        side_px: pixels of the longer side of the picture that edges are looked for in.
        reach: of the outline's size, how far from a believed side its edge may lie.
        least_reach_px: and at least so many pixels.
        samples: profiles along a side.
        ends: of a side, the share left out at each end, where frames cross.
        steps: places across a profile.
        doubt: standard deviation of the network's side, as a share of the reach.
        clear: times the middling line's change of levels that the best must have.
        outward: share that a line at the outer end of the reach is preferred by: of the edges of a
            frame, the outermost is meant.
        faintest: change of levels per step that is no noise.
    """

    side_px: int = 640
    reach: float = 0.18
    least_reach_px: float = 4.0
    samples: int = 40
    ends: float = 0.06
    steps: int = 65
    doubt: float = 1.0
    clear: float = 1.3
    outward: float = 0.4
    faintest: float = 2.0


QUADRILATERAL_SETTINGS: Final = QuadrilateralSettings()
_LARGEST_CHANGE: Final = 25.0  # levels per step that count: one glaring spot is no edge
_FEWEST_SIDES: Final = 2  # that must be found, or nothing is known better than before
_PARALLEL: Final = 1e-6  # square pixels: lines whose directions span less hardly cross
_NARROWING: Final = (2.5, 1.8, 1.3, 1.3)  # steps: how far from the line changes count, per pass


@dataclass(frozen=True, slots=True, eq=False)
class FittedQuadrilateral:
    """Corners with how many of the sides between them are seen edges."""

    corners: Corners
    sides_seen: int

    @property
    def is_seen(self) -> bool:
        """Whether enough of the sides are edges for the corners to mean something."""
        return self.sides_seen >= _FEWEST_SIDES


class EdgePicture:
    """A picture in which quadrilaterals are fitted; prepared once for several."""

    def __init__(
        self, image: Image, settings: QuadrilateralSettings = QUADRILATERAL_SETTINGS
    ) -> None:
        """Prepare an (H, W, 3) RGB picture."""
        self._settings = settings
        self._size = np.array([image.shape[1], image.shape[0]], np.float64)
        self._scale = min(settings.side_px / max(image.shape[:2]), 1.0)
        if self._scale < 1:
            image = cv2.resize(
                image, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_AREA
            ).astype(np.uint8)
        lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
        self._levels = cv2.GaussianBlur(lab, (0, 0), 0.8)
        self._lines = _LineGrid.of(settings)

    def fit(self, believed: Corners) -> FittedQuadrilateral:
        """Return corners near believed ones, (4, 2) in the picture's pixels, clockwise."""
        corners = believed * self._scale - 0.5
        size = float(np.sqrt(max(abs(_area(corners)), 1.0)))
        reach = max(self._settings.reach * size, self._settings.least_reach_px)
        lines, seen = [], 0
        for index in range(4):
            start, end = corners[index], corners[(index + 1) % 4]
            moved = self._find_side(start, end, reach)
            seen += moved is not None
            lines.append((start, end) if moved is None else moved)
        fitted = [_meet(lines[index - 1], lines[index]) for index in range(4)]
        if any(corner is None for corner in fitted) or not seen:
            return FittedQuadrilateral(believed, 0)
        found = np.array(fitted, np.float64)
        if not _is_sound(found, corners, reach):
            return FittedQuadrilateral(believed, 0)
        return FittedQuadrilateral((found + 0.5) / self._scale, seen)

    def _find_side(
        self, start: Corners, end: Corners, reach: float
    ) -> tuple[Corners, Corners] | None:
        """Return two points of the strongest line near a believed side; None if none is clear."""
        settings = self._settings
        along = end - start
        length = float(np.hypot(*along))
        if length < 3:
            return None
        normal = np.array([along[1], -along[0]]) / length
        places = np.linspace(settings.ends, 1 - settings.ends, settings.samples)
        steps, offsets = np.arange(settings.steps), np.linspace(-reach, reach, settings.steps)
        points = (start + places[:, None, None] * along + offsets[None, :, None] * normal).astype(
            np.float32
        )
        change = self._changes(points)
        near, far, value, typical = _strongest_line(change, self._lines)
        if value < max(settings.clear * typical, settings.faintest):
            return None
        near_offset, far_offset = np.interp(_refined(change, near, far), steps, offsets)
        first = start + places[0] * along + near_offset * normal
        last = start + places[-1] * along + far_offset * normal
        return first, last

    def _changes(self, points: _Floats) -> _Floats:
        """Return (samples, steps) sizes of the change of levels across, 0 outside the picture."""
        profiles = cv2.remap(
            self._levels, points[..., 0], points[..., 1], cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        across = np.zeros_like(profiles)
        across[:, 1:-1] = profiles[:, 2:] - profiles[:, :-2]
        size = np.sqrt((across**2).sum(axis=2))
        return np.asarray(np.minimum(size, _LARGEST_CHANGE), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _LineGrid:
    """All lines that are tried across the profiles of a side.

    Attributes:
        ends: (N, 2) steps at both ends.
        crossed: (N, samples) where each crosses each profile, in flattened (samples, steps).
        worth: (N,) what each one's change is multiplied by: less far from where the side is
            believed, more at the outer end of the reach.
    """

    ends: NDArray[np.intp]
    crossed: NDArray[np.intp]
    worth: NDArray[np.float64]

    @classmethod
    def of(cls, settings: QuadrilateralSettings) -> "_LineGrid":
        steps, samples = settings.steps, settings.samples
        grid = np.arange(0, steps, 2)
        ends = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1).reshape(-1, 2)
        ends = ends[np.abs(ends[:, 0] - ends[:, 1]) <= steps // 2]
        share = np.linspace(0, 1, samples)
        crossing = np.rint(ends[:, :1] * (1 - share) + ends[:, 1:] * share).astype(np.intp)
        middle = (steps - 1) / 2
        away = ((ends - middle) / (settings.doubt * middle)) ** 2
        outward = 1 + settings.outward * (ends.mean(axis=1) / middle - 1)
        worth = outward * np.exp(-0.25 * away.sum(axis=1))
        return cls(ends, crossing + steps * np.arange(samples), worth)


def _strongest_line(change: _Floats, lines: _LineGrid) -> tuple[int, int, float, float]:
    """Return the step of the best line at both ends, its mean change, and the middling line's."""
    soft = np.maximum(change, np.maximum(_shifted(change, 1), _shifted(change, -1)))
    value = soft.ravel()[lines.crossed].mean(axis=1)
    best = int(np.argmax(value * lines.worth))
    near, far = lines.ends[best].tolist()
    return near, far, float(value[best]), float(np.median(value))


def _refined(change: _Floats, near: int, far: int) -> tuple[float, float]:
    """Return the steps at both ends of the line fitted through the changes near a line."""
    share = np.linspace(0, 1, len(change), dtype=np.float32)
    steps = np.arange(change.shape[1])
    clear = np.maximum(change - np.median(change, axis=1, keepdims=True), 0)
    start, end = float(near), float(far)
    for spread in _NARROWING:
        distance = steps[None] - (start + (end - start) * share)[:, None]
        weight = clear * np.exp(-0.5 * (distance / spread) ** 2)
        mass = weight.sum(axis=1)
        if float(mass.max()) <= 0:
            break
        centre = (weight * steps).sum(axis=1) / np.maximum(mass, 1e-6)
        start, end = _fitted_ends(share, centre, mass)
    return start, end


def _fitted_ends(share: _Floats, centre: _Floats, mass: _Floats) -> tuple[float, float]:
    """Return where the straight line nearest to weighed places begins and ends."""
    weight = mass / mass.sum()
    middle, level = float(weight @ share), float(weight @ centre)
    spread = max(float(weight @ (share - middle) ** 2), 1e-9)
    slope = float(weight @ ((share - middle) * (centre - level))) / spread
    return level - slope * middle, level + slope * (1 - middle)


def _shifted(change: _Floats, by: int) -> _Floats:
    moved = np.roll(change, by, axis=1)
    moved[:, 0 if by > 0 else -1] = 0
    return moved


def _meet(one: tuple[Corners, Corners], other: tuple[Corners, Corners]) -> Corners | None:
    """Return where two lines, each through two points, cross; None if they hardly do."""
    first, second = one[1] - one[0], other[1] - other[0]
    cross = first[0] * second[1] - first[1] * second[0]
    if abs(cross) < _PARALLEL:
        return None
    between = other[0] - one[0]
    along = (between[0] * second[1] - between[1] * second[0]) / cross
    return np.asarray(one[0] + along * first, np.float64)


def _is_sound(found: Corners, believed: Corners, reach: float) -> bool:
    """Return whether corners are convex and none ran away."""
    moved = np.abs(found - believed).max()
    convex = cv2.isContourConvex(found.astype(np.float32))
    return bool(convex and moved < 2.5 * reach and _area(found) > 0.4 * _area(believed))


def _area(corners: Corners) -> float:
    x, y = corners[:, 0], corners[:, 1]
    return float(0.5 * np.abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))
