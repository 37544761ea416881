"""Code points of ITU-T H.273 by which PNG and AVIF files name primaries and transfer."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.ingest.decode.profile import Curve, Primaries, make_profile

_D65: Final = (0.3127, 0.329)  # x and y of daylight, the white of displays
SRGB: Final = Primaries(_D65, (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_SMPTE_170M: Final = Primaries(_D65, (0.63, 0.34), (0.31, 0.595), (0.155, 0.07))
ADOBE_RGB: Final = Primaries(_D65, (0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
_PRIMARIES: Final = {
    4: Primaries((0.31, 0.316), (0.67, 0.33), (0.21, 0.71), (0.14, 0.08)),  # BT.470 M
    5: Primaries(_D65, (0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),  # BT.470 B and G
    6: _SMPTE_170M,
    7: _SMPTE_170M,
    9: Primaries(_D65, (0.708, 0.292), (0.17, 0.797), (0.131, 0.046)),  # BT.2020
    11: Primaries((0.314, 0.351), (0.68, 0.32), (0.265, 0.69), (0.15, 0.06)),  # DCI-P3
    12: Primaries(_D65, (0.68, 0.32), (0.265, 0.69), (0.15, 0.06)),  # Display P3
}
_NITS_OF_WHITE: Final = 203.0  # of a sheet of paper in HDR (ITU-R BT.2408)
_PQ_NITS: Final = 10_000.0  # of PQ's largest value
_HLG_NITS: Final = 1_000.0  # of HLG's, on the display that it is made for
_HLG_GAMMA: Final = 1.2  # from a scene to that display
_KNEE: Final = 0.75  # of white; what is brighter in HDR is pressed into the rest
_ADOBE_GAMMA: Final = 563 / 256  # the exponent that Adobe RGB (1998) defines


def coded_profile(primaries: int, transfer: int) -> bytes | None:
    """Return an ICC profile of colours that are named by code points; None if they are sRGB.

    High dynamic range (PQ, HLG) is toned down: up to three quarters of paper's white it stays.
    """
    curve = _curve(transfer)
    if primaries not in _PRIMARIES and curve is srgb_curve:
        return None
    return make_profile(_PRIMARIES.get(primaries, SRGB), curve)


def adobe_rgb_profile() -> bytes:
    """Return a profile of Adobe RGB (1998)."""
    return make_profile(ADOBE_RGB, power_curve(_ADOBE_GAMMA))


def srgb_curve(stored: NDArray[np.float64]) -> NDArray[np.float64]:
    """Implement `Curve` of sRGB."""
    return np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)


def power_curve(exponent: float) -> Curve:
    """Return the curve of stored values to the power of `exponent`."""
    return lambda stored: stored**exponent


def _curve(transfer: int) -> Curve:
    """Return a transfer's curve. Those of television are shown as sRGB's by all viewers."""
    curves = {4: power_curve(2.2), 5: power_curve(2.8), 8: power_curve(1.0), 16: _pq, 18: _hlg}
    return curves.get(transfer, srgb_curve)


def _pq(stored: NDArray[np.float64]) -> NDArray[np.float64]:
    power = stored ** (1 / 78.84375)
    light = np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
    return _toned(light ** (1 / 0.1593017578125) * _PQ_NITS / _NITS_OF_WHITE)


def _hlg(stored: NDArray[np.float64]) -> NDArray[np.float64]:
    bright = (np.exp((stored - 0.55991073) / 0.17883277) + 0.28466892) / 12
    scene = np.where(stored <= 0.5, stored**2 / 3, bright)
    return _toned(scene**_HLG_GAMMA * _HLG_NITS / _NITS_OF_WHITE)


def _toned(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Press light in shares of paper's white into [0, 1], smoothly from the knee on."""
    room = 1 - _KNEE
    beyond = np.maximum(light - _KNEE, 0)
    return np.minimum(light, _KNEE) + room * beyond / (beyond + room)
