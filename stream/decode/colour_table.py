"""Tables that take a film's colours to those of a standard screen, by ITU-R's formulas.

Colours are non-linear RGB, all in [0, 1]; light is linear, 1 being a standard screen's white.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from av.video.reformatter import ColorPrimaries, ColorTrc
from numpy.typing import NDArray

Colours = NDArray[np.float64]  # (..., 3), red, green, blue

SCREEN_GAMMA: Final = 2.4  # BT.1886
REFERENCE_WHITE: Final = 203.0  # cd/m2 of white paper in films of high dynamic range, BT.2408
NOMINAL_PEAK: Final = 1000.0  # cd/m2, what most films are graded for; brighter light is white
# Share of white from which on light is compressed, so that highlights keep their drawing; what is
# darker, and with it nearly all print, keeps its colours as they are.
KNEE: Final = 0.8

# From linear RGB to that of BT.709, by BT.2087.
FROM_BT2020: Final = (
    (1.6605, -0.5876, -0.0728),
    (-0.1246, 1.1329, -0.0083),
    (-0.0182, -0.1006, 1.1187),
)
# The same by SMPTE EG 432-1; cinemas' P3 differs in its white alone, which the eye adapts to.
FROM_P3: Final = (
    (1.2249, -0.2247, 0.0),
    (-0.0420, 1.0419, 0.0),
    (-0.0197, -0.0786, 1.0979),
)


def colour_table(transfer: int, primaries: int, size: int) -> Colours | None:
    """Make the table of a kind of film; None if its colours are a standard screen's already.

    Args:
        transfer: how light is coded, a number of ITU-T H.273.
        primaries: which red, green and blue are meant, a number of ITU-T H.273.
        size: entries per axis.

    Returns:
        (size, size, size, 3) float64 by blue, green, red; the colours for BT.709 and BT.1886.
    """
    to_light = _to_light(transfer)
    to_bt709 = _to_bt709(primaries, is_wide=to_light is not None)
    if to_light is None and to_bt709 is None:
        return None
    steps = np.linspace(0.0, 1.0, size)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    colours = np.stack((red, green, blue), axis=-1)
    light = colours**SCREEN_GAMMA if to_light is None else compress(to_light(colours))
    if to_bt709 is not None:
        light = light @ np.array(to_bt709).T
    return np.asarray(np.clip(light, 0.0, 1.0) ** (1 / SCREEN_GAMMA))


def light_of_hlg(colours: Colours) -> Colours:
    """Hybrid log-gamma on a screen of `NOMINAL_PEAK`: BT.2100, inverse OETF and OOTF."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    scene = np.where(colours <= 0.5, colours**2 / 3, (np.exp((colours - c) / a) + b) / 12)
    luminance = scene @ np.array((0.2627, 0.6780, 0.0593))
    gain = np.power(luminance, 0.2, where=luminance > 0, out=np.zeros_like(luminance))
    return np.asarray(scene * gain[..., None] * NOMINAL_PEAK / REFERENCE_WHITE)


def light_of_pq(colours: Colours) -> Colours:
    """Perceptual quantisation: BT.2100's EOTF."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = colours ** (1 / m2)
    share = (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    return np.asarray(10_000 / REFERENCE_WHITE * share)


def compress(light: Colours) -> Colours:
    """Bring the light of highlights below white, by a Möbius curve of the brightest channel.

    All three channels are scaled alike, so that hues stay.
    """
    peak, brightest = NOMINAL_PEAK / REFERENCE_WHITE, light.max(axis=-1, keepdims=True)
    a = -(KNEE**2) * (peak - 1) / (KNEE**2 - 2 * KNEE + peak)
    b = (KNEE**2 - 2 * KNEE * peak + peak) / (peak - 1)
    scale = (b**2 + 2 * b * KNEE + KNEE**2) / (b - a)
    bright = np.maximum(brightest, KNEE)  # below it the factor is 1
    return np.asarray(light * scale * (bright + a) / (bright + b) / bright)


def _to_light(transfer: int) -> Callable[[Colours], Colours] | None:
    """The light of films of high dynamic range; None for those of a standard screen."""
    if transfer == ColorTrc.ARIB_STD_B67:
        return light_of_hlg
    return light_of_pq if transfer == ColorTrc.SMPTE2084 else None


def _to_bt709(primaries: int, *, is_wide: bool) -> tuple[tuple[float, ...], ...] | None:
    """The matrix for linear light; None where the primaries are near enough to BT.709's."""
    if primaries in (ColorPrimaries.SMPTE431, ColorPrimaries.SMPTE432):
        return FROM_P3
    is_undeclared = primaries == ColorPrimaries.UNSPECIFIED and is_wide
    return FROM_BT2020 if primaries == ColorPrimaries.BT2020 or is_undeclared else None
