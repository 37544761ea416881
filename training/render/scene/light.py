"""How bright a printed point looks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lamp:
    """A soft lamp.

    Attributes:
        position: metres.
        power: how much it adds where it shines straight from a metre away.
        sharpness: of its reflection; the larger the smaller.
    """

    position: tuple[float, float, float]
    power: float
    sharpness: float = 60.0


@dataclass(frozen=True, slots=True)
class Niche:
    """Boards above and below that keep light away.

    Attributes:
        ceiling: y of the board above.
        floor: y of the board below.
        front: z of their front edges.
    """

    ceiling: float
    floor: float
    front: float

    def shade(self, points: Floats) -> Floats:
        """Return the share of the light that arrives at (..., 3) points."""
        x_free = points[..., 2] - self.front
        above = np.exp(-np.maximum(points[..., 1] - self.ceiling, 0) / 0.09)
        below = np.exp(-np.maximum(self.floor - points[..., 1], 0) / 0.018)
        inside = np.clip(x_free / 0.25, 0, 1)
        share: Floats = (1 - 0.42 * above) * (1 - 0.35 * below) * (1 - 0.4 * inside)
        return share


@dataclass(frozen=True, slots=True)
class Lighting:
    """Lamps and what the room itself gives.

    Attributes:
        ambient: from everywhere.
        lamps: in order of importance.
    """

    ambient: float
    lamps: tuple[Lamp, ...]

    def shade(
        self, points: Floats, normals: Floats, eye: Floats, gloss: float, niche: Niche | None
    ) -> tuple[Floats, Floats]:
        """Factor of the print's colour and highlight in [0, 1] added, both (...)."""
        diffuse = self.ambient * (1 - 0.18 * normals[..., 1])
        shine = np.zeros(points.shape[:-1])
        view = _unit(eye - points)
        for lamp in self.lamps:
            towards = np.asarray(lamp.position) - points
            distance = np.linalg.norm(towards, axis=-1)
            ray = towards / distance[..., None]
            facing = np.clip((normals * ray).sum(-1), 0, 1)
            power = lamp.power / (0.35 + 0.65 * distance**2)
            diffuse = diffuse + power * (0.15 + 0.85 * facing) * (facing > 0)
            half = _unit(ray + view)
            glint = np.clip((normals * half).sum(-1), 0, 1) ** lamp.sharpness
            shine = shine + gloss * np.minimum(power * 1.7, 1.0) * glint * (facing > 0)
        blocked = niche.shade(points) if niche else np.ones_like(diffuse)
        return diffuse * blocked, shine * blocked


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return unit
