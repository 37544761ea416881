"""Pictures in other colours than sRGB, by arithmetic of their own."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.ingest.decode.coding import ADOBE_RGB, SRGB, power_curve, srgb_curve
from catalog.ingest.decode.profile import Curve, Primaries, make_profile


@dataclass(frozen=True, slots=True)
class ColourSpace:
    """Primaries, the curve, and the curve's exponent; None for sRGB's."""

    primaries: Primaries
    exponent: float | None = None

    @property
    def profile(self) -> bytes:
        """ICC."""
        curve: Curve = srgb_curve if self.exponent is None else power_curve(self.exponent)
        return make_profile(self.primaries, curve)

    def store(self, srgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the values that mean, in this space, what those of an sRGB picture do."""
        light = srgb_curve(srgb / 255.0) @ _to_light(SRGB, self.primaries).T
        light = np.clip(light, 0, 1)
        if self.exponent is not None:
            stored = light ** (1 / self.exponent)
        else:
            low, high = 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055
            stored = np.where(light <= 0.0031308, low, high)
        return np.asarray(np.rint(stored * 255), np.uint8)


DISPLAY_P3: Final = ColourSpace(
    Primaries((0.3127, 0.329), (0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
)
ADOBE: Final = ColourSpace(ADOBE_RGB, 563 / 256)
REC_2020: Final = ColourSpace(
    Primaries((0.3127, 0.329), (0.708, 0.292), (0.17, 0.797), (0.131, 0.046))
)
PROPHOTO: Final = ColourSpace(
    Primaries((0.3457, 0.3585), (0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)), 1.8
)
OLD_MAC: Final = ColourSpace(SRGB, 1.8)
LINEAR: Final = ColourSpace(SRGB, 1.0)


def soft_colours() -> NDArray[np.uint8]:
    """An (96, 96, 3) picture in sRGB of all hues, without steep edges."""
    down, across = np.mgrid[0:96, 0:96] / 95
    red, green = 40 + 190 * down, 40 + 190 * across
    blue = 235 - 95 * (down + across)
    return np.asarray(np.rint(np.stack([red, green, blue], axis=-1)), np.uint8)


def _to_light(source: Primaries, target: Primaries) -> NDArray[np.float64]:
    """Return the (3, 3) map between linear lights, white on white (von Kries, Bradford's cones)."""
    cones = np.array(
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
    )
    white, goal = (_xyz(side.white) for side in (source, target))
    adapt = np.linalg.inv(cones) @ np.diag((cones @ goal) / (cones @ white)) @ cones
    return np.asarray(np.linalg.inv(_mixed(target)) @ adapt @ _mixed(source), np.float64)


def _mixed(primaries: Primaries) -> NDArray[np.float64]:
    columns = [_xyz(xy) for xy in (primaries.red, primaries.green, primaries.blue)]
    lights = np.stack(columns, axis=1)
    return np.asarray(lights * (np.linalg.inv(lights) @ _xyz(primaries.white)), np.float64)


def _xyz(xy: tuple[float, float]) -> NDArray[np.float64]:
    return np.array([xy[0] / xy[1], 1.0, (1 - xy[0] - xy[1]) / xy[1]])
